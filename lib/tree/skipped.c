/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the walk leaves out, and a person or depmod would take for modules.
 *
 * The walk follows no links: whoever may write to a tree could else lead it anywhere. But
 * depmod does, and so modprobe loads what a link leads to. A tree of which every regular
 * file is trusted is good for nothing as long as modules.dep lists more than those; so
 * what was left out is told, and whether depmod would have found a module there.
 *
 * Told of are: links that bear a module's name, wherever they lead; links to directories;
 * and what bears a module's name and is neither file nor directory.
 */

#include "skipped.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "depmod.h"

/* Warnings of one run; the rest is only counted. */
enum { MOST_TOLD = 8 };

const char *ms_skip_name(enum ms_skip skip)
{
	switch (skip) {
	case MS_SKIP_FILE_LINK:
		return "a link to a file";
	case MS_SKIP_DIRECTORY_LINK:
		return "a link to a directory";
	case MS_SKIP_DANGLING_LINK:
		return "a link that leads nowhere";
	case MS_SKIP_UNKNOWN_LINK:
		return "a link of which nobody can tell where it leads";
	case MS_SKIP_SPECIAL:
		return "neither a file nor a directory";
	case MS_SKIP_UNDECIDED:
		break;
	}
	return "a link";
}

bool ms_skipped_matters(unsigned char type, const char *name)
{
	return type == DT_LNK ||
	       (type != DT_REG && type != DT_DIR && ms_depmod_takes(name));
}

/* Where the entry leads. false: nothing that anybody would take for modules. */
static bool find_kind(int fd, const char *name, enum ms_skip *ret)
{
	bool module = ms_depmod_takes(name);
	struct stat st;

	if (fstatat(fd, name, &st, 0) < 0) {
		bool nowhere = errno == ENOENT || errno == ELOOP || errno == ENOTDIR ||
			       errno == ENAMETOOLONG;

		*ret = nowhere ? MS_SKIP_DANGLING_LINK : MS_SKIP_UNKNOWN_LINK;
		return module || !nowhere;
	}
	if (S_ISDIR(st.st_mode)) {
		*ret = MS_SKIP_DIRECTORY_LINK;
		return true;
	}
	*ret = S_ISREG(st.st_mode) ? MS_SKIP_FILE_LINK : MS_SKIP_SPECIAL;
	return module;
}

static int would_depmod(struct ms_ctx *ctx, struct ms_tree *tree, int fd,
			const char *name, enum ms_skip kind, bool *ret)
{
	*ret = kind == MS_SKIP_FILE_LINK || kind == MS_SKIP_UNKNOWN_LINK;
	if (ms_depmod_excludes(name)) {
		*ret = false;
		return 0;
	}
	if (kind != MS_SKIP_DIRECTORY_LINK)
		return 0;
	return ms_depmod_finds(ctx, &tree->depmod, fd, name, ret);
}

static int add(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_skipped *skipped)
{
	struct ms_skipped *grown;
	size_t n = tree->n_skipped;

	if (!(n & (n - 1))) { /* the array has the size of the next power of two */
		grown = reallocarray(tree->skipped, n ? n * 2 : 1, sizeof(*grown));
		if (!grown)
			return ms_fail_nomem(ctx);
		tree->skipped = grown;
	}
	tree->skipped[tree->n_skipped++] = *skipped;
	return 0;
}

int ms_skipped_note(struct ms_ctx *ctx, struct ms_tree *tree, int fd, const char *shown,
		    const char *name)
{
	struct ms_skipped skipped = { 0 };
	int r;

	if (!find_kind(fd, name, &skipped.skip))
		return 0;
	r = would_depmod(ctx, tree, fd, name, skipped.skip, &skipped.depmod);
	if (r < 0)
		return r;
	skipped.path = ms_path_join(shown, name);
	if (!skipped.path)
		return ms_fail_nomem(ctx);
	r = add(ctx, tree, &skipped);
	if (r < 0)
		free(skipped.path);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct ms_skipped *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void ms_skipped_sort(struct ms_tree *tree)
{
	size_t kept = 0;

	if (!tree->n_skipped)
		return;
	qsort(tree->skipped, tree->n_skipped, sizeof(*tree->skipped), compare);
	for (size_t i = 0; i < tree->n_skipped; i++) {
		if (kept && !compare(&tree->skipped[kept - 1], &tree->skipped[i]))
			free(tree->skipped[i].path);
		else
			tree->skipped[kept++] = tree->skipped[i];
	}
	tree->n_skipped = kept;
}

void ms_skipped_warn(struct ms_ctx *ctx, const struct ms_tree *tree)
{
	size_t told = 0, more = 0;

	for (size_t i = 0; i < tree->n_skipped; i++) {
		const struct ms_skipped *s = &tree->skipped[i];
		const char *name = ms_skip_name(s->skip);

		if (!s->depmod && s->skip == MS_SKIP_DIRECTORY_LINK)
			ms_info(ctx, "'%s' is left out: it is %s", s->path, name);
		else if (told++ >= MOST_TOLD)
			more++;
		else
			ms_warn(ctx, "'%s' is left out: it is %s%s", s->path, name,
				s->depmod ? ", which depmod would follow" : "");
	}
	if (more)
		ms_warn(ctx, "%zu more links and special files are left out", more);
}

void ms_skipped_forget(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_skipped; i++)
		free(tree->skipped[i].path);
	free(tree->skipped);
	tree->skipped = NULL;
	tree->n_skipped = 0;
	ms_depmod_done(&tree->depmod);
}

const struct ms_skipped *ms_tree_skipped(const struct ms_tree *tree, size_t i)
{
	return i < tree->n_skipped ? &tree->skipped[i] : NULL;
}
