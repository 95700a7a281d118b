/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files that modseal writes for DKMS, and only modseal may replace.
 *
 * The second line of such a file holds a sum of all that follows. Where it fits, every
 * word is modseal's own and may be replaced; where not, somebody has put something in
 * that must not be lost. The sum is against mistakes, not against an attacker, who could
 * write DKMS's configuration anyway: FNV-1a.
 *
 * All files of a run take their places, or none (ms_files_save()). Nobody has named their
 * paths but modseal: a link there is somebody else's, and is replaced by force only.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "plan.h"

enum { MOST_TEXT = 1 << 16 };

static uint64_t sum_of(const char *text)
{
	uint64_t sum = 14695981039346656037u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 1099511628211u;
	return sum;
}

char *ms_dkms_file_text(const char *version, const char *body)
{
	return ms_format("# Written by `modseal dkms setup` for DKMS %s; see "
			  "modseal-dkms(1).\n" MS_DKMS_SUM_LINE "%016" PRIx64 "\n%s",
			  version ? version : "of any version", sum_of(body), body);
}

bool ms_dkms_is_ours(const char *text)
{
	const char *line = strchr(text, '\n');
	char sum[MS_DKMS_SUM_DIGITS + 1];

	if (!line || strncmp(++line, MS_DKMS_SUM_LINE, strlen(MS_DKMS_SUM_LINE)) != 0)
		return false;
	line += strlen(MS_DKMS_SUM_LINE);
	if (strnlen(line, MS_DKMS_SUM_DIGITS + 1) <= MS_DKMS_SUM_DIGITS || line[MS_DKMS_SUM_DIGITS] != '\n')
		return false;
	snprintf(sum, sizeof(sum), "%016" PRIx64, sum_of(line + MS_DKMS_SUM_DIGITS + 1));
	return strncmp(line, sum, MS_DKMS_SUM_DIGITS) == 0;
}

/* The file's text, to free(). */
static int read_text(struct ms_ctx *ctx, const char *path, char **ret)
{
	_cleanup_fd_ int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	_cleanup_free_ char *text = fd < 0 ? NULL : calloc(1, MOST_TEXT + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	if (!text)
		return ms_fail_nomem(ctx);
	while (n > 0 && len < MOST_TEXT) {
		n = read(fd, text + len, MOST_TEXT - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return -errno;
	*ret = ms_steal(&text);
	return 0;
}

static int compare(struct ms_ctx *ctx, struct ms_dkms_target *target)
{
	_cleanup_free_ char *old = NULL;
	int r = read_text(ctx, target->path, &old);

	if (r == -ENOENT)
		target->state = MS_DKMS_FILE_NEW;
	else if (r == -ELOOP)
		target->state = MS_DKMS_FILE_EDITED; /* a link: modseal makes none */
	else if (r < 0)
		return ms_fail_errno(ctx, r, "cannot read '%s'", target->path);
	else if (old && strcmp(old, target->text) == 0)
		target->state = MS_DKMS_FILE_UNCHANGED;
	else
		target->state = old && ms_dkms_is_ours(old) ? MS_DKMS_FILE_OURS
							    : MS_DKMS_FILE_EDITED;
	return 0;
}

/* Ends what a killed run has left beside @path. */
static int recover(struct ms_ctx *ctx, const char *path)
{
	_cleanup_free_ char *parent =
		strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
	enum ms_recovery how;
	int r;

	if (!parent)
		return ms_fail_nomem(ctx);
	if (access(parent, F_OK) < 0)
		return 0;
	r = ms_dkms_clear_old(ctx, path);
	return r < 0 ? r : ms_files_recover(ctx, parent, &how);
}

int ms_dkms_plan_look(struct ms_ctx *ctx, struct ms_dkms_plan *plan, size_t i,
		      enum ms_dkms_file *ret)
{
	int r;

	if (i >= plan->n_targets)
		return ms_fail(ctx, -EINVAL, "there is no file %zu", i);
	plan->targets[i].state = MS_DKMS_FILE_UNDECIDED;
	r = recover(ctx, plan->targets[i].path);
	if (r == 0)
		r = compare(ctx, &plan->targets[i]);
	if (r == 0)
		*ret = plan->targets[i].state;
	return r;
}

/* Makes the directories on the way to @path. */
static int make_parents(struct ms_ctx *ctx, const char *path)
{
	_cleanup_free_ char *part = strdup(path);

	if (!part)
		return ms_fail_nomem(ctx);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return ms_fail_errno(ctx, -errno, "cannot make '%s'", part);
		*slash = '/';
	}
	return 0;
}

static int prepare(struct ms_ctx *ctx, const struct ms_dkms_target *target,
		   struct ms_saved_file *ret, char **ret_old)
{
	*ret_old = NULL;
	if (target->state == MS_DKMS_FILE_UNDECIDED)
		return ms_fail(ctx, -EINVAL, "'%s' has not been looked at", target->path);
	if (target->state == MS_DKMS_FILE_EDITED) {
		*ret_old = ms_format("%s.old", target->path);
		if (!*ret_old)
			return ms_fail_nomem(ctx);
	}
	*ret = (struct ms_saved_file){
		.size = sizeof(*ret),
		.path = target->path,
		.data = target->text,
		.len = strlen(target->text),
		.mode = 0644,
		.exact = true,
		.keep_as = *ret_old,
	};
	return make_parents(ctx, target->path);
}

int ms_dkms_plan_write(struct ms_ctx *ctx, const struct ms_dkms_plan *plan)
{
	_cleanup_free_ struct ms_saved_file *saved =
		calloc(plan->n_targets + 1, sizeof(*saved));
	char **old = calloc(plan->n_targets + 1, sizeof(*old));
	size_t n = 0;
	int r = saved && old ? 0 : ms_fail_nomem(ctx);

	for (size_t i = 0; i < plan->n_targets && r == 0; i++) {
		if (plan->targets[i].state == MS_DKMS_FILE_UNCHANGED)
			continue;
		r = prepare(ctx, &plan->targets[i], &saved[n], &old[n]);
		n++;
	}
	if (r == 0)
		r = ms_files_save(ctx, saved, n, true);
	for (size_t i = 0; i < n; i++)
		free(old[i]);
	free(old);
	return r;
}
