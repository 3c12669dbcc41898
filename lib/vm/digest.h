/* SPDX-License-Identifier: MIT */
/*
 * The state of a VM in 128 bits: equal digests mean that nothing that can be
 * observed from now on differs.
 *
 * Left out is what nobody can see: which frame holds which table (tables are
 * named by the way that leads to them), free frames, capacities, pointers, the
 * value of the invalidation sequence.  What the VM has counted in its life
 * (TLB flushes, zaps, numbers of roots) is left out unless asked for, since no
 * behaviour depends on it.
 */
#ifndef TDPSIM_VM_DIGEST_H
#define TDPSIM_VM_DIGEST_H

#include "base/digest.h"
#include "kvm/fault.h"
#include "kvm/kvm.h"
#include "mem/physmem_watch.h"

#define VM_DIGEST_COUNTERS 1u /* stats */
#define VM_DIGEST_ROOTS    2u /* the numbers of roots */

/*
 * Add the VM's state to @d.  @watch: the notes about its memory since they
 * began, which make this fast; the contents of guest memory count as far as
 * they have changed since then.  NULL: tables are read in full, and guest
 * memory as far as it was ever written.
 */
void vm_digest(const struct tdp_vm *vm, const struct physmem_watch *watch,
	       unsigned int flags, struct digest *d);

/* Add a fault that is in the middle of its steps. */
void fault_digest(const struct fault *f, struct digest *d);

#endif
