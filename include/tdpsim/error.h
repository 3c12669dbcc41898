/* SPDX-License-Identifier: MIT */
/*
 * The caller's mistakes and the machine's want of memory.
 *
 * What the modelled machine does (a #PF, an EPT violation, EOPNOTSUPP of a
 * modelled ioctl) is never an error here: it is a value in struct tdp_result.
 */
#ifndef TDPSIM_ERROR_H
#define TDPSIM_ERROR_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** enum tdp_status - what a call into the library returns; all but TDP_OK are negative */
/* clang-format off */
enum tdp_status {
	TDP_OK		= 0,
	TDP_EINVAL	= -1,	/* an argument breaks a stated rule */
	TDP_ENOMEM	= -2,	/* this process is out of memory; state unchanged */
	TDP_EINPUT	= -3,	/* a scenario or vector file is malformed */
	TDP_EIO		= -4,	/* a file can't be opened or read */
	TDP_ELIMIT	= -5,	/* a stated limit of the model was reached */
	TDP_EUNSUPPORTED = -6,	/* the model can't decide this yet; message says what */
};
/* clang-format on */

/**
 * struct tdp_error - why a call failed
 * @status:  the value that the call returned
 * @path:    file that the message is about, or empty
 * @line:    line in @path, from 1; 0 if there is none
 * @column:  column in @path, from 1; 0 if there is none
 * @message: object, values and rule broken; no newline at its end
 *
 * Owned by the caller; a call writes it on failure only.
 */
struct tdp_error {
	int status;
	char path[256];
	unsigned int line;
	unsigned int column;
	char message[512];
};

/**
 * tdp_status_name() - name of a status, such as "TDP_ENOMEM"
 *
 * Return: a static string; "?" for a value that is no status.
 */
TDP_API const char *tdp_status_name(int status);

/**
 * tdp_error_print() - write "path:line:column: message" into a buffer
 * @err:  what to print; parts that are not set are left out
 * @buf:  receives a NUL-terminated string, cut off if need be
 * @size: bytes in @buf, at least 1
 *
 * Return: @buf
 */
TDP_API char *tdp_error_print(const struct tdp_error *err, char *buf,
			      size_t size);

#ifdef __cplusplus
}
#endif
#endif
