/* SPDX-License-Identifier: MIT */
/* What the next access will meet: it is made, in a copy of the machine. */
#include <stdio.h>

#include "arch/regs.h"
#include "base/error.h"
#include "kvm/kvm.h"
#include "scenario/explain.h"

static const struct probe {
	enum tdp_access_kind kind;
	const char *name;
} probes[] = {
	{ TDP_READ, "read" },
	{ TDP_WRITE, "write" },
	{ TDP_FETCH, "fetch" },
};

/* "no exit", "2 exits, 1 fixed", "1 exit, then mmio". */
static char *result_print(const struct tdp_result *r, char *buf, size_t size)
{
	const struct {
		unsigned int nr;
		const char *what;
	} counts[] = {
		{ r->faults_fixed - r->faults_fast, "fixed" },
		{ r->faults_fast, "fixed by fast_page_fault" },
		{ r->faults_spurious, "spurious" },
		{ r->mmio_exits, "emulated" },
	};
	size_t used, i;

	used = (size_t)snprintf(buf, size,
				r->exits == 1 ? "%u exit" :
				r->exits      ? "%u exits" :
						"no exit",
				r->exits);
	for (i = 0; i < ARRAY_SIZE(counts) && used < size; i++)
		if (counts[i].nr)
			used += (size_t)snprintf(buf + used, size - used,
						 ", %u %s", counts[i].nr,
						 counts[i].what);
	if (r->outcome != TDP_OUTCOME_DONE && used < size)
		snprintf(buf + used, size - used, "; ends as %s%s%s (%s)",
			 tdp_outcome_name(r->outcome), r->ret ? " " : "",
			 r->ret ? tdp_errno_name(r->ret) : "",
			 tdp_reason_name(r->reason));
	return buf;
}

static int probe(struct teller *t, struct run *run, const struct asked *asked,
		 const struct probe *p)
{
	struct tdp_scenario past = *t->scenario;
	const struct tdp_access access = {
		.gva = TDP_GVA(asked->address),
		.kind = p->kind,
		.user = asked->user,
	};
	struct tdp_result result;
	struct tdp_error err = { 0 };
	struct tdp_vm *vm;
	char text[256];
	int ret;

	past.nr_steps = (unsigned int)(run->step - past.steps) + 1;
	past.check = NULL;
	past.claims.nr = 0;
	past.account = NULL;
	t->spent += t->work;
	ret = tdp_scenario_replay(&past, &vm, &err);
	if (ret)
		return err_set(t->err, ret, "%s", err.message);
	ret = tdp_vcpu_access(tdp_vm_vcpu(vm, asked->vcpu), &access, &result,
			      &err);
	if (!ret)
		tell(t, run, TDP_EXPLAINED_NEXT, p->name, NULL, "%s",
		     result_print(&result, text, sizeof(text)));
	tdp_vm_destroy(vm);
	/* What the model can't decide is no answer, and no error here. */
	return ret == TDP_ENOMEM ? err_set(t->err, ret, "%s", err.message) :
				   TDP_OK;
}

/* Steps of "together:" have no copy of their own moment. */
static bool is_alone(const struct tdp_scenario *s, const struct step *step)
{
	unsigned int i;

	for (i = 0; i < s->nr_steps; i++)
		if (step == &s->steps[i])
			return true;
	return false;
}

int next_tell(struct teller *t, struct run *run, const struct asked *asked)
{
	const struct tdp_vcpu *vcpu = run_vcpu(run, asked->vcpu);
	unsigned int i;
	int ret = TDP_OK;

	/* Which linear address a guest-physical one has, only the guest knows. */
	if (asked->guest_physical && (vcpu->sregs.cr0 & CR0_PG))
		return TDP_OK;
	if (!is_alone(t->scenario, run->step)) {
		tell(t, run, TDP_EXPLAINED_NEXT, "", NULL,
		     "not tried out: other steps happen together with this one");
		return TDP_OK;
	}
	if (t->spent + 3 * t->work > EXPLAIN_WORK) {
		tell(t, run, TDP_EXPLAINED_NEXT, "", NULL,
		     "not tried out: the scenario is too long; ask for one step");
		return TDP_OK;
	}
	for (i = 0; i < ARRAY_SIZE(probes) && !ret; i++)
		ret = probe(t, run, asked, &probes[i]);
	return ret;
}
