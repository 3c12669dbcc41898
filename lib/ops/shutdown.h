/* SPDX-License-Identifier: MIT */
/* Triple faults. */
#ifndef TDPSIM_OPS_SHUTDOWN_H
#define TDPSIM_OPS_SHUTDOWN_H

#include "ops/ops.h"

/* KVM_RUN ends with KVM_EXIT_SHUTDOWN. */
int shutdown_end(struct tdp_result *result, enum tdp_reason why);

/* KVM_REQ_TRIPLE_FAULT: L1 hears of one in L2. */
int shutdown_from(struct tdp_vcpu *vcpu, struct tdp_result *result,
		  enum tdp_reason why);

/* The SMM flag and what hangs on it: KVM 6.12 kvm_smm_changed().  (smm.c) */
void smm_changed(struct tdp_vcpu *vcpu, bool entering);

#endif
