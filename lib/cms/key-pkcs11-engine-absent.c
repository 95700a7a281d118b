/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* OpenSSL without engines: this way to a token is never there. */

#include "key-pkcs11.h"

static bool is_there(void)
{
	return false;
}

const struct ms_pkcs11_way ms_pkcs11_engine = { .is_there = is_there };
