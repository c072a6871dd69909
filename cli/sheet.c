#include "cli/sheet.h"

#include "base/duration.h"
#include "cli/output/text.h"
#include "cli/output/when.h"

#include <inttypes.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FLUSH = 64 * 1024, LONGEST = 1000 };

/* ---- the page ---- */

static int take_number(void *payload, const pipe_run_record *run)
{
	*(int64_t *)payload = run->number;
	return 0;
}

int sheet_open(struct sheet *s, struct cli *c)
{
	unsigned rows;
	int status;

	memset(s, 0, sizeof(*s));
	str_init(&s->out);
	s->c = c;
	s->columns = LONGEST;
	if (c->term.tty)
		term_size(&c->term, &s->columns, &rows);
	if (c->set.arguments.count && !run_number(c->set.arguments.items[0], &s->run))
		return usage_error(c, "a run is a number or \"last\", not \"%s\"", c->set.arguments.items[0]);
	status = open_history(c, &s->project);
	if (!status && pipe_history_run(s->project, s->run, take_number, &s->run, &s->err))
		status = say_error(c, &s->err);
	if (status) {
		pipe_project_free(s->project);
		s->project = NULL;
	}
	return status;
}

int sheet_pass(struct sheet *s)
{
	if (s->out.length >= FLUSH)
		out_str(s->c->out, &s->out);
	return s->c->out->error;
}

int sheet_close(struct sheet *s, int rc)
{
	int status = EXIT_OK;

	if (!rc && s->out.failed) {
		rc = s->err.code = PIPE_ENOMEM;
		snprintf(s->err.text, sizeof(s->err.text), "out of memory");
	}
	if (rc && !s->c->out->error)
		status = say_error(s->c, &s->err);
	else
		out_str(s->c->out, &s->out);
	str_clear(&s->out);
	pipe_project_free(s->project);
	return status;
}

/* ---- text ---- */

/* One clean line; the caller's to clear. */
static void clean_line(const struct sheet *s, const char *text, struct str *out)
{
	struct str flat;

	str_init(&flat);
	str_init(out);
	for (bool space = false; *text; text++) {
		bool blank = *text == ' ' || *text == '\n' || *text == '\r' || *text == '\t';

		if (!blank) {
			if (space && flat.length)
				str_addc(&flat, ' ');
			str_addc(&flat, *text);
		}
		space = blank;
	}
	text_clean(out, flat.data, flat.length, term_text_flags(&s->c->term));
	out->failed = out->failed || flat.failed;
	str_clear(&flat);
}

unsigned sheet_text(struct sheet *s, const char *text, unsigned columns, bool pad)
{
	struct str line;
	unsigned used;

	clean_line(s, text, &line);
	used = text_fit(&s->out, line.data, columns, s->c->term.more, pad);
	s->out.failed = s->out.failed || line.failed;
	str_clear(&line);
	return used;
}

unsigned sheet_width(struct sheet *s, const char *text)
{
	struct str line;
	unsigned width;

	clean_line(s, text, &line);
	width = text_width(line.data, line.length);
	str_clear(&line);
	return width;
}

unsigned sheet_path(struct sheet *s, const char *path, unsigned columns, bool pad)
{
	const char *more = s->c->term.more;
	unsigned cut = text_width(more, strlen(more)), used = 0;
	const char *p;
	struct str line;

	clean_line(s, path, &line);
	p = line.data;
	if (s->columns == LONGEST && columns < text_width(p, strlen(p)))
		columns = text_width(p, strlen(p)); /* for a file or a pipe nothing is cut */
	if (text_width(p, strlen(p)) > columns && columns > cut) {
		while (*p && text_width(p, strlen(p)) > columns - cut)
			do
				p++;
			while ((*p & 0xc0) == 0x80);
		str_adds(&s->out, more);
		used = cut;
	}
	used += text_fit(&s->out, p, columns - used, more, pad);
	str_clear(&line);
	return used;
}

void sheet_lines(struct sheet *s, const char *text, unsigned indent, unsigned lines)
{
	unsigned room = s->columns > indent + 10 ? s->columns - indent : 10;

	for (unsigned i = 0; *text && i < lines; i++) {
		size_t n = strcspn(text, "\n");
		struct str line;

		str_init(&line);
		text_clean(&line, text, n, term_text_flags(&s->c->term));
		str_printf(&s->out, "%*s", (int)indent, "");
		text_fit(&s->out, line.data, room, s->c->term.more, 0);
		str_addc(&s->out, '\n');
		str_clear(&line);
		text += n + (text[n] == '\n');
	}
	if (*text)
		str_printf(&s->out, "%*s%s\n", (int)indent, "", s->c->term.more);
}

void sheet_heading(struct sheet *s, const char *sgr, const char *format, ...)
{
	va_list ap;

	str_addc(&s->out, '\n');
	term_on(&s->c->term, &s->out, SGR_BOLD);
	term_on(&s->c->term, &s->out, sgr);
	va_start(ap, format);
	str_vprintf(&s->out, format, ap);
	va_end(ap);
	term_off(&s->c->term, &s->out, SGR_BOLD);
	str_addc(&s->out, '\n');
}

static int receive(void *payload, const char *text, size_t length)
{
	str_add(payload, text, length);
	return 0;
}

void sheet_run(struct sheet *s, int64_t run, const pipe_evidence *e)
{
	static const char dot[] = " \xc2\xb7 ";
	size_t start = s->out.length, indent, used;
	struct str text;

	str_init(&text);
	pipe_evidence_text(e, receive, &text);
	str_printf(&s->out, "run %" PRId64 "  ", run);
	used = indent = s->out.length - start;
	/* part by part, onto as few lines as they fit on */
	for (const char *p = text.data; *p;) {
		const char *end = strstr(p, dot);
		size_t length = end ? (size_t)(end - p) : strlen(p), width = text_width(p, length);

		if (used > indent && used + 3 + width > s->columns) {
			str_printf(&s->out, "\n%*s", (int)indent, "");
			used = indent;
		} else if (used > indent) {
			text_clean(&s->out, dot, sizeof(dot) - 1, term_text_flags(&s->c->term));
			used += 3;
		}
		str_add(&s->out, p, length);
		used += width;
		p += length + (end ? sizeof(dot) - 1 : 0);
	}
	str_addc(&s->out, '\n');
	str_clear(&text);
}

static int on_report(void *payload, const pipe_report_record *r)
{
	struct sheet *s = payload;

	if (!*r->error)
		return 0;
	term_paint(&s->c->term, &s->out, SGR_RED, term_pick(&s->c->term, "✗", "x"));
	str_adds(&s->out, " cannot read ");
	sheet_text(s, r->path, LONGEST, false);
	if (r->line)
		str_printf(&s->out, ":%" PRIu32, r->line);
	if (r->line && r->column)
		str_printf(&s->out, ":%" PRIu32, r->column);
	str_adds(&s->out, " of ");
	sheet_text(s, r->job, LONGEST, false);
	str_adds(&s->out, ": ");
	sheet_text(s, r->error, LONGEST, false);
	str_addc(&s->out, '\n');
	return 0;
}

int sheet_broken(struct sheet *s, const char *job)
{
	return pipe_history_reports(s->project, s->run, job, on_report, s, &s->err);
}

/* ---- tests ---- */

static const struct {
	const char *status, *utf8, *ascii, *sgr;
} symbols[] = {
	{ "failed", "✗", "x", SGR_RED },   { "error", "✗", "x", SGR_RED },   { "flaky", "!", "!", SGR_YELLOW },
	{ "passed", "✓", "+", SGR_GREEN }, { "skipped", "-", "-", SGR_DIM },
};

void sheet_test(struct sheet *s, const pipe_test_record *t)
{
	const struct term *term = &s->c->term;
	char tail[WHEN_SIZE * 2] = "", took[WHEN_SIZE];
	unsigned room, used = 0, job = sheet_width(s, t->job);

	if (t->duration_us >= 0)
		snprintf(tail, sizeof(tail), "  %s", duration_format((t->duration_us + 500) / 1000, took, sizeof(took)));
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		if (!strcmp(symbols[i].status, t->status))
			term_paint(term, &s->out, symbols[i].sgr, term_pick(term, symbols[i].utf8, symbols[i].ascii));
	str_addc(&s->out, ' ');
	room = s->columns > 50 ? s->columns - 4 - (unsigned)strlen(tail) : 46;
	if (*t->suite && strcmp(t->suite, t->name) != 0) { /* CTest names both alike */
		used = sheet_path(s, t->suite, room / 2, false) + 1;
		str_addc(&s->out, ' ');
	}
	used += sheet_text(s, t->name, room - used, false);
	term_on(term, &s->out, SGR_DIM);
	str_adds(&s->out, tail);
	if (used + job + 2 <= room) {
		str_adds(&s->out, "  ");
		sheet_text(s, t->job, job, false);
	}
	term_off(term, &s->out, SGR_DIM);
	str_addc(&s->out, '\n');
}

/* ---- findings ---- */

const char *sheet_severity_sgr(const char *severity)
{
	return !strcmp(severity, "critical") || !strcmp(severity, "high") ? SGR_RED
	       : !strcmp(severity, "medium")				  ? SGR_YELLOW
									  : SGR_DIM;
}

const char *sheet_place(struct sheet *s, const pipe_finding_record *f)
{
	const char *place = *f->package && *f->installed ? arena_printf(&s->c->arena, "%s %s", f->package, f->installed)
			    : *f->package		 ? f->package
			    : *f->path && f->line	 ? arena_printf(&s->c->arena, "%s:%" PRIu32, f->path, f->line)
			    : *f->path			 ? f->path
							 : "-";

	return place ? place : "-";
}

void sheet_finding(struct sheet *s, const pipe_finding_record *f, unsigned place)
{
	const struct term *term = &s->c->term;
	const char *rule = *f->rule ? f->rule : f->tool;
	unsigned room = s->columns > place + 44 ? s->columns - place - 4 : 40, used, wanted;

	str_adds(&s->out, "  ");
	sheet_path(s, sheet_place(s, f), place, true);
	str_adds(&s->out, "  ");
	wanted = sheet_width(s, rule);
	wanted = wanted > room / 2 ? room / 2 : wanted;
	used = sheet_text(s, *f->message ? f->message : rule, room - wanted - 2, false);
	if (*f->fixed && used + wanted + sheet_width(s, f->fixed) + 12 < room) {
		str_adds(&s->out, ", fixed in ");
		sheet_text(s, f->fixed, room, false);
	}
	if (*f->message && *rule) {
		term_on(term, &s->out, SGR_DIM);
		str_adds(&s->out, "  ");
		sheet_text(s, rule, wanted, false);
		term_off(term, &s->out, SGR_DIM);
	}
	str_addc(&s->out, '\n');
}

/* ---- coverage ---- */

double sheet_ratio(uint64_t hit, uint64_t all)
{
	return all ? 100.0 * (double)hit / (double)all : 0;
}

char *sheet_percent(uint64_t hit, uint64_t all, char buffer[PERCENT_SIZE])
{
	double ratio = sheet_ratio(hit, all);
	if (!all)
		snprintf(buffer, PERCENT_SIZE, "-");
	else
		snprintf(buffer, PERCENT_SIZE, "%.1f %%", hit < all && ratio > 99.9 ? 99.9 : ratio);
	return buffer;
}
