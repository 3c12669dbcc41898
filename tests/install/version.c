/* SPDX-License-Identifier: MIT */
/* Do the installed headers and the installed library belong together? */
#include <stdio.h>

#include <tdpsim/tdpsim.h>

int main(void)
{
	puts(tdp_version_name());
	return tdp_version() == TDPSIM_VERSION ? 0 : 1;
}
