/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A PKCS#11 module that stands before another one, for tests. It writes a line for each
 * login into a file and can play a token that is locked:
 *
 *	TOKEN_SHIM_MODULE  the module behind it
 *	TOKEN_SHIM_LOG     "login PIN-LENGTH -> RESULT" is appended here
 *	TOKEN_SHIM_RESULT  what a login returns, without one being tried: 0xa4 is locked
 *	TOKEN_SHIM_FLAGS   are added to the flags that the token says it has
 *	TOKEN_SHIM_REFUSES "create": what makes objects fails; the token is full
 *
 * Of PKCS#11's interface only the list of functions is needed: a version of two bytes,
 * then pointers, in the order of PKCS#11 v2.40, 5.1. Of struct CK_TOKEN_INFO, only where
 * its flags are: behind four texts.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FUNCTIONS = 68,
	C_GET_TOKEN_INFO = 6,
	C_LOGIN = 18,
	C_CREATE_OBJECT = 20,
	GENERAL_ERROR = 5,
	DEVICE_MEMORY = 0x31,
	FLAGS_OFFSET = 32 + 32 + 16 + 16,
};

typedef void (*function)(void);
typedef unsigned long (*login_function)(unsigned long session, unsigned long user,
					const unsigned char *pin, unsigned long len);

struct function_list {
	unsigned char version[2];
	function functions[FUNCTIONS];
};

typedef unsigned long (*get_function_list)(struct function_list **ret);

typedef unsigned long (*token_info_function)(unsigned long slot, unsigned char *info);
typedef unsigned long (*create_function)(unsigned long session, void *attributes,
					 unsigned long n, unsigned long *object);

static struct function_list list;
static login_function real_login;
static token_info_function real_token_info;
static create_function real_create;

static unsigned long token_info(unsigned long slot, unsigned char *info)
{
	const char *more = getenv("TOKEN_SHIM_FLAGS");
	unsigned long rv = real_token_info(slot, info);
	unsigned long flags;

	if (rv == 0 && more) {
		memcpy(&flags, info + FLAGS_OFFSET, sizeof(flags));
		flags |= strtoul(more, NULL, 0);
		memcpy(info + FLAGS_OFFSET, &flags, sizeof(flags));
	}
	return rv;
}

static unsigned long create(unsigned long session, void *attributes, unsigned long n,
			    unsigned long *object)
{
	const char *refused = getenv("TOKEN_SHIM_REFUSES");

	if (refused && strcmp(refused, "create") == 0)
		return DEVICE_MEMORY;
	return real_create(session, attributes, n, object);
}

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
	real_token_info = (token_info_function)list.functions[C_GET_TOKEN_INFO];
	list.functions[C_GET_TOKEN_INFO] = (function)token_info;
	real_create = (create_function)list.functions[C_CREATE_OBJECT];
	list.functions[C_CREATE_OBJECT] = (function)create;
	*ret = &list;
	return 0;
}
