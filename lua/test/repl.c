/*
 * The call's script is one function of C in a loop: it waits (as pipe.sleep does; whoever drives the call knows it by the flag), is given a
 * text, compiles it as an expression or else as statements, calls it and shows what it returned.
 */
#include "lua/test/repl.h"

#include "base/error.h"
#include "lua/guest.h"
#include "lua/test/show.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct lua_repl {
	struct lua_call_options options;
	struct lua_source source;
	void (*wait)(void *payload, struct lua_call *call);
	void *payload;
	struct lua_call *call; /* NULL: none is under way */
	bool asks;	       /* it waits for the next text */
	struct str text;       /* that it is given */
	struct str shown;      /* what came of it */
	bool more;
};

static struct lua_repl *repl_of(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

/* ---- in Lua ---- */

/* The next text: LUA_OK, a function on the top; else a message.  Upvalue 2: the globals. */
static int compile(lua_State *L, struct lua_repl *r)
{
	int status;

	lua_pushliteral(L, "return ");
	lua_pushlstring(L, r->text.data, r->text.length);
	lua_concat(L, 2);
	status = luaL_loadbufferx(L, lua_tostring(L, -1), lua_rawlen(L, -1), "=stdin", "t");
	lua_remove(L, -2);
	if (status != LUA_OK) {
		lua_pop(L, 1);
		status = luaL_loadbufferx(L, r->text.data, r->text.length, "=stdin", "t");
	}
	if (status != LUA_OK)
		return status;
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_setupvalue(L, -2, 1);
	return LUA_OK;
}

/* Lua says of a text that only lacks its end that the error is near it. */
static bool lacks_end(lua_State *L)
{
	static const char end[] = "<eof>";
	size_t length;
	const char *message = lua_tolstring(L, -1, &length);

	return length >= sizeof(end) - 1 && !strcmp(message + length - (sizeof(end) - 1), end);
}

static int next(lua_State *L, int status, lua_KContext context);

static int ask(lua_State *L)
{
	struct lua_repl *r = repl_of(L);

	lua_settop(L, 0);
	r->asks = true;
	guest_of(L)->call->wait = (struct lua_wait){ .kind = LUA_WAIT_SLEEP };
	guest_of(L)->budget.waits = 0;
	return guest_wait(L, "the prompt", next, 0);
}

/* What the text returned stands on the stack, or how it failed. */
static int after(lua_State *L, int status, lua_KContext context)
{
	struct lua_repl *r = repl_of(L);

	(void)context;
	budget_check(L);
	if (status == LUA_ERRMEM)
		budget_starve(L);
	if (status != LUA_OK && status != LUA_YIELD) {
		str_adds(&r->shown, luaL_tolstring(L, -1, NULL));
		str_addc(&r->shown, '\n');
		return ask(L);
	}
	for (int i = 1, count = lua_gettop(L); i <= count; i++) {
		show_value(L, i, &r->shown);
		str_addc(&r->shown, '\n');
	}
	return ask(L);
}

/* The answer has come: the text is there. */
static int next(lua_State *L, int status, lua_KContext context)
{
	struct lua_repl *r = repl_of(L);

	(void)status;
	(void)context;
	lua_settop(L, 0);
	if (compile(L, r) != LUA_OK) {
		r->more = lacks_end(L);
		if (!r->more) {
			str_adds(&r->shown, lua_tostring(L, -1));
			str_addc(&r->shown, '\n');
		}
		return ask(L);
	}
	return after(L, lua_pcallk(L, 0, LUA_MULTRET, 0, 0, after), 0);
}

static void add_globals(lua_State *L, void *payload)
{
	lua_pushlightuserdata(L, payload);
	lua_pushvalue(L, -2);
	lua_pushcclosure(L, ask, 2);
	lua_setfield(L, -2, "__prompt");
}

/* ---- from outside ---- */

int lua_repl_create(struct lua_repl **out, const struct lua_call_options *options,
		    void (*wait)(void *payload, struct lua_call *call), void *payload, pipe_error *err)
{
	static const char body[] = "local prompt = __prompt __prompt = nil return prompt()";
	struct lua_repl *r = calloc(1, sizeof(*r));

	*out = r;
	if (!r)
		return error_nomem(err);
	r->source = (struct lua_source){ .name = "prompt", .text = body, .length = sizeof(body) - 1 };
	r->options = *options;
	r->options.source = &r->source;
	r->options.globals = add_globals;
	r->options.globals_payload = r;
	r->wait = wait;
	r->payload = payload;
	str_init(&r->text);
	str_init(&r->shown);
	return PIPE_OK;
}

void lua_repl_free(struct lua_repl *repl)
{
	if (!repl)
		return;
	lua_call_free(repl->call);
	str_clear(&repl->text);
	str_clear(&repl->shown);
	free(repl);
}

/* Each line has the limits for itself. */
static void renew(struct lua_budget *b)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	b->wall_until = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + b->limits.wall_ms * 1000;
	b->cpu_us = 0;
	b->output = 0;
}

static void take_said(struct lua_repl *r, struct str *out)
{
	size_t length;
	const char *said = lua_call_said(r->call, &length);

	str_add(out, said, length);
}

/* Until it asks for the next text, or has ended. */
static enum lua_progress go_on(struct lua_repl *r, struct str *out)
{
	enum lua_progress progress;

	r->asks = false;
	while ((progress = lua_call_step(r->call)) == LUA_CALL_WAITS) {
		take_said(r, out);
		if (r->asks)
			return progress;
		r->wait(r->payload, r->call);
	}
	take_said(r, out);
	return progress;
}

/* A line was too much: what it left is gone. */
static void tell_end(struct lua_repl *r, struct str *out)
{
	const struct lua_outcome *o = lua_call_outcome(r->call);

	str_printf(out, "%s\n(the globals are gone: the next line begins anew)\n", o->reason ? o->reason : "it has ended");
	lua_call_free(r->call);
	r->call = NULL;
}

int lua_repl_eval(struct lua_repl *repl, const char *text, size_t length, bool *more, struct str *out, pipe_error *err)
{
	const struct lua_answer answer = { .code = PIPE_OK };
	int rc = PIPE_OK;

	*more = false;
	if (!repl->call) {
		rc = lua_call_create(&repl->call, &repl->options, err);
		if (rc)
			return rc;
		if (go_on(repl, out) == LUA_CALL_ENDED) {
			tell_end(repl, out);
			return PIPE_OK;
		}
	}
	str_reset(&repl->text);
	str_reset(&repl->shown);
	str_add(&repl->text, text, length);
	if (repl->text.failed)
		return error_nomem(err);
	repl->more = false;
	renew(&repl->call->guest->budget);
	lua_call_answer(repl->call, &answer);
	if (go_on(repl, out) == LUA_CALL_ENDED)
		tell_end(repl, out);
	str_add(out, repl->shown.data, repl->shown.length);
	*more = repl->more;
	return out->failed ? error_nomem(err) : PIPE_OK;
}
