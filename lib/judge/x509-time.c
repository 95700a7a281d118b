/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Times of certificates and signatures as the kernel takes them (x509_decode_time of
 * crypto/asymmetric_keys/x509_cert_parser.c; RFC 5280 4.1.2.5):
 *
 *	UTCTime          YYMMDDhhmmssZ, 1970 to 2049
 *	GeneralizedTime  YYYYMMDDhhmmssZ, not 1950 to 2049, which is UTCTime's
 *
 * 24:00:00 and a 60th second are allowed, as ISO 8601 has them.
 */

#include <errno.h>

#include "../base/cursor.h"
#include "ber.h"
#include "cert.h"

enum { UTC_TIME_LEN = 13, GENERALIZED_TIME_LEN = 15 };

struct civil {
	unsigned year, month, day, hour, minute, second;
};

static int two_digits(struct ms_cursor *c, unsigned *ret)
{
	uint8_t tens, units;

	if (ms_cur_u8(c, &tens) < 0 || ms_cur_u8(c, &units) < 0)
		return -EBADMSG;
	if (tens < '0' || tens > '9' || units < '0' || units > '9')
		return -EBADMSG;
	*ret = (unsigned)(tens - '0') * 10 + (unsigned)(units - '0');
	return 0;
}

static int read_year(struct ms_cursor *c, uint8_t tag, unsigned *ret)
{
	unsigned high, low;

	if (tag == MS_BER_UTC_TIME && ms_cur_left(c) == UTC_TIME_LEN) {
		if (two_digits(c, &low) < 0)
			return -EBADMSG;
		*ret = low + (low >= 50 ? 1900 : 2000);
		return 0;
	}
	if (tag == MS_BER_GENERALIZED_TIME && ms_cur_left(c) == GENERALIZED_TIME_LEN) {
		if (two_digits(c, &high) < 0 || two_digits(c, &low) < 0)
			return -EBADMSG;
		*ret = high * 100 + low;
		return *ret >= 1950 && *ret <= 2049 ? -EBADMSG : 0;
	}
	return -EBADMSG;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

static bool is_valid(const struct civil *t)
{
	return t->year >= 1970 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
	       t->day <= days_of_month(t->year, t->month) && t->hour <= 24 &&
	       t->minute <= 59 && t->second <= 60;
}

/* Days since 1970-01-01: with years that begin in March, leap days come last. */
static int64_t days_since_epoch(const struct civil *t)
{
	int64_t year = (int64_t)t->year - (t->month <= 2 ? 1 : 0);
	int64_t month = t->month > 2 ? t->month - 3 : t->month + 9;

	return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
	       t->day - 1 - 719468;
}

int ms_x509_decode_time(uint8_t tag, const uint8_t *value, size_t len, int64_t *ret)
{
	struct ms_cursor c = ms_cur_of(value, len);
	struct civil t;
	uint8_t zone;

	if (read_year(&c, tag, &t.year) < 0 || two_digits(&c, &t.month) < 0 ||
	    two_digits(&c, &t.day) < 0 || two_digits(&c, &t.hour) < 0 ||
	    two_digits(&c, &t.minute) < 0 || two_digits(&c, &t.second) < 0 ||
	    ms_cur_u8(&c, &zone) < 0 || zone != 'Z' || !is_valid(&t))
		return -EBADMSG;
	*ret = days_since_epoch(&t) * 86400 + (int64_t)t.hour * 3600 +
	       (int64_t)t.minute * 60 + t.second;
	return 0;
}
