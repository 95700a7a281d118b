/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_BASE_H
#define MODSEAL_BASE_H

/*
 * What every part of libmodseal's interface shares: the context, in which
 * messages travel, and the manner of reporting errors.
 *
 * Every function that can fail returns 0 or a negative errno value. The message
 * that a person needs (what, which file, which offset) is in the context then.
 * The library never prints and never exits.
 *
 * Where an answer has more outcomes than yes and no, the return value tells only
 * whether the question could be answered; the answer is in a ret_ parameter,
 * which is written on success only and whose zero value means "undecided".
 *
 * A struct that programs allocate begins with its size, and zero is the default of all
 * its other members:
 *
 *	struct ms_tree_options options = { sizeof(options) };
 *	options.jobs = 1;
 *
 * So members can be added at its end: programs that were built before go on working, and
 * a newer one is told -E2BIG where it sets a member that the library does not know. In an
 * array all elements have the same size. A size of 0 is -EINVAL. What the library
 *allocates is read through pointers or by functions, and may grow as well.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_PUBLIC __attribute__((visibility("default")))

/**
 * A context: the last error's message and hint, and where warnings go.
 *
 * One context is used by one thread at a time; a thread of its own takes a
 * context of its own from ms_ctx_fork().
 */
struct ms_ctx;

enum ms_log_level {
	MS_LOG_WARNING, /* shown unless asked to be quiet */
	MS_LOG_INFO,    /* shown when asked to be verbose */
};

/**
 * Takes a message that is no error. @text has no newline at its end, and may hold
 * bytes that came from a file: escape them before a terminal sees them. Calls are
 * never concurrent, but come from any of the library's threads.
 */
typedef void (*ms_log_fn)(void *userdata, enum ms_log_level level, const char *text);

/** Returns a new context, NULL where there is no memory. Free with ms_ctx_free(). */
MS_PUBLIC struct ms_ctx *ms_ctx_new(void);

/**
 * Returns a context for another thread. It shares the log function and the
 * cancellation with @ctx, which must outlive it, and has messages of its own.
 * NULL where there is no memory.
 */
MS_PUBLIC struct ms_ctx *ms_ctx_fork(struct ms_ctx *ctx);

/** Frees @ctx, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_ctx *ms_ctx_free(struct ms_ctx *ctx);

/** Sends warnings and information to @fn; NULL drops them, as a new context does. */
MS_PUBLIC void ms_ctx_set_log(struct ms_ctx *ctx, ms_log_fn fn, void *userdata);

/**
 * The message of the last call that failed, without a newline; "" if none did.
 * Owned by @ctx, valid until its next call fails. May hold bytes from a file.
 */
MS_PUBLIC const char *ms_ctx_message(const struct ms_ctx *ctx);

/**
 * The command or step that would mend the last failure, NULL where none is known. Names
 * in it are quoted for a shell, so that a command can be pasted.
 */
MS_PUBLIC const char *ms_ctx_hint(const struct ms_ctx *ctx);

/**
 * Asks every call at work in @ctx and its forks to end with -ECANCELED as soon as
 * it can, leaving every file as it was. Safe to call from a signal handler.
 */
MS_PUBLIC void ms_ctx_cancel(struct ms_ctx *ctx);

/** The version of the library that runs, such as "0.1.0". */
MS_PUBLIC const char *ms_version(void);

/**
 * Writes @path as UTF-8, for text and for formats that are text: bytes that are not part
 * of valid UTF-8 become %XX, and a '%' that could be mistaken for such an escape becomes
 * %25. Returns a string to free(), NULL where there is no memory.
 */
MS_PUBLIC char *ms_path_to_utf8(const char *path);

/**
 * Writes @text to the file @path, which appears whole or, on failure, stays as it was. A
 * new one gets mode 0666 less the umask. @sync: it is on disk when this returns. Of a link
 * the file that it leads to is replaced; a device or pipe is written to.
 */
MS_PUBLIC int ms_text_save(struct ms_ctx *ctx, const char *path, const void *text,
			   size_t len, bool sync);

/** A directory for a process to work in. It goes with ms_workdir_free(). */
struct ms_workdir;

/** A file that several are written with; see ms_files_save(). */
struct ms_saved_file {
	size_t size; /* sizeof(struct ms_saved_file) */
	const char *path;
	const void *data;
	size_t len;
	uint32_t mode; /* of a new one, less the umask; @exact: of every one */
	bool exact;
	const char *from; /* or NULL. Instead of all that: the file of this name in @work,
			     which is moved as it is */
	const struct ms_workdir *work; /* on the same file system */
	bool as_it_was; /* @path is to be the file that it was when @work was made beside
			   it, or it is -EBUSY */
	const char *keep_as; /* what is there keeps this name, in the same directory; or
				NULL */
};

/**
 * Writes files that nobody has named but by another one's name: all of them or none. A
 * link in the place of one is replaced and never followed; anything but a file or link
 * there is -EINVAL. Killed in its midst it is undone or finished by the next call of a
 * function that writes to one of these directories, or by ms_files_recover().
 *
 * Where all have their names and only syncing them failed, they keep them; the message
 * says so.
 */
MS_PUBLIC int ms_files_save(struct ms_ctx *ctx, const struct ms_saved_file *files,
			    size_t n, bool sync);

/** How an interrupted run ended. */
enum ms_recovery {
	MS_RECOVERY_UNDECIDED = 0,
	MS_RECOVERY_NOTHING,  /* there was none */
	MS_RECOVERY_UNDONE,   /* nothing is left of the run: all is as it was before */
	MS_RECOVERY_FINISHED, /* everything is as the run wanted it */
	MS_RECOVERY_PARTLY,   /* finished, but what others changed since is left */
};

/**
 * Ends what runs that were killed have left in the directory @path, or in that of the
 * file @path: files that are written together, and temporary ones. Of modules and key
 * stores see ms_recover(). What a run at work has stays, with a warning.
 *
 * Errors: as those of opening; -EPERM what was left is another user's to end; -ESTALE it
 * is in a directory that is not there, or what it had made has gone; -EBADMSG what says
 * how to end it is not modseal's.
 */
MS_PUBLIC int ms_files_recover(struct ms_ctx *ctx, const char *path,
			       enum ms_recovery *ret);

/** Makes one, mode 0700, beside the file @path. */
MS_PUBLIC int ms_workdir_new(struct ms_ctx *ctx, const char *path,
			     struct ms_workdir **ret);

/**
 * Where it was made, for paths into it that are only read by what holds it: see
 * ms_tree_options. Whoever may write in the directory above can put another one there.
 */
MS_PUBLIC const char *ms_workdir_path(const struct ms_workdir *dir);

/** The directory itself, open; it stays @dir's. */
MS_PUBLIC int ms_workdir_fd(const struct ms_workdir *dir);

/** Removes @dir, which may be NULL, with what is in it. Returns NULL. */
MS_PUBLIC struct ms_workdir *ms_workdir_free(struct ms_workdir *dir);

/**
 * Reads the file or pipe @path whole, of at most @max_size bytes; a NUL follows them in
 * memory. Waiting for a pipe ends with ms_ctx_cancel(), or after a few seconds where
 * nobody has opened it for writing. @ret_text: to free(). @ret_len may be NULL.
 *
 * Errors: those of open and read; -EISDIR, -EINVAL no file or pipe; -EFBIG larger;
 * -ETIMEDOUT nobody writes to the pipe; -ECANCELED.
 */
MS_PUBLIC int ms_text_load(struct ms_ctx *ctx, const char *path, size_t max_size,
			   char **ret_text, size_t *ret_len);

/**
 * Escapes control characters (and invalid UTF-8) in @text as \xXX, \n, \t, so that
 * a terminal shows them and does not obey them. Returns a string to free(), NULL
 * where there is no memory.
 */
MS_PUBLIC char *ms_text_escape(const char *text);

#ifdef __cplusplus
}
#endif
#endif
