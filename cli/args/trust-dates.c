/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Remarks on validity dates. They change no verdict: the kernel does not look at them
 * (crypto/asymmetric_keys has no clock). That a certificate is out of date is still
 * what a person wonders about first, so verify -v says both.
 */

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <modseal/system.h>

#include "../cleanup.h"
#include "../output/json.h"
#include "trust-args.h"

struct notes {
	struct cli *cli;
	json_object *list;
	char now[sizeof("2026-01-31T00:00:00Z")];
};

static void note(struct notes *notes, const char *text)
{
	json_object_array_add(notes->list, cli_json_text(text));
	cli_line(notes->cli, "note: %s", text);
}

/* dates in ISO 8601, UTC, of years with four digits: their order is that of the text */
static void note_certificate(struct notes *notes, const struct ms_cert_info *cert)
{
	_cleanup_string_ char *text = NULL;
	const char *subject = cert->subject ? cert->subject : "";

	if (cert->place == MS_CERT_REVOKED)
		return;
	/* "": a date that OpenSSL cannot read */
	if (cert->not_after && *cert->not_after &&
	    strcmp(cert->not_after, notes->now) < 0)
		text = cli_format("certificate '%s' expired on %s: the kernel does not "
				  "look at validity dates",
				  subject, cert->not_after);
	else if (cert->not_before && strcmp(cert->not_before, notes->now) > 0)
		text = cli_format("certificate '%s' is not valid before %s: the kernel "
				  "does not look at validity dates",
				  subject, cert->not_before);
	if (text)
		note(notes, text);
}

/* What cannot be read was reported when trust was built; here it is only left out. */
static void note_file(struct notes *notes, const char *path)
{
	_cleanup_(cli_free_cert_list) struct ms_cert_list *list = NULL;

	if (ms_cert_list_read(notes->cli->ctx, path, &list) < 0)
		return;
	for (size_t i = 0; i < ms_cert_list_count(list); i++)
		note_certificate(notes, ms_cert_list_at(list, i));
}

static void note_directory(struct notes *notes, const char *path)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		_cleanup_string_ char *name =
			cli_format("%s/%s", path, entries[i]->d_name);
		struct stat st;

		if (stat(name, &st) == 0 && S_ISREG(st.st_mode))
			note_file(notes, name);
		free(entries[i]);
	}
	free(entries);
}

static void note_source(struct notes *notes, const char *source)
{
	_cleanup_string_ char *release = NULL, *image = NULL;
	struct ms_ctx *ctx = notes->cli->ctx;
	struct stat st;

	if (strcmp(source, "system") == 0) {
		if (ms_system_running(ctx, NULL, &release) == 0 &&
		    ms_system_kernel_image(ctx, NULL, release, &image) == 0)
			note_file(notes, image);
	} else if (stat(source, &st) == 0 && S_ISDIR(st.st_mode)) {
		note_directory(notes, source);
	} else {
		note_file(notes, source);
	}
}

void cli_trust_dates(struct cli *cli, const struct cli_args *args, const char *image)
{
	struct notes notes = {.cli = cli};
	time_t now = time(NULL);
	struct tm utc;

	if (!cli->verbose || cli->quiet || !gmtime_r(&now, &utc))
		return;
	strftime(notes.now, sizeof(notes.now), "%Y-%m-%dT%H:%M:%SZ", &utc);
	notes.list = cli_check(json_object_new_array());
	if (image)
		note_file(&notes, image);
	for (size_t i = 0; i < args->counts[CLI_OPT_TRUST]; i++)
		note_source(&notes, args->values[CLI_OPT_TRUST][i]);
	cli_doc_add(cli, "notes", notes.list);
}
