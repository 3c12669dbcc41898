/* SPDX-License-Identifier: MIT */
#include "scenario/recording_ops.h"

#include <string.h>

#include "arch/regs.h"
#include "base/error.h"
#include "mem/physmem.h"
#include "scenario/recording.h"
#include "scenario/recording_diff.h"
#include "scenario/verb.h"

static uint64_t member(const json_t *object, const char *key)
{
	return json_word(json_object_get(object, key));
}

static int bad(struct run *run, const char *what, const char *text)
{
	return err_set(run->err, TDP_EINPUT, "the recording's %s \"%s\"", what,
		       text);
}

static int op_write(struct run *run, const struct step *step, const json_t *op)
{
	uint64_t size = member(op, "size");

	(void)step;
	if (!size || size > 8)
		return bad(run, "write", "size");
	return tdp_vm_write(run->vm, (unsigned int)member(op, "as"),
			    TDP_GPA(member(op, "gpa")), member(op, "value"),
			    (unsigned int)size, run->err);
}

/* The region of the payload: memory that was written. */
static int op_memslot(struct run *run, const struct step *step,
		      const json_t *op)
{
	const struct tdp_memslot slot = {
		.slot = (unsigned int)member(op, "slot"),
		.as_id = (unsigned int)member(op, "as"),
		.gpa = member(op, "gpa"),
		.size = member(op, "size"),
		.hva = member(op, "hva"),
	};

	(void)step;
	return tdp_vm_set_memslot(run->vm, &slot, &run->outcome.result,
				  run->err);
}

static struct tdp_vcpu *vcpu_of(struct run *run, const json_t *op)
{
	return tdp_vm_vcpu(run->vm, (unsigned int)member(op, "vcpu"));
}

static int access_kind(struct run *run, const json_t *op,
		       enum tdp_access_kind *kind)
{
	static const char *const names[] = { "read", "write", "fetch", "rmw" };
	const char *text = json_text(op, "kind");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(text, names[i])) {
			*kind = (enum tdp_access_kind)i;
			return TDP_OK;
		}
	return bad(run, "access", text);
}

static int read_access(struct run *run, const json_t *op,
		       struct tdp_access *access)
{
	*access = (struct tdp_access){
		.gva = TDP_GVA(member(op, "gva")),
		.user = member(op, "user"),
		.implicit = member(op, "implicit"),
		.size = (unsigned int)member(op, "size"),
		.value = member(op, "value"),
	};
	if (!vcpu_of(run, op) || access->size > 8)
		return bad(run, "access", json_text(op, "kind"));
	return access_kind(run, op, &access->kind);
}

static int op_access(struct run *run, const struct step *step, const json_t *op)
{
	struct tdp_access access;
	int ret = read_access(run, op, &access);

	(void)step;
	return ret ? ret :
		     tdp_vcpu_access(vcpu_of(run, op), &access,
				     &run->outcome.result, run->err);
}

/* KVM_SET_SREGS2 with the values that are there; PDPTEs are read again. */
static int op_set_sregs(struct run *run, const struct step *step,
			const json_t *op)
{
	struct tdp_vcpu *vcpu = vcpu_of(run, op);
	struct tdp_sregs sregs;

	(void)step;
	if (!vcpu)
		return bad(run, "operation", "set_sregs");
	tdp_vcpu_get_sregs(vcpu, &sregs);
	sregs.pdptrs_valid = false;
	return tdp_vcpu_set_sregs(vcpu, &sregs, &run->outcome.result);
}

/* KVM_RUN that ends before the guest is entered. */
static int op_run(struct run *run, const struct step *step, const json_t *op)
{
	struct tdp_vcpu *vcpu = vcpu_of(run, op);

	(void)step;
	if (!vcpu)
		return bad(run, "operation", "run");
	return tdp_vcpu_run(vcpu, &run->outcome.result, run->err);
}

static int op_vmrun(struct run *run, const struct step *step, const json_t *op)
{
	struct tdp_vcpu *vcpu = vcpu_of(run, op);
	const struct tdp_vmrun vmrun = {
		.vmcb = TDP_GPA(member(op, "vmcb")),
		.fetches = json_object_get(op, "rip"),
		.rip = TDP_GVA(member(op, "rip")),
	};

	(void)step;
	if (!vcpu)
		return bad(run, "operation", "vmrun");
	return tdp_vcpu_vmrun(vcpu, &vmrun, &run->outcome.result, run->err);
}

static int op_nested_exit(struct run *run, const struct step *step,
			  const json_t *op)
{
	struct tdp_vcpu *vcpu = vcpu_of(run, op);

	(void)step;
	if (!vcpu)
		return bad(run, "operation", "nested_exit");
	return tdp_vcpu_nested_exit_as(vcpu, member(op, "code"),
				       &run->outcome.result, run->err);
}

/* KVM_SET_MSRS */
static int op_set_msr(struct run *run, const struct step *step,
		      const json_t *op)
{
	struct tdp_vcpu *vcpu = vcpu_of(run, op);

	(void)step;
	if (!vcpu)
		return bad(run, "operation", "set_msr");
	return tdp_vcpu_write_msr(vcpu, (uint32_t)member(op, "msr"),
				  member(op, "value"), true,
				  &run->outcome.result);
}

static int op_verb(struct run *run, const struct step *step, const json_t *op)
{
	(void)op;
	return step->verb->run(run, step->args);
}

static const struct {
	const char *name;
	int (*replay)(struct run *run, const struct step *step,
		      const json_t *op);
	bool for_machine; /* may stand where there is no step */
} kinds[] = {
	{ "write", op_write, true },
	{ "memslot", op_memslot, true },
	{ "access", op_access, false },
	{ "set_sregs", op_set_sregs, false },
	{ "run", op_run, false },
	{ "verb", op_verb, false },
	{ "vmrun", op_vmrun, false },
	{ "nested_exit", op_nested_exit, false },
	{ "set_msr", op_set_msr, false },
};

static int replay_one(struct run *run, const struct step *step,
		      const json_t *op)
{
	const char *name = json_text(op, "op");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name) &&
		    (step || kinds[i].for_machine))
			return kinds[i].replay(run, step, op);
	return bad(run, "operation", name);
}

/* What the operation stands behind, if that is not success. */
static bool is_after(const json_t *op, enum tdp_outcome *outcome)
{
	static const struct {
		const char *name;
		enum tdp_outcome outcome;
	} after[] = {
		{ "fault", TDP_OUTCOME_GUEST_FAULT },
		{ "nested_exit", TDP_OUTCOME_NESTED_EXIT },
	};
	const char *on = json_text(op, "on");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(after); i++)
		if (!strcmp(after[i].name, on)) {
			*outcome = after[i].outcome;
			return true;
		}
	return false;
}

/* Userspace stores whatever the guest does, and it is no part of the outcome. */
static bool is_store(const json_t *op)
{
	return !strcmp(json_text(op, "op"), "write");
}

/* Is the operation due, after what the one before gave? */
static bool is_due(const struct tdp_result *before, const json_t *op)
{
	enum tdp_outcome outcome;

	if (is_store(op))
		return true;
	if (is_after(op, &outcome))
		return before->outcome == outcome;
	return before->outcome == TDP_OUTCOME_DONE ||
	       before->outcome == TDP_OUTCOME_EMULATE;
}

static bool is_access(const json_t *op, bool fetch)
{
	return !strcmp(json_text(op, "op"), "access") &&
	       fetch == !strcmp(json_text(op, "kind"), "fetch");
}

/* An instruction's access to data, behind the fetch of the instruction. */
static bool is_instructions(const json_t *list, size_t i)
{
	const json_t *op = json_array_get(list, i);

	return i && is_access(op, false) && !json_text(op, "on")[0] &&
	       is_access(json_array_get(list, i - 1), true);
}

/*
 * The processor could not mark or read the tables on the way to the data: the
 * emulator has the access still to make.
 */
static bool is_left_to_emulator(const struct tdp_result *result)
{
	return result->outcome == TDP_OUTCOME_EMULATE &&
	       (result->pferr & PFERR_GUEST_PAGE);
}

/* What handling a fault costs is counted; how the step ended it does not say. */
static void sum_up(struct tdp_result *sum, const struct tdp_result *one,
		   const json_t *op)
{
	struct tdp_result end = *sum;
	enum tdp_outcome outcome;

	diff_add_result(sum, one);
	if (!is_after(op, &outcome))
		return;
	end.faults_fixed = sum->faults_fixed;
	end.faults_spurious = sum->faults_spurious;
	end.faults_fast = sum->faults_fast;
	*sum = end;
}

/* What crosses a page is not made. */
static int emulate_one(struct run *run, const json_t *op,
		       struct tdp_result *sum)
{
	struct tdp_result *result = &run->outcome.result;
	struct tdp_access access;
	int ret = read_access(run, op, &access);

	if (ret || (access.gva.addr & FRAME_MASK) + access.size > FRAME_SIZE)
		return ret;
	ret = tdp_vcpu_emulate(vcpu_of(run, op), &access, result, run->err);
	sum_up(sum, result, op);
	return ret;
}

/*
 * KVM's emulator fetches the instruction, and finds its data by a walk of its
 * own, or takes the exit's address in its place: memory that the guest did not
 * mean, if the exit was for a table.  KVM 6.12: x86_emulate_instruction(),
 * emulator_read_write_onepage().
 */
static int emulate(struct run *run, const json_t *list, size_t i,
		   struct tdp_result *sum)
{
	int ret = emulate_one(run, json_array_get(list, i - 1), sum);

	if (ret || sum->outcome != TDP_OUTCOME_DONE)
		return ret;
	return emulate_one(run, json_array_get(list, i), sum);
}

/* Behind an exit the processor begins with the instruction's fetch. */
static bool is_again(const struct tdp_result *result)
{
	return result->outcome == TDP_OUTCOME_DONE && result->exits;
}

static int fetch_again(struct run *run, const struct step *step,
		       const json_t *list, size_t i, struct tdp_result *sum)
{
	const json_t *op = json_array_get(list, i - 1);
	struct tdp_result *result = &run->outcome.result;
	int ret;

	memset(result, 0, sizeof(*result));
	ret = replay_one(run, step, op);
	if (!ret && result->exits)
		sum_up(sum, result, op);
	return ret;
}

static int replay_due(struct run *run, const struct step *step,
		      const json_t *list, size_t i, struct tdp_result *sum)
{
	const json_t *op = json_array_get(list, i);
	struct tdp_result *result = &run->outcome.result;
	int ret;

	memset(result, 0, sizeof(*result));
	if (is_instructions(list, i) && sum->outcome == TDP_OUTCOME_EMULATE)
		return emulate(run, list, i, sum);
	ret = replay_one(run, step, op);
	if (ret || is_store(op))
		return ret;
	sum_up(sum, result, op);
	if (!is_instructions(list, i))
		return TDP_OK;
	if (is_left_to_emulator(result))
		return emulate(run, list, i, sum);
	return is_again(result) ? fetch_again(run, step, list, i, sum) : TDP_OK;
}

int ops_replay(struct run *run, const struct step *step, const json_t *object)
{
	const json_t *list = json_object_get(object, "do");
	struct tdp_result sum = { 0 };
	size_t i;
	int ret = TDP_OK;

	if (!list)
		return step ? step->verb->run(run, step->args) : TDP_OK;
	for (i = 0; i < json_array_size(list) && !ret; i++)
		if (is_due(&sum, json_array_get(list, i)))
			ret = replay_due(run, step, list, i, &sum);
	run->outcome.result = sum;
	return ret;
}
