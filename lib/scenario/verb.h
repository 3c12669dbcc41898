/* SPDX-License-Identifier: MIT */
/*
 * Verbs: what a step can do.  One row each; parser, runner, reference and
 * completion are fed by it.
 */
#ifndef TDPSIM_SCENARIO_VERB_H
#define TDPSIM_SCENARIO_VERB_H

#include "scenario/decode.h"
#include "scenario/run.h"
#include "scenario/value.h"
#include "tdpsim/steps.h"

/* The address that a step is about. */
struct asked {
	unsigned int vcpu;
	bool guest_physical; /* else linear */
	uint64_t address;
	enum tdp_access_kind kind;
	bool user;
};

struct op;

struct verb {
	const char *name;
	const char *about;
	struct args args;
	bool parses_itself;  /* check_args decodes all */
	unsigned int fields; /* enum field_group */
	/* What the rows can't say; may be NULL. */
	int (*check_args)(const struct decoder *d, const struct node *node,
			  void *args);
	/* NULL: the verb is not about one address. */
	void (*asks)(const void *args, struct asked *asked);
	/* Fills run->outcome; fails with run->err set. */
	int (*run)(struct run *run, const void *args);
	/* As data (tdpsim/steps.h): each where the verb has such arguments. */
	void (*sregs)(const void *args, struct tdp_sregs *sregs);
	void (*l1_sregs)(const void *args, struct tdp_sregs *sregs);
	void (*cpuid)(const struct step *step, struct tdp_cpuid *cpuid);
	uint64_t (*reg)(const void *args, uint64_t value);
	int (*tables)(const void *args, const struct tdp_guest_memory *memory,
		      uint64_t *cr3, uint64_t *next, struct tdp_error *err);
	/*
	 * The same in steps of the kernel: fills @op, or leaves it OP_NONE where
	 * there is only one.  NULL: there is only one, always.
	 */
	int (*begin)(struct run *run, const void *args, struct op *op);
	bool slots_lock; /* takes kvm->slots_lock */
	bool no_mutex;   /* about a vCPU, but without its mutex */
	/*
	 * For partial-order reduction: no other vCPU's state is touched, or
	 * looked at; and, given that KVM_RUN has nothing to do on the way in,
	 * nothing that is shared.
	 */
	bool own_vcpu;
	bool (*local)(const struct tdp_vm *vm, const void *args);
};

/* Are its arguments about a vCPU? */
static inline bool verb_vcpu(const struct verb *verb)
{
	return verb->args.nr && verb->args.rows[0].type == &type_vcpu;
}

/* The first member of the arguments of every verb that is about a vCPU. */
struct vcpu_args {
	unsigned int vcpu;
};

#define VCPU_ROW(structure) \
	ARG(structure, vcpu, type_vcpu, .otherwise = "0", .about = "which one")

/* "as", the address space of memory that a verb is about */
#define AS_ROW(structure)                                           \
	ARG(structure, as, type_number, .otherwise = "0", .max = 1, \
	    .about = "address space; 1: SMM")

extern const struct verb verb_prefault, verb_signal, verb_check_extension;
extern const struct verb verb_read, verb_write, verb_fetch, verb_rmw;
extern const struct verb verb_run, verb_translate;
extern const struct verb verb_kvm_translate, verb_emulate;
extern const struct verb verb_set_sregs, verb_write_reg, verb_read_reg;
extern const struct verb verb_wrmsr, verb_rdmsr, verb_set_cpuid;
extern const struct verb verb_memslot, verb_delete_memslot, verb_set_backing;
extern const struct verb verb_poke, verb_peek, verb_guest_tables;
extern const struct verb verb_attach_dma, verb_detach_dma;
extern const struct verb verb_set_dirty_protect;
extern const struct verb verb_get_dirty_log, verb_clear_dirty_log;
extern const struct verb verb_age, verb_test_age, verb_recover_nx;
extern const struct verb verb_nx_huge_pages, verb_toggle_dirty_log;
extern const struct verb verb_set_attributes, verb_create_gmem;
extern const struct verb verb_punch_gmem, verb_mmap_gmem, verb_touch;
extern const struct verb verb_set_nr_mmu_pages, verb_get_nr_mmu_pages;
extern const struct verb verb_shrink;
extern const struct verb verb_create_vm;
extern const struct verb verb_disable_quirks;
extern const struct verb verb_smi, verb_rsm, verb_triple_fault;
extern const struct verb verb_set_vcpu_events;
extern const struct verb verb_nested_enter, verb_vmrun, verb_nested_exit;
extern const struct verb verb_set_nested_state, verb_get_nested_state;
extern const struct verb verb_invlpg, verb_invpcid;
extern const struct verb verb_set_mp_state;
extern const struct verb verb_invept, verb_invvpid, verb_vmfunc;
extern const struct verb verb_vmxon, verb_vmxoff, verb_vmclear, verb_vmptrld;
extern const struct verb verb_vmread, verb_vmwrite, verb_vmlaunch;
extern const struct verb verb_vmresume;
extern const struct verb verb_check, verb_together;
extern const struct verb verb_new_vm;
extern const struct verb verb_check;

/* All of them, in the order of the reference; NULL past the last one. */
const struct verb *verb_at(unsigned int index);

const struct verb *verb_find(const char *name);

#endif
