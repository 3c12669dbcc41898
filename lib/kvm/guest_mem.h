/* SPDX-License-Identifier: MIT */
/* KVM reads and writes guest memory through the userspace mapping. */
#ifndef TDPSIM_KVM_GUEST_MEM_H
#define TDPSIM_KVM_GUEST_MEM_H

#include "kvm/kvm.h"

enum guest_mem_status {
	GUEST_MEM_OK,
	GUEST_MEM_NO_SLOT,
	GUEST_MEM_READ_ONLY, /* a write to a KVM_MEM_READONLY slot */
	GUEST_MEM_FAULT,     /* nothing mapped there: -EFAULT */
	GUEST_MEM_BLOCKS,    /* a userfault that nobody has served */
	GUEST_MEM_NO_MEMORY, /* this process: TDP_ENOMEM */
};

/* Host frame behind @gpa; a write breaks copy-on-write as for any process. */
enum guest_mem_status guest_mem_frame(struct tdp_vm *vm, unsigned int as_id,
				      uint64_t gpa, bool write, uint64_t *hpa);

/* @size: 1, 2, 4 or 8 bytes, not crossing a page.  kvm_vcpu_read_guest(). */
enum guest_mem_status guest_mem_read(struct tdp_vm *vm, unsigned int as_id,
				     uint64_t gpa, unsigned int size,
				     uint64_t *value);
/* Does not tell the shadow MMU: that is the caller's, if it emulates. */
enum guest_mem_status guest_mem_write(struct tdp_vm *vm, unsigned int as_id,
				      uint64_t gpa, unsigned int size,
				      uint64_t value);

#endif
