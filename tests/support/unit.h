/* SPDX-License-Identifier: MIT */
/* What every unit test includes: CMocka with the headers that it needs. */
#ifndef TDPSIM_SUPPORT_UNIT_H
#define TDPSIM_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/nomem.h"
#include "support/rows.h"

#endif
