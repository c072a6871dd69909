#include "pipeline/rule/variable.h"

#include "pipeline/limits.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *variable_suite(void);

static struct arena arena;
static struct variables under, over;
static struct scope scope;

static void setup(void)
{
	arena = (struct arena)ARENA_INIT;
	under = over = (struct variables){ 0 };
	scope = (struct scope){ 0 };
}

static void teardown(void)
{
	arena_clear(&arena);
}

static void set(struct variables *v, const char *name, const char *value)
{
	struct variable one = { .name = name, .value = value };

	ck_assert(variables_set(v, &arena, one));
}

static void layers(void)
{
	scope = (struct scope){ 0 };
	scope_push(&scope, &under);
	scope_push(&scope, &over);
}

static const char *expand(const char *text)
{
	bool failed = false;
	const char *out = scope_expand(&scope, text, &arena, &failed);

	ck_assert(!failed);
	return out;
}

START_TEST(a_name_stands_in_a_list_once)
{
	set(&under, "A", "1");
	set(&under, "B", "2");
	set(&under, "A", "3");
	ck_assert_uint_eq(under.list.count, 2);
	ck_assert_str_eq(variables_get(&under, "A")->value, "3");
	variables_unset(&under, "A");
	ck_assert_ptr_null(variables_get(&under, "A"));
	ck_assert_str_eq(variables_get(&under, "B")->value, "2");
	variables_unset(&under, "never there");
	ck_assert_uint_eq(under.list.count, 1);
}
END_TEST

START_TEST(long_lists_find_the_same)
{
	char name[16];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "N%d", i);
		set(&under, arena_strdup(&arena, name), "x");
	}
	set(&under, "N77", "y");
	ck_assert_uint_eq(under.list.count, 3000);
	ck_assert_str_eq(variables_get(&under, "N77")->value, "y");
	ck_assert_ptr_null(variables_get(&under, "N3000"));
	variables_unset(&under, "N0");
	ck_assert_str_eq(variables_get(&under, "N2999")->value, "x");
	ck_assert_ptr_null(variables_get(&under, "N0"));
}
END_TEST

START_TEST(what_was_pushed_by_hand_is_found_too)
{
	for (int i = 0; i < 40; i++)
		set(&under, arena_printf(&arena, "N%d", i), "x");
	*(struct variable *)vec_push(&arena, &under.list) = (struct variable){ .name = "HAND", .value = "h" };
	ck_assert_str_eq(variables_get(&under, "HAND")->value, "h");
	ck_assert_str_eq(variables_get(&under, "N39")->value, "x");
}
END_TEST

START_TEST(names_and_braces_are_replaced)
{
	set(&under, "A", "one");
	set(&under, "AB", "two");
	layers();
	ck_assert_str_eq(expand("$A-${AB}$A."), "one-twoone.");
	ck_assert_str_eq(expand("[$NOPE][${NOPE}]"), "[][]");
	ck_assert_str_eq(expand("$$A $$$A"), "$A $one");
	ck_assert_str_eq(expand("a$ b$1 ${A ${} ${A:-x} $"), "a$ b$1 ${A ${} ${A:-x} $");
	ck_assert_str_eq(expand("%A% plain"), "%A% plain");
	ck_assert_str_eq(expand(""), "");
}
END_TEST

START_TEST(expansion_is_late_and_recursive)
{
	set(&under, "A", "global");
	set(&under, "B", "${A}b");
	set(&under, "C", "$B-c");
	set(&over, "A", "job");
	layers();
	ck_assert_str_eq(expand("$C"), "jobb-c");
	ck_assert_str_eq(scope_value(&scope, "B", &arena, NULL), "jobb");
	ck_assert_ptr_null(scope_value(&scope, "UNKNOWN", &arena, NULL));
}
END_TEST

START_TEST(a_dollar_that_was_escaped_is_not_expanded_again)
{
	set(&under, "A", "a");
	set(&under, "ESCAPED", "$$A");
	layers();
	ck_assert_str_eq(expand("$ESCAPED"), "$A");
}
END_TEST

START_TEST(raw_values_are_final)
{
	struct variable raw = { .name = "RAW", .value = "$A literal", .raw = true };

	set(&under, "A", "a");
	ck_assert(variables_set(&under, &arena, raw));
	layers();
	ck_assert_str_eq(expand("<$RAW>"), "<$A literal>");
	ck_assert_str_eq(scope_value(&scope, "RAW", &arena, NULL), "$A literal");
}
END_TEST

START_TEST(rings_are_cut)
{
	set(&under, "SELF", "$SELF:more");
	set(&under, "ONE", "1$TWO");
	set(&under, "TWO", "2$ONE");
	layers();
	ck_assert_str_eq(scope_value(&scope, "SELF", &arena, NULL), ":more");
	ck_assert_str_eq(scope_value(&scope, "ONE", &arena, NULL), "12");
	ck_assert_str_eq(expand("$TWO"), "21");
}
END_TEST

START_TEST(names_are_put_together)
{
	set(&under, "ENV", "DEV");
	set(&under, "URL_DEV", "url-dev");
	set(&under, "DEV_URL", "dev-url");
	set(&under, "X", "${URL_${ENV}}");
	layers();
	ck_assert_str_eq(expand("${URL_${ENV}}"), "url-dev");
	ck_assert_str_eq(expand("${${ENV}_URL}!"), "dev-url!");
	ck_assert_str_eq(expand("$X"), "url-dev");
	ck_assert_str_eq(expand("${URL_${NOPE}}"), "");
	ck_assert_str_eq(expand("${ ${ENV}}"), "${ DEV}");
}
END_TEST

START_TEST(unset_names_are_nowhere)
{
	static const char *const unset[] = { "A", NULL };

	set(&under, "A", "a");
	set(&under, "AB", "ab");
	layers();
	scope.unset = unset;
	ck_assert_str_eq(expand("[$A][$AB]"), "[][ab]");
	ck_assert_ptr_null(scope_find(&scope, "A", 1));
}
END_TEST

/* 2^40 characters, and 2^40 times nothing. */
static void bomb(const char *last)
{
	bool failed = false;

	for (int i = 0; i < 40; i++)
		set(&under, arena_printf(&arena, "V%d", i), arena_printf(&arena, "$V%d$V%d", i + 1, i + 1));
	set(&under, "V40", last);
	layers();
	ck_assert_ptr_null(scope_value(&scope, "V0", &arena, &failed));
	ck_assert(failed);
	failed = false;
	ck_assert_ptr_null(scope_expand(&scope, "x$V0", &arena, &failed));
	ck_assert(failed);
	ck_assert_ptr_null(scope_expand(&scope, "x$V0", &arena, NULL));
}

START_TEST(bombs_fail_fast)
{
	bomb("boom");
}
END_TEST

START_TEST(bombs_of_nothing_fail_fast)
{
	bomb("");
}
END_TEST

START_TEST(the_limit_is_on_the_result)
{
	char *text = arena_text(&arena, LIMIT_VALUE_BYTES + 1);
	bool failed = false;

	memset(text, 'x', LIMIT_VALUE_BYTES);
	text[LIMIT_VALUE_BYTES] = '\0';
	set(&under, "A", text);
	layers();
	ck_assert_uint_eq(strlen(expand("$A")), LIMIT_VALUE_BYTES);
	ck_assert_ptr_null(scope_expand(&scope, "$A.", &arena, &failed));
	ck_assert(failed);
}
END_TEST

START_TEST(a_chain_may_not_be_endless)
{
	bool failed = false;

	for (int i = 0; i < 2000; i++)
		set(&under, arena_printf(&arena, "V%d", i), arena_printf(&arena, "$V%d", i + 1));
	layers();
	ck_assert_ptr_null(scope_value(&scope, "V0", &arena, &failed));
	ck_assert(failed);
	ck_assert_str_eq(expand("${${${${"), "${${${${");
}
END_TEST

static void collect(void *context, const char *name, size_t length)
{
	str_add(context, name, length);
	str_addc(context, ' ');
}

START_TEST(undefined_names_are_told)
{
	struct str names;

	set(&under, "A", "$INNER");
	layers();
	str_init(&names);
	scope_undefined(&scope, "$A $B ${C} $$D ${E:-x} $ $1", collect, &names);
	ck_assert_str_eq(names.data, "B C ");
	str_clear(&names);
}
END_TEST

START_TEST(all_of_a_scope_is_each_name_once)
{
	static const char *const unset[] = { "GONE", NULL };
	struct variable masked = { .name = "B", .value = "$A!", .masked = true };
	struct variables all;

	set(&under, "A", "1");
	set(&under, "B", "2");
	set(&under, "GONE", "3");
	set(&over, "NEW", "$B");
	ck_assert(variables_set(&over, &arena, masked));
	layers();
	scope.unset = unset;
	ck_assert(scope_all(&scope, &arena, &all));
	ck_assert_uint_eq(all.list.count, 3);
	ck_assert_str_eq(all.list.items[0].name, "A");
	ck_assert_str_eq(all.list.items[1].value, "1!");
	ck_assert(all.list.items[1].masked);
	ck_assert_str_eq(all.list.items[2].value, "1!");
	ck_assert(all.list.items[2].raw);
}
END_TEST

START_TEST(all_of_a_large_scope)
{
	struct variables all;

	for (int i = 0; i < 2000; i++)
		set(&under, arena_printf(&arena, "V%d", i), "u");
	for (int i = 1000; i < 3000; i++)
		set(&over, arena_printf(&arena, "V%d", i), "o");
	layers();
	ck_assert(scope_all(&scope, &arena, &all));
	ck_assert_uint_eq(all.list.count, 3000);
	ck_assert_str_eq(variables_get(&all, "V999")->value, "u");
	ck_assert_str_eq(variables_get(&all, "V1000")->value, "o");
}
END_TEST

Suite *variable_suite(void)
{
	Suite *s = suite_create("variable");
	TCase *t = tcase_create("variable");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_name_stands_in_a_list_once);
	tcase_add_test(t, long_lists_find_the_same);
	tcase_add_test(t, what_was_pushed_by_hand_is_found_too);
	tcase_add_test(t, names_and_braces_are_replaced);
	tcase_add_test(t, expansion_is_late_and_recursive);
	tcase_add_test(t, a_dollar_that_was_escaped_is_not_expanded_again);
	tcase_add_test(t, raw_values_are_final);
	tcase_add_test(t, rings_are_cut);
	tcase_add_test(t, names_are_put_together);
	tcase_add_test(t, unset_names_are_nowhere);
	tcase_add_test(t, bombs_fail_fast);
	tcase_add_test(t, bombs_of_nothing_fail_fast);
	tcase_add_test(t, the_limit_is_on_the_result);
	tcase_add_test(t, a_chain_may_not_be_endless);
	tcase_add_test(t, undefined_names_are_told);
	tcase_add_test(t, all_of_a_scope_is_each_name_once);
	tcase_add_test(t, all_of_a_large_scope);
	suite_add_tcase(s, t);
	return s;
}
