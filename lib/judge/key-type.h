/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_KEY_TYPE_H
#define MS_JUDGE_KEY_TYPE_H

/*
 * Types of keys: one table answers what there is to know of each, for those who judge,
 * sign, make keys and read configurations alike.
 */

#include <stdbool.h>
#include <stddef.h>

#include "oid.h"
#include "sig-algo.h"

/** Public-key algorithms that the kernel's parsers know. */
enum ms_pkey {
	MS_PKEY_NONE = 0, /* the parser knows no such algorithm */
	MS_PKEY_RSA,
	MS_PKEY_ECDSA_P192,
	MS_PKEY_ECDSA_P256,
	MS_PKEY_ECDSA_P384,
	MS_PKEY_ECDSA_P521,
	MS_PKEY_ECRDSA,
	MS_PKEY_SM2,
	MS_PKEY_MLDSA44,
	MS_PKEY_MLDSA65,
	MS_PKEY_MLDSA87,
	MS_PKEY_COUNT,
};

enum ms_key_family {
	MS_KEY_RSA,
	MS_KEY_ECDSA,
	MS_KEY_ECRDSA, /* GOST R 34.10 */
	MS_KEY_SM2,
	MS_KEY_MLDSA, /* signs the data, not a digest of them */
};

struct ms_key_type {
	const char *name; /* "p384"; NULL: people call it "unknown" */
	enum ms_key_family family;
	bool signs;	   /* modseal makes such keys, and signs with them */
	const char *ktype; /* kernel-sign's word for it in a key store */

	/* in Linux */
	enum ms_pkey pkey;	      /* MS_PKEY_NONE: no kernel knows it */
	enum ms_sig_algo sig;	      /* of what it signs */
	const char *kernel;	      /* pkey_algo of what it signs, as kmod shows it */
	enum ms_oid algorithm, curve; /* of a SubjectPublicKeyInfo */
	unsigned since, before;	      /* the releases that read it; 0: no bound */
	const char *crypto;	      /* the configuration's symbol that verifies with it */
	const char *config;	      /* and that by which a build signs with its like */
	bool is_built;		      /* it is the one that such a build makes */

	/* sizes */
	int bits;		      /* RSA's modulus */
	size_t field;		      /* bytes of a coordinate on its curve */
	size_t public_key, signature; /* ML-DSA's, in bytes */

	/* in OpenSSL; NULL where its names are of no use */
	const char *openssl; /* EVP_PKEY_is_a() */
	const char *group;   /* the curve */
	const char *nist;    /* another name of it */
};

/** Row @i of the table; NULL behind the last. Rows of a family stand together. */
const struct ms_key_type *ms_key_type_at(size_t i);

/** The type with that name; NULL. */
const struct ms_key_type *ms_key_type_by_name(const char *name);

/**
 * The same of a certificate's key type as it is shown: an RSA key of a size that is in no
 * row ("rsa2056") is like any other of its family. NULL: unknown.
 */
const struct ms_key_type *ms_key_type_like(const char *shown);

/**
 * The first type with that algorithm and that curve (MS_OID_UNKNOWN: it says none) which
 * some kernel knows; NULL. RSA's size is not told by it.
 */
const struct ms_key_type *ms_key_type_by_oid(enum ms_oid algorithm, enum ms_oid curve);

/** The first type that the kernel calls so; NULL for MS_PKEY_NONE only. */
const struct ms_key_type *ms_key_type_of_pkey(enum ms_pkey pkey);

/** The kernel's name of a signature algorithm: "rsa", "mldsa65"; NULL for MS_SIG_NONE. */
const char *ms_sig_algo_name(enum ms_sig_algo algo);

/** "rsa", "ecdsa", "mldsa" ... */
const char *ms_key_family_name(enum ms_key_family family);

#endif
