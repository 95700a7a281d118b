/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a program and lets something happen at one of its system calls.
 *
 * A call is named NAME#N: the Nth call of that name, counted over all threads and
 * children from the start of the program on, its own execve() left out. A program that
 * does the same twice makes the same calls, so a fault that was found can be had again.
 *
 *	--list FILE      writes every call: NAME#N, its thread (1 is the first), "program"
 *			 or "loader" (ld.so makes it) or "child", and which files it is
 *			 about
 *	--at NAME#N      at this call one of:
 *	  --kill         kill everything before it is done
 *	  --kill-after   kill everything when it is done and before the program goes on
 *	  --error E      leave it out; the program is told that it failed with E
 *	  --stuck E      and so every later call of that name
 *	  --run COMMAND  stop there, have the shell do COMMAND ($TRACED is the process),
 *			 go on
 *	--report FILE    afterwards: "hit 0|1" (did it come there?), "exit N" or
 *			 "signal N"
 *
 * Its own status is the program's, or 128 and the signal that ended it; 125: trouble.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer.h"

enum { TROUBLE = 125, THREADS = 1024, NUMBERS = 1024 };
enum action { NOTHING, KILL, KILL_AFTER, FAIL, STUCK, RUN };

static struct {
	FILE *list;
	const char *report, *command;
	enum action action;
	int error;
	long number; /* of the call at which it happens */
	unsigned long nth;
	bool started, hit, killed;
	pid_t main;
	int status; /* of the program's end */
	pid_t threads[THREADS];
	size_t n_threads;
	unsigned long counts[NUMBERS];
	uint64_t loader, loader_end; /* where ld.so is */
	uint64_t brk;		     /* what was asked for */
} tracer = {.number = -1};

static const struct {
	const char *name;
	int number;
} errors[] = {
	{"EIO", EIO},	    {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE}, {"ENOMEM", ENOMEM},
	{"EROFS", EROFS},   {"EACCES", EACCES}, {"EPERM", EPERM},   {"ENFILE", ENFILE},
	{"EDQUOT", EDQUOT}, {"EBUSY", EBUSY},	{"ENOENT", ENOENT}, {"EINTR", EINTR},
	{"EAGAIN", EAGAIN}, {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL}, {"EEXIST", EEXIST},
	{"ELOOP", ELOOP},   {"EXDEV", EXDEV},
};

void die(const char *what)
{
	fprintf(stderr, "tracer: %s: %s\n", what, strerror(errno));
	exit(TROUBLE);
}

static int error_of(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	errno = EINVAL;
	die(name);
}

/* Its place among those that were seen; the first thread is 1. */
static size_t thread_index(pid_t pid)
{
	for (size_t i = 0; i < tracer.n_threads; i++)
		if (tracer.threads[i] == pid)
			return i + 1;
	if (tracer.n_threads < THREADS)
		tracer.threads[tracer.n_threads++] = pid;
	return tracer.n_threads;
}

/* SIGKILL reaches every thread of a process, whatever it is doing. */
static void kill_all(void)
{
	tracer.killed = true;
	for (size_t i = 0; i < tracer.n_threads; i++)
		if (tracer.threads[i] > 0)
			kill(tracer.threads[i], SIGKILL);
}

/* Its number may be another process's by now. */
static void forget(pid_t pid)
{
	tracer.threads[thread_index(pid) - 1] = 0;
}

/* At its start the program consists of itself and ld.so. */
static void find_loader(pid_t pid)
{
	char path[64], line[512], *end;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "/ld-"))
			continue;
		if (!tracer.loader)
			tracer.loader = strtoull(line, NULL, 16);
		end = strchr(line, '-');
		tracer.loader_end = end ? strtoull(end + 1, NULL, 16) : tracer.loader;
	}
	if (maps)
		fclose(maps);
}

static const char *who(pid_t pid, const struct call *call)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", tracer.main, pid);
	if (access(path, F_OK) != 0)
		return "child";
	return call->at >= tracer.loader && call->at < tracer.loader_end ? "loader"
									 : "program";
}

static void list_call(pid_t pid, const struct call *call, unsigned long nth)
{
	const char *name = call_name(call->number);

	if (name)
		fprintf(tracer.list, "%s#%lu", name, nth);
	else
		fprintf(tracer.list, "%ld#%lu", call->number, nth);
	fprintf(tracer.list, " %zu %s", thread_index(pid), who(pid, call));
	call_describe(tracer.list, pid, call);
	fputc('\n', tracer.list);
}

static void run_command(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	setenv("TRACED", text, 1);
	if (system(tracer.command) != 0) {
		kill_all();
		errno = ECANCELED;
		die(tracer.command);
	}
}

/* The request by which the program goes on then. */
static int fail(pid_t pid, const struct call *call)
{
	bool is_brk = call->number == call_number("brk");
	bool done =
		is_brk ? call_fail_brk(pid, &tracer.brk) : call_skip(pid, tracer.error);

	if (!done)
		die("cannot change a system call");
	return is_brk ? PTRACE_SYSCALL : PTRACE_CONT;
}

/*
 * What happens at a call; the request by which the program goes on then, 0: not at all.
 */
static int act(pid_t pid, const struct call *call)
{
	tracer.hit = true;
	switch (tracer.action) {
	case KILL:
		kill_all();
		return 0;
	case KILL_AFTER:
		return PTRACE_SYSCALL;
	case FAIL:
	case STUCK:
		return fail(pid, call);
	case RUN:
		run_command(pid);
		return PTRACE_CONT;
	case NOTHING:
		break;
	}
	return PTRACE_CONT;
}

/* The end of a call, which is waited for by PTRACE_SYSCALL only. */
static void on_done(pid_t pid)
{
	if (tracer.action == KILL_AFTER)
		kill_all();
	else if (!call_brk_failed(pid, tracer.brk))
		die("cannot change a system call");
}

static int on_call(pid_t pid)
{
	unsigned long nth;
	struct call call;

	if (!tracer.started || !call_read(pid, &call))
		return PTRACE_CONT;
	nth = call.number >= 0 && call.number < NUMBERS ? ++tracer.counts[call.number]
							: 0;
	if (tracer.list)
		list_call(pid, &call, nth);
	if (call.number != tracer.number ||
	    (nth != tracer.nth && !(tracer.action == STUCK && nth > tracer.nth)))
		return PTRACE_CONT;
	return act(pid, &call);
}

static int on_event(pid_t pid, int status)
{
	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP:
		return on_call(pid);
	case PTRACE_EVENT_EXEC:
		if (pid == tracer.main && !tracer.started) {
			tracer.started = true;
			find_loader(pid);
		}
		return PTRACE_CONT;
	case PTRACE_EVENT_STOP:
		/* stopped by a signal like any other process, or only just born */
		return WSTOPSIG(status) == SIGTRAP ? PTRACE_CONT : PTRACE_LISTEN;
	default:
		return PTRACE_CONT;
	}
}

static void on_stop(pid_t pid, int status)
{
	long signal = 0;
	int go_on = PTRACE_CONT;

	if (status >> 16)
		go_on = on_event(pid, status);
	else if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		on_done(pid);
	else
		signal = WSTOPSIG(status);
	if (go_on && !tracer.killed)
		ptrace(go_on, pid, NULL, (void *)signal);
}

/* Until nothing is left of the program and its children. */
static void trace(void)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return;
		if (!WIFSTOPPED(status)) {
			if (pid == tracer.main)
				tracer.status = status;
			forget(pid);
			continue;
		}
		thread_index(pid);
		if (tracer.killed) /* born in the moment of the kill */
			kill(pid, SIGKILL);
		else
			on_stop(pid, status);
	}
}

static int report(void)
{
	bool exited = WIFEXITED(tracer.status);
	int number = exited ? WEXITSTATUS(tracer.status) : WTERMSIG(tracer.status);
	FILE *file = tracer.report ? fopen(tracer.report, "we") : NULL;

	if (tracer.report && !file)
		die(tracer.report);
	if (file)
		fprintf(file, "hit %d\n%s %d\n", tracer.hit, exited ? "exit" : "signal",
			number);
	if ((file && fclose(file) != 0) || (tracer.list && fclose(tracer.list) != 0))
		die("cannot write");
	return exited ? number : 128 + number;
}

static void parse_call(char *text)
{
	char *mark = strchr(text, '#');

	errno = EINVAL;
	if (!mark)
		die(text);
	*mark = '\0';
	tracer.nth = strtoul(mark + 1, NULL, 10);
	tracer.number = call_number(text);
	if (tracer.number < 0 && text[0] >= '0' && text[0] <= '9')
		tracer.number = strtol(text, NULL, 10);
	if (tracer.number < 0 || tracer.nth == 0)
		die(text);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"list", 1, NULL, 'l'},
		{"at", 1, NULL, 'a'},
		{"kill", 0, NULL, 'k'},
		{"kill-after", 0, NULL, 'K'},
		{"error", 1, NULL, 'e'},
		{"stuck", 1, NULL, 's'},
		{"run", 1, NULL, 'r'},
		{"report", 1, NULL, 'o'},
		{0},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		switch (letter) {
		case 'l':
			tracer.list = fopen(optarg, "we");
			if (!tracer.list)
				die(optarg);
			break;
		case 'a':
			parse_call(optarg);
			break;
		case 'k':
			tracer.action = KILL;
			break;
		case 'K':
			tracer.action = KILL_AFTER;
			break;
		case 'e':
		case 's':
			tracer.action = letter == 'e' ? FAIL : STUCK;
			tracer.error = error_of(optarg);
			break;
		case 'r':
			tracer.action = RUN;
			tracer.command = optarg;
			break;
		case 'o':
			tracer.report = optarg;
			break;
		default:
			exit(TROUBLE);
		}
	}
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	if (optind >= argc || (!tracer.list && (tracer.number < 0 || !tracer.action))) {
		fputs("usage: see the top of tests/syscalls/tracer.c\n", stderr);
		return TROUBLE;
	}
	tracer.main = start_traced(argv + optind, tracer.list ? -1 : tracer.number);
	thread_index(tracer.main);
	trace();
	return report();
}
