/*
 * Coroutines of a script's own.  A call waits by yielding guest_wait_mark(); whoever resumes a coroutine that does so hands it on upwards
 * and resumes it again when the answer is there, so that a script may wait anywhere.  The call itself runs in a coroutine that scripts take
 * for the main one.
 */
#include "lua/guest.h"

enum { RESUME_STEPS = 500 }; /* what resuming costs: a new coroutine's first instructions are not seen by the hook */

static const char wait_mark;

void *guest_wait_mark(void)
{
	return (void *)(uintptr_t)&wait_mark;
}

static bool is_main(lua_State *L, const lua_State *thread)
{
	const struct lua_call *call = guest_of(L)->call;

	return call && call->thread == thread;
}

/* ---- waiting ---- */

static bool can_wait(lua_State *L)
{
	return lua_isyieldable(L) && !guest_of(L)->budget.unwaiting;
}

int guest_wait(lua_State *L, const char *what, lua_KFunction continuation, lua_KContext context)
{
	struct lua_guest *g = guest_of(L);
	struct lua_call *call = g->call;
	int64_t left;

	if (call->options.no_waits)
		return luaL_error(L, "%s: %s", what, call->options.no_waits);
	if (!can_wait(L))
		return luaL_error(L, "%s cannot wait here (inside of table.sort, string.gsub, __close or the like)", what);
	if (++g->budget.waits > g->budget.limits.waits)
		return budget_break(L, BREACH_WAITS);
	if (budget_look(g) != BREACH_NONE)
		budget_check(L);
	left = budget_left_ms(g);
	if ((call->wait.timeout_ms <= 0 && call->wait.kind != LUA_WAIT_SLEEP) || call->wait.timeout_ms > left)
		call->wait.timeout_ms = left;
	lua_pushlightuserdata(L, guest_wait_mark());
	return lua_yieldk(L, 1, context, continuation);
}

/* ---- resuming ---- */

static int raise_from(lua_State *L, lua_State *co, int status)
{
	if (status == LUA_ERRMEM)
		return budget_starve(L);
	budget_check(L);
	lua_xmove(co, L, 1);
	return 0;
}

/* Resumes co with `count` values from the top of L.  LUA_YIELD with *waits: it is to be handed on.  Otherwise the values (or the error)
 * are on the top of L: *results. */
static int resume(lua_State *L, lua_State *co, int count, int *results, bool *waits)
{
	struct lua_guest *g = guest_of(L);
	bool blocks = !lua_isyieldable(L);
	int status;

	*waits = false;
	*results = 1;
	budget_charge(L, RESUME_STEPS);
	if (!lua_checkstack(co, count + 1)) {
		lua_pushliteral(L, "too many arguments to resume");
		return LUA_ERRRUN;
	}
	if (!budget_deeper(g)) {
		lua_pushliteral(L, "too many coroutines in one another");
		return LUA_ERRRUN;
	}
	lua_xmove(L, co, count);
	g->budget.unwaiting += blocks;
	status = lua_resume(co, L, count, results);
	g->budget.unwaiting -= blocks;
	budget_higher(g);
	if (status == LUA_YIELD && *results == 1 && lua_touserdata(co, -1) == guest_wait_mark()) {
		lua_pop(co, 1);
		*waits = true;
		return status;
	}
	if (status != LUA_OK && status != LUA_YIELD) {
		*results = 1;
		raise_from(L, co, status);
		return status;
	}
	budget_check(L);
	if (!lua_checkstack(L, *results + 2)) {
		lua_pop(co, *results);
		*results = 1;
		lua_pushliteral(L, "too many results to resume");
		return LUA_ERRRUN;
	}
	lua_xmove(co, L, *results);
	return status;
}

/* "suspended", "normal", "dead", or "running". */
static const char *status_of(lua_State *L, lua_State *co)
{
	lua_Debug ar;

	if (L == co)
		return "running";
	switch (lua_status(co)) {
	case LUA_YIELD:
		return "suspended";
	case LUA_OK:
		if (lua_getstack(co, 0, &ar))
			return "normal";
		return lua_gettop(co) ? "suspended" : "dead";
	default:
		return "dead";
	}
}

static lua_State *check_thread(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);

	luaL_argexpected(L, co, 1, "coroutine");
	return co;
}

/* What cannot be resumed: pushes why. */
static bool resumable(lua_State *L, lua_State *co)
{
	const char *status = status_of(L, co);

	if (*status == 's')
		return true;
	lua_pushstring(L, *status == 'd' ? "cannot resume dead coroutine" : "cannot resume non-suspended coroutine");
	return false;
}

/* ---- coroutine.resume ---- */

static int resume_again(lua_State *L, int status, lua_KContext context);

static int resume_with(lua_State *L, lua_State *co, int count)
{
	int results, status;
	bool waits;

	if (count >= 0 && !resumable(L, co)) {
		lua_pushboolean(L, 0);
		lua_insert(L, -2);
		return 2;
	}
	status = resume(L, co, count < 0 ? 0 : count, &results, &waits);
	if (waits) {
		lua_pushlightuserdata(L, guest_wait_mark());
		return lua_yieldk(L, 1, 0, resume_again);
	}
	lua_pushboolean(L, status == LUA_OK || status == LUA_YIELD);
	lua_insert(L, -(results + 1));
	return results + 1;
}

/* The answer is there: on with the coroutine that waits for it. */
static int resume_again(lua_State *L, int status, lua_KContext context)
{
	(void)status;
	(void)context;
	return resume_with(L, lua_tothread(L, 1), -1);
}

static int co_resume(lua_State *L)
{
	return resume_with(L, check_thread(L), lua_gettop(L) - 1);
}

/* ---- coroutine.wrap ---- */

/* Runs what its variables with <close> ask for; the error, or another from there, is on the top of co afterwards. */
static int close_thread(lua_State *L, lua_State *co)
{
	struct lua_guest *g = guest_of(L);
	int status;

	if (!budget_deeper(g))
		return luaL_error(L, "too many coroutines in one another");
	g->budget.unwaiting++;
	status = lua_resetthread(co);
	g->budget.unwaiting--;
	budget_higher(g);
	if (status == LUA_ERRMEM)
		return budget_starve(L);
	budget_check(L);
	return status;
}

static int wrap_again(lua_State *L, int status, lua_KContext context);

static int wrap_with(lua_State *L, int count)
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(1));
	int results, status;
	bool waits;

	if (count >= 0 && !resumable(L, co)) {
		luaL_where(L, 1);
		lua_insert(L, -2);
		lua_concat(L, 2);
		return lua_error(L);
	}
	status = resume(L, co, count < 0 ? 0 : count, &results, &waits);
	if (waits) {
		lua_pushlightuserdata(L, guest_wait_mark());
		return lua_yieldk(L, 1, 0, wrap_again);
	}
	if (status == LUA_OK || status == LUA_YIELD)
		return results;
	if (lua_status(co) != LUA_OK && lua_status(co) != LUA_YIELD) {
		lua_pushvalue(L, -1);
		lua_xmove(L, co, 1);
		if (close_thread(L, co) != LUA_OK)
			lua_xmove(co, L, 1);
	}
	return lua_error(L);
}

static int wrap_again(lua_State *L, int status, lua_KContext context)
{
	(void)status;
	(void)context;
	return wrap_with(L, -1);
}

static int wrapped(lua_State *L)
{
	return wrap_with(L, lua_gettop(L));
}

static int co_create(lua_State *L)
{
	lua_State *co;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	budget_charge(L, RESUME_STEPS);
	co = lua_newthread(L);
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	return 1;
}

static int co_wrap(lua_State *L)
{
	co_create(L);
	lua_pushcclosure(L, wrapped, 1);
	return 1;
}

/* ---- the others ---- */

static int co_yield (lua_State *L)
{
	if (is_main(L, L))
		return luaL_error(L, "attempt to yield from outside a coroutine");
	return lua_yield(L, lua_gettop(L));
}

static int co_status(lua_State *L)
{
	lua_pushstring(L, status_of(L, check_thread(L)));
	return 1;
}

static int co_running(lua_State *L)
{
	lua_pushthread(L);
	lua_pushboolean(L, is_main(L, L));
	return 2;
}

static int co_isyieldable(lua_State *L)
{
	lua_State *co = lua_isnone(L, 1) ? L : check_thread(L);

	lua_pushboolean(L, !is_main(L, co) && lua_isyieldable(co));
	return 1;
}

static int co_close(lua_State *L)
{
	lua_State *co = check_thread(L);
	const char *status = status_of(L, co);

	if (*status != 's' && *status != 'd')
		return luaL_error(L, "cannot close a %s coroutine", status);
	if (close_thread(L, co) == LUA_OK) {
		lua_pushboolean(L, 1);
		return 1;
	}
	lua_pushboolean(L, 0);
	lua_xmove(co, L, 1);
	return 2;
}

void library_coroutine(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "close", co_close },	 { "create", co_create },   { "isyieldable", co_isyieldable },
		{ "resume", co_resume }, { "running", co_running }, { "status", co_status },
		{ "wrap", co_wrap },	 { "yield", co_yield },	    { NULL, NULL }
	};

	luaL_newlibtable(L, functions);
	luaL_setfuncs(L, functions, 0);
}
