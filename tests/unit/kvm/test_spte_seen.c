/* SPDX-License-Identifier: MIT */
/*
 * Entries that real kernels were seen to write: QEMU with SVM ("npt-") and
 * Bochs with VMX ("ept-"), 6.1.192 to 7.1.5.  A row is named after the
 * recording, case and step that shows it first.  Frames are left out.
 */
#include "support/unit.h"

#include "spte_kernels.h"

/* Event kvm_mmu_set_spte: what a fault made, and its fields r, x and u. */
/* clang-format off */
static const struct made_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	unsigned int level;
	uint64_t spte;
	bool r;
	bool x;
	bool u;
} made_rows[] = {
	{ "npt-6.1.192-npt0-4level A.nocpuid/8", K6_1_Y, H_AMD, 1, 0xe67, 1, 1, 1 },
	{ "npt-6.1.192-npt0-4level A.nocpuid/8", K6_1_Y, H_AMD, 1, 0xe47, 1, 1, 1 },
	{ "npt-6.1.192-npt0-4level E.clearlog/7", K6_1_Y, H_AMD, 2, 0xee7, 1, 1, 1 },
	{ "npt-6.1.192-npt0-4level C.rsvd/7", K6_1_Y, H_AMD, 1, 0xe63, 1, 1, 0 },
	{ "npt-6.1.192-npt0-4level C.rsvd/7", K6_1_Y, H_AMD, 1, 0xe43, 1, 1, 0 },
	{ "npt-6.1.192-npt0-4level C.rsvd/39", K6_1_Y, H_AMD, 1, 0xa21, 1, 1, 0 },
	{ "npt-6.1.192-npt0-4level C.rsvd/39", K6_1_Y, H_AMD, 1, 0xa01, 1, 1, 0 },
	{ "npt-6.1.192-npt0-4level B.roles/56", K6_1_Y, H_AMD, 1, 0xe23, 1, 1, 0 },
	{ "npt-6.1.192-npt0-4level C.midperm/31", K6_1_Y, H_AMD, 1, 0xa25, 1, 1, 1 },
	{ "npt-6.1.192-npt0-4level C.midperm/31", K6_1_Y, H_AMD, 1, 0xa05, 1, 1, 1 },
	{ "npt-6.1.192-npt0-4level C.midperm/67", K6_1_Y, H_AMD, 1, 0x8000000000000e67, 1, 0, 1 },
	{ "npt-6.1.192-npt0-4level C.midperm/67", K6_1_Y, H_AMD, 1, 0x8000000000000e47, 1, 0, 1 },
	{ "npt-6.1.192-npt0-4level C.perms/159", K6_1_Y, H_AMD, 1, 0x8000000000000a25, 1, 0, 1 },
	{ "npt-6.1.192-npt0-4level C.perms/848", K6_1_Y, H_AMD, 1, 0x8000000000000e63, 1, 0, 0 },
	{ "npt-6.1.192-npt0-4level E.mmio/18", K6_1_Y, H_AMD, 1, 0xe27, 1, 1, 1 },
	{ "npt-6.1.192-npt0-4level E.mmio/18", K6_1_Y, H_AMD, 1, 0xe07, 1, 1, 1 },
	{ "npt-6.1.192-npt0-4level E.hugesplit/17", K6_1_Y, H_AMD, 1, 0x825, 1, 1, 1 },
	{ "npt-6.1.192-npt0-4level E.nxhuge/7", K6_1_Y, H_AMD, 2, 0x8000000000000ee7, 1, 0, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.basic/5", K6_10, 0, 1, 0x8600000000000a77, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.basic/6", K6_10, 0, 1, 0x8600000000000877, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.readonly/5",
	  K6_10, 0, 1, 0x8000000000000875, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.readonly/7",
	  K6_10, 0, 1, 0x8600000000000b77, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.readonly/9",
	  K6_10, 0, 1, 0x8000000000000975, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.readonly/12",
	  K6_10, 0, 2, 0x80000000000008f5, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.huge/5", K6_10, 0, 2, 0x8600000000000af7, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.huge/7", K6_10, 0, 2, 0x86000000000008f7, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.hugetlb1g/6",
	  K6_10, 0, 3, 0x8600000000000af7, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 A.hugetlb1g/7",
	  K6_10, 0, 3, 0x86000000000008f7, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 E.mmio/18", K6_10, 0, 1, 0x8600000000000977, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/7", K6_10, 0, 1, 0x8620000000000b77, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/7", K6_10, 0, 1, 0x8220000000000975, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/37", K6_10, 0, 1, 0x8610000000000877, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/37", K6_10, 0, 1, 0x8750000000000870, 1, 0, 0 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/67", K6_10, 0, 1, 0x8620000000000a77, 1, 1, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/97", K6_10, 0, 1, 0x8220000000000971, 1, 0, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/172", K6_10, 0, 1, 0x8220000000000974, 1, 1, 0 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/300", K6_10, 0, 1, 0x8210000000000871, 1, 0, 1 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.ept/300", K6_10, 0, 1, 0x8250000000000870, 1, 0, 0 },
	{ "ept-6.12-5level-phys52-tdp_mmu0 N.noept/11", K6_10, 0, 1, 0x8620000000000877, 1, 1, 1 },
	{ "ept-6.12-ad0 A.basic/5", K6_10, H_NO_AD, 1, 0x8750000000000870, 1, 0, 0 },
	{ "ept-6.12-ad0 A.readonly/5", K6_10, H_NO_AD, 1, 0x8150000000000870, 1, 0, 0 },
	{ "ept-6.12-ad0 A.readonly/7", K6_10, H_NO_AD, 1, 0x8610000000000877, 1, 1, 1 },
	{ "ept-6.12-ad0 A.readonly/9", K6_10, H_NO_AD, 1, 0x8010000000000875, 1, 1, 1 },
	{ "ept-6.12-ad0 A.readonly/12", K6_10, H_NO_AD, 2, 0x81500000000008f0, 1, 0, 0 },
	{ "ept-6.12-ad0 A.huge/5", K6_10, H_NO_AD, 2, 0x87500000000008f0, 1, 0, 0 },
	{ "ept-6.12-ad0 A.hugetlb1g/6", K6_10, H_NO_AD, 3, 0x87500000000008f0, 1, 0, 0 },
	{ "ept-6.12-ad0 N.ept/236", K6_10, H_NO_AD, 1, 0x8210000000000871, 1, 0, 1 },
	{ "ept-6.12-ad0 N.ept/236", K6_10, H_NO_AD, 1, 0x8250000000000870, 1, 0, 0 },
	{ "ept-6.12-ept0 A.nocpuid/8", K6_10, H_AMD, 1, 0xe67, 1, 1, 1 },
	{ "ept-6.12-ept0 A.nocpuid/8", K6_10, H_AMD, 1, 0xe47, 1, 1, 1 },
	{ "ept-6.12-ept0 B.badcr3/47", K6_10, H_AMD, 1, 0xe63, 1, 1, 0 },
	{ "ept-6.12-ept0 B.badcr3/47", K6_10, H_AMD, 1, 0xe43, 1, 1, 0 },
	{ "ept-6.12-ept0 C.ropt/9", K6_10, H_AMD, 1, 0xa21, 1, 1, 0 },
	{ "ept-6.12-ept0 B.roles/56", K6_10, H_AMD, 1, 0xe23, 1, 1, 0 },
	{ "ept-6.12-ept0 C.modes/6", K6_10, H_AMD, 1, 0xa01, 1, 1, 0 },
	{ "ept-6.12-ept0 C.perms/45", K6_10, H_AMD, 1, 0xa25, 1, 1, 1 },
	{ "ept-6.12-ept0 C.perms/102", K6_10, H_AMD, 1, 0xa05, 1, 1, 1 },
	{ "ept-6.12-ept0 C.perms/159", K6_10, H_AMD, 1, 0x8000000000000a25, 1, 0, 1 },
	{ "ept-6.12-ept0 C.perms/164", K6_10, H_AMD, 1, 0x8000000000000e67, 1, 0, 1 },
	{ "ept-6.12-ept0 C.perms/848", K6_10, H_AMD, 1, 0x8000000000000e63, 1, 0, 0 },
	{ "ept-6.12-ept0 E.mmio/18", K6_10, H_AMD, 1, 0xe27, 1, 1, 1 },
	{ "ept-6.12-ept0 E.mmio/18", K6_10, H_AMD, 1, 0xe07, 1, 1, 1 },
	{ "ept-6.18.2-ad0 A.basic/5", K6_13, H_NO_AD, 1, 0x8750000000000a70, 1, 0, 0 },
	{ "ept-6.18.2-ad0 A.readonly/5", K6_13, H_NO_AD, 1, 0x8150000000000870, 1, 0, 0 },
	{ "ept-6.18.2-ad0 A.readonly/7", K6_13, H_NO_AD, 1, 0x8610000000000b77, 1, 1, 1 },
	{ "ept-6.18.2-ad0 A.readonly/9", K6_13, H_NO_AD, 1, 0x8010000000000975, 1, 1, 1 },
	{ "ept-6.18.2-ad0 A.readonly/12", K6_13, H_NO_AD, 2, 0x81500000000008f0, 1, 0, 0 },
	{ "ept-6.18.2-ad0 A.huge/5", K6_13, H_NO_AD, 2, 0x8750000000000af0, 1, 0, 0 },
	{ "ept-6.18.2-ad0 A.hugetlb1g/6", K6_13, H_NO_AD, 3, 0x8750000000000af0, 1, 0, 0 },
	{ "ept-6.18.2-ad0 N.ept/236", K6_13, H_NO_AD, 1, 0x8210000000000971, 1, 0, 1 },
	{ "ept-6.18.2-ad0 N.ept/236", K6_13, H_NO_AD, 1, 0x8250000000000870, 1, 0, 0 },
	{ "ept-6.18.2-ad1-versions V.quirks/5", K6_13, 0, 1, 0x8600000000000a77, 1, 1, 1 },
	{ "ept-6.18.2-ad1-versions V.quirks/59", K6_13, 0, 1, 0x8600000000000a37, 1, 1, 1 },
	{ "ept-6.18.2-ad1-versions V.quirks/63", K6_13, 0, 1, 0x8600000000000b37, 1, 1, 1 },
	{ "ept-6.18.2-ad1-versions V.dying/14", K6_13, 0, 1, 0x8000000000000875, 1, 1, 1 },
	{ "ept-6.18.2-ad1-versions V.gmem/9", K6_13, 0, 1, 0x8600000000000b77, 1, 1, 1 },
	{ "ept-6.18.2-ad1 A.readonly/9", K6_13, 0, 1, 0x8000000000000975, 1, 1, 1 },
	{ "ept-6.18.2-ad1 A.readonly/12", K6_13, 0, 2, 0x80000000000008f5, 1, 1, 1 },
	{ "ept-6.18.2-ad1 A.huge/5", K6_13, 0, 2, 0x8600000000000af7, 1, 1, 1 },
	{ "ept-6.18.2-ad1 A.hugetlb1g/6", K6_13, 0, 3, 0x8600000000000af7, 1, 1, 1 },
	{ "ept-6.18.2-ad1 N.ept/7", K6_13, 0, 1, 0x8620000000000b77, 1, 1, 1 },
	{ "ept-6.18.2-ad1 N.ept/7", K6_13, 0, 1, 0x8220000000000975, 1, 1, 1 },
	{ "ept-6.18.2-ad1 N.ept/37", K6_13, 0, 1, 0x8610000000000b77, 1, 1, 1 },
	{ "ept-6.18.2-ad1 N.ept/37", K6_13, 0, 1, 0x8750000000000a70, 1, 0, 0 },
	{ "ept-6.18.2-ad1 N.ept/67", K6_13, 0, 1, 0x8620000000000a77, 1, 1, 1 },
	{ "ept-6.18.2-ad1 N.ept/97", K6_13, 0, 1, 0x8220000000000971, 1, 0, 1 },
	{ "ept-6.18.2-ad1 N.ept/172", K6_13, 0, 1, 0x8220000000000974, 1, 1, 0 },
	{ "ept-6.18.2-ad1 N.ept/301", K6_13, 0, 1, 0x8210000000000971, 1, 0, 1 },
	{ "ept-6.18.2-ad1 N.ept/301", K6_13, 0, 1, 0x8250000000000870, 1, 0, 0 },
	{ "ept-6.18.2-ept0 A.nocpuid/8", K6_13, H_AMD, 1, 0xe67, 1, 1, 1 },
	{ "ept-6.18.2-ept0 A.nocpuid/8", K6_13, H_AMD, 1, 0xe47, 1, 1, 1 },
	{ "ept-6.18.2-ept0 B.badcr3/47", K6_13, H_AMD, 1, 0xe63, 1, 1, 0 },
	{ "ept-6.18.2-ept0 B.badcr3/47", K6_13, H_AMD, 1, 0xe43, 1, 1, 0 },
	{ "ept-6.18.2-ept0 C.ropt/9", K6_13, H_AMD, 1, 0xa21, 1, 1, 0 },
	{ "ept-6.18.2-ept0 C.modes/6", K6_13, H_AMD, 1, 0xa01, 1, 1, 0 },
	{ "ept-6.18.2-ept0 C.perms/45", K6_13, H_AMD, 1, 0xa25, 1, 1, 1 },
	{ "ept-6.18.2-ept0 C.perms/102", K6_13, H_AMD, 1, 0xa05, 1, 1, 1 },
	{ "ept-6.18.2-ept0 C.perms/159", K6_13, H_AMD, 1, 0x8000000000000a25, 1, 0, 1 },
	{ "ept-6.18.2-ept0 C.perms/164", K6_13, H_AMD, 1, 0x8000000000000e67, 1, 0, 1 },
	{ "ept-6.18.2-ept0 C.perms/848", K6_13, H_AMD, 1, 0x8000000000000e63, 1, 0, 0 },
	{ "npt-6.12-npt0-4level E.clearlog/7", K6_10, H_AMD, 2, 0xee7, 1, 1, 1 },
	{ "npt-6.12-npt0-4level C.midperm/67", K6_10, H_AMD, 1, 0x8000000000000e47, 1, 0, 1 },
	{ "npt-6.12-npt0-4level E.hugesplit/17", K6_10, H_AMD, 1, 0x825, 1, 1, 1 },
	{ "npt-6.12-npt0-4level E.nxhuge/7", K6_10, H_AMD, 2, 0x8000000000000ee7, 1, 0, 1 },
	{ "npt-6.12-npt1-4level A.readonly/5", K6_10, H_AMD, 1, 0x805, 1, 1, 1 },
	{ "npt-6.12-npt1-4level A.readonly/12", K6_10, H_AMD, 2, 0x885, 1, 1, 1 },
	{ "npt-6.12-npt1-4level A.huge/5", K6_10, H_AMD, 2, 0xec7, 1, 1, 1 },
	{ "npt-6.12-npt1-4level A.huge/7", K6_10, H_AMD, 2, 0xe87, 1, 1, 1 },
	{ "npt-6.12-npt1-4level A.hugetlb1g/6", K6_10, H_AMD, 3, 0xec7, 1, 1, 1 },
	{ "npt-6.12-npt1-4level A.hugetlb1g/7", K6_10, H_AMD, 3, 0xe87, 1, 1, 1 },
	{ "npt-6.18.2-npt0-4level E.clearlog/7", K6_13, H_AMD, 2, 0xee7, 1, 1, 1 },
	{ "npt-6.18.2-npt0-4level C.midperm/67", K6_13, H_AMD, 1, 0x8000000000000e47, 1, 0, 1 },
	{ "npt-6.18.2-npt0-4level E.hugesplit/17", K6_13, H_AMD, 1, 0x825, 1, 1, 1 },
	{ "npt-6.18.2-npt0-4level E.nxhuge/7", K6_13, H_AMD, 2, 0x8000000000000ee7, 1, 0, 1 },
	{ "npt-6.18.2-npt1-4level A.readonly/5", K6_13, H_AMD, 1, 0x805, 1, 1, 1 },
	{ "npt-6.18.2-npt1-4level A.readonly/12", K6_13, H_AMD, 2, 0x885, 1, 1, 1 },
	{ "npt-6.18.2-npt1-4level A.huge/5", K6_13, H_AMD, 2, 0xec7, 1, 1, 1 },
	{ "npt-6.18.2-npt1-4level A.hugetlb1g/6", K6_13, H_AMD, 3, 0xec7, 1, 1, 1 },
};
/* clang-format on */

/*
 * Other entries, from kvm_tdp_mmu_spte_changed and fast_page_fault: tables,
 * and leaves that something happened to.
 */
/* clang-format off */
static const struct state_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	unsigned int level;
	uint64_t spte;
} state_rows[] = {
	{ "npt-6.1.192-npt1-4level A.readonly/7", K6_1_Y, H_AMD, 4, 0x827 },
	{ "npt-6.1.192-npt1-4level A.readonly/7", K6_1_Y, H_AMD, 3, 0x827 },
	{ "npt-6.1.192-npt1-4level A.readonly/7", K6_1_Y, H_AMD, 2, 0x827 },
	{ "npt-6.1.192-npt1-4level A.dirtylog/15", K6_1_Y, H_AMD, 1, 0xe65 },
	{ "ept-6.12-ad0 A.basic/5", K6_10, H_NO_AD, 4, 0x8010000000000807 },
	{ "ept-6.12-ad0 A.basic/5", K6_10, H_NO_AD, 3, 0x8010000000000807 },
	{ "ept-6.12-ad0 A.basic/5", K6_10, H_NO_AD, 2, 0x8010000000000807 },
	{ "ept-6.12-ad0 A.dirtylog/15", K6_10, H_NO_AD, 1, 0x8610000000000875 },
	{ "ept-6.12-ad1-versions V.quirks/5", K6_10, 0, 4, 0x8000000000000907 },
	{ "ept-6.12-ad1-versions V.quirks/5", K6_10, 0, 3, 0x8000000000000907 },
	{ "ept-6.12-ad1-versions V.quirks/5", K6_10, 0, 2, 0x8000000000000907 },
	{ "ept-6.12-nested-5level N.ept/7", K6_10, 0, 5, 0x8000000000000907 },
	{ "ept-6.18.2-ad0 A.basic/5", K6_13, H_NO_AD, 4, 0x8010000000000807 },
	{ "ept-6.18.2-ad0 A.basic/5", K6_13, H_NO_AD, 3, 0x8010000000000807 },
	{ "ept-6.18.2-ad0 A.basic/5", K6_13, H_NO_AD, 2, 0x8010000000000807 },
	{ "ept-6.18.2-ad0 A.dirtylog/15", K6_13, H_NO_AD, 1, 0x8610000000000b75 },
	{ "ept-6.18.2-ad1-versions V.quirks/5", K6_13, 0, 4, 0x8000000000000907 },
	{ "ept-6.18.2-ad1-versions V.quirks/5", K6_13, 0, 3, 0x8000000000000907 },
	{ "ept-6.18.2-ad1-versions V.quirks/5", K6_13, 0, 2, 0x8000000000000907 },
	{ "ept-6.18.2-ad1 A.dirtylog/6", K6_13, 0, 1, 0x8600000000000877 },
	{ "ept-6.18.2-ad1 A.dirtylog/15", K6_13, 0, 1, 0x8600000000000977 },
	{ "npt-6.12-npt1-4level A.basic/5", K6_10, H_AMD, 4, 0x827 },
	{ "npt-6.12-npt1-4level A.basic/5", K6_10, H_AMD, 3, 0x827 },
	{ "npt-6.12-npt1-4level A.basic/5", K6_10, H_AMD, 2, 0x827 },
	{ "npt-6.12-npt1-4level A.dirtylog/6", K6_10, H_AMD, 1, 0xe45 },
	{ "npt-6.12-npt1-4level A.dirtylog/15", K6_10, H_AMD, 1, 0xe05 },
	{ "npt-6.12-npt1-4level E.clearlog/12", K6_10, H_AMD, 1, 0xe65 },
	{ "npt-6.12-npt1-5level A.basic/5", K6_10, H_AMD, 5, 0x827 },
	{ "npt-6.18.2-npt1-4level A.basic/5", K6_13, H_AMD, 4, 0x827 },
	{ "npt-6.18.2-npt1-4level A.basic/5", K6_13, H_AMD, 3, 0x827 },
	{ "npt-6.18.2-npt1-4level A.basic/5", K6_13, H_AMD, 2, 0x827 },
	{ "npt-6.18.2-npt1-4level A.dirtylog/6", K6_13, H_AMD, 1, 0xe45 },
	{ "npt-6.18.2-npt1-4level A.dirtylog/15", K6_13, H_AMD, 1, 0xe65 },
	{ "npt-6.18.2-npt1-4level E.hugesplit/13", K6_13, H_AMD, 2, 0xee5 },
	{ "npt-6.18.2-npt1-5level A.basic/5", K6_13, H_AMD, 5, 0x827 },
	{ "npt-6.12-npt0-4level E.clearlog/12", K6_10, H_AMD, 2, 0xae5 },
};
/* clang-format on */

/* Event fast_page_fault: from the old entry to the new one. */
/* clang-format off */
static const struct fast_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t old;
	uint64_t new;
} fast_rows[] = {
	{ "npt-6.1.192-npt0-4level E.dirty/10", K6_1_Y, H_AMD, 0xe65, 0xe67 },
	{ "ept-6.12-ad0 A.basic/6", K6_10, H_NO_AD, 0x8750000000000870, 0x8610000000000875 },
	{ "ept-6.12-ad0 A.readonly/7", K6_10, H_NO_AD, 0x8150000000000870, 0x8010000000000875 },
	{ "ept-6.12-ad0 A.untouched/9", K6_10, H_NO_AD, 0x81500000000008f0, 0x80100000000008f5 },
	{ "ept-6.12-ad0 A.dirtylog/10", K6_10, H_NO_AD, 0x8750000000000870, 0x8610000000000877 },
	{ "ept-6.12-ad0 A.dirtylog/16", K6_10, H_NO_AD, 0x8610000000000875, 0x8610000000000877 },
	{ "ept-6.12-ad0 A.huge/7", K6_10, H_NO_AD, 0x87500000000008f0, 0x86100000000008f5 },
	{ "ept-6.12-ept0 E.dirty/10", K6_10, H_AMD, 0xe65, 0xe67 },
	{ "ept-6.18.2-ad0 A.basic/6", K6_13, H_NO_AD, 0x8750000000000a70, 0x8610000000000b75 },
	{ "ept-6.18.2-ad0 A.readonly/7", K6_13, H_NO_AD, 0x8150000000000870, 0x8010000000000975 },
	{ "ept-6.18.2-ad0 A.untouched/9", K6_13, H_NO_AD, 0x81500000000008f0, 0x80100000000009f5 },
	{ "ept-6.18.2-ad0 A.dirtylog/10", K6_13, H_NO_AD, 0x8750000000000a70, 0x8610000000000b77 },
	{ "ept-6.18.2-ad0 A.dirtylog/16", K6_13, H_NO_AD, 0x8610000000000b75, 0x8610000000000b77 },
	{ "ept-6.18.2-ad0 A.huge/7", K6_13, H_NO_AD, 0x8750000000000af0, 0x8610000000000bf5 },
	{ "ept-6.18.2-ept0 E.dirty/10", K6_13, H_AMD, 0xe65, 0xe67 },
	{ "npt-6.12-npt1-4level A.dirtylog/10", K6_10, H_AMD, 0xe45, 0xe47 },
	{ "npt-6.12-npt1-4level A.dirtylog/16", K6_10, H_AMD, 0xe05, 0xe07 },
	{ "npt-6.18.2-npt1-4level A.dirtylog/10", K6_13, H_AMD, 0xe45, 0xe47 },
	{ "npt-6.18.2-npt1-4level E.hugesplit/14", K6_13, H_AMD, 0xee5, 0xee7 },
};
/* clang-format on */

/* Event mark_mmio_spte, with the entry that was written just before it. */
/* clang-format off */
static const struct mmio_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t gfn;
	uint64_t gen;
	unsigned int access;
	uint64_t spte;
} mmio_rows[] = {
	{ "npt-6.1.192-npt1-4level C.rsvd/7", K6_1_Y, H_AMD, 0x1000300, 2, 7, 0x8001000300017 },
	{ "npt-6.1.192-npt1-4level C.rsvd/15", K6_1_Y, H_AMD, 0x800300, 2, 7, 0x8000800300017 },
	{ "npt-6.1.192-npt1-4level C.rsvd/31", K6_1_Y, H_AMD, 0x1000104, 2, 7, 0x8001000104017 },
	{ "npt-6.1.192-npt1-4level B.badcr3/7", K6_1_Y, H_AMD, 0x40000, 2, 7, 0x8000040000017 },
	{ "npt-6.1.192-npt1-4level B.badcr3/31", K6_1_Y, H_AMD, 0x8000000, 2, 7, 0x8008000000017 },
	{ "npt-6.1.192-npt1-4level B.badcr3/39", K6_1_Y, H_AMD, 0xffff1, 2, 7, 0x80000ffff1017 },
	{ "npt-6.1.192-npt1-4level E.mmio/11", K6_1_Y, H_AMD, 0xfee00, 2, 7, 0x80000fee00017 },
	{ "npt-6.1.192-npt1-4level E.mmio/13", K6_1_Y, H_AMD, 0x40001, 2, 7, 0x8000040001017 },
	{ "npt-6.1.192-npt1-4level E.mmio/15", K6_1_Y, H_AMD, 0x50000, 2, 7, 0x8000050000017 },
	{ "npt-6.1.192-npt1-4level E.mmio/19", K6_1_Y, H_AMD, 0x50000, 4, 7, 0x8000050000027 },
	{ "npt-6.1.192-npt1-4level E.slotdel/8", K6_1_Y, H_AMD, 0x10000, 8, 7, 0x8000010000047 },
	{ "ept-6.12-ad0 A.noslot/4", K6_10, 0, 0x40000, 2, 6, 0x40000016 },
	{ "ept-6.12-ad0 A.noslot/7", K6_10, 0, 0x1000, 2, 6, 0x1000016 },
	{ "ept-6.12-ad0 A.empty/2", K6_10, 0, 0, 0, 6, 0x6 },
	{ "ept-6.12-ad0 A.empty/3", K6_10, 0, 0xfee00, 0, 6, 0xfee00006 },
	{ "ept-6.12-ad0 A.nocpuid/4", K6_10, 0, 0x1000000, 2, 6, 0x1000000016 },
	{ "ept-6.12-ad0 A.slotdel/25", K6_10, 0, 0x10000, 26, 6, 0x100000d6 },
	{ "ept-6.12-ad0 B.badcr3/35", K6_10, 0, 0x8000000, 2, 6, 0x8000000016 },
	{ "ept-6.12-ad0 B.badcr3/44", K6_10, 0, 0xffff1, 2, 6, 0xffff1016 },
	{ "ept-6.12-ad0 E.mmio/11", K6_10, 0, 0xfee00, 2, 6, 0xfee00016 },
	{ "ept-6.12-ad0 E.mmio/13", K6_10, 0, 0x40001, 2, 6, 0x40001016 },
	{ "ept-6.12-ad0 E.mmio/14", K6_10, 0, 0x50000, 2, 6, 0x50000016 },
	{ "ept-6.12-ad0 E.mmio/19", K6_10, 0, 0x50000, 4, 6, 0x50000026 },
	{ "ept-6.12-ad0 E.slotdel/8", K6_10, 0, 0x10000, 8, 6, 0x10000046 },
	{ "ept-6.12-ad1-versions V.gmem/7", K6_10, 0, 0x10000, 2, 6, 0x10000016 },
	{ "ept-6.12-ad1-versions V.gmem/9", K6_10, 0, 0x10005, 2, 6, 0x10005016 },
	{ "ept-6.12-la57-phys46 B.badcr3/44", K6_10, 0, 0x10000000, 2, 6, 0x10000000016 },
	{ "ept-6.12-la57-phys46 B.badcr3/89", K6_10, 0, 0x200000101, 2, 6, 0x200000101016 },
	{ "ept-6.18.2-ad0 A.slotdel/10", K6_13, 0, 0x10000, 14, 6, 0x10000076 },
	{ "ept-6.18.2-ad1-versions V.dying/15", K6_13, 0, 0x10002, 8, 6, 0x10002046 },
	{ "npt-6.12-npt1-4level A.noslot/7", K6_10, H_AMD, 0x1000, 2, 7, 0x8000001000017 },
	{ "npt-6.12-npt1-4level A.holes/5", K6_10, H_AMD, 0x80000, 4, 7, 0x8000080000027 },
	{ "npt-6.12-npt1-4level A.holes/6", K6_10, H_AMD, 0x80001, 4, 7, 0x8000080001027 },
	{ "npt-6.12-npt1-4level A.holes/7", K6_10, H_AMD, 0x80012, 4, 7, 0x8000080012027 },
	{ "npt-6.12-npt1-4level A.toplimits/4", K6_10, H_AMD, 0x1000000, 2, 7, 0x8001000000017 },
	{ "npt-6.12-npt1-4level A.toplimits/6", K6_10, H_AMD, 0xfffffff, 2, 7, 0x800fffffff017 },
	{ "npt-6.12-npt1-4level A.empty/2", K6_10, H_AMD, 0, 0, 7, 0x8000000000007 },
	{ "npt-6.12-npt1-4level A.empty/3", K6_10, H_AMD, 0xfee00, 0, 7, 0x80000fee00007 },
	{ "npt-6.12-npt1-4level A.smm_events/8", K6_10, H_AMD, 0x900, 3, 7, 0x800000090001f },
	{ "npt-6.12-npt1-4level A.slotdel/25", K6_10, H_AMD, 0x10000, 26, 7, 0x80000100000d7 },
	{ "npt-6.12-npt1-mmio_caching1-wrap W.wrap/6",
	  K6_10, H_AMD, 0x40000, 4, 7, 0x8000040000027 },
	{ "npt-6.12-npt1-versions V.gmem/7", K6_10, H_AMD, 0x10000, 2, 7, 0x8000010000017 },
	{ "npt-6.12-npt1-versions V.gmem/9", K6_10, H_AMD, 0x10005, 2, 7, 0x8000010005017 },
	{ "npt-6.18.2-npt1-4level A.slotdel/10", K6_13, H_AMD, 0x10000, 14, 7, 0x8000010000077 },
	{ "npt-6.18.2-npt1-mmio_caching1-wrap W.wrap/9",
	  K6_13, H_AMD, 0x40001, 36, 7, 0x8000040001127 },
	{ "npt-6.18.2-npt1-versions V.dying/15", K6_13, H_AMD, 0x10002, 8, 7, 0x8000010002047 },
};
/* clang-format on */

/* Call @visit with all that spte_make() can be told, until it says yes. */
static bool some_made(const struct spte_format *fmt, unsigned int level,
		      bool (*visit)(const struct spte_format *fmt,
				    uint64_t spte, uint64_t wanted),
		      uint64_t wanted)
{
	static const unsigned int flags[] = { M_PREFETCH, M_RO, M_WRPROT,
					      M_AD_OFF, M_L2 };
	static const uint64_t memtypes[] = { 0x70, 0x30, 0 };
	bool wrprotected;

	for (unsigned int i = 0; i < BIT(ARRAY_SIZE(flags)) * 8 * 3 * 2; i++) {
		const unsigned int access = i & (X | W | U);
		const uint64_t old = i & 8 ? SPTE_W : fmt->nonpresent;
		const uint64_t memtype = memtypes[i / 16 % 3];
		unsigned int how = 0;

		for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
			if (i / 48 & BIT(f))
				how |= flags[f];
		if (!fmt->ept && how & M_AD_OFF)
			continue;
		if (visit(fmt,
			  make_of(fmt, how, access, level, 0, memtype, old,
				  &wrprotected),
			  wanted))
			return true;
	}
	return false;
}

static bool is_it(const struct spte_format *fmt, uint64_t spte, uint64_t wanted)
{
	(void)fmt;
	return spte == wanted;
}

static void is_made_by_a_fault(void **state)
{
	const struct made_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	const struct spte_traced traced = spte_traced(&fmt, r->spte);

	assert_true(some_made(&fmt, r->level, is_it, r->spte));
	assert_null(spte_check(&fmt, r->spte, r->level));
	assert_int_equal(traced.r, r->r);
	assert_int_equal(traced.x, r->x);
	assert_int_equal(traced.u, r->u);
}

/* What processor, dirty log and write tracking do to a leaf. */
static uint64_t happens(const struct spte_format *fmt, uint64_t spte,
			unsigned int event)
{
	switch (event) {
	case 1:
		return spte | fmt->accessed;
	case 2:
		return spte_writable(spte) ? spte | fmt->dirty : spte;
	case 3:
		return spte & ~fmt->dirty;
	case 4:
		return spte & ~SPTE_W;
	case 5:
		return spte & ~(SPTE_W | fmt->mmu_writable);
	default:
		return spte;
	}
}

static bool becomes_it(const struct spte_format *fmt, uint64_t spte,
		       uint64_t wanted)
{
	for (unsigned int i = 0; i < 6 * 6; i++) {
		uint64_t now = happens(fmt, spte, i / 6);

		if (happens(fmt, now, i % 6) == wanted)
			return true;
	}
	return false;
}

static void is_reached(void **state)
{
	const struct state_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_null(spte_check(&fmt, r->spte, r->level));
	if (spte_leaf(r->spte, r->level))
		assert_true(some_made(&fmt, r->level, becomes_it, r->spte));
	else
		assert_int_equal(spte_make_nonleaf(&fmt, 0, !fmt.has_ad),
				 r->spte);
}

/* KVM 6.12: fast_page_fault() */
static uint64_t fixed(const struct spte_format *fmt, uint64_t spte, bool write)
{
	if (!fmt->has_ad && spte_access_tracked(fmt, spte))
		spte = spte_restore_access_track(fmt, spte) | fmt->accessed;
	return write ? spte | SPTE_W : spte;
}

static void is_fixed(void **state)
{
	const struct fast_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(fixed(&fmt, r->old, spte_writable(r->new)), r->new);
	if (spte_writable(r->new))
		assert_true(r->old & fmt.mmu_writable);
}

static void is_mmio(void **state)
{
	const struct mmio_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(spte_make_mmio(&fmt, r->gfn, X | W | U, r->gen),
			 r->spte);
	assert_int_equal(spte_mmio_gfn(&fmt, r->spte), r->gfn);
	assert_int_equal(spte_mmio_gen(&fmt, r->spte), r->gen);
	assert_int_equal(spte_mmio_access(&fmt, r->spte), r->access);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(made_rows, is_made_by_a_fault),
		ROWS(state_rows, is_reached),
		ROWS(fast_rows, is_fixed),
		ROWS(mmio_rows, is_mmio),
	};

	return RUN("spte_seen", suites);
}
