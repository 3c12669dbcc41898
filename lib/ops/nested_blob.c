/* SPDX-License-Identifier: MIT */
/*
 * struct kvm_nested_state as bytes: header, then vmcs12 or vmcb12.  Of those,
 * what the model holds; the rest is 0.
 *
 * KVM 6.12: vmx_get_nested_state(), svm_get_nested_state() and their
 * counterparts; include/uapi/asm/kvm.h
 */
#include <errno.h>

#include "base/error.h"
#include "ops/nested.h"
#include "ops/nested_vmcb.h"
#include "ops/vmcs12.h"
#include "tdpsim/vmx.h"

#define HEADER 128u

static bool is_vmx(const struct tdp_vcpu *vcpu)
{
	return vcpu->vm->host.vendor == TDP_INTEL;
}

/* L1 is in VMX operation; nested_enter may have said so without VMXON. */
static void header_vmx(const struct tdp_vcpu *vcpu,
		       struct tdp_nested_header *header)
{
	const struct vcpu_vmx *vmx = &vcpu->vmx;
	bool smm_guest = vcpu->smm_state.guest_mode;
	bool described = (vcpu->guest_mode && !vmx->vmxon) ||
			 (smm_guest && !vmx->smm_vmxon);

	tdp_vcpu_nested_header(vcpu, described || vmx->has_vmptr, header);
	header->flags = 0;
	if (vmx->vmxon || vmx->smm_vmxon) {
		header->vmxon = vmx->vmxon_ptr;
		header->vmcs12 = vmx->has_vmptr ? vmx->vmptr :
						  TDP_NESTED_NO_ADDRESS;
	}
	if (vmx->smm_vmxon || smm_guest)
		header->smm_flags |= TDP_NESTED_SMM_VMXON;
	if (smm_guest)
		header->smm_flags |= TDP_NESTED_SMM_GUEST_MODE;
}

void tdp_vcpu_get_nested_header(const struct tdp_vcpu *vcpu,
				struct tdp_nested_header *header)
{
	if (is_vmx(vcpu)) {
		header_vmx(vcpu, header);
	} else {
		tdp_vcpu_nested_header(vcpu, vcpu->guest_mode, header);
		header->vmcb = vcpu->guest_mode && vcpu->has_vmcb12 ?
				       vcpu->vmcb12 :
				       0;
	}
	if (vcpu->guest_mode)
		header->flags |= TDP_NESTED_GUEST_MODE;
	if (vcpu->guest_mode && vcpu->nested_run_pending)
		header->flags |= TDP_NESTED_RUN_PENDING;
}

/* The header's bytes ------------------------------------------------------------ */

struct member {
	unsigned int offset, size;
	void *value;
};

#define MEMBER(at, h, name)                       \
	{                                         \
		at, sizeof((h)->name), &(h)->name \
	}

static void header_move(struct tdp_nested_header *h, uint8_t *bytes, bool vmx,
			bool out)
{
	/* clang-format off */
	const struct member members[] = {
		MEMBER(0, h, flags), MEMBER(2, h, format), MEMBER(4, h, size),
		MEMBER(8, h, vmxon), MEMBER(16, h, vmcs12),
		MEMBER(24, h, smm_flags), MEMBER(28, h, vmx_flags),
	};
	/* clang-format on */
	unsigned int i, nr = vmx ? ARRAY_SIZE(members) : 3;

	for (i = 0; i < nr; i++) {
		uint8_t *at = bytes + members[i].offset;

		if (out)
			memcpy(at, members[i].value, members[i].size);
		else
			memcpy(members[i].value, at, members[i].size);
	}
	if (vmx)
		return;
	if (out)
		memcpy(bytes + 8, &h->vmcb, sizeof(h->vmcb));
	else
		memcpy(&h->vmcb, bytes + 8, sizeof(h->vmcb));
}

/* KVM_GET_NESTED_STATE ------------------------------------------------------------ */

/* On a copy: the ioctl changes nothing that could be seen. */
static void put_vmcs12(const struct tdp_vcpu *vcpu, uint8_t *bytes)
{
	struct tdp_vcpu copy = *vcpu;
	struct tdp_nested_state state = copy.nested;

	state.l1 = copy.l1;
	if (!copy.vmx.has_vmptr)
		vmcs12_encode(&copy, &state);
	if (copy.guest_mode)
		vmcs12_sync(&copy);
	vmcs12_to_bytes(&copy, bytes);
}

int tdp_vcpu_get_nested_blob(const struct tdp_vcpu *vcpu, void *buffer,
			     size_t size, struct tdp_result *result)
{
	struct tdp_nested_header header;
	uint8_t *bytes = buffer;

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	tdp_vcpu_get_nested_header(vcpu, &header);
	result->value = header.size;
	if (size < header.size)
		return result_fail(result, -E2BIG, TDP_WHY_NESTED_SIZE);
	memset(bytes, 0, header.size);
	header_move(&header, bytes, is_vmx(vcpu), true);
	if (header.size > HEADER && is_vmx(vcpu))
		put_vmcs12(vcpu, bytes + HEADER);
	else if (header.size > HEADER)
		vmcb_to_bytes(&vcpu->nested, &vcpu->l1, bytes + HEADER);
	result_end(vcpu, result);
	return TDP_OK;
}

/* KVM_SET_NESTED_STATE ------------------------------------------------------------ */

static int take_vmcs12(const struct tdp_vcpu *vcpu, const uint8_t *bytes,
		       struct nested_buffer *buffer, struct tdp_error *err)
{
	struct tdp_vcpu copy = *vcpu;
	uint32_t revision;

	memcpy(&revision, bytes, sizeof(revision));
	vmcs12_from_bytes(&copy, bytes);
	vmcs12_decode(&copy, &buffer->state);
	buffer->bad_revision = revision != VMCS12_REVISION;
	buffer->bad_controls = !vmcs12_controls_valid(&copy);
	if (!buffer->bad_revision &&
	    vmcs12_get(&copy, VMCS12_LINK_POINTER, false) != UINT64_MAX)
		return err_set(err, TDP_EUNSUPPORTED,
			       "vmcs12-fields: a VMCS link pointer");
	return TDP_OK;
}

static void take_vmcb12(const uint8_t *bytes, struct nested_buffer *buffer)
{
	struct vmcb12 vmcb;

	vmcb_from_bytes(bytes, &vmcb);
	buffer->state = vmcb.state;
	buffer->bad_controls = !vmcb_controls_valid(&vmcb);
}

int tdp_vcpu_set_nested_blob(struct tdp_vcpu *vcpu, const void *blob,
			     size_t size, struct tdp_result *result,
			     struct tdp_error *err)
{
	/* The table of members serves both ways: nothing is written here. */
	uint8_t header_bytes[HEADER];
	struct nested_buffer buffer = { 0 };
	struct tdp_nested_header header = { 0 };
	const uint8_t *bytes = blob;
	int ret = TDP_OK;

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (size < HEADER)
		return result_fail(result, -EFAULT, TDP_WHY_NESTED_SIZE);
	memcpy(header_bytes, bytes, HEADER);
	header_move(&header, header_bytes, is_vmx(vcpu), false);
	if (header.size > size)
		return result_fail(result, -EFAULT, TDP_WHY_NESTED_SIZE);
	if (header.size >= HEADER + VMCS12_SIZE && is_vmx(vcpu))
		ret = take_vmcs12(vcpu, bytes + HEADER, &buffer, err);
	else if (header.size >= HEADER + VMCS12_SIZE)
		take_vmcb12(bytes + HEADER, &buffer);
	return ret ? ret :
		     nested_set_state(vcpu, &header, &buffer, result, err);
}
