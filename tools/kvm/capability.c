/* SPDX-License-Identifier: MIT */
/* What KVM says of itself, and calls about VMs as a whole. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner.h"

#define KVM_CAP_DISABLE_QUIRKS2_ 213u

static uint64_t number(const struct runner *r, const char *name)
{
	return tdp_step_number(r->scenario, r->step, name);
}

int step_check_extension(struct runner *r, struct vcpu *v)
{
	int ret = ioctl(number(r, "system") ? r->kvm : r->vm,
			KVM_CHECK_EXTENSION, number(r, "cap"));

	(void)v;
	if (ret < 0)
		return skip(r, "KVM_CHECK_EXTENSION: %s", strerror(errno));
	line_result(r, "KVM_CHECK_EXTENSION", 0);
	line_hex(r, "value", (uint64_t)ret);
	return 0;
}

int step_disable_quirks(struct runner *r, struct vcpu *v)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_DISABLE_QUIRKS2_,
		.args[0] = number(r, "quirks"),
	};

	(void)v;
	line_result(r, "KVM_ENABLE_CAP", ioctl(r->vm, KVM_ENABLE_CAP, &cap));
	return 0;
}

int step_create_vm(struct runner *r, struct vcpu *v)
{
	int fd = ioctl(r->kvm, KVM_CREATE_VM, number(r, "type"));

	(void)v;
	line_result(r, "KVM_CREATE_VM", fd < 0 ? -1 : 0);
	if (fd >= 0)
		close(fd);
	return 0;
}

/* The quota of the shadow MMU -------------------------------------------------- */

int step_set_nr_mmu_pages(struct runner *r, struct vcpu *v)
{
	(void)v;
	line_result(r, "KVM_SET_NR_MMU_PAGES",
		    ioctl(r->vm, KVM_SET_NR_MMU_PAGES, number(r, "pages")));
	return 0;
}

int step_get_nr_mmu_pages(struct runner *r, struct vcpu *v)
{
	int ret = ioctl(r->vm, KVM_GET_NR_MMU_PAGES, 0);

	(void)v;
	line_result(r, "KVM_GET_NR_MMU_PAGES", ret < 0 ? -1 : 0);
	if (ret >= 0)
		line_hex(r, "value", (uint32_t)ret);
	return 0;
}

/* Another VM ---------------------------------------------------------------------- */

static void close_vcpu(struct runner *r, struct vcpu *v)
{
	if (v->run && v->run != MAP_FAILED)
		munmap(v->run, r->run_bytes);
	stats_close(&v->stats);
	close(v->fd);
	memset(v, 0, sizeof(*v));
}

/* What notifiers say once the VM is gone reaches nobody. */
static void leave(struct runner *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_vcpus; i++)
		close_vcpu(r, &r->vcpus[i]);
	r->nr_vcpus = 0;
	stats_close(&r->stats);
	close(r->vm);
	for (i = 0; i < r->nr_gmem; i++)
		close(r->gmem[i]);
	r->nr_gmem = 0;
	regions_free(r);
	memset(&r->payload, 0, sizeof(r->payload));
	if (r->trace)
		trace_drop(r->trace);
}

int step_new_vm(struct runner *r, struct vcpu *v)
{
	(void)v;
	leave(r);
	op_add(r, "verb");
	return machine_make(r);
}
