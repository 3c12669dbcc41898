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

#include <assert.h>

#include "mem/physmem.h"
#include "tdpsim/vm.h"

/* What the process's page tables hold. */
enum host_mapped {
	HOST_NOT_MAPPED, /* nobody accessed it yet */
	HOST_READ_ONLY,  /* by a read: the zero page, a page of the file */
	HOST_MAPPED,     /* its own page, or the shared file's */
};

struct vma {
	uint64_t start, end; /* userspace addresses, [start, end) */
	uint64_t hpa;        /* host memory set aside for @start; 0: none */
	enum tdp_backing backing;
	bool read_only; /* PROT_READ */
	bool gmem;      /* of a guest_memfd: not set aside for @start */
	bool no_fault;  /* the same: touching it is a SIGBUS */
	bool small;     /* its huge page was split: 4 KiB pages from now on */
	bool tables;    /* pages were here, whose page tables outlive them */
	enum host_mapped mapped;
	uint32_t area; /* one number a call of hostmm_map() */
};

struct hostmm {
	struct physmem *pm;
	struct vma *vmas; /* sorted by start, disjoint */
	size_t nr, capacity;
	uint32_t next_area;
	uint64_t next_hva; /* where an unplaced mapping goes */
	uint64_t zero_hpa; /* the shared zero page: 2 MiB, both sizes */
	/* The first write to a huge zero page copies 4 KiB and not 2 MiB. */
	bool zero_splits;
	/* mprotect() notifies where a page table of this 1 GiB is. */
	bool protects_puds;
};

/* What get_user_pages gives KVM, or why it gives nothing. */
enum gup_status {
	GUP_OK,
	GUP_FAULT,     /* no mapping: -EFAULT */
	GUP_FORBIDDEN, /* the mapping forbids the access: -EFAULT too */
	GUP_BLOCKS,    /* sleeps until a userfault is served */
	GUP_POISON,    /* the page has a hardware error */
	GUP_SIGBUS,    /* the file gives no page: -EFAULT */
};

/* Ranges of userspace addresses of which MMU notifiers are told, in order. */
#define MAX_NOTICES 4

struct host_notices {
	unsigned int nr;
	struct {
		uint64_t start, end;
		bool replaced; /* one frame, by another that is known */
	} range[MAX_NOTICES];
};

static inline void notices_add(struct host_notices *n, uint64_t start,
			       uint64_t end)
{
	assert(n->nr < MAX_NOTICES);
	n->range[n->nr].start = start;
	n->range[n->nr].replaced = false;
	n->range[n->nr++].end = end;
}

/* The page at @start is copied: Linux 6.1 wp_page_copy(), set_pte_at_notify() */
static inline void notices_add_copy(struct host_notices *n, uint64_t start)
{
	notices_add(n, start, start + FRAME_SIZE);
	n->range[n->nr - 1].replaced = true;
}

struct gup {
	uint64_t hpa;       /* of the 4 KiB frame */
	unsigned int level; /* size of the host's own mapping: 1, 2 or 3 */
	bool writable;      /* may be mapped writable now */
	bool mmio;          /* no RAM behind it */
	/*
	 * A write broke a shared page: what the process had mapped there
	 * before is gone, and the notifiers are told so.
	 */
	struct host_notices notices;
};

int hostmm_init(struct hostmm *mm, struct physmem *pm, struct tdp_error *err);
void hostmm_finish(struct hostmm *mm);

/* An unused address congruent to @gpa modulo 1 GiB, with @size bytes free. */
uint64_t hostmm_pick(struct hostmm *mm, uint64_t gpa, uint64_t size);

/*
 * Map [@hva, @hva + @size).  TDP_ELIMIT if host memory can't hold it, with
 * nothing changed.  What was mapped there before is replaced; its frames are
 * used again.
 */
int hostmm_map(struct hostmm *mm, uint64_t hva, uint64_t size,
	       enum tdp_backing backing, bool untouched, bool read_only,
	       struct tdp_error *err);

/*
 * Map the guest_memfd that lies at @hpa, or part of it.  @no_fault: no page of
 * it may be touched.
 */
int hostmm_map_gmem(struct hostmm *mm, uint64_t hva, uint64_t size,
		    uint64_t hpa, bool no_fault, struct tdp_error *err);

/*
 * A hole in a guest_memfd, at [@hpa, @hpa + @size): what maps it holds no page
 * any more.  TDP_ENOMEM: nothing changed.
 */
int hostmm_hole(struct hostmm *mm, uint64_t hpa, uint64_t size,
		struct tdp_error *err);

/* NULL if nothing is mapped at @hva. */
const struct vma *hostmm_find(const struct hostmm *mm, uint64_t hva);

/* Is any byte of [@hva, @hva + @size) mapped? */
bool hostmm_overlaps(const struct hostmm *mm, uint64_t hva, uint64_t size);

/* What [@hva, @hva + @size) shall be. */
struct host_change {
	uint64_t hva, size;
	enum tdp_backing backing;
	bool untouched;
	bool read_only;
};

/*
 * Userspace makes it so, by the call that does that (see
 * tdp_vm_set_backing()).  *@notices receives what the notifiers are told,
 * which is to happen after the change.  TDP_ELIMIT, TDP_ENOMEM: nothing
 * changed.
 */
int hostmm_change(struct hostmm *mm, const struct host_change *change,
		  struct host_notices *notices, struct tdp_error *err);

/*
 * Resolve @hva for reading, or for writing if @write.  An access may map a
 * page, and turn an untouched one into one of its own; TDP_ENOMEM if the
 * range list can't grow.  *@status says what KVM sees.
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

/*
 * Is a writable page mapped at @hva already?  Linux 6.12:
 * get_user_pages_fast_only() with FOLL_WRITE, which never faults.
 */
bool hostmm_get_mapped(const struct hostmm *mm, uint64_t hva, struct gup *gup);

#endif
