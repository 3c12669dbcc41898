/* SPDX-License-Identifier: MIT */
#include "vm/hostmem.h"

#include "walk/walker.h"

struct physmem hostmem_flat(const struct tdp_memory *memory)
{
	return memory->pm;
}

struct physmem *hostmem_physmem(struct tdp_memory *memory)
{
	return &memory->pm;
}
