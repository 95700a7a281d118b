// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fuzzes the judgement of kernels with module hashes: the bytes are a module, the kernels
 * have a list or a root, and look at signatures or not. The rule is told once more, by the
 * kernel's steps with signed positions, and both must agree: on the error, on who vouched,
 * on what would be loaded. What a single signature or proof is worth is asked of the same
 * functions, which have fuzzers of their own.
 */
#include <string.h>

#include "../lib/module/module.h"
#include "require.h"
#include "trailer-rules.h"
#include "trusted-cert.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAYLOAD = sizeof(trusted_payload) - 1, UNDECIDED = -1 };

static struct ms_ctx *ctx;
static struct ms_keyring *keyring;
static struct ms_rules rules;
static uint8_t digests[1][32];
static struct ms_kernel_hashes kernels[2] = {
	{ .form = MS_HASHES_LIST, .list = digests, .count = 1, .capacity = 2 },
	{ .form = MS_HASHES_ROOT },
};

struct answer {
	int error; /* UNDECIDED: libcrypto cannot compute what this kernel could */
	enum ms_voucher vouched;
	int64_t loaded; /* where the walk has not ended in an error that is always one */
};

/* The kernels know the payload of the signature's seeds, as the only module. */
static void know_payload(void)
{
	uint8_t digest[MS_HASH_MAX_SIZE];
	struct ms_merkle *tree = NULL;
	ms_merkle_hash leaf;

	require(ms_hash_bytes(ctx, MS_HASH_SHA256, trusted_payload, PAYLOAD, digest) == 0);
	memcpy(digests[0], digest, sizeof(digests[0]));
	require(ms_merkle_leaf(ctx, 0, trusted_payload, PAYLOAD, leaf) == 0);
	require(ms_merkle_build(ctx, (const ms_merkle_hash *)&leaf, 1, &tree) == 0);
	kernels[1].root = ms_merkle_root_of(tree);
	ms_merkle_free(tree);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct ms_cert *cert = NULL;

	(void)argc;
	(void)argv;
	ctx = ms_ctx_new();
	keyring = ms_keyring_new();
	rules = ms_rules_default();
	require(ctx && keyring);
	require(ms_cert_parse(ctx, &rules, trusted_cert, sizeof(trusted_cert), &cert) == 0);
	require(ms_keyring_trust(ctx, keyring, cert) == 0);
	ms_cert_free(cert);
	know_payload();
	return 0;
}

static int signature_error(const uint8_t *data, int64_t len, const uint8_t *sig,
			   int64_t sig_len)
{
	struct ms_payload payload = { .data = data, .len = (size_t)len };
	struct ms_judgement judgement = { 0 };
	int error = UNDECIDED;

	if (ms_cms_judge(ctx, keyring, &rules, &payload, sig, (size_t)sig_len,
			 &judgement) == 0)
		error = judgement.error;
	ms_judgement_done(&judgement);
	return error;
}

static int proof_error(const uint8_t *data, int64_t len, const uint8_t *proof,
		       int64_t proof_len)
{
	int error = -1;

	require(ms_merkle_check(ctx, &kernels[1].root, proof, (size_t)proof_len, data,
				(size_t)len, &error) == 0);
	return error;
}

/* One trailer; *@len becomes what lies before it. */
static int trailer_error(const uint8_t *data, int64_t *len, bool root, bool signatures,
			 enum ms_voucher *vouched)
{
	int64_t info = *len - 40, sig_len;
	const uint8_t *ms = data + info;
	bool reserved;

	if (info <= 0)
		return EBADMSG;
	sig_len = (int64_t)ms[8] << 24 | ms[9] << 16 | ms[10] << 8 | ms[11];
	if (sig_len >= info)
		return EBADMSG;
	*len = info - sig_len;
	reserved = ms[0] | ms[1] | ms[3] | ms[4] | ms[5] | ms[6] | ms[7];
	if (ms[2] == 2 && signatures) {
		*vouched = MS_VOUCHER_SIGNATURE;
		return reserved ? EBADMSG
				: signature_error(data, *len, data + *len, sig_len);
	}
	if (ms[2] == 3 && root) {
		*vouched = MS_VOUCHER_MERKLE_ROOT;
		return reserved ? EBADMSG : proof_error(data, *len, data + *len, sig_len);
	}
	return ENOPKG;
}

static struct answer told(const uint8_t *data, size_t size, bool root, bool signatures)
{
	struct answer answer = { ENODATA, MS_VOUCHER_NONE, (int64_t)size };

	for (int n = 0; rules_errno(data, (size_t)answer.loaded) != -ENODATA; n++) {
		enum ms_voucher vouched = MS_VOUCHER_NONE;
		int error = n == 8 ? EBADMSG
				   : trailer_error(data, &answer.loaded, root, signatures,
						   &vouched);

		if (error == 0)
			return (struct answer){ 0, vouched, answer.loaded };
		if (error != ENODATA && error != ENOPKG && error != ENOKEY)
			return (struct answer){ error, MS_VOUCHER_NONE, -1 };
		if (n == 0)
			answer.error = error;
	}
	if (!root && answer.loaded == PAYLOAD && !memcmp(data, trusted_payload, PAYLOAD))
		return (struct answer){ 0, MS_VOUCHER_HASH_LIST, PAYLOAD };
	return answer;
}

static void check(const struct ms_buf *file, bool root, bool signatures)
{
	const struct ms_vouchers by = {
		.keyring = signatures ? keyring : NULL,
		.rules = &rules,
		.hashes = &kernels[root],
	};
	struct answer expected = told(file->data, file->len, root, signatures);
	struct ms_judgement judgement = { 0 };
	struct ms_module module = {
		.data = file->data,
		.len = file->len,
		.trailer = ms_trailer_read(file->data, file->len),
		.payload.data = file->data,
	};
	size_t loaded = 0;

	require(rules_places(file->data, file->len, &module.trailer));
	module.payload.len = module.trailer.payload_len;
	if (ms_module_judge_stacked(ctx, &module, &by, &judgement, &loaded) < 0) {
		require(expected.error == UNDECIDED);
		require(judgement.verdict == MS_VERDICT_UNDECIDED);
		return;
	}
	require(judgement.error == expected.error);
	require(judgement.verdict == ms_verdict_of_errno(expected.error));
	require(judgement.verdict != MS_VERDICT_UNDECIDED);
	require(judgement.vouched == expected.vouched);
	require((judgement.vouched_by != NULL) == (expected.error == 0));
	require((judgement.reason != NULL) == (expected.error != 0));
	require(expected.loaded < 0 || (int64_t)loaded == expected.loaded);
	ms_judgement_done(&judgement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_buf file = { 0 };

	require(ms_buf_append(&file, data, size) == 0);
	for (int i = 0; i < 4; i++)
		check(&file, i & 1, i & 2);
	ms_buf_done(&file);
	return 0;
}
