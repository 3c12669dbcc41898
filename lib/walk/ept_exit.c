/* SPDX-License-Identifier: MIT */
/* How a failed EPT translation is reported: exits, and #VE instead of one. */
#include "arch/regs.h"
#include "walk/walk.h"

#define VE_BUSY_OFFSET 4 /* dword; zero while a #VE may be delivered */

/* Bits 2:0 and 13 of the qualification. */
static uint64_t kind_bits(const struct walk *k)
{
	switch (k->kind) {
	case TDP_READ:
		return QUAL_READ;
	case TDP_WRITE:
		return QUAL_WRITE;
	case TDP_FETCH:
		return QUAL_FETCH;
	case TDP_RMW:
		/* Bit 0 is the processor's choice: docs/decisions. */
		return k->w->cpu.choices.rmw_write_only ?
			       QUAL_WRITE :
			       QUAL_READ | QUAL_WRITE;
	case TDP_SS_READ:
		return QUAL_READ | QUAL_SHSTK;
	case TDP_SS_WRITE:
		return QUAL_WRITE | QUAL_SHSTK;
	}
	return 0;
}

static uint64_t access_bits(const struct walk *k, enum purpose purpose)
{
	switch (purpose) {
	case FOR_PDPTES:
		return QUAL_READ;
	case FOR_TABLE:
		if (k->w->ept.rules.ad || is_write(k->table_kind))
			return QUAL_GLA_VALID | QUAL_READ | QUAL_WRITE;
		return QUAL_GLA_VALID |
		       (k->table_kind == TDP_FETCH ? QUAL_FETCH : QUAL_READ);
	case FOR_UPDATE:
		return QUAL_GLA_VALID | QUAL_READ | QUAL_WRITE;
	case FOR_FINAL:
		return QUAL_GLA_VALID | QUAL_FINAL | kind_bits(k);
	}
	return 0;
}

/* "Advanced VM-exit information": what the guest's tables said. */
static uint64_t guest_bits(const struct walk *k)
{
	return (k->page.us ? QUAL_USER : 0) | (k->page.rw ? QUAL_WRITABLE : 0) |
	       (k->page.xd ? QUAL_XD : 0);
}

/* All zero if the walk did not reach a leaf. */
static uint64_t rights_bits(const struct walk *k, const struct nested *at)
{
	return FIELD(QUAL_RIGHTS, at->rights & EPT_RWX) |
	       (k->w->ept.rules.mbe && (at->rights & EPT_XU) ? QUAL_XU : 0) |
	       (k->w->ept.rules.sss && (at->leaf & EPT_SSS) ? QUAL_SSS : 0);
}

static bool reached_leaf(enum tdp_walk_reason why)
{
	return why != TDP_WALK_WHY_E_ABSENT && why != TDP_WALK_WHY_E_GPA_WIDTH;
}

/* SDM: "Exit Qualification for EPT Violations" (3C). */
static uint64_t qualification(const struct walk *k, enum purpose purpose,
			      const struct nested *at, enum tdp_walk_reason why)
{
	uint64_t qual = access_bits(k, purpose);

	if (reached_leaf(why))
		qual |= rights_bits(k, at);
	if (purpose == FOR_FINAL && k->w->ept.advanced)
		qual |= guest_bits(k);
	if (why == TDP_WALK_WHY_E_VERIFY)
		qual |= QUAL_VERIFY;
	return qual;
}

/*
 * SDM: "Convertible EPT Violations": the suppress bit is that of the leaf, or
 * of the entry that was not present; bit 63 of others is ignored.
 */
static bool is_convertible(const struct walk *k, const struct nested *at,
			   enum tdp_walk_reason why)
{
	if (!(k->w->cpu.ept.ctrl2 & TDP_EPT_CTRL2_VE))
		return false;
	if (why == TDP_WALK_WHY_E_GPA_WIDTH)
		return k->w->cpu.choices.ve_gpa_width;
	return !(at->leaf & EPT_SVE);
}

/* SDM: "Virtualization Exceptions": when a convertible violation is one. */
static bool is_deliverable(const struct walk *k)
{
	const struct tdp_walk_cpu *cpu = &k->w->cpu;

	return (cpu->cr0 & CR0_PE) && !cpu->ept.vectoring &&
	       !physmem_read32(k->w->pm, cpu->ept.ve_address + VE_BUSY_OFFSET);
}

static bool violate(struct walk *k, enum purpose purpose,
		    const struct nested *at, enum tdp_walk_reason why)
{
	const uint64_t qual = qualification(k, purpose, at, why);

	if (!is_convertible(k, at, why) || !is_deliverable(k))
		return walk_fail(k, TDP_WALK_EPT_VIOLATION, why, qual);
	walk_fail(k, TDP_WALK_VE, why, qual);
	ve_area_write(k);
	return false;
}

bool ept_fail(struct walk *k, uint64_t gpa, enum purpose purpose,
	      unsigned int target, const struct nested *at,
	      enum tdp_walk_reason why)
{
	k->r->stage = TDP_WALK_EPT;
	k->r->level = (uint8_t)at->level;
	k->r->target = (uint8_t)target;
	k->r->entry = TDP_HPA(at->leaf_hpa);
	k->r->gpa = TDP_GPA(gpa);
	if (why >= TDP_WALK_WHY_E_W_NOT_R && why <= TDP_WALK_WHY_E_MEMTYPE)
		return walk_fail(k, TDP_WALK_EPT_MISCONFIG, why, 0);
	if (why == TDP_WALK_WHY_E_PML_FULL)
		return walk_fail(k, TDP_WALK_PML_FULL, why, 0);
	if (why == TDP_WALK_WHY_SPP_MISS)
		return walk_fail(k, TDP_WALK_SPP_EVENT, why, QUAL_SPP_MISS);
	if (why == TDP_WALK_WHY_SPP_MISCONFIG)
		return walk_fail(k, TDP_WALK_SPP_EVENT, why, 0);
	return violate(k, purpose, at, why);
}
