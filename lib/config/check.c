/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What in a configuration contradicts what else in it, or the files it names.
 *
 * The rules are those of Linux's Kconfig files and of the Makefiles that use the symbols;
 * each check names its source. Which symbols there are has changed: the sources of 6.1,
 * 6.12 and 7.3 were read, and where they differ, the release that the configuration says
 * it is of counts ("# Linux/x86 6.12.1 Kernel Configuration").
 */

#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"

MS_DEFINE_CLEANUP(cleanup_edit, struct ms_config_edit *, ms_config_edit_free)

static void check_done(struct ms_check *check)
{
	for (size_t i = 0; i < check->n_values; i++)
		free(check->values[i]);
	free(check->values);
	free(check->word);
}

/* Keeps @text until the end; NULL where that cannot be. */
static const char *keep(struct ms_check *check, char *text)
{
	char **values = reallocarray(check->values, check->n_values + 1, sizeof(*values));

	if (!values) {
		free(text);
		return NULL;
	}
	check->values = values;
	values[check->n_values++] = text;
	return text;
}

static bool was_found(const struct ms_check *check, const char *id, const char *name)
{
	for (size_t i = 0; i < check->findings->count; i++)
		if (strcmp(check->findings->list[i].id, id) == 0 &&
		    strstr(check->findings->list[i].message, name))
			return true;
	return false;
}

const char *ms_check_value(struct ms_check *check, const char *name)
{
	char *text = NULL;
	int r = ms_config_edit_get(check->edit, name, &text);

	if (r == 0)
		return keep(check, text);
	if (r == -EEXIST && !was_found(check, "twice", name))
		ms_check_found(check, "twice", MS_SEVERITY_ERROR, NULL,
			       "CONFIG_%s is there several times, with different values",
			       name);
	return NULL;
}

bool ms_check_yes(struct ms_check *check, const char *name)
{
	const char *value = ms_check_value(check, name);

	return value && strcmp(value, "y") == 0;
}

const char *ms_check_text(struct ms_check *check, const char *name)
{
	const char *value = ms_check_value(check, name);

	return value && *value && ms_config_edit_is_string(check->edit, name) &&
			       strcmp(value, "n") != 0
		       ? value
		       : NULL;
}

char *ms_check_set(const struct ms_check *check, const char *format, ...)
{
	_cleanup_free_ char *settings = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&settings, format, args);
	va_end(args);
	if (len < 0) {
		settings = NULL;
		return NULL;
	}
	return ms_format("modseal config set %s %s", settings, check->word);
}

int ms_check_key_algorithm(struct ms_check *check, const char *id, const char *what,
			   const char *key_type)
{
	const struct ms_key_type *type = ms_key_type_like(key_type);

	if (!type || type->pkey == MS_PKEY_NONE || ms_check_yes(check, type->crypto))
		return 0;
	return ms_check_found(check, id, MS_SEVERITY_ERROR,
			      ms_check_set(check, "%s=y", type->crypto),
			      "%s holds a key of type %s, and CONFIG_%s is not built in", what,
			      key_type, type->crypto);
}

/* The third line of a configuration that Linux wrote. */
static unsigned read_version(const char *text, size_t len)
{
	static const char mark[] = " Kernel Configuration";
	const char *end = memmem(text, len < 400 ? len : 400, mark, sizeof(mark) - 1);
	unsigned long major, minor;
	const char *start = end;
	char number[16], *rest;

	while (start && start > text && start[-1] != ' ' && start[-1] != '\n')
		start--;
	if (!start)
		return 0;
	snprintf(number, sizeof(number), "%.*s", (int)(end - start), start);
	major = strtoul(number, &rest, 10);
	if (rest == number || *rest != '.')
		return 0;
	minor = strtoul(rest + 1, NULL, 10);
	return major < 1000 && minor < 1000
		       ? MS_CHECK_LINUX((unsigned)major, (unsigned)minor)
		       : 0;
}

static int run(struct ms_check *check)
{
	static int (*const topics[])(struct ms_check *) = {
		ms_check_requirements, ms_check_hash,	     ms_check_key,
		ms_check_certificates, ms_check_compression, ms_check_lockdown,
	};
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(topics) && r == 0; i++)
		r = topics[i](check);
	return r;
}

int ms_config_check(struct ms_ctx *ctx, const char *path, bool installed,
		    struct ms_findings **ret)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	_cleanup_(ms_findings_done) struct ms_findings findings = { 0 };
	_cleanup_(check_done) struct ms_check check = {
		.ctx = ctx, .findings = &findings, .installed = installed
	};
	const char *text;
	size_t len;
	int r = ms_config_edit_open(ctx, path, &edit);

	if (r < 0)
		return r;
	check.edit = edit;
	check.word = ms_shell_word(path);
	if (!check.word)
		return ms_fail_nomem(ctx);
	text = ms_config_edit_text(edit, &len);
	check.version = read_version(text, len);
	r = run(&check);
	return r < 0 ? r : ms_findings_give(ctx, &findings, ret);
}
