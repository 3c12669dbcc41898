/* SPDX-License-Identifier: MIT */
/* Recording why a call failed, without allocation. */
#ifndef TDPSIM_BASE_ERROR_H
#define TDPSIM_BASE_ERROR_H

#include <stdarg.h>

#include "tdpsim/error.h"

/*
 * Record why, if the caller asked (@err may be NULL), and hand back @status,
 * so that a failing return stays one expression.
 */
int err_set(struct tdp_error *err, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with a place in a file. */
int err_at(struct tdp_error *err, int status, const char *path,
	   unsigned int line, unsigned int column, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

int err_at_va(struct tdp_error *err, int status, const char *path,
	      unsigned int line, unsigned int column, const char *fmt,
	      va_list args) __attribute__((format(printf, 6, 0)));

/*
 * Where they are called, so that a compiler or analyzer sees that a failing
 * return is not TDP_OK: that the caller's outputs may stay unset then.
 * @status is evaluated twice.
 */
static inline int err_same(int status)
{
	return status;
}

#define err_set(err, status, ...) \
	(err_set(err, status, __VA_ARGS__), err_same(status))
#define err_at(err, status, ...) \
	(err_at(err, status, __VA_ARGS__), err_same(status))

#endif
