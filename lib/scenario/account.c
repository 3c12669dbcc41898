/* SPDX-License-Identifier: MIT */
/*
 * Exit accounting: the steps of a scenario are replayed with its pre-faults
 * and without them, once for each kind of memory.
 */
#include "scenario/account.h"

#include <stdio.h>
#include <stdlib.h>

#include "arch/regs.h"
#include "base/error.h"
#include "scenario/together.h"
#include "scenario/verb.h"

/* Reading ------------------------------------------------------------------ */

static const struct type type_counts = NODE_TYPE("map", "a map of counts");

static const struct arg backing_rows[] = {
	ARG(struct account_row, backing, type_backing, .required = true,
	    .about = "what is behind the memslot"),
	ARG(struct account_row, untouched, type_bool, .otherwise = "false",
	    .about = "nobody has used that memory yet"),
	ARG_AS("host_readonly", struct account_row, read_only, type_bool,
	       .otherwise = "false", .about = "the host mapping is PROT_READ"),
	ARG(struct account_row, without, type_counts,
	    .about = "what the accesses must cost without pre-faults"),
	ARG(struct account_row, with, type_counts,
	    .about = "what they must cost with them"),
};

static const struct args backing_args = ARGS(backing_rows, struct account_row);

static const struct arg account_rows[] = {
	ARG(struct account_set, slot, type_number, .otherwise = "0",
	    .about = "the memslot whose backing is exchanged"),
	ARG(struct account_set, backings, type_list, .inner = &backing_args,
	    .required = true, .about = "kinds of memory to count for"),
};

const struct args account_args = ARGS(account_rows, struct account_set);

#define COUNT(member, field_about)                                         \
	FIELD_ROW(struct tdp_account_counts, member, #member, type_number, \
		  .about = (field_about))

static const struct field account_field_rows[] = {
	COUNT(accesses, "guest accesses"),
	COUNT(exits, "hardware exits of theirs"),
	COUNT(violations,
	      "of them: EPT violations, nested page faults, #PF intercepts"),
	COUNT(misconfigs,
	      "of them: EPT misconfigurations, or NPF for a reserved bit"),
	COUNT(fixed, "exits that installed an SPTE under the MMU lock"),
	COUNT(fast, "exits that fast_page_fault fixed without the lock"),
	COUNT(spurious, "exits that found the SPTE in order"),
	COUNT(retried, "exits that changed nothing and were tried again"),
	COUNT(emulated, "exits that ended in emulation"),
	COUNT(invalidations, "ranges of which MMU notifiers were told"),
	COUNT(failed, "accesses that were not completed"),
	COUNT(mmu_pages, "page-table pages that accesses allocated"),
	COUNT(prefaulted, "SPTEs that pre-faults installed"),
	COUNT(prefault_pages, "page-table pages that pre-faults allocated"),
	COUNT(prefault_failed, "pre-faults that failed"),
};

const struct fields account_fields = FIELDS(account_field_rows);

bool tdp_account_count(const struct tdp_account_counts *counts,
		       unsigned int index, const char **name,
		       unsigned int *value)
{
	const struct field *field;

	if (index >= account_fields.nr)
		return false;
	field = &account_fields.rows[index];
	if (name)
		*name = field->name;
	if (counts)
		*value = (unsigned int)member_get((const char *)counts +
							  field->offset,
						  field->width, false);
	return true;
}

static int counts_parse(const struct decoder *d, const struct node *node,
			const struct expectation **list)
{
	if (!node)
		return TDP_OK;
	return expectations_parse(d, node, &account_fields, 0, list);
}

int account_parse(const struct decoder *d, const struct node *node,
		  struct account_set *set)
{
	struct account_row *rows;
	unsigned int i;
	int ret = decode_map(d, node, &account_args, set, NULL);

	set->place = node;
	rows = set->backings.items;
	for (i = 0; i < set->backings.nr && !ret; i++) {
		ret = counts_parse(d, rows[i].without, &rows[i].without_are);
		if (!ret)
			ret = counts_parse(d, rows[i].with, &rows[i].with_are);
	}
	return ret;
}

/* Counting ----------------------------------------------------------------- */

static void count_event(struct run *run, const struct tdp_event *event,
			void *context)
{
	struct tdp_account_counts *c = context;

	if (!run->step || run->step->verb == &verb_prefault)
		return;
	if (event->id == TDP_EV_kvm_unmap_hva_range)
		c->invalidations++;
	if (event->id != TDP_EV_kvm_exit)
		return;
	if (event->field[1] == TDP_EXIT_EPT_MISCONFIG ||
	    (event->field[1] == TDP_EXIT_NPF && (event->field[2] & PFERR_RSVD)))
		c->misconfigs++;
	else
		c->violations++;
}

static void count_prefault(struct tdp_account_counts *c,
			   const struct tdp_result *r)
{
	c->prefaulted += r->faults_fixed;
	c->prefault_pages += r->mmu_pages;
	c->prefault_failed += r->outcome != TDP_OUTCOME_DONE;
}

static void count_access(struct tdp_account_counts *c,
			 const struct tdp_result *r)
{
	bool emulated = r->outcome == TDP_OUTCOME_MMIO ||
			r->outcome == TDP_OUTCOME_EMULATE;
	bool failed = r->outcome != TDP_OUTCOME_DONE && !emulated;
	unsigned int handled = r->faults_fixed + r->faults_spurious + emulated;

	c->accesses++;
	c->exits += r->exits;
	c->fixed += r->faults_fixed - r->faults_fast;
	c->fast += r->faults_fast;
	c->spurious += r->faults_spurious;
	c->emulated += emulated;
	c->failed += failed;
	c->mmu_pages += r->mmu_pages;
	/* The exit with which an access fails is not tried again. */
	handled += failed && r->exits > handled;
	c->retried += r->exits - handled;
}

static int count_step(struct run *run, void *context)
{
	struct tdp_account_counts *c = context;
	const struct verb *verb = run->step ? run->step->verb : NULL;

	if (verb == &verb_prefault)
		count_prefault(c, &run->outcome.result);
	else if (verb && verb->asks && verb != &verb_translate)
		count_access(c, &run->outcome.result);
	return TDP_OK;
}

static int count(const struct tdp_scenario *s, struct tdp_account_counts *c,
		 struct tdp_error *err)
{
	const struct run_watch watch = {
		.event = count_event,
		.step = count_step,
		.context = c,
	};

	*c = (struct tdp_account_counts){ 0 };
	return run_watched(s, &watch, err);
}

/* Variants ----------------------------------------------------------------- */

/* Memory that can be there without having been used. */
static bool has_untouched(unsigned int backing)
{
	return backing == TDP_BACKING_ANONYMOUS || backing == TDP_BACKING_THP ||
	       backing == TDP_BACKING_HUGETLB_2M ||
	       backing == TDP_BACKING_HUGETLB_1G ||
	       backing == TDP_BACKING_SHMEM ||
	       backing == TDP_BACKING_FILE_PRIVATE;
}

/*
 * Without a section: each backing, untouched too where that can be, and
 * PROT_READ at last.  Returns how many there are.
 */
static unsigned int default_row(unsigned int index, struct account_row *row)
{
	unsigned int nr = 0, b;

	for (b = 0; b < TDP_NR_BACKINGS; b++) {
		enum tdp_backing backing = (enum tdp_backing)b;

		if (has_untouched(b) && nr++ == index)
			*row = (struct account_row){ .backing = backing,
						     .untouched = true };
		if (nr++ == index)
			*row = (struct account_row){ .backing = backing };
	}
	if (nr++ == index)
		*row = (struct account_row){ .backing = TDP_BACKING_ANONYMOUS,
					     .read_only = true };
	return nr;
}

unsigned int tdp_scenario_account_rows(const struct tdp_scenario *s)
{
	struct account_row unused;

	return s->account ? s->account->backings.nr :
			    default_row(UINT32_MAX, &unused);
}

static void row_get(const struct tdp_scenario *s, unsigned int index,
		    struct account_row *row)
{
	if (s->account)
		*row = ((const struct account_row *)
				s->account->backings.items)[index];
	else
		default_row(index, row);
}

/* @bare gets memslots of its own, of which one is changed. */
static int exchange(const struct tdp_scenario *s, const struct account_row *row,
		    struct tdp_scenario *bare, struct tdp_error *err)
{
	unsigned int slot = s->account ? s->account->slot : 0, i;
	struct tdp_memslot *slots;
	bool found = false;

	slots = calloc(s->memslots.nr + 1, sizeof(*slots));
	if (!slots)
		return err_set(err, TDP_ENOMEM, "%s: out of memory", s->path);
	bare->memslots.items = slots;
	for (i = 0; i < s->memslots.nr; i++) {
		slots[i] = ((const struct tdp_memslot *)s->memslots.items)[i];
		if (slots[i].slot != slot)
			continue;
		found = true;
		slots[i].backing = row->backing;
		slots[i].untouched = row->untouched;
		slots[i].read_only = row->read_only;
	}
	if (found)
		return TDP_OK;
	return err_set(err, TDP_EINVAL,
		       "%s: account: there is no memslot %u at the start",
		       s->path, slot);
}

/* A pre-fault whose place is not fixed can't be left out. */
static int check_together(const struct tdp_scenario *s, struct tdp_error *err)
{
	unsigned int i, j;

	for (i = 0; i < s->nr_steps; i++) {
		const struct together *t = step_together(&s->steps[i]);

		for (j = 0; t && j < t->nr_steps; j++)
			if (t->steps[j].verb == &verb_prefault)
				return err_set(
					err, TDP_EINVAL,
					"%s: account: a pre-fault inside \"together\"",
					s->path);
	}
	return TDP_OK;
}

/* Take the pre-faults out of the steps; how many were there. */
static unsigned int leave_out_prefaults(struct tdp_scenario *bare)
{
	unsigned int i, kept = 0, nr = bare->nr_steps;

	for (i = 0; i < nr; i++)
		if (bare->steps[i].verb != &verb_prefault)
			bare->steps[kept++] = bare->steps[i];
	bare->nr_steps = kept;
	return nr - kept;
}

static int count_both(const struct tdp_scenario *s, struct tdp_scenario *bare,
		      const struct account_row *row,
		      struct tdp_account *account, struct tdp_error *err)
{
	int ret = exchange(s, row, bare, err);

	if (!ret)
		ret = check_together(s, err);
	if (!ret)
		ret = count(bare, &account->with, err);
	if (!ret && !leave_out_prefaults(bare))
		ret = err_set(err, TDP_EINVAL,
			      "%s: account: no step is a pre-fault", s->path);
	if (!ret)
		ret = count(bare, &account->without, err);
	if (bare->memslots.items != s->memslots.items)
		free(bare->memslots.items);
	return ret;
}

int tdp_scenario_account(const struct tdp_scenario *s, unsigned int index,
			 struct tdp_account *account, struct tdp_error *err)
{
	struct tdp_scenario bare;
	struct account_row row;
	int ret;

	if (index >= tdp_scenario_account_rows(s))
		return err_set(err, TDP_EINVAL, "%s: account: no row %u",
			       s->path, index);
	row_get(s, index, &row);
	*account = (struct tdp_account){
		.backing = row.backing,
		.untouched = row.untouched,
		.read_only = row.read_only,
	};
	if (!scenario_strip(s, &bare))
		return err_set(err, TDP_ENOMEM, "%s: out of memory", s->path);
	ret = count_both(s, &bare, &row, account, err);
	free(bare.steps);
	return ret;
}

/* Checking ----------------------------------------------------------------- */

static int row_run(struct run *run, unsigned int index)
{
	const struct tdp_scenario *s = run->scenario;
	const struct account_row *row = &(
		(const struct account_row *)s->account->backings.items)[index];
	struct tdp_account account;
	char prefix[48];
	int ret = tdp_scenario_account(s, index, &account, run->err);

	if (ret)
		return ret == TDP_EINVAL ? TDP_EINPUT : ret;
	snprintf(prefix, sizeof(prefix), "backings[%u].without.", index);
	run_expect(run, row->without_are, prefix, &account.without);
	snprintf(prefix, sizeof(prefix), "backings[%u].with.", index);
	run_expect(run, row->with_are, prefix, &account.with);
	return TDP_OK;
}

int account_run(struct run *run)
{
	unsigned int i;
	int ret = TDP_OK;

	run->verb = "account";
	for (i = 0; i < run->scenario->account->backings.nr && !ret; i++) {
		run->trail_shown = true; /* of the run before: not this one */
		ret = row_run(run, i);
	}
	return ret;
}
