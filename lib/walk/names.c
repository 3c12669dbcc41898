/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "tdpsim/walk.h"

/* The entry of a table of strings, or "?". */
#define NAME_IN(table, i) ((size_t)(i) < ARRAY_SIZE(table) ? (table)[i] : "?")

const char *tdp_state_rule_name(enum tdp_state_rule rule)
{
#define X(name, text, part, about) text,
	static const char *const names[] = { TDP_STATE_RULE_LIST(X) };
#undef X
	return NAME_IN(names, rule);
}

const char *tdp_state_rule_about(enum tdp_state_rule rule)
{
#define X(name, text, part, about) about,
	static const char *const abouts[] = { TDP_STATE_RULE_LIST(X) };
#undef X
	return NAME_IN(abouts, rule);
}

const char *tdp_refusal_name(enum tdp_refusal refusal)
{
	/* clang-format off */
	static const char *const names[] = {
		[TDP_REFUSAL_NONE] = "none",
		[TDP_REFUSAL_GP] = "#GP(0)",
		[TDP_REFUSAL_VM_FAIL] = "VMfailValid 7",
		[TDP_REFUSAL_VM_ENTRY] = "VM-entry failure 33",
		[TDP_REFUSAL_VMEXIT_INVALID] = "VMEXIT_INVALID",
		[TDP_REFUSAL_IMPOSSIBLE] = "impossible",
	};
	/* clang-format on */

	return NAME_IN(names, refusal);
}

const char *tdp_walk_outcome_name(enum tdp_walk_outcome outcome)
{
#define X(name, text, about) text,
	static const char *const names[] = { TDP_WALK_OUTCOME_LIST(X) };
#undef X
	return NAME_IN(names, outcome);
}

const char *tdp_walk_outcome_about(enum tdp_walk_outcome outcome)
{
#define X(name, text, about) about,
	static const char *const abouts[] = { TDP_WALK_OUTCOME_LIST(X) };
#undef X
	return NAME_IN(abouts, outcome);
}

const char *tdp_walk_reason_name(enum tdp_walk_reason reason)
{
#define X(name, text, about, source) text,
	static const char *const names[] = { TDP_WALK_REASON_LIST(X) };
#undef X
	return NAME_IN(names, reason);
}

const char *tdp_walk_reason_about(enum tdp_walk_reason reason)
{
#define X(name, text, about, source) about,
	static const char *const abouts[] = { TDP_WALK_REASON_LIST(X) };
#undef X
	return NAME_IN(abouts, reason);
}

const char *tdp_walk_reason_source(enum tdp_walk_reason reason)
{
#define X(name, text, about, source) source,
	static const char *const sources[] = { TDP_WALK_REASON_LIST(X) };
#undef X
	return NAME_IN(sources, reason);
}

const char *tdp_walk_stage_name(enum tdp_walk_stage stage)
{
	/* clang-format off */
	static const char *const names[] = {
		[TDP_WALK_GUEST] = "guest",
		[TDP_WALK_EPT] = "ept",
		[TDP_WALK_NPT] = "npt",
		[TDP_WALK_SPP] = "spp",
		[TDP_WALK_PML] = "pml",
		[TDP_WALK_VE_AREA] = "ve_area",
	};
	/* clang-format on */

	return NAME_IN(names, stage);
}

const char *tdp_walk_table_name(unsigned int level)
{
	/* clang-format off */
	static const char *const names[] = {
		"PT", "PD", "PDPT", "PML4", "PML5",
	};
	/* clang-format on */

	return NAME_IN(names, level - 1);
}
