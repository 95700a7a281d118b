/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_LISTING_H
#define MS_BASE_LISTING_H

/* The entries of a directory, as scandir() gives them. */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/** A zeroed struct is an empty listing; a negative n, scandir()'s failure, is one too. */
struct ms_listing {
	struct dirent **list;
	int n;
};

/** For scandir(): by the names' bytes, whatever the locale. */
static inline int ms_listing_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static inline void ms_listing_done(struct ms_listing *listing)
{
	for (int i = 0; i < listing->n; i++)
		free(listing->list[i]);
	free(listing->list);
}

#endif
