/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sign-file personality attaching: a raw signature (-s), or one from a bundle. */

#include <string.h>

#include "sign-file-request.h"
#include "../util.h"

int sign_file_open_tree(const struct request *request, struct ms_tree **ret)
{
	const struct ms_tree_options options = {
		.jobs = 1,
		.any_file = !request->modules_only,
		.writes = true,
		.break_links = true, /* sign-file's rename does so as well */
		.output = request->work ? ms_workdir_path(request->work) : NULL,
		.work = request->work,
		.output_stands_in = request->locked != NULL,
	};

	return ms_tree_open(request->ctx, &request->module, 1, &options, ret) < 0
		       ? sign_file_fail_ctx(request)
		       : OK;
}

int sign_file_check(const struct request *request, const struct ms_tree *tree, int run)
{
	const struct ms_item *item = ms_tree_count(tree) ? ms_tree_item(tree, 0) : NULL;

	if (item && item->message)
		sign_file_fail(request, "%s", item->message);
	else if (run < 0)
		sign_file_fail_ctx(request);
	if (run < 0 || !item)
		return FAILED;
	switch (item->outcome) {
	case MS_OUTCOME_SIGNED:
	case MS_OUTCOME_ATTACHED:
	case MS_OUTCOME_UNCHECKED:
	case MS_OUTCOME_UNCHANGED:
	case MS_OUTCOME_STRIPPED:
	case MS_OUTCOME_UNSIGNED: /* nothing to strip */
		return OK;
	case MS_OUTCOME_MISSING:
		return sign_file_fail(request, "no signature for '%s' in '%s'",
				      request->module,
				      request->bundle ? request->bundle : request->raw);
	default:
		if (!item->message)
			sign_file_fail(request, "'%s' is not signed: %s", request->module,
				       ms_outcome_name(item->outcome));
		return FAILED;
	}
}

/* Puts the module without any signature into @directory. */
static int strip_into(const struct request *request, const struct ms_workdir *directory)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const struct ms_tree_options options = {
		.jobs = 1,
		.any_file = true,
		.writes = true,
		.no_sync = true,
		.output = ms_workdir_path(directory),
		.work = directory,
	};

	if (ms_tree_open(request->ctx, &request->module, 1, &options, &tree) < 0)
		return sign_file_fail_ctx(request);
	return sign_file_check(request, tree, ms_tree_strip(request->ctx, tree, true));
}

/* The digest of the module in @directory, which has no signature: by it a bundle finds it. */
static int digest_of(const struct request *request, const struct ms_workdir *directory,
		     uint8_t ret[32])
{
	_cleanup_(cli_free_trust) struct ms_trust *nobody = cli_check(ms_trust_new());
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	_cleanup_string_ char *path = cli_format("%s/%s", ms_workdir_path(directory),
						 sign_file_name(request->module));
	const char *const paths[] = {path};
	const struct ms_tree_options options = {
		.jobs = 1,
		.any_file = true,
		.work = directory,
	};
	const struct ms_verify_options verify = {.want_payload_sha256 = true};

	if (ms_tree_open(request->ctx, paths, 1, &options, &tree) < 0 ||
	    ms_tree_verify(request->ctx, tree, nobody, &verify) < 0)
		return sign_file_fail_ctx(request);
	if (!ms_tree_item(tree, 0)->have_payload_sha256)
		return sign_file_fail(request, "cannot read '%s'", request->module);
	memcpy(ret, ms_tree_item(tree, 0)->payload_sha256, 32);
	return OK;
}

/* The raw signature, as a bundle of one, for the module as it is without signatures. */
static int load_raw(const struct request *request, struct ms_bundle **ret)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = cli_check(ms_bundle_new());
	_cleanup_(cli_free_workdir) struct ms_workdir *directory = NULL;
	uint8_t digest[32];
	uint8_t *data = NULL;
	size_t len = 0;
	int status;

	if (ms_workdir_new(request->ctx,
			   request->target ? request->target : request->module,
			   &directory) < 0)
		return sign_file_fail_ctx(request);
	status = strip_into(request, directory);
	if (status == OK)
		status = digest_of(request, directory, digest);
	if (status == OK)
		status = sign_file_read_raw(request, &data, &len);
	if (status == OK && ms_bundle_add(request->ctx, bundle, digest, data, len,
					  sign_file_name(request->module)) < 0)
		status = sign_file_fail_ctx(request);
	free(data);
	if (status == OK)
		*ret = cli_steal(&bundle);
	return status;
}

int sign_file_attach(const struct request *request)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;

	if (request->raw) {
		if (load_raw(request, &bundle) != OK)
			return FAILED;
	} else if (ms_bundle_load(request->ctx, request->bundle, &bundle) < 0) {
		return sign_file_fail_ctx(request);
	}
	if (sign_file_open_tree(request, &tree) != OK)
		return FAILED;
	return sign_file_check(request, tree,
			       ms_tree_attach(request->ctx, tree, bundle, NULL));
}
