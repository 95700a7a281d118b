/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Taking old generations away. First it is decided of each whether it goes, then they go,
 * one by one, the oldest first: renamed to a name that is no generation's, then deleted.
 * A generation whose certificate cannot be read may be trusted by anyone: it stays unless
 * it is forced away.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "trusting.h"
#include "write.h"

const char *ms_pruned_name(enum ms_pruned pruned)
{
	static const char *const names[MS_PRUNED_COUNT] = {
		[MS_PRUNED_REMOVED] = "removed", [MS_PRUNED_CURRENT] = "current",
		[MS_PRUNED_NEW] = "new",	 [MS_PRUNED_TRUSTED] = "trusted",
		[MS_PRUNED_UNKNOWN] = "unknown",
	};

	return (size_t)pruned < MS_ARRAY_SIZE(names) && names[pruned] ? names[pruned]
								      : "failed";
}

void ms_pruning_done(struct ms_pruning *pruning)
{
	for (size_t i = 0; i < pruning->count; i++) {
		free(pruning->generations[i].name);
		free(pruning->generations[i].by);
	}
	free(pruning->generations);
	*pruning = (struct ms_pruning){ 0 };
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

static int remove_one(struct ms_ctx *ctx, const struct ms_keystore *store,
		      const char *name)
{
	char temporary[MS_TEMPORARY_SIZE];
	int r = ms_store_temporary_name(ctx, temporary);

	if (r < 0)
		return r;
	if (renameat(store->fd, name, store->fd, temporary) < 0)
		return ms_fail_errno(ctx, -errno, "cannot remove '%s/%s'", store->path,
				     name);
	r = ms_store_remove(store->fd, temporary);
	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot remove '%s/%s', which was '%s'",
				     store->path, temporary, name);
	return 0;
}

static int remove_all(struct ms_ctx *ctx, struct ms_keystore *store,
		      const struct ms_pruning *pruning)
{
	int r = 0;

	for (size_t i = pruning->count; i-- > 0 && r == 0;)
		if (pruning->generations[i].result == MS_PRUNED_REMOVED)
			r = remove_one(ctx, store, pruning->generations[i].name);
	if (fsync(store->fd) < 0 && r == 0)
		r = ms_fail_errno(ctx, -errno, "cannot sync '%s'", store->path);
	return r;
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
		      const struct ms_prune_options *options, struct ms_pruning *ret)
{
	_cleanup_(ms_pruning_done) struct ms_pruning pruning = { 0 };
	_cleanup_fd_ int lock = -1;
	int r;

	if (options->keep == 0)
		return ms_fail(ctx, -EINVAL, "the number of keys to keep is at least 1");
	r = ms_store_lock(ctx, store, options->no_wait, &lock);
	if (r < 0)
		return r;
	r = prune(ctx, store, options, &pruning);
	if (r < 0)
		return r;
	*ret = pruning;
	pruning = (struct ms_pruning){ 0 };
	return 0;
}
