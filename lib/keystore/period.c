/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a key is good for: "always", "7d". */

#include <errno.h>
#include <string.h>

#include <modseal/keystore.h>

#include "../base/checked.h"
#include "../base/context.h"

/* kernel-sign looks at a unit's first letter; here it is one of these words. */
static const struct unit {
	const char *letter, *abbreviated, *word;
	int64_t seconds;
} units[] = {
	{ "s", "sec", "second", 1 },	{ "m", "min", "minute", 60 },
	{ "h", "hour", "hour", 3600 },	{ "d", "day", "day", 86400 },
	{ "w", "week", "week", 604800 },
};

/* @text is @word, or several of it. */
static bool is_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 &&
	       (text[len] == '\0' || strcmp(text + len, "s") == 0);
}

static int64_t seconds_of(const char *text)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(units); i++)
		if (strcmp(text, units[i].letter) == 0 ||
		    is_word(text, units[i].abbreviated) || is_word(text, units[i].word))
			return units[i].seconds;
	return 0;
}

static int fail(struct ms_ctx *ctx, const char *text, const char *why)
{
	ms_fail(ctx, -EINVAL, "'%s' is no refresh period: %s", text, why);
	return ms_hint(ctx, -EINVAL,
		       "a number and s, m, h, d or w, such as 7d; or always");
}

int ms_refresh_parse(struct ms_ctx *ctx, const char *text, int64_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	int64_t unit, number = 0;

	if (strcmp(text, "always") == 0) {
		*ret = 0;
		return 0;
	}
	if (digits == 0)
		return fail(ctx, text, "it does not begin with a number");
	unit = seconds_of(text + digits);
	if (unit == 0)
		return fail(ctx, text, "its unit is none of s, m, h, d, w");
	for (size_t i = 0; i < digits; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, text[i] - '0', &number))
			return fail(ctx, text, "it is too long");
	if (number == 0)
		return fail(ctx, text, "it is zero");
	if (__builtin_mul_overflow(number, unit, &number))
		return fail(ctx, text, "it is too long");
	*ret = number;
	return 0;
}
