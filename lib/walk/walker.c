/* SPDX-License-Identifier: MIT */
/* From registers to what a walk compares with. */
#include "walk/walker.h"

#include <stdlib.h>

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "base/error.h"
#include "walk/engine.h"
#include "walk/tlb.h"

/* What no entry is: the ladder judges all of them. */
#define NEVER ((struct common){ .mask = 0, .want = 1 })

enum mode paging_mode(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	if (!(cr0 & CR0_PG))
		return MODE_NONE;
	if (!(cr4 & CR4_PAE))
		return MODE_32BIT;
	if (!(efer & EFER_LMA))
		return MODE_PAE;
	return cr4 & CR4_LA57 ? MODE_5LEVEL : MODE_4LEVEL;
}

/*
 * APM 2: "PAE Paging": newer AMD processors read PDPTEs as the walk needs
 * them, and so does every one under nested paging.
 */
bool has_pdpte_registers(const struct tdp_walk_cpu *cpu)
{
	if (cpu->vendor == TDP_INTEL)
		return true;
	return cpu->stage2 == TDP_STAGE2_NONE &&
	       cpu->choices.amd_pdpte_registers;
}

uint64_t pdpte_reserved(unsigned int maxphyaddr, uint64_t value)
{
	if (!(value & PTE_P))
		return 0;
	return value & (PDPTE_RSVD | ~(BIT(maxphyaddr) - 1));
}

/* Where the top table lies; low bits of CR3 are flags or a PCID. */
static uint64_t root_of(enum mode mode, uint64_t cr3, unsigned int maxphyaddr)
{
	if (mode == MODE_32BIT)
		return cr3 & PTE32_ADDR;
	if (mode == MODE_PAE || mode == MODE_PAE_REGISTERS)
		return cr3 & CR3_PAE_BASE;
	return cr3 & PTE_ADDR & (BIT(maxphyaddr) - 1);
}

static void pte_format_init(struct pte_format *f, const struct pte_rules *rules)
{
	f->rules = *rules;
	for (unsigned int l = 1; l <= geometries[rules->mode].levels; l++) {
		f->maps_page[l] = pte_maps_page(rules, l);
		if (f->maps_page[l])
			f->reserved[l][true] =
				pte_layout(rules, l, true).reserved;
		if (l > 1)
			f->reserved[l][false] =
				pte_layout(rules, l, false).reserved;
	}
}

static void ept_format_init(struct ept_format *f, unsigned int levels)
{
	for (unsigned int l = 1; l <= levels; l++) {
		f->maps_page[l] = ept_maps_page(&f->rules, l);
		if (f->maps_page[l])
			f->reserved[l][true] =
				ept_layout(&f->rules, l, true).reserved;
		if (l > 1)
			f->reserved[l][false] =
				ept_layout(&f->rules, l, false).reserved;
	}
}

static void load_linear(struct tdp_walker *w)
{
	const struct tdp_walk_cpu *cpu = &w->cpu;
	const bool lam = (cpu->cr4 & CR4_LAM_SUP) ||
			 (cpu->cr3 & (CR3_LAM_U57 | CR3_LAM_U48));

	w->long_mode = cpu->efer & EFER_LMA;
	w->linear_width = w->mode == MODE_5LEVEL ? 57 : 48;
	w->plain_linear = w->long_mode && !cpu->compat && !lam &&
			  !(cpu->cr4 & CR4_LASS) && !(cpu->efer & EFER_UAIE);
}

/* Which kinds of access a user, writable, executable page allows. */
static void load_common_rights(struct tdp_walker *w)
{
	static const struct page page = {
		.us = true,
		.rw = true,
		.upper_rw = true,
	};

	for (enum privilege p = USER; p < NR_PRIVILEGES; p++) {
		w->common_allowed[p] = 0;
		for (enum tdp_access_kind i = TDP_READ; i <= TDP_RMW; i++)
			if (!rights_decide(&w->cpu, i, p, &page))
				w->common_allowed[p] |= (uint8_t)BIT(i);
	}
}

/*
 * Key 0 stands for all keys in the common case; whether PKRU lets it pass is
 * part of common_allowed.
 */
static void load_common_guest(struct tdp_walker *w)
{
	const struct pte_format *f = &w->guest;
	const uint64_t rights = PTE_P | PTE_RW | PTE_US | PTE_A;
	const uint64_t no_ps = w->mode == MODE_32BIT ?
				       (f->rules.pse ? PTE_PS : 0) :
				       PTE_PS;
	struct common *common = w->common.guest;

	for (unsigned int l = 2; l <= geometries[w->mode].levels; l++)
		common[l] = (struct common){
			.mask = rights | no_ps | PTE_XD | f->reserved[l][false],
			.want = rights,
		};
	/* A PDPTE has its own rules. */
	if (w->mode == MODE_PAE)
		common[3] = NEVER;
	w->common.guest_leaf[false] = (struct common){
		.mask = rights | PTE_XD | f->reserved[1][true] |
			(f->rules.keys ? PTE_KEY : 0),
		.want = rights,
	};
	w->common.guest_leaf[true] = w->common.guest_leaf[false];
	w->common.guest_leaf[true].mask |= PTE_D;
	w->common.guest_leaf[true].want |= PTE_D;
}

static void load_guest(struct tdp_walker *w)
{
	const struct tdp_walk_cpu *cpu = &w->cpu;
	struct pte_rules rules = {
		.maxphyaddr = cpu->guest_maxphyaddr,
		.nx = cpu->efer & EFER_NX,
		.pse = cpu->cr4 & CR4_PSE,
		.pse36 = has_feature(cpu, TDP_FEATURE_PSE36),
		.gbpages = has_feature(cpu, TDP_FEATURE_GBPAGES),
		.keys = (cpu->cr4 & (CR4_PKE | CR4_PKS)) &&
			(cpu->efer & EFER_LMA),
		.amd = cpu->vendor == TDP_AMD,
	};

	rules.mode = paging_mode(cpu->cr0, cpu->cr4, cpu->efer);
	if (rules.mode == MODE_PAE && has_pdpte_registers(cpu))
		rules.mode = MODE_PAE_REGISTERS;
	w->mode = rules.mode;
	w->root = root_of(w->mode, cpu->cr3, cpu->guest_maxphyaddr);
	w->root_cache = 0;
	if (!(w->long_mode && (cpu->cr4 & CR4_PCIDE)) && w->mode != MODE_PAE)
		w->root_cache = (unsigned int)field_get(PTE_CACHE, cpu->cr3);
	pte_format_init(&w->guest, &rules);
	load_common_guest(w);
	load_common_rights(w);
}

/* Where no second-stage entry is common, the engine may read frame 0. */
static void never_common_nested(struct tdp_walker *w)
{
	for (unsigned int l = 0; l < NR_LEVELS; l++)
		w->common.nested[l] = NEVER;
	for (unsigned int i = 0; i < NR_NESTED_LEAVES; i++) {
		w->common.nested_leaf[i] = NEVER;
		w->common.nested_large[2][i] = NEVER;
		w->common.nested_large[3][i] = NEVER;
	}
	w->flat_root = 0;
}

/* The leaves of each page size, from what all of them have in common. */
static void load_common_leaf(struct tdp_walker *w, unsigned int use,
			     uint64_t reserved[][2], const bool maps_page[],
			     struct common leaf)
{
	w->common.nested_leaf[use] = (struct common){
		.mask = leaf.mask | reserved[1][true],
		.want = leaf.want,
	};
	for (unsigned int l = 2; l <= 3; l++)
		w->common.nested_large[l][use] =
			!maps_page[l] ? NEVER :
					(struct common){
						.mask = leaf.mask | PTE_PS |
							reserved[l][true],
						.want = leaf.want | PTE_PS,
					};
}

/* Bits of an entry's address that lead out of the flat range. */
static uint64_t outside_flat(const struct tdp_walker *w)
{
	const unsigned int log2 = 63 -
				  (unsigned int)__builtin_clzll(w->pm->size);

	return PTE_ADDR & ~(BIT(log2) - 1);
}

/* Common entries lead to addresses that the second stage is wide enough for. */
static void narrow_common_guest(struct tdp_walker *w)
{
	const unsigned int width = geometries[w->nested_mode].width;
	const uint64_t beyond = width < 52 ? BITS(51, width) : 0;

	for (unsigned int l = 2; l < NR_LEVELS; l++)
		w->common.guest[l].mask |= beyond;
	w->common.guest_leaf[false].mask |= beyond;
	w->common.guest_leaf[true].mask |= beyond;
	if (w->root & beyond)
		never_common_nested(w);
}

/* Guest-paging verification needs to see the leaf of every guest table. */
static void load_common_ept(struct tdp_walker *w)
{
	const struct ept_rules *rules = &w->ept.rules;
	const uint64_t rights = EPT_RWX | (rules->mbe ? EPT_XU : 0) |
				(rules->ad ? EPT_A : 0);
	const uint64_t dirty = rules->ad ? EPT_D : 0;
	const uint64_t outside = outside_flat(w);

	if (rules->gpv || (w->nested_root & outside)) {
		never_common_nested(w);
		return;
	}
	w->flat_root = w->nested_root;
	for (unsigned int l = 2; l < NR_LEVELS; l++)
		w->common.nested[l] = (struct common){
			.mask = rights | EPT_PS | outside |
				w->ept.reserved[l][false],
			.want = rights,
		};
	for (unsigned int i = 0; i < NR_NESTED_LEAVES; i++) {
		const uint64_t need = rights | (i == LEAF_READ ? 0 : dirty);

		load_common_leaf(
			w, i, w->ept.reserved, w->ept.maps_page,
			(struct common){
				.mask = need | EPT_MEMTYPE,
				.want = need | FIELD(EPT_MEMTYPE, TDP_MT_WB),
			});
	}
	w->common.nested_leaf[LEAF_TABLE].mask |= outside;
	narrow_common_guest(w);
	for (unsigned int i = 0; i < 8; i++)
		w->common_type[i] = (uint8_t)common_type(
			&w->cpu, tdp_pat_type(w->cpu.pat, i));
}

static void load_ept(struct tdp_walker *w)
{
	const struct tdp_walk_cpu *cpu = &w->cpu;
	const struct tdp_ept *ept = &cpu->ept;

	w->nested_mode = field_get(EPTP_LENGTH, ept->eptp) == 4 ? MODE_5LEVEL :
								  MODE_4LEVEL;
	w->nested_root = ept->eptp & EPTP_ADDR & (BIT(cpu->maxphyaddr) - 1);
	w->ept = (struct ept_format){
		.rules = {
			.maxphyaddr = cpu->maxphyaddr,
			.page_2m = ept->cap & TDP_EPT_CAP_2M,
			.page_1g = ept->cap & TDP_EPT_CAP_1G,
			.ad = ept->eptp & EPTP_AD,
			.sss = ept->eptp & EPTP_SSS,
			.mbe = ept->ctrl2 & TDP_EPT_CTRL2_MBE,
			.spp = ept->ctrl2 & TDP_EPT_CTRL2_SPP,
			.ve = ept->ctrl2 & TDP_EPT_CTRL2_VE,
			.pw = ept->ctrl3 & TDP_EPT_CTRL3_PW,
			.gpv = ept->ctrl3 & TDP_EPT_CTRL3_GPV,
		},
		.exec_only = ept->cap & TDP_EPT_CAP_EXEC_ONLY,
		.advanced = ept->cap & TDP_EPT_CAP_ADVANCED,
	};
	ept_format_init(&w->ept, geometries[w->nested_mode].levels);
	w->pml = (ept->ctrl2 & TDP_EPT_CTRL2_PML) && w->ept.rules.ad;
	w->pml_base = ept->pml_address;
	w->pml_index = ept->pml_index;
	load_common_ept(w);
}

static bool npt_feature(const struct tdp_walk_cpu *cpu, uint32_t control,
			enum tdp_feature feature)
{
	return (cpu->npt.control & control) && has_feature(cpu, feature);
}

/*
 * GMET turns the sense of U/S around, and shadow stacks need NX: neither has
 * a common case.
 */
static void load_common_npt(struct tdp_walker *w)
{
	const uint64_t rights = PTE_P | PTE_RW | PTE_US | PTE_A;
	const uint64_t outside = outside_flat(w);

	if (w->gmet || (w->nested_root & outside) ||
	    geometries[w->nested_mode].levels < 4) {
		never_common_nested(w);
		return;
	}
	w->flat_root = w->nested_root;
	for (unsigned int l = 2; l < NR_LEVELS; l++)
		w->common.nested[l] = (struct common){
			.mask = rights | PTE_PS | PTE_XD | outside |
				w->npt.reserved[l][false],
			.want = rights,
		};
	for (unsigned int i = 0; i < NR_NESTED_LEAVES; i++) {
		const bool clean = i == LEAF_READ ||
				   (i == LEAF_TABLE && w->rogpt);
		const uint64_t need = rights | (clean ? 0 : PTE_D);

		load_common_leaf(
			w, i, w->npt.reserved, w->npt.maps_page,
			(struct common){ .mask = need | PTE_XD, .want = need });
	}
	w->common.nested_leaf[LEAF_TABLE].mask |= outside;
	narrow_common_guest(w);
}

/* APM 2: "Enabling Nested Paging": the host's mode at VMRUN is the format. */
static void load_npt(struct tdp_walker *w)
{
	const struct tdp_walk_cpu *cpu = &w->cpu;
	const struct tdp_npt *npt = &cpu->npt;
	const struct pte_rules rules = {
		.mode = paging_mode(npt->cr0, npt->cr4, npt->efer),
		.maxphyaddr = cpu->maxphyaddr,
		.nx = npt->efer & EFER_NX,
		.pse = npt->cr4 & CR4_PSE,
		.pse36 = has_feature(cpu, TDP_FEATURE_PSE36),
		.gbpages = has_feature(cpu, TDP_FEATURE_GBPAGES),
		.amd = true,
	};

	w->nested_mode = rules.mode;
	w->nested_root = root_of(rules.mode, npt->ncr3, cpu->maxphyaddr);
	pte_format_init(&w->npt, &rules);
	w->gmet = npt_feature(cpu, TDP_NP_GMET, TDP_FEATURE_GMET);
	w->rogpt = npt_feature(cpu, TDP_NP_ROGPT, TDP_FEATURE_ROGPT);
	/* Ignored if the nested format has no NX. */
	w->ssscheck = npt_feature(cpu, TDP_NP_SSSCHECK, TDP_FEATURE_SSSCHECK) &&
		      (npt->cr4 & CR4_PAE) && (npt->efer & EFER_NX);
	w->table_kind = w->rogpt ? TDP_READ : TDP_WRITE;
	w->pml = npt_feature(cpu, TDP_NP_PML, TDP_FEATURE_NPT_PML);
	w->pml_base = npt->pml_base;
	w->pml_index = (unsigned int)min_u64(npt->pml_index, 0xffff);
	load_common_npt(w);
}

/* Bytes 1..levels. */
static uint64_t counted(enum mode mode)
{
	return (BIT(8 * geometries[mode].levels) - 1) << 8;
}

void walker_load(struct tdp_walker *w, const struct tdp_walk_cpu *cpu)
{
	w->cpu = *cpu;
	w->long_mode = cpu->efer & EFER_LMA;
	load_guest(w);
	load_linear(w);
	w->nested_mode = MODE_NONE;
	w->nested_root = w->flat_root = 0;
	w->pml = w->gmet = w->rogpt = w->ssscheck = false;
	w->table_kind = TDP_READ;
	w->pml_index = 0;
	if (cpu->stage2 == TDP_STAGE2_EPT)
		load_ept(w);
	else if (cpu->stage2 == TDP_STAGE2_NPT)
		load_npt(w);
	w->counted = counted(w->mode);
	w->nested_counted = counted(w->nested_mode);
	walker_use_tlb(w, w->tlb);
}

void walker_use_tlb(struct tdp_walker *w, struct tdp_tlb *tlb)
{
	w->tlb = tlb;
	w->engine = tlb ? tlb_walk : engine_for(w->mode, w->nested_mode);
}

void walker_init(struct tdp_walker *w, struct physmem *pm)
{
	struct tdp_walk_cpu cpu;

	*w = (struct tdp_walker){ .pm = pm };
	tdp_walk_cpu_init(&cpu, TDP_INTEL);
	walker_load(w, &cpu);
}

int tdp_walker_create(struct tdp_memory *memory, struct tdp_walker **walker,
		      struct tdp_error *err)
{
	struct tdp_walker *w = malloc(sizeof(*w));

	if (!w)
		return err_set(err, TDP_ENOMEM, "no memory for a walker");
	walker_init(w, &memory->pm);
	*walker = w;
	return TDP_OK;
}

void tdp_walker_destroy(struct tdp_walker *walker)
{
	free(walker);
}

/* Make the frame exist, so that a walk that writes to it allocates nothing. */
static bool have_frame(struct physmem *pm, uint64_t hpa)
{
	if (hpa < pm->size || !pm->far)
		return true;
	pm->far->failed = false;
	physmem_write64(pm, hpa, physmem_read64(pm, hpa));
	return !pm->far->failed;
}

static bool have_written_frames(struct physmem *pm,
				const struct tdp_walk_cpu *cpu)
{
	if (cpu->stage2 == TDP_STAGE2_NPT)
		return !(cpu->npt.control & TDP_NP_PML) ||
		       have_frame(pm, cpu->npt.pml_base & ~FRAME_MASK);
	if (cpu->stage2 != TDP_STAGE2_EPT)
		return true;
	if ((cpu->ept.ctrl2 & TDP_EPT_CTRL2_PML) &&
	    !have_frame(pm, cpu->ept.pml_address))
		return false;
	return !(cpu->ept.ctrl2 & TDP_EPT_CTRL2_VE) ||
	       have_frame(pm, cpu->ept.ve_address);
}

int tdp_walker_set_cpu(struct tdp_walker *walker,
		       const struct tdp_walk_cpu *cpu, struct tdp_error *err)
{
	const enum tdp_state_rule rule = tdp_walk_cpu_check(cpu);

	if (rule)
		return err_set(err, TDP_EINVAL, "%s: %s (%s)",
			       tdp_state_rule_name(rule),
			       tdp_state_rule_about(rule),
			       tdp_refusal_name(tdp_state_rule_refusal(
				       rule, cpu->stage2)));
	if (!have_written_frames(walker->pm, cpu))
		return err_set(err, TDP_ENOMEM,
			       "no memory for the page of PML or #VE");
	walker_load(walker, cpu);
	return TDP_OK;
}

const struct tdp_walk_cpu *tdp_walker_cpu(const struct tdp_walker *walker)
{
	return &walker->cpu;
}
