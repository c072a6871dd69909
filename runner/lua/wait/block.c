#include "runner/lua/wait/block_inside.h"

#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int64_t block_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool block_cancelled(const struct block_work *w)
{
	return w->o->cancel && atomic_load(w->o->cancel);
}

void block_fail(struct block_work *w, enum pipe_code code, const char *format, ...)
{
	va_list ap;

	w->answer = (struct lua_answer){ .code = code, .ms = w->answer.ms };
	w->answer.error.code = code;
	va_start(ap, format);
	vsnprintf(w->answer.error.text, sizeof(w->answer.error.text), format, ap);
	va_end(ap);
}

/* ---- waits ---- */

static void block_sleep(struct block_work *w, const struct lua_wait *wait)
{
	const int64_t end = block_clock() + wait->timeout_ms;
	int64_t left;

	while ((left = end - block_clock()) > 0 && !block_cancelled(w)) {
		const int64_t ms = left < BLOCK_LOOK_MS ? left : BLOCK_LOOK_MS;
		const struct timespec t = { 0, (long)ms * 1000000 };

		nanosleep(&t, NULL);
	}
}

static void carry_out(struct block_work *w)
{
	static void (*const kinds[])(struct block_work *, const struct lua_wait *) = { [LUA_WAIT_HTTP] = block_http,
										       [LUA_WAIT_EXEC] = block_exec,
										       [LUA_WAIT_SLEEP] = block_sleep,
										       [LUA_WAIT_MAIL] = block_mail };
	const struct lua_wait *wait = lua_call_wait(w->call);
	const int64_t begin = block_clock();

	w->answer = (struct lua_answer){ .code = PIPE_OK, .exit_code = -1 };
	kinds[wait->kind](w, wait);
	if (w->answer.ms <= 0)
		w->answer.ms = (double)(block_clock() - begin);
	if (block_cancelled(w)) {
		lua_call_cancel(w->call);
		block_fail(w, PIPE_ENETWORK, "cancelled");
	}
	lua_call_answer(w->call, &w->answer);
	arena_clear(&w->arena);
}

/* ---- a step that does not end is cancelled from a thread of its own ---- */

struct watch {
	const atomic_bool *cancel;
	struct lua_call *call;
	pthread_t thread;
	int over; /* an eventfd; -1: nobody watches */
};

static void *watch_run(void *argument)
{
	const struct watch *w = argument;
	struct pollfd p = { .fd = w->over, .events = POLLIN };
	int rc;

	while ((rc = poll(&p, 1, BLOCK_LOOK_MS)) == 0 || (rc < 0 && errno == EINTR))
		if (atomic_load(w->cancel)) {
			lua_call_cancel(w->call);
			break;
		}
	return NULL;
}

static int watch_begin(struct watch *w, const atomic_bool *cancel, struct lua_call *call, pipe_error *err)
{
	int rc;

	*w = (struct watch){ .cancel = cancel, .call = call, .over = -1 };
	if (!cancel)
		return PIPE_OK;
	w->over = eventfd(0, EFD_CLOEXEC);
	if (w->over < 0)
		return error_errno(err, error_code_of(errno), errno, "a script cannot be watched over");
	rc = pthread_create(&w->thread, NULL, watch_run, w);
	if (!rc)
		return PIPE_OK;
	close(w->over);
	w->over = -1;
	return error_errno(err, error_code_of(rc), rc, "a script cannot be watched over");
}

static void watch_end(struct watch *w)
{
	const uint64_t one = 1;
	ssize_t n;

	if (w->over < 0)
		return;
	do
		n = write(w->over, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
	pthread_join(w->thread, NULL);
	close(w->over);
}

/* ---- the call ---- */

static void say(struct block_work *w)
{
	size_t length;
	const char *text = lua_call_said(w->call, &length);

	if (length && w->o->said)
		w->o->said(w->o->payload, text, length);
}

static void drive(struct block_work *w)
{
	enum lua_progress progress;

	do {
		progress = lua_call_step(w->call);
		say(w);
		if (progress == LUA_CALL_WAITS)
			carry_out(w);
	} while (progress == LUA_CALL_WAITS);
}

static void clear(struct block_work *w)
{
	exchange_reply_clear(&w->reply);
	exchange_free(w->exchange);
	transfer_free(w->transfer);
	str_clear(&w->output);
	arena_clear(&w->arena);
}

int lua_block_run(struct lua_call **call, const struct lua_block_options *options, pipe_error *err)
{
	struct block_work w = { .o = options };
	struct watch watch;
	int rc = lua_call_create(call, &options->call, err);

	if (rc)
		return rc;
	rc = watch_begin(&watch, options->cancel, *call, err);
	if (rc) {
		lua_call_free(*call);
		*call = NULL;
		return rc;
	}
	w.call = *call;
	str_init(&w.output);
	exchange_reply_init(&w.reply);
	drive(&w);
	watch_end(&watch);
	clear(&w);
	return PIPE_OK;
}

void lua_block_answer(struct lua_call *call, const struct lua_block_options *options)
{
	struct block_work w = { .o = options, .call = call };

	str_init(&w.output);
	exchange_reply_init(&w.reply);
	carry_out(&w);
	clear(&w);
}
