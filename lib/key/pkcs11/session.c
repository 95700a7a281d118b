/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A session by PKCS#11's own interface (v2.40).
 *
 * What always holds: the PIN is tried once, and not at all where the token says that it
 * is locked; it is wiped as soon as it was tried; exactly one token is meant, or none is
 * touched.
 */

#include "session.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "../../base/checked.h"
#include "../../base/context.h"

/* What libp11's engine takes where nobody names a module, too. */
#define DEFAULT_MODULE "p11-kit-proxy.so"

enum { MAX_SLOTS = 4096 };

char *ms_token_text(const CK_UTF8CHAR *text, size_t size)
{
	while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\0'))
		size--;
	return strndup((const char *)text, size);
}

static const struct {
	CK_RV rv;
	int error;
	const char *text;
} failures[] = {
	{ CKR_HOST_MEMORY, -ENOMEM, "out of memory" },
	{ CKR_DEVICE_MEMORY, -ENOSPC, "the token is full" },
	{ CKR_DEVICE_REMOVED, -ENXIO, "the token was removed" },
	{ CKR_TOKEN_NOT_PRESENT, -ENXIO, "the token is not there" },
	{ CKR_TOKEN_WRITE_PROTECTED, -EROFS, "the token is write-protected" },
	{ CKR_SESSION_READ_ONLY, -EROFS, "the token is write-protected" },
	{ CKR_MECHANISM_INVALID, -EOPNOTSUPP, "the token cannot do that" },
	{ CKR_FUNCTION_NOT_SUPPORTED, -EOPNOTSUPP, "the token cannot do that" },
	{ CKR_KEY_SIZE_RANGE, -EOPNOTSUPP, "the token has no keys of that size" },
	{ CKR_CURVE_NOT_SUPPORTED, -EOPNOTSUPP, "the token does not know the curve" },
	{ CKR_DOMAIN_PARAMS_INVALID, -EOPNOTSUPP, "the token does not know the curve" },
	{ CKR_TEMPLATE_INCONSISTENT, -EIO, "the token does not take the attributes" },
	{ CKR_ATTRIBUTE_VALUE_INVALID, -EIO, "the token does not take the attributes" },
	{ CKR_USER_NOT_LOGGED_IN, -EKEYREJECTED, "the token wants a login" },
};

int ms_session_fail(struct ms_ctx *ctx, const struct ms_session *session, CK_RV rv,
		    const char *what)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(failures); i++)
		if (failures[i].rv == rv)
			return ms_fail(ctx, failures[i].error, "%s: cannot %s: %s",
				       session->what, what, failures[i].text);
	return ms_fail(ctx, -EIO, "%s: cannot %s: PKCS#11 error 0x%lx", session->what,
		       what, (unsigned long)rv);
}

static int load(struct ms_ctx *ctx, struct ms_session *session)
{
	const char *name = ms_pkcs11_module(&session->uri);
	CK_C_INITIALIZE_ARGS threads = { .flags = CKF_OS_LOCKING_OK };
	CK_C_GetFunctionList get;
	CK_RV rv;
	int r = ms_pkcs11_open_module(ctx, name ? name : DEFAULT_MODULE,
				      &session->module);

	if (r < 0)
		return name ? r
			    : ms_hint(ctx, r,
				      "name the token's module by $PKCS11_MODULE_PATH or "
				      "module-path= in the URI");
	get = (CK_C_GetFunctionList)dlsym(session->module, "C_GetFunctionList");
	if (!get || get(&session->f) != CKR_OK || !session->f)
		return ms_fail(ctx, -ENXIO, "the PKCS#11 module '%s' does not start",
			       name ? name : DEFAULT_MODULE);
	rv = session->f->C_Initialize(&threads);
	session->finalize = rv == CKR_OK;
	if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return ms_session_fail(ctx, session, rv, "start the PKCS#11 module");
	return 0;
}

/* Is this what the URI says of the token, if it says anything? */
static int text_fits(struct ms_ctx *ctx, const struct ms_session *session,
		     const char *attribute, const CK_UTF8CHAR *text, size_t size,
		     bool *fits)
{
	_cleanup_free_ char *wanted = NULL;
	_cleanup_free_ char *have = ms_token_text(text, size);
	int r = ms_pkcs11_uri_attribute(ctx, &session->uri, attribute, &wanted);

	if (r < 0)
		return r;
	if (!have)
		return ms_fail_nomem(ctx);
	if (wanted && strcmp(wanted, have) != 0)
		*fits = false;
	return 0;
}

static int slot_fits(struct ms_ctx *ctx, const struct ms_session *session,
		     CK_SLOT_ID slot, bool *fits)
{
	_cleanup_free_ char *wanted = NULL;
	char have[32];
	int r = ms_pkcs11_uri_attribute(ctx, &session->uri, "slot-id", &wanted);

	snprintf(have, sizeof(have), "%lu", (unsigned long)slot);
	if (r == 0 && wanted && strcmp(wanted, have) != 0)
		*fits = false;
	return r;
}

static int token_fits(struct ms_ctx *ctx, const struct ms_session *session,
		      CK_SLOT_ID slot, const CK_TOKEN_INFO *info, bool *fits)
{
	int r;

	*fits = info->flags & CKF_TOKEN_INITIALIZED;
	r = text_fits(ctx, session, "token", info->label, sizeof(info->label), fits);
	if (r == 0)
		r = text_fits(ctx, session, "serial", info->serialNumber,
			      sizeof(info->serialNumber), fits);
	if (r == 0)
		r = text_fits(ctx, session, "model", info->model, sizeof(info->model),
			      fits);
	if (r == 0)
		r = text_fits(ctx, session, "manufacturer", info->manufacturerID,
			      sizeof(info->manufacturerID), fits);
	return r < 0 ? r : slot_fits(ctx, session, slot, fits);
}

static int list_slots(struct ms_ctx *ctx, const struct ms_session *session,
		      CK_SLOT_ID **ret, CK_ULONG *ret_n)
{
	CK_ULONG n = 0;
	CK_RV rv = session->f->C_GetSlotList(CK_TRUE, NULL, &n);

	if (rv == CKR_OK && n > 0 && n <= MAX_SLOTS) {
		*ret = calloc(n, sizeof(**ret));
		if (!*ret)
			return ms_fail_nomem(ctx);
		rv = session->f->C_GetSlotList(CK_TRUE, *ret, &n);
	}
	if (rv != CKR_OK || n > MAX_SLOTS)
		return ms_session_fail(ctx, session, rv, "list the tokens");
	*ret_n = n;
	return 0;
}

static int one_token(struct ms_ctx *ctx, const struct ms_session *session, size_t found)
{
	if (found == 1)
		return 0;
	if (found == 0)
		return ms_fail(ctx, -ENXIO, "no token fits '%s'", session->uri.object);
	ms_fail(ctx, -ENXIO, "%zu tokens fit '%s'", found, session->uri.object);
	return ms_hint(ctx, -ENXIO, "say which, by token= or serial= in the URI");
}

static int find_token(struct ms_ctx *ctx, struct ms_session *session)
{
	_cleanup_free_ CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0;
	size_t found = 0;
	int r = list_slots(ctx, session, &slots, &n);

	for (CK_ULONG i = 0; i < n && r == 0; i++) {
		CK_TOKEN_INFO info = { 0 };
		bool fits;

		/* a slot whose token was taken out meanwhile, or is none that we know */
		if (session->f->C_GetTokenInfo(slots[i], &info) != CKR_OK)
			continue;
		r = token_fits(ctx, session, slots[i], &info, &fits);
		if (r < 0 || !fits)
			continue;
		found++;
		session->slot = slots[i];
		session->token = info;
	}
	return r < 0 ? r : one_token(ctx, session, found);
}

static int name_token(struct ms_ctx *ctx, struct ms_session *session)
{
	_cleanup_free_ char *label =
		ms_token_text(session->token.label, sizeof(session->token.label));

	if (!label)
		return ms_fail_nomem(ctx);
	snprintf(session->what, sizeof(session->what), "token '%s'", label);
	return 0;
}

static int open_session(struct ms_ctx *ctx, struct ms_session *session)
{
	CK_RV rv = session->f->C_OpenSession(session->slot,
					     CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
					     NULL, &session->handle);

	if (rv != CKR_OK)
		return ms_session_fail(ctx, session, rv, "open a session");
	session->opened = true;
	return 0;
}

/* A token with a PIN pad of its own asks by itself. */
static int give_pin(struct ms_ctx *ctx, const struct ms_session *session,
		    struct ms_secret *pin)
{
	bool pad = session->token.flags & CKF_PROTECTED_AUTHENTICATION_PATH;
	CK_RV rv;

	if (!pad && ms_secret_ask(pin) < 0)
		return ms_secret_fail(ctx, pin);
	rv = session->f->C_Login(session->handle, CKU_USER,
				 pad ? NULL : (CK_UTF8CHAR *)pin->text,
				 pad ? 0 : pin->len);
	switch (rv) {
	case CKR_OK:
	case CKR_USER_ALREADY_LOGGED_IN:
		return 0;
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_EXPIRED:
	case CKR_PIN_LOCKED:
	case CKR_USER_PIN_NOT_INITIALIZED:
		return ms_pkcs11_pin_fail(ctx, session->what, (int)rv);
	default:
		return ms_session_fail(ctx, session, rv, "log in");
	}
}

static int log_in(struct ms_ctx *ctx, const struct ms_session *session, ms_secret_fn fn,
		  void *userdata)
{
	_cleanup_(ms_secret_done) struct ms_secret pin = {
		.fn = fn,
		.userdata = userdata,
		.name = "PIN",
	};
	const char *given = session->uri.pin;

	if (!(session->token.flags & CKF_LOGIN_REQUIRED))
		return 0;
	if (session->token.flags & CKF_USER_PIN_LOCKED)
		return ms_pkcs11_pin_fail(ctx, session->what, CKR_PIN_LOCKED);
	if (!(session->token.flags & CKF_USER_PIN_INITIALIZED))
		return ms_pkcs11_pin_fail(ctx, session->what,
					  CKR_USER_PIN_NOT_INITIALIZED);
	if (session->token.flags & CKF_USER_PIN_FINAL_TRY)
		ms_warn(ctx, "a wrong PIN now locks %s", session->what);
	snprintf(pin.what, sizeof(pin.what), "%s", session->what);
	if (given && ms_secret_set(&pin, given, strlen(given)) < 0)
		return ms_secret_fail(ctx, &pin);
	return give_pin(ctx, session, &pin);
}

int ms_session_open(struct ms_ctx *ctx, const char *text, ms_secret_fn fn, void *userdata,
		    struct ms_session **ret)
{
	_cleanup_(ms_cleanup_session) struct ms_session *session = calloc(1, sizeof(*session));
	int r;

	if (!session)
		return ms_fail_nomem(ctx);
	snprintf(session->what, sizeof(session->what), "PKCS#11");
	r = ms_pkcs11_uri_parse(ctx, text, &session->uri);
	if (r == 0)
		r = load(ctx, session);
	if (r == 0)
		r = find_token(ctx, session);
	if (r == 0)
		r = name_token(ctx, session);
	if (r == 0 && (session->token.flags & CKF_WRITE_PROTECTED))
		r = ms_session_fail(ctx, session, CKR_TOKEN_WRITE_PROTECTED,
				    "make a key");
	if (r == 0)
		r = open_session(ctx, session);
	if (r == 0)
		r = log_in(ctx, session, fn, userdata);
	if (r < 0)
		return r;
	*ret = ms_steal(&session);
	return 0;
}

struct ms_session *ms_session_free(struct ms_session *session)
{
	if (!session)
		return NULL;
	if (session->opened) {
		session->f->C_Logout(session->handle);
		session->f->C_CloseSession(session->handle);
	}
	if (session->finalize)
		session->f->C_Finalize(NULL);
	if (session->module)
		dlclose(session->module);
	ms_pkcs11_uri_done(&session->uri);
	free(session);
	return NULL;
}
