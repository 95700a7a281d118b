/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How DKMS signs: which program, key and certificate its configuration names (dkms(8)).
 * DKMS itself goes on where the program is not there or fails, and leaves the module
 * unsigned, so everything that leads there is said here.
 */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <modseal/dkms.h>
#include <modseal/secret.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "../dkms/conf.h"
#include "doctor.h"

#define DEFAULT "/var/lib/dkms/mok"

MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)
static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int check_program(struct ms_doctor *doctor, const char *sign_file)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int r;

	if (!sign_file)
		return 0;
	r = ms_doctor_path(doctor, sign_file, &path);
	if (r < 0)
		return r;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111))
		return ms_doctor_found(doctor, "dkms-sign-file", MS_SEVERITY_INFO, NULL,
				       "DKMS signs by '%s'", path);
	return ms_doctor_found(doctor, "dkms-sign-file-missing", MS_SEVERITY_ERROR,
			       strdup("modseal dkms setup"),
			       "DKMS is to sign by '%s', which is no program: modules stay "
			       "unsigned",
			       path);
}

/* DKMS makes a key of its own where neither file of the default is there. */
static int check_key(struct ms_doctor *doctor, const char *key, bool given)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (ms_holds_pin(key))
		return ms_doctor_found(doctor, "dkms-key-holds-pin", MS_SEVERITY_ERROR, NULL,
				       "DKMS's configuration holds a PIN (pin-value), for all "
				       "to read, and so do the arguments of what DKMS signs by: "
				       "put it into a file, and name that by pin-source in its "
				       "place");
	if (ms_is_pkcs11(key))
		return ms_doctor_found(doctor, "dkms-key", MS_SEVERITY_INFO, NULL,
				       "DKMS signs with a key in a token, which was not "
				       "looked at");
	r = ms_doctor_path(doctor, key, &path);
	if (r < 0)
		return r;
	if (access(path, F_OK) == 0)
		return ms_doctor_key_mode(doctor, path);
	return ms_doctor_found(doctor, "dkms-key-missing",
			       given ? MS_SEVERITY_ERROR : MS_SEVERITY_INFO,
			       strdup("modseal dkms setup"),
			       given ? "DKMS is to sign with key '%s', which is not there"
				     : "DKMS has no key '%s' yet: it makes one when it first "
				       "signs",
			       path);
}

/* modseal as DKMS's signer takes the generation that each kernel trusts. */
static bool signer_chooses(const struct ms_dkms_settings *settings)
{
	const char *signer = ms_dkms_setting_text(settings, MS_DKMS_SIGN_FILE);

	return signer && ms_ends_with(signer, "/" MS_DKMS_SIGNER);
}

static int not_trusted(struct ms_doctor *doctor, const struct ms_dkms_settings *settings,
		       const char *path, const struct ms_cert_info *cert)
{
	_cleanup_free_ char *word = ms_shell_word(path);
	enum ms_doctor_trusted trusted = ms_doctor_trusts(doctor, cert);
	bool chosen = false, may_be_chosen = false;

	if (!word)
		return ms_fail_nomem(doctor->ctx);
	if (trusted != MS_DOCTOR_TRUSTED && ms_doctor_store_of_trusts(doctor, path)) {
		chosen = signer_chooses(settings);
		may_be_chosen = ms_dkms_setting_state(settings, MS_DKMS_SIGN_FILE) ==
				MS_DKMS_UNKNOWN;
	}
	if (trusted == MS_DOCTOR_TRUSTED || chosen)
		return 0;
	if (trusted == MS_DOCTOR_UNKNOWN || may_be_chosen)
		return ms_doctor_found(doctor, "dkms-key-trust-unknown",
				       MS_SEVERITY_UNKNOWN, NULL,
				       "whether kernel %s trusts '%s' is not known",
				       doctor->release, path);
	return ms_doctor_found(doctor, "dkms-key-not-trusted", MS_SEVERITY_ERROR,
			       ms_format("modseal key enroll --mok %s", word),
			       "kernel %s does not trust '%s', with which DKMS signs%s",
			       doctor->release, path,
			       trusted == MS_DOCTOR_REVOKED ? ": it is revoked" : "");
}

static int check_certificate(struct ms_doctor *doctor,
			     const struct ms_dkms_settings *settings)
{
	const char *given = ms_dkms_setting_text(settings, MS_DKMS_CERTIFICATE);
	const char *certificate = given ? given : DEFAULT ".pub";
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	_cleanup_free_ char *path = NULL, *what = NULL;
	int r = ms_doctor_path(doctor, certificate, &path);

	if (r < 0 || (!given && access(path, F_OK) < 0))
		return r;
	r = ms_cert_list_read(doctor->ctx, path, &list);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return ms_doctor_found(doctor, "dkms-certificate-unusable",
				       r == -EACCES ? MS_SEVERITY_UNKNOWN
						    : MS_SEVERITY_ERROR,
				       strdup("modseal dkms setup"),
				       "DKMS's certificate: %s", ms_ctx_message(doctor->ctx));
	what = ms_format("DKMS's certificate '%s'", path);
	if (!what)
		return ms_fail_nomem(doctor->ctx);
	if (!doctor->release)
		return 0;
	r = not_trusted(doctor, settings, path, ms_cert_list_at(list, 0));
	return r < 0 ? r
		     : ms_doctor_certificate(doctor, what, ms_cert_list_at(list, 0),
					     MS_HASH_NONE);
}

/* To free(), or NULL. */
static char *rm_hint(const char *dir, const char *name)
{
	_cleanup_free_ char *path = ms_format("%s/%s", dir, name);

	return path ? ms_shell_format("rm %s", path) : NULL;
}

/* /etc/dkms/MODULE.conf may be a link, as kernel-sign makes them. */
static int check_links(struct ms_doctor *doctor)
{
	_cleanup_free_ char *dir = NULL;
	_cleanup_(close_dir) DIR *handle = NULL;
	const struct dirent *entry;
	int r = ms_doctor_path(doctor, MS_DKMS_ETC, &dir);

	handle = r < 0 ? NULL : opendir(dir);
	if (!handle)
		return r < 0 ? r : ms_doctor_unread(doctor, "dkms-conf-unknown",
						MS_DKMS_ETC, -errno);
	while (r == 0 && (entry = readdir(handle))) {
		_cleanup_free_ char *path = ms_format(MS_DKMS_ETC "/%s", entry->d_name);

		if (!path)
			return ms_fail_nomem(doctor->ctx);
		if (!ms_ends_with(entry->d_name, ".conf") || ms_doctor_exists(doctor, path))
			continue;
		r = ms_doctor_found(doctor, "dkms-conf-dangling", MS_SEVERITY_ERROR,
				    rm_hint(dir, entry->d_name),
				    "'%s/%s' leads to a file that is not there", dir,
				    entry->d_name);
	}
	return r;
}

/* Is the same line the reason of a setting before this one? */
static bool is_told(const struct ms_dkms_settings *settings, enum ms_dkms_setting setting)
{
	const struct ms_dkms_doubt *doubt = ms_dkms_setting_doubt(settings, setting);

	for (int i = MS_DKMS_SIGN_FILE; i < (int)setting; i++) {
		const struct ms_dkms_doubt *other =
			ms_dkms_setting_doubt(settings, (enum ms_dkms_setting)i);

		if (other && ms_dkms_doubt_line(other) == ms_dkms_doubt_line(doubt) &&
		    strcmp(ms_dkms_doubt_file(other), ms_dkms_doubt_file(doubt)) == 0)
			return true;
	}
	return false;
}

/* What cannot be told without running the configuration. */
static int report_doubt(struct ms_doctor *doctor, const struct ms_dkms_settings *settings,
			enum ms_dkms_setting setting)
{
	const struct ms_dkms_doubt *doubt = ms_dkms_setting_doubt(settings, setting);

	if (!doubt || !ms_dkms_doubt_line(doubt) || is_told(settings, setting))
		return 0;
	return ms_doctor_found(doctor, "dkms-conf-unknown", MS_SEVERITY_UNKNOWN, NULL,
			       "'%s%s', line %zu: what '%s' comes to is not known: %s",
			       doctor->root, ms_dkms_doubt_file(doubt),
			       ms_dkms_doubt_line(doubt), ms_dkms_doubt_source(doubt),
			       ms_dkms_doubt_reason(doubt));
}

static int report_unknown(struct ms_doctor *doctor, const struct ms_dkms_settings *settings)
{
	const char *path;
	int error, r = 0;

	for (size_t i = 0;
	     r == 0 && (path = ms_dkms_settings_unread(settings, i, &error)); i++)
		r = ms_doctor_unread(doctor, "dkms-conf-unknown", path, error);
	for (int i = MS_DKMS_SIGN_FILE; i <= MS_DKMS_CERTIFICATE && r == 0; i++)
		r = report_doubt(doctor, settings, (enum ms_dkms_setting)i);
	return r;
}

static bool is_unknown(const struct ms_dkms_settings *settings,
		       enum ms_dkms_setting setting)
{
	return ms_dkms_setting_state(settings, setting) == MS_DKMS_UNKNOWN;
}

static int check_conf(struct ms_doctor *doctor, const struct ms_dkms_settings *settings)
{
	const char *key = ms_dkms_setting_text(settings, MS_DKMS_SIGNING_KEY);
	int r = report_unknown(doctor, settings);

	if (r == 0 &&
	    ms_dkms_setting_state(settings, MS_DKMS_SIGN_TOOL) == MS_DKMS_KNOWN)
		r = ms_doctor_found(doctor, "dkms-sign-tool", MS_SEVERITY_ERROR,
				    strdup("modseal dkms setup"),
				    "DKMS's configuration sets sign_tool, which DKMS no longer "
				    "reads: it is sign_file now");
	if (r == 0)
		r = check_program(doctor,
				  ms_dkms_setting_text(settings, MS_DKMS_SIGN_FILE));
	if (r == 0 && !is_unknown(settings, MS_DKMS_SIGNING_KEY))
		r = check_key(doctor, key ? key : DEFAULT ".key", key);
	if (r == 0 && !is_unknown(settings, MS_DKMS_CERTIFICATE))
		r = check_certificate(doctor, settings);
	return r;
}

int ms_doctor_dkms(struct ms_doctor *doctor)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings = NULL;
	int r;

	if (!ms_doctor_exists(doctor, MS_DKMS_ETC))
		return ms_doctor_found(doctor, "no-dkms", MS_SEVERITY_INFO, NULL,
				       "there is no DKMS here");
	r = ms_dkms_settings_read(doctor->ctx, doctor->system, doctor->release, &settings);
	if (r == 0)
		r = check_conf(doctor, settings);
	return r < 0 ? r : check_links(doctor);
}
