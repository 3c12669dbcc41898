/* SPDX-License-Identifier: MIT */
#include "scenario/verb.h"

#include <string.h>

/* clang-format off */
static const struct verb *const verbs[] = {
	/* KVM_RUN */
	&verb_read, &verb_write, &verb_fetch, &verb_rmw, &verb_run,
	&verb_translate, &verb_kvm_translate, &verb_emulate,
	/* vCPU ioctls and instructions */
	&verb_prefault, &verb_signal, &verb_check_extension,
	&verb_set_cpuid, &verb_set_sregs, &verb_write_reg, &verb_read_reg,
	&verb_wrmsr, &verb_rdmsr,
	&verb_invlpg, &verb_invpcid,
	&verb_new_vm,
	/* memory */
	&verb_memslot, &verb_delete_memslot, &verb_set_backing,
	&verb_poke, &verb_peek, &verb_guest_tables,
	&verb_attach_dma, &verb_detach_dma,
	&verb_set_dirty_protect, &verb_get_dirty_log, &verb_clear_dirty_log,
	&verb_age, &verb_test_age, &verb_recover_nx,
	&verb_nx_huge_pages, &verb_toggle_dirty_log,
	&verb_set_nr_mmu_pages, &verb_get_nr_mmu_pages, &verb_shrink,
	/* private memory */
	&verb_set_attributes, &verb_create_gmem, &verb_punch_gmem,
	&verb_mmap_gmem, &verb_touch, &verb_create_vm,
	/* capabilities */
	&verb_disable_quirks,
	/* modes */
	&verb_smi, &verb_rsm, &verb_triple_fault, &verb_set_vcpu_events,
	&verb_nested_enter, &verb_vmrun, &verb_nested_exit,
	&verb_set_nested_state,
	&verb_set_mp_state, &verb_get_nested_state,
	&verb_invept, &verb_invvpid, &verb_vmfunc,
	&verb_vmxon, &verb_vmxoff, &verb_vmclear, &verb_vmptrld,
	&verb_vmread, &verb_vmwrite, &verb_vmlaunch, &verb_vmresume,
	/* looking */
	&verb_check, &verb_together,
};
/* clang-format on */

const struct verb *verb_at(unsigned int index)
{
	return index < ARRAY_SIZE(verbs) ? verbs[index] : NULL;
}

const struct verb *verb_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}
