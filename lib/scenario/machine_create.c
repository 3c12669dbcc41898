/* SPDX-License-Identifier: MIT */
/* The machine of a scenario, before its first step. */
#include <string.h>

#include "base/error.h"
#include "kvm/kvm.h"
#include "scenario/machine.h"
#include "scenario/run.h"
#include "tdpsim/gmem.h"

/* Far above those that a scenario may name by habit. */
#define TSS_SLOT (MAX_USER_SLOT - 1)

/* The @index-th element of the list that was decoded to @list. */
static const struct node *element(const struct list *list, unsigned int index)
{
	const struct node_item *item = list->node->items;

	while (index--)
		item = item->next;
	return item->value;
}

/* Say where, if the call did not. */
static int fail_at(struct run *run, const struct node *place, int status,
		   const char *what)
{
	char why[sizeof(run->err->message)] = "";

	memcpy(why, run->err->message, sizeof(why));
	if (status == TDP_ENOMEM)
		return err_set(run->err, status,
			       "%.200s: out of memory: %.250s",
			       run->scenario->path, why);
	if (status == TDP_EINVAL)
		status = TDP_EINPUT;
	return err_at(run->err, status, run->scenario->path, place->line,
		      place->column, "%s: %.400s", what, why);
}

/* A call that the machine itself refused. */
static int refused_at(struct run *run, const struct node *place,
		      const struct tdp_result *result, const char *what)
{
	if (!result->ret && result->outcome == TDP_OUTCOME_DONE)
		return TDP_OK;
	return err_at(run->err, TDP_EINPUT, run->scenario->path, place->line,
		      place->column, "%s: %s (%s: %s)", what,
		      result->ret ? tdp_errno_name(result->ret) :
				    tdp_outcome_name(result->outcome),
		      tdp_reason_name(result->reason),
		      tdp_reason_about(result->reason));
}

static int create_gmem(struct run *run)
{
	const struct list *list = &run->scenario->gmem;
	const struct gmem_args *files = list->items;
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		static const char what[] = "KVM_CREATE_GUEST_MEMFD";
		struct tdp_result result = { 0 };
		int ret = tdp_vm_create_gmem(run->vm, files[i].size,
					     files[i].flags, &result, run->err);

		ret = ret ? fail_at(run, element(list, i), ret, what) :
			    refused_at(run, element(list, i), &result, what);
		if (ret)
			return ret;
	}
	return TDP_OK;
}

static int create_memslots(struct run *run)
{
	const struct list *list = &run->scenario->memslots;
	const struct tdp_memslot *slots = list->items;
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		static const char what[] = "KVM_SET_USER_MEMORY_REGION";
		struct tdp_result result = { 0 };
		int ret = tdp_vm_set_memslot(run->vm, &slots[i], &result,
					     run->err);

		ret = ret ? fail_at(run, element(list, i), ret, what) :
			    refused_at(run, element(list, i), &result, what);
		if (ret)
			return ret;
	}
	return TDP_OK;
}

/*
 * Without an unrestricted guest VMX needs a TSS for real mode, in a private
 * memslot of both address spaces.  KVM 6.12: init_rmode_tss(), with the
 * recorder's address.
 */
static int create_tss_slot(struct run *run)
{
	struct tdp_memslot slot = {
		.slot = TSS_SLOT,
		.gpa = 0xfffbd000,
		.size = 0x3000,
	};
	const struct list *list = &run->scenario->memslots;
	const struct tdp_memslot *slots = list->items;
	unsigned int i;
	int ret = TDP_OK;

	/* The scenario may have it already. */
	for (i = 0; i < list->nr; i++)
		if (slots[i].gpa == slot.gpa)
			return TDP_OK;
	for (; slot.as_id < NR_ADDRESS_SPACES && !ret; slot.as_id++) {
		struct tdp_result result = { 0 };

		ret = tdp_vm_set_memslot(run->vm, &slot, &result, run->err);
	}
	return ret;
}

static int write_memory(struct run *run)
{
	const struct list *list = &run->scenario->memory;
	const struct poke_args *pokes = list->items;
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		const struct poke_args *p = &pokes[i];
		int ret = poke_write(run->vm, p, run->err);

		if (ret)
			return fail_at(run, element(list, i), ret, "memory");
	}
	return TDP_OK;
}

static int create_vcpu(struct run *run, const struct vcpu_setup *setup)
{
	struct tdp_result result = { 0 };
	struct tdp_vcpu *vcpu;
	int ret = tdp_vcpu_create(run->vm, &vcpu, run->err);

	if (!ret && setup->has_cpuid)
		ret = tdp_vcpu_set_cpuid(vcpu, &setup->cpuid, &result);
	if (ret)
		return err_set(run->err, ret, "%s: %s while creating a vCPU",
			       run->scenario->path, tdp_status_name(ret));
	if (!setup->place)
		return TDP_OK;
	ret = refused_at(run, setup->place, &result, "KVM_SET_CPUID2");
	if (!ret && setup->has_sregs)
		ret = tdp_vcpu_set_sregs(vcpu, &setup->sregs, &result);
	if (!ret)
		ret = refused_at(run, setup->place, &result, "KVM_SET_SREGS");
	if (!ret && setup->smm)
		ret = tdp_vcpu_set_smm(vcpu, true, &result, run->err);
	if (!ret)
		ret = refused_at(run, setup->place, &result,
				 "KVM_SET_VCPU_EVENTS");
	return ret;
}

static int create_irqchip(struct run *run)
{
	struct tdp_result result;
	int ret = tdp_vm_create_irqchip(run->vm, &result, run->err);

	return ret ? fail_at(run, run->scenario->place, ret, "the irqchip") :
		     TDP_OK;
}

int machine_create(struct run *run)
{
	const struct tdp_scenario *s = run->scenario;
	unsigned int i;
	int ret = tdp_vm_create_type(&s->host, &s->kvm, s->vm_type, &run->vm,
				     &run->outcome.result, run->err);

	if (ret)
		return fail_at(run, s->place, ret, "the machine");
	if (!run->vm)
		return TDP_OK;
	run->layouts.spte = &run->vm->fmt;
	tdp_vm_set_tracer(run->vm, run_event, run);
	ret = create_gmem(run);
	if (!ret && s->tss_slot)
		ret = create_tss_slot(run);
	if (!ret && s->irqchip)
		ret = create_irqchip(run);
	if (!ret)
		ret = create_memslots(run);
	if (!ret)
		ret = write_memory(run);
	if (!ret && run->hook && run->hook->machine)
		ret = run->hook->machine(run, run->hook->context);
	for (i = 0; i < s->nr_vcpus && !ret; i++)
		ret = create_vcpu(run, &s->vcpus[i]);
	return ret;
}
