/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From arguments to orders and roots, and from those to output. */

#include "hashes-args.h"
#include "../output/json.h"
#include "../parse/parse.h"
#include "tree-args.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Is there anything of that name? What is there and cannot be read must not pass for
 * nothing: the modules would be taken in another order.
 */
static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

int cli_order_open(struct cli *cli, const struct cli_args *args, const char *tree,
		   bool look, struct ms_order **ret)
{
	_cleanup_string_ char *beside = cli_format("%s/modules.order", tree);
	const char *path = cli_args_value(args, CLI_OPT_MODULES_ORDER);

	*ret = NULL;
	if (!path && look && is_there(beside))
		path = beside;
	cli_doc_add(cli, "modules_order", cli_json_text(path));
	if (!path) {
		if (look && cli->verbose && !cli->quiet)
			cli_message("no modules.order: the modules are taken by path",
				    NULL);
		return CLI_YES;
	}
	return ms_order_read(cli->ctx, path, ret) < 0 ? cli_error_ctx(cli) : CLI_YES;
}

int cli_ordered_tree_open(struct cli *cli, const char *path, const struct ms_order *order,
			  const struct ms_tree_options *options, struct ms_tree **ret)
{
	struct ms_tree_options these = *options;

	these.may_be_empty = order && ms_order_count(order) == 0;
	return cli_tree_open(cli, &path, 1, &these, ret);
}

void cli_root_report(struct cli *cli, const char *before,
		     const struct ms_merkle_root *root)
{
	char text[MS_MERKLE_ROOT_TEXT];

	ms_merkle_root_text(root, text);
	cli_doc_add(cli, "root", cli_json_text(text));
	if (before)
		cli_line(cli, "%s%s", before, text);
}

int cli_root_open(struct cli *cli, const char *source, struct ms_merkle_root *ret)
{
	_cleanup_(cli_free_hashes) struct ms_kernel_hashes *hashes = NULL;

	if (ms_kernel_hashes_read(cli->ctx, source, &hashes) < 0)
		return cli_error_ctx(cli);
	if (!ms_kernel_hashes_root(hashes, ret)) {
		_cleanup_string_ char *text = cli_format(
			"'%s' has a list of hashes, and no root", source);

		return cli_error_text(cli, text,
				      "'modseal merkle check' takes either");
	}
	return CLI_YES;
}

void cli_hashes_add(json_object *object, const struct ms_kernel_hashes *hashes)
{
	char text[MS_MERKLE_ROOT_TEXT];
	struct ms_merkle_root root;
	bool list = !ms_kernel_hashes_root(hashes, &root);
	size_t count = ms_kernel_hashes_count(hashes);

	ms_merkle_root_text(&root, text);
	cli_json_add(object, "form", cli_json_text(list ? "list" : "root"));
	cli_json_add(object, "root", cli_json_text(list ? NULL : text));
	cli_json_add(object, "digests",
		     list ? cli_check(json_object_new_int64((int64_t)count)) : NULL);
}
