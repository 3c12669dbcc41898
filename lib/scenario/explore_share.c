/* SPDX-License-Identifier: MIT */
/* Work that one thread leaves to others. */
#include <stdlib.h>
#include <string.h>

#include "scenario/explore_search.h"

/* A number below @n, for searches in an order that is drawn. */
static unsigned int draw(struct worker *w, unsigned int n)
{
	w->random = w->random * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
	return (unsigned int)(w->random >> 33) % n;
}

int search_give(struct search *search, const uint16_t *turns, unsigned int nr,
		bool closed)
{
	struct task *task = malloc(sizeof(*task) + nr * sizeof(task->turns[0]));

	if (!task)
		return TDP_ENOMEM;
	task->closed = closed;
	task->nr = nr;
	if (nr)
		memcpy(task->turns, turns, nr * sizeof(task->turns[0]));
	pthread_mutex_lock(&search->lock);
	task->next = search->tasks;
	search->tasks = task;
	search->nr_tasks++;
	pthread_cond_signal(&search->changed);
	pthread_mutex_unlock(&search->lock);
	return TDP_OK;
}

static struct task *unlink_task(struct worker *w)
{
	struct search *search = w->search;
	struct task **link = &search->tasks, *task;
	unsigned int skip;

	skip = search->options.shuffle ? draw(w, search->nr_tasks) : 0;
	while (skip--)
		link = &(*link)->next;
	task = *link;
	*link = task->next;
	search->nr_tasks--;
	return task;
}

struct task *search_take(struct worker *w)
{
	struct search *search = w->search;
	struct task *task = NULL;

	pthread_mutex_lock(&search->lock);
	search->waiting++;
	while (!search->tasks && search->waiting < search->nr_workers &&
	       !atomic_load(&search->stop))
		pthread_cond_wait(&search->changed, &search->lock);
	if (search->tasks && !atomic_load(&search->stop)) {
		task = unlink_task(w);
		search->waiting--;
	} else {
		pthread_cond_broadcast(&search->changed);
	}
	pthread_mutex_unlock(&search->lock);
	return task;
}

bool search_wanted(struct worker *w)
{
	const struct search *search = w->search;

	if (search->options.shuffle && draw(w, 2))
		return true;
	return search->nr_workers > 1 && search->waiting > search->nr_tasks;
}
