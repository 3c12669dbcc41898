/* SPDX-License-Identifier: MIT */
/*
 * Laws of single features: LAM, LASS, shadow stacks, paging-write, PML, #VE,
 * SPP, memory types.
 */
#include "law.h"

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"

/* LAM ---------------------------------------------------------------------- */

static bool is_sign_extended(uint64_t la, unsigned int width)
{
	const int64_t sign = (int64_t)la >> (width - 1);

	return sign == 0 || sign == -1;
}

/* SDM: "Linear-Address Masking": lowest bit of the metadata; 0: no LAM. */
static unsigned int metadata_bit(const struct random_machine *m, uint64_t la)
{
	const bool five = m->paging == PAGING_5;

	if (m->paging < PAGING_4)
		return 0;
	if (la >> 63)
		return m->cpu.cr4 & CR4_LAM_SUP ? (five ? 57 : 48) : 0;
	if (m->cpu.cr3 & CR3_LAM_U57)
		return 57;
	return m->cpu.cr3 & CR3_LAM_U48 ? 48 : 0;
}

static void law_lam(struct trial *t)
{
	const uint64_t la = t->access.gva.addr;
	const unsigned int bit = metadata_bit(t->m, la);
	struct tdp_walk_result r;
	uint64_t metadata;

	if (!bit)
		return;
	/* U48 with 5 levels masks address bits, too: then it is no tag. */
	if (bit == 48 && t->m->paging == PAGING_5)
		return;
	/* Start from an address without metadata. */
	if (!is_sign_extended(la, bit))
		return;
	metadata = random_below(t->m, BIT(63 - bit)) << bit;
	t->access.gva.addr = la ^ metadata;
	walk(t, TDP_WALK_DRY, &r);
	t->access.gva.addr = la;
	if (t->access.kind == TDP_FETCH || t->access.implicit)
		check(!metadata || r.outcome == (t->access.stack ? TDP_WALK_SS :
								   TDP_WALK_GP),
		      t, &r, "metadata is masked where LAM does not apply");
	else
		check(same_end(&t->result, &r), t, &r,
		      "metadata changes the access");
	t->tried++;
}

static void lam_ignores_metadata(void **state)
{
	(void)state;
	for_all(INTEL, law_lam, 1000);
	for_all(EPT, law_lam, 1000);
}

static bool is_bad_address(const struct trial *t,
			   const struct tdp_walk_result *r)
{
	return r->outcome == (t->access.stack ? TDP_WALK_SS : TDP_WALK_GP);
}

/* With LAM_U57 and 4 levels, bits 56:47 are address, and must agree. */
static void law_lam_stops(struct trial *t)
{
	const uint64_t la = t->access.gva.addr;
	struct tdp_walk_result r;

	if (t->m->paging != PAGING_4 || metadata_bit(t->m, la) != 57 ||
	    !is_sign_extended(la, 48) || t->m->cpu.cr4 & CR4_LASS)
		return;
	t->access.gva.addr = la ^ BIT(48 + random_below(t->m, 9));
	walk(t, TDP_WALK_DRY, &r);
	t->access.gva.addr = la;
	check(is_bad_address(t, &r) && r.reason == TDP_WALK_WHY_NOT_CANONICAL,
	      t, &r, "LAM_U57 masks an address bit");
	t->tried++;
}

static void lam_masks_no_address_bit(void **state)
{
	(void)state;
	for_all(INTEL, law_lam_stops, 500);
}

/* LASS --------------------------------------------------------------------- */

/* SDM: "Linear-Address-Space Separation (LASS)". */
static bool lass_denies(const struct random_machine *m,
			const struct tdp_walk_access *a)
{
	const bool high = a->gva.addr >> 63;

	if (a->user && !a->implicit)
		return high;
	if (high)
		return false;
	if (a->kind == TDP_FETCH)
		return true;
	return m->cpu.cr4 & CR4_SMAP &&
	       (a->implicit || !(m->cpu.rflags & RFLAGS_AC));
}

static void law_lass(struct trial *t)
{
	struct tdp_walk_cpu cpu = t->m->cpu;
	struct tdp_walk_result r;

	if (!(cpu.cr4 & CR4_LASS) || t->m->paging < PAGING_4)
		return;
	cpu.cr4 &= ~CR4_LASS;
	random_machine_load(t->m, &cpu);
	walk(t, TDP_WALK_DRY, &r);
	random_machine_load(t->m, &t->m->cpu);
	/* Which of the two is the reason of a bad address is nobody's concern. */
	if (r.reason == TDP_WALK_WHY_NOT_CANONICAL)
		check(is_bad_address(t, &t->result), t, &r,
		      "LASS mends an address");
	else if (lass_denies(t->m, &t->access))
		check(is_bad_address(t, &t->result), t, &r,
		      "LASS lets an access pass");
	else
		check(same_end(&t->result, &r), t, &r,
		      "LASS changes what is none of its business");
	t->tried++;
}

static void lass_separates_the_halves(void **state)
{
	(void)state;
	for_all(INTEL, law_lass, 500);
	for_all(EPT, law_lass, 500);
}

/* Shadow stacks of the second stage ---------------------------------------- */

static bool is_supervisor_stack(const struct trial *t)
{
	return is_shadow_stack(t->access.kind) && !t->access.user;
}

/*
 * SDM: "Supervisor Shadow-Stack Control": R everywhere, W above the leaf,
 * bit 60 in it; its own W does not count.
 */
static void law_ept_stack(struct trial *t)
{
	const struct tdp_walk_result *r = &t->result;
	const uint64_t leaf = random_nested_leaf(t->m, r->gpa.addr);
	const uint64_t upper = random_nested_upper(t->m, r->gpa.addr);
	const bool good = leaf & upper & EPT_R && upper & EPT_W &&
			  leaf & EPT_SSS;

	if (!is_supervisor_stack(t) || !(t->m->cpu.ept.eptp & EPTP_SSS))
		return;
	if (r->outcome == TDP_WALK_OK) {
		check(good, t, r, "a stack outside shadow-stack pages");
		t->tried++;
	}
	if (r->reason == TDP_WALK_WHY_E_SSS) {
		check(!good, t, r, "a shadow-stack page is refused");
		t->tried++;
	}
}

/* APM 2: "Supervisor Shadow Stack": NX and U/S=0 in the leaf, R/W above. */
static void law_npt_stack(struct trial *t)
{
	const struct tdp_walk_result *r = &t->result;
	const uint64_t leaf = random_nested_leaf(t->m, r->gpa.addr);
	const uint64_t upper = random_nested_upper(t->m, r->gpa.addr);
	const bool good = leaf & PTE_XD && !(leaf & PTE_US) && upper & PTE_RW;
	const bool on = t->m->cpu.npt.control & TDP_NP_SSSCHECK &&
			t->m->cpu.npt.efer & EFER_NX;

	if (!is_supervisor_stack(t) || !on)
		return;
	if (r->outcome == TDP_WALK_OK) {
		check(good, t, r, "a stack outside shadow-stack pages");
		t->tried++;
	}
	if (r->reason == TDP_WALK_WHY_N_SSS) {
		check(!good, t, r, "a shadow-stack page is refused");
		t->tried++;
	}
}

static void stacks_lie_on_shadow_stack_pages(void **state)
{
	(void)state;
	for_all(EPT, law_ept_stack, 20);
	for_all(NPT, law_npt_stack, 20);
}

/* Paging-write control ----------------------------------------------------- */

/* Rights that the EPT entries of one translation have together. */
struct translation {
	uint64_t upper, leaf;
};

/* The references that found the guest's table of level @target. */
static struct translation table_translation(const struct tdp_walk_log *log,
					    unsigned int target)
{
	struct translation tr = { .upper = UINT64_MAX, .leaf = UINT64_MAX };

	for (size_t i = 0; i < log->count; i++) {
		const struct tdp_walk_ref *ref = &log->refs[i];

		if (ref->stage != TDP_WALK_EPT || ref->write ||
		    ref->target != target)
			continue;
		tr.upper &= tr.leaf;
		tr.leaf = ref->value;
	}
	return tr;
}

/*
 * SDM: "EPT Paging-Write Control": with EPT A/D flags each guest table is
 * written; W must be in all entries, or PWA in the leaf and W above it.
 */
static void law_paging_write(struct trial *t)
{
	struct tdp_walk_ref refs[64];
	struct tdp_walk_log log = { .refs = refs, .capacity = 64 };
	const bool on = t->m->cpu.ept.ctrl3 & TDP_EPT_CTRL3_PW;
	struct tdp_walk_result r;

	if (t->result.outcome != TDP_WALK_OK || !(t->m->cpu.ept.eptp & EPTP_AD))
		return;
	assert_int_equal(
		tdp_walk(t->m->walker, &t->access, TDP_WALK_DRY, &log, &r),
		TDP_OK);
	check(same_end(&t->result, &r), t, &r, "a log changes the walk");
	assert_true(log.count <= log.capacity);
	for (unsigned int level = 1; level <= 5; level++) {
		const struct translation tr = table_translation(&log, level);

		if (tr.leaf == UINT64_MAX)
			continue;
		check(tr.upper & EPT_W &&
			      (tr.leaf & EPT_W || (on && tr.leaf & EPT_PWA)),
		      t, &r, "a table is written without W or PWA");
		t->tried += !(tr.leaf & EPT_W);
	}
}

static void paging_write_stands_in_for_w(void **state)
{
	(void)state;
	for_all(EPT, law_paging_write, 100);
}

/* PML ---------------------------------------------------------------------- */

static unsigned int nested_dirtied(const struct tdp_walk_result *r)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < r->nr_writes; i++) {
		const struct tdp_walk_write *w = &r->writes[i];
		const uint64_t set = w->value & ~w->old;

		count += (w->stage == TDP_WALK_EPT && set & EPT_D) ||
			 (w->stage == TDP_WALK_NPT && set & PTE_D);
	}
	return count;
}

static bool logs(const struct tdp_walk_cpu *cpu)
{
	if (cpu->stage2 == TDP_STAGE2_EPT)
		return cpu->ept.ctrl2 & TDP_EPT_CTRL2_PML &&
		       cpu->ept.eptp & EPTP_AD;
	return cpu->stage2 == TDP_STAGE2_NPT && cpu->npt.control & TDP_NP_PML;
}

static void check_log_page(struct trial *t, uint64_t before)
{
	const struct tdp_walk_cpu *cpu = &t->m->cpu;
	const uint64_t page = cpu->stage2 == TDP_STAGE2_EPT ?
				      cpu->ept.pml_address :
				      cpu->npt.pml_base;

	for (unsigned int i = 0; i < t->result.nr_pml; i++) {
		const uint64_t gpa = t->result.pml[i].addr;

		check(!(gpa & 0xfff) &&
			      tdp_memory_read64(
				      t->m->memory,
				      TDP_HPA(page + 8 * (before - i))) == gpa,
		      t, &t->result, "the log does not hold the address");
	}
}

static void law_pml(struct trial *t)
{
	const struct tdp_walk_cpu *now = tdp_walker_cpu(t->m->walker);
	const bool on = logs(&t->m->cpu);
	const uint64_t before = now->stage2 == TDP_STAGE2_EPT ?
					now->ept.pml_index :
					now->npt.pml_index & 0xffff;
	uint64_t after;

	walk(t, 0, &t->result);
	now = tdp_walker_cpu(t->m->walker);
	after = now->stage2 == TDP_STAGE2_EPT ? now->ept.pml_index :
						now->npt.pml_index & 0xffff;
	check(t->result.nr_pml == (on ? nested_dirtied(&t->result) : 0), t,
	      &t->result, "not one log entry a dirty flag");
	check(after == ((before - t->result.nr_pml) & 0xffff), t, &t->result,
	      "the index does not count down");
	check(t->result.outcome != TDP_WALK_PML_FULL || (on && after > 511), t,
	      &t->result, "the log is full with room in it");
	check_log_page(t, before);
	t->tried += t->result.nr_pml || t->result.outcome == TDP_WALK_PML_FULL;
}

static void pml_logs_what_gets_dirty(void **state)
{
	(void)state;
	for_all(EPT, law_pml, 500);
	for_all(NPT, law_pml, 500);
}

/* #VE ---------------------------------------------------------------------- */

/*
 * SDM: "Convertible EPT Violations": bit 63 of the entry that ended the walk
 * clear; delivered unless an event is being delivered.
 */
static void law_ve(struct trial *t)
{
	struct tdp_walk_cpu cpu = t->m->cpu;
	const bool on = cpu.ept.ctrl2 & TDP_EPT_CTRL2_VE;
	struct tdp_walk_result r;
	bool suppressed;

	cpu.ept.ctrl2 &= ~TDP_EPT_CTRL2_VE;
	random_machine_load(t->m, &cpu);
	walk(t, TDP_WALK_DRY, &r);
	random_machine_load(t->m, &t->m->cpu);
	if (r.outcome != TDP_WALK_EPT_VIOLATION ||
	    r.reason == TDP_WALK_WHY_E_GPA_WIDTH) {
		check(same_end(&t->result, &r), t, &r,
		      "#VE changes what is no violation");
		return;
	}
	suppressed = tdp_memory_read64(t->m->memory, r.entry) & EPT_SVE;
	check(t->result.outcome == (on && !suppressed && !cpu.ept.vectoring ?
					    TDP_WALK_VE :
					    TDP_WALK_EPT_VIOLATION),
	      t, &r, "bit 63 does not decide between #VE and exit");
	check(t->result.info == r.info && t->result.gpa.addr == r.gpa.addr &&
		      t->result.gva.addr == r.gva.addr,
	      t, &r, "#VE has other information than the exit");
	t->tried++;
}

static void ve_replaces_convertible_violations(void **state)
{
	(void)state;
	for_all(EPT, law_ve, 1000);
}

/* SPP ---------------------------------------------------------------------- */

/*
 * SDM: "Sub-Page Write Permissions": only data writes to a 4K page whose leaf
 * has bit 61 and that all levels let be read; one bit for 128 bytes.
 */
static void law_spp(struct trial *t)
{
	const struct tdp_walk_result *r = &t->result;
	const bool on = t->m->cpu.ept.ctrl2 & TDP_EPT_CTRL2_SPP;
	const uint64_t leaf = random_nested_leaf(t->m, r->gpa.addr);

	if (is_shadow_stack(t->access.kind) || t->access.kind == TDP_READ ||
	    t->access.kind == TDP_FETCH)
		return;
	if (r->outcome == TDP_WALK_OK && !(r->nested_rights & 2)) {
		check(on && leaf & EPT_SPP &&
			      random_subpage_writable(t->m, r->gpa.addr),
		      t, r,
		      "a write passes without W and without a sub-page bit");
		t->tried++;
	}
	if (r->outcome == TDP_WALK_SPP_EVENT) {
		check(on && leaf & EPT_SPP, t, r,
		      "an SPP event without the control or without bit 61");
		t->tried++;
	}
	if (r->reason == TDP_WALK_WHY_E_SUBPAGE) {
		check(on && leaf & EPT_SPP &&
			      !random_subpage_writable(t->m, r->gpa.addr),
		      t, r, "a sub-page is closed though its bit is set");
		t->tried++;
	}
}

static void subpage_bits_permit_writes(void **state)
{
	(void)state;
	for_all(EPT, law_spp, 200);
}

/* Memory types ------------------------------------------------------------- */

/* SDM: "Memory Type Used for Translated Guest-Physical Addresses". */
static void law_ept_type(struct trial *t)
{
	const struct tdp_walk_result *r = &t->result;
	const uint64_t leaf = random_nested_leaf(t->m, r->gpa.addr);
	const enum tdp_memtype type = (enum tdp_memtype)field_get(EPT_MEMTYPE,
								  leaf);

	if (r->outcome != TDP_WALK_OK)
		return;
	if (t->m->cpu.cr0 & CR0_CD)
		check(r->memtype == TDP_MT_UC, t, r, "CR0.CD is not UC");
	else if (leaf & EPT_IPAT)
		check(r->memtype == type, t, r, "IPAT heeds the PAT");
	else if (r->pat_type == TDP_MT_WB)
		check(r->memtype == type, t, r, "WB changes the EPT type");
	else if (type == TDP_MT_WB)
		check(r->memtype == (r->pat_type == TDP_MT_UC_MINUS ?
					     TDP_MT_UC :
					     r->pat_type),
		      t, r, "EPT's WB changes the PAT type");
	else if (r->pat_type == TDP_MT_WC)
		check(r->memtype == TDP_MT_WC, t, r,
		      "the PAT's WC does not win");
	t->tried++;
}

static void ept_types_follow_the_manual(void **state)
{
	(void)state;
	for_all(EPT, law_ept_type, 1000);
}

/* Nested paging: CD of the guest or of the host disables caching. */
static void law_npt_type(struct trial *t)
{
	const struct tdp_walk_result *r = &t->result;

	if (r->outcome != TDP_WALK_OK)
		return;
	if (t->m->cpu.cr0 & CR0_CD)
		check(r->memtype == TDP_MT_UC || r->memtype == TDP_MT_CD, t, r,
		      "CR0.CD leaves caching on");
	check(r->memtype != TDP_MT_UC_MINUS && r->memtype != TDP_MT_UNDEFINED,
	      t, r, "no effective type");
	t->tried++;
}

static void npt_types_are_effective(void **state)
{
	(void)state;
	for_all(NPT, law_npt_type, 1000);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(lam_ignores_metadata),
		CASE(lam_masks_no_address_bit),
		CASE(lass_separates_the_halves),
		CASE(stacks_lie_on_shadow_stack_pages),
		CASE(paging_write_stands_in_for_w),
		CASE(pml_logs_what_gets_dirty),
		CASE(ve_replaces_convertible_violations),
		CASE(subpage_bits_permit_writes),
		CASE(ept_types_follow_the_manual),
		CASE(npt_types_are_effective),
	};

	return RUN("features", suites);
}
