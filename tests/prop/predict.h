/* SPDX-License-Identifier: MIT */
/*
 * A second opinion on access rights, for the sweeps.
 *
 * Written from the manuals' prose alone, by meaning and not by bit: it knows
 * neither entry formats nor walks, and shares no code with lib/walk.  Two
 * entries stand for a walk, the leaf and one above it; all others in the
 * tables of a sweep grant everything.
 */
#ifndef TESTS_PROP_PREDICT_H
#define TESTS_PROP_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

/* What one ordinary or nested (NPT) entry says. */
struct said {
	bool present;
	bool write;
	bool user;
	bool no_execute;
	bool reserved; /* some bit is set that must not be */
	bool accessed;
	bool dirty; /* leaf only */
};

struct cpu {
	bool has_xd;   /* format with an XD bit: all but 32-bit */
	bool has_keys; /* 4-level and 5-level paging */
	bool wp, smep, smap, ac, nxe, pke, pks;
	bool key_ad, key_wd; /* of the leaf's key, in PKRU and PKRS alike */
};

struct access {
	bool write, fetch; /* neither: a read */
	bool user;         /* at CPL 3 */
	bool implicit;     /* supervisor-mode whatever the CPL */
	bool shadow_stack; /* a read or write of a shadow stack */
};

/* What must come of an access, and what the two entries' flags must be. */
struct guess {
	bool fault;
	uint32_t code; /* of the #PF */
	bool upper_accessed, leaf_accessed, leaf_dirty;
};

struct guess guess_guest(const struct cpu *cpu, const struct access *access,
			 const struct said *upper, const struct said *leaf);

/* What one EPT entry says. */
struct ept_said {
	bool read, write, execute;
	bool user_execute; /* means something with mode-based execute */
	bool reserved;
	bool accessed;
	bool dirty; /* leaf only */
};

struct ept_cpu {
	bool exec_only;  /* capability */
	bool mode_based; /* mode-based execute control */
	bool ad;         /* EPTP bit 6 */
};

/* What is asked of one guest-physical address. */
struct ept_request {
	bool read, write, fetch;
	bool table;     /* by the guest walk, not the access itself */
	bool user_page; /* the linear address is a user-mode one */
};

enum ept_verdict { EPT_ALLOWED, EPT_VIOLATES, EPT_MISCONFIGURED };

struct ept_guess {
	enum ept_verdict verdict;
	uint64_t rights; /* qualification bits 6:3 */
	bool upper_accessed, leaf_accessed, leaf_dirty;
};

struct ept_guess guess_ept(const struct ept_cpu *cpu,
			   const struct ept_request *request,
			   const struct ept_said *upper,
			   const struct ept_said *leaf);

struct npt_cpu {
	bool nxe, smep; /* the host's */
	bool gmet;
	bool rogpt;
};

struct npt_request {
	bool write, fetch;
	bool table;      /* by the guest walk */
	bool supervisor; /* CPL below 3; matters to GMET */
};

struct npt_guess {
	bool fault;
	uint64_t info; /* EXITINFO1 */
	bool upper_accessed, leaf_accessed, leaf_dirty;
};

struct npt_guess guess_npt(const struct npt_cpu *cpu,
			   const struct npt_request *request,
			   const struct said *upper, const struct said *leaf);

#endif
