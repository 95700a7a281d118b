/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Being called as a hook: DKMS's directories, and whom the hook stands before. */

#include "../../cli/names/dkms-hook.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../cli/dkms/dkms.h"
#include "../../cli/cleanup.h"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *dkms_only_arch(const char *kernel)
{
	_cleanup_string_ char *found = NULL;
	DIR *dir = opendir(kernel);
	struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir))) {
		_cleanup_string_ char *path = NULL;

		if (entry->d_name[0] == '.')
			continue;
		path = cli_format("%s/%s/module", kernel, entry->d_name);
		if (!is_directory(path) || n++)
			continue;
		found = cli_steal(&path);
	}
	if (dir)
		closedir(dir);
	return n == 1 ? cli_steal(&found) : NULL;
}

int dkms_find_built(struct cli *cli, const char *release, char **ret)
{
	const char *arch = getenv("arch");
	_cleanup_string_ char *kernel = NULL;
	_cleanup_string_ char *path = NULL;

	if (!release)
		release = getenv("kernelver");
	if (release && *release) {
		kernel = cli_format("../%s", release);
		if (arch && *arch)
			path = cli_format("%s/%s/module", kernel, arch);
		if (!path || !is_directory(path)) {
			free(path);
			path = dkms_only_arch(kernel);
		}
	}
	if (!path)
		return cli_error_text(cli, "cannot tell what DKMS has built",
				      "name the directory with the modules, "
				      "TREE/MODULE/VERSION/KERNEL/ARCH/module");
	*ret = cli_steal(&path);
	return CLI_YES;
}

/* @path without its last @n components, to free(). */
static char *above(const char *path, int n)
{
	char *result = cli_check(strdup(path));

	while (n > 0) {
		char *slash = strrchr(result, '/');

		if (!slash || slash == result)
			break;
		n -= slash[1] != '\0'; /* a slash at the end ends no component */
		*slash = '\0';
	}
	return result;
}

/* Since 3.4 the administrator's own script of that name wins. */
static char *script_directory(struct ms_ctx *ctx, enum dkms_hook hook, const char *built,
			      const char *script)
{
	_cleanup_string_ char *version = above(built, 3);
	_cleanup_string_ char *module = above(built, 4);
	const char *slash = strrchr(module, '/');
	_cleanup_string_ char *ours =
		cli_format(DKMS_ETC "/%s", slash ? slash + 1 : module);
	_cleanup_string_ char *path = cli_format("%s/%s", ours, script);
	unsigned dkms;
	char text[32];

	if (access(path, X_OK) == 0 && dkms_version(ctx, "", &dkms, text) == 0 &&
	    dkms >= DKMS_VERSION(3, 4, 0))
		return cli_steal(&ours);
	return cli_format("%s/%s", version,
			  hook == DKMS_HOOK_PRE_INSTALL ? "source" : "build");
}

__attribute__((noreturn)) static void become(const char *directory,
					     const char *const *words, size_t n)
{
	char **argv = cli_check(calloc(n + 1, sizeof(*argv)));

	for (size_t i = 0; i < n; i++)
		argv[i] = i ? cli_check(strdup(words[i])) : cli_format("./%s", words[i]);
	if (chdir(directory) == 0)
		execv(argv[0], argv);
	fprintf(stderr, "modseal: cannot run the module's own script: %s\n",
		strerror(errno));
	_exit(127);
}

int dkms_run_script(struct cli *cli, enum dkms_hook hook, const char *built,
		    const char *const *words, size_t n)
{
	_cleanup_string_ char *directory =
		script_directory(cli->ctx, hook, built, words[0]);
	_cleanup_string_ char *path = cli_format("%s/%s", directory, words[0]);
	int status;
	pid_t child;

	if (access(path, X_OK) < 0) {
		cli_warn(cli, "the module's own script '%s' is not executable", path);
		return CLI_YES;
	}
	fflush(NULL);
	child = fork();
	if (child == 0)
		become(directory, words, n);
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			child = -1;
	if (child < 0)
		return cli_error(cli, "cannot run '%s': %s", path, strerror(errno));
	if (status == 0)
		return CLI_YES;
	return cli_error(cli, "the module's own script '%s' failed", path);
}
