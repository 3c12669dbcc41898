/* SPDX-License-Identifier: MIT */
/* A scenario while it is replayed. */
#ifndef TDPSIM_SCENARIO_RUN_H
#define TDPSIM_SCENARIO_RUN_H

#include "scenario/event_match.h"
#include "scenario/outcome.h"
#include "scenario/scenario.h"
#include "tdpsim/vmx.h"

#define RUN_RECENT_EVENTS 48 /* that a failure shows */
#define RUN_TEXT_BYTES    512
#define RUN_TRAIL_BYTES   ((size_t)32 << 10)

struct run;

/* What a step gave, kept for the claims. */
struct run_result {
	bool there;
	struct outcome outcome;
};

/* Who looks over a run's shoulder: more than a report gets to see. */
struct run_watch {
	void (*begin)(struct run *run, void *context); /* before a step */
	void (*event)(struct run *run, const struct tdp_event *event,
		      void *context);
	/* Behind a step, and behind making the machine (run->step is NULL). */
	int (*step)(struct run *run, void *context);
	void *context;
};

/* Someone who carries the steps out in the runner's place; each may be NULL. */
struct run_hook {
	/* Behind memslots: and memory:, before vcpus:. */
	int (*machine)(struct run *run, void *context);
	/* Instead of step->verb->run(). */
	int (*step)(struct run *run, const struct step *step, void *context);
	void *context;
};

/* What userspace has read by KVM_GET_NESTED_STATE, over "new_vm", too. */
#define RUN_SAVED_STATES 4

struct saved_state {
	uint32_t size; /* 0: nothing */
	uint8_t bytes[TDP_NESTED_BLOB_SIZE];
};

struct run {
	const struct tdp_scenario *scenario;
	const struct tdp_report *report;
	const struct run_watch *watch; /* NULL: nobody */
	const struct run_hook *hook;   /* NULL: none */
	struct tdp_run_summary *summary;
	struct tdp_error *err;
	struct tdp_vm *vm;
	struct layouts layouts;
	/* The step: NULL while the machine is made and at the end. */
	const struct step *step;
	unsigned int step_nr;
	const char *verb;
	struct outcome outcome;
	/* Its events. */
	struct event_match match;
	struct tdp_event recent[RUN_RECENT_EVENTS];
	uint64_t nr_events;
	bool trail_shown; /* once a step is enough */
	bool quiet;       /* comparisons are counted, and nothing else */
	bool keeps_all;   /* results with what outcome_complete() adds */
	bool unfinished;  /* "order:" ends before the steps do */
	struct run_result *results; /* by slot */
	struct saved_state saved[RUN_SAVED_STATES];
	char expected[RUN_TEXT_BYTES];
	char actual[RUN_TEXT_BYTES];
	char trail[RUN_TRAIL_BYTES];
};

/* tdp_scenario_run() with @hook. */
int scenario_run_hooked(const struct tdp_scenario *scenario,
			const struct tdp_report *report,
			const struct run_hook *hook,
			struct tdp_run_summary *summary, struct tdp_error *err);

/* Where an expectation stands, and what it is called. */
struct run_place {
	unsigned int line, column;
	const char *field;
};

/* tdp_scenario_run() without a report, but watched. */
int run_watched(const struct tdp_scenario *scenario,
		const struct run_watch *watch, struct tdp_error *err);

/*
 * A copy of a scenario that expects nothing, with an array of steps of its own,
 * which the caller frees; the rest is shared.  NULL: no memory.
 */
struct step *scenario_strip(const struct tdp_scenario *scenario,
			    struct tdp_scenario *bare);
/* A fresh run; NULL: no memory.  @err is not NULL. */
struct run *run_new(const struct tdp_scenario *scenario,
		    const struct tdp_report *report,
		    struct tdp_run_summary *summary, struct tdp_error *err);
void run_destroy(struct run *run);

/* Make the machine, and hold it against "create:". */
int run_create(struct run *run);

/*
 * One step, and its parts: several threads may be in the middle of theirs.
 * What is expected of events is held against those since run_step_begins() or
 * run_step_goes_on().
 */
int run_step(struct run *run, const struct step *step);
void run_step_begins(struct run *run, const struct step *step);
void run_step_goes_on(struct run *run, const struct step *step);
int run_step_failed(struct run *run, const struct step *step, int status);
int run_step_ends(struct run *run, const struct step *step);

/* Its expectations alone. */
void run_step_expects(struct run *run, const struct step *step);

/* Hold claims about all states (or, at the end, about outcomes) to this one. */
int run_claims(struct run *run, bool end);

/* Count and report one comparison; run->expected and run->actual hold it. */
void run_compared(struct run *run, const struct run_place *place, bool passed);

/* All of a list against @subject; @prefix is "" or "roots[1].". */
void run_expect(struct run *run, const struct expectation *list,
		const char *prefix, const void *subject);

/* The vCPU of a number that the text named. */
struct tdp_vcpu *run_vcpu(struct run *run, unsigned int id);

/* The VM's tracer. */
void run_event(const struct tdp_event *event, void *context);

/* What led to the state: the step's result and its last events; returns it. */
const char *run_trail(struct run *run);

#endif
