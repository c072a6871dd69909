/*
 * The live view: below, a tree of the stages with their running jobs and the last lines of these; above it, in the scrollback, a line
 * for each job that finished.  The tree never takes more rows than the terminal has: what does not fit becomes a count.
 *
 * A run of a single job shows its whole output instead of the last lines.
 */
#include "base/duration.h"
#include "cli/output/text.h"
#include "cli/output/when.h"
#include "cli/signals.h"
#include "cli/view/board.h"
#include "cli/view/frame.h"
#include "cli/view/tty_tree.h"
#include "cli/view/view.h"

#include <stdlib.h>
#include <string.h>

enum { FRAME_MS = 100, ABOVE_MOST = 256 * 1024 };

struct tty {
	struct view view;
	struct cli *c;
	struct board board;
	struct frame frame;
	struct tree tree;
	unsigned columns, rows; /* of the terminal at the last frame */
};

/* One job only, and no child pipeline: its output is worth more than the tree. */
static bool is_single(const struct tty *t)
{
	return t->board.jobs.count == t->board.kept + 1 && t->board.runs.count <= 1 && !t->c->set.quiet;
}

static void draw(struct tty *t)
{
	if (t->c->out->error)
		return;
	term_size(&t->c->term, &t->columns, &t->rows);
	t->tree.no_tails = is_single(t);
	tree_draw(&t->tree, &t->frame, t->columns, t->rows, now_ms());
	frame_show(&t->frame, t->columns);
}

/* ---- lines for the scrollback ---- */

static void add_finished(struct tty *t, const struct board_job *job)
{
	bool ran = job->started_ms != 0;

	/* What did not run here (skipped, manual, kept from the run that is repeated) is in the summary's counts. */
	if (!ran && job->status != PIPE_STATUS_FAILED && job->status != PIPE_STATUS_LOST)
		return;
	if (t->c->set.quiet && job->status != PIPE_STATUS_FAILED && job->status != PIPE_STATUS_LOST)
		return;
	summary_job_line(&t->board, (uint32_t)(job - t->board.jobs.items), &t->c->term, tree_name_width(&t->tree, t->columns),
			 t->columns, &t->frame.above);
	str_addc(&t->frame.above, '\n');
}

static void add_note(struct tty *t, const struct board_job *job, const char *text)
{
	struct str *above = &t->frame.above;

	term_symbol(&t->c->term, above, PIPE_STATUS_WARNING);
	str_addc(above, ' ');
	if (job) {
		str_adds(above, job->name);
		str_adds(above, ": ");
	}
	text_clean(above, text, strlen(text), term_text_flags(&t->c->term));
	str_addc(above, '\n');
}

static void add_retry(struct tty *t, const struct board_job *job, const pipe_event *e)
{
	struct str text;

	str_init(&text);
	str_printf(&text, "attempt %u failed%s%s; it is tried again", (unsigned)e->attempt, job->reason ? ": " : "",
		   job->reason ? job->reason : "");
	add_note(t, job, text.data);
	str_clear(&text);
}

static void add_output(struct tty *t, const pipe_event *e)
{
	unsigned flags = TEXT_TABS | (t->c->term.colour ? TEXT_COLOUR : 0) | term_text_flags(&t->c->term);
	const char *at = e->text, *end = at + e->text_length;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline ? newline : end) - at);
		const char *line = text_after_return(at, &length);

		text_clean(&t->frame.above, line, length, flags);
		str_addc(&t->frame.above, '\n');
		at = newline ? newline + 1 : end;
	}
	/* A flood of output is written as it comes, without waiting for the next frame. */
	if (t->frame.above.length > ABOVE_MOST)
		draw(t);
}

static void on_event(struct view *v, const pipe_event *e)
{
	struct tty *t = (struct tty *)v;
	const struct board_job *job = board_event(&t->board, e);

	if (t->c->out->error)
		return;
	if (e->kind == PIPE_EVENT_WARNING && e->text && !t->c->set.quiet)
		add_note(t, job, e->text);
	else if (e->kind == PIPE_EVENT_LOG && job && is_single(t))
		add_output(t, e);
	else if (e->kind == PIPE_EVENT_JOB_FINISHED && job)
		add_finished(t, job);
	else if (e->kind == PIPE_EVENT_JOB_RETRY && job && !t->c->set.quiet)
		add_retry(t, job, e);
}

static void on_frame(struct view *v)
{
	struct tty *t = (struct tty *)v;

	t->tree.tick++;
	if (signals_continued())
		frame_forget(&t->frame);
	draw(t);
}

static void on_cancel(struct view *v, int times)
{
	struct tty *t = (struct tty *)v;

	t->tree.note = times == 1 ? CANCEL_TEXT : KILL_TEXT;
	t->frame.columns = 0; /* the terminal has echoed ^C into the region: draw all of it */
	draw(t);
}

static void on_end(struct view *v)
{
	struct tty *t = (struct tty *)v;

	/* The output of a single job has just been shown. */
	for (uint32_t i = 0; is_single(t) && i < t->board.jobs.count; i++) {
		free(t->board.jobs.items[i].tail);
		t->board.jobs.items[i].tail = NULL;
	}
	if (board_run_number(&t->board))
		summary_write(&t->board, &t->c->term, t->c->set.quiet, &t->frame.above);
	term_size(&t->c->term, &t->columns, &t->rows);
	frame_end(&t->frame, t->columns);
}

static void on_free(struct view *v)
{
	struct tty *t = (struct tty *)v;

	board_clear(&t->board);
	frame_clear(&t->frame);
	free(t);
}

static const struct view_ops ops = { FRAME_MS, on_event, NULL, on_frame, on_cancel, on_end, on_free };

struct view *tty_view_create(struct cli *c, const pipe_plan *plan)
{
	struct tty *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->view.ops = &ops;
	t->c = c;
	term_size(&c->term, &t->columns, &t->rows);
	frame_init(&t->frame, c->out);
	board_init(&t->board, term_text_flags(&c->term), true);
	if (plan)
		board_plan(&t->board, plan);
	for (size_t i = 0; i < c->kept.count; i++)
		board_keep(&t->board, c->kept.items[i], PIPE_STATUS_SUCCESS);
	for (size_t i = 0; i < c->kept_warnings.count; i++)
		board_keep(&t->board, c->kept_warnings.items[i], PIPE_STATUS_WARNING);
	tree_init(&t->tree, &t->board, &c->term);
	return &t->view;
}
