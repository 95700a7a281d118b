/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_BER_H
#define MS_JUDGE_BER_H

/*
 * BER as Linux decodes it: a schema in a table, and the walk over it.
 *
 * A schema is a list of struct ms_ber_node. Each node says which tag may stand at its
 * place and what is called when it does. The lists of one file read like the ASN.1 that
 * they stand for (grammar-*.c).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest message the kernel's decoder takes, in bytes; beyond: -EMSGSIZE. */
enum { MS_BER_MAX = 65535 };

/** Identifier octets of universal types; constructed ones carry the 0x20. */
enum ms_ber_tag {
	MS_BER_BOOLEAN = 0x01,
	MS_BER_INTEGER = 0x02,
	MS_BER_BIT_STRING = 0x03,
	MS_BER_OCTET_STRING = 0x04,
	MS_BER_OID = 0x06,
	MS_BER_IA5_STRING = 0x16,
	MS_BER_UTC_TIME = 0x17,
	MS_BER_GENERALIZED_TIME = 0x18,
	MS_BER_SEQUENCE = 0x30,
	MS_BER_SET = 0x31,
	MS_BER_CONTEXT = 0x80,	  /* [n] of a primitive type */
	MS_BER_CONTEXT_OF = 0xa0, /* [n] of a constructed type */
};

/** What a callback is told: the last element that was matched or that ended. */
struct ms_ber_item {
	uint8_t tag;	      /* as it stands in the data */
	size_t header;	      /* bytes of tag and length before @value */
	const uint8_t *value; /* the content, borrowed */
	size_t len;	      /* its bytes; of an indefinite ANY with its end mark */
};

/** Called in the midst of the walk; an error (negative) ends it at once. */
typedef int (*ms_ber_fn)(void *userdata, const struct ms_ber_item *item);

enum ms_ber_kind {
	MS_BER_END = 0, /* the end of a list */
	MS_BER_LEAF,	/* one element with that tag; its content is not entered */
	MS_BER_ANY,	/* one element of whatever tag */
	MS_BER_GROUP,	/* an element with that tag whose content is @members, in order */
	MS_BER_LIST,	/* the same, @members again and again until the content ends */
	MS_BER_CHOICE,	/* one of @members, which are alternatives */
};

struct ms_ber_node {
	enum ms_ber_kind kind;
	uint8_t tag;
	bool optional;
	/*
	 * A group that stands in several places of the ASN.1. It makes a difference only
	 * for what a CHOICE behind it that finds no data takes for matched (ber.c).
	 */
	bool shared;
	const struct ms_ber_node *members;
	ms_ber_fn call; /* leaf, any: on the element; group, list: at its end */
	ms_ber_fn then; /* a second call behind it; of a CHOICE: whatever was chosen */
};

/**
 * Walks over the element at the start of @data by @schema, a list of one node. Bytes
 * behind the element are not looked at.
 *
 * Errors: -EBADMSG the data do not follow the schema; -EMSGSIZE they are longer than
 * MS_BER_MAX; whatever a callback returned. Source: lib/asn1_decoder.c of Linux.
 */
int ms_ber_walk(const struct ms_ber_node *schema, void *userdata, const uint8_t *data,
		size_t len);

#endif
