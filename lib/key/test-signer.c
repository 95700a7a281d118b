/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/context.h"
#include "key.h"
#include "signer.h"

/* A P-256 key, encrypted with "right", and its certificate, in one file. */
static char path[] = "/tmp/modseal-test-signer-XXXXXX";
static struct ms_ctx *ctx;

static X509 *certify(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	ASN1_INTEGER_set(X509_get_serialNumber(cert), 7);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"t", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	return cert;
}

static int setup(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = certify(key);
	BIO *bio = BIO_new_fd(mkstemp(path), BIO_CLOSE);

	(void)state;
	ctx = ms_ctx_new();
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "right",
						       5, NULL, NULL),
			 1);
	assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ctx = ms_ctx_free(ctx);
	return unlink(path);
}

struct answer {
	const char *text; /* NULL: result is returned as it is */
	int result;
	int asked;
	char what[600];
};

static int answer(void *userdata, const char *what, char *buffer, size_t size)
{
	struct answer *own = userdata;

	own->asked++;
	snprintf(own->what, sizeof(own->what), "%s", what);
	if (!own->text)
		return own->result;
	assert_true(strlen(own->text) <= size);
	memcpy(buffer, own->text, strlen(own->text));
	return (int)strlen(own->text);
}

static int open_with(struct answer *own, enum ms_hash hash, struct ms_signer **ret)
{
	const struct ms_signer_options options = {
		.size = sizeof(options),
		.key = path,
		.hash = hash,
		.secret = own ? answer : NULL,
		.secret_userdata = own,
	};

	return ms_signer_open(ctx, &options, ret);
}

static void the_secret_is_asked_for_once_and_opens_the_key(void **state)
{
	struct answer own = { .text = "right" };
	struct ms_signer *signer = NULL;
	char what[600];

	(void)state;
	assert_int_equal(open_with(&own, MS_HASH_NONE, &signer), 0);
	snprintf(what, sizeof(what), "private key '%s'", path);
	assert_string_equal(own.what, what);
	assert_int_equal(own.asked, 1);
	assert_string_equal(ms_signer_key_type(signer), "p256");
	assert_int_equal(ms_signer_hash(signer), MS_HASH_SHA512);
	assert_string_equal(ms_signer_subject(signer), "CN=t");
	assert_string_equal(ms_signer_serial(signer), "07");
	assert_string_equal(ms_signer_skid(signer), "");
	ms_signer_free(signer);
}

static void what_the_callback_returns_is_the_error(void **state)
{
	static const struct {
		int returned, error;
	} cases[] = { { -ENOKEY, -ENOKEY },
		      { -ECANCELED, -ECANCELED },
		      { MS_SECRET_SIZE + 1, -ENOKEY } };
	struct ms_signer *signer = NULL;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct answer own = { .result = cases[i].returned };

		assert_int_equal(open_with(&own, MS_HASH_NONE, &signer), cases[i].error);
		assert_int_equal(own.asked, 1);
		assert_null(signer);
	}
	assert_int_equal(open_with(NULL, MS_HASH_NONE, &signer), -ENOKEY);
}

static void a_failure_leaves_no_error_of_openssls_behind(void **state)
{
	struct answer own = { .text = "wrong" };
	struct ms_signer *signer = NULL;

	(void)state;
	assert_int_equal(open_with(&own, MS_HASH_NONE, &signer), -EKEYREJECTED);
	assert_int_equal(own.asked, 1);
	assert_int_equal(ERR_peek_error(), 0);
}

static void options_that_cannot_be_are_refused(void **state)
{
	const struct ms_signer_options none = {.size = sizeof(none)};
	struct answer own = { .text = "right" };
	struct ms_signer *signer = NULL;

	(void)state;
	assert_int_equal(ms_signer_open(ctx, &none, &signer), -EINVAL);
	assert_int_equal(open_with(&own, MS_HASH_SHA1, &signer), -EINVAL);
	assert_int_equal(open_with(&own, (enum ms_hash)99, &signer), -EINVAL);
	assert_null(signer);
	assert_null(ms_signer_free(NULL));
}

static void a_digest_that_is_known_is_not_made_again(void **state)
{
	struct answer own = { .text = "right" };
	struct ms_signer *signer = NULL;
	uint8_t bytes[] = "module";
	struct ms_payload payload = { .data = bytes, .len = 6 };
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	const uint8_t *digest;

	(void)state;
	assert_int_equal(open_with(&own, MS_HASH_SHA256, &signer), 0);
	assert_int_equal(ms_payload_digest(ctx, &payload, MS_HASH_SHA256, &digest), 0);
	payload.data = NULL; /* reading it again would crash */
	assert_int_equal(ms_signer_sign_payload(ctx, signer, &payload, &der), 0);
	assert_true(der.len > 100);
	assert_int_equal(payload.known, 1u << MS_HASH_SHA256);
	ms_signer_free(signer);
}

static void an_empty_payload_can_be_signed(void **state)
{
	struct answer own = { .text = "right" };
	struct ms_signer *signer = NULL;
	_cleanup_free_ uint8_t *der = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(open_with(&own, MS_HASH_SHA3_256, &signer), 0);
	assert_int_equal(ms_signer_sign(ctx, signer, "", 0, &der, &len), 0);
	assert_true(len > 100);
	assert_int_equal(der[0], 0x30);
	assert_true(ms_signer_cert_der(signer).len > 100);
	ms_signer_free(signer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_secret_is_asked_for_once_and_opens_the_key),
		cmocka_unit_test(what_the_callback_returns_is_the_error),
		cmocka_unit_test(a_failure_leaves_no_error_of_openssls_behind),
		cmocka_unit_test(options_that_cannot_be_are_refused),
		cmocka_unit_test(a_digest_that_is_known_is_not_made_again),
		cmocka_unit_test(an_empty_payload_can_be_signed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
