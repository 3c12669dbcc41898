/* SPDX-License-Identifier: MIT */
#include "mem/physmem.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "base/error.h"
#include "mem/physmem_watch.h"

int physmem_init(struct physmem *pm, uint64_t size, uint64_t tables,
		 struct tdp_error *err)
{
	void *base;

	assert(is_aligned(size | tables, FRAME_SIZE));
	assert(size >= tables + 2 * FRAME_SIZE);

	base = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return err_set(err, TDP_ENOMEM,
			       "cannot reserve %" PRIu64
			       " MiB of address space for host memory",
			       size >> 20);
	*pm = (struct physmem){
		.base = base,
		.size = size,
		.plain = physmem_plain(size),
	};
	physmem_partition(pm, tables);
	return TDP_OK;
}

void physmem_partition(struct physmem *pm, uint64_t tables)
{
	pm->tables_start = FRAME_SIZE;
	pm->tables_end = FRAME_SIZE + tables;
	pm->tables_next = pm->tables_start;
	pm->ram_next = pm->tables_end;
}

void physmem_finish(struct physmem *pm)
{
	if (pm->base)
		munmap(pm->base, pm->size);
	*pm = (struct physmem){ 0 };
}

uint64_t physmem_alloc_ram(struct physmem *pm, uint64_t size, uint64_t align)
{
	uint64_t start = align_up(pm->ram_next, align);

	if (start < pm->ram_next || start > pm->size || size > pm->size - start)
		return 0;
	pm->ram_next = start + size;
	return start;
}

void physmem_write_slow(struct physmem *pm, uint64_t hpa, uint64_t value,
			size_t size)
{
	if (hpa > pm->size - size)
		physmem_far_write(pm, hpa, value, size);
	else
		physmem_copy_in(pm, hpa, &value, size);
}

void physmem_copy_in(struct physmem *pm, uint64_t hpa, const void *from,
		     size_t size)
{
	if (unlikely(pm->watch))
		physmem_note(pm->watch, pm, hpa, size);
	memcpy(pm->base + hpa, from, size);
}

void physmem_clear(struct physmem *pm, uint64_t hpa, uint64_t size)
{
	assert(hpa + size <= pm->size);
	if (pm->watch) {
		physmem_watch_clear(pm, hpa, size);
		return;
	}
	/* Give whole frames back; they come again as zeroes. */
	if (madvise(pm->base + hpa, size, MADV_DONTNEED))
		memset(pm->base + hpa, 0, size);
}
