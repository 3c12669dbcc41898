/* SPDX-License-Identifier: MIT */
/*
 * What userspace does to its mappings, and what MMU notifiers are told of it.
 *
 * Linux 6.12: the callers of mmu_notifier_invalidate_range_start() in mm/;
 * order and ranges as in the recordings A.badhost, A.hva_changes, A.uffd,
 * E.slotdel and E.hugesplit.
 */
#include "base/error.h"
#include "mem/hostmm_range.h"

/* Is anything of [@start, @end) in the process's page tables? */
static bool any_mapped(const struct hostmm *mm, uint64_t start, uint64_t end)
{
	size_t i = range_above(mm, start);

	for (; i < mm->nr && mm->vmas[i].start < end; i++)
		if (mm->vmas[i].mapped != HOST_NOT_MAPPED)
			return true;
	return false;
}

/*
 * Has the block of @size around [@start, @end) a page table of the process, be
 * there a page in it or not?  Linux 6.12: madvise() takes pages away and leaves
 * the tables; a huge page of 2 MiB has none of the last level.
 */
static bool any_table(const struct hostmm *mm, uint64_t start, uint64_t end,
		      uint64_t size)
{
	size_t i = range_above(mm, align_down(start, size));

	end = align_up(end, size);
	for (; i < mm->nr && mm->vmas[i].start < end; i++) {
		const struct vma *vma = &mm->vmas[i];

		if (vma->mapped != HOST_NOT_MAPPED ||
		    (vma->tables &&
		     (size > SIZE_2M || vma->backing != TDP_BACKING_THP)))
			return true;
	}
	return false;
}

/* Is the 2 MiB block around @hva mapped by one entry? */
static bool mapped_huge(const struct hostmm *mm, uint64_t hva)
{
	const struct vma *vma = hostmm_find(mm, hva);

	return vma && vma->backing == TDP_BACKING_THP &&
	       vma->mapped != HOST_NOT_MAPPED &&
	       range_level(vma, hva) == TDP_LEVEL_2M;
}

/*
 * A VMA is to end at @hva.  If a huge page could lie across, the host splits
 * it, or says so at least.  Linux 6.12: split_huge_pmd_if_needed(), which
 * looks for no huge page, but for a page table that could hold one.  Below
 * @floor another VMA begins.
 */
static void cut(struct hostmm *mm, uint64_t hva, uint64_t floor,
		struct host_notices *n)
{
	uint64_t block = align_down(hva, SIZE_2M), start, end;

	if (hva == block || !hostmm_find(mm, hva))
		return;
	range_vma(mm, hva, &start, &end);
	start = max_u64(start, floor);
	if (start == hva || block < start || block + SIZE_2M > end ||
	    !any_table(mm, hva, hva + 1, SIZE_1G))
		return;
	notices_add(n, block, block + SIZE_2M);
	if (mapped_huge(mm, hva))
		range_split_block(mm, hva);
}

static void cut_both(struct hostmm *mm, const struct host_change *c,
		     struct host_notices *n)
{
	cut(mm, c->hva, 0, n);
	cut(mm, c->hva + c->size, c->hva, n);
}

/* Does anything but holes lie in the range? */
static bool any_vma(const struct hostmm *mm, const struct host_change *c)
{
	size_t i = range_above(mm, c->hva);

	for (; i < mm->nr && mm->vmas[i].start < c->hva + c->size; i++)
		if (mm->vmas[i].backing != TDP_BACKING_UNMAPPED)
			return true;
	return false;
}

/* munmap(), or mmap() with MAP_FIXED, which unmaps first. */
static int map_over(struct hostmm *mm, const struct host_change *c,
		    struct host_notices *n, struct tdp_error *err)
{
	bool told = any_vma(mm, c);

	if (told)
		cut_both(mm, c, n);
	if (told)
		notices_add(n, c->hva, c->hva + c->size);
	return hostmm_map(mm, c->hva, c->size, c->backing, c->untouched,
			  c->read_only, err);
}

/* Each range within the change, cut out of the others. */
static void for_each_part(struct hostmm *mm, const struct host_change *c,
			  void (*set)(struct hostmm *mm, struct vma *vma,
				      const struct host_change *c))
{
	uint64_t end = c->hva + c->size;
	size_t i;

	range_split(mm, c->hva);
	range_split(mm, end);
	for (i = range_above(mm, c->hva); i < mm->nr && mm->vmas[i].start < end;
	     i++)
		set(mm, &mm->vmas[i], c);
	range_join(mm, c->hva, end);
}

static void set_protection(struct hostmm *mm, struct vma *vma,
			   const struct host_change *c)
{
	(void)mm;
	vma->backing = c->backing;
	vma->read_only = c->read_only;
}

/*
 * Linux 6.12: mprotect_fixup(), change_protection(), which tells of the range
 * once it meets a page table, whatever that holds: of the last level up to
 * 6.11.
 */
static void protect(struct hostmm *mm, const struct host_change *c,
		    struct host_notices *n)
{
	bool table = any_table(mm, c->hva, c->hva + c->size,
			       mm->protects_puds ? SIZE_1G : SIZE_2M);

	cut_both(mm, c, n);
	if (table)
		notices_add(n, c->hva, c->hva + c->size);
	for_each_part(mm, c, set_protection);
}

static void set_pages(struct hostmm *mm, struct vma *vma,
		      const struct host_change *c)
{
	bool served = vma->backing == TDP_BACKING_UFFD_MISSING;

	if (c->untouched && backing_rules(c->backing)->private_cow)
		physmem_clear(mm->pm, vma->hpa, vma->end - vma->start);

	vma->tables |= vma->mapped != HOST_NOT_MAPPED;
	vma->backing = c->backing;
	vma->mapped = backing_mapped(c->backing, c->untouched);
	/* UFFDIO_ZEROPAGE maps the zero page, UFFDIO_COPY one of its own. */
	if (served && c->untouched)
		vma->mapped = HOST_READ_ONLY;
}

/*
 * Is it MADV_DONTNEED or a hole in the file?  Those tell of the whole range
 * without a look at the page tables.  Linux 6.12: zap_page_range_single()
 */
static bool discards(const struct hostmm *mm, const struct host_change *c)
{
	const struct vma *vma = hostmm_find(mm, c->hva);

	return c->untouched && vma && vma->backing == c->backing;
}

/*
 * Pages come and go within a VMA: madvise(), a userfault that is served, a
 * file that shrinks or grows, memory that fails.  A huge page that loses a
 * part is split, of which the notifiers hear behind the range itself.  Linux
 * 6.12: zap_pmd_range().
 */
static void change_pages(struct hostmm *mm, const struct host_change *c,
			 struct host_notices *n)
{
	uint64_t ends[] = { c->hva, c->hva + c->size }, last = 0;
	unsigned int i;

	if (discards(mm, c) || any_mapped(mm, c->hva, ends[1]))
		notices_add(n, c->hva, ends[1]);
	for (i = 0; i < 2; i++) {
		uint64_t block = align_down(ends[i], SIZE_2M);

		if (ends[i] == block || block == last ||
		    !mapped_huge(mm, block))
			continue;
		notices_add(n, block, block + SIZE_2M);
		range_split_block(mm, block);
		last = block;
	}
	for_each_part(mm, c, set_pages);
}

enum call { MAP_OVER, PROTECT, CHANGE_PAGES };

/* The call that makes @from what @c says. */
static enum call call_for(const struct vma *from, const struct host_change *c)
{
	bool to_none = c->backing == TDP_BACKING_PROT_NONE;
	bool from_none = from->backing == TDP_BACKING_PROT_NONE;

	if (c->backing == TDP_BACKING_UNMAPPED ||
	    from->backing == TDP_BACKING_UNMAPPED || from->gmem)
		return MAP_OVER;
	if (backing_rules(c->backing)->absent ||
	    backing_rules(from->backing)->absent)
		return from->read_only == c->read_only ? CHANGE_PAGES :
							 MAP_OVER;
	if (to_none != from_none ||
	    (from->backing == c->backing && from->read_only != c->read_only))
		return PROTECT;
	return from->backing == c->backing && c->untouched ? CHANGE_PAGES :
							     MAP_OVER;
}

/* The same call for all that lies in the range, or it is mapped anew. */
static enum call common_call(const struct hostmm *mm,
			     const struct host_change *c)
{
	uint64_t at = c->hva, end = c->hva + c->size;
	size_t i = range_above(mm, at), first = i;
	enum call call = MAP_OVER;

	for (; at < end; at = mm->vmas[i++].end) {
		if (i == mm->nr || mm->vmas[i].start > at)
			return MAP_OVER;
		if (i == first)
			call = call_for(&mm->vmas[i], c);
		else if (call_for(&mm->vmas[i], c) != call)
			return MAP_OVER;
	}
	return call;
}

int hostmm_change(struct hostmm *mm, const struct host_change *c,
		  struct host_notices *notices, struct tdp_error *err)
{
	int ret = range_reserve(mm, 9, err);

	*notices = (struct host_notices){ 0 };
	if (ret)
		return ret;
	switch (common_call(mm, c)) {
	case PROTECT:
		protect(mm, c, notices);
		return TDP_OK;
	case CHANGE_PAGES:
		change_pages(mm, c, notices);
		return TDP_OK;
	default:
		return map_over(mm, c, notices, err);
	}
}
