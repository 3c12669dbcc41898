/* SPDX-License-Identifier: MIT */
/* Recording one round of a loop without progress. */
#ifndef TDPSIM_OPS_CYCLE_H
#define TDPSIM_OPS_CYCLE_H

#include "kvm/kvm.h"

/* Who listened to the VM before. */
struct cycle_recorder {
	tdp_tracer tracer;
	void *context;
};

/* Between the two, events of the VM go to vcpu->cycle and nowhere else. */
void cycle_begin(struct tdp_vcpu *vcpu, struct cycle_recorder *recorder);
void cycle_end(struct tdp_vcpu *vcpu, const struct cycle_recorder *recorder);

#endif
