/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_BUFFER_H
#define MS_BASE_BUFFER_H

/*
 * A growable run of bytes. A zeroed struct is an empty buffer. It keeps its memory
 * when it is emptied, so that a worker can use one buffer for thousands of modules
 * without asking the kernel for fresh pages each time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_buf {
	uint8_t *data; /* of a secret: never to be stolen, it is not malloc()'s */
	size_t len;
	size_t capacity;
	bool secret; /* set while it is empty: its memory is ms_secret_new()'s */
};

/** Makes room for @more bytes behind len. 0 or -ENOMEM, the buffer as it was. */
int ms_buf_reserve(struct ms_buf *buf, size_t more);

/** Appends @len bytes of @data, which must not lie in @buf. 0 or -ENOMEM. */
int ms_buf_append(struct ms_buf *buf, const void *data, size_t len);

/** Appends a string without its NUL. 0 or -ENOMEM. */
int ms_buf_append_str(struct ms_buf *buf, const char *text);

/** Appends formatted text. 0 or -ENOMEM. */
__attribute__((format(printf, 2, 3))) int ms_buf_printf(struct ms_buf *buf,
							const char *format, ...);

/** Empties the buffer and keeps its memory. */
static inline void ms_buf_clear(struct ms_buf *buf)
{
	buf->len = 0;
}

/** Frees the buffer's memory; it is empty then. */
void ms_buf_done(struct ms_buf *buf);

/** Wipes what the buffer holds, then frees it. A secret buffer is wiped by either. */
void ms_buf_wipe(struct ms_buf *buf);

#endif
