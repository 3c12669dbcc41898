/* SPDX-License-Identifier: MIT */
/* The scenario language as a JSON schema. */
#ifndef TDPSIM_TOOLS_SCHEMA_H
#define TDPSIM_TOOLS_SCHEMA_H

#include <jansson.h>

/* The whole, from the tables of tdp_word_at(); NULL: no memory. */
json_t *schema_new(void);

#endif
