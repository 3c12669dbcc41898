/* SPDX-License-Identifier: MIT */
#include "tdpsim/version.h"

#define TEXT_OF(x)	#x
#define TEXT(x)		TEXT_OF(x)

unsigned int tdp_version(void)
{
	return TDPSIM_VERSION;
}

const char *tdp_version_name(void)
{
	return TEXT(TDPSIM_VERSION_MAJOR) "." TEXT(TDPSIM_VERSION_MINOR) "."
	       TEXT(TDPSIM_VERSION_PATCH);
}
