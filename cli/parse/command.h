/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/*
 * The one table of the commands: parsing, help, dispatch, completions and the tests of
 * the man pages all read it. The completion generator, which runs on the building
 * machine, is linked from it alone, without the commands: see command-table.c.
 */

#include <stdbool.h>
#include <stddef.h>

/** What a shell can offer for an argument. */
enum cli_complete {
	CLI_COMPLETE_NOTHING = 0,
	CLI_COMPLETE_FILE,
	CLI_COMPLETE_DIRECTORY,
	CLI_COMPLETE_PATH,    /* files and directories */
	CLI_COMPLETE_CHOICE,  /* one of cli_option.values, and nothing else is taken */
	CLI_COMPLETE_RELEASE, /* a kernel release, from /lib/modules */
	CLI_COMPLETE_COMMAND, /* a command of modseal */
};

enum cli_option_id {
	CLI_OPT_NONE = 0, /* ends a command's list */
	CLI_OPT_ALL,
	CLI_OPT_ANY_FILE,
	CLI_OPT_BREAK_LINKS,
	CLI_OPT_BUILDER_ID,
	CLI_OPT_BUILD_TYPE,
	CLI_OPT_BUNDLE,
	CLI_OPT_CERT,
	CLI_OPT_CHECK,
	CLI_OPT_CN,
	CLI_OPT_CODE_SIGNING,
	CLI_OPT_COLOR,
	CLI_OPT_DAYS,
	CLI_OPT_DKMS_FORCE,
	CLI_OPT_DKMS_MODULE,
	CLI_OPT_DKMS_ROOT,
	CLI_OPT_DKMS_STORE,
	CLI_OPT_DOCTOR_ROOT,
	CLI_OPT_DRY_RUN,
	CLI_OPT_ENCRYPT,
	CLI_OPT_FORCE_KEY,
	CLI_OPT_FOR_KERNEL,
	CLI_OPT_GENKEY,
	CLI_OPT_END_DKMS,
	CLI_OPT_HASH,
	CLI_OPT_HASH_FILE,
	CLI_OPT_HELP,
	CLI_OPT_IGNORE_LINKS,
	CLI_OPT_INSTALLED,
	CLI_OPT_HOOK,
	CLI_OPT_JOBS,
	CLI_OPT_JSON,
	CLI_OPT_KEEP,
	CLI_OPT_KEEP_GOING,
	CLI_OPT_KEEP_OLD,
	CLI_OPT_KERNEL,
	CLI_OPT_KERNEL_CONFIG,
	CLI_OPT_KERNEL_RELEASE,
	CLI_OPT_KEY,
	CLI_OPT_KEY_CONFIG,
	CLI_OPT_KEYRING,
	CLI_OPT_KEY_TYPE,
	CLI_OPT_LEVEL,
	CLI_OPT_LIBEXEC,
	CLI_OPT_MANIFEST_FORMAT,
	CLI_OPT_MANIFEST_HASH,
	CLI_OPT_MANIFEST_RELEASE,
	CLI_OPT_MAX_SIZE,
	CLI_OPT_MERKLE_ROOT,
	CLI_OPT_MODE,
	CLI_OPT_MOK,
	CLI_OPT_MODULES,
	CLI_OPT_MODULES_ORDER,
	CLI_OPT_NO_CRYPTO_MODULES,
	CLI_OPT_NONCE,
	CLI_OPT_NO_SYNC,
	CLI_OPT_NO_WAIT,
	CLI_OPT_OUTPUT_BUNDLE,
	CLI_OPT_OUTPUT_DIR,
	CLI_OPT_OUTPUT_KEY,
	CLI_OPT_OUTPUT_FILE,
	CLI_OPT_OUTPUT_PEM,
	CLI_OPT_OUTPUT_TRUSTED,
	CLI_OPT_OUTPUT_SIGNATURE,
	CLI_OPT_OUTPUT_VMLINUX,
	CLI_OPT_PIN_FILE,
	CLI_OPT_PRUNE_CONFIG,
	CLI_OPT_PRUNE_FORCE,
	CLI_OPT_QUIET,
	CLI_OPT_REFRESH,
	CLI_OPT_RELEASE,
	CLI_OPT_REVOKED,
	CLI_OPT_ROOT,
	CLI_OPT_ROOT_PW,
	CLI_OPT_ROTATE_CONFIG,
	CLI_OPT_ROTATE_TYPE,
	CLI_OPT_SIGNATURE,
	CLI_OPT_SIGN_CONFIG,
	CLI_OPT_SIGNED,
	CLI_OPT_SKID,
	CLI_OPT_STORE,
	CLI_OPT_TOKEN,
	CLI_OPT_TRUST,
	CLI_OPT_UNSIGNED,
	CLI_OPT_VERBOSE,
	CLI_OPT_WITH_PRIVATE_KEY,
	CLI_OPT_COUNT,
};

struct cli_option {
	char letter;	  /* 0: it has a long name only */
	const char *name; /* without the dashes */
	const char *arg;  /* its argument's name, NULL: it takes none */
	enum cli_complete complete;
	const char *values; /* of a choice, separated by blanks */
	bool repeats;	    /* each adds to a list; otherwise the last one counts */
	const char *help;   /* a phrase, lower case, no full stop */
};

struct cli;
struct cli_args;

/**
 * A command. The name of one that belongs to a group is two words, the group's first:
 * "key new".
 */
struct cli_command {
	const char *name;
	/* does it, and returns the exit status: see ../commands/commands.h */
	int (*run)(struct cli *cli, const struct cli_args *args);
	const char *synopsis;		   /* what follows the name */
	const char *summary;		   /* one line, for the list of commands */
	const char *description;	   /* a paragraph or two, for its own help */
	const enum cli_option_id *options; /* ends with CLI_OPT_NONE */
	unsigned min_operands;
	unsigned max_operands; /* CLI_ANY: no limit */
	enum cli_complete operands;
	const char *exit[3]; /* what each exit status means; NULL: does not occur */
};

/** Commands that share their first word. */
struct cli_group {
	const char *name;
	const char *summary; /* one line, for completions */
};

#define CLI_ANY (~0U)

extern const struct cli_option cli_options[CLI_OPT_COUNT];
extern const struct cli_command cli_commands[]; /* ends with an empty one */
extern const struct cli_group cli_groups[]; /* ends with an empty one */

/**
 * Finds the command whose name @words begin with; @n_words: how many there are.
 * @ret_words: how many of them are the name. NULL: there is none.
 */
const struct cli_command *cli_command_find(const char *const *words, size_t n_words,
					   size_t *ret_words);

/** The group of this name; NULL: there is none. */
const struct cli_group *cli_group_find(const char *name);

/** The second word of @command's name where it belongs to @group; NULL: it does not. */
const char *cli_name_in_group(const struct cli_command *command,
			      const struct cli_group *group);

#endif
