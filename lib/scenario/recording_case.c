/* SPDX-License-Identifier: MIT */
#include "scenario/recording_case.h"

#include "scenario/value.h"

static const struct arg left_out_rows[] = {
	ARG(struct recorded_left_out, step, type_number, .required = true,
	    .about = "number of the recorded step"),
	ARG(struct recorded_left_out, event, type_text,
	    .about = "name of an event that is not replayed; default: all"),
	ARG(struct recorded_left_out, field, type_text,
	    .about = "a field that differs, named as tdpsim diff names it"),
	ARG(struct recorded_left_out, why, type_text, .required = true,
	    .about = "the reason"),
};

static const struct args left_out_args = ARGS(left_out_rows,
					      struct recorded_left_out);

static const struct arg case_rows[] = {
	ARG_AS("case", struct recorded_case, name, type_text, .required = true,
	       .about = "name of the recorded case"),
	ARG(struct recorded_case, vm, type_number, .otherwise = "0",
	    .about = "which of the VMs that the case makes, from 0"),
	ARG(struct recorded_case, machine, type_number, .required = true,
	    .about = "last recorded step that making the machine stands for"),
	ARG(struct recorded_case, left_out, type_list, .inner = &left_out_args,
	    .about = "recorded steps that are not replayed"),
};

const struct args recorded_case_args = ARGS(case_rows, struct recorded_case);
