/* SPDX-License-Identifier: MIT */
/*
 * One access under way.
 *
 * walk.c composes the two stages and handles the common case in line; what an
 * uncommon entry means is decided by the ladders in guest.c, ept.c and npt.c.
 */
#ifndef TDPSIM_WALK_WALK_H
#define TDPSIM_WALK_WALK_H

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "walk/walker.h"

/* What the second stage made of one guest-physical address. */
struct nested {
	uint64_t hpa;
	uint64_t leaf;      /* last entry read; 0 without a second stage */
	uint64_t leaf_hpa;  /* where that entry lies */
	unsigned int level; /* of its table; 0: none was read */
	uint64_t rights;    /* AND of the entries' right bits */
	uint64_t upper;     /* the same without the leaf */
	unsigned int cache; /* PCD << 1 | PWT that govern the leaf's own type */
	bool no_execute;    /* nested tables: NX anywhere */
};

/* Right bits in struct nested when nothing is denied. */
#define EPT_ALL_RIGHTS (EPT_RWX | EPT_XU)
#define NPT_ALL_RIGHTS (PTE_RW | PTE_US)

/* A guest entry whose A or D flag is to be set, with its place. */
struct guest_slot {
	uint64_t gpa;
	struct nested at;
	unsigned int cache; /* PCD << 1 | PWT of the entry that led here */
};

/* What the guest's tables say about a page, all levels combined. */
struct page {
	bool us;
	bool rw;
	bool xd;
	bool upper_rw; /* R/W without the leaf */
	bool dirty;    /* D of the leaf */
	uint8_t key;
};

/* Entries that are never the common case, so that the ladders see them all. */
extern const struct common_cases walk_never;

struct walk {
	struct tdp_walker *w;
	const struct common_cases *common;
	struct tdp_walk_result *r;
	struct tdp_walk_log *log;
	struct tdp_tlb *tlb;
	bool dry;

	enum tdp_access_kind kind;
	enum privilege privilege;
	enum tdp_access_kind table_kind; /* of the walk's own accesses */
	unsigned int size;

	struct page page;
	bool uncommon;         /* a guest entry took the ladder */
	bool all_paging_write; /* PWA in every leaf that maps a guest table */
	uint8_t update;        /* bit n: slot[n] needs A or D */
	unsigned int cache;    /* PCD << 1 | PWT that governs the next table */
	unsigned int leaf_level; /* of the guest; 0: no paging */
	uint64_t leaf;
	uint64_t entry; /* the one that guest_step() judged last */

	/*
	 * Byte n counts the walks whose last entry was at level n; running
	 * sums give the entries read at each level.
	 */
	uint64_t guest_stops;
	uint64_t nested_stops;
	unsigned int pml_index;
	uint8_t nr_pdptes; /* read by the load of the PDPTE registers */
	struct nested at;  /* the latest second-stage walk by the ladder */
	struct guest_slot slot[NR_LEVELS];
};

static inline bool is_write(enum tdp_access_kind kind)
{
	return kind == TDP_WRITE || kind == TDP_RMW || kind == TDP_SS_WRITE;
}

static inline bool is_shadow_stack(enum tdp_access_kind kind)
{
	return kind == TDP_SS_READ || kind == TDP_SS_WRITE;
}

static inline bool is_data(enum tdp_access_kind kind)
{
	return kind != TDP_FETCH;
}

static inline void count_stop(uint64_t *stops, unsigned int level)
{
	assert(level < 8); /* a byte a level, one above the root for none */
	*stops += BIT(8 * level);
}

static inline enum tdp_walk_stage nested_stage(const struct walk *k)
{
	return k->w->cpu.stage2 == TDP_STAGE2_EPT ? TDP_WALK_EPT : TDP_WALK_NPT;
}

/* Note how the walk ends.  For a check that no entry decided, @level is 0. */
static inline bool walk_fail(struct walk *k, enum tdp_walk_outcome outcome,
			     enum tdp_walk_reason why, uint64_t info)
{
	k->r->outcome = outcome;
	k->r->reason = why;
	k->r->info = info;
	return false;
}

/* Right bits as tdp_walk_result has them; nested tables deny W and X only. */
static inline uint8_t nested_rights(const struct walk *k,
				    const struct nested *at)
{
	const uint64_t xu = k->w->ept.rules.mbe ? EPT_XU : EPT_X;

	if (k->w->cpu.stage2 == TDP_STAGE2_EPT)
		return (uint8_t)((at->rights & EPT_RWX) |
				 (at->rights & xu ? BIT(3) : 0));
	return (uint8_t)(BIT(0) | (at->rights & PTE_RW ? BIT(1) : 0) |
			 (at->no_execute ? 0 : BIT(2) | BIT(3)));
}

/* linear.c: LAM, canonicality, LASS.  False: a fault, which is noted. */
bool linear_check(struct walk *k, const struct tdp_walk_access *access,
		  uint64_t *la);

/* rights.c: may the guest do this to that page?  NONE: it may. */
enum tdp_walk_reason rights_decide(const struct tdp_walk_cpu *cpu,
				   enum tdp_access_kind kind,
				   enum privilege privilege,
				   const struct page *page);
bool rights_check(struct walk *k);
/* @code: of P, RSVD, PK; the rest follows from the access. */
bool page_fault(struct walk *k, enum tdp_walk_reason why, uint64_t code);

/*
 * guest.c: what an uncommon entry of the guest means.  It lies at k->at.hpa,
 * the place of guest-physical @gpa; its value is left in k->entry.
 */
enum step { STEP_FAULT, STEP_TABLE, STEP_LEAF };
enum step guest_step(struct walk *k, unsigned int level, uint64_t gpa);
bool guest_pdpte_register(struct walk *k, uint64_t la, uint64_t *table);
/* Set the A and D flags that are due. */
bool guest_update(struct walk *k);
/* The address that the guest's leaf gives @la, and log2 of the page's size. */
uint64_t guest_address(const struct walk *k, uint64_t la);
unsigned int guest_leaf_shift(const struct walk *k);

/* pte.c: NONE, or a reason counted from @absent, the stage's first. */
enum tdp_walk_reason pte_classify(const struct pte_format *format,
				  uint64_t entry, unsigned int level,
				  enum tdp_walk_reason absent, bool *leaf);

/*
 * ept.c, npt.c: a whole walk of the second stage by the ladder.  @target is
 * the level of the guest table that is being found, 0 for the final address.
 * False: an exit, which is noted.
 */
bool ept_walk(struct walk *k, uint64_t gpa, enum purpose purpose,
	      unsigned int target, struct nested *at);
bool npt_walk(struct walk *k, uint64_t gpa, enum purpose purpose,
	      unsigned int target, struct nested *at);
/* Would a walk with this result allow the access, and have no flag to set? */
bool ept_passes(struct walk *k, uint64_t gpa, enum purpose purpose,
		const struct nested *at);
bool npt_passes(const struct walk *k, enum purpose purpose,
		const struct nested *at);
/* May, and does, the second stage let A or D of a guest entry be set? */
bool ept_update(struct walk *k, const struct guest_slot *slot,
		unsigned int target);
bool npt_update(struct walk *k, const struct guest_slot *slot,
		unsigned int target);
/* ept_exit.c */
bool ept_fail(struct walk *k, uint64_t gpa, enum purpose purpose,
	      unsigned int target, const struct nested *at,
	      enum tdp_walk_reason why);

/* spp.c: may the sub-page permissions let this write through? */
enum tdp_walk_reason spp_decide(struct walk *k, uint64_t gpa);

/* record.c: references, writes, PML. */
uint64_t entry_read(const struct walk *k, uint64_t hpa, unsigned int bytes);
/* The same by a locked access, which no page-walk cache serves. */
uint64_t entry_current(const struct walk *k, uint64_t hpa, unsigned int bytes);
void entry_write(struct walk *k, const struct tdp_walk_ref *ref);
static inline void log_ref(struct walk *k, const struct tdp_walk_ref *ref)
{
	if (unlikely(k->log)) {
		if (k->log->count < k->log->capacity)
			k->log->refs[k->log->count] = *ref;
		k->log->count++;
	}
}
void pml_append(struct walk *k, uint64_t gpa);
void ve_area_write(struct walk *k);

/* One address through the second stage, by the ladder. */
bool nested_walk_slow(struct walk *k, uint64_t gpa, enum purpose purpose,
		      unsigned int target, struct nested *at);
/* Note that @gpa, a page of whatever size, was reached at k->at. */
void walk_success(struct walk *k, uint64_t gpa);

/* types.c: memory types of references, and of the access. */
enum tdp_memtype guest_ref_type(const struct walk *k, const struct nested *at,
				unsigned int cache);
enum tdp_memtype ept_ref_type(const struct walk *k);
enum tdp_memtype npt_ref_type(const struct walk *k, uint64_t hpa,
			      unsigned int cache);
void final_type(struct walk *k, uint64_t nested_leaf,
		unsigned int nested_level);
/* Of the common page: a 4 KiB page of the guest on a WB leaf of EPT. */
enum tdp_memtype common_type(const struct tdp_walk_cpu *cpu,
			     enum tdp_memtype pat);
/* PAT << 2 | PCD << 1 | PWT of a leaf; a large page has its PAT bit at 12. */
static inline unsigned int leaf_type_bits(uint64_t leaf, unsigned int level)
{
	const bool pat = leaf & (level == 1 ? PTE_PAT : PTE_PAT_LARGE);

	return (pat ? 4 : 0) | (unsigned int)field_get(PTE_CACHE, leaf);
}

#endif
