/* artifacts: what jobs left behind. */
#include "cli/cli.h"
#include "cli/output/table.h"
#include "cli/output/text.h"
#include "cli/output/when.h"
#include "cli/record.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const struct option artifacts_own[] = {
	{ "extract", 'x', OPTION_TEXT, FIELD(extract), "DIR", "unpack the files into DIR", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const artifacts_tables[] = { artifacts_own, NULL };

struct listing {
	struct cli *c;
	struct table table;
	struct json json;
	VEC(const char *) archives; /* to extract */
	bool failed;
};

static int add_json(void *payload, const pipe_artifact_record *a)
{
	record_artifact(&((struct listing *)payload)->json, a);
	return 0;
}

static int add_row(void *payload, const pipe_artifact_record *a)
{
	struct listing *l = payload;
	struct table_row *row = table_add(&l->table);
	char buffer[WHEN_SIZE];
	const char *cells[] = {
		table_text(&l->table, a->job),
		table_text(&l->table, a->kind),
		table_text(&l->table, a->name),
		table_format(&l->table, "%" PRIu32, a->files),
		table_text(&l->table, when_bytes(a->bytes, buffer)),
		a->expires_ms ? table_text(&l->table, when_full(a->expires_ms, buffer)) : "never",
		table_text(&l->table, a->path),
	};

	if (!row)
		return 1;
	memcpy(row->cell, cells, sizeof(cells));
	return 0;
}

static int add_archive(void *payload, const pipe_artifact_record *a)
{
	struct listing *l = payload;
	const char **slot;

	if (strcmp(a->kind, "archive"))
		return 0;
	slot = vec_push(&l->c->arena, &l->archives);
	if (slot)
		*slot = arena_strdup(&l->c->arena, a->path);
	l->failed = !slot || !*slot;
	return l->failed;
}

static bool make_directories(const char *path, struct arena *a)
{
	char *copy = arena_strdup(a, path);

	for (char *p = copy ? copy + 1 : NULL; p && *p; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(copy, 0777) && errno != EEXIST)
				return false;
			*p = '/';
		}
	return copy && (!mkdir(copy, 0777) || errno == EEXIST);
}

static int extract(struct listing *l, pipe_project *project)
{
	struct cli *c = l->c;
	pipe_error err = { 0 };

	if (!l->archives.count) {
		say(c, "there are no artifacts to extract");
		return EXIT_USAGE;
	}
	if (!make_directories(c->set.extract, &c->arena)) {
		say(c, "%s: %s", c->set.extract, strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	for (uint32_t i = 0; i < l->archives.count; i++)
		if (pipe_artifact_extract(project, l->archives.items[i], c->set.extract, &err))
			return say_error(c, &err), EXIT_ENVIRONMENT;
	if (!c->set.quiet)
		out_format(c->out, "%" PRIu32 " archive%s extracted into %s\n", l->archives.count,
			   l->archives.count == 1 ? "" : "s", c->set.extract);
	return EXIT_OK;
}

static int list_json(struct listing *l, pipe_project *project, int64_t run, const char *job, pipe_error *err)
{
	struct str s;
	int rc;

	str_init(&s);
	jsonw_init(&l->json, &s, true);
	jsonw_object(&l->json);
	jsonw_key(&l->json, "artifacts");
	jsonw_array(&l->json);
	rc = pipe_history_artifacts(project, run, job, add_json, l, err);
	jsonw_array_end(&l->json);
	jsonw_object_end(&l->json);
	str_addc(&s, '\n');
	if (!rc)
		out_str(l->c->out, &s);
	str_clear(&s);
	return rc;
}

static int list_text(struct listing *l, pipe_project *project, int64_t run, const char *job, pipe_error *err)
{
	static const char *const head[] = { "JOB", "KIND", "NAME", "FILES", "SIZE", "EXPIRES", "PATH" };
	struct str s;
	int rc;

	table_init(&l->table, &l->c->term, &l->c->arena, head, sizeof(head) / sizeof(*head));
	l->table.right = 1 << 3 | 1 << 4;
	rc = pipe_history_artifacts(project, run, job, add_row, l, err);
	if (rc)
		return rc;
	if (!l->table.rows.count) {
		say(l->c, "there are no artifacts");
		return PIPE_OK;
	}
	str_init(&s);
	table_write(&l->table, &s);
	out_str(l->c->out, &s);
	str_clear(&s);
	return PIPE_OK;
}

static int artifacts(struct cli *c)
{
	const struct words *args = &c->set.arguments;
	struct listing l = { .c = c };
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int64_t run = 0;
	size_t numbered = args->count && run_number(args->items[0], &run);
	const char *job = args->count > numbered ? args->items[numbered] : NULL;
	int status, rc;

	if (args->count == 2 && !numbered)
		return usage_error(c, "a run is a number or \"last\", not \"%s\"", args->items[0]);
	status = open_history(c, &project);
	if (status)
		return status;
	if (c->set.extract)
		rc = pipe_history_artifacts(project, run, job, add_archive, &l, &err);
	else
		rc = (is_json(c) ? list_json : list_text)(&l, project, run, job, &err);
	if (rc || l.failed)
		status = rc ? say_error(c, &err) : EXIT_ENVIRONMENT;
	else if (c->set.extract)
		status = extract(&l, project);
	pipe_project_free(project);
	return status;
}

const struct command command_artifacts = {
	"artifacts",
	"[RUN] [JOB]",
	"list what jobs left behind, or unpack it",
	"Without RUN, or with \"last\", the last run is meant.",
	"pipe artifacts\npipe artifacts 12 build --extract out/\n",
	artifacts_tables,
	0,
	2,
	artifacts,
	false,
};
