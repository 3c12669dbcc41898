/* SPDX-License-Identifier: MIT */
/* guest_memfd: making files, holes in them, and userspace's own mappings. */
#include <errno.h>

#include "kvm/notify.h"
#include "kvm/private.h"
#include "ops/ops.h"

#define MAX_HVA (UINT64_C(1) << 47)

/* Creating ------------------------------------------------------------------------ */

int tdp_vm_create_gmem(struct tdp_vm *vm, uint64_t size, uint64_t flags,
		       struct tdp_result *result, struct tdp_error *err)
{
	int ret;

	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	if (!vm_has_gmem(vm))
		return result_fail(result, -ENOTTY, TDP_WHY_NO_IOCTL);
	/* The kernel's size is signed. */
	if ((flags & ~vm_gmem_flags(vm)) || !size || (size & FRAME_MASK) ||
	    size > INT64_MAX)
		return result_fail(result, -EINVAL, TDP_WHY_BAD_GMEM);
	ret = gmems_add(&vm->gmems, &vm->pm, size, flags, err);
	result->value = vm->gmems.nr;
	return ret;
}

/* Punching holes -------------------------------------------------------------------- */

/* Zap what @slot maps of the file's pages [@start, @end). */
static void unmap_slot(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t start, uint64_t end)
{
	uint64_t first = max_u64(start, slot->gmem_page);
	uint64_t last = min_u64(end, slot->gmem_page + slot->npages);

	if (first < last)
		notify_unmap_gfns(vm, slot,
				  slot->base_gfn + (first - slot->gmem_page),
				  slot->base_gfn + (last - slot->gmem_page));
}

/* KVM 6.12: kvm_gmem_invalidate_begin() */
static void unmap_pages(struct tdp_vm *vm, unsigned int gmem, uint64_t start,
			uint64_t end)
{
	unsigned int as_id;
	size_t i;

	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		for (i = 0; i < vm->slots[as_id].nr; i++)
			if (vm->slots[as_id].slots[i].gmem == gmem)
				unmap_slot(vm, &vm->slots[as_id].slots[i],
					   start, end);
}

/*
 * Userspace's own mappings of a hole are gone, too, until it touches them
 * again: truncate_inode_pages_range(), behind the guest's.
 */
int tdp_vm_punch_gmem(struct tdp_vm *vm, unsigned int gmem, uint64_t offset,
		      uint64_t size, struct tdp_result *result,
		      struct tdp_error *err)
{
	const struct gmem *file = gmems_find(&vm->gmems, gmem);
	uint64_t end = offset + size;
	int ret;

	result_begin(result);
	if (!file)
		return result_fail(result, -EBADF, TDP_WHY_NO_GMEM);
	if (!size || end < offset || ((offset | size) & FRAME_MASK))
		return result_fail(result, -EINVAL, TDP_WHY_GMEM_RANGE);
	end = min_u64(end, file->size);
	if (offset >= end)
		return TDP_OK;
	ret = hostmm_hole(&vm->mm, file->hpa + offset, end - offset, err);
	if (ret)
		return ret;
	unmap_pages(vm, gmem, offset >> 12, end >> 12);
	physmem_clear(&vm->pm, file->hpa + offset, end - offset);
	return TDP_OK;
}

/* Userspace's mappings ---------------------------------------------------------------- */

static bool map_well_formed(const struct tdp_gmem_map *map)
{
	if (!map->hva || !map->size)
		return false;
	if ((map->hva | map->offset | map->size) & FRAME_MASK)
		return false;
	return map->hva < MAX_HVA && map->size <= MAX_HVA - map->hva;
}

/*
 * The file refuses.  From 6.18 on it is asked when the mapping is half made,
 * and taking that back tells the notifiers.
 */
static int refuse_map(struct tdp_vm *vm, const struct tdp_gmem_map *map,
		      int why_ret, enum tdp_reason why,
		      struct tdp_result *result, struct tdp_error *err)
{
	int ret = TDP_OK;

	if (vm->kvm.value[B_GMEM_API] != GMEM_API_PRIVATE) {
		ret = hostmm_map(&vm->mm, map->hva, map->size,
				 TDP_BACKING_UNMAPPED, false, false, err);
		if (!ret)
			notify_unmap(vm, map->hva, map->hva + map->size);
	}
	result_fail(result, why_ret, why);
	return ret;
}

/* What lies behind the file's end can be mapped, but not touched. */
static int map_file(struct tdp_vm *vm, const struct gmem *file,
		    const struct tdp_gmem_map *map, struct tdp_error *err)
{
	bool no_fault = !(file->flags & TDP_GMEM_INIT_SHARED);
	uint64_t inside = file->size - min_u64(file->size, map->offset);
	uint64_t part = min_u64(inside, map->size);
	int ret = hostmm_map_gmem(&vm->mm, map->hva, map->size, 0, true, err);

	if (ret || !part)
		return ret;
	return hostmm_map_gmem(&vm->mm, map->hva, part, file->hpa + map->offset,
			       no_fault, err);
}

int tdp_vm_mmap_gmem(struct tdp_vm *vm, const struct tdp_gmem_map *map,
		     struct tdp_result *result, struct tdp_error *err)
{
	const struct gmem *file = gmems_find(&vm->gmems, map->gmem);
	bool mapped = hostmm_overlaps(&vm->mm, map->hva, map->size);
	int ret;

	result_begin(result);
	if (!file)
		return result_fail(result, -EBADF, TDP_WHY_NO_GMEM);
	if (!map_well_formed(map))
		return result_fail(result, -EINVAL, TDP_WHY_GMEM_RANGE);
	if (!(file->flags & TDP_GMEM_MMAP))
		return refuse_map(vm, map, -ENODEV, TDP_WHY_GMEM_NO_MMAP,
				  result, err);
	if (map->map_private)
		return refuse_map(vm, map, -EINVAL, TDP_WHY_GMEM_MAP_PRIVATE,
				  result, err);
	ret = map_file(vm, file, map, err);
	if (!ret && mapped)
		notify_unmap(vm, map->hva, map->hva + map->size);
	return ret;
}

static int touched(struct tdp_result *result, enum gup_status status)
{
	switch (status) {
	case GUP_OK:
		return TDP_OK;
	case GUP_BLOCKS:
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	case GUP_FORBIDDEN:
		return result_fail(result, -EFAULT, TDP_WHY_HOST_PROTECTED);
	case GUP_POISON:
		return result_fail(result, -EFAULT, TDP_WHY_HOST_POISON);
	case GUP_SIGBUS:
		return result_fail(result, -EFAULT, TDP_WHY_GMEM_NO_FAULT);
	case GUP_FAULT:
		break;
	}
	return result_fail(result, -EFAULT, TDP_WHY_HOST_UNMAPPED);
}

int tdp_vm_touch(struct tdp_vm *vm, uint64_t hva, bool write,
		 struct tdp_result *result, struct tdp_error *err)
{
	enum gup_status status;
	struct gup gup;
	int ret;

	result_begin(result);
	ret = hostmm_gup(&vm->mm, hva, write, &status, &gup, err);
	if (ret)
		return ret;
	notify_unmap_all(vm, &gup.notices);
	return touched(result, status);
}
