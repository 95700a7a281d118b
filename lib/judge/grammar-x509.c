/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Certificates as Linux reads them: crypto/asymmetric_keys/x509.asn1 and
 * x509_akid.asn1 (BSD-3-Clause, after RFC 5280 section 4), from the innermost type
 * outwards; and the key and signature types crypto/rsapubkey.asn1 and
 * crypto/ecdsasignature.asn1.
 */

#include "grammar.h"

static const struct ms_ber_node any_members[] = {
	ANY(NULL),
	END,
};

static const struct ms_ber_node algorithm_members[] = {
	LEAF(MS_BER_OID, ms_x509_note_oid),
	OPTIONAL_ANY(ms_x509_note_params),
	END,
};

static const struct ms_ber_node attribute_value_members[] = {
	LEAF(MS_BER_OID, ms_x509_note_oid),
	ANY(ms_x509_note_name_segment),
	END,
};

static const struct ms_ber_node relative_name_members[] = {
	GROUP(MS_BER_SEQUENCE, attribute_value_members, NULL),
	END,
};

static const struct ms_ber_node name_members[] = {
	LIST(MS_BER_SET, relative_name_members, NULL),
	END,
};

static const struct ms_ber_node time_choices[] = {
	LEAF(MS_BER_UTC_TIME, NULL),
	LEAF(MS_BER_GENERALIZED_TIME, NULL),
	END,
};

static const struct ms_ber_node validity_members[] = {
	CHOICE(time_choices, ms_x509_note_not_before),
	CHOICE(time_choices, ms_x509_note_not_after),
	END,
};

static const struct ms_ber_node key_info_members[] = {
	SHARED(GROUP, MS_BER_SEQUENCE, algorithm_members, NULL),
	LEAF(MS_BER_BIT_STRING, ms_x509_note_key),
	END,
};

static const struct ms_ber_node version_members[] = {
	LEAF(MS_BER_INTEGER, NULL),
	END,
};

static const struct ms_ber_node extension_members[] = {
	LEAF(MS_BER_OID, ms_x509_note_oid),
	OPTIONAL_LEAF(MS_BER_BOOLEAN, NULL), /* critical */
	LEAF(MS_BER_OCTET_STRING, ms_x509_note_extension),
	END,
};

static const struct ms_ber_node extension_list[] = {
	GROUP(MS_BER_SEQUENCE, extension_members, NULL),
	END,
};

static const struct ms_ber_node extensions_members[] = {
	LIST(MS_BER_SEQUENCE, extension_list, NULL),
	END,
};

static const struct ms_ber_node tbs_members[] = {
	OPTIONAL(GROUP, MS_BER_CONTEXT_OF | 0, version_members, NULL),
	LEAF(MS_BER_INTEGER, NULL, ms_x509_note_serial),
	SHARED(GROUP, MS_BER_SEQUENCE, algorithm_members, NULL, ms_x509_note_sig_algo),
	SHARED(LIST, MS_BER_SEQUENCE, name_members, NULL, ms_x509_note_issuer),
	GROUP(MS_BER_SEQUENCE, validity_members, NULL),
	SHARED(LIST, MS_BER_SEQUENCE, name_members, NULL, ms_x509_note_subject),
	GROUP(MS_BER_SEQUENCE, key_info_members, NULL),
	OPTIONAL_LEAF(MS_BER_CONTEXT | 1, NULL), /* issuerUniqueID */
	OPTIONAL_LEAF(MS_BER_CONTEXT | 2, NULL), /* subjectUniqueID */
	OPTIONAL(GROUP, MS_BER_CONTEXT_OF | 3, extensions_members, NULL),
	END,
};

static const struct ms_ber_node certificate_members[] = {
	GROUP(MS_BER_SEQUENCE, tbs_members, NULL, ms_x509_note_tbs),
	SHARED(GROUP, MS_BER_SEQUENCE, algorithm_members, NULL),
	LEAF(MS_BER_BIT_STRING, ms_x509_note_signature),
	END,
};

const struct ms_ber_node ms_x509_grammar[] = {
	GROUP(MS_BER_SEQUENCE, certificate_members, ms_x509_note_certificate),
	END,
};

/* AuthorityKeyIdentifier */

static const struct ms_ber_node directory_name_members[] = {
	LIST(MS_BER_SEQUENCE, name_members, NULL, ms_x509_note_akid_name),
	END,
};

static const struct ms_ber_node other_name_members[] = {
	LEAF(MS_BER_OID, NULL),
	GROUP(MS_BER_CONTEXT_OF | 0, any_members, NULL),
	END,
};

static const struct ms_ber_node edi_party_name_members[] = {
	OPTIONAL(GROUP, MS_BER_CONTEXT_OF | 0, any_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 1, any_members, NULL),
	END,
};

static const struct ms_ber_node general_name[] = {
	GROUP(MS_BER_CONTEXT_OF | 0, other_name_members, NULL),
	LEAF(MS_BER_CONTEXT | 1, NULL),			 /* rfc822Name */
	LEAF(MS_BER_CONTEXT | 2, NULL),			 /* dNSName */
	GROUP(MS_BER_CONTEXT_OF | 3, any_members, NULL), /* x400Address */
	GROUP(MS_BER_CONTEXT_OF | 4, directory_name_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 5, edi_party_name_members, NULL),
	LEAF(MS_BER_CONTEXT | 6, NULL), /* URI */
	LEAF(MS_BER_CONTEXT | 7, NULL), /* iPAddress */
	LEAF(MS_BER_CONTEXT | 8, NULL), /* registeredID */
	END,
};

static const struct ms_ber_node general_names_members[] = {
	CHOICE(general_name, NULL),
	END,
};

static const struct ms_ber_node akid_members[] = {
	OPTIONAL_LEAF(MS_BER_CONTEXT | 0, ms_x509_note_akid_key_id),
	OPTIONAL(LIST, MS_BER_CONTEXT_OF | 1, general_names_members, NULL),
	OPTIONAL_LEAF(MS_BER_CONTEXT | 2, ms_x509_note_akid_serial),
	END,
};

const struct ms_ber_node ms_akid_grammar[] = {
	GROUP(MS_BER_SEQUENCE, akid_members, NULL),
	END,
};

/* Once every name was thought to be tagged explicitly. */

static const struct ms_ber_node ia5_members[] = {
	LEAF(MS_BER_IA5_STRING, NULL),
	END,
};

static const struct ms_ber_node octets_members[] = {
	LEAF(MS_BER_OCTET_STRING, NULL),
	END,
};

static const struct ms_ber_node oid_members[] = {
	LEAF(MS_BER_OID, NULL),
	END,
};

static const struct ms_ber_node general_name_old[] = {
	GROUP(MS_BER_CONTEXT_OF | 0, any_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 1, ia5_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 2, ia5_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 3, any_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 4, directory_name_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 5, any_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 6, ia5_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 7, octets_members, NULL),
	GROUP(MS_BER_CONTEXT_OF | 8, oid_members, NULL),
	END,
};

static const struct ms_ber_node general_names_old_members[] = {
	CHOICE(general_name_old, NULL),
	END,
};

static const struct ms_ber_node akid_old_members[] = {
	OPTIONAL_LEAF(MS_BER_CONTEXT | 0, ms_x509_note_akid_key_id),
	OPTIONAL(LIST, MS_BER_CONTEXT_OF | 1, general_names_old_members, NULL),
	OPTIONAL_LEAF(MS_BER_CONTEXT | 2, ms_x509_note_akid_serial),
	END,
};

const struct ms_ber_node ms_akid_old_grammar[] = {
	GROUP(MS_BER_SEQUENCE, akid_old_members, NULL),
	END,
};

/* keys and signatures */

static const struct ms_ber_node rsa_key_members[] = {
	LEAF(MS_BER_INTEGER, ms_rsa_note_n),
	LEAF(MS_BER_INTEGER, ms_rsa_note_e),
	END,
};

const struct ms_ber_node ms_rsa_key_grammar[] = {
	GROUP(MS_BER_SEQUENCE, rsa_key_members, NULL),
	END,
};

static const struct ms_ber_node ecdsa_sig_members[] = {
	LEAF(MS_BER_INTEGER, ms_ecdsa_note_r),
	LEAF(MS_BER_INTEGER, ms_ecdsa_note_s),
	END,
};

const struct ms_ber_node ms_ecdsa_sig_grammar[] = {
	GROUP(MS_BER_SEQUENCE, ecdsa_sig_members, NULL),
	END,
};
