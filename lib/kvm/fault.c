/* SPDX-License-Identifier: MIT */
/* The stages that a fault passes in the direct and in the shadow MMU. */
#include "kvm/fault.h"

#include <errno.h>

#include "base/error.h"
#include "kvm/guest_memtype.h"
#include "kvm/mmio.h"
#include "kvm/notify.h"
#include "kvm/private.h"
#include "kvm/track.h"

enum ret_pf fault_no_frames(struct fault *f)
{
	f->status = err_set(
		f->error, TDP_ELIMIT,
		"the %llu MiB set aside for page tables are used up",
		(unsigned long long)((f->vm->pm.tables_end -
				      f->vm->pm.tables_start) >>
				     20));
	return RET_PF_STOP;
}

uint64_t fault_ept_error_code(const struct tdp_vm *vm, uint64_t qual)
{
	unsigned int flags = vm->kvm.value[B_FAULT_EPT_FLAGS];
	bool user_page = flags == FAULT_EPT_FLAGS_USER_PAGE;
	uint64_t rights = BITS(5, 3), pferr = 0;

	if (user_page && vm->host.mbec)
		rights |= BIT(6);
	if ((qual & BIT(0)) && !user_page)
		pferr |= PFERR_USER;
	if (qual & BIT(1))
		pferr |= PFERR_WRITE;
	if (qual & BIT(2))
		pferr |= PFERR_FETCH;
	if (qual & rights)
		pferr |= PFERR_PRESENT;
	/* 6.12 to 6.17 tested the wrong word for bit 7; before, nobody did. */
	if (flags == FAULT_EPT_FLAGS_ACCESS_ONLY ||
	    (flags != FAULT_EPT_FLAGS_UNGUARDED && !(qual & BIT(7))))
		return pferr;
	pferr |= qual & BIT(8) ? PFERR_GUEST_FINAL : PFERR_GUEST_PAGE;
	if (user_page && (qual & BIT(8)) && (qual & BIT(9)))
		pferr |= PFERR_USER;
	return pferr;
}

/* KVM 6.12: the initialisation in kvm_mmu_do_page_fault() */
void fault_decode(struct fault *f)
{
	f->present = f->error_code & PFERR_PRESENT;
	f->write = f->error_code & PFERR_WRITE;
	f->exec = f->error_code & PFERR_FETCH;
	f->user = f->error_code & PFERR_USER;
	f->rsvd = f->error_code & PFERR_RSVD;
	f->is_private |= !!(f->error_code & PFERR_PRIVATE_ACCESS);
	f->max_level = f->level_limit ? f->level_limit : TDP_LEVEL_1G;
	f->req_level = f->goal_level = TDP_LEVEL_4K;
	f->host_level = TDP_LEVEL_4K;
	f->map_access = role_acc_all(&f->vm->kvm);
}

/* What the trace shows where there is no page: KVM_PFN_NOSLOT. */
#define PFN_NOSLOT BIT(63)

/* KVM 6.12: kvm_handle_noslot_fault() */
static enum ret_pf handle_no_slot(struct fault *f)
{
	struct tdp_vcpu *vcpu = f->vcpu;

	if (f->is_private)
		return fault_memory_fault(f, -EFAULT, TDP_WHY_PRIVATE_NO_SLOT);
	mmio_cache(f, f->gfn, f->map_access);
	f->slot = NULL;
	f->no_slot = true;
	f->pfn = PFN_NOSLOT;
	f->host_writable = false;
	f->why = TDP_WHY_NO_SLOT;
	trace(f->vm, decided, vcpu->id, f->gfn, TDP_WHY_NO_SLOT);
	if (!f->vm->fmt.mmio_caching)
		return fault_because(f, RET_PF_EMULATE,
				     TDP_WHY_MMIO_CACHING_OFF);
	if (f->gfn > kvm_max_gfn(f->vm))
		return fault_because(f, RET_PF_EMULATE, TDP_WHY_GFN_TOO_HIGH);
	return RET_PF_CONTINUE;
}

static enum ret_pf gup_failed(struct fault *f, enum gup_status status)
{
	switch (status) {
	case GUP_BLOCKS:
		/* Sleeps; the caller knows whether a signal ends it. */
		return fault_errno(f, -EINTR, TDP_WHY_HOST_BLOCKS);
	case GUP_POISON:
		/* SIGBUS is queued for the task, the fault is retried. */
		f->vcpu->signal_pending = true;
		return fault_because(f, RET_PF_RETRY, TDP_WHY_HOST_POISON);
	case GUP_FORBIDDEN:
		return fault_errno(f, -EFAULT, TDP_WHY_HOST_PROTECTED);
	case GUP_SIGBUS:
		return fault_errno(f, -EFAULT, TDP_WHY_GMEM_NO_FAULT);
	default:
		return fault_errno(f, -EFAULT, TDP_WHY_HOST_UNMAPPED);
	}
}

/* Ask the host for the page. */
static enum ret_pf get_page(struct fault *f)
{
	uint64_t hva = memslot_hva(f->slot, f->gfn);
	enum gup_status status;
	struct gup gup;

	f->status = hostmm_gup(&f->vm->mm, hva, f->write, &status, &gup,
			       f->error);
	if (f->status)
		return RET_PF_STOP;
	notify_unmap_all(f->vm, &gup.notices);
	if (status != GUP_OK)
		return gup_failed(f, status);
	f->pfn = gup.hpa >> 12;
	f->host_level = gup.level;
	f->host_mmio = gup.mmio;
	f->host_writable = gup.writable && !f->slot->readonly;
	return RET_PF_CONTINUE;
}

/* Does the page come from a guest_memfd?  6.18: kvm_memslot_is_gmem_only() */
static bool wants_gmem(const struct fault *f)
{
	return f->is_private || f->slot->gmem_only;
}

/*
 * KVM 6.12: kvm_faultin_pfn(), up to where the host is asked.  With nested
 * paging is_private is about L2's address: it can differ from what the frame
 * is.
 */
enum ret_pf fault_before_pfn(struct fault *f)
{
	f->invalidate_seq = f->vm->invalidate_seq;
	if (f->is_private != gfn_is_private(f->vm, f->gfn))
		return fault_memory_fault(f, -EFAULT,
					  TDP_WHY_ATTRIBUTE_DIFFERS);
	if (!f->slot)
		return handle_no_slot(f);
	/* Who sleeps in get_user_pages still sees the slot as it was. */
	if (f->slot->invalid && !f->vcpu->asleep)
		return fault_because(f, RET_PF_RETRY, TDP_WHY_SLOT_DYING);
	/* L1's APIC page is none of L2's. */
	if (memslot_is_private(f->slot) && f->vcpu->guest_mode)
		return handle_no_slot(f);
	if (f->write && f->slot->readonly && !wants_gmem(f))
		return fault_because(f, RET_PF_EMULATE, TDP_WHY_SLOT_READ_ONLY);
	return RET_PF_CONTINUE;
}

/* KVM 6.12: __kvm_faultin_pfn() */
enum ret_pf fault_get_pfn(struct fault *f)
{
	enum ret_pf ret = RET_PF_CONTINUE;

	if (f->slot)
		ret = wants_gmem(f) ? fault_gmem_page(f) : get_page(f);
	if (ret != RET_PF_CONTINUE)
		return ret;
	/* The notifier ran meanwhile: what was looked up may be stale. */
	if (f->slot && notify_retry(f->vm, f->invalidate_seq, f->gfn))
		return fault_because(f, RET_PF_RETRY, TDP_WHY_INVALIDATED);
	return RET_PF_CONTINUE;
}

/*
 * KVM 6.12: kvm_faultin_pfn() and __kvm_faultin_pfn(), in their order.  The
 * caller has set gfn and slot.
 */
enum ret_pf fault_resolve_pfn(struct fault *f)
{
	enum ret_pf ret = fault_before_pfn(f);

	return ret == RET_PF_CONTINUE ? fault_get_pfn(f) : ret;
}

/* KVM 6.12: is_obsolete_sp(), and page-less roots */
static bool root_is_stale(const struct fault *f)
{
	const struct tdp_vm *vm = f->vm;
	const struct mmu_page *root = root_page(vm, f->vcpu->mmu->root.hpa);

	if (vm->kvm.value[B_MMU_STALE_CHECK] == MMU_STALE_CHECK_NONE)
		return false;
	if (!root)
		return f->vcpu->requests & (1u << REQ_MMU_FREE_OBSOLETE_ROOTS);
	return root->role.invalid ||
	       (root->kind == PAGE_SHADOW && root->valid_gen != vm->valid_gen);
}

/*
 * KVM 6.12: is_page_fault_stale().  Before 5.17 the sequence was tested in the
 * same place, and nothing else.
 */
bool fault_is_stale(struct fault *f)
{
	if (root_is_stale(f)) {
		f->why = TDP_WHY_ROOT_OBSOLETE;
		return true;
	}
	if (!f->slot || !notify_retry(f->vm, f->invalidate_seq, f->gfn))
		return false;
	f->why = TDP_WHY_NONE;
	return true;
}

unsigned int fault_max_mapping_level(const struct tdp_vm *vm,
				     const struct memslot *slot, uint64_t gfn,
				     unsigned int level,
				     unsigned int host_level)
{
	if (level > vm->max_huge_level)
		level = vm->max_huge_level;
	for (; level > TDP_LEVEL_4K; level--)
		if (!memslot_disallows_level(slot, gfn, level) &&
		    !gfn_disallows_level(vm, slot, gfn, level) &&
		    !gfn_attributes_mixed(vm, gfn, level))
			break;
	return level < host_level ? level : host_level;
}

/* KVM 6.12: kvm_mmu_hugepage_adjust() */
void fault_adjust_level(struct fault *f)
{
	unsigned int max = f->max_level;

	f->huge_disallowed = f->exec && f->vm->fmt.nx_huge_pages;
	if (max == TDP_LEVEL_4K || f->no_slot || f->slot->dirty_log)
		return;
	max = memtype_max_level(f->vcpu, f->gfn, max);
	f->req_level = fault_max_mapping_level(f->vm, f->slot, f->gfn, max,
					       f->host_level);
	if (f->req_level == TDP_LEVEL_4K || f->huge_disallowed)
		return;
	f->goal_level = f->req_level;
	f->pfn = align_down(f->pfn, level_pages(f->goal_level));
}

/*
 * A table stands where a huge page would, because code runs there and the NX
 * mitigation forbade it: stay below it.  KVM 6.12:
 * disallowed_hugepage_adjust().
 */
void fault_adjust_disallowed(struct fault *f, uint64_t spte, unsigned int level)
{
	struct tdp_vm *vm = f->vm;
	uint64_t below;

	if (!vm->fmt.nx_huge_pages || level != f->goal_level ||
	    level == TDP_LEVEL_4K || !spte_present(&vm->fmt, spte) ||
	    spte_leaf(spte, level) ||
	    !page_at(vm, spte & SPTE_ADDRESS)->nx_disallowed)
		return;
	below = level_pages(level) - level_pages(level - 1);
	f->pfn |= f->gfn & below;
	f->goal_level--;
}

uint64_t fault_make_mmio_spte(struct fault *f)
{
	const struct memslots *slots = vcpu_memslots(f->vcpu);

	return spte_make_mmio(&f->vm->fmt, f->gfn, f->map_access,
			      slots->generation);
}
