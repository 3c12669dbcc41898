/* SPDX-License-Identifier: MIT */
/*
 * The engine: the guest's walk, each of its references through the second
 * stage, and the final address through it too.
 *
 * The engine is written once, over a constant geometry of each stage, and
 * compiled for each pair that matters.  It compares every entry with the
 * common case (struct common_cases); a second-stage walk that meets another
 * entry starts over by the ladder of ept.c or npt.c, a guest entry is judged
 * by guest_step().  Nothing is lost by starting over: the common case has no
 * side effects.
 */
#include "walk/walk.h"

#include "arch/regs.h"
#include "walk/engine.h"
#include "walk/tlb.h"

bool nested_walk_slow(struct walk *k, uint64_t gpa, enum purpose purpose,
		      unsigned int target, struct nested *at)
{
	if (unlikely(k->tlb) && k->w->cpu.stage2)
		return tlb_nested_walk(k, gpa, purpose, target, at);
	switch (k->w->cpu.stage2) {
	case TDP_STAGE2_EPT:
		return ept_walk(k, gpa, purpose, target, at);
	case TDP_STAGE2_NPT:
		return npt_walk(k, gpa, purpose, target, at);
	case TDP_STAGE2_NONE:
		break;
	}
	*at = (struct nested){ .hpa = gpa };
	return true;
}

INLINE bool is_common(const struct common *common, uint64_t entry)
{
	return (entry & common->mask) == common->want;
}

/*
 * What the engine keeps in registers; stores to the walk can't touch it.
 *
 * @common is the walker's, or walk_never once a guest entry led to an address
 * that the second stage is too narrow for.
 */
struct engine {
	struct walk *k;
	const struct common_cases *common;
	const uint8_t *memory; /* the flat range */
	uint64_t root;         /* of the second stage */
};

/* Entries that are common lead to tables in the flat range. */
INLINE uint64_t flat_read(const struct engine *e, unsigned int bytes,
			  uint64_t hpa)
{
	uint64_t entry = 0;

	memcpy(&entry, e->memory + hpa, bytes == 8 ? 8 : 4);
	return entry;
}

/* Where one reference landed. */
struct place {
	uint64_t hpa;
	uint64_t leaf;
	uint64_t leaf_hpa;
	bool noted; /* k->at tells more */
};

/* One table entry of the second stage; false: not the common case. */
INLINE bool nested_descend(const struct engine *e, const struct geometry *n,
			   unsigned int level, uint64_t gpa, uint64_t *table)
{
	const struct common *common = &e->common->nested[level];
	const uint64_t hpa = *table + entry_offset(n, gpa, level);
	const uint64_t entry = flat_read(e, 8, hpa);

	*table = entry & PTE_ADDR;
	return likely(is_common(common, entry));
}

/* The whole walk, if all of it is the common case with a 4 KiB page. */
INLINE bool nested_common(const struct engine *e, const struct geometry *n,
			  enum nested_leaf use, uint64_t gpa,
			  struct place *place)
{
	uint64_t table = e->root;

	if (n->levels > 4 && !nested_descend(e, n, 5, gpa, &table))
		return false;
	if (!nested_descend(e, n, 4, gpa, &table) ||
	    !nested_descend(e, n, 3, gpa, &table) ||
	    !nested_descend(e, n, 2, gpa, &table))
		return false;
	place->leaf_hpa = table + entry_offset(n, gpa, 1);
	place->leaf = flat_read(e, 8, place->leaf_hpa);
	place->hpa = (place->leaf & PTE_ADDR) | (gpa & FRAME_MASK);
	if (unlikely(!is_common(&e->common->nested_leaf[use], place->leaf)))
		return false;
	count_stop(&e->k->nested_stops, 1);
	return true;
}

/* Note in k->at what the ladder would note of a common leaf. */
static void note_common(struct walk *k, uint64_t gpa, uint64_t leaf,
			uint64_t leaf_hpa, unsigned int level)
{
	const uint64_t rights = k->w->cpu.stage2 == TDP_STAGE2_EPT ?
					EPT_ALL_RIGHTS :
					NPT_ALL_RIGHTS;
	const uint64_t offset = BIT(3 + 9 * level) - 1;

	k->at = (struct nested){
		.hpa = (leaf & PTE_ADDR & ~offset) | (gpa & offset),
		.leaf = leaf,
		.leaf_hpa = leaf_hpa,
		.level = level,
		.rights = rights,
		.upper = rights,
	};
}

INLINE struct engine engine_of(struct walk *k,
			       const struct common_cases *common)
{
	return (struct engine){
		.k = k,
		.common = common,
		.memory = k->w->pm->base,
		.root = k->w->flat_root,
	};
}

/*
 * The common case with a large page, told only after that with a small one:
 * out of line, and by value, so that the common path keeps its registers.
 */
NOINLINE bool nested_large(struct walk *k, const struct common_cases *common,
			   const struct geometry *n, enum nested_leaf use,
			   uint64_t gpa)
{
	const struct engine e = engine_of(k, common);
	uint64_t table = e.root;

	for (unsigned int level = n->levels; level > 1; level--) {
		const uint64_t hpa = table + entry_offset(n, gpa, level);
		const uint64_t entry = flat_read(&e, 8, hpa);

		if (level <= 3 &&
		    is_common(&common->nested_large[level][use], entry)) {
			note_common(k, gpa, entry, hpa, level);
			count_stop(&k->nested_stops, level);
			return true;
		}
		if (!is_common(&common->nested[level], entry))
			return false;
		table = entry & PTE_ADDR;
	}
	return false;
}

INLINE bool nested_uncommon(const struct engine *e, const struct geometry *n,
			    enum nested_leaf use, enum purpose purpose,
			    unsigned int target, uint64_t gpa,
			    struct place *place)
{
	struct walk *k = e->k;

	if (!nested_large(k, e->common, n, use, gpa) &&
	    !nested_walk_slow(k, gpa, purpose, target, &k->at))
		return false;
	place->hpa = k->at.hpa;
	place->leaf = k->at.leaf;
	place->noted = true;
	return true;
}

INLINE uint64_t guarded_read(const struct walk *k, const struct geometry *g,
			     uint64_t hpa)
{
	return g->entry_bytes == 8 ? physmem_read64(k->w->pm, hpa) :
				     physmem_read32(k->w->pm, hpa);
}

/*
 * Read the guest entry at @gpa; false: the second stage ends the walk.
 *
 * The leaf of a common second-stage walk for a table points into the flat
 * range, as its other entries do.
 */
INLINE bool guest_read(const struct engine *e, const struct geometry *g,
		       const struct geometry *n, unsigned int level,
		       uint64_t gpa, struct place *place, uint64_t *entry)
{
	if (!n->levels) {
		place->hpa = gpa;
		*entry = guarded_read(e->k, g, gpa);
		return true;
	}
	if (likely(nested_common(e, n, LEAF_TABLE, gpa, place))) {
		*entry = flat_read(e, g->entry_bytes, place->hpa);
		return true;
	}
	if (!nested_uncommon(e, n, LEAF_TABLE, FOR_TABLE, level, gpa, place)) {
		if (level < g->levels)
			count_stop(&e->k->guest_stops, level + 1);
		return false;
	}
	*entry = guarded_read(e->k, g, place->hpa);
	return true;
}

/* Out of line, so that the common path keeps its registers. */
NOINLINE enum step guest_uncommon(struct walk *k, unsigned int level,
				  uint64_t gpa)
{
	return guest_step(k, level, gpa);
}

/* One entry of the guest. */
INLINE enum step guest_descend(struct engine *e, const struct geometry *g,
			       const struct geometry *n, unsigned int level,
			       uint64_t la, uint64_t *table)
{
	struct walk *k = e->k;
	const struct common *common =
		level == 1 ? &e->common->guest_leaf[is_write(k->kind)] :
			     &e->common->guest[level];
	const uint64_t gpa = *table + entry_offset(g, la, level);
	enum step step = level == 1 ? STEP_LEAF : STEP_TABLE;
	struct place place = { .noted = false };
	uint64_t entry;

	if (unlikely(!guest_read(e, g, n, level, gpa, &place, &entry)))
		return STEP_FAULT;
	if (unlikely(!is_common(common, entry))) {
		if (!n->levels)
			k->at = (struct nested){ .hpa = gpa };
		else if (!place.noted)
			note_common(k, gpa, place.leaf, place.leaf_hpa, 1);
		step = guest_uncommon(k, level, gpa);
		entry = k->entry;
		if (n->levels && n->width < 52 &&
		    (entry & PTE_ADDR) >> n->width)
			e->common = &walk_never;
	}
	if (step == STEP_LEAF) {
		k->leaf = entry;
		k->leaf_level = level;
		count_stop(&k->guest_stops, level);
	}
	*table = entry & PTE_ADDR;
	return step;
}

INLINE enum step guest_levels(struct engine *e, const struct geometry *g,
			      const struct geometry *n, uint64_t la)
{
	uint64_t table = e->k->w->root;
	enum step step = STEP_TABLE;

	if (g->levels == 2 && g->entry_bytes == 8 &&
	    !guest_pdpte_register(e->k, la, &table))
		return STEP_FAULT;
	if (g->levels > 4)
		step = guest_descend(e, g, n, 5, la, &table);
	if (g->levels > 3 && step == STEP_TABLE)
		step = guest_descend(e, g, n, 4, la, &table);
	if (g->levels > 2 && step == STEP_TABLE)
		step = guest_descend(e, g, n, 3, la, &table);
	if (step == STEP_TABLE)
		step = guest_descend(e, g, n, 2, la, &table);
	if (step == STEP_TABLE)
		step = guest_descend(e, g, n, 1, la, &table);
	return step;
}

/* Rights on a page that the common case gives: user, writable, executable. */
INLINE bool is_commonly_allowed(const struct walk *k)
{
	return !k->uncommon &&
	       (k->w->common_allowed[k->privilege] >> k->kind & 1);
}

INLINE bool is_small_page(const struct walk *k, const struct geometry *g)
{
	return g->entry_bytes == 8 && k->leaf_level == 1;
}

/* The guest's own walk, down to the guest-physical address. */
INLINE bool guest_walk(struct engine *e, const struct geometry *g,
		       const struct geometry *n, uint64_t la, uint64_t *gpa)
{
	struct walk *k = e->k;

	if (unlikely(guest_levels(e, g, n, la) == STEP_FAULT))
		return false;
	if (unlikely(!is_commonly_allowed(k)) && !rights_check(k))
		return false;
	if (unlikely(k->update) && !k->w->cpu.choices.ad_after_final &&
	    !guest_update(k))
		return false;
	*gpa = likely(is_small_page(k, g)) ?
		       (k->leaf & PTE_ADDR) | (la & FRAME_MASK) :
		       guest_address(k, la);
	return true;
}

static uint8_t smaller_page(uint8_t guest, uint8_t nested)
{
	if (!guest || !nested)
		return guest | nested ? guest | nested : 12;
	return guest < nested ? guest : nested;
}

NOINLINE void note_uncommon_pages(struct walk *k, bool nested_noted)
{
	struct tdp_walk_result *r = k->r;

	r->guest_shift = (uint8_t)guest_leaf_shift(k);
	if (nested_noted) {
		r->nested_shift = (uint8_t)level_shift(
			&geometries[k->w->nested_mode], k->at.level);
		r->nested_rights = nested_rights(k, &k->at);
	}
	r->page_shift = smaller_page(r->guest_shift, r->nested_shift);
}

void walk_success(struct walk *k, uint64_t gpa)
{
	k->r->gpa = TDP_GPA(gpa);
	k->r->hpa = TDP_HPA(k->at.hpa);
	k->r->nested_rights = 15;
	note_uncommon_pages(k, k->w->nested_mode);
	final_type(k, k->at.leaf, k->at.level);
}

INLINE void note_success(struct walk *k, const struct geometry *g,
			 const struct geometry *n, uint64_t gpa,
			 const struct place *place)
{
	struct tdp_walk_result *r = k->r;

	r->gpa = TDP_GPA(gpa);
	r->hpa = TDP_HPA(place->hpa);
	r->guest_shift = 12;
	r->nested_shift = n->levels ? 12 : 0;
	r->page_shift = 12;
	r->nested_rights = 15;
	if (unlikely(place->noted || !is_small_page(k, g)))
		note_uncommon_pages(k, place->noted);
	else if (likely(k->w->cpu.stage2 == TDP_STAGE2_EPT &&
			!(place->leaf & EPT_IPAT))) {
		const unsigned int bits = leaf_type_bits(k->leaf, 1);

		r->pat_type = (enum tdp_memtype)(k->w->cpu.pat >> (8 * bits) &
						 7);
		r->memtype = (enum tdp_memtype)k->w->common_type[bits];
		return;
	}
	final_type(k, place->leaf, place->noted ? k->at.level : 1);
}

/* The final address through the second stage, after @gpa is known. */
INLINE void final_walk(struct engine *e, const struct geometry *g,
		       const struct geometry *n, uint64_t gpa)
{
	struct walk *k = e->k;
	const enum nested_leaf use = is_write(k->kind) ? LEAF_WRITE : LEAF_READ;
	struct place place = { .hpa = gpa };

	if (n->levels && unlikely(!nested_common(e, n, use, gpa, &place)) &&
	    !nested_uncommon(e, n, use, FOR_FINAL, 0, gpa, &place))
		return;
	if (unlikely(k->update) && k->w->cpu.choices.ad_after_final &&
	    !guest_update(k))
		return;
	note_success(k, g, n, gpa, &place);
}

INLINE void two_stages(struct walk *k, const struct geometry *g,
		       const struct geometry *n, uint64_t la)
{
	struct engine e = engine_of(k, k->common);
	uint64_t gpa = la;

	if (g->levels && !guest_walk(&e, g, n, la, &gpa))
		return;
	final_walk(&e, g, n, gpa);
}

/* The engine for one pair of geometries. */
#define ENGINE(name, guest, nested)                                 \
	static void name(struct walk *k, uint64_t la)               \
	{                                                           \
		static const struct geometry g = guest, n = nested; \
                                                                    \
		two_stages(k, &g, &n, la);                          \
	}

ENGINE(walk_4_none, GEOMETRY_4LEVEL, GEOMETRY_NONE)
ENGINE(walk_4_4, GEOMETRY_4LEVEL, GEOMETRY_4LEVEL)
ENGINE(walk_4_5, GEOMETRY_4LEVEL, GEOMETRY_5LEVEL)
ENGINE(walk_5_none, GEOMETRY_5LEVEL, GEOMETRY_NONE)
ENGINE(walk_5_4, GEOMETRY_5LEVEL, GEOMETRY_4LEVEL)
ENGINE(walk_5_5, GEOMETRY_5LEVEL, GEOMETRY_5LEVEL)
ENGINE(walk_none_none, GEOMETRY_NONE, GEOMETRY_NONE)
ENGINE(walk_none_4, GEOMETRY_NONE, GEOMETRY_4LEVEL)
ENGINE(walk_none_5, GEOMETRY_NONE, GEOMETRY_5LEVEL)
ENGINE(walk_32_none, GEOMETRY_32BIT, GEOMETRY_NONE)
ENGINE(walk_32_4, GEOMETRY_32BIT, GEOMETRY_4LEVEL)
ENGINE(walk_32_5, GEOMETRY_32BIT, GEOMETRY_5LEVEL)
ENGINE(walk_pae_none, GEOMETRY_PAE, GEOMETRY_NONE)
ENGINE(walk_pae_4, GEOMETRY_PAE, GEOMETRY_4LEVEL)
ENGINE(walk_pae_5, GEOMETRY_PAE, GEOMETRY_5LEVEL)
ENGINE(walk_paereg_none, GEOMETRY_PAE_REGISTERS, GEOMETRY_NONE)
ENGINE(walk_paereg_4, GEOMETRY_PAE_REGISTERS, GEOMETRY_4LEVEL)
ENGINE(walk_paereg_5, GEOMETRY_PAE_REGISTERS, GEOMETRY_5LEVEL)

/*
 * Hosts with 32-bit or PAE nested tables are rare: there the second stage
 * always takes the ladder, whatever the shape of the engine that is used.
 */
walk_engine engine_for(enum mode guest, enum mode nested)
{
	/* clang-format off */
	static const walk_engine engines[NR_MODES][3] = {
		[MODE_NONE] = { walk_none_none, walk_none_4, walk_none_5 },
		[MODE_32BIT] = { walk_32_none, walk_32_4, walk_32_5 },
		[MODE_PAE] = { walk_pae_none, walk_pae_4, walk_pae_5 },
		[MODE_PAE_REGISTERS] = { walk_paereg_none, walk_paereg_4,
					 walk_paereg_5 },
		[MODE_4LEVEL] = { walk_4_none, walk_4_4, walk_4_5 },
		[MODE_5LEVEL] = { walk_5_none, walk_5_4, walk_5_5 },
	};
	/* clang-format on */

	if (nested == MODE_NONE)
		return engines[guest][0];
	return engines[guest][nested == MODE_5LEVEL ? 2 : 1];
}
