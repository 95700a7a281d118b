/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dkms.h"

#include "../memory.h"

int cli_dkms_settings(struct cli *cli, const struct ms_system *system, const char *release,
		      struct ms_dkms_settings **ret)
{
	if (ms_dkms_settings_read(cli->ctx, system, release, ret) < 0 ||
	    ms_dkms_settings_complete(cli->ctx, *ret) < 0)
		return cli_error_ctx(cli);
	return CLI_YES;
}

int cli_dkms_error(struct cli *cli, enum ms_dkms_fault fault)
{
	static const char *const hints[] = {
		[MS_DKMS_FAULT_PIN] =
			"put the PIN into a file, and name that: --pin-file FILE, or "
			"pin-source=FILE in the URI in pin-value's place",
		[MS_DKMS_FAULT_NO_FILE] =
			"'modseal key new' makes a key and its certificate",
		[MS_DKMS_FAULT_NO_PROGRAMS] =
			"'meson install' or the package puts them there; --libexec names "
			"another directory",
		[MS_DKMS_FAULT_CHANGED] =
			"DKMS makes new ones where key or certificate is not there; put "
			"them back, or say that these are meant: modseal dkms setup -k "
			"KEY -c CERT",
		[MS_DKMS_FAULT_UNKNOWN] =
			"say which are meant: modseal dkms setup -k KEY -c CERT, or "
			"--store DIR",
	};
	const char *hint = (size_t)fault < CLI_ARRAY_SIZE(hints) ? hints[fault] : NULL;

	if (!hint)
		return cli_error_ctx(cli);
	return cli_error_text(cli, ms_ctx_message(cli->ctx), hint);
}
