/* SPDX-License-Identifier: MIT */
/*
 * A scenario against a recording of the same case.
 *
 * Recorded steps and the scenario's are paired by the scenario itself: its
 * steps name recorded ones.  Several steps may stand for one recorded step
 * (KVM_RUN fetches, reads and writes), and steps that name none (userspace
 * writing memory) belong to the recorded step behind them, as in the kernel's
 * trace.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/recording_diff.h"
#include "scenario/verb.h"

/* Reporting ------------------------------------------------------------------ */

/* Does the scenario give a reason for a difference in @field? */
static bool explained(const struct diff *diff, const char *field)
{
	const struct list *list = &diff->scenario->recording.left_out;
	const struct recorded_left_out *items = list->items;
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (items[i].step == diff->group.step && items[i].field &&
		    !strcmp(items[i].field, field))
			return true;
	return false;
}

void diff_report(struct diff *diff, unsigned int event, const char *field,
		 const char *recorded, const char *model)
{
	const struct tdp_difference difference = {
		.step = diff->group.step,
		.op = diff->group.object ? json_text(diff->group.object, "op") :
					   "",
		.line = diff->group.line,
		.event = event,
		.field = field,
		.recorded = recorded,
		.model = model,
	};

	if (explained(diff, field) ||
	    live_explained(diff, field, recorded, model)) {
		diff->summary->explained++;
		return;
	}
	diff->summary->differences++;
	if (diff->report && diff->report->difference)
		diff->report->difference(&difference, diff->report->context);
}

/* Events ---------------------------------------------------------------------- */

static bool lost_events(const struct diff *diff)
{
	return json_object_get(diff->group.object, "lost");
}

void diff_take_event(const struct tdp_event *event, void *context)
{
	struct diff *diff = context;
	struct diff_group *group = &diff->group;
	const struct tdp_recording *r = diff->recording;

	if (!model_event_counts(event, r->machine.host.vendor, r->probes_roles))
		return;
	/* The recorder counts the entries of a table that is taken apart. */
	if (event->id == TDP_EV_kvm_tdp_mmu_spte_changed &&
	    !(event->field[1] & ENTRY_LOW_BITS) &&
	    (event->field[2] & ENTRY_LOW_BITS) == FROZEN_LOW_BITS) {
		group->nr_frozen++;
		return;
	}
	group->marks += event->id == TDP_EV_mark_mmio_spte;
	if (group->nr_events < MAX_RECORDED_EVENTS)
		group->events[group->nr_events] = *event;
	group->nr_events++;
}

static void compare_fields(struct diff *diff, unsigned int number,
			   const json_t *recorded,
			   const struct tdp_event *model)
{
	struct event_difference d;
	unsigned int index = 0;
	char field[128];

	diff->summary->events++;
	while (recorded_event_differs(recorded, model,
				      diff->recording->machine.host.vendor,
				      &index, &d)) {
		snprintf(field, sizeof(field), "%s.%s",
			 json_text(recorded, "ev"), d.field);
		diff_report(diff, number, field, d.recorded, d.model);
	}
}

static void show_event(const json_t *event, char *buf, size_t size)
{
	json_t *fields = (json_t *)(uintptr_t)event; /* only read */
	const char *key;
	json_t *value;
	size_t used = 0;
	char text[128];

	json_object_foreach(fields, key, value) if (used < size)
		used += (size_t)snprintf(buf + used, size - used, "%s%s %s",
					 used ? ", " : "", key,
					 json_show(value, text, sizeof(text)));
}

/* One side has an event that the other has not, or another one. */
static void order_differs(struct diff *diff, unsigned int number,
			  const json_t *recorded, const struct tdp_event *model)
{
	char kernel[512] = "no more events", ours[512] = "no more events";

	if (recorded)
		show_event(recorded, kernel, sizeof(kernel));
	if (model)
		tdp_event_print(model, ours, sizeof(ours));
	diff_report(diff, number, "event", kernel, ours);
}

static void compare_count(struct diff *diff, const char *key, uint64_t model)
{
	uint64_t recorded = json_word(json_object_get(diff->group.object, key));
	char a[32], b[32];

	if (recorded == model)
		return;
	snprintf(a, sizeof(a), "%" PRIu64, recorded);
	snprintf(b, sizeof(b), "%" PRIu64, model);
	diff_report(diff, 0, key, a, b);
}

/* The event of a recorded step that the scenario leaves out; "" if none. */
static const char *left_out_event(const struct diff *diff, unsigned int step)
{
	const struct list *list = &diff->scenario->recording.left_out;
	const struct recorded_left_out *items = list->items;
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (items[i].step == step && items[i].event)
			return items[i].event;
	return "";
}

/* Drop the model's events of a name that the scenario leaves out. */
static void drop_events(struct diff_group *group, const char *name)
{
	unsigned int nr = group->nr_events < MAX_RECORDED_EVENTS ?
				  group->nr_events :
				  MAX_RECORDED_EVENTS;
	unsigned int i, kept = 0;

	for (i = 0; i < nr; i++)
		if (strcmp(tdp_event_info(group->events[i].id)->name, name) !=
		    0)
			group->events[kept++] = group->events[i];
	group->nr_events -= nr - kept;
}

/* Behind the first that has another name, nothing can be paired. */
void diff_events(struct diff *diff)
{
	struct diff_group *group = &diff->group;
	const json_t *trace = json_object_get(group->object, "trace");
	const char *skip = left_out_event(diff, group->step);
	size_t nr = json_array_size(trace), i;
	unsigned int at = 0;

	if (!strcmp(skip, "*"))
		return;
	if (skip[0])
		drop_events(group, skip);
	for (i = 0; i < nr; i++) {
		const json_t *recorded = json_array_get(trace, i);
		const struct tdp_event *model = &group->events[at];

		if (!recorded_event_counts(recorded) ||
		    !strcmp(json_text(recorded, "ev"), skip))
			continue;
		if (diff->recording->live) {
			size_t skip_nr = live_left_out(
				diff, trace, i,
				at < group->nr_events ? model : NULL);

			if (skip_nr) {
				i += skip_nr - 1;
				continue;
			}
		}
		if (at >= group->nr_events ||
		    !recorded_event_is(recorded, model)) {
			order_differs(diff, (unsigned int)i + 1, recorded,
				      at < group->nr_events ? model : NULL);
			return;
		}
		compare_fields(diff, (unsigned int)i + 1, recorded, model);
		at++;
	}
	if (!json_object_get(group->object, "more_events") &&
	    at < group->nr_events)
		order_differs(diff, (unsigned int)nr + 1, NULL,
			      &group->events[at]);
	else if (at == nr)
		compare_count(diff, "more_events", group->nr_events - at);
	compare_count(diff, "empty_frozen", group->nr_frozen);
}

/* Steps ------------------------------------------------------------------------- */

static void finish_group(struct diff *diff)
{
	struct diff_group *group = &diff->group;

	if (!group->object)
		return;
	diff->summary->steps++;
	if (lost_events(diff))
		diff->summary->lost++;
	else
		diff_events(diff);
	if (!group->machine)
		diff_outcome(diff);
}

/*
 * Making a machine touches no memory: what is unmapped meanwhile was that of
 * the VM before.
 */
static bool of_machine(const struct diff *diff, const json_t *event,
		       unsigned int step)
{
	const char *name = json_text(event, "ev");

	return strcmp(name, "kvm_unmap_hva_range") != 0 &&
	       strcmp(name, left_out_event(diff, step)) != 0;
}

/* The recorded events of making a machine, as those of one step. */
static json_t *machine_trace(const struct diff *diff, unsigned int first,
			     unsigned int last)
{
	json_t *all = json_array(), *event;
	unsigned int i;
	size_t at;

	for (i = first; all && i <= last; i++)
		json_array_foreach(json_object_get(diff->steps[i], "trace"), at,
				   event) if (of_machine(diff, event, i))
			json_array_append(all, event);
	return all;
}

/* The steps [@first, @last] become the one that @last was. */
static bool merge_machine(struct diff *diff, unsigned int first,
			  unsigned int last)
{
	json_t *trace = machine_trace(diff, first, last);
	unsigned int i;

	for (i = first; i <= last; i++)
		diff->replayed[i] = true;
	return trace && !json_object_set_new(diff->steps[last], "trace", trace);
}

/* From the KVM_CREATE_VM before @step on. */
static unsigned int machine_start(const struct diff *diff, unsigned int step)
{
	while (step > diff->first &&
	       strcmp(json_text(diff->steps[step], "op"), "KVM_CREATE_VM") != 0)
		step--;
	return step;
}

static void begin_group(struct diff *diff, unsigned int step, unsigned int line)
{
	/* Events before the first step of a group are the group's. */
	diff->group.step = step;
	diff->group.line = line;
	diff->group.object = step <= diff->last ? diff->steps[step] : NULL;
	if (diff->group.object)
		diff->replayed[step] = true;
	else
		diff_report(diff, 0, "step", "no such step in the recording",
			    "replayed");
}

void diff_next_group(struct diff *diff)
{
	struct diff_group *group = &diff->group;

	group->object = NULL;
	group->machine = false;
	group->nr_events = group->nr_frozen = group->marks = 0;
	memset(&group->result, 0, sizeof(group->result));
	group->before = diff->stats;
}

static void finish_machine(struct diff *diff)
{
	unsigned int last = diff->scenario->recording.machine;

	if (!merge_machine(diff, diff->first, last))
		return;
	diff->group.step = last;
	diff->group.object = diff->steps[last];
	diff->summary->steps += last - diff->first + 1;
	diff_events(diff);
}

/* Another machine: its counters begin at 0, and its steps are one group. */
static void begin_machine(struct diff *diff, unsigned int step)
{
	unsigned int first = machine_start(diff, step);

	diff->group.machine = merge_machine(diff, first, step);
	diff->summary->steps += step - first;
}

static void on_step(unsigned int number, const char *verb, unsigned int line,
		    void *context)
{
	struct diff *diff = context;
	const struct step *step = &diff->scenario->steps[number - 1];

	(void)verb;
	if (diff->group.object && step->recorded == diff->group.step)
		return;
	if (diff->group.object) {
		finish_group(diff);
		diff_next_group(diff);
	}
	if (step->recorded == NOT_RECORDED)
		return;
	begin_group(diff, step->recorded, line);
	if (step->verb == &verb_new_vm && diff->group.object)
		begin_machine(diff, step->recorded);
}

void diff_add_result(struct tdp_result *sum, const struct tdp_result *result)
{
	struct tdp_result before = *sum;

	*sum = *result;
	sum->faults_fixed += before.faults_fixed;
	sum->faults_spurious += before.faults_spurious;
	sum->faults_fast += before.faults_fast;
}

/*
 * The emulator reads the instruction: unless it fails, that is not how KVM_RUN
 * ended.
 */
static bool reads_code(const struct step *step, const struct tdp_result *result)
{
	return step->verb == &verb_emulate &&
	       step_argument(step, "kind") == TDP_FETCH &&
	       result->outcome != TDP_OUTCOME_GUEST_FAULT;
}

static void on_done(unsigned int number, const struct tdp_vm *vm,
		    const struct tdp_result *result, void *context)
{
	struct diff *diff = context;
	const struct step *step;
	const struct tdp_vcpu *vcpu;

	if (vm)
		tdp_vm_get_stats(vm, &diff->stats);
	if (!number) {
		finish_machine(diff);
		diff_creation(diff, result);
		diff_next_group(diff);
		return;
	}
	if (!diff->group.object)
		return;
	step = &diff->scenario->steps[number - 1];
	if (reads_code(step, result))
		return;
	diff_remark(diff, step, result);
	diff->group.last = step;
	/* Looking changes nothing; the listener's VM is const for all others. */
	vcpu = tdp_vm_vcpu((struct tdp_vm *)(uintptr_t)vm,
			   diff->group.last->vcpu);
	if (vcpu)
		tdp_vcpu_get_state(vcpu, &diff->group.vcpu);
	diff_add_result(&diff->group.result, result);
}

/* What nobody replayed ------------------------------------------------------------ */

static const char *reason(const struct diff *diff, unsigned int step)
{
	const struct list *list = &diff->scenario->recording.left_out;
	const struct recorded_left_out *items = list->items;
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (items[i].step == step && !items[i].event && !items[i].field)
			return items[i].why;
	return NULL;
}

/* Words of the recorder that touch nothing. */
static bool is_remark(const json_t *object)
{
	return strncmp(json_text(object, "op"), "KVM_", 4) != 0 &&
	       !json_array_size(json_object_get(object, "trace"));
}

static void check_all_replayed(struct diff *diff)
{
	unsigned int i;

	for (i = diff->first; i <= diff->last; i++) {
		const char *why = reason(diff, i);
		const char *op = json_text(diff->steps[i], "op");

		if (diff->replayed[i] || is_remark(diff->steps[i]))
			continue;
		if (why) {
			diff->summary->left_out++;
			if (diff->report && diff->report->left_out)
				diff->report->left_out(i, op, why,
						       diff->report->context);
			continue;
		}
		diff->group.step = i;
		diff->group.line = 0;
		diff->group.object = diff->steps[i];
		diff_report(diff, 0, "step", op, "no step of the scenario");
	}
}

/* The case ------------------------------------------------------------------------ */

/* 1: it is not kept. */
static int keep(struct diff *diff, json_t *object, struct tdp_error *err)
{
	uint64_t number = json_word(json_object_get(object, "step"));

	if (!json_object_get(object, "step"))
		return 1; /* how the recorder's process ended */
	if (number >= MAX_RECORDED_STEPS || diff->steps[number]) {
		return err_set(err, TDP_EINPUT,
			       "%s: step %" PRIu64
			       " of %s is there twice, or beyond %u",
			       diff->recording->path, number,
			       json_text(object, "case"), MAX_RECORDED_STEPS);
	}
	diff->steps[number] = object;
	return TDP_OK;
}

/* Lines of other cases are most of a recording, and parsing is most of a diff. */
static bool skip_other_case(const struct tdp_recording *recording, size_t *at,
			    unsigned int *line, const char *name)
{
	const char *start = recording->text + *at;
	size_t length;

	if (*at >= recording->size)
		return false;
	length = strcspn(start, "\n");
	if (!length || memmem(start, length, name, strlen(name)))
		return false;
	++*line;
	*at += length + 1;
	return true;
}

int diff_read_case(struct diff *diff, const char *name, struct tdp_error *err)
{
	size_t at = 0;
	unsigned int line = 0;
	int ret = TDP_OK;

	while (!ret) {
		json_t *object;

		while (skip_other_case(diff->recording, &at, &line, name))
			;
		ret = recording_line(diff->recording, &at, &line, &object, err);
		if (ret || !object)
			break;
		ret = !strcmp(json_text(object, "case"), name) ?
			      keep(diff, object, err) :
			      1;
		if (ret)
			json_decref(object);
		if (ret > 0)
			ret = TDP_OK;
	}
	return ret;
}

static void report_vm(const struct diff *diff)
{
	if (diff->report && diff->report->vm)
		diff->report->vm(diff->scenario->recording.name, diff->first,
				 diff->last, diff->report->context);
}

static int compare(struct diff *diff, unsigned int vm, struct tdp_error *err)
{
	const struct tdp_report report = {
		.step = on_step,
		.done = on_done,
		.trace = diff_take_event,
		.context = diff,
	};
	struct tdp_run_summary summary;
	int ret = diff_read_case(diff, diff->scenario->recording.name, err);

	if (!ret)
		ret = diff_place(diff, vm, err);
	if (!ret)
		ret = tdp_scenario_run(diff->scenario, &report, &summary, err);
	if (ret)
		return ret;
	finish_group(diff);
	check_all_replayed(diff);
	report_vm(diff);
	return TDP_OK;
}

static void diff_free(struct diff *diff)
{
	unsigned int i;

	for (i = 0; i < MAX_RECORDED_STEPS; i++)
		json_decref(diff->steps[i]);
	tdp_scenario_destroy(diff->scenario);
	free(diff);
}

/* One of the VMs of the case; *@nr_vms receives how many there are to do. */
static int diff_vm(struct diff *diff, const char *path, unsigned int index,
		   unsigned int *nr_vms, struct tdp_error *err)
{
	const struct recorded_case *wanted;
	unsigned int vm;
	int ret = tdp_scenario_load_on(path, &diff->recording->machine,
				       &diff->scenario, err);

	if (ret)
		return ret;
	if (diff->recording->live)
		return live_diff(diff, err);
	wanted = &diff->scenario->recording;
	if (!wanted->name)
		return err_at(err, TDP_EINPUT, path, 1, 1,
			      "it names no recorded case (\"recording:\")");
	vm = wanted->vm;
	if (wanted->vms.nr)
		vm = ((const unsigned int *)wanted->vms.items)[index];
	*nr_vms = wanted->vms.nr ? wanted->vms.nr : 1;
	return compare(diff, vm, err);
}

int tdp_recording_diff(const struct tdp_recording *recording,
		       const char *scenario,
		       const struct tdp_diff_report *report,
		       struct tdp_diff_summary *summary, struct tdp_error *err)
{
	unsigned int i, nr_vms = 1;
	int ret = TDP_OK;

	*summary = (struct tdp_diff_summary){ 0 };
	if (recording->trace)
		return trace_diff(recording, scenario, report, summary, err);
	for (i = 0; i < nr_vms && !ret; i++) {
		struct diff *diff = calloc(1, sizeof(*diff));

		if (!diff)
			return err_set(err, TDP_ENOMEM, "%s: out of memory",
				       scenario);
		diff->recording = recording;
		diff->report = report;
		diff->summary = summary;
		ret = diff_vm(diff, scenario, i, &nr_vms, err);
		diff_free(diff);
	}
	return ret;
}
