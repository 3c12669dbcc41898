/* SPDX-License-Identifier: MIT */
/*
 * What each bit of an entry is, by format and level: named, ignored by the
 * processor, or reserved.  The three partition the entry.
 */
#ifndef TDPSIM_WALK_LAYOUT_H
#define TDPSIM_WALK_LAYOUT_H

#include "walk/geometry.h"

struct layout {
	uint64_t named;
	uint64_t ignored;
	uint64_t reserved;
};

/* What the layout of an ordinary page-table entry depends on. */
struct pte_rules {
	enum mode mode;
	unsigned int maxphyaddr;
	bool nx;  /* EFER.NXE */
	bool pse; /* CR4.PSE; 32-bit paging only */
	bool pse36;
	bool gbpages;
	bool keys; /* CR4.PKE or CR4.PKS, in long mode */
	bool amd;
};

/* What the layout of an EPT entry depends on. */
struct ept_rules {
	unsigned int maxphyaddr;
	bool page_2m;
	bool page_1g;
	bool ad;  /* EPTP bit 6 */
	bool mbe; /* mode-based execute control */
	bool pw;  /* paging-write control */
	bool gpv; /* guest-paging verification */
	bool sss; /* EPTP bit 7 */
	bool spp; /* sub-page write permissions */
	bool ve;  /* EPT-violation #VE */
};

/* May an entry at @level have PS=1 and map a page? */
bool pte_maps_page(const struct pte_rules *rules, unsigned int level);
bool ept_maps_page(const struct ept_rules *rules, unsigned int level);

/*
 * The layout of a present entry at @level; @leaf says whether it maps a page,
 * which pte_maps_page() must allow.  Entries of 32-bit paging have 32 bits.
 * Level 3 of MODE_PAE and MODE_PAE_REGISTERS is the PDPTE.
 */
struct layout pte_layout(const struct pte_rules *rules, unsigned int level,
			 bool leaf);
struct layout ept_layout(const struct ept_rules *rules, unsigned int level,
			 bool leaf);

#endif
