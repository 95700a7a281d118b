/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_SIGN_FILE_H
#define CLI_SIGN_FILE_H

/* Being called as sign-file or kmodsign. */

#include <stdbool.h>

/** True where the program was called by one of those names. */
bool cli_is_sign_file(const char *argv0);

/** Does as scripts/sign-file of Linux does. Returns the exit status: 0, 1, or 2 usage. */
int cli_sign_file(int argc, char **argv);

#endif
