/* SPDX-License-Identifier: MIT */
/*
 * What a processor remembers of its walks: TLB, paging-structure caches,
 * their counterparts of the second stage, and AMD's page-walk cache.
 *
 * Without one attached, a walker remembers nothing.  With one, a change of
 * the tables takes effect when the manuals say that it must, not before:
 * TDP_WALK_CHECK_STALE tells when a result rests on what was there earlier.
 *
 * SDM: "Caching Translation Information" (3A, 3C); APM 2: "Translation-
 * Lookaside Buffer (TLB)", "TLB Management" under SVM.
 */
#ifndef TDPSIM_TLB_H
#define TDPSIM_TLB_H

#include "walk.h"

#ifdef __cplusplus
extern "C" {
#endif

/** enum tdp_replacement - which way of a full set is given up */
enum tdp_replacement {
	TDP_REPLACE_LRU,    /* least recently used */
	TDP_REPLACE_FIFO,   /* first filled */
	TDP_REPLACE_RANDOM, /* by the configuration's seed */
};

/**
 * struct tdp_cache_shape - size of one structure
 * @sets: any number, not only powers of two; 0: the processor has none
 * @ways: lines of a set, at least 1 if @sets is not 0
 * @replacement: which line of a full set makes room
 *
 * At most 2^20 lines.
 */
struct tdp_cache_shape {
	unsigned int sets;
	unsigned int ways;
	enum tdp_replacement replacement;
};

/*	X(name, spelling, what a line holds) */
#define TDP_TLB_PART_LIST(X)                                                \
	X(TLB, "tlb", "linear page to physical page, both stages")          \
	X(PDE, "pde", "LA[47:21] to the page table")                        \
	X(PDPTE, "pdpte", "LA[47:30] to the page directory")                \
	X(PML4E, "pml4e", "LA[47:39] to the page-directory-pointer table")  \
	X(PML5E, "pml5e", "LA[56:48] to the PML4 table")                    \
	X(NESTED_TLB, "nested_tlb", "guest-physical page to physical page") \
	X(NESTED_PDE, "nested_pde",                                         \
	  "GPA[47:21] to the second stage's page table")                    \
	X(NESTED_PDPTE, "nested_pdpte",                                     \
	  "GPA[47:30] to the second stage's page directory")                \
	X(NESTED_PML4E, "nested_pml4e", "GPA[47:39], one level up")         \
	X(NESTED_PML5E, "nested_pml5e", "GPA[56:48], one level up")         \
	X(PAGE_WALK, "page_walk",                                           \
	  "physical address of an entry to its value (AMD)")

/** enum tdp_tlb_part - the structures */
enum tdp_tlb_part {
#define X(name, text, about) TDP_TLB_PART_##name,
	TDP_TLB_PART_LIST(X)
#undef X
		TDP_NR_TLB_PARTS
};

/** tdp_tlb_part_name() - "tlb", "pde", ...; "?" for a value without a name */
TDP_API const char *tdp_tlb_part_name(enum tdp_tlb_part part);

/**
 * struct tdp_tlb_config - a processor's structures
 * @part: size of each; all zero: none
 * @seed: for random replacement; 0 stands for 1
 */
struct tdp_tlb_config {
	struct tdp_cache_shape part[TDP_NR_TLB_PARTS];
	uint64_t seed;
};

/**
 * struct tdp_tlb_stats - counts of one structure since it was created
 * @hits, @misses: lookups
 * @fills:         lines written
 * @evictions:     of them: lines that another valid one had to leave for
 * @valid:         lines in use now
 */
struct tdp_tlb_stats {
	uint64_t hits;
	uint64_t misses;
	uint64_t fills;
	uint64_t evictions;
	unsigned int valid;
};

struct tdp_tlb;

/**
 * tdp_tlb_create() - structures of a processor, empty
 *
 * Return: TDP_OK; TDP_EINVAL for a shape without ways or too large;
 * TDP_ENOMEM.
 */
TDP_API int tdp_tlb_create(const struct tdp_tlb_config *config,
			   struct tdp_tlb **tlb, struct tdp_error *err);

/** tdp_tlb_destroy() - free; NULL is allowed; no walker may have it attached */
TDP_API void tdp_tlb_destroy(struct tdp_tlb *tlb);

/**
 * tdp_walker_attach_tlb() - let walks use and fill @tlb from now on
 * @tlb:  borrowed; NULL: walks remember nothing
 * @vpid: VPID, or ASID, that the processor runs under; 0: none (the host)
 *
 * Walks with TDP_WALK_DRY look up, but fill and count nothing.
 */
TDP_API void tdp_walker_attach_tlb(struct tdp_walker *walker,
				   struct tdp_tlb *tlb, uint16_t vpid);

/** tdp_tlb_get_stats() - counts of @part */
TDP_API void tdp_tlb_get_stats(const struct tdp_tlb *tlb,
			       enum tdp_tlb_part part,
			       struct tdp_tlb_stats *stats);

/*	X(name, spelling, which fields it takes) */
#define TDP_FLUSH_LIST(X)                                           \
	X(INVLPG, "invlpg", "address")                              \
	X(INVPCID_ADDRESS, "invpcid_address", "pcid, address")      \
	X(INVPCID_CONTEXT, "invpcid_context", "pcid")               \
	X(INVPCID_ALL_GLOBAL, "invpcid_all_global", "")             \
	X(INVPCID_ALL, "invpcid_all", "")                           \
	X(INVVPID_ADDRESS, "invvpid_address", "vpid, address")      \
	X(INVVPID_CONTEXT, "invvpid_context", "vpid")               \
	X(INVVPID_ALL, "invvpid_all", "")                           \
	X(INVVPID_KEEP_GLOBAL, "invvpid_keep_global", "vpid")       \
	X(INVEPT_CONTEXT, "invept_context", "root")                 \
	X(INVEPT_ALL, "invept_all", "")                             \
	X(INVLPGA, "invlpga", "vpid, address")                      \
	X(TLB_CONTROL_ALL, "tlb_control_all", "")                   \
	X(TLB_CONTROL_ASID, "tlb_control_asid", "vpid")             \
	X(TLB_CONTROL_NON_GLOBAL, "tlb_control_non_global", "vpid") \
	X(VM_TRANSITION, "vm_transition", "")

/**
 * enum tdp_flush_kind - instructions and events that invalidate
 *
 * INVPCID_ALL_GLOBAL is type 2, INVPCID_ALL (without globals) type 3.
 * TLB_CONTROL_* are VMRUN's values 1, 3, 7.  VM_TRANSITION is a VM entry or
 * exit with VPIDs off.
 */
enum tdp_flush_kind {
#define X(name, text, fields) TDP_FLUSH_##name,
	TDP_FLUSH_LIST(X)
#undef X
		TDP_NR_FLUSHES
};

/** tdp_flush_name() - "invlpg", ...; "?" for a value without a name */
TDP_API const char *tdp_flush_name(enum tdp_flush_kind kind);

/**
 * struct tdp_flush - one invalidation
 * @kind:    which
 * @address: linear address
 * @pcid:    process-context identifier
 * @vpid:    VPID or ASID
 * @root:    EPT pointer; bits 51:12 count
 */
struct tdp_flush {
	enum tdp_flush_kind kind;
	tdp_gva address;
	uint16_t pcid;
	uint16_t vpid;
	uint64_t root;
};

/**
 * tdp_walker_flush() - invalidate, as the processor of @walker does it
 *
 * "Current" VPID, PCID and EPT root are those of the walker.  Invalidates what
 * the manuals say must be, and no more: what else a real processor may drop is
 * not modelled.  Without a TLB attached nothing happens.
 */
TDP_API void tdp_walker_flush(struct tdp_walker *walker,
			      const struct tdp_flush *flush);

/**
 * tdp_walker_mov_cr() - MOV to CR0, CR3 or CR4, with the invalidation it implies
 * @cr:    0, 3 or 4
 * @value: source operand; bit 63 for CR3 with CR4.PCIDE=1 keeps what is cached
 *
 * SDM: "Operations that Invalidate TLBs and Paging-Structure Caches".  PDPTE
 * registers are not loaded: tdp_walk_load_pdptes().  CR0.PG switches EFER.LMA.
 *
 * Return: TDP_OK; TDP_EINVAL with the rule's name where the instruction raises
 * #GP(0); nothing has changed then.
 */
TDP_API int tdp_walker_mov_cr(struct tdp_walker *walker, unsigned int cr,
			      uint64_t value, struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
