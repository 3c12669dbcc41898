/* SPDX-License-Identifier: MIT */
/*
 * Every combination of what an EPT leaf and an entry above it can say, what
 * the processor and the VM-execution controls allow, what the guest's leaf
 * says, and how the page is accessed: for the page itself and for the guest
 * table that maps it, against the second opinion of predict.c.
 */
#include <inttypes.h>

#include "support/unit.h"

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "predict.h"
#include "tdpsim/walk.h"

#define PAGE UINT64_C(0x1000)
#define LA   UINT64_C(0x8080604123) /* indices 1, 2, 3, 4 */

/*
 * Guest-physical: tables from 0x1000, of which the last one and the page have
 * 2 MiB each to themselves, so that the EPT entries above them are theirs.
 * Host-physical addresses are HOST above.
 */
#define GUEST_PML4  UINT64_C(0x1000)
#define GUEST_PDPT  UINT64_C(0x2000)
#define GUEST_PD    UINT64_C(0x3000)
#define GUEST_PT    UINT64_C(0x200000)
#define GUEST_PAGE  UINT64_C(0x400000)
#define HOST        UINT64_C(0x800000)
#define EPT_PML4    UINT64_C(0x100000)
#define EPT_PDPT    UINT64_C(0x101000)
#define EPT_PD      UINT64_C(0x102000)
#define EPT_PT(gpa) (UINT64_C(0x110000) + PAGE * ((gpa) >> 21))

#define GPTE_GPA    (GUEST_PT + 8 * 4)
#define PAGE_GPA    (GUEST_PAGE | (LA & 0xfff))

enum {
	SAY_R = 1,
	SAY_W = 2,
	SAY_X = 4,
	SAY_XU = 8,
	SAY_RSVD = 16,
	SAY_A = 32,
	SAY_D = 64
};
#define LEAF_COMBINATIONS  128
#define UPPER_COMBINATIONS 64
#define EPT_ALL            (EPT_RWX | EPT_XU | EPT_A)
#define MEMTYPE_WB         FIELD(EPT_MEMTYPE, 6)
#define MEMTYPE_BAD        FIELD(EPT_MEMTYPE, 3)

enum { ON_EXEC_ONLY = 1, ON_MBE = 2, ON_AD = 4, ON_ADVANCED = 8 };
#define CPU_COMBINATIONS 16

/* What the guest's leaf says. */
enum { GUEST_W = 1, GUEST_U = 2, GUEST_XD = 4, GUEST_A = 8, GUEST_D = 16 };
#define GUEST_COMBINATIONS 32

static const struct place {
	const char *name;
	uint64_t gpa; /* of the page under test */
} places[] = {
	{ "page", GUEST_PAGE },
	{ "guest_table", GUEST_PT },
};

/* clang-format off */
static const struct try {
	const char *name;
	struct access access;
	struct ept_request request;
	enum tdp_access_kind kind;
} tries[] = {
	{ "read", { .user = false }, { .read = true }, TDP_READ },
	{ "write", { .write = true }, { .write = true }, TDP_WRITE },
	{ "fetch", { .fetch = true }, { .fetch = true }, TDP_FETCH },
	{ "read-modify-write", { .write = true },
	  { .read = true, .write = true }, TDP_RMW },
};
/* clang-format on */

struct sweep {
	const struct place *place;
	struct tdp_memory *memory;
	struct tdp_walker *walker;
	unsigned int on;
	struct ept_cpu cpu;
	struct ept_said leaf, upper;
	uint64_t leaf_entry, upper_entry, guest_entry;
	unsigned int guest_says;
	struct said guest;
	uint64_t seen[3]; /* by verdict */
};

/* What must come of it, all told. */
struct whole_guess {
	enum tdp_walk_outcome outcome;
	uint64_t info;
	uint64_t gpa;
	struct ept_guess ept; /* flags of the entries under test */
	struct guess guest;
	bool guest_written;
};

static uint64_t leaf_hpa(const struct sweep *s)
{
	return EPT_PT(s->place->gpa);
}

static uint64_t upper_hpa(const struct sweep *s)
{
	return EPT_PD + 8 * (s->place->gpa >> 21);
}

static void put(struct sweep *s, uint64_t hpa, uint64_t value)
{
	assert_int_equal(tdp_memory_write64(s->memory, TDP_HPA(hpa), value),
			 TDP_OK);
}

static uint64_t get(const struct sweep *s, uint64_t hpa)
{
	return tdp_memory_read64(s->memory, TDP_HPA(hpa));
}

static void map(struct sweep *s, uint64_t gpa)
{
	put(s, EPT_PD + 8 * (gpa >> 21), EPT_PT(gpa) | EPT_ALL);
	put(s, EPT_PT(gpa) + 8 * (gpa >> 12 & 511),
	    (gpa + HOST) | EPT_ALL | EPT_D | MEMTYPE_WB);
}

static void build_tables(struct sweep *s)
{
	put(s, EPT_PML4, EPT_PDPT | EPT_ALL);
	put(s, EPT_PDPT, EPT_PD | EPT_ALL);
	map(s, GUEST_PML4);
	map(s, GUEST_PDPT);
	map(s, GUEST_PD);
	map(s, GUEST_PT);
	map(s, GUEST_PAGE);
	put(s, HOST + GUEST_PML4 + 8 * 1, GUEST_PDPT | 0x27);
	put(s, HOST + GUEST_PDPT + 8 * 2, GUEST_PD | 0x27);
	put(s, HOST + GUEST_PD + 8 * 3, GUEST_PT | 0x27);
}

static uint64_t encode(unsigned int says)
{
	return (says & SAY_R ? EPT_R : 0) | (says & SAY_W ? EPT_W : 0) |
	       (says & SAY_X ? EPT_X : 0) | (says & SAY_XU ? EPT_XU : 0) |
	       (says & SAY_A ? EPT_A : 0) | (says & SAY_D ? EPT_D : 0);
}

static struct ept_said decode(unsigned int says)
{
	return (struct ept_said){
		.read = says & SAY_R,
		.write = says & SAY_W,
		.execute = says & SAY_X,
		.user_execute = says & SAY_XU,
		.reserved = says & SAY_RSVD,
		.accessed = says & SAY_A,
		.dirty = says & SAY_D,
	};
}

static void set_cpu(struct sweep *s, unsigned int on)
{
	struct tdp_walk_cpu cpu;

	tdp_walk_cpu_init(&cpu, TDP_INTEL);
	/* CR0.WP = 0: the guest's R/W bars nothing, and EPT alone decides. */
	cpu.cr0 &= ~CR0_WP;
	cpu.cr3 = GUEST_PML4;
	cpu.stage2 = TDP_STAGE2_EPT;
	cpu.ept.eptp = EPT_PML4 | 0x1e | (on & ON_AD ? EPTP_AD : 0);
	if (!(on & ON_EXEC_ONLY))
		cpu.ept.cap &= ~TDP_EPT_CAP_EXEC_ONLY;
	if (on & ON_ADVANCED)
		cpu.ept.cap |= TDP_EPT_CAP_ADVANCED;
	if (on & ON_MBE)
		cpu.ept.ctrl2 |= TDP_EPT_CTRL2_MBE;
	assert_int_equal(tdp_walker_set_cpu(s->walker, &cpu, NULL), TDP_OK);
	s->on = on;
	s->cpu = (struct ept_cpu){
		.exec_only = on & ON_EXEC_ONLY,
		.mode_based = on & ON_MBE,
		.ad = on & ON_AD,
	};
}

/* SDM: "Exit Qualification for EPT Violations", bits 2:0. */
static uint64_t asked(const struct sweep *s, const struct ept_request *q)
{
	const bool write = q->write || (q->table && s->cpu.ad);

	return (uint64_t)q->read | (uint64_t)write << 1 |
	       (uint64_t)q->fetch << 2;
}

/* Bits 11:7 of the same. */
static uint64_t placed(const struct sweep *s, const struct ept_request *q)
{
	uint64_t bits = BIT(7);

	if (q->table)
		return bits;
	bits |= BIT(8);
	if (!(s->on & ON_ADVANCED))
		return bits;
	return bits | (s->guest.user ? BIT(9) : 0) |
	       (s->guest.write ? BIT(10) : 0) |
	       (s->guest.no_execute ? BIT(11) : 0);
}

/* Ask the EPT entries under test; true if the access goes on. */
static bool ask(const struct sweep *s, const struct ept_request *q,
		uint64_t gpa, struct whole_guess *w)
{
	struct ept_said upper = s->upper, leaf = s->leaf;

	upper.accessed = w->ept.upper_accessed;
	leaf.accessed = w->ept.leaf_accessed;
	leaf.dirty = w->ept.leaf_dirty;
	w->ept = guess_ept(&s->cpu, q, &upper, &leaf);
	if (w->ept.verdict == EPT_ALLOWED)
		return true;
	w->gpa = gpa;
	w->outcome = TDP_WALK_EPT_MISCONFIG;
	if (w->ept.verdict == EPT_VIOLATES) {
		w->outcome = TDP_WALK_EPT_VIOLATION;
		w->info = asked(s, q) | w->ept.rights | placed(s, q);
	}
	return false;
}

static bool ask_table(const struct sweep *s, bool update, struct whole_guess *w)
{
	const struct ept_request q = {
		.read = true,
		.write = update,
		.table = true,
	};

	if (s->place->gpa != GUEST_PT)
		return true;
	return ask(s, &q, GPTE_GPA, w);
}

static bool ask_page(const struct sweep *s, const struct try *t,
		     struct whole_guess *w)
{
	struct ept_request q = t->request;

	if (s->place->gpa != GUEST_PAGE)
		return true;
	q.user_page = s->guest.user;
	return ask(s, &q, PAGE_GPA, w);
}

/*
 * SDM: "Prioritization of EPT Misconfigurations and EPT Violations": read the
 * guest's entry, judge it, update it, then the page.
 */
static void guess_whole(const struct sweep *s, const struct try *t,
			struct whole_guess *w)
{
	static const struct cpu guest_cpu = { .has_xd = true, .nxe = true };
	static const struct said upper = {
		.present = true,
		.write = true,
		.user = true,
		.accessed = true,
	};
	bool update;

	*w = (struct whole_guess){
		.ept = {
			.upper_accessed = s->upper.accessed,
			.leaf_accessed = s->leaf.accessed,
			.leaf_dirty = s->leaf.dirty,
		},
	};
	if (!ask_table(s, false, w))
		return;
	w->guest = guess_guest(&guest_cpu, &t->access, &upper, &s->guest);
	if (w->guest.fault) {
		w->outcome = TDP_WALK_PF;
		w->info = w->guest.code;
		return;
	}
	update = w->guest.leaf_accessed != s->guest.accessed ||
		 w->guest.leaf_dirty != s->guest.dirty;
	if (update && !ask_table(s, true, w))
		return;
	w->guest_written = update;
	if (!ask_page(s, t, w))
		return;
	w->outcome = TDP_WALK_OK;
}

static void describe(const struct sweep *s, const struct try *t,
		     const struct whole_guess *w,
		     const struct tdp_walk_result *r, const char *what)
{
	fail_msg("%s: %s differs: %s, EPT leaf %" PRIx64 ", upper %" PRIx64
		 ", guest leaf %" PRIx64 ", processor %x: guess %s %" PRIx64
		 " gpa %" PRIx64 ", walk %s (%s) %" PRIx64 " gpa %" PRIx64
		 ", leaf %" PRIx64 ", upper %" PRIx64 ", guest leaf %" PRIx64,
		 s->place->name, what, t->name, s->leaf_entry, s->upper_entry,
		 s->guest_entry, s->on, tdp_walk_outcome_name(w->outcome),
		 w->info, w->gpa, tdp_walk_outcome_name(r->outcome),
		 tdp_walk_reason_name(r->reason), r->info, r->gpa.addr,
		 get(s, leaf_hpa(s)), get(s, upper_hpa(s)),
		 get(s, HOST + GPTE_GPA));
}

/* Does memory hold what it must?  Make it as before the access. */
static bool flags_agree(struct sweep *s, const struct whole_guess *w)
{
	const uint64_t leaf = s->leaf_entry |
			      (w->ept.leaf_accessed ? EPT_A : 0) |
			      (w->ept.leaf_dirty ? EPT_D : 0);
	const uint64_t upper = s->upper_entry |
			       (w->ept.upper_accessed ? EPT_A : 0);
	uint64_t guest = s->guest_entry;

	if (w->guest_written)
		guest |= PTE_A | (w->guest.leaf_dirty ? PTE_D : 0);
	if (get(s, leaf_hpa(s)) != leaf || get(s, upper_hpa(s)) != upper ||
	    get(s, HOST + GPTE_GPA) != guest)
		return false;
	put(s, leaf_hpa(s), s->leaf_entry);
	put(s, upper_hpa(s), s->upper_entry);
	put(s, HOST + GPTE_GPA, s->guest_entry);
	return true;
}

static void check_try(struct sweep *s, const struct try *t)
{
	const struct tdp_walk_access access = {
		.gva = { LA },
		.kind = t->kind,
	};
	struct whole_guess w;
	struct tdp_walk_result r;

	guess_whole(s, t, &w);
	s->seen[w.ept.verdict]++;
	tdp_walk(s->walker, &access, 0, NULL, &r);
	if (r.outcome != w.outcome)
		describe(s, t, &w, &r, "outcome");
	if (w.outcome == TDP_WALK_OK && r.hpa.addr != HOST + PAGE_GPA)
		describe(s, t, &w, &r, "address");
	if ((w.outcome == TDP_WALK_PF || w.outcome == TDP_WALK_EPT_VIOLATION) &&
	    r.info != w.info)
		describe(s, t, &w, &r, "error code or qualification");
	if ((w.outcome == TDP_WALK_EPT_VIOLATION ||
	     w.outcome == TDP_WALK_EPT_MISCONFIG) &&
	    r.gpa.addr != w.gpa)
		describe(s, t, &w, &r, "guest-physical address");
	if (!flags_agree(s, &w))
		describe(s, t, &w, &r, "A or D flag");
}

static void sweep_guest(struct sweep *s)
{
	for (unsigned int says = 0; says < GUEST_COMBINATIONS; says++) {
		s->guest_says = says;
		s->guest = (struct said){
			.present = true,
			.write = says & GUEST_W,
			.user = says & GUEST_U,
			.no_execute = says & GUEST_XD,
			.accessed = says & GUEST_A,
			.dirty = says & GUEST_D,
		};
		s->guest_entry = GUEST_PAGE | PTE_P |
				 (says & GUEST_W ? PTE_RW : 0) |
				 (says & GUEST_U ? PTE_US : 0) |
				 (says & GUEST_XD ? PTE_XD : 0) |
				 (says & GUEST_A ? PTE_A : 0) |
				 (says & GUEST_D ? PTE_D : 0);
		put(s, HOST + GPTE_GPA, s->guest_entry);
		for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
			check_try(s, &tries[i]);
	}
}

static void sweep_uppers(struct sweep *s)
{
	for (unsigned int says = 0; says < UPPER_COMBINATIONS; says++) {
		s->upper = decode(says);
		s->upper_entry = encode(says) | EPT_PT(s->place->gpa) |
				 (says & SAY_RSVD ? EPT_IPAT : 0);
		put(s, upper_hpa(s), s->upper_entry);
		sweep_guest(s);
	}
}

static void sweep_leaves(struct sweep *s)
{
	for (unsigned int says = 0; says < LEAF_COMBINATIONS; says++) {
		s->leaf = decode(says);
		s->leaf_entry = encode(says) | (s->place->gpa + HOST) |
				(says & SAY_RSVD ? MEMTYPE_BAD : MEMTYPE_WB);
		put(s, leaf_hpa(s), s->leaf_entry);
		sweep_uppers(s);
	}
}

static void guess_and_walk_agree(void **state)
{
	struct sweep s = { .place = *state };

	assert_int_equal(tdp_memory_create(UINT64_C(16) << 20, &s.memory, NULL),
			 TDP_OK);
	assert_int_equal(tdp_walker_create(s.memory, &s.walker, NULL), TDP_OK);
	build_tables(&s);
	for (unsigned int on = 0; on < CPU_COMBINATIONS; on++) {
		set_cpu(&s, on);
		sweep_leaves(&s);
	}
	/* A sweep that never sees one of the verdicts proves little. */
	for (size_t i = 0; i < ARRAY_SIZE(s.seen); i++)
		assert_true(s.seen[i] > 10000);
	print_message("# %s: %" PRIu64 " allowed, %" PRIu64
		      " violations, %" PRIu64 " misconfigurations\n",
		      s.place->name, s.seen[EPT_ALLOWED], s.seen[EPT_VIOLATES],
		      s.seen[EPT_MISCONFIGURED]);
	tdp_walker_destroy(s.walker);
	tdp_memory_destroy(s.memory);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(places, guess_and_walk_agree),
	};

	return RUN("sweep_ept", suites);
}
