/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Several roots, one decision: journal.h has the rules. The lead is the first root that
 * is locked. Its decision is written when all others are ready and on disk, and it is the
 * last to be emptied: so whoever finds a member that is ready, and a lead that does not
 * know of it, knows that nothing was decided, or that all was done. A root in which there
 * is nothing to do is ready like the others, so that there is no third kind of journal.
 *
 * A run on one root has a journal without other roots, whose commit line decides alone.
 */

#include "journals.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../../files/beneath.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "journal.h"
#include "transaction.h"

/* Replaces what the journal of @root says. */
static int write_journal(struct ms_ctx *ctx, const struct ms_root *root,
			 const struct ms_buf *text, bool sync)
{
	size_t done = 0;

	if (text->len > MS_JOURNAL_MAX_SIZE) /* it could not be recovered from */
		return ms_fail(ctx, -EFBIG,
			       "the journal in '%s' would become larger than %u MiB: "
			       "too many modules, or too long paths, for one run",
			       root->real, MS_JOURNAL_MAX_SIZE >> 20);
	while (done < text->len) {
		ssize_t n = pwrite(root->lock, text->data + done, text->len - done,
				   (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ms_fail_errno(ctx, -errno,
					     "cannot write the journal in '%s'",
					     root->real);
		done += (size_t)n;
	}
	if (ftruncate(root->lock, (off_t)text->len) < 0 ||
	    (sync && fsync(root->lock) < 0))
		return ms_fail_errno(ctx, -errno, "cannot write the journal in '%s'",
				     root->real);
	return 0;
}

static size_t lead_of(const struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_roots; i++)
		if (tree->roots[i].lock >= 0)
			return i;
	return SIZE_MAX;
}

static struct ms_journal_root name_of(const struct ms_root *root)
{
	return (struct ms_journal_root){
		.mark = ms_mark_of(root->dir),
		.path = root->real,
	};
}

static int add_members(const struct ms_tree *tree, struct ms_buf *text, size_t lead)
{
	int r = 0;

	for (size_t i = lead + 1; i < tree->n_roots && r == 0; i++) {
		struct ms_journal_root member = name_of(&tree->roots[i]);

		if (tree->roots[i].lock >= 0)
			r = ms_journal_member(text, &member);
	}
	return r;
}

static int add_made(const struct ms_tree *tree, struct ms_buf *text)
{
	int r = 0;

	for (size_t i = 0; i < tree->n_made_paths && r == 0; i++)
		r = ms_journal_made_root(text, &tree->made_paths[i]);
	for (size_t i = 0; i < tree->n_made && r == 0; i++)
		r = ms_journal_made(text, &tree->made[i].as);
	return r;
}

/* Is directory @i the first one, of those beside it, on another mount than its root? */
static bool is_crossing(const struct ms_tree *tree, size_t i)
{
	const struct ms_directory *dir = &tree->dirs[i];
	const struct ms_root *root = &tree->roots[dir->root];

	return (dir->device != root->device || dir->mount != root->mount) &&
	       (i == 0 || dir[-1].root != dir->root || dir[-1].device != dir->device ||
		dir[-1].mount != dir->mount);
}

/* Cuts @path, which leads to @dir, down to where its mount begins. *@ret: of that. */
static int find_mount(const struct ms_root *root, const struct ms_directory *dir,
		      char *path, struct ms_mark *ret)
{
	char *slash = path;

	do {
		_cleanup_fd_ int fd = -1;
		struct stat st;

		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		fd = ms_open_beneath(root->dir, path, O_PATH);
		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (st.st_dev == dir->device && ms_mark_mount(fd) == dir->mount) {
			*ret = ms_mark_of(fd);
			return 0;
		}
		if (slash)
			*slash = '/';
	} while (slash);
	return -ESTALE;
}

static int add_below(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		     struct ms_buf *text)
{
	const struct ms_root *root = &tree->roots[tree->dirs[i].root];
	_cleanup_free_ char *path = ms_directory_path(tree, i);
	struct ms_journal_root below = { .path = path };
	int r = path ? find_mount(root, &tree->dirs[i], path, &below.mark) : -ENOMEM;

	if (r == 0)
		r = ms_journal_below(text, &below);
	if (r == -ENOMEM)
		return ms_fail_nomem(ctx);
	return r < 0 ? ms_fail_errno(ctx, r, "cannot open directory '%s/%s'", root->real,
				     path)
		     : 0;
}

/* The mounts below root @root that its files are on, too. */
static int add_all_below(struct ms_ctx *ctx, const struct ms_tree *tree, size_t root,
			 struct ms_buf *text)
{
	int r = 0;

	for (size_t i = 0; i < tree->n_dirs && r == 0; i++)
		if (tree->dirs[i].root == root && is_crossing(tree, i))
			r = add_below(ctx, tree, i, text);
	return r;
}

/* The lines before the files, of root @i. */
static int add_preamble(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
			struct ms_buf *text)
{
	size_t lead = lead_of(tree);
	struct ms_journal_root root = name_of(&tree->roots[i]);
	struct ms_journal_root first = name_of(&tree->roots[lead]);
	int r = ms_journal_begin(text, tree->txid, &root), below;

	if (r == 0)
		r = i == lead ? add_members(tree, text, lead) :
				ms_journal_lead(text, &first);
	below = r == 0 ? add_all_below(ctx, tree, i, text) : 0;
	if (below < 0)
		return below;
	if (r == 0 && tree->roots[i].is_output)
		r = add_made(tree, text);
	if (r == 0 && tree->options.keep_going)
		r = ms_journal_keep_going(text);
	return r < 0 ? ms_fail_nomem(ctx) : 0;
}

static int begin_one(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i, bool sync)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	int r = add_preamble(ctx, tree, i, &text);

	return r < 0 ? r : write_journal(ctx, &tree->roots[i], &text, sync);
}

static int begin_all(struct ms_ctx *ctx, const struct ms_tree *tree, bool sync)
{
	int r = 0;

	for (size_t i = 0; i < tree->n_roots && r == 0; i++)
		if (tree->roots[i].lock >= 0)
			r = begin_one(ctx, tree, i, sync);
	return r;
}

static int new_txid(struct ms_ctx *ctx, struct ms_tree *tree)
{
	uint64_t tag;

	if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
		return ms_fail_errno(ctx, -errno, "cannot get random bytes");
	snprintf(tree->txid, sizeof(tree->txid), "%016" PRIx64, tag);
	return 0;
}

int ms_journals_claim(struct ms_ctx *ctx, struct ms_tree *tree)
{
	int r = new_txid(ctx, tree);

	return r < 0 ? r : begin_one(ctx, tree, lead_of(tree), false);
}

int ms_journals_begin(struct ms_ctx *ctx, struct ms_tree *tree)
{
	int r = new_txid(ctx, tree);

	return r < 0 ? r : begin_all(ctx, tree, false);
}

int ms_journals_note(struct ms_ctx *ctx, const struct ms_tree *tree)
{
	return begin_all(ctx, tree, false);
}

int ms_journals_withdraw(struct ms_ctx *ctx, const struct ms_tree *tree)
{
	return begin_all(ctx, tree, !tree->options.no_sync);
}

static int add_file(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		    struct ms_buf *text)
{
	const struct ms_entry *entry = &tree->entries[i];
	_cleanup_free_ char *dir = ms_directory_path(tree, entry->target_dir);
	_cleanup_free_ char *path = dir ? ms_path_join(dir, entry->target_name) : NULL;
	struct ms_journal_entry line = {
		.number = i,
		.size = entry->staged.size,
		.inode = entry->staged.inode,
		.birth = entry->staged.birth,
		.had_old = entry->staged.had_old,
		.old_size = (uint64_t)entry->staged.old.size,
		.old_seconds = entry->staged.old.mtime.tv_sec,
		.old_nanoseconds = (uint32_t)entry->staged.old.mtime.tv_nsec,
		.path = path,
	};

	return path && ms_journal_add(text, &line) == 0 ? 0 : ms_fail_nomem(ctx);
}

static size_t root_of(const struct ms_tree *tree, const struct ms_entry *entry)
{
	return tree->dirs[entry->target_dir].root;
}

struct texts {
	struct ms_buf *of; /* each root's */
	size_t n;
};

static void texts_done(struct texts *texts)
{
	for (size_t i = 0; texts->of && i < texts->n; i++)
		ms_buf_done(&texts->of[i]);
	free(texts->of);
}

static int make_texts(struct ms_ctx *ctx, const struct ms_tree *tree, struct texts *texts)
{
	int r = 0;

	texts->n = tree->n_roots;
	texts->of = calloc(texts->n, sizeof(*texts->of));
	if (!texts->of)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < texts->n && r == 0; i++)
		if (tree->roots[i].lock >= 0)
			r = add_preamble(ctx, tree, i, &texts->of[i]);
	for (size_t i = 0; i < tree->n_entries && r == 0; i++)
		if (tree->entries[i].staged.there)
			r = add_file(ctx, tree, i,
				     &texts->of[root_of(tree, &tree->entries[i])]);
	return r;
}

static int decide_one(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		      struct ms_buf *text)
{
	int r = ms_journal_commit(ctx, text);

	return r < 0 ? r
		     : write_journal(ctx, &tree->roots[i], text, !tree->options.no_sync);
}

int ms_journals_decide(struct ms_ctx *ctx, const struct ms_tree *tree)
{
	_cleanup_(texts_done) struct texts texts = { 0 };
	size_t lead = lead_of(tree);
	int r = make_texts(ctx, tree, &texts);

	for (size_t i = 0; i < texts.n && r == 0; i++) {
		if (tree->roots[i].lock < 0 || i == lead)
			continue;
		r = decide_one(ctx, tree, i, &texts.of[i]);
		ms_transaction_step("ready");
	}
	if (r == 0)
		r = decide_one(ctx, tree, lead, &texts.of[lead]);
	if (r == 0)
		ms_transaction_step("decided");
	return r;
}

void ms_journals_clear(struct ms_tree *tree)
{
	size_t lead = lead_of(tree);
	bool all = true;

	for (size_t i = tree->n_roots; i-- > 0;) {
		struct ms_root *root = &tree->roots[i];

		if (root->lock < 0)
			continue;
		if (i == lead && !all)
			root->stays = true;
		if (!root->stays && ftruncate(root->lock, 0) < 0)
			root->stays = true;
		all = all && !root->stays;
	}
}

void ms_journals_keep(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_roots; i++)
		if (tree->roots[i].lock >= 0)
			tree->roots[i].stays = true;
}
