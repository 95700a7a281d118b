/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Strings in a kernel: the banner, which names the release (init/version.c:linux_banner),
 * and the hashes that are revoked from the start.
 *
 * CONFIG_SYSTEM_BLACKLIST_HASH_LIST is a file of strings, "tbs:HEX" and "bin:HEX", which
 * end up in the kernel as such (certs/blacklist_hashes.c). Each string of that form is
 * taken: at worst something is revoked that is not, and nothing in Linux itself looks so.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "../base/context.h"
#include "../base/text.h"
#include "vmlinux.h"

enum { MAX_RELEASE = 128, MAX_HEX = 128 };

/* As UTS_RELEASE is made: letters, digits and a few marks; begins with a digit. */
static size_t release_length(const char *text, size_t len)
{
	size_t n = 0;

	if (len == 0 || !isdigit((unsigned char)text[0]))
		return 0;
	while (n < len && n < MAX_RELEASE &&
	       (isalnum((unsigned char)text[n]) || (text[n] && strchr(".+-_~", text[n]))))
		n++;
	return n;
}

int ms_kernel_set_release(struct ms_reading *reading, const char *text, size_t len)
{
	size_t n = release_length(text, len);

	if (reading->source->release || n == 0 || n == len || text[n] != ' ')
		return 0;
	reading->source->release = strndup(text, n);
	return reading->source->release ? 0 : ms_fail_nomem(reading->ctx);
}

/* The next place of @word behind *at, which moves past it. NULL: no more. */
static const char *next_place(const uint8_t *data, size_t len, size_t *at,
			      const char *word)
{
	size_t size = strlen(word);
	const uint8_t *place =
		*at < len ? memmem(data + *at, len - *at, word, size) : NULL;

	if (!place)
		return NULL;
	*at = (size_t)(place - data) + size;
	return (const char *)place + size;
}

static int read_banner(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	const char *text;
	size_t at = 0;
	int r = 0;

	while (r == 0 && !reading->source->release &&
	       (text = next_place(data, len, &at, "Linux version ")))
		r = ms_kernel_set_release(reading, text, len - at);
	return r;
}

/* A digest in lower case hex that ends with a NUL; 0: no digest. */
static size_t read_hex(const char *text, size_t len, uint8_t *ret)
{
	size_t n = 0;

	while (n < len && n <= MAX_HEX && isxdigit((unsigned char)text[n]))
		n++;
	if (n == 0 || n == len || n > MAX_HEX || n % 2 || text[n] != '\0' ||
	    ms_hex_decode(text, n, ret, n / 2) < 0)
		return 0;
	return n / 2;
}

static int read_hashes(struct ms_reading *reading, const uint8_t *data, size_t len,
		       const char *word, bool tbs)
{
	const char *text;
	size_t at = 0;
	int r = 0;

	while (r == 0 && (text = next_place(data, len, &at, word))) {
		uint8_t digest[MAX_HEX / 2];
		size_t size = read_hex(text, len - at, digest);

		/* from SHA-1 on; kernels know no shorter digest */
		if (size >= 20)
			r = ms_reading_add_digest(reading, digest, size, tbs);
	}
	return r;
}

enum ms_list_notices ms_kernel_notices(const uint8_t *data, size_t len)
{
	size_t at = 0;

	if (!next_place(data, len, &at, "Loading compiled-in X.509 certificates"))
		return MS_NOTICES_UNKNOWN;
	at = 0;
	return next_place(data, len, &at, "compiled-in revocation X.509 certificates")
		       ? MS_NOTICES_UNKNOWN
		       : MS_NOTICES_NO_REVOCATION;
}

int ms_kernel_read_strings(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	int r = read_banner(reading, data, len);

	r = r < 0 ? r : read_hashes(reading, data, len, "tbs:", true);
	return r < 0 ? r : read_hashes(reading, data, len, "bin:", false);
}
