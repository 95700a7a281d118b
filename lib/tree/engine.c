/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The engine: reads, opens, has the operation done, packs and stages; on every core, the
 * largest modules first, each thread with memory of its own that it keeps.
 *
 * An item that fails is reported and stops no other. Once one has failed in a way that
 * forbids the commit, no more files are made, but all modules are still looked at, so
 * that one run tells all that is wrong. Only the cancellation ends a run early.
 *
 * Memory: a thread holds one module's file, its unpacked bytes and its new packed bytes
 * at a time, of which one is large (load.c); nothing of a module outlives its turn.
 */

#include "engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/queue.h"
#include "transaction/transaction.h"

struct run {
	struct ms_tree *tree;
	const struct ms_op *op;
	struct ms_worker *workers;
	atomic_bool blocked; /* nothing will be committed */
	pthread_mutex_t turn; /* of the one who has a large module in memory */

	pthread_mutex_t lock; /* of what follows */
	uint64_t done, total;
	size_t items_done, items;
	int64_t told; /* when the progress was last told, milliseconds */
};

enum { PROGRESS_INTERVAL = 50 }; /* milliseconds */

int ms_job_say(struct ms_ctx *ctx, struct ms_job *job, const char *format, ...)
{
	struct ms_item *item = &job->entry->item;
	_cleanup_free_ char *text = NULL;
	va_list args;
	int n;

	free(item->message);
	item->message = NULL;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0 || asprintf(&item->message, "'%s': %s", item->path, text) < 0) {
		item->message = NULL;
		return ms_fail_nomem(ctx);
	}
	return 0;
}

/* Puts @texts in the place of the item's warnings. */
static void take_warnings(struct ms_item *item, struct ms_texts *texts)
{
	struct ms_texts old = { item->warnings, item->n_warnings };

	ms_texts_done(&old);
	item->warnings = texts->texts;
	item->n_warnings = texts->n;
	*texts = (struct ms_texts){ 0 };
}

static int copy_warnings(struct ms_item *b, const struct ms_item *a)
{
	struct ms_texts copy = { 0 };
	int r = 0;

	for (size_t i = 0; i < a->n_warnings && r == 0; i++)
		r = ms_texts_printf(&copy, "%s", a->warnings[i]);
	if (r == 0)
		take_warnings(b, &copy);
	ms_texts_done(&copy);
	return r;
}

void ms_job_judged(struct ms_job *job, struct ms_judgement *judgement)
{
	struct ms_item *item = &job->entry->item;

	free(item->vouched_by);
	free(item->reason);
	item->verdict = judgement->verdict;
	item->verdict_errno = judgement->error;
	item->vouched = judgement->vouched;
	item->vouched_by = ms_steal(&judgement->vouched_by);
	item->reason = ms_steal(&judgement->reason);
	take_warnings(item, &judgement->warnings);
	ms_judgement_done(judgement);
}

void ms_job_loads(struct ms_job *job, size_t len)
{
	job->entry->item.elf = ms_module_is_elf(&job->module, len);
}

/* Does that outcome forbid the commit? */
static bool is_blocking(enum ms_outcome outcome)
{
	return outcome == MS_OUTCOME_UNDECIDED || outcome == MS_OUTCOME_MISSING ||
	       outcome == MS_OUTCOME_NOT_TRUSTED;
}

static void note_content(struct ms_job *job)
{
	struct ms_module *module = &job->module;
	struct ms_item *item = &job->entry->item;

	item->have_content = true;
	item->kernel_decompress = module->kernel_decompress;
	item->elf = ms_module_is_elf(module, ms_module_loadable(module).len);
}

static void note_sha256(struct ms_job *job)
{
	const struct ms_payload *payload = &job->module.payload;
	struct ms_item *item = &job->entry->item;

	if (!(payload->known & 1u << MS_HASH_SHA256))
		return;
	memcpy(item->payload_sha256, payload->digest[MS_HASH_SHA256], 32);
	item->have_payload_sha256 = true;
}

/* A change that gives the bytes that are there already is none. */
static void drop_empty_change(struct ms_job *job)
{
	const struct ms_module *module = &job->module;
	const struct ms_buf *tail = &job->worker->tail;

	if (!job->change || job->tree->options.dry_run || job->keep > module->len ||
	    module->len - job->keep != tail->len ||
	    (tail->len && memcmp(module->data + job->keep, tail->data, tail->len)))
		return;
	job->change = false;
	job->entry->item.outcome = MS_OUTCOME_UNCHANGED;
}

/* The bytes of the new file: those of the old one under -o, where nothing changes. */
static int make_bytes(struct ms_ctx *ctx, struct ms_job *job, struct iovec iov[2],
		      int *ret_n)
{
	struct ms_worker *worker = job->worker;
	int r;

	if (!job->change) {
		iov[0] = (struct iovec){ worker->file.data, worker->file.len };
		*ret_n = 1;
		return 0;
	}
	r = ms_module_pack(ctx, &job->module, job->keep, &worker->tail,
			   job->tree->options.level, &worker->packed, iov, ret_n);
	return r < 0 ? ms_fail_prefix(ctx, r, "cannot pack '%s'", job->entry->path) : 0;
}

static int carry_out(struct ms_ctx *ctx, struct run *run, struct ms_job *job,
		     const struct stat *st)
{
	struct ms_entry *entry = job->entry;
	bool wanted =
		job->change || (run->tree->output && !is_blocking(entry->item.outcome));
	struct iovec iov[2];
	int n, r;

	if (!wanted)
		return 0;
	if (run->tree->options.dry_run || run->blocked)
		r = ms_transaction_check_links(ctx, run->tree, entry, st);
	else if ((r = make_bytes(ctx, job, iov, &n)) == 0)
		r = ms_transaction_stage(ctx, run->tree, entry, st, iov, n);
	if (r == 0)
		entry->wanted = true;
	return r;
}

static int do_module(struct ms_ctx *ctx, struct run *run, struct ms_job *job,
		     const struct stat *st)
{
	const struct ms_op *op = run->op;
	int r;

	note_content(job);
	r = op->fn(ctx, job, op->userdata);
	if (r < 0)
		return ms_fail_prefix(ctx, r, "cannot %s '%s'", op->verb,
				      job->entry->path);
	note_sha256(job);
	drop_empty_change(job);
	return op->writes ? carry_out(ctx, run, job, st) : 0;
}

static int do_entry(struct ms_ctx *ctx, struct run *run, struct ms_job *job)
{
	struct ms_worker *worker = job->worker;
	struct stat st;
	int r;

	ms_buf_clear(&worker->packed);
	ms_buf_clear(&worker->tail);
	ms_buf_clear(&worker->scratch);
	r = ms_job_load(ctx, job, &run->turn, &st);
	if (r == 0)
		r = do_module(ctx, run, job, &st);
	else if (r == -ENOTUNIQ && run->op->doubtful)
		r = run->op->doubtful(ctx, job, run->op->userdata);
	else if (r == -ENOTUNIQ)
		r = ms_fail_prefix(ctx, r, "cannot unpack '%s'", job->entry->path);
	ms_job_unload(job, &run->turn);
	return r;
}

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell_progress(struct run *run, const struct ms_entry *entry)
{
	const struct ms_tree_options *options = &run->tree->options;

	pthread_mutex_lock(&run->lock);
	run->done += entry->item.size < run->total - run->done ? entry->item.size
							       : run->total - run->done;
	run->items_done++;
	if (options->progress && (run->items_done == run->items ||
				  milliseconds() - run->told >= PROGRESS_INTERVAL)) {
		options->progress(options->progress_userdata, run->done, run->total,
				  run->items_done, run->items);
		run->told = milliseconds();
	}
	pthread_mutex_unlock(&run->lock);
}

static int work(struct ms_ctx *ctx, unsigned worker, size_t index, void *userdata)
{
	struct run *run = userdata;
	struct ms_job job = {
		.tree = run->tree,
		.worker = &run->workers[worker],
		.entry = &run->tree->entries[index],
	};
	int r;

	ms_fail_clear(ctx);
	if (job.entry->name) {
		r = do_entry(ctx, run, &job);
		if (r == -ECANCELED)
			return r;
		if (r < 0)
			ms_entry_fail(ctx, job.entry, r);
	}
	if (is_blocking(job.entry->item.outcome) && !run->tree->options.keep_going)
		run->blocked = true;
	tell_progress(run, job.entry);
	return 0;
}

static int compare_sizes(const void *a, const void *b, void *userdata)
{
	const struct ms_entry *entries = userdata;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	if (entries[i].item.size != entries[j].item.size)
		return entries[i].item.size > entries[j].item.size ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* The entries to be worked on, the largest first. */
static size_t make_order(struct run *run, size_t *order)
{
	struct ms_tree *tree = run->tree;
	size_t n = 0;

	for (size_t i = 0; i < tree->n_entries; i++) {
		if (run->op->by_inode && tree->entries[i].leader != i)
			continue;
		order[n++] = i;
		run->total += tree->entries[i].item.size;
	}
	qsort_r(order, n, sizeof(*order), compare_sizes, tree->entries);
	run->items = n;
	return n;
}

static int copy_text(char **to, const char *from)
{
	free(*to);
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

/* What became of an inode became of all its names. */
static int copy_result(struct ms_ctx *ctx, const struct ms_entry *from,
		       struct ms_entry *to)
{
	const struct ms_item *a = &from->item;
	struct ms_item *b = &to->item;

	to->wanted = from->wanted;
	b->outcome = a->outcome;
	b->error = a->error;
	b->size = a->size;
	b->have_file = a->have_file;
	b->have_content = a->have_content;
	b->elf = a->elf;
	b->compression = a->compression;
	b->kernel_decompress = a->kernel_decompress;
	b->have_payload_sha256 = a->have_payload_sha256;
	memcpy(b->payload_sha256, a->payload_sha256, sizeof(b->payload_sha256));
	b->verdict = a->verdict;
	b->verdict_errno = a->verdict_errno;
	b->vouched = a->vouched;
	if (copy_text(&b->message, a->message) < 0 || copy_text(&b->hint, a->hint) < 0 ||
	    copy_text(&b->vouched_by, a->vouched_by) < 0 ||
	    copy_text(&b->reason, a->reason) < 0 || copy_warnings(b, a) < 0)
		return ms_fail_nomem(ctx);
	return ms_signature_list_copy(ctx, a->signatures, &b->signatures);
}

static int copy_results(struct ms_ctx *ctx, struct ms_tree *tree)
{
	int r = 0;

	for (size_t i = 0; i < tree->n_entries && r == 0; i++)
		if (tree->entries[i].leader != i)
			r = copy_result(ctx, &tree->entries[tree->entries[i].leader],
					&tree->entries[i]);
	return r;
}

static void roll_back(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].wanted &&
		    !is_blocking(tree->entries[i].item.outcome))
			tree->entries[i].item.outcome = MS_OUTCOME_ROLLED_BACK;
}

static void warn_dropped(struct ms_ctx *ctx, const struct ms_dropped *d)
{
	static const char text[] = "%s is not kept where the content changes "
				   "(%zu files, '%s' for one)";

	if (d->ima)
		ms_warn(ctx, text, "security.ima", d->ima, d->ima_path);
	if (d->evm)
		ms_warn(ctx, text, "security.evm", d->evm, d->evm_path);
	if (d->other)
		ms_warn(ctx, "some xattrs could not be copied (%zu files, '%s' for one)",
			d->other, d->other_path);
}

/* Ends the transaction after the work, of which @r is the result. */
static int conclude(struct ms_ctx *ctx, struct run *run, int r)
{
	struct ms_tree *tree = run->tree;
	bool committed = false;

	if (r == 0 && !run->blocked)
		r = ms_transaction_commit(ctx, tree, &committed);
	else
		ms_transaction_abort(ctx, tree);
	if (committed)
		warn_dropped(ctx, &tree->dropped);
	else
		roll_back(tree);
	return r;
}

static int run_queue(struct ms_ctx *ctx, struct run *run)
{
	struct ms_tree *tree = run->tree;
	_cleanup_free_ size_t *order = calloc(tree->n_entries + 1, sizeof(*order));
	size_t n;

	if (!order)
		return ms_fail_nomem(ctx);
	n = make_order(run, order);
	return ms_queue_run(ctx, tree->options.jobs, order, n, work, run);
}

static void workers_free(struct ms_worker *workers, unsigned n)
{
	for (unsigned i = 0; workers && i < n; i++)
		ms_worker_done(&workers[i]);
	free(workers);
}

void ms_engine_again(struct ms_tree *tree)
{
	tree->used = false;
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].name)
			tree->entries[i].item.outcome = MS_OUTCOME_UNDECIDED;
}

int ms_engine_run(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_op *op)
{
	struct run run = {
		.tree = tree,
		.op = op,
		.turn = PTHREAD_MUTEX_INITIALIZER,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	bool writes = op->writes && !tree->options.dry_run;
	int r;

	if (tree->used)
		return ms_fail(ctx, -EINVAL, "this tree had its operation");
	tree->used = true;
	r = writes ? ms_transaction_begin(ctx, tree) : 0;
	if (r < 0)
		return r;
	run.workers = calloc(tree->options.jobs, sizeof(*run.workers));
	r = run.workers ? run_queue(ctx, &run) : ms_fail_nomem(ctx);
	workers_free(run.workers, tree->options.jobs);
	if (r == 0 && op->by_inode)
		r = copy_results(ctx, tree);
	return writes ? conclude(ctx, &run, r) : r;
}
