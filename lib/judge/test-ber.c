// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The habits of the walk, each asked by itself. That they are the kernel's is found out
 * in tests/differential.py.
 */
#include "../../tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "grammar.h"

struct seen {
	char text[256];
	size_t last_len;
};

static int note(struct seen *seen, char what, const struct ms_ber_item *item)
{
	size_t len = strlen(seen->text);

	assert_true(len + 2 < sizeof(seen->text));
	seen->text[len] = what;
	seen->text[len + 1] = '\0';
	seen->last_len = item->len;
	return 0;
}

#define NOTE(name, letter)                                                               \
	static int name(void *userdata, const struct ms_ber_item *item)                  \
	{                                                                                \
		return note(userdata, letter, item);                                     \
	}

NOTE(note_integer, 'i')
NOTE(note_any, 'a')
NOTE(note_end, 'e')
NOTE(note_choice, 'c')

static int refuse(void *userdata, const struct ms_ber_item *item)
{
	(void)userdata;
	(void)item;
	return -ENOPKG;
}

static const struct ms_ber_node integers[] = { LEAF(MS_BER_INTEGER, note_integer), END };
static const struct ms_ber_node list[] = { LIST(MS_BER_SEQUENCE, integers, note_end),
					   END };

static const struct ms_ber_node optional_members[] = {
	LEAF(MS_BER_INTEGER, note_integer),
	OPTIONAL_ANY(note_any),
	END,
};
static const struct ms_ber_node optional[] = {
	GROUP(MS_BER_SEQUENCE, optional_members, note_end),
	END,
};

static const struct ms_ber_node alternatives[] = {
	LEAF(MS_BER_OCTET_STRING, note_any),
	LEAF(MS_BER_BOOLEAN, note_any),
	END,
};
static const struct ms_ber_node choice_members[] = {
	LEAF(MS_BER_INTEGER, note_integer),
	CHOICE(alternatives, note_choice),
	END,
};
static const struct ms_ber_node choice[] = {
	GROUP(MS_BER_SEQUENCE, choice_members, note_end),
	END,
};

static const struct ms_ber_node refusing_members[] = {
	LEAF(MS_BER_INTEGER, refuse),
	LEAF(MS_BER_INTEGER, NULL),
	END,
};
static const struct ms_ber_node refusing[] = {
	GROUP(MS_BER_SEQUENCE, refusing_members, NULL),
	END,
};

static void ask(const struct ms_ber_node *schema, const char *bytes, size_t len, int r,
		const char *calls)
{
	struct seen seen = { "", 0 };
	uint8_t *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	assert_int_equal(ms_ber_walk(schema, &seen, exact, len), r);
	assert_string_equal(seen.text, calls);
	free(exact);
}

#define ASK(schema, bytes, r, calls) ask(schema, bytes, sizeof(bytes) - 1, r, calls)

static void a_list_wants_at_least_one_member(void **state)
{
	(void)state;
	ASK(list, "\x30\x03\x02\x01\x05", 0, "ie");
	ASK(list, "\x30\x06\x02\x01\x05\x02\x01\x06", 0, "iie");
	ASK(list, "\x30\x00", -EBADMSG, "");
	ASK(list, "\x30\x04\x02\x01\x05\x02", -EBADMSG, "i");
	ASK(list, "", -EBADMSG, "");
}

static void lengths_may_be_long_and_indefinite(void **state)
{
	(void)state;
	ASK(list, "\x30\x81\x03\x02\x01\x05", 0, "ie");
	ASK(list, "\x30\x82\x00\x03\x02\x01\x05", 0, "ie");
	ASK(list, "\x30\x83\x00\x00\x03\x02\x01\x05", -EBADMSG, "");
	ASK(list, "\x30\x80\x02\x01\x05\x00\x00", 0, "ie");
	ASK(list, "\x30\x80\x02\x01\x05\x00", -EBADMSG, "i");
	ASK(list, "\x30\x80\x02\x01\x05\x00\x01", -EBADMSG, "i");
	ASK(list, "\x30\x80\x02\x01\x05", -EBADMSG, "i");
	ASK(list, "\x30\x05\x02\x80\x05\x00\x00", -EBADMSG, "");
	ASK(list, "\x30\x04\x02\x01\x05", -EBADMSG, "");
}

static void
a_sequence_may_lack_its_constructed_bit_but_not_with_indefinite_length(void **state)
{
	(void)state;
	ASK(list, "\x10\x03\x02\x01\x05", 0, "ie");
	ASK(list, "\x10\x80\x02\x01\x05\x00\x00", -EBADMSG, "");
	ASK(list, "\x30\x05\x22\x03\x02\x01\x05", -EBADMSG, "");
	ASK(list, "\x3f\x03\x02\x01\x05", -EBADMSG, "");
}

static void bytes_behind_are_not_looked_at(void **state)
{
	(void)state;
	ASK(list, "\x30\x03\x02\x01\x05junk", 0, "ie");
}

static void an_optional_any_takes_the_end_mark_of_indefinite_content(void **state)
{
	(void)state;
	ASK(optional, "\x30\x03\x02\x01\x05", 0, "ie");
	ASK(optional, "\x30\x05\x02\x01\x05\x05\x00", 0, "iae");
	ASK(optional, "\x30\x80\x02\x01\x05\x00\x00", -EBADMSG, "ia");
	ASK(optional, "\x30\x80\x02\x01\x05\x00\x00\x00\x00", 0, "iae");
	/* within it, what has no length is passed over to its own end mark */
	ASK(optional, "\x30\x0b\x02\x01\x05\x30\x80\x24\x80\x00\x00\x00\x00", 0, "iae");
	ASK(optional, "\x30\x09\x02\x01\x05\x30\x80\x24\x80\x00\x00", -EBADMSG, "i");
}

static void a_choice_that_the_data_end_before_counts_as_made(void **state)
{
	(void)state;
	ASK(choice, "\x30\x05\x02\x01\x05\x04\x00", 0, "iace");
	ASK(choice, "\x30\x06\x02\x01\x05\x01\x01\x00", 0, "iace");
	ASK(choice, "\x30\x05\x02\x01\x05\x05\x00", -EBADMSG, "i");
	ASK(choice, "\x30\x03\x02\x01\x05", 0, "ice");
	/* but not where an end mark stands there instead */
	ASK(choice, "\x30\x80\x02\x01\x05\x00\x00", -EBADMSG, "i");
}

static void an_error_of_a_call_comes_before_those_further_on(void **state)
{
	(void)state;
	ASK(refusing, "\x30\x06\x02\x01\x05\x1f\xff\xff", -ENOPKG, "");
	ASK(refusing, "\x30\x06\x1f\xff\xff\x02\x01\x05", -EBADMSG, "");
}

static void more_than_65535_bytes_are_too_long(void **state)
{
	struct seen seen = { "", 0 };
	uint8_t *data = calloc(1, 65536);

	(void)state;
	assert_non_null(data);
	memcpy(data, "\x30\x03\x02\x01\x05", 5);
	assert_int_equal(ms_ber_walk(list, &seen, data, 65535), 0);
	assert_int_equal(ms_ber_walk(list, &seen, data, 65536), -EMSGSIZE);
	free(data);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_wants_at_least_one_member),
		cmocka_unit_test(lengths_may_be_long_and_indefinite),
		cmocka_unit_test(
			a_sequence_may_lack_its_constructed_bit_but_not_with_indefinite_length),
		cmocka_unit_test(bytes_behind_are_not_looked_at),
		cmocka_unit_test(
			an_optional_any_takes_the_end_mark_of_indefinite_content),
		cmocka_unit_test(a_choice_that_the_data_end_before_counts_as_made),
		cmocka_unit_test(an_error_of_a_call_comes_before_those_further_on),
		cmocka_unit_test(more_than_65535_bytes_are_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
