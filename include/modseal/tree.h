/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_TREE_H
#define MODSEAL_TREE_H

/*
 * Modules, one or thousands: what is done to all modules under some paths, as one
 * transaction, on every core. See ms_tree_open() for which files those are.
 */

#include <modseal/base.h>
#include <modseal/bundle.h>
#include <modseal/module.h>
#include <modseal/sign.h>
#include <modseal/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What became of one module. The zero value is a failure. */
enum ms_outcome {
	MS_OUTCOME_UNDECIDED = 0, /* failed: the error says why */
	MS_OUTCOME_SIGNED,
	MS_OUTCOME_WOULD_SIGN,    /* dry_run, or into a bundle: module untouched */
	MS_OUTCOME_SKIPPED,       /* signed already and to be left so */
	MS_OUTCOME_STRIPPED,
	MS_OUTCOME_DETACHED,
	MS_OUTCOME_ATTACHED,      /* verified against the trust given */
	MS_OUTCOME_UNCHECKED,     /* attached, and nobody vouched for it */
	MS_OUTCOME_UNCHANGED,     /* it has the wanted bytes already */
	MS_OUTCOME_SHOWN,
	MS_OUTCOME_VERIFIED,      /* judged: see verdict */
	MS_OUTCOME_UNSIGNED,      /* nothing to strip, detach or sign anew */
	MS_OUTCOME_SEVERAL,       /* several trailers: detach cannot choose */
	MS_OUTCOME_MISSING,       /* no signature for it in the bundle */
	MS_OUTCOME_NOT_TRUSTED,   /* attach: the signature found is not trusted */
	MS_OUTCOME_ROLLED_BACK,   /* well prepared, but another item failed */
	MS_OUTCOME_KEPT,          /* MS_SIGNED_RESIGN: its signature is trusted still */
	MS_OUTCOME_HASHED,
	MS_OUTCOME_PROVED,        /* its Merkle proof is appended */
	MS_OUTCOME_OTHER_ROOT,    /* the tree has not the root that was asked for */
};

/**
 * One module and all that the operation found out. Owned by the tree. Later versions may
 * add members at the end.
 */
struct ms_item {
	const char *path;    /* as the user would write it: PATH, or PATH/relative */
	const char *relpath; /* relative to the PATH given; the last component of a file's */
	uint64_t size;       /* of the file, bytes */

	enum ms_outcome outcome;
	int error;           /* negative errno value where the outcome is UNDECIDED */
	char *message;       /* where there is one, for a person; may hold file bytes */
	char *hint;

	/* known once the file could be read (have_file) */
	bool have_file;
	enum ms_compression compression;

	/* known once it could be unpacked (have_content) */
	bool have_content;
	bool elf;
	enum ms_kernel_decompress kernel_decompress;
	bool have_payload_sha256;
	uint8_t payload_sha256[32]; /* outermost trailer taken off, as the kernel does */

	/* verify */
	enum ms_verdict verdict;
	int verdict_errno;   /* positive: ENODATA, ENOPKG, ...; 0 where trusted */
	enum ms_voucher vouched;
	char *vouched_by;    /* subject or SKID of the trusted key, "hash list" or "Merkle
				root ROOT"; NULL where nobody did */
	char *reason;        /* why the verdict is what it is, for a person; or NULL */

	/*
	 * verify, attach: a sentence for each signer that is revoked. A kernel may trust
	 * the module all the same; who says "good" must not.
	 */
	char **warnings;
	size_t n_warnings;

	/* show, verify, resign: every trailer that the file had; or NULL */
	struct ms_signature_list *signatures;

	/* show; or NULL */
	struct ms_modinfo *modinfo;
};

/** Called now and then from one thread at a time: @done of @total bytes are through. */
typedef void (*ms_progress_fn)(void *userdata, uint64_t done, uint64_t total,
			       size_t items_done, size_t items);

struct ms_tree_options {
	size_t size;	     /* sizeof(struct ms_tree_options) */
	unsigned jobs;       /* threads; 0: all cores this process may use */
	uint64_t max_size;   /* bytes a file may unpack to; 0: 1 GiB */
	bool may_be_empty;   /* a directory without a module is no error */
	bool any_file;       /* sign: take what is no ELF module, and any file name */
	bool writes;         /* the command may write: locks, recovers, asks hard links */
	bool keep_going;     /* commit the good items although others failed */
	bool no_wait;        /* -EWOULDBLOCK at once where a tree is at work */
	bool no_sync;
	bool break_links;    /* hard links that lead out of the PATHs may be broken */
	bool dry_run;        /* prepare nothing, change nothing */
	const char *output;  /* directory for copies, NULL: in place */
	const struct ms_workdir *work; /* or NULL: @output is to be this directory, or
					  without @output that of each PATH; -EBUSY */
	bool output_stands_in; /* from @output the caller will put the copies in the place
				  of their sources: he has these locked, and what is kept
				  in place must be kept */
	int level;           /* compression level for gzip and zstd; 0: their default */
	ms_progress_fn progress;
	void *progress_userdata;
};

/** The modules under some paths. */
struct ms_tree;

/**
 * Finds the modules: a PATH that is a file is taken as it is, a directory is walked
 * for regular files named *.ko, *.ko.gz, *.ko.xz, *.ko.zst, links not followed; a PATH
 * that is itself a link is resolved once. Sorted by path bytes; a file reached twice
 * is there once. What was left out is in ms_tree_skipped(); there is a warning where a
 * person, or depmod, might take it for a module. With @writes the trees are locked, and
 * an interrupted run's transaction on them is ended first.
 *
 * Errors: -ENOENT and others of the file system; -ENODATA a directory without a module,
 * unless there may be none; -ENAMETOOLONG modules in directories that are nested so
 * deeply that paths of more than PATH_MAX bytes take more than 32 MiB together, or of
 * which a copy (output) would have such a path; -EWOULDBLOCK at work elsewhere (no_wait).
 */
MS_PUBLIC int ms_tree_open(struct ms_ctx *ctx, const char *const *paths, size_t n_paths,
			   const struct ms_tree_options *options, struct ms_tree **ret);

/** Unlocks and frees @tree, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_tree *ms_tree_free(struct ms_tree *tree);

/** What the walk met and left out. */
enum ms_skip {
	MS_SKIP_UNDECIDED = 0,
	MS_SKIP_FILE_LINK,	/* a link with a module's name, to a file */
	MS_SKIP_DIRECTORY_LINK, /* a link to a directory */
	MS_SKIP_DANGLING_LINK,	/* a link with a module's name that leads nowhere */
	MS_SKIP_UNKNOWN_LINK,	/* a link; where it leads could not be found out */
	MS_SKIP_SPECIAL,	/* with a module's name, and neither file nor directory */
};

/** What that is, for a person: "a link to a directory". A constant. */
MS_PUBLIC const char *ms_skip_name(enum ms_skip skip);

/** Something that was left out. Owned by the tree. */
struct ms_skipped {
	char *path; /* as the user would write it */
	enum ms_skip skip;
	bool depmod; /* depmod would list a module there, or nobody can tell that not */
};

/** The @i-th of what was left out under the PATHs, by path; NULL past the last. */
MS_PUBLIC const struct ms_skipped *ms_tree_skipped(const struct ms_tree *tree, size_t i);

MS_PUBLIC size_t ms_tree_count(const struct ms_tree *tree);
MS_PUBLIC const struct ms_item *ms_tree_item(const struct ms_tree *tree, size_t i);

/*
 * The operations. Each works through every item and leaves what it found in the items;
 * the return value is 0 where the run as a whole could be done, whatever became of the
 * items. Where it is negative (-ECANCELED, -ENOSPC at the commit, ...) nothing was
 * renamed, or the message says how far it came. One operation for one tree.
 */

struct ms_verify_options {
	size_t size;		  /* sizeof(struct ms_verify_options) */
	bool want_payload_sha256; /* fill payload_sha256, which costs a hash */
};

MS_PUBLIC int ms_tree_verify(struct ms_ctx *ctx, struct ms_tree *tree,
			     const struct ms_trust *trust,
			     const struct ms_verify_options *options);

/** What sign does with a module that is signed already. */
enum ms_signed {
	MS_SIGNED_REPLACE = 0, /* every trailer is taken off first */
	MS_SIGNED_SKIP,
	MS_SIGNED_REFUSE,
	/*
	 * For a change of keys. Replaced, and its old signature is told, unless it is good
	 * and this very signer's with this digest algorithm (MS_OUTCOME_UNCHANGED), or
	 * @keep trusts it (MS_OUTCOME_KEPT).
	 */
	MS_SIGNED_RESIGN,
};

/** What sign does with a module that is not signed. */
enum ms_unsigned {
	MS_UNSIGNED_SIGN = 0,
	MS_UNSIGNED_REPORT, /* MS_OUTCOME_UNSIGNED, and it stays as it is */
};

struct ms_sign_options {
	size_t size; /* sizeof(struct ms_sign_options) */
	enum ms_signed is_signed;
	struct ms_bundle *bundle; /* signatures go there, modules stay untouched; or NULL */
	enum ms_unsigned is_unsigned;
	const struct ms_trust *keep; /* of MS_SIGNED_RESIGN, or NULL */
};

/** Signs. Each signature is verified before anything is renamed. */
MS_PUBLIC int ms_tree_sign(struct ms_ctx *ctx, struct ms_tree *tree,
			   const struct ms_signer *signer,
			   const struct ms_sign_options *options);

/** Takes off the outermost trailer, or @all of them. */
MS_PUBLIC int ms_tree_strip(struct ms_ctx *ctx, struct ms_tree *tree, bool all);

/** Adds every module's signature to @bundle. */
MS_PUBLIC int ms_tree_detach(struct ms_ctx *ctx, struct ms_tree *tree,
			     struct ms_bundle *bundle);

/** Gives every module the bundle's signature; checked where @trust is not NULL. */
MS_PUBLIC int ms_tree_attach(struct ms_ctx *ctx, struct ms_tree *tree,
			     const struct ms_bundle *bundle,
			     const struct ms_trust *trust);

/** Reads what signatures and modinfo say. */
MS_PUBLIC int ms_tree_show(struct ms_ctx *ctx, struct ms_tree *tree);

#ifdef __cplusplus
}
#endif
#endif
