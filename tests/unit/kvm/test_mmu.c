/* SPDX-License-Identifier: MIT */
/* How deep the TDP tables of a vCPU are, by host and CPUID. */
#include "kvm/mmu.h"
#include "support/unit.h"

/* clang-format off */
static const struct row {
	const char *name;
	unsigned int maxphyaddr;
	unsigned int capable5, capable4;	/* VMX, by the deepest walk */
	unsigned int forced5, forced4;		/* SVM, by the host's paging */
} rows[] = {
	{ "no_leaf_0x80000000", 36, 4, 4, 5, 4 },
	{ "eax_0x3027", 39, 4, 4, 5, 4 },
	{ "eax_0x302e", 46, 4, 4, 5, 4 },
	{ "eax_0x3030", 48, 4, 4, 5, 4 },
	{ "one_bit_more_than_48", 49, 5, 4, 5, 4 },
	{ "widest", 52, 5, 4, 5, 4 },
	{ "eax_0x3000_says_no_width", 0, 4, 4, 5, 4 },
};
/* clang-format on */

static void expect(const struct row *r, unsigned int max, unsigned int forced,
		   unsigned int level)
{
	struct tdp_vm vm = { .max_tdp_level = max, .forced_tdp_level = forced };
	struct tdp_vcpu vcpu = { .vm = &vm,
				 .cpuid = { .maxphyaddr = r->maxphyaddr } };

	assert_int_equal(mmu_tdp_level(&vcpu), level);
}

static void tdp_level(void **state)
{
	const struct row *r = *state;

	expect(r, 5, 0, r->capable5);
	expect(r, 4, 0, r->capable4);
	expect(r, 5, 5, r->forced5);
	expect(r, 4, 4, r->forced4);
}

int main(void)
{
	static const struct suite suites[] = { ROWS(rows, tdp_level) };

	return RUN("mmu", suites);
}
