/* SPDX-License-Identifier: MIT */
/* Laws of single features: LAM, PML, #VE, SPP, memory types. */
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
		CASE(pml_logs_what_gets_dirty),
		CASE(ve_replaces_convertible_violations),
		CASE(subpage_bits_permit_writes),
		CASE(ept_types_follow_the_manual),
		CASE(npt_types_are_effective),
	};

	return RUN("features", suites);
}
