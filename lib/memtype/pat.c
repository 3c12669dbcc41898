/* SPDX-License-Identifier: MIT */
#include "memtype/types.h"
#include "tdpsim/memtype.h"

enum tdp_msr_rule tdp_pat_check(uint64_t pat)
{
	for (unsigned int i = 0; i < 8; i++)
		if (!is_pat_type(pat >> (8 * i) & 0xff))
			return TDP_MSR_PAT_TYPE;
	return TDP_MSR_OK;
}

enum tdp_memtype tdp_pat_type(uint64_t pat, unsigned int bits)
{
	assert(bits < 8);
	return (enum tdp_memtype)(pat >> (8 * bits) & 7);
}
