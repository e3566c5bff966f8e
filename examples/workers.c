/* A pool of threads that work for one event loop.
 *
 * The loop hands out jobs; a worker that has finished one puts it on the list of results and calls event_active, which is safe
 * from any thread once evthread_use_pthreads has been called, and wakes the loop if it waits.
 *
 *	cc workers.c $(pkg-config --cflags --libs libevent libevent_pthreads) -pthread -o workers
 */
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 4
#define JOBS 2000

struct job {
	struct job *next;
	unsigned n, result;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct job *todo, *done; /* both under the mutex */
static int closed;
static struct event *results;

/* Steps until the Collatz sequence of n reaches 1. */
static unsigned collatz(unsigned n)
{
	unsigned steps = 0;
	unsigned long long x = n;

	while (x != 1) {
		x = x % 2 ? 3 * x + 1 : x / 2;
		++steps;
	}
	return steps;
}

static void *work(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	for (;;) {
		struct job *job = todo;

		if (job) {
			todo = job->next;
			pthread_mutex_unlock(&mutex);
			job->result = collatz(job->n);
			pthread_mutex_lock(&mutex);
			job->next = done;
			done = job;
			event_active(results, EV_READ, 0);
		} else if (closed) {
			break;
		} else {
			pthread_cond_wait(&more, &mutex);
		}
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

struct progress {
	struct event_base *base;
	unsigned finished, longest, longest_n;
};

static void collect(evutil_socket_t fd, short what, void *arg)
{
	struct progress *progress = arg;
	struct job *job, *next;

	(void)fd;
	(void)what;
	pthread_mutex_lock(&mutex);
	job = done;
	done = NULL;
	pthread_mutex_unlock(&mutex);
	for (; job; job = next) {
		next = job->next;
		++progress->finished;
		if (job->result > progress->longest) {
			progress->longest = job->result;
			progress->longest_n = job->n;
		}
		free(job);
	}
	if (progress->finished == JOBS)
		event_base_loopexit(progress->base, NULL);
}

static void hand_out(evutil_socket_t fd, short what, void *arg)
{
	static unsigned n = 0;
	int i;

	(void)fd;
	(void)what;
	(void)arg;
	pthread_mutex_lock(&mutex);
	for (i = 0; i < 100 && n < JOBS; ++i) {
		struct job *job = calloc(1, sizeof(*job));

		if (!job)
			abort();
		job->n = ++n;
		job->next = todo;
		todo = job;
	}
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&mutex);
}

int main(void)
{
	struct timeval pause = { 0, 1000 };
	struct progress progress = { NULL, 0, 0, 0 };
	struct event *feeder;
	pthread_t threads[WORKERS];
	int i;

	if (evthread_use_pthreads())
		return 1;
	progress.base = event_base_new();
	if (!progress.base)
		return 1;
	results = event_new(progress.base, -1, EV_PERSIST, collect, &progress);
	feeder = event_new(progress.base, -1, EV_PERSIST, hand_out, NULL);
	if (!results || !feeder || event_add(feeder, &pause))
		return 1;
	/* `results` has neither descriptor nor timeout: it runs only when a worker makes it active. */
	for (i = 0; i < WORKERS; ++i)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;

	event_base_dispatch(progress.base);

	pthread_mutex_lock(&mutex);
	closed = 1;
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&mutex);
	for (i = 0; i < WORKERS; ++i)
		pthread_join(threads[i], NULL);
	printf("%u jobs; %u takes the longest, %u steps\n", progress.finished, progress.longest_n, progress.longest);
	event_free(results);
	event_free(feeder);
	event_base_free(progress.base);
	return 0;
}
