/* SPDX-License-Identifier: MIT */
/*
 * PAT and MTRRs.  KVM keeps eight variable pairs, no SMRRs, and a read-only
 * IA32_MTRRCAP; else the manual's rules hold.
 *
 * KVM 6.12: kvm_mtrr_set_msr(), kvm_mtrr_valid(), kvm_pat_valid()
 */
#include <errno.h>

#include "arch/regs.h"
#include "ops/memtype_zap.h"
#include "ops/ops.h"
#include "ops/setreg.h"
#include "ops/uniform.h"
#include "tdpsim/memtype.h"

#define MSR_IA32_PAT      0x277u
#define MSR_MTRR_VARIABLE 0x200u
#define MSR_MTRR_FIXED    0x250u
#define MSR_VM_HSAVE_PA   0xc0010117u
#define NR_PAIRS          8

static enum tdp_reason write_pat(struct tdp_vcpu *vcpu, uint64_t value)
{
	if (tdp_pat_check(value))
		return TDP_WHY_BAD_MSR;
	vcpu->pat = value;
	return TDP_WHY_NONE;
}

/* KVM 6.12: svm_set_msr(); the guest's address has to be that of a page. */
static enum tdp_reason write_hsave(struct tdp_vcpu *vcpu, uint64_t value,
				   bool host)
{
	if (vcpu->vm->host.vendor != TDP_AMD)
		return TDP_WHY_BAD_MSR;
	if (!host &&
	    (!is_aligned(value, FRAME_SIZE) || !setreg_cr3_legal(vcpu, value)))
		return TDP_WHY_BAD_MSR;
	vcpu->hsave_pa = align_down(value, FRAME_SIZE);
	return TDP_WHY_NONE;
}

/* Odd numbers are masks. */
static void note_mask(struct tdp_vcpu *vcpu, uint32_t index)
{
	uint32_t n = index - MSR_MTRR_VARIABLE;

	if (n < 2 * NR_PAIRS && (n & 1))
		vcpu->mtrr_mask_written |= (uint8_t)(1u << n / 2);
}

static enum tdp_reason write_mtrr(struct tdp_vcpu *vcpu, uint32_t index,
				  uint64_t value, bool host,
				  enum tdp_msr_rule *rule)
{
	struct tdp_mtrr mtrr = vcpu->mtrr;

	*rule = tdp_mtrr_write(&mtrr, index, value, vcpu->cpuid.maxphyaddr,
			       vcpu->smm);
	if (*rule)
		return TDP_WHY_BAD_MSR;
	if (uniform_mtrr_diverges(vcpu, index, value, host))
		return TDP_WHY_MTRR_DIVERGES;
	vcpu->mtrr = mtrr;
	note_mask(vcpu, index);
	/* The range is the new pair's; what the old one held keeps its type. */
	memtype_zap_msr(vcpu, index);
	return TDP_WHY_NONE;
}

/* 5.10 queues a #GP for reserved bits of a pair, whoever wrote them. */
static bool queues_gp(const struct tdp_vm *vm, uint32_t index,
		      enum tdp_msr_rule rule)
{
	return behaviour_on(&vm->kvm, B_MTRR_HOST_GP) &&
	       rule == TDP_MSR_RESERVED && index >= MSR_MTRR_VARIABLE &&
	       index < MSR_MTRR_FIXED;
}

static int refuse(struct tdp_vcpu *vcpu, struct tdp_result *result, bool host,
		  bool queues, enum tdp_reason why)
{
	const struct exception e = {
		.vector = VECTOR_GP,
		.why = why,
		.by_kvm = true,
	};

	if (!host || queues)
		exception_raise(vcpu, result, &e);
	return host ? result_fail(result, -EINVAL, why) : TDP_OK;
}

int tdp_vcpu_write_msr(struct tdp_vcpu *vcpu, uint32_t index, uint64_t value,
		       bool host, struct tdp_result *result)
{
	enum tdp_msr_rule rule = TDP_MSR_OK;
	enum tdp_reason why;
	bool entered = true;
	int ret = TDP_OK;

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (!host)
		ret = run_enter(vcpu, result, &entered, NULL);
	if (ret || !entered)
		return ret;
	if (index == MSR_IA32_PAT)
		why = write_pat(vcpu, value);
	else if (index == MSR_VM_HSAVE_PA)
		why = write_hsave(vcpu, value, host);
	else
		why = write_mtrr(vcpu, index, value, host, &rule);
	if (why)
		return refuse(vcpu, result, host,
			      queues_gp(vcpu->vm, index, rule), why);
	result_end(vcpu, result);
	return TDP_OK;
}

int tdp_vcpu_read_msr(const struct tdp_vcpu *vcpu, uint32_t index,
		      struct tdp_result *result)
{
	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (index == MSR_IA32_PAT)
		result->value = vcpu->pat;
	else if (index == MSR_VM_HSAVE_PA && vcpu->vm->host.vendor == TDP_AMD)
		result->value = vcpu->hsave_pa;
	else if (tdp_mtrr_read(&vcpu->mtrr, index, &result->value))
		return result_fail(result, -EINVAL, TDP_WHY_BAD_MSR);
	return TDP_OK;
}
