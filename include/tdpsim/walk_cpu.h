/* SPDX-License-Identifier: MIT */
/*
 * What a hardware walk works on: host-physical memory, and a processor with
 * the registers and controls that decide about translation.
 */
#ifndef TDPSIM_WALK_CPU_H
#define TDPSIM_WALK_CPU_H

#include "error.h"
#include "memtype.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Host-physical memory ----------------------------------------------------- */

struct tdp_memory;

/**
 * tdp_memory_create() - 2^52 bytes of host-physical memory, all zero
 * @flat:   bytes from address 0 that are one flat range, for speed; rounded up
 *          to a power of two, at least 4 KiB, at most 2^46.  It is reserved
 *          address space: a frame costs nothing before it is written
 * @memory: receives the handle
 *
 * Frames above the flat range are allocated one by one when they are written.
 *
 * Return: TDP_OK; TDP_EINVAL; TDP_ENOMEM.
 */
TDP_API int tdp_memory_create(uint64_t flat, struct tdp_memory **memory,
			      struct tdp_error *err);

/** tdp_memory_destroy() - free memory; NULL is allowed */
TDP_API void tdp_memory_destroy(struct tdp_memory *memory);

/** tdp_memory_clear() - all bytes zero again; cost as of the frames written since */
TDP_API void tdp_memory_clear(struct tdp_memory *memory);

/**
 * tdp_memory_read() - copy bytes out
 *
 * Return: TDP_OK; TDP_EINVAL for an address of 2^52 or more.
 */
TDP_API int tdp_memory_read(const struct tdp_memory *memory, tdp_hpa hpa,
			    void *buf, size_t size);

/**
 * tdp_memory_write() - copy bytes in
 *
 * Return: TDP_OK; TDP_EINVAL for an address of 2^52 or more; TDP_ENOMEM.
 */
TDP_API int tdp_memory_write(struct tdp_memory *memory, tdp_hpa hpa,
			     const void *buf, size_t size);

/** tdp_memory_read64() - an aligned 8-byte little-endian word; 0 beyond 2^52 */
TDP_API uint64_t tdp_memory_read64(const struct tdp_memory *memory,
				   tdp_hpa hpa);

/** tdp_memory_write64() - an aligned 8-byte word; as tdp_memory_write() */
TDP_API int tdp_memory_write64(struct tdp_memory *memory, tdp_hpa hpa,
			       uint64_t value);

/* The processor ------------------------------------------------------------ */

/**
 * enum tdp_feature - what the processor offers, a bit each in features
 *
 * Decides which register bits are reserved (tdp_walk_cpu_check()); a feature
 * works once its register bit is set.
 */
/* clang-format off */
enum tdp_feature {
	TDP_FEATURE_PSE36	= 1u << 0,	/* CPUID.1:EDX[17] */
	TDP_FEATURE_PAT		= 1u << 1,
	TDP_FEATURE_NX		= 1u << 2,
	TDP_FEATURE_GBPAGES	= 1u << 3,	/* 1G pages in ordinary tables */
	TDP_FEATURE_LA57	= 1u << 4,
	TDP_FEATURE_PCID	= 1u << 5,
	TDP_FEATURE_SMEP	= 1u << 6,
	TDP_FEATURE_SMAP	= 1u << 7,
	TDP_FEATURE_PKU		= 1u << 8,
	TDP_FEATURE_PKS		= 1u << 9,	/* Intel */
	TDP_FEATURE_CET_SS	= 1u << 10,
	TDP_FEATURE_LAM		= 1u << 11,	/* Intel */
	TDP_FEATURE_LASS	= 1u << 12,	/* Intel */
	TDP_FEATURE_UAI		= 1u << 13,	/* AMD: upper address ignore */
	TDP_FEATURE_GMET	= 1u << 14,	/* AMD, and so the next three */
	TDP_FEATURE_ROGPT	= 1u << 15,
	TDP_FEATURE_SSSCHECK	= 1u << 16,
	TDP_FEATURE_NPT_PML	= 1u << 17,
};
/* clang-format on */

/** enum tdp_stage2 - what translates guest-physical addresses */
enum tdp_stage2 {
	TDP_STAGE2_NONE, /* nothing: they are host-physical */
	TDP_STAGE2_EPT,
	TDP_STAGE2_NPT,
};

/* Secondary processor-based VM-execution controls that matter here. */
#define TDP_EPT_CTRL2_PML (1u << 17) /* enable PML */
#define TDP_EPT_CTRL2_VE  (1u << 18) /* EPT-violation #VE */
#define TDP_EPT_CTRL2_MBE (1u << 22) /* mode-based execute control */
#define TDP_EPT_CTRL2_SPP (1u << 23) /* sub-page write permissions */
/* Tertiary controls. */
#define TDP_EPT_CTRL3_PW  (1u << 2) /* EPT paging-write control */
#define TDP_EPT_CTRL3_GPV (1u << 3) /* guest-paging verification */

/* IA32_VMX_EPT_VPID_CAP. */
#define TDP_EPT_CAP_EXEC_ONLY (UINT64_C(1) << 0)
#define TDP_EPT_CAP_4_LEVELS  (UINT64_C(1) << 6)
#define TDP_EPT_CAP_5_LEVELS  (UINT64_C(1) << 7)
#define TDP_EPT_CAP_UC        (UINT64_C(1) << 8)
#define TDP_EPT_CAP_WB        (UINT64_C(1) << 14)
#define TDP_EPT_CAP_2M        (UINT64_C(1) << 16)
#define TDP_EPT_CAP_1G        (UINT64_C(1) << 17)
#define TDP_EPT_CAP_AD        (UINT64_C(1) << 21)
#define TDP_EPT_CAP_ADVANCED  (UINT64_C(1) << 22) /* qualification 11:9 */
#define TDP_EPT_CAP_SSS       (UINT64_C(1) << 23) /* EPTP bit 7 */

/**
 * struct tdp_ept - VMCS fields and capabilities behind EPT
 * @eptp:        EPT pointer
 * @cap:         IA32_VMX_EPT_VPID_CAP
 * @ctrl2:       secondary controls, TDP_EPT_CTRL2_*; others have no effect
 * @ctrl3:       tertiary controls, TDP_EPT_CTRL3_*; others have no effect
 * @pml_address: page that dirty guest-physical addresses are logged to
 * @pml_index:   next entry of it; a walk counts it down
 * @ve_address:  virtualization-exception information area
 * @eptp_index:  EPTP index, reported in that area
 * @sppt:        sub-page-permission-table pointer
 * @vectoring:   the access is part of delivering an event: never a #VE
 */
struct tdp_ept {
	uint64_t eptp;
	uint64_t cap;
	uint32_t ctrl2;
	uint64_t ctrl3;
	uint64_t pml_address;
	uint16_t pml_index;
	uint64_t ve_address;
	uint16_t eptp_index;
	uint64_t sppt;
	bool vectoring;
};

/* VMCB offset 090h. */
#define TDP_NP_ENABLE   (1u << 0)
#define TDP_NP_GMET     (1u << 3) /* guest mode execute trap */
#define TDP_NP_SSSCHECK (1u << 4) /* supervisor shadow stacks */
#define TDP_NP_ROGPT    (1u << 6) /* read-only guest page tables */
#define TDP_NP_PML      (1u << 11)

/**
 * struct tdp_npt - VMCB fields and host registers behind nested paging
 * @control:   VMCB offset 090h, TDP_NP_*; a feature the processor lacks is
 *             ignored; others have no effect
 * @ncr3:      N_CR3
 * @cr0, @cr4, @efer, @pat: the host's, as they were at VMRUN
 * @pml_base:  page that dirty guest-physical addresses are logged to
 * @pml_index: next entry of it; a walk counts it down
 */
struct tdp_npt {
	uint32_t control;
	uint64_t ncr3;
	uint64_t cr0;
	uint64_t cr4;
	uint64_t efer;
	uint64_t pat;
	uint64_t pml_base;
	uint64_t pml_index;
};

/**
 * struct tdp_walk_choices - what the manuals leave to the processor
 * @ad_after_final: guest A/D bits are written after the second stage of the
 *                  final address.  Default: before, as APM 2 describes it
 * @a_while_walking: a guest entry gets A as soon as it is used, so upper
 *                  levels keep it when a lower one faults.  Default: nothing is
 *                  written before the whole guest walk passed its checks
 * @rmw_write_only: qualification of a read-modify-write reports bit 1 alone.
 *                  Default: bits 0 and 1
 * @pw_any_upper:   EPT paging-write: PWA of the leaf also stands in for W of
 *                  the upper levels.  Default: W is needed there
 * @ve_gpa_width:   a violation because of GPA[51:48] may become a #VE.
 *                  Default: it is an exit
 * @npt_truncate:   guest-physical bits beyond the reach of the nested tables
 *                  are dropped.  Default: nested fault, not present
 * @gmet_us_by_cpl: EXITINFO1.US is the guest's CPL under GMET.  Default: 1
 * @npf_id_always:  EXITINFO1.ID is set for every fetch.  Default: only if the
 *                  host has NXE or SMEP on
 * @amd_pdpte_registers: an AMD processor without nested paging loads the
 *                  PDPTEs with CR3.  Default: reads them on each walk
 *
 * All false is the stated default; docs/decisions gives the sources.
 */
struct tdp_walk_choices {
	bool ad_after_final;
	bool a_while_walking;
	bool rmw_write_only;
	bool pw_any_upper;
	bool ve_gpa_width;
	bool npt_truncate;
	bool gmet_us_by_cpl;
	bool npf_id_always;
	bool amd_pdpte_registers;
};

/**
 * struct tdp_walk_cpu - one logical processor, as far as it matters here
 * @vendor:      whose rules
 * @features:    enum tdp_feature bits
 * @maxphyaddr:  physical-address bits, 32..52; bounds EPT and nested entries
 * @guest_maxphyaddr: what the guest's entries are checked against; hardware
 *               has the same value, a VMM that emulates a smaller one passes it
 * @cr0 .. @pat: the guest's registers; without a second stage the host's.
 *               Of @rflags only AC matters
 * @pdpte:       PDPTE registers (PAE paging, unless they are read on each walk)
 * @compat:      LMA=1, but the code segment has L=0: 32-bit linear addresses
 * @smm:         in system-management mode (for the SMRR)
 * @mtrr:        borrowed for the life of the walker; NULL: all memory is WB
 * @stage2:      which of @ept and @npt is in force
 */
struct tdp_walk_cpu {
	enum tdp_vendor vendor;
	uint32_t features;
	unsigned int maxphyaddr;
	unsigned int guest_maxphyaddr;
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	uint64_t rflags;
	uint32_t pkru;
	uint32_t pkrs;
	uint64_t pat;
	uint64_t pdpte[4];
	bool compat;
	bool smm;
	const struct tdp_mtrr *mtrr;
	enum tdp_stage2 stage2;
	struct tdp_ept ept;
	struct tdp_npt npt;
	struct tdp_walk_choices choices;
};

/**
 * tdp_walk_cpu_init() - a current server: 64-bit, 4 levels, 46 address bits
 *
 * CR0 = PE|ET|NE|WP|PG, CR4 = PAE|PGE, EFER = SCE|LME|LMA|NX, PAT as after
 * reset, all features of @vendor, no MTRRs, no second stage; EPT fields: all
 * capabilities but advanced information and SSS, 4 levels, WB, no A/D; nested
 * fields: 4 levels, NX, PAT as after reset.  Set roots and stage2 after it.
 */
TDP_API void tdp_walk_cpu_init(struct tdp_walk_cpu *cpu,
			       enum tdp_vendor vendor);

/*
 *	X(name, spelling, register, what no processor accepts)
 *
 * Rules that the instruction which loads a register, VM entry, or VMRUN
 * enforces.
 */
/* clang-format off */
#define TDP_STATE_RULE_LIST(X)						\
	X(NONE,		"ok",		NONE,	"the state is possible") \
	X(MAXPHYADDR,	"maxphyaddr",	CPUID, \
	  "32 to 52 bits, the guest's no more than the processor's") \
	X(CR0_RESERVED,	"cr0_reserved",	GUEST,	"CR0[63:32] is not zero") \
	X(CR0_PG_PE,	"cr0_pg_without_pe", GUEST, "CR0.PG needs CR0.PE") \
	X(CR0_NW_CD,	"cr0_nw_without_cd", GUEST, "CR0.NW needs CR0.CD") \
	X(EFER_RESERVED, "efer_reserved", GUEST, \
	  "a bit of EFER that this processor does not have") \
	X(EFER_LMA,	"efer_lma",	GUEST,	"EFER.LMA is not EFER.LME and CR0.PG") \
	X(LMA_PAE,	"lma_without_pae", GUEST, "long mode needs CR4.PAE") \
	X(CR4_RESERVED,	"cr4_reserved",	GUEST,	"a bit of CR4 that this processor does not have") \
	X(CR4_PCIDE,	"cr4_pcide_without_lma", GUEST, "CR4.PCIDE needs long mode") \
	X(CR4_CET_WP,	"cr4_cet_without_wp", GUEST, "CR4.CET needs CR0.WP") \
	X(CR3_RESERVED,	"cr3_reserved",	GUEST,	"CR3 has a bit at or above MAXPHYADDR") \
	X(CR3_LAM,	"cr3_lam",	GUEST,	"CR3[62:61] need LAM") \
	X(PAT,		"pat_type",	GUEST,	"a PAT byte is no memory type") \
	X(PDPTE,	"pdpte_reserved", GUEST, "a present PDPTE has a reserved bit set") \
	X(EPTP_MEMTYPE,	"eptp_memtype",	EPT, \
	  "EPTP[2:0] is no memory type that the processor supports") \
	X(EPTP_LEVELS,	"eptp_levels",	EPT, \
	  "EPTP[5:3] is no walk length that the processor supports") \
	X(EPTP_AD,	"eptp_ad",	EPT,	"EPTP[6] needs A/D flags") \
	X(EPTP_SSS,	"eptp_sss",	EPT,	"EPTP[7] needs supervisor shadow-stack control") \
	X(EPTP_RESERVED, "eptp_reserved", EPT, \
	  "EPTP[11:8] or a bit at or above MAXPHYADDR is set") \
	X(PML_ADDRESS,	"pml_address",	EPT, \
	  "PML address is not aligned to 4 KiB, or too high") \
	X(VE_ADDRESS,	"ve_address",	EPT,	"#VE area is not aligned to 4 KiB, or too high") \
	X(SPPT,		"sppt",		EPT, \
	  "SPPT pointer is not aligned to 4 KiB, or too high") \
	X(EPT_VENDOR,	"ept_vendor",	EPT,	"EPT is Intel's") \
	X(NPT_VENDOR,	"npt_vendor",	NPT,	"nested paging is AMD's") \
	X(NP_DISABLED,	"np_disabled",	NPT,	"nested paging without NP_ENABLE") \
	X(HOST_PG,	"host_cr0_pg",	NPT,	"nested paging needs paging in the host") \
	X(HOST_MODE,	"host_mode",	NPT, \
	  "the host's own registers are an impossible state") \
	X(NCR3,		"ncr3_reserved", NPT,	"N_CR3 has a bit at or above MAXPHYADDR") \
	X(HOST_PAT,	"host_pat_type", NPT,	"a byte of the host's PAT is no memory type")
/* clang-format on */

/** enum tdp_state_rule - which rule a state breaks */
/* clang-format off */
enum tdp_state_rule {
#define X(name, text, part, about) TDP_STATE_##name,
	TDP_STATE_RULE_LIST(X)
#undef X
	TDP_NR_STATE_RULES
};
/* clang-format on */

/** enum tdp_refusal - what happens to the instruction that would load a state */
enum tdp_refusal {
	TDP_REFUSAL_NONE,
	TDP_REFUSAL_GP,             /* MOV CR, WRMSR: #GP(0) */
	TDP_REFUSAL_VM_FAIL,        /* VMfailValid 7: invalid control field */
	TDP_REFUSAL_VM_ENTRY,       /* exit reason 33: invalid guest state */
	TDP_REFUSAL_VMEXIT_INVALID, /* VMRUN: exit code -1 */
	TDP_REFUSAL_IMPOSSIBLE,     /* no instruction could ask for it */
	TDP_NR_REFUSALS
};

/**
 * tdp_walk_cpu_check() - can a processor be in this state?
 *
 * SDM: "Checks on Guest Control Registers, Debug Registers, and MSRs",
 * "VM-Execution Control Fields" (3C); APM 2: "Canonicalization and
 * Consistency Checks".
 *
 * Return: TDP_STATE_NONE, or the first rule that @cpu breaks.
 */
TDP_API enum tdp_state_rule tdp_walk_cpu_check(const struct tdp_walk_cpu *cpu);

/** tdp_state_rule_refusal() - how the state is refused, given what runs the guest */
TDP_API enum tdp_refusal tdp_state_rule_refusal(enum tdp_state_rule rule,
						enum tdp_stage2 stage2);

/* Static strings; "?" for a value that has no name. */
TDP_API const char *tdp_state_rule_name(enum tdp_state_rule rule);
TDP_API const char *tdp_state_rule_about(enum tdp_state_rule rule);
TDP_API const char *tdp_refusal_name(enum tdp_refusal refusal);

#ifdef __cplusplus
}
#endif
#endif
