/* SPDX-License-Identifier: MIT */
/* Rights and reserved bits, as KVM's tables have them. */
#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "kvm/walker.h"

/* Reserved bits ------------------------------------------------------------------ */

/* Physical-address bits that the guest does not have. */
static uint64_t high_bits(const struct gw_mode *m)
{
	return m->maxphyaddr > 51 ? 0 : BITS(51, m->maxphyaddr);
}

static uint64_t without_nx(const struct gw_mode *m)
{
	return m->nx ? 0 : PTE_XD;
}

static void set_level(struct gpte_rsvd *rsvd, unsigned int level,
		      uint64_t table, uint64_t large)
{
	rsvd->mask[0][level - 1] = table;
	rsvd->mask[1][level - 1] = large;
}

static void rsvd_32bit(const struct gw_mode *m, struct gpte_rsvd *rsvd)
{
	/* PSE-36 is taken for granted: PDE[16:13] are address bits. */
	if (m->pse)
		set_level(rsvd, 2, 0, BITS(21, 17));
}

/* Unlike in long mode, the ignored bits of an entry are reserved, too. */
static void rsvd_pae(const struct gw_mode *m, struct gpte_rsvd *rsvd)
{
	uint64_t high = high_bits(m) | PTE_HIGH | without_nx(m);

	set_level(rsvd, 3, PTE_XD | high | BITS(8, 5) | BITS(2, 1), 0);
	set_level(rsvd, 2, high, high | BITS(20, 13));
	set_level(rsvd, 1, high, high);
}

static void rsvd_long(const struct gw_mode *m, struct gpte_rsvd *rsvd)
{
	uint64_t high = high_bits(m) | without_nx(m);
	uint64_t top = high | PTE_PS | (m->amd ? PTE_BIT8 : 0);
	uint64_t no_1g = m->gbpages ? 0 : PTE_PS;

	set_level(rsvd, 5, top, top);
	set_level(rsvd, 4, top, top);
	set_level(rsvd, 3, high | no_1g, high | no_1g | BITS(29, 13));
	set_level(rsvd, 2, high, high | BITS(20, 13));
	set_level(rsvd, 1, high, high);
}

/* L1 is always offered 2 MiB pages. */
static void rsvd_ept(const struct gw_mode *m, struct gpte_rsvd *rsvd)
{
	uint64_t high = high_bits(m);
	uint64_t no_1g = m->gbpages ? 0 : EPT_PS;

	set_level(rsvd, 5, high | BITS(7, 3), high | BITS(7, 3));
	set_level(rsvd, 4, high | BITS(7, 3), high | BITS(7, 3));
	set_level(rsvd, 3, high | BITS(6, 3) | no_1g,
		  high | EPT_LOW_1G | no_1g);
	set_level(rsvd, 2, high | BITS(6, 3), high | EPT_LOW_2M);
	set_level(rsvd, 1, high, high);
}

/* KVM 6.12: __reset_rsvds_bits_mask(), __reset_rsvds_bits_mask_ept() */
void gw_rsvd(const struct gw_mode *mode, struct gpte_rsvd *rsvd)
{
	*rsvd = (struct gpte_rsvd){ 0 };
	if (mode->ept)
		rsvd_ept(mode, rsvd);
	else if (mode->level == 2)
		rsvd_32bit(mode, rsvd);
	else if (mode->level == 3)
		rsvd_pae(mode, rsvd);
	else
		rsvd_long(mode, rsvd);
}

/*
 * Applied at every level: in a table entry the type is zero by the reserved
 * bits.  With MBEC, a user-executable entry counts as executable.
 */
bool gw_bad_ept_entry(const struct gw_mode *mode, uint64_t gpte)
{
	uint64_t type = field_get(EPT_MEMTYPE, gpte);
	uint64_t rights = gpte & EPT_RWX;

	if (mode->mbec && (gpte & EPT_XU))
		rights |= EPT_X;
	if (type == 2 || type == 3 || type == 7)
		return true;
	if (rights == EPT_X)
		return !mode->exec_only;
	return rights == EPT_W || rights == (EPT_W | EPT_X);
}

/* Rights --------------------------------------------------------------------------- */

static bool ept_forbids(const struct gw_mode *m, uint32_t pfec,
			unsigned int access)
{
	if ((pfec & PFERR_WRITE) && !(access & TDP_ACC_WRITE))
		return true;
	if ((pfec & PFERR_FETCH) &&
	    !(access &
	      (m->mbec && (pfec & PFERR_USER) ? TDP_ACC_USER : TDP_ACC_EXEC)))
		return true;
	/* Up to 7.1 the user flag stands for reading. */
	if (m->read_right)
		return !(pfec & (PFERR_WRITE | PFERR_FETCH)) &&
		       !(access & TDP_ACC_READ);
	return (pfec & PFERR_USER) && !(access & TDP_ACC_USER);
}

/* What a supervisor may not do with a user page. */
static bool supervisor_forbidden(const struct gw_mode *m, uint32_t pfec)
{
	if (pfec & PFERR_FETCH)
		return m->smep;
	return m->smap && !(pfec & PFERR_RSVD);
}

/* KVM 6.12: update_permission_bitmask() */
bool gw_forbids(const struct gw_mode *m, uint32_t pfec, unsigned int access)
{
	bool user = pfec & PFERR_USER;

	if (m->ept)
		return ept_forbids(m, pfec, access);
	if ((pfec & PFERR_FETCH) && m->nx && !(access & TDP_ACC_EXEC))
		return true;
	/* With GMET, U of L1's entry is about execution only. */
	if (user && !(access & TDP_ACC_USER) && !m->gmet)
		return true;
	if ((pfec & PFERR_WRITE) && !(access & TDP_ACC_WRITE) &&
	    (user || m->wp))
		return true;
	return !user && (access & TDP_ACC_USER) &&
	       supervisor_forbidden(m, pfec);
}

/* Two bits at the place of each even error code, RSVD meaning a user page. */
uint32_t gw_pkru_mask(const struct gw_mode *m)
{
	uint32_t mask = 0, pfec;

	for (pfec = 0; m->pke && !m->ept && pfec < 32; pfec += 2) {
		bool data = (pfec & PFERR_RSVD) && !(pfec & PFERR_FETCH);
		bool write = data && (pfec & PFERR_WRITE) &&
			     ((pfec & PFERR_USER) || m->wp);

		mask |= (uint32_t)data << pfec | (uint32_t)write << (pfec + 1);
	}
	return mask;
}

uint32_t gw_permission(const struct gw_mode *m, const struct tdp_vcpu *vcpu,
		       unsigned int access, unsigned int key, uint64_t pfec)
{
	/* Implicit supervisor accesses can't override SMAP. */
	bool no_smap = (vcpu->rflags & RFLAGS_AC) &&
		       !(pfec & PFERR_IMPLICIT_ACCESS);
	uint32_t code = pfec & (PFERR_WRITE | PFERR_USER | PFERR_FETCH);
	uint32_t place = code | (access & TDP_ACC_USER ? PFERR_RSVD : 0);
	uint32_t denied = vcpu->pkru >> (2 * key) & 3;
	bool fault;

	fault = gw_forbids(m, code | (no_smap ? PFERR_RSVD : 0), access);
	denied &= gw_pkru_mask(m) >> place;
	if (denied)
		return PFERR_PRESENT | PFERR_PK;
	return fault ? PFERR_PRESENT : 0;
}
