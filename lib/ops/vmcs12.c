/* SPDX-License-Identifier: MIT */
#include "ops/vmcs12.h"

#include "arch/regs.h"
#include "ops/setreg.h"

struct field {
	uint16_t encoding;
	uint16_t offset;
};

static const struct field fields[NR_VMCS12_FIELDS] = {
#define X(id, code, at) [VMCS12_##id] = { code, at },
	VMCS12_FIELDS(X)
#undef X
};

/* Encodings: bit 0 is for upper halves, bits 14:13 tell the width. */
#define ENCODING_HIGH  BIT(0)
#define ENCODING_WIDTH BITS(14, 13)

static unsigned int width_of(enum vmcs12_field field)
{
	static const unsigned int bytes[] = { 2, 8, 4, 8 };

	return bytes[field_get(ENCODING_WIDTH, fields[field].encoding)];
}

static uint64_t *slot(struct tdp_vcpu *vcpu, enum vmcs12_field field)
{
	return &vcpu->vmx.vmcs12[field];
}

static uint64_t value_of(const struct tdp_vcpu *vcpu, enum vmcs12_field field)
{
	return vcpu->vmx.vmcs12[field];
}

/* Encodings ------------------------------------------------------------------ */

/*
 * What else KVM's vmcs12 has, whole fields only.  Up to 6.12; CR3 targets and
 * the fields of a processor without them count too.
 */
static const struct {
	uint16_t first, last;
} others[] = {
	/* clang-format off */
	{ 0x0002, 0x0002 },	/* posted-interrupt vector */
	{ 0x0800, 0x0810 },	/* guest selectors, interrupt status */
	{ 0x0c00, 0x0c0c },	/* host selectors */
	{ 0x2000, 0x200a },	/* I/O bitmaps, MSR areas */
	{ 0x2010, 0x2010 },	/* TSC offset */
	{ 0x201c, 0x2022 },	/* EOI-exit bitmaps */
	{ 0x2026, 0x2028 },	/* VMREAD and VMWRITE bitmaps */
	{ 0x202c, 0x202c },	/* XSS-exiting bitmap */
	{ 0x2032, 0x2032 },	/* TSC multiplier */
	{ 0x2802, 0x2808 },	/* DEBUGCTL, PAT, PERF_GLOBAL_CTRL */
	{ 0x2812, 0x2812 },	/* BNDCFGS */
	{ 0x2c00, 0x2c04 },	/* host PAT, PERF_GLOBAL_CTRL */
	{ 0x400a, 0x401c },	/* counts, event injection, TPR threshold */
	{ 0x4408, 0x440e },	/* IDT vectoring, instruction length and info */
	{ 0x4800, 0x4826 },	/* limits, access rights, states */
	{ 0x482a, 0x482a },	/* guest SYSENTER_CS */
	{ 0x482e, 0x482e },	/* preemption timer */
	{ 0x4c00, 0x4c00 },	/* host SYSENTER_CS */
	{ 0x6000, 0x600e },	/* masks and shadows of CR0 and CR4, CR3 targets */
	{ 0x640a, 0x640a },	/* guest linear address */
	{ 0x6806, 0x6826 },	/* bases, DR7, RSP, RIP, RFLAGS, SYSENTER */
	{ 0x6c06, 0x6c16 },	/* host bases, SYSENTER, RSP, RIP */
	/* clang-format on */
};

static bool is_other(uint64_t encoding)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (encoding >= others[i].first && encoding <= others[i].last)
			return true;
	return false;
}

enum vmcs12_known vmcs12_find(uint64_t encoding, enum vmcs12_field *field,
			      bool *high)
{
	unsigned int i;

	*high = encoding & ENCODING_HIGH;
	/* Upper halves are of 64-bit fields alone. */
	if (*high && field_get(ENCODING_WIDTH, encoding) != 1)
		return VMCS12_UNKNOWN;
	encoding &= ~ENCODING_HIGH;
	for (i = 0; i < NR_VMCS12_FIELDS; i++) {
		if (fields[i].encoding != encoding)
			continue;
		*field = (enum vmcs12_field)i;
		return VMCS12_HELD;
	}
	return is_other(encoding) ? VMCS12_NOT_HELD : VMCS12_UNKNOWN;
}

uint64_t vmcs12_get(const struct tdp_vcpu *vcpu, enum vmcs12_field field,
		    bool high)
{
	return value_of(vcpu, field) >> (high ? 32 : 0);
}

void vmcs12_set(struct tdp_vcpu *vcpu, enum vmcs12_field field, bool high,
		uint64_t value)
{
	uint64_t *s = slot(vcpu, field);
	unsigned int bits = 8 * width_of(field);

	if (high)
		*s = (*s & UINT32_MAX) | value << 32;
	else
		*s = bits < 64 ? value & (BIT(bits) - 1) : value;
}

/* Memory --------------------------------------------------------------------- */

enum guest_mem_status vmcs12_load(struct tdp_vcpu *vcpu, uint64_t gpa)
{
	struct tdp_vm *vm = vcpu->vm;
	enum guest_mem_status status = GUEST_MEM_OK;
	uint64_t state = 0;
	unsigned int i;

	for (i = 0; i < NR_VMCS12_FIELDS && !status; i++)
		status = guest_mem_read(vm, 0, gpa + fields[i].offset,
					width_of(i), slot(vcpu, i));
	if (!status)
		status = guest_mem_read(vm, 0, gpa + VMCS12_LAUNCH_STATE, 4,
					&state);
	vcpu->vmx.launched = state;
	return status;
}

enum guest_mem_status vmcs12_store(const struct tdp_vcpu *vcpu)
{
	struct tdp_vm *vm = vcpu->vm;
	uint64_t gpa = vcpu->vmx.vmptr;
	enum guest_mem_status status;
	unsigned int i;

	status = guest_mem_write(vm, 0, gpa + VMCS12_LAUNCH_STATE, 4,
				 vcpu->vmx.launched);
	for (i = 0; i < NR_VMCS12_FIELDS && !status; i++)
		status = guest_mem_write(vm, 0, gpa + fields[i].offset,
					 width_of(i), value_of(vcpu, i));
	return status;
}

void vmcs12_from_bytes(struct tdp_vcpu *vcpu, const uint8_t *bytes)
{
	uint32_t state;
	unsigned int i;

	for (i = 0; i < NR_VMCS12_FIELDS; i++) {
		*slot(vcpu, i) = 0;
		memcpy(slot(vcpu, i), bytes + fields[i].offset, width_of(i));
	}
	memcpy(&state, bytes + VMCS12_LAUNCH_STATE, sizeof(state));
	vcpu->vmx.launched = state;
}

void vmcs12_to_bytes(const struct tdp_vcpu *vcpu, uint8_t *bytes)
{
	const uint32_t revision = VMCS12_REVISION, state = vcpu->vmx.launched;
	unsigned int i;

	memset(bytes, 0, VMCS12_SIZE);
	memcpy(bytes, &revision, sizeof(revision));
	memcpy(bytes + VMCS12_LAUNCH_STATE, &state, sizeof(state));
	for (i = 0; i < NR_VMCS12_FIELDS; i++)
		memcpy(bytes + fields[i].offset, &vcpu->vmx.vmcs12[i],
		       width_of(i));
}

/* Controls ------------------------------------------------------------------- */

#define PIN_POSTED_INTERRUPTS BIT(7)
#define CPU_CR8_LOAD          BIT(19)
#define CPU_CR8_STORE         BIT(20)
#define CPU_TPR_SHADOW        BIT(21)
#define CPU_MSR_BITMAPS       BIT(28)
#define CPU_SECONDARY         BIT(31)
#define SEC_APIC_ACCESS       BIT(0)
#define SEC_EPT               BIT(1)
#define SEC_VPID              BIT(5)
#define SEC_VM_FUNCTIONS      BIT(13)
#define SEC_PML               BIT(17)
#define SEC_MBEC              BIT(22)
#define FUNCTION_EPTP         BIT(0)
#define EXIT_HOST_64          BIT(9)
#define EXIT_SAVE_EFER        BIT(20)
#define EXIT_LOAD_EFER        BIT(21)
#define ENTRY_IA32E           BIT(9)
#define ENTRY_LOAD_EFER       BIT(15)

/*
 * Bits that are 1 in the capability MSRs' low halves as KVM has them for L1:
 * the default settings, but for CR3 exiting and debug controls.  KVM 6.12:
 * nested_vmx_setup_pinbased_ctls() and its kin.
 */
static const struct {
	enum vmcs12_field field;
	uint32_t ones;
} required[] = {
	{ VMCS12_PIN_BASED, 0x00000016 },
	{ VMCS12_CPU_BASED, 0x04006172 },
	{ VMCS12_EXIT_CONTROLS, 0x00036dfb },
	{ VMCS12_ENTRY_CONTROLS, 0x000011fb },
};

bool vmcs12_controls_valid(const struct tdp_vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(required); i++)
		if (~value_of(vcpu, required[i].field) & required[i].ones)
			return false;
	return true;
}

/* A structure, the control that says it is in use, and its address. */
static const struct {
	enum tdp_nested_page page;
	enum vmcs12_field control;
	uint64_t bit;
	enum vmcs12_field address;
} structures[] = {
	/* clang-format off */
	{ TDP_NESTED_APIC_ACCESS, VMCS12_SECONDARY, SEC_APIC_ACCESS, VMCS12_APIC_ACCESS },
	{ TDP_NESTED_VIRTUAL_APIC, VMCS12_CPU_BASED, CPU_TPR_SHADOW, VMCS12_VIRTUAL_APIC },
	{ TDP_NESTED_PI_DESC, VMCS12_PIN_BASED, PIN_POSTED_INTERRUPTS, VMCS12_PI_DESC },
	{ TDP_NESTED_MSR_BITMAP, VMCS12_CPU_BASED, CPU_MSR_BITMAPS, VMCS12_MSR_BITMAP },
	/* clang-format on */
};

/* Secondary controls count only if a primary one says so. */
static uint64_t control(const struct tdp_vcpu *vcpu, enum vmcs12_field field)
{
	if (field == VMCS12_SECONDARY &&
	    !(value_of(vcpu, VMCS12_CPU_BASED) & CPU_SECONDARY))
		return 0;
	return value_of(vcpu, field);
}

/* KVM 6.12: nested_vmx_calc_efer(), load_vmcs12_host_state() */
static uint64_t efer_of(const struct tdp_vcpu *vcpu, bool load,
			enum vmcs12_field field, bool ia32e)
{
	uint64_t efer = vcpu->sregs.efer & ~(EFER_LMA | EFER_LME);

	if (load)
		return value_of(vcpu, field);
	return ia32e ? efer | EFER_LMA | EFER_LME : efer;
}

static void decode_registers(const struct tdp_vcpu *vcpu,
			     struct tdp_nested_state *state)
{
	uint64_t entry = value_of(vcpu, VMCS12_ENTRY_CONTROLS);
	uint64_t exit = value_of(vcpu, VMCS12_EXIT_CONTROLS);
	unsigned int i;

	state->l2 = (struct tdp_sregs){
		.cr0 = value_of(vcpu, VMCS12_GUEST_CR0),
		.cr3 = value_of(vcpu, VMCS12_GUEST_CR3),
		.cr4 = value_of(vcpu, VMCS12_GUEST_CR4),
		.efer = efer_of(vcpu, entry & ENTRY_LOAD_EFER,
				VMCS12_GUEST_EFER, entry & ENTRY_IA32E),
	};
	for (i = 0; i < 4; i++)
		state->l2.pdptr[i] = value_of(vcpu, VMCS12_GUEST_PDPTE0 + i);
	state->l2.pdptrs_valid = state->tdp && setreg_pae_paging(&state->l2);
	state->l1 = (struct tdp_sregs){
		.cr0 = value_of(vcpu, VMCS12_HOST_CR0),
		.cr3 = value_of(vcpu, VMCS12_HOST_CR3),
		.cr4 = value_of(vcpu, VMCS12_HOST_CR4),
		.efer = efer_of(vcpu, exit & EXIT_LOAD_EFER, VMCS12_HOST_EFER,
				exit & EXIT_HOST_64),
	};
}

void vmcs12_decode(const struct tdp_vcpu *vcpu, struct tdp_nested_state *state)
{
	uint64_t cpu = control(vcpu, VMCS12_CPU_BASED);
	uint64_t secondary = control(vcpu, VMCS12_SECONDARY);
	unsigned int i;

	*state = (struct tdp_nested_state){
		.tdp = secondary & SEC_EPT,
		.tdp_root = value_of(vcpu, VMCS12_EPT_POINTER),
		.mbec = secondary & SEC_MBEC,
		.cr8_exiting = (cpu & CPU_CR8_LOAD) && (cpu & CPU_CR8_STORE),
		.vpid = secondary & SEC_VPID ?
				(uint16_t)value_of(vcpu, VMCS12_VPID) :
				0,
		.pml = secondary & SEC_PML,
		.pml_index = (uint16_t)value_of(vcpu, VMCS12_PML_INDEX),
		.pml_address = value_of(vcpu, VMCS12_PML_ADDRESS),
		.eptp_switching = (secondary & SEC_VM_FUNCTIONS) &&
				  (value_of(vcpu, VMCS12_VM_FUNCTIONS) &
				   FUNCTION_EPTP),
		.eptp_list = value_of(vcpu, VMCS12_EPTP_LIST),
		.exceptions = (uint32_t)value_of(vcpu, VMCS12_EXCEPTIONS),
		.pfec_mask = (uint32_t)value_of(vcpu, VMCS12_PFEC_MASK),
		.pfec_match = (uint32_t)value_of(vcpu, VMCS12_PFEC_MATCH),
		.launched = vcpu->vmx.launched,
	};
	for (i = 0; i < ARRAY_SIZE(structures); i++) {
		state->has_page[structures[i].page] =
			control(vcpu, structures[i].control) &
			structures[i].bit;
		state->page[structures[i].page] = value_of(
			vcpu, structures[i].address);
	}
	decode_registers(vcpu, state);
}

/* A description's way back ---------------------------------------------------- */

static void set_bits(struct tdp_vcpu *vcpu, enum vmcs12_field field,
		     uint64_t bits, bool on)
{
	*slot(vcpu, field) &= ~bits;
	*slot(vcpu, field) |= on ? bits : 0;
}

static void encode_registers(struct tdp_vcpu *vcpu,
			     const struct tdp_nested_state *state)
{
	unsigned int i;

	*slot(vcpu, VMCS12_GUEST_CR0) = state->l2.cr0;
	*slot(vcpu, VMCS12_GUEST_CR3) = state->l2.cr3;
	*slot(vcpu, VMCS12_GUEST_CR4) = state->l2.cr4;
	*slot(vcpu, VMCS12_GUEST_EFER) = state->l2.efer;
	for (i = 0; i < 4; i++)
		*slot(vcpu, VMCS12_GUEST_PDPTE0 + i) = state->l2.pdptr[i];
	*slot(vcpu, VMCS12_HOST_CR0) = state->l1.cr0;
	*slot(vcpu, VMCS12_HOST_CR3) = state->l1.cr3;
	*slot(vcpu, VMCS12_HOST_CR4) = state->l1.cr4;
	*slot(vcpu, VMCS12_HOST_EFER) = state->l1.efer;
	set_bits(vcpu, VMCS12_ENTRY_CONTROLS, ENTRY_LOAD_EFER, true);
	set_bits(vcpu, VMCS12_ENTRY_CONTROLS, ENTRY_IA32E,
		 state->l2.efer & EFER_LMA);
	set_bits(vcpu, VMCS12_EXIT_CONTROLS, EXIT_LOAD_EFER | EXIT_SAVE_EFER,
		 true);
	set_bits(vcpu, VMCS12_EXIT_CONTROLS, EXIT_HOST_64,
		 state->l1.efer & EFER_LMA);
}

static void encode_controls(struct tdp_vcpu *vcpu,
			    const struct tdp_nested_state *state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(required); i++)
		*slot(vcpu, required[i].field) |= required[i].ones;
	set_bits(vcpu, VMCS12_CPU_BASED, CPU_SECONDARY, true);
	set_bits(vcpu, VMCS12_CPU_BASED, CPU_CR8_LOAD | CPU_CR8_STORE,
		 state->cr8_exiting);
	set_bits(vcpu, VMCS12_SECONDARY, SEC_EPT, state->tdp);
	set_bits(vcpu, VMCS12_SECONDARY, SEC_MBEC, state->mbec);
	set_bits(vcpu, VMCS12_SECONDARY, SEC_VPID, state->vpid);
	set_bits(vcpu, VMCS12_SECONDARY, SEC_PML, state->pml);
	set_bits(vcpu, VMCS12_SECONDARY, SEC_VM_FUNCTIONS,
		 state->eptp_switching);
	set_bits(vcpu, VMCS12_VM_FUNCTIONS, FUNCTION_EPTP,
		 state->eptp_switching);
	for (i = 0; i < ARRAY_SIZE(structures); i++) {
		set_bits(vcpu, structures[i].control, structures[i].bit,
			 state->has_page[structures[i].page]);
		*slot(vcpu,
		      structures[i].address) = state->page[structures[i].page];
	}
}

void vmcs12_encode(struct tdp_vcpu *vcpu, const struct tdp_nested_state *state)
{
	encode_controls(vcpu, state);
	*slot(vcpu, VMCS12_VPID) = state->vpid;
	*slot(vcpu, VMCS12_PML_INDEX) = state->pml_index;
	*slot(vcpu, VMCS12_PML_ADDRESS) = state->pml_address;
	*slot(vcpu, VMCS12_EPT_POINTER) = state->tdp_root;
	*slot(vcpu, VMCS12_EPTP_LIST) = state->eptp_list;
	*slot(vcpu, VMCS12_EXCEPTIONS) = state->exceptions;
	*slot(vcpu, VMCS12_PFEC_MASK) = state->pfec_mask;
	*slot(vcpu, VMCS12_PFEC_MATCH) = state->pfec_match;
	*slot(vcpu, VMCS12_LINK_POINTER) = UINT64_MAX;
	encode_registers(vcpu, state);
}

/* Behind L2 -------------------------------------------------------------------- */

void vmcs12_sync(struct tdp_vcpu *vcpu)
{
	uint64_t exit = value_of(vcpu, VMCS12_EXIT_CONTROLS);
	unsigned int i;

	*slot(vcpu, VMCS12_GUEST_CR0) = vcpu->sregs.cr0;
	*slot(vcpu, VMCS12_GUEST_CR3) = vcpu->sregs.cr3;
	*slot(vcpu, VMCS12_GUEST_CR4) = vcpu->sregs.cr4;
	if (exit & EXIT_SAVE_EFER)
		*slot(vcpu, VMCS12_GUEST_EFER) = vcpu->sregs.efer;
	for (i = 0;
	     i < 4 && vcpu->nested.tdp && setreg_pae_paging(&vcpu->sregs); i++)
		*slot(vcpu, VMCS12_GUEST_PDPTE0 + i) = vcpu->sregs.pdptr[i];
	*slot(vcpu, VMCS12_EPT_POINTER) = vcpu->nested.tdp_root;
	*slot(vcpu, VMCS12_PML_INDEX) = vcpu->nested.pml_index;
}

void vmcs12_sync_exit(struct tdp_vcpu *vcpu)
{
	const struct tdp_vmcs12 *v = &vcpu->vmcs12;

	*slot(vcpu, VMCS12_EXIT_REASON) = (uint32_t)v->exit_reason;
	*slot(vcpu, VMCS12_EXIT_QUALIFICATION) = v->exit_qualification;
	*slot(vcpu, VMCS12_GUEST_PHYSICAL) = v->guest_physical_address;
	*slot(vcpu, VMCS12_EXIT_INTR_INFO) = v->exit_intr_info;
	*slot(vcpu, VMCS12_EXIT_INTR_CODE) = v->exit_intr_error_code;
	/* Set by the exit, not by VMLAUNCH. */
	if (!(v->exit_reason & BIT(31)))
		vcpu->vmx.launched = true;
}
