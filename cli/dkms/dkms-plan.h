/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_DKMS_PLAN_H
#define CLI_DKMS_PLAN_H

/* What `modseal dkms setup` is going to write: for which key, by which DKMS. */

#include "dkms.h"
#include "../parse/parse.h"

struct dkms_plan {
	const char *root;    /* "" for this system; put before every path used here */
	const char *libexec; /* as it is in the root */
	char *key, *cert;    /* as they are in the root */
	char *store;	     /* or NULL */
	char *pin_file;	     /* or NULL */
	char *pin;	     /* or NULL: the certificate may change, as in a store */
	unsigned version;    /* of DKMS */
	char version_text[32];
};

/**
 * Decides by the arguments, and by what is configured already where they do not say, and
 * checks it: the files are there, the key is the certificate's. CLI_YES, or CLI_TROUBLE
 * after reporting; free with dkms_plan_done() in either case.
 */
int dkms_plan_make(struct cli *cli, const struct cli_args *args, struct dkms_plan *ret);
void dkms_plan_done(struct dkms_plan *plan);

/** The text of framework.conf.d/modseal.conf, to free(). */
char *dkms_plan_framework(const struct dkms_plan *plan);

/** The text of a module's file, to free(): all modules have the same. */
char *dkms_plan_module(const struct dkms_plan *plan);

/** Could this be the name of a DKMS module? */
bool dkms_is_module_name(const char *name);

/**
 * Tells what the user of `setup` should know besides: modules that are not checked, names
 * that DKMS does not know, kernels that cannot use the key. CLI_NO where DKMS does not
 * sign as was set up, since another file says something else, and is read later.
 */
int dkms_report(struct cli *cli, const struct cli_args *args,
		const struct dkms_plan *plan);

#endif
