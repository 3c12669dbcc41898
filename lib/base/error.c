/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"

/* The functions behind the macros. */
#undef err_set
#undef err_at

int err_at_va(struct tdp_error *err, int status, const char *path,
	      unsigned int line, unsigned int column, const char *fmt,
	      va_list args)
{
	if (!err)
		return status;
	*err = (struct tdp_error){
		.status = status,
		.line = line,
		.column = column,
	};
	if (path) {
		size_t len = min_u64(strlen(path), sizeof(err->path) - 1);

		memcpy(err->path, path, len);
	}
	vsnprintf(err->message, sizeof(err->message), fmt, args);
	return status;
}

int err_at(struct tdp_error *err, int status, const char *path,
	   unsigned int line, unsigned int column, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err_at_va(err, status, path, line, column, fmt, args);
	va_end(args);
	return status;
}

int err_set(struct tdp_error *err, int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err_at_va(err, status, NULL, 0, 0, fmt, args);
	va_end(args);
	return status;
}

const char *tdp_status_name(int status)
{
	switch (status) {
	/* clang-format off */
	case TDP_OK:		return "TDP_OK";
	case TDP_EINVAL:	return "TDP_EINVAL";
	case TDP_ENOMEM:	return "TDP_ENOMEM";
	case TDP_EINPUT:	return "TDP_EINPUT";
	case TDP_EIO:		return "TDP_EIO";
	case TDP_ELIMIT:	return "TDP_ELIMIT";
	case TDP_EUNSUPPORTED:	return "TDP_EUNSUPPORTED";
		/* clang-format on */
	}
	return "?";
}

char *tdp_error_print(const struct tdp_error *err, char *buf, size_t size)
{
	if (!err->path[0])
		snprintf(buf, size, "%s", err->message);
	else if (!err->line)
		snprintf(buf, size, "%s: %s", err->path, err->message);
	else
		snprintf(buf, size, "%s:%u:%u: %s", err->path, err->line,
			 err->column, err->message);
	return buf;
}
