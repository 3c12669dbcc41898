/* SPDX-License-Identifier: MIT */
/* What the guest does, and what userspace asks of a vCPU's MMU. */
#include "base/error.h"
#include "ops/stepped.h"
#include "scenario/verb.h"

#define FIELDS_ACCESS                                                  \
	(FIELDS_CALL | FIELDS_MAPPING | FIELDS_GUEST | FIELDS_COUNTS | \
	 FIELDS_VCPU | FIELDS_RUN)

struct access_args {
	unsigned int vcpu;
	uint64_t gva;
	enum tdp_access_kind kind;
	bool user;
	bool implicit;
	uint64_t value;
	unsigned int size;
	unsigned int pages;
};

static const struct arg access_rows[] = {
	VCPU_ROW(struct access_args),
	ARG(struct access_args, gva, type_address, .required = true,
	    .about = "linear address; without paging: guest-physical"),
	ARG(struct access_args, user, type_bool, .otherwise = "false",
	    .about = "at CPL 3"),
	ARG(struct access_args, implicit, type_bool, .otherwise = "false",
	    .about = "implicit supervisor access (to a GDT, a TSS, ...)"),
	ARG(struct access_args, size, type_number, .otherwise = "0", .max = 8,
	    .about = "bytes that change hands; 0: translate only"),
	ARG(struct access_args, value, type_word, .otherwise = "0",
	    .about = "what is written"),
	ARG(struct access_args, pages, type_number, .otherwise = "1", .min = 1,
	    .max = 1 << 20,
	    .about =
		    "accesses in one KVM_RUN, each 4 KiB further than the last"),
};

static int run_access(struct run *run, const struct access_args *args,
		      enum tdp_access_kind kind)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(args->gva),
		.kind = kind,
		.user = args->user,
		.implicit = args->implicit,
		.value = args->value,
		.size = args->size,
		.pages = args->pages,
	};

	return tdp_vcpu_access(run_vcpu(run, args->vcpu), &access,
			       &run->outcome.result, run->err);
}

static int begin_access(struct run *run, const struct access_args *args,
			enum tdp_access_kind kind, struct op *op)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(args->gva),
		.kind = kind,
		.user = args->user,
		.implicit = args->implicit,
	};

	if (args->pages > 1)
		return err_set(run->err, TDP_EINVAL,
			       "pages: what is taken apart makes one access");
	op_access(op, run_vcpu(run, args->vcpu), &access, run->err);
	return TDP_OK;
}

static int begin_read(struct run *run, const void *args, struct op *op)
{
	return begin_access(run, args, TDP_READ, op);
}

static int begin_write(struct run *run, const void *args, struct op *op)
{
	return begin_access(run, args, TDP_WRITE, op);
}

static int begin_fetch(struct run *run, const void *args, struct op *op)
{
	return begin_access(run, args, TDP_FETCH, op);
}

static int begin_rmw(struct run *run, const void *args, struct op *op)
{
	return begin_access(run, args, TDP_RMW, op);
}

static int run_read(struct run *run, const void *args)
{
	return run_access(run, args, TDP_READ);
}

static int run_write(struct run *run, const void *args)
{
	return run_access(run, args, TDP_WRITE);
}

static int run_fetch(struct run *run, const void *args)
{
	return run_access(run, args, TDP_FETCH);
}

static int run_rmw(struct run *run, const void *args)
{
	return run_access(run, args, TDP_RMW);
}

static void asks_access(const void *args, struct asked *asked,
			enum tdp_access_kind kind)
{
	const struct access_args *a = args;

	*asked = (struct asked){
		.vcpu = a->vcpu,
		.address = a->gva,
		.kind = kind,
		.user = a->user,
	};
}

static void asks_read(const void *args, struct asked *asked)
{
	asks_access(args, asked, TDP_READ);
}

static void asks_write(const void *args, struct asked *asked)
{
	asks_access(args, asked, TDP_WRITE);
}

static void asks_fetch(const void *args, struct asked *asked)
{
	asks_access(args, asked, TDP_FETCH);
}

static void asks_rmw(const void *args, struct asked *asked)
{
	asks_access(args, asked, TDP_RMW);
}

#define ACCESS_VERB(verb_name, text)                           \
	const struct verb verb_##verb_name = {                 \
		.name = #verb_name,                            \
		.about = (text),                               \
		.args = ARGS(access_rows, struct access_args), \
		.fields = FIELDS_ACCESS,                       \
		.asks = asks_##verb_name,                      \
		.run = run_##verb_name,                        \
		.begin = begin_##verb_name,                    \
		.own_vcpu = true,                              \
	}

ACCESS_VERB(read, "KVM_RUN in which the guest reads from an address");
ACCESS_VERB(write, "KVM_RUN in which the guest writes to an address");
ACCESS_VERB(fetch, "KVM_RUN in which the guest fetches an instruction");
ACCESS_VERB(rmw, "KVM_RUN with one locked read-modify-write");

static const struct arg run_rows[] = {
	VCPU_ROW(struct vcpu_args),
};

static int run_run(struct run *run, const void *args)
{
	const struct vcpu_args *a = args;

	return tdp_vcpu_run(run_vcpu(run, a->vcpu), &run->outcome.result,
			    run->err);
}

const struct verb verb_run = {
	.name = "run",
	.about =
		"KVM_RUN that leaves before the first instruction: requests are served, the "
		"MMU is loaded",
	.args = ARGS(run_rows, struct vcpu_args),
	.fields = FIELDS_ACCESS,
	.run = run_run,
	.own_vcpu = true,
};

static const struct arg translate_rows[] = {
	VCPU_ROW(struct access_args),
	ARG(struct access_args, gva, type_address, .required = true,
	    .about = "linear address"),
	ARG(struct access_args, kind, type_access_kind, .otherwise = "read",
	    .about = "kind of access"),
	ARG(struct access_args, user, type_bool, .otherwise = "false",
	    .about = "at CPL 3"),
	ARG(struct access_args, implicit, type_bool, .otherwise = "false",
	    .about = "implicit supervisor access"),
};

static int run_translate(struct run *run, const void *args)
{
	const struct access_args *a = args;
	const struct tdp_access access = {
		.gva = TDP_GVA(a->gva),
		.kind = a->kind,
		.user = a->user,
		.implicit = a->implicit,
	};

	return tdp_vcpu_translate(run_vcpu(run, a->vcpu), &access,
				  &run->outcome.result, NULL, run->err);
}

static void asks_translate(const void *args, struct asked *asked)
{
	const struct access_args *a = args;

	asks_access(args, asked, a->kind);
}

const struct verb verb_translate = {
	.name = "translate",
	.about =
		"what would the hardware do with this access now?  Changes nothing",
	.args = ARGS(translate_rows, struct access_args),
	.fields = FIELDS_ACCESS,
	.asks = asks_translate,
	.run = run_translate,
	.own_vcpu = true,
};

static const struct arg kvm_translate_rows[] = {
	VCPU_ROW(struct access_args),
	ARG(struct access_args, gva, type_address, .required = true,
	    .about = "linear address; of L2 while L2 runs"),
};

static int run_kvm_translate(struct run *run, const void *args)
{
	const struct access_args *a = args;

	return tdp_vcpu_kvm_translate(run_vcpu(run, a->vcpu), TDP_GVA(a->gva),
				      &run->outcome.result, run->err);
}

const struct verb verb_kvm_translate = {
	.name = "kvm_translate",
	.about =
		"KVM_TRANSLATE: KVM's own walk, which sets Accessed; gpa is all ones for an "
		"address that is not valid",
	.args = ARGS(kvm_translate_rows, struct access_args),
	.fields = FIELDS_CALL | FIELDS_RANGE | FIELDS_GUEST | FIELDS_VCPU,
	.run = run_kvm_translate,
};

/* KVM_PRE_FAULT_MEMORY ----------------------------------------------------- */

struct prefault_args {
	unsigned int vcpu;
	uint64_t gpa;
	uint64_t size;
	uint64_t flags;
};

static const struct arg prefault_rows[] = {
	VCPU_ROW(struct prefault_args),
	ARG(struct prefault_args, gpa, type_address, .required = true,
	    .about = "first byte"),
	ARG(struct prefault_args, size, type_size, .required = true,
	    .about = "bytes"),
	ARG(struct prefault_args, flags, type_word, .otherwise = "0",
	    .about = "must be 0 for a kernel with the final interface"),
};

static int run_prefault(struct run *run, const void *args)
{
	const struct prefault_args *a = args;

	return tdp_vcpu_prefault(run_vcpu(run, a->vcpu), TDP_GPA(a->gpa),
				 a->size, a->flags, &run->outcome.result,
				 run->err);
}

static void asks_prefault(const void *args, struct asked *asked)
{
	const struct prefault_args *a = args;

	*asked = (struct asked){
		.vcpu = a->vcpu,
		.guest_physical = true,
		.address = a->gpa,
		.kind = TDP_READ,
	};
}

static int begin_prefault(struct run *run, const void *args, struct op *op)
{
	const struct prefault_args *a = args;

	op_prefault(op, run_vcpu(run, a->vcpu), a->gpa, a->size, a->flags,
		    run->err);
	return TDP_OK;
}

const struct verb verb_prefault = {
	.name = "prefault",
	.about = "KVM_PRE_FAULT_MEMORY",
	.args = ARGS(prefault_rows, struct prefault_args),
	.fields = FIELDS_CALL | FIELDS_RANGE | FIELDS_MAPPING | FIELDS_COUNTS |
		  FIELDS_VCPU | FIELDS_RUN,
	.asks = asks_prefault,
	.run = run_prefault,
	.begin = begin_prefault,
	.own_vcpu = true,
};

struct signal_args {
	unsigned int vcpu;
	uint64_t after;
};

static const struct arg signal_rows[] = {
	VCPU_ROW(struct signal_args),
	ARG(struct signal_args, after, type_number, .otherwise = "0",
	    .about =
		    "pages that are pre-faulted before it arrives; 0: at once"),
};

static int run_signal(struct run *run, const void *args)
{
	const struct signal_args *a = args;

	tdp_vcpu_signal(run_vcpu(run, a->vcpu), a->after);
	return TDP_OK;
}

static bool signal_is_local(const struct tdp_vm *vm, const void *args)
{
	(void)vm;
	(void)args;
	return true;
}

const struct verb verb_signal = {
	.name = "signal",
	.about = "a signal becomes pending for the vCPU's thread",
	.args = ARGS(signal_rows, struct signal_args),
	.fields = FIELDS_VCPU,
	.run = run_signal,
	.no_mutex = true,
	.own_vcpu = true,
	.local = signal_is_local,
};

static const struct arg emulate_rows[] = {
	VCPU_ROW(struct access_args),
	ARG(struct access_args, gva, type_address, .required = true,
	    .about = "linear address"),
	ARG(struct access_args, kind, type_access_kind, .otherwise = "read",
	    .about = "kind of access"),
	ARG(struct access_args, user, type_bool, .otherwise = "false",
	    .about = "at CPL 3"),
	ARG(struct access_args, implicit, type_bool, .otherwise = "false",
	    .about = "implicit supervisor access"),
	ARG(struct access_args, size, type_number, .otherwise = "0", .max = 8,
	    .about = "bytes that change hands; 0: translate only"),
	ARG(struct access_args, value, type_word, .otherwise = "0",
	    .about = "what is written"),
};

static int run_emulate(struct run *run, const void *args)
{
	const struct access_args *a = args;
	const struct tdp_access access = {
		.gva = TDP_GVA(a->gva),
		.kind = a->kind,
		.user = a->user,
		.implicit = a->implicit,
		.value = a->value,
		.size = a->size,
	};

	return tdp_vcpu_emulate(run_vcpu(run, a->vcpu), &access,
				&run->outcome.result, run->err);
}

const struct verb verb_emulate = {
	.name = "emulate",
	.about =
		"KVM_RUN in which KVM's emulator makes an access by its own walk of the tables",
	.args = ARGS(emulate_rows, struct access_args),
	.fields = FIELDS_ACCESS | FIELDS_RANGE | FIELDS_VALUE,
	.run = run_emulate,
};
