/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_STORE_H
#define MS_KEYSTORE_STORE_H

/*
 * Inside lib/keystore: an open store.
 *
 *	kind.c          what ktype says
 *	period.c        how long a key is good for
 *	faults.c        lists of what is wrong
 *	store.c         opening and making a store; lock.c: who may change it
 *	recover.c       what a killed run left in it
 *	scan.c          what is in it: generations, the link
 *	generation.c    one generation's parts, and what is wrong with them
 *	write.c         files and directories that appear whole, with their modes
 *	add.c           a new generation; token-uri.c: where it goes in a token
 *	rotate.c        is one due? rotate-configs.c: the configurations that trust it
 *	trusting.c      who trusts a generation: configurations and installed kernels
 *	prune.c         generations that nobody needs
 *	install.c       public parts for others
 *	for-kernel.c    the generation that a kernel trusts
 */

#include <modseal/keystore.h>
#include <modseal/system.h>

#include "../base/buffer.h"
#include "../base/cleanup.h"
#include "../base/generation-name.h"
#include "../files/made.h"
#include "../files/temporary.h"
#include "../judge/x509.h"
#include "lock.h"

#define MS_STORE_KEY	"signing_key.pem"
#define MS_STORE_PRV	"signing_prv.pem"
#define MS_STORE_CRT	"signing_crt.crt"
#define MS_STORE_PEM	"signing_crt.pem" /* of a key in a token */
#define MS_STORE_URI	"signing_key.uri"
#define MS_STORE_HASH	"khash"
#define MS_STORE_TYPE	"ktype"
/*
 * What is being made or removed, and the lock itself (lock.h). A kill leaves both; the
 * next who has the lock removes what no journal needs (lib/files/leftovers.h).
 */
#define MS_STORE_TEMPORARY MS_TEMPORARY_STORE

enum { MS_STORE_FILE_MAX = 1 << 20 };

/** Things that are wrong, each with the command that mends it, or NULL. */
struct ms_faults {
	char **texts;
	char **hints;
	size_t n;
};

/** Adds one. @hint may be NULL. 0 or -ENOMEM. */
__attribute__((format(printf, 3, 4))) int
ms_faults_add(struct ms_faults *faults, char *hint_consumed, const char *format, ...);
void ms_faults_done(struct ms_faults *faults);

/** A generation and what its public face points to. */
struct ms_store_entry {
	struct ms_generation face;
	struct ms_generation_name id;
	char *name, *path, *key, *cert, *trusted;
	struct ms_cert_list *certs; /* one */
	struct ms_cert *parsed;	    /* as the kernel reads it */
	struct ms_faults faults;
};

enum ms_store_link {
	MS_LINK_ABSENT = 0,
	MS_LINK_GOOD,
	MS_LINK_BAD,
};

struct ms_keystore {
	char *path; /* absolute, without links */
	int fd;
	struct ms_system *system; /* where installed kernels are; NULL: this one */
	struct ms_store_entry *entries; /* the newest first */
	size_t n_entries;
	enum ms_store_link link;
	char *link_target; /* as the link says */
	size_t current;	   /* where the link is good */
	struct ms_faults faults;
	struct ms_made_directories made; /* by opening */
};

/** Reads what is in the store now; generations of before are gone. */
int ms_store_scan(struct ms_ctx *ctx, struct ms_keystore *store);
void ms_store_forget(struct ms_keystore *store);

/**
 * Reads the parts of @entry, whose name and path are set. What is wrong goes to its
 * faults. -ENOENT: the directory has gone. -ENOMEM.
 */
int ms_generation_read(struct ms_ctx *ctx, const struct ms_keystore *store,
		       struct ms_store_entry *entry);
void ms_generation_done(struct ms_store_entry *entry);

/** "rsa", "ec", "mldsa65": what ktype says of a key of that type; NULL: of no kind. */
const char *ms_store_kind(const char *type);

/** Is what ktype says that kind? "ML-DSA-65" and "ml_dsa_65" are "mldsa65". */
bool ms_store_same_kind(const char *said, const char *kind);

/** True of names that begin with MS_STORE_TEMPORARY, but not of the lock's. */
bool ms_store_is_temporary(const char *name);

/**
 * Locks the store, ends what a killed run left, and scans it again. @ret: of
 * ms_store_unlock(). Errors as ms_store_lock_directory().
 */
int ms_store_lock(struct ms_ctx *ctx, struct ms_keystore *store, bool no_wait,
		  struct ms_store_lock *ret);

/**
 * Makes the directory @path with @mode where it is not there, and puts its name on the
 * disk, before anything in it is promised. As ms_make_directories().
 */
int ms_store_make(struct ms_ctx *ctx, const char *path, mode_t mode,
		  struct ms_made_directories *made);

#endif
