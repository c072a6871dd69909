/*
 * The end of a run: first what failed, with its last lines and the command that shows more, then the counts.
 */
#include "base/duration.h"
#include "cli/output/text.h"
#include "cli/output/when.h"
#include "cli/view/board.h"
#include "cli/view/view.h"

#include <inttypes.h>
#include <string.h>

enum { DETAILED = 10, NAMED = 8, EVIDENCE_JOBS = 20, EVIDENCE_NAME = 24 };

static bool is_failure(enum pipe_status status)
{
	return status == PIPE_STATUS_FAILED || status == PIPE_STATUS_LOST;
}

void summary_job_line(const struct board *b, uint32_t index, const struct term *t, unsigned name_width, unsigned columns,
		      struct str *out)
{
	const struct board_job *job = &b->jobs.items[index];
	char duration[WHEN_SIZE] = "";
	unsigned used = name_width + 13;

	term_symbol(t, out, job->status);
	str_addc(out, ' ');
	text_fit_name(out, job->name, name_width, t->more, 1);
	if (job->started_ms)
		duration_format(job->duration_ms, duration, sizeof(duration));
	term_on(t, out, SGR_DIM);
	str_printf(out, " %8s", duration);
	term_off(t, out, SGR_DIM);
	if (job->status == PIPE_STATUS_SUCCESS || !job->reason || used + 8 > columns)
		return;
	str_adds(out, "  ");
	term_on(t, out, term_status_sgr(job->status));
	text_fit(out, job->reason, columns - used, t->more, 0);
	term_off(t, out, term_status_sgr(job->status));
}

static void write_tail(const struct board_job *job, const struct term *t, struct str *out)
{
	size_t length;

	for (uint32_t i = 0; i < tail_count(job->tail); i++) {
		const char *line = tail_line(job->tail, i, &length);

		str_adds(out, "  ");
		term_paint(t, out, SGR_DIM, term_pick(t, "│", "|"));
		str_addc(out, ' ');
		str_add(out, line, length);
		str_addc(out, '\n');
	}
}

/* Jobs of a child pipeline come as "parent -> job"; their own run knows them without the parent. */
static const char *own_name(const struct board *b, const struct board_job *job)
{
	const char *name = job->name, *arrow;

	while (job->run != board_run_number(b) && (arrow = strstr(name, " -> ")))
		name = arrow + 4;
	return name;
}

static void write_failure(const struct board *b, const struct board_job *job, const struct term *t, struct str *out)
{
	char duration[WHEN_SIZE];

	str_addc(out, '\n');
	term_symbol(t, out, job->status);
	str_addc(out, ' ');
	term_paint(t, out, SGR_BOLD, job->name);
	if (job->status == PIPE_STATUS_LOST)
		str_adds(out, " was lost");
	else
		str_printf(out, " failed after %s", duration_format(job->duration_ms, duration, sizeof(duration)));
	if (job->reason)
		str_printf(out, ": %s", job->reason);
	else if (job->exit_code >= 0)
		str_printf(out, ": exit code %d", job->exit_code);
	str_addc(out, '\n');
	write_tail(job, t, out);
	str_adds(out, "  ");
	term_on(t, out, SGR_DIM);
	str_printf(out, "pipe logs %" PRId64 " ", job->run);
	str_shell_word(out, own_name(b, job));
	term_off(t, out, SGR_DIM);
	str_addc(out, '\n');
}

/* The names of jobs in one state, in one line. */
static void write_names(const struct board *b, const struct term *t, enum pipe_status status, const char *label, bool reasons,
			struct str *out)
{
	uint32_t n = 0;

	if (!b->counts[status])
		return;
	term_symbol(t, out, status);
	str_printf(out, " %s: ", label);
	for (uint32_t i = 0; i < b->jobs.count && n < NAMED; i++) {
		const struct board_job *job = &b->jobs.items[i];

		if (job->status != status)
			continue;
		str_printf(out, "%s%s", n++ ? ", " : "", job->name);
		if (reasons && job->reason)
			str_printf(out, " (%s)", job->reason);
	}
	if (b->counts[status] > n)
		str_printf(out, " and %" PRIu32 " more", b->counts[status] - n);
	str_addc(out, '\n');
}

static void write_failures(const struct board *b, const struct term *t, struct str *out)
{
	uint32_t shown = 0, total = b->counts[PIPE_STATUS_FAILED] + b->counts[PIPE_STATUS_LOST];

	for (uint32_t i = 0; i < b->finished.count && shown < DETAILED; i++) {
		const struct board_job *job = &b->jobs.items[b->finished.items[i]];

		if (!is_failure(job->status))
			continue;
		write_failure(b, job, t, out);
		shown++;
	}
	if (total > shown)
		str_printf(out, "\n%s and %" PRIu32 " more failed: pipe show %" PRId64 "\n", t->more, total - shown,
			   board_run_number(b));
	if (total)
		str_addc(out, '\n');
}

/* What the reports of each job add up to, a line each. */
static void write_evidence(const struct board *b, const struct term *t, struct str *out)
{
	unsigned width = 0;
	uint32_t shown = 0, all = 0;

	for (uint32_t i = 0; i < b->jobs.count; i++) {
		const struct board_job *job = &b->jobs.items[i];
		unsigned w = job->evidence ? text_width(job->name, strlen(job->name)) : 0;

		all += job->evidence != NULL;
		if (w > width)
			width = w < EVIDENCE_NAME ? w : EVIDENCE_NAME;
	}
	if (all && (!out->length || out->data[out->length - 1] != '\n' || out->length < 2 || out->data[out->length - 2] != '\n'))
		str_addc(out, '\n');
	for (uint32_t i = 0; i < b->jobs.count && shown < EVIDENCE_JOBS; i++) {
		const struct board_job *job = &b->jobs.items[i];

		if (!job->evidence)
			continue;
		shown++;
		term_symbol(t, out, job->status);
		str_addc(out, ' ');
		text_fit_name(out, job->name, width, t->more, 1);
		str_printf(out, "  %s\n", job->evidence);
	}
	if (all > shown)
		str_printf(out, "and the evidence of %" PRIu32 " more jobs\n", all - shown);
	if (all)
		str_addc(out, '\n');
}

static void write_counts(const struct board *b, struct str *out)
{
	static const struct {
		enum pipe_status status;
		const char *word;
	} rows[] = { { PIPE_STATUS_FAILED, "failed" },
		     { PIPE_STATUS_LOST, "lost" },
		     { PIPE_STATUS_WARNING, "allowed to fail" },
		     { PIPE_STATUS_SUCCESS, "passed" },
		     { PIPE_STATUS_CANCELLED, "cancelled" },
		     { PIPE_STATUS_SKIPPED, "skipped" },
		     { PIPE_STATUS_MANUAL, "manual" } };
	const char *before = ": ";

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (b->counts[rows[i].status]) {
			str_printf(out, "%s%" PRIu32 " %s", before, b->counts[rows[i].status], rows[i].word);
			before = ", ";
		}
	str_addc(out, '\n');
}

static const char *verb_of(enum pipe_status status)
{
	return status == PIPE_STATUS_SUCCESS	 ? "passed"
	       : status == PIPE_STATUS_CANCELLED ? "cancelled"
	       : status == PIPE_STATUS_RUNNING	 ? "was not finished"
						 : "failed";
}

static void write_verdict(const struct board *b, const struct term *t, struct str *out)
{
	const char *sgr = term_status_sgr(b->status);
	char duration[WHEN_SIZE];

	term_symbol(t, out, b->status);
	str_addc(out, ' ');
	term_on(t, out, sgr);
	str_printf(out, "run %" PRId64 " %s", board_run_number(b), verb_of(b->status));
	term_off(t, out, sgr);
	if (b->status != PIPE_STATUS_RUNNING)
		str_printf(out, " after %s", duration_format(b->duration_ms, duration, sizeof(duration)));
	write_counts(b, out);
	if (b->reason && b->status != PIPE_STATUS_SUCCESS)
		str_printf(out, "  %s\n", b->reason);
}

static void write_next(const struct board *b, const struct term *t, struct str *out)
{
	int64_t run = board_run_number(b);

	if (b->status == PIPE_STATUS_SUCCESS && !b->counts[PIPE_STATUS_MANUAL])
		return;
	str_adds(out, "  ");
	term_on(t, out, SGR_DIM);
	if (b->status == PIPE_STATUS_SUCCESS)
		str_adds(out, "start a manual job: pipe run --manual JOB");
	else
		str_printf(out, "details: pipe show %" PRId64 "; again what did not succeed: pipe retry %" PRId64, run, run);
	term_off(t, out, SGR_DIM);
	str_addc(out, '\n');
}

void summary_write(const struct board *b, const struct term *t, bool quiet, struct str *out)
{
	write_failures(b, t, out);
	if (!quiet) {
		write_evidence(b, t, out);
		write_names(b, t, PIPE_STATUS_WARNING, "allowed to fail", true, out);
		write_names(b, t, PIPE_STATUS_MANUAL, "manual", false, out);
	}
	write_verdict(b, t, out);
	if (!quiet)
		write_next(b, t, out);
	if (b->incomplete)
		str_adds(out, "  memory ran out: what is shown here is not complete\n");
}
