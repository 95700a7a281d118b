#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""judge.py: would a kernel trust this module?

usage: judge.py MODULE TRUST...

What judge.c does, from Python: by ctypes, without a binding to be compiled. All that a
program needs of libmodseal is functions that take and give pointers to opaque objects, so
the few declarations below are a binding.

Exit status: 0 trusted, 1 not trusted, 2 it could not be found out.
"""

import contextlib
import ctypes
import os
import sys

lib = ctypes.CDLL(os.environ.get("LIBMODSEAL", "libmodseal.so.0"))


def declare(result, name, *arguments):
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments
    return function


ptr, text = ctypes.c_void_p, ctypes.c_char_p
to_ptr = ctypes.POINTER(ctypes.c_void_p)

ctx_new = declare(ptr, "ms_ctx_new")
ctx_free = declare(ptr, "ms_ctx_free", ptr)
ctx_message = declare(text, "ms_ctx_message", ptr)
trust_new = declare(ptr, "ms_trust_new")
trust_free = declare(ptr, "ms_trust_free", ptr)
trust_add = declare(ctypes.c_int, "ms_trust_add", ptr, ptr, text)
module_open = declare(ctypes.c_int, "ms_module_open", ptr, text, ctypes.c_size_t, ptr, to_ptr)
module_free = declare(ptr, "ms_module_free", ptr)
module_judge = declare(ctypes.c_int, "ms_module_judge", ptr, ptr, ptr, to_ptr)
judgement_free = declare(ptr, "ms_judgement_free", ptr)
judgement_is_good = declare(ctypes.c_bool, "ms_judgement_is_good", ptr)
judgement_verdict = declare(ctypes.c_int, "ms_judgement_verdict", ptr)
judgement_reason = declare(text, "ms_judgement_reason", ptr)
judgement_vouched_by = declare(text, "ms_judgement_vouched_by", ptr)
verdict_name = declare(text, "ms_verdict_name", ctypes.c_int)


class Error(Exception):
    """Something that libmodseal could not do; its message says what."""


class Modseal:
    """A context, and what is done in it. Its objects are freed with it."""

    def __init__(self):
        self.objects = contextlib.ExitStack()
        self.ctx = ctx_new()
        self.objects.callback(ctx_free, self.ctx)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.objects.close()

    def check(self, result):
        if result < 0:
            raise Error(os.fsdecode(ctx_message(self.ctx)))

    def trust(self, sources):
        """A trust set of certificates, directories, images, "system"."""
        trust = trust_new()
        self.objects.callback(trust_free, trust)
        for source in sources:
            self.check(trust_add(self.ctx, trust, os.fsencode(source)))
        return trust

    def judge(self, module_file, trust):
        """(is it good, its verdict, who vouches or why not) of a module file's bytes."""
        module, judgement = ctypes.c_void_p(), ctypes.c_void_p()
        with contextlib.ExitStack() as objects:
            self.check(module_open(self.ctx, module_file, len(module_file), None, module))
            objects.callback(module_free, module)
            self.check(module_judge(self.ctx, module, trust, judgement))
            objects.callback(judgement_free, judgement)
            why = judgement_vouched_by(judgement) or judgement_reason(judgement) or b""
            return (
                judgement_is_good(judgement),
                verdict_name(judgement_verdict(judgement)).decode(),
                why.decode(errors="replace"),
            )


def main():
    if len(sys.argv) < 3:
        print(f"usage: {sys.argv[0]} MODULE TRUST...", file=sys.stderr)
        return 2
    try:
        with Modseal() as modseal, open(sys.argv[1], "rb") as file:
            good, verdict, why = modseal.judge(file.read(), modseal.trust(sys.argv[2:]))
    except (Error, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{verdict}: {why}" if why else verdict)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
