/* pipe_plan_view: one row for each view. */
#include "base/error.h"
#include "base/str.h"
#include "pipeline/keyword/keyword.h"
#include "runner/plan/planning.h"
#include "runner/plan/predefined.h"
#include "stages/stage.h"

#include <string.h>

struct view_request {
	const struct pipe_plan *plan;
	const pipe_view_options *options;
	struct str *out;
	pipe_error *err;
};

static int diagnostics_as_text(const struct view_request *r)
{
	diagnostics_text(&r->plan->diagnostics, r->out, r->options->colour);
	return PIPE_OK;
}

static int diagnostics_as_json(const struct view_request *r)
{
	diagnostics_json(&r->plan->diagnostics, r->out);
	return PIPE_OK;
}

static int diagnostics_as_sarif(const struct view_request *r)
{
	diagnostics_sarif(&r->plan->diagnostics, r->out);
	return PIPE_OK;
}

static int plan_as_text(const struct view_request *r)
{
	plan_text(r->plan->plan, &r->plan->sources, r->options->colour, r->out);
	return PIPE_OK;
}

static int plan_as_json(const struct view_request *r)
{
	plan_json(r->plan->plan, &r->plan->sources, r->out);
	return PIPE_OK;
}

static int graph_as_ascii(const struct view_request *r)
{
	plan_ascii(r->plan->plan, r->options->width ? r->options->width : 100, r->options->colour, r->out);
	return PIPE_OK;
}

static int graph_as_dot(const struct view_request *r)
{
	plan_dot(r->plan->plan, r->out);
	return PIPE_OK;
}

static int graph_as_mermaid(const struct view_request *r)
{
	plan_mermaid(r->plan->plan, r->out);
	return PIPE_OK;
}

static int graph_as_svg(const struct view_request *r)
{
	plan_svg(r->plan->plan, r->out);
	return PIPE_OK;
}

static int job_definition(const struct view_request *r)
{
	const char *nearest = NULL, *name = r->options->subject ? r->options->subject : "";

	if (pipeline_explain_job(r->plan->pipeline, &r->plan->sources, name, r->options->colour, r->out, &nearest))
		return PIPE_OK;
	return error_set(r->err, PIPE_ENOTFOUND, "there is no job \"%s\"%s%s%s", name, nearest ? "; did you mean \"" : "",
			 nearest ? nearest : "", nearest ? "\"?" : "");
}

/* The type that a job of the plan names so, under that name; false: none does. */
static bool type_of_plan(const struct pipe_plan *plan, const char *path, struct uses_type *out)
{
	const struct pipeline *p = plan ? plan->pipeline : NULL;

	for (uint32_t i = 0; p && i < p->jobs.count; i++) {
		const struct job_uses *uses = p->jobs.items[i].settings->uses;
		const struct node *named = uses ? node_get(p->jobs.items[i].node, "uses") : NULL;
		size_t length = named && named->kind == NODE_SCALAR ? named->count : 0;

		if (!length || strncmp(path, named->text, length) != 0 || (path[length] && path[length] != ':'))
			continue;
		*out = *uses->type;
		out->name = named->text;
		return true;
	}
	return false;
}

static int keyword_help(const struct view_request *r)
{
	const char *path = r->options->subject ? r->options->subject : "";
	struct uses_type own;
	const struct uses_type *const list[] = { &own, NULL };
	const struct uses_types of_plan = { list };
	const char *nearest;

	if (keyword_explain(path, &stage_uses, r->options->colour, r->out))
		return PIPE_OK;
	if (type_of_plan(r->plan, path, &own) && uses_explain(&of_plan, path, false, r->options->colour, r->out))
		return PIPE_OK;
	nearest = keyword_nearest(keywords, IN_JOB | IN_GLOBAL, path);
	return error_set(r->err, PIPE_ENOTFOUND, "there is no keyword and no type of stage \"%s\"%s%s%s", path,
			 nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

static int language_schema(const struct view_request *r)
{
	keyword_schema(&stage_uses, r->out);
	return PIPE_OK;
}

static int language_reference(const struct view_request *r)
{
	keyword_reference(r->out);
	return PIPE_OK;
}

static int language_stages(const struct view_request *r)
{
	uses_reference(&stage_uses, r->out);
	return PIPE_OK;
}

static int language_predefined(const struct view_request *r)
{
	predefined_reference(r->out);
	return PIPE_OK;
}

enum view_needs { NEEDS_NOTHING, NEEDS_DIAGNOSTICS, NEEDS_PIPELINE, NEEDS_PLAN };

static const struct {
	int (*render)(const struct view_request *r);
	enum view_needs needs;
} views[] = {
	[PIPE_VIEW_DIAGNOSTICS_TEXT] = { diagnostics_as_text, NEEDS_DIAGNOSTICS },
	[PIPE_VIEW_DIAGNOSTICS_JSON] = { diagnostics_as_json, NEEDS_DIAGNOSTICS },
	[PIPE_VIEW_DIAGNOSTICS_SARIF] = { diagnostics_as_sarif, NEEDS_DIAGNOSTICS },
	[PIPE_VIEW_PLAN_TEXT] = { plan_as_text, NEEDS_PLAN },
	[PIPE_VIEW_PLAN_JSON] = { plan_as_json, NEEDS_PLAN },
	[PIPE_VIEW_GRAPH_ASCII] = { graph_as_ascii, NEEDS_PLAN },
	[PIPE_VIEW_GRAPH_DOT] = { graph_as_dot, NEEDS_PLAN },
	[PIPE_VIEW_GRAPH_MERMAID] = { graph_as_mermaid, NEEDS_PLAN },
	[PIPE_VIEW_GRAPH_SVG] = { graph_as_svg, NEEDS_PLAN },
	[PIPE_VIEW_JOB] = { job_definition, NEEDS_PIPELINE },
	[PIPE_VIEW_KEYWORD] = { keyword_help, NEEDS_NOTHING },
	[PIPE_VIEW_SCHEMA] = { language_schema, NEEDS_NOTHING },
	[PIPE_VIEW_REFERENCE] = { language_reference, NEEDS_NOTHING },
	[PIPE_VIEW_PREDEFINED] = { language_predefined, NEEDS_NOTHING },
	[PIPE_VIEW_STAGES] = { language_stages, NEEDS_NOTHING },
};

/* Where a view's text goes, also before it is whole. */
struct receiver {
	pipe_write_cb write;
	void *payload;
	bool refused;
};

static int hand_on(void *payload, const char *text, size_t length)
{
	struct receiver *r = payload;

	r->refused = r->refused || r->write(r->payload, text, length) != 0;
	return r->refused;
}

int pipe_plan_view(const pipe_plan *plan, enum pipe_view view, const pipe_view_options *opts, pipe_write_cb write, void *payload,
		   pipe_error *err)
{
	static const pipe_view_options none = PIPE_VIEW_OPTIONS_INIT;
	struct str out;
	struct receiver receiver = { .write = write, .payload = payload };
	struct view_request request = { plan, opts ? opts : &none, &out, err };
	int rc;

	if (request.options->version != PIPE_VIEW_OPTIONS_VERSION)
		return error_version(err, "pipe_view_options", request.options->version, PIPE_VIEW_OPTIONS_VERSION);
	if ((unsigned)view >= sizeof(views) / sizeof(*views))
		return error_set(err, PIPE_EUSAGE, "there is no view %d", (int)view);
	if ((views[view].needs >= NEEDS_DIAGNOSTICS && !plan) || (views[view].needs == NEEDS_PIPELINE && !plan->pipeline) ||
	    (views[view].needs == NEEDS_PLAN && !plan->plan))
		return error_set(err, PIPE_EUSAGE, "the pipeline file has errors: this view needs one without");
	str_init(&out);
	out.write = hand_on;
	out.payload = &receiver;
	rc = views[view].render(&request);
	if (rc == PIPE_OK && out.failed && !receiver.refused)
		rc = error_nomem(err);
	if (rc == PIPE_OK && hand_on(&receiver, out.data, out.length))
		rc = error_set(err, PIPE_EIO, "the output was refused");
	str_clear(&out);
	return rc;
}
