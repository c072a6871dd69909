/* pipeline/document/diagnostic.h and source.h: collecting, ordering, and the three forms in which diagnostics are shown. */
#include <check.h>
#include <jansson.h>

#include "pipeline/document/diagnostic.h"
#include "pipeline/limits.h"

#include <stdlib.h>
#include <string.h>

Suite *diagnostic_suite(void);

static struct arena arena;
static struct sources sources;
static struct diagnostics d;

static uint16_t add_source(const char *name, const char *text, struct mark included)
{
	int i = sources_add(&sources, &arena, (struct source){ name, text, text ? strlen(text) : 0, included, NULL });

	ck_assert_int_ge(i, 0);
	return (uint16_t)i;
}

static void set_up(void)
{
	memset(&arena, 0, sizeof(arena));
	memset(&sources, 0, sizeof(sources));
	diagnostics_init(&d, &arena, &sources);
}

static void tear_down(void)
{
	arena_clear(&arena);
}

static struct mark at(uint16_t source, uint32_t line, uint16_t column)
{
	return (struct mark){ line, column, source };
}

static void expect_text(const char *expected)
{
	struct str s;

	str_init(&s);
	diagnostics_sort(&d);
	diagnostics_text(&d, &s, false);
	ck_assert_str_eq(s.data, expected);
	str_clear(&s);
}

/* ---- sources ---- */

START_TEST(lines_end_where_yaml_says)
{
	static const char *const lines[] = { "one", "two", "", "four", "f\xc3\xbcnf", "six", "seven", "" };
	size_t length;

	add_source("x",
		   "\xef\xbb\xbfone\ntwo\r\n\rfour\xc2\x85"
		   "f\xc3\xbcnf\xe2\x80\xa8six\xe2\x80\xa9seven\n",
		   MARK_NONE);
	for (uint32_t i = 0; i < 8; i++) {
		const char *line = sources_line(&sources, at(0, i + 1, 1), &length);

		ck_assert_ptr_nonnull(line);
		ck_assert_uint_eq(length, strlen(lines[i]));
		ck_assert(!memcmp(line, lines[i], length));
	}
	ck_assert_ptr_null(sources_line(&sources, at(0, 9, 1), &length));
	ck_assert_ptr_null(sources_line(&sources, MARK_NONE, &length));
	ck_assert_ptr_null(sources_line(&sources, at(7, 1, 1), &length));
	ck_assert_str_eq(sources_name(&sources, at(7, 1, 1)), "");
}
END_TEST

START_TEST(a_cursor_goes_both_ways)
{
	static const uint32_t order[] = { 1, 1, 3, 3, 2, 9, 3, 1, 4 };
	struct source_cursor cursor = { 0 };

	add_source("x", "a\nbb\nccc\ndddd", MARK_NONE);
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		size_t length = 0;
		const char *line = sources_line_from(&sources, &cursor, at(0, order[i], 1), &length);

		ck_assert(order[i] == 9 ? line == NULL : length == order[i]);
	}
}
END_TEST

/* ---- collecting ---- */

START_TEST(the_same_is_said_once)
{
	diag_error(&d, at(0, 1, 1), "c", "message %d", 1);
	diag_hint(&d, "hint");
	diag_error(&d, at(0, 1, 1), "c", "message 1");
	diag_hint(&d, "another");
	diag_related(&d, at(0, 2, 1), "another");
	diag_error(&d, at(0, 1, 2), "c", "message 1");
	diag_error(&d, at(0, 1, 1), "c", "message 2");
	ck_assert_uint_eq(d.errors, 3);
	ck_assert_uint_eq(d.list.count, 3);
	ck_assert_str_eq(d.list.items[0].hint, "hint");
	ck_assert_uint_eq(d.list.items[0].related.count, 0);
}
END_TEST

START_TEST(many_are_only_counted_and_errors_do_not_starve)
{
	struct str s;

	for (uint32_t i = 0; i < 2000; i++) {
		diag_warning(&d, at(0, i + 1, 1), "w", "warning");
		diag_hint(&d, "hint %u", i);
	}
	diag_error(&d, at(0, 5, 1), "e", "error");
	ck_assert_uint_eq(d.warnings, 2000);
	ck_assert_uint_eq(d.errors, 1);
	ck_assert_uint_eq(d.list.count, LIMIT_DIAGNOSTICS + 1);
	ck_assert_str_eq(d.list.items[LIMIT_DIAGNOSTICS - 1].hint, "hint 499");
	str_init(&s);
	diagnostics_text(&d, &s, false);
	ck_assert_ptr_nonnull(strstr(s.data, "... and 1500 more\n"));
	str_clear(&s);
}
END_TEST

START_TEST(order_is_by_source_line_column_and_else_as_reported)
{
	static const char expected[] = "abcdef";

	diag_error(&d, at(1, 1, 1), "f", "x");
	diag_warning(&d, at(0, 3, 1), "e", "x");
	diag_error(&d, at(0, 2, 5), "c", "first");
	diag_error(&d, at(0, 2, 5), "d", "second");
	diag_error(&d, at(0, 2, 1), "b", "x");
	diag_error(&d, MARK_NONE, "a", "x");
	diagnostics_sort(&d);
	for (uint32_t i = 0; i < 6; i++)
		ck_assert_int_eq(d.list.items[i].code[0], expected[i]);
	diag_hint(&d, "belongs to none");
	for (uint32_t i = 0; i < 6; i++)
		ck_assert_ptr_null(d.list.items[i].hint);
}
END_TEST

/* ---- text ---- */

START_TEST(text_shows_line_caret_hint_and_where_it_came_from)
{
	uint16_t main_file = add_source("deploy.yml", "include: ci/a.yml\n", MARK_NONE);
	uint16_t a = add_source("ci/a.yml", "include: [b.yml]\n", at(main_file, 1, 10));
	uint16_t b = add_source("ci/b.yml", "test:\n  needs: [biuld]\nbuild: {}\n", at(a, 1, 11));

	diag_error(&d, at(b, 2, 11), "unknown-job", "job \"test\" needs \"biuld\", which does not exist");
	diag_hint(&d, "did you mean \"build\"?");
	diag_related(&d, at(b, 1, 1), "job \"test\" is defined here");
	diag_warning(&d, at(main_file, 1, 1), "w", "careful");
	expect_text("deploy.yml:1:1: warning: careful\n"
		    "     1 | include: ci/a.yml\n"
		    "       | ^~~~~~~\n"
		    "ci/b.yml:2:11: error: job \"test\" needs \"biuld\", which does not exist\n"
		    "     2 |   needs: [biuld]\n"
		    "       |           ^~~~~\n"
		    "   hint: did you mean \"build\"?\n"
		    "   ci/b.yml:1:1: job \"test\" is defined here\n"
		    "   ci/a.yml:1:11: included from here\n"
		    "   deploy.yml:1:10: included from here\n");
}
END_TEST

START_TEST(text_without_a_place_or_a_line)
{
	add_source("remote.yml", NULL, MARK_NONE);
	diag_error(&d, MARK_NONE, "c", "no file at all");
	diag_error(&d, at(0, 7, 3), "c", "cannot be shown");
	expect_text("error: no file at all\nremote.yml:7:3: error: cannot be shown\n");
}
END_TEST

START_TEST(colour_is_only_there_when_asked_for)
{
	struct str s;

	add_source("a.yml", "a: b\n", MARK_NONE);
	diag_error(&d, at(0, 1, 4), "c", "wrong");
	str_init(&s);
	diagnostics_text(&d, &s, true);
	ck_assert_ptr_nonnull(strstr(s.data, "\033[1ma.yml:1:4:\033[0m \033[1;31merror:\033[0m wrong"));
	ck_assert_ptr_nonnull(strstr(s.data, "\033[1;32m^\033[0m"));
	str_clear(&s);
}
END_TEST

START_TEST(the_caret_stays_below_tabs_and_wide_characters)
{
	add_source("a.yml", "\tk: \xe4\xb8\xad\xe6\x96\x87 # x\n\xf0\x9f\x98\x80: v\n", MARK_NONE);
	diag_error(&d, at(0, 1, 5), "c", "one");
	diag_error(&d, at(0, 2, 4), "c", "two");
	expect_text("a.yml:1:5: error: one\n"
		    "     1 |     k: \xe4\xb8\xad\xe6\x96\x87 # x\n"
		    "       |        ^~~~\n"
		    "a.yml:2:4: error: two\n"
		    "     2 | \xf0\x9f\x98\x80: v\n"
		    "       |     ^\n");
}
END_TEST

START_TEST(nothing_in_a_file_acts_on_the_terminal)
{
	add_source("a\x1b[31m.yml", "k: \x1b]0;x\x07\xc2\x9b\xe2\x80\xae\xff z\n", MARK_NONE);
	diag_error(&d, at(0, 1, 10), "c", "bad \x1b[2J\n\"text\"");
	diag_hint(&d, "a\x7f"
		      "b\tc");
	expect_text("a\\x1b[31m.yml:1:10: error: bad \\x1b[2J\\x0a\"text\"\n"
		    "     1 | k: \\x1b]0;x\\x07\\u009b\\u202e\\xff z\n"
		    "       |                ^~~~~~~~~~~~~~~~~~\n"
		    "   hint: a\\x7fb c\n");
}
END_TEST

START_TEST(long_lines_are_cut_around_the_place)
{
	char line[3001];
	struct str s;

	memset(line, 'x', 3000);
	memcpy(line + 2000, " 'here' ", 8);
	line[3000] = '\0';
	add_source("a.yml", line, MARK_NONE);
	diag_error(&d, at(0, 1, 2002), "c", "m");
	str_init(&s);
	diagnostics_sort(&d);
	ck_assert_uint_eq(d.list.items[0].length, 6);
	diagnostics_text(&d, &s, false);
	ck_assert_uint_lt(s.length, 300);
	ck_assert_ptr_nonnull(strstr(s.data, "     1 | \xe2\x80\xa6xxxx"));
	ck_assert_ptr_nonnull(strstr(s.data, "xxx 'here' xxx"));
	ck_assert_ptr_nonnull(strstr(s.data, "xxx\xe2\x80\xa6\n       |                                          ^~~~~~\n"));
	str_clear(&s);
}
END_TEST

START_TEST(a_column_beyond_the_line_still_has_a_caret)
{
	add_source("a.yml", "ab\n", MARK_NONE);
	diag_error(&d, at(0, 1, 3), "c", "end");
	diag_error(&d, at(0, 1, 30), "c", "far");
	diag_error(&d, at(0, 1, 65535), "c", "unknown");
	expect_text("a.yml:1:3: error: end\n     1 | ab\n       |   ^\n"
		    "a.yml:1:30: error: far\n     1 | ab\n"
		    "a.yml:1:65535: error: unknown\n     1 | ab\n");
}
END_TEST

/* ---- how far the caret reaches ---- */

static const struct {
	const char *line;
	uint16_t column;
	uint32_t length;
} extents[] = {
	{ "key: value", 1, 3 },
	{ "key: some value  ", 6, 10 },
	{ "key: value # comment", 6, 5 },
	{ "key: a#b", 6, 3 },
	{ "key: a:b", 6, 3 },
	{ "key: \"a b\" # c", 6, 5 },
	{ "key: \"a\\\"b\" c", 6, 6 },
	{ "key: 'it''s' x", 6, 7 },
	{ "key: 'open", 6, 5 },
	{ "key: [a, bc]", 10, 2 },
	{ "key: [a, bc]", 7, 1 },
	{ "key: [a, [b], 'x]'] # c", 6, 14 },
	{ "key: [a,", 6, 1 },
	{ "key: {a: bc, d: e}", 10, 2 },
	{ "key: {a: bc, d: e}", 7, 1 },
	{ "key: a, b]", 6, 5 },
	{ "- *alias # x", 3, 6 },
	{ "key: |  # x", 6, 1 },
	{ "key: !ref [a]", 6, 4 },
	{ "k: \xc3\xa4\xc3\xb6\xc3\xbc # x", 4, 3 },
	{ "key:", 5, 1 },
	{ "", 1, 1 },
};

START_TEST(the_length_is_found_in_the_line)
{
	add_source("a.yml", extents[_i].line, MARK_NONE);
	diag_error(&d, at(0, 1, extents[_i].column), "c", "m");
	diagnostics_sort(&d);
	ck_assert_msg(d.list.items[0].length == extents[_i].length, "%s: %u", extents[_i].line, d.list.items[0].length);
}
END_TEST

START_TEST(a_given_span_is_kept)
{
	pipe_diagnostic out;

	add_source("a.yml", "key: value", MARK_NONE);
	diag_error(&d, at(0, 1, 6), "some-code", "m");
	diag_span(&d, 2);
	diagnostics_sort(&d);
	diagnostic_public(&d, &d.list.items[0], &out);
	ck_assert_uint_eq(out.length, 2);
	ck_assert_uint_eq(out.line, 1);
	ck_assert_uint_eq(out.column, 6);
	ck_assert_str_eq(out.file, "a.yml");
	ck_assert_str_eq(out.code, "some-code");
	ck_assert_int_eq(out.severity, PIPE_ERROR);
	ck_assert_ptr_null(out.hint);
}
END_TEST

/* ---- for programs ---- */

static json_t *load(void (*write)(const struct diagnostics *, struct str *))
{
	struct str s;
	json_error_t error;
	json_t *root;

	str_init(&s);
	diagnostics_sort(&d);
	write(&d, &s);
	root = json_loads(s.data, 0, &error);
	ck_assert_msg(root != NULL, "%s: %s", error.text, s.data);
	str_clear(&s);
	return root;
}

static void some_diagnostics(void)
{
	uint16_t main_file = add_source("a b:c.yml", "x: 1\ninclude: y\n", MARK_NONE);
	uint16_t other = add_source("https://h/x.yml?a=b", "job:\n  scrip: y\n", at(main_file, 2, 10));

	diag_error(&d, at(other, 2, 3), "unknown-keyword", "no \"scrip\"\x01");
	diag_hint(&d, "did you mean \"script\"?");
	diag_related(&d, at(other, 1, 1), "in this job");
	diag_warning(&d, at(main_file, 1, 1), "unused", "nobody uses it");
	diag_error(&d, MARK_NONE, "unknown-keyword", "nowhere");
}

START_TEST(json_tells_everything)
{
	json_t *root, *list, *one, *related;

	some_diagnostics();
	root = load(diagnostics_json);
	list = json_object_get(root, "diagnostics");
	ck_assert_uint_eq(json_array_size(list), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(root, "errors")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(root, "warnings")), 1);
	one = json_array_get(list, 2);
	ck_assert_str_eq(json_string_value(json_object_get(one, "severity")), "error");
	ck_assert_str_eq(json_string_value(json_object_get(one, "code")), "unknown-keyword");
	ck_assert_str_eq(json_string_value(json_object_get(one, "file")), "https://h/x.yml?a=b");
	ck_assert_int_eq(json_integer_value(json_object_get(one, "line")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(one, "column")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(one, "length")), 5);
	ck_assert_str_eq(json_string_value(json_object_get(one, "message")), "no \"scrip\"\x01");
	ck_assert_str_eq(json_string_value(json_object_get(one, "hint")), "did you mean \"script\"?");
	related = json_object_get(one, "related");
	ck_assert_uint_eq(json_array_size(related), 2);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(related, 0), "message")), "in this job");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(related, 1), "file")), "a b:c.yml");
	ck_assert(json_is_null(json_object_get(json_array_get(list, 1), "hint")));
	json_decref(root);
}
END_TEST

START_TEST(sarif_has_rules_results_and_places)
{
	json_t *root, *run, *driver, *results, *one, *place, *region;

	some_diagnostics();
	root = load(diagnostics_sarif);
	ck_assert_str_eq(json_string_value(json_object_get(root, "version")), "2.1.0");
	run = json_array_get(json_object_get(root, "runs"), 0);
	driver = json_object_get(json_object_get(run, "tool"), "driver");
	ck_assert_str_eq(json_string_value(json_object_get(driver, "name")), "pipe");
	ck_assert_uint_eq(json_array_size(json_object_get(driver, "rules")), 2);
	results = json_object_get(run, "results");
	ck_assert_uint_eq(json_array_size(results), 3);
	ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(results, 0), "locations")), 0);
	one = json_array_get(results, 1);
	ck_assert_str_eq(json_string_value(json_object_get(one, "level")), "warning");
	place = json_object_get(json_array_get(json_object_get(one, "locations"), 0), "physicalLocation");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(place, "artifactLocation"), "uri")), "a%20b%3Ac.yml");
	one = json_array_get(results, 2);
	ck_assert_uint_eq(json_array_size(json_object_get(one, "relatedLocations")), 2);
	place = json_object_get(json_array_get(json_object_get(one, "locations"), 0), "physicalLocation");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(place, "artifactLocation"), "uri")),
			 "https://h/x.yml?a=b");
	region = json_object_get(place, "region");
	ck_assert_int_eq(json_integer_value(json_object_get(region, "startColumn")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(region, "endColumn")), 8);
	json_decref(root);
}
END_TEST

START_TEST(nothing_to_say_is_a_document_too)
{
	json_t *root = load(diagnostics_json);

	ck_assert_uint_eq(json_array_size(json_object_get(root, "diagnostics")), 0);
	json_decref(root);
	root = load(diagnostics_sarif);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "runs")), 1);
	json_decref(root);
	expect_text("");
}
END_TEST

Suite *diagnostic_suite(void)
{
	Suite *s = suite_create("diagnostic");
	TCase *t = tcase_create("diagnostic");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, lines_end_where_yaml_says);
	tcase_add_test(t, a_cursor_goes_both_ways);
	tcase_add_test(t, the_same_is_said_once);
	tcase_add_test(t, many_are_only_counted_and_errors_do_not_starve);
	tcase_add_test(t, order_is_by_source_line_column_and_else_as_reported);
	tcase_add_test(t, text_shows_line_caret_hint_and_where_it_came_from);
	tcase_add_test(t, text_without_a_place_or_a_line);
	tcase_add_test(t, colour_is_only_there_when_asked_for);
	tcase_add_test(t, the_caret_stays_below_tabs_and_wide_characters);
	tcase_add_test(t, nothing_in_a_file_acts_on_the_terminal);
	tcase_add_test(t, long_lines_are_cut_around_the_place);
	tcase_add_test(t, a_column_beyond_the_line_still_has_a_caret);
	tcase_add_loop_test(t, the_length_is_found_in_the_line, 0, (int)(sizeof(extents) / sizeof(*extents)));
	tcase_add_test(t, a_given_span_is_kept);
	tcase_add_test(t, json_tells_everything);
	tcase_add_test(t, sarif_has_rules_results_and_places);
	tcase_add_test(t, nothing_to_say_is_a_document_too);
	suite_add_tcase(s, t);
	return s;
}
