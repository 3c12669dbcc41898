/* SPDX-License-Identifier: MIT */
/*
 * Partial-order reduction loses no outcome: random scenarios are explored with
 * it and without it, in calls and in steps of the kernel.
 */
#include "race_text.h"
#include "support/unit.h"

#define SCENARIOS 300u

static void reduction_loses_no_outcome(void **state)
{
	const struct tdp_explore_options reduced = { .jobs = 1 };
	const struct tdp_explore_options unreduced = { .no_reduction = true };
	struct tdp_explore_summary all, less;
	unsigned int i, compared = 0, smaller = 0;
	uint64_t random = 2026;
	static struct race_text t;

	(void)state;
	for (i = 0; i < SCENARIOS; i++) {
		race_text_make(&t, &random);
		if (!race_text_explore(&t, &unreduced, &all))
			continue;
		assert_true(race_text_explore(&t, &reduced, &less));
		if (all.hash != less.hash || all.outcomes != less.outcomes ||
		    all.livelock != less.livelock ||
		    all.deadlock != less.deadlock || all.holds != less.holds)
			fail_msg("%u outcomes, with reduction %u:\n%s",
				 all.outcomes, less.outcomes, t.bytes);
		assert_true(less.states <= all.states);
		smaller += less.states < all.states;
		compared++;
	}
	print_message("# %u scenarios compared, %u with fewer states\n",
		      compared, smaller);
	assert_true(compared > SCENARIOS / 2);
	assert_true(smaller > SCENARIOS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reduction_loses_no_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
