/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Changing a kernel's .config the way a careful person does: one line, in its place.
 *
 *	CONFIG_MODULE_SIG_KEY="certs/signing_key.pem"
 *	`----- line --------------------------------´
 *	       `---- name ---´ `----- value --------´
 *	# CONFIG_MODULE_SIG_FORCE is not set       a line too, with the value n
 *
 * What always holds: all bytes but those of the line that was asked for are as they were
 * read, comments, order, line ends and a missing last newline among them. The text is
 * checked whole by ms_kconfig_parse() before anything is looked for in it, so that every
 * line is known to be empty, a comment, or of one of the forms above.
 *
 * Linux's own reader takes the last of several lines for one symbol. A person who looks at
 * the first would be deceived, so several lines are an error here, unless they say the
 * same and are only read.
 */

#include "kconfig-edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../codec/codec.h"
#include "kconfig-line.h"
#include "kconfig.h"

enum { MAX_SIZE = 16 << 20 };

struct ms_config_edit {
	char *path;
	struct ms_buf text;
	struct ms_identity was;
	bool from_file;
	bool packed;
	bool changed;
};

MS_DEFINE_CLEANUP(cleanup_edit, struct ms_config_edit *, ms_config_edit_free)
MS_DEFINE_CLEANUP(cleanup_kconfig, struct ms_kconfig *, ms_kconfig_free)

struct ms_config_edit *ms_config_edit_free(struct ms_config_edit *edit)
{
	if (edit) {
		free(edit->path);
		ms_buf_done(&edit->text);
	}
	free(edit);
	return NULL;
}

bool ms_config_edit_is_name(const char *name)
{
	return ms_config_is_name(ms_config_plain_name(name));
}

const char *ms_config_edit_path(const struct ms_config_edit *edit)
{
	return edit->path;
}

const char *ms_config_edit_text(const struct ms_config_edit *edit, size_t *ret_len)
{
	*ret_len = edit->text.len;
	return (const char *)edit->text.data;
}

bool ms_config_edit_changed(const struct ms_config_edit *edit)
{
	return edit->changed;
}

static int new_edit(struct ms_ctx *ctx, const char *path, struct ms_config_edit **ret)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = calloc(1, sizeof(*edit));

	if (!edit)
		return ms_fail_nomem(ctx);
	edit->path = strdup(path);
	if (!edit->path)
		return ms_fail_nomem(ctx);
	*ret = ms_steal(&edit);
	return 0;
}

static int check_text(struct ms_ctx *ctx, const struct ms_config_edit *edit)
{
	_cleanup_(cleanup_kconfig) struct ms_kconfig *config = NULL;
	const char *text = (const char *)edit->text.data;

	if (edit->text.len > 0 && memchr(text, '\0', edit->text.len))
		return ms_fail(ctx, -EBADMSG, "'%s' is no kernel config: binary",
			       edit->path);
	return ms_kconfig_parse(ctx, text, edit->text.len, edit->path, &config);
}

static int unpack(struct ms_ctx *ctx, struct ms_config_edit *edit)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	struct ms_codec_info info;
	int r;

	if (ms_codec_detect(edit->text.data, edit->text.len) != MS_COMPRESSION_GZIP)
		return 0;
	r = ms_codec_unpack(ctx, MS_COMPRESSION_GZIP, edit->text.data, edit->text.len,
			    MAX_SIZE, &text, &info);
	if (r < 0)
		return ms_fail_prefix(ctx, r, "'%s'", edit->path);
	ms_buf_done(&edit->text);
	edit->text = text;
	text = (struct ms_buf){ 0 };
	edit->packed = true;
	return 0;
}

int ms_config_edit_open(struct ms_ctx *ctx, const char *path,
			struct ms_config_edit **ret)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	struct stat st;
	int r = new_edit(ctx, path, &edit);

	r = r < 0 ? r
		  : ms_file_read_at(ctx, AT_FDCWD, path, path, false, MAX_SIZE,
				    &edit->text, &st);
	r = r < 0 ? r : unpack(ctx, edit);
	r = r < 0 ? r : check_text(ctx, edit);
	if (r < 0)
		return r;
	edit->was = ms_identity_of(&st);
	edit->from_file = true;
	*ret = ms_steal(&edit);
	return 0;
}

int ms_config_edit_parse(struct ms_ctx *ctx, const char *text, size_t len,
			 const char *shown, struct ms_config_edit **ret)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	int r = new_edit(ctx, shown, &edit);

	if (r == 0 && ms_buf_append(&edit->text, text, len) < 0)
		r = ms_fail_nomem(ctx);
	r = r < 0 ? r : check_text(ctx, edit);
	if (r < 0)
		return r;
	*ret = ms_steal(&edit);
	return 0;
}

/* The lines that name a symbol: the last of them, and how many there are. */
struct found {
	struct ms_config_line line;
	size_t count;
	bool differ;
};

static void find(const struct ms_config_edit *edit, const char *name, struct found *ret)
{
	struct ms_config_line line = { 0 };
	const char *plain = ms_config_plain_name(name);

	*ret = (struct found){ 0 };
	while (ms_config_next_line(&edit->text, &line)) {
		if (!ms_config_line_names(&line, plain))
			continue;
		if (ret->count > 0 && !ms_config_same_value(&ret->line, &line))
			ret->differ = true;
		ret->line = line;
		ret->count++;
	}
}

int ms_config_edit_get(const struct ms_config_edit *edit, const char *name,
		       char **ret_text)
{
	struct found found;

	find(edit, name, &found);
	if (found.count == 0)
		return -ENOENT;
	if (found.differ)
		return -EEXIST;
	return ms_config_line_value(&found.line, ret_text);
}

bool ms_config_edit_is_string(const struct ms_config_edit *edit, const char *name)
{
	struct found found;

	find(edit, name, &found);
	return (found.count > 0 && found.line.kind == MS_CONFIG_LINE_STRING) ||
	       ms_config_must_be_string(ms_config_plain_name(name));
}

/* "yes" is no string that anybody means. */
static bool looks_like_a_state(const char *value)
{
	static const char *const words[] = { "yes", "no",  "true", "false",
					     "on",  "off", "y",	   "m",
					     "n" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

static int refuse_value(struct ms_ctx *ctx, const struct ms_config_edit *edit,
			const char *name, const char *value, const char *what)
{
	ms_fail(ctx, -EINVAL, "'%s': '%s' is no value of CONFIG_%s, which is %s",
		edit->path, value, name, what);
	return ms_hint(ctx, -EINVAL, "a string may be given in double quotes");
}

/*
 * The kind that the line will have. Linux writes "is not set" of what can be y, m or n
 * only; people write it of strings, too, and of these it is known by name that they are.
 */
static int choose_kind(struct ms_ctx *ctx, const struct ms_config_edit *edit,
		       const struct found *found, const char *name, const char *value,
		       enum ms_config_line_kind *ret)
{
	enum ms_config_line_kind kind = ms_config_kind_of_value(value);
	enum ms_config_line_kind was = found->line.kind;

	if (was == MS_CONFIG_LINE_STRING || ms_config_must_be_string(name))
		kind = MS_CONFIG_LINE_STRING;
	else if (was == MS_CONFIG_LINE_NUMBER && kind != MS_CONFIG_LINE_NUMBER)
		return refuse_value(ctx, edit, name, value, "a number");
	else if ((was == MS_CONFIG_LINE_STATE && kind != MS_CONFIG_LINE_STATE) ||
		 (was == MS_CONFIG_LINE_NOT_SET && kind == MS_CONFIG_LINE_STRING) ||
		 (kind == MS_CONFIG_LINE_STRING && looks_like_a_state(value)))
		return refuse_value(ctx, edit, name, value, "y, m or n");
	*ret = kind;
	return 0;
}

static int check_request(struct ms_ctx *ctx, const struct ms_config_edit *edit,
			 const char *name, const char *value, struct found *ret)
{
	if (!ms_config_is_name(name))
		return ms_fail(ctx, -EINVAL, "'%s' is no name of a configuration symbol",
			       name);
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == '\177')
			return ms_fail(ctx, -EINVAL,
				       "a value of CONFIG_%s cannot hold control "
				       "characters",
				       name);
	find(edit, name, ret);
	if (ret->count > 1)
		return ms_fail(ctx, -EEXIST, "'%s': CONFIG_%s is there %zu times",
			       edit->path, name, ret->count);
	return 0;
}

/* Puts @line in the place of what was found, or at the end. */
static int put_bytes(struct ms_config_edit *edit, const struct found *found,
		  const struct ms_buf *line)
{
	const struct ms_buf *old = &edit->text;
	size_t start = found->count ? found->line.start : old->len;
	size_t end = found->count ? found->line.end : old->len;
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };

	if (ms_buf_append(&text, old->data, start) < 0 ||
	    ms_buf_append(&text, line->data, line->len) < 0 ||
	    ms_buf_append(&text, old->data + end, old->len - end) < 0)
		return -ENOMEM;
	if (text.len == old->len && memcmp(text.data, old->data, text.len) == 0)
		return 0;
	ms_buf_done(&edit->text);
	edit->text = text;
	text = (struct ms_buf){ 0 };
	edit->changed = true;
	return 0;
}

/* A line at the end: with the line ends of the file, and none behind it if it has none. */
static int frame_new_line(const struct ms_buf *text, const struct ms_buf *line,
			  struct ms_buf *ret)
{
	bool ended = text->len > 0 && text->data[text->len - 1] == '\n';
	const char *newline = ms_config_line_end(text);
	int r = ended ? 0 : ms_buf_append_str(ret, newline);

	r = r < 0 ? r : ms_buf_append(ret, line->data, line->len);
	return r < 0 || !ended ? r : ms_buf_append_str(ret, newline);
}

static int put_line(struct ms_config_edit *edit, const struct found *found,
		    enum ms_config_line_kind kind, const char *name, const char *value)
{
	_cleanup_(ms_buf_done) struct ms_buf line = { 0 }, framed = { 0 };
	int r = ms_config_write_line(&line, kind, name, value);

	if (r == 0 && found->count == 0) {
		r = frame_new_line(&edit->text, &line, &framed);
		return r < 0 ? r : put_bytes(edit, found, &framed);
	}
	return r < 0 ? r : put_bytes(edit, found, &line);
}

/* Nothing is to be written where a line says the same already, "=n" for instance. */
static bool says_so_already(const struct found *found, enum ms_config_line_kind kind,
			    const char *value)
{
	bool is_string = found->line.kind == MS_CONFIG_LINE_STRING;
	_cleanup_free_ char *text = NULL;

	return found->count > 0 && is_string == (kind == MS_CONFIG_LINE_STRING) &&
	       ms_config_line_value(&found->line, &text) == 0 && strcmp(text, value) == 0;
}

static int choose(struct ms_ctx *ctx, const struct ms_config_edit *edit,
		  const struct found *found, const char *name, const char *value,
		  bool as_string, enum ms_config_line_kind *ret)
{
	enum ms_config_line_kind was = found->line.kind;

	if (!as_string)
		return choose_kind(ctx, edit, found, name, value, ret);
	if (found->count > 0 && (was == MS_CONFIG_LINE_STATE || was == MS_CONFIG_LINE_NUMBER))
		return ms_fail(ctx, -EINVAL, "'%s': CONFIG_%s is no string", edit->path,
			       name);
	*ret = MS_CONFIG_LINE_STRING;
	return 0;
}

static int set(struct ms_ctx *ctx, struct ms_config_edit *edit, const char *name,
	       const char *value, bool as_string)
{
	const char *plain = ms_config_plain_name(name);
	enum ms_config_line_kind kind = MS_CONFIG_LINE_OTHER;
	struct found found;
	int r = check_request(ctx, edit, plain, value, &found);

	r = r < 0 ? r : choose(ctx, edit, &found, plain, value, as_string, &kind);
	if (r < 0 || says_so_already(&found, kind, value))
		return r;
	r = put_line(edit, &found, kind, plain, value);
	return r < 0 ? ms_fail_nomem(ctx) : 0;
}

int ms_config_edit_set(struct ms_ctx *ctx, struct ms_config_edit *edit, const char *name,
		       const char *value)
{
	return set(ctx, edit, name, value, false);
}

int ms_config_edit_set_string(struct ms_ctx *ctx, struct ms_config_edit *edit,
			      const char *name, const char *value)
{
	return set(ctx, edit, name, value, true);
}

int ms_config_edit_stage(struct ms_ctx *ctx, struct ms_config_edit *edit,
			 struct ms_file_set *files)
{
	if (!edit->changed)
		return 0;
	if (edit->packed || !edit->from_file)
		return ms_fail(ctx, -EOPNOTSUPP,
			       "'%s' is compressed and cannot be changed", edit->path);
	return ms_file_set_add(ctx, files,
			       &(const struct ms_new_file){
				       .path = edit->path,
				       .data = edit->text.data,
				       .len = edit->text.len,
				       .mode = 0644,
				       .was = &edit->was,
			       });
}
