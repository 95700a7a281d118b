/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the kernel trusts: certificates in its image and of the machine's owner, less what
 * either revokes. Made once, when it is first asked for; what cannot be known of it makes
 * every answer unknown.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../judge/lookup.h"
#include "../trust/trust.h"
#include "doctor.h"

MS_DEFINE_CLEANUP(cleanup_trust, struct ms_trust *, ms_trust_free)

int ms_doctor_keep(struct ms_doctor *doctor, struct ms_cert_list *list, bool revoked)
{
	if (doctor->n_lists == MS_DOCTOR_LISTS) {
		ms_cert_list_free(list);
		return ms_fail(doctor->ctx, -EINVAL, "too many lists of certificates");
	}
	doctor->lists[doctor->n_lists++] =
		(struct ms_doctor_list){ .certs = list, .revoked = revoked };
	return 0;
}

static int fill(struct ms_doctor *doctor, struct ms_trust *trust)
{
	int r = 0;

	if (doctor->config)
		r = ms_trust_set_config(doctor->ctx, trust, doctor->config);
	r = r < 0 ? r : ms_trust_set_release(doctor->ctx, trust, doctor->release);
	r = r < 0 ? r
		  : ms_trust_add_kernel_of(doctor->ctx, trust, doctor->system,
					   doctor->image);
	if (r == -ENOKEY) { /* an image without certificates trusts nobody */
		ms_fail_clear(doctor->ctx);
		r = 0;
	}
	return r < 0 ? r : ms_trust_add_machine(doctor->ctx, trust, doctor->system);
}

int ms_doctor_trust(struct ms_doctor *doctor, const struct ms_trust **ret)
{
	_cleanup_(cleanup_trust) struct ms_trust *trust = NULL;
	int r;

	if (!doctor->trust_known || !doctor->image)
		return ms_fail(doctor->ctx, -ENOENT,
			       "not all that kernel %s trusts is known", doctor->release);
	if (!doctor->trust) {
		trust = ms_trust_new();
		r = trust ? fill(doctor, trust) : ms_fail_nomem(doctor->ctx);
		if (r < 0)
			return r;
		doctor->trust = ms_steal(&trust);
	}
	*ret = doctor->trust;
	return 0;
}

static bool same_key(const struct ms_cert_info *a, const struct ms_cert_info *b)
{
	return strcmp(a->sha256, b->sha256) == 0 ||
	       (a->skid && b->skid && strcmp(a->skid, b->skid) == 0 &&
		strcmp(a->key_type, b->key_type) == 0);
}

/* By the lists: is the certificate, or another one of its key, trusted or revoked. */
static enum ms_doctor_trusted by_lists(const struct ms_doctor *doctor,
				       const struct ms_cert_info *cert)
{
	enum ms_doctor_trusted found = MS_DOCTOR_NOT_TRUSTED;

	for (size_t i = 0; i < doctor->n_lists; i++) {
		const struct ms_doctor_list *list = &doctor->lists[i];

		for (size_t j = 0; j < ms_cert_list_count(list->certs); j++) {
			const struct ms_cert_info *other =
				ms_cert_list_at(list->certs, j);

			if (!same_key(cert, other))
				continue;
			if (list->revoked || other->place == MS_CERT_REVOKED)
				return MS_DOCTOR_REVOKED;
			found = MS_DOCTOR_TRUSTED;
		}
	}
	return found;
}

/* Revocations name certificates by the digest of what was signed of them, too. */
static enum ms_doctor_trusted by_digest(struct ms_doctor *doctor,
					const struct ms_cert_info *info)
{
	_cleanup_(ms_cleanup_cert) struct ms_cert *cert = NULL;
	struct ms_rules rules = ms_rules_default();
	const struct ms_trust *trust = NULL;
	bool revoked = false;
	int r = ms_doctor_trust(doctor, &trust);

	/* what kind of key the kernel takes is asked elsewhere */
	r = r < 0 ? r
		  : ms_cert_parse(doctor->ctx, &rules, info->der, info->der_len, &cert);
	r = r < 0 ? r
		  : ms_keyring_check_tbs(doctor->ctx, ms_trust_keyring(trust), cert,
					 &revoked);
	if (r < 0) {
		ms_fail_clear(doctor->ctx);
		return MS_DOCTOR_UNKNOWN;
	}
	return revoked ? MS_DOCTOR_REVOKED : MS_DOCTOR_TRUSTED;
}

enum ms_doctor_trusted ms_doctor_trusts(struct ms_doctor *doctor,
					const struct ms_cert_info *cert)
{
	enum ms_doctor_trusted found = by_lists(doctor, cert);

	if (found == MS_DOCTOR_REVOKED)
		return found;
	if (!doctor->trust_known)
		return MS_DOCTOR_UNKNOWN;
	return found == MS_DOCTOR_TRUSTED ? by_digest(doctor, cert) : found;
}
