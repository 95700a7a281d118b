/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Modules that came after the kernel: what DKMS, packages and people put into "updates" and
 * the like below /lib/modules/RELEASE. The kernel's own modules are signed by its build;
 * those that do not load are nearly always here. Each is judged as verify judges it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "../system/kernels.h"
#include "../tree/tree.h"
#include "doctor.h"

enum { MOST_TOLD = 20, MOST_PLACES = 8 };

MS_DEFINE_CLEANUP(cleanup_tree, struct ms_tree *, ms_tree_free)

/* Directories on this machine. */
struct places {
	char *paths[MOST_PLACES];
	size_t n;
};

static void places_done(struct places *places)
{
	for (size_t i = 0; i < places->n; i++)
		free(places->paths[i]);
}

static int find_places(struct ms_doctor *doctor, struct places *ret)
{
	static const char *const names[] = { "updates", "extra", "extramodules", "misc" };
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(names) && r == 0; i++) {
		_cleanup_free_ char *path = NULL;
		struct stat st;

		r = ms_system_among_modules(doctor->ctx, doctor->system, doctor->release,
					    names[i], &path);
		if (r == -ENOENT)
			r = 0;
		else if (r == 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			ret->paths[ret->n++] = ms_steal(&path);
	}
	return r;
}

/* Of a kernel that does not run, nobody knows whether it will insist. */
static enum ms_severity severity_of(const struct ms_doctor *doctor,
				    const struct ms_item *item)
{
	bool insists = doctor->enforcing || !doctor->running;

	return ms_verdict_load(item->verdict, item->elf,
			       insists ? MS_MODE_ENFORCING : MS_MODE_PERMISSIVE) ==
			       MS_LOAD_TAINTED
		       ? MS_SEVERITY_WARNING
		       : MS_SEVERITY_ERROR;
}

/* The command that signs the module at @path anew; to free(), or NULL. */
static char *mend(const struct ms_doctor *doctor, const char *path)
{
	const char *keys = doctor->store ? doctor->store : MS_SYSTEM_KEY_STORE;
	_cleanup_free_ char *word = ms_shell_word(path);
	_cleanup_free_ char *store = ms_shell_word(keys);
	_cleanup_free_ char *release = ms_shell_word(doctor->release);

	return word && store && release
		       ? ms_format("modseal sign --store %s --for-kernel %s %s", store,
				   release, word)
		       : NULL;
}

static int report_item(struct ms_doctor *doctor, const struct ms_item *item)
{
	if (item->verdict == MS_VERDICT_UNDECIDED)
		return ms_doctor_found(doctor, "module-unknown", MS_SEVERITY_UNKNOWN, NULL,
				       "module '%s': %s", item->path,
				       item->message ? item->message : "cannot be read");
	if (item->n_warnings)
		return ms_doctor_found(doctor, "module-signer-revoked", MS_SEVERITY_ERROR,
				       mend(doctor, item->path),
				       "module '%s' is %s to kernel %s, but %s",
				       item->path, ms_verdict_name(item->verdict),
				       doctor->release, item->warnings[0]);
	return ms_doctor_found(doctor, "module-not-trusted", severity_of(doctor, item),
			       mend(doctor, item->path), "module '%s' is %s to kernel %s",
			       item->path, ms_verdict_name(item->verdict),
			       doctor->release);
}

/* The command that tells of all modules; to free(), or NULL. */
static char *verify_all(const struct ms_doctor *doctor)
{
	_cleanup_free_ char *path =
		ms_format("%s/lib/modules/%s", doctor->root, doctor->release);
	_cleanup_free_ char *word = path ? ms_shell_word(path) : NULL;
	_cleanup_free_ char *release = ms_shell_word(doctor->release);

	return word && release
		       ? ms_format("modseal verify --kernel-release %s %s", release, word)
		       : NULL;
}

static int report(struct ms_doctor *doctor, const struct ms_tree *tree)
{
	size_t trusted = 0, told = 0;
	int r = 0;

	for (size_t i = 0; i < ms_tree_count(tree) && r == 0; i++) {
		const struct ms_item *item = ms_tree_item(tree, i);

		if (item->verdict == MS_VERDICT_TRUSTED && item->elf && !item->n_warnings)
			trusted++;
		else if (told++ < MOST_TOLD)
			r = report_item(doctor, item);
	}
	if (r == 0 && told > MOST_TOLD)
		r = ms_doctor_found(doctor, "modules-not-trusted", MS_SEVERITY_WARNING,
				    verify_all(doctor),
				    "%zu more modules are not trusted", told - MOST_TOLD);
	if (r == 0 && trusted)
		r = ms_doctor_found(doctor, "modules", MS_SEVERITY_INFO, NULL,
				    "kernel %s trusts %zu modules that were added to it",
				    doctor->release, trusted);
	return r;
}

/* Modules that depmod finds and nobody has looked at. */
static int report_links(struct ms_doctor *doctor, const struct ms_tree *tree)
{
	const struct ms_skipped *skipped;
	size_t told = 0;
	int r = 0;

	for (size_t i = 0; (skipped = ms_tree_skipped(tree, i)) && r == 0; i++)
		if (skipped->depmod && told++ < MOST_TOLD)
			r = ms_doctor_found(doctor, "module-link", MS_SEVERITY_WARNING,
					    NULL,
					    "'%s' is %s: depmod would find a module "
					    "there, which is not judged",
					    skipped->path, ms_skip_name(skipped->skip));
	return r;
}

static int judge(struct ms_doctor *doctor, const struct places *places)
{
	static const struct ms_verify_options verify = {.size = sizeof(verify)};
	static const struct ms_tree_options options = {.size = sizeof(options),
						       .may_be_empty = true};
	const struct ms_trust *trust = NULL;
	_cleanup_(cleanup_tree) struct ms_tree *tree = NULL;
	const char *const *paths = (const char *const *)places->paths;
	int r = ms_tree_open(doctor->ctx, paths, places->n, &options, &tree);

	if (r == 0)
		r = report_links(doctor, tree);
	if (r == 0 && !ms_tree_count(tree)) /* empty, as packages leave them */
		return 0;
	r = r < 0 ? r : ms_doctor_trust(doctor, &trust);
	r = r < 0 ? r : ms_tree_verify(doctor->ctx, tree, trust, &verify);
	if (r == -ENOMEM || r == -ECANCELED)
		return r;
	if (r < 0)
		return ms_doctor_found(doctor, "modules-unknown", MS_SEVERITY_UNKNOWN, NULL,
				       "whether kernel %s loads the modules that were added to "
				       "it is not known: %s",
				       doctor->release, ms_ctx_message(doctor->ctx));
	return report(doctor, tree);
}

/* Each place by itself: one that is empty says nothing of the others. */
int ms_doctor_modules(struct ms_doctor *doctor)
{
	_cleanup_(places_done) struct places places = { .n = 0 };
	int r;

	if (!doctor->release)
		return 0;
	r = find_places(doctor, &places);
	for (size_t i = 0; i < places.n && r == 0; i++) {
		const struct places one = { .paths = { places.paths[i] }, .n = 1 };

		r = judge(doctor, &one);
	}
	return r;
}
