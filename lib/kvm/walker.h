/* SPDX-License-Identifier: MIT */
/*
 * The guest walker (gw): KVM's own walk of guest page tables, in software,
 * for shadow paging and for emulation.  It differs from the hardware walk of
 * lib/walk in known places:
 *
 *  - a table outside all memslots gives a #PF without the present bit, where
 *    hardware would read all ones;
 *  - PDPTEs have no reserved bits here, PSE-36 has four bits and no CPUID;
 *  - bits 62:52 are never reserved in 4- and 5-level paging;
 *  - Accessed is set only once the whole walk has succeeded, and is silently
 *    left alone in a read-only memslot.
 *
 * KVM 6.12: FNAME(walk_addr_generic), permission_fault(),
 * __reset_rsvds_bits_mask().
 */
#ifndef TDPSIM_KVM_WALKER_H
#define TDPSIM_KVM_WALKER_H

#include "kvm/kvm.h"

#define MAX_WALK_LEVEL  5
#define PREFETCH_WINDOW 8 /* PTE_PREFETCH_NUM */

/* Where reserved bits and rights come from; see walker_rules.c. */
struct gw_mode {
	bool ept;
	bool gmet;          /* L1's NPT from 7.2, with GMET: smep is that */
	unsigned int level; /* of the root table: 2..5 */
	bool pse;
	bool nx;
	bool wp;
	bool smep;
	bool smap;
	bool pke;
	bool read_right; /* 7.2: TDP_ACC_READ exists */
	bool mbec;       /* EPT from 7.2: L1 uses mode-based execution */
	bool exec_only;  /* EPT: advertised to L1 */
	bool amd;        /* the guest's CPUID */
	bool gbpages;
	unsigned int maxphyaddr;
};

/* By bit 7 of the entry, and level - 1. */
struct gpte_rsvd {
	uint64_t mask[2][MAX_WALK_LEVEL];
};

void gw_rsvd(const struct gw_mode *mode, struct gpte_rsvd *rsvd);
/* EPT memory type or R/W/X combination that hardware would refuse. */
bool gw_bad_ept_entry(const struct gw_mode *mode, uint64_t gpte);

/*
 * Does an access of @pfec (W, U, F; RSVD: explicit with EFLAGS.AC) fault on a
 * page with the rights @access?  One bit of KVM's permissions[].
 */
bool gw_forbids(const struct gw_mode *mode, uint32_t pfec, unsigned int access);
/* KVM 6.12: update_pkru_bitmask() */
uint32_t gw_pkru_mask(const struct gw_mode *mode);
/* KVM 6.12: permission_fault(); 0, or the bits that the #PF code gets */
uint32_t gw_permission(const struct gw_mode *mode, const struct tdp_vcpu *vcpu,
		       unsigned int access, unsigned int key, uint64_t pfec);

struct gw_format;

/* How one MMU reads its guest's tables. */
struct guest_walker {
	struct tdp_vcpu *vcpu;
	const struct mmu *mmu;
	const struct gw_format *format;
	struct gw_mode mode;
	struct gpte_rsvd rsvd;
	bool has_ad;
	bool reports_fetch; /* in the #PF code */
};

/* The MMU's guest has paging on. */
void gw_init(struct guest_walker *w, struct tdp_vcpu *vcpu,
	     const struct mmu *mmu);

/* A walk; arrays are indexed by level - 1. */
struct guest_walk {
	unsigned int level;     /* of the leaf */
	unsigned int max_level; /* of the first entry read from memory */
	uint64_t gpte[MAX_WALK_LEVEL];
	uint64_t
		gpte_gpa[MAX_WALK_LEVEL]; /* as the guest that paged knows it */
	uint64_t real_gpa[MAX_WALK_LEVEL]; /* the same in L1's memory */
	uint64_t table_gfn[MAX_WALK_LEVEL];
	unsigned int above[MAX_WALK_LEVEL]; /* rights granted above the entry */
	bool may_write[MAX_WALK_LEVEL];     /* its slot is not read-only */
	unsigned int access;                /* rights of the page */
	uint64_t gfn;

	/* GW_FAULT: what the guest is told */
	bool nested;            /* guest_mmu's fault, in a walk of nested_mmu */
	bool on_table;          /* nested: of one of L2's tables */
	uint64_t fault_address; /* linear; nested: guest-physical of L2 */
	uint32_t error_code;
	uint64_t qualification; /* EPT: from the walk alone */
};

enum gw_status {
	GW_OK,
	GW_FAULT,
	GW_BLOCKS,    /* a userfault in a table's page */
	GW_NO_MEMORY, /* this process */
};

/* @access: PFERR_* without RSVD; PRESENT is ignored.  Sets A and D as KVM does. */
enum gw_status gw_walk(const struct guest_walker *w, uint64_t addr,
		       uint64_t access, struct guest_walk *walk);

/* The MMU that translates linear addresses in software: walk_mmu. */
const struct mmu *gw_walk_mmu(const struct tdp_vcpu *vcpu);

/*
 * A linear address to a guest-physical one of L1, whatever runs: through L2's
 * tables and L1's nested ones, or unchanged without paging.  KVM 6.12: the
 * gva_to_gpa hook of walk_mmu, kvm_translate_gpa().
 */
enum gw_status gw_gva_to_gpa(struct tdp_vcpu *vcpu, uint64_t gva,
			     uint64_t access, struct guest_walk *walk,
			     uint64_t *gpa);

/*
 * L2's guest-physical address to one of L1.  @access: PFERR_*; a fault is
 * described in @walk.  KVM 6.12: translate_nested_gpa()
 */
enum gw_status gw_nested_gpa(struct tdp_vcpu *vcpu, uint64_t l2_gpa,
			     uint64_t access, struct guest_walk *walk,
			     uint64_t *gpa);

/* What a level-1 entry maps, for prefetching and synchronizing. */
struct gpte_leaf {
	bool valid; /* present, accessed, nothing reserved */
	uint64_t gfn;
	unsigned int access;
};

/* @page is a level-1 page that mirrors the table @gpte is from. */
void gw_leaf(const struct guest_walker *w, const struct mmu_page *page,
	     uint64_t gpte, struct gpte_leaf *leaf);
/* Read the guest's entry for SPTE @index of @page; false: unreadable. */
bool gw_read_leaf(const struct guest_walker *w, const struct mmu_page *page,
		  unsigned int index, uint64_t *gpte);

/* What the guest's table has where an SPTE of @page mirrors it. */
struct gpte_mirror {
	bool readable;       /* the frame is in a slot, and the host has it */
	bool present;        /* and, where the format has it, accessed */
	bool leaf;           /* maps a page */
	bool ept;            /* L1's EPT: no supervisor writes of CR0.WP */
	uint64_t gfn;        /* of the page, or of the table below */
	unsigned int access; /* with what @page inherits; no write if clean */
};

/*
 * Read it for SPTE @index of @page, any level, with no effect.  @leaf: take an
 * entry of a 32-bit directory with bit 7 for a large page; whether CR4.PSE was
 * set is not part of a page's role.
 */
struct gpte_mirror gw_mirror(const struct tdp_vm *vm,
			     const struct mmu_page *page, unsigned int index,
			     bool leaf);

/* The window of entries around the leaf of a walk; false: unreadable. */
bool gw_read_window(const struct guest_walker *w, const struct guest_walk *walk,
		    uint64_t gpte[PREFETCH_WINDOW]);

/* PDPTE of a PAE guest, as the vCPU holds it or (NPT) as memory has it. */
uint64_t gw_pdpte(const struct tdp_vcpu *vcpu, const struct mmu *mmu,
		  unsigned int index);

#endif
