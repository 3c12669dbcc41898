/* SPDX-License-Identifier: MIT */
/* A comparison while the scenario is replayed. */
#ifndef TDPSIM_SCENARIO_RECORDING_DIFF_H
#define TDPSIM_SCENARIO_RECORDING_DIFF_H

#include "scenario/recording.h"
#include "scenario/scenario.h"
#include "tdpsim/nested.h"

/* The recorder lists so many events of a step and counts the others. */
#define MAX_RECORDED_EVENTS 160

#define MAX_RECORDED_STEPS  4096u

#define ENTRY_LOW_BITS      0xfffu
#define FROZEN_LOW_BITS     0x5a0u /* of a frozen SPTE */

/* A recorded step, and what the scenario's steps for it did. */
struct diff_group {
	unsigned int step;
	unsigned int line;       /* of the scenario's first step */
	const json_t *object;    /* NULL: none yet */
	bool machine;            /* makes a VM: no call of its own */
	const struct step *last; /* of the scenario's steps */
	struct tdp_result result;
	struct tdp_vcpu_state vcpu; /* behind the last step */
	struct tdp_vm_stats before;
	struct tdp_event events[MAX_RECORDED_EVENTS];
	unsigned int nr_events; /* not all of them are kept */
	unsigned int nr_frozen;
	unsigned int marks; /* MMIO SPTEs made */
};

struct diff {
	const struct tdp_recording *recording;
	struct tdp_scenario *scenario;
	const struct tdp_diff_report *report;
	struct tdp_diff_summary *summary;
	struct tdp_vm_stats stats;         /* behind the last step */
	json_t *steps[MAX_RECORDED_STEPS]; /* of the case */
	bool replayed[MAX_RECORDED_STEPS];
	unsigned int first, last; /* of the VM */
	struct diff_group group;
};

/*
 * Find the steps of @vm, and give the scenario's numbers the recording's
 * meaning.  (recording_place.c)
 */
int diff_place(struct diff *diff, unsigned int vm, struct tdp_error *err);

/* Call the listener; @event is 0 if it is not about one. */
void diff_report(struct diff *diff, unsigned int event, const char *field,
		 const char *recorded, const char *model);

/* An argument of the step's verb; 0 if it has none of that name. */
uint64_t step_argument(const struct step *step, const char *name);

/* Return code of making the VM. */
void diff_creation(struct diff *diff, const struct tdp_result *result);

/* What the recorder wrote down in words, if the step stands for that. */
void diff_remark(struct diff *diff, const struct step *step,
		 const struct tdp_result *result);

/* Return code, arguments, kvm_run and counters of the group. */
void diff_outcome(struct diff *diff);

/* The parts of diff_outcome(). */
void diff_text(struct diff *diff, const char *field, const char *recorded,
	       const char *model);
void diff_word(struct diff *diff, const char *field, uint64_t recorded,
	       uint64_t model);
void diff_prefault(struct diff *diff);
/* kvm_run.memory_fault; @prefix tells it from arguments of the same name. */
void diff_memory_fault(struct diff *diff, const char *prefix);
void diff_dirty(struct diff *diff);
void diff_stats(struct diff *diff);

/* How a payload without an IDT ends for an outcome. */
const char *diff_exit_of(enum tdp_outcome outcome);

/* The events of the group, and those of one more. */
void diff_events(struct diff *diff);
void diff_take_event(const struct tdp_event *event, void *diff);

/* A new group begins, without an object. */
void diff_next_group(struct diff *diff);

/* Sum up what several calls gave; the last one says how it ended. */
void diff_add_result(struct tdp_result *sum, const struct tdp_result *result);

/* The lines of a case into diff->steps, by their number. */
int diff_read_case(struct diff *diff, const char *name, struct tdp_error *err);

/*
 * How many recorded events from number @at on have no counterpart: a walk of
 * KVM's emulator for an instruction that the model does not execute, or an
 * exception that is delivered once more; 0: none.
 */
size_t live_left_out(const struct diff *diff, const json_t *trace, size_t at,
		     const struct tdp_event *model);

/* A difference that is a known error of the recorded machine's processor. */
bool live_explained(const struct diff *diff, const char *field,
		    const char *recorded, const char *model);

/* The comparison with a trace's text. */
int trace_diff(const struct tdp_recording *recording, const char *path,
	       const struct tdp_diff_report *report,
	       struct tdp_diff_summary *summary, struct tdp_error *err);

/* The comparison with a recording of the scenario itself. */
int live_diff(struct diff *diff, struct tdp_error *err);

#endif
