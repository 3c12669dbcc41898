/* SPDX-License-Identifier: MIT */
/*
 * A scenario against a recording that tdpsim kvm made of the scenario itself.
 *
 * Step N of the recording is step N of the scenario, and step 0 making the
 * machine, as in struct tdp_report.  A step that the kernel could not make is
 * not made here either, so that both machines stay the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/machine.h"
#include "scenario/recording_diff.h"
#include "scenario/recording_ops.h"
#include "scenario/verb.h"
#include "tdpsim/walk.h"

static const json_t *object_of(const struct diff *diff, unsigned int step)
{
	return step < MAX_RECORDED_STEPS ? diff->steps[step] : NULL;
}

static bool is_skipped(const json_t *object)
{
	return json_object_get(object, "skipped");
}

/* Why the step has no counterpart; NULL if it has one. */
static const char *skipped(const struct diff *diff, unsigned int step)
{
	const json_t *object = object_of(diff, step);

	if (!object)
		return "the recording ends before it";
	return is_skipped(object) ? json_text(object, "skipped") : NULL;
}

/* Errors of an emulated processor ---------------------------------------------- */

#define TOGETHER    "what happens together has no order to carry out"
#define ENDLESS     "does not end"
#define PFERR_P     UINT64_C(1)
#define PFERR_RSVD  UINT64_C(8)
#define PFERR_FETCH UINT64_C(0x10)

/*
 * QEMU 7.2 get_physical_address(): a reserved bit is reported without P, which
 * the APM sets ("Nested versus Guest Page Faults": as for #PF, whose RSVD bit
 * implies P).
 */
static bool lacks_present(uint64_t recorded, uint64_t model)
{
	return (model & PFERR_RSVD) && (model & PFERR_P) &&
	       recorded == (model & ~PFERR_P);
}

/* KVM takes the reserved bit away from the code that it walks with. */
static bool walk_lacks_present(const struct diff *diff, const char *field,
			       uint64_t recorded, uint64_t model)
{
	return !strcmp(field, "kvm_mmu_pagetable_walk.pferr") &&
	       (diff->group.result.pferr & PFERR_RSVD) && (model & PFERR_P) &&
	       recorded == (model & ~PFERR_P);
}

/* QEMU 7.2 looks at no reserved bits of PAE's PDPTEs under NPT. */
static bool is_pdpte(const struct diff *diff)
{
	return diff->group.result.walk_reason == TDP_WALK_WHY_G_RSVD_PDPTE;
}

/* The #PF of the emulator's fetch, in a step that asks for no fetch itself. */
static bool is_emulators_fetch(const struct diff *diff)
{
	return diff->group.result.outcome == TDP_OUTCOME_GUEST_FAULT &&
	       (diff->group.result.error_code & PFERR_FETCH) &&
	       diff->group.last &&
	       strcmp(diff->group.last->verb->name, "fetch") != 0;
}

/*
 * CR3 in no memslot under TDP: the emulator can't fetch, its #PF can't be
 * delivered, and so on.  The model stops where the emulator begins, or at the
 * first #PF, or has the triple fault that the scenario asks for and that does
 * not come.
 */
static bool is_endless_emulation(const struct diff *diff, const char *field,
				 const char *recorded, const char *model)
{
	return !strcmp(field, "outcome") && !strcmp(recorded, ENDLESS) &&
	       (!strcmp(model, tdp_outcome_name(TDP_OUTCOME_EMULATE)) ||
		!strcmp(model, tdp_outcome_name(TDP_OUTCOME_SHUTDOWN)) ||
		is_emulators_fetch(diff));
}

static bool is_emulated_fault(const struct diff *diff, const char *field,
			      uint64_t recorded, uint64_t model)
{
	static const char *const codes[] = {
		"kvm_exit.info1",
		"kvm_page_fault.error_code",
		"fast_page_fault.error_code",
		"error_code",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codes); i++)
		if (!strcmp(codes[i], field) && lacks_present(recorded, model))
			return true;
	return walk_lacks_present(diff, field, recorded, model);
}

bool live_explained(const struct diff *diff, const char *field,
		    const char *recorded, const char *model)
{
	if (!diff->recording->live)
		return false;
	if (diff->recording->is_tcg && is_pdpte(diff))
		return true;
	/* The kernel reads memory that is not its own: anything may come. */
	if (diff->group.result.outcome == TDP_OUTCOME_KERNEL_BUG)
		return true;
	if (is_endless_emulation(diff, field, recorded, model))
		return true;
	return diff->recording->is_tcg &&
	       is_emulated_fault(diff, field, strtoull(recorded, NULL, 0),
				 strtoull(model, NULL, 0));
}

/* KVM's emulator ------------------------------------------------------------------ */

/*
 * Where KVM emulates an instruction, it fetches it and finds its operand by
 * walks of its own, which are traced.  The model has the access and no
 * instruction: such a walk, where the model has none, is left out, and nothing
 * else.
 */
static bool is_walk_part(const json_t *event)
{
	static const char *const parts[] = {
		"kvm_mmu_paging_element",
		"kvm_mmu_set_accessed_bit",
		"kvm_mmu_set_dirty_bit",
		"kvm_mmu_walker_error",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(json_text(event, "ev"), parts[i]))
			return true;
	return false;
}

/* An address that one of the step's accesses has: its page at least. */
static bool is_of_step(const json_t *object, uint64_t address)
{
	const json_t *ops = json_object_get(object, "do");
	size_t i;

	for (i = 0; i < json_array_size(ops); i++) {
		const json_t *gva = json_object_get(json_array_get(ops, i),
						    "gva");

		if (gva && json_word(gva) >> 12 == address >> 12)
			return true;
	}
	return false;
}

/* The emulator's walk to its instruction, before one that the model has. */
static bool is_other_fetch(const json_t *walk, const struct tdp_event *model)
{
	return (json_word(json_object_get(walk, "pferr")) & PFERR_FETCH) &&
	       json_word(json_object_get(walk, "addr")) != model->field[0];
}

/* An exit in the middle of its delivery: the same exception once more. */
static bool is_repeated(const json_t *event)
{
	return !strcmp(json_text(event, "ev"), "kvm_inj_exception") &&
	       json_word(json_object_get(event, "reinjected"));
}

/*
 * An exception that the guest can't take ends in a shutdown, behind exits for
 * the tables of its delivery, of which the model knows nothing.
 */
static bool is_shutdown(const struct diff *diff)
{
	return diff->group.result.outcome == TDP_OUTCOME_GUEST_FAULT &&
	       !strcmp(json_text(diff->group.object, "exit_s"), "SHUTDOWN");
}

static bool is_event(const json_t *trace, size_t at, const char *name)
{
	return !strcmp(json_text(json_array_get(trace, at), "ev"), name);
}

/* Guest entries marked by a walk: only the first time. */
static bool is_mark(const json_t *trace, size_t at)
{
	return is_event(trace, at, "kvm_mmu_set_accessed_bit") ||
	       is_event(trace, at, "kvm_mmu_set_dirty_bit");
}

static bool is_same_exit(const json_t *trace, size_t a, size_t b)
{
	static const char *const fields[] = { "exit_reason", "guest_rip",
					      "info2" };
	const json_t *one = json_array_get(trace, a);
	const json_t *other = json_array_get(trace, b);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (strcmp(json_text(one, fields[i]),
			   json_text(other, fields[i])) != 0)
			return false;
	return true;
}

/* Interrupts may come between; 0 if there is none. */
static size_t exit_before(const json_t *trace, size_t at)
{
	do
		at--;
	while (at && !(is_event(trace, at, "kvm_exit") &&
		       recorded_event_counts(json_array_get(trace, at))));
	return at;
}

/*
 * Where another task waits for the processor, a fault that has synchronized
 * the pages below a child is given up and comes once more, up to where it was.
 * KVM 6.12: mmu_sync_children() without can_yield, need_resched().
 */
static size_t yielded(const json_t *trace, size_t at)
{
	size_t first, sync, end = at, i;

	if (!at || !is_event(trace, at, "kvm_exit"))
		return 0;
	first = exit_before(trace, at);
	if (!is_same_exit(trace, first, at))
		return 0;
	for (sync = first; sync < at; sync++)
		if (is_event(trace, sync, "kvm_mmu_sync_page"))
			break;
	if (sync == at)
		return 0;
	for (i = first; i < sync; i++) {
		if (is_mark(trace, i))
			continue;
		if (!is_event(trace, end++,
			      json_text(json_array_get(trace, i), "ev")))
			return 0;
	}
	return end - at;
}

/*
 * An instruction that writes no page table is run again before it is emulated,
 * in case the first exit has made that needless.  KVM 6.12:
 * retry_instruction().  The model has no instruction: one exit is left out.
 */
static size_t retried(const struct diff *diff, const json_t *trace, size_t at)
{
	size_t first, end = at + 1;

	if (diff->group.result.outcome != TDP_OUTCOME_EMULATE || !at ||
	    !is_event(trace, at, "kvm_exit"))
		return 0;
	first = exit_before(trace, at);
	if (!is_same_exit(trace, first, at))
		return 0;
	while (end < json_array_size(trace) &&
	       !is_event(trace, end, "kvm_exit"))
		end++;
	return end - at;
}

size_t live_left_out(const struct diff *diff, const json_t *trace, size_t at,
		     const struct tdp_event *model)
{
	const json_t *walk = json_array_get(trace, at);
	uint64_t address = json_word(json_object_get(walk, "addr"));
	size_t end = at + 1, again = yielded(trace, at);

	if (is_repeated(walk))
		return 1;
	if (!model && is_shutdown(diff))
		return json_array_size(trace) - at;
	if (again && (!model || model->id != TDP_EV_kvm_exit))
		return again;
	if (retried(diff, trace, at))
		return retried(diff, trace, at);
	if (strcmp(json_text(walk, "ev"), "kvm_mmu_pagetable_walk") != 0 ||
	    !is_of_step(diff->group.object, address) ||
	    (model && model->id == TDP_EV_kvm_mmu_pagetable_walk &&
	     !is_other_fetch(walk, model)))
		return 0;
	while (end < json_array_size(trace) &&
	       is_walk_part(json_array_get(trace, end)))
		end++;
	return end - at;
}

/* The machine ---------------------------------------------------------------- */

/* Memory lies where the recorder mapped it. */
static void place(struct tdp_memslot *slot, const json_t *hva)
{
	if (hva && slot->size)
		slot->hva = json_word(hva);
}

static void place_memory(struct diff *diff)
{
	struct tdp_scenario *s = diff->scenario;
	const json_t *hva = json_object_get(object_of(diff, 0), "hva");
	struct tdp_memslot *slots = s->memslots.items;
	unsigned int i;

	for (i = 0; i < s->memslots.nr; i++)
		place(&slots[i], json_array_get(hva, i));
	for (i = 0; i < s->nr_steps; i++) {
		const json_t *object = object_of(diff, i + 1);

		if (s->steps[i].verb == &verb_memslot && object)
			place((struct tdp_memslot *)(uintptr_t)s->steps[i].args,
			      json_object_get(object, "hva"));
	}
}

/*
 * The kernel is the recorded one, whatever behaviours the text names; but
 * parameters that can be changed while it runs, it was given.
 */
static int set_kernel(struct diff *diff, struct tdp_error *err)
{
	json_t *given = json_object_get(object_of(diff, 0), "parameters");
	struct tdp_kvm_config *kvm = &diff->scenario->kvm;
	const char *key;
	json_t *value;
	int ret = TDP_OK;

	*kvm = diff->recording->machine.kvm;
	json_object_foreach(given, key, value) if (!ret)
		ret = tdp_kvm_config_set(kvm, key, json_string_value(value),
					 err);
	return ret ? TDP_EINPUT : TDP_OK;
}

static int on_machine(struct run *run, void *context)
{
	const struct diff *diff = context;

	return ops_replay(run, NULL, object_of(diff, 0));
}

static int on_step(struct run *run, const struct step *step, void *context)
{
	const struct diff *diff = context;
	const json_t *object = object_of(diff, run->step_nr);

	/* Of a step that was skipped, what prepared it. */
	if (skipped(diff, run->step_nr) && !json_object_get(object, "do"))
		return TDP_OK;
	return ops_replay(run, step, object);
}

/* What a step gave -------------------------------------------------------------- */

static bool flag(const json_t *object, const char *key)
{
	return json_word(json_object_get(object, key));
}

/* The recorder's payloads have an IDT: what the guest got is known. */
static void compare_exception(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const struct tdp_result *result = &diff->group.result;
	uint64_t vector = json_word(json_object_get(object, "exception"));

	diff_text(diff, "outcome", tdp_outcome_name(TDP_OUTCOME_GUEST_FAULT),
		  tdp_outcome_name(result->outcome));
	if (result->outcome != TDP_OUTCOME_GUEST_FAULT)
		return;
	diff_word(diff, "exception", vector, result->vector);
	if (json_object_get(object, "error_code"))
		diff_word(diff, "error_code",
			  json_word(json_object_get(object, "error_code")),
			  result->error_code);
	if (json_object_get(object, "fault_address"))
		diff_word(diff, "fault_address",
			  json_word(json_object_get(object, "fault_address")),
			  result->fault_address);
}

static void compare_exit(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const struct tdp_result *result = &diff->group.result;
	const char *exit = json_text(object, "exit_s");
	bool emulated = result->outcome == TDP_OUTCOME_EMULATE;

	if (result->outcome == TDP_OUTCOME_NESTED_EXIT)
		diff_text(diff, "outcome", exit,
			  tdp_outcome_name(result->outcome));
	else
		diff_text(diff, "exit_s", exit,
			  emulated ? "IO" : diff_exit_of(result->outcome));
	if (strcmp(exit, "MMIO") != 0)
		return;
	diff_word(diff, "gpa", json_word(json_object_get(object, "gpa")),
		  result->gpa);
	diff_word(diff, "is_write",
		  json_word(json_object_get(object, "is_write")),
		  !strcmp(diff->group.last->verb->name, "write"));
}

/* L1's code behind VMRUN says so by a port of its own. */
static void compare_nested_exit(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const struct tdp_result *result = &diff->group.result;

	diff_text(diff, "outcome", tdp_outcome_name(TDP_OUTCOME_NESTED_EXIT),
		  tdp_outcome_name(result->outcome));
	if (result->outcome != TDP_OUTCOME_NESTED_EXIT)
		return;
	diff_word(diff, "l1_exit",
		  json_word(json_object_get(object, "l1_exit")),
		  result->l1_exit);
	diff_word(diff, "l1_info1",
		  json_word(json_object_get(object, "l1_info1")),
		  result->l1_info1);
	diff_word(diff, "l1_info2",
		  json_word(json_object_get(object, "l1_info2")),
		  result->l1_info2);
}

static void compare_run(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const struct tdp_result *result = &diff->group.result;

	if (json_object_get(object, "l1_exit"))
		compare_nested_exit(diff);
	else if (json_object_get(object, "exception"))
		compare_exception(diff);
	else if (flag(object, "until_entry"))
		diff_text(diff, "exit_s", "until entry",
			  result->outcome == TDP_OUTCOME_DONE ?
				  "until entry" :
				  tdp_outcome_name(result->outcome));
	else if (!strcmp(json_text(object, "exit_s"), "MEMORY_FAULT"))
		diff_memory_fault(diff, "");
	else if (!json_text(object, "errno")[0])
		compare_exit(diff);
}

static const char *errno_of(const struct tdp_result *result)
{
	return result->ret < 0 ? tdp_errno_name(result->ret) : "";
}

/* A call that only a signal ended: it sleeps, or goes round for ever. */
static void compare_endless(struct diff *diff)
{
	enum tdp_outcome outcome = diff->group.result.outcome;

	if (outcome != TDP_OUTCOME_BLOCKED && outcome != TDP_OUTCOME_LIVELOCK)
		diff_report(diff, 0, "outcome", ENDLESS,
			    tdp_outcome_name(outcome));
}

static void compare_outcome(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const char *op = json_text(object, "op");

	if (flag(object, "endless")) {
		compare_endless(diff);
		return;
	}
	diff_text(diff, "errno", json_text(object, "errno"),
		  errno_of(&diff->group.result));
	if (!strcmp(op, "KVM_RUN"))
		compare_run(diff);
	if (!strcmp(op, "KVM_PRE_FAULT_MEMORY"))
		diff_prefault(diff);
	if (!strcmp(op, "KVM_GET_DIRTY_LOG") && !diff->group.result.ret)
		diff_dirty(diff);
	if (json_object_get(object, "value"))
		diff_word(diff, "value",
			  json_word(json_object_get(object, "value")),
			  diff->group.result.value);
	diff_stats(diff);
}

/* Steps --------------------------------------------------------------------------- */

static void finish_step(struct diff *diff, unsigned int number)
{
	struct diff_group *group = &diff->group;

	diff->summary->steps++;
	if (json_object_get(group->object, "lost"))
		diff->summary->lost++;
	else if (!flag(group->object, "endless") &&
		 json_object_get(group->object, "trace"))
		diff_events(diff);
	if (number)
		compare_outcome(diff);
}

static void skip_step(struct diff *diff, unsigned int number, const char *why)
{
	const json_t *object = object_of(diff, number);
	const char *verb = diff->scenario->steps[number - 1].verb->name;

	if (!object) {
		diff_report(diff, 0, "step", "nothing: the run ended here",
			    verb);
		return;
	}
	diff->summary->left_out++;
	if (diff->report && diff->report->left_out)
		diff->report->left_out(number, verb, why,
				       diff->report->context);
}

static void on_done(unsigned int number, const struct tdp_vm *vm,
		    const struct tdp_result *result, void *context)
{
	struct diff *diff = context;
	const char *why = number ? skipped(diff, number) : NULL;
	const struct step *steps = diff->scenario->steps;

	/* The kernel may have refused to create one. */
	if (vm)
		tdp_vm_get_stats(vm, &diff->stats);
	diff->group.step = number;
	diff->group.line = number ? steps[number - 1].line : 1;
	diff->group.object = object_of(diff, number);
	if (number)
		diff->group.last = &steps[number - 1];
	/* Another VM counts from zero. */
	if (number && steps[number - 1].verb == &verb_new_vm)
		memset(&diff->group.before, 0, sizeof(diff->group.before));
	diff->group.result = *result;
	if (why)
		skip_step(diff, number, why);
	else
		finish_step(diff, number);
	diff_next_group(diff);
}

int live_diff(struct diff *diff, struct tdp_error *err)
{
	const struct tdp_report report = {
		.done = on_done,
		.trace = diff_take_event,
		.context = diff,
	};
	const struct run_hook hook = { on_machine, on_step, diff };
	struct tdp_run_summary summary;
	struct tdp_setup setup;
	int ret = diff_read_case(diff, diff->scenario->name, err);

	if (ret)
		return ret;
	/* What the text gives reasons for are differences to another recording. */
	diff->scenario->recording.left_out.nr = 0;
	if (!object_of(diff, 0))
		return err_set(err, TDP_EINPUT, "%s: no case %s",
			       diff->recording->path, diff->scenario->name);
	tdp_scenario_setup(diff->scenario, &setup);
	if (setup.together || is_skipped(object_of(diff, 0))) {
		diff->summary->left_out += diff->scenario->nr_steps + 1;
		if (diff->report && diff->report->left_out)
			diff->report->left_out(
				0, "machine",
				setup.together ? TOGETHER : skipped(diff, 0),
				diff->report->context);
		return TDP_OK;
	}
	place_memory(diff);
	ret = set_kernel(diff, err);
	if (ret)
		return ret;
	return scenario_run_hooked(diff->scenario, &report, &hook, &summary,
				   err);
}
