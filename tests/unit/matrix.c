#include "plan_fixture.h"

Suite *matrix_suite(void);

START_TEST(a_number_makes_numbered_jobs)
{
	struct planned f;

	planned_load(&f, "p: {script: [x], parallel: 3}\none: {script: [x], parallel: 1}\nplain: {script: [x]}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_jobs(&f), "p 1/3 p 2/3 p 3/3 one 1/1 plain");
	ck_assert_uint_eq(planned_job(&f, "p 2/3")->node_index, 2);
	ck_assert_uint_eq(planned_job(&f, "p 2/3")->node_total, 3);
	ck_assert_uint_eq(planned_job(&f, "plain")->node_index, 0);
	ck_assert_uint_eq(planned_job(&f, "plain")->node_total, 1);
	ck_assert_ptr_null(planned_job(&f, "p 1/3")->matrix);
	planned_clear(&f);
}
END_TEST

START_TEST(a_matrix_is_the_product_of_each_row)
{
	struct planned f;
	const struct plan_job *last;

	planned_load(
		&f,
		"m: {script: [x], parallel: {matrix: [{OS: [linux, mac], ARCH: [a, b]}, {OS: windows, EXTRA: 'with space'}]}}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_jobs(&f), "m: [linux, a] m: [linux, b] m: [mac, a] m: [mac, b] m: [windows, with space]");
	last = planned_job(&f, "m: [windows, with space]");
	ck_assert_uint_eq(last->node_index, 5);
	ck_assert_uint_eq(last->node_total, 5);
	ck_assert_uint_eq(last->matrix->list.count, 2);
	ck_assert_str_eq(variables_get(last->matrix, "EXTRA")->value, "with space");
	ck_assert_ptr_null(variables_get(last->matrix, "ARCH"));
	planned_clear(&f);
}
END_TEST

START_TEST(rules_see_the_matrix)
{
	expect_jobs(
		"m: {script: [x], parallel: {matrix: [{A: [1, 2, 3]}]}, rules: [{if: '$A == \"2\" || $CI_NODE_INDEX == \"3\"'}]}\n",
		"-m: [1] m: [2] m: [3]");
}
END_TEST

static const char matrices[] = "stages: [build, test]\n"
			       "m: {stage: build, script: [x], parallel: {matrix: [{OS: [linux, mac], ARCH: [a, b]}]}}\n"
			       "n: {stage: build, script: [x], parallel: 2}\n"
			       "plain: {stage: build, script: [x]}\n";

static const struct {
	const char *needs, *found;
} selectors[] = {
	{ "[m]", "m: [linux, a] | m: [linux, b] | m: [mac, a] | m: [mac, b]" },
	{ "[n]", "n 1/2 | n 2/2" },
	{ "['m: [mac, a]']", "m: [mac, a]" },
	{ "['m: [mac,a]']", "m: [mac, a]" },
	{ "['n 2/2']", "n 2/2" },
	{ "[{job: m, parallel: {matrix: [{OS: mac, ARCH: b}]}}]", "m: [mac, b]" },
	{ "[{job: m, parallel: {matrix: [{ARCH: b, OS: mac}]}}]", "m: [mac, b]" },
	{ "[{job: m, parallel: {matrix: [{OS: [linux, mac], ARCH: b}]}}]", "m: [linux, b] | m: [mac, b]" },
	{ "[{job: m, parallel: {matrix: [{OS: linux}]}}]", "m: [linux, a] | m: [linux, b]" },
	{ "[{job: m, parallel: {matrix: [{OS: mac, ARCH: b}, {OS: linux, ARCH: a}]}}]", "m: [mac, b] | m: [linux, a]" },
	{ "[{job: m, optional: true, parallel: {matrix: [{OS: nope}]}}]", "" },
	{ "[{job: plain, optional: true, parallel: {matrix: [{OS: nope}]}}]", "" },
	{ "[{job: m, artifacts: false, parallel: {matrix: [{OS: mac, ARCH: b}]}}, plain, plain]", "~m: [mac, b] | plain" },
	{ "[m, 'm: [mac, b]']", "m: [linux, a] | m: [linux, b] | m: [mac, a] | m: [mac, b]" },
};

START_TEST(needs_choose_from_a_matrix)
{
	char yaml[1000];
	struct planned f;

	snprintf(yaml, sizeof(yaml), "%sj: {stage: test, script: [x], needs: %s}\n", matrices, selectors[_i].needs);
	planned_load(&f, yaml);
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	ck_assert_str_eq(planned_needs(&f, "j"), selectors[_i].found);
	planned_clear(&f);
}
END_TEST

START_TEST(pairs_by_expression)
{
	struct planned f;

	planned_load(&f, "stages: [build, test]\n"
			 "m: {stage: build, script: [x], parallel: {matrix: [{OS: [linux, mac], MY_VAR: [a, b]}]}}\n"
			 "t: {stage: test, script: [x], parallel: {matrix: [{OS: [linux, mac], MY_VAR: [a, b]}]},"
			 " needs: [{job: m, parallel: {matrix: [{OS: '$[[ matrix.OS ]]', MY_VAR: ['$[[matrix.MY_VAR]]']}]}}]}\n"
			 "half: {stage: test, script: [x], parallel: {matrix: [{OS: [mac]}]},"
			 " needs: [{job: m, parallel: {matrix: [{OS: '$[[ matrix.OS ]]'}]}}]}\n"
			 "c: {stage: build, script: [x], parallel: {matrix: [{T: [build-linux-a, build-mac-a]}]}}\n"
			 "d: {stage: test, script: [x], parallel: {matrix: [{OS: [linux, mac], A: a}]},"
			 " needs: [{job: c, parallel: {matrix: [{T: 'build-$[[ matrix.OS ]]-$[[  matrix.A  ]]'}]}}]}\n");
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	ck_assert_str_eq(planned_needs(&f, "t: [linux, b]"), "m: [linux, b]");
	ck_assert_str_eq(planned_needs(&f, "t: [mac, a]"), "m: [mac, a]");
	ck_assert_str_eq(planned_needs(&f, "half: [mac]"), "m: [mac, a] | m: [mac, b]");
	ck_assert_str_eq(planned_needs(&f, "d: [mac, a]"), "c: [build-mac-a]");
	planned_clear(&f);
}
END_TEST

static const struct {
	const char *needs, *said;
} wrong[] = {
	{ "[{job: m, parallel: {matrix: [{OS: nope}]}}]", "needs-matrix: no job of the matrix \"m\" is as this need wants it" },
	{ "[{job: plain, parallel: {matrix: [{OS: linux}]}}]", "needs-matrix: \"plain\" has no parallel:matrix to choose from" },
	{ "[{job: n, parallel: {matrix: [{OS: linux}]}}]", "needs-matrix: \"n\" has no parallel:matrix to choose from" },
	{ "[{job: m, parallel: {matrix: [{OS: '$[[ matrix.NOPE ]]'}]}}]", "needs-matrix: \"j\" has no matrix variable \"NOPE\"" },
	{ "['m: [mac, c]']", "needs-unknown: \"j\" needs \"m: [mac, c]\", and there is no such job" },
	{ "['n 3/2']", "needs-unknown: \"j\" needs \"n 3/2\", and there is no such job" },
};

START_TEST(choices_that_are_refused)
{
	char yaml[1000];
	struct planned f;
	const char *said;

	snprintf(yaml, sizeof(yaml), "%sj: {stage: test, script: [x], needs: %s}\n", matrices, wrong[_i].needs);
	planned_load(&f, yaml);
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	said = strchr(planned_said(&f), ' ') + 1;
	ck_assert_msg(!strncmp(said, wrong[_i].said, strlen(wrong[_i].said)), "%s", said);
	ck_assert_uint_eq(f.d.list.items[0].at.line, 5);
	planned_clear(&f);
}
END_TEST

START_TEST(limits_are_refused_with_a_place)
{
	struct planned f;
	struct str s;

	planned_load(&f, "p: {script: [x], parallel: 100}\n");
	f.options.limits.matrix = 99;
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(f.d.list.items[0].code, "matrix-limit");
	ck_assert_uint_eq(f.d.list.items[0].at.line, 1);
	planned_clear(&f);

	planned_load(&f, "a: {script: [x]}\np: {script: [x], parallel: 100}\n");
	f.options.limits.jobs = 100;
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(f.d.list.items[0].code, "jobs-limit");
	ck_assert_uint_eq(f.d.list.items[0].at.line, 2);
	planned_clear(&f);

	/* 10^30 combinations */
	str_init(&s);
	str_adds(&s, "p: {script: [x], parallel: {matrix: [{");
	for (int i = 0; i < 30; i++)
		str_printf(&s, "A%d: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], ", i);
	str_adds(&s, "}]}}\n");
	planned_load(&f, s.data);
	if (f.rc == PIPE_OK)
		planned_make(&f);
	ck_assert_int_eq(f.rc, PIPE_EPIPELINE);
	planned_clear(&f);
	str_clear(&s);
}
END_TEST

START_TEST(names_may_not_be_endless)
{
	struct planned f;
	struct str s;

	str_init(&s);
	str_adds(&s, "p: {script: [x], parallel: {matrix: [{A: [b, '");
	for (int i = 0; i < 5000; i++)
		str_addc(&s, 'a');
	str_adds(&s, "']}]}}\n");
	planned_load(&f, s.data);
	ck_assert_int_eq(planned_make(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(f.d.list.items[0].code, "matrix-limit");
	planned_clear(&f);
	str_clear(&s);
}
END_TEST

START_TEST(two_jobs_of_one_name_are_refused)
{
	expect_refused("p: {script: [x], parallel: 2}\n'p 2/2': {script: [x]}\n",
		       "2:1 duplicate-job: there are two jobs named \"p 2/2\"");
	expect_refused("m: {script: [x], parallel: {matrix: [{A: [a, b]}, {A: b}]}}\n",
		       "1:1 duplicate-job: there are two jobs named \"m: [b]\"");
}
END_TEST

START_TEST(large_matrices_are_paired_in_no_time)
{
	struct planned f;
	struct str s;
	const char *row;

	str_init(&s);
	str_adds(&s, "stages: [a, b]\nm: {stage: a, script: [x], parallel: {matrix: [{A: &v [");
	for (int i = 0; i < 9000; i++)
		str_printf(&s, "%sv%d", i ? "," : "", i);
	row = "]}]}}\nt: {stage: b, script: [x], parallel: {matrix: [{A: *v }]}, needs: [{job: m, parallel: {matrix: [{A: '$[[ matrix.A ]]'}]}}]}\n"
	      "u: {stage: b, script: [x], needs: [m]}\n";
	str_adds(&s, row);
	planned_load(&f, s.data);
	planned_make(&f);
	ck_assert_str_eq(planned_said(&f), "");
	ck_assert_str_eq(planned_needs(&f, "t: [v8999]"), "m: [v8999]");
	ck_assert_uint_eq(planned_job(&f, "u")->needs.count, 9000);
	planned_clear(&f);
	str_clear(&s);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof(*(a))))

Suite *matrix_suite(void)
{
	Suite *s = suite_create("matrix");
	TCase *t = tcase_create("matrix");

	tcase_add_test(t, a_number_makes_numbered_jobs);
	tcase_add_test(t, a_matrix_is_the_product_of_each_row);
	tcase_add_test(t, rules_see_the_matrix);
	tcase_add_loop_test(t, needs_choose_from_a_matrix, 0, COUNT(selectors));
	tcase_add_test(t, pairs_by_expression);
	tcase_add_loop_test(t, choices_that_are_refused, 0, COUNT(wrong));
	tcase_add_test(t, limits_are_refused_with_a_place);
	tcase_add_test(t, names_may_not_be_endless);
	tcase_add_test(t, two_jobs_of_one_name_are_refused);
	tcase_add_test(t, large_matrices_are_paired_in_no_time);
	suite_add_tcase(s, t);
	return s;
}
