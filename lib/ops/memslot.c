/* SPDX-License-Identifier: MIT */
/* KVM_SET_USER_MEMORY_REGION, and userspace's own use of guest memory. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "kvm/guest_mem.h"
#include "kvm/notify.h"
#include "kvm/private.h"
#include "kvm/root.h"
#include "kvm/shadow.h"
#include "kvm/tdp_mmu.h"
#include "ops/dirty.h"
#include "ops/ops.h"
#include "ops/stepped.h"
#include "vm/checkpoint.h"

#define MAX_HVA (UINT64_C(1) << 47)

/* What the ioctl refuses before it looks at other slots. */
static bool well_formed(const struct tdp_vm *vm, const struct tdp_memslot *m)
{
	if (m->as_id >= vm_nr_address_spaces(vm) || m->slot >= MAX_USER_SLOT)
		return false;
	if ((m->gpa | m->size | m->hva) & FRAME_MASK)
		return false;
	return m->gpa + m->size >= m->gpa && m->hva < MAX_HVA &&
	       m->size <= MAX_HVA - m->hva && m->size >> 12 <= MAX_SLOT_PAGES;
}

static struct memslot to_slot(const struct tdp_memslot *m)
{
	return (struct memslot){
		.id = m->slot,
		.as_id = m->as_id,
		.base_gfn = m->gpa >> 12,
		.npages = m->size >> 12,
		.hva = m->hva,
		.readonly = m->flag_readonly,
		.dirty_log = m->flag_dirty_log,
	};
}

/*
 * A new generation of memslots: MMIO SPTEs of older ones no longer hold.
 * When the generation's bits in an SPTE wrap, old ones could be taken for new
 * ones.  KVM 6.12: kvm_mmu_invalidate_mmio_sptes().
 */
static void advance(struct tdp_vm *vm, unsigned int as_id)
{
	struct memslots *slots = &vm->slots[as_id];
	uint64_t gen;

	slots->generation &= ~MAX_GEN_FLAG;
	memslots_advance(slots, vm_nr_address_spaces(vm));
	gen = slots->generation & (BIT(vm->fmt.gen_bits) - 1);
	if (align_down(gen, vm_nr_address_spaces(vm)))
		return;
	if (!vm->fmt.mmio_caching &&
	    vm->kvm.value[B_MMIO_WRAP] == MMIO_WRAP_ZAPS_IF_CACHING)
		return;
	root_zap_all_fast(vm);
}

/*
 * What the slot mapped goes.  KVM 6.12: kvm_arch_flush_shadow_memslot(); the
 * quirk that userspace can switch off is 6.12's, before it was the rule.
 */
static void flush_slot(struct tdp_vm *vm, const struct memslot *slot)
{
	uint64_t end = slot->base_gfn + slot->npages;

	if (behaviour_on(&vm->kvm, B_QUIRK_SLOT_ZAP_ALL)) {
		root_zap_all_fast(vm);
		return;
	}
	tdp_zap_leaves(vm, (int)slot->as_id, slot->base_gfn, end);
	shadow_zap_gfns(vm, slot->as_id, slot->base_gfn, end);
	shadow_zap_tables(vm, slot->base_gfn, end);
	vm->stats.tlb_flushes++;
}

/* A vCPU sleeps in a fault and keeps the memslots that it saw: SRCU. */
static bool readers(const struct tdp_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i]->asleep)
			return true;
	return false;
}

/*
 * No new mapping from here on, and none left: kvm_invalidate_memslot().  While
 * there are readers the generation is marked, and the task sleeps before it
 * zaps anything: kvm_swap_active_memslots().
 *
 * Return: is it done?
 */
static bool invalidate_slot(struct tdp_vm *vm, const struct memslot *old)
{
	struct memslots *slots = &vm->slots[old->as_id];
	struct memslot slot = *old;

	if (slot.invalid && !slot.unflushed)
		return true;
	memslots_set_invalid(slots, slot.id, true);
	memslots_set_unflushed(slots, slot.id, readers(vm));
	if (readers(vm)) {
		slots->generation |= MAX_GEN_FLAG;
		return false;
	}
	advance(vm, slot.as_id);
	flush_slot(vm, &slot);
	return true;
}

static int delete_slot(struct tdp_vm *vm, const struct memslot *old,
		       struct tdp_result *result)
{
	struct dirty_log *log;
	unsigned int as_id;

	if (!old)
		return result_fail(result, -EINVAL, TDP_WHY_NO_SUCH_SLOT);
	as_id = old->as_id;
	log = old->dirty;
	if (!invalidate_slot(vm, old))
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	memslots_delete(&vm->slots[as_id], old->id);
	dirty_log_destroy(vm, log);
	advance(vm, as_id);
	shadow_memslots_changed(vm);
	return TDP_OK;
}

int tdp_vm_begin_delete_memslot(struct tdp_vm *vm, unsigned int as_id,
				unsigned int slot, struct tdp_result *result)
{
	const struct memslot *old = NULL;

	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	if (as_id < NR_ADDRESS_SPACES)
		old = memslots_by_id(&vm->slots[as_id], slot);
	if (!old || old->invalid)
		return result_fail(result, -EINVAL, TDP_WHY_NO_SUCH_SLOT);
	invalidate_slot(vm, old);
	return TDP_OK;
}

/* Back the slot: by what is mapped at its address, or by a new mapping. */
static int back_slot(struct tdp_vm *vm, const struct tdp_memslot *m,
		     uint64_t *hva, struct tdp_error *err)
{
	*hva = m->hva;
	if (*hva && hostmm_overlaps(&vm->mm, *hva, m->size))
		return TDP_OK;
	if (!*hva)
		*hva = hostmm_pick(&vm->mm, m->gpa, m->size);
	return hostmm_map(&vm->mm, *hva, m->size, m->backing, m->untouched,
			  m->read_only, err);
}

/* A change that KVM allows for a slot that exists: KVM 6.12, same function. */
static bool change_allowed(const struct memslot *old, const struct memslot *new,
			   uint64_t asked_hva)
{
	return old->npages == new->npages && old->readonly == new->readonly &&
	       (!asked_hva || old->hva == asked_hva);
}

/* A move: the log, if there is one, goes along or ends. */
static int move_slot(struct tdp_vm *vm, const struct memslot *old,
		     const struct memslot *new, struct tdp_result *result,
		     struct tdp_error *err)
{
	struct dirty_log *log = old->dirty;
	int ret;

	if (!invalidate_slot(vm, old)) {
		dirty_abandon(vm, old, new);
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	}
	memslots_delete(&vm->slots[new->as_id], new->id);
	if (log != new->dirty)
		dirty_log_destroy(vm, log);
	advance(vm, new->as_id);
	ret = memslots_set(&vm->slots[new->as_id], new, err);
	if (ret)
		dirty_log_destroy(vm, new->dirty);
	return ret;
}

static int change_flags(struct tdp_vm *vm, const struct memslot *old,
			const struct memslot *new, struct tdp_error *err)
{
	const struct memslot before = *old;
	int ret = memslots_set(&vm->slots[new->as_id], new, err);

	if (ret) {
		dirty_abandon(vm, &before, new);
		return ret;
	}
	advance(vm, new->as_id);
	dirty_commit(vm, &before, new);
	return TDP_OK;
}

static int change_slot(struct tdp_vm *vm, const struct memslot *old,
		       struct memslot *new, struct tdp_result *result,
		       struct tdp_error *err)
{
	bool moves = new->base_gfn != old->base_gfn;
	int ret;

	new->hva = old->hva;
	if (!moves && new->dirty_log == old->dirty_log)
		return TDP_OK;
	ret = dirty_prepare(vm, old, new, err);
	if (ret)
		return ret;
	return moves ? move_slot(vm, old, new, result, err) :
		       change_flags(vm, old, new, err);
}

static int create_slot(struct tdp_vm *vm, const struct tdp_memslot *region,
		       struct memslot *new, struct tdp_error *err)
{
	int ret = dirty_prepare(vm, NULL, new, err);

	if (ret)
		return ret;
	ret = back_slot(vm, region, &new->hva, err);
	if (!ret)
		ret = memslots_set(&vm->slots[new->as_id], new, err);
	if (ret) {
		dirty_abandon(vm, NULL, new);
		return ret;
	}
	advance(vm, new->as_id);
	shadow_memslots_changed(vm);
	return TDP_OK;
}

int tdp_vm_set_memslot(struct tdp_vm *vm, const struct tdp_memslot *region,
		       struct tdp_result *result, struct tdp_error *err)
{
	const struct memslot *old;
	struct memslot new = to_slot(region);
	struct memslots *slots;
	int ret;

	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	ret = check_alive(vm, err);
	if (ret)
		return ret;
	if (memslot_check_gmem(vm, region, result))
		return TDP_OK;
	if (!well_formed(vm, region))
		return result_fail(result, -EINVAL, TDP_WHY_BAD_SLOT);
	slots = &vm->slots[region->as_id];
	old = memslots_by_id(slots, region->slot);
	if (!region->size)
		return delete_slot(vm, old, result);
	if (old && (old->gmem || new.gmem))
		return result_fail(result, -EINVAL, TDP_WHY_GMEM_SLOT);
	/* KVM 6.12 __kvm_set_memory_region(): before it looks at the others. */
	if (old && !change_allowed(old, &new, region->hva))
		return result_fail(result, -EINVAL, TDP_WHY_SLOT_FIXED);
	if (memslots_overlap(slots, new.id, new.base_gfn, new.npages))
		return result_fail(result, -EEXIST, TDP_WHY_SLOT_OVERLAPS);
	if (memslot_bind_gmem(vm, region, &new, result))
		return TDP_OK;
	if (new.base_gfn + new.npages - 1 > kvm_max_gfn(vm))
		return result_fail(result, -EINVAL, TDP_WHY_GFN_TOO_HIGH);
	if (!old)
		return create_slot(vm, region, &new, err);
	ret = change_slot(vm, old, &new, result, err);
	if (!ret && vm_bug(vm)) {
		result->outcome = TDP_OUTCOME_KERNEL_BUG;
		result->reason = vm_bug(vm);
	}
	return ret;
}

#define APIC_ACCESS_GPA UINT64_C(0xfee00000)

/* KVM 6.12: __x86_set_memory_region(), with a mapping that userspace shares */
static int add_apic_access_page(struct tdp_vm *vm, struct tdp_error *err)
{
	struct tdp_memslot region = {
		.slot = APIC_ACCESS_SLOT,
		.gpa = APIC_ACCESS_GPA,
		.size = FRAME_SIZE,
		.backing = TDP_BACKING_SHMEM,
	};
	int ret = TDP_OK;

	for (; region.as_id < NR_ADDRESS_SPACES && !ret; region.as_id++) {
		struct memslot slot = to_slot(&region);

		ret = create_slot(vm, &region, &slot, err);
		region.hva = slot.hva; /* one page for both */
	}
	return ret;
}

int tdp_vm_create_irqchip(struct tdp_vm *vm, struct tdp_result *result,
			  struct tdp_error *err)
{
	result_begin(result);
	if (vm->irqchip)
		return result_fail(result, -EEXIST, TDP_WHY_NONE);
	if (vm->nr_vcpus)
		return result_fail(result, -EINVAL, TDP_WHY_NONE);
	vm->irqchip = true;
	return vm->host.vendor == TDP_INTEL ? add_apic_access_page(vm, err) :
					      TDP_OK;
}

#define MAX_TOGGLES (1u << 20)

int tdp_vm_toggle_dirty_log(struct tdp_vm *vm, unsigned int as_id,
			    unsigned int slot, unsigned int times,
			    struct tdp_result *result, struct tdp_error *err)
{
	const struct memslot *old = NULL;
	struct tdp_memslot region;
	int ret = TDP_OK;

	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	if (as_id < NR_ADDRESS_SPACES)
		old = memslots_by_id(&vm->slots[as_id], slot);
	if (!old || times > MAX_TOGGLES)
		return err_set(err, TDP_EINVAL,
			       "no memslot %u, or more than %u changes", slot,
			       MAX_TOGGLES);
	region = (struct tdp_memslot){
		.slot = slot,
		.as_id = as_id,
		.gpa = old->base_gfn << 12,
		.size = old->npages << 12,
		.hva = old->hva,
		.flag_readonly = old->readonly,
		.flag_dirty_log = old->dirty_log,
	};
	while (times-- && !ret && !result->ret) {
		region.flag_dirty_log = !region.flag_dirty_log;
		ret = tdp_vm_set_memslot(vm, &region, result, err);
	}
	return ret;
}

/* Userspace's own accesses ----------------------------------------------------- */

static int access_error(enum guest_mem_status status, uint64_t gpa,
			struct tdp_error *err)
{
	switch (status) {
	case GUEST_MEM_OK:
		return TDP_OK;
	case GUEST_MEM_NO_MEMORY:
		return err_set(err, TDP_ENOMEM, "no memory");
	case GUEST_MEM_NO_SLOT:
		return err_set(err, TDP_EINVAL,
			       "no memslot covers gpa 0x%" PRIx64, gpa);
	default:
		return err_set(err, TDP_EINVAL,
			       "userspace has no page behind gpa 0x%" PRIx64,
			       gpa);
	}
}

static int check_access(unsigned int as_id, uint64_t gpa, unsigned int size,
			struct tdp_error *err)
{
	if (as_id >= NR_ADDRESS_SPACES)
		return err_set(err, TDP_EINVAL, "no address space %u", as_id);
	if (!size || size > 8 || (gpa & FRAME_MASK) + size > FRAME_SIZE)
		return err_set(err, TDP_EINVAL,
			       "%u bytes at gpa 0x%" PRIx64
			       ": 1 to 8 in one 4 KiB page",
			       size, gpa);
	return TDP_OK;
}

/* Userspace can write what the guest may not: a KVM_MEM_READONLY slot. */
static enum guest_mem_status user_frame(struct tdp_vm *vm, unsigned int as_id,
					uint64_t gpa, bool write, uint64_t *hpa)
{
	const struct memslot *slot = memslots_find(&vm->slots[as_id],
						   gpa >> 12);
	enum gup_status status;
	struct gup gup;

	if (!slot)
		return GUEST_MEM_NO_SLOT;
	if (hostmm_gup(&vm->mm, memslot_hva(slot, gpa >> 12), write, &status,
		       &gup, NULL))
		return GUEST_MEM_NO_MEMORY;
	notify_unmap_all(vm, &gup.notices);
	*hpa = gup.hpa | (gpa & FRAME_MASK);
	return status == GUP_OK ? GUEST_MEM_OK : GUEST_MEM_FAULT;
}

int tdp_vm_write(struct tdp_vm *vm, unsigned int as_id, tdp_gpa gpa,
		 uint64_t value, unsigned int size, struct tdp_error *err)
{
	enum guest_mem_status status;
	uint64_t hpa, hva;
	int ret = check_access(as_id, gpa.addr, size, err);

	if (ret)
		return ret;
	status = user_frame(vm, as_id, gpa.addr, true, &hpa);
	if (status == GUEST_MEM_OK) {
		physmem_copy_in(&vm->pm, hpa, &value, size);
		hva = memslot_hva(
			      memslots_find(&vm->slots[as_id], gpa.addr >> 12),
			      gpa.addr >> 12) |
		      (gpa.addr & FRAME_MASK);
		notify_written(vm, hva, hva + size);
	}
	return access_error(status, gpa.addr, err);
}

int tdp_vm_read(struct tdp_vm *vm, unsigned int as_id, tdp_gpa gpa,
		uint64_t *value, unsigned int size, struct tdp_error *err)
{
	enum guest_mem_status status;
	uint64_t hpa;
	int ret = check_access(as_id, gpa.addr, size, err);

	if (ret)
		return ret;
	status = user_frame(vm, as_id, gpa.addr, false, &hpa);
	*value = 0;
	if (status == GUEST_MEM_OK)
		memcpy(value, vm->pm.base + hpa, size);
	return access_error(status, gpa.addr, err);
}

/* The userspace address of the range to change; 0 if none covers it. */
static uint64_t change_hva(const struct tdp_vm *vm,
			   const struct tdp_backing_change *change)
{
	uint64_t gfn = change->gpa >> 12;
	const struct memslot *slot;

	if (change->hva)
		return change->hva;
	slot = memslots_find(&vm->slots[change->as_id], gfn);
	if (!slot || change->size >> 12 > slot->base_gfn + slot->npages - gfn)
		return 0;
	return memslot_hva(slot, gfn);
}

static int change_of(const struct tdp_vm *vm,
		     const struct tdp_backing_change *change,
		     struct host_change *to, struct tdp_error *err)
{
	*to = (struct host_change){
		.size = change->size,
		.backing = change->backing,
		.untouched = change->untouched,
		.read_only = change->read_only,
	};
	if (change->as_id >= NR_ADDRESS_SPACES || !change->size ||
	    ((change->gpa | change->hva | change->size) & FRAME_MASK) ||
	    change->hva >= MAX_HVA || change->size > MAX_HVA - change->hva ||
	    (unsigned int)change->backing >= TDP_NR_BACKINGS)
		return err_set(err, TDP_EINVAL,
			       "not a range of whole pages with a backing");
	to->hva = change_hva(vm, change);
	if (!to->hva)
		return err_set(err, TDP_EINVAL,
			       "no single memslot covers 0x%" PRIx64
			       " + 0x%" PRIx64,
			       change->gpa, change->size);
	return TDP_OK;
}

int tdp_vm_set_backing(struct tdp_vm *vm,
		       const struct tdp_backing_change *change,
		       struct tdp_error *err)
{
	struct host_change to;
	struct host_notices notices;
	int ret = change_of(vm, change, &to, err);

	if (!ret)
		ret = hostmm_change(&vm->mm, &to, &notices, err);
	if (!ret)
		notify_unmap_all(vm, &notices);
	return ret;
}

/* One step of the kernel at a time ------------------------------------------------ */

/* Readers of the slots as they were are waited for: synchronize_srcu(). */
static void publish(struct op *op, uint64_t readers)
{
	op->vm->slots[op->u.deletion.as_id].generation |= MAX_GEN_FLAG;
	op->waits = readers;
}

/*
 * KVM 6.12: kvm_invalidate_memslot(), kvm_delete_memslot(), each with its
 * kvm_swap_active_memslots()
 */
int deletion_step(struct op *op, uint64_t readers)
{
	struct slot_deletion *d = &op->u.deletion;
	struct tdp_vm *vm = op->vm;
	const struct memslot *slot = NULL;
	struct dirty_log *log;

	if (d->as_id < NR_ADDRESS_SPACES)
		slot = memslots_by_id(&vm->slots[d->as_id], d->id);
	switch (d->stage++) {
	case 0:
		op->done = !slot;
		if (!slot)
			return result_fail(&op->result, -EINVAL,
					   TDP_WHY_NO_SUCH_SLOT);
		if (slot->invalid) {
			d->stage = 2;
			break;
		}
		memslots_set_invalid(&vm->slots[d->as_id], d->id, true);
		publish(op, readers);
		break;
	case 1:
		assert(slot);
		advance(vm, d->as_id);
		flush_slot(vm, slot);
		break;
	case 2:
		assert(slot);
		log = slot->dirty;
		memslots_delete(&vm->slots[d->as_id], d->id);
		dirty_log_destroy(vm, log);
		publish(op, readers);
		break;
	default:
		advance(vm, d->as_id);
		shadow_memslots_changed(vm);
		op->done = true;
	}
	return TDP_OK;
}

int op_set_backing(struct op *op, struct tdp_vm *vm,
		   const struct tdp_backing_change *change,
		   struct tdp_error *err)
{
	*op = (struct op){ .kind = OP_SET_BACKING, .vm = vm, .err = err };
	return change_of(vm, change, &op->u.backing.to, err);
}

/* Try the change, and take it back. */
static int try_change(struct tdp_vm *vm, struct backing_change *b,
		      struct tdp_error *err)
{
	struct hostmm before = vm->mm;
	uint64_t ram_next = vm->pm.ram_next;
	size_t size = before.nr * sizeof(before.vmas[0]);
	size_t mark = vm->pm.watch->undo.nr;
	struct vma *vmas = malloc(size + 1);
	int ret;

	if (!vmas)
		return err_set(err, TDP_ENOMEM, "no memory for a look ahead");
	if (size)
		memcpy(vmas, before.vmas, size);
	ret = hostmm_change(&vm->mm, &b->to, &b->notices, err);
	before.vmas = vm->mm.vmas;
	before.capacity = vm->mm.capacity;
	vm->mm = before;
	vm->pm.ram_next = ram_next;
	if (size)
		memcpy(vm->mm.vmas, vmas, size);
	physmem_undo(vm->pm.watch, &vm->pm, mark);
	free(vmas);
	return ret;
}

/* What the notifiers will be told. */
static int foresee(struct tdp_vm *vm, struct backing_change *b,
		   struct tdp_error *err)
{
	struct physmem_watch watch;
	int ret;

	if (vm->pm.watch)
		return try_change(vm, b, err);
	ret = vm_watch(vm, &watch, err);
	if (ret)
		return ret;
	ret = try_change(vm, b, err);
	vm_unwatch(vm, &watch);
	return ret;
}

/* As munmap() and its kin do: zap, change, and only then let faults in. */
int backing_step(struct op *op)
{
	struct backing_change *b = &op->u.backing;
	struct tdp_vm *vm = op->vm;
	unsigned int i;
	int ret = TDP_OK;

	switch (b->stage++) {
	case 0:
		ret = foresee(vm, b, op->err);
		for (i = 0; i < b->notices.nr && !ret; i++)
			notify_begin(vm, b->notices.range[i].start,
				     b->notices.range[i].end);
		break;
	case 1:
		ret = hostmm_change(&vm->mm, &b->to, &b->notices, op->err);
		break;
	default:
		for (i = 0; i < b->notices.nr; i++)
			notify_end(vm);
		op->done = true;
	}
	return ret;
}
