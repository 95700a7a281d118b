/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Opening the trees of a command. What was left out of them is told in the document, and
 * counts against who says that all is well: depmod follows links, which the walk does not.
 */

#include "tree-args.h"


#include "../cleanup.h"
#include "../output/json.h"
#include "../output/progress.h"
#include "../output/words.h"

enum { MOST_JOBS = 1024, HIGHEST_LEVEL = 22 };

static int number_option(struct cli *cli, const struct cli_args *args,
			 enum cli_option_id id, uint64_t max, uint64_t *ret)
{
	const char *text = cli_args_value(args, id);

	*ret = 0;
	if (text && !cli_parse_number(text, max, ret))
		return cli_usage(cli, "'%s' is no value of --%s: a number from 1 to %llu",
				 text, cli_options[id].name, (unsigned long long)max);
	return CLI_YES;
}

int cli_tree_options(struct cli *cli, const struct cli_args *args,
		     struct ms_tree_options *ret)
{
	const char *size = cli_args_value(args, CLI_OPT_MAX_SIZE);
	uint64_t jobs, level;

	*ret = (struct ms_tree_options){.size = sizeof(*ret)};
	if (number_option(cli, args, CLI_OPT_JOBS, MOST_JOBS, &jobs) != CLI_YES ||
	    number_option(cli, args, CLI_OPT_LEVEL, HIGHEST_LEVEL, &level) != CLI_YES)
		return CLI_TROUBLE;
	if (size && !cli_parse_size(size, &ret->max_size))
		return cli_usage(cli, "'%s' is no size: bytes, K, M or G may follow",
				 size);
	ret->jobs = (unsigned)jobs;
	ret->level = (int)level;
	ret->any_file = cli_args_has(args, CLI_OPT_ANY_FILE);
	ret->keep_going = cli_args_has(args, CLI_OPT_KEEP_GOING);
	ret->no_wait = cli_args_has(args, CLI_OPT_NO_WAIT);
	ret->no_sync = cli_args_has(args, CLI_OPT_NO_SYNC);
	ret->break_links = cli_args_has(args, CLI_OPT_BREAK_LINKS);
	ret->dry_run = cli_args_has(args, CLI_OPT_DRY_RUN);
	ret->output = cli_args_value(args, CLI_OPT_OUTPUT_DIR);
	ret->progress = cli_progress;
	return CLI_YES;
}

static json_object *skipped_json(const struct ms_skipped *skipped)
{
	json_object *object = cli_check(json_object_new_object());

	cli_json_add(object, "path", cli_json_path(skipped->path));
	cli_json_add(object, "kind", cli_json_text(cli_skip_word(skipped->skip)));
	cli_json_add(object, "reason", cli_json_text(ms_skip_name(skipped->skip)));
	cli_json_add(object, "depmod", cli_json_bool(true, skipped->depmod));
	return object;
}

/* A command may open two trees: their lists become one. */
static void add_skipped(struct cli *cli, const struct ms_tree *tree)
{
	const struct ms_skipped *skipped;
	json_object *list;

	if (!json_object_object_get_ex(cli->doc, "skipped", &list)) {
		list = cli_check(json_object_new_array());
		cli_doc_add(cli, "skipped", list);
	}
	for (size_t i = 0; (skipped = ms_tree_skipped(tree, i)); i++) {
		json_object_array_add(list, skipped_json(skipped));
		cli->links += skipped->depmod;
	}
}

int cli_links_check(struct cli *cli, const struct cli_args *args)
{
	_cleanup_string_ char *text = NULL;

	if (!cli->links || cli_args_has(args, CLI_OPT_IGNORE_LINKS))
		return CLI_YES;
	text = cli_format("nothing is said of what %zu link%s lead%s to, where depmod "
			  "would find modules",
			  cli->links, cli->links == 1 ? "" : "s",
			  cli->links == 1 ? "s" : "");
	if (!cli->quiet)
		cli_message(text, "--ignore-links leaves them out of the answer");
	return CLI_NO;
}

int cli_tree_open(struct cli *cli, const char *const *paths, size_t n_paths,
		  const struct ms_tree_options *options, struct ms_tree **ret)
{
	if (ms_tree_open(cli->ctx, paths, n_paths, options, ret) < 0)
		return cli_run_failed(cli);
	add_skipped(cli, *ret);
	if (!cli->quiet)
		cli_progress_begin(cli->command->name);
	return CLI_YES;
}
