/*
 * libFuzzer (and AFL++) target: everything from text to model.  The input is the pipeline file; behind a byte 0xff stands a file
 * that it may include as "a.yml", behind another one "b.yml".
 */
#include "pipeline/load.h"
#include "base/error.h"
#include "pipeline/limits.h"
#include "stages/stage.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = 3 };

struct table {
	const char *text[FILES];
	size_t length[FILES];
};
static const char *const names[FILES] = { "ci.yml", "a.yml", "b.yml" };

static void split(struct table *t, const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;

	for (size_t i = 0; i < FILES; i++) {
		const char *stop = i + 1 < FILES && p < end ? memchr(p, 0xff, (size_t)(end - p)) : NULL;

		t->text[i] = p;
		t->length[i] = (size_t)((stop ? stop : end) - p);
		p = stop ? stop + 1 : end;
	}
}

static int read_file(void *context, const struct include_request *r, struct include_reply *reply, struct arena *a,
		     pipe_error *err)
{
	const struct table *t = context;
	const char *name = strrchr(r->location, '/');

	name = name ? name + 1 : r->location;
	for (size_t i = 0; i < FILES; i++) {
		if (strcmp(names[i], name) || t->length[i] > r->max_bytes)
			continue;
		reply->name = names[i];
		reply->text = arena_strndup(a, t->text[i], t->length[i]);
		reply->length = t->length[i];
		if (r->project) {
			reply->origin = ARENA_NEW(a, struct include_origin);
			*reply->origin = (struct include_origin){ r->kind, r->project, r->ref };
		}
		if (r->kind == INCLUDE_COMPONENT)
			reply->component_name = reply->component_version = "c";
		return 0;
	}
	return error_set(err, PIPE_ENOTFOUND, "there is no such file");
}

static int match(void *context, const struct include_origin *from, const char *glob, path_list *out, struct arena *a,
		 pipe_error *err)
{
	(void)context;
	(void)from;
	(void)glob;
	(void)err;
	for (size_t i = 0; i < FILES; i++)
		*(const char **)vec_push(a, out) = names[i];
	return 0;
}

static int exists(void *context, const char *project, const char *ref, const char *const *globs, size_t count, bool *found,
		  pipe_error *err)
{
	(void)context;
	(void)project;
	(void)ref;
	(void)err;
	*found = count && strchr(globs[0], 'a');
	return 0;
}

static int changes(void *context, const char *compare_to, path_list *out, bool *known, struct arena *a, pipe_error *err)
{
	(void)context;
	(void)err;
	*(const char **)vec_push(a, out) = "a.yml";
	*known = !compare_to;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const inputs[] = { "a=x", "c:n=[1, 2]", NULL };
	struct arena arena = ARENA_INIT;
	struct sources sources = { .list = { NULL, 0, 0 } };
	struct variables variables = { .list = { NULL, 0, 0 } };
	struct scope scope = { .count = 0 };
	struct diagnostics d;
	struct table t;
	struct world world = { &t, read_file, match, exists, changes };
	struct load_options options = { .file = names[0], .world = &world, .variables = &scope, .uses = &stage_uses };
	struct pipeline *p = NULL;
	struct str text;

	split(&t, data, size);
	diagnostics_init(&d, &arena, &sources);
	limits_default(&options.limits);
	options.limits.nodes = 20000;
	options.limits.includes = 20;
	options.limits.regex_steps = 10000;
	options.inputs = size % 2 ? inputs : NULL;
	variables_set(&variables, &arena, (struct variable){ .name = "A", .value = "a.yml" });
	scope_push(&scope, &variables);
	pipeline_load(&p, &arena, &options, &d);
	diagnostics_sort(&d);
	str_init(&text);
	diagnostics_text(&d, &text, false);
	if (p)
		node_write(p->root, &sources, &text);
	str_clear(&text);
	arena_clear(&arena);
	return 0;
}
