/* SPDX-License-Identifier: MIT */
#include "mem/physmem_watch.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"

int physmem_watch_init(struct physmem_watch *watch, const struct physmem *pm,
		       struct tdp_error *err)
{
	size_t frames = (size_t)(pm->size >> 12);
	void *written = mmap(
		NULL, frames * sizeof(*watch->written), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (written == MAP_FAILED)
		return err_set(err, TDP_ENOMEM,
			       "cannot reserve notes about host memory");
	*watch = (struct physmem_watch){
		.written = written,
		.nr_frames = frames,
		.ram_start = pm->tables_end,
	};
	return TDP_OK;
}

void physmem_watch_finish(struct physmem_watch *watch)
{
	if (watch->written)
		munmap(watch->written,
		       watch->nr_frames * sizeof(*watch->written));
	free(watch->ram.items);
	free(watch->undo.items);
	*watch = (struct physmem_watch){ 0 };
}

void physmem_set_watch(struct physmem *pm, struct physmem_watch *watch)
{
	pm->watch = watch;
	pm->plain = watch ? 0 : physmem_plain(pm->size);
}

static void keep(struct physmem_watch *watch, struct physmem_lines *lines,
		 const struct physmem *pm, uint64_t hpa)
{
	if (lines->nr == lines->capacity) {
		size_t more = lines->capacity ? 2 * lines->capacity : 256;
		void *items = realloc(lines->items,
				      more * sizeof(*lines->items));

		if (!items) {
			watch->failed = true;
			return;
		}
		lines->items = items;
		lines->capacity = more;
	}
	lines->items[lines->nr].hpa = hpa;
	memcpy(lines->items[lines->nr++].old, pm->base + hpa, LINE_SIZE);
}

static void note_line(struct physmem_watch *watch, const struct physmem *pm,
		      uint64_t hpa)
{
	uint64_t bit = BIT(hpa % FRAME_SIZE / LINE_SIZE);
	uint64_t *written = &watch->written[hpa / FRAME_SIZE];

	if (hpa >= watch->ram_start && !(*written & bit))
		keep(watch, &watch->ram, pm, hpa);
	*written |= bit;
	keep(watch, &watch->undo, pm, hpa);
}

void physmem_note(struct physmem_watch *watch, const struct physmem *pm,
		  uint64_t hpa, uint64_t size)
{
	uint64_t line = align_down(hpa, LINE_SIZE);

	for (; line < hpa + size; line += LINE_SIZE)
		note_line(watch, pm, line);
}

/* Lines that the fill changes: those that were written, or all. */
static uint64_t lines_to_keep(const struct physmem *pm, uint64_t hpa,
			      uint64_t written, uint64_t value)
{
	unsigned int line;

	if (!~written)
		return written;
	line = (unsigned int)__builtin_ctzll(~written);
	if (physmem_read64(pm, hpa + LINE_SIZE * line) == value)
		return written;
	return UINT64_MAX;
}

void physmem_note_fill(struct physmem_watch *watch, const struct physmem *pm,
		       uint64_t hpa, uint64_t value)
{
	uint64_t *written = &watch->written[hpa / FRAME_SIZE];
	uint64_t lines = lines_to_keep(pm, hpa, *written, value);

	for (; lines; lines &= lines - 1)
		keep(watch, &watch->undo, pm,
		     hpa + LINE_SIZE * (unsigned int)__builtin_ctzll(lines));
	*written = 0;
}

static void clear_frame(struct physmem *pm, uint64_t hpa)
{
	static const uint8_t zero[LINE_SIZE];
	uint64_t end = hpa + FRAME_SIZE;

	for (; hpa < end; hpa += LINE_SIZE)
		if (memcmp(pm->base + hpa, zero, LINE_SIZE) != 0)
			physmem_copy_in(pm, hpa, zero, LINE_SIZE);
}

void physmem_watch_clear(struct physmem *pm, uint64_t hpa, uint64_t size)
{
	enum { STEP = 1024 };
	unsigned char resident[STEP];
	uint64_t end = hpa + size, nr, i;

	for (; hpa < end; hpa += nr * FRAME_SIZE) {
		nr = min_u64(STEP, (end - hpa) / FRAME_SIZE);
		if (mincore(pm->base + hpa, nr * FRAME_SIZE, resident))
			memset(resident, 1, sizeof(resident));
		for (i = 0; i < nr; i++)
			if (resident[i] & 1)
				clear_frame(pm, hpa + i * FRAME_SIZE);
	}
}

void physmem_undo(struct physmem_watch *watch, struct physmem *pm, size_t nr)
{
	while (watch->undo.nr > nr) {
		const struct physmem_line *line =
			&watch->undo.items[--watch->undo.nr];

		memcpy(pm->base + line->hpa, line->old, LINE_SIZE);
		watch->written[line->hpa / FRAME_SIZE] |= BIT(
			line->hpa % FRAME_SIZE / LINE_SIZE);
	}
}
