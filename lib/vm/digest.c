/* SPDX-License-Identifier: MIT */
#include "vm/digest.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "kvm/dirty_log.h"
#include "kvm/shadow.h"
#include "kvm/shadow_page.h"

/*
 * Whoever adds a member to the state of a VM has to decide whether it can be
 * observed, put it in below if so, and see that vm/checkpoint.c saves it.
 */
static_assert(sizeof(struct tdp_vcpu) - sizeof(struct tdp_nested_state) == 2784,
	      "new state: see above");
static_assert(sizeof(struct tdp_vm) == 1024, "new state: see above");
static_assert(sizeof(struct mmu_page) == 88, "new state: see above");

struct put {
	const struct tdp_vm *vm;
	const struct physmem_watch *watch;
	struct digest *d;
	bool roots; /* their numbers */
};

/* Pages ------------------------------------------------------------------------ */

/* Pages of the shadow MMU are named by their place in the list, newest first. */
static uint64_t shadow_name(const struct tdp_vm *vm, uint64_t hpa)
{
	uint32_t frame = (uint32_t)(hpa >> 12), i;
	uint64_t name = 1;

	if (!vm->shadow)
		return 0;
	for (i = vm->shadow->newest; i; i = vm->shadow->pages[i].older, name++)
		if (i == frame)
			return name;
	return 0;
}

static void put_table(const struct put *p, const struct mmu_page *page);

/*
 * Does it refer to a table?  A special page does by all that it holds, whatever
 * bits make an SPTE present.
 */
static bool refers(const struct put *p, const struct mmu_page *page,
		   uint64_t spte)
{
	if ((spte & SPTE_ADDRESS) >> 12 >= p->vm->nr_frames)
		return false;
	return page->kind == PAGE_SPECIAL ||
	       (spte_present(&p->vm->fmt, spte) &&
		!spte_leaf(spte, page->role.level));
}

/* An entry that is not the empty one; tables below are part of it. */
static void put_entry(const struct put *p, const struct mmu_page *page,
		      unsigned int index, uint64_t spte)
{
	const struct tdp_vm *vm = p->vm;
	uint64_t hpa = spte & SPTE_ADDRESS;
	const struct mmu_page *child;

	digest_put(p->d, index);
	if (!refers(p, page, spte)) {
		digest_put(p->d, spte);
		return;
	}
	digest_put(p->d, spte & ~SPTE_ADDRESS);
	child = page_at(vm, hpa);
	if (child->kind == PAGE_TDP)
		put_table(p, child);
	else
		digest_put(p->d, shadow_name(vm, hpa));
}

static void put_line(const struct put *p, const struct mmu_page *page,
		     unsigned int line)
{
	uint64_t empty = page->kind == PAGE_SPECIAL ? 0 : p->vm->fmt.nonpresent;
	uint64_t table = page_hpa(p->vm, page);
	unsigned int i;

	for (i = 8 * line; i < 8 * line + 8; i++) {
		uint64_t spte = physmem_read64(&p->vm->pm, table + 8 * i);

		if (spte != empty)
			put_entry(p, page, i, spte);
	}
}

static void put_entries(const struct put *p, const struct mmu_page *page)
{
	uint64_t lines = p->watch ? p->watch->written[page - p->vm->pages] :
				    UINT64_MAX;

	for (; lines; lines &= lines - 1)
		put_line(p, page, (unsigned int)__builtin_ctzll(lines));
	digest_put(p->d, UINT64_MAX);
}

static void put_table(const struct put *p, const struct mmu_page *page)
{
	digest_put(p->d, page->role_word);
	digest_put(p->d, page->gfn << 2 | page->nx_disallowed << 1 |
				 page->nx_tracked);
	put_entries(p, page);
}

static void put_tdp_roots(const struct put *p)
{
	const struct tdp_vm *vm = p->vm;
	uint32_t i;

	for (i = vm->first_root; i; i = vm->pages[i].next_root) {
		const struct mmu_page *root = &vm->pages[i];

		digest_put(p->d, (uint64_t)root->root_count << 32 |
					 root->memtype_key);
		digest_put(p->d, root->zap_scheduled);
		if (p->roots)
			digest_put(p->d, root->root_id);
		put_table(p, root);
	}
	digest_put(p->d, UINT64_MAX);
}

/* Where in the list of roots, which is in the order of creation. */
static uint64_t root_name(const struct tdp_vm *vm, uint64_t hpa)
{
	const struct mmu_page *page = root_page(vm, hpa);
	uint64_t name = 1;
	uint32_t i;

	if (!page)
		return hpa == INVALID_PAGE ? 0 : UINT64_MAX;
	if (page->kind == PAGE_SHADOW)
		return BIT(32) + shadow_name(vm, hpa);
	for (i = vm->first_root; i && &vm->pages[i] != page; name++)
		i = vm->pages[i].next_root;
	return name;
}

static void put_shadow_page(const struct put *p, uint32_t frame)
{
	const struct mmu_page *page = &p->vm->pages[frame];
	const struct shadow_page *s = &p->vm->shadow->pages[frame];
	unsigned int i;

	digest_put(p->d, page->gfn);
	digest_put(p->d, (uint64_t)page->role_word << 32 | page->root_count);
	digest_put(p->d, (uint64_t)s->write_flooding_count << 32 |
				 page->valid_gen << 8 |
				 page->nx_disallowed << 3 |
				 page->nx_tracked << 2 | s->unsync << 1 |
				 s->has_translation);
	if (p->roots)
		digest_put(p->d, page->root_id);
	for (i = 0; i < BITMAP_WORDS; i++)
		digest_put(p->d, s->unsync_child[i]);
	for (i = 0; i < SPTES_PER_PAGE && s->has_translation; i++)
		digest_put(p->d, s->translation[i]);
	put_entries(p, page);
}

static void put_shadow_mmu(const struct put *p)
{
	const struct shadow_mmu *shadow = p->vm->shadow;
	uint32_t i;

	digest_put(p->d, p->vm->mmu_pages_wanted);
	if (!shadow)
		return;
	digest_put(p->d, p->vm->valid_gen);
	digest_put(p->d, p->vm->mmu_pages_max);
	digest_put(p->d, (uint64_t)shadow->split_cache << 1 |
				 (shadow->dummy_root != 0));
	for (i = shadow->newest; i; i = shadow->pages[i].older)
		put_shadow_page(p, i);
	digest_put(p->d, UINT64_MAX);
}

static void put_nx(const struct put *p, const struct nx_list *list)
{
	const struct tdp_vm *vm = p->vm;
	uint32_t i;

	for (i = list->first; i; i = vm->pages[i].nx_next) {
		digest_put(p->d, vm->pages[i].gfn);
		digest_put(p->d, vm->pages[i].role_word);
	}
	digest_put(p->d, UINT64_MAX);
}

/* vCPUs ------------------------------------------------------------------------ */

static void put_sregs(struct digest *d, const struct tdp_sregs *s)
{
	unsigned int i;

	digest_put(d, s->cr0);
	digest_put(d, s->cr3);
	digest_put(d, s->cr4);
	digest_put(d, s->efer | (uint64_t)s->pdptrs_valid << 63);
	for (i = 0; i < 4; i++)
		digest_put(d, s->pdptr[i]);
}

static void put_mtrr(struct digest *d, const struct tdp_mtrr *m)
{
	unsigned int i, nr = m->cap & 0xff;

	digest_put(d, m->def_type);
	for (i = 0; i < TDP_NR_FIXED_MTRRS; i++)
		digest_put(d, m->fixed[i]);
	for (i = 0; i < nr && i < TDP_MAX_VARIABLE_MTRRS; i++) {
		digest_put(d, m->base[i]);
		digest_put(d, m->mask[i]);
	}
	digest_put(d, m->smrr_base);
	digest_put(d, m->smrr_mask);
}

static void put_cpuid(struct digest *d, const struct tdp_cpuid *c)
{
	digest_put(d, c->maxphyaddr | c->lm << 8 | c->nx << 9 |
			      c->gbpages << 10 | c->la57 << 11 | c->smep << 12 |
			      c->smap << 13 | c->pke << 14 | c->mtrr << 15);
}

static void put_mmu(const struct put *p, const struct mmu *mmu)
{
	unsigned int i;

	digest_put(p->d, (uint64_t)mmu->handler << 32 | mmu->root_word);
	digest_put(p->d, mmu->cpu_word);
	digest_put(p->d, mmu->guest_pgd);
	digest_put(p->d, root_name(p->vm, mmu->root.hpa));
	digest_put(p->d, mmu->root.pgd);
	for (i = 0; i < NR_PREV_ROOTS; i++) {
		digest_put(p->d, root_name(p->vm, mmu->prev[i].hpa));
		digest_put(p->d, mmu->prev[i].pgd);
	}
	if (mmu->pae_root | mmu->pml4_root | mmu->pml5_root) {
		const uint64_t special[] = { mmu->pae_root, mmu->pml4_root,
					     mmu->pml5_root };

		for (i = 0; i < ARRAY_SIZE(special); i++)
			if (special[i])
				put_entries(p, page_at(p->vm, special[i]));
	}
}

/* Whole words of plain data; what pads a structure was copied with it. */
static void put_raw(struct digest *d, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		digest_put(d, word);
		bytes += sizeof(word);
	}
	word = 0;
	memcpy(&word, bytes, size);
	digest_put(d, word);
}

static void put_nested(struct digest *d, const struct tdp_vcpu *vcpu)
{
	put_raw(d, &vcpu->nested, sizeof(vcpu->nested));
	put_raw(d, vcpu->nested_page, sizeof(vcpu->nested_page));
	digest_put(d, vcpu->has_vmcb12 ? vcpu->vmcb12 : UINT64_MAX);
	digest_put(d, vcpu->last_violation);
	digest_put(d, vcpu->last_exit_info);
	digest_put(d, vcpu->emulated_gpa);
	put_sregs(d, &vcpu->l1);
}

static void put_vmx(struct digest *d, const struct vcpu_vmx *vmx)
{
	digest_put(d, vmx->vmxon | vmx->smm_vmxon << 1 | vmx->has_vmptr << 2 |
			      vmx->launched << 3);
	digest_put(d, vmx->vmxon_ptr);
	digest_put(d, vmx->has_vmptr ? vmx->vmptr : UINT64_MAX);
	if (vmx->has_vmptr)
		put_raw(d, vmx->vmcs12, sizeof(vmx->vmcs12));
}

static void put_vcpu(const struct put *p, const struct tdp_vcpu *vcpu)
{
	struct digest *d = p->d;
	bool loaded = vcpu->mmu == &vcpu->guest_mmu;

	put_sregs(d, &vcpu->sregs);
	digest_put(d, vcpu->rflags);
	digest_put(d, vcpu->pkru);
	digest_put(d, vcpu->pat);
	put_mtrr(d, &vcpu->mtrr);
	put_cpuid(d, &vcpu->cpuid);
	digest_put(d, vcpu->mtrr_mask_written | vcpu->has_cpuid << 8 |
			      vcpu->has_run << 9 | vcpu->smm << 10 |
			      vcpu->guest_mode << 11 | vcpu->nested_tdp << 12 |
			      vcpu->pdptrs_from_userspace << 13 |
			      vcpu->nested_run_pending << 14 |
			      vcpu->smm_state.guest_mode << 16 | loaded << 17 |
			      vcpu->signal_pending << 18 |
			      vcpu->mmio_cached << 19 | vcpu->asleep << 20 |
			      vcpu->halted << 21);
	digest_put(d, vcpu->requests);
	digest_put(d, vcpu->signal_after);
	digest_put(d, vcpu->last_vpid | vcpu->pml12_full << 16 |
			      (uint64_t)vcpu->vmcs12.instruction_error << 32);
	digest_put(d, vcpu->vmcs12.exit_reason);
	digest_put(d, vcpu->vmcs12.exit_qualification);
	digest_put(d, vcpu->vmcs12.guest_physical_address);
	digest_put(d,
		   vcpu->vmcs12.exit_intr_info |
			   (uint64_t)vcpu->vmcs12.exit_intr_error_code << 32);
	if (vcpu->mmio_cached) {
		digest_put(d, vcpu->mmio_gfn);
		digest_put(d, vcpu->mmio_gva);
		digest_put(d, vcpu->mmio_gen);
		digest_put(d, vcpu->mmio_access);
	}
	if (vcpu->vmx.vmxon || vcpu->vmx.smm_vmxon)
		put_vmx(d, &vcpu->vmx);
	digest_put(d, vcpu->smbase);
	digest_put(d, vcpu->hsave_pa);
	/* Before the first nested operation all of it is zero. */
	if (vcpu->guest_mmu.handler) {
		put_nested(d, vcpu);
		put_mmu(p, &vcpu->guest_mmu);
		digest_put(d, vcpu->nested_mmu.cpu_word);
	} else if (vcpu->guest_mode || vcpu->smm_state.guest_mode) {
		put_nested(d, vcpu);
	}
	put_mmu(p, &vcpu->root_mmu);
}

/* Memory ----------------------------------------------------------------------- */

static void put_slots(const struct put *p, const struct memslots *slots)
{
	size_t i;

	digest_put(p->d, slots->generation);
	for (i = 0; i < slots->nr; i++) {
		const struct memslot *s = &slots->slots[i];

		digest_put(p->d, s->id | (uint64_t)s->readonly << 32 |
					 (uint64_t)s->dirty_log << 33 |
					 (uint64_t)s->invalid << 34 |
					 (uint64_t)s->unflushed << 35 |
					 (uint64_t)s->gmem_only << 36);
		digest_put(p->d, s->base_gfn);
		digest_put(p->d, s->npages);
		digest_put(p->d, s->hva);
		if (s->gmem) {
			digest_put(p->d, s->gmem);
			digest_put(p->d, s->gmem_page);
		}
	}
	digest_put(p->d, UINT64_MAX);
}

/* Files are numbered, and where they lie can't be seen. */
static void put_private(const struct put *p)
{
	const struct tdp_vm *vm = p->vm;
	size_t i;

	digest_put(p->d, vm->type);
	digest_put(p->d, vm->disabled_quirks);
	digest_put(p->d, vm->quirks_taken);
	for (i = 0; i < vm->private_gfns.nr; i++) {
		digest_put(p->d, vm->private_gfns.ranges[i].start);
		digest_put(p->d, vm->private_gfns.ranges[i].end);
	}
	digest_put(p->d, UINT64_MAX);
	for (i = 0; i < vm->gmems.nr; i++) {
		digest_put(p->d, vm->gmems.files[i].size);
		digest_put(p->d, vm->gmems.files[i].flags);
	}
	digest_put(p->d, UINT64_MAX);
}

static void put_host(const struct put *p)
{
	const struct hostmm *mm = &p->vm->mm;
	uint32_t area = 0;
	size_t i;

	for (i = 0; i < mm->nr; i++) {
		const struct vma *v = &mm->vmas[i];

		digest_put(p->d, v->start);
		digest_put(p->d, v->end);
		digest_put(p->d, v->hpa);
		digest_put(p->d, v->backing | v->read_only << 8 |
					 v->small << 9 | v->no_fault << 11 |
					 v->gmem << 12 | v->tables << 13 |
					 (v->area == area) << 10 |
					 (uint64_t)v->mapped << 16);
		area = v->area;
	}
	digest_put(p->d, UINT64_MAX);
	/* Where the next mapping will go, and the next frame come from. */
	digest_put(p->d, mm->next_hva);
	digest_put(p->d, p->vm->pm.ram_next);
}

static void put_log(const struct put *p, const struct memslot *slot)
{
	uint64_t i;

	for (i = 0; slot->dirty && i < slot->dirty->nr_words; i++)
		if (slot->dirty->words[i]) {
			digest_put(p->d, i);
			digest_put(p->d, slot->dirty->words[i]);
		}
	digest_put(p->d, UINT64_MAX);
}

static void put_logs(const struct put *p)
{
	unsigned int as_id;
	size_t i;

	digest_put(p->d, p->vm->dirty_protect);
	if (!p->vm->nr_dirty_logs)
		return;
	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		for (i = 0; i < p->vm->slots[as_id].nr; i++)
			put_log(p, &p->vm->slots[as_id].slots[i]);
}

/* The order of lines does not matter: each is mixed, all are added up. */
static void add_line(struct digest *sum, const struct tdp_vm *vm, uint64_t hpa)
{
	struct digest line = DIGEST_INIT;
	unsigned int i;

	digest_put(&line, hpa);
	for (i = 0; i < LINE_SIZE; i += 8)
		digest_put(&line, physmem_read64(&vm->pm, hpa + i));
	line = digest_end(&line);
	sum->a += line.a;
	sum->b += line.b;
}

static void sum_changed(const struct put *p, struct digest *sum)
{
	size_t i;

	for (i = 0; i < p->watch->ram.nr; i++) {
		const struct physmem_line *line = &p->watch->ram.items[i];

		if (memcmp(p->vm->pm.base + line->hpa, line->old, LINE_SIZE) !=
		    0)
			add_line(sum, p->vm, line->hpa);
	}
}

static void sum_frame(const struct put *p, struct digest *sum, uint64_t hpa)
{
	static const uint8_t zero[LINE_SIZE];
	uint64_t end = hpa + FRAME_SIZE;

	for (; hpa < end; hpa += LINE_SIZE)
		if (memcmp(p->vm->pm.base + hpa, zero, LINE_SIZE) != 0)
			add_line(sum, p->vm, hpa);
}

/* Frames that were never touched are not resident, and stay so. */
static void sum_resident(const struct put *p, struct digest *sum)
{
	enum { STEP = 4096 };
	const struct physmem *pm = &p->vm->pm;
	uint64_t hpa = pm->tables_end, i, nr;
	unsigned char resident[STEP];

	for (; hpa < pm->ram_next; hpa += nr * FRAME_SIZE) {
		nr = min_u64(STEP, (pm->ram_next - hpa + FRAME_MASK) >> 12);
		if (mincore(pm->base + hpa, nr * FRAME_SIZE, resident))
			memset(resident, 1, sizeof(resident));
		for (i = 0; i < nr; i++)
			if (resident[i] & 1)
				sum_frame(p, sum, hpa + i * FRAME_SIZE);
	}
}

static void put_ram(const struct put *p)
{
	struct digest sum = { 0 };

	if (p->watch)
		sum_changed(p, &sum);
	else
		sum_resident(p, &sum);
	digest_put(p->d, sum.a);
	digest_put(p->d, sum.b);
}

/* The whole -------------------------------------------------------------------- */

static void put_counters(const struct put *p)
{
	const struct tdp_vm_stats *s = &p->vm->stats;

	digest_put(p->d, s->tlb_flushes);
	digest_put(p->d, s->zaps);
	digest_put(p->d, s->mmu_pages);
}

void vm_digest(const struct tdp_vm *vm, const struct physmem_watch *watch,
	       unsigned int flags, struct digest *d)
{
	const struct put p = {
		.vm = vm,
		.watch = watch,
		.d = d,
		.roots = flags & VM_DIGEST_ROOTS,
	};
	unsigned int i;

	digest_put(d, (uint64_t)vm->noncoherent_dma << 1 | vm->has_run);
	digest_put(d, vm->ended);
	digest_put(d, vm->invalidations);
	if (vm->invalidations) {
		digest_put(d, vm->invalidate_start);
		digest_put(d, vm->invalidate_end);
	}
	put_tdp_roots(&p);
	put_shadow_mmu(&p);
	for (i = 0; i < ARRAY_SIZE(vm->nx); i++)
		put_nx(&p, &vm->nx[i]);
	for (i = 0; i < vm->nr_vcpus; i++)
		put_vcpu(&p, vm->vcpus[i]);
	for (i = 0; i < NR_ADDRESS_SPACES; i++)
		put_slots(&p, &vm->slots[i]);
	put_private(&p);
	put_host(&p);
	put_logs(&p);
	put_ram(&p);
	if (p.roots)
		digest_put(d, vm->next_root_id);
	if (flags & VM_DIGEST_COUNTERS)
		put_counters(&p);
}

void fault_digest(const struct fault *f, struct digest *d)
{
	digest_put(d, f->addr);
	digest_put(d, f->error_code);
	digest_put(d, f->gfn);
	digest_put(d, f->pfn);
	digest_put(d, f->invalidate_seq == f->vm->invalidate_seq);
	digest_put(d, f->prefetch | f->is_private << 4 | f->no_slot << 1 |
			      f->host_writable << 2 | f->host_mmio << 3 |
			      f->from_gmem << 5 | f->level_limit << 8 |
			      f->max_level << 16 | f->host_level << 24 |
			      (uint64_t)f->map_access << 32);
	digest_put(d, f->why);
	if (f->slot) {
		digest_put(d, f->slot->id | (uint64_t)f->slot->as_id << 32 |
				      (uint64_t)f->slot->invalid << 33 |
				      (uint64_t)f->slot->readonly << 34 |
				      (uint64_t)f->slot->dirty_log << 35 |
				      (uint64_t)f->slot->gmem_only << 36);
		digest_put(d, f->slot->base_gfn);
		digest_put(d, f->slot->npages);
		digest_put(d, f->slot->hva);
		digest_put(d, f->slot->gmem);
		digest_put(d, f->slot->gmem_page);
	}
}
