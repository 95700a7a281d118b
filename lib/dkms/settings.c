/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * DKMS's configuration: its files in their order, and what they come to.
 *
 * read_framework_conf() of dkms sources each file in a shell of its own and takes the
 * settings from it. So they are handed on from file to file, and other variables are not;
 * `exit` ends one file and not the next; and what a later file sets plainly is known,
 * whatever was in those before.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/room.h"
#include "../base/text.h"
#include "conf.h"
#include "shell.h"

/* In the order of enum ms_dkms_setting; what is not DKMS's stands at the end. */
static const char *const names[] = {
	[MS_DKMS_SIGN_FILE] = "sign_file",
	[MS_DKMS_SIGNING_KEY] = "mok_signing_key",
	[MS_DKMS_CERTIFICATE] = "mok_certificate",
	[MS_DKMS_SIGN_TOOL] = "sign_tool",
	[MS_DKMS_STORE] = "modseal_store",
	[MS_DKMS_PIN_FILE] = "modseal_pin_file",
	[MS_DKMS_SET_UP_WITH] = "modseal_certificate",
};

enum {
	SETTINGS = MS_ARRAY_SIZE(names),
	DKMS_S = MS_DKMS_STORE, /* so many are DKMS's, and the first */
	OURS = SETTINGS - DKMS_S,
};

/* A file or directory that could not be read. */
struct unread {
	const char *path; /* one of the names */
	int error;
};

struct ms_dkms_settings {
	struct ms_dkms_variables variables; /* the settings, and those of the file at work */
	char **files; /* the names of all, which doubts borrow */
	size_t n_files, files_capacity;
	struct unread *unread;
	size_t n_unread, unread_capacity;
	char *root; /* of the system, for messages */
};

struct ms_dkms_settings *ms_dkms_settings_free(struct ms_dkms_settings *settings)
{
	if (!settings)
		return NULL;
	ms_dkms_variables_done(&settings->variables);
	for (size_t i = 0; i < settings->n_files; i++)
		free(settings->files[i]);
	free(settings->files);
	free(settings->unread);
	free(settings->root);
	free(settings);
	return NULL;
}

/* A copy of @path that lives as long as @settings; NULL where there is no memory. */
static const char *keep_name(struct ms_dkms_settings *settings, const char *path)
{
	char **list = ms_room(settings->files, settings->n_files, &settings->files_capacity,
			      sizeof(*list));
	char *copy = list ? strdup(path) : NULL;

	if (list)
		settings->files = list;
	if (copy)
		list[settings->n_files++] = copy;
	return copy;
}

static int add_settings(struct ms_dkms_settings *settings)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		struct ms_dkms_variable *variable = ms_dkms_variables_add(
			&settings->variables, names[i], strlen(names[i]));

		if (!variable)
			return -ENOMEM;
		variable->state = MS_DKMS_UNSET;
	}
	return 0;
}

int ms_dkms_settings_new(struct ms_ctx *ctx, const char *root,
			 struct ms_dkms_settings **ret)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings =
		calloc(1, sizeof(*settings));

	if (settings)
		settings->root = strdup(root);
	if (!settings || !settings->root || add_settings(settings) < 0)
		return ms_fail_nomem(ctx);
	*ret = ms_steal(&settings);
	return 0;
}

/*
 * Takes modseal's own settings out of the table, or back into it: they count in modseal's
 * own file, and no other can set them, or make them unknown.
 */
static void hide_ours(struct ms_dkms_settings *settings, struct ms_dkms_variable *ret)
{
	memcpy(ret, settings->variables.list + DKMS_S, OURS * sizeof(*ret));
	settings->variables.n = DKMS_S;
}

static void show_ours(struct ms_dkms_settings *settings,
		      const struct ms_dkms_variable *ours)
{
	ms_dkms_variables_drop(&settings->variables, DKMS_S);
	memcpy(settings->variables.list + DKMS_S, ours, OURS * sizeof(*ours));
	settings->variables.n = SETTINGS;
}

/* Nothing is known of what is in the table. */
static int doubt_all(struct ms_dkms_settings *settings, const struct ms_dkms_doubt *why)
{
	int r = 0;

	for (size_t i = 0; i < settings->variables.n && r == 0; i++)
		r = ms_dkms_variable_doubt(&settings->variables.list[i], why);
	return r;
}

/* In the place of $kernelver. */
static int add_release(struct ms_dkms_settings *settings, const char *release)
{
	struct ms_dkms_variable *kernelver = ms_dkms_variables_add(
		&settings->variables, "kernelver", strlen("kernelver"));

	return kernelver ? ms_dkms_variable_set(kernelver, release, strlen(release))
			 : -ENOMEM;
}

static int read_text(struct ms_dkms_settings *settings, const char *file,
		     const char *release, const char *text, size_t len)
{
	size_t n = settings->variables.n;
	struct ms_dkms_doubt doubt = { 0 };
	int r = release ? add_release(settings, release) : 0;

	if (r == 0)
		r = ms_dkms_shell_read(&settings->variables, file, text, len, &doubt);
	ms_dkms_variables_drop(&settings->variables, n);
	return r == 0 && doubt.why ? doubt_all(settings, &doubt) : r;
}

int ms_dkms_settings_text(struct ms_dkms_settings *settings, const char *path,
			  const char *release, const char *text, size_t len)
{
	bool ours = strcmp(path, MS_DKMS_OUR_CONF) == 0;
	const char *file = keep_name(settings, path);
	struct ms_dkms_variable hidden[OURS];
	int r;

	if (!file)
		return -ENOMEM;
	if (!ours)
		hide_ours(settings, hidden);
	r = read_text(settings, file, release, text, len);
	if (!ours)
		show_ours(settings, hidden);
	return r;
}

static int add_unread(struct ms_dkms_settings *settings, const char *file, int error)
{
	struct unread *list = ms_room(settings->unread, settings->n_unread,
				      &settings->unread_capacity, sizeof(*list));

	if (!list)
		return -ENOMEM;
	settings->unread = list;
	list[settings->n_unread++] = (struct unread){ .path = file, .error = error };
	return 0;
}

int ms_dkms_settings_note_unread(struct ms_dkms_settings *settings, const char *path,
				 int error)
{
	bool others = strcmp(path, MS_DKMS_OUR_CONF) != 0 &&
		      strcmp(path, MS_DKMS_SNIPPETS) != 0;
	struct ms_dkms_doubt doubt = {
		.file = keep_name(settings, path),
		.why = "a file that cannot be read",
	};
	struct ms_dkms_variable hidden[OURS];
	int r = doubt.file ? add_unread(settings, doubt.file, error) : -ENOMEM;

	if (r < 0)
		return r;
	if (others)
		hide_ours(settings, hidden);
	r = doubt_all(settings, &doubt);
	if (others)
		show_ours(settings, hidden);
	return r;
}

const char *ms_dkms_setting_name(enum ms_dkms_setting setting)
{
	return (size_t)setting < SETTINGS ? names[setting] : NULL;
}

static const struct ms_dkms_variable *variable_of(const struct ms_dkms_settings *settings,
						  enum ms_dkms_setting setting)
{
	return (size_t)setting < SETTINGS ? &settings->variables.list[setting] : NULL;
}

enum ms_dkms_state ms_dkms_setting_state(const struct ms_dkms_settings *settings,
					 enum ms_dkms_setting setting)
{
	const struct ms_dkms_variable *variable = variable_of(settings, setting);

	return variable ? variable->state : MS_DKMS_UNKNOWN;
}

const char *ms_dkms_setting_text(const struct ms_dkms_settings *settings,
				 enum ms_dkms_setting setting)
{
	const struct ms_dkms_variable *variable = variable_of(settings, setting);

	return variable && variable->state == MS_DKMS_KNOWN && *variable->text
		       ? variable->text
		       : NULL;
}

const struct ms_dkms_doubt *ms_dkms_setting_doubt(const struct ms_dkms_settings *settings,
						  enum ms_dkms_setting setting)
{
	const struct ms_dkms_variable *variable = variable_of(settings, setting);

	return variable && variable->state == MS_DKMS_UNKNOWN ? &variable->doubt : NULL;
}

const char *ms_dkms_settings_unread(const struct ms_dkms_settings *settings, size_t i,
				    int *ret_error)
{
	if (i >= settings->n_unread)
		return NULL;
	*ret_error = settings->unread[i].error;
	return settings->unread[i].path;
}

const char *ms_dkms_settings_root(const struct ms_dkms_settings *settings)
{
	return settings->root;
}

int ms_dkms_settings_complete(struct ms_ctx *ctx, const struct ms_dkms_settings *settings)
{
	const struct unread *first = settings->unread;

	if (!settings->n_unread)
		return 0;
	if (first->error == -EINVAL || first->error == -EISDIR)
		return ms_fail(ctx, first->error, "'%s%s' is no regular file",
			       settings->root, first->path);
	return ms_fail_errno(ctx, first->error, "cannot read '%s%s'", settings->root,
			     first->path);
}

int ms_dkms_setting_get(struct ms_ctx *ctx, const struct ms_dkms_settings *settings,
			enum ms_dkms_setting setting, const char **ret)
{
	const struct ms_dkms_doubt *doubt = ms_dkms_setting_doubt(settings, setting);

	if (doubt)
		return ms_fail(ctx, -EBADMSG,
			       "what %s of DKMS comes to is not known: '%s%s', line %zu: %s",
			       ms_dkms_setting_name(setting), settings->root, doubt->file,
			       doubt->line, doubt->why);
	*ret = ms_dkms_setting_text(settings, setting);
	return 0;
}
