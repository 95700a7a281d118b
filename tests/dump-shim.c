/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Takes away, by LD_PRELOAD, what keeps a process from dumping core, for tests of what is
 * in the core then: prctl() and setrlimit() do nothing. What is said of memory is left.
 */

#define EXPORT __attribute__((visibility("default")))

EXPORT int prctl(int option, ...);
EXPORT int setrlimit(int resource, const void *limit);
EXPORT int setrlimit64(int resource, const void *limit);

int prctl(int option, ...)
{
	(void)option;
	return 0;
}

int setrlimit(int resource, const void *limit)
{
	(void)resource;
	(void)limit;
	return 0;
}

int setrlimit64(int resource, const void *limit)
{
	(void)resource;
	(void)limit;
	return 0;
}
