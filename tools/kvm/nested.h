/* SPDX-License-Identifier: MIT */
/* vmcb12: what nested.c and nested_state.c share. */
#ifndef TDPSIM_TOOLS_KVM_NESTED_H
#define TDPSIM_TOOLS_KVM_NESTED_H

#include "runner.h"

/* The step's argument that only vmcs12 has; NULL if it names none. */
const char *nested_vmx_argument(const struct runner *r);
/* The controls that the step names, and L2's registers. */
void nested_describe(struct runner *r, uint64_t vmcb,
		     const struct tdp_sregs *l2);
/* The save area of a vmcb12 that is no guest memory: L1, as it goes on. */
void nested_put_l1(struct runner *r, uint8_t *vmcb, const struct tdp_sregs *l1);
/* vmcb12 lies at v->l2.vmcb: let L2 reach the payload.  -1: skipped. */
int nested_link(struct runner *r, struct vcpu *v, const struct tdp_sregs *l1,
		const struct tdp_sregs *l2);

#endif
