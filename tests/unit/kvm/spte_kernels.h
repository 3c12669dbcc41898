/* SPDX-License-Identifier: MIT */
/*
 * The SPTE formats of the tests: a kernel, as docs/decisions/spte.md has it,
 * on a host.
 */
#ifndef TDPSIM_TESTS_SPTE_KERNELS_H
#define TDPSIM_TESTS_SPTE_KERNELS_H

#include "kvm/spte.h"

enum kernel {
	K5_10,
	K5_12,
	K5_14,
	K5_17,  /* and up to 6.9 */
	K6_1_Y, /* 6.1.158 and later */
	K6_10,  /* and up to 6.12 */
	K6_13,  /* and up to 7.1 */
	K7_2,
	NR_KERNELS
};

struct kernel_row {
	const char *name;
	enum value_spte_layout layout;
	enum value_spte_no_ad no_ad;
	enum value_spte_redirty redirty;
	enum value_spte_sync sync;
	enum value_spte_wrprot_only wrprot_only;
	enum value_spte_leaf_flush leaf_flush;
	enum value_notify_change_pte change_pte;
};

/* clang-format off */
#define K(name, layout, no_ad, redirty, sync, wrprot, flush, change) {	\
	name, SPTE_LAYOUT_##layout, SPTE_NO_AD_##no_ad,			\
	SPTE_REDIRTY_##redirty, SPTE_SYNC_##sync,			\
	SPTE_WRPROT_ONLY_##wrprot, SPTE_LEAF_FLUSH_##flush,		\
	NOTIFY_CHANGE_PTE_##change }

static const struct kernel_row kernel_rows[NR_KERNELS] = {
	[K5_10] = K("v5.10", 5_10, NONE, SKIP_IN_SYNC, PREFETCH,
		    GUEST_MMU, W_A_D_LOST, KEEPS_MMU_WRITABLE),
	[K5_12] = K("v5.12", 5_12, NONE, SKIP_IN_SYNC, PREFETCH,
		    GUEST_MMU_PML, W_A_D_LOST, KEEPS_MMU_WRITABLE),
	[K5_14] = K("v5.14", 5_14, NONE, SKIP_IN_SYNC, PREFETCH,
		    GUEST_MMU_PML, W_A_D_LOST, KEEPS_MMU_WRITABLE),
	[K5_17] = K("v5.17", 5_14, NONE, SKIP, PREFETCH,
		    GUEST_MODE_PML, W_A_D_LOST, CLEARS_MMU_WRITABLE),
	[K6_1_Y] = K("v6.1.192", 5_14, NONE, SKIP_OVER_LEAF, PREFETCH,
		     GUEST_MODE_PML, W_A_D_LOST, CLEARS_MMU_WRITABLE),
	[K6_10] = K("v6.12", 6_10, NONE, SKIP, PREFETCH,
		    GUEST_MODE_PML, W_A_D_LOST, NONE),
	[K6_13] = K("v6.13", 6_10, SOFTWARE, ALWAYS, ACCESSED,
		    GUEST_MODE_PML, MMU_WRITABLE_LOST, NONE),
	[K7_2] = K("v7.2", 7_2, SOFTWARE, ALWAYS, ACCESSED,
		   GUEST_MODE_PML, MMU_WRITABLE_LOST, NONE),
};
/* clang-format on */

/* A host, as what sets it apart from a 46-bit Intel processor with all. */
#define H_AMD        0x01u
#define H_TDP_OFF    0x02u
#define H_NO_AD      0x04u
#define H_NO_XONLY   0x08u /* no execute-only EPT entries */
#define H_NO_PML     0x10u
#define H_52         0x20u  /* MAXPHYADDR 52 */
#define H_L1TF       0x40u  /* x86_cache_bits is 44 */
#define H_40         0x80u  /* MAXPHYADDR 40 */
#define H_NX         0x100u /* nx_huge_pages=force */
#define H_NO_CACHING 0x200u /* mmio_caching=0 */

static inline struct tdp_host_config host_of(unsigned int host)
{
	return (struct tdp_host_config){
		.vendor = host & H_AMD ? TDP_AMD : TDP_INTEL,
		.maxphyaddr = host & H_52 ? 52 :
			      host & H_40 ? 40 :
					    46,
		.ept_levels = 4,
		.ept_ad = !(host & H_NO_AD),
		.ept_exec_only = !(host & H_NO_XONLY),
		.pml = !(host & H_NO_PML),
		.l1tf_bits = host & H_L1TF ? 44 : 0,
	};
}

static inline void kernel_config(struct tdp_kvm_config *kvm, enum kernel kernel,
				 unsigned int host)
{
	const struct kernel_row *k = &kernel_rows[kernel];

	*kvm = (struct tdp_kvm_config){ 0 };
	kvm->value[B_TDP] = host & H_TDP_OFF ? SWITCH_OFF : SWITCH_ON;
	kvm->value[B_MMIO_CACHING] = host & H_NO_CACHING ? SWITCH_OFF :
							   SWITCH_ON;
	kvm->value[B_NX_HUGE_PAGES] = host & H_NX ? NX_HUGE_PAGES_FORCE :
						    NX_HUGE_PAGES_OFF;
	kvm->value[B_SPTE_LAYOUT] = (uint8_t)k->layout;
	kvm->value[B_SPTE_NO_AD] = (uint8_t)k->no_ad;
	kvm->value[B_SPTE_REDIRTY] = (uint8_t)k->redirty;
	kvm->value[B_SPTE_SYNC] = (uint8_t)k->sync;
	kvm->value[B_SPTE_WRPROT_ONLY] = (uint8_t)k->wrprot_only;
	kvm->value[B_SPTE_LEAF_FLUSH] = (uint8_t)k->leaf_flush;
	kvm->value[B_NOTIFY_CHANGE_PTE] = (uint8_t)k->change_pte;
}

static inline struct spte_format format_of(enum kernel kernel,
					   unsigned int host)
{
	const struct tdp_host_config h = host_of(host);
	struct tdp_kvm_config kvm;
	struct spte_format fmt;

	kernel_config(&kvm, kernel, host);
	spte_format_init(&fmt, &h, &kvm);
	return fmt;
}

/* How an entry is made; 0 is a demand fault on writable memory. */
#define M_PREFETCH  0x01u
#define M_SYNC      0x02u
#define M_RO        0x04u /* not host-writable */
#define M_HOST_MMIO 0x08u
#define M_WRPROT    0x10u
#define M_AD_OFF    0x20u /* role.ad_disabled */
#define M_L2        0x40u /* role.guest_mode */
#define M_GUEST_MMU 0x80u

/* Rights, as the kernel's tables list them. */
#define X TDP_ACC_EXEC
#define W TDP_ACC_WRITE
#define U TDP_ACC_USER /* EPT up to 7.1: read; EPT in 7.2: XU */
#define R TDP_ACC_READ /* 7.2 */

static inline uint64_t make_of(const struct spte_format *fmt, unsigned int how,
			       unsigned int access, unsigned int level,
			       uint64_t pfn, uint64_t memtype, uint64_t old,
			       bool *wrprotected)
{
	const struct tdp_role role = {
		.level = level,
		.ad_disabled = how & M_AD_OFF,
		.guest_mode = how & M_L2,
	};
	const struct spte_args args = {
		.role = &role,
		.level = level,
		.access = access,
		.pfn = pfn,
		.old_spte = old,
		.memtype_bits = memtype,
		.prefetch = how & M_PREFETCH,
		.synchronizing = how & M_SYNC,
		.host_writable = !(how & M_RO),
		.host_mmio = how & M_HOST_MMIO,
		.wrprot = how & M_WRPROT,
		.guest_mmu = how & M_GUEST_MMU,
	};

	return spte_make(fmt, &args, wrprotected);
}

#endif
