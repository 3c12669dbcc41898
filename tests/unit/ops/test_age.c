/* SPDX-License-Identifier: MIT */
/* Aging: A bits where the processor keeps them, access tracking elsewhere. */
#include "events.h"
#include "support/machine.h"

#define START UINT64_C(0x40000000)
#define FLAGS (~UINT64_C(0x000ffffffffff000))

static const struct row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	bool ad;
	uint64_t young, old; /* SPTEs */
	uint64_t again;      /* after a read of the old one */
	unsigned int faults; /* that the read takes */
} rows[] = {
	/* clang-format off */
	{ "npt",	"v6.12", TDP_AMD,   true,  0xe67, 0xe47, 0xe67, 0 },
	{ "ept",	"v6.12", TDP_INTEL, true,
	  0x8600000000000b77, 0x8600000000000a77, 0x8600000000000b77, 0 },
	/* The rights go, R and X are kept aside; W comes back by a write. */
	{ "no_ad",	"v6.12", TDP_INTEL, false,
	  0x8610000000000877, 0x8750000000000870, 0x8610000000000875, 1 },
	{ "no_ad_7_1",	"v7.1",	 TDP_INTEL, false,
	  0x8610000000000b77, 0x8750000000000a70, 0x8610000000000b75, 1 },
	/* clang-format on */
};

static uint64_t leaf(struct machine *m)
{
	struct tdp_root_info root;
	struct tdp_spte_info path[5];
	unsigned int nr;

	assert_true(tdp_vm_root_next(m->vm, 0, &root));
	nr = tdp_vm_get_sptes(m->vm, root.id, TDP_GPA(START), path);
	assert_int_equal(nr, 4);
	return path[3].spte & FLAGS;
}

static void start(struct machine *m, enum tdp_vendor vendor,
		  const char *profile, bool ad)
{
	machine_init(m, vendor, profile);
	m->host.ept_ad = ad;
	machine_start(m);
	machine_vcpu(m, 40);
	machine_slot(m, 1, 0, START, MIB, TDP_BACKING_ANONYMOUS);
}

static unsigned int age(struct machine *m, uint64_t gpa, uint64_t size)
{
	assert_int_equal(
		tdp_vm_age(m->vm, 0, TDP_GPA(gpa), size, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(tdp_vm_check(m->vm, NULL), TDP_OK);
	return (unsigned int)m->result.value;
}

static unsigned int test_age(struct machine *m, uint64_t gpa)
{
	assert_int_equal(
		tdp_vm_test_age(m->vm, 0, TDP_GPA(gpa), &m->result, &m->err),
		TDP_OK);
	return (unsigned int)m->result.value;
}

static void cycle(void **state)
{
	const struct row *r = *state;
	struct machine m;

	start(&m, r->vendor, r->profile, r->ad);
	assert_int_equal(test_age(&m, START), 0);
	assert_int_equal(machine_access(&m, TDP_WRITE, START),
			 TDP_OUTCOME_DONE);
	assert_int_equal(leaf(&m), r->young);
	assert_int_equal(test_age(&m, START), 1);
	assert_int_equal(test_age(&m, START), 1);
	assert_int_equal(age(&m, START, MIB), 1);
	assert_int_equal(leaf(&m), r->old);
	assert_int_equal(test_age(&m, START), 0);
	assert_int_equal(age(&m, START, MIB), 0);
	assert_int_equal(machine_access(&m, TDP_READ, START), TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, r->faults);
	assert_int_equal(m.result.faults_fast, r->faults);
	assert_int_equal(leaf(&m), r->again);
	assert_int_equal(test_age(&m, START), 1);
	assert_int_equal(machine_access(&m, TDP_WRITE, START),
			 TDP_OUTCOME_DONE);
	assert_int_equal(leaf(&m), r->young);
	machine_end(&m);
}

/* Only what the range maps is asked, and the events say which it was. */
static void ranges_are_exact(void **state)
{
	static struct events events;
	struct machine m;

	(void)state;
	start(&m, TDP_AMD, "v6.12", true);
	machine_access(&m, TDP_WRITE, START + 0x3000);
	events_watch(&events, &m);
	assert_int_equal(age(&m, START, 0x3000), 0);
	assert_int_equal(age(&m, START + 0x4000, 0x3000), 0);
	assert_int_equal(events_count(&events, TDP_EV_kvm_tdp_mmu_spte_changed),
			 0);
	assert_int_equal(age(&m, START + 0x3fff, 1), 1);
	assert_int_equal(events.event[events.nr - 1].id,
			 TDP_EV_kvm_tdp_mmu_spte_changed);
	assert_int_equal(events_count(&events, TDP_EV_kvm_age_hva), 3);
	assert_int_equal(
		events_nth(&events, TDP_EV_kvm_age_hva, 2)->field[1] -
			events_nth(&events, TDP_EV_kvm_age_hva, 2)->field[0],
		1);
	assert_int_equal(test_age(&m, START), 0);
	assert_int_equal(events_count(&events, TDP_EV_kvm_test_age_hva), 1);
	machine_end(&m);
}

static const struct refused_row {
	const char *name;
	unsigned int as_id;
	uint64_t gpa, size;
	int status;
} refused_rows[] = {
	{ "no_bytes", 0, START, 0, TDP_EINVAL },
	{ "no_address_space", 2, START, 1, TDP_EINVAL },
	{ "no_slot", 0, 0, 1, TDP_EINVAL },
	{ "beyond_the_slot", 0, START + 0x1000, MIB, TDP_EINVAL },
	{ "wraps", 0, START + 0x1000, UINT64_MAX, TDP_EINVAL },
};

static void refused(void **state)
{
	const struct refused_row *r = *state;
	struct machine m;

	start(&m, TDP_AMD, "v6.12", true);
	assert_int_equal(tdp_vm_age(m.vm, r->as_id, TDP_GPA(r->gpa), r->size,
				    &m.result, &m.err),
			 r->status);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, cycle),
		CASE(ranges_are_exact),
		ROWS(refused_rows, refused),
	};

	return RUN("age", suites);
}
