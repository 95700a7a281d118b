/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_MARK_H
#define MS_TREE_MARK_H

/* What tells a directory from all others, as a journal can note it. */

#include <stdbool.h>

#include "journal.h"

/**
 * Fills in all of @root but its path, for the directory open as @fd. What the file system
 * does not tell stays 0, which is no mark.
 */
void ms_mark(int fd, struct ms_journal_root *root);

/**
 * Is @fd certainly the directory that was noted as @root, as far as anybody but the
 * journal in it can tell? Never where no mark was noted: inode numbers alone say little,
 * since every root directory of a kind of file system has the same.
 */
bool ms_mark_fits(int fd, const struct ms_journal_root *root);

#endif
