/* SPDX-License-Identifier: MIT */
/* The machine before the first step: VM, memslots, vCPUs. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "runner.h"

#define SIZE_1G (UINT64_C(1) << 30)

/* Memslots ---------------------------------------------------------------------- */

/* Where the scenario leaves it to us: congruent to @gpa modulo 1 GiB. */
static uint64_t pick_hva(struct runner *r, uint64_t gpa, uint64_t size)
{
	uint64_t hva = r->next_hva + (gpa & (SIZE_1G - 1));

	if (size > GUEST_HVA_END - hva)
		return 0;
	r->next_hva = (hva + size + SIZE_1G - 1) & ~(SIZE_1G - 1);
	return hva;
}

static struct region *region_new(struct runner *r)
{
	unsigned int i;

	for (i = 0; i < NR_REGIONS; i++)
		if (!r->regions[i].used && !r->regions[i].owner)
			return &r->regions[i];
	return NULL;
}

/* What KVM refuses whatever is behind it needs no memory. */
static bool is_plausible(const struct tdp_memslot *slot)
{
	return slot->size && !((slot->gpa | slot->size) % PAGE_BYTES) &&
	       !(slot->hva % PAGE_BYTES) && slot->size <= GUEST_HVA_END;
}

/* Memory for a slot that is new, or moved; NULL: skipped. */
static struct region *region_for(struct runner *r,
				 const struct tdp_memslot *slot, uint64_t hva)
{
	struct region *region = region_new(r);

	if (!region) {
		skip(r, "more than %d mappings", NR_REGIONS);
		return NULL;
	}
	region->slot = slot->slot;
	region->as_id = slot->as_id;
	region->gpa = slot->gpa;
	region->size = slot->size;
	region->hva = hva ? hva : pick_hva(r, slot->gpa, slot->size);
	if (region->hva < GUEST_HVA_START || region->hva >= GUEST_HVA_END ||
	    slot->size > GUEST_HVA_END - region->hva) {
		skip(r, "no room for a memslot of this size or address");
		return NULL;
	}
	if (is_mapped(r, region->hva))
		return region;
	if (region_map(r, region, slot))
		return NULL;
	/* What the notifiers said of mapping it is not the step's. */
	if (r->step && r->trace)
		trace_drop(r->trace);
	return region;
}

static uint32_t flags_of(const struct tdp_memslot *slot)
{
	return (slot->flag_readonly ? KVM_MEM_READONLY : 0) |
	       (slot->flag_dirty_log ? KVM_MEM_LOG_DIRTY_PAGES : 0);
}

static int set_region2(struct runner *r, const struct tdp_memslot *slot,
		       const struct kvm_userspace_memory_region *one)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = one->slot,
		.flags = one->flags | KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = one->guest_phys_addr,
		.memory_size = one->memory_size,
		.userspace_addr = one->userspace_addr,
		.guest_memfd_offset = slot->gmem_offset,
		.guest_memfd = (uint32_t)gmem_fd(r, slot->gmem),
	};

	return ioctl(r->vm, KVM_SET_USER_MEMORY_REGION2, &region);
}

static int set_region(struct runner *r, const struct tdp_memslot *slot,
		      uint64_t hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot->as_id << 16 | slot->slot,
		.flags = flags_of(slot),
		.guest_phys_addr = slot->gpa,
		.memory_size = slot->size,
		.userspace_addr = hva,
	};

	if (slot->gmem)
		return set_region2(r, slot, &region);
	return ioctl(r->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Returns what the ioctl does; -1 with a reason to skip set: not called. */
int memslot_set(struct runner *r, const struct tdp_memslot *slot, json_t *hvas)
{
	struct region *old = region_by_slot(r, slot->as_id, slot->slot);
	struct region *region = old;
	uint64_t hva = slot->hva;
	int ret;

	if (!old && is_plausible(slot)) {
		region = region_for(r, slot, hva);
		if (!region)
			return -1;
	}
	if (region && !hva)
		hva = region->hva;
	if (!hva)
		hva = GUEST_HVA_START;
	if (hvas)
		json_array_append_new(hvas, hex(hva));
	else if (slot->size)
		line_hex(r, "hva", hva);
	ret = set_region(r, slot, hva);
	if (ret < 0 || !region)
		return ret;
	region->used = slot->size;
	region->gpa = slot->gpa;
	region->flags = flags_of(slot);
	return ret;
}

static int make_gmem(struct runner *r, unsigned int nr)
{
	uint64_t size, flags;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		tdp_scenario_gmem(r->scenario, i, &size, &flags);
		if (gmem_create(r, size, flags) < 0)
			return r->why[0] ? -1 :
					   skip(r, "KVM_CREATE_GUEST_MEMFD: %s",
						strerror(errno));
	}
	return 0;
}

static int make_memslots(struct runner *r, unsigned int nr)
{
	json_t *hvas = json_array();
	unsigned int i;

	json_object_set_new(r->line, "hva", hvas);
	for (i = 0; i < nr; i++) {
		const struct tdp_memslot *slot = tdp_scenario_memslot(
			r->scenario, i);

		if (memslot_set(r, slot, hvas) < 0)
			return r->why[0] ? -1 :
					   skip(r, "memslot %u: %s", slot->slot,
						strerror(errno));
	}
	return 0;
}

static int write_memory(struct runner *r, unsigned int nr)
{
	struct tdp_content c;
	unsigned int i, k;

	for (i = 0; i < nr; i++) {
		tdp_scenario_memory(r->scenario, i, &c);
		for (k = 0; k < c.count; k++)
			if (!memory_write(r, c.as_id, c.gpa + k * c.size,
					  c.value + k * c.add, c.size))
				return skip(r,
					    "memory at 0x%llx can't be written",
					    (unsigned long long)c.gpa);
	}
	return 0;
}

/* vCPUs -------------------------------------------------------------------------- */

void vcpu_get_sregs(struct vcpu *v, struct tdp_sregs *sregs)
{
	struct kvm_sregs2 now = { 0 };

	ioctl(v->fd, KVM_GET_SREGS2, &now);
	*sregs = (struct tdp_sregs){
		.cr0 = now.cr0,
		.cr3 = now.cr3,
		.cr4 = now.cr4,
		.efer = now.efer,
	};
}

/* With segments for the payload, if there is one. */
int vcpu_set_sregs(struct runner *r, struct vcpu *v,
		   const struct tdp_sregs *sregs)
{
	struct kvm_sregs2 now = { 0 };

	if (ioctl(v->fd, KVM_GET_SREGS2, &now) < 0)
		return -1;
	now.cr0 = sregs->cr0;
	now.cr3 = sregs->cr3;
	now.cr4 = sregs->cr4;
	now.efer = sregs->efer;
	now.flags = 0;
	if (sregs->pdptrs_valid) {
		now.flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
		memcpy(now.pdptrs, sregs->pdptr, sizeof(now.pdptrs));
	}
	if (r->payload.used)
		payload_segments(r, place_of(v).page, &now);
	return ioctl(v->fd, KVM_SET_SREGS2, &now);
}

int vcpu_set_cpuid(struct runner *r, struct vcpu *v,
		   const struct tdp_cpuid *cpuid)
{
	union {
		struct kvm_cpuid2 head;
		char bytes[sizeof(struct kvm_cpuid2) +
			   256 * sizeof(struct kvm_cpuid_entry2)];
	} data;
	int ret;

	memset(&data, 0, sizeof(data));
	if (cpuid_make(r, cpuid, &data.head, 256) < 0)
		return -1;
	ret = ioctl(v->fd, KVM_SET_CPUID2, &data.head);
	if (!ret)
		v->cpuid = *cpuid;
	return ret;
}

int vcpu_set_smm(struct vcpu *v, bool smm)
{
	struct kvm_vcpu_events events;

	if (ioctl(v->fd, KVM_GET_VCPU_EVENTS, &events) < 0)
		return -1;
	events.flags = KVM_VCPUEVENT_VALID_SMM;
	events.smi.smm = smm;
	events.smi.pending = 0;
	return ioctl(v->fd, KVM_SET_VCPU_EVENTS, &events);
}

/* Registers at reset, but for segments that the payload can run in. */
static int set_segments(struct runner *r, struct vcpu *v)
{
	struct kvm_sregs2 now = { 0 };

	if (!r->payload.used)
		return 0;
	if (ioctl(v->fd, KVM_GET_SREGS2, &now) < 0)
		return -1;
	payload_segments(r, place_of(v).page, &now);
	return ioctl(v->fd, KVM_SET_SREGS2, &now);
}

static int make_vcpu(struct runner *r, unsigned int id)
{
	struct vcpu *v = &r->vcpus[id];
	struct tdp_vcpu_setup setup;

	tdp_scenario_vcpu(r->scenario, id, &setup);
	v->id = id;
	v->fd = ioctl(r->vm, KVM_CREATE_VCPU, (unsigned long)id);
	if (v->fd < 0)
		return skip(r, "KVM_CREATE_VCPU: %s", strerror(errno));
	r->nr_vcpus++;
	stats_open(&v->stats, v->fd);
	v->run = mmap(NULL, r->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->fd, 0);
	if (v->run == MAP_FAILED)
		return skip(r, "kvm_run: %s", strerror(errno));
	if (setup.has_cpuid && vcpu_set_cpuid(r, v, &setup.cpuid) < 0)
		return skip(r, "KVM_SET_CPUID2: %s", strerror(errno));
	if (setup.has_sregs ? vcpu_set_sregs(r, v, &setup.sregs) < 0 :
			      set_segments(r, v) < 0)
		return skip(r, "KVM_SET_SREGS2: %s", strerror(errno));
	if (setup.smm && vcpu_set_smm(v, true) < 0)
		return skip(r, "KVM_SET_VCPU_EVENTS: %s", strerror(errno));
	return 0;
}

/* VMX without unrestricted guest mode needs pages of KVM's own. */
static void set_vmx_pages(struct runner *r)
{
	uint64_t identity = 0xfffbc000;
	char value = 'Y';
	FILE *file;

	if (r->amd)
		return;
	file = fopen("/sys/module/kvm_intel/parameters/unrestricted_guest",
		     "re");
	if (!file)
		return;
	if (fread(&value, 1, 1, file) == 1 && value == 'N') {
		ioctl(r->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
		ioctl(r->vm, KVM_SET_TSS_ADDR, identity + PAGE_BYTES);
	}
	fclose(file);
}

int machine_make(struct runner *r)
{
	struct tdp_setup setup;
	unsigned int i;
	int ret;

	tdp_scenario_setup(r->scenario, &setup);
	line_text(r, "op", "KVM_CREATE_VM");
	if (setup.together)
		return skip(r, "what happens together has no order to carry "
			       "out");
	if (setup.vcpus > MAX_VCPUS)
		return skip(r, "more than %d vCPUs", MAX_VCPUS);
	r->next_hva = UINT64_C(0x3000000000);
	parameters_set(r);
	if (r->trace)
		trace_drop(r->trace);
	r->vm = ioctl(r->kvm, KVM_CREATE_VM, (unsigned long)setup.vm_type);
	if (r->vm < 0)
		return skip(r, "KVM_CREATE_VM of type %u: %s", setup.vm_type,
			    strerror(errno));
	stats_open(&r->stats, r->vm);
	set_vmx_pages(r);
	if (setup.irqchip && ioctl(r->vm, KVM_CREATE_IRQCHIP, 0))
		return skip(r, "KVM_CREATE_IRQCHIP: %s", strerror(errno));
	ret = make_gmem(r, setup.gmem);
	if (!ret)
		ret = make_memslots(r, setup.memslots);
	if (!ret)
		ret = write_memory(r, setup.memory);
	if (!ret && payload_slot_wanted(r))
		ret = payload_make(r);
	for (i = 0; i < setup.vcpus && !ret; i++)
		ret = make_vcpu(r, i);
	return ret;
}
