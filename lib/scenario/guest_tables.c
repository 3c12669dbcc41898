/* SPDX-License-Identifier: MIT */
#include "scenario/guest_tables.h"

#include <inttypes.h>

#include "base/error.h"

/* SDM: "Paging" (3A), the formats of paging-structure entries. */
#define PTE_P         BIT(0)
#define PTE_W         BIT(1)
#define PTE_U         BIT(2)
#define PTE_PS        BIT(7)
#define PTE_PAT_LARGE BIT(12)
#define PTE_NX        BIT(63)
#define PTE_ADDRESS   BITS(51, 12)

/* A mode's tables: which bits of an address each level consumes. */
struct geometry {
	unsigned int levels;
	unsigned int index_bits;
	unsigned int entry_bytes;
	unsigned int address_bits; /* of a linear address */
	unsigned int largest_leaf; /* level of the largest page */
	uint64_t table_bits;       /* of an entry that refers to a table */
};

#define TABLE_BITS (PTE_P | PTE_W | PTE_U)

static const struct geometry geometries[NR_MODES] = {
	[MODE_32BIT] = { 2, 10, 4, 32, 2, TABLE_BITS },
	[MODE_PAE] = { 3, 9, 8, 32, 2, TABLE_BITS },
	[MODE_4LEVEL] = { 4, 9, 8, 48, 3, TABLE_BITS },
	[MODE_5LEVEL] = { 5, 9, 8, 57, 3, TABLE_BITS },
};

static unsigned int shift_of(const struct geometry *g, unsigned int level)
{
	return 12 + g->index_bits * (level - 1);
}

static uint64_t entry_address(const struct geometry *g, uint64_t table,
			      uint64_t gva, unsigned int level)
{
	uint64_t index = (gva >> shift_of(g, level)) & (BIT(g->index_bits) - 1);

	return table + index * g->entry_bytes;
}

static int entry_read(const struct guest_tables *gt, uint64_t at,
		      uint64_t *entry)
{
	return gt->memory->read(gt->memory->context, gt->as, TDP_GPA(at), entry,
				geometries[gt->mode].entry_bytes, gt->err);
}

static int entry_write(const struct guest_tables *gt, uint64_t at,
		       uint64_t entry)
{
	return gt->memory->write(gt->memory->context, gt->as, TDP_GPA(at),
				 entry, geometries[gt->mode].entry_bytes,
				 gt->err);
}

/* Memory may hold anything: a table begins as zeros. */
static int table_new(struct guest_tables *gt, uint64_t *at)
{
	unsigned int i;
	int ret = TDP_OK;

	*at = gt->next;
	gt->next += 4096;
	for (i = 0; i < 4096 && !ret; i += 8)
		ret = gt->memory->write(gt->memory->context, gt->as,
					TDP_GPA(*at + i), 0, 8, gt->err);
	return ret;
}

int guest_tables_start(struct guest_tables *gt, uint64_t at)
{
	assert(geometries[gt->mode].levels);
	assert(is_aligned(at, 4096));
	gt->next = at;
	return table_new(gt, &gt->cr3);
}

/* A PDPTE of PAE paging has neither R/W nor U/S: both are reserved. */
static uint64_t table_bits(const struct guest_tables *gt, unsigned int level)
{
	if (gt->mode == MODE_PAE && level == 3)
		return PTE_P;
	return geometries[gt->mode].table_bits;
}

/* The entry at @level for @gva, with tables made on the way. */
static int descend(struct guest_tables *gt, uint64_t gva, unsigned int level,
		   uint64_t *at)
{
	const struct geometry *g = &geometries[gt->mode];
	uint64_t table = gt->cr3, entry;
	unsigned int l;
	int ret;

	for (l = g->levels; l > level; l--) {
		uint64_t here = entry_address(g, table, gva, l);

		ret = entry_read(gt, here, &entry);
		if (!ret && (entry & PTE_P) && (entry & PTE_PS) &&
		    l <= g->largest_leaf)
			return err_set(
				gt->err, TDP_EINVAL,
				"gva 0x%" PRIx64
				" lies in a larger page that is mapped already",
				gva);
		if (!ret && !(entry & PTE_P)) {
			ret = table_new(gt, &table);
			entry = table | table_bits(gt, l);
			if (!ret)
				ret = entry_write(gt, here, entry);
		}
		if (ret)
			return ret;
		table = entry & PTE_ADDRESS;
	}
	*at = entry_address(g, table, gva, level);
	return TDP_OK;
}

static uint64_t leaf_entry(const struct guest_tables *gt,
			   const struct guest_page *page, uint64_t gpa,
			   unsigned int level)
{
	uint64_t entry = gpa | page->bits;

	/* PAT moves to bit 12, because bit 7 says that the page is large. */
	if (level > 1 && (page->bits & PTE_PS))
		entry |= PTE_PAT_LARGE;
	if (level > 1)
		entry |= PTE_PS;
	if (page->rights & TDP_ACC_READ)
		entry |= PTE_P;
	if (page->rights & TDP_ACC_WRITE)
		entry |= PTE_W;
	if (page->rights & TDP_ACC_USER)
		entry |= PTE_U;
	if (gt->mode != MODE_32BIT && !(page->rights & TDP_ACC_EXEC))
		entry |= PTE_NX;
	return entry;
}

static int map_one(struct guest_tables *gt, const struct guest_page *page,
		   uint64_t offset, unsigned int level)
{
	uint64_t gva = page->gva + offset, at, old;
	int ret = descend(gt, gva, level, &at);

	if (!ret)
		ret = entry_read(gt, at, &old);
	if (ret)
		return ret;
	if (old & PTE_P)
		return err_set(gt->err, TDP_EINVAL,
			       "gva 0x%" PRIx64 " is mapped already", gva);
	return entry_write(gt, at,
			   leaf_entry(gt, page, page->gpa + offset, level));
}

static unsigned int leaf_level(const struct geometry *g, uint64_t bytes)
{
	unsigned int level;

	for (level = 1; level <= g->largest_leaf; level++)
		if (bytes == BIT(shift_of(g, level)))
			return level;
	return 0;
}

static bool is_canonical(const struct geometry *g, uint64_t gva)
{
	uint64_t upper = gva >> (g->address_bits - 1);

	if (g->address_bits == 32)
		return gva >> 32 == 0;
	return upper == 0 || upper == UINT64_MAX >> (g->address_bits - 1);
}

/* Everything about the range that can be known before the first write. */
static int check_page(const struct guest_tables *gt,
		      const struct guest_page *page)
{
	const struct geometry *g = &geometries[gt->mode];
	uint64_t gpa_limit = gt->mode == MODE_32BIT ? BIT(32) : BIT(52);

	if (!leaf_level(g, page->page))
		return err_set(gt->err, TDP_EINVAL,
			       "the mode has no pages of %" PRIu64 " bytes",
			       page->page);
	if (!page->size ||
	    !is_aligned(page->gva | page->gpa | page->size, page->page))
		return err_set(gt->err, TDP_EINVAL,
			       "gva 0x%" PRIx64 ", gpa 0x%" PRIx64
			       " and size 0x%" PRIx64
			       " are not whole pages of 0x%" PRIx64,
			       page->gva, page->gpa, page->size, page->page);
	if (page->size / page->page > GUEST_TABLES_MAX_PAGES)
		return err_set(gt->err, TDP_ELIMIT,
			       "more than %d pages in one range",
			       GUEST_TABLES_MAX_PAGES);
	if (page->gpa >= gpa_limit || page->size > gpa_limit - page->gpa)
		return err_set(gt->err, TDP_EINVAL,
			       "gpa 0x%" PRIx64
			       " is beyond what an entry holds",
			       page->gpa);
	if (page->gva + (page->size - 1) < page->gva ||
	    !is_canonical(g, page->gva) ||
	    !is_canonical(g, page->gva + (page->size - 1)))
		return err_set(gt->err, TDP_EINVAL,
			       "gva 0x%" PRIx64
			       " is no linear address of the mode",
			       page->gva);
	return TDP_OK;
}

int guest_tables_map(struct guest_tables *gt, const struct guest_page *page)
{
	const struct geometry *g = &geometries[gt->mode];
	uint64_t offset;
	int ret = check_page(gt, page);

	for (offset = 0; !ret && offset < page->size; offset += page->page)
		ret = map_one(gt, page, offset, leaf_level(g, page->page));
	return ret;
}
