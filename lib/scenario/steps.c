/* SPDX-License-Identifier: MIT */
/* A loaded scenario as data. */
#include "tdpsim/steps.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "scenario/machine.h"
#include "scenario/together.h"
#include "scenario/verb.h"

const struct tdp_kvm_config *
tdp_scenario_kvm(const struct tdp_scenario *scenario)
{
	return &scenario->kvm;
}

void tdp_scenario_setup(const struct tdp_scenario *scenario,
			struct tdp_setup *setup)
{
	unsigned int i;

	*setup = (struct tdp_setup){
		.irqchip = scenario->irqchip,
		.vm_type = scenario->vm_type,
		.gmem = scenario->gmem.nr,
		.memslots = scenario->memslots.nr,
		.memory = scenario->memory.nr,
		.vcpus = scenario->nr_vcpus,
		.steps = scenario->nr_steps,
	};
	for (i = 0; i < scenario->nr_steps; i++)
		setup->together |= step_together(&scenario->steps[i]) != NULL;
}

void tdp_scenario_gmem(const struct tdp_scenario *scenario, unsigned int index,
		       uint64_t *size, uint64_t *flags)
{
	const struct gmem_args *files = scenario->gmem.items;

	assert(index < scenario->gmem.nr);
	*size = files[index].size;
	*flags = files[index].flags;
}

const struct tdp_memslot *
tdp_scenario_memslot(const struct tdp_scenario *scenario, unsigned int index)
{
	const struct tdp_memslot *slots = scenario->memslots.items;

	assert(index < scenario->memslots.nr);
	return &slots[index];
}

void tdp_scenario_memory(const struct tdp_scenario *scenario,
			 unsigned int index, struct tdp_content *content)
{
	const struct poke_args *pokes = scenario->memory.items;

	assert(index < scenario->memory.nr);
	*content = (struct tdp_content){
		.as_id = pokes[index].as,
		.size = pokes[index].size,
		.gpa = pokes[index].gpa,
		.value = pokes[index].value,
		.count = pokes[index].count,
		.add = pokes[index].add,
	};
}

void tdp_scenario_vcpu(const struct tdp_scenario *scenario, unsigned int index,
		       struct tdp_vcpu_setup *setup)
{
	const struct vcpu_setup *vcpu;

	assert(index < scenario->nr_vcpus);
	vcpu = &scenario->vcpus[index];
	*setup = (struct tdp_vcpu_setup){
		.has_cpuid = vcpu->has_cpuid,
		.has_sregs = vcpu->has_sregs,
		.smm = vcpu->smm,
		.cpuid = vcpu->cpuid,
		.sregs = vcpu->sregs,
	};
}

/* Steps -------------------------------------------------------------------- */

static const struct step *step_at(const struct tdp_scenario *scenario,
				  unsigned int step)
{
	assert(step && step <= scenario->nr_steps);
	return &scenario->steps[step - 1];
}

void tdp_scenario_step(const struct tdp_scenario *scenario, unsigned int step,
		       struct tdp_step *info)
{
	const struct step *s = step_at(scenario, step);

	*info = (struct tdp_step){
		.verb = s->verb->name,
		.vcpu = s->vcpu,
		.line = s->line,
	};
}

/* The row of an argument; the number of rows if there is none. */
static unsigned int row_of(const struct args *args, const char *name)
{
	unsigned int i;

	for (i = 0; i < args->nr; i++)
		if (!strcmp(args->rows[i].name, name))
			break;
	return i;
}

bool tdp_step_has(const struct tdp_scenario *scenario, unsigned int step,
		  const char *name)
{
	const struct step *s = step_at(scenario, step);
	unsigned int row = row_of(&s->verb->args, name);

	return row < s->verb->args.nr && (s->given & BIT(row));
}

uint64_t tdp_step_number(const struct tdp_scenario *scenario, unsigned int step,
			 const char *name)
{
	const struct step *s = step_at(scenario, step);
	const struct args *args = &s->verb->args;
	unsigned int row = row_of(args, name);

	if (row == args->nr || !args->rows[row].type->parse ||
	    args->rows[row].width > 8)
		return 0;
	return member_get((const char *)s->args + args->rows[row].offset,
			  args->rows[row].width, false);
}

bool tdp_step_sregs(const struct tdp_scenario *scenario, unsigned int step,
		    struct tdp_sregs *sregs)
{
	const struct step *s = step_at(scenario, step);

	if (s->verb->sregs)
		s->verb->sregs(s->args, sregs);
	return s->verb->sregs;
}

bool tdp_step_l1_sregs(const struct tdp_scenario *scenario, unsigned int step,
		       struct tdp_sregs *sregs)
{
	const struct step *s = step_at(scenario, step);

	if (s->verb->l1_sregs)
		s->verb->l1_sregs(s->args, sregs);
	return s->verb->l1_sregs;
}

bool tdp_step_cpuid(const struct tdp_scenario *scenario, unsigned int step,
		    struct tdp_cpuid *cpuid)
{
	const struct step *s = step_at(scenario, step);

	if (s->verb->cpuid)
		s->verb->cpuid(s, cpuid);
	return s->verb->cpuid;
}

const struct tdp_memslot *tdp_step_memslot(const struct tdp_scenario *scenario,
					   unsigned int step)
{
	const struct step *s = step_at(scenario, step);

	return s->verb == &verb_memslot ? s->args : NULL;
}

uint64_t tdp_step_register(const struct tdp_scenario *scenario,
			   unsigned int step, uint64_t value)
{
	const struct step *s = step_at(scenario, step);

	return s->verb->reg ? s->verb->reg(s->args, value) : value;
}

int tdp_step_tables(const struct tdp_scenario *scenario, unsigned int step,
		    const struct tdp_guest_memory *memory,
		    struct tdp_error *err)
{
	const struct step *s = step_at(scenario, step);
	uint64_t cr3, next;

	if (!s->verb->tables)
		return err_set(err, TDP_EINVAL, "%s writes no page tables",
			       s->verb->name);
	return s->verb->tables(s->args, memory, &cr3, &next, err);
}
