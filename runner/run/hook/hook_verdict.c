/* What the end of a hook's call means, and what is said of it. */
#include "base/error.h"
#include "runner/run/hook/hooks_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_MOST = 480 };

static const struct {
	const char *name;
	enum lua_on_error on_error; /* where nobody says */
} points[HOOK_POINT_COUNT] = {
	[HOOK_BEFORE_RUN] = { "before_run", LUA_ON_ERROR_FAIL },
	[HOOK_AFTER_RUN] = { "after_run", LUA_ON_ERROR_FAIL },
	[HOOK_GATE] = { "gate", LUA_ON_ERROR_FAIL },
	[HOOK_BEFORE_JOB] = { "before_job", LUA_ON_ERROR_FAIL },
	[HOOK_ON_FAILURE] = { "on_failure", LUA_ON_ERROR_WARN },
	[HOOK_AFTER_JOB] = { "after_job", LUA_ON_ERROR_FAIL },
	[HOOK_ON_EVENT] = { "on_event", LUA_ON_ERROR_WARN },
	[HOOK_NOTIFY] = { "notify", LUA_ON_ERROR_WARN },
};

/* How one call ended, as those who read of it want it. */
struct failure {
	struct str reason; /* a sentence */
	const char *file;
	uint32_t line;
	const char *traceback;
	bool refused; /* a gate said no: no fault of the script */
};

/* ---- what a gate says ---- */

static const char *text_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && *text ? text : NULL;
}

static void add_value(struct str *out, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		str_adds(out, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	str_adds(out, text ? text : "?");
	free(text);
}

/* { ok = false, subject = "licences", value = "GPL-3.0", bound = "only MIT", detail = "..." } as a sentence. */
static void add_refusal(struct str *out, const json_t *answer)
{
	const char *subject = text_member(answer, "subject"), *detail = text_member(answer, "detail");
	const json_t *value = json_object_get(answer, "value"), *bound = json_object_get(answer, "bound");
	size_t before;

	if (json_is_false(json_object_get(answer, "data")))
		str_adds(out, "no data");
	before = out->length;
	if (subject)
		str_printf(out, "%s%s", before ? ": " : "", subject);
	if (value) {
		str_adds(out, subject ? " is " : out->length ? ": " : "");
		add_value(out, value);
	}
	if (bound) {
		str_adds(out, value || subject ? " (bound: " : "bound: ");
		add_value(out, bound);
		str_adds(out, value || subject ? ")" : "");
	}
	if (detail)
		str_printf(out, "%s%s", out->length ? ": " : "", detail);
	if (!out->length)
		str_adds(out, "it says no");
}

/* false: the gate is open. */
static bool judge_gate(const struct lua_outcome *o, struct failure *f)
{
	const json_t *ok = json_is_object(o->value) ? json_object_get(o->value, "ok") : o->value;

	if (json_is_true(ok))
		return false;
	f->refused = json_is_false(ok);
	if (!f->refused)
		str_adds(&f->reason,
			 "a gate returns true, or false and a reason, or a table with `ok`; this one returned neither");
	else if (json_is_object(o->value))
		add_refusal(&f->reason, o->value);
	else if (json_is_string(o->second))
		str_adds(&f->reason, json_string_value(o->second));
	else
		str_adds(&f->reason, "it says no");
	return true;
}

/* false: it did not fail. */
static bool judge(const struct hook_caller *c, const struct lua_outcome *o, struct failure *f)
{
	if (o->end == LUA_DONE)
		return c->point == HOOK_GATE && judge_gate(o, f);
	if (o->end == LUA_CANCELLED && c->cancelled)
		return false; /* whoever cancelled knows */
	str_adds(&f->reason, o->reason && *o->reason ? o->reason : "it failed");
	f->file = o->file;
	f->line = o->line;
	f->traceback = o->end == LUA_FAILED ? NULL : o->traceback;
	f->refused = c->point == HOOK_GATE && o->end == LUA_FAILED;
	return true;
}

/* ---- what is said ---- */

const char *hook_point_name(enum hook_point point)
{
	return points[point].name;
}

void hook_warn(struct hook_caller *c, const char *text)
{
	struct pipe_run *s = c->p->session;

	hook_keep(c, "warning", hook_point_name(c->point), text, NULL);
	if (c->quiet && s->finishing) {
		session_log(s, "%s", text); /* the run's last event has been told */
		return;
	}
	s->quiet = c->quiet;
	notify_warning(c->p, c->x ? c->x->job : NULL, "%s", text);
	s->quiet = false;
}

/* A line of the hook of a run, which has no log of its own. */
static void say_line(struct hook_caller *c, const char *line, size_t length, bool keep)
{
	static const char warning[] = "warning: ";
	const bool warns = length > sizeof(warning) - 1 && !memcmp(line, warning, sizeof(warning) - 1);
	const size_t skip = warns ? sizeof(warning) - 1 : 0;
	struct pipe_run *s = c->p->session;
	struct str out;

	str_init(&out);
	str_printf(&out, "%s: ", points[c->point].name);
	if (warns)
		str_add(&out, line + skip, length - skip);
	else if (mask_text(s->mask, line, length, &out, NULL) != PIPE_OK)
		out.failed = true;
	if (!out.failed && warns) {
		hook_warn(c, out.data);
	} else if (!out.failed) {
		session_log(s, "%s", out.data);
		if (keep)
			hook_keep(c, "line", points[c->point].name, out.data, NULL);
	}
	str_clear(&out);
}

static void say(struct hook_caller *c, const char *text, size_t length, bool keep)
{
	pipe_error err;

	if (!length)
		return;
	if (c->x) {
		if (job_output_open(c->x, &err))
			session_fail(c->p->session, &err);
		else
			job_output_take(c->x, text, length);
		return;
	}
	while (length) {
		const char *end = memchr(text, '\n', length);
		size_t n = end ? (size_t)(end - text) : length;
		if (n)
			say_line(c, text, n, keep);
		n += end != NULL;
		text += n;
		length -= n;
	}
}

void hook_say(struct hook_caller *c, const char *text, size_t length)
{
	say(c, text, length, true);
}

void hook_show(struct hook_caller *c, const char *text, size_t length)
{
	say(c, text, length, false);
}

/* The line of the hook's own text that failed, with a caret under its beginning. */
static void show_source(const struct lua_text *code, const struct failure *f, struct str *out)
{
	const char *at = code->text, *end = code->text + code->length, *stop;
	size_t blank = 0;

	if (!f->file || strcmp(f->file, code->name) != 0 || f->line <= code->line)
		return;
	for (uint32_t line = code->line + 1; at && line < f->line; line++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	if (!at || at >= end)
		return;
	stop = memchr(at, '\n', (size_t)(end - at));
	stop = stop ? stop : end;
	while (at + blank < stop && (at[blank] == ' ' || at[blank] == '\t'))
		blank++;
	if (at + blank == stop)
		return;
	str_printf(out, "%6u | %.*s\n       | ^\n", f->line, (int)(stop - at - (ptrdiff_t)blank), at + blank);
}

/* All that helps to find the fault. */
static void say_details(struct hook_caller *c, const char *title, const struct failure *f)
{
	const struct lua_text *code = &c->hook->code;
	const struct sources *sources = &c->p->plan->sources;
	struct str out;

	str_init(&out);
	str_printf(&out, "%s: %s\n", title, f->reason.data);
	if (f->file && f->line)
		str_printf(&out, "  at %s:%u\n", f->file, f->line);
	show_source(code, f, &out);
	if (f->traceback && *f->traceback)
		str_printf(&out, "%s%s", f->traceback, f->traceback[strlen(f->traceback) - 1] == '\n' ? "" : "\n");
	if (code->at.line)
		str_printf(&out, "  called by %s:%u\n", sources_name(sources, code->at), code->at.line);
	if (!out.failed)
		hook_say(c, out.data, out.length);
	str_clear(&out);
}

/* `gate ".pipe/licences.lua"`, or where its text stands. */
static void add_title(const struct hook_caller *c, struct str *out)
{
	const struct lua_text *code = &c->hook->code;

	if (code->path)
		str_printf(out, "%s \"%s\"", points[c->point].name, code->path);
	else
		str_printf(out, "%s \"%s:%u\"", points[c->point].name, sources_name(&c->p->plan->sources, code->at),
			   code->at.line);
}

/* ---- the verdict ---- */

/* A gate that says no is no error: only its own on_error makes a warning of that. */
static enum lua_on_error on_error_of(const struct hook_caller *c, const struct failure *f)
{
	const struct lua_settings *settings = c->p->plan->pipeline->lua;

	if (c->point == HOOK_NOTIFY)
		return LUA_ON_ERROR_WARN;
	if (c->hook->on_error != LUA_ON_ERROR_DEFAULT)
		return c->hook->on_error;
	if (!f->refused && settings && settings->on_error != LUA_ON_ERROR_DEFAULT)
		return settings->on_error;
	return points[c->point].on_error;
}

static bool settle(struct hook_caller *c, struct failure *f)
{
	bool fails = on_error_of(c, f) == LUA_ON_ERROR_FAIL, has_log = c->x != NULL;
	struct str text;

	str_init(&text);
	add_title(c, &text);
	if (has_log && (f->file || f->traceback))
		say_details(c, text.data, f);
	str_printf(&text, ": %.*s", REASON_MOST, f->reason.data);
	if (f->file && f->line && (c->hook->code.path || f->line != c->hook->code.at.line))
		str_printf(&text, " (%s:%u)", f->file, f->line);
	if (!fails || !has_log)
		hook_warn(c, text.failed ? "a hook failed" : text.data);
	if (!has_log && f->traceback)
		hook_say(c, f->traceback, strlen(f->traceback));
	if (fails && !c->failure) {
		c->failure = text.failed ? NULL : arena_strndup(c->arena, text.data, text.length);
		if (!c->failure)
			c->failure = "a hook failed";
	}
	str_clear(&text);
	return fails;
}

bool hook_judge(struct hook_caller *c, const struct lua_outcome *outcome)
{
	struct failure f = { .file = NULL };
	bool fails;

	str_init(&f.reason);
	fails = judge(c, outcome, &f) && settle(c, &f);
	str_clear(&f.reason);
	return fails;
}

bool hook_judge_error(struct hook_caller *c, const pipe_error *err)
{
	struct failure f = { .file = NULL };
	bool fails;

	str_init(&f.reason);
	str_adds(&f.reason, err->text);
	fails = settle(c, &f);
	str_clear(&f.reason);
	return fails;
}
