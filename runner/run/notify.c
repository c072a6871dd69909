/*
 * Events.  What changes a job's state goes to the store first; the subscriber hears of it when the store has committed, so that
 * nothing that was shown can be lost.  Output is not held up: it is in the log file before it gets here.
 */
#include "base/error.h"
#include "runner/run/hook/hooks.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUED_MOST = 16 * 1024 }; /* bytes of output that wait for a commit */

static const char *keep(struct pipe_run *s, const char *text)
{
	return text ? arena_strdup(&s->event_arena, text) : NULL;
}

/* Does anybody listen? */
static bool is_heard(const struct pipeline_run *p, enum pipe_event_kind kind)
{
	return p->session->options.on_event || hooks_listen(p, kind);
}

static pipe_event *push(struct pipeline_run *p)
{
	struct pipe_run *s = p->session;
	struct pending_event *e = ARENA_NEW(&s->event_arena, struct pending_event);

	if (!e)
		return NULL;
	*s->last_event = e;
	s->last_event = &e->next;
	e->pipeline = p;
	e->quiet = s->quiet;
	e->event.time_ms = session_now(s);
	e->event.exit_code = -1;
	e->event.expected_ms = -1;
	return &e->event;
}

static const char *event_name(struct job_run *j, struct arena *a)
{
	const char *prefix = j->pipeline->prefix;

	return *prefix ? arena_printf(a, "%s%s", prefix, j->plan->name) : j->plan->name;
}

static void fill_job(pipe_event *e, struct job_run *j, struct arena *a)
{
	e->run = j->pipeline->number;
	e->job = event_name(j, a);
	e->job_index = j->index;
	e->stage = j->pipeline->plan->pipeline->stages.items[j->plan->stage].name;
	e->attempt = j->attempt;
	e->status = j->status;
}

/* A sentence with the secrets taken out; in the events' arena unless there was nothing to take out.  Rather none than one with a
 * secret in it. */
static const char *clean(struct pipe_run *s, const char *text)
{
	struct str out;
	const char *masked = NULL;

	if (!text || mask_is_empty(s->mask))
		return text;
	str_init(&out);
	if (mask_text(s->mask, text, strlen(text), &out, NULL) == PIPE_OK && !out.failed)
		masked = arena_strndup(&s->event_arena, out.data ? out.data : "", out.length);
	str_clear(&out);
	return masked;
}

static void store_change(struct job_run *j, const char *reason, const char *failure, double coverage,
			 const struct log_writer *log)
{
	struct pipe_run *s = j->pipeline->session;
	struct store_change c = { .job = j->index,
				  .attempt = j->attempt,
				  .status = j->status,
				  .time_ms = session_now(s),
				  .reason = reason,
				  .failure = failure,
				  .exit_code = j->exit_code,
				  .coverage = coverage };
	pipe_error err;

	if (log) {
		c.log_bytes = log_writer_bytes(log);
		c.log_lines = log_writer_lines(log);
	}
	if (!s->history_failed && store_job_change(s->store, j->pipeline->number, &c, &err))
		session_fail_history(s, &err);
}

/* A trigger job inside a child pipeline only leads on to its own child, whose jobs bear its name: it is worth an event when it
 * fails. */
static bool is_passage(const struct job_run *j)
{
	return j->pipeline->trigger && j->plan->job->settings->trigger &&
	       (j->status == PIPE_STATUS_RUNNING || j->status == PIPE_STATUS_SUCCESS);
}

void notify_job(struct job_run *j, enum pipe_event_kind kind, const char *reason, const char *failure, double coverage,
		const struct log_writer *log)
{
	struct pipe_run *s = j->pipeline->session;
	pipe_event *e;

	reason = clean(s, reason);
	store_change(j, reason, failure, coverage, log);
	if (is_passage(j) || !is_heard(j->pipeline, kind) || !(e = push(j->pipeline)))
		return;
	e->kind = kind;
	fill_job(e, j, &s->event_arena);
	e->reason = keep(s, reason);
	e->failure = keep(s, failure);
	if (kind == PIPE_EVENT_JOB_FINISHED || kind == PIPE_EVENT_JOB_RETRY) {
		e->exit_code = j->exit_code;
		e->duration_ms = j->started_ms && j->finished_ms ? j->finished_ms - j->started_ms : 0;
	}
	if (kind == PIPE_EVENT_JOB_STARTED)
		e->expected_ms = j->expected_ms;
}

void notify_evidence(struct job_run *j, const pipe_evidence *evidence)
{
	struct pipe_run *s = j->pipeline->session;
	pipe_event *e;
	pipe_evidence *kept;

	if (!is_heard(j->pipeline, PIPE_EVENT_EVIDENCE) || !(e = push(j->pipeline)))
		return;
	e->kind = PIPE_EVENT_EVIDENCE;
	fill_job(e, j, &s->event_arena);
	kept = ARENA_NEW(&s->event_arena, pipe_evidence);
	if (kept)
		*kept = *evidence;
	e->evidence = kept;
}

void notify_run(struct pipeline_run *p, enum pipe_event_kind kind)
{
	struct pipe_run *s = p->session;
	pipe_event *e;

	if (p->trigger || !is_heard(p, kind) || !(e = push(p)))
		return; /* a child's jobs are events of the stream; its own beginning and end are its trigger job's */
	e->kind = kind;
	e->run = p->number;
	e->status = p->status;
	if (kind == PIPE_EVENT_RUN_STARTED) {
		e->jobs_total = p->open;
		e->expected_ms = scheduler_estimate(p->scheduler, s->places);
	} else {
		e->duration_ms = e->time_ms - p->started_ms;
		e->reason = keep(s, clean(s, hooks_run_failure(p)));
	}
}

void notify_warning(struct pipeline_run *p, struct job_run *j, const char *format, ...)
{
	struct pipe_run *s = p->session;
	pipe_event *e;
	va_list ap;

	if (!is_heard(p, PIPE_EVENT_WARNING) || !(e = push(p)))
		return;
	e->kind = PIPE_EVENT_WARNING;
	e->run = p->number;
	if (j)
		fill_job(e, j, &s->event_arena);
	va_start(ap, format);
	e->text = clean(s, arena_vprintf(&s->event_arena, format, ap));
	va_end(ap);
	e->text_length = e->text ? strlen(e->text) : 0;
}

static bool queue_output(struct job_run *j, const char *text, size_t length)
{
	struct pipe_run *s = j->pipeline->session;
	char *copy;
	pipe_event *e;

	if (length > QUEUED_MOST || s->event_arena.used > QUEUED_MOST)
		return false;
	copy = arena_strndup(&s->event_arena, text, length);
	e = copy ? push(j->pipeline) : NULL;
	if (!e)
		return false;
	e->kind = PIPE_EVENT_LOG;
	fill_job(e, j, &s->event_arena);
	e->text = copy;
	e->text_length = length;
	return true;
}

void notify_output(struct job_run *j, const char *text, size_t length)
{
	struct pipe_run *s = j->pipeline->session;
	struct arena scratch = ARENA_INIT;
	pipe_event e = { .kind = PIPE_EVENT_LOG,
			 .time_ms = session_now(s),
			 .text = text,
			 .text_length = length,
			 .exit_code = -1,
			 .expected_ms = -1 };

	if (!s->options.on_event || !length)
		return;
	/* The job's own start comes before its first line.  A little output waits for the commit with it; for more a commit is made. */
	if (s->first_event && queue_output(j, text, length))
		return;
	if (s->first_event)
		notify_flush(s);
	fill_job(&e, j, &scratch);
	s->options.on_event(s->options.payload, &e);
	arena_clear(&scratch);
}

void notify_flush(struct pipe_run *s)
{
	struct pending_event *e;
	struct arena texts;
	pipe_error err;

	if (s->store && !s->history_failed && store_has_changes(s->store) && store_commit(s->store, &err))
		session_fail_history(s, &err);
	/* A subscriber may cause further events: they go into a list of their own. */
	e = s->first_event;
	texts = s->event_arena;
	s->first_event = NULL;
	s->last_event = &s->first_event;
	memset(&s->event_arena, 0, sizeof(s->event_arena));
	for (; e; e = e->next) {
		if (s->options.on_event)
			s->options.on_event(s->options.payload, &e->event);
		if (!e->quiet)
			hooks_event(e->pipeline, &e->event);
	}
	arena_clear(&texts);
}
