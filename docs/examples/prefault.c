/* SPDX-License-Identifier: MIT */
/* Pre-fault a page of a VM, then see what the guest's first access costs. */
#include <stdio.h>
#include <tdpsim/tdpsim.h>

static int failed(const struct tdp_error *err)
{
	fprintf(stderr, "%s: %s\n", tdp_status_name(err->status), err->message);
	return 1;
}

int main(void)
{
	const struct tdp_memslot ram = { .size = 16 << 20, .backing = TDP_BACKING_THP };
	const struct tdp_access read = { .gva = TDP_GVA(0x201000), .kind = TDP_READ };
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	struct tdp_result result;
	struct tdp_vcpu *vcpu;
	struct tdp_error err;
	struct tdp_vm *vm;

	tdp_host_config_init(&host, TDP_INTEL);
	if (tdp_kvm_config_init(&kvm, "v6.12", &err) ||
	    tdp_vm_create(&host, &kvm, &vm, &result, &err))
		return failed(&err);
	if (tdp_vm_set_memslot(vm, &ram, &result, &err) ||
	    tdp_vcpu_create(vm, &vcpu, &err) ||
	    tdp_vcpu_prefault(vcpu, TDP_GPA(0x200000), 2 << 20, 0, &result, &err))
		return failed(&err);
	printf("prefault: ret %d, level %d, SPTE 0x%llx, root role 0x%x\n",
	       result.ret, result.level, (unsigned long long)result.spte,
	       result.root_role);
	if (tdp_vcpu_access(vcpu, &read, &result, &err))
		return failed(&err);
	printf("read: %s, %u exits, %u table entries read\n",
	       tdp_outcome_name(result.outcome), result.exits, result.refs);
	tdp_vm_destroy(vm);
	return 0;
}
