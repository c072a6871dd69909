/*
 * The Lua part of pipe.h that belongs to a whole project: the embedding program's functions and the operator's limits.
 *
 * Functions of the embedding program speak JSON as text, those of the engine as values; a bridge of each stands between them, in the
 * project's arena.
 */
#include "base/error.h"
#include "lua/api/api.h"
#include "runner/history/project.h"

#include <stdlib.h>
#include <string.h>

enum { FUNCTIONS_MOST = 1000, ANSWER_MOST = 64 << 20 };

/* ---- functions of the embedding program ---- */

struct bridge {
	int (*call)(void *payload, const char *arguments, pipe_write_cb answer, void *answer_payload, pipe_error *err);
	void *payload;
	const char *name;
};

static int receive(void *payload, const char *text, size_t length)
{
	struct str *answer = payload;

	str_add(answer, text, length);
	return answer->failed;
}

static int read_answer(const struct bridge *b, const struct str *answer, json_t **result, pipe_error *err)
{
	json_error_t why;

	if (answer->failed)
		return error_set(err, PIPE_ELIMIT, "the answer of host.%s is too long", b->name);
	if (!answer->length)
		return PIPE_OK;
	*result = json_loadb(answer->data, answer->length, JSON_DECODE_ANY, &why);
	if (!*result)
		return error_set(err, PIPE_EUSAGE, "the answer of host.%s is not JSON: %s", b->name, why.text);
	return PIPE_OK;
}

static int cross(void *payload, const json_t *arguments, json_t **result, pipe_error *err)
{
	const struct bridge *b = payload;
	char *text = json_dumps(arguments, JSON_COMPACT | JSON_ENCODE_ANY);
	struct str answer;
	int rc;

	*result = NULL;
	if (!text)
		return error_nomem(err);
	str_init_limit(&answer, ANSWER_MOST);
	rc = b->call(b->payload, text, receive, &answer, err);
	if (!rc)
		rc = read_answer(b, &answer, result, err);
	str_clear(&answer);
	free(text);
	return rc;
}

static bool good_name(const char *name)
{
	static const char fit[] = "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const size_t length = strlen(name);

	return length > 0 && length < 64 && strspn(name, fit) == length && strspn(name, "0123456789") == 0;
}

static int build_bridge(struct arena *a, const pipe_lua_function *from, struct lua_host_function *to, pipe_error *err)
{
	struct bridge *b = ARENA_NEW(a, struct bridge);

	if (!good_name(from->name) || !from->call)
		return error_set(err, PIPE_EUSAGE,
				 "\"%s\" cannot be a function of Lua: it wants a name of letters, digits and _%s", from->name,
				 from->call ? "" : ", and a function");
	to->name = arena_strdup(a, from->name);
	if (!b || !to->name)
		return error_nomem(err);
	*b = (struct bridge){ from->call, from->payload, to->name };
	to->call = cross;
	to->payload = b;
	return PIPE_OK;
}

static int build_bridges(struct pipe_project *p, const pipe_lua_function *functions, const struct lua_host_function **out,
			 pipe_error *err)
{
	struct lua_host_function *list;
	size_t count = 0;
	int rc = PIPE_OK;

	*out = NULL;
	while (functions && functions[count].name && count < FUNCTIONS_MOST)
		count++;
	if (!count)
		return PIPE_OK;
	if (functions[count].name)
		return error_set(err, PIPE_ELIMIT, "more than %d functions for Lua", FUNCTIONS_MOST);
	list = ARENA_ARRAY(&p->arena, struct lua_host_function, count + 1);
	if (!list)
		return error_nomem(err);
	for (size_t i = 0; i < count && !rc; i++)
		rc = build_bridge(&p->arena, &functions[i], &list[i], err);
	if (!rc)
		*out = list;
	return rc;
}

/* ---- limits ---- */

static const struct lua_limits usual_most = { .cpu_ms = 60 * 1000,
					      .wall_ms = 60 * 60 * 1000,
					      .memory_bytes = (uint64_t)1 << 30,
					      .output_bytes = 64u << 20,
					      .depth = LUA_LIMIT_DEPTH,
					      .waits = LUA_LIMIT_WAITS };
static const struct lua_limits usual = { .cpu_ms = LUA_LIMIT_CPU_MS,
					 .wall_ms = LUA_LIMIT_WALL_MS,
					 .memory_bytes = LUA_LIMIT_MEMORY,
					 .output_bytes = LUA_LIMIT_OUTPUT,
					 .depth = LUA_LIMIT_DEPTH,
					 .waits = LUA_LIMIT_WAITS };

/* Below this not even the library fits in. */
enum { MEMORY_LEAST = 1 << 20 };

static void take_limits(struct lua_limits *to, const pipe_lua_limits *from)
{
	if (from->cpu_ms)
		to->cpu_ms = from->cpu_ms;
	if (from->wall_ms)
		to->wall_ms = from->wall_ms;
	if (from->memory_bytes)
		to->memory_bytes = from->memory_bytes;
	if (from->output_bytes)
		to->output_bytes = from->output_bytes;
}

static bool sound(const pipe_lua_limits *l)
{
	return l->cpu_ms >= 0 && l->wall_ms >= 0 && (!l->memory_bytes || l->memory_bytes >= MEMORY_LEAST);
}

static void lower(struct lua_limits *l, const struct lua_limits *most)
{
#define LOWER(field) l->field = l->field < most->field ? l->field : most->field
	LOWER(cpu_ms);
	LOWER(wall_ms);
	LOWER(memory_bytes);
	LOWER(output_bytes);
#undef LOWER
}

void project_lua_init(struct project_lua *lua)
{
	lua->functions = NULL;
	lua->most = usual_most;
	lua->defaults = usual;
}

int pipe_project_lua(pipe_project *project, const pipe_lua_options *opts, pipe_error *err)
{
	struct project_lua lua;
	int rc;

	if (opts->version != PIPE_LUA_OPTIONS_VERSION)
		return error_version(err, "pipe_lua_options", opts->version, PIPE_LUA_OPTIONS_VERSION);
	if (!sound(&opts->most) || !sound(&opts->defaults))
		return error_set(err, PIPE_EUSAGE, "a limit for Lua is negative, or one of memory below 1 MiB");
	project_lua_init(&lua);
	take_limits(&lua.most, &opts->most);
	take_limits(&lua.defaults, &opts->defaults);
	lower(&lua.defaults, &lua.most);
	rc = build_bridges(project, opts->functions, &lua.functions, err);
	if (!rc)
		project->lua = lua;
	return rc;
}

/* ---- the interface of scripts ---- */

static int write_out(void (*make)(struct str *out), pipe_write_cb write, void *payload, pipe_error *err)
{
	struct str out;
	int rc = PIPE_OK;

	str_init(&out);
	make(&out);
	if (out.failed)
		rc = error_nomem(err);
	else if (write(payload, out.data, out.length))
		rc = error_set(err, PIPE_EIO, "the text could not be written");
	str_clear(&out);
	return rc;
}

int pipe_lua_annotations(pipe_write_cb write, void *payload, pipe_error *err)
{
	return write_out(api_annotations, write, payload, err);
}

int pipe_lua_reference(pipe_write_cb write, void *payload, pipe_error *err)
{
	return write_out(api_reference, write, payload, err);
}
