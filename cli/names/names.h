/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

/*
 * The names by which other tools call the program, with arguments of theirs. They are links
 * in the directory LIBEXECDIR/modseal: see meson.build.
 */

struct cli_name {
	const char *name;
	/* takes the arguments as that tool would, and returns its exit status; or NULL */
	int (*run)(int argc, char **argv);
	/* without @run: the command that it stands for, a group's name and a word */
	char *command[2];
};

/** What to do as @argv0; NULL: it is a name of our own. */
const struct cli_name *cli_name_find(const char *argv0);

/** The arguments with the words of @name's command before them. Never to be freed. */
char **cli_name_words(const struct cli_name *name, int *argc, char **argv);

/** Does as scripts/sign-file of Linux does. Returns the exit status: 0, 1, or 2 usage. */
int cli_sign_file(int argc, char **argv);

/** Signs as DKMS's sign_file does. Returns the exit status. */
int cli_dkms_sign(int argc, char **argv);

#endif
