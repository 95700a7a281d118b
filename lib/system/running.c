/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading /proc and /sys. */

#include "running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../base/context.h"
#include "kernels.h"

/* Without a message. */
static int read_release(struct ms_ctx *ctx, const struct ms_system *system, char **ret)
{
	_cleanup_free_ char *release = NULL;
	struct utsname name;
	int r = 0;

	if (*ms_system_root(system))
		r = ms_system_line(ctx, system, MS_SYSTEM_OSRELEASE, &release);
	else if (uname(&name) < 0)
		r = -errno;
	else if (!(release = strdup(name.release)))
		r = -ENOMEM;
	if (r < 0)
		return r;
	if (!ms_is_release(release))
		return -EBADMSG;
	*ret = ms_steal(&release);
	return 0;
}

int ms_system_running(struct ms_ctx *ctx, const struct ms_system *system, char **ret_release)
{
	int r = read_release(ctx, system, ret_release);

	return r < 0 ? ms_fail_errno(ctx, r, "cannot ask for the release of the kernel that "
					     "runs in '%s/'",
				     ms_system_root(system))
		     : 0;
}

bool ms_system_is_running(struct ms_ctx *ctx, const struct ms_system *system,
			  const char *release)
{
	_cleanup_free_ char *running = NULL;

	return read_release(ctx, system, &running) == 0 && strcmp(running, release) == 0;
}

int ms_system_taint(struct ms_ctx *ctx, const struct ms_system *system, unsigned long *ret)
{
	_cleanup_free_ char *text = NULL;
	unsigned long taint;
	char *end;
	int r = ms_system_line(ctx, system, MS_SYSTEM_TAINTED, &text);

	if (r < 0)
		return r;
	errno = 0;
	taint = strtoul(text, &end, 10);
	if (!*text || *end || errno)
		return -EBADMSG;
	*ret = taint;
	return 0;
}

int ms_system_loads_modules(struct ms_ctx *ctx, const struct ms_system *system)
{
	if (ms_system_exists(ctx, system, "/proc/modules"))
		return 0;
	return ms_system_exists(ctx, system, MS_SYSTEM_OSRELEASE) ? -ENOSYS : -ENOENT;
}

/* The parameter is there in every kernel that has CONFIG_MODULE_SIG. */
int ms_system_sig_enforce(struct ms_ctx *ctx, const struct ms_system *system, bool *ret)
{
	_cleanup_free_ char *text = NULL;
	int r = ms_system_line(ctx, system, MS_SYSTEM_SIG_ENFORCE, &text);

	if (r == -ENOENT && ms_system_exists(ctx, system, "/sys/module/module"))
		return -ENOSYS;
	if (r < 0)
		return r;
	if (strcmp(text, "Y") != 0 && strcmp(text, "N") != 0)
		return -EBADMSG;
	*ret = text[0] == 'Y';
	return 0;
}

/* "none [integrity] confidentiality": the word in brackets. -EBADMSG: there is none. */
static int chosen(const char *text, char **ret)
{
	const char *open = strchr(text, '[');
	const char *end = open ? strchr(open, ']') : NULL;

	if (!end)
		return -EBADMSG;
	*ret = strndup(open + 1, (size_t)(end - open - 1));
	return *ret ? 0 : -ENOMEM;
}

int ms_system_lockdown(struct ms_ctx *ctx, const struct ms_system *system, char **ret)
{
	_cleanup_free_ char *text = NULL;
	int r = ms_system_line(ctx, system, MS_SYSTEM_LOCKDOWN, &text);

	if (r == -ENOENT && ms_system_exists(ctx, system, MS_SYSTEM_SECURITYFS "/lsm"))
		return -ENOSYS;
	return r < 0 ? r : chosen(text, ret);
}

int ms_system_proc_keys(struct ms_ctx *ctx, const struct ms_system *system, char **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	int r = ms_system_read(ctx, system, MS_SYSTEM_PROC_KEYS, &file);

	r = r < 0 ? r : ms_buf_append(&file, "", 1);
	if (r < 0)
		return r;
	*ret = strdup((const char *)file.data);
	return *ret ? 0 : -ENOMEM;
}

/*
 * A line of it (security/keys/proc.c):
 *
 *	280e8c7f I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 2
 */
char *ms_proc_keys_count(const char *text, const char *name)
{
	for (const char *p = text; p && *p; p = strchr(p, '\n')) {
		const char *ring, *end;

		p += *p == '\n';
		end = p + strcspn(p, "\n");
		ring = strstr(p, " keyring ");
		if (!ring || ring >= end)
			continue;
		ring += strlen(" keyring ");
		ring += strspn(ring, " ");
		if (strncmp(ring, name, strlen(name)) != 0 || ring[strlen(name)] != ':')
			continue;
		ring += strlen(name) + 1;
		ring += strspn(ring, " ");
		return strndup(ring, strcspn(ring, "\n"));
	}
	return NULL;
}
