/* SPDX-License-Identifier: MIT */
/* States to come back to. */
#include <stdlib.h>
#include <string.h>

#include "scenario/explore_search.h"

int frames_grow(struct worker *w)
{
	unsigned int more = w->capacity ? 2 * w->capacity : 64;
	struct frame *frames = realloc(w->frames, more * sizeof(*frames));

	if (!frames)
		return worker_no_memory(w);
	memset(&frames[w->capacity], 0, (more - w->capacity) * sizeof(*frames));
	w->frames = frames;
	w->capacity = more;
	return TDP_OK;
}

static int save_threads(struct worker *w, struct frame *f)
{
	const struct together *t = worker_together(w);
	struct stepper_thread *to;
	unsigned int i;

	if (!t)
		return TDP_OK;
	if (!f->threads)
		f->threads = malloc(TOGETHER_MAX_THREADS *
				    sizeof(struct stepper_thread));
	if (!f->threads)
		return worker_no_memory(w);
	to = f->threads;
	for (i = 0; i < t->nr_threads; i++) {
		const struct stepper_thread *from =
			&w->steppers[w->at]->threads[i];

		to[i].done = from->done;
		to[i].busy = from->busy;
		if (from->busy)
			to[i].op = from->op;
	}
	return TDP_OK;
}

static void restore_threads(struct worker *w, const struct frame *f)
{
	const struct together *t = worker_together(w);
	const struct stepper_thread *from = f->threads;
	unsigned int i;

	for (i = 0; t && i < t->nr_threads; i++) {
		struct stepper_thread *to = &w->steppers[w->at]->threads[i];

		to->done = from[i].done;
		to->busy = from[i].busy;
		to->op.waits = 0;
		if (to->busy)
			to->op = from[i].op;
	}
}

/* Only a state with more than one way on is come back to. */
int frame_save(struct worker *w, struct frame *f)
{
	f->at = w->at;
	f->failed = w->failed;
	f->results[0] = w->results[0];
	f->results[1] = w->results[1];
	f->saved = f->nr > 1;
	f->left = false;
	if (!f->saved)
		return TDP_OK;
	if (vm_checkpoint_save(w->run->vm, &w->watch, &f->vm))
		return worker_no_memory(w);
	return save_threads(w, f);
}

int frame_restore(struct worker *w, const struct frame *f)
{
	w->at = f->at;
	w->failed = f->failed;
	w->results[0] = f->results[0];
	w->results[1] = f->results[1];
	restore_threads(w, f);
	if (vm_checkpoint_restore(w->run->vm, &w->watch, &f->vm))
		return worker_no_memory(w);
	return TDP_OK;
}

int frame_choices(struct worker *w, struct frame *f, bool *over, bool *stuck)
{
	unsigned int only;

	if (!f->choices)
		f->choices = malloc(TOGETHER_MAX_THREADS * sizeof(*f->choices));
	if (!f->choices)
		return worker_no_memory(w);
	f->nr = (uint16_t)worker_choices(w, f->choices, over, stuck);
	if (!w->search->reduce || f->nr < 2)
		return TDP_OK;
	only = reduce_choices(w, f->choices, f->nr);
	if (only < f->nr) {
		f->choices[0] = f->choices[only];
		f->nr = 1;
	}
	return TDP_OK;
}

void frame_finish(struct frame *f)
{
	vm_checkpoint_finish(&f->vm);
	free(f->threads);
	free(f->choices);
}
