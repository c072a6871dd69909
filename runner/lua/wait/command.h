/* A command of a script (pipe.exec), as something that can be started: its environment, its directory, its standard input. */
#ifndef RUNNER_LUA_WAIT_COMMAND_H
#define RUNNER_LUA_WAIT_COMMAND_H

#include "lua/call.h"
#include "runner/lua/wait/place.h"
#include <limits.h>

struct lua_command {
	const char *const *envp; /* in the arena */
	char directory[PATH_MAX];
	int input; /* a descriptor beyond 2, close-on-exec, from which it is read; -1: none */
};

/* Behind a run's nonce, in the mark of commands that are carried out on a thread that blocks: they are no tasks of the run's executor. */
#define LUA_MARK ".lua/"

/* mark: "PIPE_TASK=...", put into the environment in place of any other; NULL: none.  Nothing is left open after an error. */
int lua_command_prepare(struct lua_command *c, const struct lua_wait *wait, const struct lua_place *place, const char *mark,
			struct arena *a, pipe_error *err);
/* Closes the input. */
void lua_command_clear(struct lua_command *c);

#endif
