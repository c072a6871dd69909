#include "runner/lua/wait/drive_inside.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct drive_kind *const kinds[] = {
	[LUA_WAIT_HTTP] = &drive_http,
	[LUA_WAIT_EXEC] = &drive_exec,
	[LUA_WAIT_SLEEP] = &drive_sleep,
	[LUA_WAIT_MAIL] = &drive_mail,
};

enum { TRY_US = 500 }; /* processor time of a first step on the loop's thread */

static void step(struct lua_drive *d);

/* ---- the end ---- */

static void end(struct lua_drive *d)
{
	d->ended = true;
	d->o.ended(d->o.payload, lua_drive_outcome(d));
}

/* ---- waits ---- */

static void clear_wait(struct lua_drive *d)
{
	d->kind = NULL;
	d->wait = NULL;
	free(d->refusal);
	d->refusal = NULL;
	str_clear(&d->output);
	arena_clear(&d->arena);
}

void drive_answer(struct lua_drive *d)
{
	if (d->answer.ms <= 0)
		d->answer.ms = (double)uv_hrtime() / 1e6 - (double)d->began_ms;
	lua_call_answer(d->call, &d->answer);
	clear_wait(d);
	step(d);
}

void drive_answer_error(struct lua_drive *d, int code, const pipe_error *err)
{
	d->answer.code = code;
	d->answer.error = *err;
	drive_answer(d);
}

static void begin_wait(struct lua_drive *d)
{
	const struct lua_wait *wait = lua_call_wait(d->call);
	pipe_error err = { 0 };
	bool elsewhere;
	int rc;

	memset(&d->answer, 0, sizeof(d->answer));
	d->wait = wait;
	elsewhere = wait->kind != LUA_WAIT_EXEC;
	d->kind = kinds[wait->kind];
	d->began_ms = uv_hrtime() / 1000000;
	if (atomic_load(&d->cancelled))
		rc = error_set(&err, PIPE_EUSAGE, "cancelled");
	else
		rc = d->kind->begin(d, wait, &err);
	if (rc)
		drive_answer_error(d, rc, &err);
	else if (elsewhere && d->o.waits)
		d->o.waits(d->o.payload);
}

/* ---- steps ---- */

/* Whoever cancels sets the flag first and looks for the call then; here it is the other way round: one of the two sees the other. */
static bool make_call(struct lua_drive *d)
{
	struct lua_call *call;

	if (atomic_load(&d->call))
		return true;
	if (lua_call_create(&call, &d->o.call, &d->error)) {
		d->failed = (struct lua_outcome){ .end = d->error.line ? LUA_BROKEN : LUA_FAILED,
						  .reason = d->error.text,
						  .file = d->error.file[0] ? d->error.file : NULL,
						  .line = d->error.line };
		return false;
	}
	atomic_store(&d->call, call);
	if (atomic_load(&d->cancelled))
		lua_call_cancel(call);
	return true;
}

static void make_step(struct lua_drive *d, bool try)
{
	bool made = make_call(d);

	if (!made)
		d->progress = LUA_CALL_ENDED;
	else
		d->progress = try ? lua_call_try(d->call, TRY_US) : lua_call_step(d->call);
	if (d->progress == LUA_CALL_AGAIN)
		d->first_us = INT64_MAX;
	else if (made && !d->stepped)
		d->first_us = lua_call_cpu_us(d->call);
	d->stepped = true;
}

static void work(uv_work_t *request)
{
	make_step(request->data, false);
}

/* Hands on what was said. */
static void say(struct lua_drive *d)
{
	const char *said;
	size_t length = 0;

	if (!d->call)
		return;
	said = lua_call_said(d->call, &length);
	if (length)
		d->o.said(d->o.payload, said, length);
}

static void worked(uv_work_t *request, int status)
{
	struct lua_drive *d = request->data;

	(void)status; /* never cancelled: nobody calls uv_cancel */
	say(d);
	if (d->progress == LUA_CALL_WAITS)
		begin_wait(d);
	else
		end(d);
}

static void step(struct lua_drive *d)
{
	d->work.data = d;
	if (workers_queue(d->o.workers, d->o.loop, &d->work, work, worked)) {
		work(&d->work); /* no worker thread is to be had: here and now */
		worked(&d->work, 0);
	}
}

/* ---- the interface ---- */

static void start_here(struct lua_drive *d)
{
	make_step(d, true);
	if (d->progress == LUA_CALL_AGAIN) {
		lua_call_free(atomic_exchange(&d->call, NULL));
		step(d);
		return;
	}
	say(d);
	if (d->progress == LUA_CALL_ENDED)
		d->ended = true;
	else
		begin_wait(d);
}

const struct lua_outcome *lua_drive_outcome(const struct lua_drive *d)
{
	if (!d->ended)
		return NULL;
	return d->error.code ? &d->failed : lua_call_outcome(d->call);
}

int64_t lua_drive_first_us(const struct lua_drive *d)
{
	return d->first_us;
}

int lua_drive_start(struct lua_drive **out, const struct lua_drive_options *options, pipe_error *err)
{
	struct lua_drive *d = calloc(1, sizeof(*d));

	*out = d;
	if (!d)
		return error_nomem(err);
	d->o = *options;
	d->command.input = -1;
	str_init(&d->output);
	d->work.data = d;
	if (d->o.here) {
		start_here(d);
	} else if (workers_queue(d->o.workers, d->o.loop, &d->work, work, worked)) {
		free(d);
		*out = NULL;
		return error_set(
			err, PIPE_EIO,
			"no worker threads can be started; the limit of processes or memory (`ulimit -u`, `ulimit -v`, that of a container) is too low");
	}
	return PIPE_OK;
}

void lua_drive_cancel(struct lua_drive *d)
{
	struct lua_call *call;
	bool again;

	if (d->ended)
		return;
	again = atomic_exchange(&d->cancelled, true);
	call = atomic_load(&d->call);
	if (call)
		lua_call_cancel(call);
	if (d->kind)
		d->kind->cancel(d, again);
}

void lua_drive_free(struct lua_drive *d)
{
	if (!d)
		return;
	clear_wait(d);
	lua_call_free(d->call);
	free(d);
}
