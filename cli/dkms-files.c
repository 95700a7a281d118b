/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files that modseal writes for DKMS, and only modseal may replace.
 *
 * The second line of such a file holds a sum of all that follows. Where it fits, every
 * word is modseal's own and may be replaced; where not, somebody has put something in
 * that must not be lost. The sum is against mistakes, not against an attacker, who could
 * write DKMS's configuration anyway: FNV-1a.
 */

#include "dkms.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

#define SUM_LINE "# modseal-sum: "

enum { MOST_TEXT = 1 << 16, SUM_DIGITS = 16 };

static uint64_t sum_of(const char *text)
{
	uint64_t sum = 14695981039346656037u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 1099511628211u;
	return sum;
}

char *dkms_file_text(const char *version, const char *body)
{
	return cli_format("# Written by `modseal dkms setup` for DKMS %s; see "
			  "modseal-dkms(1).\n" SUM_LINE "%016" PRIx64 "\n%s",
			  *version ? version : "of any version", sum_of(body), body);
}

/* Is every word of it modseal's own? */
static bool is_ours(const char *text)
{
	const char *line = strchr(text, '\n');
	char sum[SUM_DIGITS + 1];

	if (!line || strncmp(++line, SUM_LINE, strlen(SUM_LINE)) != 0)
		return false;
	line += strlen(SUM_LINE);
	if (strnlen(line, SUM_DIGITS + 1) <= SUM_DIGITS || line[SUM_DIGITS] != '\n')
		return false;
	snprintf(sum, sizeof(sum), "%016" PRIx64, sum_of(line + SUM_DIGITS + 1));
	return strncmp(line, sum, SUM_DIGITS) == 0;
}

/* The file's text, to free(); NULL with errno where it cannot be read. */
static char *read_text(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	_cleanup_string_ char *text = NULL;
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return NULL;
	text = cli_check(calloc(1, MOST_TEXT + 1));
	while (n > 0 && len < MOST_TEXT) {
		n = read(fd, text + len, MOST_TEXT - len);
		len += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? NULL : cli_steal(&text);
}

enum dkms_file dkms_file_look(struct cli *cli, const char *path, const char *text)
{
	_cleanup_string_ char *old = read_text(path);

	if (!old && errno == ENOENT)
		return DKMS_FILE_NEW;
	if (!old) {
		cli_error(cli, "cannot read '%s': %s", path, strerror(errno));
		return DKMS_FILE_FAILED;
	}
	if (strcmp(old, text) == 0)
		return DKMS_FILE_UNCHANGED;
	return is_ours(old) ? DKMS_FILE_OURS : DKMS_FILE_EDITED;
}

/* Makes the directories on the way to @path. */
static int make_parents(struct cli *cli, const char *path)
{
	_cleanup_string_ char *part = cli_check(strdup(path));

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return cli_error(cli, "cannot make '%s': %s", part,
					 strerror(errno));
		*slash = '/';
	}
	return CLI_YES;
}

/* The new text beside @path, on disk. 0 or -errno; @temporary is gone then. */
static int write_beside(char *temporary, const char *text)
{
	_cleanup_fd_ int fd = mkostemp(temporary, O_CLOEXEC);
	size_t len = strlen(text), done = 0;
	int error = 0;

	if (fd < 0)
		return -errno;
	while (done < len && !error) {
		ssize_t n = write(fd, text + done, len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			error = n == 0 ? EIO : errno;
	}
	if (!error && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		error = errno;
	if (error)
		unlink(temporary);
	return -error;
}

/* Lets the old file have a second name, so that there is a file at @path all the time. */
static int keep_old(struct cli *cli, const char *path)
{
	_cleanup_string_ char *old = cli_format("%s.old", path);

	unlink(old);
	if (link(path, old) < 0)
		return cli_error(cli, "cannot keep '%s' as '%s': %s", path, old,
				 strerror(errno));
	return CLI_YES;
}

int dkms_file_stage(struct cli *cli, const char *path, const char *text, char **ret)
{
	_cleanup_string_ char *temporary = cli_format("%s.XXXXXX", path);
	int r;

	if (make_parents(cli, path) != CLI_YES)
		return CLI_TROUBLE;
	r = write_beside(temporary, text);
	if (r < 0)
		return cli_error(cli, "cannot write '%s': %s", path, strerror(-r));
	*ret = cli_steal(&temporary);
	return CLI_YES;
}

static int sync_directory_of(const char *path)
{
	_cleanup_string_ char *parent = cli_check(strdup(path));
	_cleanup_fd_ int fd = -1;

	*strrchr(parent, '/') = '\0';
	fd = open(*parent ? parent : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int dkms_file_commit(struct cli *cli, const char *path, const char *staged, bool keep)
{
	if (keep && keep_old(cli, path) != CLI_YES)
		return CLI_TROUBLE;
	if (rename(staged, path) < 0)
		return cli_error(cli, "cannot write '%s': %s", path, strerror(errno));
	if (sync_directory_of(path) < 0)
		return cli_error(cli, "cannot sync '%s': %s", path, strerror(errno));
	return CLI_YES;
}
