/* SPDX-License-Identifier: MIT */
/*
 * From the exit qualification of an EPT violation to the error code that KVM's
 * MMU is given, in each value of fault.ept_flags.
 */
#include "kvm/fault.h"
#include "support/unit.h"

#define FINAL PFERR_GUEST_FINAL
#define PAGE  PFERR_GUEST_PAGE

/* clang-format off */
static const struct row {
	const char *name;
	uint64_t qual;
	bool mbec;
	uint64_t v6_11, v6_12, v6_18, v7_2;
} rows[] = {
	/* Qualifications as in a fact sheet's rows Q1 to Q7 and N51 to N58. */
	{ "read_no_linear_address", 0x001, false, PAGE | 4, 4, 4, 0 },
	{ "read_final", 0x181, false, FINAL | 4, 4, FINAL | 4, FINAL },
	{ "write_final", 0x182, false, FINAL | 2, 2, FINAL | 2, FINAL | 2 },
	{ "write_to_read_and_execute", 0x1aa, false,
	  FINAL | 3, 3, FINAL | 3, FINAL | 3 },
	{ "fetch_of_read_and_write", 0x19c, false,
	  FINAL | 0x11, 0x11, FINAL | 0x11, FINAL | 0x11 },
	{ "table_write", 0x0aa, false, PAGE | 3, 3, PAGE | 3, PAGE | 3 },
	{ "table_read_and_write", 0x083, false, PAGE | 6, 6, PAGE | 6, PAGE | 2 },
	/* Each input bit alone, and what must not count. */
	{ "nothing", 0, false, PAGE, 0, 0, 0 },
	{ "fetch", 0x184, false, FINAL | 0x10, 0x10, FINAL | 0x10, FINAL | 0x10 },
	{ "present_by_read", 0x18a, false, FINAL | 3, 3, FINAL | 3, FINAL | 3 },
	{ "present_by_write", 0x191, false, FINAL | 5, 5, FINAL | 5, FINAL | 1 },
	{ "present_by_execute", 0x1a2, false, FINAL | 3, 3, FINAL | 3, FINAL | 3 },
	{ "user_execute_without_mbec", 0x1c2, false,
	  FINAL | 2, 2, FINAL | 2, FINAL | 2 },
	{ "user_execute_with_mbec", 0x1c2, true,
	  FINAL | 2, 2, FINAL | 2, FINAL | 3 },
	{ "user_page_final", 0x382, false,
	  FINAL | 2, 2, FINAL | 2, FINAL | 6 },
	{ "user_page_of_a_table_access", 0x283, false,
	  PAGE | 6, 6, PAGE | 6, PAGE | 2 },
	{ "final_without_linear_address", 0x102, false,
	  FINAL | 2, 2, 2, 2 },
};
/* clang-format on */

static void expect(const struct row *r, const char *profile, uint64_t pferr)
{
	struct tdp_vm vm = { .host = { .mbec = r->mbec } };

	assert_int_equal(tdp_kvm_config_init(&vm.kvm, profile, NULL), TDP_OK);
	assert_int_equal(fault_ept_error_code(&vm, r->qual), pferr);
}

static void error_code(void **state)
{
	const struct row *r = *state;

	expect(r, "v5.10", r->v6_11);
	expect(r, "v6.11", r->v6_11);
	expect(r, "v6.12", r->v6_12);
	expect(r, "v6.17", r->v6_12);
	expect(r, "v6.18", r->v6_18);
	expect(r, "v7.1", r->v6_18);
	expect(r, "v7.2", r->v7_2);
}

int main(void)
{
	static const struct suite suites[] = { ROWS(rows, error_code) };

	return RUN("fault_code", suites);
}
