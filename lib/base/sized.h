/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_SIZED_H
#define MS_BASE_SIZED_H

/*
 * Structs that callers allocate begin with their size, `size_t size`, as the caller's
 * compiler knew it. So members can be added at the end:
 *
 * - an older program knows fewer members than the library; those are zero, which is
 *   the default;
 * - a newer program may know more; where they are zero nothing is lost, else the
 *   library would ignore what it was asked for, and refuses.
 *
 * A member that is added never lies in what was padding before: older programs leave
 * anything in that. The rule is that of copy_struct_from_user() in Linux (include/linux/uaccess.h).
 */

#include <stddef.h>

#include <modseal/base.h>

/**
 * Copies the caller's struct @from into @to, the library's own of @known bytes, and zeroes
 * what @from does not have. @to's size is @known then. @from NULL: all members are zero.
 *
 * Errors, with a message: -EINVAL @from's size is less than that of its first member,
 * most likely 0 and forgotten; -E2BIG it has members that are set and not known here.
 */
int ms_sized_in(struct ms_ctx *ctx, void *to, size_t known, const void *from);

/**
 * As ms_sized_in() of the @i-th struct of an array, whose elements all have the size that
 * the first one says: the caller's, by which they lie one behind the other.
 */
int ms_sized_at(struct ms_ctx *ctx, void *to, size_t known, const void *array, size_t i);

/**
 * Gives the caller's struct @to what it has room for of @from, the library's own of @known
 * bytes; members of @to that are not known here become zero. @to keeps its size. For
 * results, before which the caller has set the size. Errors: -EINVAL as above.
 */
int ms_sized_out(struct ms_ctx *ctx, void *to, const void *from, size_t known);

#endif
