/* SPDX-License-Identifier: MIT */
/* What KVM says that it can do, and the quirks that userspace disables. */
#include "scenario/verb.h"
#include "scenario/verb_capability.h"
#include "tdpsim/capability.h"

static const struct arg extension_rows[] = {
	ARG(struct extension_args, cap, type_capability, .required = true,
	    .about = "which"),
	ARG(struct extension_args, system, type_bool, .otherwise = "false",
	    .about = "asked of /dev/kvm instead of the VM"),
};

static int run_check_extension(struct run *run, const void *args)
{
	const struct extension_args *a = args;

	return tdp_vm_check_extension(run->vm, a->cap, a->system,
				      &run->outcome.result.value, run->err);
}

const struct verb verb_check_extension = {
	.name = "check_extension",
	.about = "KVM_CHECK_EXTENSION; value is what it returns",
	.args = ARGS(extension_rows, struct extension_args),
	.fields = FIELDS_VALUE,
	.run = run_check_extension,
};

struct quirks_args {
	uint64_t quirks;
};

static const struct arg quirks_rows[] = {
	ARG(struct quirks_args, quirks, type_quirks, .required = true,
	    .about = "which"),
};

static int run_disable_quirks(struct run *run, const void *args)
{
	const struct quirks_args *a = args;

	return tdp_vm_disable_quirks(run->vm, a->quirks, &run->outcome.result);
}

const struct verb verb_disable_quirks = {
	.name = "disable_quirks",
	.about = "KVM_ENABLE_CAP of KVM_CAP_DISABLE_QUIRKS2",
	.args = ARGS(quirks_rows, struct quirks_args),
	.fields = FIELDS_CALL,
	.run = run_disable_quirks,
};
