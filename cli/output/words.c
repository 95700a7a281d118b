/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * No switch here has a default: a value that the library gains and that has no word yet is
 * a warning of the compiler's.
 */

#include "words.h"

const char *cli_outcome_word(enum ms_outcome outcome)
{
	switch (outcome) {
	case MS_OUTCOME_SIGNED:
		return "signed";
	case MS_OUTCOME_WOULD_SIGN:
		return "would-sign";
	case MS_OUTCOME_SKIPPED:
		return "skipped";
	case MS_OUTCOME_STRIPPED:
		return "stripped";
	case MS_OUTCOME_DETACHED:
		return "detached";
	case MS_OUTCOME_ATTACHED:
		return "attached";
	case MS_OUTCOME_UNCHECKED:
		return "unchecked";
	case MS_OUTCOME_UNCHANGED:
		return "unchanged";
	case MS_OUTCOME_SHOWN:
		return "shown";
	case MS_OUTCOME_VERIFIED:
		return "verified";
	case MS_OUTCOME_UNSIGNED:
		return "unsigned";
	case MS_OUTCOME_SEVERAL:
		return "several";
	case MS_OUTCOME_MISSING:
		return "missing";
	case MS_OUTCOME_NOT_TRUSTED:
		return "not-trusted";
	case MS_OUTCOME_ROLLED_BACK:
		return "rolled-back";
	case MS_OUTCOME_KEPT:
		return "kept";
	case MS_OUTCOME_HASHED:
		return "hashed";
	case MS_OUTCOME_PROVED:
		return "proved";
	case MS_OUTCOME_OTHER_ROOT:
		return "other-root";
	case MS_OUTCOME_UNDECIDED:
		break;
	}
	return "failed";
}

enum cli_status cli_outcome_status(enum ms_outcome outcome)
{
	switch (outcome) {
	case MS_OUTCOME_SIGNED:
	case MS_OUTCOME_WOULD_SIGN:
	case MS_OUTCOME_SKIPPED:
	case MS_OUTCOME_STRIPPED:
	case MS_OUTCOME_DETACHED:
	case MS_OUTCOME_ATTACHED:
	case MS_OUTCOME_UNCHECKED:
	case MS_OUTCOME_UNCHANGED:
	case MS_OUTCOME_SHOWN:
	case MS_OUTCOME_VERIFIED:
	case MS_OUTCOME_ROLLED_BACK:
	case MS_OUTCOME_KEPT:
	case MS_OUTCOME_HASHED:
	case MS_OUTCOME_PROVED:
		return CLI_YES;
	case MS_OUTCOME_UNSIGNED:
	case MS_OUTCOME_SEVERAL:
	case MS_OUTCOME_MISSING:
	case MS_OUTCOME_NOT_TRUSTED:
	case MS_OUTCOME_OTHER_ROOT:
		return CLI_NO;
	case MS_OUTCOME_UNDECIDED:
		break;
	}
	return CLI_TROUBLE;
}

const char *cli_skip_word(enum ms_skip skip)
{
	switch (skip) {
	case MS_SKIP_FILE_LINK:
		return "file-link";
	case MS_SKIP_DIRECTORY_LINK:
		return "directory-link";
	case MS_SKIP_DANGLING_LINK:
		return "dangling-link";
	case MS_SKIP_SPECIAL:
		return "special-file";
	case MS_SKIP_UNKNOWN_LINK:
	case MS_SKIP_UNDECIDED:
		break;
	}
	return "unknown-link";
}

const char *cli_severity_word(enum ms_severity severity)
{
	switch (severity) {
	case MS_SEVERITY_INFO:
		return "info";
	case MS_SEVERITY_WARNING:
		return "warning";
	case MS_SEVERITY_ERROR:
		return "error";
	case MS_SEVERITY_UNKNOWN:
		break;
	}
	return "unknown";
}

const char *cli_due_word(enum ms_due due)
{
	switch (due) {
	case MS_DUE_NOT:
		return "not-due";
	case MS_DUE_ALWAYS:
		return "always";
	case MS_DUE_NO_KEY:
		return "no-key";
	case MS_DUE_HASH:
		return "hash";
	case MS_DUE_TYPE:
		return "type";
	case MS_DUE_AGE:
		return "age";
	case MS_DUE_UNDECIDED:
		break;
	}
	return "undecided";
}

const char *cli_pruned_word(enum ms_pruned pruned)
{
	switch (pruned) {
	case MS_PRUNED_REMOVED:
		return "removed";
	case MS_PRUNED_CURRENT:
		return "current";
	case MS_PRUNED_NEW:
		return "new";
	case MS_PRUNED_TRUSTED:
		return "trusted";
	case MS_PRUNED_UNKNOWN:
		return "unknown";
	case MS_PRUNED_UNDECIDED:
		break;
	}
	return "failed";
}

const char *cli_voucher_word(enum ms_voucher voucher)
{
	switch (voucher) {
	case MS_VOUCHER_SIGNATURE:
		return "signature";
	case MS_VOUCHER_HASH_LIST:
		return "hash-list";
	case MS_VOUCHER_MERKLE_ROOT:
		return "merkle-root";
	case MS_VOUCHER_NONE:
		break;
	}
	return NULL;
}

const char *cli_load_word(enum ms_load load)
{
	switch (load) {
	case MS_LOAD_CLEAN:
		return "clean";
	case MS_LOAD_TAINTED:
		return "tainted";
	case MS_LOAD_REFUSED:
		return "refused";
	case MS_LOAD_UNDECIDED:
		break;
	}
	return NULL;
}

const char *cli_kernel_decompress_word(enum ms_kernel_decompress decompress)
{
	switch (decompress) {
	case MS_KERNEL_DECOMPRESS_OK:
		return "ok";
	case MS_KERNEL_DECOMPRESS_REFUSED:
		return "refused";
	case MS_KERNEL_DECOMPRESS_NA:
		break;
	}
	return NULL;
}

const char *cli_mode_word(enum ms_mode mode)
{
	switch (mode) {
	case MS_MODE_ENFORCING:
		return "enforcing";
	case MS_MODE_LOCKDOWN:
		return "lockdown";
	case MS_MODE_PERMISSIVE:
		break;
	}
	return "permissive";
}
