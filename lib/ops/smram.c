/* SPDX-License-Identifier: MIT */
/*
 * Two layouts: that of AMD64 for vCPUs with long mode in CPUID, on either
 * vendor, and that of the P6 for the others.  APM 2: "SMRAM State-Save Area";
 * KVM 6.12: struct kvm_smram_state_64, struct kvm_smram_state_32.
 */
#include "ops/smram.h"

#define SMRAM_OFFSET UINT64_C(0xfe00)

/* clang-format off */
enum {
	S64_EFER	= 0x0d0,
	S64_SVM_GUEST	= 0x0d8,
	S64_SVM_VMCB	= 0x0e0,
	S64_REVISION	= 0x0fc,
	S64_SMBASE	= 0x100,
	S64_CR4		= 0x148,
	S64_CR3		= 0x150,
	S64_CR0		= 0x158,

	S32_SMBASE	= 0x0f8,
	S32_REVISION	= 0x0fc,
	S32_CR4		= 0x114,
	S32_CR3		= 0x1f8,
	S32_CR0		= 0x1fc,
};
/* clang-format on */

#define REVISION_64 0x00020064u
#define REVISION_32 0x00020000u

static void put(struct smram *smram, unsigned int offset, unsigned int size,
		uint64_t value)
{
	memcpy(smram->bytes + offset, &value, size);
}

static uint64_t get(const struct smram *smram, unsigned int offset,
		    unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, smram->bytes + offset, size);
	return value;
}

static void save_64(const struct tdp_vcpu *vcpu, struct smram *smram)
{
	put(smram, S64_EFER, 8, vcpu->sregs.efer);
	put(smram, S64_REVISION, 4, REVISION_64);
	put(smram, S64_SMBASE, 4, vcpu->smbase);
	put(smram, S64_CR4, 8, vcpu->sregs.cr4);
	put(smram, S64_CR3, 8, vcpu->sregs.cr3);
	put(smram, S64_CR0, 8, vcpu->sregs.cr0);
}

static void save_32(const struct tdp_vcpu *vcpu, struct smram *smram)
{
	put(smram, S32_REVISION, 4, REVISION_32);
	put(smram, S32_SMBASE, 4, vcpu->smbase);
	put(smram, S32_CR4, 4, vcpu->sregs.cr4);
	put(smram, S32_CR3, 4, vcpu->sregs.cr3);
	put(smram, S32_CR0, 4, vcpu->sregs.cr0);
}

void smram_save(const struct tdp_vcpu *vcpu, struct smram *smram)
{
	memset(smram, 0, sizeof(*smram));
	if (vcpu->cpuid.lm)
		save_64(vcpu, smram);
	else
		save_32(vcpu, smram);
	if (vcpu->vm->host.vendor != TDP_AMD || !vcpu->guest_mode)
		return;
	put(smram, S64_SVM_GUEST, 8, 1);
	put(smram, S64_SVM_VMCB, 8, vcpu->has_vmcb12 ? vcpu->vmcb12 : 0);
}

uint64_t smram_address(const struct tdp_vcpu *vcpu)
{
	return vcpu->smbase + SMRAM_OFFSET;
}

/* Words, unless SMBASE is such that one of them crosses a page. */
static unsigned int unit(uint64_t gpa)
{
	return is_aligned(gpa, 8) ? 8 : 1;
}

enum guest_mem_status smram_write(struct tdp_vcpu *vcpu,
				  const struct smram *smram)
{
	uint64_t gpa = smram_address(vcpu);
	unsigned int size = unit(gpa), i;
	enum guest_mem_status status = GUEST_MEM_OK;

	for (i = 0; i < SMRAM_SIZE && !status; i += size)
		status = guest_mem_write(vcpu->vm, 1, gpa + i, size,
					 get(smram, i, size));
	return status;
}

enum guest_mem_status smram_read(struct tdp_vcpu *vcpu, struct smram *smram)
{
	uint64_t gpa = smram_address(vcpu), value;
	unsigned int size = unit(gpa), i;
	enum guest_mem_status status = GUEST_MEM_OK;

	for (i = 0; i < SMRAM_SIZE && !status; i += size) {
		status = guest_mem_read(vcpu->vm, 1, gpa + i, size, &value);
		if (!status)
			put(smram, i, size, value);
	}
	return status;
}

void smram_registers(const struct tdp_vcpu *vcpu, const struct smram *smram,
		     struct tdp_sregs *sregs)
{
	*sregs = (struct tdp_sregs){ 0 };
	if (vcpu->cpuid.lm) {
		sregs->cr0 = get(smram, S64_CR0, 8);
		sregs->cr3 = get(smram, S64_CR3, 8);
		sregs->cr4 = get(smram, S64_CR4, 8);
		sregs->efer = get(smram, S64_EFER, 8);
		return;
	}
	sregs->cr0 = get(smram, S32_CR0, 4);
	sregs->cr3 = get(smram, S32_CR3, 4);
	sregs->cr4 = get(smram, S32_CR4, 4);
}

uint32_t smram_smbase(const struct tdp_vcpu *vcpu, const struct smram *smram)
{
	return (uint32_t)get(smram, vcpu->cpuid.lm ? S64_SMBASE : S32_SMBASE,
			     4);
}

bool smram_svm_guest(const struct smram *smram)
{
	return get(smram, S64_SVM_GUEST, 8);
}

uint64_t smram_svm_vmcb(const struct smram *smram)
{
	return get(smram, S64_SVM_VMCB, 8);
}
