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

int cli_dkms_settings(struct cli *cli, const struct ms_system *system, const char *release,
		      struct ms_dkms_settings **ret)
{
	if (ms_dkms_settings_read(cli->ctx, system, release, ret) < 0 ||
	    ms_dkms_settings_complete(cli->ctx, *ret) < 0)
		return cli_error_ctx(cli);
	return CLI_YES;
}

int cli_dkms_error(struct cli *cli, enum ms_dkms_fault fault)
{
	static const char *const hints[] = {
		[MS_DKMS_FAULT_PIN] =
			"put the PIN into a file, and name that: --pin-file FILE, or "
			"pin-source=FILE in the URI in pin-value's place",
		[MS_DKMS_FAULT_NO_FILE] =
			"'modseal key new' makes a key and its certificate",
		[MS_DKMS_FAULT_NO_PROGRAMS] =
			"'meson install' or the package puts them there; --libexec names "
			"another directory",
		[MS_DKMS_FAULT_CHANGED] =
			"DKMS makes new ones where key or certificate is not there; put "
			"them back, or say that these are meant: modseal dkms setup -k "
			"KEY -c CERT",
		[MS_DKMS_FAULT_UNKNOWN] =
			"say which are meant: modseal dkms setup -k KEY -c CERT, or "
			"--store DIR",
	};
	const char *hint = (size_t)fault < CLI_ARRAY_SIZE(hints) ? hints[fault] : NULL;

	if (!hint)
		return cli_error_ctx(cli);
	return cli_error_text(cli, ms_ctx_message(cli->ctx), hint);
}
