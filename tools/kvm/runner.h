/* SPDX-License-Identifier: MIT */
/*
 * A scenario while it is carried out on /dev/kvm.
 *
 * A step that can't be made here is skipped with a reason, before it has any
 * effect; what was made is one line of the recording.
 */
#ifndef TDPSIM_TOOLS_KVM_RUNNER_H
#define TDPSIM_TOOLS_KVM_RUNNER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <tdpsim/steps.h>
#include <tdpsim/tdpsim.h>

#include "abi.h"

#define PAGE_BYTES 4096u
#define NR_PIECES  256
#define NR_REGIONS 128
#define MAX_VCPUS  64
#define MAX_GMEM   32
#define NR_STATS   32

/* Ports that payloads write to, so that KVM_RUN ends. */
#define PORT_DONE   0x10
#define PORT_L1     0x11 /* L1, behind an exit of L2 */
#define PORT_VECTOR 0x40 /* and up: an exception was delivered */

/* Guest memory lies here: what notifiers say of other memory is left out. */
#define GUEST_HVA_START 0x1000000000u
#define GUEST_HVA_END   0x6000000000u

/* KVM's binary statistics of a VM or a vCPU. */
struct stats {
	int fd; /* -1: none */
	unsigned int nr;
	char name[NR_STATS][48];
	uint64_t offset[NR_STATS];
	uint64_t last[NR_STATS];
};

/* Part of a region with one backing. */
struct piece {
	uint64_t hva;
	uint64_t size;
	enum tdp_backing backing;
	bool untouched; /* and reads give zeros, but for @written */
	bool host_readonly;
	int fd;           /* -1: none */
	uint64_t offset;  /* of the piece in the file */
	uint8_t *written; /* a byte a page, if untouched; else NULL */
};

/* A memslot and what is behind it. */
struct region {
	bool used;
	unsigned int slot, as_id, flags;
	uint64_t gpa, size, hva;
	bool owner; /* of what is mapped there */
	struct piece pieces[NR_PIECES];
	unsigned int nr_pieces;
};

/* L2 as the last VMRUN had it: what can't be read back while it runs. */
struct l2 {
	uint64_t vmcb;       /* where vmcb12 lies */
	bool np;             /* it has nested paging */
	struct tdp_sregs l1; /* L1's registers, and L2's, at VMRUN */
	struct tdp_sregs own;
	struct tdp_sregs npt; /* L1's registers, but for CR3, which is nCR3 */
};

struct vcpu {
	int fd;
	unsigned int id;
	struct kvm_run *run;
	struct stats stats;
	struct tdp_cpuid cpuid;
	const char *dead; /* why it can't run any more; NULL: it can */
	bool ac;          /* RFLAGS.AC */
	bool signal;      /* one is to be pending in its next call */
	uint64_t late;    /* one comes behind so many pages; 0: none */
	bool smi;         /* one was taken: there is a save area */
	bool rsm; /* RSM has loaded TR, as busy: see payload_segments() */
	bool in_l2;
	bool smi_in_l2; /* RSM goes back there */
	bool hsave;     /* L1 has set VM_HSAVE_PA */
	struct l2 l2;
};

struct trace;

/*
 * The payload's memory, 256 KiB of a memslot of its own, mapped one to one:
 * pages by number.
 */
enum payload_page {
	PAYLOAD_SUPERVISOR, /* code, IDT, GDT, TSS, stack */
	PAYLOAD_USER,       /* code */
	PAYLOAD_L2,         /* as PAYLOAD_SUPERVISOR, for L2 */
	PAYLOAD_TABLES,     /* see tables.c */
	PAYLOAD_VMCB = PAYLOAD_TABLES + 16,
	PAYLOAD_HSAVE,
	PAYLOAD_PAGES = 64
};

struct payload {
	bool used;
	uint64_t gpa;
	uint64_t hva;
};

/* Where a vCPU's code runs, and finds its tables. */
struct place {
	unsigned int as_id;
	enum payload_page page;      /* code of CPL 0, IDT, stack */
	const struct tdp_sregs *npt; /* of L2; NULL: no nested paging */
};

struct runner {
	int kvm;
	size_t run_bytes;
	bool amd;
	bool npt;
	bool nrips; /* the processor says where the next instruction is */
	bool tcg;   /* QEMU emulates the processor */
	struct tdp_machine machine;
	struct trace *trace; /* NULL: tracefs can't be read */
	FILE *out;
	/* of one scenario */
	const struct tdp_scenario *scenario;
	int vm;
	struct stats stats;
	struct region regions[NR_REGIONS];
	int gmem[MAX_GMEM]; /* descriptors */
	unsigned int nr_gmem;
	uint64_t next_hva;
	uint64_t touched; /* bytes that were written */
	struct vcpu vcpus[MAX_VCPUS];
	unsigned int nr_vcpus;
	struct payload payload;
	bool nested; /* it has steps about L2 */
	/* of one step */
	unsigned int step; /* 0: making the machine */
	json_t *line;
	json_t *ops;
	char why[256]; /* it was skipped */
};

/* Skip the step: returns -1. */
__attribute__((format(printf, 2, 3))) int skip(struct runner *r,
					       const char *fmt, ...);

/* record.c: one line */
void line_begin(struct runner *r, const char *verb);
void line_text(struct runner *r, const char *key, const char *text);
void line_hex(struct runner *r, const char *key, uint64_t value);
void line_number(struct runner *r, const char *key, uint64_t value);
/* @ret: of the ioctl, errno set if it is negative */
void line_result(struct runner *r, const char *op, int ret);
void line_end(struct runner *r);
/* An operation for the model ("do"): members are key, value pairs of hex. */
json_t *op_add(struct runner *r, const char *name);
/* It is due if the one before ended so: "fault", "nested_exit". */
void op_on(json_t *op, const char *outcome);
json_t *hex(uint64_t value);
/* Userspace stores: in memory and, as an operation, for the model. */
void op_write(struct runner *r, unsigned int as_id, uint64_t gpa,
	      uint64_t value, unsigned int size);

/* stats.c */
void stats_open(struct stats *stats, int fd);
void stats_close(struct stats *stats);
void stats_add(struct stats *stats, json_t *object);

/* trace.c: NULL with errno set if events can't be had */
struct trace *trace_open(void);
void trace_close(struct trace *trace);
void trace_drop(struct trace *trace);
void trace_take(struct trace *trace, json_t *line);
bool trace_has_roles(const struct trace *trace);

/* parameters.c: module parameters that can be changed at any time */
void parameters_keep(void);
void parameters_restore(void);
/* As the scenario wants them; what was set is told in the line. */
void parameters_set(struct runner *r);

/* env.c: the first line; returns its text, which the caller frees */
char *env_line(struct runner *r);
/* Does KVM_GET_SUPPORTED_CPUID have that bit? */
enum cpuid_register { REG_EAX, REG_EBX, REG_ECX, REG_EDX };
bool cpuid_supports(struct runner *r, unsigned int function,
		    enum cpuid_register reg, unsigned int bit);
/* Fill in @entries from @cpuid; nr entries are returned in @data->nent. */
int cpuid_make(struct runner *r, const struct tdp_cpuid *cpuid,
	       struct kvm_cpuid2 *data, unsigned int room);

/* memory.c */
struct region *region_by_slot(struct runner *r, unsigned int as_id,
			      unsigned int slot);
/* What is mapped behind a guest address; NULL if no slot holds it. */
struct piece *piece_at(struct runner *r, unsigned int as_id, uint64_t gpa,
		       uint64_t *hva);
/* For the runner's own use: NULL where that would block or kill. */
void *memory_for_write(struct runner *r, unsigned int as_id, uint64_t gpa);
bool memory_read(struct runner *r, unsigned int as_id, uint64_t gpa,
		 void *value, unsigned int size);
bool memory_write(struct runner *r, unsigned int as_id, uint64_t gpa,
		  uint64_t value, unsigned int size);
/* Map what is behind a new region, at region->hva. */
int region_map(struct runner *r, struct region *region,
	       const struct tdp_memslot *slot);
struct piece *piece_of(struct runner *r, uint64_t hva, struct region **region);
int piece_map(struct runner *r, struct piece *piece);
void piece_free(struct piece *piece);
/* Unmap all, and forget it. */
void regions_free(struct runner *r);

/* backing.c */
int backing_change(struct runner *r, uint64_t hva,
		   const struct tdp_backing_change *change);
/* Something else may be mapped there now, or nothing. */
void pieces_forget(struct runner *r, uint64_t hva, uint64_t size);

/* Is anything mapped at @hva? */
bool is_mapped(struct runner *r, uint64_t hva);

/* machine.c */
int machine_make(struct runner *r);
int memslot_set(struct runner *r, const struct tdp_memslot *slot, json_t *hvas);
int vcpu_set_sregs(struct runner *r, struct vcpu *v,
		   const struct tdp_sregs *sregs);
int vcpu_set_cpuid(struct runner *r, struct vcpu *v,
		   const struct tdp_cpuid *cpuid);
int vcpu_set_smm(struct vcpu *v, bool smm);
void vcpu_get_sregs(struct vcpu *v, struct tdp_sregs *sregs);

/* payload.c */
#define PAYLOAD_SLOT 500u
/* Choose an address that no memslot of the scenario covers, and map it. */
int payload_make(struct runner *r);
bool payload_slot_wanted(struct runner *r);
uint64_t payload_gpa(const struct runner *r, enum payload_page page);
uint8_t *payload_host(const struct runner *r, enum payload_page page);
void payload_segments(const struct runner *r, enum payload_page page,
		      struct kvm_sregs2 *sregs);
/* L1's VMRUN, and what is behind it. */
uint64_t vmrun_gpa(const struct runner *r);
uint64_t l1_resumes_at(const struct runner *r);

/* tables.c: page tables that map the payload */
void tables_make(struct runner *r);
/*
 * Make the payload's pages known to the guest's own tables at @sregs' CR3.
 * What is written is an operation of the step.  -1: skipped; 1: a PDPTE was
 * written, which the vCPU has to read again.
 */
int tables_link(struct runner *r, const struct place *place,
		const struct tdp_sregs *sregs);
/* The same for L1's nested tables, whose format is that of L1's mode. */
int tables_link_nested(struct runner *r, const struct tdp_sregs *npt);
/* The guest's own translation, without effect; false: there is none. */
bool tables_walk(struct runner *r, const struct place *place,
		 const struct tdp_sregs *sregs, uint64_t gva, uint64_t *gpa);

/* run.c */
/* KVM_RUN with @v's registers; describes the exit.  Returns -1 with errno. */
int run_once(struct runner *r, struct vcpu *v);
/* KVM_RUN that ends before the guest is entered. */
int run_until_entry(struct runner *r, struct vcpu *v);
int prefault(struct runner *r, struct vcpu *v,
	     struct kvm_pre_fault_memory *range);
bool vcpu_in_smm(const struct vcpu *v);

/* code.c */
/* Code that ends in port I/O. */
struct code {
	uint8_t bytes[64];
	unsigned int nr;
	bool refetch; /* it changes how the next instruction is fetched */
};
/* Bytes in hexadecimal: "0f 22 c0". */
void code_add(struct code *code, const char *bytes);
struct registers {
	uint64_t rax, rbx, rcx, rdx;
	bool user; /* IRET to CPL 3 comes first */
};
struct place place_of(const struct vcpu *v);
/* The first instruction at CPL 0. */
uint64_t code_gpa(const struct runner *r, const struct vcpu *v);
/* Map the payload and make its segments the vCPU's.  -1: skipped. */
int code_prepare(struct runner *r, struct vcpu *v, bool user);
void code_place(struct runner *r, struct vcpu *v, const struct code *code,
		bool user);
uint64_t payload_operand(const struct runner *r, const struct vcpu *v,
			 uint64_t low, uint64_t high);
/* Run what code_place() has put, or what else lies at @rip. */
int run_at(struct runner *r, struct vcpu *v, uint64_t rip,
	   const struct registers *registers);
/* All of that, at CPL 0; the step's verb is what it does. */
int run_code(struct runner *r, struct vcpu *v, const struct code *code,
	     const struct registers *registers);
int run_access(struct runner *r, struct vcpu *v, const char *kind, uint64_t gva,
	       bool user);
/* Before an SMI: code to return to, and the fetch of it behind RSM. */
int prepare_return(struct runner *r, struct vcpu *v);
void op_return(struct runner *r, const struct vcpu *v);
json_t *op_guest_access(struct runner *r, const struct vcpu *v,
			const char *kind, uint64_t gva, bool user);
/* What L2 did may be L1's business, which then goes on behind VMRUN. */
void op_l1_goes_on(struct runner *r, const struct vcpu *v);

/* modes.c: SMM, shutdown */
int step_smi(struct runner *r, struct vcpu *v);
int step_triple_fault(struct runner *r, struct vcpu *v);
int step_rsm(struct runner *r, struct vcpu *v);

/* nested.c: L2 */
bool vcpu_in_l2(const struct vcpu *v);
int step_vmrun(struct runner *r, struct vcpu *v);
int step_nested_enter(struct runner *r, struct vcpu *v);
int step_nested_exit(struct runner *r, struct vcpu *v);

/* nested_state.c */
int step_set_nested_state(struct runner *r, struct vcpu *v);
int step_get_nested_state(struct runner *r, struct vcpu *v);
int step_set_mp_state(struct runner *r, struct vcpu *v);

/* private.c */
int step_set_attributes(struct runner *r, struct vcpu *v);
int step_create_gmem(struct runner *r, struct vcpu *v);
int step_punch_gmem(struct runner *r, struct vcpu *v);
int step_mmap_gmem(struct runner *r, struct vcpu *v);
int step_touch(struct runner *r, struct vcpu *v);
/* Returns the file's descriptor; -1: errno, or skipped. */
int gmem_create(struct runner *r, uint64_t size, uint64_t flags);
int gmem_fd(const struct runner *r, uint64_t file);

/* capability.c */
int step_check_extension(struct runner *r, struct vcpu *v);
int step_disable_quirks(struct runner *r, struct vcpu *v);
int step_create_vm(struct runner *r, struct vcpu *v);
int step_set_nr_mmu_pages(struct runner *r, struct vcpu *v);
int step_get_nr_mmu_pages(struct runner *r, struct vcpu *v);
int step_new_vm(struct runner *r, struct vcpu *v);

/* steps.c */
int step_make(struct runner *r, const struct tdp_step *step);
bool verb_needs_payload(const char *verb);
bool verb_is_nested(const char *verb);

#endif
