/* SPDX-License-Identifier: MIT */
/* What is wrong with an SPTE, and what it says, in words. */
#include "kvm/spte.h"

#include <inttypes.h>
#include <stdio.h>

#include "arch/ept_bits.h"
#include "tdpsim/types.h"

/* Address bits below a page of this level; none for tables. */
static uint64_t low_address(uint64_t spte, unsigned int level)
{
	if (!spte_leaf(spte, level) || level == TDP_LEVEL_4K)
		return 0;
	return BITS(12 + 9 * (level - 1) - 1, 12);
}

static const char *check_leaf(const struct spte_format *fmt, uint64_t spte)
{
	const bool mmu = spte & fmt->mmu_writable;

	if (mmu && !(spte & fmt->host_writable) && !fmt->loose_mmu_writable)
		return "mmu-writable without host-writable";
	if (spte_writable(spte) && !mmu)
		return "writable without mmu-writable";
	return NULL;
}

static const char *check_absent(const struct spte_format *fmt, uint64_t spte)
{
	if (spte == fmt->nonpresent || spte_frozen(fmt, spte) ||
	    spte_is_mmio(fmt, spte))
		return NULL;
	return "neither present nor a value of an absent entry";
}

const char *spte_check(const struct spte_format *fmt, uint64_t spte,
		       unsigned int level)
{
	const bool leaf = spte_leaf(spte, level);

	if (!spte_present(fmt, spte))
		return check_absent(fmt, spte);
	if (field_get(fmt->ad_type, spte) == 3)
		return "no such A/D type";
	if ((spte & SPTE_PS) && level == TDP_LEVEL_4K)
		return "page-size bit at level 1";
	if ((spte & SPTE_PS) && level > TDP_LEVEL_1G)
		return "page-size bit in an entry that is always a table";
	if (spte & low_address(spte, level))
		return "large page that is not aligned";
	if (fmt->ept && (spte & EPT_W) && !(spte & EPT_R))
		return "writable but not readable";
	if (!leaf && fmt->ept && (spte & (EPT_MEMTYPE | EPT_IPAT)))
		return "table with a memory type";
	if ((spte & fmt->acc_track_saved) && !spte_access_tracked(fmt, spte))
		return "rights saved in an entry that is not access-tracked";
	return leaf ? check_leaf(fmt, spte) : NULL;
}

struct text {
	char *buf;
	size_t size;
	size_t used; /* what the whole text needs so far */
};

static void add(struct text *t, const char *word)
{
	for (; *word; word++, t->used++)
		if (t->used + 1 < t->size)
			t->buf[t->used] = *word;
	if (t->size)
		t->buf[t->used < t->size ? t->used : t->size - 1] = '\0';
}

static void add_number(struct text *t, const char *name, uint64_t value)
{
	char number[sizeof("0x0123456789abcdef")];

	snprintf(number, sizeof(number), "0x%" PRIx64, value);
	add(t, name);
	add(t, number);
}

static void add_if(struct text *t, bool on, const char *word)
{
	if (!on)
		return;
	if (t->used)
		add(t, " ");
	add(t, word);
}

static void add_rights(struct text *t, const struct spte_format *fmt,
		       uint64_t spte)
{
	if (fmt->ept) {
		add_if(t, spte & EPT_R, "R");
		add_if(t, spte & EPT_W, "W");
		add_if(t, spte & fmt->x, "X");
		add_if(t, spte & fmt->xu, "XU");
		return;
	}
	add_if(t, spte & fmt->present, "P");
	add_if(t, spte_writable(spte), "W");
	add_if(t, spte & fmt->user, "U");
	add_if(t, spte & fmt->nx, "NX");
}

static void add_software(struct text *t, const struct spte_format *fmt,
			 uint64_t spte)
{
	static const char *const types[] = {
		NULL,
		"A/D-off",
		"write-protect-only",
		"bad A/D type",
	};
	const unsigned int type = (unsigned int)field_get(fmt->ad_type, spte);

	add_if(t, spte & fmt->host_writable, "host-writable");
	add_if(t, spte & fmt->mmu_writable, "mmu-writable");
	add_if(t, type != 0, types[type]);
	add_if(t, spte_access_tracked(fmt, spte), "access-tracked");
}

static void add_present(struct text *t, const struct spte_format *fmt,
			uint64_t spte, unsigned int level)
{
	const bool leaf = spte_leaf(spte, level);

	add_rights(t, fmt, spte);
	if (leaf && fmt->memtype) {
		add_if(t, true, tdp_memtype_name(field_get(EPT_MEMTYPE, spte)));
		add_if(t, spte & EPT_IPAT, "IPAT");
	}
	add_if(t, spte & fmt->accessed, "A");
	add_if(t, leaf && (spte & fmt->dirty), "D");
	if (leaf)
		add_software(t, fmt, spte);
	add_number(t, leaf ? ", pfn " : ", table ",
		   field_get(SPTE_ADDRESS, spte));
}

static void add_absent(struct text *t, const struct spte_format *fmt,
		       uint64_t spte)
{
	if (spte_is_mmio(fmt, spte)) {
		add_number(t, "MMIO, gfn ", spte_mmio_gfn(fmt, spte));
		add_number(t, ", generation ", spte_mmio_gen(fmt, spte));
	} else if (spte_frozen(fmt, spte)) {
		add(t, "frozen");
	} else if (spte == fmt->nonpresent) {
		add(t, "not present");
	} else {
		add_number(t, "no SPTE: ", spte);
	}
}

char *spte_print(const struct spte_format *fmt, uint64_t spte,
		 unsigned int level, char *buf, size_t size)
{
	const char name[] = { (char)('0' + level), '\0' };
	struct text t = { .buf = buf, .size = size };

	assert(level <= TDP_LEVEL_256T);
	if (spte_present(fmt, spte))
		add_present(&t, fmt, spte, level);
	else
		add_absent(&t, fmt, spte);
	add(&t, ", level ");
	add(&t, name);
	return buf;
}
