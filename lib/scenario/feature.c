/* SPDX-License-Identifier: MIT */
#include "scenario/feature.h"

#include <string.h>

#include "base/bits.h"

/*
 * A situation that the model can't decide ends a run with TDP_EUNSUPPORTED and
 * a message that begins with one of these names.
 */
static const struct feature features[] = {
	{ "shadow-mmu", true,
	  "shadow paging: guests of every paging mode, unsync pages" },
	{ "nested-tdp", true,
	  "roles, roots and shadow pages for EPT or nested paging of L1" },
	{ "nested-tdp-faults", true,
	  "faults of L2 that L1's tables cause are reflected to L1" },
	{ "dirty-logging", true,
	  "dirty logging, aging and NX recovery of what the TDP MMU maps" },
	{ "dirty-logging-shadow", true,
	  "dirty logging, collapse and eager splitting of what the shadow MMU maps" },
	{ "aging-shadow", true, "aging of pages that the shadow MMU maps" },
	{ "memory-attributes", true,
	  "private memory of software-protected VMs, and guest_memfd" },
	{ "capabilities", false,
	  "KVM_CHECK_EXTENSION knows what is about the MMU alone" },
	{ "confidential-vms", false,
	  "SEV, SNP and TDX are not modelled: the host has none of them" },
	{ "smm-save-area", true,
	  "SMRAM lies in guest memory, in the 32-bit and the 64-bit layout" },
	{ "vm-death", true, "a VM that KVM gives up: -EIO from then on" },
	{ "nested-pae-registers", true,
	  "control registers of an L2 with PAE paging under nested TDP" },
	{ "vmcs12-fields", false,
	  "VMREAD and VMWRITE of fields that have no part in translation, and shadow VMCSs" },
	{ "exits", false,
	  "exits that KVM never enables (#VE, sub-page permissions)" },
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
