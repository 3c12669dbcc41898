/* SPDX-License-Identifier: MIT */
#include "scenario/stepper.h"

#include <stdlib.h>
#include <string.h>

#include "scenario/run.h"
#include "scenario/verb.h"

size_t stepper_size(const struct together *t)
{
	return sizeof(struct stepper) +
	       t->nr_threads * sizeof(struct stepper_thread);
}

struct stepper *stepper_create(const struct together *t, struct tdp_vm *vm)
{
	struct stepper *s = calloc(1, stepper_size(t));

	if (!s)
		return NULL;
	s->together = t;
	s->vm = vm;
	s->kernel_steps = t->kernel_steps;
	return s;
}

void stepper_destroy(struct stepper *s)
{
	free(s);
}

void stepper_reset(struct stepper *s)
{
	memset(s->threads, 0, s->together->nr_threads * sizeof(s->threads[0]));
}

const struct step *stepper_step(const struct stepper *s, unsigned int thread)
{
	const struct together_thread *t = &s->together->threads[thread];
	unsigned int done = s->threads[thread].done;

	return done < t->nr ? &s->together->steps[t->steps[done]] : NULL;
}

bool stepper_busy(const struct stepper *s, unsigned int thread)
{
	return s->threads[thread].busy;
}

/* Does somebody else hold the mutex of @vcpu, or kvm->slots_lock? */
static bool mutex_held(const struct stepper *s, unsigned int thread,
		       const struct step *step)
{
	const struct tdp_vcpu *vcpu = NULL;
	unsigned int i;

	if (verb_vcpu(step->verb) && !step->verb->no_mutex)
		vcpu = tdp_vm_vcpu(s->vm, step->vcpu);
	for (i = 0; i < s->together->nr_threads; i++) {
		const struct op *op = &s->threads[i].op;

		if (i == thread || !s->threads[i].busy)
			continue;
		if (vcpu && op->vcpu == vcpu)
			return true;
		if (step->verb->slots_lock && op->holds_slots)
			return true;
	}
	return false;
}

static uint64_t readers(const struct stepper *s)
{
	uint64_t who = 0;
	unsigned int i;

	for (i = 0; i < s->together->nr_threads; i++)
		if (s->threads[i].busy && s->threads[i].op.srcu)
			who |= BIT(i);
	return who;
}

/*
 * A step that is taken whole changes memslots at once, so it waits for whoever
 * reads them, and for invalidations that are open.
 */
static bool slots_in_use(const struct stepper *s, const struct step *step)
{
	return step->verb->slots_lock && !step->verb->begin &&
	       (readers(s) || s->vm->invalidations);
}

bool stepper_ready(const struct stepper *s, unsigned int thread)
{
	const struct step *step = stepper_step(s, thread);

	if (!s->kernel_steps)
		return true;
	if (s->threads[thread].busy)
		return op_ready(&s->threads[thread].op);
	if (mutex_held(s, thread, step) || slots_in_use(s, step))
		return false;
	/* The first step of a deletion swaps memslots. */
	return !(step->verb->slots_lock && s->vm->invalidations);
}

/* Those who wait for readers to leave wait for one less. */
static void left(struct stepper *s, unsigned int thread)
{
	unsigned int i;

	for (i = 0; i < s->together->nr_threads; i++)
		s->threads[i].op.waits &= ~BIT(thread);
}

static int go_on(struct stepper *s, struct run *run, unsigned int thread)
{
	struct stepper_thread *t = &s->threads[thread];
	int ret = op_step(&t->op, readers(s) & ~BIT(thread));

	if (!t->op.srcu)
		left(s, thread);
	if (ret || !t->op.done)
		return ret;
	t->busy = false;
	t->done++;
	run->outcome.result = t->op.result;
	return TDP_OK;
}

int stepper_go(struct stepper *s, struct run *run, unsigned int thread)
{
	const struct step *step = stepper_step(s, thread);
	struct stepper_thread *t = &s->threads[thread];
	int ret = TDP_OK;

	/* Verbs ask it which arguments were given. */
	run->step = step;
	if (!t->busy && s->kernel_steps && step->verb->begin) {
		t->op.kind = OP_NONE;
		ret = step->verb->begin(run, step->args, &t->op);
		t->busy = t->op.kind != OP_NONE;
	}
	if (ret)
		return ret;
	if (t->busy)
		return go_on(s, run, thread);
	ret = step->verb->run(run, step->args);
	t->done++;
	return ret;
}

const char *stepper_next(const struct stepper *s, unsigned int thread)
{
	const struct stepper_thread *t = &s->threads[thread];

	return t->busy ? op_next(&t->op) : "call";
}
