/* SPDX-License-Identifier: MIT */
/* Registers, MSRs and CPUID. */
#include <string.h>

#include "scenario/modes.h"
#include "arch/regs.h"
#include "kvm/kvm.h"
#include "ops/memtype_zap.h"
#include "scenario/verb.h"

#define FIELDS_SET (FIELDS_CALL | FIELDS_GUEST | FIELDS_VCPU)

/* KVM_SET_SREGS ------------------------------------------------------------ */

struct sregs_args {
	unsigned int vcpu;
	struct regs_args regs;
};

static const struct arg sregs_rows[] = {
	VCPU_ROW(struct sregs_args),
	REGS_ROWS(struct sregs_args, regs),
};

static void set_sregs_sregs(const void *args, struct tdp_sregs *sregs)
{
	const struct sregs_args *a = args;

	regs_apply(&a->regs, sregs);
}

static int run_set_sregs(struct run *run, const void *args)
{
	const struct sregs_args *a = args;
	struct tdp_vcpu *vcpu = run_vcpu(run, a->vcpu);
	struct tdp_sregs sregs;

	tdp_vcpu_get_sregs(vcpu, &sregs);
	regs_apply(&a->regs, &sregs);
	return tdp_vcpu_set_sregs(vcpu, &sregs, &run->outcome.result);
}

const struct verb verb_set_sregs = {
	.name = "set_sregs",
	.about =
		"KVM_SET_SREGS2; registers that are not named keep their value",
	.args = ARGS(sregs_rows, struct sregs_args),
	.fields = FIELDS_SET,
	.run = run_set_sregs,
	.sregs = set_sregs_sregs,
	.own_vcpu = true,
};

/* One register ------------------------------------------------------------- */

struct reg_args {
	unsigned int vcpu;
	enum tdp_reg reg;
	const struct node *node;
	struct reg_value value;
};

static const struct type type_reg_value = NODE_TYPE(
	"register value", "as for the register named by reg");

static const struct arg write_reg_rows[] = {
	VCPU_ROW(struct reg_args),
	ARG(struct reg_args, reg, type_reg, .required = true,
	    .about = "which register"),
	ARG_AS("value", struct reg_args, node, type_reg_value, .required = true,
	       .about =
		       "a number, flags as in PE|WP|PG, or a change as in +CD -WP"),
};

static int write_reg_check(const struct decoder *d, const struct node *node,
			   void *args)
{
	static const struct type *const types[TDP_NR_REGS] = {
		[TDP_REG_CR0] = &type_cr0,  [TDP_REG_CR3] = &type_cr3,
		[TDP_REG_CR4] = &type_cr4,  [TDP_REG_EFER] = &type_efer,
		[TDP_REG_PKRU] = &type_cr3, [TDP_REG_RFLAGS] = &type_rflags,
	};
	struct reg_args *a = args;
	const struct arg row = { .name = "value", .type = types[a->reg] };

	(void)node;
	return reg_value_decode(d, a->node, &row, &a->value);
}

static uint64_t write_reg_value(const void *args, uint64_t value)
{
	const struct reg_args *a = args;

	return reg_value_apply(&a->value, value);
}

static int run_write_reg(struct run *run, const void *args)
{
	const struct reg_args *a = args;
	struct tdp_vcpu *vcpu = run_vcpu(run, a->vcpu);
	uint64_t value = reg_value_apply(&a->value,
					 tdp_vcpu_read_reg(vcpu, a->reg));

	return tdp_vcpu_write_reg(vcpu, a->reg, value, &run->outcome.result);
}

/*
 * Caching bits, while they zap nothing and reload no PDPTE; and what only the
 * guest's own walks look at.
 */
static bool write_reg_is_local(const struct tdp_vm *vm, const void *args)
{
	const struct reg_args *a = args;
	const struct tdp_sregs *sregs = &vm->vcpus[a->vcpu]->sregs;
	uint64_t value;

	if (a->reg == TDP_REG_PKRU || a->reg == TDP_REG_RFLAGS)
		return true;
	if (a->reg != TDP_REG_CR0 || memtype_zaps(vm))
		return false;
	if ((sregs->cr0 & CR0_PG) && !(sregs->efer & EFER_LMA))
		return false;
	value = reg_value_apply(&a->value, sregs->cr0);
	return !((value ^ sregs->cr0) & ~(CR0_CD | CR0_NW));
}

const struct verb verb_write_reg = {
	.name = "write_reg",
	.about = "the guest executes MOV CR, WRMSR(EFER), WRPKRU or STAC",
	.args = ARGS(write_reg_rows, struct reg_args),
	.fields = FIELDS_SET,
	.check_args = write_reg_check,
	.run = run_write_reg,
	.reg = write_reg_value,
	.own_vcpu = true,
	.local = write_reg_is_local,
};

static const struct arg read_reg_rows[] = {
	VCPU_ROW(struct reg_args),
	ARG(struct reg_args, reg, type_reg, .required = true,
	    .about = "which register"),
};

static int run_read_reg(struct run *run, const void *args)
{
	const struct reg_args *a = args;

	run->outcome.result.value = tdp_vcpu_read_reg(run_vcpu(run, a->vcpu),
						      a->reg);
	return TDP_OK;
}

static bool reads_only(const struct tdp_vm *vm, const void *args)
{
	(void)vm;
	(void)args;
	return true;
}

const struct verb verb_read_reg = {
	.name = "read_reg",
	.about = "look at one register",
	.args = ARGS(read_reg_rows, struct reg_args),
	.fields = FIELDS_VALUE,
	.run = run_read_reg,
	.own_vcpu = true,
	.local = reads_only,
};

/* MSRs --------------------------------------------------------------------- */

struct msr_args {
	unsigned int vcpu;
	uint32_t msr;
	uint64_t value;
	bool host;
};

static const struct arg wrmsr_rows[] = {
	VCPU_ROW(struct msr_args),
	ARG(struct msr_args, msr, type_word, .required = true,
	    .about = "number, as in 0x277 (PAT), 0x2ff (MTRR default type)"),
	ARG(struct msr_args, value, type_word, .required = true,
	    .about = "all 64 bits"),
	ARG(struct msr_args, host, type_bool, .otherwise = "false",
	    .about = "by userspace, with KVM_SET_MSRS"),
};

static int run_wrmsr(struct run *run, const void *args)
{
	const struct msr_args *a = args;

	return tdp_vcpu_write_msr(run_vcpu(run, a->vcpu), a->msr, a->value,
				  a->host, &run->outcome.result);
}

#define MSR_IA32_PAT 0x277u

static bool wrmsr_is_local(const struct tdp_vm *vm, const void *args)
{
	const struct msr_args *a = args;

	return a->msr == MSR_IA32_PAT || !memtype_zaps(vm);
}

const struct verb verb_wrmsr = {
	.name = "wrmsr",
	.about = "the guest executes WRMSR, or userspace calls KVM_SET_MSRS",
	.args = ARGS(wrmsr_rows, struct msr_args),
	.fields = FIELDS_SET,
	.run = run_wrmsr,
	.own_vcpu = true,
	.local = wrmsr_is_local,
};

static const struct arg rdmsr_rows[] = {
	VCPU_ROW(struct msr_args),
	ARG(struct msr_args, msr, type_word, .required = true,
	    .about = "number"),
};

static int run_rdmsr(struct run *run, const void *args)
{
	const struct msr_args *a = args;

	return tdp_vcpu_read_msr(run_vcpu(run, a->vcpu), a->msr,
				 &run->outcome.result);
}

const struct verb verb_rdmsr = {
	.name = "rdmsr",
	.about = "the guest executes RDMSR",
	.args = ARGS(rdmsr_rows, struct msr_args),
	.fields = FIELDS_CALL | FIELDS_VALUE | FIELDS_GUEST,
	.run = run_rdmsr,
	.own_vcpu = true,
	.local = reads_only,
};

/* CPUID -------------------------------------------------------------------- */

struct cpuid_args {
	unsigned int vcpu;
	struct tdp_cpuid cpuid;
};

#define CPUID_BIT(bit, text) \
	ARG_AS(#bit, struct cpuid_args, cpuid.bit, type_bool, .about = (text))

static const struct arg cpuid_rows[] = {
	VCPU_ROW(struct cpuid_args),
	ARG_AS("maxphyaddr", struct cpuid_args, cpuid.maxphyaddr, type_number,
	       .min = 32, .max = 52, .about = "physical-address bits"),
	CPUID_BIT(lm, "long mode"),
	CPUID_BIT(nx, "no-execute"),
	CPUID_BIT(gbpages, "1 GiB pages"),
	CPUID_BIT(la57, "5-level paging"),
	CPUID_BIT(smep, "SMEP"),
	CPUID_BIT(smap, "SMAP"),
	CPUID_BIT(pke, "protection keys"),
	CPUID_BIT(mtrr, "MTRRs"),
};

static void apply_cpuid(const struct step *step, struct tdp_cpuid *cpuid)
{
	struct cpuid_args now = { .cpuid = *cpuid };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpuid_rows); i++) {
		const struct arg *row = &cpuid_rows[i];

		if (step->given & BIT(i))
			memcpy((char *)&now + row->offset,
			       (const char *)step->args + row->offset,
			       row->width);
	}
	*cpuid = now.cpuid;
}

static int run_set_cpuid(struct run *run, const void *args)
{
	const struct cpuid_args *a = args;
	struct tdp_vcpu *vcpu = run_vcpu(run, a->vcpu);
	struct tdp_cpuid now;

	tdp_vcpu_get_cpuid(vcpu, &now);
	apply_cpuid(run->step, &now);
	return tdp_vcpu_set_cpuid(vcpu, &now, &run->outcome.result);
}

const struct verb verb_set_cpuid = {
	.name = "set_cpuid",
	.about = "KVM_SET_CPUID2; what is not named keeps its value",
	.args = ARGS(cpuid_rows, struct cpuid_args),
	.fields = FIELDS_CALL | FIELDS_VCPU,
	.run = run_set_cpuid,
	.cpuid = apply_cpuid,
};
