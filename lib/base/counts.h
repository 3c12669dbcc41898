/* SPDX-License-Identifier: MIT */
/* Counters by 64-bit key; a key that is absent counts 0. */
#ifndef TDPSIM_BASE_COUNTS_H
#define TDPSIM_BASE_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counts_slot {
	uint64_t key;
	uint32_t count;
	bool used;
};

struct counts {
	struct counts_slot *slots;
	size_t nr, capacity; /* capacity: 0 or a power of two */
};

void counts_finish(struct counts *counts);
uint32_t counts_get(const struct counts *counts, uint64_t key);
/* False: no memory, nothing changed.  A count never falls below 0. */
bool counts_add(struct counts *counts, uint64_t key, int by);

#endif
