/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The key store: what is wrong with it, and whether the kernel takes what is signed with
 * its current generation, or with an older one.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <modseal/keystore.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "doctor.h"

MS_DEFINE_CLEANUP(cleanup_store, struct ms_keystore *, ms_keystore_free)

static int report_store(struct ms_doctor *doctor, const struct ms_keystore *store)
{
	const char *fault, *hint = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && (fault = ms_keystore_fault(store, i, &hint)); i++)
		r = ms_doctor_found(doctor, "key-store", MS_SEVERITY_ERROR,
				    hint ? strdup(hint) : NULL, "key store '%s': %s",
				    ms_keystore_path(store), fault);
	return r;
}

static int report_generation(struct ms_doctor *doctor, const struct ms_generation *generation)
{
	int r = 0;

	for (size_t i = 0; i < generation->n_faults && r == 0; i++)
		r = ms_doctor_found(doctor, "key-generation", MS_SEVERITY_ERROR,
				    generation->hints && generation->hints[i]
					    ? strdup(generation->hints[i])
					    : NULL,
				    "key generation %s: %s", generation->name,
				    generation->faults[i]);
	return r;
}

/* The newest generation that the kernel trusts. */
static const struct ms_generation *trusted_one(struct ms_doctor *doctor,
					       const struct ms_keystore *store)
{
	for (size_t i = 0; i < ms_keystore_count(store); i++) {
		const struct ms_generation *generation = ms_keystore_at(store, i);

		if (generation->whole && generation->info &&
		    ms_doctor_trusts(doctor, generation->info) == MS_DOCTOR_TRUSTED)
			return generation;
	}
	return NULL;
}

static int not_trusted(struct ms_doctor *doctor, const struct ms_keystore *store,
		       const struct ms_generation *current)
{
	_cleanup_free_ char *word = ms_shell_word(ms_keystore_path(store));
	_cleanup_free_ char *release = ms_shell_word(doctor->release);
	const struct ms_generation *other = trusted_one(doctor, store);

	if (!word || !release)
		return ms_fail_nomem(doctor->ctx);
	if (other)
		return ms_doctor_found(
			doctor, "key-of-another-kernel", MS_SEVERITY_WARNING,
			ms_format("modseal sign --store %s --for-kernel %s PATH", word,
				  release),
			"kernel %s does not trust the current key generation %s, but %s",
			doctor->release, current->name, other->name);
	return ms_doctor_found(doctor, "key-not-trusted", MS_SEVERITY_ERROR,
			       ms_format("modseal key enroll --mok --store %s", word),
			       "kernel %s trusts no key generation of '%s'", doctor->release,
			       ms_keystore_path(store));
}

static int check_trust(struct ms_doctor *doctor, const struct ms_keystore *store,
		       const struct ms_generation *current)
{
	switch (ms_doctor_trusts(doctor, current->info)) {
	case MS_DOCTOR_TRUSTED:
		return ms_doctor_found(doctor, "key-trusted", MS_SEVERITY_INFO, NULL,
				       "kernel %s trusts the current key generation %s",
				       doctor->release, current->name);
	case MS_DOCTOR_REVOKED:
		return ms_doctor_found(doctor, "key-revoked", MS_SEVERITY_ERROR,
				       strdup("modseal key rotate --refresh always"),
				       "the certificate of key generation %s is revoked",
				       current->name);
	case MS_DOCTOR_NOT_TRUSTED:
		return not_trusted(doctor, store, current);
	case MS_DOCTOR_UNKNOWN:
		break;
	}
	return ms_doctor_found(doctor, "key-trust-unknown", MS_SEVERITY_UNKNOWN, NULL,
			       "whether kernel %s trusts key generation %s is not known",
			       doctor->release, current->name);
}

static int check_current(struct ms_doctor *doctor, const struct ms_keystore *store)
{
	const struct ms_generation *current = NULL;
	_cleanup_free_ char *what = NULL;
	int r = ms_keystore_current(doctor->ctx, store, &current);

	if (r < 0) { /* said among the store's faults */
		ms_fail_clear(doctor->ctx);
		return r == -ENOMEM ? r : 0;
	}
	what = ms_format("key generation %s", current->name);
	if (!what)
		return ms_fail_nomem(doctor->ctx);
	if (!doctor->release || !current->info)
		return 0;
	r = check_trust(doctor, store, current);
	return r < 0 ? r
		     : ms_doctor_certificate(doctor, what, current->info, current->hash);
}

static int check_store(struct ms_doctor *doctor, const char *path)
{
	_cleanup_(cleanup_store) struct ms_keystore *store = NULL;
	int r = ms_keystore_open(doctor->ctx, path, false, &store);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return ms_doctor_found(doctor, "key-store-unknown", MS_SEVERITY_UNKNOWN,
				       r == -EACCES ? strdup("sudo modseal doctor") : NULL,
				       "%s", ms_ctx_message(doctor->ctx));
	r = report_store(doctor, store);
	for (size_t i = 0; i < ms_keystore_count(store) && r == 0; i++)
		r = report_generation(doctor, ms_keystore_at(store, i));
	return r < 0 ? r : check_current(doctor, store);
}

bool ms_doctor_store_of_trusts(struct ms_doctor *doctor, const char *cert)
{
	_cleanup_(cleanup_store) struct ms_keystore *store = NULL;
	_cleanup_free_ char *path = strdup(cert);
	bool trusted;

	for (int i = 0; i < 2 && path; i++) { /* STORE/GENERATION/CERT */
		char *slash = strrchr(path, '/');

		if (!slash || slash == path)
			return false;
		*slash = '\0';
	}
	trusted = path && ms_keystore_open(doctor->ctx, path, false, &store) == 0 &&
		  trusted_one(doctor, store);
	ms_fail_clear(doctor->ctx);
	return trusted;
}

int ms_doctor_keys(struct ms_doctor *doctor)
{
	const char *name = doctor->store ? doctor->store : MS_SYSTEM_KEY_STORE;
	_cleanup_free_ char *path = NULL;
	int r;

	if (!ms_doctor_exists(doctor, name))
		return ms_doctor_found(doctor, "no-key-store",
				       doctor->store ? MS_SEVERITY_ERROR : MS_SEVERITY_INFO,
				       strdup("modseal key new"),
				       "there is no key store '%s%s'", doctor->root, name);
	r = ms_doctor_path(doctor, name, &path);
	return r < 0 ? r : check_store(doctor, path);
}
