/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * By LD_PRELOAD: the digest of number $DIGEST_SHIM_FAILS cannot be had, as where there is no
 * memory for it.
 */

#include <dlfcn.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

typedef int final_fn(void *context, unsigned char *digest, unsigned int *size);

EXPORT final_fn EVP_DigestFinal_ex;

int EVP_DigestFinal_ex(void *context, unsigned char *digest, unsigned int *size)
{
	static _Atomic int count;
	const char *fails = getenv("DIGEST_SHIM_FAILS");
	union {
		void *symbol;
		final_fn *function;
	} real = { .symbol = dlsym(RTLD_NEXT, "EVP_DigestFinal_ex") };

	if (!real.symbol || (fails && ++count == atoi(fails)))
		return 0;
	return real.function(context, digest, size);
}
