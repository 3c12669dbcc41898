/* SPDX-License-Identifier: MIT */
/* Instructions by which a guest invalidates translations. */
#include "scenario/verb.h"
#include "tdpsim/invalidate.h"

#define FIELDS_INVALIDATE                                              \
	(FIELDS_CALL | FIELDS_MAPPING | FIELDS_GUEST | FIELDS_COUNTS | \
	 FIELDS_VCPU)

struct invalidate_args {
	unsigned int vcpu;
	uint64_t type;
	uint64_t pcid;
	uint64_t gva;
};

static const struct arg invlpg_rows[] = {
	VCPU_ROW(struct invalidate_args),
	ARG(struct invalidate_args, gva, type_address, .required = true,
	    .about = "linear address"),
};

static int run_invlpg(struct run *run, const void *args)
{
	const struct invalidate_args *a = args;

	return tdp_vcpu_invlpg(run_vcpu(run, a->vcpu), TDP_GVA(a->gva),
			       &run->outcome.result, run->err);
}

const struct verb verb_invlpg = {
	.name = "invlpg",
	.about =
		"the guest executes INVLPG: without TDP an exit, in which KVM reads an unsync "
		"entry again",
	.args = ARGS(invlpg_rows, struct invalidate_args),
	.fields = FIELDS_INVALIDATE,
	.run = run_invlpg,
};

static const struct arg invpcid_rows[] = {
	VCPU_ROW(struct invalidate_args),
	ARG(struct invalidate_args, type, type_word, .required = true,
	    .about =
		    "0: an address, 1: a PCID, 2: all, 3: all but global pages"),
	ARG(struct invalidate_args, pcid, type_word, .otherwise = "0",
	    .about = "PCID of the descriptor; bits 63:12 must be 0"),
	ARG_AS("gla", struct invalidate_args, gva, type_address,
	       .otherwise = "0", .about = "linear address of the descriptor"),
};

static int run_invpcid(struct run *run, const void *args)
{
	const struct invalidate_args *a = args;

	return tdp_vcpu_invpcid(run_vcpu(run, a->vcpu), a->type, a->pcid,
				TDP_GVA(a->gva), &run->outcome.result,
				run->err);
}

const struct verb verb_invpcid = {
	.name = "invpcid",
	.about = "the guest executes INVPCID",
	.args = ARGS(invpcid_rows, struct invalidate_args),
	.fields = FIELDS_INVALIDATE,
	.run = run_invpcid,
};
