/* SPDX-License-Identifier: MIT */
/* What the files of this folder, one operation each, share. */
#ifndef TDPSIM_OPS_OPS_H
#define TDPSIM_OPS_OPS_H

#include "kvm/fault.h"

/* Empty @result, with the names of the vCPU's root filled in by result_end(). */
void result_begin(struct tdp_result *result);

/* The VM was given up: every ioctl returns -EIO.  KVM 6.2: kvm_vm_dead() */
bool result_vm_dead(const struct tdp_vm *vm, struct tdp_result *result);

/* Root, address space and role word in use after the operation. */
void result_end(const struct tdp_vcpu *vcpu, struct tdp_result *result);

/* A modelled ioctl returns @err (negative errno) because of @why. */
int result_fail(struct tdp_result *result, int err, enum tdp_reason why);

/*
 * kvm_run after a fault that the kernel gave up; filled in if that was about
 * private memory.
 */
void result_memory_fault(struct tdp_result *result, const struct fault *f);

/* The call sleeps until userspace serves a page; nothing has changed. */
int result_block(struct tdp_result *result, enum tdp_reason why);

/*
 * TDP_EUNSUPPORTED once a bug of the kernel has hit (TDP_OUTCOME_KERNEL_BUG):
 * for what takes slots_lock or mmu_lock.
 */
int check_alive(const struct tdp_vm *vm, struct tdp_error *err);

/* The guest gets an exception instead of the instruction's effect. */
int result_fault(struct tdp_result *result, unsigned int vector,
		 uint64_t error_code, enum tdp_reason why);

/* An exception that @vcpu's guest causes. */
struct exception {
	unsigned int vector;
	uint64_t code;
	uint64_t address; /* #PF: linear */
	enum tdp_reason why;
	bool by_kvm; /* KVM raises it, not the processor */
};

/*
 * The guest gets @e, or L1 an exit if L2 caused it and L1 intercepts it.
 * (exception.c)
 */
int exception_raise(struct tdp_vcpu *vcpu, struct tdp_result *result,
		    const struct exception *e);

#define VECTOR_UD 6
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_PF 14

/* KVM_EXIT_* of include/uapi/linux/kvm.h */
#define KVM_EXIT_UNKNOWN        0
#define KVM_EXIT_MMIO           6
#define KVM_EXIT_SHUTDOWN       8
#define KVM_EXIT_FAIL_ENTRY     9
#define KVM_EXIT_INTR           10
#define KVM_EXIT_INTERNAL_ERROR 17
#define KVM_EXIT_MEMORY_FAULT   39

/*
 * What vcpu_enter_guest() does before it enters: serve the requests in their
 * order and load the MMU.  *@enter is false if KVM_RUN ends here, with the
 * outcome in @result.  (run.c)
 */
int run_prepare(struct tdp_vcpu *vcpu, struct tdp_result *result, bool *enter,
		struct tdp_error *err);

/* run_prepare(), and load the walker: *@entered is false if KVM_RUN ends. */
int run_enter(struct tdp_vcpu *vcpu, struct tdp_result *result, bool *entered,
	      struct tdp_error *err);

/*
 * The requests alone, in their order: *@proceed is false if KVM_RUN ends here.
 * (run.c)
 */
int run_serve(struct tdp_vcpu *vcpu, struct tdp_result *result, bool *proceed);

/*
 * Serve KVM_REQ_GET_NESTED_STATE_PAGES: *@proceed is false if KVM_RUN ends
 * with what @result says.  (nested_pages.c)
 *
 * Return: TDP_OK; TDP_ENOMEM, with the request pending again.
 */
int nested_pages_serve(struct tdp_vcpu *vcpu, struct tdp_result *result,
		       bool *proceed);

/*
 * False if a structure of vmcs12 makes hardware refuse L2; then L1 goes on.
 * (nested.c)
 */
bool nested_entry_ok(struct tdp_vcpu *vcpu);

/*
 * Changes of registers, as KVM's setters make them for a guest: the reason of
 * the #GP, TDP_WHY_HOST_BLOCKS with nothing changed, or TDP_WHY_NONE.
 * (setreg.c)
 */
enum tdp_reason setreg_cr0(struct tdp_vcpu *vcpu, uint64_t cr0);
enum tdp_reason setreg_cr3(struct tdp_vcpu *vcpu, uint64_t cr3);
enum tdp_reason setreg_cr4(struct tdp_vcpu *vcpu, uint64_t cr4);
enum tdp_reason setreg_efer(struct tdp_vcpu *vcpu, uint64_t efer);

/*
 * The rules of KVM_MEM_GUEST_MEMFD, and the binding itself: true if the call
 * ends here with what @result says.  (gmem_bind.c)
 */
bool memslot_check_gmem(const struct tdp_vm *vm,
			const struct tdp_memslot *region,
			struct tdp_result *result);
bool memslot_bind_gmem(const struct tdp_vm *vm,
		       const struct tdp_memslot *region, struct memslot *slot,
		       struct tdp_result *result);

/*
 * The emulator's part of an MMIO access that shadow paging let through: it
 * goes by the guest's tables, where an SPTE or the cached page may be older.
 * @done: @result is complete; else the access goes to userspace.
 * (translate.c)
 */
int emulate_mmio(struct tdp_vcpu *vcpu, const struct tdp_access *access,
		 struct tdp_result *result, bool *done);

/* L2 is left without telling L1: KVM 6.12 kvm_leave_nested().  (nested.c) */
void nested_leave(struct tdp_vcpu *vcpu);

/* SDM: "Canonicality": bits 63 down to 47 or 56 are the same. */
static inline bool vcpu_canonical(const struct tdp_vcpu *vcpu, uint64_t gla)
{
	unsigned int bits = vcpu->sregs.cr4 & CR4_LA57 ? 57 : 48;
	uint64_t upper = gla >> (bits - 1);

	return !upper || upper == UINT64_MAX >> (bits - 1);
}

#endif
