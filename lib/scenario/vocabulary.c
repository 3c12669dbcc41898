/* SPDX-License-Identifier: MIT */
/* The words of the language: enumerations, and the flags of registers. */
#include <stdio.h>
#include <string.h>

#include "arch/regs.h"
#include "scenario/value.h"
#include "tdpsim/capability.h"
#include "tdpsim/gmem.h"
#include "tdpsim/memtype.h"
#include "tdpsim/nested.h"
#include "tdpsim/walk.h"

/* Of the machine ----------------------------------------------------------- */

/* clang-format off */
static const struct word bools[] = {
	{ "true", 1 }, { "false", 0 },
	{ "1", 1 }, { "0", 0 },
};
/* clang-format on */
static const struct words bool_words = WORDS(bools);

/* clang-format off */
static const struct word vendors[] = {
	{ "intel", TDP_INTEL },
	{ "amd", TDP_AMD },
};
/* clang-format on */
static const struct words vendor_words = WORDS(vendors);

/* clang-format off */
static const struct word levels[] = {
	{ "none", TDP_LEVEL_NONE },
	{ "4K", TDP_LEVEL_4K }, { "2M", TDP_LEVEL_2M },
	{ "1G", TDP_LEVEL_1G }, { "512G", TDP_LEVEL_512G },
	{ "256T", TDP_LEVEL_256T },
};
/* clang-format on */
static const struct words level_words = WORDS(levels);

/* clang-format off */
static const struct word kinds[] = {
	{ "read", TDP_READ }, { "write", TDP_WRITE }, { "fetch", TDP_FETCH },
	{ "rmw", TDP_RMW },
	{ "ss_read", TDP_SS_READ }, { "ss_write", TDP_SS_WRITE },
};
/* clang-format on */
static const struct words kind_words = WORDS(kinds);

/* clang-format off */
static const struct word invariants[] = {
	{ "hold", INVARIANTS_HOLD }, { "broken", INVARIANTS_BROKEN },
};
/* clang-format on */
static const struct words invariants_words = WORDS(invariants);

/* clang-format off */
static const struct word regs[] = {
	{ "cr0", TDP_REG_CR0 }, { "cr3", TDP_REG_CR3 },
	{ "cr4", TDP_REG_CR4 }, { "efer", TDP_REG_EFER },
	{ "pkru", TDP_REG_PKRU }, { "rflags", TDP_REG_RFLAGS },
};
/* clang-format on */
static const struct words reg_words = WORDS(regs);

/* clang-format off */
static const struct word vm_types[] = {
	{ "default", TDP_VM_DEFAULT }, { "sw-protected", TDP_VM_SW_PROTECTED },
	{ "sev", TDP_VM_SEV }, { "sev-es", TDP_VM_SEV_ES },
	{ "snp", TDP_VM_SNP }, { "tdx", TDP_VM_TDX },
};
static const struct word attributes[] = {
	{ "PRIVATE", TDP_ATTRIBUTE_PRIVATE },
};
static const struct word gmem_flags[] = {
	{ "MMAP", TDP_GMEM_MMAP }, { "INIT_SHARED", TDP_GMEM_INIT_SHARED },
};
/* KVM_STATE_NESTED_* and KVM_STATE_NESTED_SMM_* */
static const struct word nested_flags[] = {
	{ "GUEST_MODE", TDP_NESTED_GUEST_MODE }, { "RUN_PENDING", TDP_NESTED_RUN_PENDING },
	{ "EVMCS", TDP_NESTED_EVMCS }, { "MTF_PENDING", TDP_NESTED_MTF_PENDING },
	{ "GIF_SET", TDP_NESTED_GIF_SET },
};
static const struct word nested_smm_flags[] = {
	{ "GUEST_MODE", TDP_NESTED_SMM_GUEST_MODE }, { "VMXON", TDP_NESTED_SMM_VMXON },
};
static const struct word caps[] = {
#define X(name, number, about) { #name, number },
	TDP_CAP_LIST(X)
#undef X
};
/* KVM_X86_QUIRK_* of the kernel */
static const struct word quirks[] = {
	{ "LINT0_REENABLED", BIT(0) }, { "CD_NW_CLEARED", BIT(1) },
	{ "LAPIC_MMIO_HOLE", BIT(2) }, { "OUT_7E_INC_RIP", BIT(3) },
	{ "MISC_ENABLE_NO_MWAIT", BIT(4) }, { "FIX_HYPERCALL_INSN", BIT(5) },
	{ "MWAIT_NEVER_UD_FAULTS", BIT(6) }, { "SLOT_ZAP_ALL", BIT(7) },
	{ "STUFF_FEATURE_MSRS", BIT(8) }, { "IGNORE_GUEST_PAT", BIT(9) },
	{ "VMCS12_ALLOW_FREEZE_IN_SMM", BIT(10) },
};
/* clang-format on */
static const struct words vm_type_words = WORDS(vm_types);
static const struct words attribute_words = WORDS(attributes);
static const struct words gmem_flag_words = WORDS(gmem_flags);
static const struct words nested_flag_words = WORDS(nested_flags);
static const struct words nested_smm_flag_words = WORDS(nested_smm_flags);
static const struct words cap_words = WORDS(caps);
static const struct words quirk_words = WORDS(quirks);

/* KVM_CREATE_VM takes any number, and refuses most. */
static int vm_type_parse(const struct decoder *d, const struct node *node,
			 const struct type *type, uint64_t *value)
{
	if (node->kind == NODE_SCALAR && node->text[0] >= '0' &&
	    node->text[0] <= '9')
		return type_number.parse(d, node, &type_number, value);
	return words_parse(d, node, type, value);
}

const struct type type_vm_type = {
	.name = "VM type",
	.about = "a word, or a number",
	.decode = scalar_decode,
	.parse = vm_type_parse,
	.print = words_print,
	.words = &vm_type_words,
};

const struct type type_attributes = FLAGS_TYPE(
	"attributes", "a number, or PRIVATE; 0: shared", &attribute_words);
const struct type type_gmem_flags = FLAGS_TYPE(
	"guest_memfd flags", "a number, or flags as in MMAP|INIT_SHARED",
	&gmem_flag_words);

const struct type type_nested_flags = FLAGS_TYPE(
	"nested state flags", "a number, or flags as in GUEST_MODE|RUN_PENDING",
	&nested_flag_words);
const struct type type_nested_smm_flags = FLAGS_TYPE(
	"nested state SMM flags", "a number, or flags as in GUEST_MODE|VMXON",
	&nested_smm_flag_words);

const struct type type_capability = WORDS_TYPE(
	"capability", "KVM_CAP_*, without that", &cap_words);
const struct type type_quirks = FLAGS_TYPE(
	"quirks", "a number, or KVM_X86_QUIRK_* as in SLOT_ZAP_ALL",
	&quirk_words);

const struct type type_bool = WORDS_TYPE("boolean", "true or false",
					 &bool_words);
const struct type type_vendor = WORDS_TYPE("vendor", "intel or amd",
					   &vendor_words);
const struct type type_level = WORDS_TYPE(
	"level", "size of a page, or of what one entry of a table covers",
	&level_words);
const struct type type_invariants = WORDS_TYPE(
	"invariants", "what tdp_vm_check() says", &invariants_words);
const struct type type_access_kind = WORDS_TYPE(
	"access", "what the guest does to an address", &kind_words);
const struct type type_reg = WORDS_TYPE(
	"register", "a register that the guest writes by itself", &reg_words);

/* Named by the library ----------------------------------------------------- */

static const char *backing_name(unsigned int value)
{
	return tdp_backing_name((enum tdp_backing)value);
}

static const char *outcome_name(unsigned int value)
{
	return tdp_outcome_name((enum tdp_outcome)value);
}

static const char *reason_name(unsigned int value)
{
	return tdp_reason_name((enum tdp_reason)value);
}

static const char *walk_reason_name(unsigned int value)
{
	return tdp_walk_reason_name((enum tdp_walk_reason)value);
}

static const char *exit_name(unsigned int value)
{
	return tdp_exit_name((enum tdp_exit)value);
}

static const char *memtype_name(unsigned int value)
{
	return tdp_memtype_name((enum tdp_memtype)value);
}

static const struct words backing_words = { TDP_NR_BACKINGS, NULL,
					    backing_name };
static const struct words outcome_words = { TDP_NR_OUTCOMES, NULL,
					    outcome_name };
static const struct words reason_words = { TDP_NR_REASONS, NULL, reason_name };
static const struct words walk_reason_words = { TDP_NR_WALK_REASONS, NULL,
						walk_reason_name };
static const struct words exit_words = { TDP_NR_EXITS, NULL, exit_name };
static const struct words memtype_words = { TDP_MT_UNDEFINED + 1, NULL,
					    memtype_name };

const struct type type_backing = WORDS_TYPE(
	"backing", "what userspace has mapped behind a memslot",
	&backing_words);
const struct type type_outcome = WORDS_TYPE("outcome", "how an operation ended",
					    &outcome_words);
const struct type type_reason = WORDS_TYPE(
	"reason", "which check of KVM's or the model's decided", &reason_words);
const struct type type_walk_reason = WORDS_TYPE(
	"walk reason", "which check of the hardware walk decided",
	&walk_reason_words);
const struct type type_exit = WORDS_TYPE(
	"exit", "the hardware exit that KVM handled last", &exit_words);
const struct type type_memtype = WORDS_TYPE(
	"memory type", "a memory type, as the manuals abbreviate it",
	&memtype_words);

/* clang-format off */
static const struct word memtype_sets[] = {
	{ "UC", BIT(TDP_MT_UC) }, { "WC", BIT(TDP_MT_WC) },
	{ "WT", BIT(TDP_MT_WT) }, { "WP", BIT(TDP_MT_WP) },
	{ "WB", BIT(TDP_MT_WB) }, { "CD", BIT(TDP_MT_CD) },
	{ "WC+", BIT(TDP_MT_WC_PLUS) },
};
/* clang-format on */
static const struct words memtype_set_words = WORDS(memtype_sets);

const struct type type_memtypes = FLAGS_TYPE(
	"memory types", "a set, as in WB|UC", &memtype_set_words);

/* Flags of registers ------------------------------------------------------- */

/* clang-format off */
static const struct word cr0_flags[] = {
	{ "PE", CR0_PE }, { "MP", CR0_MP }, { "EM", CR0_EM }, { "TS", CR0_TS },
	{ "ET", CR0_ET }, { "NE", CR0_NE }, { "WP", CR0_WP }, { "AM", CR0_AM },
	{ "NW", CR0_NW }, { "CD", CR0_CD }, { "PG", CR0_PG },
};
/* clang-format on */
static const struct words cr0_words = WORDS(cr0_flags);

/* clang-format off */
static const struct word cr4_flags[] = {
	{ "VME", CR4_VME }, { "PVI", CR4_PVI }, { "TSD", CR4_TSD },
	{ "DE", CR4_DE }, { "PSE", CR4_PSE }, { "PAE", CR4_PAE },
	{ "MCE", CR4_MCE }, { "PGE", CR4_PGE }, { "PCE", CR4_PCE },
	{ "OSFXSR", CR4_OSFXSR }, { "OSXMMEXCPT", CR4_OSXMMEXCPT },
	{ "UMIP", CR4_UMIP }, { "LA57", CR4_LA57 }, { "VMXE", CR4_VMXE },
	{ "SMXE", CR4_SMXE }, { "FSGSBASE", CR4_FSGSBASE },
	{ "PCIDE", CR4_PCIDE }, { "OSXSAVE", CR4_OSXSAVE }, { "KL", CR4_KL },
	{ "SMEP", CR4_SMEP }, { "SMAP", CR4_SMAP }, { "PKE", CR4_PKE },
	{ "CET", CR4_CET }, { "PKS", CR4_PKS }, { "UINTR", CR4_UINTR },
	{ "LASS", CR4_LASS }, { "LAM_SUP", CR4_LAM_SUP },
	{ "FRED", CR4_FRED },
};
/* clang-format on */
static const struct words cr4_words = WORDS(cr4_flags);

/* clang-format off */
static const struct word efer_flags[] = {
	{ "SCE", EFER_SCE }, { "LME", EFER_LME }, { "LMA", EFER_LMA },
	{ "NX", EFER_NX }, { "SVME", EFER_SVME }, { "LMSLE", EFER_LMSLE },
	{ "FFXSR", EFER_FFXSR }, { "TCE", EFER_TCE }, { "UAIE", EFER_UAIE },
	{ "AUTOIBRS", EFER_AUTOIBRS },
};
/* clang-format on */
static const struct words efer_words = WORDS(efer_flags);

static const struct word rflags_flags[] = { { "AC", RFLAGS_AC } };
static const struct words rflags_words = WORDS(rflags_flags);

/* Rights of a page; docs name them in this order. */
/* clang-format off */
static const struct word rights_flags[] = {
	{ "R", TDP_ACC_READ }, { "W", TDP_ACC_WRITE }, { "X", TDP_ACC_EXEC },
	{ "U", TDP_ACC_USER }, { "none", 0 },
};
/* clang-format on */
static const struct words rights_words = WORDS(rights_flags);

/* clang-format off */
static const struct word pferr_flags[] = {
	{ "P", PFERR_PRESENT }, { "W", PFERR_WRITE }, { "U", PFERR_USER },
	{ "RSVD", PFERR_RSVD }, { "F", PFERR_FETCH }, { "PK", PFERR_PK },
	{ "SS", PFERR_SS }, { "SGX", PFERR_SGX }, { "RMP", PFERR_RMP },
	{ "GUEST_FINAL", PFERR_GUEST_FINAL },
	{ "GUEST_PAGE", PFERR_GUEST_PAGE }, { "GUEST_ENC", PFERR_GUEST_ENC },
	{ "GUEST_SIZEM", PFERR_GUEST_SIZEM },
	{ "GUEST_VMPL", PFERR_GUEST_VMPL }, { "GUEST_SSS", PFERR_GUEST_SSS },
	{ "IMPLICIT", PFERR_IMPLICIT_ACCESS },
	{ "PRIVATE", PFERR_PRIVATE_ACCESS },
};
/* clang-format on */
static const struct words pferr_words = WORDS(pferr_flags);

/* SDM: "Paging-Structure Entries"; the PAT flag of a 4 KiB page is bit 7. */
/* clang-format off */
static const struct word pte_flags[] = {
	{ "PWT", BIT(3) }, { "PCD", BIT(4) }, { "A", BIT(5) }, { "D", BIT(6) },
	{ "PAT", BIT(7) }, { "G", BIT(8) },
};
/* clang-format on */
static const struct words pte_words = WORDS(pte_flags);

const struct type type_rflags = FLAGS_TYPE("rflags", "a number or AC",
					   &rflags_words);
const struct type type_rights = FLAGS_TYPE("rights", "as in R|W|X|U, or none",
					   &rights_words);
const struct type type_pferr = FLAGS_TYPE(
	"error code", "a number, or flags as in P|W|U", &pferr_words);
const struct type type_pte_bits = FLAGS_TYPE(
	"entry bits", "a number, or flags as in A|D", &pte_words);
const struct type type_cr0_bits = FLAGS_TYPE("cr0", "flags as in PE|WP|PG",
					     &cr0_words);
const struct type type_cr4_bits = FLAGS_TYPE("cr4", "flags as in PAE|SMEP",
					     &cr4_words);
const struct type type_efer_bits = FLAGS_TYPE("efer", "flags as in LME|LMA|NX",
					      &efer_words);

#define REGISTER(type_name, type_about, type_words)               \
	{                                                         \
		.name = (type_name), .about = (type_about),       \
		.decode = reg_value_decode, .print = flags_print, \
		.words = (type_words),                            \
	}

const struct type type_cr0 = REGISTER(
	"cr0 value",
	"a number, flags as in PE|WP|PG, or a change as in +CD -WP",
	&cr0_words);
const struct type type_cr3 = REGISTER("cr3 value", "a number", NULL);
const struct type type_cr4 = REGISTER(
	"cr4 value",
	"a number, flags as in PAE|PGE, or a change as in +SMEP -PGE",
	&cr4_words);
const struct type type_efer = REGISTER(
	"efer value", "a number, flags as in LME|LMA|NX, or a change as in -NX",
	&efer_words);

/* Return codes ------------------------------------------------------------- */

/* Names of -1..-132; tdp_errno_name() says "?" for what the model never gives. */
#define NR_ERRNOS 133

static const char *errno_name(unsigned int value)
{
	return value ? tdp_errno_name(-(int)value) : "0";
}

static const struct words errno_words = { NR_ERRNOS, NULL, errno_name };

static int errno_parse(const struct decoder *d, const struct node *node,
		       const struct type *type, uint64_t *value)
{
	int ret = words_parse(d, node, type, value);

	*value = ret ? 0 : -*value;
	return ret;
}

static void errno_print(const struct type *type, uint64_t value, char *buf,
			size_t size)
{
	int64_t ret = (int64_t)value;

	if (ret <= 0 && ret > -NR_ERRNOS)
		words_print(type, (uint64_t)-ret, buf, size);
	else
		snprintf(buf, size, "%lld", (long long)ret);
}

const struct type type_errno = {
	.name = "return code",
	.about = "0, or the name of an errno such as ENOENT",
	.decode = scalar_decode,
	.parse = errno_parse,
	.print = errno_print,
	.words = &errno_words,
};
