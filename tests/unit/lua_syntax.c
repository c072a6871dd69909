/* lua/syntax/: what is Lua, where its tables stand, and that numbering them changes nothing. */
#include "lua/syntax/syntax.h"

#include "lua/lua54.h"
#include "lua/syntax/lexer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *lua_syntax_suite(void);

static struct arena arena;

static void set_up(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void tear_down(void)
{
	arena_clear(&arena);
}

static const struct syntax_tree *parse(const char *text)
{
	struct syntax_tree *tree = NULL;
	pipe_error err = { 0 };
	int code = syntax_parse(&tree, &arena, text, strlen(text), &err);

	ck_assert_msg(code == PIPE_OK, "%u:%u: %s in: %s", err.line, err.column, err.text, text);
	return tree;
}

/* ---- a state of Lua's own ---- */

/* Stands where a guest does: lua54_of looks at its first member. */
struct plain_state {
	const struct lua54 *lua;
	struct lua54 functions;
	void *handle;
	lua_State *L;
};

static void *allocate(void *ud, void *block, size_t old_size, size_t new_size)
{
	(void)ud, (void)old_size;
	if (new_size)
		return realloc(block, new_size);
	free(block);
	return NULL;
}

static void open_library(struct plain_state *s, const char *name, lua_CFunction open)
{
	luaL_requiref(s->L, name, open, 1);
	lua_settop(s->L, 0);
}

static void state_open(struct plain_state *s)
{
	memset(s, 0, sizeof(*s));
	ck_assert_int_eq(lua54_open(&s->handle, &s->functions, NULL), PIPE_OK);
	s->lua = &s->functions;
	s->L = s->functions.lua_newstate(allocate, NULL);
	ck_assert_ptr_nonnull(s->L);
	*(struct plain_state **)lua_getextraspace(s->L) = s;
	open_library(s, "_G", s->functions.luaopen_base);
	open_library(s, "string", s->functions.luaopen_string);
	open_library(s, "table", s->functions.luaopen_table);
	open_library(s, "math", s->functions.luaopen_math);
	open_library(s, "utf8", s->functions.luaopen_utf8);
	open_library(s, "coroutine", s->functions.luaopen_coroutine);
}

static void state_close(struct plain_state *s)
{
	lua_close(s->L);
	lazy_close(s->handle);
}

/* What the text returns, as text; or its error. */
static char *run(const char *text, size_t length)
{
	static const char prelude[] = "places = {} function __at(n, t) places[t] = n return t end";
	struct plain_state s;
	char *result;

	state_open(&s);
	ck_assert_int_eq(luaL_loadbufferx(s.L, prelude, strlen(prelude), "=prelude", "t"), LUA_OK);
	ck_assert_int_eq(lua_pcallk(s.L, 0, 0, 0, 0, NULL), LUA_OK);
	if (luaL_loadbufferx(s.L, text, length, "=x", "t") == LUA_OK)
		lua_pcallk(s.L, 0, 1, 0, 0, NULL);
	result = strdup(luaL_tolstring(s.L, -1, NULL));
	state_close(&s);
	ck_assert_ptr_nonnull(result);
	return result;
}

/* ---- what is Lua ---- */

static const char *const good[] = {
	"",
	"#!/usr/bin/lua\nreturn 1",
	";;; local a <const>, b <close> = 1, nil return a, b;",
	"goto done; for i = 1, 10, 2 do goto continue local z = i ::continue:: end ::done::",
	"return 0x.8p3 // 2 ~ 3 >> 1 << 2 & 1 | ~7, 3e-10, .5, 3., 0xA, 0xa.fP+2, 1//1",
	"local s = \"\\z   \n  a\\x41\\u{20AC}\\065\\\nb\\'\\\"\" .. [==[\n]]x]=]]==] --[[ c\n]] --[==[ d ]==] .. 'q'",
	"f{1,2;3,} f\"x\" f[[y]] a.b['c']:d{e={f={}}} ;(function(...) return ... end)(1)",
	"repeat local q = 1 until q == 1 while a ~= b do break end if not a then elseif b then else end",
	"t = {[1]=2, [\"k\"]=3, k2=4, function() return {} end, ...} t.a, t.b = #t, -2^-3",
	"local function f(...) return select('#', ...) end function a.b.c:d(x, ...) end",
	"return a.b.c[1][2](3):d(4)'5'{6}[7]",
	"return (((a)))",
	"local goto_ = 1 return goto_",
	"return not not -- x\n - - 3",
	"x = 1 y = 2 return x --",
	"\r\nreturn\r1\n\r",
	"return function() return end",
	"do local a; end do return end",
};

START_TEST(lua_is_read)
{
	parse(good[_i]);
}
END_TEST

static const struct {
	const char *text;
	unsigned line, column;
	const char *part;
} bad[] = {
	{ "return {1, 2", 1, 13, "\"}\" is missing at the end of the text" },
	{ "local x = {\n  a = 1\n  b = 2\n}", 3, 3, "\"}\" is missing: it closes \"{\" of line 1" },
	{ "if x then\n  y()\n", 3, 1, "\"end\" is missing: it closes \"if\" of line 1" },
	{ "x = = 1", 1, 5, "a name or a value is missing before \"=\"" },
	{ "x == 1", 1, 3, "\"=\" or a call is missing before \"==\"" },
	{ "ä = 1", 1, 1, "the byte 0xc3" },
	{ "x = 'ä' $", 1, 9, "\"$\" means nothing in Lua" },
	{ "x = 'a\ny'", 1, 5, "has no end" },
	{ "x = [[a\ny", 1, 5, "\"]]\" is missing" },
	{ "--[==[ a\n]]", 1, 1, "\"]==]\" is missing" },
	{ "x = '\\q'", 1, 5, "an escape that Lua does not have" },
	{ "x = '\\300'", 1, 5, "above 255" },
	{ "x = '\\xg'", 1, 5, "hexadecimal" },
	{ "x = '\\u{80000000}'", 1, 5, "beyond 2^31" },
	{ "x = 3x", 1, 5, "no number: \"3x\"" },
	{ "x = 0x", 1, 5, "no number" },
	{ "x = 1..2", 1, 5, "no number" },
	{ "return 1 x()", 1, 10, "nothing stands behind `return`" },
	{ "f() = 1", 1, 1, "no variable and no field" },
	{ "(a).b, (c) = 1", 1, 8, "no variable and no field" },
	{ "local x <fixed> = 1", 1, 10, "there are <const> and <close>" },
	{ "for a, b = 1, 2 do end", 1, 10, "\"in\" is missing" },
	{ "end", 1, 1, "the end of the text is missing before \"end\"" },
	{ "local function f( return end", 1, 19, "a name is missing" },
	{ "x = a.1", 1, 6, "is missing before \".1\"" },
	{ "x:y = 1", 1, 5, "arguments" },
};

START_TEST(what_is_no_lua_has_a_place)
{
	struct syntax_tree *tree = NULL;
	pipe_error err = { 0 };

	ck_assert_int_eq(syntax_parse(&tree, &arena, bad[_i].text, strlen(bad[_i].text), &err), PIPE_EPIPELINE);
	ck_assert_ptr_null(tree);
	ck_assert_msg(err.line == bad[_i].line && err.column == bad[_i].column, "%u:%u in: %s", err.line, err.column,
		      bad[_i].text);
	ck_assert_msg(strstr(err.text, bad[_i].part), "%s", err.text);
}
END_TEST

START_TEST(nesting_is_bounded)
{
	enum { DEEP = 100000 };
	static const char *const openers[] = { "{", "(", "not ", "function() return ", "a..", "2^", "f(", "~" };
	char *text = malloc(DEEP * 20 + 16);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < sizeof(openers) / sizeof(*openers); i++) {
		struct syntax_tree *tree;
		pipe_error err = { 0 };
		size_t length = strlen("return ");

		memcpy(text, "return ", length);
		for (int k = 0; k < DEEP; k++, length += strlen(openers[i]))
			memcpy(text + length, openers[i], strlen(openers[i]));
		ck_assert_int_eq(syntax_parse(&tree, &arena, text, length, &err), PIPE_EPIPELINE);
		ck_assert_msg(strstr(err.text, "nested more than 200 deep"), "%s: %s", openers[i], err.text);
	}
	free(text);
}
END_TEST

/* What is long and not deep is read: nothing recurses over it. */
START_TEST(long_chains_are_read)
{
	static const char *const links[] = { "+a", ".a", "()", " or a", "[1]", ":b()" };
	struct str text;

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		str_init(&text);
		str_adds(&text, "return a");
		for (int k = 0; k < 100000; k++)
			str_adds(&text, links[i]);
		ck_assert(!text.failed);
		parse(text.data);
		str_clear(&text);
	}
}
END_TEST

START_TEST(size_is_bounded)
{
	size_t length = (16u << 20) + 1;
	char *text = malloc(length);
	struct syntax_tree *tree;
	pipe_error err = { 0 };

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', length);
	ck_assert_int_eq(syntax_parse(&tree, &arena, text, length, &err), PIPE_ELIMIT);
	memset(text, ';', length);
	for (size_t i = 0; i + 4 < length - 1; i += 4)
		memcpy(text + i, "f();", 4);
	ck_assert_int_eq(syntax_parse(&tree, &arena, text, length - 1, &err), PIPE_EPIPELINE);
	ck_assert_msg(strstr(err.text, "too large to be looked at"), "%s", err.text);
	free(text);
}
END_TEST

/* ---- texts ---- */

START_TEST(strings_are_what_lua_makes_of_them)
{
	static const char *const literals[] = {
		"\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\\'\"",
		"'\\65\\065\\0651\\x7f\\xFf'",
		"'\\u{0}\\u{7f}\\u{80}\\u{7FF}\\u{800}\\u{20AC}\\u{FFFF}\\u{10000}\\u{1FFFFF}\\u{200000}\\u{3FFFFFF}\\u{4000000}\\u{7FFFFFFF}'",
		"'a\\z  \t\n  b\\\nc\\\r\nd'",
		"[[\nfirst\r\nsecond\n\rthird\rfourth]]",
		"[=[]]]=]",
		"[==[\r\n]=]\\n]==]",
	};
	struct plain_state s;

	state_open(&s);
	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++) {
		struct lexer x;
		uint32_t length;
		const char *mine;
		size_t theirs_length;
		const char *theirs;
		char chunk[256];

		lexer_init(&x, literals[i], strlen(literals[i]), NULL);
		ck_assert(lexer_next(&x));
		ck_assert_int_eq(x.token.kind, LEXER_STRING);
		ck_assert_uint_eq(x.token.length, strlen(literals[i]));
		mine = lexer_string(&x, &x.token, &arena, &length);
		ck_assert_ptr_nonnull(mine);
		snprintf(chunk, sizeof(chunk), "return %s", literals[i]);
		ck_assert_int_eq(luaL_loadbufferx(s.L, chunk, strlen(chunk), "=x", "t"), LUA_OK);
		lua_callk(s.L, 0, 1, 0, NULL);
		theirs = lua_tolstring(s.L, -1, &theirs_length);
		ck_assert_uint_eq(length, theirs_length);
		ck_assert_mem_eq(mine, theirs, length + 1);
		lua_settop(s.L, 0);
	}
	state_close(&s);
}
END_TEST

/* ---- places ---- */

START_TEST(tables_have_places)
{
	const struct syntax_tree *tree = parse("local t = {\n"
					       "\tname = 'ö', [\"other\"] = { 1, {} },\n"
					       "\t[1 + 1] = x, 'ä' .. y, ['nul\\0'] = 1\n"
					       "}\n"
					       "f{}");
	const struct syntax_table *t = syntax_table(tree, 0);

	ck_assert_uint_eq(t->line, 1);
	ck_assert_uint_eq(t->column, 11);
	ck_assert_uint_eq(t->count, 5);
	ck_assert_str_eq(t->items[0].key, "name");
	ck_assert_uint_eq(t->items[0].key_line, 2);
	ck_assert_uint_eq(t->items[0].key_column, 2);
	ck_assert_uint_eq(t->items[0].line, 2);
	ck_assert_uint_eq(t->items[0].column, 9);
	ck_assert_str_eq(t->items[1].key, "other");
	ck_assert_uint_eq(t->items[1].key_column, 15);
	ck_assert_uint_eq(t->items[1].column, 26);
	ck_assert_ptr_null(t->items[2].key);
	ck_assert_uint_eq(t->items[2].key_line, 3);
	ck_assert_uint_eq(t->items[2].key_column, 3);
	ck_assert_ptr_null(t->items[3].key);
	ck_assert_uint_eq(t->items[3].key_line, 0);
	ck_assert_uint_eq(t->items[3].column, 15);
	ck_assert_ptr_null(t->items[4].key);
	ck_assert_uint_eq(syntax_table(tree, 1)->column, 26);
	ck_assert_uint_eq(syntax_table(tree, 1)->count, 2);
	ck_assert_uint_eq(syntax_table(tree, 2)->column, 31);
	ck_assert_uint_eq(syntax_table(tree, 3)->line, 5);
	ck_assert_ptr_null(syntax_table(tree, 4));
}
END_TEST

/* ---- numbering ---- */

static void instrument(const char *text, struct str *out)
{
	str_init(out);
	syntax_instrument(parse(text), "__at", out);
	ck_assert(!out->failed);
}

static const struct {
	const char *text, *numbered;
} numbered[] = {
	{ "", "" },
	{ "return {}", "return __at(0,{})" },
	{ "return {{}, f{\n{}\n}, g({})}", "return __at(0,{__at(1,{}), f(__at(2,{\n__at(3,{})\n})), g(__at(4,{}))})" },
	{ "a:b{}{}.c = {} -- {}", "a:b(__at(0,{}))(__at(1,{})).c = __at(2,{}) -- {}" },
	{ "return #{}, -{} ^ {}, '{' .. [[{]]", "return #__at(0,{}), -__at(1,{}) ^ __at(2,{}), '{' .. [[{]]" },
	{ "return{x or{}, a and{}, f{}}", "return __at(0,{x or __at(1,{}), a and __at(2,{}), f(__at(3,{}))})" },
	{ "local __at = 1 return {}", "local __at = 1 return {}" },
	{ "return function(_ENV) return {} end", "return function(_ENV) return {} end" },
};

START_TEST(tables_are_numbered)
{
	struct str out;

	instrument(numbered[_i].text, &out);
	ck_assert_str_eq(out.data, numbered[_i].numbered);
	str_clear(&out);
}
END_TEST

static const char *const programs[] = {
	"return #{1, 2, nil, 4} .. #{(function() return 1, 2, 3 end)()}",
	"local t = {(select(1, 'a', 'b')), select(1, 'c', 'd')} return table.concat(t, ',')",
	"local function f(t) return t[1], t.x end return table.concat({f{1, x = 2}, f{3, x = 4}}, ' ')",
	"local t = setmetatable({}, {__index = function(_, k) return {k} end, __call = function(self, a) return #a end}) return t.hello[1] .. t{1, 2, 3}",
	"local n = 0 for _, v in ipairs{ 3, 4, { 5 } } do n = n + (type(v) == 'table' and v[1] or v) end return n",
	"local ok, e = pcall(error, {code = 7}) return e.code",
	"local t = {{}, {{}}, {{{}}}} local function depth(x) return x[1] and 1 + depth(x[1]) or 1 end return depth(t[3])",
	"local a <const> = {1} do local b <close> = setmetatable({}, {__close = function() a[2] = 'closed' end}) end return a[2]",
	"return (({1, 2, 3})[2]) .. ({x = {y = 'deep'}}).x.y",
	"local co = coroutine.wrap(function(...) local t = {...} while true do t = {coroutine.yield(#t)} end end) co(1, 2) return co(1, 2, 3)",
	"local s = '' for k, v in pairs{a = {1}} do s = s .. k .. v[1] end return s",
	"local t = {f = function(self, o) return o.x + self.n end, n = 1} return t:f{x = 41}",
	"local i = 1 local t = {[i] = {i}, [i + 1] = {{i}}} goto out ::out:: return t[2][1][1]",
	"return ({...})[1] == nil",
	"local t = {\n1,\n2,\n} error('here')",
	"return {} == {}",
	"local a = nil return#{1, 2, a or{3}, a and{4}}",
	"local x = {}\n\n\nlocal y = x.a.b",
};

START_TEST(numbered_programs_do_the_same)
{
	struct str out;
	char *plain = run(programs[_i], strlen(programs[_i])), *other;

	instrument(programs[_i], &out);
	other = run(out.data, out.length);
	ck_assert_str_eq(plain, other);
	free(plain);
	free(other);
	str_clear(&out);
}
END_TEST

/* So deep that a call around each table would be too much for Lua's registers. */
START_TEST(deep_tables_still_compile)
{
	char text[512] = "local t = ";
	struct str out;
	char *result;

	for (int i = 0; i < 90; i++)
		strncat(text, "{", 2);
	for (int i = 0; i < 90; i++)
		strncat(text, "}", 2);
	strncat(text, " local n = 0 while t do t, n = t[1], n + 1 end return n", 64);
	instrument(text, &out);
	result = run(out.data, out.length);
	ck_assert_str_eq(result, "90");
	free(result);
	str_clear(&out);
}
END_TEST

Suite *lua_syntax_suite(void)
{
	Suite *s = suite_create("lua_syntax");
	TCase *c = tcase_create("lua_syntax");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60); /* with sanitizers, a text of a million parts takes its time */
	tcase_add_loop_test(c, lua_is_read, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(c, what_is_no_lua_has_a_place, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(c, nesting_is_bounded);
	tcase_add_test(c, long_chains_are_read);
	tcase_add_test(c, size_is_bounded);
	tcase_add_test(c, strings_are_what_lua_makes_of_them);
	tcase_add_test(c, tables_have_places);
	tcase_add_loop_test(c, tables_are_numbered, 0, sizeof(numbered) / sizeof(*numbered));
	tcase_add_loop_test(c, numbered_programs_do_the_same, 0, sizeof(programs) / sizeof(*programs));
	tcase_add_test(c, deep_tables_still_compile);
	suite_add_tcase(s, c);
	return s;
}
