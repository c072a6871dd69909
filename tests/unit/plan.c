#include "plan_fixture.h"

Suite *plan_suite(void);

#define THREE "stages: [a, b, c]\n"

START_TEST(jobs_stand_by_stage_then_as_in_the_file)
{
	struct planned f;

	planned_load(
		&f, THREE
		"z: {stage: c, script: [x]}\ny: {stage: a, script: [x]}\nx: {stage: b, script: [x]}\nw: {stage: a, script: [x]}\n"
		"p: {stage: .pre, script: [x]}\nq: {stage: .post, script: [x]}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_jobs(&f), "p y w x z q");
	ck_assert_str_eq(planned_order(&f), "p y w x z q");
	for (uint32_t i = 0; i < f.plan->jobs.count; i++)
		ck_assert_uint_eq(f.plan->jobs.items[i].index, i);
	ck_assert_str_eq(planned_needs(&f, "z"), "stages");
	ck_assert_str_eq(planned_artifacts(&f, "z"), "stages");
	planned_clear(&f);
}
END_TEST

START_TEST(needs_replace_the_waiting_for_stages)
{
	struct planned f;

	planned_load(
		&f, THREE
		"one: {stage: a, script: [x]}\ntwo: {stage: a, script: [x]}\n"
		"some: {stage: b, script: [x], needs: [one, {job: two, artifacts: false}]}\nnone: {stage: c, script: [x], needs: []}\n"
		"late: {stage: b, script: [x], needs: [later]}\nlater: {stage: b, script: [x]}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	ck_assert_str_eq(planned_needs(&f, "some"), "one | ~two");
	ck_assert_str_eq(planned_artifacts(&f, "some"), "one");
	ck_assert_str_eq(planned_needs(&f, "none"), "");
	ck_assert_str_eq(planned_artifacts(&f, "none"), "");
	ck_assert(!planned_job(&f, "none")->waits_for_stages);
	ck_assert_str_eq(planned_order(&f), "one two some later late none");
	planned_clear(&f);
}
END_TEST

START_TEST(dependencies_say_whose_artifacts)
{
	struct planned f;

	planned_load(
		&f, THREE
		".art: {script: [x], artifacts: {paths: [x]}}\none: {extends: .art, stage: a}\ntwo: {extends: .art, stage: a}\n"
		"d: {stage: b, script: [x], dependencies: [two]}\ne: {stage: b, script: [x], dependencies: []}\n"
		"n: {stage: b, script: [x], needs: [one, two], dependencies: [one]}\n"
		"o: {stage: b, script: [x], needs: [one, {job: two, artifacts: false}], dependencies: [one, two]}\n"
		"same: {stage: a, script: [x], needs: [one], dependencies: [one]}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	ck_assert_str_eq(planned_artifacts(&f, "d"), "two");
	ck_assert_str_eq(planned_needs(&f, "d"), "stages");
	ck_assert_str_eq(planned_artifacts(&f, "e"), "");
	ck_assert_str_eq(planned_artifacts(&f, "n"), "one");
	ck_assert_str_eq(planned_needs(&f, "n"), "one | two");
	ck_assert_str_eq(planned_artifacts(&f, "o"), "one");
	ck_assert_str_eq(planned_artifacts(&f, "same"), "one");
	planned_clear(&f);
}
END_TEST

static const struct {
	const char *jobs, *said;
} refused[] = {
	{ "one: {stage: a, script: [x]}\nj: {stage: b, script: [x], needs: [oen]}\n",
	  "3:36 needs-unknown: \"j\" needs \"oen\", and there is no such job (did you mean \"one\"?)" },
	{ ".t: {script: [x]}\nj: {stage: b, script: [x], needs: [.t]}\n",
	  "3:36 needs-unknown: \"j\" needs \".t\", and there is no such job (a name with a leading dot is a template, not a job)" },
	{ "j: {stage: b, script: [x], needs: [l]}\nl: {stage: c, script: [x]}\n",
	  "2:36 needs-later-stage: \"j\" of stage \"b\" needs \"l\" of the later stage \"c\"" },
	{ "j: {stage: b, script: [x], needs: [j]}\n", "2:36 needs-self: \"j\" needs itself" },
	{ "o: {stage: a, script: [x], rules: [{if: $NOPE}]}\nj: {stage: b, script: [x], needs: [o]}\n",
	  "3:36 needs-excluded: \"j\" needs \"o\", which is not in this pipeline (give both jobs the same rules, or write {job: \"o\", optional: true})" },
	{ "j: {stage: b, script: [x], needs: [k]}\nk: {stage: b, script: [x], needs: [j]}\n",
	  "2:36 needs-cycle: jobs need each other in a ring: \"j\" needs \"k\" needs \"j\"" },
	{ "j: {stage: b, script: [x], dependencies: [nope]}\n",
	  "2:43 needs-unknown: \"j\" takes artifacts of \"nope\", and there is no such job" },
	{ "j: {stage: b, script: [x], dependencies: [l]}\nl: {stage: c, script: [x]}\n",
	  "2:43 needs-later-stage: \"j\" of stage \"b\" needs \"l\" of the later stage \"c\"" },
	{ "o: {stage: a, script: [x], artifacts: {paths: [x]}}\np: {stage: a, script: [x]}\nj: {stage: b, script: [x], needs: [p], dependencies: [o]}\n",
	  "4:55 dependencies-outside-needs: \"j\" takes artifacts of \"o\", which it does not need (add \"o\" to \"needs\")" },
	{ "o: {stage: b, script: [x], artifacts: {paths: [x]}}\nj: {stage: b, script: [x], dependencies: [o]}\n",
	  "3:43 dependencies-same-stage: \"j\" takes artifacts of \"o\", which runs at the same time (add it to \"needs\", or put it into an "
	  "earlier stage)" },
};

START_TEST(needs_that_are_refused)
{
	char yaml[1000];

	snprintf(yaml, sizeof(yaml), THREE "%s", refused[_i].jobs);
	expect_refused(yaml, refused[_i].said);
}
END_TEST

START_TEST(all_errors_come_at_once)
{
	expect_refused(
		THREE "j: {stage: b, script: [x], needs: [zzzzzzzz]}\nk: {stage: b, script: [x], needs: [k]}\n"
		      "l: {stage: b, script: [x], needs: [m]}\nm: {stage: c, script: [x]}\n",
		"2:36 needs-unknown: \"j\" needs \"zzzzzzzz\", and there is no such job\n3:36 needs-self: \"k\" needs itself\n"
		"4:36 needs-later-stage: \"l\" of stage \"b\" needs \"m\" of the later stage \"c\"");
}
END_TEST

START_TEST(optional_needs_may_be_missing)
{
	struct planned f;

	planned_load(&f, THREE "o: {stage: a, script: [x], rules: [{if: $NOPE}]}\n"
			       "j: {stage: b, script: [x], needs: [{job: o, optional: true}, {job: nowhere, optional: true}]}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	ck_assert_str_eq(planned_needs(&f, "j"), "");
	planned_clear(&f);
}
END_TEST

START_TEST(what_excluded_jobs_need_is_no_error)
{
	struct planned f;

	planned_load(&f, THREE
		     "o: {stage: a, script: [x], rules: [{if: $NOPE}]}\n"
		     "j: {stage: b, script: [x], needs: [o, nowhere, l], rules: [{if: $NOPE}]}\nl: {stage: c, script: [x]}\n");
	ck_assert_int_eq(planned_make(&f), PIPE_OK);
	ck_assert_str_eq(planned_said(&f), "3:39 warning needs-unknown: \"j\" needs \"nowhere\", and there is no such job");
	planned_clear(&f);
}
END_TEST

START_TEST(a_dependency_without_artifacts_is_warned_of)
{
	struct planned f;

	planned_load(&f, THREE "o: {stage: a, script: [x]}\nj: {stage: b, script: [x], dependencies: [o]}\n");
	ck_assert_int_eq(planned_make(&f), PIPE_OK);
	ck_assert_str_eq(planned_said(&f), "3:43 warning no-artifacts: \"o\" has no artifacts to take");
	planned_clear(&f);
}
END_TEST

START_TEST(a_long_ring_is_shown_from_end_to_end)
{
	struct planned f;

	planned_load(&f, "stages: [a]\na: {stage: a, script: [x], needs: [b]}\nb: {stage: a, script: [x], needs: [c]}\n"
			 "c: {stage: a, script: [x], needs: [d]}\nd: {stage: a, script: [x], needs: [b]}\n");
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(planned_said(&f),
			 "3:36 needs-cycle: jobs need each other in a ring: \"b\" needs \"c\" needs \"d\" needs \"b\"");
	ck_assert_uint_eq(f.d.list.items[0].related.count, 2);
	ck_assert_uint_eq(f.d.list.items[0].related.items[1].at.line, 5);
	planned_clear(&f);
}
END_TEST

static void chain(struct str *s, int n, const char *last)
{
	str_init(s);
	str_adds(s, "stages: [a]\n");
	for (int i = 0; i + 1 < n; i++)
		str_printf(s, "j%d: {stage: a, script: [x], needs: [j%d]}\n", i, i + 1);
	str_printf(s, "j%d: {stage: a, script: [x]%s}\n", n - 1, last);
}

START_TEST(long_chains_cost_no_stack)
{
	struct planned f;
	struct str s;

	chain(&s, 20000, "");
	planned_load(&f, s.data);
	ck_assert_int_eq(planned_make(&f), PIPE_OK);
	ck_assert_uint_eq(f.plan->order.count, 20000);
	ck_assert_uint_eq(f.plan->order.items[0], 19999);
	ck_assert_uint_eq(f.plan->order.items[19999], 0);
	planned_clear(&f);
	str_clear(&s);
	chain(&s, 20000, ", needs: [j0]");
	planned_load(&f, s.data);
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_uint_eq(f.d.errors, 1);
	ck_assert_str_eq(f.d.list.items[0].code, "needs-cycle");
	planned_clear(&f);
	str_clear(&s);
}
END_TEST

START_TEST(pipelines_that_are_not_made)
{
	static const struct {
		const char *yaml, *reason;
	} table[] = {
		{ "a: {stage: .pre, script: [x]}\nb: {script: [x], rules: [{if: $NOPE}]}\n",
		  "only .pre and .post jobs are in it, which make no pipeline" },
		{ "a: {script: [x], rules: [{if: $NOPE}]}\n", "no job is in this pipeline" },
	};
	struct planned f;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		planned_load(&f, table[i].yaml);
		ck_assert_int_eq(planned_make(&f), PIPE_OK);
		ck_assert(!f.plan->runs);
		ck_assert_str_eq(f.plan->workflow.reason, table[i].reason);
		ck_assert_uint_eq(f.plan->order.count, 0);
		planned_clear(&f);
	}
}
END_TEST

/* ---- selection ---- */

static const char choice[] = THREE
	"a: {stage: a, script: [x]}\nb: {stage: b, script: [x], needs: [a]}\nc: {stage: c, script: [x], needs: [b]}\n"
	"x: {stage: b, script: [x]}\nm: {stage: c, when: manual, script: [x]}\n"
	"mat: {stage: c, script: [x], needs: [x], parallel: {matrix: [{V: [1, 2]}]}}\n"
	"out: {stage: b, script: [x], rules: [{if: $NOPE}]}\n";

static const struct {
	const char *jobs[3], *manual[2], *stage;
	bool no_needs, only_needs;
	const char *order, *played;
} selections[] = {
	{ { NULL }, { NULL }, NULL, false, false, "a b x c m mat: [1] mat: [2]", "" },
	{ { "c" }, { NULL }, NULL, false, false, "a b c", "" },
	{ { "c" }, { NULL }, NULL, true, false, "c", "" },
	{ { "c" }, { NULL }, NULL, false, true, "a b", "" },
	{ { "c", "x" }, { NULL }, NULL, false, false, "a b x c", "" },
	{ { "x" }, { NULL }, NULL, false, false, "a x", "" },
	{ { "x" }, { NULL }, NULL, true, false, "x", "" },
	{ { "m" }, { NULL }, NULL, false, false, "a b x m", "m" },
	{ { "m" }, { NULL }, NULL, true, false, "m", "m" },
	{ { NULL }, { "m" }, NULL, false, false, "a b x c m mat: [1] mat: [2]", "m" },
	{ { "mat" }, { NULL }, NULL, false, false, "a x mat: [1] mat: [2]", "" },
	{ { "mat: [2]" }, { NULL }, NULL, false, false, "a x mat: [2]", "" },
	{ { NULL }, { NULL }, "b", false, false, "b x", "" },
	{ { "c" }, { NULL }, "c", false, false, "c", "" },
};

START_TEST(the_command_line_chooses)
{
	struct planned f;
	const char *played = "";

	planned_load(&f, choice);
	f.options.jobs = selections[_i].jobs[0] ? selections[_i].jobs : NULL;
	f.options.manual = selections[_i].manual;
	f.options.stage = selections[_i].stage;
	f.options.no_needs = selections[_i].no_needs;
	f.options.only_needs = selections[_i].only_needs;
	ck_assert_int_eq(planned_make(&f), PIPE_OK);
	ck_assert_str_eq(planned_order(&f), selections[_i].order);
	for (uint32_t i = 0; i < f.plan->jobs.count; i++)
		if (f.plan->jobs.items[i].played)
			played = f.plan->jobs.items[i].name;
	ck_assert_str_eq(played, selections[_i].played);
	/* Nobody waits for, or takes artifacts from, what does not run. */
	for (uint32_t i = 0; i < f.plan->order.count; i++) {
		const struct plan_job *job = &f.plan->jobs.items[f.plan->order.items[i]];
		for (uint32_t k = 0; k < job->needs.count; k++)
			ck_assert(f.plan->jobs.items[job->needs.items[k].job].selected);
		for (uint32_t k = 0; k < job->artifacts_from.count; k++)
			ck_assert(f.plan->jobs.items[job->artifacts_from.items[k]].selected);
	}
	planned_clear(&f);
}
END_TEST

START_TEST(what_is_not_chosen_says_so)
{
	static const char *const jobs[] = { "c", NULL };
	struct planned f;

	planned_load(&f, choice);
	f.options.jobs = jobs;
	planned_make(&f);
	ck_assert_str_eq(planned_job(&f, "x")->decision.reason, "not selected");
	ck_assert(planned_job(&f, "x")->included);
	ck_assert_str_eq(planned_job(&f, "out")->decision.reason, "no rule matched");
	planned_clear(&f);
}
END_TEST

START_TEST(choices_that_do_not_exist)
{
	static const struct {
		const char *job, *stage, *said;
	} table[] = {
		{ "deplyo", NULL, "0:0 unknown-job: there is no job \"deplyo\" in this pipeline (did you mean \"deploy\"?)" },
		{ "out", NULL, "0:0 job-not-included: \"out\" is not in this pipeline: no rule matched" },
		{ NULL, "tset", "0:0 unknown-stage: there is no stage \"tset\" (did you mean \"test\"?)" },
	};
	struct planned f;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *jobs[] = { table[i].job, NULL };
		planned_load(&f, "deploy: {script: [x]}\nout: {script: [x], rules: [{if: $NOPE}]}\n");
		f.options.jobs = table[i].job ? jobs : NULL;
		f.options.stage = table[i].stage;
		ck_assert_int_eq(planned_make(&f), PIPE_ENOTFOUND);
		ck_assert_str_eq(planned_said(&f), table[i].said);
		planned_clear(&f);
	}
}
END_TEST

START_TEST(errors_do_not_depend_on_the_choice)
{
	static const char *const jobs[] = { "fine", NULL };
	struct planned f;

	planned_load(&f, "fine: {script: [x]}\nj: {script: [x], needs: [j]}\n");
	f.options.jobs = jobs;
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(planned_said(&f), "2:26 needs-self: \"j\" needs itself");
	planned_clear(&f);
}
END_TEST

/* ---- scope ---- */

static const char *value(struct planned *f, const char *job, const char *name, const struct variables *dotenv)
{
	struct variables *own = ARENA_NEW(&f->arena, struct variables);
	struct scope scope;
	const char *v;

	ck_assert(plan_job_scope(f->plan, planned_job(f, job), dotenv, &f->arena, own, &scope));
	v = scope_value(&scope, name, &f->arena, NULL);
	return v ? v : "(none)";
}

START_TEST(rules_know_the_environment)
{
	struct planned f;

	planned_load(&f, "variables: {WHERE: eu}\n"
			 ".e: {script: [x], environment: {name: review/$WHERE, action: prepare, url: 'https://x.y'}}\n"
			 "name: {extends: .e, rules: [{if: $CI_ENVIRONMENT_NAME == 'review/eu' && $CI_ENVIRONMENT_SLUG}]}\n"
			 "rest: {extends: .e, rules: [{if: $CI_ENVIRONMENT_TIER == 'development' && $CI_ENVIRONMENT_ACTION =="
			 " 'prepare' && $CI_ENVIRONMENT_URL == 'https://x.y'}]}\n"
			 "none: {script: [x], rules: [{if: $CI_ENVIRONMENT_NAME}]}\n"
			 "out: {extends: .e, rules: [{if: $CI_ENVIRONMENT_NAME, when: never}]}\n"
			 "moved: {extends: .e, rules: [{if: $CI_ENVIRONMENT_NAME == 'review/eu', variables: {WHERE: us}}]}\n"
			 "own: {extends: .e, environment: {name: a$CI_ENVIRONMENT_NAME}, rules: [{when: always}]}\n");
	planned_make(&f);
	ck_assert(planned_job(&f, "name")->included);
	ck_assert(planned_job(&f, "rest")->included);
	ck_assert(!planned_job(&f, "none")->included);
	ck_assert(!planned_job(&f, "out")->included);
	ck_assert_ptr_null(planned_job(&f, "out")->environment_name);
	ck_assert_str_eq(planned_job(&f, "name")->environment_name, "review/eu");
	ck_assert_str_eq(planned_job(&f, "moved")->environment_name, "review/us");
	ck_assert_str_eq(planned_job(&f, "own")->environment_name, "a");
	planned_clear(&f);
}
END_TEST

START_TEST(inherit_rules_what_workflow_gives_too)
{
	struct planned f;

	planned_load(&f, "variables: {A: global, B: global}\n"
			 "workflow: {rules: [{if: $CI_COMMIT_BRANCH, variables: {B: workflow, C: workflow}}]}\n"
			 "all: {script: [x]}\n"
			 "none: {script: [x], inherit: {variables: false}}\n"
			 "some: {script: [x], inherit: {variables: [A, C]}}\n"
			 "one: {script: [x], inherit: {variables: [B]}}\n");
	planned_make(&f);
	ck_assert_str_eq(value(&f, "all", "B", NULL), "workflow");
	ck_assert_str_eq(value(&f, "all", "C", NULL), "workflow");
	ck_assert_str_eq(value(&f, "none", "A", NULL), "(none)");
	ck_assert_str_eq(value(&f, "none", "C", NULL), "(none)");
	ck_assert_str_eq(value(&f, "some", "A", NULL), "global");
	ck_assert_str_eq(value(&f, "some", "B", NULL), "(none)");
	ck_assert_str_eq(value(&f, "some", "C", NULL), "workflow");
	ck_assert_str_eq(value(&f, "one", "B", NULL), "workflow");
	ck_assert_str_eq(value(&f, "one", "C", NULL), "(none)");
	planned_clear(&f);
}
END_TEST

START_TEST(layers_of_a_job)
{
	static const char *const unset[] = { "GONE", NULL };
	struct variables dotenv = { 0 };
	struct planned f;

	planned_load(&f, "variables: {A: global, B: global, C: global, D: global, E: global, F: global, GONE: global}\n"
			 "workflow: {rules: [{if: $CI_COMMIT_BRANCH, variables: {B: workflow, C: workflow}}]}\n"
			 "j: {script: [x], variables: {C: job, D: job, G: '$A-$F'}, parallel: {matrix: [{D: matrix, E: matrix}]},"
			 " rules: [{if: $CI_COMMIT_BRANCH, variables: {E: rule, F: rule}}]}\n");
	planned_set(&f, &f.predefined, "A", "predefined");
	planned_set(&f, &f.command_line, "F", "command line");
	planned_set(&f, &f.command_line, "H", "command line");
	f.options.unset = unset;
	planned_make(&f);
	planned_set(&f, &dotenv, "H", "dotenv");
	planned_set(&f, &dotenv, "E", "dotenv");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "A", NULL), "global");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "B", NULL), "workflow");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "C", NULL), "job");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "D", NULL), "matrix");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "E", NULL), "rule");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "E", &dotenv), "dotenv");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "F", NULL), "command line");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "H", &dotenv), "command line");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "G", NULL), "global-command line");
	ck_assert_str_eq(value(&f, "j: [matrix, matrix]", "GONE", NULL), "(none)");
	planned_clear(&f);
}
END_TEST

START_TEST(inherit_is_about_global_variables)
{
	struct planned f;

	planned_load(
		&f,
		"variables: {A: a, B: b}\nall: {script: [x]}\nnone: {script: [x], inherit: {variables: false}, variables: {J: j}}\n"
		"some: {script: [x], inherit: {variables: [B, NOPE]}}\n");
	planned_make(&f);
	ck_assert_str_eq(value(&f, "all", "A", NULL), "a");
	ck_assert_str_eq(value(&f, "none", "A", NULL), "(none)");
	ck_assert_str_eq(value(&f, "none", "J", NULL), "j");
	ck_assert_str_eq(value(&f, "none", "CI_COMMIT_BRANCH", NULL), "main");
	ck_assert_str_eq(value(&f, "some", "A", NULL), "(none)");
	ck_assert_str_eq(value(&f, "some", "B", NULL), "b");
	planned_clear(&f);
}
END_TEST

START_TEST(variables_of_the_job_itself)
{
	struct planned f;

	planned_load(
		&f,
		"workflow: {name: Nightly}\nimage: alpine:$V\nvariables: {V: '3'}\nBuild It: {script: [x], timeout: 2 minutes}\n"
		"p: {script: [x], parallel: 2, when: manual}\n"
		"d: {script: [x], environment: {name: review/Feature-1, url: 'https://$CI_ENVIRONMENT_SLUG.example', on_stop: s}, resource_group: '$CI_ENVIRONMENT_NAME'}\n"
		"s: {script: [x], when: manual, environment: {name: review/Feature-1, action: stop}}\n"
		"e: {script: [x], environment: production}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	ck_assert_str_eq(value(&f, "Build It", "CI_JOB_NAME", NULL), "Build It");
	ck_assert_str_eq(value(&f, "Build It", "CI_JOB_NAME_SLUG", NULL), "build-it");
	ck_assert_str_eq(value(&f, "Build It", "CI_JOB_STAGE", NULL), "test");
	ck_assert_str_eq(value(&f, "Build It", "CI_JOB_TIMEOUT", NULL), "120");
	ck_assert_str_eq(value(&f, "Build It", "CI_JOB_IMAGE", NULL), "alpine:3");
	ck_assert_str_eq(value(&f, "Build It", "CI_NODE_INDEX", NULL), "(none)");
	ck_assert_str_eq(value(&f, "Build It", "CI_NODE_TOTAL", NULL), "1");
	ck_assert_str_eq(value(&f, "Build It", "CI_JOB_MANUAL", NULL), "(none)");
	ck_assert_str_eq(value(&f, "Build It", "CI_PIPELINE_NAME", NULL), "Nightly");
	ck_assert_str_eq(value(&f, "p 2/2", "CI_NODE_INDEX", NULL), "2");
	ck_assert_str_eq(value(&f, "p 2/2", "CI_JOB_GROUP_NAME", NULL), "p");
	ck_assert_str_eq(value(&f, "p 2/2", "CI_JOB_MANUAL", NULL), "true");
	ck_assert_str_eq(value(&f, "d", "CI_ENVIRONMENT_NAME", NULL), "review/Feature-1");
	ck_assert_str_eq(value(&f, "d", "CI_ENVIRONMENT_TIER", NULL), "development");
	ck_assert_str_eq(value(&f, "d", "CI_ENVIRONMENT_ACTION", NULL), "start");
	ck_assert_str_eq(value(&f, "s", "CI_ENVIRONMENT_ACTION", NULL), "stop");
	ck_assert_str_eq(value(&f, "e", "CI_ENVIRONMENT_SLUG", NULL), "production");
	ck_assert_str_eq(value(&f, "e", "CI_ENVIRONMENT_TIER", NULL), "production");
	/* As GitLab makes it: sha256("review/Feature-1") in base 36, its last six digits. */
	ck_assert_str_eq(value(&f, "d", "CI_ENVIRONMENT_SLUG", NULL), "review-feature-1-ras601");
	ck_assert_str_eq(planned_job(&f, "d")->environment_url, "https://review-feature-1-ras601.example");
	ck_assert_str_eq(planned_job(&f, "d")->resource_group, "review/Feature-1");
	planned_clear(&f);
}
END_TEST

START_TEST(texts_that_explode_are_errors)
{
	struct planned f;
	struct str s;

	str_init(&s);
	str_adds(&s, "variables:\n");
	for (int i = 0; i < 40; i++)
		str_printf(&s, "  V%d: \"$V%d$V%d\"\n", i, i + 1, i + 1);
	str_adds(&s, "  V40: boom\n");
	for (int i = 0; i < 300; i++)
		str_printf(&s, "j%d: {script: [x], environment: {name: '$V0'}}\n", i);
	planned_load(&f, s.data);
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(f.d.list.items[0].code, "variable-limit");
	ck_assert_uint_le(f.d.errors, 30);
	planned_clear(&f);
	str_clear(&s);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof(*(a))))

Suite *plan_suite(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");

	tcase_add_test(t, jobs_stand_by_stage_then_as_in_the_file);
	tcase_add_test(t, needs_replace_the_waiting_for_stages);
	tcase_add_test(t, dependencies_say_whose_artifacts);
	tcase_add_loop_test(t, needs_that_are_refused, 0, COUNT(refused));
	tcase_add_test(t, all_errors_come_at_once);
	tcase_add_test(t, optional_needs_may_be_missing);
	tcase_add_test(t, what_excluded_jobs_need_is_no_error);
	tcase_add_test(t, a_dependency_without_artifacts_is_warned_of);
	tcase_add_test(t, a_long_ring_is_shown_from_end_to_end);
	tcase_add_test(t, long_chains_cost_no_stack);
	tcase_add_test(t, pipelines_that_are_not_made);
	tcase_add_loop_test(t, the_command_line_chooses, 0, COUNT(selections));
	tcase_add_test(t, what_is_not_chosen_says_so);
	tcase_add_test(t, choices_that_do_not_exist);
	tcase_add_test(t, errors_do_not_depend_on_the_choice);
	tcase_add_test(t, layers_of_a_job);
	tcase_add_test(t, rules_know_the_environment);
	tcase_add_test(t, inherit_rules_what_workflow_gives_too);
	tcase_add_test(t, inherit_is_about_global_variables);
	tcase_add_test(t, variables_of_the_job_itself);
	tcase_add_test(t, texts_that_explode_are_errors);
	suite_add_tcase(s, t);
	return s;
}
