// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The judge, on signatures that the openssl command makes. What only a kernel can say is
 * asked of kernels, in tests/differential.py.
 */
#include "../../tests/unit.h"
#include "../../tests/unit-keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge.h"
#include "revoked.h"
#include "../key/signer.h"

static struct ms_ctx *ctx;
static struct ms_rules rules;
static char dir[] = "/tmp/modseal-judge-XXXXXX";
static const char payload_text[] = "what is signed\n";

__attribute__((format(printf, 1, 2))) static bool shell(const char *format, ...)
{
	char command[2048], line[2200];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "cd %s && { %s; } >log 2>&1", dir, command);
	return system(line) == 0;
}

struct blob {
	uint8_t *data;
	size_t len;
};

static struct blob slurp(const char *name)
{
	struct blob blob = { malloc(65536), 0 };
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(blob.data);
	blob.len = fread(blob.data, 1, 65536, file);
	fclose(file);
	return blob;
}

static struct ms_cert *cert_of(const char *name)
{
	struct ms_cert *cert = NULL;
	struct blob der = slurp(name);

	assert_int_equal(ms_cert_parse(ctx, &rules, der.data, der.len, &cert), 0);
	free(der.data);
	return cert;
}

static struct ms_keyring *trusting(const char *name)
{
	struct ms_keyring *keyring = ms_keyring_new();
	struct ms_cert *cert = cert_of(name);

	assert_non_null(keyring);
	assert_int_equal(ms_keyring_trust(ctx, keyring, cert), 0);
	ms_cert_free(cert);
	return keyring;
}

static struct ms_judgement judge_bytes(const struct ms_keyring *keyring, const char *text,
				       struct blob sig)
{
	struct ms_payload payload = { .data = (const uint8_t *)text,
				      .len = strlen(text) };
	struct ms_judgement judgement;

	assert_int_equal(ms_cms_judge(ctx, keyring, &rules, &payload, sig.data, sig.len,
				      &judgement),
			 0);
	assert_int_equal(judgement.verdict, ms_verdict_of_errno(judgement.error));
	assert_int_equal(judgement.vouched_by != NULL, judgement.error == 0);
	assert_int_equal(judgement.reason != NULL, judgement.error != 0);
	return judgement;
}

/* The kernel's errno for the signature in @name. */
static int judge(const struct ms_keyring *keyring, const char *text, const char *name)
{
	struct blob sig = slurp(name);
	struct ms_judgement judgement = judge_bytes(keyring, text, sig);
	int error = judgement.error;

	ms_judgement_done(&judgement);
	free(sig.data);
	return error;
}

/* Signs the payload with NAME.pem into sig. */
static void sign(const char *name, const char *options)
{
	assert_true(shell(
		"openssl cms -sign -binary -in payload -signer %s.crt -inkey %s.pem "
		"-outform DER -out sig %s",
		name, name, options));
}

#define PLAIN "-noattr -nocerts -md sha256 "

static void each_key_type_with_each_hash_is_trusted(void **state)
{
	static const char *const hashes[] = { "sha256", "sha384", "sha512", "sha1" };
	static const char *const keys[] = { "rsa", "p256", "p384", "p521" };
	char options[128], cert[32];

	(void)state;
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		struct ms_keyring *keyring;

		snprintf(cert, sizeof(cert), "%s.der", keys[k]);
		keyring = trusting(cert);
		for (size_t h = 0; h < sizeof(hashes) / sizeof(hashes[0]); h++) {
			snprintf(options, sizeof(options), "-noattr -nocerts -md %s",
				 hashes[h]);
			sign(keys[k], options);
			assert_int_equal(judge(keyring, payload_text, "sig"), 0);
			assert_int_equal(judge(keyring, "something else\n", "sig"),
					 EKEYREJECTED);
		}
		ms_keyring_free(keyring);
	}
}

static void a_trusted_signature_names_its_key(void **state)
{
	struct ms_keyring *keyring = trusting("rsa.der");
	struct ms_judgement judgement;
	struct blob sig;

	(void)state;
	sign("rsa", PLAIN);
	sig = slurp("sig");
	judgement = judge_bytes(keyring, payload_text, sig);
	assert_string_equal(judgement.vouched_by, "rsa");
	ms_judgement_done(&judgement);
	assert_int_equal(judgement.verdict, MS_VERDICT_UNDECIDED);
	free(sig.data);
	ms_keyring_free(keyring);
}

static void another_key_is_unknown(void **state)
{
	struct ms_keyring *keyring = trusting("p256.der");
	struct ms_keyring *empty = ms_keyring_new();

	(void)state;
	sign("rsa", PLAIN);
	assert_int_equal(judge(keyring, payload_text, "sig"), ENOKEY);
	assert_int_equal(judge(empty, payload_text, "sig"), ENOKEY);
	ms_keyring_free(keyring);
	ms_keyring_free(empty);
}

static void a_signer_is_found_by_its_key_identifier_too(void **state)
{
	struct ms_keyring *keyring = trusting("p384.der");

	(void)state;
	sign("p384", PLAIN "-keyid");
	assert_int_equal(judge(keyring, payload_text, "sig"), 0);
	ms_keyring_free(keyring);
}

static void signed_attributes_are_rejected_and_content_is_malformed(void **state)
{
	struct ms_keyring *keyring = trusting("rsa.der");

	(void)state;
	sign("rsa", "-nocerts -md sha256");
	assert_int_equal(judge(keyring, payload_text, "sig"), EKEYREJECTED);
	sign("rsa", PLAIN "-nodetach");
	assert_int_equal(judge(keyring, payload_text, "sig"), EBADMSG);
	ms_keyring_free(keyring);
}

static void a_missing_algorithm_is_unsupported_before_any_key_is_looked_for(void **state)
{
	struct ms_keyring *empty = ms_keyring_new();

	(void)state;
	sign("p256", PLAIN);
	rules.hash[MS_HASH_SHA256] = false;
	assert_int_equal(judge(empty, payload_text, "sig"), ENOPKG);
	rules = ms_rules_default();
	/* SHA3-256 instead, which 6.1 does not know */
	assert_true(shell("LC_ALL=C sed -i 's/\\x65\\x03\\x04\\x02\\x01/"
			  "\\x65\\x03\\x04\\x02\\x08/g' sig"));
	assert_int_equal(judge(empty, payload_text, "sig"), ENOKEY);
	assert_int_equal(ms_rules_set_release(ctx, &rules, "6.1.0"), 0);
	assert_int_equal(judge(empty, payload_text, "sig"), ENOPKG);
	rules = ms_rules_default();
	sign("p256", PLAIN);
	/* but the key's algorithm only matters once there is the key */
	rules.pkey[MS_PKEY_ECDSA_P256] = false;
	assert_int_equal(judge(empty, payload_text, "sig"), ENOKEY);
	rules = ms_rules_default();
	ms_keyring_free(empty);
}

static void a_chain_in_the_message_ends_at_a_trusted_key(void **state)
{
	struct ms_keyring *root = trusting("root.der");
	struct ms_keyring *other = trusting("p256.der");

	(void)state;
	sign("leaf", "-noattr -md sha256");
	assert_int_equal(judge(root, payload_text, "sig"), 0);
	assert_int_equal(judge(other, payload_text, "sig"), ENOKEY);
	/* and without the certificate nothing leads there */
	sign("leaf", PLAIN);
	assert_int_equal(judge(root, payload_text, "sig"), ENOKEY);
	/*
	 * a wrong signature by a certificate of the message is rejected, trusted or not
	 */
	sign("leaf", "-noattr -md sha256");
	assert_int_equal(judge(other, "something else\n", "sig"), EKEYREJECTED);
	ms_keyring_free(root);
	ms_keyring_free(other);
}

static void a_revoked_key_is_never_trusted(void **state)
{
	struct ms_keyring *keyring = trusting("rsa.der");
	struct ms_cert *cert = cert_of("rsa.der");

	(void)state;
	sign("rsa", PLAIN);
	assert_int_equal(ms_keyring_revoke(ctx, keyring, cert), 0);
	assert_int_equal(ms_keyring_settle(ctx, keyring), 0);
	assert_int_equal(judge(keyring, payload_text, "sig"), EKEYREJECTED);
	ms_cert_free(cert);
	ms_keyring_free(keyring);
}

static void revoke_cert(struct ms_keyring *keyring, const char *name)
{
	struct ms_cert *cert = cert_of(name);

	assert_int_equal(ms_keyring_revoke(ctx, keyring, cert), 0);
	assert_int_equal(ms_keyring_settle(ctx, keyring), 0);
	ms_cert_free(cert);
}

/* Both sign; of a set, the longer one's signature comes last, and ends the message. */
static void sign_by_two(const char *options)
{
	assert_true(shell("openssl cms -sign -binary -in payload -signer p256.crt -inkey "
			  "p256.pem -signer rsa.crt -inkey rsa.pem -outform DER -out sig %s",
			  options));
}

static void expect(const struct ms_keyring *keyring, struct blob sig, int error,
		   size_t warnings)
{
	struct ms_judgement judgement = judge_bytes(keyring, payload_text, sig);

	assert_int_equal(judgement.error, error);
	assert_int_equal(judgement.warnings.n, warnings);
	assert_int_equal(ms_judgement_is_good(&judgement), !error && !warnings);
	for (size_t i = 0; i < warnings; i++)
		assert_non_null(strstr(judgement.warnings.texts[i], "is revoked"));
	ms_judgement_done(&judgement);
	assert_int_equal(judgement.warnings.n, 0);
}

static void a_signer_who_only_pretends_hides_no_revoked_one(void **state)
{
	struct ms_keyring *keyring = trusting("p256.der");
	struct blob sig;

	(void)state;
	sign_by_two(PLAIN);
	sig = slurp("sig");
	expect(keyring, sig, 0, 0);
	revoke_cert(keyring, "p256.der");
	expect(keyring, sig, EKEYREJECTED, 1);
	revoke_cert(keyring, "rsa.der"); /* and trusted by nobody */
	expect(keyring, sig, EKEYREJECTED, 2);
	sig.data[sig.len - 1] ^= 1;
	expect(keyring, sig, 0, 2); /* that is what the kernel says */
	free(sig.data);
	ms_keyring_free(keyring);
}

static void what_the_kernel_does_not_read_hides_no_revoked_signer(void **state)
{
	struct ms_keyring *keyring = trusting("p384.der");
	struct blob sig;

	(void)state;
	revoke_cert(keyring, "rsa.der");
	sign_by_two(PLAIN);
	assert_true(shell("LC_ALL=C sed -i 's/\\x65\\x03\\x04\\x02\\x01/"
			  "\\x65\\x03\\x04\\x02\\x7f/g' sig"));
	sig = slurp("sig");
	expect(keyring, sig, ENOPKG, 1);
	sig.len -= 300; /* amid the signature of the last: of the rest nobody knows */
	expect(keyring, sig, EBADMSG, 1);
	free(sig.data);
	ms_keyring_free(keyring);
}

static void a_certificate_below_a_revoked_key_is_told_of(void **state)
{
	struct ms_keyring *keyring = trusting("p256.der");
	struct blob sig;

	(void)state;
	sign("leaf", "-noattr -md sha256");
	sig = slurp("sig");
	expect(keyring, sig, ENOKEY, 0);
	revoke_cert(keyring, "root.der");
	expect(keyring, sig, EKEYREJECTED, 1);
	free(sig.data);
	ms_keyring_free(keyring);
}

static void a_key_whose_hash_is_revoked_is_not_there(void **state)
{
	static const enum ms_hash hashes[] = { MS_HASH_SHA256, MS_HASH_SHA384,
					       MS_HASH_SHA512 };
	uint8_t digest[MS_HASH_MAX_SIZE];

	(void)state;
	sign("rsa", PLAIN);
	for (size_t i = 0; i < 6; i++) {
		struct ms_keyring *keyring = ms_keyring_new();
		struct ms_cert *cert = cert_of("rsa.der");
		struct ms_bytes tbs = ms_cert_tbs(cert);
		enum ms_hash hash = hashes[i / 2];
		size_t len = ms_hash_size(hash);

		assert_int_equal(ms_hash_bytes(ctx, hash, tbs.data, tbs.len, digest), 0);
		/* in either order */
		if (i % 2)
			assert_int_equal(ms_keyring_revoke_tbs(ctx, keyring, digest, len),
					 0);
		assert_int_equal(ms_keyring_trust(ctx, keyring, cert), 0);
		if (i % 2 == 0)
			assert_int_equal(ms_keyring_revoke_tbs(ctx, keyring, digest, len),
					 0);
		assert_int_equal(ms_keyring_settle(ctx, keyring), 0);
		assert_int_equal(judge(keyring, payload_text, "sig"), ENOKEY);
		ms_cert_free(cert);
		ms_keyring_free(keyring);
	}
}

static void a_trusted_key_below_a_revoked_one_is_told_of(void **state)
{
	struct ms_keyring *keyring = trusting("leaf.der");
	struct blob sig;

	(void)state;
	sign("leaf", PLAIN);
	sig = slurp("sig");
	expect(keyring, sig, 0, 0);
	revoke_cert(keyring, "root.der"); /* of which the message has nothing */
	expect(keyring, sig, 0, 1);
	free(sig.data);
	ms_keyring_free(keyring);
}

static void a_keyring_that_is_not_settled_has_no_answer(void **state)
{
	struct ms_keyring *keyring = trusting("rsa.der");
	struct ms_cert *cert = cert_of("p256.der");
	struct ms_payload payload = {.data = (const uint8_t *)payload_text,
				     .len = strlen(payload_text)};
	struct ms_judgement judgement;
	struct blob sig;

	(void)state;
	sign("rsa", PLAIN);
	sig = slurp("sig");
	revoke_cert(keyring, "p384.der");
	expect(keyring, sig, 0, 0);
	assert_int_equal(ms_keyring_revoke(ctx, keyring, cert), 0);
	assert_int_equal(ms_cms_judge(ctx, keyring, &rules, &payload, sig.data, sig.len,
				      &judgement),
			 -EIO);
	assert_int_equal(judgement.verdict, MS_VERDICT_UNDECIDED);
	free(sig.data);
	ms_cert_free(cert);
	ms_keyring_free(keyring);
}

static void reading_certificates_of_a_message_ends_when_told_to(void **state)
{
	struct ms_keyring *keyring = trusting("root.der");
	struct ms_ctx *told = ms_ctx_new();
	struct ms_payload payload = {0};
	struct ms_judgement judgement;
	struct blob sig;
	size_t n;

	(void)state;
	assert_non_null(told);
	sign("leaf", "-noattr -md sha256");
	sig = slurp("sig");
	ms_ctx_cancel(told);
	rules.hash[MS_HASH_SHA256] = false; /* ENOPKG, behind the certificate */
	assert_int_equal(ms_cms_judge(told, keyring, &rules, &payload, sig.data, sig.len,
				      &judgement),
			 -ECANCELED);
	rules = ms_rules_default();
	assert_int_equal(ms_cms_count_signers(told, &rules, sig.data, sig.len, &n),
			 -ECANCELED);
	free(sig.data);
	ms_ctx_free(told);
	ms_keyring_free(keyring);
}

static void no_single_changed_byte_is_trusted_as_something_else(void **state)
{
	struct ms_keyring *keyring = trusting("p384.der");
	struct blob sig;

	(void)state;
	sign("p384", PLAIN);
	sig = slurp("sig");
	for (size_t i = 0; i < sig.len; i++) {
		struct ms_judgement judgement;

		sig.data[i] ^= 0x41;
		judgement = judge_bytes(keyring, "something else\n", sig);
		assert_true(judgement.error != 0);
		ms_judgement_done(&judgement);
		sig.data[i] ^= 0x41;
	}
	free(sig.data);
	ms_keyring_free(keyring);
}

static void a_message_cut_anywhere_is_malformed(void **state)
{
	struct ms_keyring *keyring = trusting("leaf.der");
	struct blob sig;

	(void)state;
	sign("leaf", "-noattr -md sha256");
	sig = slurp("sig");
	for (size_t i = 0; i < sig.len; i++) {
		struct blob cut = { malloc(i ? i : 1), i };
		struct ms_judgement judgement;

		assert_non_null(cut.data);
		memcpy(cut.data, sig.data, i);
		judgement = judge_bytes(keyring, payload_text, cut);
		assert_int_equal(judgement.error, EBADMSG);
		ms_judgement_done(&judgement);
		free(cut.data);
	}
	free(sig.data);
	ms_keyring_free(keyring);
}

static void a_message_of_more_than_65535_bytes_is_too_long(void **state)
{
	struct ms_keyring *keyring = trusting("rsa.der");
	struct blob sig;
	uint8_t *data = calloc(1, 65536);
	struct ms_judgement judgement;

	(void)state;
	assert_non_null(data);
	sign("rsa", PLAIN);
	sig = slurp("sig");
	memcpy(data, sig.data, sig.len);
	/* bytes behind the message are not looked at, up to the decoder's limit */
	judgement = judge_bytes(keyring, payload_text, (struct blob){ data, 65535 });
	assert_int_equal(judgement.error, 0);
	ms_judgement_done(&judgement);
	judgement = judge_bytes(keyring, payload_text, (struct blob){ data, 65536 });
	assert_int_equal(judgement.error, EMSGSIZE);
	ms_judgement_done(&judgement);
	free(data);
	free(sig.data);
	ms_keyring_free(keyring);
}

static const char *const mldsa[] = { "ML-DSA-44", "ML-DSA-65", "ML-DSA-87" };

/* False, and said, where the openssl at hand is older than 3.5. */
static bool have_mldsa(void)
{
	if (shell("openssl genpkey -algorithm ML-DSA-44 -out /dev/null"))
		return true;
	print_message("# skipped: this openssl has no ML-DSA\n");
	return false;
}

static bool make_mldsa(const char *kind)
{
	return shell(
		"openssl req -x509 -newkey %s -nodes -keyout mldsa.pem -out mldsa.crt "
		"-days 3650 -subj /CN=mldsa && "
		"openssl x509 -in mldsa.crt -outform DER -out mldsa.der",
		kind);
}

static void an_ml_dsa_signature_is_over_the_payload_itself(void **state)
{
	char key[256], cert[256];
	struct ms_signer_options options = {
		.size = sizeof(options), .key = key, .cert = cert};

	(void)state;
	if (!have_mldsa())
		skip();
	for (size_t i = 0; i < 3; i++) {
		struct blob sig;
		struct ms_keyring *keyring;
		struct ms_signer *signer = NULL;
		struct ms_judgement judgement;

		assert_true(make_mldsa(mldsa[i]));
		keyring = trusting("mldsa.der");
		snprintf(key, sizeof(key), "%s/mldsa.pem", dir);
		snprintf(cert, sizeof(cert), "%s/mldsa.crt", dir);
		assert_int_equal(ms_signer_open(ctx, &options, &signer), 0);
		assert_int_equal(ms_signer_sign(ctx, signer, payload_text,
						sizeof(payload_text) - 1, &sig.data,
						&sig.len),
				 0);
		judgement = judge_bytes(keyring, payload_text, sig);
		assert_int_equal(judgement.error, 0);
		ms_judgement_done(&judgement);
		judgement = judge_bytes(keyring, "something else\n", sig);
		assert_int_equal(judgement.error, EKEYREJECTED);
		ms_judgement_done(&judgement);
		free(sig.data);
		ms_signer_free(signer);
		ms_keyring_free(keyring);
	}
}

static void
signed_attributes_of_ml_dsa_are_let_off_where_the_kernel_is_told_to(void **state)
{
	(void)state;
	if (!have_mldsa())
		skip();
	for (size_t i = 0; i < 3; i++) {
		struct ms_keyring *keyring;

		assert_true(make_mldsa(mldsa[i]));
		keyring = trusting("mldsa.der");
		sign("mldsa", "-nosmimecap -nocerts -md sha512");
		assert_int_equal(judge(keyring, payload_text, "sig"), EKEYREJECTED);
		rules.waive_authattrs_mldsa = true;
		assert_int_equal(judge(keyring, payload_text, "sig"), 0);
		assert_int_equal(judge(keyring, "something else\n", "sig"), EKEYREJECTED);
		rules = ms_rules_default();
		ms_keyring_free(keyring);
	}
}

static void only_zero_is_the_errno_of_trust(void **state)
{
	(void)state;
	for (int error = -200; error < 200; error++)
		assert_int_equal(ms_verdict_of_errno(error) == MS_VERDICT_TRUSTED,
				 error == 0);
	assert_int_equal(ms_verdict_of_errno(ENOMEM), MS_VERDICT_UNDECIDED);
	assert_int_equal(ms_verdict_of_errno(EIO), MS_VERDICT_UNDECIDED);
}

static bool make_key(const char *name, const char *kind, const char *more)
{
	return shell("openssl req -x509 -newkey %s -nodes -keyout %s.pem -out %s.crt "
		     "-days 3650 -subj /CN=%s %s && "
		     "openssl x509 -in %s.crt -outform DER -out %s.der",
		     kind, name, name, name, more, name, name);
}

static int set_up(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	rules = ms_rules_default();
	if (!ctx || !mkdtemp(dir))
		return -1;
	return shell("printf '%s' > payload", payload_text) &&
			       make_key("rsa", RSA(2048, 3), "") &&
			       make_key("p256", "ec -pkeyopt ec_paramgen_curve:P-256",
					"") &&
			       make_key("p384", "ec -pkeyopt ec_paramgen_curve:P-384",
					"") &&
			       make_key("p521", "ec -pkeyopt ec_paramgen_curve:P-521",
					"") &&
			       make_key("root", RSA(3072, 3), "") &&
			       shell("openssl req -new -newkey " RSA(2048, 3) " -nodes -keyout "
				     "leaf.pem -out leaf.csr -subj /CN=leaf && "
				     "printf 'authorityKeyIdentifier=keyid' > leaf.ext "
				     "&& "
				     "openssl x509 -req -in leaf.csr -CA root.crt -CAkey "
				     "root.pem -set_serial 77 -extfile leaf.ext -out "
				     "leaf.crt "
				     "&& openssl x509 -in leaf.crt -outform DER -out "
				     "leaf.der")
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ctx = ms_ctx_free(ctx);
	return shell("rm -f *") && rmdir(dir) == 0 ? 0 : -1;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_type_with_each_hash_is_trusted),
		cmocka_unit_test(a_trusted_signature_names_its_key),
		cmocka_unit_test(another_key_is_unknown),
		cmocka_unit_test(a_signer_is_found_by_its_key_identifier_too),
		cmocka_unit_test(signed_attributes_are_rejected_and_content_is_malformed),
		cmocka_unit_test(
			a_missing_algorithm_is_unsupported_before_any_key_is_looked_for),
		cmocka_unit_test(a_chain_in_the_message_ends_at_a_trusted_key),
		cmocka_unit_test(a_revoked_key_is_never_trusted),
		cmocka_unit_test(a_signer_who_only_pretends_hides_no_revoked_one),
		cmocka_unit_test(what_the_kernel_does_not_read_hides_no_revoked_signer),
		cmocka_unit_test(a_certificate_below_a_revoked_key_is_told_of),
		cmocka_unit_test(a_key_whose_hash_is_revoked_is_not_there),
		cmocka_unit_test(a_trusted_key_below_a_revoked_one_is_told_of),
		cmocka_unit_test(a_keyring_that_is_not_settled_has_no_answer),
		cmocka_unit_test(reading_certificates_of_a_message_ends_when_told_to),
		cmocka_unit_test(no_single_changed_byte_is_trusted_as_something_else),
		cmocka_unit_test(a_message_cut_anywhere_is_malformed),
		cmocka_unit_test(a_message_of_more_than_65535_bytes_is_too_long),
		cmocka_unit_test(an_ml_dsa_signature_is_over_the_payload_itself),
		cmocka_unit_test(
			signed_attributes_of_ml_dsa_are_let_off_where_the_kernel_is_told_to),
		cmocka_unit_test(only_zero_is_the_errno_of_trust),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
