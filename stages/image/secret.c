/*
 * Secrets in the context, before a build takes them along: the built-in scanner's report, without the files that .dockerignore keeps from
 * the build.
 */
#include "stages/image/builder.h"

#include "base/error.h"
#include "stages/report/report.h"

#include <string.h>

int image_scan_step(struct image_work *i, pipe_error *err)
{
	struct stage_action *action = ARENA_NEW(i->job->arena, struct stage_action);
	struct action_scan *scan = ARENA_NEW(i->job->arena, struct action_scan);
	const char *report = image_scratch(i, "secrets.json");
	struct step *step;

	if (!i->set.scan_secrets)
		return PIPE_OK;
	i->scan_step = i->job->steps.count;
	step = stage_step(i->job, STEP_ACTION);
	if (!action || !scan || !report || !step)
		return error_nomem(err);
	*scan = (struct action_scan){ .target = i->set.context, .type = "filesystem", .secrets = true, .report = report };
	*action = (struct stage_action){ ACTION_SCAN, scan };
	step->action = action;
	step->title = arena_printf(i->job->arena, "search %s for secrets",
				   strcmp(i->set.context, ".") != 0 ? i->set.context : "the workspace");
	return step->title ? PIPE_OK : error_nomem(err);
}

struct text_source {
	const char *text;
	size_t left;
};

static int64_t read_source(void *payload, char *buffer, size_t size, pipe_error *err)
{
	struct text_source *s = payload;
	size_t n = s->left < size ? s->left : size;

	(void)err;
	memcpy(buffer, s->text, n);
	s->text += n;
	s->left -= n;
	return (int64_t)n;
}

struct taking {
	struct image_work *image;
	struct ignore_patterns ignores;
};

/* They are borrowed for the call only. */
static int keep_texts(struct arena *a, struct evidence_finding *f, pipe_error *err)
{
	const char **const texts[] = { &f->tool,    &f->rule,	   &f->path,  &f->message, &f->fingerprint,
				       &f->package, &f->installed, &f->fixed, &f->url };

	for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++)
		if (!(*texts[k] = arena_strdup(a, *texts[k])))
			return error_nomem(err);
	return PIPE_OK;
}

static int take_secret(void *payload, const struct evidence_finding *finding, pipe_error *err)
{
	struct taking *t = payload;
	struct arena *a = t->image->job->arena;
	struct image_finding *f;
	const char *context = t->image->set.context;

	if (finding->kind != FINDING_SECRET || finding->suppressed || ignore_covers(&t->ignores, a, finding->path))
		return PIPE_OK;
	f = vec_push(a, &t->image->findings);
	if (!f)
		return error_nomem(err);
	f->finding = *finding;
	f->level = t->image->set.allow_secrets ? LEVEL_ALLOW : LEVEL_FAIL;
	if (strcmp(context, ".") != 0)
		f->finding.path = arena_printf(a, "%s/%s", context, finding->path);
	return f->finding.path ? keep_texts(a, &f->finding, err) : error_nomem(err);
}

int image_scan_read(struct image_work *i, pipe_error *err)
{
	struct stage_job *job = i->job;
	struct taking t = { .image = i };
	const struct evidence_sink sink = { .finding = take_secret, .payload = &t };
	const struct report_options options = { .workspace = job->workspace, .tool = "pipe", .kind = FINDING_SECRET };
	const char *path = image_scratch(i, "secrets.json"), *ignored_by, *text;
	struct text_source source;
	int rc;

	if (i->scan_step == UINT32_MAX)
		return PIPE_OK;
	rc = image_ignores(i, &t.ignores, &ignored_by, err);
	if (rc)
		return rc;
	text = path ? job->world->read(job->world->payload, job->arena, path, err) : NULL;
	if (!text)
		return path ? err->code : error_nomem(err);
	source = (struct text_source){ text, strlen(text) };
	return report_read(report_format_named("trivy"), "secrets.json", read_source, &source, &options, &sink, NULL, err);
}
