/* SPDX-License-Identifier: MIT */
#include "mem/hostmm.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"

#define SIZE_2M   (UINT64_C(1) << 21)
#define SIZE_1G   (UINT64_C(1) << 30)
#define FIRST_HVA UINT64_C(0x7f0000000000)

/*
 * What a backing is to get_user_pages.  Linux 6.12: hva_to_pfn() and the
 * fault handlers below it; the observed results are the A.untouched,
 * A.badhost and A.uffd recordings of a 6.12 kernel.
 */
static const struct backing_rules {
	const char *name;
	bool present;       /* frames exist */
	bool private_cow;   /* reading an untouched page gives a shared one */
	unsigned int level; /* the largest page the host maps it with */
			    /* clang-format off */
} backing_rules[TDP_NR_BACKINGS] = {
	[TDP_BACKING_ANONYMOUS]	   = { "anonymous",    true,  true,  1 },
	[TDP_BACKING_THP]	   = { "thp",	       true,  true,  2 },
	[TDP_BACKING_HUGETLB_2M]   = { "hugetlb-2M",   true,  true,  2 },
	[TDP_BACKING_HUGETLB_1G]   = { "hugetlb-1G",   true,  true,  3 },
	[TDP_BACKING_SHMEM]	   = { "shmem",	       true,  false, 1 },
	[TDP_BACKING_FILE_PRIVATE] = { "file-private", true,  true,  1 },
	[TDP_BACKING_PROT_NONE]	   = { "prot-none",    true,  false, 1 },
	[TDP_BACKING_UNMAPPED]	   = { "unmapped",     false, false, 1 },
	[TDP_BACKING_UFFD_MISSING] = { "uffd-missing", true,  false, 1 },
	[TDP_BACKING_PFNMAP]	   = { "pfnmap",       true,  false, 1 },
	[TDP_BACKING_HWPOISON]	   = { "hwpoison",       true,  false, 1 },
};
/* clang-format on */

const char *tdp_backing_name(enum tdp_backing backing)
{
	if ((unsigned int)backing >= TDP_NR_BACKINGS)
		return "?";
	return backing_rules[backing].name;
}

int hostmm_init(struct hostmm *mm, struct physmem *pm, struct tdp_error *err)
{
	*mm = (struct hostmm){ .pm = pm, .next_hva = FIRST_HVA };
	mm->zero_hpa = physmem_alloc_ram(pm, SIZE_2M, SIZE_2M);
	if (!mm->zero_hpa)
		return err_set(err, TDP_ELIMIT,
			       "host memory is too small for the zero page");
	return TDP_OK;
}

void hostmm_finish(struct hostmm *mm)
{
	free(mm->vmas);
	*mm = (struct hostmm){ 0 };
}

/* Index of the first range that ends above @hva. */
static size_t first_above(const struct hostmm *mm, uint64_t hva)
{
	size_t low = 0, high = mm->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mm->vmas[middle].end > hva)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct vma *hostmm_find(const struct hostmm *mm, uint64_t hva)
{
	size_t i = first_above(mm, hva);

	if (i == mm->nr || mm->vmas[i].start > hva)
		return NULL;
	return &mm->vmas[i];
}

bool hostmm_overlaps(const struct hostmm *mm, uint64_t hva, uint64_t size)
{
	size_t i = first_above(mm, hva);

	return i < mm->nr && mm->vmas[i].start < hva + size;
}

uint64_t hostmm_pick(struct hostmm *mm, uint64_t gpa, uint64_t size)
{
	uint64_t hva = mm->next_hva + (gpa & (SIZE_1G - 1));

	while (hostmm_overlaps(mm, hva, size))
		hva += SIZE_1G;
	mm->next_hva = align_up(hva + size, SIZE_1G);
	return hva;
}

static int reserve(struct hostmm *mm, size_t more, struct tdp_error *err)
{
	size_t capacity = mm->capacity ? mm->capacity : 16;
	struct vma *vmas;

	while (capacity < mm->nr + more)
		capacity *= 2;
	if (capacity == mm->capacity)
		return TDP_OK;
	vmas = realloc(mm->vmas, capacity * sizeof(*vmas));
	if (!vmas)
		return err_set(err, TDP_ENOMEM,
			       "no memory for %zu host mappings", capacity);
	mm->vmas = vmas;
	mm->capacity = capacity;
	return TDP_OK;
}

static void insert_at(struct hostmm *mm, size_t i, struct vma vma)
{
	memmove(&mm->vmas[i + 1], &mm->vmas[i],
		(mm->nr - i) * sizeof(mm->vmas[0]));
	mm->vmas[i] = vma;
	mm->nr++;
}

static void remove_at(struct hostmm *mm, size_t i)
{
	mm->nr--;
	memmove(&mm->vmas[i], &mm->vmas[i + 1],
		(mm->nr - i) * sizeof(mm->vmas[0]));
}

/* Make @hva the border of two ranges.  Room for one more was reserved. */
static void split_at(struct hostmm *mm, uint64_t hva)
{
	size_t i = first_above(mm, hva);
	struct vma upper;

	if (i == mm->nr || mm->vmas[i].start >= hva)
		return;
	upper = mm->vmas[i];
	upper.start = hva;
	if (upper.hpa)
		upper.hpa += hva - mm->vmas[i].start;
	mm->vmas[i].end = hva;
	insert_at(mm, i + 1, upper);
}

static void drop_range(struct hostmm *mm, uint64_t start, uint64_t end)
{
	size_t i;

	split_at(mm, start);
	split_at(mm, end);
	i = first_above(mm, start);
	while (i < mm->nr && mm->vmas[i].start < end)
		remove_at(mm, i);
}

/* Host memory for a mapping, so placed that huge host pages are possible. */
static uint64_t frames_for(struct hostmm *mm, uint64_t hva, uint64_t size)
{
	uint64_t align = size >= SIZE_1G ? SIZE_1G :
			 size >= SIZE_2M ? SIZE_2M :
					   FRAME_SIZE;
	uint64_t offset = hva & (align - 1);
	uint64_t hpa = physmem_alloc_ram(mm->pm, size + offset, align);

	return hpa ? hpa + offset : 0;
}

/* Frames that already lie behind all of [@hva, @hva + @size), or 0. */
static uint64_t frames_kept(const struct hostmm *mm, uint64_t hva,
			    uint64_t size)
{
	const struct vma *vma = hostmm_find(mm, hva);

	if (!vma || !vma->hpa || vma->end < hva + size)
		return 0;
	return vma->hpa + (hva - vma->start);
}

int hostmm_map(struct hostmm *mm, uint64_t hva, uint64_t size,
	       enum tdp_backing backing, bool untouched, bool read_only,
	       struct tdp_error *err)
{
	struct vma vma = {
		.start = hva,
		.end = hva + size,
		.backing = backing,
		.untouched = untouched,
		.read_only = read_only,
	};
	int ret = reserve(mm, 3, err);

	if (ret)
		return ret;
	if (backing_rules[backing].present) {
		vma.hpa = frames_kept(mm, hva, size);
		if (!vma.hpa)
			vma.hpa = frames_for(mm, hva, size);
		if (!vma.hpa)
			return err_set(
				err, TDP_ELIMIT,
				"%" PRIu64
				" MiB do not fit into the host's memory (%" PRIu64
				" MiB)",
				size >> 20, mm->pm->size >> 20);
	}
	drop_range(mm, hva, hva + size);
	insert_at(mm, first_above(mm, hva), vma);
	return TDP_OK;
}

/* Size of the host page at @hva: the block must lie in one range. */
static unsigned int host_level(const struct vma *vma, uint64_t hva)
{
	unsigned int level = backing_rules[vma->backing].level;

	for (; level > TDP_LEVEL_4K; level--) {
		uint64_t size = UINT64_C(1) << (12 + 9 * (level - 1));
		uint64_t start = align_down(hva, size);

		if (start >= vma->start && start + size <= vma->end)
			break;
	}
	return level;
}

/* Does reading @vma give a page that several mappings share? */
static bool reads_shared(const struct vma *vma)
{
	return vma->untouched && backing_rules[vma->backing].private_cow;
}

static void found(const struct hostmm *mm, const struct vma *vma, uint64_t hva,
		  bool write, struct gup *gup)
{
	uint64_t page = align_down(hva, FRAME_SIZE);

	*gup = (struct gup){
		.hpa = vma->hpa + (page - vma->start),
		.level = host_level(vma, hva),
		.writable = !vma->read_only,
		.mmio = vma->backing == TDP_BACKING_PFNMAP,
	};
	if (reads_shared(vma) && !write) {
		gup->writable = false;
		/* File pages have frames of their own; the rest is zeroes. */
		if (vma->backing != TDP_BACKING_FILE_PRIVATE)
			gup->hpa = mm->zero_hpa +
				   (gup->level > 1 ? page & (SIZE_2M - 1) : 0);
		if (gup->level > TDP_LEVEL_2M)
			gup->level = TDP_LEVEL_2M;
	}
}

enum gup_status hostmm_peek(const struct hostmm *mm, uint64_t hva, bool write,
			    struct gup *gup)
{
	const struct vma *vma = hostmm_find(mm, hva);

	if (!vma)
		return GUP_FAULT;
	switch (vma->backing) {
	case TDP_BACKING_UNMAPPED:
		return GUP_FAULT;
	case TDP_BACKING_PROT_NONE:
		return GUP_FORBIDDEN;
	case TDP_BACKING_UFFD_MISSING:
		return GUP_BLOCKS;
	case TDP_BACKING_HWPOISON:
		return GUP_POISON;
	default:
		break;
	}
	if (write && vma->read_only)
		return GUP_FORBIDDEN;
	found(mm, vma, hva, write, gup);
	return GUP_OK;
}

uint64_t hostmm_run(const struct hostmm *mm, uint64_t hva)
{
	const struct vma *vma = hostmm_find(mm, hva);

	if (!vma || backing_rules[vma->backing].level > TDP_LEVEL_4K ||
	    (reads_shared(vma) && vma->backing != TDP_BACKING_FILE_PRIVATE))
		return 0;
	return vma->end - align_down(hva, FRAME_SIZE) - FRAME_SIZE;
}

/* The page at @hva becomes the process's own; the old one is unmapped. */
static void break_cow(struct hostmm *mm, const struct vma *vma, uint64_t hva,
		      struct gup *gup)
{
	unsigned int level = host_level(vma, hva);
	uint64_t size = UINT64_C(1) << (12 + 9 * (level - 1));
	uint64_t start = align_down(hva, size);

	split_at(mm, start);
	split_at(mm, start + size);
	mm->vmas[first_above(mm, start)].untouched = false;
	gup->invalidate_start = start;
	gup->invalidate_end = start + size;
}

int hostmm_gup(struct hostmm *mm, uint64_t hva, bool write,
	       enum gup_status *status, struct gup *gup, struct tdp_error *err)
{
	const struct vma *vma;
	int ret;

	*gup = (struct gup){ 0 };
	*status = hostmm_peek(mm, hva, write, gup);
	if (*status != GUP_OK || !write)
		return TDP_OK;
	vma = hostmm_find(mm, hva);
	if (!reads_shared(vma))
		return TDP_OK;
	ret = reserve(mm, 2, err);
	if (ret)
		return ret;
	break_cow(mm, hostmm_find(mm, hva), hva, gup);
	return TDP_OK;
}
