/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KCONFIG_KCONFIG_LINE_H
#define MS_KCONFIG_KCONFIG_LINE_H

/* Inside lib/kconfig: one line of a text that ms_kconfig_parse() has found to be good. */

#include <stdbool.h>

#include "../base/buffer.h"

enum ms_config_line_kind {
	MS_CONFIG_LINE_OTHER = 0, /* empty, or a comment */
	MS_CONFIG_LINE_NOT_SET,	  /* # CONFIG_X is not set */
	MS_CONFIG_LINE_STATE,	  /* y, m or n */
	MS_CONFIG_LINE_NUMBER,
	MS_CONFIG_LINE_STRING,
};

/** A line; texts are borrowed from the whole. A zeroed one stands before the first. */
struct ms_config_line {
	enum ms_config_line_kind kind;
	size_t start, end;	/* its bytes, without "\n" or "\r\n" */
	size_t next;		/* where the next line begins */
	const char *name;	/* without CONFIG_ */
	size_t name_len;
	const char *value;	/* as it stands, quotes and all; not of NOT_SET */
	size_t value_len;
};

/** Goes on to the next line of @text. False: there is none. */
bool ms_config_next_line(const struct ms_buf *text, struct ms_config_line *line);

/** True where the line gives a value to that symbol, named without CONFIG_. */
bool ms_config_line_names(const struct ms_config_line *line, const char *name);

/** True where two lines say the same; "is not set" is n. */
bool ms_config_same_value(const struct ms_config_line *a, const struct ms_config_line *b);

/** The value without quotes and escapes, "n" for "is not set"; to free(). -ENOMEM. */
int ms_config_line_value(const struct ms_config_line *line, char **ret);

/** @name without CONFIG_. */
const char *ms_config_plain_name(const char *name);

/** True where @name, without CONFIG_, can be a symbol's. */
bool ms_config_is_name(const char *name);

/** What kind of line a value asks for by its look alone; "n" is NOT_SET's, too: STATE. */
enum ms_config_line_kind ms_config_kind_of_value(const char *value);

/** True for the symbols about keys that are strings in Linux's Kconfig files. */
bool ms_config_must_be_string(const char *name);

/** The line end that the text uses: "\n" or "\r\n". */
const char *ms_config_line_end(const struct ms_buf *text);

/** Appends a line without its end. -ENOMEM. */
int ms_config_write_line(struct ms_buf *ret, enum ms_config_line_kind kind,
			 const char *name, const char *value);

#endif
