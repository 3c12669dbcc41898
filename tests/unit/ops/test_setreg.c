/* SPDX-License-Identifier: MIT */
/* Registers that the guest writes: what is accepted, and what the MMU does. */
#include "events.h"

/* CR0, CR4 and EFER that a mode needs. */
#define CR0_PAGED 0x80010031
#define CR4_PAE   0x20

/* A 32-byte table of PDPTEs at 0x10020, of which the second is bad. */
static void pae_tables(struct machine *m, uint64_t second)
{
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_poke(m, 0x10020, 0x11001);
	machine_poke(m, 0x10028, second);
}

/* The guest's own writes -------------------------------------------------------- */

enum start { REAL, PROTECTED, PAE, LONG };

static void start(struct machine *m, enum start mode)
{
	static const struct tdp_sregs sregs[] = {
		[REAL] = { .cr0 = 0x10 },
		[PROTECTED] = { .cr0 = 0x11, .cr3 = 0x10020 },
		[PAE] = { .cr0 = CR0_PAGED, .cr3 = 0x10020, .cr4 = CR4_PAE },
		[LONG] = { .cr0 = CR0_PAGED,
			   .cr3 = 0x10000,
			   .cr4 = CR4_PAE,
			   .efer = 0xd00 },
	};

	machine_start(m);
	machine_vcpu(m, 46);
	pae_tables(m, 0x12001);
	tdp_vcpu_set_sregs(m->vcpu, &sregs[mode], &m->result);
	assert_int_equal(m->result.ret, 0);
}

static enum tdp_outcome write_reg(struct machine *m, enum tdp_reg reg,
				  uint64_t value)
{
	assert_int_equal(tdp_vcpu_write_reg(m->vcpu, reg, value, &m->result),
			 TDP_OK);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
	return m->result.outcome;
}

/* clang-format off */
static const struct write_row {
	const char *name;
	enum start start;
	enum tdp_reg reg;
	uint64_t value, after;
	bool faults;
} write_rows[] = {
	{ "cr0_pg_without_pe", REAL, TDP_REG_CR0, 0x80000010, 0, true },
	{ "cr0_nw_without_cd", REAL, TDP_REG_CR0, 0x20000010, 0, true },
	{ "cr0_upper_half", REAL, TDP_REG_CR0, 0x100000010, 0, true },
	{ "cr0_undefined_bits_are_dropped", REAL, TDP_REG_CR0, 0x1040,
	  0x10, false },
	{ "cr0_et_is_always_on", REAL, TDP_REG_CR0, 0x1, 0x11, false },
	{ "cr0_clears_pg", PAE, TDP_REG_CR0, 0x11, 0x11, false },
	{ "cr4_feature_the_cpu_lacks", LONG, TDP_REG_CR4, 0x800020, 0, true },
	{ "cr4_pae_must_stay_in_long_mode", LONG, TDP_REG_CR4, 0, 0, true },
	{ "cr4_la57_must_stay_in_long_mode", LONG, TDP_REG_CR4, 0x1020, 0,
	  true },
	{ "cr4_la57_before_long_mode", PROTECTED, TDP_REG_CR4, 0x1020, 0x1020,
	  false },
	{ "cr4_pcide_needs_long_mode", PROTECTED, TDP_REG_CR4, 0x20000, 0,
	  true },
	{ "cr4_pcide_in_long_mode", LONG, TDP_REG_CR4, 0x20020, 0x20020,
	  false },
	{ "cr4_smep", LONG, TDP_REG_CR4, 0x100020, 0x100020, false },
	{ "efer_lme_while_paging", PAE, TDP_REG_EFER, 0x100, 0, true },
	{ "efer_reserved_bit", PROTECTED, TDP_REG_EFER, 0x200, 0, true },
	{ "efer_svme_on_intel", PROTECTED, TDP_REG_EFER, 0x1000, 0, true },
	{ "efer_lma_is_computed", PROTECTED, TDP_REG_EFER, 0x500, 0x100,
	  false },
	{ "efer_lma_is_kept", LONG, TDP_REG_EFER, 0x900, 0xd00, false },
	{ "cr3_in_long_mode", LONG, TDP_REG_CR3, 0x20000, 0x20000, false },
	{ "cr3_too_wide", LONG, TDP_REG_CR3, UINT64_C(1) << 46, 0, true },
	{ "cr3_no_flush_without_pcide", LONG, TDP_REG_CR3,
	  UINT64_C(1) << 63 | 0x20000, 0, true },
	{ "pkru_is_no_instruction_without_pke", LONG, TDP_REG_PKRU, 4, 0,
	  true },
	{ "rflags", LONG, TDP_REG_RFLAGS, 0x40002, 0x40002, false },
};
/* clang-format on */

static void guest_write_is_judged(void **state)
{
	const struct write_row *r = *state;
	struct machine m;
	uint64_t before;

	machine_init(&m, TDP_INTEL, "v6.12");
	m.host.maxphyaddr = 46;
	start(&m, r->start);
	before = tdp_vcpu_read_reg(m.vcpu, r->reg);
	write_reg(&m, r->reg, r->value);
	assert_int_equal(m.result.outcome, r->faults ? TDP_OUTCOME_GUEST_FAULT :
						       TDP_OUTCOME_DONE);
	if (r->faults)
		assert_int_equal(m.result.reason, TDP_WHY_BAD_REGISTER);
	assert_int_equal(m.result.vector, !r->faults             ? 0 :
					  r->reg == TDP_REG_PKRU ? 6 :
								   13);
	assert_int_equal(tdp_vcpu_read_reg(m.vcpu, r->reg),
			 r->faults ? before : r->after);
	machine_end(&m);
}

static void long_mode_is_entered_and_left(void **state)
{
	struct tdp_vcpu_state seen;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	start(&m, PROTECTED);
	write_reg(&m, TDP_REG_EFER, 0x900);
	/* Without PAE, paging can't be switched on with LME set. */
	assert_int_equal(write_reg(&m, TDP_REG_CR0, CR0_PAGED),
			 TDP_OUTCOME_GUEST_FAULT);
	write_reg(&m, TDP_REG_CR4, CR4_PAE);
	write_reg(&m, TDP_REG_CR0, CR0_PAGED);
	assert_int_equal(tdp_vcpu_read_reg(m.vcpu, TDP_REG_EFER), 0xd00);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.cpu_role & 0xf, 4);
	write_reg(&m, TDP_REG_CR0, 0x11);
	assert_int_equal(tdp_vcpu_read_reg(m.vcpu, TDP_REG_EFER), 0x900);
	machine_end(&m);
}

static void pcide_holds_paging_and_wants_pcid_0(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	start(&m, LONG);
	write_reg(&m, TDP_REG_CR3, 0x10018);
	assert_int_equal(write_reg(&m, TDP_REG_CR4, 0x20020),
			 TDP_OUTCOME_GUEST_FAULT);
	write_reg(&m, TDP_REG_CR3, 0x10000);
	assert_int_equal(write_reg(&m, TDP_REG_CR4, 0x20020), TDP_OUTCOME_DONE);
	assert_int_equal(write_reg(&m, TDP_REG_CR0, 0x11),
			 TDP_OUTCOME_GUEST_FAULT);
	/* The no-flush bit is not stored. */
	write_reg(&m, TDP_REG_CR3, UINT64_C(1) << 63 | 0x20001);
	assert_int_equal(tdp_vcpu_read_reg(m.vcpu, TDP_REG_CR3), 0x20001);
	machine_end(&m);
}

/* What toggling CR0.WP does to the roots of one vCPU. */
/* clang-format off */
static const struct wp_row {
	const char *name;
	const char *profile;
	bool kept;
} wp_rows[] = {
	{ "v6.0_resets", "v6.0", false },
	{ "v6.1_resets", "v6.1", false },
	{ "v6.1.192_keeps_roots", "v6.1.192", true },
	{ "v6.4_keeps_roots", "v6.4", true },
	{ "v6.12_keeps_roots", "v6.12", true },
};
/* clang-format on */

static void wp_toggle_under_tdp(void **state)
{
	const struct wp_row *r = *state;
	struct tdp_vcpu_state seen;
	struct machine m;

	/* SVM: each write exits, where VMX would leave CR0.WP to the guest. */
	machine_init(&m, TDP_AMD, r->profile);
	start(&m, LONG);
	write_reg(&m, TDP_REG_CR0, CR0_PAGED & ~0x10000u);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.cpu_role & 0x2000, 0);
	assert_int_equal(seen.root_id != 0, r->kept);
	machine_end(&m);
}

/* Which writes leave no root loaded under TDP. */
/* clang-format off */
static const struct reset_row {
	const char *name;
	const char *profile;
	enum tdp_reg reg;
	uint64_t value;
	bool resets;
	unsigned int inits;	/* kvm_init_mmu() */
} reset_rows[] = {
	{ "cr0_ts", "v6.12", TDP_REG_CR0, CR0_PAGED | 8, false, 0 },
	{ "cr0_cd", "v6.12", TDP_REG_CR0, CR0_PAGED | 0x40000000, false, 0 },
	{ "cr0_wp", "v6.12", TDP_REG_CR0, 0x80000031, false, 0 },
	{ "cr0_wp_6.1", "v6.1", TDP_REG_CR0, 0x80000031, true, 1 },
	{ "cr0_wp_and_cd", "v6.12", TDP_REG_CR0, 0xc0000031, true, 1 },
	{ "cr0_pg", "v6.12", TDP_REG_CR0, 0x10031, true, 1 },
	{ "cr4_pge", "v6.12", TDP_REG_CR4, 0xa0, false, 0 },
	{ "cr4_pse", "v6.12", TDP_REG_CR4, 0x30, true, 1 },
	{ "cr4_smep", "v6.12", TDP_REG_CR4, 0x100020, true, 1 },
	{ "cr4_smap", "v6.12", TDP_REG_CR4, 0x200020, true, 1 },
	{ "cr4_pke", "v6.12", TDP_REG_CR4, 0x400020, true, 1 },
	{ "cr4_pcide", "v6.12", TDP_REG_CR4, 0x20020, false, 0 },
	{ "efer_nx", "v6.12", TDP_REG_EFER, 0x500, true, 1 },
	{ "efer_sce", "v6.12", TDP_REG_EFER, 0xd01, false, 0 },
	{ "cr4_pge_5.12", "v5.12", TDP_REG_CR4, 0xa0, true, 1 },
	{ "cr4_pge_5.17", "v5.17", TDP_REG_CR4, 0xa0, false, 0 },
	{ "cr4_pcide_5.15", "v5.15", TDP_REG_CR4, 0x20020, false, 0 },
	{ "cr4_pcide_5.17", "v5.17", TDP_REG_CR4, 0x20020, true, 0 },
	{ "cr3", "v6.12", TDP_REG_CR3, 0x20000, false, 0 },
};
/* clang-format on */

static void what_resets_the_mmu(void **state)
{
	const struct reset_row *r = *state;
	static struct events events;
	struct tdp_vcpu_state seen;
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	start(&m, LONG);
	tdp_vcpu_run(m.vcpu, &m.result, NULL);
	events_watch(&events, &m);
	assert_int_equal(write_reg(&m, r->reg, r->value), TDP_OUTCOME_DONE);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.root_id == 0, r->resets);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), r->inits);
	machine_end(&m);
}

/* EFER.LME outside paging; PCIDs off again. */
/* clang-format off */
static const struct old_row {
	const char *name;
	const char *profile;
	unsigned int lme, pcide_off;	/* kvm_init_mmu() */
} old_rows[] = {
	{ "v5.12", "v5.12", 0, 1 },
	{ "v5.17", "v5.17", 0, 0 },
	{ "v5.19", "v5.19", 1, 0 },
};
/* clang-format on */

static void resets_by_kernel(void **state)
{
	const struct old_row *r = *state;
	static struct events events;
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	start(&m, PROTECTED);
	events_watch(&events, &m);
	write_reg(&m, TDP_REG_EFER, 0x100);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), r->lme);
	machine_end(&m);

	machine_init(&m, TDP_INTEL, r->profile);
	start(&m, LONG);
	write_reg(&m, TDP_REG_CR4, CR4_PAE | 0x20000);
	events_watch(&events, &m);
	write_reg(&m, TDP_REG_CR4, CR4_PAE);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), r->pcide_off);
	machine_end(&m);
}

static void wp_without_paging_is_not_the_mmus_business(void **state)
{
	static struct events events;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	start(&m, PROTECTED);
	events_watch(&events, &m);
	write_reg(&m, TDP_REG_CR0, 0x10011);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), 0);
	machine_end(&m);
}

/* MOV CR3 with a bad PDPTE: EPT loads them, NPT reads them at each walk. */
static void pdptes_at_mov_cr3(void **state)
{
	struct machine m;

	(void)state;
	for (unsigned int amd = 0; amd < 2; amd++) {
		machine_init(&m, amd ? TDP_AMD : TDP_INTEL, "v6.12");
		start(&m, PAE);
		machine_poke(&m, 0x10040, 0x11003);
		assert_int_equal(write_reg(&m, TDP_REG_CR3, 0x10040),
				 amd ? TDP_OUTCOME_DONE :
				       TDP_OUTCOME_GUEST_FAULT);
		if (!amd)
			assert_int_equal(m.result.reason, TDP_WHY_PDPTRS);
		machine_end(&m);
	}
}

static void pdptes_at_mov_cr0_and_cr4(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	start(&m, PAE);
	machine_poke(&m, 0x10028, 0x12003);
	assert_int_equal(write_reg(&m, TDP_REG_CR4, CR4_PAE | 0x80),
			 TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.reason, TDP_WHY_PDPTRS);
	write_reg(&m, TDP_REG_CR0, 0x11);
	assert_int_equal(write_reg(&m, TDP_REG_CR0, CR0_PAGED),
			 TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(tdp_vcpu_read_reg(m.vcpu, TDP_REG_CR0), 0x11);
	assert_int_equal(machine_back(m.vm, 0x10000, 0x1000,
				      TDP_BACKING_UFFD_MISSING, &m.err),
			 TDP_OK);
	assert_int_equal(write_reg(&m, TDP_REG_CR0, CR0_PAGED),
			 TDP_OUTCOME_BLOCKED);
	machine_end(&m);
}

/* Shadow paging: CR3 is KVM's business ------------------------------------- */

#define NO_FLUSH (UINT64_C(1) << 63)

static void start_shadow(struct machine *m, enum start mode)
{
	machine_init(m, TDP_AMD, "v6.12");
	machine_set(m, "tdp", "off");
	start(m, mode);
}

static struct tdp_vcpu_state seen_after_run(struct machine *m)
{
	struct tdp_vcpu_state seen;

	assert_int_equal(tdp_vcpu_run(m->vcpu, &m->result, &m->err), TDP_OK);
	tdp_vcpu_get_state(m->vcpu, &seen);
	return seen;
}

static void shadow_roots_are_cached_by_cr3(void **state)
{
	struct tdp_vcpu_state first, second, third;
	struct machine m;

	(void)state;
	start_shadow(&m, LONG);
	first = seen_after_run(&m);
	assert_int_not_equal(first.root_id, 0);
	write_reg(&m, TDP_REG_CR3, 0x20000);
	second = seen_after_run(&m);
	assert_int_not_equal(second.root_id, first.root_id);
	assert_int_equal(second.prev_root_id[0], first.root_id);
	write_reg(&m, TDP_REG_CR3, 0x10000);
	third = seen_after_run(&m);
	assert_int_equal(third.root_id, first.root_id);
	assert_int_equal(third.prev_root_id[0], second.root_id);
	machine_end(&m);
}

/* Two page tables with one PCID: a flush drops the cached one. */
static void pcid_flush_drops_cached_roots(void **state)
{
	struct tdp_vcpu_state seen;
	struct machine m;

	(void)state;
	for (unsigned int keeps = 0; keeps < 2; keeps++) {
		start_shadow(&m, LONG);
		write_reg(&m, TDP_REG_CR4, CR4_PAE | 0x20000);
		write_reg(&m, TDP_REG_CR3, 0x10001);
		seen_after_run(&m);
		write_reg(&m, TDP_REG_CR3, 0x20001 | (keeps ? NO_FLUSH : 0));
		tdp_vcpu_get_state(m.vcpu, &seen);
		assert_int_equal(seen.prev_root_id[0] != 0, keeps);
		machine_end(&m);
	}
}

static void enabling_pcids_drops_all_shadow_roots(void **state)
{
	struct tdp_vcpu_state seen;
	struct machine m;

	(void)state;
	start_shadow(&m, LONG);
	seen_after_run(&m);
	write_reg(&m, TDP_REG_CR4, CR4_PAE | 0x20000);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.root_id, 0);
	machine_end(&m);
}

/* MOV CR3 reads the PDPTEs anew, and a root of old ones is dropped. */
static void shadow_root_follows_the_pdptes(void **state)
{
	static struct events events;
	const struct tdp_event *e;
	struct machine m;
	bool found = false;

	(void)state;
	start_shadow(&m, PAE);
	seen_after_run(&m);
	machine_poke(&m, 0x10020, 0x14001);
	write_reg(&m, TDP_REG_CR3, 0x10020);
	events_watch(&events, &m);
	seen_after_run(&m);
	for (unsigned int n = 0;; n++) {
		e = events_nth(&events, TDP_EV_kvm_mmu_get_page, n);
		if (!e)
			break;
		found |= e->field[0] == 0x14;
	}
	assert_true(found);
	machine_end(&m);
}

/* A PAE root is made of the PDPTEs: MOV CR3 is refused with a bad one. */
static void shadow_cr3_loads_pdptes(void **state)
{
	struct machine m;

	(void)state;
	start_shadow(&m, PAE);
	machine_poke(&m, 0x10040, 0x11003);
	assert_int_equal(write_reg(&m, TDP_REG_CR3, 0x10040),
			 TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.reason, TDP_WHY_PDPTRS);
	assert_int_equal(tdp_vcpu_read_reg(m.vcpu, TDP_REG_CR3), 0x10020);
	machine_poke(&m, 0x10040, 0x14001);
	assert_int_equal(write_reg(&m, TDP_REG_CR3, 0x10040), TDP_OUTCOME_DONE);
	machine_end(&m);
}

/* Memory types ------------------------------------------------------------------ */

/* clang-format off */
static const struct cd_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	const char *quirk;
	bool device;
	bool zapped;
} cd_rows[] = {
	{ "v6.4_device_quirk_off", "v6.4", TDP_INTEL, "off", true, true },
	{ "v6.4_quirk_on", "v6.4", TDP_INTEL, "on", true, false },
	{ "v6.4_no_device", "v6.4", TDP_INTEL, "off", false, false },
	{ "v6.4_npt_too", "v6.4", TDP_AMD, "off", true, true },
	{ "v6.7_ept", "v6.7", TDP_INTEL, "off", true, true },
	{ "v6.7_not_npt", "v6.7", TDP_AMD, "off", true, false },
	{ "v6.11_never", "v6.11", TDP_INTEL, "off", true, false },
};
/* clang-format on */

static bool is_mapped(struct machine *m, uint64_t gpa)
{
	struct tdp_spte_info path[5];
	unsigned int n = tdp_vm_get_sptes(m->vm, 1, TDP_GPA(gpa), path);

	return n && path[n - 1].present && path[n - 1].leaf;
}

static void cd_toggle_zaps(void **state)
{
	const struct cd_row *r = *state;
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	machine_set(&m, "memtype.cd_quirk", r->quirk);
	start(&m, LONG);
	if (r->device)
		tdp_vm_attach_dma(m.vm, true, &m.result, NULL);
	assert_int_equal(machine_access(&m, TDP_READ, 0),
			 TDP_OUTCOME_GUEST_FAULT);
	assert_true(is_mapped(&m, 0x10000));
	write_reg(&m, TDP_REG_CR0, CR0_PAGED | 0x40000000);
	assert_int_equal(!is_mapped(&m, 0x10000), r->zapped);
	machine_end(&m);
}

static void uniform_cd_is_vcpu_0s(void **state)
{
	struct tdp_vcpu *first;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.4");
	machine_set(&m, "memtype.source", "uniform");
	machine_start(&m);
	first = machine_vcpu(&m, 46);
	machine_vcpu(&m, 46);
	/* Both come out of reset with CD set; vCPU 0 goes first. */
	assert_int_equal(write_reg(&m, TDP_REG_CR0, 0x10),
			 TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.reason, TDP_WHY_MTRR_DIVERGES);
	assert_int_equal(
		tdp_vcpu_write_reg(first, TDP_REG_CR0, 0x10, &m.result),
		TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
	assert_int_equal(write_reg(&m, TDP_REG_CR0, 0x10), TDP_OUTCOME_DONE);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(write_rows, guest_write_is_judged),
		CASE(long_mode_is_entered_and_left),
		CASE(pcide_holds_paging_and_wants_pcid_0),
		ROWS(wp_rows, wp_toggle_under_tdp),
		ROWS(reset_rows, what_resets_the_mmu),
		ROWS(old_rows, resets_by_kernel),
		CASE(wp_without_paging_is_not_the_mmus_business),
		CASE(pdptes_at_mov_cr3),
		CASE(pdptes_at_mov_cr0_and_cr4),
		CASE(shadow_roots_are_cached_by_cr3),
		CASE(pcid_flush_drops_cached_roots),
		CASE(enabling_pcids_drops_all_shadow_roots),
		CASE(shadow_root_follows_the_pdptes),
		CASE(shadow_cr3_loads_pdptes),
		ROWS(cd_rows, cd_toggle_zaps),
		CASE(uniform_cd_is_vcpu_0s),
	};

	return RUN("ops/setreg", suites);
}
