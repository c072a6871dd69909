/*
 * Jobs that need not run again, because they have succeeded in an earlier attempt of this run or in the run that it repeats: their
 * states, artifacts and variables are taken from there.  What is missing there makes a job run after all.
 */
#include <jansson.h>

#include "base/error.h"
#include "base/json.h"
#include "runner/run/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct keep {
	struct pipeline_run *p;
	int64_t from;  /* the run that it succeeded in */
	uint32_t same; /* jobs that are what and where they were */
	bool differs;  /* a job is not */
	pipe_error *err;
};

static int compare_job(void *payload, const pipe_job_record *old)
{
	struct keep *k = payload;
	const struct plan_job *job = plan_job_named(k->p->plan->plan, old->name, strlen(old->name));

	if (job && job->selected && job->index == old->index)
		k->same++;
	else
		k->differs = true;
	return 0;
}

int pipeline_run_check_resume(struct pipeline_run *p, int64_t run, pipe_error *err)
{
	struct keep k = { .p = p, .from = run, .err = err };
	int rc = store_jobs(p->session->store, run, compare_job, &k, err);

	if (rc == PIPE_OK && (k.differs || k.same != p->open))
		rc = error_set(err, PIPE_EUSAGE, "run %lld has other jobs than its pipeline file gives now: start a new one",
			       (long long)run);
	return rc;
}

static int keep_job(void *payload, const pipe_job_record *old)
{
	struct keep *k = payload;
	struct pipeline_run *p = k->p;
	bool resume = k->from == p->number;
	const struct plan_job *job = plan_job_named(p->plan->plan, old->name, strlen(old->name));
	struct job_run *j;

	if (!job || !job->selected)
		return 0;
	j = &p->jobs[job->index];
	if (resume)
		j->attempt = old->attempts;
	if (old->status != PIPE_STATUS_SUCCESS && old->status != PIPE_STATUS_WARNING)
		return 0;
	j->kept = true;
	j->old_index = old->index;
	j->status = (uint8_t)old->status;
	j->exit_code = old->exit_code;
	return 0;
}

/* Something of it is missing: it has to run again. */
static void keep_not(struct job_run *j)
{
	j->kept = false;
	j->status = PIPE_STATUS_WAITING;
	j->exit_code = -1;
	j->has_archive = false;
}

/* An archive of the earlier run becomes one of this run too: a hard link, so that gc of one leaves the other. */
static int keep_archive(void *payload, const pipe_artifact_record *a)
{
	struct keep *k = payload;
	struct pipeline_run *p = k->p;
	const struct plan_job *job = plan_job_named(p->plan->plan, a->job, strlen(a->job));
	struct job_run *j = job ? &p->jobs[job->index] : NULL;
	struct store_artifact row = {
		.name = a->name, .kind = a->kind, .bytes = a->bytes, .files = a->files, .expires_ms = a->expires_ms
	};
	const char *dot = strrchr(a->path, '/'), *to;

	if (!j || !j->kept)
		return 0;
	if (!strcmp(a->kind, "archive"))
		j->has_archive = p->has_archives = true;
	if (k->from == p->number)
		return 0;
	dot = dot ? strchr(dot, '.') : NULL;
	to = job_path(j, dot ? dot : ".tar.zst", &p->arena);
	if (!to || link(a->path, to)) {
		session_log(p->session, "the artifacts of \"%s\" in run %lld cannot be kept: %s", a->job, (long long)k->from,
			    to ? strerror(errno) : "out of memory");
		keep_not(j);
		return 0;
	}
	row.job = j->index;
	row.path = to + strlen(p->session->project->state_directory) + 1;
	return store_artifact_add(p->session->store, p->number, &row, k->err);
}

int pipeline_run_keep_dotenv(struct job_run *j, const struct variables *dotenv, pipe_error *err)
{
	struct pipeline_run *p = j->pipeline;
	struct str text, clean;
	struct json json;
	int rc = PIPE_OK;

	j->dotenv = ARENA_NEW(&p->arena, struct variables);
	if (!j->dotenv)
		return error_nomem(err);
	str_init(&text);
	str_init(&clean);
	jsonw_init(&json, &text, false);
	jsonw_object(&json);
	for (uint32_t i = 0; rc == PIPE_OK && i < dotenv->list.count; i++) {
		struct variable v = dotenv->list.items[i];
		v.name = arena_strdup(&p->arena, v.name);
		v.value = arena_strdup(&p->arena, v.value);
		if (!v.name || !v.value || !variables_set(j->dotenv, &p->arena, v))
			rc = error_nomem(err);
		else
			jsonw_kstring(&json, v.name, v.value);
	}
	jsonw_object_end(&json);
	if (rc == PIPE_OK)
		rc = text.failed ? error_nomem(err) : mask_text(p->session->mask, text.data, text.length, &clean, err);
	if (rc == PIPE_OK && dotenv->list.count)
		rc = clean.failed ? error_nomem(err) : store_dotenv_set(p->session->store, p->number, j->index, clean.data, err);
	p->has_dotenv |= dotenv->list.count > 0;
	str_clear(&text);
	str_clear(&clean);
	return rc;
}

static int read_dotenv(struct job_run *j, const char *text, pipe_error *err)
{
	struct pipeline_run *p = j->pipeline;
	json_error_t problem;
	json_t *root = json_loads(text, 0, &problem), *value;
	struct variables found = { 0 };
	const char *name;
	int rc = PIPE_OK;

	json_object_foreach(root, name, value)
	{
		struct variable v = { .name = arena_strdup(&p->arena, name),
				      .value = json_is_string(value) ? arena_strdup(&p->arena, json_string_value(value)) : "" };
		if (!v.name || !v.value || !variables_set(&found, &p->arena, v))
			rc = error_nomem(err);
	}
	json_decref(root);
	return rc == PIPE_OK ? pipeline_run_keep_dotenv(j, &found, err) : rc;
}

static int keep_dotenvs(struct keep *k)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < k->p->plan->plan->jobs.count; i++) {
		struct job_run *j = &k->p->jobs[i];
		char *json = NULL;
		if (!j->kept)
			continue;
		rc = store_dotenv(k->p->session->store, k->from, j->old_index, &json, k->err);
		if (rc == PIPE_OK && json && strstr(json, "[MASKED]"))
			keep_not(j); /* what it reported held a secret, and was not kept */
		else if (rc == PIPE_OK && json)
			rc = read_dotenv(j, json, k->err);
		free(json);
	}
	return rc;
}

int pipeline_run_keep(struct pipeline_run *p, int64_t from, pipe_error *err)
{
	struct keep k = { .p = p, .from = from, .err = err };
	struct store *store = p->session->store;
	int rc = store_jobs(store, from, keep_job, &k, err);

	if (rc == PIPE_OK)
		rc = store_artifacts(store, from, NULL, keep_archive, &k, err);
	return rc == PIPE_OK ? keep_dotenvs(&k) : rc;
}

void pipeline_run_settle_kept(struct pipeline_run *p)
{
	char reason[64];

	snprintf(reason, sizeof(reason), "it has passed in run %lld", (long long)p->session->options.retry_of);
	for (uint32_t i = 0; i < p->plan->plan->jobs.count; i++) {
		struct job_run *j = &p->jobs[i];
		if (!j->kept)
			continue;
		p->open--;
		if (!p->session->options.resume)
			notify_job(j, PIPE_EVENT_JOB_FINISHED, reason, NULL, -1, NULL);
		scheduler_ended(p->scheduler, i, j->status);
	}
}
