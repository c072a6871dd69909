/* The registry of stage types: that each is sound and its examples right; and what the types share. */
#include "stages/stage.h"
#include "tests/unit/decode_fixture.h"

#include "pipeline/keyword/keyword_fields.h"

Suite *stage_suite(void);

/* ---- the registry ---- */

START_TEST(the_registry_is_sorted_and_each_type_found)
{
	for (size_t i = 0; stage_types[i]; i++) {
		const struct stage_type *type = stage_types[i];
		if (stage_types[i + 1])
			ck_assert_str_lt(type->uses.name, stage_types[i + 1]->uses.name);
		ck_assert_ptr_eq(stage_type_named(type->uses.name), type);
		ck_assert_ptr_eq(stage_uses.list[i], &type->uses);
		ck_assert_ptr_eq(uses_find(&stage_uses, type->uses.name), &type->uses);
		ck_assert_ptr_nonnull(type->compile);
		ck_assert_ptr_null(stage_uses.list[i + 1] ? NULL : stage_types[i + 1]);
	}
	ck_assert_ptr_null(stage_type_named(""));
	ck_assert_ptr_null(stage_type_named("helicopter"));
}
END_TEST

static void sound(const struct keyword *rows, const char *path, unsigned depth)
{
	ck_assert_msg(depth < 6, "%s is too deep", path);
	for (const struct keyword *k = rows; k->name; k++) {
		char below[256];
		snprintf(below, sizeof(below), "%s:%s", path, k->name);
		ck_assert_msg(!k[1].name || strcmp(k->name, k[1].name) < 0, "%s: stands before %s", below, k[1].name);
		ck_assert_msg(k->help && *k->help && k->help[strlen(k->help) - 1] != '.', "%s: help", below);
		ck_assert_msg(k->since && k->shape && k->where == IN_NESTED, "%s: since, shape, where", below);
		ck_assert_msg(!((k->shape | k->items) & TAKES_ENUM) || k->values, "%s: values", below);
		ck_assert_msg(!(k->shape & (TAKES_LIST | TAKES_NAMED)) || k->items, "%s: items", below);
		ck_assert_msg(!k->most || k->least <= k->most, "%s: bounds", below);
		ck_assert_msg(!k->required || !k->fallback, "%s: is needed, and has a default", below);
		if (k->fields)
			sound(k->fields, below, depth + 1);
	}
}

/* What is wrong with an example; nothing may be. */
static void right(const char *what, const char *text)
{
	struct decoded_text t;

	decoded_init(&t);
	t.uses = &stage_uses;
	decoded_load(&t, text);
	if (t.rc != PIPE_OK || t.d.list.count)
		decoded_dump(&t, text);
	ck_assert_msg(t.rc == PIPE_OK && !t.d.list.count, "the example of %s", what);
	decoded_clear(&t);
}

/* A parameter's example, in a job that has what the type needs besides. */
static void parameter_example(const struct uses_type *type, const struct keyword *row)
{
	struct keyword with = { .name = "with", .shape = TAKES_MAP, .fields = type->parameters };
	struct keyword one = *row;
	struct decoded_text t;
	const struct node *n;

	decoded_init(&t);
	ck_assert_int_ge(sources_add(&t.sources, &t.arena,
				     (struct source){ .name = row->name, .text = row->example, .length = strlen(row->example) }),
			 0);
	ck_assert_msg(document_parse(&t.root, 1, &t.arena, 0, &t.limits, &t.d) == 1, "%s:%s", type->name, row->name);
	n = node_get(t.root, row->name);
	ck_assert_msg(n != NULL, "the example of %s:%s does not show it", type->name, row->name);
	if (!keyword_check(&one, n, &t.d, NULL) || t.d.list.count)
		decoded_dump(&t, row->example);
	ck_assert_msg(!t.d.list.count, "the example of %s:%s", type->name, row->name);
	for (uint32_t i = 0; i < t.root->count; i++)
		ck_assert_msg(keyword_find(with.fields, IN_NESTED, t.root->pairs[i].key->text, t.root->pairs[i].key->count) !=
				      NULL,
			      "the example of %s:%s", type->name, row->name);
	decoded_clear(&t);
}

START_TEST(each_type_is_sound_and_its_examples_right)
{
	for (size_t i = 0; stage_types[i]; i++) {
		const struct uses_type *type = &stage_types[i]->uses;
		const struct keyword *instances;
		struct str text;
		ck_assert(type->help && type->since && type->parameters && type->example);
		ck_assert_msg(type->help[strlen(type->help) - 1] != '.', "%s: help", type->name);
		sound(type->parameters, type->name, 0);
		str_init(&text);
		str_printf(&text, "stages: [build, test, verify, package, deploy]\n%s\n", type->example);
		right(type->name, text.data);
		str_clear(&text);
		for (const struct keyword *k = type->parameters; k->name; k++)
			if (k->example)
				parameter_example(type, k);
		if (!type->instances)
			continue;
		instances = keyword_find(type->parameters, IN_NESTED, type->instances, strlen(type->instances));
		ck_assert_msg(instances && instances->shape == TAKES_INT && instances->least >= 1, "%s: instances", type->name);
	}
}
END_TEST

START_TEST(the_examples_of_the_keywords_are_right)
{
	static const char *const names[] = { "uses", "with" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct keyword *k = keyword_by_path(names[i]);
		struct str text;
		str_init(&text);
		str_adds(&text, "job:\n");
		for (const char *line = k->example; *line;) {
			size_t n = strcspn(line, "\n");
			str_printf(&text, "  %.*s\n", (int)n, line);
			line += n + (line[n] == '\n');
		}
		right(names[i], text.data);
		str_clear(&text);
	}
}
END_TEST

/* ---- new elements ---- */

START_TEST(new_elements)
{
	struct arena a = ARENA_INIT;
	struct stage_job job = { .arena = &a };
	static const struct report_format format = { .name = "f" };

	for (unsigned i = 0; i < 20; i++) {
		struct step *step = stage_step(&job, STEP_PROBE);
		ck_assert_ptr_eq(step, &job.steps.items[i]);
		ck_assert_int_eq(step->kind, STEP_PROBE);
		ck_assert(!step->argv && !step->script && !step->always && step->state == STEP_PENDING);
	}
	ck_assert_uint_eq(job.steps.count, 20);
	ck_assert_ptr_eq(stage_report(&job, &format, "*.xml")->format, &format);
	ck_assert_str_eq(job.reports.items[0].pattern, "*.xml");
	ck_assert(!job.reports.items[0].required);
	ck_assert_str_eq(stage_tool(&job, "make", "make")->name, "make");
	ck_assert_ptr_null(stage_tool(&job, "odd", NULL)->package);
	ck_assert_uint_eq(job.tools.count, 2);
	ck_assert_ptr_eq(stage_condition(&job), &job.conditions.items[0]);
	arena_clear(&a);
}
END_TEST

/* ---- the log ---- */

struct heard {
	char text[4096];
	unsigned lines;
};

static void hear(void *payload, const char *line)
{
	struct heard *h = payload;
	size_t n = strlen(h->text);

	ck_assert_ptr_null(strchr(line, '\n'));
	snprintf(h->text + n, sizeof(h->text) - n, "%s|", line);
	h->lines++;
}

START_TEST(lines_are_said)
{
	struct arena a = ARENA_INIT;
	struct heard h = { .lines = 0 };
	struct stage_job job = { .arena = &a, .say = hear, .say_payload = &h };

	stage_say(&job, "%s is %d", "answer", 42);
	stage_say(&job, "%s", "two\nlines");
	stage_say(&job, "%s", "");
	ck_assert_str_eq(h.text, "answer is 42|two|lines||");
	job.say = NULL;
	stage_say(&job, "nobody hears");
	ck_assert_uint_eq(h.lines, 4);
	arena_clear(&a);
}
END_TEST

/* ---- the verdict ---- */

static const char *const long_argv[] = {
	"/usr/bin/python3", "-m", "pytest", "--junitxml=reports/of/the/unit/tests.xml", "-q", NULL
};
static const char *const short_argv[] = { "make", "test", NULL };
static const struct probe probe = { .name = "GET /health" };

static const struct {
	struct step step;
	const char *reason, *failure;
} ends[] = {
	{ { .argv = short_argv, .end = STEP_FAILED, .exit_code = 2 }, "\"make test\" failed with exit code 2", NULL },
	{ { .argv = long_argv, .end = STEP_FAILED, .exit_code = 1 },
	  "\"/usr/bin/python3 -m pytest --junitxml=reports/of/the/unit/te...\" failed with exit code 1",
	  NULL },
	{ { .argv = short_argv, .end = STEP_FAILED, .exit_code = -1, .reason = "killed by signal 9" },
	  "\"make test\" failed: killed by signal 9",
	  NULL },
	{ { .argv = short_argv, .end = STEP_FAILED, .exit_code = -1 }, "\"make test\" failed", NULL },
	{ { .argv = short_argv, .end = STEP_TIMED_OUT, .timeout_ms = 90000 }, "\"make test\" took longer than 1m 30s", NULL },
	{ { .argv = short_argv, .end = STEP_CANCELLED }, "\"make test\" was cancelled", NULL },
	{ { .argv = short_argv, .end = STEP_SYSTEM, .reason = "no such file" },
	  "\"make test\" could not be started: no such file",
	  "runner_system_failure" },
	{ { .kind = STEP_SCRIPT, .script = "one\ntwo", .end = STEP_FAILED, .exit_code = 3 },
	  "\"one...\" failed with exit code 3",
	  NULL },
	{ { .kind = STEP_SERVICE, .script = "x", .service = "db", .end = STEP_FAILED, .exit_code = 1 },
	  "the service \"db\" failed with exit code 1",
	  NULL },
	{ { .kind = STEP_PROBE, .probe = &probe, .end = STEP_FAILED, .exit_code = -1, .result = { .reason = "got status 503" } },
	  "GET /health: got status 503",
	  NULL },
	{ { .kind = STEP_PROBE, .probe = &probe, .end = STEP_FAILED, .exit_code = -1, .reason = "the budget is spent" },
	  "GET /health: the budget is spent",
	  NULL },
};

START_TEST(a_step_that_failed_is_the_verdict)
{
	struct arena a = ARENA_INIT;
	struct stage_job job = { .arena = &a };
	struct step *step = stage_step(&job, ends[_i].step.kind);

	*step = ends[_i].step;
	step->state = STEP_DONE;
	stage_judge_steps(&job);
	ck_assert_int_eq(job.verdict, VERDICT_FAIL);
	ck_assert_str_eq(job.reason, ends[_i].reason);
	ck_assert_pstr_eq(job.failure, ends[_i].failure);
	arena_clear(&a);
}
END_TEST

static void add_step(struct stage_job *job, enum step_state state, enum step_end end, bool may_fail, int exit_code)
{
	struct step *step = stage_step(job, STEP_COMMAND);

	step->argv = short_argv;
	step->state = state;
	step->end = end;
	step->may_fail = may_fail;
	step->exit_code = exit_code;
}

START_TEST(the_first_that_failed_and_may_not)
{
	struct arena a = ARENA_INIT;
	struct stage_job job = { .arena = &a };

	add_step(&job, STEP_DONE, STEP_OK, false, 0);
	add_step(&job, STEP_DONE, STEP_FAILED, true, 7);
	add_step(&job, STEP_SKIPPED, STEP_FAILED, false, 8);
	add_step(&job, STEP_PENDING, STEP_FAILED, false, 9);
	stage_judge_steps(&job);
	ck_assert_int_eq(job.verdict, VERDICT_PASS);
	ck_assert_ptr_null(job.reason);
	add_step(&job, STEP_DONE, STEP_FAILED, false, 4);
	add_step(&job, STEP_DONE, STEP_FAILED, false, 5);
	stage_judge_steps(&job);
	ck_assert_int_eq(job.verdict, VERDICT_FAIL);
	ck_assert_str_eq(job.reason, "\"make test\" failed with exit code 4");
	arena_clear(&a);
}
END_TEST

START_TEST(a_job_without_steps_passes)
{
	struct stage_job job = { .arena = NULL };

	stage_judge_steps(&job);
	ck_assert_int_eq(job.verdict, VERDICT_PASS);
}
END_TEST

Suite *stage_suite(void)
{
	Suite *s = suite_create("stage");
	TCase *c = tcase_create("stage");

	tcase_add_test(c, the_registry_is_sorted_and_each_type_found);
	tcase_add_test(c, each_type_is_sound_and_its_examples_right);
	tcase_add_test(c, the_examples_of_the_keywords_are_right);
	tcase_add_test(c, new_elements);
	tcase_add_test(c, lines_are_said);
	tcase_add_loop_test(c, a_step_that_failed_is_the_verdict, 0, sizeof(ends) / sizeof(*ends));
	tcase_add_test(c, the_first_that_failed_and_may_not);
	tcase_add_test(c, a_job_without_steps_passes);
	suite_add_tcase(s, c);
	return s;
}
