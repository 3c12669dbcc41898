/* SPDX-License-Identifier: MIT */
/* What a step, a root, a vCPU and the VM can be asked for. */
#ifndef TDPSIM_SCENARIO_OUTCOME_H
#define TDPSIM_SCENARIO_OUTCOME_H

#include "scenario/field.h"
#include "tdpsim/vcpu.h"

/* A vCPU as "check:" sees it. */
struct vcpu_view {
	struct tdp_vcpu_state state;
	struct tdp_sregs sregs;
	struct tdp_cpuid cpuid;
};

/* What one step left. */
struct outcome {
	struct tdp_result result;
	struct tdp_root_info root; /* zero: no root in use */
	struct vcpu_view vcpu;
	/* guest_tables: what to load, and the first free byte behind */
	uint64_t cr3;
	uint64_t next;
	uint64_t dirty_pages; /* of the dirty log */
};

/* The last entry on the way to an address. */
struct spte_view {
	struct tdp_spte_info entry;
	unsigned int depth; /* entries on the way; 0: no root */
};

extern const struct fields outcome_fields;
extern const struct fields root_fields;
extern const struct fields vcpu_fields;
extern const struct fields stats_fields;
extern const struct fields spte_fields;
extern const struct fields memtypes_fields;

/* Fill in the parts of @outcome that are not in a result. */
void outcome_complete(struct outcome *outcome, struct tdp_vm *vm,
		      unsigned int vcpu_id);

void vcpu_view_get(struct vcpu_view *view, const struct tdp_vcpu *vcpu);

/* The root of number @id; false if there is none. */
bool root_get(const struct tdp_vm *vm, unsigned int id,
	      struct tdp_root_info *root);

#endif
