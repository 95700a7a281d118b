/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

/*
 * What the program calls the library's answers, in JSON and in its lines, and the exit
 * status that one stands for. Scripts read these words: they are only ever added to, and
 * docs/json-schema has them all.
 *
 * Names that are the field's own come from the library: ms_verdict_name(), ms_hash_name(),
 * ms_compression_name(), ms_cert_place_name().
 *
 * A value that a newer library may have is told as the one that says least, and never as
 * success.
 */

#include <modseal/finding.h>
#include <modseal/keystore.h>
#include <modseal/manifest.h>
#include <modseal/module.h>
#include <modseal/tree.h>

#include "../cli.h"

/*
 * How many values are known, for arrays with an element for each: one more than the last.
 * When the library gains a value, the compiler says so in words.c.
 */
enum {
	CLI_OUTCOMES = MS_OUTCOME_OTHER_ROOT + 1,
	CLI_VERDICTS = MS_VERDICT_REJECTED + 1,
	CLI_MODES = MS_MODE_LOCKDOWN + 1,
	CLI_SEVERITIES = MS_SEVERITY_ERROR + 1,
	CLI_PRUNED = MS_PRUNED_UNKNOWN + 1,
	CLI_CHANGES = MS_MANIFEST_ADDED + 1,
};

/** The index of @value in such an array of @n: 0, which is "undecided", where it has none. */
static inline size_t cli_index(unsigned value, size_t n)
{
	return value < n ? value : 0;
}

/** "failed", "signed", "would-sign", ... */
const char *cli_outcome_word(enum ms_outcome outcome);

/** The exit status that the outcome stands for. */
enum cli_status cli_outcome_status(enum ms_outcome outcome);

/** "file-link", "directory-link", "dangling-link", "unknown-link", "special-file". */
const char *cli_skip_word(enum ms_skip skip);

/** "unknown", "info", "warning", "error". */
const char *cli_severity_word(enum ms_severity severity);

/** "not-due", "always", "no-key", "hash", "type", "age". */
const char *cli_due_word(enum ms_due due);

/** "removed", "current", "new", "trusted", "unknown". */
const char *cli_pruned_word(enum ms_pruned pruned);

/** "signature", "hash-list", "merkle-root"; NULL: nobody vouched. */
const char *cli_voucher_word(enum ms_voucher voucher);

/** "clean", "tainted", "refused"; NULL: it is not known. */
const char *cli_load_word(enum ms_load load);

/** "ok", "refused"; NULL: not packed, or it is not known. */
const char *cli_kernel_decompress_word(enum ms_kernel_decompress decompress);

/** "permissive", "enforcing", "lockdown". */
const char *cli_mode_word(enum ms_mode mode);

#endif
