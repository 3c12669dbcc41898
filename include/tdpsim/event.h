/* SPDX-License-Identifier: MIT */
/*
 * Everything that happens inside is an event.  Where the kernel has a
 * tracepoint, the event has its name and its fields, so that a trace of a real
 * kernel and one of the model compare line by line.
 */
#ifndef TDPSIM_EVENT_H
#define TDPSIM_EVENT_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TDP_EVENT_MAX_FIELDS 8

/**
 * enum tdp_field_format - how a field of an event is written
 *
 * TDP_FIELD_ROLE and TDP_FIELD_SPTE are hexadecimal words that the VM's
 * layouts can decode.
 */
enum tdp_field_format {
	TDP_FIELD_NONE,
	TDP_FIELD_DEC,
	TDP_FIELD_HEX,
	TDP_FIELD_BOOL,
	TDP_FIELD_ROLE,
	TDP_FIELD_SPTE,
	TDP_FIELD_PFERR,
	TDP_FIELD_SDEC,   /* signed: a return code */
	TDP_FIELD_REASON, /* enum tdp_reason */
	TDP_FIELD_EXIT,   /* enum tdp_exit */
};

/* clang-format off */
/*	X(name, is it a tracepoint of KVM?, fields: F(name, format) ...) */
#define TDP_EVENT_LIST(X, F)						\
	X(kvm_mmu_get_page, 1, F(gfn, HEX) F(role, ROLE) F(created, BOOL)) \
	X(kvm_mmu_prepare_zap_page, 1, F(gfn, HEX) F(role, ROLE) F(root_count, DEC)) \
	X(kvm_mmu_sync_page, 1, F(gfn, HEX) F(role, ROLE) F(root_count, DEC)) \
	X(kvm_mmu_unsync_page, 1, F(gfn, HEX) F(role, ROLE) F(root_count, DEC)) \
	X(kvm_mmu_pagetable_walk, 1, F(addr, HEX) F(pferr, PFERR))	\
	X(kvm_mmu_paging_element, 1, F(pte, HEX) F(level, DEC))		\
	X(kvm_mmu_set_accessed_bit, 1, F(gpa, HEX))			\
	X(kvm_mmu_set_dirty_bit, 1, F(gpa, HEX))			\
	X(kvm_mmu_walker_error, 1, F(pferr, PFERR))			\
	X(kvm_mmu_zap_all_fast, 1, F(mmu_valid_gen, DEC) F(mmu_used_pages, DEC)) \
	X(kvm_tdp_mmu_spte_changed, 1, F(gfn, HEX) F(old_spte, SPTE)	\
	  F(new_spte, SPTE) F(level, DEC) F(as_id, DEC))		\
	X(kvm_mmu_set_spte, 1, F(gfn, HEX) F(spte, SPTE) F(level, DEC)	\
	  F(r, BOOL) F(x, BOOL) F(u, BOOL))				\
	X(kvm_mmu_spte_requested, 1, F(gfn, HEX) F(pfn, HEX) F(level, DEC)) \
	X(mark_mmio_spte, 1, F(gfn, HEX) F(access, HEX) F(gen, HEX))	\
	X(handle_mmio_page_fault, 1, F(addr, HEX) F(gfn, HEX) F(access, HEX)) \
	X(check_mmio_spte, 1, F(kvm_gen, HEX) F(spte_gen, HEX) F(spte, SPTE)) \
	X(fast_page_fault, 1, F(vcpu_id, DEC) F(cr2_or_gpa, HEX)	\
	  F(error_code, PFERR) F(old_spte, SPTE) F(new_spte, SPTE) F(ret, DEC)) \
	X(kvm_page_fault, 1, F(vcpu_id, DEC) F(address, HEX) F(error_code, HEX)) \
	X(kvm_exit, 1, F(vcpu_id, DEC) F(exit_reason, EXIT) F(info1, HEX) F(info2, HEX)) \
	X(kvm_inj_exception, 1, F(exception, DEC) F(has_error, BOOL) F(error_code, HEX)) \
	X(kvm_smm_transition, 1, F(vcpu_id, DEC) F(entering, BOOL))	\
	X(kvm_nested_vmenter, 1, F(vmcb, HEX) F(tdp_enabled, BOOL) F(guest_pgd, HEX)) \
	X(kvm_nested_vmenter_failed, 1, F(err, HEX))			\
	X(kvm_nested_vmexit, 1, F(vcpu_id, DEC) F(exit_reason, EXIT)	\
	  F(info1, HEX) F(info2, HEX))					\
	X(kvm_nested_vmexit_inject, 1, F(exit_code, HEX) F(info1, HEX) F(info2, HEX)) \
	X(kvm_mmu_split_huge_page, 1, F(gfn, HEX) F(spte, SPTE) F(level, DEC) \
	  F(errno, SDEC))						\
	X(kvm_unmap_hva_range, 1, F(start, HEX) F(end, HEX))		\
	X(kvm_set_spte_hva, 1, F(hva, HEX))				\
	X(kvm_age_hva, 1, F(start, HEX) F(end, HEX))			\
	X(kvm_test_age_hva, 1, F(hva, HEX))				\
	X(kvm_vm_set_mem_attributes, 1, F(start, HEX) F(end, HEX) F(attr, HEX)) \
	/* no tracepoints, but steps that answers hang on */		\
	X(mmu_init, 0, F(vcpu_id, DEC) F(cpu_role, HEX) F(root_role, ROLE) \
	  F(nested_role, HEX))						\
	X(shadow_ept_init, 0, F(vcpu_id, DEC) F(cpu_role, HEX) F(root_role, ROLE)) \
	X(shadow_npt_init, 0, F(vcpu_id, DEC) F(cpu_role, HEX) F(root_role, ROLE)) \
	X(root_load, 0, F(vcpu_id, DEC) F(root_id, DEC) F(role, ROLE) F(created, BOOL)) \
	X(root_free, 0, F(vcpu_id, DEC) F(root_id, DEC) F(role, ROLE))	\
	X(root_reuse, 0, F(vcpu_id, DEC) F(root_id, DEC) F(role, ROLE) F(prev_index, DEC)) \
	X(request, 0, F(vcpu_id, DEC) F(request, DEC) F(raised, BOOL))	\
	X(decided, 0, F(vcpu_id, DEC) F(gfn, HEX) F(reason, REASON))	\
	X(nested_page, 0, F(vcpu_id, DEC) F(what, REASON) F(gpa, HEX) F(ret, SDEC)) \
	X(memtype, 0, F(vcpu_id, DEC) F(gfn, HEX) F(type, DEC) F(ipat, BOOL))
/* clang-format on */

/** enum tdp_event_id - number of an event */
enum tdp_event_id {
#define TDP_EVENT_ID(name, is_tracepoint, fields) TDP_EV_##name,
#define TDP_EVENT_NO_FIELD(name, format)
	TDP_EVENT_LIST(TDP_EVENT_ID, TDP_EVENT_NO_FIELD)
#undef TDP_EVENT_ID
#undef TDP_EVENT_NO_FIELD
		TDP_NR_EVENTS
};

/** struct tdp_event - one thing that happened; valid during the callback */
struct tdp_event {
	enum tdp_event_id id;
	uint64_t field[TDP_EVENT_MAX_FIELDS];
};

/**
 * struct tdp_event_info - name and fields of an event
 *
 * Fields end with the first that has no name, or after TDP_EVENT_MAX_FIELDS.
 */
struct tdp_event_info {
	const char *name;
	bool is_tracepoint; /* the kernel has one of this name */
	struct {
		const char *name;
		enum tdp_field_format format;
	} field[TDP_EVENT_MAX_FIELDS];
};

/** tdp_event_info() - Return: static data; NULL if @id is out of range */
TDP_API const struct tdp_event_info *tdp_event_info(unsigned int id);

/**
 * tdp_event_print() - write an event as one line, "name: field value ..."
 * @event: what to write
 * @buf:   receives a NUL-terminated string, cut off if need be
 * @size:  bytes in @buf, at least 1
 *
 * Return: @buf
 */
TDP_API char *tdp_event_print(const struct tdp_event *event, char *buf,
			      size_t size);

/** tdp_tracer - called for every event, in order; must not call into the VM */
typedef void (*tdp_tracer)(const struct tdp_event *event, void *context);

#ifdef __cplusplus
}
#endif
#endif
