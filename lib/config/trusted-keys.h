/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_CONFIG_TRUSTED_KEYS_H
#define MS_CONFIG_TRUSTED_KEYS_H

/* CONFIG_SYSTEM_TRUSTED_KEYS of a configuration: which certificates it stands for. */

#include <modseal/config.h>

#include "../files/file-set.h"
#include "../kconfig/kconfig-edit.h"

/** How a certificate is to be added. Set cert, the rest may be zero. */
struct ms_trusted_keys_change {
	const char *cert; /* a file of certificates, PEM or DER: all of them are added */
	/* the combined PEM file; NULL: `CONFIG.trusted.pem` beside the configuration */
	const char *output;
	/*
	 * Where no other certificate is left, name @cert itself by its absolute path, links
	 * resolved, and write no combined file. Only if it is PEM, which Linux's build wants.
	 */
	bool direct;
	const char *named; /* the path that @cert will have; NULL: the one it has */
	bool missing_ok; /* a file that is named and not there counts as empty */
	/* true: this certificate, which is not among those added, need not be trusted any
	 * longer; NULL: all are kept */
	bool (*drop)(void *userdata, const struct ms_cert_info *cert);
	void *userdata;
};

/**
 * The file that @value names, as Linux's build would find it from the directory of the
 * configuration @config: to free(). -ENOMEM.
 */
int ms_config_file_path(struct ms_ctx *ctx, const char *config, const char *value,
			char **ret);

/**
 * Adds certificates to CONFIG_SYSTEM_TRUSTED_KEYS in @edit, which is changed in memory
 * only: the caller stages it with ms_config_edit_stage() behind this. A combined PEM file
 * that has to be written is added to @files. Where all certificates are trusted already
 * and none is dropped, nothing changes.
 *
 * @ret: written on success only; free with ms_trusted_keys_done(). Errors as
 * ms_config_trust().
 */
int ms_trusted_keys_add(struct ms_ctx *ctx, struct ms_config_edit *edit,
			const struct ms_trusted_keys_change *change,
			struct ms_file_set *files, struct ms_config_trusted *ret);

void ms_trusted_keys_done(struct ms_config_trusted *trusted);

/** True where a file's content has a PEM block of a private key, of whatever kind. */
bool ms_pem_has_private_key(const void *data, size_t len);

#endif
