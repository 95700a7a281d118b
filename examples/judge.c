/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * judge: would a kernel trust this module?
 *
 * usage: judge MODULE TRUST...
 *
 * MODULE is read into memory by the program's own means, as kmod or an initramfs does,
 *and judged there. Each TRUST is a file of certificates, a directory of such files, an
 *EFI list, a kernel image, or "system".
 *
 * Exit status: 0 trusted, 1 not trusted, 2 it could not be found out.
 *
 *	cc judge.c $(pkg-config --cflags --libs libmodseal) -o judge
 */

#include <stdio.h>
#include <stdlib.h>

#include <modseal/module.h>
#include <modseal/trust.h>

/* The bytes of a file, to free(); NULL where it cannot be read. */
static unsigned char *read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes = NULL;
	size_t size = 0, len = 0;

	while (file && !feof(file) && !ferror(file)) {
		if (len == size) {
			unsigned char *more;

			size = size ? 2 * size : 65536;
			more = (unsigned char *)realloc(bytes, size);
			if (!more)
				break;
			bytes = more;
		}
		len += fread(bytes + len, 1, size - len, file);
	}
	if (!file || !feof(file)) {
		free(bytes);
		bytes = NULL;
	}
	if (file)
		fclose(file);
	*ret_len = len;
	return bytes;
}

static int judge(struct ms_ctx *ctx, struct ms_module *module,
		 const struct ms_trust *trust)
{
	struct ms_judgement *judgement = NULL;
	const char *text;
	int status;

	if (ms_module_judge(ctx, module, trust, &judgement) < 0)
		return 2;
	/* only this says that it can be trusted; whatever went wrong, it is false */
	status = ms_judgement_is_good(judgement) ? 0 : 1;
	printf("%s", ms_verdict_name(ms_judgement_verdict(judgement)));
	if ((text = ms_judgement_vouched_by(judgement)) != NULL)
		printf(" by %s", text);
	else if ((text = ms_judgement_reason(judgement)) != NULL)
		printf(": %s", text);
	putchar('\n');
	for (size_t i = 0; (text = ms_judgement_warning(judgement, i)) != NULL; i++)
		printf("warning: %s\n", text);
	ms_judgement_free(judgement);
	return status;
}

int main(int argc, char **argv)
{
	struct ms_ctx *ctx = ms_ctx_new();
	struct ms_trust *trust = ms_trust_new();
	struct ms_module *module = NULL;
	unsigned char *bytes = NULL;
	size_t len = 0;
	int r = 0, status = 2;

	if (argc < 3 || !ctx || !trust) {
		fprintf(stderr, "usage: %s MODULE TRUST...\n", argv[0]);
		return 2;
	}
	for (int i = 2; i < argc && r == 0; i++)
		r = ms_trust_add(ctx, trust, argv[i]);
	if (r == 0 && (bytes = read_file(argv[1], &len)) == NULL)
		perror(argv[1]);
	if (bytes)
		r = ms_module_open(ctx, bytes, len, NULL, &module);
	if (module)
		status = judge(ctx, module, trust);
	if (status == 2 && *ms_ctx_message(ctx))
		fprintf(stderr, "%s\n", ms_ctx_message(ctx));
	ms_module_free(module);
	free(bytes);
	ms_trust_free(trust);
	ms_ctx_free(ctx);
	return status;
}
