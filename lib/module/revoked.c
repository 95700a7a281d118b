/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Revoked signers in a module's trailers, outermost first.
 *
 * A hostile file has room for millions of trailers, each with hundreds of signers. No
 * kernel looks at more than MODULE_TRAILERS_MAX of them, and neither does this search;
 * but what it has not seen it does not keep quiet about.
 */

#include <stdio.h>

#include "../base/context.h"
#include "../judge/lookup.h"
#include "../judge/revoked.h"
#include "module.h"

static int look(struct ms_ctx *ctx, const struct ms_module *module,
		const struct ms_trailer *trailer, const struct ms_trust *trust,
		const char *where, struct ms_texts *texts)
{
	if (trailer->state != MS_TRAILER_PRESENT || trailer->id_type != MS_TRAILER_PKCS7)
		return 0;
	return ms_cms_find_revoked(ctx, ms_trust_keyring(trust), ms_trust_rules(trust),
				   module->data + trailer->sig_off, trailer->sig_len,
				   where, texts);
}

static int tell_of_rest(struct ms_ctx *ctx, struct ms_texts *texts)
{
	if (ms_texts_printf(
		    texts,
		    "more than %d trailers: who is revoked in those further in is "
		    "not known",
		    MODULE_TRAILERS_MAX) < 0)
		return ms_fail_nomem(ctx);
	return 0;
}

int ms_module_find_revoked(struct ms_ctx *ctx, const struct ms_module *module,
			   const struct ms_trust *trust, struct ms_texts *texts)
{
	struct ms_trailer trailer = module->trailer;
	char where[32] = "";
	int r = 0;

	if (!ms_keyring_has_revoked(ms_trust_keyring(trust)))
		return 0;
	for (unsigned n = 1; r == 0 && trailer.state != MS_TRAILER_ABSENT; n++) {
		size_t front = ms_trailer_front(&trailer);
		struct ms_trailer inner = ms_trailer_read(module->data, front);

		if (n > MODULE_TRAILERS_MAX)
			return tell_of_rest(ctx, texts);
		if (n > 1 || inner.state != MS_TRAILER_ABSENT)
			snprintf(where, sizeof(where), "trailer %u: ", n);
		r = look(ctx, module, &trailer, trust, where, texts);
		trailer = inner;
	}
	return r;
}
