/* SPDX-License-Identifier: MIT */
/*
 * What the hardware does with one memory access: the guest's page tables,
 * EPT or nested page tables under them, every check, every reference.
 *
 *   cpu + memory -> walker;  walker + access -> result (+ log)
 *
 * A walker belongs to one thread at a time.  Nothing here allocates after
 * tdp_walker_set_cpu().
 */
#ifndef TDPSIM_WALK_H
#define TDPSIM_WALK_H

#include "walk_cpu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a walk gives -------------------------------------------------------- */

/*	X(name, spelling, what it means) */
/* clang-format off */
#define TDP_WALK_OUTCOME_LIST(X)					\
	X(OK,		"ok",		"the access completes")		\
	X(PF,		"#PF",		"page fault, to the guest")	\
	X(GP,		"#GP",		"general protection, to the guest") \
	X(SS,		"#SS",		"stack fault, to the guest")	\
	X(EPT_VIOLATION, "ept_violation", "VM exit 48")			\
	X(EPT_MISCONFIG, "ept_misconfig", "VM exit 49")			\
	X(VE,		"#VE",		"virtualization exception, to the guest") \
	X(PML_FULL,	"pml_full",	"VM exit 62, or VMEXIT_PML_FULL") \
	X(SPP_EVENT,	"spp_event",	"VM exit 66")			\
	X(NPF,		"npf",		"VMEXIT_NPF")
/* clang-format on */

/** enum tdp_walk_outcome - how a walk ends */
/* clang-format off */
enum tdp_walk_outcome {
#define X(name, text, about) TDP_WALK_##name,
	TDP_WALK_OUTCOME_LIST(X)
#undef X
	TDP_NR_WALK_OUTCOMES
};
/* clang-format on */

/* Titles of the sections that the reasons below rest on. */
#define TDP_SRC_CANON  "SDM: Canonical Addressing"
#define TDP_SRC_LASS   "SDM: Linear-Address-Space Separation"
#define TDP_SRC_PTE    "SDM: Page-Fault Exceptions"
#define TDP_SRC_RSVD   "SDM: Hierarchical Paging Structures"
#define TDP_SRC_AMD    "APM 2: Long-Mode Page Translation"
#define TDP_SRC_PSE36  "SDM: 32-Bit Paging"
#define TDP_SRC_PDPTE  "SDM: PDPTE Registers"
#define TDP_SRC_RIGHTS "SDM: Determination of Access Rights"
#define TDP_SRC_KEYS   "SDM: Protection Keys"
#define TDP_SRC_MISC   "SDM: EPT Misconfigurations"
#define TDP_SRC_VIOL   "SDM: EPT Violations"
#define TDP_SRC_EPT_AD "SDM: Accessed and Dirty Flags for EPT"
#define TDP_SRC_PML    "SDM: Page-Modification Logging"
#define TDP_SRC_SPP    "SDM: Sub-Page Write Permissions"
#define TDP_SRC_NPT    "APM 2: Nested Page Table Walk"
#define TDP_SRC_GMET   "APM 2: Guest Mode Execute Trap Extension"
#define TDP_SRC_SSS    "APM 2: Supervisor Shadow Stack"
#define TDP_SRC_APML   "APM 2: Page Modification Logging"

/*
 *	X(name, spelling, which check decided, source)
 *
 * One reason a check.  G_ are of the guest's tables, E_ of EPT, N_ of nested
 * tables.  EPT violations and nested faults on a guest table have their own.
 */
/* clang-format off */
#define TDP_WALK_REASON_LIST(X)						\
	X(NONE,		"none",		"nothing stood in the way", "") \
	/* the linear address */					\
	X(NOT_CANONICAL, "not_canonical", "the upper address bits differ", TDP_SRC_CANON) \
	X(LASS_USER,	"lass_user",	"user access to the supervisor half", TDP_SRC_LASS) \
	X(LASS_FETCH,	"lass_fetch",	"supervisor fetch from the user half", TDP_SRC_LASS) \
	X(LASS_DATA,	"lass_data", \
	  "supervisor data access to the user half, under SMAP", TDP_SRC_LASS) \
	/* an entry of the guest */					\
	X(G_PDPTE_ABSENT, "pdpte_not_present", "P=0 in a PDPTE register", TDP_SRC_PTE) \
	X(G_ABSENT,	"guest_not_present", "P=0 in an entry", TDP_SRC_PTE) \
	X(G_RSVD_ADDR,	"guest_reserved_address", \
	  "address bit at or above MAXPHYADDR", TDP_SRC_RSVD) \
	X(G_RSVD_XD,	"guest_reserved_xd", "bit 63 without EFER.NXE", TDP_SRC_RSVD) \
	X(G_RSVD_HIGH,	"guest_reserved_62_52", "bits 62:52 under PAE paging", TDP_SRC_RSVD) \
	X(G_RSVD_PS,	"guest_reserved_ps", "bit 7 where no page can be mapped", TDP_SRC_RSVD) \
	X(G_RSVD_BIT8,	"guest_reserved_bit8", "bit 8 of PML4E or PML5E", TDP_SRC_AMD) \
	X(G_RSVD_LARGE,	"guest_reserved_large", "low address bit of a large page", TDP_SRC_RSVD) \
	X(G_RSVD_PSE36,	"guest_reserved_pse36", \
	  "address bit of a 4M page that the processor lacks", TDP_SRC_PSE36) \
	X(G_RSVD_PDPTE,	"guest_reserved_pdpte", \
	  "reserved bit of a PDPTE that is read on the walk", TDP_SRC_AMD) \
	X(PDPTE_LOAD,	"pdpte_load_reserved", \
	  "reserved bit of a PDPTE that MOV to CR loads", TDP_SRC_PDPTE) \
	/* the guest's access rights */					\
	X(USER,		"user_to_supervisor", \
	  "user access to a supervisor address", TDP_SRC_RIGHTS) \
	X(WRITE_USER,	"write_user",	"user write, R/W=0", TDP_SRC_RIGHTS) \
	X(WRITE_WP,	"write_wp",	"supervisor write, R/W=0 and CR0.WP=1", TDP_SRC_RIGHTS) \
	X(FETCH_XD,	"fetch_xd",	"fetch, XD=1", TDP_SRC_RIGHTS)	\
	X(SMEP,		"smep",		"supervisor fetch from a user address", TDP_SRC_RIGHTS) \
	X(SMAP,		"smap", \
	  "supervisor access to a user address, AC=0", TDP_SRC_RIGHTS) \
	X(SMAP_IMPLICIT, "smap_implicit", \
	  "implicit supervisor access to a user address", TDP_SRC_RIGHTS) \
	X(SHSTK_PAGE,	"shadow_stack_page", \
	  "shadow-stack access to another page", TDP_SRC_RIGHTS) \
	X(SHSTK_USER,	"shadow_stack_user", \
	  "user shadow-stack access to a supervisor address", TDP_SRC_RIGHTS) \
	X(SHSTK_SUPERVISOR, "shadow_stack_supervisor", \
	  "supervisor shadow-stack access to a user address", TDP_SRC_RIGHTS) \
	X(PKU_AD,	"pku_ad",	"PKRU disables access", TDP_SRC_KEYS) \
	X(PKU_WD,	"pku_wd",	"PKRU disables writes", TDP_SRC_KEYS) \
	X(PKS_AD,	"pks_ad",	"IA32_PKRS disables access", TDP_SRC_KEYS) \
	X(PKS_WD,	"pks_wd",	"IA32_PKRS disables writes", TDP_SRC_KEYS) \
	/* EPT misconfigurations, in the manual's order */		\
	X(E_W_NOT_R,	"ept_write_without_read", "W=1 and R=0", TDP_SRC_MISC) \
	X(E_X_ONLY,	"ept_exec_only", \
	  "R=0 and X=1, which the processor does not support", TDP_SRC_MISC) \
	X(E_XU_ONLY,	"ept_exec_only_user", \
	  "R=0 and XU=1, which the processor does not support", TDP_SRC_MISC) \
	X(E_PWA_NOT_R,	"ept_paging_write_without_read", "PWA=1 and R=0", TDP_SRC_MISC) \
	X(E_RSVD_ADDR,	"ept_reserved_address", \
	  "address bit at or above MAXPHYADDR", TDP_SRC_MISC) \
	X(E_RSVD_TABLE,	"ept_reserved_table", \
	  "bits 7:3 or 6:3 of an entry that refers to a table", TDP_SRC_MISC) \
	X(E_RSVD_1G,	"ept_reserved_1g", "bit 7 at level 3 without 1G pages", TDP_SRC_MISC) \
	X(E_RSVD_2M,	"ept_reserved_2m", "bit 7 at level 2 without 2M pages", TDP_SRC_MISC) \
	X(E_RSVD_LARGE,	"ept_reserved_large", "low address bit of a large page", TDP_SRC_MISC) \
	X(E_MEMTYPE,	"ept_memtype",	"memory type 2, 3 or 7", TDP_SRC_MISC) \
	/* EPT violations */						\
	X(E_GPA_WIDTH,	"ept_gpa_width", "GPA[51:48] with 4 levels", TDP_SRC_VIOL) \
	X(E_ABSENT,	"ept_not_present", "no right at all in an entry", TDP_SRC_VIOL) \
	X(E_READ,	"ept_read",	"data read, R=0", TDP_SRC_VIOL)	\
	X(E_WRITE,	"ept_write",	"data write, W=0", TDP_SRC_VIOL) \
	X(E_FETCH,	"ept_fetch",	"fetch, X=0", TDP_SRC_VIOL)	\
	X(E_FETCH_XU,	"ept_fetch_user", "fetch from a user address, XU=0", TDP_SRC_VIOL) \
	X(E_FETCH_XS,	"ept_fetch_supervisor", \
	  "fetch from a supervisor address, XS=0", TDP_SRC_VIOL) \
	X(E_SSS,	"ept_shadow_stack", \
	  "supervisor shadow-stack access, not such a page", TDP_SRC_VIOL) \
	X(E_TABLE_READ,	"ept_table_read", "read of a guest table, R=0", TDP_SRC_VIOL) \
	X(E_TABLE_FETCH, "ept_table_fetch", \
	  "stage 2 alone: fetch from a guest table, X=0", TDP_SRC_VIOL) \
	X(E_TABLE_WRITE, "ept_table_write", \
	  "read of a guest table counts as a write (A/D), W=0", TDP_SRC_EPT_AD) \
	X(E_AD_WRITE,	"ept_ad_write",	"A or D update of a guest table, W=0", TDP_SRC_VIOL) \
	X(E_PDPTE_READ,	"ept_pdpte_read", "load of the PDPTEs, R=0", TDP_SRC_VIOL) \
	X(E_VERIFY,	"ept_guest_paging_verification", \
	  "a guest table lies outside paging-write pages", TDP_SRC_VIOL) \
	X(E_SUBPAGE,	"ept_subpage",	"data write to a write-protected sub-page", TDP_SRC_SPP) \
	X(SPP_MISS,	"spp_miss",	"no valid sub-page permission entry", TDP_SRC_SPP) \
	X(SPP_MISCONFIG, "spp_misconfig", \
	  "reserved bit of a sub-page permission entry", TDP_SRC_SPP) \
	X(E_PML_FULL,	"pml_full", \
	  "EPT A or D update with the PML index above 511", TDP_SRC_PML) \
	/* nested page faults */					\
	X(N_GPA_WIDTH,	"npt_gpa_width", "GPA beyond the reach of the nested tables", TDP_SRC_NPT) \
	X(N_ABSENT,	"npt_not_present", "P=0 in an entry", TDP_SRC_NPT) \
	X(N_RSVD_ADDR,	"npt_reserved_address", "address bit at or above MAXPHYADDR", TDP_SRC_NPT) \
	X(N_RSVD_NX,	"npt_reserved_nx", "bit 63 without the host's EFER.NXE", TDP_SRC_NPT) \
	X(N_RSVD_HIGH,	"npt_reserved_62_52", "bits 62:52 under PAE paging", TDP_SRC_NPT) \
	X(N_RSVD_PS,	"npt_reserved_ps", "bit 7 where no page can be mapped", TDP_SRC_NPT) \
	X(N_RSVD_BIT8,	"npt_reserved_bit8", "bit 8 of PML4E or PML5E", TDP_SRC_NPT) \
	X(N_RSVD_LARGE,	"npt_reserved_large", "low address bit of a large page", TDP_SRC_NPT) \
	X(N_RSVD_PSE36,	"npt_reserved_pse36", \
	  "address bit of a 4M page that the processor lacks", TDP_SRC_NPT) \
	X(N_RSVD_PDPTE,	"npt_reserved_pdpte", "reserved bit of a PDPTE", TDP_SRC_NPT) \
	X(N_USER,	"npt_user",	"U/S=0: nested walks are user accesses", TDP_SRC_NPT) \
	X(N_WRITE,	"npt_write",	"write, R/W=0", TDP_SRC_NPT)	\
	X(N_FETCH_NX,	"npt_fetch_nx",	"fetch, NX=1", TDP_SRC_NPT)	\
	X(N_GMET,	"npt_gmet",	"fetch below CPL 3 from a user page", TDP_SRC_GMET) \
	X(N_SSS,	"npt_shadow_stack", \
	  "supervisor shadow-stack access, not such a page", TDP_SRC_SSS) \
	X(N_TABLE_USER,	"npt_table_user", "guest table on a page with U/S=0", TDP_SRC_NPT) \
	X(N_TABLE_FETCH, "npt_table_fetch", \
	  "stage 2 alone: fetch from a guest table, NX=1", TDP_SRC_NPT) \
	X(N_TABLE_WRITE, "npt_table_write", "guest table walk is a write, R/W=0", TDP_SRC_NPT) \
	X(N_AD_WRITE,	"npt_ad_write", \
	  "A or D update of a read-only guest table, R/W=0", TDP_SRC_NPT) \
	X(N_PML_FULL,	"npt_pml_full", \
	  "nested D update with the PML index above 511", TDP_SRC_APML)
/* clang-format on */

/** enum tdp_walk_reason - which check decided */
/* clang-format off */
enum tdp_walk_reason {
#define X(name, text, about, source) TDP_WALK_WHY_##name,
	TDP_WALK_REASON_LIST(X)
#undef X
	TDP_NR_WALK_REASONS
};
/* clang-format on */

/* Static strings; "?" for a value that has no name. */
TDP_API const char *tdp_walk_outcome_name(enum tdp_walk_outcome outcome);
TDP_API const char *tdp_walk_outcome_about(enum tdp_walk_outcome outcome);
TDP_API const char *tdp_walk_reason_name(enum tdp_walk_reason reason);
TDP_API const char *tdp_walk_reason_about(enum tdp_walk_reason reason);
/** tdp_walk_reason_source() - title of the manual's section; "" for none */
TDP_API const char *tdp_walk_reason_source(enum tdp_walk_reason reason);

/** enum tdp_walk_stage - whose structure a reference is made to */
enum tdp_walk_stage {
	TDP_WALK_GUEST, /* the guest's tables; without a second stage all */
	TDP_WALK_EPT,
	TDP_WALK_NPT,
	TDP_WALK_SPP,     /* sub-page permission table */
	TDP_WALK_PML,     /* page-modification log */
	TDP_WALK_VE_AREA, /* virtualization-exception information */
	TDP_NR_WALK_STAGES
};

/** tdp_walk_stage_name() - "guest", "ept", ...; "?" for a value without a name */
TDP_API const char *tdp_walk_stage_name(enum tdp_walk_stage stage);

/** tdp_walk_table_name() - "PT", "PD", "PDPT", "PML4", "PML5" for levels 1..5 */
TDP_API const char *tdp_walk_table_name(unsigned int level);

/**
 * struct tdp_walk_write - an entry that a walk changed, or would
 * @stage:  GUEST, EPT or NPT
 * @level:  of the table the entry lies in, 1..5
 * @bytes:  4 or 8
 * @hpa:    of the entry
 * @old:    value before
 * @value:  value after
 */
struct tdp_walk_write {
	enum tdp_walk_stage stage;
	uint8_t level;
	uint8_t bytes;
	tdp_hpa hpa;
	uint64_t old;
	uint64_t value;
};

/**
 * struct tdp_walk_ref - one memory reference, for the log
 * @stage:   whose structure
 * @level:   of the table, 1..5; 0 for PML and the #VE area
 * @target:  second stage: level of the guest table that is being found; 0: the
 *           final address.  Guest stage: as @level
 * @bytes:   4 or 8
 * @write:   an A/D update, PML entry, or #VE information; else a read
 * @gpa:     guest stage: guest-physical address of the entry.  Second stage:
 *           the address under translation
 * @hpa:     what is read or written
 * @value:   read, or written
 * @memtype: type that the reference has
 */
struct tdp_walk_ref {
	enum tdp_walk_stage stage;
	uint8_t level;
	uint8_t target;
	uint8_t bytes;
	bool write;
	enum tdp_memtype memtype;
	tdp_gpa gpa;
	tdp_hpa hpa;
	uint64_t value;
};

/**
 * struct tdp_walk_log - where to note the references; all of it the caller's
 * @refs:     room for them
 * @capacity: of @refs
 * @count:    references made; those beyond @capacity are counted only.  Calls
 *            append: set to 0 to begin again
 */
struct tdp_walk_log {
	struct tdp_walk_ref *refs;
	size_t capacity;
	size_t count;
};

/*
 * 5 guest entries, 6 second-stage walks of 5 entries, 5 dirty flags that
 * follow read-only guest tables.
 */
#define TDP_WALK_MAX_WRITES 40
#define TDP_WALK_MAX_PML    6
#define TDP_WALK_MAX_LEVELS 5

/**
 * struct tdp_walk_result - what one walk did
 * @outcome: how it ended
 * @reason:  which check decided; NONE if it succeeded
 * @stage:   on failure: whose check
 * @level:   on failure: of the table whose entry decided; the leaf's for access
 *           rights; 0 if no entry was involved
 * @target:  on failure of the second stage: level of the guest table that was
 *           being found; 0: the final address
 * @entry:   on failure: host-physical address of the entry at @level; 0 if none
 *
 * @gva:     linear address after LAM; CR2 of a #PF, guest-linear address of an
 *           exit
 * @gpa:     final guest-physical address; for exits the one that failed
 * @hpa:     host-physical address; success only
 * @info:    #PF error code, exit qualification, or EXITINFO1
 *
 * @user, @writable, @no_execute, @global: of the page by the guest's tables,
 *           all levels combined; as for CR0.PG=0 (1, 1, 0, 0) without paging.
 *           Defined once the guest's leaf is reached
 * @nested_rights: R, W, X (XS), XU in bits 0..3, of the second stage of the final
 *           address, all levels combined; XU is X without mode-based execute
 *           control; nested paging can deny W, X and XU.  Success only; 15
 *           without a second stage
 * @guest_shift, @nested_shift: log2 of the size of the page in each stage; 0 if
 *           the stage is off.  Success only, and so the next three
 * @page_shift: of the smaller one; 12 if both are off
 * @pat_type: type by the guest's tables and PAT
 * @memtype: effective type of the access
 *
 * @guest_reads, @nested_reads: paging-structure entries read
 * @guest_reads_at, @nested_reads_at: the same by level, 1..5
 * @cached:  what a TLB that is attached (tlb.h) contributed: @tlb: the whole
 *           translation; @level: of the guest's entry that did not have to be
 *           walked to, 0: none; @nested_walks: second-stage walks left out;
 *           @nested_steps: second-stage walks begun below their root; @entries:
 *           entries not read from memory; @stale: asked for and found
 * @writes, @nr_writes: entries changed, in order
 * @pml, @nr_pml: addresses logged, in order
 * @pml_index: of the processor, after the walk
 */
struct tdp_walk_result {
	enum tdp_walk_outcome outcome;
	enum tdp_walk_reason reason;
	enum tdp_walk_stage stage;
	uint8_t level;
	uint8_t target;
	tdp_hpa entry;

	tdp_gva gva;
	tdp_gpa gpa;
	tdp_hpa hpa;
	uint64_t info;

	bool user;
	bool writable;
	bool no_execute;
	bool global;
	uint8_t nested_rights;
	uint8_t guest_shift;
	uint8_t nested_shift;
	uint8_t page_shift;
	enum tdp_memtype pat_type;
	enum tdp_memtype memtype;

	unsigned int guest_reads;
	unsigned int nested_reads;
	uint8_t guest_reads_at[8];
	uint8_t nested_reads_at[8];
	struct {
		bool tlb;
		bool stale;
		uint8_t level;
		uint8_t nested_walks;
		uint8_t nested_steps;
		uint8_t entries;
	} cached;
	unsigned int nr_writes;
	unsigned int nr_pml;
	uint16_t pml_index;
	struct tdp_walk_write writes[TDP_WALK_MAX_WRITES];
	tdp_gpa pml[TDP_WALK_MAX_PML];
};

/* Walking ------------------------------------------------------------------ */

struct tdp_walker;

/**
 * tdp_walker_create() - a walker over @memory, for the processor of
 * tdp_walk_cpu_init(TDP_INTEL)
 * @memory: borrowed; outlives the walker; walkers may share it
 *
 * Return: TDP_OK; TDP_ENOMEM.
 */
TDP_API int tdp_walker_create(struct tdp_memory *memory,
			      struct tdp_walker **walker,
			      struct tdp_error *err);

/** tdp_walker_destroy() - free a walker; NULL is allowed */
TDP_API void tdp_walker_destroy(struct tdp_walker *walker);

/**
 * tdp_walker_set_cpu() - load registers
 * @cpu: copied, but for what @cpu->mtrr points at
 *
 * Cheap enough to be called for every access.
 *
 * Return: TDP_OK; TDP_EINVAL with the name of the rule if
 * tdp_walk_cpu_check() finds one broken, then the walker is unchanged;
 * TDP_ENOMEM if PML's or #VE's page can't be had.
 */
TDP_API int tdp_walker_set_cpu(struct tdp_walker *walker,
			       const struct tdp_walk_cpu *cpu,
			       struct tdp_error *err);

/** tdp_walker_cpu() - the registers, as walks left them (PDPTEs, PML index); borrowed */
TDP_API const struct tdp_walk_cpu *
tdp_walker_cpu(const struct tdp_walker *walker);

/**
 * struct tdp_walk_access - one memory access
 * @gva:      linear address, before LAM masks it
 * @kind:     read, write, fetch, ...
 * @user:     at CPL 3, or by WRUSS
 * @implicit: to a system structure (GDT, TSS, ...): supervisor at any CPL
 * @stack:    through SS: #SS and not #GP for a bad address
 * @untagged: LAM and UAI do not apply (INVLPG operand; AMD: segment other than
 *            DS and ES)
 * @size:     bytes, 1..4096, in one 4 KiB page; 0 stands for 1.  An access across
 *            pages is two walks, lower page first
 */
struct tdp_walk_access {
	tdp_gva gva;
	enum tdp_access_kind kind;
	bool user;
	bool implicit;
	bool stack;
	bool untagged;
	unsigned int size;
};

/** enum tdp_walk_flag - how to walk, or-ed together */
/* clang-format off */
enum tdp_walk_flag {
	/** store nothing in memory or registers; the result tells what would be */
	TDP_WALK_DRY	= 1u << 0,
	/** with a TLB attached (tlb.h): compare with a walk that uses none */
	TDP_WALK_CHECK_STALE = 1u << 1,
};
/* clang-format on */

/**
 * tdp_walk() - make one access
 * @flags:  enum tdp_walk_flag bits
 * @log:    NULL, or where to note the references; costs nothing if NULL
 * @result: filled on success
 *
 * Stores A/D bits, PML entries, the PML index and the #VE area, unless
 * TDP_WALK_DRY.  A fault or an exit is an outcome, not an error.
 *
 * SDM: "Paging" (3A), "The Extended Page Table Mechanism (EPT)" (3C);
 * APM 2: "Page Translation and Protection", "Nested Paging".
 *
 * Return: TDP_OK; TDP_EINVAL if @access crosses a page.
 */
TDP_API int tdp_walk(struct tdp_walker *walker,
		     const struct tdp_walk_access *access, unsigned int flags,
		     struct tdp_walk_log *log, struct tdp_walk_result *result);

/**
 * struct tdp_stage2_access - an access to a guest-physical address
 * @gpa:   below 2^52
 * @kind:  read, write, fetch, ...
 * @user:  address of a user page (mode-based execute), at CPL 3 (GMET)
 * @table: made by the guest's page walk, and reported as such.  A walk itself
 *         reads (EPT, read-only guest page tables) or writes (nested paging)
 *         its tables; EPT with A/D flags takes any of them for a write
 */
struct tdp_stage2_access {
	tdp_gpa gpa;
	enum tdp_access_kind kind;
	bool user;
	bool table;
};

/**
 * tdp_walk_stage2() - the second stage alone
 *
 * As tdp_walk() with CR0.PG=0 would do for @access->gpa, without the limit of
 * 32 bits.  The guest's part of @result is as without paging; the linear
 * address is 0.
 *
 * Return: TDP_OK; TDP_EINVAL without a second stage or for an address of 2^52
 * or more.
 */
TDP_API int tdp_walk_stage2(struct tdp_walker *walker,
			    const struct tdp_stage2_access *access,
			    unsigned int flags, struct tdp_walk_log *log,
			    struct tdp_walk_result *result);

/**
 * tdp_walk_load_pdptes() - load the PDPTE registers from memory at CR3
 *
 * What MOV to CR3 does under PAE paging where the processor keeps PDPTE
 * registers.  Outcomes: OK with the registers loaded; GP if a present one has
 * a reserved bit set, registers unchanged; EPT exits.  guest_reads counts the
 * PDPTEs, up to a reserved one.
 *
 * SDM: "PDPTE Registers" (3A).
 *
 * Return: TDP_OK; TDP_EINVAL if the guest does not use PAE paging, or has no
 * PDPTE registers (nested paging; AMD by default).
 */
TDP_API int tdp_walk_load_pdptes(struct tdp_walker *walker, unsigned int flags,
				 struct tdp_walk_log *log,
				 struct tdp_walk_result *result);

#ifdef __cplusplus
}
#endif
#endif
