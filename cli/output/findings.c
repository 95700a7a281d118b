/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Findings: one line each, and below it the command that mends it. */

#include "findings.h"

#include "../cleanup.h"
#include "json.h"
#include "summary.h"

static enum cli_color color_of(enum ms_severity severity)
{
	switch (severity) {
	case MS_SEVERITY_ERROR:
		return CLI_RED;
	case MS_SEVERITY_WARNING:
	case MS_SEVERITY_UNKNOWN:
		return CLI_YELLOW;
	default:
		return CLI_GREEN;
	}
}

static bool is_shown(const struct cli *cli, enum ms_severity severity)
{
	if (cli->quiet)
		return severity == MS_SEVERITY_ERROR;
	return severity != MS_SEVERITY_INFO || cli->verbose;
}

void cli_findings_print(const struct cli *cli, const char *subject,
			const struct ms_findings *findings)
{
	const struct ms_finding *finding;

	for (size_t i = 0; (finding = ms_findings_at(findings, i)); i++) {
		_cleanup_string_ char *rest = NULL;

		if (!is_shown(cli, finding->severity))
			continue;
		rest = cli_format(": %s", finding->message);
		cli_verdict_line(cli, subject ? subject : finding->id,
				 color_of(finding->severity),
				 cli_severity_word(finding->severity), rest);
		if (finding->mend)
			cli_line(cli, "  mend: %s", finding->mend);
	}
}

void cli_findings_json(json_object *array, const char *path,
		       const struct ms_findings *findings)
{
	const struct ms_finding *finding;

	for (size_t i = 0; (finding = ms_findings_at(findings, i)); i++) {
		json_object *object = cli_check(json_object_new_object());

		if (path)
			cli_json_add(object, "path", cli_json_path(path));
		cli_json_add(object, "id", cli_json_text(finding->id));
		cli_json_add(object, "severity",
			     cli_json_text(cli_severity_word(finding->severity)));
		cli_json_add(object, "message", cli_json_text(finding->message));
		cli_json_add(object, "mend", cli_json_text(finding->mend));
		json_object_array_add(array, object);
	}
}

void cli_findings_add(struct cli_findings_count *count,
		      const struct ms_findings *findings)
{
	const struct ms_finding *finding;

	for (size_t i = 0; (finding = ms_findings_at(findings, i)); i++)
		count->counts[cli_index(finding->severity, CLI_SEVERITIES)]++;
}

int cli_findings_end(struct cli *cli, const struct cli_findings_count *count)
{
	static const enum ms_severity order[] = {MS_SEVERITY_ERROR, MS_SEVERITY_WARNING,
						 MS_SEVERITY_UNKNOWN, MS_SEVERITY_INFO};
	struct cli_count counts[CLI_ARRAY_SIZE(order)];
	size_t total = 0;

	for (size_t i = 0; i < CLI_ARRAY_SIZE(order); i++) {
		counts[i].name = cli_severity_word(order[i]);
		counts[i].count = count->counts[order[i]];
		total += counts[i].count;
	}
	cli_summary(cli, "finding", total, counts, CLI_ARRAY_SIZE(order));
	if (count->counts[MS_SEVERITY_ERROR])
		return CLI_NO;
	return count->counts[MS_SEVERITY_UNKNOWN] ? CLI_TROUBLE : CLI_YES;
}
