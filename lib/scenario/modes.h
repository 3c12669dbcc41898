/* SPDX-License-Identifier: MIT */
/* Paging modes by name: the registers that switch them on. */
#ifndef TDPSIM_SCENARIO_MODES_H
#define TDPSIM_SCENARIO_MODES_H

#include "scenario/value.h"
#include "tdpsim/nested.h"

enum mode {
	MODE_NONE,
	MODE_REAL,
	MODE_PROTECTED,
	MODE_32BIT,
	MODE_PAE,
	MODE_4LEVEL,
	MODE_5LEVEL,
	NR_MODES
};

extern const struct type type_mode;        /* all but MODE_NONE */
extern const struct type type_paging_mode; /* those with page tables */

/* CR0, CR4 and EFER of a mode; CR3 is left alone. */
void mode_registers(enum mode mode, struct tdp_sregs *sregs);

/* A set of registers as a scenario writes it: a mode, then changes to it. */
struct regs_args {
	enum mode mode;
	struct reg_value cr0, cr3, cr4, efer;
	struct list pdptrs;
};

#define REGS_ROWS(structure, regs)                                            \
	ARG_AS("mode", structure, regs.mode, type_mode,                       \
	       .about = "start from the registers of this mode"),             \
		ARG_AS("cr0", structure, regs.cr0, type_cr0, .about = "CR0"), \
		ARG_AS("cr3", structure, regs.cr3, type_cr3, .about = "CR3"), \
		ARG_AS("cr4", structure, regs.cr4, type_cr4, .about = "CR4"), \
		ARG_AS("efer", structure, regs.efer, type_efer,               \
		       .about = "EFER"),                                      \
		ARG_AS("pdptrs", structure, regs.pdptrs, type_pdptrs,         \
		       .about =                                               \
			       "the four PDPTEs, instead of those in memory at CR3")

extern const struct type type_pdptrs;

/* Does it name any register? */
bool regs_given(const struct regs_args *regs);

/* @sregs as @regs leaves it. */
void regs_apply(const struct regs_args *regs, struct tdp_sregs *sregs);

#endif
