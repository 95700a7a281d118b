/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_SECRET_H
#define MODSEAL_SECRET_H

/*
 * Secrets: passphrases, PINs and private keys, and where they never appear.
 *
 * What libmodseal promises, whatever the program does:
 *  - Passphrases and PINs, the bytes of key files and a new key's PEM lie in pages of
 *    their own while the library holds them. These are left out of core dumps
 *    (MADV_DONTDUMP), are not swapped out as far as RLIMIT_MEMLOCK lets it (mlock), and
 *    are wiped before they are given back.
 *  - No secret is in a message, a hint, a log line, or a file that the library writes,
 *    but for the file of a new private key. Where a pkcs11: URI has a PIN in it
 *    (pin-value), messages have "pin-value=..." in its place.
 *
 * What it cannot promise: OpenSSL's key objects, and what a PKCS#11 module holds, are in
 * their heaps, and a key at work is on the stack and in registers. The program alone may
 * keep these out of core dumps, since that takes settings of the whole process:
 * ms_forbid_core_dumps(), which modseal calls first of all.
 */

#include <modseal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes @size bytes of zeroed memory for a secret, in pages that core dumps leave out.
 * NULL where there is none. Give it back with ms_secret_free() and the same @size.
 */
MS_PUBLIC void *ms_secret_new(size_t size);

/** Wipes and frees @secret, which may be NULL. Returns NULL. */
MS_PUBLIC void *ms_secret_free(void *secret, size_t size);

/**
 * Reads a passphrase or PIN from the file or pipe @path, as ms_secret_fn has to: at most
 * @size bytes to @buffer, without the newline at the end. What is neither a regular file
 * nor a pipe is refused. Waiting for a pipe ends with ms_ctx_cancel(), or after a few
 * seconds where nobody has opened it for writing. Warns of a file that all users can
 * open.
 *
 * Returns the number of bytes, or -EMSGSIZE where there are more; -ETIMEDOUT nobody
 * writes to the pipe; -EINVAL no file or pipe; -ECANCELED; errors of open and read.
 */
MS_PUBLIC int ms_secret_read_file(struct ms_ctx *ctx, const char *path, char *buffer,
				  size_t size);

/** True where @name is a pkcs11: URI (RFC 7512) and no path. */
MS_PUBLIC bool ms_is_pkcs11(const char *name);

/**
 * True where @text has a PIN in it as pkcs11: URIs have: the attribute pin-value, in
 * upper or lower case, percent-encoded or not. Such a text belongs into no file, no
 * message and no argument list; pin-source in its place names a file with the PIN.
 */
MS_PUBLIC bool ms_holds_pin(const char *text);

/**
 * Copies @text with "..." for the value of each pin-value. Returns a string to free(),
 * NULL where there is no memory.
 */
MS_PUBLIC char *ms_without_pin(const char *text);

/**
 * Keeps the memory of this process out of core dumps and from other processes of the same
 * user: no core file is written (PR_SET_DUMPABLE, RLIMIT_CORE), and what root takes by
 * gcore has no heap and no stack in it (/proc/self/coredump_filter); the registers, of
 * which a key at work may fill some, it has. Of the three, child processes inherit
 * RLIMIT_CORE and the filter.
 *
 * For the main() of a program that holds keys, before it reads one; never called by the
 * library. Debuggers, strace of another user than root, and LeakSanitizer, which attach
 * to the process, no longer can. 0, or -errno of what could not be set.
 */
MS_PUBLIC int ms_forbid_core_dumps(void);

#ifdef __cplusplus
}
#endif
#endif
