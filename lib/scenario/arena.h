/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once: what one scenario's text turns into.
 *
 * A load that fails half-way has nothing to unwind but its arena.
 */
#ifndef TDPSIM_SCENARIO_ARENA_H
#define TDPSIM_SCENARIO_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
};

#define ARENA_INIT   \
	{            \
		NULL \
	}

/* Zeroed, aligned for any type; NULL when memory runs out. */
void *arena_alloc(struct arena *arena, size_t size);

/* A NUL-terminated copy of @size bytes. */
char *arena_text(struct arena *arena, const char *text, size_t size);

/* Frees all; the arena is empty and can be used again. */
void arena_finish(struct arena *arena);

/* Take over what @from has; it is empty then. */
void arena_adopt(struct arena *to, struct arena *from);

#endif
