/* SPDX-License-Identifier: MIT */
/* host:, kvm:, memslots:, vcpus: and memory: of a scenario. */
#ifndef TDPSIM_SCENARIO_MACHINE_H
#define TDPSIM_SCENARIO_MACHINE_H

#include "scenario/decode.h"
#include "scenario/scenario.h"
#include "tdpsim/steps.h"

struct run;

extern const struct args host_args;
extern const struct args memslot_args;
extern const struct args gmem_args;
extern const struct args vcpu_setup_args;
extern const struct args cpuid_args;
extern const struct args poke_args;

/* KVM_CREATE_GUEST_MEMFD */
struct gmem_args {
	uint64_t size;
	uint64_t flags;
};

struct poke_args {
	unsigned int as;
	uint64_t gpa;
	uint64_t value;
	unsigned int size;
	unsigned int count; /* values one behind the other, */
	uint64_t add;       /* each so much more than the one before */
};

/* Write them; fails like tdp_vm_write(). */
int poke_write(struct tdp_vm *vm, const struct poke_args *poke,
	       struct tdp_error *err);

/* Take its host, but keep the sizes of memory that @host has. */
void machine_preset_host(const struct tdp_machine *machine,
			 struct tdp_host_config *host);

/* Each takes NULL for a key that is absent. */
int host_parse(const struct decoder *d, const struct node *node,
	       struct tdp_host_config *host);
int kvm_parse(const struct decoder *d, const struct node *node,
	      struct tdp_kvm_config *kvm);
int vcpus_parse(const struct decoder *d, const struct node *node,
		struct tdp_scenario *s);

/* Create the VM and all in it; refused VMs leave run->vm NULL. */
int machine_create(struct run *run);

#endif
