/* SPDX-License-Identifier: MIT */
/*
 * Reverse maps of the shadow MMU: which leaf SPTEs map a guest frame, by
 * address space and level.  Pages of the TDP MMU have none.
 *
 * KVM 6.12: gfn_to_rmap(), struct kvm_rmap_head.  KVM has an array a memslot;
 * here a frame that nothing maps costs nothing.
 */
#ifndef TDPSIM_KVM_RMAP_H
#define TDPSIM_KVM_RMAP_H

#include "kvm/pte_list.h"

struct rmap_head {
	uint64_t key; /* RMAP_FREE: an unused slot */
	uint32_t list;
	uint32_t nr;
};

struct rmap {
	struct pte_pool pool;    /* parent lists of pages are in it, too */
	struct rmap_head *heads; /* open addressing */
	size_t nr, capacity;     /* capacity: 0 or a power of two */
};

#define RMAP_FREE UINT64_MAX

/* Make sure that @n additions, to lists of any kind, succeed. */
bool rmap_reserve(struct rmap *rmap, uint32_t n);
void rmap_finish(struct rmap *rmap);

/* Return: how many SPTEs map the frame now. */
uint32_t rmap_add(struct rmap *rmap, unsigned int as_id, unsigned int level,
		  uint64_t gfn, uint64_t spte_hpa);
/* False if the frame's list does not have it. */
bool rmap_remove(struct rmap *rmap, unsigned int as_id, unsigned int level,
		 uint64_t gfn, uint64_t spte_hpa);

/* NULL if nothing maps the frame.  Valid until the next add or remove. */
struct rmap_head *rmap_find(const struct rmap *rmap, unsigned int as_id,
			    unsigned int level, uint64_t gfn);

/* Parts of a head's key; the frame is in units of the level's pages. */
unsigned int rmap_key_as_id(uint64_t key);
unsigned int rmap_key_level(uint64_t key);
uint64_t rmap_key_index(uint64_t key);

#endif
