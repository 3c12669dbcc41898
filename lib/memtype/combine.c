/* SPDX-License-Identifier: MIT */
/*
 * Effective memory types.  Tables and not formulas: WC with WT, WP with UC-
 * and the CD cells fit no ordering.  They stand as the manuals print them.
 */
#include "memtype/types.h"
#include "tdpsim/memtype.h"

#define UC  TDP_MT_UC
#define WC  TDP_MT_WC
#define WT  TDP_MT_WT
#define WP  TDP_MT_WP
#define WB  TDP_MT_WB
#define UCm TDP_MT_UC_MINUS
#define CD  TDP_MT_CD
#define WCp TDP_MT_WC_PLUS
#define NO  TDP_MT_UNDEFINED /* an encoding nothing may hold */

static bool is_mtrr_result(enum tdp_memtype type)
{
	return is_mtrr_type(type) || type == TDP_MT_UNDEFINED;
}

/*
 * SDM: "Selecting Memory Types for Pentium III and More Recent Processor
 * Families" (3A).
 */
enum tdp_memtype tdp_memtype_intel(enum tdp_memtype mtrr, enum tdp_memtype pat)
{
	/* clang-format off */
	static const unsigned char effective[8][8] = {
		/* PAT:  UC  WC  -   -   WT  WP  WB  UC- */
		[UC] = { UC, WC, NO, NO, UC, UC, UC, UC },
		[WC] = { UC, WC, NO, NO, UC, UC, WC, WC },
		[WT] = { UC, WC, NO, NO, WT, WP, WT, UC },
		[WP] = { UC, WC, NO, NO, WT, WP, WP, WC },
		[WB] = { UC, WC, NO, NO, WT, WP, WB, UC },
	};
	/* clang-format on */

	assert(is_mtrr_result(mtrr) && is_pat_type(pat));
	if (mtrr == TDP_MT_UNDEFINED)
		return TDP_MT_UNDEFINED;
	return (enum tdp_memtype)effective[mtrr][pat];
}

/*
 * SDM: "Selecting Memory Types for Pentium Pro and Pentium II Processors"
 * (3A); APM 2: the same by PCD and PWT.
 */
enum tdp_memtype tdp_memtype_without_pat(enum tdp_memtype mtrr,
					 unsigned int bits)
{
	/* clang-format off */
	static const unsigned char effective[8][4] = {
		/* PCD,PWT: 00  01  10  11 */
		[UC] =    { UC, UC, UC, UC },
		[WC] =    { WC, WC, WC, UC },
		[WT] =    { WT, WT, UC, UC },
		[WP] =    { WP, WP, UC, UC },
		[WB] =    { WB, WT, UC, UC },
	};
	/* clang-format on */

	assert(is_mtrr_result(mtrr) && bits < 4);
	if (mtrr == TDP_MT_UNDEFINED)
		return TDP_MT_UNDEFINED;
	return (enum tdp_memtype)effective[mtrr][bits];
}

/*
 * SDM: "Memory Type Used for Translated Guest-Physical Addresses" (3C): the
 * EPT type takes the place of the MTRR's.
 */
enum tdp_memtype tdp_memtype_ept(bool cr0_cd, bool ipat, enum tdp_memtype ept,
				 enum tdp_memtype pat)
{
	assert(is_ept_type(ept));
	if (cr0_cd)
		return TDP_MT_UC;
	return ipat ? ept : tdp_memtype_intel(ept, pat);
}

/* APM 2: "Combined MTRR and Page-Level Memory Type With Unmodified PAT MSR". */
enum tdp_memtype tdp_memtype_amd(enum tdp_memtype mtrr, enum tdp_memtype pat)
{
	/* clang-format off */
	static const unsigned char effective[8][8] = {
		/* PAT:  UC  WC  -   -   WT  WP  WB  UC- */
		[UC] = { UC, WC, NO, NO, UC, UC, UC, UC },
		[WC] = { CD, WC, NO, NO, CD, CD, WC, WC },
		[WT] = { CD, WC, NO, NO, WT, CD, WT, CD },
		[WP] = { CD, WC, NO, NO, CD, WP, WP, CD },
		[WB] = { CD, WC, NO, NO, WT, WP, WB, CD },
	};
	/* clang-format on */

	assert(is_mtrr_result(mtrr) && is_pat_type(pat));
	if (mtrr == TDP_MT_UNDEFINED)
		return TDP_MT_UNDEFINED;
	return (enum tdp_memtype)effective[mtrr][pat];
}

/* APM 2: "Combining Guest and Host PAT Types". */
enum tdp_memtype tdp_memtype_amd_nested(enum tdp_memtype guest,
					enum tdp_memtype host)
{
	/* clang-format off */
	static const unsigned char combined[8][8] = {
		/* host:  UC   WC   -   -   WT   WP   WB   UC- */
		[UC]  = { UC,  UC,  NO, NO, UC,  UC,  UC,  UC },
		[UCm] = { UC,  WC,  NO, NO, UC,  UC,  UC,  UCm },
		[WC]  = { WC,  WC,  NO, NO, WCp, WCp, WCp, WC },
		[WP]  = { UC,  UC,  NO, NO, UC,  WP,  WP,  UC },
		[WT]  = { UC,  UC,  NO, NO, WT,  UC,  WT,  UC },
		[WB]  = { UC,  WC,  NO, NO, WT,  WP,  WB,  UC },
	};
	/* clang-format on */

	assert(is_pat_type(guest) && is_pat_type(host));
	return (enum tdp_memtype)combined[guest][host];
}

/* APM 2: "Combining PAT and MTRR Types", under nested paging. */
enum tdp_memtype tdp_memtype_amd_final(enum tdp_memtype mtrr,
				       enum tdp_memtype combined)
{
	/* clang-format off */
	static const unsigned char effective[10][8] = {
		/* MTRR:  UC  WC  -   -   WT   WP   WB   - */
		[UC]  = { UC, CD, NO, NO, CD,  CD,  CD,  NO },
		[UCm] = { UC, WC, NO, NO, CD,  CD,  CD,  NO },
		[WC]  = { WC, WC, NO, NO, WC,  WC,  WC,  NO },
		[WCp] = { WC, WC, NO, NO, WCp, WCp, WCp, NO },
		[WP]  = { UC, CD, NO, NO, CD,  WP,  WP,  NO },
		[WT]  = { UC, CD, NO, NO, WT,  CD,  WT,  NO },
		[WB]  = { UC, WC, NO, NO, WT,  WP,  WB,  NO },
	};
	/* clang-format on */

	assert(is_mtrr_result(mtrr));
	assert(is_pat_type(combined) || combined == TDP_MT_WC_PLUS);
	if (mtrr == TDP_MT_UNDEFINED)
		return TDP_MT_UNDEFINED;
	return (enum tdp_memtype)effective[combined][mtrr];
}
