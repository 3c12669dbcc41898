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
	const struct tdp_memslot ram = { .size = 16 << 20 };
	const struct tdp_access read = { .gva = TDP_GVA(0x201000) };
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	struct tdp_result res;
	struct tdp_vcpu *vcpu;
	struct tdp_error err;
	struct tdp_vm *vm;

	tdp_host_config_init(&host, TDP_INTEL);
	if (tdp_kvm_config_init(&kvm, "v6.12", &err) ||
	    tdp_vm_create(&host, &kvm, &vm, &res, &err))
		return failed(&err);
	if (tdp_vm_set_memslot(vm, &ram, &res, &err) ||
	    tdp_vcpu_create(vm, &vcpu, &err) ||
	    tdp_vcpu_prefault(vcpu, TDP_GPA(0x200000), 2 << 20, 0, &res, &err))
		return failed(&err);
	printf("prefault: ret %d, level %d, SPTE 0x%llx, root role 0x%x\n",
	       res.ret, res.level, (unsigned long long)res.spte, res.root_role);
	if (tdp_vcpu_access(vcpu, &read, &res, &err))
		return failed(&err);
	printf("read: %s, %u exits, %u table entries read\n",
	       tdp_outcome_name(res.outcome), res.exits, res.refs);
	tdp_vm_destroy(vm);
	return 0;
}
