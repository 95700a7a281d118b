/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_SIGN_FILE_REQUEST_H
#define CLI_SIGN_FILE_REQUEST_H

/* What the parts of the sign-file personality share: one request, and how to fail. */

#include <modseal/tree.h>

#include "../cli.h"

/* sign-file's exit statuses */
enum { OK = 0, FAILED = 1, USAGE = 2 };

struct request {
	struct cli cli; /* how the parts that are shared with the commands speak */
	struct ms_ctx *ctx;
	const char *program;
	bool save;	 /* -p or -d: write <module>.p7s */
	bool only;	 /* -d: and nothing else */
	bool skid;	 /* -k */
	const char *raw; /* -s: the file with the signature */
	const char *hash;
	const char *key;
	const char *cert;
	const char *module;
	const char *dest;   /* NULL: in place */
	const char *bundle; /* $MODSEAL_BUNDLE, or NULL */
	const char *pin_file; /* with the passphrase or PIN, or NULL */
	bool modules_only;    /* what is no ELF module is refused */
	struct ms_tree *locked;	 /* the module, where it is replaced from @work; or NULL */
	struct ms_workdir *work; /* for a file that is not signed in place; or NULL */
	char *target; /* the file that the result takes the place of; NULL: none is */
	char *result; /* the signed file */
};

/** Prints the message behind the program's name. Returns FAILED. */
__attribute__((format(printf, 2, 3))) int sign_file_fail(const struct request *request,
							 const char *format, ...);

/** Prints the library's last failure. Returns FAILED. */
int sign_file_fail_ctx(const struct request *request);

/** The last component of @path. */
const char *sign_file_name(const char *path);

/** Reads the file with the raw signature. @ret: to free(). */
int sign_file_read_raw(const struct request *request, char **ret, size_t *ret_len);

/** Opens the module for writing: in place, or into the request's work directory. */
int sign_file_open_tree(const struct request *request, struct ms_tree **ret);

/** What became of the module, after an operation that returned @run. */
int sign_file_check(const struct request *request, const struct ms_tree *tree, int run);

/** Looks at the module, which is to be a regular file, and has the result replace it. */
int sign_file_in_place(struct request *request);

/** Signs the module. */
int sign_file_sign(struct request *request);

/** Attaches the raw signature, or the one that the bundle has. */
int sign_file_attach(const struct request *request);

#endif
