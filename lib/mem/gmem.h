/* SPDX-License-Identifier: MIT */
/*
 * Files of guest_memfd: memory that is the guest's, addressed by file offset
 * and never through userspace's page tables.
 */
#ifndef TDPSIM_MEM_GMEM_H
#define TDPSIM_MEM_GMEM_H

#include "mem/physmem.h"

struct gmem {
	uint64_t size;  /* bytes */
	uint64_t flags; /* TDP_GMEM_* */
	uint64_t hpa;   /* host memory set aside for it */
};

/* Files are numbered from 1; a VM keeps them as long as it lives. */
struct gmems {
	struct gmem *files;
	unsigned int nr, capacity;
};

void gmems_finish(struct gmems *gmems);

/* NULL if there is none of that number. */
const struct gmem *gmems_find(const struct gmems *gmems, unsigned int number);

/*
 * A new file, all zeroes; its number is gmems->nr.  TDP_ENOMEM; TDP_ELIMIT if
 * host memory can't hold it.
 */
int gmems_add(struct gmems *gmems, struct physmem *pm, uint64_t size,
	      uint64_t flags, struct tdp_error *err);

#endif
