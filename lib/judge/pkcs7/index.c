/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Certificates of a message, found by their identifiers. Of several with the same one the
 * first is meant, as in the kernel, which goes through them in their order.
 */

#include <errno.h>
#include <stdlib.h>

#include "../../base/context.h"
#include "pkcs7.h"

static size_t count_certs(const struct ms_pkcs7 *message)
{
	size_t n = 0;

	for (struct ms_chain_cert *c = message->certs; c; c = c->next)
		n++;
	return n;
}

static int add(struct ms_index *index, const struct ms_key_id *id, size_t number)
{
	return id->data ? ms_index_add(index, id->data, id->len, number) : 0;
}

int ms_pkcs7_index(struct ms_ctx *ctx, struct ms_pkcs7 *message)
{
	size_t n = count_certs(message), i = 0;

	message->numbered = calloc(n ? n : 1, sizeof(struct ms_chain_cert *));
	if (!message->numbered)
		return ms_fail_nomem(ctx);
	for (struct ms_chain_cert *c = message->certs; c; c = c->next) {
		message->numbered[i] = c;
		if (add(&message->by_id, &c->cert->id, i) < 0 ||
		    add(&message->by_skid, &c->cert->skid, i) < 0)
			return ms_fail_nomem(ctx);
		i++;
	}
	return 0;
}

void ms_pkcs7_index_done(struct ms_pkcs7 *message)
{
	free(message->numbered);
	message->numbered = NULL;
	ms_index_done(&message->by_id);
	ms_index_done(&message->by_skid);
}

static struct ms_chain_cert *find(const struct ms_pkcs7 *message,
				  const struct ms_index *index,
				  const struct ms_key_id *id)
{
	size_t i;

	if (!id->data || !ms_index_find(index, id->data, id->len, &i))
		return NULL;
	return message->numbered[i];
}

struct ms_chain_cert *ms_pkcs7_find(const struct ms_pkcs7 *message,
				    const struct ms_key_id *id)
{
	return find(message, &message->by_id, id);
}

struct ms_chain_cert *ms_pkcs7_find_by_skid(const struct ms_pkcs7 *message,
					    const struct ms_key_id *skid)
{
	return find(message, &message->by_skid, skid);
}

struct ms_chain_cert *ms_pkcs7_find_issuer(const struct ms_pkcs7 *message,
					   const struct ms_cert *cert)
{
	if (cert->authority_id.data)
		return find(message, &message->by_id, &cert->authority_id);
	return ms_pkcs7_find_by_skid(message, &cert->authority_skid);
}
