/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/error.h"
#include "walk/tlb.h"

#define MAX_LINES (UINT64_C(1) << 20)

static int check_shape(const struct tdp_cache_shape *shape,
		       enum tdp_tlb_part part, struct tdp_error *err)
{
	if (!shape->sets)
		return TDP_OK;
	if (!shape->ways || (uint64_t)shape->sets * shape->ways > MAX_LINES)
		return err_set(err, TDP_EINVAL,
			       "%s: %u sets of %u ways: want 1 to 2^20 lines",
			       tdp_tlb_part_name(part), shape->sets,
			       shape->ways);
	return TDP_OK;
}

int tdp_tlb_create(const struct tdp_tlb_config *config, struct tdp_tlb **tlb,
		   struct tdp_error *err)
{
	struct tdp_tlb *t;
	int ret = TDP_OK;

	for (int p = 0; p < TDP_NR_TLB_PARTS && !ret; p++)
		ret = check_shape(&config->part[p], (enum tdp_tlb_part)p, err);
	if (ret)
		return ret;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, TDP_ENOMEM, "no memory for a TLB");
	for (int p = 0; p < TDP_NR_TLB_PARTS; p++) {
		if (cache_init(&t->part[p], &config->part[p], config->seed))
			continue;
		tdp_tlb_destroy(t);
		return err_set(err, TDP_ENOMEM, "no memory for a TLB");
	}
	*tlb = t;
	return TDP_OK;
}

void tdp_tlb_destroy(struct tdp_tlb *tlb)
{
	if (!tlb)
		return;
	for (int p = 0; p < TDP_NR_TLB_PARTS; p++)
		cache_finish(&tlb->part[p]);
	free(tlb);
}

void tdp_walker_attach_tlb(struct tdp_walker *walker, struct tdp_tlb *tlb,
			   uint16_t vpid)
{
	walker_use_tlb(walker, tlb);
	walker->vpid = vpid;
}

void tdp_tlb_get_stats(const struct tdp_tlb *tlb, enum tdp_tlb_part part,
		       struct tdp_tlb_stats *stats)
{
	const struct cache *c = &tlb->part[part];
	const size_t lines = (size_t)c->shape.sets * c->shape.ways;

	*stats = c->stats;
	stats->valid = 0;
	for (size_t i = 0; i < lines; i++)
		stats->valid += c->lines[i].valid;
}

const char *tdp_tlb_part_name(enum tdp_tlb_part part)
{
#define X(name, text, about) text,
	static const char *const names[] = { TDP_TLB_PART_LIST(X) };
#undef X
	return (size_t)part < ARRAY_SIZE(names) ? names[part] : "?";
}

const char *tdp_flush_name(enum tdp_flush_kind kind)
{
#define X(name, text, fields) text,
	static const char *const names[] = { TDP_FLUSH_LIST(X) };
#undef X
	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : "?";
}
