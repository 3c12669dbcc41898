/* SPDX-License-Identifier: MIT */
#include "support/world.h"

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "base/bits.h"
#include "kvm/kvm.h"

/* Random ---------------------------------------------------------------------- */

uint64_t world_next(struct world *w)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return w->seed;
}

uint64_t below(struct world *w, uint64_t n)
{
	return (world_next(w) >> 20) % n;
}

bool one_in(struct world *w, unsigned int n)
{
	return below(w, n) == 0;
}

/* 1 - 1/n of all cases. */
static uint64_t mostly(struct world *w, unsigned int n, uint64_t bits)
{
	return one_in(w, n) ? 0 : bits;
}

/* Tables ------------------------------------------------------------------------ */

bool kind_of(uint64_t gfn, enum table_kind *kind)
{
	*kind = (enum table_kind)(gfn % NR_KINDS);
	return gfn >= TABLES && gfn < PAGES;
}

static bool is_nested(const struct world *w, uint64_t gfn)
{
	return w->kind != WORLD_SHADOW && gfn >= NESTED_TABLES && gfn < PAGES;
}

uint64_t random_table(struct world *w, uint64_t region, enum table_kind kind)
{
	uint64_t nr = region == TABLES ? NESTED_TABLES - TABLES :
					 PAGES - NESTED_TABLES;

	/* KVM does not look at reserved bits in PDPTEs of nested tables. */
	if (one_in(w, 64) && !(region == NESTED_TABLES && kind == KIND_PAE))
		return region + below(w, nr);
	return region + NR_KINDS * below(w, nr / NR_KINDS) + kind;
}

uint64_t random_page(struct world *w)
{
	uint64_t nr = PAGES + 16 - TABLES;
	uint64_t i = below(w, nr + MORE_PAGES - LATER_PAGES);

	return i < nr ? TABLES + i : LATER_PAGES + i - nr;
}

unsigned int entry_size(uint64_t gfn)
{
	enum table_kind kind;

	kind_of(gfn, &kind);
	return kind >= KIND_PT32 ? 4 : 8;
}

/* The kind that entries lead to; KIND_PAE and KIND_PDPT have the same below. */
static enum table_kind kind_below(enum table_kind kind)
{
	switch (kind) {
	case KIND_PD32:
		return KIND_PT32;
	case KIND_PAE:
		return KIND_PD;
	default:
		return (enum table_kind)(kind - 1);
	}
}

/* L2's pages have the number that they have in L1, but for some. */
static uint64_t page_for(struct world *w, uint64_t gfn, unsigned int index)
{
	return is_nested(w, gfn) && !one_in(w, 16) ? index : random_page(w);
}

static uint64_t leaf_address(struct world *w, uint64_t gfn,
			     enum table_kind kind, unsigned int index)
{
	switch (kind) {
	case KIND_PD:
		return is_nested(w, gfn) && !one_in(w, 8) ? 0 :
							    below(w, 2) << 21;
	case KIND_PDPT:
	case KIND_PD32:
		return 0;
	default:
		return page_for(w, gfn, index) << 12;
	}
}

/* What an entry is: a page, or the address of a table. */
static bool random_leaf(struct world *w, enum table_kind kind)
{
	switch (kind) {
	case KIND_PT:
	case KIND_PT32:
		return true;
	case KIND_PD:
	case KIND_PD32:
		return one_in(w, 5);
	case KIND_PDPT:
		return one_in(w, 12);
	default:
		return false;
	}
}

static uint64_t random_target(struct world *w, uint64_t gfn,
			      enum table_kind kind, unsigned int index,
			      bool leaf)
{
	uint64_t region = gfn >= NESTED_TABLES ? NESTED_TABLES : TABLES;

	if (leaf)
		return leaf_address(w, gfn, kind, index);
	return random_table(w, region, kind_below(kind)) << 12;
}

static uint64_t ordinary_entry(struct world *w, uint64_t gfn,
			       enum table_kind kind, unsigned int index)
{
	bool leaf = random_leaf(w, kind);
	uint64_t entry = random_target(w, gfn, kind, index, leaf) |
			 mostly(w, is_nested(w, gfn) ? 32 : 16, PTE_P);

	if (kind == KIND_PAE)
		return entry;
	/* A nested walk writes the tables that it reads. */
	entry |= mostly(w, is_nested(w, gfn) ? 24 : 4, PTE_RW) |
		 mostly(w, 4, PTE_A) | mostly(w, 2, PTE_D);
	entry |= mostly(w, is_nested(w, gfn) ? 64 : 8, PTE_US);
	if (leaf && kind != KIND_PT && kind != KIND_PT32)
		entry |= PTE_PS;
	if (leaf && one_in(w, 4))
		entry |= PTE_G;
	if (kind < KIND_PT32 && one_in(w, is_nested(w, gfn) ? 48 : 16))
		entry |= PTE_XD;
	if (kind < KIND_PT32 && leaf && w->keys)
		entry |= FIELD(PTE_KEY, below(w, 4));
	if (w->bad_bits && one_in(w, 48))
		entry |= one_in(w, 2) ? PTE_PS : BIT(13 + below(w, 9));
	return entry;
}

static uint64_t ept_entry(struct world *w, uint64_t gfn, enum table_kind kind,
			  unsigned int index)
{
	bool leaf;
	uint64_t entry;

	if (kind > KIND_PML5)
		kind = KIND_PT;
	leaf = random_leaf(w, kind);
	entry = random_target(w, gfn, kind, index, leaf) |
		mostly(w, 32, EPT_R) | mostly(w, 24, EPT_W) |
		mostly(w, 12, EPT_X) | mostly(w, 4, EPT_A) |
		mostly(w, 2, EPT_D) | mostly(w, 6, EPT_XU);
	if (!(entry & EPT_R) && !one_in(w, 4))
		entry &= ~(EPT_W | EPT_X | EPT_XU);
	if (leaf)
		entry |= (one_in(w, 64) ? below(w, 8) : TDP_MT_WB) << 3;
	if (leaf && kind != KIND_PT)
		entry |= EPT_PS;
	if (w->bad_bits && one_in(w, 64))
		entry |= BIT(3 + below(w, 5));
	return entry;
}

uint64_t random_entry(struct world *w, uint64_t gfn, unsigned int index)
{
	enum table_kind kind;

	kind_of(gfn, &kind);
	if (one_in(w, is_nested(w, gfn) ? 40 : 20))
		return 0;
	if (w->kind == WORLD_EPT && is_nested(w, gfn))
		return ept_entry(w, gfn, kind, index);
	return ordinary_entry(w, gfn, kind, index);
}

unsigned int random_index(struct world *w, uint64_t gfn)
{
	static const unsigned int wide[] = { 0, 1, 256 };
	static const unsigned int old[] = { 0, 1, 256, 512, 768 };
	enum table_kind kind;

	kind_of(gfn, &kind);
	if (is_nested(w, gfn) && (kind == KIND_PT || kind == KIND_PT32 ||
				  (w->kind == WORLD_EPT && kind > KIND_PML5)))
		return (unsigned int)(TABLES + below(w, PAGES + 16 - TABLES));
	if (kind == KIND_PAE)
		return (unsigned int)below(w, 4);
	if (is_nested(w, gfn))
		return (unsigned int)below(w, 2);
	if (kind >= KIND_PT32)
		return old[below(w, ARRAY_SIZE(old))];
	return wide[below(w, ARRAY_SIZE(wide))];
}

static void fill_table(struct world *w, uint64_t gfn)
{
	unsigned int size = entry_size(gfn), n = is_nested(w, gfn) ? 200 : 8;

	while (n--) {
		unsigned int index = random_index(w, gfn);

		assert_int_equal(
			tdp_vm_write(w->m.vm, w->smm && gfn >= NESTED_TABLES,
				     TDP_GPA((gfn << 12) + size * index),
				     random_entry(w, gfn, index), size,
				     &w->m.err),
			TDP_OK);
	}
}

void world_fill(struct world *w)
{
	for (uint64_t gfn = TABLES; gfn < PAGES; gfn++)
		fill_table(w, gfn);
}

/* Registers ---------------------------------------------------------------------- */

static const enum table_kind root_kind[NR_PAGINGS] = {
	[PAGING_32BIT] = KIND_PD32,
	[PAGING_PAE] = KIND_PAE,
	[PAGING_LONG] = KIND_PML4,
	[PAGING_LA57] = KIND_PML5,
};

enum paging paging_of(const struct tdp_sregs *sregs)
{
	if (!(sregs->cr0 & CR0_PG))
		return UNPAGED;
	if (!(sregs->cr4 & CR4_PAE))
		return PAGING_32BIT;
	if (!(sregs->efer & EFER_LMA))
		return PAGING_PAE;
	return sregs->cr4 & CR4_LA57 ? PAGING_LA57 : PAGING_LONG;
}

uint64_t random_cr3(struct world *w, enum paging paging, bool smm)
{
	if (paging == UNPAGED)
		return 0;
	return random_table(w, smm ? NESTED_TABLES : TABLES, root_kind[paging])
	       << 12;
}

uint64_t random_nested_root(struct world *w)
{
	if (w->kind == WORLD_EPT)
		return random_table(w, NESTED_TABLES, KIND_PML4) << 12 |
		       TDP_MT_WB | 3 << 3 | (one_in(w, 2) ? BIT(6) : 0);
	return random_table(w, NESTED_TABLES, root_kind[w->l1]) << 12;
}

struct tdp_sregs random_sregs(struct world *w, enum paging paging, bool smm)
{
	static const struct tdp_sregs fixed[NR_PAGINGS] = {
		[UNPAGED] = { .cr0 = CR0_PE | CR0_ET | CR0_NE },
		[PAGING_32BIT] = { .cr0 = CR0_PG | CR0_PE | CR0_ET | CR0_NE },
		[PAGING_PAE] = { .cr0 = CR0_PG | CR0_PE | CR0_ET | CR0_NE,
				 .cr4 = CR4_PAE },
		[PAGING_LONG] = { .cr0 = CR0_PG | CR0_PE | CR0_ET | CR0_NE,
				  .cr4 = CR4_PAE,
				  .efer = EFER_SCE | EFER_LME | EFER_LMA },
		[PAGING_LA57] = { .cr0 = CR0_PG | CR0_PE | CR0_ET | CR0_NE,
				  .cr4 = CR4_PAE | CR4_LA57,
				  .efer = EFER_SCE | EFER_LME | EFER_LMA },
	};
	struct tdp_sregs sregs = fixed[paging];

	sregs.cr3 = random_cr3(w, paging, smm);
	sregs.cr0 |= one_in(w, 3) ? 0 : CR0_WP;
	sregs.cr4 |= one_in(w, 3) ? CR4_SMEP : 0;
	sregs.cr4 |= one_in(w, 3) ? CR4_SMAP : 0;
	sregs.cr4 |= w->pse ? CR4_PSE : 0;
	sregs.cr4 |= one_in(w, 2) ? CR4_PGE : 0;
	sregs.cr4 |= w->keys && one_in(w, 2) ? CR4_PKE : 0;
	sregs.efer |= one_in(w, 4) ? 0 : EFER_NX;
	return sregs;
}

static uint64_t canonical(uint64_t addr, unsigned int bits)
{
	return addr & BIT(bits - 1) ? addr | ~(BIT(bits) - 1) : addr;
}

/* Index by index, as the tables of the guest have them. */
static uint64_t linear(struct world *w, unsigned int levels)
{
	uint64_t addr = 0;
	unsigned int level;

	for (level = 1; level <= levels; level++)
		addr |= (uint64_t)random_index(w, TABLES + KIND_PT)
			<< level_shift(level);
	return canonical(addr, level_shift(levels) + 9);
}

uint64_t random_address(struct world *w, const struct tdp_vcpu *vcpu)
{
	uint64_t offset = 8 * random_index(w, TABLES + KIND_PT);

	switch (paging_of(&vcpu->sregs)) {
	case UNPAGED:
		/* Some of L2's pages have a second address. */
		return random_page(w) << 12 | offset |
		       (one_in(w, 8) ? BIT(21) : 0);
	case PAGING_32BIT:
		return (uint64_t)random_index(w, TABLES + KIND_PD32) << 22 |
		       (uint64_t)random_index(w, TABLES + KIND_PT32) << 12 |
		       offset / 2;
	case PAGING_PAE:
		return linear(w, 2) % BIT(30) | below(w, 4) << 30 | offset;
	case PAGING_LONG:
		return linear(w, 4) | offset;
	default:
		return linear(w, 5) | offset;
	}
}

/* Slots ----------------------------------------------------------------------------- */

static const uint64_t slot_gfn[NR_SLOTS + 1] = { 0, TABLES, NESTED_TABLES,
						 LATER_PAGES, 0x400 };

void world_set_slot(struct world *w, unsigned int as_id, unsigned int id)
{
	struct world_slot *s = &w->slot[as_id][id];
	uint64_t gfn = slot_gfn[id];
	struct tdp_memslot region = {
		.slot = id,
		.as_id = as_id,
		.gpa = (gfn + (s->moved ? 0x10000 : 0)) << 12,
		.size = s->exists ? (slot_gfn[id + 1] - gfn) << 12 : 0,
		.hva = s->hva,
		.backing = id == 3 ? TDP_BACKING_THP : TDP_BACKING_ANONYMOUS,
		.flag_readonly = s->readonly,
		.flag_dirty_log = s->logged,
	};

	if (!s->exists && !memslots_by_id(&w->m.vm->slots[as_id], id))
		return;
	if (tdp_vm_set_memslot(w->m.vm, &region, &w->m.result, &w->m.err))
		fail_msg("%s", w->m.err.message);
	assert_int_equal(w->m.result.ret, 0);
	if (s->exists && !s->hva)
		s->hva = memslots_by_id(&w->m.vm->slots[as_id], id)->hva;
}
