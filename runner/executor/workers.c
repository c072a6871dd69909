#include "runner/executor/workers.h"

#include <pthread.h>
#include <stdlib.h>

/* As libuv's: UV_THREADPOOL_SIZE, and the size of their stacks. */
enum { POOL = 4, POOL_MAX = 1024, STACK = 8 << 20 };

static long pool_size(void)
{
	const char *text = getenv("UV_THREADPOOL_SIZE");
	long n = text ? strtol(text, NULL, 10) : POOL;

	return n < 1 ? 1 : n > POOL_MAX ? POOL_MAX : n;
}

/* A thread lives until all of them were started. */
static void *wait_for_all(void *lock)
{
	pthread_mutex_lock(lock);
	pthread_mutex_unlock(lock);
	return NULL;
}

static bool can_be_started(void)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	long wanted = pool_size(), n = 0;
	pthread_t *threads = calloc((size_t)wanted, sizeof(*threads));
	pthread_attr_t attributes;

	if (!threads || pthread_attr_init(&attributes)) {
		free(threads);
		return false;
	}
	(void)pthread_attr_setstacksize(&attributes, STACK); /* else it is the usual one */
	pthread_mutex_lock(&lock);
	while (n < wanted && !pthread_create(&threads[n], &attributes, wait_for_all, &lock))
		n++;
	pthread_mutex_unlock(&lock);
	for (long i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attributes);
	free(threads);
	return n == wanted;
}

int workers_queue(struct workers *w, uv_loop_t *loop, uv_work_t *request, uv_work_cb work, uv_after_work_cb worked)
{
	if (!w->there && !(w->there = can_be_started()))
		return UV_EAGAIN;
	return uv_queue_work(loop, request, work, worked);
}
