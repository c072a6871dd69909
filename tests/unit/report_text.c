/* Reports that are lines of text: the splitter, the parts of the parsers that are their own, and bounds.  What tools write is in
 * tests/reports/text. */
#include "base/error.h"
#include "stages/report/compiler/compiler_count.h"
#include "stages/report/compiler/compiler_line.h"
#include "stages/report/lines.h"
#include "stages/report/tap/tap_point.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *report_text_suite(void);

/* ---- lines ---- */

struct seen {
	struct lines *lines;
	struct str text;
	int fail_at;
};

static int see(void *payload, char *text, size_t length, pipe_error *err)
{
	struct seen *s = payload;

	ck_assert_uint_eq(strlen(text), length);
	str_printf(&s->text, "%u%s%s=%s|", s->lines->number, s->lines->cut ? "c" : "", s->lines->ended ? "" : "o", text);
	/* It may be written in. */
	memset(text, 'x', length);
	return s->fail_at && (unsigned)s->fail_at == s->lines->number ? error_set(err, PIPE_EIO, "enough") : PIPE_OK;
}

static void split(const char *bytes, size_t length, size_t most, size_t piece, const char *expected)
{
	struct lines l;
	struct seen s = { .lines = &l };

	str_init(&s.text);
	lines_init(&l, most, see, &s);
	for (size_t i = 0; i < length; i += piece)
		ck_assert_int_eq(lines_feed(&l, bytes + i, length - i < piece ? length - i : piece, NULL), PIPE_OK);
	ck_assert_int_eq(lines_finish(&l, NULL), PIPE_OK);
	ck_assert_str_eq(s.text.data, expected);
	lines_clear(&l);
	str_clear(&s.text);
}

START_TEST(lines_are_split_wherever_the_pieces_end)
{
	static const char text[] = "one\n\r\n\ntwo\r\r\nth\0ree\n\xc3\xa4\xc3\xb6";

	for (size_t piece = 1; piece < sizeof(text); piece++)
		split(text, sizeof(text) - 1, 0, piece, "1=one|2=|3=|4=two|5=th ree|6o=\xc3\xa4\xc3\xb6|");
	split("", 0, 0, 1, "");
	split("\n", 1, 0, 1, "1=|");
	split("a", 1, 0, 1, "1o=a|");
}
END_TEST

START_TEST(long_lines_are_cut_between_characters)
{
	for (size_t piece = 1; piece < 20; piece++) {
		split("abcdefgh\nabcd\nab\n", 17, 4, piece, "1c=abcd|2=abcd|3=ab|");
		split("abc\xc3\xa4"
		      "def\nx",
		      10, 4, piece, "1c=abc|2o=x|");
	}
}
END_TEST

START_TEST(an_error_ends_the_reading_with_its_place)
{
	struct lines l;
	struct seen s = { .lines = &l, .fail_at = 2 };
	pipe_error err = { 0 };

	str_init(&s.text);
	lines_init(&l, 0, see, &s);
	ck_assert_int_eq(lines_feed(&l, "a\nb\nc\n", 6, &err), PIPE_EIO);
	ck_assert_str_eq(s.text.data, "1=a|2=b|");
	ck_assert_int_eq(lines_error(&l, 7, &err, "no %s", "good"), PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, 2);
	ck_assert_uint_eq(err.column, 7);
	ck_assert_str_eq(err.text, "no good");
	ck_assert_int_eq(lines_error(&l, 0, NULL, "nobody asks"), PIPE_EPIPELINE);
	lines_clear(&l);
	str_clear(&s.text);
}
END_TEST

START_TEST(kept_text_is_bounded)
{
	struct str s;

	str_init(&s);
	lines_keep(&s, "abc", 3, 10);
	lines_keep(&s, "defg", 4, 10);
	ck_assert_str_eq(s.data, "abcdefg");
	lines_keep(&s, "h", 1, 10);
	ck_assert_str_eq(s.data, "abcdefg...");
	lines_keep(&s, "i", 1, 10);
	ck_assert_str_eq(s.data, "abcdefg...");
	str_reset(&s);
	lines_keep(&s, "abcdef\xc3\xa4z", 9, 10);
	ck_assert_str_eq(s.data, "abcdef...");
	str_clear(&s);
}
END_TEST

START_TEST(numbers_are_read_in_full_or_not_at_all)
{
	static const struct {
		const char *text;
		double value;
	} good[] = { { "0", 0 },	   { "-1.5e3", -1500 },	  { "+.5", .5 },	   { "1E-2", .01 },
		     { "+Inf", INFINITY }, { "-inf", -INFINITY }, { "infinity", INFINITY } };
	static const char *const bad[] = {
		"", "+", ".", "1,5", " 1", "1 ", "0x10", "1e", "nan(1)", "one", "1.2.3", "--1", "infx"
	};
	double value;
	uint32_t n;
	const char *p = "4294967295:";

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(lines_real(good[i].text, strlen(good[i].text), &value) && value == good[i].value, "%s",
			      good[i].text);
	ck_assert(lines_real("NaN", 3, &value) && isnan(value));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!lines_real(bad[i], strlen(bad[i]), &value), "%s", bad[i]);
	ck_assert(lines_number(&p, &n) && n == UINT32_MAX && *p == ':');
	p = "4294967296";
	ck_assert(!lines_number(&p, &n));
	p = "99999999999999999999999999";
	ck_assert(!lines_number(&p, &n));
	p = "x1";
	ck_assert(!lines_number(&p, &n) && *p == 'x');
}
END_TEST

/* ---- TAP ---- */

START_TEST(tap_points)
{
	static const struct {
		const char *line, *is;
	} points[] = {
		{ "ok", "ok 0 - |" },
		{ "not ok", "not 0 - |" },
		{ "ok 7", "ok 7 - |" },
		{ "ok 7 name", "ok 7 - name|" },
		{ "ok 7 - name", "ok 7 - name|" },
		{ "ok 7- name", "ok 7 - name|" },
		{ "ok - name", "ok 0 - name|" },
		{ "ok 2nd name", "ok 0 - 2nd name|" },
		{ "ok 99999999999 - x", "ok 0 - 99999999999 - x|" },
		{ "ok 1 - a # SKIP", "ok 1 skip - a|" },
		{ "ok 1 - a # skip: why not", "ok 1 skip - a|why not" },
		{ "ok 1 - a # Skipped", "ok 1 skip - a|" },
		{ "ok 1 - a #SKIP why", "ok 1 skip - a|why" },
		{ "ok 1 - a #skip why", "ok 1 - a #skip why|" },
		{ "ok 1 - a# SKIP why", "ok 1 - a# SKIP why|" },
		{ "ok 1 - a \\# SKIP why", "ok 1 - a # SKIP why|" },
		{ "ok 1 - a \\\\ # SKIP why", "ok 1 skip - a \\|why" },
		{ "ok 1 # SKIP why", "ok 1 skip - |why" },
		{ "ok 1 - a # skipper", "ok 1 - a # skipper|" },
		{ "ok 1 - a # todo-list", "ok 1 - a # todo-list|" },
		{ "not ok 1 - a # TODO", "not 1 todo - a|" },
		{ "not ok 1 - a # 1 # TODO b", "not 1 todo - a # 1|b" },
		{ "not ok 1 - a # TODO b # SKIP c", "not 1 skip todo - a|b" },
		{ "not ok 1 # TODO & SKIP both", "not 1 skip todo - |both" },
		{ "ok 1 - a # time=12.5ms", "ok 1 - a| 12500us" },
		{ "not ok 1 - a # SKIP why", "not 1 skip - a|why" },
		{ "not ok 1 # SKIP name", "ok 1 skip - name|" },
		{ "ok - a::b  (0.05s)", "ok 0 - a::b| 50000us" },
		{ "ok 1 - waits (2s)", "ok 1 - waits (2s)|" },
		{ "ok 1 - (0.05s)", "ok 1 - (0.05s)|" },
		{ "not ok 1 - a.yml: b c at https://d: e", "not 1 - a.yml: b c at https://d: e|" },
		{ "ok 1 - a # SKIP b # time=2s", "ok 1 skip - a|b 2000000us" },
		{ "ok 1 - a # time=2s # TODO b", "ok 1 todo - a|b 2000000us" },
		{ "ok 1 - a # in 15 ms", "ok 1 - a| 15000us" },
		{ "ok 1 - a # time=soon", "ok 1 - a # time=soon|" },
		{ "ok 1 - a # in time", "ok 1 - a # in time|" },
		{ "ok 1 - a {", "ok 1 { - a|" },
		{ "ok 1 - a{", "ok 1 - a{|" },
		{ "ok 1 - x.c:Core:test_a: Passed", "ok 1 - x.c/Core/test_a|" },
		{ "not ok 1 - x.c:The core:test_a: Assertion 'a: b' failed",
		  "not 1 - x.c/The core/test_a|Assertion 'a: b' failed" },
		{ "ok 1 - x.c:Core:test_a: 3 left", "ok 1 - x.c:Core:test_a: 3 left|" },
		{ "not ok 1 - see x.c:Core:test_a: no", "not 1 - see x.c:Core:test_a: no|" },
		{ "okay", NULL },
		{ "ok: fine", NULL },
		{ "ok# SKIP", NULL },
		{ "not okay", NULL },
		{ "notok", NULL },
		{ "Ok 1", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
		char *line = strdup(points[i].line), is[256], suite[64] = "", time[32] = "";
		struct tap_point p;

		ck_assert_ptr_nonnull(line);
		ck_assert_msg(tap_point_parse(line, &p) == (points[i].is != NULL), "%s", points[i].line);
		if (points[i].is) {
			if (*p.suite)
				snprintf(suite, sizeof(suite), "%s/%s/", p.file, p.suite);
			if (p.duration_us >= 0)
				snprintf(time, sizeof(time), " %lldus", (long long)p.duration_us);
			snprintf(is, sizeof(is), "%s %u%s%s%s - %s%s|%s%s", p.ok ? "ok" : "not", p.number, p.skip ? " skip" : "",
				 p.todo ? " todo" : "", p.opens ? " {" : "", suite, p.name, p.reason, time);
			ck_assert_msg(!strcmp(is, points[i].is), "%s: %s, not %s", points[i].line, is, points[i].is);
		}
		free(line);
	}
}
END_TEST

START_TEST(tap_plans)
{
	static const struct {
		const char *line;
		int planned; /* -1: no plan */
		const char *reason;
	} plans[] = {
		{ "1..5", 5, "" },
		{ "1..0", 0, "" },
		{ "1..0 # SKIP no net", 0, "no net" },
		{ "1..0 # skip", 0, "" },
		{ "1..3 # all", 3, "all" },
		{ "1..", -1, NULL },
		{ "2..5", -1, NULL },
		{ "1..5x", -1, NULL },
		{ "1..5 tests", -1, NULL },
		{ "1..99999999999", -1, NULL },
	};

	for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		char line[64];
		const char *reason;
		uint32_t planned;
		bool is;

		snprintf(line, sizeof(line), "%s", plans[i].line);
		is = tap_plan_parse(line, &planned, &reason);
		ck_assert_msg(is == (plans[i].planned >= 0), "%s", plans[i].line);
		if (is) {
			ck_assert_int_eq(planned, plans[i].planned);
			ck_assert_str_eq(reason, plans[i].reason);
		}
	}
}
END_TEST

/* ---- compilers ---- */

START_TEST(escape_sequences_and_overwritten_text_go)
{
	static const struct {
		const char *text, *is;
	} texts[] = {
		{ "plain", "plain" },
		{ "\x1b[01m\x1b[Ka.c:\x1b[m\x1b[K x", "a.c: x" },
		{ "\x1b]8;;https://a.b\x07link\x1b]8;;\x1b\\ x", "link x" },
		{ "50%\r100%\rdone", "done" },
		{ "cut \x1b", "cut " },
		{ "cut \x1b[3", "cut " },
		{ "cut \x1b]8;;x", "cut " },
		{ "\x1b(B\x1b=x", "x" },
		{ "cut \x1b(", "cut " },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", texts[i].text);
		ck_assert_uint_eq(compiler_line_plain(text, strlen(text)), strlen(texts[i].is));
		ck_assert_str_eq(text, texts[i].is);
	}
}
END_TEST

START_TEST(compiler_lines)
{
	static const struct {
		const char *line;
		enum compiler_line_kind kind;
		const char *is;
	} lines[] = {
		{ "a.c:3:5: warning: m [-Wx]", LINE_FINDING, "a.c:3:5 medium -Wx m" },
		{ "a.c:3: error: m", LINE_FINDING, "a.c:3:0 high  m" },
		{ "a.c:3:5: error: m [-Werror=x]", LINE_FINDING, "a.c:3:5 high -Wx m" },
		{ "a.c:3:5: error: m [-Werror,-Wx]", LINE_FINDING, "a.c:3:5 high -Wx m" },
		{ "a.c:3:5: error: m [bugprone-x,-warnings-as-errors]", LINE_FINDING, "a.c:3:5 high bugprone-x m" },
		{ "a.c:3:5: warning: m [CWE-401] [-Wanalyzer-x]", LINE_FINDING, "a.c:3:5 medium -Wanalyzer-x m" },
		{ "a.c:3:5: warning: array int[3] and a [b c]", LINE_FINDING, "a.c:3:5 medium  array int[3] and a [b c]" },
		{ "a.c:3:5: internal compiler error: m", LINE_FINDING, "a.c:3:5 critical  m" },
		{ "C:\\a b\\c.c:3:5: warning: m", LINE_FINDING, "C:\\a b\\c.c:3:5 medium  m" },
		{ "a.c:3:5: warning:   m [-Wreorder]", LINE_CONTINUED, "a.c:3:5 medium -Wreorder m" },
		{ "a.c:3:5: note: m", LINE_NOTE, "a.c:3:5 info  m" },
		{ "a.sh:3:5: note: m [SC2086]", LINE_FINDING, "a.sh:3:5 info SC2086 m" },
		{ "a.ts(3,5): error TS2322: m", LINE_FINDING, "a.ts:3:5 high TS2322 m" },
		{ "a.rs:3:5: error[E0308]: m", LINE_FINDING, "a.rs:3:5 high E0308 m" },
		{ "p.py:3:5: E501 m", LINE_FINDING, "p.py:3:5 low E501 m" },
		{ "p.py:3:5: W0612: m (unused-variable)", LINE_FINDING, "p.py:3:5 medium unused-variable m" },
		{ "a.c:(.text+0x1b): undefined reference to `x'", LINE_FINDING,
		  "a.c:0:0 high undefined-reference undefined reference to `x'" },
		{ "a.go:3:5: m", LINE_FINDING, "a.go:3:5 medium  m" },
		{ "a.log:3:5: m", LINE_OTHER, NULL },
		{ "a.c:3:5:   required from here", LINE_OTHER, NULL },
		{ "12:30:45: error: m", LINE_OTHER, NULL },
		{ "http://host:80: error: m", LINE_OTHER, NULL },
		{ "make: *** [Makefile:3: all] Error 1", LINE_OTHER, NULL },
		{ "99999999999:3: error: m", LINE_OTHER, NULL },
		{ "a.c:99999999999: error: m", LINE_OTHER, NULL },
		{ "warning: m", LINE_HEAD, ":0:0 medium  m" },
		{ " --> a.rs:3:5", LINE_ARROW, "a.rs:3:5 unknown  " },
		{ "      ^~~", LINE_CARET, ":0:7 unknown  " },
		{ "src/a.js", LINE_FILE, "src/a.js:0:0 unknown  " },
		{ "  3:5  warning  m of it  no-x", LINE_ENTRY, ":3:5 medium no-x m of it" },
		{ "a.html:3:5: m [error/no-x]", LINE_FINDING, "a.html:3:5 high no-x m" },
		{ "a.css:3:5: m (no-x) [warning]", LINE_FINDING, "a.css:3:5 medium no-x m" },
		{ "a.js:3:5: m [Warning/x(no-x)]", LINE_FINDING, "a.js:3:5 medium x(no-x) m" },
		{ "a.md:3 error MD1/x m", LINE_OTHER, NULL },
		{ "a.md:3 error MD012/x m", LINE_FINDING, "a.md:3:0 high MD012/x m" },
		{ "a.rb:3:5: C: [Correctable] Style/X: m", LINE_FINDING, "a.rb:3:5 low Style/X m" },
		{ "a.rb:3:5: C: m", LINE_FINDING, "a.rb:3:5 medium  C: m" },
		{ "%Warning-WIDTH: a.v:3:5: m", LINE_FINDING, "a.v:3:5 medium WIDTH m" },
		{ "%Error: Exiting", LINE_OTHER, NULL },
		{ "File \"a.ml\", line 3, characters 4-5:", LINE_PLACE, "a.ml:3:5 unknown  " },
		{ "File \"a.ml\", line x", LINE_OTHER, NULL },
		{ "Error (warning 26 [unused-var]): m", LINE_HEAD, ":0:0 high unused-var m" },
		{ "   ,-[a.js:3:5]", LINE_ARROW, "a.js:3:5 unknown  " },
		{ "  ! es(no-x): m", LINE_HEAD, ":0:0 medium es(no-x) m" },
		{ "In a.sh line 3:", LINE_FILE, "a.sh:3:0 unknown  " },
		{ "    ^-- SC2086 (info): m", LINE_ENTRY, ":0:5 info SC2086 m" },
		{ "FILE: /w/a.php", LINE_FILE, "/w/a.php:0:0 unknown  " },
		{ " 3 | ERROR | [x] m", LINE_ENTRY, ":3:0 high  m" },
		{ "L:   3 | P:   5 | LT01 | m", LINE_ENTRY, ":3:5 medium LT01 m" },
		{ "  3:5  \xe2\x9c\x96  m  no-x", LINE_ENTRY, ":3:5 high no-x m" },
		{ "a.py:3: two words", LINE_OTHER, NULL },
		{ "", LINE_OTHER, NULL },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *line = strdup(lines[i].line), is[256];
		struct compiler_line l;

		ck_assert_ptr_nonnull(line);
		compiler_line_parse(line, false, &l);
		ck_assert_msg(l.kind == lines[i].kind, "%s: kind %d, not %d", lines[i].line, (int)l.kind, (int)lines[i].kind);
		snprintf(is, sizeof(is), "%s:%u:%u %s %s %s", l.path, l.line, l.column, severity_name(l.severity), l.rule,
			 l.message);
		ck_assert_msg(!lines[i].is || !strcmp(is, lines[i].is), "%s: %s, not %s", lines[i].line, is, lines[i].is);
		free(line);
	}
}
END_TEST

START_TEST(a_place_and_words_are_a_finding_of_an_analyser_alone)
{
	static const struct {
		const char *line;
		enum compiler_line_kind kind;
	} lines[] = { { "a.py:3: two words", LINE_FINDING },   { "a.yml:3: no-x", LINE_FINDING },
		      { "a.v:3: syntax error", LINE_FINDING }, { "a.py:3: AssertionError", LINE_OTHER },
		      { "a.log:3: two words", LINE_OTHER },    { "a.py:3:   two words", LINE_OTHER },
		      { "a b.py:3: two words", LINE_OTHER } };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[64];
		struct compiler_line l;

		snprintf(line, sizeof(line), "%s", lines[i].line);
		compiler_line_parse(line, true, &l);
		ck_assert_msg(l.kind == lines[i].kind, "%s: kind %d", lines[i].line, (int)l.kind);
	}
}
END_TEST

START_TEST(the_last_line_that_counts)
{
	static const struct {
		const char *line;
		uint32_t count;
	} lines[] = { { "5 problems (3 errors, 2 warnings)", 5 },
		      { "\xe2\x9c\x96 1 problem (1 error, 0 warnings)", 1 },
		      { "Found 4 warnings and 1 error.", 4 },
		      { "Found 5 errors.", 5 },
		      { "FOUND 4 ERRORS AFFECTING 2 LINES", 4 },
		      { "0 errors, 3 warnings", 3 },
		      { "Summary: 7 issues in 1 file", 7 },
		      { "1 file inspected, 7 offenses detected", 7 },
		      { "0 problems", 0 },
		      { "0 errors, 0 warnings, 0 notes", 0 },
		      { "2 files inspected, no offenses detected", 0 },
		      { "2 warnings generated.", 0 },
		      { "3 errors of 5 were mended", 0 },
		      { "Tests run: 3, Failures: 1, Errors: 2", 0 },
		      { "99999999999 errors", 0 },
		      { "", 0 } };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		ck_assert_msg(compiler_count(lines[i].line) == lines[i].count, "%s: %u", lines[i].line,
			      compiler_count(lines[i].line));
}
END_TEST

/* ---- bounds, through the way in ---- */

struct counts {
	uint64_t items, stop_at;
	size_t longest;
	uint64_t line_hits;
	char last[128];
};

static int count_item(struct counts *c, const char *text, pipe_error *err)
{
	c->items++;
	c->longest = strlen(text) > c->longest ? strlen(text) : c->longest;
	return c->items == c->stop_at ? error_set(err, PIPE_EIO, "the disk is full") : PIPE_OK;
}

static int on_test(void *payload, const struct evidence_test *t, pipe_error *err)
{
	snprintf(((struct counts *)payload)->last, 128, "%s", t->name);
	return count_item(payload, *t->details ? t->details : t->name, err);
}

static int on_coverage(void *payload, const struct evidence_line *l, pipe_error *err)
{
	((struct counts *)payload)->line_hits = l->hits;
	return count_item(payload, l->path, err);
}

static int on_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	return count_item(payload, f->message, err);
}

static int on_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	return count_item(payload, m->name, err);
}

/* A text, and then another over and over: large reports without their memory. */
struct repeated {
	const char *first, *text, *last;
	uint64_t times;
	size_t at;
	int part;
};

static int64_t read_repeated(void *payload, char *buffer, size_t size, pipe_error *err)
{
	struct repeated *r = payload;
	size_t used = 0;

	(void)err;
	while (used < size && r->part < 3) {
		const char *text = r->part == 0 ? r->first : r->part == 1 ? r->text : r->last;
		size_t n = strlen(text) - r->at;

		n = n < size - used ? n : size - used;
		memcpy(buffer + used, text + r->at, n);
		used += n;
		r->at += n;
		if (text[r->at])
			continue;
		r->at = 0;
		if (r->part != 1 || !r->times || !--r->times)
			r->part++;
	}
	return (int64_t)used;
}

static int read_it(const char *format, struct repeated r, const struct report_limits *limits, struct counts *c, pipe_error *err)
{
	struct evidence_sink sink = {
		.test = on_test, .line = on_coverage, .finding = on_finding, .metric = on_metric, .payload = c
	};
	struct report_options options = { .workspace = "/w", .tool = "" };

	if (limits)
		options.limits = *limits;
	return report_read(report_format_named(format), "report", read_repeated, &r, &options, &sink, NULL, err);
}

START_TEST(what_is_counted_and_not_read_is_an_error_of_an_analyser)
{
	struct repeated text = { "Biome said much\n", "Found 2 errors.\n", "", 1, 0, 0 };
	struct repeated read = { "a.c:3:5: warning: m\n", "Found 2 errors.\n", "", 1, 0, 0 };
	struct report_options options = { .workspace = "/w", .tool = "", .kind = FINDING_WARNING };
	const struct evidence_sink sink = { 0 };
	struct counts c = { 0 };
	pipe_error err = { 0 };

	ck_assert_int_eq(read_it("compiler", text, NULL, &c, &err), PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, 2);
	ck_assert_int_eq(read_it("compiler", read, NULL, &c, &err), PIPE_OK);
	ck_assert_uint_eq(c.items, 1);
	/* Of a build's log it is none: other programs count there. */
	ck_assert_int_eq(report_read(report_format_named("compiler"), "log", read_repeated, &text, &options, &sink, NULL, &err),
			 PIPE_OK);
}
END_TEST

START_TEST(nesting_is_bounded)
{
	struct report_limits limits = { .depth = 5 };
	struct counts c = { 0 };
	struct str text;
	pipe_error err = { 0 };

	str_init(&text);
	for (int i = 0; i < 20; i++)
		str_printf(&text, "%*sok 1 - x\n", 4 * i, "");
	ck_assert_int_eq(read_it("tap", (struct repeated){ text.data, "", "", 0, 0, 0 }, &limits, &c, &err), PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, 7);
	str_clear(&text);
}
END_TEST

START_TEST(texts_are_bounded)
{
	struct report_limits limits = { .text_bytes = 1000 };
	struct counts c = { 0 };

	ck_assert_int_eq(
		read_it("tap", (struct repeated){ "1..1\nnot ok 1 - x\n  ---\n", "  aaaaaaaaaaaaaaaa\n", "  ...\n", 5000, 0, 0 },
			&limits, &c, NULL),
		PIPE_OK);
	ck_assert_uint_eq(c.items, 1);
	ck_assert_uint_le(c.longest, 1000);
	ck_assert_uint_gt(c.longest, 900);
	c = (struct counts){ 0 };
	ck_assert_int_eq(read_it("compiler", (struct repeated){ "a.c:1:1: warning: ", "aaaaaaaaaaaaaaaa", "\n", 5000, 0, 0 },
				 &limits, &c, NULL),
			 PIPE_OK);
	ck_assert_uint_eq(c.items, 1);
	ck_assert_uint_le(c.longest, 1000);
}
END_TEST

START_TEST(a_record_of_lcov_is_bounded)
{
	struct report_limits limits = { .item_bytes = 65536 };
	struct counts c = { 0 };
	pipe_error err = { 0 };

	ck_assert_int_eq(
		read_it("lcov", (struct repeated){ "SF:a.c\n", "DA:1,1\n", "end_of_record\n", 100000, 0, 0 }, &limits, &c, &err),
		PIPE_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "a.c"));
	ck_assert_uint_eq(c.items, 0);
}
END_TEST

START_TEST(long_lines_of_strict_formats_are_errors)
{
	struct counts c = { 0 };
	pipe_error err = { 0 };

	ck_assert_int_eq(
		read_it("lcov", (struct repeated){ "SF:", "aaaaaaaaaaaaaaaa", "\nend_of_record\n", 10000, 0, 0 }, NULL, &c, &err),
		PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, 1);
	ck_assert_int_eq(read_it("openmetrics", (struct repeated){ "a 1\nb{c=\"", "aaaaaaaaaaaaaaaa", "\"} 1\n", 10000, 0, 0 },
				 NULL, &c, &err),
			 PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, 2);
}
END_TEST

START_TEST(what_the_sink_refuses_ends_the_reading)
{
	static const struct {
		const char *format, *text;
	} reports[] = {
		{ "tap", "1..3\nok 1\nok 2\nok 3\n" },
		{ "lcov", "SF:a.c\nDA:1,1\nDA:2,1\nDA:3,1\nend_of_record\n" },
		{ "openmetrics", "a 1\nb 1\nc 1\n" },
		{ "compiler", "a.c:1:1: error: x\na.c:2:1: error: x\na.c:3:1: error: x\n" },
		{ "cppcheck", "<results><errors><error id='a' severity='error' msg='m'/><error id='b' severity='error' msg='m'/>"
			      "<error id='c' severity='error' msg='m'/></errors></results>" },
		{ "checkstyle", "<checkstyle><file name='a'><error message='a'/><error message='b'/><error message='c'/></file>"
				"</checkstyle>" }
	};

	for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
		struct counts c = { .stop_at = 2 };
		pipe_error err = { 0 };

		ck_assert_msg(read_it(reports[i].format, (struct repeated){ reports[i].text, "", "", 0, 0, 0 }, NULL, &c, &err) ==
				      PIPE_EIO,
			      "%s", reports[i].format);
		ck_assert_str_eq(err.text, "the disk is full");
		ck_assert_uint_eq(c.items, 2);
		c = (struct counts){ 0 };
		ck_assert_int_eq(
			read_it(reports[i].format, (struct repeated){ reports[i].text, "", "", 0, 0, 0 }, NULL, &c, &err),
			PIPE_OK);
		ck_assert_uint_eq(c.items, 3);
	}
}
END_TEST

/* The same finding again and again (a header's) is one; its memory does not grow with the log. */
START_TEST(a_finding_that_repeats_is_one)
{
	struct counts c = { 0 };

	ck_assert_int_eq(read_it("compiler",
				 (struct repeated){
					 "", "a.h:1:1: warning: x [-Wx]\na.h:1:1: warning: y [-Wx]\na.h:2:1: warning: x [-Wx]\n",
					 "", 1000, 0, 0 },
				 NULL, &c, NULL),
			 PIPE_OK);
	ck_assert_uint_eq(c.items, 3);
}
END_TEST

START_TEST(huge_numbers_are_clamped_or_refused)
{
	struct counts c = { 0 };
	pipe_error err = { 0 };

	ck_assert_int_eq(read_it("lcov",
				 (struct repeated){ "SF:a.c\nDA:1,99999999999999999999999\nend_of_record\n", "", "", 0, 0, 0 },
				 NULL, &c, NULL),
			 PIPE_OK);
	ck_assert(c.line_hits == UINT64_MAX);
	ck_assert_int_eq(read_it("lcov", (struct repeated){ "SF:a.c\nDA:99999999999,1\nend_of_record\n", "", "", 0, 0, 0 }, NULL,
				 &c, &err),
			 PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, 2);
	c = (struct counts){ 0 };
	ck_assert_int_eq(
		read_it("tap", (struct repeated){ "1..4294967295\nok 4294967295 - x\n", "", "", 0, 0, 0 }, NULL, &c, NULL),
		PIPE_OK);
	ck_assert_str_eq(c.last, "4294967294 tests did not run");
	ck_assert_int_eq(read_it("tap", (struct repeated){ "ok 4294967295 - x\nok\n1..2\n", "", "", 0, 0, 0 }, NULL, &c, &err),
			 PIPE_EPIPELINE);
}
END_TEST

Suite *report_text_suite(void)
{
	Suite *s = suite_create("report_text");
	TCase *t = tcase_create("parts");

	tcase_add_test(t, lines_are_split_wherever_the_pieces_end);
	tcase_add_test(t, long_lines_are_cut_between_characters);
	tcase_add_test(t, an_error_ends_the_reading_with_its_place);
	tcase_add_test(t, kept_text_is_bounded);
	tcase_add_test(t, numbers_are_read_in_full_or_not_at_all);
	tcase_add_test(t, tap_points);
	tcase_add_test(t, tap_plans);
	tcase_add_test(t, escape_sequences_and_overwritten_text_go);
	tcase_add_test(t, compiler_lines);
	tcase_add_test(t, a_place_and_words_are_a_finding_of_an_analyser_alone);
	tcase_add_test(t, the_last_line_that_counts);
	suite_add_tcase(s, t);
	t = tcase_create("bounds");
	tcase_add_test(t, nesting_is_bounded);
	tcase_add_test(t, what_is_counted_and_not_read_is_an_error_of_an_analyser);
	tcase_add_test(t, texts_are_bounded);
	tcase_add_test(t, a_record_of_lcov_is_bounded);
	tcase_add_test(t, long_lines_of_strict_formats_are_errors);
	tcase_add_test(t, what_the_sink_refuses_ends_the_reading);
	tcase_add_test(t, a_finding_that_repeats_is_one);
	tcase_add_test(t, huge_numbers_are_clamped_or_refused);
	suite_add_tcase(s, t);
	return s;
}
