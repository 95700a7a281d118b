/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a source of certificates holds, for the tests of lib/image: a line for each thing,
 * bytes in hex. Exits with 2 and the message on standard error where it cannot be read.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/image/image.h"

MS_DEFINE_CLEANUP(cleanup_ctx, struct ms_ctx *, ms_ctx_free)
MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

static void print_hex(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

static void log_line(void *userdata, enum ms_log_level level, const char *text)
{
	(void)userdata;
	fprintf(stderr, "%s: %s\n", level == MS_LOG_WARNING ? "warning" : "info", text);
}

static void print_source(const struct ms_source *source)
{
	static const char *const kinds[] = { "unknown", "kernel", "certificates",
					     "efi-list" };

	printf("kind %s\n", kinds[source->kind]);
	if (source->release)
		printf("release %s\n", source->release);
	if (source->has_symbols)
		printf("symbols\n");
	for (size_t i = 0; i < source->n_certs; i++) {
		printf("%s ", ms_cert_place_name(source->certs[i].place));
		print_hex(source->certs[i].der, source->certs[i].len);
	}
	for (size_t i = 0; i < source->n_digests; i++) {
		printf("%s ", source->digests[i].tbs ? "tbs" : "bin");
		print_hex(source->digests[i].digest, source->digests[i].len);
	}
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_ctx) struct ms_ctx *ctx = ms_ctx_new();
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	int r;

	if (argc != 2 || !ctx)
		return 3;
	ms_ctx_set_log(ctx, log_line, NULL);
	r = ms_source_open(ctx, argv[1], &source);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", strerrorname_np(-r), ms_ctx_message(ctx));
		return 2;
	}
	print_source(source);
	return 0;
}
