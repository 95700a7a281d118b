/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_KEYSTORE_H
#define MODSEAL_KEYSTORE_H

/*
 * A key store: the generations of a signing key, one directory each.
 *
 *	STORE/20260131-0930/signing_key.pem   private key and certificate, 0600
 *	                    signing_prv.pem   private key, 0600
 *	                    signing_crt.crt   certificate, DER
 *	                    khash             digest algorithm to sign with, "sha512"
 *	                    ktype             kind of key: "rsa", "ec", "mldsa65"
 *	STORE/current -> 20260131-0930
 *
 * This is the layout of kernel-sign's certs-local, which is taken over as it is; what
 * else lies beside the generations is not looked at. Of a key in a PKCS#11 token the
 * directory holds signing_key.uri (its pkcs11: URI) and signing_crt.pem instead of the two
 * PEM files of the key. A second generation of the same minute is called
 * 20260131-0930-2.
 *
 * A generation appears by a rename, whole, and so does the link: whoever reads a store
 * while it is being changed sees the old state or the new one. Changes of a store wait for
 * one another.
 */

#include <modseal/base.h>
#include <modseal/hash.h>
#include <modseal/cert.h>
#include <modseal/key.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_keystore;

/** One generation. All of it is owned by the store, and valid until the store changes. */
struct ms_generation {
	const char *name;      /* "20260131-0930" */
	const char *path;      /* its directory, absolute */
	const char *key;       /* the key's file or pkcs11: URI; NULL: there is none */
	const char *cert;      /* the certificate's file */
	const char *trusted;   /* what CONFIG_SYSTEM_TRUSTED_KEYS can name: PEM */
	bool current;
	bool whole;            /* key, certificate and khash are there and can be used */
	bool in_token;
	bool encrypted;        /* a passphrase opens it; not of a token */
	enum ms_hash hash;     /* khash; NONE where it does not say */
	const char *type;      /* "rsa4096"; NULL where the certificate cannot be read */
	int64_t made;          /* seconds since the epoch; see ms_keystore_rotate() */
	const struct ms_cert_info *info; /* the certificate; NULL where it cannot be read */
	const char *const *faults; /* what is wrong with it, for a person */
	const char *const *hints;  /* for each the command that mends it, or NULL */
	size_t n_faults;
};

/**
 * Opens the store in directory @path and reads what is in it. With @create the directory
 * is made (0700) where it is not there; it goes away again when the store is freed and
 * no key was put into it.
 *
 * A generation in which something is missing or wrong is listed with its faults.
 * Errors: -ENOENT and others of the file system.
 */
MS_PUBLIC int ms_keystore_open(struct ms_ctx *ctx, const char *path, bool create,
			       struct ms_keystore **ret);

/** Frees @store, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_keystore *ms_keystore_free(struct ms_keystore *store);

/** The store's directory, absolute. */
MS_PUBLIC const char *ms_keystore_path(const struct ms_keystore *store);

/**
 * Looks for installed kernels under @root instead of "/" from now on. A root that is not
 * "/" has no say of this machine's EFI variables. Errors as ms_system_open().
 */
MS_PUBLIC int ms_keystore_set_root(struct ms_ctx *ctx, struct ms_keystore *store,
				   const char *root);

/** The number of generations. */
MS_PUBLIC size_t ms_keystore_count(const struct ms_keystore *store);

/** The @i-th generation, the newest first; NULL past the last. */
MS_PUBLIC const struct ms_generation *ms_keystore_at(const struct ms_keystore *store,
						     size_t i);

/**
 * The generation that `current` points to. It is whole.
 *
 * Errors: -ENOENT there is no such link; -EBADMSG it is no link, dangles, leaves the store
 * or points to a generation that is not whole. The hint says what mends it.
 */
MS_PUBLIC int ms_keystore_current(struct ms_ctx *ctx, const struct ms_keystore *store,
				  const struct ms_generation **ret);

/**
 * The @i-th thing that is wrong with the store itself (the link, modes, a current
 * generation that is not the newest), for a person; NULL past the last. @ret_hint may be
 * NULL: the command that mends it, or NULL.
 */
MS_PUBLIC const char *ms_keystore_fault(const struct ms_keystore *store, size_t i,
					const char **ret_hint);

/**
 * The newest generation whose certificate kernel @release trusts: its image's own and
 * trusted certificates, and the machine owner's keys (MokListRT, db). A revoked one (by
 * the image, MokListXRT or dbx) is none of them. Certificates are found as the kernel
 * finds a signature's, by serial number and issuer as well as by subject key identifier;
 * and the key must be the same.
 *
 * Errors: -ENOKEY no generation is trusted; -ENOENT no image of that kernel is installed;
 * those of ms_trust_add_kernel(). The hint says what mends it.
 */
MS_PUBLIC int ms_keystore_for_kernel(struct ms_ctx *ctx, struct ms_keystore *store,
				     const char *release,
				     const struct ms_generation **ret);

/**
 * Makes a new key, puts it into the store and points `current` to it.
 *
 * @request: as for ms_key_new_file(); its hash becomes khash, too (NONE: SHA-512).
 * @token: NULL, or the pkcs11: URI by which the key is made inside a token, as for
 * ms_key_new_token(); where it names no object, the label is "modseal-" and the
 * generation's name. @no_wait: -EWOULDBLOCK at once where the store is being changed.
 *
 * Errors: those of making a key and of writing. The store is as it was then; what was made
 * inside a token before is still there.
 */
MS_PUBLIC int ms_keystore_add(struct ms_ctx *ctx, struct ms_keystore *store,
			      const struct ms_key_request *request, const char *token,
			      bool no_wait, const struct ms_generation **ret);

/** Why a new key is due. */
enum ms_due {
	MS_DUE_UNDECIDED = 0,
	MS_DUE_NOT,    /* it is not: the current one is kept */
	MS_DUE_ALWAYS, /* that was asked for */
	MS_DUE_NO_KEY, /* there is no current one */
	MS_DUE_HASH,   /* the configurations ask for another digest algorithm */
	MS_DUE_TYPE,   /* ... for another kind of key */
	MS_DUE_AGE,    /* the current one is older than the period */
};

/**
 * Reads a period: "always" (0 seconds), or a number and a unit: s, m, h, d, w, which may
 * be spelled out ("7d", "7days", "12 hours" is none). -EINVAL: it is none, zero, or too
 * large to be counted in seconds.
 */
MS_PUBLIC int ms_refresh_parse(struct ms_ctx *ctx, const char *text, int64_t *ret);

struct ms_rotate_options {
	size_t size;	     /* sizeof(struct ms_rotate_options) */
	const char *refresh; /* as ms_refresh_parse() reads it; NULL: "7d" */
	const char *const *configs; /* kernel configurations, paths */
	size_t n_configs;
	/*
	 * what a new key is to be; the type may be NULL, and the hash is not looked at.
	 * NULL: all as it is by default
	 */
	const struct ms_key_request *key;
	/*
	 * As for ms_keystore_add(). NULL: into the token of the current key, under a new
	 * label, where that is in one.
	 */
	const char *token;
	/*
	 * The key is encrypted by the passphrase of key->secret, which otherwise is for
	 * the token only. A key that follows an encrypted one is encrypted anyway.
	 */
	bool encrypt;
	bool no_wait;
};

/** What became of a configuration. Members may be added at the end. */
struct ms_rotated_config {
	char *path;
	char *trusted; /* what CONFIG_SYSTEM_TRUSTED_KEYS says now */
	bool changed;
};

/** What a rotation did. All that is got from it is its own, but for the generation. */
struct ms_rotation;

/** Why a new key was due, or that none was. */
MS_PUBLIC enum ms_due ms_rotation_due(const struct ms_rotation *rotation);
/** The generation that was current before; NULL: there was none. */
MS_PUBLIC const char *ms_rotation_previous(const struct ms_rotation *rotation);
/** The generation that is current now: the store's. */
MS_PUBLIC const struct ms_generation *
ms_rotation_current(const struct ms_rotation *rotation);
/** What became of the @i-th configuration; NULL past the last. */
MS_PUBLIC const struct ms_rotated_config *
ms_rotation_config(const struct ms_rotation *rotation, size_t i);
/** Frees @rotation, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_rotation *ms_rotation_free(struct ms_rotation *rotation);

/**
 * Makes a new key generation where one is due, points `current` to it, and lets every
 * configuration trust the current generation (CONFIG_SYSTEM_TRUSTED_KEYS names it; other
 * certificates that it named before stay trusted).
 *
 * One is due where that was asked for, where there is no current one, where the digest
 * algorithm or the kind of key that the configurations ask for is not the current one's,
 * or where it is older than the period. A key is as old as its directory's name says (local
 * time, which survives copies) or, where that is more, as the mtime of its key file and
 * certificate (at which kernel-sign looks); validity may begin before a key is made and says
 * nothing. Where another process has made a new one while this one waited for the store,
 * none is due.
 *
 * Algorithm and kind are those of the configurations, which must agree
 * (CONFIG_MODULE_SIG_HASH, CONFIG_MODULE_SIG_KEY_TYPE_*; ECDSA is P-384 and RSA has 4096
 * bits). Without configurations they are those of the current key. A type that is asked
 * for wins, and a current key of another type makes a new one due.
 *
 * Errors: -EINVAL an option, configurations that disagree, an algorithm that modseal does
 * not sign with; -EBADMSG no configuration, or a store whose current generation is not
 * whole; -EEXIST a configuration that says it twice; those of making a key and of
 * writing. Where it fails, store and configurations are as they were.
 */
MS_PUBLIC int ms_keystore_rotate(struct ms_ctx *ctx, struct ms_keystore *store,
				 const struct ms_rotate_options *options,
				 struct ms_rotation **ret);

/** What became of one generation. */
enum ms_pruned {
	MS_PRUNED_UNDECIDED = 0,
	MS_PRUNED_REMOVED,
	MS_PRUNED_CURRENT, /* kept: the current one */
	MS_PRUNED_NEW,     /* kept: among the newest */
	MS_PRUNED_TRUSTED, /* kept: a kernel or a configuration trusts it */
	MS_PRUNED_UNKNOWN, /* kept: its certificate cannot be read, so nobody can tell */
};

struct ms_prune_options {
	size_t size; /* sizeof(struct ms_prune_options) */
	size_t keep; /* that many of the newest stay; at least 1 */
	const char *const *configs; /* configurations besides those of installed kernels */
	size_t n_configs;
	bool force;   /* trusted ones go, too; never the current one */
	bool dry_run; /* say what would be done */
	bool no_wait;
};

/** What became of one generation. Members may be added at the end. */
struct ms_pruned_generation {
	char *name;
	enum ms_pruned result;
	char *by; /* the kernel image or configuration that trusts it, or NULL */
};

/** What became of all, the newest first. */
struct ms_pruning;

/** How many there were. */
MS_PUBLIC size_t ms_pruning_count(const struct ms_pruning *pruning);
/** The @i-th, owned by @pruning; NULL past the last. */
MS_PUBLIC const struct ms_pruned_generation *
ms_pruning_at(const struct ms_pruning *pruning, size_t i);
/** Frees @pruning, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_pruning *ms_pruning_free(struct ms_pruning *pruning);

/**
 * Removes old generations. What trusts them is looked for in the images and
 * configurations of all installed kernels, at each of the places of
 * ms_system_kernel_image() and ms_system_kernel_config(), and in @options->configs.
 *
 * Errors: -EBADMSG an image or a configuration that cannot be read, so that nobody knows
 * what it trusts (not with force); -ENOENT no image of a kernel whose modules are installed
 * (likewise); those of ms_keystore_current() and of the file system.
 * Where it fails before the first removal nothing is changed; each generation is removed
 * whole or not at all.
 */
MS_PUBLIC int ms_keystore_prune(struct ms_ctx *ctx, struct ms_keystore *store,
				const struct ms_prune_options *options,
				struct ms_pruning **ret);

struct ms_install_options {
	size_t size;	       /* sizeof(struct ms_install_options) */
	bool with_private_key; /* copy the private key, too */
};

/**
 * Copies the current generation to directory @dest, which is made where it is not there,
 * with the same layout and its own `current`: the certificate, khash and ktype, and
 * only where it is asked for the private key. What is there already and the same stays.
 * @ret_changed: something was written.
 *
 * Errors: those of ms_keystore_current(); -EEXIST a generation of that name with another
 * certificate is there; those of writing.
 */
MS_PUBLIC int ms_keystore_install(struct ms_ctx *ctx, const struct ms_keystore *store,
				  const char *dest,
				  const struct ms_install_options *options,
				  bool *ret_changed);

#ifdef __cplusplus
}
#endif
#endif
