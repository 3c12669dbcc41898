/* SPDX-License-Identifier: MIT */
/*
 * VMXON, VMXOFF, and instructions on a VMCS: what L1 does with vmcs12 before
 * and after an entry.  CPL 0 and the MSR IA32_FEATURE_CONTROL are taken as
 * given.
 */
#include "arch/regs.h"
#include "base/error.h"
#include "kvm/root.h"
#include "ops/vmcs12.h"
#include "ops/vmx.h"
#include "tdpsim/vmx.h"

struct insn {
	struct tdp_vcpu *vcpu;
	struct tdp_result *result;
	struct tdp_error *err;
	uint64_t operand; /* address or encoding */
	uint64_t value;
};

/* SDM: "Conventions" (3C): VMfailInvalid, RFLAGS.CF */
static int fail_invalid(const struct insn *i, enum tdp_reason why)
{
	vmx_set_flags(i->vcpu, VMX_FAIL_INVALID);
	i->result->outcome = TDP_OUTCOME_REFUSED;
	i->result->reason = why;
	return TDP_OK;
}

static int fail(const struct insn *i, uint32_t error, enum tdp_reason why)
{
	return vmx_fail(i->vcpu, i->result, error, why);
}

static int succeed(const struct insn *i)
{
	vmx_set_flags(i->vcpu, VMX_SUCCEED);
	return TDP_OK;
}

static int raise(const struct insn *i, unsigned int vector, enum tdp_reason why)
{
	const struct exception e = {
		.vector = vector,
		.why = why,
		.by_kvm = true,
	};

	return exception_raise(i->vcpu, i->result, &e);
}

/* KVM 6.12: page_address_valid() */
static bool is_page(const struct insn *i, uint64_t address)
{
	return is_aligned(address, FRAME_SIZE) &&
	       !(address >> i->vcpu->cpuid.maxphyaddr);
}

/* Memory that is not there reads as all ones: no revision is that. */
static enum guest_mem_status read_revision(const struct insn *i,
					   uint32_t *revision)
{
	uint64_t value = UINT32_MAX;
	enum guest_mem_status status = guest_mem_read(
		i->vcpu->vm, 0, i->operand, sizeof(*revision), &value);

	*revision = (uint32_t)value;
	return status == GUEST_MEM_BLOCKS || status == GUEST_MEM_NO_MEMORY ?
		       status :
		       GUEST_MEM_OK;
}

static int stopped(const struct insn *i, enum guest_mem_status status)
{
	return status == GUEST_MEM_NO_MEMORY ?
		       TDP_ENOMEM :
		       result_block(i->result, TDP_WHY_HOST_BLOCKS);
}

/* VMX operation ---------------------------------------------------------------- */

/* KVM 6.12: handle_vmxon(); CR0.NE is taken as given. */
static int vmxon(const struct insn *i)
{
	const uint64_t fixed = CR0_PE | CR0_PG;
	struct tdp_vcpu *vcpu = i->vcpu;
	enum guest_mem_status status;
	uint32_t revision;

	if (!(vcpu->sregs.cr4 & CR4_VMXE))
		return raise(i, VECTOR_UD, TDP_WHY_VIRTUALIZATION_OFF);
	if (vcpu->vmx.vmxon)
		return fail(i, VMXERR_VMXON_IN_ROOT, TDP_WHY_IN_VMX_OPERATION);
	if ((vcpu->sregs.cr0 & fixed) != fixed)
		return raise(i, VECTOR_GP, TDP_WHY_BAD_REGISTER);
	if (!is_page(i, i->operand))
		return fail_invalid(i, TDP_WHY_VMCS_POINTER);
	status = read_revision(i, &revision);
	if (status)
		return stopped(i, status);
	if (revision != VMCS12_REVISION)
		return fail_invalid(i, TDP_WHY_VMCS_REVISION);
	vcpu->vmx.vmxon = true;
	vcpu->vmx.vmxon_ptr = i->operand;
	return succeed(i);
}

/* The copy is lost: nobody writes it back. */
void vmx_free_nested(struct tdp_vcpu *vcpu)
{
	vcpu->vmx = (struct vcpu_vmx){ 0 };
	root_free_all(vcpu, &vcpu->guest_mmu);
}

/* KVM 6.12: handle_vmxoff(), free_nested() */
static int vmxoff(const struct insn *i)
{
	vmx_free_nested(i->vcpu);
	return succeed(i);
}

/* The current vmcs12 -------------------------------------------------------------- */

/*
 * The copy goes back to memory, errors or not, and with it all roots for
 * nested EPT.  KVM 6.12: nested_release_vmcs12()
 */
static void release(struct tdp_vcpu *vcpu)
{
	if (!vcpu->vmx.has_vmptr)
		return;
	vmcs12_store(vcpu);
	root_free_all(vcpu, &vcpu->guest_mmu);
	vcpu->vmx.has_vmptr = false;
}

/* A release would sleep, before anything changes. */
static bool release_blocks(const struct insn *i)
{
	const struct vcpu_vmx *vmx = &i->vcpu->vmx;
	uint64_t hpa;

	return vmx->has_vmptr &&
	       guest_mem_frame(i->vcpu->vm, 0, vmx->vmptr, true, &hpa) ==
		       GUEST_MEM_BLOCKS;
}

static bool is_current(const struct insn *i)
{
	return i->vcpu->vmx.has_vmptr && i->vcpu->vmx.vmptr == i->operand;
}

/* KVM 6.12: handle_vmclear(); memory that is not there goes unnoticed. */
static int vmclear(const struct insn *i)
{
	struct tdp_vcpu *vcpu = i->vcpu;
	uint64_t hpa;

	if (!is_page(i, i->operand))
		return fail(i, VMXERR_VMCLEAR_ADDRESS, TDP_WHY_VMCS_POINTER);
	if (i->operand == vcpu->vmx.vmxon_ptr)
		return fail(i, VMXERR_VMCLEAR_VMXON, TDP_WHY_VMCS_POINTER);
	if (guest_mem_frame(vcpu->vm, 0, i->operand, true, &hpa) ==
	    GUEST_MEM_BLOCKS)
		return result_block(i->result, TDP_WHY_HOST_BLOCKS);
	if (is_current(i))
		release(vcpu);
	guest_mem_write(vcpu->vm, 0, i->operand + VMCS12_LAUNCH_STATE, 4, 0);
	return succeed(i);
}

/* KVM 6.12: handle_vmptrld().  The one that is current is not read again. */
static int vmptrld(const struct insn *i)
{
	struct tdp_vcpu *vcpu = i->vcpu;
	enum guest_mem_status status;
	uint32_t revision;

	if (!is_page(i, i->operand))
		return fail(i, VMXERR_VMPTRLD_ADDRESS, TDP_WHY_VMCS_POINTER);
	if (i->operand == vcpu->vmx.vmxon_ptr)
		return fail(i, VMXERR_VMPTRLD_VMXON, TDP_WHY_VMCS_POINTER);
	if (is_current(i))
		return succeed(i);
	status = read_revision(i, &revision);
	if (status)
		return stopped(i, status);
	if (revision != VMCS12_REVISION)
		return fail(i, VMXERR_VMPTRLD_REVISION, TDP_WHY_VMCS_REVISION);
	if (release_blocks(i))
		return result_block(i->result, TDP_WHY_HOST_BLOCKS);
	release(vcpu);
	/* One page: what could be read above can be read again. */
	vmcs12_load(vcpu, i->operand);
	vcpu->vmx.vmptr = i->operand;
	vcpu->vmx.has_vmptr = true;
	return succeed(i);
}

/* Fields ----------------------------------------------------------------------------- */

static int not_held(const struct insn *i)
{
	return err_set(i->err, TDP_EUNSUPPORTED,
		       "vmcs12-fields: field 0x%llx has no part in translation",
		       (unsigned long long)i->operand);
}

static int access_field(const struct insn *i, bool write)
{
	struct tdp_vcpu *vcpu = i->vcpu;
	enum vmcs12_field field;
	bool high;

	if (!vcpu->vmx.has_vmptr)
		return fail_invalid(i, TDP_WHY_NO_VMCS12);
	switch (vmcs12_find(i->operand, &field, &high)) {
	case VMCS12_UNKNOWN:
		return fail(i, VMXERR_UNSUPPORTED_FIELD, TDP_WHY_VMCS_FIELD);
	case VMCS12_NOT_HELD:
		return not_held(i);
	case VMCS12_HELD:
		break;
	}
	/* KVM lets L1 write read-only fields: IA32_VMX_MISC bit 29. */
	if (write)
		vmcs12_set(vcpu, field, high, i->value);
	else
		i->result->value = vmcs12_get(vcpu, field, high);
	return succeed(i);
}

static int vmread(const struct insn *i)
{
	return access_field(i, false);
}

static int vmwrite(const struct insn *i)
{
	return access_field(i, true);
}

/* Entries ------------------------------------------------------------------------------ */

static int entry_fail(const struct insn *i, uint32_t error, enum tdp_reason why)
{
	trace(i->vcpu->vm, kvm_nested_vmenter_failed, 0);
	return fail(i, error, why);
}

/* KVM 6.12: nested_vmx_run() */
static int enter(const struct insn *i, bool launch)
{
	struct tdp_vcpu *vcpu = i->vcpu;
	struct tdp_nested_state state;

	if (!vcpu->vmx.has_vmptr) {
		trace(vcpu->vm, kvm_nested_vmenter_failed, 0);
		return fail_invalid(i, TDP_WHY_NO_VMCS12);
	}
	if (vcpu->vmx.launched == launch)
		return entry_fail(i,
				  launch ? VMXERR_VMLAUNCH_NONCLEAR :
					   VMXERR_VMRESUME_NONLAUNCHED,
				  TDP_WHY_LAUNCH_STATE);
	if (!vmcs12_controls_valid(vcpu))
		return entry_fail(i, VMXERR_BAD_CONTROLS,
				  TDP_WHY_BAD_NESTED_STATE);
	if (vmcs12_get(vcpu, VMCS12_LINK_POINTER, false) != UINT64_MAX)
		return err_set(i->err, TDP_EUNSUPPORTED,
			       "vmcs12-fields: a VMCS link pointer");
	vmcs12_decode(vcpu, &state);
	vmx_set_flags(vcpu, VMX_SUCCEED);
	return nested_vmlaunch(vcpu, &state, &state.l1, i->result);
}

static int vmlaunch(const struct insn *i)
{
	return enter(i, true);
}

static int vmresume(const struct insn *i)
{
	return enter(i, false);
}

/* All ------------------------------------------------------------------------------------- */

static const struct {
	int (*run)(const struct insn *i);
	uint64_t exit; /* SDM: "VMX Basic Exit Reasons" (3D) */
} insns[TDP_NR_VMX_INSNS] = {
	[TDP_VMCLEAR] = { vmclear, 19 },   [TDP_VMLAUNCH] = { vmlaunch, 20 },
	[TDP_VMPTRLD] = { vmptrld, 21 },   [TDP_VMREAD] = { vmread, 23 },
	[TDP_VMRESUME] = { vmresume, 24 }, [TDP_VMWRITE] = { vmwrite, 25 },
	[TDP_VMXOFF] = { vmxoff, 26 },     [TDP_VMXON] = { vmxon, 27 },
};

/* KVM 6.12: nested_vmx_check_permission(); all of them are L1's exits in L2. */
static int execute(const struct insn *i, enum tdp_vmx_insn insn)
{
	const struct nested_exit exit = { .code = insns[insn].exit };

	if (i->vcpu->guest_mode)
		return nested_reflect(i->vcpu, i->result, &exit, TDP_WHY_NONE);
	if (insn != TDP_VMXON && !i->vcpu->vmx.vmxon)
		return raise(i, VECTOR_UD, TDP_WHY_VIRTUALIZATION_OFF);
	return insns[insn].run(i);
}

int tdp_vcpu_vmx(struct tdp_vcpu *vcpu, enum tdp_vmx_insn insn,
		 uint64_t operand, uint64_t value, struct tdp_result *result,
		 struct tdp_error *err)
{
	const struct insn i = { vcpu, result, err, operand, value };
	bool entered;
	int ret;

	result_begin(result);
	if (vcpu->vm->host.vendor != TDP_INTEL)
		return err_set(err, TDP_EINVAL, "an instruction of VMX");
	ret = run_enter(vcpu, result, &entered, err);
	if (!ret && entered)
		ret = execute(&i, insn);
	if (ret == TDP_ENOMEM)
		return err_set(err, ret, "no memory for vmcs12");
	if (!ret)
		result_end(vcpu, result);
	return ret;
}
