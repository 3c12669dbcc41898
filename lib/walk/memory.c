/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"
#include "walk/walker.h"

#define MAX_FLAT   BIT(46)
#define SMALL      BIT(16) /* bytes that are cleared faster than unmapped */
#define MEMORY_END BIT(52)

int tdp_memory_create(uint64_t flat, struct tdp_memory **memory,
		      struct tdp_error *err)
{
	struct tdp_memory *m;
	uint64_t size = 4 * FRAME_SIZE;
	int status;

	if (flat > MAX_FLAT)
		return err_set(err, TDP_EINVAL,
			       "flat memory of more than 2^46 bytes");
	while (size < flat)
		size *= 2;
	m = malloc(sizeof(*m));
	if (!m)
		return err_set(err, TDP_ENOMEM, "no memory for a memory");
	status = physmem_init(&m->pm, size, FRAME_SIZE, err);
	if (status) {
		free(m);
		return status;
	}
	physmem_far_init(&m->far, SIZE_MAX);
	m->pm.far = &m->far;
	*memory = m;
	return TDP_OK;
}

void tdp_memory_destroy(struct tdp_memory *memory)
{
	if (!memory)
		return;
	physmem_far_finish(&memory->far);
	physmem_finish(&memory->pm);
	free(memory);
}

/* Dropped pages of a private anonymous mapping read as zero again. */
void tdp_memory_clear(struct tdp_memory *memory)
{
	physmem_far_clear(&memory->far);
	if (memory->pm.size <= SMALL ||
	    madvise(memory->pm.base, memory->pm.size, MADV_DONTNEED))
		memset(memory->pm.base, 0, memory->pm.size);
}

static bool in_range(tdp_hpa hpa, size_t size)
{
	return size <= MEMORY_END && hpa.addr <= MEMORY_END - size;
}

/* The far range takes aligned words, so copies go through them. */
int tdp_memory_read(const struct tdp_memory *memory, tdp_hpa hpa, void *buf,
		    size_t size)
{
	uint8_t *out = buf;

	if (!in_range(hpa, size))
		return TDP_EINVAL;
	while (size) {
		const size_t skip = hpa.addr % 8;
		const size_t part = min_u64(8 - skip, size);
		const uint64_t word = physmem_read64(&memory->pm,
						     hpa.addr - skip);

		memcpy(out, (const uint8_t *)&word + skip, part);
		out += part;
		size -= part;
		hpa.addr += part;
	}
	return TDP_OK;
}

int tdp_memory_write(struct tdp_memory *memory, tdp_hpa hpa, const void *buf,
		     size_t size)
{
	const uint8_t *in = buf;

	if (!in_range(hpa, size))
		return TDP_EINVAL;
	memory->far.failed = false;
	while (size) {
		const size_t skip = hpa.addr % 8;
		const size_t part = min_u64(8 - skip, size);
		uint64_t word = physmem_read64(&memory->pm, hpa.addr - skip);

		memcpy((uint8_t *)&word + skip, in, part);
		physmem_write64(&memory->pm, hpa.addr - skip, word);
		in += part;
		size -= part;
		hpa.addr += part;
	}
	return memory->far.failed ? TDP_ENOMEM : TDP_OK;
}

uint64_t tdp_memory_read64(const struct tdp_memory *memory, tdp_hpa hpa)
{
	uint64_t value = 0;

	tdp_memory_read(memory, hpa, &value, sizeof(value));
	return value;
}

int tdp_memory_write64(struct tdp_memory *memory, tdp_hpa hpa, uint64_t value)
{
	return tdp_memory_write(memory, hpa, &value, sizeof(value));
}
