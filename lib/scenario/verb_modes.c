/* SPDX-License-Identifier: MIT */
/* SMM, and L2. */
#include <string.h>

#include "base/error.h"
#include "scenario/modes.h"
#include "scenario/verb.h"

#define FIELDS_MODE (FIELDS_CALL | FIELDS_MAPPING | FIELDS_GUEST | FIELDS_VCPU)

static const struct arg vcpu_rows[] = {
	VCPU_ROW(struct vcpu_args),
};

static int run_smi(struct run *run, const void *args)
{
	const struct vcpu_args *a = args;

	return tdp_vcpu_smi(run_vcpu(run, a->vcpu), &run->outcome.result,
			    run->err);
}

const struct verb verb_smi = {
	.name = "smi",
	.about = "an SMI is taken",
	.args = ARGS(vcpu_rows, struct vcpu_args),
	.fields = FIELDS_MODE,
	.run = run_smi,
};

static int run_rsm(struct run *run, const void *args)
{
	const struct vcpu_args *a = args;

	return tdp_vcpu_rsm(run_vcpu(run, a->vcpu), &run->outcome.result,
			    run->err);
}

const struct verb verb_rsm = {
	.name = "rsm",
	.about = "the guest executes RSM",
	.args = ARGS(vcpu_rows, struct vcpu_args),
	.fields = FIELDS_MODE,
	.run = run_rsm,
};

static int run_triple_fault(struct run *run, const void *args)
{
	const struct vcpu_args *a = args;

	return tdp_vcpu_triple_fault(run_vcpu(run, a->vcpu),
				     &run->outcome.result, run->err);
}

const struct verb verb_triple_fault = {
	.name = "triple_fault",
	.about =
		"the guest shuts down: a fault in the delivery of a double fault",
	.args = ARGS(vcpu_rows, struct vcpu_args),
	.fields = FIELDS_MODE,
	.run = run_triple_fault,
};

struct smm_args {
	unsigned int vcpu;
	bool smm;
};

static const struct arg smm_rows[] = {
	VCPU_ROW(struct smm_args),
	ARG(struct smm_args, smm, type_bool, .required = true,
	    .about = "the vCPU is in SMM"),
};

static int run_set_vcpu_events(struct run *run, const void *args)
{
	const struct smm_args *a = args;

	return tdp_vcpu_set_smm(run_vcpu(run, a->vcpu), a->smm,
				&run->outcome.result, run->err);
}

const struct verb verb_set_vcpu_events = {
	.name = "set_vcpu_events",
	.about = "KVM_SET_VCPU_EVENTS with KVM_VCPUEVENT_VALID_SMM",
	.args = ARGS(smm_rows, struct smm_args),
	.fields = FIELDS_MODE,
	.run = run_set_vcpu_events,
};

/* L2 ----------------------------------------------------------------------- */

struct nested_args {
	unsigned int vcpu;
	bool guest_mode;
	bool tdp;
	bool cr8_exiting;
	uint64_t root;
	uint64_t page[TDP_NR_NESTED_PAGES];
	bool mbec;
	uint16_t vpid;
	uint64_t pml;
	uint16_t pml_index;
	uint64_t eptp_list;
	uint32_t exceptions;
	uint32_t pfec_mask;
	uint32_t pfec_match;
	struct regs_args l2;
	struct regs_args l1;
	struct tdp_nested_header header;
	bool launched;
	unsigned int saved;
};

#define NESTED_PAGE(key, index, text)                              \
	ARG_AS(key, struct nested_args, page[index], type_address, \
	       .about = (text))

/* What vmcs12 or vmcb12 says; the same for both verbs. */
#define NESTED_ROWS                                                                    \
	VCPU_ROW(struct nested_args),                                                  \
		ARG(struct nested_args, tdp, type_bool, .otherwise = "false",          \
		    .about = "L1 uses nested EPT or nested paging"),                   \
		ARG(struct nested_args, root, type_address, .otherwise = "0",          \
		    .about = "EPTP12, or nCR3 of vmcb12"),                             \
		NESTED_PAGE("apic_access", TDP_NESTED_APIC_ACCESS,                     \
			    "APIC-access page"),                                       \
		NESTED_PAGE("virtual_apic", TDP_NESTED_VIRTUAL_APIC,                   \
			    "virtual-APIC page"),                                      \
		NESTED_PAGE("pi_desc", TDP_NESTED_PI_DESC,                             \
			    "posted-interrupt descriptor"),                            \
		NESTED_PAGE("msr_bitmap", TDP_NESTED_MSR_BITMAP,                       \
			    "MSR bitmap"),                                             \
		ARG(struct nested_args, cr8_exiting, type_bool,                        \
		    .otherwise = "false",                                              \
		    .about = "CR8-load and CR8-store exiting are on"),                 \
		ARG(struct nested_args, mbec, type_bool, .otherwise = "false",         \
		    .about = "VMX, 7.2: mode-based execute control"),                  \
		ARG(struct nested_args, vpid, type_number, .max = UINT16_MAX,          \
		    .otherwise = "0", .about = "VMX: L2's VPID; 0: none"),             \
		ARG(struct nested_args, pml, type_address,                             \
		    .about = "VMX: L1's page-modification log is this page"),          \
		ARG(struct nested_args, pml_index, type_number,                        \
		    .max = UINT16_MAX, .otherwise = "511",                             \
		    .about = "PML index"),                                             \
		ARG(struct nested_args, eptp_list, type_address,                       \
		    .about = "VMX: VM function 0 takes EPTPs from this page"),         \
		ARG(struct nested_args, exceptions, type_word,                         \
		    .max = UINT32_MAX, .otherwise = "0",                               \
		    .about = "L1 intercepts these vectors; 0x4000: #PF"),              \
		ARG(struct nested_args, pfec_mask, type_word,                          \
		    .max = UINT32_MAX, .otherwise = "0",                               \
		    .about = "VMX, #PF: bits of the error code that count"),           \
		ARG(struct nested_args, pfec_match, type_word,                         \
		    .max = UINT32_MAX, .otherwise = "0",                               \
		    .about =                                                           \
			    "VMX, #PF: where they differ, bit 14 means the opposite"), \
		REGS_ROWS(struct nested_args, l2)

static const struct arg enter_rows[] = { NESTED_ROWS };

static const struct arg l1_rows[] = { REGS_ROWS(struct nested_args, l1) };
static const struct args l1_args = ARGS(l1_rows, struct nested_args);

/* What stands in the header of struct kvm_nested_state. */
#define HEADER_ROW(key, arg_type, limit, text)                                 \
	ARG_AS(#key, struct nested_args, header.key, arg_type, .max = (limit), \
	       .about = (text))

static const struct arg set_state_rows[] = {
	NESTED_ROWS,
	ARG(struct nested_args, guest_mode, type_bool, .otherwise = "true",
	    .about = "the state says that L2 runs"),
	HEADER_ROW(
		flags, type_nested_flags, UINT16_MAX,
		"of the header, instead of guest_mode; on SVM that is with GIF_SET"),
	HEADER_ROW(format, type_number, UINT16_MAX,
		   "0: VMX, 1: SVM; default: the vendor's"),
	HEADER_ROW(
		size, type_number, UINT32_MAX,
		"of header (128) and blob (4096); default: both with GUEST_MODE"),
	HEADER_ROW(vmcb, type_word, 0, "SVM: address of vmcb12; default 0"),
	HEADER_ROW(
		vmxon, type_word, 0,
		"VMX: VMXON region; default: 0 with GUEST_MODE, else none (all bits 1)"),
	HEADER_ROW(
		vmcs12, type_word, 0,
		"VMX: current vmcs12; default: 0x1000 with GUEST_MODE, else none"),
	ARG(struct nested_args, launched, type_bool, .otherwise = "false",
	    .about = "VMX: vmcs12 is launched: VMRESUME is next"),
	ARG(struct nested_args, saved, type_number, .max = RUN_SAVED_STATES - 1,
	    .about =
		    "the bytes that get_nested_state has kept, and nothing else"),
	HEADER_ROW(smm_flags, type_nested_smm_flags, UINT16_MAX,
		   "VMX: what RSM goes back to"),
	HEADER_ROW(vmx_flags, type_word, UINT32_MAX,
		   "VMX: 1: the deadline of the preemption timer is valid"),
	{
		.name = "l1",
		.type = &type_map,
		.inner = &l1_args,
		.about =
			"SVM: L1's registers in the save area; default: the vCPU's own",
	},
};

static uint64_t bit_of(const struct run *run, const char *name)
{
	const struct args *args = &run->step->verb->args;
	unsigned int i;

	for (i = 0; i < args->nr; i++)
		if (!strcmp(args->rows[i].name, name))
			return BIT(i);
	assert(!"the verb has no such argument");
	return 0;
}

static bool is_given(const struct run *run, const char *name)
{
	return run->step->given & bit_of(run, name);
}

static void nested_state(const struct run *run, const struct nested_args *a,
			 const struct tdp_vcpu *vcpu,
			 struct tdp_nested_state *state)
{
	static const char *const names[TDP_NR_NESTED_PAGES] = {
		[TDP_NESTED_APIC_ACCESS] = "apic_access",
		[TDP_NESTED_VIRTUAL_APIC] = "virtual_apic",
		[TDP_NESTED_PI_DESC] = "pi_desc",
		[TDP_NESTED_MSR_BITMAP] = "msr_bitmap",
	};
	unsigned int i;

	*state = (struct tdp_nested_state){
		.tdp = a->tdp,
		.tdp_root = a->root,
		.cr8_exiting = a->cr8_exiting,
		.mbec = a->mbec,
		.vpid = a->vpid,
		.pml = is_given(run, "pml"),
		.pml_address = a->pml,
		.pml_index = a->pml_index,
		.eptp_switching = is_given(run, "eptp_list"),
		.eptp_list = a->eptp_list,
		.exceptions = a->exceptions,
		.pfec_mask = a->pfec_mask,
		.pfec_match = a->pfec_match,
		.launched = a->launched,
	};
	for (i = 0; i < TDP_NR_NESTED_PAGES; i++) {
		state->has_page[i] = is_given(run, names[i]);
		state->page[i] = a->page[i];
	}
	tdp_vcpu_get_sregs(vcpu, &state->l1);
	state->l2 = state->l1;
	regs_apply(&a->l1, &state->l1);
	regs_apply(&a->l2, &state->l2);
}

static void nested_sregs(const void *args, struct tdp_sregs *sregs)
{
	const struct nested_args *a = args;

	regs_apply(&a->l2, sregs);
}

static void nested_l1_sregs(const void *args, struct tdp_sregs *sregs)
{
	const struct nested_args *a = args;

	regs_apply(&a->l1, sregs);
}

static int run_nested_enter(struct run *run, const void *args)
{
	const struct nested_args *a = args;
	struct tdp_vcpu *vcpu = run_vcpu(run, a->vcpu);
	struct tdp_nested_state state;

	nested_state(run, a, vcpu, &state);
	return tdp_vcpu_nested_enter(vcpu, &state, &run->outcome.result,
				     run->err);
}

const struct verb verb_nested_enter = {
	.name = "nested_enter",
	.about =
		"L1 executes VMLAUNCH or VMRUN; L2's registers are L1's but for those named",
	.args = ARGS(enter_rows, struct nested_args),
	.fields = FIELDS_MODE,
	.run = run_nested_enter,
	.sregs = nested_sregs,
};

struct vmrun_args {
	unsigned int vcpu;
	uint64_t vmcb;
	uint64_t rip;
};

static const struct arg vmrun_rows[] = {
	VCPU_ROW(struct vmrun_args),
	ARG(struct vmrun_args, vmcb, type_address, .required = true,
	    .about = "guest-physical address of vmcb12"),
	ARG(struct vmrun_args, rip, type_address,
	    .about =
		    "where the instruction is, if the processor has no NRIPS: KVM fetches it "
		    "to skip it"),
};

static int run_vmrun(struct run *run, const void *args)
{
	const struct vmrun_args *a = args;
	const struct tdp_vmrun vmrun = {
		.vmcb = TDP_GPA(a->vmcb),
		.fetches = is_given(run, "rip"),
		.rip = TDP_GVA(a->rip),
	};

	return tdp_vcpu_vmrun(run_vcpu(run, a->vcpu), &vmrun,
			      &run->outcome.result, run->err);
}

const struct verb verb_vmrun = {
	.name = "vmrun",
	.about =
		"L1 executes VMRUN with the vmcb12 that lies in its memory; #VMEXIT writes to "
		"it",
	.args = ARGS(vmrun_rows, struct vmrun_args),
	.fields = FIELDS_MODE,
	.run = run_vmrun,
};

struct exit_args {
	unsigned int vcpu;
	uint64_t code;
};

static const struct arg exit_rows[] = {
	VCPU_ROW(struct exit_args),
	ARG(struct exit_args, code, type_word,
	    .about =
		    "exit reason, or EXITCODE of SVM, that L1 is told; default: an interrupt"),
};

static int run_nested_exit(struct run *run, const void *args)
{
	const struct exit_args *a = args;
	struct tdp_vcpu *vcpu = run_vcpu(run, a->vcpu);

	if (is_given(run, "code"))
		return tdp_vcpu_nested_exit_as(vcpu, a->code,
					       &run->outcome.result, run->err);
	return tdp_vcpu_nested_exit(vcpu, &run->outcome.result, run->err);
}

const struct verb verb_nested_exit = {
	.name = "nested_exit",
	.about = "L2 exits to L1",
	.args = ARGS(exit_rows, struct exit_args),
	.fields = FIELDS_MODE,
	.run = run_nested_exit,
};

/* The header that the step describes; what it does not name is in order. */
static void nested_header(const struct run *run, const struct nested_args *a,
			  const struct tdp_vcpu *vcpu,
			  struct tdp_nested_header *header)
{
	bool flags = is_given(run, "flags");

	tdp_vcpu_nested_header(vcpu,
			       flags ? a->header.flags & TDP_NESTED_GUEST_MODE :
				       a->guest_mode,
			       header);
#define TAKE(key)                                    \
	do {                                         \
		if (is_given(run, #key))             \
			header->key = a->header.key; \
	} while (0)
	TAKE(flags);
	TAKE(format);
	TAKE(size);
	TAKE(vmcb);
	TAKE(vmxon);
	TAKE(vmcs12);
	TAKE(smm_flags);
	TAKE(vmx_flags);
#undef TAKE
}

/* The bytes of an earlier get_nested_state, as they are. */
static int run_set_saved(struct run *run, const struct nested_args *a)
{
	const struct saved_state *saved = &run->saved[a->saved];

	if (run->step->given & ~(bit_of(run, "saved") | bit_of(run, "vcpu")))
		return err_set(run->err, TDP_EINPUT,
			       "saved: the state says it all");
	if (!saved->size)
		return err_set(run->err, TDP_EINPUT,
			       "saved: no get_nested_state kept a state there");
	return tdp_vcpu_set_nested_blob(run_vcpu(run, a->vcpu), saved->bytes,
					saved->size, &run->outcome.result,
					run->err);
}

static int run_set_nested_state(struct run *run, const void *args)
{
	const struct nested_args *a = args;
	struct tdp_vcpu *vcpu = run_vcpu(run, a->vcpu);
	struct tdp_nested_header header;
	struct tdp_nested_state state;

	if (is_given(run, "saved"))
		return run_set_saved(run, a);
	if (is_given(run, "flags") && is_given(run, "guest_mode"))
		return err_set(run->err, TDP_EINPUT,
			       "flags and guest_mode: flags say it all");
	nested_header(run, a, vcpu, &header);
	nested_state(run, a, vcpu, &state);
	return tdp_vcpu_set_nested_state_as(vcpu, &header, &state,
					    &run->outcome.result, run->err);
}

const struct verb verb_set_nested_state = {
	.name = "set_nested_state",
	.about = "KVM_SET_NESTED_STATE, as a migration target calls it",
	.args = ARGS(set_state_rows, struct nested_args),
	.fields = FIELDS_MODE,
	.run = run_set_nested_state,
	.sregs = nested_sregs,
	.l1_sregs = nested_l1_sregs,
};

struct get_state_args {
	unsigned int vcpu;
	unsigned int save;
	uint64_t at;
};

static const struct arg get_state_rows[] = {
	VCPU_ROW(struct get_state_args),
	ARG(struct get_state_args, save, type_number,
	    .max = RUN_SAVED_STATES - 1,
	    .about = "keep the bytes under this number, for set_nested_state"),
	ARG(struct get_state_args, at, type_size,
	    .max = TDP_NESTED_BLOB_SIZE - 8,
	    .about = "value is the word of 8 bytes there instead: header, from "
		     "128 on vmcs12 or vmcb12"),
};

static int run_get_nested_state(struct run *run, const void *args)
{
	const struct get_state_args *a = args;
	const struct tdp_vcpu *vcpu = run_vcpu(run, a->vcpu);
	struct tdp_result *result = &run->outcome.result;
	struct saved_state state = { 0 };
	int ret;

	/* What is kept is no state of the machine that a search could undo. */
	if (is_given(run, "save") && run->step->thread)
		return err_set(run->err, TDP_EINPUT,
			       "save: not inside of \"together:\"");
	if (!is_given(run, "save") && !is_given(run, "at"))
		return tdp_vcpu_get_nested_state(vcpu, NULL, result);
	ret = tdp_vcpu_get_nested_blob(vcpu, state.bytes, sizeof(state.bytes),
				       result);
	state.size = (uint32_t)result->value;
	result->value = 0;
	if (is_given(run, "at"))
		memcpy(&result->value, state.bytes + a->at, 8);
	else
		memcpy(&result->value, state.bytes, 2); /* flags */
	if (is_given(run, "save"))
		run->saved[a->save] = state;
	return ret;
}

const struct verb verb_get_nested_state = {
	.name = "get_nested_state",
	.about =
		"KVM_GET_NESTED_STATE; value has the flags: 1 guest mode, 2 run pending, "
		"0x100 GIF",
	.args = ARGS(get_state_rows, struct get_state_args),
	.fields = FIELDS_CALL | FIELDS_VALUE | FIELDS_VCPU,
	.run = run_get_nested_state,
};

struct mp_state_args {
	unsigned int vcpu;
	bool halted;
};

static const struct arg mp_state_rows[] = {
	VCPU_ROW(struct mp_state_args),
	ARG(struct mp_state_args, halted, type_bool, .required = true,
	    .about = "KVM_MP_STATE_HALTED, not RUNNABLE"),
};

static int run_set_mp_state(struct run *run, const void *args)
{
	const struct mp_state_args *a = args;

	tdp_vcpu_set_mp_state(run_vcpu(run, a->vcpu), a->halted);
	return TDP_OK;
}

const struct verb verb_set_mp_state = {
	.name = "set_mp_state",
	.about = "KVM_SET_MP_STATE",
	.args = ARGS(mp_state_rows, struct mp_state_args),
	.fields = FIELDS_VCPU,
	.run = run_set_mp_state,
};
