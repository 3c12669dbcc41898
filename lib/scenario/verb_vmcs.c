/* SPDX-License-Identifier: MIT */
/* VMX operation, and a vmcs12 in L1's memory. */
#include "scenario/verb.h"
#include "tdpsim/vmx.h"

#define FIELDS_VMCS                                                  \
	(FIELDS_CALL | FIELDS_MAPPING | FIELDS_GUEST | FIELDS_VCPU | \
	 FIELDS_VALUE)

struct vmcs_args {
	unsigned int vcpu;
	uint64_t operand;
	uint64_t value;
};

static int execute(struct run *run, const void *args, enum tdp_vmx_insn insn)
{
	const struct vmcs_args *a = args;

	return tdp_vcpu_vmx(run_vcpu(run, a->vcpu), insn, a->operand, a->value,
			    &run->outcome.result, run->err);
}

static const struct arg plain_rows[] = {
	VCPU_ROW(struct vmcs_args),
};

static const struct arg pointer_rows[] = {
	VCPU_ROW(struct vmcs_args),
	ARG_AS("address", struct vmcs_args, operand, type_word,
	       .required = true, .about = "guest-physical address"),
};

#define FIELD_ROW_OF                                                    \
	ARG_AS("field", struct vmcs_args, operand, type_word,           \
	       .required = true,                                        \
	       .about = "encoding, as in 0x201a: EPT pointer, 0x6800: " \
			"guest CR0")

static const struct arg read_rows[] = {
	VCPU_ROW(struct vmcs_args),
	FIELD_ROW_OF,
};

static const struct arg write_rows[] = {
	VCPU_ROW(struct vmcs_args),
	FIELD_ROW_OF,
	ARG(struct vmcs_args, value, type_word, .required = true,
	    .about = "cut to the field's width"),
};

#define VERB(key, insn, rows, text)                             \
	static int run_##key(struct run *run, const void *args) \
	{                                                       \
		return execute(run, args, insn);                \
	}                                                       \
	const struct verb verb_##key = {                        \
		.name = #key,                                   \
		.about = (text),                                \
		.args = ARGS(rows, struct vmcs_args),           \
		.fields = FIELDS_VMCS,                          \
		.run = run_##key,                               \
	}

VERB(vmxon, TDP_VMXON, pointer_rows,
     "the guest executes VMXON; a region begins with the word 0x11e57ed0");
VERB(vmxoff, TDP_VMXOFF, plain_rows,
     "the guest executes VMXOFF: KVM's copy of vmcs12 is lost");
VERB(vmclear, TDP_VMCLEAR, pointer_rows,
     "the guest executes VMCLEAR: KVM's copy goes back to memory");
VERB(vmptrld, TDP_VMPTRLD, pointer_rows,
     "the guest executes VMPTRLD: KVM makes a copy of vmcs12");
VERB(vmread, TDP_VMREAD, read_rows,
     "the guest executes VMREAD; value is the field");
VERB(vmwrite, TDP_VMWRITE, write_rows, "the guest executes VMWRITE");
VERB(vmlaunch, TDP_VMLAUNCH, plain_rows,
     "L1 executes VMLAUNCH of the current vmcs12; see nested_enter");
VERB(vmresume, TDP_VMRESUME, plain_rows,
     "L1 executes VMRESUME of the current vmcs12");
