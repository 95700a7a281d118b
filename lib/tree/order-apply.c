/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A tree's modules, found in an order. What the build calls "fs/ext4/ext4" is installed as
 * "kernel/fs/ext4/ext4", and there is a directory "kernel" in the source too; so it is not
 * decided line by line whether a "kernel/" is meant, but once for the whole order: by the
 * reading under which the most lines find a module.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "order.h"

static const char prefix[] = "kernel/";

/* How a line's name becomes the tree's. */
enum reading {
	AS_IT_IS,
	WITH_PREFIX,
	WITHOUT_PREFIX,
	READINGS,
};

struct name {
	char *text; /* the module's path without compression suffix */
	size_t entry;
};

struct names {
	struct name *list; /* sorted */
	size_t n;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i].text);
	free(names->list);
}

char *ms_order_path(const struct ms_entry *entry)
{
	static const char *const suffixes[] = { ".gz", ".xz", ".zst" };
	char *path = strdup(entry->item.relpath);

	for (size_t i = 0; path && i < 3; i++) {
		if (!ms_ends_with(path, suffixes[i]))
			continue;
		path[strlen(path) - strlen(suffixes[i])] = '\0';
		break;
	}
	return path;
}

size_t ms_order_modules(const struct ms_tree *tree)
{
	size_t n = 0;

	for (size_t i = 0; i < tree->n_entries; i++)
		n += tree->entries[i].name != NULL;
	return n;
}

static int compare_names(const void *left, const void *right)
{
	const struct name *a = left, *b = right;

	return strcmp(a->text, b->text);
}

static int name_all(struct ms_ctx *ctx, const struct ms_tree *tree, struct names *names)
{
	names->list = calloc(tree->n_entries + 1, sizeof(*names->list));
	if (!names->list)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < tree->n_entries; i++) {
		char *text;

		if (!tree->entries[i].name)
			continue;
		text = ms_order_path(&tree->entries[i]);
		if (!text)
			return ms_fail_nomem(ctx);
		names->list[names->n++] = (struct name){ text, i };
	}
	if (names->n)
		qsort(names->list, names->n, sizeof(*names->list), compare_names);
	for (size_t i = 1; i < names->n; i++)
		if (!compare_names(&names->list[i - 1], &names->list[i]))
			return ms_fail(ctx, -EBADMSG,
				       "'%s' and '%s' are the same module to the order",
				       tree->entries[names->list[i - 1].entry].path,
				       tree->entries[names->list[i].entry].path);
	return 0;
}

/* The text of the line as the tree would have it; NULL: it has none in this reading. */
static const char *read_line(const char *name, enum reading reading, struct ms_buf *buf)
{
	size_t len = sizeof(prefix) - 1;

	if (reading == WITHOUT_PREFIX)
		return strncmp(name, prefix, len) == 0 ? name + len : NULL;
	if (reading == AS_IT_IS)
		return name;
	ms_buf_clear(buf);
	if (ms_buf_printf(buf, "%s%s", prefix, name) < 0 || ms_buf_append(buf, "", 1) < 0)
		return NULL;
	return (const char *)buf->data;
}

static const struct name *find(const struct names *names, const char *line,
			       enum reading reading, struct ms_buf *buf)
{
	const char *text = read_line(line, reading, buf);
	struct name key = { (char *)(uintptr_t)text, 0 };

	if (!text || !names->n)
		return NULL;
	return bsearch(&key, names->list, names->n, sizeof(key), compare_names);
}

static enum reading best_reading(const struct ms_order *order, const struct names *names,
				 struct ms_buf *buf)
{
	enum reading best = AS_IT_IS;
	size_t most = 0;

	for (int reading = 0; reading < READINGS; reading++) {
		size_t found = 0;

		for (size_t i = 0; i < order->count; i++)
			found += find(names, order->lines[i].name, (enum reading)reading,
				      buf) != NULL;
		if (found > most) {
			most = found;
			best = (enum reading)reading;
		}
	}
	return best;
}

static int place_all(struct ms_ctx *ctx, const struct ms_order *order,
		     const struct ms_tree *tree, const struct names *names,
		     uint32_t *positions)
{
	_cleanup_(ms_buf_done) struct ms_buf buf = { 0 };
	_cleanup_free_ bool *placed = calloc(tree->n_entries + 1, sizeof(*placed));
	enum reading reading = best_reading(order, names, &buf);

	if (!placed)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < order->count; i++) {
		const struct ms_order_line *line = &order->lines[i];
		const struct name *name = find(names, line->name, reading, &buf);

		if (!name)
			return ms_fail(ctx, -EBADMSG,
				       "%s:%zu: there is no module '%s' in the tree",
				       order->shown, line->number + 1, line->name);
		positions[name->entry] = (uint32_t)line->number;
		placed[name->entry] = true;
	}
	for (size_t i = 0; i < names->n; i++)
		if (!placed[names->list[i].entry])
			return ms_fail(ctx, -EBADMSG, "'%s' is not in '%s'",
				       tree->entries[names->list[i].entry].path,
				       order->shown);
	return 0;
}

int ms_order_apply(struct ms_ctx *ctx, const struct ms_tree *tree,
		   const struct ms_order *order, uint32_t **ret)
{
	_cleanup_(names_done) struct names names = { 0 };
	_cleanup_free_ uint32_t *positions = calloc(tree->n_entries + 1,
						    sizeof(*positions));
	int r;

	if (!positions)
		return ms_fail_nomem(ctx);
	if (tree->n_entries > UINT32_MAX)
		return ms_fail(ctx, -E2BIG, "more modules than there are positions");
	r = name_all(ctx, tree, &names);
	if (r == 0 && order)
		r = place_all(ctx, order, tree, &names, positions);
	if (r < 0)
		return r;
	for (size_t i = 0; !order && i < names.n; i++)
		positions[names.list[i].entry] = (uint32_t)i;
	*ret = ms_steal(&positions);
	return 0;
}
