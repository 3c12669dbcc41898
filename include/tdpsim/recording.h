/* SPDX-License-Identifier: MIT */
/*
 * Recordings of real kernels, and how a scenario is held against one.
 *
 * docs/recordings.md describes the format and what is compared.
 */
#ifndef TDPSIM_RECORDING_H
#define TDPSIM_RECORDING_H

#include "error.h"
#include "profile.h"
#include "vm.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tdp_recording;

/**
 * tdp_recording_open() - read a recording
 * @path:      JSON lines, plain or xz-compressed; also the name in messages
 * @recording: receives the handle
 * @err:       may be NULL
 *
 * The first line describes the machine; it is read, the others are only
 * counted.  Limit: 64 MiB of text.
 *
 * The text of tracefs' "trace" or of trace-cmd report is taken too: it has
 * events and nothing else, so that tdp_recording_next() finds no step and
 * tdp_recording_machine() no machine; tdp_recording_diff() compares it with
 * the scenario on its own machine.
 *
 * Return: TDP_OK; TDP_EIO; TDP_EINPUT; TDP_ELIMIT; TDP_ENOMEM;
 * TDP_EUNSUPPORTED for compressed input in a build without liblzma.
 */
TDP_API int tdp_recording_open(const char *path,
			       struct tdp_recording **recording,
			       struct tdp_error *err);

/** tdp_recording_close() - free it; NULL is allowed */
TDP_API void tdp_recording_close(struct tdp_recording *recording);

/**
 * struct tdp_recorded_step - one line of a recording
 * @line:      in the file, from 1
 * @case_name: which case
 * @number:    of the step in its case, from 0
 * @op:        an ioctl, or a word of the program that recorded
 * @what:      what a KVM_RUN was for; "" else
 * @errno_name: "" or such as "ENOENT"
 * @nr_events: trace events that are listed
 *
 * Strings are valid until the next call on the recording.
 */
struct tdp_recorded_step {
	unsigned int line;
	const char *case_name;
	unsigned int number;
	const char *op;
	const char *what;
	const char *errno_name;
	unsigned int nr_events;
};

/**
 * tdp_recording_next() - the next step
 * @more: receives false past the last one, and then @step is not written
 *
 * Return: TDP_OK; TDP_EINPUT for a line that is no step.
 */
TDP_API int tdp_recording_next(struct tdp_recording *recording,
			       struct tdp_recorded_step *step, bool *more,
			       struct tdp_error *err);

/**
 * tdp_recording_machine() - the machine that was recorded
 * @host: may be NULL
 * @kvm:  may be NULL; the kernel's profile, with the module parameters as
 *        they were
 */
TDP_API void tdp_recording_machine(const struct tdp_recording *recording,
				   struct tdp_host_config *host,
				   struct tdp_kvm_config *kvm);

/** tdp_recording_kernel() - the release that was recorded, such as "6.12.0" */
TDP_API const char *tdp_recording_kernel(const struct tdp_recording *recording);

/**
 * struct tdp_difference - where the model and the kernel differ
 * @step:     recorded step
 * @op:       of that step
 * @line:     of the scenario's step; 0: none replays it
 * @event:    number of the event in the step's list, from 1; 0: no event
 * @field:    such as "errno", "out.gpa", "kvm_mmu_get_page.role"
 * @recorded: as text
 * @model:    as text
 */
struct tdp_difference {
	unsigned int step;
	const char *op;
	unsigned int line;
	unsigned int event;
	const char *field;
	const char *recorded;
	const char *model;
};

/**
 * struct tdp_diff_report - who listens; may be NULL
 * @difference: called for each, in order
 * @left_out:   called for each recorded step that the scenario leaves out,
 *              with its reason
 * @vm:         called for each VM that is compared, with the case and its
 *              first and last recorded step: each of them is replayed, left out
 *              with a reason, a word of the recorder, or a difference
 * @context:    handed to all
 */
struct tdp_diff_report {
	void (*difference)(const struct tdp_difference *difference,
			   void *context);
	void (*left_out)(unsigned int step, const char *op, const char *why,
			 void *context);
	void (*vm)(const char *case_name, unsigned int first, unsigned int last,
		   void *context);
	void *context;
};

/**
 * struct tdp_diff_summary - what was compared
 * @steps:       recorded steps
 * @events:      trace events
 * @lost:        of @steps, those whose events the recorder lost
 * @left_out:    recorded steps that the scenario leaves out
 * @explained:   differences that the scenario gives a reason for
 * @differences: all others
 */
struct tdp_diff_summary {
	unsigned int steps;
	unsigned int lost;
	unsigned int events;
	unsigned int left_out;
	unsigned int explained;
	unsigned int differences;
};

/**
 * tdp_recording_diff() - replay a scenario as the recorded kernel and compare
 * @recording: its place (tdp_recording_next()) is kept
 * @scenario:  file; its "recording:" names the case, its steps the recorded
 *             steps
 * @report:    may be NULL
 * @summary:   receives the counts
 * @err:       may be NULL
 *
 * The machine is the recording's: of the scenario's host: and kvm: only the
 * sizes of memory and the behaviours that are named one by one count.  What
 * the scenario expects is not looked at.
 *
 * Return: TDP_OK, whatever differs; TDP_EINPUT if the scenario or the case
 * can't be used; else as tdp_scenario_run().
 */
TDP_API int tdp_recording_diff(const struct tdp_recording *recording,
			       const char *scenario,
			       const struct tdp_diff_report *report,
			       struct tdp_diff_summary *summary,
			       struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
