/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The walk over BER data by a schema, with the habits of Linux's decoder. They are part
 * of the kernel's verdict, so every one of them is kept:
 *
 *	identifier  tag numbers above 30 are refused. A constructed type of the schema
 *	            also takes the identifier without its 0x20; a primitive one does not
 *	            take it with.
 *	length      one byte, or 0x81 and 0x82 with as many bytes behind, not necessarily
 *	            the shortest; or 0x80, "indefinite", for identifiers with 0x20: then
 *	            the content ends at 00 00, and until there its bound is that of the
 *	            element around it.
 *	optional    an element that is not there is passed over, be it that the content
 *	            around it has ended (by a definite length) or that another identifier
 *	            stands in its place. But one lone byte is an error.
 *	ANY         in content of indefinite length takes the end mark for an element.
 *	CHOICE      without any of its alternatives is an error, unless the data had
 *	            ended: then what was matched before it counts as its match.
 *	calls       are made at once; their errors come before any error further on.
 *	            A call behind something that was passed over is told of the element
 *	            before it.
 *
 * The recursion is as deep as the schema, which has no cycles.
 */

#include "ber.h"

#include <errno.h>

#include "../base/cursor.h"

enum {
	CONSTRUCTED = 0x20,
	LONG_TAG = 0x1f,
	INDEFINITE = 0x80,
	MAX_LENGTH_BYTES = 2,	      /* where the schema looks */
	MAX_SKIPPED_LENGTH_BYTES = 7, /* within an element of indefinite length */
};

struct walk {
	struct ms_cursor c; /* its end is that of the innermost definite content */
	struct ms_ber_item item;
	bool matched; /* the last node that was looked at had its element */
	void *userdata;
};

static int walk_node(struct walk *w, const struct ms_ber_node *node, bool alternative);

static int call(struct walk *w, ms_ber_fn fn)
{
	return fn ? fn(w->userdata, &w->item) : 0;
}

/* A number of @n bytes, at most 7. */
static int read_number(struct ms_cursor *c, size_t n, uint64_t *ret)
{
	uint8_t byte;
	uint64_t number = 0;

	for (; n > 0; n--) {
		if (ms_cur_u8(c, &byte) < 0)
			return -EBADMSG;
		number = number << 8 | byte;
	}
	*ret = number;
	return 0;
}

static int skip_long_tag(struct ms_cursor *c)
{
	uint8_t byte;

	do {
		if (ms_cur_left(c) < 2 || ms_cur_u8(c, &byte) < 0)
			return -EBADMSG;
	} while (byte & 0x80);
	return 0;
}

/*
 * Passes over the rest of one element within content of indefinite length, whose tag
 * has been read. @depth: of the ends that are awaited.
 */
static int skip_element(struct ms_cursor *c, uint8_t tag, size_t *depth)
{
	uint64_t len;
	uint8_t first;

	if ((tag & LONG_TAG) == LONG_TAG && skip_long_tag(c) < 0)
		return -EBADMSG;
	if (ms_cur_u8(c, &first) < 0)
		return -EBADMSG;
	if (first == INDEFINITE) {
		if (!(tag & CONSTRUCTED))
			return -EBADMSG;
		++*depth;
		return 0;
	}
	len = first;
	if (first > INDEFINITE) {
		if (first - INDEFINITE > MAX_SKIPPED_LENGTH_BYTES)
			return -EBADMSG;
		if (read_number(c, first - INDEFINITE, &len) < 0)
			return -EBADMSG;
	}
	return len <= ms_cur_left(c) ? ms_cur_skip(c, (size_t)len) : -EBADMSG;
}

/* The bytes from the cursor to behind the end mark of the content that begins there. */
static int indefinite_length(struct ms_cursor c, size_t *ret)
{
	size_t start = c.pos, depth = 1;
	uint8_t tag, zero;

	while (depth > 0) {
		if (ms_cur_left(&c) < 2 || ms_cur_u8(&c, &tag) < 0)
			return -EBADMSG;
		if (tag != 0) {
			if (skip_element(&c, tag, &depth) < 0)
				return -EBADMSG;
			continue;
		}
		if (ms_cur_u8(&c, &zero) < 0 || zero != 0)
			return -EBADMSG;
		depth--;
	}
	*ret = c.pos - start;
	return 0;
}

/* The length of the element whose tag has been read. @ret_indefinite: it has none. */
static int read_length(struct walk *w, bool *ret_indefinite)
{
	uint8_t first;

	*ret_indefinite = false;
	w->item.header = 2;
	if (ms_cur_u8(&w->c, &first) < 0)
		return -EBADMSG;
	w->item.len = first;
	if (first == INDEFINITE) {
		if (!(w->item.tag & CONSTRUCTED) || ms_cur_left(&w->c) < 2)
			return -EBADMSG;
		*ret_indefinite = true;
		return 0;
	}
	if (first > INDEFINITE) {
		size_t n = first - INDEFINITE;
		uint64_t len;

		if (n > MAX_LENGTH_BYTES || read_number(&w->c, n, &len) < 0)
			return -EBADMSG;
		w->item.len = (size_t)len;
		w->item.header += n;
	}
	return w->item.len <= ms_cur_left(&w->c) ? 0 : -EBADMSG;
}

static const uint8_t *here(const struct walk *w)
{
	return w->c.pos > 0 ? w->c.base + w->c.pos : w->c.base;
}

/* Is the content that began at @start over? 1, 0 or an error; fills the item if so. */
static int content_ended(struct walk *w, bool indefinite, bool again,
			 const uint8_t *start)
{
	uint8_t zero;

	if (indefinite) {
		size_t len = (size_t)(here(w) - start);

		if (ms_cur_left(&w->c) < 2)
			return -EBADMSG;
		if (w->c.base[w->c.pos] != 0)
			return again ? 0 : -EBADMSG;
		if (ms_cur_skip(&w->c, 1) < 0 || ms_cur_u8(&w->c, &zero) < 0 || zero != 0)
			return -EBADMSG;
		w->item.len = len;
		return 1;
	}
	if (ms_cur_left(&w->c) > 0)
		return again ? 0 : -EBADMSG;
	w->item.len = (size_t)(here(w) - start);
	return 1;
}

static int walk_members(struct walk *w, const struct ms_ber_node *members)
{
	for (; members->kind != MS_BER_END; members++) {
		int r = walk_node(w, members, false);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * The content of a group or list, whose header has been read. @matches: counts as match.
 */
static int walk_content(struct walk *w, const struct ms_ber_node *node, bool indefinite,
			bool matches)
{
	const uint8_t *start = here(w);
	size_t outer_end = w->c.end, header = w->item.header;
	int r;

	if (!indefinite)
		w->c.end = w->c.pos + w->item.len;
	do {
		r = walk_members(w, node->members);
		if (r < 0)
			return r;
		r = content_ended(w, indefinite, node->kind == MS_BER_LIST, start);
	} while (r == 0);
	if (r < 0)
		return r;
	w->c.end = outer_end;
	w->item.header = header;
	w->item.value = start;
	r = call(w, node->call);
	if (matches)
		w->matched = true;
	return r;
}

static int walk_leaf(struct walk *w, const struct ms_ber_node *node, bool indefinite)
{
	int r;

	if (indefinite && indefinite_length(w->c, &w->item.len) < 0)
		return -EBADMSG;
	r = call(w, node->call);
	if (r < 0)
		return r;
	return ms_cur_skip(&w->c, w->item.len);
}

static bool tag_fits(const struct ms_ber_node *node, uint8_t tag)
{
	uint8_t difference = node->tag ^ tag;

	return node->kind == MS_BER_ANY || !(difference & ~(node->tag & CONSTRUCTED));
}

/* One element, or none where it may be missing. @passable: it may. 1: it was there. */
static int walk_element(struct walk *w, const struct ms_ber_node *node, bool passable)
{
	bool is_leaf = node->kind == MS_BER_LEAF || node->kind == MS_BER_ANY;
	bool indefinite;
	int r;

	if (passable && ms_cur_left(&w->c) == 0)
		return 0;
	w->matched = false;
	w->item.header = 2;
	if (ms_cur_left(&w->c) < 2)
		return -EBADMSG;
	w->item.tag = w->c.base[w->c.pos];
	if ((w->item.tag & LONG_TAG) == LONG_TAG)
		return -EBADMSG;
	if (!tag_fits(node, w->item.tag))
		return passable ? 0 : -EBADMSG;
	w->matched = true;
	if (ms_cur_skip(&w->c, 1) < 0 || read_length(w, &indefinite) < 0)
		return -EBADMSG;
	w->item.value = here(w);
	r = is_leaf ? walk_leaf(w, node, indefinite)
		    : walk_content(w, node, indefinite, passable || node->shared);
	return r < 0 ? r : 1;
}

static int walk_choice(struct walk *w, const struct ms_ber_node *node)
{
	const struct ms_ber_node *choice = node->members;

	for (; choice->kind != MS_BER_END; choice++) {
		int r = 0;

		/* the first is always looked at; the others unless one has matched */
		if (choice == node->members || !w->matched)
			r = walk_node(w, choice, true);
		if (r < 0)
			return r;
	}
	return node->optional || w->matched ? 0 : -EBADMSG;
}

static int walk_node(struct walk *w, const struct ms_ber_node *node, bool alternative)
{
	int r;

	if (node->kind == MS_BER_CHOICE) {
		r = walk_choice(w, node);
		return r < 0 ? r : call(w, node->then);
	}
	r = walk_element(w, node, node->optional || alternative);
	return r > 0 ? call(w, node->then) : r;
}

int ms_ber_walk(const struct ms_ber_node *schema, void *userdata, const uint8_t *data,
		size_t len)
{
	struct walk w = { .c = ms_cur_of(data, len), .userdata = userdata };

	if (len > MS_BER_MAX)
		return -EMSGSIZE;
	return walk_node(&w, schema, false);
}
