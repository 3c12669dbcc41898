/* SPDX-License-Identifier: MIT */
/* Accesses of the emulator, in L1 and in L2. */
#include "l2.h"

#define PAGES UINT64_C(0x100000) /* the guest's tables */
#define EPT12 UINT64_C(0x140000)

/* 2 MiB pages: a table of each level behind @at; flags of the first three. */
static void put_tables(struct machine *m, uint64_t at, uint64_t upper,
		       const uint64_t leaf[3])
{
	machine_poke(m, at, (at + 0x1000) | upper);
	machine_poke(m, at + 0x1000, (at + 0x2000) | upper);
	for (uint64_t i = 0; i < 3; i++)
		machine_poke(m, at + 0x2000 + 8 * i, i << 21 | leaf[i]);
}

/* L1 and L2 have the same tables; their last page is read-only. */
static void start(struct machine *m, const char *profile)
{
	static const uint64_t guest[] = { 0xe7, 0xe7, 0xe5 };
	static const uint64_t ept12[] = { 0xb7, 0xb1, 0xb7 };

	machine_init(m, TDP_INTEL, profile);
	l2_start(m);
	put_tables(m, PAGES, 0x67, guest);
	put_tables(m, EPT12, 7, ept12);
}

static void start_l2(struct machine *m, const char *profile)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);

	start(m, profile);
	l2.tdp = true;
	l2.tdp_root = EPT12 | 0x5e;
	assert_int_equal(l2_enter(m, &l2), TDP_OUTCOME_DONE);
}

static const struct row {
	const char *name;
	const char *profile;
	uint64_t gva;
	enum tdp_access_kind kind;
	bool user;
	enum tdp_outcome outcome;
	uint64_t gpa;
	uint64_t info1; /* of the exit to L1 */
} rows[] = {
/* clang-format off */
#define DONE	TDP_OUTCOME_DONE
#define FAULT	TDP_OUTCOME_GUEST_FAULT
#define EXIT	TDP_OUTCOME_NESTED_EXIT
	{ "read/v6.12", "v6.12", 0x1000, TDP_READ, false, DONE, 0x1000, 0 },
	{ "write/v6.12", "v6.12", 0x1000, TDP_WRITE, true, DONE, 0x1000, 0 },
	{ "rmw/v6.12", "v6.12", 0x1000, TDP_RMW, true, DONE, 0x1000, 0 },
	{ "fetch/v6.12", "v6.12", 0x1000, TDP_FETCH, false, DONE, 0x1000, 0 },
	{ "absent/v6.12", "v6.12", 0x600000, TDP_READ, false, FAULT, 0, 0 },
	{ "l2_forbids/v6.12", "v6.12", 0x400000, TDP_WRITE, false, FAULT, 0, 0 },
	{ "l1_forbids_write/v6.12", "v6.12", 0x200000, TDP_WRITE, false, EXIT, 0, 0x0b },
	{ "l1_forbids_write/v7.2", "v7.2", 0x200000, TDP_WRITE, false, EXIT, 0, 0x18a },
	{ "l1_forbids_fetch/v6.12", "v6.12", 0x200000, TDP_FETCH, false, EXIT, 0, 0x0d },
	{ "l1_forbids_fetch/v7.2", "v7.2", 0x200000, TDP_FETCH, false, EXIT, 0, 0x18c },
	/* clang-format on */
};

static void emulator(void **state)
{
	const struct row *r = *state;
	const struct tdp_access access = {
		.gva = TDP_GVA(r->gva),
		.kind = r->kind,
		.user = r->user,
		.size = 8,
		.value = 0x1234,
	};
	static struct events events;
	struct machine m;

	start_l2(&m, r->profile);
	events_watch(&events, &m);
	assert_int_equal(tdp_vcpu_emulate(m.vcpu, &access, &m.result, &m.err),
			 TDP_OK);
	l2_well(&m);
	assert_int_equal(m.result.outcome, r->outcome);
	assert_int_equal(m.result.gpa, r->gpa);
	assert_int_equal(l2_seen(&m).guest_mode, r->outcome != EXIT);
	if (r->info1)
		assert_int_equal(
			events_nth(&events, TDP_EV_kvm_nested_vmexit_inject, 0)
				->field[1],
			r->info1);
	machine_end(&m);
}

/* Where no memory is, userspace is asked; a table may wait for a userfault. */
static void outside_of_memory(void **state)
{
	struct tdp_access access = { .gva = TDP_GVA(0x400000) };
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	assert_int_equal(tdp_vcpu_emulate(m.vcpu, &access, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_MMIO);
	l2_back(&m, PAGES + 0x2000, TDP_BACKING_UFFD_MISSING);
	assert_int_equal(tdp_vcpu_emulate(m.vcpu, &access, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_BLOCKED);
	assert_int_equal(
		tdp_vcpu_kvm_translate(m.vcpu, access.gva, &m.result, &m.err),
		TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_BLOCKED);
	machine_end(&m);
}

static void refuses_what_no_emulator_does(void **state)
{
	struct tdp_access stack = { .kind = TDP_SS_READ };
	struct tdp_access two = { .gva = TDP_GVA(0xffc), .size = 8 };
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	assert_int_equal(tdp_vcpu_emulate(m.vcpu, &stack, &m.result, &m.err),
			 TDP_EINVAL);
	assert_int_equal(tdp_vcpu_emulate(m.vcpu, &two, &m.result, &m.err),
			 TDP_EINVAL);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, emulator),
		CASE(outside_of_memory),
		CASE(refuses_what_no_emulator_does),
	};

	return RUN("ops/emulate", suites);
}
