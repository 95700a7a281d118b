/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "../base/cleanup.h"
#include "key-type.h"

static void everything_that_the_kernel_verifies_with_is_in_the_table(void **state)
{
	(void)state;
	for (int i = MS_PKEY_NONE + 1; i < MS_PKEY_COUNT; i++) {
		const struct ms_key_type *type = ms_key_type_of_pkey((enum ms_pkey)i);

		assert_non_null(type);
		assert_int_equal(type->pkey, i);
		assert_string_equal(ms_sig_algo_name(type->sig), type->kernel);
	}
	assert_null(ms_key_type_of_pkey(MS_PKEY_NONE));
	assert_null(ms_sig_algo_name(MS_SIG_NONE));
}

/* What is said of curves is held against OpenSSL, which has them from SEC 2. */
static void curves_are_those_of_openssl(void **state)
{
	const struct ms_key_type *type;
	int n = 0;

	(void)state;
	for (size_t i = 0; (type = ms_key_type_at(i)); i++) {
		int nid = type->group ? OBJ_sn2nid(type->group) : NID_undef;
		const ASN1_OBJECT *object = OBJ_nid2obj(nid);
		EC_GROUP *group;

		if (!type->group)
			continue;
		assert_int_not_equal(nid, NID_undef);
		assert_int_equal(EC_curve_nist2nid(type->nist), nid);
		group = EC_GROUP_new_by_curve_name(nid);
		if (group) /* some distributions leave out P-192 */
			assert_int_equal(type->field, (EC_GROUP_get_degree(group) + 7) / 8);
		EC_GROUP_free(group);
		ERR_clear_error();
		if (type->pkey)
			assert_int_equal(ms_oid_find(OBJ_get0_data(object),
						     OBJ_length(object)),
					 type->curve);
		n++;
	}
	assert_int_equal(n, 5);
}

static EVP_PKEY *new_key(const struct ms_key_type *type)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type->openssl, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_generate(ctx, &key) != 1)
		ERR_clear_error();
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void sizes_of_ml_dsa_are_those_of_openssl(void **state)
{
	const struct ms_key_type *type;

	(void)state;
	for (size_t i = 0; (type = ms_key_type_at(i)); i++) {
		EVP_PKEY *key;
		size_t len = 0;

		if (type->family != MS_KEY_MLDSA)
			continue;
		key = new_key(type);
		if (!key) {
			print_message("# skipped: this OpenSSL has no ML-DSA\n");
			skip();
		}
		assert_int_equal(EVP_PKEY_get_raw_public_key(key, NULL, &len), 1);
		assert_int_equal(type->public_key, len);
		assert_int_equal(type->signature, EVP_PKEY_get_size(key));
		EVP_PKEY_free(key);
	}
}

static void what_no_kernel_knows_is_found_by_no_identifier(void **state)
{
	(void)state;
	assert_null(ms_key_type_by_oid(MS_OID_UNKNOWN, MS_OID_UNKNOWN));
	/* P-224, and all curves that are in no table */
	assert_null(ms_key_type_by_oid(MS_OID_EC_PUBLIC_KEY, MS_OID_UNKNOWN));
	assert_null(ms_key_type_by_oid(MS_OID_RSA, MS_OID_P256));
	assert_int_equal(ms_key_type_by_oid(MS_OID_RSA, MS_OID_UNKNOWN)->pkey, MS_PKEY_RSA);
	assert_int_equal(ms_key_type_by_oid(MS_OID_EC_PUBLIC_KEY, MS_OID_SM2)->pkey,
			 MS_PKEY_SM2);
	assert_int_equal(ms_key_type_by_oid(MS_OID_SM2, MS_OID_UNKNOWN)->pkey, MS_PKEY_SM2);
}

/* certs/Kconfig has one choice for each, and certs/Makefile makes one type for it. */
static void a_build_makes_one_type_for_each_symbol(void **state)
{
	const struct ms_key_type *a, *b;
	int built;

	(void)state;
	for (size_t i = 0; (a = ms_key_type_at(i)); i++) {
		built = 0;
		for (size_t j = 0; (b = ms_key_type_at(j)); j++)
			built += a->config && b->config && b->is_built &&
				 !strcmp(a->config, b->config);
		assert_int_equal(built, a->config ? 1 : 0);
		assert_true(!a->is_built || a->signs);
	}
}

static void an_rsa_key_of_another_size_is_like_those_of_its_family(void **state)
{
	(void)state;
	assert_null(ms_key_type_by_name("rsa2056"));
	assert_int_equal(ms_key_type_like("rsa2056")->family, MS_KEY_RSA);
	assert_int_equal(ms_key_type_like("rsa4096")->bits, 4096);
	assert_null(ms_key_type_like("unknown"));
	assert_null(ms_key_type_like("p999"));
	assert_null(ms_key_type_like(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			everything_that_the_kernel_verifies_with_is_in_the_table),
		cmocka_unit_test(curves_are_those_of_openssl),
		cmocka_unit_test(sizes_of_ml_dsa_are_those_of_openssl),
		cmocka_unit_test(what_no_kernel_knows_is_found_by_no_identifier),
		cmocka_unit_test(a_build_makes_one_type_for_each_symbol),
		cmocka_unit_test(an_rsa_key_of_another_size_is_like_those_of_its_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
