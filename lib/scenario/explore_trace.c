/* SPDX-License-Identifier: MIT */
#include "scenario/explore_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/verb.h"

/* What a turn changed ------------------------------------------------------------ */

struct vcpu_seen {
	struct tdp_sregs sregs;
	struct tdp_vcpu_state state;
	uint64_t pat, mtrr_def_type;
};

struct seen {
	struct vcpu_seen *vcpus;
	uint64_t generation[NR_ADDRESS_SPACES];
	size_t nr_slots[NR_ADDRESS_SPACES];
	unsigned int invalidations;
};

static void look(const struct tdp_vm *vm, struct seen *seen)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu_seen *v = &seen->vcpus[i];

		tdp_vcpu_get_sregs(vm->vcpus[i], &v->sregs);
		tdp_vcpu_get_state(vm->vcpus[i], &v->state);
		v->pat = vm->vcpus[i]->pat;
		v->mtrr_def_type = vm->vcpus[i]->mtrr.def_type;
	}
	for (i = 0; i < NR_ADDRESS_SPACES; i++) {
		seen->generation[i] = vm->slots[i].generation & ~MAX_GEN_FLAG;
		seen->nr_slots[i] = vm->slots[i].nr;
	}
	seen->invalidations = vm->invalidations;
}

static void change(FILE *out, const char *whose, unsigned int number,
		   const char *what, uint64_t before, uint64_t after)
{
	if (before != after)
		fprintf(out,
			"       %s %u: %s 0x%" PRIx64 " -> 0x%" PRIx64 "\n",
			whose, number, what, before, after);
}

static void changes(FILE *out, const struct tdp_vm *vm,
		    const struct seen *before, const struct seen *after)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		const struct vcpu_seen *b = &before->vcpus[i];
		const struct vcpu_seen *a = &after->vcpus[i];

		change(out, "vcpu", i, "cr0", b->sregs.cr0, a->sregs.cr0);
		change(out, "vcpu", i, "cr3", b->sregs.cr3, a->sregs.cr3);
		change(out, "vcpu", i, "cr4", b->sregs.cr4, a->sregs.cr4);
		change(out, "vcpu", i, "efer", b->sregs.efer, a->sregs.efer);
		change(out, "vcpu", i, "pat", b->pat, a->pat);
		change(out, "vcpu", i, "mtrr def_type", b->mtrr_def_type,
		       a->mtrr_def_type);
		change(out, "vcpu", i, "root", b->state.root_id,
		       a->state.root_id);
		change(out, "vcpu", i, "signal pending",
		       b->state.signal_pending, a->state.signal_pending);
	}
	for (i = 0; i < NR_ADDRESS_SPACES; i++) {
		change(out, "memslots of as", i, "generation",
		       before->generation[i], after->generation[i]);
		change(out, "memslots of as", i, "number", before->nr_slots[i],
		       after->nr_slots[i]);
	}
	change(out, "notifier of vm", 0, "invalidations", before->invalidations,
	       after->invalidations);
}

/* Going the way ------------------------------------------------------------------ */

struct tracing {
	struct worker worker;
	struct seen before, after;
	FILE *out;
	struct arena *arena;
};

static void put_event(const struct tdp_event *event, void *context)
{
	struct tracing *t = context;
	char text[512];

	fprintf(t->out, "       %s\n",
		tdp_event_print(event, text, sizeof(text)));
}

/* What the step gave, as far as it is observed. */
static void put_result(struct tracing *t, const struct step *step)
{
	const struct tdp_scenario *s = t->worker.search->scenario;
	struct run *run = t->worker.run;
	const char *separator = "       gives ";
	char text[256];
	unsigned int i;

	for (i = 0; i < s->nr_observed; i++) {
		const struct expectation e = { .field = s->observed[i] };

		if (!(e.field->groups & step->verb->fields))
			continue;
		expectation_print(
			&e, &run->layouts,
			expectation_actual(&e, &run->layouts, &run->outcome),
			text, sizeof(text));
		fprintf(t->out, "%s%s %s", separator, e.field->name, text);
		separator = ", ";
	}
	if (separator[0] == ',')
		fputc('\n', t->out);
}

static int one_turn(struct tracing *t, unsigned int number, uint16_t thread)
{
	struct worker *w = &t->worker;
	const struct tdp_scenario *s = w->search->scenario;
	const struct together *together = worker_together(w);
	struct stepper *stepper = w->steppers[w->at];
	const struct step *step = &s->steps[w->at];
	const char *name = "", *part = "";
	bool busy = false;
	int ret;

	if (thread != SEQUENTIAL) {
		step = stepper_step(stepper, thread);
		name = together->threads[thread].name;
		part = stepper->kernel_steps ? stepper_next(stepper, thread) :
					       "";
	}
	fprintf(t->out, "%5u  %-8s %s %s%s%s (line %u)\n", number, name,
		step->label, step->verb->name, part[0] ? ": " : "", part,
		step->line);
	look(w->run->vm, &t->before);
	tdp_vm_set_tracer(w->run->vm, put_event, t);
	ret = worker_turn(w, thread);
	tdp_vm_set_tracer(w->run->vm, NULL, NULL);
	if (ret)
		return ret;
	look(w->run->vm, &t->after);
	changes(t->out, w->run->vm, &t->before, &t->after);
	if (thread != SEQUENTIAL)
		busy = stepper_busy(stepper, thread);
	if (!busy)
		put_result(t, step);
	return TDP_OK;
}

static int all_turns(struct tracing *t, const struct shown *shown)
{
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < shown->nr && !ret; i++) {
		if (shown->cycle && i == shown->nr - shown->cycle)
			fprintf(t->out, "       from here on, for ever:\n");
		ret = one_turn(t, i + 1, shown->turns[i]);
	}
	return ret;
}

/* A scenario that goes the same way ----------------------------------------------- */

/* Where the key of a step stands in the text. */
static const char *find_place(const struct tdp_scenario *s, unsigned int line,
			      unsigned int column)
{
	const char *at = s->source;

	while (--line)
		at = strchr(at, '\n') + 1;
	return at + column - 1;
}

static bool in_flow(const struct tdp_scenario *s, const char *at)
{
	while (at > s->source && at[-1] == ' ')
		at--;
	return at > s->source && at[-1] == '{';
}

/* "order: [ vcpu0, main ]" before "together:", as its text is written. */
static void put_order(FILE *out, const struct search *search,
		      const struct step *step, const char *at,
		      const uint16_t *turns, unsigned int nr)
{
	const struct together *t = step_together(step);
	bool flow = in_flow(search->scenario, at);
	unsigned int i;

	fprintf(out, "order: [");
	for (i = 0; i < nr; i++)
		fprintf(out, "%s %s", i ? "," : "", t->threads[turns[i]].name);
	fprintf(out, " ]");
	if (flow)
		fprintf(out, ", ");
	else
		fprintf(out, "\n%*s", (int)step->column - 1, "");
	if (!search->options.kernel_steps || step->kernel_steps)
		return;
	fprintf(out, "kernel_steps: true");
	if (flow)
		fprintf(out, ", ");
	else
		fprintf(out, "\n%*s", (int)step->column - 1, "");
}

static void put_replay(FILE *out, const struct search *search,
		       const struct shown *shown, const unsigned int *blocks)
{
	const struct tdp_scenario *s = search->scenario;
	const char *done = s->source;
	unsigned int i, next = 0;

	fprintf(out, "# %s\n", shown->why);
	for (i = 0; i < s->nr_steps && next < shown->nr; i++) {
		const struct together *t = step_together(&s->steps[i]);
		const char *at;

		if (!blocks[i])
			continue;
		if (!t || t->order) {
			next += blocks[i];
			continue;
		}
		at = find_place(s, s->steps[i].line, s->steps[i].column);
		fwrite(done, 1, (size_t)(at - done), out);
		put_order(out, search, &s->steps[i], at, &shown->turns[next],
			  blocks[i]);
		done = at;
		next += blocks[i];
	}
	fputs(done, out);
}

static const char *keep(struct arena *arena, FILE *out, char **text,
			size_t *size)
{
	const char *kept = NULL;

	if (!fclose(out))
		kept = arena_text(arena, *text, *size);
	free(*text);
	*text = NULL;
	return kept;
}

static const char *order_text(struct arena *arena, const struct shown *shown)
{
	char *text = arena_alloc(arena, 6u * (size_t)shown->nr + 1);
	unsigned int i, used = 0;

	for (i = 0; text && i < shown->nr; i++)
		used += (unsigned int)sprintf(text + used, "%05u",
					      shown->turns[i]);
	return text;
}

static int tracing_init(struct tracing *t, struct search *search)
{
	unsigned int nr;
	int ret = worker_init(&t->worker, search);

	if (ret)
		return ret;
	nr = t->worker.run->vm->nr_vcpus;
	t->before.vcpus = calloc(nr, sizeof(*t->before.vcpus));
	t->after.vcpus = calloc(nr, sizeof(*t->after.vcpus));
	return t->before.vcpus && t->after.vcpus ? TDP_OK : TDP_ENOMEM;
}

/* How many turns fall to each top-level step: known by going the way. */
static int go(struct tracing *t, const struct shown *shown,
	      unsigned int *blocks)
{
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < shown->nr && !ret; i++) {
		blocks[t->worker.at]++;
		ret = worker_turn(&t->worker, shown->turns[i]);
	}
	return ret ? ret : worker_restart(&t->worker);
}

int trace_way(struct search *search, const struct shown *shown,
	      struct arena *arena, struct way *way)
{
	struct tracing t = { .arena = arena };
	unsigned int *blocks = calloc(search->scenario->nr_steps + 1,
				      sizeof(*blocks));
	char *text = NULL;
	size_t size = 0;
	int ret = blocks ? tracing_init(&t, search) : TDP_ENOMEM;

	if (!ret)
		ret = go(&t, shown, blocks);
	t.out = ret ? NULL : open_memstream(&text, &size);
	if (t.out) {
		ret = all_turns(&t, shown);
		way->trace = keep(arena, t.out, &text, &size);
	}
	t.out = ret ? NULL : open_memstream(&text, &size);
	if (t.out) {
		put_replay(t.out, search, shown, blocks);
		way->replay = keep(arena, t.out, &text, &size);
	}
	way->turns = shown->nr;
	way->order = order_text(arena, shown);
	way->there = true;
	if (!ret && (!way->trace || !way->replay || !way->order))
		ret = TDP_ENOMEM;
	free(t.before.vcpus);
	free(t.after.vcpus);
	free(blocks);
	worker_finish(&t.worker);
	return ret;
}
