/* SPDX-License-Identifier: MIT */
/*
 * Sparse host-physical memory beyond the flat range.
 *
 * Addresses of up to 52 bits do not fit the address space of a process, so
 * a machine whose tables point anywhere keeps the far ones here: frames that
 * exist once written, found by hash.  What was never written reads as zero.
 */
#ifndef TDPSIM_MEM_PHYSMEM_FAR_H
#define TDPSIM_MEM_PHYSMEM_FAR_H

#include "mem/physmem.h"

struct far_frame;

struct physmem_far {
	struct far_frame **slot; /* open addressing; NULL is free */
	size_t nr_slots;         /* a power of two, or 0 */
	size_t nr_frames;
	size_t max_frames;
	struct far_frame *unused; /* frames of earlier contents, to reuse */
	bool failed;              /* a write was lost: no memory or limit */
};

/* Nothing is allocated before the first write; at most @max_frames ever. */
void physmem_far_init(struct physmem_far *far, size_t max_frames);
void physmem_far_finish(struct physmem_far *far);

/* All memory reads zero again; keeps the frames for reuse. */
void physmem_far_clear(struct physmem_far *far);

#endif
