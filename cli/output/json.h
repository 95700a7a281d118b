/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_JSON_H
#define CLI_JSON_H

/*
 * Values of the JSON document. What came from outside is text with its bad bytes escaped,
 * and without PINs: see docs/json.md, "Strings". Where there is no memory the run ends.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

/** Adds a member to @object. Takes @value; NULL becomes null. */
void cli_json_add(json_object *object, const char *key, json_object *value);

/** A JSON string of bytes from outside, null for NULL: see docs/json.md, "Strings". */
json_object *cli_json_text(const char *text);

/** A JSON string of the path of a file that was found or opened: all of it. */
json_object *cli_json_path(const char *path);

/**
 * A JSON string of a word that was given for a path and may be none: a path where there is
 * such a file, else a text, which may be a misplaced URI.
 */
json_object *cli_json_operand(const char *word);

/** A JSON array of texts; an empty one where there are none. */
json_object *cli_json_texts(char *const *texts, size_t n);

/**
 * A JSON string of a key: a path, or a pkcs11: URI, which has escapes of its own and
 * keeps them as they are. Null for NULL.
 */
json_object *cli_json_key(const char *key);

/** A JSON boolean, null where @known is false. */
json_object *cli_json_bool(bool known, bool value);

/** @len bytes as lower case hex. */
json_object *cli_json_hex(const uint8_t *data, size_t len);

/** As cli_json_hex(), as text: with @colons upper case and with colons between. To free(). */
char *cli_hex(const uint8_t *data, size_t len, bool colons);

#endif
