/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading modules.order. The build writes "drivers/net/a.o" into it (".ko" before Linux
 * 6.3), modules_install "kernel/drivers/net/a.ko". Any line that is something else is
 * refused: a position that was counted wrong is a root that no kernel has.
 */

#include "order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/room.h"
#include "../base/text.h"
#include "../manifest/manifest.h"

enum { MAX_ORDER = 1 << 28, MAX_LINE = 4096 };

MS_DEFINE_CLEANUP(order_cleanup, struct ms_order *, ms_order_free)

struct ms_order *ms_order_free(struct ms_order *order)
{
	if (!order)
		return NULL;
	for (size_t i = 0; i < order->count; i++)
		free(order->lines[i].name);
	free(order->lines);
	free(order->shown);
	free(order);
	return NULL;
}

size_t ms_order_count(const struct ms_order *order)
{
	return order->count;
}

/* What is wrong with the line; NULL: nothing. */
static const char *fault_of(const char *line, size_t len, bool ended)
{
	if (!ended)
		return "no newline at the end";
	if (len == 0)
		return "an empty line";
	if (len > MAX_LINE)
		return "the line is too long";
	if (memchr(line, '\0', len))
		return "a NUL byte";
	if (line[len - 1] == '\r')
		return "a carriage return at the end";
	return NULL;
}

/* Makes ".o" to ".ko", for which there is room. False: no name of either. */
static bool name_as_module(char *name)
{
	char *end = name + strlen(name);

	if (ms_ends_with(name, ".o")) {
		memcpy(end - strlen(".o"), ".ko", sizeof(".ko"));
		end++;
	}
	return ms_ends_with(name, ".ko") && end - name > 3 && end[-4] != '/';
}

static int add_line(struct ms_ctx *ctx, struct ms_order *order, const char *line,
		    size_t len, bool ended)
{
	const char *fault = fault_of(line, len, ended);
	_cleanup_free_ char *name = NULL;
	struct ms_order_line *lines;

	if (!fault && !(name = calloc(len + 2, 1)))
		return ms_fail_nomem(ctx);
	if (!fault)
		memcpy(name, line, len);
	if (!fault && !ms_manifest_path_ok(name))
		fault = "an absolute path, or one with empty, '.' or '..' parts";
	if (!fault && !name_as_module(name))
		fault = "no path of a module (.ko or .o)";
	if (fault)
		return ms_fail(ctx, -EBADMSG, "%s:%zu: %s", order->shown,
			       order->count + 1, fault);
	lines = ms_room(order->lines, order->count, &order->capacity, sizeof(*lines));
	if (!lines)
		return ms_fail_nomem(ctx);
	order->lines = lines;
	order->lines[order->count].number = order->count;
	order->lines[order->count++].name = ms_steal(&name);
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct ms_order_line *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->number > b->number) - (a->number < b->number);
}

static int sort(struct ms_ctx *ctx, struct ms_order *order)
{
	if (order->count)
		qsort(order->lines, order->count, sizeof(*order->lines), compare);
	for (size_t i = 1; i < order->count; i++)
		if (!strcmp(order->lines[i - 1].name, order->lines[i].name))
			return ms_fail(ctx, -EBADMSG, "%s:%zu: '%s' is in line %zu already",
				       order->shown, order->lines[i].number + 1,
				       order->lines[i].name,
				       order->lines[i - 1].number + 1);
	return 0;
}

static int parse(struct ms_ctx *ctx, const struct ms_buf *file, struct ms_order *order)
{
	const char *text = (const char *)file->data;
	size_t left = file->len;

	while (left) {
		const char *end = memchr(text, '\n', left);
		size_t len = end ? (size_t)(end - text) : left;
		int r = add_line(ctx, order, text, len, end != NULL);

		if (r < 0)
			return r;
		text += len + 1;
		left -= len + 1;
	}
	return sort(ctx, order);
}

int ms_order_read(struct ms_ctx *ctx, const char *path, struct ms_order **ret)
{
	_cleanup_(order_cleanup) struct ms_order *order = calloc(1, sizeof(*order));
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	int r;

	if (!order || !(order->shown = strdup(path)))
		return ms_fail_nomem(ctx);
	r = ms_file_read(ctx, path, MAX_ORDER, &file);
	if (r == 0)
		r = parse(ctx, &file, order);
	if (r == 0)
		*ret = ms_steal(&order);
	return r;
}
