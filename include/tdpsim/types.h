/* SPDX-License-Identifier: MIT */
/*
 * Words that every part of the interface shares: addresses, access rights,
 * page sizes, vendors.
 */
#ifndef TDPSIM_TYPES_H
#define TDPSIM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TDP_API __attribute__((visibility("default")))
#else
#define TDP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Addresses of different spaces are different types, so that handing one
 * where another belongs does not compile.  All count bytes.
 */
/* clang-format off */
typedef struct { uint64_t addr; } tdp_gva;	/* guest-virtual (linear) */
typedef struct { uint64_t addr; } tdp_gpa;	/* guest-physical (L1's) */
typedef struct { uint64_t addr; } tdp_ngpa;	/* nested guest-physical (L2's) */
typedef struct { uint64_t addr; } tdp_hva;	/* host-virtual (userspace's) */
typedef struct { uint64_t addr; } tdp_hpa;	/* host-physical */
/* clang-format on */

#define TDP_GVA(x)  ((tdp_gva){ (x) })
#define TDP_GPA(x)  ((tdp_gpa){ (x) })
#define TDP_NGPA(x) ((tdp_ngpa){ (x) })
#define TDP_HVA(x)  ((tdp_hva){ (x) })
#define TDP_HPA(x)  ((tdp_hpa){ (x) })

/** enum tdp_vendor - whose processor the host is */
enum tdp_vendor {
	TDP_INTEL, /* VMX, EPT */
	TDP_AMD,   /* SVM, NPT */
};

/**
 * enum tdp_level - what a page-table entry maps when it is a leaf
 *
 * Numbered as in KVM (PG_LEVEL_4K and on): level L covers 2^(12 + 9(L-1))
 * bytes.  Levels 4 and 5 only name tables.
 */
/* clang-format off */
enum tdp_level {
	TDP_LEVEL_NONE	= 0,
	TDP_LEVEL_4K	= 1,
	TDP_LEVEL_2M	= 2,
	TDP_LEVEL_1G	= 3,
	TDP_LEVEL_512G	= 4,
	TDP_LEVEL_256T	= 5,
};
/* clang-format on */

/** enum tdp_access_kind - what the guest does to an address */
enum tdp_access_kind {
	TDP_READ,
	TDP_WRITE,
	TDP_FETCH,
	TDP_RMW,      /* read-modify-write: one locked access */
	TDP_SS_READ,  /* shadow-stack read */
	TDP_SS_WRITE, /* shadow-stack write */
};

/**
 * enum tdp_memtype - memory types, with the encodings of MTRR, PAT and EPT
 *
 * SDM: "Memory Types and Their Properties" (3A).  UC- exists in the PAT only;
 * CD and WC+ are results that only an AMD processor forms (APM 2, "Combining
 * Memory Types, MTRRs").
 */
/* clang-format off */
enum tdp_memtype {
	TDP_MT_UC	= 0,
	TDP_MT_WC	= 1,
	TDP_MT_WT	= 4,
	TDP_MT_WP	= 5,
	TDP_MT_WB	= 6,
	TDP_MT_UC_MINUS	= 7,
	TDP_MT_CD	= 8,
	TDP_MT_WC_PLUS	= 9,
	TDP_MT_UNDEFINED = 15,	/* the manuals leave the combination open */
};
/* clang-format on */

/**
 * tdp_memtype_name() - spelling of a memory type in scenarios and traces
 *
 * Return: a static string such as "WB"; "?" for a value that has no name.
 */
TDP_API const char *tdp_memtype_name(enum tdp_memtype type);

#ifdef __cplusplus
}
#endif
#endif
