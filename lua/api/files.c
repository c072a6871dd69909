/* pipe.read, pipe.glob, pipe.exists: files of the workspace, and others that were granted. */
#include "lua/api/inside.h"

#include <string.h>

enum { FILE_MOST = 16 << 20, PATHS_MOST = 100000 };

/* The path at 1, without NUL. */
static const char *checked_path(lua_State *L, const char *function)
{
	size_t length;
	const char *path = luaL_checklstring(L, 1, &length);

	if (!length || memchr(path, '\0', length))
		api_wrong(L, function, "the path is empty, or there is a NUL in it");
	return path;
}

/* The host knows where the workspace is, and lets an absolute path pass that leads there or was granted; of others it says PIPE_EUSAGE. */
static void check_refused(lua_State *L, const char *path, int rc)
{
	if (rc == PIPE_EUSAGE && *path == '/' && !lua_granted(guest_of(L)->call->options.grants, LUA_GRANT_READ, path))
		guest_refuse(L, LUA_GRANT_READ, path);
}

static const struct lua_host *host_of(lua_State *L, const char *function, bool there)
{
	const struct lua_host *host = guest_of(L)->call->options.host;

	if (!host || !there)
		api_wrong(L, function, "there is no workspace here");
	budget_in_earnest(L);
	return host;
}

static bool reads(const struct lua_guest *g)
{
	return g->call->options.host && g->call->options.host->read;
}

static bool globs(const struct lua_guest *g)
{
	return g->call->options.host && g->call->options.host->glob;
}

/* (path) -> text | nil, why */
int api_read(lua_State *L)
{
	const struct lua_host *host = host_of(L, "pipe.read", reads(guest_of(L)));
	const char *path = checked_path(L, "pipe.read");
	struct api_scratch *s = api_scratch(L);
	pipe_error err = { 0 };
	int rc = host->read(host->payload, path, FILE_MOST, &s->text, &err);

	check_refused(L, path, rc);
	if (rc == PIPE_ENOMEM)
		return api_no_memory(L);
	if (rc) {
		lua_pushnil(L);
		lua_pushstring(L, err.text);
		return 2;
	}
	budget_charge(L, s->text.length);
	lua_pushlstring(L, s->text.data, s->text.length);
	api_scratch_clear(s);
	return 1;
}

struct found {
	struct api_scratch *s;
	uint64_t most;
	size_t count;
};

/* Paths one after the other, each with its NUL: what is raised by Lua must not jump over the host. */
static int keep(void *payload, const char *path)
{
	struct found *f = payload;

	str_add(&f->s->text, path, strlen(path) + 1);
	f->count++;
	return f->s->text.failed ? PIPE_ENOMEM : 0;
}

static int find(lua_State *L, const char *function, const char *pattern, size_t limit, struct found *f)
{
	const struct lua_host *host = host_of(L, function, globs(guest_of(L)));
	pipe_error err = { 0 };
	int rc;

	f->s = api_scratch(L);
	f->s->text.limit = guest_of(L)->budget.limits.memory_bytes;
	rc = host->glob(host->payload, pattern, limit, keep, f, &err);
	if (budget_look(guest_of(L)) != BREACH_NONE)
		budget_check(L);
	if (rc == PIPE_ENOMEM || f->s->text.failed)
		return api_no_memory(L);
	check_refused(L, pattern, rc);
	return rc ? api_wrong(L, function, "%s", err.text) : 0;
}

/* (pattern) -> list of paths */
int api_glob(lua_State *L)
{
	const char *pattern = checked_path(L, "pipe.glob");
	struct found f = { 0 };
	const char *path;

	find(L, "pipe.glob", pattern, PATHS_MOST, &f);
	lua_createtable(L, f.count < PATHS_MOST ? (int)f.count : 0, 0);
	path = f.s->text.data;
	for (size_t i = 1; i <= f.count; i++, path += strlen(path) + 1) {
		lua_pushstring(L, path);
		lua_rawseti(L, -2, (lua_Integer)i);
	}
	budget_charge(L, f.s->text.length);
	api_scratch_clear(f.s);
	return 1;
}

/* (path) -> boolean: is there such a file? */
int api_exists(lua_State *L)
{
	const struct lua_host *host = host_of(L, "pipe.exists", reads(guest_of(L)));
	const char *path = checked_path(L, "pipe.exists");
	struct api_scratch *s = api_scratch(L);
	pipe_error err = { 0 };
	int rc = host->read(host->payload, path, 0, &s->text, &err);

	api_scratch_clear(s);
	check_refused(L, path, rc);
	if (rc == PIPE_ENOMEM)
		return api_no_memory(L);
	lua_pushboolean(L, rc == PIPE_OK || rc == PIPE_ELIMIT);
	return 1;
}
