/*
 * One job from its place to its end, an explicit state machine:
 *
 *   begin -> (before: worker) -> script -> (after_script) -> (after: worker) -> finish | begin again
 *
 * Each step ends in exactly one call of the next.  A cancel only marks the job and pushes the step under way to its end, so that
 * after_script and the clean-up steps run on every way out.
 */
#include "base/error.h"
#include "runner/run/job_files.h"
#include "runner/run/job_script.h"
#include "runner/run/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, AFTER_SCRIPT_MS = 5 * 60 * 1000, DEFAULT_GRACE_MS = 10000 };

enum phase { PHASE_BEFORE, PHASE_SCRIPT, PHASE_AFTER_SCRIPT, PHASE_AFTER };

struct active_job {
	struct job_run *job;
	struct arena arena;
	enum phase phase;
	struct job_files files;
	VEC(struct job_run *) restoring; /* whose archives are unpacked for this job */
	struct job_variables variables;	 /* the storage of files.scope */
	uv_work_t work;
	struct task *task;
	struct task_spec spec;
	struct job_script script;
	struct mask_stream *mask;
	struct log_writer *log;
	struct str partial;	   /* a line whose end has not come */
	struct task_result result; /* of the script */
	bool cancelled, now;
};

static void run_script(struct active_job *x);
static void take_files(struct active_job *x);
static void finish(struct active_job *x);
static void begin(struct job_run *j);

/* ---- output ---- */

static void show(struct active_job *x, const char *text, size_t length)
{
	notify_output(x->job, text, length);
}

/* Hands on whole lines; keeps what has no end yet. */
static void split_lines(struct active_job *x, const char *text, size_t length)
{
	const char *last = memrchr(text, '\n', length);
	size_t whole = last ? (size_t)(last - text) + 1 : 0;

	if (whole && x->partial.length) {
		size_t first = (size_t)((const char *)memchr(text, '\n', length) - text) + 1;
		str_add(&x->partial, text, first);
		show(x, x->partial.data, x->partial.length);
		str_reset(&x->partial);
		text += first;
		length -= first;
		whole -= first;
	}
	if (whole)
		show(x, text, whole);
	str_add(&x->partial, text + whole, length - whole);
	if (x->partial.length >= LINE_MAX_BYTES || x->partial.failed) {
		show(x, x->partial.data, x->partial.length);
		str_reset(&x->partial);
	}
}

static void keep_output(struct active_job *x, const char *text, size_t length)
{
	struct pipe_run *s = x->job->pipeline->session;
	pipe_error err;

	if (!length)
		return;
	if (!s->failure && log_write(x->log, session_now(s), text, length, &err))
		session_fail(s, &err);
	if (s->options.on_event)
		split_lines(x, text, length);
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct active_job *x = context;
	pipe_error err;

	if (mask_feed(x->mask, bytes, length, &bytes, &length, &err)) {
		session_fail(x->job->pipeline->session, &err); /* rather no output than a secret in it */
		return;
	}
	keep_output(x, bytes, length);
}

/* What was held back as the possible beginning of a secret, and the last line. */
static void end_output(struct active_job *x)
{
	const char *rest;
	size_t length;
	pipe_error err;

	if (x->mask && mask_flush(x->mask, &rest, &length, &err) == PIPE_OK)
		keep_output(x, rest, length);
	if (x->partial.length)
		show(x, x->partial.data, x->partial.length);
	str_reset(&x->partial);
}

/* As an interactive shell would: whoever reads the log sees why it stops. */
static void say_killed(struct active_job *x, int signal_number)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "%s (signal %d)\n", strsignal(signal_number), signal_number);

	keep_output(x, text, (size_t)n);
}

/* ---- the way in ---- */

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

/* Where the shared working copy is the workspace, what another job of this run made is there already; what an earlier run made, or
 * a workspace of one's own, needs unpacking. */
static int prepare_restore(struct active_job *x, struct job_run *from)
{
	struct job_archive *archive;
	struct job_run **slot;

	if (!from->has_archive || (!x->files.isolate && (!from->kept || from->restored)))
		return PIPE_OK;
	archive = vec_push(&x->arena, &x->files.restore);
	if (!archive)
		return PIPE_ENOMEM;
	archive->path = job_path(from, ".tar.zst", &x->arena);
	if (!archive->path || !(slot = vec_push(&x->arena, &x->restoring)))
		return PIPE_ENOMEM;
	*slot = from;
	return PIPE_OK;
}

/* In the shared working copy they are there from now on: unpacked again they would undo what jobs have done to them since. */
static void note_restored(struct active_job *x)
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

static int prepare_files(struct active_job *x)
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
	f->coverage = job->coverage;
	f->regex_steps = j->pipeline->plan->options.limits.regex_steps;
	if (f->isolate)
		f->workspace = job_path(j, ".work", &x->arena);
	if (!f->base || !f->workspace || !job_scope(j, f->workspace, &x->arena, &x->variables, &f->scope))
		return PIPE_ENOMEM;
	if (job->artifacts)
		rc = prepare_artifacts(x, job->artifacts);
	for (uint32_t i = 0; rc == PIPE_OK && i < job->caches.count; i++)
		rc = prepare_cache(x, &job->caches.items[i]);
	return rc == PIPE_OK ? prepare_restores(x) : rc;
}

static void show_warnings(struct active_job *x)
{
	for (uint32_t i = 0; i < x->files.warnings.count; i++)
		notify_warning(x->job->pipeline, x->job, "%s", x->files.warnings.items[i]);
	x->files.warnings.count = 0;
}

/* ---- the script ---- */

static void fail_system(struct active_job *x, const pipe_error *err)
{
	x->result = (struct task_result){ .end = TASK_SYSTEM, .exit_code = -1, .error = *err };
}

static void remove_script_file(struct active_job *x)
{
	if (x->script.file)
		unlink(x->script.file);
	x->script.file = NULL;
}

static void on_after_script_end(void *context, const struct task_result *result)
{
	struct active_job *x = context;

	x->task = NULL;
	remove_script_file(x);
	if (result->end == TASK_TIMED_OUT)
		notify_warning(x->job->pipeline, x->job, "after_script was ended after 5 minutes");
	else if (result->end == TASK_SYSTEM)
		notify_warning(x->job->pipeline, x->job, "after_script could not run: %s", result->error.text);
	else if (result->exit_code > 0)
		notify_warning(x->job->pipeline, x->job, "after_script failed with exit code %d", result->exit_code);
	take_files(x);
}

static const char *status_word(const struct active_job *x)
{
	if (x->result.end == TASK_CANCELLED)
		return "canceled"; /* GitLab's spelling of CI_JOB_STATUS */
	return x->result.end == TASK_EXITED && x->result.exit_code == 0 ? "success" : "failed";
}

static int start_task(struct active_job *x, enum script_part part, const char *status,
		      void (*on_end)(void *, const struct task_result *), pipe_error *err)
{
	struct pipe_run *s = x->job->pipeline->session;
	const char *file = job_path(x->job, part == PART_MAIN ? ".script" : ".after_script", &x->arena);
	int rc;

	if (!file)
		return error_nomem(err);
	rc = job_script_make(x->job, part, file, &x->arena, &x->script, err);
	if (rc == PIPE_OK)
		rc = job_environment_make(x->job, x->files.workspace, status, &x->arena, &x->spec.envp, err);
	if (rc)
		return rc;
	x->spec.argv = x->script.argv;
	x->spec.directory = x->files.workspace;
	x->spec.mark = arena_printf(&x->arena, "PIPE_TASK=%s/%u", x->job->pipeline->nonce, x->job->index);
	x->spec.timeout_ms = part == PART_MAIN ? x->job->plan->job->timeout_ms : AFTER_SCRIPT_MS;
	x->spec.grace_ms = s->options.grace_ms ? s->options.grace_ms : DEFAULT_GRACE_MS;
	x->spec.on_output = on_output;
	x->spec.on_end = on_end;
	x->spec.context = x;
	return x->spec.mark ? s->executor->ops->start(s->executor, &x->spec, &x->task, err) : error_nomem(err);
}

static void run_after_script(struct active_job *x)
{
	pipe_error err;

	if (!x->job->plan->job->after_script.count || x->now || x->result.end == TASK_SYSTEM) {
		take_files(x);
		return;
	}
	x->phase = PHASE_AFTER_SCRIPT;
	if (start_task(x, PART_AFTER, status_word(x), on_after_script_end, &err)) {
		notify_warning(x->job->pipeline, x->job, "after_script could not run: %s", err.text);
		remove_script_file(x);
		take_files(x);
	}
}

static void on_script_end(void *context, const struct task_result *result)
{
	struct active_job *x = context;

	x->task = NULL;
	x->result = *result;
	remove_script_file(x);
	if (result->end == TASK_SIGNALLED)
		say_killed(x, result->exit_code - 128);
	if (result->stragglers)
		notify_warning(x->job->pipeline, x->job, "%u process%s left behind by the script %s ended", result->stragglers,
			       result->stragglers == 1 ? "" : "es", result->stragglers == 1 ? "was" : "were");
	run_after_script(x);
}

static int open_output(struct active_job *x, pipe_error *err)
{
	int rc;

	if (x->log)
		return PIPE_OK;
	rc = log_writer_create(&x->log, x->files.base, x->job->attempt > 1, err);
	return rc ? rc : mask_stream_create(&x->mask, x->job->pipeline->session->mask, err);
}

static void run_script(struct active_job *x)
{
	pipe_error err;

	x->phase = PHASE_SCRIPT;
	if (x->cancelled) {
		x->result = (struct task_result){ .end = TASK_CANCELLED, .exit_code = -1 };
		take_files(x);
		return;
	}
	if (open_output(x, &err) || start_task(x, PART_MAIN, "running", on_script_end, &err)) {
		remove_script_file(x);
		fail_system(x, &err);
		take_files(x);
	}
}

/* ---- the worker steps ---- */

static void work_before(uv_work_t *work)
{
	job_files_before(&((struct active_job *)work->data)->files);
}

static void work_after(uv_work_t *work)
{
	job_files_after(&((struct active_job *)work->data)->files);
}

static void after_before(uv_work_t *work, int status)
{
	struct active_job *x = work->data;

	(void)status; /* never cancelled: nobody calls uv_cancel */
	show_warnings(x);
	if (x->files.code) {
		fail_system(x, &x->files.error);
		take_files(x);
		return;
	}
	note_restored(x);
	run_script(x);
}

static void after_after(uv_work_t *work, int status)
{
	(void)status;
	finish(work->data);
}

/* On a worker thread when it can be had, else here and now. */
static void queue(struct active_job *x, uv_work_cb step, uv_after_work_cb then)
{
	x->work.data = x;
	if (uv_queue_work(x->job->pipeline->session->loop, &x->work, step, then)) {
		step(&x->work);
		then(&x->work, 0);
	}
}

static void take_files(struct active_job *x)
{
	x->phase = PHASE_AFTER;
	end_output(x);
	x->files.succeeded = x->result.end == TASK_EXITED && x->result.exit_code == 0;
	x->files.code = PIPE_OK;
	if (x->result.end != TASK_SYSTEM && job_files_after_needed(&x->files))
		queue(x, work_after, after_after);
	else
		finish(x);
}

/* ---- the end ---- */

struct outcome {
	enum pipe_status status;
	const char *failure; /* GitLab's word; NULL: none */
	unsigned cause;	     /* retry_cause bits */
	char reason[640];
};

static bool code_listed(const struct exit_codes *codes, int code)
{
	for (uint32_t i = 0; i < codes->list.count; i++)
		if (codes->list.items[i] == code)
			return true;
	return false;
}

static void judge_script(const struct active_job *x, struct outcome *o)
{
	int code = x->result.exit_code;

	if (code == 0) {
		o->status = PIPE_STATUS_SUCCESS;
		return;
	}
	o->status = PIPE_STATUS_FAILED;
	o->failure = "script_failure";
	o->cause = RETRY_SCRIPT_FAILURE;
	if (x->result.end == TASK_SIGNALLED)
		snprintf(o->reason, sizeof(o->reason), "the script was killed by signal %d (%s)", code - 128,
			 strsignal(code - 128));
	else
		snprintf(o->reason, sizeof(o->reason), "the script failed with exit code %d", code);
}

/* Without a log, without a history a job is not done, whatever it said itself. */
static void judge_machinery(const struct active_job *x, struct outcome *o)
{
	const struct pipe_run *s = x->job->pipeline->session;

	if (!s->failure || (o->status != PIPE_STATUS_SUCCESS && o->status != PIPE_STATUS_CANCELLED))
		return;
	o->status = PIPE_STATUS_CANCELLED;
	o->failure = "runner_system_failure";
	snprintf(o->reason, sizeof(o->reason), "the run could not go on: %s", s->error.text);
}

static void judge(const struct active_job *x, struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	o->status = PIPE_STATUS_FAILED;
	switch (x->result.end) {
	case TASK_EXITED:
	case TASK_SIGNALLED:
		judge_script(x, o);
		break;
	case TASK_TIMED_OUT:
		o->failure = "job_execution_timeout";
		o->cause = RETRY_JOB_EXECUTION_TIMEOUT | RETRY_STUCK_OR_TIMEOUT_FAILURE;
		snprintf(o->reason, sizeof(o->reason), "the job took longer than its timeout");
		break;
	case TASK_CANCELLED:
		o->status = PIPE_STATUS_CANCELLED;
		snprintf(o->reason, sizeof(o->reason), "cancelled");
		break;
	case TASK_SYSTEM:
		o->failure = "runner_system_failure";
		o->cause = RETRY_RUNNER_SYSTEM_FAILURE;
		snprintf(o->reason, sizeof(o->reason), "%s", x->result.error.text);
		break;
	}
	if (o->status == PIPE_STATUS_SUCCESS && x->files.code) {
		o->status = PIPE_STATUS_FAILED;
		o->failure = x->files.code == PIPE_EPIPELINE ? "script_failure" : "runner_system_failure";
		o->cause = x->files.code == PIPE_EPIPELINE ? RETRY_SCRIPT_FAILURE : RETRY_RUNNER_SYSTEM_FAILURE;
		snprintf(o->reason, sizeof(o->reason), "%s", x->files.error.text);
	}
	judge_machinery(x, o);
}

static bool may_retry(const struct active_job *x, const struct outcome *o)
{
	const struct retry *r = x->job->plan->job->retry;
	struct pipe_run *s = x->job->pipeline->session;

	if (!r || o->status != PIPE_STATUS_FAILED || x->cancelled || s->failure || x->job->pipeline->stopping ||
	    x->job->attempt > x->job->first_attempt + (uint32_t)r->max - 1)
		return false;
	if (!r->causes && !r->codes.list.count)
		return true;
	return (r->causes & (o->cause | RETRY_ALWAYS)) || code_listed(&r->codes, x->result.exit_code);
}

static void apply_allow_failure(const struct active_job *x, struct outcome *o)
{
	const struct allow_failure *allow = &x->job->plan->allow_failure;

	if (o->status == PIPE_STATUS_FAILED && allow->state == YES &&
	    (!allow->codes.list.count || code_listed(&allow->codes, x->result.exit_code)))
		o->status = PIPE_STATUS_WARNING;
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
			x->job->has_archive = p->has_archives = true;
	}
	return rc;
}

/* Archives and dotenv variables into the history, and on to the jobs behind. */
static void keep_results(struct active_job *x)
{
	struct pipeline_run *p = x->job->pipeline;
	pipe_error err;

	if (p->session->history_failed)
		return;
	if (store_archives(x, &err) || (x->files.dotenv.list.count && pipeline_run_keep_dotenv(x->job, &x->files.dotenv, &err)))
		session_fail(p->session, &err);
}

struct compress {
	uv_work_t work;
	struct pipe_run *session;
	char *path;
	pipe_error error;
	int code;
};

static void compress_log(uv_work_t *work)
{
	struct compress *c = work->data;

	c->code = log_compress(c->path, &c->error);
}

static void compressed_log(uv_work_t *work, int status)
{
	struct compress *c = work->data;
	struct pipe_run *s = c->session;

	(void)status;
	if (c->code)
		session_log(s, "a log could not be compressed: %s", c->error.text);
	free(c->path);
	free(c);
	s->busy--;
	session_settle(s);
}

/* The order to compress a log that is worth it; NULL otherwise: an uncompressed one is as good, only larger. */
static struct compress *compress_order(const struct active_job *x)
{
	struct compress *c;

	if (!x->log || log_writer_bytes(x->log) < LOG_COMPRESS_FROM || !(c = calloc(1, sizeof(*c))))
		return NULL;
	c->work.data = c;
	c->session = x->job->pipeline->session;
	c->path = strdup(x->files.base);
	return c;
}

/* When the log is closed. */
static void compress_start(struct compress *c)
{
	if (!c)
		return;
	if (!c->path || uv_queue_work(c->session->loop, &c->work, compress_log, compressed_log)) {
		free(c->path);
		free(c);
		return;
	}
	c->session->busy++;
}

static void active_free(struct active_job *x)
{
	pipe_error err;

	if (log_writer_free(x->log, &err))
		session_fail(x->job->pipeline->session, &err);
	mask_stream_free(x->mask);
	str_clear(&x->partial);
	arena_clear(&x->files.arena);
	arena_clear(&x->arena);
	free(x);
}

static void finish(struct active_job *x)
{
	struct job_run *j = x->job;
	struct pipe_run *s = j->pipeline->session;
	struct compress *compress;
	struct outcome o;

	show_warnings(x);
	judge(x, &o);
	keep_results(x);
	j->exit_code = x->result.exit_code;
	j->finished_ms = session_now(s);
	j->active = NULL;
	s->running--;
	if (may_retry(x, &o)) {
		j->status = PIPE_STATUS_READY;
		notify_job(j, PIPE_EVENT_JOB_RETRY, o.reason, o.failure, -1, x->log);
		active_free(x);
		begin(j);
		return;
	}
	apply_allow_failure(x, &o);
	resource_release(j);
	compress = compress_order(x);
	pipeline_run_ended(j, o.status, o.reason[0] ? o.reason : NULL, o.failure, x->files.coverage_found, x->log);
	active_free(x);
	compress_start(compress);
	session_schedule(s);
}

/* ---- the beginning ---- */

static void begin(struct job_run *j)
{
	struct pipe_run *s = j->pipeline->session;
	struct active_job *x = calloc(1, sizeof(*x));
	pipe_error err;

	s->running++;
	j->attempt++;
	j->status = PIPE_STATUS_RUNNING;
	j->started_ms = session_now(s);
	j->finished_ms = 0;
	notify_job(j, PIPE_EVENT_JOB_STARTED, NULL, NULL, -1, NULL);
	if (!x) {
		s->running--;
		j->exit_code = -1;
		j->finished_ms = j->started_ms;
		resource_release(j);
		pipeline_run_ended(j, PIPE_STATUS_FAILED, "out of memory", "runner_system_failure", -1, NULL);
		return;
	}
	j->active = x;
	x->job = j;
	str_init(&x->partial);
	if (prepare_files(x)) {
		error_nomem(&err);
		fail_system(x, &err);
		take_files(x);
	} else if (job_files_before_needed(&x->files)) {
		x->phase = PHASE_BEFORE;
		queue(x, work_before, after_before);
	} else {
		run_script(x);
	}
}

void job_run_start(struct job_run *j)
{
	j->first_attempt = j->attempt + 1;
	begin(j);
}

void job_run_cancel(struct job_run *j, bool now)
{
	struct active_job *x = j->active;
	struct pipe_run *s = j->pipeline->session;

	if (!x)
		return;
	if (x->task && (x->phase == PHASE_SCRIPT || now))
		if (!x->cancelled || now)
			s->executor->ops->cancel(s->executor, x->task, now);
	x->cancelled = true;
	x->now |= now;
}
