/*
 * How scripts fail, in words: one sentence, a place, and the way there.  What a script threw may be anything; nothing here trusts it to be a
 * text, or to become one.
 */
#include "base/error.h"
#include "lua/guest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	REASON_BYTES = 4096,
	TRACE_FIRST = 10, /* lines of a traceback: the innermost, */
	TRACE_LAST = 10,  /* and the outermost */
	PLACES_MOST = 4	  /* positions in front of one text: raised again and again */
};

/* In the registry: the value that error() or assert() raised last. */
static const char raised_key;

void fault_build(lua_State *L)
{
	lua_pushboolean(L, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &raised_key);
}

void fault_note_raised(lua_State *L)
{
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &raised_key);
}

/* ---- places ---- */

/* As Lua shortens the name of a chunk in messages: "..." and the end where it is too long. */
static bool begins_with_name(const char *text, const char *name, size_t *length)
{
	size_t whole = strlen(name);

	if (whole < LUA_IDSIZE) {
		*length = whole;
		return !strncmp(text, name, whole);
	}
	*length = LUA_IDSIZE - 1;
	return !strncmp(text, "...", 3) && !strncmp(text + 3, name + whole - (LUA_IDSIZE - 4), LUA_IDSIZE - 4);
}

/* ":12: " behind a name: its length, or 0. */
static size_t line_length(const char *text, uint32_t *line)
{
	char *end;
	unsigned long value;

	if (*text != ':' || !isdigit((unsigned char)text[1]))
		return 0;
	value = strtoul(text + 1, &end, 10);
	if (strncmp(end, ": ", 2))
		return 0;
	*line = value < UINT32_MAX ? (uint32_t)value : 0;
	return (size_t)(end + 2 - text);
}

void fault_split_named(const char *const *names, size_t count, const char **text, const char **file, uint32_t *line)
{
	size_t name, rest = 0;

	for (int n = 0; n < PLACES_MOST; n++) {
		size_t i = 0;

		for (; i < count; i++)
			if (begins_with_name(*text, names[i], &name) && (rest = line_length(*text + name, line)))
				break;
		if (i == count)
			return;
		*file = names[i];
		*text += name + rest;
	}
}

void fault_split(const struct lua_call *call, const char **text, const char **file, uint32_t *line)
{
	fault_split_named(call->names.items, call->names.count, text, file, line);
}

/* The name of the source that a function stands in, if it is one of this call's. */
static const char *known_file(const struct lua_call *call, const lua_Debug *ar)
{
	for (uint32_t i = 0; *ar->source == '@' && i < call->names.count; i++)
		if (!strcmp(call->names.items[i], ar->source + 1))
			return call->names.items[i];
	return NULL;
}

static void innermost(const struct lua_call *call, lua_State *L, const char **file, uint32_t *line)
{
	lua_Debug ar;

	for (int level = 0; level < TRACE_FIRST && lua_getstack(L, level, &ar); level++) {
		if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
			continue;
		*file = known_file(call, &ar);
		*line = (uint32_t)ar.currentline;
		if (*file)
			return;
	}
	*file = NULL;
	*line = 0;
}

/* ---- tracebacks ---- */

static int levels_of(lua_State *L)
{
	lua_Debug ar;
	int low = 0, high = 1;

	while (lua_getstack(L, high, &ar) && high < 1 << 28) {
		low = high;
		high *= 2;
	}
	while (low < high) {
		int middle = low + (high - low) / 2;

		if (lua_getstack(L, middle, &ar))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_function(const lua_Debug *ar, struct str *out)
{
	if (*ar->what == 'm')
		str_adds(out, "in the main chunk");
	else if (ar->name)
		str_printf(out, "in function '%s'", ar->name);
	else if (ar->linedefined > 0)
		str_printf(out, "in the function of line %d", ar->linedefined);
	else
		str_adds(out, "in a function");
}

static void add_level(lua_State *L, int level, struct str *out)
{
	lua_Debug ar;

	if (!lua_getstack(L, level, &ar) || !lua_getinfo(L, "Slnt", &ar))
		return;
	if (*ar.what == 'C' && !ar.name)
		return;
	if (*ar.what == 'C')
		str_adds(out, "[built in]: ");
	else
		str_printf(out, "%s:%d: ", *ar.source == '@' ? ar.source + 1 : ar.short_src, ar.currentline);
	add_function(&ar, out);
	str_addc(out, '\n');
	if (ar.istailcall)
		str_adds(out, "(...tail calls...)\n");
}

static const char *traceback(struct lua_call *call, lua_State *L)
{
	int levels = levels_of(L);
	struct str text;
	const char *copy;

	str_init_limit(&text, 64 << 10);
	for (int level = 0; level < levels; level++) {
		if (level == TRACE_FIRST && levels > TRACE_FIRST + TRACE_LAST) {
			level = levels - TRACE_LAST;
			str_printf(&text, "... (%d levels)\n", level - TRACE_FIRST);
		}
		add_level(L, level, &text);
	}
	if (text.length && text.data[text.length - 1] == '\n')
		text.length--;
	copy = text.length ? arena_strndup(&call->arena, text.data, text.length) : NULL;
	str_clear(&text);
	return copy;
}

void fault_note_breach(lua_State *L)
{
	struct lua_call *call = guest_of(L)->call;

	if (!call || call->broke_trace || call->broke_file)
		return;
	innermost(call, L, &call->broke_file, &call->broke_line);
	call->broke_trace = traceback(call, L);
}

/* ---- what C functions raise ---- */

int guest_raise(lua_State *L, const pipe_error *err)
{
	return luaL_error(L, "%s", err->text);
}

int guest_fail(lua_State *L, const char *reason)
{
	struct lua_call *call = guest_of(L)->call;

	budget_check(L);
	call->fail_reason = arena_strndup(&call->arena, reason, strnlen(reason, REASON_BYTES));
	fault_note_breach(L);
	call->failed = true;
	budget_check(L);
	return 0;
}

int guest_refuse(lua_State *L, enum lua_grant what, const char *wanted)
{
	static const char *const doing[] = { [LUA_GRANT_HTTP] = "speaking to",
					     [LUA_GRANT_EXEC] = "running",
					     [LUA_GRANT_READ] = "reading",
					     [LUA_GRANT_SECRET] = "seeing the masked variable",
					     [LUA_GRANT_MAIL] = "sending mail through" };
	struct lua_call *call = guest_of(L)->call;
	struct str text;

	str_init(&text);
	str_printf(&text, "%s \"", doing[what]);
	str_add(&text, wanted, lua_grant_shown(what, wanted));
	str_adds(&text, "\" is not allowed; the pipeline file allows it with `");
	lua_grant_line(what, wanted, &text);
	str_addc(&text, '`');
	call->refusal = text.failed ? NULL : arena_strndup(&call->arena, text.data, text.length);
	str_clear(&text);
	if (!call->refusal) {
		guest_of(L)->budget.starved = true;
		return budget_starve(L);
	}
	return luaL_error(L, "%s", call->refusal);
}

void guest_say(lua_State *L, const char *prefix, const char *text, size_t length)
{
	struct lua_guest *g = guest_of(L);
	struct str *said = &g->call->said;
	size_t before = said->length;

	budget_charge(L, length);
	g->budget.output += strlen(prefix) + length + 1;
	if (g->budget.output > g->budget.limits.output_bytes)
		budget_break(L, BREACH_OUTPUT);
	str_adds(said, prefix);
	str_add(said, text, length);
	str_addc(said, '\n');
	if (!said->failed)
		return;
	said->failed = false;
	said->length = before;
	g->budget.starved = true;
	budget_starve(L);
}

/* ---- outcomes ---- */

static const char no_memory[] = "out of memory";

static void set_reason(struct lua_call *call, const char *text, size_t length)
{
	const char *copy = arena_strndup(&call->arena, text, length < REASON_BYTES ? length : REASON_BYTES);

	call->outcome.reason = copy ? copy : no_memory;
}

static bool outcome_of_breach(struct lua_call *call)
{
	const struct lua_budget *b = &call->guest->budget;
	struct lua_outcome *o = &call->outcome;
	struct str words;

	if (!b->breach && !call->failed)
		return false;
	if (!call->broke_file && call->thread) { /* it was over in C functions alone: then where the call stands */
		innermost(call, call->thread, &call->broke_file, &call->broke_line);
		call->broke_trace = traceback(call, call->thread);
	}
	o->file = call->broke_file;
	o->line = call->broke_line;
	o->traceback = call->broke_trace;
	if (!b->breach) {
		o->end = LUA_FAILED;
		o->reason = call->fail_reason ? call->fail_reason : no_memory;
		return true;
	}
	o->end = b->breach == BREACH_CANCELLED ? LUA_CANCELLED : b->starved && b->breach == BREACH_MEMORY ? LUA_BROKEN : LUA_OVER;
	str_init(&words);
	budget_words(b, &words);
	if (words.failed)
		o->reason = no_memory;
	else
		set_reason(call, words.data, words.length);
	str_clear(&words);
	return true;
}

static int to_text(lua_State *L)
{
	luaL_tolstring(L, 1, NULL);
	return 1;
}

/* Of an error that is a table: what its author may have meant to be read. */
static bool text_member(lua_State *L, int table)
{
	static const char *const members[] = { "reason", "message", "error" };

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		lua_pushstring(L, members[i]);
		if (lua_rawget(L, table) == LUA_TSTRING)
			return true;
		lua_pop(L, 1);
	}
	lua_pushinteger(L, 1);
	return lua_rawget(L, table) == LUA_TSTRING;
}

/* The error at `index` as a text on the top, which is never NULL. */
static const char *describe(lua_State *L, int index)
{
	if (lua_type(L, index) == LUA_TSTRING) {
		lua_pushvalue(L, index);
		return lua_tostring(L, -1);
	}
	if (lua_isnil(L, index))
		return lua_pushliteral(L, "it raised nil as its error, without a reason");
	if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL && lua_type(L, index) == LUA_TTABLE) {
		if (text_member(L, index))
			return lua_tostring(L, -1);
		return lua_pushliteral(L, "it raised a table as its error, without a reason");
	}
	lua_pushcfunction(L, to_text);
	lua_pushvalue(L, index);
	if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING)
		return lua_tostring(L, -1);
	return lua_pushfstring(L, "it raised a %s as its error, whose __tostring failed", luaL_typename(L, index));
}

static bool was_raised(lua_State *L, int index)
{
	bool own;

	lua_rawgetp(L, LUA_REGISTRYINDEX, &raised_key);
	own = lua_rawequal(L, index, -1);
	lua_pop(L, 1);
	return own;
}

void fault_outcome(lua_State *L, struct lua_call *call, bool raised)
{
	struct lua_outcome *o = &call->outcome;
	const char *text;
	bool own;
	int error;

	if (outcome_of_breach(call) || !raised)
		return;
	lua_xmove(call->thread, L, 1);
	error = lua_gettop(L);
	own = was_raised(L, error); /* before __tostring may raise another */
	text = describe(L, error);
	if (outcome_of_breach(call))
		return;
	fault_split(call, &text, &o->file, &o->line);
	if (!o->file)
		innermost(call, call->thread, &o->file, &o->line);
	o->end = call->refusal && !strcmp(call->refusal, text) ? LUA_REFUSED : own ? LUA_FAILED : LUA_BROKEN;
	set_reason(call, *text ? text : "it gave no reason", *text ? strlen(text) : strlen("it gave no reason"));
	o->traceback = traceback(call, call->thread);
	lua_settop(L, error);
	lua_xmove(L, call->thread, 1); /* for what its variables with <close> are told */
}

void fault_outcome_bare(struct lua_call *call)
{
	if (outcome_of_breach(call))
		return;
	call->outcome.end = LUA_BROKEN;
	call->outcome.reason = no_memory;
}

void fault_broken(struct lua_call *call, const char *reason)
{
	call->outcome.end = LUA_BROKEN;
	set_reason(call, reason, strlen(reason));
	call->outcome.file = call->options.source->name;
}

int lua_outcome_error(const struct lua_outcome *outcome, pipe_error *err)
{
	static const enum pipe_code codes[] = {
		[LUA_DONE] = PIPE_OK,	  [LUA_FAILED] = PIPE_EPIPELINE,  [LUA_BROKEN] = PIPE_EPIPELINE,
		[LUA_OVER] = PIPE_ELIMIT, [LUA_REFUSED] = PIPE_EPIPELINE, [LUA_CANCELLED] = PIPE_ELIMIT
	};
	enum pipe_code code = outcome->reason == no_memory ? PIPE_ENOMEM : codes[outcome->end];

	if (code == PIPE_OK)
		return PIPE_OK;
	error_set(err, code, "%s", outcome->reason);
	if (err && outcome->file) {
		strncpy(err->file, outcome->file, sizeof(err->file) - 1);
		err->file[sizeof(err->file) - 1] = '\0';
		err->line = outcome->line;
	}
	return code;
}
