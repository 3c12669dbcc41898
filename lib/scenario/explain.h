/* SPDX-License-Identifier: MIT */
/* A scenario told in words: what its parts share. */
#ifndef TDPSIM_SCENARIO_EXPLAIN_H
#define TDPSIM_SCENARIO_EXPLAIN_H

#include "scenario/run.h"
#include "scenario/verb.h"
#include "tdpsim/explain.h"

#define EXPLAIN_TEXT_BYTES 1024
/* Steps, events and mappings that replaying once more may cost in all. */
#define EXPLAIN_WORK 2000000u

/* Something hangs on a behaviour: what a step would give with another value. */
struct mattered {
	unsigned int step;
	uint8_t behaviour, value;
	const struct field *field;
	uint64_t instead;
};

struct matters {
	struct mattered *rows; /* sorted by step */
	size_t nr, capacity;
	bool known; /* else it would have cost too much to find out */
};

struct teller {
	const struct tdp_scenario *scenario;
	unsigned int only; /* 0: all steps */
	tdp_explain_fn explain;
	void *context;
	struct tdp_error *err;
	struct matters matters;
	/* of the run so far */
	uint64_t work;        /* steps, events, mappings */
	uint64_t spent;       /* on trying out what comes next */
	uint64_t events_told; /* of the step in hand */
	bool decided[TDP_NR_REASONS];
	struct tdp_event early[8];
	unsigned int nr_early;
};

__attribute__((format(printf, 6, 7))) void
tell(const struct teller *t, struct run *run, enum tdp_explained_kind kind,
     const char *name, const char *source, const char *fmt, ...);

/*
 * Number of the step in hand, from 1 as they stand in the text: those of
 * "together:" may be under way at the same time.  0: the machine is made.
 */
unsigned int step_number(const struct run *run);

/* What a step cost besides its events, which may be none for many pages. */
uint64_t step_work(const struct tdp_result *result);

/* Which behaviours the steps hang on; needs t->work of a whole run. */
int matters_find(struct teller *t);
void matters_tell(const struct teller *t, struct run *run);

/* The walk to the address that the step was about, and what is mapped there. */
void mapping_tell(const struct teller *t, struct run *run,
		  const struct asked *asked);

/* What a read, a write and a fetch would meet there now. */
int next_tell(struct teller *t, struct run *run, const struct asked *asked);

/* " = read, gva valid, final": exit information in words; "" if it has none. */
char *exit_info_print(uint64_t exit, uint64_t info, char *buf, size_t size);

#endif
