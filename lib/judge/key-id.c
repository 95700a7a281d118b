/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Key identifiers: runs of bytes by which keys are found (asymmetric_type.c of Linux). */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "cert.h"

int ms_key_id_join(struct ms_key_id *id, struct ms_bytes a, struct ms_bytes b)
{
	uint8_t *data;
	size_t len;

	if (!ms_add_ok(a.len, b.len, &len))
		return -ENOMEM;
	data = malloc(len > 0 ? len : 1);
	if (!data)
		return -ENOMEM;
	if (a.len > 0)
		memcpy(data, a.data, a.len);
	if (b.len > 0)
		memcpy(data + a.len, b.data, b.len);
	free(id->data);
	*id = (struct ms_key_id){ data, len };
	return 0;
}

void ms_key_id_done(struct ms_key_id *id)
{
	free(id->data);
	*id = (struct ms_key_id){ NULL, 0 };
}

bool ms_key_id_same(const struct ms_key_id *a, const struct ms_key_id *b)
{
	return a->data && b->data && a->len == b->len &&
	       !memcmp(a->data, b->data, a->len);
}
