/* What runner/stage/ does beside running jobs: versions of tools, paths of a workspace, tables, totals, reports that are hostile. */
#include "base/error.h"
#include "base/str.h"
#include "runner/stage/reading.h"
#include "runner/stage/table.h"
#include "runner/stage/tool.h"
#include "runner/stage/totals.h"
#include "runner/stage/world.h"
#include "tests/unit/scratch.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *stage_run_suite(void);

/* ---- versions ---- */

START_TEST(a_version_is_the_first_number_with_a_dot)
{
	static const struct {
		const char *text, *version;
	} rows[] = {
		{ "pytest 7.4.2", "7.4.2" },
		{ "go version go1.19.8 linux/amd64", "1.19.8" },
		{ "cppcheck 2.10\n", "2.10" },
		{ "gcc (Debian 12.2.0-14) 12.2.0", "12.2.0" },
		{ "v18.13.0.", "18.13.0" },
		{ "tool 5, release 6.1", "6.1" },
		{ "version 7", NULL },
		{ "", NULL },
		{ "...", NULL },
	};
	char found[TOOL_VERSION_SIZE];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_msg(tool_version_in(rows[i].text, found) == (rows[i].version != NULL), "%s", rows[i].text);
		if (rows[i].version)
			ck_assert_str_eq(found, rows[i].version);
	}
}
END_TEST

START_TEST(versions_are_compared_number_by_number)
{
	ck_assert_int_lt(tool_version_compare("7.4", "7.10"), 0);
	ck_assert_int_gt(tool_version_compare("10.0", "9.9.9"), 0);
	ck_assert_int_eq(tool_version_compare("7", "7.0.0"), 0);
	ck_assert_int_gt(tool_version_compare("7.0.1", "7"), 0);
	ck_assert_int_eq(tool_version_compare("1.2.3", "1.2.3"), 0);
}
END_TEST

/* ---- the workspace ---- */

/* A directory of the test's own: its path, and what removes it. */
static char *directory_make(void)
{
	struct scratch s;

	scratch_make(&s);
	return strdup(s.root);
}

static void directory_remove(char *path)
{
	struct scratch s = { .next = 0 };

	snprintf(s.root, sizeof(s.root), "%s", path);
	scratch_remove(&s);
	free(path);
}

static void put(const char *directory, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void link_to(const char *target, const char *directory, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	ck_assert_int_eq(symlink(target, path), 0);
}

START_TEST(no_path_leads_out_of_the_workspace)
{
	char *top = directory_make(), workspace[300], outside[300];
	struct arena a = ARENA_INIT;
	struct stage_place place;
	const char *const *found;
	pipe_error err;

	snprintf(workspace, sizeof(workspace), "%s/w", top);
	snprintf(outside, sizeof(outside), "%s/secret", top);
	ck_assert_int_eq(mkdir(workspace, 0777), 0);
	put(top, "secret", "x");
	put(workspace, "Makefile", "all:\n");
	link_to(outside, workspace, "out");
	link_to("Makefile", workspace, "in");
	stage_place_init(&place, workspace, "/nowhere:");

	ck_assert(place.world.exists(&place, "Makefile"));
	ck_assert(place.world.exists(&place, "./in"));
	ck_assert(!place.world.exists(&place, "../secret"));
	ck_assert(!place.world.exists(&place, outside));
	ck_assert(!place.world.exists(&place, "out"));
	ck_assert_str_eq(place.world.read(&place, &a, "in", &err), "all:\n");
	ck_assert_ptr_null(place.world.read(&place, &a, "out", &err));
	ck_assert_ptr_null(place.world.read(&place, &a, "../secret", &err));
	ck_assert_ptr_null(place.world.read(&place, &a, "none", &err));
	ck_assert_int_eq(err.code, PIPE_ENOTFOUND);
	found = place.world.glob(&place, &a, "Make*", 10);
	ck_assert_str_eq(found[0], "Makefile");
	ck_assert_ptr_null(found[1]);
	ck_assert_ptr_null(place.world.glob(&place, &a, "*.none", 10));
	arena_clear(&a);
	directory_remove(top);
}
END_TEST

START_TEST(tools_are_found_on_the_path_that_the_job_has)
{
	char *top = directory_make(), bin[300], path[700];
	struct arena a = ARENA_INIT;
	struct stage_place place;

	snprintf(bin, sizeof(bin), "%s/bin", top);
	ck_assert_int_eq(mkdir(bin, 0777), 0);
	put(bin, "data", "");
	put(bin, "tool", "#!/bin/sh\necho tool 3.2.1\n");
	snprintf(path, sizeof(path), "%s/tool", bin);
	ck_assert_int_eq(chmod(path, 0755), 0);
	stage_place_init(&place, top, "/nowhere:bin");
	ck_assert_str_eq(place.world.tool(&place, &a, "tool"), path);
	ck_assert_str_eq(place.world.tool(&place, &a, "bin/tool"), path);
	ck_assert_ptr_null(place.world.tool(&place, &a, "data"));
	ck_assert_ptr_null(place.world.tool(&place, &a, "bin"));
	ck_assert_ptr_null(place.world.tool(&place, &a, ""));
	ck_assert(stage_path_enters("/usr/bin:bin", top));
	ck_assert(stage_path_enters(bin, top));
	ck_assert(!stage_path_enters("/usr/bin:/bin", top));
	arena_clear(&a);
	directory_remove(top);
}
END_TEST

START_TEST(a_tool_is_asked_for_its_version)
{
	char *top = directory_make(), path[700];
	const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	struct stage_tool tool = { .name = "./tool", .version = "3.2" };
	struct arena a = ARENA_INIT;
	struct tool_answer answer;
	struct stage_place place;
	pipe_error err;

	put(top, "tool", "#!/bin/sh\necho tool 3.2.1\nexit 1\n");
	snprintf(path, sizeof(path), "%s/tool", top);
	ck_assert_int_eq(chmod(path, 0755), 0);
	stage_place_init(&place, top, "/usr/bin:/bin");
	ck_assert_int_eq(tool_look(&tool, &place, env, &a, &answer, &err), PIPE_OK);
	ck_assert_int_eq(answer.state, TOOL_HERE);
	tool.version = "3.10";
	ck_assert_int_eq(tool_look(&tool, &place, env, &a, &answer, &err), PIPE_OK);
	ck_assert_int_eq(answer.state, TOOL_OLD);
	ck_assert_ptr_nonnull(strstr(tool_complaint(&tool, &answer, "\"unit\"", &a), "./tool >= 3.10 for \"unit\": found 3.2.1"));
	put(top, "tool", "#!/bin/sh\necho nothing to say\n");
	ck_assert_int_eq(tool_look(&tool, &place, env, &a, &answer, &err), PIPE_OK);
	ck_assert_int_eq(answer.state, TOOL_STRANGE);
	tool.name = "./none";
	ck_assert_int_eq(tool_look(&tool, &place, env, &a, &answer, &err), PIPE_OK);
	ck_assert_int_eq(answer.state, TOOL_MISSING);
	arena_clear(&a);
	directory_remove(top);
}
END_TEST

/* ---- what is shown ---- */

static void add_line(void *payload, const char *text)
{
	str_printf(payload, "%s\n", text);
}

START_TEST(conditions_are_an_aligned_table)
{
	const struct stage_condition rows[] = {
		{ "coverage", "78.4 %", ">= 80 %", "fail", "" },
		{ "größe", "1", "<= 2", "no data", "why" },
	};
	struct str out;

	str_init(&out);
	table_conditions(rows, 2, add_line, &out);
	ck_assert_str_eq(out.data, "  fail     coverage  78.4 %  >= 80 %\n"
				   "  no data  größe     1       <= 2     why\n");
	str_clear(&out);
}
END_TEST

static int add_text(void *payload, const char *text, size_t length)
{
	str_add(payload, text, length);
	return 0;
}

static void check_text(const struct evidence_totals *t, const char *expected)
{
	pipe_evidence e;
	struct str out;

	str_init(&out);
	totals_publish(t, &e);
	ck_assert_int_eq(pipe_evidence_text(&e, add_text, &out), PIPE_OK);
	ck_assert_str_eq(out.data, expected);
	str_clear(&out);
}

START_TEST(totals_are_one_line_of_what_there_is)
{
	struct evidence_totals t = { 0 };

	check_text(&t, "");
	t.has_tests = true;
	check_text(&t, "tests none");
	t.tests[TEST_PASSED] = 812;
	t.tests[TEST_FAILED] = 1;
	t.tests[TEST_SKIPPED] = 2;
	t.has_coverage = true;
	t.lines = 1000;
	t.lines_hit = 812;
	t.has_findings[FINDING_ISSUE] = true;
	t.findings[FINDING_ISSUE][SEVERITY_HIGH] = 1;
	t.findings[FINDING_WARNING][SEVERITY_MEDIUM] = 3;
	check_text(&t, "tests 812 passed, 1 failed, 2 skipped \xc2\xb7 coverage 81.2 % \xc2\xb7 findings 1 high, 3 medium");
	memset(&t, 0, sizeof(t));
	t.broken = 1;
	check_text(&t, "1 report that cannot be read");
}
END_TEST

/* ---- reports ---- */

struct desk_fixture {
	char *top, state[300];
	struct stage_desk desk;
	struct ledger ledger;
	struct arena arena;
	struct reading reading;
};

static void fixture_open(struct desk_fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->top = directory_make();
	snprintf(f->state, sizeof(f->state), "%s/.pipe", f->top);
	f->desk.state_directory = f->state;
	desk_init(&f->desk);
	f->ledger = (struct ledger){ .desk = &f->desk, .run = 1, .name = "a", .base = "a" };
	ledger_init(&f->ledger);
	f->reading = (struct reading){ .workspace = f->top, .ledger = &f->ledger, .arena = &f->arena };
}

static void fixture_close(struct desk_fixture *f)
{
	ledger_rollback(&f->ledger);
	ledger_clear(&f->ledger);
	desk_clear(&f->desk);
	arena_clear(&f->arena);
	directory_remove(f->top);
}

static bool read_pattern(struct desk_fixture *f, const char *pattern)
{
	struct stage_report report = { .pattern = pattern, .only_new = f->reading.started_ms > 0 };
	pipe_error err = { 0 };
	bool found;

	ck_assert_msg(reading_report(&f->reading, &report, &found, &err) == PIPE_OK, "%s", err.text);
	return found;
}

static const char *const good = "<testsuite name='s'><testcase classname='c' name='n'/></testsuite>";

START_TEST(a_file_is_read_once_unless_it_changes)
{
	struct desk_fixture f;
	pipe_error err;

	fixture_open(&f);
	put(f.top, "r.xml", good);
	ck_assert(read_pattern(&f, "r.xml"));
	ck_assert(read_pattern(&f, "*.xml"));
	ck_assert_int_eq(ledger_commit(&f.ledger, &err), PIPE_OK);
	ck_assert_uint_eq(f.ledger.totals.reports, 1);
	ck_assert_uint_eq(f.ledger.totals.tests[TEST_PASSED], 1);
	put(f.top, "r.xml", "<testsuite name='s'><testcase classname='c' name='other'/></testsuite>");
	ck_assert(read_pattern(&f, "r.xml"));
	ck_assert_int_eq(ledger_commit(&f.ledger, &err), PIPE_OK);
	ck_assert_uint_eq(f.ledger.totals.tests[TEST_PASSED], 2);
	ck_assert_uint_eq(f.reading.complaints.count, 0);
	fixture_close(&f);
}
END_TEST

START_TEST(a_broken_report_leaves_its_place_and_nothing_else)
{
	struct desk_fixture f;
	pipe_error err;

	fixture_open(&f);
	put(f.top, "r.xml", "<testsuite>\n<testcase name='n'/>\n<testcase na");
	put(f.top, "s.xml", good);
	read_pattern(&f, "*.xml");
	ck_assert_int_eq(ledger_commit(&f.ledger, &err), PIPE_OK);
	ck_assert_uint_eq(f.reading.broken, 1);
	ck_assert_ptr_nonnull(strstr(f.reading.complaints.items[0], "r.xml:3:"));
	ck_assert_uint_eq(f.ledger.totals.broken, 1);
	ck_assert_uint_eq(f.ledger.totals.reports, 1);
	ck_assert_uint_eq(f.ledger.totals.tests[TEST_PASSED], 1);
	fixture_close(&f);
}
END_TEST

START_TEST(nothing_is_made_where_there_is_nothing_to_say)
{
	struct desk_fixture f;
	char path[400];
	pipe_error err;

	fixture_open(&f);
	f.ledger.again = true;
	ck_assert(!read_pattern(&f, "none.xml"));
	ck_assert_int_eq(ledger_commit(&f.ledger, &err), PIPE_OK);
	snprintf(path, sizeof(path), "%s/evidence.db", f.state);
	ck_assert_int_ne(access(path, F_OK), 0);
	fixture_close(&f);
}
END_TEST

START_TEST(what_is_no_file_of_the_workspace_is_not_read)
{
	struct desk_fixture f;
	char path[400];
	pipe_error err;

	fixture_open(&f);
	snprintf(path, sizeof(path), "%s/pipe.xml", f.top);
	ck_assert_int_eq(mkfifo(path, 0666), 0);
	link_to("/etc/passwd", f.top, "out.xml");
	link_to("loop.xml", f.top, "loop.xml");
	ck_assert(!read_pattern(&f, "*.xml"));
	ck_assert(!read_pattern(&f, "../*"));
	ck_assert(!read_pattern(&f, "/etc/passwd"));
	ck_assert_uint_eq(f.reading.complaints.count, 2);
	ck_assert_int_eq(ledger_commit(&f.ledger, &err), PIPE_OK);
	ck_assert_uint_eq(f.ledger.totals.broken, 2);
	ck_assert_uint_eq(f.ledger.totals.reports, 0);
	ck_assert(!f.ledger.totals.has_tests);
	fixture_close(&f);
}
END_TEST

START_TEST(an_old_report_is_no_evidence)
{
	struct stage_report report = { .pattern = "r.xml", .required = true };
	struct desk_fixture f;

	fixture_open(&f);
	put(f.top, "r.xml", good);
	f.reading.started_ms = INT64_C(32503680000000); /* in the year 3000 */
	ck_assert(!read_pattern(&f, "r.xml"));
	reading_missing(&f.reading, &report);
	ck_assert_ptr_nonnull(strstr(f.reading.complaints.items[0], "older than this job"));
	report.pattern = "none.xml";
	reading_missing(&f.reading, &report);
	ck_assert_str_eq(f.reading.complaints.items[1], "no report matches \"none.xml\"");
	fixture_close(&f);
}
END_TEST

START_TEST(reading_ends_soon_when_it_is_told_to)
{
	struct desk_fixture f;
	atomic_bool stop = true;

	fixture_open(&f);
	f.reading.stop = &stop;
	put(f.top, "r.xml", good);
	read_pattern(&f, "*.xml");
	ck_assert(f.reading.stopped);
	ck_assert_uint_eq(f.reading.complaints.count, 0);
	fixture_close(&f);
}
END_TEST

/* Looks for a text in what the database has written. */
static bool kept(const char *state, const char *text)
{
	static const char *const files[] = { "evidence.db", "evidence.db-wal" };
	static char bytes[1 << 20];
	bool found = false;

	for (size_t i = 0; i < 2; i++) {
		char path[400];
		FILE *f;
		size_t n;

		snprintf(path, sizeof(path), "%s/%s", state, files[i]);
		f = fopen(path, "r");
		if (!f)
			continue;
		n = fread(bytes, 1, sizeof(bytes), f);
		found |= memmem(bytes, n, text, strlen(text)) != NULL;
		fclose(f);
	}
	return found;
}

START_TEST(secrets_are_taken_out_of_what_is_kept)
{
	const struct stage_condition condition = { "s", "hunter2222", "b", "fail", "" };
	struct desk_fixture f;
	struct mask *mask;
	pipe_error err;

	fixture_open(&f);
	ck_assert_int_eq(mask_create(&mask, &err), PIPE_OK);
	ck_assert_int_eq(mask_add(mask, "hunter2222", 10, &err), PIPE_OK);
	ck_assert_int_eq(mask_compile(mask, &err), PIPE_OK);
	f.ledger.mask = mask;
	put(f.top, "r.xml",
	    "<testsuite name='s'><testcase classname='hunter2222' name='is hunter2222'>"
	    "<failure message='not hunter2222'>a hunter2222 b</failure></testcase></testsuite>");
	read_pattern(&f, "r.xml");
	ck_assert_int_eq(ledger_condition(&f.ledger, &condition, &err), PIPE_OK);
	ck_assert_int_eq(ledger_commit(&f.ledger, &err), PIPE_OK);
	ck_assert(!kept(f.state, "hunter"));
	ck_assert(kept(f.state, "is [MASKED]"));
	ck_assert(kept(f.state, "a [MASKED] b"));
	fixture_close(&f);
	mask_free(mask);
}
END_TEST

Suite *stage_run_suite(void)
{
	Suite *s = suite_create("stage_run");
	TCase *c = tcase_create("stage_run");

	tcase_add_test(c, a_version_is_the_first_number_with_a_dot);
	tcase_add_test(c, versions_are_compared_number_by_number);
	tcase_add_test(c, no_path_leads_out_of_the_workspace);
	tcase_add_test(c, tools_are_found_on_the_path_that_the_job_has);
	tcase_add_test(c, a_tool_is_asked_for_its_version);
	tcase_add_test(c, conditions_are_an_aligned_table);
	tcase_add_test(c, totals_are_one_line_of_what_there_is);
	tcase_add_test(c, a_file_is_read_once_unless_it_changes);
	tcase_add_test(c, a_broken_report_leaves_its_place_and_nothing_else);
	tcase_add_test(c, nothing_is_made_where_there_is_nothing_to_say);
	tcase_add_test(c, what_is_no_file_of_the_workspace_is_not_read);
	tcase_add_test(c, an_old_report_is_no_evidence);
	tcase_add_test(c, reading_ends_soon_when_it_is_told_to);
	tcase_add_test(c, secrets_are_taken_out_of_what_is_kept);
	suite_add_tcase(s, c);
	return s;
}
