/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The walk: which files a run is about.
 *
 * A PATH is a file or a directory. Under a directory every regular file counts that has a
 * module's name; symbolic links are not followed but told of (skipped.c), each directory
 * is opened from its parent's descriptor. A directory that cannot be read is an error of
 * the run: a tree of which a part was silently left out would be reported as good.
 *
 * A name that is reached twice (PATHs that overlap, or spell one directory in two ways)
 * is one entry, told by the device and inode of its directory and its name there, and
 * belongs to the PATH given first. Entries are sorted by the bytes of their path.
 */

#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../files/beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "descend.h"
#include "transaction/journal.h"
#include "skipped.h"

struct walk {
	struct ms_ctx *ctx;
	struct ms_tree *tree;
	const struct ms_start *start;
	size_t start_index;
	struct ms_foreign *foreign;
	size_t rel;	 /* where relative paths begin in the paths of this start */
	size_t capacity; /* of tree->entries */
	size_t visit;	 /* number of the directory at hand, and its index */
	size_t dir;
};

static void strings_done(char **strings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(strings[i]);
	free(strings);
}

void ms_foreign_done(struct ms_foreign *foreign)
{
	strings_done(foreign->dirs, foreign->n);
	*foreign = (struct ms_foreign){ 0 };
}

static int string_add(char ***list, size_t *n, const char *text)
{
	char **grown;

	if (*n < 8 || !(*n & (*n - 1))) {
		grown = reallocarray(*list, *n < 8 ? 8 : *n * 2, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		*list = grown;
	}
	(*list)[*n] = strdup(text);
	if (!(*list)[*n])
		return -ENOMEM;
	(*n)++;
	return 0;
}

static bool is_module_name(const char *name)
{
	return ms_ends_with(name, ".ko") || ms_ends_with(name, ".ko.gz") ||
	       ms_ends_with(name, ".ko.xz") || ms_ends_with(name, ".ko.zst");
}

static struct ms_entry *entry_new(struct walk *walk)
{
	struct ms_tree *tree = walk->tree;

	if (tree->n_entries == walk->capacity) {
		size_t capacity = walk->capacity ? walk->capacity * 2 : 64;
		struct ms_entry *grown =
			reallocarray(tree->entries, capacity, sizeof(*grown));

		if (!grown)
			return NULL;
		tree->entries = grown;
		walk->capacity = capacity;
	}
	return &tree->entries[tree->n_entries];
}

/*
 * Adds the file @name of directory @dir, open as @fd; @path is taken over, and relative
 * from @rel on. A file that vanished since it was listed stays in the list: reading it
 * will say so.
 */
static int add_entry(struct walk *walk, size_t dir, int fd, const char *name, char *path,
		     size_t rel)
{
	_cleanup_free_ char *owned = path;
	_cleanup_free_ char *copy = strdup(name);
	struct ms_entry *entry = entry_new(walk);
	struct stat st = { 0 };

	if (!entry || !owned || !copy)
		return ms_fail_nomem(walk->ctx);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
		return ms_fail_errno(walk->ctx, -errno, "cannot stat '%s'", path);
	*entry = (struct ms_entry){
		.start = walk->start_index,
		.dir = dir,
		.device = st.st_dev,
		.inode = st.st_ino,
		.links = st.st_nlink,
		.item.size = (uint64_t)st.st_size,
	};
	entry->name = ms_steal(&copy);
	entry->path = ms_steal(&owned);
	entry->item.path = entry->path;
	entry->item.relpath = entry->path + rel;
	walk->tree->n_entries++;
	return 0;
}

/* Adds a PATH that led to nothing, so that it is reported beside the others. */
static int add_dead_end(struct walk *walk, const char *shown, int error,
			const char *message)
{
	_cleanup_free_ char *path = strdup(shown);
	_cleanup_free_ char *text = strdup(message);
	struct ms_entry *entry = entry_new(walk);

	if (!path || !text || !entry)
		return ms_fail_nomem(walk->ctx);
	*entry = (struct ms_entry){ .start = walk->start_index };
	entry->path = ms_steal(&path);
	entry->item.path = entry->path;
	entry->item.relpath = entry->path;
	entry->item.error = error;
	entry->item.message = ms_steal(&text);
	walk->tree->n_entries++;
	return 0;
}

/* Is directory @fd a root of this run, whose journal is its own? */
static bool is_own_root(const struct ms_tree *tree, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	for (size_t i = 0; i < tree->n_roots; i++)
		if (tree->roots[i].lock >= 0 && tree->roots[i].device == st.st_dev &&
		    tree->roots[i].inode == st.st_ino)
			return true;
	return false;
}

static int note_journal(struct walk *walk, int fd, const char *rel)
{
	_cleanup_free_ char *real =
		ms_path_join(walk->tree->roots[walk->start->root].real, rel);

	if (!real)
		return ms_fail_nomem(walk->ctx);
	if (is_own_root(walk->tree, fd))
		return 0;
	if (string_add(&walk->foreign->dirs, &walk->foreign->n, real) < 0)
		return ms_fail_nomem(walk->ctx);
	return 0;
}

/* Adds the directory of @visit, once. @rel: its path from the root. */
static int add_directory(struct walk *walk, const struct ms_visit *visit, const char *rel)
{
	int keep;

	if (walk->visit == visit->number)
		return 0;
	keep = fcntl(visit->fd, F_DUPFD_CLOEXEC, 0);
	if (keep < 0)
		return ms_fail_errno(walk->ctx, -errno, "cannot open '%s'", rel);
	walk->visit = visit->number;
	return ms_directory_add(walk->ctx, walk->tree, walk->start->root, rel, keep,
				&walk->dir);
}

/* Notes what is no module, where somebody might take it for one. */
static int skip(struct walk *walk, const struct ms_visit *visit, const char *name,
		unsigned char type)
{
	_cleanup_free_ char *shown = NULL;
	int r;

	if (!ms_skipped_matters(type, name))
		return 0;
	shown = ms_path_join(walk->start->shown, visit->path);
	if (!shown)
		return ms_fail_nomem(walk->ctx);
	r = ms_tree_allow_path(walk->ctx, walk->tree, strlen(shown) + 1 + strlen(name),
			       walk->start->shown);
	return r < 0 ? r : ms_skipped_note(walk->ctx, walk->tree, visit->fd, shown, name);
}

static int see_name(struct ms_ctx *ctx, const struct ms_visit *visit, const char *name,
		    unsigned char type, void *userdata)
{
	struct walk *walk = userdata;
	bool is_journal = !strcmp(name, MS_JOURNAL_NAME);
	_cleanup_free_ char *rel = NULL, *shown = NULL;
	int r;

	if (!is_journal && walk->tree->only_journals)
		return 0;
	if (!is_journal && (type != DT_REG || !is_module_name(name)))
		return skip(walk, visit, name, type);
	rel = ms_path_join(walk->start->prefix, visit->path);
	shown = ms_path_join(walk->start->shown, visit->path);
	if (!rel || !shown)
		return ms_fail_nomem(ctx);
	if (is_journal)
		return note_journal(walk, visit->fd, rel);
	r = ms_tree_allow_path(ctx, walk->tree, strlen(shown) + 1 + strlen(name),
			       walk->start->shown);
	if (r == 0)
		r = add_directory(walk, visit, rel);
	return r < 0 ? r
		     : add_entry(walk, walk->dir, visit->fd, name,
				 ms_path_join(shown, name), walk->rel);
}

/* Opens the directory of the start at hand. */
static int open_start(struct walk *walk, int *ret)
{
	const struct ms_start *start = walk->start;
	_cleanup_(ms_directory_close) struct ms_dirfd root = MS_DIRFD_INIT;
	const char *shown = start->is_file ? start->real : start->shown;
	int r = ms_root_open(walk->ctx, &walk->tree->roots[start->root], &root);

	if (r < 0)
		return r;
	*ret = ms_open_beneath(root.fd, start->prefix, O_RDONLY);
	if (*ret < 0)
		return ms_fail_errno(walk->ctx, *ret, "cannot open directory '%s'", shown);
	return 0;
}

static int walk_directory(struct walk *walk)
{
	const struct ms_start *start = walk->start;
	_cleanup_fd_ int fd = -1;
	int r = open_start(walk, &fd);

	walk->rel = strlen(start->shown) + (ms_ends_with(start->shown, "/") ? 0 : 1);
	walk->visit = SIZE_MAX;
	return r < 0 ? r : ms_descend(walk->ctx, fd, start->shown, see_name, walk);
}

static int walk_file(struct walk *walk)
{
	const struct ms_start *start = walk->start;
	const char *slash = strrchr(start->shown, '/');
	struct ms_dirfd d = MS_DIRFD_INIT;
	int fd, r = open_start(walk, &fd);
	size_t dir;

	if (r < 0)
		return r;
	r = ms_directory_add(walk->ctx, walk->tree, start->root, start->prefix, fd, &dir);
	if (r == 0)
		r = ms_directory_open(walk->ctx, walk->tree, dir, &d);
	if (r == 0)
		r = add_entry(walk, dir, d.fd, start->name, strdup(start->shown),
			      slash ? (size_t)(slash + 1 - start->shown) : 0);
	ms_directory_close(&d);
	return r;
}

static int walk_start(struct walk *walk)
{
	const struct ms_start *start = walk->start;
	size_t before = walk->tree->n_entries;
	int r;

	if (start->is_file)
		return walk_file(walk);
	r = walk_directory(walk);
	if (r < 0 || walk->tree->n_entries > before || walk->tree->options.may_be_empty)
		return r;
	ms_fail(walk->ctx, -ENODATA, "no module in directory '%s'", start->shown);
	return add_dead_end(walk, start->shown, -ENODATA, ms_ctx_message(walk->ctx));
}

/* Orders entries so that those of one name stand together, the first PATH's first. */
static int compare_names(const void *a, const void *b, void *userdata)
{
	const struct ms_entry *x = a, *y = b;
	const struct ms_tree *tree = userdata;
	const struct ms_directory *p, *q;

	if (!x->name || !y->name) /* dead ends, behind all others */
		return x->name ? -1 : y->name ? 1 : strcmp(x->path, y->path);
	p = &tree->dirs[x->dir];
	q = &tree->dirs[y->dir];
	if (p->device != q->device)
		return p->device < q->device ? -1 : 1;
	if (p->inode != q->inode)
		return p->inode < q->inode ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int compare_names_stably(const void *a, const void *b, void *userdata)
{
	const struct ms_entry *x = a, *y = b;
	int order = compare_names(a, b, userdata);

	if (order)
		return order;
	return x->start < y->start ? -1 : x->start > y->start;
}

static int compare_paths(const void *a, const void *b)
{
	const struct ms_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void drop_doubles(struct ms_tree *tree)
{
	size_t kept = 0;

	if (!tree->n_entries)
		return; /* there is no array then */
	qsort_r(tree->entries, tree->n_entries, sizeof(*tree->entries),
		compare_names_stably, tree);
	for (size_t i = 0; i < tree->n_entries; i++) {
		struct ms_entry *entry = &tree->entries[i];

		if (kept && !compare_names(&tree->entries[kept - 1], entry, tree)) {
			free(entry->path);
			free(entry->name);
			free(entry->item.message);
			continue;
		}
		tree->entries[kept++] = *entry;
	}
	tree->n_entries = kept;
	qsort(tree->entries, kept, sizeof(*tree->entries), compare_paths);
}

static int compare_inodes(const void *a, const void *b, void *userdata)
{
	const struct ms_entry *entries = userdata;
	const size_t i = *(const size_t *)a, j = *(const size_t *)b;

	if (entries[i].device != entries[j].device)
		return entries[i].device < entries[j].device ? -1 : 1;
	if (entries[i].inode != entries[j].inode)
		return entries[i].inode < entries[j].inode ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* Links the names of each inode into a chain behind the first of them. */
static int group_links(struct ms_ctx *ctx, struct ms_tree *tree)
{
	struct ms_entry *e = tree->entries;
	_cleanup_free_ size_t *order = calloc(tree->n_entries + 1, sizeof(*order));
	size_t n = 0;

	if (!order)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < tree->n_entries; i++) {
		e[i].leader = i;
		e[i].next_name = SIZE_MAX;
		e[i].names = 1;
		if (e[i].links > 1)
			order[n++] = i;
	}
	qsort_r(order, n, sizeof(*order), compare_inodes, e);
	for (size_t k = 1; k < n; k++) {
		struct ms_entry *last = &e[order[k - 1]], *entry = &e[order[k]];

		if (last->device != entry->device || last->inode != entry->inode)
			continue;
		entry->leader = last->leader;
		last->next_name = order[k];
		e[entry->leader].names++;
	}
	return 0;
}

/* The error of the first PATH that led to nothing, where none led to a module. */
static int check_not_empty(struct ms_ctx *ctx, const struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].name)
			return 0;
	/* without PATHs there is nothing to be glad about */
	return ms_fail(ctx, -ENODATA, "%s",
		       tree->n_entries ? tree->entries[0].item.message :
					 "no module given");
}

int ms_walk(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_starts *starts,
	    struct ms_foreign *foreign)
{
	struct walk walk = { .ctx = ctx, .tree = tree, .foreign = foreign };
	int r = 0;

	for (size_t i = 0; i < starts->n && r == 0; i++) {
		walk.start = &starts->list[i];
		walk.start_index = i;
		r = walk_start(&walk);
	}
	if (r == 0 && !(tree->options.may_be_empty && starts->n))
		r = check_not_empty(ctx, tree);
	for (size_t i = 0; i < starts->n_dead_ends && r == 0; i++) {
		const struct ms_dead_end *end = &starts->dead_ends[i];

		r = add_dead_end(&walk, end->shown, end->error, end->message);
	}
	if (r < 0)
		return r;
	drop_doubles(tree);
	ms_skipped_sort(tree);
	for (size_t i = 0; i < tree->n_entries; i++) {
		tree->entries[i].target_dir = tree->entries[i].dir;
		tree->entries[i].target_name = tree->entries[i].name;
	}
	return group_links(ctx, tree);
}
