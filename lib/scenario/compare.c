/* SPDX-License-Identifier: MIT */
/* One scenario on two kernels. */
#include "tdpsim/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "kvm/profile.h"
#include "scenario/explain.h"
#include "scenario/transcript.h"
#include "scenario/verb.h"

/* More than this, and events are held against each other by their place. */
#define MAX_CELLS (4u << 20)

struct comparison {
	const struct tdp_scenario *bare;
	const struct tdp_kvm_config *before, *after;
	tdp_compare_fn compare;
	void *context;
	struct transcript old, new; /* on the first and the second kernel */
	/* by step: which behaviours make it differ, by number; NR_BEHAVIOURS wide */
	bool *decides;
	unsigned int nr_tried;
	bool tried;
};

const char *tdp_compared_kind_name(enum tdp_compared_kind kind)
{
	static const char *const names[TDP_NR_COMPARED] = {
		[TDP_COMPARED_STEP] = "step",
		[TDP_COMPARED_FIELD] = "field",
		[TDP_COMPARED_EVENT] = "event",
		[TDP_COMPARED_MORE] = "more",
		[TDP_COMPARED_ENDED] = "ended",
		[TDP_COMPARED_DECIDES] = "decides",
		[TDP_COMPARED_JOINTLY] = "jointly",
		[TDP_COMPARED_UNTRIED] = "untried",
	};

	return (unsigned int)kind < TDP_NR_COMPARED ? names[kind] : "?";
}

const struct tdp_kvm_config *
tdp_scenario_kernel(const struct tdp_scenario *scenario)
{
	return &scenario->kvm;
}

/* Telling ------------------------------------------------------------------ */

static void line_tell(const struct comparison *c, unsigned int nr,
		      struct tdp_compared line)
{
	const struct step *step = c->old.steps[nr].step;

	if (!step)
		step = c->new.steps[nr].step;
	line.step = nr;
	line.line = step ? step->line : 1;
	if (!line.name)
		line.name = "";
	c->compare(&line, c->context);
}

static void fields_tell(const struct comparison *c, unsigned int nr)
{
	const struct transcript_line *a = c->old.steps[nr].fields.first;
	const struct transcript_line *b = c->new.steps[nr].fields.first;

	for (; a && b; a = a->next, b = b->next)
		if (!transcript_lines_equal(a, b))
			line_tell(c, nr,
				  (struct tdp_compared){
					  .kind = TDP_COMPARED_FIELD,
					  .name = a->name,
					  .before = a->text,
					  .after = b->text,
				  });
}

static void event_tell(const struct comparison *c, unsigned int nr,
		       const struct transcript_line *a,
		       const struct transcript_line *b)
{
	line_tell(c, nr,
		  (struct tdp_compared){
			  .kind = TDP_COMPARED_EVENT,
			  .before = a ? a->text : NULL,
			  .after = b ? b->text : NULL,
		  });
}

/* Events ------------------------------------------------------------------- */

/* Two lists without what they have in common at both ends. */
struct middle {
	const struct transcript_line **a, **b;
	unsigned int nr_a, nr_b;
};

static const struct transcript_line **
lines_list(const struct transcript_lines *lines)
{
	const struct transcript_line **list = calloc(lines->nr + 1,
						     sizeof(*list));
	const struct transcript_line *line = lines->first;
	unsigned int i;

	for (i = 0; list && line; line = line->next)
		list[i++] = line;
	return list;
}

static bool same(const struct transcript_line *a,
		 const struct transcript_line *b)
{
	return !strcmp(a->key, b->key);
}

static struct middle middle_of(const struct transcript_line **a,
			       unsigned int nr_a,
			       const struct transcript_line **b,
			       unsigned int nr_b)
{
	while (nr_a && nr_b && same(a[0], b[0])) {
		a++;
		b++;
		nr_a--;
		nr_b--;
	}
	while (nr_a && nr_b && same(a[nr_a - 1], b[nr_b - 1])) {
		nr_a--;
		nr_b--;
	}
	return (struct middle){ a, b, nr_a, nr_b };
}

/* Cell [i][j]: length of the longest common rest of a[i..] and b[j..]. */
static uint16_t *rests_find(const struct middle *m)
{
	size_t width = m->nr_b + 1;
	uint16_t *rest = calloc((m->nr_a + 1) * width, sizeof(*rest));
	unsigned int i, j;

	static_assert(TRANSCRIPT_MAX_STEP_EVENTS <= UINT16_MAX,
		      "a common rest does not fit");
	for (i = m->nr_a; rest && i--;)
		for (j = m->nr_b; j--;) {
			uint16_t *cell = &rest[i * width + j];
			uint16_t down = cell[width], right = cell[1];

			if (same(m->a[i], m->b[j]))
				*cell = (uint16_t)(cell[width + 1] + 1);
			else
				*cell = down > right ? down : right;
		}
	return rest;
}

/* What is not in the longest common part, in order. */
static void aligned_tell(const struct comparison *c, unsigned int nr,
			 const struct middle *m, const uint16_t *rest)
{
	size_t width = m->nr_b + 1;
	unsigned int i = 0, j = 0;

	while (i < m->nr_a || j < m->nr_b) {
		const uint16_t *cell = &rest[i * width + j];

		if (i < m->nr_a && j < m->nr_b && same(m->a[i], m->b[j])) {
			i++;
			j++;
		} else if (j == m->nr_b ||
			   (i < m->nr_a && cell[width] >= cell[1])) {
			event_tell(c, nr, m->a[i++], NULL);
		} else {
			event_tell(c, nr, NULL, m->b[j++]);
		}
	}
}

static void by_place_tell(const struct comparison *c, unsigned int nr,
			  const struct middle *m)
{
	unsigned int i;

	for (i = 0; i < m->nr_a || i < m->nr_b; i++) {
		if (i < m->nr_a && i < m->nr_b && same(m->a[i], m->b[i]))
			continue;
		if (i < m->nr_a)
			event_tell(c, nr, m->a[i], NULL);
		if (i < m->nr_b)
			event_tell(c, nr, NULL, m->b[i]);
	}
}

static int middle_tell(const struct comparison *c, unsigned int nr,
		       const struct middle *m)
{
	uint16_t *rest;

	if ((size_t)m->nr_a * m->nr_b > MAX_CELLS) {
		by_place_tell(c, nr, m);
		return TDP_OK;
	}
	rest = rests_find(m);
	if (!rest)
		return TDP_ENOMEM;
	aligned_tell(c, nr, m, rest);
	free(rest);
	return TDP_OK;
}

/* Events that were counted only, where the counts differ. */
static void more_tell(const struct comparison *c, unsigned int nr)
{
	const struct transcript_step *a = &c->old.steps[nr];
	const struct transcript_step *b = &c->new.steps[nr];
	uint64_t more_a = a->nr_events - a->events.nr;
	uint64_t more_b = b->nr_events - b->events.nr;
	char before[24], after[24];

	if (more_a == more_b)
		return;
	snprintf(before, sizeof(before), "%" PRIu64, more_a);
	snprintf(after, sizeof(after), "%" PRIu64, more_b);
	line_tell(c, nr,
		  (struct tdp_compared){
			  .kind = TDP_COMPARED_MORE,
			  .before = before,
			  .after = after,
		  });
}

static int events_tell(const struct comparison *c, unsigned int nr)
{
	const struct transcript_lines *old = &c->old.steps[nr].events;
	const struct transcript_lines *new = &c->new.steps[nr].events;
	const struct transcript_line **a = lines_list(old);
	const struct transcript_line **b = lines_list(new);
	struct middle m;
	int ret = TDP_ENOMEM;

	if (a && b) {
		m = middle_of(a, old->nr, b, new->nr);
		ret = middle_tell(c, nr, &m);
	}
	free(a);
	free(b);
	if (!ret)
		more_tell(c, nr);
	return ret;
}

/* Why ---------------------------------------------------------------------- */

static unsigned int nr_different(const struct comparison *c)
{
	unsigned int b, nr = 0;

	for (b = 0; tdp_behaviour_info(b); b++)
		nr += c->before->value[b] != c->after->value[b];
	return nr;
}

/* The first kernel with one behaviour of the second. */
static int behaviour_try(struct comparison *c, unsigned int behaviour)
{
	struct tdp_scenario other = *c->bare;
	struct transcript t;
	unsigned int i;
	int ret;

	other.kvm = *c->before;
	other.kvm.value[behaviour] = c->after->value[behaviour];
	ret = transcript_take(&t, &other, c->old.by_parts);
	for (i = 0; i < c->old.nr && !ret; i++)
		c->decides[i * TDP_MAX_BEHAVIOURS + behaviour] =
			!transcript_steps_equal(&c->old.steps[i], &t.steps[i]);
	transcript_finish(&t);
	return ret;
}

static int behaviours_try(struct comparison *c)
{
	unsigned int b;
	int ret = TDP_OK;

	if (c->old.work * nr_different(c) > EXPLAIN_WORK)
		return TDP_OK;
	c->tried = true;
	c->decides = calloc((size_t)c->old.nr * TDP_MAX_BEHAVIOURS,
			    sizeof(*c->decides));
	if (!c->decides)
		return TDP_ENOMEM;
	for (b = 0; tdp_behaviour_info(b) && !ret; b++)
		if (c->before->value[b] != c->after->value[b])
			ret = behaviour_try(c, b);
	return ret;
}

static void behaviour_tell(const struct comparison *c, unsigned int nr,
			   unsigned int b)
{
	const struct tdp_behaviour_info *info = tdp_behaviour_info(b);

	line_tell(c, nr,
		  (struct tdp_compared){
			  .kind = TDP_COMPARED_DECIDES,
			  .name = info->name,
			  .before = tdp_behaviour_value_name(
				  b, c->before->value[b]),
			  .after = tdp_behaviour_value_name(b,
							    c->after->value[b]),
			  .source = info->source,
		  });
}

static void why_tell(const struct comparison *c, unsigned int nr)
{
	unsigned int b, told = 0;

	for (b = 0; c->tried && tdp_behaviour_info(b); b++) {
		if (!c->decides[nr * TDP_MAX_BEHAVIOURS + b])
			continue;
		behaviour_tell(c, nr, b);
		told++;
	}
	if (!told)
		line_tell(c, nr,
			  (struct tdp_compared){
				  .kind = c->tried ? TDP_COMPARED_JOINTLY :
						     TDP_COMPARED_UNTRIED,
			  });
}

/* Steps -------------------------------------------------------------------- */

static void head_tell(const struct comparison *c, unsigned int nr)
{
	const struct step *step = c->old.steps[nr].step;
	char text[EXPLAIN_TEXT_BYTES / 2] = "";

	if (!step)
		step = c->new.steps[nr].step;
	if (step)
		node_print(step->text, text, sizeof(text));
	line_tell(c, nr,
		  (struct tdp_compared){
			  .kind = TDP_COMPARED_STEP,
			  .name = step ? step->verb->name : "create",
			  .before = text,
			  .after = text,
		  });
}

static void ended_tell(const struct comparison *c, unsigned int nr)
{
	line_tell(
		c, nr,
		(struct tdp_compared){
			.kind = TDP_COMPARED_ENDED,
			.before = c->old.steps[nr].there ? NULL : c->old.ended,
			.after = c->new.steps[nr].there ? NULL : c->new.ended,
		});
}

static int step_tell(const struct comparison *c, unsigned int nr)
{
	const struct transcript_step *a = &c->old.steps[nr];
	const struct transcript_step *b = &c->new.steps[nr];
	int ret = TDP_OK;

	head_tell(c, nr);
	if (a->there && b->there) {
		fields_tell(c, nr);
		ret = events_tell(c, nr);
	} else {
		ended_tell(c, nr);
	}
	why_tell(c, nr);
	return ret;
}

static bool step_differs(const struct comparison *c, unsigned int nr)
{
	return !transcript_steps_equal(&c->old.steps[nr], &c->new.steps[nr]);
}

static bool anything_differs(const struct comparison *c)
{
	unsigned int i;

	for (i = 0; i < c->old.nr; i++)
		if (step_differs(c, i))
			return true;
	return false;
}

static int steps_tell(const struct comparison *c,
		      struct tdp_compare_summary *summary)
{
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < c->old.nr && !ret; i++) {
		bool old = c->old.steps[i].there, new = c->new.steps[i].there;

		summary->steps += i && old && new;
		if (step_differs(c, i)) {
			summary->differing++;
			ret = step_tell(c, i);
		} else if (!old && c->old.ended) {
			ended_tell(c, i);
		}
		/* There is nothing to hold the rest against. */
		if (!old || !new)
			break;
	}
	return ret;
}

/* The whole ---------------------------------------------------------------- */

static bool layouts_differ(const struct comparison *c)
{
	return c->before->value[B_ROLE_LAYOUT] !=
		       c->after->value[B_ROLE_LAYOUT] ||
	       c->before->value[B_SPTE_LAYOUT] !=
		       c->after->value[B_SPTE_LAYOUT];
}

static int both_take(struct comparison *c)
{
	struct tdp_scenario other = *c->bare;
	bool by_parts = layouts_differ(c);
	int ret;

	other.kvm = *c->before;
	ret = transcript_take(&c->old, &other, by_parts);
	other.kvm = *c->after;
	if (!ret)
		ret = transcript_take(&c->new, &other, by_parts);
	return ret;
}

static int bare_compare(struct comparison *c,
			struct tdp_compare_summary *summary)
{
	int ret = both_take(c);

	if (!ret && anything_differs(c))
		ret = behaviours_try(c);
	if (!ret)
		ret = steps_tell(c, summary);
	free(c->decides);
	transcript_finish(&c->old);
	transcript_finish(&c->new);
	return ret;
}

int tdp_scenario_compare(const struct tdp_scenario *scenario,
			 const struct tdp_kvm_config *before,
			 const struct tdp_kvm_config *after,
			 tdp_compare_fn compare, void *context,
			 struct tdp_compare_summary *summary,
			 struct tdp_error *err)
{
	struct tdp_scenario bare;
	struct comparison c = {
		.bare = &bare,
		.before = before,
		.after = after,
		.compare = compare,
		.context = context,
	};
	struct step *steps;
	int ret;

	*summary = (struct tdp_compare_summary){ 0 };
	if (scenario->missing)
		return err_set(err, TDP_EUNSUPPORTED, "%s: %.400s",
			       scenario->path, scenario->missing);
	steps = scenario_strip(scenario, &bare);
	ret = steps ? bare_compare(&c, summary) : TDP_ENOMEM;
	free(steps);
	if (ret)
		err_set(err, ret, "%s: out of memory", scenario->path);
	return ret;
}
