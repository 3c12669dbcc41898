/* SPDX-License-Identifier: MIT */
/*
 * The search itself: depth first, each thread with a machine of its own that
 * goes forward by steps and back by checkpoints.
 */
#ifndef TDPSIM_SCENARIO_EXPLORE_SEARCH_H
#define TDPSIM_SCENARIO_EXPLORE_SEARCH_H

#include "scenario/explore_store.h"
#include "scenario/run.h"
#include "scenario/stepper.h"
#include "tdpsim/explore.h"
#include "vm/checkpoint.h"

#define SEQUENTIAL UINT16_MAX /* "thread" of steps outside "together:" */
#define MAX_PATH   (1u << 20)

/* What the steps of an end gave: nr_slots x nr_observed values. */
struct outcomes {
	pthread_mutex_t lock;
	uint64_t *values;
	uint64_t *keys;  /* digest of the values */
	uint32_t *slots; /* by key; number + 1, 0: free */
	uint32_t nr_slots;
	uint32_t nr, capacity;
	size_t width; /* values of one */
};

/* Ways to states from which somebody else shall go on. */
struct task {
	struct task *next;
	bool closed; /* the state there belongs to whoever takes it */
	uint32_t nr;
	uint16_t turns[];
};

/* Fields of one step's result that somebody looks at: observed, or claimed. */
struct seen_fields {
	const struct field **fields;
	unsigned int nr;
};

struct search {
	const struct tdp_scenario *scenario;
	struct tdp_explore_options options;
	bool reduce;
	unsigned int digest_flags; /* VM_DIGEST_*: what somebody looks at */
	struct seen_fields *seen;  /* by slot */
	bool complete;             /* some of them are more than a result */
	bool cycles; /* a way may lead back: only inside of calls */
	struct store store;
	struct outcomes outcomes;
	_Atomic uint64_t visits;
	uint64_t confirmed, differing; /* with options.confirm */
	_Atomic bool stop;
	bool exhausted;
	uint32_t root;       /* the start */
	struct edges *edges; /* one a worker */
	/* Work to share */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct task *tasks;
	_Atomic unsigned int nr_tasks, waiting, nr_workers;
	_Atomic int status; /* enum tdp_status of whoever failed first */
	struct tdp_error error;
};

/* A state on the way, and what is to be tried there. */
struct frame {
	struct state *node;
	struct vm_checkpoint vm;
	void *threads;   /* of the stepper, saved */
	unsigned int at; /* top-level step */
	bool failed;     /* an expectation */
	uint64_t results[2];
	uint16_t nr, next;
	uint16_t *choices; /* threads */
	struct edge *edges;
	bool saved, left;
};

struct worker {
	struct search *search;
	struct run *run;
	struct tdp_run_summary summary;
	struct tdp_error error;
	struct physmem_watch watch;
	bool watching;
	struct stepper **steppers; /* by top-level step; NULL: none */
	/* The state, beside the VM. */
	unsigned int at;
	bool failed;
	uint64_t results[2]; /* digest of what was observed, order-free */
	uint64_t *values;
	/* Where it began, and the way from there. */
	struct frame *frames;
	unsigned int nr, capacity;
	uint16_t *path;
	unsigned int path_nr, path_capacity, path_base;
	struct vm_checkpoint start;
	unsigned int start_at;
	struct edges edges;
	uint64_t turns;  /* since the last report */
	uint64_t random; /* see draw() */
	struct frame confirmed;
};

/* Fill in what the search has to tell apart; seen_finish() in any case. */
int seen_init(struct search *search);
void seen_finish(struct search *search);

/* A machine behind the steps before the first "together:". */
int worker_init(struct worker *w, struct search *search);
void worker_finish(struct worker *w);

/* Threads that can go on in the state at hand, @choices has room for all. */
unsigned int worker_choices(const struct worker *w, uint16_t *choices,
			    bool *over, bool *stuck);

/* One turn; the error, if any, is in w->error. */
int worker_turn(struct worker *w, unsigned int thread);

/* Back to the start. */
int worker_restart(struct worker *w);

struct digest worker_digest(const struct worker *w);

/* Note what the state at hand, which is @node, is. */
int worker_describe(struct worker *w, struct state *node, bool over,
		    bool stuck);

int worker_no_memory(struct worker *w);

/* Room for one frame more. */
int frames_grow(struct worker *w);
int frame_save(struct worker *w, struct frame *f);
int frame_restore(struct worker *w, const struct frame *f);
void frame_finish(struct frame *f);

/* The turns to try in the state at hand; see worker_choices(). */
int frame_choices(struct worker *w, struct frame *f, bool *over, bool *stuck);

/*
 * The state at hand is taken for @node, which was seen before: go on by each
 * turn, see that it leads where it led then, and count what differs.
 */
int worker_confirm(struct worker *w, const struct state *node);

/* Leave what begins behind @turns to whoever takes it. */
int search_give(struct search *search, const uint16_t *turns, unsigned int nr,
		bool closed);
/* Wait for work.  NULL: there is none left, and nobody who could make one. */
struct task *search_take(struct worker *w);
/* Is the state at hand to be left to somebody, or for later? */
bool search_wanted(struct worker *w);

/* Search all that can be reached; search->status says how it ended. */
void search_run(struct search *search);

/* The turn that alone need be tried here, or @nr: all of them. */
unsigned int reduce_choices(const struct worker *w, const uint16_t *choices,
			    unsigned int nr);
/* Can it be used at all? */
bool reduce_possible(const struct tdp_scenario *scenario);

/* Is it what outcome_complete() adds? */
static inline bool field_beyond_result(const struct field *f)
{
	return f->offset >= sizeof(struct tdp_result);
}

static inline const struct together *worker_together(const struct worker *w)
{
	const struct tdp_scenario *s = w->search->scenario;
	const struct together *t = w->at < s->nr_steps ?
					   step_together(&s->steps[w->at]) :
					   NULL;

	return t && !t->order ? t : NULL;
}

/* All claims, and whether the expectations behind "together:" hold. */
#define CLAIM_EXPECTATIONS BIT(63)

#endif
