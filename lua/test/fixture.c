/* The host that a fixture makes: the shape of its document, what the rows add up to, files, the clock, and what scripts put. */
#include "lua/test/fixture_parts.h"

#include "base/error.h"
#include "base/glob.h"

#include <stdlib.h>
#include <string.h>

/* ---- the shape of the document ---- */

/* An empty table of Lua is an empty list to JSON. */
static bool is_empty(const json_t *value)
{
	return json_is_null(value) || (json_is_array(value) && !json_array_size(value));
}

static int check_rows(const json_t *rows, const char *where, pipe_error *err)
{
	const char *name;
	json_t *list, *row;
	size_t i;

	if (!rows || is_empty(rows))
		return PIPE_OK;
	if (!json_is_object(rows))
		return error_set(err, PIPE_EUSAGE, "\"%s\" of the fixture is to be an object of lists", where);
	json_object_foreach((json_t *)rows, name, list)
	{
		bool known = false;

		for (int k = 0; k < LUA_ROWS_COUNT; k++)
			known = known || !strcmp(name, lua_rows_kinds[k].name);
		if (!known)
			return error_set(err, PIPE_EUSAGE, "the fixture has rows of \"%s\", which is no kind of evidence", name);
		if (!json_is_array(list))
			return error_set(err, PIPE_EUSAGE, "\"%s\" in \"%s\" of the fixture is to be a list", name, where);
		json_array_foreach(list, i, row) if (!json_is_object(row)) return error_set(
			err, PIPE_EUSAGE, "item %zu of \"%s\" in \"%s\" of the fixture is to be an object", i + 1, name, where);
	}
	return PIPE_OK;
}

static int check_members(const json_t *document, pipe_error *err)
{
	static const char *const objects[] = { "run", "job", "vars", "baseline", "files", "history", "totals", "ctx", NULL };
	json_t *version = json_object_get(document, "version");
	int rc = PIPE_OK;

	if (version && json_integer_value(version) != 1)
		return error_set(err, PIPE_EUSAGE, "the fixture's version is not 1: it was recorded by another pipe");
	for (size_t i = 0; objects[i]; i++) {
		const json_t *member = json_object_get(document, objects[i]);

		if (member && !json_is_object(member) && !is_empty(member))
			return error_set(err, PIPE_EUSAGE, "\"%s\" of the fixture is to be an object", objects[i]);
	}
	for (size_t i = 0; i < sizeof(fixture_sides) / sizeof(*fixture_sides) && !rc; i++)
		rc = check_rows(json_object_get(document, fixture_sides[i]), fixture_sides[i], err);
	return rc;
}

/* ---- the rest of the evidence ---- */

static int totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	static const char *const names[] = { [SIDE_JOB] = "job", [SIDE_RUN] = "run", [SIDE_BASELINE] = "baseline" };
	const struct fixture *f = payload;
	const json_t *beyond = json_object_get(json_object_get(f->document, "totals"), names[side]);

	(void)err;
	if (!beyond && side == SIDE_JOB && !json_object_get(f->document, fixture_sides[SIDE_JOB]))
		beyond = json_object_get(json_object_get(f->document, "totals"), "run");
	fixture_derive(fixture_rows(f, side, 0), out);
	fixture_totals_over(beyond, out);
	return PIPE_OK;
}

static int metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err)
{
	const json_t *list = json_object_get(fixture_rows(payload, side, 0), lua_rows_kinds[LUA_METRICS].name), *row;
	size_t i;

	(void)err;
	*value = 0;
	*found = false;
	json_array_foreach((json_t *)list, i, row)
	{
		const char *is = json_string_value(json_object_get(row, "name"));

		if (!is || strcmp(is, name) != 0)
			continue;
		*found = true;
		*value += json_number_value(json_object_get(row, "value"));
	}
	return PIPE_OK;
}

static int baseline(void *payload, int64_t *run, const char **branch, const char **why, pipe_error *err)
{
	const struct fixture *f = payload;
	const json_t *b = json_object_get(f->document, "baseline");
	const char *said = json_string_value(json_object_get(b, "why")), *of = json_string_value(json_object_get(b, "branch"));

	(void)err;
	*run = json_integer_value(json_object_get(b, "run"));
	*branch = of ? of : "main";
	*why = NULL;
	if (!*run && !said && json_object_get(f->document, fixture_sides[SIDE_BASELINE]))
		*run = 1;
	if (!*run)
		*why = said ? said : "the fixture has none";
	return PIPE_OK;
}

/* ---- files ---- */

static int read_file(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err)
{
	const struct fixture *f = payload;
	const json_t *file = json_object_get(json_object_get(f->document, "files"), path);

	if (!json_is_string(file))
		return error_set(err, PIPE_ENOTFOUND, "cannot read %s: the test's `files` do not have it", path);
	if (json_string_length(file) > limit)
		return error_set(err, PIPE_ELIMIT, "%s is longer than %zu bytes", path, limit);
	str_add(out, json_string_value(file), json_string_length(file));
	return out->failed ? error_nomem(err) : PIPE_OK;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int glob_files(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *path), void *each_payload,
		      pipe_error *err)
{
	const struct fixture *f = payload;
	json_t *files = json_object_get(f->document, "files"), *text;
	const char **paths = calloc(json_object_size(files) + 1, sizeof(*paths)), *path;
	size_t count = 0, given = 0;
	int rc = PIPE_OK;

	if (!paths)
		return error_nomem(err);
	json_object_foreach(files, path, text) if (json_is_string(text) && glob_match(pattern, path)) paths[count++] = path;
	qsort(paths, count, sizeof(*paths), by_text);
	for (; given < count && given < limit && !rc; given++)
		rc = each(each_payload, paths[given]);
	free(paths);
	return rc < 0 ? rc : PIPE_OK;
}

/* ---- what a script says ---- */

static int keep(json_t *list, json_t *item, pipe_error *err)
{
	return !item || json_array_append_new(list, item) ? error_nomem(err) : PIPE_OK;
}

static int put_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	const struct fixture *f = payload;

	return keep(f->metrics,
		    json_pack("{ss sf ss ss ss}", "name", m->name, "value", m->value, "unit", m->unit, "labels", m->labels,
			      "help", m->help),
		    err);
}

static int put_finding(void *payload, const struct evidence_finding *x, pipe_error *err)
{
	const struct fixture *f = payload;

	return keep(f->findings,
		    json_pack("{ss ss ss ss ss sI ss}", "kind", finding_kind_name((enum finding_kind)x->kind), "severity",
			      severity_name((enum severity)x->severity), "tool", x->tool, "rule", x->rule, "path", x->path,
			      "line", (json_int_t)x->line, "message", x->message),
		    err);
}

static int annotate(void *payload, const char *label, const char *text, const char *url, pipe_error *err)
{
	const struct fixture *f = payload;

	return keep(f->annotations, json_pack("{ss ss* ss*}", "label", label, "text", text, "url", url), err);
}

/* ---- all of it ---- */

static int64_t now(void *payload)
{
	return ((const struct fixture *)payload)->now_ms;
}

static const struct lua_host functions_of_host = { .now_ms = now,
						   .read = read_file,
						   .glob = glob_files,
						   .totals = totals,
						   .metric = metric,
						   .baseline = baseline,
						   .rows_open = fixture_rows_open,
						   .rows_next = fixture_rows_next,
						   .rows_close = fixture_rows_close,
						   .put_metric = put_metric,
						   .put_finding = put_finding,
						   .annotate = annotate };

/* When the clock stands: as recorded, else at the run's end, else some Friday. */
static int64_t first_now(const json_t *document)
{
	const json_t *run = json_object_get(document, "run"), *given = json_object_get(document, "now");
	const double started = json_number_value(json_object_get(run, "started"));
	const double lasted = json_number_value(json_object_get(run, "duration"));

	if (json_is_number(given))
		return (int64_t)(json_number_value(given) * 1000);
	return started > 0 ? (int64_t)((started + lasted) * 1000) : INT64_C(1767347100000);
}

int fixture_create(struct fixture **out, json_t *document, pipe_error *err)
{
	struct fixture *f;
	int rc;

	*out = NULL;
	if (!json_is_object(document))
		return error_set(err, PIPE_EUSAGE, "a fixture is to be an object");
	rc = check_members(document, err);
	if (rc)
		return rc;
	f = calloc(1, sizeof(*f));
	if (!f)
		return error_nomem(err);
	f->document = json_incref(document);
	f->host = functions_of_host;
	f->host.payload = f;
	f->now_ms = first_now(document);
	f->metrics = json_array();
	f->findings = json_array();
	f->annotations = json_array();
	if (!f->metrics || !f->findings || !f->annotations) {
		fixture_free(f);
		return error_nomem(err);
	}
	*out = f;
	return PIPE_OK;
}

void fixture_free(struct fixture *f)
{
	if (!f)
		return;
	json_decref(f->document);
	json_decref(f->metrics);
	json_decref(f->findings);
	json_decref(f->annotations);
	arena_clear(&f->arena);
	free(f);
}

const struct lua_host *fixture_host(const struct fixture *f)
{
	return &f->host;
}

void fixture_functions(struct fixture *f, const struct lua_host_function *functions)
{
	f->host.functions = functions;
}

void fixture_set_now(struct fixture *f, int64_t now_ms)
{
	f->now_ms = now_ms;
}

void fixture_advance(struct fixture *f, int64_t ms)
{
	f->now_ms += ms > 0 && f->now_ms < INT64_MAX / 2 ? ms : 0;
}

json_t *fixture_metrics(const struct fixture *f)
{
	return f->metrics;
}

json_t *fixture_findings(const struct fixture *f)
{
	return f->findings;
}

json_t *fixture_annotations(const struct fixture *f)
{
	return f->annotations;
}
