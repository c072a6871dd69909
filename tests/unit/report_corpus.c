/*
 * The corpus of reports: each tests/reports/FAMILY/NAME is read and compared with NAME.expected (tests/reports/README.md says how that
 * is written).  A report is read whole, in small pieces and byte by byte, with the same result; cut short it is an error.
 */
#include "base/str.h"
#include "stages/report/report.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Suite *report_corpus_suite(void);

enum { MOST_REPORTS = 1000, MOST_FAMILIES = 20, CUTS = 40 };

static const char top[] = "tests/reports";

/* The reports' paths: filled when the suite is made, before the tests are forked. */
static char *reports[MOST_REPORTS];
static int report_count;

/* ---- what was read ---- */

struct seen_line {
	char *path;
	struct evidence_line line;
};

struct collected {
	struct str items;
	uint64_t tests[TEST_STATUS_COUNT], findings[FINDING_KIND_COUNT][SEVERITY_COUNT], suppressed, finding_count;
	uint64_t metrics, components, images;
	struct seen_line *lines;
	size_t line_count, line_room;
};

static void collected_clear(struct collected *c)
{
	for (size_t i = 0; i < c->line_count; i++)
		free(c->lines[i].path);
	free(c->lines);
	str_clear(&c->items);
}

/* A field up to its first newline (a whole one where `all`), escaped. */
static void add_text(struct str *s, const char *text, bool all)
{
	for (; *text && (all || *text != '\n'); text++) {
		const char *escaped = *text == '\n' ? "\\n" : *text == '\t' ? "\\t" : *text == '\\' ? "\\\\" : NULL;

		if (escaped)
			str_adds(s, escaped);
		else
			str_addc(s, *text);
	}
}

static void add_field(struct str *s, const char *text, bool all)
{
	str_adds(s, " | ");
	add_text(s, text, all);
}

/* Ends an item's line, without the empty fields at its end. */
static void end_item(struct str *s)
{
	while (s->length && (s->data[s->length - 1] == ' ' || s->data[s->length - 1] == '|'))
		s->length--;
	str_addc(s, '\n');
}

static int collect_test(void *payload, const struct evidence_test *t, pipe_error *err)
{
	struct collected *c = payload;
	struct str *s = &c->items;

	(void)err;
	ck_assert_uint_lt(t->status, TEST_STATUS_COUNT);
	ck_assert_ptr_nonnull(t->details);
	ck_assert_msg(*t->name, "a test without a name");
	c->tests[t->status]++;
	str_printf(s, "test %s%s", test_status_name(t->status), t->expected ? " expected" : "");
	if (t->failures)
		str_printf(s, " %u", t->failures);
	add_field(s, t->suite, true);
	add_field(s, t->name, true);
	add_field(s, t->file, true);
	if (t->line)
		str_printf(s, ":%u", t->line);
	str_adds(s, " | ");
	if (t->duration_us >= 0)
		str_printf(s, "%lldus", (long long)t->duration_us);
	add_field(s, t->message, false);
	end_item(s);
	return PIPE_OK;
}

static int collect_line(void *payload, const struct evidence_line *l, pipe_error *err)
{
	struct collected *c = payload;
	struct seen_line *seen;

	(void)err;
	if (c->line_count == c->line_room) {
		c->line_room = c->line_room ? c->line_room * 2 : 1024;
		c->lines = realloc(c->lines, c->line_room * sizeof(*c->lines));
	}
	ck_assert_uint_gt(l->line, 0);
	ck_assert_uint_le(l->branches_hit, l->branches);
	seen = &c->lines[c->line_count++];
	seen->path = strdup(l->path);
	seen->line = *l;
	return PIPE_OK;
}

static void add_place(struct str *s, const struct evidence_finding *f)
{
	add_field(s, f->path, true);
	if (f->line)
		str_printf(s, ":%u", f->line);
	if (f->column)
		str_printf(s, ":%u", f->column);
	if (f->end_line)
		str_printf(s, "-%u", f->end_line);
}

static int collect_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	struct collected *c = payload;
	struct str *s = &c->items;

	(void)err;
	ck_assert_uint_lt(f->kind, FINDING_KIND_COUNT);
	ck_assert_uint_lt(f->severity, SEVERITY_COUNT);
	c->finding_count++;
	if (f->suppressed)
		c->suppressed++;
	else
		c->findings[f->kind][f->severity]++;
	str_printf(s, "finding %s %s%s", finding_kind_name(f->kind), severity_name(f->severity),
		   f->suppressed ? " suppressed" : "");
	add_field(s, f->tool, true);
	add_field(s, f->rule, true);
	add_place(s, f);
	add_field(s, f->message, false);
	add_field(s, f->fingerprint, true);
	add_field(s, f->package, true);
	if (*f->installed || *f->fixed) {
		str_addc(s, ' ');
		add_text(s, f->installed, true);
		str_adds(s, " -> ");
		add_text(s, f->fixed, true);
	}
	add_field(s, f->url, true);
	end_item(s);
	return PIPE_OK;
}

static int collect_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	struct collected *c = payload;
	struct str *s = &c->items;

	(void)err;
	c->metrics++;
	str_adds(s, "metric ");
	add_text(s, m->name, true);
	str_addc(s, '{');
	add_text(s, m->labels, true);
	str_printf(s, "} | %.15g", m->value);
	add_field(s, m->unit, true);
	add_field(s, m->help, true);
	end_item(s);
	return PIPE_OK;
}

static int collect_component(void *payload, const struct evidence_component *e, pipe_error *err)
{
	struct collected *c = payload;
	struct str *s = &c->items;

	(void)err;
	c->components++;
	str_adds(s, "component ");
	add_text(s, e->name, true);
	add_field(s, e->version, true);
	add_field(s, e->type, true);
	add_field(s, e->purl, true);
	add_field(s, e->licenses, true);
	end_item(s);
	return PIPE_OK;
}

static int collect_image(void *payload, const struct evidence_image *i, pipe_error *err)
{
	struct collected *c = payload;
	struct str *s = &c->items;

	(void)err;
	c->images++;
	str_adds(s, "image ");
	add_text(s, i->name, true);
	add_field(s, i->digest, true);
	str_printf(s, " | %llu", (unsigned long long)i->bytes);
	end_item(s);
	return PIPE_OK;
}

/* ---- coverage: lines, counted once ---- */

static int by_place(const void *a, const void *b)
{
	const struct seen_line *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->line.line > y->line.line) - (x->line.line < y->line.line);
}

static void merge_lines(struct collected *c)
{
	size_t kept = 0;

	if (c->line_count)
		qsort(c->lines, c->line_count, sizeof(*c->lines), by_place);
	for (size_t i = 0; i < c->line_count; i++) {
		struct seen_line *l = &c->lines[i], *last = kept ? &c->lines[kept - 1] : NULL;

		if (!last || by_place(last, l)) {
			c->lines[kept++] = *l;
			continue;
		}
		last->line.hits = l->line.hits > last->line.hits ? l->line.hits : last->line.hits;
		last->line.branches = l->line.branches > last->line.branches ? l->line.branches : last->line.branches;
		last->line.branches_hit = l->line.branches_hit > last->line.branches_hit ? l->line.branches_hit
											 : last->line.branches_hit;
		free(l->path);
	}
	c->line_count = kept;
}

struct coverage {
	uint64_t files, lines, hit, branches, branches_hit;
};

static void count_line(struct coverage *sum, const struct evidence_line *l)
{
	sum->lines++;
	sum->hit += l->hits > 0;
	sum->branches += l->branches;
	sum->branches_hit += l->branches_hit;
}

/* The lines that were not hit, as ranges. */
static void add_missed(struct str *s, const struct seen_line *lines, size_t count)
{
	const char *separator = " | ";

	for (size_t i = 0; i < count; i++) {
		size_t first = i;

		if (lines[i].line.hits)
			continue;
		while (i + 1 < count && !lines[i + 1].line.hits)
			i++;
		str_printf(s, "%s%u", separator, lines[first].line.line);
		if (i > first)
			str_printf(s, "-%u", lines[i].line.line);
		separator = ",";
	}
}

static void add_files(struct str *s, struct collected *c, struct coverage *all)
{
	for (size_t i = 0, n; i < c->line_count; i += n) {
		struct coverage sum = { 0 };

		for (n = 0; i + n < c->line_count && !strcmp(c->lines[i + n].path, c->lines[i].path); n++) {
			count_line(&sum, &c->lines[i + n].line);
			count_line(all, &c->lines[i + n].line);
		}
		all->files++;
		str_adds(s, "file ");
		add_text(s, c->lines[i].path, true);
		str_printf(s, " | %llu/%llu | %llu/%llu", (unsigned long long)sum.hit, (unsigned long long)sum.lines,
			   (unsigned long long)sum.branches_hit, (unsigned long long)sum.branches);
		add_missed(s, c->lines + i, n);
		str_addc(s, '\n');
	}
}

/* ---- what was read, as text ---- */

static void show_tests(struct str *out, const struct collected *c)
{
	str_adds(out, "tests");
	for (int i = 0; i < TEST_STATUS_COUNT; i++)
		str_printf(out, " %s=%llu", test_status_name(i), (unsigned long long)c->tests[i]);
	str_addc(out, '\n');
}

static void show_findings(struct str *out, const struct collected *c)
{
	str_printf(out, "findings %llu suppressed=%llu", (unsigned long long)c->finding_count, (unsigned long long)c->suppressed);
	for (int k = 0; k < FINDING_KIND_COUNT; k++)
		for (int v = 0; v < SEVERITY_COUNT; v++)
			if (c->findings[k][v])
				str_printf(out, " %s.%s=%llu", finding_kind_name(k), severity_name(v),
					   (unsigned long long)c->findings[k][v]);
	str_addc(out, '\n');
}

static bool any_test(const struct collected *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < TEST_STATUS_COUNT; i++)
		sum += c->tests[i];
	return sum > 0;
}

static void show(struct str *out, const struct report_format *format, struct collected *c)
{
	const unsigned findings = GIVES_ISSUES | GIVES_WARNINGS | GIVES_VULNERABILITIES | GIVES_SECRETS |
				  GIVES_MISCONFIGURATIONS | GIVES_LICENSES;
	struct coverage all = { 0 };
	struct str files;

	str_init(&files);
	merge_lines(c);
	add_files(&files, c, &all);
	if (any_test(c) || format->gives & GIVES_TESTS)
		show_tests(out, c);
	if (all.lines || format->gives & GIVES_COVERAGE)
		str_printf(out, "coverage files=%llu lines=%llu/%llu branches=%llu/%llu\n", (unsigned long long)all.files,
			   (unsigned long long)all.hit, (unsigned long long)all.lines, (unsigned long long)all.branches_hit,
			   (unsigned long long)all.branches);
	if (c->finding_count || format->gives & findings)
		show_findings(out, c);
	if (c->metrics || format->gives & GIVES_METRICS)
		str_printf(out, "metrics %llu\n", (unsigned long long)c->metrics);
	if (c->components || format->gives & GIVES_COMPONENTS)
		str_printf(out, "components %llu\n", (unsigned long long)c->components);
	if (c->images)
		str_printf(out, "images %llu\n", (unsigned long long)c->images);
	str_add(out, files.data, files.length);
	str_add(out, c->items.data, c->items.length);
	str_clear(&files);
}

/* ---- reading ---- */

struct feed {
	const char *data;
	size_t length, at, piece;
};

static int64_t read_piece(void *payload, char *buffer, size_t size, pipe_error *err)
{
	struct feed *f = payload;
	size_t n = f->length - f->at;

	(void)err;
	n = n > f->piece ? f->piece : n;
	n = n > size ? size : n;
	memcpy(buffer, f->data + f->at, n);
	f->at += n;
	return (int64_t)n;
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Reads the first `length` bytes; what was found, or the error, in *out. */
static int read_report(const char *path, const struct report_format *given, const struct str *text, size_t length, size_t piece,
		       struct str *out)
{
	struct collected c = { 0 };
	struct feed feed = { text->data, length, 0, piece };
	struct report_options options = { .workspace = "/w", .tool = "", .kind = FINDING_ISSUE };
	struct evidence_sink sink = {
		.test = collect_test,
		.line = collect_line,
		.finding = collect_finding,
		.metric = collect_metric,
		.component = collect_component,
		.image = collect_image,
		.payload = &c,
	};
	const struct report_format *used = NULL;
	pipe_error err = { 0 };
	int rc;

	str_init(&c.items);
	rc = report_read(given, base_name(path), read_piece, &feed, &options, &sink, &used, &err);
	str_printf(out, "format %s\n", used ? used->name : "none");
	if (rc) {
		ck_assert_msg(*err.text, "%s: an error without words", path);
		ck_assert_int_eq(err.code, rc);
		str_printf(out, "error %u:%u %s\n", err.line, err.column, err.text);
	} else {
		show(out, used, &c);
	}
	collected_clear(&c);
	ck_assert(!out->failed);
	return rc;
}

/* ---- what was expected ---- */

struct expected {
	struct str text; /* of the .expected file; cut into lines */
	const char *lines;
	const struct report_format *given;
	bool cuts; /* cut ones may be read */
};

static bool load(const char *path, struct str *out)
{
	FILE *f = fopen(path, "rb");
	char buffer[65536];
	size_t n;

	str_init(out);
	if (!f)
		return false;
	while ((n = fread(buffer, 1, sizeof(buffer), f)))
		str_add(out, buffer, n);
	fclose(f);
	return !out->failed;
}

static char *line_end(char *line)
{
	return line + strcspn(line, "\n");
}

/* The directives before the first line that is compared. */
static void directives(const char *path, struct expected *e)
{
	char *line = e->text.data;

	for (; *line; line = *line ? line + 1 : line) {
		char *end = line_end(line);

		if (!strncmp(line, "given ", 6)) {
			char name[64];

			snprintf(name, sizeof(name), "%.*s", (int)(end - line - 6), line + 6);
			e->given = report_format_named(name);
			ck_assert_msg(e->given != NULL, "%s: given %s: there is no such format", path, name);
		} else if (!strncmp(line, "cuts\n", 5)) {
			e->cuts = true;
		} else if (*line != '#' && *line != '\n') {
			break;
		}
		line = end;
	}
	e->lines = line;
}

/* Whether two lines are the same: the expected one may end in " ...". */
static bool line_matches(const char *expected, size_t length, const char *seen, size_t seen_length)
{
	if (length >= 4 && !memcmp(expected + length - 4, " ...", 4))
		return seen_length >= length - 4 && !memcmp(expected, seen, length - 4);
	return length == seen_length && !memcmp(expected, seen, length);
}

static void compare(const char *path, const char *expected, const char *seen)
{
	const char *all = seen;

	while (*expected) {
		size_t length = strcspn(expected, "\n"), seen_length = strcspn(seen, "\n");

		if (length == 3 && !memcmp(expected, "...", 3))
			return;
		if (length && *expected != '#') {
			ck_assert_msg(*seen && line_matches(expected, length, seen, seen_length),
				      "%s\nexpected: %.*s\nfound:    %.*s\n---- all that was found:\n%s", path, (int)length,
				      expected, (int)seen_length, seen, all);
			seen += seen_length + (seen[seen_length] == '\n');
		}
		expected += length + (expected[length] == '\n');
	}
	ck_assert_msg(!*seen, "%s: more was found than expected: %s", path, seen);
}

static void write_expected(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/* ---- the tests ---- */

static void load_expected(const char *path, struct expected *e)
{
	char name[512];

	*e = (struct expected){ 0 };
	snprintf(name, sizeof(name), "%s.expected", path);
	if (!load(name, &e->text)) {
		struct str text, out;

		ck_assert_msg(getenv("REPORTS_WRITE") && load(path, &text), "%s is missing", name);
		str_init(&out);
		read_report(path, NULL, &text, text.length, text.length, &out);
		write_expected(name, out.data);
		str_clear(&out);
		str_clear(&text);
		ck_assert(load(name, &e->text));
	}
	directives(path, e);
}

START_TEST(says_what_is_expected)
{
	static const size_t pieces[] = { 1 << 20, 7, 1 };
	struct expected e;
	struct str text;

	load_expected(reports[_i], &e);
	ck_assert(load(reports[_i], &text));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct str out;

		str_init(&out);
		read_report(reports[_i], e.given, &text, text.length, pieces[i], &out);
		compare(reports[_i], e.lines, out.data);
		str_clear(&out);
	}
	str_clear(&text);
	str_clear(&e.text);
}
END_TEST

/* Whether "format NAME" at the beginning names a format of lines, which does not tell its end. */
static bool is_text(const char *seen)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)(strcspn(seen, "\n") - 7), seen + 7);
	return report_format_named(name) && report_format_named(name)->text;
}

START_TEST(cut_short_is_an_error)
{
	struct expected e;
	struct str text, out;
	size_t whole;

	load_expected(reports[_i], &e);
	ck_assert(load(reports[_i], &text));
	/* White space at the end does not count, nor do its NULs in UTF-16. */
	for (whole = text.length; whole && memchr("\r\n\t ", text.data[whole - 1], 5); whole--)
		;
	for (size_t i = 0; i < CUTS && whole > 1; i++) {
		/* Evenly, and the last byte alone. */
		size_t length = i ? whole * i / CUTS : whole - 1;
		int rc;

		str_init(&out);
		rc = read_report(reports[_i], e.given, &text, length, 4096, &out);
		ck_assert_msg(rc || e.cuts || is_text(out.data), "%s: cut after %zu of %zu bytes and taken for whole:\n%s",
			      reports[_i], length, text.length, out.data);
		str_clear(&out);
	}
	str_clear(&text);
	str_clear(&e.text);
}
END_TEST

static bool is_report(const char *name)
{
	const char *ending = strrchr(name, '.');

	return *name != '.' && strcmp(name, "README.md") != 0 && (!ending || strcmp(ending, ".expected") != 0);
}

static void find_reports(const char *directory)
{
	struct dirent **entries;
	const char *only = getenv("REPORTS_ONLY");
	int n = scandir(directory, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[512];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (is_report(entries[i]->d_name) && !stat(path, &st) && (!only || S_ISDIR(st.st_mode) || strstr(path, only))) {
			if (S_ISDIR(st.st_mode) && !strcmp(directory, top))
				find_reports(path);
			else if (S_ISREG(st.st_mode) && report_count < MOST_REPORTS)
				reports[report_count++] = strdup(path);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

START_TEST(the_corpus_is_there)
{
	ck_assert_msg(report_count >= 60 || getenv("REPORTS_ONLY"), "%d reports: run from the top of the tree", report_count);
}
END_TEST

Suite *report_corpus_suite(void)
{
	Suite *suite = suite_create("report_corpus");
	TCase *tc = tcase_create("corpus");

	find_reports(top);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_corpus_is_there);
	tcase_add_loop_test(tc, says_what_is_expected, 0, report_count);
	tcase_add_loop_test(tc, cut_short_is_an_error, 0, report_count);
	suite_add_tcase(suite, tc);
	return suite;
}
