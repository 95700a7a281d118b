// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fuzzes the certificate parser by the rules of three kernels. What must hold besides: a
 * certificate lies in the bytes given, its parts lie in it, and parsed again alone it is
 * the same; a keyring finds it again and adds it once.
 */
#include <string.h>

#include "../lib/judge/keyring.h"
#include "require.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const releases[] = { "6.1.0", "6.12.0", "7.3.0" };

enum { RELEASES = sizeof(releases) / sizeof(releases[0]) };

static struct ms_ctx *ctx;
static struct ms_rules rules[RELEASES];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	ctx = ms_ctx_new();
	require(ctx);
	for (size_t i = 0; i < RELEASES; i++) {
		rules[i] = ms_rules_default();
		require(ms_rules_set_release(ctx, &rules[i], releases[i]) == 0);
	}
	return 0;
}

static void require_part(struct ms_bytes whole, struct ms_bytes part)
{
	require(part.data >= whole.data && part.len <= whole.len &&
		(size_t)(part.data - whole.data) <= whole.len - part.len);
}

static void check_parts(const struct ms_cert *cert)
{
	struct ms_bytes der = ms_cert_der(cert), skid = ms_cert_skid(cert);

	require_part(der, ms_cert_tbs(cert));
	require_part(der, ms_cert_raw_issuer(cert));
	require_part(der, ms_cert_raw_subject(cert));
	require_part(der, ms_cert_raw_serial(cert));
	if (skid.len > 0)
		require_part(der, skid);
	require(ms_cert_pkey(cert) > MS_PKEY_NONE && ms_cert_pkey(cert) < MS_PKEY_COUNT);
	require(ms_cert_subject_name(cert) && ms_cert_issuer_name(cert));
}

static void check_keyring(struct ms_cert *cert)
{
	struct ms_keyring *keyring = ms_keyring_new();

	require(keyring);
	require(ms_keyring_trust(ctx, keyring, cert) == 0);
	require(ms_keyring_trust(ctx, keyring, cert) == 0);
	require(ms_keyring_count(keyring) == 1 && ms_keyring_cert(keyring, 0) == cert);
	ms_keyring_free(keyring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < RELEASES; i++) {
		struct ms_cert *cert = NULL, *again = NULL;
		struct ms_bytes der;

		if (ms_cert_parse(ctx, &rules[i], data, size, &cert) < 0)
			continue;
		der = ms_cert_der(cert);
		require(der.len <= size && !memcmp(der.data, data, der.len));
		check_parts(cert);
		require(ms_cert_parse(ctx, &rules[i], der.data, der.len, &again) == 0);
		require(ms_cert_der(again).len == der.len);
		check_keyring(cert);
		ms_cert_free(again);
		ms_cert_free(cert);
	}
	return 0;
}
