/* SPDX-License-Identifier: MIT */
#include "mem/gmem.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"

void gmems_finish(struct gmems *gmems)
{
	free(gmems->files);
	*gmems = (struct gmems){ 0 };
}

const struct gmem *gmems_find(const struct gmems *gmems, unsigned int number)
{
	return number && number <= gmems->nr ? &gmems->files[number - 1] : NULL;
}

static int reserve(struct gmems *gmems, struct tdp_error *err)
{
	unsigned int capacity = gmems->capacity ? 2 * gmems->capacity : 4;
	struct gmem *files;

	if (gmems->nr < gmems->capacity)
		return TDP_OK;
	files = realloc(gmems->files, capacity * sizeof(*files));
	if (!files)
		return err_set(err, TDP_ENOMEM, "no memory for %u guest_memfds",
			       capacity);
	gmems->files = files;
	gmems->capacity = capacity;
	return TDP_OK;
}

int gmems_add(struct gmems *gmems, struct physmem *pm, uint64_t size,
	      uint64_t flags, struct tdp_error *err)
{
	struct gmem file = { .size = size, .flags = flags };
	int ret = reserve(gmems, err);

	if (ret)
		return ret;
	file.hpa = physmem_alloc_ram(pm, size, FRAME_SIZE);
	if (!file.hpa)
		return err_set(err, TDP_ELIMIT,
			       "a guest_memfd of %" PRIu64
			       " MiB does not fit into the host's memory",
			       size >> 20);
	gmems->files[gmems->nr++] = file;
	return TDP_OK;
}
