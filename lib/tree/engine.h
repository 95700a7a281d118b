/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_ENGINE_H
#define MS_TREE_ENGINE_H

/* Doing one thing to every module of a tree, on every core, as one transaction. */

#include <pthread.h>

#include "tree.h"

/** Memory that a thread uses again for each module. */
struct ms_worker {
	struct ms_buf file;     /* as it is on disk */
	struct ms_buf unpacked;
	struct ms_buf packed;   /* the new file, where it is packed */
	struct ms_buf tail;     /* what comes behind the bytes kept */
	struct ms_buf scratch;  /* for the operation */
	bool has_turn;		/* it holds a large module, and no other one does */
};

void ms_worker_done(struct ms_worker *worker);

/** One module at work. */
struct ms_job {
	struct ms_tree *tree;
	struct ms_worker *worker;
	struct ms_entry *entry;
	struct ms_module module;

	/* the change: so many unpacked bytes kept, and worker->tail behind them */
	bool change;
	size_t keep;
};

/**
 * Reads and unpacks the job's module; where it is large, when it is its turn, which lasts
 * until ms_job_unload(), also after an error. -ENOTUNIQ: a packed file that two readers
 * would read in two ways; the message of that has no prefix.
 */
int ms_job_load(struct ms_ctx *ctx, struct ms_job *job, pthread_mutex_t *turn,
		struct stat *ret_stat);
void ms_job_unload(struct ms_job *job, pthread_mutex_t *turn);

/**
 * An operation's part for one module, called from many threads: sets the item's outcome
 * and what it found, and the change it wants. A negative return fails the item with the
 * message in @ctx.
 */
typedef int (*ms_op_fn)(struct ms_ctx *ctx, struct ms_job *job, void *userdata);

struct ms_op {
	const char *verb;  /* "sign", for messages */
	ms_op_fn fn;
	ms_op_fn doubtful; /* for a packed file that two readers would read in two ways:
			      the message is in the context, the module not there;
			      NULL: such an item fails */
	void *userdata;
	bool by_inode;     /* once for all names of an inode, instead of once for each */
	bool writes;       /* its changes are carried out; needs by_inode */
};

/**
 * Runs @op over the tree, and commits what it changed where op->writes. Errors: of the
 * run as a whole; then nothing was renamed, or the message says how far it came.
 */
int ms_engine_run(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_op *op);

/** Sets the item's message, formatted, to "'PATH': ...". */
__attribute__((format(printf, 3, 4))) int ms_job_say(struct ms_ctx *ctx,
						     struct ms_job *job,
						     const char *format, ...);

/**
 * What operations that judge do with a doubtful file. It is not exactly one stream:
 * decoders disagree about it, so it has no content that could be trusted. One that nobody
 * can unpack has no verdict instead: it is undecided.
 */
int ms_job_doubtful(struct ms_ctx *ctx, struct ms_job *job, void *userdata);

/** Lets another operation run over the tree; its outcomes replace those there are. */
void ms_engine_again(struct ms_tree *tree);

/** Would the kernel load the first @len unpacked bytes, is the item's elf about those. */
void ms_job_loads(struct ms_job *job, size_t len);

/** Hands a judgement's findings over to the item. The judgement is empty then. */
void ms_job_judged(struct ms_job *job, struct ms_judgement *judgement);

#endif
