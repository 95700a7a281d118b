/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Leaving calls out. In a stop of seccomp's the kernel heeds what the tracer sets: the
 * number -1 is no call, and what is in the result's register then is the result. */

#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "tracer.h"

bool call_read(pid_t pid, struct call *ret)
{
	struct __ptrace_syscall_info info;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0)
		return false;
	/* entry and seccomp begin alike */
	if (info.op != PTRACE_SYSCALL_INFO_SECCOMP &&
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	ret->number = (long)info.entry.nr;
	memcpy(ret->args, info.entry.args, sizeof(ret->args));
	ret->at = info.instruction_pointer;
	return true;
}

#if defined(__x86_64__)

bool call_skip(pid_t pid, int error)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return false;
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)-(long)error;
	return ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0;
}

/* The program may rely on it that a call leaves the register of its argument alone. */
static bool set_first(pid_t pid, uint64_t value, uint64_t *ret_before)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return false;
	*ret_before = regs.rdi;
	regs.rdi = value;
	return ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0;
}

bool call_fail_brk(pid_t pid, uint64_t *ret_asked)
{
	return set_first(pid, 0, ret_asked);
}

bool call_brk_failed(pid_t pid, uint64_t asked)
{
	return set_first(pid, asked, &asked);
}

#elif defined(__aarch64__)

static bool set_first(pid_t pid, uint64_t value)
{
	struct user_regs_struct regs;
	struct iovec all = {&regs, sizeof(regs)};

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &all) < 0)
		return false;
	regs.regs[0] = value; /* the first argument, and the result */
	return ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &all) == 0;
}

bool call_skip(pid_t pid, int error)
{
	int none = -1;
	struct iovec number = {&none, sizeof(none)};

	return ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &number) == 0 &&
	       set_first(pid, (uint64_t) - (int64_t)error);
}

bool call_fail_brk(pid_t pid, uint64_t *ret_asked)
{
	*ret_asked = 0;
	return set_first(pid, 0);
}

bool call_brk_failed(pid_t pid, uint64_t asked)
{
	(void)pid; /* the result is where the argument was */
	(void)asked;
	return true;
}

#else
/* cppcheck-suppress preprocessorErrorDirective */
#error "the registers of this architecture are not known"
#endif
