/* SPDX-License-Identifier: MIT */
/*
 * The answer of a shard as a file: lines of text, texts of several lines with
 * their length before them.
 *
 * Shards may have seen the same states, so a file names them all: what the
 * shards found together is then counted as one search would have.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/exploration.h"
#include "scenario/explore_store.h"

#define MAGIC      "tdpsim shard 1"
#define MAX_TEXT   (UINT64_C(1) << 26)
#define MAX_STATES (UINT64_C(1) << 31)
#define MAX_NAMES  1000000u

/* Writing ---------------------------------------------------------------------- */

static void put_text(FILE *out, const char *text)
{
	fprintf(out, "%zu\n%s\n", strlen(text), text);
}

static void put_way(FILE *out, const struct way *way)
{
	fprintf(out, "way %d %u\n", way->there, way->turns);
	if (!way->there)
		return;
	put_text(out, way->order);
	put_text(out, way->trace);
	put_text(out, way->replay);
}

static void put_head(FILE *out, const struct tdp_exploration *x)
{
	unsigned int i;

	fprintf(out, MAGIC "\nsource %016" PRIx64 " shard %u of %u %s %s %u\n",
		x->source, x->shard, x->nr_shards,
		x->complete ? "complete" : "incomplete",
		x->summary.reduced ? "reduced" : "full",
		x->summary.outcomes_expected);
	put_text(out, x->name);
	fprintf(out, "columns %u\n", x->nr_columns);
	for (i = 0; i < x->nr_columns; i++)
		put_text(out, x->columns[i]);
}

static void put_outcomes(FILE *out, const struct tdp_exploration *x)
{
	unsigned int i, j;

	fprintf(out, "outcomes %u\n", x->nr_outcomes);
	for (i = 0; i < x->nr_outcomes; i++)
		for (j = 0; j < x->nr_columns; j++)
			put_text(out, x->outcomes[i].tokens[j]);
}

static void put_claims(FILE *out, const struct tdp_exploration *x)
{
	unsigned int i;

	fprintf(out, "claims %u\n", x->nr_claims);
	for (i = 0; i < x->nr_claims; i++) {
		const struct judged *c = &x->claims[i];

		fprintf(out, "claim %u %d %u %u\n", c->demand, c->every, c->bit,
			c->stuck);
		put_text(out, c->name);
		put_way(out, &c->way);
	}
	put_way(out, &x->livelock);
	put_way(out, &x->deadlock);
}

static void put_records(FILE *out, const struct tdp_exploration *x)
{
	uint32_t i;

	fprintf(out, "states %u\n", x->nr_records);
	for (i = 0; i < x->nr_records; i++) {
		const struct record *r = &x->records[i];

		fprintf(out,
			"%016" PRIx64 " %016" PRIx64 " %" PRIx64
			" %x %x %x %x\n",
			r->a, r->b, r->claims, r->depth, r->outcome,
			r->nr_edges, r->flags);
	}
	fputs("end\n", out);
}

int tdp_exploration_save(const struct tdp_exploration *x, const char *path,
			 struct tdp_error *err)
{
	FILE *out;
	bool failed;

	if (!x->nr_shards)
		return err_set(err, TDP_EINVAL,
			       "only the answer of a shard can be saved");
	out = fopen(path, "w");
	if (!out)
		return err_at(err, TDP_EIO, path, 0, 0, "can't be opened: %s",
			      strerror(errno));
	put_head(out, x);
	put_outcomes(out, x);
	put_claims(out, x);
	put_records(out, x);
	failed = ferror(out);
	failed |= fclose(out) != 0;
	if (failed)
		return err_at(err, TDP_EIO, path, 0, 0, "can't be written");
	return TDP_OK;
}

/* Reading ---------------------------------------------------------------------- */

struct reader {
	FILE *in;
	const char *path;
	struct arena *arena;
	struct tdp_error *err;
	int status;
};

static int damaged(struct reader *r, const char *where)
{
	if (!r->status)
		r->status = err_at(r->err, TDP_EINPUT, r->path, 0, 0,
				   "no whole answer of a shard: %s", where);
	return r->status;
}

static void *get_memory(struct reader *r, size_t nr, size_t size)
{
	void *memory = r->status ? NULL :
				   arena_alloc(r->arena, (nr + 1) * size);

	if (!memory && !r->status)
		r->status = err_set(r->err, TDP_ENOMEM, "%s: out of memory",
				    r->path);
	return memory;
}

/* An empty text in place of one that is not there, so that nobody stumbles. */
static const char *get_text(struct reader *r)
{
	size_t size;
	char *text;

	if (r->status || fscanf(r->in, "%zu", &size) != 1 ||
	    fgetc(r->in) != '\n' || size > MAX_TEXT) {
		damaged(r, "a text");
		return "";
	}
	text = get_memory(r, size, 1);
	if (!text)
		return "";
	if (fread(text, 1, size, r->in) != size || fgetc(r->in) != '\n' ||
	    strlen(text) != size)
		damaged(r, "a text");
	return text;
}

static unsigned int get_number(struct reader *r, const char *what)
{
	char word[32];
	unsigned int nr;

	if (r->status || fscanf(r->in, "%31s %u", word, &nr) != 2 ||
	    strcmp(word, what) != 0 || nr > MAX_NAMES) {
		damaged(r, what);
		return 0;
	}
	fgetc(r->in);
	return nr;
}

static void get_way(struct reader *r, struct way *way)
{
	unsigned int there = 0;

	if (r->status ||
	    fscanf(r->in, "way %u %" SCNu32, &there, &way->turns) != 2 ||
	    there > 1)
		damaged(r, "way");
	fgetc(r->in);
	way->there = there;
	if (!there)
		return;
	way->order = get_text(r);
	way->trace = get_text(r);
	way->replay = get_text(r);
}

static void get_head(struct reader *r, struct tdp_exploration *x)
{
	char complete[16], reduced[16];
	unsigned int i;

	if (fscanf(r->in,
		   MAGIC " source %" SCNx64 " shard %u of %u %15s %15s %u",
		   &x->source, &x->shard, &x->nr_shards, complete, reduced,
		   &x->summary.outcomes_expected) != 6 ||
	    !x->shard || x->shard > x->nr_shards) {
		damaged(r, "the first lines");
		return;
	}
	fgetc(r->in);
	x->complete = !strcmp(complete, "complete");
	x->summary.reduced = !strcmp(reduced, "reduced");
	x->name = get_text(r);
	x->nr_columns = get_number(r, "columns");
	x->columns = get_memory(r, x->nr_columns, sizeof(*x->columns));
	for (i = 0; i < x->nr_columns && !r->status; i++) {
		x->columns[i] = get_text(r);
		if (!strchr(x->columns[i], ':'))
			damaged(r, "columns");
	}
}

static void get_outcomes(struct reader *r, struct tdp_exploration *x)
{
	unsigned int i, j;

	x->nr_outcomes = get_number(r, "outcomes");
	x->outcomes = get_memory(r, x->nr_outcomes, sizeof(*x->outcomes));
	for (i = 0; i < x->nr_outcomes && !r->status; i++) {
		struct found *f = &x->outcomes[i];

		f->tokens = get_memory(r, x->nr_columns, sizeof(*f->tokens));
		for (j = 0; j < x->nr_columns && !r->status; j++)
			f->tokens[j] = get_text(r);
	}
}

static void get_claims(struct reader *r, struct tdp_exploration *x)
{
	unsigned int i;

	x->nr_claims = get_number(r, "claims");
	if (x->nr_claims > 64)
		damaged(r, "claims");
	x->claims = get_memory(r, x->nr_claims, sizeof(*x->claims));
	for (i = 0; i < x->nr_claims && !r->status; i++) {
		struct judged *c = &x->claims[i];
		unsigned int demand = 0, every = 0;

		if (fscanf(r->in, "claim %u %u %u %u", &demand, &every, &c->bit,
			   &c->stuck) != 4 ||
		    demand > TDP_DEMAND_SOMETIMES || c->bit > 63)
			damaged(r, "claim");
		fgetc(r->in);
		c->demand = (enum tdp_demand)demand;
		c->every = every;
		c->name = get_text(r);
		get_way(r, &c->way);
	}
	get_way(r, &x->livelock);
	get_way(r, &x->deadlock);
}

static void get_records(struct reader *r, struct tdp_exploration *x)
{
	uint64_t nr = 0;
	char end[8];

	if (r->status || fscanf(r->in, "states %" SCNu64, &nr) != 1 ||
	    nr > MAX_STATES) {
		damaged(r, "states");
		return;
	}
	x->records = calloc(nr + 1, sizeof(*x->records));
	if (!x->records) {
		r->status = err_set(r->err, TDP_ENOMEM, "%s: out of memory",
				    r->path);
		return;
	}
	for (x->nr_records = 0; x->nr_records < nr; x->nr_records++) {
		struct record *rec = &x->records[x->nr_records];
		unsigned int flags, edges;

		if (fscanf(r->in,
			   "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx32
			   " %" SCNx32 " %x %x",
			   &rec->a, &rec->b, &rec->claims, &rec->depth,
			   &rec->outcome, &edges, &flags) != 7 ||
		    ((flags & NODE_END) && rec->outcome >= x->nr_outcomes)) {
			damaged(r, "states");
			return;
		}
		rec->nr_edges = (uint16_t)edges;
		rec->flags = (uint8_t)flags;
	}
	if (fscanf(r->in, "%7s", end) != 1 || strcmp(end, "end") != 0)
		damaged(r, "the end");
}

static int load(const char *path, struct tdp_exploration **out,
		struct tdp_error *err)
{
	struct tdp_exploration *x = calloc(1, sizeof(*x));
	struct reader r = { .path = path, .err = err };

	*out = x;
	if (!x)
		return err_set(err, TDP_ENOMEM, "%s: out of memory", path);
	r.arena = &x->arena;
	r.in = fopen(path, "r");
	if (!r.in)
		return err_at(err, TDP_EIO, path, 0, 0, "can't be opened: %s",
			      strerror(errno));
	get_head(&r, x);
	get_outcomes(&r, x);
	get_claims(&r, x);
	get_records(&r, x);
	fclose(r.in);
	return r.status;
}

/* Merging ---------------------------------------------------------------------- */

static bool same_tokens(const struct tdp_exploration *x, const struct found *a,
			const struct found *b)
{
	unsigned int i;

	for (i = 0; i < x->nr_columns; i++)
		if (strcmp(a->tokens[i], b->tokens[i]) != 0)
			return false;
	return true;
}

static uint32_t add_outcome(struct tdp_exploration *to, const struct found *f)
{
	uint32_t i;

	for (i = 0; i < to->nr_outcomes; i++)
		if (same_tokens(to, &to->outcomes[i], f))
			return i;
	to->outcomes[to->nr_outcomes] = (struct found){ .tokens = f->tokens };
	return to->nr_outcomes++;
}

static void nearer(struct way *to, const struct way *from)
{
	if (!from->there)
		return;
	if (to->there &&
	    (to->turns < from->turns ||
	     (to->turns == from->turns && strcmp(to->order, from->order) <= 0)))
		return;
	*to = *from;
}

static int by_digest(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

/* The same state, seen by several. */
static void unite(struct tdp_exploration *to)
{
	uint32_t i, nr = 0;

	if (to->nr_records)
		qsort(to->records, to->nr_records, sizeof(to->records[0]),
		      by_digest);
	for (i = 0; i < to->nr_records; i++) {
		const struct record *r = &to->records[i];
		struct record *last = nr ? &to->records[nr - 1] : NULL;

		if (!last || by_digest(last, r)) {
			to->records[nr++] = *r;
			continue;
		}
		last->claims |= r->claims;
		last->flags |= r->flags;
		if (r->depth < last->depth)
			last->depth = r->depth;
		if (r->nr_edges > last->nr_edges)
			last->nr_edges = r->nr_edges;
		if (r->flags & NODE_END)
			last->outcome = r->outcome;
	}
	to->nr_records = nr;
}

/* Texts of the parts stay where they are: the parts live as long. */
static int gather(struct tdp_exploration *to, struct tdp_exploration **parts,
		  unsigned int nr)
{
	size_t records = 0, outcomes = 0;
	unsigned int i, j;
	uint32_t k;

	for (i = 0; i < nr; i++) {
		records += parts[i]->nr_records;
		outcomes += parts[i]->nr_outcomes;
	}
	to->records = malloc((records + 1) * sizeof(*to->records));
	to->outcomes = arena_alloc(&to->arena,
				   (outcomes + 1) * sizeof(*to->outcomes));
	if (!to->records || !to->outcomes || records > UINT32_MAX)
		return TDP_ENOMEM;
	for (i = 0; i < nr; i++) {
		struct tdp_exploration *p = parts[i];

		for (j = 0; j < p->nr_outcomes; j++)
			p->outcomes[j].number = add_outcome(to,
							    &p->outcomes[j]);
		for (k = 0; k < p->nr_records; k++) {
			struct record *r = &to->records[to->nr_records++];

			*r = p->records[k];
			if (r->flags & NODE_END)
				r->outcome = p->outcomes[r->outcome].number;
		}
		for (j = 0; j < p->nr_claims; j++)
			nearer(&to->claims[j].way, &p->claims[j].way);
		nearer(&to->livelock, &p->livelock);
		nearer(&to->deadlock, &p->deadlock);
	}
	unite(to);
	return TDP_OK;
}

static int mismatch(const char *path, const char *other, struct tdp_error *err)
{
	return err_at(err, TDP_EINPUT, path, 0, 0,
		      "is of another search than %s", other);
}

static int check_parts(struct tdp_exploration **parts, const char *const *paths,
		       unsigned int nr, struct tdp_error *err)
{
	unsigned int i, j;

	for (i = 1; i < nr; i++) {
		const struct tdp_exploration *a = parts[0], *b = parts[i];

		if (a->source != b->source || a->nr_shards != b->nr_shards ||
		    a->nr_columns != b->nr_columns ||
		    a->nr_claims != b->nr_claims)
			return mismatch(paths[i], paths[0], err);
		for (j = 0; j < i; j++)
			if (parts[j]->shard == b->shard)
				return err_at(err, TDP_EINPUT, paths[i], 0, 0,
					      "is the same shard as %s",
					      paths[j]);
	}
	return TDP_OK;
}

/* The first part takes the others in, texts and all. */
static int merge_parts(struct tdp_exploration **parts, unsigned int nr,
		       struct tdp_exploration **out)
{
	struct tdp_exploration *first = parts[0];
	struct tdp_exploration *to = calloc(1, sizeof(*to));
	unsigned int i;
	int ret;

	*out = to;
	if (!to)
		return TDP_ENOMEM;
	to->name = first->name;
	to->columns = first->columns;
	to->nr_columns = first->nr_columns;
	to->claims = arena_alloc(&to->arena,
				 (first->nr_claims + 1) * sizeof(*to->claims));
	if (!to->claims)
		return TDP_ENOMEM;
	memcpy(to->claims, first->claims,
	       first->nr_claims * sizeof(*to->claims));
	to->nr_claims = first->nr_claims;
	to->summary.reduced = first->summary.reduced;
	to->summary.outcomes_expected = first->summary.outcomes_expected;
	to->summary.exhausted = nr == first->nr_shards;
	for (i = 0; i < nr; i++)
		to->summary.exhausted &= parts[i]->complete;
	ret = gather(to, parts, nr);
	return ret ? ret : exploration_conclude(to);
}

int tdp_exploration_merge(const char *const *paths, unsigned int nr,
			  struct tdp_exploration **exploration,
			  struct tdp_error *err)
{
	struct tdp_exploration **parts = calloc(nr + 1, sizeof(*parts)), *x;
	unsigned int i;
	int ret = TDP_OK;

	*exploration = NULL;
	if (!parts || !nr) {
		free(parts);
		return nr ? err_set(err, TDP_ENOMEM, "out of memory") :
			    err_set(err, TDP_EINVAL, "no shard to merge");
	}
	for (i = 0; i < nr && !ret; i++)
		ret = load(paths[i], &parts[i], err);
	if (!ret)
		ret = check_parts(parts, paths, nr, err);
	x = NULL;
	if (!ret) {
		ret = merge_parts(parts, nr, &x);
		if (ret)
			ret = err_set(err, ret, "out of memory");
	}
	for (i = 0; x && i < nr; i++)
		arena_adopt(&x->arena, &parts[i]->arena);
	for (i = 0; i < nr; i++)
		tdp_exploration_destroy(parts[i]);
	free(parts);
	if (ret)
		tdp_exploration_destroy(x);
	else
		*exploration = x;
	return ret;
}
