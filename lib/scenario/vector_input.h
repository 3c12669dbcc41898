/* SPDX-License-Identifier: MIT */
/* Lines of a vector file, plain or xz, one at a time in constant memory. */
#ifndef TDPSIM_SCENARIO_VECTOR_INPUT_H
#define TDPSIM_SCENARIO_VECTOR_INPUT_H

#include <stdio.h>

#include "tdpsim/error.h"

#define VECTOR_MAX_LINE 65536 /* bytes, with the newline */

struct vector_input;

/*
 * Start reading @file, which stays the caller's; @path is for messages and
 * must outlive the input.  Compressed input is told by its first bytes.
 */
int vector_input_open(struct vector_input **in, FILE *file, const char *path,
		      struct tdp_error *err);
void vector_input_close(struct vector_input *in);

/*
 * The next line, without its newline and NUL-terminated, valid until the
 * next call; NULL at the end of the file.
 */
int vector_input_line(struct vector_input *in, char **line,
		      struct tdp_error *err);

/* Number of the line read last, from 1. */
unsigned int vector_input_number(const struct vector_input *in);

#endif
