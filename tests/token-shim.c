/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A PKCS#11 module that stands before another one, for tests. It writes a line for each
 * login into a file and can play a token that is locked:
 *
 *	TOKEN_SHIM_MODULE  the module behind it
 *	TOKEN_SHIM_LOG     "login PIN-LENGTH -> RESULT" is appended here
 *	TOKEN_SHIM_RESULT  what a login returns, without one being tried: 0xa4 is locked
 *
 * Of PKCS#11's interface only the list of functions is needed: a version of two bytes,
 * then pointers, in the order of PKCS#11 v2.40, 5.1; C_Login is the nineteenth of 68.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUNCTIONS = 68, C_LOGIN = 18, GENERAL_ERROR = 5 };

typedef void (*function)(void);
typedef unsigned long (*login_function)(unsigned long session, unsigned long user,
					const unsigned char *pin, unsigned long len);

struct function_list {
	unsigned char version[2];
	function functions[FUNCTIONS];
};

typedef unsigned long (*get_function_list)(struct function_list **ret);

static struct function_list list;
static login_function real_login;

static unsigned long login(unsigned long session, unsigned long user,
			   const unsigned char *pin, unsigned long len)
{
	const char *log = getenv("TOKEN_SHIM_LOG");
	const char *result = getenv("TOKEN_SHIM_RESULT");
	unsigned long rv =
		result ? strtoul(result, NULL, 0) : real_login(session, user, pin, len);
	FILE *file = log ? fopen(log, "a") : NULL;

	if (file) {
		fprintf(file, "login %lu -> %#lx\n", len, rv);
		fclose(file);
	}
	return rv;
}

__attribute__((visibility("default"))) unsigned long
C_GetFunctionList(struct function_list **ret);

unsigned long C_GetFunctionList(struct function_list **ret)
{
	const char *module = getenv("TOKEN_SHIM_MODULE");
	void *handle = module ? dlopen(module, RTLD_NOW | RTLD_LOCAL) : NULL;
	struct function_list *real = NULL;
	get_function_list get = NULL;

	if (handle)
		get = (get_function_list)dlsym(handle, "C_GetFunctionList");
	if (!get || get(&real) != 0)
		return GENERAL_ERROR;
	list = *real;
	real_login = (login_function)list.functions[C_LOGIN];
	list.functions[C_LOGIN] = (function)login;
	*ret = &list;
	return 0;
}
