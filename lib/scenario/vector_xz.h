/* SPDX-License-Identifier: MIT */
/* A thin cover over liblzma, so that the library can be built without it. */
#ifndef TDPSIM_SCENARIO_VECTOR_XZ_H
#define TDPSIM_SCENARIO_VECTOR_XZ_H

#include "tdpsim/error.h"

#define XZ_MAGIC \
	"\xfd"   \
	"7zXZ" /* with the NUL that ends it: 6 bytes */
#define XZ_MAGIC_SIZE 6

struct vector_xz;

/* TDP_EUNSUPPORTED if the library was built without liblzma. */
int vector_xz_create(struct vector_xz **xz, struct tdp_error *err);
void vector_xz_destroy(struct vector_xz *xz);

/* Bytes to decode and where they go; moved on by what was used. */
struct vector_xz_step {
	const unsigned char *in;
	size_t in_size;
	unsigned char *out;
	size_t out_size;
	bool last; /* nothing comes after in + in_size */
	bool done; /* set at the end of the compressed data */
};

/* Decode until the input is used up or the output is full. */
int vector_xz_decode(struct vector_xz *xz, struct vector_xz_step *step,
		     struct tdp_error *err);

#endif
