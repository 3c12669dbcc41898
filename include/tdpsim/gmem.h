/* SPDX-License-Identifier: MIT */
/*
 * Private memory: VM types, memory attributes, guest_memfd.
 *
 * A VM of type TDP_VM_SW_PROTECTED has private memory: each guest frame is
 * shared (the memory that userspace mapped behind its memslot) or private (the
 * guest_memfd that is bound to the memslot), as userspace says with
 * tdp_vm_set_attributes().  Accesses that the two don't agree on end as
 * KVM_EXIT_MEMORY_FAULT with -EFAULT.
 *
 * From 6.18 on every VM may bind a guest_memfd; one made with TDP_GMEM_MMAP is
 * all that the guest sees of its memslot, shared or private.
 *
 * The thread rules are those of vm.h.
 */
#ifndef TDPSIM_GMEM_H
#define TDPSIM_GMEM_H

#include "vm.h"

#ifdef __cplusplus
extern "C" {
#endif

/** enum tdp_vm_type - KVM_CREATE_VM's argument: KVM_X86_*_VM of the kernel */
enum tdp_vm_type {
	TDP_VM_DEFAULT,
	TDP_VM_SW_PROTECTED,
	TDP_VM_SEV,
	TDP_VM_SEV_ES,
	TDP_VM_SNP,
	TDP_VM_TDX,
};

/**
 * tdp_vm_create_type() - tdp_vm_create() for any type of VM
 * @type:   enum tdp_vm_type, or a number that no kernel knows
 * @result: outcome REFUSED and ret -EINVAL, with @vm NULL, if this kernel makes
 *          no such VM: software-protected ones need the TDP MMU and the
 *          behaviour "sw_protected_vm"; the modelled host has no SEV and no TDX
 *
 * KVM: kvm_arch_init_vm(), kvm_is_vm_type_supported().
 *
 * Return: as tdp_vm_create().
 */
TDP_API int tdp_vm_create_type(const struct tdp_host_config *host,
			       const struct tdp_kvm_config *kvm,
			       unsigned int type, struct tdp_vm **vm,
			       struct tdp_result *result,
			       struct tdp_error *err);

/* KVM_MEMORY_ATTRIBUTE_PRIVATE */
#define TDP_ATTRIBUTE_PRIVATE (UINT64_C(1) << 3)

/**
 * tdp_vm_set_attributes() - KVM_SET_MEMORY_ATTRIBUTES
 * @gpa:        first byte; a multiple of 4 KiB
 * @size:       bytes, not 0; a multiple of 4 KiB.  Memslots don't matter
 * @attributes: 0 or TDP_ATTRIBUTE_PRIVATE: of all frames of the range
 * @flags:      must be 0
 * @result:     ret is 0, -EINVAL, or -ENOTTY for a kernel without attributes
 *
 * If anything changes, what is mapped in the range is zapped, and no huge page
 * maps private and shared frames from then on.
 *
 * KVM: kvm_vm_ioctl_set_mem_attributes(),
 * kvm_arch_pre_set_memory_attributes(), kvm_arch_post_set_memory_attributes().
 *
 * Return: TDP_OK; TDP_ENOMEM with nothing changed.
 */
TDP_API int tdp_vm_set_attributes(struct tdp_vm *vm, tdp_gpa gpa, uint64_t size,
				  uint64_t attributes, uint64_t flags,
				  struct tdp_result *result,
				  struct tdp_error *err);

/** tdp_vm_is_private() - does @gpa have the attribute "private"? */
TDP_API bool tdp_vm_is_private(const struct tdp_vm *vm, tdp_gpa gpa);

/* Flags of a guest_memfd: GUEST_MEMFD_FLAG_* */
#define TDP_GMEM_MMAP        (UINT64_C(1) << 0)
#define TDP_GMEM_INIT_SHARED (UINT64_C(1) << 1)

/**
 * tdp_vm_create_gmem() - KVM_CREATE_GUEST_MEMFD
 * @size:   bytes, not 0; a multiple of 4 KiB
 * @flags:  0 up to 6.17; then TDP_GMEM_MMAP, and TDP_GMEM_INIT_SHARED for VMs
 *          without private memory
 * @result: ret is 0 with the number of the file, from 1, as value; -EINVAL; or
 *          -ENOTTY for a kernel without guest_memfd
 *
 * The file belongs to the VM and is never closed.
 *
 * KVM: kvm_gmem_create().
 *
 * Return: TDP_OK; TDP_ENOMEM; TDP_ELIMIT if host memory can't hold the file.
 */
TDP_API int tdp_vm_create_gmem(struct tdp_vm *vm, uint64_t size, uint64_t flags,
			       struct tdp_result *result,
			       struct tdp_error *err);

/**
 * tdp_vm_punch_gmem() - fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
 * @gmem:   number of the file
 * @offset: first byte; a multiple of 4 KiB
 * @size:   bytes, not 0; a multiple of 4 KiB; may reach beyond the end
 * @result: ret is 0, -EINVAL or -EBADF
 *
 * What memslots map of the range is zapped; the file reads as zero there.
 *
 * KVM: kvm_gmem_punch_hole().
 *
 * Return: TDP_OK; TDP_ENOMEM with nothing changed.
 */
TDP_API int tdp_vm_punch_gmem(struct tdp_vm *vm, unsigned int gmem,
			      uint64_t offset, uint64_t size,
			      struct tdp_result *result, struct tdp_error *err);

/**
 * struct tdp_gmem_map - arguments of mmap() on a guest_memfd
 * @gmem:        number of the file
 * @hva:         where; a multiple of 4 KiB below 2^47, not 0
 * @offset:      of the file, in bytes; a multiple of 4 KiB
 * @size:        bytes, a multiple of 4 KiB; a page behind the file's end can't
 *               be touched
 * @map_private: MAP_PRIVATE instead of MAP_SHARED
 */
struct tdp_gmem_map {
	unsigned int gmem;
	uint64_t hva;
	uint64_t offset;
	uint64_t size;
	bool map_private;
};

/**
 * tdp_vm_mmap_gmem() - userspace maps a guest_memfd
 * @result: ret is 0, -EINVAL, -ENODEV (a file without TDP_GMEM_MMAP) or -EBADF
 *
 * What was mapped at @map->hva before is gone, the mmu notifier says so; from
 * 6.18 on that is so even if the mapping is refused.
 *
 * KVM: kvm_gmem_mmap(); Linux 6.18: __mmap_region().
 *
 * Return: TDP_OK; TDP_ENOMEM.
 */
TDP_API int tdp_vm_mmap_gmem(struct tdp_vm *vm, const struct tdp_gmem_map *map,
			     struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vm_touch() - userspace reads or writes one byte of its own memory
 * @hva:    address
 * @result: ret is 0, or -EFAULT where the process would get a signal; outcome
 *          BLOCKED where a userfault must be served first
 *
 * Return: TDP_OK; TDP_ENOMEM.
 */
TDP_API int tdp_vm_touch(struct tdp_vm *vm, uint64_t hva, bool write,
			 struct tdp_result *result, struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
