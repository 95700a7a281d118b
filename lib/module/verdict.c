/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Verdicts by their names, and what a kernel does with a module. */

#include <modseal/module.h>

const char *ms_verdict_name(enum ms_verdict verdict)
{
	switch (verdict) {
	case MS_VERDICT_TRUSTED:
		return "trusted";
	case MS_VERDICT_UNSIGNED:
		return "unsigned";
	case MS_VERDICT_UNSUPPORTED:
		return "unsupported";
	case MS_VERDICT_UNKNOWN_KEY:
		return "unknown-key";
	case MS_VERDICT_MALFORMED:
		return "malformed";
	case MS_VERDICT_REJECTED:
		return "rejected";
	case MS_VERDICT_UNDECIDED:
		break;
	}
	return "undecided";
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
		break;
	}
	return MS_LOAD_UNDECIDED;
}
