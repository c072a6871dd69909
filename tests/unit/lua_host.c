/* What scripts of a run see of the world, asked as the engine asks: files, evidence, history, plan, changes. */
#include "runner/lua/host/host.h"

#include "lua/limits.h"
#include "tests/unit/plan_fixture.h"

#include "tests/unit/evidence_fixture.h" /* behind it: its names would be in the way */

Suite *lua_host_suite(void);

static struct run_host *host;
static struct str text;

static void open_host(struct run_host_options o)
{
	o.state_directory = s.root;
	ok(run_host_create(&host, &o, &err));
}

static void begin_host(void)
{
	setup();
	str_init(&text);
}

static void end_host(void)
{
	run_host_free(host);
	host = NULL;
	str_clear(&text);
	teardown();
}

/* ---- rows as text: "column=value" of the columns that are asked for, a row a line ---- */

static void write_cell(const struct lua_cell *c)
{
	switch (c->type) {
	case LUA_CELL_NONE:
		str_adds(&text, "nil");
		break;
	case LUA_CELL_TEXT:
		ck_assert_uint_eq(strlen(c->text), c->length);
		str_adds(&text, c->text);
		break;
	case LUA_CELL_INTEGER:
		str_printf(&text, "%lld", (long long)c->integer);
		break;
	case LUA_CELL_NUMBER:
		str_printf(&text, "%g", c->number);
		break;
	case LUA_CELL_BOOL:
		str_adds(&text, c->truth ? "true" : "false");
		break;
	case LUA_CELL_LIST:
		for (size_t i = 0; c->list[i]; i++)
			str_printf(&text, "%s%s", i ? "+" : "", c->list[i]);
		break;
	}
}

static int column(enum lua_rows rows, const char *name)
{
	int index = lua_column_index(&lua_rows_kinds[rows], name);

	ck_assert_msg(index >= 0, "%s has no column %s", lua_rows_kinds[rows].name, name);
	return index;
}

/* columns: separated by spaces. */
static const char *rows(const struct lua_query *query, const char *columns)
{
	const struct lua_host *h = run_host(host);
	const struct lua_cell *row;
	void *cursor = NULL;
	int rc;

	str_reset(&text);
	ok(h->rows_open(h->payload, query, &cursor, &err));
	while ((rc = h->rows_next(h->payload, cursor, &row, NULL)) == 1) {
		for (const char *c = columns; *c; c += strspn(c, " ")) {
			char name[32];
			size_t n = strcspn(c, " ");

			snprintf(name, sizeof(name), "%.*s", (int)n, c);
			write_cell(&row[column(query->rows, name)]);
			c += n;
			str_addc(&text, *c ? ' ' : '\n');
		}
	}
	ck_assert_int_eq(rc, 0);
	h->rows_close(h->payload, cursor);
	return text.data;
}

static struct lua_filter is_text(enum lua_rows kind, const char *name, const char *value)
{
	return (struct lua_filter){ .column = (unsigned)column(kind, name),
				    .value = { .type = LUA_CELL_TEXT, .text = value, .length = strlen(value) } };
}

static struct lua_filter is_true(enum lua_rows kind, const char *name, bool value)
{
	return (struct lua_filter){ .column = (unsigned)column(kind, name), .value = { .type = LUA_CELL_BOOL, .truth = value } };
}

/* Do the cells have the types that the table says?  Of the first row of every kind that has one. */
static void check_types(const struct lua_query *query)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[query->rows];
	const struct lua_host *h = run_host(host);
	const struct lua_cell *row;
	void *cursor = NULL;

	ok(h->rows_open(h->payload, query, &cursor, &err));
	ck_assert_int_eq(h->rows_next(h->payload, cursor, &row, NULL), 1);
	for (unsigned i = 0; i < kind->count; i++)
		ck_assert_msg(row[i].type == kind->columns[i].type ||
				      (row[i].type == LUA_CELL_NONE && strchr(kind->columns[i].type_name, '?')),
			      "%s.%s is of type %d", kind->name, kind->columns[i].name, (int)row[i].type);
	h->rows_close(h->payload, cursor);
}

/* ---- evidence ---- */

/* Runs 1 (the baseline) and 2 of main, with two jobs each. */
static void two_runs(void)
{
	const struct evidence_sink *sink = evidence_sink(db);
	struct evidence_test t = a_test("suite", "slow", TEST_FLAKY);
	struct evidence_finding f = a_finding("CVE-1", "lock", 0, "overflow");

	a_run("ci.yml", "main", PIPE_STATUS_SUCCESS);
	a_run("ci.yml", "main", PIPE_STATUS_RUNNING);
	for (int64_t run = 1; run <= 2; run++) {
		begin(run, 0, "unit", 0);
		t.duration_us = 2500000;
		t.failures = 2;
		put_test(t);
		test_is("suite", "fine", TEST_PASSED);
		if (run == 2)
			failure("suite", "red", "boom");
		covered("a.c", 1, 1);
		covered("a.c", 2, 0);
		finding("rule", "a.c", 3, "both");
		f.kind = FINDING_VULNERABILITY;
		f.severity = SEVERITY_HIGH;
		f.fixed = "1.3";
		f.package = "zlib";
		put_finding(f);
		commit();
		begin(run, 1, "lint", 0);
		covered("a.c", 2, 1);
		finding("rule", "a.c", 3, "both");
		if (run == 2)
			finding("late", "b.c", 1, "new here");
		ok(sink->metric(sink->payload, &(struct evidence_metric){ "size", "arch=\"x\"", 3.5, "bytes", "" }, &err));
		ok(sink->metric(sink->payload, &(struct evidence_metric){ "size", "arch=\"y\"", 1.5, "", "" }, &err));
		ok(sink->component(sink->payload, &(struct evidence_component){ "zlib", "1.2", "library", "pkg:x", "Zlib" },
				   &err));
		ok(sink->image(sink->payload, &(struct evidence_image){ "app:1", "sha256:00", 1000 }, &err));
		ok(evidence_condition(db, &(struct stage_condition){ "coverage", "70 %", "at least 80 %", "fail", "d" }, &err));
		commit();
	}
}

START_TEST(every_kind_has_cells_of_its_types)
{
	static const enum lua_rows kinds[] = { LUA_TESTS,  LUA_FINDINGS,   LUA_COVERAGE, LUA_METRICS, LUA_COMPONENTS,
					       LUA_IMAGES, LUA_CONDITIONS, LUA_RUNS,	 LUA_JOBS,    LUA_GRAPH };

	two_runs();
	open_host((struct run_host_options){ .run = 2, .job = 0, .base = "unit" });
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		check_types(&(struct lua_query){ .rows = kinds[i], .side = SIDE_RUN });
}
END_TEST

START_TEST(sides_are_the_job_its_run_and_the_baseline)
{
	struct lua_query q = { .rows = LUA_FINDINGS, .side = SIDE_RUN };

	two_runs();
	open_host((struct run_host_options){ .run = 2, .job = 1, .base = "lint" });
	ck_assert_str_eq(rows(&q, "rule path line severity job"),
			 "rule a.c 3 medium unit\nCVE-1 lock nil high unit\nlate b.c 1 medium lint\n");
	q.side = SIDE_JOB;
	ck_assert_str_eq(rows(&q, "rule job"), "rule lint\nlate lint\n");
	q.side = SIDE_BASELINE;
	ck_assert_str_eq(rows(&q, "rule job"), "rule unit\nCVE-1 unit\n");
	q.side = SIDE_JOB;
	q.run = 1; /* in place of the side */
	ck_assert_str_eq(rows(&q, "rule job"), "rule unit\nCVE-1 unit\n");
	q = (struct lua_query){ .rows = LUA_FINDINGS, .side = SIDE_RUN, .only_new = true };
	ck_assert_str_eq(rows(&q, "rule job"), "late lint\n");
}
END_TEST

START_TEST(filters_of_findings)
{
	struct lua_query q = { .rows = LUA_FINDINGS, .side = SIDE_RUN, .filter_count = 1 };
	const struct {
		struct lua_filter filter;
		const char *found;
	} cases[] = { { is_text(LUA_FINDINGS, "severity", "high"), "CVE-1\n" },
		      { is_text(LUA_FINDINGS, "severity", "low"), "rule\nCVE-1\nlate\n" },
		      { is_text(LUA_FINDINGS, "severity", "dreadful"), "" },
		      { is_text(LUA_FINDINGS, "kind", "issue"), "rule\nlate\n" },
		      { is_text(LUA_FINDINGS, "rule", "late"), "late\n" },
		      { is_text(LUA_FINDINGS, "tool", "trivy"), "" },
		      { is_text(LUA_FINDINGS, "path", "*.c"), "rule\nlate\n" },
		      { is_text(LUA_FINDINGS, "package", "zlib"), "CVE-1\n" },
		      { is_text(LUA_FINDINGS, "job", "lint"), "late\n" },
		      { is_true(LUA_FINDINGS, "fixable", true), "CVE-1\n" },
		      { is_true(LUA_FINDINGS, "fixable", false), "rule\nlate\n" } };

	two_runs();
	open_host((struct run_host_options){ .run = 2, .job = UINT32_MAX });
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		q.filters[0] = cases[i].filter;
		ck_assert_msg(!strcmp(rows(&q, "rule"), cases[i].found), "%zu: %s", i, text.data);
	}
	q.filter_count = 0;
	q.limit = 2;
	ck_assert_str_eq(rows(&q, "rule"), "rule\nCVE-1\n");
	rows(&q, "fingerprint");
	ck_assert_uint_eq(strspn(text.data, "0123456789abcdef"), 32);
}
END_TEST

START_TEST(tests_with_seconds_and_without_quarantined_ones)
{
	struct lua_query q = { .rows = LUA_TESTS, .side = SIDE_RUN };
	struct evidence_test t = a_test("suite", "shaky", TEST_FAILED);

	two_runs();
	begin(2, 2, "gate", 0);
	t.quarantined = true;
	put_test(t);
	commit();
	open_host((struct run_host_options){ .run = 2, .job = UINT32_MAX });
	ck_assert_str_eq(rows(&q, "name status duration failures line"),
			 "slow flaky 2.5 2 nil\nfine passed nil 0 nil\nred failed nil 1 nil\n");
	q.filters[0] = is_text(LUA_TESTS, "status", "failed");
	q.filter_count = 1;
	ck_assert_str_eq(rows(&q, "name message"), "red boom\n");
	q.filters[0] = is_true(LUA_TESTS, "quarantined", true);
	ck_assert_str_eq(rows(&q, "name"), "shaky\n");
	q = (struct lua_query){ .rows = LUA_TESTS, .side = SIDE_RUN, .only_new = true };
	ck_assert_str_eq(rows(&q, "name job"), "red unit\n");
	q.filters[0] = is_true(LUA_TESTS, "quarantined", true);
	q.filter_count = 1;
	ck_assert_str_eq(rows(&q, "name job"), "shaky gate\n");
	q.filters[0] = is_text(LUA_TESTS, "status", "passed");
	ck_assert_str_eq(rows(&q, "name"), "");
}
END_TEST

START_TEST(the_rest_of_the_evidence)
{
	two_runs();
	open_host((struct run_host_options){ .run = 2, .job = 1 });
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_COVERAGE, .side = SIDE_RUN }, "path lines hit percent job"),
			 "a.c 2 2 100 nil\n");
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_COVERAGE, .side = SIDE_JOB }, "path lines hit percent job"),
			 "a.c 1 1 100 lint\n");
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_METRICS, .side = SIDE_RUN }, "name labels value unit"),
			 "size arch=\"x\" 3.5 bytes\nsize arch=\"y\" 1.5 \n");
	ck_assert_str_eq(
		rows(&(struct lua_query){ .rows = LUA_COMPONENTS, .side = SIDE_RUN }, "name version type purl licenses job"),
		"zlib 1.2 library pkg:x Zlib lint\n");
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_IMAGES, .side = SIDE_RUN }, "name digest bytes"),
			 "app:1 sha256:00 1000\n");
	ck_assert_str_eq(
		rows(&(struct lua_query){ .rows = LUA_CONDITIONS, .side = SIDE_RUN }, "subject value bound verdict detail"),
		"coverage 70 % at least 80 % fail d\n");
}
END_TEST

START_TEST(a_report_without_rows_is_known_of)
{
	struct evidence_totals t;

	two_runs();
	a_run("ci.yml", "main", PIPE_STATUS_RUNNING);
	begin(2, 2, "gate", 0);
	ok(evidence_report_begin(db, "empty.xml", &err));
	ok(evidence_report_end(db, &everything, NULL, &err));
	commit();
	begin(3, 0, "unit", 0);
	ok(evidence_report_begin(db, "empty.xml", &err));
	ok(evidence_report_end(db, &everything, NULL, &err));
	commit();
	open_host((struct run_host_options){ .run = 3, .job = 0 });
	ok(run_host(host)->totals_of(run_host(host)->payload, 3, &t, &err));
	ck_assert(t.has_tests && t.has_coverage && t.has_findings[FINDING_ISSUE] && !t.has_findings[FINDING_SECRET]);
	ck_assert_uint_eq(evidence_tests(&t) + evidence_findings(&t) + t.lines, 0);
	ok(run_host(host)->totals_of(run_host(host)->payload, 2, &t, &err));
	ck_assert_uint_eq(evidence_findings(&t), 3);
	ok(run_host(host)->totals_of(run_host(host)->payload, 77, &t, &err));
	ck_assert(!t.has_tests && !evidence_findings(&t));
}
END_TEST

START_TEST(figures)
{
	struct evidence_totals t;
	const char *branch, *why;
	bool found;
	double value;
	int64_t run;

	two_runs();
	open_host((struct run_host_options){ .run = 2, .job = 0 });
	ok(run_host(host)->totals(run_host(host)->payload, SIDE_RUN, &t, &err));
	ck_assert_uint_eq(evidence_findings(&t), 3);
	ok(run_host(host)->totals(run_host(host)->payload, SIDE_JOB, &t, &err));
	ck_assert_uint_eq(evidence_findings(&t), 2);
	ok(run_host(host)->totals(run_host(host)->payload, SIDE_BASELINE, &t, &err));
	ck_assert_uint_eq(t.tests[TEST_FAILED], 0);
	ok(run_host(host)->metric(run_host(host)->payload, SIDE_RUN, "size", &value, &found, &err));
	ck_assert(found && value == 5.0);
	ok(run_host(host)->metric(run_host(host)->payload, SIDE_RUN, "nothing", &value, &found, &err));
	ck_assert(!found);
	ok(run_host(host)->baseline(run_host(host)->payload, &run, &branch, &why, &err));
	ck_assert_int_eq(run, 1);
	ck_assert_str_eq(branch, "main");
}
END_TEST

START_TEST(without_a_run_there_is_nothing_and_no_error)
{
	struct evidence_totals t;
	const char *branch, *why;
	bool found;
	double value;
	int64_t run;

	two_runs();
	open_host((struct run_host_options){ .run = 0, .job = UINT32_MAX });
	ok(run_host(host)->totals(run_host(host)->payload, SIDE_RUN, &t, &err));
	ck_assert(!t.has_tests && !evidence_findings(&t));
	ok(run_host(host)->metric(run_host(host)->payload, SIDE_RUN, "size", &value, &found, &err));
	ck_assert(!found);
	ok(run_host(host)->baseline(run_host(host)->payload, &run, &branch, &why, &err));
	ck_assert_int_eq(run, 0);
	ck_assert_ptr_nonnull(strstr(why, "no run"));
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_TESTS, .side = SIDE_RUN }, "name"), "");
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_TESTS, .side = SIDE_BASELINE }, "name"), "");
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_RUNS }, "number"), "2\n1\n");
}
END_TEST

START_TEST(without_a_history_there_is_nothing_and_no_error)
{
	struct evidence_totals t;

	scratch_dir(&s, "empty");
	ok(run_host_create(&host, &(struct run_host_options){ .state_directory = scratch_path(&s, "empty"), .run = 3 }, &err));
	ok(run_host(host)->totals(run_host(host)->payload, SIDE_RUN, &t, &err));
	for (int kind = 0; kind < LUA_CHANGES; kind++)
		ck_assert_str_eq(rows(&(struct lua_query){ .rows = (enum lua_rows)kind, .side = SIDE_RUN }, ""), "");
	ck_assert(!scratch_has(&s, "empty/pipe.db") && !scratch_has(&s, "empty/evidence.db"));
}
END_TEST

START_TEST(an_earlier_baseline_is_taken_as_given)
{
	const struct evidence_baseline none = { .why = "because" };
	const char *branch, *why;
	int64_t run;

	two_runs();
	open_host((struct run_host_options){ .run = 2, .job = 0, .baseline = &none });
	ok(run_host(host)->baseline(run_host(host)->payload, &run, &branch, &why, &err));
	ck_assert_int_eq(run, 0);
	ck_assert_str_eq(why, "because");
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_TESTS, .side = SIDE_RUN, .only_new = true, .limit = 9 }, "name"),
			 "slow\nfine\nred\n");
}
END_TEST

/* ---- history ---- */

START_TEST(earlier_runs_by_query)
{
	struct lua_query q = { .rows = LUA_RUNS };

	a_run("ci.yml", "main", PIPE_STATUS_SUCCESS);
	a_run("ci.yml", "side", PIPE_STATUS_FAILED);
	a_run("other.yml", "main", PIPE_STATUS_SUCCESS);
	a_run("ci.yml", "main", PIPE_STATUS_RUNNING);
	open_host((struct run_host_options){ .run = 4, .job = UINT32_MAX });
	ck_assert_str_eq(rows(&q, "number branch status duration sha name"),
			 "3 main success 5 c0ffee nil\n2 side failed 5 c0ffee nil\n1 main success 5 c0ffee nil\n");
	q.filters[0] = is_text(LUA_RUNS, "branch", "main");
	q.filters[1] = is_text(LUA_RUNS, "file", "ci*.yml");
	q.filter_count = 2;
	ck_assert_str_eq(rows(&q, "number"), "1\n");
	q.filters[1] = is_text(LUA_RUNS, "file", "other.yml");
	ck_assert_str_eq(rows(&q, "number"), "3\n");
	q = (struct lua_query){ .rows = LUA_RUNS, .limit = 1 };
	ck_assert_str_eq(rows(&q, "number"), "3\n");
}
END_TEST

START_TEST(jobs_of_the_history)
{
	const struct store_job jobs[] = { { 3, "deploy", "deploy", PIPE_STATUS_SUCCESS, false, "production" },
					  { 4, "rspec 1/3", "test", PIPE_STATUS_FAILED, false, NULL },
					  { 5, "build: [a, b]", "test", PIPE_STATUS_FAILED, false, NULL },
					  { 6, "1/3", "test", PIPE_STATUS_FAILED, false, NULL } };
	struct lua_query q = { .rows = LUA_JOBS, .filter_count = 1 };

	a_run("ci.yml", "main", PIPE_STATUS_SUCCESS);
	a_run("ci.yml", "main", PIPE_STATUS_RUNNING);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		ok(store_job_create(store, 1, &jobs[i], &err));
	ok(store_commit(store, &err));
	open_host((struct run_host_options){ .run = 2, .job = UINT32_MAX });
	q.filters[0] = is_text(LUA_JOBS, "environment", "production");
	ck_assert_str_eq(rows(&q, "run name status environment stage"), "1 deploy success production deploy\n");
	q.filters[0] = is_text(LUA_JOBS, "status", "failed");
	ck_assert_str_eq(rows(&q, "name base"), "rspec 1/3 rspec\nbuild: [a, b] build\n1/3 1/3\n");
	q.filters[0] = (struct lua_filter){ .column = (unsigned)column(LUA_JOBS, "run"),
					    .value = { .type = LUA_CELL_INTEGER, .integer = 2 } };
	ck_assert_str_eq(rows(&q, "run name"), "2 unit\n2 lint\n2 gate\n");
	q = (struct lua_query){ .rows = LUA_JOBS, .run = 1, .limit = 1 };
	ck_assert_str_eq(rows(&q, "run name exit_code started duration environment"), "1 unit nil nil nil nil\n");
}
END_TEST

/* ---- plan ---- */

START_TEST(the_graph_is_the_plan)
{
	struct planned p;

	planned_load(&p, "stages: [a, b]\n"
			 "one: {stage: a, script: x}\n"
			 "two: {stage: b, script: x, needs: [one], environment: live}\n"
			 "three: {stage: b, script: x, when: manual}\n"
			 "four: {stage: b, script: x, needs: []}\n");
	planned_make(&p);
	open_host((struct run_host_options){ .plan = p.plan, .job = UINT32_MAX });
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_GRAPH }, "name stage when needs environment"),
			 "one a on_success nil nil\ntwo b on_success one live\nthree b manual nil nil\nfour b on_success  nil\n");
	planned_clear(&p);
}
END_TEST

/* ---- changes ---- */

START_TEST(changes_come_from_git)
{
	struct lua_query q = { .rows = LUA_FINDINGS, .side = SIDE_RUN, .touched_files = true };
	const struct evidence_baseline b = { .branch = "main" };

	two_runs();
	scratch_dir(&s, "work");
	scratch_sh(&s, "cd work; git init -q -b main; printf '1\\n2\\n3\\n' > a.c; echo b > b.c; git add .; git commit -qm one; "
		       "git checkout -qb side; echo x >> b.c; printf '1\\n2\\n3\\n4\\n' > a.c; git commit -qam two");
	open_host((struct run_host_options){
		.run = 2, .job = UINT32_MAX, .baseline = &b, .project_directory = scratch_path(&s, "work") });
	ck_assert_str_eq(rows(&(struct lua_query){ .rows = LUA_CHANGES }, "path"), "a.c\nb.c\n");
	ck_assert_str_eq(rows(&q, "rule"), "rule\nlate\n");
	q.touched_lines = true;
	ck_assert_str_eq(rows(&q, "rule path line"), "");
}
END_TEST

START_TEST(changes_that_cannot_be_known_are_an_error)
{
	const struct lua_query q = { .rows = LUA_CHANGES };
	void *cursor;

	scratch_dir(&s, "work");
	open_host((struct run_host_options){ .project_directory = scratch_path(&s, "work"), .job = UINT32_MAX });
	fails(run_host(host)->rows_open(run_host(host)->payload, &q, &cursor, &err), PIPE_ENOTFOUND,
	      "what changed cannot be found out");
	ck_assert_ptr_null(cursor);
}
END_TEST

/* ---- files ---- */

static int read_file(const char *path, size_t limit, pipe_error *err)
{
	str_reset(&text);
	return run_host(host)->read(run_host(host)->payload, path, limit, &text, err);
}

static int list(void *payload, const char *path)
{
	str_printf(payload, "%s\n", path);
	return 0;
}

static const char *glob(const char *pattern, size_t limit)
{
	str_reset(&text);
	ok(run_host(host)->glob(run_host(host)->payload, pattern, limit, list, &text, &err));
	return text.data;
}

static void open_workspace(const struct lua_grants *grants)
{
	static char work[512];

	scratch_file(&s, "secret.txt", "secret");
	scratch_file(&s, "shared/given.txt", "given");
	scratch_file(&s, "shared2/not.txt", "not");
	scratch_file(&s, "work/a.txt", "alpha");
	scratch_file(&s, "work/sub/b.txt", "beta");
	scratch_sh(&s, "ln -s ../secret.txt work/out; ln -s a.txt work/in; ln -s ../secret.txt shared/out");
	snprintf(work, sizeof(work), "%s", scratch_path(&s, "work"));
	open_host((struct run_host_options){ .workspace = work, .grants = grants, .job = UINT32_MAX });
}

START_TEST(files_of_the_workspace)
{
	open_workspace(NULL);
	ok(read_file("a.txt", 5, &err));
	ck_assert_str_eq(text.data, "alpha");
	ok(read_file("./sub//b.txt", 100, &err));
	ck_assert_str_eq(text.data, "beta");
	ok(read_file("in", 100, &err));
	ok(read_file(scratch_path(&s, "work/a.txt"), 100, &err));
	fails(read_file("a.txt", 4, &err), PIPE_ELIMIT, "too large");
	fails(read_file("none", 4, &err), PIPE_ENOTFOUND, "there is no file none");
	fails(read_file("sub", 4, &err), PIPE_EIO, "not a regular file");
	fails(read_file("../secret.txt", 100, &err), PIPE_EUSAGE, "leaves the workspace");
	fails(read_file("out", 100, &err), PIPE_EUSAGE, "symbolic link");
	fails(read_file("/etc/passwd", 100, &err), PIPE_EUSAGE, "lua:");
	fails(read_file(scratch_path(&s, "work2/x"), 100, &err), PIPE_EUSAGE, "outside of the workspace");
}
END_TEST

START_TEST(files_that_the_pipeline_file_allows)
{
	char shared[512];
	const char *const directories[] = { shared, NULL };
	const struct lua_grants grants = { .read = directories };

	snprintf(shared, sizeof(shared), "%s", scratch_path(&s, "shared/"));
	open_workspace(&grants);
	ok(read_file(scratch_path(&s, "shared/given.txt"), 100, &err));
	ck_assert_str_eq(text.data, "given");
	fails(read_file(scratch_path(&s, "shared/out"), 100, &err), PIPE_EUSAGE, "symbolic link");
	fails(read_file(scratch_path(&s, "shared2/not.txt"), 100, &err), PIPE_EUSAGE, "outside of the workspace");
	fails(read_file(scratch_path(&s, "shared/../secret.txt"), 100, &err), PIPE_EUSAGE, "..");
}
END_TEST

START_TEST(patterns_are_of_the_workspace)
{
	open_workspace(NULL);
	ck_assert_str_eq(glob("**/*.txt", 9), "a.txt\nsub/b.txt\n");
	ck_assert_str_eq(glob("**/*.txt", 1), "a.txt\n");
	ck_assert_str_eq(glob("a.txt", 9), "a.txt\n");
	ck_assert_str_eq(glob("none", 9), "");
	ck_assert_str_eq(glob("../*", 9), "");
	fails(run_host(host)->glob(run_host(host)->payload, "/etc/*", 9, list, &text, &err), PIPE_EUSAGE,
	      "outside of the workspace");
}
END_TEST

START_TEST(without_a_workspace_there_are_no_files)
{
	open_host((struct run_host_options){ .job = UINT32_MAX });
	ck_assert(!run_host(host)->read && !run_host(host)->glob && !run_host(host)->put_metric && !run_host(host)->annotate);
	ck_assert_int_gt(run_host(host)->now_ms(run_host(host)->payload), 1600000000000);
}
END_TEST

Suite *lua_host_suite(void)
{
	Suite *suite = suite_create("lua_host");
	TCase *tc = tcase_create("lua_host");

	tcase_add_checked_fixture(tc, begin_host, end_host);
	tcase_add_test(tc, every_kind_has_cells_of_its_types);
	tcase_add_test(tc, sides_are_the_job_its_run_and_the_baseline);
	tcase_add_test(tc, filters_of_findings);
	tcase_add_test(tc, tests_with_seconds_and_without_quarantined_ones);
	tcase_add_test(tc, the_rest_of_the_evidence);
	tcase_add_test(tc, figures);
	tcase_add_test(tc, a_report_without_rows_is_known_of);
	tcase_add_test(tc, without_a_run_there_is_nothing_and_no_error);
	tcase_add_test(tc, without_a_history_there_is_nothing_and_no_error);
	tcase_add_test(tc, an_earlier_baseline_is_taken_as_given);
	tcase_add_test(tc, earlier_runs_by_query);
	tcase_add_test(tc, jobs_of_the_history);
	tcase_add_test(tc, the_graph_is_the_plan);
	tcase_add_test(tc, changes_come_from_git);
	tcase_add_test(tc, changes_that_cannot_be_known_are_an_error);
	tcase_add_test(tc, files_of_the_workspace);
	tcase_add_test(tc, files_that_the_pipeline_file_allows);
	tcase_add_test(tc, patterns_are_of_the_workspace);
	tcase_add_test(tc, without_a_workspace_there_are_no_files);
	suite_add_tcase(suite, tc);
	return suite;
}
