/* SPDX-License-Identifier: MIT */
/*
 * A guest with tables of every format, full of random entries: what random
 * tests of the shadow MMU run on.
 *
 *   gfn 0x000..0x0ff  slot 0: SMRAM lies here
 *       0x100..0x13f  slot 1: the guest's own tables, eight kinds in turn
 *       0x140..0x16f  slot 2: L1's nested tables, or the guest's own in SMM
 *       0x170..0x1ff  the same slot: pages
 *       0x200..0x3ff  slot 3: pages
 *
 * With SMM, address space 1 has slots 0, 2 and 3, and address space 0 has no
 * slot 2: KVM does not track writes to a table across address spaces.
 */
#ifndef TDPSIM_SUPPORT_WORLD_H
#define TDPSIM_SUPPORT_WORLD_H

#include "support/machine.h"

#define TABLES        UINT64_C(0x100)
#define NESTED_TABLES UINT64_C(0x140)
#define PAGES         UINT64_C(0x170)
#define LATER_PAGES   UINT64_C(0x200)
#define MORE_PAGES    UINT64_C(0x220) /* first frame behind those */
#define NR_SLOTS      4u
#define NR_GUESTS     2u

/* What a frame of tables holds, by its place among eight. */
enum table_kind {
	KIND_PT,
	KIND_PD,
	KIND_PDPT,
	KIND_PML4,
	KIND_PML5,
	KIND_PAE, /* four PDPTEs, which have no rights */
	KIND_PT32,
	KIND_PD32,
	NR_KINDS
};

enum paging {
	UNPAGED,
	PAGING_32BIT,
	PAGING_PAE,
	PAGING_LONG,
	PAGING_LA57,
	NR_PAGINGS
};

/* What runs in the two guest vCPUs; a third one, unpaged, edits tables. */
enum world_kind {
	WORLD_SHADOW, /* TDP is off */
	WORLD_NPT,    /* L2 in L1's nested tables */
	WORLD_EPT,
};

struct world_slot {
	uint64_t hva;
	bool exists, moved, readonly, logged;
};

struct world {
	struct machine m;
	uint64_t seed;
	enum world_kind kind;
	enum paging l1; /* WORLD_NPT: whose format nested tables have */
	bool smm;
	bool keys;     /* entries have protection keys */
	bool bad_bits; /* entries have reserved bits now and then */
	bool pse;      /* CR4.PSE, which the role of a page does not know */
	struct tdp_vcpu *guest[NR_GUESTS];
	struct tdp_vcpu *editor;
	struct world_slot slot[2][NR_SLOTS];
	struct tdp_memory *mirror[2]; /* see cold_walk.h */
	struct tdp_walker *cold[2];
};

/* Random ---------------------------------------------------------------------- */

uint64_t world_next(struct world *w);
uint64_t below(struct world *w, uint64_t n);
bool one_in(struct world *w, unsigned int n);

/* Tables ------------------------------------------------------------------------ */

/* False: @gfn holds no tables. */
bool kind_of(uint64_t gfn, enum table_kind *kind);
/* A frame of tables of @kind; now and then of another. */
uint64_t random_table(struct world *w, uint64_t region, enum table_kind kind);
/* What may be written at entry @index of the table @gfn. */
uint64_t random_entry(struct world *w, uint64_t gfn, unsigned int index);
/* An entry that walks come by. */
unsigned int random_index(struct world *w, uint64_t gfn);
/* Bytes of an entry in the table @gfn. */
unsigned int entry_size(uint64_t gfn);
/* A frame that entries of the last level may lead to. */
uint64_t random_page(struct world *w);
/* Fill tables with random entries, through userspace's mapping. */
void world_fill(struct world *w);

/* Registers ---------------------------------------------------------------------- */

/* A linear address that uses such entries; its page offset is one of theirs. */
uint64_t random_address(struct world *w, const struct tdp_vcpu *vcpu);
/* Registers of a mode, with a random CR3 and bits that may be either way. */
struct tdp_sregs random_sregs(struct world *w, enum paging paging, bool smm);
enum paging paging_of(const struct tdp_sregs *sregs);
uint64_t random_cr3(struct world *w, enum paging paging, bool smm);
/* EPTP12 or nCR3. */
uint64_t random_nested_root(struct world *w);

/* Slots ----------------------------------------------------------------------------- */

/* Make slot @id as w->slot says, or delete it. */
void world_set_slot(struct world *w, unsigned int as_id, unsigned int id);

#endif
