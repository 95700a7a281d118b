/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_CERT_USAGE_H
#define MS_KEY_CERT_USAGE_H

/* What a certificate says its key may be used for. */

#include <stdbool.h>
#include <stdint.h>

#include <modseal/base.h>

struct ms_cert_usage {
	bool has_extended;	/* it has an extendedKeyUsage */
	bool code_signing;	/* ... with codeSigning */
	bool module_signing;	/* ... with shim's "kernel modules only", 1.3.6.1.4.1.2312.16.1.2 */
	bool has_usage;		/* it has a keyUsage */
	bool digital_signature; /* ... with digitalSignature */
};

/**
 * Reads the usage out of a certificate in DER, by OpenSSL. @ret: written on success only.
 * -EBADMSG: OpenSSL cannot read it; -ENOMEM.
 */
int ms_cert_usage(struct ms_ctx *ctx, const uint8_t *der, size_t len,
		  struct ms_cert_usage *ret);

#endif
