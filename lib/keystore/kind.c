/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Kinds of keys as ktype has them: kernel-sign's words. */

#include "../judge/key-type.h"
#include "store.h"

const char *ms_store_kind(const char *type)
{
	const struct ms_key_type *found = type ? ms_key_type_by_name(type) : NULL;

	return found && found->signs ? found->ktype : NULL;
}

bool ms_store_same_kind(const char *said, const char *kind)
{
	for (; *said; said++) {
		char c = *said >= 'A' && *said <= 'Z' ? (char)(*said - 'A' + 'a') : *said;

		if (c == '-' || c == '_')
			continue;
		if (c != *kind)
			return false;
		kind++;
	}
	return *kind == '\0';
}
