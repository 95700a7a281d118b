// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fuzzes the judge: the bytes are a signature, judged by the rules of three kernels with a
 * key that the seeds are signed with. What must hold besides: the same question gets the
 * same answer, an answer is whole, trust always comes from the one key that is trusted,
 * and goes away with it.
 */
#include <string.h>

#include "../lib/judge/judge.h"
#include "require.h"
#include "trusted-cert.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const releases[] = { "6.1.0", "6.12.0", "7.3.0" };

enum { RELEASES = sizeof(releases) / sizeof(releases[0]) };

static struct ms_ctx *ctx;
static struct ms_keyring *keyring, *empty;
static struct ms_rules rules[RELEASES];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct ms_rules newest = ms_rules_default();
	struct ms_cert *cert = NULL;

	(void)argc;
	(void)argv;
	ctx = ms_ctx_new();
	keyring = ms_keyring_new();
	empty = ms_keyring_new();
	require(ctx && keyring && empty);
	require(ms_cert_parse(ctx, &newest, trusted_cert, sizeof(trusted_cert), &cert) == 0);
	require(ms_keyring_trust(ctx, keyring, cert) == 0);
	ms_cert_free(cert);
	for (size_t i = 0; i < RELEASES; i++) {
		rules[i] = ms_rules_default();
		require(ms_rules_set_release(ctx, &rules[i], releases[i]) == 0);
		rules[i].waive_authattrs_mldsa = i == 2;
	}
	return 0;
}

/* The kernel's errno; -1: undecided. */
static int judge(const struct ms_keyring *keys, const struct ms_rules *by,
		 const uint8_t *data, size_t size)
{
	struct ms_payload payload = { .data = (const uint8_t *)trusted_payload,
				      .len = sizeof(trusted_payload) - 1 };
	struct ms_judgement judgement;
	int error = -1;

	if (ms_cms_judge(ctx, keys, by, &payload, data, size, &judgement) == 0) {
		error = judgement.error;
		require(judgement.verdict == ms_verdict_of_errno(error));
		require(judgement.verdict != MS_VERDICT_UNDECIDED);
		require((judgement.vouched_by != NULL) == (error == 0));
		require((judgement.reason != NULL) == (error != 0));
		require(judgement.vouched ==
			(error == 0 ? MS_VOUCHER_SIGNATURE : MS_VOUCHER_NONE));
		if (error == 0)
			require(!strcmp(judgement.vouched_by, "R"));
	}
	ms_judgement_done(&judgement);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_signature_fields fields = { 0 };

	for (size_t i = 0; i < RELEASES; i++) {
		int error = judge(keyring, &rules[i], data, size);

		require(judge(keyring, &rules[i], data, size) == error);
		if (error == 0)
			require(judge(empty, &rules[i], data, size) != 0);
	}
	require(ms_cms_fields(ctx, data, size, &fields) == 0);
	ms_signature_fields_done(&fields);
	return 0;
}
