/* SPDX-License-Identifier: MIT */
/*
 * Going back: the state of a VM is saved at one moment and restored later, as
 * often as one likes.
 *
 * What is small (the VM, its vCPUs, the records of pages, slots, mappings) is
 * copied, about 6 KiB for two vCPUs; host memory, which is large, is not: its
 * stores are noted, and taken back (mem/physmem_watch.h).  So a checkpoint
 * belongs to the VM that it was taken of, and restoring one forgets those taken
 * after it.
 */
#ifndef TDPSIM_VM_CHECKPOINT_H
#define TDPSIM_VM_CHECKPOINT_H

#include "kvm/kvm.h"
#include "mem/physmem_watch.h"

struct vm_checkpoint {
	uint8_t *data;
	size_t size, capacity;
	size_t undo; /* stores noted before */
};

/*
 * Note the stores to the VM's memory from now on, by KVM and by hardware;
 * vm_unwatch() before @watch ends.
 */
int vm_watch(struct tdp_vm *vm, struct physmem_watch *watch,
	     struct tdp_error *err);
void vm_unwatch(struct tdp_vm *vm, struct physmem_watch *watch);

/* @cp: zero, or used before.  TDP_OK or TDP_ENOMEM, with @cp unusable. */
int vm_checkpoint_save(const struct tdp_vm *vm,
		       const struct physmem_watch *watch,
		       struct vm_checkpoint *cp);

/* TDP_OK or TDP_ENOMEM; then the VM can only be destroyed. */
int vm_checkpoint_restore(struct tdp_vm *vm, struct physmem_watch *watch,
			  const struct vm_checkpoint *cp);

void vm_checkpoint_finish(struct vm_checkpoint *cp);

#endif
