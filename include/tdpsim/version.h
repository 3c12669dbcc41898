/* SPDX-License-Identifier: MIT */
/*
 * Which tdpsim this is.
 *
 * Versions are major.minor.patch.  Before 1.0.0 a new minor version may change
 * the interface; from 1.0.0 on, only a new major version does.
 */
#ifndef TDPSIM_VERSION_H
#define TDPSIM_VERSION_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the headers that a program is compiled with. */
#define TDPSIM_VERSION_MAJOR 0
#define TDPSIM_VERSION_MINOR 1
#define TDPSIM_VERSION_PATCH 0

/** TDPSIM_VERSION_NUMBER() - a version as a number, to be compared */
#define TDPSIM_VERSION_NUMBER(major, minor, patch) \
	(1000000 * (major) + 1000 * (minor) + (patch))

#define TDPSIM_VERSION                                                    \
	TDPSIM_VERSION_NUMBER(TDPSIM_VERSION_MAJOR, TDPSIM_VERSION_MINOR, \
			      TDPSIM_VERSION_PATCH)

/**
 * tdp_version() - version of the library that a program runs with
 *
 * Return: as TDPSIM_VERSION_NUMBER(); below TDPSIM_VERSION if the program was
 * compiled with newer headers.
 */
TDP_API unsigned int tdp_version(void);

/**
 * tdp_version_name() - the same as text
 *
 * Return: a static string such as "0.1.0".
 */
TDP_API const char *tdp_version_name(void);

#ifdef __cplusplus
}
#endif
#endif
