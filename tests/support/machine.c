/* SPDX-License-Identifier: MIT */
#include "support/machine.h"

/* Run a call, then see that nothing inside is out of joint. */
static void well(struct machine *m, int status)
{
	if (status)
		fail_msg("%s: %s", tdp_status_name(status), m->err.message);
	if (tdp_vm_check(m->vm, &m->err))
		fail_msg("invariant: %s", m->err.message);
}

void machine_init(struct machine *m, enum tdp_vendor vendor,
		  const char *profile)
{
	*m = (struct machine){ .vm = NULL };
	tdp_host_config_init(&m->host, vendor);
	assert_int_equal(tdp_kvm_config_init(&m->kvm, profile, NULL), TDP_OK);
}

void machine_set(struct machine *m, const char *behaviour, const char *value)
{
	if (tdp_kvm_config_set(&m->kvm, behaviour, value, &m->err))
		fail_msg("%s", m->err.message);
}

void machine_start(struct machine *m)
{
	well(m, tdp_vm_create(&m->host, &m->kvm, &m->vm, &m->result, &m->err));
	assert_non_null(m->vm);
}

void machine_end(struct machine *m)
{
	tdp_vm_destroy(m->vm);
}

struct tdp_vcpu *machine_vcpu(struct machine *m, unsigned int maxphyaddr)
{
	const struct tdp_cpuid cpuid = {
		.maxphyaddr = maxphyaddr,
		.lm = true,
		.nx = true,
		.gbpages = true,
		.la57 = true,
		.smep = true,
		.smap = true,
		.pke = true,
		.mtrr = true,
	};

	well(m, tdp_vcpu_create(m->vm, &m->vcpu, &m->err));
	well(m, tdp_vcpu_set_cpuid(m->vcpu, &cpuid, &m->result));
	return m->vcpu;
}

void machine_slot(struct machine *m, unsigned int slot, unsigned int as_id,
		  uint64_t gpa, uint64_t size, enum tdp_backing backing)
{
	const struct tdp_memslot region = {
		.slot = slot,
		.as_id = as_id,
		.gpa = gpa,
		.size = size,
		.backing = backing,
	};

	well(m, tdp_vm_set_memslot(m->vm, &region, &m->result, &m->err));
	assert_int_equal(m->result.ret, 0);
}

int machine_prefault(struct machine *m, uint64_t gpa, uint64_t size)
{
	well(m, tdp_vcpu_prefault(m->vcpu, TDP_GPA(gpa), size, 0, &m->result,
				  &m->err));
	return m->result.ret;
}

int machine_back(struct tdp_vm *vm, uint64_t gpa, uint64_t size,
		 enum tdp_backing backing, struct tdp_error *err)
{
	const struct tdp_backing_change change = {
		.gpa = gpa,
		.size = size,
		.backing = backing,
	};

	return tdp_vm_set_backing(vm, &change, err);
}

enum tdp_outcome machine_access(struct machine *m, enum tdp_access_kind kind,
				uint64_t gva)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(gva),
		.kind = kind,
	};

	well(m, tdp_vcpu_access(m->vcpu, &access, &m->result, &m->err));
	return m->result.outcome;
}

void machine_long_mode(struct machine *m, uint64_t cr3)
{
	const struct tdp_sregs sregs = {
		.cr0 = 0x80010031,
		.cr3 = cr3,
		.cr4 = 0x20,
		.efer = 0xd00,
	};

	well(m, tdp_vcpu_set_sregs(m->vcpu, &sregs, &m->result));
	assert_int_equal(m->result.ret, 0);
}

void machine_poke(struct machine *m, uint64_t gpa, uint64_t value)
{
	well(m, tdp_vm_write(m->vm, 0, TDP_GPA(gpa), value, 8, &m->err));
}

unsigned int machine_roots(struct machine *m, uint32_t words[16])
{
	struct tdp_root_info info = { .id = 0 };
	unsigned int n = 0;

	while (tdp_vm_root_next(m->vm, info.id, &info))
		if (info.valid && n < 16)
			words[n++] = info.role;
	return n;
}
