#include "plan_fixture.h"

Suite *rules_suite(void);

static const struct {
	const char *rules;
	const char *jobs; /* without the job that stays */
	const char *reason;
} table[] = {
	{ "[{if: $G}]", "j", "rule 1 matched: if $G" },
	{ "[{if: $NOPE}]", "-j", "no rule matched" },
	{ "[{if: $NOPE}, {if: $J, when: always}]", "j(always)", "rule 2 matched: if $J" },
	{ "[{if: $NOPE}, {when: on_failure}]", "j(on_failure)", "rule 2 matched" },
	{ "[{if: $G, when: never}, {when: always}]", "-j", "rule 1 keeps it out: if $G" },
	{ "[{when: never}]", "-j", "rule 1 keeps it out" },
	{ "[{if: $G, when: manual}]", "j(manual)", NULL },
	{ "[{if: $G, when: manual, allow_failure: true}]", "j(manual)?", NULL },
	{ "[{if: $G, allow_failure: true}]", "j?", NULL },
	{ "[{if: $G, when: delayed, start_in: 5 minutes}]", "j(delayed)", NULL },
	{ "[{if: '$LEVEL == \"job\"'}]", "j", NULL },
	{ "[{if: '$CI_JOB_NAME == \"j\" && $CI_JOB_STAGE == \"test\"'}]", "j", NULL },
	{ "[{exists: [Makefile]}]", "j", "rule 1 matched: exists" },
	{ "[{exists: ['*.c']}]", "-j", NULL },
	{ "[{exists: ['**/*.c', nope]}]", "j", NULL },
	{ "[{exists: ['$J.txt']}]", "j", NULL },
	{ "[{if: $G, exists: [nope]}]", "-j", NULL },
	{ "[{if: $NOPE, exists: [Makefile]}]", "-j", NULL },
	{ "[{changes: ['src/*']}]", "j", "rule 1 matched: changes" },
	{ "[{changes: ['*.md']}]", "-j", NULL },
	{ "[{changes: [src]}]", "-j", NULL },
	{ "[{changes: ['docs/*']}]", "-j", NULL },
	{ "[{changes: ['docs/**/*']}]", "j", NULL },
	{ "[{changes: ['docs/**/*.{md,txt}']}]", "j", NULL },
	{ "[{changes: ['${G}.x', 'sr$SUFFIX/main.c']}]", "-j", NULL },
	{ "[{if: $G, changes: {paths: ['src/*.c'], compare_to: 'refs/heads/$G'}, exists: [Makefile]}]", "j",
	  "rule 1 matched: if $G, changes, exists" },
};

START_TEST(the_first_rule_that_matches_decides)
{
	static const char *const files[] = { "Makefile", "src/main.c", "j.txt", NULL };
	static const char *const changed[] = { "src/main.c", "docs/a/b.md", NULL };
	char expected[100], yaml[2000];
	struct planned f;

	snprintf(
		yaml, sizeof(yaml),
		"variables: {G: g, LEVEL: global}\nj:\n  script: [x]\n  variables: {J: j, LEVEL: job}\n  rules: %s\nstay: {script: [x]}\n",
		table[_i].rules);
	planned_load(&f, yaml);
	f.files = files;
	f.changed = changed;
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	snprintf(expected, sizeof(expected), "%s stay", table[_i].jobs);
	ck_assert_str_eq(planned_jobs(&f), expected);
	if (table[_i].reason)
		ck_assert_str_eq(planned_job(&f, "j")->decision.reason, table[_i].reason);
	ck_assert_uint_eq(planned_job(&f, "j")->decision.at.line, 5);
	planned_clear(&f);
}
END_TEST

START_TEST(values_of_the_rule_and_of_the_job)
{
	expect_jobs("a: {script: [x], when: manual}\nb: {script: [x]}\n", "a(manual)? b");
	expect_jobs("a: {script: [x], when: manual, allow_failure: false}\nb: {script: [x]}\n", "a(manual) b");
	expect_jobs("a: {script: [x], when: manual, rules: [{if: $CI_COMMIT_BRANCH}]}\nb: {script: [x]}\n", "a(manual)? b");
	expect_jobs("a: {script: [x], when: always, allow_failure: true, rules: [{if: $CI_COMMIT_BRANCH}]}\nb: {script: [x]}\n",
		    "a(always)? b");
	expect_jobs(
		"a: {script: [x], allow_failure: true, rules: [{if: $CI_COMMIT_BRANCH, allow_failure: false}]}\nb: {script: [x]}\n",
		"a b");
}
END_TEST

START_TEST(no_changes_to_compare_with_are_changes)
{
	struct planned f;

	planned_load(&f, "a: {script: [x], rules: [{changes: [nothing]}]}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_jobs(&f), "a");
	planned_clear(&f);
}
END_TEST

START_TEST(changes_may_be_assumed)
{
	static const char *const changed[] = { NULL };
	struct planned f;

	planned_load(&f, "a: {script: [x], rules: [{changes: [nothing]}]}\nb: {script: [x]}\n");
	f.changed = changed;
	planned_make(&f);
	ck_assert_str_eq(planned_jobs(&f), "-a b");
	f.options.assume_changed = true;
	planned_make(&f);
	ck_assert_str_eq(planned_jobs(&f), "a b");
	ck_assert_uint_eq(f.changes_calls, 1);
	planned_clear(&f);
}
END_TEST

START_TEST(the_world_is_asked_once)
{
	static const char *const files[] = { "a", NULL };
	static const char *const changed[] = { "a", NULL };
	struct planned f;

	planned_load(&f, ".r: {script: [x], rules: [{exists: [a, b], changes: [a]}]}\n"
			 "one: {extends: .r}\ntwo: {extends: .r}\nthree: {script: [x], rules: [{exists: [a, b]}]}\n"
			 "four: {script: [x], rules: [{exists: [b]}, {changes: {paths: [a], compare_to: other}}]}\n"
			 "five: {script: [x], rules: [{changes: {paths: [b], compare_to: other}}]}\n");
	f.files = files;
	f.changed = changed;
	planned_make(&f);
	ck_assert_str_eq(planned_jobs(&f), "one two three four -five");
	ck_assert_uint_eq(f.exists_calls, 2);
	ck_assert_uint_eq(f.changes_calls, 2);
	ck_assert_str_eq(f.compared_to, "other");
	planned_clear(&f);
}
END_TEST

START_TEST(a_world_that_fails_is_an_error)
{
	struct planned f;

	planned_load(&f, "a: {script: [x], rules: [{exists: [a]}]}\nb: {script: [x], rules: [{changes: [a]}]}\n");
	f.world_fails = true;
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(planned_said(&f), "1:26 rules-exists: what \"exists\" asks for cannot be looked up: the disk is gone\n"
					   "2:26 warning rules-changes: what has changed cannot be found out: git is gone (as "
					   "it is, everything counts as changed)");
	planned_clear(&f);
}
END_TEST

START_TEST(variables_of_a_rule)
{
	static const char yaml[] =
		"variables: {LEVEL: global, KEEP: global}\n"
		"a:\n  variables: {LEVEL: job}\n  script: [x]\n  environment: {name: '$EXTRA'}\n"
		"  rules: [{if: '$LEVEL == \"job\"', variables: {LEVEL: rule, EXTRA: 'from $LEVEL and $KEEP'}}, {when: on_success}]\n";
	struct planned f;

	planned_load(&f, yaml);
	planned_make(&f);
	ck_assert_str_eq(planned_job(&f, "a")->environment_name, "from rule and global");
	planned_clear(&f);
	planned_load(&f, yaml);
	planned_set(&f, &f.command_line, "LEVEL", "cli");
	planned_make(&f);
	ck_assert_ptr_null(planned_job(&f, "a")->rule);
	ck_assert_str_eq(planned_job(&f, "a")->decision.reason, "rule 2 matched");
	planned_clear(&f);
}
END_TEST

START_TEST(needs_and_interruptible_of_a_rule)
{
	struct planned f;

	planned_load(
		&f,
		"stages: [a, b]\none: {stage: a, script: [x]}\ntwo: {stage: a, script: [x]}\n"
		"j: {stage: b, script: [x], needs: [one], interruptible: true, rules: [{if: $CI_COMMIT_BRANCH, needs: [two], interruptible: false}]}\n"
		"k: {stage: b, script: [x], rules: [{if: $CI_COMMIT_BRANCH, needs: []}]}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	ck_assert_str_eq(planned_needs(&f, "j"), "two");
	ck_assert_int_eq(planned_job(&f, "j")->interruptible, NO);
	ck_assert_str_eq(planned_needs(&f, "k"), "");
	ck_assert_int_eq(planned_job(&f, "k")->waits_for_stages, false);
	planned_clear(&f);
}
END_TEST

START_TEST(a_delay_is_read)
{
	struct planned f;

	planned_load(&f, "a: {script: [x], when: delayed, start_in: 30 minutes}\nb: {script: [x]}\n");
	planned_make(&f);
	ck_assert_int_eq(planned_job(&f, "a")->start_in_ms, 30 * 60 * 1000);
	planned_clear(&f);
}
END_TEST

START_TEST(patterns_that_never_end_are_reported_and_soon_given_up)
{
	struct planned f;
	struct str s;

	str_init(&s);
	str_adds(&s, "variables: {A: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'}\n");
	for (int i = 0; i < 500; i++)
		str_printf(&s, "j%d: {script: [x], rules: [{if: '$A =~ /(a+)+$/'}]}\n", i);
	planned_load(&f, s.data);
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_uint_ge(f.d.errors, 1);
	ck_assert_uint_le(f.d.errors, 30);
	ck_assert_str_eq(f.d.list.items[0].code, "regex-limit");
	ck_assert_uint_eq(f.d.list.items[0].at.line, 2);
	planned_clear(&f);
	str_clear(&s);
}
END_TEST

/* ---- only and except ---- */

enum kind { BRANCH, TAG, MERGE_REQUEST, SCHEDULE, WEB, API };

static void be(struct planned *f, enum kind kind)
{
	static const char *const sources[] = { "push", "push", "merge_request_event", "schedule", "web", "api" };

	f->options.source = sources[kind];
	f->options.is_tag = kind == TAG;
	f->options.is_merge_request = kind == MERGE_REQUEST;
	f->options.ref = kind == TAG ? "v1.0" : "main";
}

static const struct {
	const char *job;
	enum kind kind;
	bool in;
} only_table[] = {
	{ "", BRANCH, true },
	{ "", TAG, true },
	{ "", MERGE_REQUEST, false },
	{ "only: [branches]", BRANCH, true },
	{ "only: [branches]", TAG, false },
	{ "only: [tags]", TAG, true },
	{ "only: [tags]", BRANCH, false },
	{ "only: [merge_requests]", MERGE_REQUEST, true },
	{ "only: [merge_requests]", BRANCH, false },
	{ "only: [merge_requests, main]", BRANCH, true },
	{ "only: [main]", MERGE_REQUEST, false },
	{ "only: [branches]", MERGE_REQUEST, false },
	{ "only: [schedules]", SCHEDULE, true },
	{ "only: [schedules]", BRANCH, false },
	{ "only: [pushes]", BRANCH, true },
	{ "only: [web]", WEB, true },
	{ "only: [api]", API, true },
	{ "only: [triggers, pipelines, external, chat]", BRANCH, false },
	{ "only: [main]", BRANCH, true },
	{ "only: [mai]", BRANCH, false },
	{ "only: ['/^ma/']", BRANCH, true },
	{ "only: ['/^MA/i']", BRANCH, true },
	{ "only: ['/^MA/']", BRANCH, false },
	{ "only: ['/^v[0-9.]+$/']", TAG, true },
	{ "only: ['main@group/project']", BRANCH, true },
	{ "only: ['main@other/project']", BRANCH, false },
	{ "only: ['/^ma/i@group/project']", BRANCH, true },
	{ "only: ['branches@group/project']", BRANCH, true },
	{ "only: ['branches@other/project']", BRANCH, false },
	{ "except: [main]", BRANCH, false },
	{ "except: [main]", TAG, true },
	{ "except: [main]", MERGE_REQUEST, false },
	{ "except: [tags]", TAG, false },
	{ "only: [branches], except: [main]", BRANCH, false },
	{ "only: {variables: ['$CI_COMMIT_BRANCH == \"main\"']}", BRANCH, true },
	{ "only: {variables: [$NOPE]}", BRANCH, false },
	{ "only: {refs: [tags], variables: [$CI_COMMIT_BRANCH]}", BRANCH, false },
	{ "only: {refs: [branches], variables: [$NOPE, $CI_COMMIT_BRANCH]}", BRANCH, true },
	{ "except: {refs: [tags], variables: [$CI_COMMIT_BRANCH]}", BRANCH, false },
	{ "only: {changes: ['src/**/*']}", BRANCH, true },
	{ "only: {changes: ['docs/**/*']}", BRANCH, false },
	{ "except: {changes: ['docs/**/*']}", BRANCH, true },
	{ "only: {kubernetes: active}", BRANCH, false },
};

START_TEST(only_and_except)
{
	static const char *const changed[] = { "src/a/b.c", NULL };
	char yaml[400];
	struct planned f;

	snprintf(yaml, sizeof(yaml), "j: {script: [x]%s%s}\nstay: {script: [x], rules: [{when: always}]}\n",
		 *only_table[_i].job ? ", " : "", only_table[_i].job);
	planned_load(&f, yaml);
	f.changed = changed;
	be(&f, only_table[_i].kind);
	planned_make(&f);
	ck_assert_msg(planned_job(&f, "j")->included == only_table[_i].in, "%s (%d): %s", only_table[_i].job, only_table[_i].kind,
		      planned_job(&f, "j")->decision.reason);
	planned_clear(&f);
}
END_TEST

START_TEST(workflow_rules_replace_the_default_of_only)
{
	struct planned f;

	planned_load(&f, "workflow: {rules: [{if: $CI_COMMIT_BRANCH}]}\nj: {script: [x]}\n");
	be(&f, MERGE_REQUEST);
	planned_make(&f);
	ck_assert_str_eq(planned_jobs(&f), "j");
	planned_clear(&f);
}
END_TEST

START_TEST(a_wrong_condition_of_only_is_found_whatever_comes_first)
{
	struct planned f;

	planned_load(&f, "j: {script: [x], only: {refs: [tags], variables: ['$A =']}}\n");
	if (f.rc == PIPE_OK)
		planned_make(&f);
	ck_assert_int_eq(f.rc, PIPE_EPIPELINE);
	ck_assert_uint_eq(f.d.errors, 1);
	ck_assert_str_eq(f.d.list.items[0].code, "rules-syntax");
	planned_clear(&f);
}
END_TEST

/* ---- workflow ---- */

START_TEST(workflow_rules_decide_whether_there_is_a_pipeline)
{
	struct planned f;

	planned_load(&f, "workflow: {rules: [{if: $NOPE}]}\na: {script: [x]}\n");
	ck_assert_int_eq(planned_make(&f), PIPE_OK);
	ck_assert(!f.plan->runs);
	ck_assert_str_eq(f.plan->workflow.reason, "workflow:rules: no rule matched");
	ck_assert_str_eq(planned_jobs(&f), "-a");
	ck_assert_uint_eq(f.plan->order.count, 0);
	planned_clear(&f);
	planned_load(&f, "workflow: {rules: [{if: $CI_COMMIT_BRANCH, when: never}, {when: always}]}\na: {script: [x]}\n");
	planned_make(&f);
	ck_assert(!f.plan->runs);
	ck_assert_str_eq(f.plan->workflow.reason, "workflow:rules: rule 1 keeps it out: if $CI_COMMIT_BRANCH");
	planned_clear(&f);
}
END_TEST

START_TEST(workflow_variables_and_name)
{
	struct planned f;

	planned_load(
		&f,
		"variables: {WHO: global, X: global}\n"
		"workflow: {name: 'for $WHO on $CI_COMMIT_BRANCH', rules: [{if: $CI_COMMIT_BRANCH, variables: {WHO: rule, X: rule}}]}\n"
		"a: {script: [x], rules: [{if: '$WHO == \"rule\"'}]}\nb: {script: [x], variables: {WHO: job}, rules: [{if: '$WHO == \"job\"'}]}\n");
	planned_make(&f);
	ck_assert(f.plan->runs);
	ck_assert_str_eq(f.plan->name, "for rule on main");
	ck_assert_str_eq(planned_jobs(&f), "a b");
	planned_clear(&f);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof(*(a))))

Suite *rules_suite(void)
{
	Suite *s = suite_create("rules");
	TCase *t = tcase_create("rules");

	tcase_add_loop_test(t, the_first_rule_that_matches_decides, 0, COUNT(table));
	tcase_add_test(t, values_of_the_rule_and_of_the_job);
	tcase_add_test(t, no_changes_to_compare_with_are_changes);
	tcase_add_test(t, changes_may_be_assumed);
	tcase_add_test(t, the_world_is_asked_once);
	tcase_add_test(t, a_world_that_fails_is_an_error);
	tcase_add_test(t, variables_of_a_rule);
	tcase_add_test(t, needs_and_interruptible_of_a_rule);
	tcase_add_test(t, a_delay_is_read);
	tcase_add_test(t, patterns_that_never_end_are_reported_and_soon_given_up);
	tcase_add_loop_test(t, only_and_except, 0, COUNT(only_table));
	tcase_add_test(t, workflow_rules_replace_the_default_of_only);
	tcase_add_test(t, a_wrong_condition_of_only_is_found_whatever_comes_first);
	tcase_add_test(t, workflow_rules_decide_whether_there_is_a_pipeline);
	tcase_add_test(t, workflow_variables_and_name);
	suite_add_tcase(s, t);
	return s;
}
