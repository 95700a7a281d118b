/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The certificate that DKMS was set up with, by its sum.
 *
 * DKMS makes a key and a certificate of its own, and writes over what is there, where one
 * of the two files that it is told of is missing. What it signs then would pass for well
 * signed, since the certificate under that name is the key's; only no kernel trusts it.
 */

#include "../../cli/dkms/dkms.h"

#include <string.h>

#include <modseal/cert.h>

#include "../../cli/cleanup.h"

char *dkms_pin(struct cli *cli, const char *root, const char *path)
{
	_cleanup_(cli_free_cert_list) struct ms_cert_list *list = NULL;
	_cleanup_string_ char *full = cli_format("%s%s", root, path);

	if (ms_cert_list_read(cli->ctx, full, &list) < 0)
		return NULL;
	return cli_format("%s:%s", ms_cert_list_at(list, 0)->sha256, path);
}

int dkms_check_pin(struct cli *cli, const struct dkms_settings *settings,
		   const char *root, const char *path)
{
	const char *colon = settings->pinned ? strchr(settings->pinned, ':') : NULL;
	_cleanup_string_ char *pin = NULL;
	_cleanup_string_ char *text = NULL;

	if (!colon || strcmp(colon + 1, path) != 0)
		return CLI_YES;
	pin = dkms_pin(cli, root, path);
	if (!pin)
		return cli_error_ctx(cli);
	if (strcmp(pin, settings->pinned) == 0)
		return CLI_YES;
	text = cli_format(
		"the certificate in '%s' is not the one that DKMS was set up with", path);
	return cli_error_text(
		cli, text,
		"DKMS makes new ones where key or certificate is not there; "
		"put them back, or say that these are meant: "
		"modseal dkms setup -k KEY -c CERT");
}
