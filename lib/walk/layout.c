/* SPDX-License-Identifier: MIT */
#include "walk/layout.h"

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"

const struct geometry geometries[NR_MODES] = {
	[MODE_NONE] = GEOMETRY_NONE,
	[MODE_32BIT] = GEOMETRY_32BIT,
	[MODE_PAE] = GEOMETRY_PAE,
	[MODE_PAE_REGISTERS] = GEOMETRY_PAE_REGISTERS,
	[MODE_4LEVEL] = GEOMETRY_4LEVEL,
	[MODE_5LEVEL] = GEOMETRY_5LEVEL,
};

/* Fields of every entry, and of every leaf, but XD and the address. */
#define TABLE (PTE_P | PTE_RW | PTE_US | PTE_CACHE | PTE_A)
#define LEAF  (TABLE | PTE_D | PTE_G)
#define SOFT  PTE_SOFT_LOW

/*
 * SDM: figures and tables of "4-Level Paging and 5-Level Paging".  A field
 * that exists under a condition stands where it is when the condition holds.
 */
/* clang-format off */
static const struct layout long_table[] = {
	/* level	named			ignored	reserved */
	[5] = { TABLE | PTE_ADDR | PTE_XD,
		SOFT | PTE_D | PTE_BIT8 | PTE_HIGH,	PTE_PS },
	[4] = { TABLE | PTE_ADDR | PTE_XD,
		SOFT | PTE_D | PTE_BIT8 | PTE_HIGH,	PTE_PS },
	[3] = { TABLE | PTE_PS | PTE_ADDR | PTE_XD,
		SOFT | PTE_D | PTE_BIT8 | PTE_HIGH,	0 },
	[2] = { TABLE | PTE_PS | PTE_ADDR | PTE_XD,
		SOFT | PTE_D | PTE_BIT8 | PTE_HIGH,	0 },
};
static const struct layout long_leaf[] = {
	[3] = { LEAF | PTE_PS | PTE_PAT_LARGE | BITS(51, 30) | PTE_KEY | PTE_XD,
		SOFT | PTE_SOFT_HIGH,			PTE_LOW_1G },
	[2] = { LEAF | PTE_PS | PTE_PAT_LARGE | BITS(51, 21) | PTE_KEY | PTE_XD,
		SOFT | PTE_SOFT_HIGH,			PTE_LOW_2M },
	[1] = { LEAF | PTE_PAT | PTE_ADDR | PTE_KEY | PTE_XD,
		SOFT | PTE_SOFT_HIGH,			0 },
};
/* clang-format on */

/* SDM: "PAE Paging". */
/* clang-format off */
static const struct layout pae_table[] = {
	[3] = { PTE_P | PTE_CACHE | PTE_ADDR,
		SOFT,					PDPTE_RSVD },
	[2] = { TABLE | PTE_PS | PTE_ADDR | PTE_XD,
		SOFT | PTE_D | PTE_BIT8,		PTE_HIGH },
};
static const struct layout pae_leaf[] = {
	[2] = { LEAF | PTE_PS | PTE_PAT_LARGE | BITS(51, 21) | PTE_XD,
		SOFT,					PTE_HIGH | PTE_LOW_2M },
	[1] = { LEAF | PTE_PAT | PTE_ADDR | PTE_XD,
		SOFT,					PTE_HIGH },
};
/* clang-format on */

/* SDM: "32-Bit Paging". */
/* clang-format off */
static const struct layout legacy_table[] = {
	[2] = { TABLE | PTE_PS | PTE32_ADDR, SOFT | PTE_D | PTE_BIT8, 0 },
};
static const struct layout legacy_leaf[] = {
	[2] = { LEAF | PTE_PS | PTE_PAT_LARGE | PDE4M_ADDR | PDE4M_HIGH,
		SOFT,					PDE4M_BIT21 },
	[1] = { LEAF | PTE_PAT | PTE32_ADDR, SOFT,	0 },
};
/* clang-format on */

/*
 * SDM: "Format of EPT PML4 entry" and the following tables.  Bits that a
 * control gives a meaning are ignored without it.
 */
#define EPT_TABLE (EPT_RWX | EPT_A | EPT_XU | EPT_ADDR)
#define EPT_LEAF                                                               \
	(EPT_RWX | EPT_MEMTYPE | EPT_IPAT | EPT_A | EPT_D | EPT_XU | EPT_VGP | \
	 EPT_PWA | EPT_SSS | EPT_SVE)
#define EPT_SOFT       (BIT(11) | BITS(56, 52) | BIT(59) | BIT(62))
#define EPT_SOFT_TABLE (EPT_D | BIT(11) | BITS(63, 52))

/* clang-format off */
static const struct layout ept_table[] = {
	[5] = { EPT_TABLE, EPT_SOFT_TABLE, BITS(7, 3) },
	[4] = { EPT_TABLE, EPT_SOFT_TABLE, BITS(7, 3) },
	[3] = { EPT_TABLE | EPT_PS, EPT_SOFT_TABLE, BITS(6, 3) },
	[2] = { EPT_TABLE | EPT_PS, EPT_SOFT_TABLE, BITS(6, 3) },
};
static const struct layout ept_leaf[] = {
	[3] = { EPT_LEAF | EPT_PS | BITS(51, 30),
		EPT_SOFT | EPT_SPP,			EPT_LOW_1G },
	[2] = { EPT_LEAF | EPT_PS | BITS(51, 21),
		EPT_SOFT | EPT_SPP,			EPT_LOW_2M },
	[1] = { EPT_LEAF | EPT_SPP | EPT_ADDR,
		EPT_SOFT | EPT_PS,			0 },
};
/* clang-format on */

static void ignore_unless(bool condition, struct layout *l, uint64_t bits)
{
	if (condition)
		return;
	l->ignored |= l->named & bits;
	l->named &= ~bits;
}

static void reserve_unless(bool condition, struct layout *l, uint64_t bits)
{
	if (condition)
		return;
	l->reserved |= (l->named | l->ignored) & bits;
	l->named &= ~bits;
	l->ignored &= ~bits;
}

/* Bits of an 8-byte entry's address that the processor lacks. */
static uint64_t too_high(unsigned int maxphyaddr)
{
	return PTE_ADDR & ~(BIT(maxphyaddr) - 1);
}

bool pte_maps_page(const struct pte_rules *rules, unsigned int level)
{
	switch (rules->mode) {
	case MODE_32BIT:
		return level == 1 || (level == 2 && rules->pse);
	case MODE_PAE:
	case MODE_PAE_REGISTERS:
		return level <= 2;
	default:
		return level <= 2 || (level == 3 && rules->gbpages);
	}
}

/* PDE[20:13] is PA[39:32]; without PSE-36, or with fewer bits, zero. */
static struct layout legacy_layout(const struct pte_rules *rules,
				   unsigned int level, bool leaf)
{
	const unsigned int m = rules->pse36 ? (unsigned int)min_u64(
						      40, rules->maxphyaddr) :
					      32;
	struct layout l = (leaf ? legacy_leaf : legacy_table)[level];

	if (leaf && level == 2)
		reserve_unless(false, &l, PDE4M_HIGH & ~(BIT(m - 19) - 1));
	ignore_unless(rules->pse, &l, level == 2 ? PTE_PS : 0);
	return l;
}

struct layout pte_layout(const struct pte_rules *rules, unsigned int level,
			 bool leaf)
{
	struct layout l;

	assert(!leaf || pte_maps_page(rules, level));
	if (rules->mode == MODE_32BIT)
		return legacy_layout(rules, level, leaf);
	if (rules->mode == MODE_PAE || rules->mode == MODE_PAE_REGISTERS) {
		l = (leaf ? pae_leaf : pae_table)[level];
	} else {
		l = (leaf ? long_leaf : long_table)[level];
		reserve_unless(leaf || level < 4 || !rules->amd, &l, PTE_BIT8);
		reserve_unless(leaf || level != 3 || rules->gbpages, &l,
			       PTE_PS);
		ignore_unless(rules->keys, &l, PTE_KEY);
	}
	reserve_unless(false, &l, too_high(rules->maxphyaddr));
	reserve_unless(rules->nx, &l, PTE_XD);
	return l;
}

bool ept_maps_page(const struct ept_rules *rules, unsigned int level)
{
	return level == 1 || (level == 2 && rules->page_2m) ||
	       (level == 3 && rules->page_1g);
}

struct layout ept_layout(const struct ept_rules *rules, unsigned int level,
			 bool leaf)
{
	struct layout l;

	assert(!leaf || ept_maps_page(rules, level));
	l = (leaf ? ept_leaf : ept_table)[level];
	reserve_unless(leaf || level != 3 || rules->page_1g, &l, EPT_PS);
	reserve_unless(leaf || level != 2 || rules->page_2m, &l, EPT_PS);
	reserve_unless(false, &l, too_high(rules->maxphyaddr));
	ignore_unless(rules->ad, &l, EPT_A | EPT_D);
	ignore_unless(rules->mbe, &l, EPT_XU);
	ignore_unless(rules->gpv, &l, EPT_VGP);
	ignore_unless(rules->pw, &l, EPT_PWA);
	ignore_unless(rules->sss, &l, EPT_SSS);
	ignore_unless(rules->spp, &l, level == 1 ? EPT_SPP : 0);
	ignore_unless(rules->ve, &l, EPT_SVE);
	return l;
}
