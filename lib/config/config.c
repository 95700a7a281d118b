/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading and changing configurations, several at a time: all are opened and changed in
 * memory, then written beside the old ones, then renamed (lib/files/file-set.h). A fault
 * in any of them leaves every one as it was; a kill leaves what the next run ends. Where
 * only syncing them fails they are all new, and stay so.
 */

#include <modseal/config.h>
#include <modseal/secret.h>

#include <errno.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/sized.h"
#include "../kconfig/kconfig-edit.h"
#include "trusted-keys.h"

MS_DEFINE_CLEANUP(cleanup_edit, struct ms_config_edit *, ms_config_edit_free)
MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

/* Configurations that are changed together. */
struct edits {
	struct ms_config_edit **list;
	size_t n;
};

static void edits_done(struct edits *edits)
{
	for (size_t i = 0; edits->list && i < edits->n; i++)
		ms_config_edit_free(edits->list[i]);
	free(edits->list);
}

static int open_all(struct ms_ctx *ctx, const char *const *paths, size_t n,
		    struct edits *ret)
{
	int r = 0;

	ret->list = calloc(n ? n : 1, sizeof(struct ms_config_edit *));
	ret->n = n;
	if (!ret->list)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < n && r == 0; i++)
		r = ms_config_edit_open(ctx, paths[i], &ret->list[i]);
	return r;
}

/*
 * What a killed run has decided is finished before the files are read, and what it left
 * goes. A directory that is not there will be told of by whoever opens the file.
 */
static int recover_all(struct ms_ctx *ctx, const char *const *paths, size_t n)
{
	enum ms_recovery how;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = ms_files_recover(ctx, paths[i], &how);
		if (r == -ENOENT) {
			ms_fail_clear(ctx);
			r = 0;
		}
	}
	return r;
}

static int write_all(struct ms_ctx *ctx, const struct edits *edits,
		     struct ms_file_set *files)
{
	int r = 0;

	for (size_t i = 0; i < edits->n && r == 0; i++)
		r = ms_config_edit_stage(ctx, edits->list[i], files);
	return r < 0 ? r : ms_file_set_commit(ctx, files);
}

int ms_config_get(struct ms_ctx *ctx, const char *path, const char *key, char **ret_text)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	int r;

	if (!ms_config_edit_is_name(key))
		return ms_fail(ctx, -EINVAL, "'%s' is no name of a configuration symbol",
			       key);
	r = ms_config_edit_open(ctx, path, &edit);
	if (r < 0)
		return r;
	*ret_text = NULL;
	r = ms_config_edit_get(edit, key, ret_text);
	if (r == -EEXIST)
		return ms_fail(ctx, r,
			       "'%s': %s is there several times, with different values",
			       path, key);
	if (r == 0 && ms_holds_pin(*ret_text)) {
		free(ms_steal(ret_text));
		return ms_fail(ctx, -EPERM,
			       "'%s': %s holds a PIN (pin-value), which is not shown",
			       path, key);
	}
	return r == -ENOENT ? 0 : r < 0 ? ms_fail_nomem(ctx) : 0;
}

/* A configuration can be read by all, and goes into packages and the kernel itself. */
static int refuse_pin(struct ms_ctx *ctx, const struct ms_config_setting *setting)
{
	if (!ms_holds_pin(setting->value))
		return 0;
	ms_fail(ctx, -EINVAL,
		"%s would hold a PIN (pin-value), for all to read in the configuration",
		setting->key);
	return ms_hint(ctx, -EINVAL,
		       "leave pin-value out: the kernel's build takes the PIN from "
		       "$KBUILD_SIGN_PIN; or name a file with it by pin-source");
}

static int change(struct ms_ctx *ctx, struct ms_config_edit *edit,
		  const struct ms_config_setting *settings, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct ms_config_setting one;

		r = ms_sized_at(ctx, &one, sizeof(one), settings, i);
		if (r == 0)
			r = refuse_pin(ctx, &one);
		if (r == 0)
			r = (one.is_string
				     ? ms_config_edit_set_string
				     : ms_config_edit_set)(ctx, edit, one.key, one.value);
	}
	return r;
}

int ms_config_set(struct ms_ctx *ctx, const char *const *paths, size_t n_paths,
		  const struct ms_config_setting *settings, size_t n_settings,
		  bool *ret_changed)
{
	_cleanup_(cleanup_set) struct ms_file_set *files = ms_file_set_new();
	_cleanup_(edits_done) struct edits edits = { 0 };
	int r = files ? 0 : ms_fail_nomem(ctx);

	if (r == 0)
		r = recover_all(ctx, paths, n_paths);
	if (r == 0)
		r = open_all(ctx, paths, n_paths, &edits);
	for (size_t i = 0; i < n_paths && r == 0; i++)
		r = change(ctx, edits.list[i], settings, n_settings);
	if (r == 0)
		r = write_all(ctx, &edits, files);
	for (size_t i = 0; i < n_paths && r == 0 && ret_changed; i++)
		ret_changed[i] = ms_config_edit_changed(edits.list[i]);
	return r;
}

struct ms_trusted_configs {
	struct ms_config_trusted *list;
	size_t n;
};

MS_DEFINE_CLEANUP(cleanup_trusted, struct ms_trusted_configs *, ms_trusted_configs_free)

const struct ms_config_trusted *
ms_trusted_configs_at(const struct ms_trusted_configs *configs, size_t i)
{
	return configs && i < configs->n ? &configs->list[i] : NULL;
}

struct ms_trusted_configs *ms_trusted_configs_free(struct ms_trusted_configs *configs)
{
	for (size_t i = 0; configs && i < configs->n; i++)
		ms_trusted_keys_done(&configs->list[i]);
	if (configs)
		free(configs->list);
	free(configs);
	return NULL;
}

static struct ms_trusted_configs *trusted_new(size_t n)
{
	_cleanup_(cleanup_trusted) struct ms_trusted_configs *trusted =
		calloc(1, sizeof(*trusted));

	if (!trusted)
		return NULL;
	trusted->list = calloc(n + 1, sizeof(*trusted->list));
	if (!trusted->list)
		return NULL;
	trusted->n = n;
	return ms_steal(&trusted);
}

int ms_config_trust(struct ms_ctx *ctx, const char *cert, const char *const *paths,
		    size_t n_paths, const char *output, struct ms_trusted_configs **ret)
{
	struct ms_trusted_keys_change wanted = { .cert = cert, .output = output };
	_cleanup_(cleanup_set) struct ms_file_set *files = ms_file_set_new();
	_cleanup_(cleanup_trusted) struct ms_trusted_configs *trusted =
		trusted_new(n_paths);
	_cleanup_(edits_done) struct edits edits = { 0 };
	int r = files && trusted ? 0 : ms_fail_nomem(ctx);

	if (r == 0 && output && n_paths != 1)
		r = ms_fail(ctx, -EINVAL, "one PEM file cannot be that of several configs");
	if (r == 0)
		r = recover_all(ctx, paths, n_paths);
	if (r == 0)
		r = open_all(ctx, paths, n_paths, &edits);
	for (size_t i = 0; i < n_paths && r == 0; i++)
		r = ms_trusted_keys_add(ctx, edits.list[i], &wanted, files,
					&trusted->list[i]);
	if (r == 0)
		r = write_all(ctx, &edits, files);
	if (r == 0)
		*ret = ms_steal(&trusted);
	return r;
}
