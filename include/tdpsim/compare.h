/* SPDX-License-Identifier: MIT */
/* One scenario on two kernels: which steps go otherwise, and why. */
#ifndef TDPSIM_COMPARE_H
#define TDPSIM_COMPARE_H

#include "profile.h"
#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/** enum tdp_compared_kind - what a line of a comparison is about */
enum tdp_compared_kind {
	TDP_COMPARED_STEP,    /* a step that differs; its lines follow */
	TDP_COMPARED_FIELD,   /* what it gave */
	TDP_COMPARED_EVENT,   /* an event that only one of the kernels has */
	TDP_COMPARED_MORE,    /* events that were counted and not looked at */
	TDP_COMPARED_ENDED,   /* one of the kernels got no further */
	TDP_COMPARED_DECIDES, /* a behaviour that makes it differ by itself */
	TDP_COMPARED_JOINTLY, /* several behaviours make it differ, none alone */
	TDP_COMPARED_UNTRIED, /* which ones was not tried out: too long */
	TDP_NR_COMPARED
};

/**
 * struct tdp_compared - one line of a comparison
 * @kind:   what it is about
 * @step:   number of the step, from 1; 0: making the machine
 * @line:   of the step in the file
 * @name:   STEP: the verb; FIELD: the field, as scenarios spell it; DECIDES:
 *          the behaviour; else ""
 * @before: with the first kernel: what the field was, the event, how many
 *          events there were, why it ended, the behaviour's value; of a STEP
 *          what was asked; NULL: nothing
 * @after:  the same with the second kernel
 * @source: DECIDES: where the behaviour's history is known from; else NULL
 *
 * Valid during the call.
 */
struct tdp_compared {
	enum tdp_compared_kind kind;
	unsigned int step;
	unsigned int line;
	const char *name;
	const char *before;
	const char *after;
	const char *source;
};

/** tdp_compared_kind_name() - such as "field"; "?" if there is no such kind */
TDP_API const char *tdp_compared_kind_name(enum tdp_compared_kind kind);

/** tdp_compare_fn - called for every line, in the order of the steps */
typedef void (*tdp_compare_fn)(const struct tdp_compared *line, void *context);

/**
 * struct tdp_compare_summary - counts of one comparison
 * @steps:     that both kernels carried out, making the machine left out
 * @differing: steps, and making the machine, that go otherwise
 */
struct tdp_compare_summary {
	unsigned int steps;
	unsigned int differing;
};

/**
 * tdp_scenario_kernel() - the kernel that a scenario names
 *
 * Return: what stands behind "kvm:"; valid as long as @scenario.
 */
TDP_API const struct tdp_kvm_config *
tdp_scenario_kernel(const struct tdp_scenario *scenario);

/**
 * tdp_scenario_compare() - replay a scenario on two kernels, and compare
 * @before:  first kernel
 * @after:   second kernel
 * @compare: called for every line; not called if nothing differs
 * @summary: receives the counts
 *
 * Compared are the results and the events of each step.  Where the layouts of
 * roles and SPTEs differ, words are compared by their named parts.
 * Expectations are not looked at.  Of a step's events the first 4096 are
 * compared (fewer where a scenario has more than 48 steps); the rest is counted.  Which behaviours
 * decide is found by replaying on the first kernel with one behaviour of the
 * second at a time.
 *
 * That a kernel can't go on (a refused VM, a situation that is not modelled) is
 * no error but a line.
 *
 * Return: TDP_OK; TDP_ENOMEM; TDP_EUNSUPPORTED if the scenario requires what
 * the model lacks.
 */
TDP_API int tdp_scenario_compare(const struct tdp_scenario *scenario,
				 const struct tdp_kvm_config *before,
				 const struct tdp_kvm_config *after,
				 tdp_compare_fn compare, void *context,
				 struct tdp_compare_summary *summary,
				 struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
