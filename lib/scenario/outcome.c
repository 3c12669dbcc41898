/* SPDX-License-Identifier: MIT */
#include "scenario/outcome.h"

#include <string.h>

#include "scenario/value.h"

#define RESULT(member, field_name, field_type, group, ...)               \
	FIELD_ROW(struct outcome, result.member, field_name, field_type, \
		  .groups = (group), __VA_ARGS__)

#define OF_ROOT(member, field_name, field_type, ...)                   \
	FIELD_ROW(struct outcome, root.member, field_name, field_type, \
		  .groups = FIELDS_MAPPING, __VA_ARGS__)

#define OF_VCPU(member, field_name, field_type, ...)                   \
	FIELD_ROW(struct outcome, vcpu.member, field_name, field_type, \
		  .groups = FIELDS_VCPU, __VA_ARGS__)

static const struct field outcome_rows[] = {
	/* the call */
	RESULT(ret, "ret", type_errno, FIELDS_CALL, .is_signed = true,
	       .about = "what the modelled system call returns"),
	RESULT(outcome, "outcome", type_outcome, FIELDS_CALL,
	       .about = "how the operation ended"),
	RESULT(reason, "reason", type_reason, FIELDS_CALL,
	       .about = "which check decided"),
	RESULT(walk_reason, "walk_reason", type_walk_reason, FIELDS_GUEST,
	       .about = "which check of the last hardware walk decided"),
	RESULT(gpa, "gpa", type_address, FIELDS_RANGE,
	       .about = "gpa as the call leaves it"),
	RESULT(size, "size", type_size, FIELDS_RANGE,
	       .about = "size as the call leaves it"),
	/* the mapping */
	RESULT(level, "level", type_level, FIELDS_MAPPING,
	       .about = "page size of the mapping that served it"),
	RESULT(spte, "spte", type_word, FIELDS_MAPPING, .parts = &spte_parts,
	       .about = "the SPTE, as a word or by its parts"),
	RESULT(hpa, "hpa", type_address, FIELDS_MAPPING,
	       .about = "host-physical address"),
	RESULT(memtype, "memtype", type_memtype, FIELDS_MAPPING,
	       .about = "memory type that the access has"),
	RESULT(root_role, "root.role", type_word, FIELDS_MAPPING,
	       .parts = &role_parts, .spread = true,
	       .about = "role word of the root in use, or its parts"),
	RESULT(root_as_id, "root.as", type_number, FIELDS_MAPPING,
	       .about = "address space that the root maps"),
	RESULT(root_id, "root.id", type_number, FIELDS_MAPPING,
	       .about = "number of the root, from 1; 0: none"),
	OF_ROOT(tdp, "root.tdp", type_bool,
		.about = "it belongs to the TDP MMU"),
	OF_ROOT(valid, "root.valid", type_bool,
		.about = "it can be found by a load"),
	OF_ROOT(refcount, "root.refcount", type_number,
		.about = "references, as the kernel counts them"),
	OF_ROOT(pages, "root.pages", type_number,
		.about = "page-table pages below it, itself included"),
	OF_ROOT(leaves, "root.leaves", type_number,
		.about = "present leaf SPTEs below it"),
	/* the guest */
	RESULT(vector, "vector", type_number, FIELDS_GUEST,
	       .about = "exception given to the guest"),
	RESULT(error_code, "error_code", type_pferr, FIELDS_GUEST,
	       .about = "its error code"),
	RESULT(fault_address, "fault_address", type_address, FIELDS_GUEST,
	       .about = "its address (CR2)"),
	RESULT(exit, "exit", type_exit, FIELDS_GUEST,
	       .about = "last hardware exit that KVM handled"),
	RESULT(exit_info1, "exit_info1", type_word, FIELDS_GUEST,
	       .about = "qualification, EXITINFO1 or #PF code of that exit"),
	RESULT(exit_info2, "exit_info2", type_word, FIELDS_GUEST,
	       .about = "guest-physical or linear address of that exit"),
	RESULT(pferr, "pferr", type_pferr, FIELDS_GUEST,
	       .about = "error code that KVM's MMU was given"),
	RESULT(exit_reason, "exit_reason", type_number,
	       FIELDS_GUEST | FIELDS_RUN, .about = "kvm_run.exit_reason"),
	RESULT(memory_fault_flags, "memory_fault.flags", type_attributes,
	       FIELDS_RUN,
	       .about = "kvm_run.memory_fault, with exit_reason 39"),
	RESULT(memory_fault_gpa, "memory_fault.gpa", type_address, FIELDS_RUN,
	       .about = "its address"),
	RESULT(memory_fault_size, "memory_fault.size", type_size, FIELDS_RUN,
	       .about = "its size"),
	RESULT(l1_exit, "l1_exit", type_word, FIELDS_GUEST,
	       .about = "exit reason or EXITCODE that L1 reads"),
	RESULT(l1_info1, "l1_info1", type_word, FIELDS_GUEST,
	       .about = "qualification or EXITINFO1 that L1 reads"),
	RESULT(l1_info2, "l1_info2", type_word, FIELDS_GUEST,
	       .about = "EXITINFO2 that L1 reads"),
	/* counts */
	RESULT(exits, "exits", type_number, FIELDS_COUNTS,
	       .about = "hardware exits"),
	RESULT(faults_fixed, "faults_fixed", type_number, FIELDS_COUNTS,
	       .about = "exits after which an SPTE was installed"),
	RESULT(faults_spurious, "faults_spurious", type_number, FIELDS_COUNTS,
	       .about = "exits that found the SPTE in order"),
	RESULT(faults_fast, "faults_fast", type_number, FIELDS_COUNTS,
	       .about = "exits fixed by fast_page_fault"),
	RESULT(mmio_exits, "mmio_exits", type_number, FIELDS_COUNTS,
	       .about = "exits because of MMIO"),
	RESULT(mmu_pages, "mmu_pages", type_number, FIELDS_COUNTS,
	       .about = "page-table pages created"),
	RESULT(cycle, "cycle_length", type_number, FIELDS_COUNTS,
	       .about = "livelock: events of one round"),
	RESULT(refs, "refs", type_number, FIELDS_COUNTS,
	       .about = "entries that the last hardware walk read"),
	RESULT(guest_refs, "guest_refs", type_number, FIELDS_COUNTS,
	       .about = "of them, the guest's"),
	RESULT(nested_refs, "nested_refs", type_number, FIELDS_COUNTS,
	       .about = "of them, EPT's or NPT's"),
	RESULT(value, "value", type_word, FIELDS_VALUE,
	       .about = "what was read"),
	FIELD_ROW(struct outcome, dirty_pages, "dirty_pages", type_number,
		  .groups = FIELDS_DIRTY,
		  .about = "pages that were read as dirty, or cleared"),
	FIELD_ROW(struct outcome, cr3, "cr3", type_address,
		  .groups = FIELDS_TABLES,
		  .about = "address of the topmost table"),
	FIELD_ROW(struct outcome, next, "next", type_address,
		  .groups = FIELDS_TABLES,
		  .about = "first byte behind the tables"),
	/* the vCPU afterwards */
	OF_VCPU(state.smm, "vcpu.smm", type_bool, .about = "it is in SMM"),
	OF_VCPU(state.guest_mode, "vcpu.guest_mode", type_bool,
		.about = "it runs L2"),
	OF_VCPU(state.cpu_role, "vcpu.cpu_role", type_word,
		.about = "kvm_cpu_role of its MMU, extension in the high half"),
	OF_VCPU(state.root_role, "vcpu.root_role", type_word,
		.parts = &role_parts,
		.about = "role word that its MMU wants for a root"),
	OF_VCPU(state.root_id, "vcpu.root", type_number,
		.about = "number of the root that is loaded; 0: none"),
	OF_VCPU(state.nested_pages_pending, "vcpu.nested_pages_pending",
		type_bool,
		.about = "KVM_REQ_GET_NESTED_STATE_PAGES waits for KVM_RUN"),
	OF_VCPU(state.obsolete_roots_pending, "vcpu.obsolete_roots_pending",
		type_bool,
		.about = "KVM_REQ_MMU_FREE_OBSOLETE_ROOTS waits for KVM_RUN"),
	OF_VCPU(state.vmcs12.exit_reason, "vcpu.vmcs12.exit_reason", type_word,
		.about = "exit reason that L1 reads; bit 31: the entry failed"),
	OF_VCPU(state.vmcs12.exit_qualification,
		"vcpu.vmcs12.exit_qualification", type_word,
		.about = "exit qualification that L1 reads"),
	OF_VCPU(state.vmcs12.guest_physical_address, "vcpu.vmcs12.gpa",
		type_address, .about = "guest-physical address that L1 reads"),
	OF_VCPU(state.vmcs12.exit_intr_info, "vcpu.vmcs12.exit_intr_info",
		type_word,
		.about = "VM-exit interruption information that L1 reads"),
	OF_VCPU(state.vmcs12.exit_intr_error_code,
		"vcpu.vmcs12.exit_intr_error_code", type_word,
		.about = "VM-exit interruption error code that L1 reads"),
	OF_VCPU(state.vmcs12.instruction_error, "vcpu.vmcs12.instruction_error",
		type_number,
		.about = "VM-instruction error of the last VMfail"),
	OF_VCPU(state.vmcs12.pml_index, "vcpu.vmcs12.pml_index", type_number,
		.about = "PML index: the next entry of L1's log"),
	OF_VCPU(state.vmcs12.ept_pointer, "vcpu.vmcs12.ept_pointer", type_word,
		.about = "EPTP12"),
};

const struct fields outcome_fields = FIELDS(outcome_rows);

#define ROOT(member, field_type, ...)                                \
	FIELD_ROW(struct tdp_root_info, member, #member, field_type, \
		  __VA_ARGS__)

static const struct field root_rows[] = {
	ROOT(role, type_word, .parts = &role_parts, .spread = true,
	     .about = "role word, or its parts"),
	ROOT(id, type_number, .about = "number, from 1 in order of creation"),
	FIELD_ROW(struct tdp_root_info, as_id, "as", type_number,
		  .about = "address space that it maps"),
	ROOT(tdp, type_bool, .about = "it belongs to the TDP MMU"),
	ROOT(valid, type_bool, .about = "it can be found by a load"),
	ROOT(refcount, type_number,
	     .about = "references, as the kernel counts them"),
	ROOT(pages, type_number,
	     .about = "page-table pages below it, itself included"),
	ROOT(leaves, type_number, .about = "present leaf SPTEs below it"),
};

const struct fields root_fields = FIELDS(root_rows);

#define VCPU(member, field_name, field_type, ...) \
	FIELD_ROW(struct vcpu_view, member, field_name, field_type, __VA_ARGS__)

static const struct field vcpu_rows[] = {
	VCPU(state.smm, "smm", type_bool, .about = "it is in SMM"),
	VCPU(state.guest_mode, "guest_mode", type_bool, .about = "it runs L2"),
	VCPU(state.has_run, "has_run", type_bool,
	     .about = "KVM_RUN entered the guest once"),
	VCPU(state.cpu_role, "cpu_role", type_word,
	     .about = "kvm_cpu_role of its MMU, extension in the high half"),
	VCPU(state.root_role, "root_role", type_word, .parts = &role_parts,
	     .about = "role word that its MMU wants for a root"),
	VCPU(state.root_id, "root", type_number,
	     .about = "number of the root that is loaded; 0: none"),
	VCPU(state.prev_root_id[0], "prev_roots.0", type_number,
	     .about = "number of the newest cached root; 0: none"),
	VCPU(state.prev_root_id[1], "prev_roots.1", type_number,
	     .about = "the next one"),
	VCPU(state.prev_root_id[2], "prev_roots.2", type_number,
	     .about = "the oldest one"),
	VCPU(state.nested_pages_pending, "nested_pages_pending", type_bool,
	     .about = "KVM_REQ_GET_NESTED_STATE_PAGES waits for KVM_RUN"),
	VCPU(state.obsolete_roots_pending, "obsolete_roots_pending", type_bool,
	     .about = "KVM_REQ_MMU_FREE_OBSOLETE_ROOTS waits for KVM_RUN"),
	VCPU(state.signal_pending, "signal_pending", type_bool,
	     .about = "a signal is pending"),
	VCPU(sregs.cr0, "cr0", type_cr0_bits, .about = "CR0"),
	VCPU(sregs.cr3, "cr3", type_address, .about = "CR3"),
	VCPU(sregs.cr4, "cr4", type_cr4_bits, .about = "CR4"),
	VCPU(sregs.efer, "efer", type_efer_bits, .about = "EFER"),
	VCPU(cpuid.maxphyaddr, "maxphyaddr", type_number,
	     .about = "physical-address bits in its CPUID; 0: none set"),
};

const struct fields vcpu_fields = FIELDS(vcpu_rows);

#define STAT(member, field_about)                                    \
	FIELD_ROW(struct tdp_vm_stats, member, #member, type_number, \
		  .about = (field_about))

static const struct field stats_rows[] = {
	STAT(pages_4k, "4 KiB mappings"),
	STAT(pages_2m, "2 MiB mappings"),
	STAT(pages_1g, "1 GiB mappings"),
	STAT(mmu_pages, "page-table pages in use"),
	STAT(tlb_flushes, "remote TLB flushes"),
	STAT(zaps, "leaf SPTEs zapped"),
	STAT(nx_lpage_splits, "tables that the NX mitigation made"),
	STAT(noncoherent_dma, "non-coherent devices attached"),
	FIELD_ROW(struct tdp_vm_stats, nx_thread, "nx_thread", type_bool,
		  .about = "the thread that recovers huge pages is there"),
};

const struct fields stats_fields = FIELDS(stats_rows);

#define SPTE(member, field_name, field_type, ...) \
	FIELD_ROW(struct spte_view, member, field_name, field_type, __VA_ARGS__)

static const struct field spte_rows[] = {
	SPTE(entry.spte, "spte", type_word, .parts = &spte_parts,
	     .spread = true,
	     .about = "the last entry on the way, or its parts"),
	SPTE(entry.level, "level", type_level,
	     .about = "what the last entry covers"),
	SPTE(entry.leaf, "leaf", type_bool, .about = "it maps a page"),
	SPTE(depth, "depth", type_number, .about = "entries on the way"),
};

const struct fields spte_fields = FIELDS(spte_rows);

#define MEMTYPES(member, field_type, ...) \
	FIELD_ROW(struct tdp_memtypes, member, #member, field_type, __VA_ARGS__)

static const struct field memtypes_rows[] = {
	MEMTYPES(types, type_memtypes,
		 .about = "effective types, of all vCPUs that reach the page"),
	MEMTYPES(aliased, type_bool, .about = "the types differ"),
	MEMTYPES(vcpus, type_number, .about = "vCPUs that reach the page"),
	MEMTYPES(hpa, type_address, .about = "host-physical address"),
};

const struct fields memtypes_fields = FIELDS(memtypes_rows);

void vcpu_view_get(struct vcpu_view *view, const struct tdp_vcpu *vcpu)
{
	tdp_vcpu_get_state(vcpu, &view->state);
	tdp_vcpu_get_sregs(vcpu, &view->sregs);
	tdp_vcpu_get_cpuid(vcpu, &view->cpuid);
}

bool root_get(const struct tdp_vm *vm, unsigned int id,
	      struct tdp_root_info *root)
{
	return id && tdp_vm_root_next(vm, id - 1, root) && root->id == id;
}

void outcome_complete(struct outcome *outcome, struct tdp_vm *vm,
		      unsigned int vcpu_id)
{
	const struct tdp_vcpu *vcpu = tdp_vm_vcpu(vm, vcpu_id);

	if (!root_get(vm, outcome->result.root_id, &outcome->root))
		memset(&outcome->root, 0, sizeof(outcome->root));
	if (vcpu)
		vcpu_view_get(&outcome->vcpu, vcpu);
}
