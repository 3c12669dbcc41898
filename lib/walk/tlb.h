/* SPDX-License-Identifier: MIT */
/* How walks use what is remembered; none of it without a TLB attached. */
#ifndef TDPSIM_WALK_TLB_H
#define TDPSIM_WALK_TLB_H

#include "walk/cache.h"

struct tdp_tlb {
	struct cache part[TDP_NR_TLB_PARTS];
};

/* One access with everything that is remembered; notes how it ends. */
void tlb_walk(struct walk *k, uint64_t la);

/* One address through the second stage. */
bool tlb_nested_walk(struct walk *k, uint64_t gpa, enum purpose purpose,
		     unsigned int target, struct nested *at);

/*
 * The level whose table a second-stage walk has to read first, with the
 * table's address and the rights above it.
 */
unsigned int tlb_nested_start(struct walk *k, uint64_t gpa, uint64_t *table,
			      struct nested *at);
/* The entry at @level led to @table, with the rights in @at. */
void tlb_nested_step(struct walk *k, uint64_t gpa, unsigned int level,
		     uint64_t table, const struct nested *at);

/* The value that the page-walk cache has for @hpa. */
bool tlb_read_entry(const struct walk *k, uint64_t hpa, uint64_t *value);
void tlb_note_entry(const struct walk *k, uint64_t hpa, uint64_t value);

/* flush.c: what a fault forgets. */
void tlb_forget_linear(struct walk *k, uint64_t la);
void tlb_forget_gpa(struct walk *k, uint64_t gpa);

/* The part that holds references to tables from entries at @level. */
static inline enum tdp_tlb_part table_part(unsigned int level, bool nested)
{
	return (enum tdp_tlb_part)(
		(nested ? TDP_TLB_PART_NESTED_PDE : TDP_TLB_PART_PDE) + level -
		2);
}

/* Tags of linear and combined mappings: VPID or ASID, PCID, EPT root. */
struct cache_key linear_key(const struct tdp_walker *w, uint64_t la,
			    unsigned int shift);
/* Tags of guest-physical mappings: EPT root, or ASID. */
struct cache_key nested_key(const struct tdp_walker *w, uint64_t gpa,
			    unsigned int shift);

#endif
