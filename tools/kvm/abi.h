/* SPDX-License-Identifier: MIT */
/* Parts of KVM's interface that Debian 12's headers (6.1) don't have yet. */
#ifndef TDPSIM_TOOLS_KVM_ABI_H
#define TDPSIM_TOOLS_KVM_ABI_H

#include <linux/kvm.h>

#ifndef KVM_PRE_FAULT_MEMORY
#define KVM_CAP_PRE_FAULT_MEMORY 236
struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)
#endif

#ifndef KVM_SET_MEMORY_ATTRIBUTES
#define KVM_CAP_MEMORY_ATTRIBUTES 233
#define KVM_CAP_GUEST_MEMFD       234
#define KVM_CAP_VM_TYPES          235
#define KVM_EXIT_MEMORY_FAULT     39
#endif

#endif
