/* SPDX-License-Identifier: MIT */
/* KVM_SET_CPUID2 */
#include "support/machine.h"

static const struct tdp_cpuid wide = {
	.maxphyaddr = 52,
	.lm = true,
	.nx = true,
	.gbpages = true,
	.smep = true,
	.smap = true,
	.mtrr = true,
};

static int set(struct machine *m, const struct tdp_cpuid *cpuid)
{
	assert_int_equal(tdp_vcpu_set_cpuid(m->vcpu, cpuid, &m->result),
			 TDP_OK);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
	return m->result.ret;
}

static void start(struct machine *m, const char *profile)
{
	machine_init(m, TDP_INTEL, profile);
	m->host.ept_levels = 5;
	machine_start(m);
	assert_int_equal(tdp_vcpu_create(m->vm, &m->vcpu, &m->err), TDP_OK);
}

/* clang-format off */
static const struct level_row {
	const char *name;
	unsigned int maxphyaddr;
	uint32_t root_role;
} level_rows[] = {
	{ "36", 36, 0x3784 }, { "46", 46, 0x3784 }, { "48", 48, 0x3784 },
	{ "49", 49, 0x3785 }, { "52", 52, 0x3785 },
};
/* clang-format on */

static void maxphyaddr_chooses_the_level(void **state)
{
	const struct level_row *r = *state;
	struct tdp_cpuid cpuid = wide;
	struct tdp_vcpu_state seen;
	struct machine m;

	start(&m, "v6.12");
	cpuid.maxphyaddr = r->maxphyaddr;
	assert_int_equal(set(&m, &cpuid), 0);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.root_role, r->root_role);
	tdp_vcpu_get_cpuid(m.vcpu, &cpuid);
	assert_int_equal(cpuid.maxphyaddr, r->maxphyaddr);
	machine_end(&m);
}

static void impossible_widths_are_the_callers_mistake(void **state)
{
	struct tdp_cpuid cpuid = wide;
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	cpuid.maxphyaddr = 31;
	assert_int_equal(tdp_vcpu_set_cpuid(m.vcpu, &cpuid, &m.result),
			 TDP_EINVAL);
	cpuid.maxphyaddr = 53;
	assert_int_equal(tdp_vcpu_set_cpuid(m.vcpu, &cpuid, &m.result),
			 TDP_EINVAL);
	machine_end(&m);
}

/* Without CPUID a vCPU has 36 bits, and the MMU works. */
static void before_cpuid(void **state)
{
	struct tdp_vcpu_state seen;
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_prefault(&m, 0, 0x1000), 0);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.root_role, 0x3784);
	assert_int_equal(set(&m, &wide), 0);
	/* The MMU is reset: the next load takes a root of five levels. */
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.root_id, 0);
	assert_int_equal(seen.root_role, 0x3785);
	machine_end(&m);
}

/* clang-format off */
static const struct none_row {
	const char *name;
	const char *profile;
	uint64_t cr4;
	int ret;
} none_rows[] = {
	{ "v6.13_reserves_nothing", "v6.13", 0x300000, 0 },
	{ "v6.14_reserves_every_feature", "v6.14", 0x100000, -22 },
	{ "v6.14_pae_is_no_feature", "v6.14", 0x20, 0 },
};
/* clang-format on */

static void cr4_without_cpuid(void **state)
{
	const struct none_row *r = *state;
	const struct tdp_sregs sregs = { .cr0 = 0x11, .cr4 = r->cr4 };
	struct machine m;

	start(&m, r->profile);
	tdp_vcpu_set_sregs(m.vcpu, &sregs, &m.result);
	assert_int_equal(m.result.ret, r->ret);
	/* EFER knows nothing either, in any kernel. */
	tdp_vcpu_write_reg(m.vcpu, TDP_REG_EFER, 0x800, &m.result);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_GUEST_FAULT);
	machine_end(&m);
}

/* clang-format off */
static const struct run_row {
	const char *name;
	const char *profile;
	bool changes;
	int ret;
	bool reset;
} run_rows[] = {
	{ "v5.15_other_data", "v5.15", true, 0, true },
	{ "v5.17_other_data", "v5.17", true, -22, false },
	{ "v6.12_other_data", "v6.12", true, -22, false },
	{ "v6.12_same_data", "v6.12", false, 0, false },
};
/* clang-format on */

static void after_the_first_run(void **state)
{
	const struct run_row *r = *state;
	struct tdp_cpuid cpuid = wide;
	struct tdp_vcpu_state seen;
	struct machine m;

	start(&m, r->profile);
	set(&m, &wide);
	assert_int_equal(tdp_vcpu_run(m.vcpu, &m.result, &m.err), TDP_OK);
	cpuid.gbpages = !r->changes;
	assert_int_equal(set(&m, &cpuid), r->ret);
	assert_int_equal(m.result.reason,
			 r->ret ? TDP_WHY_CPUID_AFTER_RUN : TDP_WHY_NONE);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.root_id == 0, r->reset);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(level_rows, maxphyaddr_chooses_the_level),
		CASE(impossible_widths_are_the_callers_mistake),
		CASE(before_cpuid),
		ROWS(none_rows, cr4_without_cpuid),
		ROWS(run_rows, after_the_first_run),
	};

	return RUN("ops/cpuid", suites);
}
