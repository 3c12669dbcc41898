/* SPDX-License-Identifier: MIT */
/*
 * Private memory: which frames are private, and the pages of guest_memfd that
 * they, and slots that know no other memory, are mapped from.
 */
#ifndef TDPSIM_KVM_PRIVATE_H
#define TDPSIM_KVM_PRIVATE_H

#include "kvm/fault.h"
#include "tdpsim/gmem.h"

/* KVM 6.12: kvm_arch_has_private_mem() */
static inline bool vm_has_private_mem(const struct tdp_vm *vm)
{
	return vm->type == TDP_VM_SW_PROTECTED;
}

/* SMM has no memory of its own then: KVM 6.12 kvm_arch_nr_memslot_as_ids(). */
static inline unsigned int vm_nr_address_spaces(const struct tdp_vm *vm)
{
	return vm_has_private_mem(vm) ? 1 : NR_ADDRESS_SPACES;
}

/*
 * Up to 6.17 guest_memfd came with what software-protected VMs are configured
 * by: KVM 6.12 CONFIG_KVM_PRIVATE_MEM, 6.18 CONFIG_KVM_GUEST_MEMFD.
 */
bool vm_has_gmem(const struct tdp_vm *vm);

/* KVM 6.18: kvm_gmem_get_supported_flags() */
uint64_t vm_gmem_flags(const struct tdp_vm *vm);

/* KVM 6.12: kvm_mem_is_private() */
static inline bool gfn_is_private(const struct tdp_vm *vm, uint64_t gfn)
{
	return vm->private_gfns.nr && gfn_set_has(&vm->private_gfns, gfn);
}

/*
 * Does a page of @level at @gfn have private and shared frames?  KVM keeps the
 * answer as a bit of disallow_lpage: 6.12 hugepage_has_attrs(),
 * kvm_arch_post_set_memory_attributes().
 */
bool gfn_attributes_mixed(const struct tdp_vm *vm, uint64_t gfn,
			  unsigned int level);

/*
 * Pages from @gfn on, up to @max, that are as private as it is.
 */
uint64_t gfn_attributes_run(const struct tdp_vm *vm, uint64_t gfn,
			    uint64_t max);

/*
 * The fault ends as KVM_EXIT_MEMORY_FAULT with an errno: KVM 6.12
 * kvm_mmu_prepare_memory_fault_exit().
 */
enum ret_pf fault_memory_fault(struct fault *f, int err, enum tdp_reason why);

/* KVM 6.12: kvm_mmu_faultin_pfn_private(); 6.18: kvm_mmu_faultin_pfn_gmem() */
enum ret_pf fault_gmem_page(struct fault *f);

#endif
