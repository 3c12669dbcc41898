/* SPDX-License-Identifier: MIT */
/* What is mapped at an address now, and why it is not mapped with more rights. */
#include <inttypes.h>
#include <stdio.h>

#include "kvm/kvm.h"
#include "mem/hostmm.h"
#include "scenario/explain.h"
#include "tdpsim/walk.h"

/* The walk ----------------------------------------------------------------- */

static void reference_tell(const struct teller *t, struct run *run, size_t nr,
			   const struct tdp_walk_ref *ref)
{
	bool second = ref->stage == TDP_WALK_EPT || ref->stage == TDP_WALK_NPT;
	char entry[256];

	snprintf(entry, sizeof(entry), "0x%" PRIx64, ref->value);
	if (second && ref->level)
		spte_print(&run->vm->fmt, ref->value, ref->level, entry,
			   sizeof(entry));
	tell(t, run, TDP_EXPLAINED_REFERENCE, tdp_walk_stage_name(ref->stage),
	     NULL, "%zu: %s %s, hpa 0x%" PRIx64 ": %s%s%s%s", nr,
	     ref->level ? tdp_walk_table_name(ref->level) : "",
	     ref->write ? "written" : "read", ref->hpa.addr, entry,
	     second ? ", for " : "",
	     second && ref->target ? "the guest's " :
	     second                ? "the final address" :
				     "",
	     second && ref->target ? tdp_walk_table_name(ref->target) : "");
}

/* The references that the same access would make now. */
static void walk_tell(const struct teller *t, struct run *run,
		      const struct asked *asked)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(asked->address),
		.kind = asked->kind,
		.user = asked->user,
	};
	struct tdp_walk_ref refs[64];
	struct tdp_walk_log log = { refs, ARRAY_SIZE(refs), 0 };
	struct tdp_error unheard = { 0 };
	struct tdp_result result;
	size_t i;

	if (tdp_vcpu_translate(run_vcpu(run, asked->vcpu), &access, &result,
			       &log, &unheard))
		return;
	for (i = 0; i < log.count && i < log.capacity; i++)
		reference_tell(t, run, i + 1, &refs[i]);
}

/* The mapping -------------------------------------------------------------- */

/* A sentence and its source. */
struct why {
	const char *text, *source;
};

/* clang-format off */
static const struct why
	zero_page = {
		"mapped read-only because the shared zero page is behind it: nobody has written "
		"this memory, and a read (a pre-fault is one) gives it no page of its own. A "
		"write will exit again: the host replaces the page, the notifier zaps this SPTE",
		"Linux 6.12: do_anonymous_page(), do_wp_page(); KVM 6.12: hva_to_pfn_slow()" },
	file_page = {
		"mapped read-only because a clean page of a privately mapped file is behind it. "
		"A write will exit again: the host copies the page, the notifier zaps this SPTE",
		"Linux 6.12: do_read_fault(), do_wp_page(); KVM 6.12: hva_to_pfn_slow()" },
	own_huge_page = {
		"mapped read-only because the process has its private huge page mapped so: it "
		"was only read. A write will exit once: the host makes the page writable where "
		"it is",
		"Linux 6.12: hugetlb_no_page(), hugetlb_wp()" },
	prot_read = {
		"mapped read-only because the host mapping is PROT_READ: a write will fail with "
		"EFAULT",
		"KVM 6.12: hva_to_pfn()" },
	slot_readonly = {
		"mapped read-only because the memslot is KVM_MEM_READONLY: each write will exit "
		"and be userspace's to emulate",
		"KVM 6.12: __gfn_to_pfn_memslot()" },
	was_readonly = {
		"mapped read-only because the host's page could not be written when it was "
		"mapped: a write will exit and ask the host again",
		"KVM 6.12: make_spte()" },
	dirty_logged = {
		"write-protected for the dirty log: the first write will exit, be marked, and be "
		"fixed by fast_page_fault without the MMU lock",
		"KVM 6.12: kvm_mmu_slot_remove_write_access(), fast_page_fault()" },
	write_tracked = {
		"write-protected because a guest table that KVM shadows lies in this frame: a "
		"write will exit and be emulated",
		"KVM 6.12: kvm_mmu_slot_gfn_write_protect(), make_spte()" },
	guest_forbids = {
		"without W because the guest's own entry does not allow it yet (it is read-only, "
		"or its dirty flag is clear, which KVM sets with the first write), or because a "
		"guest table that KVM shadows lies there: a write will exit",
		"KVM 6.12: FNAME(walk_addr_generic)(), make_spte()" },
	write_lost = {
		"without W although KVM may give it back by itself: a write will exit once and be "
		"fixed by fast_page_fault",
		"KVM 6.12: fast_page_fault()" },
	access_tracked = {
		"its rights are taken away so that the next access is noticed (no hardware "
		"accessed flag): that access will exit once and be fixed by fast_page_fault",
		"KVM 6.12: mark_spte_for_access_track(), fast_page_fault()" },
	no_fetch = {
		"not executable because it is a huge page and the NX mitigation is on: a fetch "
		"will exit and split it",
		"KVM 6.12: make_spte(), kvm_mmu_hugepage_adjust()" },
	pml = {
		"the D flag is clear and the slot is logged: the first write sets it and leaves a "
		"PML entry, without an exit",
		"SDM: \"Page-Modification Logging\" (3C); KVM 6.12: vmx_flush_pml_buffer()" },
	complete = {
		"mapped with all that reads and writes need",
		"KVM 6.12: make_spte()" };
/* clang-format on */

static const struct why *by_host(const struct tdp_vm *vm,
				 const struct memslot *slot, uint64_t gfn)
{
	const struct vma *vma = hostmm_find(&vm->mm, memslot_hva(slot, gfn));

	if (vma && vma->read_only)
		return &prot_read;
	if (!vma || vma->mapped != HOST_READ_ONLY)
		return &was_readonly;
	switch (vma->backing) {
	case TDP_BACKING_ANONYMOUS:
	case TDP_BACKING_THP:
		return &zero_page;
	case TDP_BACKING_FILE_PRIVATE:
		return &file_page;
	case TDP_BACKING_HUGETLB_2M:
	case TDP_BACKING_HUGETLB_1G:
		return &own_huge_page;
	default:
		return &was_readonly;
	}
}

/* Which of the reasons for a missing W applies; the order is make_spte()'s. */
static const struct why *why_read_only(const struct tdp_vm *vm,
				       const struct memslot *slot, uint64_t gfn,
				       uint64_t spte)
{
	if (!slot)
		return &was_readonly;
	if (!(spte & vm->fmt.host_writable))
		return slot->readonly ? &slot_readonly : by_host(vm, slot, gfn);
	if (!(spte & vm->fmt.mmu_writable))
		return &write_tracked;
	return slot->dirty_log ? &dirty_logged : &write_lost;
}

static const struct why *why_of(const struct tdp_vm *vm,
				const struct memslot *slot, uint64_t gfn,
				const struct tdp_spte_info *last)
{
	const struct spte_format *fmt = &vm->fmt;

	if (spte_access_tracked(fmt, last->spte))
		return &access_tracked;
	if (!spte_writable(last->spte))
		return why_read_only(vm, slot, gfn, last->spte);
	if (fmt->nx_huge_pages && last->level > TDP_LEVEL_4K &&
	    !spte_executable(fmt, last->spte))
		return &no_fetch;
	if (slot && slot->dirty_log && fmt->has_ad &&
	    !(last->spte & fmt->dirty))
		return &pml;
	return &complete;
}

static void absent_tell(const struct teller *t, struct run *run,
			const struct tdp_spte_info *last)
{
	const struct spte_format *fmt = &run->vm->fmt;

	if (last->mmio)
		tell(t, run, TDP_EXPLAINED_MAPPING, "mmio",
		     "KVM 6.12: make_mmio_spte(), check_mmio_spte()",
		     "an MMIO SPTE, gfn 0x%" PRIx64
		     ", memslot generation 0x%" PRIx64
		     ": accesses will exit and be emulated, until the memslots change",
		     spte_mmio_gfn(fmt, last->spte),
		     spte_mmio_gen(fmt, last->spte));
	else
		tell(t, run, TDP_EXPLAINED_MAPPING, "absent",
		     "KVM 6.12: is_shadow_present_pte()",
		     "nothing is mapped here (the path ends at level %u): the next access "
		     "will exit",
		     last->level);
}

/*
 * Tables that shadow the guest's: which frame it is, only the guest's entry
 * says, and of the slot nothing is asked.
 */
static const struct why *why_of_shadow(const struct spte_format *fmt,
				       uint64_t spte)
{
	if (spte_access_tracked(fmt, spte))
		return &access_tracked;
	if (spte_writable(spte))
		return &complete;
	return spte & fmt->host_writable ? &guest_forbids : &was_readonly;
}

static void leaf_tell(const struct teller *t, struct run *run, uint64_t gpa,
		      bool direct, const struct tdp_spte_info *last)
{
	static const char *const sizes[] = { "", "4K", "2M", "1G" };
	const struct memslots *slots =
		&run->vm->slots[run->outcome.result.root_as_id];
	const struct why *why =
		direct ? why_of(run->vm, memslots_find(slots, gpa >> 12),
				gpa >> 12, last) :
			 why_of_shadow(&run->vm->fmt, last->spte);
	char entry[256];

	spte_print(&run->vm->fmt, last->spte, last->level, entry,
		   sizeof(entry));
	tell(t, run, TDP_EXPLAINED_MAPPING,
	     last->level <= TDP_LEVEL_1G ? sizes[last->level] : "", why->source,
	     "%s: %s", entry, why->text);
}

/* An access that did not end well stopped at the address of its last exit. */
static uint64_t gpa_of(const struct asked *asked,
		       const struct tdp_result *result)
{
	if (asked->guest_physical)
		return asked->address;
	if (result->outcome == TDP_OUTCOME_DONE || result->exit == TDP_EXIT_PF)
		return result->gpa;
	return result->exit_info2;
}

void mapping_tell(const struct teller *t, struct run *run,
		  const struct asked *asked)
{
	const struct tdp_result *result = &run->outcome.result;
	bool direct = run_vcpu(run, asked->vcpu)->mmu->root_role.direct;
	uint64_t gpa = gpa_of(asked, result);
	struct tdp_spte_info path[5], *last;
	unsigned int nr;

	if (!result->root_id)
		return;
	if (!asked->guest_physical)
		walk_tell(t, run, asked);
	/* Tables that shadow the guest's are found by the linear address. */
	nr = tdp_vm_get_sptes(run->vm, result->root_id,
			      TDP_GPA(direct ? gpa : asked->address), path);
	if (!nr)
		return;
	last = &path[nr - 1];
	if (last->present && last->leaf)
		leaf_tell(t, run, gpa, direct, last);
	else
		absent_tell(t, run, last);
}
