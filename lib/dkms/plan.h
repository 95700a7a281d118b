/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_DKMS_PLAN_H
#define MS_DKMS_PLAN_H

/*
 * Inside lib/dkms: how DKMS is to sign.
 *
 *	plan.c        from options, and from what is set up already, to a key
 *	plan-check.c  is all of it there, and fit for DKMS's configuration?
 *	plan-text.c   the texts of the files
 *	files.c       are they there, and whose? writing them
 *	old-files.c   what earlier versions left beside them
 *	pins.c        the certificate that DKMS was set up with
 *	notes.c       what else to know
 */

#include <modseal/dkms.h>

/** The second line of a file of modseal's: this, and so many hex digits. */
#define MS_DKMS_SUM_LINE "# modseal-sum: "
enum { MS_DKMS_SUM_DIGITS = 16 };

/** A file to be written. */
struct ms_dkms_target {
	char *path; /* on this machine */
	char *text;
	char *module; /* whose it is; NULL: all modules' */
	enum ms_dkms_file state;
};

struct ms_dkms_plan {
	char *root; /* "" for this system; put before every path used here */
	struct ms_system *system;
	char *libexec;	 /* as it is in the root, as all that follows */
	char *key, *cert;
	char *store;	 /* or NULL */
	char *pin_file;	 /* or NULL */
	unsigned version; /* of DKMS; 0: there is none */
	char *version_text; /* or NULL */
	struct ms_dkms_target *targets;
	size_t n_targets;
};

/**
 * Refuses a PIN in @value, which is called @what: what DKMS is told stands in a file that
 * all can read, and in the signer's arguments.
 */
int ms_dkms_refuse_pin(struct ms_ctx *ctx, const char *what, const char *value,
		       enum ms_dkms_fault *ret_fault);

/** True where @path, one of the system's, is a regular file. */
bool ms_dkms_plan_has(const struct ms_dkms_plan *plan, const char *path);

/** Is the key there, if it is a file, and its name fit for DKMS? */
int ms_dkms_check_key(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
		      enum ms_dkms_fault *ret_fault);

/** Are key, certificate, PIN file and programs there, and their names fit for DKMS? */
int ms_dkms_plan_check(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
		       enum ms_dkms_fault *ret_fault);

/** The text of framework.conf.d/modseal.conf. @pin: see ms_dkms_pin(), or NULL. */
int ms_dkms_framework_text(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
			   const char *pin, char **ret);

/** The text of a module's file: all modules have the same. */
int ms_dkms_module_text(struct ms_ctx *ctx, const struct ms_dkms_plan *plan, char **ret);

/**
 * What MS_DKMS_SET_UP_WITH says of the certificate @path of the system below @root. Errors:
 * those of ms_cert_list_read().
 */
int ms_dkms_pin(struct ms_ctx *ctx, const char *root, const char *path, char **ret);

/** True where every word of @text, a file's, is modseal's own. */
bool ms_dkms_is_ours(const char *text);

/** @body, with a first line, and a second one by which it is known again. */
char *ms_dkms_file_text(const char *version, const char *body);

/** Removes what the first versions of modseal left beside @path when they were killed. */
int ms_dkms_clear_old(struct ms_ctx *ctx, const char *path);

#endif
