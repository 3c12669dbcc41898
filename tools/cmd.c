/* SPDX-License-Identifier: MIT */
#include "cmd.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int exit_of(int status)
{
	switch (status) {
	case TDP_OK:
		return EXIT_HELD;
	case TDP_EINVAL:
	case TDP_EINPUT:
	case TDP_EIO:
	case TDP_ELIMIT:
	case TDP_EUNSUPPORTED:
		return EXIT_BAD_INPUT;
	default:
		return EXIT_INTERNAL;
	}
}

int exit_worse(int a, int b)
{
	return a > b ? a : b;
}

int show_error(const struct tdp_error *err)
{
	char text[sizeof(err->path) + sizeof(err->message) + 32];

	fflush(stdout);
	fprintf(stderr, "%s\n", tdp_error_print(err, text, sizeof(text)));
	return exit_of(err->status);
}

int bad_usage(const char *command, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "tdpsim %s: ", command);
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\nTry \"tdpsim %s --help\".\n", command);
	va_end(args);
	return EXIT_BAD_INPUT;
}

bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && !*end;
}
