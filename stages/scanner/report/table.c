/*
 * The table for a terminal: for each target its findings, the gravest first; then all targets with their counts, what was looked at, notes
 * and warnings.  Columns are as wide as what stands in them, within bounds, and the title takes what is left.  Texts come from strangers:
 * control characters are not passed on to the terminal.
 */
#include "base/utf8.h"
#include "stages/scanner/report/writing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 7, COLUMNS_USUAL = 100, COLUMNS_LEAST = 80, GAP = 2, TITLE_LEAST = 12, CELL_LEAST = 8, ID_LEAST = 14 };

struct cells {
	const char *text[COLUMNS];
	uint8_t severity;
	char line[24];
};

struct table {
	struct writing *w;
	unsigned width[COLUMNS];
	unsigned total;
};

/* ---- text ---- */

static unsigned width_of(const char *text)
{
	size_t length = strlen(text), n;
	unsigned width = 0;
	uint32_t code;

	for (; (n = utf8_decode(text, length, &code)) != 0; text += n, length -= n)
		width += (unsigned)utf8_width(code);
	return width;
}

/* At most `most` columns of the text's first line, and how many it took. */
static unsigned put(struct str *out, const char *text, unsigned most)
{
	size_t length = strcspn(text, "\r\n"), n;
	unsigned used = 0, whole;
	uint32_t code;

	for (whole = 0, n = 0; n < length && whole <= most;) {
		size_t step = utf8_decode(text + n, length - n, &code);

		whole += (unsigned)utf8_width(code);
		n += step;
	}
	if (whole > most && most > 1)
		most--;
	else if (whole <= most)
		whole = 0;
	for (; (n = utf8_decode(text, length, &code)) != 0; text += n, length -= n) {
		unsigned width = (unsigned)utf8_width(code);

		if (used + width > most)
			break;
		if (code == '\t')
			str_addc(out, ' ');
		else if (code >= ' ' && (code < 0x7f || code > 0x9f))
			str_add(out, code == 0xfffd && n == 1 ? "?" : text, n);
		used += code == '\t' ? 1 : width;
	}
	if (whole) {
		str_adds(out, "\xe2\x80\xa6");
		used++;
	}
	return used;
}

static void pad(struct str *out, unsigned count)
{
	while (count--)
		str_addc(out, ' ');
}

static const char *colour_of(uint8_t severity)
{
	static const char *const codes[] = {
		[SEVERITY_UNKNOWN] = "36", [SEVERITY_INFO] = "36", [SEVERITY_LOW] = "34",
		[SEVERITY_MEDIUM] = "33",  [SEVERITY_HIGH] = "31", [SEVERITY_CRITICAL] = "1;31",
	};

	return severity < sizeof(codes) / sizeof(*codes) ? codes[severity] : codes[0];
}

static void heading(struct writing *w, const char *text)
{
	unsigned width = width_of(text);

	if (w->show->colour)
		str_adds(w->out, "\033[1m");
	put(w->out, text, 4096);
	if (w->show->colour)
		str_adds(w->out, "\033[0m");
	str_addc(w->out, '\n');
	while (width-- && !w->show->colour)
		str_addc(w->out, '=');
	str_adds(w->out, w->show->colour ? "" : "\n");
}

/* ---- rows ---- */

static const char *const titles[2][COLUMNS] = {
	{ "package", "vulnerability", "severity", "installed", "fixed in", "status", "title" },
	{ "line", "rule", "severity", "category", "", "", "match" },
};
static const unsigned most[COLUMNS] = { 32, 20, 8, 24, 24, 12, 0 };

static bool is_vulnerability(const struct scan_finding *f)
{
	return f->kind == FINDING_VULNERABILITY;
}

static void fill(struct cells *c, const struct scan_finding *f)
{
	const char *title = *writing_text(f->title) ? f->title : writing_text(f->description);

	memset(c, 0, sizeof(*c));
	c->severity = f->severity;
	snprintf(c->line, sizeof(c->line), "%" PRIu32, f->line_from);
	c->text[0] = is_vulnerability(f) && f->package ? f->package->name : c->line;
	c->text[1] = f->id;
	c->text[2] = writing_severity(f->severity);
	c->text[3] = is_vulnerability(f) ? (f->package ? f->package->version : "") : writing_text(f->category);
	c->text[4] = writing_text(f->fixed);
	c->text[5] = writing_text(f->status);
	c->text[6] = is_vulnerability(f) || !*writing_text(f->match) ? title : f->match;
	if (is_vulnerability(f) && *c->text[4])
		c->text[5] = "";
}

static void widen(struct table *t, const struct cells *c)
{
	for (int i = 0; i < COLUMNS - 1; i++) {
		unsigned width = width_of(c->text[i]);

		width = width > most[i] ? most[i] : width;
		if (width > t->width[i])
			t->width[i] = width;
	}
}

/* The column to take from: the widest, but for the severity; the id, by which all is found, comes last.  -1: none is left. */
static int widest(const struct table *t)
{
	int found = 0;

	for (int i = 3; i < COLUMNS - 1; i++)
		if (t->width[i] > t->width[found])
			found = i;
	if (t->width[found] > CELL_LEAST)
		return found;
	return t->width[1] > ID_LEAST ? 1 : -1;
}

static void fit(struct table *t)
{
	unsigned used = 0;

	for (int i = 0; i < COLUMNS - 1; i++)
		used += t->width[i] ? t->width[i] + GAP : 0;
	while (used + TITLE_LEAST > t->total) {
		int column = widest(t);

		if (column < 0)
			break;
		t->width[column]--;
		used--;
	}
	t->width[COLUMNS - 1] = t->total > used + TITLE_LEAST ? t->total - used : TITLE_LEAST;
}

static void row(const struct table *t, const struct cells *c, bool coloured)
{
	struct str *out = t->w->out;

	str_adds(out, "  ");
	for (int i = 0; i < COLUMNS; i++) {
		unsigned used;

		if (!t->width[i])
			continue;
		if (coloured && i == 2)
			str_printf(out, "\033[%sm", colour_of(c->severity));
		used = put(out, c->text[i], t->width[i]);
		if (coloured && i == 2)
			str_adds(out, "\033[0m");
		if (i < COLUMNS - 1)
			pad(out, t->width[i] - used + GAP);
	}
	while (out->length && out->data[out->length - 1] == ' ')
		out->data[--out->length] = '\0';
	str_addc(out, '\n');
}

static int by_severity(const void *one, const void *two)
{
	const struct scan_finding *a = *(const struct scan_finding *const *)one, *b = *(const struct scan_finding *const *)two;
	int order = (a->severity < b->severity) - (a->severity > b->severity);

	return order ? order : (a > b) - (a < b);
}

/* Findings of the result that are to be shown, the gravest first; the caller's to free(). */
static const struct scan_finding **sorted(struct table *t, const struct scan_result *r, uint32_t *count)
{
	const struct scan_finding **list = r->findings.count ? calloc(r->findings.count, sizeof(*list)) : NULL;

	*count = 0;
	if (!list) {
		t->w->failed |= r->findings.count > 0;
		return NULL;
	}
	for (uint32_t i = 0; i < r->findings.count; i++) {
		const struct scan_finding *f = &r->findings.items[i];

		if (writing_shows(t->w, f) && (!f->suppressed || t->w->show->suppressed))
			list[(*count)++] = f;
	}
	qsort(list, *count, sizeof(*list), by_severity);
	return list;
}

static void why(const struct table *t, const struct scan_finding *f)
{
	if (!f->suppressed)
		return;
	str_adds(t->w->out, "    ");
	put(t->w->out, f->suppressed, t->total > 4 ? t->total - 4 : t->total);
	str_addc(t->w->out, '\n');
}

static void rows(struct table *t, const struct scan_finding *const *list, uint32_t count)
{
	struct cells head = { 0 }, c;

	memcpy(head.text, titles[!is_vulnerability(list[0])], sizeof(head.text));
	memset(t->width, 0, sizeof(t->width));
	for (uint32_t i = 0; i < count; i++) {
		fill(&c, list[i]);
		widen(t, &c);
	}
	for (int i = 0; i < COLUMNS - 1; i++)
		if (t->width[i] && width_of(head.text[i]) > t->width[i])
			t->width[i] = width_of(head.text[i]);
	fit(t);
	row(t, &head, false);
	for (uint32_t i = 0; i < count && !t->w->out->failed; i++) {
		fill(&c, list[i]);
		row(t, &c, t->w->show->colour);
		why(t, list[i]);
		str_pass(t->w->out);
	}
}

static void target(struct table *t, const struct scan_result *r)
{
	const char *type = writing_text(r->type), *text = r->target;
	const struct scan_finding **list;
	uint32_t count;

	list = sorted(t, r, &count);
	if (count) {
		if (strcmp(r->class, "os-pkgs") && *(*type ? type : r->class))
			text = arena_printf(&t->w->scratch, "%s (%s)", r->target, *type ? type : r->class);
		heading(t->w, text ? text : r->target);
		rows(t, list, count);
		str_addc(t->w->out, '\n');
	}
	free(list);
	arena_reset(&t->w->scratch);
}

/* ---- the whole ---- */

struct counts {
	uint64_t by[SEVERITY_COUNT], all, suppressed;
};

static void count(const struct writing *w, const struct scan_result *r, struct counts *c)
{
	for (uint32_t i = 0; i < r->findings.count; i++) {
		const struct scan_finding *f = &r->findings.items[i];

		if (scan_finding_counts(f, w->show)) {
			c->by[f->severity < SEVERITY_COUNT ? f->severity : SEVERITY_UNKNOWN]++;
			c->all++;
		} else if (f->suppressed && writing_shows(w, f)) {
			c->suppressed++;
		}
	}
}

static void say_counts(struct writing *w, const struct counts *c)
{
	const char *before = "";

	if (!c->all)
		str_adds(w->out, "nothing found");
	for (int s = SEVERITY_COUNT - 1; s >= 0; s--) {
		if (!c->by[s])
			continue;
		str_printf(w->out, "%s%" PRIu64 " %s", before, c->by[s], severity_name((enum severity)s));
		before = ", ";
	}
	if (c->suppressed)
		str_printf(w->out, "; %" PRIu64 " passed over", c->suppressed);
}

static void summary_line(struct table *t, const struct scan_result *r, unsigned width)
{
	struct counts c = { 0 };
	unsigned used;

	count(t->w, r, &c);
	str_adds(t->w->out, "  ");
	used = put(t->w->out, r->target, width);
	pad(t->w->out, width - used + GAP);
	say_counts(t->w, &c);
	if (r->packages)
		str_printf(t->w->out, " in %" PRIu32 " package%s", r->packages->packages.count,
			   r->packages->packages.count == 1 ? "" : "s");
	str_addc(t->w->out, '\n');
	str_pass(t->w->out);
}

static void summary(struct table *t)
{
	const struct scan_report *r = t->w->report;
	struct counts all = { 0 };
	unsigned width = 0, limit = t->total / 2;

	for (uint32_t i = 0; i < r->results.count; i++) {
		unsigned one = width_of(r->results.items[i].target);

		count(t->w, &r->results.items[i], &all);
		width = one > width ? one : width;
	}
	width = width > limit ? limit : width;
	for (uint32_t i = 0; i < r->results.count && !t->w->out->failed; i++)
		summary_line(t, &r->results.items[i], width);
	if (r->results.count != 1) {
		str_adds(t->w->out, r->results.count ? "  Together: " : "");
		say_counts(t->w, &all);
		str_addc(t->w->out, '\n');
	}
}

static void lines(struct writing *w, const char *label, const char *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		str_adds(w->out, label);
		put(w->out, list[i], 4096);
		str_addc(w->out, '\n');
		str_pass(w->out);
	}
}

static void looked_at(struct writing *w)
{
	const struct scan_report *r = w->report;

	str_printf(w->out, "Looked at %" PRIu64 " file%s and %" PRIu64 " package%s", r->files, r->files == 1 ? "" : "s",
		   r->packages, r->packages == 1 ? "" : "s");
	if (*writing_text(r->artifact)) {
		str_adds(w->out, " of ");
		put(w->out, r->artifact, 200);
	}
	str_adds(w->out, "\n");
	if (*writing_text(r->database))
		lines(w, "Advisories: ", &r->database, 1);
}

void writing_table(struct writing *w)
{
	struct table t = { .w = w, .total = w->show->columns ? w->show->columns : COLUMNS_USUAL };

	t.total = t.total < COLUMNS_LEAST ? COLUMNS_LEAST : t.total;
	t.total -= GAP;
	for (uint32_t i = 0; i < w->report->results.count && !w->failed && !w->out->failed; i++)
		target(&t, &w->report->results.items[i]);
	summary(&t);
	looked_at(w);
	lines(w, "Note: ", w->report->notes.items, w->report->notes.count);
	lines(w, w->show->colour ? "\033[33mWarning:\033[0m " : "Warning: ", w->report->warnings.items,
	      w->report->warnings.count);
	str_pass(w->out);
}
