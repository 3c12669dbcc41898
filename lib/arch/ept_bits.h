/* SPDX-License-Identifier: MIT */
/*
 * EPT pointer, EPT entries, sub-page permission entries, and the exit
 * qualification of EPT violations.
 *
 * SDM: "The Extended Page Table Mechanism (EPT)", "Extended-Page-Table
 * Pointer (EPTP)", "Exit Qualification for EPT Violations" (3C).
 */
#ifndef TDPSIM_ARCH_EPT_BITS_H
#define TDPSIM_ARCH_EPT_BITS_H

#include "base/bits.h"

#define EPTP_MEMTYPE   BITS(2, 0)
#define EPTP_LENGTH    BITS(5, 3) /* levels - 1 */
#define EPTP_AD        BIT(6)
#define EPTP_SSS       BIT(7) /* supervisor shadow-stack control */
#define EPTP_RSVD_LOW  BITS(11, 8)
#define EPTP_ADDR      BITS(51, 12)

#define EPT_R          BIT(0)
#define EPT_W          BIT(1)
#define EPT_X          BIT(2) /* supervisor fetches only, if MBE */
#define EPT_RWX        (EPT_R | EPT_W | EPT_X)
#define EPT_MEMTYPE    BITS(5, 3) /* leaf; must be zero in a table entry */
#define EPT_IPAT       BIT(6)     /* leaf; must be zero in a table entry */
#define EPT_PS         BIT(7)     /* levels 2 and 3; ignored at level 1 */
#define EPT_A          BIT(8)     /* ignored unless EPTP enables A/D */
#define EPT_D          BIT(9)     /* leaf; as EPT_A */
#define EPT_XU         BIT(10)    /* user fetches, if MBE; else ignored */
#define EPT_ADDR       BITS(51, 12)
#define EPT_LOW_2M     BITS(20, 12) /* there is no PAT bit */
#define EPT_LOW_1G     BITS(29, 12)
#define EPT_VGP        BIT(57) /* leaf: verify guest paging */
#define EPT_PWA        BIT(58) /* leaf: paging-write access */
#define EPT_SSS        BIT(60) /* leaf: supervisor shadow stack */
#define EPT_SPP        BIT(61) /* level 1: sub-page permissions */
#define EPT_SVE        BIT(63) /* suppress #VE */

#define SPP_VALID      BIT(0) /* of an entry that refers to a table */
#define SPP_RSVD       (BITS(11, 1) | BITS(63, 52))
#define SPP_LEAF_RSVD  UINT64_C(0xaaaaaaaaaaaaaaaa) /* odd bits */
#define SPP_SUBPAGE    128u /* bytes that one even bit stands for */

#define QUAL_READ      BIT(0)
#define QUAL_WRITE     BIT(1)
#define QUAL_FETCH     BIT(2)
#define QUAL_RIGHTS    BITS(5, 3) /* R, W, X of the entries used */
#define QUAL_XU        BIT(6)
#define QUAL_GLA_VALID BIT(7)
#define QUAL_FINAL     BIT(8)
#define QUAL_USER      BIT(9)  /* of the linear address */
#define QUAL_WRITABLE  BIT(10) /* by the guest's tables */
#define QUAL_XD        BIT(11) /* by the guest's tables */
#define QUAL_NMI       BIT(12)
#define QUAL_SHSTK     BIT(13)
#define QUAL_SSS       BIT(14) /* bit 60 of the leaf */
#define QUAL_VERIFY    BIT(15)
#define QUAL_ASYNC     BIT(16)

/* Exit qualification of an SPP-related event. */
#define QUAL_SPP_MISS BIT(11)

#endif
