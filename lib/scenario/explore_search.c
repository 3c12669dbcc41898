/* SPDX-License-Identifier: MIT */
/* Depth first, over states that nobody has seen yet. */
#include "scenario/explore_search.h"

#include <stdlib.h>
#include <string.h>

#define PROGRESS_EVERY 8192u /* turns */

static int fail(struct search *search, const struct worker *w, int status)
{
	pthread_mutex_lock(&search->lock);
	if (!atomic_load(&search->status)) {
		atomic_store(&search->status, status);
		search->error = w->error;
	}
	atomic_store(&search->stop, true);
	pthread_cond_broadcast(&search->changed);
	pthread_mutex_unlock(&search->lock);
	return status;
}

/* Frames ----------------------------------------------------------------------- */

/* The state at hand, which is @node: note what it is, and how it goes on. */
static int push(struct worker *w, struct state *node)
{
	struct frame *f;
	bool over, stuck;
	int ret;

	if (w->nr == w->capacity && frames_grow(w))
		return TDP_ENOMEM;
	f = &w->frames[w->nr];
	f->node = node;
	f->next = 0;
	ret = frame_choices(w, f, &over, &stuck);
	if (!ret)
		ret = worker_describe(w, node, over, stuck);
	if (ret || !f->nr)
		return ret;
	f->edges = edges_alloc(&w->edges, &w->search->store, f->nr);
	if (!f->edges)
		return worker_no_memory(w);
	ret = frame_save(w, f);
	w->nr += !ret;
	return ret;
}

static void pop(struct worker *w)
{
	struct frame *f = &w->frames[--w->nr];

	f->node->edges = f->edges;
	f->node->nr_edges = f->nr;
	f->node->flags |= NODE_EXPANDED;
}

static int add_turn(struct worker *w, uint16_t thread)
{
	if (w->path_nr == w->path_capacity) {
		unsigned int more = w->path_capacity ? 2 * w->path_capacity :
						       256;
		uint16_t *path = realloc(w->path, more * sizeof(*path));

		if (!path)
			return worker_no_memory(w);
		w->path = path;
		w->path_capacity = more;
	}
	w->path[w->path_nr++] = thread;
	return TDP_OK;
}

/* The search ------------------------------------------------------------------- */

static bool limits_reached(struct worker *w)
{
	struct search *search = w->search;
	const struct tdp_explore_options *o = &search->options;

	/* Others write the counters all the time: look only if asked to. */
	if ((o->max_states &&
	     atomic_load_explicit(&search->store.nr, memory_order_relaxed) >=
		     o->max_states) ||
	    (o->max_memory &&
	     atomic_load_explicit(&search->store.bytes, memory_order_relaxed) >=
		     o->max_memory))
		atomic_store(&search->stop, true);
	return atomic_load_explicit(&search->stop, memory_order_relaxed);
}

/* Only the caller's thread tells the caller. */
static void report_progress(struct worker *w, bool tells)
{
	struct search *search = w->search;
	const struct tdp_explore_options *o = &search->options;
	struct tdp_explore_progress progress;

	if (++w->turns < PROGRESS_EVERY)
		return;
	atomic_fetch_add(&search->visits, w->turns);
	w->turns = 0;
	if (!o->progress || !tells)
		return;
	progress = (struct tdp_explore_progress){
		.visits = atomic_load(&search->visits),
		.states = atomic_load(&search->store.nr),
		.frontier = w->nr + search->nr_tasks,
		.memory = atomic_load(&search->store.bytes),
	};
	if (!o->progress(&progress, o->context))
		atomic_store(&search->stop, true);
}

/* Try the next way on from the top frame. */
static int advance(struct worker *w, bool tells)
{
	struct search *search = w->search;
	struct frame *f = &w->frames[w->nr - 1];
	unsigned int i = f->next++;
	uint16_t thread = f->choices[i];
	struct digest d;
	struct state *node;
	uint32_t id;
	bool first;
	int ret = f->left ? frame_restore(w, f) : TDP_OK;

	f->left = true;
	w->path_nr = w->path_base + w->nr - 1;
	if (!ret)
		ret = worker_turn(w, thread);
	if (!ret)
		ret = add_turn(w, thread);
	if (ret)
		return ret;
	report_progress(w, tells);
	d = worker_digest(w);
	id = store_add(&search->store, &d, false, &first, &node);
	if (id == NO_NODE)
		return worker_no_memory(w);
	f->edges[i] = (struct edge){ .to = id, .thread = thread };
	if (!first)
		return search->options.confirm ? worker_confirm(w, node) :
						 TDP_OK;
	if (search_wanted(w))
		return search_give(search, w->path, w->path_nr, true);
	return push(w, node);
}

/* Nobody goes on: what was tried so far is known all the same. */
static void abandon(struct worker *w)
{
	while (w->nr) {
		struct frame *f = &w->frames[--w->nr];

		f->node->edges = f->edges;
		f->node->nr_edges = f->next;
	}
}

static int search_below(struct worker *w, bool tells)
{
	int ret = TDP_OK;

	while (w->nr && !ret) {
		struct frame *f = &w->frames[w->nr - 1];

		if (f->next == f->nr)
			pop(w);
		else if (limits_reached(w))
			abandon(w);
		else
			ret = advance(w, tells);
	}
	return ret;
}

static int start_task(struct worker *w, const struct task *task)
{
	struct state *node;
	struct digest d;
	uint32_t id;
	bool first;
	unsigned int i;
	int ret = worker_restart(w);

	w->nr = w->path_nr = 0;
	for (i = 0; i < task->nr && !ret; i++) {
		ret = worker_turn(w, task->turns[i]);
		if (!ret)
			ret = add_turn(w, task->turns[i]);
	}
	if (ret)
		return ret;
	w->path_base = w->path_nr;
	d = worker_digest(w);
	id = store_add(&w->search->store, &d, false, &first, &node);
	if (id == NO_NODE)
		return worker_no_memory(w);
	if (!task->nr)
		w->search->root = id;
	return first || task->closed ? push(w, node) : TDP_OK;
}

static void work(struct worker *w, bool tells)
{
	struct search *search = w->search;
	struct task *task;
	int ret = TDP_OK;

	while (!ret && (task = search_take(w))) {
		ret = start_task(w, task);
		free(task);
		if (!ret)
			ret = search_below(w, tells);
	}
	if (ret)
		fail(search, w, ret);
}

/* Shards ----------------------------------------------------------------------- */

struct prefixes {
	unsigned int depth; /* turns of each */
	unsigned int nr;    /* so far */
	bool give;          /* those of the shard, as tasks */
};

/* The state at hand is where a part of the work begins. */
static int prefix_ends(struct worker *w, struct prefixes *p)
{
	const struct tdp_explore_options *o = &w->search->options;

	if (p->nr++ % o->nr_shards != o->shard - 1 || !p->give)
		return TDP_OK;
	return search_give(w->search, w->path, w->path_nr, false);
}

/* All ways of @p->depth turns; states on them are noted by every shard. */
static int prefixes_below(struct worker *w, struct prefixes *p)
{
	struct state *node;
	struct digest d;
	bool first;
	int ret;

	while (w->nr) {
		struct frame *f = &w->frames[w->nr - 1];
		unsigned int i = f->next++;
		uint32_t id;

		if (i == f->nr) {
			pop(w);
			continue;
		}
		ret = f->left ? frame_restore(w, f) : TDP_OK;
		f->left = true;
		w->path_nr = w->nr - 1;
		if (!ret)
			ret = worker_turn(w, f->choices[i]);
		if (!ret)
			ret = add_turn(w, f->choices[i]);
		if (ret)
			return ret;
		d = worker_digest(w);
		id = store_add(&w->search->store, &d, true, &first, &node);
		if (id == NO_NODE)
			return worker_no_memory(w);
		f->edges[i] = (struct edge){ .to = id,
					     .thread = f->choices[i] };
		ret = w->path_nr == p->depth ? prefix_ends(w, p) :
					       push(w, node);
		if (ret)
			return ret;
	}
	return TDP_OK;
}

static int find_prefixes(struct worker *w, struct prefixes *p)
{
	struct state *node;
	struct digest d;
	bool first;
	int ret = worker_restart(w);

	w->nr = w->path_nr = w->path_base = 0;
	p->nr = 0;
	d = worker_digest(w);
	if (ret)
		return ret;
	w->search->root = store_add(&w->search->store, &d, true, &first, &node);
	if (w->search->root == NO_NODE)
		return worker_no_memory(w);
	ret = push(w, node);
	return ret ? ret : prefixes_below(w, p);
}

/* Deep enough that every shard gets some. */
static int share_out(struct worker *w)
{
	const struct tdp_explore_options *o = &w->search->options;
	struct prefixes p = { .depth = 0 };
	unsigned int before;
	int ret = TDP_OK;

	do {
		before = p.nr;
		p.depth++;
		ret = find_prefixes(w, &p);
	} while (!ret && p.nr < 8 * o->nr_shards && p.depth < 12 &&
		 (p.nr || p.depth == 1) && p.nr >= before);
	p.give = true;
	return ret ? ret : find_prefixes(w, &p);
}

/* The whole -------------------------------------------------------------------- */

static void *helper(void *context)
{
	struct worker *w = context;
	int ret = worker_init(w, w->search);

	if (ret)
		fail(w->search, w, ret);
	else
		work(w, false);
	return NULL;
}

static int first_tasks(struct worker *w)
{
	if (w->search->options.nr_shards)
		return share_out(w);
	return search_give(w->search, NULL, 0, false);
}

static void drop_tasks(struct search *search)
{
	while (search->tasks) {
		struct task *task = search->tasks;

		search->tasks = task->next;
		free(task);
	}
}

/* The calling thread is worker 0; the others make machines of their own. */
void search_run(struct search *search)
{
	unsigned int nr = search->nr_workers, i, started = 1;
	struct worker *workers = calloc(nr, sizeof(*workers));
	pthread_t *threads = calloc(nr, sizeof(*threads));
	int ret = TDP_ENOMEM;

	if (workers && threads) {
		ret = worker_init(&workers[0], search);
		if (!ret)
			ret = first_tasks(&workers[0]);
		if (ret)
			fail(search, &workers[0], ret);
		for (; !ret && started < nr; started++) {
			workers[started].search = search;
			if (pthread_create(&threads[started], NULL, helper,
					   &workers[started]))
				break;
		}
		/* Those who could not be started are not waited for. */
		pthread_mutex_lock(&search->lock);
		search->nr_workers = started;
		pthread_mutex_unlock(&search->lock);
		if (!ret)
			work(&workers[0], true);
		for (i = 1; i < started; i++)
			pthread_join(threads[i], NULL);
		for (i = 0; i < started; i++) {
			search->edges[i] = workers[i].edges;
			worker_finish(&workers[i]);
		}
	} else {
		atomic_store(&search->status, TDP_ENOMEM);
	}
	search->exhausted = !atomic_load(&search->stop);
	drop_tasks(search);
	free(workers);
	free(threads);
}
