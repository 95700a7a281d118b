/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_CUT_H
#define CLI_CUT_H

/*
 * Texts out of files that are longer than anybody reads. Their beginning is shown, and
 * how long they are: a module of some kilobytes, packed, can hold a version of a
 * gigabyte.
 */

#include "../cli.h"

/** What is shown of a text, in bytes at most. */
enum { CLI_SHOWN = 4096 };

/**
 * Adds @text to @object as @key, null for NULL. Where not all of it is shown, its length
 * goes into the object's member "cut". @full: the bytes that it had in the file, of which
 * @text may be the beginning; 0: it is all.
 */
void cli_json_add_text(json_object *object, const char *key, const char *text,
		       size_t full);

/** Notes in @object's member "cut" that its member @key had @full bytes. */
void cli_json_add_cut(json_object *object, const char *key, size_t full);

/** The same for a line of text: to free(). @text may be NULL, which gives "". */
char *cli_cut(const char *text, size_t full);

#endif
