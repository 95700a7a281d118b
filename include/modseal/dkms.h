/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_DKMS_H
#define MODSEAL_DKMS_H

/*
 * DKMS: what it is configured to sign modules with.
 *
 * DKMS is a shell script. bash sources its configuration: /etc/dkms/framework.conf, then
 * the files /etc/dkms/framework.conf.d/\*.conf in the order of their names' bytes, which
 * is the shell's in the locale C. Nothing of it is run here. Assignments are read as bash
 * reads them, with quotes, comments, "+=", "export" and variables that stand in the same
 * file; what takes a shell to evaluate is unknown, and never guessed.
 */

#include <modseal/base.h>
#include <modseal/system.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The programs that DKMS calls to sign, and to check what it has built. */
#define MS_DKMS_SIGNER	"modseal-dkms-sign"
#define MS_DKMS_CHECKER "modseal-dkms-check"

/** Settings, by the names of their variables. */
enum ms_dkms_setting {
	/* DKMS's own: dkms(8) */
	MS_DKMS_SIGN_FILE,   /* sign_file: the program that signs */
	MS_DKMS_SIGNING_KEY, /* mok_signing_key: a file or a pkcs11: URI */
	MS_DKMS_CERTIFICATE, /* mok_certificate */
	MS_DKMS_SIGN_TOOL,   /* sign_tool, which no DKMS reads any more */
	/* of modseal, which counts in framework.conf.d/modseal.conf only */
	MS_DKMS_STORE,	     /* modseal_store: the key store that the key is of */
	MS_DKMS_PIN_FILE,    /* modseal_pin_file: it holds the key's passphrase or PIN */
	MS_DKMS_SET_UP_WITH, /* modseal_certificate: SHA256:PATH of the one set up */
};

/** What is known of a setting. */
enum ms_dkms_state {
	MS_DKMS_UNKNOWN = 0, /* it takes a shell to tell, or a file could not be read */
	MS_DKMS_UNSET,	     /* no file sets it */
	MS_DKMS_KNOWN,	     /* it is a text; one that is empty is as none to DKMS */
};

/** What DKMS's configuration says of signing. It does not change. */
struct ms_dkms_settings;

/**
 * Reads the configuration of the DKMS in @system; NULL: this one. @release: the kernel that modules are built for, which takes the place of
 * $kernelver; NULL: a value that has it is unknown.
 *
 * A file that is not there sets nothing. One that cannot be read (see
 * ms_dkms_settings_unread()), is larger than 1 MiB, or has a command in it that is no
 * assignment, makes all settings unknown that no later file sets again. So it is with all
 * of more than 1000 files, or of more than 16 MiB together.
 *
 * @ret: free with ms_dkms_settings_free(). Errors: -ENOMEM.
 */
MS_PUBLIC int ms_dkms_settings_read(struct ms_ctx *ctx, const struct ms_system *system,
				    const char *release, struct ms_dkms_settings **ret);

/** Frees @settings, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_dkms_settings *ms_dkms_settings_free(struct ms_dkms_settings *settings);

/** The name of the variable: "mok_signing_key". NULL: there is no such setting. */
MS_PUBLIC const char *ms_dkms_setting_name(enum ms_dkms_setting setting);

/** What is known of @setting. */
MS_PUBLIC enum ms_dkms_state
ms_dkms_setting_state(const struct ms_dkms_settings *settings,
		      enum ms_dkms_setting setting);

/**
 * The text of a setting that is known and not empty; else NULL. Owned by @settings, as all
 * that follows is. It may hold a PIN: see ms_holds_pin().
 */
MS_PUBLIC const char *ms_dkms_setting_text(const struct ms_dkms_settings *settings,
					   enum ms_dkms_setting setting);

/** Why a setting is unknown. */
struct ms_dkms_doubt;

/** The reason of an unknown setting, one of @settings; NULL: it is not unknown. */
MS_PUBLIC const struct ms_dkms_doubt *
ms_dkms_setting_doubt(const struct ms_dkms_settings *settings,
		      enum ms_dkms_setting setting);

/** The file, by its path in that system. */
MS_PUBLIC const char *ms_dkms_doubt_file(const struct ms_dkms_doubt *doubt);

/** The line, counted from 1; 0: the file as a whole. */
MS_PUBLIC size_t ms_dkms_doubt_line(const struct ms_dkms_doubt *doubt);

/** That line, of which the end may be cut off, and without a PIN; "": none. */
MS_PUBLIC const char *ms_dkms_doubt_source(const struct ms_dkms_doubt *doubt);

/** What cannot be read there, for a person: "a command's output". */
MS_PUBLIC const char *ms_dkms_doubt_reason(const struct ms_dkms_doubt *doubt);

/**
 * The @i-th file or directory that could not be read, by its path in that system; NULL
 * past the last. *@ret_error: why, a negative errno value: those of open and read; -EINVAL,
 * -EISDIR no regular file; -EFBIG larger than 1 MiB; -E2BIG too many files.
 */
MS_PUBLIC const char *ms_dkms_settings_unread(const struct ms_dkms_settings *settings,
					      size_t i, int *ret_error);

#ifdef __cplusplus
}
#endif
#endif
