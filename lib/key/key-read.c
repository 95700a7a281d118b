/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bytes of a key or certificate, from a file or a pipe. */

#include "../files/file.h"
#include "key.h"

enum { MAX_FILE = 1 << 20 };

int ms_key_read_file(struct ms_ctx *ctx, const char *path, struct ms_buf *ret,
		     mode_t *ret_mode)
{
	return ms_file_read_piped(ctx, path, MAX_FILE, ret, ret_mode);
}
