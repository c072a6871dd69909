#include "runner/files/dotenv.h"
#include "tests/unit/scratch.h"

Suite *dotenv_suite(void);

static struct arena a;
static struct variables v;
static pipe_error err;

static void setup(void)
{
	v = (struct variables){ 0 };
	err = (pipe_error){ 0 };
}

static void teardown(void)
{
	arena_clear(&a);
}

static int parse(const char *text)
{
	return dotenv_parse("build.env", text, strlen(text), &a, &v, &err);
}

static const char *value(const char *name)
{
	const struct variable *one = variables_get(&v, name);

	return one ? one->value : NULL;
}

START_TEST(names_and_values_are_read)
{
	ck_ok(parse("A=1\nB_2=two words \r\n\n# comment\n  C =  spaced\t\n9=nine\nLAST=x"));
	ck_assert_uint_eq(v.list.count, 5);
	ck_assert_str_eq(value("A"), "1");
	ck_assert_str_eq(value("B_2"), "two words");
	ck_assert_str_eq(value("C"), "spaced");
	ck_assert_str_eq(value("9"), "nine");
	ck_assert_str_eq(value("LAST"), "x");
}
END_TEST

START_TEST(one_pair_of_quotes_goes)
{
	ck_ok(parse("A=\"x y\"\nB='it is'\nC=\"\nD=\"a'\nE=\"\"\nF='\"z\"'\n"));
	ck_assert_str_eq(value("A"), "x y");
	ck_assert_str_eq(value("B"), "it is");
	ck_assert_str_eq(value("C"), "\"");
	ck_assert_str_eq(value("D"), "\"a'");
	ck_assert_str_eq(value("E"), "");
	ck_assert_str_eq(value("F"), "\"z\"");
}
END_TEST

START_TEST(values_keep_what_only_looks_special)
{
	ck_ok(parse("A=b=c # no comment\nB=$A\nC=\nD=\xc3\xa4\n"));
	ck_assert_str_eq(value("A"), "b=c # no comment");
	ck_assert_str_eq(value("B"), "$A");
	ck_assert(!variables_get(&v, "B")->raw);
	ck_assert_str_eq(value("C"), "");
	ck_assert_str_eq(value("D"), "\xc3\xa4");
}
END_TEST

START_TEST(the_last_of_two_wins)
{
	ck_ok(parse("A=1\nA=2\n"));
	ck_assert_uint_eq(v.list.count, 1);
	ck_assert_str_eq(value("A"), "2");
}
END_TEST

static const struct {
	const char *text;
	size_t length; /* 0: strlen */
	unsigned line, column;
	const char *says;
} wrong[] = {
	{ "A=1\nnonsense\n", 0, 2, 1, "no \"=\"" }, { "export A=1\n", 0, 1, 1, "export" },
	{ "A=1\nB-C=1\n", 0, 2, 2, "letters" },	    { "=1\n", 0, 1, 1, "letters" },
	{ "A=1\nB=x\0y\n", 10, 2, 0, "NUL" },	    { "A=\xff\n", 0, 1, 0, "UTF-8" },
};

START_TEST(what_is_wrong_has_a_place)
{
	size_t n = wrong[_i].length ? wrong[_i].length : strlen(wrong[_i].text);

	ck_assert_int_eq(dotenv_parse("build.env", wrong[_i].text, n, &a, &v, &err), PIPE_EPIPELINE);
	ck_assert_str_eq(err.file, "build.env");
	ck_assert_uint_eq(err.line, wrong[_i].line);
	ck_assert_uint_eq(err.column, wrong[_i].column);
	ck_assert_ptr_nonnull(strstr(err.text, wrong[_i].says));
	ck_assert_int_eq(dotenv_parse("build.env", wrong[_i].text, n, &a, &v, NULL), PIPE_EPIPELINE);
}
END_TEST

START_TEST(size_and_count_are_limited)
{
	struct str s;

	str_init(&s);
	for (int i = 0; i < DOTENV_MAX_VARIABLES; i++)
		str_printf(&s, "V%d=\n", i);
	ck_ok(parse(s.data));
	str_adds(&s, "MORE=\n");
	ck_assert_int_eq(parse(s.data), PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, DOTENV_MAX_VARIABLES + 1);
	str_reset(&s);
	str_adds(&s, "A=");
	while (s.length <= DOTENV_MAX_BYTES)
		str_addc(&s, 'x');
	ck_assert_int_eq(parse(s.data), PIPE_EPIPELINE);
	str_clear(&s);
}
END_TEST

START_TEST(files_are_read)
{
	struct scratch s;

	scratch_make(&s);
	scratch_file(&s, "ok.env", "A=1\n");
	ck_ok(dotenv_read(scratch_path(&s, "ok.env"), &a, &v, &err));
	ck_assert_str_eq(value("A"), "1");
	ck_assert_int_eq(dotenv_read(scratch_path(&s, "none.env"), &a, &v, &err), PIPE_ENOTFOUND);
	ck_assert_int_eq(mkfifo(scratch_path(&s, "fifo"), 0600), 0);
	ck_assert_int_eq(dotenv_read(scratch_path(&s, "fifo"), &a, &v, &err), PIPE_EIO);
	ck_assert_int_eq(dotenv_read(s.root, &a, &v, &err), PIPE_EIO);
	scratch_remove(&s);
}
END_TEST

Suite *dotenv_suite(void)
{
	Suite *s = suite_create("dotenv");
	TCase *t = tcase_create("dotenv");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, names_and_values_are_read);
	tcase_add_test(t, one_pair_of_quotes_goes);
	tcase_add_test(t, values_keep_what_only_looks_special);
	tcase_add_test(t, the_last_of_two_wins);
	tcase_add_loop_test(t, what_is_wrong_has_a_place, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(t, size_and_count_are_limited);
	tcase_add_test(t, files_are_read);
	suite_add_tcase(s, t);
	return s;
}
