/* SPDX-License-Identifier: MIT */
/*
 * A guest that edits its page tables, flushes, switches roots, turns CR0.WP,
 * SMEP and SMAP over and accesses memory at random, while the host logs dirty
 * pages and ages: 100,000 steps in all.  Invariants hold, right after a flush no
 * SPTE grants what the guest's own tables do not, and what is writable in a
 * logged slot is dirty.
 *
 * The guest's tables are read here by a walk of its own, which shares nothing
 * with the library's.
 */
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "base/bits.h"
#include "kvm/dirty_log.h"
#include "kvm/lookup.h"
#include "kvm/shadow.h"
#include "kvm/shadow_page.h"
#include "support/machine.h"

#define NR_TABLES  40 /* frames that hold tables */
#define NR_FRAMES  64 /* frames that level-1 entries may lead to */
#define NR_INDEXES 3  /* entries of a table that are used */
#define NR_TOUCHED 64
#define TABLES     UINT64_C(0x100) /* first frame of tables */

struct guest {
	struct machine m;
	uint64_t seed;
	unsigned int levels;
	uint64_t cr3;
	uint64_t cr0, cr4;
	bool logged;
	uint64_t touched[NR_TOUCHED]; /* where accesses succeeded last */
	unsigned int nr_touched;
};

static const struct row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	unsigned int levels;
	unsigned int steps;
} rows[] = {
	{ "4level/v6.12", "v6.12", TDP_AMD, 4, 20000 },
	{ "4level/v7.1", "v7.1", TDP_INTEL, 4, 20000 },
	{ "5level/v6.18", "v6.18", TDP_AMD, 5, 15000 },
	{ "4level/v5.17", "v5.17", TDP_AMD, 4, 15000 },
	{ "4level/v5.10", "v5.10", TDP_INTEL, 4, 15000 },
	{ "4level/v7.2", "v7.2", TDP_AMD, 4, 15000 },
};

static uint64_t next(struct guest *g)
{
	g->seed ^= g->seed << 13;
	g->seed ^= g->seed >> 7;
	g->seed ^= g->seed << 17;
	return g->seed;
}

static uint64_t below(struct guest *g, uint64_t n)
{
	return (next(g) >> 20) % n;
}

/* Entries 0, 1 and 256 of a table: small addresses, and the upper half. */
static uint64_t random_index(struct guest *g)
{
	static const uint64_t indexes[NR_INDEXES] = { 0, 1, 256 };

	return indexes[below(g, NR_INDEXES)];
}

/*
 * A canonical linear address that uses only such entries, and itself names
 * one: the frame may be a table.
 */
static uint64_t random_address(struct guest *g)
{
	uint64_t addr = 8 * random_index(g);
	unsigned int level;

	for (level = 1; level <= g->levels; level++)
		addr |= random_index(g) << level_shift(level);
	if (addr & BIT(level_shift(g->levels) + 8))
		addr |= ~(BIT(level_shift(g->levels) + 9) - 1);
	return addr;
}

static bool one_in(struct guest *g, unsigned int n)
{
	return below(g, n) == 0;
}

/*
 * Frames of tables have a level each, so that a walk finds something to the
 * end; now and then an entry leads to a frame of the wrong level.
 */
static unsigned int level_of(const struct guest *g, uint64_t gfn)
{
	return (unsigned int)((gfn - TABLES) % g->levels) + 1;
}

static uint64_t random_table(struct guest *g, unsigned int level)
{
	uint64_t gfn;

	do {
		gfn = TABLES + below(g, NR_TABLES);
	} while (level_of(g, gfn) != level && !one_in(g, 64));
	return gfn;
}

/* What an entry in the table @gfn may be. */
static uint64_t random_entry(struct guest *g, uint64_t gfn)
{
	unsigned int level = level_of(g, gfn);
	uint64_t flags = PTE_P | (one_in(g, 4) ? 0 : PTE_RW) |
			 (one_in(g, 8) ? 0 : PTE_US) |
			 (one_in(g, 4) ? 0 : PTE_A) |
			 (one_in(g, 2) ? 0 : PTE_D) |
			 (one_in(g, 16) ? PTE_XD : 0);

	if (one_in(g, 16))
		return 0;
	if (level == 2 && one_in(g, 8))
		return below(g, 2) << 21 | PTE_PS | flags;
	if (level == 1)
		return (TABLES + below(g, NR_FRAMES)) << 12 | flags;
	return random_table(g, level - 1) << 12 | flags;
}

/* What the tables grant --------------------------------------------------------- */

struct grant {
	bool mapped;
	uint64_t gfn;
	bool write, user, exec;
};

static uint64_t entry_at(struct guest *g, uint64_t gpa)
{
	uint64_t value;

	assert_int_equal(
		tdp_vm_read(g->m.vm, 0, TDP_GPA(gpa), &value, 8, &g->m.err),
		TDP_OK);
	return value;
}

static struct grant grant_of(struct guest *g, uint64_t addr)
{
	struct grant grant = { .write = true, .user = true, .exec = true };
	uint64_t table = g->cr3;
	unsigned int level;

	for (level = g->levels; level; level--) {
		uint64_t size = level_size(level);
		uint64_t gpte = entry_at(g, spte_hpa(table, addr, level));

		if (!(gpte & PTE_P))
			return grant;
		grant.write &= !!(gpte & PTE_RW);
		grant.user &= !!(gpte & PTE_US);
		grant.exec &= !(gpte & PTE_XD);
		table = gpte & PTE_ADDR;
		if (level > 1 && !(gpte & PTE_PS))
			continue;
		grant.mapped = level <= 3;
		grant.write &= !!(gpte & PTE_D);
		grant.gfn = ((table & ~(size - 1)) | (addr & (size - 1))) >> 12;
		break;
	}
	return grant;
}

static bool is_dirty(struct guest *g, uint64_t gfn)
{
	const struct memslot *slot = memslots_find(&g->m.vm->slots[0], gfn);

	return slot->dirty->words[gfn / 64] & BIT(gfn % 64);
}

static void check_address(struct guest *g, uint64_t addr)
{
	const struct spte_format *fmt = &g->m.vm->fmt;
	struct grant grant = grant_of(g, addr);
	const struct lookup_step *last;
	struct lookup path;
	uint64_t offset;

	lookup_sptes(g->m.vm, g->m.vcpu->mmu, addr, &path);
	if (!path.nr)
		return;
	last = &path.step[path.nr - 1];
	if (!spte_present(fmt, last->spte) ||
	    !spte_leaf(last->spte, last->level))
		return;
	assert_true(grant.mapped);
	/* With CR0.WP clear a supervisor may write; users are kept out. */
	assert_true(grant.write || !spte_writable(last->spte) ||
		    (!(g->cr0 & CR0_WP) && !(last->spte & PTE_US)));
	assert_true(!spte_writable(last->spte) || !g->logged ||
		    is_dirty(g, grant.gfn));
	assert_true(grant.exec || !spte_executable(fmt, last->spte));
	assert_true(grant.user || !(last->spte & PTE_US));
	/* The frame that the guest named, where userspace has it. */
	offset = addr & (level_size(last->level) - 1) & ~FRAME_MASK;
	assert_true(entry_at(g, grant.gfn << 12) ==
		    physmem_read64(&g->m.vm->pm,
				   (last->spte & SPTE_ADDRESS) + offset));
}

/* Steps ------------------------------------------------------------------------------ */

static void access(struct guest *g, enum tdp_access_kind kind, uint64_t addr)
{
	const struct tdp_access a = {
		.gva = TDP_GVA(addr),
		.kind = kind,
		.user = below(g, 2),
	};

	if (tdp_vcpu_access(g->m.vcpu, &a, &g->m.result, &g->m.err))
		fail_msg("%s", g->m.err.message);
	assert_int_not_equal(g->m.result.outcome, TDP_OUTCOME_LIVELOCK);
	if (g->m.result.outcome == TDP_OUTCOME_DONE)
		g->touched[g->nr_touched++ % NR_TOUCHED] = addr;
}

static bool is_unsync(struct guest *g, uint64_t gfn)
{
	struct mmu_page *page = shadow_first_on(g->m.vm, gfn);

	for (; page; page = shadow_next_on(g->m.vm, page))
		if (!shadow_page(g->m.vm, page)->unsync)
			return false;
	return shadow_first_on(g->m.vm, gfn);
}

/* A frame of a table; one that is out of sync if a few tries find one. */
static uint64_t random_frame(struct guest *g)
{
	uint64_t gfn = TABLES;

	for (unsigned int i = 0; i < 20; i++) {
		gfn = TABLES + below(g, NR_TABLES);
		if (is_unsync(g, gfn))
			break;
	}
	return gfn;
}

/* Another entry, or the one that is there with one flag turned over. */
static uint64_t new_entry(struct guest *g, uint64_t gfn, uint64_t gpa)
{
	static const uint64_t flags[] = { PTE_P,  PTE_RW, PTE_US,
					  PTE_XD, PTE_A,  PTE_D };

	if (!one_in(g, 3))
		return random_entry(g, gfn);
	return entry_at(g, gpa) ^ flags[below(g, ARRAY_SIZE(flags))];
}

/* The guest writes an entry; the emulator does where the frame is tracked. */
static void edit_table(struct guest *g)
{
	uint64_t gfn = random_frame(g);
	uint64_t gpa = (gfn << 12) + 8 * random_index(g);
	const struct mmu_page *page;

	assert_int_equal(tdp_vm_write(g->m.vm, 0, TDP_GPA(gpa),
				      new_entry(g, gfn, gpa), 8, &g->m.err),
			 TDP_OK);
	if (is_unsync(g, gfn))
		return;
	shadow_track_write(g->m.vcpu, gpa, 8);
	/* KVM has been told: the invariants take no excuse for this entry. */
	for (page = shadow_first_on(g->m.vm, gfn); page;
	     page = shadow_next_on(g->m.vm, page))
		page_entry_read(g->m.vm, page, (gpa & FRAME_MASK) / 8);
}

static void switch_root(struct guest *g)
{
	uint64_t cr3 = random_table(g, g->levels) << 12;

	assert_int_equal(
		tdp_vcpu_write_reg(g->m.vcpu, TDP_REG_CR3, cr3, &g->m.result),
		TDP_OK);
	assert_int_equal(g->m.result.outcome, TDP_OUTCOME_DONE);
	g->cr3 = cr3;
}

static void flush(struct guest *g)
{
	unsigned int i;

	if (tdp_vcpu_run(g->m.vcpu, &g->m.result, &g->m.err))
		fail_msg("%s", g->m.err.message);
	shadow_flush_guest(g->m.vcpu);
	for (i = 0; i < NR_TOUCHED && i < g->nr_touched; i++)
		check_address(g, g->touched[i]);
}

/* A frame loses its page: the notifier zaps what maps it. */
static void unmap_frame(struct guest *g)
{
	uint64_t gfn = TABLES + NR_TABLES + below(g, NR_FRAMES - NR_TABLES);

	assert_int_equal(machine_back(g->m.vm, gfn << 12, 0x1000,
				      TDP_BACKING_ANONYMOUS, &g->m.err),
			 TDP_OK);
}

static void write_reg(struct guest *g, enum tdp_reg reg, uint64_t value)
{
	assert_int_equal(
		tdp_vcpu_write_reg(g->m.vcpu, reg, value, &g->m.result),
		TDP_OK);
	assert_int_equal(g->m.result.outcome, TDP_OUTCOME_DONE);
}

/* One bit that roles depend on. */
static void toggle_mode(struct guest *g)
{
	switch (below(g, 3)) {
	case 0:
		g->cr0 ^= CR0_WP;
		write_reg(g, TDP_REG_CR0, g->cr0);
		break;
	case 1:
		g->cr4 ^= CR4_SMEP;
		write_reg(g, TDP_REG_CR4, g->cr4);
		break;
	default:
		g->cr4 ^= CR4_SMAP;
		write_reg(g, TDP_REG_CR4, g->cr4);
	}
}

/* The host begins, reads or ends the log, or asks what was used. */
static void log_or_age(struct guest *g)
{
	struct tdp_memslot region = { .size = 4 * MIB };
	uint64_t gfn = TABLES + below(g, NR_FRAMES);

	if (one_in(g, 4)) {
		g->logged = !g->logged;
		region.flag_dirty_log = g->logged;
		assert_int_equal(tdp_vm_set_memslot(g->m.vm, &region,
						    &g->m.result, &g->m.err),
				 TDP_OK);
		assert_int_equal(g->m.result.outcome, TDP_OUTCOME_DONE);
	} else if (g->logged && one_in(g, 2)) {
		tdp_vm_get_dirty_log(g->m.vm, 0, 0, NULL, 0, &g->m.result,
				     &g->m.err);
		assert_int_equal(g->m.result.ret, 0);
	} else {
		assert_int_equal(tdp_vm_age(g->m.vm, 0, TDP_GPA(gfn << 12),
					    0x1000, &g->m.result, &g->m.err),
				 TDP_OK);
	}
}

static void step(struct guest *g)
{
	uint64_t dice = below(g, 34);

	if (dice == 0)
		flush(g);
	else if (dice == 1)
		switch_root(g);
	else if (dice == 2)
		shadow_invalidate_addr(g->m.vcpu, g->m.vcpu->mmu,
				       random_address(g));
	else if (dice == 3)
		unmap_frame(g);
	else if (dice == 4)
		shadow_unprotect_gfn(g->m.vm, TABLES + below(g, NR_TABLES));
	else if (dice == 32)
		toggle_mode(g);
	else if (dice == 33)
		log_or_age(g);
	else if (dice < 15)
		edit_table(g);
	else
		access(g, (enum tdp_access_kind)below(g, 3),
		       one_in(g, 2) ? random_address(g) :
				      g->touched[below(g, NR_TOUCHED)]);
	/* It costs more than most steps do. */
	if (!one_in(g, 3))
		return;
	if (tdp_vm_check(g->m.vm, &g->m.err))
		fail_msg("%s", g->m.err.message);
}

static void start(struct guest *g, const struct row *r)
{
	struct tdp_sregs sregs = {
		.cr0 = 0x80010031,
		.cr4 = r->levels == 5 ? 0x1020 : 0x20,
		.efer = 0xd00,
		.cr3 = TABLES << 12,
	};

	machine_init(&g->m, r->vendor, r->profile);
	g->m.host.memory = 256 * MIB;
	g->m.host.table_memory = 16 * MIB;
	machine_set(&g->m, "tdp", "off");
	machine_start(&g->m);
	machine_slot(&g->m, 0, 0, 0, 4 * MIB, TDP_BACKING_THP);
	machine_vcpu(&g->m, 48);
	/* Frames can be told apart. */
	for (uint64_t gfn = 0; gfn < 1024; gfn++)
		machine_poke(&g->m, gfn << 12, gfn << 1);
	for (uint64_t gfn = TABLES; gfn < TABLES + NR_TABLES; gfn++)
		for (unsigned int i = 0; i < 8; i++)
			machine_poke(&g->m, (gfn << 12) + 8 * random_index(g),
				     random_entry(g, gfn));
	assert_int_equal(tdp_vcpu_set_sregs(g->m.vcpu, &sregs, &g->m.result),
			 TDP_OK);
	assert_int_equal(g->m.result.ret, 0);
	g->cr3 = sregs.cr3;
	g->cr0 = sregs.cr0;
	g->cr4 = sregs.cr4;
}

static void random_guest(void **state)
{
	const struct row *r = *state;
	struct guest g = {
		.seed = UINT64_C(0x9e3779b97f4a7c15),
		.levels = r->levels,
	};

	start(&g, r);
	for (unsigned int i = 0; i < r->steps; i++)
		step(&g);
	machine_end(&g.m);
}

int main(void)
{
	static const struct suite suites[] = { ROWS(rows, random_guest) };

	return RUN("shadow_random", suites);
}
