/*
 * evaluate(ctx) of a stage type of a team's own.  It may wait, and sees the evidence of the run: so it is a step of its own, which comes when
 * the others are done and their reports have been read; what it answered becomes the verdict.
 */
#include "base/error.h"
#include "base/utf8.h"
#include "lua/stage/inside.h"
#include "stages/lua_answer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MOST = 500, ROWS_MOST = 1000 };

/* ---- the step ---- */

static const char *title_of(const struct step *s)
{
	if (s->title)
		return s->title;
	if (s->argv)
		return s->argv[0];
	return s->script ? s->script : "";
}

static const char *state_of(const struct step *s)
{
	static const char *const ends[] = { [STEP_OK] = "success",
					    [STEP_FAILED] = "failed",
					    [STEP_TIMED_OUT] = "timed_out",
					    [STEP_CANCELLED] = "cancelled",
					    [STEP_SYSTEM] = "system" };

	return s->state == STEP_DONE ? ends[s->end] : s->state == STEP_SKIPPED ? "skipped" : "pending";
}

static json_t *step_as_json(const struct step *s)
{
	json_t *one = json_pack("{s:s, s:s, s:f}", "title", title_of(s), "state", state_of(s), "duration",
				(double)s->duration_ms / 1000.0);

	if (one && s->state == STEP_DONE && s->exit_code >= 0 &&
	    json_object_set_new(one, "exit_code", json_integer(s->exit_code)))
		goto fail;
	if (one && s->reason && json_object_set_new(one, "reason", json_string(s->reason)))
		goto fail;
	return one;
fail:
	json_decref(one);
	return NULL;
}

/* ctx.steps, as JSON in the job's arena.  NULL: no memory. */
static const char *steps_as_json(struct stage_job *job)
{
	json_t *list = json_array(), *extra = json_pack("{s:o}", "steps", list);
	char *text = NULL;
	const char *copy = NULL;

	for (uint32_t i = 0; extra && i < job->steps.count; i++) {
		json_t *one = step_as_json(&job->steps.items[i]);

		if (!one || json_array_append_new(list, one))
			goto done;
	}
	text = extra ? json_dumps(extra, JSON_COMPACT) : NULL;
	copy = text ? arena_strdup(job->arena, text) : NULL;
done:
	free(text);
	json_decref(extra);
	return copy;
}

int lua_stage_react(struct stage_job *job, pipe_error *err)
{
	const struct lua_type *type = lua_type_of_job(job);
	struct lua_job *own = job->own;
	struct action_lua *call;
	struct stage_action *action;
	struct step *s;

	if (!own || own->step != UINT32_MAX)
		return PIPE_OK;
	call = ARENA_NEW(job->arena, struct action_lua);
	action = ARENA_NEW(job->arena, struct stage_action);
	if (!call || !action)
		return error_nomem(err);
	*call = (struct action_lua){ .code = &type->text,
				     .member = "evaluate",
				     .point = "evaluate",
				     .with = own->with,
				     .scope = job->scope,
				     .extra = steps_as_json(job) };
	*action = (struct stage_action){ ACTION_LUA, call };
	own->step = job->steps.count;
	s = call->extra ? stage_step(job, STEP_ACTION) : NULL;
	if (!s)
		return error_nomem(err);
	s->action = action;
	s->title = "evaluate";
	s->quiet = s->may_fail = true;
	return PIPE_OK;
}

/* ---- the verdict ---- */

/* On one line, and bounded. */
static const char *shown(struct stage_job *job, const char *text)
{
	size_t length = strlen(text), n = utf8_valid(text, length < SHOWN_MOST ? length : SHOWN_MOST);
	char *copy = arena_printf(job->arena, "%.*s%s", (int)n, text, n < length ? "..." : "");

	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return copy;
}

static bool shown_member(struct stage_job *job, struct reading_value *r, const json_t *from, const char *what, const char *name,
			 const char **out)
{
	const char *text = NULL;

	if (!value_text(r, from, what, name, &text))
		return false;
	if (!text)
		return true;
	*out = shown(job, text);
	return *out || value_nomem(r);
}

static const char *const row_verdicts[] = { "pass",
					    "warn",
					    "fail",
					    "no data",
					    "no data: ok",
					    "no data: warn",
					    "no baseline",
					    "no baseline: fail",
					    "no baseline: warn",
					    NULL };

static bool take_condition(struct stage_job *job, const json_t *one, const char *what, struct reading_value *r)
{
	static const char *const members[] = { "subject", "value", "bound", "verdict", "detail", NULL };
	struct stage_condition *row = stage_condition(job);
	const char *verdict = NULL;

	if (!row)
		return value_nomem(r);
	*row = (struct stage_condition){ .subject = "", .value = "-", .bound = "", .verdict = "pass", .detail = "" };
	if (!value_is_table(one))
		return value_wrong(r, "%s must be a table; it is %s", what, value_describe(one));
	if (!value_members(r, one, what, members) || !shown_member(job, r, one, what, "subject", &row->subject) ||
	    !shown_member(job, r, one, what, "value", &row->value) || !shown_member(job, r, one, what, "bound", &row->bound) ||
	    !shown_member(job, r, one, what, "detail", &row->detail) || !value_text(r, one, what, "verdict", &verdict))
		return false;
	for (size_t i = 0; verdict && row_verdicts[i]; i++)
		if (!strcmp(row_verdicts[i], verdict)) {
			row->verdict = row_verdicts[i];
			return true;
		}
	return value_wrong(r, "%s.verdict must be \"pass\", \"warn\" or \"fail\"%s", what,
			   verdict ? value_nearest(r->arena, verdict, row_verdicts) : "");
}

static bool take_conditions(struct stage_job *job, const json_t *list, struct reading_value *r)
{
	if (list && !json_is_array(list))
		return value_wrong(r, "conditions must be a list; it is %s", value_describe(list));
	if (json_array_size(list) > ROWS_MOST)
		return value_wrong(r, "more than %d conditions", (int)ROWS_MOST);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *what = arena_printf(r->arena, "conditions[%zu]", i + 1);

		if (!what)
			return value_nomem(r);
		if (!take_condition(job, json_array_get(list, i), what, r))
			return false;
	}
	return true;
}

static bool take_exports(struct stage_job *job, const json_t *result, struct reading_value *r)
{
	const char *const *pairs = NULL;

	if (!value_pairs(r, result, "what evaluate returns", "exports", &pairs))
		return false;
	for (; pairs && *pairs; pairs++) {
		const char **slot = vec_push(job->arena, &job->exports);

		if (!slot)
			return value_nomem(r);
		if (strchr(*pairs, '\n'))
			return value_wrong(r, "exports: a value must be on one line (%.60s)", *pairs);
		*slot = *pairs;
	}
	return true;
}

/* The worst of the conditions, where the script says no verdict. */
static enum stage_verdict worst_row(const struct stage_job *job)
{
	enum stage_verdict worst = VERDICT_PASS;

	for (uint32_t i = 0; i < job->conditions.count; i++) {
		const char *verdict = job->conditions.items[i].verdict;

		if (!strcmp(verdict, "fail") || !strcmp(verdict, "no data") || !strcmp(verdict, "no baseline: fail"))
			return VERDICT_FAIL;
		if (strstr(verdict, "warn"))
			worst = VERDICT_WARN;
	}
	return worst;
}

static bool take_verdict(struct stage_job *job, const json_t *result, struct reading_value *r)
{
	static const char *const names[] = { [VERDICT_PASS] = "pass", [VERDICT_WARN] = "warn", [VERDICT_FAIL] = "fail", NULL };
	const char *name = NULL;

	if (!value_text(r, result, "what evaluate returns", "verdict", &name))
		return false;
	job->verdict = worst_row(job);
	if (!name && !json_object_get(result, "conditions"))
		return value_wrong(r, "what evaluate returns needs a verdict (\"pass\", \"warn\" or \"fail\"), or conditions");
	for (int i = VERDICT_PASS; name && i <= VERDICT_FAIL; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		job->verdict = (enum stage_verdict)i;
		return true;
	}
	return !name || value_wrong(r, "verdict must be \"pass\", \"warn\" or \"fail\"; it is \"%.60s\"%s", name,
				    value_nearest(r->arena, name, names));
}

static bool take_table(struct stage_job *job, const json_t *result, struct reading_value *r)
{
	static const char *const members[] = { "verdict", "reason", "conditions", "exports", NULL };
	const char *reason = NULL;

	if (!value_members(r, result, "what evaluate returns", members) ||
	    !take_conditions(job, json_object_get(result, "conditions"), r) || !take_verdict(job, result, r) ||
	    !shown_member(job, r, result, "what evaluate returns", "reason", &reason) || !take_exports(job, result, r))
		return false;
	if (job->verdict != VERDICT_PASS)
		job->reason = reason ? reason : "its evaluate() gives no reason";
	return true;
}

static bool take_value(struct stage_job *job, const json_t *answer, struct reading_value *r)
{
	const json_t *value = json_object_get(answer, "value"), *second = json_object_get(answer, "second");
	const char *reason = json_is_string(second) ? shown(job, json_string_value(second)) : NULL;

	if (value_is_table(value))
		return take_table(job, value, r);
	if (!json_is_boolean(value))
		return value_wrong(r,
				   "evaluate must return true, or false and a reason, or a table with a verdict; it returned %s",
				   value_describe(value));
	job->verdict = json_is_true(value) ? VERDICT_PASS : VERDICT_FAIL;
	if (job->verdict == VERDICT_FAIL)
		job->reason = reason ? reason : "its evaluate() says no, and gives no reason";
	return true;
}

/* How evaluate ended, where it did not return.  pipe.fail and error() are a verdict; a fault of the script is an error of the job. */
static bool take_end(struct stage_job *job, const json_t *answer, const char *end, struct reading_value *r)
{
	const char *reason = json_string_value(json_object_get(answer, "reason"));
	const json_int_t line = json_integer_value(json_object_get(answer, "line"));
	const char *file = json_string_value(json_object_get(answer, "file"));

	if (!end || strcmp(end, "failed") != 0) {
		r->file = file ? file : r->file;
		r->line = file && line > 0 && line < UINT32_MAX ? (uint32_t)line : r->line;
		return value_wrong(r, "%s", reason ? reason : "evaluate gave no answer");
	}
	job->verdict = VERDICT_FAIL;
	job->reason = shown(job, reason ? reason : "its evaluate() failed");
	return job->reason || value_nomem(r);
}

int lua_stage_evaluate(struct stage_job *job, pipe_error *err)
{
	const struct lua_type *type = lua_type_of_job(job);
	const struct lua_job *own = job->own;
	const struct step *s = own && own->step < job->steps.count ? &job->steps.items[own->step] : NULL;
	struct reading_value r = { .arena = job->arena, .file = type->source->name, .line = type->evaluate_line, .err = err };
	json_t *answer;
	const char *end;

	if (!s || s->state != STEP_DONE) {
		stage_judge_steps(job); /* it never came to that: the job was cancelled, or its time was over */
		return PIPE_OK;
	}
	if (s->end != STEP_OK) {
		value_wrong(&r, "evaluate could not be called: %s", s->reason ? s->reason : "it gave no reason");
		return r.code;
	}
	answer = json_loads(s->answer ? s->answer : "", 0, NULL);
	r.code = lua_answer_keep(job, answer, err);
	end = json_string_value(json_object_get(answer, "end"));
	if (r.code == PIPE_OK && end && !strcmp(end, "done"))
		take_value(job, answer, &r);
	else if (r.code == PIPE_OK)
		take_end(job, answer, end, &r);
	json_decref(answer);
	return r.code;
}
