/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "words.h"

#include <string.h>

#include "cursor.h"
#include "text.h"

bool ms_take(struct ms_words *words, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(words->end - words->at) < len || memcmp(words->at, text, len) != 0)
		return false;
	words->at += len;
	return true;
}

bool ms_take_number(struct ms_words *words, uint64_t max, uint64_t *ret)
{
	const char *start = words->at;
	uint64_t value = 0;

	for (; words->at < words->end && *words->at >= '0' && *words->at <= '9';
	     words->at++) {
		uint64_t digit = (uint64_t)(*words->at - '0');

		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (words->at == start || (*start == '0' && words->at - start > 1))
		return false;
	*ret = value;
	return true;
}

bool ms_take_hex(struct ms_words *words, uint64_t *ret)
{
	uint8_t bytes[8] = { 0 };
	struct ms_cursor c = ms_cur_of(bytes, sizeof(bytes));

	if (!ms_take(words, ":") || words->end - words->at < 16 ||
	    ms_hex_decode(words->at, 16, bytes, sizeof(bytes)) < 0)
		return false;
	words->at += 16;
	return ms_cur_be64(&c, ret) == 0;
}

/* Nine digits, whatever they are. */
static bool take_nanoseconds(struct ms_words *words, uint32_t *ret)
{
	uint32_t value = 0;

	if (words->end - words->at < 9)
		return false;
	for (int i = 0; i < 9; i++, words->at++) {
		if (*words->at < '0' || *words->at > '9')
			return false;
		value = value * 10 + (uint32_t)(*words->at - '0');
	}
	*ret = value;
	return true;
}

bool ms_take_state(struct ms_words *words, uint64_t *ret_size, int64_t *ret_seconds,
		   uint32_t *ret_nanoseconds)
{
	bool before_epoch;
	uint64_t seconds;

	if (!ms_take_number(words, INT64_MAX, ret_size) || !ms_take(words, ":"))
		return false;
	before_epoch = ms_take(words, "-");
	if (!ms_take_number(words, INT64_MAX, &seconds) || !ms_take(words, "."))
		return false;
	*ret_seconds = before_epoch ? -(int64_t)seconds : (int64_t)seconds;
	return take_nanoseconds(words, ret_nanoseconds);
}
