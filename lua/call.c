/*
 * A call: its coroutine is begun, resumed, and what became of it is told.  Each step is one protected entry into Lua, in which the coroutine
 * runs; what it says and returns is copied out before the step ends.
 */
#include "lua/call.h"

#include "base/error.h"
#include "lua/guest.h"

#include <stdlib.h>
#include <string.h>

/* lua_call.stage */
enum { FRESH, IN_BODY, IN_MEMBER, ENDED };

/* ---- creating ---- */

static struct lua_call *new_call(const struct lua_call_options *options, pipe_error *err)
{
	struct lua_call *call = calloc(1, sizeof(*call));
	const char **name;

	if (!call) {
		error_nomem(err);
		return NULL;
	}
	call->options = *options;
	str_init(&call->said);
	name = vec_push(&call->arena, &call->names);
	if (name) {
		*name = options->source->name;
		call->guest = guest_borrow(options->engine, options->limits, err);
	} else {
		error_nomem(err);
	}
	if (call->guest)
		return call;
	arena_clear(&call->arena);
	free(call);
	return NULL;
}

int lua_call_create(struct lua_call **out, const struct lua_call_options *options, pipe_error *err)
{
	pipe_error own, *why = err ? err : &own;
	struct lua_call *call = new_call(options, why);
	int code;

	*out = NULL;
	if (!call)
		return (int)why->code;
	call->guest->call = call;
	code = guest_compile(call->guest, options->source, options->places, why);
	if (code != PIPE_OK) {
		lua_call_free(call);
		return code;
	}
	*out = call;
	return PIPE_OK;
}

void lua_call_free(struct lua_call *call)
{
	if (!call)
		return;
	if (call->close_cursors)
		call->close_cursors(call);
	guest_return(call->guest);
	json_decref(call->outcome.value);
	json_decref(call->outcome.second);
	free(call->answer_texts);
	str_clear(&call->said);
	arena_clear(&call->arena);
	free(call);
}

/* ---- a step ---- */

/* ctx is moved to the coroutine, as the argument of what stands there. */
static void push_context(lua_State *L, struct lua_call *call)
{
	api_push_context(L);
	lua_xmove(L, call->thread, 1);
}

static void begin(lua_State *L, struct lua_call *call)
{
	call->thread = lua_newthread(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, call->guest);
	wall_globals(L);
	if (call->options.host && call->options.host->functions) {
		api_push_host(L);
		lua_setfield(L, -2, "host");
	}
	if (call->options.globals)
		call->options.globals(L, call->options.globals_payload);
	guest_push_code(L, call->options.source, call->options.places);
	lua_xmove(L, call->thread, 1);
	api_push_context(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "ctx");
	lua_xmove(L, call->thread, 1);
	lua_pop(L, 1);
	call->stage = IN_BODY;
}

/* The source has returned its table: its member is called next.  false: there is none. */
static bool begin_member(lua_State *L, struct lua_call *call, int results)
{
	const char *member = call->options.member, *reason = NULL;

	lua_settop(call->thread, results ? lua_gettop(call->thread) - results + 1 : 0);
	if (!results || lua_type(call->thread, -1) != LUA_TTABLE) {
		reason = arena_printf(&call->arena, "the file must return a table with a function \"%s\" in it", member);
	} else {
		lua_xmove(call->thread, L, 1);
		lua_pushstring(L, member);
		if (lua_rawget(L, -2) != LUA_TFUNCTION)
			reason = arena_printf(&call->arena, "the table that the file returns has no function \"%s\"", member);
	}
	if (reason || call->guest->budget.starved) {
		fault_broken(call, reason ? reason : "out of memory");
		return false;
	}
	lua_settop(call->thread, 0);
	lua_xmove(L, call->thread, 1);
	lua_pop(L, 1);
	push_context(L, call);
	call->stage = IN_MEMBER;
	return true;
}

/* What was returned; it stays on the coroutine for who may want it (pipeline/). */
static void take_values(struct lua_call *call, int results)
{
	struct lua_outcome *o = &call->outcome;
	lua_State *thread = call->thread;
	int first = lua_gettop(thread) - results + 1;
	const char *why = NULL;

	o->end = LUA_DONE;
	if (call->options.places)
		return;
	if (results > 0 && !lua_isnil(thread, first))
		o->value = value_to_json(thread, first, &o->unfit);
	if (results > 1 && !lua_isnil(thread, first + 1))
		o->second = value_to_json(thread, first + 1, &why);
	if (value_no_memory(o->unfit) || value_no_memory(why))
		fault_broken(call, "out of memory");
}

/* The coroutine died.  Its variables with <close> have their way yet, unless the call is over anyway. */
static void take_error(lua_State *L, struct lua_call *call, int status)
{
	struct lua_budget *b = &call->guest->budget;

	if (status == LUA_ERRMEM && !b->breach) {
		b->breach = BREACH_MEMORY;
		fault_note_breach(call->thread);
	}
	fault_outcome(L, call, true);
	if (b->breach)
		return;
	lua_resetthread(call->thread);
	if (b->breach)
		fault_outcome(L, call, false);
}

static enum lua_progress run(lua_State *L, struct lua_call *call)
{
	int results, status, arguments = call->stage == FRESH ? 1 : 0;

	if (call->stage == FRESH)
		begin(L, call);
	for (;;) {
		status = lua_resume(call->thread, L, arguments, &results);
		if (status == LUA_YIELD) {
			lua_pop(call->thread, results);
			return LUA_CALL_WAITS;
		}
		if (status != LUA_OK) {
			take_error(L, call, status);
			return LUA_CALL_ENDED;
		}
		if (call->guest->budget.breach || call->failed) {
			fault_outcome(L, call, false);
			return LUA_CALL_ENDED;
		}
		if (!call->options.member || call->stage == IN_MEMBER) {
			take_values(call, results);
			return LUA_CALL_ENDED;
		}
		if (!begin_member(L, call, results))
			return LUA_CALL_ENDED;
		arguments = 1;
	}
}

struct stepping {
	struct lua_call *call;
	enum lua_progress progress;
};

static int step(lua_State *L)
{
	struct stepping *s = lua_touserdata(L, 1);

	s->progress = run(L, s->call);
	return 0;
}

static void drop_answer(struct lua_call *call)
{
	call->answer = NULL;
	free(call->answer_texts);
	call->answer_texts = NULL;
}

/* Was it over before the step began: while it waited? */
static bool over_already(struct lua_call *call)
{
	if (budget_look(call->guest) == BREACH_NONE)
		return false;
	if (call->thread)
		fault_note_breach(call->thread);
	fault_outcome_bare(call);
	return true;
}

enum lua_progress lua_call_step(struct lua_call *call)
{
	return lua_call_try(call, 0);
}

enum lua_progress lua_call_try(struct lua_call *call, int64_t us)
{
	struct stepping s = { .call = call, .progress = LUA_CALL_ENDED };
	struct lua_guest *g = call->guest;

	if (call->stage == ENDED)
		return LUA_CALL_ENDED;
	if (call->said_taken)
		str_reset(&call->said);
	call->said_taken = false;
	budget_enter(g);
	budget_try(g, us);
	if (!over_already(call) && guest_protected(g, step, &s) != LUA_OK)
		fault_outcome_bare(call);
	budget_leave(g);
	drop_answer(call);
	if (s.progress == LUA_CALL_WAITS)
		return LUA_CALL_WAITS;
	call->stage = ENDED;
	if (g->budget.breach == BREACH_AGAIN)
		return LUA_CALL_AGAIN;
	call->outcome.cpu_us = g->budget.cpu_us;
	call->outcome.memory_peak = g->budget.memory_peak;
	return LUA_CALL_ENDED;
}

int64_t lua_call_cpu_us(const struct lua_call *call)
{
	return call->guest->budget.cpu_us;
}

/* ---- waiting ---- */

const struct lua_wait *lua_call_wait(const struct lua_call *call)
{
	return &call->wait;
}

/* What is handed in must outlive this function: the script looks at it in the next step. */
void lua_call_answer(struct lua_call *call, const struct lua_answer *answer)
{
	size_t headers = answer->headers ? strlen(answer->headers) : 0, body = answer->body ? answer->length : 0;

	drop_answer(call);
	call->answered = *answer;
	call->answer = &call->answered;
	call->answer_texts = headers < SIZE_MAX - 2 - body ? malloc(headers + body + 2) : NULL;
	if (!call->answer_texts) { /* the next step ends the call */
		call->guest->budget.starved = true;
		call->guest->budget.breach = BREACH_MEMORY;
		return;
	}
	if (headers)
		memcpy(call->answer_texts, answer->headers, headers);
	call->answer_texts[headers] = '\0';
	if (body)
		memcpy(call->answer_texts + headers + 1, answer->body, body);
	call->answer_texts[headers + 1 + body] = '\0';
	call->answered.headers = answer->headers ? call->answer_texts : NULL;
	call->answered.body = answer->body ? call->answer_texts + headers + 1 : NULL;
	call->answered.length = body;
}

bool lua_call_granted(const struct lua_call *call, const char *url)
{
	return lua_granted(call->options.grants, LUA_GRANT_HTTP, url);
}

void lua_call_cancel(struct lua_call *call)
{
	atomic_store_explicit(&call->guest->budget.cancelled, true, memory_order_relaxed);
}

/* ---- what came of it ---- */

const struct lua_outcome *lua_call_outcome(const struct lua_call *call)
{
	return &call->outcome;
}

const char *lua_call_said(struct lua_call *call, size_t *length)
{
	*length = call->said_taken ? 0 : call->said.length;
	call->said_taken = true;
	return call->said.data;
}

int lua_call_run(struct lua_call **call, const struct lua_call_options *options, const struct lua_outcome **outcome,
		 pipe_error *err)
{
	struct lua_call_options alone = *options;
	int code;

	if (!alone.no_waits)
		alone.no_waits = "it cannot wait here";
	code = lua_call_create(call, &alone, err);
	if (code != PIPE_OK)
		return code;
	lua_call_step(*call);
	*outcome = lua_call_outcome(*call);
	return PIPE_OK;
}
