/* SPDX-License-Identifier: MIT */
/* KVM's own walks of the guest's tables: KVM_TRANSLATE, and the emulator's. */
#include "arch/regs.h"
#include "base/error.h"
#include "kvm/fault.h"
#include "kvm/guest_mem.h"
#include "kvm/mmio.h"
#include "kvm/shadow.h"
#include "kvm/walker.h"
#include "ops/nested.h"
#include "tdpsim/vcpu.h"

/* KVM 6.12: kvm_arch_vcpu_ioctl_translate() */
#define NO_GPA UINT64_MAX

static enum tdp_reason reason_of(const struct guest_walk *walk)
{
	return walk->error_code & PFERR_PRESENT ? TDP_WHY_GUEST_PTE_FORBIDS :
						  TDP_WHY_GUEST_PTE_ABSENT;
}

/* A supervisor's read, whatever the vCPU's CPL; it sets Accessed. */
int tdp_vcpu_kvm_translate(struct tdp_vcpu *vcpu, tdp_gva gva,
			   struct tdp_result *result, struct tdp_error *err)
{
	struct guest_walk walk;
	uint64_t gpa;

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	switch (gw_gva_to_gpa(vcpu, gva.addr, 0, &walk, &gpa)) {
	case GW_OK:
		result->gpa = gpa;
		break;
	case GW_FAULT:
		result->gpa = NO_GPA;
		result->reason = reason_of(&walk);
		result->fault_address = walk.fault_address;
		break;
	case GW_BLOCKS:
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	default:
		return err_set(err, TDP_ENOMEM, "no memory for a walk");
	}
	result_end(vcpu, result);
	return TDP_OK;
}

/* The emulator ----------------------------------------------------------------- */

static bool writes(const struct tdp_access *access)
{
	return access->kind == TDP_WRITE || access->kind == TDP_RMW;
}

static uint64_t access_flags(const struct tdp_access *access)
{
	uint64_t flags = access->user && !access->implicit ? PFERR_USER : 0;

	if (access->user && access->implicit)
		flags |= PFERR_IMPLICIT_ACCESS;
	if (access->kind == TDP_FETCH)
		return flags | PFERR_FETCH;
	return writes(access) ? flags | PFERR_WRITE : flags;
}

/*
 * KVM 6.12: kvm_inject_emulated_page_fault(): the MMU whose tables refused
 * decides who hears of it.
 */
static int deliver(struct tdp_vcpu *vcpu, const struct guest_walk *walk,
		   struct tdp_result *result)
{
	struct mmu *mmu = walk->nested ? &vcpu->guest_mmu : vcpu->mmu;
	bool forbidden = (walk->error_code & PFERR_PRESENT) &&
			 !(walk->error_code & PFERR_RSVD);
	const struct fault f = {
		.vm = vcpu->vm,
		.vcpu = vcpu,
		.why = reason_of(walk),
		.inject_code = walk->error_code,
		.inject_address = walk->fault_address,
		.inject_qualification = walk->qualification,
		.by_emulator = true,
		.on_table = walk->on_table,
	};

	/* nested_mmu has no root to forget the address in. */
	if (forbidden && (walk->nested || !vcpu->nested_tdp))
		shadow_invalidate_addr(vcpu, mmu, walk->fault_address);
	if (walk->nested)
		return nested_reflect_fault(vcpu, &f, result);
	return exception_raise(vcpu, result,
			       &(struct exception){
				       .vector = VECTOR_PF,
				       .code = walk->error_code,
				       .address = walk->fault_address,
				       .why = f.why,
				       .by_kvm = true,
			       });
}

/* In a memslot, or not: KVM 6.12 emulator_read_write_onepage() */
static int transfer(struct tdp_vcpu *vcpu, const struct tdp_access *access,
		    struct tdp_result *result)
{
	unsigned int size = access->size ? access->size : 1;
	struct tdp_vm *vm = vcpu->vm;
	enum guest_mem_status status;
	uint64_t hpa;

	if (writes(access) && access->size)
		status = guest_mem_write(vm, vcpu->smm, result->gpa, size,
					 access->value);
	else if (writes(access))
		status = guest_mem_frame(vm, vcpu->smm, result->gpa, true,
					 &hpa);
	else
		status = guest_mem_read(vm, vcpu->smm, result->gpa, size,
					&result->value);
	if (status == GUEST_MEM_NO_MEMORY)
		return TDP_ENOMEM;
	if (status == GUEST_MEM_BLOCKS)
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	if (status == GUEST_MEM_OK) {
		if (writes(access) && access->size)
			shadow_track_write(vcpu, result->gpa, size);
		return TDP_OK;
	}
	result->outcome = TDP_OUTCOME_MMIO;
	result->exit_reason = KVM_EXIT_MMIO;
	result->reason = status == GUEST_MEM_READ_ONLY ?
				 TDP_WHY_SLOT_READ_ONLY :
				 TDP_WHY_NO_SLOT;
	return TDP_OK;
}

/*
 * After an exit of a direct MMU the emulator does not walk for the data.  KVM
 * 6.12: emulator_read_write_onepage(), emulator_can_use_gpa()
 */
static bool exit_gpa_fits(const struct tdp_vcpu *vcpu,
			  const struct tdp_access *access)
{
	return access->kind != TDP_FETCH && vcpu->emulated_gpa != UINT64_MAX &&
	       !((vcpu->emulated_gpa ^ access->gva.addr) & FRAME_MASK);
}

static int emulate(struct tdp_vcpu *vcpu, const struct tdp_access *access,
		   struct tdp_result *result)
{
	struct guest_walk walk;

	if (exit_gpa_fits(vcpu, access)) {
		result->gpa = vcpu->emulated_gpa;
		vcpu->emulated_gpa = UINT64_MAX;
		return transfer(vcpu, access, result);
	}
	switch (gw_gva_to_gpa(vcpu, access->gva.addr, access_flags(access),
			      &walk, &result->gpa)) {
	case GW_OK:
		return transfer(vcpu, access, result);
	case GW_BLOCKS:
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	case GW_NO_MEMORY:
		return TDP_ENOMEM;
	case GW_FAULT:
		break;
	}
	result->gpa = 0;
	return deliver(vcpu, &walk, result);
}

static bool is_memory(const struct tdp_vcpu *vcpu, uint64_t gpa)
{
	return memslots_find(vcpu_memslots(vcpu), gpa >> 12);
}

int emulate_mmio(struct tdp_vcpu *vcpu, const struct tdp_access *access,
		 struct tdp_result *result, bool *done)
{
	bool fetches = access->kind == TDP_FETCH;
	struct guest_walk walk;

	*done = false;
	if (!fetches &&
	    mmio_cache_serves(vcpu, access->gva.addr, access_flags(access)))
		return TDP_OK;
	switch (gw_gva_to_gpa(vcpu, access->gva.addr, access_flags(access),
			      &walk, &result->gpa)) {
	case GW_OK:
		*done = !fetches && is_memory(vcpu, result->gpa);
		return *done ? transfer(vcpu, access, result) : TDP_OK;
	case GW_BLOCKS:
		*done = true;
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	case GW_NO_MEMORY:
		return TDP_ENOMEM;
	case GW_FAULT:
		break;
	}
	*done = true;
	result->gpa = 0;
	return deliver(vcpu, &walk, result);
}

int tdp_vcpu_emulate(struct tdp_vcpu *vcpu, const struct tdp_access *access,
		     struct tdp_result *result, struct tdp_error *err)
{
	bool entered;
	int ret;

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (access->kind == TDP_SS_READ || access->kind == TDP_SS_WRITE)
		return err_set(err, TDP_EINVAL,
			       "the emulator knows no shadow stacks");
	if ((access->gva.addr & FRAME_MASK) + access->size > FRAME_SIZE)
		return err_set(err, TDP_EINVAL, "the access crosses a page");
	ret = run_enter(vcpu, result, &entered, err);
	if (!ret && entered)
		ret = emulate(vcpu, access, result);
	if (ret == TDP_ENOMEM)
		return err_set(err, ret, "no memory for a walk");
	if (!ret)
		result_end(vcpu, result);
	return ret;
}
