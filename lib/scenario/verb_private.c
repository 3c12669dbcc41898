/* SPDX-License-Identifier: MIT */
/* Private memory: attributes, guest_memfd, types of VMs. */
#include "ops/stepped.h"
#include "scenario/machine.h"
#include "scenario/verb.h"
#include "tdpsim/gmem.h"

/* Attributes ----------------------------------------------------------------- */

struct attributes_args {
	uint64_t gpa;
	uint64_t size;
	uint64_t attributes;
	uint64_t flags;
};

static const struct arg attributes_rows[] = {
	ARG(struct attributes_args, gpa, type_address, .required = true,
	    .about = "first byte"),
	ARG(struct attributes_args, size, type_size, .required = true,
	    .about = "bytes"),
	ARG(struct attributes_args, attributes, type_attributes,
	    .otherwise = "PRIVATE", .about = "PRIVATE, or 0: shared"),
	ARG(struct attributes_args, flags, type_word, .otherwise = "0",
	    .about = "must be 0"),
};

static int run_set_attributes(struct run *run, const void *args)
{
	const struct attributes_args *a = args;

	return tdp_vm_set_attributes(run->vm, TDP_GPA(a->gpa), a->size,
				     a->attributes, a->flags,
				     &run->outcome.result, run->err);
}

static int begin_set_attributes(struct run *run, const void *args,
				struct op *op)
{
	const struct attributes_args *a = args;
	const struct attribute_change change = {
		.gpa = a->gpa,
		.size = a->size,
		.attributes = a->attributes,
		.flags = a->flags,
	};

	op_set_attributes(op, run->vm, &change, run->err);
	return TDP_OK;
}

const struct verb verb_set_attributes = {
	.name = "set_attributes",
	.about = "KVM_SET_MEMORY_ATTRIBUTES: make memory private or shared",
	.args = ARGS(attributes_rows, struct attributes_args),
	.fields = FIELDS_CALL,
	.run = run_set_attributes,
	.begin = begin_set_attributes,
	.slots_lock = true,
};

/* guest_memfd ---------------------------------------------------------------- */

static const struct arg gmem_rows[] = {
	ARG(struct gmem_args, size, type_size, .required = true,
	    .about = "bytes"),
	ARG(struct gmem_args, flags, type_gmem_flags, .otherwise = "0",
	    .about = "GUEST_MEMFD_FLAG_*, from 6.18 on"),
};

const struct args gmem_args = ARGS(gmem_rows, struct gmem_args);

static int run_create_gmem(struct run *run, const void *args)
{
	const struct gmem_args *a = args;

	return tdp_vm_create_gmem(run->vm, a->size, a->flags,
				  &run->outcome.result, run->err);
}

const struct verb verb_create_gmem = {
	.name = "create_gmem",
	.about =
		"KVM_CREATE_GUEST_MEMFD; value is the number of the file, from 1",
	.args = ARGS(gmem_rows, struct gmem_args),
	.fields = FIELDS_CALL | FIELDS_VALUE,
	.run = run_create_gmem,
};

struct punch_args {
	unsigned int gmem;
	uint64_t offset;
	uint64_t size;
};

static const struct arg punch_rows[] = {
	ARG(struct punch_args, gmem, type_number, .required = true,
	    .about = "number of the file"),
	ARG(struct punch_args, offset, type_size, .otherwise = "0",
	    .about = "first byte"),
	ARG(struct punch_args, size, type_size, .required = true,
	    .about = "bytes"),
};

static int run_punch(struct run *run, const void *args)
{
	const struct punch_args *a = args;

	return tdp_vm_punch_gmem(run->vm, a->gmem, a->offset, a->size,
				 &run->outcome.result, run->err);
}

const struct verb verb_punch_gmem = {
	.name = "punch_gmem",
	.about = "fallocate() makes a hole in a guest_memfd",
	.args = ARGS(punch_rows, struct punch_args),
	.fields = FIELDS_CALL,
	.run = run_punch,
};

static const struct arg map_rows[] = {
	ARG(struct tdp_gmem_map, gmem, type_number, .required = true,
	    .about = "number of the file"),
	ARG(struct tdp_gmem_map, hva, type_address, .required = true,
	    .about = "userspace address"),
	ARG(struct tdp_gmem_map, offset, type_size, .otherwise = "0",
	    .about = "first byte of the file"),
	ARG(struct tdp_gmem_map, size, type_size, .required = true,
	    .about = "bytes"),
	ARG(struct tdp_gmem_map, map_private, type_bool, .otherwise = "false",
	    .about = "MAP_PRIVATE instead of MAP_SHARED"),
};

static int run_map(struct run *run, const void *args)
{
	return tdp_vm_mmap_gmem(run->vm, args, &run->outcome.result, run->err);
}

const struct verb verb_mmap_gmem = {
	.name = "mmap_gmem",
	.about = "userspace maps a guest_memfd with mmap()",
	.args = ARGS(map_rows, struct tdp_gmem_map),
	.fields = FIELDS_CALL,
	.run = run_map,
};

struct touch_args {
	uint64_t hva;
	bool write;
};

static const struct arg touch_rows[] = {
	ARG(struct touch_args, hva, type_address, .required = true,
	    .about = "userspace address"),
	ARG(struct touch_args, write, type_bool, .otherwise = "false",
	    .about = "write instead of read"),
};

static int run_touch(struct run *run, const void *args)
{
	const struct touch_args *a = args;

	return tdp_vm_touch(run->vm, a->hva, a->write, &run->outcome.result,
			    run->err);
}

const struct verb verb_touch = {
	.name = "touch",
	.about =
		"userspace touches its own memory; EFAULT where it would get a signal",
	.args = ARGS(touch_rows, struct touch_args),
	.fields = FIELDS_CALL,
	.run = run_touch,
};

/* Types of VMs ----------------------------------------------------------------- */

struct create_vm_args {
	unsigned int type;
};

static const struct arg create_vm_rows[] = {
	ARG(struct create_vm_args, type, type_vm_type, .otherwise = "default",
	    .about = "what kind"),
};

static int run_create_vm(struct run *run, const void *args)
{
	const struct create_vm_args *a = args;
	struct tdp_host_config host = run->scenario->host;
	struct tdp_vm *vm;
	int ret;

	/* Nothing will be in it. */
	host.memory = UINT64_C(1) << 30;
	host.table_memory = UINT64_C(1) << 20;
	ret = tdp_vm_create_type(&host, &run->scenario->kvm, a->type, &vm,
				 &run->outcome.result, run->err);
	tdp_vm_destroy(vm);
	return ret;
}

const struct verb verb_create_vm = {
	.name = "create_vm",
	.about = "KVM_CREATE_VM for one more VM, which is closed at once",
	.args = ARGS(create_vm_rows, struct create_vm_args),
	.fields = FIELDS_CALL,
	.run = run_create_vm,
};
