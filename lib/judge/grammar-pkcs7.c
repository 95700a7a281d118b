/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * PKCS#7 and CMS SignedData as Linux reads them: crypto/asymmetric_keys/pkcs7.asn1
 * (BSD-3-Clause, after RFC 5652 section 3), from the innermost type outwards.
 */

#include "grammar.h"

static const struct ms_ber_node algorithm_members[] = {
	LEAF(MS_BER_OID, ms_pkcs7_note_oid),
	OPTIONAL_ANY(NULL), /* parameters */
	END,
};

static const struct ms_ber_node algorithms_members[] = {
	SHARED(GROUP, MS_BER_SEQUENCE, algorithm_members, NULL),
	END,
};

static const struct ms_ber_node digest_algorithms[] = {
	LIST(MS_BER_SET, algorithms_members, NULL),
	LIST(MS_BER_SEQUENCE, algorithms_members, NULL),
	END,
};

static const struct ms_ber_node data_members[] = {
	ANY(ms_pkcs7_note_data),
	END,
};

static const struct ms_ber_node content_info_members[] = {
	LEAF(MS_BER_OID, ms_pkcs7_note_oid, ms_pkcs7_note_oid), /* contentType */
	OPTIONAL(GROUP, MS_BER_CONTEXT_OF | 0, data_members, NULL),
	END,
};

/* certificates */

static const struct ms_ber_node certificate[] = {
	ANY(ms_pkcs7_extract_cert),
	END,
};

static const struct ms_ber_node certificate_or_extended[] = {
	ANY(ms_pkcs7_extract_cert), /* certificate */
	ANY(ms_pkcs7_extract_cert), /* extendedCertificate */
	END,
};

static const struct ms_ber_node certificate_set_members[] = {
	CHOICE(certificate_or_extended, NULL),
	END,
};

static const struct ms_ber_node certificates[] = {
	LIST(MS_BER_CONTEXT_OF | 0, certificate_set_members, NULL), /* certSet */
	LIST(MS_BER_CONTEXT_OF | 2, certificate, NULL),		    /* certSequence */
	END,
};

static const struct ms_ber_node certificate_lists[] = {
	SHARED(LIST, MS_BER_SEQUENCE, certificate, NULL),
	END,
};

static const struct ms_ber_node crls[] = {
	LIST(MS_BER_CONTEXT_OF | 1, certificate_lists, NULL), /* crlSet */
	LIST(MS_BER_CONTEXT_OF | 3, certificate_lists, NULL), /* crlSequence */
	END,
};

/* names */

static const struct ms_ber_node attribute_value_members[] = {
	LEAF(MS_BER_OID, ms_pkcs7_note_oid),
	ANY(NULL),
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

/* signers */

static const struct ms_ber_node issuer_and_serial_members[] = {
	LIST(MS_BER_SEQUENCE, name_members, NULL, ms_pkcs7_note_issuer),
	LEAF(MS_BER_INTEGER, NULL, ms_pkcs7_note_serial),
	END,
};

static const struct ms_ber_node signer_identifier[] = {
	GROUP(MS_BER_SEQUENCE, issuer_and_serial_members, NULL),
	LEAF(MS_BER_CONTEXT | 0, ms_pkcs7_note_skid),
	END,
};

static const struct ms_ber_node signed_attribute_values[] = {
	ANY(ms_pkcs7_note_attribute),
	END,
};

static const struct ms_ber_node signed_attribute_members[] = {
	LEAF(MS_BER_OID, ms_pkcs7_note_oid),
	LIST(MS_BER_SET, signed_attribute_values, NULL),
	END,
};

static const struct ms_ber_node signed_attributes_members[] = {
	SHARED(GROUP, MS_BER_SEQUENCE, signed_attribute_members, NULL),
	END,
};

static const struct ms_ber_node explicit_signed_attributes[] = {
	LIST(MS_BER_SEQUENCE, signed_attributes_members, NULL),
	END,
};

static const struct ms_ber_node signed_attributes[] = {
	LIST(MS_BER_CONTEXT_OF | 0, signed_attributes_members, NULL,
	     ms_pkcs7_note_attributes),					/* aaSet */
	GROUP(MS_BER_CONTEXT_OF | 2, explicit_signed_attributes, NULL), /* aaSequence */
	END,
};

static const struct ms_ber_node unsigned_attribute_values[] = {
	ANY(NULL),
	END,
};

static const struct ms_ber_node unsigned_attribute_members[] = {
	LEAF(MS_BER_OID, NULL),
	LIST(MS_BER_SET, unsigned_attribute_values, NULL),
	END,
};

static const struct ms_ber_node unsigned_attributes_members[] = {
	SHARED(GROUP, MS_BER_SEQUENCE, unsigned_attribute_members, NULL),
	END,
};

static const struct ms_ber_node unsigned_attributes[] = {
	LIST(MS_BER_CONTEXT_OF | 1, unsigned_attributes_members, NULL), /* uaSet */
	LIST(MS_BER_CONTEXT_OF | 3, unsigned_attributes_members, NULL), /* uaSequence */
	END,
};

static const struct ms_ber_node signer_info_members[] = {
	LEAF(MS_BER_INTEGER, ms_pkcs7_note_signer_version),
	CHOICE(signer_identifier, NULL),
	SHARED(GROUP, MS_BER_SEQUENCE, algorithm_members, NULL,
	       ms_pkcs7_note_digest_algo),
	OPTIONAL_CHOICE(signed_attributes, NULL),
	GROUP(MS_BER_SEQUENCE, algorithm_members, NULL, ms_pkcs7_note_pkey_algo),
	LEAF(MS_BER_OCTET_STRING, ms_pkcs7_note_signature),
	OPTIONAL_CHOICE(unsigned_attributes, NULL),
	END,
};

static const struct ms_ber_node signer_infos_members[] = {
	SHARED(GROUP, MS_BER_SEQUENCE, signer_info_members, ms_pkcs7_note_signed_info),
	END,
};

static const struct ms_ber_node signer_infos[] = {
	LIST(MS_BER_SET, signer_infos_members, NULL),
	LIST(MS_BER_SEQUENCE, signer_infos_members, NULL),
	END,
};

/* the whole */

static const struct ms_ber_node signed_data_members[] = {
	LEAF(MS_BER_INTEGER, ms_pkcs7_note_version),
	CHOICE(digest_algorithms, NULL),
	GROUP(MS_BER_SEQUENCE, content_info_members, NULL, ms_pkcs7_note_content),
	OPTIONAL_CHOICE(certificates, ms_pkcs7_note_certs),
	OPTIONAL_CHOICE(crls, NULL),
	CHOICE(signer_infos, NULL),
	END,
};

static const struct ms_ber_node signed_data[] = {
	GROUP(MS_BER_SEQUENCE, signed_data_members, NULL),
	END,
};

static const struct ms_ber_node message_members[] = {
	LEAF(MS_BER_OID, ms_pkcs7_note_oid, ms_pkcs7_check_content_type),
	OPTIONAL(GROUP, MS_BER_CONTEXT_OF | 0, signed_data, NULL),
	END,
};

const struct ms_ber_node ms_pkcs7_grammar[] = {
	GROUP(MS_BER_SEQUENCE, message_members, NULL),
	END,
};
