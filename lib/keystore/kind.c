/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Kinds of keys as ktype has them: kernel-sign's words. */

#include <string.h>

#include "../base/checked.h"
#include "store.h"

const char *ms_store_kind(const char *type)
{
	static const char *const kinds[][2] = {
		{ "rsa2048", "rsa" },	  { "rsa3072", "rsa" },	    { "rsa4096", "rsa" },
		{ "p256", "ec" },	  { "p384", "ec" },	    { "p521", "ec" },
		{ "mldsa44", "mldsa44" }, { "mldsa65", "mldsa65" }, { "mldsa87", "mldsa87" },
	};

	for (size_t i = 0; type && i < MS_ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i][0], type) == 0)
			return kinds[i][1];
	return NULL;
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
