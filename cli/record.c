#include "cli/record.h"

/* 0 says "not yet" or "none" in the records; null says it in JSON. */
static void time_or_null(struct json *j, const char *key, int64_t ms)
{
	jsonw_key(j, key);
	if (ms > 0)
		jsonw_int(j, ms);
	else
		jsonw_null(j);
}

static void text_or_null(struct json *j, const char *key, const char *text)
{
	jsonw_kstring(j, key, text && *text ? text : NULL);
}

static int64_t between(int64_t from, int64_t to)
{
	return from > 0 && to >= from ? to - from : 0;
}

void record_run(struct json *j, const pipe_run_record *run)
{
	jsonw_object(j);
	jsonw_kint(j, "run", run->number);
	jsonw_kstring(j, "status", pipe_status_name(run->status));
	time_or_null(j, "started", run->started_ms);
	time_or_null(j, "finished", run->finished_ms);
	jsonw_kint(j, "duration_ms", between(run->started_ms, run->finished_ms));
	text_or_null(j, "file", run->file);
	text_or_null(j, "name", run->name);
	text_or_null(j, "source", run->source);
	text_or_null(j, "commit", run->commit_sha);
	text_or_null(j, "branch", run->branch);
	text_or_null(j, "title", run->title);
	jsonw_kbool(j, "dirty", run->dirty != 0);
	jsonw_kint(j, "jobs", run->jobs);
	jsonw_kint(j, "failed", run->failed);
	time_or_null(j, "parent", run->parent);
	jsonw_object_end(j);
}

void record_job(struct json *j, const pipe_job_record *job)
{
	jsonw_object(j);
	jsonw_kint(j, "index", job->index);
	jsonw_kstring(j, "name", job->name);
	jsonw_kstring(j, "stage", job->stage);
	jsonw_kstring(j, "status", pipe_status_name(job->status));
	jsonw_kbool(j, "allow_failure", job->allow_failure != 0);
	jsonw_key(j, "exit_code");
	if (job->exit_code < 0)
		jsonw_null(j);
	else
		jsonw_int(j, job->exit_code);
	jsonw_kint(j, "attempts", job->attempts);
	time_or_null(j, "queued", job->queued_ms);
	time_or_null(j, "started", job->started_ms);
	time_or_null(j, "finished", job->finished_ms);
	jsonw_kint(j, "duration_ms", between(job->started_ms, job->finished_ms));
	text_or_null(j, "reason", job->reason);
	text_or_null(j, "failure", job->failure);
	jsonw_key(j, "coverage");
	if (job->coverage < 0)
		jsonw_null(j);
	else
		jsonw_double(j, job->coverage);
	jsonw_kint(j, "log_bytes", (int64_t)job->log_bytes);
	jsonw_kint(j, "log_lines", (int64_t)job->log_lines);
	jsonw_object_end(j);
}

void record_transition(struct json *j, const pipe_transition_record *t)
{
	jsonw_object(j);
	jsonw_kint(j, "index", t->job_index);
	jsonw_kint(j, "attempt", t->attempt);
	jsonw_kint(j, "time", t->time_ms);
	jsonw_kstring(j, "status", pipe_status_name(t->status));
	text_or_null(j, "reason", t->reason);
	jsonw_object_end(j);
}

void record_artifact(struct json *j, const pipe_artifact_record *a)
{
	jsonw_object(j);
	jsonw_kint(j, "index", a->job_index);
	jsonw_kstring(j, "job", a->job);
	jsonw_kstring(j, "name", a->name);
	jsonw_kstring(j, "kind", a->kind);
	jsonw_kstring(j, "path", a->path);
	jsonw_kint(j, "bytes", (int64_t)a->bytes);
	jsonw_kint(j, "files", a->files);
	time_or_null(j, "expires", a->expires_ms);
	jsonw_object_end(j);
}
