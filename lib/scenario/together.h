/* SPDX-License-Identifier: MIT */
/*
 * "together:", steps of several threads whose order is not fixed.
 *
 * A thread is a vCPU's, or one of userspace ("main", unless a step says
 * otherwise).  The steps of one thread keep their order.
 */
#ifndef TDPSIM_SCENARIO_TOGETHER_H
#define TDPSIM_SCENARIO_TOGETHER_H

#include "scenario/scenario.h"

#define TOGETHER_MAX_THREADS 64u
#define TOGETHER_MAX_ORDER   4096u

struct together_thread {
	const char *name;
	unsigned int *steps; /* indices into the steps, in order */
	unsigned int nr;
};

struct together {
	bool kernel_steps;
	struct step *steps;
	unsigned int nr_steps;
	struct together_thread *threads; /* in the order in which they appear */
	unsigned int nr_threads;
	unsigned int *order; /* thread of each turn; NULL: not fixed */
	unsigned int nr_order;
};

/* NULL: the step is another verb's. */
const struct together *step_together(const struct step *step);

/* "order:" and "kernel_steps:" of the step, whose verb has been read. */
int together_finish(const struct decoder *d, struct step *step);

/* Make its steps: in the order fixed by "order:", else as they are written. */
int together_run(struct run *run, const struct step *step);

/* The thread that step @index belongs to, and its place there. */
unsigned int together_thread_of(const struct together *t, unsigned int index,
				unsigned int *place);

#endif
