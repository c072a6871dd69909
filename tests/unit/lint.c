/* Warnings about what is legal and surely not meant; and that nothing is said of what is meant. */
#include "pipeline/lint/lint.h"
#include "decode_fixture.h"

Suite *lint_suite(void);

static void lint(struct decoded_text *t, const char *text, const struct scope *known)
{
	decoded_init(t);
	decoded_load(t, text);
	if (t->rc != PIPE_OK)
		decoded_dump(t, text);
	ck_assert_int_eq(t->rc, PIPE_OK);
	lint_pipeline(&t->p, known, &t->d);
}

static const struct decoded_case warned[] = {
	{ "image: x\na: {script: x}\n", "deprecated-keyword", 1, 1, "\"image\" at the top level is deprecated",
	  "put it into \"default:\"" },
	{ "a:\n  script: x\n  rules: [{if: $CI, when: never}, {when: never}]\n", "never-runs", 3, 10,
	  "no rule can ever put \"a\" into the pipeline", NULL },
	{ "a:\n  script: x\n  rules:\n    - when: always\n    - if: $CI\n", "unreachable-rule", 5, 7, "this rule can never match",
	  NULL },
	{ "a: {script: x}\nb:\n  script: x\n  needs: [a, a]\n", "need-twice", 4, 14, "\"a\" is needed twice", NULL },
	{ "a: {script: x}\nb:\n  script: x\n  needs: [a, c, d, e, f, g, h, i, j, a]\n", "need-twice", 4, 38,
	  "\"a\" is needed twice", NULL },
	{ "a: {script: x}\nb:\n  script: x\n  needs: [{job: a, artifacts: true}]\n", "no-artifacts", 4, 17,
	  "\"a\" has no artifacts to take", NULL },
	{ "a:\n  script: x\n  artifacts: {expire_in: 1 day}\n", "empty-artifacts", 3, 14, "these artifacts hold nothing",
	  "add \"paths\", \"untracked\" or \"reports\"" },
	{ "a:\n  script: x\n  cache: {key: k}\n", "empty-cache", 3, 10, "this cache holds nothing",
	  "add \"paths\" or \"untracked\"" },
	{ "a:\n  script: x\n  rules: [{if: $FOO == 'b'}]\n", "undefined-variable", 3, 16, "nothing defines the variable \"FOO\"",
	  "define it under \"variables\", or give it when the run is started" },
	{ "variables: {DEPLOY: x}\na:\n  script: x\n  image: i:$DEPLYO\n", "undefined-variable", 4, 12,
	  "nothing defines the variable \"DEPLYO\"", "did you mean \"DEPLOY\"?" },
	{ "a:\n  script: x\n  artifacts:\n    paths:\n      - a\n      - b/${OUT}/c\n", "undefined-variable", 6, 11,
	  "nothing defines the variable \"OUT\"", "define it under \"variables\", or give it when the run is started" },
	{ "a:\n  script: x\n  cache: {key: $K, paths: [p]}\nb: {script: x, environment: $K}\n", "undefined-variable", 3, 16,
	  "nothing defines the variable \"K\"", "define it under \"variables\", or give it when the run is started" },
	{ "workflow: {rules: [{if: $W}]}\na: {script: x}\n", "undefined-variable", 1, 25, "nothing defines the variable \"W\"",
	  "define it under \"variables\", or give it when the run is started" },
	{ "a: {script: x, artifacts: {reports: {dotenv: d}}}\nb:\n  script: x\n  rules: [{if: $FROM_A}]\n", "undefined-variable",
	  4, 16, "nothing defines the variable \"FROM_A\"", "define it under \"variables\", or give it when the run is started" },
};

START_TEST(what_is_surely_not_meant_is_warned_of)
{
	const struct decoded_case *c = &warned[_i];
	struct decoded_text t;

	lint(&t, c->text, NULL);
	if (!decoded_said(&t, c, PIPE_WARNING))
		decoded_dump(&t, c->text);
	ck_assert(decoded_said(&t, c, PIPE_WARNING));
	decoded_clear(&t);
}
END_TEST

static const char *const meant[] = {
	"a: {script: x, artifacts: {paths: [p]}}\nb: {script: x, needs: [{job: a, artifacts: true}]}\n",
	"a: {script: x}\nb: {script: x, needs: [a]}\n",
	("a: {script: x, parallel: {matrix: [{P: [1, 2]}]}}\nb:\n  script: x\n  needs:\n"
	 "    - {job: a, parallel: {matrix: [{P: 1}]}}\n    - {job: a, parallel: {matrix: [{P: 2}]}}\n"),
	"a: {script: x, rules: [{if: $CI, when: never}, {when: on_success}]}\n",
	"a: {script: x, rules: [{changes: [b]}, {exists: [c]}, {if: $CI_COMMIT_TAG}]}\n",
	"a: {script: echo $ANYTHING, image: $CI_REGISTRY/x, rules: [{if: '$GITLAB_USER_LOGIN && $HOME'}]}\n",
	"a: {script: x, variables: {V: 1}, rules: [{if: $V}]}\n",
	"variables: {V: 1}\na: {script: x, image: \"${V}\", artifacts: {paths: [$V], name: $V}}\n",
	"a: {script: x, parallel: {matrix: [{M: [1, 2]}]}, image: i:$M}\n",
	"a: {script: x, rules: [{if: $CI, variables: {R: 1}}], environment: $R}\n",
	"workflow: {rules: [{if: $CI, variables: {W: 1}}]}\na: {script: x, image: $W}\n",
	"a: {script: x, rules: [{if: '\"$X\" == \"a\" && $CI =~ /^$Y\\/$Z$/'}]}\n",
	"a: {script: x, cache: {key: $$K, paths: [p]}, environment: \"100$\"}\n",
	"a: {script: x, artifacts: {reports: {dotenv: d}}}\nb: {script: x, environment: {name: $FROM_A}}\n",
	"a: {script: x, environment: {name: e, on_stop: b}}\nb: {script: x, environment: {name: e, action: stop}}\n",
	"default: {image: x}\na: {script: x}\n",
};

START_TEST(nothing_is_said_of_what_is_meant)
{
	struct decoded_text t;

	lint(&t, meant[_i], NULL);
	if (t.d.list.count)
		decoded_dump(&t, meant[_i]);
	ck_assert_uint_eq(t.d.list.count, 0);
	decoded_clear(&t);
}
END_TEST

START_TEST(a_job_that_stops_an_environment_must_exist)
{
	const struct decoded_case said = { NULL,
					   "unknown-job",
					   3,
					   36,
					   "the environment is stopped by \"stopp\", and there is no such job",
					   "did you mean \"stop\"?" };
	struct decoded_text t;

	lint(&t, "stop: {script: x}\na:\n  script: x\n  environment: {name: e, on_stop: stopp}\n", NULL);
	ck_assert_uint_eq(t.d.errors, 1);
	ck_assert_str_eq(t.d.list.items[0].code, said.code);
	ck_assert_str_eq(t.d.list.items[0].message, said.message);
	ck_assert_str_eq(t.d.list.items[0].hint, said.hint);
	ck_assert_uint_eq(t.d.list.items[0].at.line, 4);
	ck_assert_uint_eq(t.d.list.items[0].at.column, 35);
	decoded_clear(&t);
}
END_TEST

START_TEST(what_comes_from_outside_is_defined)
{
	struct decoded_text t;
	struct arena a = ARENA_INIT;
	struct variables outside;
	struct scope known;

	memset(&outside, 0, sizeof(outside));
	memset(&known, 0, sizeof(known));
	ck_assert(variables_set(&outside, &a, (struct variable){ .name = "GIVEN", .value = "1" }));
	scope_push(&known, &outside);
	lint(&t, "a: {script: x, rules: [{if: $GIVEN}, {if: $MISSING}]}\n", &known);
	ck_assert_uint_eq(t.d.list.count, 1);
	ck_assert_str_eq(t.d.list.items[0].message, "nothing defines the variable \"MISSING\"");
	decoded_clear(&t);
	arena_clear(&a);
}
END_TEST

START_TEST(each_undefined_name_is_said_once_and_not_without_end)
{
	struct decoded_text t;
	struct str text;

	str_init(&text);
	for (int i = 0; i < 200; i++)
		str_printf(&text, "j%d: {script: x, image: $SAME, rules: [{if: $N%d}]}\n", i, i);
	lint(&t, text.data, NULL);
	ck_assert_uint_eq(t.d.warnings, 50);
	decoded_clear(&t);
	str_clear(&text);
}
END_TEST

Suite *lint_suite(void)
{
	Suite *s = suite_create("lint");
	TCase *c = tcase_create("lint");

	tcase_add_loop_test(c, what_is_surely_not_meant_is_warned_of, 0, (int)(sizeof(warned) / sizeof(*warned)));
	tcase_add_loop_test(c, nothing_is_said_of_what_is_meant, 0, (int)(sizeof(meant) / sizeof(*meant)));
	tcase_add_test(c, a_job_that_stops_an_environment_must_exist);
	tcase_add_test(c, what_comes_from_outside_is_defined);
	tcase_add_test(c, each_undefined_name_is_said_once_and_not_without_end);
	suite_add_tcase(s, c);
	return s;
}
