/* SPDX-License-Identifier: MIT */
/* PAT and MTRRs as KVM keeps them, and what a write zaps. */
#include "events.h"
#include "tdpsim/memtype.h"

static void start(struct machine *m, const char *profile)
{
	machine_init(m, TDP_INTEL, profile);
	machine_start(m);
	machine_vcpu(m, 46);
}

static int write_msr(struct machine *m, uint32_t index, uint64_t value,
		     bool host)
{
	assert_int_equal(
		tdp_vcpu_write_msr(m->vcpu, index, value, host, &m->result),
		TDP_OK);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
	return m->result.ret;
}

/* Acceptance, MAXPHYADDR 46: KVM 6.12 kvm_mtrr_valid(), kvm_pat_valid(). */
/* clang-format off */
static const struct write_row {
	const char *name;
	uint32_t index;
	uint64_t value;
	bool accepted;
} write_rows[] = {
	{ "def_type_wb_fe_e", 0x2ff, 0xc06, true },
	{ "def_type_wb_e", 0x2ff, 0x806, true },
	{ "def_type_3", 0x2ff, 0xc03, false },
	{ "def_type_bit_8", 0x2ff, 0x306, false },
	{ "base_uc", 0x200, 0x80000000, true },
	{ "base_wb", 0x200, 0x80000006, true },
	{ "base_type_7", 0x200, 0x80000007, false },
	{ "base_bit_8", 0x200, 0x80000106, false },
	{ "base_bit_45", 0x200, 0x200000000006, true },
	{ "mask_bit_10", 0x201, 0x3fff80000400, false },
	{ "mask_bits_47_46", 0x201, 0xffff80000800, false },
	{ "mask_valid", 0x201, 0x3fff80000800, true },
	{ "last_pair", 0x20f, 0x800, true },
	{ "ninth_pair", 0x210, 0, false },
	{ "fix64k", 0x250, 0x0606060606060606, true },
	{ "fix64k_type_2", 0x250, 0x0606060606060206, false },
	{ "fix_hole", 0x251, 0, false },
	{ "fix16k", 0x258, 0x0504010006060606, true },
	{ "fix16k_beyond", 0x25a, 0, false },
	{ "fix4k", 0x268, 0x0505050505050505, true },
	{ "fix4k_type_7", 0x26f, 0x0707070707070707, false },
	{ "cap_is_read_only", 0x0fe, 0x508, false },
	{ "no_smrr", 0x1f2, 0x80000006, false },
	{ "pat", 0x277, 0x0007040600070406, true },
	{ "pat_type_2", 0x277, 0x0007040600070402, false },
	{ "pat_type_8", 0x277, 0x0807040600070406, false },
};
/* clang-format on */

static void write_is_judged(void **state)
{
	const struct write_row *r = *state;
	struct machine m;

	start(&m, "v6.12");
	write_msr(&m, r->index, r->value, true);
	assert_int_equal(m.result.ret, r->accepted ? 0 : -22);
	if (!r->accepted)
		assert_int_equal(m.result.reason, TDP_WHY_BAD_MSR);
	write_msr(&m, r->index, r->value, false);
	assert_int_equal(m.result.ret, 0);
	assert_int_equal(m.result.outcome, r->accepted ?
						   TDP_OUTCOME_DONE :
						   TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.vector, r->accepted ? 0 : 13);
	if (r->accepted) {
		tdp_vcpu_read_msr(m.vcpu, r->index, &m.result);
		assert_int_equal(m.result.value, r->value);
	}
	machine_end(&m);
}

static void values_at_reset(void **state)
{
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	tdp_vcpu_read_msr(m.vcpu, 0xfe, &m.result);
	assert_int_equal(m.result.value, 0x508);
	tdp_vcpu_read_msr(m.vcpu, 0x277, &m.result);
	assert_int_equal(m.result.value, TDP_PAT_RESET);
	tdp_vcpu_read_msr(m.vcpu, 0x2ff, &m.result);
	assert_int_equal(m.result.value, 0);
	tdp_vcpu_read_msr(m.vcpu, 0x210, &m.result);
	assert_int_equal(m.result.ret, -22);
	assert_int_equal(m.result.reason, TDP_WHY_BAD_MSR);
	machine_end(&m);
}

/* Does userspace's bad write give the guest a #GP as well? */
/* clang-format off */
static const struct gp_row {
	const char *name;
	const char *profile;
	uint32_t index;
	uint64_t value;
	unsigned int vector;
} gp_rows[] = {
	{ "v5.10_reserved_bit_of_a_pair", "v5.10", 0x201, 0x400, 13 },
	{ "v5.10_type_of_a_pair", "v5.10", 0x200, 0x7, 0 },
	{ "v5.10_reserved_bit_of_def_type", "v5.10", 0x2ff, 0x1000, 0 },
	{ "v5.12_reserved_bit_of_a_pair", "v5.12", 0x201, 0x400, 0 },
};
/* clang-format on */

static void gp_for_userspaces_write(void **state)
{
	const struct gp_row *r = *state;
	static struct events events;
	struct machine m;

	start(&m, r->profile);
	events_watch(&events, &m);
	assert_int_equal(write_msr(&m, r->index, r->value, true), -22);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_FAILED);
	assert_int_equal(m.result.vector, r->vector);
	assert_int_equal(events_count(&events, TDP_EV_kvm_inj_exception),
			 r->vector ? 1 : 0);
	machine_end(&m);
}

/* What a write zaps ------------------------------------------------------------- */

/* Pages mapped before: 4K at 0x5000, 0x85000, 0xc5000, 16M. */
enum { IN_64K = 1, IN_16K = 2, IN_4K = 4, HIGH = 8, ALL = 15 };

/* clang-format off */
static const struct {
	uint64_t gpa;
	unsigned int bit;
} places[] = {
	{ 0x5000, IN_64K }, { 0x85000, IN_16K }, { 0xc5000, IN_4K },
	{ 0x1000000, HIGH },
};
/* clang-format on */

static unsigned int mapped(const struct machine *m)
{
	struct tdp_spte_info path[5];
	unsigned int i, n, bits = 0;

	for (i = 0; i < 4; i++) {
		n = tdp_vm_get_sptes(m->vm, 1, TDP_GPA(places[i].gpa), path);
		if (n && path[n - 1].present && path[n - 1].leaf)
			bits |= places[i].bit;
	}
	return bits;
}

/* clang-format off */
static const struct zap_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	bool device;
	uint64_t def_type;	/* before */
	uint32_t index;
	uint64_t value;
	unsigned int zapped;
} zap_rows[] = {
	{ "fix64k", "v6.4", TDP_INTEL, true, 0xc06, 0x250, 0, IN_64K },
	{ "fix16k", "v6.4", TDP_INTEL, true, 0xc06, 0x258, 0, IN_16K },
	{ "fix4k", "v6.4", TDP_INTEL, true, 0xc06, 0x268, 0, IN_4K },
	{ "fixed_without_fe", "v6.4", TDP_INTEL, true, 0x806, 0x250, 0, 0 },
	{ "fixed_without_e", "v6.4", TDP_INTEL, true, 0x406, 0x250, 0, 0 },
	{ "def_type", "v6.4", TDP_INTEL, true, 0xc06, 0x2ff, 0xc00, ALL },
	{ "def_type_without_e", "v6.4", TDP_INTEL, true, 0x006, 0x2ff, 0x000,
	  ALL },
	{ "mask_makes_a_pair_of_16m", "v6.4", TDP_INTEL, true, 0x806, 0x201,
	  0x3fffff000800, IN_64K | IN_16K | IN_4K },
	{ "base_of_a_pair_without_mask", "v6.4", TDP_INTEL, true, 0x806,
	  0x200, 0x1000006, 0 },
	{ "mask_written_as_0_covers_all", "v6.4", TDP_INTEL, true, 0x806,
	  0x201, 0, ALL },
	{ "no_device", "v6.4", TDP_INTEL, false, 0xc06, 0x2ff, 0xc00, 0 },
	{ "npt_up_to_6.6", "v6.4", TDP_AMD, true, 0xc06, 0x2ff, 0xc00, ALL },
	{ "v6.7_not_npt", "v6.7", TDP_AMD, true, 0xc06, 0x2ff, 0xc00, 0 },
	{ "v6.7_ept", "v6.7", TDP_INTEL, true, 0xc06, 0x2ff, 0xc00, ALL },
	{ "v6.11_never", "v6.11", TDP_INTEL, true, 0xc06, 0x2ff, 0xc00, 0 },
	{ "pat_never", "v6.4", TDP_INTEL, true, 0xc06, 0x277, 0, 0 },
};
/* clang-format on */

static void write_zaps(void **state)
{
	const struct zap_row *r = *state;
	struct machine m;
	unsigned int i;

	machine_init(&m, r->vendor, r->profile);
	/* Earlier kernels have no pre-fault; the machine borrows one. */
	machine_set(&m, "prefault.api", "6.12");
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, 32 * MIB, TDP_BACKING_ANONYMOUS);
	if (r->device)
		tdp_vm_attach_dma(m.vm, true, &m.result, NULL);
	write_msr(&m, 0x2ff, r->def_type, true);
	for (i = 0; i < 4; i++)
		assert_int_equal(machine_prefault(&m, places[i].gpa, 0x1000),
				 0);
	assert_int_equal(mapped(&m), ALL);
	assert_int_equal(write_msr(&m, r->index, r->value, true), 0);
	assert_int_equal(ALL & ~mapped(&m), r->zapped);
	machine_end(&m);
}

static void uniform_mtrrs_are_vcpu_0s(void **state)
{
	struct tdp_vcpu *first, *second;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.4");
	machine_set(&m, "memtype.source", "uniform");
	machine_start(&m);
	first = machine_vcpu(&m, 46);
	second = machine_vcpu(&m, 46);
	/* A migration target restores vCPUs in any order. */
	assert_int_equal(write_msr(&m, 0x2ff, 0x806, true), 0);
	m.vcpu = first;
	assert_int_equal(write_msr(&m, 0x2ff, 0xc06, false), 0);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
	m.vcpu = second;
	assert_int_equal(write_msr(&m, 0x2ff, 0x806, true), -22);
	assert_int_equal(m.result.reason, TDP_WHY_MTRR_DIVERGES);
	write_msr(&m, 0x2ff, 0x806, false);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.reason, TDP_WHY_MTRR_DIVERGES);
	write_msr(&m, 0x2ff, 0xc06, false);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
	/* The PAT has no part in it. */
	write_msr(&m, 0x277, 0x0606060606060606, false);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(write_rows, write_is_judged),
		CASE(values_at_reset),
		ROWS(gp_rows, gp_for_userspaces_write),
		ROWS(zap_rows, write_zaps),
		CASE(uniform_mtrrs_are_vcpu_0s),
	};

	return RUN("ops/msr", suites);
}
