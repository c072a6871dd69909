/* The thread and the one who waits share a look-up; whoever is last frees it. */
#include "runner/net/resolve.h"

#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 50 };

struct look_up {
	pthread_mutex_t lock; /* of all below it */
	pthread_cond_t ended;
	bool done, abandoned;
	int error, system_error;
	struct addrinfo *list;
	const char *host, *port; /* behind the struct */
};

static void look_up_free(struct look_up *l)
{
	if (l->list)
		freeaddrinfo(l->list);
	pthread_cond_destroy(&l->ended);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static struct look_up *look_up_create(const char *host, const char *port)
{
	size_t n = strlen(host) + 1, m = strlen(port) + 1;
	struct look_up *l = calloc(1, sizeof(*l) + n + m);
	char *text;

	if (!l)
		return NULL;
	text = (char *)(l + 1);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->ended, NULL);
	l->host = memcpy(text, host, n);
	l->port = memcpy(text + n, port, m);
	return l;
}

static void *run(void *argument)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct look_up *l = argument;
	struct addrinfo *list = NULL;
	int error = getaddrinfo(l->host, l->port, &hints, &list), system_error = errno;
	bool abandoned;

	pthread_mutex_lock(&l->lock);
	l->error = error;
	l->system_error = system_error;
	l->list = error ? NULL : list;
	l->done = true;
	abandoned = l->abandoned;
	pthread_cond_signal(&l->ended);
	pthread_mutex_unlock(&l->lock);
	if (abandoned)
		look_up_free(l);
	return NULL;
}

/* No signal of the host is handled there. */
static int start(struct look_up *l, pthread_t *thread)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, run, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* false: it goes on, and frees itself. */
static bool wait_for(struct look_up *l, int64_t timeout_ms, const atomic_bool *cancel)
{
	int64_t end = now_ms() + timeout_ms, now;
	bool done;

	pthread_mutex_lock(&l->lock);
	while (!l->done && (now = now_ms()) < end && !(cancel && atomic_load(cancel))) {
		int64_t look = end - now < LOOK_MS ? end : now + LOOK_MS;
		struct timespec at = { look / 1000, look % 1000 * 1000000 };
		pthread_cond_clockwait(&l->ended, &l->lock, CLOCK_MONOTONIC, &at);
	}
	done = l->done;
	l->abandoned = !done;
	pthread_mutex_unlock(&l->lock);
	return done;
}

static int outcome(struct look_up *l, struct addrinfo **list, pipe_error *err)
{
	if (l->error == EAI_MEMORY)
		return error_nomem(err);
	if (l->error)
		return error_set(err, PIPE_ENETWORK, "%s",
				 l->error == EAI_SYSTEM ? strerror(l->system_error) : gai_strerror(l->error));
	*list = l->list;
	l->list = NULL;
	return PIPE_OK;
}

int resolve(const char *host, const char *port, int64_t timeout_ms, const atomic_bool *cancel, struct addrinfo **list,
	    pipe_error *err)
{
	const struct addrinfo numeric = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct look_up *l;
	pthread_t thread;
	int rc;

	*list = NULL;
	if (!getaddrinfo(host, port, &numeric, list))
		return PIPE_OK;
	*list = NULL;
	l = look_up_create(host, port);
	if (!l)
		return error_nomem(err);
	rc = start(l, &thread);
	if (rc) {
		look_up_free(l);
		return error_errno(err, PIPE_ENETWORK, rc, "no thread for looking up a name can be had");
	}
	if (!wait_for(l, timeout_ms, cancel)) {
		pthread_detach(thread);
		return error_set(err, PIPE_ENETWORK, "the name's address could not be found out in time");
	}
	pthread_join(thread, NULL);
	rc = outcome(l, list, err);
	look_up_free(l);
	return rc;
}
