/* SPDX-License-Identifier: MIT */
/* The engine's entry points, by the shapes of both stages. */
#ifndef TDPSIM_WALK_ENGINE_H
#define TDPSIM_WALK_ENGINE_H

#include "walk/walk.h"

/* Constant geometry must reach every step, or specialisation is lost. */
#define INLINE   static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))

walk_engine engine_for(enum mode guest, enum mode nested);

#endif
