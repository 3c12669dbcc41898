/* SPDX-License-Identifier: MIT */
/* The TDP MMU: roots that vCPUs share by role, and the tables below them. */
#ifndef TDPSIM_KVM_TDP_MMU_H
#define TDPSIM_KVM_TDP_MMU_H

#include "kvm/fault.h"
#include "kvm/page.h"

/*
 * A reference to the valid root of @role, which is made if there is none:
 * KVM 6.12 kvm_tdp_mmu_alloc_root().  NULL: page-table memory is used up.
 */
struct mmu_page *tdp_root_get(const struct tdp_vcpu *vcpu,
			      const struct tdp_role *role, bool *created);

/* Drop a reference; what happens to the last one is behaviour root.life. */
void tdp_root_put(struct tdp_vm *vm, struct mmu_page *root);

/*
 * Fast zap: no root that exists now is found again, and what they map is
 * gone.  KVM 6.12: kvm_tdp_mmu_invalidate_all_roots() and
 * kvm_tdp_mmu_zap_invalidated_roots().
 */
void tdp_invalidate_roots(struct tdp_vm *vm);
void tdp_zap_invalidated(struct tdp_vm *vm);

/* Zap everything below all valid roots, and keep the roots (5.10 to 5.12). */
void tdp_empty_roots(struct tdp_vm *vm);

/*
 * Zap the leaves that map [@start, @end) in the roots of one address space,
 * or of all if @as_id is negative.  KVM 6.12: kvm_tdp_mmu_zap_leafs().
 * Return: was anything zapped?
 */
bool tdp_zap_leaves(struct tdp_vm *vm, int as_id, uint64_t start, uint64_t end);

/*
 * Take the right to write @gfn from all valid roots of an address space,
 * until a fault gives it back: KVM 6.12 kvm_tdp_mmu_write_protect_gfn().
 * Return: did any entry change?
 */
bool tdp_write_protect(struct tdp_vm *vm, unsigned int as_id, uint64_t gfn);

/*
 * Change the entry at @hpa, in @page and for @gfn.  A table that it leads to
 * no longer goes, with all that is below; @shared: while others may walk it.
 */
void tdp_set_spte(struct tdp_vm *vm, const struct mmu_page *page, uint64_t hpa,
		  uint64_t gfn, uint64_t new, bool shared);

/*
 * Make an entry non-present while others may walk it, and flush: KVM 6.12
 * tdp_mmu_zap_spte_atomic().
 */
void tdp_zap_atomic(struct tdp_vm *vm, const struct mmu_page *page,
		    uint64_t hpa, uint64_t gfn);

/* Make the entry that leads to @table, no root, non-present. */
void tdp_zap_table(struct tdp_vm *vm, struct mmu_page *table, bool shared);

/*
 * A table for the entry at @hpa, in @parent and for @gfn, and to let the entry
 * lead to it.  NULL: page-table memory is used up.
 */
struct mmu_page *tdp_table_alloc(struct tdp_vm *vm, struct mmu_page *parent,
				 uint64_t hpa, uint64_t gfn);
void tdp_link_table(struct tdp_vm *vm, const struct mmu_page *parent,
		    const struct mmu_page *table, uint64_t hpa, uint64_t gfn);

/* Install what @f resolved to: KVM 6.12 kvm_tdp_mmu_map(). */
enum ret_pf tdp_map(struct fault *f);

/*
 * A pre-fault just installed a 4K leaf: install up to @max more behind it, as
 * long as tdp_map() would do the same for each.  @f ends up describing the
 * last one.  Return: how many.
 */
uint64_t tdp_map_run(struct fault *f, uint64_t max);

/* Free all tables and the root, whoever still refers to them (destruction). */
void tdp_free_root(struct tdp_vm *vm, struct mmu_page *root);

#endif
