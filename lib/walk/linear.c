/* SPDX-License-Identifier: MIT */
/* From the pointer to the linear address that is walked, before any walk. */
#include "arch/regs.h"
#include "walk/walk.h"

/* Bits @hi and up become copies of bit @hi. */
static uint64_t sign_extend(uint64_t value, unsigned int hi)
{
	const uint64_t high = ~(BIT(hi) - 1);

	return value & BIT(hi) ? value | high : value & ~high;
}

/* Bits 62:@width become copies of bit @width - 1; bit 63 stays. */
static uint64_t drop_metadata(uint64_t la, unsigned int width)
{
	return (sign_extend(la, width - 1) & ~BIT(63)) | (la & BIT(63));
}

/*
 * SDM: "Linear-Address Masking" (LAM): data accesses in 64-bit mode.  Bit 63
 * selects whose pointer it is; LAM_U57 wins if both are set.
 */
static uint64_t mask_tag(const struct tdp_walk_cpu *cpu, uint64_t la)
{
	if (la & BIT(63)) {
		if (!(cpu->cr4 & CR4_LAM_SUP))
			return la;
		return drop_metadata(la, cpu->cr4 & CR4_LA57 ? 57 : 48);
	}
	if (cpu->cr3 & CR3_LAM_U57)
		return drop_metadata(la, 57);
	if (cpu->cr3 & CR3_LAM_U48)
		return drop_metadata(la, 48);
	return la;
}

/* SDM: "Linear-Address-Space Separation (LASS)". */
static enum tdp_walk_reason lass_decide(const struct walk *k, uint64_t la)
{
	const struct tdp_walk_cpu *cpu = &k->w->cpu;
	const bool high = la & BIT(63);

	if (k->privilege == USER)
		return high ? TDP_WALK_WHY_LASS_USER : TDP_WALK_WHY_NONE;
	if (high)
		return TDP_WALK_WHY_NONE;
	if (!is_data(k->kind))
		return TDP_WALK_WHY_LASS_FETCH;
	if ((cpu->cr4 & CR4_SMAP) &&
	    (k->privilege == IMPLICIT || !(cpu->rflags & RFLAGS_AC)))
		return TDP_WALK_WHY_LASS_DATA;
	return TDP_WALK_WHY_NONE;
}

static uint64_t untag(const struct walk *k,
		      const struct tdp_walk_access *access, uint64_t la)
{
	const struct tdp_walk_cpu *cpu = &k->w->cpu;

	if (!is_data(k->kind) || access->implicit || access->untagged)
		return la;
	/* APM 2: "Upper Address Ignore". */
	if (cpu->efer & EFER_UAIE)
		return sign_extend(la, 56);
	return mask_tag(cpu, la);
}

/*
 * LASS is judged before canonicality: both are #GP, but hardware compares
 * bit 63 without the rest of the address.
 */
static enum tdp_walk_reason decide(const struct walk *k, bool in_64bit_mode,
				   uint64_t la)
{
	enum tdp_walk_reason why = TDP_WALK_WHY_NONE;

	if ((k->w->cpu.cr4 & CR4_LASS) && k->w->long_mode)
		why = lass_decide(k, la);
	if (!why && in_64bit_mode &&
	    sign_extend(la, k->w->linear_width - 1) != la)
		why = TDP_WALK_WHY_NOT_CANONICAL;
	return why;
}

bool linear_check(struct walk *k, const struct tdp_walk_access *access,
		  uint64_t *la)
{
	const bool in_64bit_mode = k->w->long_mode && !k->w->cpu.compat;
	enum tdp_walk_reason why;

	*la = in_64bit_mode ? untag(k, access, access->gva.addr) :
			      access->gva.addr & UINT32_MAX;
	why = decide(k, in_64bit_mode, *la);
	k->r->gva = TDP_GVA(*la);
	if (!why)
		return true;
	return walk_fail(k, access->stack ? TDP_WALK_SS : TDP_WALK_GP, why, 0);
}
