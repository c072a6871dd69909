#include "runner/stage/actor.h"

#include "base/error.h"
#include "base/str.h"

#include <pthread.h>
#include <stdlib.h>

struct actor {
	struct actor_options o;
	uv_async_t wake;
	uv_timer_t limit;
	uv_thread_t thread;
	unsigned handles; /* not closed yet */
	atomic_bool cancel;
	bool timed_out;	    /* the loop's */
	struct arena arena; /* the thread's, until it has ended */
	pipe_error err;
	int rc;

	pthread_mutex_t lock; /* of all below */
	struct str lines;     /* to be said */
	bool over;
};

/* ---- on the action's thread ---- */

static void say(void *payload, const char *line)
{
	struct actor *a = payload;

	pthread_mutex_lock(&a->lock);
	str_adds(&a->lines, line);
	str_addc(&a->lines, '\n');
	pthread_mutex_unlock(&a->lock);
	uv_async_send(&a->wake);
}

static void run(void *argument)
{
	struct actor *a = argument;

	a->rc = action_functions[a->o.action->kind](a->o.action->arguments, &a->o.context, &a->err);
	pthread_mutex_lock(&a->lock);
	a->over = true;
	pthread_mutex_unlock(&a->lock);
	uv_async_send(&a->wake);
}

/* ---- on the loop's thread ---- */

static void on_closed(uv_handle_t *handle)
{
	struct actor *a = handle->data;
	struct stage_desk *desk = a->o.desk;

	if (--a->handles == 0) {
		str_clear(&a->lines);
		pthread_mutex_destroy(&a->lock);
		free(a);
	}
	desk->closed(desk->payload);
}

static void close_handles(struct actor *a)
{
	uv_close((uv_handle_t *)&a->wake, on_closed);
	uv_close((uv_handle_t *)&a->limit, on_closed);
}

static void end(struct actor *a)
{
	struct actor_result result;

	uv_thread_join(&a->thread);
	result = (struct actor_result){
		.code = a->rc, .err = &a->err, .answer = a->o.context.answer ? a->o.context.answer : "", .timed_out = a->timed_out
	};
	a->o.done(a->o.payload, &result);
	arena_clear(&a->arena);
	close_handles(a);
}

static void on_wake(uv_async_t *wake)
{
	struct actor *a = wake->data;
	struct str lines;
	bool over;

	str_init(&lines);
	pthread_mutex_lock(&a->lock);
	str_add(&lines, a->lines.data, a->lines.length);
	str_reset(&a->lines);
	over = a->over;
	pthread_mutex_unlock(&a->lock);
	if (lines.length)
		a->o.say(a->o.payload, lines.data, lines.length);
	str_clear(&lines);
	if (over)
		end(a);
}

static void on_limit(uv_timer_t *timer)
{
	struct actor *a = timer->data;

	a->timed_out = true;
	atomic_store(&a->cancel, true);
}

int actor_start(struct actor **out, const struct actor_options *options, pipe_error *err)
{
	struct actor *a = calloc(1, sizeof(*a));
	int rc;

	*out = NULL;
	if (!a)
		return error_nomem(err);
	a->o = *options;
	a->o.context.arena = &a->arena;
	a->o.context.cancel = &a->cancel;
	a->o.context.say = say;
	a->o.context.payload = a;
	str_init(&a->lines);
	pthread_mutex_init(&a->lock, NULL);
	a->wake.data = a->limit.data = a;
	rc = uv_async_init(options->desk->loop, &a->wake, on_wake);
	if (rc) {
		pthread_mutex_destroy(&a->lock);
		free(a);
		return error_set(err, PIPE_EIO, "no action can be begun: %s", uv_strerror(rc));
	}
	uv_timer_init(options->desk->loop, &a->limit);
	a->handles = 2;
	options->desk->opened(options->desk->payload);
	options->desk->opened(options->desk->payload);
	rc = uv_thread_create(&a->thread, run, a);
	if (rc) {
		close_handles(a);
		return error_set(err, PIPE_EIO, "no thread for an action can be had: %s", uv_strerror(rc));
	}
	if (options->limit_ms)
		uv_timer_start(&a->limit, on_limit, (uint64_t)options->limit_ms, 0);
	*out = a;
	return PIPE_OK;
}

void actor_cancel(struct actor *a)
{
	atomic_store(&a->cancel, true);
}
