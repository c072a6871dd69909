/*
 * States: made, kept for the next call, closed; and what is compiled in them.  An idle state belongs to the engine and is under its lock, one
 * that is borrowed to its call alone.
 *
 * All entries into Lua go through guest_protected() here, or are made below one: no error of Lua leaves it.
 */
#include "lua/engine.h"

#include "base/error.h"
#include "lua/coverage.h"
#include "lua/guest.h"
#include "lua/syntax/syntax.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	IDLE_MOST = 16,
	KEPT_BYTES = 1 << 20,	/* a state that holds more is closed */
	KEPT_CODES = 256,	/* and one with more pieces compiled */
	SOURCE_BYTES = 1 << 20, /* of Lua in one piece */
	PIECE_BYTES = 4096	/* handed to the compiler at a time: in between the clock is looked at */
};

struct lua_engine {
	struct lua54 lua; /* first: lua54_of */
	void *library;
	struct lua_engine_options options;
	struct lua_coverage *coverage;
	pthread_mutex_t lock;
	struct lua_guest *idle;
	uint32_t idle_count, forgotten;
};

/* A function in a state, by its source. */
struct guest_code {
	struct lua_source source; /* as it was */
	const struct lua_source *at;
	bool instrumented, used;
	int ref; /* in the registry */
};

/* ---- entering ---- */

int guest_protected(struct lua_guest *g, lua_CFunction f, void *payload)
{
	lua_State *L = g->L;
	int status;

	lua_pushcfunction(L, f);
	lua_pushlightuserdata(L, payload);
	status = lua_pcall(L, 1, 0, 0);
	if (status != LUA_OK)
		lua_pop(L, 1);
	if (status == LUA_ERRMEM && !g->budget.breach)
		g->budget.breach = BREACH_MEMORY;
	return status;
}

/* ---- states ---- */

static void close_guest(struct lua_guest *g)
{
	if (g->L)
		lua_close(g->L);
	free(g->codes);
	free(g);
}

static int build(lua_State *L)
{
	/* Lua makes these texts when something has gone wrong already, outside of any protection: that needs no memory if they are here. */
	static const char *const needed[] = { "error in error handling", "C stack overflow", NULL };

	for (int i = 0; needed[i]; i++) {
		lua_pushstring(L, needed[i]);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &needed[i]);
	}
	fault_build(L);
	wall_build(L);
	return 0;
}

static struct lua_guest *new_guest(struct lua_engine *engine, const struct lua_limits *limits, pipe_error *err)
{
	struct lua_guest *g = calloc(1, sizeof(*g));

	if (!g) {
		error_nomem(err);
		return NULL;
	}
	g->lua = &engine->lua;
	g->engine = engine;
	budget_begin(g, limits);
	g->L = engine->lua.lua_newstate(budget_alloc, g);
	if (g->L)
		*(struct lua_guest **)lua_getextraspace(g->L) = g;
	if (g->L && guest_protected(g, build, NULL) == LUA_OK)
		return g;
	if (g->budget.starved)
		error_nomem(err);
	else
		error_set(err, PIPE_ELIMIT, "Lua itself needs more memory than the limit for scripts allows");
	close_guest(g);
	return NULL;
}

static struct lua_guest *take_idle(struct lua_engine *engine)
{
	struct lua_guest *g;

	pthread_mutex_lock(&engine->lock);
	g = engine->idle;
	if (g) {
		engine->idle = g->next;
		engine->idle_count--;
		g->next = NULL;
	}
	pthread_mutex_unlock(&engine->lock);
	return g;
}

struct lua_guest *guest_borrow(struct lua_engine *engine, const struct lua_limits *limits, pipe_error *err)
{
	struct lua_guest *g = take_idle(engine);

	if (g) {
		budget_begin(g, limits);
		return g;
	}
	g = new_guest(engine, limits, err);
	if (g) {
		pthread_mutex_lock(&engine->lock);
		g->forgotten = engine->forgotten;
		pthread_mutex_unlock(&engine->lock);
	}
	return g;
}

/* Nothing of the call is left that could be reached. */
static int reset(lua_State *L)
{
	struct lua_guest *g = guest_of(L);

	for (uint32_t i = 0; i < g->code_count; i++) {
		if (!g->codes[i].used)
			continue;
		lua_rawgeti(L, LUA_REGISTRYINDEX, g->codes[i].ref);
		lua_pushnil(L);
		lua_setupvalue(L, -2, 1);
		lua_pop(L, 1);
		g->codes[i].used = false;
	}
	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, g); /* the coroutine; call.c */
	fault_build(L);
	wall_reset(L);
	return 0;
}

static bool worth_keeping(struct lua_guest *g)
{
	return !g->budget.breach && !g->budget.starved && g->budget.memory <= KEPT_BYTES && g->code_count <= KEPT_CODES &&
	       guest_protected(g, reset, NULL) == LUA_OK;
}

void guest_return(struct lua_guest *g)
{
	struct lua_engine *engine = g->engine;
	bool keep = worth_keeping(g);

	g->call = NULL;
	pthread_mutex_lock(&engine->lock);
	keep = keep && g->forgotten == engine->forgotten && engine->idle_count < engine->options.idle_most;
	if (keep) {
		g->next = engine->idle;
		engine->idle = g;
		engine->idle_count++;
	}
	pthread_mutex_unlock(&engine->lock);
	if (!keep)
		close_guest(g);
}

/* ---- the engine ---- */

int lua_engine_create(struct lua_engine **out, const struct lua_engine_options *options, pipe_error *err)
{
	struct lua_engine *engine = calloc(1, sizeof(*engine));
	int code;

	*out = NULL;
	if (!engine)
		return error_nomem(err);
	if (options)
		engine->options = *options;
	if (!engine->options.idle_most)
		engine->options.idle_most = IDLE_MOST;
	code = lua54_open(&engine->library, &engine->lua, err);
	if (code == PIPE_OK && engine->options.coverage)
		code = lua_coverage_create(&engine->coverage, err);
	if (code != PIPE_OK) {
		lazy_close(engine->library);
		free(engine);
		return code;
	}
	pthread_mutex_init(&engine->lock, NULL);
	*out = engine;
	return PIPE_OK;
}

void lua_engine_free(struct lua_engine *engine)
{
	struct lua_guest *g;

	if (!engine)
		return;
	while ((g = take_idle(engine)))
		close_guest(g);
	pthread_mutex_destroy(&engine->lock);
	lua_coverage_free(engine->coverage);
	lazy_close(engine->library);
	free(engine);
}

struct lua_coverage *lua_engine_coverage(const struct lua_engine *engine)
{
	return engine->coverage;
}

const struct lua_modules *lua_engine_modules(const struct lua_engine *engine)
{
	return &engine->options.modules;
}

bool lua_engine_starves(const struct lua_engine *engine)
{
	return engine->options.starve && engine->options.starve(engine->options.starve_payload);
}

void lua_engine_forget(struct lua_engine *engine)
{
	struct lua_guest *idle, *next;

	pthread_mutex_lock(&engine->lock);
	engine->forgotten++;
	idle = engine->idle;
	engine->idle = NULL;
	engine->idle_count = 0;
	pthread_mutex_unlock(&engine->lock);
	for (; idle; idle = next) {
		next = idle->next;
		close_guest(idle);
	}
}

/* ---- reading a source ---- */

/* What the compiler reads: line ends in front, so that its lines are those of the file; perhaps "return "; the text. */
struct reading {
	const char *text;
	size_t length;
	uint32_t lines;
	const char *prefix; /* or NULL */
};

static void begin_reading(struct reading *r, const struct lua_source *source, bool expression)
{
	const char *end;

	*r = (struct reading){ source->text, source->length, source->line, expression ? "return " : NULL };
	if (!r->length || *r->text != '#' || r->lines)
		return;
	end = memchr(r->text, '\n', r->length); /* "#!/usr/bin/env ..." */
	r->length -= end ? (size_t)(end - r->text) : r->length;
	r->text = end ? end : "";
}

static const char *read_piece(lua_State *L, void *payload, size_t *size)
{
	static const char ends[] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
	struct reading *r = payload;
	const char *piece = r->text;

	if (budget_look(guest_of(L)) != BREACH_NONE)
		budget_check(L);
	if (r->lines) {
		*size = r->lines < sizeof(ends) - 1 ? r->lines : sizeof(ends) - 1;
		r->lines -= (uint32_t)*size;
		return ends;
	}
	if (r->prefix) {
		piece = r->prefix;
		r->prefix = NULL;
		*size = strlen(piece);
		return piece;
	}
	*size = r->length < PIECE_BYTES ? r->length : PIECE_BYTES;
	r->text += *size;
	r->length -= *size;
	return *size ? piece : NULL;
}

static int load_as(lua_State *L, const struct lua_source *source, const char *chunk_name, bool expression)
{
	struct reading r;

	begin_reading(&r, source, expression);
	return lua_load(L, read_piece, &r, chunk_name, "t");
}

/* Does the text begin as only a statement does?  Then what is wrong with it as an expression helps nobody. */
static bool begins_statement(const struct lua_source *source)
{
	static const char *const words[] = { "if", "for", "while", "do", "local", "return", "repeat", "goto", "break", NULL };
	const char *text = source->text;
	size_t left = source->length, length = 0;

	while (left && isspace((unsigned char)*text)) {
		text++;
		left--;
	}
	while (length < left && (isalnum((unsigned char)text[length]) || text[length] == '_'))
		length++;
	for (int i = 0; words[i]; i++)
		if (strlen(words[i]) == length && !memcmp(words[i], text, length))
			return true;
	return false;
}

int guest_load(lua_State *L, const struct lua_source *source, const char *chunk_name)
{
	int status;

	if (source->length > SOURCE_BYTES) {
		lua_pushfstring(L, "more than %d bytes of Lua in one piece", (int)SOURCE_BYTES);
		return LUA_ERRSYNTAX;
	}
	if (source->length && *source->text == LUA_SIGNATURE[0]) {
		lua_pushliteral(L, "this is compiled Lua: only text is read");
		return LUA_ERRSYNTAX;
	}
	if (!source->expression)
		return load_as(L, source, chunk_name, false);
	status = load_as(L, source, chunk_name, true);
	if (status != LUA_ERRSYNTAX)
		return status;
	status = load_as(L, source, chunk_name, false);
	if (status != LUA_ERRSYNTAX || begins_statement(source))
		lua_remove(L, -2);
	else
		lua_pop(L, 1); /* as an expression it was wrong */
	return status;
}

/* ---- what is compiled ---- */

static struct guest_code *find_code(struct lua_guest *g, const struct lua_source *source, bool instrumented)
{
	for (uint32_t i = 0; i < g->code_count; i++) {
		struct guest_code *c = &g->codes[i];

		if (c->at == source && c->instrumented == instrumented && c->source.text == source->text &&
		    c->source.length == source->length && c->source.line == source->line &&
		    c->source.expression == source->expression)
			return c;
	}
	return NULL;
}

static struct guest_code *new_code(struct lua_guest *g)
{
	if (g->code_count == g->code_capacity) {
		uint32_t capacity = g->code_capacity ? g->code_capacity * 2 : 8;
		struct guest_code *grown = realloc(g->codes, capacity * sizeof(*grown));

		if (!grown)
			return NULL;
		g->codes = grown;
		g->code_capacity = capacity;
	}
	return &g->codes[g->code_count];
}

struct compiling {
	struct lua_source source;
	struct guest_code *code;
	struct lua_call *call;
	pipe_error *err;
	int result;
};

/* "NAME:LINE: what near where" as Lua says it, into a place and a sentence. */
static void syntax_error(struct compiling *c, const char *text)
{
	const struct lua_source *source = &c->source;
	const char *file = NULL;
	uint32_t line = 0;

	fault_split_named(&source->name, 1, &text, &file, &line);
	c->result = error_set(c->err, PIPE_EPIPELINE, "%s", text);
	if (!c->err)
		return;
	strncpy(c->err->file, source->name, sizeof(c->err->file) - 1);
	c->err->file[sizeof(c->err->file) - 1] = '\0';
	c->err->line = line;
}

static int compile(lua_State *L)
{
	struct compiling *c = lua_touserdata(L, 1);
	struct lua_guest *g = guest_of(L);
	const char *text;
	int status;

	lua_pushfstring(L, "@%s", c->source.name);
	status = guest_load(L, &c->source, lua_tostring(L, -1));
	if (status == LUA_ERRMEM)
		return budget_starve(L);
	if (status != LUA_OK) {
		text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
		if (status == LUA_ERRSYNTAX && text)
			syntax_error(c, text);
		else
			lua_error(L);
		return 0;
	}
	if (g->engine->coverage)
		lua_coverage_compiled(g->engine->coverage, L);
	c->code->ref = luaL_ref(L, LUA_REGISTRYINDEX);
	c->result = PIPE_OK;
	return 0;
}

/* Why a protected piece of work ended, other than by an error of its own. */
static int breach_error(const struct lua_guest *g, const char *what, pipe_error *err)
{
	struct str words;

	if (g->budget.starved || !g->budget.breach)
		return error_nomem(err);
	str_init(&words);
	budget_words(&g->budget, &words);
	error_set(err, PIPE_ELIMIT, "%s: %s", what, words.data);
	str_clear(&words);
	return PIPE_ELIMIT;
}

/* The text with its tables numbered; what is no Lua is left to Lua's compiler. */
static int instrument(const struct lua_source *source, struct str *out)
{
	struct arena arena = ARENA_INIT;
	struct syntax_tree *tree = NULL;
	pipe_error ignored;
	int code = syntax_parse(&tree, &arena, source->text, source->length, &ignored);

	if (code == PIPE_OK)
		syntax_instrument(tree, "__at", out);
	arena_clear(&arena);
	if (code == PIPE_ENOMEM || out->failed)
		return PIPE_ENOMEM;
	return code;
}

int guest_compile(struct lua_guest *g, const struct lua_source *source, bool instrumented, pipe_error *err)
{
	struct compiling c = { .source = *source, .err = err, .result = PIPE_ENOMEM };
	struct str text;
	int code = PIPE_OK;

	if (find_code(g, source, instrumented))
		return PIPE_OK;
	c.code = new_code(g);
	if (!c.code)
		return error_nomem(err);
	str_init(&text);
	if (instrumented && source->length <= SOURCE_BYTES) {
		code = instrument(source, &text);
		if (code == PIPE_OK) {
			c.source.text = text.data;
			c.source.length = text.length;
		}
	}
	if (code == PIPE_ENOMEM) {
		str_clear(&text);
		return error_nomem(err);
	}
	*c.code = (struct guest_code){ *source, source, instrumented, false, LUA_NOREF };
	budget_enter(g);
	code = guest_protected(g, compile, &c);
	/* What is added may be too much for the compiler's limits: then without it. */
	if (code == LUA_OK && c.result != PIPE_OK && text.length) {
		c.source = *source;
		code = guest_protected(g, compile, &c);
	}
	budget_leave(g);
	str_clear(&text);
	if (code != LUA_OK)
		return breach_error(g, source->name, err);
	if (c.result == PIPE_OK)
		g->code_count++;
	return c.result;
}

void guest_push_code(lua_State *L, const struct lua_source *source, bool instrumented)
{
	struct guest_code *code = find_code(guest_of(L), source, instrumented);

	lua_rawgeti(L, LUA_REGISTRYINDEX, code->ref);
	lua_pushvalue(L, -2);
	lua_setupvalue(L, -2, 1);
	code->used = true;
}

int lua_engine_check(struct lua_engine *engine, const struct lua_source *source, pipe_error *err)
{
	struct lua_guest *g = guest_borrow(engine, NULL, err);
	int code;

	if (!g)
		return err ? (int)err->code : PIPE_ENOMEM;
	code = guest_compile(g, source, false, err);
	guest_return(g);
	return code;
}
