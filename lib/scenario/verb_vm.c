/* SPDX-License-Identifier: MIT */
/* Another VM in the place of the one so far. */
#include "base/error.h"
#include "scenario/machine.h"
#include "scenario/verb.h"

static int run_new_vm(struct run *run, const void *args)
{
	int ret;

	(void)args;
	tdp_vm_destroy(run->vm);
	run->vm = NULL;
	ret = machine_create(run);
	if (ret || run->vm)
		return ret;
	return err_set(run->err, TDP_EINPUT,
		       "the kernel refused to create another VM");
}

const struct verb verb_new_vm = {
	.name = "new_vm",
	.about =
		"leave this VM, and begin with another one as the file's sections say: memslots, "
		"memory, vCPUs",
	.args = { NULL, 0, 1 },
	.run = run_new_vm,
};
