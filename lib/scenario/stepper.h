/* SPDX-License-Identifier: MIT */
/* The threads of a "together:" on their way, turn by turn. */
#ifndef TDPSIM_SCENARIO_STEPPER_H
#define TDPSIM_SCENARIO_STEPPER_H

#include "ops/stepped.h"
#include "scenario/together.h"

struct stepper_thread {
	unsigned int done; /* steps */
	bool busy;         /* in the middle of the next one: op */
	struct op op;
};

struct stepper {
	const struct together *together;
	struct tdp_vm *vm;
	bool kernel_steps;
	struct stepper_thread threads[];
};

/* NULL: no memory. */
struct stepper *stepper_create(const struct together *t, struct tdp_vm *vm);
void stepper_destroy(struct stepper *s);
void stepper_reset(struct stepper *s);

/* The step that the thread makes, or is in; NULL: it has none left. */
const struct step *stepper_step(const struct stepper *s, unsigned int thread);
bool stepper_busy(const struct stepper *s, unsigned int thread);

/* May the thread, which has a step left, go on; or must it wait for another? */
bool stepper_ready(const struct stepper *s, unsigned int thread);

/*
 * One turn: a whole step, or with kernel_steps one step of the kernel.  When
 * the thread is not busy afterwards, the step is over and run->outcome has
 * what it gave.
 */
int stepper_go(struct stepper *s, struct run *run, unsigned int thread);

/* What the next turn does: "call", or a step of the kernel. */
const char *stepper_next(const struct stepper *s, unsigned int thread);

/* Copy to and from a place of stepper_size() bytes; ops keep their address. */
size_t stepper_size(const struct together *t);

#endif
