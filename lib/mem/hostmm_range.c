/* SPDX-License-Identifier: MIT */
#include "mem/hostmm_range.h"

#include <stdlib.h>

#include "base/error.h"

size_t range_above(const struct hostmm *mm, uint64_t hva)
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
	size_t i = range_above(mm, hva);

	if (i == mm->nr || mm->vmas[i].start > hva)
		return NULL;
	return &mm->vmas[i];
}

bool hostmm_overlaps(const struct hostmm *mm, uint64_t hva, uint64_t size)
{
	size_t i = range_above(mm, hva);

	return i < mm->nr && mm->vmas[i].start < hva + size;
}

int range_reserve(struct hostmm *mm, size_t more, struct tdp_error *err)
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

static void insert_at(struct hostmm *mm, size_t i, const struct vma *vma)
{
	assert(mm->nr < mm->capacity);
	memmove(&mm->vmas[i + 1], &mm->vmas[i],
		(mm->nr - i) * sizeof(mm->vmas[0]));
	mm->vmas[i] = *vma;
	mm->nr++;
}

static void remove_at(struct hostmm *mm, size_t i)
{
	mm->nr--;
	memmove(&mm->vmas[i], &mm->vmas[i + 1],
		(mm->nr - i) * sizeof(mm->vmas[0]));
}

void range_insert(struct hostmm *mm, const struct vma *vma)
{
	insert_at(mm, range_above(mm, vma->start), vma);
}

void range_split(struct hostmm *mm, uint64_t hva)
{
	size_t i = range_above(mm, hva);
	struct vma upper;

	if (i == mm->nr || mm->vmas[i].start >= hva)
		return;
	upper = mm->vmas[i];
	upper.start = hva;
	if (upper.hpa)
		upper.hpa += hva - mm->vmas[i].start;
	mm->vmas[i].end = hva;
	insert_at(mm, i + 1, &upper);
}

void range_split_block(struct hostmm *mm, uint64_t hva)
{
	uint64_t block = align_down(hva, SIZE_2M);

	range_split(mm, block);
	range_split(mm, block + SIZE_2M);
	mm->vmas[range_above(mm, block)].small = true;
}

void range_drop(struct hostmm *mm, uint64_t start, uint64_t end)
{
	size_t i;

	range_split(mm, start);
	range_split(mm, end);
	i = range_above(mm, start);
	while (i < mm->nr && mm->vmas[i].start < end)
		remove_at(mm, i);
}

/* Parts of one VMA, however their pages are. */
static bool same_vma(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && a->area == b->area &&
	       a->read_only == b->read_only &&
	       (a->backing == TDP_BACKING_PROT_NONE) ==
		       (b->backing == TDP_BACKING_PROT_NONE);
}

static bool alike(const struct vma *a, const struct vma *b)
{
	uint64_t behind = a->hpa ? a->hpa + (a->end - a->start) : 0;

	return same_vma(a, b) && a->backing == b->backing &&
	       a->mapped == b->mapped && a->small == b->small &&
	       a->tables == b->tables && behind == b->hpa;
}

void range_join(struct hostmm *mm, uint64_t start, uint64_t end)
{
	size_t i = range_above(mm, start);

	i -= i > 0;
	while (i + 1 < mm->nr && mm->vmas[i].start <= end) {
		if (!alike(&mm->vmas[i], &mm->vmas[i + 1])) {
			i++;
			continue;
		}
		mm->vmas[i].end = mm->vmas[i + 1].end;
		remove_at(mm, i + 1);
	}
}

void range_vma(const struct hostmm *mm, uint64_t hva, uint64_t *start,
	       uint64_t *end)
{
	size_t low = range_above(mm, hva), high = low;

	while (low > 0 && same_vma(&mm->vmas[low - 1], &mm->vmas[low]))
		low--;
	while (high + 1 < mm->nr &&
	       same_vma(&mm->vmas[high], &mm->vmas[high + 1]))
		high++;
	*start = mm->vmas[low].start;
	*end = mm->vmas[high].end;
}

unsigned int range_level(const struct vma *vma, uint64_t hva)
{
	unsigned int level = backing_rules(vma->backing)->level;

	for (; level > TDP_LEVEL_4K && !vma->small; level--) {
		uint64_t size = UINT64_C(1) << (12 + 9 * (level - 1));
		uint64_t start = align_down(hva, size);

		if (start >= vma->start && start + size <= vma->end)
			return level;
	}
	return TDP_LEVEL_4K;
}
