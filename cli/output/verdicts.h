/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_VERDICTS_H
#define CLI_VERDICTS_H

/* What the commands that verify share: reporting verdicts. */

#include <modseal/tree.h>

#include "../cli.h"
#include "../parse/parse.h"

/** What is asked: is every module trusted, or would it load in this mode? */
struct cli_question {
	bool has_mode;
	enum ms_mode mode;
};

/**
 * Reports every module's verdict: lines, "modules" and "summary". @run: what
 * ms_tree_verify() returned; negative adds the library's error. Returns the status: 0
 * where the answer is yes for every module, and there is one, and no link was left out
 * that depmod would follow to another (cli_links_check()).
 */
int cli_verdicts(struct cli *cli, const struct cli_args *args, const struct ms_tree *tree,
		 int run, const struct cli_question *question);

#endif
