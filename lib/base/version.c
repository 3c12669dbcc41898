/* SPDX-License-Identifier: MIT */
#include "tdpsim/version.h"

#define JOIN(major, minor, patch)    #major "." #minor "." #patch
#define VERSION(major, minor, patch) JOIN(major, minor, patch)

unsigned int tdp_version(void)
{
	return TDPSIM_VERSION;
}

const char *tdp_version_name(void)
{
	return VERSION(TDPSIM_VERSION_MAJOR, TDPSIM_VERSION_MINOR,
		       TDPSIM_VERSION_PATCH);
}
