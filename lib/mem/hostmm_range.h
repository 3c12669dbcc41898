/* SPDX-License-Identifier: MIT */
/* The list of ranges of a process's address space, and what backings are. */
#ifndef TDPSIM_MEM_HOSTMM_RANGE_H
#define TDPSIM_MEM_HOSTMM_RANGE_H

#include "mem/hostmm.h"

#define SIZE_2M (UINT64_C(1) << 21)
#define SIZE_1G (UINT64_C(1) << 30)

/* What a backing is to get_user_pages. */
struct backing_rules {
	const char *name;
	bool present;     /* frames exist */
	bool absent;      /* no page there that could be mapped */
	bool private_cow; /* reading an untouched page gives none of its own */
	unsigned int level; /* the largest page the host maps it with */
};

const struct backing_rules *backing_rules(enum tdp_backing backing);

/* What is mapped where nobody, or somebody, has used all of it. */
enum host_mapped backing_mapped(enum tdp_backing backing, bool untouched);

/* Index of the first range that ends above @hva. */
size_t range_above(const struct hostmm *mm, uint64_t hva);

/* Room for @more ranges, for those below. */
int range_reserve(struct hostmm *mm, size_t more, struct tdp_error *err);

void range_insert(struct hostmm *mm, const struct vma *vma);
/* Make @hva the border of two ranges: takes room for one. */
void range_split(struct hostmm *mm, uint64_t hva);
/* The 2 MiB block around @hva is mapped by 4 KiB pages: room for two. */
void range_split_block(struct hostmm *mm, uint64_t hva);
/* Takes room for two. */
void range_drop(struct hostmm *mm, uint64_t start, uint64_t end);
/* Join what is alike around the ranges in [@start, @end). */
void range_join(struct hostmm *mm, uint64_t start, uint64_t end);

/* The first and last byte + 1 of the VMA, as the host has it, around @hva. */
void range_vma(const struct hostmm *mm, uint64_t hva, uint64_t *start,
	       uint64_t *end);

/* Size of the host page at @hva: the block must lie in one range. */
unsigned int range_level(const struct vma *vma, uint64_t hva);

#endif
