/* SPDX-License-Identifier: MIT */
/*
 * Every combination of what a leaf and an entry above it can say, what the
 * processor has turned on, and how the page is accessed, in every format of
 * guest paging, against the second opinion of predict.c.
 */
#include <inttypes.h>
#include <string.h>

#include "support/unit.h"

#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "predict.h"
#include "support/rows.h"
#include "tdpsim/walk.h"

#define PAGE   0x1000u
#define ROOT   0x10000u /* level L's table is L pages below it */
#define OFFSET 0x123u
#define DATA   UINT64_C(0x40000000) /* aligned for all sizes */
#define KEY    5u

/* Flags of one entry under test, as bits of a loop counter. */
enum {
	SAY_P = 1,
	SAY_W = 2,
	SAY_U = 4,
	SAY_NX = 8,
	SAY_RSVD = 16,
	SAY_A = 32,
	SAY_D = 64
};
#define LEAF_COMBINATIONS  128
#define UPPER_COMBINATIONS 64
#define GRANTS_ALL         (SAY_P | SAY_W | SAY_U | SAY_A)

/* What the processor has on, likewise. */
enum {
	CPU_WP = 1,
	CPU_SMEP = 2,
	CPU_SMAP = 4,
	CPU_AC = 8,
	CPU_NXE = 16,
	CPU_PKE = 32,
	CPU_PKS = 64,
	CPU_AD = 128,
	CPU_WD = 256
};
#define CPU_COMBINATIONS 512

/* clang-format off */
static const struct format {
	const char *name;
	bool pae, lma, la57;
	unsigned int top;		/* level of the root */
	unsigned int leaf;		/* level of the leaf */
	unsigned int upper;		/* level of the other entry; 0: none */
	unsigned int index_bits;
	bool accessed_too;		/* A varies, too; else it is set */
	uint64_t reserved;		/* bit to set for SAY_RSVD; 0: none */
	uint64_t upper_reserved;
} formats[] = {
	{ "4_level_4k",	true, true, false, 4, 1, 2, 9, true, BIT(51), BIT(46) },
	{ "4_level_4k_top", true, true, false, 4, 1, 4, 9, false, BIT(46), BIT(7) },
	{ "4_level_2m",	true, true, false, 4, 2, 3, 9, false, BIT(13), BIT(51) },
	{ "4_level_1g",	true, true, false, 4, 3, 4, 9, false, BIT(29), BIT(50) },
	{ "5_level_4k",	true, true, true, 5, 1, 5, 9, false, BIT(47), BIT(7) },
	{ "pae_4k",	true, false, false, 3, 1, 2, 9, true, BIT(62), BIT(52) },
	{ "pae_2m",	true, false, false, 3, 2, 0, 9, true, BIT(20), 0 },
	{ "32_bit_4k",	false, false, false, 2, 1, 2, 10, true, 0, 0 },
	{ "32_bit_4m",	false, false, false, 2, 2, 0, 10, true, BIT(21), 0 },
};
/* clang-format on */

/* clang-format off */
static const struct try {
	const char *name;
	struct access access;
	struct tdp_walk_access walk;
} tries[] = {
	{ "user read",	{ .user = true }, { .kind = TDP_READ, .user = true } },
	{ "user write",	{ .user = true, .write = true },
	  { .kind = TDP_WRITE, .user = true } },
	{ "user read-modify-write", { .user = true, .write = true },
	  { .kind = TDP_RMW, .user = true } },
	{ "user fetch",	{ .user = true, .fetch = true },
	  { .kind = TDP_FETCH, .user = true } },
	{ "supervisor read", { .user = false }, { .kind = TDP_READ } },
	{ "supervisor write", { .write = true }, { .kind = TDP_WRITE } },
	{ "supervisor read-modify-write", { .write = true },
	  { .kind = TDP_RMW } },
	{ "supervisor fetch", { .fetch = true }, { .kind = TDP_FETCH } },
	{ "implicit read at CPL 3", { .user = true, .implicit = true },
	  { .kind = TDP_READ, .user = true, .implicit = true } },
	{ "implicit write at CPL 3",
	  { .user = true, .implicit = true, .write = true },
	  { .kind = TDP_WRITE, .user = true, .implicit = true } },
	{ "implicit read at CPL 0", { .implicit = true },
	  { .kind = TDP_READ, .implicit = true } },
	{ "user shadow-stack read", { .user = true, .shadow_stack = true },
	  { .kind = TDP_SS_READ, .user = true } },
	{ "user shadow-stack write",
	  { .user = true, .shadow_stack = true, .write = true },
	  { .kind = TDP_SS_WRITE, .user = true } },
	{ "supervisor shadow-stack read", { .shadow_stack = true },
	  { .kind = TDP_SS_READ } },
	{ "supervisor shadow-stack write",
	  { .shadow_stack = true, .write = true },
	  { .kind = TDP_SS_WRITE } },
};
/* clang-format on */

struct sweep {
	const struct format *format;
	struct tdp_memory *memory;
	struct tdp_walker *walker;
	uint64_t address; /* linear */
	uint64_t leaf_hpa, upper_hpa;
	unsigned int on; /* CPU_* */
	struct cpu cpu;
	struct said leaf, upper;
	unsigned int leaf_says, upper_says;
	uint64_t leaf_entry, upper_entry;
	uint64_t allowed, denied;
};

static unsigned int entry_bytes(const struct format *f)
{
	return f->pae ? 8 : 4;
}

static unsigned int leaf_shift(const struct format *f)
{
	return 12 + f->index_bits * (f->leaf - 1);
}

static unsigned int index_at(const struct sweep *s, unsigned int level)
{
	const struct format *f = s->format;

	return (unsigned int)(s->address >>
			      (12 + f->index_bits * (level - 1))) &
	       ((1u << f->index_bits) - 1);
}

static uint64_t entry_hpa(const struct sweep *s, unsigned int level)
{
	const uint64_t table = ROOT - level * PAGE;

	return table + index_at(s, level) * entry_bytes(s->format);
}

static void put(struct sweep *s, uint64_t hpa, uint64_t value)
{
	assert_int_equal(tdp_memory_write(s->memory, TDP_HPA(hpa), &value,
					  entry_bytes(s->format)),
			 TDP_OK);
}

static uint64_t get(struct sweep *s, uint64_t hpa)
{
	uint64_t value = 0;

	tdp_memory_read(s->memory, TDP_HPA(hpa), &value,
			entry_bytes(s->format));
	return value;
}

static uint64_t encode(unsigned int says, uint64_t reserved)
{
	return (says & SAY_P ? PTE_P : 0) | (says & SAY_W ? PTE_RW : 0) |
	       (says & SAY_U ? PTE_US : 0) | (says & SAY_NX ? PTE_XD : 0) |
	       (says & SAY_A ? PTE_A : 0) | (says & SAY_D ? PTE_D : 0) |
	       (says & SAY_RSVD ? reserved : 0);
}

static struct said decode(unsigned int says)
{
	return (struct said){
		.present = says & SAY_P,
		.write = says & SAY_W,
		.user = says & SAY_U,
		.no_execute = says & SAY_NX,
		.reserved = says & SAY_RSVD,
		.accessed = says & SAY_A,
		.dirty = says & SAY_D,
	};
}

/* 32-bit entries have no XD; some have no reserved bit. */
static bool is_tried(const struct format *f, unsigned int says,
		     uint64_t reserved)
{
	if (!(says & SAY_A) && !f->accessed_too)
		return false;
	return !(says & SAY_NX && !f->pae) && !(says & SAY_RSVD && !reserved);
}

static uint64_t table_entry(const struct sweep *s, unsigned int level,
			    unsigned int says)
{
	return encode(says, s->format->upper_reserved) |
	       (ROOT - (level - 1) * PAGE);
}

static uint64_t leaf_entry(const struct sweep *s, unsigned int says)
{
	const struct format *f = s->format;
	uint64_t e = encode(says, f->reserved) | DATA;

	if (f->leaf > 1)
		e |= PTE_PS;
	if (f->lma)
		e |= FIELD(PTE_KEY, KEY);
	return e;
}

/* Tables that grant everything, for entries that are not under test. */
static void build_tables(struct sweep *s)
{
	for (unsigned int l = s->format->top; l > s->format->leaf; l--)
		put(s, entry_hpa(s, l), table_entry(s, l, GRANTS_ALL));
}

static struct cpu cpu_of(const struct format *f, unsigned int on)
{
	return (struct cpu){
		.has_xd = f->pae,
		.has_keys = f->lma,
		.wp = on & CPU_WP,
		.smep = on & CPU_SMEP,
		.smap = on & CPU_SMAP,
		.ac = on & CPU_AC,
		.nxe = on & CPU_NXE,
		.pke = on & CPU_PKE,
		.pks = on & CPU_PKS,
		.key_ad = on & CPU_AD,
		.key_wd = on & CPU_WD,
	};
}

/*
 * Key rights: those under test for the leaf's key, the opposite for all
 * others, so that a wrong key shows.
 */
static uint32_t key_rights(unsigned int on)
{
	const uint32_t mine = PKR_AD(KEY) | PKR_WD(KEY);
	const uint32_t ad = on & CPU_AD ? PKR_AD(KEY) : 0;
	const uint32_t wd = on & CPU_WD ? PKR_WD(KEY) : 0;
	uint32_t others = 0;

	for (unsigned int key = 0; key < 16; key++)
		others |= (on & CPU_AD ? 0 : PKR_AD(key)) |
			  (on & CPU_WD ? 0 : PKR_WD(key));
	return (others & ~mine) | ad | wd;
}

static void set_cpu(struct sweep *s, unsigned int on)
{
	const struct format *f = s->format;
	struct tdp_walk_cpu cpu;

	tdp_walk_cpu_init(&cpu, TDP_INTEL);
	cpu.cr0 = CR0_PE | CR0_PG | (on & CPU_WP ? CR0_WP : 0);
	cpu.cr3 = ROOT - f->top * PAGE;
	cpu.cr4 = CR4_PSE | (f->pae ? CR4_PAE : 0) | (f->la57 ? CR4_LA57 : 0) |
		  (on & CPU_SMEP ? CR4_SMEP : 0) |
		  (on & CPU_SMAP ? CR4_SMAP : 0) |
		  (on & CPU_PKE ? CR4_PKE : 0) | (on & CPU_PKS ? CR4_PKS : 0) |
		  (on & CPU_WP ? CR4_CET : 0);
	cpu.efer = (f->lma ? EFER_LME | EFER_LMA : 0) |
		   (on & CPU_NXE ? EFER_NX : 0);
	cpu.rflags = on & CPU_AC ? RFLAGS_AC : 0;
	cpu.pkru = cpu.pkrs = key_rights(on);
	if (f->pae && !f->lma)
		cpu.pdpte[index_at(s, 3)] = PTE_P | (ROOT - 2 * PAGE);
	assert_int_equal(tdp_walker_set_cpu(s->walker, &cpu, NULL), TDP_OK);
	s->on = on;
	s->cpu = cpu_of(f, on);
}

static void describe(const struct sweep *s, const struct try *t,
		     const struct guess *g, const struct tdp_walk_result *r,
		     const char *what)
{
	fail_msg("%s: %s differs: %s, leaf %" PRIx64 ", upper %" PRIx64
		 ", processor %x: guess %s code %x, walk %s (%s) code %" PRIx64
		 ", leaf %" PRIx64 ", upper %" PRIx64,
		 s->format->name, what, t->name, s->leaf_entry, s->upper_entry,
		 s->on, g->fault ? "#PF" : "ok", g->code,
		 tdp_walk_outcome_name(r->outcome),
		 tdp_walk_reason_name(r->reason), r->info,
		 get((struct sweep *)s, s->leaf_hpa),
		 s->upper_hpa ? get((struct sweep *)s, s->upper_hpa) : 0);
}

static uint64_t flags(bool accessed, bool dirty)
{
	return (accessed ? PTE_A : 0) | (dirty ? PTE_D : 0);
}

/* Does memory hold what it must?  Make it as before the access. */
static bool flags_agree(struct sweep *s, const struct guess *g)
{
	const uint64_t leaf = s->leaf_entry |
			      flags(g->leaf_accessed, g->leaf_dirty);
	const uint64_t upper = s->upper_entry | flags(g->upper_accessed, false);

	if (get(s, s->leaf_hpa) != leaf)
		return false;
	if (s->upper_hpa && get(s, s->upper_hpa) != upper)
		return false;
	if (leaf != s->leaf_entry)
		put(s, s->leaf_hpa, s->leaf_entry);
	if (s->upper_hpa && upper != s->upper_entry)
		put(s, s->upper_hpa, s->upper_entry);
	return true;
}

static void check_try(struct sweep *s, const struct try *t)
{
	const struct guess g = guess_guest(&s->cpu, &t->access, &s->upper,
					   &s->leaf);
	const uint64_t hpa = DATA |
			     (s->address & (BIT(leaf_shift(s->format)) - 1));
	struct tdp_walk_access access = t->walk;
	struct tdp_walk_result r;

	access.gva.addr = s->address;
	tdp_walk(s->walker, &access, 0, NULL, &r);
	if (g.fault) {
		s->denied++;
		if (r.outcome != TDP_WALK_PF)
			describe(s, t, &g, &r, "outcome");
		if (r.info != g.code)
			describe(s, t, &g, &r, "error code");
		if (r.gva.addr != s->address)
			describe(s, t, &g, &r, "CR2");
	} else {
		s->allowed++;
		if (r.outcome != TDP_WALK_OK)
			describe(s, t, &g, &r, "outcome");
		if (r.hpa.addr != hpa)
			describe(s, t, &g, &r, "address");
	}
	if (!flags_agree(s, &g))
		describe(s, t, &g, &r, "A or D flag");
}

static void sweep_accesses(struct sweep *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		/* Shadow stacks need CET, and CR4.CET needs CR0.WP. */
		if (s->cpu.wp || !tries[i].access.shadow_stack)
			check_try(s, &tries[i]);
}

static void sweep_uppers(struct sweep *s)
{
	const struct format *f = s->format;

	if (!f->upper) {
		s->upper = decode(GRANTS_ALL);
		sweep_accesses(s);
		return;
	}
	for (unsigned int says = 0; says < UPPER_COMBINATIONS; says++) {
		if (!is_tried(f, says, f->upper_reserved))
			continue;
		s->upper_says = says;
		s->upper = decode(says);
		s->upper_entry = table_entry(s, f->upper, says);
		put(s, s->upper_hpa, s->upper_entry);
		sweep_accesses(s);
	}
}

static void sweep_leaves(struct sweep *s)
{
	const struct format *f = s->format;

	for (unsigned int says = 0; says < LEAF_COMBINATIONS; says++) {
		if (!is_tried(f, says, f->reserved))
			continue;
		s->leaf_says = says;
		s->leaf = decode(says);
		s->leaf_entry = leaf_entry(s, says);
		put(s, s->leaf_hpa, s->leaf_entry);
		sweep_uppers(s);
	}
}

/* Different indices at all levels, and the lower half of the addresses. */
static uint64_t address_of(const struct format *f)
{
	uint64_t address = OFFSET;

	for (unsigned int l = 1; l <= f->top; l++)
		address |= (uint64_t)(l + 1) << (12 + f->index_bits * (l - 1));
	return f->lma ? address : address & UINT32_MAX;
}

static void guess_and_walk_agree(void **state)
{
	struct sweep s = { .format = *state };
	const struct format *f = s.format;

	assert_int_equal(tdp_memory_create(UINT64_C(1) << 20, &s.memory, NULL),
			 TDP_OK);
	assert_int_equal(tdp_walker_create(s.memory, &s.walker, NULL), TDP_OK);
	s.address = address_of(f);
	s.leaf_hpa = entry_hpa(&s, f->leaf);
	s.upper_hpa = f->upper ? entry_hpa(&s, f->upper) : 0;
	build_tables(&s);
	for (unsigned int on = 0; on < CPU_COMBINATIONS; on++) {
		set_cpu(&s, on);
		sweep_leaves(&s);
	}
	/* A sweep that only ever faults, or never does, proves little. */
	assert_true(s.allowed > 10000);
	assert_true(s.denied > 10000);
	print_message("# %s: %" PRIu64 " allowed, %" PRIu64 " denied\n",
		      f->name, s.allowed, s.denied);
	tdp_walker_destroy(s.walker);
	tdp_memory_destroy(s.memory);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(formats, guess_and_walk_agree),
	};

	return RUN("sweep_guest", suites);
}
