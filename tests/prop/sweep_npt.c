/* SPDX-License-Identifier: MIT */
/*
 * Every combination of what a nested leaf and a nested entry above it can
 * say, what the host and the VMCB have on, what the guest's leaf needs to have
 * written, and how the page is accessed: for the page itself and for the guest
 * table that maps it, against the second opinion of predict.c.
 */
#include <inttypes.h>

#include "support/unit.h"

#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "predict.h"
#include "tdpsim/walk.h"

#define PAGE UINT64_C(0x1000)
#define LA   UINT64_C(0x8080604123) /* indices 1, 2, 3, 4 */

/* The layout is that of sweep_ept.c. */
#define GUEST_PML4  UINT64_C(0x1000)
#define GUEST_PDPT  UINT64_C(0x2000)
#define GUEST_PD    UINT64_C(0x3000)
#define GUEST_PT    UINT64_C(0x200000)
#define GUEST_PAGE  UINT64_C(0x400000)
#define HOST        UINT64_C(0x800000)
#define NPT_PML4    UINT64_C(0x100000)
#define NPT_PDPT    UINT64_C(0x101000)
#define NPT_PD      UINT64_C(0x102000)
#define NPT_PT(gpa) (UINT64_C(0x110000) + PAGE * ((gpa) >> 21))

#define GPTE_GPA    (GUEST_PT + 8 * 4)
#define PAGE_GPA    (GUEST_PAGE | (LA & 0xfff))

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
#define NPT_ALL            (PTE_P | PTE_RW | PTE_A)

enum { ON_NXE = 1, ON_SMEP = 2, ON_GMET = 4, ON_ROGPT = 8 };
#define CPU_COMBINATIONS 16

enum { GUEST_A = 1, GUEST_D = 2 };
#define GUEST_COMBINATIONS 4

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
	struct npt_request request;
	struct tdp_walk_access access;
} tries[] = {
	{ "user read", { .write = false }, { .kind = TDP_READ, .user = true } },
	{ "user write", { .write = true },
	  { .kind = TDP_WRITE, .user = true } },
	{ "user fetch", { .fetch = true },
	  { .kind = TDP_FETCH, .user = true } },
	{ "user read-modify-write", { .write = true },
	  { .kind = TDP_RMW, .user = true } },
	{ "supervisor read", { .supervisor = true }, { .kind = TDP_READ } },
	{ "supervisor write", { .write = true, .supervisor = true },
	  { .kind = TDP_WRITE } },
	{ "supervisor fetch", { .fetch = true, .supervisor = true },
	  { .kind = TDP_FETCH } },
	{ "supervisor read-modify-write",
	  { .write = true, .supervisor = true }, { .kind = TDP_RMW } },
};
/* clang-format on */

struct sweep {
	const struct place *place;
	struct tdp_memory *memory;
	struct tdp_walker *walker;
	unsigned int on;
	struct npt_cpu cpu;
	struct said leaf, upper;
	uint64_t leaf_entry, upper_entry, guest_entry;
	uint64_t allowed, denied;
};

struct whole_guess {
	bool fault;
	uint64_t info;
	uint64_t gpa;
	struct npt_guess npt; /* flags of the entries under test */
	uint64_t guest_set;   /* flags that the guest's leaf gets */
};

static uint64_t leaf_hpa(const struct sweep *s)
{
	return NPT_PT(s->place->gpa);
}

static uint64_t upper_hpa(const struct sweep *s)
{
	return NPT_PD + 8 * (s->place->gpa >> 21);
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

/*
 * What is not under test grants everything.  Under GMET that takes U/S = 0
 * somewhere, or fetches below CPL 3 are barred.
 */
static void map(struct sweep *s, uint64_t gpa, uint64_t user)
{
	put(s, NPT_PD + 8 * (gpa >> 21), NPT_PT(gpa) | NPT_ALL | PTE_US);
	put(s, NPT_PT(gpa) + 8 * (gpa >> 12 & 511),
	    (gpa + HOST) | NPT_ALL | PTE_D | user);
}

static void build_tables(struct sweep *s, uint64_t user)
{
	put(s, NPT_PML4, NPT_PDPT | NPT_ALL | PTE_US);
	put(s, NPT_PDPT, NPT_PD | NPT_ALL | PTE_US);
	map(s, GUEST_PML4, user);
	map(s, GUEST_PDPT, user);
	map(s, GUEST_PD, user);
	map(s, GUEST_PT, user);
	map(s, GUEST_PAGE, user);
	put(s, HOST + GUEST_PML4 + 8 * 1, GUEST_PDPT | 0x27);
	put(s, HOST + GUEST_PDPT + 8 * 2, GUEST_PD | 0x27);
	put(s, HOST + GUEST_PD + 8 * 3, GUEST_PT | 0x27);
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

static void set_cpu(struct sweep *s, unsigned int on)
{
	struct tdp_walk_cpu cpu;

	tdp_walk_cpu_init(&cpu, TDP_AMD);
	cpu.cr3 = GUEST_PML4;
	cpu.stage2 = TDP_STAGE2_NPT;
	cpu.npt.ncr3 = NPT_PML4;
	cpu.npt.control = TDP_NP_ENABLE | (on & ON_GMET ? TDP_NP_GMET : 0) |
			  (on & ON_ROGPT ? TDP_NP_ROGPT : 0);
	cpu.npt.efer = (cpu.npt.efer & ~EFER_NX) | (on & ON_NXE ? EFER_NX : 0);
	cpu.npt.cr4 = (cpu.npt.cr4 & ~CR4_SMEP) | (on & ON_SMEP ? CR4_SMEP : 0);
	assert_int_equal(tdp_walker_set_cpu(s->walker, &cpu, NULL), TDP_OK);
	s->on = on;
	s->cpu = (struct npt_cpu){
		.nxe = on & ON_NXE,
		.smep = on & ON_SMEP,
		.gmet = on & ON_GMET,
		.rogpt = on & ON_ROGPT,
	};
}

/* Ask the nested entries under test; true if the access goes on. */
static bool ask(const struct sweep *s, const struct npt_request *q,
		uint64_t gpa, struct whole_guess *w)
{
	struct said upper = s->upper, leaf = s->leaf;

	upper.accessed = w->npt.upper_accessed;
	leaf.accessed = w->npt.leaf_accessed;
	leaf.dirty = w->npt.leaf_dirty;
	w->npt = guess_npt(&s->cpu, q, &upper, &leaf);
	w->fault = w->npt.fault;
	w->info = w->npt.info;
	w->gpa = gpa;
	return !w->fault;
}

static bool ask_table(const struct sweep *s, const struct try *t, bool update,
		      struct whole_guess *w)
{
	const struct npt_request q = {
		.write = update,
		.table = true,
		.supervisor = t->request.supervisor,
	};

	if (s->place->gpa != GUEST_PT)
		return true;
	return ask(s, &q, GPTE_GPA, w);
}

/* APM 2: "Nested versus Guest Page Faults, Fault Ordering". */
static void guess_whole(const struct sweep *s, const struct try *t,
			struct whole_guess *w)
{
	const uint64_t wanted = PTE_A | (t->request.write ? PTE_D : 0);
	const uint64_t missing = wanted & ~s->guest_entry;

	*w = (struct whole_guess){
		.npt = {
			.upper_accessed = s->upper.accessed,
			.leaf_accessed = s->leaf.accessed,
			.leaf_dirty = s->leaf.dirty,
		},
	};
	if (!ask_table(s, t, false, w))
		return;
	if (missing && !ask_table(s, t, true, w))
		return;
	w->guest_set = missing;
	if (s->place->gpa == GUEST_PAGE)
		ask(s, &t->request, PAGE_GPA, w);
}

static void describe(const struct sweep *s, const struct try *t,
		     const struct whole_guess *w,
		     const struct tdp_walk_result *r, const char *what)
{
	fail_msg("%s: %s differs: %s, nested leaf %" PRIx64 ", upper %" PRIx64
		 ", guest leaf %" PRIx64 ", processor %x: guess %s %" PRIx64
		 " gpa %" PRIx64 ", walk %s (%s) %" PRIx64 " gpa %" PRIx64
		 ", leaf %" PRIx64 ", upper %" PRIx64 ", guest leaf %" PRIx64,
		 s->place->name, what, t->name, s->leaf_entry, s->upper_entry,
		 s->guest_entry, s->on, w->fault ? "npf" : "ok", w->info,
		 w->gpa, tdp_walk_outcome_name(r->outcome),
		 tdp_walk_reason_name(r->reason), r->info, r->gpa.addr,
		 get(s, leaf_hpa(s)), get(s, upper_hpa(s)),
		 get(s, HOST + GPTE_GPA));
}

/* Does memory hold what it must?  Make it as before the access. */
static bool flags_agree(struct sweep *s, const struct whole_guess *w)
{
	const uint64_t leaf = s->leaf_entry |
			      (w->npt.leaf_accessed ? PTE_A : 0) |
			      (w->npt.leaf_dirty ? PTE_D : 0);
	const uint64_t upper = s->upper_entry |
			       (w->npt.upper_accessed ? PTE_A : 0);

	if (get(s, leaf_hpa(s)) != leaf || get(s, upper_hpa(s)) != upper ||
	    get(s, HOST + GPTE_GPA) != (s->guest_entry | w->guest_set))
		return false;
	put(s, leaf_hpa(s), s->leaf_entry);
	put(s, upper_hpa(s), s->upper_entry);
	put(s, HOST + GPTE_GPA, s->guest_entry);
	return true;
}

static void check_try(struct sweep *s, const struct try *t)
{
	struct tdp_walk_access access = t->access;
	struct whole_guess w;
	struct tdp_walk_result r;

	guess_whole(s, t, &w);
	access.gva.addr = LA;
	tdp_walk(s->walker, &access, 0, NULL, &r);
	if (w.fault) {
		s->denied++;
		if (r.outcome != TDP_WALK_NPF)
			describe(s, t, &w, &r, "outcome");
		if (r.info != w.info)
			describe(s, t, &w, &r, "EXITINFO1");
		if (r.gpa.addr != w.gpa)
			describe(s, t, &w, &r, "EXITINFO2");
	} else {
		s->allowed++;
		if (r.outcome != TDP_WALK_OK)
			describe(s, t, &w, &r, "outcome");
		if (r.hpa.addr != HOST + PAGE_GPA)
			describe(s, t, &w, &r, "address");
	}
	if (!flags_agree(s, &w))
		describe(s, t, &w, &r, "A or D flag");
}

static void sweep_guest(struct sweep *s)
{
	for (unsigned int says = 0; says < GUEST_COMBINATIONS; says++) {
		s->guest_entry = GUEST_PAGE | PTE_P | PTE_RW | PTE_US |
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
		s->upper_entry = encode(says, BIT(46)) | NPT_PT(s->place->gpa);
		put(s, upper_hpa(s), s->upper_entry);
		sweep_guest(s);
	}
}

static void sweep_leaves(struct sweep *s)
{
	for (unsigned int says = 0; says < LEAF_COMBINATIONS; says++) {
		s->leaf = decode(says);
		s->leaf_entry = encode(says, BIT(51)) | (s->place->gpa + HOST);
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
	for (unsigned int on = 0; on < CPU_COMBINATIONS; on++) {
		build_tables(&s, on & ON_GMET ? 0 : PTE_US);
		set_cpu(&s, on);
		sweep_leaves(&s);
	}
	/* A sweep that only ever faults, or never does, proves little. */
	assert_true(s.allowed > 10000);
	assert_true(s.denied > 10000);
	print_message("# %s: %" PRIu64 " allowed, %" PRIu64 " denied\n",
		      s.place->name, s.allowed, s.denied);
	tdp_walker_destroy(s.walker);
	tdp_memory_destroy(s.memory);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(places, guess_and_walk_agree),
	};

	return RUN("sweep_npt", suites);
}
