/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/*
 * The commands. Each returns its exit status, after all was printed but the document. What
 * they take and what help says of them is in their rows of ../parse/command-table.c.
 */

#include "../cli.h"
#include "../parse/parse.h"

int cmd_sign(struct cli *cli, const struct cli_args *args);
int cmd_resign(struct cli *cli, const struct cli_args *args);
int cmd_verify(struct cli *cli, const struct cli_args *args);
int cmd_show(struct cli *cli, const struct cli_args *args);
int cmd_strip(struct cli *cli, const struct cli_args *args);
int cmd_detach(struct cli *cli, const struct cli_args *args);
int cmd_attach(struct cli *cli, const struct cli_args *args);
int cmd_certs(struct cli *cli, const struct cli_args *args);
int cmd_recover(struct cli *cli, const struct cli_args *args);
int cmd_key_new(struct cli *cli, const struct cli_args *args);
int cmd_key_rotate(struct cli *cli, const struct cli_args *args);
int cmd_key_list(struct cli *cli, const struct cli_args *args);
int cmd_key_status(struct cli *cli, const struct cli_args *args);
int cmd_key_prune(struct cli *cli, const struct cli_args *args);
int cmd_key_install(struct cli *cli, const struct cli_args *args);
int cmd_key_enroll(struct cli *cli, const struct cli_args *args);
int cmd_config_get(struct cli *cli, const struct cli_args *args);
int cmd_config_set(struct cli *cli, const struct cli_args *args);
int cmd_config_trust(struct cli *cli, const struct cli_args *args);
int cmd_config_check(struct cli *cli, const struct cli_args *args);
int cmd_dkms_setup(struct cli *cli, const struct cli_args *args);
int cmd_dkms_check(struct cli *cli, const struct cli_args *args);
int cmd_doctor(struct cli *cli, const struct cli_args *args);
int cmd_manifest_create(struct cli *cli, const struct cli_args *args);
int cmd_manifest_verify(struct cli *cli, const struct cli_args *args);
int cmd_manifest_diff(struct cli *cli, const struct cli_args *args);
int cmd_manifest_sign(struct cli *cli, const struct cli_args *args);
int cmd_merkle_root(struct cli *cli, const struct cli_args *args);
int cmd_merkle_prove(struct cli *cli, const struct cli_args *args);
int cmd_merkle_verify(struct cli *cli, const struct cli_args *args);
int cmd_merkle_check(struct cli *cli, const struct cli_args *args);
int cmd_embed(struct cli *cli, const struct cli_args *args);
int cmd_help(struct cli *cli, const struct cli_args *args);

/**
 * Reports that there is no such command, and which one may be meant. @words: what was
 * given for its name, of which the second word may be missing. Returns CLI_TROUBLE.
 */
int cli_unknown_command(struct cli *cli, const char *const *words, size_t n_words);

#endif
