/* SPDX-License-Identifier: MIT */
/*
 * Random machines: a processor with random controls, a guest with random
 * tables, a second stage with random rights.  Generous enough for most accesses
 * to complete, mean enough for every check to fire now and then.
 */
#ifndef TESTS_PROP_RANDOM_MACHINE_H
#define TESTS_PROP_RANDOM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "tdpsim/walk.h"

#define RANDOM_MAX_SLOTS    1200
#define RANDOM_NR_ADDRESSES 6

/* Guest-physical memory is 4 MiB, host-physical from @offset on. */
#define RANDOM_GUEST_SIZE UINT64_C(0x400000)
#define RANDOM_OFFSET     UINT64_C(0x1000000)

enum random_paging {
	PAGING_NONE,
	PAGING_32,
	PAGING_PAE,
	PAGING_4,
	PAGING_5,
	NR_PAGINGS
};

/* A paging-structure entry in host-physical memory. */
struct random_slot {
	uint64_t hpa;
	uint64_t value; /* as the machine was made */
	unsigned int bytes;
	bool leaf;
	bool pdpte; /* of PAE paging: has no rights and no A */
};

struct random_slots {
	unsigned int count;
	struct random_slot slot[RANDOM_MAX_SLOTS];
};

struct random_machine {
	uint64_t rng;
	struct tdp_memory *memory;
	struct tdp_walker *walker;
	enum random_paging paging;
	struct tdp_walk_cpu cpu;
	uint64_t offset;           /* host-physical of guest-physical 0 */
	uint64_t next_guest_table; /* guest-physical */
	struct random_slots guest;
	struct random_slots nested;
	uint64_t address[RANDOM_NR_ADDRESSES]; /* linear, mapped or nearly */
};

bool random_machine_init(struct random_machine *m, uint64_t seed);
void random_machine_finish(struct random_machine *m);

/* 0 .. @n - 1 */
uint64_t random_below(struct random_machine *m, uint64_t n);
bool random_percent(struct random_machine *m, unsigned int percent);

/* A new machine, whose registers a processor can have, loaded in the walker. */
void random_machine_make(struct random_machine *m, enum tdp_vendor vendor,
			 enum tdp_stage2 stage2);

/*
 * The same guest on a second stage that maps every address to itself and
 * grants everything; or with none.
 */
void random_machine_make_identity(struct random_machine *m,
				  enum tdp_vendor vendor);

void random_access(struct random_machine *m, struct tdp_walk_access *access);

/* Load @cpu, which must be possible. */
void random_machine_load(struct random_machine *m,
			 const struct tdp_walk_cpu *cpu);

/* Set and clear bits in all entries of a list, or put the old values back. */
void slots_change(struct random_machine *m, const struct random_slots *slots,
		  uint64_t set, uint64_t clear);
void slots_change_leaves(struct random_machine *m,
			 const struct random_slots *slots, uint64_t set);
void slots_restore(struct random_machine *m, const struct random_slots *slots);

/* After walks that were not dry: memory and registers as they were made. */
void random_machine_rewind(struct random_machine *m);

/* Do all entries of both lists have the values they were made with? */
bool random_machine_is_unchanged(const struct random_machine *m);

/* The second stage's leaf for @gpa, if there is one. */
uint64_t random_nested_leaf(const struct random_machine *m, uint64_t gpa);

/* The bits that all second-stage entries above that leaf have. */
uint64_t random_nested_upper(const struct random_machine *m, uint64_t gpa);

/* Does the sub-page permission table allow a write to @gpa? */
bool random_subpage_writable(const struct random_machine *m, uint64_t gpa);

#endif
