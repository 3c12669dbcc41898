/* SPDX-License-Identifier: MIT */
/*
 * How many paging-structure entries a walk reads: the tables of published
 * figures (24 for 4x4, 35 for 5x5, ...) for every kind of guest and nesting.
 *
 * All addresses are mapped to themselves.  Guest tables lie below 1 GiB, data
 * at 2 GiB, nested tables at 3 GiB.
 */
#include <assert.h>
#include "fixture.h"

#define GUEST_TABLES  UINT64_C(0x00400000)
#define DATA_PAGE     UINT64_C(0x80000000)
#define NESTED_TABLES UINT64_C(0xc0000000)

/* One hierarchy of tables under construction. */
struct builder {
	struct tdp_memory *memory;
	uint64_t next; /* free frame */
	uint64_t root;
	unsigned int levels;
	unsigned int index_bits;
	uint64_t table_bits;
	uint64_t leaf_bits;
	uint64_t top_bits; /* of PDPTEs, which have no rights */
};

static uint64_t new_frame(struct builder *b)
{
	b->next += 4096;
	return b->next - 4096;
}

static void put(struct builder *b, uint64_t hpa, uint64_t entry)
{
	const size_t bytes = b->index_bits == 10 ? 4 : 8;

	assert_int_equal(
		tdp_memory_write(b->memory, TDP_HPA(hpa), &entry, bytes),
		TDP_OK);
}

static uint64_t get(struct builder *b, uint64_t hpa)
{
	uint64_t entry = 0;

	tdp_memory_read(b->memory, TDP_HPA(hpa), &entry,
			b->index_bits == 10 ? 4 : 8);
	return entry;
}

/* Map @in to @out with a page of @leaf level. */
static void map(struct builder *b, uint64_t in, uint64_t out, unsigned int leaf)
{
	uint64_t table = b->root;

	for (unsigned int level = b->levels;; level--) {
		assert(level > 0);
		const unsigned int shift = 12 + b->index_bits * (level - 1);
		const uint64_t index = in >> shift & (BIT(b->index_bits) - 1);
		const uint64_t slot = table +
				      index * (b->index_bits == 10 ? 4 : 8);
		const uint64_t bits = level == 3 && b->top_bits ? b->top_bits :
								  b->table_bits;

		if (level == leaf) {
			put(b, slot,
			    (out & ~(BIT(shift) - 1)) | b->leaf_bits |
				    (level > 1 ? PTE_PS : 0));
			return;
		}
		if (!get(b, slot))
			put(b, slot, new_frame(b) | bits);
		table = get(b, slot) & PTE_ADDR;
	}
}

static void builder_init(struct builder *b, struct tdp_memory *memory,
			 uint64_t tables, unsigned int levels)
{
	*b = (struct builder){
		.memory = memory,
		.next = tables,
		.levels = levels,
		.index_bits = levels == 2 ? 10 : 9,
		.table_bits = PTE_P | PTE_RW | PTE_US | PTE_A,
		.leaf_bits = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D,
		.top_bits = levels == 3 ? PTE_P : 0,
	};
	b->root = new_frame(b);
}

static void use_ept_bits(struct builder *b)
{
	b->table_bits = EPT_RWX;
	b->leaf_bits = EPT_RWX | FIELD(EPT_MEMTYPE, TDP_MT_WB);
	b->top_bits = 0;
}

struct guest {
	const char *name;
	enum shape shape;
	unsigned int leaf;
	unsigned int g_ept, g_npt; /* entries read from memory */
};

/* clang-format off */
static const struct guest guests[] = {
	{ "no_paging", NO_PAGING, 0, 0, 0 },
	{ "32bit_4k", LEGACY, 1, 2, 2 },
	{ "32bit_4m", LEGACY, 2, 1, 1 },
	{ "pae_4k", PAE, 1, 2, 3 },
	{ "pae_2m", PAE, 2, 1, 2 },
	{ "4level_4k", LONG4, 1, 4, 4 },
	{ "4level_2m", LONG4, 2, 3, 3 },
	{ "4level_1g", LONG4, 3, 2, 2 },
	{ "5level_4k", LONG5, 1, 5, 5 },
	{ "5level_2m", LONG5, 2, 4, 4 },
	{ "5level_1g", LONG5, 3, 3, 3 },
};
/* clang-format on */

static unsigned int guest_levels(enum shape shape)
{
	static const unsigned int levels[] = { 4, 5, 3, 2, 0 };

	return levels[shape];
}

/* The second stage: shape of its tables, page size for tables and data. */
struct nesting {
	const char *name;
	enum tdp_stage2 stage2;
	unsigned int levels;
	unsigned int tables_leaf;
	unsigned int data_leaf;
};

/* n = nf for uniform sizes; the mixed ones have an n of 4K and nf smaller. */
/* clang-format off */
static const struct nesting nestings[] = {
	{ "native", TDP_STAGE2_NONE, 0, 0, 0 },
	{ "ept4", TDP_STAGE2_EPT, 4, 1, 1 },
	{ "ept4_data_2m", TDP_STAGE2_EPT, 4, 1, 2 },
	{ "ept4_data_1g", TDP_STAGE2_EPT, 4, 1, 3 },
	{ "ept4_all_2m", TDP_STAGE2_EPT, 4, 2, 2 },
	{ "ept4_all_1g", TDP_STAGE2_EPT, 4, 3, 3 },
	{ "ept5", TDP_STAGE2_EPT, 5, 1, 1 },
	{ "ept5_data_2m", TDP_STAGE2_EPT, 5, 1, 2 },
	{ "ept5_data_1g", TDP_STAGE2_EPT, 5, 1, 3 },
	{ "ept5_all_2m", TDP_STAGE2_EPT, 5, 2, 2 },
	{ "ept5_all_1g", TDP_STAGE2_EPT, 5, 3, 3 },
	{ "npt_32bit", TDP_STAGE2_NPT, 2, 1, 1 },
	{ "npt_pae", TDP_STAGE2_NPT, 3, 1, 1 },
	{ "npt4", TDP_STAGE2_NPT, 4, 1, 1 },
	{ "npt4_all_2m", TDP_STAGE2_NPT, 4, 2, 2 },
	{ "npt4_all_1g", TDP_STAGE2_NPT, 4, 3, 3 },
	{ "npt5", TDP_STAGE2_NPT, 5, 1, 1 },
	{ "npt5_data_2m", TDP_STAGE2_NPT, 5, 1, 2 },
};
/* clang-format on */

static void nest(struct machine *m, const struct nesting *n)
{
	struct tdp_walk_cpu *cpu = &m->cpu;
	struct builder b;

	if (n->stage2 == TDP_STAGE2_NONE)
		return;
	builder_init(&b, m->memory, NESTED_TABLES, n->levels);
	if (n->stage2 == TDP_STAGE2_EPT)
		use_ept_bits(&b);
	for (uint64_t gpa = GUEST_TABLES; gpa < GUEST_TABLES + 0x10000;
	     gpa += 4096)
		if (n->tables_leaf == 1 || gpa == GUEST_TABLES)
			map(&b, gpa, gpa, n->tables_leaf);
	map(&b, DATA_PAGE, DATA_PAGE, n->data_leaf);
	cpu->ept.eptp = b.root | 6 | (n->levels - 1) << 3;
	cpu->npt.ncr3 = b.root;
	if (n->levels == 5)
		cpu->npt.cr4 |= CR4_LA57;
	if (n->levels < 4)
		cpu->npt.efer &= ~(EFER_LME | EFER_LMA);
	if (n->levels == 2)
		cpu->npt.cr4 &= ~CR4_PAE;
}

/* Returns the linear address that is mapped to DATA_PAGE. */
static uint64_t build_guest(struct machine *m, const struct guest *g)
{
	const uint64_t la = g->shape == NO_PAGING ? DATA_PAGE : 0x40000000;
	struct builder b;

	if (g->shape == NO_PAGING)
		return la;
	builder_init(&b, m->memory, GUEST_TABLES, guest_levels(g->shape));
	map(&b, la, DATA_PAGE, g->leaf);
	m->cpu.cr3 = b.root;
	for (unsigned int i = 0; i < 4 && g->shape == PAE; i++)
		m->cpu.pdpte[i] = get(&b, b.root + 8 * i);
	return la;
}

/* Reads of one second-stage walk that ends at @leaf. */
static unsigned int depth(const struct nesting *n, unsigned int leaf)
{
	return n->levels ? n->levels - leaf + 1 : 0;
}

static void check_levels(const struct tdp_walk_result *r, const struct guest *g,
			 const struct nesting *n, unsigned int reads)
{
	const unsigned int top = g->shape == PAE &&
						 n->stage2 != TDP_STAGE2_NPT ?
					 2 :
					 guest_levels(g->shape);

	for (unsigned int level = 1; level <= 5; level++) {
		const unsigned int tables = level >= n->tables_leaf &&
							    level <= n->levels ?
						    reads :
						    0;
		const unsigned int data = level >= n->data_leaf &&
					  level <= n->levels;

		assert_int_equal(r->guest_reads_at[level],
				 level >= g->leaf && level <= top);
		assert_int_equal(r->nested_reads_at[level], tables + data);
	}
}

static void count(const struct guest *g, const struct nesting *n)
{
	const unsigned int reads = n->stage2 == TDP_STAGE2_NPT ? g->g_npt :
								 g->g_ept;
	struct tdp_walk_access access = { .kind = TDP_READ, .user = true };
	struct machine m;

	machine_init(&m, g->shape, n->stage2);
	nest(&m, n);
	access.gva = TDP_GVA(build_guest(&m, g));
	machine_load(&m);
	machine_access(&m, &access);
	assert_string_equal(tdp_walk_reason_name(m.result.reason), "none");
	assert_int_equal(m.result.hpa.addr, DATA_PAGE);
	assert_int_equal(m.result.guest_reads, reads);
	assert_int_equal(m.result.nested_reads,
			 reads * depth(n, n->tables_leaf) +
				 depth(n, n->data_leaf));
	check_levels(&m.result, g, n, reads);
	machine_finish(&m);
}

static void every_guest_counts(void **state)
{
	const struct nesting *n = *state;

	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
		count(&guests[i], n);
}

/* The published totals, by name of guest and nesting. */
/* clang-format off */
static const struct total_row {
	const char *name;
	const char *guest;
	const char *nesting;
	unsigned int reads;
} total_rows[] = {
	{ "native_4k", "4level_4k", "native", 4 },
	{ "native_5level", "5level_4k", "native", 5 },
	{ "4x4", "4level_4k", "ept4", 24 },
	{ "4x4_npt", "4level_4k", "npt4", 24 },
	{ "5x5", "5level_4k", "ept5", 35 },
	{ "5x5_npt", "5level_4k", "npt5", 35 },
	{ "5x4", "5level_4k", "ept4", 29 },
	{ "4x5", "4level_4k", "ept5", 29 },
	{ "4x4_data_2m", "4level_4k", "ept4_data_2m", 23 },
	{ "4x4_data_1g", "4level_4k", "ept4_data_1g", 22 },
	{ "4x4_all_2m", "4level_4k", "ept4_all_2m", 19 },
	{ "4x4_all_1g", "4level_4k", "ept4_all_1g", 14 },
	{ "2m_on_4k", "4level_2m", "ept4", 19 },
	{ "1g_on_4k", "4level_1g", "ept4", 14 },
	{ "1g_on_1g", "4level_1g", "ept4_all_1g", 8 },
	{ "pae_ept", "pae_4k", "ept4", 14 },
	{ "pae_npt", "pae_4k", "npt4", 19 },
	{ "32bit_ept", "32bit_4k", "ept4", 14 },
	{ "4m_ept", "32bit_4m", "ept4", 9 },
	{ "no_paging_ept", "no_paging", "ept4", 4 },
	{ "4level_on_32bit_npt", "4level_4k", "npt_32bit", 14 },
	{ "4level_on_pae_npt", "4level_4k", "npt_pae", 19 },
	{ "5x5_all_2m", "5level_4k", "ept5_all_2m", 29 },
	{ "5x5_all_1g", "5level_4k", "ept5_all_1g", 23 },
};
/* clang-format on */

static void published_total(void **state)
{
	const struct total_row *r = *state;
	const struct guest *g = guests;
	const struct nesting *n = nestings;

	while (strcmp(g->name, r->guest) != 0)
		g++;
	while (strcmp(n->name, r->nesting) != 0)
		n++;
	count(g, n);
	assert_int_equal((n->stage2 == TDP_STAGE2_NPT ? g->g_npt : g->g_ept) *
					 (depth(n, n->tables_leaf) + 1) +
				 depth(n, n->data_leaf),
			 r->reads);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(nestings, every_guest_counts),
		ROWS(total_rows, published_total),
	};

	return RUN("walk/counts", suites);
}
