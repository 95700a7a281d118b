/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_TEXT_H
#define MS_BASE_TEXT_H

/* Bytes as text: formats, hex, base64, percent-encoding. Decoders are strict. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/** sprintf into new memory, to free(); NULL where there is none. */
__attribute__((format(printf, 1, 2))) char *ms_format(const char *format, ...);

/** Appends @len bytes as lower case hex. 0 or -ENOMEM. */
int ms_hex_append(struct ms_buf *buf, const uint8_t *data, size_t len);

/** @len bytes as "4A:01:FF", as kmod and OpenSSL print serials; to free(), or NULL. */
char *ms_hex_colons(const uint8_t *data, size_t len);

/** Decodes exactly 2 × @len lower case hex digits. 0 or -EBADMSG. */
int ms_hex_decode(const char *text, size_t text_len, uint8_t *ret, size_t len);

/** Appends @len bytes as base64 with padding, no line breaks (RFC 4648). 0 or -ENOMEM. */
int ms_base64_append(struct ms_buf *buf, const uint8_t *data, size_t len);

/**
 * Decodes base64 as ms_base64_append() writes it: padding required, no white space,
 * unused bits zero, so that each value has one spelling. Appends to @ret.
 * 0, -EBADMSG or -ENOMEM.
 */
int ms_base64_decode(const char *text, size_t text_len, struct ms_buf *ret);

/**
 * Appends @path with '%' and all bytes outside 0x21 to 0x7e as %XX (upper case), as
 * bundles and journals write paths. 0 or -ENOMEM.
 */
int ms_percent_append(struct ms_buf *buf, const char *path);

/**
 * Undoes ms_percent_append(). @ret: NUL-terminated, to free(). -EBADMSG: a byte that
 * should be encoded and is not, a bad escape, or an encoded NUL. -ENOMEM.
 */
int ms_percent_decode(const char *text, size_t text_len, char **ret);

/**
 * How many of the @len bytes of @text are to be kept where that may be @max at most: not
 * ending in the midst of a character, where it is UTF-8.
 */
size_t ms_text_cut(const char *text, size_t len, size_t max);

/**
 * The length of the character that @text begins with, where a terminal just shows it; 0:
 * it is one that ms_text_escape() escapes, or there is none.
 */
size_t ms_text_shown(const char *text);

/** True where @text ends in @suffix. */
bool ms_ends_with(const char *text, const char *suffix);

#endif
