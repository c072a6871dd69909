/* coverage: which lines the tests of a run went through. */
#include "cli/sheet.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const struct option coverage_own[] = {
	{ "below", 0, OPTION_NUMBER, FIELD(below), "N", "only files of which less than N per cent are covered", NULL },
	{ "job", 'j', OPTION_TEXT, FIELD(job), "JOB", "only what this job covered", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const coverage_tables[] = { coverage_own, NULL };

enum { FILE_LEAST = 10, FILE_MOST = 44 };

struct listing {
	struct sheet *s;
	unsigned width; /* of the files' names */
	bool branches;
	uint64_t files;
};

static bool is_wanted(const struct listing *l, const pipe_coverage_record *f)
{
	uint64_t below = l->s->c->set.below;

	return below == UINT64_MAX || (f->lines && sheet_ratio(f->lines_hit, f->lines) < (double)below);
}

/* ---- text ---- */

static int measure(void *payload, const pipe_coverage_record *f)
{
	struct listing *l = payload;
	unsigned width;

	if (!is_wanted(l, f))
		return 0;
	width = sheet_width(l->s, f->path);
	if (width > l->width)
		l->width = width < FILE_MOST ? width : FILE_MOST;
	l->branches = l->branches || f->branches;
	l->files++;
	return 0;
}

/* "12-18, 25": lines that nothing went through.  What is no code between two of them belongs to the gap. */
static void add_gaps(struct str *out, const pipe_coverage_record *f)
{
	for (size_t i = 0; i < f->count; i++) {
		size_t first = i;

		if (f->items[i].hits)
			continue;
		while (i + 1 < f->count && !f->items[i + 1].hits)
			i++;
		str_printf(out, "%s%" PRIu32, out->length ? ", " : "", f->items[first].line);
		if (i > first)
			str_printf(out, "-%" PRIu32, f->items[i].line);
	}
}

static void figures(struct listing *l, uint64_t lines, uint64_t hit, uint64_t branches, uint64_t branches_hit)
{
	struct sheet *s = l->s;
	char percent[PERCENT_SIZE];
	double ratio = sheet_ratio(hit, lines);
	const char *sgr = !lines ? NULL : ratio >= 80 ? SGR_GREEN : ratio >= 50 ? SGR_YELLOW : SGR_RED;

	str_printf(&s->out, "  %7" PRIu64 "  ", lines);
	term_on(&s->c->term, &s->out, sgr);
	str_printf(&s->out, "%8s", sheet_percent(hit, lines, percent));
	term_off(&s->c->term, &s->out, sgr);
	if (l->branches)
		str_printf(&s->out, "  %8s", sheet_percent(branches_hit, branches, percent));
}

static int text_row(void *payload, const pipe_coverage_record *f)
{
	struct listing *l = payload;
	struct sheet *s = l->s;
	unsigned used = l->width + (l->branches ? 31 : 21);
	struct str gaps;

	if (!is_wanted(l, f))
		return 0;
	sheet_path(s, f->path, l->width, true);
	figures(l, f->lines, f->lines_hit, f->branches, f->branches_hit);
	str_init(&gaps);
	add_gaps(&gaps, f);
	if (gaps.length) {
		str_adds(&s->out, "  ");
		sheet_text(s, gaps.data, s->columns > used + 8 ? s->columns - used : 8, false);
	}
	str_clear(&gaps);
	str_addc(&s->out, '\n');
	return sheet_pass(s);
}

static int show_text(struct sheet *s, const pipe_evidence *e)
{
	pipe_coverage_options o = PIPE_COVERAGE_OPTIONS_INIT;
	struct listing l = { .s = s, .width = FILE_LEAST };
	int rc;

	o.job = s->c->set.job;
	rc = pipe_history_coverage(s->project, s->run, &o, measure, &l, &s->err);
	if (rc)
		return rc;
	if (l.files) {
		str_addc(&s->out, '\n');
		term_on(&s->c->term, &s->out, SGR_DIM);
		str_printf(&s->out, "%-*s  %7s  %8s%s  %s\n", (int)l.width, "FILE", "LINES", "COVERED",
			   l.branches ? "  BRANCHES" : "", "NOT COVERED");
		term_off(&s->c->term, &s->out, SGR_DIM);
	}
	o.lines = 1;
	rc = pipe_history_coverage(s->project, s->run, &o, text_row, &l, &s->err);
	if (rc)
		return rc;
	sheet_text(s, l.files || s->c->set.below == UINT64_MAX ? "total" : "total (no file is below)", l.files ? l.width : 40,
		   l.files > 0);
	l.branches = l.branches || e->branches;
	figures(&l, e->lines, e->lines_hit, e->branches, e->branches_hit);
	str_addc(&s->out, '\n');
	return PIPE_OK;
}

/* ---- JSON ---- */

static int json_row(void *payload, const pipe_coverage_record *f)
{
	struct listing *l = payload;

	if (is_wanted(l, f))
		record_coverage(&l->s->json, f);
	return sheet_pass(l->s);
}

static int show_json(struct sheet *s, const pipe_evidence *e)
{
	pipe_coverage_options o = PIPE_COVERAGE_OPTIONS_INIT;
	struct listing l = { .s = s };
	int rc;

	o.job = s->c->set.job;
	o.lines = 1;
	jsonw_init(&s->json, &s->out, true);
	jsonw_object(&s->json);
	jsonw_kint(&s->json, "run", s->run);
	jsonw_key(&s->json, "evidence");
	record_evidence(&s->json, e);
	jsonw_key(&s->json, "files");
	jsonw_array(&s->json);
	rc = pipe_history_coverage(s->project, s->run, &o, json_row, &l, &s->err);
	jsonw_array_end(&s->json);
	jsonw_object_end(&s->json);
	str_addc(&s->out, '\n');
	return rc;
}

static int coverage(struct cli *c)
{
	pipe_evidence e;
	struct sheet s;
	int status = sheet_open(&s, c), rc;

	if (status)
		return status;
	rc = pipe_history_evidence(s.project, s.run, c->set.job, &e, &s.err);
	if (rc)
		return sheet_close(&s, rc);
	if (is_json(c))
		return sheet_close(&s, show_json(&s, &e));
	sheet_run(&s, s.run, &e);
	rc = sheet_broken(&s, c->set.job);
	if (rc || e.has_coverage)
		return sheet_close(&s, rc ? rc : show_text(&s, &e));
	str_adds(&s.out, "no report of coverage was read\n");
	return sheet_close(&s, PIPE_OK);
}

const struct command command_coverage = {
	"coverage",
	"[RUN]",
	"show the coverage of a run by file, and the lines that no test went through",
	"Without RUN, or with \"last\", the last run is meant. What several jobs say of one file is put together: a line is covered when one of them went "
	"through it.",
	"pipe coverage\npipe coverage 12 --below 80\npipe coverage --format json\n",
	coverage_tables,
	0,
	1,
	coverage,
	false,
};
