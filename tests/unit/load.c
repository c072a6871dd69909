/* The whole way: documents, what the kept root is, several errors at once, memory, hostile files. */
#include "tests/unit/load_fixture.h"

Suite *load_suite(void);

#define END                                                                                                                      \
	{                                                                                                                        \
		NULL, NULL                                                                                                       \
	}
#define TABLE(...) ((const struct fixture_file[]){ __VA_ARGS__, END })

START_TEST(text_is_taken_before_the_file)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "j: {script: [disk]}\n" }));
	f.options.text = "j: {script: [given]} # and more";
	f.options.length = strlen("j: {script: [given]}");
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_show(&f, "j"), "{script: [given]}");
	ck_assert_uint_eq(f.reads, 0);
	fixture_clear(&f);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "other.yml", "j: {script: [x]}\n" }));
	f.options.file = "ci.yml";
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(fixture_said(&f), ":0:0: file-missing: \"ci.yml\" cannot be read: there is no such file");
	ck_assert_ptr_null(f.pipeline);
	fixture_clear(&f);
}
END_TEST

START_TEST(the_pipeline_has_file_root_and_jobs)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "spec: {inputs: {a: {default: x}}}\n---\ninclude: b.yml\nj: {extends: .t}\n" },
			       { "b.yml", ".t: {script: [x]}\nk: {script: [x]}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(f.pipeline->file, "ci.yml");
	ck_assert_str_eq(fixture_keys(&f), ".t k j");
	ck_assert_uint_eq(f.pipeline->jobs.count, 2);
	ck_assert_str_eq(f.pipeline->jobs.items[0].name, "k");
	ck_assert_str_eq(sources_name(&f.sources, f.pipeline->jobs.items[0].at), "b.yml");
	ck_assert_str_eq(sources_name(&f.sources, f.pipeline->jobs.items[1].at), "ci.yml");
	ck_assert_uint_eq(f.sources.list.items[1].included.line, 3);
	fixture_clear(&f);
}
END_TEST

START_TEST(faults_of_different_steps_are_said_together)
{
	static const char *const expected[] = { "ci.yml:1:10: include-missing: ", "ci.yml:2:18: unknown-keyword: ",
						"ci.yml:4:27: extends-circle: " };
	struct fixture f;
	const char *said;

	fixture_init(&f, TABLE({ "ci.yml", "include: gone.yml\na: {extends: .t, scrpt: [x]}\n"
					   "b: {script: [!reference [c, nothing]]}\nc: {script: [x], extends: c}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	said = fixture_said(&f);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		ck_assert_msg(strstr(said, expected[i]), "not said: %s", expected[i]);
	ck_assert_uint_eq(f.d.list.count, 3);
	fixture_clear(&f);
}
END_TEST

START_TEST(a_second_document_is_no_pipeline)
{
	expect_said(TABLE({ "ci.yml", "j: {script: [x]}\n---\nk: {script: [x]}\n" }),
		    "ci.yml:3:1: documents: a pipeline file is one document, with a header in front of it at most (take the line "
		    "--- away, or begin the file with \"spec:\")");
	expect_said(TABLE({ "ci.yml", "spec: {}\n---\nj: {script: [x]}\n---\nk: {script: [x]}\n" }),
		    "ci.yml:5:1: documents: a pipeline file is one document, with a header in front of it at most (take the line "
		    "--- away, or begin the file with \"spec:\")");
	expect_value(TABLE({ "ci.yml", "---\nj: {script: [x]}\n---\n" }), "j", "{script: [x]}");
}
END_TEST

START_TEST(a_list_is_no_pipeline)
{
	expect_said(TABLE({ "ci.yml", "- a\n- b\n" }),
		    "ci.yml:1:1: file-shape: a pipeline file is a map of jobs and keywords, this is a list");
}
END_TEST

START_TEST(a_file_that_is_too_large)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "x" }));
	f.options.text = "j: {script: [x]}\n";
	f.options.length = strlen(f.options.text);
	f.options.limits.file_bytes = 10;
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(fixture_said(&f), "ci.yml:1:1: file-limit: \"ci.yml\" is larger than 10 bytes");
	fixture_clear(&f);
}
END_TEST

START_TEST(defaults_that_multiply_are_refused)
{
	struct fixture_file files[] = { { "ci.yml", NULL }, END };
	struct fixture f;
	struct str s;

	str_init(&s);
	str_adds(&s, "default: {before_script: [");
	for (int i = 0; i < 5000; i++)
		str_adds(&s, "x,");
	str_adds(&s, "x]}\n");
	for (int i = 0; i < 1000; i++)
		str_printf(&s, "j%d: {script: [x]}\n", i);
	files[0].text = s.data;
	fixture_init(&f, files);
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_uint_eq(f.d.errors, 1);
	ck_assert_str_eq(f.d.list.items[0].code, "merge-limit");
	fixture_clear(&f);
	str_clear(&s);
}
END_TEST

START_TEST(a_plain_file_is_shared_not_copied)
{
	struct fixture_file files[] = { { "ci.yml", NULL }, END };
	struct fixture f;
	struct str s;
	size_t text;

	str_init(&s);
	for (int i = 0; i < 2000; i++)
		str_printf(&s, "job-%d:\n  stage: test\n  script: [echo]\n", i);
	text = s.length;
	files[0].text = s.data;
	fixture_init(&f, files);
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_uint_eq(f.pipeline->jobs.count, 2000);
	/* The nodes are a multiple of the text; merging must not add another. */
	ck_assert_uint_lt(f.arena.used, text * 40);
	fixture_clear(&f);
	str_clear(&s);
}
END_TEST

Suite *load_suite(void)
{
	Suite *s = suite_create("load");
	TCase *way = tcase_create("way");
	TCase *limits = tcase_create("limits");

	tcase_add_test(way, text_is_taken_before_the_file);
	tcase_add_test(way, a_file_that_is_not_there);
	tcase_add_test(way, the_pipeline_has_file_root_and_jobs);
	tcase_add_test(way, faults_of_different_steps_are_said_together);
	tcase_add_test(way, a_second_document_is_no_pipeline);
	tcase_add_test(way, a_list_is_no_pipeline);
	suite_add_tcase(s, way);
	tcase_add_test(limits, a_file_that_is_too_large);
	tcase_add_test(limits, defaults_that_multiply_are_refused);
	tcase_add_test(limits, a_plain_file_is_shared_not_copied);
	suite_add_tcase(s, limits);
	return s;
}
