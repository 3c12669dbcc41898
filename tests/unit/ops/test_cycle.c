/* SPDX-License-Identifier: MIT */
/* A loop without progress: its round is recorded, and heard by nobody. */
#include <errno.h>

#include "support/machine.h"

static void count(const struct tdp_event *event, void *context)
{
	unsigned int *nr = context;

	*nr += event->id == TDP_EV_decided;
}

static void start(struct machine *m, const char *profile)
{
	machine_init(m, TDP_AMD, profile);
	machine_start(m);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_slot(m, 1, 0, GIB, MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(m, 40);
}

static void delete_slot(struct machine *m)
{
	const struct tdp_memslot gone = { .slot = 1 };

	assert_int_equal(tdp_vm_set_memslot(m->vm, &gone, &m->result, &m->err),
			 TDP_OK);
}

/* The ioctl retries on a root that a deleted memslot made obsolete. */
static void prefault_on_a_stale_root(void **state)
{
	struct tdp_cycle cycle;
	struct machine m;
	unsigned int heard = 0;

	(void)state;
	start(&m, "v6.12");
	machine_prefault(&m, 0, 4 * KIB);
	tdp_vcpu_get_cycle(m.vcpu, &cycle);
	assert_int_equal(cycle.nr_events, 0);
	delete_slot(&m);
	tdp_vm_set_tracer(m.vm, count, &heard);
	machine_prefault(&m, 4 * KIB, 4 * KIB);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_LIVELOCK);
	assert_int_equal(m.result.cycle, 1);
	/* It was recognized by the first round; the second is the record's. */
	assert_int_equal(heard, 1);
	tdp_vcpu_get_cycle(m.vcpu, &cycle);
	assert_int_equal(cycle.nr_events, 1);
	assert_int_equal(cycle.event[0].id, TDP_EV_decided);
	assert_int_equal(cycle.event[0].field[1], 1);
	assert_int_equal(cycle.event[0].field[2], TDP_WHY_ROOT_OBSOLETE);
	machine_end(&m);
}

/* A signal ends the loop: nothing repeats, and nothing is recorded. */
static void signal_ends_it(void **state)
{
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	machine_prefault(&m, 0, 4 * KIB);
	delete_slot(&m);
	tdp_vcpu_signal(m.vcpu, 1);
	assert_int_equal(machine_prefault(&m, 4 * KIB, 4 * KIB), -EINTR);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_FAILED);
	assert_int_equal(m.result.cycle, 0);
	machine_end(&m);
}

/* The processor walks a level that KVM did not build: exit after exit. */
static void exits_without_progress(void **state)
{
	struct tdp_cycle cycle;
	struct machine m;
	unsigned int exits, pages;

	(void)state;
	machine_init(&m, TDP_AMD, "v5.12");
	m.host.la57 = true;
	machine_set(&m, "tdp_mmu", "on");
	machine_start(&m);
	machine_slot(&m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(&m, 40);
	assert_int_equal(machine_access(&m, TDP_READ, 0x1000),
			 TDP_OUTCOME_LIVELOCK);
	assert_int_equal(m.result.reason, TDP_WHY_WALK_MISMATCH);
	exits = m.result.exits;
	pages = m.result.mmu_pages;
	tdp_vcpu_get_cycle(m.vcpu, &cycle);
	assert_int_equal(cycle.nr_events, m.result.cycle);
	assert_int_equal(cycle.event[0].id, TDP_EV_kvm_exit);
	assert_int_equal(cycle.event[0].field[3], 0x1000);
	/* The recorded round is not counted with the others. */
	assert_int_equal(exits, 1 + m.result.faults_spurious);
	assert_int_equal(pages, 3);
	machine_end(&m);
}

static const struct row {
	const char *name;
	const char *profile, *api;
	bool tdp;
	unsigned int vm, system;
} rows[] = {
	{ "before_6_11", "v6.8", "none", true, 0, 0 },
	{ "first_posting", "v6.8", "map_v1", false, 1, 1 },
	{ "second_posting", "v6.8", "map_v2", false, 1, 1 },
	{ "third_posting", "v6.8", "map_v3", true, 1, 1 },
	{ "third_posting_no_tdp", "v6.8", "map_v3", false, 0, 1 },
	{ "merged", "v6.11", "6.11", true, 1, 1 },
	{ "merged_no_tdp", "v6.18", "6.18", false, 0, 0 },
};

static void row_capability(void **state)
{
	const struct row *r = *state;
	struct machine m;

	machine_init(&m, TDP_AMD, r->profile);
	machine_set(&m, "prefault.api", r->api);
	machine_set(&m, "tdp", r->tdp ? "on" : "off");
	machine_start(&m);
	assert_int_equal(tdp_vm_prefault_capability(m.vm, false), r->vm);
	assert_int_equal(tdp_vm_prefault_capability(m.vm, true), r->system);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(prefault_on_a_stale_root),
		CASE(signal_ends_it),
		CASE(exits_without_progress),
		ROWS(rows, row_capability),
	};

	return RUN("cycle", suites);
}
