/* SPDX-License-Identifier: MIT */
/*
 * Memslots: which guest frames are backed by which userspace addresses, one
 * set for each address space (0: ordinary, 1: SMM).
 */
#ifndef TDPSIM_MEM_MEMSLOT_H
#define TDPSIM_MEM_MEMSLOT_H

#include "base/bits.h"
#include "tdpsim/error.h"
#include "tdpsim/types.h"

#define NR_ADDRESS_SPACES 2u
/* KVM_USER_MEM_SLOTS and KVM_MEM_MAX_NR_PAGES of Linux 6.12 */
#define MAX_USER_SLOT 32764u
/* KVM's own, which userspace can't name: APIC_ACCESS_PAGE_PRIVATE_MEMSLOT */
#define APIC_ACCESS_SLOT (MAX_USER_SLOT + 0)
#define MAX_SLOT_PAGES   ((UINT64_C(1) << 31) - 1)

struct dirty_log; /* kvm/dirty_log.h */

struct memslot {
	unsigned int id;
	unsigned int as_id;
	uint64_t base_gfn;
	uint64_t npages;
	uint64_t hva;
	bool readonly;      /* KVM_MEM_READONLY */
	bool dirty_log;     /* KVM_MEM_LOG_DIRTY_PAGES */
	bool invalid;       /* being deleted or moved */
	bool unflushed;     /* invalid, but what it mapped is still there */
	bool gmem_only;     /* the guest never sees the memory at hva */
	unsigned int gmem;  /* number of its guest_memfd; 0: none */
	uint64_t gmem_page; /* of the file, behind base_gfn */
	struct dirty_log *dirty; /* the VM's, while dirty_log is set */
};

struct memslots {
	struct memslot *slots; /* sorted by base_gfn, disjoint */
	size_t nr, capacity;
	uint64_t generation;
};

void memslots_init(struct memslots *slots, unsigned int as_id);
void memslots_finish(struct memslots *slots);

/* NULL if no slot covers @gfn. */
const struct memslot *memslots_find(const struct memslots *slots, uint64_t gfn);
const struct memslot *memslots_by_id(const struct memslots *slots,
				     unsigned int id);
/* A slot other than @id that overlaps [@base_gfn, @base_gfn + @npages), or NULL. */
const struct memslot *memslots_overlap(const struct memslots *slots,
				       unsigned int id, uint64_t base_gfn,
				       uint64_t npages);

/* Add @slot, or replace the one with its id.  TDP_ENOMEM: nothing changed. */
int memslots_set(struct memslots *slots, const struct memslot *slot,
		 struct tdp_error *err);
void memslots_delete(struct memslots *slots, unsigned int id);
/* Set or clear KVM_MEMSLOT_INVALID while a slot is on its way out. */
void memslots_set_invalid(struct memslots *slots, unsigned int id,
			  bool invalid);
void memslots_set_unflushed(struct memslots *slots, unsigned int id,
			    bool unflushed);

/*
 * A generation is over: KVM 6.12 kvm_swap_active_memslots().  It starts at
 * the address space's number and grows by the number of address spaces.
 */
void memslots_advance(struct memslots *slots, unsigned int nr_spaces);

/* KVM 6.12: kvm_is_visible_memslot(), of a slot that is not being deleted */
static inline bool memslot_is_private(const struct memslot *slot)
{
	return slot->id >= MAX_USER_SLOT;
}

static inline uint64_t memslot_hva(const struct memslot *slot, uint64_t gfn)
{
	return slot->hva + ((gfn - slot->base_gfn) << 12);
}

static inline bool memslot_covers(const struct memslot *slot, uint64_t gfn)
{
	return gfn >= slot->base_gfn && gfn - slot->base_gfn < slot->npages;
}

/*
 * May no page of @level map @gfn, because of where the slot begins and ends,
 * or because guest and userspace addresses are not congruent?  The initial
 * disallow_lpage of KVM 6.12 kvm_alloc_memslot_metadata().
 */
bool memslot_disallows_level(const struct memslot *slot, uint64_t gfn,
			     unsigned int level);

#endif
