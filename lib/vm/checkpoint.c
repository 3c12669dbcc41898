/* SPDX-License-Identifier: MIT */
#include "vm/checkpoint.h"

#include <stdlib.h>

#include "base/error.h"
#include "kvm/dirty_log.h"
#include "kvm/shadow.h"
#include "kvm/shadow_page.h"
#include "vm/hostmem.h"

/* Watching --------------------------------------------------------------------- */

/* Lines of tables that hold something already. */
static uint64_t lines_in_use(const struct tdp_vm *vm, uint64_t hpa)
{
	const struct mmu_page *page = page_at(vm, hpa);
	uint64_t empty = page->kind == PAGE_SPECIAL ? 0 : vm->fmt.nonpresent;
	uint64_t lines = 0;
	unsigned int i;

	for (i = 0; page->kind != PAGE_FREE && i < SPTES_PER_PAGE; i++)
		if (physmem_read64(&vm->pm, hpa + 8 * i) != empty)
			lines |= BIT(i / 8);
	return lines;
}

static void note_tables(const struct tdp_vm *vm, struct physmem_watch *watch)
{
	uint64_t hpa = vm->pm.tables_start;

	for (; hpa < vm->pm.tables_next; hpa += FRAME_SIZE)
		watch->written[hpa >> 12] = lines_in_use(vm, hpa);
}

int vm_watch(struct tdp_vm *vm, struct physmem_watch *watch,
	     struct tdp_error *err)
{
	int ret = physmem_watch_init(watch, &vm->pm, err);

	if (ret)
		return ret;
	note_tables(vm, watch);
	physmem_set_watch(&vm->pm, watch);
	physmem_set_watch(hostmem_physmem(vm->memory), watch);
	return TDP_OK;
}

void vm_unwatch(struct tdp_vm *vm, struct physmem_watch *watch)
{
	physmem_set_watch(&vm->pm, NULL);
	physmem_set_watch(hostmem_physmem(vm->memory), NULL);
	physmem_watch_finish(watch);
}

/* The parts -------------------------------------------------------------------- */

/*
 * One direction for both: what is visited while saving is visited in the same
 * order while restoring.
 */
struct copy {
	uint8_t *at;  /* in the checkpoint; NULL: only measure */
	size_t size;  /* so far */
	bool restore; /* from the checkpoint */
	bool failed;
};

static void part(struct copy *c, void *live, size_t size)
{
	if (c->at && size) {
		if (c->restore)
			memcpy(live, c->at, size);
		else
			memcpy(c->at, live, size);
		c->at += size;
	}
	c->size += size;
}

/* Arrays that grow: the memory they are in now is kept. */
static void slots(struct copy *c, struct tdp_vm *vm)
{
	unsigned int i;

	for (i = 0; i < NR_ADDRESS_SPACES; i++)
		part(c, vm->slots[i].slots,
		     vm->slots[i].nr * sizeof(vm->slots[i].slots[0]));
	part(c, vm->mm.vmas, vm->mm.nr * sizeof(vm->mm.vmas[0]));
	part(c, vm->private_gfns.ranges,
	     vm->private_gfns.nr * sizeof(vm->private_gfns.ranges[0]));
	part(c, vm->gmems.files, vm->gmems.nr * sizeof(vm->gmems.files[0]));
}

static void *resized(struct copy *c, void *array, size_t size)
{
	void *moved = realloc(array, size ? size : 1);

	c->failed |= !moved;
	return moved ? moved : array;
}

/* Counters by key: their places depend on the capacity, which comes along. */
static void tracked(struct copy *c, struct tdp_vm *vm, size_t live_capacity)
{
	size_t size = vm->tracked.capacity * sizeof(vm->tracked.slots[0]);

	if (c->restore && vm->tracked.capacity != live_capacity)
		vm->tracked.slots = resized(c, vm->tracked.slots, size);
	if (!c->failed)
		part(c, vm->tracked.slots, size);
}

static void shadow_arrays(struct copy *c, struct tdp_vm *vm)
{
	struct shadow_mmu *s = vm->shadow;
	struct rmap_head *heads = s->rmap.heads;
	struct pte_node *nodes = s->rmap.pool.nodes;
	size_t head_capacity = s->rmap.capacity;
	uint32_t node_capacity = s->rmap.pool.capacity;
	size_t frames = (size_t)(vm->pm.tables_next >> 12);

	part(c, s, sizeof(*s));
	if (c->restore && s->rmap.capacity != head_capacity)
		heads = resized(c, heads, s->rmap.capacity * sizeof(*heads));
	s->rmap.heads = heads;
	if (c->failed)
		return;
	s->rmap.pool.nodes = nodes;
	s->rmap.pool.capacity = node_capacity;
	part(c, heads, s->rmap.capacity * sizeof(*heads));
	part(c, nodes, s->rmap.pool.nr * sizeof(*nodes));
	part(c, s->pages, frames * sizeof(s->pages[0]));
}

/* Dirty logs, newest first, each with the slot that it belongs to -------------- */

struct saved_log {
	const struct dirty_log *where; /* as the slots' pointers said */
	uint64_t npages, nr_words;
};

static void save_logs(struct copy *c, struct tdp_vm *vm)
{
	struct dirty_log *log;

	for (log = vm->dirty_logs; log; log = log->next) {
		struct saved_log saved = { log, log->npages, log->nr_words };

		part(c, &saved, sizeof(saved));
		part(c, log->words, log->nr_words * sizeof(log->words[0]));
	}
}

static void rename_log(struct tdp_vm *vm, const struct dirty_log *old,
		       struct dirty_log *new)
{
	unsigned int as_id;
	size_t i;

	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		for (i = 0; i < vm->slots[as_id].nr; i++)
			if (vm->slots[as_id].slots[i].dirty == old)
				vm->slots[as_id].slots[i].dirty = new;
}

/* The VM has no log now; make those of the checkpoint, oldest last. */
static void restore_logs(struct copy *c, struct tdp_vm *vm, unsigned int nr)
{
	struct dirty_log **link = &vm->dirty_logs;

	for (; nr && !c->failed; nr--) {
		struct saved_log saved = { 0 };
		struct dirty_log *log;

		part(c, &saved, sizeof(saved));
		log = malloc(sizeof(*log) +
			     saved.nr_words * sizeof(log->words[0]));
		c->failed = !log;
		if (!log)
			return;
		log->npages = saved.npages;
		log->nr_words = saved.nr_words;
		log->next = NULL;
		part(c, log->words, log->nr_words * sizeof(log->words[0]));
		rename_log(vm, saved.where, log);
		*link = log;
		link = &log->next;
	}
}

/* The whole -------------------------------------------------------------------- */

static void fixed_parts(struct copy *c, struct tdp_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		part(c, vm->vcpus[i], sizeof(*vm->vcpus[i]));
	part(c, vm->pages, (vm->pm.tables_next >> 12) * sizeof(vm->pages[0]));
	slots(c, vm);
}

static void save(struct copy *c, struct tdp_vm *vm)
{
	part(c, vm, sizeof(*vm));
	fixed_parts(c, vm);
	tracked(c, vm, vm->tracked.capacity);
	if (vm->shadow)
		shadow_arrays(c, vm);
	save_logs(c, vm);
}

int vm_checkpoint_save(const struct tdp_vm *vm,
		       const struct physmem_watch *watch,
		       struct vm_checkpoint *cp)
{
	/* Nothing is changed: the same code goes both ways. */
	struct tdp_vm *live = (struct tdp_vm *)vm;
	struct copy c = { .at = NULL };
	uint8_t *data;

	save(&c, live);
	if (c.size > cp->capacity) {
		data = realloc(cp->data, c.size);
		if (!data)
			return TDP_ENOMEM;
		cp->data = data;
		cp->capacity = c.size;
	}
	cp->size = c.size;
	cp->undo = watch->undo.nr;
	c = (struct copy){ .at = cp->data };
	save(&c, live);
	return watch->failed ? TDP_ENOMEM : TDP_OK;
}

/* What belongs to the VM's own memory, whatever its state. */
static void keep_memory(struct tdp_vm *vm, const struct tdp_vm *live)
{
	unsigned int i;

	for (i = 0; i < NR_ADDRESS_SPACES; i++) {
		vm->slots[i].slots = live->slots[i].slots;
		vm->slots[i].capacity = live->slots[i].capacity;
	}
	vm->mm.vmas = live->mm.vmas;
	vm->mm.capacity = live->mm.capacity;
	vm->private_gfns.ranges = live->private_gfns.ranges;
	vm->private_gfns.capacity = live->private_gfns.capacity;
	vm->gmems.files = live->gmems.files;
	vm->gmems.capacity = live->gmems.capacity;
	vm->tracked.slots = live->tracked.slots;
	vm->shadow = live->shadow;
	vm->tracer = live->tracer;
	vm->tracer_context = live->tracer_context;
	vm->dirty_logs = NULL;
}

int vm_checkpoint_restore(struct tdp_vm *vm, struct physmem_watch *watch,
			  const struct vm_checkpoint *cp)
{
	struct copy c = { .at = cp->data, .restore = true };
	struct tdp_vm live;
	bool had_shadow;

	dirty_log_finish(vm);
	live = *vm;
	physmem_undo(watch, &vm->pm, cp->undo);
	part(&c, vm, sizeof(*vm));
	had_shadow = vm->shadow;
	keep_memory(vm, &live);
	if (!had_shadow)
		shadow_finish(vm);
	fixed_parts(&c, vm);
	tracked(&c, vm, live.tracked.capacity);
	if (had_shadow && !c.failed)
		shadow_arrays(&c, vm);
	if (!c.failed)
		restore_logs(&c, vm, vm->nr_dirty_logs);
	return c.failed || watch->failed ? TDP_ENOMEM : TDP_OK;
}

void vm_checkpoint_finish(struct vm_checkpoint *cp)
{
	free(cp->data);
	*cp = (struct vm_checkpoint){ 0 };
}
