/*
 * The view for pipes, files and CI logs: one line for each change of a job, and each line of output behind its job's name.
 */
#include "base/duration.h"
#include "cli/output/text.h"
#include "cli/output/when.h"
#include "cli/view/board.h"
#include "cli/view/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 24, FLUSH_FROM = 32 * 1024 };

struct plain {
	struct view view;
	struct cli *c;
	struct board board;
	unsigned name_width;
	struct str text;   /* collected, on its way to standard output */
	struct str prefix; /* "name | " of the job that wrote last */
	const struct board_job *prefix_job;
};

static void hand_over(struct plain *p)
{
	out_str(p->c->out, &p->text);
}

/* ---- output of jobs ---- */

static void make_prefix(struct plain *p, const struct board_job *job)
{
	const struct term *t = &p->c->term;

	if (p->prefix_job == job)
		return;
	p->prefix_job = job;
	str_reset(&p->prefix);
	term_on(t, &p->prefix, SGR_CYAN);
	if (text_width(job->name, strlen(job->name)) > p->name_width)
		str_adds(&p->prefix, job->name);
	else
		text_fit(&p->prefix, job->name, p->name_width, "", 1);
	term_off(t, &p->prefix, SGR_CYAN);
	str_adds(&p->prefix, " | ");
}

static void write_log(struct plain *p, const struct board_job *job, const pipe_event *e)
{
	unsigned flags = TEXT_TABS | (p->c->term.colour ? TEXT_COLOUR : 0) | term_text_flags(&p->c->term);
	const char *at = e->text, *end = at + e->text_length;

	make_prefix(p, job);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline ? newline : end) - at);
		const char *line = text_after_return(at, &length);

		str_add(&p->text, p->prefix.data, p->prefix.length);
		text_clean(&p->text, line, length, flags);
		str_addc(&p->text, '\n');
		if (p->text.length >= FLUSH_FROM)
			hand_over(p);
		at = newline ? newline + 1 : end;
	}
}

/* ---- changes ---- */

static void write_time(struct plain *p, int64_t time_ms)
{
	char clock[WHEN_SIZE];

	term_on(&p->c->term, &p->text, SGR_DIM);
	str_printf(&p->text, "[%s]", when_clock(time_ms, clock));
	term_off(&p->c->term, &p->text, SGR_DIM);
	str_addc(&p->text, ' ');
}

static void begin_job_line(struct plain *p, const struct board_job *job, int64_t time_ms)
{
	write_time(p, time_ms);
	term_symbol(&p->c->term, &p->text, job->status);
	str_printf(&p->text, " %s: ", job->name);
}

static void job_started(struct plain *p, const struct board_job *job, const pipe_event *e)
{
	char expected[WHEN_SIZE];

	begin_job_line(p, job, e->time_ms);
	str_adds(&p->text, "started");
	if (e->attempt > 1)
		str_printf(&p->text, ", attempt %" PRIu32, e->attempt);
	if (e->expected_ms >= 1000)
		str_printf(&p->text, ", takes about %s", when_elapsed(e->expected_ms, expected));
	str_addc(&p->text, '\n');
}

static void job_queued(struct plain *p, const struct board_job *job, const pipe_event *e)
{
	if (!job->reason)
		return;
	begin_job_line(p, job, e->time_ms);
	str_printf(&p->text, "%s\n", job->reason);
}

static void job_retry(struct plain *p, const struct board_job *job, const pipe_event *e)
{
	begin_job_line(p, job, e->time_ms);
	str_printf(&p->text, "attempt %" PRIu32 " failed%s%s; it is tried again\n", e->attempt, job->reason ? ": " : "",
		   job->reason ? job->reason : "");
}

static void job_evidence(struct plain *p, const struct board_job *job, const pipe_event *e)
{
	if (!job->evidence)
		return;
	begin_job_line(p, job, e->time_ms);
	str_printf(&p->text, "%s\n", job->evidence);
}

static void job_finished(struct plain *p, const struct board_job *job, const pipe_event *e)
{
	const char *sgr = term_status_sgr(job->status);
	char duration[WHEN_SIZE];

	begin_job_line(p, job, e->time_ms);
	term_paint(&p->c->term, &p->text, sgr, pipe_status_name(job->status));
	if (job->started_ms)
		str_printf(&p->text, " after %s", duration_format(job->duration_ms, duration, sizeof(duration)));
	if (job->reason && (job->status != PIPE_STATUS_SUCCESS || !job->started_ms))
		str_printf(&p->text, ": %s", job->reason);
	str_addc(&p->text, '\n');
}

static void write_warning(struct plain *p, const struct board_job *job, const pipe_event *e)
{
	write_time(p, e->time_ms);
	term_symbol(&p->c->term, &p->text, PIPE_STATUS_WARNING);
	str_printf(&p->text, " %s%s", job ? job->name : "", job ? ": " : "");
	if (e->text)
		text_clean(&p->text, e->text, strlen(e->text), term_text_flags(&p->c->term));
	str_addc(&p->text, '\n');
}

static void run_started(struct plain *p, const pipe_event *e)
{
	char expected[WHEN_SIZE];

	if (e->run != board_run_number(&p->board))
		return;
	write_time(p, e->time_ms);
	str_printf(&p->text, "run %" PRId64 ": %" PRIu32 " job%s", e->run, e->jobs_total, e->jobs_total == 1 ? "" : "s");
	if (e->expected_ms >= 1000)
		str_printf(&p->text, ", takes about %s", when_elapsed(e->expected_ms, expected));
	str_addc(&p->text, '\n');
}

static void show(struct plain *p, const struct board_job *job, const pipe_event *e)
{
	if (e->kind == PIPE_EVENT_RUN_STARTED)
		run_started(p, e);
	else if (e->kind == PIPE_EVENT_WARNING)
		write_warning(p, job, e);
	else if (!job)
		return;
	else if (e->kind == PIPE_EVENT_LOG)
		write_log(p, job, e);
	else if (e->kind == PIPE_EVENT_JOB_QUEUED)
		job_queued(p, job, e);
	else if (e->kind == PIPE_EVENT_JOB_STARTED)
		job_started(p, job, e);
	else if (e->kind == PIPE_EVENT_JOB_RETRY)
		job_retry(p, job, e);
	else if (e->kind == PIPE_EVENT_EVIDENCE)
		job_evidence(p, job, e);
	else if (e->kind == PIPE_EVENT_JOB_FINISHED)
		job_finished(p, job, e);
}

static void on_event(struct view *v, const pipe_event *e)
{
	struct plain *p = (struct plain *)v;
	const struct board_job *job = board_event(&p->board, e);

	if (p->c->out->error)
		return;
	if (!p->c->set.quiet)
		show(p, job, e);
	/* The board's jobs may have moved. */
	if (e->kind != PIPE_EVENT_LOG)
		p->prefix_job = NULL;
	if (p->text.length >= FLUSH_FROM)
		hand_over(p);
}

static void on_turn(struct view *v)
{
	struct plain *p = (struct plain *)v;

	hand_over(p);
	out_flush(p->c->out);
}

static void on_cancel(struct view *v, int times)
{
	struct plain *p = (struct plain *)v;

	str_printf(&p->text, "%s\n", times == 1 ? CANCEL_TEXT : KILL_TEXT);
	on_turn(v);
}

static void on_end(struct view *v)
{
	struct plain *p = (struct plain *)v;

	if (board_run_number(&p->board))
		summary_write(&p->board, &p->c->term, p->c->set.quiet, &p->text);
	on_turn(v);
}

static void on_free(struct view *v)
{
	struct plain *p = (struct plain *)v;

	board_clear(&p->board);
	str_clear(&p->text);
	str_clear(&p->prefix);
	free(p);
}

static const struct view_ops ops = { 0, on_event, on_turn, NULL, on_cancel, on_end, on_free };

struct view *plain_view_create(struct cli *c, const pipe_plan *plan)
{
	struct plain *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->view.ops = &ops;
	p->c = c;
	str_init(&p->text);
	str_init(&p->prefix);
	/* Without the job's own lines the summary shows them. */
	board_init(&p->board, term_text_flags(&c->term), true);
	if (plan)
		board_plan(&p->board, plan);
	for (size_t i = 0; i < c->kept.count; i++)
		board_keep(&p->board, c->kept.items[i], PIPE_STATUS_SUCCESS);
	for (size_t i = 0; i < c->kept_warnings.count; i++)
		board_keep(&p->board, c->kept_warnings.items[i], PIPE_STATUS_WARNING);
	for (uint32_t i = 0; i < p->board.jobs.count; i++) {
		const char *name = p->board.jobs.items[i].name;
		unsigned width = text_width(name, strlen(name));

		if (width > p->name_width && width <= NAME_MOST)
			p->name_width = width;
	}
	return &p->view;
}
