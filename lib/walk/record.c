/* SPDX-License-Identifier: MIT */
/* What a walk leaves behind: changed entries, PML entries, the #VE area. */
#include "walk/tlb.h"

static uint64_t memory_read(const struct walk *k, uint64_t hpa,
			    unsigned int bytes)
{
	return bytes == 8 ? physmem_read64(k->w->pm, hpa) :
			    physmem_read32(k->w->pm, hpa);
}

/*
 * A dry walk must see what it would have written.  An entry can only gain A
 * and D flags, and an entry that lacks one is never the common case, so it is
 * enough that the ladders read through here.
 */
uint64_t entry_current(const struct walk *k, uint64_t hpa, unsigned int bytes)
{
	if (unlikely(k->dry))
		for (unsigned int i = k->r->nr_writes; i > 0; i--)
			if (k->r->writes[i - 1].hpa.addr == hpa)
				return k->r->writes[i - 1].value;
	return memory_read(k, hpa, bytes);
}

uint64_t entry_read(const struct walk *k, uint64_t hpa, unsigned int bytes)
{
	uint64_t value;

	if (likely(!k->tlb))
		return entry_current(k, hpa, bytes);
	if (tlb_read_entry(k, hpa, &value))
		return value;
	value = entry_current(k, hpa, bytes);
	tlb_note_entry(k, hpa, value);
	return value;
}

/* @ref->value goes to @ref->hpa. */
void entry_write(struct walk *k, const struct tdp_walk_ref *ref)
{
	struct tdp_walk_write *write = &k->r->writes[k->r->nr_writes];

	assert(k->r->nr_writes < TDP_WALK_MAX_WRITES);
	*write = (struct tdp_walk_write){
		.stage = ref->stage,
		.level = ref->level,
		.bytes = ref->bytes,
		.hpa = ref->hpa,
		.old = entry_current(k, ref->hpa.addr, ref->bytes),
		.value = ref->value,
	};
	k->r->nr_writes++;
	log_ref(k, ref);
	if (k->dry)
		return;
	if (k->tlb)
		tlb_note_entry(k, ref->hpa.addr, ref->value);
	if (ref->bytes == 8)
		physmem_write64(k->w->pm, ref->hpa.addr, ref->value);
	else
		physmem_write32(k->w->pm, ref->hpa.addr, (uint32_t)ref->value);
}

/*
 * The log is a VMCS or VMCB data structure, which processors access as WB.
 *
 * SDM: "Page-Modification Logging" (3C), "Basic VMX Information".
 */
void pml_append(struct walk *k, uint64_t gpa)
{
	const struct tdp_walk_ref ref = {
		.stage = TDP_WALK_PML,
		.bytes = 8,
		.write = true,
		.memtype = TDP_MT_WB,
		.gpa = TDP_GPA(gpa),
		.hpa = TDP_HPA(k->w->pml_base + 8 * k->pml_index),
		.value = gpa & ~FRAME_MASK,
	};

	assert(k->r->nr_pml < TDP_WALK_MAX_PML);
	k->r->pml[k->r->nr_pml++] = TDP_GPA(ref.value);
	k->pml_index = (k->pml_index - 1) & 0xffff;
	log_ref(k, &ref);
	if (!k->dry)
		physmem_write64(k->w->pm, ref.hpa.addr, ref.value);
}

static void ve_write(struct walk *k, unsigned int offset, unsigned int bytes,
		     uint64_t value)
{
	const struct tdp_walk_ref ref = {
		.stage = TDP_WALK_VE_AREA,
		.bytes = (uint8_t)bytes,
		.write = true,
		.memtype = TDP_MT_WB,
		.gpa = k->r->gpa,
		.hpa = TDP_HPA(k->w->cpu.ept.ve_address + offset),
		.value = value,
	};

	log_ref(k, &ref);
	if (k->dry)
		return;
	if (bytes == 8)
		physmem_write64(k->w->pm, ref.hpa.addr, value);
	else
		physmem_write32(k->w->pm, ref.hpa.addr, (uint32_t)value);
}

/* SDM: "Format of the Virtualization-Exception Information Area" (3C). */
void ve_area_write(struct walk *k)
{
	const uint64_t index_hpa = k->w->cpu.ept.ve_address + 32;
	const uint64_t beside_index = physmem_read32(k->w->pm, index_hpa) &
				      UINT64_C(0xffff0000);

	ve_write(k, 0, 4, 48);
	ve_write(k, 4, 4, UINT32_MAX);
	ve_write(k, 8, 8, k->r->info);
	ve_write(k, 16, 8, k->r->gva.addr);
	ve_write(k, 24, 8, k->r->gpa.addr);
	ve_write(k, 32, 4, beside_index | k->w->cpu.ept.eptp_index);
}
