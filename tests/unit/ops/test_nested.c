/* SPDX-License-Identifier: MIT */
/* L2: entries and exits, and the roles of its MMU. */
#include <stdio.h>
#include <stdlib.h>

#include "l2.h"

/* Roles --------------------------------------------------------------------- */

/* clang-format off */
static const struct role_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	bool la57;
	uint64_t root;		/* EPTP12 or nCR3; 0: no nested TDP */
	uint32_t role;		/* of the MMU that L2 runs on */
} role_rows[] = {
	{ "vmx_without_ept12", "v6.12", TDP_INTEL, false, 0, 0x23784 },
	{ "svm_without_npt12", "v6.12", TDP_AMD, false, 0, 0x23784 },
	{ "svm_without_npt12_la57", "v6.12", TDP_AMD, true, 0, 0x23785 },
	{ "ept12", "v6.12", TDP_INTEL, false, EPTP12, 0x20704 },
	{ "ept12_without_ad", "v6.12", TDP_INTEL, false, 0x14001e, 0x30704 },
	{ "ept12_five_levels", "v6.12", TDP_INTEL, false, 0x140066, 0x20705 },
	{ "npt12_6.12", "v6.12", TDP_AMD, false, NCR3, 0x1704 },
	{ "npt12_6.12_la57", "v6.12", TDP_AMD, true, NCR3, 0x41705 },
	{ "npt12_6.18", "v6.18", TDP_AMD, false, NCR3, 0x21704 },
	{ "npt12_6.18_la57", "v6.18", TDP_AMD, true, NCR3, 0x61705 },
	{ "npt12_6.1.192", "v6.1.192", TDP_AMD, false, NCR3, 0x21704 },
};
/* clang-format on */

static void role_in_l2(void **state)
{
	const struct role_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	m.host.la57 = r->la57;
	m.host.ept_levels = 5;
	l2_start(&m);
	l2.tdp = r->root;
	l2.tdp_root = r->root;
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	assert_true(l2_seen(&m).guest_mode);
	assert_int_equal(l2_seen(&m).root_role, r->role);
	assert_int_equal(l2_exit(&m), TDP_OUTCOME_NESTED_EXIT);
	assert_false(l2_seen(&m).guest_mode);
	assert_int_equal(l2_seen(&m).root_role, r->la57 ? 0x3785 : 0x3784);
	machine_end(&m);
}

static void both_roots_stay_cached(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	uint32_t words[16];
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	l2_enter(&m, &l2);
	/* L1's root is the previous one now; L2's is made at entry. */
	assert_int_equal(l2_seen(&m).root_id, 0);
	assert_int_equal(l2_seen(&m).prev_root_id[0], 1);
	l2_run(&m);
	assert_int_equal(l2_seen(&m).root_id, 2);
	l2_exit(&m);
	assert_int_equal(l2_seen(&m).root_id, 1);
	assert_int_equal(l2_seen(&m).prev_root_id[0], 2);
	l2_enter(&m, &l2);
	assert_int_equal(l2_seen(&m).root_id, 2);
	assert_int_equal(machine_roots(&m, words), 2);
	assert_int_equal(words[0], 0x3784);
	assert_int_equal(words[1], 0x23784);
	machine_end(&m);
}

static void registers_change_hands(void **state)
{
	struct machine m;

	(void)state;
	for (unsigned int amd = 0; amd < 2; amd++) {
		enum tdp_vendor vendor = amd ? TDP_AMD : TDP_INTEL;
		struct tdp_nested_state l2 = l2_state(vendor);
		struct tdp_sregs sregs;

		machine_init(&m, vendor, "v6.12");
		l2_start(&m);
		l2.l2.cr3 = 0x180000;
		l2.l2.cr0 |= 8;
		l2_enter(&m, &l2);
		tdp_vcpu_get_sregs(m.vcpu, &sregs);
		assert_int_equal(sregs.cr3, 0x180000);
		assert_int_equal(sregs.cr0, 0x80010039);
		l2_exit(&m);
		tdp_vcpu_get_sregs(m.vcpu, &sregs);
		assert_int_equal(sregs.cr3, 0x100000);
		assert_int_equal(sregs.cr0, 0x80010031);
		machine_end(&m);
	}
}

/* Recorded: shadow NPT for every state of L1 (tests/data/role-vectors). */
/* clang-format off */
static const struct recording {
	const char *name;
	const char *profile;
	bool la57;
	const char *tdp_mmu;
} recordings[] = {
	{ "nested-6.12-npt1", "v6.12", false, "on" },
	{ "nested-6.12-npt1-5lvl", "v6.12", true, "on" },
	{ "nested-6.12-npt1-notdpmmu", "v6.12", false, "off" },
	{ "nested-debian-6.12-npt1", "v6.12.117", false, "on" },
};
/* clang-format on */

static void enter_as_recorded(struct machine *m, const char *line)
{
	struct tdp_nested_state l2 = l2_state(TDP_AMD);
	char *at = strchr(line, '\t');
	struct tdp_sregs l1 = { .cr3 = 0x100000 };
	uint64_t cpu_role, root_role;

	assert_non_null(at);
	l1.cr0 = strtoull(at, &at, 0);
	l1.cr4 = strtoull(at, &at, 0);
	l1.efer = strtoull(at, &at, 0);
	assert_int_equal(strtoull(at, &at, 0), 0);
	cpu_role = strtoull(at, &at, 0);
	root_role = strtoull(at, &at, 0);
	l2_set_sregs(m, &l1);
	l2.tdp = true;
	l2.tdp_root = NCR3;
	assert_int_equal(l2_enter(m, &l2), TDP_OUTCOME_DONE);
	if (l2_seen(m).cpu_role != cpu_role ||
	    l2_seen(m).root_role != root_role)
		fail_msg("cpu_role 0x%llx root_role 0x%x for %s",
			 (unsigned long long)l2_seen(m).cpu_role,
			 l2_seen(m).root_role, line);
	assert_int_equal(l2_exit(m), TDP_OUTCOME_NESTED_EXIT);
}

static void vmrun_as_recorded(void **state)
{
	const struct recording *r = *state;
	char path[128], line[256];
	unsigned int n = 0;
	struct machine m;
	FILE *file;

	snprintf(path, sizeof(path), "data/role-vectors/%s.tsv", r->name);
	file = fopen(path, "r");
	assert_non_null(file);
	machine_init(&m, TDP_AMD, r->profile);
	m.host.la57 = r->la57;
	machine_set(&m, "tdp_mmu", r->tdp_mmu);
	l2_start(&m);
	for (; fgets(line, sizeof(line), file); n++)
		if (strncmp(line, "mode", 4) != 0)
			enter_as_recorded(&m, line);
	fclose(file);
	assert_in_range(n, 80, 200);
	machine_end(&m);
}

/* What entry refuses ------------------------------------------------------------ */

/* clang-format off */
static const struct refuse_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	bool tdp;
	uint64_t root;
	struct { uint64_t cr0, cr3, cr4, efer; } l2;	/* bits to flip */
	enum tdp_outcome outcome;
	enum tdp_reason why;
} refuse_rows[] = {
	{ "eptp_type_uc", "v6.12", TDP_INTEL, true, 0x140058, { 0 },
	  TDP_OUTCOME_REFUSED, TDP_WHY_BAD_EPTP },
	{ "eptp_type_2", "v6.12", TDP_INTEL, true, 0x14005a, { 0 },
	  TDP_OUTCOME_REFUSED, TDP_WHY_BAD_EPTP },
	{ "eptp_three_levels", "v6.12", TDP_INTEL, true, 0x140056, { 0 },
	  TDP_OUTCOME_REFUSED, TDP_WHY_BAD_EPTP },
	{ "eptp_five_levels_not_offered", "v6.12", TDP_INTEL, true, 0x140066,
	  { 0 }, TDP_OUTCOME_REFUSED, TDP_WHY_BAD_EPTP },
	{ "eptp_bit_7", "v6.12", TDP_INTEL, true, 0x1400de, { 0 },
	  TDP_OUTCOME_REFUSED, TDP_WHY_BAD_EPTP },
	{ "eptp_too_wide", "v6.12", TDP_INTEL, true,
	  UINT64_C(1) << 46 | 0x5e, { 0 }, TDP_OUTCOME_REFUSED,
	  TDP_WHY_BAD_EPTP },
	{ "ncr3_too_wide", "v6.12", TDP_AMD, true, UINT64_C(1) << 46, { 0 },
	  TDP_OUTCOME_NESTED_EXIT, TDP_WHY_BAD_NESTED_STATE },
	{ "vmx_l2_unpaged_without_ept12", "v6.12", TDP_INTEL, false, 0,
	  { .cr0 = 0x80000000, .efer = 0x400 }, TDP_OUTCOME_NESTED_EXIT,
	  TDP_WHY_BAD_REGISTER },
	{ "vmx_l2_unpaged_with_ept12", "v6.12", TDP_INTEL, true, EPTP12,
	  { .cr0 = 0x80000000, .efer = 0x400 }, TDP_OUTCOME_DONE,
	  TDP_WHY_NONE },
	{ "svm_l2_unpaged", "v6.12", TDP_AMD, false, 0,
	  { .cr0 = 0x80000000, .efer = 0x400 }, TDP_OUTCOME_DONE,
	  TDP_WHY_NONE },
	{ "vmx_l2_lma_without_pae", "v6.12", TDP_INTEL, false, 0,
	  { .cr4 = 0x20 }, TDP_OUTCOME_NESTED_EXIT, TDP_WHY_BAD_REGISTER },
	{ "svm_l2_lma_without_pae", "v6.12", TDP_AMD, false, 0,
	  { .cr4 = 0x20 }, TDP_OUTCOME_NESTED_EXIT, TDP_WHY_BAD_REGISTER },
	{ "vmx_l2_cr3_too_wide", "v6.12", TDP_INTEL, false, 0,
	  { .cr3 = UINT64_C(1) << 46 }, TDP_OUTCOME_NESTED_EXIT,
	  TDP_WHY_BAD_REGISTER },
	{ "svm_l2_cr3_too_wide", "v6.12", TDP_AMD, false, 0,
	  { .cr3 = UINT64_C(1) << 46 }, TDP_OUTCOME_NESTED_EXIT,
	  TDP_WHY_BAD_REGISTER },
};
/* clang-format on */

static void entry_refuses(void **state)
{
	const struct refuse_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct tdp_sregs sregs;
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	l2_start(&m);
	l2.tdp = r->tdp;
	l2.tdp_root = r->root;
	l2.l2.cr0 ^= r->l2.cr0;
	l2.l2.cr3 ^= r->l2.cr3;
	l2.l2.cr4 ^= r->l2.cr4;
	l2.l2.efer ^= r->l2.efer;
	assert_int_equal(l2_enter(&m, &l2), r->outcome);
	assert_int_equal(m.result.reason, r->why);
	assert_int_equal(l2_seen(&m).guest_mode, !r->why);
	tdp_vcpu_get_sregs(m.vcpu, &sregs);
	assert_int_equal(sregs.cr3, 0x100000);
	machine_end(&m);
}

static void l1_needs_virtualization_on(void **state)
{
	struct machine m;

	(void)state;
	for (unsigned int amd = 0; amd < 2; amd++) {
		enum tdp_vendor vendor = amd ? TDP_AMD : TDP_INTEL;
		struct tdp_nested_state l2 = l2_state(vendor);

		machine_init(&m, vendor, "v6.12");
		l2_start(&m);
		machine_long_mode(&m, 0x100000);
		assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_GUEST_FAULT);
		assert_int_equal(m.result.vector, 6);
		assert_int_equal(m.result.reason, TDP_WHY_VIRTUALIZATION_OFF);
		machine_end(&m);
	}
}

static void only_l1_starts_and_only_l2_exits(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	assert_int_equal(l2_exit(&m), TDP_OUTCOME_REFUSED);
	assert_int_equal(m.result.reason, TDP_WHY_NOT_IN_GUEST_MODE);
	l2_enter(&m, &l2);
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_REFUSED);
	assert_int_equal(m.result.reason, TDP_WHY_IN_GUEST_MODE);
	machine_end(&m);
}

static void svm_has_no_apic_pages(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_AMD);
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	l2_start(&m);
	l2_use(&l2, TDP_NESTED_PI_DESC);
	assert_int_equal(tdp_vcpu_nested_enter(m.vcpu, &l2, &m.result, &m.err),
			 TDP_EINVAL);
	l2 = l2_state(TDP_AMD);
	l2.mbec = true;
	assert_int_equal(
		tdp_vcpu_set_nested_state(m.vcpu, &l2, &m.result, &m.err),
		TDP_EINVAL);
	machine_end(&m);
}

/* Whose EFER.NX a shadow NPT has: L2 runs without, L1 with. */
/* clang-format off */
static const struct nx_row {
	const char *name;
	const char *profile;
	uint32_t nx;
} nx_rows[] = {
	{ "v5.10_l2s", "v5.10", 0 },
	{ "v5.12_l1s", "v5.12", 0x1000 },
	{ "v6.12_l1s", "v6.12", 0x1000 },
};
/* clang-format on */

static void shadow_npt_and_nx(void **state)
{
	const struct nx_row *r = *state;
	struct tdp_nested_state l2 = l2_state(TDP_AMD);
	struct machine m;

	machine_init(&m, TDP_AMD, r->profile);
	l2_start(&m);
	l2.tdp = true;
	l2.tdp_root = NCR3;
	l2.l2.efer = 0x1500;
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	assert_int_equal(l2_seen(&m).root_role & 0x1000, r->nx);
	machine_end(&m);
}

/* Exits that can't load L1 --------------------------------------------------------------- */

/* clang-format off */
static const struct exit_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	enum tdp_outcome outcome;
} exit_rows[] = {
	{ "vmx_aborts", "v6.12", TDP_INTEL, TDP_OUTCOME_SHUTDOWN },
	{ "svm_6.12_goes_on", "v6.12", TDP_AMD, TDP_OUTCOME_NESTED_EXIT },
	{ "svm_6.12.117", "v6.12.117", TDP_AMD, TDP_OUTCOME_SHUTDOWN },
	{ "svm_7.0_goes_on", "v7.0", TDP_AMD, TDP_OUTCOME_NESTED_EXIT },
	{ "svm_7.1", "v7.1", TDP_AMD, TDP_OUTCOME_SHUTDOWN },
};
/* clang-format on */

static void pdptes_of_l1_are_gone(void **state)
{
	const struct exit_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct tdp_sregs l1 = l2_pae_sregs(r->vendor);
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	l2_start(&m);
	l2_set_sregs(&m, &l1);
	l2.l2.cr3 = 0x180000;
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	l2_back(&m, 0x10000, TDP_BACKING_UNMAPPED);
	assert_int_equal(l2_exit(&m), r->outcome);
	/* Swallowed: the processor has L1's CR3 all the same. */
	tdp_vcpu_get_sregs(m.vcpu, &l1);
	if (r->outcome == TDP_OUTCOME_NESTED_EXIT)
		assert_int_equal(l1.cr3, 0x10020);
	machine_end(&m);
}

/* clang-format off */
static const struct np_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	enum tdp_outcome outcome;
} np_rows[] = {
	{ "svm_6.12", "v6.12", TDP_AMD, TDP_OUTCOME_NESTED_EXIT },
	{ "svm_7.0", "v7.0", TDP_AMD, TDP_OUTCOME_NESTED_EXIT },
	{ "svm_7.1_ignores_the_bit", "v7.1", TDP_AMD, TDP_OUTCOME_DONE },
	{ "vmx_7.1", "v7.1", TDP_INTEL, TDP_OUTCOME_REFUSED },
};
/* clang-format on */

static void nested_tdp_without_tdp(void **state)
{
	const struct np_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	machine_set(&m, "tdp", "off");
	l2_start(&m);
	l2.tdp = true;
	l2.tdp_root = r->vendor == TDP_INTEL ? EPTP12 : NCR3;
	assert_int_equal(l2_enter(&m, &l2), r->outcome);
	if (r->outcome == TDP_OUTCOME_DONE)
		assert_int_equal(l2_seen(&m).root_role, 0x23704);
	else
		assert_int_equal(m.result.reason, TDP_WHY_NO_NESTED_TDP);
	machine_end(&m);
}

/* kvm_init_mmu() at VMRUN and #VMEXIT, and what guest_mode was at the time. */
static void mmu_is_made_once_each_way(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_AMD);
	static struct events events;
	const struct tdp_event *init;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	l2_start(&m);
	events_watch(&events, &m);
	l2_enter(&m, &l2);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), 1);
	init = events_nth(&events, TDP_EV_mmu_init, 0);
	assert_int_equal(init->field[1], 0x8100023704);
	assert_int_equal(init->field[2], 0x23784);
	l2_exit(&m);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), 2);
	init = events_nth(&events, TDP_EV_mmu_init, 1);
	assert_int_equal(init->field[1], 0x8100003704);
	assert_int_equal(init->field[2], 0x3784);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(role_rows, role_in_l2),
		ROWS(recordings, vmrun_as_recorded),
		CASE(both_roots_stay_cached),
		CASE(registers_change_hands),
		ROWS(refuse_rows, entry_refuses),
		CASE(l1_needs_virtualization_on),
		CASE(only_l1_starts_and_only_l2_exits),
		CASE(svm_has_no_apic_pages),
		ROWS(nx_rows, shadow_npt_and_nx),
		ROWS(exit_rows, pdptes_of_l1_are_gone),
		ROWS(np_rows, nested_tdp_without_tdp),
		CASE(mmu_is_made_once_each_way),
	};

	return RUN("ops/nested", suites);
}
