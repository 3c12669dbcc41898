/* SPDX-License-Identifier: MIT */
/*
 * The shapes of translation tables.  A walk knows no paging modes, only
 * these rows; EPT has the shape of 4-level and 5-level paging.
 *
 * SDM: "Paging Modes and Control Bits" (3A), "EPT Overview" (3C); APM 2:
 * "Nested Paging".
 */
#ifndef TDPSIM_WALK_GEOMETRY_H
#define TDPSIM_WALK_GEOMETRY_H

#include "base/bits.h"

struct geometry {
	unsigned int levels; /* of tables in memory */
	unsigned int entry_bytes;
	unsigned int index_bits;
	unsigned int width; /* bits of the address translated */
};

enum mode {
	MODE_NONE,
	MODE_32BIT,
	MODE_PAE,           /* PDPTEs are read on each walk */
	MODE_PAE_REGISTERS, /* PDPTEs are registers: two levels are left */
	MODE_4LEVEL,
	MODE_5LEVEL,
	NR_MODES
};

#define GEOMETRY_NONE       \
	{                   \
		0, 0, 0, 64 \
	}
#define GEOMETRY_32BIT       \
	{                    \
		2, 4, 10, 32 \
	}
#define GEOMETRY_PAE        \
	{                   \
		3, 8, 9, 32 \
	}
#define GEOMETRY_PAE_REGISTERS \
	{                      \
		2, 8, 9, 32    \
	}
#define GEOMETRY_4LEVEL     \
	{                   \
		4, 8, 9, 48 \
	}
#define GEOMETRY_5LEVEL     \
	{                   \
		5, 8, 9, 57 \
	}

extern const struct geometry geometries[NR_MODES];

static inline unsigned int level_shift(const struct geometry *g,
				       unsigned int level)
{
	return 12 + g->index_bits * (level - 1);
}

/*
 * Byte offset, in its table, of the entry for @in.  A mode's top level may
 * have fewer bits: what lies above them in @in is zero then, or the sign.
 */
static inline uint64_t entry_offset(const struct geometry *g, uint64_t in,
				    unsigned int level)
{
	const uint64_t index = in >> level_shift(g, level) &
			       (BIT(g->index_bits) - 1);

	return index * g->entry_bytes;
}

#endif
