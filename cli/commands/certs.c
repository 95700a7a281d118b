/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal certs: the certificates in kernel images and files.
 *
 * The PEM file that -o writes is likely to end up behind --trust, so revoked
 * certificates never go into it, and it is written only where every source was read.
 */

#include <string.h>

#include "commands.h"
#include "../cleanup.h"
#include "../output/certs.h"
#include "../output/cut.h"
#include "../output/json.h"

struct lists {
	struct ms_cert_list **all;
	size_t count;
};

static void lists_done(struct lists *lists)
{
	for (size_t i = 0; i < lists->count; i++)
		ms_cert_list_free(lists->all[i]);
	free(lists->all);
}

json_object *cli_cert_json(const struct ms_cert_info *cert)
{
	json_object *object = cli_check(json_object_new_object());

	cli_json_add(object, "source", cli_json_path(cert->source));
	cli_json_add(object, "place", cli_json_text(ms_cert_place_name(cert->place)));
	cli_json_add_text(object, "subject", cert->subject, 0);
	cli_json_add_text(object, "issuer", cert->issuer, 0);
	cli_json_add_text(object, "serial", cert->serial, 0);
	cli_json_add_text(object, "skid", cert->skid, 0);
	cli_json_add(object, "key_type", cli_json_text(cert->key_type));
	cli_json_add(object, "not_before", cli_json_text(cert->not_before));
	cli_json_add(object, "not_after", cli_json_text(cert->not_after));
	cli_json_add(object, "sha256", cli_json_text(cert->sha256));
	cli_json_add(object, "kernel_can_use", cli_json_bool(true, cert->kernel_can_use));
	return object;
}

static void show_text(const struct cli *cli, const char *label, const char *text)
{
	_cleanup_string_ char *shown = cli_cut(text, 0);

	cli_line(cli, "  %-11s %s", label, shown);
}

static void show(const struct cli *cli, const struct ms_cert_info *cert)
{
	cli_verdict_line(cli, cert->source,
			 cert->place == MS_CERT_REVOKED ? CLI_RED : CLI_BOLD,
			 ms_cert_place_name(cert->place), "");
	show_text(cli, "subject", cert->subject);
	show_text(cli, "issuer", cert->issuer);
	show_text(cli, "serial", cert->serial);
	show_text(cli, "skid", cert->skid ? cert->skid : "none");
	cli_line(cli, "  key type    %s%s", cert->key_type ? cert->key_type : "unknown",
		 cert->kernel_can_use ? "" : ", which the kernel cannot use");
	cli_line(cli, "  validity    %s to %s", cert->not_before ? cert->not_before : "?",
		 cert->not_after ? cert->not_after : "?");
	cli_line(cli, "  sha256      %s", cert->sha256 ? cert->sha256 : "");
}

static void report_list(struct cli *cli, const char *path,
			const struct ms_cert_list *list, json_object *certificates,
			json_object *sources)
{
	json_object *source = cli_check(json_object_new_object());

	for (size_t i = 0; i < ms_cert_list_count(list); i++) {
		if (certificates)
			json_object_array_add(certificates,
					      cli_cert_json(ms_cert_list_at(list, i)));
		if (!cli->quiet)
			show(cli, ms_cert_list_at(list, i));
	}
	cli_json_add(source, "path", cli_json_path(path));
	cli_json_add(source, "release", cli_json_text(ms_cert_list_release(list)));
	cli_json_add(source, "certificates",
		     cli_check(json_object_new_int64((int64_t)ms_cert_list_count(list))));
	cli_json_add(source, "error", NULL);
	json_object_array_add(sources, source);
}

static int report_failure(struct cli *cli, const char *path, json_object *sources)
{
	json_object *source = cli_check(json_object_new_object());

	cli_json_add(source, "path", cli_json_operand(path));
	cli_json_add(source, "release", NULL);
	cli_json_add(source, "certificates", cli_check(json_object_new_int(0)));
	cli_json_add(source, "error", cli_json_text(ms_ctx_message(cli->ctx)));
	json_object_array_add(sources, source);
	return cli_run_failed(cli);
}

static int read_all(struct cli *cli, const struct cli_args *args, struct lists *lists)
{
	json_object *certificates = cli->json ? cli_check(json_object_new_array()) : NULL;
	json_object *sources = cli_check(json_object_new_array());
	int status = CLI_YES;

	lists->all = cli_check(calloc(args->n_operands, sizeof(struct ms_cert_list *)));
	for (size_t i = 0; i < args->n_operands; i++) {
		const char *path = args->operands[i];
		struct ms_cert_list *list = NULL;

		if (ms_cert_list_read(cli->ctx, path, &list) < 0) {
			status = report_failure(cli, path, sources);
			continue;
		}
		lists->all[lists->count++] = list;
		report_list(cli, path, list, certificates, sources);
		if (!ms_cert_list_count(list))
			status = cli_error(cli, "no certificate in '%s'", path);
	}
	if (certificates)
		cli_doc_add(cli, "certificates", certificates);
	cli_doc_add(cli, "sources", sources);
	return status;
}

/* Writes all but the revoked certificates. */
static int save_unrevoked(struct cli *cli, const struct lists *lists, const char *path)
{
	size_t total = 0, usable = 0, revoked = 0;
	const struct ms_cert_info **certs, *cert;
	int r;

	for (size_t i = 0; i < lists->count; i++)
		total += ms_cert_list_count(lists->all[i]);
	certs = cli_check(calloc(total + 1, sizeof(const struct ms_cert_info *)));
	for (size_t i = 0; i < lists->count; i++)
		for (size_t j = 0; (cert = ms_cert_list_at(lists->all[i], j)); j++) {
			if (cert->place == MS_CERT_REVOKED)
				revoked++;
			else
				certs[usable++] = cert;
		}
	if (!usable)
		r = cli_error(cli, "every certificate is revoked: '%s' is not written",
			      path);
	else if (ms_cert_save_pem(cli->ctx, certs, usable, path) < 0)
		r = cli_error_ctx(cli);
	else
		r = CLI_YES;
	free(certs);
	if (r == CLI_YES && revoked)
		cli_warn(cli, "%zu revoked certificate%s left out of '%s'", revoked,
			 revoked == 1 ? " is" : "s are", path);
	return r;
}

int cmd_certs(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(lists_done) struct lists lists = {0};
	const char *output = cli_args_value(args, CLI_OPT_OUTPUT_PEM);
	int status = read_all(cli, args, &lists);

	if (!output)
		return status;
	if (status != CLI_YES) {
		cli_warn(cli, "'%s' is not written", output);
		return status;
	}
	return save_unrevoked(cli, &lists, output);
}
