/* SPDX-License-Identifier: MIT */
/* The guest's entries: all but the common case, and their A and D flags. */
#include "arch/regs.h"
#include "walk/walk.h"

static unsigned int entry_bytes(const struct walk *k)
{
	return geometries[k->w->mode].entry_bytes;
}

static void log_entry(struct walk *k, unsigned int level, uint64_t gpa,
		      uint64_t value)
{
	const struct tdp_walk_ref ref = {
		.stage = TDP_WALK_GUEST,
		.level = (uint8_t)level,
		.target = (uint8_t)level,
		.bytes = (uint8_t)entry_bytes(k),
		.memtype = guest_ref_type(k, &k->at, k->cache),
		.gpa = TDP_GPA(gpa),
		.hpa = TDP_HPA(k->at.hpa),
		.value = value,
	};

	log_ref(k, &ref);
}

/* Reserved bits count only if P=1, and then the error code says P and RSVD. */
static bool entry_fault(struct walk *k, unsigned int level,
			enum tdp_walk_reason why)
{
	count_stop(&k->guest_stops, level);
	k->r->level = (uint8_t)level;
	k->r->entry = TDP_HPA(k->at.hpa);
	return page_fault(
		k, why,
		why == TDP_WALK_WHY_G_ABSENT ? 0 : PFERR_PRESENT | PFERR_RSVD);
}

/* Add one entry's rights to those of the levels above it. */
static void combine(struct page *page, uint64_t entry, bool leaf)
{
	if (leaf) {
		page->upper_rw = page->rw;
		page->dirty = entry & PTE_D;
		page->key = (uint8_t)field_get(PTE_KEY, entry);
	}
	page->us &= (entry & PTE_US) != 0;
	page->rw &= (entry & PTE_RW) != 0;
	page->xd |= (entry & PTE_XD) != 0;
}

/*
 * SDM: "Accessed and Dirty Flags" (3A): D only in the leaf, only for writes.
 * A shadow-stack write finds D set already, or the page is none.
 */
static uint64_t flags_due(const struct walk *k, uint64_t entry, bool leaf)
{
	uint64_t flags = PTE_A;

	if (leaf && is_write(k->kind))
		flags |= PTE_D;
	return flags & ~entry;
}

static bool set_flags(struct walk *k, unsigned int level)
{
	const struct guest_slot *slot = &k->slot[level];
	const unsigned int bytes = entry_bytes(k);
	struct tdp_walk_ref ref = {
		.stage = TDP_WALK_GUEST,
		.level = (uint8_t)level,
		.target = (uint8_t)level,
		.bytes = (uint8_t)bytes,
		.write = true,
		.memtype = guest_ref_type(k, &slot->at, slot->cache),
		.gpa = TDP_GPA(slot->gpa),
		.hpa = TDP_HPA(slot->at.hpa),
	};
	uint64_t entry, due;

	if (k->w->cpu.stage2 == TDP_STAGE2_EPT && !ept_update(k, slot, level))
		return false;
	if (k->w->cpu.stage2 == TDP_STAGE2_NPT && !npt_update(k, slot, level))
		return false;
	/* Tables may map themselves: an earlier update may have been here. */
	entry = entry_current(k, slot->at.hpa, bytes);
	due = flags_due(k, entry, level == k->leaf_level);
	ref.value = entry | due;
	if (due)
		entry_write(k, &ref);
	return true;
}

static void remember(struct walk *k, unsigned int level, uint64_t gpa)
{
	k->slot[level] = (struct guest_slot){
		.gpa = gpa,
		.at = k->at,
		.cache = k->cache,
	};
	k->update |= (uint8_t)BIT(level);
}

enum step guest_step(struct walk *k, unsigned int level, uint64_t gpa)
{
	const struct tdp_walker *w = k->w;
	const uint64_t e = entry_read(k, k->at.hpa, entry_bytes(k));
	const bool is_pdpte = w->mode == MODE_PAE && level == 3;
	enum tdp_walk_reason why;
	bool leaf;

	k->entry = e;
	if (k->log)
		log_entry(k, level, gpa, e);
	why = pte_classify(&w->guest, e, level, TDP_WALK_WHY_G_ABSENT, &leaf);
	if (why)
		return entry_fault(k, level, why), STEP_FAULT;

	k->uncommon = true;
	if (leaf)
		k->leaf_level = level;
	/* A PDPTE has neither rights nor an accessed flag. */
	if (!is_pdpte) {
		combine(&k->page, e, leaf);
		if (flags_due(k, e, leaf))
			remember(k, level, gpa);
	}
	if (unlikely(w->cpu.choices.a_while_walking) && !leaf && k->update) {
		k->update = 0;
		if (!set_flags(k, level)) {
			count_stop(&k->guest_stops, level);
			return STEP_FAULT;
		}
	}
	k->cache = (unsigned int)field_get(PTE_CACHE, e);
	return leaf ? STEP_LEAF : STEP_TABLE;
}

/* SDM: "PDPTE Registers": they were checked when they were loaded. */
bool guest_pdpte_register(struct walk *k, uint64_t la, uint64_t *table)
{
	const uint64_t pdpte = k->w->cpu.pdpte[la >> 30 & 3];

	if (unlikely(!(pdpte & PTE_P))) {
		k->r->level = 3;
		return page_fault(k, TDP_WALK_WHY_G_PDPTE_ABSENT, 0);
	}
	k->cache = (unsigned int)field_get(PTE_CACHE, pdpte);
	*table = pdpte & PTE_ADDR;
	return true;
}

bool guest_update(struct walk *k)
{
	for (unsigned int level = TDP_WALK_MAX_LEVELS; level > 0; level--)
		if ((k->update & BIT(level)) && !set_flags(k, level))
			return false;
	return true;
}

unsigned int guest_leaf_shift(const struct walk *k)
{
	return k->leaf_level ?
		       level_shift(&geometries[k->w->mode], k->leaf_level) :
		       0;
}

uint64_t guest_address(const struct walk *k, uint64_t la)
{
	const unsigned int shift = guest_leaf_shift(k);
	const uint64_t offset = BIT(shift) - 1;
	uint64_t address = k->leaf & PTE_ADDR & ~offset;

	/* A 4M page has its upper address bits below its lower ones. */
	if (shift == 22)
		address |= field_get(PDE4M_HIGH, k->leaf) << 32;
	return address | (la & offset);
}
