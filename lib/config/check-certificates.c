/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The files of certificates that a configuration names: trusted and revoked ones
 * (certs/Kconfig), out of which certs/extract-cert.c takes all PEM blocks that are
 * certificates, and the list of revoked hashes.
 */

#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buffer.h"
#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "../image/image.h"
#include "trusted-keys.h"

enum { MAX_PEM = 1 << 20 };

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

/* A symbol that names a file of certificates. */
struct named {
	const char *symbol; /* "SYSTEM_TRUSTED_KEYS" */
	const char *needs;  /* without which the file is not looked at */
	const char *value;  /* NULL: none is named */
	char *path;
	struct ms_cert_list *certs; /* NULL: could not be read */
};

static void named_done(struct named *named)
{
	free(named->path);
	ms_cert_list_free(named->certs);
}

static char *mend_forget(const struct ms_check *check, const struct named *named)
{
	return ms_check_set(check, "%s=", named->symbol);
}

/* The command that makes a PEM file of the certificates alone and names that. */
static char *mend_extract(const struct ms_check *check, const struct named *named)
{
	_cleanup_free_ char *from = ms_shell_word(named->path);
	_cleanup_free_ char *to = ms_format("%s.certs.pem", named->path);
	_cleanup_free_ char *word = to ? ms_shell_word(to) : NULL;
	_cleanup_free_ char *set =
		word ? ms_check_set(check, "%s=%s", named->symbol, word) : NULL;

	return from && set ? ms_format("modseal certs %s -o %s && %s", from, word, set)
			   : NULL;
}

static int not_read(struct ms_check *check, const struct named *named, int error)
{
	if (error == -ENOENT)
		return ms_check_found(check, "certificates-missing", MS_SEVERITY_ERROR,
				      mend_forget(check, named),
				      "CONFIG_%s names '%s', which is not there",
				      named->symbol, named->path);
	if (error == -EACCES || error == -EPERM)
		return ms_check_found(check, "certificates-unreadable",
				      MS_SEVERITY_UNKNOWN, NULL, "CONFIG_%s: %s",
				      named->symbol, ms_ctx_message(check->ctx));
	return error == -ENOMEM ? error
				: ms_check_found(check, "certificates-corrupt",
						 MS_SEVERITY_ERROR,
						 mend_forget(check, named),
						 "CONFIG_%s: %s", named->symbol,
						 ms_ctx_message(check->ctx));
}

static int check_form(struct ms_check *check, const struct named *named,
		      const struct ms_buf *file)
{
	int r = 0;

	if (file->data[0] == 0x30)
		r = ms_check_found(check, "certificates-der", MS_SEVERITY_ERROR,
				   mend_extract(check, named),
				   "CONFIG_%s names '%s', which is DER: the build reads PEM "
				   "only",
				   named->symbol, named->path);
	if (r == 0 && ms_pem_has_private_key(file->data, file->len))
		r = ms_check_found(check, "certificates-private-key", MS_SEVERITY_WARNING,
				   mend_extract(check, named),
				   "CONFIG_%s names '%s', which holds a private key, too",
				   named->symbol, named->path);
	return r;
}

static int read_named(struct ms_check *check, struct named *named)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	_cleanup_(ms_buf_wipe) struct ms_buf file = { 0 };
	int r = ms_file_read(check->ctx, named->path, MAX_PEM, &file);

	r = r < 0 ? r
		  : ms_source_parse(check->ctx, file.data, file.len, named->path, &source);
	if (r == 0 && source->kind != MS_SOURCE_CERTIFICATES)
		r = ms_fail(check->ctx, -EBADMSG, "'%s' is no file of certificates",
			    named->path);
	r = r < 0 ? r : ms_cert_list_of(check->ctx, named->path, source, &named->certs);
	return r < 0 ? not_read(check, named, r) : check_form(check, named, &file);
}

static int check_needed(struct ms_check *check, const struct named *named)
{
	if (ms_check_yes(check, named->needs))
		return 0;
	return ms_check_found(check, "certificates-unused", MS_SEVERITY_ERROR,
			      ms_check_set(check, "%s=y", named->needs),
			      "CONFIG_%s is given, and CONFIG_%s is not set: the "
			      "certificates are not built in",
			      named->symbol, named->needs);
}

static int look(struct ms_check *check, struct named *named)
{
	int r;

	named->value = ms_check_text(check, named->symbol);
	if (!named->value)
		return 0;
	r = check_needed(check, named);
	if (r < 0 || check->installed)
		return r;
	r = ms_config_file_path(check->ctx, ms_config_edit_path(check->edit), named->value,
				&named->path);
	return r < 0 ? r : read_named(check, named);
}

static int check_trusted(struct ms_check *check, const struct named *trusted)
{
	size_t count = trusted->certs ? trusted->certs->count : 0;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct ms_cert_info *cert = &trusted->certs->certs[i];
		_cleanup_free_ char *what = ms_format("'%s'", cert->subject);

		if (!what)
			return ms_fail_nomem(check->ctx);
		if (!cert->kernel_can_use)
			r = ms_check_found(check, "trusted-unusable", MS_SEVERITY_ERROR,
					   NULL,
					   "no kernel takes the certificate of %s in '%s' "
					   "as a key",
					   what, trusted->path);
		else
			r = ms_check_key_algorithm(check, "trusted-algorithm", what,
						   cert->key_type);
		if (r == 0)
			r = ms_check_found(check, "trusted", MS_SEVERITY_INFO, NULL,
					   "trusted: %s, %s", cert->subject,
					   cert->key_type);
	}
	return r;
}

static bool is_in(const struct ms_cert_info *cert, const struct ms_cert_list *list)
{
	for (size_t i = 0; list && i < list->count; i++)
		if (strcmp(cert->sha256, list->certs[i].sha256) == 0)
			return true;
	return false;
}

static int check_both(struct ms_check *check, const struct named *trusted,
		      const struct named *revoked)
{
	size_t count = trusted->certs ? trusted->certs->count : 0;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		if (is_in(&trusted->certs->certs[i], revoked->certs))
			r = ms_check_found(check, "trusted-and-revoked", MS_SEVERITY_ERROR,
					   NULL, "'%s' is both trusted and revoked",
					   trusted->certs->certs[i].subject);
	return r;
}

static int check_hash_list(struct ms_check *check)
{
	const char *value = ms_check_text(check, "SYSTEM_BLACKLIST_HASH_LIST");
	_cleanup_free_ char *path = NULL;
	int r;

	if (!value || check->installed)
		return 0;
	r = ms_config_file_path(check->ctx, ms_config_edit_path(check->edit), value, &path);
	if (r < 0 || access(path, R_OK) == 0)
		return r;
	return ms_check_found(check, "hash-list-missing",
			      errno == ENOENT ? MS_SEVERITY_ERROR : MS_SEVERITY_UNKNOWN,
			      ms_check_set(check, "SYSTEM_BLACKLIST_HASH_LIST="),
			      "CONFIG_SYSTEM_BLACKLIST_HASH_LIST: cannot read '%s': %s", path,
			      strerror(errno));
}

/* A kernel that wants signatures and knows no key refuses every module. */
static int check_any(struct ms_check *check, const struct named *trusted)
{
	const char *key = ms_check_value(check, "MODULE_SIG_KEY");
	bool wanted = ms_check_yes(check, "MODULE_SIG_FORCE") ||
		      ms_check_yes(check, "LOCK_DOWN_KERNEL_FORCE_INTEGRITY") ||
		      ms_check_yes(check, "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY");

	/* modules that are known by their hashes need no certificate */
	if (!ms_check_yes(check, "MODULE_SIG") || ms_check_yes(check, "MODULE_HASHES") ||
	    !key || (*key && strcmp(key, "n") != 0) || trusted->value ||
	    ms_check_yes(check, "SYSTEM_EXTRA_CERTIFICATE") ||
	    ms_check_yes(check, "INTEGRITY_MACHINE_KEYRING"))
		return 0;
	return ms_check_found(check, "no-trusted-key",
			      wanted ? MS_SEVERITY_ERROR : MS_SEVERITY_WARNING,
			      ms_format("modseal config trust CERT %s", check->word),
			      "no certificate is built in: the kernel trusts no module");
}

int ms_check_certificates(struct ms_check *check)
{
	_cleanup_(named_done) struct named trusted = {
		.symbol = "SYSTEM_TRUSTED_KEYS", .needs = "SYSTEM_TRUSTED_KEYRING"
	};
	_cleanup_(named_done) struct named revoked = {
		.symbol = "SYSTEM_REVOCATION_KEYS", .needs = "SYSTEM_REVOCATION_LIST"
	};
	int r = look(check, &trusted);

	r = r < 0 ? r : look(check, &revoked);
	r = r < 0 ? r : check_trusted(check, &trusted);
	r = r < 0 ? r : check_both(check, &trusted, &revoked);
	r = r < 0 ? r : check_hash_list(check);
	return r < 0 ? r : check_any(check, &trusted);
}
