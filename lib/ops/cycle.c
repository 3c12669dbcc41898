/* SPDX-License-Identifier: MIT */
#include "ops/cycle.h"

static void record(const struct tdp_event *event, void *context)
{
	struct tdp_cycle *cycle = context;

	if (cycle->nr_events < TDP_CYCLE_EVENTS)
		cycle->event[cycle->nr_events] = *event;
	cycle->nr_events++;
}

void cycle_begin(struct tdp_vcpu *vcpu, struct cycle_recorder *recorder)
{
	recorder->tracer = vcpu->vm->tracer;
	recorder->context = vcpu->vm->tracer_context;
	vcpu->cycle = (struct tdp_cycle){ 0 };
	vcpu->vm->tracer = record;
	vcpu->vm->tracer_context = &vcpu->cycle;
}

void cycle_end(struct tdp_vcpu *vcpu, const struct cycle_recorder *recorder)
{
	vcpu->vm->tracer = recorder->tracer;
	vcpu->vm->tracer_context = recorder->context;
}

void tdp_vcpu_get_cycle(const struct tdp_vcpu *vcpu, struct tdp_cycle *cycle)
{
	*cycle = vcpu->cycle;
}
