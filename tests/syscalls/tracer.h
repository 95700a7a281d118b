/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TESTS_TRACER_H
#define MS_TESTS_TRACER_H

/*
 * Inside the tracer:
 *
 *	tracer.c     the command line, and the loop over what happens to the processes
 *	filter.c     a program is started so that the kernel tells of its system calls
 *	calls.c      names of calls, and what they are about
 *	registers.c  a call is left out and gets a result: what differs by architecture
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* As PTRACE_GET_SYSCALL_INFO says it. */
struct call {
	long number;
	uint64_t args[6];
	uint64_t at; /* where the program is */
};

/** The number of a call's name on this machine, or -1. */
long call_number(const char *name);

/** Its name, NULL: unknown. */
const char *call_name(long number);

/**
 * Writes what @call, which process @pid is about to make, is about: " file=/a/b" and the
 * like for each argument that is a path, a directory or an open file.
 */
void call_describe(FILE *out, pid_t pid, const struct call *call);

/** What stopped process @pid is about to do. False: it does no call. */
bool call_read(pid_t pid, struct call *ret);

/** Leaves the call out that @pid is about to make; its result is -@error. */
bool call_skip(pid_t pid, int error);

/**
 * Has brk() fail as the kernel's fails: by leaving the break where it is. When the call
 * is done, call_brk_failed() is to be told what *@ret_asked then was.
 */
bool call_fail_brk(pid_t pid, uint64_t *ret_asked);
bool call_brk_failed(pid_t pid, uint64_t asked);

/**
 * Starts @argv, which is traced from its execve() on: the kernel stops it at every call
 * of @number, or at each where that is -1. Returns its pid; exits where it cannot.
 */
pid_t start_traced(char *const *argv, long number);

void die(const char *what) __attribute__((noreturn));

#endif
