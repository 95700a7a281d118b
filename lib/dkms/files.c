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

#include "../../cli/dkms/dkms.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "../../cli/cleanup.h"

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
	_cleanup_fd_ int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
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
	if (!old && errno == ELOOP)
		return DKMS_FILE_EDITED; /* a link: modseal makes and follows none */
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

/* Six characters, as mkstemp() makes them, and as a person may well write them. */
static bool is_random(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	return strlen(text) == 6 && strspn(text, letters) == 6;
}

static bool begins(const char *text, size_t len, const char *with)
{
	size_t most = strlen(with);

	return memcmp(text, with, len < most ? len : most) == 0;
}

/* Does it end before its sum does? Then nobody can have written or copied anything. */
static bool is_cut_off(const char *text, size_t len)
{
	static const char first[] = "# Written by `modseal dkms setup` for DKMS ";
	const char *line = memchr(text, '\n', len);
	size_t left = line ? len - (size_t)(line + 1 - text) : 0;

	return begins(text, len, first) &&
	       (!line || (begins(line + 1, left, SUM_LINE) &&
			  left < strlen(SUM_LINE) + SUM_DIGITS + 1));
}

/*
 * The first versions of modseal wrote PATH.XXXXXX, and a kill left it. It may go where it
 * is this user's file, and empty or cut off. A whole one stays, for it may as well be a
 * copy that somebody has made.
 */
static void clear_one(int dir, const char *name)
{
	_cleanup_fd_ int fd = openat(
		dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char text[256]; /* the two lines are shorter */
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_nlink != 1 ||
	    st.st_size >= (off_t)sizeof(text))
		return;
	n = read(fd, text, sizeof(text));
	if (n >= 0 && n == st.st_size && is_cut_off(text, (size_t)n))
		unlinkat(dir, name, 0);
}

static void clear_old(const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	_cleanup_string_ char *parent = cli_check(strndup(path, (size_t)(base - path)));
	size_t len = strlen(base);
	DIR *dir = opendir(parent);
	const struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (strncmp(d->d_name, base, len) == 0 && d->d_name[len] == '.' &&
		    is_random(d->d_name + len + 1))
			clear_one(dirfd(dir), d->d_name);
	if (dir)
		closedir(dir);
}

int dkms_file_recover(struct cli *cli, const char *path)
{
	_cleanup_string_ char *parent =
		cli_check(strndup(path, (size_t)(strrchr(path, '/') - path) + 1));
	enum ms_recovery how;

	if (access(parent, F_OK) < 0)
		return CLI_YES;
	clear_old(path);
	return ms_files_recover(cli->ctx, parent, &how) < 0 ? cli_error_ctx(cli)
							    : CLI_YES;
}

int dkms_files_write(struct cli *cli, const struct dkms_new_file *files, size_t n)
{
	struct ms_saved_file *saved = cli_check(calloc(n + 1, sizeof(*saved)));
	char **old = cli_check(calloc(n + 1, sizeof(*old)));
	int status = CLI_YES;

	for (size_t i = 0; i < n && status == CLI_YES; i++) {
		if (files[i].keep)
			old[i] = cli_format("%s.old", files[i].path);
		saved[i] = (struct ms_saved_file){
			.size = sizeof(struct ms_saved_file),
			.path = files[i].path,
			.data = files[i].text,
			.len = strlen(files[i].text),
			.mode = 0644,
			.exact = true,
			.keep_as = old[i],
		};
		status = make_parents(cli, files[i].path);
	}
	if (status == CLI_YES && ms_files_save(cli->ctx, saved, n, true) < 0)
		status = cli_error_ctx(cli);
	for (size_t i = 0; i < n; i++)
		free(old[i]);
	free(old);
	free(saved);
	return status;
}
