/* SPDX-License-Identifier: MIT */
#include "vm/host.h"

#include "base/error.h"
#include "tdpsim/walk.h"

#define GIB (UINT64_C(1) << 30)

void tdp_host_config_init(struct tdp_host_config *host, enum tdp_vendor vendor)
{
	*host = (struct tdp_host_config){
		.vendor = vendor,
		.maxphyaddr = vendor == TDP_INTEL ? 46 : 48,
		.gbpages = true,
		.self_snoop = true,
		.ept_levels = 4,
		.ept_ad = true,
		.ept_exec_only = true,
		.ept_2m = true,
		.ept_1g = true,
		.pml = true,
		.memory = 256 * GIB,
		.table_memory = GIB / 2,
	};
}

static int check_memory(const struct tdp_host_config *host,
			struct tdp_error *err)
{
	if (!is_aligned(host->memory | host->table_memory, FRAME_SIZE))
		return err_set(err, TDP_EINVAL,
			       "host: memory sizes are not whole 4 KiB frames");
	if (host->memory > BIT(host->maxphyaddr) || host->memory > BIT(46))
		return err_set(
			err, TDP_EINVAL,
			"host: %llu GiB of memory do not fit into %u address bits",
			(unsigned long long)(host->memory >> 30),
			host->maxphyaddr);
	/* Below 32 MiB there is no room for the zero page beside the tables. */
	if (host->memory < BIT(25) || host->table_memory < 16 * FRAME_SIZE ||
	    host->table_memory > host->memory / 2)
		return err_set(
			err, TDP_EINVAL,
			"host: memory is 32 MiB or more, and at most half of it for page tables");
	return TDP_OK;
}

int host_check(const struct tdp_host_config *host, struct tdp_error *err)
{
	if (host->vendor != TDP_INTEL && host->vendor != TDP_AMD)
		return err_set(err, TDP_EINVAL, "host: no such vendor");
	if (host->maxphyaddr < 36 || host->maxphyaddr > 52)
		return err_set(err, TDP_EINVAL,
			       "host: maxphyaddr %u is not in 36..52",
			       host->maxphyaddr);
	if (host->ept_levels != 4 && host->ept_levels != 5)
		return err_set(err, TDP_EINVAL,
			       "host: ept levels are 4 or 5, not %u",
			       host->ept_levels);
	if (host->l1tf_bits > 52)
		return err_set(err, TDP_EINVAL,
			       "host: l1tf_bits %u is above 52",
			       host->l1tf_bits);
	return check_memory(host, err);
}

static void configure_vmx(struct tdp_vm *vm)
{
	vm->forced_tdp_level = 0;
	vm->max_tdp_level = vm->host.ept_levels;
	vm->max_huge_level = vm->host.ept_1g ? TDP_LEVEL_1G :
			     vm->host.ept_2m ? TDP_LEVEL_2M :
					       TDP_LEVEL_4K;
}

static bool configure_svm(struct tdp_vm *vm)
{
	unsigned int rule = vm->kvm.value[B_NPT_LEVEL];

	vm->max_huge_level = TDP_LEVEL_1G;
	vm->forced_tdp_level = 0;
	vm->max_tdp_level = 4;
	if (rule == NPT_LEVEL_REFUSE_LA57 && vm->host.la57)
		return false;
	if (rule == NPT_LEVEL_HOST) {
		vm->max_tdp_level = vm->host.la57 ? 5 : 4;
		vm->forced_tdp_level = vm->max_tdp_level;
	}
	return true;
}

bool host_configure_mmu(struct tdp_vm *vm)
{
	bool loads = true;

	vm->tdp_enabled = behaviour_on(&vm->kvm, B_TDP);
	vm->tdp_mmu_enabled = vm->tdp_enabled &&
			      behaviour_on(&vm->kvm, B_TDP_MMU);
	if (vm->host.vendor == TDP_INTEL)
		configure_vmx(vm);
	else
		loads = configure_svm(vm);
	if (!vm->tdp_enabled)
		vm->max_huge_level = vm->host.gbpages ? TDP_LEVEL_1G :
							TDP_LEVEL_2M;
	return loads;
}

bool host_uses_gmet(const struct tdp_vm *vm)
{
	return vm->host.vendor == TDP_AMD && vm->host.gmet &&
	       vm->kvm.value[B_ROLE_SHADOW_NPT] == ROLE_SHADOW_NPT_GMET;
}

bool vcpu_runs_with_gmet(const struct tdp_vcpu *vcpu)
{
	return host_uses_gmet(vcpu->vm) &&
	       (!vcpu->nested_tdp || vcpu->nested.gmet);
}

bool host_uses_mbec(const struct tdp_vm *vm)
{
	return vm->host.vendor == TDP_INTEL && vm->host.mbec &&
	       vm->kvm.value[B_ROLE_SHADOW_EPT] == ROLE_SHADOW_EPT_MBEC;
}

bool host_ept_advanced(const struct tdp_host_config *host)
{
	return host->ept_advanced || host->mbec;
}

uint32_t host_features(const struct tdp_host_config *host)
{
	uint32_t features = TDP_FEATURE_PSE36 | TDP_FEATURE_PAT |
			    TDP_FEATURE_NX | TDP_FEATURE_LA57 |
			    TDP_FEATURE_PCID | TDP_FEATURE_SMEP |
			    TDP_FEATURE_SMAP | TDP_FEATURE_PKU;

	if (host->gbpages)
		features |= TDP_FEATURE_GBPAGES;
	if (host->vendor == TDP_AMD && host->gmet)
		features |= TDP_FEATURE_GMET;
	return features;
}

uint64_t host_ept_cap(const struct tdp_host_config *host)
{
	return TDP_EPT_CAP_4_LEVELS | TDP_EPT_CAP_UC | TDP_EPT_CAP_WB |
	       (host_ept_advanced(host) ? TDP_EPT_CAP_ADVANCED : 0) |
	       (host->ept_exec_only ? TDP_EPT_CAP_EXEC_ONLY : 0) |
	       (host->ept_levels == 5 ? TDP_EPT_CAP_5_LEVELS : 0) |
	       (host->ept_2m ? TDP_EPT_CAP_2M : 0) |
	       (host->ept_1g ? TDP_EPT_CAP_1G : 0) |
	       (host->ept_ad ? TDP_EPT_CAP_AD : 0);
}
