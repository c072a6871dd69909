/*
 * For the tests of what reads pipeline files: a world that is a table of files, one load, and short ways to look at what came out.
 */
#ifndef TESTS_UNIT_LOAD_FIXTURE_H
#define TESTS_UNIT_LOAD_FIXTURE_H

#include "base/error.h"
#include "base/glob.h"
#include "base/str.h"
#include "pipeline/limits.h"
#include "pipeline/load.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define FIXTURE_USED __attribute__((unused)) static

/* The name says where the file is: "a.yml" in the project, "group/project@ref:a.yml" elsewhere, "https://..." on the network,
 * "template:x" with GitLab. */
struct fixture_file {
	const char *name, *text;
};

struct fixture {
	struct arena arena;
	struct sources sources;
	struct diagnostics d;
	struct load_options options;
	struct world world;
	struct variables variables;
	struct scope scope;
	const struct fixture_file *files; /* ended by a row without a name */
	const char *changed;		  /* the one path that changed; NULL: nothing to compare with */
	unsigned reads;
	char last_integrity[128];
	struct pipeline *pipeline;
	int rc;
};

FIXTURE_USED const struct fixture_file *fixture_find(struct fixture *f, const char *name)
{
	for (const struct fixture_file *file = f->files; file->name; file++)
		if (!strcmp(file->name, name))
			return file;
	return NULL;
}

FIXTURE_USED void fixture_name(char *name, size_t size, const struct include_request *r)
{
	const char *project = r->project ? r->project : r->from ? r->from->project : NULL;
	const char *ref = r->project ? r->ref : r->from ? r->from->ref : NULL;

	if (r->kind == INCLUDE_TEMPLATE)
		snprintf(name, size, "template:%s", r->location);
	else if (r->kind == INCLUDE_REMOTE || !project)
		snprintf(name, size, "%s", r->location);
	else
		snprintf(name, size, "%s@%s:%s", project, ref ? ref : "HEAD", r->location);
}

FIXTURE_USED int fixture_read(void *context, const struct include_request *r, struct include_reply *reply, struct arena *a,
			      pipe_error *err)
{
	struct fixture *f = context;
	const struct fixture_file *file;
	char name[512];

	f->reads++;
	fixture_name(name, sizeof(name), r);
	snprintf(f->last_integrity, sizeof(f->last_integrity), "%s", r->integrity ? r->integrity : "");
	file = fixture_find(f, name);
	if (!file)
		return error_set(err, PIPE_ENOTFOUND, "there is no such file");
	if (strlen(file->text) > r->max_bytes)
		return error_set(err, PIPE_ELIMIT, "it is too large");
	reply->name = arena_strdup(a, name);
	reply->text = arena_strdup(a, file->text);
	reply->length = strlen(file->text);
	if (r->project) {
		reply->origin = ARENA_NEW(a, struct include_origin);
		*reply->origin = (struct include_origin){ r->kind, r->project, r->ref };
	} else if (r->from && r->kind == INCLUDE_LOCAL) {
		reply->origin = ARENA_NEW(a, struct include_origin);
		*reply->origin = *r->from;
	}
	if (r->kind == INCLUDE_COMPONENT) {
		reply->component_name = "comp";
		reply->component_sha = "abc123";
		reply->component_version = r->ref;
		reply->component_reference = r->ref;
	}
	return 0;
}

FIXTURE_USED int fixture_match(void *context, const struct include_origin *from, const char *glob, path_list *out,
			       struct arena *a, pipe_error *err)
{
	struct fixture *f = context;

	(void)err;
	(void)from;
	for (const struct fixture_file *file = f->files; file->name; file++)
		if (!strchr(file->name, ':') && glob_match(glob, file->name)) {
			const char **path = vec_push(a, out);
			*path = file->name;
		}
	return 0;
}

FIXTURE_USED int fixture_exists(void *context, const char *project, const char *ref, const char *const *globs, size_t count,
				bool *found, pipe_error *err)
{
	struct fixture *f = context;
	char name[512];

	(void)err;
	*found = false;
	for (size_t i = 0; i < count; i++)
		for (const struct fixture_file *file = f->files; file->name; file++) {
			const char *path = file->name;
			if (project) {
				snprintf(name, sizeof(name), "%s@%s:", project, ref ? ref : "HEAD");
				if (strncmp(path, name, strlen(name)))
					continue;
				path += strlen(name);
			}
			*found |= glob_match(globs[i], path);
		}
	return 0;
}

FIXTURE_USED int fixture_changes(void *context, const char *compare_to, path_list *out, bool *known, struct arena *a,
				 pipe_error *err)
{
	struct fixture *f = context;

	(void)err;
	(void)compare_to;
	*known = f->changed != NULL;
	if (f->changed) {
		const char **path = vec_push(a, out);
		*path = f->changed;
	}
	return 0;
}

/* The entry file is the first of the table. */
FIXTURE_USED void fixture_init(struct fixture *f, const struct fixture_file *files)
{
	memset(f, 0, sizeof(*f));
	f->files = files;
	f->world = (struct world){
		.context = f, .read = fixture_read, .match = fixture_match, .exists = fixture_exists, .changes = fixture_changes
	};
	diagnostics_init(&f->d, &f->arena, &f->sources);
	limits_default(&f->options.limits);
	f->options.file = files[0].name;
	f->options.world = &f->world;
	f->options.variables = &f->scope;
}

FIXTURE_USED void fixture_variable(struct fixture *f, const char *name, const char *value)
{
	struct variable v = { .name = name, .value = value };

	ck_assert(variables_set(&f->variables, &f->arena, v));
}

FIXTURE_USED int fixture_load(struct fixture *f)
{
	scope_push(&f->scope, &f->variables);
	f->rc = pipeline_load(&f->pipeline, &f->arena, &f->options, &f->d);
	diagnostics_sort(&f->d);
	return f->rc;
}

FIXTURE_USED void fixture_clear(struct fixture *f)
{
	arena_clear(&f->arena);
}

/* ---- looking ---- */

FIXTURE_USED void fixture_write(struct str *out, const struct node *n)
{
	if (!n) {
		str_adds(out, "(nothing)");
		return;
	}
	if (n->kind == NODE_SCALAR) {
		str_printf(out, n->style == STYLE_PLAIN || !n->count ? "%s" : "'%s'", n->text);
		return;
	}
	str_adds(out, n->kind == NODE_MAP ? "{" : "[");
	for (uint32_t i = 0; i < n->count; i++) {
		if (i)
			str_adds(out, ", ");
		if (n->kind == NODE_MAP)
			str_printf(out, "%s: ", n->pairs[i].key->text);
		fixture_write(out, n->kind == NODE_MAP ? n->pairs[i].value : n->items[i]);
	}
	str_adds(out, n->kind == NODE_MAP ? "}" : "]");
}

/* The value of a key of the merged document on one line: {a: [b, 'quoted']}. */
FIXTURE_USED const char *fixture_show(struct fixture *f, const char *key)
{
	struct str s;
	const char *text;

	str_init(&s);
	fixture_write(&s, f->pipeline ? node_get(f->pipeline->root, key) : NULL);
	text = arena_strdup(&f->arena, s.data);
	str_clear(&s);
	return text;
}

/* The keys of the merged document: "a b c". */
FIXTURE_USED const char *fixture_keys(struct fixture *f)
{
	const char *text = "";

	for (uint32_t i = 0; f->pipeline && i < f->pipeline->root->count; i++)
		text = arena_printf(&f->arena, "%s%s%s", text, i ? " " : "", f->pipeline->root->pairs[i].key->text);
	return text;
}

/* All that was said: "file:line:column: code: message (hint)", a line each. */
FIXTURE_USED const char *fixture_said(struct fixture *f)
{
	const char *text = "";

	for (uint32_t i = 0; i < f->d.list.count; i++) {
		const struct diagnostic *d = &f->d.list.items[i];
		text = arena_printf(&f->arena, "%s%s%s:%u:%u: %s%s: %s%s%s%s", text, i ? "\n" : "",
				    sources_name(&f->sources, d->at), d->at.line, d->at.column,
				    d->severity == PIPE_WARNING ? "warning " : "", d->code, d->message, d->hint ? " (" : "",
				    d->hint ? d->hint : "", d->hint ? ")" : "");
	}
	return text;
}

/* A load that goes well: the value of one key. */
#define expect_value(files, key, value)                                                                                          \
	do {                                                                                                                     \
		struct fixture fx;                                                                                               \
		fixture_init(&fx, files);                                                                                        \
		fixture_load(&fx);                                                                                               \
		ck_assert_str_eq(fixture_said(&fx), "");                                                                         \
		ck_assert_int_eq(fx.rc, PIPE_OK);                                                                                \
		ck_assert_str_eq(fixture_show(&fx, key), value);                                                                 \
		fixture_clear(&fx);                                                                                              \
	} while (0)

/* A load that is refused, with all that is said. */
#define expect_said(files, text)                                                                                                 \
	do {                                                                                                                     \
		struct fixture fx;                                                                                               \
		fixture_init(&fx, files);                                                                                        \
		ck_assert_int_eq(fixture_load(&fx), PIPE_EPIPELINE);                                                             \
		ck_assert_str_eq(fixture_said(&fx), text);                                                                       \
		fixture_clear(&fx);                                                                                              \
	} while (0)

#endif
