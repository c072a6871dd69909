/* jansson first: base/json.h has names of its own for what it calls alike */
#include <jansson.h>

#include "base/utf8.h"
#include "plan_fixture.h"

Suite *graph_suite(void);

static const char shop[] = "stages: [build, test, deploy]\n"
			   "compile: {stage: build, script: [x]}\n"
			   "lint: {stage: build, script: [x], allow_failure: true}\n"
			   "unit: {stage: test, script: [x], needs: [compile]}\n"
			   "e2e: {stage: test, script: [x], parallel: 3, needs: [compile]}\n"
			   "style: {stage: test, script: [x], needs: []}\n"
			   "all: {stage: test, script: [x]}\n"
			   "out: {stage: test, script: [x], rules: [{if: $CI_COMMIT_TAG}]}\n"
			   "deploy: {stage: deploy, script: [x], needs: [unit, e2e], when: manual}\n"
			   "notify: {stage: deploy, script: [x], rules: [{if: $CI_COMMIT_BRANCH, when: always}]}\n";

/* Names that would break out of everything if they were let. */
static const char hostile[] =
	"stages: [\"b</text>\\\" ]; x -> y\", test]\n"
	"\"a\\\"]; evil [label=\\\"\\\\\": {stage: \"b</text>\\\" ]; x -> y\", script: [x]}\n"
	"\"<script>alert(1)</script>&'\": {stage: test, script: [x], needs: [\"a\\\"]; evil [label=\\\"\\\\\"]}\n"
	"\"\\e[31mred\\u202Etxt\\u0085\": {stage: test, script: [x]}\n";

static struct planned f;
static struct str out;

static void setup(void)
{
	str_init(&out);
}

static void teardown(void)
{
	str_clear(&out);
	planned_clear(&f);
}

static void make(const char *yaml)
{
	planned_load(&f, yaml);
	ck_assert_msg(planned_make(&f) == PIPE_OK, "%s", planned_said(&f));
}

START_TEST(a_table_for_people)
{
	make(shop);
	plan_text(f.plan, &f.sources, false, &out);
	ck_assert_str_eq(
		out.data,
		"STAGE   JOB      WHEN                  NEEDS                            WHY\n"
		"build   compile  on_success            -                                it has no rules\n"
		"        lint     on_success, may fail  -                                it has no rules\n"
		"test    unit     on_success            compile                          it has no rules\n"
		"        e2e 1/3  on_success            compile                          it has no rules\n"
		"        e2e 2/3  on_success            compile                          it has no rules\n"
		"        e2e 3/3  on_success            compile                          it has no rules\n"
		"        style    on_success            none                             it has no rules\n"
		"        all      on_success            earlier stages                   it has no rules\n"
		"deploy  deploy   manual                unit, e2e 1/3, e2e 2/3, e2e 3/3  it has no rules\n"
		"        notify   always                earlier stages                   rule 1 matched: if $CI_COMMIT_BRANCH (ci.yml:10)\n"
		"\nLEFT OUT\n"
		"test    out      no rule matched (ci.yml:8)\n");
}
END_TEST

START_TEST(no_pipeline_says_why)
{
	make("workflow: {rules: [{if: $NOPE}]}\na: {script: [x]}\n");
	plan_text(f.plan, &f.sources, false, &out);
	ck_assert_str_eq(
		out.data,
		"No pipeline: workflow:rules: no rule matched (ci.yml:1)\n\nLEFT OUT\ntest   a    workflow:rules: no rule matched (ci.yml:1)\n");
	str_reset(&out);
	plan_ascii(f.plan, 80, false, &out);
	ck_assert_str_eq(out.data, "no jobs: workflow:rules: no rule matched\n");
	str_reset(&out);
	plan_svg(f.plan, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "no jobs"));
}
END_TEST

static json_t *find(json_t *jobs, const char *name)
{
	size_t i;
	json_t *job;

	json_array_foreach(jobs, i, job) if (!strcmp(json_string_value(json_object_get(job, "name")), name)) return job;
	ck_abort_msg("no job %s", name);
	return NULL;
}

START_TEST(json_for_programs)
{
	json_t *root, *jobs, *job;

	make(shop);
	plan_json(f.plan, &f.sources, &out);
	root = json_loads(out.data, 0, NULL);
	ck_assert_ptr_nonnull(root);
	ck_assert(json_is_true(json_object_get(json_object_get(root, "pipeline"), "runs")));
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(root, "stages"), 1)), "build");
	jobs = json_object_get(root, "jobs");
	ck_assert_uint_eq(json_array_size(jobs), 11);
	job = find(jobs, "compile");
	ck_assert(json_is_null(json_object_get(job, "needs")));
	ck_assert(json_is_false(json_object_get(job, "allow_failure")));
	ck_assert(json_is_true(json_object_get(job, "included")));
	job = find(jobs, "deploy");
	ck_assert_uint_eq(json_array_size(json_object_get(job, "needs")), 4);
	ck_assert_str_eq(json_string_value(json_object_get(job, "when")), "manual");
	ck_assert(json_is_true(json_object_get(job, "allow_failure")));
	job = find(jobs, "e2e 2/3");
	ck_assert_int_eq(json_integer_value(json_object_get(job, "node_index")), 2);
	job = find(jobs, "out");
	ck_assert(json_is_false(json_object_get(job, "included")));
	ck_assert_str_eq(json_string_value(json_object_get(job, "when")), "never");
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(job, "rule"), "line")), 8);
	json_decref(root);
}
END_TEST

static int append(void *payload, const char *text, size_t length)
{
	str_add(payload, text, length);
	return 0;
}

/* What jobs have in common is copied from one to the next: none may take what is not its own. */
START_TEST(json_of_many_jobs_says_of_each_what_it_is)
{
	static const char *const whens[] = { "on_success", "manual", "always" };
	struct str yaml, whole;
	json_t *root, *job;
	size_t i;

	str_init(&yaml);
	str_init(&whole);
	for (int k = 0; k < 2000; k++)
		str_printf(&yaml, "j%04d: {script: [x], stage: %s, when: %s, allow_failure: %s}\n", k,
			   k < 1000 ? "build" : "deploy", whens[k / 3 % 3],
			   k % 50 == 7 ? "{exit_codes: [3, 4]}"
			   : k % 7     ? "false"
				       : "true");
	make(yaml.data);
	out.write = append;
	out.payload = &whole;
	plan_json(f.plan, &f.sources, &out);
	ck_assert_uint_gt(whole.length, out.length);
	str_add(&whole, out.data, out.length);
	root = json_loads(whole.data, 0, NULL);
	ck_assert_ptr_nonnull(root);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "jobs")), 2000);
	json_array_foreach(json_object_get(root, "jobs"), i, job)
	{
		json_t *codes = json_object_get(job, "allow_failure_exit_codes");

		ck_assert_int_eq(atoi(json_string_value(json_object_get(job, "name")) + 1), (int)i);
		ck_assert_str_eq(json_string_value(json_object_get(job, "stage")), i < 1000 ? "build" : "deploy");
		ck_assert_str_eq(json_string_value(json_object_get(job, "when")), whens[i / 3 % 3]);
		ck_assert_int_eq(json_is_true(json_object_get(job, "allow_failure")), i % 50 == 7 || i % 7 == 0);
		ck_assert_uint_eq(json_array_size(codes), i % 50 == 7 ? 2 : 0);
		ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(job, "defined"), "line")), (int)i + 1);
	}
	json_decref(root);
	str_clear(&yaml);
	str_clear(&whole);
}
END_TEST

START_TEST(boxes_where_they_fit)
{
	make(shop);
	plan_ascii(f.plan, 100, false, &out);
	ck_assert_str_eq(out.data, "╭─ build · 2 ─────╮     ╭─ test · 6 ──────────────╮     ╭─ deploy · 2 ────────────────╮\n"
				   "│ compile         │ ──▶ │ unit   ← compile        │ ──▶ │ deploy (manual) ← unit, e2e │\n"
				   "│ lint (may fail) │     │ e2e ×3 ← compile        │     │ notify (always)             │\n"
				   "╰─────────────────╯     │ style  ← starts at once │     ╰─────────────────────────────╯\n"
				   "                        │ all                     │\n"
				   "                        ╰─────────────────────────╯\n");
}
END_TEST

START_TEST(a_list_where_they_do_not)
{
	make(shop);
	plan_ascii(f.plan, 60, false, &out);
	ck_assert_str_eq(out.data,
			 "╭ build · 2 jobs\n│  compile\n│  lint (may fail)\n│\n"
			 "├ test · 6 jobs\n│  unit    ← compile\n│  e2e ×3  ← compile\n│  style   ← starts at once\n│  all\n│\n"
			 "╰ deploy · 2 jobs\n   deploy (manual)  ← unit, e2e\n   notify (always)\n");
}
END_TEST

static void check_widths(unsigned width)
{
	for (const char *line = out.data; *line;) {
		const char *end = strchr(line, '\n');
		unsigned columns = 0;
		uint32_t code;
		for (const char *p = line; p < end; p += utf8_decode(p, (size_t)(end - p), &code)) {
			utf8_decode(p, (size_t)(end - p), &code);
			columns += (unsigned)utf8_width(code);
		}
		ck_assert_msg(columns <= width, "%u columns: %.*s", columns, (int)(end - line), line);
		line = end + 1;
	}
}

START_TEST(many_jobs_and_long_names_keep_the_width)
{
	static const unsigned widths[] = { 20, 40, 80, 200 };
	struct str s;

	str_init(&s);
	str_adds(&s, "stages: [a, b, c]\n");
	for (int i = 0; i < 500; i++)
		str_printf(&s, "job-with-a-name-of-some-length-%d: {stage: %c, script: [x]%s}\n", i, 'a' + i % 3,
			   i % 3 && i > 5
				   ? i % 2 ? ", needs: [job-with-a-name-of-some-length-0, job-with-a-name-of-some-length-3]"
					   : ", needs: [job-with-a-name-of-some-length-0]"
				   : "");
	str_adds(
		&s,
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe9\x95\xb7\xe3\x81\x84\xe5\x90\x8d\xe5\x89\x8d\xe6\x97\xa5\xe6\x9c\xac: {stage: a, script: [x]}\n");
	make(s.data);
	for (size_t i = 0; i < 4; i++) {
		str_reset(&out);
		plan_ascii(f.plan, widths[i], false, &out);
		check_widths(widths[i]);
		ck_assert_ptr_nonnull(strstr(out.data, "168 jobs"));
	}
	str_clear(&s);
}
END_TEST

/* A terminal must see no control character but newline, and no mark that turns the direction of text. */
static void check_harmless(void)
{
	for (const char *p = out.data; *p; p++)
		ck_assert_msg((unsigned char)*p >= ' ' || *p == '\n', "byte %d", *p);
	ck_assert_ptr_null(strstr(out.data, "\xe2\x80\xae"));
	ck_assert_ptr_null(strstr(out.data, "\xc2\x85"));
	ck_assert_uint_eq(utf8_valid(out.data, out.length), out.length);
}

/* Tags are closed in their order, and every & begins an entity. */
static void check_xml(void)
{
	char open[32][16];
	int depth = 0;

	for (const char *p = out.data; (p = strpbrk(p, "<&")); p++) {
		const char *end = strchr(p, *p == '<' ? '>' : ';');
		size_t n = strcspn(p + 1, *p == '<' ? " >/\n" : ";");
		ck_assert_ptr_nonnull(end);
		if (*p == '&') {
			ck_assert_msg(n > 1 && n < 6, "%.20s", p);
		} else if (p[1] == '/') {
			n = (size_t)(end - p) - 2;
			ck_assert_int_gt(depth, 0);
			depth--;
			ck_assert_msg(strlen(open[depth]) == n && !memcmp(open[depth], p + 2, n), "%.20s closes %s", p,
				      open[depth]);
		} else if (end[-1] != '/') {
			ck_assert_int_lt(depth, 32);
			ck_assert_msg(n < 16, "%.20s", p);
			snprintf(open[depth++], sizeof(open[0]), "%.*s", (int)n, p + 1);
		}
	}
	ck_assert_int_eq(depth, 0);
}

START_TEST(hostile_names_do_no_harm)
{
	make(hostile);
	plan_text(f.plan, &f.sources, false, &out);
	check_harmless();
	str_reset(&out);
	plan_ascii(f.plan, 80, false, &out);
	check_harmless();
	str_reset(&out);
	plan_dot(f.plan, &out);
	check_harmless();
	ck_assert_ptr_nonnull(strstr(out.data, "n0 [label=\"a\\\"]; evil [label=\\\"\\\\\"];"));
	str_reset(&out);
	plan_mermaid(f.plan, &out);
	check_harmless();
	ck_assert_ptr_null(strstr(out.data, "<script>"));
	ck_assert_ptr_nonnull(strstr(out.data, "n0(\"a#quot;]; evil [label=#quot;#92;\")"));
	str_reset(&out);
	plan_svg(f.plan, &out);
	check_harmless();
	ck_assert_ptr_null(strstr(out.data, "<script>"));
	check_xml();
}
END_TEST

START_TEST(edges_of_dot_and_mermaid)
{
	make(shop);
	plan_dot(f.plan, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "  n0 -> n2;\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "n3 [label=\"e2e \xc3\x97"
					       "3\"];"));
	ck_assert_ptr_nonnull(strstr(out.data, "s1 -> n5 [style=dotted];"));
	ck_assert_ptr_null(strstr(out.data, "s1 -> n4 "));
	str_reset(&out);
	plan_mermaid(f.plan, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "  n3 --> n6\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "  s0 -.-> s1\n"));
}
END_TEST

START_TEST(needs_inside_a_stage_stand_beside_each_other)
{
	unsigned x1, x2;

	make("stages: [a]\nfirst: {stage: a, script: [x]}\nsecond: {stage: a, script: [x], needs: [first]}\n");
	plan_svg(f.plan, &out);
	ck_assert_int_eq(sscanf(strstr(out.data, "needs: earlier stages</title><rect x="),
				"needs: earlier stages</title><rect x=\"%u\"", &x1),
			 1);
	ck_assert_int_eq(sscanf(strstr(out.data, "needs: first</title><rect x="), "needs: first</title><rect x=\"%u\"", &x2), 1);
	ck_assert_uint_gt(x2, x1);
	ck_assert_ptr_nonnull(strstr(out.data, "class=\"need\""));
}
END_TEST

START_TEST(a_job_is_explained)
{
	const char *nearest = "untouched";

	make(".base: {script: [make], variables: {A: b}}\nbuild: {extends: .base, tags: [x]}\n");
	ck_assert(pipeline_explain_job(f.pipeline, &f.sources, "build", false, &out, &nearest));
	ck_assert_ptr_null(nearest);
	ck_assert_ptr_nonnull(strstr(out.data, "build:"));
	ck_assert_ptr_nonnull(strstr(out.data, "make"));
	ck_assert_ptr_nonnull(strstr(out.data, "ci.yml:1"));
	ck_assert(!pipeline_explain_job(f.pipeline, &f.sources, "biuld", false, &out, &nearest));
	ck_assert_str_eq(nearest, "build");
	ck_assert(!pipeline_explain_job(f.pipeline, &f.sources, "zzzzzzzzzzzzzz", false, &out, &nearest));
	ck_assert_ptr_null(nearest);
}
END_TEST

START_TEST(an_instance_is_explained_as_its_job)
{
	const char *nearest;

	make("p: {script: [x], parallel: 3}\nm: {script: [x], parallel: {matrix: [{A: [a b, c]}]}}\n");
	ck_assert(pipeline_explain_job(f.pipeline, &f.sources, "p 2/3", false, &out, &nearest));
	ck_assert(pipeline_explain_job(f.pipeline, &f.sources, "m: [a b]", false, &out, &nearest));
}
END_TEST

Suite *graph_suite(void)
{
	Suite *s = suite_create("graph");
	TCase *t = tcase_create("graph");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_table_for_people);
	tcase_add_test(t, no_pipeline_says_why);
	tcase_add_test(t, json_for_programs);
	tcase_add_test(t, json_of_many_jobs_says_of_each_what_it_is);
	tcase_add_test(t, boxes_where_they_fit);
	tcase_add_test(t, a_list_where_they_do_not);
	tcase_add_test(t, many_jobs_and_long_names_keep_the_width);
	tcase_add_test(t, hostile_names_do_no_harm);
	tcase_add_test(t, edges_of_dot_and_mermaid);
	tcase_add_test(t, needs_inside_a_stage_stand_beside_each_other);
	tcase_add_test(t, a_job_is_explained);
	tcase_add_test(t, an_instance_is_explained_as_its_job);
	suite_add_tcase(s, t);
	return s;
}
