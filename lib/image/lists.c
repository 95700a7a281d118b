/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Finding the kernel's lists of certificates where no symbol tells of them.
 *
 *	system_certificate_list:      aligned
 *	    the module signing certificate(s)         module_cert_size bytes, may be none
 *	    CONFIG_SYSTEM_TRUSTED_KEYS                any number
 *	system_extra_cert:            if CONFIG_SYSTEM_EXTRA_CERTIFICATE
 *	    an inserted certificate, or nothing, then zeros: N bytes
 *	    system_extra_cert_used    int, aligned
 *	system_certificate_list_size  unsigned long, aligned; with the inserted one
 *	module_cert_size              unsigned long, aligned
 *
 *	revocation_certificate_list:      aligned
 *	    CONFIG_SYSTEM_REVOCATION_KEYS
 *	revocation_certificate_list_size  unsigned long, aligned
 *	    whatever comes next in the kernel
 *
 * (certs/system_certificates.S, revocation_certificates.S, scripts/insert-sys-cert.c.)
 *
 * A run of certificates is a list only if the size that stands in the right place behind
 * it is exactly the size that it has. The two lists then differ in one word: behind the
 * size, the trusted list has that of its first certificates, and the revoked one has
 * something that has nothing to do with it. So:
 *
 *  - A list is trusted only if that word is not zero and falls on the end of one of its
 *    certificates, and no other list can say the same.
 *  - Zero alone proves nothing: it is what a kernel without a signing key of its own has
 *    there, and also what stands in the gap behind a revocation list. Such a list is
 *    trusted only if it is the only one, lies where the kernel's lists do, among what is
 *    dropped after its start, and the kernel has the message with which it loads trusted
 *    certificates and not the one for revoked ones (certs/system_keyring.c, blacklist.c).
 *    Otherwise such an image is refused.
 *  - Whatever other list there is beside a trusted one is revoked.
 *
 * A list that was missed would be as bad as one that was mistaken, if it is the revoked
 * one. Therefore certificates that the kernel's loader would not take are walked over
 * here all the same: they count in the size.
 */

#include "lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/context.h"
#include "../base/room.h"

/* sections .init.data and .init.rodata, in which __INITRODATA ends up */
#define INIT ".init."

enum {
	MAX_LIST = 1 << 20, /* bytes; distributions have some kilobytes */
	MAX_RESERVED =
		1 << 20,       /* CONFIG_SYSTEM_EXTRA_CERTIFICATE_SIZE; 4096 by default */
	MIN_CERTIFICATE = 128, /* bytes */
	CANCEL_EVERY = 1 << 20, /* bytes */
};

void ms_candidates_done(struct ms_candidates *candidates)
{
	free(candidates->items);
	*candidates = (struct ms_candidates){ 0 };
}

/* The next multiple of @align from @offset on, counted in the kernel's memory. */
static size_t aligned(const struct ms_elf_bytes *region, size_t offset, unsigned align)
{
	return offset + (size_t)(-(region->address + offset) & (align - 1));
}

static bool all_zero(const struct ms_elf_bytes *region, size_t from, size_t to)
{
	if (from > to || to > region->len)
		return false;
	for (size_t i = from; i < to; i++)
		if (region->data[i])
			return false;
	return true;
}

/* True where @size is the sum of the first certificates of the list. */
static bool is_boundary(const struct ms_elf_bytes *list, uint64_t size)
{
	size_t at = 0;

	while (at < list->len && at < size) {
		size_t step = ms_der_sequence_size(list->data + at, list->len - at);

		if (step == 0)
			return false;
		at += step;
	}
	return at == size;
}

static enum ms_list_second judge_second(const struct ms_layout *layout,
					const struct ms_elf_bytes *region, size_t size_at,
					const struct ms_list *list, size_t *ret_own)
{
	size_t at = size_at + layout->align;
	uint64_t word;

	if (!all_zero(region, size_at + layout->word, at) ||
	    ms_layout_word(layout, region, at, &word) < 0)
		return MS_SECOND_OTHER;
	if (word == 0)
		return MS_SECOND_ZERO;
	if (word > list->bytes.len - list->extra || !is_boundary(&list->bytes, word))
		return MS_SECOND_OTHER;
	*ret_own = (size_t)word;
	return MS_SECOND_BOUNDARY;
}

/* True where the list's size stands at @at, aligned. */
static bool has_size_at(const struct ms_layout *layout, const struct ms_elf_bytes *region,
			size_t at, size_t size)
{
	uint64_t word;

	return aligned(region, at, layout->align) == at &&
	       ms_layout_word(layout, region, at, &word) == 0 && word == size;
}

/* The size right behind the certificates, with nothing but zeros up to its alignment. */
static bool size_follows(const struct ms_layout *layout,
			 const struct ms_elf_bytes *region, size_t start, size_t end,
			 size_t *ret_size_at)
{
	size_t at = aligned(region, end, layout->align);

	if (!has_size_at(layout, region, at, end - start) || !all_zero(region, end, at))
		return false;
	*ret_size_at = at;
	return true;
}

/*
 * The size behind an area for an extra certificate in which there is none: @gap is the
 * first byte behind the certificates that is not zero, and belongs to the size.
 */
static bool size_follows_empty_area(const struct ms_layout *layout,
				    const struct ms_elf_bytes *region, size_t start,
				    size_t end, size_t gap, size_t *ret_size_at)
{
	size_t at = gap - (size_t)((region->address + gap) & (layout->word - 1));

	*ret_size_at = at;
	return at >= end && has_size_at(layout, region, at, end - start);
}

/* The same where one was inserted: @gap belongs to system_extra_cert_used. */
static bool size_follows_full_area(const struct ms_layout *layout,
				   const struct ms_elf_bytes *region, size_t start,
				   size_t end, size_t gap, size_t *ret_size_at,
				   size_t *ret_extra)
{
	struct ms_elf_bytes list = { .data = region->data + start, .len = end - start };
	size_t at = gap - (size_t)((region->address + gap) & 3);
	uint32_t used;

	if (at < end || aligned(region, at, layout->int_align) != at ||
	    ms_layout_int(layout, region, at, &used) < 0 || used == 0 ||
	    used > list.len || !is_boundary(&list, list.len - used))
		return false;
	*ret_size_at = aligned(region, at + 4, layout->align);
	*ret_extra = used;
	return has_size_at(layout, region, *ret_size_at, list.len) &&
	       all_zero(region, at + 4, *ret_size_at);
}

static int add_candidate(struct ms_reading *reading, struct ms_candidates *candidates,
			 const struct ms_candidate *candidate)
{
	struct ms_candidate *items = ms_room(candidates->items, candidates->n,
					     &candidates->room, sizeof(*items));

	if (!items)
		return ms_fail_nomem(reading->ctx);
	candidates->items = items;
	items[candidates->n++] = *candidate;
	return 0;
}

static int spend(struct ms_reading *reading, struct ms_candidates *candidates,
		 uint64_t steps)
{
	if (steps > candidates->budget)
		return ms_reading_fail(
			reading, -EBADMSG,
			"too much in it looks like certificates, or its sections lie "
			"over each other: no kernel");
	candidates->budget -= steps;
	return 0;
}

/* A run of certificates that is as long as a size behind it says. */
static int found(struct ms_reading *reading, const struct ms_layout *layout,
		 const struct ms_elf_bytes *region, size_t start, size_t end,
		 size_t size_at, size_t extra, struct ms_candidates *candidates)
{
	struct ms_candidate candidate = {
		.list.bytes = {
			.data = region->data + start,
			.len = end - start,
			.address = region->address + start,
		},
		.list.extra = extra,
	};
	int r = spend(reading, candidates, end - start);

	if (r < 0)
		return r;
	candidate.second = judge_second(layout, region, size_at, &candidate.list,
					&candidate.list.own);
	return add_candidate(reading, candidates, &candidate);
}

/* The first byte from @at on that is not zero, or so far that no list has such a gap. */
static size_t end_of_zeros(const struct ms_elf_bytes *region, size_t at)
{
	size_t left = region->len - at;
	size_t end = at + (left < MAX_RESERVED ? left : MAX_RESERVED);

	while (at < end && region->data[at] == 0)
		at++;
	return at;
}

/* A list whose size does not follow at once: there is room for another certificate. */
static int look_behind_area(struct ms_reading *reading, const struct ms_layout *layout,
			    const struct ms_elf_bytes *region, size_t start, size_t end,
			    struct ms_candidates *candidates, size_t *ret_end)
{
	size_t gap = end_of_zeros(region, end), size_at, extra = 0;
	int r = spend(reading, candidates, gap - end + 1);

	if (r < 0 || gap == region->len)
		return r;
	if (!size_follows_empty_area(layout, region, start, end, gap, &size_at) &&
	    !size_follows_full_area(layout, region, start, end, gap, &size_at, &extra))
		return 0;
	*ret_end = end;
	return found(reading, layout, region, start, end, size_at, extra, candidates);
}

/* Looks for a list that begins at @start; *ret_end is its end, or @start for none. */
static int look_at(struct ms_reading *reading, const struct ms_layout *layout,
		   const struct ms_elf_bytes *region, size_t start,
		   struct ms_candidates *candidates, size_t *ret_end)
{
	size_t end = start, size_at;

	*ret_end = start;
	for (;;) {
		size_t step = ms_der_sequence_size(region->data + end, region->len - end);
		int r = spend(reading, candidates, MIN_CERTIFICATE);

		if (r < 0)
			return r;
		/* no certificate is so short; a size word can look like one that is */
		if (step < MIN_CERTIFICATE)
			break;
		end += step;
		if (end - start > MAX_LIST)
			return spend(reading, candidates, UINT64_MAX);
		if (!size_follows(layout, region, start, end, &size_at))
			continue;
		*ret_end = end;
		return found(reading, layout, region, start, end, size_at, 0, candidates);
	}
	return look_behind_area(reading, layout, region, start, end, candidates, ret_end);
}

static int scan(struct ms_reading *reading, const struct ms_layout *layout,
		const struct ms_elf_bytes *region, struct ms_candidates *candidates)
{
	size_t start = aligned(region, 0, layout->align);
	int r = spend(reading, candidates, region->len);

	for (; r == 0 && start < region->len; start += layout->align) {
		const uint8_t *data = region->data + start;
		size_t left = region->len - start, end, size;

		if (start % CANCEL_EVERY < layout->align) {
			r = ms_check_cancelled(reading->ctx);
			if (r < 0)
				return r;
		}
		/* the loader takes no list that begins in another way (x509_loader.c) */
		if (left < 4 || data[0] != 0x30 || data[1] != 0x82)
			continue;
		size = ms_der_sequence_size(data, left);
		if (size == 0 || !ms_der_may_be_certificate(data, size))
			continue;
		r = look_at(reading, layout, region, start, candidates, &end);
		if (r < 0)
			return r;
		/* what lies inside of a list is none */
		while (start + layout->align < end)
			start += layout->align;
	}
	return r;
}

int ms_lists_scan(struct ms_reading *reading, const struct ms_layout *layout,
		  const struct ms_elf_bytes *region, const char *section,
		  struct ms_candidates *candidates)
{
	size_t before = candidates->n;
	int r = scan(reading, layout, region, candidates);

	for (size_t i = before; i < candidates->n; i++)
		candidates->items[i].in_init =
			section && strncmp(section, INIT, strlen(INIT)) == 0;
	return r;
}

static int refuse(struct ms_reading *reading)
{
	ms_reading_fail(reading, -EBADMSG,
			"its trusted and its revoked certificates cannot be told apart");
	return ms_hint(reading->ctx, -EBADMSG,
		       "give the vmlinux with symbols of the same build, or the trusted "
		       "certificates as files");
}

/* The list of a kernel without a signing key of its own that can have no revoked ones. */
static const struct ms_candidate *without_own_key(const struct ms_candidates *candidates,
						  enum ms_list_notices notices)
{
	const struct ms_candidate *list = candidates->items;

	if (candidates->n != 1 || notices != MS_NOTICES_NO_REVOCATION)
		return NULL;
	return list->in_init && list->second == MS_SECOND_ZERO ? list : NULL;
}

int ms_lists_settle(struct ms_reading *reading, const struct ms_candidates *candidates,
		    enum ms_list_notices notices)
{
	const struct ms_candidate *trusted = without_own_key(candidates, notices);
	int r = 0;

	for (size_t i = 0; i < candidates->n; i++) {
		if (candidates->items[i].second != MS_SECOND_BOUNDARY)
			continue;
		if (trusted)
			return refuse(reading);
		trusted = &candidates->items[i];
	}
	/* a kernel has two lists at most */
	if (candidates->n > 0 && (!trusted || candidates->n > 2))
		return refuse(reading);
	for (size_t i = 0; i < candidates->n && r == 0; i++)
		r = ms_lists_add(reading, &candidates->items[i].list,
				 &candidates->items[i] != trusted);
	return r;
}

/* Where a certificate at @at lies that is @size bytes long. */
static enum ms_cert_place place_of(const struct ms_list *list, size_t at, size_t size)
{
	if (at + size <= list->own)
		return MS_CERT_OWN_KEY;
	return at >= list->bytes.len - list->extra ? MS_CERT_EXTRA : MS_CERT_TRUSTED;
}

/*
 * crypto/asymmetric_keys/x509_loader.c: from certificate to certificate, each 30 82 and a
 * length of two bytes, whatever the length is; what is none ends the list.
 */
int ms_lists_add(struct ms_reading *reading, const struct ms_list *list, bool revoked)
{
	const uint8_t *data = list->bytes.data;
	size_t at = 0;

	while (at < list->bytes.len) {
		size_t left = list->bytes.len - at, size;
		int r;

		if (left < 4 || data[at] != 0x30 || data[at + 1] != 0x82)
			break;
		size = 4 + ((size_t)data[at + 2] << 8 | data[at + 3]);
		if (size > left)
			break;
		r = ms_reading_add_cert(
			reading, revoked ? MS_CERT_REVOKED : place_of(list, at, size),
			data + at, size);
		if (r < 0)
			return r;
		at += size;
	}
	if (at < list->bytes.len)
		ms_warn(reading->ctx,
			"'%s': the kernel stops reading its %s certificates at byte %zu "
			"of %zu",
			reading->shown, revoked ? "revoked" : "trusted", at,
			list->bytes.len);
	return 0;
}
