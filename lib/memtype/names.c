/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "tdpsim/memtype.h"

const char *tdp_memtype_name(enum tdp_memtype type)
{
	switch (type) {
	case TDP_MT_UC:
		return "UC";
	case TDP_MT_WC:
		return "WC";
	case TDP_MT_WT:
		return "WT";
	case TDP_MT_WP:
		return "WP";
	case TDP_MT_WB:
		return "WB";
	case TDP_MT_UC_MINUS:
		return "UC-";
	case TDP_MT_CD:
		return "CD";
	case TDP_MT_WC_PLUS:
		return "WC+";
	case TDP_MT_UNDEFINED:
		return "undefined";
	}
	return "?";
}

const char *tdp_msr_rule_name(enum tdp_msr_rule rule)
{
#define X(name, text) text,
	static const char *const names[] = { TDP_MSR_RULE_LIST(X) };
#undef X

	return (unsigned int)rule < ARRAY_SIZE(names) ? names[rule] : "?";
}
