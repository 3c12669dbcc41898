/* SPDX-License-Identifier: MIT */
/*
 * What the guest's tables and the memslots permit, as hardware with a cold TLB
 * reads them; and whether KVM's tables permit more.
 *
 * L1's memory is copied into a mirror at its guest-physical addresses, one for
 * each address space, and the walker of lib/walk runs over that with the
 * guest's own registers, and with L1's nested tables as its second stage.
 */
#ifndef TDPSIM_SUPPORT_COLD_WALK_H
#define TDPSIM_SUPPORT_COLD_WALK_H

#include "support/world.h"

void cold_start(struct world *w);
void cold_end(struct world *w);

/* Copy the tables as they are now; cold_walk() looks at the copy. */
void cold_copy(struct world *w);

/* What the access does on the guest's own tables; result->hpa is L1's. */
void cold_walk(struct world *w, const struct tdp_vcpu *vcpu,
	       const struct tdp_access *access, struct tdp_walk_result *result);

/*
 * Fail if KVM's tables, as hardware walks them now, let @access through where
 * the guest's tables and the memslots don't, or to another frame, or without
 * what it should have left behind (A, D, the dirty log).
 *
 * Nothing is demanded while an unsync page, or an entry that was changed behind
 * KVM's back, is on the way; @flushed: unsync pages are no excuse.
 *
 * Return: was anything let through, and was it demanded to be right?
 */
bool cold_compare(struct world *w, struct tdp_vcpu *vcpu,
		  const struct tdp_access *access, bool flushed);

/* Host frame behind @gfn, or UINT64_MAX. */
uint64_t cold_frame(const struct world *w, unsigned int as_id, uint64_t gfn);

#endif
