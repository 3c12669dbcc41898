/* SPDX-License-Identifier: MIT */
/*
 * A walker that remembers against one that does not: they agree as long as
 * nobody changes the tables, and again after the prescribed invalidation; in
 * between they may differ, and now and then do.
 */
#include "law.h"

#include <string.h>

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "tdpsim/tlb.h"

#define ROUNDS 6000 /* machines a stage */
#define STEPS  24   /* accesses a machine */
#define VPID   7

/* One machine, walked with memory and without. */
struct pair {
	struct random_machine m; /* its walker has the TLB */
	struct tdp_walker *plain;
	struct tdp_tlb *tlb;
	uint16_t vpid;
	unsigned int round;
	enum tdp_flush_kind flushed; /* what came last; for messages */
	tdp_gva linear;              /* of the access, without metadata */
	struct tdp_walk_access access;
	uint64_t compared, stale, hits;
};

/* Small structures, so that lines are lost; some left out altogether. */
static void random_config(struct random_machine *m,
			  struct tdp_tlb_config *config)
{
	*config = (struct tdp_tlb_config){ .seed = 1 + random_below(m, 1000) };
	for (size_t i = 0; i < TDP_NR_TLB_PARTS; i++)
		if (random_percent(m, 70))
			config->part[i] = (struct tdp_cache_shape){
				.sets = 1 + (unsigned int)random_below(m, 5),
				.ways = 1 + (unsigned int)random_below(m, 4),
				.replacement = (enum tdp_replacement)
					random_below(m, 3),
			};
	/* Only AMD remembers entries by their physical address. */
	if (m->cpu.vendor == TDP_INTEL)
		config->part[TDP_TLB_PART_PAGE_WALK].sets = 0;
	/* The TLB and one structure above it are always there. */
	config->part[TDP_TLB_PART_TLB].sets = 4;
	config->part[TDP_TLB_PART_TLB].ways = 4;
	config->part[TDP_TLB_PART_PDE].sets = 2;
	config->part[TDP_TLB_PART_PDE].ways = 2;
}

/* PML and #VE have state of their own, which two walkers do not share. */
static void without_side_effects(struct tdp_walk_cpu *cpu)
{
	cpu->ept.ctrl2 &= ~(TDP_EPT_CTRL2_PML | TDP_EPT_CTRL2_VE);
	cpu->npt.control &= ~TDP_NP_PML;
}

static void pair_begin(struct pair *p, const struct stage *s)
{
	struct random_machine *m = &p->m;
	struct tdp_tlb_config config;

	tdp_walker_attach_tlb(m->walker, NULL, 0);
	tdp_tlb_destroy(p->tlb);
	random_machine_make(m, s->vendor, s->stage2);
	without_side_effects(&m->cpu);
	random_machine_load(m, &m->cpu);
	assert_int_equal(tdp_walker_set_cpu(p->plain, &m->cpu, NULL), TDP_OK);
	random_config(m, &config);
	assert_int_equal(tdp_tlb_create(&config, &p->tlb, NULL), TDP_OK);
	p->vpid = s->stage2 == TDP_STAGE2_NONE ? 0 : VPID;
	tdp_walker_attach_tlb(m->walker, p->tlb, p->vpid);
}

static void pair_end(struct pair *p)
{
	struct tdp_tlb_stats stats;

	for (size_t i = 0; i < TDP_NR_TLB_PARTS; i++) {
		tdp_tlb_get_stats(p->tlb, (enum tdp_tlb_part)i, &stats);
		p->hits += stats.hits;
	}
}

static void fail_pair(const struct pair *p, const struct tdp_walk_result *a,
		      const struct tdp_walk_result *b, const char *law)
{
	fail_msg("machine %u, %" PRIx64
		 " kind %d user %d, %s: %s: plain %s (%s) "
		 "info %" PRIx64 " gpa %" PRIx64 " hpa %" PRIx64
		 " type %s, remembering %s (%s) info %" PRIx64 " gpa %" PRIx64
		 " hpa %" PRIx64 " type %s",
		 p->round, p->access.gva.addr, p->access.kind, p->access.user,
		 tdp_flush_name(p->flushed), law,
		 tdp_walk_outcome_name(a->outcome),
		 tdp_walk_reason_name(a->reason), a->info, a->gpa.addr,
		 a->hpa.addr, tdp_memtype_name(a->memtype),
		 tdp_walk_outcome_name(b->outcome),
		 tdp_walk_reason_name(b->reason), b->info, b->gpa.addr,
		 b->hpa.addr, tdp_memtype_name(b->memtype));
}

/* The access, by both; first by the one that leaves no trace. */
static bool both_agree(struct pair *p, struct tdp_walk_result *plain,
		       struct tdp_walk_result *cached)
{
	assert_int_equal(
		tdp_walk(p->plain, &p->access, TDP_WALK_DRY, NULL, plain),
		TDP_OK);
	assert_int_equal(tdp_walk(p->m.walker, &p->access, 0, NULL, cached),
			 TDP_OK);
	p->compared++;
	return same_end(plain, cached);
}

/* What completed has left no flag to set. */
static void check_flags(struct pair *p, const struct tdp_walk_result *cached)
{
	struct tdp_walk_result again;

	if (cached->outcome != TDP_WALK_OK)
		return;
	assert_int_equal(
		tdp_walk(p->plain, &p->access, TDP_WALK_DRY, NULL, &again),
		TDP_OK);
	if (again.nr_writes)
		fail_pair(p, &again, cached,
			  "a remembered access left a flag unset");
}

static void check_agreement(struct pair *p, const char *law)
{
	struct tdp_walk_result plain, cached;

	if (!both_agree(p, &plain, &cached))
		fail_pair(p, &plain, &cached, law);
	check_flags(p, &cached);
}

/* Changes ------------------------------------------------------------------ */

/*
 * Flip a bit of a random entry; false: not this time.  Address bits only of
 * leaves: a table that is reached in two ways changes under its own walk when
 * that sets flags, and no invalidation is prescribed for that.
 */
static bool change_entry(struct pair *p, const struct random_slots *slots)
{
	static const unsigned char bits[] = { 0, 1,  2,  5,  6, 8,
					      9, 10, 63, 12, 13 };
	const unsigned int nr_flags = 9;
	const struct random_slot *slot;
	uint64_t value = 0;
	unsigned int bit;

	if (!slots->count)
		return false;
	slot = &slots->slot[random_below(&p->m, slots->count)];
	bit = bits[random_below(&p->m, slot->leaf ? sizeof(bits) : nr_flags)];
	/* PDPTE registers do not see memory change. */
	if ((slot->pdpte && p->m.cpu.vendor == TDP_INTEL) ||
	    bit >= 8 * slot->bytes)
		return false;
	tdp_memory_read(p->m.memory, TDP_HPA(slot->hpa), &value, slot->bytes);
	value ^= BIT(bit);
	tdp_memory_write(p->m.memory, TDP_HPA(slot->hpa), &value, slot->bytes);
	return true;
}

static void flush(struct pair *p, enum tdp_flush_kind kind)
{
	const struct tdp_flush f = {
		.kind = kind,
		.address = p->linear,
		.vpid = p->vpid,
		.root = p->m.cpu.ept.eptp,
	};

	tdp_walker_flush(p->m.walker, &f);
	p->flushed = kind;
}

static void flush_all(struct pair *p)
{
	flush(p, TDP_FLUSH_INVPCID_ALL_GLOBAL);
	flush(p, TDP_FLUSH_INVVPID_ALL);
	flush(p, TDP_FLUSH_INVEPT_ALL);
	flush(p, TDP_FLUSH_TLB_CONTROL_ALL);
}

/*
 * SDM: "Recommended Invalidation", "Software Use of the INVEPT Instruction":
 * each of these suffices for an address whose own tables have changed.
 */
static enum tdp_flush_kind guest_flush(struct pair *p)
{
	static const enum tdp_flush_kind native[] = {
		TDP_FLUSH_INVLPG,
		TDP_FLUSH_INVPCID_ALL_GLOBAL,
	};
	static const enum tdp_flush_kind under_ept[] = {
		TDP_FLUSH_INVLPG,
		TDP_FLUSH_INVPCID_ALL_GLOBAL,
		TDP_FLUSH_INVVPID_CONTEXT,
		TDP_FLUSH_INVVPID_ALL,
	};
	static const enum tdp_flush_kind under_npt[] = {
		TDP_FLUSH_INVLPG,
		TDP_FLUSH_INVLPGA,
		TDP_FLUSH_TLB_CONTROL_ASID,
		TDP_FLUSH_TLB_CONTROL_ALL,
	};

	switch (p->m.cpu.stage2) {
	case TDP_STAGE2_EPT:
		return under_ept[random_below(&p->m, ARRAY_SIZE(under_ept))];
	case TDP_STAGE2_NPT:
		return under_npt[random_below(&p->m, ARRAY_SIZE(under_npt))];
	default:
		return native[random_below(&p->m, ARRAY_SIZE(native))];
	}
}

static enum tdp_flush_kind nested_flush(struct pair *p)
{
	if (p->m.cpu.stage2 == TDP_STAGE2_EPT)
		return random_percent(&p->m, 50) ? TDP_FLUSH_INVEPT_CONTEXT :
						   TDP_FLUSH_INVEPT_ALL;
	return random_percent(&p->m, 50) ? TDP_FLUSH_TLB_CONTROL_ASID :
					   TDP_FLUSH_TLB_CONTROL_ALL;
}

/*
 * Change an entry and look before the flush, where the two may differ, and
 * after it, where they may not.
 */
static void change_and_flush(struct pair *p)
{
	const bool nested = p->m.nested.count && random_percent(&p->m, 40);
	struct tdp_walk_result plain, cached;

	/* Warm, so that there is something to be stale. */
	tdp_walk(p->m.walker, &p->access, 0, NULL, &cached);
	p->linear = cached.gva;
	if (!change_entry(p, nested ? &p->m.nested : &p->m.guest))
		return;
	if (random_percent(&p->m, 50))
		p->stale += !both_agree(p, &plain, &cached);
	flush(p, nested ? nested_flush(p) : guest_flush(p));
	check_agreement(p, "they differ after the flush");
	/* Other addresses may still be stale after INVLPG. */
	flush_all(p);
}

/* Registers change what is allowed, not what is remembered. */
static void change_register(struct pair *p)
{
	struct tdp_walk_cpu cpu = *tdp_walker_cpu(p->m.walker);
	const uint64_t cr0 = cpu.cr0 ^ CR0_WP;
	const uint64_t cr4 = cpu.cr4 ^
			     (random_percent(&p->m, 50) ? CR4_SMAP : CR4_SMEP);
	const bool first = random_percent(&p->m, 50);

	/* CR4.CET forbids CR0.WP=0: then the MOV is refused, and all is well. */
	(void)tdp_walker_mov_cr(p->m.walker, first ? 0 : 4, first ? cr0 : cr4,
				NULL);
	p->m.cpu = *tdp_walker_cpu(p->m.walker);
	assert_int_equal(tdp_walker_set_cpu(p->plain, &p->m.cpu, NULL), TDP_OK);
	check_agreement(p, "they differ after MOV to CR");
}

/* Tests -------------------------------------------------------------------- */

static void for_pairs(const struct stage *s, void (*step)(struct pair *p),
		      struct pair *p)
{
	*p = (struct pair){ .tlb = NULL };
	assert_true(random_machine_init(&p->m, s->seed));
	assert_int_equal(tdp_walker_create(p->m.memory, &p->plain, NULL),
			 TDP_OK);
	for (p->round = 0; p->round < ROUNDS; p->round++) {
		pair_begin(p, s);
		for (unsigned int i = 0; i < STEPS; i++) {
			random_access(&p->m, &p->access);
			step(p);
		}
		pair_end(p);
	}
	tdp_walker_attach_tlb(p->m.walker, NULL, 0);
	tdp_tlb_destroy(p->tlb);
	tdp_walker_destroy(p->plain);
	random_machine_finish(&p->m);
	print_message("# %s: %" PRIu64 " compared, %" PRIu64 " stale, %" PRIu64
		      " hits\n",
		      s->name, p->compared, p->stale, p->hits);
}

static void step_unchanged(struct pair *p)
{
	check_agreement(p, "they differ though nothing changed");
}

static void unchanged_tables_give_the_same(void **state)
{
	struct pair p;

	for_pairs(*state, step_unchanged, &p);
	assert_true(p.hits > p.compared / 10);
}

static void step_changes(struct pair *p)
{
	if (random_percent(&p->m, 70))
		change_and_flush(p);
	else
		change_register(p);
}

static void flushes_make_changes_visible(void **state)
{
	struct pair p;

	for_pairs(*state, step_changes, &p);
	/* If nothing were ever stale, flushes would prove nothing. */
	assert_true(p.stale > 200);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(stages, unchanged_tables_give_the_same),
		ROWS(stages, flushes_make_changes_visible),
	};

	return RUN("caches", suites);
}
