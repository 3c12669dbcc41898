/* SPDX-License-Identifier: MIT */
/*
 * The walker: registers, and what follows from them, worked out once so that
 * a walk only compares.
 */
#ifndef TDPSIM_WALK_WALKER_H
#define TDPSIM_WALK_WALKER_H

#include "mem/physmem.h"
#include "mem/physmem_far.h"
#include "tdpsim/walk.h"
#include "walk/geometry.h"
#include "walk/layout.h"

#define NR_LEVELS (TDP_WALK_MAX_LEVELS + 1) /* indexed from 1 */

struct tdp_memory {
	struct physmem pm;
	struct physmem_far far;
};

/* Whose access: the columns of the manual's access-rights rules. */
enum privilege {
	USER, /* at CPL 3, and WRUSS */
	SUPERVISOR,
	IMPLICIT, /* supervisor, whatever the CPL */
	NR_PRIVILEGES
};

/* What the second stage translates an address for. */
enum purpose {
	FOR_TABLE,  /* a guest entry is about to be read */
	FOR_UPDATE, /* A or D of a guest entry is about to be set */
	FOR_PDPTES, /* MOV to CR loads the PDPTE registers */
	FOR_FINAL,
};

/*
 * The common case of an entry, told by one comparison: present, all rights,
 * no reserved bit, A (and D) set if they matter, and for entries of the flat
 * memory range also: the next table lies in it.  Whatever else an entry may
 * be, it takes the full ladder.
 */
struct common {
	uint64_t mask;
	uint64_t want;
};

/* Which leaf of the second stage: what the access may have to change. */
enum nested_leaf {
	LEAF_TABLE, /* holds a guest table */
	LEAF_READ,  /* final address, read or fetched from */
	LEAF_WRITE, /* final address, written */
	NR_NESTED_LEAVES
};

struct common_cases {
	struct common guest[NR_LEVELS];
	struct common guest_leaf[2]; /* by: is it a write? */
	struct common nested[NR_LEVELS];
	struct common nested_leaf[NR_NESTED_LEAVES];
	struct common nested_large[4][NR_NESTED_LEAVES]; /* levels 2 and 3 */
};

/* An ordinary page-table format with its reserved bits, by [level][leaf]. */
struct pte_format {
	struct pte_rules rules;
	bool maps_page[NR_LEVELS];
	uint64_t reserved[NR_LEVELS][2];
};

struct ept_format {
	struct ept_rules rules;
	bool exec_only;
	bool advanced; /* qualification bits 11:9 */
	bool maps_page[NR_LEVELS];
	uint64_t reserved[NR_LEVELS][2];
};

struct walk;
typedef void (*walk_engine)(struct walk *walk, uint64_t la);

struct tdp_walker {
	struct tdp_walk_cpu cpu;
	struct physmem *pm;

	/* The linear address. */
	bool plain_linear;         /* only canonicality is to be checked */
	unsigned int linear_width; /* 32, 48 or 57 */

	/* The guest's tables. */
	enum mode mode;
	uint64_t counted;        /* bytes 1..levels are FFh */
	uint64_t root;           /* guest-physical; PAE: of the PDPT */
	unsigned int root_cache; /* PCD << 1 | PWT */
	struct pte_format guest;
	bool long_mode;
	uint8_t common_allowed[NR_PRIVILEGES]; /* bits by access kind */

	/* The second stage. */
	enum mode nested_mode;
	uint64_t nested_counted;
	uint8_t common_type
		[8]; /* by PAT << 2 | PCD << 1 | PWT; EPT leaf is WB */
	uint64_t nested_root;
	uint64_t flat_root; /* the same, or 0 where no entry is common */
	struct ept_format ept;
	struct pte_format npt;
	bool pml;
	bool gmet;
	bool rogpt;
	bool ssscheck;
	enum tdp_access_kind table_kind; /* how a walk accesses tables */

	uint64_t pml_base;
	unsigned int pml_index;

	struct tdp_tlb *tlb; /* NULL: walks remember nothing */
	uint16_t vpid;

	walk_engine engine;
	struct common_cases common;
};

/*
 * Internal users keep a walker in their own memory and load registers that
 * they know to be possible; walker_load() allocates nothing.
 */
void walker_init(struct tdp_walker *w, struct physmem *pm);
void walker_load(struct tdp_walker *w, const struct tdp_walk_cpu *cpu);

/* Choose the engine for the registers that are loaded, and for @tlb. */
void walker_use_tlb(struct tdp_walker *w, struct tdp_tlb *tlb);

/* The paging mode that registers select; SDM: "Paging-Mode Enabling". */
enum mode paging_mode(uint64_t cr0, uint64_t cr4, uint64_t efer);

/* Reserved bits of PDPTE @value, if it is present. */
uint64_t pdpte_reserved(unsigned int maxphyaddr, uint64_t value);

/* Has this processor PDPTE registers, or does it read PDPTEs on each walk? */
bool has_pdpte_registers(const struct tdp_walk_cpu *cpu);

static inline bool has_feature(const struct tdp_walk_cpu *cpu,
			       enum tdp_feature feature)
{
	return cpu->features & feature;
}

#endif
