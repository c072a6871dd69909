/* What a job needs before it starts and leaves behind at its end, from its definition with its variables put in: the order for
 * job_files.c. */
#include "runner/run/active_job.h"
#include "runner/run/hook/hooks.h"

#include <string.h>

/* A path that begins with CI_PROJECT_DIR means the same as one relative to it. */
static const char *relative(const struct active_job *x, const char *path)
{
	const char *const roots[] = { x->files.workspace, x->files.project_directory };

	for (size_t i = 0; path && i < sizeof(roots) / sizeof(*roots); i++) {
		size_t n = strlen(roots[i]);
		if (!strncmp(path, roots[i], n) && (path[n] == '/' || !path[n])) {
			path = path[n] ? path + n : ".";
			break;
		}
	}
	while (path && *path == '/')
		path++;
	return path;
}

static int expand_list(struct active_job *x, const text_list *from, text_list *to)
{
	bool failed = false;

	for (uint32_t i = 0; i < from->count; i++) {
		const char **slot = vec_push(&x->arena, to);
		if (!slot)
			return PIPE_ENOMEM;
		*slot = scope_expand(&x->files.scope, from->items[i], &x->arena, &failed);
		if (failed || !*slot)
			return PIPE_ENOMEM;
	}
	if (!vec_push(&x->arena, to)) /* the NULL at the end */
		return PIPE_ENOMEM;
	to->count--;
	return PIPE_OK;
}

static int expand_paths(struct active_job *x, const text_list *from, text_list *to)
{
	int rc = expand_list(x, from, to);

	for (uint32_t i = 0; rc == PIPE_OK && i < to->count; i++)
		to->items[i] = relative(x, to->items[i]);
	return rc;
}

static int prepare_artifacts(struct active_job *x, const struct artifacts *artifacts)
{
	struct job_files *f = &x->files;

	f->artifacts = artifacts;
	f->artifact_name = artifacts->name ? scope_expand(&f->scope, artifacts->name, &x->arena, NULL) : "artifacts";
	if (!f->artifact_name || expand_paths(x, &artifacts->paths, &f->paths) ||
	    expand_paths(x, &artifacts->exclude, &f->exclude))
		return PIPE_ENOMEM;
	for (uint32_t i = 0; i < artifacts->reports.count; i++) {
		struct report *r = vec_push(&x->arena, &f->reports);
		if (!r)
			return PIPE_ENOMEM;
		*r = artifacts->reports.items[i];
		memset(&r->paths, 0, sizeof(r->paths));
		if (expand_paths(x, &artifacts->reports.items[i].paths, &r->paths))
			return PIPE_ENOMEM;
	}
	return PIPE_OK;
}

static int prepare_cache(struct active_job *x, const struct cache *cache)
{
	struct cache_use *use = vec_push(&x->arena, &x->files.caches);
	const char *policy;

	if (!use)
		return PIPE_ENOMEM;
	use->cache = cache;
	if (cache->policy) {
		policy = scope_expand(&x->files.scope, cache->policy, &x->arena, NULL);
		if (!policy)
			return PIPE_ENOMEM;
		if (!cache_policy_of(policy, &use->policy))
			notify_warning(x->job->pipeline, x->job,
				       "cache:policy \"%s\" is none of pull-push, pull, push; pull-push is used", policy);
	}
	return expand_list(x, &cache->fallback_keys, &use->fallback_keys);
}

/* Where the shared working copy is the workspace, what another job of this run made is there already, and only what was removed
 * since is put back; what an earlier run made, or a workspace of one's own, needs unpacking. */
static int prepare_restore(struct active_job *x, struct job_run *from)
{
	const bool there = !x->files.isolate && (!from->kept || from->restored);
	struct job_archive *archive;
	struct job_run **slot;

	if (!from->has_archive || (there && !from->names))
		return PIPE_OK;
	archive = vec_push(&x->arena, &x->files.restore);
	if (!archive)
		return PIPE_ENOMEM;
	archive->path = job_path(from, ".tar.zst", &x->arena);
	if (there) {
		archive->names = from->names;
		archive->names_length = from->names_length;
		return archive->path ? PIPE_OK : PIPE_ENOMEM;
	}
	if (!archive->path || !(slot = vec_push(&x->arena, &x->restoring)))
		return PIPE_ENOMEM;
	*slot = from;
	return PIPE_OK;
}

/* In the shared working copy they are there from now on: unpacked again they would undo what jobs have done to them since. */
void job_prepare_note_restored(struct active_job *x)
{
	for (uint32_t i = 0; i < x->restoring.count; i++)
		x->restoring.items[i]->restored = true;
}

static int prepare_restores(struct active_job *x)
{
	struct job_run *j = x->job;
	struct pipeline_run *p = j->pipeline;
	int rc = PIPE_OK;

	if (j->plan->artifacts_from_stages) {
		if (p->has_archives)
			for (uint32_t i = 0; rc == PIPE_OK && i < j->index; i++)
				if (p->jobs[i].plan->stage < j->plan->stage)
					rc = prepare_restore(x, &p->jobs[i]);
		return rc;
	}
	for (uint32_t i = 0; rc == PIPE_OK && i < j->plan->artifacts_from.count; i++)
		rc = prepare_restore(x, &p->jobs[j->plan->artifacts_from.items[i]]);
	return rc;
}

int job_prepare(struct active_job *x)
{
	struct job_run *j = x->job;
	const struct job *job = j->plan->job;
	struct job_files *f = &x->files;
	struct pipe_run *s = j->pipeline->session;
	int rc = PIPE_OK;

	f->state_directory = s->project->state_directory;
	f->project_directory = f->workspace = s->project->directory;
	f->base = job_path(j, "", &x->arena);
	f->coverage_found = -1;
	f->mask = s->mask;
	f->isolate = s->options.isolate;
	f->stays = f->isolate && hooks_concern(x->job);
	f->coverage = job->settings->coverage;
	f->regex_steps = j->pipeline->plan->options.limits.regex_steps;
	if (f->isolate)
		f->workspace = job_path(j, ".work", &x->arena);
	if (!f->base || !f->workspace)
		return PIPE_ENOMEM;
	if ((job->settings->artifacts || job->settings->caches.count) &&
	    !job_scope(j, f->workspace, &x->arena, &x->variables, &f->scope))
		return PIPE_ENOMEM;
	if (job->settings->artifacts)
		rc = prepare_artifacts(x, job->settings->artifacts);
	for (uint32_t i = 0; rc == PIPE_OK && i < job->settings->caches.count; i++)
		rc = prepare_cache(x, &job->settings->caches.items[i]);
	return rc == PIPE_OK ? prepare_restores(x) : rc;
}
