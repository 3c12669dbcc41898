/* SPDX-License-Identifier: MIT */
/* Sub-page write permissions: a write that EPT denies may yet be allowed. */
#include "walk/walk.h"

static uint64_t read_entry(struct walk *k, uint64_t gpa, uint64_t table,
			   unsigned int level)
{
	static const struct geometry shape = GEOMETRY_4LEVEL;
	struct tdp_walk_ref ref = {
		.stage = TDP_WALK_SPP,
		.level = (uint8_t)level,
		.bytes = 8,
		.memtype = ept_ref_type(k),
		.gpa = TDP_GPA(gpa),
		.hpa = TDP_HPA(table + entry_offset(&shape, gpa, level)),
	};

	ref.value = entry_read(k, ref.hpa.addr, 8);
	log_ref(k, &ref);
	return ref.value;
}

/* Bits of the leaf that the bytes of the access need. */
static uint64_t bits_needed(const struct walk *k, uint64_t gpa)
{
	const uint64_t first = (gpa & FRAME_MASK) / SPP_SUBPAGE;
	const uint64_t size = k->size ? k->size : 1;
	const uint64_t last = ((gpa & FRAME_MASK) + size - 1) / SPP_SUBPAGE;
	uint64_t bits = 0;

	for (uint64_t i = first; i <= last; i++)
		bits |= BIT(2 * i);
	return bits;
}

/*
 * SDM: "Sub-Page Write Permissions" (3C).  The table has four levels whatever
 * EPT has; the leaf holds two bits for each 128 bytes of the page.
 */
enum tdp_walk_reason spp_decide(struct walk *k, uint64_t gpa)
{
	const uint64_t reserved = SPP_RSVD |
				  (EPT_ADDR & ~(BIT(k->w->cpu.maxphyaddr) - 1));
	uint64_t table = k->w->cpu.ept.sppt;
	uint64_t entry;

	for (unsigned int level = 4; level > 1; level--) {
		entry = read_entry(k, gpa, table, level);
		if (!(entry & SPP_VALID))
			return TDP_WALK_WHY_SPP_MISS;
		if (entry & reserved)
			return TDP_WALK_WHY_SPP_MISCONFIG;
		table = entry & EPT_ADDR;
	}
	entry = read_entry(k, gpa, table, 1);
	if (entry & SPP_LEAF_RSVD)
		return TDP_WALK_WHY_SPP_MISCONFIG;
	return ~entry & bits_needed(k, gpa) ? TDP_WALK_WHY_E_SUBPAGE :
					      TDP_WALK_WHY_NONE;
}
