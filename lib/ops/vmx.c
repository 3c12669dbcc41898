/* SPDX-License-Identifier: MIT */
#include "ops/vmx.h"

#include "ops/vmcs12.h"

#include "arch/ept_bits.h"
#include "arch/regs.h"
#include "base/error.h"
#include "kvm/guest_mem.h"
#include "kvm/mmu.h"
#include "kvm/root.h"
#include "kvm/shadow.h"
#include "tdpsim/invalidate.h"

/* SDM: "VMX Basic Exit Reasons" (3D) */
#define EXIT_INVEPT  50
#define EXIT_INVVPID 53
#define EXIT_VMFUNC  59

void vmx_set_flags(struct tdp_vcpu *vcpu, enum vmx_flags flags)
{
	vcpu->rflags &= ~RFLAGS_ARITHMETIC;
	if (flags == VMX_FAIL_INVALID)
		vcpu->rflags |= RFLAGS_CF;
	if (flags == VMX_FAIL_VALID)
		vcpu->rflags |= RFLAGS_ZF;
}

int vmx_fail(struct tdp_vcpu *vcpu, struct tdp_result *result, uint32_t error,
	     enum tdp_reason why)
{
	result->outcome = TDP_OUTCOME_REFUSED;
	result->reason = why;
	if (vcpu->vmx.vmxon && !vcpu->vmx.has_vmptr) {
		vmx_set_flags(vcpu, VMX_FAIL_INVALID);
		return TDP_OK;
	}
	vmx_set_flags(vcpu, VMX_FAIL_VALID);
	result->error_code = error;
	vcpu->vmcs12.instruction_error = error;
	vcpu->vmx.vmcs12[VMCS12_INSTRUCTION_ERROR] = error;
	return TDP_OK;
}

void vmx_flush(struct tdp_vcpu *vcpu, bool entry)
{
	uint16_t vpid = vcpu->nested.vpid;

	/* With a VPID of its own L2 keeps what is tagged with it. */
	if (!vpid || (entry && vpid != vcpu->last_vpid))
		request(vcpu, REQ_TLB_FLUSH_GUEST);
	if (vpid && entry)
		vcpu->last_vpid = vpid;
}

/* Roots by EPT12's table ------------------------------------------------------- */

/* KVM 6.12: nested_ept_root_matches(): the other bits of EPTP don't count. */
static bool same_table(const struct root_ref *ref, uint64_t eptp)
{
	return ref->hpa != INVALID_PAGE &&
	       (ref->pgd & EPTP_ADDR) == (eptp & EPTP_ADDR);
}

void vmx_sync_previous(struct tdp_vcpu *vcpu, uint64_t addr)
{
	struct mmu *mmu = &vcpu->guest_mmu;
	unsigned int i;

	if (vcpu->vm->kvm.value[B_NESTED_EPT_SYNC] !=
	    NESTED_EPT_SYNC_SAME_TABLE)
		return;
	for (i = 0; i < NR_PREV_ROOTS; i++)
		if (same_table(&mmu->prev[i], vcpu->nested.tdp_root))
			shadow_invalidate_prev(vcpu, mmu, i, addr);
}

static void free_table(struct tdp_vcpu *vcpu, uint64_t eptp)
{
	struct mmu *mmu = &vcpu->guest_mmu;
	unsigned int i;

	if (same_table(&mmu->root, eptp))
		root_free(vcpu, mmu, &mmu->root);
	for (i = 0; i < NR_PREV_ROOTS; i++)
		if (same_table(&mmu->prev[i], eptp))
			root_free(vcpu, mmu, &mmu->prev[i]);
}

/* Instructions ------------------------------------------------------------------- */

struct insn {
	struct tdp_vcpu *vcpu;
	struct tdp_result *result;
	uint64_t type;
	uint64_t operand; /* EPTP, VPID, or entry of the list */
	uint64_t gla;
};

static int undefined(const struct insn *i, enum tdp_reason why)
{
	const struct exception e = {
		.vector = VECTOR_UD,
		.why = why,
		.by_kvm = true,
	};

	return exception_raise(i->vcpu, i->result, &e);
}

static int bad_operand(const struct insn *i)
{
	return vmx_fail(i->vcpu, i->result, VMXERR_BAD_OPERAND,
			TDP_WHY_BAD_OPERAND);
}

static int exit_to_l1(const struct insn *i, uint64_t reason,
		      enum tdp_reason why)
{
	const struct nested_exit exit = { .code = reason };

	return nested_reflect(i->vcpu, i->result, &exit, why);
}

/* KVM 6.12: handle_invept().  Nested EPT's roots are guest_mmu's, always. */
static int invept(const struct insn *i)
{
	struct tdp_vcpu *vcpu = i->vcpu;

	if (vcpu->guest_mode)
		return exit_to_l1(i, EXIT_INVEPT, TDP_WHY_NONE);
	if (!(vcpu->sregs.cr4 & CR4_VMXE))
		return undefined(i, TDP_WHY_VIRTUALIZATION_OFF);
	if (!vcpu->vm->tdp_enabled)
		return undefined(i, TDP_WHY_NO_NESTED_TDP);
	switch (i->type) {
	case TDP_INVEPT_SINGLE:
		if (!vmx_eptp_valid(vcpu, i->operand))
			return bad_operand(i);
		free_table(vcpu, i->operand);
		return TDP_OK;
	case TDP_INVEPT_GLOBAL:
		root_free_all(vcpu, &vcpu->guest_mmu);
		return TDP_OK;
	default:
		return bad_operand(i);
	}
}

/* L2's shadow roots are L1's neighbours: KVM 6.12 kvm_mmu_free_guest_mode_roots() */
static void free_guest_mode_roots(struct tdp_vcpu *vcpu)
{
	struct mmu *mmu = &vcpu->root_mmu;
	unsigned int i;

	for (i = 0; i < NR_PREV_ROOTS; i++) {
		const struct mmu_page *page = root_page(vcpu->vm,
							mmu->prev[i].hpa);

		if (!page || page->role.guest_mode)
			root_free(vcpu, mmu, &mmu->prev[i]);
	}
}

static bool vpid_operand_ok(const struct insn *i)
{
	if (i->operand >> 16)
		return false;
	switch (i->type) {
	case TDP_INVVPID_ADDRESS:
		return i->operand && vcpu_canonical(i->vcpu, i->gla);
	case TDP_INVVPID_SINGLE:
	case TDP_INVVPID_SINGLE_NON_GLOBAL:
		return i->operand;
	default:
		return i->type == TDP_INVVPID_ALL;
	}
}

/*
 * KVM 6.12: handle_invvpid().  With EPT the processor's VPID tags do all; with
 * shadow paging L2's roots go, since no root knows a VPID.
 */
static int invvpid(const struct insn *i)
{
	struct tdp_vcpu *vcpu = i->vcpu;

	if (vcpu->guest_mode)
		return exit_to_l1(i, EXIT_INVVPID, TDP_WHY_NONE);
	if (!(vcpu->sregs.cr4 & CR4_VMXE))
		return undefined(i, TDP_WHY_VIRTUALIZATION_OFF);
	if (!vpid_operand_ok(i))
		return bad_operand(i);
	if (!vcpu->vm->tdp_enabled)
		free_guest_mode_roots(vcpu);
	vcpu->vm->stats.tlb_flushes++;
	return TDP_OK;
}

#define EPTP_LIST_ENTRIES 512

/* KVM 6.12: nested_vmx_eptp_switching(); false: L1 gets an exit. */
static bool switch_eptp(const struct insn *i)
{
	struct tdp_vcpu *vcpu = i->vcpu;
	struct tdp_nested_state *nested = &vcpu->nested;
	uint64_t eptp;

	if (i->operand >= EPTP_LIST_ENTRIES ||
	    guest_mem_read(vcpu->vm, vcpu->smm,
			   nested->eptp_list + 8 * i->operand, 8,
			   &eptp) != GUEST_MEM_OK)
		return false;
	if (eptp == nested->tdp_root)
		return true;
	if (!vmx_eptp_valid(vcpu, eptp))
		return false;
	nested->tdp_root = eptp;
	mmu_init_shadow_ept(vcpu, eptp, nested->mbec);
	if (!nested->vpid)
		request(vcpu, REQ_TLB_FLUSH_GUEST);
	return true;
}

/* KVM 6.12: handle_vmfunc(); every function exits, none is the processor's. */
static int vmfunc(const struct insn *i)
{
	const struct tdp_nested_state *nested = &i->vcpu->nested;

	if (!i->vcpu->guest_mode)
		return undefined(i, TDP_WHY_NOT_IN_GUEST_MODE);
	if (!nested->eptp_switching || i->type > 63)
		return undefined(i, TDP_WHY_BAD_OPERAND);
	if (i->type || !switch_eptp(i))
		return exit_to_l1(i, EXIT_VMFUNC, TDP_WHY_BAD_OPERAND);
	return TDP_OK;
}

/* KVM_RUN up to the instruction, and what it does. */
static int execute(const struct insn *i, int (*run)(const struct insn *i),
		   struct tdp_error *err)
{
	bool entered;
	int ret;

	result_begin(i->result);
	if (i->vcpu->vm->host.vendor != TDP_INTEL)
		return err_set(err, TDP_EINVAL, "an instruction of VMX");
	ret = run_enter(i->vcpu, i->result, &entered, err);
	if (!ret && entered)
		ret = run(i);
	if (!ret)
		result_end(i->vcpu, i->result);
	return ret;
}

int tdp_vcpu_invept(struct tdp_vcpu *vcpu, uint64_t type, uint64_t eptp,
		    struct tdp_result *result, struct tdp_error *err)
{
	const struct insn i = { vcpu, result, type, eptp, 0 };

	return execute(&i, invept, err);
}

int tdp_vcpu_invvpid(struct tdp_vcpu *vcpu, uint64_t type, uint64_t vpid,
		     tdp_gva gla, struct tdp_result *result,
		     struct tdp_error *err)
{
	const struct insn i = { vcpu, result, type, vpid, gla.addr };

	return execute(&i, invvpid, err);
}

int tdp_vcpu_vmfunc(struct tdp_vcpu *vcpu, uint32_t function, uint32_t index,
		    struct tdp_result *result, struct tdp_error *err)
{
	const struct insn i = { vcpu, result, function, index, 0 };

	return execute(&i, vmfunc, err);
}
