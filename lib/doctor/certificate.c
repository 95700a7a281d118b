/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Can the kernel verify what is signed with the key of a certificate: are its kind and the
 * digest algorithm there, and does the certificate allow signing code.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "../key/cert-usage.h"
#include "../judge/x509.h"
#include "../kconfig/kconfig.h"
#include "doctor.h"

MS_DEFINE_CLEANUP(cleanup_kconfig, struct ms_kconfig *, ms_kconfig_free)

/* The kernel's rules, as far as its release and configuration tell. */
static int make_rules(struct ms_doctor *doctor, struct ms_rules *ret)
{
	_cleanup_(cleanup_kconfig) struct ms_kconfig *config = NULL;
	int r = 0;

	*ret = ms_rules_default();
	if (doctor->config)
		r = ms_kconfig_read(doctor->ctx, doctor->config, &config);
	if (r == 0 && config)
		ms_rules_set_config(ret, config, true);
	return r < 0 || !doctor->release
		       ? r
		       : ms_rules_set_release(doctor->ctx, ret, doctor->release);
}

static int check_kind(struct ms_doctor *doctor, const char *what,
		      const struct ms_cert_info *info, const struct ms_rules *rules)
{
	_cleanup_(ms_cleanup_cert) struct ms_cert *cert = NULL;
	int r = ms_cert_parse(doctor->ctx, rules, info->der, info->der_len, &cert);

	if (r == -ENOMEM)
		return r;
	if (r == 0 && ms_cert_pkey(cert) != MS_PKEY_NONE && rules->pkey[ms_cert_pkey(cert)])
		return 0;
	return ms_doctor_found(doctor, "key-not-for-kernel", MS_SEVERITY_ERROR,
			       strdup("modseal key rotate --refresh always"),
			       "%s: kernel %s cannot verify signatures of a key of type %s",
			       what, doctor->release ? doctor->release : "", info->key_type);
}

/* shim and firmware heed it; a certificate without it may sign everything. */
static int check_usage(struct ms_doctor *doctor, const char *what,
		       const struct ms_cert_info *info)
{
	struct ms_cert_usage usage = { 0 };
	int r = ms_cert_usage(doctor->ctx, info->der, info->der_len, &usage);

	if (r < 0) {
		ms_fail_clear(doctor->ctx);
		return 0; /* whether it can be used is told elsewhere */
	}
	if (usage.has_extended && !usage.code_signing && !usage.module_signing)
		r = ms_doctor_found(doctor, "key-usage", MS_SEVERITY_WARNING,
				    strdup("modseal key new --code-signing"),
				    "%s: the certificate's extendedKeyUsage does not allow "
				    "signing code",
				    what);
	if (r == 0 && usage.has_usage && !usage.digital_signature)
		r = ms_doctor_found(doctor, "key-usage", MS_SEVERITY_WARNING,
				    strdup("modseal key new"),
				    "%s: the certificate's keyUsage does not allow digital "
				    "signatures",
				    what);
	return r;
}

int ms_doctor_certificate(struct ms_doctor *doctor, const char *what,
			  const struct ms_cert_info *cert, enum ms_hash hash)
{
	struct ms_rules rules;
	int r = make_rules(doctor, &rules);

	r = r < 0 ? r : check_kind(doctor, what, cert, &rules);
	r = r < 0 ? r : check_usage(doctor, what, cert);
	if (r < 0 || hash == MS_HASH_NONE || rules.hash[hash])
		return r;
	return ms_doctor_found(doctor, "hash-not-for-kernel", MS_SEVERITY_ERROR,
			       strdup("modseal key rotate --refresh always"),
			       "%s: it signs with %s, which kernel %s does not have", what,
			       ms_hash_name(hash), doctor->release ? doctor->release : "");
}

/* One key can be in several topics. */
static bool was_said(const struct ms_doctor *doctor, const char *id, const char *path)
{
	for (size_t i = 0; i < doctor->findings.count; i++)
		if (strcmp(doctor->findings.list[i].id, id) == 0 &&
		    strstr(doctor->findings.list[i].message, path))
			return true;
	return false;
}

int ms_doctor_key_mode(struct ms_doctor *doctor, const char *path)
{
	_cleanup_free_ char *word = ms_shell_word(path);
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) == 0 ||
	    was_said(doctor, "key-mode", path))
		return 0;
	return ms_doctor_found(doctor, "key-mode", MS_SEVERITY_ERROR,
			       word ? ms_format("chmod 600 %s", word) : NULL,
			       "private key '%s' can be read or changed by others: mode %04o",
			       path, (unsigned)st.st_mode & 07777);
}
