// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The judge for scripts: judge-tool RELEASE CONFIG|- CERT FILE...
 *
 * CERT: DER certificates, one after the other, all of them trusted. Prints a line for
 * each module file: the kernel's errno ("0" trusted), or "undecided", and the reason. A
 * FILE of
 * "-" takes names from standard input, one a line. Files are not unpacked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/buffer.h"
#include "../lib/base/cleanup.h"
#include "../lib/base/cursor.h"
#include "../lib/judge/judge.h"
#include "../lib/kconfig/kconfig.h"

static const char marker[] = "~Module signature appended~\n";

enum { MARKER = sizeof(marker) - 1, TRAILER = 12, ID_PKCS7 = 2 };

static struct ms_ctx *ctx;
static struct ms_rules rules;
static struct ms_keyring *keyring;

static bool slurp(const char *path, struct ms_buf *buf)
{
	FILE *file = fopen(path, "rb");
	size_t n = 1;

	ms_buf_clear(buf);
	while (file && n > 0 && ms_buf_reserve(buf, 65536) == 0) {
		n = fread(buf->data + buf->len, 1, 65536, file);
		buf->len += n;
	}
	if (file)
		fclose(file);
	return file && n == 0;
}

/* mod_check_sig() and what comes before it. 0 or a kernel errno; splits the file. */
static int split(const struct ms_buf *file, size_t *ret_payload, size_t *ret_sig)
{
	struct ms_cursor c = ms_cur_of(file->data, file->len);
	const uint8_t *head;
	uint32_t sig_len;
	size_t left;

	if (file->len <= MARKER ||
	    memcmp(file->data + file->len - MARKER, marker, MARKER) != 0)
		return -ENODATA;
	left = file->len - MARKER;
	if (left <= TRAILER || ms_cur_seek(&c, left - TRAILER) < 0)
		return -EBADMSG;
	if (ms_cur_bytes(&c, 8, &head) < 0 || ms_cur_be32(&c, &sig_len) < 0 ||
	    sig_len >= left - TRAILER)
		return -EBADMSG;
	if (head[2] != ID_PKCS7)
		return -ENOPKG;
	if (head[0] || head[1] || head[3] || head[4] || head[5] || head[6] || head[7])
		return -EBADMSG;
	*ret_payload = left - TRAILER - sig_len;
	*ret_sig = sig_len;
	return 0;
}

static const char *name_of(int error)
{
	return error ? strerrorname_np(error) : "0";
}

static void judge(const char *path)
{
	static struct ms_buf file;
	struct ms_judgement judgement = { 0 };
	struct ms_payload payload = { 0 };
	size_t sig_len = 0;
	int r;

	if (!slurp(path, &file)) {
		printf("undecided cannot read %s\n", path);
		return;
	}
	r = split(&file, &payload.len, &sig_len);
	if (r < 0) {
		printf("%s trailer\n", name_of(-r));
		return;
	}
	payload.data = file.data;
	r = ms_cms_judge(ctx, keyring, &rules, &payload, file.data + payload.len, sig_len,
			 &judgement);
	if (r < 0)
		printf("undecided %s\n", ms_ctx_message(ctx));
	else
		printf("%s %s\n", name_of(judgement.error),
		       judgement.error ? judgement.reason : judgement.vouched_by);
	ms_judgement_done(&judgement);
}

static bool trust(const char *path)
{
	struct ms_buf file = { 0 };
	size_t at = 0;
	bool ok = slurp(path, &file) && file.len > 0;

	while (ok && at < file.len) {
		struct ms_cert *cert = NULL;

		ok = ms_cert_parse(ctx, &rules, file.data + at, file.len - at, &cert) ==
			     0 &&
		     ms_keyring_trust(ctx, keyring, cert) == 0;
		if (ok)
			at += ms_cert_der(cert).len;
		ms_cert_free(cert);
	}
	ms_buf_done(&file);
	return ok;
}

static bool configure(const char *path)
{
	struct ms_kconfig *config = NULL;

	if (!strcmp(path, "-"))
		return true;
	if (ms_kconfig_read(ctx, path, &config) < 0)
		return false;
	ms_rules_set_config(&rules, config, false);
	ms_kconfig_free(config);
	return true;
}

int main(int argc, char **argv)
{
	char line[4096];

	ctx = ms_ctx_new();
	keyring = ms_keyring_new();
	rules = ms_rules_default();
	if (argc < 5 || !ctx || !keyring)
		return 2;
	if (ms_rules_set_release(ctx, &rules, argv[1]) < 0 || !configure(argv[2]) ||
	    !trust(argv[3])) {
		fprintf(stderr, "judge-tool: %s\n", ms_ctx_message(ctx));
		return 2;
	}
	for (int i = 4; i < argc; i++) {
		if (strcmp(argv[i], "-") != 0) {
			judge(argv[i]);
			continue;
		}
		while (fgets(line, sizeof(line), stdin)) {
			line[strcspn(line, "\n")] = '\0';
			judge(line);
		}
	}
	ms_keyring_free(keyring);
	ms_ctx_free(ctx);
	return 0;
}
