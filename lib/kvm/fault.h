/* SPDX-License-Identifier: MIT */
/*
 * A page fault on its way through KVM's MMU, grouped by who fills what, in
 * the order of the pipeline.  KVM: struct kvm_page_fault.
 */
#ifndef TDPSIM_KVM_FAULT_H
#define TDPSIM_KVM_FAULT_H

#include "arch/regs.h"
#include "kvm/kvm.h"

/*
 * KVM's RET_PF_*, with its numbers; unlike in KVM they share nothing with
 * errnos: RET_PF_ERRNO says that fault->err holds one, RET_PF_STOP that
 * fault->status holds a failure of the model itself.
 */
/* clang-format off */
enum ret_pf {
	RET_PF_CONTINUE		= 0,
	RET_PF_RETRY		= 1,
	RET_PF_EMULATE		= 2,
	RET_PF_WRITE_PROTECTED	= 3,
	RET_PF_INVALID		= 4,
	RET_PF_FIXED		= 5,
	RET_PF_SPURIOUS		= 6,
	RET_PF_ERRNO,
	RET_PF_STOP,
};
/* clang-format on */

struct fault {
	/* The exit. */
	struct tdp_vm *vm;
	struct tdp_vcpu *vcpu;
	uint64_t addr;            /* guest-physical; linear for shadow MMUs */
	uint64_t error_code;      /* PFERR_* */
	bool prefetch;            /* a pre-fault: nobody waits for it */
	unsigned int level_limit; /* asked for by the caller; 0: none */
	struct tdp_error *error;  /* may be NULL */

	/* From the error code. */
	bool exec, write, present, rsvd, user;
	bool is_private;

	/* Where the guest wants it. */
	uint64_t gfn;
	unsigned int max_level;
	const struct memslot *slot; /* NULL: none */
	unsigned int map_access;    /* TDP_ACC_* the guest's tables grant */

	/* What the host has there. */
	uint64_t invalidate_seq; /* of the VM, before the host was asked */
	uint64_t pfn;
	unsigned int host_level;
	bool no_slot;       /* pfn is KVM_PFN_NOSLOT */
	bool host_writable; /* map_writable */
	bool host_mmio;
	bool from_gmem; /* not by way of userspace's mapping */

	/* How big the mapping will be. */
	unsigned int req_level;
	unsigned int goal_level;
	bool huge_disallowed; /* by the NX mitigation */

	/* What came of it. */
	enum tdp_reason why;
	uint64_t spte;
	uint64_t old_spte;     /* what stood there before (TDP MMU) */
	int err;               /* with RET_PF_ERRNO: negative errno */
	int status;            /* with RET_PF_STOP: enum tdp_status */
	bool memory_fault;     /* kvm_run says KVM_EXIT_MEMORY_FAULT */
	unsigned int nr_pages; /* table pages created */

	/* The guest's own tables forbid it: with RET_PF_RETRY a #PF is due. */
	bool inject;
	bool inject_nested; /* by guest_mmu: an exit to L1 */
	bool by_emulator;   /* the hardware reported no such fault */
	bool on_table;      /* by_emulator: it was after one of L2's tables */
	uint32_t inject_code;
	uint64_t inject_address;
	uint64_t inject_qualification; /* EPT: bits 5:0, from the walk */
};

static inline enum ret_pf fault_errno(struct fault *f, int err,
				      enum tdp_reason why)
{
	f->err = err;
	f->why = why;
	return RET_PF_ERRNO;
}

static inline enum ret_pf fault_because(struct fault *f, enum ret_pf ret,
					enum tdp_reason why)
{
	f->why = why;
	return ret;
}

/*
 * What KVM's MMU is told of an EPT violation with exit qualification @qual, as
 * PFERR_*: KVM 6.12 __vmx_handle_ept_violation(), behaviour fault.ept_flags.
 */
uint64_t fault_ept_error_code(const struct tdp_vm *vm, uint64_t qual);

/* The model's page-table memory is used up. */
enum ret_pf fault_no_frames(struct fault *f);

/*
 * Handle a fault that the loaded MMU's handler is for, as
 * kvm_mmu_do_page_fault() does.  The MMU is loaded.
 */
enum ret_pf fault_handle(struct fault *f);

/*
 * A paging exit, from the error code on: KVM 6.12 kvm_mmu_page_fault().
 * RET_PF_EMULATE means that KVM goes on to emulate.
 */
enum ret_pf fault_exit(struct fault *f);

/*
 * The same, one step of the kernel at a time: between two of them others may
 * run.  Start with FAULT_BEGIN (FAULT_EXIT for a paging exit) and call again
 * while RET_PF_CONTINUE comes back; @stage says what is next.  Only direct
 * faults have steps: those of a shadow MMU that mirrors tables are one.
 */
enum fault_stage {
	FAULT_EXIT,   /* an MMIO SPTE, perhaps; then as FAULT_BEGIN */
	FAULT_BEGIN,  /* find the slot; the lockless fast path */
	FAULT_SEQ,    /* read the invalidation sequence, look at the slot */
	FAULT_PFN,    /* ask the host for the page */
	FAULT_LOCKED, /* take the lock; is it stale?  install */
};
enum ret_pf fault_step(struct fault *f, enum fault_stage *stage);

/* The parts that the direct and the shadow MMU share. */
void fault_decode(struct fault *f);
enum ret_pf fault_resolve_pfn(struct fault *f);
/* Its two steps */
enum ret_pf fault_before_pfn(struct fault *f);
enum ret_pf fault_get_pfn(struct fault *f);
/* True: retry, because of f->why, or of the notifier if that is none. */
bool fault_is_stale(struct fault *f);
void fault_adjust_level(struct fault *f);
/*
 * How large, up to @level, may a page be that maps @gfn, if the host has one
 * of @host_level there?  KVM 6.12: kvm_mmu_max_mapping_level()
 */
unsigned int fault_max_mapping_level(const struct tdp_vm *vm,
				     const struct memslot *slot, uint64_t gfn,
				     unsigned int level,
				     unsigned int host_level);
void fault_adjust_disallowed(struct fault *f, uint64_t spte,
			     unsigned int level);
enum ret_pf fault_fast(struct fault *f);
uint64_t fault_make_mmio_spte(struct fault *f);

/* kvm_tdp_page_fault() and nonpaging_page_fault() */
enum ret_pf fault_direct(struct fault *f);

#endif
