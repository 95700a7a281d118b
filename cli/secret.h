/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

/* Where a passphrase or PIN comes from. */

#include "cli.h"

struct cli_secret {
	struct cli *cli;
	const char *pin_file; /* --pin-file, or NULL */
	bool no_prompt;	      /* never ask on the terminal */
	bool twice; /* ask there a second time: a new secret has no other check */
};

/**
 * A ms_secret_fn; @userdata is a struct cli_secret. In this order, the first there is:
 * the pin file, $KBUILD_SIGN_PIN, $CREDENTIALS_DIRECTORY/modseal.pin, the terminal.
 * -ENOKEY: none of them.
 */
int cli_secret(void *userdata, const char *what, char *buffer, size_t size);

/**
 * Takes $KBUILD_SIGN_PIN out of the environment, and wipes it there: no program that is
 * run has it, nor can it be read in /proc. For main(), before anything else.
 */
void cli_secret_take(void);

/** Wipes what was taken from the environment, once it is not needed. */
void cli_secret_forget(void);

#endif
