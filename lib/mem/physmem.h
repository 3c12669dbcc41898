/* SPDX-License-Identifier: MIT */
/*
 * Host-physical memory: one reserved flat range, so that an address is
 * base + hpa and a walk allocates nothing.  Frames that nobody has written
 * cost nothing (the kernel supplies zero pages on demand).
 *
 *   0            TABLES_START        tables_end            size
 *   | never used | page-table frames | guest RAM frames ... |
 */
#ifndef TDPSIM_MEM_PHYSMEM_H
#define TDPSIM_MEM_PHYSMEM_H

#include <string.h>

#include "base/bits.h"
#include "tdpsim/error.h"

#define FRAME_SIZE UINT64_C(4096)
#define FRAME_MASK (FRAME_SIZE - 1)

struct physmem {
	uint8_t *base;
	uint64_t size;         /* bytes */
	uint64_t tables_start; /* page-table frames live in [start, end) */
	uint64_t tables_end;
	uint64_t tables_next;    /* lowest frame never handed out */
	uint64_t ram_next;       /* lowest RAM byte never handed out */
	struct physmem_far *far; /* what lies beyond size; NULL: nothing */
	/* Stores below this need no second look; 0 while they are watched. */
	uint64_t plain;
	struct physmem_watch *watch; /* NULL: nobody wants to undo them */
};

/* Where 8 bytes no longer fit into memory of @size bytes. */
static inline uint64_t physmem_plain(uint64_t size)
{
	return size - 7;
}

/*
 * Reserve @size bytes; the first @tables bytes above the first frame are kept
 * for page tables.  Both are multiples of FRAME_SIZE, @tables < @size.
 */
int physmem_init(struct physmem *pm, uint64_t size, uint64_t tables,
		 struct tdp_error *err);
void physmem_finish(struct physmem *pm);

/* Set the first @tables bytes above frame 0 aside for page tables. */
void physmem_partition(struct physmem *pm, uint64_t tables);

/* Beyond @size, which is out of the way of the walkers (physmem_far.c). */
uint64_t physmem_far_read(const struct physmem *pm, uint64_t hpa, size_t size);
void physmem_far_write(struct physmem *pm, uint64_t hpa, uint64_t value,
		       size_t size);

/*
 * Reads beyond the end give all ones, as an address that no device decodes,
 * unless the memory has a far range.  Accesses are naturally aligned there.
 */
static inline uint64_t physmem_read64(const struct physmem *pm, uint64_t hpa)
{
	uint64_t value;

	if (unlikely(hpa > pm->size - sizeof(value)))
		return physmem_far_read(pm, hpa, sizeof(value));
	memcpy(&value, pm->base + hpa, sizeof(value));
	return value;
}

static inline uint32_t physmem_read32(const struct physmem *pm, uint64_t hpa)
{
	uint32_t value;

	if (unlikely(hpa > pm->size - sizeof(value)))
		return (uint32_t)physmem_far_read(pm, hpa, sizeof(value));
	memcpy(&value, pm->base + hpa, sizeof(value));
	return value;
}

/* A store that is watched, or at the very end, or beyond it. */
void physmem_write_slow(struct physmem *pm, uint64_t hpa, uint64_t value,
			size_t size);

/* Writes beyond the end are dropped, unless the memory has a far range. */
static inline void physmem_write64(struct physmem *pm, uint64_t hpa,
				   uint64_t value)
{
	if (likely(hpa < pm->plain))
		memcpy(pm->base + hpa, &value, sizeof(value));
	else
		physmem_write_slow(pm, hpa, value, sizeof(value));
}

static inline void physmem_write32(struct physmem *pm, uint64_t hpa,
				   uint32_t value)
{
	if (likely(hpa < pm->plain))
		memcpy(pm->base + hpa, &value, sizeof(value));
	else
		physmem_write_slow(pm, hpa, value, sizeof(value));
}

/* @size bytes, all in one frame of the flat range. */
void physmem_copy_in(struct physmem *pm, uint64_t hpa, const void *from,
		     size_t size);

/*
 * Hand out RAM: @size bytes, aligned to @align (a power of two).  0 if there
 * is none left; frame 0 is never handed out.
 */
uint64_t physmem_alloc_ram(struct physmem *pm, uint64_t size, uint64_t align);

/* Fill [@hpa, @hpa + @size), whole frames, with zeroes. */
void physmem_clear(struct physmem *pm, uint64_t hpa, uint64_t size);

#endif
