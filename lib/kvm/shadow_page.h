/* SPDX-License-Identifier: MIT */
/*
 * Pages of the shadow MMU: found by guest frame and role, linked to the
 * entries that lead to them, zapped when they are old or in the way.
 *
 *   hash[gfn] ──> page ── parents: SPTEs of upper tables
 *                  ├─ entries ──> pages, or guest frames (in rmap)
 *                  └─ shadow_page: what each entry translates, unsync state
 *
 * KVM 6.12: kvm_mmu_get_shadow_page(), __kvm_mmu_prepare_zap_page().
 */
#ifndef TDPSIM_KVM_SHADOW_PAGE_H
#define TDPSIM_KVM_SHADOW_PAGE_H

#include "kvm/fault.h"
#include "kvm/page.h"
#include "kvm/rmap.h"

#define SHADOW_HASH_SIZE 4096u
#define SHADOW_MIN_QUOTA 64u /* KVM 6.12: KVM_MIN_ALLOC_MMU_PAGES */
#define BITMAP_WORDS     (SPTES_PER_PAGE / 64)

/* What a page of the shadow MMU has beside its record and its entries. */
struct shadow_page {
	uint32_t newer, older; /* in the list of active pages */
	uint32_t next_zapped;
	uint32_t write_flooding_count;
	uint16_t unsync_children; /* entries marked in the bitmap */
	bool active;              /* in the list of active pages */
	bool unsync;              /* level 1: the guest may write it */
	bool has_translation;
	/*
	 * Entries whose guest entry was written through userspace's mapping
	 * since KVM read it: nothing is due, KVM can't know.
	 */
	uint64_t behind[BITMAP_WORDS];
	uint64_t unsync_child[BITMAP_WORDS];
	uint64_t translation[SPTES_PER_PAGE]; /* gfn << 12 | access */
};

struct shadow_mmu {
	struct shadow_page *pages;       /* by frame; reserved, not used */
	size_t pages_size;               /* bytes reserved */
	uint32_t hash[SHADOW_HASH_SIZE]; /* first page of a bucket */
	uint32_t newest, oldest;         /* active_mmu_pages */
	uint64_t nr_used;                /* n_used_mmu_pages */
	uint64_t nr_indirect;            /* indirect_shadow_pages */
	uint64_t nr_created;             /* since the VM began */
	unsigned int split_cache;        /* pages for eager splitting at hand */
	uint64_t dummy_root; /* hpa of an empty table; 0: none yet */
	struct rmap rmap;
};

/* Pages that are zapped but not free before the TLBs are flushed. */
struct zap_list {
	uint32_t first, last;
	unsigned int nr;
};

static inline struct shadow_page *shadow_page(const struct tdp_vm *vm,
					      const struct mmu_page *page)
{
	return &vm->shadow->pages[page - vm->pages];
}

/* The table that holds the entry at @sptep, and the entry's place in it. */
static inline struct mmu_page *sptep_page(const struct tdp_vm *vm,
					  uint64_t sptep)
{
	return page_at(vm, sptep);
}

static inline unsigned int sptep_index(uint64_t sptep)
{
	return (unsigned int)(sptep & FRAME_MASK) / 8;
}

static inline uint64_t entry_hpa(const struct tdp_vm *vm,
				 const struct mmu_page *page,
				 unsigned int index)
{
	return page_hpa(vm, page) + 8 * index;
}

/* KVM 6.12: sp_has_gptes() */
static inline bool page_has_gptes(const struct mmu_page *page)
{
	return !page->role.direct && !page->role.passthrough;
}

/* KVM 6.12: is_obsolete_sp() */
static inline bool page_is_obsolete(const struct tdp_vm *vm,
				    const struct mmu_page *page)
{
	return page->role.invalid || page->valid_gen != vm->valid_gen;
}

/* The frame and the rights of an entry: kvm_mmu_page_get_gfn(), _access(). */
uint64_t page_entry_gfn(const struct tdp_vm *vm, const struct mmu_page *page,
			unsigned int index);
unsigned int page_entry_access(const struct tdp_vm *vm,
			       const struct mmu_page *page, unsigned int index);
void page_set_translation(struct tdp_vm *vm, const struct mmu_page *page,
			  unsigned int index, uint64_t gfn,
			  unsigned int access);

/* Pages on @gfn that are valid and mirror a guest table, newest first. */
struct mmu_page *shadow_first_on(const struct tdp_vm *vm, uint64_t gfn);
struct mmu_page *shadow_next_on(const struct tdp_vm *vm,
				const struct mmu_page *page);

/* KVM reads the guest's entry anew: what it makes of it now has to agree. */
static inline void page_entry_read(const struct tdp_vm *vm,
				   const struct mmu_page *page,
				   unsigned int index)
{
	shadow_page(vm, page)->behind[index / 64] &= ~BIT(index % 64);
}

/*
 * Make vm->shadow, at the first shadow root, and provide for @sptes additions
 * to reverse maps and parent lists.  TDP_OK or TDP_ENOMEM.
 */
int shadow_provide(struct tdp_vm *vm, uint32_t sptes);

/*
 * The page of @gfn and @role, which is made if there is none.  TDP_OK;
 * TDP_ELIMIT when page-table memory is used up; TDP_ENOMEM.
 */
int shadow_get_page(struct tdp_vcpu *vcpu, uint64_t gfn,
		    const struct tdp_role *role, struct mmu_page **page);

/*
 * Take a page out of use; it is free after zap_commit(), or when it is no
 * root any more.  True: other pages were zapped, too.
 */
bool zap_prepare(struct tdp_vm *vm, struct mmu_page *page,
		 struct zap_list *zapped);
void zap_commit(struct tdp_vm *vm, struct zap_list *zapped);

/* Commit and flush, or only flush: kvm_mmu_remote_flush_or_zap(). */
void zap_commit_or_flush(struct tdp_vm *vm, struct zap_list *zapped,
			 bool flush);

/* Pages that the quota still allows: kvm_mmu_available_pages(). */
uint64_t shadow_available_pages(const struct tdp_vm *vm);

/* False: the quota is exhausted, -ENOSPC.  KVM: make_mmu_pages_available(). */
bool shadow_make_available(struct tdp_vm *vm);

#endif
