/* SPDX-License-Identifier: MIT */
/*
 * The baseline machine of the table of walk examples, and what a row changes
 * in it.  docs/vectors.md, "The baseline machine".
 */
#ifndef TDPSIM_SCENARIO_VECTOR_MACHINE_H
#define TDPSIM_SCENARIO_VECTOR_MACHINE_H

#include "scenario/vector_cursor.h"
#include "tdpsim/walk.h"

#define MACHINE_MAX_ENTRIES 64
#define MACHINE_NAME_SIZE   24

/* A paging-structure entry that rows know by name. */
struct machine_entry {
	char name[MACHINE_NAME_SIZE]; /* "PDE", "N3", "N1@4000" */
	uint64_t hpa;
	unsigned int bytes;
	uint64_t value;
	const char *at; /* in the row, if it changes the entry */
};

/* clang-format off */
enum machine_flag {
	FLAG_WP, FLAG_CD, FLAG_NXE, FLAG_PSE, FLAG_SMEP, FLAG_SMAP, FLAG_AC,
	FLAG_PKE, FLAG_PKRU, FLAG_PKS, FLAG_PKRS, FLAG_CET, FLAG_PAT,
	FLAG_MAXPA, FLAG_PSEW, FLAG_GB, FLAG_VA,
	FLAG_S2, FLAG_XO, FLAG_E2M, FLAG_E1G, FLAG_ADV, FLAG_EPTPWL,
	FLAG_EPTAD, FLAG_MBE, FLAG_SSS, FLAG_PWC, FLAG_GPV, FLAG_PML,
	FLAG_PMLIDX, FLAG_VECTL, FLAG_VEOK,
	FLAG_HNXE, FLAG_HSMEP, FLAG_HPAT, FLAG_GMET, FLAG_ROGPT, FLAG_SSSCHK,
	FLAG_MT_DEF, FLAG_MT_E,
	NR_FLAGS
};
/* clang-format on */

struct machine {
	const struct machine_mode *mode;
	uint64_t flag[NR_FLAGS];
	unsigned int nr_ranges; /* variable MTRRs set */

	struct tdp_walk_cpu cpu;
	struct tdp_mtrr mtrr;
	uint64_t next_table; /* where the next nested table goes */
	size_t nr_entries;
	struct machine_entry entry[MACHINE_MAX_ENTRIES];
	size_t nr_changes; /* entries that the row changes */
	struct machine_entry change[MACHINE_MAX_ENTRIES];
};

/* Reset @m to the baseline of the mode at the cursor. */
int machine_mode(struct machine *m, struct vector_cursor *c);

/* Read one delta: NAME=VALUE. */
int machine_delta(struct machine *m, struct vector_cursor *c);

/*
 * All deltas are read: write the tables to @memory and fill m->cpu.  PDPTE
 * registers hold what memory holds, unless the row is about to load them.
 */
int machine_build(struct machine *m, struct tdp_memory *memory,
		  bool loads_pdptes, const struct vector_cursor *c);

/* Linear address of the access, unless a row gives another. */
uint64_t machine_address(const struct machine *m);

/* The entry at @hpa; NULL if it has no name. */
const struct machine_entry *machine_entry_at(const struct machine *m,
					     uint64_t hpa);

#endif
