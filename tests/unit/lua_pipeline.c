/* lua/pipeline/pipeline.h: tables become nodes with the places of the Lua file; what cannot be one is said there. */
#include "lua/pipeline/pipeline.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *lua_pipeline_suite(void);

static struct arena arena;
static struct sources sources;
static struct diagnostics found;
static pipe_limits limits;
static struct lua_limits script_limits;
static struct lua_engine *engine;

static void set_up(void)
{
	struct lua_engine_options options = { 0 };

	memset(&arena, 0, sizeof(arena));
	memset(&sources, 0, sizeof(sources));
	memset(&limits, 0, sizeof(limits));
	memset(&script_limits, 0, sizeof(script_limits));
	limits_default(&limits);
	diagnostics_init(&found, &arena, &sources);
	ck_assert_int_eq(lua_engine_create(&engine, &options, NULL), PIPE_OK);
}

static void tear_down(void)
{
	lua_engine_free(engine);
	arena_clear(&arena);
}

static int64_t no_time(void *payload)
{
	(void)payload;
	return 0;
}

static struct node *load_bytes(const char *text, size_t length, uint32_t line)
{
	struct lua_source *source = ARENA_NEW(&arena, struct lua_source);
	struct lua_context context = { .point = "pipeline" };
	struct lua_host host = { .now_ms = no_time };
	struct lua_grants grants = { 0 };
	int file = sources_add(&sources, &arena, (struct source){ .name = "pipeline.lua", .text = text, .length = length });
	struct lua_pipeline_options options = { .engine = engine,
						.source = source,
						.file = (uint16_t)file,
						.context = &context,
						.host = &host,
						.grants = &grants,
						.limits = &script_limits,
						.pipeline_limits = &limits };

	ck_assert_ptr_nonnull(source);
	ck_assert_int_ge(file, 0);
	*source = (struct lua_source){ .name = "pipeline.lua", .text = text, .length = length, .line = line };
	return lua_pipeline_load(&options, &arena, &found);
}

static struct node *load(const char *text)
{
	return load_bytes(text, strlen(text), 0);
}

static char *yaml_of(const struct node *n)
{
	struct str out;

	str_init(&out);
	node_write(n, NULL, &out);
	return str_detach(&out);
}

static void expect_yaml(const char *text, const char *yaml)
{
	struct node *n = load(text);
	char *written;

	ck_assert_msg(n && !found.list.count, "%s: %s", text, found.list.count ? found.list.items[0].message : "nothing");
	written = yaml_of(n);
	ck_assert_str_eq(written, yaml);
	free(written);
}

/* The only diagnostic. */
static void expect_error(const char *text, uint32_t line, uint32_t column, const char *code, const char *part)
{
	const struct diagnostic *one;

	ck_assert_ptr_null(load(text));
	ck_assert_msg(found.list.count == 1, "%s: %u diagnostics", text, found.list.count);
	ck_assert_msg(strstr(found.list.items[0].message, part), "%s: %s", text, found.list.items[0].message);
	one = found.list.items;
	ck_assert_str_eq(one->code, code);
	ck_assert_msg(one->at.line == line && one->at.column == column, "%s: %u:%u %s", text, one->at.line, one->at.column,
		      one->message);
}

/* ---- what becomes of tables ---- */

static const struct {
	const char *lua, *yaml;
} good[] = {
	{ "return { stages = { 'build', 'test' }, build = { script = { 'make' }, stage = 'build' } }",
	  "stages:\n  - build\n  - test\nbuild:\n  script:\n    - make\n  stage: build\n" },
	/* As written, then by name. */
	{ "local t = { zeta = { script = 'z' }, alpha = { script = 'a' } } t.mid = { script = 'm' } t.beta = { script = 'b' } return t",
	  "zeta:\n  script: z\nalpha:\n  script: a\nbeta:\n  script: b\nmid:\n  script: m\n" },
	{ "local t = {} for i = 10, 8, -1 do t['j' .. i] = { script = tostring(i) } end return t",
	  "j10:\n  script: \"10\"\nj8:\n  script: \"8\"\nj9:\n  script: \"9\"\n" },
	/* Texts stay texts, numbers and booleans are what they are. */
	{ "return { j = { variables = { A = 'yes', B = '1.50', C = 'null', D = '' }, retry = 2, interruptible = true } }",
	  "j:\n  variables:\n    A: \"yes\"\n    B: \"1.50\"\n    C: \"null\"\n    D: \"\"\n  retry: 2\n  interruptible: true\n" },
	{ "return { v = { 1, -7, 1.5, 1.0, 1e300, 0.1, 1/0, -1/0, 9007199254740993, math.mininteger, false } }",
	  "v:\n  - 1\n  - -7\n  - 1.5\n  - 1.0\n  - 1e+300\n  - 0.1\n  - .inf\n  - -.inf\n  - 9007199254740993\n  - -9223372036854775808\n  - false\n" },
	/* A nil is not there. */
	{ "return { j = { script = 'x', tags = nil, needs = false or nil } }", "j:\n  script: x\n" },
	/* An empty table is what the keyword wants. */
	{ "return { variables = {}, j = { needs = {}, variables = {}, artifacts = {}, script = {} }, k = {} }",
	  "variables: {}\nj:\n  needs: []\n  variables: {}\n  artifacts: {}\n  script: []\nk: {}\n" },
	{ "return { default = { image = {}, tags = {} } }", "default:\n  image: {}\n  tags: []\n" },
	{ "return {}", " {}\n" },
	/* One table in many places. */
	{ "local s = { 'a', 'b' } local r = { { when = 'never' } } "
	  "return { x = { script = s, rules = r }, y = { script = s, rules = r } }",
	  "x:\n  script:\n    - a\n    - b\n  rules:\n    - when: never\ny:\n  script:\n    - a\n    - b\n  rules:\n    - when: never\n" },
	{ "local function job(name) return { script = { 'make ' .. name } } end return { a = job 'a', b = job 'b' }",
	  "a:\n  script:\n    - make a\nb:\n  script:\n    - make b\n" },
	{ "return { j = { script = [[\nmake\nmake test\n]] } }", "j:\n  script: |\n    make\n    make test\n" },
	{ "local _ENV = { } return { j = { script = 'x' } }", "j:\n  script: x\n" },
	{ "local __at = 1 return { j = { script = 'x' .. __at } }", "j:\n  script: x1\n" },
	{ "local t = { a = { script = 'x' } } t.a.script = nil t.a.trigger = 'p' return t", "a:\n  trigger: p\n" },
};

START_TEST(tables_become_nodes)
{
	expect_yaml(good[_i].lua, good[_i].yaml);
}
END_TEST

static void expect_place(const struct node *n, uint32_t line, uint32_t column)
{
	ck_assert_msg(n->at.line == line && n->at.column == column && n->at.source == 0, "%u:%u instead of %u:%u", n->at.line,
		      n->at.column, line, column);
}

START_TEST(nodes_have_places)
{
	const struct node *root = load("local common = {\n"
				       "  'ä', 'make',\n"
				       "}\n"
				       "local function job(name)\n"
				       "  return { script = 'build ' .. name }\n"
				       "end\n"
				       "local t = {\n"
				       "  first = { script = common, ['tags'] = { 'x' } },\n"
				       "  second = job('s'),\n"
				       "}\n"
				       "t.third = job('t')\n"
				       "return t\n");
	const struct pair *first, *second, *third;

	ck_assert_ptr_nonnull(root);
	expect_place(root, 7, 11);
	first = &root->pairs[0];
	expect_place(first->key, 8, 3);
	expect_place(first->value, 8, 11);
	expect_place(first->value->pairs[0].key, 8, 13);
	expect_place(first->value->pairs[0].value, 1, 16);
	expect_place(first->value->pairs[0].value->items[0], 2, 3);
	expect_place(first->value->pairs[0].value->items[1], 2, 8);
	expect_place(first->value->pairs[1].key, 8, 31);
	expect_place(first->value->pairs[1].value->items[0], 8, 43);
	second = &root->pairs[1];
	expect_place(second->key, 9, 3);
	expect_place(second->value, 5, 10);
	expect_place(second->value->pairs[0].key, 5, 12);
	expect_place(second->value->pairs[0].value, 5, 21);
	/* A key that was not written in a constructor: where its job was. */
	third = &root->pairs[2];
	expect_place(third->key, 5, 10);
	expect_place(third->value, 5, 10);
}
END_TEST

/* Text that is a part of a YAML file: its first line is not the first. */
START_TEST(lines_before_the_text_count)
{
	static const char text[] = "return {\n a = { script = 'x' } }";
	const struct node *root = load_bytes(text, strlen(text), 40);

	ck_assert_ptr_nonnull(root);
	expect_place(root, 41, 8);
	expect_place(root->pairs[0].key, 42, 2);
}
END_TEST

START_TEST(shared_tables_are_shared)
{
	const struct node *root = load("local s = { 'a' } return { x = { script = s }, y = { script = s } }");

	ck_assert_ptr_nonnull(root);
	ck_assert_ptr_eq(root->pairs[0].value->pairs[0].value, root->pairs[1].value->pairs[0].value);
}
END_TEST

/* ---- what is wrong ---- */

static const struct {
	const char *lua;
	uint32_t line, column;
	const char *code, *part;
} wrong[] = {
	{ "return { a = { script = tostring } }", 1, 25, "lua-value", "\"script\" is a function" },
	{ "return { a = {\n  script = { 'x', coroutine.create(tostring) } } }", 2, 19, "lua-value",
	  "an item of this list is a coroutine" },
	{ "return {\n  a = { 'x', y = 1 } }", 2, 7, "lua-value", "\"a\" is a table with named and with numbered items" },
	{ "return {\n  a = { script = { 'x', nil, 'z' } } }", 2, 18, "lua-value", "a list with a hole, since its item 2 is nil" },
	{ "return { a = { [0] = 'x' } }", 1, 14, "lua-value", "a number below 1" },
	{ "return { a = { [1.5] = 'x' } }", 1, 14, "lua-value", "a key that is no text" },
	{ "return { a = { [true] = 'x' } }", 1, 14, "lua-value", "a key that is no text" },
	{ "return { a = { ['\\255'] = 'x' } }", 1, 14, "lua-value", "a text that is no UTF-8 as a key" },
	{ "return { a = { b = '\\255' } }", 1, 20, "lua-value", "\"b\" is a text that is no UTF-8" },
	{ "return { a = { b = 'x\\0y' } }", 1, 20, "lua-value", "\"b\" is a text with a NUL byte" },
	{ "local t = {}\nt.self = t\nreturn { a = t }", 1, 11, "lua-value", "\"self\" is a table that stands in itself" },
	{ "return {\n  a = setmetatable({}, {}) }", 2, 20, "lua-value", "\"a\" is a table with a metatable" },
	{ "return { a = string }", 1, 14, "lua-value", "\"a\" is a table of the library" },
	{ "local x = 1", 1, 1, "lua-value", "the file returns nothing" },
	{ "return nil", 1, 1, "lua-value", "the file returns nothing" },
	{ "return 'x'", 1, 1, "lua-value", "the file returns text" },
	{ "return { 'a', 'b' }", 1, 8, "lua-value", "the file returns a list" },
	{ "return function() end", 1, 1, "lua-value", "what the file returns is a function" },
	{ "local x = {\n  a = 1\n  b = 2\n}", 3, 3, "lua-syntax", "\"}\" is missing: it closes \"{\" of line 1" },
	{ "return { a = }", 1, 14, "lua-syntax", "a name or a value is missing before \"}\"" },
	{ "\n\tgoto nowhere", 2, 2, "lua-syntax", "nowhere" },
	{ "local t = {}\n\tt.x.y = 1\nreturn t", 2, 2, "lua-error", "nil" },
	{ "\n  error('no services in ' .. 'sv')", 2, 3, "lua-error", "no services in sv" },
	{ "error({ code = 1 })", 1, 1, "lua-error", "" },
};

START_TEST(what_is_wrong_has_a_place)
{
	expect_error(wrong[_i].lua, wrong[_i].line, wrong[_i].column, wrong[_i].code, wrong[_i].part);
}
END_TEST

START_TEST(all_wrong_values_are_said)
{
	ck_assert_ptr_null(load("return { a = tostring, b = { tostring }, c = { 1, x = 2 } }"));
	ck_assert_uint_eq(found.errors, 3);
}
END_TEST

START_TEST(an_error_says_who_called)
{
	const struct diagnostic *one;

	ck_assert_ptr_null(load("local function inner(x)\n"
				"  return x.name .. 1\n"
				"end\n"
				"local jobs = {}\n"
				"jobs.a = { script = inner(nil) }\n"
				"return jobs\n"));
	ck_assert_uint_eq(found.list.count, 1);
	one = &found.list.items[0];
	ck_assert_uint_eq(one->at.line, 2);
	ck_assert_uint_eq(one->related.count, 1);
	ck_assert_uint_eq(one->related.items[0].at.line, 5);
	ck_assert_str_eq(one->related.items[0].text, "called from here");
}
END_TEST

/* ---- limits ---- */

START_TEST(endless_scripts_end)
{
	script_limits.cpu_ms = 50;
	expect_error("while true do end", 1, 1, "lua-error", "processor time");
}
END_TEST

START_TEST(memory_is_bounded)
{
	script_limits.memory_bytes = 4 << 20;
	expect_error("local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end return t", 1, 1, "lua-error", "memory");
}
END_TEST

START_TEST(depth_is_bounded)
{
	limits.depth = 5;
	expect_error("return { a = {\n{\n{\n{\n{\n{ 1 } } } } } } }", 5, 1, "nesting-too-deep", "more than 5 levels");
}
END_TEST

START_TEST(a_chain_without_an_end_is_bounded)
{
	expect_error("local t = { x = 1 }\nfor i = 1, 100000 do t = { x = t } end\nreturn t", 2, 26, "nesting-too-deep",
		     "more than 100 levels");
}
END_TEST

/* 2^40 nodes, and 40 tables. */
START_TEST(what_is_shared_is_counted_each_time)
{
	expect_error("local t = { 1 }\nfor i = 1, 40 do t = { t, t } end\nreturn { a = t }", 3, 8, "too-many-nodes",
		     "more than 4000000");
}
END_TEST

/* A text in a million places is kept once. */
START_TEST(long_texts_are_kept_once)
{
	const struct node *root = load(
		"local s = ('x'):rep(100000) local t = {} for i = 1, 20000 do t[i] = s end return { a = { script = t } }");
	const struct node *list;

	ck_assert_ptr_nonnull(root);
	list = root->pairs[0].value->pairs[0].value;
	ck_assert_uint_eq(list->count, 20000);
	ck_assert_ptr_eq(list->items[0]->text, list->items[19999]->text);
	ck_assert_uint_lt(arena.used, 20u << 20);
}
END_TEST

/* More constructors than calls around them could be compiled for. */
START_TEST(what_cannot_be_compiled_with_places_goes_without)
{
	const struct node *root;
	struct str text;

	/* 250 arguments leave room in the registers for a table, and not for a call around it. */
	str_init(&text);
	str_adds(&text, "local function last(...) return (select(-1, ...)) end return { a = last(");
	for (int i = 0; i < 248; i++)
		str_adds(&text, "1,");
	str_adds(&text, "{ script = 'x' }) }");
	root = load(text.data);
	ck_assert_ptr_nonnull(root);
	ck_assert_str_eq(root->pairs[0].key->text, "a");
	expect_place(root, 1, 1);
	str_clear(&text);
}
END_TEST

START_TEST(very_deep_constructors_do_without_places)
{
	struct str text;

	str_init(&text);
	str_adds(&text, "return { a = ");
	for (int i = 0; i < 90; i++)
		str_adds(&text, "{");
	for (int i = 0; i < 90; i++)
		str_adds(&text, "}");
	str_adds(&text, " }");
	ck_assert_ptr_nonnull(load(text.data));
	str_clear(&text);
}
END_TEST

Suite *lua_pipeline_suite(void)
{
	Suite *s = suite_create("lua_pipeline");
	TCase *c = tcase_create("lua_pipeline");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 30);
	tcase_add_loop_test(c, tables_become_nodes, 0, sizeof(good) / sizeof(*good));
	tcase_add_test(c, nodes_have_places);
	tcase_add_test(c, lines_before_the_text_count);
	tcase_add_test(c, shared_tables_are_shared);
	tcase_add_loop_test(c, what_is_wrong_has_a_place, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(c, all_wrong_values_are_said);
	tcase_add_test(c, an_error_says_who_called);
	tcase_add_test(c, endless_scripts_end);
	tcase_add_test(c, memory_is_bounded);
	tcase_add_test(c, depth_is_bounded);
	tcase_add_test(c, a_chain_without_an_end_is_bounded);
	tcase_add_test(c, what_is_shared_is_counted_each_time);
	tcase_add_test(c, long_texts_are_kept_once);
	tcase_add_test(c, what_cannot_be_compiled_with_places_goes_without);
	tcase_add_test(c, very_deep_constructors_do_without_places);
	suite_add_tcase(s, c);
	return s;
}
