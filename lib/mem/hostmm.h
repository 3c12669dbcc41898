/* SPDX-License-Identifier: MIT */
/*
 * The address space of the process that owns the VM, as KVM asks it:
 * userspace address -> host page, how large, may it be written.
 *
 * State is kept by range, not by page: a range is one backing in one state
 * over contiguous host frames.
 */
#ifndef TDPSIM_MEM_HOSTMM_H
#define TDPSIM_MEM_HOSTMM_H

#include "mem/physmem.h"
#include "tdpsim/vm.h"

struct vma {
	uint64_t start, end; /* userspace addresses, [start, end) */
	uint64_t hpa;        /* host memory set aside for @start; 0: none */
	enum tdp_backing backing;
	bool untouched; /* nobody has written it yet */
	bool read_only; /* PROT_READ */
};

struct hostmm {
	struct physmem *pm;
	struct vma *vmas; /* sorted by start, disjoint */
	size_t nr, capacity;
	uint64_t next_hva; /* where an unplaced mapping goes */
	uint64_t zero_hpa; /* the shared zero page: 2 MiB, both sizes */
};

/* What get_user_pages gives KVM, or why it gives nothing. */
enum gup_status {
	GUP_OK,
	GUP_FAULT,     /* no mapping: -EFAULT */
	GUP_FORBIDDEN, /* the mapping forbids the access: -EFAULT too */
	GUP_BLOCKS,    /* sleeps until a userfault is served */
	GUP_POISON,    /* the page has a hardware error */
};

struct gup {
	uint64_t hpa;       /* of the 4 KiB frame */
	unsigned int level; /* size of the host's own mapping: 1, 2 or 3 */
	bool writable;      /* may be mapped writable now */
	bool mmio;          /* no RAM behind it */
	/*
	 * A write broke a shared page: what the process had mapped in
	 * [start, end) before is gone, and the notifier says so.
	 */
	uint64_t invalidate_start, invalidate_end;
};

int hostmm_init(struct hostmm *mm, struct physmem *pm, struct tdp_error *err);
void hostmm_finish(struct hostmm *mm);

/* An unused address congruent to @gpa modulo 1 GiB, with @size bytes free. */
uint64_t hostmm_pick(struct hostmm *mm, uint64_t gpa, uint64_t size);

/*
 * Map [@hva, @hva + @size).  TDP_ELIMIT if host memory can't hold it, with
 * nothing changed.  What was mapped there before is replaced.
 */
int hostmm_map(struct hostmm *mm, uint64_t hva, uint64_t size,
	       enum tdp_backing backing, bool untouched, bool read_only,
	       struct tdp_error *err);

/* NULL if nothing is mapped at @hva. */
const struct vma *hostmm_find(const struct hostmm *mm, uint64_t hva);

/* Is any byte of [@hva, @hva + @size) mapped? */
bool hostmm_overlaps(const struct hostmm *mm, uint64_t hva, uint64_t size);

/*
 * Resolve @hva for reading, or for writing if @write.  A write may turn an
 * untouched page into one of its own; TDP_ENOMEM if the range list can't
 * grow.  *@status says what KVM sees.
 */
int hostmm_gup(struct hostmm *mm, uint64_t hva, bool write,
	       enum gup_status *status, struct gup *gup, struct tdp_error *err);

/*
 * Bytes behind the page at @hva that a reader would get in the same way, as 4K
 * pages of consecutive frames; 0 if the next page may differ.
 */
uint64_t hostmm_run(const struct hostmm *mm, uint64_t hva);

/* The same question with no effect: what a reader would get now. */
enum gup_status hostmm_peek(const struct hostmm *mm, uint64_t hva, bool write,
			    struct gup *gup);

#endif
