/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A journal is believed only in the directory that it was written in. Whoever may move it
 * could else choose what is renamed, and which directories are removed.
 */

#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../files/beneath.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../files/made.h"
#include "../../base/wait.h"
#include "../tree.h"

void ms_place_done(struct ms_place *place)
{
	ms_lock_release(place->fd, place->lock, false);
	place->lock = -1;
	if (place->fd >= 0)
		close(place->fd);
	place->fd = -1;
	ms_journal_done(&place->journal);
}

static int read_journal(struct ms_ctx *ctx, const char *shown, int fd, struct ms_buf *ret)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", shown);
	if (st.st_size > MS_JOURNAL_MAX_SIZE)
		return ms_fail(ctx, -EBADMSG, "'%s' is too large for a journal", shown);
	if (ms_buf_reserve(ret, (size_t)st.st_size + 1) < 0)
		return ms_fail_nomem(ctx);
	while ((n = pread(fd, ret->data + ret->len, (size_t)st.st_size - ret->len,
			  (off_t)ret->len)) != 0) {
		if (n < 0 && errno != EINTR)
			return ms_fail_errno(ctx, -errno, "cannot read '%s'", shown);
		ret->len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Nothing, or what a crash of the machine makes of a file that was just begun. */
static bool is_blank(const struct ms_buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i])
			return false;
	return true;
}

/* Reads the journal of @place. Blank, its number is "". */
static int load_journal(struct ms_ctx *ctx, struct ms_place *place)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_free_ char *shown = ms_path_join(place->dir, MS_JOURNAL_NAME);
	int r;

	if (!shown)
		return ms_fail_nomem(ctx);
	r = read_journal(ctx, shown, place->lock, &text);
	if (r == 0 && !is_blank(&text))
		r = ms_journal_parse(ctx, (char *)text.data, text.len, shown,
				     &place->journal);
	if (r == 0 && place->journal.root.path &&
	    !ms_mark_is_home(place->fd, &place->journal.root.mark))
		r = ms_fail(ctx, -EBADMSG, "'%s' was written in another directory: '%s'",
			    shown, place->journal.root.path);
	if (r == -EBADMSG)
		return ms_hint_command(ctx, r,
				       "look at it, and remove it if it is not needed: "
				       "rm %s",
				       shown);
	return r;
}

int ms_place_open(struct ms_ctx *ctx, const char *dir, struct ms_place *place)
{
	int fd = ms_open_resolved(dir, O_RDONLY);

	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", dir);
	place->dir = dir;
	place->fd = fd;
	return 0;
}

int ms_place_open_noted(struct ms_ctx *ctx, const struct ms_journal_root *root,
			struct ms_place *place)
{
	struct ms_mark now = { 0 };
	int r = ms_place_open(ctx, root->path, place);

	if (r == 0) {
		r = ms_mark_get(place->fd, &now);
		if (r < 0)
			return ms_fail_errno(ctx, r, "cannot stat '%s'", root->path);
		r = now.inode == root->mark.inode ? 0 : -ESTALE;
	}
	if (r == -ENOENT || r == -ENOTDIR || r == -ESTALE) {
		ms_fail_clear(ctx);
		return -ESTALE;
	}
	return r;
}

int ms_place_take(struct ms_ctx *ctx, struct ms_place *place, enum ms_lock_answer *ret)
{
	int r = ms_lock_take(ctx, place->fd, place->dir, false, ret, &place->lock);

	return r == 0 && *ret == MS_LOCK_TAKEN ? load_journal(ctx, place) : r;
}

int ms_place_take_at_last(struct ms_ctx *ctx, struct ms_place *place, bool no_wait,
			  enum ms_lock_answer *ret)
{
	struct ms_wait wait = { 0 };
	int r = ms_place_take(ctx, place, ret);

	/* of what is open: its path may be another directory's by then */
	while (r == 0 && *ret == MS_LOCK_BUSY) {
		r = ms_wait_for_run(ctx, &wait, no_wait, "", place->dir);
		if (r == 0)
			r = ms_place_take(ctx, place, ret);
	}
	return r;
}

/* The directory itself, and those above it, go where the run made them, if empty. */
static void remove_made_roots(const struct ms_journal *journal)
{
	for (size_t i = 0; i < journal->n_made_roots; i++) {
		const struct ms_journal_root *made = &journal->made_roots[i];
		const char *slash = strrchr(made->path, '/');
		size_t len = (size_t)(slash - made->path);
		_cleanup_free_ char *above = strndup(made->path, len ? len : 1);
		_cleanup_fd_ int parent = above ? ms_open_resolved(above, O_PATH) : -1;

		if (parent >= 0)
			ms_made_remove_one(parent, slash + 1, &made->mark);
	}
}

int ms_place_close(struct ms_ctx *ctx, struct ms_place *place, bool decided)
{
	if (ftruncate(place->lock, 0) < 0)
		return ms_fail_errno(ctx, -errno, "cannot write the journal in '%s'",
				     place->dir);
	ms_lock_release(place->fd, place->lock, true);
	place->lock = -1;
	if (!decided)
		remove_made_roots(&place->journal);
	ms_warn(ctx, "%s an interrupted run on '%s'%s", decided ? "finished" : "undid",
		place->dir, place->partly ? ", but not in all it wanted" : "");
	return 0;
}

int ms_place_hint(struct ms_ctx *ctx, const struct ms_place *place, int error)
{
	return ms_hint_command(
		ctx, error,
		"mount or move back what is missing, and recover again; or, to leave all "
		"as it is: rm %s/" MS_JOURNAL_NAME
		" && find %s -name '.modseal-%s-*' -delete",
		place->dir, place->dir, place->journal.txid);
}

int ms_place_end(struct ms_ctx *ctx, struct ms_place *place, bool decided)
{
	int r = ms_place_carry_out(ctx, place, decided);

	return r < 0 ? r : ms_place_close(ctx, place, decided);
}
