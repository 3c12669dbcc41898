/* SPDX-License-Identifier: MIT */
#include "law.h"

/* clang-format off */
const struct stage stages[4] = {
	{ "intel",	TDP_INTEL,	TDP_STAGE2_NONE, 0x1001 },
	{ "amd",	TDP_AMD,	TDP_STAGE2_NONE, 0x1002 },
	{ "ept",	TDP_INTEL,	TDP_STAGE2_EPT,	 0x1003 },
	{ "npt",	TDP_AMD,	TDP_STAGE2_NPT,	 0x1004 },
};
/* clang-format on */

void walk(struct trial *t, unsigned int flags, struct tdp_walk_result *r)
{
	assert_int_equal(tdp_walk(t->m->walker, &t->access, flags, NULL, r),
			 TDP_OK);
}

static void fail_trial(const struct trial *t, const struct tdp_walk_result *r,
		       const char *law)
{
	const struct tdp_walk_result *a = &t->result;

	fail_msg("machine %u, %" PRIx64 " kind %d user %d implicit %d: %s: "
		 "first %s (%s) info %" PRIx64 " gpa %" PRIx64 " hpa %" PRIx64
		 " type %s, then %s (%s) info %" PRIx64 " gpa %" PRIx64
		 " hpa %" PRIx64 " type %s, %u writes, %u logged",
		 t->machine, t->access.gva.addr, t->access.kind, t->access.user,
		 t->access.implicit, law, tdp_walk_outcome_name(a->outcome),
		 tdp_walk_reason_name(a->reason), a->info, a->gpa.addr,
		 a->hpa.addr, tdp_memtype_name(a->memtype),
		 tdp_walk_outcome_name(r->outcome),
		 tdp_walk_reason_name(r->reason), r->info, r->gpa.addr,
		 r->hpa.addr, tdp_memtype_name(r->memtype), r->nr_writes,
		 r->nr_pml);
}

void check(bool holds, const struct trial *t, const struct tdp_walk_result *r,
	   const char *law)
{
	if (!holds)
		fail_trial(t, r, law);
}

bool same_success(const struct tdp_walk_result *a,
		  const struct tdp_walk_result *b)
{
	return a->outcome == TDP_WALK_OK && b->outcome == TDP_WALK_OK &&
	       a->gva.addr == b->gva.addr && a->gpa.addr == b->gpa.addr &&
	       a->hpa.addr == b->hpa.addr;
}

bool same_end(const struct tdp_walk_result *a, const struct tdp_walk_result *b)
{
	return a->outcome == b->outcome && a->reason == b->reason &&
	       a->info == b->info && a->gva.addr == b->gva.addr &&
	       a->gpa.addr == b->gpa.addr && a->hpa.addr == b->hpa.addr &&
	       (a->outcome != TDP_WALK_OK || a->memtype == b->memtype);
}

bool is_shadow_stack(enum tdp_access_kind kind)
{
	return kind == TDP_SS_READ || kind == TDP_SS_WRITE;
}

typedef void make(struct random_machine *m, const struct stage *s);

static void make_any(struct random_machine *m, const struct stage *s)
{
	random_machine_make(m, s->vendor, s->stage2);
}

static void make_identity(struct random_machine *m, const struct stage *s)
{
	random_machine_make_identity(m, s->vendor);
}

static void try_all(const struct stage *s, make *make_machine,
		    void (*law)(struct trial *t), uint64_t least)
{
	struct random_machine m;
	struct trial t = { .m = &m };

	assert_true(random_machine_init(&m, s->seed));
	for (t.machine = 0; t.machine < MACHINES; t.machine++) {
		make_machine(&m, s);
		for (unsigned int i = 0; i < ACCESSES; i++) {
			random_access(&m, &t.access);
			walk(&t, TDP_WALK_DRY, &t.result);
			law(&t);
		}
	}
	print_message("# %s: the law applied %" PRIu64 " times\n", s->name,
		      t.tried);
	assert_true(t.tried >= least);
	random_machine_finish(&m);
}

void for_all(const struct stage *s, void (*law)(struct trial *t),
	     uint64_t least)
{
	try_all(s, make_any, law, least);
}

void for_all_identities(const struct stage *s, void (*law)(struct trial *t),
			uint64_t least)
{
	try_all(s, make_identity, law, least);
}
