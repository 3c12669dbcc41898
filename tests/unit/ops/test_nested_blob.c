/* SPDX-License-Identifier: MIT */
/* struct kvm_nested_state as bytes, there and back. */
#include <errno.h>

#include "l2.h"
#include "tdpsim/vmx.h"

#define SIZE TDP_NESTED_BLOB_SIZE

static uint64_t word(const uint8_t *bytes, unsigned int offset,
		     unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, bytes + offset, size);
	return value;
}

/* Everything in use that a vendor has. */
static struct tdp_nested_state full_state(enum tdp_vendor vendor)
{
	struct tdp_nested_state state = l2_state(vendor);

	state.tdp = true;
	state.tdp_root = vendor == TDP_INTEL ? EPTP12 : NCR3;
	state.l2.cr3 = 0x200008;
	state.exceptions = 0x4040;
	l2_use(&state, TDP_NESTED_MSR_BITMAP);
	if (vendor == TDP_AMD)
		return state;
	l2_use(&state, TDP_NESTED_APIC_ACCESS);
	l2_use(&state, TDP_NESTED_VIRTUAL_APIC);
	l2_use(&state, TDP_NESTED_PI_DESC);
	state.cr8_exiting = true;
	state.vpid = 7;
	state.pml = true;
	state.pml_index = 500;
	state.pml_address = 0x25000;
	state.eptp_switching = true;
	state.eptp_list = 0x26000;
	state.pfec_mask = 3;
	state.pfec_match = 2;
	return state;
}

static void get(struct machine *m, uint8_t *bytes)
{
	assert_int_equal(
		tdp_vcpu_get_nested_blob(m->vcpu, bytes, SIZE, &m->result),
		TDP_OK);
	assert_int_equal(m->result.ret, 0);
}

static int set(struct machine *m, const uint8_t *bytes, size_t size)
{
	assert_int_equal(tdp_vcpu_set_nested_blob(m->vcpu, bytes, size,
						  &m->result, &m->err),
			 TDP_OK);
	return m->result.ret;
}

static void start(struct machine *m, enum tdp_vendor vendor, uint8_t *bytes)
{
	struct tdp_nested_state state = full_state(vendor);

	machine_init(m, vendor, "v6.12");
	l2_start(m);
	assert_int_equal(tdp_vcpu_set_sregs(m->vcpu, &state.l2, &m->result),
			 TDP_OK);
	assert_int_equal(
		tdp_vcpu_set_nested_state(m->vcpu, &state, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.ret, 0);
	get(m, bytes);
}

static const struct vendor_row {
	const char *name;
	enum tdp_vendor vendor;
} vendors[] = { { "vmx", TDP_INTEL }, { "svm", TDP_AMD } };

static void fields_survive(void **state)
{
	const struct vendor_row *r = *state;
	struct tdp_nested_state was = full_state(r->vendor), is;
	uint8_t bytes[SIZE], again[SIZE];
	struct machine m;

	start(&m, r->vendor, bytes);
	assert_int_equal(set(&m, bytes, SIZE), 0);
	get(&m, again);
	assert_memory_equal(bytes, again, SIZE);
	tdp_vcpu_get_nested_state(m.vcpu, &is, &m.result);
	assert_int_equal(is.tdp, was.tdp);
	assert_int_equal(is.tdp_root, was.tdp_root);
	assert_int_equal(is.exceptions, was.exceptions);
	assert_memory_equal(is.has_page, was.has_page, sizeof(is.has_page));
	assert_memory_equal(is.page, was.page, sizeof(is.page));
	assert_int_equal(is.cr8_exiting, was.cr8_exiting);
	assert_int_equal(is.vpid, was.vpid);
	assert_int_equal(is.pml, was.pml);
	assert_int_equal(is.pml_index, was.pml_index);
	assert_int_equal(is.pml_address, was.pml_address);
	assert_int_equal(is.eptp_switching, was.eptp_switching);
	assert_int_equal(is.eptp_list, was.eptp_list);
	assert_int_equal(is.pfec_mask, was.pfec_mask);
	assert_int_equal(is.pfec_match, was.pfec_match);
	assert_int_equal(is.l1.cr3, was.l1.cr3);
	assert_int_equal(is.l1.efer, was.l1.efer);
	assert_int_equal(is.l2.cr3, was.l2.cr3);
	machine_end(&m);
}

/* KVM's layout of vmcs12, behind a header of 128 bytes. */
static void vmx_layout(void **state)
{
	static const struct {
		unsigned int offset, size;
		uint64_t value;
	} rows[] = {
		{ 0, 2, 1 },
		{ 2, 2, 0 },
		{ 4, 4, SIZE },
		{ 128, 4, 0x11e57ed0 },
		{ 128 + 8, 4, 0 },
		{ 128 + 56, 8, MSR_BITMAP },
		{ 128 + 96, 8, 0x21000 },
		{ 128 + 104, 8, APIC_ACCESS },
		{ 128 + 112, 8, PI_DESC },
		{ 128 + 120, 8, EPTP12 },
		{ 128 + 176, 8, ~0ull },
		{ 128 + 312, 8, 0x25000 },
		{ 128 + 432, 8, 0x200008 },
		{ 128 + 592, 8, 0x100000 },
		{ 128 + 752, 4, 0x4040 },
		{ 128 + 804, 4, 0x22023 },
		{ 128 + 960, 2, 7 },
		{ 128 + 996, 2, 500 },
	};
	uint8_t bytes[SIZE];
	struct machine m;
	unsigned int i;

	(void)state;
	start(&m, TDP_INTEL, bytes);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (word(bytes, rows[i].offset, rows[i].size) != rows[i].value)
			fail_msg("at %u: 0x%llx", rows[i].offset,
				 (unsigned long long)word(bytes, rows[i].offset,
							  rows[i].size));
	machine_end(&m);
}

static void svm_layout(void **state)
{
	uint8_t bytes[SIZE];
	struct machine m;

	(void)state;
	start(&m, TDP_AMD, bytes);
	assert_int_equal(word(bytes, 0, 8), (uint64_t)SIZE << 32 | 0x10101);
	assert_int_equal(word(bytes, 128 + 8, 4), 0x4040);
	assert_int_equal(word(bytes, 128 + 0x48, 8), MSR_BITMAP);
	assert_int_equal(word(bytes, 128 + 0x90, 8), 1);
	assert_int_equal(word(bytes, 128 + 0xb0, 8), NCR3);
	assert_int_equal(word(bytes, 128 + 0x550, 8), 0x100000);
	machine_end(&m);
}

/* What is wrong with a buffer, one word of it at a time. */
static const struct row {
	const char *name;
	enum tdp_vendor vendor;
	unsigned int offset, size;
	uint64_t value;
	size_t length;
	int ret;
	enum tdp_reason why;
} rows[] = {
	/* clang-format off */
	{ "no_header", TDP_INTEL, 0, 2, 1, 127, -EFAULT, TDP_WHY_NESTED_SIZE },
	{ "cut", TDP_INTEL, 0, 2, 1, SIZE - 1, -EFAULT, TDP_WHY_NESTED_SIZE },
	{ "flags", TDP_INTEL, 0, 2, 0x41, SIZE, -EINVAL, TDP_WHY_NESTED_FLAGS },
	{ "format", TDP_INTEL, 2, 2, 1, SIZE, -EINVAL, TDP_WHY_NESTED_FORMAT },
	{ "size", TDP_INTEL, 4, 4, 128 + 997, SIZE, -EINVAL, TDP_WHY_NESTED_SIZE },
	{ "vmxon", TDP_INTEL, 8, 8, 1, SIZE, -EINVAL, TDP_WHY_NESTED_ADDRESS },
	{ "smm", TDP_INTEL, 24, 2, 2, SIZE, -EINVAL, TDP_WHY_NESTED_FLAGS },
	{ "deadline", TDP_INTEL, 28, 4, 2, SIZE, -EINVAL, TDP_WHY_NESTED_FLAGS },
	{ "revision", TDP_INTEL, 128, 4, 1, SIZE, -EINVAL, TDP_WHY_VMCS_REVISION },
	{ "controls", TDP_INTEL, 128 + 744, 4, 0, SIZE, -EINVAL, TDP_WHY_BAD_NESTED_STATE },
	{ "ept", TDP_INTEL, 128 + 120, 8, 0, SIZE, -EINVAL, TDP_WHY_BAD_EPTP },
	{ "host", TDP_INTEL, 128 + 584, 8, 0, SIZE, -EINVAL, TDP_WHY_BAD_NESTED_STATE },
	{ "guest", TDP_INTEL, 128 + 432, 8, 1ull << 63, SIZE, 2, TDP_WHY_BAD_REGISTER },
	{ "svm_format", TDP_AMD, 2, 2, 0, SIZE, -EINVAL, TDP_WHY_NESTED_FORMAT },
	{ "svm_vmcb", TDP_AMD, 8, 8, 1, SIZE, -EINVAL, TDP_WHY_NESTED_ADDRESS },
	{ "svm_asid", TDP_AMD, 128 + 0x58, 4, 0, SIZE, -EINVAL, TDP_WHY_BAD_NESTED_STATE },
	{ "svm_save", TDP_AMD, 128 + 0x558, 8, 0, SIZE, -EINVAL, TDP_WHY_BAD_NESTED_STATE },
	/* clang-format on */
};

static void is_refused(void **state)
{
	const struct row *r = *state;
	uint8_t bytes[SIZE];
	struct machine m;

	start(&m, r->vendor, bytes);
	memcpy(bytes + r->offset, &r->value, r->size);
	assert_int_equal(set(&m, bytes, r->length), r->ret);
	assert_int_equal(m.result.reason, r->why);
	machine_end(&m);
}

static void a_small_buffer_is_told_the_size(void **state)
{
	uint8_t bytes[SIZE];
	struct machine m;

	(void)state;
	start(&m, TDP_INTEL, bytes);
	tdp_vcpu_get_nested_blob(m.vcpu, bytes, SIZE - 1, &m.result);
	assert_int_equal(m.result.ret, -E2BIG);
	assert_int_equal(m.result.value, SIZE);
	machine_end(&m);
}

static void a_shadow_vmcs_is_not_modelled(void **state)
{
	uint8_t bytes[SIZE];
	struct machine m;

	(void)state;
	start(&m, TDP_INTEL, bytes);
	memset(bytes + 128 + 176, 0, 8);
	assert_int_equal(tdp_vcpu_set_nested_blob(m.vcpu, bytes, SIZE,
						  &m.result, &m.err),
			 TDP_EUNSUPPORTED);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(vendors, fields_survive),
		ROWS(rows, is_refused),
		CASE(vmx_layout),
		CASE(svm_layout),
		CASE(a_small_buffer_is_told_the_size),
		CASE(a_shadow_vmcs_is_not_modelled),
	};

	return RUN("nested_blob", suites);
}
