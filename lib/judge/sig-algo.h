/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_SIG_ALGO_H
#define MS_JUDGE_SIG_ALGO_H

/* The algorithms by which certificates and messages are signed. */

#include <stdbool.h>

#include <modseal/hash.h>

#include "oid.h"

/** How something was signed. ECDSA does not say on which curve. */
enum ms_sig_algo {
	MS_SIG_NONE = 0,
	MS_SIG_RSA, /* PKCS#1 v1.5 */
	MS_SIG_ECDSA,
	MS_SIG_ECRDSA,
	MS_SIG_SM2,
	MS_SIG_MLDSA44,
	MS_SIG_MLDSA65,
	MS_SIG_MLDSA87,
};

/** What an identifier says of a signature. */
struct ms_sig_oid {
	enum ms_oid oid;
	enum ms_sig_algo algo;
	enum ms_hash hash;	  /* in a certificate; of a message something else tells */
	bool of_cert, of_message; /* which parser of the kernel's takes it */
	unsigned since, before;	  /* and in which releases; 0: no bound */
};

/** NULL: no signature algorithm that any kernel knows. */
const struct ms_sig_oid *ms_sig_oid_find(enum ms_oid oid);

/** ML-DSA takes the message itself; the others take its digest. */
bool ms_sig_takes_data(enum ms_sig_algo algo);

#endif
