/* SPDX-License-Identifier: MIT */
/* Host memory is one thing to the hardware walker and to the kernel's model. */
#ifndef TDPSIM_VM_HOSTMEM_H
#define TDPSIM_VM_HOSTMEM_H

#include "mem/physmem.h"

struct tdp_memory;

/* The flat range of @memory, as the kernel's model uses it. */
struct physmem hostmem_flat(const struct tdp_memory *memory);

/* The same range, as the hardware walker uses it. */
struct physmem *hostmem_physmem(struct tdp_memory *memory);

#endif
