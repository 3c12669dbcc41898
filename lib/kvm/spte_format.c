/* SPDX-License-Identifier: MIT */
/* The masks of each layout, and what host and module parameters change. */
#include "kvm/spte.h"

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"

/* What a layout has as EPT and as ordinary page tables. */
struct by_format {
	uint64_t ept;
	uint64_t ordinary;
};

struct layout {
	uint64_t mmu_present;
	struct by_format host_writable;
	struct by_format mmu_writable;
	uint64_t ad_type;
	/* EPT only: */
	uint64_t suppress_ve; /* in all that is not MMIO */
	uint64_t xu;
	bool read_right;      /* bit 0 goes by ACC_READ, not by ACC_USER */
	uint64_t tracked;     /* cleared by access tracking */
	uint64_t track_saved; /* of them, what it has to keep */
	unsigned int track_shift;
	/* both: */
	uint64_t frozen;
	bool mmio_by_type;  /* the A/D type 3 marks MMIO entries */
	bool mmio_optional; /* there is the parameter mmio_caching */
	struct spte_gen_part gen[2];
	uint64_t mmio_traced;
};

/*
 * A record a layout, from docs/decisions/spte.md.  Software bits are where the
 * processor ignores bits: 11:9 and 62:52 of ordinary entries, 11, 62:52 and
 * (up to 7.1) 10 of EPT entries.  PAE paging reserves 62:52, so an A/D type
 * other than 0 is for EPT alone.
 */
static const struct layout layouts[NR_SPTE_LAYOUT] = {
	[SPTE_LAYOUT_5_10] = {
		.host_writable = { .ept = BIT(10), .ordinary = BIT(10) },
		.mmu_writable = { .ept = BIT(11), .ordinary = BIT(11) },
		.ad_type = BITS(53, 52),
		.tracked = EPT_RWX,
		.track_saved = EPT_R | EPT_X,
		.track_shift = 54,
		.mmio_by_type = true,
		.gen = { { 0, 9, 3 }, { 9, 9, 54 } },
		.mmio_traced = BITS(2, 0),
	},
	[SPTE_LAYOUT_5_12] = {
		.host_writable = { .ept = BIT(10), .ordinary = BIT(10) },
		.mmu_writable = { .ept = BIT(11), .ordinary = BIT(11) },
		.ad_type = BITS(53, 52),
		.tracked = EPT_RWX,
		.track_saved = EPT_R | EPT_X,
		.track_shift = 54,
		.frozen = BIT(59),
		.mmio_by_type = true,
		.gen = { { 0, 9, 3 }, { 9, 9, 54 } },
		.mmio_traced = BITS(2, 0),
	},
	[SPTE_LAYOUT_5_14] = {
		.mmu_present = BIT(11),
		.host_writable = { .ept = BIT(57), .ordinary = BIT(9) },
		.mmu_writable = { .ept = BIT(58), .ordinary = BIT(10) },
		.ad_type = BITS(53, 52),
		.tracked = EPT_RWX,
		.track_saved = EPT_R | EPT_X,
		.track_shift = 54,
		.frozen = 0x5a0,
		.mmio_optional = true,
		.gen = { { 0, 8, 3 }, { 8, 11, 52 } },
		.mmio_traced = BITS(2, 0),
	},
	[SPTE_LAYOUT_6_10] = {
		.mmu_present = BIT(11),
		.host_writable = { .ept = BIT(57), .ordinary = BIT(9) },
		.mmu_writable = { .ept = BIT(58), .ordinary = BIT(10) },
		.ad_type = BITS(53, 52),
		.suppress_ve = EPT_SVE,
		.tracked = EPT_RWX,
		.track_saved = EPT_R | EPT_X,
		.track_shift = 54,
		.frozen = BIT(63) | 0x5a0,
		.mmio_optional = true,
		.gen = { { 0, 8, 3 }, { 8, 11, 52 } },
		.mmio_traced = BITS(2, 0),
	},
	[SPTE_LAYOUT_7_2] = {
		.mmu_present = BIT(11),
		.host_writable = { .ept = BIT(53), .ordinary = BIT(9) },
		.mmu_writable = { .ept = BIT(55), .ordinary = BIT(10) },
		.ad_type = BITS(61, 60),
		.suppress_ve = EPT_SVE,
		.xu = EPT_XU,
		.read_right = true,
		.tracked = EPT_RWX | EPT_XU,
		.track_saved = EPT_R | EPT_X | EPT_XU,
		.track_shift = 52,
		.frozen = BIT(63) | 0x1a0,
		.mmio_optional = true,
		.gen = { { 0, 7, 3 }, { 7, 11, 52 } },
		.mmio_traced = BITS(3, 0),
	},
};

/* KVM 6.12: kvm_mmu_set_ept_masks() */
static void ept_masks(struct spte_format *fmt, const struct layout *l,
		      const struct tdp_host_config *host)
{
	fmt->present = l->suppress_ve;
	if (l->read_right)
		fmt->read = EPT_R;
	else if (!host->ept_exec_only)
		fmt->present |= EPT_R;
	fmt->user = l->read_right ? 0 : EPT_R;
	fmt->x = EPT_X;
	fmt->xu = l->xu;
	fmt->has_ad = host->ept_ad;
	if (fmt->has_ad || fmt->software_ad) {
		fmt->accessed = EPT_A;
		fmt->dirty = EPT_D;
	}
	fmt->memtype = true;
	fmt->pml = host->ept_ad && host->pml;
	fmt->host_writable = l->host_writable.ept;
	fmt->mmu_writable = l->mmu_writable.ept;
	fmt->acc_track = l->tracked;
	fmt->acc_track_saved = l->track_saved << l->track_shift;
	fmt->acc_track_shift = l->track_shift;

	/* Write and execute without read: always a misconfiguration. */
	fmt->mmio_value = EPT_W | EPT_X;
	fmt->mmio_mask = EPT_RWX | l->suppress_ve;
}

/* KVM 6.12: kvm_mmu_reset_all_pte_masks() */
static void ordinary_masks(struct spte_format *fmt, const struct layout *l,
			   const struct tdp_host_config *host)
{
	fmt->present = PTE_P;
	fmt->read = l->read_right ? PTE_P : 0;
	fmt->user = PTE_US;
	fmt->nx = PTE_XD;
	fmt->accessed = PTE_A;
	fmt->dirty = PTE_D;
	fmt->has_ad = true;
	fmt->host_writable = l->host_writable.ordinary;
	fmt->mmu_writable = l->mmu_writable.ordinary;

	/* A reserved address bit; 52 address bits leave none. */
	if (host->maxphyaddr < 52)
		fmt->mmio_value = BIT(51) | PTE_P;
	fmt->mmio_mask = fmt->mmio_value;
	fmt->mmio_access = PTE_RW | PTE_US;
}

/* KVM 6.12: kvm_mmu_set_mmio_spte_mask() */
static void mmio_masks(struct spte_format *fmt, const struct layout *l,
		       const struct tdp_kvm_config *kvm)
{
	fmt->mmio_caching = true;
	if (l->mmio_by_type) {
		fmt->mmio_value |= l->ad_type;
		fmt->mmio_mask = l->ad_type;
	}
	if (l->mmio_optional && !behaviour_on(kvm, B_MMIO_CACHING))
		fmt->mmio_value = 0;
	if (!fmt->mmio_value)
		fmt->mmio_caching = false;
	fmt->mmio_traced = l->mmio_traced;
	fmt->gen[0] = l->gen[0];
	fmt->gen[1] = l->gen[1];
	fmt->gen_bits = l->gen[0].width + l->gen[1].width;
}

/*
 * An MMIO entry is not present, so a processor with L1TF may use its address.
 * KVM sets the topmost five bits that the L1 cache looks at, and keeps the
 * five bits of the frame number that were there five bits higher.
 */
static void l1tf_masks(struct spte_format *fmt,
		       const struct tdp_host_config *host)
{
	unsigned int top = host->maxphyaddr;

	fmt->l1tf_shift = 5;
	/* More cache bits: no room above; KVM warns and does without. */
	if (host->vendor == TDP_INTEL && host->l1tf_bits &&
	    host->l1tf_bits < 52 - fmt->l1tf_shift) {
		top = host->l1tf_bits - fmt->l1tf_shift;
		fmt->l1tf_mask = BITS(host->l1tf_bits - 1, top);
	}
	fmt->low_gpa = BITS(top - 1, 12);
}

static void rules(struct spte_format *fmt, const struct tdp_kvm_config *kvm)
{
	fmt->redirty = behaviour(kvm, B_SPTE_REDIRTY);
	fmt->wrprot_only = behaviour(kvm, B_SPTE_WRPROT_ONLY);
	fmt->sync_accessed = behaviour(kvm, B_SPTE_SYNC) == SPTE_SYNC_ACCESSED;
	fmt->software_ad = behaviour(kvm, B_SPTE_NO_AD) == SPTE_NO_AD_SOFTWARE;
	fmt->flush_any_loss = behaviour(kvm, B_SPTE_LEAF_FLUSH) ==
			      SPTE_LEAF_FLUSH_W_A_D_LOST;
	fmt->loose_mmu_writable = behaviour(kvm, B_NOTIFY_CHANGE_PTE) ==
				  NOTIFY_CHANGE_PTE_KEEPS_MMU_WRITABLE;
	fmt->nx_huge_pages = behaviour(kvm, B_NX_HUGE_PAGES) ==
			     NX_HUGE_PAGES_FORCE;
}

void spte_format_init(struct spte_format *fmt,
		      const struct tdp_host_config *host,
		      const struct tdp_kvm_config *kvm)
{
	const struct layout *l = &layouts[behaviour(kvm, B_SPTE_LAYOUT)];

	*fmt = (struct spte_format){
		.ept = host->vendor == TDP_INTEL && behaviour_on(kvm, B_TDP),
		.mmu_present = l->mmu_present,
		.ad_type = l->ad_type,
		.nonpresent = l->suppress_ve,
		.frozen = l->frozen,
	};
	rules(fmt, kvm);
	if (fmt->ept)
		ept_masks(fmt, l, host);
	else
		ordinary_masks(fmt, l, host);
	mmio_masks(fmt, l, kvm);
	l1tf_masks(fmt, host);
}
