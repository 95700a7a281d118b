/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a trust set makes of its sources, for the tests of lib/trust:
 *
 *	trust-tool [trust SRC | revoked SRC | kernel IMAGE | config FILE | release R |
 *	            no-modules | machine ROOT | find RELEASE]...
 *
 * does the steps in their order and prints what there is then. A step that fails ends it
 * with 2 and its message, after which the set must be as it was: that is printed, too.
 */

#include <stdio.h>
#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/judge/lookup.h"
#include "../lib/system/system.h"
#include "../lib/trust/trust.h"
#include "../lib/merkle/merkle.h"

MS_DEFINE_CLEANUP(cleanup_ctx, struct ms_ctx *, ms_ctx_free)
MS_DEFINE_CLEANUP(cleanup_trust, struct ms_trust *, ms_trust_free)

static int find(struct ms_ctx *ctx, const char *release)
{
	_cleanup_free_ char *path = NULL;
	int r = ms_system_kernel_image(ctx, NULL, release, &path);

	if (r == 0)
		printf("image %s\n", path);
	return r;
}

static int machine(struct ms_ctx *ctx, struct ms_trust *trust, const char *root)
{
	_cleanup_(ms_cleanup_system) struct ms_system *system = NULL;
	int r = ms_system_open(ctx, root, &system);

	return r < 0 ? r : ms_trust_add_machine(ctx, trust, system);
}

static int step(struct ms_ctx *ctx, struct ms_trust *trust, const char *what,
		const char *value)
{
	if (strcmp(what, "trust") == 0)
		return ms_trust_add(ctx, trust, value);
	if (strcmp(what, "revoked") == 0)
		return ms_trust_add_revoked(ctx, trust, value);
	if (strcmp(what, "kernel") == 0)
		return ms_trust_add_kernel(ctx, trust, value);
	if (strcmp(what, "config") == 0)
		return ms_trust_set_config(ctx, trust, value);
	if (strcmp(what, "release") == 0)
		return ms_trust_set_release(ctx, trust, value);
	if (strcmp(what, "machine") == 0)
		return machine(ctx, trust, value);
	return find(ctx, value);
}

/* A key that a tbs: hash revokes is on the ring, and is not found there. */
static bool can_be_found(const struct ms_keyring *keyring, const struct ms_cert *cert)
{
	struct ms_cert *found = NULL;
	struct ms_key_id none = { 0 };

	return ms_keyring_find(keyring, MS_KEYS_TRUSTED, &cert->id, &none, &found) == 0;
}

static bool is_revoked(const struct ms_keyring *keyring, const struct ms_cert *cert)
{
	struct ms_cert *found = NULL;
	struct ms_key_id none = { 0 };

	return ms_keyring_find(keyring, MS_KEYS_REVOKED, &cert->id, &none, &found) == 0;
}

static void print_hashes(const struct ms_kernel_hashes *hashes)
{
	char text[MS_MERKLE_ROOT_TEXT];

	if (!hashes)
		return;
	ms_merkle_root_text(&hashes->root, text);
	if (hashes->form == MS_HASHES_LIST)
		printf("hashes %zu of %zu\n", hashes->count, hashes->capacity);
	else
		printf("hashes root %s\n", text);
}

static void print(const struct ms_trust *trust)
{
	const struct ms_keyring *keyring = ms_trust_keyring(trust);
	const struct ms_rules *rules = ms_trust_rules(trust);
	const char *text = ms_trust_release(trust);

	for (size_t i = 0; i < ms_trust_count(trust); i++) {
		const struct ms_cert *cert = ms_keyring_cert(keyring, i);

		printf("key %s%s%s\n", ms_cert_subject_name(cert),
		       can_be_found(keyring, cert) ? "" : " HASH REVOKED",
		       is_revoked(keyring, cert) ? " REVOKED" : "");
	}
	if (text)
		printf("release %s\n", text);
	printf("rules %u.%u", rules->version >> 16, rules->version >> 8 & 0xff);
	for (int i = MS_HASH_NONE + 1; i <= MS_HASH_SHA3_512; i++)
		if (rules->hash[i])
			printf(" %s", ms_hash_name((enum ms_hash)i));
	putchar('\n');
	print_hashes(ms_trust_hashes(trust));
	for (size_t i = 0; (text = ms_trust_assumed(trust, i)); i++)
		printf("assumed %s\n", text);
}

static void log_line(void *userdata, enum ms_log_level level, const char *text)
{
	(void)userdata;
	printf("%s %s\n", level == MS_LOG_WARNING ? "warning" : "info", text);
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_ctx) struct ms_ctx *ctx = ms_ctx_new();
	_cleanup_(cleanup_trust) struct ms_trust *trust = ms_trust_new();
	int r = 0;

	if (!ctx || !trust)
		return 3;
	ms_ctx_set_log(ctx, log_line, NULL);
	for (int i = 1; i < argc && r == 0; i++) {
		if (strcmp(argv[i], "no-modules") == 0)
			ms_trust_set_no_crypto_modules(trust);
		else if (++i < argc)
			r = step(ctx, trust, argv[i - 1], argv[i]);
	}
	print(trust);
	if (r == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", strerrorname_np(-r), ms_ctx_message(ctx));
	if (ms_ctx_hint(ctx))
		fprintf(stderr, "hint: %s\n", ms_ctx_hint(ctx));
	return 2;
}
