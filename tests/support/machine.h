/* SPDX-License-Identifier: MIT */
/*
 * A machine for tests of the model: a host, a kernel, one VM.  Every helper
 * asserts that the call worked and that the VM's invariants hold after it.
 */
#ifndef TDPSIM_SUPPORT_MACHINE_H
#define TDPSIM_SUPPORT_MACHINE_H

#include "support/unit.h"
#include "tdpsim/tdpsim.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

struct machine {
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	struct tdp_vm *vm;
	struct tdp_vcpu *vcpu;    /* the one made last */
	struct tdp_result result; /* of the last operation */
	struct tdp_error err;
};

/* A host of @vendor and a kernel; change both before machine_start(). */
void machine_init(struct machine *m, enum tdp_vendor vendor,
		  const char *profile);
void machine_set(struct machine *m, const char *behaviour, const char *value);

/* Create the VM. */
void machine_start(struct machine *m);
void machine_end(struct machine *m);

/* A vCPU with a CPUID of @maxphyaddr bits. */
struct tdp_vcpu *machine_vcpu(struct machine *m, unsigned int maxphyaddr);

/* A memslot; @slot's number is also its address space's in the high byte. */
void machine_slot(struct machine *m, unsigned int slot, unsigned int as_id,
		  uint64_t gpa, uint64_t size, enum tdp_backing backing);

/* KVM_PRE_FAULT_MEMORY on the last vCPU; returns ret. */
int machine_prefault(struct machine *m, uint64_t gpa, uint64_t size);

/* Change what is behind [@gpa, @gpa + @size) to @backing, all of it used. */
int machine_back(struct tdp_vm *vm, uint64_t gpa, uint64_t size,
		 enum tdp_backing backing, struct tdp_error *err);

/* One access of the last vCPU at CPL 0; returns the outcome. */
enum tdp_outcome machine_access(struct machine *m, enum tdp_access_kind kind,
				uint64_t gva);

/* Long mode: CR0, CR4, EFER for 4-level paging, with CR3. */
void machine_long_mode(struct machine *m, uint64_t cr3);

/* Write an 8-byte guest word in address space 0. */
void machine_poke(struct machine *m, uint64_t gpa, uint64_t value);

/* Count the valid roots; words in the order of creation, up to 16. */
unsigned int machine_roots(struct machine *m, uint32_t words[16]);

#endif
