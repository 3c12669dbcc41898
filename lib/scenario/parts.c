/* SPDX-License-Identifier: MIT */
/* The parts of a role word and of an SPTE, in whatever layout the VM has. */
#include <string.h>

#include "kvm/spte.h"
#include "scenario/field.h"
#include "scenario/value.h"
#include "tdpsim/vm.h"

#define PART(structure, member, part_name, part_type, part_about)             \
	{                                                                     \
		.name = (part_name), .type = &(part_type),                    \
		.about = (part_about), .offset = offsetof(structure, member), \
		.width = sizeof(((structure *)0)->member),                    \
	}

/* Roles -------------------------------------------------------------------- */

#define ROLE(member, type, about) \
	PART(struct tdp_role, member, #member, type, about)

static const struct part role_rows[] = {
	ROLE(level, type_number, "of the table, 1 to 5"),
	ROLE(quadrant, type_number, "which part of a 4-byte guest table"),
	ROLE(direct, type_bool, "no guest table behind it"),
	ROLE(access, type_rights, "rights that every entry inherits"),
	ROLE(smm, type_number, "built in SMM: address space 1"),
	ROLE(guest_mode, type_bool, "built while L2 ran"),
	ROLE(invalid, type_bool, "to be freed, no longer to be found"),
	ROLE(has_4_byte_gpte, type_bool, "guest entries of 4 bytes"),
	ROLE(efer_nx, type_bool, "EFER.NX of the guest, or as if set"),
	ROLE(cr0_wp, type_bool, "CR0.WP of the guest, or as if set"),
	ROLE(smep_andnot_wp, type_bool, "CR4.SMEP without CR0.WP"),
	ROLE(smap_andnot_wp, type_bool, "CR4.SMAP without CR0.WP"),
	ROLE(cr4_smep, type_bool, "CR4.SMEP (7.2)"),
	ROLE(ad_disabled, type_bool, "EPT without A/D flags"),
	ROLE(passthrough, type_bool, "stands for a level the guest lacks"),
	ROLE(is_mirror, type_bool, "mirrors external tables (TDX)"),
};

static void role_split(const struct layouts *layouts, uint64_t word, void *out)
{
	static_assert(sizeof(struct tdp_role) <= PARTS_MAX_BYTES,
		      "a split role does not fit");
	tdp_role_decode(layouts->kvm, (uint32_t)word, out);
}

const struct parts role_parts = {
	role_rows,
	ARRAY_SIZE(role_rows),
	role_split,
};

/* SPTEs -------------------------------------------------------------------- */

struct spte_split {
	bool r, w, x, u, a, d, ps, ipat;
	bool present, mmio, frozen;
	bool host_writable, mmu_writable, ad_enabled, access_tracked;
	uint8_t memtype;
	uint8_t mmio_access;
	uint64_t address;
	uint64_t mmio_gfn;
	uint64_t mmio_gen;
};

#define SPTE(member, name, type, about) \
	PART(struct spte_split, member, name, type, about)

static const struct part spte_rows[] = {
	SPTE(present, "present", type_bool, "to KVM: it maps or refers"),
	SPTE(mmio, "mmio", type_bool, "an MMIO SPTE"),
	SPTE(frozen, "frozen", type_bool, "being changed by another task"),
	SPTE(r, "R", type_bool, "the hardware may read"),
	SPTE(w, "W", type_bool, "the hardware may write"),
	SPTE(x, "X", type_bool, "the hardware may fetch"),
	SPTE(u, "U", type_bool, "user accesses may use it"),
	SPTE(memtype, "memtype", type_memtype, "EPT leaf: memory type"),
	SPTE(ipat, "ipat", type_bool, "EPT leaf: the guest's PAT is ignored"),
	SPTE(a, "A", type_bool, "accessed"),
	SPTE(d, "D", type_bool, "dirty"),
	SPTE(ps, "PS", type_bool, "bit 7: maps a large page"),
	SPTE(host_writable, "host_writable", type_bool,
	     "userspace's mapping was writable"),
	SPTE(mmu_writable, "mmu_writable", type_bool,
	     "KVM may make it writable without a lock"),
	SPTE(ad_enabled, "ad_enabled", type_bool, "A and D flags are in use"),
	SPTE(access_tracked, "access_tracked", type_bool,
	     "rights taken away to notice an access"),
	SPTE(address, "address", type_address,
	     "host-physical, of page or table"),
	SPTE(mmio_gfn, "mmio_gfn", type_word, "MMIO: guest frame"),
	SPTE(mmio_gen, "mmio_gen", type_word, "MMIO: memslot generation"),
	SPTE(mmio_access, "mmio_access", type_word,
	     "MMIO: the guest's rights, as the kernel packs them"),
};

static void hardware_bits(const struct spte_format *fmt, uint64_t spte,
			  struct spte_split *s)
{
	s->r = spte & BIT(0);
	s->w = spte & SPTE_W;
	s->x = spte_executable(fmt, spte);
	s->u = fmt->user && (spte & fmt->user);
	s->a = fmt->has_ad && (spte & fmt->accessed);
	s->d = fmt->has_ad && (spte & fmt->dirty);
	s->ps = spte & SPTE_PS;
	/* A memory type stands in a leaf; bits 5:3 of a table are zero. */
	if (fmt->memtype) {
		s->memtype = (uint8_t)field_get(BITS(5, 3), spte);
		s->ipat = spte & BIT(6);
	}
	s->address = spte & SPTE_ADDRESS;
}

static void mmio_bits(const struct spte_format *fmt, uint64_t spte,
		      struct spte_split *s)
{
	s->mmio_gfn = spte_mmio_gfn(fmt, spte);
	s->mmio_gen = spte_mmio_gen(fmt, spte);
	s->mmio_access = (uint8_t)spte_mmio_access(fmt, spte);
}

static void spte_split(const struct layouts *layouts, uint64_t spte, void *out)
{
	const struct spte_format *fmt = layouts->spte;
	struct spte_split *s = out;

	static_assert(sizeof(*s) <= PARTS_MAX_BYTES,
		      "a split SPTE does not fit");
	memset(s, 0, sizeof(*s));
	s->frozen = spte_frozen(fmt, spte);
	s->mmio = !s->frozen && spte_is_mmio(fmt, spte);
	s->present = !s->frozen && spte_present(fmt, spte);
	if (s->mmio)
		mmio_bits(fmt, spte, s);
	if (!s->present)
		return;
	hardware_bits(fmt, spte, s);
	s->host_writable = spte & fmt->host_writable;
	s->mmu_writable = spte & fmt->mmu_writable;
	s->ad_enabled = spte_ad_enabled(fmt, spte);
	s->access_tracked = spte_access_tracked(fmt, spte);
}

const struct parts spte_parts = {
	spte_rows,
	ARRAY_SIZE(spte_rows),
	spte_split,
};
