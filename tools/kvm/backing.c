/* SPDX-License-Identifier: MIT */
/*
 * The calls that change what is behind guest memory: which one makes which
 * change is tdp_vm_set_backing()'s table.
 */
#include <errno.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runner.h"

#define SIZE_2M (UINT64_C(1) << 21)

/* Pieces of the range ------------------------------------------------------------- */

/* A byte a page of [@from, @from + @size) of @written. */
static uint8_t *copy_written(const uint8_t *written, uint64_t from,
			     uint64_t size)
{
	uint8_t *copy = written ? malloc(size / PAGE_BYTES) : NULL;

	if (copy)
		memcpy(copy, written + from / PAGE_BYTES, size / PAGE_BYTES);
	return copy;
}

/* Make @hva the border of two pieces: only in our books. */
static int cut(struct runner *r, uint64_t hva)
{
	struct region *region;
	struct piece *piece = piece_of(r, hva, &region), upper;
	uint64_t below;

	if (!piece || piece->hva == hva)
		return 0;
	if (region->nr_pieces == NR_PIECES)
		return skip(r, "more than %d pieces of a mapping", NR_PIECES);
	below = hva - piece->hva;
	upper = *piece;
	upper.hva = hva;
	upper.size -= below;
	upper.offset += below;
	upper.written = copy_written(piece->written, below, upper.size);
	if (piece->fd >= 0)
		upper.fd = dup(piece->fd);
	piece->size = below;
	memmove(piece + 2, piece + 1,
		(size_t)(&region->pieces[region->nr_pieces] - (piece + 1)) *
			sizeof(*piece));
	piece[1] = upper;
	region->nr_pieces++;
	return 0;
}

/* All of the range as one piece; NULL if parts of it are not ours. */
static struct piece *join(struct runner *r, uint64_t hva, uint64_t size)
{
	struct region *region;
	struct piece *first = piece_of(r, hva, &region), *next = first;
	struct piece *end;

	if (!first)
		return NULL;
	end = &region->pieces[region->nr_pieces];
	while (next < end && next->hva < hva + size)
		piece_free(next++);
	if (next[-1].hva + next[-1].size < hva + size)
		return NULL;
	memmove(first + 1, next, (size_t)(end - next) * sizeof(*next));
	region->nr_pieces -= (unsigned int)(next - first) - 1;
	first->size = size;
	return first;
}

/* Calls ------------------------------------------------------------------------------- */

static int map_over(struct runner *r, struct piece *piece,
		    const struct tdp_backing_change *c)
{
	piece->backing = c->backing;
	piece->untouched = c->untouched;
	piece->host_readonly = c->read_only;
	piece->offset = 0;
	line_result(r, "mmap", 0);
	if (c->backing != TDP_BACKING_UNMAPPED)
		return piece_map(r, piece);
	line_result(r, "munmap", munmap((void *)piece->hva, piece->size));
	return 0;
}

static int protect(struct runner *r, struct piece *piece,
		   const struct tdp_backing_change *c)
{
	int protection = PROT_READ | PROT_WRITE;

	if (c->read_only)
		protection = PROT_READ;
	if (c->backing == TDP_BACKING_PROT_NONE)
		protection = PROT_NONE;
	line_result(r, "mprotect",
		    mprotect((void *)piece->hva, c->size, protection));
	return 0;
}

static int serve(struct runner *r, struct piece *piece, bool zero)
{
	struct uffdio_zeropage zeropage = {
		.range = { piece->hva, piece->size },
	};
	struct uffdio_copy copy = {
		.dst = piece->hva,
		.len = piece->size,
	};
	void *source;

	if (zero) {
		line_result(r, "UFFDIO_ZEROPAGE",
			    ioctl(piece->fd, UFFDIO_ZEROPAGE, &zeropage));
		return 0;
	}
	source = calloc(1, piece->size);
	copy.src = (uint64_t)source;
	if (!source)
		return skip(r, "no memory for a page to serve");
	line_result(r, "UFFDIO_COPY", ioctl(piece->fd, UFFDIO_COPY, &copy));
	free(source);
	return 0;
}

/* A file that ends at the piece, or goes on behind it. */
static int resize(struct runner *r, struct piece *piece, bool shrink)
{
	uint64_t size = piece->offset + (shrink ? 0 : piece->size);

	if (piece->fd < 0)
		return skip(r, "no file is behind that memory");
	line_result(r, "ftruncate", ftruncate(piece->fd, (off_t)size));
	return 0;
}

static int discard(struct runner *r, struct piece *piece)
{
	line_result(r, "madvise",
		    madvise((void *)piece->hva, piece->size, MADV_DONTNEED));
	return 0;
}

enum call { MAP_OVER, PROTECT, DISCARD, SERVE, RESIZE, NONE };

/* As tdp_vm_set_backing() says. */
static enum call call_for(const struct piece *from,
			  const struct tdp_backing_change *c)
{
	bool to_none = c->backing == TDP_BACKING_PROT_NONE;
	bool from_none = from->backing == TDP_BACKING_PROT_NONE;

	if (c->backing == TDP_BACKING_UNMAPPED ||
	    from->backing == TDP_BACKING_UNMAPPED)
		return MAP_OVER;
	if (c->backing == TDP_BACKING_HWPOISON ||
	    c->backing == TDP_BACKING_UFFD_MISSING)
		return NONE;
	if (from->backing == TDP_BACKING_UFFD_MISSING)
		return SERVE;
	if (c->backing == TDP_BACKING_BEYOND_EOF ||
	    from->backing == TDP_BACKING_BEYOND_EOF)
		return RESIZE;
	if (to_none != from_none || (from->backing == c->backing &&
				     from->host_readonly != c->read_only))
		return PROTECT;
	return from->backing == c->backing && c->untouched ? DISCARD : MAP_OVER;
}

/* The same call for the whole range, or it is mapped anew. */
static enum call common_call(struct runner *r, uint64_t hva,
			     const struct tdp_backing_change *c)
{
	const struct piece *piece = piece_of(r, hva, NULL);
	uint64_t end = hva + c->size;
	enum call call = piece ? call_for(piece, c) : NONE;

	for (; piece && piece->hva + piece->size < end;) {
		piece = piece_of(r, piece->hva + piece->size, NULL);
		if (!piece || call_for(piece, c) != call)
			return piece ? MAP_OVER : NONE;
	}
	return call;
}

/* What was read and written stays known, or is forgotten. */
static void note(struct piece *piece, const struct tdp_backing_change *c)
{
	piece->backing = c->backing;
	piece->host_readonly = c->read_only;
	if (!c->untouched)
		return;
	piece->untouched = true;
	free(piece->written);
	piece->written = calloc(piece->size / PAGE_BYTES, 1);
}

static int change_piece(struct runner *r, struct piece *piece, enum call call,
			const struct tdp_backing_change *c)
{
	int ret = 0;

	if (call == PROTECT)
		ret = protect(r, piece, c);
	if (call == DISCARD)
		ret = discard(r, piece);
	if (call == SERVE)
		ret = serve(r, piece, c->untouched);
	if (call == RESIZE)
		ret = resize(r, piece, c->backing == TDP_BACKING_BEYOND_EOF);
	if (!ret)
		note(piece, c);
	return ret;
}

int backing_change(struct runner *r, uint64_t hva,
		   const struct tdp_backing_change *c)
{
	enum call call = common_call(r, hva, c);
	struct piece *piece;

	if (call == NONE)
		return skip(r, "a process can't make this change");
	if (cut(r, hva) || cut(r, hva + c->size))
		return -1;
	if (call == MAP_OVER) {
		piece = join(r, hva, c->size);
		return piece ? map_over(r, piece, c) :
			       skip(r, "no mapping of the runner's own");
	}
	piece = piece_of(r, hva, NULL);
	if (piece->size != c->size)
		return skip(r, "a change of parts that differ");
	return change_piece(r, piece, call, c);
}

/* Whole pieces only: what is known of their pages is gone. */
void pieces_forget(struct runner *r, uint64_t hva, uint64_t size)
{
	uint64_t at;
	struct piece *piece;

	if (cut(r, hva) || cut(r, hva + size))
		return;
	for (at = hva; at < hva + size; at += piece->size) {
		piece = piece_of(r, at, NULL);
		if (!piece)
			return;
		piece->backing = TDP_BACKING_UNMAPPED;
		free(piece->written);
		piece->written = NULL;
	}
}
