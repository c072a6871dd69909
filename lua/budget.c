/*
 * What a script may use up, and how it is stopped: the allocator refuses beyond the memory limit, a hook looks at the clocks every few
 * hundred instructions, C functions charge for what they do.  Once something is over, each instruction raises, and whoever catches errors
 * raises again: no script gets past it.
 *
 * The processor time used cannot have grown by more than the time that has passed: the thread's clock, which costs a system call, is looked
 * at only when so much time has passed that it might be over.
 */
#include "lua/coverage.h"
#include "lua/guest.h"

#include <stdlib.h>
#include <time.h>

enum {
	HOOK_INSTRUCTIONS = 250, /* one of them may take milliseconds (texts of megabytes compared): few enough */
	CHARGE_LOOK = 1 << 14,	 /* units of work between looks at the clock */
	BIG_BLOCK = 64 << 10,	 /* what is this big takes long to fill: the clock is looked at */
	STACK_VALUES = 25000,	 /* a call that is handed on takes some five: thousands of levels */
	TRY_STACK_VALUES = 2000, /* milliseconds at the most */
	HOOK_OVER = 1,		 /* once something is over */
	CPU_MS_MOST = 1 << 30
};

/* What is raised when the budget is over, or pipe.fail was called: nothing that a script could take for an error of its own. */
static const char over_mark;

static int64_t clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- memory ---- */

/*
 * Lua's stack (16 bytes a value, and five to spare) is bounded, too: on a large one, a table that is its own __call keeps a single instruction
 * busy for minutes, for the square of what is free.  No other block grows like that: it is doubled at the least, in place, or by a new block
 * and at once the freeing of the old one.
 */
static bool stack_grows(const struct lua_budget *b, size_t old_size, size_t new_size)
{
	size_t most = b->try_us ? TRY_STACK_VALUES : STACK_VALUES;

	return new_size > most * 16 && new_size % 16 == 0 && old_size % 16 == 0 && new_size >= 2 * old_size - 5 * 16;
}

static void end_stack(struct lua_budget *b)
{
	if (!b->breach)
		b->breach = b->try_us ? BREACH_AGAIN : BREACH_DEPTH;
}

static void note_freed(struct lua_budget *b, size_t size)
{
	if (b->made_last && size && stack_grows(b, size, b->made_last))
		end_stack(b);
	b->made_last = 0;
}

static bool refused(struct lua_guest *g, size_t old_size, size_t new_size)
{
	struct lua_budget *b = &g->budget;

	if (old_size && new_size == 2 * old_size - 5 * 16 && stack_grows(b, old_size, new_size))
		end_stack(b);
	if (new_size - old_size > b->limits.memory_bytes || b->memory > b->limits.memory_bytes - (new_size - old_size))
		return true;
	if (new_size < BIG_BLOCK || !g->call)
		return false;
	if (b->try_us && !b->breach)
		b->breach = BREACH_AGAIN;
	return budget_look(g) != BREACH_NONE;
}

void *budget_alloc(void *ud, void *block, size_t old_size, size_t new_size)
{
	struct lua_guest *g = ud;
	struct lua_budget *b = &g->budget;
	size_t held = block ? old_size : 0; /* without a block, old_size is what kind of thing it will be */
	void *grown;

	if (!new_size) {
		free(block);
		b->memory -= held;
		note_freed(b, held);
		return NULL;
	}
	b->made_last = 0;
	if (new_size > held && refused(g, held, new_size))
		return NULL;
	grown = lua_engine_starves(g->engine) ? NULL : realloc(block, new_size);
	if (!grown && new_size <= held)
		grown = block; /* Lua counts on it */
	if (!grown) {
		b->starved = true;
		return NULL;
	}
	b->memory += new_size - held;
	if (b->memory > b->memory_peak)
		b->memory_peak = b->memory;
	if (!block && !old_size)
		b->made_last = new_size;
	return grown;
}

/* ---- looking ---- */

static bool too_much_memory(const struct lua_guest *g)
{
	const struct lua_budget *b = &g->budget;

	return g->call && g->call->arena.used > b->limits.memory_bytes;
}

enum lua_breach budget_look(struct lua_guest *g)
{
	struct lua_budget *b = &g->budget;
	int64_t now, used, left;

	if (b->breach)
		return b->breach;
	if (atomic_load_explicit(&b->cancelled, memory_order_relaxed))
		return b->breach = BREACH_CANCELLED;
	if (too_much_memory(g))
		return b->breach = BREACH_MEMORY;
	now = clock_us(CLOCK_MONOTONIC);
	if (now >= b->wall_until)
		return b->breach = BREACH_WALL;
	if (now < b->look_at)
		return BREACH_NONE;
	used = budget_used_us(g);
	left = b->limits.cpu_ms * 1000 - used;
	if (left <= 0)
		return b->breach = BREACH_CPU;
	if (b->try_us && used >= b->try_us)
		return b->breach = BREACH_AGAIN;
	if (b->try_us)
		left = b->try_us - used;
	b->look_at = now + left;
	return BREACH_NONE;
}

static void hook(lua_State *L, lua_Debug *ar);

static int raise_over(lua_State *L)
{
	const struct lua_guest *g = guest_of(L);

	if (g->budget.breach) {
		fault_note_breach(L);
		lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_OVER);
	}
	lua_pushlightuserdata(L, (void *)(uintptr_t)&over_mark);
	return lua_error(L);
}

static void hook(lua_State *L, lua_Debug *ar)
{
	struct lua_guest *g = guest_of(L);

	if (ar->event == LUA_HOOKLINE) {
		lua_coverage_line(lua_engine_coverage(g->engine), L, ar);
		return;
	}
	if (budget_look(g) != BREACH_NONE)
		raise_over(L);
}

void budget_charge(lua_State *L, uint64_t steps)
{
	struct lua_guest *g = guest_of(L);

	g->budget.steps += steps;
	if (g->budget.steps < CHARGE_LOOK)
		return;
	g->budget.steps = 0;
	if (budget_look(g) != BREACH_NONE)
		raise_over(L);
}

void budget_check(lua_State *L)
{
	const struct lua_guest *g = guest_of(L);

	if (g->budget.breach || (g->call && g->call->failed))
		raise_over(L);
}

void budget_in_earnest(lua_State *L)
{
	if (guest_of(L)->budget.try_us)
		budget_break(L, BREACH_AGAIN);
}

int budget_break(lua_State *L, enum lua_breach breach)
{
	struct lua_budget *b = &guest_of(L)->budget;

	if (!b->breach)
		b->breach = breach;
	return raise_over(L);
}

int budget_starve(lua_State *L)
{
	return budget_break(L, BREACH_MEMORY);
}

int64_t budget_left_ms(const struct lua_guest *g)
{
	int64_t left = (g->budget.wall_until - clock_us(CLOCK_MONOTONIC)) / 1000;

	return left > 0 ? left : 1;
}

int64_t budget_used_us(const struct lua_guest *g)
{
	return g->budget.cpu_us + clock_us(CLOCK_THREAD_CPUTIME_ID) - g->budget.cpu_from;
}

/* ---- depth ---- */

bool budget_deeper(struct lua_guest *g)
{
	if (g->budget.depth >= g->budget.limits.depth)
		return false;
	g->budget.depth++;
	return true;
}

void budget_higher(struct lua_guest *g)
{
	g->budget.depth--;
}

/* ---- of a call ---- */

#define OR_DEFAULT(field, fallback)                                                                                              \
	if (!b->limits.field)                                                                                                    \
	b->limits.field = (fallback)

void budget_begin(struct lua_guest *g, const struct lua_limits *limits)
{
	struct lua_budget *b = &g->budget;
	uint64_t memory = b->memory;
	int64_t now;

	*b = (struct lua_budget){ .memory = memory, .memory_peak = memory };
	if (limits)
		b->limits = *limits;
	OR_DEFAULT(cpu_ms, LUA_LIMIT_CPU_MS);
	OR_DEFAULT(wall_ms, LUA_LIMIT_WALL_MS);
	OR_DEFAULT(memory_bytes, LUA_LIMIT_MEMORY);
	OR_DEFAULT(output_bytes, LUA_LIMIT_OUTPUT);
	OR_DEFAULT(depth, LUA_LIMIT_DEPTH);
	OR_DEFAULT(waits, LUA_LIMIT_WAITS);
	if (b->limits.depth > LUA_LIMIT_DEPTH)
		b->limits.depth = LUA_LIMIT_DEPTH; /* what the stack of a thread is known to bear */
	if (b->limits.cpu_ms > CPU_MS_MOST)
		b->limits.cpu_ms = CPU_MS_MOST;
	now = clock_us(CLOCK_MONOTONIC);
	b->wall_until = b->limits.wall_ms > INT64_MAX / 1000 - now ? INT64_MAX : now + b->limits.wall_ms * 1000;
	b->look_at = INT64_MAX; /* processor time counts from budget_enter on */
}

void budget_enter(struct lua_guest *g)
{
	struct lua_budget *b = &g->budget;
	bool lines = lua_engine_coverage(g->engine) != NULL;

	b->cpu_from = clock_us(CLOCK_THREAD_CPUTIME_ID);
	b->look_at = clock_us(CLOCK_MONOTONIC) + b->limits.cpu_ms * 1000 - b->cpu_us;
	lua_sethook(g->L, hook, LUA_MASKCOUNT | (lines ? LUA_MASKLINE : 0), HOOK_INSTRUCTIONS); /* coroutines inherit it */
}

void budget_try(struct lua_guest *g, int64_t us)
{
	g->budget.try_us = us;
	if (us)
		g->budget.look_at = clock_us(CLOCK_MONOTONIC) + us;
}

void budget_leave(struct lua_guest *g)
{
	g->budget.cpu_us += clock_us(CLOCK_THREAD_CPUTIME_ID) - g->budget.cpu_from;
}

/* ---- words ---- */

static void duration_words(struct str *out, const char *what, const char *key, int64_t ms)
{
	bool seconds = ms % 1000 == 0;
	long long used = seconds ? ms / 1000 : ms;
	const char *unit = seconds ? "s" : "ms";

	str_printf(out, "it used more than %lld %s of %s; a project raises it with `lua: {limits: {%s: %lld%s}}`", used, unit,
		   what, key, used * 2, unit);
}

static void bytes_words(struct str *out, const char *what, const char *key, uint64_t bytes)
{
	static const char *const units[] = { "B", "KB", "MB", "GB" };
	unsigned unit = 0;

	while (bytes >= 1024 && !(bytes % 1024) && unit < 3) {
		bytes /= 1024;
		unit++;
	}
	str_printf(out, "it %s more than %llu %s; a project raises it with `lua: {limits: {%s: %llu%s}}`", what,
		   (unsigned long long)bytes, units[unit], key, (unsigned long long)bytes * 2, units[unit]);
}

void budget_words(const struct lua_budget *budget, struct str *out)
{
	const struct lua_limits *l = &budget->limits;

	switch (budget->breach) {
	case BREACH_CPU:
		duration_words(out, "processor time", "cpu", l->cpu_ms);
		return;
	case BREACH_WALL:
		duration_words(out, "time, with what it waited for", "wall", l->wall_ms);
		return;
	case BREACH_MEMORY:
		if (budget->starved)
			str_adds(out, "out of memory");
		else
			bytes_words(out, "used", "memory", l->memory_bytes);
		return;
	case BREACH_OUTPUT:
		bytes_words(out, "wrote", "output", l->output_bytes);
		return;
	case BREACH_DEPTH:
		str_adds(out, "its functions called each other too deep: the stack is full");
		return;
	case BREACH_WAITS:
		str_printf(out, "it waited more than %u times (pipe.http, pipe.exec, pipe.notify, pipe.sleep)", l->waits);
		return;
	case BREACH_CANCELLED:
		str_adds(out, "it was cancelled");
		return;
	case BREACH_AGAIN:
	case BREACH_NONE:
		break;
	}
}
