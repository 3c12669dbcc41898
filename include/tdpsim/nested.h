/* SPDX-License-Identifier: MIT */
/* A vCPU that runs L2: entries, exits, and its state as KVM's ioctls have it. */
#ifndef TDPSIM_NESTED_H
#define TDPSIM_NESTED_H

#include "vcpu.h"

#ifdef __cplusplus
extern "C" {
#endif

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
 * @launched: VMX, KVM_SET_NESTED_STATE: vmcs12 says so; VMRESUME is next
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
	bool launched;
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
