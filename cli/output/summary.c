/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "summary.h"

#include "../cleanup.h"
#include "json.h"

void cli_summary(struct cli *cli, const char *what, size_t total,
		 const struct cli_count *counts, size_t n_counts)
{
	json_object *summary = cli_check(json_object_new_object());
	_cleanup_string_ char *line =
		cli_format("%zu %s%s", total, what, total == 1 ? "" : "s");
	const char *separator = ": ";

	for (size_t i = 0; i < n_counts; i++) {
		char *longer;

		if (!counts[i].count)
			continue;
		cli_json_add(summary, counts[i].name,
			     cli_check(json_object_new_int64((int64_t)counts[i].count)));
		longer = cli_format("%s%s%zu %s", line, separator, counts[i].count,
				    counts[i].name);
		free(line);
		line = longer;
		separator = ", ";
	}
	cli_doc_add(cli, "summary", summary);
	if (!cli->quiet)
		cli_line(cli, "%s", line);
}
