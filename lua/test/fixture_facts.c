/* The facts of a fixture, as ctx shows them: members of the document become texts and numbers of the structs in lua/context.h. */
#include "lua/test/fixture_parts.h"

#include "base/error.h"

#include <string.h>

enum { NODES_DEEP = 64 };

/* ---- run, job ---- */

struct fact {
	const char *name;
	size_t offset;
};

static void take_texts(const json_t *from, const struct fact *facts, void *to)
{
	for (; facts->name; facts++)
		*(const char **)((char *)to + facts->offset) = json_string_value(json_object_get(from, facts->name));
}

/* Seconds, as scripts see them, in milliseconds. */
static int64_t take_ms(const json_t *from, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(from, name);

	return json_is_number(value) ? (int64_t)(json_number_value(value) * 1000) : otherwise;
}

static const struct lua_run_facts *take_run(struct fixture *f)
{
#define FACT(name)                                                                                                               \
	{                                                                                                                        \
#name, offsetof(struct lua_run_facts, name)                                                                      \
	}
	static const struct fact facts[] = { FACT(file),  FACT(name),	FACT(source), FACT(branch),  FACT(tag),	 FACT(sha),
					     FACT(title), FACT(target), FACT(status), FACT(project), { NULL, 0 } };
#undef FACT
	const json_t *run = json_object_get(f->document, "run");

	if (!json_is_object(run))
		return NULL;
	take_texts(run, facts, &f->run);
	f->run.number = json_integer_value(json_object_get(run, "number"));
	f->run.started_ms = take_ms(run, "started", 0);
	f->run.duration_ms = take_ms(run, "duration", -1);
	return &f->run;
}

static int take_tags(struct fixture *f, const json_t *job, pipe_error *err)
{
	const json_t *tags = json_object_get(job, "tags");
	const char **list;

	if (!json_is_array(tags))
		return PIPE_OK;
	list = ARENA_ARRAY(&f->arena, const char *, json_array_size(tags) + 1);
	if (!list)
		return error_nomem(err);
	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		list[i] = tag ? tag : "";
	}
	f->job.tags = list;
	return PIPE_OK;
}

static int take_job(struct fixture *f, const struct lua_job_facts **out, pipe_error *err)
{
#define FACT(name)                                                                                                               \
	{                                                                                                                        \
#name, offsetof(struct lua_job_facts, name)                                                                      \
	}
	static const struct fact facts[] = { FACT(name),   FACT(base),	  FACT(stage),	     FACT(status),
					     FACT(reason), FACT(failure), FACT(environment), { NULL, 0 } };
#undef FACT
	const json_t *job = json_object_get(f->document, "job"), *exit_code = json_object_get(job, "exit_code");
	json_int_t attempt;

	*out = NULL;
	if (!json_is_object(job) && !json_object_get(f->document, "job_rows"))
		return PIPE_OK;
	take_texts(job, facts, &f->job);
	attempt = json_integer_value(json_object_get(job, "attempt"));
	f->job.attempt = attempt > 0 && attempt < UINT32_MAX ? (uint32_t)attempt : 1;
	f->job.exit_code = json_is_integer(exit_code) ? (int)json_integer_value(exit_code) : -1;
	f->job.started_ms = take_ms(job, "started", 0);
	f->job.duration_ms = take_ms(job, "duration", -1);
	f->job.allow_failure = json_is_true(json_object_get(job, "allow_failure"));
	*out = &f->job;
	return take_tags(f, job, err);
}

/* ---- variables ---- */

static bool is_masked(const json_t *masked, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)masked, i,
			   one) if (json_is_string(one) && !strcmp(json_string_value(one), name)) return true;
	return false;
}

static const char *value_text(struct arena *a, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return json_string_value(value);
	case JSON_INTEGER:
		return arena_printf(a, "%lld", (long long)json_integer_value(value));
	case JSON_REAL:
		return arena_printf(a, "%.14g", json_real_value(value));
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	default:
		return "";
	}
}

static int take_variables(struct fixture *f, const struct lua_variable **out, pipe_error *err)
{
	json_t *vars = json_object_get(f->document, "vars"), *value;
	const json_t *masked = json_object_get(f->document, "masked");
	struct lua_variable *list = ARENA_ARRAY(&f->arena, struct lua_variable,
						json_object_size(vars) + json_array_size(masked) + 1);
	const char *name;
	size_t count = 0, i;

	*out = list;
	if (!list)
		return error_nomem(err);
	json_object_foreach(vars, name, value)
	{
		list[count] = (struct lua_variable){ name, value_text(&f->arena, value), is_masked(masked, name) };
		if (!list[count++].value)
			return error_nomem(err);
	}
	json_array_foreach((json_t *)masked, i,
			   value) if (json_is_string(value) && !json_object_get(vars, json_string_value(value)))
		list[count++] = (struct lua_variable){ json_string_value(value), "", true };
	return PIPE_OK;
}

/* ---- with ---- */

static struct node *node_of(struct arena *a, const json_t *value, unsigned deep);

static struct node *node_of_list(struct arena *a, const json_t *value, unsigned deep)
{
	const uint32_t count = (uint32_t)json_array_size(value);
	struct node *list = node_list(a, (struct mark){ 0 }, count);

	for (uint32_t i = 0; list && i < count; i++) {
		list->items[i] = node_of(a, json_array_get(value, i), deep + 1);
		if (!list->items[i])
			return NULL;
	}
	return list;
}

static struct node *node_of_object(struct arena *a, const json_t *value, unsigned deep)
{
	struct node *map = node_map(a, (struct mark){ 0 }, (uint32_t)json_object_size(value));
	const char *name;
	json_t *member;

	json_object_foreach((json_t *)value, name, member)
	{
		struct node *key = node_scalar(a, (struct mark){ 0 }, name, strlen(name)), *item = node_of(a, member, deep + 1);

		if (!map || !key || !item || !node_add(map, a, key, item))
			return NULL;
	}
	return map;
}

/* Recursive down to NODES_DEEP; what is deeper, or memory that runs out, is NULL. */
static struct node *node_of(struct arena *a, const json_t *value, unsigned deep)
{
	const char *text;
	struct node *n;

	if (deep > NODES_DEEP)
		return NULL;
	if (json_is_array(value))
		return node_of_list(a, value, deep);
	if (json_is_object(value))
		return node_of_object(a, value, deep);
	text = json_is_null(value) ? "null" : value_text(a, value);
	n = text ? node_scalar(a, (struct mark){ 0 }, text, strlen(text)) : NULL;
	if (n)
		n->style = json_is_string(value) ? STYLE_QUOTED : STYLE_PLAIN;
	return n;
}

int fixture_context(struct fixture *f, struct lua_context *out, pipe_error *err)
{
	const json_t *with = json_object_get(f->document, "with"), *extra = json_object_get(f->document, "ctx");
	const char *point = json_string_value(json_object_get(f->document, "point"));
	int rc;

	*out = (struct lua_context){ .point = point ? point : "gate", .run = take_run(f) };
	rc = take_job(f, &out->job, err);
	if (!rc)
		rc = take_variables(f, &out->variables, err);
	if (!rc && with && !json_is_null(with)) {
		out->with = node_of(&f->arena, with, 0);
		if (!out->with)
			rc = error_set(err, PIPE_ELIMIT, "\"with\" of the fixture is nested more than %d deep", NODES_DEEP);
	}
	if (json_is_object(extra))
		out->extra = extra;
	return rc;
}
