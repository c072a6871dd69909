/* What a job leaves in the history: archives, reports, dotenv variables. */
#include "runner/run/active_job.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 16 << 20 }; /* bytes, of all jobs of a pipeline */

/* The names are for putting back what goes missing; without memory for them the artifacts are handed on all the same. */
static void hand_on(struct job_run *j, const struct job_archive *m)
{
	struct pipeline_run *p = j->pipeline;

	j->has_archive = p->has_archives = true;
	j->names = NULL;
	if (!m->names_length || p->names_bytes + m->names_length > NAMES_MOST)
		return;
	j->names = arena_strndup(&p->arena, m->names, m->names_length);
	j->names_length = m->names_length;
	p->names_bytes += m->names_length;
}

static int store_archives(struct active_job *x, pipe_error *err)
{
	struct pipeline_run *p = x->job->pipeline;
	struct pipe_run *s = p->session;
	size_t skip = strlen(s->project->state_directory) + 1;
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < x->files.made.count; i++) {
		const struct job_archive *m = &x->files.made.items[i];
		int64_t expire = x->files.artifacts ? x->files.artifacts->expire_ms : 0;
		struct str name;
		struct store_artifact a = { .job = x->job->index,
					    .kind = m->kind,
					    .path = m->path + skip,
					    .bytes = m->bytes,
					    .files = m->files,
					    .expires_ms = expire > 0 ? session_now(s) + expire : 0 };
		str_init(&name);
		rc = mask_text(s->mask, m->name, strlen(m->name), &name, err);
		a.name = name.data ? name.data : "";
		if (rc == PIPE_OK)
			rc = store_artifact_add(s->store, p->number, &a, err);
		str_clear(&name);
		if (!strcmp(m->kind, "archive"))
			hand_on(x->job, m);
	}
	return rc;
}

void job_results_keep(struct active_job *x)
{
	struct pipeline_run *p = x->job->pipeline;
	pipe_error err;

	if (p->session->history_failed)
		return;
	if (store_archives(x, &err) || (x->files.dotenv.list.count && pipeline_run_keep_dotenv(x->job, &x->files.dotenv, &err)))
		session_fail(p->session, &err);
}
