/* For the tests of the types policy, sign, verify, attest and helm: a world that is a table, and what came out of compile as text. */
#ifndef TESTS_UNIT_SUPPLY_FIXTURE_H
#define TESTS_UNIT_SUPPLY_FIXTURE_H

#include "base/glob.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/types.h"
#include "tests/unit/decode_fixture.h"

#define SUPPLY_FIXTURE __attribute__((unused)) static

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct supply_file {
	const char *path, *text;
};

struct supply {
	struct decoded_text text;
	struct arena arena;
	struct variables variables;
	struct scope scope;
	struct stage_world world;
	struct evidence_view view;
	struct evidence_totals totals;
	struct stage_job job;
	pipe_error err;
	int rc;
	const struct supply_file *files; /* ended by one without a path */
	uint64_t findings, refused;	 /* that count; of what could not be judged */
	double counted;			 /* metric; negative: there is none */
	struct str shown;
};

SUPPLY_FIXTURE bool supply_exists(void *payload, const char *path)
{
	const struct supply *f = payload;
	size_t n = strlen(path);

	for (const struct supply_file *file = f->files; file && file->path; file++)
		if (!strncmp(file->path, path, n) && (!file->path[n] || file->path[n] == '/'))
			return true;
	return !strcmp(path, ".");
}

SUPPLY_FIXTURE const char *const *supply_glob(void *payload, struct arena *a, const char *pattern, size_t most)
{
	const struct supply *f = payload;
	const char **found = ARENA_ARRAY(a, const char *, most + 1);
	size_t n = 0;

	for (const struct supply_file *file = f->files; file && file->path && n < most; file++)
		if (glob_match(pattern, file->path))
			found[n++] = file->path;
	return n ? found : NULL;
}

SUPPLY_FIXTURE const char *supply_read(void *payload, struct arena *a, const char *path, pipe_error *err)
{
	const struct supply *f = payload;

	(void)a;
	for (const struct supply_file *file = f->files; file && file->path; file++)
		if (!strcmp(file->path, path))
			return file->text;
	err->code = PIPE_ENOTFOUND;
	return NULL;
}

SUPPLY_FIXTURE int supply_findings(void *payload, enum evidence_side side, const struct finding_filter *filter,
				   int (*each)(void *, const struct evidence_finding *), void *each_payload, uint64_t *count,
				   pipe_error *err)
{
	static const struct evidence_finding one = { .severity = SEVERITY_HIGH,
						     .path = "a.yaml",
						     .line = 7,
						     .message = "no good",
						     .rule = "bad",
						     .tool = "",
						     .fingerprint = "",
						     .package = "",
						     .installed = "",
						     .fixed = "",
						     .url = "" };
	const struct supply *f = payload;
	uint64_t n = filter->rule ? f->refused : f->findings;

	(void)err;
	ck_assert_int_eq(side, SIDE_JOB);
	if (count)
		*count = n;
	for (uint64_t i = 0; each && i < n && !each(each_payload, &one); i++)
		;
	return PIPE_OK;
}

SUPPLY_FIXTURE int supply_metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found,
				 pipe_error *err)
{
	const struct supply *f = payload;

	(void)side;
	(void)name;
	(void)err;
	*found = f->counted >= 0;
	*value = f->counted;
	return PIPE_OK;
}

SUPPLY_FIXTURE void supply_say(void *payload, const char *line)
{
	(void)payload;
	(void)line;
}

/* Reads `with` (a map in flow style, which the table must take) and compiles it. */
SUPPLY_FIXTURE void supply_compile(struct supply *f, const struct stage_type *type, const char *with,
				   const struct supply_file *files)
{
	memset(f, 0, sizeof(*f));
	decoded_init(&f->text);
	str_init(&f->shown);
	f->files = files;
	f->counted = -1;
	ck_assert(variables_set(&f->variables, &f->arena, (struct variable){ .name = "NOTHING", .value = "" }));
	ck_assert(variables_set(&f->variables, &f->arena, (struct variable){ .name = "IMAGE", .value = "r.test/shop@" DIGEST }));
	ck_assert(variables_set(&f->variables, &f->arena,
				(struct variable){ .name = "KEY", .value = "-----BEGIN PRIVATE KEY-----\nabc\n" }));
	scope_push(&f->scope, &f->variables);
	f->world = (struct stage_world){ .exists = supply_exists, .glob = supply_glob, .read = supply_read, .payload = f };
	f->view = (struct evidence_view){ .findings = supply_findings, .metric = supply_metric, .payload = f };
	ck_assert_msg(decoded_with(&f->text, type->uses.parameters, with), "the table does not take %s", with);
	f->job = (struct stage_job){ .arena = &f->arena,
				     .type = type,
				     .name = "job",
				     .with = f->text.root,
				     .at = { 1, 1, 0 },
				     .sources = &f->text.sources,
				     .scope = &f->scope,
				     .workspace = "/w",
				     .scratch = "/s",
				     .world = &f->world,
				     .totals = &f->totals,
				     .say = supply_say };
	f->rc = type->compile(&f->job, &f->err);
	f->job.view = &f->view;
}

SUPPLY_FIXTURE void supply_clear(struct supply *f)
{
	str_clear(&f->shown);
	arena_clear(&f->arena);
	decoded_clear(&f->text);
}

/* Steps, reports and outputs, a line each. */
SUPPLY_FIXTURE const char *supply_shown(struct supply *f)
{
	for (uint32_t i = 0; i < f->job.steps.count; i++) {
		const struct step *s = &f->job.steps.items[i];
		bool into = s->argv && !strcmp(s->argv[0], "sh"); /* what follows the script that goes before it is the command */
		str_printf(&f->shown, "%s", s->kind == STEP_ACTION ? "action" : into ? "sh" : "$");
		for (size_t k = into ? 4 : 0; s->argv && s->argv[k]; k++)
			str_printf(&f->shown, " %s", s->argv[k]);
		str_printf(&f->shown, "%s\n", s->may_fail ? " may-fail" : "");
	}
	for (uint32_t i = 0; i < f->job.reports.count; i++) {
		const struct stage_report *r = &f->job.reports.items[i];
		str_printf(&f->shown, "report %s %s%s%s%s%s\n", r->format->name, r->pattern ? r->pattern : "log",
			   r->directory ? " @" : "", r->directory ? r->directory : "", r->rendered ? " < " : "",
			   r->rendered ? r->rendered : "");
	}
	for (uint32_t i = 0; i < f->job.outputs.count; i++)
		str_printf(&f->shown, "output %s\n", f->job.outputs.items[i]);
	return f->shown.data;
}

struct supply_case {
	const struct stage_type *type;
	const char *with;
	const struct supply_file *files;
	const char *expected;
};

SUPPLY_FIXTURE void supply_makes(const struct supply_case *c)
{
	struct supply f;

	supply_compile(&f, c->type, c->with, c->files);
	ck_assert_msg(f.rc == PIPE_OK, "%s: %s", c->with, f.err.text);
	ck_assert_str_eq(supply_shown(&f), c->expected);
	supply_clear(&f);
}

/* It is refused, with these words and a place. */
SUPPLY_FIXTURE void supply_refuses(const struct supply_case *c)
{
	struct supply f;

	supply_compile(&f, c->type, c->with, c->files);
	ck_assert_msg(f.rc == PIPE_EPIPELINE || f.rc == PIPE_ENOTFOUND, "%s was taken", c->with);
	ck_assert_msg(strstr(f.err.text, c->expected), "%s: %s", c->with, f.err.text);
	ck_assert(f.rc != PIPE_EPIPELINE || f.err.line == 1);
	supply_clear(&f);
}

#endif
