/* SPDX-License-Identifier: MIT */
/* What a state is: an end with its outcome, where claims hold. */
#include <stdlib.h>
#include <string.h>

#include "scenario/explore_search.h"

static uint64_t key_of(const struct worker *w)
{
	size_t width = w->search->outcomes.width, i;
	struct digest d = DIGEST_INIT;

	for (i = 0; i < width; i++)
		digest_put(&d, w->values[i]);
	d = digest_end(&d);
	return d.a;
}

/* Where the outcome is, or would be. */
static uint32_t *outcome_slot(const struct outcomes *o, const uint64_t *values,
			      uint64_t key)
{
	uint32_t mask = o->nr_slots - 1, i = (uint32_t)key & mask;

	for (; o->slots[i]; i = (i + 1) & mask) {
		uint32_t n = o->slots[i] - 1;

		if (o->keys[n] == key &&
		    !memcmp(&o->values[n * o->width], values,
			    o->width * sizeof(*values)))
			break;
	}
	return &o->slots[i];
}

static bool grow_outcomes(struct outcomes *o)
{
	uint32_t more = o->capacity ? 2 * o->capacity : 16, i;
	uint64_t *keys = realloc(o->keys, more * sizeof(*keys)), *values;
	uint32_t *slots;

	if (!keys)
		return false;
	o->keys = keys;
	values = realloc(o->values, (more * o->width + 1) * sizeof(*values));
	if (!values)
		return false;
	o->values = values;
	slots = calloc(2 * (size_t)more, sizeof(*slots));
	if (!slots)
		return false;
	free(o->slots);
	o->slots = slots;
	o->nr_slots = 2 * more;
	o->capacity = more;
	for (i = 0; i < o->nr; i++)
		*outcome_slot(o, &o->values[i * o->width], o->keys[i]) = i + 1;
	return true;
}

/* The number of the outcome; UINT32_MAX: no memory. */
static uint32_t find_outcome(struct outcomes *o, const uint64_t *values,
			     uint64_t key)
{
	uint32_t *slot;

	if (o->nr == o->capacity && !grow_outcomes(o))
		return UINT32_MAX;
	slot = outcome_slot(o, values, key);
	if (!*slot) {
		o->keys[o->nr] = key;
		memcpy(&o->values[o->nr * o->width], values,
		       o->width * sizeof(*values));
		*slot = ++o->nr;
	}
	return *slot - 1;
}

static int note_outcome(struct worker *w, struct state *node)
{
	struct outcomes *o = &w->search->outcomes;
	uint32_t before, grown;

	pthread_mutex_lock(&o->lock);
	before = o->capacity;
	node->outcome = find_outcome(o, w->values, key_of(w));
	grown = o->capacity - before;
	pthread_mutex_unlock(&o->lock);
	atomic_fetch_add(&w->search->store.bytes,
			 (uint64_t)grown * (o->width + 2) * sizeof(uint64_t));
	node->flags |= NODE_END;
	return node->outcome == UINT32_MAX ? worker_no_memory(w) : TDP_OK;
}

static int note_check(struct worker *w, struct state *node)
{
	const struct check_set *check = w->search->scenario->check;
	int ret = TDP_OK;

	w->summary.failed = 0;
	if (check)
		ret = check_run(w->run, check);
	if (!w->failed && !w->summary.failed)
		node->claims |= CLAIM_EXPECTATIONS;
	return ret;
}

static int note_claims(struct worker *w, struct state *node, bool end)
{
	const struct claims *claims = &w->search->scenario->claims;
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < claims->nr && !ret; i++) {
		bool holds;

		if (claims->items[i].stuck || (!claims->items[i].every && !end))
			continue;
		ret = claim_holds(w->run, &claims->items[i], &holds);
		node->claims |= (uint64_t)(!ret && holds) << i;
	}
	return ret;
}

/* Results that are left from another way must not count for claims. */
static void forget_undone(struct worker *w)
{
	const struct tdp_scenario *s = w->search->scenario;
	unsigned int i, j;

	for (i = w->at; i < s->nr_steps; i++) {
		const struct together *t = step_together(&s->steps[i]);

		if (!t) {
			w->run->results[s->steps[i].slot].there = false;
			continue;
		}
		for (j = 0; j < t->nr_steps; j++) {
			unsigned int place, thread;

			thread = together_thread_of(t, j, &place);
			if (i > w->at || t->order ||
			    place >= w->steppers[i]->threads[thread].done)
				w->run->results[t->steps[j].slot].there = false;
		}
	}
}

int worker_describe(struct worker *w, struct state *node, bool over, bool stuck)
{
	const struct claims *claims = &w->search->scenario->claims;
	int ret = TDP_OK;

	if (claims->every)
		forget_undone(w);
	if (claims->nr && (over || claims->every))
		ret = note_claims(w, node, over);
	if (!ret && over)
		ret = note_check(w, node);
	if (!ret && over)
		ret = note_outcome(w, node);
	node->flags |= NODE_SEEN;
	if (stuck)
		node->flags |= NODE_DEADLOCK;
	return ret;
}
