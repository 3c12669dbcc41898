/* SPDX-License-Identifier: MIT */
/*
 * Two guests of one VM change modes, flush and access memory at random, while
 * a third edits their page tables of every format, and the host moves slots,
 * logs, ages and takes pages away: 100,000 steps in all.  After each of them
 * the invariants hold, and no SPTE lets an access through that hardware with a
 * cold TLB would not find permitted by the guest's own tables and the memslots,
 * except where unsync pages may be stale and no flush has come due.
 *
 * What a guest has accessed stays in a TLB that only a counted flush empties;
 * an SPTE may not go, or lose W, before that.
 *
 * What KVM tells the guest of a fault is compared with that hardware, too.
 */
#include <inttypes.h>

#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "base/bits.h"
#include "kvm/shadow.h"
#include "support/cold_walk.h"
#include "support/warm_tlb.h"

#define NR_TOUCHED 32

/* clang-format off */
static const struct row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	enum world_kind kind;
	unsigned int steps;
	unsigned int pagings; /* that guests use, by bit */
	enum paging l1;
	bool smm;       /* SMI and RSM */
	bool l2;        /* WORLD_SHADOW: also L2 without nested TDP */
	bool behind;    /* userspace writes tables: shadow.child */
	bool slot_only; /* deleting a slot zaps only what it maps */
	bool la57;
	bool mbec; /* of the host and, now and then, of L1; AMD: GMET */
	bool keys; /* L2 has protection keys */
	bool no_pse;
	bool mmio_sptes; /* then no slots come: see start() */
} rows[] = {
	{ "long/v6.12", "v6.12", TDP_AMD, WORLD_SHADOW, 8000,
	  .pagings = 1u << PAGING_LONG },
	{ "long/v5.10", "v5.10", TDP_INTEL, WORLD_SHADOW, 6000,
	  .pagings = 1u << PAGING_LONG, .mmio_sptes = true },
	{ "la57/v6.18", "v6.18", TDP_AMD, WORLD_SHADOW, 6000,
	  .pagings = 1u << PAGING_LA57 },
	{ "pae/v6.12", "v6.12", TDP_INTEL, WORLD_SHADOW, 8000,
	  .pagings = 1u << PAGING_PAE },
	{ "pae/v7.1", "v7.1", TDP_AMD, WORLD_SHADOW, 6000,
	  .pagings = 1u << PAGING_PAE, .behind = true, .mmio_sptes = true },
	{ "32bit/v6.12", "v6.12", TDP_AMD, WORLD_SHADOW, 8000,
	  .pagings = 1u << PAGING_32BIT },
	{ "32bit/v5.17", "v5.17", TDP_INTEL, WORLD_SHADOW, 6000,
	  .pagings = 1u << PAGING_32BIT, .no_pse = true },
	{ "modes/v6.12", "v6.12", TDP_INTEL, WORLD_SHADOW, 8000,
	  .pagings = BITS(4, 0) },
	{ "modes/v7.2", "v7.2", TDP_AMD, WORLD_SHADOW, 8000,
	  .pagings = BITS(4, 0), .behind = true, .slot_only = true, .mmio_sptes = true },
	{ "smm/v6.12", "v6.12", TDP_AMD, WORLD_SHADOW, 6000,
	  .pagings = BITS(4, 0), .smm = true },
	{ "l2/v6.12", "v6.12", TDP_INTEL, WORLD_SHADOW, 6000,
	  .pagings = BITS(4, 1), .l2 = true },
	{ "npt_long/v6.12", "v6.12", TDP_AMD, WORLD_NPT, 6000,
	  .pagings = BITS(4, 0), .l1 = PAGING_LONG },
	{ "npt_pae/v7.1", "v7.1", TDP_AMD, WORLD_NPT, 4000,
	  .pagings = BITS(3, 0), .l1 = PAGING_PAE, .mmio_sptes = true },
	{ "npt_32bit/v6.18", "v6.18", TDP_AMD, WORLD_NPT, 4000,
	  .pagings = BITS(3, 0), .l1 = PAGING_32BIT },
	{ "npt_la57/v7.2", "v7.2", TDP_AMD, WORLD_NPT, 4000,
	  .pagings = BITS(4, 0), .l1 = PAGING_LA57, .la57 = true,
	  .mbec = true, .keys = true },
	{ "ept/v6.12", "v6.12", TDP_INTEL, WORLD_EPT, 6000,
	  .pagings = BITS(4, 0), .l1 = PAGING_LONG },
	{ "ept/v7.2", "v7.2", TDP_INTEL, WORLD_EPT, 4000,
	  .pagings = BITS(4, 0), .l1 = PAGING_LONG, .mbec = true,
	  .keys = true, .mmio_sptes = true },
};
/* clang-format on */

struct run {
	struct world w;
	const struct row *row;
	unsigned int step;
	struct touched {
		uint64_t addr[NR_TOUCHED]; /* where accesses succeeded last */
		unsigned int nr;
	} touched[NR_GUESTS + 1]; /* by vCPU */
	struct warm_tlb tlb;
	uint64_t let_through, faults; /* compared */
};

/* Calls that must work ----------------------------------------------------------- */

static void well(struct run *r, int status)
{
	if (status)
		fail_msg("step %u: %s", r->step, r->w.m.err.message);
	assert_int_not_equal(r->w.m.result.outcome, TDP_OUTCOME_KERNEL_BUG);
}

static struct tdp_vcpu *any_guest(struct run *r)
{
	return r->w.guest[below(&r->w, NR_GUESTS)];
}

static enum paging any_paging(struct run *r)
{
	enum paging paging;

	/* L2's tables hide much of L1's. */
	if (r->w.kind != WORLD_SHADOW && one_in(&r->w, 3))
		return UNPAGED;
	do {
		paging = (enum paging)below(&r->w, NR_PAGINGS);
	} while (!(r->row->pagings & (1u << paging)));
	return paging;
}

static uint64_t any_address(struct run *r, const struct tdp_vcpu *vcpu)
{
	const struct touched *t = &r->touched[vcpu->id];

	if (!t->nr || one_in(&r->w, 2))
		return random_address(&r->w, vcpu);
	return t->addr[below(&r->w, t->nr < NR_TOUCHED ? t->nr : NR_TOUCHED)];
}

/* Whatever a guest may end in, it goes on. */
static void set_mode(struct run *r, struct tdp_vcpu *vcpu, enum paging paging)
{
	struct tdp_sregs sregs = random_sregs(&r->w, paging, vcpu->smm);

	sregs.efer |= vcpu->sregs.efer & EFER_SVME;
	sregs.cr4 |= vcpu->sregs.cr4 & CR4_VMXE;
	well(r, tdp_vcpu_set_sregs(vcpu, &sregs, &r->w.m.result));
	assert_int_equal(r->w.m.result.ret, 0);
	r->touched[vcpu->id].nr = 0;
}

/* L2 ------------------------------------------------------------------------------------ */

/* L1's own tables map nothing: only its registers matter. */
static void set_l1(struct run *r, struct tdp_vcpu *vcpu)
{
	struct tdp_sregs sregs = random_sregs(&r->w, r->row->l1, false);

	sregs.cr3 = 0x1f0000;
	sregs.cr0 |= CR0_WP;
	if (r->row->vendor == TDP_AMD)
		sregs.efer |= EFER_SVME;
	else
		sregs.cr4 |= CR4_VMXE;
	if (r->w.kind == WORLD_SHADOW)
		sregs.cr3 = random_cr3(&r->w, r->row->l1, false);
	well(r, tdp_vcpu_set_sregs(vcpu, &sregs, &r->w.m.result));
	assert_int_equal(r->w.m.result.ret, 0);
}

static void enter_l2(struct run *r, struct tdp_vcpu *vcpu)
{
	struct tdp_nested_state state = {
		.tdp = r->w.kind != WORLD_SHADOW,
		.tdp_root = random_nested_root(&r->w),
		.l2 = random_sregs(&r->w, any_paging(r), false),
		.mbec = r->row->vendor == TDP_INTEL && r->row->mbec &&
			one_in(&r->w, 2),
		.gmet = r->row->vendor == TDP_AMD && r->row->mbec &&
			one_in(&r->w, 2),
	};

	uint64_t pdpt = state.l2.cr3;
	bool anew = !(vcpu->nested.l2.cr0 & CR0_PE) || one_in(&r->w, 8);

	/* VM entry would refuse reserved bits. */
	for (unsigned int i = 0; i < 4; i++) {
		tdp_vm_read(r->w.m.vm, 0, TDP_GPA(pdpt + 8 * i),
			    &state.l2.pdptr[i], 8, &r->w.m.err);
		state.l2.pdptr[i] &= ~PDPTE_RSVD;
	}
	/* Mostly where it was. */
	if (!anew)
		state = vcpu->nested;
	if (!anew && one_in(&r->w, 8))
		state.tdp_root = random_nested_root(&r->w);
	well(r,
	     tdp_vcpu_nested_enter(vcpu, &state, &r->w.m.result, &r->w.m.err));
	if (anew)
		r->touched[vcpu->id].nr = 0;
}

static void leave_l2(struct run *r, struct tdp_vcpu *vcpu)
{
	well(r, tdp_vcpu_nested_exit(vcpu, &r->w.m.result, &r->w.m.err));
	if (one_in(&r->w, 3))
		set_l1(r, vcpu);
	if (r->w.kind != WORLD_EPT || one_in(&r->w, 2))
		return;
	well(r,
	     tdp_vcpu_invept(vcpu, 1 + below(&r->w, 2), vcpu->nested.tdp_root,
			     &r->w.m.result, &r->w.m.err));
}

/* Guests run in L2 only: back into it, and out now and then. */
static void change_level(struct run *r, struct tdp_vcpu *vcpu)
{
	if (vcpu->guest_mode)
		leave_l2(r, vcpu);
	if (!vcpu->guest_mode &&
	    (r->w.kind != WORLD_SHADOW || one_in(&r->w, 2)))
		enter_l2(r, vcpu);
}

/* Steps of a guest ---------------------------------------------------------------------- */

/* What the guest is told is what its tables say at this moment. */
static void check_fault(struct run *r, const struct tdp_vcpu *vcpu,
			const struct tdp_access *access)
{
	const struct tdp_result *result = &r->w.m.result;
	struct tdp_walk_result cold;

	if (result->outcome != TDP_OUTCOME_GUEST_FAULT || result->vector != 14)
		return;
	/* KVM knows four bits of PSE-36, the processor up to eight. */
	if (paging_of(&vcpu->sregs) == PAGING_32BIT &&
	    result->error_code & PFERR_RSVD)
		return;
	cold_copy(&r->w);
	cold_walk(&r->w, vcpu, access, &cold);
	/* KVM takes EFER.NX for a reason to report fetches in any mode. */
	if (!(vcpu->sregs.cr4 & CR4_PAE) && vcpu->sregs.efer & EFER_NX)
		cold.info |= result->error_code & PFERR_FETCH;
	if (cold.outcome != TDP_WALK_PF || cold.info != result->error_code)
		fail_msg("step %u: vCPU %u: 0x%" PRIx64 ": #PF 0x%" PRIx64
			 ", but %s 0x%" PRIx64 " (%s)",
			 r->step, vcpu->id, access->gva.addr,
			 result->error_code,
			 tdp_walk_outcome_name(cold.outcome), cold.info,
			 tdp_walk_reason_name(cold.reason));
	r->faults++;
}

/* Stores hit tables where the guest maps them: what is stored suits. */
static void store_entry(struct run *r, const struct tdp_vcpu *vcpu,
			struct tdp_access *access)
{
	struct tdp_walk_result cold;
	enum table_kind kind;
	uint64_t gfn;

	cold_copy(&r->w);
	cold_walk(&r->w, vcpu, access, &cold);
	gfn = cold.hpa.addr >> 12;
	if (cold.outcome != TDP_WALK_OK || !kind_of(gfn, &kind))
		return;
	if (r->w.l1 == PAGING_PAE && kind == KIND_PAE)
		return;
	access->size = entry_size(gfn);
	access->value = random_entry(&r->w, gfn,
				     (unsigned int)(cold.hpa.addr & 0xfff) /
					     access->size);
}

static void access_memory(struct run *r, struct tdp_vcpu *vcpu)
{
	struct touched *t = &r->touched[vcpu->id];
	struct tdp_access access = {
		.gva = TDP_GVA(any_address(r, vcpu)),
		.kind = (enum tdp_access_kind)below(&r->w, 3),
		.user = below(&r->w, 2),
	};

	if (access.kind == TDP_WRITE && one_in(&r->w, 2))
		store_entry(r, vcpu, &access);
	well(r, tdp_vcpu_access(vcpu, &access, &r->w.m.result, &r->w.m.err));
	if (r->w.m.result.outcome == TDP_OUTCOME_LIVELOCK)
		fail_msg("step %u: livelock at 0x%" PRIx64, r->step,
			 access.gva.addr);
	if (r->w.m.result.outcome == TDP_OUTCOME_SHUTDOWN) {
		set_mode(r, vcpu, any_paging(r));
	} else if (r->w.m.result.outcome == TDP_OUTCOME_DONE) {
		t->addr[t->nr++ % NR_TOUCHED] = access.gva.addr;
		warm_note(&r->tlb, vcpu, access.gva.addr);
	} else {
		check_fault(r, vcpu, &access);
	}
}

static void write_reg(struct run *r, struct tdp_vcpu *vcpu, enum tdp_reg reg,
		      uint64_t value)
{
	well(r, tdp_vcpu_write_reg(vcpu, reg, value, &r->w.m.result));
	if (r->w.m.result.outcome == TDP_OUTCOME_SHUTDOWN)
		set_mode(r, vcpu, any_paging(r));
}

static void toggle_bit(struct run *r, struct tdp_vcpu *vcpu)
{
	static const struct toggle {
		enum tdp_reg reg;
		uint64_t bit;
	} toggles[] = {
		{ TDP_REG_CR0, CR0_WP },   { TDP_REG_CR4, CR4_SMEP },
		{ TDP_REG_CR4, CR4_SMAP }, { TDP_REG_CR4, CR4_PGE },
		{ TDP_REG_EFER, EFER_NX }, { TDP_REG_RFLAGS, BIT(18) },
		{ TDP_REG_CR0, CR0_PG },   { TDP_REG_CR4, CR4_PKE },
		{ TDP_REG_PKRU, 0 },
	};
	const struct toggle *t = &toggles[below(
		&r->w, ARRAY_SIZE(toggles) - (r->w.keys ? 0 : 2))];

	if (t->bit == CR0_PG && (r->row->pagings & 1) == 0)
		return;
	if (t->reg == TDP_REG_PKRU)
		write_reg(r, vcpu, t->reg, below(&r->w, 256));
	else
		write_reg(r, vcpu, t->reg,
			  tdp_vcpu_read_reg(vcpu, t->reg) ^ t->bit);
}

static void switch_root(struct run *r, struct tdp_vcpu *vcpu)
{
	enum paging paging = paging_of(&vcpu->sregs);

	write_reg(r, vcpu, TDP_REG_CR3,
		  one_in(&r->w, 3) ? vcpu->sregs.cr3 :
				     random_cr3(&r->w, paging, vcpu->smm));
}

static void flush_address(struct run *r, struct tdp_vcpu *vcpu)
{
	tdp_gva gva = TDP_GVA(any_address(r, vcpu));

	if (one_in(&r->w, 2))
		well(r,
		     tdp_vcpu_invlpg(vcpu, gva, &r->w.m.result, &r->w.m.err));
	else
		well(r, tdp_vcpu_invpcid(vcpu, below(&r->w, 4), 0, gva,
					 &r->w.m.result, &r->w.m.err));
	if (r->w.m.result.outcome == TDP_OUTCOME_SHUTDOWN)
		set_mode(r, vcpu, any_paging(r));
}

static void change_mode(struct run *r, struct tdp_vcpu *vcpu)
{
	if (r->row->smm && one_in(&r->w, 2)) {
		if (one_in(&r->w, 2))
			vcpu = r->w.editor;
		if (vcpu->smm)
			well(r,
			     tdp_vcpu_rsm(vcpu, &r->w.m.result, &r->w.m.err));
		else
			well(r,
			     tdp_vcpu_smi(vcpu, &r->w.m.result, &r->w.m.err));
		r->touched[vcpu->id].nr = 0;
	} else if (r->row->l2 || r->w.kind != WORLD_SHADOW) {
		change_level(r, vcpu);
	} else {
		set_mode(r, vcpu, any_paging(r));
	}
}

/* In EPT bits 6:3 are reserved, or tell the memory type. */
static uint64_t random_flag(struct world *w, bool nested)
{
	static const unsigned int ept[] = { 0, 1, 2, 8, 9, 10 };

	if (nested && w->kind == WORLD_EPT)
		return BIT(ept[below(w, ARRAY_SIZE(ept))]);
	return BIT(below(w, w->bad_bits ? 9 : 7));
}

/* The third guest writes an entry, at an address that is guest-physical. */
static void edit_table(struct run *r)
{
	struct world *w = &r->w;
	bool nested = w->smm ? w->editor->smm :
			       w->kind != WORLD_SHADOW && one_in(w, 2);
	uint64_t first = nested ? NESTED_TABLES : TABLES;
	uint64_t last = nested ? PAGES : NESTED_TABLES;
	uint64_t gfn = first + below(w, last - first);
	unsigned int index = random_index(w, gfn), size = entry_size(gfn);
	uint64_t gpa = (gfn << 12) + index * size;
	struct tdp_access access = {
		.gva = TDP_GVA(gpa),
		.kind = TDP_WRITE,
		.size = size,
		.value = random_entry(w, gfn, index),
	};

	/* PDPTEs are looked at when roots are loaded, at VMRUN. */
	if (w->l1 == PAGING_PAE && gfn % NR_KINDS == KIND_PAE)
		return;
	/* One flag of the entry that is there. */
	if (one_in(w, 3) && !tdp_vm_read(w->m.vm, 0, TDP_GPA(gpa),
					 &access.value, size, &w->m.err))
		access.value ^= random_flag(w, nested);
	/* A PAE entry in two halves. */
	if (size == 8 && one_in(w, 8))
		access.size = 4;
	well(r, tdp_vcpu_access(w->editor, &access, &w->m.result, &w->m.err));
	assert_int_not_equal(w->m.result.outcome, TDP_OUTCOME_LIVELOCK);
}

/* Steps of the host ------------------------------------------------------------------------ */

/* A page goes: zapped, and another one comes, or none. */
static void take_page(struct run *r)
{
	uint64_t gfn = LATER_PAGES + below(&r->w, MORE_PAGES - LATER_PAGES);

	if (r->w.slot[0][3].exists && !r->w.slot[0][3].moved)
		machine_back(r->w.m.vm, gfn << 12, 0x1000,
			     one_in(&r->w, 4) ? TDP_BACKING_UNMAPPED :
						TDP_BACKING_ANONYMOUS,
			     &r->w.m.err);
}

static void change_slot(struct run *r)
{
	unsigned int as_id = r->row->smm && one_in(&r->w, 2);
	unsigned int id = 1 + (unsigned int)below(&r->w, NR_SLOTS - 1);
	struct world_slot *s = &r->w.slot[as_id][id];

	if (r->w.smm && id == 2 - as_id)
		return;

	if (r->row->mmio_sptes) {
		s->logged = !s->logged;
	} else if (!s->exists) {
		s->exists = true;
		s->readonly = one_in(&r->w, 4);
	} else if (s->moved) {
		s->moved = false;
	} else if (one_in(&r->w, 3)) {
		s->moved = true;
	} else if (one_in(&r->w, 3)) {
		*s = (struct world_slot){ .hva = s->hva };
		well(r, tdp_vm_begin_delete_memslot(r->w.m.vm, as_id, id,
						    &r->w.m.result));
	} else {
		s->logged = !s->logged;
	}
	world_set_slot(&r->w, as_id, id);
}

static void log_or_age(struct run *r)
{
	unsigned int id = 1 + (unsigned int)below(&r->w, NR_SLOTS - 1);
	const struct world_slot *s = &r->w.slot[0][id];
	uint64_t gfn = random_page(&r->w);

	if (s->exists && s->logged && one_in(&r->w, 2))
		well(r, tdp_vm_get_dirty_log(r->w.m.vm, 0, id, NULL, 0,
					     &r->w.m.result, &r->w.m.err));
	else
		/* Fails where no slot is. */
		tdp_vm_age(r->w.m.vm, 0, TDP_GPA(gfn << 12), 0x1000,
			   &r->w.m.result, &r->w.m.err);
	/* What tracks accesses loses its rights without a flush. */
	r->tlb.nr = 0;
}

static void change_quota(struct run *r)
{
	well(r, tdp_vm_set_nr_mmu_pages(r->w.m.vm, 64 + below(&r->w, 64),
					&r->w.m.result, &r->w.m.err));
}

/* Userspace writes an entry through its own mapping: KVM can't know. */
static void write_behind(struct run *r)
{
	uint64_t gfn = TABLES + below(&r->w, NESTED_TABLES - TABLES);
	unsigned int index = random_index(&r->w, gfn), size = entry_size(gfn);

	if (!r->row->behind)
		return;
	/* Fails where no slot is. */
	tdp_vm_write(r->w.m.vm, 0, TDP_GPA((gfn << 12) + index * size),
		     random_entry(&r->w, gfn, index), size, &r->w.m.err);
}

static void host_step(struct run *r)
{
	switch (below(&r->w, 8)) {
	case 0:
		change_slot(r);
		break;
	case 1:
	case 2:
		log_or_age(r);
		break;
	case 3:
		if (one_in(&r->w, 8))
			change_quota(r);
		break;
	case 4:
	case 5:
		write_behind(r);
		break;
	default:
		take_page(r);
	}
}

/* The whole ---------------------------------------------------------------------------- */

static void compare(struct run *r, struct tdp_vcpu *vcpu, bool flushed)
{
	const struct touched *t = &r->touched[vcpu->id];
	unsigned int i, nr = t->nr < NR_TOUCHED ? t->nr : NR_TOUCHED;

	for (i = 0; i < nr; i += flushed ? 1 : 8) {
		const struct tdp_access access = {
			.gva = TDP_GVA(t->addr[(i + r->step) % nr]),
			.kind = (enum tdp_access_kind)below(&r->w, 3),
			.user = below(&r->w, 2),
		};

		r->let_through += cold_compare(&r->w, vcpu, &access, flushed);
	}
}

/* All that a MOV to CR3 brings up to date is, once the guest runs again. */
static void flush(struct run *r, struct tdp_vcpu *vcpu)
{
	write_reg(r, vcpu, TDP_REG_CR3, vcpu->sregs.cr3);
	/* PDPTEs may have reserved bits by now. */
	if (r->w.m.result.outcome != TDP_OUTCOME_DONE)
		return;
	well(r, tdp_vcpu_run(vcpu, &r->w.m.result, &r->w.m.err));
	cold_copy(&r->w);
	if (r->w.kind == WORLD_SHADOW)
		compare(r, vcpu, true);
}

/* What a guest could access is still allowed, or a flush has been counted. */
static void check_flushes(struct run *r)
{
	const struct warm_entry *e = warm_check(&r->tlb, r->w.m.vm);

	if (e)
		fail_msg("step %u: vCPU %u may have 0x%" PRIx64
			 " in its TLB, and no flush was counted",
			 r->step, e->vcpu->id, e->gva);
}

static void guest_step(struct run *r)
{
	struct tdp_vcpu *vcpu = any_guest(r);
	uint64_t dice = below(&r->w, 40);

	if (r->w.kind != WORLD_SHADOW && !vcpu->guest_mode)
		change_level(r, vcpu);
	else if (dice == 0)
		flush(r, vcpu);
	else if (dice == 1)
		switch_root(r, vcpu);
	else if (dice < 5)
		flush_address(r, vcpu);
	else if (dice < 7)
		toggle_bit(r, vcpu);
	else if (dice == 7)
		change_mode(r, vcpu);
	else
		access_memory(r, vcpu);
}

static void step(struct run *r)
{
	uint64_t dice = below(&r->w, 16);

	if (dice < 10)
		guest_step(r);
	else if (dice < 15)
		edit_table(r);
	else
		host_step(r);
	if (tdp_vm_check(r->w.m.vm, &r->w.m.err))
		fail_msg("step %u: %s", r->step, r->w.m.err.message);
	check_flushes(r);
	cold_copy(&r->w);
	for (unsigned int i = 0; i < NR_GUESTS; i++)
		compare(r, r->w.guest[i], false);
}

static void add_slots(struct run *r)
{
	struct world *w = &r->w;

	for (unsigned int id = 0; id < NR_SLOTS; id++) {
		w->slot[0][id].exists = !w->smm || id != 2;
		world_set_slot(w, 0, id);
		w->slot[1][id].exists = w->smm && id != 1;
		if (w->smm)
			world_set_slot(w, 1, id);
	}
}

static void start(struct run *r)
{
	struct world *w = &r->w;
	struct machine *m = &w->m;

	machine_init(m, r->row->vendor, r->row->profile);
	m->host.memory = 256 * MIB;
	m->host.table_memory = 16 * MIB;
	m->host.la57 = r->row->la57;
	m->host.mbec = m->host.gmet = r->row->mbec;
	w->keys = r->row->keys;
	w->seed = UINT64_C(0x9e3779b97f4a7c15);
	w->kind = r->row->kind;
	w->l1 = r->row->l1;
	w->smm = r->row->smm;
	w->pse = !r->row->no_pse;
	w->bad_bits = w->kind == WORLD_SHADOW;
	if (w->kind == WORLD_SHADOW)
		machine_set(m, "tdp", "off");
	/*
	 * A stale MMIO SPTE with W makes KVM forget to write-protect the table
	 * whose slot came later (docs/decisions/shadow.md, 23).
	 */
	if (!r->row->mmio_sptes)
		machine_set(m, "mmio_caching", "off");
	machine_start(m);
	add_slots(r);
	world_fill(w);
	/* Frames can be told apart by what is in them. */
	for (unsigned int i = 0; i < NR_GUESTS; i++)
		w->guest[i] = machine_vcpu(m, m->host.maxphyaddr);
	w->editor = machine_vcpu(m, m->host.maxphyaddr);
	set_mode(r, w->editor, UNPAGED);
	for (unsigned int i = 0; i < NR_GUESTS; i++) {
		if (r->row->l2 || w->kind != WORLD_SHADOW)
			set_l1(r, w->guest[i]);
		else
			set_mode(r, w->guest[i], any_paging(r));
	}
	if (r->row->slot_only)
		tdp_vm_disable_quirks(m->vm, TDP_QUIRK_SLOT_ZAP_ALL,
				      &m->result);
	cold_start(w);
}

static void random_guests(void **state)
{
	struct run r = { .row = *state };

	start(&r);
	for (r.step = 0; r.step < r.row->steps; r.step++)
		step(&r);
	print_message("# %" PRIu64 " accesses, %" PRIu64 " faults and %" PRIu64
		      " TLB entries compared\n",
		      r.let_through, r.faults, r.tlb.nr_checked);
	/* A test that compares nothing would pass as well. */
	assert_true(r.let_through > r.row->steps / 8);
	assert_true(r.tlb.nr_checked > r.row->steps / 8);
	cold_end(&r.w);
	machine_end(&r.w.m);
}

int main(void)
{
	static const struct suite suites[] = { ROWS(rows, random_guests) };

	return RUN("shadow_random", suites);
}
