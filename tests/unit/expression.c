#include "pipeline/rule/expression.h"

#include "pipeline/document/document.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

Suite *expression_suite(void);

enum { STEPS = 1000000 };

static struct arena arena;
static struct sources sources;
static struct diagnostics d;
static struct variables variables;
static struct scope scope;

static void set(const char *name, const char *value)
{
	struct variable one = { .name = name, .value = value };

	ck_assert(variables_set(&variables, &arena, one));
}

static void setup(void)
{
	arena = (struct arena)ARENA_INIT;
	sources = (struct sources){ 0 };
	variables = (struct variables){ 0 };
	scope = (struct scope){ 0 };
	diagnostics_init(&d, &arena, &sources);
	set("V", "World");
	set("TEXT", "Hello World 1.11");
	set("PATH_TEXT", "a/b");
	set("EMPTY", "");
	set("ZERO", "0");
	set("FALSE", "false");
	set("PATTERN", "/hello/i");
	set("BAD_PATTERN", "/hel(lo/");
	set("NESTED", "$V");
	set("LINES", "one\ntwo");
	scope_push(&scope, &variables);
}

static void teardown(void)
{
	arena_clear(&arena);
}

static struct expression *parse(const char *text)
{
	struct node *n = node_scalar(&arena, MARK_NONE, text, strlen(text));

	return expression_parse(&arena, n, &d);
}

static bool holds(const char *text)
{
	struct expression *e = parse(text);

	ck_assert_msg(e != NULL, "%s: %s", text, d.list.count ? d.list.items[d.list.count - 1].message : "?");
	return expression_true(e, &scope, &arena, STEPS, &d);
}

static const char *const true_ones[] = {
	"$V",
	"$V == \"World\"",
	"$V == 'World'",
	"\"World\" == $V",
	"$V != \"world\"",
	"$V!=\"x\"&&$V==\"World\"",
	"\"a\" == \"a\"",
	"$UNSET == null",
	"null == null",
	"$EMPTY != null",
	"$EMPTY == \"\"",
	"$UNSET != \"\"",
	"$ZERO",
	"$FALSE",
	"\"text\"",
	"$NESTED == \"World\"",
	"$NESTED == $V",
	/* precedence and parentheses */
	"$V || $UNSET && $UNSET",
	"($V || $UNSET) && $V",
	"$UNSET && $V || $V",
	"(($V))",
	"($V) == \"World\"",
	"($UNSET || $V) && ($V)",
	"$UNSET || $EMPTY || $V",
	"\n $V\n ==\t\"World\"\n",
	/* patterns */
	"$V =~ /World/",
	"$V =~ /^W/",
	"$V =~ /world/i",
	"$V !~ /world/",
	"$TEXT =~ /(?i)hello/",
	"$TEXT =~ /[[:digit:]]+\\.[[:digit:]]+$/",
	"$TEXT =~ /^(x|Hello)\\b/",
	"$TEXT =~ /Hello.*1/",
	"$PATH_TEXT =~ /a\\/b/",
	"$TEXT =~ /11$/",
	"\"abc\" =~ /b/",
	"$TEXT =~ \"/hello/i\"",
	"$TEXT =~ $PATTERN",
	"$V =~ /World/&&$V",
	"$V=~/World/",
	"$TEXT =~ /\\p{Lu}/",
	"$TEXT =~ /\\d{2}/",
	"$TEXT =~ /(?P<year>1)\\.(?:1)+/",
	"$V =~ /[^]]/",
	"$V =~ /^.{5}$/",
	"$TEXT =~ /\\x31\\x{2e}/",
	"$V =~ /\\QWorld\\E/",
	"$V =~ /W\\157rld/",
	"$LINES =~ /^two$/m",
	"$LINES !~ /^two$/",
	"$LINES =~ /one.two/s",
	"$LINES !~ /one.two/",
	"$V =~ /a{,3}|W/",
	"$V =~ /W{1}/",
	"$V =~ /o+?r/",
	"$V =~ /\\AWorld\\z/",
	"$V =~ /W|{/",
	/* null and patterns */
	"$UNSET !~ /x/",
	"$V !~ null",
	"$V !~ $UNSET",
	"$UNSET =~ /^$/",
	/* text without slashes is searched for the left side */
	"$V =~ \"a World of\"",
	"$V =~ \"World\"",
	"$V !~ \"Worl\"",
};

static const char *const false_ones[] = {
	"$UNSET",
	"$EMPTY",
	"\"\"",
	"null",
	"$UNSET == \"\"",
	"$EMPTY == null",
	"$V == \"world\"",
	"$V == null",
	"$V && $EMPTY",
	"$UNSET || $EMPTY",
	"$UNSET && $V || $EMPTY",
	"$V && ($UNSET || $EMPTY)",
	"$V =~ /world/",
	"$V =~ /^orld/",
	"$UNSET =~ /x/",
	"$V =~ null",
	"$V =~ $UNSET",
	"$V !~ /World/",
	"$TEXT =~ /1$1/",
	"$PATTERN == \"hello\"",
	"$LINES =~ /one$/",
	"$V =~ /World\\n/",
	"\"$V\" == \"World\"",
};

START_TEST(conditions_that_hold)
{
	ck_assert_msg(holds(true_ones[_i]), "%s", true_ones[_i]);
	ck_assert_uint_eq(d.errors, 0);
}
END_TEST

START_TEST(conditions_that_do_not_hold)
{
	ck_assert_msg(!holds(false_ones[_i]), "%s", false_ones[_i]);
	ck_assert_uint_eq(d.errors, 0);
}
END_TEST

/* In a line `  - if: TEXT` of a file, the text beginning in column 9. */
static const struct {
	const char *text;
	unsigned column, length;
	const char *message, *hint;
} wrong[] = {
	{ "${CI} == \"true\"", 9, 5, "\"${...}\" is not known in a condition", "write $CI" },
	{ "$A && ${}", 15, 3, "\"${...}\" is not known in a condition", "a variable is written $NAME" },
	{ "$A = \"b\"", 12, 1, "\"=\" is not an operator", "equality is ==, a pattern is matched with =~" },
	{ "$A & $B", 12, 1, "\"&\" is not an operator", "\"and\" is &&" },
	{ "$A | $B", 12, 1, "\"|\" is not an operator", "\"or\" is ||" },
	{ "!$A", 0, 0, "\"!\" is not an operator", "there is no negation: compare, as in $NAME == null or $NAME != \"true\"" },
	{ "$A == main", 15, 4, "\"main\" is neither a variable nor text in quotes", "text stands in quotes: \"main\"" },
	{ "$A and $B", 12, 3, "\"and\" is neither a variable nor text in quotes", "write &&" },
	{ "$A > \"1\"", 12, 1, "\">\" is neither a variable nor text in quotes", "the comparisons are == != =~ !~" },
	{ "$A == \"b", 15, 1, "this quote is not closed", NULL },
	{ "$A =~ /b", 15, 1, "this pattern has no closing /", NULL },
	{ "$A == ", 0, 0, "a value is missing before the end", NULL },
	{ "$A && || $B", 15, 2, "a value is missing before \"||\"", NULL },
	{ "== $A", 0, 0, "a value is missing before a comparison", NULL },
	{ "($A", 0, 0, "this parenthesis is not closed", NULL },
	{ "$A)", 11, 1, "this parenthesis closes nothing", NULL },
	{ "$A $B", 12, 2, "an operator is missing here", "join conditions with && or ||" },
	{ "($A $B)", 13, 2, "an operator is missing here", NULL },
	{ "$A == $B == $C", 18, 2, "a second comparison in a row", "join comparisons with && or ||" },
	{ "($A && $B) == $C", 0, 0, "a comparison wants a variable, text or null on each side", NULL },
	{ "/a/ =~ $A", 0, 0, "a pattern stands on the right of =~ or !~ only", NULL },
	{ "$", 0, 0, "\"$\" without the name of a variable", "a variable is written $NAME; text stands in quotes" },
	{ "", 0, 0, "the condition is empty", NULL },
	{ "$A =~ /x(?!y)/", 17, 0,
	  "this pattern cannot be used: negative look-ahead (?!...) is not known (the syntax is RE2's): use !~ for what must not match",
	  NULL },
	{ "$A =~ /a/x", 0, 0, "this pattern cannot be used: the flag \"x\" is not known: i, m, s and U are", NULL },
	{ "$A =~ /a(b/", 0, 0, "this pattern cannot be used: missing closing parenthesis", NULL },
};

START_TEST(what_is_wrong_is_said_with_its_place)
{
	struct mark at = { 1, 9, 0 };
	char line[200];
	const struct diagnostic *said;

	snprintf(line, sizeof(line), "  - if: %s", wrong[_i].text);
	ck_assert_int_eq(sources_add(&sources, &arena, (struct source){ .name = "ci.yml", .text = line, .length = strlen(line) }),
			 0);
	ck_assert_ptr_null(expression_parse(&arena, node_scalar(&arena, at, wrong[_i].text, strlen(wrong[_i].text)), &d));
	ck_assert_uint_eq(d.list.count, 1);
	said = &d.list.items[0];
	ck_assert_str_eq(said->code, "rules-syntax");
	ck_assert_str_eq(said->message, wrong[_i].message);
	ck_assert_str_eq(said->hint ? said->hint : "", wrong[_i].hint ? wrong[_i].hint : "");
	if (wrong[_i].column)
		ck_assert_uint_eq(said->at.column, wrong[_i].column);
	if (wrong[_i].length)
		ck_assert_uint_eq(said->length, wrong[_i].length);
}
END_TEST

START_TEST(the_column_counts_characters_behind_a_quote)
{
	static const char line[] = "    - if: '\"\xc3\xa9\xc3\xa9\" == $A &'", text[] = "\"\xc3\xa9\xc3\xa9\" == $A &";
	struct mark at = { 1, 11, 0 };

	sources_add(&sources, &arena, (struct source){ .name = "ci.yml", .text = line, .length = strlen(line) });
	ck_assert_ptr_null(expression_parse(&arena, node_scalar(&arena, at, text, strlen(text)), &d));
	ck_assert_uint_eq(d.list.items[0].at.column, 23);
}
END_TEST

START_TEST(a_text_that_is_written_otherwise_is_placed_at_its_node)
{
	static const char line[] = "  - if: >-";
	struct mark at = { 1, 9, 0 };

	sources_add(&sources, &arena, (struct source){ .name = "ci.yml", .text = line, .length = strlen(line) });
	ck_assert_ptr_null(expression_parse(&arena, node_scalar(&arena, at, "$A ==", 5), &d));
	ck_assert_uint_eq(d.list.items[0].at.column, 9);
}
END_TEST

static const char *const refused_patterns[] = {
	"a(?=b)",  "a(?!b)",	"(?<=a)b", "(?<!a)b",	   "(?>a)",
	"(?|a)",   "(?#a)",	"(?(1)a)", "(?C)",	   "(?C1)",
	"(?R)",	   "(?1)",	"(?&n)",   "(?P>n)",	   "(?P=n)",
	"(a)\\1",  "\\k<n>",	"\\g1",	   "(*ACCEPT)",	   "(*UTF)a",
	"a++",	   "a*+",	"a?+",	   "a{2}+",	   "a**",
	"a{1001}", "a{1,1001}", "\\Z",	   "\\G",	   "\\K",
	"\\X",	   "\\R",	"\\h",	   "\\C",	   "\\N",
	"\\e",	   "\\cA",	"\\",	   "(?x)a",	   "(?^)a",
	"(?)",	   "\\xZ",	"\\x{}",   "\\x{1234567}", "[[:<:]]a",
	"\\p",	   "\\p{L",	"[\\b]",   "[a",	   "(a",
	"a)",	   "[b-a]",	"\xff",	   "[[:nope:]]",   "(?<n>a)(?<n>b)",
};

START_TEST(patterns_that_re2_does_not_know)
{
	const char *p = refused_patterns[_i];
	pipe_error err = { 0 };

	ck_assert_msg(!regex_compile(&arena, p, strlen(p), NULL, &err), "%s was taken", p);
	ck_assert_int_eq(err.code, PIPE_EPIPELINE);
	ck_assert(err.text[0]);
}
END_TEST

START_TEST(the_error_of_a_pattern_has_a_column)
{
	pipe_error err = { 0 };

	ck_assert_ptr_null(regex_compile(&arena,
					 "\xc3\xa9"
					 "bc(?=d)",
					 9, NULL, &err));
	ck_assert_uint_eq(err.column, 4);
}
END_TEST

START_TEST(a_search_gives_the_first_group)
{
	static const char text[] = "TOTAL   12   3   75.5%";
	static const char pattern[] = "TOTAL.*?(\\d+(?:\\.\\d+)?)%";
	struct regex *r = regex_compile(NULL, pattern, strlen(pattern), NULL, NULL);
	size_t start = 0, end = 0;

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(regex_search(r, text, strlen(text), STEPS, &start, &end), 0);
	ck_assert_int_eq(strncmp(text + start, "75.5", end - start), 0);
	ck_assert_int_eq(regex_search(r, "nothing", 7, STEPS, &start, &end), -1);
	regex_free(r);
	r = regex_compile(NULL, "b(x)?c", 6, NULL, NULL);
	ck_assert_int_eq(regex_search(r, "abcd", 4, STEPS, &start, &end), 0);
	ck_assert_uint_eq(start, 1);
	ck_assert_uint_eq(end, 3);
	/* Bytes that are no UTF-8, and NUL bytes, are looked through. */
	ck_assert_int_eq(regex_search(r,
				      "\xff\0\xfe"
				      "bc",
				      5, STEPS, &start, &end),
			 0);
	regex_free(r);
	regex_free(NULL);
}
END_TEST

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

START_TEST(catastrophic_patterns_end)
{
	static const char *const patterns[] = { "(a+)+$",	 "(a|aa)+$",	  "(a|a?)+$", "(.*a){20}b",
						"([a-zA-Z]+)*$", "a*a*a*a*a*a*b", "a*[bc]",   "(x+x+)+y|(a*)*c" };
	static char text[100001];
	struct regex *r = regex_compile(&arena, patterns[_i], strlen(patterns[_i]), NULL, NULL);
	double start = seconds();
	size_t from, to;
	int rc;

	memset(text, 'a', sizeof(text) - 2);
	text[sizeof(text) - 2] = '!';
	rc = regex_search(r, text, sizeof(text) - 1, STEPS, &from, &to);
	ck_assert_msg(rc == -3 || rc == -1, "%s: %d", patterns[_i], rc);
	ck_assert_msg(seconds() - start < 2, "%s took %.1f s", patterns[_i], seconds() - start);
}
END_TEST

START_TEST(too_many_steps_are_an_error_and_false)
{
	struct expression *e = parse("$BOMB !~ /(a+)+$/");

	set("BOMB", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
	ck_assert(!expression_true(e, &scope, &arena, STEPS, &d));
	ck_assert_uint_eq(d.errors, 1);
	ck_assert_str_eq(d.list.items[0].code, "regex-limit");
}
END_TEST

START_TEST(a_budget_is_for_many_matches)
{
	struct expression *e = parse("$TEXT =~ /l+o W+/");
	uint64_t budget = 200;
	unsigned n = 0;

	while (n < 1000 && expression_true_within(e, &scope, &arena, STEPS, &budget, &d))
		n++;
	ck_assert_uint_gt(n, 1);
	ck_assert_uint_lt(n, 100);
	ck_assert_uint_eq(budget, 0);
	ck_assert_uint_eq(d.errors, 1);
}
END_TEST

START_TEST(a_bad_pattern_in_a_variable_is_false_both_ways)
{
	ck_assert(!holds("$V =~ $BAD_PATTERN"));
	ck_assert(!holds("$V !~ $BAD_PATTERN"));
	ck_assert_uint_eq(d.errors, 0);
	ck_assert_uint_ge(d.warnings, 1);
}
END_TEST

START_TEST(a_pattern_is_never_equal)
{
	ck_assert(!holds("$V == /World/"));
	ck_assert(holds("$V != /World/"));
	ck_assert_uint_eq(d.errors, 0);
	ck_assert_uint_ge(d.warnings, 1);
}
END_TEST

START_TEST(a_value_that_explodes_is_an_error)
{
	for (int i = 0; i < 40; i++)
		set(arena_printf(&arena, "B%d", i), arena_printf(&arena, "$B%d$B%d", i + 1, i + 1));
	set("B40", "boom");
	ck_assert(!holds("$B0 == null || $V"));
	ck_assert_uint_eq(d.errors, 1);
	ck_assert_str_eq(d.list.items[0].code, "variable-limit");
}
END_TEST

/* As deep as is allowed, and far deeper; and very long without depth. */
START_TEST(depth_and_length)
{
	enum { MANY = 100000 };
	struct str s;

	str_init(&s);
	for (int i = 0; i < 100; i++)
		str_addc(&s, '(');
	str_adds(&s, "$V");
	for (int i = 0; i < 100; i++)
		str_addc(&s, ')');
	ck_assert(holds(s.data));
	str_reset(&s);
	for (int i = 0; i < MANY; i++)
		str_addc(&s, '(');
	ck_assert_ptr_null(parse(s.data));
	ck_assert_uint_eq(d.errors, 1);
	str_reset(&s);
	for (int i = 0; i < MANY; i++)
		str_adds(&s, "$UNSET || ");
	str_adds(&s, "$V");
	ck_assert(holds(s.data));
	str_clear(&s);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof(*(a))))

Suite *expression_suite(void)
{
	Suite *s = suite_create("expression");
	TCase *t = tcase_create("expression");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, conditions_that_hold, 0, COUNT(true_ones));
	tcase_add_loop_test(t, conditions_that_do_not_hold, 0, COUNT(false_ones));
	tcase_add_loop_test(t, what_is_wrong_is_said_with_its_place, 0, COUNT(wrong));
	tcase_add_test(t, the_column_counts_characters_behind_a_quote);
	tcase_add_test(t, a_text_that_is_written_otherwise_is_placed_at_its_node);
	tcase_add_loop_test(t, patterns_that_re2_does_not_know, 0, COUNT(refused_patterns));
	tcase_add_test(t, the_error_of_a_pattern_has_a_column);
	tcase_add_test(t, a_search_gives_the_first_group);
	tcase_add_loop_test(t, catastrophic_patterns_end, 0, 8);
	tcase_add_test(t, too_many_steps_are_an_error_and_false);
	tcase_add_test(t, a_budget_is_for_many_matches);
	tcase_add_test(t, a_bad_pattern_in_a_variable_is_false_both_ways);
	tcase_add_test(t, a_pattern_is_never_equal);
	tcase_add_test(t, a_value_that_explodes_is_an_error);
	tcase_add_test(t, depth_and_length);
	suite_add_tcase(s, t);
	return s;
}
