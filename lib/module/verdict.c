/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words for verdicts and vouchers, and what a kernel does with a module. */

#include <modseal/module.h>

#include "../base/checked.h"

const char *ms_verdict_name(enum ms_verdict verdict)
{
	static const char *const names[MS_VERDICT_COUNT] = {
		[MS_VERDICT_UNDECIDED] = "undecided",
		[MS_VERDICT_TRUSTED] = "trusted",
		[MS_VERDICT_UNSIGNED] = "unsigned",
		[MS_VERDICT_UNSUPPORTED] = "unsupported",
		[MS_VERDICT_UNKNOWN_KEY] = "unknown-key",
		[MS_VERDICT_MALFORMED] = "malformed",
		[MS_VERDICT_REJECTED] = "rejected",
	};

	return (unsigned)verdict < MS_VERDICT_COUNT ? names[verdict] : "undecided";
}

const char *ms_voucher_name(enum ms_voucher voucher)
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

const char *ms_load_name(enum ms_load load)
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

enum ms_load ms_verdict_load(enum ms_verdict verdict, bool elf, enum ms_mode mode)
{
	switch (verdict) {
	case MS_VERDICT_TRUSTED:
		return elf ? MS_LOAD_CLEAN : MS_LOAD_REFUSED;
	case MS_VERDICT_UNSIGNED:
	case MS_VERDICT_UNSUPPORTED:
	case MS_VERDICT_UNKNOWN_KEY:
		return elf && mode == MS_MODE_PERMISSIVE ? MS_LOAD_TAINTED : MS_LOAD_REFUSED;
	case MS_VERDICT_MALFORMED:
	case MS_VERDICT_REJECTED:
		return MS_LOAD_REFUSED;
	case MS_VERDICT_UNDECIDED:
	case MS_VERDICT_COUNT:
		break;
	}
	return MS_LOAD_UNDECIDED;
}
