/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal recover: ends what a killed run left behind. PATH may be a tree of modules, a
 * key store, or a directory in which a command wrote files: configurations, a new key,
 * DKMS's. All are looked for, since only what is there tells which it was.
 */

#include <sys/stat.h>

#include <modseal/keystore.h>

#include "cmd.h"
#include "run.h"
#include "util.h"

static const char *recovery_name(enum ms_recovery recovery)
{
	switch (recovery) {
	case MS_RECOVERY_NOTHING:
		return "nothing";
	case MS_RECOVERY_UNDONE:
		return "undone";
	case MS_RECOVERY_FINISHED:
		return "finished";
	case MS_RECOVERY_UNDECIDED:
		break;
	}
	return "failed";
}

static void report(struct cli *cli, const char *tree, enum ms_recovery recovery)
{
	json_object *modules = cli_check(json_object_new_array());
	json_object *object = cli_check(json_object_new_object());
	json_object *summary = cli_check(json_object_new_object());
	const char *name = recovery_name(recovery);

	cli_json_add(object, "path", cli_json_text(tree));
	cli_json_add(object, "result", cli_json_text(name));
	cli_json_add(object, "error",
		     recovery == MS_RECOVERY_UNDECIDED
			     ? cli_json_text(ms_ctx_message(cli->ctx))
			     : NULL);
	json_object_array_add(modules, object);
	cli_json_add(summary, name, cli_check(json_object_new_int(1)));
	cli_doc_add(cli, "modules", modules);
	cli_doc_add(cli, "summary", summary);
}

static void keep_most(enum ms_recovery how, enum ms_recovery *most)
{
	if (how > *most)
		*most = how;
}

/* A store first: its own journals are finished under its lock. */
static int recover(struct cli *cli, const char *path, bool no_wait, enum ms_recovery *ret)
{
	enum ms_recovery how, most = MS_RECOVERY_NOTHING;
	struct stat st;
	int r = 0;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		r = ms_keystore_recover(cli->ctx, path, no_wait, &how);
		if (r == 0)
			keep_most(how, &most);
	}
	r = r < 0 ? r : ms_files_recover(cli->ctx, path, &how);
	if (r == 0)
		keep_most(how, &most);
	/* a file that is as it was before the run may be none at all */
	if (r == 0 && (most == MS_RECOVERY_NOTHING || lstat(path, &st) == 0)) {
		r = ms_tree_recover(cli->ctx, path, no_wait, &how);
		if (r == 0)
			keep_most(how, &most);
	}
	if (r == 0)
		*ret = most;
	return r;
}

int cmd_recover(struct cli *cli, const struct cli_args *args)
{
	const char *tree = args->operands[0];
	enum ms_recovery recovery = MS_RECOVERY_UNDECIDED;
	int run = recover(cli, tree, cli_args_has(args, CLI_OPT_NO_WAIT), &recovery);

	if (run < 0)
		recovery = MS_RECOVERY_UNDECIDED;
	report(cli, tree, recovery);
	if (run < 0)
		return cli_run_failed(cli);
	switch (recovery) {
	case MS_RECOVERY_UNDONE:
		if (!cli->quiet)
			cli_line(cli,
				 "%s: undone: everything is as it was before the "
				 "interrupted run",
				 tree);
		return CLI_YES;
	case MS_RECOVERY_FINISHED:
		if (!cli->quiet)
			cli_line(cli,
				 "%s: finished: everything is as the interrupted run "
				 "wanted it",
				 tree);
		return CLI_YES;
	case MS_RECOVERY_NOTHING:
		if (!cli->quiet)
			cli_line(cli, "%s: nothing to recover", tree);
		return CLI_NO;
	case MS_RECOVERY_UNDECIDED:
		break;
	}
	return cli_error(cli, "cannot tell how the transaction of '%s' ended", tree);
}
