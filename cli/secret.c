/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Secrets. A source that was named and cannot be read is an error, never a reason to
 * try the next: else a typing mistake would end in a prompt in the middle of a build.
 * Bytes go straight into the library's buffer, which the library wipes; nothing else
 * ever holds them but a copy that is wiped here.
 */

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>

#include "signals.h"
#include "util.h"

#define PIN_VARIABLE "KBUILD_SIGN_PIN"

/* One byte more than fits is read, so that a longer secret is never cut. */
static ssize_t read_fully(int fd, char *buffer, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buffer + len, size - len);

		if (n < 0 && errno == EINTR && !cli_interrupted())
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static void warn_if_open_to_all(const struct cli *cli, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0006))
		cli_warn(cli, "the pin file '%s' is open to all users (mode %04o)", path,
			 (unsigned)st.st_mode & 07777);
}

static int too_long(struct cli *cli, const char *where)
{
	cli_error(cli, "the secret in %s is too long", where);
	return -EMSGSIZE;
}

static int read_pin(struct cli *cli, int fd, const char *path, char *buffer, size_t size)
{
	char *copy = cli_check(malloc(size + 2));
	ssize_t len = read_fully(fd, copy, size + 2);
	_cleanup_string_ char *shown = cli_format("'%s'", path);
	int r;

	if (len < 0) {
		cli_error(cli, "cannot read '%s': %s", path, strerror((int)-len));
		r = (int)len;
	} else {
		if (len > 0 && copy[len - 1] == '\n')
			len--;
		if ((size_t)len > size) {
			r = too_long(cli, shown);
		} else {
			memcpy(buffer, copy, (size_t)len);
			r = (int)len;
		}
	}
	explicit_bzero(copy, size + 2);
	free(copy);
	return r;
}

static int from_file(struct cli *cli, const char *path, char *buffer, size_t size)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		int error = errno;

		cli_error(cli, "cannot open '%s': %s", path, strerror(error));
		return -error;
	}
	warn_if_open_to_all(cli, fd, path);
	return read_pin(cli, fd, path, buffer, size);
}

static int from_environment(struct cli *cli, const char *value, char *buffer, size_t size)
{
	size_t len;

	for (len = 0; value[len]; len++) {
		if (len == size)
			return too_long(cli, "$" PIN_VARIABLE);
		buffer[len] = value[len]; /* which is no string: it has no NUL */
	}
	return (int)len;
}

/*
 * Reads what is typed. Signals are let in only while waiting, so that none slips in
 * between looking for it and waiting.
 */
static ssize_t read_typed(int tty, char *buffer, size_t size)
{
	struct pollfd waiting = {.fd = tty, .events = POLLIN};
	sigset_t all, old;
	ssize_t r = -EINTR;
	ssize_t len;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	while (r == -EINTR && !cli_interrupted()) {
		r = ppoll(&waiting, 1, NULL, &old) < 0 ? -errno : 0;
		if (r == 0)
			r = (len = read(tty, buffer, size)) < 0 ? -errno : len;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return cli_interrupted() ? -ECANCELED : r;
}

/* Asks once, without showing what is typed. */
static int ask(struct cli *cli, int tty, const char *prompt, const char *what,
	       char *buffer, size_t size)
{
	struct termios old, silent;
	ssize_t len;

	if (tcgetattr(tty, &old) < 0)
		return -ENOKEY;
	silent = old;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ICANON | ISIG;
	if (tcsetattr(tty, TCSAFLUSH, &silent) < 0)
		return -ENOKEY;
	dprintf(tty, "%s %s: ", prompt, what);
	len = read_typed(tty, buffer, size);
	tcsetattr(tty, TCSAFLUSH, &old);
	dprintf(tty, "\n");

	if (len < 0)
		return (int)len;
	if (len > 0 && buffer[len - 1] == '\n')
		return (int)len - 1;
	if (len == 0)
		return -ENOKEY;
	return (size_t)len == size ? too_long(cli, "what was typed") : (int)len;
}

/* A secret that nothing can check yet is typed twice. */
static int ask_again(struct cli *cli, int tty, const char *what, const char *first,
		     int len, size_t size)
{
	char *again = cli_check(malloc(size));
	int n = ask(cli, tty, "Again, the secret for", what, again, size);

	if (n >= 0 && (n != len || memcmp(first, again, (size_t)len) != 0)) {
		cli_error(cli, "the two secrets are not the same");
		n = -ENOKEY;
	}
	explicit_bzero(again, size);
	free(again);
	return n;
}

/* Asks on the terminal, whatever standard input is. */
static int from_terminal(const struct cli_secret *secret, const char *what, char *buffer,
			 size_t size)
{
	_cleanup_fd_ int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	_cleanup_string_ char *escaped = cli_check(ms_text_escape(what));
	int len;

	if (tty < 0)
		return -ENOKEY;
	len = ask(secret->cli, tty, "Secret for", escaped, buffer, size);
	if (len < 0 || !secret->twice)
		return len;
	return ask_again(secret->cli, tty, escaped, buffer, len, size);
}

int cli_secret(void *userdata, const char *what, char *buffer, size_t size)
{
	const struct cli_secret *secret = userdata;
	const char *pin = getenv(PIN_VARIABLE);
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	_cleanup_string_ char *path = NULL;

	if (secret->pin_file)
		return from_file(secret->cli, secret->pin_file, buffer, size);
	if (pin && *pin)
		return from_environment(secret->cli, pin, buffer, size);
	if (credentials && *credentials) {
		path = cli_format("%s/modseal.pin", credentials);
		if (access(path, F_OK) == 0)
			return from_file(secret->cli, path, buffer, size);
	}
	if (secret->no_prompt)
		return -ENOKEY;
	return from_terminal(secret, what, buffer, size);
}

void cli_secret_forget(void)
{
	char *pin = getenv(PIN_VARIABLE);

	if (pin)
		explicit_bzero(pin, strlen(pin));
	unsetenv(PIN_VARIABLE);
}
