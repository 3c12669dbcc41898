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

bool nested_walk_slow(struct walk *k, uint64_t gpa, enum purpose purpose,
		      unsigned int target, struct nested *at)
{
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

static bool is_common(const struct common *common, uint64_t entry)
{
	return (entry & common->mask) == common->want;
}

/* The flat range holds every table that common entries lead to. */
static inline uint64_t flat_read(const struct tdp_walker *w, uint64_t hpa)
{
	uint64_t entry;

	memcpy(&entry, w->pm->base + hpa, sizeof(entry));
	return entry;
}

/* Where one reference landed; what the ladder knows beyond that is in k->at. */
struct place {
	uint64_t hpa;
	uint64_t leaf;
	uint64_t leaf_hpa;
	bool by_ladder;
};

/* One table entry of the second stage; false: not the common case. */
INLINE bool nested_descend(const struct walk *k, const struct geometry *n,
			   unsigned int level, uint64_t gpa, uint64_t *table)
{
	const uint64_t entry = flat_read(k->w, *table +
					 entry_offset(n, gpa, level));

	*table = entry & PTE_ADDR;
	return likely(is_common(&k->common->nested[level], entry));
}

/* The whole walk, if all of it is the common case with a 4 KiB page. */
INLINE bool nested_common(const struct walk *k, const struct geometry *n,
			  enum nested_leaf use, uint64_t gpa,
			  struct place *place)
{
	uint64_t table = k->w->flat_root;

	if (n->width < 52 && unlikely(gpa >> n->width))
		return false;
	if (n->levels > 4 && !nested_descend(k, n, 5, gpa, &table))
		return false;
	if (n->levels > 3 && !nested_descend(k, n, 4, gpa, &table))
		return false;
	if (!nested_descend(k, n, 3, gpa, &table) ||
	    !nested_descend(k, n, 2, gpa, &table))
		return false;
	place->leaf_hpa = table + entry_offset(n, gpa, 1);
	place->leaf = flat_read(k->w, place->leaf_hpa);
	place->hpa = (place->leaf & PTE_ADDR) | (gpa & FRAME_MASK);
	return likely(is_common(&k->common->nested_leaf[use], place->leaf));
}

/* One address through the second stage; false: an exit, which is noted. */
INLINE bool nested_walk(struct walk *k, const struct geometry *n,
			enum nested_leaf use, enum purpose purpose,
			unsigned int target, uint64_t gpa, struct place *place)
{
	if (!n->levels) {
		place->hpa = gpa;
		place->leaf = place->leaf_hpa = 0;
		place->by_ladder = false;
		return true;
	}
	place->by_ladder = !nested_common(k, n, use, gpa, place);
	if (likely(!place->by_ladder)) {
		count_stop(&k->nested_stops, 1);
		return true;
	}
	if (!nested_walk_slow(k, gpa, purpose, target, &k->at))
		return false;
	place->hpa = k->at.hpa;
	place->leaf = k->at.leaf;
	return true;
}

/* What the ladder would have noted about a common place. */
static void place_to_nested(struct walk *k, const struct place *place)
{
	k->at = (struct nested){
		.hpa = place->hpa,
		.leaf = place->leaf,
		.leaf_hpa = place->leaf_hpa,
		.level = k->w->nested_mode ? 1 : 0,
		.rights = k->w->cpu.stage2 == TDP_STAGE2_EPT ?
			  EPT_ALL_RIGHTS : NPT_ALL_RIGHTS,
		.upper = k->w->cpu.stage2 == TDP_STAGE2_EPT ?
			 EPT_ALL_RIGHTS : NPT_ALL_RIGHTS,
	};
}

/* Out of line, so that the engine's common path keeps its registers. */
NOINLINE enum step guest_uncommon(struct walk *k, unsigned int level,
				  uint64_t gpa, const struct place *place,
				  uint64_t *entry)
{
	if (!place->by_ladder)
		place_to_nested(k, place);
	return guest_step(k, level, gpa, entry);
}

INLINE uint64_t read_guest_entry(const struct walk *k,
				 const struct geometry *g, uint64_t hpa)
{
	return g->entry_bytes == 8 ? physmem_read64(k->w->pm, hpa) :
				     physmem_read32(k->w->pm, hpa);
}

/* One entry of the guest. */
INLINE enum step guest_descend(struct walk *k, const struct geometry *g,
			       const struct geometry *n, unsigned int level,
			       uint64_t la, uint64_t *table)
{
	const struct common *common = level == 1 ?
		&k->common->guest_leaf[is_write(k->kind)] :
		&k->common->guest[level];
	const uint64_t gpa = *table + entry_offset(g, la, level);
	enum step step = level == 1 ? STEP_LEAF : STEP_TABLE;
	struct place place;
	uint64_t entry;

	if (!nested_walk(k, n, LEAF_TABLE, FOR_TABLE, level, gpa, &place)) {
		if (level < g->levels)
			count_stop(&k->guest_stops, level + 1);
		return STEP_FAULT;
	}
	entry = read_guest_entry(k, g, place.hpa);
	if (unlikely(!is_common(common, entry)))
		step = guest_uncommon(k, level, gpa, &place, &entry);
	if (step == STEP_LEAF) {
		k->leaf = entry;
		k->leaf_level = level;
		count_stop(&k->guest_stops, level);
	}
	*table = entry & PTE_ADDR;
	return step;
}

INLINE enum step guest_levels(struct walk *k, const struct geometry *g,
			      const struct geometry *n, uint64_t la)
{
	uint64_t table = k->w->root;
	enum step step = STEP_TABLE;

	if (k->w->mode == MODE_PAE_REGISTERS &&
	    !guest_pdpte_register(k, la, &table))
		return STEP_FAULT;
	if (g->levels > 4)
		step = guest_descend(k, g, n, 5, la, &table);
	if (g->levels > 3 && step == STEP_TABLE)
		step = guest_descend(k, g, n, 4, la, &table);
	if (g->levels > 2 && step == STEP_TABLE)
		step = guest_descend(k, g, n, 3, la, &table);
	if (step == STEP_TABLE)
		step = guest_descend(k, g, n, 2, la, &table);
	if (step == STEP_TABLE)
		step = guest_descend(k, g, n, 1, la, &table);
	return step;
}

/* Rights on a page that the common case gives: user, writable, executable. */
INLINE bool is_commonly_allowed(const struct walk *k)
{
	return !k->uncommon &&
	       (k->w->common_allowed[k->privilege] >> k->kind & 1);
}

/* The guest's own walk, down to the guest-physical address. */
INLINE bool guest_walk(struct walk *k, const struct geometry *g,
		       const struct geometry *n, uint64_t la, uint64_t *gpa)
{
	if (unlikely(guest_levels(k, g, n, la) == STEP_FAULT))
		return false;
	if (unlikely(!is_commonly_allowed(k)) && !rights_check(k))
		return false;
	if (unlikely(k->update) && !k->w->cpu.choices.ad_after_final &&
	    !guest_update(k))
		return false;
	*gpa = likely(g->entry_bytes == 8 && k->leaf_level == 1) ?
	       (k->leaf & PTE_ADDR) | (la & FRAME_MASK) :
	       guest_address(k, la);
	return true;
}

static void note_nested_page(struct walk *k, const struct place *place)
{
	struct tdp_walk_result *r = k->r;

	if (likely(!place->by_ladder)) {
		r->nested_shift = k->w->nested_mode ? 12 : 0;
		r->nested_rights = 15;
		final_type(k, place->leaf, 1);
		return;
	}
	r->nested_shift = (uint8_t)level_shift(&geometries[k->w->nested_mode],
					       k->at.level);
	r->nested_rights = nested_rights(k->w->cpu.stage2, &k->at);
	final_type(k, place->leaf, k->at.level);
}

static uint8_t smaller_page(uint8_t guest, uint8_t nested)
{
	if (!guest || !nested)
		return guest | nested ? guest | nested : 12;
	return guest < nested ? guest : nested;
}

static void note_success(struct walk *k, uint64_t gpa,
			 const struct place *place)
{
	struct tdp_walk_result *r = k->r;

	r->gpa = TDP_GPA(gpa);
	r->hpa = TDP_HPA(place->hpa);
	r->guest_shift = (uint8_t)guest_leaf_shift(k);
	note_nested_page(k, place);
	r->page_shift = smaller_page(r->guest_shift, r->nested_shift);
}

/* The final address through the second stage, after @gpa is known. */
INLINE void final_walk(struct walk *k, const struct geometry *n, uint64_t gpa)
{
	const enum nested_leaf use = is_write(k->kind) ? LEAF_WRITE :
							 LEAF_READ;
	struct place place;

	if (!nested_walk(k, n, use, FOR_FINAL, 0, gpa, &place))
		return;
	if (unlikely(k->update) && k->w->cpu.choices.ad_after_final &&
	    !guest_update(k))
		return;
	note_success(k, gpa, &place);
}

INLINE void two_stages(struct walk *k, const struct geometry *g,
		       const struct geometry *n, uint64_t la)
{
	uint64_t gpa = la;

	if (g->levels && !guest_walk(k, g, n, la, &gpa))
		return;
	final_walk(k, n, gpa);
}

/* The engine for one pair of geometries. */
#define ENGINE(name, guest, nested)					\
static void name(struct walk *k, uint64_t la)				\
{									\
	static const struct geometry g = guest, n = nested;		\
									\
	two_stages(k, &g, &n, la);					\
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
	static const walk_engine engines[NR_MODES][3] = {
		[MODE_NONE] = { walk_none_none, walk_none_4, walk_none_5 },
		[MODE_32BIT] = { walk_32_none, walk_32_4, walk_32_5 },
		[MODE_PAE] = { walk_pae_none, walk_pae_4, walk_pae_5 },
		[MODE_PAE_REGISTERS] = { walk_paereg_none, walk_paereg_4,
					 walk_paereg_5 },
		[MODE_4LEVEL] = { walk_4_none, walk_4_4, walk_4_5 },
		[MODE_5LEVEL] = { walk_5_none, walk_5_4, walk_5_5 },
	};

	if (nested == MODE_NONE)
		return engines[guest][0];
	return engines[guest][nested == MODE_5LEVEL ? 2 : 1];
}
