/* SPDX-License-Identifier: MIT */
/*
 * What KVM says that it can do, and the quirks that userspace may disable.
 *
 * The thread rules are those of vm.h.
 */
#ifndef TDPSIM_CAPABILITY_H
#define TDPSIM_CAPABILITY_H

#include "vm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
/*	X(name, KVM_CAP_* number of the kernel, what its value says) */
#define TDP_CAP_LIST(X)							\
	X(DISABLE_QUIRKS,	116, "1: KVM_CAP_DISABLE_QUIRKS can be enabled") \
	X(DISABLE_QUIRKS2,	213, "mask of the quirks that can be disabled") \
	X(MEMORY_ATTRIBUTES,	233, "mask of KVM_SET_MEMORY_ATTRIBUTES") \
	X(GUEST_MEMFD,		234, "1: memslots may have a guest_memfd") \
	X(VM_TYPES,		235, "mask of the types of VMs")	\
	X(PRE_FAULT_MEMORY,	236, "1: KVM_PRE_FAULT_MEMORY can work")	\
	X(GUEST_MEMFD_FLAGS,	244, "mask of the flags of a guest_memfd")
/* clang-format on */

/** enum tdp_cap - capabilities that the model knows; others are no MMU's */
/* clang-format off */
enum tdp_cap {
#define X(name, number, about) TDP_CAP_##name = number,
	TDP_CAP_LIST(X)
#undef X
};
/* clang-format on */

/**
 * tdp_vm_check_extension() - KVM_CHECK_EXTENSION
 * @cap:    enum tdp_cap
 * @system: ask /dev/kvm instead of the VM
 * @value:  receives what the ioctl returns; 0: this kernel does not have it
 *
 * KVM: kvm_vm_ioctl_check_extension(), kvm_vm_ioctl_check_extension_generic().
 *
 * Return: TDP_OK; TDP_EUNSUPPORTED for a number that is no enum tdp_cap.
 */
TDP_API int tdp_vm_check_extension(const struct tdp_vm *vm, unsigned int cap,
				   bool system, uint64_t *value,
				   struct tdp_error *err);

/* KVM_X86_QUIRK_* that the MMU asks for; the others only count. */
#define TDP_QUIRK_CD_NW_CLEARED    (UINT64_C(1) << 1)
#define TDP_QUIRK_SLOT_ZAP_ALL     (UINT64_C(1) << 7)
#define TDP_QUIRK_IGNORE_GUEST_PAT (UINT64_C(1) << 9)

/**
 * tdp_vm_disable_quirks() - KVM_ENABLE_CAP of KVM_CAP_DISABLE_QUIRKS2
 * @quirks: KVM_X86_QUIRK_*
 * @result: ret is 0, or -EINVAL if KVM does not know one of them, or has no
 *          such capability (up to 5.17)
 *
 * Up to 6.14 the last call counts, later calls accumulate.  A quirk that the
 * VM's configuration has off stays off.  Nothing that is mapped changes.
 *
 * KVM: kvm_vm_ioctl_enable_cap().
 *
 * Return: TDP_OK
 */
TDP_API int tdp_vm_disable_quirks(struct tdp_vm *vm, uint64_t quirks,
				  struct tdp_result *result);

#ifdef __cplusplus
}
#endif
#endif
