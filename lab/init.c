// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * init - the only program of a lab machine: asks the kernel about module files
 *
 * It runs as process 1 from the initramfs, hands each file under /cases to the
 * module system calls that /calls names for it, and reports on the second serial
 * port what came of it. The first serial port stays the kernel's own console, so that
 * nothing the kernel prints can run into a report.
 *
 * Command line (as the host side, lab/machine.py, writes it):
 *   lab.cases=N       /cases/0 ... /cases/N-1 are there
 *   lab.preload=N     /preload/0 ... are modules to load first, for good
 *
 * /calls has a line for each case, a letter for each call: f finit_module, i init_module,
 * c finit_module (compressed), m and v finit_module by force, without a look at the
 * symbols' versions or at the kernel's; t and u are f and m again and again for the time
 * that they take, with files that do not load.
 *
 * A report is lines of tab-separated fields, one R line for each pair of case and call:
 *   B                     the machine is up
 *   P index errno         a preload
 *   R index call errno taint-before taint-after module module-taint log...
 *   E count               the end
 * Bytes that are no printable ASCII, and '%', are written as %XX. Each line ends in a
 * field "#sum", the FNV-1a hash of everything before it; one that does not was damaged,
 * and the host says so.
 *
 * What always holds: each line is about one call and is complete before the next call
 * starts, so if the machine dies, the first pair without a line is the one that killed
 * it; a module that was loaded by a case is unloaded before the next case.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/module.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4
#endif

/*
 * For its time a call is made again and again, for so long at a stretch, since the clock of
 * a small kernel only ticks; the fastest stretch is the least disturbed.
 */
#define STRETCHES  5
#define STRETCH_NS 500000000ll

/* As much of the log as one report carries; a module that prints more is cut. */
#define LINE_MAX_BYTES	 16384
#define RECORD_MAX_BYTES 8192

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};

static int kmsg_fd = -1;
static int report_fd = -1;

/* Bytes that do not fit are dropped: the host sees a shorter log, never a torn line. */
static void line_put(struct line *line, const char *bytes, size_t len)
{
	if (len > sizeof(line->text) - 32 - line->len)
		return;
	memcpy(line->text + line->len, bytes, len);
	line->len += len;
}

static void line_format(struct line *line, const char *format, ...)
{
	char text[192];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0 && (size_t)len < sizeof(text))
		line_put(line, text, len);
}

static void line_escape(struct line *line, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = bytes[i];

		if (isprint(byte) && byte != '%')
			line_put(line, &bytes[i], 1);
		else
			line_format(line, "%%%02X", byte);
	}
}

static void line_send(struct line *line)
{
	uint32_t sum = 2166136261u;
	size_t done = 0;

	for (size_t i = 0; i < line->len; i++)
		sum = (sum ^ (unsigned char)line->text[i]) * 16777619u;
	line->len += sprintf(line->text + line->len, "\t#%08x\n", sum);
	while (done < line->len) {
		ssize_t n = write(report_fd, line->text + done, line->len - done);

		if (n > 0)
			done += n;
		else if (n < 0 && errno != EINTR && errno != EAGAIN)
			break;
	}
	line->len = 0;
}

static unsigned long read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? strtoul(text, NULL, 10) : 0;
}

static unsigned long option(const char *cmdline, const char *name)
{
	const char *at = strstr(cmdline, name);

	return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

/*
 * The kernel lists the newest module first and nothing else loads any, so the module
 * that a case has loaded is the first line: "name size uses users state address (taint)".
 */
static int newest_module(char name[64], char taint[16])
{
	char text[512] = "", *flags;
	int fd = open("/proc/modules", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	name[0] = taint[0] = '\0';
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0 || sscanf(text, "%63s", name) != 1)
		return -ENOENT;
	text[strcspn(text, "\n")] = '\0';
	flags = strrchr(text, '(');
	if (flags)
		sscanf(flags, "(%15[^)]", taint);
	return 0;
}

/* A record of /dev/kmsg: "priority,sequence,time,flags;text\n key=value\n..." */
static void report_log(struct line *line)
{
	char record[RECORD_MAX_BYTES];

	for (;;) {
		ssize_t n = read(kmsg_fd, record, sizeof(record));
		char *text, *end;

		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* overrun: the next read goes on behind the gap */
		if (n <= 0)
			return;
		text = memchr(record, ';', n);
		if (!text)
			continue;
		text++;
		end = memchr(text, '\n', record + n - text);
		line_put(line, "\t", 1);
		line_escape(line, text, (end ? end : record + n) - text);
	}
}

static void skip_log(void)
{
	lseek(kmsg_fd, 0, SEEK_END);
}

static int load_from_memory(int fd)
{
	struct stat st;
	void *image = NULL;
	int ret;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > 0) {
		image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (image == MAP_FAILED)
			return -errno;
	}
	ret = syscall(SYS_init_module, image ? image : "", st.st_size, "") < 0 ? -errno
									       : 0;
	if (image)
		munmap(image, st.st_size);
	return ret;
}

static int flags_of(char call)
{
	switch (call) {
	case 'c':
		return MODULE_INIT_COMPRESSED_FILE;
	case 'm':
	case 'u':
		return MODULE_INIT_IGNORE_MODVERSIONS;
	case 'v':
		return MODULE_INIT_IGNORE_VERMAGIC;
	default:
		return 0;
	}
}

static int load(const char *path, char call)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	if (call == 'i')
		ret = load_from_memory(fd);
	else
		ret = syscall(SYS_finit_module, fd, "", flags_of(call)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

/* Nanoseconds of one call, on average over the fastest stretch. */
static long long time_load(const char *path, char call)
{
	long long fastest = LLONG_MAX;

	for (int i = 0; i < STRETCHES; i++) {
		long long begin = now(), took = 0;
		int calls = 0;

		for (; took < STRETCH_NS; took = now() - begin, calls++)
			load(path, call);
		if (took / calls < fastest)
			fastest = took / calls;
	}
	return fastest;
}

/*
 * A live patch is in use until it is switched off and no task is in a function of it any
 * more. Its directory is gone a little before that, so the last steps are made again and
 * again, for half a minute at most; a write that comes while it is under way is refused.
 */
static bool is_livepatch_off(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/enabled", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (write(fd, "0", 1) < 0 && errno != EINVAL && errno != EBUSY)
		printf("lab: cannot switch %s off: %s\n", name, strerror(errno));
	close(fd);
	return false;
}

static void unload(const char *name)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	bool is_livepatch = !is_livepatch_off(name);

	for (int tries = 600; tries; tries--) {
		if (is_livepatch_off(name) &&
		    syscall(SYS_delete_module, name, O_NONBLOCK | O_TRUNC) == 0)
			return;
		if (!is_livepatch)
			break;
		nanosleep(&pause, NULL);
	}
	printf("lab: cannot unload %s: %s\n", name, strerror(errno));
}

static void ask(unsigned long index, char call)
{
	static struct line line;
	char path[64], name[64] = "", taint[16] = "";
	unsigned long before = read_number("/proc/sys/kernel/tainted");
	int ret;

	snprintf(path, sizeof(path), "/cases/%lu", index);
	skip_log();
	ret = load(path, call);
	if (ret == 0)
		newest_module(name, taint);
	line_format(&line, "R\t%lu\t%c\t%d\t%lu\t%lu\t%s\t%s", index, call, -ret, before,
		    read_number("/proc/sys/kernel/tainted"), name, taint);
	if (call == 't' || call == 'u') {
		line_format(&line, "\tlab: %lld ns", time_load(path, call));
		skip_log();
	}
	report_log(&line);
	line_send(&line);
	if (ret == 0 && name[0])
		unload(name);
}

static void run(const char *cmdline)
{
	static struct line line;
	unsigned long cases = option(cmdline, "lab.cases=");
	FILE *calls = fopen("/calls", "re");
	char path[64], letters[16];

	line_format(&line, "B");
	line_send(&line);
	for (unsigned long i = 0; i < option(cmdline, "lab.preload="); i++) {
		int ret;

		snprintf(path, sizeof(path), "/preload/%lu", i);
		ret = load(path, 'f');
		line_format(&line, "P\t%lu\t%d", i, -ret);
		line_send(&line);
	}
	for (unsigned long i = 0; i < cases; i++) {
		if (!calls || !fgets(letters, sizeof(letters), calls))
			break; /* the host sees that the report ends too early */
		for (const char *call = letters; isalpha(*call); call++)
			ask(i, *call);
		snprintf(path, sizeof(path), "/cases/%lu", i);
		unlink(path); /* gives its memory back */
	}
	line_format(&line, "E\t%lu", cases);
	line_send(&line);
}

static int open_report_port(void)
{
	struct termios raw;
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &raw) < 0)
		return -1;
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL;
	tcsetattr(fd, TCSANOW, &raw);
	return fd;
}

int main(void)
{
	static char cmdline[4096];
	int fd;

	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/sys", 0755);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	report_fd = open_report_port();
	kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && report_fd >= 0 && kmsg_fd >= 0 &&
	    read(fd, cmdline, sizeof(cmdline) - 1) > 0)
		run(cmdline);
	else
		printf("lab: no /proc, /dev/ttyS1 or /dev/kmsg: %s\n", strerror(errno));
	if (report_fd >= 0)
		tcdrain(report_fd);
	reboot(RB_POWER_OFF);
	return 1;
}
