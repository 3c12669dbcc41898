/* SPDX-License-Identifier: MIT */
/* KVM_CHECK_EXTENSION by kernel, as recorded in the cases V.caps; quirks. */
#include <errno.h>

#include "support/machine.h"

static const struct row {
	const char *name;
	const char *profile;
	bool tdp;
	unsigned int type;
	unsigned int cap;
	uint64_t device, vm;
} rows[] = {
	/* clang-format off */
	{ "quirks_5_17",	"v5.17", true, 0, TDP_CAP_DISABLE_QUIRKS2, 0, 0 },
	{ "quirks_6_12",	"v6.12", true, 0, TDP_CAP_DISABLE_QUIRKS2, 0xff, 0xff },
	{ "quirks_6_14",	"v6.14", true, 0, TDP_CAP_DISABLE_QUIRKS2, 0x1ff, 0x1ff },
	{ "quirks_6_18",	"v6.18", true, 0, TDP_CAP_DISABLE_QUIRKS2, 0x3ff, 0x3ff },
	{ "quirks_6_18_shadow",	"v6.18", false, 0, TDP_CAP_DISABLE_QUIRKS2, 0x1ff, 0x1ff },
	{ "quirks_7_1",		"v7.1", true, 0, TDP_CAP_DISABLE_QUIRKS2, 0x7ff, 0x7ff },
	{ "quirks_7_1_shadow",	"v7.1", false, 0, TDP_CAP_DISABLE_QUIRKS2, 0x5ff, 0x5ff },
	{ "old_quirks",		"v6.12", true, 0, TDP_CAP_DISABLE_QUIRKS, 1, 1 },
	{ "attributes",		"v6.12", true, 0, TDP_CAP_MEMORY_ATTRIBUTES, 8, 0 },
	{ "attributes_protected", "v6.12", true, 1, TDP_CAP_MEMORY_ATTRIBUTES, 8, 8 },
	{ "attributes_debian",	"v6.12.117", true, 0, TDP_CAP_MEMORY_ATTRIBUTES, 0, 0 },
	{ "gmem_6_7",		"v6.7", true, 0, TDP_CAP_GUEST_MEMFD, 0, 0 },
	{ "gmem_6_12",		"v6.12", true, 0, TDP_CAP_GUEST_MEMFD, 1, 0 },
	{ "gmem_6_12_protected", "v6.12", true, 1, TDP_CAP_GUEST_MEMFD, 1, 1 },
	{ "gmem_6_18",		"v6.18", true, 0, TDP_CAP_GUEST_MEMFD, 1, 1 },
	{ "gmem_debian",	"v6.12.117", true, 0, TDP_CAP_GUEST_MEMFD, 0, 0 },
	{ "flags_6_12",		"v6.12", true, 0, TDP_CAP_GUEST_MEMFD_FLAGS, 0, 0 },
	{ "flags_6_18",		"v6.18", true, 0, TDP_CAP_GUEST_MEMFD_FLAGS, 3, 3 },
	{ "flags_6_18_protected", "v6.18", true, 1, TDP_CAP_GUEST_MEMFD_FLAGS, 3, 1 },
	{ "types_6_7",		"v6.7", true, 0, TDP_CAP_VM_TYPES, 0, 0 },
	{ "types_6_12",		"v6.12", true, 0, TDP_CAP_VM_TYPES, 3, 3 },
	{ "types_6_12_shadow",	"v6.12", false, 0, TDP_CAP_VM_TYPES, 1, 1 },
	{ "prefault_6_8",	"v6.8", true, 0, TDP_CAP_PRE_FAULT_MEMORY, 0, 0 },
	{ "prefault_6_12",	"v6.12", true, 0, TDP_CAP_PRE_FAULT_MEMORY, 1, 1 },
	{ "prefault_shadow",	"v6.12", false, 0, TDP_CAP_PRE_FAULT_MEMORY, 0, 0 },
	/* clang-format on */
};

static uint64_t value_of(struct machine *m, unsigned int cap, bool device)
{
	uint64_t value = ~UINT64_C(0);

	assert_int_equal(
		tdp_vm_check_extension(m->vm, cap, device, &value, &m->err),
		TDP_OK);
	return value;
}

static void extension(void **state)
{
	const struct row *r = *state;
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	machine_set(&m, "tdp", r->tdp ? "on" : "off");
	assert_int_equal(tdp_vm_create_type(&m.host, &m.kvm, r->type, &m.vm,
					    &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(value_of(&m, r->cap, true), r->device);
	assert_int_equal(value_of(&m, r->cap, false), r->vm);
	machine_end(&m);
}

static void unknown_capability_is_unsupported(void **state)
{
	struct machine m;
	uint64_t value;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.18");
	machine_start(&m);
	assert_int_equal(
		tdp_vm_check_extension(m.vm, 165, false, &value, &m.err),
		TDP_EUNSUPPORTED);
	machine_end(&m);
}

static int disable(struct machine *m, uint64_t quirks)
{
	assert_int_equal(tdp_vm_disable_quirks(m->vm, quirks, &m->result),
			 TDP_OK);
	return m->result.ret;
}

/* Does deleting a slot zap the page of another one? */
static bool deletion_zaps_all(struct machine *m)
{
	const struct tdp_memslot gone = { .slot = 1 };
	struct tdp_vm_stats stats;

	machine_slot(m, 1, 0, GIB, MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_prefault(m, 0, 0x1000), 0);
	assert_int_equal(tdp_vm_set_memslot(m->vm, &gone, &m->result, &m->err),
			 TDP_OK);
	tdp_vm_get_stats(m->vm, &stats);
	return !stats.pages_4k;
}

static const struct quirk_row {
	const char *name;
	const char *profile;
	const char *configured; /* quirk.slot_zap_all of the VM */
	bool zaps_after_other;  /* ... once another quirk was disabled, too */
} quirk_rows[] = {
	{ "last_counts", "v6.15", "on", true },
	{ "accumulates", "v6.16", "on", false },
	{ "off_stays_off", "v6.15", "off", false },
};

static void quirks(void **state)
{
	const struct quirk_row *r = *state;
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	machine_set(&m, "quirk.slot_zap_all", r->configured);
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(disable(&m, UINT64_C(1) << 40), -EINVAL);
	assert_int_equal(disable(&m, TDP_QUIRK_SLOT_ZAP_ALL), 0);
	assert_false(deletion_zaps_all(&m));
	assert_int_equal(disable(&m, UINT64_C(1)), 0);
	assert_int_equal(deletion_zaps_all(&m), r->zaps_after_other);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, extension),
		CASE(unknown_capability_is_unsupported),
		ROWS(quirk_rows, quirks),
	};

	return RUN("capability", suites);
}
