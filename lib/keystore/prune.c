/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Taking old generations away. First it is decided of each whether it goes. Then they get
 * names that are no generation's, all or none (lib/files/file-set.h), and when that is on
 * the disk they are deleted.
 *
 * Fails at the renames: all are there as before. Fails at the sync: all have lost their
 * names, and nothing is deleted, for after a crash they may have them again. Fails at
 * deleting, or is killed: the next change of the store deletes the rest.
 *
 * A generation whose certificate cannot be read may be trusted by anyone: it stays unless
 * it is forced away.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../base/context.h"
#include "../base/sized.h"
#include "trusting.h"
#include "write.h"

MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

struct ms_pruning {
	struct ms_pruned_generation *generations; /* the newest first */
	size_t count;
};

struct ms_pruning *ms_pruning_free(struct ms_pruning *pruning)
{
	if (!pruning)
		return NULL;
	for (size_t i = 0; i < pruning->count; i++) {
		free(pruning->generations[i].name);
		free(pruning->generations[i].by);
	}
	free(pruning->generations);
	free(pruning);
	return NULL;
}

MS_DEFINE_CLEANUP(pruning_cleanup, struct ms_pruning *, ms_pruning_free)

size_t ms_pruning_count(const struct ms_pruning *pruning)
{
	return pruning->count;
}

const struct ms_pruned_generation *ms_pruning_at(const struct ms_pruning *pruning,
						 size_t i)
{
	return i < pruning->count ? &pruning->generations[i] : NULL;
}

static enum ms_pruned judge(const struct ms_store_entry *entry, size_t i,
			    const struct ms_prune_options *options, const char *by)
{
	if (entry->face.current)
		return MS_PRUNED_CURRENT;
	if (i < options->keep)
		return MS_PRUNED_NEW;
	if (options->force)
		return MS_PRUNED_REMOVED;
	if (by)
		return MS_PRUNED_TRUSTED;
	return entry->face.info ? MS_PRUNED_REMOVED : MS_PRUNED_UNKNOWN;
}

/* Decides of each generation what becomes of it. */
static int decide(struct ms_ctx *ctx, const struct ms_keystore *store,
		  const struct ms_prune_options *options, struct ms_pruning *ret)
{
	_cleanup_(ms_trusting_done) struct ms_trusting trusting = { 0 };
	int r = 0;

	/* looking into kernels takes time: not where nothing could go, or all is to go */
	if (!options->force && store->n_entries > options->keep)
		r = ms_trusting_find(ctx, store, options->configs, options->n_configs,
				     &trusting);
	if (r < 0 && ms_ctx_hint(ctx))
		return r;
	if (r < 0)
		return ms_hint(ctx, r, "with --force nobody is asked what it trusts");
	ret->generations = calloc(store->n_entries + 1, sizeof(*ret->generations));
	if (!ret->generations)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < store->n_entries; i++) {
		const struct ms_store_entry *entry = &store->entries[i];
		struct ms_pruned_generation *one = &ret->generations[i];

		one->name = strdup(entry->name);
		ret->count++;
		if (!one->name)
			return ms_fail_nomem(ctx);
		if (i < trusting.n)
			one->by = ms_steal(&trusting.by[i]);
		one->result = judge(entry, i, options, one->by);
	}
	return 0;
}

/* One that goes: its new name, "": it stays; and which directory it is. */
struct going {
	char name[MS_TEMPORARY_SIZE];
	struct stat st;
};

static int mark(struct ms_ctx *ctx, const struct ms_keystore *store, const char *name,
		struct going *ret)
{
	if (fstatat(store->fd, name, &ret->st, AT_SYMLINK_NOFOLLOW) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s/%s'", store->path,
				     name);
	return ms_store_temporary_name(ctx, ret->name);
}

static int stage(struct ms_ctx *ctx, const struct ms_keystore *store,
		 const struct ms_pruning *pruning, struct ms_file_set *set,
		 struct going *going)
{
	int r = ms_file_set_hold(ctx, set, store->fd, store->path);

	for (size_t i = pruning->count; i-- > 0 && r == 0;) {
		if (pruning->generations[i].result != MS_PRUNED_REMOVED)
			continue;
		r = mark(ctx, store, pruning->generations[i].name, &going[i]);
		r = r < 0 ? r
			  : ms_file_set_rename(ctx, set, store->path,
					       pruning->generations[i].name,
					       going[i].name);
	}
	return r;
}

static int delete_all(struct ms_ctx *ctx, const struct ms_keystore *store,
		      const struct ms_pruning *pruning, struct going *going)
{
	int result = 0;

	for (size_t i = 0; i < pruning->count; i++) {
		int r = 0;

		if (going[i].name[0])
			r = ms_store_remove(store->fd, going[i].name, &going[i].st);

		if (r < 0)
			result = ms_fail_errno(
				ctx, r, "cannot remove '%s/%s', which was '%s'",
				store->path, going[i].name, pruning->generations[i].name);
	}
	return result < 0 ? ms_hint_command(ctx, result, "modseal recover %s", store->path) : 0;
}

static int remove_all(struct ms_ctx *ctx, const struct ms_keystore *store,
		      const struct ms_pruning *pruning)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	_cleanup_free_ struct going *going = calloc(pruning->count + 1, sizeof(*going));
	int r = set && going ? stage(ctx, store, pruning, set, going)
			     : ms_fail_nomem(ctx);

	r = r < 0 ? r : ms_file_set_commit(ctx, set);
	return r < 0 ? r : delete_all(ctx, store, pruning, going);
}

static int prune(struct ms_ctx *ctx, struct ms_keystore *store,
		 const struct ms_prune_options *options, struct ms_pruning *ret)
{
	const struct ms_generation *current;
	int r = ms_keystore_current(ctx, store, &current);

	if (r == 0)
		r = decide(ctx, store, options, ret);
	if (r < 0 || options->dry_run)
		return r;
	r = remove_all(ctx, store, ret);
	return r < 0 ? r : ms_store_scan(ctx, store);
}

int ms_keystore_prune(struct ms_ctx *ctx, struct ms_keystore *store,
		      const struct ms_prune_options *caller, struct ms_pruning **ret)
{
	_cleanup_(pruning_cleanup) struct ms_pruning *pruning =
		calloc(1, sizeof(*pruning));
	_cleanup_(ms_store_unlock) struct ms_store_lock lock = MS_STORE_UNLOCKED;
	struct ms_prune_options options;
	int r = pruning ? ms_sized_in(ctx, &options, sizeof(options), caller)
			: ms_fail_nomem(ctx);

	if (r == 0 && options.keep == 0)
		r = ms_fail(ctx, -EINVAL, "the number of keys to keep is at least 1");
	/* who only looks writes nothing, and so waits for nobody */
	if (r == 0 && !options.dry_run)
		r = ms_store_lock(ctx, store, options.no_wait, &lock);
	if (r == 0)
		r = prune(ctx, store, &options, pruning);
	if (r == 0)
		*ret = ms_steal(&pruning);
	return r;
}
