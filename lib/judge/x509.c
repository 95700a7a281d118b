/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Certificates: a private copy of the DER, and slices of it. Nothing in a certificate
 * changes after it was parsed, but for the prepared key, which its first use publishes
 * (pkey.c); so threads may share one.
 *
 * A certificate that looks self-signed must verify, or the kernel does not take it
 * (x509_check_for_self_signed of crypto/asymmetric_keys/x509_public_key.c). Where our
 * crypto library cannot tell, a certificate that somebody trusts is taken: nothing that
 * its key has signed can be verified either. In a message it is refused, since whether
 * it ends a chain is open then.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/cursor.h"
#include "../hash/payload.h"
#include "ber.h"
#include "cert.h"

struct ms_cert *ms_cert_ref(struct ms_cert *cert)
{
	cert->references++;
	return cert;
}

struct ms_cert *ms_cert_free(struct ms_cert *cert)
{
	if (!cert || --cert->references > 0)
		return NULL;
	ms_public_key_done(&cert->key);
	ms_key_id_done(&cert->id);
	ms_key_id_done(&cert->skid);
	ms_key_id_done(&cert->authority_id);
	ms_key_id_done(&cert->authority_skid);
	free(cert->subject_name);
	free(cert->issuer_name);
	free(cert->data);
	free(cert);
	return NULL;
}

static bool same_bytes(struct ms_bytes a, struct ms_bytes b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.data, b.data, a.len));
}

int ms_cert_verify(struct ms_ctx *ctx, const struct ms_rules *rules,
		   const struct ms_cert *cert, struct ms_public_key *key)
{
	uint8_t digest[MS_HASH_MAX_SIZE];
	struct ms_signature sig = {
		.algo = cert->sig_algo,
		.hash = cert->sig_hash,
		.value = cert->sig_value,
		.message = { digest,
			     0 }, /* what the kernel has where it lacks the hash */
	};
	int r = ms_pkey_check(rules, key, sig.algo, sig.hash);

	if (r < 0)
		return r;
	if (ms_sig_takes_data(sig.algo)) {
		sig.message = cert->tbs;
	} else if (!cert->unsupported_sig) {
		r = ms_hash_bytes(ctx, sig.hash, cert->tbs.data, cert->tbs.len, digest);
		if (r < 0)
			return r;
		sig.message.len = ms_hash_size(sig.hash);
	}
	return ms_pkey_verify(ctx, rules, key, &sig);
}

/* By names and identifiers: 1 it says it is self-signed, 0 it does not, or a refusal. */
static int looks_self_signed(const struct ms_cert *cert)
{
	bool has_id = cert->authority_id.data, has_skid = cert->authority_skid.data;
	bool id_fits = ms_key_id_same(&cert->id, &cert->authority_id);
	bool skid_fits = ms_key_id_same(&cert->skid, &cert->authority_skid);

	if (!same_bytes(cert->subject, cert->issuer))
		return 0;
	if (!has_id && !has_skid)
		return 1;
	if (!id_fits && !skid_fits)
		return 0;
	return has_id && has_skid && id_fits != skid_fits ? -EKEYREJECTED : 1;
}

static int check_self_signature(struct ms_ctx *ctx, const struct ms_rules *rules,
				struct ms_cert *cert)
{
	int r = looks_self_signed(cert);

	if (r < 0)
		return ms_fail(ctx, r,
			       "certificate names itself and another as its signer");
	if (r == 0 || cert->unsupported_sig)
		return 0;
	r = ms_cert_verify(ctx, rules, cert, &cert->key);
	if (r == -EOPNOTSUPP)
		cert->self_signed_unknown = true;
	else if (r == -ENOENT)
		return ms_fail(ctx, r, "the kernel lacks the algorithm of its key (CONFIG_%s)",
			       ms_key_type_of_pkey(cert->key.algo)->crypto);
	else if (r < 0)
		return ms_is_verdict(r)
			       ? ms_fail(ctx, r, "certificate's self-signature is bad")
			       : r;
	else
		cert->self_signed = true;
	return 0;
}

static int cert_read(struct ms_ctx *ctx, const struct ms_rules *rules,
		     const uint8_t *data, size_t len, size_t available, bool names_only,
		     struct ms_cert **ret)
{
	_cleanup_(ms_cleanup_cert) struct ms_cert *cert = calloc(1, sizeof(*cert));
	int r;

	if (!cert)
		return ms_fail_nomem(ctx);
	cert->references = 1;
	cert->data = calloc(1, len > 0 ? len : 1);
	if (!cert->data)
		return ms_fail_nomem(ctx);
	if (available > 0)
		memcpy(cert->data, data, available);
	cert->len = len;
	r = ms_x509_read(ctx, rules, names_only, cert);
	if (r < 0)
		return r;
	if (ms_key_id_join(&cert->id, cert->serial, cert->issuer) < 0)
		return ms_fail_nomem(ctx);
	*ret = ms_steal(&cert);
	return 0;
}

static int cert_parse(struct ms_ctx *ctx, const struct ms_rules *rules,
		      const uint8_t *data, size_t len, size_t available,
		      struct ms_cert **ret)
{
	_cleanup_(ms_cleanup_cert) struct ms_cert *cert = NULL;
	int r = cert_read(ctx, rules, data, len, available, false, &cert);

	if (r < 0)
		return r;
	cert->unsupported_sig =
		!ms_sig_takes_data(cert->sig_algo) && !rules->hash[cert->sig_hash];
	r = check_self_signature(ctx, rules, cert);
	if (r < 0)
		return r;
	*ret = ms_steal(&cert);
	return 0;
}

/* Nothing behind a certificate of a stated length is read; so it need not be copied. */
static size_t first_element(const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len);
	uint8_t tag, first, byte;
	size_t n, content = 0;

	if (ms_cur_u8(&c, &tag) < 0 || ms_cur_u8(&c, &first) < 0 || first == 0x80)
		return len;
	n = first > 0x80 ? first - 0x80U : 0;
	if (n == 0)
		content = first;
	for (; n > 0 && content <= MS_BER_MAX; n--) {
		if (ms_cur_u8(&c, &byte) < 0)
			return len;
		content = content << 8 | byte;
	}
	return content < ms_cur_left(&c) ? c.pos + content : len;
}

int ms_cert_parse(struct ms_ctx *ctx, const struct ms_rules *rules, const uint8_t *data,
		  size_t len, struct ms_cert **ret)
{
	int r;

	ms_fail(ctx, 0, "not a certificate that the kernel can read");
	len = first_element(data, len);
	r = cert_parse(ctx, rules, data, len, len, ret);
	if (r == 0)
		ms_fail_clear(ctx);
	return r;
}

int ms_cert_parse_embedded(struct ms_ctx *ctx, const struct ms_rules *rules,
			   const uint8_t *data, size_t len, size_t available,
			   struct ms_cert **ret)
{
	_cleanup_(ms_cleanup_cert) struct ms_cert *cert = NULL;
	int r;

	if (available > len)
		available = len;
	r = cert_parse(ctx, rules, data, len, available, &cert);
	if (r < 0)
		return r;
	if (cert->self_signed_unknown)
		return -EOPNOTSUPP; /* the message is that of the attempt */
	*ret = ms_steal(&cert);
	return 0;
}

int ms_cert_read_names(struct ms_ctx *ctx, const struct ms_rules *rules,
		       const uint8_t *data, size_t len, size_t available,
		       struct ms_cert **ret)
{
	return cert_read(ctx, rules, data, len, available < len ? available : len, true,
			 ret);
}

struct ms_bytes ms_cert_der(const struct ms_cert *cert)
{
	return cert->der;
}

struct ms_bytes ms_cert_tbs(const struct ms_cert *cert)
{
	return cert->tbs;
}

struct ms_bytes ms_cert_raw_issuer(const struct ms_cert *cert)
{
	return cert->issuer;
}

struct ms_bytes ms_cert_raw_subject(const struct ms_cert *cert)
{
	return cert->subject;
}

struct ms_bytes ms_cert_raw_serial(const struct ms_cert *cert)
{
	return cert->serial;
}

struct ms_bytes ms_cert_skid(const struct ms_cert *cert)
{
	return cert->raw_skid;
}

enum ms_pkey ms_cert_pkey(const struct ms_cert *cert)
{
	return cert->key.algo;
}

const char *ms_cert_subject_name(const struct ms_cert *cert)
{
	return cert->subject_name;
}

const char *ms_cert_issuer_name(const struct ms_cert *cert)
{
	return cert->issuer_name;
}

int64_t ms_cert_not_before(const struct ms_cert *cert)
{
	return cert->not_before;
}

int64_t ms_cert_not_after(const struct ms_cert *cert)
{
	return cert->not_after;
}
