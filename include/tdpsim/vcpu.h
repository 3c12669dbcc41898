/* SPDX-License-Identifier: MIT */
/* A virtual CPU: its registers, what its guest does, the ioctls on its fd. */
#ifndef TDPSIM_VCPU_H
#define TDPSIM_VCPU_H

#include "event.h"
#include "vm.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct tdp_cpuid - what KVM_SET_CPUID2 shows the guest
 * @maxphyaddr: CPUID 0x80000008 EAX[7:0]
 * @mtrr:       CPUID.1:EDX.MTRR
 * @lm, @nx, @gbpages, @la57, @smep, @smap, @pke: the feature's bit
 */
struct tdp_cpuid {
	unsigned int maxphyaddr;
	bool lm;
	bool nx;
	bool gbpages;
	bool la57;
	bool smep;
	bool smap;
	bool pke;
	bool mtrr;
};

/**
 * tdp_vcpu_create() - KVM_CREATE_VCPU; the vCPU starts at reset, without CPUID
 * @vcpu: receives a handle that the VM owns
 *
 * Return: TDP_OK; TDP_ENOMEM; TDP_ELIMIT beyond 1024 vCPUs.
 */
TDP_API int tdp_vcpu_create(struct tdp_vm *vm, struct tdp_vcpu **vcpu,
			    struct tdp_error *err);

/** tdp_vm_vcpu() - the vCPU of number @id; NULL if there is none */
TDP_API struct tdp_vcpu *tdp_vm_vcpu(struct tdp_vm *vm, unsigned int id);

/**
 * tdp_vcpu_set_cpuid() - KVM_SET_CPUID2
 *
 * After the vCPU has run: ret 0 if nothing changes, else -EINVAL (behaviour
 * cpuid.after_run).
 *
 * Return: TDP_OK; TDP_EINVAL if maxphyaddr is not 32..52.
 */
TDP_API int tdp_vcpu_set_cpuid(struct tdp_vcpu *vcpu,
			       const struct tdp_cpuid *cpuid,
			       struct tdp_result *result);
TDP_API void tdp_vcpu_get_cpuid(const struct tdp_vcpu *vcpu,
				struct tdp_cpuid *cpuid);

/**
 * struct tdp_sregs - the registers that decide about translation
 * @pdptrs_valid: @pdptr are given (KVM_SREGS2_FLAGS_PDPTRS_VALID); else they
 *                are read from memory at @cr3 when PAE paging is on
 */
struct tdp_sregs {
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	bool pdptrs_valid;
	uint64_t pdptr[4];
};

/**
 * tdp_vcpu_set_sregs() - KVM_SET_SREGS(2); ret -EINVAL for what no CPU accepts
 *
 * PDPTEs that can't be read, or that have reserved bits, are no error: the old
 * ones stay.  Outcome BLOCKED, with nothing changed, if their page waits for
 * a userfault.
 */
TDP_API int tdp_vcpu_set_sregs(struct tdp_vcpu *vcpu,
			       const struct tdp_sregs *sregs,
			       struct tdp_result *result);
TDP_API void tdp_vcpu_get_sregs(const struct tdp_vcpu *vcpu,
				struct tdp_sregs *sregs);

/** enum tdp_reg - registers that a guest writes one at a time */
enum tdp_reg {
	TDP_REG_CR0,
	TDP_REG_CR3,
	TDP_REG_CR4,
	TDP_REG_EFER,
	TDP_REG_PKRU,
	TDP_REG_RFLAGS, /* only AC matters here */
	TDP_NR_REGS
};

/**
 * tdp_vcpu_write_reg() - the guest executes MOV CR, WRMSR(EFER), WRPKRU, STAC
 *
 * A KVM_RUN: requests are served and the MMU is loaded first.  Outcome
 * GUEST_FAULT (#GP) for a value that the processor refuses.
 * KVM: kvm_set_cr0(), kvm_set_cr3(), kvm_set_cr4(), set_efer().
 *
 * Return: as tdp_vcpu_run().
 */
TDP_API int tdp_vcpu_write_reg(struct tdp_vcpu *vcpu, enum tdp_reg reg,
			       uint64_t value, struct tdp_result *result);
TDP_API uint64_t tdp_vcpu_read_reg(const struct tdp_vcpu *vcpu,
				   enum tdp_reg reg);

/**
 * tdp_vcpu_write_msr() - WRMSR by the guest, or KVM_SET_MSRS by userspace
 * @index: 0x277 (PAT), 0x2ff, 0x200..0x20f, 0x250..0x26f (MTRRs), 0xc0010117
 *         (VM_HSAVE_PA, AMD)
 * @host:  userspace writes: a refused value is ret -EINVAL, not #GP; else
 *         this is a KVM_RUN, as for tdp_vcpu_write_reg()
 *
 * KVM: kvm_mtrr_set_msr(), kvm_pat_valid().
 */
TDP_API int tdp_vcpu_write_msr(struct tdp_vcpu *vcpu, uint32_t index,
			       uint64_t value, bool host,
			       struct tdp_result *result);
TDP_API int tdp_vcpu_read_msr(const struct tdp_vcpu *vcpu, uint32_t index,
			      struct tdp_result *result);

/**
 * struct tdp_vmcs12 - fields of vmcs12 that L1 reads, and L0 writes
 * @exit_reason:       bit 31: the entry failed
 * @exit_qualification: of that exit
 * @guest_physical_address: of an exit because of EPT12
 * @instruction_error: VM-instruction error field, of the last VMfail
 * @pml_index:         PML index
 * @ept_pointer:       EPTP12, which VM function 0 changes
 * @exit_intr_info:    VM-exit interruption information: of an exception
 * @exit_intr_error_code: its error code
 */
struct tdp_vmcs12 {
	uint64_t exit_reason;
	uint64_t exit_qualification;
	uint64_t guest_physical_address;
	uint32_t instruction_error;
	uint16_t pml_index;
	uint64_t ept_pointer;
	uint32_t exit_intr_info;
	uint32_t exit_intr_error_code;
};

/** struct tdp_vcpu_state - what else there is to see of a vCPU */
struct tdp_vcpu_state {
	unsigned int id;
	bool smm;
	bool guest_mode;
	bool has_run;
	uint64_t
		cpu_role; /* of the current MMU: base in the low half, ext in the high */
	uint32_t root_role;   /* word that the current MMU wants */
	unsigned int root_id; /* root that is loaded; 0: none */
	unsigned int prev_root_id[3];
	bool nested_pages_pending;   /* KVM_REQ_GET_NESTED_STATE_PAGES */
	bool obsolete_roots_pending; /* KVM_REQ_MMU_FREE_OBSOLETE_ROOTS */
	bool signal_pending;
	struct tdp_vmcs12 vmcs12; /* VMX */
};

TDP_API void tdp_vcpu_get_state(const struct tdp_vcpu *vcpu,
				struct tdp_vcpu_state *state);

/* What runs ---------------------------------------------------------------- */

/**
 * struct tdp_access - one memory access of the guest
 * @gva:      linear address
 * @kind:     read, write, fetch, ...
 * @user:     at CPL 3
 * @implicit: implicit supervisor access
 * @size:     bytes, 1, 2, 4 or 8, not crossing a 4 KiB boundary; 0: what is
 *            stored or loaded does not matter
 * @value:    stored by a write of @size bytes
 * @pages:    accesses that the guest makes one after the other in this KVM_RUN,
 *            each 4 KiB further; 0 and 1: one, up to 2^20
 */
struct tdp_access {
	tdp_gva gva;
	enum tdp_access_kind kind;
	bool user;
	bool implicit;
	unsigned int size;
	uint64_t value;
	unsigned int pages;
};

/**
 * tdp_vcpu_access() - KVM_RUN in which the guest makes one memory access
 *
 * Serves the pending requests, loads the MMU, then repeats hardware walk, exit
 * and fault handling until the access completes or something other than a
 * fix-up is due.  A cycle without progress ends as outcome LIVELOCK.
 *
 * Of several accesses the first that does not complete ends the call; the
 * mapping in @result is that of the last one made.  Between them nothing exits
 * but what they cause: faults, and PML's buffer when it is full (exit
 * PML_FULL, which KVM drains before it goes on).
 *
 * Sources: KVM vcpu_enter_guest(), kvm_mmu_page_fault(); the walk is
 * tdp_walk()'s.
 *
 * Return: TDP_OK; TDP_ENOMEM; TDP_ELIMIT when page-table memory is used up;
 * TDP_EUNSUPPORTED for a situation that the model can't decide yet; TDP_EINVAL
 * for too many pages.
 */
TDP_API int tdp_vcpu_access(struct tdp_vcpu *vcpu,
			    const struct tdp_access *access,
			    struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_run() - KVM_RUN that leaves before the first instruction
 *
 * Requests are served and the MMU is loaded.
 *
 * Return: as tdp_vcpu_access().
 */
TDP_API int tdp_vcpu_run(struct tdp_vcpu *vcpu, struct tdp_result *result,
			 struct tdp_error *err);

/**
 * tdp_vcpu_emulate() - KVM_RUN in which KVM's emulator makes the access
 * @access: as for tdp_vcpu_access(); @implicit: a system table, at any CPL
 *
 * Outcomes: DONE, with gpa and, for a read, value; MMIO where no memslot is;
 * GUEST_FAULT (#PF) by the guest's own tables; NESTED_EXIT by those of L1;
 * BLOCKED by a userfault in a table.  KVM: kvm_mmu_gva_to_gpa_read() and its
 * like, emulator_write_phys(), kvm_inject_emulated_page_fault().
 *
 * Return: as tdp_vcpu_run().
 */
TDP_API int tdp_vcpu_emulate(struct tdp_vcpu *vcpu,
			     const struct tdp_access *access,
			     struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_set_mp_state() - KVM_SET_MP_STATE: RUNNABLE or HALTED
 * @halted: KVM_RUN sleeps (outcome BLOCKED, reason HALTED) until an SMI, an
 *          event that makes L2 exit, or this call with false
 *
 * KVM: kvm_arch_vcpu_ioctl_set_mpstate(), vcpu_block().
 */
TDP_API void tdp_vcpu_set_mp_state(struct tdp_vcpu *vcpu, bool halted);

struct tdp_walk_log;

/**
 * tdp_vcpu_translate() - what would this access do now?  Changes nothing
 * @log: receives every memory reference of the hardware walk; may be NULL
 */
TDP_API int tdp_vcpu_translate(struct tdp_vcpu *vcpu,
			       const struct tdp_access *access,
			       struct tdp_result *result,
			       struct tdp_walk_log *log, struct tdp_error *err);

/**
 * tdp_vcpu_kvm_translate() - KVM_TRANSLATE
 * @gva:    linear address; of L2 while L2 runs
 * @result: gpa is kvm_translation.physical_address, all ones if the address is
 *          not valid; then reason says why.  ret is 0 in any case.
 *
 * KVM's own walk, as a supervisor's read at any CPL.  It sets Accessed bits.
 * Outcome BLOCKED if a table's page waits for a userfault.
 * KVM: kvm_arch_vcpu_ioctl_translate(), kvm_mmu_gva_to_gpa_system().
 *
 * Return: TDP_OK; TDP_ENOMEM.
 */
TDP_API int tdp_vcpu_kvm_translate(struct tdp_vcpu *vcpu, tdp_gva gva,
				   struct tdp_result *result,
				   struct tdp_error *err);

/**
 * struct tdp_memtypes - how the vCPUs would access one page at this moment
 * @hpa:     host-physical address that the first vCPU which reaches one has
 * @vcpus:   how many vCPUs reach that address
 * @types:   their effective memory types, one bit 1 << enum tdp_memtype each
 * @aliased: the types differ: at once, one page is accessed in two ways
 *
 * The effective type is what the processor makes of the SPTE, the guest's PAT
 * and, where the guest's reaches hardware, CR0.CD (SDM: "Memory Type Used for
 * Translated Guest-Physical Addresses", 3C; APM 2: "Nested Paging").  The
 * manuals call accesses with different types to one page aliasing, and leave
 * the result open (SDM: "Programming the PAT", 3A).
 */
struct tdp_memtypes {
	uint64_t hpa;
	unsigned int vcpus;
	unsigned int types;
	bool aliased;
};

/**
 * tdp_vm_get_memtypes() - with which types do vCPUs see a page?
 * @gva: linear address, which each vCPU translates by itself: a supervisor's
 *       read.  vCPUs that would exit or fault, or have no root, don't count.
 *
 * Changes nothing.
 *
 * Return: TDP_OK, with vcpus 0 where nobody reaches a page; TDP_EUNSUPPORTED
 * as tdp_vcpu_translate().
 */
TDP_API int tdp_vm_get_memtypes(struct tdp_vm *vm, tdp_gva gva,
				struct tdp_memtypes *memtypes,
				struct tdp_error *err);

/**
 * tdp_vm_prefault_capability() - KVM_CHECK_EXTENSION of KVM_CAP_PRE_FAULT_MEMORY
 * @system: asked of /dev/kvm, else of the VM
 *
 * It says what the host can do: TDP or not.  Whether this vCPU can use the
 * ioctl right now hangs on its MMU, and only the ioctl tells.
 *
 * KVM 6.12: kvm_vm_ioctl_check_extension(); KVM_CAP_MAP_MEMORY, which had the
 * same number, in the postings of 2024.
 *
 * Return: the capability's value.
 */
TDP_API uint64_t tdp_vm_prefault_capability(const struct tdp_vm *vm,
					    bool system);

#define TDP_CYCLE_EVENTS 12

/**
 * struct tdp_cycle - what repeats in a loop without progress
 * @nr_events: events of one round; those beyond TDP_CYCLE_EVENTS are counted only
 * @event:     the round, in order: exits, what KVM traces of them, and which rule
 *             decided each time
 */
struct tdp_cycle {
	unsigned int nr_events;
	struct tdp_event event[TDP_CYCLE_EVENTS];
};

/**
 * tdp_vcpu_get_cycle() - one round of the loop that the last LIVELOCK was
 * @cycle: receives it; without events if the vCPU never was in one
 *
 * The round is recorded after the loop was recognized, whoever listens to the
 * VM; a listener does not hear it once more.
 */
TDP_API void tdp_vcpu_get_cycle(const struct tdp_vcpu *vcpu,
				struct tdp_cycle *cycle);

/**
 * tdp_vcpu_prefault() - KVM_PRE_FAULT_MEMORY
 * @gpa:    start, bytes
 * @size:   bytes
 * @flags:  must be 0 for a kernel that has the final interface
 * @result: ret, and gpa and size as the kernel writes them back
 *
 * KVM: kvm_vcpu_pre_fault_memory(), kvm_arch_vcpu_pre_fault_memory().
 *
 * Return: as tdp_vcpu_access().
 */
TDP_API int tdp_vcpu_prefault(struct tdp_vcpu *vcpu, tdp_gpa gpa, uint64_t size,
			      uint64_t flags, struct tdp_result *result,
			      struct tdp_error *err);

/**
 * tdp_vcpu_signal() - a signal becomes pending for the vCPU's thread
 * @after: 4 KiB pages that are pre-faulted before it does; 0: now
 */
TDP_API void tdp_vcpu_signal(struct tdp_vcpu *vcpu, uint64_t after);

/* Modes -------------------------------------------------------------------- */

/**
 * tdp_vcpu_smi() - KVM_SMI, and KVM_RUN up to where the SMI is taken
 *
 * A vCPU in SMM ignores it: outcome REFUSED.  A VM entry that VMLAUNCH, VMRUN
 * or RSM has begun is completed first.  CR0, CR3, CR4, EFER and SMBASE go to
 * SMBASE + 0xfe00 of address space 1, in the layout of AMD64 or, without long
 * mode in CPUID, of the P6; of L2 on SVM, where its vmcb12 is.  If they can't,
 * ret is -EIO, and so is every later call (behaviour smm.enter).  Outcome
 * BLOCKED while that page waits for a userfault.  KVM: enter_smm().
 *
 * Return: as tdp_vcpu_run().
 */
TDP_API int tdp_vcpu_smi(struct tdp_vcpu *vcpu, struct tdp_result *result,
			 struct tdp_error *err);
/**
 * tdp_vcpu_rsm() - the guest executes RSM; KVM: emulator_leave_smm()
 *
 * Whatever lies at SMBASE + 0xfe00 is loaded.  Outcome GUEST_FAULT (#UD)
 * outside SMM; SHUTDOWN, NESTED_EXIT or INTERNAL_ERROR if the state can't be
 * loaded (behaviour smm.rsm).
 *
 * Return: as tdp_vcpu_run().
 */
TDP_API int tdp_vcpu_rsm(struct tdp_vcpu *vcpu, struct tdp_result *result,
			 struct tdp_error *err);
/**
 * tdp_vcpu_triple_fault() - KVM_RUN in which the guest shuts down
 *
 * Outcome SHUTDOWN, on SVM with the vCPU reset; NESTED_EXIT from L2.
 * KVM: shutdown_interception(), handle_triple_fault().
 */
TDP_API int tdp_vcpu_triple_fault(struct tdp_vcpu *vcpu,
				  struct tdp_result *result,
				  struct tdp_error *err);
/** tdp_vcpu_set_smm() - KVM_SET_VCPU_EVENTS with KVM_VCPUEVENT_VALID_SMM */
TDP_API int tdp_vcpu_set_smm(struct tdp_vcpu *vcpu, bool smm,
			     struct tdp_result *result, struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
