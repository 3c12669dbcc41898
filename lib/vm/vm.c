/* SPDX-License-Identifier: MIT */
/* Birth and death of a VM and its vCPUs. */
#include "tdpsim/vm.h"

#include <errno.h>
#include <stdlib.h>

#include "arch/regs.h"
#include "base/error.h"
#include "kvm/dirty_log.h"
#include "kvm/mmu.h"
#include "kvm/page.h"
#include "kvm/private.h"
#include "kvm/root.h"
#include "kvm/shadow.h"
#include "kvm/track.h"
#include "tdpsim/walk.h"
#include "vm/host.h"
#include "vm/hostmem.h"

/* Host memory, seen by the hardware walker and by the kernel. */
static int create_memory(struct tdp_vm *vm, struct tdp_error *err)
{
	int ret = tdp_memory_create(vm->host.memory, &vm->memory, err);

	if (ret)
		return ret;
	ret = tdp_walker_create(vm->memory, &vm->walker, err);
	if (ret)
		return ret;
	vm->pm = hostmem_flat(vm->memory);
	vm->pm.size = vm->host.memory;
	vm->pm.plain = physmem_plain(vm->pm.size);
	physmem_partition(&vm->pm, vm->host.table_memory);
	ret = pages_init(vm, err);
	if (ret)
		return ret;
	ret = hostmm_init(&vm->mm, &vm->pm, err);
	vm->mm.zero_splits = behaviour(&vm->kvm, B_HOST_ZERO_THP) ==
			     HOST_ZERO_THP_SPLITS;
	vm->mm.protects_puds = behaviour(&vm->kvm, B_HOST_MPROTECT) ==
			       HOST_MPROTECT_PUD;
	return ret;
}

/*
 * KVM 6.12: kvm_is_vm_type_supported().  Before 6.8 any type but 0 was
 * refused; the host has neither SEV nor TDX.
 */
static bool type_supported(const struct tdp_vm *vm)
{
	if (vm->type == TDP_VM_SW_PROTECTED)
		return vm->tdp_mmu_enabled &&
		       behaviour_on(&vm->kvm, B_SW_PROTECTED_VM);
	return vm->type == TDP_VM_DEFAULT;
}

/* KVM does not load on this host, or it makes no such VM. */
static bool refused(struct tdp_vm *vm, struct tdp_result *result)
{
	if (!host_configure_mmu(vm)) {
		result->ret = -EOPNOTSUPP;
		result->reason = TDP_WHY_NPT_LA57_REFUSED;
	} else if (!type_supported(vm)) {
		result->ret = -EINVAL;
		result->reason = TDP_WHY_VM_TYPE;
	} else {
		return false;
	}
	result->outcome = TDP_OUTCOME_REFUSED;
	return true;
}

int tdp_vm_create(const struct tdp_host_config *host,
		  const struct tdp_kvm_config *kvm, struct tdp_vm **out,
		  struct tdp_result *result, struct tdp_error *err)
{
	return tdp_vm_create_type(host, kvm, TDP_VM_DEFAULT, out, result, err);
}

int tdp_vm_create_type(const struct tdp_host_config *host,
		       const struct tdp_kvm_config *kvm, unsigned int type,
		       struct tdp_vm **out, struct tdp_result *result,
		       struct tdp_error *err)
{
	struct tdp_vm *vm;
	unsigned int as_id;
	int ret;

	*out = NULL;
	*result = (struct tdp_result){ 0 };
	ret = host_check(host, err);
	if (ret)
		return ret;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return err_set(err, TDP_ENOMEM, "no memory for a VM");
	vm->host = *host;
	vm->kvm = *kvm;
	vm->type = type;
	if (refused(vm, result)) {
		free(vm);
		return TDP_OK;
	}
	spte_format_init(&vm->fmt, host, kvm);
	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		memslots_init(&vm->slots[as_id], as_id);
	ret = create_memory(vm, err);
	if (ret) {
		tdp_vm_destroy(vm);
		return ret;
	}
	if (kvm->value[B_MEMTYPE_SOURCE] == MEMTYPE_SOURCE_ROLE)
		result->reason = TDP_WHY_ROLE_FULL;
	*out = vm;
	return TDP_OK;
}

void tdp_vm_destroy(struct tdp_vm *vm)
{
	unsigned int i;

	if (!vm)
		return;
	for (i = 0; i < vm->nr_vcpus; i++)
		free(vm->vcpus[i]);
	free(vm->vcpus);
	dirty_log_finish(vm);
	shadow_finish(vm);
	track_finish(vm);
	for (i = 0; i < NR_ADDRESS_SPACES; i++)
		memslots_finish(&vm->slots[i]);
	gfn_set_finish(&vm->private_gfns);
	gmems_finish(&vm->gmems);
	hostmm_finish(&vm->mm);
	pages_finish(vm);
	tdp_walker_destroy(vm->walker);
	tdp_memory_destroy(vm->memory);
	free(vm);
}

void tdp_vm_set_tracer(struct tdp_vm *vm, tdp_tracer tracer, void *context)
{
	vm->tracer = tracer;
	vm->tracer_context = context;
}

/* State after reset: SDM "Processor State After Reset" (3A). */
static void reset_registers(struct tdp_vcpu *vcpu)
{
	vcpu->sregs.cr0 = CR0_ET | CR0_NW | CR0_CD;
	vcpu->emulated_gpa = UINT64_MAX;
	vcpu->rflags = 2;
	vcpu->pat = TDP_PAT_RESET;
	vcpu->smbase = 0x30000;
	tdp_mtrr_reset(&vcpu->mtrr, 8, false);
	/* KVM's value; no CPUID leaf yet: 36 bits (cpuid_query_maxphyaddr()). */
	vcpu->cpuid.maxphyaddr = 36;
}

static int grow_vcpus(struct tdp_vm *vm, struct tdp_error *err)
{
	struct tdp_vcpu **vcpus;

	if (vm->nr_vcpus == MAX_VCPUS)
		return err_set(err, TDP_ELIMIT, "a VM has at most %d vCPUs",
			       MAX_VCPUS);
	vcpus = realloc(vm->vcpus, (vm->nr_vcpus + 1) * sizeof(*vcpus));
	if (!vcpus)
		return err_set(err, TDP_ENOMEM, "no memory for a vCPU");
	vm->vcpus = vcpus;
	return TDP_OK;
}

int tdp_vcpu_create(struct tdp_vm *vm, struct tdp_vcpu **out,
		    struct tdp_error *err)
{
	struct tdp_vcpu *vcpu;
	int ret = grow_vcpus(vm, err);

	*out = NULL;
	if (ret)
		return ret;
	vcpu = calloc(1, sizeof(*vcpu));
	if (!vcpu)
		return err_set(err, TDP_ENOMEM, "no memory for a vCPU");
	vcpu->vm = vm;
	vcpu->id = vm->nr_vcpus;
	reset_registers(vcpu);
	vm->vcpus[vm->nr_vcpus++] = vcpu;
	mmu_create(vcpu);
	mmu_init(vcpu);
	if (vm->kvm.value[B_MMU_CREATE] == MMU_CREATE_INIT_TWICE)
		mmu_init(vcpu);
	*out = vcpu;
	return TDP_OK;
}

struct tdp_vcpu *tdp_vm_vcpu(struct tdp_vm *vm, unsigned int id)
{
	return id < vm->nr_vcpus ? vm->vcpus[id] : NULL;
}
