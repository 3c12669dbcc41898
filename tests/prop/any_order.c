/* SPDX-License-Identifier: MIT */
/*
 * What a search answers does not depend on the order in which it comes to the
 * states: random scenarios are explored depth first, in orders that are drawn,
 * and by two threads; and states that are reached again go on as they did.
 *
 *   any_order [SCENARIOS [SEARCHES [SEED]]]
 */
#include <stdlib.h>

#include "race_text.h"
#include "support/unit.h"

static unsigned int nr_scenarios = 60;
static unsigned int nr_searches = 4; /* each, half of them by two threads */
static uint64_t seed = 7;

static bool same(const struct tdp_explore_summary *a,
		 const struct tdp_explore_summary *b)
{
	return a->hash == b->hash && a->outcomes == b->outcomes &&
	       a->states == b->states && a->visits == b->visits &&
	       a->depth == b->depth && a->claims == b->claims &&
	       a->holds == b->holds && a->livelock == b->livelock &&
	       a->deadlock == b->deadlock && a->exhausted == b->exhausted;
}

static void compare(const struct race_text *t, bool reduce,
		    const struct tdp_explore_summary *first, unsigned int nr)
{
	const struct tdp_explore_options options = {
		.no_reduction = !reduce,
		.jobs = 1 + nr % 2,
		/* Two threads have an order of their own, too. */
		.shuffle = nr % 4 == 3 ? 0 : nr + 1,
	};
	struct tdp_explore_summary again;

	assert_true(race_text_explore(t, &options, &again));
	if (!same(first, &again))
		fail_msg("jobs %u, shuffle %u: hash %016llx, %llu states, "
			 "%llu visits, depth %u; first %016llx, %llu, %llu, "
			 "%u:\n%s",
			 options.jobs, (unsigned int)options.shuffle,
			 (unsigned long long)again.hash,
			 (unsigned long long)again.states,
			 (unsigned long long)again.visits, again.depth,
			 (unsigned long long)first->hash,
			 (unsigned long long)first->states,
			 (unsigned long long)first->visits, first->depth,
			 t->bytes);
}

/* Return: searches made. */
static unsigned int search(const struct race_text *t, bool reduce,
			   uint64_t *confirmed)
{
	const struct tdp_explore_options options = {
		.no_reduction = !reduce,
		.confirm = true,
	};
	struct tdp_explore_summary first;
	unsigned int i;

	if (!race_text_explore(t, &options, &first))
		return 0;
	if (first.differing)
		fail_msg("%llu of %llu states go on in another way:\n%s",
			 (unsigned long long)first.differing,
			 (unsigned long long)first.confirmed, t->bytes);
	*confirmed += first.confirmed;
	for (i = 0; i < nr_searches; i++)
		compare(t, reduce, &first, i);
	return 1 + nr_searches;
}

static void any_order_gives_the_same_answer(void **state)
{
	unsigned int i, searches = 0;
	uint64_t random = seed, confirmed = 0;
	static struct race_text t;

	(void)state;
	for (i = 0; i < nr_scenarios; i++) {
		race_text_make(&t, &random);
		searches += search(&t, false, &confirmed);
		searches += search(&t, true, &confirmed);
	}
	print_message("# %u searches, %llu returns to a state confirmed\n",
		      searches, (unsigned long long)confirmed);
	assert_true(searches > nr_scenarios * nr_searches);
	assert_true(confirmed > nr_scenarios);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_gives_the_same_answer),
	};

	if (argc > 1)
		nr_scenarios = (unsigned int)strtoul(argv[1], NULL, 0);
	if (argc > 2)
		nr_searches = (unsigned int)strtoul(argv[2], NULL, 0);
	if (argc > 3)
		seed = strtoull(argv[3], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
