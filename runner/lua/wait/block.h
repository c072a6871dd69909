/*
 * A call of a script on a thread that may block (a native action's, or that of `pipe lua run`): its waits are carried out one after the
 * other, here and now.
 */
#ifndef RUNNER_LUA_WAIT_BLOCK_H
#define RUNNER_LUA_WAIT_BLOCK_H

#include "lua/call.h"
#include "runner/lua/wait/place.h"
#include <stdatomic.h>

struct lua_block_options {
	struct lua_call_options call;
	struct lua_place place;
	const atomic_bool *cancel;				      /* or NULL */
	void (*said)(void *payload, const char *text, size_t length); /* whole lines; or NULL */
	void *payload;
};

/* PIPE_OK: *call has ended (lua_call_outcome), and is the caller's to free. */
int lua_block_run(struct lua_call **call, const struct lua_block_options *options, pipe_error *err);
/* For those who make the steps themselves: carries out what the call waits for, and answers it.  Of the options, `place` and `cancel` matter. */
void lua_block_answer(struct lua_call *call, const struct lua_block_options *options);

#endif
