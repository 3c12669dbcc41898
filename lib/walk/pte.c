/* SPDX-License-Identifier: MIT */
/* What an ordinary page-table entry means: the guest's, and AMD's nested. */
#include "walk/walk.h"

#define OFFSET(stage, name) \
	(TDP_WALK_WHY_##stage##_##name - TDP_WALK_WHY_##stage##_ABSENT)
#define SAME(guest, nested)                                  \
	static_assert(OFFSET(G, guest) == OFFSET(N, nested), \
		      "reasons of both stages stand in one order")
SAME(RSVD_ADDR, RSVD_ADDR);
SAME(RSVD_XD, RSVD_NX);
SAME(RSVD_HIGH, RSVD_HIGH);
SAME(RSVD_PS, RSVD_PS);
SAME(RSVD_BIT8, RSVD_BIT8);
SAME(RSVD_LARGE, RSVD_LARGE);
SAME(RSVD_PSE36, RSVD_PSE36);
SAME(RSVD_PDPTE, RSVD_PDPTE);

/* Which of the rules the reserved bits @bad break; distance from ABSENT. */
static int which_rule(const struct pte_rules *rules, uint64_t bad,
		      unsigned int level, bool leaf)
{
	const bool pae = rules->mode == MODE_PAE;

	if (pae && level == 3)
		return OFFSET(G, RSVD_PDPTE);
	if (rules->mode == MODE_32BIT)
		return bad & PDE4M_BIT21 ? OFFSET(G, RSVD_LARGE) :
					   OFFSET(G, RSVD_PSE36);
	if (bad & PTE_ADDR & ~(BIT(rules->maxphyaddr) - 1))
		return OFFSET(G, RSVD_ADDR);
	if (bad & PTE_XD)
		return OFFSET(G, RSVD_XD);
	if (bad & PTE_HIGH)
		return OFFSET(G, RSVD_HIGH);
	if (!leaf && (bad & PTE_PS))
		return OFFSET(G, RSVD_PS);
	if (!leaf && (bad & PTE_BIT8))
		return OFFSET(G, RSVD_BIT8);
	return OFFSET(G, RSVD_LARGE);
}

/*
 * Presence comes first: all other bits of a non-present entry are software's.
 * The rights are the caller's business: they depend on the whole path.
 */
enum tdp_walk_reason pte_classify(const struct pte_format *format,
				  uint64_t entry, unsigned int level,
				  enum tdp_walk_reason absent, bool *leaf)
{
	uint64_t bad;

	*leaf = format->maps_page[level] && (level == 1 || (entry & PTE_PS));
	if (!(entry & PTE_P))
		return absent;
	bad = entry & format->reserved[level][*leaf];
	if (likely(!bad))
		return TDP_WALK_WHY_NONE;
	return absent + (enum tdp_walk_reason)which_rule(&format->rules, bad,
							 level, *leaf);
}
