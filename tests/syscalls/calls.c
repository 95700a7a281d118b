/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names of calls, from the C library's headers, and what those on files are about. */

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracer.h"

static const struct {
	const char *name;
	long number;
} names[] = {
#include "call-names.h"
};

/* The arguments of calls: d a directory for the p behind it, p a path, f an open file,
 * o how it is opened, . something else. */
static const struct {
	const char *name, *arguments;
} shapes[] = {
	{"openat", "dpo"},	{"open", "po"},
	{"openat2", "dp"},	{"creat", "p"},
	{"renameat", "dpdp"},	{"renameat2", "dpdp"},
	{"rename", "pp"},	{"linkat", "dpdp"},
	{"link", "pp"},		{"symlinkat", ".dp"},
	{"symlink", ".p"},	{"unlinkat", "dp"},
	{"unlink", "p"},	{"rmdir", "p"},
	{"mkdirat", "dp"},	{"mkdir", "p"},
	{"mknodat", "dp"},	{"newfstatat", "dp"},
	{"statx", "dp"},	{"stat", "p"},
	{"lstat", "p"},		{"access", "p"},
	{"faccessat", "dp"},	{"faccessat2", "dp"},
	{"readlink", "p"},	{"readlinkat", "dp"},
	{"chmod", "p"},		{"fchmodat", "dp"},
	{"fchmodat2", "dp"},	{"fchownat", "dp"},
	{"chown", "p"},		{"lchown", "p"},
	{"utimensat", "dp"},	{"truncate", "p"},
	{"chdir", "p"},		{"statfs", "p"},
	{"setxattr", "p"},	{"lsetxattr", "p"},
	{"getxattr", "p"},	{"lgetxattr", "p"},
	{"listxattr", "p"},	{"llistxattr", "p"},
	{"execve", "p"},	{"write", "f"},
	{"writev", "f"},	{"pwrite64", "f"},
	{"pwritev", "f"},	{"ftruncate", "f"},
	{"fallocate", "f"},	{"fsync", "f"},
	{"fdatasync", "f"},	{"syncfs", "f"},
	{"fchmod", "f"},	{"fchown", "f"},
	{"fsetxattr", "f"},	{"fremovexattr", "f"},
	{"fgetxattr", "f"},	{"flistxattr", "f"},
	{"read", "f"},		{"pread64", "f"},
	{"fstat", "f"},		{"getdents64", "f"},
	{"close", "f"},		{"flock", "f"},
	{"fcntl", "f"},		{"ioctl", "f"},
	{"lseek", "f"},		{"dup", "f"},
	{"fstatfs", "f"},	{"copy_file_range", "f.f"},
	{"sendfile", "ff"},	{"mmap", "....f"},
	{"fchdir", "f"},	{"ioctl", "f"},
	{"posix_fadvise", "f"}, {"fadvise64", "f"},
};

enum {
	N_NAMES = sizeof(names) / sizeof(names[0]),
	N_SHAPES = sizeof(shapes) / sizeof(shapes[0])
};

long call_number(const char *name)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (!strcmp(names[i].name, name))
			return names[i].number;
	return -1;
}

const char *call_name(long number)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

static const char *shape_of(long number)
{
	const char *name = call_name(number);

	for (size_t i = 0; name && i < N_SHAPES; i++)
		if (!strcmp(shapes[i].name, name))
			return shapes[i].arguments;
	return "";
}

/* Blanks and what would end a line are percent-encoded. */
static void put(FILE *out, const char *text)
{
	for (; *text; text++)
		if (isgraph((unsigned char)*text) && *text != '%')
			fputc(*text, out);
		else
			fprintf(out, "%%%02x", (unsigned char)*text);
}

/* A path in the program's memory; shorter where that ends before it does. */
static void read_path(pid_t pid, uint64_t address, char ret[PATH_MAX])
{
	size_t len = 0;

	while (len < PATH_MAX - 1) {
		size_t page = 4096 - (address + len) % 4096;
		size_t room = PATH_MAX - 1 - len < page ? PATH_MAX - 1 - len : page;
		struct iovec to = {ret + len, room};
		struct iovec from = {(void *)(uintptr_t)(address + len), room};

		if (process_vm_readv(pid, &to, 1, &from, 1, 0) != (ssize_t)room)
			break;
		if (memchr(ret + len, '\0', room))
			return;
		len += room;
	}
	ret[len] = '\0';
}

/* Where the open file @fd of the program is; its working directory. */
static void put_file(FILE *out, pid_t pid, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t len;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	put(out, path);
}

static void put_path(FILE *out, pid_t pid, int dirfd, uint64_t address)
{
	char path[PATH_MAX];

	read_path(pid, address, path);
	fputs(" path=", out);
	if (path[0] != '/') {
		put_file(out, pid, dirfd);
		if (path[0])
			fputc('/', out);
	}
	put(out, path);
}

void call_describe(FILE *out, pid_t pid, const struct call *call)
{
	const char *shape = shape_of(call->number);
	int dirfd = AT_FDCWD;

	for (size_t i = 0; i < 6 && shape[i]; i++) {
		if (shape[i] == 'd')
			dirfd = (int)call->args[i];
		if (shape[i] == 'p')
			put_path(out, pid, dirfd, call->args[i]);
		if (shape[i] == 'o')
			fprintf(out, " flags=0%llo", (unsigned long long)call->args[i]);
		if (shape[i] == 'f' && (int)call->args[i] >= 0) {
			fputs(" file=", out);
			put_file(out, pid, (int)call->args[i]);
		}
	}
}
