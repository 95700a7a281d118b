/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Being called as a hook of DKMS's: whom it stands before, and who waits for it. */

#include "dkms-hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "../cleanup.h"

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

int cli_dkms_run_script(struct cli *cli, enum ms_dkms_hook hook, const char *built,
			const char *const *words, size_t n)
{
	_cleanup_string_ char *directory = NULL;
	_cleanup_string_ char *path = NULL;
	int status;
	pid_t child;

	if (ms_dkms_script_directory(cli->ctx, hook, built, words[0], &directory) < 0)
		return cli_error_ctx(cli);
	path = cli_format("%s/%s", directory, words[0]);
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

/*
 * DKMS before 3.2 does not look at what a hook returns. Its own subshell for this one
 * module waits for the hook, and ending that fails the action without another module's
 * being touched.
 */
bool cli_dkms_end_parent(void)
{
	pid_t parent = getppid();
	_cleanup_string_ char *path = cli_format("/proc/%d/comm", (int)parent);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char name[16];

	if (fd < 0 || read(fd, name, sizeof(name)) != 5 || memcmp(name, "dkms\n", 5) != 0)
		return false;
	return getppid() == parent && kill(parent, SIGTERM) == 0;
}
