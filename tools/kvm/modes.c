/* SPDX-License-Identifier: MIT */
/* SMM and shutdown on /dev/kvm. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "runner.h"

int step_smi(struct runner *r, struct vcpu *v)
{
	if (v->dead)
		return skip(r, "%s", v->dead);
	if (prepare_return(r, v))
		return -1;
	op_add(r, "verb");
	json_object_set_new(op_add(r, "run"), "vcpu", json_integer(v->id));
	if (ioctl(v->fd, KVM_SMI, 0) < 0)
		return skip(r, "KVM_SMI: %s", strerror(errno));
	v->smi = true;
	v->smi_in_l2 = v->in_l2;
	run_until_entry(r, v);
	/* Of a VM that KVM gave up, the next loop of KVM_RUN hears. */
	if (json_object_del(r->line, "until_entry"))
		return 0;
	return run_until_entry(r, v);
}

/* RSM, and the port I/O that the interrupted code goes on with. */
int step_rsm(struct runner *r, struct vcpu *v)
{
	const struct registers none = { 0 };
	struct code code = { .nr = 0 };

	if (!v->smi && vcpu_in_smm(v))
		return skip(r, "no SMI saved the segments that RSM loads");
	code_add(&code, "0f aa");
	if (run_code(r, v, &code, &none))
		return -1;
	v->rsm = true;
	op_return(r, v);
	return 0;
}

/*
 * An IDT without entries, then INT3, whose delivery faults, and that of the
 * fault.  The model knows how KVM leaves the vCPU.
 */
int step_triple_fault(struct runner *r, struct vcpu *v)
{
	const struct registers registers = { .rbx = payload_operand(r, v, 0,
								    0) };
	const struct place place = place_of(v);
	struct code code = { .nr = 0 };
	struct tdp_sregs sregs;
	uint64_t gpa;

	vcpu_get_sregs(v, &sregs);
	if (code_prepare(r, v, false))
		return -1;
	if (!tables_walk(r, &place, &sregs, code_gpa(r, v), &gpa))
		return skip(r, "the guest can't fetch the code for it");
	code_add(&code, "0f 01 1b"); /* lidt (%rbx) */
	code_add(&code, "cc");
	if (run_code(r, v, &code, &registers))
		return -1;
	v->dead = NULL;
	return 0;
}
