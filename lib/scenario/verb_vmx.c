/* SPDX-License-Identifier: MIT */
/* Instructions of VMX that L1 and L2 execute. */
#include "scenario/verb.h"
#include "tdpsim/invalidate.h"

#define FIELDS_VMX (FIELDS_CALL | FIELDS_MAPPING | FIELDS_GUEST | FIELDS_VCPU)

struct vmx_args {
	unsigned int vcpu;
	uint64_t type;
	uint64_t operand;
	uint64_t gla;
};

static const struct arg invept_rows[] = {
	VCPU_ROW(struct vmx_args),
	ARG(struct vmx_args, type, type_word, .required = true,
	    .about = "1: the roots of one EPT12 table, 2: all"),
	ARG_AS("eptp", struct vmx_args, operand, type_word, .otherwise = "0",
	       .about = "EPTP of the descriptor"),
};

static int run_invept(struct run *run, const void *args)
{
	const struct vmx_args *a = args;

	return tdp_vcpu_invept(run_vcpu(run, a->vcpu), a->type, a->operand,
			       &run->outcome.result, run->err);
}

const struct verb verb_invept = {
	.name = "invept",
	.about = "the guest executes INVEPT",
	.args = ARGS(invept_rows, struct vmx_args),
	.fields = FIELDS_VMX,
	.run = run_invept,
};

static const struct arg invvpid_rows[] = {
	VCPU_ROW(struct vmx_args),
	ARG(struct vmx_args, type, type_word, .required = true,
	    .about =
		    "0: an address, 1: a VPID, 2: all, 3: a VPID but for global pages"),
	ARG_AS("vpid", struct vmx_args, operand, type_word, .otherwise = "0",
	       .about = "VPID of the descriptor; bits 63:16 must be 0"),
	ARG(struct vmx_args, gla, type_address, .otherwise = "0",
	    .about = "linear address of the descriptor"),
};

static int run_invvpid(struct run *run, const void *args)
{
	const struct vmx_args *a = args;

	return tdp_vcpu_invvpid(run_vcpu(run, a->vcpu), a->type, a->operand,
				TDP_GVA(a->gla), &run->outcome.result,
				run->err);
}

const struct verb verb_invvpid = {
	.name = "invvpid",
	.about = "the guest executes INVVPID",
	.args = ARGS(invvpid_rows, struct vmx_args),
	.fields = FIELDS_VMX,
	.run = run_invvpid,
};

static const struct arg vmfunc_rows[] = {
	VCPU_ROW(struct vmx_args),
	ARG_AS("function", struct vmx_args, type, type_number, .otherwise = "0",
	       .max = UINT32_MAX, .about = "EAX; 0: EPTP switching"),
	ARG_AS("index", struct vmx_args, operand, type_number, .otherwise = "0",
	       .max = UINT32_MAX, .about = "ECX: entry of the EPTP list"),
};

static int run_vmfunc(struct run *run, const void *args)
{
	const struct vmx_args *a = args;

	return tdp_vcpu_vmfunc(run_vcpu(run, a->vcpu), (uint32_t)a->type,
			       (uint32_t)a->operand, &run->outcome.result,
			       run->err);
}

const struct verb verb_vmfunc = {
	.name = "vmfunc",
	.about = "L2 executes VMFUNC",
	.args = ARGS(vmfunc_rows, struct vmx_args),
	.fields = FIELDS_VMX,
	.run = run_vmfunc,
};
