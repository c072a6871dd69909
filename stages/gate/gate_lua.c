/*
 * Conditions of a gate that a script judges.  Their steps come when the job's own reports have been read, so that a script sees the same
 * evidence as the conditions of the table; what it answers becomes a row as theirs are.  A script that cannot answer (a fault, a limit,
 * a refusal) counts as a condition that does not hold: no data is an answer, no answer is none.
 */
#include "base/error.h"
#include "base/utf8.h"
#include "pipeline/limits.h"
#include "pipeline/model.h"
#include "stages/gate/gate.h"
#include "stages/lua_answer.h"
#include "stages/parameter.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { SHOWN_MOST = 500 };

/* ---- parameters ---- */

static const char *subject_of(struct stage_job *job, const struct gate_script *s, uint32_t number)
{
	const char *path = s->code ? s->code->path : NULL;

	if (path)
		return path;
	return number ? arena_printf(job->arena, "Lua condition %u", number + 1) : "Lua condition";
}

static int read_map(struct stage_job *job, const struct node *map, struct gate_script *s, pipe_error *err)
{
	const char *missing = NULL, *mode = NULL;
	int rc = parameter_text_in(job, map, "name", &s->subject, err);

	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "missing", &missing, err);
	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "mode", &mode, err);
	if (missing)
		s->missing_ok = !strcmp(missing, "ok");
	s->warn = mode && !strcmp(mode, "warn");
	s->with = node_get(map, "with");
	if (node_is_null(s->with))
		s->with = NULL;
	return rc;
}

static int add_script(struct stage_job *job, const struct node *n, pipe_error *err)
{
	struct gate *g = job->own;
	struct gate_script *s = vec_push(job->arena, &g->scripts);
	int rc = PIPE_OK;

	if (!s)
		return error_nomem(err);
	*s = (struct gate_script){ .at = n, .missing_ok = g->missing_ok };
	s->code = job->lua_texts ? lua_text_of(job->lua_texts, n) : NULL;
	if (n->kind == NODE_MAP)
		rc = read_map(job, n, s, err);
	if (rc == PIPE_OK && (!s->subject || !*s->subject))
		s->subject = subject_of(job, s, g->scripts.count - 1);
	return rc || s->subject ? rc : error_nomem(err);
}

/* Lists in lists are one list. */
static int add_scripts(struct stage_job *job, const struct node *n, unsigned depth, pipe_error *err)
{
	int rc = PIPE_OK;

	if (node_is_null(n))
		return PIPE_OK;
	if (n->kind != NODE_LIST)
		return add_script(job, n, err);
	if (!depth)
		return parameter_wrong(job, n, err, "\"lua\" has lists more than %d deep in each other", LIMIT_SCRIPT_DEPTH);
	for (uint32_t i = 0; rc == PIPE_OK && i < n->count; i++)
		rc = add_scripts(job, n->items[i], depth - 1, err);
	return rc;
}

int gate_lua_compile(struct stage_job *job, pipe_error *err)
{
	const struct node *value = parameter_node(job, "lua");

	return value ? add_scripts(job, value, LIMIT_SCRIPT_DEPTH, err) : PIPE_OK;
}

/* ---- steps ---- */

static int add_step(struct stage_job *job, struct gate_script *condition, pipe_error *err)
{
	struct action_lua *call = ARENA_NEW(job->arena, struct action_lua);
	struct stage_action *action = ARENA_NEW(job->arena, struct stage_action);
	struct step *s;

	if (!condition->code)
		return parameter_wrong(job, condition->at, err, "the Lua of the condition \"%.100s\" is not there",
				       condition->subject);
	condition->step = job->steps.count;
	s = stage_step(job, STEP_ACTION);
	if (!call || !action || !s)
		return error_nomem(err);
	*call = (struct action_lua){ .code = condition->code, .point = "gate", .with = condition->with, .scope = job->scope };
	*action = (struct stage_action){ ACTION_LUA, call };
	s->action = action;
	s->title = condition->subject;
	s->quiet = s->may_fail = true;
	return PIPE_OK;
}

int gate_lua_react(struct stage_job *job, pipe_error *err)
{
	struct gate *g = job->own;
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && job->round == 0 && i < g->scripts.count; i++)
		rc = add_step(job, &g->scripts.items[i], err);
	return rc;
}

/* ---- answers ---- */

/* On one line, and bounded: what a script says is shown in a table.  NULL: no memory. */
static const char *shown(struct stage_job *job, const char *text)
{
	size_t length = strlen(text), n = length < SHOWN_MOST ? length : SHOWN_MOST;
	char *copy;

	n = utf8_valid(text, n);
	copy = arena_printf(job->arena, "%.*s%s", (int)n, text, n < length ? "..." : "");
	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return copy;
}

/* A value as it is shown; NULL: it is nothing that can be, or no memory. */
static const char *text_of(struct stage_job *job, const json_t *value)
{
	if (json_is_string(value))
		return shown(job, json_string_value(value));
	if (json_is_integer(value))
		return arena_printf(job->arena, "%lld", (long long)json_integer_value(value));
	if (json_is_real(value))
		return arena_printf(job->arena, "%.6g", json_real_value(value));
	return json_is_boolean(value) ? (json_is_true(value) ? "true" : "false") : NULL;
}

static const char *name_of_type(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "a table", [JSON_ARRAY] = "a list", [JSON_STRING] = "a text", [JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",  [JSON_TRUE] = "true",    [JSON_FALSE] = "false",   [JSON_NULL] = "null"
	};

	return value ? names[json_typeof(value)] : "nil";
}

/* There is no answer, whatever the reason: the condition does not hold. */
static int settle_none(struct stage_job *job, const struct gate_script *s, struct stage_condition *row, const char *value,
		       const char *why, pipe_error *err)
{
	row->value = value;
	row->detail = shown(job, why);
	if (!row->detail)
		return error_nomem(err);
	gate_settle(job, row, DATA_VALUE, true, s->warn);
	return PIPE_OK;
}

static int settle_wrong(struct stage_job *job, const struct gate_script *s, struct stage_condition *row, const char *what,
			pipe_error *err)
{
	const char *why = arena_printf(job->arena,
				       "it returned %s; a condition returns true, or false and a reason, or a table "
				       "with \"ok\"",
				       what);

	return why ? settle_none(job, s, row, "error", why, err) : error_nomem(err);
}

/* One member of a table answer, where it is given. */
static bool read_member(struct stage_job *job, const json_t *table, const char *name, const char **out)
{
	const json_t *value = json_object_get(table, name);
	const char *text = value && !json_is_null(value) ? text_of(job, value) : NULL;

	if (text)
		*out = text;
	return text || !value || json_is_null(value);
}

static int settle_table(struct stage_job *job, const struct gate_script *s, struct stage_condition *row, const json_t *table,
			pipe_error *err)
{
	static const struct {
		const char *name;
		size_t offset;
	} members[] = { { "subject", offsetof(struct stage_condition, subject) },
			{ "value", offsetof(struct stage_condition, value) },
			{ "bound", offsetof(struct stage_condition, bound) },
			{ "detail", offsetof(struct stage_condition, detail) } };
	const json_t *ok = json_object_get(table, "ok"), *data = json_object_get(table, "data");
	const bool none = json_is_false(data);

	if (!json_is_boolean(ok) && !none)
		return settle_wrong(job, s, row, ok ? "a table whose \"ok\" is neither true nor false" : "a table without \"ok\"",
				    err);
	row->value = none ? "-" : json_is_true(ok) ? "true" : "false";
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!read_member(job, table, members[i].name, (const char **)(void *)((char *)row + members[i].offset)))
			return settle_wrong(job, s, row, "a table that holds more than texts and numbers", err);
	if (none)
		gate_settle(job, row, DATA_NONE, !s->missing_ok, s->warn);
	else
		gate_settle(job, row, DATA_VALUE, !json_is_true(ok), s->warn);
	return PIPE_OK;
}

static int settle_done(struct stage_job *job, const struct gate_script *s, struct stage_condition *row, const json_t *answer,
		       pipe_error *err)
{
	const json_t *value = json_object_get(answer, "value"), *second = json_object_get(answer, "second");
	const char *reason = second ? text_of(job, second) : NULL;
	const char *unfit = json_string_value(json_object_get(answer, "unfit")); /* a function, or the like */

	if (json_is_object(value))
		return settle_table(job, s, row, value, err);
	if (!json_is_boolean(value))
		return settle_wrong(job, s, row, unfit ? unfit : name_of_type(value), err);
	row->value = json_is_true(value) ? "true" : "false";
	if (reason)
		row->detail = reason;
	gate_settle(job, row, DATA_VALUE, !json_is_true(value), s->warn);
	return PIPE_OK;
}

/* "gates/licences.lua:3: attempt to index a nil value" */
static int settle_end(struct stage_job *job, const struct gate_script *s, struct stage_condition *row, const json_t *answer,
		      const char *end, pipe_error *err)
{
	const char *file = json_string_value(json_object_get(answer, "file"));
	const char *reason = json_string_value(json_object_get(answer, "reason"));
	const long long line = (long long)json_integer_value(json_object_get(answer, "line"));
	const char *why = reason ? reason : "it gives no reason";

	if (!strcmp(end, "failed"))
		return settle_none(job, s, row, "failed", why, err);
	if (file && line > 0)
		why = arena_printf(job->arena, "%s:%lld: %s", file, line, why);
	return why ? settle_none(job, s, row, "error", why, err) : error_nomem(err);
}

/* ---- what the script put ---- */

static const char *text_in(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int keep_metric(struct stage_job *job, const json_t *one, pipe_error *err)
{
	const json_t *value = json_object_get(one, "value");
	const struct evidence_metric m = { .name = text_in(one, "name"),
					   .labels = text_in(one, "labels"),
					   .value = json_is_number(value) ? json_number_value(value) : NAN,
					   .unit = text_in(one, "unit"),
					   .help = text_in(one, "help") };

	return *m.name ? sink_metric(job->sink, &m, err) : PIPE_OK;
}

static int keep_finding(struct stage_job *job, const json_t *one, pipe_error *err)
{
	enum finding_kind kind = FINDING_ISSUE;
	enum severity severity = SEVERITY_UNKNOWN;
	const json_int_t line = json_integer_value(json_object_get(one, "line"));
	struct evidence_finding f = { .tool = text_in(one, "tool"),
				      .rule = text_in(one, "rule"),
				      .path = text_in(one, "path"),
				      .line = line > 0 && line < UINT32_MAX ? (uint32_t)line : 0,
				      .message = text_in(one, "message"),
				      .fingerprint = "",
				      .package = "",
				      .installed = "",
				      .fixed = "",
				      .url = "" };

	finding_kind_from(text_in(one, "kind"), &kind);
	severity_from(text_in(one, "severity"), &severity);
	f.kind = (uint8_t)kind;
	f.severity = (uint8_t)severity;
	return sink_finding(job->sink, &f, err);
}

static int keep_all(struct stage_job *job, const json_t *list, int (*keep)(struct stage_job *, const json_t *, pipe_error *),
		    pipe_error *err)
{
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && job->sink && i < json_array_size(list); i++)
		rc = keep(job, json_array_get(list, i), err);
	return rc;
}

int lua_answer_keep(struct stage_job *job, const json_t *answer, pipe_error *err)
{
	int rc = keep_all(job, json_object_get(answer, "metrics"), keep_metric, err);

	return rc ? rc : keep_all(job, json_object_get(answer, "findings"), keep_finding, err);
}

/* ---- one after the other ---- */

static int judge_answer(struct stage_job *job, const struct gate_script *s, struct stage_condition *row, const json_t *answer,
			pipe_error *err)
{
	const char *end = json_string_value(json_object_get(answer, "end"));
	int rc = lua_answer_keep(job, answer, err);

	if (rc)
		return rc;
	if (!end)
		return settle_none(job, s, row, "error", "how the script ended is not known", err);
	return strcmp(end, "done") ? settle_end(job, s, row, answer, end, err) : settle_done(job, s, row, answer, err);
}

static int judge_script(struct stage_job *job, const struct gate_script *s, pipe_error *err)
{
	const struct step *step = s->step < job->steps.count ? &job->steps.items[s->step] : NULL;
	struct stage_condition *row = stage_condition(job);
	json_t *answer = NULL;
	int rc;

	if (!row)
		return error_nomem(err);
	*row = (struct stage_condition){ .subject = shown(job, s->subject), .value = "-", .bound = "", .detail = "" };
	if (!row->subject)
		return error_nomem(err);
	if (!step || step->state != STEP_DONE || step->end != STEP_OK)
		return settle_none(job, s, row, "error", step && step->reason ? step->reason : "it was not called", err);
	answer = json_loads(step->answer ? step->answer : "", 0, NULL);
	rc = judge_answer(job, s, row, answer, err);
	json_decref(answer);
	return rc;
}

int gate_lua_judge(struct stage_job *job, pipe_error *err)
{
	const struct gate *g = job->own;
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < g->scripts.count; i++)
		rc = judge_script(job, &g->scripts.items[i], err);
	return rc;
}
