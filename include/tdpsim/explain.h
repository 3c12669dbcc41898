/* SPDX-License-Identifier: MIT */
/* Why something happened: rules as sentences, and scenarios told step by step. */
#ifndef TDPSIM_EXPLAIN_H
#define TDPSIM_EXPLAIN_H

#include "result.h"
#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct tdp_reason_info - what a reason says, at length
 * @sentence:   which rule decided, and why it is so
 * @next:       what that means for the next access or call; NULL: nothing
 *              that does not follow from the sentence
 * @source:     KVM version and function, or the title of a manual's section
 * @behaviours: names of the behaviours that can change it, separated by
 *              blanks; "" if none can
 *
 * Strings are static.
 */
struct tdp_reason_info {
	const char *sentence;
	const char *next;
	const char *source;
	const char *behaviours;
};

/** tdp_reason_info() - Return: static data; NULL if there is no such reason */
TDP_API const struct tdp_reason_info *tdp_reason_info(enum tdp_reason reason);

/** enum tdp_explained_kind - what a line of an explanation is about */
enum tdp_explained_kind {
	TDP_EXPLAINED_STEP,   /* what was asked, as the scenario writes it */
	TDP_EXPLAINED_REMARK, /* the scenario's own "why" */
	TDP_EXPLAINED_EVENT,  /* what happened: an event, decoded */
	TDP_EXPLAINED_GAVE,   /* what the step gave: a field of its result */
	TDP_EXPLAINED_CYCLE,  /* what repeats: an event of each round */
	TDP_EXPLAINED_RULE,   /* which rule decided: a reason, a walk reason */
	TDP_EXPLAINED_MATTERED,  /* a behaviour that the answer hangs on */
	TDP_EXPLAINED_REFERENCE, /* the walk now: one memory reference */
	TDP_EXPLAINED_MAPPING,   /* what is mapped now, and why not more */
	TDP_EXPLAINED_NEXT,      /* what the next access will meet */
	TDP_EXPLAINED_EARLY,     /* a structure was touched that is not there */
	TDP_NR_EXPLAINED
};

/**
 * struct tdp_explained - one line of an explanation
 * @kind:   what it is about
 * @step:   number of the step, from 1; 0: making the machine
 * @line:   of the step in the file
 * @name:   the step's verb, or the event, field, reason or behaviour that the
 *          line is about, as scenarios spell it; "" if it has no name
 * @text:   what is to be said, without a line break
 * @source: where the rule is from; NULL if the line is no rule
 *
 * Valid during the call.
 */
struct tdp_explained {
	enum tdp_explained_kind kind;
	unsigned int step;
	unsigned int line;
	const char *name;
	const char *text;
	const char *source;
};

/** tdp_explained_kind_name() - such as "rule"; "?" if there is no such kind */
TDP_API const char *tdp_explained_kind_name(enum tdp_explained_kind kind);

/** tdp_explain_fn - called for every line, in order */
typedef void (*tdp_explain_fn)(const struct tdp_explained *line, void *context);

/**
 * tdp_scenario_explain() - replay a scenario and say why each step went so
 * @only:    number of the step to tell about, from 1; 0: all
 * @explain: called for every line; a step's lines are in the order of
 *           enum tdp_explained_kind, but that of the events
 *
 * Expectations are not looked at.  Which behaviours mattered is found by
 * replaying the scenario once more for each value that a behaviour could have
 * instead, and what the next access will meet by making it in a copy: both
 * are left out, with a line that says so, where that would take more than a
 * bounded number of steps.
 *
 * Return: as tdp_scenario_run(); TDP_EINVAL if there is no step @only.
 */
TDP_API int tdp_scenario_explain(const struct tdp_scenario *scenario,
				 unsigned int only, tdp_explain_fn explain,
				 void *context, struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
