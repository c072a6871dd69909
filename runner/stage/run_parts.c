/* What a typed job's run is put together of, and what of it is made only when somebody asks: the scratch directory, the evidence. */
#include "runner/stage/running.h"

#include "base/error.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the scratch directory ---- */

static bool mentions(const char *text, const char *path)
{
	return text && strstr(text, path);
}

static bool any_mentions(const char *const *texts, const char *path)
{
	for (; texts && *texts; texts++)
		if (strstr(*texts, path))
			return true;
	return false;
}

static bool wants_scratch(const struct stage_run *r)
{
	const char *path = r->job.scratch;

	for (uint32_t i = 0; i < r->job.reports.count; i++)
		if (mentions(r->job.reports.items[i].pattern, path))
			return true;
	for (uint32_t i = 0; i < r->job.steps.count; i++) {
		const struct step *s = &r->job.steps.items[i];
		if (s->kind == STEP_ACTION || mentions(s->script, path) || any_mentions(s->argv, path) ||
		    any_mentions(s->env, path))
			return true;
	}
	return false;
}

int run_make_scratch(struct stage_run *r, pipe_error *err)
{
	r->has_scratch = true;
	if (mkdir(r->job.scratch, 0700) == 0 || errno == EEXIST)
		return PIPE_OK;
	return error_errno(err, PIPE_EIO, errno, "cannot make %s", r->job.scratch);
}

int run_make_scratch_if_wanted(struct stage_run *r, pipe_error *err)
{
	return wants_scratch(r) ? run_make_scratch(r, err) : PIPE_OK;
}

/* ---- the evidence ---- */

void run_open_view(struct stage_run *r)
{
	if (r->view.desk)
		return;
	r->view.desk = r->host.desk;
	r->view.run = r->host.run;
	r->view.job = r->host.job;
	r->view.base = r->host.base;
	r->view.project_directory = r->host.project_directory;
	r->view.baseline = r->host.baseline(r->host.payload);
	r->view.arena = &r->arena;
	stage_view_init(&r->view);
}

/* ---- all of it ---- */

const char *const *stage_run_exports(const struct stage_run *r, uint32_t *count)
{
	*count = r->job.exports.count;
	return r->job.exports.items;
}

const char *const *stage_run_outputs(const struct stage_run *r, uint32_t *count)
{
	*count = r->job.outputs.count;
	return r->job.outputs.items;
}

static void init_job(struct stage_run *r)
{
	const struct stage_host *h = &r->host;

	r->job = (struct stage_job){ .arena = &r->arena,
				     .type = h->type,
				     .name = h->name,
				     .with = h->with,
				     .at = h->at,
				     .sources = h->sources,
				     .scope = h->scope,
				     .lua_texts = h->lua_texts,
				     .workspace = h->workspace,
				     .scratch = arena_printf(&r->arena, "%s.stage", h->files),
				     .world = &r->place.world,
				     .node_index = h->node_index,
				     .node_total = h->node_total,
				     .totals = &r->ledger.totals,
				     .sink = &r->ledger.sink,
				     .say = judge_say,
				     .say_payload = r };
	r->ledger = (struct ledger){ .desk = h->desk,
				     .run = h->run,
				     .job = h->job,
				     .name = h->name,
				     .base = h->base,
				     .mask = h->mask,
				     .marks = &r->job,
				     .again = h->again };
	ledger_init(&r->ledger);
	r->reading = (struct reading){ .workspace = h->workspace,
				       .scratch = r->job.scratch,
				       .log = h->files,
				       .steps = &r->job.steps,
				       .started_ms = h->started_ms,
				       .stop = &r->stop,
				       .ledger = &r->ledger,
				       .arena = &r->arena };
}

int stage_run_create(struct stage_run **out, const struct stage_host *host, pipe_error *err)
{
	struct stage_run *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (!r)
		return error_nomem(err);
	r->host = *host;
	stage_place_init(&r->place, host->workspace, stage_environment_get(host->envp, "PATH"));
	init_job(r);
	r->place.scratch = r->job.scratch;
	r->services = (struct services){ .executor = host->executor,
					 .mask = host->mask,
					 .grace_ms = host->grace_ms,
					 .show = step_service_lines,
					 .ended = run_service_ended,
					 .payload = r };
	services_init(&r->services);
	str_init(&r->waiting);
	str_init(&r->said);
	*out = r;
	if (r->job.scratch)
		return PIPE_OK;
	stage_run_free(r);
	*out = NULL;
	return error_nomem(err);
}

void stage_run_free(struct stage_run *r)
{
	if (!r)
		return;
	services_clear(&r->services);
	ledger_clear(&r->ledger);
	str_clear(&r->waiting);
	str_clear(&r->said);
	arena_clear(&r->arena);
	free(r);
}
