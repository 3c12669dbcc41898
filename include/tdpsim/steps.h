/* SPDX-License-Identifier: MIT */
/*
 * A loaded scenario as data, for programs that carry it out elsewhere: on
 * /dev/kvm, say.  Nothing here runs the model.
 */
#ifndef TDPSIM_STEPS_H
#define TDPSIM_STEPS_H

#include "recording.h"
#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct tdp_machine - a machine that scenarios are loaded on
 * @host:  the processor and its host kernel
 * @kvm:   the kernel's profile and module parameters
 * @cpuid: what KVM_GET_SUPPORTED_CPUID gives there: a vCPU's CPUID where the
 *         scenario changes nothing
 * @tss_slot: VMX without an unrestricted guest: KVM_SET_TSS_ADDR made a private
 *         memslot of three pages at 0xfffbd000
 */
struct tdp_machine {
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	struct tdp_cpuid cpuid;
	bool tss_slot;
};

/**
 * tdp_machine_parse() - the machine that a recording's first line describes
 * @env:     a JSON object, as docs/recordings.md describes it
 * @machine: receives it
 * @err:     may be NULL
 *
 * Return: TDP_OK; TDP_EINPUT if it is no such line, or of a kernel without a
 * profile.
 */
TDP_API int tdp_machine_parse(const char *env, struct tdp_machine *machine,
			      struct tdp_error *err);

/**
 * tdp_scenario_load_on() - tdp_scenario_load() for a machine that is given
 * @machine: of the scenario's host: and kvm: only the sizes of memory and the
 *           behaviours that are named one by one count
 */
TDP_API int tdp_scenario_load_on(const char *path,
				 const struct tdp_machine *machine,
				 struct tdp_scenario **scenario,
				 struct tdp_error *err);

/** tdp_scenario_kvm() - the kernel that the scenario is for; valid as long as it */
TDP_API const struct tdp_kvm_config *
tdp_scenario_kvm(const struct tdp_scenario *scenario);

/**
 * struct tdp_setup - how many of each a scenario has
 * @together: a step stands for several at the same time ("together:"), which
 *            nobody else can carry out: there is no order
 * @irqchip:  KVM_CREATE_IRQCHIP comes first
 * @vm_type:  what KVM_CREATE_VM is called with: enum tdp_vm_type, or any number
 * @gmem:     guest_memfds that are made before the memslots
 */
struct tdp_setup {
	bool together;
	bool irqchip;
	unsigned int vm_type;
	unsigned int gmem;
	unsigned int memslots;
	unsigned int memory;
	unsigned int vcpus;
	unsigned int steps;
};

TDP_API void tdp_scenario_setup(const struct tdp_scenario *scenario,
				struct tdp_setup *setup);

/**
 * tdp_scenario_gmem() - the guest_memfd of number @index, from 0, of gmem:
 * @size, @flags: KVM_CREATE_GUEST_MEMFD's
 */
TDP_API void tdp_scenario_gmem(const struct tdp_scenario *scenario,
			       unsigned int index, uint64_t *size,
			       uint64_t *flags);

/** tdp_scenario_memslot() - the memslot of number @index, from 0, of memslots: */
TDP_API const struct tdp_memslot *
tdp_scenario_memslot(const struct tdp_scenario *scenario, unsigned int index);

/**
 * struct tdp_content - what guest memory holds somewhere at the start
 * @as_id: address space to look @gpa up in
 * @size:  1..8 bytes of one page
 * @value: stored little-endian
 * @count: values, one behind the other
 * @add:   what each is more than the one before
 */
struct tdp_content {
	unsigned int as_id;
	unsigned int size;
	uint64_t gpa;
	uint64_t value;
	unsigned int count;
	uint64_t add;
};

/** tdp_scenario_memory() - the element of number @index, from 0, of memory: */
TDP_API void tdp_scenario_memory(const struct tdp_scenario *scenario,
				 unsigned int index,
				 struct tdp_content *content);

/**
 * struct tdp_vcpu_setup - a vCPU at the start
 * @has_cpuid: KVM_SET_CPUID2 is called, with @cpuid
 * @has_sregs: KVM_SET_SREGS2 is called, with @sregs; else it stays at reset
 * @smm:       KVM_SET_VCPU_EVENTS puts it into SMM
 */
struct tdp_vcpu_setup {
	bool has_cpuid;
	bool has_sregs;
	bool smm;
	struct tdp_cpuid cpuid;
	struct tdp_sregs sregs;
};

/** tdp_scenario_vcpu() - the vCPU of number @index, from 0, of vcpus: */
TDP_API void tdp_scenario_vcpu(const struct tdp_scenario *scenario,
			       unsigned int index,
			       struct tdp_vcpu_setup *setup);

/**
 * struct tdp_step - one step
 * @verb: a name of TDP_WORDS_VERBS
 * @vcpu: which vCPU it is about; 0 if it is about none
 * @line: in the file
 */
struct tdp_step {
	const char *verb;
	unsigned int vcpu;
	unsigned int line;
};

/** tdp_scenario_step() - the step of number @step, from 1 */
TDP_API void tdp_scenario_step(const struct tdp_scenario *scenario,
			       unsigned int step, struct tdp_step *info);

/** tdp_step_has() - does the text of step @step, from 1, give this argument? */
TDP_API bool tdp_step_has(const struct tdp_scenario *scenario,
			  unsigned int step, const char *name);

/**
 * tdp_step_number() - an argument that is a number, a boolean or a word
 * @name: as in TDP_WORDS_ARGUMENTS; words of an enumeration are its values
 *
 * Return: the value, with the default where the text gives none; 0 if the verb
 * has no such argument.
 */
TDP_API uint64_t tdp_step_number(const struct tdp_scenario *scenario,
				 unsigned int step, const char *name);

/**
 * tdp_step_sregs() - registers as a step leaves them
 * @sregs: as they are; changed where the step names a register.  Of
 *         nested_enter and set_nested_state: L2's
 *
 * Return: false if the verb has no registers.
 */
TDP_API bool tdp_step_sregs(const struct tdp_scenario *scenario,
			    unsigned int step, struct tdp_sregs *sregs);

/**
 * tdp_step_l1_sregs() - L1's registers in the save area of set_nested_state
 * @sregs: L2's, which L1's are but for those named
 *
 * Return: false if the verb has none.
 */
TDP_API bool tdp_step_l1_sregs(const struct tdp_scenario *scenario,
			       unsigned int step, struct tdp_sregs *sregs);

/** tdp_step_cpuid() - the same for set_cpuid */
TDP_API bool tdp_step_cpuid(const struct tdp_scenario *scenario,
			    unsigned int step, struct tdp_cpuid *cpuid);

/** tdp_step_memslot() - the memslot of the verb memslot; NULL for other verbs */
TDP_API const struct tdp_memslot *
tdp_step_memslot(const struct tdp_scenario *scenario, unsigned int step);

/** tdp_step_register() - the value that write_reg gives to a register that holds @value */
TDP_API uint64_t tdp_step_register(const struct tdp_scenario *scenario,
				   unsigned int step, uint64_t value);

/**
 * struct tdp_guest_memory - who holds the guest's memory
 * @read, @write: @size is 4 or 8 bytes, aligned; return TDP_OK or what fails
 * @context:      handed to both
 */
struct tdp_guest_memory {
	int (*read)(void *context, unsigned int as_id, tdp_gpa gpa,
		    uint64_t *value, unsigned int size, struct tdp_error *err);
	int (*write)(void *context, unsigned int as_id, tdp_gpa gpa,
		     uint64_t value, unsigned int size, struct tdp_error *err);
	void *context;
};

/**
 * tdp_step_tables() - write the page tables of guest_tables
 *
 * Return: TDP_OK; TDP_EINVAL for what the mode can't map, or another verb; what
 * @memory returned.
 */
TDP_API int tdp_step_tables(const struct tdp_scenario *scenario,
			    unsigned int step,
			    const struct tdp_guest_memory *memory,
			    struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
