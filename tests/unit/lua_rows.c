/* The columns of rows, and filters against them. */
#include "lua/rows.h"

#include <check.h>
#include <string.h>

Suite *lua_rows_suite(void);

static struct lua_cell text(const char *value)
{
	return (struct lua_cell){ .type = LUA_CELL_TEXT, .text = value, .length = strlen(value) };
}

static void ask(struct lua_query *q, enum lua_rows rows, const char *column, struct lua_cell value)
{
	int index = lua_column_index(&lua_rows_kinds[rows], column);

	ck_assert_int_ge(index, 0);
	q->rows = rows;
	q->filters[q->filter_count].column = (unsigned)index;
	q->filters[q->filter_count++].value = value;
}

/* Does a row with one cell in it match a filter on that column? */
static bool matches(enum lua_rows rows, const char *column, struct lua_cell wanted, struct lua_cell is)
{
	struct lua_cell row[32] = { { 0 } };
	struct lua_query q = { 0 };

	ask(&q, rows, column, wanted);
	row[q.filters[0].column] = is;
	return lua_query_matches(&q, row);
}

START_TEST(every_kind_says_what_its_columns_are)
{
	for (int k = 0; k < LUA_ROWS_COUNT; k++) {
		const struct lua_rows_kind *kind = &lua_rows_kinds[k];
		int lists = 0;

		ck_assert_msg(kind->name && kind->row && kind->help && kind->count, "kind %d", k);
		ck_assert_ptr_null(kind->columns[kind->count].name);
		for (unsigned i = 0; i < kind->count; i++) {
			const struct lua_column *c = &kind->columns[i];

			ck_assert_msg(c->help && c->type_name && c->type != LUA_CELL_NONE, "%s.%s", kind->name, c->name);
			ck_assert_int_eq(lua_column_index(kind, c->name), (int)i);
			lists += c->type == LUA_CELL_LIST;
			/* What reads filters knows these two. */
			if (c->filter && strcmp(c->name, "run") != 0)
				ck_assert_msg(c->type == LUA_CELL_TEXT || c->type == LUA_CELL_BOOL, "%s.%s", kind->name, c->name);
		}
		ck_assert_int_le(lists, 1); /* rows.c of the api counts on it */
		ck_assert_int_eq(lua_column_index(kind, "none"), -1);
	}
}
END_TEST

START_TEST(severity_is_at_least)
{
	ck_assert(matches(LUA_FINDINGS, "severity", text("high"), text("critical")));
	ck_assert(matches(LUA_FINDINGS, "severity", text("high"), text("high")));
	ck_assert(!matches(LUA_FINDINGS, "severity", text("high"), text("medium")));
	ck_assert(!matches(LUA_FINDINGS, "severity", text("high"), text("odd")));
	ck_assert(matches(LUA_FINDINGS, "severity", text("unknown"), text("unknown")));
}
END_TEST

START_TEST(paths_may_be_patterns)
{
	ck_assert(matches(LUA_FINDINGS, "path", text("src/**"), text("src/a/b.c")));
	ck_assert(!matches(LUA_FINDINGS, "path", text("src/*"), text("src/a/b.c")));
	ck_assert(matches(LUA_FINDINGS, "path", text("a[1].c"), text("a[1].c")));
	ck_assert(!matches(LUA_FINDINGS, "rule", text("CVE-*"), text("CVE-1")));
	ck_assert(matches(LUA_TESTS, "file", text("t/*.py"), text("t/x.py")));
}
END_TEST

START_TEST(what_is_not_said_is_empty)
{
	const struct lua_cell nothing = { .type = LUA_CELL_NONE }, yes = { .type = LUA_CELL_BOOL, .truth = true };
	const struct lua_cell no = { .type = LUA_CELL_BOOL };

	ck_assert(matches(LUA_FINDINGS, "path", text(""), nothing));
	ck_assert(!matches(LUA_FINDINGS, "path", text("a"), nothing));
	ck_assert(matches(LUA_FINDINGS, "fixable", no, nothing));
	ck_assert(!matches(LUA_FINDINGS, "fixable", yes, nothing));
	ck_assert(matches(LUA_FINDINGS, "fixable", yes, yes));
}
END_TEST

START_TEST(all_filters_must_hold)
{
	struct lua_cell row[32] = { { 0 } };
	struct lua_query q = { 0 };

	ask(&q, LUA_FINDINGS, "tool", text("trivy"));
	ask(&q, LUA_FINDINGS, "kind", text("secret"));
	row[q.filters[0].column] = text("trivy");
	row[q.filters[1].column] = text("issue");
	ck_assert(!lua_query_matches(&q, row));
	row[q.filters[1].column] = text("secret");
	ck_assert(lua_query_matches(&q, row));
	q.filters[1].column = 99;
	ck_assert(!lua_query_matches(&q, row));
	q.filter_count = 0;
	ck_assert(lua_query_matches(&q, row));
}
END_TEST

Suite *lua_rows_suite(void)
{
	Suite *s = suite_create("lua_rows");
	TCase *t = tcase_create("rows");

	suite_add_tcase(s, t);
	tcase_add_test(t, every_kind_says_what_its_columns_are);
	tcase_add_test(t, severity_is_at_least);
	tcase_add_test(t, paths_may_be_patterns);
	tcase_add_test(t, what_is_not_said_is_empty);
	tcase_add_test(t, all_filters_must_hold);
	return s;
}
