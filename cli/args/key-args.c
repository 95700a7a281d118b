/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "key-args.h"

enum { MAX_DAYS = 2900000 }; /* the library's */

int cli_key_certificate(struct cli *cli, const struct cli_args *args,
			struct ms_key_request *ret)
{
	const char *days = cli_args_value(args, CLI_OPT_DAYS);
	uint64_t n = 0;

	if (cli_args_has(args, CLI_OPT_CN) && cli_args_has(args, CLI_OPT_GENKEY))
		return cli_usage(cli, "--cn and --genkey exclude each other");
	if (days && !cli_parse_number(days, MAX_DAYS, &n))
		return cli_usage(cli, "'%s' is no number of days from 1 to %d", days,
				 MAX_DAYS);
	ret->days = (unsigned)n;
	ret->cn = cli_args_value(args, CLI_OPT_CN);
	ret->genkey = cli_args_value(args, CLI_OPT_GENKEY);
	ret->code_signing = cli_args_has(args, CLI_OPT_CODE_SIGNING);
	return CLI_YES;
}
