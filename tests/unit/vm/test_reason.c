/* SPDX-License-Identifier: MIT */
/* No reason without a sentence, a source, and behaviours that exist. */
#include "tdpsim/explain.h"

#include <string.h>

#include "support/unit.h"
#include "tdpsim/profile.h"

static void every_reason_has_a_row(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < TDP_NR_REASONS; i++) {
		const struct tdp_reason_info *info = tdp_reason_info(
			(enum tdp_reason)i);

		assert_non_null(info);
		if (!info->sentence || !info->source || !info->behaviours)
			fail_msg(
				"reason %s needs a row in lib/vm/reason.c: its "
				"sentence, source and behaviours",
				tdp_reason_name((enum tdp_reason)i));
	}
	assert_null(tdp_reason_info(TDP_NR_REASONS));
}

static bool same_sentence(const char *sentence, unsigned int reason)
{
	const struct tdp_reason_info *info = tdp_reason_info(
		(enum tdp_reason)reason);

	return info && info->sentence && !strcmp(info->sentence, sentence);
}

/* A sentence ends as one, and is not that of another reason. */
static void sentences_are_sentences(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 0; i < TDP_NR_REASONS; i++) {
		const struct tdp_reason_info *info = tdp_reason_info(
			(enum tdp_reason)i);
		size_t length;

		if (!info || !info->sentence)
			continue; /* every_reason_has_a_row() says so */
		length = strlen(info->sentence);
		assert_true(length > 20);
		assert_int_equal(info->sentence[length - 1], '.');
		if (info->next)
			assert_int_equal(info->next[strlen(info->next) - 1],
					 '.');
		for (k = 0; k < i; k++)
			assert_false(same_sentence(info->sentence, k));
	}
}

static bool behaviour_exists(const char *name, size_t length)
{
	const struct tdp_behaviour_info *info;
	unsigned int b;

	for (b = 0; (info = tdp_behaviour_info(b)); b++)
		if (strlen(info->name) == length &&
		    !strncmp(info->name, name, length))
			return true;
	return false;
}

static void behaviours_exist(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < TDP_NR_REASONS; i++) {
		const char *text =
			tdp_reason_info((enum tdp_reason)i)->behaviours;

		while (*text) {
			size_t length = strcspn(text, " ");

			if (!behaviour_exists(text, length))
				fail_msg("%s: no behaviour %.*s",
					 tdp_reason_name((enum tdp_reason)i),
					 (int)length, text);
			text += length;
			text += strspn(text, " ");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_a_row),
		cmocka_unit_test(sentences_are_sentences),
		cmocka_unit_test(behaviours_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
