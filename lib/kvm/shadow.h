/* SPDX-License-Identifier: MIT */
/*
 * The shadow MMU: page tables that mirror a guest's own, or that map a
 * guest-physical space directly while the TDP MMU is off.
 */
#ifndef TDPSIM_KVM_SHADOW_H
#define TDPSIM_KVM_SHADOW_H

#include "kvm/fault.h"
#include "kvm/page.h"

/*
 * Load roots for the current MMU when it is not the TDP MMU's: KVM 6.12
 * mmu_alloc_shadow_roots(), mmu_alloc_direct_roots(), mmu_alloc_special_roots().
 * *@err and *@why as for root_reload(); *@err is 1 for a triple fault.
 */
int shadow_load_roots(struct tdp_vcpu *vcpu, int *err, enum tdp_reason *why,
		      struct tdp_error *error);

/* Drop a reference to a root page of the shadow MMU. */
void shadow_root_put(struct tdp_vm *vm, struct mmu_page *page);

/* Let go of a root without a page: pae_root, pml4_root, dummy root. */
void shadow_free_special(struct tdp_vcpu *vcpu, struct mmu *mmu, uint64_t hpa);

/* Map what a direct fault resolved to: KVM 6.12 direct_map(). */
enum ret_pf shadow_map_direct(struct fault *f);

/* KVM 6.12: FNAME(page_fault) for the loaded MMU's format */
enum ret_pf shadow_page_fault(struct fault *f);

/* Zap the leaves that map [@start, @end) of an address space (rmaps). */
bool shadow_zap_gfns(struct tdp_vm *vm, unsigned int as_id, uint64_t start,
		     uint64_t end);

/* Zap pages that mirror guest tables in [@start, @end): slot deletion. */
void shadow_zap_tables(struct tdp_vm *vm, uint64_t start, uint64_t end);

/* Zap pages of an older mmu_valid_gen: kvm_zap_obsolete_pages(). */
void shadow_zap_obsolete(struct tdp_vm *vm);

/*
 * The emulator wrote @size bytes at @gpa: KVM 6.12 kvm_mmu_track_write().
 * Writes through userspace's own mapping are not noticed, as in KVM.
 */
void shadow_track_write(struct tdp_vcpu *vcpu, uint64_t gpa, unsigned int size);

/*
 * Zap all pages that mirror a table in @gfn, so that the guest can write it.
 * KVM 6.12: kvm_mmu_unprotect_gfn_and_retry().  Return: was there any?
 */
bool shadow_unprotect_gfn(struct tdp_vm *vm, uint64_t gfn);

/* Slots came or went: the default quota of pages follows their size. */
void shadow_memslots_changed(struct tdp_vm *vm);

/*
 * Another quota: what is over it is zapped, oldest first, and if more went than
 * had to, the quota shrinks with it.  KVM 6.12: kvm_mmu_change_mmu_pages()
 */
void shadow_change_quota(struct tdp_vm *vm, uint64_t pages);

/*
 * Zap the @nr oldest pages that are no roots, and what hangs off them.  Return:
 * how many went.  KVM 6.12: kvm_mmu_zap_oldest_mmu_pages()
 */
uint64_t shadow_zap_oldest(struct tdp_vm *vm, uint64_t nr);

/* Pages that the shadow MMU holds: kvm->arch.n_used_mmu_pages. */
uint64_t shadow_used_pages(const struct tdp_vm *vm);

/* Bring unsync pages of the current root up to date: kvm_mmu_sync_roots(). */
void shadow_sync_roots(struct tdp_vcpu *vcpu);

/*
 * The guest flushed its TLB, or KVM did for it: all that is unsync counts from
 * now on.  KVM 6.12: kvm_vcpu_flush_tlb_guest(), with TDP off.
 */
void shadow_flush_guest(struct tdp_vcpu *vcpu);

/* INVLPG, or a #PF for the address: __kvm_mmu_invalidate_addr(). */
void shadow_invalidate_addr(struct tdp_vcpu *vcpu, struct mmu *mmu,
			    uint64_t addr);

/* The same in one of @mmu's previous roots. */
void shadow_invalidate_prev(struct tdp_vcpu *vcpu, struct mmu *mmu,
			    unsigned int index, uint64_t addr);

/* Free what hangs off vm->shadow. */
void shadow_finish(struct tdp_vm *vm);

/*
 * Frames [@first, @last) of an address space have changed by a way that KVM
 * does not see; bytes [@from, @to) in each.  Only the invariants want to know.
 */
void shadow_changed_behind(struct tdp_vm *vm, unsigned int as_id,
			   uint64_t first, uint64_t last, unsigned int from,
			   unsigned int to);

/* What an entry permits against the guest's own; NULL or the broken rule. */
const char *shadow_check_guest(const struct tdp_vm *vm,
			       const struct mmu_page *page, unsigned int index,
			       uint64_t spte);

/* The invariants of the shadow MMU, for tdp_vm_check(). */
int shadow_check(const struct tdp_vm *vm, struct tdp_error *err);

/* Roots that MMUs hold, of any kind: roles, special roots and their links. */
int shadow_check_roots(const struct tdp_vm *vm, struct tdp_error *err);

/* guest_mmu of one vCPU: its roots against EPTP12 or nCR3 (shadow_check_nested.c) */
int shadow_check_nested(const struct tdp_vcpu *vcpu, struct tdp_error *err);

/* Roots for tdp_vm_root_next(): frames in use as roots, by root_id. */
struct mmu_page *shadow_root_after(const struct tdp_vm *vm,
				   unsigned int root_id);

#endif
