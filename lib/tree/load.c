/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A module comes into memory: its file, and what that unpacks to.
 *
 * A file of a few kilobytes may unpack to all that a run allows. So that a run does not
 * need that much for every core, of modules that are large there is one in memory at a time:
 * who meets one waits for its turn, and gives the memory back.
 */

#include <errno.h>

#include "../base/context.h"
#include "../codec/codec.h"
#include "engine.h"

enum { LARGE = 32 << 20 }; /* bytes; of a distribution's modules hardly any has as many */

static int read_file(struct ms_ctx *ctx, struct ms_job *job, uint64_t most,
		     struct stat *ret_stat)
{
	struct ms_entry *entry = job->entry;
	struct ms_dirfd dir = MS_DIRFD_INIT;
	int r = ms_directory_open(ctx, job->tree, entry->dir, &dir);

	if (r == 0)
		r = ms_file_read_at(ctx, dir.fd, entry->name, entry->path, true, most,
				    &job->worker->file, ret_stat);
	ms_directory_close(&dir);
	if (r < 0)
		return r;
	entry->item.size = job->worker->file.len;
	entry->item.compression =
		ms_codec_detect(job->worker->file.data, job->worker->file.len);
	entry->item.have_file = true;
	return 0;
}

static int load(struct ms_ctx *ctx, struct ms_job *job, uint64_t most,
		struct stat *ret_stat)
{
	struct ms_worker *worker = job->worker;
	int r;

	ms_buf_clear(&worker->file);
	ms_buf_clear(&worker->unpacked);
	r = read_file(ctx, job, most, ret_stat);
	if (r < 0)
		return r;
	r = ms_module_read(ctx, &worker->file, &worker->unpacked, most, &job->module);
	return r < 0 && r != -ENOTUNIQ ? ms_fail_prefix(ctx, r, "cannot unpack '%s'",
							job->entry->path)
				       : r;
}

int ms_job_load(struct ms_ctx *ctx, struct ms_job *job, pthread_mutex_t *turn,
		struct stat *ret_stat)
{
	uint64_t most = job->tree->options.max_size;
	int r = load(ctx, job, most < LARGE ? most : LARGE, ret_stat);

	if (r != -EFBIG || most <= LARGE)
		return r;
	pthread_mutex_lock(turn);
	job->worker->has_turn = true;
	return load(ctx, job, most, ret_stat);
}

void ms_worker_done(struct ms_worker *worker)
{
	ms_buf_done(&worker->file);
	ms_buf_done(&worker->unpacked);
	ms_buf_done(&worker->packed);
	ms_buf_done(&worker->tail);
	ms_buf_done(&worker->scratch);
}

void ms_job_unload(struct ms_job *job, pthread_mutex_t *turn)
{
	if (!job->worker->has_turn)
		return;
	ms_worker_done(job->worker);
	job->worker->has_turn = false;
	pthread_mutex_unlock(turn);
}
