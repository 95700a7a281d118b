/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What to know besides of a DKMS that is set up: everything by which modules would not be
 * signed, checked or loaded although the files are written.
 */

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <modseal/trust.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/listing.h"
#include "../base/text.h"
#include "conf.h"
#include "plan.h"

#define TREE	"/var/lib/dkms"
#define SOURCES "/usr/src"
#define KERNELS "/lib/modules"

MS_DEFINE_CLEANUP(cleanup_trust, struct ms_trust *, ms_trust_free)

struct notes {
	struct ms_ctx *ctx;
	const struct ms_dkms_plan *plan;
	ms_dkms_note_fn fn;
	void *userdata;
};

static bool is_directory(const char *parent, const char *name)
{
	_cleanup_free_ char *path = ms_format("%s/%s", parent, name);
	struct stat st;

	return *name != '.' && path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Calls @each for the directories in one of the root, which need not be there. */
static int for_each_in(const struct ms_dkms_plan *plan, const char *directory,
		       int (*each)(void *userdata, const char *name), void *userdata)
{
	_cleanup_free_ char *path = ms_format("%s%s", plan->root, directory);
	_cleanup_(ms_listing_done) struct ms_listing entries = { 0 };
	int r = 0;

	if (!path)
		return -ENOMEM;
	entries.n = scandir(path, &entries.list, NULL, alphasort);
	for (int i = 0; i < entries.n && r == 0; i++)
		if (is_directory(path, entries.list[i]->d_name))
			r = each(userdata, entries.list[i]->d_name);
	return r;
}

static int note_later(void *userdata, const char *path)
{
	const struct notes *notes = userdata;
	_cleanup_free_ char *shown = NULL;

	if (strcmp(path, MS_DKMS_OUR_CONF) <= 0 ||
	    !ms_dkms_sets_signing(notes->ctx, notes->plan->system, path))
		return 0;
	shown = ms_format("%s%s", notes->plan->root, path);
	if (!shown)
		return -ENOMEM;
	notes->fn(notes->userdata, MS_DKMS_NOTE_READ_LATER, shown, NULL);
	return 0;
}

static int note_unchecked(void *userdata, const char *name)
{
	const struct notes *notes = userdata;

	if (ms_dkms_is_module_name(name) &&
	    !ms_dkms_has_hook(notes->ctx, notes->plan->system, name))
		notes->fn(notes->userdata, MS_DKMS_NOTE_UNCHECKED, name, NULL);
	return 0;
}

struct wanted {
	const char *name;
	bool found;
};

/* TREE/NAME, and NAME-VERSION of the sources */
static int look_for(void *userdata, const char *name)
{
	struct wanted *wanted = userdata;
	size_t len = strlen(wanted->name);

	if (strncmp(name, wanted->name, len) == 0 && (!name[len] || name[len] == '-'))
		wanted->found = true;
	return 0;
}

/* A hook under a name that is misspelt would check nothing. */
static int note_unknown(const struct notes *notes)
{
	const struct ms_dkms_plan *plan = notes->plan;
	int r = 0;

	for (size_t i = 0; i < plan->n_targets && r == 0; i++) {
		struct wanted wanted = { .name = plan->targets[i].module };

		if (!wanted.name)
			continue;
		r = for_each_in(plan, TREE, look_for, &wanted);
		if (r == 0)
			r = for_each_in(plan, SOURCES, look_for, &wanted);
		if (r == 0 && !wanted.found)
			notes->fn(notes->userdata, MS_DKMS_NOTE_UNKNOWN_MODULE,
				  wanted.name, NULL);
	}
	return r;
}

/* Debian's kernels, for one, know no ECDSA. */
static int note_kernel(void *userdata, const char *release)
{
	const struct notes *notes = userdata;
	_cleanup_(cleanup_trust) struct ms_trust *trust = ms_trust_new();
	_cleanup_free_ char *config = NULL;

	if (!trust)
		return -ENOMEM;
	if (ms_system_build_config(notes->ctx, notes->plan->system, release, &config) < 0 ||
	    ms_trust_set_release(notes->ctx, trust, release) < 0 ||
	    ms_trust_set_config(notes->ctx, trust, config) < 0)
		return 0;
	if (ms_trust_add(notes->ctx, trust, notes->plan->cert) < 0)
		notes->fn(notes->userdata, MS_DKMS_NOTE_KERNEL, release,
			  ms_ctx_message(notes->ctx));
	return 0;
}

int ms_dkms_plan_notes(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
		       ms_dkms_note_fn fn, void *userdata)
{
	struct notes notes = { .ctx = ctx, .plan = plan, .fn = fn, .userdata = userdata };
	int r = ms_dkms_each_snippet(ctx, plan->system, note_later, &notes);

	/* of a directory that cannot be read the settings tell */
	r = r == -ENOMEM ? r : 0;
	if (r == 0)
		r = for_each_in(plan, TREE, note_unchecked, &notes);
	if (r == 0)
		r = note_unknown(&notes);
	if (r == 0 && !*plan->root && !plan->store)
		r = for_each_in(plan, KERNELS, note_kernel, &notes);
	return r < 0 ? ms_fail_nomem(ctx) : 0;
}

static enum ms_dkms_effect compare(const struct ms_dkms_settings *settings,
				   enum ms_dkms_setting setting, const char *wanted)
{
	const char *is = ms_dkms_setting_text(settings, setting);

	if (ms_dkms_setting_state(settings, setting) == MS_DKMS_UNKNOWN)
		return MS_DKMS_EFFECT_UNKNOWN;
	return is && strcmp(is, wanted) == 0 ? MS_DKMS_EFFECT_AS_PLANNED
					     : MS_DKMS_EFFECT_OTHER;
}

/* A program's path: @directory/MS_DKMS_SIGNER. */
static enum ms_dkms_effect compare_signer(const struct ms_dkms_settings *settings,
					  const char *directory)
{
	const char *is = ms_dkms_setting_text(settings, MS_DKMS_SIGN_FILE);
	size_t len = strlen(directory);

	if (is && strncmp(is, directory, len) == 0 &&
	    strcmp(is + len, "/" MS_DKMS_SIGNER) == 0)
		return MS_DKMS_EFFECT_AS_PLANNED;
	return compare(settings, MS_DKMS_SIGN_FILE, "");
}

enum ms_dkms_effect ms_dkms_plan_effect(const struct ms_dkms_plan *plan,
					const struct ms_dkms_settings *settings,
					enum ms_dkms_setting *ret_setting)
{
	enum ms_dkms_effect effect = compare_signer(settings, plan->libexec);

	*ret_setting = MS_DKMS_SIGN_FILE;
	if (effect == MS_DKMS_EFFECT_AS_PLANNED) {
		*ret_setting = MS_DKMS_SIGNING_KEY;
		effect = compare(settings, MS_DKMS_SIGNING_KEY, plan->key);
	}
	if (effect == MS_DKMS_EFFECT_AS_PLANNED) {
		*ret_setting = MS_DKMS_CERTIFICATE;
		effect = compare(settings, MS_DKMS_CERTIFICATE, plan->cert);
	}
	return effect;
}
