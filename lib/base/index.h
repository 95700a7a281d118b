/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_INDEX_H
#define MS_BASE_INDEX_H

/*
 * Runs of bytes that lead to numbers. Finding and adding take as many comparisons as the
 * logarithm of what is in it, whatever the keys are: they come from files, and who wrote
 * those must not choose how long it takes. A zeroed struct is an empty index.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_index {
	void *root;
};

/**
 * Lets a copy of @key lead to @value, unless it leads somewhere already, which stays.
 * 0 or -ENOMEM.
 */
int ms_index_add(struct ms_index *index, const uint8_t *key, size_t len, size_t value);

/** Where @key leads to. False, and nothing written: nowhere. */
bool ms_index_find(const struct ms_index *index, const uint8_t *key, size_t len,
		   size_t *ret);

/** Frees what is in it; it is empty then. */
void ms_index_done(struct ms_index *index);

#endif
