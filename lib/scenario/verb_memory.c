/* SPDX-License-Identifier: MIT */
/* Memslots, what is behind them, and what is in them. */
#include "scenario/machine.h"
#include "ops/stepped.h"
#include "scenario/verb.h"

static const struct arg memslot_rows[] = {
	ARG(struct tdp_memslot, slot, type_number, .required = true,
	    .about = "number"),
	ARG_AS("as", struct tdp_memslot, as_id, type_number, .otherwise = "0",
	       .max = 1, .about = "address space; 1: SMM"),
	ARG(struct tdp_memslot, gpa, type_address, .required = true,
	    .about = "first byte"),
	ARG(struct tdp_memslot, size, type_size, .required = true,
	    .about = "bytes; 0 deletes the slot"),
	ARG(struct tdp_memslot, hva, type_address, .otherwise = "0",
	    .about = "userspace address; 0: one that is congruent to gpa"),
	ARG(struct tdp_memslot, backing, type_backing, .otherwise = "anonymous",
	    .about = "what userspace maps there"),
	ARG(struct tdp_memslot, untouched, type_bool, .otherwise = "false",
	    .about = "nobody has used that memory yet"),
	ARG_AS("host_readonly", struct tdp_memslot, read_only, type_bool,
	       .otherwise = "false", .about = "the host mapping is PROT_READ"),
	ARG_AS("readonly", struct tdp_memslot, flag_readonly, type_bool,
	       .otherwise = "false", .about = "KVM_MEM_READONLY"),
	ARG_AS("dirty_log", struct tdp_memslot, flag_dirty_log, type_bool,
	       .otherwise = "false", .about = "KVM_MEM_LOG_DIRTY_PAGES"),
	ARG(struct tdp_memslot, gmem, type_number, .otherwise = "0",
	    .about =
		    "number of a guest_memfd: KVM_SET_USER_MEMORY_REGION2; 0: none"),
	ARG(struct tdp_memslot, gmem_offset, type_size, .otherwise = "0",
	    .about = "byte of the guest_memfd behind gpa"),
};

const struct args memslot_args = ARGS(memslot_rows, struct tdp_memslot);

static int run_memslot(struct run *run, const void *args)
{
	return tdp_vm_set_memslot(run->vm, args, &run->outcome.result,
				  run->err);
}

const struct verb verb_memslot = {
	.name = "memslot",
	.about = "KVM_SET_USER_MEMORY_REGION: create, move or change a memslot",
	.args = ARGS(memslot_rows, struct tdp_memslot),
	.fields = FIELDS_CALL,
	.run = run_memslot,
	.slots_lock = true,
};

struct delete_args {
	unsigned int slot;
	unsigned int as_id;
	bool begin;
};

static const struct arg delete_rows[] = {
	ARG(struct delete_args, slot, type_number, .required = true,
	    .about = "number"),
	ARG_AS("as", struct delete_args, as_id, type_number, .otherwise = "0",
	       .max = 1, .about = "address space; 1: SMM"),
	ARG(struct delete_args, begin, type_bool, .otherwise = "false",
	    .about =
		    "another thread is halfway: invalid, zapped, not yet gone"),
};

static int run_delete_memslot(struct run *run, const void *args)
{
	const struct delete_args *a = args;
	const struct tdp_memslot gone = { .slot = a->slot, .as_id = a->as_id };

	if (a->begin)
		return tdp_vm_begin_delete_memslot(run->vm, a->as_id, a->slot,
						   &run->outcome.result);
	return tdp_vm_set_memslot(run->vm, &gone, &run->outcome.result,
				  run->err);
}

static int begin_delete_memslot(struct run *run, const void *args,
				struct op *op)
{
	const struct delete_args *a = args;

	if (!a->begin)
		op_delete_slot(op, run->vm, a->as_id, a->slot, run->err);
	return TDP_OK;
}

const struct verb verb_delete_memslot = {
	.name = "delete_memslot",
	.about = "KVM_SET_USER_MEMORY_REGION with size 0",
	.args = ARGS(delete_rows, struct delete_args),
	.fields = FIELDS_CALL,
	.run = run_delete_memslot,
	.begin = begin_delete_memslot,
	.slots_lock = true,
};

/* Backing ------------------------------------------------------------------ */

static const struct arg backing_rows[] = {
	ARG_AS("as", struct tdp_backing_change, as_id, type_number,
	       .otherwise = "0", .max = 1, .about = "address space; 1: SMM"),
	ARG(struct tdp_backing_change, gpa, type_address, .otherwise = "0",
	    .about = "first byte"),
	ARG(struct tdp_backing_change, hva, type_address, .otherwise = "0",
	    .about = "instead of gpa: the userspace address"),
	ARG(struct tdp_backing_change, size, type_size, .required = true,
	    .about = "bytes; all in one memslot"),
	ARG(struct tdp_backing_change, backing, type_backing, .required = true,
	    .about = "what is there from now on"),
	ARG(struct tdp_backing_change, untouched, type_bool,
	    .otherwise = "false", .about = "nobody has used that memory yet"),
	ARG_AS("host_readonly", struct tdp_backing_change, read_only, type_bool,
	       .otherwise = "false", .about = "the host mapping is PROT_READ"),
};

static int run_set_backing(struct run *run, const void *args)
{
	return tdp_vm_set_backing(run->vm, args, run->err);
}

static int begin_set_backing(struct run *run, const void *args, struct op *op)
{
	return op_set_backing(op, run->vm, args, run->err);
}

const struct verb verb_set_backing = {
	.name = "set_backing",
	.about =
		"userspace changes what is behind guest memory: munmap, mmap, mprotect, "
		"madvise, ftruncate, or a userfault served",
	.args = ARGS(backing_rows, struct tdp_backing_change),
	.run = run_set_backing,
	.begin = begin_set_backing,
};

/* Contents ----------------------------------------------------------------- */

static const struct arg poke_rows[] = {
	AS_ROW(struct poke_args),
	ARG(struct poke_args, gpa, type_address, .required = true,
	    .about = "first byte; each value lies in one page"),
	ARG(struct poke_args, value, type_word, .required = true,
	    .about = "stored little-endian"),
	ARG(struct poke_args, size, type_number, .otherwise = "8", .min = 1,
	    .max = 8, .about = "bytes"),
	ARG(struct poke_args, count, type_number, .otherwise = "1", .min = 1,
	    .max = 4096, .about = "values, one behind the other"),
	ARG(struct poke_args, add, type_word, .otherwise = "0",
	    .about =
		    "what each is more than the one before: entries of a table"),
};

const struct args poke_args = ARGS(poke_rows, struct poke_args);

int poke_write(struct tdp_vm *vm, const struct poke_args *poke,
	       struct tdp_error *err)
{
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < poke->count && !ret; i++)
		ret = tdp_vm_write(
			vm, poke->as, TDP_GPA(poke->gpa + i * poke->size),
			poke->value + i * poke->add, poke->size, err);
	return ret;
}

static int run_poke(struct run *run, const void *args)
{
	const struct poke_args *a = args;

	return poke_write(run->vm, a, run->err);
}

const struct verb verb_poke = {
	.name = "poke",
	.about = "userspace writes guest memory through its own mapping",
	.args = ARGS(poke_rows, struct poke_args),
	.run = run_poke,
};

static const struct arg peek_rows[] = {
	AS_ROW(struct poke_args),
	ARG(struct poke_args, gpa, type_address, .required = true,
	    .about = "first byte; all lie in one page"),
	ARG(struct poke_args, size, type_number, .otherwise = "8", .min = 1,
	    .max = 8, .about = "bytes"),
};

static int run_peek(struct run *run, const void *args)
{
	const struct poke_args *a = args;

	return tdp_vm_read(run->vm, a->as, TDP_GPA(a->gpa),
			   &run->outcome.result.value, a->size, run->err);
}

const struct verb verb_peek = {
	.name = "peek",
	.about = "userspace reads guest memory; expect its value",
	.args = ARGS(peek_rows, struct poke_args),
	.fields = FIELDS_VALUE,
	.run = run_peek,
};

/* Devices ------------------------------------------------------------------ */

#define NO_ARGS            \
	{                  \
		NULL, 0, 1 \
	}

static int run_attach_dma(struct run *run, const void *args)
{
	(void)args;
	return tdp_vm_attach_dma(run->vm, true, &run->outcome.result, run->err);
}

static int run_detach_dma(struct run *run, const void *args)
{
	(void)args;
	return tdp_vm_attach_dma(run->vm, false, &run->outcome.result,
				 run->err);
}

const struct verb verb_attach_dma = {
	.name = "attach_dma",
	.about = "VFIO attaches a device whose DMA does not snoop caches",
	.args = NO_ARGS,
	.fields = FIELDS_CALL,
	.run = run_attach_dma,
};

const struct verb verb_detach_dma = {
	.name = "detach_dma",
	.about = "VFIO detaches such a device",
	.args = NO_ARGS,
	.fields = FIELDS_CALL,
	.run = run_detach_dma,
};
