/* SPDX-License-Identifier: MIT */
/* Dirty logging as KVM_SET_USER_MEMORY_REGION switches it. */
#ifndef TDPSIM_OPS_DIRTY_H
#define TDPSIM_OPS_DIRTY_H

#include "kvm/dirty.h"

/*
 * Give @slot, which follows @old (NULL: none), the log that it needs: @old's,
 * a new one, or none.  KVM 6.12: kvm_prepare_memory_region().
 *
 * Return: TDP_OK; TDP_ELIMIT; TDP_ENOMEM.
 */
int dirty_prepare(struct tdp_vm *vm, const struct memslot *old,
		  struct memslot *slot, struct tdp_error *err);

/* The slot did not come about: free the log that is its own. */
void dirty_abandon(struct tdp_vm *vm, const struct memslot *old,
		   const struct memslot *slot);

/*
 * The slot's flags, and nothing else, went from @old's to @slot's, which is in
 * its set: KVM 6.12 kvm_commit_memory_region().  Frees what only @old used.
 */
void dirty_commit(struct tdp_vm *vm, const struct memslot *old,
		  const struct memslot *slot);

#endif
