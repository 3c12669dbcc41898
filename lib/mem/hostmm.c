/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "mem/hostmm_range.h"

#define FIRST_HVA UINT64_C(0x7f0000000000)

/*
 * Linux 6.12: hva_to_pfn() and the fault handlers below it; the observed
 * results are the A.untouched, A.badhost and A.uffd recordings.
 */
static const struct backing_rules rules[TDP_NR_BACKINGS] = {
	/* clang-format off */
	[TDP_BACKING_ANONYMOUS]	   = { "anonymous",    true,  false, true,  1 },
	[TDP_BACKING_THP]	   = { "thp",	       true,  false, true,  2 },
	[TDP_BACKING_HUGETLB_2M]   = { "hugetlb-2M",   true,  false, true,  2 },
	[TDP_BACKING_HUGETLB_1G]   = { "hugetlb-1G",   true,  false, true,  3 },
	[TDP_BACKING_SHMEM]	   = { "shmem",	       true,  false, false, 1 },
	[TDP_BACKING_FILE_PRIVATE] = { "file-private", true,  false, true,  1 },
	[TDP_BACKING_PROT_NONE]	   = { "prot-none",    true,  false, false, 1 },
	[TDP_BACKING_UNMAPPED]	   = { "unmapped",     false, true,  false, 1 },
	[TDP_BACKING_BEYOND_EOF]   = { "beyond-eof",   true,  true,  false, 1 },
	[TDP_BACKING_UFFD_MISSING] = { "uffd-missing", true,  true,  false, 1 },
	[TDP_BACKING_PFNMAP]	   = { "pfnmap",       true,  false, false, 1 },
	[TDP_BACKING_HWPOISON]	   = { "hwpoison",     true,  true,  false, 1 },
	/* clang-format on */
};

const struct backing_rules *backing_rules(enum tdp_backing backing)
{
	return &rules[backing];
}

const char *tdp_backing_name(enum tdp_backing backing)
{
	if ((unsigned int)backing >= TDP_NR_BACKINGS)
		return "?";
	return rules[backing].name;
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

uint64_t hostmm_pick(struct hostmm *mm, uint64_t gpa, uint64_t size)
{
	uint64_t hva = mm->next_hva + (gpa & (SIZE_1G - 1));

	while (hostmm_overlaps(mm, hva, size))
		hva += SIZE_1G;
	mm->next_hva = align_up(hva + size, SIZE_1G);
	return hva;
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

	if (!vma || !vma->hpa || vma->end < hva + size || vma->gmem)
		return 0;
	return vma->hpa + (hva - vma->start);
}

enum host_mapped backing_mapped(enum tdp_backing backing, bool untouched)
{
	return untouched || rules[backing].absent ? HOST_NOT_MAPPED :
						    HOST_MAPPED;
}

static int too_large(const struct hostmm *mm, uint64_t size,
		     struct tdp_error *err)
{
	return err_set(err, TDP_ELIMIT,
		       "%" PRIu64
		       " MiB do not fit into the host's memory (%" PRIu64
		       " MiB)",
		       size >> 20, mm->pm->size >> 20);
}

/* No file, so that two of them side by side can be one VMA. */
static bool is_anonymous(const struct vma *vma)
{
	return vma->backing == TDP_BACKING_ANONYMOUS ||
	       vma->backing == TDP_BACKING_THP;
}

/*
 * New memory beside memory of its kind is the same VMA.  Linux 6.12:
 * vma_merge_new_range().  Two neighbours that had been faulted in apart stay
 * apart, as they do there.
 */
static void merge(const struct hostmm *mm, struct vma *vma)
{
	const struct vma *beside[] = { hostmm_find(mm, vma->start - 1),
				       hostmm_find(mm, vma->end) };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (!beside[i] || !is_anonymous(vma) || beside[i]->gmem ||
		    beside[i]->backing != vma->backing ||
		    beside[i]->read_only != vma->read_only)
			continue;
		vma->area = beside[i]->area;
		return;
	}
}

int hostmm_map(struct hostmm *mm, uint64_t hva, uint64_t size,
	       enum tdp_backing backing, bool untouched, bool read_only,
	       struct tdp_error *err)
{
	struct vma vma = {
		.start = hva,
		.end = hva + size,
		.backing = backing,
		.read_only = read_only,
		.mapped = backing_mapped(backing, untouched),
		.hpa = frames_kept(mm, hva, size),
		.area = ++mm->next_area,
	};
	int ret = range_reserve(mm, 3, err);

	if (ret)
		return ret;
	if (vma.hpa && untouched && rules[backing].private_cow)
		physmem_clear(mm->pm, vma.hpa, size);
	if (!vma.hpa && rules[backing].present) {
		vma.hpa = frames_for(mm, hva, size);
		if (!vma.hpa)
			return too_large(mm, size, err);
	}
	merge(mm, &vma);
	range_drop(mm, hva, hva + size);
	range_insert(mm, &vma);
	return TDP_OK;
}

int hostmm_map_gmem(struct hostmm *mm, uint64_t hva, uint64_t size,
		    uint64_t hpa, bool no_fault, struct tdp_error *err)
{
	const struct vma vma = {
		.start = hva,
		.end = hva + size,
		.hpa = hpa,
		.backing = TDP_BACKING_SHMEM,
		.gmem = true,
		.no_fault = no_fault,
		.area = ++mm->next_area,
	};
	int ret = range_reserve(mm, 3, err);

	if (ret)
		return ret;
	range_drop(mm, hva, hva + size);
	range_insert(mm, &vma);
	return TDP_OK;
}

/* The part of @vma that maps [@hpa, @hpa + @size); false: none. */
static bool maps_hole(const struct vma *vma, uint64_t hpa, uint64_t size,
		      uint64_t *start, uint64_t *end)
{
	uint64_t vma_size = vma->end - vma->start;
	uint64_t first = max_u64(hpa, vma->hpa);
	uint64_t last = min_u64(hpa + size, vma->hpa + vma_size);

	if (!vma->gmem || vma->mapped == HOST_NOT_MAPPED || first >= last)
		return false;
	*start = vma->start + (first - vma->hpa);
	*end = vma->start + (last - vma->hpa);
	return true;
}

int hostmm_hole(struct hostmm *mm, uint64_t hpa, uint64_t size,
		struct tdp_error *err)
{
	int ret = range_reserve(mm, 2 * mm->nr, err);
	uint64_t start, end;
	size_t i;

	for (i = 0; i < mm->nr && !ret; i++) {
		if (!maps_hole(&mm->vmas[i], hpa, size, &start, &end))
			continue;
		range_split(mm, start);
		range_split(mm, end);
		mm->vmas[range_above(mm, start)].mapped = HOST_NOT_MAPPED;
	}
	return ret;
}

/* Does reading @vma give a page that it must not write? */
static bool reads_shared(const struct vma *vma)
{
	return vma->mapped != HOST_MAPPED && rules[vma->backing].private_cow;
}

/* Is that page the zero page?  Else it is the file's, or hugetlbfs's own. */
static bool reads_zero_page(const struct vma *vma)
{
	return vma->backing == TDP_BACKING_ANONYMOUS ||
	       vma->backing == TDP_BACKING_THP;
}

static void found(const struct hostmm *mm, const struct vma *vma, uint64_t hva,
		  bool write, struct gup *gup)
{
	uint64_t page = align_down(hva, FRAME_SIZE);

	*gup = (struct gup){
		.hpa = vma->hpa + (page - vma->start),
		.level = range_level(vma, hva),
		.writable = !vma->read_only,
		.mmio = vma->backing == TDP_BACKING_PFNMAP,
	};
	if (!reads_shared(vma) || write)
		return;
	gup->writable = false;
	if (reads_zero_page(vma))
		gup->hpa = mm->zero_hpa + (gup->level > TDP_LEVEL_4K ?
						   page & (SIZE_2M - 1) :
						   0);
}

enum gup_status hostmm_peek(const struct hostmm *mm, uint64_t hva, bool write,
			    struct gup *gup)
{
	const struct vma *vma = hostmm_find(mm, hva);

	if (!vma)
		return GUP_FAULT;
	switch (vma->backing) {
	case TDP_BACKING_UNMAPPED:
	case TDP_BACKING_BEYOND_EOF:
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
	if (vma->no_fault)
		return GUP_SIGBUS;
	if (write && vma->read_only)
		return GUP_FORBIDDEN;
	found(mm, vma, hva, write, gup);
	return GUP_OK;
}

bool hostmm_get_mapped(const struct hostmm *mm, uint64_t hva, struct gup *gup)
{
	const struct vma *vma = hostmm_find(mm, hva);

	return vma && vma->mapped == HOST_MAPPED &&
	       hostmm_peek(mm, hva, false, gup) == GUP_OK && gup->writable;
}

uint64_t hostmm_run(const struct hostmm *mm, uint64_t hva)
{
	const struct vma *vma = hostmm_find(mm, hva);

	/* Each access to a page that is not mapped yet changes that. */
	if (!vma || vma->no_fault || vma->mapped == HOST_NOT_MAPPED ||
	    rules[vma->backing].level > TDP_LEVEL_4K ||
	    (reads_shared(vma) && reads_zero_page(vma)))
		return 0;
	return vma->end - align_down(hva, FRAME_SIZE) - FRAME_SIZE;
}

/*
 * The page at @hva is mapped by an access.  A copy takes the place of what a
 * read had mapped, and the notifiers are told; hugetlbfs has a page of its own
 * from the beginning, which becomes writable where it is (hugetlb_wp()).
 */
static void map_page(struct hostmm *mm, struct vma *vma, uint64_t hva,
		     enum host_mapped mapped, struct gup *gup)
{
	uint64_t size = UINT64_C(1) << (12 + 9 * (range_level(vma, hva) - 1));
	uint64_t start = align_down(hva, size);
	bool copies = vma->mapped == HOST_READ_ONLY &&
		      vma->backing != TDP_BACKING_HUGETLB_2M &&
		      vma->backing != TDP_BACKING_HUGETLB_1G;

	range_split(mm, start);
	range_split(mm, start + size);
	mm->vmas[range_above(mm, start)].mapped = mapped;
	range_join(mm, start, start + size);
	if (copies && size == FRAME_SIZE)
		notices_add_copy(&gup->notices, start);
	else if (copies)
		notices_add(&gup->notices, start, start + size);
}

/*
 * The huge zero page goes before one of its 4 KiB pages is written.  Linux
 * 6.12: do_huge_pmd_wp_page()
 */
static void split_zero_page(struct hostmm *mm, uint64_t hva, struct gup *gup)
{
	uint64_t block = align_down(hva, SIZE_2M);

	range_split_block(mm, hva);
	notices_add(&gup->notices, block, block + SIZE_2M);
}

static bool is_huge_zero_page(const struct vma *vma, uint64_t hva)
{
	return vma->backing == TDP_BACKING_THP &&
	       vma->mapped == HOST_READ_ONLY &&
	       range_level(vma, hva) == TDP_LEVEL_2M;
}

int hostmm_gup(struct hostmm *mm, uint64_t hva, bool write,
	       enum gup_status *status, struct gup *gup, struct tdp_error *err)
{
	enum host_mapped mapped;
	struct vma *vma;
	int ret;

	*gup = (struct gup){ 0 };
	*status = hostmm_peek(mm, hva, write, gup);
	if (*status != GUP_OK)
		return TDP_OK;
	vma = &mm->vmas[range_above(mm, hva)];
	mapped = reads_shared(vma) && !write ? HOST_READ_ONLY : HOST_MAPPED;
	if (vma->mapped >= mapped)
		return TDP_OK;
	ret = range_reserve(mm, 4, err);
	if (ret)
		return ret;
	if (write && mm->zero_splits &&
	    is_huge_zero_page(&mm->vmas[range_above(mm, hva)], hva)) {
		split_zero_page(mm, hva, gup);
		gup->level = TDP_LEVEL_4K;
	}
	map_page(mm, &mm->vmas[range_above(mm, hva)], hva, mapped, gup);
	return TDP_OK;
}
