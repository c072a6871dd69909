/*
 * A prompt: one call that waits for the next line of text again and again, so that globals stay.  Limits hold for each line; one that goes
 * beyond ends the call, and the next line begins another one with nothing in it.
 */
#ifndef LUA_TEST_REPL_H
#define LUA_TEST_REPL_H

#include "lua/call.h"

struct lua_repl;

/* options are copied, what they point to is borrowed; source and globals are the repl's own.  wait: carries out what a script waits for, and
 * answers the call. */
int lua_repl_create(struct lua_repl **out, const struct lua_call_options *options,
		    void (*wait)(void *payload, struct lua_call *call), void *payload, pipe_error *err);
void lua_repl_free(struct lua_repl *repl);
/* Appends to out what was said and what came of it.  *more: the text has no end yet, and nothing was done. */
int lua_repl_eval(struct lua_repl *repl, const char *text, size_t length, bool *more, struct str *out, pipe_error *err);

#endif
