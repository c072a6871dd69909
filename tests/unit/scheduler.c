/* The scheduler driven by hand: jobs "run" one at a time, and what became of each is written down in order. */
#include "runner/run/scheduler.h"
#include "plan_fixture.h"

#include <stdlib.h>

Suite *scheduler_suite(void);

struct drive {
	struct planned f;
	struct scheduler *s;
	struct str told; /* "a+ b- c~": ran, failed, skipped; "m?" manual; "d@" delayed */
};

static void tell(struct drive *d, uint32_t job, const char *how)
{
	str_printf(&d->told, "%s%s%s", d->told.length ? " " : "", d->f.plan->jobs.items[job].name, how);
}

static void begin(struct drive *d, const char *yaml, const int64_t *expected, bool file_order)
{
	str_init(&d->told);
	planned_load(&d->f, yaml);
	planned_make(&d->f);
	ck_assert_str_eq(planned_said(&d->f), "");
	ck_assert_int_eq(scheduler_create(&d->s, d->f.plan, expected, file_order, NULL), PIPE_OK);
}

static void decide(struct drive *d)
{
	enum verdict verdict;
	uint32_t job, because;

	while (scheduler_decided(d->s, &job, &verdict, &because)) {
		if (verdict == VERDICT_SKIP) {
			tell(d, job, "~");
			scheduler_ended(d->s, job, PIPE_STATUS_SKIPPED);
		} else if (verdict == VERDICT_MANUAL) {
			tell(d, job, "?");
		} else if (verdict == VERDICT_DELAY) {
			tell(d, job, "@");
			scheduler_ready(d->s, job);
		}
	}
}

/* A job whose script says "false" fails; allow_failure makes a warning of it. */
static void run_next(struct drive *d, uint32_t job)
{
	const struct plan_job *j = &d->f.plan->jobs.items[job];
	bool fails = !strcmp(j->job->main.items[0].text, "false"), allowed = j->allow_failure.state == YES;

	tell(d, job, fails ? "-" : "+");
	scheduler_ended(d->s, job, !fails ? PIPE_STATUS_SUCCESS : allowed ? PIPE_STATUS_WARNING : PIPE_STATUS_FAILED);
}

static const char *drive(struct drive *d)
{
	uint32_t job;

	for (decide(d); scheduler_next(d->s, &job); decide(d))
		run_next(d, job);
	return d->told.data;
}

static void end(struct drive *d)
{
	scheduler_free(d->s);
	str_clear(&d->told);
	planned_clear(&d->f);
}

static void check(const char *yaml, const char *told)
{
	struct drive d;

	begin(&d, yaml, NULL, true);
	ck_assert_str_eq(drive(&d), told);
	end(&d);
}

#define STAGES "stages: [a, b, c]\n"
#define OK(name, stage) #name ": {stage: " #stage ", script: [x]}\n"
#define BAD(name, stage) #name ": {stage: " #stage ", script: ['false']}\n"

START_TEST(stages_follow_each_other)
{
	check(STAGES OK(z, c) OK(x, a) OK(w, a) OK(y, b), "x+ w+ y+ z+");
}
END_TEST

START_TEST(a_failure_stops_later_stages_and_not_its_siblings)
{
	check(STAGES BAD(x, a) OK(w, a) OK(y, b) OK(z, c), "x- w+ y~ z~");
}
END_TEST

START_TEST(an_allowed_failure_stops_nothing)
{
	check(STAGES
	      "x: {stage: a, script: ['false'], allow_failure: true}\n" OK(y, b) "n: {stage: c, needs: [x], script: [x]}\n",
	      "x- y+ n+");
}
END_TEST

START_TEST(on_failure_and_always_follow_a_failure)
{
	check(STAGES BAD(x, a) "f: {stage: b, when: on_failure, script: [x]}\n" OK(
		      y, b) "e: {stage: c, when: always, script: [x]}\n",
	      "x- y~ f+ e+");
	check(STAGES OK(x, a) "f: {stage: b, when: on_failure, script: [x]}\n" OK(y, c), "x+ f~ y+");
}
END_TEST

START_TEST(needs_look_at_the_needed_jobs_only)
{
	check(STAGES BAD(x, a) OK(w, a) "n: {stage: b, needs: [w], script: [x]}\nm: {stage: b, needs: [x], script: [x]}\n"
					"k: {stage: c, needs: [m], script: [x]}\nfree: {stage: c, needs: [], script: [x]}\n",
	      "x- m~ k~ w+ n+ free+");
	check(STAGES BAD(x, a) "f: {stage: b, needs: [x], when: on_failure, script: [x]}\n", "x- f+");
}
END_TEST

START_TEST(a_need_starts_before_its_stage)
{
	struct drive d;

	/* The longest path first: x -> n -> k before the lone w. */
	begin(&d, STAGES OK(w, a) OK(x, a) "n: {stage: b, needs: [x], script: [x]}\nk: {stage: c, needs: [n], script: [x]}\n",
	      NULL, false);
	ck_assert_str_eq(drive(&d), "x+ n+ w+ k+");
	end(&d);
}
END_TEST

START_TEST(durations_of_the_past_order_what_is_ready)
{
	static const int64_t expected[] = { 10, 5000, -1 };
	struct drive d;

	begin(&d, OK(x, test) OK(y, test) OK(z, test), expected, false);
	ck_assert_str_eq(drive(&d), "y+ z+ x+"); /* z is unknown: taken for the mean */
	end(&d);
	begin(&d, OK(x, test) OK(y, test) OK(z, test), expected, true);
	ck_assert_str_eq(drive(&d), "x+ y+ z+");
	end(&d);
}
END_TEST

START_TEST(the_estimate_is_the_longest_path_or_the_work)
{
	static const int64_t expected[] = { 1000, 2000, 4000 }, past[] = { SCHEDULER_PAST, SCHEDULER_PAST, 4000 };
	struct drive d;

	begin(&d, STAGES OK(x, a) OK(y, a) OK(z, b), expected, false);
	ck_assert_int_eq(scheduler_estimate(d.s, 8), 6000);
	ck_assert_int_eq(scheduler_estimate(d.s, 1), 7000);
	end(&d);
	begin(&d, STAGES OK(x, a), NULL, false);
	ck_assert_int_eq(scheduler_estimate(d.s, 8), -1);
	end(&d);
	begin(&d, STAGES OK(x, a) OK(y, a) OK(z, b), past, false);
	ck_assert_int_eq(scheduler_estimate(d.s, 8), 4000);
	ck_assert_int_eq(scheduler_estimate(d.s, 1), 4000);
	end(&d);
	begin(&d, STAGES OK(x, a) OK(y, a) "m: {stage: b, when: manual, script: [x]}\n", expected, false);
	ck_assert_int_eq(scheduler_estimate(d.s, 8), 2000);
	end(&d);
}
END_TEST

START_TEST(a_manual_job_lets_its_stage_pass_unless_it_blocks)
{
	check(STAGES "m: {stage: a, when: manual, script: [x]}\n" OK(y, b), "m? y+");
	check(STAGES "m: {stage: a, rules: [{when: manual}], script: [x]}\n" OK(y, b), "m?");
}
END_TEST

START_TEST(what_waits_for_a_manual_job_knows_it)
{
	struct drive d;

	begin(&d,
	      STAGES "m: {stage: a, rules: [{when: manual}], script: [x]}\n" OK(y, b) "n: {stage: c, needs: [m], script: [x]}\n",
	      NULL, true);
	ck_assert_str_eq(drive(&d), "m?");
	ck_assert_uint_eq(scheduler_blocked_by(d.s, 1), 0);
	ck_assert_uint_eq(scheduler_blocked_by(d.s, 2), 0);
	scheduler_ready(d.s, 0);
	ck_assert_str_eq(drive(&d), "m? m+ y+ n+");
	ck_assert_uint_eq(scheduler_blocked_by(d.s, 1), UINT32_MAX);
	end(&d);
}
END_TEST

START_TEST(a_delayed_job_is_ready_when_told)
{
	check("d: {when: delayed, start_in: 1 s, script: [x]}\n" OK(x, test), "d@ d+ x+");
}
END_TEST

START_TEST(putting_back_keeps_the_order)
{
	struct drive d;
	uint32_t job;

	begin(&d, OK(x, test) OK(y, test), NULL, true);
	decide(&d);
	ck_assert(scheduler_next(d.s, &job));
	ck_assert_uint_eq(job, 0);
	scheduler_put_back(d.s, job);
	ck_assert_uint_eq(scheduler_ready_count(d.s), 2);
	ck_assert_str_eq(drive(&d), "x+ y+");
	end(&d);
}
END_TEST

/* Two stages of many jobs would be millions of edges if they were drawn. */
START_TEST(many_jobs_in_stages_cost_what_they_are)
{
	struct str yaml;
	struct drive d;
	unsigned ran = 0;
	uint32_t job;

	str_init(&yaml);
	str_adds(&yaml, "stages: [a, b]\n");
	for (int i = 0; i < 5000; i++)
		str_printf(&yaml, "a%d: {stage: a, script: [x]}\nb%d: {stage: b, script: [x]}\n", i, i);
	begin(&d, yaml.data, NULL, false);
	decide(&d);
	for (; scheduler_next(d.s, &job); decide(&d), ran++)
		scheduler_ended(d.s, job, PIPE_STATUS_SUCCESS);
	ck_assert_uint_eq(ran, 10000);
	end(&d);
	str_clear(&yaml);
}
END_TEST

Suite *scheduler_suite(void)
{
	const TTest *const tests[] = {
		stages_follow_each_other,
		a_failure_stops_later_stages_and_not_its_siblings,
		an_allowed_failure_stops_nothing,
		on_failure_and_always_follow_a_failure,
		needs_look_at_the_needed_jobs_only,
		a_need_starts_before_its_stage,
		durations_of_the_past_order_what_is_ready,
		the_estimate_is_the_longest_path_or_the_work,
		a_manual_job_lets_its_stage_pass_unless_it_blocks,
		what_waits_for_a_manual_job_knows_it,
		a_delayed_job_is_ready_when_told,
		putting_back_keeps_the_order,
		many_jobs_in_stages_cost_what_they_are,
	};
	Suite *suite = suite_create("scheduler");
	TCase *all = tcase_create("scheduler");

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
	return suite;
}
