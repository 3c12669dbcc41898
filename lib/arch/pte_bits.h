/* SPDX-License-Identifier: MIT */
/*
 * Entries of ordinary page tables: the guest's, and AMD's nested ones.
 *
 * SDM: "Hierarchical Paging Structures: an Overview", "32-Bit Paging",
 * "PAE Paging", "4-Level Paging and 5-Level Paging" (3A); APM 2:
 * "Page-Translation-Table Entry Fields".
 */
#ifndef TDPSIM_ARCH_PTE_BITS_H
#define TDPSIM_ARCH_PTE_BITS_H

#include "base/bits.h"

#define PTE_P         BIT(0)
#define PTE_RW        BIT(1)
#define PTE_US        BIT(2)
#define PTE_PWT       BIT(3)
#define PTE_PCD       BIT(4)
#define PTE_CACHE     (PTE_PWT | PTE_PCD)
#define PTE_A         BIT(5)
#define PTE_D         BIT(6) /* leaf */
#define PTE_PS        BIT(7) /* levels 2 and 3 */
#define PTE_PAT       BIT(7) /* level 1 */
#define PTE_G         BIT(8) /* leaf */
#define PTE_BIT8      BIT(8) /* AMD: must be zero at levels 4, 5 */
#define PTE_SOFT_LOW  BITS(11, 9)
#define PTE_ADDR      BITS(51, 12)
#define PTE_PAT_LARGE BIT(12)      /* leaf at levels 2 and 3 */
#define PTE_LOW_2M    BITS(20, 13) /* below the address of a 2M page */
#define PTE_LOW_1G    BITS(29, 13)
#define PTE_HIGH      BITS(62, 52)
#define PTE_SOFT_HIGH BITS(58, 52)
#define PTE_KEY       BITS(62, 59) /* leaf */
#define PTE_XD        BIT(63)

/* 4M pages of 32-bit paging: PDE[20:13] is PA[39:32], as far as it exists. */
#define PDE4M_HIGH  BITS(20, 13)
#define PDE4M_BIT21 BIT(21)
#define PDE4M_ADDR  BITS(31, 22)
#define PTE32_ADDR  BITS(31, 12)

#define PDPTE_RSVD  (BITS(2, 1) | BITS(8, 5) | BITS(63, 52))

#endif
