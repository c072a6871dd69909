#include "cli/record.h"

#include "base/evidence_json.h"

/* 0 says "not yet" or "none" in the records; null says it in JSON. */
static void time_or_null(struct json *j, const char *key, int64_t ms)
{
	jsonw_kint_if(j, key, ms > 0, ms);
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
	jsonw_kint_if(j, "exit_code", job->exit_code >= 0, job->exit_code);
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

/* ---- evidence ---- */

static void number_or_null(struct json *j, const char *key, uint64_t number)
{
	jsonw_kint_if(j, key, number != 0, (int64_t)number);
}

void record_evidence(struct json *j, const pipe_evidence *e)
{
	jsonw_object(j);
	jsonw_evidence(j, e);
	jsonw_object_end(j);
}

void record_test(struct json *j, const pipe_test_record *t)
{
	jsonw_object(j);
	jsonw_kstring(j, "job", t->job);
	text_or_null(j, "suite", t->suite);
	jsonw_kstring(j, "name", t->name);
	text_or_null(j, "file", t->file);
	number_or_null(j, "line", t->line);
	jsonw_kstring(j, "status", t->status);
	jsonw_kbool(j, "expected", t->expected != 0);
	jsonw_kbool(j, "quarantined", t->quarantined != 0);
	jsonw_kint(j, "failures", t->failures);
	jsonw_kint_if(j, "duration_us", t->duration_us >= 0, t->duration_us);
	text_or_null(j, "message", t->message);
	text_or_null(j, "details", t->details);
	jsonw_object_end(j);
}

void record_unreliable(struct json *j, const pipe_unreliable_record *t)
{
	jsonw_object(j);
	jsonw_kstring(j, "job", t->job);
	text_or_null(j, "suite", t->suite);
	jsonw_kstring(j, "name", t->name);
	text_or_null(j, "file", t->file);
	jsonw_kint(j, "runs", t->runs);
	jsonw_kint(j, "failures", t->failures);
	jsonw_object_end(j);
}

void record_finding(struct json *j, const pipe_finding_record *f)
{
	jsonw_object(j);
	jsonw_kstring(j, "job", f->job);
	jsonw_kstring(j, "kind", f->kind);
	jsonw_kstring(j, "severity", f->severity);
	jsonw_kbool(j, "suppressed", f->suppressed != 0);
	text_or_null(j, "tool", f->tool);
	text_or_null(j, "rule", f->rule);
	text_or_null(j, "path", f->path);
	number_or_null(j, "line", f->line);
	number_or_null(j, "column", f->column);
	number_or_null(j, "end_line", f->end_line);
	text_or_null(j, "message", f->message);
	text_or_null(j, "package", f->package);
	text_or_null(j, "installed", f->installed);
	text_or_null(j, "fixed", f->fixed);
	text_or_null(j, "url", f->url);
	jsonw_kstring(j, "fingerprint", f->fingerprint);
	jsonw_object_end(j);
}

void record_coverage(struct json *j, const pipe_coverage_record *c)
{
	jsonw_object(j);
	jsonw_kstring(j, "path", c->path);
	jsonw_kint(j, "lines", (int64_t)c->lines);
	jsonw_kint(j, "lines_hit", (int64_t)c->lines_hit);
	jsonw_kint(j, "branches", (int64_t)c->branches);
	jsonw_kint(j, "branches_hit", (int64_t)c->branches_hit);
	if (c->items) {
		jsonw_key(j, "uncovered");
		jsonw_array(j);
		for (size_t i = 0; i < c->count; i++)
			if (!c->items[i].hits)
				jsonw_int(j, c->items[i].line);
		jsonw_array_end(j);
	}
	jsonw_object_end(j);
}

void record_condition(struct json *j, const pipe_condition_record *c)
{
	jsonw_object(j);
	jsonw_kint(j, "index", c->job_index);
	jsonw_kstring(j, "job", c->job);
	jsonw_kstring(j, "subject", c->subject);
	jsonw_kstring(j, "value", c->value);
	jsonw_kstring(j, "bound", c->bound);
	jsonw_kstring(j, "verdict", c->verdict);
	text_or_null(j, "detail", c->detail);
	jsonw_object_end(j);
}

void record_note(struct json *j, const pipe_note_record *n)
{
	jsonw_object(j);
	jsonw_kint_if(j, "index", n->job != NULL, n->job_index);
	text_or_null(j, "job", n->job ? n->job : "");
	jsonw_kint(j, "time", n->time_ms);
	jsonw_kstring(j, "kind", n->kind);
	jsonw_kstring(j, "label", n->label);
	text_or_null(j, "text", n->text);
	text_or_null(j, "url", n->url);
	jsonw_object_end(j);
}

void record_report(struct json *j, const pipe_report_record *r)
{
	jsonw_object(j);
	jsonw_kint(j, "index", r->job_index);
	jsonw_kstring(j, "job", r->job);
	jsonw_kstring(j, "path", r->path);
	text_or_null(j, "format", r->format);
	text_or_null(j, "error", r->error);
	number_or_null(j, "line", r->line);
	number_or_null(j, "column", r->column);
	jsonw_object_end(j);
}
