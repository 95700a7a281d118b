/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bounded cursor: the only way modseal parses bytes.
 *
 * A cursor is a window on bytes that somebody else owns: base[0..end) may be read, pos is
 * where the next read happens, and pos <= end always. Every read checks by subtraction from
 * what is left, so that no sum of lengths can wrap; it either consumes exactly what it gave
 * out and returns 0, or consumes and writes nothing and returns -EBADMSG. A parser built
 * from these reads therefore cannot leave its buffer, whatever the bytes say. The place for
 * a result must lie outside the cursor itself and outside the bytes that it reads.
 *
 * The comments that begin with an at sign are contracts in ACSL. proofs/run proves, for
 * buffers of any size, that cursor.c keeps them.
 */
#ifndef MS_BASE_CURSOR_H
#define MS_BASE_CURSOR_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

struct ms_cursor {
	const uint8_t *base; /* borrowed; NULL only where end is 0 */
	size_t pos;          /* bytes from base to the next read */
	size_t end;          /* bytes from base to the end of the window */
};

/*@
  predicate ms_readable{L}(uint8_t *base, integer len) = \valid_read(base + (0 .. len - 1));

  predicate ms_cur_ok{L}(struct ms_cursor *c) =
    \valid(c) && c->pos <= c->end && ms_readable(c->base, c->end);

  logic integer ms_be16_at{L}(uint8_t *b, integer o) = 256 * b[o] + b[o + 1];
  logic integer ms_be32_at{L}(uint8_t *b, integer o) =
    65536 * ms_be16_at(b, o) + ms_be16_at(b, o + 2);
  logic integer ms_be64_at{L}(uint8_t *b, integer o) =
    4294967296 * ms_be32_at(b, o) + ms_be32_at(b, o + 4);
  logic integer ms_le16_at{L}(uint8_t *b, integer o) = b[o] + 256 * b[o + 1];
  logic integer ms_le32_at{L}(uint8_t *b, integer o) =
    ms_le16_at(b, o) + 65536 * ms_le16_at(b, o + 2);
  logic integer ms_le64_at{L}(uint8_t *b, integer o) =
    ms_le32_at(b, o) + 4294967296 * ms_le32_at(b, o + 4);
*/

/**
 * A cursor at the start of a buffer.
 * @base: the bytes, borrowed for as long as the cursor and what it gave out is used; may be
 * 	NULL where @len is 0
 * @len: their number
 */
/*@
  requires ms_readable((uint8_t *)base, len);
  assigns \nothing;
  ensures \result.base == (uint8_t *)base && \result.pos == 0 && \result.end == len;
*/
struct ms_cursor ms_cur_of(const void *base, size_t len);

/**
 * How many bytes can still be read.
 */
/*@
  requires ms_cur_ok(c);
  assigns \nothing;
  ensures \result == c->end - c->pos;
*/
size_t ms_cur_left(const struct ms_cursor *c);

/**
 * Pass over the next @n bytes.
 *
 * Returns 0, or -EBADMSG where fewer than @n are left; the cursor has not moved then.
 */
/*@
  requires ms_cur_ok(c);
  assigns c->pos;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes n <= c->end - c->pos;
    ensures \result == 0 && c->pos == \old(c->pos) + n;
  behavior short_of:
    assumes n > c->end - c->pos;
    ensures \result == -EBADMSG && c->pos == \old(c->pos);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_skip(struct ms_cursor *c, size_t n);

/**
 * Go to a place counted from the start of the window, not from the cursor.
 * @pos: 0 to the window's length, which is the place behind the last byte
 *
 * Returns 0, or -EBADMSG where @pos lies behind the window; the cursor has not moved then.
 */
/*@
  requires ms_cur_ok(c);
  assigns c->pos;
  ensures ms_cur_ok(c);
  behavior inside:
    assumes pos <= c->end;
    ensures \result == 0 && c->pos == pos;
  behavior outside:
    assumes pos > c->end;
    ensures \result == -EBADMSG && c->pos == \old(c->pos);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_seek(struct ms_cursor *c, size_t pos);

/**
 * Read one byte.
 * @ret: written only on success
 *
 * Returns 0, or -EBADMSG where nothing is left; nothing is consumed then.
 */
/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes c->end - c->pos >= 1;
    ensures \result == 0 && c->pos == \old(c->pos) + 1;
    ensures *ret == c->base[\old(c->pos)];
  behavior short_of:
    assumes c->end - c->pos < 1;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_u8(struct ms_cursor *c, uint8_t *ret);

/**
 * Read a number, the most significant byte first.
 * @ret: written only on success
 *
 * Returns 0, or -EBADMSG where too few bytes are left; nothing is consumed then.
 */
/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes c->end - c->pos >= 2;
    ensures \result == 0 && c->pos == \old(c->pos) + 2;
    ensures *ret == ms_be16_at(c->base, \old(c->pos));
  behavior short_of:
    assumes c->end - c->pos < 2;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_be16(struct ms_cursor *c, uint16_t *ret);

/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes c->end - c->pos >= 4;
    ensures \result == 0 && c->pos == \old(c->pos) + 4;
    ensures *ret == ms_be32_at(c->base, \old(c->pos));
  behavior short_of:
    assumes c->end - c->pos < 4;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_be32(struct ms_cursor *c, uint32_t *ret);

/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes c->end - c->pos >= 8;
    ensures \result == 0 && c->pos == \old(c->pos) + 8;
    ensures *ret == ms_be64_at(c->base, \old(c->pos));
  behavior short_of:
    assumes c->end - c->pos < 8;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_be64(struct ms_cursor *c, uint64_t *ret);

/**
 * Read a number, the least significant byte first.
 * @ret: written only on success
 *
 * Returns 0, or -EBADMSG where too few bytes are left; nothing is consumed then.
 */
/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes c->end - c->pos >= 2;
    ensures \result == 0 && c->pos == \old(c->pos) + 2;
    ensures *ret == ms_le16_at(c->base, \old(c->pos));
  behavior short_of:
    assumes c->end - c->pos < 2;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_le16(struct ms_cursor *c, uint16_t *ret);

/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes c->end - c->pos >= 4;
    ensures \result == 0 && c->pos == \old(c->pos) + 4;
    ensures *ret == ms_le32_at(c->base, \old(c->pos));
  behavior short_of:
    assumes c->end - c->pos < 4;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_le32(struct ms_cursor *c, uint32_t *ret);

/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes c->end - c->pos >= 8;
    ensures \result == 0 && c->pos == \old(c->pos) + 8;
    ensures *ret == ms_le64_at(c->base, \old(c->pos));
  behavior short_of:
    assumes c->end - c->pos < 8;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_le64(struct ms_cursor *c, uint64_t *ret);

/**
 * The next @n bytes, where they stand.
 * @n: 0 is allowed, and gives a pointer that must not be read
 * @ret: written only on success; borrowed from the cursor's buffer
 *
 * Returns 0, or -EBADMSG where fewer than @n are left; nothing is consumed then.
 */
/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes n <= c->end - c->pos;
    ensures \result == 0 && c->pos == \old(c->pos) + n;
    ensures *ret == c->base + \old(c->pos) && ms_readable(*ret, n);
  behavior short_of:
    assumes n > c->end - c->pos;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_bytes(struct ms_cursor *c, size_t n, const uint8_t **ret);

/**
 * The next @n bytes as a cursor of their own, which cannot read beyond them.
 * @ret: written only on success; its positions count from its own start
 *
 * Returns 0, or -EBADMSG where fewer than @n are left; nothing is consumed then.
 */
/*@
  requires ms_cur_ok(c) && \valid(ret) && \separated(c, ret, c->base + (0 .. c->end - 1));
  assigns c->pos, *ret;
  ensures ms_cur_ok(c);
  behavior enough:
    assumes n <= c->end - c->pos;
    ensures \result == 0 && c->pos == \old(c->pos) + n;
    ensures ms_cur_ok(ret);
    ensures ret->base == c->base + \old(c->pos) && ret->pos == 0 && ret->end == n;
  behavior short_of:
    assumes n > c->end - c->pos;
    ensures \result == -EBADMSG && c->pos == \old(c->pos) && *ret == \old(*ret);
  complete behaviors;
  disjoint behaviors;
*/
int ms_cur_sub(struct ms_cursor *c, size_t n, struct ms_cursor *ret);

#endif
