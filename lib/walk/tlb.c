/* SPDX-License-Identifier: MIT */
/*
 * Walks that remember.
 *
 * SDM: "Caching Translation Information" (3A and 3C); APM 2: "Nested Paging
 * and the TLB".  A translation is cached with the rights of all levels, and
 * used if it allows the access; if it does not, the walk is made anew, so
 * that a fault always rests on what the tables say now.
 */
#include "walk/tlb.h"

#include "arch/regs.h"

/* Page sizes that exist: 4K, 2M, 4M, 1G. */
static const unsigned int page_shifts[] = { 12, 21, 22, 30 };

struct cache_key linear_key(const struct tdp_walker *w, uint64_t la,
			    unsigned int shift)
{
	const struct tdp_walk_cpu *cpu = &w->cpu;

	return (struct cache_key){
		.tag = la >> shift,
		.shift = (uint8_t)shift,
		.vpid = w->vpid,
		.pcid = cpu->cr4 & CR4_PCIDE ? cpu->cr3 & CR3_PCID : 0,
		.root = cpu->stage2 == TDP_STAGE2_EPT ?
				cpu->ept.eptp & EPTP_ADDR :
				0,
	};
}

/* AMD tags nested mappings by ASID, Intel by the EPT root alone. */
struct cache_key nested_key(const struct tdp_walker *w, uint64_t gpa,
			    unsigned int shift)
{
	struct cache_key key = linear_key(w, gpa, shift);

	key.pcid = 0;
	if (w->cpu.stage2 == TDP_STAGE2_EPT)
		key.vpid = 0;
	return key;
}

/* A dry walk looks without being seen. */
static struct translation *look(const struct walk *k, enum tdp_tlb_part part,
				const struct cache_key *key)
{
	struct cache *c = &k->tlb->part[part];
	struct cache_line *line;

	if (!k->dry)
		return cache_lookup(c, key);
	line = cache_find(c, key);
	return line ? &line->what : NULL;
}

static void fill(const struct walk *k, enum tdp_tlb_part part,
		 const struct cache_key *key, const struct translation *what)
{
	if (!k->dry)
		cache_fill(&k->tlb->part[part], key, what);
}

/* A page of any size; one lookup as far as counts go. */
static struct translation *look_page(const struct walk *k,
				     enum tdp_tlb_part part,
				     struct cache_key key, uint64_t address)
{
	struct cache *c = &k->tlb->part[part];

	for (size_t i = 0; i < ARRAY_SIZE(page_shifts); i++) {
		key.shift = (uint8_t)page_shifts[i];
		key.tag = address >> key.shift;
		if (cache_find(c, &key))
			return look(k, part, &key);
	}
	if (!k->dry)
		c->stats.misses += c->lines != NULL;
	return NULL;
}

bool tlb_read_entry(const struct walk *k, uint64_t hpa, uint64_t *value)
{
	const struct cache_key key = { .tag = hpa / 4 };
	const struct translation *t = look(k, TDP_TLB_PART_PAGE_WALK, &key);

	if (!t)
		return false;
	*value = t->leaf;
	k->r->cached.entries++;
	return true;
}

void tlb_note_entry(const struct walk *k, uint64_t hpa, uint64_t value)
{
	const struct cache_key key = { .tag = hpa / 4 };
	const struct translation what = { .leaf = value };

	fill(k, TDP_TLB_PART_PAGE_WALK, &key, &what);
}

/* The second stage ----------------------------------------------------- */

static bool stage2_passes(struct walk *k, uint64_t gpa, enum purpose purpose,
			  const struct nested *at)
{
	return k->w->cpu.stage2 == TDP_STAGE2_EPT ?
		       ept_passes(k, gpa, purpose, at) :
		       npt_passes(k, purpose, at);
}

static bool stage2_walk(struct walk *k, uint64_t gpa, enum purpose purpose,
			unsigned int target, struct nested *at)
{
	return k->w->cpu.stage2 == TDP_STAGE2_EPT ?
		       ept_walk(k, gpa, purpose, target, at) :
		       npt_walk(k, gpa, purpose, target, at);
}

static bool nested_hit(struct walk *k, uint64_t gpa, enum purpose purpose,
		       struct nested *at)
{
	const struct geometry *g = &geometries[k->w->nested_mode];
	const struct translation *t = look_page(k, TDP_TLB_PART_NESTED_TLB,
						nested_key(k->w, gpa, 12), gpa);
	uint64_t offset;

	if (!t || !stage2_passes(k, gpa, purpose, &t->at))
		return false;
	*at = t->at;
	offset = BIT(level_shift(g, at->level)) - 1;
	at->hpa = (at->hpa & ~offset) | (gpa & offset);
	if (purpose == FOR_TABLE)
		k->all_paging_write &= (at->leaf & EPT_PWA) != 0;
	k->r->cached.nested_walks++;
	return true;
}

bool tlb_nested_walk(struct walk *k, uint64_t gpa, enum purpose purpose,
		     unsigned int target, struct nested *at)
{
	const struct geometry *g = &geometries[k->w->nested_mode];
	struct translation what = { 0 };
	struct cache_key key;

	if (purpose != FOR_PDPTES && nested_hit(k, gpa, purpose, at))
		return true;
	if (!stage2_walk(k, gpa, purpose, target, at))
		return false;
	what.at = *at;
	key = nested_key(k->w, gpa, level_shift(g, at->level));
	fill(k, TDP_TLB_PART_NESTED_TLB, &key, &what);
	return true;
}

unsigned int tlb_nested_start(struct walk *k, uint64_t gpa, uint64_t *table,
			      struct nested *at)
{
	const struct geometry *g = &geometries[k->w->nested_mode];

	for (unsigned int level = 2; level <= g->levels; level++) {
		const struct cache_key key = nested_key(k->w, gpa,
							level_shift(g, level));
		const struct translation *t = look(k, table_part(level, true),
						   &key);

		if (!t)
			continue;
		*table = t->table;
		*at = t->at;
		k->nested_stops -= BIT(8 * level);
		k->r->cached.nested_steps++;
		return level - 1;
	}
	return g->levels;
}

void tlb_nested_step(struct walk *k, uint64_t gpa, unsigned int level,
		     uint64_t table, const struct nested *at)
{
	const struct geometry *g = &geometries[k->w->nested_mode];
	const struct cache_key key = nested_key(k->w, gpa,
						level_shift(g, level));
	const struct translation what = { .table = table, .at = *at };

	fill(k, table_part(level, true), &key, &what);
}

/* The guest ------------------------------------------------------------ */

/*
 * SDM: "Use of the TLBs": a write needs D set in the cached translation, or
 * else the walk that sets it.
 */
static bool is_usable(struct walk *k, uint64_t gpa, const struct translation *t)
{
	const bool needs_dirty = is_write(k->kind) && t->leaf_level;

	if (t->leaf_level &&
	    rights_decide(&k->w->cpu, k->kind, k->privilege, &t->page))
		return false;
	if (needs_dirty && !(t->leaf & PTE_D))
		return false;
	return k->w->cpu.stage2 == TDP_STAGE2_NONE ||
	       stage2_passes(k, gpa, FOR_FINAL, &t->at);
}

/* Fill in what the walk would have found; false: the walk must be made. */
static bool tlb_hit(struct walk *k, uint64_t la)
{
	const struct translation *t = look_page(k, TDP_TLB_PART_TLB,
						linear_key(k->w, la, 12), la);
	uint64_t gpa = la, offset;

	if (!t)
		return false;
	k->page = t->page;
	k->leaf = t->leaf;
	k->leaf_level = t->leaf_level;
	if (t->leaf_level)
		gpa = guest_address(k, la);
	if (!is_usable(k, gpa, t)) {
		k->page = (struct page){ .us = true,
					 .rw = true,
					 .upper_rw = true };
		k->leaf_level = 0;
		return false;
	}
	offset = BIT(t->shift) - 1;
	k->at = t->at;
	k->at.hpa = (t->at.hpa & ~offset) | (la & offset);
	k->r->cached.tlb = true;
	walk_success(k, gpa);
	return true;
}

static unsigned int guest_start(struct walk *k, uint64_t la, uint64_t *table)
{
	const struct geometry *g = &geometries[k->w->mode];

	for (unsigned int level = 2; level <= g->levels; level++) {
		const struct cache_key key = linear_key(k->w, la,
							level_shift(g, level));
		const struct translation *t = look(k, table_part(level, false),
						   &key);

		if (!t)
			continue;
		*table = t->table;
		k->page = t->page;
		k->cache = t->cache;
		k->guest_stops -= BIT(8 * level);
		k->r->cached.level = (uint8_t)level;
		return level - 1;
	}
	return g->levels;
}

/* SDM: "Caches for Paging Structures": never a leaf. */
static void remember_table(struct walk *k, uint64_t la, unsigned int level,
			   uint64_t table)
{
	const struct geometry *g = &geometries[k->w->mode];
	const struct cache_key key = linear_key(k->w, la,
						level_shift(g, level));
	const struct translation what = {
		.table = table,
		.page = k->page,
		.cache = k->cache,
	};

	fill(k, table_part(level, false), &key, &what);
}

/* Has the entry A set, or is it of a kind that has no A? */
static bool is_accessed(const struct walk *k, unsigned int level)
{
	return (k->entry & PTE_A) || (k->w->mode == MODE_PAE && level == 3);
}

/*
 * SDM: "Caches for Paging Structures": an entry is remembered only if it and
 * all entries above it have A set; a walk that starts from it would not come
 * to set theirs.
 */
static bool guest_tables(struct walk *k, uint64_t la)
{
	const struct geometry *g = &geometries[k->w->mode];
	uint64_t table = k->w->root;
	bool accessed = true;

	if (k->w->mode == MODE_PAE_REGISTERS &&
	    !guest_pdpte_register(k, la, &table))
		return false;
	for (unsigned int level = guest_start(k, la, &table);; level--) {
		const uint64_t gpa = table + entry_offset(g, la, level);
		enum step step;

		if (!nested_walk_slow(k, gpa, FOR_TABLE, level, &k->at)) {
			count_stop(&k->guest_stops, level + 1);
			return false;
		}
		step = guest_step(k, level, gpa);
		table = k->entry & PTE_ADDR;
		if (step == STEP_TABLE) {
			accessed &= is_accessed(k, level);
			if (accessed)
				remember_table(k, la, level, table);
			continue;
		}
		k->leaf = k->entry;
		if (step == STEP_LEAF)
			count_stop(&k->guest_stops, level);
		return step == STEP_LEAF;
	}
}

static bool guest_part(struct walk *k, uint64_t la, uint64_t *gpa)
{
	*gpa = la;
	if (!geometries[k->w->mode].levels)
		return true;
	if (!guest_tables(k, la) || !rights_check(k))
		return false;
	if (k->update && !k->w->cpu.choices.ad_after_final && !guest_update(k))
		return false;
	*gpa = guest_address(k, la);
	return true;
}

static bool two_stages(struct walk *k, uint64_t la)
{
	uint64_t gpa;

	if (!guest_part(k, la, &gpa) ||
	    !nested_walk_slow(k, gpa, FOR_FINAL, 0, &k->at))
		return false;
	if (k->update && k->w->cpu.choices.ad_after_final && !guest_update(k))
		return false;
	walk_success(k, gpa);
	return true;
}

/*
 * APM 2: "Page Splintering": the entry is as large as the smaller page.  The
 * guest's leaf has A by now, and D after a write.
 */
static void remember_page(struct walk *k, uint64_t la)
{
	const unsigned int shift = k->r->page_shift;
	const struct cache_key key = linear_key(k->w, la, shift);
	struct translation what = {
		.shift = (uint8_t)shift,
		.page = k->page,
		.leaf = k->leaf,
		.leaf_level = k->leaf_level,
		.global = (k->leaf & PTE_G) && (k->w->cpu.cr4 & CR4_PGE),
		.at = k->at,
	};

	if (k->leaf_level && is_write(k->kind))
		what.leaf |= PTE_D;
	what.page.dirty |= k->leaf_level && is_write(k->kind);
	fill(k, TDP_TLB_PART_TLB, &key, &what);
}

/*
 * SDM: "Operations that Invalidate TLBs and Paging-Structure Caches": a page
 * fault forgets what it rests on, and so does an EPT violation.
 */
static void forget(struct walk *k, uint64_t la)
{
	if (k->dry)
		return;
	switch (k->r->outcome) {
	case TDP_WALK_PF:
		tlb_forget_linear(k, la);
		break;
	case TDP_WALK_EPT_VIOLATION:
	case TDP_WALK_VE:
	case TDP_WALK_NPF:
		tlb_forget_gpa(k, k->r->gpa.addr);
		tlb_forget_linear(k, la);
		break;
	default:
		break;
	}
}

void tlb_walk(struct walk *k, uint64_t la)
{
	if (tlb_hit(k, la))
		return;
	if (two_stages(k, la))
		remember_page(k, la);
	else
		forget(k, la);
}
