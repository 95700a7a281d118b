/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Fuzzes the reader of kernel images, certificate files and EFI lists. What it gives must
 * be possible: certificates as the kernel's loader cuts them out, in the places that their
 * kind of source has, and a release that can stand in a path.
 */

#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/image/reading.h"
#include "require.h"

/* Much more than any seed unpacks to: bombs are for the bound, not for the fuzzer. */
#define MAX_UNPACKED (UINT64_C(1) << 20)

MS_DEFINE_CLEANUP(cleanup_ctx, struct ms_ctx *, ms_ctx_free)
MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cert(const struct ms_source *source, const struct ms_source_cert *cert)
{
	const uint8_t *end = source->bytes.data + source->bytes.len;

	require(cert->der >= source->bytes.data && cert->der + cert->len <= end);
	require(cert->len >= 4 && cert->der[0] == 0x30);
	if (source->kind != MS_SOURCE_KERNEL) {
		require(cert->place == MS_CERT_IN_FILE);
		require(ms_der_sequence_size(cert->der, cert->len) == cert->len);
		return;
	}
	require(cert->place != MS_CERT_IN_FILE && cert->der[1] == 0x82);
	require(cert->len == 4u + (cert->der[2] << 8 | cert->der[3]));
}

static void check_kernel(const struct ms_source *source)
{
	bool own = false, others = false;

	require(source->release && *source->release && !strpbrk(source->release, "/ \n"));
	for (size_t i = 0; i < source->n_certs; i++) {
		own |= source->certs[i].place == MS_CERT_OWN_KEY;
		others |= source->certs[i].place == MS_CERT_TRUSTED ||
			  source->certs[i].place == MS_CERT_EXTRA;
	}
	/* without symbols nothing is trusted but behind a key of the kernel's own */
	require(source->has_symbols || own || !others);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_ctx) struct ms_ctx *ctx = ms_ctx_new();
	_cleanup_(cleanup_source) struct ms_source *source = NULL;

	require(ctx);
	if (ms_source_parse_bounded(ctx, data, size, "input", MAX_UNPACKED, &source) < 0) {
		require(*ms_ctx_message(ctx));
		return 0;
	}
	require(source->kind != MS_SOURCE_UNKNOWN);
	for (size_t i = 0; i < source->n_certs; i++)
		check_cert(source, &source->certs[i]);
	for (size_t i = 0; i < source->n_digests; i++)
		require(source->digests[i].len > 0 && source->digests[i].len <= 64);
	if (source->kind == MS_SOURCE_KERNEL)
		check_kernel(source);
	return 0;
}
