/* SPDX-License-Identifier: MIT */
/*
 * Shadow page-table entries: the only place that knows their bits.
 *
 * KVM keeps the masks in module-global variables that it sets when it loads
 * (kvm_mmu_set_ept_masks(), kvm_mmu_reset_all_pte_masks()); here they are one
 * record a VM, made from host and kernel.  Which kernel has which bits, and
 * where that was read, is in docs/decisions/spte.md.
 */
#ifndef TDPSIM_KVM_SPTE_H
#define TDPSIM_KVM_SPTE_H

#include "base/bits.h"
#include "kvm/profile.h"
#include "tdpsim/vm.h"

/* Where the pieces of an MMIO generation go: value bits [width] from @shift. */
struct spte_gen_part {
	unsigned int gen_shift; /* lowest bit of the generation */
	unsigned int width;
	unsigned int spte_shift; /* where it lands */
};

struct spte_format {
	bool ept; /* else: the ordinary page-table format */
	/* hardware bits */
	uint64_t present;
	uint64_t read; /* 7.2: bit 0 goes by the right; else 0 */
	uint64_t user; /* EPT up to 7.1: the right to read */
	uint64_t x;    /* EPT with MBEC: supervisor fetches */
	uint64_t xu;   /* 7.2 EPT: user fetches; else 0 */
	uint64_t nx;
	uint64_t accessed; /* 0: not maintained at all */
	uint64_t dirty;
	bool has_ad;      /* hardware A/D in use */
	bool software_ad; /* A and D are kept even without hardware A/D */
	bool memtype;     /* leaves carry a memory type (EPT) */
	uint64_t me;      /* memory encryption, 0 here */
	/* software bits */
	uint64_t mmu_present; /* 0 in layouts that have no such bit */
	uint64_t host_writable;
	uint64_t mmu_writable;
	uint64_t ad_type;   /* field: 0 enabled, 1 disabled, 2 wrprot only */
	uint64_t acc_track; /* bits that access tracking clears */
	uint64_t acc_track_saved; /* where it keeps them, shifted as below */
	unsigned int acc_track_shift;
	/* special values */
	uint64_t nonpresent;
	uint64_t frozen; /* 0: this layout has none */
	/* MMIO */
	bool mmio_caching;
	uint64_t mmio_value;
	uint64_t mmio_mask;   /* bits that tell an MMIO entry from others */
	uint64_t mmio_access; /* rights that it keeps */
	uint64_t mmio_traced; /* bits that mark_mmio_spte calls access */
	struct spte_gen_part gen[2]; /* low part, high part */
	unsigned int gen_bits;
	uint64_t l1tf_mask;
	unsigned int l1tf_shift;
	uint64_t low_gpa; /* address bits that L1TF leaves in their place */
	/* rules of the kernel */
	enum value_spte_redirty redirty;
	enum value_spte_wrprot_only wrprot_only;
	bool sync_accessed;      /* synchronizing is no prefetch */
	bool flush_any_loss;     /* losing W, A or D needs a flush */
	bool loose_mmu_writable; /* may be set without host-writable */
	bool nx_huge_pages;
	bool pml;
};

void spte_format_init(struct spte_format *fmt,
		      const struct tdp_host_config *host,
		      const struct tdp_kvm_config *kvm);

/* What make_spte() is told. */
struct spte_args {
	const struct tdp_role *role; /* of the table that holds the entry */
	unsigned int level;          /* 1..3 */
	unsigned int access;         /* TDP_ACC_* */
	uint64_t pfn;                /* host frame number, 4 KiB units */
	uint64_t old_spte;
	uint64_t memtype_bits; /* already at 5:3 and 6 (EPT) */
	bool prefetch;
	bool synchronizing; /* up to 6.12 the inverse of can_unsync */
	bool host_writable;
	bool host_mmio; /* pfn is no RAM of the host */
	bool wrprot;    /* gfn is write-tracked or must stay shadowed */
	bool guest_mmu; /* the loaded MMU is guest_mmu: up to 5.15 */
};

/*
 * KVM 6.12: make_spte().  *@wrprotected: the entry was left read-only because
 * of @args->wrprot.  The caller marks the page dirty if the result is
 * writable and its slot is logged.
 */
uint64_t spte_make(const struct spte_format *fmt, const struct spte_args *args,
		   bool *wrprotected);

/* KVM 6.12: make_nonleaf_spte() */
uint64_t spte_make_nonleaf(const struct spte_format *fmt, uint64_t child_hpa,
			   bool ad_disabled);

/* KVM 6.12: make_huge_page_split_spte(); @index of the child entry */
uint64_t spte_make_small(const struct spte_format *fmt, uint64_t huge_spte,
			 const struct tdp_role *child_role, unsigned int index);

/* KVM 6.13: make_huge_spte(); @level is 2 or 3 */
uint64_t spte_make_huge(const struct spte_format *fmt, uint64_t small_spte,
			unsigned int level);

/* KVM up to 6.9: kvm_mmu_changed_pte_notifier_make_spte(); the host moved it */
uint64_t spte_make_changed(const struct spte_format *fmt, uint64_t spte,
			   uint64_t pfn);

/* KVM 6.12: make_mmio_spte(); @access is the guest's right (TDP_ACC_*) */
uint64_t spte_make_mmio(const struct spte_format *fmt, uint64_t gfn,
			unsigned int access, uint64_t generation);
uint64_t spte_mmio_gfn(const struct spte_format *fmt, uint64_t spte);
uint64_t spte_mmio_gen(const struct spte_format *fmt, uint64_t spte);
/* The bits that mark_mmio_spte traces as access. */
unsigned int spte_mmio_access(const struct spte_format *fmt, uint64_t spte);
/* What is known of the guest's right: 0 with EPT, else TDP_ACC_WRITE, _USER. */
unsigned int spte_mmio_rights(const struct spte_format *fmt, uint64_t spte);

uint64_t spte_mark_access_track(const struct spte_format *fmt, uint64_t spte);
/* The caller ORs fmt->accessed in if the page was accessed just now. */
uint64_t spte_restore_access_track(const struct spte_format *fmt,
				   uint64_t spte);

/* KVM 6.12: is_mmio_spte() */
static inline bool spte_is_mmio(const struct spte_format *fmt, uint64_t spte)
{
	return fmt->mmio_caching &&
	       !((spte ^ fmt->mmio_value) & fmt->mmio_mask);
}

/* KVM 6.12: is_frozen_spte() */
static inline bool spte_frozen(const struct spte_format *fmt, uint64_t spte)
{
	return fmt->frozen && spte == fmt->frozen;
}

/* KVM 6.12: is_shadow_present_pte() */
static inline bool spte_present(const struct spte_format *fmt, uint64_t spte)
{
	if (likely(fmt->mmu_present))
		return spte & fmt->mmu_present;
	/* Up to 5.12: anything but zero, MMIO and a removed entry. */
	return spte != 0 && !spte_frozen(fmt, spte) && !spte_is_mmio(fmt, spte);
}

#define SPTE_PS      BIT(7)
#define SPTE_W       BIT(1)
#define SPTE_ADDRESS BITS(51, 12)

/* KVM 6.12: is_last_spte() of a present entry */
static inline bool spte_leaf(uint64_t spte, unsigned int level)
{
	return level == TDP_LEVEL_4K || (spte & SPTE_PS);
}

static inline bool spte_writable(uint64_t spte)
{
	return spte & SPTE_W;
}

/* These are about present entries. */
bool spte_ad_enabled(const struct spte_format *fmt, uint64_t spte);
bool spte_access_tracked(const struct spte_format *fmt, uint64_t spte);
bool spte_executable(const struct spte_format *fmt, uint64_t spte);
/* KVM 6.12: is_accessed_spte(), spte_ad_need_write_protect() */
bool spte_accessed(const struct spte_format *fmt, uint64_t spte);
bool spte_needs_write_protect(const struct spte_format *fmt, uint64_t spte);

/* KVM 6.12: is_access_allowed() */
bool spte_allows(const struct spte_format *fmt, uint64_t spte, bool write,
		 bool fetch);

/*
 * Does replacing @old by @new (both leaves of one pfn) need a TLB flush?
 * KVM 6.12: mmu_spte_update(); 6.13: leaf_spte_change_needs_tlb_flush().
 */
bool spte_needs_flush(const struct spte_format *fmt, uint64_t old,
		      uint64_t new);

/* The fields r, x and u of the event kvm_mmu_set_spte. */
struct spte_traced {
	bool r;
	bool x;
	bool u;
};

struct spte_traced spte_traced(const struct spte_format *fmt, uint64_t spte);

/*
 * NULL if the entry keeps the invariants that KVM states (mmu-writable
 * implies host-writable, W implies mmu-writable, ...); else the rule broken.
 */
const char *spte_check(const struct spte_format *fmt, uint64_t spte,
		       unsigned int level);

/*
 * "R W X WB IPAT A D host-writable ..., level 1" into @buf, for messages; cut
 * off if @size is too small.  Returns @buf.
 */
char *spte_print(const struct spte_format *fmt, uint64_t spte,
		 unsigned int level, char *buf, size_t size);

#endif
