/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Is a plan one that DKMS can carry out?
 *
 * DKMS makes a key of its own, and writes over what is there, where one of the two files
 * that it is told of does not exist. So both must be there before it is told.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <modseal/secret.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "plan.h"

int ms_dkms_refuse_pin(struct ms_ctx *ctx, const char *what, const char *value,
		       enum ms_dkms_fault *ret_fault)
{
	if (!ms_holds_pin(value))
		return 0;
	*ret_fault = MS_DKMS_FAULT_PIN;
	return ms_fail(ctx, -EINVAL,
		       "%s holds a PIN (pin-value), which DKMS would write down and show "
		       "in arguments",
		       what);
}

bool ms_dkms_plan_has(const struct ms_dkms_plan *plan, const char *path)
{
	_cleanup_free_ char *full = ms_format("%s%s", plan->root, path);
	struct stat st;

	return full && stat(full, &st) == 0 && S_ISREG(st.st_mode);
}

/*
 * DKMS's configuration is a shell's, and some of its values are evaluated twice and cut
 * at blanks.
 */
static int check_value(struct ms_ctx *ctx, const char *what, const char *value,
		       enum ms_dkms_fault *ret_fault)
{
	static const char path[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_@%+=:,./-";
	static const char uri[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_@%+=:,./-;?&";
	size_t len = strspn(value, ms_is_pkcs11(value) ? uri : path);
	int r = ms_dkms_refuse_pin(ctx, what, value, ret_fault);

	if (r < 0)
		return r;
	if (!ms_is_pkcs11(value) && *value != '/')
		return ms_fail(ctx, -EINVAL, "%s '%s' must be an absolute path", what,
			       value);
	if (!value[len])
		return 0;
	return ms_fail(ctx, -EINVAL,
		       "%s '%s' has a character that DKMS would not leave as it is: '%c'",
		       what, value, value[len]);
}

static int check_file(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
		      const char *what, const char *path, enum ms_dkms_fault *ret_fault)
{
	int r = check_value(ctx, what, path, ret_fault);

	if (r < 0 || ms_dkms_plan_has(plan, path))
		return r;
	*ret_fault = MS_DKMS_FAULT_NO_FILE;
	return ms_fail(ctx, -ENOENT, "cannot find %s '%s%s'", what, plan->root, path);
}

int ms_dkms_check_key(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
		      enum ms_dkms_fault *ret_fault)
{
	return ms_is_pkcs11(plan->key)
		       ? check_value(ctx, "the key", plan->key, ret_fault)
		       : check_file(ctx, plan, "the key", plan->key, ret_fault);
}

static bool is_program(const struct ms_dkms_plan *plan, const char *name)
{
	_cleanup_free_ char *path =
		ms_format("%s%s/%s", plan->root, plan->libexec, name);
	struct stat st;

	/* inside another root the link need not lead anywhere from here */
	return path && lstat(path, &st) == 0 &&
	       (S_ISLNK(st.st_mode) || access(path, X_OK) == 0);
}

static int check_programs(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
			  enum ms_dkms_fault *ret_fault)
{
	int r = check_value(ctx, "the directory of modseal's programs", plan->libexec,
			    ret_fault);

	if (r < 0 || (is_program(plan, MS_DKMS_SIGNER) && is_program(plan, MS_DKMS_CHECKER)))
		return r;
	*ret_fault = MS_DKMS_FAULT_NO_PROGRAMS;
	return ms_fail(ctx, -ENOENT, "modseal's programs for DKMS are not installed");
}

int ms_dkms_plan_check(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
		       enum ms_dkms_fault *ret_fault)
{
	int r = ms_dkms_check_key(ctx, plan, ret_fault);

	if (r == 0)
		r = check_file(ctx, plan, "the certificate", plan->cert, ret_fault);
	if (r == 0 && plan->pin_file)
		r = check_file(ctx, plan, "the pin file", plan->pin_file, ret_fault);
	if (r == 0)
		r = check_programs(ctx, plan, ret_fault);
	return r;
}
