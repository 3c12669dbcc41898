/* SPDX-License-Identifier: MIT */
/*
 * Registers that decide about translation: which values are accepted, and what
 * a change does to the MMU.  The setters are in ops.h.
 */
#ifndef TDPSIM_OPS_SETREG_H
#define TDPSIM_OPS_SETREG_H

#include "ops/ops.h"

/* Bits alone: KVM 6.12 kvm_is_valid_cr0(), kvm_is_valid_cr4(). */
bool setreg_cr0_valid(uint64_t cr0);
/* VMX operation wants CR4.VMXE; L2's is taken as given.  KVM 6.12: vmx_is_valid_cr4() */
bool setreg_vmxe_valid(const struct tdp_vcpu *vcpu, uint64_t cr4);
bool setreg_cr4_valid(const struct tdp_vcpu *vcpu, uint64_t cr4);

/* No bit at or above the guest's MAXPHYADDR: kvm_vcpu_is_legal_cr3(). */
bool setreg_cr3_legal(const struct tdp_vcpu *vcpu, uint64_t cr3);

/* EFER as WRMSR or VM entry accepts it, LMA aside: kvm_valid_efer(). */
bool setreg_efer_valid(const struct tdp_vcpu *vcpu, uint64_t efer);

/* Do CR0, CR4 and EFER go together?  KVM 6.12: kvm_is_valid_sregs() */
bool setreg_mode_valid(const struct tdp_sregs *sregs);

/* Legacy PAE paging, which has PDPTEs in registers: is_pae_paging(). */
bool setreg_pae_paging(const struct tdp_sregs *sregs);

enum pdptr_status {
	PDPTR_OK,
	PDPTR_BAD,    /* a reserved bit, or nothing there to read */
	PDPTR_BLOCKS, /* the page waits for a userfault */
};

/* Read the four PDPTEs at @cr3 of an address space, with no effect. */
enum pdptr_status setreg_read_pdptrs(const struct tdp_vcpu *vcpu,
				     unsigned int as_id, uint64_t cr3,
				     uint64_t pdptr[4]);

/*
 * Those of whoever runs now: of L2 under nested TDP through L1's tables, which
 * marks them accessed.
 */
enum pdptr_status setreg_fetch_pdptrs(struct tdp_vcpu *vcpu, uint64_t cr3,
				      uint64_t pdptr[4]);

/* The same into the vCPU's registers: KVM 6.12 load_pdptrs(). */
enum pdptr_status setreg_reload_pdptrs(struct tdp_vcpu *vcpu, uint64_t cr3);

/* All roots of a PCID are to be read anew: INVPCID, and MOV CR3. */
void setreg_invalidate_pcid(struct tdp_vcpu *vcpu, uint64_t pcid);

/* TDP_WHY_NONE, _PDPTRS or _HOST_BLOCKS */
enum tdp_reason setreg_pdptr_reason(enum pdptr_status status);

#endif
