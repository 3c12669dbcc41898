/* SPDX-License-Identifier: MIT */
/* A comparison while the scenario is replayed. */
#ifndef TDPSIM_SCENARIO_RECORDING_DIFF_H
#define TDPSIM_SCENARIO_RECORDING_DIFF_H

#include "scenario/recording.h"
#include "scenario/scenario.h"

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
	const struct step *last; /* of the scenario's steps */
	struct tdp_result result;
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

/* Return code, arguments, kvm_run and counters of the group. */
void diff_outcome(struct diff *diff);

#endif
