/* SPDX-License-Identifier: MIT */
/* Recordings inside the library: the file, the machine, one event. */
#ifndef TDPSIM_SCENARIO_RECORDING_H
#define TDPSIM_SCENARIO_RECORDING_H

#include <jansson.h>

#include "scenario/machine.h"
#include "tdpsim/event.h"
#include "tdpsim/recording.h"

struct tdp_recording {
	char *path;
	char *text; /* all of it, NUL-terminated */
	size_t size;
	size_t at; /* of the next line */
	unsigned int line;
	json_t *current; /* what the last step's strings belong to */
	struct tdp_machine machine;
	char kernel[64];   /* its release */
	bool probes_roles; /* role_init_mmu events were recorded */
	json_t *trace;     /* events of a trace's text; NULL: a recording */
	bool is_tcg;       /* QEMU emulated the processor */
	bool live;         /* of the scenarios themselves, by tdpsim kvm */
};

/*
 * The line of @text that begins at *@at, which is moved behind it.
 *
 * Return: TDP_OK with a new reference, NULL at the end of the text;
 * TDP_EINPUT if the line is no JSON object.
 */
int recording_line(const struct tdp_recording *recording, size_t *at,
		   unsigned int *line, json_t **object, struct tdp_error *err);

/* The machine that the first line, @env, describes. */
int recording_machine(struct tdp_machine *machine, const json_t *env,
		      struct tdp_error *err);

/* A member that is a string, or "". */
const char *json_text(const json_t *object, const char *key);

/* A number, or a string that begins with one, as "0x3784 l4 q0"; else 0. */
uint64_t json_word(const json_t *value);

/* A member that is a string or a number, printed into @buf; "" if absent. */
char *json_show(const json_t *value, char *buf, size_t size);

/* Events -------------------------------------------------------------------- */

/* One comparison that failed. */
struct event_difference {
	const char *field; /* NULL: the event itself */
	char recorded[256];
	char model[256];
};

/* Is a recorded event compared at all? */
bool recorded_event_counts(const json_t *event);

/* Can a recording hold this event of the model? */
bool model_event_counts(const struct tdp_event *event, enum tdp_vendor vendor,
			bool probes_roles);

/* The same event?  Its fields may differ. */
bool recorded_event_is(const json_t *event, const struct tdp_event *model);

/*
 * Compare the fields of the same event.  @index says where to go on, from 0.
 *
 * Return: true with the next difference in @difference, false: no more.
 */
bool recorded_event_differs(const json_t *event, const struct tdp_event *model,
			    enum tdp_vendor vendor, unsigned int *index,
			    struct event_difference *difference);

#endif
