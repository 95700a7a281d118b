/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TEST_HELP_H
#define MS_TREE_TEST_HELP_H

/* A directory of its own for each test, and made-up modules to put there. */

#include "../../tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <modseal/tree.h>

#include "../base/buffer.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "transaction/journal.h"

extern struct ms_ctx *help_ctx;
extern char help_log[4096]; /* warnings since the test began, one a line */

extern const char *help_base; /* where the directories are made: /tmp */

/** Setup and teardown of a test: the working directory is new and empty. */
int help_enter(void **state);
int help_leave(void **state);

/** Writes a file, making its directories. */
void help_write(const char *path, const void *data, size_t len);
void help_write_text(const char *path, const char *text);

/** The bytes of module number @n: a payload, and with @trailers trailers behind it. */
void help_module(struct ms_buf *ret, unsigned n, size_t size, unsigned trailers);
void help_write_module(const char *path, unsigned n, size_t size, unsigned trailers);

/** Is the file that module with so many trailers, to the byte? */
bool help_is_module(const char *path, unsigned n, size_t size, unsigned trailers);

/** The number of files and directories below @path whose name begins with ".modseal". */
int help_strays(const char *path);
int help_count(const char *path, bool (*counts)(const char *name));

/** Opens a tree for writing without syncs, and strips it of all trailers. */
int help_open(const char *const *paths, size_t n, struct ms_tree_options options,
	      struct ms_tree **ret);
int help_strip(const char *path, struct ms_tree_options options);

/** The item with that path, which must be there. */
const struct ms_item *help_item(const struct ms_tree *tree, const char *path);

void help_assert_outcome(const struct ms_tree *tree, const char *path,
			 enum ms_outcome outcome);
struct stat help_stat(const char *path);

/** The directory @path, as a journal notes the one that it is in. Its path is @path. */
struct ms_journal_root help_home(const char *path);

void help_remove_all(const char *path);

MS_DEFINE_CLEANUP(help_tree_cleanup, struct ms_tree *, ms_tree_free)

#endif
