/* SPDX-License-Identifier: MIT */
/* KVM_TRANSLATE: in L1, and in L2 through L1's nested tables. */
#include "l2.h"

#define NO_GPA UINT64_MAX
#define VA     0x1000

/*
 * One page at VA by tables from @base on, its leaf leads to @to.  L1's nested
 * tables map the addresses of @tables and @to to what lies 0x80000 above.
 */
static void map(struct machine *m, uint64_t memory, uint64_t base, uint64_t to,
		uint64_t flags)
{
	machine_poke(m, memory, (base + 0x1000) | 7);
	machine_poke(m, memory + 0x1000, (base + 0x2000) | 7);
	machine_poke(m, memory + 0x2000, (base + 0x3000) | 7);
	machine_poke(m, memory + 0x3000 + 8, to | flags);
}

static uint64_t translate(struct machine *m, uint64_t gva)
{
	assert_int_equal(tdp_vcpu_kvm_translate(m->vcpu, TDP_GVA(gva),
						&m->result, &m->err),
			 TDP_OK);
	assert_int_equal(m->result.ret, 0);
	return m->result.gpa;
}

static uint64_t peek(struct machine *m, uint64_t gpa)
{
	uint64_t value;

	assert_int_equal(
		tdp_vm_read(m->vm, 0, TDP_GPA(gpa), &value, 8, &m->err),
		TDP_OK);
	return value;
}

static void in_l1(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	map(&m, 0x100000, 0x100000, 0x5000, 3);
	assert_int_equal(translate(&m, VA + 0x234), 0x5234);
	assert_int_equal(peek(&m, 0x103008), 0x5023);
	assert_int_equal(translate(&m, VA + 0x1000), NO_GPA);
	assert_int_equal(m.result.reason, TDP_WHY_GUEST_PTE_ABSENT);
	assert_int_equal(m.result.fault_address, VA + 0x1000);
	machine_end(&m);
}

static const struct row {
	const char *name;
	enum tdp_vendor vendor;
	uint64_t root, flags; /* of L1's nested tables, and of their entries */
} rows[] = {
	{ "nested NPT", TDP_AMD, NCR3, 7 },
	{ "nested EPT", TDP_INTEL, EPTP12, 7 | 6 << 3 },
};

/* L2's frames 0..511 lie at 2 MiB in L1. */
static void in_l2(void **state)
{
	const struct row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct machine m;
	uint64_t i;

	machine_init(&m, r->vendor, "v6.12");
	l2_start(&m);
	machine_poke(&m, 0x140000, 0x141007);
	machine_poke(&m, 0x141000, 0x142007);
	machine_poke(&m, 0x142000, 0x143007);
	for (i = 0; i < 0x110; i++)
		machine_poke(&m, 0x143000 + 8 * i,
			     (0x200000 + 0x1000 * i) | r->flags);
	map(&m, 0x300000, 0x100000, 0x5000, 3);
	l2.tdp = true;
	l2.tdp_root = r->root;
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	assert_int_equal(translate(&m, VA + 0x234), 0x205234);
	/* Accessed, where L2's table lies in L1. */
	assert_int_equal(peek(&m, 0x303008), 0x5023);
	/* L1's tables do not map what L2's leaf names. */
	machine_poke(&m, 0x303010, 0x150003);
	assert_int_equal(translate(&m, VA + 0x1000), NO_GPA);
	assert_int_equal(m.result.fault_address, 0x150000);
	machine_end(&m);
}

/* Without paging L2's linear address is its guest-physical one. */
static void in_unpaged_l2(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_AMD);
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	l2_start(&m);
	map(&m, NCR3, NCR3, 0x205000, 7);
	l2.tdp = true;
	l2.tdp_root = NCR3;
	l2.l2.cr0 = 0x31;
	l2.l2.efer = 0x1000;
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	assert_int_equal(translate(&m, VA + 8), 0x205008);
	assert_int_equal(translate(&m, 0x7000), NO_GPA);
	assert_int_equal(m.result.fault_address, 0x7000);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(in_l1),
		ROWS(rows, in_l2),
		CASE(in_unpaged_l2),
	};

	return RUN("ops_translate", suites);
}
