// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bounded cursor (cursor.h says what it promises).
 *
 * All bounds are tested in one place, ms_cur_skip: whoever got 0 from it owns the bytes
 * that were passed over. Numbers are put together with * and + from single bytes, which
 * is right on every byte order and alignment, and which the provers of proofs/run can
 * follow (they cannot follow shifts well); compilers make one load of it.
 */
#include "cursor.h"

struct ms_cursor ms_cur_of(const void *base, size_t len)
{
	struct ms_cursor c = { .base = base, .pos = 0, .end = len };

	return c;
}

size_t ms_cur_left(const struct ms_cursor *c)
{
	return c->end - c->pos;
}

int ms_cur_skip(struct ms_cursor *c, size_t n)
{
	if (n > c->end - c->pos)
		return -EBADMSG;

	c->pos += n;
	return 0;
}

int ms_cur_seek(struct ms_cursor *c, size_t pos)
{
	if (pos > c->end)
		return -EBADMSG;

	c->pos = pos;
	return 0;
}

/*@
  requires at + 2 <= SIZE_MAX && \valid_read(b + (at .. at + 1));
  assigns \nothing;
  ensures \result == ms_be16_at(b, at);
*/
static uint16_t be16(const uint8_t *b, size_t at)
{
	return (uint16_t)(b[at] * 256u + b[at + 1]);
}

/*@
  requires at + 4 <= SIZE_MAX && \valid_read(b + (at .. at + 3));
  assigns \nothing;
  ensures \result == ms_be32_at(b, at);
*/
static uint32_t be32(const uint8_t *b, size_t at)
{
	return be16(b, at) * UINT32_C(65536) + be16(b, at + 2);
}

/*@
  requires at + 8 <= SIZE_MAX && \valid_read(b + (at .. at + 7));
  assigns \nothing;
  ensures \result == ms_be64_at(b, at);
*/
static uint64_t be64(const uint8_t *b, size_t at)
{
	return be32(b, at) * UINT64_C(4294967296) + be32(b, at + 4);
}

/*@
  requires at + 2 <= SIZE_MAX && \valid_read(b + (at .. at + 1));
  assigns \nothing;
  ensures \result == ms_le16_at(b, at);
*/
static uint16_t le16(const uint8_t *b, size_t at)
{
	return (uint16_t)(b[at] + b[at + 1] * 256u);
}

/*@
  requires at + 4 <= SIZE_MAX && \valid_read(b + (at .. at + 3));
  assigns \nothing;
  ensures \result == ms_le32_at(b, at);
*/
static uint32_t le32(const uint8_t *b, size_t at)
{
	return le16(b, at) + le16(b, at + 2) * UINT32_C(65536);
}

/*@
  requires at + 8 <= SIZE_MAX && \valid_read(b + (at .. at + 7));
  assigns \nothing;
  ensures \result == ms_le64_at(b, at);
*/
static uint64_t le64(const uint8_t *b, size_t at)
{
	return le32(b, at) + le32(b, at + 4) * UINT64_C(4294967296);
}

int ms_cur_u8(struct ms_cursor *c, uint8_t *ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, 1) < 0)
		return -EBADMSG;

	*ret = c->base[at];
	return 0;
}

int ms_cur_be16(struct ms_cursor *c, uint16_t *ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, 2) < 0)
		return -EBADMSG;

	*ret = be16(c->base, at);
	return 0;
}

int ms_cur_be32(struct ms_cursor *c, uint32_t *ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, 4) < 0)
		return -EBADMSG;

	*ret = be32(c->base, at);
	return 0;
}

int ms_cur_be64(struct ms_cursor *c, uint64_t *ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, 8) < 0)
		return -EBADMSG;

	*ret = be64(c->base, at);
	return 0;
}

int ms_cur_le16(struct ms_cursor *c, uint16_t *ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, 2) < 0)
		return -EBADMSG;

	*ret = le16(c->base, at);
	return 0;
}

int ms_cur_le32(struct ms_cursor *c, uint32_t *ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, 4) < 0)
		return -EBADMSG;

	*ret = le32(c->base, at);
	return 0;
}

int ms_cur_le64(struct ms_cursor *c, uint64_t *ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, 8) < 0)
		return -EBADMSG;

	*ret = le64(c->base, at);
	return 0;
}

/*@
  requires ms_cur_ok(c) && at <= c->end;
  assigns \nothing;
  ensures \result == c->base + at;
*/
static const uint8_t *place(const struct ms_cursor *c, size_t at)
{
	/* an empty window may stand on NULL, and C forbids even NULL + 0 */
	return at > 0 ? c->base + at : c->base;
}

int ms_cur_bytes(struct ms_cursor *c, size_t n, const uint8_t **ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, n) < 0)
		return -EBADMSG;

	*ret = place(c, at);
	return 0;
}

int ms_cur_sub(struct ms_cursor *c, size_t n, struct ms_cursor *ret)
{
	size_t at = c->pos;

	if (ms_cur_skip(c, n) < 0)
		return -EBADMSG;

	*ret = ms_cur_of(place(c, at), n);
	return 0;
}
