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
 */
struct tdp_access {
	tdp_gva gva;
	enum tdp_access_kind kind;
	bool user;
	bool implicit;
	unsigned int size;
	uint64_t value;
};

/**
 * tdp_vcpu_access() - KVM_RUN in which the guest makes one memory access
 *
 * Serves the pending requests, loads the MMU, then repeats hardware walk, exit
 * and fault handling until the access completes or something other than a
 * fix-up is due.  A cycle without progress ends as outcome LIVELOCK.
 *
 * Sources: KVM vcpu_enter_guest(), kvm_mmu_page_fault(); the walk is
 * tdp_walk()'s.
 *
 * Return: TDP_OK; TDP_ENOMEM; TDP_ELIMIT when page-table memory is used up;
 * TDP_EUNSUPPORTED for a situation that the model can't decide yet.
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

/** enum tdp_nested_page - structures that hang off vmcs12 or vmcb12 */
enum tdp_nested_page {
	TDP_NESTED_APIC_ACCESS,
	TDP_NESTED_VIRTUAL_APIC,
	TDP_NESTED_PI_DESC,
	TDP_NESTED_MSR_BITMAP,
	TDP_NR_NESTED_PAGES
};

/**
 * struct tdp_nested_state - L2 and what L1 says about it
 * @tdp:      L1 uses nested EPT or nested paging
 * @tdp_root: EPTP12 or vmcb12 nCR3
 * @mbec:     VMX, 7.2: mode-based execute control
 * @gmet:     SVM, 7.2: guest-mode execute trap
 * @l2:       L2's registers; SVM, KVM_SET_NESTED_STATE: not looked at, they are
 *            the vCPU's own already
 * @l1:       KVM_SET_NESTED_STATE only: what L1 runs with after L2 exits
 *            (host-state area of vmcs12, save area of vmcb01)
 * @has_page: structure in use; SVM has the MSR bitmap only
 * @page:     its guest-physical address
 * @cr8_exiting: CR8-load and CR8-store exiting are both on
 * @vpid:     VMX: vmcs12's VPID; 0: L1 gives L2 none
 * @pml:      VMX: L1 has page-modification logging on, into the page at
 *            @pml_address, at @pml_index next (511 downwards)
 * @eptp_switching: VMX: VM function 0, with the list at @eptp_list
 * @exceptions: bit by vector: exception bitmap, or vmcb12's intercepts
 * @pfec_mask, @pfec_match: VMX, for #PF: where the error code masked is not
 *            @pfec_match, bit 14 of @exceptions means the opposite
 */
struct tdp_nested_state {
	bool tdp;
	uint64_t tdp_root;
	bool mbec;
	bool gmet;
	struct tdp_sregs l2;
	struct tdp_sregs l1;
	bool has_page[TDP_NR_NESTED_PAGES];
	uint64_t page[TDP_NR_NESTED_PAGES];
	bool cr8_exiting;
	uint16_t vpid;
	bool pml;
	uint16_t pml_index;
	uint64_t pml_address;
	bool eptp_switching;
	uint64_t eptp_list;
	uint32_t exceptions;
	uint32_t pfec_mask;
	uint32_t pfec_match;
};

/**
 * tdp_vcpu_nested_enter() - L1 executes VMLAUNCH or VMRUN
 *
 * Outcomes: DONE; GUEST_FAULT (#UD) where L1 can't execute it; REFUSED if
 * VMLAUNCH fails without an exit, or if L2 executes it; NESTED_EXIT for an
 * entry that fails with one; INTERNAL_ERROR if a page that KVM needs is not
 * there; BLOCKED while that page waits for a userfault.
 *
 * Return: as tdp_vcpu_run(); TDP_EINVAL if @state names what the vendor lacks.
 */
TDP_API int tdp_vcpu_nested_enter(struct tdp_vcpu *vcpu,
				  const struct tdp_nested_state *state,
				  struct tdp_result *result,
				  struct tdp_error *err);
/**
 * struct tdp_vmrun - VMRUN as L1 executes it
 * @vmcb:    RAX: guest-physical address of vmcb12
 * @fetches: the processor does not tell the next RIP (no NRIPS), so that KVM
 *           fetches the instruction to skip it
 * @rip:     where it is; only looked at if @fetches
 */
struct tdp_vmrun {
	tdp_gpa vmcb;
	bool fetches;
	tdp_gva rip;
};

/**
 * tdp_vcpu_vmrun() - L1 executes VMRUN with a vmcb12 in its memory
 *
 * Controls and L2's registers are read from memory (APM 2: "VMCB Layout"), and
 * #VMEXIT writes exit code, exit information and L2's CR0, CR3, CR4 and EFER
 * back.  Outcomes as for tdp_vcpu_nested_enter(), and GUEST_FAULT (#GP) for an
 * address that no VMCB can have.  KVM: nested_svm_vmrun().
 *
 * Return: as tdp_vcpu_run(); TDP_EINVAL on Intel.
 */
TDP_API int tdp_vcpu_vmrun(struct tdp_vcpu *vcpu, const struct tdp_vmrun *vmrun,
			   struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_nested_exit_as() - tdp_vcpu_nested_exit() with an exit code
 * @code: exit reason, or EXITCODE of SVM, that L1 is told
 */
TDP_API int tdp_vcpu_nested_exit_as(struct tdp_vcpu *vcpu, uint64_t code,
				    struct tdp_result *result,
				    struct tdp_error *err);

/**
 * tdp_vcpu_nested_exit() - an event makes L2 exit to L1, before the next entry
 *
 * Outcome NESTED_EXIT; SHUTDOWN if L1's state can't be loaded.
 */
TDP_API int tdp_vcpu_nested_exit(struct tdp_vcpu *vcpu,
				 struct tdp_result *result,
				 struct tdp_error *err);
/** KVM_STATE_NESTED_*: flags of struct kvm_nested_state */
#define TDP_NESTED_GUEST_MODE  0x1u
#define TDP_NESTED_RUN_PENDING 0x2u
#define TDP_NESTED_EVMCS       0x4u
#define TDP_NESTED_MTF_PENDING 0x8u
#define TDP_NESTED_GIF_SET     0x100u

/** KVM_STATE_NESTED_SMM_*: what RSM goes back to on VMX */
#define TDP_NESTED_SMM_GUEST_MODE 0x1u
#define TDP_NESTED_SMM_VMXON      0x2u

/** KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE */
#define TDP_NESTED_VMX_DEADLINE 0x1u

/** No VMXON region, no current vmcs12. */
#define TDP_NESTED_NO_ADDRESS UINT64_MAX

/**
 * struct tdp_nested_header - header of struct kvm_nested_state
 * @flags:     TDP_NESTED_* that the kernel's flags are
 * @format:    0: VMX, 1: SVM
 * @size:      bytes, of header (128) and vmcs12 or vmcb12 (4096)
 * @vmcb:      SVM: guest-physical address of vmcb12
 * @vmxon:     VMX: of the VMXON region, or TDP_NESTED_NO_ADDRESS
 * @vmcs12:    VMX: of the current vmcs12, or TDP_NESTED_NO_ADDRESS
 * @smm_flags: VMX: TDP_NESTED_SMM_*
 * @vmx_flags: VMX: TDP_NESTED_VMX_DEADLINE or 0
 */
struct tdp_nested_header {
	uint16_t flags;
	uint16_t format;
	uint32_t size;
	uint64_t vmcb;
	uint64_t vmxon;
	uint64_t vmcs12;
	uint16_t smm_flags;
	uint32_t vmx_flags;
};

/**
 * tdp_vcpu_nested_header() - a header without fault
 * @guest_mode: it has GUEST_MODE, and room for vmcs12 or vmcb12
 * @header:     filled in; GIF is 1, and without GUEST_MODE there is no VMXON
 */
TDP_API void tdp_vcpu_nested_header(const struct tdp_vcpu *vcpu,
				    bool guest_mode,
				    struct tdp_nested_header *header);

/**
 * tdp_vcpu_set_nested_state_as() - KVM_SET_NESTED_STATE, header and all
 * @header: any values: those that KVM refuses fail as they do there, in its
 *          order of checks
 * @state:  what vmcs12 or vmcb12 says, and L2's registers; may be NULL if
 *          neither @header->flags nor @header->smm_flags has GUEST_MODE
 * @result: as for tdp_vcpu_set_nested_state()
 *
 * VMX leaves L2 before it looks at @header->vmcs12 and whether @header->size
 * has room for it; SVM only when all checks are done.  The model has neither
 * GIF, nor a monitor trap flag, nor an enlightened VMCS (which KVM refuses
 * unless it is switched on), nor a preemption timer.
 *
 * KVM: kvm_arch_vcpu_ioctl(), vmx_set_nested_state(), svm_set_nested_state().
 *
 * Return: TDP_OK; TDP_ENOMEM; TDP_EINVAL as for tdp_vcpu_nested_enter(), or if
 * @state is missing.
 */
TDP_API int tdp_vcpu_set_nested_state_as(struct tdp_vcpu *vcpu,
					 const struct tdp_nested_header *header,
					 const struct tdp_nested_state *state,
					 struct tdp_result *result,
					 struct tdp_error *err);

/**
 * tdp_vcpu_set_nested_state() - KVM_SET_NESTED_STATE with a header without fault
 * @state:  NULL: without; L2 is left if it is active
 * @result: ret is 0, -EINVAL, or the positive 2 that VMX hands out when L2's
 *          CR3 or PDPTEs are bad
 *
 * KVM: vmx_set_nested_state(), svm_set_nested_state().
 *
 * Return: TDP_OK; TDP_ENOMEM; TDP_EINVAL as for tdp_vcpu_nested_enter().
 */
TDP_API int tdp_vcpu_set_nested_state(struct tdp_vcpu *vcpu,
				      const struct tdp_nested_state *state,
				      struct tdp_result *result,
				      struct tdp_error *err);

/* Instructions that invalidate translations ---------------------------------- */

/** enum tdp_invpcid - types of INVPCID; SDM: "INVPCID" (2A) */
enum tdp_invpcid {
	TDP_INVPCID_ADDRESS = 0,
	TDP_INVPCID_CONTEXT = 1,
	TDP_INVPCID_ALL_GLOBAL = 2,
	TDP_INVPCID_ALL = 3,
};

/**
 * tdp_vcpu_invlpg() - the guest executes INVLPG at CPL 0
 * @gva: its operand; one that is not canonical is ignored
 *
 * A KVM_RUN.  With TDP the processor executes it, and KVM hears nothing; else
 * it exits, and KVM reads the entry again in the current and in all previous
 * roots, as far as unsync tables are on the way.
 * KVM: kvm_mmu_invlpg(), __kvm_mmu_invalidate_addr().
 *
 * Return: as tdp_vcpu_run().
 */
TDP_API int tdp_vcpu_invlpg(struct tdp_vcpu *vcpu, tdp_gva gva,
			    struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_invpcid() - the guest executes INVPCID at CPL 0
 * @type: enum tdp_invpcid; any other gives #GP
 * @pcid: first word of the descriptor: bits 63:12 must be 0, and all of it if
 *        CR4.PCIDE is 0 and the type takes a PCID
 * @gla:  linear address, for TDP_INVPCID_ADDRESS
 *
 * As tdp_vcpu_invlpg(); roots are told apart by the PCID of their CR3.
 * Outcomes: DONE; GUEST_FAULT (#GP).  The guest's CPUID is taken to have it.
 * KVM: kvm_handle_invpcid(), kvm_mmu_invpcid_gva(), kvm_invalidate_pcid().
 *
 * Return: as tdp_vcpu_run().
 */
TDP_API int tdp_vcpu_invpcid(struct tdp_vcpu *vcpu, uint64_t type,
			     uint64_t pcid, tdp_gva gla,
			     struct tdp_result *result, struct tdp_error *err);

/* Instructions of VMX -------------------------------------------------------- */

/** enum tdp_invept - types of INVEPT; SDM: "INVEPT" (3C) */
enum tdp_invept {
	TDP_INVEPT_SINGLE = 1,
	TDP_INVEPT_GLOBAL = 2,
};

/** enum tdp_invvpid - types of INVVPID; SDM: "INVVPID" (3C) */
enum tdp_invvpid {
	TDP_INVVPID_ADDRESS = 0,
	TDP_INVVPID_SINGLE = 1,
	TDP_INVVPID_ALL = 2,
	TDP_INVVPID_SINGLE_NON_GLOBAL = 3,
};

/**
 * tdp_vcpu_invept() - the guest executes INVEPT
 * @type: enum tdp_invept; any other fails
 * @eptp: of the descriptor; counts for TDP_INVEPT_SINGLE
 *
 * Outcomes: DONE; REFUSED for VMfailValid, with the VM-instruction error in
 * vmcs12; GUEST_FAULT (#UD) where L1 can't execute it; NESTED_EXIT if L2 does.
 * KVM: handle_invept().
 *
 * Return: as tdp_vcpu_run(); TDP_EINVAL on an AMD host.
 */
TDP_API int tdp_vcpu_invept(struct tdp_vcpu *vcpu, uint64_t type, uint64_t eptp,
			    struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_invvpid() - the guest executes INVVPID
 * @type: enum tdp_invvpid; any other fails
 * @vpid: first word of the descriptor: bits 63:16 must be 0
 * @gla:  linear address, for TDP_INVVPID_ADDRESS
 *
 * Outcomes and return as for tdp_vcpu_invept().  KVM: handle_invvpid().
 */
TDP_API int tdp_vcpu_invvpid(struct tdp_vcpu *vcpu, uint64_t type,
			     uint64_t vpid, tdp_gva gla,
			     struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_vmfunc() - the guest executes VMFUNC
 * @function: EAX; 0: EPTP switching
 * @index:    ECX: entry of the EPTP list
 *
 * Outcomes: DONE; GUEST_FAULT (#UD) outside L2, where L1 has not enabled VM
 * functions, and above 63; NESTED_EXIT where the function fails.
 * KVM: handle_vmfunc(), nested_vmx_eptp_switching().
 *
 * Return: as tdp_vcpu_invept().
 */
TDP_API int tdp_vcpu_vmfunc(struct tdp_vcpu *vcpu, uint32_t function,
			    uint32_t index, struct tdp_result *result,
			    struct tdp_error *err);

/* KVM_GET_NESTED_STATE ------------------------------------------------------- */

/* Flags of struct kvm_nested_state; include/uapi/asm/kvm.h */
#define TDP_NESTED_STATE_GUEST_MODE  UINT64_C(0x1)
#define TDP_NESTED_STATE_RUN_PENDING UINT64_C(0x2)
#define TDP_NESTED_STATE_GIF         UINT64_C(0x100)

/**
 * tdp_vcpu_get_nested_state() - KVM_GET_NESTED_STATE
 * @state:  receives what tdp_vcpu_set_nested_state() takes while L2 runs; may
 *          be NULL
 * @result: value has the flags; for SVM the global interrupt flag is set
 *
 * vmcs12 is read from the copy that KVM holds, vmcb12 likewise: no page of the
 * guest is touched.  KVM: vmx_get_nested_state(), svm_get_nested_state().
 *
 * Return: TDP_OK.
 */
TDP_API int tdp_vcpu_get_nested_state(const struct tdp_vcpu *vcpu,
				      struct tdp_nested_state *state,
				      struct tdp_result *result);

#ifdef __cplusplus
}
#endif
#endif
