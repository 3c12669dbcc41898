/* SPDX-License-Identifier: MIT */
#include "mem/physmem_far.h"

#include <stdlib.h>

#define MIN_SLOTS 64

struct far_frame {
	uint64_t frame;         /* host-physical address / 4096 */
	struct far_frame *next; /* in the list of unused frames */
	uint8_t data[FRAME_SIZE];
};

void physmem_far_init(struct physmem_far *far, size_t max_frames)
{
	*far = (struct physmem_far){ .max_frames = max_frames };
}

void physmem_far_finish(struct physmem_far *far)
{
	physmem_far_clear(far);
	while (far->unused) {
		struct far_frame *f = far->unused;

		far->unused = f->next;
		free(f);
	}
	free(far->slot);
	*far = (struct physmem_far){ 0 };
}

void physmem_far_clear(struct physmem_far *far)
{
	for (size_t i = 0; far->nr_frames && i < far->nr_slots; i++) {
		struct far_frame *f = far->slot[i];

		if (!f)
			continue;
		f->next = far->unused;
		far->unused = f;
		far->slot[i] = NULL;
		far->nr_frames--;
	}
	far->failed = false;
}

/* Where @frame is, or would be. */
static size_t slot_of(const struct physmem_far *far, uint64_t frame)
{
	const size_t mask = far->nr_slots - 1;
	/* Multiplicative hash (Knuth): neighbours must not share a slot. */
	size_t i = (frame * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (far->slot[i] && far->slot[i]->frame != frame)
		i = (i + 1) & mask;
	return i;
}

static struct far_frame *find(const struct physmem_far *far, uint64_t hpa)
{
	if (!far || !far->nr_frames)
		return NULL;
	return far->slot[slot_of(far, hpa / FRAME_SIZE)];
}

/* Keep at least half of the slots free. */
static bool make_room(struct physmem_far *far)
{
	struct physmem_far bigger = *far;

	if (2 * (far->nr_frames + 1) <= far->nr_slots)
		return true;
	bigger.nr_slots = far->nr_slots ? 2 * far->nr_slots : MIN_SLOTS;
	bigger.slot = calloc(bigger.nr_slots, sizeof(*bigger.slot));
	if (!bigger.slot)
		return false;
	for (size_t i = 0; i < far->nr_slots; i++) {
		struct far_frame *f = far->slot[i];

		if (f)
			bigger.slot[slot_of(&bigger, f->frame)] = f;
	}
	free(far->slot);
	*far = bigger;
	return true;
}

static struct far_frame *frame_new(struct physmem_far *far)
{
	struct far_frame *f = far->unused;

	if (f)
		far->unused = f->next;
	else
		f = malloc(sizeof(*f));
	if (f)
		memset(f->data, 0, sizeof(f->data));
	return f;
}

static struct far_frame *insert(struct physmem_far *far, uint64_t hpa)
{
	struct far_frame *f;

	if (far->nr_frames >= far->max_frames || !make_room(far))
		return NULL;
	f = frame_new(far);
	if (!f)
		return NULL;
	f->frame = hpa / FRAME_SIZE;
	far->slot[slot_of(far, f->frame)] = f;
	far->nr_frames++;
	return f;
}

uint64_t physmem_far_read(const struct physmem *pm, uint64_t hpa, size_t size)
{
	const struct far_frame *f;
	uint64_t value = 0;

	if (!pm->far)
		return UINT64_MAX >> (64 - 8 * size);
	assert(hpa % FRAME_SIZE + size <= FRAME_SIZE);
	f = find(pm->far, hpa);
	if (f)
		memcpy(&value, f->data + hpa % FRAME_SIZE, size);
	return value;
}

void physmem_far_write(struct physmem *pm, uint64_t hpa, uint64_t value,
		       size_t size)
{
	struct far_frame *f;

	if (!pm->far)
		return;
	assert(hpa % FRAME_SIZE + size <= FRAME_SIZE);
	f = find(pm->far, hpa);
	if (!f)
		f = insert(pm->far, hpa);
	if (f)
		memcpy(f->data + hpa % FRAME_SIZE, &value, size);
	else
		pm->far->failed = true;
}
