/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Secrets. A source that was named and cannot be read is an error, never a reason to
 * try the next: else a typing mistake would end in a prompt in the middle of a build.
 * Bytes go straight into the library's buffer, which the library wipes; nothing else
 * ever holds them but memory of the same kind (modseal/secret.h).
 */

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

#include <modseal/secret.h>

#include "cleanup.h"
#include "signals.h"

#define PIN_VARIABLE "KBUILD_SIGN_PIN"

static int too_long(struct cli *cli, const char *where)
{
	cli_error(cli, "the secret in %s is too long", where);
	return -EMSGSIZE;
}

static int from_file(struct cli *cli, const char *path, char *buffer, size_t size)
{
	int r = ms_secret_read_file(cli->ctx, path, buffer, size);

	if (r < 0 && !cli_interrupted())
		cli_error_ctx(cli);
	return r;
}

/* What $KBUILD_SIGN_PIN was when we came. */
static struct {
	char *text;
	size_t len;
} environment;

static int from_environment(struct cli *cli, char *buffer, size_t size)
{
	if (environment.len > size)
		return too_long(cli, "$" PIN_VARIABLE);
	memcpy(buffer, environment.text, environment.len);
	return (int)environment.len;
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
	char *again = cli_check(ms_secret_new(size));
	int n = ask(cli, tty, "Again, the secret for", what, again, size);

	if (n >= 0 && (n != len || memcmp(first, again, (size_t)len) != 0)) {
		cli_error(cli, "the two secrets are not the same");
		n = -ENOKEY;
	}
	ms_secret_free(again, size);
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
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	_cleanup_string_ char *path = NULL;

	if (secret->pin_file)
		return from_file(secret->cli, secret->pin_file, buffer, size);
	if (environment.len > 0)
		return from_environment(secret->cli, buffer, size);
	if (credentials && *credentials) {
		path = cli_format("%s/modseal.pin", credentials);
		if (access(path, F_OK) == 0)
			return from_file(secret->cli, path, buffer, size);
	}
	if (secret->no_prompt)
		return -ENOKEY;
	return from_terminal(secret, what, buffer, size);
}

void cli_secret_take(void)
{
	char *pin = getenv(PIN_VARIABLE);

	if (!pin)
		return;
	environment.len = strlen(pin);
	environment.text = cli_check(ms_secret_new(environment.len));
	memcpy(environment.text, pin, environment.len);
	explicit_bzero(pin, environment.len);
	unsetenv(PIN_VARIABLE);
}

void cli_secret_forget(void)
{
	environment.text = ms_secret_free(environment.text, environment.len);
	environment.len = 0;
}
