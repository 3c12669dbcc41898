/* SPDX-License-Identifier: MIT */
/*
 * The shadow MMU where recordings do not reach: quota, roots that can't be
 * loaded, emulated writes, INVLPG, long chains, pre-faults by linear address.
 */
#include "kvm/shadow.h"

#include <errno.h>
#include <stdlib.h>

#include "kvm/lookup.h"
#include "kvm/shadow_page.h"
#include "support/machine.h"

#define PML4 UINT64_C(0x100000)
#define PDPT UINT64_C(0x101000)
#define PD   UINT64_C(0x102000)
#define PT0  UINT64_C(0x103000) /* maps 0..2M onto itself */
#define PT1  UINT64_C(0x104000) /* maps 2M..4M onto itself */

/* A guest without TDP, with 16 MiB and 4-level tables for the first 4. */
static void start(struct machine *m, const char *profile)
{
	machine_init(m, TDP_AMD, profile);
	m->host.memory = 512 * MIB;
	m->host.table_memory = 32 * MIB;
	machine_set(m, "tdp", "off");
	machine_start(m);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(m, 40);
}

static void long_mode(struct machine *m)
{
	machine_poke(m, PML4, PDPT | 7);
	machine_poke(m, PDPT, PD | 7);
	machine_poke(m, PD, PT0 | 7);
	machine_poke(m, PD + 8, PT1 | 7);
	for (uint64_t i = 0; i < 512; i++) {
		machine_poke(m, PT0 + 8 * i, i << 12 | 0x67);
		machine_poke(m, PT1 + 8 * i, (i + 512) << 12 | 0x67);
	}
	machine_long_mode(m, PML4);
}

static void start_long(struct machine *m, const char *profile)
{
	start(m, profile);
	long_mode(m);
}

static uint64_t last_spte(const struct machine *m, uint64_t addr)
{
	struct lookup path;

	lookup_sptes(m->vm, m->vcpu->mmu, addr, &path);
	return path.nr ? path.step[path.nr - 1].spte : 0;
}

static bool is_mapped(const struct machine *m, uint64_t addr)
{
	struct lookup path;
	uint64_t spte;

	lookup_sptes(m->vm, m->vcpu->mmu, addr, &path);
	spte = path.nr ? path.step[path.nr - 1].spte : 0;
	return spte_present(&m->vm->fmt, spte) &&
	       spte_leaf(spte, path.step[path.nr - 1].level);
}

static void assert_outcome(struct machine *m, enum tdp_access_kind kind,
			   uint64_t addr, enum tdp_outcome expected)
{
	enum tdp_outcome outcome = machine_access(m, kind, addr);

	if (outcome != expected)
		fail_msg("%#jx: expected %s, got %s", (uintmax_t)addr,
			 tdp_outcome_name(expected), tdp_outcome_name(outcome));
}

/* Quota ------------------------------------------------------------------------ */

static void no_memslots_no_pages(void **state)
{
	static const char *const off[] = { "tdp", "tdp_mmu" };
	struct machine m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		machine_init(&m, TDP_AMD, "v6.12");
		machine_set(&m, off[i], "off");
		machine_start(&m);
		machine_vcpu(&m, 40);
		assert_int_equal(machine_prefault(&m, 0, 0x1000), -ENOSPC);
		assert_int_equal(m.result.reason, TDP_WHY_NO_MMU_PAGES);
		machine_end(&m);
	}
}

/* 16 MiB give 81 pages; each 2 MiB of MMIO wants one more. */
static void quota_evicts_the_oldest(void **state)
{
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	for (uint64_t i = 0; i < 200; i++) {
		assert_outcome(&m, TDP_READ, GIB + i * 2 * MIB,
			       TDP_OUTCOME_MMIO);
		assert_in_range(shadow_used_pages(m.vm), 1, 81);
	}
	assert_true(spte_is_mmio(&m.vm->fmt, last_spte(&m, GIB + 398 * MIB)));
	assert_false(spte_is_mmio(&m.vm->fmt, last_spte(&m, GIB)));
	machine_end(&m);
}

static void quota_follows_the_memslots(void **state)
{
	const struct tdp_memslot gone = { .slot = 0 };
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	assert_int_equal(m.vm->mmu_pages_max, 4096 / 50);
	machine_slot(&m, 1, 0, GIB, 64 * MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(m.vm->mmu_pages_max, (4096 + 16384) / 50);
	assert_int_equal(tdp_vm_set_memslot(m.vm, &gone, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.vm->mmu_pages_max, 16384 / 50);
	machine_end(&m);
}

static void table_memory_runs_out(void **state)
{
	struct machine m;
	int ret = TDP_OK;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	m.host.memory = 512 * MIB;
	m.host.table_memory = 64 * KIB;
	machine_set(&m, "tdp", "off");
	machine_start(&m);
	machine_slot(&m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(&m, 40);
	for (uint64_t i = 0; i < 40 && !ret; i++) {
		const struct tdp_access access = {
			.gva = TDP_GVA(GIB + i * 2 * MIB),
		};

		ret = tdp_vcpu_access(m.vcpu, &access, &m.result, &m.err);
		assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	}
	assert_int_equal(ret, TDP_ELIMIT);
	machine_end(&m);
}

/* Roots --------------------------------------------------------------------------- */

static void invisible_root_was_a_triple_fault(void **state)
{
	struct machine m;

	(void)state;
	start(&m, "v6.1");
	machine_long_mode(&m, GIB);
	assert_outcome(&m, TDP_READ, 0x1000, TDP_OUTCOME_SHUTDOWN);
	assert_int_equal(m.result.reason, TDP_WHY_ROOT_INVISIBLE);
	assert_true(m.vcpu->mmu->root.hpa == INVALID_PAGE);
	machine_end(&m);
}

/* The guest faults on the dummy root; a slot that appears replaces it. */
static void dummy_root_goes_when_the_table_appears(void **state)
{
	struct machine m;
	uint64_t dummy;

	(void)state;
	start(&m, "v6.12");
	machine_long_mode(&m, GIB);
	assert_outcome(&m, TDP_READ, 0x1000, TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.error_code, 0);
	dummy = m.vcpu->mmu->root.hpa;
	assert_null(root_page(m.vm, dummy));
	machine_slot(&m, 1, 0, GIB, MIB, TDP_BACKING_ANONYMOUS);
	machine_poke(&m, GIB, (GIB + 0x1000) | 7);
	machine_poke(&m, GIB + 0x1000, (GIB + 0x2000) | 7);
	machine_poke(&m, GIB + 0x2000, 0x83);
	assert_outcome(&m, TDP_READ, 0x1000, TDP_OUTCOME_DONE);
	assert_true(m.vcpu->mmu->root.hpa != dummy);
	machine_end(&m);
}

/* Two roots in prev_roots: coming back needs no new page. */
static void cr3_back_reuses_the_root(void **state)
{
	struct machine m;
	unsigned int id;

	(void)state;
	start_long(&m, "v6.12");
	machine_poke(&m, 0x110000, PDPT | 7);
	assert_outcome(&m, TDP_READ, 0x200000, TDP_OUTCOME_DONE);
	id = page_at(m.vm, m.vcpu->mmu->root.hpa)->root_id;
	assert_int_equal(
		tdp_vcpu_write_reg(m.vcpu, TDP_REG_CR3, 0x110000, &m.result),
		TDP_OK);
	assert_outcome(&m, TDP_READ, 0x200000, TDP_OUTCOME_DONE);
	assert_int_not_equal(page_at(m.vm, m.vcpu->mmu->root.hpa)->root_id, id);
	assert_int_equal(
		tdp_vcpu_write_reg(m.vcpu, TDP_REG_CR3, PML4, &m.result),
		TDP_OK);
	assert_outcome(&m, TDP_READ, 0x200000, TDP_OUTCOME_DONE);
	assert_int_equal(page_at(m.vm, m.vcpu->mmu->root.hpa)->root_id, id);
	assert_int_equal(m.result.exits, 0);
	machine_end(&m);
}

/* Emulated writes -------------------------------------------------------------------- */

/* What a write to PD, whose entry 1 leads to PT1, does to shadow pages. */
static const struct write_row {
	const char *name;
	uint64_t gpa;
	unsigned int size;
	unsigned int times;
	bool entry_goes;
	bool page_goes;
} write_rows[] = {
	{ "the_entry", PD + 8, 8, 1, true, false },
	{ "another_entry", PD + 16, 8, 1, false, false },
	{ "low_half_counts_as_all", PD + 8, 4, 1, true, false },
	{ "high_half_counts_as_all", PD + 12, 4, 1, true, false },
	{ "first_byte", PD + 8, 1, 1, true, false },
	{ "inner_byte_is_misaligned", PD + 9, 1, 1, true, true },
	{ "two_bytes_are_misaligned", PD + 8, 2, 1, true, true },
	{ "across_entries_is_misaligned", PD + 20, 8, 1, true, true },
	{ "twice_is_no_flood", PD + 16, 8, 2, false, false },
	{ "third_write_is_a_flood", PD + 16, 8, 3, true, true },
};

static void emulated_write(void **state)
{
	const struct write_row *r = *state;
	struct machine m;

	start_long(&m, "v6.12");
	assert_outcome(&m, TDP_READ, 0x200000, TDP_OUTCOME_DONE);
	for (unsigned int i = 0; i < r->times; i++)
		shadow_track_write(m.vcpu, r->gpa, r->size);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_int_equal(is_mapped(&m, 0x200000), !r->entry_goes);
	assert_int_equal(!shadow_first_on(m.vm, PD >> 12), r->page_goes);
	machine_end(&m);
}

/* Upper tables are written through the emulator, which zaps what they map. */
static void write_to_upper_table_is_emulated(void **state)
{
	const struct tdp_access clear = {
		.gva = TDP_GVA(PD + 8),
		.kind = TDP_WRITE,
		.size = 8,
	};
	struct machine m;

	(void)state;
	start_long(&m, "v6.12");
	assert_outcome(&m, TDP_READ, 0x200000, TDP_OUTCOME_DONE);
	assert_int_equal(tdp_vcpu_access(m.vcpu, &clear, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_EMULATE);
	assert_outcome(&m, TDP_READ, 0x200000, TDP_OUTCOME_GUEST_FAULT);
	machine_end(&m);
}

static void unprotected_table_can_be_written(void **state)
{
	struct machine m;

	(void)state;
	start_long(&m, "v6.12");
	assert_outcome(&m, TDP_READ, 0x200000, TDP_OUTCOME_DONE);
	assert_false(shadow_unprotect_gfn(m.vm, 0x300));
	assert_true(shadow_unprotect_gfn(m.vm, PT1 >> 12));
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_false(is_mapped(&m, 0x200000));
	machine_end(&m);
}

/* Out of sync -------------------------------------------------------------------------- */

/* The guest unmaps 0x200000 in its level-1 table, which is unsync by then. */
static void unmap_by_guest(struct machine *m)
{
	const struct tdp_access clear = {
		.gva = TDP_GVA(PT1),
		.kind = TDP_WRITE,
		.size = 8,
	};

	assert_outcome(m, TDP_READ, 0x200000, TDP_OUTCOME_DONE);
	assert_int_equal(tdp_vcpu_access(m->vcpu, &clear, &m->result, &m->err),
			 TDP_OK);
	assert_int_equal(m->result.outcome, TDP_OUTCOME_DONE);
	assert_true(is_mapped(m, 0x200000));
}

static void unsync_until_flush(void **state)
{
	struct machine m;

	(void)state;
	start_long(&m, "v6.12");
	unmap_by_guest(&m);
	shadow_flush_guest(m.vcpu);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_false(is_mapped(&m, 0x200000));
	assert_true(is_mapped(&m, 0x201000));
	/* In sync again: write-protected, the next write makes it unsync. */
	assert_outcome(&m, TDP_WRITE, PT1 + 8, TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 1);
	machine_end(&m);
}

static void invlpg_syncs_one_entry(void **state)
{
	struct machine m;

	(void)state;
	start_long(&m, "v6.12");
	unmap_by_guest(&m);
	shadow_invalidate_addr(m.vcpu, m.vcpu->mmu, 0x200000);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_false(is_mapped(&m, 0x200000));
	assert_true(is_mapped(&m, 0x201000));
	/* The page stays unsync: no exit. */
	assert_outcome(&m, TDP_WRITE, PT1 + 8, TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 0);
	machine_end(&m);
}

/* A PTE that becomes read-only: the SPTE follows at the flush. */
static void sync_takes_rights(void **state)
{
	const struct tdp_access write = {
		.gva = TDP_GVA(PT1 + 8),
		.kind = TDP_WRITE,
		.size = 8,
		.value = 0x201065,
	};
	struct machine m;

	(void)state;
	start_long(&m, "v6.12");
	assert_outcome(&m, TDP_WRITE, 0x201000, TDP_OUTCOME_DONE);
	assert_true(spte_writable(last_spte(&m, 0x201000)));
	assert_int_equal(tdp_vcpu_access(m.vcpu, &write, &m.result, &m.err),
			 TDP_OK);
	shadow_flush_guest(m.vcpu);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_true(is_mapped(&m, 0x201000));
	assert_false(spte_writable(last_spte(&m, 0x201000)));
	assert_outcome(&m, TDP_WRITE, 0x201000, TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.error_code, 0x3);
	assert_int_equal(m.result.reason, TDP_WHY_GUEST_PTE_FORBIDS);
	machine_end(&m);
}

/* More than a batch of unsync tables: all are in sync after one flush. */
static void many_unsync_tables(void **state)
{
	struct machine m;

	(void)state;
	start_long(&m, "v6.12");
	for (uint64_t i = 0; i < 40; i++) {
		uint64_t pt = 0x200000 + (i << 12);

		machine_poke(&m, PD + 16 + 8 * i, pt | 7);
		machine_poke(&m, pt, 0x300067);
		assert_outcome(&m, TDP_READ, (2 + i) * 2 * MIB,
			       TDP_OUTCOME_DONE);
	}
	for (uint64_t i = 0; i < 40; i++) {
		const struct tdp_access clear = {
			.gva = TDP_GVA(0x200000 + (i << 12)),
			.kind = TDP_WRITE,
			.size = 8,
		};

		assert_int_equal(
			tdp_vcpu_access(m.vcpu, &clear, &m.result, &m.err),
			TDP_OK);
		assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
	}
	shadow_flush_guest(m.vcpu);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	for (uint64_t i = 0; i < 40; i++)
		assert_false(is_mapped(&m, (2 + i) * 2 * MIB));
	machine_end(&m);
}

/* Large pages, chains, zapping ------------------------------------------------------------ */

/* A guest's 2M page on 2M memory is one SPTE, until a table lies in it. */
static void huge_pages_stay_off_tables(void **state)
{
	struct tdp_vm_stats stats;
	struct machine m;

	(void)state;
	start_long(&m, "v6.12");
	machine_slot(&m, 1, 0, GIB, 4 * MIB, TDP_BACKING_THP);
	machine_poke(&m, PD + 16, GIB | 0xe7);
	assert_outcome(&m, TDP_WRITE, 4 * MIB, TDP_OUTCOME_DONE);
	tdp_vm_get_stats(m.vm, &stats);
	assert_int_equal(stats.pages_2m, 1);
	/* The guest puts a table into it. */
	machine_poke(&m, GIB + 0x5000, 0x300067);
	machine_poke(&m, PD + 24, (GIB + 0x5000) | 7);
	assert_outcome(&m, TDP_READ, 6 * MIB, TDP_OUTCOME_DONE);
	assert_false(spte_writable(last_spte(&m, 4 * MIB)));
	assert_outcome(&m, TDP_WRITE, 4 * MIB, TDP_OUTCOME_DONE);
	tdp_vm_get_stats(m.vm, &stats);
	assert_int_equal(stats.pages_2m, 0);
	machine_end(&m);
}

/* One frame mapped more than 1000 times: the chain is zapped. */
static void long_chain_is_zapped(void **state)
{
	struct machine m;
	const struct rmap_head *head;

	(void)state;
	start_long(&m, "v6.12");
	for (uint64_t i = 0; i < 3 * 512; i++) {
		if (i % 512 == 0)
			machine_poke(&m, PD + 16 + 8 * (i / 512),
				     (0x200000 + (i / 512 << 12)) | 7);
		machine_poke(&m, 0x200000 + 8 * i, 0x300067);
	}
	for (uint64_t i = 0; i < 1008; i += 8)
		assert_outcome(&m, TDP_READ, 4 * MIB + (i << 12),
			       TDP_OUTCOME_DONE);
	head = rmap_find(&m.vm->shadow->rmap, 0, 1, 0x300);
	assert_in_range(head ? head->nr : 0, 0, 8);
	machine_end(&m);
}

/* A failing page is taken away alone; munmap() would cut its VMA. */
static void unmapped_memory_leaves_no_leaf(void **state)
{
	struct machine m;

	(void)state;
	start_long(&m, "v6.12");
	assert_outcome(&m, TDP_READ, 0x300000, TDP_OUTCOME_DONE);
	assert_int_equal(machine_back(m.vm, 0x300000, 0x1000,
				      TDP_BACKING_HWPOISON, &m.err),
			 TDP_OK);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_false(is_mapped(&m, 0x300000));
	assert_true(is_mapped(&m, 0x301000));
	machine_end(&m);
}

static void deleted_slot_takes_its_tables(void **state)
{
	static const char *const zap_all[] = { "on", "off" };
	const struct tdp_memslot gone = { .slot = 1 };
	struct machine m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(zap_all); i++) {
		machine_init(&m, TDP_AMD, "v6.12");
		machine_set(&m, "tdp", "off");
		machine_set(&m, "quirk.slot_zap_all", zap_all[i]);
		machine_start(&m);
		machine_slot(&m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
		machine_slot(&m, 1, 0, GIB, MIB, TDP_BACKING_ANONYMOUS);
		machine_vcpu(&m, 40);
		long_mode(&m);
		machine_poke(&m, PD + 16, GIB | 7);
		machine_poke(&m, GIB, 0x300067);
		assert_outcome(&m, TDP_READ, 4 * MIB, TDP_OUTCOME_DONE);
		assert_int_equal(
			tdp_vm_set_memslot(m.vm, &gone, &m.result, &m.err),
			TDP_OK);
		assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
		assert_null(shadow_first_on(m.vm, GIB >> 12));
		assert_outcome(&m, TDP_READ, 4 * MIB, TDP_OUTCOME_GUEST_FAULT);
		machine_end(&m);
	}
}

/* Pre-fault by linear address ---------------------------------------------------------------- */

static void start_prefault(struct machine *m)
{
	machine_init(m, TDP_AMD, "v6.12");
	machine_set(m, "tdp", "off");
	machine_set(m, "prefault.shadow", "gva");
	machine_start(m);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(m, 40);
	long_mode(m);
}

static void prefault_spares_faults(void **state)
{
	struct machine m;

	(void)state;
	start_prefault(&m);
	assert_int_equal(machine_prefault(&m, 0x200000, 0x1000), 0);
	assert_true(is_mapped(&m, 0x200000));
	/* A read fault of nobody: the guest's entry was dirty, so W and D. */
	assert_int_equal(last_spte(&m, 0x200000) & ~SPTE_ADDRESS, 0xe47);
	assert_outcome(&m, TDP_WRITE, 0x200000, TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 0);
	machine_end(&m);
}

static void prefault_needs_the_guests_entries(void **state)
{
	struct machine m;

	(void)state;
	start_prefault(&m);
	assert_int_equal(machine_prefault(&m, GIB, 0x1000), -ENOENT);
	assert_int_equal(m.result.reason, TDP_WHY_GUEST_PTE_ABSENT);
	assert_int_equal(m.result.vector, 0);
	/* A reserved bit: the entry is there, and forbids. */
	machine_poke(&m, PT1, BIT(45) | 0x200067);
	assert_int_equal(machine_prefault(&m, 0x200000, 0x1000), -EFAULT);
	assert_int_equal(m.result.reason, TDP_WHY_GUEST_PTE_FORBIDS);
	machine_end(&m);
}

/* Want of memory ------------------------------------------------------------------------------- */

static void *nomem_setup(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	start_long(m, "v6.12");
	return m;
}

static int nomem_attempt(void *context)
{
	const struct tdp_access access = { .gva = TDP_GVA(0x200000) };
	struct machine *m = context;

	return tdp_vcpu_access(m->vcpu, &access, &m->result, &m->err);
}

static void nomem_teardown(void *context)
{
	struct machine *m = context;

	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
	machine_end(m);
	free(m);
}

static void first_fault_without_memory(void **state)
{
	static const struct nomem test = {
		.setup = nomem_setup,
		.attempt = nomem_attempt,
		.teardown = nomem_teardown,
	};

	(void)state;
	nomem_check(&test);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(no_memslots_no_pages),
		CASE(quota_evicts_the_oldest),
		CASE(quota_follows_the_memslots),
		CASE(table_memory_runs_out),
		CASE(invisible_root_was_a_triple_fault),
		CASE(dummy_root_goes_when_the_table_appears),
		CASE(cr3_back_reuses_the_root),
		ROWS(write_rows, emulated_write),
		CASE(write_to_upper_table_is_emulated),
		CASE(unprotected_table_can_be_written),
		CASE(unsync_until_flush),
		CASE(invlpg_syncs_one_entry),
		CASE(sync_takes_rights),
		CASE(many_unsync_tables),
		CASE(huge_pages_stay_off_tables),
		CASE(long_chain_is_zapped),
		CASE(unmapped_memory_leaves_no_leaf),
		CASE(deleted_slot_takes_its_tables),
		CASE(prefault_spares_faults),
		CASE(prefault_needs_the_guests_entries),
		CASE(first_fault_without_memory),
	};

	return RUN("shadow", suites);
}
