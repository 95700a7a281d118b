/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sign-file personality attaching: a raw signature (-s), or one from a bundle. */

#include "../cleanup.h"
#include "../output/words.h"
#include "sign-file-request.h"

int sign_file_open_tree(const struct request *request, struct ms_tree **ret)
{
	const struct ms_tree_options options = {
		.size = sizeof(options),
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
				       cli_outcome_word(item->outcome));
		return FAILED;
	}
}

/* The digest of the module without signatures: by it a bundle finds its signature. */
static int digest_of(const struct request *request, uint8_t ret[32])
{
	enum { MOST = 1 << 30 }; /* bytes, as for trees */
	_cleanup_string_ char *file = NULL; /* which the module is a view of */
	_cleanup_(cli_free_module) struct ms_module *module = NULL;
	size_t len;

	if (ms_text_load(request->ctx, request->module, MOST, &file, &len) < 0)
		return sign_file_fail_ctx(request);
	if (ms_module_open(request->ctx, file, len, NULL, &module) < 0 ||
	    ms_module_digest(request->ctx, module, MS_HASH_SHA256, ret, 32) < 0)
		return sign_file_fail(request, "cannot read '%s': %s", request->module,
				      ms_ctx_message(request->ctx));
	return OK;
}

/* The raw signature, as a bundle of one, for the module as it is without signatures. */
static int load_raw(const struct request *request, struct ms_bundle **ret)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = cli_check(ms_bundle_new());
	_cleanup_string_ char *der = NULL;
	uint8_t digest[32];
	size_t len;
	int status = digest_of(request, digest);

	if (status == OK)
		status = sign_file_read_raw(request, &der, &len);
	if (status == OK && ms_bundle_add(request->ctx, bundle, digest, der, len,
					  sign_file_name(request->module)) < 0)
		status = sign_file_fail_ctx(request);
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
