/*
 * What the operator of a machine lets Lua use up: $PIPE_LUA_LIMITS, "cpu=5s,wall=1m,memory=128MB,output=1MB".  It is for whoever runs `pipe`, not
 * for the pipeline file, which can ask for as much as that and no more.
 */
#include "base/duration.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static const char variable[] = "PIPE_LUA_LIMITS";

static const struct limit {
	const char *name;
	bool is_size;
	size_t offset; /* in pipe_lua_limits */
	const char *such_as;
} limits[] = {
	{ "cpu", false, offsetof(pipe_lua_limits, cpu_ms), "5s" },
	{ "wall", false, offsetof(pipe_lua_limits, wall_ms), "1m" },
	{ "memory", true, offsetof(pipe_lua_limits, memory_bytes), "128MB" },
	{ "output", true, offsetof(pipe_lua_limits, output_bytes), "1MB" },
};
enum { LIMITS = sizeof(limits) / sizeof(*limits) };

static bool take_value(const struct limit *l, const char *value, pipe_lua_limits *out)
{
	void *field = (char *)out + l->offset;

	if (l->is_size)
		return parse_size(value, field) && *(uint64_t *)field;
	return duration_parse(value, field) && *(int64_t *)field;
}

/* "cpu=5s" */
static int take_one(struct cli *c, const char *text, size_t length, pipe_lua_limits *out)
{
	const char *one = arena_strndup(&c->arena, text, length), *equals;

	if (!one) {
		say(c, "out of memory");
		return EXIT_ENVIRONMENT;
	}
	equals = strchr(one, '=');
	for (size_t i = 0; i < LIMITS && equals; i++) {
		const struct limit *l = &limits[i];

		if (strlen(l->name) != (size_t)(equals - one) || strncmp(one, l->name, (size_t)(equals - one)) != 0)
			continue;
		if (take_value(l, equals + 1, out))
			return EXIT_OK;
		return usage_error(c, "%s: %s wants a value such as \"%s\", not \"%s\"", variable, l->name, l->such_as,
				   equals + 1);
	}
	return usage_error(c, "%s wants \"cpu=5s,wall=1m,memory=128MB,output=1MB\" or some of that, not \"%s\"", variable, one);
}

int set_lua_limits(struct cli *c, pipe_project *project)
{
	pipe_lua_options o = PIPE_LUA_OPTIONS_INIT;
	const char *text = getenv(variable);
	pipe_error err = { 0 };
	int status = EXIT_OK;

	if (!text || !*text)
		return EXIT_OK;
	while (*text && status == EXIT_OK) {
		const size_t length = strcspn(text, ",");

		status = take_one(c, text, length, &o.most);
		text += length + (text[length] == ',');
	}
	if (status == EXIT_OK && pipe_project_lua(project, &o, &err))
		return usage_error(c, "%s: %s", variable, err.text);
	return status;
}
