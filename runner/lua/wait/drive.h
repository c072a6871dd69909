/*
 * Drives a call of a script on the loop: its steps on worker threads, its waits on the loop, so that a script that waits keeps neither a
 * thread nor another job.
 */
#ifndef RUNNER_LUA_WAIT_DRIVE_H
#define RUNNER_LUA_WAIT_DRIVE_H

#include "lua/call.h"
#include "runner/executor/executor.h"
#include "runner/executor/workers.h"
#include "runner/lua/wait/place.h"
#include <uv.h>

struct lua_drive;
struct http_loop; /* runner/net/http_loop.h: many exchanges at once on one loop */

struct lua_drive_options {
	uv_loop_t *loop;
	struct workers *workers;   /* the loop's */
	struct executor *executor; /* for pipe.exec */
	struct http_loop *http;	   /* the session's */
	struct lua_place place;
	unsigned grace_ms;
	/* The first step is tried at once, on the loop's thread, for as long as that does not hurt (lua_call_try): for scripts that are known
	 * to be quick, to which the way to a worker thread and back would be most of the cost. */
	bool here;
	struct lua_call_options call; /* what it points to outlives the drive */
	/* On the loop's thread.  said: whole lines, as the script said them, not masked. */
	void (*said)(void *payload, const char *text, size_t length);
	/* It waits for something that is not the work of this machine: anything but a command; or NULL. */
	void (*waits)(void *payload);
	/* Exactly once after a start that succeeded; the outcome lives until lua_drive_free. */
	void (*ended)(void *payload, const struct lua_outcome *outcome);
	void *payload;
};

int lua_drive_start(struct lua_drive **out, const struct lua_drive_options *options, pipe_error *err);
/* After a start with `here`: how it ended, and then `ended` is not called; NULL: it goes on. */
const struct lua_outcome *lua_drive_outcome(const struct lua_drive *d);
/* What its first step took, in microseconds of processor time; INT64_MAX where it was tried in vain. */
int64_t lua_drive_first_us(const struct lua_drive *d);
/* A request: ended still comes, soon.  Once more: a command is killed at once. */
void lua_drive_cancel(struct lua_drive *d);
/* In or after `ended`; NULL is fine. */
void lua_drive_free(struct lua_drive *d);

#endif
