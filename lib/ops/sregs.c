/* SPDX-License-Identifier: MIT */
/* KVM_SET_SREGS(2), and registers that the guest itself writes. */
#include <errno.h>

#include "arch/regs.h"
#include "kvm/mmu.h"
#include "ops/setreg.h"
#include "ops/uniform.h"
#include "tdpsim/vcpu.h"

/* Userspace ---------------------------------------------------------------- */

/* KVM_SET_SREGS2 came with PDPTEs that are loaded late, in 5.14. */
static bool has_sregs2(const struct tdp_vm *vm)
{
	unsigned int pages = vm->kvm.value[B_NESTED_STATE_PAGES];

	return pages != NESTED_STATE_PAGES_REQUEST_5_10 &&
	       pages != NESTED_STATE_PAGES_REQUEST_5_12;
}

/*
 * KVM 6.12: kvm_is_valid_sregs(); how much of it is behaviour sregs.checks.
 * CR3 counts in long mode only.
 */
static bool values_valid(const struct tdp_vcpu *vcpu,
			 const struct tdp_sregs *sregs)
{
	unsigned int checks = vcpu->vm->kvm.value[B_SREGS_CHECKS];

	if (!setreg_mode_valid(sregs) || !setreg_cr4_valid(vcpu, sregs->cr4) ||
	    !setreg_vmxe_valid(vcpu, sregs->cr4))
		return false;
	if (checks != SREGS_CHECKS_CR4 && (sregs->efer & EFER_LMA) &&
	    !setreg_cr3_legal(vcpu, sregs->cr3))
		return false;
	if (checks >= SREGS_CHECKS_CR0 && !setreg_cr0_valid(sregs->cr0))
		return false;
	return checks != SREGS_CHECKS_EFER ||
	       setreg_efer_valid(vcpu, sregs->efer);
}

static enum tdp_reason refused(const struct tdp_vcpu *vcpu,
			       const struct tdp_sregs *sregs)
{
	if (!values_valid(vcpu, sregs))
		return TDP_WHY_BAD_REGISTER;
	if (sregs->pdptrs_valid && !has_sregs2(vcpu->vm))
		return TDP_WHY_NO_IOCTL;
	if (sregs->pdptrs_valid && !setreg_pae_paging(sregs))
		return TDP_WHY_PDPTRS;
	if (uniform_cd_diverges(vcpu, sregs->cr0, true))
		return TDP_WHY_MTRR_DIVERGES;
	return TDP_WHY_NONE;
}

static bool differ(const struct tdp_sregs *a, const struct tdp_sregs *b)
{
	return a->cr0 != b->cr0 || a->cr3 != b->cr3 || a->cr4 != b->cr4 ||
	       a->efer != b->efer;
}

/* Registers and PDPTEs; what can't be read stays as it was, unreported. */
static void store(struct tdp_vcpu *vcpu, const struct tdp_sregs *sregs)
{
	vcpu->sregs.cr0 = sregs->cr0;
	vcpu->sregs.cr3 = sregs->cr3;
	vcpu->sregs.cr4 = sregs->cr4;
	vcpu->sregs.efer = sregs->efer;
	if (sregs->pdptrs_valid) {
		memcpy(vcpu->sregs.pdptr, sregs->pdptr, sizeof(sregs->pdptr));
		vcpu->pdptrs_from_userspace = true;
	} else if (setreg_pae_paging(sregs)) {
		setreg_reload_pdptrs(vcpu, sregs->cr3);
	}
}

int tdp_vcpu_set_sregs(struct tdp_vcpu *vcpu, const struct tdp_sregs *sregs,
		       struct tdp_result *result)
{
	bool reset = setreg_pae_paging(sregs) || differ(&vcpu->sregs, sregs);
	enum tdp_reason why = refused(vcpu, sregs);
	uint64_t pdptr[4];

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (why)
		return result_fail(result, -EINVAL, why);
	/* The ioctl sleeps until the page is served; then it is called again. */
	if (setreg_pae_paging(sregs) && !sregs->pdptrs_valid &&
	    setreg_fetch_pdptrs(vcpu, sregs->cr3, pdptr) == PDPTR_BLOCKS)
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	store(vcpu, sregs);
	if (reset) {
		mmu_reset_context(vcpu);
		request(vcpu, REQ_TLB_FLUSH_GUEST);
	}
	result_end(vcpu, result);
	return TDP_OK;
}

void tdp_vcpu_get_sregs(const struct tdp_vcpu *vcpu, struct tdp_sregs *sregs)
{
	*sregs = vcpu->sregs;
	sregs->pdptrs_valid = setreg_pae_paging(&vcpu->sregs);
}

/* The guest ---------------------------------------------------------------- */

/*
 * Under TDP KVM does not see MOV CR3.  EPT: the processor loads the PDPTEs
 * (SDM: "PDPTE Registers"); NPT: it reads them at each walk (APM 2: "Legacy
 * PAE Mode" of nested paging).
 */
static enum tdp_reason hardware_cr3(struct tdp_vcpu *vcpu, uint64_t cr3)
{
	const struct tdp_vm *vm = vcpu->vm;
	uint64_t width = vcpu->sregs.efer & EFER_LMA ? vm->host.maxphyaddr : 32;
	enum pdptr_status status;

	if (vcpu->sregs.cr4 & CR4_PCIDE)
		cr3 &= ~CR3_NOFLUSH;
	if (cr3 >> width)
		return TDP_WHY_BAD_REGISTER;
	if (vm->host.vendor == TDP_INTEL && setreg_pae_paging(&vcpu->sregs)) {
		uint64_t pdptr[4];

		status = setreg_fetch_pdptrs(vcpu, cr3, pdptr);
		if (status != PDPTR_OK)
			return setreg_pdptr_reason(status);
		memcpy(vcpu->sregs.pdptr, pdptr, sizeof(pdptr));
	}
	vcpu->sregs.cr3 = cr3;
	return TDP_WHY_NONE;
}

static enum tdp_reason write_pkru(struct tdp_vcpu *vcpu, uint64_t value)
{
	if (value >> 32)
		return TDP_WHY_BAD_REGISTER;
	vcpu->pkru = (uint32_t)value;
	return TDP_WHY_NONE;
}

static enum tdp_reason write_cr0(struct tdp_vcpu *vcpu, uint64_t value)
{
	if (uniform_cd_diverges(vcpu, value, false))
		return TDP_WHY_MTRR_DIVERGES;
	return setreg_cr0(vcpu, value);
}

static enum tdp_reason write_reg(struct tdp_vcpu *vcpu, enum tdp_reg reg,
				 uint64_t value)
{
	switch (reg) {
	case TDP_REG_CR0:
		return write_cr0(vcpu, value);
	case TDP_REG_CR3:
		return vcpu->vm->tdp_enabled ? hardware_cr3(vcpu, value) :
					       setreg_cr3(vcpu, value);
	case TDP_REG_CR4:
		return setreg_cr4(vcpu, value);
	case TDP_REG_EFER:
		return setreg_efer(vcpu, value);
	case TDP_REG_PKRU:
		return write_pkru(vcpu, value);
	case TDP_REG_RFLAGS:
		vcpu->rflags = value;
		return TDP_WHY_NONE;
	case TDP_NR_REGS:
		break;
	}
	assert(!"no such register");
	return TDP_WHY_BAD_REGISTER;
}

/*
 * Does KVM refuse the value, or the processor?  Under NPT, SVM lets the guest
 * write CR3, and CR0 unless KVM runs it with another value.  KVM 6.12:
 * svm_set_cr0(), init_vmcb(); VMX has CR0 and CR4 behind masks.
 */
static bool is_intercepted(const struct tdp_vcpu *vcpu, enum tdp_reg reg)
{
	if (reg == TDP_REG_PKRU || reg == TDP_REG_RFLAGS)
		return false;
	if (!vcpu->vm->tdp_enabled || vcpu->vm->host.vendor != TDP_AMD)
		return reg != TDP_REG_CR3 || !vcpu->vm->tdp_enabled;
	return reg == TDP_REG_CR4 || reg == TDP_REG_EFER ||
	       (reg == TDP_REG_CR0 && (vcpu->sregs.cr0 & (CR0_CD | CR0_NW)));
}

static int refuse(struct tdp_vcpu *vcpu, enum tdp_reg reg,
		  struct tdp_result *result, enum tdp_reason why)
{
	const struct exception e = {
		.vector = VECTOR_GP,
		.why = why,
		.by_kvm = is_intercepted(vcpu, reg),
	};

	return exception_raise(vcpu, result, &e);
}

/* WRPKRU without CR4.PKE is no instruction. */
static int undefined(struct tdp_vcpu *vcpu, struct tdp_result *result)
{
	const struct exception e = {
		.vector = VECTOR_UD,
		.why = TDP_WHY_BAD_REGISTER,
	};

	return exception_raise(vcpu, result, &e);
}

int tdp_vcpu_write_reg(struct tdp_vcpu *vcpu, enum tdp_reg reg, uint64_t value,
		       struct tdp_result *result)
{
	enum tdp_reason why;
	bool entered;
	int ret;

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	ret = run_enter(vcpu, result, &entered, NULL);
	if (ret || !entered)
		return ret;
	if (reg == TDP_REG_PKRU && !(vcpu->sregs.cr4 & CR4_PKE))
		return undefined(vcpu, result);
	why = write_reg(vcpu, reg, value);
	if (why == TDP_WHY_HOST_BLOCKS)
		return result_block(result, why);
	if (why)
		return refuse(vcpu, reg, result, why);
	result_end(vcpu, result);
	return TDP_OK;
}

uint64_t tdp_vcpu_read_reg(const struct tdp_vcpu *vcpu, enum tdp_reg reg)
{
	switch (reg) {
	case TDP_REG_CR0:
		return vcpu->sregs.cr0;
	case TDP_REG_CR3:
		return vcpu->sregs.cr3;
	case TDP_REG_CR4:
		return vcpu->sregs.cr4;
	case TDP_REG_EFER:
		return vcpu->sregs.efer;
	case TDP_REG_PKRU:
		return vcpu->pkru;
	case TDP_REG_RFLAGS:
		return vcpu->rflags;
	case TDP_NR_REGS:
		break;
	}
	return 0;
}
