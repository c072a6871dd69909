/* A script, called on the action's thread: what it says goes to the job's log, how it ended into the answer. */
#include "base/error.h"
#include "runner/action/action.h"
#include "runner/lua/host/host.h"
#include "runner/lua/wait/block.h"
#include "runner/plan/plan_lua.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct script {
	const struct action_lua *a;
	struct action_context *context;
	json_t *metrics, *findings; /* what it put */
	json_t *extra;
	struct run_host *host;
	struct lua_call *call;
};

/* ---- what it says ---- */

static void say_lines(struct action_context *c, const char *text, size_t length)
{
	while (length) {
		const char *end = memchr(text, '\n', length);
		const size_t n = end ? (size_t)(end - text) : length;
		char *line = strndup(text, n);

		if (line)
			c->say(c->payload, line);
		free(line);
		text += n + (end != NULL);
		length -= n + (end != NULL);
	}
}

static void said(void *payload, const char *text, size_t length)
{
	say_lines(((struct script *)payload)->context, text, length);
}

static int annotate(void *payload, const char *label, const char *text, const char *url, pipe_error *err)
{
	struct action_context *c = ((struct script *)payload)->context;
	struct str line;
	int rc;

	str_init(&line);
	str_adds(&line, label);
	if (text && *text)
		str_printf(&line, ": %s", text);
	if (url && *url)
		str_printf(&line, " <%s>", url);
	rc = line.failed ? error_nomem(err) : PIPE_OK;
	if (!rc)
		say_lines(c, line.data, line.length);
	str_clear(&line);
	return rc;
}

/* Takes what was packed; NULL: no memory. */
static int keep(json_t *list, json_t *one, pipe_error *err)
{
	return one && !json_array_append_new(list, one) ? PIPE_OK : error_nomem(err);
}

static int put_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	struct script *s = payload;

	return keep(s->metrics,
		    json_pack("{s:s, s:s, s:o, s:s, s:s}", "name", m->name, "labels", m->labels ? m->labels : "", "value",
			      isfinite(m->value) ? json_real(m->value) : json_null(), "unit", m->unit ? m->unit : "", "help",
			      m->help ? m->help : ""),
		    err);
}

static int put_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	struct script *s = payload;

	return keep(s->findings,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "kind", finding_kind_name((enum finding_kind)f->kind),
			      "severity", severity_name((enum severity)f->severity), "tool", f->tool ? f->tool : "", "rule",
			      f->rule ? f->rule : "", "path", f->path ? f->path : "", "line", (json_int_t)f->line, "message",
			      f->message ? f->message : ""),
		    err);
}

/* ---- the answer ---- */

static const char *const ends[] = {
	[LUA_DONE] = "done", [LUA_FAILED] = "failed", [LUA_BROKEN] = "broken", [LUA_OVER] = "over", [LUA_REFUSED] = "refused"
};

static bool set_text(json_t *object, const char *name, const char *text)
{
	return !text || !json_object_set_new(object, name, json_string(text));
}

static bool set_value(json_t *object, const char *name, json_t *value)
{
	return !value || !json_object_set(object, name, value);
}

static int answer(struct script *s, const struct lua_outcome *o, pipe_error *err)
{
	json_t *out = json_pack("{s:s, s:I, s:O, s:O}", "end", ends[o->end], "line", (json_int_t)o->line, "metrics", s->metrics,
				"findings", s->findings);
	char *text = NULL;

	if (out && set_value(out, "value", o->value) && set_value(out, "second", o->second) &&
	    set_text(out, "reason", o->reason) && set_text(out, "file", o->file) && set_text(out, "unfit", o->unfit))
		text = json_dumps(out, JSON_COMPACT);
	s->context->answer = text ? arena_strdup(s->context->arena, text) : NULL;
	free(text);
	json_decref(out);
	return s->context->answer ? PIPE_OK : error_nomem(err);
}

/* A fault of the script, for whoever has to mend it; what it failed with on purpose, its caller says. */
static void say_fault(struct script *s, const struct lua_outcome *o)
{
	pipe_error what;
	struct str line;

	if (o->end == LUA_DONE || o->end == LUA_FAILED)
		return;
	lua_outcome_error(o, &what);
	str_init(&line);
	if (*what.file && what.line)
		str_printf(&line, "%s:%u: ", what.file, what.line);
	str_adds(&line, what.text);
	say_lines(s->context, line.data, line.length);
	str_clear(&line);
	if (o->traceback)
		say_lines(s->context, o->traceback, strlen(o->traceback));
}

/* ---- the call ---- */

static int make_host(struct script *s, const struct evidence_sink *sink, pipe_error *err)
{
	const struct action_context *c = s->context;
	const struct run_host_options o = { .state_directory = c->state_directory,
					    .project_directory = c->project_directory,
					    .workspace = c->workspace,
					    .grants = plan_lua_grants(c->scripts->lua),
					    .run = c->run,
					    .job = c->job,
					    .base = c->scripts->base,
					    .plan = c->scripts->plan,
					    .baseline = c->scripts->baseline,
					    .sink = sink,
					    .annotate = annotate,
					    .fresh = c->scripts->fresh,
					    .session = c->scripts->session,
					    .payload = s,
					    .functions = c->scripts->functions };

	return run_host_create(&s->host, &o, err);
}

static int call(struct script *s, pipe_error *err)
{
	const struct action_context *c = s->context;
	struct plan_lua *lua = c->scripts->lua;
	const struct lua_context context = { .point = s->a->point,
					     .run = c->scripts->run,
					     .job = c->scripts->job,
					     .scope = s->a->scope,
					     .with = s->a->with,
					     .extra = s->extra };
	const struct lua_block_options o = { .call = { .engine = plan_lua_engine(lua),
						       .source = plan_lua_source(lua, s->a->code, err),
						       .member = s->a->member,
						       .context = &context,
						       .host = run_host(s->host),
						       .grants = plan_lua_grants(lua),
						       .limits = plan_lua_limits(lua) },
					     .place = { .workspace = c->workspace, .envp = c->envp },
					     .cancel = c->cancel,
					     .said = said,
					     .payload = s };
	const struct lua_outcome *outcome;
	int rc = o.call.source ? lua_block_run(&s->call, &o, err) : (int)err->code;

	if (rc)
		return rc;
	outcome = lua_call_outcome(s->call);
	if (outcome->end == LUA_CANCELLED)
		return error_set(err, PIPE_EUSAGE, "cancelled");
	say_fault(s, outcome);
	return answer(s, outcome, err);
}

static int begin(struct script *s, pipe_error *err)
{
	json_error_t why;

	s->metrics = json_array();
	s->findings = json_array();
	if (!s->metrics || !s->findings)
		return error_nomem(err);
	if (!s->a->extra)
		return PIPE_OK;
	s->extra = json_loads(s->a->extra, 0, &why);
	return s->extra ? PIPE_OK : error_set(err, PIPE_EUSAGE, "what the script is to be told is no JSON: %s", why.text);
}

int action_lua(const void *arguments, struct action_context *context, pipe_error *err)
{
	struct script s = { .a = arguments, .context = context };
	const struct evidence_sink sink = { .metric = put_metric, .finding = put_finding, .payload = &s };
	int rc;

	if (!context->scripts || !context->scripts->lua || !s.a->code)
		return error_set(err, PIPE_EUNSUPPORTED, "no script can be called here");
	rc = begin(&s, err);
	if (rc == PIPE_OK)
		rc = make_host(&s, &sink, err);
	if (rc == PIPE_OK)
		rc = call(&s, err);
	lua_call_free(s.call);
	run_host_free(s.host);
	json_decref(s.metrics);
	json_decref(s.findings);
	json_decref(s.extra);
	return rc;
}
