/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What libmodseal does with one module in memory, for tests/test_library.py: built by it
 * with the installed headers.
 *
 *	module-tool sign MODULE OUTPUT KEY CERT
 *	module-tool strip MODULE OUTPUT
 *	module-tool attach MODULE OUTPUT DER [TRUST]
 *	module-tool signature MODULE OUTPUT
 *	module-tool digest MODULE
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modseal/module.h>

static struct ms_ctx *ctx;

static int sign(struct ms_module *module, char **args, uint8_t **ret, size_t *ret_len)
{
	struct ms_signer_options options = {sizeof(options)};
	struct ms_signer *signer = NULL;
	int r;

	options.key = args[0];
	options.cert = args[1];
	r = ms_signer_open(ctx, &options, &signer);
	if (r == 0)
		r = ms_module_sign(ctx, module, signer, NULL, ret, ret_len);
	ms_signer_free(signer);
	return r;
}

static int attach(struct ms_module *module, char **args, int n, uint8_t **ret,
		  size_t *ret_len)
{
	struct ms_trust *trust = n > 1 ? ms_trust_new() : NULL;
	char *der = NULL;
	size_t len = 0;
	int r = ms_text_load(ctx, args[0], 65535, &der, &len);

	if (r == 0 && trust)
		r = ms_trust_add(ctx, trust, args[1]);
	if (r == 0)
		r = ms_module_attach(ctx, module, der, len, trust, NULL, ret, ret_len);
	ms_trust_free(trust);
	free(der);
	return r;
}

static int signature(struct ms_module *module, uint8_t **ret, size_t *ret_len)
{
	struct ms_trailer_info info = {sizeof(info)}, inner = {sizeof(inner)};
	int r = ms_module_trailer(ctx, module, NULL, &info);

	if (r < 0)
		return r;
	/* there is one, and what it is about is the payload */
	ms_module_payload(module, ret_len);
	if (info.id_type != 2 || info.payload_len != *ret_len ||
	    ms_module_trailer(ctx, module, &info, &inner) != -ENOENT)
		return -EBADMSG;
	*ret_len = info.signature_len;
	*ret = (uint8_t *)malloc(info.signature_len + 1);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, info.signature, info.signature_len);
	return 0;
}

static int digest(struct ms_module *module)
{
	uint8_t sha256[32];
	int r = ms_module_digest(ctx, module, MS_HASH_SHA256, sha256, sizeof(sha256));

	if (ms_module_digest(ctx, module, MS_HASH_SHA512, sha256, sizeof(sha256)) !=
	    -ENOBUFS)
		return -EINVAL;
	for (size_t i = 0; r == 0 && i < sizeof(sha256); i++)
		printf("%02x", sha256[i]);
	return r;
}

static int run(struct ms_module *module, int argc, char **argv)
{
	uint8_t *made = NULL;
	size_t len = 0;
	int r = -EINVAL;

	if (strcmp(argv[1], "digest") == 0)
		return digest(module);
	if (strcmp(argv[1], "sign") == 0)
		r = sign(module, argv + 4, &made, &len);
	else if (strcmp(argv[1], "strip") == 0)
		r = ms_module_strip(ctx, module, NULL, &made, &len);
	else if (strcmp(argv[1], "attach") == 0)
		r = attach(module, argv + 4, argc - 4, &made, &len);
	else if (strcmp(argv[1], "signature") == 0)
		r = signature(module, &made, &len);
	if (r == 0)
		r = ms_text_save(ctx, argv[3], made, len, false);
	free(made);
	return r;
}

int main(int argc, char **argv)
{
	struct ms_module *module = NULL;
	char *file = NULL;
	size_t len = 0;
	int r;

	ctx = ms_ctx_new();
	if (argc < 3 || !ctx)
		return 2;
	r = ms_text_load(ctx, argv[2], 1 << 30, &file, &len);
	if (r == 0)
		r = ms_module_open(ctx, file, len, NULL, &module);
	if (r == 0)
		r = run(module, argc, argv);
	if (r < 0)
		fprintf(stderr, "%d: %s\n", r, ms_ctx_message(ctx));
	ms_module_free(module);
	free(file);
	ms_ctx_free(ctx);
	return r < 0 ? 2 : 0;
}
