/*
 * Reading XML reports: what a corpus of small files (report_corpus.c) cannot show: bounds, what becomes of texts, what passes through
 * from source and sink, and that memory stays flat.
 */
#include "base/str.h"
#include "stages/report/formats.h"

#include <check.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

Suite *report_xml_suite(void);

/* ---- a report from parts: head, n times middle, tail ---- */

struct parts {
	const char *head, *middle, *tail;
	uint64_t count; /* how often middle comes */
	size_t at;	/* in the part that is being read */
	int fail;	/* what the source returns in place of the end */
};

static const char *current(const struct parts *p)
{
	return p->head ? p->head : p->count ? p->middle : p->tail;
}

static void advance(struct parts *p)
{
	p->at = 0;
	if (p->head)
		p->head = NULL;
	else if (p->count)
		p->count--;
	else
		p->tail = NULL;
}

static int64_t read_parts(void *payload, char *buffer, size_t size, pipe_error *err)
{
	struct parts *p = payload;
	size_t n = 0;

	for (const char *text; n < size && (text = current(p));) {
		size_t length = strnlen(text + p->at, size - n);

		memcpy(buffer + n, text + p->at, length);
		n += length;
		p->at += length;
		if (!text[p->at])
			advance(p);
	}
	if (!n && p->fail) {
		err->code = p->fail;
		strcpy(err->text, "the disk is on fire");
		return p->fail;
	}
	return (int64_t)n;
}

/* ---- a sink that keeps the last test ---- */

struct last {
	uint64_t count;
	struct str suite, name, file, message, details;
	uint8_t status;
	size_t heap; /* most bytes that were allocated at once */
	int fail;
};

static void last_init(struct last *l)
{
	memset(l, 0, sizeof(*l));
	str_init(&l->suite);
	str_init(&l->name);
	str_init(&l->file);
	str_init(&l->message);
	str_init(&l->details);
}

static void last_clear(struct last *l)
{
	str_clear(&l->suite);
	str_clear(&l->name);
	str_clear(&l->file);
	str_clear(&l->message);
	str_clear(&l->details);
}

static void set(struct str *s, const char *text)
{
	str_reset(s);
	str_adds(s, text);
}

static int keep(void *payload, const struct evidence_test *t, pipe_error *err)
{
	struct last *l = payload;

	l->count++;
	l->status = t->status;
	set(&l->suite, t->suite);
	set(&l->name, t->name);
	set(&l->file, t->file);
	set(&l->message, t->message);
	set(&l->details, t->details);
	if (l->count % 1000 == 0) {
		struct mallinfo2 m = mallinfo2();

		l->heap = m.uordblks + m.hblkhd > l->heap ? m.uordblks + m.hblkhd : l->heap;
	}
	if (!l->fail)
		return PIPE_OK;
	err->code = l->fail;
	strcpy(err->text, "the history is full");
	return l->fail;
}

static int read_with(struct parts p, const struct report_limits *limits, struct last *l, pipe_error *err)
{
	struct report_options options = { .workspace = "/w", .tool = "" };
	struct evidence_sink sink = { .test = keep, .payload = l };

	if (limits)
		options.limits = *limits;
	memset(err, 0, sizeof(*err));
	return report_read(&report_junit, "out/junit.xml", read_parts, &p, &options, &sink, NULL, err);
}

static int read_text(const char *text, const struct report_limits *limits, struct last *l, pipe_error *err)
{
	return read_with((struct parts){ .head = text }, limits, l, err);
}

/* n times c. */
static char *repeat(char c, size_t n)
{
	char *text = malloc(n + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, c, n);
	text[n] = '\0';
	return text;
}

/* ---- texts ---- */

START_TEST(details_hold_the_failure_and_the_output)
{
	struct last l;
	pipe_error err;

	last_init(&l);
	ck_assert_int_eq(
		read_text("<testsuite name='s'><system-out>of the suite</system-out><testcase name='a' file='/w/./t/../a.c'>"
			  "<system-out>out</system-out><failure message='m'>first\r\n  trace </failure>"
			  "<failure>second</failure><system-err> err </system-err></testcase></testsuite>",
			  NULL, &l, &err),
		PIPE_OK);
	ck_assert_str_eq(l.message.data, "m");
	ck_assert_str_eq(l.details.data, "first\n  trace\nsecond\nout\nerr");
	ck_assert_str_eq(l.file.data, "a.c");
	last_clear(&l);
}
END_TEST

START_TEST(the_output_of_what_passed_is_not_kept)
{
	struct last l;
	pipe_error err;

	last_init(&l);
	ck_assert_int_eq(read_text("<testsuite name='s'><testcase name='a'><system-out>out</system-out></testcase></testsuite>",
				   NULL, &l, &err),
			 PIPE_OK);
	ck_assert_str_eq(l.details.data, "");
	/* nor that of an earlier case */
	ck_assert_int_eq(read_text("<testsuite name='s'><testcase name='a'><system-out>out</system-out></testcase>"
				   "<testcase name='b'><failure/></testcase></testsuite>",
				   NULL, &l, &err),
			 PIPE_OK);
	ck_assert_str_eq(l.details.data, "");
	last_clear(&l);
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
	const struct report_limits limits = { .text_bytes = 100 };
	char *dots = repeat('.', 300);
	struct str text;
	struct last l;
	pipe_error err;

	last_init(&l);
	str_init(&text);
	for (int shift = 0; shift < 4; shift++) {
		str_reset(&text);
		str_printf(&text, "<testsuite name='s'><testcase name='%.*s\xf0\x9f\x8d\xb0%s'><failure message='%s'>%.*s",
			   94 + shift, dots, dots, dots, shift, dots);
		for (int i = 0; i < 100; i++)
			str_adds(&text, "\xe2\x82\xac");
		str_adds(&text, "</failure></testcase></testsuite>");
		ck_assert_int_eq(read_text(text.data, &limits, &l, &err), PIPE_OK);
		ck_assert_uint_le(l.name.length, 100);
		ck_assert_uint_ge(l.name.length, 97);
		ck_assert_uint_eq(l.message.length, 100);
		ck_assert_uint_le(l.details.length, 100);
		ck_assert_uint_gt(l.details.length, 100 - 3);
		ck_assert_str_eq(l.details.data + l.details.length - 6, "\xe2\x82\xac...");
	}
	str_clear(&text);
	last_clear(&l);
	free(dots);
}
END_TEST

START_TEST(terminal_sequences_are_taken_out)
{
	static const struct {
		const char *written, *read;
	} cases[] = {
		{ "a\x1b[1;31mred\x1b[0m b", "ared b" },
		{ "\x1b[38;5;12mx\x1b[K", "x" },
		{ "\x1b]0;title\x07x", "x" },
		{ "\x1b]8;;http://y\x1b\\link", "link" },
		{ "\x1b]never ends", "]never ends" },
		{ "\x1b(Bx", "x" },
		{ "at the end\x1b", "at the end" },
		{ "at the end\x1b[", "at the end[" },
		{ "50%\r100%\r\nx\r", "50%\n100%\nx" },
		{ "a\bb\x7f"
		  "c\xc2\x85"
		  "d",
		  "abcd" },
		{ "tab\tnew\nline", "tab\tnew\nline" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct last l;
		struct str text;
		pipe_error err;

		last_init(&l);
		str_init(&text);
		/* Not as XML's own line ends, which it makes newlines of by itself. */
		str_adds(&text, "<testsuite name='s'><testcase name='a'><failure>");
		for (const char *p = cases[i].written; *p; p++)
			if (*p == '\r')
				str_adds(&text, "&#13;");
			else
				str_addc(&text, *p);
		str_adds(&text, "</failure></testcase></testsuite>");
		ck_assert_int_eq(read_text(text.data, NULL, &l, &err), PIPE_OK);
		ck_assert_str_eq(l.details.data, cases[i].read);
		str_clear(&text);
		last_clear(&l);
	}
}
END_TEST

/* ---- bounds ---- */

START_TEST(bounds_are_errors_of_their_own)
{
	static const struct {
		struct report_limits limits;
		const char *text, *says;
	} cases[] = {
		{ { .bytes = 60 },
		  "<testsuite name='s'><testcase name='a'/><testcase name='b'/></testsuite>",
		  "larger than 60 bytes" },
		{ { .items = 1 },
		  "<testsuite name='s'><testcase name='a'/><testcase name='b'/></testsuite>",
		  "more than 1 items" },
		{ { .depth = 2 },
		  "<testsuite name='s'><testcase name='a'><failure/></testcase></testsuite>",
		  "more than 2 deep" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct last l;
		pipe_error err;

		last_init(&l);
		ck_assert_int_eq(read_text(cases[i].text, &cases[i].limits, &l, &err), PIPE_ELIMIT);
		ck_assert_int_eq(err.code, PIPE_ELIMIT);
		ck_assert_msg(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
		ck_assert_str_eq(err.file, "out/junit.xml");
		last_clear(&l);
	}
}
END_TEST

START_TEST(the_bounds_themselves_are_allowed)
{
	static const char text[] = "<testsuite name='s'><testcase name='a'/><testcase name='b'/></testsuite>";
	const struct report_limits limits = { .bytes = sizeof(text) - 1, .items = 2, .depth = 2 };
	struct last l;
	pipe_error err;

	last_init(&l);
	ck_assert_int_eq(read_text(text, &limits, &l, &err), PIPE_OK);
	ck_assert_uint_eq(l.count, 2);
	last_clear(&l);
}
END_TEST

START_TEST(an_attribute_of_3_megabytes_is_read_and_cut)
{
	char *middle = repeat('x', 1 << 20);
	struct parts p = { "<testsuite name='s'><testcase name='", middle, "'/></testsuite>", 3, 0, 0 };
	struct last l;
	pipe_error err;

	last_init(&l);
	ck_assert_int_eq(read_with(p, NULL, &l, &err), PIPE_OK);
	ck_assert_uint_eq(l.name.length, 65536);
	last_clear(&l);
	free(middle);
}
END_TEST

START_TEST(a_tag_without_an_end_does_not_grow_for_ever)
{
	char *middle = repeat('x', 1 << 20);
	const char *heads[] = { "<testsuite name='s'><testcase name='", "<testsuite name='s'><", "<testsuite name='s'><!--",
				"<?xml ", "<!DOCTYPE x [<!ELEMENT y ANY><!ATTLIST y z CDATA '" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct parts p = { heads[i], middle, "", 1000, 0, 0 };
		struct last l;
		pipe_error err;

		last_init(&l);
		ck_assert_int_eq(read_with(p, NULL, &l, &err), PIPE_ELIMIT);
		ck_assert_uint_eq(err.line, 1);
		last_clear(&l);
	}
	free(middle);
}
END_TEST

START_TEST(text_without_an_end_is_an_error_and_takes_no_memory)
{
	char *middle = repeat('x', 1 << 20);
	struct parts p = { "<testsuite name='s'><testcase name='a'><failure><![CDATA[", middle, "", 64, 0, 0 };
	struct last l;
	pipe_error err;

	last_init(&l);
	ck_assert_int_eq(read_with(p, NULL, &l, &err), PIPE_EPIPELINE);
	ck_assert_msg(strstr(err.text, "cut short") != NULL, "%s", err.text);
	last_clear(&l);
	free(middle);
}
END_TEST

/* What is allocated while a million cases pass is what is allocated after the first thousand. */
START_TEST(memory_is_flat)
{
	struct parts p = {
		"<testsuites><testsuite name='s'>",
		"<testcase classname='c' name='\xc3\xa9' time='0.1' file='./x/../a.c'><failure message='m'>trace</failure>"
		"<system-out>out</system-out></testcase>\n",
		"</testsuite></testsuites>",
		1000,
		0,
		0
	};
	struct last few, many;
	pipe_error err;

	last_init(&few);
	last_init(&many);
	ck_assert_int_eq(read_with(p, NULL, &few, &err), PIPE_OK);
	p.count = 100000;
	ck_assert_int_eq(read_with(p, NULL, &many, &err), PIPE_OK);
	ck_assert_uint_eq(many.count, 100000);
	ck_assert_uint_le(many.heap, few.heap + (1 << 20));
	last_clear(&few);
	last_clear(&many);
}
END_TEST

/* ---- what comes from outside ---- */

START_TEST(errors_of_source_and_sink_pass_through)
{
	struct parts p = { .head = "<testsuite name='s'>", .fail = PIPE_EIO };
	struct last l;
	pipe_error err;

	last_init(&l);
	ck_assert_int_eq(read_with(p, NULL, &l, &err), PIPE_EIO);
	ck_assert_str_eq(err.text, "the disk is on fire");
	ck_assert_str_eq(err.file, "");
	l.fail = PIPE_ESTORE;
	ck_assert_int_eq(read_text("<testsuite name='s'><testcase name='a'/><testcase name='b'/></testsuite>", NULL, &l, &err),
			 PIPE_ESTORE);
	ck_assert_str_eq(err.text, "the history is full");
	ck_assert_uint_eq(l.count, 1);
	last_clear(&l);
}
END_TEST

START_TEST(nothing_wanted_is_nothing_missed)
{
	const struct report_format *const formats[] = { &report_junit, &report_check, &report_cobertura, &report_jacoco };
	const char *const texts[] = {
		"<testsuite><testcase name='a'/></testsuite>",
		"<testsuites><suite><test result='success'><id>a</id></test></suite></testsuites>",
		"<coverage><class filename='a'><line number='1' hits='1'/></class></coverage>",
		"<report><sourcefile name='a'><line nr='1' ci='1'/></sourcefile></report>",
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct report_options options = { .workspace = "/w", .tool = "" };
		struct evidence_sink sink = { 0 };
		struct parts p = { .head = texts[i] };
		const struct report_format *used = NULL;
		pipe_error err = { 0 };

		ck_assert_int_eq(report_read(formats[i], "x", read_parts, &p, &options, &sink, &used, &err), PIPE_OK);
		ck_assert_ptr_eq(used, formats[i]);
		/* without anybody to tell why, either */
		p = (struct parts){ .head = "<x" };
		ck_assert_int_eq(report_read(formats[i], "x", read_parts, &p, &options, &sink, NULL, NULL), PIPE_EPIPELINE);
	}
}
END_TEST

START_TEST(other_documents_are_named)
{
	const struct report_format *const formats[] = { &report_junit, &report_check, &report_cobertura, &report_jacoco };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct report_options options = { .workspace = "/w", .tool = "" };
		struct evidence_sink sink = { 0 };
		struct parts p = { .head = "<?xml version='1.0'?>\n<robot/>" };
		pipe_error err = { 0 };

		ck_assert_int_eq(report_read(formats[i], "x", read_parts, &p, &options, &sink, NULL, &err), PIPE_EPIPELINE);
		ck_assert_msg(strstr(err.text, "<robot>") != NULL, "%s", err.text);
		ck_assert_uint_eq(err.line, 2);
		ck_assert_uint_eq(err.column, 1);
	}
}
END_TEST

Suite *report_xml_suite(void)
{
	Suite *suite = suite_create("report_xml");
	TCase *tc = tcase_create("xml");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, details_hold_the_failure_and_the_output);
	tcase_add_test(tc, the_output_of_what_passed_is_not_kept);
	tcase_add_test(tc, long_texts_are_cut_between_characters);
	tcase_add_test(tc, terminal_sequences_are_taken_out);
	tcase_add_test(tc, bounds_are_errors_of_their_own);
	tcase_add_test(tc, the_bounds_themselves_are_allowed);
	tcase_add_test(tc, an_attribute_of_3_megabytes_is_read_and_cut);
	tcase_add_test(tc, a_tag_without_an_end_does_not_grow_for_ever);
	tcase_add_test(tc, text_without_an_end_is_an_error_and_takes_no_memory);
	tcase_add_test(tc, memory_is_flat);
	tcase_add_test(tc, errors_of_source_and_sink_pass_through);
	tcase_add_test(tc, nothing_wanted_is_nothing_missed);
	tcase_add_test(tc, other_documents_are_named);
	suite_add_tcase(suite, tc);
	return suite;
}
