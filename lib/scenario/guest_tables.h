/* SPDX-License-Identifier: MIT */
/* Writing a guest's own page tables into its memory. */
#ifndef TDPSIM_SCENARIO_GUEST_TABLES_H
#define TDPSIM_SCENARIO_GUEST_TABLES_H

#include "scenario/modes.h"
#include "tdpsim/steps.h"

/* More leaf entries than this are refused: each is written one by one. */
#define GUEST_TABLES_MAX_PAGES 65536

struct guest_tables {
	const struct tdp_guest_memory *memory;
	unsigned int as;
	enum mode mode;
	uint64_t cr3;  /* of the topmost table */
	uint64_t next; /* where the next table goes */
	struct tdp_error *err;
};

struct guest_page {
	uint64_t gva;
	uint64_t gpa;
	uint64_t size;       /* of the range; a multiple of @page */
	uint64_t page;       /* bytes of one page */
	unsigned int rights; /* TDP_ACC_*; no READ: not present */
	uint64_t bits;       /* or-ed into the leaf entries */
};

/* An empty topmost table at @at, a multiple of 4 KiB. */
int guest_tables_start(struct guest_tables *gt, uint64_t at);

/*
 * Map a range.  Tables on the way allow all: rights are the leaf's.
 *
 * Return: TDP_OK; TDP_EINVAL for what the mode can't map, an address that is
 * mapped already, or memory that no slot holds.
 */
int guest_tables_map(struct guest_tables *gt, const struct guest_page *page);

#endif
