/* SPDX-License-Identifier: MIT */
/* What a recorded call returned, against what the model's gave. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/recording_diff.h"
#include "scenario/verb.h"
#include "scenario/verb_capability.h"
#include "tdpsim/gmem.h"

void diff_text(struct diff *diff, const char *field, const char *recorded,
	       const char *model)
{
	if (strcmp(recorded, model) != 0)
		diff_report(diff, 0, field, recorded, model);
}

void diff_word(struct diff *diff, const char *field, uint64_t recorded,
	       uint64_t model)
{
	char a[32], b[32];

	snprintf(a, sizeof(a), "0x%" PRIx64, recorded);
	snprintf(b, sizeof(b), "0x%" PRIx64, model);
	diff_text(diff, field, a, b);
}

/* KVM_RUN ------------------------------------------------------------------------ */

/*
 * How a recorded payload ends for each of the model's outcomes.  It ends with
 * port I/O unless the access keeps it from getting there, and so does L1's
 * behind an exit of L2; its guests have no IDT, so that any exception becomes a
 * triple fault.
 */
const char *diff_exit_of(enum tdp_outcome outcome)
{
	switch (outcome) {
	case TDP_OUTCOME_DONE:
	case TDP_OUTCOME_NESTED_EXIT:
		return "IO";
	case TDP_OUTCOME_MMIO:
		return "MMIO";
	case TDP_OUTCOME_GUEST_FAULT:
	case TDP_OUTCOME_SHUTDOWN:
		return "SHUTDOWN";
	case TDP_OUTCOME_INTERNAL_ERROR:
		return "INTERNAL_ERROR";
	case TDP_OUTCOME_ENTRY_FAILED:
		return "FAIL_ENTRY";
	case TDP_OUTCOME_FAILED:
		return "";
	default:
		return tdp_outcome_name(outcome);
	}
}

void diff_memory_fault(struct diff *diff, const char *prefix)
{
	const struct tdp_result *result = &diff->group.result;
	const struct {
		const char *name;
		uint64_t model;
	} members[] = {
		{ "flags", result->memory_fault_flags },
		{ "gpa", result->memory_fault_gpa },
		{ "size", result->memory_fault_size },
	};
	char key[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(members); i++) {
		snprintf(key, sizeof(key), "%s%s", prefix, members[i].name);
		diff_word(diff, key,
			  json_word(json_object_get(diff->group.object, key)),
			  members[i].model);
	}
}

static void compare_run(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const struct tdp_result *result = &diff->group.result;
	const char *exit = json_text(object, "exit_s");
	const char *verb = diff->group.last->verb->name;
	uint64_t kind = step_argument(diff->group.last, "kind");
	bool is_write = !strcmp(verb, "write") || !strcmp(verb, "rmw") ||
			kind == TDP_WRITE || kind == TDP_RMW;

	/* The one exit that a call makes which fails. */
	if (!strcmp(exit, "MEMORY_FAULT")) {
		diff_memory_fault(diff, "");
		return;
	}
	/* An exit that this call did not make is an earlier call's. */
	if (json_text(object, "errno")[0])
		return;
	diff_text(diff, "exit_s", exit, diff_exit_of(result->outcome));
	if (strcmp(exit, "MMIO") != 0)
		return;
	diff_word(diff, "gpa", json_word(json_object_get(object, "gpa")),
		  result->gpa);
	diff_word(diff, "is_write",
		  json_word(json_object_get(object, "is_write")), is_write);
}

/* KVM_PRE_FAULT_MEMORY ------------------------------------------------------------- */

void diff_prefault(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const json_t *out = json_object_get(object, "out");
	const struct tdp_result *result = &diff->group.result;

	diff_word(diff, "out.gpa", json_word(json_object_get(out, "gpa")),
		  result->gpa);
	diff_word(diff, "out.size", json_word(json_object_get(out, "size")),
		  result->size);
	diff_word(diff, "run_exit",
		  json_word(json_object_get(object, "run_exit")),
		  result->exit_reason);
	diff_memory_fault(diff, "mf_");
}

/* KVM_TRANSLATE ----------------------------------------------------------------- */

static void compare_translation(struct diff *diff)
{
	const json_t *out = json_object_get(diff->group.object, "out");
	const struct tdp_result *result = &diff->group.result;

	diff_word(diff, "out.gpa", json_word(json_object_get(out, "gpa")),
		  result->gpa);
	diff_word(diff, "out.valid", json_word(json_object_get(out, "valid")),
		  result->gpa != UINT64_MAX);
}

/* KVM_GET_NESTED_STATE -------------------------------------------------------------- */

/* What the recorder read in vmcs12: a word of its own, not an ioctl's name. */
static void compare_vmcs12(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const struct tdp_vmcs12 *v = &diff->group.vcpu.vmcs12;
	const struct {
		const char *name;
		uint64_t model;
	} fields[] = {
		{ "guest_mode", diff->group.vcpu.guest_mode },
		{ "exit_reason", v->exit_reason },
		{ "qual", v->exit_qualification },
		{ "gpa", v->guest_physical_address },
		{ "vm_instr_err", v->instruction_error },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		diff_word(diff, fields[i].name,
			  json_word(json_object_get(object, fields[i].name)),
			  fields[i].model);
}

/* KVM_GET_DIRTY_LOG ------------------------------------------------------------- */

uint64_t step_argument(const struct step *step, const char *name)
{
	const struct args *args = &step->verb->args;
	unsigned int i;

	for (i = 0; i < args->nr; i++)
		if (!strcmp(args->rows[i].name, name))
			return member_get((const char *)step->args +
						  args->rows[i].offset,
					  args->rows[i].width, false);
	return 0;
}

/* The word of the bitmap that the step looks at. */
void diff_dirty(struct diff *diff)
{
	const json_t *dirty = json_object_get(diff->group.object, "dirty");
	uint64_t first = 64 * step_argument(diff->group.last, "word");
	uint64_t word = 0, page;
	size_t i;

	for (i = 0; i < json_array_size(dirty); i++) {
		page = json_word(json_array_get(dirty, i));
		if (page >= first && page - first < 64)
			word |= BIT(page - first);
	}
	diff_word(diff, "dirty", word, diff->group.result.value);
}

/* Remarks ---------------------------------------------------------------------------- */

/* "CHECK_EXTENSION NAME(number): dev VALUE, vm VALUE" */
static void compare_extension(struct diff *diff, const char *text,
			      const struct step *step,
			      const struct tdp_result *result)
{
	const struct extension_args *args = step->args;
	const char *key = args->system ? "dev " : "vm ";
	char number[16];
	const char *at;

	snprintf(number, sizeof(number), "(%u)", args->cap);
	at = strstr(text, number);
	at = at ? strstr(at, key) : NULL;
	if (at)
		diff_word(diff, args->system ? "dev" : "vm",
			  strtoull(at + strlen(key), NULL, 0), result->value);
	else
		diff_report(diff, 0, "text", text, number);
}

/* "after WHAT: how many threads", of which a vhost task counts twice. */
static void compare_threads(struct diff *diff, const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!strstr(text, "after ") || !colon)
		return;
	diff_text(diff, "nx_thread",
		  strtoull(colon + 1, NULL, 0) ? "there" : "not there",
		  diff->stats.nx_thread ? "there" : "not there");
}

/* "WHAT 'ERRNO'", where nothing between the quotes is success */
static void compare_quoted(struct diff *diff, const char *text,
			   const char *what, const struct tdp_result *result)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "%s '%s'", what,
		 result->ret ? tdp_errno_name(result->ret) : "");
	if (!strstr(text, wanted))
		diff_report(diff, 0, what, text, wanted);
}

void diff_remark(struct diff *diff, const struct step *step,
		 const struct tdp_result *result)
{
	const json_t *object = diff->group.object;
	const char *text = json_text(object, "text");

	if (strcmp(json_text(object, "op"), "note") != 0)
		return;
	if (step->verb == &verb_check_extension)
		compare_extension(diff, text, step, result);
	else if (step->verb == &verb_check)
		compare_threads(diff, text);
	else if (step->verb == &verb_mmap_gmem)
		compare_quoted(
			diff, text,
			((const struct tdp_gmem_map *)step->args)->map_private ?
				"private" :
				"shared",
			result);
	else if (step->verb == &verb_touch)
		compare_quoted(diff, text, "touch", result);
}

/* Counters -------------------------------------------------------------------------- */

static uint64_t count_of(const struct diff *diff, const char *name)
{
	const struct diff_group *group = &diff->group;
	const struct tdp_vm_stats *now = &diff->stats;

	if (!strcmp(name, "pages_4k"))
		return now->pages_4k - group->before.pages_4k;
	if (!strcmp(name, "pages_2m"))
		return now->pages_2m - group->before.pages_2m;
	if (!strcmp(name, "pages_1g"))
		return now->pages_1g - group->before.pages_1g;
	assert(!strcmp(name, "pf_mmio_spte_created"));
	return group->marks;
}

/*
 * The counters that the model has; pf_fixed and its like are those of faults
 * that a guest waits for.  Not compared: what counts TLB flushes (there is no
 * TLB) and the shadow MMU's housekeeping.
 */
void diff_stats(struct diff *diff)
{
	static const char *const names[] = {
		"pages_4k",
		"pages_2m",
		"pages_1g",
		"pf_mmio_spte_created",
	};
	const json_t *stats = json_object_get(diff->group.object, "stats");
	const struct tdp_result *result = &diff->group.result;
	char field[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(field, sizeof(field), "stats.%s", names[i]);
		diff_word(diff, field,
			  json_word(json_object_get(stats, names[i])),
			  count_of(diff, names[i]));
	}
	if (strcmp(json_text(diff->group.object, "op"), "KVM_RUN") != 0)
		return;
	diff_word(diff, "stats.pf_fixed",
		  json_word(json_object_get(stats, "pf_fixed")),
		  result->faults_fixed);
	diff_word(diff, "stats.pf_spurious",
		  json_word(json_object_get(stats, "pf_spurious")),
		  result->faults_spurious);
	diff_word(diff, "stats.pf_fast",
		  json_word(json_object_get(stats, "pf_fast")),
		  result->faults_fast);
}

void diff_creation(struct diff *diff, const struct tdp_result *result)
{
	diff->group.step = diff->first;
	diff->group.object = diff->steps[diff->first];
	diff_text(diff, "errno", json_text(diff->group.object, "errno"),
		  result->ret < 0 ? tdp_errno_name(result->ret) : "");
}

void diff_outcome(struct diff *diff)
{
	const json_t *object = diff->group.object;
	const struct tdp_result *result = &diff->group.result;
	const char *op = json_text(object, "op");

	/* A remark says in words what its calls returned, if they did. */
	if (strcmp(op, "note") != 0)
		diff_text(diff, "errno", json_text(object, "errno"),
			  result->ret < 0 ? tdp_errno_name(result->ret) : "");
	if (!strcmp(op, "KVM_RUN"))
		compare_run(diff);
	if (!strcmp(op, "KVM_PRE_FAULT_MEMORY"))
		diff_prefault(diff);
	if (!strcmp(op, "KVM_TRANSLATE"))
		compare_translation(diff);
	if (!strcmp(op, "vmcs12 after"))
		compare_vmcs12(diff);
	if (!strcmp(op, "KVM_GET_DIRTY_LOG"))
		diff_dirty(diff);
	diff_stats(diff);
}
