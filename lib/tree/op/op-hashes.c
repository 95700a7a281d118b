/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A tree's manifest, and the list of digests that a kernel is to know. Both are about the
 * module without any trailer, so that they are the same before and after signing.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../base/sized.h"
#include "../../elf/elf.h"
#include "../../manifest/manifest.h"
#include "../elf-kind.h"
#include "leaves.h"

MS_DEFINE_CLEANUP(manifest_cleanup, struct ms_manifest *, ms_manifest_free)
MS_DEFINE_CLEANUP(hashes_cleanup, struct ms_kernel_hashes *, ms_kernel_hashes_free)

/* What was found of one module. */
struct found {
	uint64_t size;
	char *release;
	uint8_t digest[MS_HASH_MAX_SIZE];
};

struct digests {
	enum ms_hash hash;
	bool want_release;
	const struct ms_kernel_hashes *kernel;
	struct found *found; /* by entry */
	size_t n;
};

static void digests_done(struct digests *digests)
{
	for (size_t i = 0; digests->found && i < digests->n; i++)
		free(digests->found[i].release);
	free(digests->found);
}

/* The first word of vermagic. */
static int note_release(struct ms_ctx *ctx, const struct ms_payload *bare,
			struct found *found)
{
	_cleanup_(ms_modinfo_done) struct ms_modinfo modinfo = { 0 };
	int r = ms_elf_modinfo(ctx, bare->data, bare->len, &modinfo);

	if (r < 0 || !modinfo.vermagic || !*modinfo.vermagic)
		return r;
	found->release = strndup(modinfo.vermagic, strcspn(modinfo.vermagic, " "));
	return found->release ? 0 : ms_fail_nomem(ctx);
}

static int digest_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const struct digests *digests = userdata;
	struct found *found = &digests->found[job->entry - job->tree->entries];
	struct ms_payload bare = { .data = job->module.data };
	int r = ms_module_bare_len(ctx, &job->module, &bare.len, NULL);

	if (r == 0)
		r = ms_elf_kind_fits(ctx, digests->kernel, bare.data, bare.len);
	if (r == 0)
		r = ms_hash_bytes(ctx, digests->hash, bare.data, bare.len, found->digest);
	if (r == 0 && digests->want_release)
		r = note_release(ctx, &bare, found);
	if (r < 0)
		return r;
	found->size = bare.len;
	job->entry->item.outcome = MS_OUTCOME_HASHED;
	return 0;
}

/* Digests every module. @ret_all: none failed. */
static int digest_all(struct ms_ctx *ctx, struct ms_tree *tree,
		      const struct ms_order *order, struct digests *digests, bool *ret_all)
{
	struct ms_op op = { .verb = "hash", .fn = digest_one, .userdata = digests };
	_cleanup_free_ uint32_t *positions = NULL;
	int r = ms_order_apply(ctx, tree, order, &positions);

	if (r < 0)
		return r;
	digests->n = tree->n_entries;
	digests->found = calloc(digests->n + 1, sizeof(*digests->found));
	if (!digests->found)
		return ms_fail_nomem(ctx);
	r = ms_engine_run(ctx, tree, &op);
	*ret_all = true;
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].item.outcome != MS_OUTCOME_HASHED)
			*ret_all = false;
	return r;
}

static int two_releases(struct ms_ctx *ctx, const struct ms_tree *tree,
			const struct digests *digests, size_t first, size_t second)
{
	int r = ms_fail(ctx, -EINVAL, "'%s' is for kernel %s, and '%s' for %s",
			tree->entries[first].path, digests->found[first].release,
			tree->entries[second].path, digests->found[second].release);

	return ms_hint(ctx, r, "--kernel-release says which kernel is meant");
}

/*
 * The one release that the modules are for; NULL: none says. With @any it is NULL as well
 * where they differ, or say what is none.
 */
static int common_release(struct ms_ctx *ctx, const struct ms_tree *tree,
			  const struct digests *digests, bool any, const char **ret)
{
	size_t first = SIZE_MAX;

	*ret = NULL;
	for (size_t i = 0; i < digests->n; i++) {
		const char *release = digests->found[i].release;

		if (!release)
			continue;
		if (!*ret) {
			*ret = release;
			first = i;
		}
		if (!strcmp(*ret, release) && (!any || ms_manifest_release_ok(release)))
			continue;
		*ret = NULL;
		return any ? 0 : two_releases(ctx, tree, digests, first, i);
	}
	return 0;
}

static int make_manifest(struct ms_ctx *ctx, const struct ms_tree *tree,
			 const struct digests *digests, const char *release,
			 struct ms_manifest **ret)
{
	_cleanup_(manifest_cleanup) struct ms_manifest *manifest =
		ms_manifest_new(digests->hash, release);
	int r = manifest ? 0 : ms_fail_nomem(ctx);

	for (size_t i = 0; i < tree->n_entries && r == 0; i++) {
		_cleanup_free_ char *path = ms_order_path(&tree->entries[i]);

		r = path ? ms_manifest_add(ctx, manifest, path, digests->found[i].size,
					   digests->found[i].digest)
			 : ms_fail_nomem(ctx);
	}
	if (r == 0)
		r = ms_manifest_end(ctx, manifest);
	if (r == 0)
		*ret = ms_steal(&manifest);
	return r;
}

int ms_tree_manifest(struct ms_ctx *ctx, struct ms_tree *tree,
		     const struct ms_manifest_options *caller, struct ms_manifest **ret)
{
	_cleanup_(digests_done) struct digests digests = {0};
	struct ms_manifest_options options;
	const char *release;
	bool all = false;
	int r = ms_sized_in(ctx, &options, sizeof(options), caller);

	*ret = NULL;
	if (r < 0)
		return r;
	release = options.release;
	digests.hash = options.hash ? options.hash : MS_HASH_SHA256;
	digests.want_release = !release;
	r = digest_all(ctx, tree, options.order, &digests, &all);
	if (r < 0 || !all)
		return r;
	if (!release)
		r = common_release(ctx, tree, &digests, options.any_release, &release);
	return r < 0 ? r : make_manifest(ctx, tree, &digests, release, ret);
}

static int make_list(struct ms_ctx *ctx, struct ms_tree *tree,
		     const struct ms_order *order, const struct ms_kernel_hashes *into,
		     struct ms_kernel_hashes *hashes, bool *ret_known)
{
	_cleanup_(digests_done) struct digests digests = {
		.hash = MS_HASH_SHA256,
		.kernel = into,
	};
	int r = digest_all(ctx, tree, order, &digests, ret_known);

	if (r < 0 || !*ret_known)
		return r;
	hashes->list = calloc(digests.n + 1, sizeof(*hashes->list));
	if (!hashes->list)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < digests.n; i++)
		memcpy(hashes->list[i], digests.found[i].digest, sizeof(*hashes->list));
	hashes->count = ms_hash_list_sort(hashes->list, digests.n);
	return 0;
}

static int make_root(struct ms_ctx *ctx, struct ms_tree *tree,
		     const struct ms_order *order, const struct ms_kernel_hashes *into,
		     struct ms_kernel_hashes *hashes, bool *ret_known)
{
	_cleanup_(ms_leaves_done) struct ms_leaves leaves = {
		.order = order,
		.kernel = into,
	};
	int r = ms_leaves_hash(ctx, tree, &leaves);

	*ret_known = leaves.tree != NULL;
	if (leaves.tree)
		hashes->root = ms_merkle_root_of(leaves.tree);
	return r;
}

int ms_tree_hashes_make(struct ms_ctx *ctx, struct ms_tree *tree,
			const struct ms_order *order, const struct ms_kernel_hashes *into,
			struct ms_kernel_hashes **ret)
{
	_cleanup_(hashes_cleanup) struct ms_kernel_hashes *hashes = calloc(1, sizeof(*hashes));
	bool known = false;
	int r;

	*ret = NULL;
	if (!hashes)
		return ms_fail_nomem(ctx);
	hashes->form = into->form;
	hashes->elf_class = into->elf_class;
	hashes->elf_encoding = into->elf_encoding;
	hashes->elf_machine = into->elf_machine;
	if (into->form == MS_HASHES_LIST)
		r = make_list(ctx, tree, order, into, hashes, &known);
	else
		r = make_root(ctx, tree, order, into, hashes, &known);
	if (r == 0 && known)
		*ret = ms_steal(&hashes);
	return r;
}
