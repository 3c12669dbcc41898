/* SPDX-License-Identifier: MIT */
/* Work that one thread leaves to others. */
#include <stdlib.h>
#include <string.h>

#include "scenario/explore_search.h"

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

/* NULL: there is none left, and nobody who could make one. */
struct task *search_take(struct search *search)
{
	struct task *task = NULL;

	pthread_mutex_lock(&search->lock);
	search->waiting++;
	while (!search->tasks && search->waiting < search->nr_workers &&
	       !atomic_load(&search->stop))
		pthread_cond_wait(&search->changed, &search->lock);
	if (search->tasks && !atomic_load(&search->stop)) {
		task = search->tasks;
		search->tasks = task->next;
		search->nr_tasks--;
		search->waiting--;
	} else {
		pthread_cond_broadcast(&search->changed);
	}
	pthread_mutex_unlock(&search->lock);
	return task;
}

/* Somebody waits: leave the state at hand to him. */
bool search_wanted(const struct search *search)
{
	return search->nr_workers > 1 && search->waiting > search->nr_tasks;
}
