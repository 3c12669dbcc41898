/* SPDX-License-Identifier: MIT */
/*
 * Register bits that address translation depends on, under the manuals'
 * names.
 *
 * SDM: "Control Registers" (3A), "Protection Keys", "Linear-Address
 * Masking" (LAM); APM 2: "CR0 Register", "CR4 Register", "Extended Feature
 * Enable Register (EFER)".
 */
#ifndef TDPSIM_ARCH_REGS_H
#define TDPSIM_ARCH_REGS_H

#include "base/bits.h"

#define CR0_PE         BIT(0)
#define CR0_MP         BIT(1)
#define CR0_EM         BIT(2)
#define CR0_TS         BIT(3)
#define CR0_ET         BIT(4)
#define CR0_NE         BIT(5)
#define CR0_WP         BIT(16)
#define CR0_AM         BIT(18)
#define CR0_NW         BIT(29)
#define CR0_CD         BIT(30)
#define CR0_PG         BIT(31)

#define CR3_PWT        BIT(3)
#define CR3_PCD        BIT(4)
#define CR3_PCID       BITS(11, 0) /* if CR4.PCIDE */
#define CR3_PAE_BASE   BITS(31, 5) /* the PDPT is 32-byte aligned */
#define CR3_LAM_U57    BIT(61)
#define CR3_LAM_U48    BIT(62)
#define CR3_NOFLUSH    BIT(63) /* of the MOV's source, never stored */

#define CR4_VME        BIT(0)
#define CR4_PVI        BIT(1)
#define CR4_TSD        BIT(2)
#define CR4_DE         BIT(3)
#define CR4_PSE        BIT(4)
#define CR4_PAE        BIT(5)
#define CR4_MCE        BIT(6)
#define CR4_PGE        BIT(7)
#define CR4_PCE        BIT(8)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_LA57       BIT(12)
#define CR4_VMXE       BIT(13)
#define CR4_SMXE       BIT(14)
#define CR4_FSGSBASE   BIT(16)
#define CR4_PCIDE      BIT(17)
#define CR4_OSXSAVE    BIT(18)
#define CR4_KL         BIT(19)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)
#define CR4_PKE        BIT(22)
#define CR4_CET        BIT(23)
#define CR4_PKS        BIT(24)
#define CR4_UINTR      BIT(25)
#define CR4_LASS       BIT(27)
#define CR4_LAM_SUP    BIT(28)
#define CR4_FRED       BIT(32)

#define EFER_SCE       BIT(0)
#define EFER_LME       BIT(8)
#define EFER_LMA       BIT(10)
#define EFER_NX        BIT(11)
#define EFER_SVME      BIT(12)
#define EFER_LMSLE     BIT(13)
#define EFER_FFXSR     BIT(14)
#define EFER_TCE       BIT(15)
#define EFER_UAIE      BIT(20) /* AMD: upper address ignore */
#define EFER_AUTOIBRS  BIT(21)

#define RFLAGS_CF      BIT(0)
#define RFLAGS_ZF      BIT(6)
/* CF, PF, AF, ZF, SF, OF */
#define RFLAGS_ARITHMETIC (BIT(0) | BIT(2) | BIT(4) | BIT(6) | BIT(7) | BIT(11))
#define RFLAGS_AC         BIT(18)

/*
 * #PF error code, and EXITINFO1 of #VMEXIT(NPF).
 *
 * SDM: "Page-Fault Exceptions" (3A); APM 2: "Page-Fault Error Code",
 * "Nested versus Guest Page Faults, Fault Ordering".
 */
#define PFERR_PRESENT     BIT(0)
#define PFERR_WRITE       BIT(1)
#define PFERR_USER        BIT(2)
#define PFERR_RSVD        BIT(3)
#define PFERR_FETCH       BIT(4)
#define PFERR_PK          BIT(5)
#define PFERR_SS          BIT(6)
#define PFERR_HLAT        BIT(7)
#define PFERR_SGX         BIT(15)
#define PFERR_RMP         BIT(31)
#define PFERR_GUEST_FINAL BIT(32) /* NPF: on the final address */
#define PFERR_GUEST_PAGE  BIT(33) /* NPF: on a guest table */
#define PFERR_GUEST_ENC   BIT(34)
#define PFERR_GUEST_SIZEM BIT(35)
#define PFERR_GUEST_VMPL  BIT(36)
#define PFERR_GUEST_SSS   BIT(37) /* NPF: leaf is a shadow-stack page */
/* KVM's own, above what hardware reports; KVM 6.12: asm/kvm_host.h. */
#define PFERR_IMPLICIT_ACCESS BIT(48)
#define PFERR_PRIVATE_ACCESS  BIT(49)

/* Two bits a key in PKRU and IA32_PKRS. */
#define PKR_AD(key) (1u << (2 * (key)))
#define PKR_WD(key) (2u << (2 * (key)))

#endif
