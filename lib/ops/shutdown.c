/* SPDX-License-Identifier: MIT */
/* The guest shuts down. */
#include "ops/shutdown.h"

#include "arch/regs.h"
#include "kvm/mmu.h"
#include "ops/nested.h"
#include "tdpsim/vcpu.h"

/* SDM: exit reason 2; APM 2: VMEXIT_SHUTDOWN */
#define EXIT_TRIPLE_FAULT 2
#define SVM_EXIT_SHUTDOWN 0x7f

static bool is_vmx(const struct tdp_vcpu *vcpu)
{
	return vcpu->vm->host.vendor == TDP_INTEL;
}

int shutdown_end(struct tdp_result *result, enum tdp_reason why)
{
	result->outcome = TDP_OUTCOME_SHUTDOWN;
	result->reason = why;
	result->exit_reason = KVM_EXIT_SHUTDOWN;
	return TDP_OK;
}

int shutdown_from(struct tdp_vcpu *vcpu, struct tdp_result *result,
		  enum tdp_reason why)
{
	const struct nested_exit exit = {
		.code = is_vmx(vcpu) ? EXIT_TRIPLE_FAULT : SVM_EXIT_SHUTDOWN,
	};

	if (!vcpu->guest_mode)
		return shutdown_end(result, why);
	return nested_reflect(vcpu, result, &exit, why);
}

/*
 * The vCPU as INIT leaves it.  Only a change of CR0.PG resets the MMU: a vCPU
 * that leaves SMM by this alone keeps the role of SMM.  KVM 6.12:
 * kvm_vcpu_reset()
 */
static void init_vcpu(struct tdp_vcpu *vcpu)
{
	bool paging = vcpu->sregs.cr0 & CR0_PG;

	vcpu->smm = false;
	vcpu->sregs.cr0 = CR0_ET | (vcpu->sregs.cr0 & (CR0_NW | CR0_CD));
	vcpu->sregs.cr3 = 0;
	vcpu->sregs.cr4 = 0;
	vcpu->sregs.efer = 0;
	if (!paging)
		return;
	request(vcpu, REQ_TLB_FLUSH_GUEST);
	mmu_reset_context(vcpu);
}

/* A VMCB is undefined behind a shutdown: KVM 6.12 shutdown_interception(). */
static void reset_svm(struct tdp_vcpu *vcpu)
{
	if (vcpu->smm &&
	    vcpu->vm->kvm.value[B_SMM_SHUTDOWN] == SMM_SHUTDOWN_LEAVES_SMM)
		smm_changed(vcpu, false);
	init_vcpu(vcpu);
}

int tdp_vcpu_triple_fault(struct tdp_vcpu *vcpu, struct tdp_result *result,
			  struct tdp_error *err)
{
	bool entered;
	int ret;

	result_begin(result);
	ret = run_enter(vcpu, result, &entered, err);
	if (ret || !entered)
		return ret;
	if (!vcpu->guest_mode && !is_vmx(vcpu))
		reset_svm(vcpu);
	ret = shutdown_from(vcpu, result, TDP_WHY_TRIPLE_FAULT);
	if (!ret)
		result_end(vcpu, result);
	return ret;
}
