/* SPDX-License-Identifier: MIT */
/* KVM_SET_NESTED_STATE and KVM_GET_NESTED_STATE, as a migration calls them. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "nested.h"

#define HEADER_BYTES 128u
#define NO_ADDRESS   (~UINT64_C(0))
#define ANY_VMCS12   UINT64_C(0x1000)

/* KVM's struct, and room for two vmcs12. */
union buffer {
	struct kvm_nested_state state;
	uint8_t bytes[HEADER_BYTES + 2 * PAGE_BYTES];
};

static uint64_t number(const struct runner *r, const char *name)
{
	return tdp_step_number(r->scenario, r->step, name);
}

static uint64_t given(const struct runner *r, const char *name,
		      uint64_t otherwise)
{
	return tdp_step_has(r->scenario, r->step, name) ? number(r, name) :
							  otherwise;
}

/* What the step does not name is in order: see tdp_vcpu_nested_header(). */
static void make_header(struct runner *r, struct kvm_nested_state *state)
{
	bool guest_mode = number(r, "guest_mode");
	uint64_t flags = (guest_mode ? KVM_STATE_NESTED_GUEST_MODE : 0) |
			 (r->amd ? KVM_STATE_NESTED_GIF_SET : 0);

	state->flags = (uint16_t)given(r, "flags", flags);
	guest_mode = state->flags & KVM_STATE_NESTED_GUEST_MODE;
	state->format = (uint16_t)given(r, "format",
					r->amd ? KVM_STATE_NESTED_FORMAT_SVM :
						 KVM_STATE_NESTED_FORMAT_VMX);
	state->size = (uint32_t)given(
		r, "size", HEADER_BYTES + (guest_mode ? PAGE_BYTES : 0));
	if (r->amd) {
		state->hdr.svm.vmcb_pa = given(r, "vmcb",
					       payload_gpa(r, PAYLOAD_VMCB));
		return;
	}
	state->hdr.vmx.vmxon_pa = given(r, "vmxon",
					guest_mode ? 0 : NO_ADDRESS);
	state->hdr.vmx.vmcs12_pa = given(r, "vmcs12",
					 guest_mode ? ANY_VMCS12 : NO_ADDRESS);
	state->hdr.vmx.smm.flags = (uint16_t)number(r, "smm_flags");
	state->hdr.vmx.flags = (uint32_t)number(r, "vmx_flags");
}

/* vmcb12's controls, and L1's registers in its save area. */
static int make_vmcb(struct runner *r, struct vcpu *v, uint8_t *blob)
{
	struct tdp_sregs l1, l2;

	vcpu_get_sregs(v, &l2);
	l1 = l2;
	tdp_step_l1_sregs(r->scenario, r->step, &l1);
	v->l2.vmcb = payload_gpa(r, PAYLOAD_VMCB);
	nested_describe(r, v->l2.vmcb, &l2);
	memcpy(blob, payload_host(r, PAYLOAD_VMCB), PAGE_BYTES);
	nested_put_l1(r, blob, &l1);
	return nested_link(r, v, &l1, &l2);
}

static int check(struct runner *r, const struct kvm_nested_state *state)
{
	const char *other = nested_vmx_argument(r);

	if (!r->amd && ((state->flags & KVM_STATE_NESTED_GUEST_MODE) ||
			state->hdr.vmx.smm.flags))
		return skip(r, "the runner has no vmcs12");
	if (r->amd && other)
		return skip(r, "vmcb12 has no %s", other);
	if (state->size > sizeof(union buffer))
		return skip(r, "more than %zu bytes of nested state",
			    sizeof(union buffer));
	return 0;
}

int step_set_nested_state(struct runner *r, struct vcpu *v)
{
	static union buffer buffer;

	if (!r->payload.used)
		return skip(r, "no address is free for the payload");
	memset(&buffer, 0, sizeof(buffer));
	make_header(r, &buffer.state);
	if (check(r, &buffer.state))
		return -1;
	if (r->amd && (buffer.state.flags & KVM_STATE_NESTED_GUEST_MODE) &&
	    make_vmcb(r, v, buffer.bytes + HEADER_BYTES))
		return -1;
	op_add(r, "verb");
	line_result(r, "KVM_SET_NESTED_STATE",
		    ioctl(v->fd, KVM_SET_NESTED_STATE, &buffer.state));
	return 0;
}

int step_get_nested_state(struct runner *r, struct vcpu *v)
{
	static union buffer buffer;
	int ret;

	memset(&buffer, 0, sizeof(buffer));
	buffer.state.size = sizeof(buffer);
	ret = ioctl(v->fd, KVM_GET_NESTED_STATE, &buffer.state);
	if (ret < 0)
		return skip(r, "KVM_GET_NESTED_STATE: %s", strerror(errno));
	line_result(r, "KVM_GET_NESTED_STATE", ret);
	line_hex(r, "value", buffer.state.flags);
	return 0;
}

int step_set_mp_state(struct runner *r, struct vcpu *v)
{
	struct kvm_mp_state state = {
		.mp_state = number(r, "halted") ? KVM_MP_STATE_HALTED :
						  KVM_MP_STATE_RUNNABLE,
	};

	if (ioctl(v->fd, KVM_SET_MP_STATE, &state) < 0)
		return skip(r, "KVM_SET_MP_STATE: %s", strerror(errno));
	line_result(r, "KVM_SET_MP_STATE", 0);
	return 0;
}
