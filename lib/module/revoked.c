/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Revoked signers in any of a module's trailers, outermost first. */

#include <stdio.h>

#include "../base/context.h"
#include "../cms/revoked.h"
#include "module.h"

/* Sentences about one module: a hostile file has room for millions of trailers. */
enum { MOST_TOLD = 16 };

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

int ms_module_find_revoked(struct ms_ctx *ctx, const struct ms_module *module,
			   const struct ms_trust *trust, struct ms_texts *texts)
{
	struct ms_trailer trailer = module->trailer;
	char where[32] = "";
	unsigned n = 0;
	int r = 0;

	while (r == 0 && trailer.state != MS_TRAILER_ABSENT && texts->n < MOST_TOLD) {
		size_t front = ms_trailer_front(&trailer);
		struct ms_trailer inner = ms_trailer_read(module->data, front);

		n++;
		if (n > 1 || inner.state != MS_TRAILER_ABSENT)
			snprintf(where, sizeof(where), "trailer %u: ", n);
		r = look(ctx, module, &trailer, trust, where, texts);
		r = r < 0 ? r : ms_check_cancelled(ctx);
		trailer = inner;
	}
	return r;
}
