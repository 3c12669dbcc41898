/* SPDX-License-Identifier: MIT */
#include "scenario/feature.h"

#include <string.h>

#include "base/bits.h"

/*
 * A situation that the model can't decide ends a run with TDP_EUNSUPPORTED and
 * a message that begins with one of these names.
 */
static const struct feature features[] = {
	{ "shadow-nonpaging", true,
	  "the shadow MMU for a guest without paging" },
	{ "shadow-4-level", true,
	  "the shadow MMU for a guest with 4-level paging" },
	{ "shadow-32bit", false,
	  "the shadow MMU for guests with 32-bit and PAE paging is not modelled" },
	{ "shadow-unsync", false,
	  "writes to guest page tables that the shadow MMU has shadowed are not modelled" },
	{ "nested-tdp-faults", false,
	  "faults in shadowed EPT or NPT of L1 are not modelled" },
	{ "dirty-logging", false,
	  "reading and clearing the dirty log is not modelled" },
	{ "memory-attributes", false,
	  "private memory and KVM_SET_MEMORY_ATTRIBUTES are not modelled" },
};

const struct feature *feature_at(unsigned int index)
{
	return index < ARRAY_SIZE(features) ? &features[index] : NULL;
}

const struct feature *feature_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		if (!strcmp(features[i].name, name))
			return &features[i];
	return NULL;
}

const char *feature_nth(unsigned int index, const void *context)
{
	const struct feature *feature = feature_at(index);

	(void)context;
	return feature ? feature->name : NULL;
}
