/*
 * One pipeline of a session.  `open` counts its selected jobs that have not ended, `active` those of them that are ready, delayed
 * or running: when active is 0 and the scheduler has decided nothing new, what is still open waits for somebody, and the pipeline
 * ends without it.
 */
#include <jansson.h>

#include "base/error.h"
#include "base/json.h"
#include "runner/run/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- making ---- */

static int make_nonce(char out[33], pipe_error *err)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_errno(err, PIPE_EIO, errno, "no random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return PIPE_OK;
}

static int take_duration(void *payload, const char *name, int64_t ms)
{
	struct pipeline_run *p = payload;
	const struct plan_job *j = plan_job_named(p->plan->plan, name, strlen(name));

	if (j)
		p->expected[j->index] = ms;
	return 0;
}

static int make_jobs(struct pipeline_run *p, pipe_error *err)
{
	const struct plan *plan = p->plan->plan;
	int rc;

	p->jobs = ARENA_ARRAY(&p->arena, struct job_run, plan->jobs.count + 1);
	p->expected = ARENA_ARRAY(&p->arena, int64_t, plan->jobs.count + 1);
	if (!p->jobs || !p->expected)
		return error_nomem(err);
	for (uint32_t i = 0; i < plan->jobs.count; i++)
		p->expected[i] = -1;
	rc = store_durations(p->session->store, p->plan->pipeline->file, take_duration, p, err);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		struct job_run *j = &p->jobs[i];
		j->pipeline = p;
		j->plan = &plan->jobs.items[i];
		j->index = i;
		j->exit_code = -1;
		j->status = PIPE_STATUS_WAITING;
		j->expected_ms = p->expected[i];
		p->open += j->plan->selected;
	}
	return PIPE_OK;
}

/* The variables that the run was made with, as a JSON object; what is masked keeps its name only. */
static void write_variables(const struct pipe_plan *plan, struct str *out)
{
	const struct variables *const layers[] = { &plan->predefined, &plan->pipeline->variables, &plan->variables };
	struct json j;

	jsonw_init(&j, out, false);
	jsonw_object(&j);
	for (size_t l = 0; l < 3; l++)
		for (uint32_t i = 0; i < layers[l]->list.count; i++) {
			const struct variable *v = &layers[l]->list.items[i];
			bool hidden = false;
			for (size_t over = l + 1; over < 3; over++)
				hidden |= variables_get(layers[over], v->name) != NULL;
			if (!hidden)
				jsonw_kstring(&j, v->name, v->masked ? "[MASKED]" : v->value);
		}
	jsonw_object_end(&j);
}

/* A text of the run with the secrets taken out. */
static int masked_copy(struct pipeline_run *p, struct str *text, const char **out, pipe_error *err)
{
	struct str clean;
	int rc;

	str_init(&clean);
	rc = text->failed ? error_nomem(err) : mask_text(p->session->mask, text->data, text->length, &clean, err);
	if (rc == PIPE_OK && (clean.failed || !(*out = arena_strndup(&p->arena, clean.data, clean.length))))
		rc = error_nomem(err);
	str_clear(&clean);
	return rc;
}

static int describe(struct pipeline_run *p, struct store_run *r, pipe_error *err)
{
	struct str text;
	int rc;

	str_init(&text);
	node_write(p->plan->pipeline->root, NULL, &text);
	rc = masked_copy(p, &text, &r->definition, err);
	str_reset(&text);
	write_variables(p->plan, &text);
	if (rc == PIPE_OK)
		rc = masked_copy(p, &text, &r->variables, err);
	str_reset(&text);
	str_adds(&text, p->plan->replay);
	if (rc == PIPE_OK)
		rc = masked_copy(p, &text, &r->options, err);
	str_reset(&text);
	str_adds(&text, r->name ? r->name : "");
	if (rc == PIPE_OK && r->name)
		rc = masked_copy(p, &text, &r->name, err);
	str_clear(&text);
	return rc;
}

/* A name of an environment may be made of secrets. */
static int clean_environment(struct pipeline_run *p, const char *name, const char **out, pipe_error *err)
{
	struct str text;
	int rc;

	*out = name;
	if (!name || mask_is_empty(p->session->mask))
		return PIPE_OK;
	str_init(&text);
	str_adds(&text, name);
	rc = masked_copy(p, &text, out, err);
	str_clear(&text);
	return rc;
}

static int create_in_store(struct pipeline_run *p, pipe_error *err)
{
	struct pipe_run *s = p->session;
	const struct git_facts *git = &p->plan->git;
	struct store_run r = { .nonce = p->nonce,
			       .created_ms = p->started_ms,
			       .file = p->plan->pipeline->file,
			       .name = p->plan->plan->name,
			       .source = p->plan->source,
			       .commit_sha = git->sha,
			       .branch = p->plan->options.ref ? p->plan->options.ref : "",
			       .title = git->title,
			       .parent = p->trigger ? p->trigger->pipeline->number : 0,
			       .parent_job = p->trigger ? (int)p->trigger->index : -1,
			       .retry_of = p->trigger ? 0 : s->options.retry_of,
			       .jobs = p->open };
	int rc = describe(p, &r, err);

	r.dirty = s->dirty;
	if (rc == PIPE_OK)
		rc = store_run_create(s->store, &r, &p->number, err);
	for (uint32_t i = 0; rc == PIPE_OK && i < p->plan->plan->jobs.count; i++) {
		const struct plan_job *job = &p->plan->plan->jobs.items[i];
		struct store_job row = { .index = i,
					 .name = job->name,
					 .stage = p->plan->pipeline->stages.items[job->stage].name,
					 .status = PIPE_STATUS_WAITING,
					 .allow_failure = job->allow_failure.state == YES };
		if (!job->selected)
			continue;
		rc = clean_environment(p, job->environment_name, &row.environment, err);
		if (rc == PIPE_OK)
			rc = store_job_create(s->store, p->number, &row, err);
	}
	return rc;
}

/* ---- keeping what succeeded before ---- */

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

/* A run goes on under its number only with the jobs that it has in the history. */
static int check_resume(struct pipeline_run *p, int64_t run, pipe_error *err)
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

/* Marks and settles what an earlier run, or an earlier attempt of this one, has done already. */
static int keep_earlier(struct pipeline_run *p, int64_t from, pipe_error *err)
{
	struct keep k = { .p = p, .from = from, .err = err };
	struct store *store = p->session->store;
	int rc = store_jobs(store, from, keep_job, &k, err);

	if (rc == PIPE_OK)
		rc = store_artifacts(store, from, NULL, keep_archive, &k, err);
	return rc == PIPE_OK ? keep_dotenvs(&k) : rc;
}

static void settle_kept(struct pipeline_run *p)
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

/* ---- starting ---- */

int pipeline_run_directory(struct pipeline_run *p, pipe_error *err)
{
	const char *state = p->session->project->state_directory;

	p->directory = arena_printf(&p->arena, "%s/runs/%lld", state, (long long)p->number);
	if (!p->directory)
		return error_nomem(err);
	if (mkdir(p->directory, 0777) && errno == ENOENT) {
		const char *runs = arena_printf(&p->arena, "%s/runs", state);
		if (!runs)
			return error_nomem(err);
		mkdir(runs, 0777);
		errno = 0;
		mkdir(p->directory, 0777);
	}
	if (access(p->directory, W_OK))
		return error_errno(err, PIPE_EIO, errno, "cannot write to %s", p->directory);
	return PIPE_OK;
}

const char *job_path(const struct job_run *j, const char *suffix, struct arena *a)
{
	return arena_printf(a, "%s/%u%s", j->pipeline->directory, j->index, suffix);
}

/* One warning for each keyword that the executor does not honour, with a job that uses it. */
static void warn_unhonoured(struct pipeline_run *p)
{
	const struct pipeline *pipeline = p->plan->pipeline;
	struct map seen = MAP_INIT;

	for (uint32_t i = 0; i < p->plan->plan->jobs.count; i++) {
		const struct plan_job *j = &p->plan->plan->jobs.items[i];
		for (uint32_t k = 0; j->selected && k < j->job->settings->unhonoured.count; k++) {
			const char *name = j->job->settings->unhonoured.items[k];
			if (map_get(&seen, name, strlen(name)) ||
			    !map_put(&seen, &p->arena, name, strlen(name), (void *)(uintptr_t)pipeline))
				continue;
			notify_warning(
				p, NULL,
				"the local executor does not honour \"%s\" (job \"%s\"): the job runs on this machine without it",
				name, j->job->name);
		}
	}
}

static int take_locks(struct pipeline_run *p, pipe_error *err)
{
	const char *state = p->session->project->state_directory;
	int rc = run_lock_acquire(&p->lock, state, p->number, err);

	return rc || p->trigger ? rc : run_control_open(state, p->number, &p->control, err);
}

int pipeline_run_create(struct pipeline_run **out, struct pipe_run *s, const struct pipe_plan *plan, struct pipe_plan *own,
			struct job_run *trigger, pipe_error *err)
{
	struct pipeline_run *p = calloc(1, sizeof(*p));
	int64_t resume = trigger ? 0 : s->options.resume;
	int rc;

	*out = NULL;
	if (!p)
		return error_nomem(err);
	p->session = s;
	p->plan = plan;
	p->trigger = trigger;
	p->control = -1;
	p->status = PIPE_STATUS_RUNNING;
	p->started_ms = session_now(s);
	p->prefix = "";
	if (trigger)
		p->prefix = arena_printf(&p->arena, "%s%s -> ", trigger->pipeline->prefix, trigger->plan->name);
	rc = p->prefix ? make_nonce(p->nonce, err) : error_nomem(err);
	if (rc == PIPE_OK)
		rc = make_jobs(p, err);
	if (rc == PIPE_OK)
		rc = scheduler_create(&p->scheduler, plan->plan, p->expected, s->places == 1, err);
	if (rc == PIPE_OK && trigger)
		rc = pipeline_run_check_tools(p, err);
	if (rc == PIPE_OK && !resume)
		rc = create_in_store(p, err);
	if (rc == PIPE_OK && resume)
		rc = check_resume(p, resume, err);
	if (rc == PIPE_OK && resume)
		rc = store_run_reopen(s->store, p->number = resume, p->nonce, err);
	if (rc == PIPE_OK)
		rc = take_locks(p, err);
	if (rc == PIPE_OK)
		rc = pipeline_run_directory(p, err);
	if (rc == PIPE_OK && !trigger && (resume || s->options.retry_of))
		rc = keep_earlier(p, resume ? resume : s->options.retry_of, err);
	if (rc == PIPE_OK && !trigger)
		rc = pipeline_run_check_tools(p, err);
	if (rc == PIPE_OK)
		rc = hooks_open(p, err);
	if (rc) {
		pipeline_run_free(p);
		return rc;
	}
	p->own_plan = own;
	p->next = s->pipelines;
	s->pipelines = p;
	notify_run(p, PIPE_EVENT_RUN_STARTED);
	warn_unhonoured(p);
	settle_kept(p);
	if (!trigger && !resume && s->options.retry_of)
		pipeline_run_keep_evidence(p, s->options.retry_of);
	*out = p;
	return PIPE_OK;
}

void pipeline_run_free(struct pipeline_run *p)
{
	if (!p)
		return;
	if (p->control >= 0)
		run_control_close(p->session->project->state_directory, p->number, p->control);
	run_lock_free(p->lock);
	scheduler_free(p->scheduler);
	hooks_free(p);
	arena_clear(&p->arena);
	pipe_plan_free(p->own_plan);
	free(p);
}

/* ---- going on ---- */

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

static void on_delay_closed(uv_handle_t *handle)
{
	struct job_run *j = handle->data;

	j->pipeline->session->handles--;
	free(handle);
	session_settle(j->pipeline->session);
}

static void stop_delay(struct job_run *j)
{
	if (!j->delay)
		return;
	uv_close((uv_handle_t *)j->delay, on_delay_closed);
	j->delay = NULL;
}

static void on_delay_over(uv_timer_t *timer)
{
	struct job_run *j = timer->data;

	stop_delay(j);
	scheduler_ready(j->pipeline->scheduler, j->index);
	session_schedule(j->pipeline->session);
}

static void delay(struct job_run *j)
{
	struct pipe_run *s = j->pipeline->session;

	j->delay = malloc(sizeof(*j->delay));
	if (!j->delay || uv_timer_init(s->loop, j->delay)) {
		free(j->delay);
		j->delay = NULL;
		scheduler_ready(j->pipeline->scheduler, j->index); /* too early rather than never */
		return;
	}
	s->handles++;
	j->delay->data = j;
	if (uv_timer_start(j->delay, on_delay_over, (uint64_t)j->plan->start_in_ms, 0))
		on_delay_over(j->delay);
}

static void queued(struct job_run *j, const char *reason)
{
	j->status = PIPE_STATUS_READY;
	j->queued_ms = session_now(j->pipeline->session);
	j->pipeline->active++;
	if (reason) /* a job that starts at once says so by starting */
		notify_job(j, PIPE_EVENT_JOB_QUEUED, reason, NULL, -1, NULL);
}

static void skip(struct job_run *j, uint32_t because)
{
	struct pipeline_run *p = j->pipeline;
	char reason[512];

	if (because == UINT32_MAX)
		snprintf(reason, sizeof(reason), "nothing failed before it (when: %s)", when_name(j->plan->when));
	else
		snprintf(reason, sizeof(reason), "\"%s\" %s", p->jobs[because].plan->name,
			 p->jobs[because].status == PIPE_STATUS_SKIPPED	    ? "was skipped"
			 : p->jobs[because].status == PIPE_STATUS_CANCELLED ? "was cancelled"
									    : "failed");
	pipeline_run_ended(j, PIPE_STATUS_SKIPPED, reason, NULL, -1, NULL);
}

void pipeline_run_decide(struct pipeline_run *p)
{
	enum verdict verdict;
	uint32_t i, because;
	char reason[64];

	while (!p->stopping && scheduler_decided(p->scheduler, &i, &verdict, &because)) {
		struct job_run *j = &p->jobs[i];
		switch (verdict) {
		case VERDICT_RUN:
			queued(j, NULL);
			break;
		case VERDICT_DELAY:
			snprintf(reason, sizeof(reason), "starts in %lld s", (long long)(j->plan->start_in_ms / 1000));
			queued(j, reason);
			delay(j);
			break;
		case VERDICT_MANUAL:
			j->status = PIPE_STATUS_MANUAL;
			break;
		case VERDICT_SKIP:
			skip(j, because);
			break;
		}
	}
}

void pipeline_run_ended(struct job_run *j, enum pipe_status status, const char *reason, const char *failure, double coverage,
			const struct log_writer *log)
{
	struct pipeline_run *p = j->pipeline;
	struct pipe_run *s = p->session;
	bool failed = status == PIPE_STATUS_FAILED;

	if (j->status == PIPE_STATUS_READY || j->status == PIPE_STATUS_RUNNING)
		p->active--;
	j->status = (uint8_t)status;
	p->open--;
	p->failed += failed;
	notify_job(j, PIPE_EVENT_JOB_FINISHED, reason, failure, coverage, log);
	scheduler_ended(p->scheduler, j->index, status);
	if (failed && !p->stopping) {
		const char *on_failure = p->plan->pipeline->workflow.auto_cancel_on_job_failure;
		if (on_failure && !strcmp(on_failure, "all")) {
			p->by_failure = true;
			pipeline_run_cancel(p, false);
		} else if (!s->options.keep_going)
			p->stopping = true;
	}
}

void pipeline_run_cancel(struct pipeline_run *p, bool now)
{
	p->stopping = p->cancelled = true;
	for (uint32_t i = 0; i < p->plan->plan->jobs.count; i++)
		job_run_cancel(&p->jobs[i], now);
	for (struct pipeline_run *child = p->session->pipelines; child; child = child->next)
		if (child->trigger && child->trigger->pipeline == p && !child->concluded)
			pipeline_run_cancel(child, now); /* no deeper than children have children */
	hooks_run_cancel(p, now);
}

/* What a job that will not run any more says. */
static void give_up(struct job_run *j)
{
	struct pipeline_run *p = j->pipeline;
	uint32_t blocker;
	char reason[512];

	stop_delay(j);
	if (p->session->failure) {
		pipeline_run_ended(j, PIPE_STATUS_CANCELLED, "the run could not go on", "runner_system_failure", -1, NULL);
		return;
	}
	if (hooks_run_refusal(p)) {
		pipeline_run_ended(j, PIPE_STATUS_SKIPPED, hooks_run_refusal(p), NULL, -1, NULL);
		return;
	}
	if (p->cancelled) {
		pipeline_run_ended(j, PIPE_STATUS_CANCELLED,
				   p->by_failure ? "another job failed, and workflow:auto_cancel:on_job_failure is \"all\""
						 : "the run was cancelled",
				   NULL, -1, NULL);
		return;
	}
	if (p->stopping) {
		pipeline_run_ended(j, PIPE_STATUS_SKIPPED, "the run ends with its first failure", NULL, -1, NULL);
		return;
	}
	if (j->status == PIPE_STATUS_MANUAL) {
		pipeline_run_ended(j, PIPE_STATUS_MANUAL, "nobody started it", NULL, -1, NULL);
		return;
	}
	blocker = scheduler_blocked_by(p->scheduler, j->index);
	snprintf(reason, sizeof(reason), "it waits for \"%s\", which nobody started",
		 blocker == UINT32_MAX ? "another job" : p->jobs[blocker].plan->name);
	pipeline_run_ended(j, PIPE_STATUS_SKIPPED, reason, NULL, -1, NULL);
}

static bool is_open(const struct job_run *j)
{
	return j->plan->selected && !j->kept &&
	       (j->status == PIPE_STATUS_WAITING || j->status == PIPE_STATUS_READY || j->status == PIPE_STATUS_MANUAL);
}

static bool works(const struct pipeline_run *p)
{
	for (uint32_t i = 0; p->active && i < p->plan->plan->jobs.count; i++)
		if (p->jobs[i].status == PIPE_STATUS_RUNNING)
			return true;
	return false;
}

enum pipe_status pipeline_run_verdict(const struct pipeline_run *p)
{
	const struct pipe_run *s = p->session;

	return s->failure					  ? PIPE_STATUS_FAILED
	       : (p->cancelled && !p->by_failure) || s->cancelled ? PIPE_STATUS_CANCELLED
	       : p->failed || hooks_run_failure(p)		  ? PIPE_STATUS_FAILED
								  : PIPE_STATUS_SUCCESS;
}

static void end_pipeline(struct pipeline_run *p)
{
	struct pipe_run *s = p->session;
	pipe_error err;

	p->concluded = true;
	p->status = (uint8_t)pipeline_run_verdict(p);
	if (!s->history_failed && store_run_finish(s->store, p->number, p->status, session_now(s), &err))
		session_fail_history(s, &err);
}

bool pipeline_run_conclude(struct pipeline_run *p)
{
	if (p->concluded)
		return true;
	if (p->held)
		return false;
	pipeline_run_decide(p);
	if (p->stopping ? works(p) : p->active > 0)
		return false;
	/* Backwards in the plan, so that a job is told of the one it waits for while that is still open. */
	for (uint32_t i = p->open ? p->plan->plan->jobs.count : 0; i-- > 0;)
		if (is_open(&p->jobs[i]))
			give_up(&p->jobs[i]);
	if (hooks_events_wait(p) || (hooks_after_run(p) && p->held))
		return false;
	end_pipeline(p);
	return true;
}
