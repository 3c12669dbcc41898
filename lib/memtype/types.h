/* SPDX-License-Identifier: MIT */
/*
 * Which encodings an MTRR, the PAT and an EPT leaf may hold.
 *
 * SDM: "Memory Types That Can Be Encoded in MTRRs", "Memory Types That Can Be
 * Encoded With PAT" (3A), "EPT Misconfigurations" (3C).
 */
#ifndef TDPSIM_MEMTYPE_TYPES_H
#define TDPSIM_MEMTYPE_TYPES_H

#include "base/bits.h"
#include "tdpsim/types.h"

/* One bit an encoding. */
#define MTRR_TYPES                                             \
	(1u << TDP_MT_UC | 1u << TDP_MT_WC | 1u << TDP_MT_WT | \
	 1u << TDP_MT_WP | 1u << TDP_MT_WB)
#define PAT_TYPES (MTRR_TYPES | 1u << TDP_MT_UC_MINUS)

static inline bool is_mtrr_type(uint64_t code)
{
	return code < 8 && (MTRR_TYPES >> code & 1);
}

static inline bool is_pat_type(uint64_t code)
{
	return code < 8 && (PAT_TYPES >> code & 1);
}

/* EPT leaves hold the same types as MTRRs. */
static inline bool is_ept_type(uint64_t code)
{
	return is_mtrr_type(code);
}

#endif
