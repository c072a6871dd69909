/*
 * The types build, test and analyze without a machine: what they make of their parameters and of the files that are there, how tests
 * are divided, what is run once more, and how they judge.  The world, the history and the evidence are tables.
 */
#include "stages/analyser.h"
#include "stages/reading.h"
#include "stages/test/test.h"
#include "stages/types.h"

#include "base/glob.h"
#include "pipeline/keyword/keyword_fields.h"
#include "tests/unit/decode_fixture.h"

#include <stdlib.h>

Suite *stages_suite(void);

/* ---- a world ---- */

enum { DAY_MS = 86400000 };
static const int64_t now = INT64_C(1798761600000); /* 2027-01-01T00:00:00Z */

struct text_file {
	const char *path, *text;
};

struct fake {
	struct decoded_text text;
	struct arena arena;
	struct variables variables;
	struct scope scope;
	struct stage_world world;
	struct evidence_view view;
	struct evidence_totals totals;
	struct stage_job job;
	pipe_error err;
	int rc;

	const char *const *files; /* NULL-terminated, sorted */
	struct text_file texts[4];
	const struct test_history *history; /* ended by one without a suite */
	const struct evidence_test *tests;  /* the same, without a name */
	uint64_t findings;		    /* that the filter lets through */
	struct finding_filter filter;
	bool changes_unknown;
	struct str said, shown;
};

static bool exists(void *payload, const char *path)
{
	const struct fake *f = payload;
	size_t n = strlen(path);

	for (size_t i = 0; f->files && f->files[i]; i++)
		if (!strncmp(f->files[i], path, n) && (!f->files[i][n] || f->files[i][n] == '/'))
			return true;
	return false;
}

static const char *const *find(void *payload, struct arena *a, const char *pattern, size_t most)
{
	const struct fake *f = payload;
	const char **found = ARENA_ARRAY(a, const char *, most + 1);
	size_t n = 0;

	for (size_t i = 0; f->files && f->files[i] && n < most; i++)
		if (glob_match(pattern, f->files[i]))
			found[n++] = f->files[i];
	return n ? found : NULL;
}

static const char *read_text(void *payload, struct arena *a, const char *path, pipe_error *err)
{
	const struct fake *f = payload;

	(void)a;
	for (size_t i = 0; i < 4 && f->texts[i].path; i++)
		if (!strcmp(f->texts[i].path, path))
			return f->texts[i].text;
	if (err) {
		err->code = PIPE_ENOTFOUND;
		snprintf(err->text, sizeof(err->text), "cannot read %s", path);
	}
	return NULL;
}

static unsigned processors(void *payload)
{
	(void)payload;
	return 4;
}

static int64_t now_ms(void *payload)
{
	(void)payload;
	return now;
}

static int view_history(void *payload, int (*each)(void *, const struct test_history *), void *each_payload, pipe_error *err)
{
	const struct fake *f = payload;

	(void)err;
	for (size_t i = 0; f->history && f->history[i].suite; i++)
		if (each(each_payload, &f->history[i]))
			break;
	return PIPE_OK;
}

static int view_tests(void *payload, enum evidence_side side, const struct test_filter *filter,
		      int (*each)(void *, const struct evidence_test *), void *each_payload, uint64_t *count, pipe_error *err)
{
	const struct fake *f = payload;

	(void)err;
	ck_assert_int_eq(side, SIDE_JOB);
	ck_assert_ptr_null(count);
	for (size_t i = 0; f->tests && f->tests[i].name; i++)
		if (filter->statuses & 1u << f->tests[i].status && each(each_payload, &f->tests[i]))
			break;
	return PIPE_OK;
}

static int view_findings(void *payload, enum evidence_side side, const struct finding_filter *filter,
			 int (*each)(void *, const struct evidence_finding *), void *each_payload, uint64_t *count,
			 pipe_error *err)
{
	struct fake *f = payload;
	static const struct evidence_finding one = { .severity = SEVERITY_HIGH,
						     .path = "src/a.c",
						     .line = 7,
						     .message = "no good",
						     .rule = "bad",
						     .package = "",
						     .installed = "",
						     .fixed = "" };

	(void)err;
	ck_assert_int_eq(side, SIDE_JOB);
	f->filter = *filter;
	if (count)
		*count = f->findings;
	for (uint64_t i = 0; each && i < f->findings && !each(each_payload, &one); i++)
		;
	return PIPE_OK;
}

static int view_changed(void *payload, uint64_t *lines, uint64_t *hit, bool *known, const char **why, pipe_error *err)
{
	const struct fake *f = payload;

	(void)err;
	*lines = *hit = 0;
	*known = !f->changes_unknown;
	*why = f->changes_unknown ? "there is no Git" : NULL;
	return PIPE_OK;
}

static void say(void *payload, const char *line)
{
	struct fake *f = payload;

	str_printf(&f->said, "%s\n", line);
}

static void fake_init(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	decoded_init(&f->text);
	str_init(&f->said);
	str_init(&f->shown);
	ck_assert(variables_set(&f->variables, &f->arena, (struct variable){ .name = "SUB", .value = "sub" }));
	ck_assert(variables_set(&f->variables, &f->arena, (struct variable){ .name = "ROOT", .value = "/w" }));
	scope_push(&f->scope, &f->variables);
	f->world = (struct stage_world){
		.exists = exists, .glob = find, .read = read_text, .processors = processors, .now_ms = now_ms, .payload = f
	};
	f->view = (struct evidence_view){ .baseline_run = 1,
					  .baseline_branch = "main",
					  .tests = view_tests,
					  .findings = view_findings,
					  .changed_coverage = view_changed,
					  .history = view_history,
					  .payload = f };
}

static void fake_clear(struct fake *f)
{
	str_clear(&f->said);
	str_clear(&f->shown);
	arena_clear(&f->arena);
	decoded_clear(&f->text);
}

/* with: a map in flow style, which the table must take. */
static void prepare(struct fake *f, const struct stage_type *type, const char *with)
{
	if (!decoded_with(&f->text, type->uses.parameters, with)) {
		decoded_dump(&f->text, with);
		ck_abort_msg("the table does not take %s", with);
	}
	f->job = (struct stage_job){ .arena = &f->arena,
				     .type = type,
				     .name = "job",
				     .with = f->text.root,
				     .at = { 1, 1, 0 },
				     .sources = &f->text.sources,
				     .scope = &f->scope,
				     .workspace = "/w",
				     .scratch = "/s",
				     .world = &f->world,
				     .totals = &f->totals,
				     .say = say,
				     .say_payload = f };
}

static void compile(struct fake *f)
{
	f->rc = f->job.type->compile(&f->job, &f->err);
	f->job.view = &f->view;
}

/* ---- what came of it, as text ---- */

static void show_step(struct fake *f, const struct step *s)
{
	static const char *const kinds[] = {
		[STEP_COMMAND] = "$", [STEP_SCRIPT] = "sh", [STEP_SERVICE] = "&", [STEP_PROBE] = "?"
	};

	str_printf(&f->shown, "%s", kinds[s->kind]);
	for (size_t i = 0; s->argv && s->argv[i]; i++)
		str_printf(&f->shown, " %s", s->argv[i]);
	if (s->kind == STEP_PROBE)
		str_printf(&f->shown, " %s", s->probe->target);
	str_printf(&f->shown, "%s%s%s%s%s%s%s%s%s\n", s->script ? " " : "", s->script ? s->script : "", s->directory ? " @" : "",
		   s->directory ? s->directory : "", s->may_fail ? " may-fail" : "", s->always ? " always" : "",
		   s->env ? " env:" : "", s->env ? s->env[0] : "", s->env && s->env[0] && s->env[1] ? " ..." : "");
}

static void show_report(struct fake *f, const struct stage_report *r)
{
	str_printf(&f->shown, "report %s ", r->format ? r->format->name : "auto");
	if (r->pattern)
		str_adds(&f->shown, r->pattern);
	else
		str_printf(&f->shown, "log %u-%u", r->from, r->to);
	str_printf(&f->shown, "%s%s%s%s%s%s\n", r->directory && *r->directory ? " @" : "", r->directory ? r->directory : "",
		   r->required ? " required" : "", r->only_new ? " new" : "", r->tool ? " by " : "", r->tool ? r->tool : "");
}

/* What is new since `steps` and `reports`. */
static const char *shown_since(struct fake *f, uint32_t steps, uint32_t reports)
{
	str_reset(&f->shown);
	for (uint32_t i = steps; i < f->job.steps.count; i++)
		show_step(f, &f->job.steps.items[i]);
	for (uint32_t i = reports; i < f->job.reports.count; i++)
		show_report(f, &f->job.reports.items[i]);
	for (uint32_t i = 0; !steps && i < f->job.tools.count; i++)
		str_printf(&f->shown, "tool %s%s%s (%s)\n", f->job.tools.items[i].name,
			   f->job.tools.items[i].version ? " >= " : "",
			   f->job.tools.items[i].version ? f->job.tools.items[i].version : "", f->job.tools.items[i].package);
	for (uint32_t i = 0; !steps && i < f->job.outputs.count; i++)
		str_printf(&f->shown, "output %s\n", f->job.outputs.items[i]);
	return f->shown.data;
}

struct compiled {
	const struct stage_type *type;
	const char *with;
	const char *files[4];
	const char *expected;
};

static void compiles_to(const struct compiled *c)
{
	struct fake f;

	fake_init(&f);
	f.files = c->files;
	prepare(&f, c->type, c->with);
	compile(&f);
	ck_assert_msg(f.rc == PIPE_OK, "%s: %s", c->with, f.err.text);
	ck_assert_str_eq(shown_since(&f, 0, 0), c->expected);
	fake_clear(&f);
}

/* ---- the tables ---- */

static const struct keyword *parameter(const struct stage_type *type, const char *name)
{
	const struct keyword *k = keyword_find(type->uses.parameters, IN_NESTED, name, strlen(name));

	ck_assert_ptr_nonnull(k);
	return k;
}

START_TEST(formats_that_may_be_named_are_those_that_there_are)
{
	const char *const *values = keyword_find(reading_fields, IN_NESTED, "format", 6)->values;
	size_t i;

	ck_assert_str_eq(values[0], "auto");
	for (i = 0; report_formats[i]; i++)
		ck_assert_str_eq(values[i + 1], report_formats[i]->name);
	ck_assert_ptr_null(values[i + 1]);
}
END_TEST

static void sound_command(struct fake *f, const char *what, const struct project_command *c)
{
	static const char *const names[] = { "NAME", NULL };
	const struct project_values v = { .directory = "", .build = "out", .target = "all", .names = names };
	unsigned args = 0;

	ck_assert_msg(c->argv[0], "%s", what);
	for (size_t i = 0; i < PROJECT_ARGUMENTS && c->argv[i]; i++) {
		const char *filled = project_fill(&f->job, &v, c->argv[i]);
		args += !strcmp(c->argv[i], "{args}");
		ck_assert_msg(!strcmp(c->argv[i], "{args}") || strstr(what, "bandit") || !strchr(filled, '{'), "%s: %s", what,
			      filled);
		ck_assert_msg(i + 1 < PROJECT_ARGUMENTS, "%s is not ended", what);
	}
	ck_assert_msg(args <= 1, "%s", what);
}

static void sound_tool(const char *what, const struct stage_tool *t)
{
	ck_assert_msg(t->name && t->package, "%s", what);
	ck_assert_msg(!t->version_argv || t->version, "%s: how to ask is said, and not what for", what);
}

START_TEST(every_kind_of_project_is_sound)
{
	const char *const *of_build = parameter(&stage_build, "tool")->values, *const *of_test =
										       parameter(&stage_test, "tool")->values;
	struct fake f;
	size_t kinds = 0, values = 0;

	fake_init(&f);
	prepare(&f, &stage_build, "{}");
	for (const struct project_kind *k = project_kinds; k->name; k++, kinds++) {
		ck_assert_ptr_eq(project_kind_named(k->name), k);
		ck_assert_ptr_nonnull(k->markers[0]);
		sound_tool(k->name, &k->tool);
		if (k->test_tool.name)
			sound_tool(k->name, &k->test_tool);
		for (size_t i = 0; !i || (i < PROJECT_COMMANDS && k->build[i].argv[0]); i++)
			sound_command(&f, k->name, &k->build[i]);
		for (size_t i = 0; !i || (i < PROJECT_COMMANDS && k->test[i].argv[0]); i++)
			sound_command(&f, k->name, &k->test[i]);
		for (size_t i = 0; i < PROJECT_REPORTS && k->reports[i].format; i++)
			ck_assert_msg(report_format_named(k->reports[i].format), "%s: %s", k->name, k->reports[i].format);
		if (test_tool_of(k) && test_tool_of(k)->again[0].argv[0])
			sound_command(&f, k->name, &test_tool_of(k)->again[0]);
		if (test_tool_of(k) && test_tool_of(k)->report.format)
			ck_assert_ptr_nonnull(report_format_named(test_tool_of(k)->report.format));
	}
	for (; of_build[values]; values++) {
		ck_assert_str_eq(of_build[values], of_test[values]);
		ck_assert_msg(!strcmp(of_build[values], "auto") || project_kind_named(of_build[values]), "%s", of_build[values]);
	}
	ck_assert_uint_eq(values, kinds + 1);
	ck_assert_ptr_null(project_kind_named("auto"));
	fake_clear(&f);
}
END_TEST

START_TEST(every_analyser_is_sound)
{
	const char *const *values = parameter(&stage_analyze, "tool")->values;
	struct fake f;

	fake_init(&f);
	prepare(&f, &stage_build, "{}");
	for (size_t i = 0; values[i]; i++) {
		const struct analyser *a = analyser_named(values[i]);
		ck_assert_msg(a, "%s", values[i]);
		ck_assert_msg(!values[i + 1] || strcmp(values[i], values[i + 1]) < 0, "%s", values[i]);
		sound_tool(a->name, &a->tool);
		sound_command(&f, a->name, &a->command);
		ck_assert_msg(report_format_named(a->format), "%s", a->name);
		ck_assert_msg(a->broken > 0, "%s", a->name);
	}
	ck_assert_ptr_null(analyser_named("eyes"));
	fake_clear(&f);
}
END_TEST

/* ---- build ---- */

#define LOG "report compiler log 0-"

static const struct compiled builds[] = {
	{ &stage_build, "{}", { "Makefile" }, "$ make -j4\n" LOG "1\ntool make (make)\n" },
	{ &stage_build,
	  "{directory: $SUB, target: all, args: [CC=clang, V=1], outputs: [sub/app, sub/lib/*]}",
	  { "sub/makefile" },
	  "$ make -j4 CC=clang V=1 all @sub\n" LOG "1 @sub\ntool make (make)\noutput sub/app\noutput sub/lib/*\n" },
	{ &stage_build,
	  "{directory: ./sub/., build_directory: out}",
	  { "sub/CMakeLists.txt", "sub/Makefile" },
	  "$ cmake -S . -B out -DCMAKE_EXPORT_COMPILE_COMMANDS=ON @sub\n$ cmake --build out --parallel 4 @sub\n" LOG
	  "2 @sub\ntool cmake >= 3.13 (cmake)\n" },
	{ &stage_build,
	  "{args: [-Dx=1]}",
	  { "meson.build" },
	  "$ meson setup build -Dx=1\n$ meson compile -C build\n" LOG "2\ntool meson >= 0.55 (meson)\n" },
	{ &stage_build,
	  "{}",
	  { "build/build.ninja", "meson.build" },
	  "$ meson compile -C build\n" LOG "1\ntool meson >= 0.55 (meson)\n" },
	{ &stage_build,
	  "{}",
	  { "Cargo.toml" },
	  "$ cargo build --all-targets --message-format short\n" LOG "1\ntool cargo (cargo)\n" },
	{ &stage_build,
	  "{args: -race}",
	  { "Makefile", "go.mod" },
	  "$ go build -race ./...\n" LOG "1\ntool go >= 1.13 (golang-go)\n" },
	{ &stage_build, "{tool: make}", { "Makefile", "go.mod" }, "$ make -j4\n" LOG "1\ntool make (make)\n" },
	{ &stage_build,
	  "{}",
	  { "package-lock.json", "package.json" },
	  "$ npm ci --no-audit --no-fund\n$ npm run build --if-present\n" LOG "2\ntool npm (npm)\n" },
	{ &stage_build,
	  "{}",
	  { "package.json" },
	  "$ npm install --no-package-lock --no-audit --no-fund\n$ npm run build --if-present\n" LOG "2\ntool npm (npm)\n" },
	{ &stage_build, "{}", { "pom.xml" }, "$ mvn -B -DskipTests package\n" LOG "1\ntool mvn (maven)\n" },
	{ &stage_build, "{}", { "build.gradle.kts" }, "$ gradle assemble\n" LOG "1\ntool gradle (gradle)\n" },
	{ &stage_build,
	  "{}",
	  { "pyproject.toml" },
	  "$ python3 -m pip wheel --no-deps --wheel-dir dist .\n" LOG "1\ntool python3 (python3)\n" },
	{ &stage_build, "{}", { "setup.py" }, "$ python3 -m compileall -q .\n" LOG "1\ntool python3 (python3)\n" },
	{ &stage_build, "{command: make it}", { "Makefile" }, "sh make it\n" LOG "1\n" },
	{ &stage_build, "{command: [make, $SUB], directory: /w/sub}", { NULL }, "$ make sub @sub\n" LOG "1 @sub\n" },
};

START_TEST(build_compiles)
{
	compiles_to(&builds[_i]);
}
END_TEST

/* ---- test ---- */

static const struct compiled tests[] = {
	{ &stage_test, "{}", { "Makefile" }, "$ make -j4 test may-fail\ntool make (make)\n" },
	{ &stage_test,
	  "{target: check, reports: out.tap}",
	  { "Makefile" },
	  "$ make -j4 check may-fail\nreport auto out.tap required\ntool make (make)\n" },
	{ &stage_test,
	  "{directory: sub}",
	  { "sub/CMakeLists.txt" },
	  "$ ctest --test-dir build --output-on-failure --parallel 4 --output-junit /s/ctest.xml @sub may-fail\n"
	  "report junit /s/ctest.xml @sub new\ntool ctest >= 3.21 (cmake)\n" },
	{ &stage_test,
	  "{directory: sub}",
	  { "sub/meson.build" },
	  "$ meson test -C build --print-errorlogs @sub may-fail\nreport junit sub/build/meson-logs/testlog.junit.xml @sub new\n"
	  "tool meson >= 0.55 (meson)\n" },
	{ &stage_test,
	  "{}",
	  { "Cargo.toml" },
	  "$ cargo test --no-fail-fast may-fail\nreport libtest log 0-1 new\ntool cargo (cargo)\n" },
	{ &stage_test,
	  "{setup: prepare}",
	  { "go.mod" },
	  "sh prepare\n$ go test -json ./... may-fail\nreport gotest log 1-2 new\ntool go >= 1.13 (golang-go)\n" },
	{ &stage_test, "{args: [--ci]}", { "package.json" }, "$ npm test -- --ci may-fail\ntool npm (npm)\n" },
	{ &stage_test,
	  "{}",
	  { "pom.xml" },
	  "$ mvn -B -Dmaven.test.failure.ignore=false verify may-fail\nreport junit **/target/surefire-reports/TEST-*.xml new\n"
	  "report junit **/target/failsafe-reports/TEST-*.xml new\ntool mvn (maven)\n" },
	{ &stage_test,
	  "{}",
	  { "build.gradle" },
	  "$ gradle test --continue may-fail\nreport junit **/build/test-results/**/TEST-*.xml new\ntool gradle (gradle)\n" },
	{ &stage_test,
	  "{args: [-k, fast], coverage: coverage.xml}",
	  { "setup.cfg" },
	  "$ python3 -m pytest -o cache_dir=/s/pytest --junit-xml=/s/pytest.xml -k fast may-fail\n"
	  "report junit /s/pytest.xml new\nreport auto coverage.xml required\ntool pytest >= 4.6 (python3-pytest)\n" },
	/* reports that are named take the place of the tool's */
	{ &stage_test,
	  "{directory: sub, reports: [a.xml, {format: tap, path: /w/b}]}",
	  { "sub/pytest.ini" },
	  "$ python3 -m pytest -o cache_dir=/s/pytest --junit-xml=/s/pytest.xml @sub may-fail\n"
	  "report auto sub/a.xml @sub required\nreport tap /w/b @sub required\ntool pytest >= 4.6 (python3-pytest)\n" },
	{ &stage_test,
	  "{command: [t], setup: [s, '1'], teardown: rm it, directory: sub, services: {name: api, command: [api]}, "
	  "wait_for: [{tcp: '127.0.0.1:80'}, {log: up}]}",
	  { NULL },
	  "$ s 1 @sub\n& api @sub\n? 127.0.0.1:80\n? up\n$ t @sub may-fail\nsh rm it @sub may-fail always\n" },
};

START_TEST(test_compiles)
{
	compiles_to(&tests[_i]);
}
END_TEST

START_TEST(make_has_its_target_from_the_makefile)
{
	static const struct {
		const char *file, *text, *target;
	} cases[] = {
		{ "Makefile", "all:\n\ttrue\ncheck:\n\ttrue\n", "check" },
		{ "Makefile", "check: all\n", "check" },
		{ "GNUmakefile", "test check:\n", "test" },
		{ "Makefile", "all:\ntest :\ncheck:\n", "test" },
		{ "Makefile", "all:\n\techo check:\n", "test" },
		{ "makefile", "checks:\nmy-check:\n", "test" },
		{ "Makefile", NULL, "test" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const files[] = { cases[i].file, NULL };
		struct fake f;

		fake_init(&f);
		f.files = files;
		f.texts[0] = (struct text_file){ cases[i].text ? cases[i].file : NULL, cases[i].text };
		prepare(&f, &stage_test, "{}");
		compile(&f);
		ck_assert_int_eq(f.rc, PIPE_OK);
		ck_assert_msg(!strcmp(f.job.steps.items[0].argv[2], cases[i].target), "%zu: %s", i, f.job.steps.items[0].argv[2]);
		fake_clear(&f);
	}
}
END_TEST

/* ---- analyze ---- */

static const struct compiled analyses[] = {
	{ &stage_analyze,
	  "{tool: cppcheck, directory: sub, paths: [src, 'lib/*.c'], args: [--std=c11]}",
	  { "sub/lib/a.c", "sub/lib/b.c" },
	  "$ cppcheck --quiet --enable=warning,performance,portability --inline-suppr -j4 --xml --output-file=/s/cppcheck.xml "
	  "--std=c11 src lib/a.c lib/b.c @sub may-fail\nreport cppcheck /s/cppcheck.xml @sub required new by cppcheck\n"
	  "tool cppcheck >= 2.0 (cppcheck)\n" },
	{ &stage_analyze,
	  "{tool: shellcheck}",
	  { ".git/hooks/a.sh", "a.sh", "node_modules/x/b.sh" },
	  "$ shellcheck --format=gcc a.sh may-fail\nreport compiler log 0-1 by shellcheck\ntool shellcheck (shellcheck)\n" },
	{ &stage_analyze,
	  "{tool: clang-tidy, build_directory: out}",
	  { "build/gen.c", "src/a.cc", "src/b.c" },
	  "$ clang-tidy --quiet -p out src/b.c src/a.cc may-fail\nreport compiler log 0-1 by clang-tidy\n"
	  "tool clang-tidy (clang-tidy)\n" },
	{ &stage_analyze,
	  "{tool: govet}",
	  { "go.mod" },
	  "$ go vet ./... may-fail\nreport compiler log 0-1 by govet\ntool go (golang-go)\n" },
	{ &stage_analyze, "{command: lint, directory: sub}", { NULL }, "sh lint @sub may-fail\nreport compiler log 0-1 @sub\n" },
	{ &stage_analyze, "{command: lint, reports: [a.sarif]}", { NULL }, "sh lint may-fail\nreport auto a.sarif required\n" },
};

START_TEST(analyze_compiles)
{
	compiles_to(&analyses[_i]);
}
END_TEST

/* ---- what cannot be compiled ---- */

static const struct {
	const struct stage_type *type;
	const char *with;
	const char *files[3];
	int code;
	unsigned column;
	const char *says;
} wrong[] = {
	{ &stage_build, "{}", { "README" }, PIPE_ENOTFOUND, 0, "what kind of project \".\" holds is not recognised" },
	{ &stage_test, "{directory: sub}", { "sub/x" }, PIPE_ENOTFOUND, 0, "what kind of project \"sub\" holds" },
	{ &stage_build, "{directory: void}", { "Makefile" }, PIPE_ENOTFOUND, 0, "there is no directory \"void\"" },
	{ &stage_build,
	  "{directory: ../x}",
	  { "Makefile" },
	  PIPE_EPIPELINE,
	  13,
	  "the directory \"../x\" leads out of the workspace" },
	{ &stage_test, "{directory: a/../..}", { "Makefile" }, PIPE_EPIPELINE, 13, "leads out of the workspace" },
	{ &stage_analyze, "{command: x, directory: /workspace}", { NULL }, PIPE_EPIPELINE, 25, "leads out" },
	{ &stage_analyze, "{tool: shellcheck}", { "a.c" }, PIPE_ENOTFOUND, 0, "no file matches **/*.sh" },
	{ &stage_test, "{command: x, reports: ['']}", { NULL }, PIPE_EPIPELINE, 24, "the path of a report is empty" },
	{ &stage_test, "{command: x, quarantine: q.yml}", { NULL }, PIPE_ENOTFOUND, 0, "cannot read q.yml" },
};

START_TEST(what_cannot_be_compiled_says_why_and_where)
{
	struct fake f;

	fake_init(&f);
	f.files = wrong[_i].files;
	prepare(&f, wrong[_i].type, wrong[_i].with);
	compile(&f);
	ck_assert_int_eq(f.rc, wrong[_i].code);
	ck_assert_msg(strstr(f.err.text, wrong[_i].says), "%s", f.err.text);
	ck_assert_uint_eq(f.err.column, wrong[_i].column);
	ck_assert_str_eq(f.err.file, wrong[_i].column ? "ci.yml" : "");
	fake_clear(&f);
}
END_TEST

/* ---- shards ---- */

static const struct test_history no_past[] = { { .suite = NULL } };

/* Compiles all instances; the arguments behind `from` of each, in `out`, by " | ". */
static void shards(struct fake *out, const char *with, const char *const *files, const struct test_history *past, uint32_t total)
{
	fake_init(out);
	for (uint32_t i = 1; i <= total; i++) {
		struct fake f;

		fake_init(&f);
		f.files = files;
		f.history = past;
		prepare(&f, &stage_test, with);
		f.job.node_index = i;
		f.job.node_total = total;
		f.job.view = &f.view;
		compile(&f);
		ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
		str_adds(&out->shown, i > 1 ? " |" : "");
		for (uint32_t k = 0; k < f.job.steps.count; k++) {
			const struct step *s = &f.job.steps.items[k];
			for (size_t n = 0; s->argv && s->argv[n]; n++)
				if ((*s->argv[n] != '-' && !strchr(s->argv[n], '=')) || strstr(s->argv[n], "test=") ||
				    strstr(s->argv[n], "-I") || strstr(s->argv[n], "ITs"))
					str_printf(&out->shown, " %s", s->argv[n]);
			for (const char *p = s->env ? s->env[0] : ""; *p; p++)
				str_addc(&out->shown, *p == '\n' ? ',' : *p);
		}
		str_adds(&out->said, f.said.data);
		fake_clear(&f);
	}
}

static const char *const python_files[] = { "node_modules/x/test_no.py", "p/setup.py",	      "p/tests/sub/test_e.py",
					    "p/tests/test_a.py",	 "p/tests/test_b.py", "p/tests/test_c.py",
					    "p/tests/test_d.py",	 "p/venv/test_no.py", NULL };

START_TEST(shards_divide_by_past_durations)
{
	/* a: a class in it, by its suite; b: by its file; c, d, e: nothing is known */
	static const struct test_history past[] = {
		{ .suite = "tests.test_a.TestX", .name = "one", .file = "", .duration_us = 3000000 },
		{ .suite = "tests.test_a", .name = "two", .file = "", .duration_us = 3000000 },
		{ .suite = "whatever", .name = "three", .file = "p/tests/test_b.py", .duration_us = 2000000 },
		{ .suite = "tests.test_c", .name = "four", .file = "", .duration_us = -1 },
		{ .suite = "tests", .name = "five", .file = "", .duration_us = 99 },
		{ .suite = NULL },
	};
	struct fake f;

	shards(&f, "{directory: p, shards: 3}", python_files, past, 3);
	/* a 6 s; c, d, e 4 s each, the mean; b 2 s */
	ck_assert_str_eq(f.shown.data, " python3 pytest tests/test_a.py | python3 pytest tests/sub/test_e.py tests/test_d.py |"
				       " python3 pytest tests/test_c.py tests/test_b.py");
	ck_assert_str_eq(f.said.data, "shard 1 of 3: 1 of 5 files, about 6.0 s\nshard 2 of 3: 2 of 5 files, about 8.0 s\n"
				      "shard 3 of 3: 2 of 5 files, about 6.0 s\n");
	fake_clear(&f);
}
END_TEST

START_TEST(shards_cover_everything_once_whatever_their_number)
{
	enum { FILES = 97 };
	static char names[FILES][32];
	static const char *files[FILES + 2];
	struct test_history past[FILES / 2 + 1] = { { .suite = NULL } };
	uint64_t random = 42;

	files[0] = "a.sh";
	for (int i = 0; i < FILES; i++) {
		snprintf(names[i], sizeof(names[i]), "t/test_%03d.py", i);
		files[i + 1] = names[i];
	}
	for (int i = 0; i < FILES / 2; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		past[i] = (struct test_history){
			.suite = "", .name = "x", .file = names[2 * i], .duration_us = (int64_t)(random >> 33)
		};
	}
	past[0].duration_us = INT64_MAX;
	for (uint32_t total = 2; total < 110; total += 7) {
		struct fake f;

		shards(&f, "{command: run, tests: 't/**', shards: 2}", files, past, total);
		for (int i = 0; i < FILES; i++) {
			const char *first = strstr(f.shown.data, names[i]);
			ck_assert_msg(first && !strstr(first + 1, names[i]), "%s of %u", names[i], total);
		}
		fake_clear(&f);
	}
}
END_TEST

START_TEST(shards_of_each_tool)
{
	static const char *const go_files[] = {
		"_skip/a_test.go",  "a/a_test.go",  "a/b/b_test.go",	  "a/b/c_test.go",	"go.mod", "nested/go.mod",
		"nested/n_test.go", "root_test.go", "testdata/x_test.go", "vendor/v/v_test.go", NULL
	};
	static const struct test_history go_past[] = {
		{ .suite = "example.com/m/a/b", .name = "TestB", .file = "", .duration_us = 9000000 },
		{ .suite = "example.com/m", .name = "TestRoot", .file = "", .duration_us = 8000000 },
		{ .suite = "example.com/m/a", .name = "TestA", .file = "", .duration_us = 1000000 },
		{ .suite = NULL },
	};
	static const char *const java_files[] = { "pom.xml",
						  "src/test/java/x/ATest.java",
						  "src/test/java/x/TestB.java",
						  "src/test/java/y/ATest.java",
						  "target/src/test/java/CTest.java",
						  NULL };
	static const char *const js_files[] = { "a.test.js", "lib/b.spec.ts", "node_modules/x/x.test.js", "package.json", NULL };
	static const char *const cmake_files[] = { "CMakeLists.txt", NULL };
	struct fake f;

	shards(&f, "{shards: 2}", go_files, go_past, 2);
	ck_assert_str_eq(f.shown.data, " go test ./a/b | go test ./. ./a");
	fake_clear(&f);
	shards(&f, "{shards: 3, args: [-v]}", java_files, no_past, 3);
	ck_assert_str_eq(f.shown.data, " mvn -Dtest=ATest verify | mvn -Dtest=TestB -DskipITs verify |");
	fake_clear(&f);
	shards(&f, "{shards: 2}", js_files, no_past, 2);
	ck_assert_str_eq(f.shown.data, " npm test a.test.js | npm test lib/b.spec.ts");
	fake_clear(&f);
	shards(&f, "{shards: 2}", cmake_files, no_past, 2);
	ck_assert_str_eq(f.shown.data, " ctest build 4 /s/ctest.xml -I 1,,2 | ctest build 4 /s/ctest.xml -I 2,,2");
	fake_clear(&f);
	shards(&f, "{command: run, tests: '*.test.js', shards: 2}", js_files, no_past, 2);
	ck_assert_str_eq(f.shown.data, "PIPE_TESTS=a.test.js |");
	ck_assert_str_eq(f.said.data, "shard 1 of 2: 1 of 1 files (how long they take is not known yet)\n"
				      "shard 2 of 2: 0 of 1 files (how long they take is not known yet)\n");
	fake_clear(&f);
}
END_TEST

START_TEST(shards_that_cannot_be_say_so_before_anything_runs)
{
	static const struct {
		const char *with, *file, *says;
		bool with_view;
	} cases[] = {
		{ "{shards: 2}", "Makefile", "the tests of make cannot be divided", false },
		{ "{shards: 2}", "Cargo.toml", "the tests of cargo cannot be divided", false },
		{ "{shards: 2, command: x}", "Makefile", "it is not known which files hold tests", false },
		{ "{shards: 2}", "pytest.ini", "nothing was found that could be divided", true },
		{ "{shards: 2, command: x, tests: [a/*]}", "b/a", "nothing was found that could be divided", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const files[] = { cases[i].file, NULL };
		struct fake f;

		fake_init(&f);
		f.files = files;
		prepare(&f, &stage_test, cases[i].with);
		f.job.node_index = 1;
		f.job.node_total = 2;
		f.job.view = cases[i].with_view ? &f.view : NULL;
		compile(&f);
		ck_assert_int_eq(f.rc, PIPE_EPIPELINE);
		ck_assert_msg(strstr(f.err.text, cases[i].says), "%s", f.err.text);
		ck_assert_uint_eq(f.err.column, 10);
		fake_clear(&f);
	}
}
END_TEST

/* ---- the quarantine ---- */

static const char quarantine_text[] = "- test: \"cart::*\"\n  until: 2027-01-01\n  reason: races\n"
				      "- {test: old, until: 2026-12-31, reason: \"#7\"}\n"
				      "- {test: nobody, until: 2030-01-01, reason: gone}\n";

static void with_quarantine(struct fake *f, const char *text)
{
	fake_init(f);
	f->texts[0] = (struct text_file){ "q.yml", text };
	prepare(f, &stage_test, "{command: x, quarantine: q.yml}");
	compile(f);
}

static bool is_quarantined(struct fake *f, const char *suite, const char *name)
{
	struct evidence_test t = { .suite = suite, .name = name, .status = TEST_FAILED };

	f->job.type->mark(&f->job, &t);
	return t.quarantined;
}

START_TEST(quarantine_holds_until_its_day)
{
	struct fake f;

	with_quarantine(&f, quarantine_text);
	ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
	ck_assert(is_quarantined(&f, "cart", "total"));
	ck_assert(is_quarantined(&f, "cart", ""));
	ck_assert(!is_quarantined(&f, "my cart", "total"));
	ck_assert(!is_quarantined(&f, "", "old"));
	ck_assert(!is_quarantined(&f, "x", "older"));
	ck_assert_int_eq(f.job.type->evaluate(&f.job, &f.err), PIPE_OK);
	ck_assert_str_eq(f.said.data, "q.yml: the quarantine of \"old\" ended on 2026-12-31: it counts again (#7)\n"
				      "q.yml: \"nobody\" is the name of no test here\n");
	fake_clear(&f);
}
END_TEST

START_TEST(an_empty_quarantine_holds_nobody)
{
	static const char *const texts[] = { "", "# nobody\n", "[]\n", "---\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct fake f;

		with_quarantine(&f, texts[i]);
		ck_assert_msg(f.rc == PIPE_OK, "%zu: %s", i, f.err.text);
		ck_assert(!is_quarantined(&f, "", "a"));
		fake_clear(&f);
	}
}
END_TEST

START_TEST(a_wrong_quarantine_says_where)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} cases[] = {
		{ "- {test: a, until: tomorrow, reason: b}", 1, "\"tomorrow\" is no day" },
		{ "- {test: a, until: 2027-02-29, reason: b}", 1, "\"2027-02-29\" is no day" },
		{ "- {test: a, until: 2027-13-01, reason: b}", 1, "is no day" },
		{ "- {test: a, until: 2027-1-1, reason: b}", 1, "is no day" },
		{ "- {test: a, until: 2027-01-01T00, reason: b}", 1, "is no day" },
		{ "- test: a\n  until: 2027-01-01\n", 1, "reason" },
		{ "- test: a\n  until: 2027-01-01\n  raison: b\n", 3, "raison" },
		{ "test: a\n", 1, "list" },
		{ "- [a]\n", 1, "" },
		{ "- test: a\n until: b\n", 2, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake f;

		with_quarantine(&f, cases[i].text);
		ck_assert_msg(f.rc == PIPE_EPIPELINE, "%zu", i);
		ck_assert_msg(strstr(f.err.text, cases[i].says), "%zu: %s", i, f.err.text);
		ck_assert_str_eq(f.err.file, "q.yml");
		ck_assert_msg(f.err.line == cases[i].line, "%zu: line %u", i, f.err.line);
		fake_clear(&f);
	}
}
END_TEST

/* ---- once more ---- */

static const struct evidence_test failed_go[] = {
	{ .suite = "m/a", .name = "TestA/sub_1", .status = TEST_FAILED, .message = "" },
	{ .suite = "m/a", .name = "TestA", .status = TEST_FAILED, .message = "" },
	{ .suite = "m/b", .name = "TestB", .status = TEST_ERROR, .message = "" },
	{ .suite = "m/b", .name = "TestGood", .status = TEST_PASSED, .message = "" },
	{ .name = NULL },
};
static const struct evidence_test failed_package[] = {
	{ .suite = "m/a", .name = "TestA", .status = TEST_FAILED, .message = "" },
	{ .suite = "m/b", .name = "m/b", .status = TEST_ERROR, .message = "" },
	{ .name = NULL },
};
static const struct evidence_test failed_odd[] = {
	{ .suite = "", .name = "a.b (c) [$1]*", .status = TEST_FAILED, .message = "" },
	{ .name = NULL },
};
static const struct evidence_test failed_java[] = {
	{ .suite = "x.CartTest", .name = "total(int)[1]", .status = TEST_FAILED, .message = "" },
	{ .suite = "x.CartTest", .name = "total(int)[2]", .status = TEST_FAILED, .message = "" },
	{ .suite = "x.ShopTest", .name = "opens", .status = TEST_FAILED, .message = "" },
	{ .name = NULL },
};

static const struct {
	const char *with, *file;
	const struct evidence_test *tests;
	const char *expected;
} reruns[] = {
	{ "{rerun_failed: 1}", "go.mod", failed_go,
	  "$ go test -json -count=1 -run ^(TestA|TestB)$ ./... may-fail\nreport gotest log 1-2 new\n" },
	{ "{rerun_failed: 1}", "go.mod", failed_package, "$ go test -json ./... may-fail\nreport gotest log 1-2 new\n" },
	{ "{rerun_failed: 1, args: [-x]}", "pytest.ini", failed_go,
	  "$ python3 -m pytest -o cache_dir=/s/pytest --last-failed --last-failed-no-failures none "
	  "--junit-xml=/s/pytest-1.xml -x may-fail\nreport junit /s/pytest-1.xml new\n" },
	{ "{rerun_failed: 1}", "CMakeLists.txt", failed_go,
	  "$ ctest --test-dir build --output-on-failure --output-junit /s/ctest-1.xml -R ^(TestA/sub_1|TestA|TestB)$ may-fail\n"
	  "report junit /s/ctest-1.xml new\n" },
	{ "{rerun_failed: 1, args: [-L, fast]}", "CMakeLists.txt", failed_odd,
	  "$ ctest --test-dir build --output-on-failure --output-junit /s/ctest-1.xml -L fast "
	  "-R ^(a\\.b \\(c\\) \\[\\$1\\]\\*)$ may-fail\nreport junit /s/ctest-1.xml new\n" },
	{ "{rerun_failed: 1}", "pom.xml", failed_java,
	  "$ mvn -B -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false "
	  "-Dtest=x.CartTest#total,x.ShopTest#opens -Dit.test=x.CartTest#total,x.ShopTest#opens verify may-fail\n"
	  "report junit **/target/surefire-reports/TEST-*.xml new\nreport junit **/target/failsafe-reports/TEST-*.xml new\n" },
	{ "{rerun_failed: 1}", "Cargo.toml", failed_go,
	  "$ cargo test --no-fail-fast -- TestA/sub_1 TestA TestB may-fail\nreport libtest log 1-2 new\n" },
	{ "{rerun_failed: 1, args: [--, --nocapture]}", "Cargo.toml", failed_go,
	  "$ cargo test --no-fail-fast -- --nocapture may-fail\nreport libtest log 1-2 new\n" },
	{ "{rerun_failed: 1, reports: t.tap}", "Makefile", failed_go, "$ make -j4 test may-fail\nreport auto t.tap required\n" },
	{ "{rerun_failed: 1, command: run, reports: t.tap, coverage: c.info}", "README", failed_go,
	  "sh run may-fail env:PIPE_TESTS=TestA/sub_1\nTestA\nTestB\nreport auto t.tap required\n"
	  "report auto c.info required\n" },
	{ "{rerun_failed: 1, command: run, rerun_command: [again], reports: t.tap}", "README", failed_go,
	  "$ again may-fail env:PIPE_TESTS=TestA/sub_1\nTestA\nTestB\nreport auto t.tap required\n" },
};

START_TEST(failed_tests_run_again)
{
	const char *const files[] = { reruns[_i].file, NULL };
	uint32_t steps, reports;
	struct fake f;

	fake_init(&f);
	f.files = files;
	f.tests = reruns[_i].tests;
	prepare(&f, &stage_test, reruns[_i].with);
	compile(&f);
	ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
	steps = f.job.steps.count;
	reports = f.job.reports.count;
	f.totals.tests[TEST_FAILED] = 2;
	f.totals.has_tests = true;
	ck_assert_int_eq(f.job.type->react(&f.job, &f.err), PIPE_OK);
	ck_assert_str_eq(shown_since(&f, steps, reports), reruns[_i].expected);
	ck_assert_str_eq(f.said.data, "2 failed: run again (1 of 1)\n");
	/* not more often than it says, and not when all is well */
	steps = f.job.steps.count;
	f.job.round = 1;
	ck_assert_int_eq(f.job.type->react(&f.job, &f.err), PIPE_OK);
	f.job.round = 0;
	f.totals.tests[TEST_FAILED] = 0;
	ck_assert_int_eq(f.job.type->react(&f.job, &f.err), PIPE_OK);
	f.totals.tests[TEST_FAILED] = 1;
	f.totals.has_tests = false;
	ck_assert_int_eq(f.job.type->react(&f.job, &f.err), PIPE_OK);
	ck_assert_uint_eq(f.job.steps.count, steps);
	fake_clear(&f);
}
END_TEST

START_TEST(names_that_do_not_fit_are_told)
{
	static char long_name[2001];
	static struct evidence_test many[201];
	struct fake f;

	memset(long_name, 'n', sizeof(long_name) - 1);
	for (int i = 0; i < 200; i++) {
		char *name = strdup(long_name);
		snprintf(name, 8, "%07d", i);
		name[7] = 'n';
		many[i] = (struct evidence_test){ .suite = "", .name = name, .status = TEST_FAILED, .message = "" };
	}
	fake_init(&f);
	f.tests = many;
	prepare(&f, &stage_test, "{rerun_failed: 1, command: run, reports: t.tap}");
	compile(&f);
	f.totals.tests[TEST_FAILED] = 200;
	f.totals.has_tests = true;
	ck_assert_int_eq(f.job.type->react(&f.job, &f.err), PIPE_OK);
	ck_assert_uint_lt(strlen(f.job.steps.items[1].env[0]), 128 * 1024);
	ck_assert_msg(strstr(f.said.data, "names do not fit into PIPE_TESTS"), "%s", f.said.data);
	for (int i = 0; i < 200; i++)
		free((char *)(uintptr_t)many[i].name);
	fake_clear(&f);
}
END_TEST

/* ---- verdicts of test ---- */

static const struct evidence_test named[] = {
	{ .suite = "s", .name = "a", .status = TEST_FAILED, .message = "3 != 4\nmore" },
	{ .suite = "", .name = "b", .status = TEST_ERROR, .message = "" },
	{ .suite = "s", .name = "f", .status = TEST_FLAKY, .message = "once" },
	{ .name = NULL },
};

static const struct {
	const char *with;
	enum step_end end;
	int exit_code;
	const char *step_reason;
	uint64_t failed, error, flaky, passed, skipped, quarantined, quarantined_failed;
	bool has_tests;
	enum stage_verdict verdict;
	const char *reason;
} verdicts[] = {
	{ "{command: t}", STEP_OK, 0, NULL, 0, 0, 0, 0, 0, 0, 0, false, VERDICT_PASS, NULL },
	{ "{command: t}", STEP_OK, 0, NULL, 0, 0, 0, 3, 0, 0, 0, true, VERDICT_PASS, NULL },
	{ "{command: t}", STEP_FAILED, 2, NULL, 0, 0, 0, 0, 0, 0, 0, false, VERDICT_FAIL, "the tests failed with exit code 2" },
	{ "{command: t}", STEP_FAILED, 2, NULL, 0, 0, 0, 3, 0, 0, 0, true, VERDICT_FAIL,
	  "the command failed with exit code 2 although its reports show no failure" },
	{ "{command: t}", STEP_FAILED, 5, NULL, 0, 0, 0, 0, 0, 0, 0, true, VERDICT_FAIL,
	  "the command failed with exit code 5, and no test ran" },
	{ "{command: t}", STEP_FAILED, 139, "killed by signal 11", 0, 0, 0, 3, 0, 0, 0, true, VERDICT_FAIL,
	  "killed by signal 11" },
	{ "{command: t}", STEP_TIMED_OUT, -1, NULL, 0, 0, 0, 3, 0, 0, 0, true, VERDICT_FAIL, "the tests did not end" },
	{ "{command: t}", STEP_OK, 0, NULL, 1, 0, 0, 2, 0, 0, 0, true, VERDICT_FAIL, "1 of 3 tests failed: s a (3 != 4), ..." },
	{ "{command: t}", STEP_FAILED, 1, NULL, 1, 1, 0, 0, 0, 0, 0, true, VERDICT_FAIL, "2 of 2 tests failed: s a (3 != 4), b" },
	{ "{command: t}", STEP_FAILED, 1, NULL, 1, 1, 0, 0, 0, 1, 1, true, VERDICT_FAIL, "2 of 3 tests failed: s a (3 != 4), b" },
	{ "{command: t}", STEP_OK, 0, NULL, 0, 0, 1, 2, 0, 0, 0, true, VERDICT_WARN,
	  "1 of 3 tests passed only on another try: s f (once)" },
	/* quarantined ones explain an exit code, and nothing else */
	{ "{command: t}", STEP_FAILED, 1, NULL, 0, 0, 0, 2, 0, 1, 1, true, VERDICT_PASS, NULL },
	{ "{command: t}", STEP_FAILED, 1, NULL, 0, 0, 0, 2, 0, 1, 0, true, VERDICT_FAIL,
	  "the command failed with exit code 1 although its reports show no failure" },
	{ "{command: t}", STEP_FAILED, 139, "killed by signal 11", 0, 0, 0, 2, 0, 1, 1, true, VERDICT_FAIL,
	  "killed by signal 11" },
	/* how many */
	{ "{command: t}", STEP_OK, 0, NULL, 0, 0, 0, 0, 0, 0, 0, true, VERDICT_FAIL, "0 tests ran, and at least 1 must" },
	{ "{command: t}", STEP_OK, 0, NULL, 0, 0, 0, 0, 2, 0, 0, true, VERDICT_PASS, NULL },
	{ "{command: t, least: 0}", STEP_OK, 0, NULL, 0, 0, 0, 0, 0, 0, 0, true, VERDICT_PASS, NULL },
	{ "{command: t, least: 3}", STEP_OK, 0, NULL, 0, 0, 0, 2, 5, 0, 0, true, VERDICT_FAIL,
	  "2 tests ran, and at least 3 must" },
	{ "{command: t, least: 3}", STEP_OK, 0, NULL, 0, 0, 0, 2, 0, 1, 0, true, VERDICT_PASS, NULL },
	{ "{command: t, least: 1}", STEP_OK, 0, NULL, 0, 0, 0, 0, 0, 0, 0, false, VERDICT_FAIL,
	  "0 tests ran, and at least 1 must" },
	{ "{command: t, least: 5}", STEP_OK, 0, NULL, 0, 0, 1, 3, 0, 0, 0, true, VERDICT_FAIL,
	  "4 tests ran, and at least 5 must" },
};

START_TEST(test_is_judged)
{
	struct fake f;

	fake_init(&f);
	f.tests = named;
	prepare(&f, &stage_test, verdicts[_i].with);
	compile(&f);
	ck_assert_int_eq(f.rc, PIPE_OK);
	f.job.steps.items[0].state = STEP_DONE;
	f.job.steps.items[0].end = verdicts[_i].end;
	f.job.steps.items[0].exit_code = verdicts[_i].exit_code;
	f.job.steps.items[0].reason = verdicts[_i].step_reason;
	f.totals.tests[TEST_FAILED] = verdicts[_i].failed;
	f.totals.tests[TEST_ERROR] = verdicts[_i].error;
	f.totals.tests[TEST_FLAKY] = verdicts[_i].flaky;
	f.totals.tests[TEST_PASSED] = verdicts[_i].passed;
	f.totals.tests[TEST_SKIPPED] = verdicts[_i].skipped;
	f.totals.quarantined = verdicts[_i].quarantined;
	f.totals.quarantined_failed = verdicts[_i].quarantined_failed;
	f.totals.has_tests = verdicts[_i].has_tests;
	ck_assert_int_eq(f.job.type->evaluate(&f.job, &f.err), PIPE_OK);
	ck_assert_int_eq(f.job.verdict, verdicts[_i].verdict);
	if (verdicts[_i].reason && strstr(verdicts[_i].reason, "..."))
		ck_assert_msg(!strncmp(f.job.reason, verdicts[_i].reason, strlen(verdicts[_i].reason) - 5), "%s", f.job.reason);
	else if (verdicts[_i].reason)
		ck_assert_str_eq(f.job.reason, verdicts[_i].reason);
	else
		ck_assert_ptr_null(f.job.reason);
	fake_clear(&f);
}
END_TEST

START_TEST(a_setup_that_fails_is_the_cause_and_a_teardown_is_none)
{
	struct fake f;

	fake_init(&f);
	prepare(&f, &stage_test, "{setup: prepare, command: t, teardown: clean}");
	compile(&f);
	for (uint32_t i = 0; i < 3; i++)
		f.job.steps.items[i].state = STEP_DONE;
	f.job.steps.items[2].end = STEP_FAILED;
	f.job.steps.items[2].exit_code = 1;
	ck_assert_int_eq(f.job.type->evaluate(&f.job, &f.err), PIPE_OK);
	ck_assert_int_eq(f.job.verdict, VERDICT_PASS);
	f.job.steps.items[0].end = STEP_FAILED;
	f.job.steps.items[0].exit_code = 4;
	f.job.steps.items[1].state = STEP_SKIPPED;
	ck_assert_int_eq(f.job.type->evaluate(&f.job, &f.err), PIPE_OK);
	ck_assert_int_eq(f.job.verdict, VERDICT_FAIL);
	ck_assert_str_eq(f.job.reason, "\"prepare\" failed with exit code 4");
	fake_clear(&f);
}
END_TEST

START_TEST(an_instance_without_units_is_green)
{
	static const char *const files[] = { "a.t", NULL };
	struct fake f;

	fake_init(&f);
	f.files = files;
	prepare(&f, &stage_test, "{command: t, tests: '*.t', shards: 2, reports: r.tap, least: 1}");
	f.job.node_index = f.job.node_total = 2;
	f.job.view = &f.view;
	compile(&f);
	ck_assert_int_eq(f.rc, PIPE_OK);
	ck_assert_uint_eq(f.job.steps.count, 0);
	ck_assert_uint_eq(f.job.reports.count, 0);
	ck_assert_int_eq(f.job.type->evaluate(&f.job, &f.err), PIPE_OK);
	ck_assert_int_eq(f.job.verdict, VERDICT_PASS);
	fake_clear(&f);
}
END_TEST

/* ---- verdicts of build and analyze ---- */

START_TEST(build_counts_warnings)
{
	static const struct {
		const char *with;
		uint64_t warnings;
		int exit_code;
		const char *reason;
	} cases[] = {
		{ "{command: b}", 7, 0, NULL },
		{ "{command: b, max_warnings: 7}", 7, 0, NULL },
		{ "{command: b, max_warnings: 6}", 7, 0, "the compilers gave 7 warnings, and max_warnings is 6" },
		{ "{command: b, max_warnings: 0}", 1, 0, "the compilers gave 1 warning, and max_warnings is 0" },
		{ "{command: b, max_warnings: 0}", 1, 2, "\"b\" failed with exit code 2" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake f;

		fake_init(&f);
		prepare(&f, &stage_build, cases[i].with);
		compile(&f);
		f.job.steps.items[0].state = STEP_DONE;
		f.job.steps.items[0].end = cases[i].exit_code ? STEP_FAILED : STEP_OK;
		f.job.steps.items[0].exit_code = cases[i].exit_code;
		f.totals.findings[FINDING_WARNING][SEVERITY_MEDIUM] = cases[i].warnings;
		f.totals.findings[FINDING_ISSUE][SEVERITY_HIGH] = 50;
		ck_assert_int_eq(f.job.type->evaluate(&f.job, &f.err), PIPE_OK);
		ck_assert_int_eq(f.job.verdict, cases[i].reason ? VERDICT_FAIL : VERDICT_PASS);
		if (cases[i].reason)
			ck_assert_str_eq(f.job.reason, cases[i].reason);
		fake_clear(&f);
	}
}
END_TEST

static const struct {
	const char *with;
	enum step_end end;
	int exit_code;
	uint64_t found, counted; /* all findings; those that the filter lets through */
	bool no_baseline, changes_unknown;
	enum stage_verdict verdict;
	const char *says; /* the reason, or what the log says */
} judged[] = {
	{ "{tool: cppcheck}", STEP_OK, 0, 0, 0, false, false, VERDICT_PASS, "" },
	{ "{tool: cppcheck}", STEP_OK, 0, 3, 0, false, false, VERDICT_PASS, "" },
	{ "{tool: cppcheck}", STEP_OK, 0, 3, 2, false, false, VERDICT_FAIL,
	  "2 findings of severity high and above: src/a.c:7: high: no good [bad], ..." },
	{ "{tool: cppcheck, max: 2}", STEP_OK, 0, 3, 2, false, false, VERDICT_PASS, "" },
	{ "{tool: cppcheck, max: 1, fail_on: critical}", STEP_OK, 0, 3, 2, false, false, VERDICT_FAIL,
	  "2 findings of severity critical, and max is 1: src/a.c:7" },
	{ "{tool: cppcheck, fail_on: none}", STEP_OK, 0, 3, 3, false, false, VERDICT_PASS, "" },
	{ "{tool: cppcheck, new: true}", STEP_OK, 0, 3, 1, false, false, VERDICT_FAIL,
	  "1 new finding of severity high and above: src/a.c:7: high: no good [bad]" },
	{ "{tool: cppcheck, new: true}", STEP_OK, 0, 3, 1, true, false, VERDICT_PASS, "what is new cannot be said: no run yet" },
	{ "{tool: cppcheck, touched: lines}", STEP_OK, 0, 3, 1, false, false, VERDICT_FAIL, "on lines that this change touched" },
	{ "{tool: cppcheck, touched: files}", STEP_OK, 0, 3, 1, false, true, VERDICT_PASS,
	  "what this change touched cannot be said: there is no Git" },
	/* an exit status: of findings, or of something that broke */
	{ "{tool: cppcheck}", STEP_FAILED, 1, 3, 0, false, false, VERDICT_FAIL,
	  "the analyser failed with exit code 1, and that is no sign of findings" },
	{ "{tool: pylint, paths: a.py}", STEP_FAILED, 30, 3, 0, false, false, VERDICT_PASS, "" },
	{ "{tool: pylint, paths: a.py}", STEP_FAILED, 32, 3, 0, false, false, VERDICT_FAIL, "no sign of findings" },
	{ "{tool: pylint, paths: a.py}", STEP_FAILED, 30, 0, 0, false, false, VERDICT_FAIL, "no finding explains it" },
	{ "{tool: pylint, paths: a.py, fail_on: none}", STEP_FAILED, 32, 3, 0, false, false, VERDICT_FAIL,
	  "no sign of findings" },
	{ "{command: lint}", STEP_FAILED, 77, 3, 0, false, false, VERDICT_PASS, "" },
	{ "{command: lint}", STEP_FAILED, 77, 0, 0, false, false, VERDICT_FAIL, "no finding explains it" },
	{ "{command: lint}", STEP_TIMED_OUT, -1, 3, 0, false, false, VERDICT_FAIL, "the analyser did not work" },
};

START_TEST(analyze_is_judged)
{
	struct fake f;

	fake_init(&f);
	f.findings = judged[_i].counted;
	f.changes_unknown = judged[_i].changes_unknown;
	if (judged[_i].no_baseline) {
		f.view.baseline_run = 0;
		f.view.no_baseline = "no run yet";
	}
	prepare(&f, &stage_analyze, judged[_i].with);
	compile(&f);
	ck_assert_msg(f.rc == PIPE_OK, "%s", f.err.text);
	f.job.steps.items[0].state = STEP_DONE;
	f.job.steps.items[0].end = judged[_i].end;
	f.job.steps.items[0].exit_code = judged[_i].exit_code;
	f.totals.findings[FINDING_ISSUE][SEVERITY_HIGH] = judged[_i].found;
	ck_assert_int_eq(f.job.type->evaluate(&f.job, &f.err), PIPE_OK);
	ck_assert_int_eq(f.job.verdict, judged[_i].verdict);
	if (judged[_i].verdict == VERDICT_FAIL)
		ck_assert_msg(strstr(f.job.reason, judged[_i].says), "%s", f.job.reason);
	else
		ck_assert_msg(strstr(f.said.data, judged[_i].says), "%s", f.said.data);
	fake_clear(&f);
}
END_TEST

START_TEST(what_was_found_is_shown_up_to_a_number)
{
	struct fake f;
	size_t lines = 0;

	fake_init(&f);
	f.findings = 50;
	prepare(&f, &stage_analyze, "{command: lint}");
	compile(&f);
	f.job.steps.items[0].state = STEP_DONE;
	ck_assert_int_eq(f.job.type->evaluate(&f.job, &f.err), PIPE_OK);
	for (const char *p = f.said.data; *p; p++)
		lines += *p == '\n';
	ck_assert_uint_eq(lines, 21);
	ck_assert_ptr_nonnull(strstr(f.said.data, "... and 30 more: pipe findings"));
	ck_assert_uint_eq(f.filter.severity, SEVERITY_HIGH);
	fake_clear(&f);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(*(table)))

Suite *stages_suite(void)
{
	Suite *s = suite_create("stages");
	TCase *t = tcase_create("tables");

	tcase_add_test(t, formats_that_may_be_named_are_those_that_there_are);
	tcase_add_test(t, every_kind_of_project_is_sound);
	tcase_add_test(t, every_analyser_is_sound);
	suite_add_tcase(s, t);

	t = tcase_create("compile");
	tcase_add_loop_test(t, build_compiles, 0, COUNT(builds));
	tcase_add_loop_test(t, test_compiles, 0, COUNT(tests));
	tcase_add_loop_test(t, analyze_compiles, 0, COUNT(analyses));
	tcase_add_loop_test(t, what_cannot_be_compiled_says_why_and_where, 0, COUNT(wrong));
	tcase_add_test(t, make_has_its_target_from_the_makefile);
	suite_add_tcase(s, t);

	t = tcase_create("shards");
	tcase_add_test(t, shards_divide_by_past_durations);
	tcase_add_test(t, shards_cover_everything_once_whatever_their_number);
	tcase_add_test(t, shards_of_each_tool);
	tcase_add_test(t, shards_that_cannot_be_say_so_before_anything_runs);
	suite_add_tcase(s, t);

	t = tcase_create("quarantine");
	tcase_add_test(t, quarantine_holds_until_its_day);
	tcase_add_test(t, an_empty_quarantine_holds_nobody);
	tcase_add_test(t, a_wrong_quarantine_says_where);
	suite_add_tcase(s, t);

	t = tcase_create("again");
	tcase_add_loop_test(t, failed_tests_run_again, 0, COUNT(reruns));
	tcase_add_test(t, names_that_do_not_fit_are_told);
	suite_add_tcase(s, t);

	t = tcase_create("verdict");
	tcase_add_loop_test(t, test_is_judged, 0, COUNT(verdicts));
	tcase_add_test(t, a_setup_that_fails_is_the_cause_and_a_teardown_is_none);
	tcase_add_test(t, an_instance_without_units_is_green);
	tcase_add_test(t, build_counts_warnings);
	tcase_add_loop_test(t, analyze_is_judged, 0, COUNT(judged));
	tcase_add_test(t, what_was_found_is_shown_up_to_a_number);
	suite_add_tcase(s, t);
	return s;
}
