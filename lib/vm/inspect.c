/* SPDX-License-Identifier: MIT */
/* Looking at a VM from outside: roots, entries, counts. */
#include "kvm/lookup.h"
#include "kvm/nx.h"
#include "kvm/shadow.h"
#include "tdpsim/vcpu.h"

/* Count tables and present leaves from @page down. */
static void count_below(const struct tdp_vm *vm, uint64_t table,
			unsigned int level, struct tdp_root_info *info)
{
	unsigned int i;

	info->pages++;
	for (i = 0; i < SPTES_PER_PAGE; i++) {
		uint64_t spte = physmem_read64(&vm->pm, table + 8 * i);

		if (!spte_present(&vm->fmt, spte))
			continue;
		if (spte_leaf(spte, level))
			info->leaves++;
		else
			count_below(vm, spte & SPTE_ADDRESS, level - 1, info);
	}
}

static void describe(const struct tdp_vm *vm, const struct mmu_page *root,
		     struct tdp_root_info *info)
{
	*info = (struct tdp_root_info){
		.id = root->root_id,
		.role = root->role_word,
		.as_id = role_as_id(&root->role),
		.tdp = root->kind == PAGE_TDP,
		.valid = !root->role.invalid,
		.refcount = root->root_count,
		.hpa = page_hpa(vm, root),
	};
	count_below(vm, info->hpa, root->role.level, info);
}

static const struct mmu_page *tdp_root_after(const struct tdp_vm *vm,
					     unsigned int root_id)
{
	const struct mmu_page *found = NULL;
	uint32_t i;

	/* Numbers go down along the list. */
	for (i = vm->first_root; i && vm->pages[i].root_id > root_id;
	     i = vm->pages[i].next_root)
		found = &vm->pages[i];
	return found;
}

static const struct mmu_page *root_after(const struct tdp_vm *vm,
					 unsigned int root_id)
{
	const struct mmu_page *root = tdp_root_after(vm, root_id);
	const struct mmu_page *shadow = shadow_root_after(vm, root_id);

	if (!root || (shadow && shadow->root_id < root->root_id))
		root = shadow;
	return root;
}

bool tdp_vm_root_next(const struct tdp_vm *vm, unsigned int after,
		      struct tdp_root_info *info)
{
	const struct mmu_page *root = root_after(vm, after);

	if (!root)
		return false;
	describe(vm, root, info);
	return true;
}

unsigned int tdp_vm_get_sptes(const struct tdp_vm *vm, unsigned int root_id,
			      tdp_gpa gpa, struct tdp_spte_info path[5])
{
	const struct mmu_page *root;
	struct lookup found;
	unsigned int i;

	root = root_id ? root_after(vm, root_id - 1) : NULL;
	if (!root || root->root_id != root_id)
		return 0;
	lookup_from(vm, page_hpa(vm, root), root->role.level, gpa.addr, &found);
	for (i = 0; i < found.nr; i++) {
		uint64_t spte = found.step[i].spte;
		bool present = spte_present(&vm->fmt, spte);

		path[i] = (struct tdp_spte_info){
			.level = found.step[i].level,
			.hpa = found.step[i].hpa,
			.spte = spte,
			.present = present,
			.leaf = present && spte_leaf(spte, found.step[i].level),
			.mmio = spte_is_mmio(&vm->fmt, spte),
		};
	}
	return found.nr;
}

void tdp_vm_get_stats(const struct tdp_vm *vm, struct tdp_vm_stats *stats)
{
	*stats = vm->stats;
	stats->noncoherent_dma = vm->noncoherent_dma;
	stats->nx_thread = nx_thread_runs(vm);
}

static unsigned int root_id_at(const struct tdp_vm *vm, uint64_t hpa)
{
	const struct mmu_page *page = root_page(vm, hpa);

	return page ? page->root_id : 0;
}

void tdp_vcpu_get_state(const struct tdp_vcpu *vcpu,
			struct tdp_vcpu_state *state)
{
	const struct tdp_vm *vm = vcpu->vm;
	const struct mmu *mmu = vcpu->mmu;
	unsigned int i;

	*state = (struct tdp_vcpu_state){
		.id = vcpu->id,
		.smm = vcpu->smm,
		.guest_mode = vcpu->guest_mode,
		.has_run = vcpu->has_run,
		.cpu_role = mmu->cpu_word,
		.root_role = mmu->root_word,
		.root_id = root_id_at(vm, mmu->root.hpa),
		.nested_pages_pending = vcpu->requests &
					1u << REQ_GET_NESTED_STATE_PAGES,
		.obsolete_roots_pending = vcpu->requests &
					  1u << REQ_MMU_FREE_OBSOLETE_ROOTS,
		.signal_pending = vcpu->signal_pending,
		.vmcs12 = vcpu->vmcs12,
	};
	state->vmcs12.pml_index = vcpu->nested.pml_index;
	state->vmcs12.ept_pointer = vcpu->nested.tdp_root;
	for (i = 0; i < NR_PREV_ROOTS; i++)
		state->prev_root_id[i] = root_id_at(vm, mmu->prev[i].hpa);
}
