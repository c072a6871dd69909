/*
 * uses: test - runs tests with the tool that the project is made for, or with a command; reads what the tool reports, and believes
 * neither its exit status nor its report alone: either may be red.
 *
 *   setup -> services -> wait_for -> tests -> (failed tests again) -> teardown
 */
#include "stages/test/test.h"

#include "base/error.h"
#include "base/str.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/parameter.h"
#include "stages/reading.h"
#include "stages/types.h"

#include <string.h>

enum { NAMED = 3, RERUNS_MAX = 10 };

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)
#define COMMAND TAKES_TEXT | TAKES_LIST

static const char *const tools[] = { "auto", "make", "cmake", "meson", "cargo", "go", "npm", "maven", "gradle", "python", NULL };
static const char *const types[] = { "unit", "integration", NULL };

static const struct keyword parameters[] = {
	FIELD("args", TAKES_TEXT | TAKES_LIST, "further arguments for the tool", .items = TAKES_TEXT,
	      .example = "args: [-k, fast]"),
	FIELD("build_directory", TAKES_TEXT, "where cmake and meson have put what they made, in `directory`",
	      .fallback = "build"),
	FIELD("command", COMMAND, "what runs the tests: a text for the job's shell, or a list that is run as it is",
	      .items = TAKES_TEXT, .shell = true, .fallback = "found out from the files that are there",
	      .example = "command: make check"),
	FIELD("coverage", READING_TAKES, "coverage reports: cobertura, lcov, jacoco", .items = READING_ITEMS,
	      .fields = reading_fields, .example = "coverage: coverage.xml"),
	FIELD("directory", TAKES_TEXT, "where the project lies in the workspace", .fallback = "the workspace itself"),
	FIELD("least", TAKES_INT, "fewer tests than this fail the job; with `shards`, each of them",
	      .fallback = "1 where a report is read", .least = 0, .most = 100000000),
	FIELD("quarantine", TAKES_TEXT, "a file that lists unreliable tests, each with test, until and reason",
	      .example = "quarantine: tests/quarantine.yml"),
	FIELD("reports", READING_TAKES, "reports with tests: junit, tap, gotest, check", .items = READING_ITEMS,
	      .fields = reading_fields, .example = "reports: [build/tests.xml]"),
	FIELD("rerun_command", COMMAND, "runs the tests again that $PIPE_TESTS names, a line each", .items = TAKES_TEXT,
	      .shell = true, .fallback = "`command` once more"),
	FIELD("rerun_failed", TAKES_INT, "how often failed tests are run again; what then passes is flaky", .fallback = "0",
	      .least = 0, .most = RERUNS_MAX),
	FIELD("services", TAKES_LIST | TAKES_MAP, "processes that run beside the tests", .items = TAKES_MAP,
	      .fields = test_service_fields, .example = "services:\n  - {name: api, command: [build/api, --port, \"8080\"]}"),
	FIELD("setup", COMMAND, "what is done before", .items = TAKES_TEXT, .shell = true),
	FIELD("shards", TAKES_INT, "divide the tests among so many jobs, by how long they took before", .fallback = "1",
	      .least = 1, .most = 1000),
	FIELD("target", TAKES_TEXT, "what make is to make", .fallback = "test, or check where there is only that"),
	FIELD("teardown", COMMAND, "what is done at the end, in every case", .items = TAKES_TEXT, .shell = true),
	FIELD("tests", TAKES_TEXT | TAKES_LIST,
	      "with `shards`: patterns of the files that hold tests; a command finds its share in $PIPE_TESTS, a line each",
	      .items = TAKES_TEXT, .fallback = "what the tool looks for"),
	FIELD("tool", TAKES_ENUM, "the test tool", .values = tools, .fallback = "auto"),
	FIELD("type", TAKES_ENUM, "what kind of tests", .values = types, .fallback = "unit"),
	FIELD("wait_for", TAKES_LIST | TAKES_MAP, "what must answer before the tests start", .items = TAKES_MAP,
	      .fields = test_wait_fields, .example = "wait_for: {tcp: \"127.0.0.1:8080\"}"),
	KEYWORD_END,
};

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	const struct pair *command = with ? node_pair(with, "command") : NULL, *tool = with ? node_pair(with, "tool") : NULL;

	(void)at;
	test_services_check(with, d);
	if (!command || !tool || node_is_null(command->value) || node_is_null(tool->value))
		return;
	diag_error(d, tool->key->at, "conflicting-keywords", "\"tool\" and \"command\" cannot stand together");
	diag_related(d, command->key->at, "the command is here");
}

/* ---- compile ---- */

static bool has_target(const char *makefile, const char *target)
{
	size_t n = strlen(target);

	for (const char *p = makefile; (p = strstr(p, target)); p += n)
		if ((p == makefile || p[-1] == '\n') && p[n + strspn(p + n, " \t")] == ':')
			return true;
	return false;
}

/* `check` is what GNU calls it. */
static const char *make_target(struct stage_job *job, const struct test_stage *t)
{
	const char *text = NULL;

	for (size_t i = 0; i < sizeof(t->kind->markers) / sizeof(*t->kind->markers) && t->kind->markers[i] && !text; i++) {
		const char *path = project_path(job, t->directory, t->kind->markers[i]);
		text = path ? job->world->read(job->world->payload, job->arena, path, NULL) : NULL;
	}
	return text && !has_target(text, "test") && has_target(text, "check") ? "check" : "test";
}

static int find_tool(struct stage_job *job, struct test_stage *t, pipe_error *err)
{
	const struct stage_tool *wanted;
	struct stage_tool *tool;
	int rc;

	t->values = (struct project_values){ .directory = t->directory, .build = "build", .target = "test" };
	rc = parameter_text(job, "build_directory", &t->values.build, err);
	if (rc == PIPE_OK)
		rc = parameter_text(job, "target", &t->values.target, err);
	if (rc == PIPE_OK)
		rc = parameter_texts(job, "args", &t->values.args, err);
	if (rc || parameter_node(job, "command"))
		return rc;
	rc = project_kind(job, t->directory, &t->kind, err);
	if (rc)
		return rc;
	wanted = t->kind->test_tool.name ? &t->kind->test_tool : &t->kind->tool;
	tool = stage_tool(job, wanted->name, wanted->package);
	if (!tool)
		return error_nomem(err);
	*tool = *wanted;
	if (!strcmp(t->kind->name, "make") && !parameter_node(job, "target"))
		t->values.target = make_target(job, t);
	return PIPE_OK;
}

static int read_settings(struct stage_job *job, struct test_stage *t, pipe_error *err)
{
	const char *quarantine = NULL;
	int rc = project_directory(job, &t->directory, err);

	if (rc == PIPE_OK)
		rc = parameter_int(job, "rerun_failed", &t->reruns, err);
	if (rc == PIPE_OK)
		rc = parameter_int(job, "least", &t->least, err);
	if (rc == PIPE_OK)
		rc = parameter_text(job, "quarantine", &quarantine, err);
	if (rc == PIPE_OK && quarantine) {
		rc = quarantine_read(job, quarantine, &t->quarantine, err);
		t->has_quarantine = rc == PIPE_OK;
	}
	return rc;
}

/* A command beside the tests: its failure is the job's. */
static int add_command(struct stage_job *job, const struct test_stage *t, const char *name, bool always, pipe_error *err)
{
	struct step *step = NULL;
	int rc = parameter_command(job, job->with, name, &step, err);

	if (rc || !step)
		return rc;
	step->directory = *t->directory ? t->directory : NULL;
	step->always = step->may_fail = always; /* a teardown that fails spoils no tests */
	return PIPE_OK;
}

/* Named reports take the place of those that the tool is known to write. */
static int add_reports(struct stage_job *job, const struct test_stage *t, uint32_t of_tool, pipe_error *err)
{
	uint32_t named = 0;
	int rc;

	rc = reading_parameter(job, "reports", t->directory, FINDING_ISSUE, &named, err);
	if (rc == PIPE_OK && named) {
		memmove(&job->reports.items[of_tool], &job->reports.items[job->reports.count - named],
			named * sizeof(*job->reports.items));
		job->reports.count = of_tool + named;
	}
	return rc ? rc : reading_parameter(job, "coverage", t->directory, FINDING_ISSUE, NULL, err);
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct test_stage *t = ARENA_NEW(job->arena, struct test_stage);
	int rc;

	if (!t)
		return error_nomem(err);
	job->own = t;
	t->directory = "";
	t->least = -1;
	rc = read_settings(job, t, err);
	if (rc == PIPE_OK)
		rc = find_tool(job, t, err);
	if (rc == PIPE_OK && parameter_node(job, "shards"))
		rc = test_shard(job, t, err);
	if (rc == PIPE_OK)
		rc = add_command(job, t, "setup", false, err);
	if (rc == PIPE_OK)
		rc = test_services(job, t->directory, err);
	if (rc == PIPE_OK)
		rc = test_commands(job, t, err);
	if (rc == PIPE_OK && t->commands_to > t->commands_from)
		rc = add_reports(job, t, 0, err);
	return rc ? rc : add_command(job, t, "teardown", true, err);
}

/* ---- while reports are read ---- */

static void mark(struct stage_job *job, struct evidence_test *test)
{
	struct test_stage *t = job->own;

	if (t->has_quarantine && quarantine_holds(&t->quarantine, test))
		test->quarantined = true;
}

static uint64_t failing(const struct stage_job *job)
{
	return job->totals->tests[TEST_FAILED] + job->totals->tests[TEST_ERROR];
}

static int react(struct stage_job *job, pipe_error *err)
{
	struct test_stage *t = job->own;
	int rc;

	/* Only tests that failed are tried again: not a setup, a service or a tool that did not work. */
	if (job->round >= (uint32_t)t->reruns || !failing(job) || !job->totals->has_tests)
		return PIPE_OK;
	stage_say(job, "%llu failed: run again (%u of %lld)", (unsigned long long)failing(job), job->round + 1,
		  (long long)t->reruns);
	rc = test_again(job, t, err);
	/* Those that are parameters once more: what has not changed since is not read again. */
	return rc ? rc : add_reports(job, t, job->reports.count, err);
}

/* ---- the verdict ---- */

struct names {
	struct str text;
	uint64_t count;
};

static int add_name(void *payload, const struct evidence_test *test)
{
	struct names *n = payload;
	const char *suite = strcmp(test->suite, test->name) != 0 ? test->suite : ""; /* CTest names both alike */

	str_printf(&n->text, "%s%s%s%s", n->count ? ", " : "", suite, *suite ? " " : "", test->name);
	if (*test->message && !n->count)
		str_printf(&n->text, " (%.*s)", (int)strcspn(test->message, "\n"), test->message);
	return ++n->count == NAMED;
}

/* "3 of 120 tests failed: a (why), b, c". */
static const char *name_tests(struct stage_job *job, unsigned statuses, uint64_t count, const char *what, pipe_error *err)
{
	const struct test_filter filter = { .statuses = statuses };
	uint64_t all = evidence_tests(job->totals);
	struct names names = { .count = 0 };
	const char *made = NULL;

	str_init_limit(&names.text, 1 << 16);
	if (job->view->tests(job->view->payload, SIDE_JOB, &filter, add_name, &names, NULL, err) == PIPE_OK) {
		made = arena_printf(job->arena, "%llu of %llu test%s %s: %s%s", (unsigned long long)count,
				    (unsigned long long)all, all == 1 ? "" : "s", what, names.text.data,
				    count > names.count ? ", ..." : "");
		if (!made)
			error_nomem(err);
	}
	str_clear(&names.text);
	return made;
}

static int settle(struct stage_job *job, enum stage_verdict verdict, const char *reason, pipe_error *err)
{
	job->verdict = verdict;
	job->reason = reason;
	return reason ? PIPE_OK : err && err->code ? (int)err->code : PIPE_ENOMEM;
}

/* The commands that ran tests last: the one that failed; NULL: all is well with them. */
static const struct step *failed_command(const struct stage_job *job, const struct test_stage *t)
{
	for (uint32_t i = t->commands_from; i < t->commands_to; i++)
		if (job->steps.items[i].state == STEP_DONE && job->steps.items[i].end != STEP_OK)
			return &job->steps.items[i];
	return NULL;
}

/* An exit code is what a tool says of failed tests; a signal, or the end of its time, is not. */
static bool says_code(const struct step *s)
{
	return s->end == STEP_FAILED && !s->reason;
}

/* Of a command whose failure no test explains. */
static const char *unexplained(struct stage_job *job, const struct step *s)
{
	if (!says_code(s))
		return s->reason ? s->reason : "the tests did not end";
	if (!job->totals->has_tests)
		return arena_printf(job->arena, "the tests failed with exit code %d", s->exit_code);
	if (!evidence_tests(job->totals))
		return arena_printf(job->arena, "the command failed with exit code %d, and no test ran", s->exit_code);
	return arena_printf(job->arena, "the command failed with exit code %d although its reports show no failure",
			    s->exit_code);
}

static int too_few(struct stage_job *job, const struct test_stage *t, bool *few, pipe_error *err)
{
	uint64_t ran = evidence_tests(job->totals) - job->totals->tests[TEST_SKIPPED];
	int64_t least = t->least >= 0 ? t->least : job->totals->has_tests ? 1 : 0;

	*few = (t->least >= 0 || !evidence_tests(job->totals)) && ran < (uint64_t)least &&
	       !(t->may_be_empty && !evidence_tests(job->totals));
	if (!*few)
		return PIPE_OK;
	return settle(job, VERDICT_FAIL,
		      arena_printf(job->arena, "%llu test%s ran, and at least %lld must", (unsigned long long)ran,
				   ran == 1 ? "" : "s", (long long)least),
		      err);
}

static int evaluate(struct stage_job *job, pipe_error *err)
{
	struct test_stage *t = job->own;
	const struct step *command = failed_command(job, t);
	const char *reason;
	bool few = false;
	int rc;

	if (t->has_quarantine)
		quarantine_say(job, &t->quarantine);
	stage_judge_steps(job);
	if (failing(job)) {
		reason = name_tests(job, 1u << TEST_FAILED | 1u << TEST_ERROR, failing(job), "failed", err);
		return settle(job, VERDICT_FAIL, reason, err);
	}
	if (job->verdict != VERDICT_PASS)
		return PIPE_OK;
	if (command && !(says_code(command) && job->totals->quarantined_failed))
		return settle(job, VERDICT_FAIL, unexplained(job, command), err);
	rc = too_few(job, t, &few, err);
	if (rc || few)
		return rc;
	if (job->totals->tests[TEST_FLAKY])
		return settle(
			job, VERDICT_WARN,
			name_tests(job, 1u << TEST_FLAKY, job->totals->tests[TEST_FLAKY], "passed only on another try", err),
			err);
	return PIPE_OK;
}

const struct stage_type stage_test = {
	.uses = { .name = "test",
		  .help = "runs tests and reads their reports: shards, reruns, a quarantine, services, coverage",
		  .parameters = parameters,
		  .example = "unit:\n"
			     "  uses: test\n"
			     "  with:\n"
			     "    command: make check\n"
			     "    reports: [build/tests.xml]\n",
		  .since = "0.1",
		  .instances = "shards",
		  .check = check },
	.history = true,
	.quick = true,
	.compile = compile,
	.mark = mark,
	.react = react,
	.evaluate = evaluate,
};
