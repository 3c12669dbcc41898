/* SPDX-License-Identifier: MIT */
/*
 * Stores to host-physical memory, noted while somebody wants to take them
 * back: which lines of 64 bytes were written, and what they held before.
 *
 * While nobody does, a store costs what it costs without this.
 */
#ifndef TDPSIM_MEM_PHYSMEM_WATCH_H
#define TDPSIM_MEM_PHYSMEM_WATCH_H

#include "mem/physmem.h"

#define LINE_SIZE       64u
#define LINES_PER_FRAME (FRAME_SIZE / LINE_SIZE)

/* A line as it was: before a store, or before the first one ever. */
struct physmem_line {
	uint64_t hpa;
	uint8_t old[LINE_SIZE];
};

struct physmem_lines {
	struct physmem_line *items;
	size_t nr, capacity;
};

struct physmem_watch {
	/* By frame: lines that may hold something.  Reserved, not used. */
	uint64_t *written;
	size_t nr_frames;
	uint64_t ram_start;        /* lines from here on are kept in ram */
	struct physmem_lines ram;  /* each once, as it was at the start */
	struct physmem_lines undo; /* newest last */
	bool failed;               /* no memory: the notes are incomplete */
};

int physmem_watch_init(struct physmem_watch *watch, const struct physmem *pm,
		       struct tdp_error *err);
void physmem_watch_finish(struct physmem_watch *watch);

/* Let stores to @pm go through @watch from now on; NULL: no longer. */
void physmem_set_watch(struct physmem *pm, struct physmem_watch *watch);

/* @size bytes at @hpa, in one frame, are about to be overwritten. */
void physmem_note(struct physmem_watch *watch, const struct physmem *pm,
		  uint64_t hpa, uint64_t size);

/*
 * A frame of page tables is about to be filled with words of @value: none of its
 * lines holds anything afterwards.  Lines that were not written hold what the
 * frame was filled with before, which differs by the kind of the table.
 */
void physmem_note_fill(struct physmem_watch *watch, const struct physmem *pm,
		       uint64_t hpa, uint64_t value);

/* Whole frames become zero; those that never held anything are not touched. */
void physmem_watch_clear(struct physmem *pm, uint64_t hpa, uint64_t size);

/* Take back all stores behind the first @nr of watch->undo. */
void physmem_undo(struct physmem_watch *watch, struct physmem *pm, size_t nr);

#endif
