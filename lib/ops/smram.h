/* SPDX-License-Identifier: MIT */
/* The state that an SMI saves in SMRAM, as it lies in guest memory. */
#ifndef TDPSIM_OPS_SMRAM_H
#define TDPSIM_OPS_SMRAM_H

#include "kvm/guest_mem.h"
#include "ops/ops.h"

#define SMRAM_SIZE 512

struct smram {
	uint8_t bytes[SMRAM_SIZE]; /* from SMBASE + 0xfe00 on */
};

/* @vcpu as it is before the SMI; what the model lacks is zero. */
void smram_save(const struct tdp_vcpu *vcpu, struct smram *smram);

/* Where it is. */
uint64_t smram_address(const struct tdp_vcpu *vcpu);

/* In address space 1, at the vCPU's SMBASE. */
enum guest_mem_status smram_write(struct tdp_vcpu *vcpu,
				  const struct smram *smram);
enum guest_mem_status smram_read(struct tdp_vcpu *vcpu, struct smram *smram);

/* Registers and SMBASE, of the layout for the vCPU's CPUID. */
void smram_registers(const struct tdp_vcpu *vcpu, const struct smram *smram,
		     struct tdp_sregs *sregs);
uint32_t smram_smbase(const struct tdp_vcpu *vcpu, const struct smram *smram);

/* SVM: did the SMI interrupt L2?  And where its vmcb12 is.  64-bit layout. */
bool smram_svm_guest(const struct smram *smram);
uint64_t smram_svm_vmcb(const struct smram *smram);

#endif
