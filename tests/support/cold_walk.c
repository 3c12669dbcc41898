/* SPDX-License-Identifier: MIT */
#include "support/cold_walk.h"

#include <inttypes.h>

#include "arch/regs.h"
#include "base/bits.h"
#include "kvm/dirty_log.h"
#include "kvm/kvm.h"
#include "kvm/shadow_page.h"
#include "ops/hw.h"
#include "vm/host.h"

#define MAX_REFS 64

void cold_start(struct world *w)
{
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(
			tdp_memory_create(16 * MIB, &w->mirror[i], &w->m.err),
			TDP_OK);
		assert_int_equal(
			tdp_walker_create(w->mirror[i], &w->cold[i], &w->m.err),
			TDP_OK);
	}
}

void cold_end(struct world *w)
{
	for (unsigned int i = 0; i < 2; i++) {
		tdp_walker_destroy(w->cold[i]);
		tdp_memory_destroy(w->mirror[i]);
	}
}

/* The mirror -------------------------------------------------------------------- */

uint64_t cold_frame(const struct world *w, unsigned int as_id, uint64_t gfn)
{
	const struct tdp_vm *vm = w->m.vm;
	const struct memslot *slot = memslots_find(&vm->slots[as_id], gfn);
	struct gup gup;

	if (!slot || slot->invalid ||
	    hostmm_peek(&vm->mm, memslot_hva(slot, gfn), false, &gup) != GUP_OK)
		return UINT64_MAX;
	return gup.hpa >> 12;
}

/* Entries that walks come by: see random_index(). */
static void copy_table(struct world *w, unsigned int as_id, uint64_t gfn,
		       bool whole)
{
	static const unsigned int used[] = { 0, 8, 16, 24, 1024, 2048, 3072 };
	static const uint8_t zeros[FRAME_SIZE];
	uint64_t frame = cold_frame(w, as_id, gfn), gpa = gfn << 12;
	const uint8_t *from = frame == UINT64_MAX ?
				      zeros :
				      w->m.vm->pm.base + (frame << 12);
	unsigned int i;

	if (whole) {
		tdp_memory_write(w->mirror[as_id], TDP_HPA(gpa), from,
				 FRAME_SIZE);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(used); i++)
		tdp_memory_write(w->mirror[as_id], TDP_HPA(gpa + used[i]),
				 from + used[i], 8);
}

void cold_copy(struct world *w)
{
	unsigned int nr = w->kind == WORLD_SHADOW ? 2 : 1, as_id;
	uint64_t gfn;

	for (as_id = 0; as_id < nr; as_id++) {
		for (gfn = TABLES; gfn < NESTED_TABLES; gfn++)
			copy_table(w, as_id, gfn, false);
		for (; gfn < PAGES; gfn++)
			copy_table(w, as_id, gfn, w->kind != WORLD_SHADOW);
	}
}

/* The guest's own walk ------------------------------------------------------------- */

static void load_nested(const struct tdp_vcpu *vcpu, struct tdp_walk_cpu *cpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (vm->host.vendor == TDP_INTEL) {
		cpu->stage2 = TDP_STAGE2_EPT;
		cpu->ept.cap = host_ept_cap(&vm->host);
		cpu->ept.eptp = vcpu->nested.tdp_root;
		if (vcpu->nested.mbec)
			cpu->ept.ctrl2 |= TDP_EPT_CTRL2_MBE;
		return;
	}
	cpu->stage2 = TDP_STAGE2_NPT;
	cpu->npt.control = TDP_NP_ENABLE |
			   (vcpu->nested.gmet ? TDP_NP_GMET : 0);
	cpu->npt.ncr3 = vcpu->nested.tdp_root;
	cpu->npt.cr0 = vcpu->l1.cr0;
	cpu->npt.cr4 = vcpu->l1.cr4;
	cpu->npt.efer = vcpu->l1.efer;
}

void cold_walk(struct world *w, const struct tdp_vcpu *vcpu,
	       const struct tdp_access *access, struct tdp_walk_result *result)
{
	const struct tdp_vm *vm = w->m.vm;
	struct tdp_walker *walker = w->cold[vcpu->smm];
	const struct tdp_walk_access walk = {
		.gva = access->gva,
		.kind = access->kind,
		.user = access->user,
		.size = access->size,
	};
	struct tdp_walk_cpu cpu;

	tdp_walk_cpu_init(&cpu, vm->host.vendor);
	cpu.features = host_features(&vm->host) | TDP_FEATURE_LA57;
	cpu.maxphyaddr = vm->host.maxphyaddr;
	cpu.guest_maxphyaddr = vcpu->cpuid.maxphyaddr;
	cpu.choices.amd_pdpte_registers = true;
	cpu.cr0 = vcpu->sregs.cr0;
	cpu.cr3 = vcpu->sregs.cr3;
	cpu.cr4 = vcpu->sregs.cr4;
	cpu.efer = vcpu->sregs.efer;
	cpu.rflags = vcpu->rflags;
	cpu.pkru = vcpu->pkru;
	for (unsigned int i = 0; i < 4; i++)
		cpu.pdpte[i] = vcpu->sregs.pdptr[i];
	if (vcpu->nested_tdp)
		load_nested(vcpu, &cpu);
	if (tdp_walker_set_cpu(walker, &cpu, &w->m.err))
		fail_msg("cold walk: %s", w->m.err.message);
	assert_int_equal(tdp_walk(walker, &walk, TDP_WALK_DRY, NULL, result),
			 TDP_OK);
}

/* Comparison --------------------------------------------------------------------------- */

static bool is_stale(const struct tdp_vm *vm, const struct tdp_walk_log *log,
		     bool flushed)
{
	size_t i;

	for (i = 0; vm->shadow && i < log->count; i++) {
		uint64_t hpa = log->refs[i].hpa.addr;
		const struct mmu_page *page = root_page(vm, hpa);
		const struct shadow_page *sp;
		unsigned int index = sptep_index(hpa);

		if (!page || page->kind != PAGE_SHADOW)
			continue;
		sp = shadow_page(vm, page);
		if ((sp->unsync && !flushed) ||
		    (sp->behind[index / 64] & BIT(index % 64)))
			return true;
	}
	return false;
}

/* A and D that the walk would still have to set, where it can. */
static bool lacks_ad(const struct world *w, const struct tdp_vcpu *vcpu,
		     const struct tdp_walk_result *cold)
{
	const struct tdp_vm *vm = w->m.vm;
	unsigned int i;

	for (i = 0; i < cold->nr_writes; i++) {
		const struct tdp_walk_write *write = &cold->writes[i];
		const struct memslot *slot = memslots_find(
			&vm->slots[vcpu->smm], write->hpa.addr >> 12);

		/* L2's own entries are the processor's to mark. */
		if (vcpu->nested_tdp && write->stage == TDP_WALK_GUEST)
			continue;
		if (slot && !slot->readonly)
			return true;
	}
	return false;
}

/* With PML the processor logs what it writes. */
static bool is_logged(const struct tdp_vcpu *vcpu, const struct memslot *slot,
		      uint64_t gfn)
{
	uint64_t rel = gfn - slot->base_gfn;

	return !slot->dirty_log || vcpu->mmu->root_role.direct ||
	       (slot->dirty->words[rel / 64] & BIT(rel % 64));
}

/*
 * What KVM lets through knowingly or not (docs/decisions/shadow.md, 22): the
 * role of a page does not say whether NX was reserved; and a page of the user's
 * that CR0.WP=0 let the supervisor write, under EFLAGS.AC, is the supervisor's
 * from then on.
 */
static bool kvm_ignores(const struct tdp_vcpu *vcpu,
			enum tdp_walk_reason reason)
{
	return reason == TDP_WALK_WHY_G_RSVD_XD ||
	       (reason == TDP_WALK_WHY_SMAP && !(vcpu->sregs.cr0 & CR0_WP));
}

static const char *what_is_wrong(const struct world *w,
				 const struct tdp_vcpu *vcpu,
				 const struct tdp_access *access,
				 const struct tdp_walk_result *hw,
				 const struct tdp_walk_result *cold)
{
	uint64_t gfn = cold->hpa.addr >> 12;
	const struct memslot *slot;

	if (kvm_ignores(vcpu, cold->reason))
		return NULL;
	if (cold->outcome != TDP_WALK_OK)
		return "the guest's tables forbid it";
	if (lacks_ad(w, vcpu, cold))
		return "A or D is not set";
	if (cold_frame(w, vcpu->smm, gfn) != hw->hpa.addr >> 12)
		return "another frame";
	slot = memslots_find(&w->m.vm->slots[vcpu->smm], gfn);
	if (access->kind == TDP_WRITE && slot->readonly)
		return "the memslot is read-only";
	if (access->kind == TDP_WRITE && !is_logged(vcpu, slot, gfn))
		return "the dirty log does not have it";
	return NULL;
}

bool cold_compare(struct world *w, struct tdp_vcpu *vcpu,
		  const struct tdp_access *access, bool flushed)
{
	const struct tdp_walk_access walk = {
		.gva = access->gva,
		.kind = access->kind,
		.user = access->user,
		.size = access->size,
	};
	struct tdp_walk_ref refs[MAX_REFS];
	struct tdp_walk_log log = { .refs = refs, .capacity = MAX_REFS };
	struct tdp_walk_result hw, cold;
	const char *wrong;

	/* Requests come before the next entry. */
	if (vcpu->requests || vcpu->mmu->root.hpa == INVALID_PAGE ||
	    hw_load(vcpu, NULL))
		return false;
	assert_int_equal(
		tdp_walk(w->m.vm->walker, &walk, TDP_WALK_DRY, &log, &hw),
		TDP_OK);
	assert_in_range(log.count, 0, MAX_REFS);
	if (hw.outcome != TDP_WALK_OK || is_stale(w->m.vm, &log, flushed))
		return false;
	cold_walk(w, vcpu, access, &cold);
	wrong = what_is_wrong(w, vcpu, access, &hw, &cold);
	if (wrong)
		fail_msg("vCPU %u: 0x%" PRIx64 ", %s%s: %s (%s, %s)", vcpu->id,
			 access->gva.addr, access->user ? "user " : "",
			 access->kind == TDP_READ  ? "read" :
			 access->kind == TDP_WRITE ? "write" :
						     "fetch",
			 wrong, tdp_walk_outcome_name(cold.outcome),
			 tdp_walk_reason_name(cold.reason));
	return true;
}
