/* SPDX-License-Identifier: MIT */
/*
 * tdpsim: how KVM/x86 and the hardware translate a guest's memory accesses.
 *
 * Before version 1.0 the interface may change between minor versions.  The
 * library has no global state, prints nothing and reads no environment; a
 * handle belongs to one thread at a time, different handles are independent.
 */
#ifndef TDPSIM_TDPSIM_H
#define TDPSIM_TDPSIM_H

#include "account.h"
#include "capability.h"
#include "compare.h"
#include "error.h"
#include "event.h"
#include "explain.h"
#include "explore.h"
#include "generate.h"
#include "gmem.h"
#include "invalidate.h"
#include "memtype.h"
#include "nested.h"
#include "profile.h"
#include "result.h"
#include "scenario.h"
#include "tlb.h"
#include "types.h"
#include "vcpu.h"
#include "version.h"
#include "vm.h"
#include "vmx.h"
#include "walk.h"

#endif
