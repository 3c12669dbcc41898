/* SPDX-License-Identifier: MIT */
/* The machine under the VM, and what the vendor module makes of it. */
#ifndef TDPSIM_VM_HOST_H
#define TDPSIM_VM_HOST_H

#include "kvm/kvm.h"

/* TDP_EINVAL with the rule in @err if no machine is like @host. */
int host_check(const struct tdp_host_config *host, struct tdp_error *err);

/*
 * What loading the vendor module sets up once: levels, sizes, which MMU.
 * KVM: vmx and svm hardware_setup(), kvm_configure_mmu().
 *
 * Return: false if the module refuses to load on this host.
 */
bool host_configure_mmu(struct tdp_vm *vm);

/* Does this kernel switch the host's GMET or mode-based execute on? */
bool host_uses_gmet(const struct tdp_vm *vm);

/*
 * In the VMCB that runs now: L1's choice for an L2 with nested paging.  KVM
 * 7.2: GMET of vmcb12 is copied to vmcb02.
 */
bool vcpu_runs_with_gmet(const struct tdp_vcpu *vcpu);
bool host_uses_mbec(const struct tdp_vm *vm);

/* Bits 11:9 of a qualification, which KVM demands for mode-based execute. */
bool host_ept_advanced(const struct tdp_host_config *host);

/* The processor's features for the hardware walker, as TDP_FEATURE_*. */
uint32_t host_features(const struct tdp_host_config *host);

/* IA32_VMX_EPT_VPID_CAP of the processor. */
uint64_t host_ept_cap(const struct tdp_host_config *host);

#endif
