/*
 * Inside the driver on the loop (drive.h): one file a kind of wait.  Invariant: a wait that has begun ends in exactly one call of
 * drive_answer, from the loop, also when it is cancelled; what belongs to it is gone by then.
 */
#ifndef RUNNER_LUA_WAIT_DRIVE_INSIDE_H
#define RUNNER_LUA_WAIT_DRIVE_INSIDE_H

#include "base/arena.h"
#include "base/str.h"
#include "runner/lua/wait/command.h"
#include "runner/lua/wait/drive.h"
#include "runner/net/http_loop.h"
#include "runner/net/mail.h"

#include <stdatomic.h>

struct drive_kind;

struct lua_drive {
	struct lua_drive_options o;
	_Atomic(struct lua_call *) call; /* made with the first step, on a worker thread */
	atomic_bool cancelled;
	uv_work_t work;
	enum lua_progress progress;
	pipe_error error;	   /* there is no call, and why: code is not 0 */
	struct lua_outcome failed; /* then */
	bool ended, stepped;
	int64_t first_us;

	/* The wait under way. */
	const struct drive_kind *kind; /* NULL: none is */
	const struct lua_wait *wait;
	struct lua_answer answer;
	struct arena arena;
	uint64_t began_ms;
	struct http_loop_exchange *http;
	char *refusal; /* where a redirect must not lead: the sentence for the script */
	struct mail *mail;
	struct lua_command command;
	struct task_spec spec;
	struct task *task;
	struct str output;
	uv_timer_t timer;
};

struct drive_kind {
	/* An error: it has not begun. */
	int (*begin)(struct lua_drive *d, const struct lua_wait *wait, pipe_error *err);
	/* Pushes it to its end. */
	void (*cancel)(struct lua_drive *d, bool again);
};
extern const struct drive_kind drive_http, drive_exec, drive_sleep, drive_mail;

/* d->answer is there. */
void drive_answer(struct lua_drive *d);
/* There is no answer, and why. */
void drive_answer_error(struct lua_drive *d, int code, const pipe_error *err);

#endif
