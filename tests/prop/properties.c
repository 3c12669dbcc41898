/* SPDX-License-Identifier: MIT */
/* Laws of every walk: dry walks, A and D flags, rights, identity. */
#include "law.h"

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"

/* The machines ------------------------------------------------------------- */

/* How often each outcome and each reason was met, over all stages. */
static struct {
	uint64_t outcome[TDP_NR_WALK_OUTCOMES];
	uint64_t reason[TDP_NR_WALK_REASONS];
} met;

static void law_count(struct trial *t)
{
	met.outcome[t->result.outcome]++;
	met.reason[t->result.reason]++;
	t->tried++;
}

/* What the machines never do, no law is tried on. */
static void machines_do_everything(void **state)
{
	unsigned int reasons = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		for_all(&stages[i], law_count, 1);
	for (size_t i = 0; i < TDP_NR_WALK_OUTCOMES; i++)
		if (met.outcome[i] < 50)
			fail_msg("only %" PRIu64 " times %s", met.outcome[i],
				 tdp_walk_outcome_name(
					 (enum tdp_walk_outcome)i));
	for (size_t i = 0; i < TDP_NR_WALK_REASONS; i++)
		reasons += met.reason[i] > 0;
	print_message("# %u of %d reasons met\n", reasons, TDP_NR_WALK_REASONS);
	assert_true(reasons >= 50);
}

/* Dry walks --------------------------------------------------------------- */

/*
 * A dry walk tells what the real one does, and changes nothing.  The real one
 * may find an entry changed that it changed itself.
 */
static void law_dry(struct trial *t)
{
	struct tdp_walk_result r;

	check(random_machine_is_unchanged(t->m), t, &t->result,
	      "a dry walk wrote");
	walk(t, 0, &r);
	check(same_end(&t->result, &r), t, &r,
	      "dry and real walk end differently");
	random_machine_rewind(t->m);
	t->tried++;
}

static void dry_walk_foretells_the_real_one(void **state)
{
	for_all(*state, law_dry, 10000);
}

/* A and D flags ------------------------------------------------------------ */

/* #VE makes its area busy, so the second time it is an exit. */
static bool same_again(const struct tdp_walk_result *first,
		       const struct tdp_walk_result *again)
{
	struct tdp_walk_result as_exit = *first;

	if (first->outcome == TDP_WALK_VE)
		as_exit.outcome = TDP_WALK_EPT_VIOLATION;
	return same_end(&as_exit, again);
}

static void law_idempotence(struct trial *t)
{
	struct tdp_walk_result r;

	walk(t, 0, &t->result);
	walk(t, 0, &r);
	check(same_again(&t->result, &r), t, &r,
	      "the same access ends differently");
	check(!r.nr_writes && !r.nr_pml, t, &r,
	      "the second access writes flags");
	check(t->result.guest_reads == r.guest_reads &&
		      t->result.nested_reads == r.nested_reads,
	      t, &r, "the second access reads other entries");
	t->tried += t->result.nr_writes > 0;
}

static void flags_are_set_once(void **state)
{
	for_all(*state, law_idempotence, 1000);
}

/* Writes may set A and D, in that entry, and nothing else. */
static void law_only_flags(struct trial *t)
{
	for (unsigned int i = 0; i < t->result.nr_writes; i++) {
		const struct tdp_walk_write *w = &t->result.writes[i];
		const uint64_t flags = w->stage == TDP_WALK_EPT ?
					       EPT_A | EPT_D :
					       PTE_A | PTE_D;

		check(w->value != w->old && !((w->value ^ w->old) & ~flags) &&
			      (w->value & w->old) == w->old,
		      t, &t->result, "a walk writes other bits than A and D");
		t->tried++;
	}
}

static void only_flags_are_written(void **state)
{
	for_all(*state, law_only_flags, 1000);
}

/* Monotone rights ---------------------------------------------------------- */

/* With more rights, what completed completes in the same way. */
static void check_still_completes(struct trial *t, const char *law)
{
	struct tdp_walk_result r;

	walk(t, TDP_WALK_DRY, &r);
	check(same_success(&t->result, &r), t, &r, law);
	t->tried++;
}

static void law_guest_rights(struct trial *t)
{
	if (t->result.outcome != TDP_WALK_OK)
		return;
	slots_change(t->m, &t->m->guest, 0,
		     t->m->paging == PAGING_32 ? 0 : PTE_XD);
	check_still_completes(t, "clearing XD takes a right away");
	/* A shadow-stack page is one that R/W=0 marks. */
	if (!is_shadow_stack(t->access.kind)) {
		slots_change(t->m, &t->m->guest, PTE_RW, 0);
		check_still_completes(t, "setting R/W takes a right away");
	}
	slots_restore(t->m, &t->m->guest);
}

static void guest_rights_are_monotone(void **state)
{
	for_all(*state, law_guest_rights, 1000);
}

/* Every control that restricts, turned off. */
static void relax(struct tdp_walk_cpu *cpu, bool shadow_stack)
{
	cpu->cr4 &= ~(CR4_SMEP | CR4_SMAP | CR4_PKE | CR4_PKS | CR4_LASS);
	cpu->rflags |= RFLAGS_AC;
	if (shadow_stack)
		return;
	cpu->cr4 &= ~CR4_CET;
	cpu->cr0 &= ~CR0_WP;
}

static void law_controls(struct trial *t)
{
	struct tdp_walk_cpu cpu = t->m->cpu;

	if (t->result.outcome != TDP_WALK_OK)
		return;
	relax(&cpu, is_shadow_stack(t->access.kind));
	random_machine_load(t->m, &cpu);
	check_still_completes(t, "a control that is off restricts");
	random_machine_load(t->m, &t->m->cpu);
}

static void controls_only_restrict(void **state)
{
	for_all(*state, law_controls, 1000);
}

static void law_ept_rights(struct trial *t)
{
	const struct random_slots *nested = &t->m->nested;

	if (t->result.outcome != TDP_WALK_OK)
		return;
	slots_change(t->m, nested, EPT_RWX | EPT_XU, 0);
	check_still_completes(t, "an EPT right takes one away");
	slots_restore(t->m, nested);
	/* PWA needs R in a leaf, or the entry is misconfigured. */
	slots_change_leaves(t->m, nested, EPT_R | EPT_PWA);
	check_still_completes(t, "paging-write takes a right away");
	slots_change_leaves(t->m, nested, EPT_SSS);
	check_still_completes(t, "a shadow-stack page takes a right away");
	slots_restore(t->m, nested);
}

static void ept_rights_are_monotone(void **state)
{
	(void)state;
	for_all(EPT, law_ept_rights, 10000);
}

static void law_npt_rights(struct trial *t)
{
	const uint32_t control = t->m->cpu.npt.control;

	if (t->result.outcome != TDP_WALK_OK)
		return;
	/* NX and U/S=0 mark a nested shadow-stack page. */
	if (is_shadow_stack(t->access.kind) && control & TDP_NP_SSSCHECK)
		return;
	/* GMET reads U/S the other way round. */
	slots_change(t->m, &t->m->nested,
		     PTE_RW | (control & TDP_NP_GMET ? 0 : PTE_US), PTE_XD);
	check_still_completes(t, "a nested right takes one away");
	slots_restore(t->m, &t->m->nested);
}

static void npt_rights_are_monotone(void **state)
{
	(void)state;
	for_all(NPT, law_npt_rights, 10000);
}

/* A read-only guest table is not written without need. */
static void law_rogpt(struct trial *t)
{
	struct tdp_walk_cpu cpu = t->m->cpu;

	if (t->result.outcome != TDP_WALK_OK || cpu.npt.control & TDP_NP_ROGPT)
		return;
	cpu.npt.control |= TDP_NP_ROGPT;
	random_machine_load(t->m, &cpu);
	check_still_completes(t, "ROGPT takes a right away");
	random_machine_load(t->m, &t->m->cpu);
}

static void rogpt_only_relaxes(void **state)
{
	(void)state;
	for_all(NPT, law_rogpt, 5000);
}

/* Identity ----------------------------------------------------------------- */

/*
 * WC of both stages combines to WC+, which one stage cannot give.  APM 2:
 * "Combining Memory Types, MTRRs".
 */
static bool same_type(enum tdp_memtype alone, enum tdp_memtype nested)
{
	return alone == nested ||
	       (alone == TDP_MT_WC && nested == TDP_MT_WC_PLUS);
}

static bool same_guest_writes(const struct tdp_walk_result *a,
			      const struct tdp_walk_result *b)
{
	if (a->nr_writes != b->nr_writes)
		return false;
	for (unsigned int i = 0; i < a->nr_writes; i++)
		if (a->writes[i].hpa.addr != b->writes[i].hpa.addr ||
		    a->writes[i].value != b->writes[i].value)
			return false;
	return true;
}

/* A second stage that maps all addresses to themselves is as none. */
static void law_identity(struct trial *t)
{
	struct tdp_walk_cpu cpu = t->m->cpu;
	struct tdp_walk_result alone;

	/* Beyond the guest's memory, nothing is mapped to itself. */
	if (t->result.stage != TDP_WALK_GUEST &&
	    t->result.gpa.addr >= RANDOM_GUEST_SIZE)
		return;
	cpu.stage2 = TDP_STAGE2_NONE;
	random_machine_load(t->m, &cpu);
	walk(t, TDP_WALK_DRY, &alone);
	check(alone.outcome == t->result.outcome &&
		      alone.reason == t->result.reason &&
		      alone.info == t->result.info &&
		      alone.gva.addr == t->result.gva.addr,
	      t, &alone, "identity changes the outcome");
	check(same_guest_writes(&t->result, &alone), t, &alone,
	      "identity changes the writes");
	check(t->result.guest_reads == alone.guest_reads, t, &alone,
	      "identity changes the guest's reads");
	if (alone.outcome == TDP_WALK_OK)
		check(alone.hpa.addr == t->result.hpa.addr &&
			      same_type(alone.memtype, t->result.memtype),
		      t, &alone, "identity changes the address or the type");
	random_machine_load(t->m, &t->m->cpu);
	t->tried++;
}

static void identity_is_no_second_stage(void **state)
{
	(void)state;
	for_all_identities(INTEL, law_identity, 10000);
	for_all_identities(AMD, law_identity, 10000);
}

/* Without paging, the access is the second stage alone. */
static void law_unpaged(struct trial *t)
{
	struct tdp_stage2_access second = {
		.gpa = { t->access.gva.addr },
		.kind = t->access.kind,
		.user = t->access.user,
	};
	struct tdp_walk_result r;

	/* Linear addresses have 32 bits then, guest-physical ones more. */
	if (t->m->paging != PAGING_NONE || t->access.implicit ||
	    is_shadow_stack(t->access.kind) || t->access.gva.addr >> 32)
		return;
	/* SDM: without paging all linear addresses are user-mode ones. */
	if (t->m->cpu.stage2 == TDP_STAGE2_EPT)
		second.user = true;
	assert_int_equal(
		tdp_walk_stage2(t->m->walker, &second, TDP_WALK_DRY, NULL, &r),
		TDP_OK);
	r.gva = t->result.gva;
	check(same_end(&t->result, &r), t, &r,
	      "the second stage alone ends differently");
	t->tried++;
}

static void unpaged_access_is_the_second_stage(void **state)
{
	(void)state;
	for_all(EPT, law_unpaged, 1000);
	for_all(NPT, law_unpaged, 1000);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(machines_do_everything),
		ROWS(stages, dry_walk_foretells_the_real_one),
		ROWS(stages, flags_are_set_once),
		ROWS(stages, only_flags_are_written),
		ROWS(stages, guest_rights_are_monotone),
		ROWS(stages, controls_only_restrict),
		CASE(ept_rights_are_monotone),
		CASE(npt_rights_are_monotone),
		CASE(rogpt_only_relaxes),
		CASE(identity_is_no_second_stage),
		CASE(unpaged_access_is_the_second_stage),
	};

	return RUN("properties", suites);
}
