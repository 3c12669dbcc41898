/* SPDX-License-Identifier: MIT */
/* What the role tests share: a kernel by its name. */
#ifndef TDPSIM_TESTS_ROLE_KERNEL_H
#define TDPSIM_TESTS_ROLE_KERNEL_H

#include "kvm/role.h"
#include "support/unit.h"

static inline struct tdp_kvm_config kernel(const char *name)
{
	struct tdp_kvm_config config;

	assert_int_equal(tdp_kvm_config_init(&config, name, NULL), TDP_OK);
	return config;
}

#endif
