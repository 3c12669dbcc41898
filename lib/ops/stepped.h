/* SPDX-License-Identifier: MIT */
/*
 * Operations that are carried out one step of the kernel at a time, so that
 * others can run in between: accesses, pre-faults, the deletion of memslots,
 * changes of what is behind them.
 *
 * Between two steps an operation holds no lock.  While it is in the middle of
 * a fault it holds SRCU, for which a change of memslots waits.
 */
#ifndef TDPSIM_OPS_STEPPED_H
#define TDPSIM_OPS_STEPPED_H

#include "base/digest.h"
#include "kvm/fault.h"
#include "tdpsim/walk.h"

struct prefault_api;

/* A fault under way, with the slot as it was when it was looked up. */
struct stepped_fault {
	struct fault fault;
	enum fault_stage stage;
	bool blocked;        /* the host's page has to be served first */
	struct memslot slot; /* fault.slot points here, or to nothing */
};

/* KVM_RUN with one access; see tdp_vcpu_access(). */
struct access_run {
	struct tdp_vcpu *vcpu;
	struct tdp_access access;
	struct tdp_result *result;
	struct tdp_error *err;
	struct tdp_walk_result walk;
	/* the exit before, to see whether anything moves */
	uint64_t last_info, last_address;
	unsigned int repeats;
	unsigned int pages_done;
	bool done;
	bool stepped;   /* loops are seen by whoever takes the steps */
	bool in_fault;  /* stepped: f is under way */
	bool recording; /* one more round of a livelock */
	struct stepped_fault f;
};

struct prefault {
	struct tdp_vcpu *vcpu;
	const struct prefault_api *api;
	struct tdp_result *result;
	struct tdp_error *err;
	uint64_t gpa, size, flags;
	uint64_t whole; /* size, as it was */
	int status;     /* TDP_OK, or why the model gave up */
	bool stepped, begun, in_fault, done;
	struct stepped_fault f; /* of the page in hand */
};

/* A memslot on its way out. */
struct slot_deletion {
	unsigned int as_id, id;
	unsigned int stage;
};

/* Another backing: begin of the invalidation, the host's tables, its end. */
struct backing_change {
	struct host_change to;
	struct host_notices notices;
	unsigned int stage;
};

/* KVM_SET_MEMORY_ATTRIBUTES */
struct attribute_change {
	uint64_t gpa, size, attributes, flags;
	unsigned int stage;
};

enum op_kind {
	OP_NONE,
	OP_ACCESS,
	OP_PREFAULT,
	OP_DELETE_SLOT,
	OP_SET_BACKING,
	OP_SET_ATTRIBUTES,
};

struct op {
	enum op_kind kind;
	struct tdp_vm *vm;
	struct tdp_vcpu *vcpu; /* whose mutex it holds; NULL: none */
	struct tdp_result result;
	struct tdp_error *err;
	bool done;
	bool srcu;        /* it reads memslots */
	bool holds_slots; /* kvm->slots_lock */
	uint64_t waits;   /* for those readers of memslots, by bit */
	union {
		struct access_run access;
		struct prefault prefault;
		struct slot_deletion deletion;
		struct backing_change backing;
		struct attribute_change attributes;
	} u;
};

/*
 * Begin; nothing is done before the first step.  @op stays where it is until
 * it is done.  @err may be NULL.
 */
void op_access(struct op *op, struct tdp_vcpu *vcpu,
	       const struct tdp_access *access, struct tdp_error *err);
void op_prefault(struct op *op, struct tdp_vcpu *vcpu, uint64_t gpa,
		 uint64_t size, uint64_t flags, struct tdp_error *err);
void op_delete_slot(struct op *op, struct tdp_vm *vm, unsigned int as_id,
		    unsigned int slot, struct tdp_error *err);
/* TDP_EINVAL as tdp_vm_set_backing(). */
int op_set_backing(struct op *op, struct tdp_vm *vm,
		   const struct tdp_backing_change *change,
		   struct tdp_error *err);

void op_set_attributes(struct op *op, struct tdp_vm *vm,
		       const struct attribute_change *change,
		       struct tdp_error *err);

/* May it take its next step, or has it to wait for others? */
bool op_ready(const struct op *op);

/*
 * One step; op->done when it was the last, with the answer in op->result.
 * @readers: who is in the middle of reading memslots, by bit.  Returns as the
 * operation itself does.
 */
int op_step(struct op *op, uint64_t readers);

/* What its next step does, in a word: "walk", "lock", ... */
const char *op_next(const struct op *op);

/* Add what the operation will do from here on. */
void op_digest(const struct op *op, struct digest *d);

/* The steps of each kind, in the file of the operation itself. */
void access_begin(struct access_run *run, struct tdp_vcpu *vcpu,
		  const struct tdp_access *access, struct tdp_result *result,
		  struct tdp_error *err);
int access_step(struct access_run *run);
void prefault_begin(struct prefault *p, struct tdp_vcpu *vcpu, uint64_t gpa,
		    uint64_t size, uint64_t flags, struct tdp_result *result,
		    struct tdp_error *err);
int prefault_step(struct prefault *p);
int deletion_step(struct op *op, uint64_t readers);
int backing_step(struct op *op);
int attributes_step(struct op *op);

/*
 * One step of a fault; keeps hold of the slot that it found.  A page that
 * userspace has to serve is waited for, unless a signal is pending.
 */
enum ret_pf stepped_fault_step(struct stepped_fault *f);

#endif
