/* SPDX-License-Identifier: MIT */
/*
 * Partial-order reduction: where one thread's next step commutes with all that
 * the others may still do, trying it first is enough.
 *
 * A step that may be taken alone (a persistent set of one) touches only its
 * own vCPU, and nobody else's remaining steps touch or look at that vCPU.  It
 * makes progress in its thread, so no cycle of states consists of such steps.
 * tests/prop/reduction.c holds this against the search without reduction.
 */
#include "scenario/explore_search.h"
#include "scenario/verb.h"

static bool leaves_alone(const struct step *step, unsigned int vcpu)
{
	return step->verb->own_vcpu && step->vcpu != vcpu;
}

/* Do the steps that other threads have left keep off @vcpu? */
static bool others_leave_alone(const struct worker *w, unsigned int thread,
			       unsigned int vcpu)
{
	const struct stepper *s = w->steppers[w->at];
	const struct together *t = s->together;
	unsigned int i, j;

	for (i = 0; i < t->nr_threads; i++) {
		if (i == thread)
			continue;
		for (j = s->threads[i].done; j < t->threads[i].nr; j++)
			if (!leaves_alone(&t->steps[t->threads[i].steps[j]],
					  vcpu))
				return false;
	}
	return true;
}

/*
 * Are a vCPU's CR0.CD and MTRRs a matter of its own?  Under some of the
 * proposals others look at them, or they select its root.
 */
static bool memtypes_are_own(const struct tdp_vm *vm, unsigned int vcpu)
{
	switch (vm->kvm.value[B_MEMTYPE_SOURCE]) {
	case MEMTYPE_SOURCE_UNIFORM:
	case MEMTYPE_SOURCE_ROLE:
		return false;
	case MEMTYPE_SOURCE_VCPU0:
		return vcpu;
	default:
		return true;
	}
}

/* Shadow pages that one vCPU zaps make requests to all. */
static bool only_tdp_mmu(const struct tdp_vm *vm)
{
	return vm->tdp_enabled && vm->tdp_mmu_enabled && !vm->shadow;
}

/*
 * Nothing is pending for it and its root is loaded, so that KVM_RUN touches
 * nothing that is shared on the way in.
 */
static bool settled(const struct tdp_vm *vm, unsigned int id)
{
	const struct tdp_vcpu *vcpu = vm->vcpus[id];
	const struct mmu_page *root = root_page(vm, vcpu->mmu->root.hpa);

	return !vcpu->requests && !vcpu->signal_pending && vcpu->has_run &&
	       root && !root->role.invalid;
}

static bool may_go_alone(const struct worker *w, unsigned int thread)
{
	const struct stepper *s = w->steppers[w->at];
	const struct step *step = stepper_step(s, thread);
	const struct tdp_vm *vm = w->run->vm;

	if (stepper_busy(s, thread) || !step->verb->local ||
	    !step->verb->local(vm, step->args))
		return false;
	return only_tdp_mmu(vm) && settled(vm, step->vcpu) &&
	       memtypes_are_own(vm, step->vcpu) &&
	       others_leave_alone(w, thread, step->vcpu);
}

unsigned int reduce_choices(const struct worker *w, const uint16_t *choices,
			    unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr && !may_go_alone(w, choices[i]); i++)
		;
	return i;
}

/* Claims about all states on the way may see what is left out. */
bool reduce_possible(const struct tdp_scenario *scenario)
{
	return !scenario->claims.every;
}
