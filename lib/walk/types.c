/* SPDX-License-Identifier: MIT */
/*
 * Memory types of the access and of the page-table references.
 *
 * SDM: "Memory Type Used for Accessing EPT Paging Structures", "... for
 * Translated Guest-Physical Addresses" (3C), "Paging and Memory Typing" (3A);
 * APM 2: "Memory Types" under nested paging.
 */
#include "arch/regs.h"
#include "walk/walk.h"

static enum tdp_memtype mtrr_type(const struct walk *k, uint64_t hpa)
{
	const struct tdp_walk_cpu *cpu = &k->w->cpu;

	return tdp_mtrr_type(cpu->mtrr, TDP_HPA(hpa), cpu->maxphyaddr,
			     cpu->smm);
}

/* Without a second stage.  @bits: PAT << 2 | PCD << 1 | PWT. */
static enum tdp_memtype bare_type(const struct walk *k, uint64_t hpa,
				  unsigned int bits, enum tdp_memtype pat)
{
	const struct tdp_walk_cpu *cpu = &k->w->cpu;
	const bool amd = cpu->vendor == TDP_AMD;
	const enum tdp_memtype mtrr = mtrr_type(k, hpa);

	if (cpu->cr0 & CR0_CD)
		return amd ? TDP_MT_CD : TDP_MT_UC;
	if (!has_feature(cpu, TDP_FEATURE_PAT))
		return tdp_memtype_without_pat(mtrr, bits & 3);
	return amd ? tdp_memtype_amd(mtrr, pat) : tdp_memtype_intel(mtrr, pat);
}

static enum tdp_memtype ept_type(const struct walk *k, uint64_t leaf,
				 enum tdp_memtype pat)
{
	return tdp_memtype_ept(k->w->cpu.cr0 & CR0_CD, leaf & EPT_IPAT,
			       (enum tdp_memtype)field_get(EPT_MEMTYPE, leaf),
			       pat);
}

static bool amd_caches_are_off(const struct walk *k)
{
	return (k->w->cpu.cr0 | k->w->cpu.npt.cr0) & CR0_CD;
}

/* @pat is the guest's type, @bits choose the host's. */
static enum tdp_memtype npt_type(const struct walk *k, uint64_t hpa,
				 unsigned int bits, enum tdp_memtype pat)
{
	const enum tdp_memtype host = tdp_pat_type(k->w->cpu.npt.pat, bits);

	if (amd_caches_are_off(k))
		return TDP_MT_CD;
	return tdp_memtype_amd_final(mtrr_type(k, hpa),
				     tdp_memtype_amd_nested(pat, host));
}

enum tdp_memtype ept_ref_type(const struct walk *k)
{
	if (k->w->cpu.cr0 & CR0_CD)
		return TDP_MT_UC;
	return (enum tdp_memtype)field_get(EPTP_MEMTYPE, k->w->cpu.ept.eptp);
}

/* The host's PAT by the referencing entry, and the MTRRs; no guest type. */
enum tdp_memtype npt_ref_type(const struct walk *k, uint64_t hpa,
			      unsigned int cache)
{
	if (amd_caches_are_off(k))
		return TDP_MT_CD;
	return tdp_memtype_amd_final(mtrr_type(k, hpa),
				     tdp_pat_type(k->w->cpu.npt.pat, cache));
}

/* A table's entry has the type that the entry which led to it asks for. */
enum tdp_memtype guest_ref_type(const struct walk *k, const struct nested *at,
				unsigned int cache)
{
	const enum tdp_memtype pat = tdp_pat_type(k->w->cpu.pat, cache);

	switch (k->w->cpu.stage2) {
	case TDP_STAGE2_EPT:
		return ept_type(k, at->leaf, pat);
	case TDP_STAGE2_NPT:
		return npt_type(k, at->hpa, leaf_type_bits(at->leaf, at->level),
				pat);
	case TDP_STAGE2_NONE:
		break;
	}
	return bare_type(k, at->hpa, cache, pat);
}

/* Without paging in the guest its type is WB. */
void final_type(struct walk *k, uint64_t nested_leaf, unsigned int nested_level)
{
	const unsigned int bits =
		k->leaf_level ? leaf_type_bits(k->leaf, k->leaf_level) : 0;
	const enum tdp_memtype pat = k->leaf_level ?
					     tdp_pat_type(k->w->cpu.pat, bits) :
					     TDP_MT_WB;

	k->r->pat_type = pat;
	switch (k->w->cpu.stage2) {
	case TDP_STAGE2_EPT:
		k->r->memtype = ept_type(k, nested_leaf, pat);
		break;
	case TDP_STAGE2_NPT:
		k->r->memtype = npt_type(
			k, k->r->hpa.addr,
			leaf_type_bits(nested_leaf, nested_level), pat);
		break;
	case TDP_STAGE2_NONE:
		k->r->memtype = bare_type(k, k->r->hpa.addr, bits, pat);
		break;
	}
}

enum tdp_memtype common_type(const struct tdp_walk_cpu *cpu,
			     enum tdp_memtype pat)
{
	return tdp_memtype_ept(cpu->cr0 & CR0_CD, false, TDP_MT_WB, pat);
}
