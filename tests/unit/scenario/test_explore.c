/* SPDX-License-Identifier: MIT */
/* Exploring from C: what comes back, stopping, and want of memory. */
#include "tdpsim/explore.h"

#include <string.h>

#include "base/bits.h"
#include "support/nomem.h"
#include "support/unit.h"

static const char race[] =
	"scenario: race\nabout: two vCPUs\nhost: { table_memory: 1MiB }\n"
	"kvm: { profile: v6.8, memtype.cd_quirk: off }\n"
	"memslots: [ { slot: 0, gpa: 0, size: 16MiB } ]\n"
	"vcpus: [ { cr0: PE|ET }, { cr0: PE|ET } ]\n"
	"steps:\n"
	"  - attach_dma: {}\n"
	"  - wrmsr: { vcpu: 0, msr: 0x2ff, value: 0x806 }\n"
	"  - wrmsr: { vcpu: 1, msr: 0x2ff, value: 0x806 }\n"
	"  - together:\n"
	"      - write_reg: { vcpu: 0, reg: cr0, value: +CD }\n"
	"      - read: { vcpu: 0, gva: 0x5000 }\n"
	"      - write_reg: { vcpu: 0, reg: cr0, value: -CD }\n"
	"      - read: { vcpu: 1, gva: 0x5000 }\n"
	"observe: [ memtype ]\n"
	"never:\n"
	"  - claim: innocent_reads_uncached\n"
	"    results: { vcpu1.1: { memtype: UC } }\n"
	"sometimes:\n"
	"  - claim: culprit_reads_uncached\n"
	"    results: { vcpu0.2: { memtype: UC } }\n";

static struct tdp_scenario *load(const char *text)
{
	struct tdp_scenario *s;
	struct tdp_error err;

	if (tdp_scenario_load_text("race", text, strlen(text), &s, &err))
		fail_msg("%s", err.message);
	return s;
}

static void outcomes_and_claims_come_back(void **state)
{
	struct tdp_scenario *s = load(race);
	struct tdp_explore_summary summary;
	struct tdp_explore_claim claim;
	struct tdp_exploration *x;
	uint64_t states;

	(void)state;
	assert_int_equal(tdp_explore(s, NULL, &x, NULL), TDP_OK);
	tdp_exploration_summary(x, &summary);
	assert_int_equal(summary.outcomes, 3);
	assert_true(summary.exhausted);
	assert_false(summary.holds);
	assert_string_equal(tdp_exploration_outcome(x, 0, &states),
			    "vcpu0.2 memtype UC, vcpu1.1 memtype UC");
	assert_int_equal(states, 1);
	assert_null(tdp_exploration_outcome(x, 3, &states));
	assert_true(tdp_exploration_claim(x, 0, &claim));
	assert_string_equal(claim.name, "innocent_reads_uncached");
	assert_int_equal(claim.observed, TDP_OBSERVED_SOMETIMES);
	assert_true(claim.violated);
	assert_int_equal(claim.turns, 4);
	assert_non_null(
		strstr(claim.replay, "order: [ vcpu0, vcpu0, vcpu1, vcpu0 ]"));
	assert_true(tdp_exploration_claim(x, 1, &claim));
	assert_false(claim.violated);
	assert_false(tdp_exploration_claim(x, 2, &claim));
	assert_null(tdp_exploration_stuck(x, NULL));
	assert_int_equal(tdp_exploration_save(x, "/dev/null", NULL),
			 TDP_EINVAL);
	tdp_exploration_destroy(x);
	tdp_scenario_destroy(s);
}

/* Its replay shows the same to whoever runs it. */
static void a_replay_violates_the_same_claim(void **state)
{
	struct tdp_scenario *s = load(race), *again;
	struct tdp_run_summary summary;
	struct tdp_explore_claim claim;
	struct tdp_exploration *x;

	(void)state;
	assert_int_equal(tdp_explore(s, NULL, &x, NULL), TDP_OK);
	assert_true(tdp_exploration_claim(x, 0, &claim));
	again = load(claim.replay);
	assert_int_equal(tdp_scenario_run(again, NULL, &summary, NULL), TDP_OK);
	assert_int_equal(summary.failed, 1);
	tdp_scenario_destroy(again);
	tdp_exploration_destroy(x);
	tdp_scenario_destroy(s);
}

static void a_limit_leaves_it_open(void **state)
{
	const struct tdp_explore_options options = { .max_states = 3 };
	struct tdp_scenario *s = load(race);
	struct tdp_explore_summary summary;
	struct tdp_explore_claim claim;
	struct tdp_exploration *x;

	(void)state;
	assert_int_equal(tdp_explore(s, &options, &x, NULL), TDP_OK);
	tdp_exploration_summary(x, &summary);
	assert_false(summary.exhausted);
	assert_true(tdp_exploration_claim(x, 0, &claim));
	assert_int_equal(claim.observed, TDP_OBSERVED_UNKNOWN);
	assert_false(claim.violated);
	tdp_exploration_destroy(x);
	tdp_scenario_destroy(s);
}

static void options_are_checked(void **state)
{
	const struct tdp_explore_options no_shard = { .nr_shards = 2 };
	const struct tdp_explore_options too_many = { .jobs = 1000 };
	const struct tdp_explore_options confirm = { .jobs = 2,
						     .confirm = true };
	struct tdp_scenario *s = load(race);
	struct tdp_exploration *x;

	(void)state;
	assert_int_equal(tdp_explore(s, &no_shard, &x, NULL), TDP_EINVAL);
	assert_int_equal(tdp_explore(s, &too_many, &x, NULL), TDP_EINVAL);
	assert_int_equal(tdp_explore(s, &confirm, &x, NULL), TDP_EINVAL);
	assert_int_equal(tdp_exploration_merge(NULL, 0, &x, NULL), TDP_EINVAL);
	tdp_scenario_destroy(s);
}

/* What somebody looks at tells states apart. */
#define MACHINE                                                  \
	"scenario: looked_at\nabout: two vCPUs\n"                \
	"host: { table_memory: 1MiB }\nkvm: { profile: v6.8 }\n" \
	"memslots: [ { slot: 0, gpa: 0, size: 1MiB },"           \
	" { slot: 1, gpa: 0x10000000, size: 1MiB } ]\n"          \
	"vcpus: [ { cr0: PE|ET }, { cr0: PE|ET } ]\n"

/* clang-format off */
static const struct looked_at {
	const char *text;
	unsigned int outcomes;
	enum tdp_observed observed; /* of the claim, if there is one */
} looked_at[] = {
	/* A read that was told to retry has a reason, whatever it finds then. */
	{ MACHINE
	  "steps:\n"
	  "  - kernel_steps: true\n"
	  "    together:\n"
	  "      - read: { vcpu: 0, gva: 0x5000 }\n"
	  "      - read: { vcpu: 1, gva: 0x5000 }\n"
	  "      - set_backing: { gpa: 0x5000, size: 4KiB, backing: shmem }\n"
	  "observe: [ reason ]\n",
	  5, TDP_OBSERVED_UNKNOWN },
	/* Who faults is seen by a claim alone. */
	{ MACHINE
	  "steps:\n"
	  "  - together:\n"
	  "      - read: { vcpu: 0, gva: 0x5000 }\n"
	  "      - read: { vcpu: 1, gva: 0x5000 }\n"
	  "observe: [ outcome ]\n"
	  "sometimes:\n"
	  "  - { claim: faults, results: { vcpu0.1: { exits: 1 } } }\n",
	  1, TDP_OBSERVED_SOMETIMES },
	/* Root 1 is gone if it was there before the deletion. */
	{ MACHINE
	  "steps:\n"
	  "  - together:\n"
	  "      - run: { vcpu: 0 }\n"
	  "      - delete_memslot: { slot: 1 }\n"
	  "  - run: { vcpu: 0 }\n"
	  "observe: [ outcome ]\n"
	  "sometimes:\n"
	  "  - { claim: first, vcpus: [ { vcpu: 0, root: 1 } ] }\n",
	  1, TDP_OBSERVED_SOMETIMES },
	/* Steps whose order is fixed give something all the same. */
	{ MACHINE
	  "steps:\n"
	  "  - together:\n"
	  "      - read: { vcpu: 0, gva: 0x5000 }\n"
	  "      - set_backing: { gpa: 0x5000, size: 4KiB, backing: shmem }\n"
	  "  - order: [ vcpu1, main ]\n"
	  "    together:\n"
	  "      - read: { vcpu: 1, gva: 0x5000 }\n"
	  "      - attach_dma: {}\n"
	  "observe: [ exits ]\n",
	  2, TDP_OBSERVED_UNKNOWN },
};
/* clang-format on */

static void check_looked_at(const struct looked_at *row, uint64_t shuffle)
{
	const struct tdp_explore_options options = {
		.shuffle = shuffle,
		.confirm = true,
	};
	struct tdp_scenario *s = load(row->text);
	struct tdp_explore_summary summary;
	struct tdp_explore_claim claim;
	struct tdp_exploration *x;

	assert_int_equal(tdp_explore(s, &options, &x, NULL), TDP_OK);
	tdp_exploration_summary(x, &summary);
	assert_int_equal(summary.differing, 0);
	assert_int_equal(summary.outcomes, row->outcomes);
	if (tdp_exploration_claim(x, 0, &claim))
		assert_int_equal(claim.observed, row->observed);
	tdp_exploration_destroy(x);
	tdp_scenario_destroy(s);
}

static void what_is_looked_at_tells_states_apart(void **state)
{
	unsigned int i;
	uint64_t shuffle;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(looked_at); i++)
		for (shuffle = 0; shuffle < 8; shuffle++)
			check_looked_at(&looked_at[i], shuffle);
}

static int explore_once(void *context)
{
	struct tdp_exploration *x;
	struct tdp_error err;
	int ret = tdp_explore(context, NULL, &x, &err);

	tdp_exploration_destroy(ret ? NULL : x);
	return ret;
}

static struct tdp_scenario *small;

static void *setup_small(void)
{
	small = load("scenario: small\nabout: two vCPUs\n"
		     "host: { memory: 1GiB, table_memory: 1MiB }\n"
		     "memslots: [ { slot: 0, gpa: 0, size: 1MiB } ]\n"
		     "vcpus: [ {}, {} ]\n"
		     "steps:\n"
		     "  - together:\n"
		     "      - read: { vcpu: 0, gva: 0x5000 }\n"
		     "      - read: { vcpu: 1, gva: 0x5000 }\n"
		     "never:\n"
		     "  - claim: vcpu0_maps_it\n"
		     "    results: { vcpu0.1: { reason: mapped } }\n");
	return small;
}

static void teardown_small(void *context)
{
	tdp_scenario_destroy(context);
}

static void want_of_memory_is_reported(void **state)
{
	static const struct nomem test = {
		.setup = setup_small,
		.attempt = explore_once,
		.teardown = teardown_small,
	};

	(void)state;
	nomem_check(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes_and_claims_come_back),
		cmocka_unit_test(a_replay_violates_the_same_claim),
		cmocka_unit_test(a_limit_leaves_it_open),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(what_is_looked_at_tells_states_apart),
		cmocka_unit_test(want_of_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
