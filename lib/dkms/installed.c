/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading what DKMS is configured to do, and which DKMS it is. */

#include "../../cli/dkms/dkms.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "../../cli/cleanup.h"

enum { MOST_FILE = 1 << 20 };

/* A file's lines, one after the other; none where it cannot be read. */
struct lines {
	char *text;
	char *next;
};

static int open_lines(struct ms_ctx *ctx, const char *path, struct lines *ret)
{
	int r = ms_text_load(ctx, path, MOST_FILE, &ret->text, NULL);

	ret->next = ret->text;
	return r;
}

static void close_lines(struct lines *lines)
{
	free(lines->text);
}

#define _cleanup_lines_ _cleanup_(close_lines)

/* NULL: there are no more. */
static const char *next_line(struct lines *lines)
{
	char *line = lines->next, *end = line ? strchr(line, '\n') : NULL;

	lines->next = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

/* In the order of the settings' members. */
static const char *const names[] = {"sign_file",	"mok_signing_key",
				    "mok_certificate",	"modseal_store",
				    "modseal_pin_file", "modseal_certificate"};

static char **member(struct dkms_settings *settings, size_t i)
{
	char **members[] = {&settings->sign_file, &settings->key,      &settings->cert,
			    &settings->store,	  &settings->pin_file, &settings->pinned};

	return members[i];
}

void dkms_settings_done(struct dkms_settings *settings)
{
	for (size_t i = 0; i < CLI_ARRAY_SIZE(names); i++)
		free(*member(settings, i));
	memset(settings, 0, sizeof(*settings));
}

/*
 * The assignment's value, unquoted, to free(); NULL: the shell would have to compute it.
 */
static char *plain_value(const char *text)
{
	char quote = *text == '"' || *text == '\'' ? *text : 0;
	const char *start = quote ? text + 1 : text;
	size_t len = quote ? strcspn(start, quote == '"' ? "\"" : "'")
			   : strcspn(start, " \t\r\n;#");

	if (quote && start[len] != quote)
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (quote != '\'' && strchr("$`\\\"'", start[i]))
			return NULL;
	return len ? cli_check(strndup(start, len)) : NULL;
}

/* The setting that @line assigns, or -1; *@ret_value: what follows the '='. */
static int assigned(const char *line, const char **ret_value)
{
	line += strspn(line, " \t");
	if (strncmp(line, "export ", 7) == 0)
		line += 7;
	for (size_t i = 0; i < CLI_ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(line, names[i], len) == 0 && line[len] == '=') {
			*ret_value = line + len + 1;
			return (int)i;
		}
	}
	return -1;
}

static int read_file(struct cli *cli, const char *path, struct dkms_settings *settings)
{
	_cleanup_lines_ struct lines lines = {0};
	const char *line, *value;
	int r = open_lines(cli->ctx, path, &lines);

	if (r < 0)
		return r == -ENOENT ? CLI_YES : cli_error_ctx(cli);
	while ((line = next_line(&lines))) {
		int i = assigned(line, &value);

		if (i < 0)
			continue;
		free(*member(settings, (size_t)i));
		*member(settings, (size_t)i) = plain_value(value);
	}
	return CLI_YES;
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	/* as the shell's *.conf: not hidden */
	return entry->d_name[0] != '.' && len > 5 &&
	       strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int dkms_settings_read(struct cli *cli, const char *root, struct dkms_settings *ret)
{
	_cleanup_string_ char *first = cli_format("%s" DKMS_FRAMEWORK, root);
	_cleanup_string_ char *dir = cli_format("%s" DKMS_FRAMEWORK_DIR, root);
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_conf, by_bytes);
	int status;

	memset(ret, 0, sizeof(*ret));
	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		return cli_error(cli, "cannot read directory '%s': %s", dir,
				 strerror(errno));
	status = read_file(cli, first, ret);
	for (int i = 0; i < n; i++) {
		_cleanup_string_ char *path =
			cli_format("%s/%s", dir, entries[i]->d_name);

		if (status == CLI_YES)
			status = read_file(cli, path, ret);
		free(entries[i]);
	}
	free(entries);
	if (status != CLI_YES)
		dkms_settings_done(ret);
	return status;
}

static bool assigns_signing(struct ms_ctx *ctx, const char *path)
{
	_cleanup_lines_ struct lines lines = {0};
	const char *line, *value;

	open_lines(ctx, path, &lines);
	while ((line = next_line(&lines)))
		if (assigned(line, &value) >= 0)
			return true;
	return false;
}

void dkms_settings_after_ours(struct ms_ctx *ctx, const char *root,
			      void (*found)(void *userdata, const char *path),
			      void *userdata)
{
	_cleanup_string_ char *dir = cli_format("%s" DKMS_FRAMEWORK_DIR, root);
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_conf, by_bytes);

	for (int i = 0; i < n; i++) {
		_cleanup_string_ char *path =
			cli_format("%s/%s", dir, entries[i]->d_name);

		if (strcmp(entries[i]->d_name, "modseal.conf") > 0 &&
		    assigns_signing(ctx, path))
			found(userdata, path);
		free(entries[i]);
	}
	free(entries);
}

/* A number below 100 at *@at, which is moved behind it and the point that may follow. */
static bool take_number(const char **at, unsigned *ret)
{
	size_t digits = strspn(*at, "0123456789");

	*ret = 0;
	for (size_t i = 0; i < digits; i++)
		*ret = *ret * 10 + (unsigned)((*at)[i] - '0');
	*at += digits;
	*at += **at == '.';
	return digits > 0 && digits <= 2;
}

/* "dkms-3.0.10" in the script's text, where it answers --version or fills in a log */
static unsigned version_in(const char *line, char text[32])
{
	unsigned major, minor, patch;
	const char *at = line;

	while ((at = strstr(at, "dkms-"))) {
		at += 5;
		if (take_number(&at, &major) && take_number(&at, &minor) &&
		    take_number(&at, &patch) && major) {
			snprintf(text, 32, "%u.%u.%u", major, minor, patch);
			return DKMS_VERSION(major, minor, patch);
		}
	}
	return 0;
}

int dkms_version(struct ms_ctx *ctx, const char *root, unsigned *ret, char text[32])
{
	static const char *const places[] = {"/usr/sbin/dkms", "/usr/bin/dkms"};

	*text = '\0';
	*ret = 0;
	for (size_t i = 0; i < CLI_ARRAY_SIZE(places) && !*ret; i++) {
		_cleanup_string_ char *path = cli_format("%s%s", root, places[i]);
		_cleanup_lines_ struct lines lines = {0};
		const char *line;
		int r = open_lines(ctx, path, &lines);

		if (r < 0 && r != -ENOENT && r != -ENOTDIR)
			return r;
		while (!*ret && (line = next_line(&lines)))
			*ret = version_in(line, text);
	}
	return 0;
}

bool dkms_has_hook(struct ms_ctx *ctx, const char *root, const char *module)
{
	_cleanup_string_ char *path = cli_format("%s" DKMS_ETC "/%s.conf", root, module);
	_cleanup_lines_ struct lines lines = {0};
	const char *line;

	open_lines(ctx, path, &lines);
	while ((line = next_line(&lines)))
		if (strstr(line, DKMS_CHECKER))
			return true;
	return false;
}

/* DIR/current/signing_key.pem and DIR/20260131-0930/signing_key.pem */
char *dkms_store_of(const char *key)
{
	_cleanup_string_ char *path = cli_check(strdup(key));
	_cleanup_string_ char *link = NULL;
	char target[2];

	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(path, '/');

		if (!slash || slash == path)
			return NULL;
		*slash = '\0';
	}
	link = cli_format("%s/current", path);
	return readlink(link, target, sizeof(target)) < 0 ? NULL : cli_steal(&path);
}
