/*
 * For the tests of the plan: YAML text -> model -> plan in a world that is a table, and short ways to look at what came out.
 */
#ifndef TESTS_UNIT_PLAN_FIXTURE_H
#define TESTS_UNIT_PLAN_FIXTURE_H

#include "base/error.h"
#include "base/glob.h"
#include "base/str.h"
#include "pipeline/limits.h"
#include "pipeline/load.h"
#include "pipeline/plan/plan.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define PLAN_FIXTURE __attribute__((unused)) static

struct planned {
	struct arena arena;
	struct sources sources;
	struct diagnostics d;
	struct world world;
	struct variables predefined, command_line;
	struct scope scope;
	struct plan_options options;
	struct pipeline *pipeline;
	struct plan *plan;
	int rc;
	const char *const *files;   /* of the project, for exists; NULL-terminated */
	const char *const *changed; /* paths; NULL: nothing to compare with */
	const char *compared_to;    /* what changes was last asked about */
	unsigned exists_calls, changes_calls;
	bool world_fails;
};

PLAN_FIXTURE int planned_exists(void *context, const char *project, const char *ref, const char *const *globs, size_t count,
				bool *found, pipe_error *err)
{
	struct planned *f = context;

	(void)project;
	(void)ref;
	f->exists_calls++;
	if (f->world_fails)
		return error_set(err, PIPE_EIO, "the disk is gone");
	*found = false;
	for (size_t i = 0; i < count; i++)
		for (const char *const *path = f->files; path && *path; path++)
			*found = *found || glob_match(globs[i], *path);
	return 0;
}

PLAN_FIXTURE int planned_changes(void *context, const char *compare_to, path_list *out, bool *known, struct arena *a,
				 pipe_error *err)
{
	struct planned *f = context;

	f->changes_calls++;
	f->compared_to = compare_to ? arena_strdup(&f->arena, compare_to) : NULL;
	if (f->world_fails)
		return error_set(err, PIPE_EIO, "git is gone");
	*known = f->changed != NULL;
	for (const char *const *path = f->changed; path && *path; path++)
		*(const char **)vec_push(a, out) = *path;
	return 0;
}

PLAN_FIXTURE void planned_set(struct planned *f, struct variables *v, const char *name, const char *value)
{
	struct variable one = { .name = name, .value = value };

	ck_assert(variables_set(v, &f->arena, one));
}

/* Reads the file; a branch pipeline for "main" of which options may be changed before planned_make(). */
PLAN_FIXTURE void planned_load_uses(struct planned *f, const struct uses_types *uses, const char *yaml)
{
	struct load_options o = {
		.file = "ci.yml", .text = yaml, .length = strlen(yaml), .variables = &f->scope, .uses = uses, .world = &f->world
	};

	memset(f, 0, sizeof(*f));
	f->world = (struct world){ .context = f, .exists = planned_exists, .changes = planned_changes };
	diagnostics_init(&f->d, &f->arena, &f->sources);
	limits_default(&o.limits);
	planned_set(f, &f->predefined, "CI_COMMIT_BRANCH", "main");
	planned_set(f, &f->predefined, "CI_DEFAULT_BRANCH", "main");
	f->options = (struct plan_options){
		.predefined = &f->predefined,
		.pipeline = &f->command_line,
		.source = "push",
		.ref = "main",
		.ref_path = "group/project",
		.world = &f->world,
	};
	f->rc = pipeline_load(&f->pipeline, &f->arena, &o, &f->d);
}

PLAN_FIXTURE void planned_load(struct planned *f, const char *yaml)
{
	planned_load_uses(f, NULL, yaml);
}

PLAN_FIXTURE const char *planned_said(struct planned *f)
{
	const char *text = "";

	diagnostics_sort(&f->d);
	for (uint32_t i = 0; i < f->d.list.count; i++) {
		const struct diagnostic *d = &f->d.list.items[i];
		text = arena_printf(&f->arena, "%s%s%u:%u %s%s: %s%s%s%s", text, i ? "\n" : "", d->at.line, d->at.column,
				    d->severity == PIPE_WARNING ? "warning " : "", d->code, d->message, d->hint ? " (" : "",
				    d->hint ? d->hint : "", d->hint ? ")" : "");
	}
	return text;
}

PLAN_FIXTURE int planned_make(struct planned *f)
{
	ck_assert_msg(f->rc == PIPE_OK, "the file was not read: %s", planned_said(f));
	f->rc = plan_make(&f->plan, &f->arena, f->pipeline, &f->options, &f->d);
	return f->rc;
}

PLAN_FIXTURE void planned_clear(struct planned *f)
{
	arena_clear(&f->arena);
}

PLAN_FIXTURE const struct plan_job *planned_job(struct planned *f, const char *name)
{
	const struct plan_job *job = plan_job_named(f->plan, name, strlen(name));

	ck_assert_msg(job != NULL, "no job %s", name);
	return job;
}

/* Jobs in the order of the plan, with when where it is not on_success, "?" where it may fail, "-" before those that are out. */
PLAN_FIXTURE const char *planned_jobs(struct planned *f)
{
	struct str s;
	const char *text;

	str_init(&s);
	for (uint32_t i = 0; i < f->plan->jobs.count; i++) {
		const struct plan_job *job = &f->plan->jobs.items[i];
		str_printf(&s, "%s%s%s", i ? " " : "", job->included ? "" : "-", job->name);
		if (job->included && job->when != WHEN_ON_SUCCESS)
			str_printf(&s, "(%s)", when_name(job->when));
		if (job->included && job->allow_failure.state == YES)
			str_adds(&s, "?");
	}
	text = arena_strdup(&f->arena, s.data);
	str_clear(&s);
	return text;
}

PLAN_FIXTURE const char *planned_order(struct planned *f)
{
	struct str s;
	const char *text;

	str_init(&s);
	for (uint32_t i = 0; i < f->plan->order.count; i++)
		str_printf(&s, "%s%s", i ? " " : "", f->plan->jobs.items[f->plan->order.items[i]].name);
	text = arena_strdup(&f->arena, s.data);
	str_clear(&s);
	return text;
}

/* "stages", or the names of what it waits for, each with "~" where its artifacts are not taken. */
PLAN_FIXTURE const char *planned_needs(struct planned *f, const char *name)
{
	const struct plan_job *job = planned_job(f, name);
	struct str s;
	const char *text;

	if (job->waits_for_stages)
		return "stages";
	str_init(&s);
	for (uint32_t i = 0; i < job->needs.count; i++)
		str_printf(&s, "%s%s%s", i ? " | " : "", job->needs.items[i].artifacts ? "" : "~",
			   f->plan->jobs.items[job->needs.items[i].job].name);
	text = arena_strdup(&f->arena, s.data);
	str_clear(&s);
	return text;
}

PLAN_FIXTURE const char *planned_artifacts(struct planned *f, const char *name)
{
	const struct plan_job *job = planned_job(f, name);
	const char *text = "";

	if (job->artifacts_from_stages)
		return "stages";
	for (uint32_t i = 0; i < job->artifacts_from.count; i++)
		text = arena_printf(&f->arena, "%s%s%s", text, i ? " | " : "",
				    f->plan->jobs.items[job->artifacts_from.items[i]].name);
	return text;
}

/* A plan that can be made, and its jobs. */
#define expect_jobs(yaml, jobs)                                                                                                  \
	do {                                                                                                                     \
		struct planned fx;                                                                                               \
		planned_load(&fx, yaml);                                                                                         \
		planned_make(&fx);                                                                                               \
		ck_assert_str_eq(planned_said(&fx), "");                                                                         \
		ck_assert_int_eq(fx.rc, PIPE_OK);                                                                                \
		ck_assert_str_eq(planned_jobs(&fx), jobs);                                                                       \
		planned_clear(&fx);                                                                                              \
	} while (0)

/* A plan that is refused, and all that is said. */
#define expect_refused(yaml, text)                                                                                               \
	do {                                                                                                                     \
		struct planned fx;                                                                                               \
		planned_load(&fx, yaml);                                                                                         \
		ck_assert_int_eq(planned_make(&fx), PIPE_EPIPELINE);                                                             \
		ck_assert_str_eq(planned_said(&fx), text);                                                                       \
		planned_clear(&fx);                                                                                              \
	} while (0)

#endif
