/* SPDX-License-Identifier: MIT */
/* Operations in steps: who may go on, and whom a change of memslots waits for. */
#include "ops/stepped.h"

#include <errno.h>

#include "ops/ops.h"
#include "vm/digest.h"

static void begin(struct op *op, enum op_kind kind, struct tdp_vm *vm,
		  struct tdp_vcpu *vcpu, struct tdp_error *err)
{
	op->kind = kind;
	op->vm = vm;
	op->vcpu = vcpu;
	op->err = err;
	op->done = op->srcu = op->holds_slots = false;
	op->waits = 0;
	result_begin(&op->result);
}

void op_access(struct op *op, struct tdp_vcpu *vcpu,
	       const struct tdp_access *access, struct tdp_error *err)
{
	begin(op, OP_ACCESS, vcpu->vm, vcpu, err);
	access_begin(&op->u.access, vcpu, access, &op->result, err);
	op->u.access.stepped = true;
}

void op_prefault(struct op *op, struct tdp_vcpu *vcpu, uint64_t gpa,
		 uint64_t size, uint64_t flags, struct tdp_error *err)
{
	begin(op, OP_PREFAULT, vcpu->vm, vcpu, err);
	prefault_begin(&op->u.prefault, vcpu, gpa, size, flags, &op->result,
		       err);
	op->u.prefault.stepped = true;
}

void op_delete_slot(struct op *op, struct tdp_vm *vm, unsigned int as_id,
		    unsigned int slot, struct tdp_error *err)
{
	begin(op, OP_DELETE_SLOT, vm, NULL, err);
	op->holds_slots = true;
	op->u.deletion = (struct slot_deletion){ .as_id = as_id, .id = slot };
}

/* Faults ----------------------------------------------------------------------- */

/*
 * SRCU keeps the slot that was found alive, as it was.  Its log lives as long
 * as the slot is logged.
 */
static void hold_slot(struct stepped_fault *f)
{
	const struct memslot *now;

	if (!f->fault.slot)
		return;
	if (f->fault.slot != &f->slot)
		f->slot = *f->fault.slot;
	f->fault.slot = &f->slot;
	now = memslots_by_id(&f->fault.vm->slots[f->slot.as_id], f->slot.id);
	f->slot.dirty = now ? now->dirty : NULL;
}

static bool served(const struct stepped_fault *f)
{
	struct gup gup;

	return f->fault.vcpu->signal_pending ||
	       hostmm_peek(&f->fault.vm->mm,
			   memslot_hva(&f->slot, f->fault.gfn), f->fault.write,
			   &gup) != GUP_BLOCKS;
}

enum ret_pf stepped_fault_step(struct stepped_fault *f)
{
	enum ret_pf ret;

	f->blocked = false;
	hold_slot(f);
	ret = fault_step(&f->fault, &f->stage);
	hold_slot(f);
	/* As kvm_mmu_page_fault() has it: nothing handled it. */
	if (ret == RET_PF_INVALID)
		return fault_errno(&f->fault, -EIO, TDP_WHY_NONE);
	if (ret != RET_PF_ERRNO || f->fault.why != TDP_WHY_HOST_BLOCKS ||
	    f->stage != FAULT_LOCKED || f->fault.vcpu->signal_pending)
		return ret;
	f->blocked = true;
	f->stage = FAULT_PFN;
	f->fault.why = TDP_WHY_NONE;
	return RET_PF_CONTINUE;
}

static const struct stepped_fault *fault_of(const struct op *op)
{
	switch (op->kind) {
	case OP_ACCESS:
		return op->u.access.in_fault ? &op->u.access.f : NULL;
	case OP_PREFAULT:
		return op->u.prefault.in_fault ? &op->u.prefault.f : NULL;
	default:
		return NULL;
	}
}

/* Steps ------------------------------------------------------------------------ */

/* KVM 6.12: kvm_swap_active_memslots() lets open invalidations end first. */
static bool deletion_ready(const struct op *op)
{
	bool swaps = op->u.deletion.stage % 2 == 0;

	return !op->waits && !(swaps && op->vm->invalidations);
}

bool op_ready(const struct op *op)
{
	const struct stepped_fault *f = fault_of(op);

	if (op->kind == OP_DELETE_SLOT)
		return deletion_ready(op);
	return !f || !f->blocked || served(f);
}

int op_step(struct op *op, uint64_t readers)
{
	int ret = TDP_OK;

	switch (op->kind) {
	case OP_ACCESS:
		ret = access_step(&op->u.access);
		op->done = op->u.access.done;
		op->srcu = op->u.access.in_fault;
		break;
	case OP_PREFAULT:
		/* KVM 6.12: kvm_vcpu_pre_fault_memory() holds it all along. */
		op->srcu = true;
		ret = prefault_step(&op->u.prefault);
		op->done = op->u.prefault.done;
		break;
	case OP_DELETE_SLOT:
		ret = deletion_step(op, readers);
		break;
	case OP_SET_BACKING:
		ret = backing_step(op);
		break;
	case OP_SET_ATTRIBUTES:
		ret = attributes_step(op);
		break;
	case OP_NONE:
		op->done = true;
	}
	if (op->done)
		op->srcu = op->holds_slots = false;
	return ret;
}

static const char *const fault_words[] = {
	[FAULT_EXIT] = "lookup", [FAULT_BEGIN] = "lookup", [FAULT_SEQ] = "seq",
	[FAULT_PFN] = "pfn",     [FAULT_LOCKED] = "lock",
};

static const char *const deletion_words[] = { "mark", "zap", "remove",
					      "release" };
static const char *const backing_words[] = { "begin", "change", "end" };

const char *op_next(const struct op *op)
{
	const struct stepped_fault *f = fault_of(op);

	if (f)
		return fault_words[f->stage];
	switch (op->kind) {
	case OP_ACCESS:
		return "walk";
	case OP_PREFAULT:
		return "page";
	case OP_DELETE_SLOT:
		return deletion_words[op->u.deletion.stage];
	case OP_SET_BACKING:
		return backing_words[op->u.backing.stage];
	case OP_SET_ATTRIBUTES:
		return backing_words[op->u.attributes.stage];
	default:
		return "call";
	}
}

void op_digest(const struct op *op, struct digest *d)
{
	const struct stepped_fault *f = fault_of(op);

	digest_put(d, (uint64_t)op->kind << 8 | op->srcu);
	digest_put(d, op->waits);
	if (f) {
		digest_put(d, (uint64_t)f->stage << 1 | f->blocked);
		fault_digest(&f->fault, d);
	}
	switch (op->kind) {
	case OP_PREFAULT:
		digest_put(d, op->u.prefault.gpa);
		digest_put(d, op->u.prefault.size);
		digest_put(d, op->u.prefault.begun);
		break;
	case OP_DELETE_SLOT:
		digest_put(d, op->u.deletion.stage);
		break;
	case OP_SET_BACKING:
		digest_put(d, op->u.backing.stage);
		break;
	case OP_SET_ATTRIBUTES:
		digest_put(d, op->u.attributes.stage);
		break;
	default:
		break;
	}
}
