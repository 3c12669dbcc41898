/* SPDX-License-Identifier: MIT */
/* KVM_CHECK_EXTENSION, and quirks. */
#include "tdpsim/capability.h"

#include <errno.h>

#include "base/error.h"
#include "kvm/private.h"
#include "ops/ops.h"
#include "tdpsim/vcpu.h"

/* By value of the behaviour quirks.known. */
static const uint64_t masks[NR_QUIRKS_KNOWN] = {
	[QUIRKS_KNOWN_NONE] = 0,      [QUIRKS_KNOWN_0x3f] = 0x3f,
	[QUIRKS_KNOWN_0x7f] = 0x7f,   [QUIRKS_KNOWN_0xff] = 0xff,
	[QUIRKS_KNOWN_0x1ff] = 0x1ff, [QUIRKS_KNOWN_0x3ff] = 0x3ff,
	[QUIRKS_KNOWN_0x7ff] = 0x7ff, [QUIRKS_KNOWN_0xfff] = 0xfff,
};

/* The PAT quirk is about TDP: without it there is nothing to disable. */
static uint64_t supported_quirks(const struct tdp_vm *vm)
{
	uint64_t mask = masks[vm->kvm.value[B_QUIRKS_KNOWN]];

	return vm->tdp_enabled ? mask : mask & ~TDP_QUIRK_IGNORE_GUEST_PAT;
}

/* KVM 6.12: kvm_supported_mem_attributes(); /dev/kvm knows no VM type. */
static uint64_t attributes(const struct tdp_vm *vm, bool system)
{
	if (!behaviour_on(&vm->kvm, B_SW_PROTECTED_VM))
		return 0;
	return system || vm_has_private_mem(vm) ? TDP_ATTRIBUTE_PRIVATE : 0;
}

static uint64_t vm_types(const struct tdp_vm *vm)
{
	uint64_t types = BIT(TDP_VM_DEFAULT);

	/* The capability came with the types. */
	if (vm->kvm.value[B_GMEM_API] == GMEM_API_NONE)
		return 0;
	if (vm->tdp_mmu_enabled && behaviour_on(&vm->kvm, B_SW_PROTECTED_VM))
		types |= BIT(TDP_VM_SW_PROTECTED);
	return types;
}

static uint64_t gmem(const struct tdp_vm *vm, bool system)
{
	if (!vm_has_gmem(vm))
		return 0;
	if (vm->kvm.value[B_GMEM_API] != GMEM_API_PRIVATE)
		return 1;
	return system || vm_has_private_mem(vm);
}

/* /dev/kvm names all that some VM may use. */
static uint64_t gmem_flags(const struct tdp_vm *vm, bool system)
{
	if (system && vm->kvm.value[B_GMEM_API] >= GMEM_API_MMAP)
		return TDP_GMEM_MMAP | TDP_GMEM_INIT_SHARED;
	return vm_gmem_flags(vm);
}

int tdp_vm_check_extension(const struct tdp_vm *vm, unsigned int cap,
			   bool system, uint64_t *value, struct tdp_error *err)
{
	switch (cap) {
	case TDP_CAP_DISABLE_QUIRKS:
		*value = 1;
		return TDP_OK;
	case TDP_CAP_DISABLE_QUIRKS2:
		*value = supported_quirks(vm);
		return TDP_OK;
	case TDP_CAP_MEMORY_ATTRIBUTES:
		*value = attributes(vm, system);
		return TDP_OK;
	case TDP_CAP_GUEST_MEMFD:
		*value = gmem(vm, system);
		return TDP_OK;
	case TDP_CAP_VM_TYPES:
		*value = vm_types(vm);
		return TDP_OK;
	case TDP_CAP_PRE_FAULT_MEMORY:
		*value = tdp_vm_prefault_capability(vm, system);
		return TDP_OK;
	case TDP_CAP_GUEST_MEMFD_FLAGS:
		*value = gmem_flags(vm, system);
		return TDP_OK;
	default:
		*value = 0;
		return err_set(
			err, TDP_EUNSUPPORTED,
			"capabilities: the model does not know number %u", cap);
	}
}

/* Disabled quirks are behaviours that are off from now on. */
static const struct {
	uint64_t quirk;
	enum behaviour behaviour;
} quirk_behaviours[] = {
	{ TDP_QUIRK_CD_NW_CLEARED, B_MEMTYPE_CD_QUIRK },
	{ TDP_QUIRK_SLOT_ZAP_ALL, B_QUIRK_SLOT_ZAP_ALL },
	{ TDP_QUIRK_IGNORE_GUEST_PAT, B_QUIRK_IGNORE_GUEST_PAT },
};

static void apply(struct tdp_vm *vm, uint64_t before)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(quirk_behaviours); i++) {
		uint64_t quirk = quirk_behaviours[i].quirk;
		uint8_t *value = &vm->kvm.value[quirk_behaviours[i].behaviour];

		if (vm->disabled_quirks & quirk) {
			vm->quirks_taken |= *value == SWITCH_ON ? quirk : 0;
			*value = SWITCH_OFF;
		} else if ((before & quirk) && (vm->quirks_taken & quirk)) {
			*value = SWITCH_ON;
		}
	}
}

int tdp_vm_disable_quirks(struct tdp_vm *vm, uint64_t quirks,
			  struct tdp_result *result)
{
	uint64_t before = vm->disabled_quirks;

	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	if (!supported_quirks(vm) || (quirks & ~supported_quirks(vm)))
		return result_fail(result, -EINVAL, TDP_WHY_QUIRK);
	vm->disabled_quirks = quirks;
	if (vm->kvm.value[B_QUIRKS_REPEAT] == QUIRKS_REPEAT_ACCUMULATES)
		vm->disabled_quirks |= before;
	apply(vm, before);
	return TDP_OK;
}
