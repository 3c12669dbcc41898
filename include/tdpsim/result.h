/* SPDX-License-Identifier: MIT */
/* What the modelled machine did: data that a caller can expect and compare. */
#ifndef TDPSIM_RESULT_H
#define TDPSIM_RESULT_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*	X(name, spelling, what it means) */
/* clang-format off */
#define TDP_OUTCOME_LIST(X)						\
	X(DONE,		"done",		"the operation completed")	\
	X(FAILED,	"failed",	"a modelled ioctl returned an errno") \
	X(GUEST_FAULT,	"guest_fault",	"an exception was delivered to the guest") \
	X(MMIO,		"mmio",		"the access is emulated as MMIO") \
	X(EMULATE,	"emulate",	"KVM emulates the instruction")	\
	X(NESTED_EXIT,	"nested_exit",	"an exit was reflected to L1")	\
	X(LIVELOCK,	"livelock",	"the same steps repeat without progress") \
	X(BLOCKED,	"blocked",	"the task sleeps until userspace serves a page") \
	X(INTERNAL_ERROR, "internal_error", "KVM_RUN ended with KVM_EXIT_INTERNAL_ERROR") \
	X(SHUTDOWN,	"shutdown",	"the guest took a triple fault") \
	X(ENTRY_FAILED,	"entry_failed",	"hardware refused to enter the guest") \
	X(KERNEL_BUG, "kernel_bug", \
	  "a bug of the kernel has hit: what follows is chance") \
	X(REFUSED, "refused", "userspace or the guest asked for what no CPU or kernel allows")
/* clang-format on */

/** enum tdp_outcome - how an operation ended */
/* clang-format off */
enum tdp_outcome {
#define X(name, text, about) TDP_OUTCOME_##name,
	TDP_OUTCOME_LIST(X)
#undef X
	TDP_NR_OUTCOMES
};
/* clang-format on */

/*
 *	X(name, spelling, which check decided)
 *
 * Checks of the software: KVM's and the model's.  Those of the hardware walk
 * are enum tdp_walk_reason.
 */
/* clang-format off */
#define TDP_REASON_LIST(X)						\
	X(NONE,			"none",			"nothing stood in the way") \
	/* KVM_PRE_FAULT_MEMORY */					\
	X(NO_IOCTL,		"no_ioctl",		"this kernel has no such ioctl") \
	X(FLAGS,		"flags",		"flags must be zero") \
	X(UNALIGNED,		"unaligned",		"gpa or size is no multiple of 4 KiB") \
	X(EMPTY_OR_WRAPS,	"empty_or_wraps",	"size is zero or gpa + size wraps") \
	X(SIGNAL,		"signal",		"a signal is pending") \
	X(HANDLER_NOT_TDP, "handler_not_tdp", \
	  "the loaded MMU does not take guest-physical faults") \
	X(IN_SMM,		"in_smm",		"refused for a vCPU in SMM") \
	X(IN_GUEST_MODE,	"in_guest_mode",	"refused for a vCPU that runs L2") \
	X(VM_HAS_RUN, "vm_has_run", "the behaviour refuses once a vCPU has run") \
	X(STALE_ROOT_LOOP, "stale_root_loop", "an obsolete root stays loaded: RETRY for ever") \
	X(GUEST_PTE_ABSENT, "guest_pte_absent", "the guest's own tables do not map the address") \
	X(GUEST_PTE_FORBIDS, "guest_pte_forbids", "the guest's own tables forbid the access") \
	/* resolving the pfn */						\
	X(NO_SLOT,		"no_slot",		"no memslot covers the gfn") \
	X(SLOT_DYING,		"slot_dying",		"the memslot is being deleted or moved") \
	X(GFN_TOO_HIGH,		"gfn_too_high",		"the gfn is beyond what the host can map") \
	X(MMIO_CACHING_OFF,	"mmio_caching_off",	"no MMIO SPTE may be made") \
	X(SLOT_READ_ONLY,	"slot_read_only",	"a write to a read-only memslot") \
	X(HOST_PROTECTED,	"host_protected",	"the host mapping forbids the access") \
	X(HOST_UNMAPPED, "host_unmapped", "nothing is mapped at the userspace address") \
	X(HOST_POISON,		"host_poison",		"the host page is poisoned") \
	X(HOST_BLOCKS, "host_blocks", "the host page waits for a userfault to be served") \
	/* handling the fault */					\
	X(MMIO_SPTE,		"mmio_spte",		"the SPTE marks MMIO") \
	X(MMIO_SPTE_STALE, "mmio_spte_stale", "the MMIO SPTE is of an older memslot generation") \
	X(WRITE_TRACKED,	"write_tracked",	"the gfn holds a shadowed guest table") \
	X(UNPROTECTED, "unprotected", "the guest's walk has to write its table: KVM lets it") \
	X(SPURIOUS,		"spurious",		"the SPTE already allows the access") \
	X(FAST_FIXED,		"fast_fixed",		"fixed without the MMU lock") \
	X(MAPPED,		"mapped",		"an SPTE was installed or changed") \
	X(INVALIDATED, "invalidated", "the host changed the page while it was looked up") \
	X(ROOT_OBSOLETE,	"root_obsolete",	"the root was invalidated meanwhile") \
	X(ROOT_INVISIBLE, "root_invisible", "the guest's root table is outside all memslots") \
	X(QUOTA_TOO_SMALL,	"quota_too_small",	"fewer than 64 shadow pages are allowed") \
	X(NO_MMU_PAGES,		"no_mmu_pages",		"no shadow page may be allocated") \
	X(WALK_MISMATCH, "walk_mismatch", "hardware walks more levels than KVM built") \
	/* the guest's own state */					\
	X(BAD_REGISTER,		"bad_register",		"no CPU accepts this register value") \
	X(BAD_MSR,		"bad_msr",		"no such MSR, or a reserved bit in it") \
	X(MTRR_DIVERGES, "mtrr_diverges", "the behaviour wants one setting for all vCPUs") \
	X(CPUID_AFTER_RUN, "cpuid_after_run", "CPUID may not change once the vCPU has run") \
	X(ROLE_FULL,		"role_full",		"the role word has no room for the field") \
	/* modes */							\
	X(HALTED,		"halted",		"the vCPU is halted until an event comes") \
	X(NOT_IN_SMM,		"not_in_smm",		"RSM outside SMM") \
	X(NOT_IN_GUEST_MODE,	"not_in_guest_mode",	"the vCPU does not run L2") \
	X(VIRTUALIZATION_OFF,	"virtualization_off",	"L1 has CR4.VMXE or EFER.SVME clear") \
	X(NO_NESTED_TDP, "no_nested_tdp", "L1 asked for nested TDP without TDP in L0") \
	X(BAD_EPTP,		"bad_eptp",		"VM entry refuses the EPT pointer") \
	X(VMCB12, "vmcb12", \
	  "no VMCB can be at the address that VMRUN was given, or its frame is gone") \
	X(NO_VMX, "no_vmx", "the vCPU has no CPUID yet, and so no VMX") \
	X(IN_VMX_OPERATION, "in_vmx_operation", "VMXON once more") \
	X(VMCS_POINTER, "vmcs_pointer", "no VMXON region or VMCS can be at the address") \
	X(VMCS_REVISION, "vmcs_revision", "the region does not have KVM's revision") \
	X(NO_VMCS12, "no_vmcs12", "no VMCS of L1 is current: VMfailInvalid") \
	X(VMCS_FIELD, "vmcs_field", "KVM's vmcs12 has no field of that encoding") \
	X(LAUNCH_STATE, "launch_state", "VMLAUNCH after an exit, or VMRESUME before one") \
	X(HSAVE, "hsave", "L1 has named no page to keep its own state in") \
	X(BAD_OPERAND, "bad_operand", \
	  "INVEPT, INVVPID or VMFUNC has a bad type, operand or index") \
	X(BAD_NESTED_STATE,	"bad_nested_state",	"KVM_SET_NESTED_STATE refuses the state") \
	X(NESTED_FORMAT, "nested_format", \
	  "the format of a nested state is the other vendor's") \
	X(NESTED_FLAGS, "nested_flags", \
	  "KVM_SET_NESTED_STATE refuses flags of the header") \
	X(NESTED_SIZE, "nested_size", \
	  "a nested state is too short for what its header says") \
	X(NESTED_ADDRESS, "nested_address", \
	  "no VMXON region, vmcs12 or vmcb12 can be at an address of the header") \
	X(TRIPLE_FAULT, "triple_fault", "a triple fault of the guest's own") \
	X(VM_DEAD, "vm_dead", "KVM has given up the VM") \
	X(SMRAM, "smram", "the state-save area of SMM can't be read or written") \
	X(PDPTRS,		"pdptrs",		"the PDPTEs can't be loaded") \
	X(APIC_ACCESS_PAGE,	"apic_access_page",	"the APIC-access page can't be mapped") \
	X(VIRTUAL_APIC_PAGE,	"virtual_apic_page",	"the virtual-APIC page can't be mapped") \
	X(PI_DESC_PAGE, "pi_desc_page", "the posted-interrupt descriptor can't be mapped") \
	X(MSR_BITMAP_PAGE,	"msr_bitmap_page",	"the MSR bitmap can't be read") \
	X(NPT_LA57_REFUSED,	"npt_la57_refused",	"kvm_amd does not load on a 5-level host") \
	/* memslots */							\
	X(BAD_SLOT, "bad_slot", "KVM_SET_USER_MEMORY_REGION refuses the slot") \
	X(NO_SUCH_SLOT, "no_such_slot", "there is no memslot of this number") \
	X(SLOT_FIXED, "slot_fixed", "a memslot keeps its size, its address and READONLY") \
	X(SLOT_OVERLAPS,	"slot_overlaps",	"the range overlaps another slot") \
	X(NOT_LOGGED,		"not_logged",		"the slot keeps no dirty log") \
	X(LPAGE_INFO_BOUNDS, "lpage_info_bounds", \
	  "lpage_info of the slot was read before its start") \
	X(UNSYNC_UPPER, "unsync_upper", \
	  "an upper table of the other address space became unsync") \
	X(QUIRK,		"quirk",		"KVM does not know the quirk") \
	/* private memory */						\
	X(VM_TYPE,		"vm_type",		"this kernel makes no VM of that type") \
	X(NO_PRIVATE_MEMORY, "no_private_memory", "VMs of this type have no private memory") \
	X(ATTRIBUTES,		"attributes",		"no such memory attribute") \
	X(PRIVATE_NO_SLOT, "private_no_slot", "the gfn is private, but no memslot covers it") \
	X(PRIVATE_NO_GMEM, "private_no_gmem", \
	  "the gfn is private, but its memslot has no guest_memfd")	\
	X(ATTRIBUTE_DIFFERS, "attribute_differs", \
	  "the access is private and the gfn is not, or the other way round") \
	X(BAD_GMEM, "bad_gmem", "no guest_memfd may have this size or these flags") \
	X(NO_GMEM,		"no_gmem",		"there is no guest_memfd of that number") \
	X(GMEM_SLOT, "gmem_slot", \
	  "a slot of a guest_memfd takes no dirty log, no KVM_MEM_READONLY and no change") \
	X(GMEM_RANGE, "gmem_range", "the guest_memfd ends before, or the offset is unaligned") \
	X(GMEM_BOUND, "gmem_bound", "another slot has that part of the guest_memfd") \
	X(GMEM_NO_MMAP, "gmem_no_mmap", "the guest_memfd was made without the flag for mmap") \
	X(GMEM_MAP_PRIVATE, "gmem_map_private", "a guest_memfd can only be mapped MAP_SHARED") \
	X(GMEM_NO_FAULT, "gmem_no_fault", "the host may not touch memory of this guest_memfd")
/* clang-format on */

/** enum tdp_reason - which check decided */
/* clang-format off */
enum tdp_reason {
#define X(name, text, about) TDP_WHY_##name,
	TDP_REASON_LIST(X)
#undef X
	TDP_NR_REASONS
};
/* clang-format on */

/** enum tdp_exit - the hardware exit that KVM handled last */
enum tdp_exit {
	TDP_EXIT_NONE,
	TDP_EXIT_EPT_VIOLATION,
	TDP_EXIT_EPT_MISCONFIG,
	TDP_EXIT_NPF,
	TDP_EXIT_PF, /* #PF intercept */
	TDP_EXIT_PML_FULL,
	TDP_EXIT_EXCEPTION, /* another exception, which L1 intercepts */
	TDP_NR_EXITS
};

/**
 * struct tdp_result - what the machine did
 *
 * Filled by every operation on a VM or vCPU that returns TDP_OK; fields that
 * do not apply are zero.  Plain data, owned by the caller.
 */
struct tdp_result {
	/** 0, or a negative Linux errno of the modelled system call */
	int ret;
	enum tdp_outcome outcome;
	enum tdp_reason reason;
	/** enum tdp_walk_reason of the last hardware walk; 0 if it succeeded */
	unsigned int walk_reason;

	/** arguments as the call leaves them (KVM_PRE_FAULT_MEMORY) */
	uint64_t gpa;
	uint64_t size;

	/** the mapping that served the operation; level 0 if there is none */
	enum tdp_level level;
	uint64_t spte;
	uint64_t hpa;
	enum tdp_memtype memtype; /* as the access sees it */
	/** root in use: role word, address space, number in the VM */
	uint32_t root_role;
	unsigned int root_as_id;
	unsigned int root_id;

	/** exception given to the guest: vector, error code, CR2 */
	unsigned int vector;
	uint64_t error_code;
	uint64_t fault_address;

	/** last hardware exit: its two information words, and what KVM made of them */
	enum tdp_exit exit;
	uint64_t exit_info1; /* qualification, EXITINFO1 or #PF code */
	uint64_t exit_info2; /* guest-physical or linear address */
	uint64_t pferr;      /* error code given to the MMU */

	/**
	 * outcome NESTED_EXIT: what L1 reads: exit reason and qualification,
	 * or EXITCODE, EXITINFO1 and EXITINFO2
	 */
	uint64_t l1_exit;
	uint64_t l1_info1;
	uint64_t l1_info2;

	/** counts over the operation */
	unsigned int exits;        /* hardware exits */
	unsigned int faults_fixed; /* of them: an SPTE was installed */
	unsigned int faults_spurious;
	unsigned int faults_fast; /* fixed by fast_page_fault */
	unsigned int mmio_exits;
	unsigned int mmu_pages;   /* page-table pages created */
	unsigned int refs;        /* entries that the last walk read */
	unsigned int guest_refs;  /* of them: the guest's */
	unsigned int nested_refs; /* of them: EPT's or NPT's */

	/** LIVELOCK: events of one round of the loop (tdp_vcpu_get_cycle()) */
	unsigned int cycle;

	/** KVM_EXIT_* of kvm_run, if the call filled it in */
	unsigned int exit_reason;
	/** kvm_run.memory_fault, if that is KVM_EXIT_MEMORY_FAULT (39) */
	uint64_t memory_fault_flags;
	uint64_t memory_fault_gpa;
	uint64_t memory_fault_size;
	/** MTRR/PAT/CR value read back, for register reads */
	uint64_t value;
};

TDP_API const char *tdp_outcome_name(enum tdp_outcome outcome);
TDP_API const char *tdp_outcome_about(enum tdp_outcome outcome);
TDP_API const char *tdp_reason_name(enum tdp_reason reason);
TDP_API const char *tdp_reason_about(enum tdp_reason reason);
TDP_API const char *tdp_exit_name(enum tdp_exit exit);

/**
 * tdp_errno_name() - name of a Linux errno, such as "ENOENT" for -2
 *
 * Return: a static string; "?" for a number that the model never returns.
 */
TDP_API const char *tdp_errno_name(int ret);

#ifdef __cplusplus
}
#endif
#endif
