/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "../cli.h"

static char dkms[] = "dkms", check[] = "check";

static const struct cli_name names[] = {
	{.name = "sign-file", .run = cli_sign_file},
	{.name = "kmodsign", .run = cli_sign_file},
	{.name = "modseal-dkms-sign", .run = cli_dkms_sign},
	{.name = "modseal-dkms-check", .command = {dkms, check}},
	{0},
};

const struct cli_name *cli_name_find(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	for (const struct cli_name *name = names; name->name; name++)
		if (strcmp(slash ? slash + 1 : argv0, name->name) == 0)
			return name;
	return NULL;
}

char **cli_name_words(const struct cli_name *name, int *argc, char **argv)
{
	char **words = cli_check(calloc((size_t)*argc + 3, sizeof(*words)));

	words[0] = argv[0];
	words[1] = name->command[0];
	words[2] = name->command[1];
	memcpy(words + 3, argv + 1, ((size_t)*argc - 1) * sizeof(*words));
	*argc += 2;
	return words;
}
