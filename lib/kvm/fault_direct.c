/* SPDX-License-Identifier: MIT */
/* Faults of MMUs that map guest-physical addresses, and the way into them. */
#include <errno.h>

#include "kvm/dirty_log.h"
#include "kvm/fault.h"
#include "kvm/lookup.h"
#include "kvm/mmio.h"
#include "kvm/private.h"
#include "kvm/shadow.h"
#include "kvm/tdp_mmu.h"
#include "kvm/track.h"

/* KVM 6.12: page_fault_can_be_fast() */
static bool can_be_fast(const struct fault *f)
{
	if (f->rsvd || f->is_private != gfn_is_private(f->vm, f->gfn))
		return false;
	/* Without A/D bits an access-tracked SPTE looks not present. */
	if (!f->present)
		return !f->vm->fmt.has_ad;
	return f->write;
}

/* What the last SPTE becomes; unchanged if nothing can be gained. */
static uint64_t fast_new_spte(const struct fault *f, uint64_t spte,
			      unsigned int level)
{
	const struct spte_format *fmt = &f->vm->fmt;
	uint64_t new = spte;

	if (spte_access_tracked(fmt, spte))
		new = spte_restore_access_track(fmt, spte) | fmt->accessed;
	if (f->write && (spte & fmt->mmu_writable)) {
		new |= SPTE_W;
		/* Dirty logging wants 4 KiB pages: leave it to the slow path. */
		if (level > TDP_LEVEL_4K && f->slot && f->slot->dirty_log)
			return spte;
	}
	return new;
}

static enum ret_pf fast_try(struct fault *f, const struct lookup_step *last)
{
	const struct spte_format *fmt = &f->vm->fmt;
	uint64_t new;

	f->spte = last->spte;
	if (!spte_present(fmt, last->spte) ||
	    !spte_leaf(last->spte, last->level))
		return RET_PF_INVALID;
	if (spte_allows(fmt, last->spte, f->write, f->exec))
		return fault_because(f, RET_PF_SPURIOUS, TDP_WHY_SPURIOUS);
	new = fast_new_spte(f, last->spte, last->level);
	if (new == last->spte || !spte_allows(fmt, new, f->write, f->exec))
		return RET_PF_INVALID;
	f->spte = new;
	physmem_write64(&f->vm->pm, last->hpa, new);
	if (spte_writable(new) && !spte_writable(last->spte))
		dirty_log_mark(f->slot, f->gfn);
	return fault_because(f, RET_PF_FIXED, TDP_WHY_FAST_FIXED);
}

/* What the trace shows of @ret: the codes were numbered anew twice. */
static unsigned int traced_ret(const struct fault *f, enum ret_pf ret)
{
	static const uint8_t missing[] = {
		[FAULT_RET_PF_5_10] = 2, /* CONTINUE, WRITE_PROTECTED */
		[FAULT_RET_PF_5_19] = 1, /* WRITE_PROTECTED */
		[FAULT_RET_PF_6_12] = 0,
	};

	return ret - missing[behaviour(&f->vm->kvm, B_FAULT_RET_PF)];
}

static uint64_t traced_code(const struct fault *f)
{
	if (behaviour(&f->vm->kvm, B_FAULT_FAST_CODE) ==
	    FAULT_FAST_CODE_LOW_HALF)
		return (uint32_t)f->error_code;
	return f->error_code;
}

/* KVM 6.12: fast_page_fault() */
enum ret_pf fault_fast(struct fault *f)
{
	uint64_t old;
	struct lookup path;
	enum ret_pf ret;

	if (!can_be_fast(f))
		return RET_PF_INVALID;
	lookup_sptes(f->vm, f->vcpu->mmu, f->addr, &path);
	if (!path.nr)
		return RET_PF_INVALID;
	old = path.step[path.nr - 1].spte;
	ret = fast_try(f, &path.step[path.nr - 1]);
	trace(f->vm, fast_page_fault, f->vcpu->id, f->addr, traced_code(f), old,
	      f->spte, traced_ret(f, ret));
	return ret;
}

/* KVM 6.12: page_fault_handle_page_track() */
static bool write_tracked(const struct fault *f)
{
	return !f->rsvd && f->present && f->write &&
	       gfn_write_tracked(f->vm, f->slot, f->gfn);
}

static bool tdp_mmu_active(const struct fault *f)
{
	const struct mmu_page *root = root_page(f->vm, f->vcpu->mmu->root.hpa);

	return root && root->kind == PAGE_TDP;
}

/* The slot, page tracking, and what can be had without the lock. */
static enum ret_pf direct_begin(struct fault *f)
{
	enum ret_pf ret;

	f->gfn = f->addr >> 12;
	f->slot = memslots_find(vcpu_memslots(f->vcpu), f->gfn);
	if (write_tracked(f))
		return fault_because(f, RET_PF_WRITE_PROTECTED,
				     TDP_WHY_WRITE_TRACKED);
	ret = fault_fast(f);
	return ret == RET_PF_INVALID ? RET_PF_CONTINUE : ret;
}

/* Under the lock. */
static enum ret_pf direct_locked(struct fault *f)
{
	if (!tdp_mmu_active(f))
		return shadow_map_direct(f);
	return fault_is_stale(f) ? RET_PF_RETRY : tdp_map(f);
}

/* KVM 6.12: kvm_tdp_mmu_page_fault() and direct_page_fault() */
enum ret_pf fault_direct(struct fault *f)
{
	enum ret_pf ret = direct_begin(f);

	if (ret == RET_PF_CONTINUE)
		ret = fault_resolve_pfn(f);
	return ret == RET_PF_CONTINUE ? direct_locked(f) : ret;
}

/* Is it for a handler of direct faults?  Then it is ready for it. */
static bool prepare(struct fault *f)
{
	fault_decode(f);
	switch (f->vcpu->mmu->handler) {
	case HANDLER_TDP:
		return true;
	case HANDLER_NONPAGING:
		if (f->max_level > TDP_LEVEL_2M)
			f->max_level = TDP_LEVEL_2M;
		return true;
	default:
		return false;
	}
}

/* Nobody could emulate without seeing the guest's private memory. */
static enum ret_pf no_emulation(struct fault *f, enum ret_pf ret)
{
	if (ret != RET_PF_EMULATE || !f->is_private)
		return ret;
	return fault_memory_fault(f, -EFAULT, f->why);
}

enum ret_pf fault_handle(struct fault *f)
{
	enum ret_pf ret = prepare(f) ? fault_direct(f) : shadow_page_fault(f);

	/* What became of other faults says the result. */
	if (ret == RET_PF_RETRY && f->why != TDP_WHY_NONE)
		trace(f->vm, decided, f->vcpu->id, f->gfn, f->why);
	return no_emulation(f, ret);
}

/* The software that protects the VM says what hardware can't know. */
static void mark_private(struct fault *f)
{
	const struct tdp_vm *vm = f->vm;

	if (!gfn_is_private(vm, f->addr >> 12))
		return;
	f->is_private = true;
	if (vm->kvm.value[B_FAULT_PRIVATE] == FAULT_PRIVATE_ERROR_CODE)
		f->error_code |= PFERR_PRIVATE_ACCESS;
}

/* An exit because of reserved bits: of an MMIO SPTE? */
static enum ret_pf exit_begin(struct fault *f)
{
	if (f->error_code & PFERR_RSVD)
		return mmio_handle_fault(f);
	mark_private(f);
	return RET_PF_INVALID;
}

/* PFERR_NESTED_GUEST_PAGE of up to 6.11 */
#define PFERR_TABLE_WRITE (PFERR_GUEST_PAGE | PFERR_WRITE | PFERR_PRESENT)

/*
 * Before KVM emulates: can the guest's walk write its own table, and all is
 * well?  KVM 6.12: kvm_mmu_write_protect_fault().  What it remembers of the
 * last try makes no difference, for a page that was let go is not shadowed.
 */
static enum ret_pf unprotect(struct fault *f, enum ret_pf ret)
{
	bool always = behaviour(&f->vm->kvm, B_FAULT_UNPROTECT) ==
		      FAULT_UNPROTECT_ANY_EMULATION;

	if (ret != RET_PF_WRITE_PROTECTED && !(always && ret == RET_PF_EMULATE))
		return ret;
	if ((f->error_code & PFERR_TABLE_WRITE) != PFERR_TABLE_WRITE ||
	    !f->vcpu->mmu->root_role.direct)
		return ret;
	if (!shadow_unprotect_gfn(f->vm, f->gfn) && !always)
		return ret;
	trace(f->vm, decided, f->vcpu->id, f->gfn, TDP_WHY_UNPROTECTED);
	return fault_because(f, RET_PF_RETRY, TDP_WHY_UNPROTECTED);
}

/* KVM 6.12: kvm_mmu_page_fault() */
enum ret_pf fault_exit(struct fault *f)
{
	enum ret_pf ret = exit_begin(f);

	if (ret != RET_PF_INVALID)
		return ret;
	ret = fault_handle(f);
	if (ret == RET_PF_INVALID)
		return fault_errno(f, -EIO, TDP_WHY_NONE);
	return unprotect(f, ret);
}

static enum ret_pf one_step(struct fault *f, enum fault_stage *stage)
{
	enum ret_pf ret;

	switch (*stage) {
	case FAULT_EXIT:
		ret = exit_begin(f);
		if (ret != RET_PF_INVALID)
			return ret;
		/* fallthrough */
	case FAULT_BEGIN:
		*stage = FAULT_SEQ;
		return prepare(f) ? direct_begin(f) : shadow_page_fault(f);
	case FAULT_SEQ:
		*stage = FAULT_PFN;
		return fault_before_pfn(f);
	case FAULT_PFN:
		*stage = FAULT_LOCKED;
		return fault_get_pfn(f);
	default:
		return direct_locked(f);
	}
}

enum ret_pf fault_step(struct fault *f, enum fault_stage *stage)
{
	enum ret_pf ret = no_emulation(f, one_step(f, stage));

	/* An MMIO SPTE that was hit is emulated at once. */
	return *stage == FAULT_EXIT ? ret : unprotect(f, ret);
}
