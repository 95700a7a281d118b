/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Other programs. They are given their arguments one by one, never by a shell; what they
 * print goes to standard error or is kept, since standard output is for our own results.
 * What they print is kept in memory without a name, so that neither of us waits for the
 * other.
 */

#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cleanup.h"

enum { MAX_OUTPUT = 64 << 10 };

int cli_memory_file(struct cli *cli, const void *data, size_t len)
{
	int fd = memfd_create("modseal", MFD_CLOEXEC);
	const char *p = data;

	while (fd >= 0 && len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0) {
			close(fd);
			fd = -1;
			break;
		}
		p += n;
		len -= (size_t)n;
	}
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		cli_error(cli, "cannot write to memory: %s", strerror(errno));
	return fd;
}

static int redirect(posix_spawn_file_actions_t *actions,
		    const struct cli_program *program, int output)
{
	int to = output >= 0 ? output : STDERR_FILENO;
	int r = 0;

	if (program->input >= 0)
		r = posix_spawn_file_actions_adddup2(actions, program->input,
						     STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, to, STDOUT_FILENO);
	if (r == 0 && output >= 0)
		r = posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
	/* the same number twice: kept open, without CLOEXEC */
	if (r == 0 && program->keep >= 0)
		r = posix_spawn_file_actions_adddup2(actions, program->keep,
						     program->keep);
	return r;
}

/* SIGPIPE is ignored here and must not be there. 0 or an errno value. */
static int start(const struct cli_program *program, int output, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attributes);
	if (r == 0) {
		sigemptyset(&defaults);
		sigaddset(&defaults, SIGPIPE);
		posix_spawnattr_setsigdefault(&attributes, &defaults);
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
		r = redirect(&actions, program, output);
		if (r == 0)
			r = posix_spawnp(ret, program->argv[0], &actions, &attributes,
					 (char *const *)program->argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* NULL where it could not be read: nobody may take that for a program without a word. */
static char *read_output(int fd)
{
	char *text = cli_check(calloc(1, MAX_OUTPUT + 1));
	ssize_t len = pread(fd, text, MAX_OUTPUT, 0);

	if (len < 0) {
		free(text);
		return NULL;
	}
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	return text;
}

static int absent(struct cli *cli, const struct cli_program *program, int error)
{
	_cleanup_string_ char *text =
		error == ENOENT ? cli_format("there is no program '%s'", program->argv[0])
				: cli_format("cannot run '%s': %s", program->argv[0],
					     strerror(error));
	_cleanup_string_ char *hint =
		cli_format("install the package %s", program->package);

	return cli_error_text(cli, text,
			      error == ENOENT && program->package ? hint : NULL);
}

int cli_program_run(struct cli *cli, struct cli_program *program)
{
	_cleanup_fd_ int output = -1;
	pid_t pid;
	int r;

	if (program->capture)
		output = cli_memory_file(cli, NULL, 0);
	if (program->capture && output < 0)
		return CLI_TROUBLE;
	fflush(stdout);
	r = start(program, output, &pid);
	if (r != 0)
		return absent(cli, program, r);
	program->status = wait_for(pid);
	if (program->status < 0)
		return cli_error(cli, "cannot wait for '%s'", program->argv[0]);
	if (program->capture)
		program->output = read_output(output);
	if (program->capture && !program->output)
		return cli_error(cli, "cannot read what '%s' has said: %s",
				 program->argv[0], strerror(errno));
	return CLI_YES;
}
