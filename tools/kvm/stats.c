/* SPDX-License-Identifier: MIT */
/* KVM's binary statistics (KVM_GET_STATS_FD): differences from step to step. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runner.h"

/* Those of paging. */
static const char *const wanted[] = {
	"pf_taken",
	"pf_fixed",
	"pf_emulate",
	"pf_spurious",
	"pf_fast",
	"pf_guest",
	"pf_mmio_spte_created",
	"tlb_flush",
	"invlpg",
	"remote_tlb_flush",
	"nested_run",
	"guest_mode",
	"pages_4k",
	"pages_2m",
	"pages_1g",
	"mmu_shadow_zapped",
	"mmu_pte_write",
	"mmu_pde_zapped",
	"mmu_flooded",
	"mmu_recycled",
	"mmu_cache_miss",
	"mmu_unsync",
	"nx_lpage_splits",
};

#define NR_WANTED (sizeof(wanted) / sizeof(wanted[0]))

static bool is_wanted(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_WANTED; i++)
		if (!strcmp(wanted[i], name))
			return true;
	return false;
}

void stats_open(struct stats *stats, int fd)
{
	union {
		struct kvm_stats_desc desc;
		char bytes[sizeof(struct kvm_stats_desc) + 256];
	} entry;
	struct kvm_stats_header header;
	size_t bytes;
	uint32_t i;

	memset(stats, 0, sizeof(*stats));
	stats->fd = ioctl(fd, KVM_GET_STATS_FD, NULL);
	if (stats->fd < 0 ||
	    pread(stats->fd, &header, sizeof(header), 0) != sizeof(header))
		return;
	bytes = sizeof(entry.desc) + header.name_size;
	if (bytes >= sizeof(entry))
		return;
	for (i = 0; i < header.num_desc && stats->nr < NR_STATS; i++) {
		memset(&entry, 0, sizeof(entry));
		if (pread(stats->fd, &entry, bytes,
			  (off_t)(header.desc_offset + i * bytes)) !=
		    (ssize_t)bytes)
			return;
		if (!is_wanted(entry.desc.name))
			continue;
		snprintf(stats->name[stats->nr], sizeof(stats->name[0]), "%s",
			 entry.desc.name);
		stats->offset[stats->nr++] = header.data_offset +
					     entry.desc.offset;
	}
}

void stats_add(struct stats *stats, json_t *object)
{
	unsigned int i;

	for (i = 0; i < stats->nr; i++) {
		json_t *before = json_object_get(object, stats->name[i]);
		uint64_t now;

		if (pread(stats->fd, &now, sizeof(now),
			  (off_t)stats->offset[i]) != sizeof(now) ||
		    now == stats->last[i])
			continue;
		json_object_set_new(
			object, stats->name[i],
			json_integer(json_integer_value(before) +
				     (json_int_t)(now - stats->last[i])));
		stats->last[i] = now;
	}
}

void stats_close(struct stats *stats)
{
	if (stats->fd >= 0)
		close(stats->fd);
	stats->fd = -1;
}
