/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names are local time to the minute, as kernel-sign has them. Local time goes back once
 * a year, and clocks are set: so a new name is never sorted before one that is there, but
 * takes the newest one's minute and the next number then.
 */

#include "generation-name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 999999 };

/* @n digits as a number, -1 where they are none. */
static int digits(const char *text, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* The stamp's fields; false where it is none. */
static bool read_stamp(const char *text, struct tm *ret)
{
	int year, month, day, hour, minute;

	if (strnlen(text, MS_STAMP_LEN) < MS_STAMP_LEN || text[8] != '-')
		return false;
	year = digits(text, 4);
	month = digits(text + 4, 2);
	day = digits(text + 6, 2);
	hour = digits(text + 9, 2);
	minute = digits(text + 11, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59)
		return false;
	*ret = (struct tm){
		.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute,
		.tm_isdst = -1,
	};
	return true;
}

/* "-2" and on; the first of a minute has no suffix. */
static bool read_number(const char *text, unsigned *ret)
{
	unsigned number = 0;
	size_t len = strlen(text);

	if (len == 0) {
		*ret = 1;
		return true;
	}
	if (text[0] != '-' || text[1] == '0' || len > 7)
		return false;
	for (size_t i = 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	*ret = number;
	return number >= 2;
}

bool ms_generation_name_parse(const char *text, struct ms_generation_name *ret)
{
	struct ms_generation_name name = { .number = 0 };
	struct tm tm;

	if (!read_stamp(text, &tm) || !read_number(text + MS_STAMP_LEN, &name.number))
		return false;
	memcpy(name.stamp, text, MS_STAMP_LEN);
	*ret = name;
	return true;
}

int ms_generation_name_compare(const struct ms_generation_name *a,
			       const struct ms_generation_name *b)
{
	int order = strcmp(a->stamp, b->stamp);

	return order ? order : (a->number > b->number) - (a->number < b->number);
}

bool ms_generation_name_next(const struct ms_generation_name *newest, time_t now,
			     char ret[MS_GENERATION_NAME_SIZE])
{
	char stamp[MS_GENERATION_NAME_SIZE];
	struct ms_generation_name name;
	struct tm tm;

	if (!localtime_r(&now, &tm) ||
	    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M", &tm) == 0 ||
	    !ms_generation_name_parse(stamp, &name))
		return false;
	if (newest && ms_generation_name_compare(&name, newest) <= 0) {
		name = *newest;
		if (name.number++ >= NUMBER_MAX)
			return false;
	}
	if (name.number == 1)
		snprintf(ret, MS_GENERATION_NAME_SIZE, "%s", name.stamp);
	else
		snprintf(ret, MS_GENERATION_NAME_SIZE, "%s-%u", name.stamp, name.number);
	return true;
}

time_t ms_generation_name_time(const struct ms_generation_name *name)
{
	struct tm tm;

	return read_stamp(name->stamp, &tm) ? mktime(&tm) : (time_t)-1;
}
