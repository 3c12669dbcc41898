/* SPDX-License-Identifier: MIT */
/* vmcb12 as it lies in guest memory. */
#ifndef TDPSIM_OPS_NESTED_VMCB_H
#define TDPSIM_OPS_NESTED_VMCB_H

#include "kvm/guest_mem.h"
#include "ops/nested.h"

/* What VMRUN reads of it. */
struct vmcb12 {
	struct tdp_nested_state state;
	uint64_t asid;
	uint64_t tlb_control;
	uint64_t intercepts; /* the word with VMRUN's */
};

/* Can @gpa be the address of a VMCB? */
bool vmcb_address_valid(const struct tdp_vcpu *vcpu, uint64_t gpa);

/* Read all of it; PDPTEs are not in it. */
enum guest_mem_status vmcb_read(const struct tdp_vcpu *vcpu, uint64_t gpa,
				struct vmcb12 *vmcb);

/* APM 2: "Canonicalization and Consistency Checks", what @state can't hold */
bool vmcb_controls_valid(const struct vmcb12 *vmcb);

/*
 * The same between @bytes, 4096 of them, and memory of the caller.  In struct
 * kvm_nested_state the save area is L1's.  KVM 6.12: svm_get_nested_state()
 */
void vmcb_to_bytes(const struct tdp_nested_state *state,
		   const struct tdp_sregs *l1, uint8_t *bytes);
void vmcb_from_bytes(const uint8_t *bytes, struct vmcb12 *vmcb);

/* EXITCODE and the two words about it. */
enum guest_mem_status vmcb_write_exit(const struct tdp_vcpu *vcpu,
				      const struct nested_exit *exit);

/* L2's registers.  KVM 6.12: nested_svm_vmexit() */
enum guest_mem_status vmcb_write_save(const struct tdp_vcpu *vcpu);

/*
 * L1's registers in the page that VM_HSAVE_PA names: an SMI in L2 puts them
 * there, RSM takes them back.  KVM 6.12: svm_enter_smm(), svm_leave_smm()
 */
enum guest_mem_status vmcb_save_l1(const struct tdp_vcpu *vcpu);
enum guest_mem_status vmcb_load_l1(const struct tdp_vcpu *vcpu,
				   struct tdp_sregs *l1);

#endif
