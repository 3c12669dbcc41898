/* SPDX-License-Identifier: MIT */
#include "race_text.h"

#include <stdio.h>

#include "base/bits.h"
#include "support/unit.h"

static unsigned int below(uint64_t *random, unsigned int n)
{
	*random = *random * UINT64_C(6364136223846793005) +
		  UINT64_C(1442695040888963407);
	return (unsigned int)(*random >> 33) % n;
}

#define ONE_OF(random, list) ((list)[below(random, ARRAY_SIZE(list))])

#define put(t, ...)          fprintf((t)->out, __VA_ARGS__)

/* Steps of a vCPU, accesses first: %u is its number, then a page. */
#define NR_ACCESSES 7
static const char *const vcpu_steps[] = {
	"read: { vcpu: %u, gva: 0x%x000 }",
	"write: { vcpu: %u, gva: 0x%x000 }",
	"write: { vcpu: %u, gva: 0x%x000, size: 8, value: 0x1234 }",
	"fetch: { vcpu: %u, gva: 0x%x000 }",
	"rmw: { vcpu: %u, gva: 0x%x000 }",
	"read: { vcpu: %u, gva: 0x1000%x000 }",
	"write: { vcpu: %u, gva: 0x1000%x000 }",
	"prefault: { vcpu: %u, gpa: 0x%x000, size: 4KiB }",
	"prefault: { vcpu: %u, gpa: 0x1000%x000, size: 8KiB }",
	"write_reg: { vcpu: %u, reg: cr0, value: +CD } # %x",
	"write_reg: { vcpu: %u, reg: cr0, value: -CD } # %x",
	"wrmsr: { vcpu: %u, msr: 0x2ff, value: 0x80%x }",
	"wrmsr: { vcpu: %u, msr: 0x277, value: 0x070406000704060%x }",
	"wrmsr: { vcpu: %u, msr: 0x250, value: 0x0606060606060%x06 }",
	"rdmsr: { vcpu: %u, msr: 0x2ff } # %x",
	"read_reg: { vcpu: %u, reg: cr0 } # %x",
	"run: { vcpu: %u } # %x",
	"signal: { vcpu: %u } # %x",
	"smi: { vcpu: %u } # %x",
	"rsm: { vcpu: %u } # %x",
	"kvm_translate: { vcpu: %u, gva: 0x%x000 }",
};

/* Steps of userspace: %x is a page. */
static const char *const main_steps[] = {
	"set_backing: { gpa: 0x%x000, size: 4KiB, backing: unmapped }",
	"set_backing: { gpa: 0x%x000, size: 4KiB, backing: anonymous }",
	"set_backing: { gpa: 0x%x000, size: 8KiB, backing: shmem }",
	"set_backing: { gpa: 0x%x000, size: 4KiB, backing: prot-none }",
	"attach_dma: {} # %x",
	"delete_memslot: { slot: 1 } # %x",
	"memslot: { slot: 2, gpa: 0x2000%x000, size: 64KiB }",
	"memslot: { slot: 0, gpa: 0, size: 1MiB, dirty_log: true } # %x",
	"toggle_dirty_log: { slot: 0, times: 1 } # %x",
	"get_dirty_log: { slot: 0 } # %x",
	"age: { gpa: 0x%x000, size: 4KiB }",
	"signal: { vcpu: 0 } # %x",
	"set_attributes: { gpa: 0x%x000, size: 4KiB }",
};

static const char *const profiles[] = { "v5.10", "v5.15", "v6.1", "v6.8",
					"v6.12", "v6.18", "v7.2" };
static const char *const sources[] = { "mtrr_cd", "wb_only", "vcpu0", "uniform",
				       "role" };
static const char *const modes[] = { "", "", "", ", tdp_mmu: off",
				     ", tdp: off" };

static const char *const observed[] = {
	"",
	"",
	"observe: [ memtype ]\n",
	"observe: [ outcome, spte ]\n",
	"observe: [ reason, root.id ]\n",
	"observe: [ ret, hpa, root.leaves ]\n",
};

/* The first step of vCPU 0 is an access. */
static const char *const claims[] = {
	"",
	"",
	"never:\n  - { claim: a, results: { vcpu0.1: { exit: ept_violation } } }\n",
	("sometimes:\n  - { claim: b, results: { vcpu0.1: { outcome: done } }, "
	 "sptes: [ { root: 1, gpa: 0x5000, present: true } ] }\n"),
	"always:\n  - { claim: c, vcpus: [ { vcpu: 0, root: 1 } ] }\n",
	"never:\n  - { claim: d, stats: { zaps: 3 } }\n",
	"sometimes:\n  - { claim: e, every: true, nr_roots: 2 }\n",
};

static void put_vcpu_steps(struct race_text *t, uint64_t *random,
			   unsigned int vcpu)
{
	unsigned int nr = 1 + below(random, 3), i;

	for (i = 0; i < nr; i++) {
		put(t, "      - ");
		put(t,
		    vcpu_steps[below(random, vcpu || i ?
						     ARRAY_SIZE(vcpu_steps) :
						     NR_ACCESSES)],
		    vcpu, below(random, 3) + 4);
		put(t, "\n");
	}
}

static void put_together(struct race_text *t, uint64_t *random,
			 unsigned int vcpus)
{
	unsigned int i;

	put(t, "  - kernel_steps: %s\n    together:\n",
	    below(random, 2) ? "true" : "false");
	for (i = 0; i < vcpus; i++)
		put_vcpu_steps(t, random, i);
	for (i = below(random, 3); i; i--) {
		put(t, "      - ");
		put(t, ONE_OF(random, main_steps), below(random, 3) + 4);
		put(t, "\n        thread: main\n");
	}
}

static void put_machine(struct race_text *t, uint64_t *random,
			unsigned int vcpus)
{
	unsigned int i;

	put(t,
	    "scenario: random\nabout: random\nhost: { vendor: %s }\n"
	    "kvm: { profile: %s, memtype.source: %s, memtype.cd_quirk: %s%s }\n"
	    "memslots: [ { slot: 0, gpa: 0, size: 1MiB },"
	    " { slot: 1, gpa: 0x10000000, size: 1MiB } ]\nvcpus:\n",
	    below(random, 4) ? "intel" : "amd", ONE_OF(random, profiles),
	    ONE_OF(random, sources), below(random, 2) ? "on" : "off",
	    ONE_OF(random, modes));
	for (i = 0; i < vcpus; i++)
		put(t, "  - { cr0: PE|ET%s }\n", below(random, 3) ? "" : "|CD");
}

void race_text_make(struct race_text *t, uint64_t *random)
{
	unsigned int vcpus = 2 + below(random, 2), i;

	t->out = fmemopen(t->bytes, RACE_TEXT_BYTES, "w");
	assert_non_null(t->out);
	put_machine(t, random, vcpus);
	put(t, "steps:\n");
	if (below(random, 2))
		put(t, "  - attach_dma: {}\n");
	for (i = 0; i < vcpus; i++)
		if (below(random, 3))
			put(t, "  - run: { vcpu: %u }\n", i);
	put_together(t, random, vcpus);
	if (!below(random, 3))
		put(t, "  - read: { vcpu: 0, gva: 0x5000 }\n");
	put(t, "%s%s", ONE_OF(random, observed), ONE_OF(random, claims));
	t->used = (size_t)ftell(t->out);
	assert_int_equal(fclose(t->out), 0);
	assert_true(t->used < RACE_TEXT_BYTES);
}

bool race_text_explore(const struct race_text *t,
		       const struct tdp_explore_options *options,
		       struct tdp_explore_summary *summary)
{
	struct tdp_explore_options o = *options;
	struct tdp_exploration *x;
	struct tdp_scenario *s;
	struct tdp_error err;
	int ret;

	o.max_states = RACE_MAX_STATES;
	*summary = (struct tdp_explore_summary){ 0 };
	if (tdp_scenario_load_text("random", t->bytes, t->used, &s, &err))
		fail_msg("%s\n%s", err.message, t->bytes);
	ret = tdp_explore(s, &o, &x, &err);
	if (ret && ret != TDP_EUNSUPPORTED)
		fail_msg("%s\n%s", err.message, t->bytes);
	if (!ret)
		tdp_exploration_summary(x, summary);
	if (!ret)
		tdp_exploration_destroy(x);
	tdp_scenario_destroy(s);
	return !ret && summary->exhausted;
}
