/* SPDX-License-Identifier: MIT */
/* The public entry points: one access, the second stage alone, PDPTEs. */
#include "arch/regs.h"
#include "base/error.h"
#include "walk/engine.h"
#include "walk/tlb.h"

#define GPA_END BIT(52)

const struct common_cases walk_never = {
#define N                            \
	{                            \
		.mask = 0, .want = 1 \
	}
	.guest = { N, N, N, N, N, N },
	.guest_leaf = { N, N },
	.nested = { N, N, N, N, N, N },
	.nested_leaf = { N, N, N },
	.nested_large = { [2] = { N, N, N }, [3] = { N, N, N } },
#undef N
};

static enum privilege privilege_of(const struct tdp_walk_access *access)
{
	if (access->implicit)
		return IMPLICIT;
	return access->user ? USER : SUPERVISOR;
}

/* The arrays are left alone: their counts say what of them is meant. */
INLINE void result_clear(struct tdp_walk_result *r)
{
	r->outcome = TDP_WALK_OK;
	r->reason = TDP_WALK_WHY_NONE;
	r->stage = TDP_WALK_GUEST;
	r->level = r->target = 0;
	r->entry.addr = 0;
	r->gva.addr = 0;
	r->gpa.addr = 0;
	r->hpa.addr = 0;
	r->info = 0;
	r->nested_rights = 0;
	r->guest_shift = r->nested_shift = r->page_shift = 0;
	r->pat_type = r->memtype = TDP_MT_UC;
	r->nr_writes = r->nr_pml = 0;
	memset(&r->cached, 0, sizeof(r->cached));
}

INLINE void walk_begin(struct walk *k, struct tdp_walker *w, unsigned int flags,
		       struct tdp_walk_log *log, struct tdp_walk_result *r)
{
	result_clear(r);
	k->w = w;
	k->common = log ? &walk_never : &w->common;
	k->table_kind = w->table_kind;
	k->r = r;
	k->tlb = w->tlb;
	k->log = log;
	k->dry = flags & TDP_WALK_DRY;
	k->page = (struct page){ .us = true, .rw = true, .upper_rw = true };
	k->uncommon = false;
	k->all_paging_write = true;
	k->update = 0;
	k->cache = w->root_cache;
	k->leaf_level = 0;
	k->leaf = 0;
	k->guest_stops = 0;
	k->nested_stops = 0;
	k->pml_index = w->pml_index;
}

/*
 * Byte n of the product is the sum of bytes 0..n of @stops: the walks that
 * read an entry of level n.  The second product adds those bytes up.
 */
static unsigned int count_reads(uint64_t stops, uint64_t counted,
				uint8_t at[static 8])
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t reads = stops * ones & counted;

	memcpy(at, &reads, sizeof(reads));
	return (unsigned int)(reads * ones >> 56);
}

static void store_pml_index(struct walk *k)
{
	struct tdp_walker *w = k->w;

	w->pml_index = k->pml_index;
	if (w->cpu.stage2 == TDP_STAGE2_EPT)
		w->cpu.ept.pml_index = (uint16_t)k->pml_index;
	else
		w->cpu.npt.pml_index = k->pml_index;
}

INLINE void walk_end(struct walk *k)
{
	const struct tdp_walker *w = k->w;
	struct tdp_walk_result *r = k->r;

	r->user = k->page.us;
	r->writable = k->page.rw;
	r->no_execute = k->page.xd;
	r->global = (k->leaf & PTE_G) && (w->cpu.cr4 & CR4_PGE);
	r->guest_reads = count_reads(k->guest_stops, w->counted,
				     r->guest_reads_at);
	r->nested_reads = count_reads(k->nested_stops, w->nested_counted,
				      r->nested_reads_at);
	r->pml_index = (uint16_t)k->pml_index;
	if (unlikely(r->nr_pml) && !k->dry)
		store_pml_index(k);
}

/* Most addresses are canonical and have no tags. */
INLINE bool linear_address(struct walk *k, const struct tdp_walk_access *access,
			   uint64_t *la)
{
	const unsigned int unused = 64 - k->w->linear_width;
	const uint64_t address = access->gva.addr;

	if (likely(k->w->plain_linear &&
		   (uint64_t)((int64_t)(address << unused) >> unused) ==
			   address)) {
		*la = address;
		k->r->gva = access->gva;
		return true;
	}
	return linear_check(k, access, la);
}

static bool is_possible(const struct tdp_walker *w,
			const struct tdp_walk_access *access)
{
	if (access->size > FRAME_SIZE - (access->gva.addr & FRAME_MASK))
		return false;
	return !is_shadow_stack(access->kind) || (w->cpu.cr4 & CR4_CET);
}

/* A #VE leaves its area busy: the same violation is an exit next time. */
static enum tdp_walk_outcome without_ve(enum tdp_walk_outcome outcome)
{
	return outcome == TDP_WALK_VE ? TDP_WALK_EPT_VIOLATION : outcome;
}

/* Does the walk give what one that remembers nothing gives? */
static bool is_stale(struct tdp_walker *w, const struct tdp_walk_access *access,
		     const struct tdp_walk_result *r)
{
	struct tdp_tlb *tlb = w->tlb;
	struct tdp_walk_result fresh;
	int ret;

	walker_use_tlb(w, NULL);
	ret = tdp_walk(w, access, TDP_WALK_DRY, NULL, &fresh);
	walker_use_tlb(w, tlb);
	/* The same access passed its checks once already. */
	assert(!ret);
	return without_ve(fresh.outcome) != without_ve(r->outcome) ||
	       fresh.reason != r->reason || fresh.hpa.addr != r->hpa.addr ||
	       fresh.memtype != r->memtype || fresh.user != r->user ||
	       fresh.writable != r->writable ||
	       fresh.no_execute != r->no_execute ||
	       fresh.nested_rights != r->nested_rights;
}

int tdp_walk(struct tdp_walker *walker, const struct tdp_walk_access *access,
	     unsigned int flags, struct tdp_walk_log *log,
	     struct tdp_walk_result *result)
{
	struct walk k;
	uint64_t la;

	if (unlikely(access->size > 1 || is_shadow_stack(access->kind)) &&
	    !is_possible(walker, access))
		return TDP_EINVAL;
	walk_begin(&k, walker, flags, log, result);
	k.kind = access->kind;
	k.privilege = privilege_of(access);
	k.size = access->size;
	/* Shadow-stack pages are read-only: none of the common cases. */
	if (unlikely(is_shadow_stack(k.kind)))
		k.common = &walk_never;
	if (likely(linear_address(&k, access, &la)))
		walker->engine(&k, la);
	walk_end(&k);
	if (unlikely(flags & TDP_WALK_CHECK_STALE) && k.tlb)
		result->cached.stale = is_stale(walker, access, result);
	return TDP_OK;
}

static void note_stage2(struct walk *k, uint64_t gpa)
{
	struct tdp_walk_result *r = k->r;

	r->gpa = TDP_GPA(gpa);
	r->hpa = TDP_HPA(k->at.hpa);
	r->nested_shift = (uint8_t)level_shift(&geometries[k->w->nested_mode],
					       k->at.level);
	r->page_shift = r->nested_shift;
	r->nested_rights = nested_rights(k, &k->at);
	final_type(k, k->at.leaf, k->at.level);
}

int tdp_walk_stage2(struct tdp_walker *walker,
		    const struct tdp_stage2_access *access, unsigned int flags,
		    struct tdp_walk_log *log, struct tdp_walk_result *result)
{
	const enum purpose purpose = access->table ? FOR_TABLE : FOR_FINAL;
	struct walk k;

	if (walker->cpu.stage2 == TDP_STAGE2_NONE ||
	    access->gpa.addr >= GPA_END)
		return TDP_EINVAL;
	walk_begin(&k, walker, flags, log, result);
	k.kind = access->kind;
	k.privilege = access->user ? USER : SUPERVISOR;
	k.page.us = access->user;
	k.table_kind = access->kind;
	k.size = 1;
	if (nested_walk_slow(&k, access->gpa.addr, purpose, 0, &k.at))
		note_stage2(&k, access->gpa.addr);
	walk_end(&k);
	return TDP_OK;
}

/* Read the four PDPTEs at @hpa; false: one is refused. */
static bool load_pdptes(struct walk *k, uint64_t gpa, uint64_t pdpte[4])
{
	for (unsigned int i = 0; i < 4; i++) {
		const struct tdp_walk_ref ref = {
			.stage = TDP_WALK_GUEST,
			.level = 3,
			.target = 3,
			.bytes = 8,
			/* Not observable, and not in the manuals. */
			.memtype = guest_ref_type(k, &k->at, 0),
			.gpa = TDP_GPA(gpa + 8 * i),
			.hpa = TDP_HPA(k->at.hpa + 8 * i),
			.value = entry_read(k, k->at.hpa + 8 * i, 8),
		};

		pdpte[i] = ref.value;
		k->nr_pdptes++;
		log_ref(k, &ref);
		if (!pdpte_reserved(k->w->cpu.guest_maxphyaddr, ref.value))
			continue;
		k->r->level = 3;
		k->r->entry = ref.hpa;
		return walk_fail(k, TDP_WALK_GP, TDP_WALK_WHY_PDPTE_LOAD, 0);
	}
	return true;
}

int tdp_walk_load_pdptes(struct tdp_walker *walker, unsigned int flags,
			 struct tdp_walk_log *log,
			 struct tdp_walk_result *result)
{
	uint64_t pdpte[4];
	struct walk k;

	if (walker->mode != MODE_PAE_REGISTERS)
		return TDP_EINVAL;
	walk_begin(&k, walker, flags, log, result);
	k.kind = TDP_READ;
	k.privilege = IMPLICIT;
	k.size = 32;
	k.nr_pdptes = 0;
	if (nested_walk_slow(&k, walker->root, FOR_PDPTES, 3, &k.at) &&
	    load_pdptes(&k, walker->root, pdpte)) {
		result->gpa = TDP_GPA(walker->root);
		result->hpa = TDP_HPA(k.at.hpa);
		if (!k.dry)
			memcpy(walker->cpu.pdpte, pdpte, sizeof(pdpte));
	}
	walk_end(&k);
	result->guest_reads_at[3] = k.nr_pdptes;
	result->guest_reads = k.nr_pdptes;
	return TDP_OK;
}
