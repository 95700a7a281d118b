/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_GRAMMAR_H
#define MS_JUDGE_GRAMMAR_H

/*
 * The schemas, and the calls that they make. A schema file is the kernel's .asn1 file of
 * that name in another notation; what a call does is with the parser that it belongs to.
 */

#include "ber.h"

/* clang-format off */
#define NODE(kind, tag, optional, shared, ...) \
	{ MS_BER_##kind, (tag), (optional), (shared), __VA_ARGS__ }
/* (tag, members, call at the end, then) */
#define GROUP(tag, ...)                NODE(GROUP, tag, false, false, __VA_ARGS__)
#define LIST(tag, ...)                 NODE(LIST, tag, false, false, __VA_ARGS__)
#define SHARED(kind, tag, ...)         NODE(kind, tag, false, true, __VA_ARGS__)
#define OPTIONAL(kind, tag, ...)       NODE(kind, tag, true, false, __VA_ARGS__)
/* (tag, call, then) */
#define LEAF(tag, ...)                 NODE(LEAF, tag, false, false, NULL, __VA_ARGS__)
#define OPTIONAL_LEAF(tag, ...)        NODE(LEAF, tag, true, false, NULL, __VA_ARGS__)
/* (call) */
#define ANY(...)                       NODE(ANY, 0, false, false, NULL, __VA_ARGS__)
#define OPTIONAL_ANY(...)              NODE(ANY, 0, true, false, NULL, __VA_ARGS__)
/* (members, then) */
#define CHOICE(members, then)          NODE(CHOICE, 0, false, false, members, NULL, then)
#define OPTIONAL_CHOICE(members, then) NODE(CHOICE, 0, true, false, members, NULL, then)
#define END                            NODE(END, 0, false, false, NULL)
/* clang-format on */

#define DECLARE_CALL(name) int name(void *userdata, const struct ms_ber_item *item)

extern const struct ms_ber_node ms_pkcs7_grammar[];	/* ContentInfo */
extern const struct ms_ber_node ms_x509_grammar[];	/* Certificate */
extern const struct ms_ber_node ms_akid_grammar[];	/* AuthorityKeyIdentifier */
extern const struct ms_ber_node ms_akid_old_grammar[];	/* the same before Linux 6.5 */
extern const struct ms_ber_node ms_rsa_key_grammar[];	/* RSAPublicKey */
extern const struct ms_ber_node ms_ecdsa_sig_grammar[]; /* ECDSA-Sig-Value */

/* pkcs7/parse.c, pkcs7/parse-signer.c; userdata is a struct ms_pkcs7_walk */
DECLARE_CALL(ms_pkcs7_check_content_type);
DECLARE_CALL(ms_pkcs7_extract_cert);
DECLARE_CALL(ms_pkcs7_note_oid);
DECLARE_CALL(ms_pkcs7_note_certs);
DECLARE_CALL(ms_pkcs7_note_content);
DECLARE_CALL(ms_pkcs7_note_data);
DECLARE_CALL(ms_pkcs7_note_signed_info);
DECLARE_CALL(ms_pkcs7_note_version);
DECLARE_CALL(ms_pkcs7_note_signer_version);
DECLARE_CALL(ms_pkcs7_note_attribute);
DECLARE_CALL(ms_pkcs7_note_attributes);
DECLARE_CALL(ms_pkcs7_note_digest_algo);
DECLARE_CALL(ms_pkcs7_note_pkey_algo);
DECLARE_CALL(ms_pkcs7_note_issuer);
DECLARE_CALL(ms_pkcs7_note_serial);
DECLARE_CALL(ms_pkcs7_note_skid);
DECLARE_CALL(ms_pkcs7_note_signature);

/* x509-parse.c; userdata is its struct parse */
DECLARE_CALL(ms_x509_note_oid);
DECLARE_CALL(ms_x509_note_certificate);
DECLARE_CALL(ms_x509_note_tbs);
DECLARE_CALL(ms_x509_note_serial);
DECLARE_CALL(ms_x509_note_sig_algo);
DECLARE_CALL(ms_x509_note_issuer);
DECLARE_CALL(ms_x509_note_not_before);
DECLARE_CALL(ms_x509_note_not_after);
DECLARE_CALL(ms_x509_note_subject);
DECLARE_CALL(ms_x509_note_params);
DECLARE_CALL(ms_x509_note_name_segment);
DECLARE_CALL(ms_x509_note_key);
DECLARE_CALL(ms_x509_note_extension);
DECLARE_CALL(ms_x509_note_signature);
DECLARE_CALL(ms_x509_note_akid_key_id);
DECLARE_CALL(ms_x509_note_akid_name);
DECLARE_CALL(ms_x509_note_akid_serial);

/* pkey-rsa.c, pkey-ecdsa.c */
DECLARE_CALL(ms_rsa_note_n);
DECLARE_CALL(ms_rsa_note_e);
DECLARE_CALL(ms_ecdsa_note_r);
DECLARE_CALL(ms_ecdsa_note_s);

#endif
