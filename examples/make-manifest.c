/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * make-manifest: writes which modules a directory has, with their digests.
 *
 * usage: make-manifest DIRECTORY FILE
 *
 * Exit status: 0 it is written, 2 it is not.
 *
 *	cc make-manifest.c $(pkg-config --cflags --libs libmodseal) -o make-manifest
 */

#include <stdio.h>

#include <modseal/manifest.h>
#include <modseal/tree-hashes.h>
#include <modseal/tree.h>

static int save(struct ms_ctx *ctx, const struct ms_manifest *manifest, const char *path)
{
	size_t len = 0;
	const char *text = ms_manifest_text(manifest, &len);
	int r = ms_text_save(ctx, path, text, len, true);

	if (r == 0)
		printf("%zu modules of kernel %s\n", ms_manifest_count(manifest),
		       ms_manifest_release(manifest) ? ms_manifest_release(manifest)
						     : "-");
	return r;
}

/* A module that failed says so itself; there is no manifest of the others. */
static void report(const struct ms_tree *tree)
{
	for (size_t i = 0; i < ms_tree_count(tree); i++)
		if (ms_tree_item(tree, i)->message)
			fprintf(stderr, "%s\n", ms_tree_item(tree, i)->message);
}

int main(int argc, char **argv)
{
	struct ms_manifest_options want = {sizeof(want)};
	struct ms_tree_options options = {sizeof(options)};
	struct ms_ctx *ctx = ms_ctx_new();
	struct ms_manifest *manifest = NULL;
	struct ms_tree *tree = NULL;
	int r;

	if (argc != 3 || !ctx) {
		fprintf(stderr, "usage: %s DIRECTORY FILE\n", argv[0]);
		return 2;
	}
	r = ms_tree_open(ctx, (const char *const *)argv + 1, 1, &options, &tree);
	if (r == 0)
		r = ms_tree_manifest(ctx, tree, &want, &manifest);
	if (r == 0 && manifest)
		r = save(ctx, manifest, argv[2]);
	else if (r == 0)
		report(tree);
	if (r < 0)
		fprintf(stderr, "%s\n", ms_ctx_message(ctx));
	r = r == 0 && manifest ? 0 : 2;
	ms_manifest_free(manifest);
	ms_tree_free(tree);
	ms_ctx_free(ctx);
	return r;
}
