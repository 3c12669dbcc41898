/* SPDX-License-Identifier: MIT */
/*
 * How the guest's own page tables come to map the payload: trees that map it
 * one to one lie in its memslot, and one entry of the guest's tables refers
 * to them.
 */
#include <string.h>

#include "runner.h"

#define PTE_P       UINT64_C(1)
#define PTE_W       UINT64_C(2)
#define PTE_U       UINT64_C(4)
#define PTE_A       UINT64_C(0x20)
#define PTE_D       UINT64_C(0x40)
#define PTE_PS      UINT64_C(0x80)
#define PTE_NX      (UINT64_C(1) << 63)
#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)
#define PTE_TABLE   (PTE_P | PTE_W | PTE_U | PTE_A)

#define CR0_PG      UINT64_C(0x80000000)
#define CR4_PSE     UINT64_C(0x10)
#define CR4_PAE     UINT64_C(0x20)
#define CR4_LA57    UINT64_C(0x1000)
#define CR4_SMEP    (UINT64_C(1) << 20)
#define EFER_LMA    UINT64_C(0x400)

/* Tables of the payload, from PAYLOAD_TABLES on: of level L in page L. */
enum tree {
	TREE_32BIT = 0, /* level 1 */
	TREE_LONG = 1,  /* levels 1..4 in the pages behind it */
	TREE_NESTED = 6,
	TREE_NESTED_32BIT = 11,
};

enum tree_kind { TREES_OWN, TREES_NESTED };

struct format {
	unsigned int levels;
	unsigned int index_bits;
	unsigned int entry_bytes;
	enum tree tree;
	uint64_t root;
};

static bool format_of(const struct tdp_sregs *sregs, struct format *f)
{
	if (!(sregs->cr0 & CR0_PG))
		return false;
	*f = (struct format){ 2, 10, 4, TREE_32BIT, sregs->cr3 & 0xfffff000 };
	if (sregs->cr4 & CR4_PAE)
		*f = (struct format){ 3, 9, 8, TREE_LONG,
				      sregs->cr3 & 0xffffffe0 };
	if (sregs->efer & EFER_LMA) {
		f->levels = sregs->cr4 & CR4_LA57 ? 5 : 4;
		f->root = sregs->cr3 & PTE_ADDRESS;
	}
	return true;
}

static unsigned int shift_of(const struct format *f, unsigned int level)
{
	return 12 + f->index_bits * (level - 1);
}

static uint64_t entry_at(const struct format *f, uint64_t table, uint64_t gva,
			 unsigned int level)
{
	uint64_t index = gva >> shift_of(f, level) &
			 ((UINT64_C(1) << f->index_bits) - 1);

	return table + index * f->entry_bytes;
}

/* The payload's table of a level. */
static uint64_t tree_table(const struct runner *r, enum tree tree,
			   unsigned int level)
{
	return payload_gpa(r, PAYLOAD_TABLES + tree + level);
}

/* Writing ------------------------------------------------------------------------- */

static bool is_nested(enum tree tree)
{
	return tree == TREE_NESTED || tree == TREE_NESTED_32BIT;
}

static void write_tree(struct runner *r, enum tree tree, unsigned int bytes,
		       unsigned int bits)
{
	const struct format f = { 4, bits, bytes, tree, 0 };
	unsigned int top = bytes == 4 ? 1 : 4, level, page;
	uint64_t gva;

	for (page = 0; page < PAYLOAD_PAGES; page++) {
		uint64_t rights = PTE_P | PTE_W | PTE_A | PTE_D;

		gva = payload_gpa(r, page);
		if (page == PAYLOAD_USER || is_nested(tree))
			rights |= PTE_U;
		if (is_nested(tree) || page <= PAYLOAD_USER ||
		    page == PAYLOAD_L2)
			op_write(r, 0,
				 entry_at(&f, tree_table(r, tree, 1), gva, 1),
				 gva | rights, bytes);
	}
	gva = payload_gpa(r, 0);
	for (level = 2; level <= top; level++)
		op_write(r, 0,
			 entry_at(&f, tree_table(r, tree, level), gva, level),
			 tree_table(r, tree, level - 1) | PTE_TABLE, bytes);
}

static bool uses_nested(const struct runner *r)
{
	struct tdp_setup setup;
	struct tdp_step info;
	unsigned int i;

	tdp_scenario_setup(r->scenario, &setup);
	for (i = 1; i <= setup.steps; i++) {
		tdp_scenario_step(r->scenario, i, &info);
		if (verb_is_nested(info.verb))
			return true;
	}
	return false;
}

/* Only those that the scenario can need. */
void tables_make(struct runner *r)
{
	r->nested = uses_nested(r);
	if (r->payload.gpa < UINT64_C(1) << 32)
		write_tree(r, TREE_32BIT, 4, 10);
	write_tree(r, TREE_LONG, 8, 9);
	if (!r->nested)
		return;
	write_tree(r, TREE_NESTED, 8, 9);
	if (r->payload.gpa < UINT64_C(1) << 32)
		write_tree(r, TREE_NESTED_32BIT, 4, 10);
}

/* Walking ---------------------------------------------------------------------------- */

struct translation {
	uint64_t gpa;
	uint64_t rights; /* PTE_W, PTE_U of all levels, PTE_NX of any */
	bool present;
	/* where the walk ended if it is not */
	unsigned int level;
	uint64_t entry;
	bool readable;
};

static bool is_leaf(const struct format *f, const struct tdp_sregs *sregs,
		    unsigned int level, uint64_t entry)
{
	if (level == 1)
		return true;
	if (!(entry & PTE_PS) || level > 3)
		return false;
	if (f->levels == 2)
		return sregs->cr4 & CR4_PSE;
	return level == 2 || f->levels > 3;
}

static void walk(struct runner *r, const struct place *place,
		 const struct tdp_sregs *sregs, uint64_t gva,
		 struct translation *t);

/* L2's memory is where L1's nested tables have it. */
static bool to_l1(struct runner *r, const struct place *place, uint64_t *gpa)
{
	const struct place l1 = { .as_id = place->as_id, .page = place->page };
	struct translation t;

	if (!place->npt)
		return true;
	walk(r, &l1, place->npt, *gpa, &t);
	*gpa = t.gpa;
	return t.present;
}

static bool read_entry(struct runner *r, const struct place *place,
		       const struct format *f, uint64_t at, uint64_t *entry)
{
	*entry = 0;
	return to_l1(r, place, &at) &&
	       memory_read(r, place->as_id, at, entry, f->entry_bytes);
}

/* Without paging, everything is where it is. */
static void walk(struct runner *r, const struct place *place,
		 const struct tdp_sregs *sregs, uint64_t gva,
		 struct translation *t)
{
	uint64_t table, entry, mask;
	struct format f;
	unsigned int level;

	*t = (struct translation){ .rights = PTE_W | PTE_U };
	if (!format_of(sregs, &f)) {
		t->gpa = gva;
		t->present = true;
		return;
	}
	table = f.root;
	for (level = f.levels; level; level--) {
		t->level = level;
		t->entry = entry_at(&f, table, gva, level);
		t->readable = read_entry(r, place, &f, t->entry, &entry);
		if (!t->readable || !(entry & PTE_P))
			return;
		if (f.levels != 3 || level != 3)
			t->rights &= entry | PTE_NX;
		t->rights |= entry & PTE_NX;
		if (is_leaf(&f, sregs, level, entry)) {
			mask = (UINT64_C(1) << shift_of(&f, level)) - 1;
			t->gpa = (entry & PTE_ADDRESS & ~mask) | (gva & mask);
			t->present = true;
			return;
		}
		table = entry & PTE_ADDRESS;
	}
}

bool tables_walk(struct runner *r, const struct place *place,
		 const struct tdp_sregs *sregs, uint64_t gva, uint64_t *gpa)
{
	struct translation t;

	walk(r, place, sregs, gva, &t);
	*gpa = t.gpa;
	return t.present && to_l1(r, place, gpa);
}

/* Linking ------------------------------------------------------------------------------ */

/* Can code run there that is mapped so? */
static bool is_usable(const struct tdp_sregs *sregs,
		      const struct translation *t, uint64_t gpa, bool user)
{
	if (t->gpa != gpa || !(t->rights & PTE_W) || (t->rights & PTE_NX))
		return false;
	if (user)
		return t->rights & PTE_U;
	return !(t->rights & PTE_U) || !(sregs->cr4 & CR4_SMEP);
}

/* Refer to the payload's table of the level below. */
static void write_link(struct runner *r, const struct place *place,
		       const struct format *f, const struct translation *t)
{
	uint64_t bits = f->levels == 3 && t->level == 3 ? PTE_P : PTE_TABLE;
	uint64_t at = t->entry;

	if (to_l1(r, place, &at))
		op_write(r, place->as_id, at,
			 tree_table(r, f->tree, t->level - 1) | bits,
			 f->entry_bytes);
}

/* Returns 1 if the guest has to read PDPTEs again. */
static int link_page(struct runner *r, const struct place *place,
		     const struct tdp_sregs *sregs, enum payload_page page,
		     enum tree_kind kind)
{
	uint64_t gpa = payload_gpa(r, page);
	struct translation t;
	struct format f;
	int ret = 0;

	if (!format_of(sregs, &f))
		return 0;
	if (f.levels < 4 && r->payload.gpa >> 32)
		return skip(r, "no address below 4 GiB is free for the "
			       "payload");
	if (kind == TREES_NESTED)
		f.tree = f.entry_bytes == 4 ? TREE_NESTED_32BIT : TREE_NESTED;
	walk(r, place, sregs, gpa, &t);
	if (!t.present && !t.readable)
		return 0; /* nor can the guest read it: it faults */
	if (!t.present && t.level > 1) {
		ret = f.levels == 3 && t.level == 3;
		write_link(r, place, &f, &t);
		walk(r, place, sregs, gpa, &t);
	}
	if (!t.present ||
	    !is_usable(sregs, &t, gpa,
		       kind == TREES_NESTED || page == PAYLOAD_USER))
		return skip(r, "the guest's tables leave no room for the "
			       "payload");
	return ret;
}

int tables_link(struct runner *r, const struct place *place,
		const struct tdp_sregs *sregs)
{
	int first = link_page(r, place, sregs, place->page, TREES_OWN), next;

	if (first < 0)
		return -1;
	next = link_page(r, place, sregs, PAYLOAD_USER, TREES_OWN);
	return next < 0 ? -1 : first || next;
}

/* All that L2 needs lies behind one entry, but for the tables of its tables. */
int tables_link_nested(struct runner *r, const struct tdp_sregs *npt)
{
	const struct place l1 = { .page = PAYLOAD_SUPERVISOR };

	return link_page(r, &l1, npt, PAYLOAD_L2, TREES_NESTED) < 0 ? -1 : 0;
}
