/* SPDX-License-Identifier: MIT */
/* Private memory: attributes and guest_memfd. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner.h"

static uint64_t number(const struct runner *r, const char *name)
{
	return tdp_step_number(r->scenario, r->step, name);
}

int step_set_attributes(struct runner *r, struct vcpu *v)
{
	struct kvm_memory_attributes attributes = {
		.address = number(r, "gpa"),
		.size = number(r, "size"),
		.attributes = number(r, "attributes"),
		.flags = number(r, "flags"),
	};

	(void)v;
	line_result(r, "KVM_SET_MEMORY_ATTRIBUTES",
		    ioctl(r->vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes));
	return 0;
}

/* guest_memfd -------------------------------------------------------------------- */

int gmem_create(struct runner *r, uint64_t size, uint64_t flags)
{
	struct kvm_create_guest_memfd create = {
		.size = size,
		.flags = flags,
	};
	int fd;

	if (r->nr_gmem == MAX_GMEM)
		return skip(r, "more than %d guest_memfds", MAX_GMEM);
	fd = ioctl(r->vm, KVM_CREATE_GUEST_MEMFD, &create);
	if (fd >= 0)
		r->gmem[r->nr_gmem++] = fd;
	return fd;
}

int step_create_gmem(struct runner *r, struct vcpu *v)
{
	int fd = gmem_create(r, number(r, "size"), number(r, "flags"));

	(void)v;
	if (r->why[0])
		return -1;
	line_result(r, "KVM_CREATE_GUEST_MEMFD", fd < 0 ? -1 : 0);
	if (fd >= 0)
		line_hex(r, "value", r->nr_gmem);
	return 0;
}

/* Its descriptor; none has -1, which every call refuses with EBADF. */
int gmem_fd(const struct runner *r, uint64_t file)
{
	return file && file <= r->nr_gmem ? r->gmem[file - 1] : -1;
}

int step_punch_gmem(struct runner *r, struct vcpu *v)
{
	(void)v;
	line_result(r, "fallocate",
		    fallocate(gmem_fd(r, number(r, "gmem")),
			      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)number(r, "offset"),
			      (off_t)number(r, "size")));
	return 0;
}

int step_mmap_gmem(struct runner *r, struct vcpu *v)
{
	uint64_t hva = number(r, "hva"), size = number(r, "size");
	int kind = number(r, "map_private") ? MAP_PRIVATE : MAP_SHARED;
	const void *at;
	int error;

	(void)v;
	if (hva < GUEST_HVA_START || hva >= GUEST_HVA_END ||
	    size > GUEST_HVA_END - hva)
		return skip(r, "an address that may be the runner's own");
	if (gmem_fd(r, number(r, "gmem")) < 0) {
		errno = EBADF;
		line_result(r, "mmap", -1);
		return 0;
	}
	at = mmap((void *)hva, size, PROT_READ | PROT_WRITE, kind | MAP_FIXED,
		  gmem_fd(r, number(r, "gmem")), (off_t)number(r, "offset"));
	error = errno;
	/* Some kernels have unmapped what was there though they refuse. */
	pieces_forget(r, hva, size);
	errno = error;
	line_result(r, "mmap", at == MAP_FAILED ? -1 : 0);
	return 0;
}

/* One byte, by a call, which fails where an instruction would be signalled. */
int step_touch(struct runner *r, struct vcpu *v)
{
	void *at = (void *)number(r, "hva");
	bool write_it = number(r, "write");
	int ends[2], ret, error;

	(void)v;
	if (number(r, "hva") < GUEST_HVA_START ||
	    number(r, "hva") >= GUEST_HVA_END)
		return skip(r, "an address that may be the runner's own");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return skip(r, "no pipe to touch memory by");
	ret = write(ends[1], write_it ? "" : at, 1) == 1 ? 0 : -1;
	if (!ret && write_it)
		ret = read(ends[0], at, 1) == 1 ? 0 : -1;
	error = errno;
	close(ends[0]);
	close(ends[1]);
	errno = error;
	line_result(r, "touch", ret);
	return 0;
}
