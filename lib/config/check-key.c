/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The key that the build signs modules with: CONFIG_MODULE_SIG_KEY, and which kind of key
 * the build makes where it is the default (certs/Kconfig, certs/Makefile,
 * scripts/Makefile.modinst of Linux).
 */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <modseal/secret.h>
#include <modseal/sign.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "trusted-keys.h"

#define DEFAULT_KEY "certs/signing_key.pem"

MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)
MS_DEFINE_CLEANUP(cleanup_signer, struct ms_signer *, ms_signer_free)

/* The type that the build makes, where it is to make a key; of several the last. */
static const struct ms_key_type *chosen(struct ms_check *check, size_t *ret_count)
{
	const struct ms_key_type *type, *last = NULL;

	*ret_count = 0;
	for (size_t i = 0; (type = ms_key_type_at(i)); i++)
		if (type->is_built && ms_check_yes(check, type->config)) {
			last = type;
			++*ret_count;
		}
	return last;
}

/* ML-DSA: OpenSSL before 4.0 makes signed attributes, which this kernel would refuse. */
static int check_mldsa(struct ms_check *check, const struct ms_key_type *type)
{
	if (type->family != MS_KEY_MLDSA)
		return 0;
	if (!ms_check_yes(check, "PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA") &&
	    ms_check_yes(check, "MODULE_SIG_ALL"))
		return ms_check_found(
			check, "mldsa-attributes", MS_SEVERITY_ERROR,
			ms_check_set(check, "PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA=y"),
			"the build signs with ML-DSA: with OpenSSL before 4.0 that makes "
			"signed attributes, which this kernel refuses (modseal makes none)");
	if (!ms_check_yes(check, "OPENSSL_SUPPORTS_ML_DSA") && !check->installed)
		return ms_check_found(check, "mldsa-openssl", MS_SEVERITY_ERROR, NULL,
				      "CONFIG_%s is set, and the OpenSSL of this "
				      "configuration has no ML-DSA: 3.5 is the first",
				      type->config);
	return 0;
}

/* certs/Kconfig: depends on !(MODULE_SIG_SHA256 || MODULE_SIG_SHA3_256), since 6.7 */
static int check_kind_and_hash(struct ms_check *check, const struct ms_key_type *type)
{
	bool sha256 = ms_check_yes(check, "MODULE_SIG_SHA256");

	if (type->family != MS_KEY_ECDSA ||
	    (check->version && check->version < MS_CHECK_LINUX(6, 7)) ||
	    (!sha256 && !ms_check_yes(check, "MODULE_SIG_SHA3_256")))
		return 0;
	return ms_check_found(check, "key-type-hash", MS_SEVERITY_ERROR,
			      ms_check_set(check,
					   "%s=n MODULE_SIG_SHA384=y "
					   "MODULE_SIG_HASH=sha384 CRYPTO_SHA512=y",
					   sha256 ? "MODULE_SIG_SHA256"
						  : "MODULE_SIG_SHA3_256"),
			      "an ECDSA key (P-384) is to be made, and modules signed with "
			      "%s: Linux's build wants SHA-384 or more for it",
			      sha256 ? "sha256" : "sha3-256");
}

static int check_kind(struct ms_check *check, const struct ms_key_type **ret)
{
	size_t count;
	int r;

	*ret = chosen(check, &count);
	if (count > 1)
		return ms_check_found(check, "key-type-choice", MS_SEVERITY_ERROR, NULL,
				      "%zu kinds of signing keys are chosen at once", count);
	if (!*ret)
		return 0;
	r = check_mldsa(check, *ret);
	return r < 0 ? r : check_kind_and_hash(check, *ret);
}

static int check_mode(struct ms_check *check, const char *path)
{
	_cleanup_free_ char *word = ms_shell_word(path);
	struct stat st;

	if (stat(path, &st) < 0 || (st.st_mode & 077) == 0)
		return 0;
	return ms_check_found(check, "key-mode", MS_SEVERITY_ERROR,
			      word ? ms_format("chmod 600 %s", word) : NULL,
			      "private key '%s' can be read by others: mode %04o", path,
			      (unsigned)st.st_mode & 07777);
}

static int check_type(struct ms_check *check, const char *path, const char *key_type,
		      const struct ms_key_type *wanted)
{
	const struct ms_key_type *type = ms_key_type_like(key_type);
	int r = ms_check_key_algorithm(check, "key-algorithm", "the signing key", key_type);

	/* whatever the size or the curve, that is */
	if (r < 0 || !type || !wanted || strcmp(type->config, wanted->config) == 0)
		return r;
	return ms_check_found(check, "key-type-contradiction", MS_SEVERITY_ERROR,
			      ms_check_set(check, "%s=n %s=y %s=y", wanted->config,
					   type->config, type->crypto),
			      "CONFIG_%s is set, and the key in '%s' is %s",
			      wanted->config, path, key_type);
}

/* Of a key whose passphrase nobody gives here, the certificate says the type. */
static int check_by_certificate(struct ms_check *check, const char *path,
				const struct ms_key_type *wanted)
{
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	int r = ms_cert_list_read(check->ctx, path, &list);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return ms_check_found(check, "key-unusable", MS_SEVERITY_ERROR, NULL,
				      "%s", ms_ctx_message(check->ctx));
	return check_type(check, path, ms_cert_list_at(list, 0)->key_type, wanted);
}

static int check_content(struct ms_check *check, const char *path,
			 const struct ms_key_type *wanted)
{
	const struct ms_signer_options options = {sizeof(options), .key = path};
	_cleanup_(cleanup_signer) struct ms_signer *signer = NULL;
	int r = ms_signer_open(check->ctx, &options, &signer);

	if (r == -ENOMEM)
		return r;
	if (r == -ENOKEY || r == -EOPNOTSUPP)
		return check_by_certificate(check, path, wanted);
	if (r < 0)
		return ms_check_found(check, "key-unusable", MS_SEVERITY_ERROR, NULL,
				      "%s", ms_ctx_message(check->ctx));
	return check_type(check, path, ms_signer_key_type(signer), wanted);
}

static int check_file(struct ms_check *check, const char *value,
		      const struct ms_key_type *wanted)
{
	bool is_default = strcmp(value, DEFAULT_KEY) == 0;
	_cleanup_free_ char *path = NULL;
	int r = ms_config_file_path(check->ctx, ms_config_edit_path(check->edit), value,
				    &path);

	if (r < 0)
		return r;
	if (access(path, R_OK) == 0) {
		r = check_mode(check, path);
		return r < 0 ? r : check_content(check, path, wanted);
	}
	if (errno == ENOENT && is_default)
		return ms_check_found(check, "key-made-by-build", MS_SEVERITY_INFO, NULL,
				      "the build makes its own signing key");
	if (errno == ENOENT)
		return ms_check_found(check, "key-missing", MS_SEVERITY_ERROR,
				      ms_check_set(check, "MODULE_SIG_KEY=" DEFAULT_KEY),
				      "CONFIG_MODULE_SIG_KEY names '%s', which is not there",
				      path);
	return ms_check_found(check, "key-unreadable", MS_SEVERITY_UNKNOWN, NULL,
			      "the signing key '%s' cannot be read: %s", path,
			      strerror(errno));
}

/* scripts/Makefile.modinst would hand the name of a directory to sign-file. */
static int check_empty(struct ms_check *check)
{
	if (!ms_check_yes(check, "MODULE_SIG_ALL"))
		return 0;
	return ms_check_found(check, "key-empty", MS_SEVERITY_ERROR,
			      ms_check_set(check, "MODULE_SIG_KEY=" DEFAULT_KEY),
			      "CONFIG_MODULE_SIG_ALL is set, and CONFIG_MODULE_SIG_KEY "
			      "names no key to sign with");
}

int ms_check_key(struct ms_check *check)
{
	const char *value = ms_check_value(check, "MODULE_SIG_KEY");
	const struct ms_key_type *kind = NULL;
	int r;

	if (!ms_check_yes(check, "MODULE_SIG"))
		return 0;
	r = check_kind(check, &kind);
	if (r < 0 || check->installed)
		return r;
	if (!value)
		value = DEFAULT_KEY;
	if (!*value || strcmp(value, "n") == 0)
		return check_empty(check);
	if (ms_holds_pin(value))
		return ms_check_found(
			check, "key-holds-pin", MS_SEVERITY_ERROR, NULL,
			"CONFIG_MODULE_SIG_KEY holds a PIN (pin-value), for "
			"all to read: the build takes it from "
			"$KBUILD_SIGN_PIN");
	if (ms_is_pkcs11(value))
		return ms_check_found(check, "key-in-token", MS_SEVERITY_INFO, NULL,
				      "the signing key is in a token, which was not looked "
				      "at");
	return check_file(check, value, kind);
}
