/* SPDX-License-Identifier: MIT */
/* Installing leaves in shadow pages, for direct and for indirect faults. */
#ifndef TDPSIM_KVM_SHADOW_MAP_H
#define TDPSIM_KVM_SHADOW_MAP_H

#include "kvm/shadow_page.h"

/*
 * A walk down the shadow tables: struct kvm_shadow_walk_iterator.  @level is
 * 0 once there is no further table.
 */
struct shadow_iter {
	const struct tdp_vm *vm;
	uint64_t addr;
	uint64_t table;
	uint64_t sptep;
	unsigned int level;
};

void shadow_iter_start(struct shadow_iter *it, const struct tdp_vcpu *vcpu,
		       uint64_t root_hpa, uint64_t addr);
void shadow_iter_next(struct shadow_iter *it);

static inline struct mmu_page *shadow_iter_page(const struct shadow_iter *it)
{
	return page_at(it->vm, it->table);
}

/* What an entry is to map; KVM 6.12: the arguments of mmu_set_spte(). */
struct shadow_leaf {
	uint64_t sptep;
	uint64_t gfn; /* first frame of the page */
	uint64_t pfn;
	unsigned int access;
	bool prefetch;
	bool write;
	bool host_writable;
	bool host_mmio;
	bool no_slot;
};

/* RET_PF_FIXED, _SPURIOUS, _WRITE_PROTECTED or _EMULATE; *@spte may be NULL. */
enum ret_pf shadow_set_spte(struct tdp_vcpu *vcpu,
			    const struct shadow_leaf *leaf, uint64_t *spte);

/* The leaf that @f resolved to, at the entry @sptep. */
enum ret_pf shadow_install(struct fault *f, uint64_t sptep,
			   unsigned int access);

/* The table that the entry leads to or is made to lead to. */
struct shadow_child {
	uint64_t gfn;
	bool direct;
	unsigned int access;
};

/*
 * NULL in *@page: there is one already.  Return: TDP_OK, or what
 * shadow_get_page() fails with.  KVM 6.12: kvm_mmu_get_child_sp().
 */
int shadow_get_child(struct tdp_vcpu *vcpu, uint64_t sptep,
		     const struct shadow_child *want, struct mmu_page **page);

/*
 * Does the host have a page there that it may write without a fault?  KVM:
 * get_user_pages_fast_only(FOLL_WRITE), gfn_to_pfn_memslot_atomic().
 */
bool shadow_atomic_pfn(const struct tdp_vcpu *vcpu, uint64_t gfn,
		       uint64_t *pfn);

/*
 * The host page for prefetching: it must be there and writable for the host,
 * whatever the access, and nothing may sleep.  KVM 6.12:
 * gfn_to_memslot_dirty_bitmap(), kvm_prefetch_pages().
 */
bool shadow_prefetch_pfn(const struct tdp_vcpu *vcpu, uint64_t gfn,
			 unsigned int access, uint64_t *pfn);

/* Map the neighbours of @sptep in a direct page: direct_pte_prefetch(). */
void shadow_prefetch_direct(struct tdp_vcpu *vcpu, uint64_t sptep);

/* The same for whatever page; KVM 6.12: __direct_pte_prefetch(). */
void shadow_prefetch_window(struct tdp_vcpu *vcpu, uint64_t sptep);

/*
 * From where @it is down to the goal: tables that mirror no guest table, then
 * the leaf, which is at it->sptep afterwards.
 */
enum ret_pf shadow_map_below(struct fault *f, struct shadow_iter *it,
			     unsigned int access);

/* RET_PF_CONTINUE if the root is not stale and the quota not exhausted. */
enum ret_pf shadow_ready(struct fault *f);

void shadow_trace_request(const struct fault *f);

/* A failed shadow_get_page() ends the fault. */
enum ret_pf shadow_stop(struct fault *f, int status);

/* SPTEs that one fault adds at most: 1 + levels + prefetch window. */
#define SPTES_PER_FAULT (1 + 5 + 8)

#endif
