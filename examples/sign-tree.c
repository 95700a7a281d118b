/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * sign-tree: signs all modules below directories, as one transaction.
 *
 * usage: sign-tree KEY CERTIFICATE DIRECTORY...
 *
 * Exit status: 0 all are signed, 2 none is.
 *
 *	cc sign-tree.c $(pkg-config --cflags --libs libmodseal) -o sign-tree
 */

#include <stdio.h>

#include <modseal/sign.h>
#include <modseal/tree.h>

static int report(const struct ms_tree *tree)
{
	size_t failed = 0;

	for (size_t i = 0; i < ms_tree_count(tree); i++) {
		const struct ms_item *item = ms_tree_item(tree, i);

		if (item->outcome == MS_OUTCOME_SIGNED ||
		    item->outcome == MS_OUTCOME_UNCHANGED)
			continue;
		failed++;
		fprintf(stderr, "%s: %s\n", item->path,
			item->message ? item->message : "not signed");
	}
	printf("%zu of %zu modules are signed\n", ms_tree_count(tree) - failed,
	       ms_tree_count(tree));
	return failed ? 2 : 0;
}

int main(int argc, char **argv)
{
	/* a struct begins with its size; all else that is zero is the default */
	struct ms_signer_options signing = {sizeof(signing)};
	struct ms_tree_options options = {sizeof(options)};
	struct ms_ctx *ctx = ms_ctx_new();
	struct ms_signer *signer = NULL;
	struct ms_tree *tree = NULL;
	int r, status = 2;

	if (argc < 4 || !ctx) {
		fprintf(stderr, "usage: %s KEY CERTIFICATE DIRECTORY...\n", argv[0]);
		return 2;
	}
	signing.key = argv[1];
	signing.cert = argv[2];
	options.writes = true;
	r = ms_signer_open(ctx, &signing, &signer);
	if (r == 0)
		r = ms_tree_open(ctx, (const char *const *)argv + 3, (size_t)argc - 3,
				 &options, &tree);
	if (r == 0)
		r = ms_tree_sign(ctx, tree, signer, NULL);
	if (r == 0)
		status = report(tree);
	else
		fprintf(stderr, "%s\n", ms_ctx_message(ctx));
	ms_tree_free(tree);
	ms_signer_free(signer);
	ms_ctx_free(ctx);
	return status;
}
