/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Memory for secrets. Each has pages of its own, because what is said of memory to the
 * kernel (MADV_DONTDUMP, mlock) is said of whole pages, and giving them back would say it
 * of a neighbour. Locking fails where RLIMIT_MEMLOCK is spent: then a secret may be
 * swapped out, which is better than that nobody can sign.
 */

#include <modseal/secret.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cleanup.h"

/* The kernel rounds the length up to pages itself. */
void *ms_secret_new(size_t size)
{
	void *pages = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	if (madvise(pages, size ? size : 1, MADV_DONTDUMP) < 0) {
		munmap(pages, size ? size : 1);
		return NULL;
	}
	(void)mlock(pages, size ? size : 1);
	return pages;
}

void *ms_secret_free(void *secret, size_t size)
{
	if (!secret)
		return NULL;
	explicit_bzero(secret, size);
	munmap(secret, size ? size : 1); /* which unlocks, too */
	return NULL;
}

/*
 * The files of /proc/self are root's once the process cannot be dumped, so this comes
 * first. Without /proc it is left at what the other two do.
 */
static int dump_no_memory(void)
{
	_cleanup_fd_ int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return write(fd, "0", 1) == 1 ? 0 : -errno;
}

int ms_forbid_core_dumps(void)
{
	struct rlimit limit;
	int r = dump_no_memory();

	/* the soft limit: a child that is to leave cores can raise it again */
	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		r = -errno;
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_CORE, &limit) < 0)
		r = -errno;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = -errno;
	return r;
}
