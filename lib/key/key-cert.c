/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The certificate of a key, out of a file: one in DER, or any number in PEM among other
 * things, such as the key itself. Only its issuer, serial number and SKID get into a
 * signature; that it belongs to the key is checked, because a signature that names
 * another key's certificate would never verify. Nothing else about it is: the kernel
 * looks neither at validity nor at usages.
 */

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "../base/context.h"
#include "../hash/hash.h"
#include "key.h"

static int no_cert(struct ms_ctx *ctx, const char *path)
{
	ERR_clear_error();
	return ms_fail(ctx, -EBADMSG, "no certificate in '%s'", path);
}

static int from_der(struct ms_ctx *ctx, const char *path, const struct ms_buf *content,
		    X509 **ret)
{
	const uint8_t *p = content->data;

	*ret = d2i_X509(NULL, &p, (long)content->len);
	return *ret ? 0 : no_cert(ctx, path);
}

/* PEM_read_bio_X509() says so where no further certificate is there. */
static bool at_end(void)
{
	unsigned long code = ERR_peek_last_error();

	return ERR_GET_LIB(code) == ERR_LIB_PEM &&
	       ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/* OpenSSL would ask on the terminal for what an encrypted block needs. */
static int no_passphrase(char *buffer, int size, int for_writing, void *userdata)
{
	(void)for_writing;
	(void)userdata;
	if (size > 0)
		*buffer = '\0';
	return -1;
}

static int from_pem(struct ms_ctx *ctx, const char *path, const struct ms_buf *content,
		    const EVP_PKEY *key, X509 **ret)
{
	_cleanup_(ms_bio_done) BIO *bio =
		BIO_new_mem_buf(content->data, (int)content->len);
	_cleanup_(ms_x509_done) X509 *first = NULL;

	if (!bio)
		return ms_fail_nomem(ctx);
	for (;;) {
		_cleanup_(ms_x509_done) X509 *cert = NULL;
		int r = ms_check_cancelled(ctx);

		if (r < 0)
			return r;
		cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
		if (!cert && !at_end())
			return ms_fail_openssl(ctx, -EBADMSG,
					       "cannot read a certificate in '%s'", path);
		ERR_clear_error();
		if (!cert)
			break;
		if (X509_check_private_key(cert, key) == 1) {
			*ret = ms_steal(&cert);
			return 0;
		}
		ERR_clear_error();
		if (!first)
			first = ms_steal(&cert);
	}
	*ret = ms_steal(&first);
	return *ret ? 0 : no_cert(ctx, path);
}

int ms_cert_decode(struct ms_ctx *ctx, const char *path, const struct ms_buf *content,
		   const EVP_PKEY *key, X509 **ret)
{
	ERR_clear_error();
	if (content->len > 0 && memmem(content->data, content->len, "-----BEGIN ", 11))
		return from_pem(ctx, path, content, key, ret);
	return from_der(ctx, path, content, ret);
}
