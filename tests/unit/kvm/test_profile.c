/* SPDX-License-Identifier: MIT */
/* Profiles: which kernel has which behaviour, and how mistakes are answered. */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "kvm/profile.h"
#include "support/unit.h"

static struct tdp_kvm_config kernel(const char *name)
{
	struct tdp_kvm_config config;

	assert_int_equal(tdp_kvm_config_init(&config, name, NULL), TDP_OK);
	return config;
}

static unsigned int profile_number(const char *name)
{
	unsigned int i = 0;

	while (tdp_profile_name(i) && strcmp(tdp_profile_name(i), name) != 0)
		i++;
	assert_non_null(tdp_profile_name(i));
	return i;
}

static unsigned int behaviour_number(const char *name)
{
	unsigned int i = 0;

	while (tdp_behaviour_info(i) &&
	       strcmp(tdp_behaviour_info(i)->name, name) != 0)
		i++;
	assert_non_null(tdp_behaviour_info(i));
	return i;
}

static void behaviours_are_complete(void **state)
{
	const struct tdp_behaviour_info *info;
	unsigned int i;

	(void)state;
	for (i = 0; (info = tdp_behaviour_info(i)); i++) {
		assert_non_null(info->name);
		assert_int_equal(behaviour_number(info->name), i);
		assert_int_equal(info->about[strlen(info->about) - 1], '.');
		assert_true(strlen(info->source) > 0);
		assert_true(info->nr_values >= 2);
		for (unsigned int v = 0; v < info->nr_values; v++)
			assert_non_null(tdp_behaviour_value_name(i, v));
		assert_null(tdp_behaviour_value_name(i, info->nr_values));
	}
	assert_int_equal(i, NR_BEHAVIOURS);
	assert_null(tdp_behaviour_value_name(NR_BEHAVIOURS, 0));
}

static void profiles_are_complete(void **state)
{
	const char *name;
	unsigned int i;

	(void)state;
	for (i = 0; (name = tdp_profile_name(i)); i++) {
		struct tdp_kvm_config config = kernel(name);

		assert_string_equal(config.profile, name);
		assert_int_equal(profile_number(name), i);
		for (unsigned int b = 0; b < NR_BEHAVIOURS; b++) {
			const char *value = tdp_behaviour_value_name(
				b, config.value[b]);

			assert_non_null(value);
			assert_string_equal(
				tdp_kvm_config_get(&config,
						   tdp_behaviour_info(b)->name),
				value);
		}
	}
	assert_int_equal(i, 25);
	assert_null(tdp_profile_name(i + 1));
}

static void every_value_can_be_set(void **state)
{
	struct tdp_kvm_config config = kernel("v6.12");

	(void)state;
	for (unsigned int b = 0; b < NR_BEHAVIOURS; b++) {
		const struct tdp_behaviour_info *info = tdp_behaviour_info(b);

		for (unsigned int v = 0; v < info->nr_values; v++) {
			const char *value = tdp_behaviour_value_name(b, v);

			assert_int_equal(tdp_kvm_config_set(&config, info->name,
							    value, NULL),
					 TDP_OK);
			assert_int_equal(config.value[b], v);
			assert_string_equal(
				tdp_kvm_config_get(&config, info->name), value);
		}
	}
	assert_string_equal(config.profile, "v6.12");
}

/* @value from @kernel on, until the next row of the same behaviour. */
static const struct border_row {
	const char *name;
	const char *kernel;
	const char *value;
} border_rows[] = {
	/* clang-format off */
	{ "tdp", "v5.10", "on" },
	{ "tdp_mmu", "v5.10", "off" },
	{ "tdp_mmu", "v5.15", "on" },
	{ "mmio_caching", "v5.10", "on" },
	{ "nx_huge_pages", "v5.10", "off" },
	{ "flush_on_reuse", "v5.10", "off" },
	{ "eager_page_split", "v5.10", "off" },
	{ "eager_page_split", "v5.19", "on" },
	{ "quirk.slot_zap_all", "v5.10", "on" },
	{ "quirk.ignore_guest_pat", "v5.10", "on" },
	{ "memtype.cd_quirk", "v5.10", "on" },
	{ "role.layout", "v5.10", "5.10" },
	{ "role.layout", "v5.14", "5.14" },
	{ "role.layout", "v5.15", "5.15" },
	{ "role.layout", "v5.17", "5.17" },
	{ "role.layout", "v5.19", "5.19" },
	{ "role.layout", "v6.14", "6.14" },
	{ "role.layout", "v7.2", "7.2" },
	{ "role.tdp", "v5.10", "nx_wp_raw" },
	{ "role.tdp", "v5.14", "nx_wp" },
	{ "role.tdp", "v5.19", "constant" },
	{ "role.shadow", "v5.10", "raw" },
	{ "role.shadow", "v5.14", "paged" },
	{ "role.shadow", "v5.19", "force_nx" },
	{ "role.shadow_npt", "v5.10", "current_regs" },
	{ "role.shadow_npt", "v5.14", "l1_regs_pke" },
	{ "role.shadow_npt", "v5.15", "l1_regs" },
	{ "role.shadow_npt", "v6.13", "guest_mode" },
	{ "role.shadow_npt", "v7.2", "gmet" },
	{ "role.shadow_ept", "v5.10", "marked" },
	{ "role.shadow_ept", "v5.14", "root_smm" },
	{ "role.shadow_ept", "v5.19", "plain" },
	{ "role.shadow_ept", "v7.2", "mbec" },
	{ "spte.layout", "v5.10", "5.10" },
	{ "spte.layout", "v5.12", "5.12" },
	{ "spte.layout", "v5.14", "5.14" },
	{ "spte.layout", "v6.11", "6.10" },
	{ "spte.layout", "v7.2", "7.2" },
	{ "spte.no_ad", "v5.10", "none" },
	{ "spte.no_ad", "v6.13", "software" },
	{ "spte.redirty", "v5.10", "skip_in_sync" },
	{ "spte.redirty", "v5.17", "skip" },
	{ "spte.redirty", "v6.11", "skip_over_leaf" },
	{ "spte.redirty", "v6.12", "skip" },
	{ "spte.redirty", "v6.13", "always" },
	{ "spte.sync", "v5.10", "prefetch" },
	{ "spte.sync", "v6.13", "accessed" },
	{ "spte.wrprot_only", "v5.10", "guest_mmu" },
	{ "spte.wrprot_only", "v5.12", "guest_mmu_pml" },
	{ "spte.wrprot_only", "v5.17", "guest_mode_pml" },
	{ "spte.leaf_flush", "v5.10", "w_a_d_lost" },
	{ "spte.leaf_flush", "v6.13", "mmu_writable_lost" },
	{ "notify.change_pte", "v5.10", "keeps_mmu_writable" },
	{ "notify.change_pte", "v5.17", "clears_mmu_writable" },
	{ "notify.change_pte", "v6.11", "none" },
	{ "root.life", "v5.10", "free_on_last" },
	{ "root.life", "v5.19", "invalidate_on_last" },
	{ "root.life", "v6.4", "persistent" },
	{ "root.slot_delete", "v5.10", "empty" },
	{ "root.slot_delete", "v5.14", "invalidate" },
	{ "mmu.create", "v6.13", "init_once" },
	{ "mmu.create", "v6.14", "init_twice" },
	{ "mmu.reload", "v5.10", "keeps_obsolete" },
	{ "mmu.reload", "v6.15", "frees_obsolete" },
	{ "mmu.stale_check", "v5.10", "none" },
	{ "mmu.stale_check", "v5.17", "before_reclaim" },
	{ "mmu.stale_check", "v7.2", "after_reclaim" },
	{ "mmu.wp_toggle", "v5.10", "reset" },
	{ "mmu.wp_toggle", "v6.4", "keeps_roots" },
	{ "cr0.wp_owner", "v6.1", "kvm" },
	{ "cr0.wp_owner", "v6.4", "guest" },
	{ "mmu.cr4_reset", "v5.10", "pge_pcide_off" },
	{ "mmu.cr4_reset", "v5.17", "pcide_unloads" },
	{ "mmu.cr4_reset", "v5.19", "role_bits" },
	{ "mmu.efer_reset", "v5.10", "nx" },
	{ "mmu.efer_reset", "v5.19", "lme_nx" },
	{ "mmu.invpcid_all", "v5.10", "unloads" },
	{ "mmu.invpcid_all", "v5.14", "flushes_guest" },
	{ "mmu.get_nr_pages", "v5.10", "returns" },
	{ "mmu.get_nr_pages", "v6.4", "removed" },
	{ "sync.unchanged", "v6.1", "rewritten" },
	{ "sync.unchanged", "v6.4", "kept" },
	{ "mmu.invlpg", "v6.1", "prefetches" },
	{ "mmu.invlpg", "v6.4", "syncs" },
	{ "nested.orphans", "v7.1", "unlinked" },
	{ "nested.orphans", "v7.2", "zapped" },
	{ "mmu.shrinker", "v6.12", "zaps_oldest" },
	{ "mmu.shrinker", "v6.13", "removed" },
	{ "track.spaces", "v7.1", "own" },
	{ "track.spaces", "v7.2", "both" },
	{ "sregs.checks", "v5.10", "cr4" },
	{ "sregs.checks", "v5.12", "cr3" },
	{ "sregs.checks", "v6.7", "cr0" },
	{ "tdp.present_leaf", "v5.10", "rewrite" },
	{ "tdp.present_leaf", "v6.13", "spurious" },
	{ "tdp.prefetch_table", "v5.10", "replace" },
	{ "tdp.prefetch_table", "v6.13", "spurious" },
	{ "tdp.prefetch_table", "v6.16", "replace" },
	{ "fault.ept_flags", "v5.10", "unguarded" },
	{ "fault.ept_flags", "v6.12", "access_only" },
	{ "fault.ept_flags", "v6.18", "guest_final" },
	{ "fault.ept_flags", "v7.2", "user_page" },
	{ "fault.unprotect", "v5.10", "any_emulation" },
	{ "fault.unprotect", "v6.12", "write_protected" },
	{ "shadow.child", "v5.10", "any" },
	{ "shadow.child", "v7.1", "match" },
	{ "shadow.bad_root", "v5.10", "triple_fault" },
	{ "shadow.bad_root", "v6.7", "dummy" },
	{ "mmio.over_present", "v5.10", "drops_first" },
	{ "mmio.over_present", "v5.14", "overwrites" },
	{ "mmio.over_present", "v7.0", "drops_first" },
	{ "mmio.wrap", "v5.10", "always_zaps" },
	{ "mmio.wrap", "v6.19", "zaps_if_caching" },
	{ "tdp.split_on_fault", "v5.10", "zap" },
	{ "tdp.split_on_fault", "v6.4", "in_place" },
	{ "tdp.atomic_zap", "v5.10", "traces_frozen" },
	{ "tdp.atomic_zap", "v6.11", "traces_nonpresent" },
	{ "tdp.zap_order", "v5.17", "from_root" },
	{ "tdp.zap_order", "v5.19", "from_1g" },
	{ "tdp.zap_order", "v6.1.192", "from_1g" },
	{ "tdp.zap_order", "v6.11", "from_4k" },
	{ "fault.ret_pf", "v5.17", "5.10" },
	{ "fault.ret_pf", "v5.19", "5.19" },
	{ "fault.ret_pf", "v6.11", "5.19" },
	{ "fault.ret_pf", "v6.12", "6.12" },
	{ "fault.fast_code", "v6.8", "low_half" },
	{ "fault.fast_code", "v6.11", "whole" },
	{ "dirty.init_set", "v5.10", "protects_huge" },
	{ "dirty.init_set", "v5.14", "defers" },
	{ "dirty.collapse", "v5.10", "zap_nonleaf" },
	{ "dirty.collapse", "v5.12", "zap_leaf" },
	{ "dirty.collapse", "v5.19", "step_up" },
	{ "dirty.collapse", "v6.0", "zap_table" },
	{ "dirty.collapse", "v6.13", "in_place" },
	{ "attributes.trace", "v6.16", "none" },
	{ "attributes.trace", "v6.17", "event" },
	{ "host.zero_thp", "v5.10", "splits" },
	{ "host.zero_thp", "v6.13", "huge" },
	{ "host.mprotect", "v6.11", "pmd" },
	{ "host.mprotect", "v6.12", "pud" },
	{ "shadow.collapse", "v5.10", "host_huge" },
	{ "shadow.collapse", "v5.12", "smallest" },
	{ "shadow.collapse", "v6.0", "unchecked" },
	{ "shadow.collapse", "v7.1", "in_slot" },
	{ "nx.recovery", "v5.10", "one_list_zaps_logged" },
	{ "nx.recovery", "v6.4", "one_list" },
	{ "nx.recovery", "v6.18", "per_mmu" },
	{ "prefault.api", "v5.10", "none" },
	{ "prefault.api", "v6.11", "6.11" },
	{ "prefault.api", "v6.12", "6.12" },
	{ "prefault.api", "v6.15", "6.15" },
	{ "prefault.api", "v6.16", "6.16" },
	{ "prefault.api", "v6.18", "6.18" },
	{ "sw_protected_vm", "v5.10", "off" },
	{ "sw_protected_vm", "v6.8", "on" },
	{ "quirks.known", "v5.10", "none" },
	{ "quirks.known", "v5.19", "0x3f" },
	{ "quirks.known", "v6.0", "0x7f" },
	{ "quirks.known", "v6.12", "0xff" },
	{ "quirks.known", "v6.13", "0x1ff" },
	{ "quirks.known", "v6.16", "0x3ff" },
	{ "quirks.known", "v7.0", "0x7ff" },
	{ "quirks.known", "v7.2", "0xfff" },
	{ "quirks.repeat", "v5.10", "last_counts" },
	{ "quirks.repeat", "v6.16", "accumulates" },
	{ "nx.thread", "v5.10", "with_vm" },
	{ "nx.thread", "v6.13", "first_run" },
	{ "gmem.api", "v5.10", "none" },
	{ "gmem.api", "v6.8", "private" },
	{ "gmem.api", "v6.18", "mmap" },
	{ "gmem.api", "v7.2", "mmap_eexist" },
	{ "fault.private", "v5.10", "attribute" },
	{ "fault.private", "v6.11", "error_code" },
	{ "memtype.source", "v5.10", "mtrr_cd_ipat" },
	{ "memtype.source", "v6.7", "mtrr_cd" },
	{ "memtype.source", "v6.11", "wb_only" },
	{ "memtype.source", "v6.16", "quirk9" },
	{ "memtype.level_limit", "v5.10", "all_tdp" },
	{ "memtype.level_limit", "v6.0", "ept_noncoherent" },
	{ "memtype.level_limit", "v6.11", "none" },
	{ "memtype.zap", "v5.10", "any_vendor" },
	{ "memtype.zap", "v6.7", "ept" },
	{ "memtype.zap", "v6.11", "device_only" },
	{ "memtype.zap", "v6.16", "quirk9" },
	{ "memtype.zap_retry", "v5.10", "off" },
	{ "memtype.zap_retry", "v5.15", "on" },
	{ "npt.level", "v5.10", "fixed4" },
	{ "npt.level", "v5.14", "refuse_la57" },
	{ "npt.level", "v5.15", "host" },
	{ "npt.passthrough", "v5.10", "none" },
	{ "npt.passthrough", "v5.19", "bit18" },
	{ "nested.state_pages", "v5.10", "request_5.10" },
	{ "nested.state_pages", "v5.12", "request_5.12" },
	{ "nested.state_pages", "v5.14", "request_5.14" },
	{ "nested.state_pages", "v5.15", "request_5.15" },
	{ "nested.state_pages", "v5.17", "request" },
	{ "nested.state_pages", "v6.8", "request_6.8" },
	{ "nested.state_svme", "v5.10", "gif" },
	{ "nested.state_svme", "v7.0", "gif_or_0" },
	{ "nested.np_without_npt", "v5.10", "vmexit_invalid" },
	{ "nested.np_without_npt", "v7.1", "ignored" },
	{ "nested.ept_ad", "v6.18", "vmcs12" },
	{ "nested.ept_ad", "v6.19", "root" },
	{ "nested.ept_sync", "v5.14", "current_root" },
	{ "nested.ept_sync", "v5.15", "same_table" },
	{ "nested.ept_exit", "v5.10", "hardware_bits" },
	{ "nested.ept_exit", "v7.2", "walk_bits" },
	{ "nested.exit_cr3", "v5.10", "swallowed" },
	{ "nested.exit_cr3", "v7.1", "triple_fault" },
	{ "nested.exit_vmcb12", "v5.10", "injects_gp" },
	{ "nested.exit_vmcb12", "v7.1", "triple_fault" },
	{ "nested.vmrun_hsave", "v5.12", "unchecked" },
	{ "nested.vmrun_hsave", "v5.14", "gp" },
	{ "nested.exit_cr4", "v5.10", "guest" },
	{ "nested.exit_cr4", "v7.1", "with_pae" },
	{ "nested.invalid_code", "v5.10", "32_bits" },
	{ "nested.invalid_code", "v7.0", "64_bits" },
	{ "nested.vmrun_skip", "v5.10", "first" },
	{ "nested.vmrun_skip", "v7.1", "after_checks" },
	{ "nested.npf_exit", "v5.10", "final" },
	{ "nested.npf_exit", "v7.2", "walk" },
	{ "smm.enter", "v5.10", "unchecked" },
	{ "smm.enter", "v6.4", "vm_dead" },
	{ "smm.shutdown", "v5.10", "keeps_role" },
	{ "smm.shutdown", "v6.15", "leaves_smm" },
	{ "smm.leave", "v5.10", "request" },
	{ "smm.flip", "v5.10", "keeps_nested" },
	{ "smm.flip", "v5.17", "leaves_nested" },
	{ "smm.rsm", "v5.10", "resets_last" },
	{ "smm.rsm", "v5.14", "resets_first" },
	{ "smm.rsm", "v6.12", "leaves_nested" },
	{ "cpuid.after_run", "v5.10", "allowed" },
	{ "cpuid.after_run", "v5.17", "rejected" },
	{ "mtrr.host_gp", "v5.10", "on" },
	{ "mtrr.host_gp", "v5.12", "off" },
	{ "prefault.smm", "v5.10", "current" },
	{ "prefault.guest_mode", "v5.10", "current" },
	{ "prefault.shadow", "v5.10", "unsupported" },
	{ "prefault.after_run", "v5.10", "allowed" },
	/* clang-format on */
};

/* Number of the first profile that @r does not speak of any more. */
static unsigned int end_of(const struct border_row *r)
{
	const struct border_row *next = r + 1;
	unsigned int i = 0;

	if (next < border_rows + ARRAY_SIZE(border_rows) &&
	    !strcmp(next->name, r->name))
		return profile_number(next->kernel);
	while (tdp_profile_name(i))
		i++;
	return i;
}

static bool is_point_release(const char *name)
{
	return strchr(strchr(name, '.') + 1, '.');
}

static void border(void **state)
{
	const struct border_row *r = *state;
	const unsigned int end = end_of(r);

	for (unsigned int i = profile_number(r->kernel); i < end; i++) {
		const char *name = tdp_profile_name(i);
		struct tdp_kvm_config config = kernel(name);

		if (!is_point_release(name))
			assert_string_equal(
				tdp_kvm_config_get(&config, r->name), r->value);
	}
}

static void every_behaviour_has_a_border(void **state)
{
	bool has[NR_BEHAVIOURS] = { false };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(border_rows); i++)
		has[behaviour_number(border_rows[i].name)] = true;
	for (unsigned int b = 0; b < NR_BEHAVIOURS; b++)
		if (!has[b])
			fail_msg("%s has no row", tdp_behaviour_info(b)->name);
}

/* docs/behaviours.md has a row that begins with the behaviour's name. */
static void every_behaviour_is_documented(void **state)
{
	bool has[NR_BEHAVIOURS] = { false };
	FILE *file = fopen("../docs/behaviours.md", "r");
	char line[2048];
	char name[64];

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "| `%63[^`]` | ", name) == 1)
			has[behaviour_number(name)] = true;
	fclose(file);
	for (unsigned int b = 0; b < NR_BEHAVIOURS; b++)
		if (!has[b])
			fail_msg("%s has no row", tdp_behaviour_info(b)->name);
}

/* What was only ever proposed, or is for scenarios to ask for. */
static const struct proposal_row {
	const char *name;
	const char *value;
} proposal_rows[] = {
	{ "prefault.api", "map_v1" },
	{ "prefault.api", "map_v2" },
	{ "prefault.api", "map_v3" },
	{ "prefault.smm", "error" },
	{ "prefault.smm", "base" },
	{ "prefault.smm", "base_as_posted" },
	{ "prefault.guest_mode", "error" },
	{ "prefault.guest_mode", "base" },
	{ "prefault.guest_mode", "base_as_posted" },
	{ "prefault.shadow", "gva" },
	{ "prefault.after_run", "rejected" },
	{ "memtype.source", "vcpu0" },
	{ "memtype.source", "uniform" },
	{ "memtype.source", "role" },
	{ "nested.state_pages", "vcpu_run" },
	{ "nested.state_pages", "open_coded" },
	{ "nested.state_pages", "on_set" },
	{ "nested.state_pages", "before_entry" },
	{ "nested.state_pages", "unblock" },
	{ "smm.leave", "split" },
};

static void no_kernel_has(void **state)
{
	const struct proposal_row *r = *state;
	const char *name;

	for (unsigned int i = 0; (name = tdp_profile_name(i)); i++) {
		struct tdp_kvm_config config = kernel(name);

		assert_string_not_equal(tdp_kvm_config_get(&config, r->name),
					r->value);
		assert_int_equal(
			tdp_kvm_config_set(&config, r->name, r->value, NULL),
			TDP_OK);
	}
}

/* How a point release differs from the kernel that it comes from. */
static const struct point_row {
	const char *name;
	const char *base;
	const char *values; /* "behaviour=value ", in the order of behaviours */
} point_rows[] = {
	{ "v6.1.192", "v6.1",
	  "role.shadow_npt=guest_mode spte.redirty=skip_over_leaf "
	  "root.life=persistent mmu.wp_toggle=keeps_roots "
	  "cr0.wp_owner=guest track.spaces=both sregs.checks=cr0 "
	  "nested.exit_cr3=triple_fault nested.exit_vmcb12=triple_fault "
	  "nested.invalid_code=64_bits smm.shutdown=leaves_smm " },
	{ "v6.12.117", "v6.12",
	  "sw_protected_vm=off quirks.known=0x7ff quirks.repeat=accumulates "
	  "role.shadow_npt=guest_mode spte.redirty=skip_over_leaf "
	  "mmu.stale_check=after_reclaim track.spaces=both sregs.checks=efer "
	  "fault.ept_flags=guest_final "
	  "shadow.child=match mmio.over_present=drops_first "
	  "memtype.source=quirk9 memtype.zap=quirk9 "
	  "nested.exit_cr3=triple_fault nested.exit_vmcb12=triple_fault "
	  "nested.exit_cr4=with_pae nested.invalid_code=64_bits smm.shutdown=leaves_smm " },
};

static void point_release(void **state)
{
	const struct point_row *r = *state;
	struct tdp_kvm_config point = kernel(r->name);
	struct tdp_kvm_config base = kernel(r->base);
	char found[512] = "";
	size_t used = 0;

	assert_int_equal(profile_number(r->name), profile_number(r->base) + 1);
	for (unsigned int b = 0; b < NR_BEHAVIOURS; b++)
		if (point.value[b] != base.value[b])
			used += (size_t)snprintf(
				found + used, sizeof(found) - used, "%s=%s ",
				tdp_behaviour_info(b)->name,
				tdp_behaviour_value_name(b, point.value[b]));
	assert_string_equal(found, r->values);
}

static const struct unverified_row {
	const char *name;
	const char *behaviour;
	const char *kernel;
	bool unverified;
} unverified_rows[] = {
	{ "tree_read", "memtype.source", "v6.14", false },
	{ "inferred_from_neighbours", "memtype.source", "v6.15", true },
	{ "changed_in_a_kernel_not_read", "mmu.reload", "v6.15", false },
	{ "read_again_after_it", "memtype.source", "v6.16", false },
	{ "later_point_release_read", "role.shadow_npt", "v6.13", true },
	{ "read_in_the_next_kernel", "role.shadow_npt", "v6.14", false },
	{ "patched_in_7.2", "role.layout", "v7.2", false },
	{ "not_patched_in_7.2", "mmio.wrap", "v7.2", true },
	{ "backport_recorded", "role.shadow_npt", "v6.12.117", false },
	{ "backport_probable", "fault.ept_flags", "v6.12.117", true },
	{ "taken_from_the_base", "role.layout", "v6.12.117", false },
};

static void unverified(void **state)
{
	const struct unverified_row *r = *state;

	assert_int_equal(
		tdp_behaviour_unverified(behaviour_number(r->behaviour),
					 profile_number(r->kernel)),
		r->unverified);
}

static void nothing_is_known_of_what_does_not_exist(void **state)
{
	struct tdp_kvm_config config = kernel("v6.12");

	(void)state;
	assert_false(tdp_behaviour_unverified(NR_BEHAVIOURS, 0));
	assert_false(tdp_behaviour_unverified(0, 1000));
	assert_null(tdp_behaviour_info(NR_BEHAVIOURS));
	assert_null(tdp_kvm_config_get(&config, "memtype"));
}

/* Mistakes: an empty name is for a wrong profile. */
static const struct mistake_row {
	const char *name;
	const char *behaviour;
	const char *value;
	const char *message;
} mistake_rows[] = {
	{ "profile_near", NULL, "6.12",
	  "there is no profile \"6.12\"; the nearest is \"v6.12\"" },
	{ "profile_far", NULL, "stable", "there is no profile \"stable\"" },
	{ "behaviour_near", "memtype.sauce", "wb_only",
	  "there is no behaviour \"memtype.sauce\"; the nearest is "
	  "\"memtype.source\"" },
	{ "behaviour_far", "x", "y", "there is no behaviour \"x\"" },
	{ "value_near", "memtype.source", "vcpu1",
	  "memtype.source has no value \"vcpu1\"; the nearest is \"vcpu0\"" },
	{ "value_far", "memtype.source", "perfect",
	  "memtype.source has no value \"perfect\"" },
	{ "empty_value", "memtype.source", "",
	  "memtype.source has no value \"\"" },
	{ "case_counts", "memtype.source", "VCPU0",
	  "memtype.source has no value \"VCPU0\"; the nearest is \"vcpu0\"" },
};

static int make(const struct mistake_row *r, struct tdp_kvm_config *config,
		struct tdp_error *err)
{
	if (!r->behaviour)
		return tdp_kvm_config_init(config, r->value, err);
	return tdp_kvm_config_set(config, r->behaviour, r->value, err);
}

static void mistake(void **state)
{
	const struct mistake_row *r = *state;
	struct tdp_kvm_config config = kernel("v6.12");
	const struct tdp_kvm_config before = config;
	struct tdp_error err = { 0 };

	assert_int_equal(make(r, &config, &err), TDP_EINVAL);
	assert_int_equal(err.status, TDP_EINVAL);
	assert_string_equal(err.message, r->message);
	assert_int_equal(make(r, &config, NULL), TDP_EINVAL);
	assert_memory_equal(&config, &before, sizeof(config));
}

static void long_words_are_cut(void **state)
{
	struct tdp_kvm_config config = kernel("v6.12");
	struct tdp_error err = { 0 };
	char word[1000];

	(void)state;
	memset(word, 'v', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(tdp_kvm_config_init(&config, word, &err), TDP_EINVAL);
	assert_int_equal(strlen(err.message),
			 strlen("there is no profile \"\"") + 64);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(behaviours_are_complete),
		CASE(profiles_are_complete),
		CASE(every_value_can_be_set),
		ROWS(border_rows, border),
		CASE(every_behaviour_has_a_border),
		CASE(every_behaviour_is_documented),
		ROWS(proposal_rows, no_kernel_has),
		ROWS(point_rows, point_release),
		ROWS(unverified_rows, unverified),
		CASE(nothing_is_known_of_what_does_not_exist),
		ROWS(mistake_rows, mistake),
		CASE(long_words_are_cut),
	};

	return RUN("profile", suites);
}
