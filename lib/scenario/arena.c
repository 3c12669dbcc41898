/* SPDX-License-Identifier: MIT */
#include "scenario/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

#define BLOCK_BYTES ((size_t)16 << 10)

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	max_align_t bytes[];
};

static struct arena_block *block_add(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size < BLOCK_BYTES)
		size = BLOCK_BYTES;
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *bytes;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = align_up(size, sizeof(max_align_t));
	if (!block || block->size - block->used < size)
		block = block_add(arena, size);
	if (!block)
		return NULL;
	bytes = (char *)block->bytes + block->used;
	block->used += size;
	return bytes;
}

char *arena_text(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

void arena_finish(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
}

void arena_adopt(struct arena *to, struct arena *from)
{
	struct arena_block **end = &from->blocks;

	while (*end)
		end = &(*end)->next;
	*end = to->blocks;
	to->blocks = from->blocks;
	from->blocks = NULL;
}
