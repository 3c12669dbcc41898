/* SPDX-License-Identifier: MIT */
/*
 * vmcs12 as KVM lays it out: in L1's memory, in the copy that KVM holds since
 * VMPTRLD, and in struct kvm_nested_state.  The fields that translation depends
 * on are held; what else a region has stays as it is.
 *
 * KVM 6.12: struct vmcs12; its layout is ABI.
 */
#ifndef TDPSIM_OPS_VMCS12_H
#define TDPSIM_OPS_VMCS12_H

#include "kvm/guest_mem.h"

#define VMCS12_REVISION     UINT32_C(0x11e57ed0)
#define VMCS12_SIZE         4096u
#define VMCS12_LAUNCH_STATE 8u /* offset, 32 bits */

/* clang-format off */
/*	X(enumerator, encoding, offset); SDM: "Field Encoding in VMCS" (3D) */
#define VMCS12_FIELDS(X)						\
	X(VPID,			0x0000, 960)				\
	X(PML_INDEX,		0x0812, 996)				\
	X(MSR_BITMAP,		0x2004, 56)				\
	X(PML_ADDRESS,		0x200e, 312)				\
	X(VIRTUAL_APIC,		0x2012, 96)				\
	X(APIC_ACCESS,		0x2014, 104)				\
	X(PI_DESC,		0x2016, 112)				\
	X(VM_FUNCTIONS,		0x2018, 296)				\
	X(EPT_POINTER,		0x201a, 120)				\
	X(EPTP_LIST,		0x2024, 304)				\
	X(GUEST_PHYSICAL,	0x2400, 168)				\
	X(LINK_POINTER,		0x2800, 176)				\
	X(GUEST_EFER,		0x2806, 200)				\
	X(GUEST_PDPTE0,		0x280a, 216)				\
	X(GUEST_PDPTE1,		0x280c, 224)				\
	X(GUEST_PDPTE2,		0x280e, 232)				\
	X(GUEST_PDPTE3,		0x2810, 240)				\
	X(HOST_EFER,		0x2c02, 264)				\
	X(PIN_BASED,		0x4000, 744)				\
	X(CPU_BASED,		0x4002, 748)				\
	X(EXCEPTIONS,		0x4004, 752)				\
	X(PFEC_MASK,		0x4006, 756)				\
	X(PFEC_MATCH,		0x4008, 760)				\
	X(EXIT_CONTROLS,	0x400c, 768)				\
	X(ENTRY_CONTROLS,	0x4012, 780)				\
	X(SECONDARY,		0x401e, 804)				\
	X(INSTRUCTION_ERROR,	0x4400, 808)				\
	X(EXIT_REASON,		0x4402, 812)				\
	X(EXIT_INTR_INFO,	0x4404, 816)				\
	X(EXIT_INTR_CODE,	0x4406, 820)				\
	X(EXIT_QUALIFICATION,	0x6400, 408)				\
	X(GUEST_CR0,		0x6800, 424)				\
	X(GUEST_CR3,		0x6802, 432)				\
	X(GUEST_CR4,		0x6804, 440)				\
	X(HOST_CR0,		0x6c00, 584)				\
	X(HOST_CR3,		0x6c02, 592)				\
	X(HOST_CR4,		0x6c04, 600)
/* clang-format on */

enum vmcs12_field {
#define X(id, encoding, offset) VMCS12_##id,
	VMCS12_FIELDS(X)
#undef X
		NR_VMCS12_FIELDS_LISTED
};

static_assert(NR_VMCS12_FIELDS_LISTED == NR_VMCS12_FIELDS, "see kvm/kvm.h");

/* What an encoding names. */
enum vmcs12_known {
	VMCS12_HELD,
	VMCS12_NOT_HELD, /* a field of KVM's vmcs12 that the model has not */
	VMCS12_UNKNOWN,  /* none of KVM's vmcs12 */
};
enum vmcs12_known vmcs12_find(uint64_t encoding, enum vmcs12_field *field,
			      bool *high);

/* VMREAD and VMWRITE; @high: of the upper half. */
uint64_t vmcs12_get(const struct tdp_vcpu *vcpu, enum vmcs12_field field,
		    bool high);
void vmcs12_set(struct tdp_vcpu *vcpu, enum vmcs12_field field, bool high,
		uint64_t value);

/* From L1's memory at @gpa into the copy, and back to vmx.vmptr. */
enum guest_mem_status vmcs12_load(struct tdp_vcpu *vcpu, uint64_t gpa);
enum guest_mem_status vmcs12_store(const struct tdp_vcpu *vcpu);

/* The same between the copy and VMCS12_SIZE bytes. */
void vmcs12_from_bytes(struct tdp_vcpu *vcpu, const uint8_t *bytes);
void vmcs12_to_bytes(const struct tdp_vcpu *vcpu, uint8_t *bytes);

/* Do the controls have the bits that VMX demands?  SDM: appendix A.3 to A.5 */
bool vmcs12_controls_valid(const struct tdp_vcpu *vcpu);

/* What the copy says, for an entry; L1's EFER as it is now. */
void vmcs12_decode(const struct tdp_vcpu *vcpu, struct tdp_nested_state *state);

/* Make the copy say what @state describes; other bits of controls stay. */
void vmcs12_encode(struct tdp_vcpu *vcpu, const struct tdp_nested_state *state);

/* L2's registers as they are now: KVM 6.12 sync_vmcs02_to_vmcs12(). */
void vmcs12_sync(struct tdp_vcpu *vcpu);

/* What L1 reads of an exit, from vcpu->vmcs12: KVM 6.12 prepare_vmcs12(). */
void vmcs12_sync_exit(struct tdp_vcpu *vcpu);

#endif
