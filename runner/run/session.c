#include "runner/run/session.h"

#include "base/error.h"
#include "runner/net/http_loop.h"
#include "runner/run/fresh.h"
#include "runner/run/hooks.h"
#include "runner/run/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	GROUP_MS = 5, /* changes of this long are one commit: what a killed process can lose, and nobody has been shown */
};
enum { OLDER_RUNS = 20 }; /* how far back a run looks for others that are under way */

int64_t session_now(const struct pipe_run *s)
{
	struct timespec t;

	(void)s;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void session_log(const struct pipe_run *s, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	project_log(s->project, "%s", text);
}

void session_fail(struct pipe_run *s, const pipe_error *err)
{
	if (s->failure)
		return;
	s->failure = err->code;
	s->error = *err;
	pipe_run_cancel(s);
}

void session_fail_history(struct pipe_run *s, const pipe_error *err)
{
	s->history_failed = true;
	session_fail(s, err);
}

/* ---- the end ---- */

static void maybe_ended(struct pipe_run *s)
{
	if (s->finishing && !s->handles)
		s->ended = true;
}

static void on_closed(uv_handle_t *handle)
{
	struct pipe_run *s = handle->data;

	s->handles--;
	maybe_ended(s);
}

static void on_executor_closed(void *context)
{
	struct pipe_run *s = context;

	s->executor = NULL;
	s->handles--;
	maybe_ended(s);
}

static void on_http_closed(void *context)
{
	struct pipe_run *s = context;

	s->http = NULL;
	s->handles--;
	maybe_ended(s);
}

static void close_http(struct pipe_run *s)
{
	if (!s->http)
		return;
	s->handles++;
	http_loop_close(s->http, on_http_closed, s);
}

static void close_handle(struct pipe_run *s, uv_handle_t *handle)
{
	if (uv_handle_get_type(handle) == UV_UNKNOWN_HANDLE || uv_is_closing(handle))
		return;
	handle->data = s;
	uv_close(handle, on_closed);
}

/* While the locks of the runs are held: it may replace their logs. */
static void stop_packer(struct pipe_run *s)
{
	pipe_error err;

	if (log_packer_free(s->packer, &err))
		session_log(s, "a log could not be compressed: %s", err.text);
	s->packer = NULL;
}

/* Nothing is left to be done but to close the handles. */
static void close_all(struct pipe_run *s)
{
	stop_packer(s);
	run_lock_free(s->root->lock); /* after the commit that says that the run has ended */
	s->root->lock = NULL;
	close_handle(s, (uv_handle_t *)&s->wake);
	close_handle(s, (uv_handle_t *)&s->turn);
	close_handle(s, (uv_handle_t *)&s->poll);
	close_handle(s, (uv_handle_t *)&s->commit);
	close_handle(s, (uv_handle_t *)&s->control);
	close_http(s);
	s->handles++;
	s->executor->ops->close(s->executor, on_executor_closed, s);
}

/* Everything has ended: the last event, then what hooks have to say to it. */
static void finish(struct pipe_run *s)
{
	s->finishing = true;
	notify_run(s->root, PIPE_EVENT_RUN_FINISHED);
	notify_flush(s);
	s->draining = hooks_events_busy(s);
	if (!s->draining)
		close_all(s);
}

void session_events_over(struct pipe_run *s)
{
	if (!s->finishing) {
		session_schedule(s); /* a run may have waited for it */
	} else if (s->draining && !hooks_events_busy(s)) {
		s->draining = false;
		notify_flush(s); /* what they said is kept */
		close_all(s);
	}
}

void session_settle(struct pipe_run *s)
{
	if (s->finishing) {
		maybe_ended(s);
		return;
	}
	if (s->running || s->busy)
		return;
	for (struct pipeline_run *p = s->pipelines; p; p = p->next)
		if (!p->concluded)
			return;
	finish(s);
}

/* ---- going on ---- */

static bool start_one(struct pipeline_run *p)
{
	struct job_run *j;
	uint32_t i;

	if (p->held || p->stopping || !scheduler_next(p->scheduler, &i))
		return false;
	j = &p->jobs[i];
	if (!resource_acquire(j))
		return true; /* it waits elsewhere now; the next one may start */
	if (j->plan->when == WHEN_MANUAL && j->plan->job->settings->manual_confirmation)
		notify_warning(p, j, "it was started by name, so its question is not put: %s",
			       j->plan->job->settings->manual_confirmation);
	if (j->plan->job->settings->trigger)
		child_start(j);
	else
		job_run_start(j);
	return true;
}

static bool start_some(struct pipe_run *s)
{
	bool started = place_serve(s);

	for (struct pipeline_run *p = s->pipelines; p && s->running < s->places; p = p->next) {
		if (p->held)
			continue;
		pipeline_run_decide(p);
		while (s->running < s->places && start_one(p)) {
			pipeline_run_decide(p);
			started = true;
		}
	}
	return started;
}

void session_schedule(struct pipe_run *s)
{
	bool again = true;

	if (s->scheduling || s->finishing || !s->root)
		return; /* a job that ends at once comes back here from start_some */
	s->scheduling = true;
	while (again) {
		again = start_some(s);
		for (struct pipeline_run *p = s->pipelines; p; p = p->next) {
			bool before = p->concluded;
			if (pipeline_run_conclude(p) && !before) {
				again = true;
				if (p->trigger)
					child_ended(p);
			}
		}
	}
	s->scheduling = false;
	session_settle(s);
}

static void on_group_over(uv_timer_t *timer)
{
	struct pipe_run *s = timer->data;

	s->grouping = false;
	notify_flush(s);
}

/* Once a turn of the loop: changes begin a group; with nothing running there is nothing to wait for. */
static void on_turn(uv_prepare_t *turn)
{
	struct pipe_run *s = turn->data;

	if (!s->running)
		notify_flush(s);
	else if (!s->grouping && (s->first_event || store_has_changes(s->store)))
		s->grouping = uv_timer_start(&s->commit, on_group_over, GROUP_MS, 0) == 0;
}

/* How much cancelling has been asked for that has not been done yet? */
static void act_on_cancels(struct pipe_run *s)
{
	int asked = atomic_load(&s->cancels);

	if (asked > 2)
		asked = 2;
	if (asked > s->cancelled && (s->draining || asked > 1))
		hooks_events_cancel(s);
	if (asked <= s->cancelled || s->finishing)
		return;
	s->cancelled = asked;
	for (struct pipeline_run *p = s->pipelines; p; p = p->next)
		pipeline_run_cancel(p, asked > 1);
	session_schedule(s);
}

static void on_wake(uv_async_t *wake)
{
	fresh_serve(wake->data);
	act_on_cancels(wake->data);
}

void pipe_run_cancel(pipe_run *s)
{
	atomic_fetch_add(&s->cancels, 1);
	uv_async_send(&s->wake);
}

/* ---- commands of other processes ---- */

/* A newer run for the same branch has begun: https://docs.gitlab.com/ci/yaml/#workflowauto_cancelon_new_commit */
static void on_newer(struct pipe_run *s)
{
	const char *policy = s->root->plan->pipeline->workflow.auto_cancel_on_new_commit;
	bool any_running = false, all = true;

	if (policy && !strcmp(policy, "none"))
		return;
	for (uint32_t i = 0; i < s->root->plan->plan->jobs.count; i++) {
		struct job_run *j = &s->root->jobs[i];
		if (!j->started_ms)
			continue;
		any_running = true;
		if (j->plan->interruptible != YES) {
			all = false;
			continue;
		}
		if (policy && !strcmp(policy, "interruptible"))
			job_run_cancel(j, false);
	}
	if ((!policy || !strcmp(policy, "conservative")) && all && any_running) {
		notify_warning(s->root, NULL,
			       "a newer run of the same branch has started, and all jobs are interruptible: this one ends");
		pipe_run_cancel(s);
	}
}

static void obey(struct pipe_run *s, char command)
{
	switch (command) {
	case RUN_CONTROL_KILL:
		atomic_fetch_add(&s->cancels, 1);
		pipe_run_cancel(s);
		break;
	case RUN_CONTROL_CANCEL:
		pipe_run_cancel(s);
		break;
	case RUN_CONTROL_NEWER:
		on_newer(s);
		break;
	}
}

static void on_control(uv_poll_t *poll, int status, int events)
{
	struct pipe_run *s = poll->data;
	char commands[16];
	ssize_t n;

	(void)events;
	if (status)
		return;
	n = read(s->root->control, commands, sizeof(commands));
	for (ssize_t i = 0; i < n; i++)
		obey(s, commands[i]);
}

struct newer {
	struct pipe_run *session;
	const char *branch;
};

static int tell_older(void *payload, const pipe_run_record *r)
{
	struct newer *n = payload;
	const char *state = n->session->project->state_directory;

	if (!n->session->dirty && !strcmp(r->commit_sha, n->session->plan->git.sha))
		return 0; /* nothing is newer than what it runs */
	if (r->status == PIPE_STATUS_RUNNING && r->number != n->session->root->number && !r->parent &&
	    !strcmp(r->branch, n->branch) && !strcmp(r->file, n->session->root->plan->pipeline->file) &&
	    run_lock_is_held(state, r->number))
		run_control_send(state, r->number, RUN_CONTROL_NEWER, NULL);
	return 0;
}

/* Runs that are under way for the same file and branch hear of this one.  Mostly there are none at all. */
static void tell_older_runs(struct pipe_run *s)
{
	struct newer n = { s, s->plan->options.ref ? s->plan->options.ref : "" };
	bool others = true;
	pipe_error err;

	if (store_other_runs(s->store, s->root->number, &others, &err) == PIPE_OK && !others)
		return;
	if (store_runs(s->store, 0, OLDER_RUNS, tell_older, &n, &err))
		session_log(s, "older runs could not be told of this one: %s", err.text);
}

/* ---- the beginning ---- */

/* The host's variables, split once; what a script sees below its own. */
static int take_environment(struct pipe_run *s, pipe_error *err)
{
	for (char **e = environ; e && *e; e++) {
		const char *eq = strchr(*e, '=');
		struct variable *v;
		if (!eq || eq == *e)
			continue;
		v = vec_push(&s->arena, &s->host.list);
		if (!v || !(v->name = arena_strndup(&s->arena, *e, (size_t)(eq - *e))) ||
		    !(v->value = arena_strdup(&s->arena, eq + 1)))
			return error_nomem(err);
	}
	return PIPE_OK;
}

static int mask_one(struct pipe_run *s, const struct variable *v, pipe_error *err)
{
	int rc = v->masked ? mask_add(s->mask, v->value, strlen(v->value), err) : PIPE_OK;

	if (rc != PIPE_ELIMIT)
		return rc;
	session_log(s, "the value of \"%s\" is too short to be masked: it needs %d characters", v->name, MASK_MIN);
	return PIPE_OK;
}

static int make_mask(struct pipe_run *s, pipe_error *err)
{
	const struct variables *given = &s->plan->variables;
	int rc = mask_create(&s->mask, err);

	for (uint32_t i = 0; rc == PIPE_OK && i < given->list.count; i++)
		rc = mask_one(s, &given->list.items[i], err);
	/* Those of one environment are secret in all. */
	for (uint32_t i = 0; rc == PIPE_OK && i < s->plan->scoped.count; i++)
		rc = mask_one(s, &s->plan->scoped.items[i].variable, err);
	return rc == PIPE_OK ? mask_compile(s->mask, err) : rc;
}

/* Handles of jobs. */
static void on_handle_opened(void *payload)
{
	((struct pipe_run *)payload)->handles++;
}

static void on_handle_closed(void *payload)
{
	((struct pipe_run *)payload)->handles--;
	session_settle(payload);
}

static int open_handles(struct pipe_run *s, pipe_error *err)
{
	int rc;

	if (s->options.loop) {
		s->loop = s->options.loop;
	} else {
		rc = uv_loop_init(&s->own_loop);
		if (rc)
			return error_set(err, PIPE_EIO, "no event loop: %s", uv_strerror(rc));
		s->loop = &s->own_loop;
		s->loop_is_own = true;
	}
	if ((rc = uv_async_init(s->loop, &s->wake, on_wake)))
		return error_set(err, PIPE_EIO, "no event loop: %s", uv_strerror(rc));
	s->handles++;
	uv_prepare_init(s->loop, &s->turn); /* neither this nor a timer's init nor start can fail with a callback */
	uv_prepare_start(&s->turn, on_turn);
	uv_timer_init(s->loop, &s->poll);
	uv_timer_init(s->loop, &s->commit);
	s->handles += 3;
	s->wake.data = s->turn.data = s->poll.data = s->commit.data = s;
	s->desk = (struct stage_desk){ .state_directory = s->project->state_directory,
				       .loop = s->loop,
				       .opened = on_handle_opened,
				       .closed = on_handle_closed,
				       .payload = s };
	desk_init(&s->desk);
	return PIPE_OK;
}

static int open_executor(struct pipe_run *s, pipe_error *err)
{
	struct local_options o = { .loop = s->loop, .subreaper = s->options.subreaper, .cgroups = true };
	char name[64];

	snprintf(name, sizeof(name), "pipe-%s", s->root->nonce); /* as recovery looks for it */
	o.cgroup_name = arena_strdup(&s->arena, name);
	return o.cgroup_name ? executor_local_create(&s->executor, &o, err) : error_nomem(err);
}

static int listen_for_commands(struct pipe_run *s, pipe_error *err)
{
	int rc = uv_poll_init(s->loop, &s->control, s->root->control);

	if (rc)
		return error_set(err, PIPE_EIO, "cannot listen for commands: %s", uv_strerror(rc));
	s->handles++;
	s->control.data = s;
	rc = uv_poll_start(&s->control, UV_READABLE, on_control);
	return rc ? error_set(err, PIPE_EIO, "cannot listen for commands: %s", uv_strerror(rc)) : PIPE_OK;
}

static int see_lost(void *payload, const struct store_lost *lost)
{
	(void)lost;
	*(bool *)payload = true;
	return 1;
}

/* Earlier runs whose process died: usually there are none, and one query says so. */
static int recover(struct pipe_run *s, pipe_error *err)
{
	unsigned lost = 0, ended = 0;
	bool any = false;
	int rc = store_lost_runs(s->store, see_lost, &any, err);

	if (rc || !any)
		return rc;
	rc = pipe_history_recover(s->project, &lost, &ended, err);
	if (lost)
		session_log(
			s,
			"%u earlier run%s lost: the process that drove it ended before it did (%u process%s left behind %s ended)",
			lost, lost == 1 ? " was" : "s were", ended, ended == 1 ? "" : "es", ended == 1 ? "was" : "were");
	return rc;
}

/* Every running job needs some descriptors (output, process, log and its index, cgroup), the workers a few more. */
static int limit_places(struct pipe_run *s, pipe_error *err)
{
	enum { EACH = 6, WORKERS = 24, LEAST = 16 };
	rlim_t used = (rlim_t)s->root->control + 1; /* one of the last opened: the system gives out the lowest free number */
	struct rlimit limit;
	rlim_t room, places;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return PIPE_OK;
	room = limit.rlim_cur > used ? limit.rlim_cur - used : 0;
	if (room < LEAST)
		return error_set(err, PIPE_EIO, "too few file descriptors are left to run a job: %llu (`ulimit -n` is %llu)",
				 (unsigned long long)room, (unsigned long long)limit.rlim_cur);
	places = room > WORKERS + EACH ? (room - WORKERS) / EACH : 1;
	if (places >= s->places)
		return PIPE_OK;
	s->places = (unsigned)places;
	notify_warning(s->root, NULL,
		       "no more than %u job%s at a time: there are too few file descriptors for more (`ulimit -n` is %llu)",
		       s->places, s->places == 1 ? " runs" : "s run", (unsigned long long)limit.rlim_cur);
	return PIPE_OK;
}

static int begin(struct pipe_run *s, pipe_error *err)
{
	int rc;

	if ((rc = store_open(&s->store, s->project->state_directory, STORE_WRITE, s->options.durable, err)) ||
	    (rc = recover(s, err)) || (rc = log_packer_create(&s->packer, s->project->state_directory, err)) ||
	    (rc = take_environment(s, err)) || (rc = make_mask(s, err)) || (rc = open_handles(s, err)))
		return rc;
	if (s->plan->git.is_repository) {
		bool dirty = false;
		pipe_error ignored;
		s->dirty = git_is_dirty(s->project->directory, &dirty, &ignored) == PIPE_OK && dirty;
	}
	if ((rc = pipeline_run_create(&s->root, s, s->plan, NULL, NULL, err)) || (rc = open_executor(s, err)) ||
	    (rc = listen_for_commands(s, err)) || (rc = limit_places(s, err)))
		return rc;
	tell_older_runs(s);
	return store_commit(s->store, err);
}

static void drop(struct pipe_run *s)
{
	stop_packer(s);
	while (s->pipelines) {
		struct pipeline_run *p = s->pipelines;
		s->pipelines = p->next;
		pipeline_run_free(p);
	}
	resource_free_all(s);
	if (s->loop_is_own)
		uv_loop_close(&s->own_loop);
	fresh_free(s);
	desk_clear(&s->desk);
	mask_free(s->mask);
	store_free(s->store);
	arena_clear(&s->arena);
	arena_clear(&s->event_arena);
	free(s);
}

/* A run that could not begin: closes what was opened. */
static void abandon(struct pipe_run *s)
{
	if (s->loop) {
		s->finishing = true;
		close_handle(s, (uv_handle_t *)&s->wake);
		close_handle(s, (uv_handle_t *)&s->turn);
		close_handle(s, (uv_handle_t *)&s->poll);
		close_handle(s, (uv_handle_t *)&s->commit);
		close_handle(s, (uv_handle_t *)&s->control);
		close_http(s);
		if (s->executor) {
			s->handles++;
			s->executor->ops->close(s->executor, on_executor_closed, s);
		}
		while ((s->handles || s->busy) && uv_run(s->loop, UV_RUN_ONCE))
			;
	}
	drop(s);
}

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned)n;
}

int pipe_run_start(pipe_run **out, pipe_project *project, const pipe_plan *plan, const pipe_run_options *opts, pipe_error *err)
{
	static const pipe_run_options none = PIPE_RUN_OPTIONS_INIT;
	struct pipe_run *s;
	int rc;

	*out = NULL;
	if (!plan->plan)
		return error_set(err, PIPE_EPIPELINE, "the pipeline file has errors");
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_nomem(err);
	s->project = project;
	s->plan = plan;
	s->options = opts ? *opts : none;
	s->places = s->options.max_jobs ? s->options.max_jobs : processors();
	s->last_event = &s->first_event;
	rc = begin(s, err);
	if (rc) {
		abandon(s);
		return rc;
	}
	*out = s;
	hooks_before_run(s->root);
	session_schedule(s);
	if (s->running)
		store_get_ready(s->store);
	return PIPE_OK;
}

int pipe_run_wait(pipe_run *s, pipe_error *err)
{
	while (!s->ended && uv_run(s->loop, UV_RUN_ONCE))
		;
	if (s->failure && err)
		*err = s->error;
	return s->failure;
}

int pipe_run_play(pipe_run *s, const char *job, pipe_error *err)
{
	const struct plan_job *j = plan_job_named(s->root->plan->plan, job, strlen(job));
	struct job_run *run = j ? &s->root->jobs[j->index] : NULL;

	if (!run || !j->selected)
		return error_set(err, PIPE_ENOTFOUND, "there is no job \"%s\" in this run", job);
	if (run->status != PIPE_STATUS_MANUAL || s->root->stopping || s->root->concluded)
		return error_set(err, PIPE_EUSAGE, "the job \"%s\" does not wait to be started: it is %s", job,
				 pipe_status_name(run->status));
	run->status = PIPE_STATUS_READY;
	s->root->active++;
	scheduler_ready(s->root->scheduler, run->index);
	session_schedule(s);
	return PIPE_OK;
}

int64_t pipe_run_number(const pipe_run *s)
{
	return s->root->number;
}

enum pipe_status pipe_run_status(const pipe_run *s)
{
	return s->ended ? (enum pipe_status)s->root->status : PIPE_STATUS_RUNNING;
}

enum pipe_status pipe_run_job_status(const pipe_run *s, uint32_t job_index)
{
	return job_index < s->root->plan->plan->jobs.count ? (enum pipe_status)s->root->jobs[job_index].status
							   : PIPE_STATUS_WAITING;
}

void pipe_run_free(pipe_run *s)
{
	if (!s)
		return;
	if (!s->ended)
		pipe_run_cancel(s);
	while (!s->ended && uv_run(s->loop, UV_RUN_ONCE))
		;
	drop(s);
}
