/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_SIGNER_MESSAGE_H
#define MS_KEY_SIGNER_MESSAGE_H

/* The message around a raw signature. */

#include "key.h"

/** What a message says besides the signature; borrowed. */
struct ms_message {
	enum ms_hash hash;
	const struct ms_key_type *type;
	X509 *cert;
	bool use_skid;
	const ASN1_OCTET_STRING *skid; /* the certificate's; NULL: it has none */
};

/**
 * Appends the message with this raw signature to @ret.
 * -EINVAL: use_skid, and the certificate has none; -EIO: OpenSSL failed; -ENOMEM.
 */
int ms_message_write(struct ms_ctx *ctx, const struct ms_message *message,
		     const struct ms_buf *signature, struct ms_buf *ret);

#endif
