#include "cli/view/tty_tree.h"

#include "cli/output/text.h"
#include "cli/output/when.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_LEAST = 12, NAME_MOST = 32, TIMES = 16, TAIL_SHARED = 3, TAIL_ALONE = 8, BAR = 24 };

/* A line being made: text and the columns that it takes so far. */
struct pen {
	struct str *out;
	const struct term *term;
	unsigned used, columns;
};

/* How the rows of a frame are shared out. */
struct layout {
	unsigned columns;
	bool idle_stages; /* stages without running jobs have a line each */
	uint32_t jobs;	  /* lines for running jobs */
	uint32_t tail;	  /* lines of output for each of these */
	uint32_t stages;  /* lines for stages with running jobs */
	bool rest;	  /* a line says how many jobs have none */
};

static void put(struct pen *p, const char *sgr, const char *text)
{
	if (p->used >= p->columns)
		return;
	term_on(p->term, p->out, sgr);
	p->used += text_fit(p->out, text, p->columns - p->used, p->term->more, 0);
	term_off(p->term, p->out, sgr);
}

/* A name in exactly `width` columns, or as many as are left. */
static void put_name(struct pen *p, const char *sgr, const char *name, unsigned width)
{
	if (p->used >= p->columns)
		return;
	if (width > p->columns - p->used)
		width = p->columns - p->used;
	term_on(p->term, p->out, sgr);
	p->used += text_fit_name(p->out, name, width, p->term->more, 1);
	term_off(p->term, p->out, sgr);
}

static void put_format(struct pen *p, const char *sgr, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void put_format(struct pen *p, const char *sgr, const char *format, ...)
{
	struct str s;
	va_list ap;

	str_init(&s);
	va_start(ap, format);
	str_vprintf(&s, format, ap);
	va_end(ap);
	put(p, sgr, s.data);
	str_clear(&s);
}

static void put_symbol(struct pen *p, enum pipe_status status)
{
	if (p->used >= p->columns)
		return;
	term_symbol(p->term, p->out, status);
	p->used++;
}

static void put_spinner(struct pen *p, unsigned tick)
{
	static const char *const utf8[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
	static const char *const ascii[] = { "|", "/", "-", "\\" };

	put(p, SGR_CYAN, p->term->utf8 ? utf8[tick % 10] : ascii[tick % 4]);
}

static struct pen begin_line(struct tree *t, struct frame *f, unsigned columns)
{
	struct pen p = { frame_line(f), t->term, 0, columns };

	return p;
}

void tree_init(struct tree *t, const struct board *b, const struct term *term)
{
	memset(t, 0, sizeof(*t));
	t->board = b;
	t->term = term;
}

unsigned tree_name_width(struct tree *t, unsigned columns)
{
	unsigned most = columns > TIMES + 6 + NAME_LEAST ? columns - TIMES - 6 : NAME_LEAST, width;

	for (; t->looked_at < t->board->jobs.count; t->looked_at++) {
		const char *name = t->board->jobs.items[t->looked_at].name;

		width = text_width(name, strlen(name));
		/* A few long names do not push the times of all others far to the right. */
		width = width < NAME_MOST ? width : NAME_MOST;
		t->widest = width > t->widest ? width : t->widest;
	}
	width = t->widest < NAME_LEAST ? NAME_LEAST : t->widest;
	return width < most ? width : most;
}

/* ---- lines ---- */

static void put_times(struct pen *p, const struct board_job *job, int64_t now)
{
	char elapsed[WHEN_SIZE], expected[WHEN_SIZE];

	put_format(p, NULL, " %7s", when_elapsed(now - job->started_ms, elapsed));
	if (job->expected_ms >= 1000)
		put_format(p, SGR_DIM, " / ~%s", when_elapsed(job->expected_ms, expected));
	if (job->attempt > 1)
		put_format(p, SGR_YELLOW, "  attempt %" PRIu32, job->attempt);
}

static void draw_job(struct tree *t, struct frame *f, const struct board_job *job, const struct layout *l, int64_t now)
{
	struct pen p = begin_line(t, f, l->columns);

	put(&p, NULL, "  ");
	put_spinner(&p, t->tick);
	put(&p, NULL, " ");
	put_name(&p, NULL, job->name, tree_name_width(t, l->columns));
	put_times(&p, job, now);
	frame_line_end(f, p.used);
}

static void draw_tail(struct tree *t, struct frame *f, const struct board_job *job, const struct layout *l)
{
	uint32_t n = tail_count(job->tail), first = n > l->tail ? n - l->tail : 0;

	for (uint32_t i = first; i < n; i++) {
		struct pen p = begin_line(t, f, l->columns);
		size_t length;
		const char *line = tail_line(job->tail, i, &length);
		char text[TAIL_BYTES + 1];

		memcpy(text, line, length);
		text[length] = '\0';
		put(&p, SGR_DIM, term_pick(t->term, "    │ ", "    | "));
		put(&p, SGR_DIM, text);
		frame_line_end(f, p.used);
	}
}

static enum pipe_status stage_status(const struct board_stage *s)
{
	if (s->failed)
		return PIPE_STATUS_FAILED;
	if (s->done == s->total)
		return s->passed ? PIPE_STATUS_SUCCESS : PIPE_STATUS_SKIPPED;
	return s->running ? PIPE_STATUS_RUNNING : PIPE_STATUS_WAITING;
}

/* The names of the jobs that wait, as far as the line goes. */
static void put_waiting(struct pen *p, const struct board *b, const struct board_stage *s)
{
	const char *before = "  ";

	if (s->done + s->running == s->total)
		return;
	for (uint32_t at = s->first; at && p->used + 4 < p->columns; at = b->jobs.items[at - 1].next) {
		const struct board_job *job = &b->jobs.items[at - 1];

		if (board_is_over(job->status) || board_is_running(job->status))
			continue;
		put(p, SGR_DIM, before);
		put(p, SGR_DIM, job->name);
		if (job->reason)
			put_format(p, SGR_DIM, " (%s)", job->reason);
		before = ", ";
	}
}

static void draw_stage(struct tree *t, struct frame *f, const struct board_stage *s, const struct layout *l)
{
	struct pen p = begin_line(t, f, l->columns);
	unsigned width = tree_name_width(t, l->columns) + 2;

	put_symbol(&p, stage_status(s));
	put(&p, NULL, " ");
	put_name(&p, SGR_BOLD, *s->name ? s->name : "jobs", width);
	put_format(&p, NULL, " %3" PRIu32 "/%" PRIu32, s->done, s->total);
	if (s->failed)
		put_format(&p, SGR_RED, "  %" PRIu32 " failed", s->failed);
	put_waiting(&p, t->board, s);
	frame_line_end(f, p.used);
}

static void draw_idle_stages(struct tree *t, struct frame *f, const struct layout *l)
{
	uint32_t done = 0, waiting = 0;
	struct pen p;

	for (uint32_t i = 0; i < t->board->stages.count; i++) {
		const struct board_stage *s = &t->board->stages.items[i];

		done += !s->running && s->done == s->total;
		waiting += !s->running && s->done != s->total;
	}
	p = begin_line(t, f, l->columns);
	put_format(&p, SGR_DIM, "%s other stages: %" PRIu32 " done, %" PRIu32 " to come", t->term->more, done, waiting);
	frame_line_end(f, p.used);
}

static void put_bar(struct pen *p, const struct board *b)
{
	uint32_t total = b->jobs.count, done = board_done(b);
	uint32_t full = total ? (uint32_t)((uint64_t)BAR * done / total) : 0;
	bool failed = b->counts[PIPE_STATUS_FAILED] || b->counts[PIPE_STATUS_LOST];

	for (uint32_t i = 0; i < BAR; i++) {
		if (i == 0)
			term_on(p->term, p->out, failed ? SGR_RED : SGR_GREEN);
		if (i == full) {
			term_off(p->term, p->out, SGR_GREEN);
			term_on(p->term, p->out, SGR_DIM);
		}
		str_adds(p->out, i < full ? term_pick(p->term, "━", "#") : term_pick(p->term, "─", "."));
	}
	term_off(p->term, p->out, SGR_DIM);
	p->used += BAR;
	put(p, NULL, "  ");
}

static void put_counts(struct pen *p, const struct board *b)
{
	const char *dot = term_pick(p->term, " · ", ", ");
	uint32_t failed = b->counts[PIPE_STATUS_FAILED] + b->counts[PIPE_STATUS_LOST];

	put_format(p, NULL, "%" PRIu32 "/%" PRIu32, board_done(b), b->jobs.count);
	if (failed) {
		put(p, NULL, dot);
		put_format(p, SGR_RED, "%" PRIu32 " failed", failed);
	}
	if (b->running.count)
		put_format(p, NULL, "%s%" PRIu32 " running", dot, b->running.count);
	if (b->counts[PIPE_STATUS_READY])
		put_format(p, NULL, "%s%" PRIu32 " ready", dot, b->counts[PIPE_STATUS_READY]);
}

static void draw_footer(struct tree *t, struct frame *f, const struct layout *l, int64_t now)
{
	const struct board *b = t->board;
	char elapsed[WHEN_SIZE], expected[WHEN_SIZE];
	struct pen p = begin_line(t, f, l->columns);

	if (t->note) {
		put(&p, SGR_YELLOW, t->note);
		put_format(&p, NULL, "  %s", when_elapsed(now - b->started_ms, elapsed));
		frame_line_end(f, p.used);
		return;
	}
	if (l->columns >= 70)
		put_bar(&p, b);
	put(&p, SGR_BOLD, b->started_ms ? when_elapsed(now - b->started_ms, elapsed) : "0s");
	if (b->expected_ms >= 1000)
		put_format(&p, SGR_DIM, " / ~%s", when_elapsed(b->expected_ms, expected));
	put(&p, NULL, "  ");
	put_counts(&p, b);
	frame_line_end(f, p.used);
}

/* ---- the whole ---- */

static struct layout share_out(const struct board *b, unsigned columns, unsigned rows)
{
	/* One row stays free for the line above, one is the footer's. */
	uint32_t room = rows > 4 ? rows - 2 : 2, active = 0, idle, running = b->running.count;
	struct layout l = { .columns = columns > 1 ? columns - 1 : 1 };

	if (room > FRAME_LINES - 2)
		room = FRAME_LINES - 2;
	for (uint32_t i = 0; i < b->stages.count; i++)
		active += b->stages.items[i].running != 0;
	idle = b->stages.count - active;
	l.idle_stages = active + running + idle <= room;
	room -= l.idle_stages ? idle : 1;
	l.stages = active < room / 2 ? active : room / 2;
	room -= l.stages;
	l.rest = running > room;
	l.jobs = l.rest ? (room ? room - 1 : 0) : running;
	room -= l.rest ? room : running;
	if (l.jobs && !l.rest)
		l.tail = room / l.jobs;
	if (l.tail > (l.jobs > 1 ? TAIL_SHARED : TAIL_ALONE))
		l.tail = l.jobs > 1 ? TAIL_SHARED : TAIL_ALONE;
	return l;
}

static uint32_t draw_running(struct tree *t, struct frame *f, uint32_t stage, const struct layout *l, uint32_t left, int64_t now)
{
	const struct board *b = t->board;
	uint32_t drawn = 0;

	for (uint32_t i = 0; i < b->running.count && drawn < left; i++) {
		const struct board_job *job = &b->jobs.items[b->running.items[i]];

		if (job->stage != stage)
			continue;
		draw_job(t, f, job, l, now);
		if (l->tail && !t->no_tails)
			draw_tail(t, f, job, l);
		drawn++;
	}
	return drawn;
}

void tree_draw(struct tree *t, struct frame *f, unsigned columns, unsigned rows, int64_t now)
{
	const struct board *b = t->board;
	struct layout l = share_out(b, columns, rows);
	uint32_t stages = 0, jobs = 0;

	for (uint32_t i = 0; i < b->stages.count; i++) {
		const struct board_stage *s = &b->stages.items[i];

		if (!s->running) {
			if (l.idle_stages)
				draw_stage(t, f, s, &l);
			continue;
		}
		if (stages++ >= l.stages)
			continue;
		draw_stage(t, f, s, &l);
		jobs += draw_running(t, f, i, &l, l.jobs - jobs, now);
	}
	if (b->running.count > jobs) {
		struct pen p = begin_line(t, f, l.columns);
		put_format(&p, SGR_DIM, "  %s and %" PRIu32 " more running", t->term->more, b->running.count - jobs);
		frame_line_end(f, p.used);
	}
	if (!l.idle_stages)
		draw_idle_stages(t, f, &l);
	draw_footer(t, f, &l, now);
}
