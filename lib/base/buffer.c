/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modseal/secret.h>

#include "checked.h"

/* Secrets are moved by hand: nothing of them stays behind. */
static uint8_t *resize(const struct ms_buf *buf, size_t capacity)
{
	uint8_t *data;

	if (!buf->secret)
		return realloc(buf->data, capacity);
	data = ms_secret_new(capacity);
	if (data && buf->data) {
		memcpy(data, buf->data, buf->len);
		ms_secret_free(buf->data, buf->capacity);
	}
	return data;
}

int ms_buf_reserve(struct ms_buf *buf, size_t more)
{
	size_t need, capacity;
	uint8_t *data;

	if (!ms_add_ok(buf->len, more, &need))
		return -ENOMEM;
	if (need <= buf->capacity && buf->data)
		return 0;
	/* grow by half, so that appending costs amortised constant time and little waste */
	capacity = buf->capacity + buf->capacity / 2;
	if (capacity < need)
		capacity = need;
	if (capacity < 64)
		capacity = 64;
	data = resize(buf, capacity);
	if (!data)
		return -ENOMEM;
	buf->data = data;
	buf->capacity = capacity;
	return 0;
}

int ms_buf_append(struct ms_buf *buf, const void *data, size_t len)
{
	int r = ms_buf_reserve(buf, len);

	if (r < 0)
		return r;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	return 0;
}

int ms_buf_append_str(struct ms_buf *buf, const char *text)
{
	return ms_buf_append(buf, text, strlen(text));
}

int ms_buf_printf(struct ms_buf *buf, const char *format, ...)
{
	va_list args;
	int len, r;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	r = ms_buf_reserve(buf, (size_t)len + 1);
	if (r < 0)
		return r;
	va_start(args, format);
	vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
	return 0;
}

void ms_buf_done(struct ms_buf *buf)
{
	if (buf->secret)
		ms_secret_free(buf->data, buf->capacity);
	else
		free(buf->data);
	*buf = (struct ms_buf){.secret = buf->secret};
}

void ms_buf_wipe(struct ms_buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	ms_buf_done(buf);
}
