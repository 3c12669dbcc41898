/* SPDX-License-Identifier: MIT */
/* Writes to shadowed guest tables, as the emulator makes them. */
#include "arch/regs.h"
#include "kvm/shadow.h"
#include "kvm/shadow_spte.h"

/* The third write without a fault through the page: it is no table any more. */
#define FLOOD_THRESHOLD 3

struct guest_write {
	struct tdp_vcpu *vcpu;
	uint64_t gpa;
	unsigned int size;
};

/*
 * A 32-bit guest writes a PAE entry in two halves: both count as the whole.
 * KVM 6.12: mmu_pte_write_fetch_gpte()
 */
static void widen(struct guest_write *w)
{
	if (!(w->vcpu->sregs.cr4 & CR4_PAE) || w->size != 4)
		return;
	w->gpa = align_down(w->gpa, 8);
	w->size = 8;
}

/* KVM 6.12: detect_write_misaligned() */
static bool is_misaligned(const struct guest_write *w,
			  const struct mmu_page *page)
{
	uint64_t entry = page->role.has_4_byte_gpte ? 4 : 8;
	uint64_t first = w->gpa & FRAME_MASK;

	/* Linux clears flags with byte-wide instructions. */
	if (w->size == 1 && is_aligned(first, entry))
		return false;
	return w->size < 4 || align_down(first, entry) !=
				      align_down(first + w->size - 1, entry);
}

/* KVM 6.12: detect_write_flooding() */
static bool is_flooded(struct tdp_vm *vm, const struct mmu_page *page)
{
	/* A level-1 table can be unsync instead. */
	if (page->role.level == TDP_LEVEL_4K)
		return false;
	return ++shadow_page(vm, page)->write_flooding_count >= FLOOD_THRESHOLD;
}

/* SPTEs that mirror the entry: [first, first + nr); nr 0 if none does. */
struct affected {
	unsigned int first, nr;
};

/*
 * A 4-byte directory entry maps 4 MiB, for which two SPTEs stand, and a page
 * mirrors a quarter of a directory or half of a table.  KVM 6.12:
 * get_written_sptes()
 */
static struct affected affected_by(const struct guest_write *w,
				   const struct mmu_page *page)
{
	unsigned int offset = (unsigned int)(w->gpa & FRAME_MASK);
	struct affected a = { offset / 8, 1 };

	if (!page->role.has_4_byte_gpte)
		return a;
	a.first = offset / 4;
	if (page->role.level == 2) {
		a.first *= 2;
		a.nr = 2;
	}
	if (a.first / SPTES_PER_PAGE != page->role.quadrant)
		a.nr = 0;
	a.first %= SPTES_PER_PAGE;
	return a;
}

/* Behaviour nested.orphans */
static bool orphans_go(const struct tdp_vm *vm)
{
	return vm->kvm.value[B_NESTED_ORPHANS] == NESTED_ORPHANS_ZAPPED;
}

/* True if a present entry went. */
static bool zap_affected(const struct guest_write *w,
			 const struct mmu_page *page, struct zap_list *zapped)
{
	struct tdp_vm *vm = w->vcpu->vm;
	struct affected a = affected_by(w, page);
	bool flush = false;

	for (; a.nr; a.nr--, a.first++) {
		uint64_t sptep = entry_hpa(vm, page, a.first);

		flush |= spte_present(&vm->fmt, physmem_read64(&vm->pm, sptep));
		sptep_zap(vm, sptep, orphans_go(vm) ? zapped : NULL);
	}
	return flush;
}

/* KVM 6.12: kvm_mmu_track_write() */
void shadow_track_write(struct tdp_vcpu *vcpu, uint64_t gpa, unsigned int size)
{
	struct tdp_vm *vm = vcpu->vm;
	struct guest_write w = { vcpu, gpa, size };
	struct zap_list zapped = { 0 };
	struct mmu_page *page, *next;
	bool flush = false;

	if (!vm->shadow || !vm->shadow->nr_indirect)
		return;
	widen(&w);
	for (page = shadow_first_on(vm, gpa >> 12); page; page = next) {
		if (is_misaligned(&w, page) || is_flooded(vm, page))
			zap_prepare(vm, page, &zapped);
		else
			flush |= zap_affected(&w, page, &zapped);
		/* A zapped page is in its bucket until the commit. */
		next = shadow_next_on(vm, page);
	}
	zap_commit_or_flush(vm, &zapped, flush);
}

bool shadow_unprotect_gfn(struct tdp_vm *vm, uint64_t gfn)
{
	struct zap_list zapped = { 0 };
	struct mmu_page *page;
	bool any = false;

	while ((page = shadow_first_on(vm, gfn))) {
		zap_prepare(vm, page, &zapped);
		any = true;
	}
	if (vm->shadow)
		zap_commit(vm, &zapped);
	return any;
}
