/* SPDX-License-Identifier: MIT */
/*
 * Partial-order reduction loses no outcome: random scenarios are explored with
 * it and without it, in calls and in steps of the kernel, by one thread and by
 * two.
 */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "support/unit.h"
#include "tdpsim/explore.h"

#define SCENARIOS  120u
#define MAX_STATES 60000u
#define TEXT_BYTES 4096u

struct random {
	uint64_t state;
};

static unsigned int below(struct random *r, unsigned int n)
{
	r->state = r->state * UINT64_C(6364136223846793005) +
		   UINT64_C(1442695040888963407);
	return (unsigned int)(r->state >> 33) % n;
}

struct text {
	char bytes[TEXT_BYTES];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t,
						      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->used += (size_t)vsnprintf(t->bytes + t->used, TEXT_BYTES - t->used,
				     fmt, args);
	va_end(args);
	assert_true(t->used < TEXT_BYTES);
}

/* Steps of a vCPU: %u is its number, then a page. */
static const char *const vcpu_steps[] = {
	"read: { vcpu: %u, gva: 0x%x000 }",
	"write: { vcpu: %u, gva: 0x%x000 }",
	"fetch: { vcpu: %u, gva: 0x%x000 }",
	"prefault: { vcpu: %u, gpa: 0x%x000, size: 4KiB }",
	"write_reg: { vcpu: %u, reg: cr0, value: +CD } # %x",
	"write_reg: { vcpu: %u, reg: cr0, value: -CD } # %x",
	"wrmsr: { vcpu: %u, msr: 0x2ff, value: 0x80%x }",
	"wrmsr: { vcpu: %u, msr: 0x277, value: 0x070406000704060%x }",
	"rdmsr: { vcpu: %u, msr: 0x2ff } # %x",
	"read_reg: { vcpu: %u, reg: cr0 } # %x",
	"run: { vcpu: %u } # %x",
	"signal: { vcpu: %u } # %x",
};

static const char *const main_steps[] = {
	"set_backing: { gpa: 0x%x000, size: 4KiB, backing: unmapped }",
	"set_backing: { gpa: 0x%x000, size: 4KiB, backing: anonymous }",
	"attach_dma: {} # %x",
	"delete_memslot: { slot: 1 } # %x",
	"signal: { vcpu: 0 } # %x",
};

static const char *const profiles[] = { "v5.15", "v6.1",  "v6.8",
					"v6.12", "v6.18", "v7.2" };
static const char *const sources[] = { "mtrr_cd", "wb_only", "vcpu0", "uniform",
				       "role" };

static void put_steps(struct text *t, struct random *r, unsigned int vcpus)
{
	unsigned int i, j, nr;

	put(t, "  - kernel_steps: %s\n    together:\n",
	    below(r, 2) ? "true" : "false");
	for (i = 0; i < vcpus; i++) {
		nr = 1 + below(r, 3);
		for (j = 0; j < nr; j++) {
			put(t, "      - ");
			put(t, vcpu_steps[below(r, ARRAY_SIZE(vcpu_steps))], i,
			    below(r, 3) + 4);
			put(t, "\n");
		}
	}
	if (below(r, 2)) {
		put(t, "      - ");
		put(t, main_steps[below(r, ARRAY_SIZE(main_steps))],
		    below(r, 3) + 4);
		put(t, "\n        thread: main\n");
	}
}

static void make(struct text *t, struct random *r)
{
	unsigned int vcpus = 2 + below(r, 2), i;

	t->used = 0;
	put(t,
	    "scenario: random\nabout: random\nkvm: { profile: %s, "
	    "memtype.source: %s, memtype.cd_quirk: %s }\n",
	    profiles[below(r, ARRAY_SIZE(profiles))],
	    sources[below(r, ARRAY_SIZE(sources))], below(r, 2) ? "on" : "off");
	put(t, "memslots: [ { slot: 0, gpa: 0, size: 1MiB },"
	       " { slot: 1, gpa: 0x10000000, size: 1MiB } ]\nvcpus:\n");
	for (i = 0; i < vcpus; i++)
		put(t, "  - { cr0: PE|ET%s }\n", below(r, 3) ? "" : "|CD");
	put(t, "steps:\n");
	if (below(r, 2))
		put(t, "  - attach_dma: {}\n");
	for (i = 0; i < vcpus; i++)
		if (below(r, 3))
			put(t, "  - run: { vcpu: %u }\n", i);
	put_steps(t, r, vcpus);
}

static bool explore(const struct text *t, bool reduce, unsigned int jobs,
		    struct tdp_explore_summary *summary)
{
	const struct tdp_explore_options options = {
		.no_reduction = !reduce,
		.jobs = jobs,
		.max_states = MAX_STATES,
	};
	struct tdp_exploration *x;
	struct tdp_scenario *s;
	struct tdp_error err;
	int ret;

	*summary = (struct tdp_explore_summary){ 0 };
	if (tdp_scenario_load_text("random", t->bytes, t->used, &s, &err))
		fail_msg("%s\n%s", err.message, t->bytes);
	ret = tdp_explore(s, &options, &x, &err);
	if (ret && ret != TDP_EUNSUPPORTED)
		fail_msg("%s\n%s", err.message, t->bytes);
	if (!ret)
		tdp_exploration_summary(x, summary);
	if (!ret)
		tdp_exploration_destroy(x);
	tdp_scenario_destroy(s);
	return !ret && summary->exhausted;
}

static void reduction_loses_no_outcome(void **state)
{
	struct tdp_explore_summary all, less;
	unsigned int i, compared = 0, smaller = 0;
	struct random r = { .state = 2026 };
	static struct text t;

	(void)state;
	for (i = 0; i < SCENARIOS; i++) {
		make(&t, &r);
		if (!explore(&t, false, 1, &all))
			continue;
		assert_true(explore(&t, true, 1, &less));
		if (all.hash != less.hash || all.outcomes != less.outcomes ||
		    all.livelock != less.livelock ||
		    all.deadlock != less.deadlock || all.holds != less.holds)
			fail_msg("%u outcomes, with reduction %u:\n%s",
				 all.outcomes, less.outcomes, t.bytes);
		assert_true(less.states <= all.states);
		smaller += less.states < all.states;
		compared++;
	}
	print_message("%u scenarios compared, %u with fewer states\n", compared,
		      smaller);
	assert_true(compared > SCENARIOS / 2);
	assert_true(smaller > SCENARIOS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reduction_loses_no_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
