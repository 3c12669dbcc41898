/* SPDX-License-Identifier: MIT */
/* What userspace maps behind guest memory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner.h"

#define SIZE_2M     (UINT64_C(1) << 21)
#define SIZE_1G     (UINT64_C(1) << 30)
#define MAX_TOUCHED (UINT64_C(3) << 29)

struct region *region_by_slot(struct runner *r, unsigned int as_id,
			      unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < NR_REGIONS; i++)
		if (r->regions[i].used && r->regions[i].as_id == as_id &&
		    r->regions[i].slot == slot)
			return &r->regions[i];
	return NULL;
}

/* Looking up ----------------------------------------------------------------------- */

/* The region that mapped @hva: another slot may show the same memory. */
struct piece *piece_of(struct runner *r, uint64_t hva, struct region **region)
{
	unsigned int i, p;

	for (i = 0; i < NR_REGIONS; i++)
		for (p = 0; r->regions[i].owner && p < r->regions[i].nr_pieces;
		     p++) {
			struct piece *piece = &r->regions[i].pieces[p];

			if (hva < piece->hva || hva - piece->hva >= piece->size)
				continue;
			if (region)
				*region = &r->regions[i];
			return piece;
		}
	return NULL;
}

bool is_mapped(struct runner *r, uint64_t hva)
{
	return piece_of(r, hva, NULL);
}

struct piece *piece_at(struct runner *r, unsigned int as_id, uint64_t gpa,
		       uint64_t *hva)
{
	unsigned int i;

	for (i = 0; i < NR_REGIONS; i++) {
		const struct region *region = &r->regions[i];

		if (!region->used || region->as_id != as_id ||
		    gpa < region->gpa || gpa - region->gpa >= region->size)
			continue;
		*hva = region->hva + (gpa - region->gpa);
		return piece_of(r, *hva, NULL);
	}
	return NULL;
}

static bool is_accessible(const struct piece *piece)
{
	switch (piece->backing) {
	case TDP_BACKING_PROT_NONE:
	case TDP_BACKING_UNMAPPED:
	case TDP_BACKING_BEYOND_EOF:
	case TDP_BACKING_UFFD_MISSING:
	case TDP_BACKING_PFNMAP:
	case TDP_BACKING_HWPOISON:
		return false;
	default:
		return true;
	}
}

void *memory_for_write(struct runner *r, unsigned int as_id, uint64_t gpa)
{
	uint64_t hva;
	struct piece *piece = piece_at(r, as_id, gpa, &hva);

	if (!piece || !is_accessible(piece) || piece->host_readonly)
		return NULL;
	if (piece->written)
		piece->written[(hva - piece->hva) / PAGE_BYTES] = 1;
	return (void *)hva;
}

bool memory_write(struct runner *r, unsigned int as_id, uint64_t gpa,
		  uint64_t value, unsigned int size)
{
	void *host = memory_for_write(r, as_id, gpa);

	if (host)
		memcpy(host, &value, size);
	return host;
}

/* Reading must not touch what nobody has touched: it holds zeros. */
bool memory_read(struct runner *r, unsigned int as_id, uint64_t gpa,
		 void *value, unsigned int size)
{
	uint64_t hva;
	const struct piece *piece = piece_at(r, as_id, gpa, &hva);

	memset(value, 0, size);
	if (!piece || !is_accessible(piece))
		return false;
	if (piece->untouched && piece->written &&
	    !piece->written[(hva - piece->hva) / PAGE_BYTES])
		return true;
	memcpy(value, (const void *)hva, size);
	return true;
}

/* Mapping --------------------------------------------------------------------------- */

static bool is_private_anonymous(enum tdp_backing backing)
{
	return backing == TDP_BACKING_ANONYMOUS || backing == TDP_BACKING_THP ||
	       backing == TDP_BACKING_UFFD_MISSING ||
	       backing == TDP_BACKING_PROT_NONE;
}

static int memory_file(uint64_t size)
{
	int fd = memfd_create("tdpsim", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)size) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int huge_flags(enum tdp_backing backing)
{
	if (backing == TDP_BACKING_HUGETLB_2M)
		return MAP_HUGETLB | 21 << MAP_HUGE_SHIFT;
	if (backing == TDP_BACKING_HUGETLB_1G)
		return MAP_HUGETLB | 30 << MAP_HUGE_SHIFT;
	return 0;
}

static int map_pages(struct piece *piece)
{
	int flags = MAP_FIXED | MAP_NORESERVE,
	    protection = PROT_READ | PROT_WRITE;
	void *at = (void *)piece->hva;

	if (is_private_anonymous(piece->backing) || huge_flags(piece->backing))
		flags |= MAP_PRIVATE | MAP_ANONYMOUS |
			 huge_flags(piece->backing);
	else {
		piece->fd = memory_file(
			piece->backing == TDP_BACKING_BEYOND_EOF ? 0 :
								   piece->size);
		if (piece->fd < 0)
			return -1;
		flags |= piece->backing == TDP_BACKING_FILE_PRIVATE ?
				 MAP_PRIVATE :
				 MAP_SHARED;
	}
	if (piece->backing == TDP_BACKING_PROT_NONE)
		protection = PROT_NONE;
	return mmap(at, piece->size, protection, flags, piece->fd, 0) == at ?
		       0 :
		       -1;
}

static int serve_nobody(struct runner *r, struct piece *piece)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { piece->hva, piece->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	piece->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (piece->fd < 0 || ioctl(piece->fd, UFFDIO_API, &api) < 0 ||
	    ioctl(piece->fd, UFFDIO_REGISTER, &range) < 0)
		return skip(r, "userfaultfd: %s", strerror(errno));
	return 0;
}

/* Memory that was written, as the scenario says; all of it. */
static int touch(struct runner *r, struct piece *piece)
{
	uint64_t step = huge_flags(piece->backing) ? SIZE_2M : PAGE_BYTES, at;

	if (r->touched + piece->size > MAX_TOUCHED)
		return skip(r, "more than %llu MiB of memory that was written",
			    (unsigned long long)(MAX_TOUCHED >> 20));
	r->touched += piece->size;
	for (at = 0; at < piece->size; at += step)
		*(volatile uint8_t *)(piece->hva + at) = 0;
	return 0;
}

static int check_backing(struct runner *r, const struct piece *piece)
{
	uint64_t mask = 0;

	if (piece->backing == TDP_BACKING_HUGETLB_2M)
		mask = SIZE_2M - 1;
	if (piece->backing == TDP_BACKING_HUGETLB_1G)
		mask = SIZE_1G - 1;
	if ((piece->hva | piece->size) & mask)
		return skip(r, "hugetlb memory of parts of a page");
	if (piece->backing == TDP_BACKING_PFNMAP)
		return skip(r, "no device memory to map");
	if (piece->backing == TDP_BACKING_HWPOISON)
		return skip(r, "memory is not damaged on purpose");
	return 0;
}

int piece_map(struct runner *r, struct piece *piece)
{
	void *at = (void *)piece->hva;

	piece->fd = -1;
	piece->written = NULL;
	if (check_backing(r, piece))
		return -1;
	if (piece->backing == TDP_BACKING_UNMAPPED)
		return 0;
	if (map_pages(piece) < 0)
		return skip(r, "mapping %s memory: %s",
			    tdp_backing_name(piece->backing), strerror(errno));
	madvise(at, piece->size,
		piece->backing == TDP_BACKING_THP ? MADV_HUGEPAGE :
						    MADV_NOHUGEPAGE);
	if (piece->backing == TDP_BACKING_UFFD_MISSING)
		return serve_nobody(r, piece);
	if (piece->backing == TDP_BACKING_PROT_NONE ||
	    piece->backing == TDP_BACKING_BEYOND_EOF)
		return 0;
	if (piece->untouched)
		piece->written = calloc(piece->size / PAGE_BYTES, 1);
	else if (touch(r, piece))
		return -1;
	if (piece->host_readonly)
		mprotect(at, piece->size, PROT_READ);
	return 0;
}

void piece_free(struct piece *piece)
{
	if (piece->fd >= 0)
		close(piece->fd);
	piece->fd = -1;
	free(piece->written);
	piece->written = NULL;
}

/* Regions ---------------------------------------------------------------------------- */

int region_map(struct runner *r, struct region *region,
	       const struct tdp_memslot *slot)
{
	region->owner = true;
	region->nr_pieces = 1;
	region->pieces[0] = (struct piece){
		.hva = region->hva,
		.size = region->size,
		.backing = slot->backing,
		.untouched = slot->untouched,
		.host_readonly = slot->read_only,
		.fd = -1,
	};
	return piece_map(r, &region->pieces[0]);
}

void regions_free(struct runner *r)
{
	unsigned int i, p;

	for (i = 0; i < NR_REGIONS; i++) {
		struct region *region = &r->regions[i];

		for (p = 0; region->owner && p < region->nr_pieces; p++) {
			munmap((void *)region->pieces[p].hva,
			       region->pieces[p].size);
			piece_free(&region->pieces[p]);
		}
		*region = (struct region){ .used = false };
	}
	r->touched = 0;
}
