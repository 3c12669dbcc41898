/* SPDX-License-Identifier: MIT */
/* The text of trace events: tracefs' "trace", or trace-cmd report. */
#ifndef TDPSIM_SCENARIO_TRACE_TEXT_H
#define TDPSIM_SCENARIO_TRACE_TEXT_H

#include <jansson.h>

#include "tdpsim/error.h"
#include "tdpsim/vm.h"

/* Is it such a text, and no recording? */
bool trace_text_is(const char *text, size_t size);

/*
 * trace_text_parse() - the events of KVM and its MMU in a text
 * @path: for messages
 * @events: receives an array of objects as in a recording; each has "line"
 *          too, and where a role is printed by its parts, "role_text"
 *
 * Events of other systems, and of KVM where the model has none, are left out.
 *
 * Return: TDP_OK; TDP_EINPUT if an event that the model has can't be read;
 * TDP_ENOMEM.
 */
int trace_text_parse(const char *path, const char *text, size_t size,
		     json_t **events, struct tdp_error *err);

/* A role word as mmutrace.h prints it: "l4 8-byte q0 direct wux nxe ad". */
char *trace_text_role(const struct tdp_kvm_config *kvm, uint32_t word,
		      char *buf, size_t size);

#endif
