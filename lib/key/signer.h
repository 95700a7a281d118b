/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_SIGNER_H
#define MS_KEY_SIGNER_H

/* The library's side of a signer: signing a payload whose digest may be known already. */

#include <modseal/sign.h>

#include "../base/buffer.h"
#include "../hash/payload.h"
#include "../judge/x509.h"

/** As ms_signer_sign(), appending the DER to @ret. */
int ms_signer_sign_payload(struct ms_ctx *ctx, const struct ms_signer *signer,
			   struct ms_payload *payload, struct ms_buf *ret);

/** The signer's certificate in DER, borrowed. */
struct ms_bytes ms_signer_cert_der(const struct ms_signer *signer);

#endif
