/* SPDX-License-Identifier: MIT */
/* Suggestions for misspelt words. */
#include <string.h>

#include "base/nearest.h"
#include "support/unit.h"

static const struct distance_row {
	const char *name;
	const char *a;
	const char *b;
	unsigned int distance;
} distance_rows[] = {
	{ "both_empty", "", "", 0 },
	{ "one_empty", "", "abc", 3 },
	{ "equal", "memslot", "memslot", 0 },
	{ "case_is_ignored", "MemSlot", "memslot", 0 },
	{ "inserted", "memslt", "memslot", 1 },
	{ "removed", "memsslot", "memslot", 1 },
	{ "replaced", "memslat", "memslot", 1 },
	{ "swapped_is_one_edit", "memsolt", "memslot", 1 },
	{ "swapped_at_the_ends", "emmslto", "memslot", 2 },
	{ "swapped_then_split_is_not_one", "ca", "abc", 3 },
	{ "nothing_in_common", "abc", "xyz", 3 },
	{ "classic", "kitten", "sitting", 3 },
};

static void distance(void **state)
{
	const struct distance_row *r = *state;

	assert_int_equal(nearest_distance(r->a, r->b), r->distance);
	assert_int_equal(nearest_distance(r->b, r->a), r->distance);
}

/* A list of words that ends with NULL, as the context. */
static const char *nth(unsigned int index, const void *context)
{
	const char *const *words = context;

	return words[index];
}

#define TOO_LONG \
	"0123456789012345678901234567890123456789012345678901234567890123"

static const char *const words[] = {
	"v6.1", "v6.12",  "v6.13", "memtype.source", "memtype.zap", "on",
	"off",  TOO_LONG, NULL,
};

static const struct word_row {
	const char *name;
	const char *word;
	const char *nearest; /* NULL: none */
} word_rows[] = {
	{ "exact", "memtype.zap", "memtype.zap" },
	{ "prefix_forgotten", "6.12", "v6.12" },
	{ "slip", "memtype.suorce", "memtype.source" },
	{ "first_of_equals_wins", "v6.14", "v6.1" },
	{ "short_word", "onn", "on" },
	{ "too_far", "prefault", NULL },
	{ "empty", "", NULL },
	{ "long_words_have_no_neighbour", TOO_LONG, NULL },
};

static void word(void **state)
{
	const struct word_row *r = *state;
	const char *found = nearest_word(r->word, nth, words);

	if (r->nearest) {
		assert_non_null(found);
		assert_string_equal(found, r->nearest);
	} else {
		assert_null(found);
	}
}

static void longest_word_fits(void **state)
{
	char a[NEAREST_MAX_LENGTH + 1];
	char b[NEAREST_MAX_LENGTH + 1];

	(void)state;
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	a[NEAREST_MAX_LENGTH] = b[NEAREST_MAX_LENGTH] = '\0';
	assert_int_equal(nearest_distance(a, b), NEAREST_MAX_LENGTH);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(distance_rows, distance),
		ROWS(word_rows, word),
		CASE(longest_word_fits),
	};

	return RUN("nearest", suites);
}
