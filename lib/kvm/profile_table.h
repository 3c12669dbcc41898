/* SPDX-License-Identifier: MIT */
/*
 * The behaviours as a table: which kernel has which.  Only profile.c, which
 * holds it, and profile_config.c, which reads it, need this.
 *
 * A behaviour's history is a list of changes: the first kernel with each
 * value.  A change counts as unverified if the cell was only inferred: from
 * neighbouring kernels, from a commit's subject, or from another point release
 * of the same kernel.
 */
#ifndef TDPSIM_KVM_PROFILE_TABLE_H
#define TDPSIM_KVM_PROFILE_TABLE_H

#include "kvm/profile.h"

#define MAX_CHANGES       8
#define NR_POINT_RELEASES 2

/* clang-format off */
/*	X(enumerator, name): the kernels, oldest first */
#define KERNEL_LIST(X)							\
	X(5_10, "v5.10") X(5_12, "v5.12") X(5_14, "v5.14")		\
	X(5_15, "v5.15") X(5_17, "v5.17") X(5_19, "v5.19")		\
	X(6_0, "v6.0") X(6_1, "v6.1") X(6_4, "v6.4") X(6_7, "v6.7")	\
	X(6_8, "v6.8") X(6_11, "v6.11") X(6_12, "v6.12")		\
	X(6_13, "v6.13") X(6_14, "v6.14") X(6_15, "v6.15")		\
	X(6_16, "v6.16") X(6_17, "v6.17") X(6_18, "v6.18")		\
	X(6_19, "v6.19") X(7_0, "v7.0") X(7_1, "v7.1") X(7_2, "v7.2")

enum kernel {
#define X(id, name) KERNEL_##id,
	KERNEL_LIST(X)
#undef X
	NR_KERNELS
};
/* clang-format on */

extern const char *const kernel_names[NR_KERNELS];

struct change {
	uint8_t since; /* enum kernel */
	uint8_t value;
	bool unverified;
};

struct row {
	struct tdp_behaviour_info info;
	const char *const *value_names;
	struct change changes[MAX_CHANGES];
};

extern const struct row profile_rows[NR_BEHAVIOURS];

/* What a point release has taken from later kernels. */
struct override {
	uint8_t behaviour;
	uint8_t value;
	bool unverified;
};

struct point_release {
	const char *name;
	enum kernel base; /* comes right after it in the list of profiles */
	const struct override *overrides;
	size_t nr_overrides;
};

extern const struct point_release point_releases[NR_POINT_RELEASES];

#endif
