/* base/: arena, str, map, vec, utf8, json, glob, duration, suggest. */
#include "base/arena.h"
#include "base/duration.h"
#include "base/glob.h"
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "base/vec.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *base_suite(void);

/* ---- arena, vec, map, str ---- */

START_TEST(arena_gives_zeroed_aligned_memory_of_any_size)
{
	static const size_t sizes[] = { 0, 1, 7, 24, 4096, 70000, 300000, 3 };
	struct arena a = ARENA_INIT;

	for (int round = 0; round < 50; round++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			unsigned char *p = arena_alloc(&a, sizes[i]);

			ck_assert_ptr_nonnull(p);
			ck_assert_uint_eq((uintptr_t)p % sizeof(void *), 0);
			ck_assert(sizes[i] == 0 || (!p[0] && !memcmp(p, p + 1, sizes[i] - 1)));
			memset(p, 0xff, sizes[i]);
			ck_assert_ptr_nonnull(arena_text(&a, 3));
		}
	ck_assert_ptr_null(arena_array(&a, SIZE_MAX / 2, 3));
	ck_assert_ptr_null(arena_text(&a, SIZE_MAX - 1));
	arena_clear(&a);
	ck_assert_uint_eq(a.used, 0);
	ck_assert_str_eq(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	ck_assert_str_eq(arena_strndup(&a, "abcdef", 3), "abc");
	arena_clear(&a);
}
END_TEST

/* Whatever was in it, and however large it had become. */
START_TEST(arena_reset_leaves_an_empty_arena)
{
	static const size_t sizes[] = { 100, 5000, 70000, 300000 };
	struct arena a = ARENA_INIT;

	arena_reset(&a);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t rest;

		for (unsigned k = 0; k < 20; k++) {
			unsigned char *p = arena_alloc(&a, sizes[i] / (k + 1));

			ck_assert_ptr_nonnull(p);
			memset(p, 0xff, sizes[i] / (k + 1));
			ck_assert_ptr_nonnull(arena_printf(&a, "%0*d", (int)(50 * k), 1));
		}
		arena_reset(&a);
		ck_assert_uint_eq(a.used, 0);
		for (rest = 0; rest < 3000; rest += 100) {
			unsigned char *p = arena_alloc(&a, 100);

			ck_assert_ptr_nonnull(p);
			ck_assert(!p[0] && !memcmp(p, p + 1, 99));
		}
	}
	arena_clear(&a);
}
END_TEST

/* Beyond 2 MB in use it goes on with huge pages; pieces that do not fit what is left of one, and pieces larger than one. */
START_TEST(a_large_arena_keeps_every_piece)
{
	static const size_t sizes[] = { 100, 300000, 24, 1700000, 70000, 900000, 5000000, 65536 };
	enum { SIZES = sizeof(sizes) / sizeof(*sizes), PIECES = 40 };
	struct arena a = ARENA_INIT;
	unsigned char *pieces[PIECES];

	for (int i = 0; i < PIECES; i++) {
		size_t size = sizes[i % SIZES];
		pieces[i] = arena_alloc(&a, size);
		ck_assert_ptr_nonnull(pieces[i]);
		ck_assert(!pieces[i][0] && !memcmp(pieces[i], pieces[i] + 1, size - 1));
		memset(pieces[i], i + 1, size);
	}
	for (int i = 0; i < PIECES; i++) {
		size_t size = sizes[i % SIZES];
		ck_assert(pieces[i][0] == i + 1 && !memcmp(pieces[i], pieces[i] + 1, size - 1));
	}
	arena_clear(&a);
}
END_TEST

#ifndef ARENA_MALLOC
START_TEST(arena_fills_its_blocks)
{
	struct arena a = ARENA_INIT;
	char *last = NULL;
	unsigned jumps = 0;

	for (int i = 0; i < 100000; i++) {
		char *p = arena_alloc(&a, 24);

		ck_assert_ptr_nonnull(p);
		jumps += p != last + 24;
		last = p;
		if (i % 10000 == 0)
			ck_assert_ptr_nonnull(arena_alloc(&a, 300000));
	}
	ck_assert_uint_lt(jumps, 30);
	arena_clear(&a);
}
END_TEST
#endif

START_TEST(vec_grows_and_keeps_what_it_holds)
{
	struct arena a = ARENA_INIT;
	VEC(int) v = { NULL, 0, 0 };

	for (int i = 0; i < 1000; i++) {
		int *slot = vec_push(&a, &v);

		ck_assert_ptr_nonnull(slot);
		ck_assert_int_eq(*slot, 0);
		*slot = i;
	}
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(v.items[i], i);
	arena_clear(&a);
}
END_TEST

static int by_number(const void *one, const void *two)
{
	return *(const int *)one - *(const int *)two;
}

START_TEST(vec_is_sorted)
{
	static const int rows[][4] = { { 1, 2, 2, 3 }, { 3, 2, 1, 0 }, { 1, 2, 4, 3 }, { 2, 1, 1, 1 } };
	struct arena a = ARENA_INIT;
	VEC(int) none = { NULL, 0, 0 };

	vec_sort(&none, by_number);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		VEC(int) v = { NULL, 0, 0 };

		for (unsigned k = 0; k < 4; k++)
			*(int *)vec_push(&a, &v) = rows[i][k];
		vec_sort(&v, by_number);
		for (unsigned k = 1; k < 4; k++)
			ck_assert_int_le(v.items[k - 1], v.items[k]);
	}
	arena_clear(&a);
}
END_TEST

START_TEST(map_finds_each_of_many_keys)
{
	struct arena a = ARENA_INIT;
	struct map m = MAP_INIT;

	ck_assert_ptr_null(map_get(&m, "x", 1));
	for (intptr_t i = 1; i <= 5000; i++) {
		char *key = arena_printf(&a, "job %d", (int)i);
		ck_assert(map_put(&m, &a, key, strlen(key), (void *)i));
	}
	for (intptr_t i = 1; i <= 5000; i++) {
		char key[32];
		int n = snprintf(key, sizeof(key), "job %d", (int)i);
		ck_assert_ptr_eq(map_get(&m, key, (size_t)n), (void *)i);
	}
	ck_assert_uint_eq(m.count, 5000);
	ck_assert(map_put(&m, &a, "job 7", 5, &m));
	ck_assert_ptr_eq(map_get(&m, "job 7", 5), &m);
	ck_assert_uint_eq(m.count, 5000);
	ck_assert_ptr_null(map_get(&m, "job 77x", 7));
	arena_clear(&a);
}
END_TEST

START_TEST(str_failure_sticks_and_limit_holds)
{
	struct str s;
	char *text;

	str_init_limit(&s, 5);
	ck_assert_str_eq(s.data, "");
	str_adds(&s, "abc");
	str_adds(&s, "defg");
	str_addc(&s, 'h');
	ck_assert(s.failed);
	ck_assert_str_eq(s.data, "abc");
	ck_assert_ptr_null(str_detach(&s));
	str_printf(&s, "%d", 12345);
	str_drop(&s, 2);
	ck_assert_str_eq(s.data, "345");
	text = str_detach(&s);
	ck_assert_str_eq(text, "345");
	free(text);
	text = str_detach(&s);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

/* ---- utf8 ---- */

struct taker {
	struct str all;
	unsigned calls, most; /* after so many calls it takes no more */
};

static int take_piece(void *payload, const char *text, size_t length)
{
	struct taker *t = payload;

	if (t->calls++ == t->most)
		return 1;
	str_add(&t->all, text, length);
	return 0;
}

START_TEST(str_is_passed_on_in_pieces)
{
	struct taker t = { .most = 100 };
	struct str s;

	str_init(&t.all);
	str_init(&s);
	str_adds(&s, "kept");
	str_pass(&s); /* to nobody */
	ck_assert_str_eq(s.data, "kept");
	str_reset(&s);
	s.write = take_piece;
	s.payload = &t;
	for (int i = 0; i < 100000; i++) {
		str_printf(&s, "%d\n", i);
		str_pass(&s);
		ck_assert_uint_lt(s.length, 100000);
	}
	ck_assert_uint_gt(t.calls, 2);
	ck_assert_uint_lt(t.calls, 100);
	str_add(&t.all, s.data, s.length);
	ck_assert_uint_eq(t.all.length, 588890);
	ck_assert_str_eq(t.all.data + 588890 - 12, "99998\n99999\n");
	t.most = t.calls;
	while (!s.failed && s.length < 10000000) {
		str_adds(&s, "refused");
		str_pass(&s);
	}
	ck_assert(s.failed);
	str_clear(&s);
	str_clear(&t.all);
}
END_TEST

START_TEST(str_quotes_for_a_shell)
{
	static const struct {
		const char *word, *expected;
	} rows[] = { { "unit", "unit" },       { "build:lib", "build:lib" },   { "a b", "'a b'" },
		     { "it's", "'it'\\''s'" }, { "$(reboot)", "'$(reboot)'" }, { "", "''" },
		     { "a$", "'a$'" },	       { "--x=a,b", "--x=a,b" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str s;
		str_init(&s);
		str_shell_word(&s, rows[i].word);
		ck_assert_str_eq(s.data, rows[i].expected);
		str_clear(&s);
	}
}
END_TEST

START_TEST(utf8_refuses_what_is_not)
{
	static const struct {
		const char *text;
		size_t valid;
	} cases[] = {
		{ "plain ascii, longer than eight", 30 },
		{ "gr\xc3\xbc\xc3\x9f", 6 },
		{ "\xf0\x9f\x98\x80", 4 },
		{ "a\xc0\xaf", 1 },
		{ "a\xe0\x80\xaf", 1 },
		{ "\xed\xa0\x80", 0 },
		{ "\xf4\x90\x80\x80", 0 },
		{ "12345678\xff", 8 },
		{ "ab\xc3", 2 },
		{ "ab\xe2\x82", 2 },
		{ "\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_uint_eq(utf8_valid(cases[i].text, strlen(cases[i].text)), cases[i].valid);
	ck_assert_uint_eq(utf8_count("gr\xc3\xbc\xc3\x9f", 6), 4);
}
END_TEST

START_TEST(utf8_decodes_and_measures)
{
	uint32_t code;

	ck_assert_uint_eq(utf8_decode("\xe4\xb8\xad", 3, &code), 3);
	ck_assert_uint_eq(code, 0x4e2d);
	ck_assert_uint_eq(utf8_decode("\xe4\xb8", 2, &code), 1);
	ck_assert_uint_eq(code, 0xfffd);
	ck_assert_uint_eq(utf8_decode("", 0, &code), 0);
	ck_assert_int_eq(utf8_width('a'), 1);
	ck_assert_int_eq(utf8_width(0x4e2d), 2);
	ck_assert_int_eq(utf8_width(0x1f600), 2);
	ck_assert_int_eq(utf8_width(0x301), 0);
	ck_assert_int_eq(utf8_width(0x1b), 0);
	ck_assert_int_eq(utf8_width(0x20ac), 1);
}
END_TEST

/* ---- json ---- */

START_TEST(json_writes_commas_and_escapes)
{
	struct str s;
	struct json j;

	str_init(&s);
	jsonw_init(&j, &s, false);
	jsonw_object(&j);
	jsonw_kstring(&j, "a\"b", "x\n\t\x01\\\x7f");
	jsonw_kint(&j, "min", INT64_MIN);
	jsonw_key(&j, "list");
	jsonw_array(&j);
	jsonw_double(&j, 0.1);
	jsonw_double(&j, NAN);
	jsonw_bool(&j, true);
	jsonw_string(&j, NULL);
	jsonw_stringn(&j, "nul\0in", 6);
	jsonw_array(&j);
	jsonw_array_end(&j);
	jsonw_array_end(&j);
	jsonw_kbool(&j, "no", false);
	jsonw_object_end(&j);
	ck_assert_str_eq(s.data, "{\"a\\\"b\":\"x\\n\\t\\u0001\\\\\\u007f\",\"min\":-9223372036854775808,"
				 "\"list\":[0.1,null,true,null,\"nul\\u0000in\",[]],\"no\":false}");
	str_clear(&s);
}
END_TEST

START_TEST(json_replaces_invalid_utf8_and_keeps_the_rest)
{
	struct str s;

	str_init(&s);
	jsonw_quote(&s,
		    "a\xff"
		    "b\xc3\xbc\xe2\x82",
		    7);
	ck_assert_str_eq(s.data, "\"a\xef\xbf\xbd"
				 "b\xc3\xbc\xef\xbf\xbd\xef\xbf\xbd\"");
	str_reset(&s);
	jsonw_quote(&s, "\xef\xbf\xbd", 3);
	ck_assert_str_eq(s.data, "\"\xef\xbf\xbd\"");
	str_clear(&s);
}
END_TEST

static void quote_slowly(struct str *out, const char *text, size_t length)
{
	static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

	str_addc(out, '"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		const char *named = c ? strchr(names, c) : NULL;

		if (named)
			str_printf(out, "\\%c", letters[named - names]);
		else if (c < 0x20 || c == 0x7f)
			str_printf(out, "\\u%04x", c);
		else if (c < 0x80)
			str_addc(out, (char)c);
		else
			str_adds(out, "\xef\xbf\xbd");
	}
	str_addc(out, '"');
}

START_TEST(json_escapes_each_byte_wherever_it_stands)
{
	struct str fast, slow;
	char text[20];
	struct json j;

	str_init(&fast);
	str_init(&slow);
	for (unsigned c = 0; c < 256; c++)
		for (size_t length = 1; length < sizeof(text); length++)
			for (size_t at = 0; at < length; at++) {
				memset(text, 'x', sizeof(text));
				text[at] = (char)c;
				str_reset(&fast);
				str_reset(&slow);
				quote_slowly(&slow, text, length);
				jsonw_quote(&fast, text, length);
				ck_assert_str_eq(fast.data, slow.data);
				str_reset(&fast);
				jsonw_init(&j, &fast, false);
				jsonw_stringn(&j, text, length);
				ck_assert_str_eq(fast.data, slow.data);
			}
	str_clear(&fast);
	str_clear(&slow);
}
END_TEST

START_TEST(json_pretty_indents_and_depth_is_bounded)
{
	struct str s;
	struct json j;

	str_init(&s);
	jsonw_init(&j, &s, true);
	jsonw_object(&j);
	jsonw_kint(&j, "a", 1);
	jsonw_key(&j, "b");
	jsonw_array(&j);
	jsonw_int(&j, 2);
	jsonw_array_end(&j);
	jsonw_key(&j, "c");
	jsonw_object(&j);
	jsonw_object_end(&j);
	jsonw_object_end(&j);
	ck_assert_str_eq(s.data, "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ],\n  \"c\": {}\n}");
	str_reset(&s);
	jsonw_init(&j, &s, false);
	for (int i = 0; i < 63; i++)
		jsonw_array(&j);
	ck_assert(!s.failed);
	jsonw_array(&j);
	ck_assert(s.failed);
	str_clear(&s);
}
END_TEST

/* ---- glob ---- */

static const struct {
	const char *pattern, *path;
	bool match;
} globs[] = {
	{ "a.c", "a.c", true },
	{ "a.c", "b.c", false },
	{ "*.c", "a.c", true },
	{ "*.c", "src/a.c", false },
	{ "*.c", ".c", true },
	{ "*", ".hidden", true },
	{ "?.c", "\xc3\xbc.c", true },
	{ "?.c", "/.c", false },
	{ "src/*", "src/a/b", false },
	{ "src/*", "src/a", true },
	{ "**", "a/b/c", true },
	{ "**/*.c", "a.c", true },
	{ "**/*.c", "x/y/a.c", true },
	{ "**/a.c", "xa.c", false },
	{ "src/**", "src/x/y", true },
	{ "src/**", "srcs/x", false },
	{ "src/**", "src", false },
	{ "src/**/*.c", "src/a.c", true },
	{ "src/**/*.c", "src/x/y/a.c", true },
	{ "src/**/*.c", "src/x/y/a.h", false },
	{ "a/**/b/**/c", "a/b/c", true },
	{ "a/**/b/**/c", "a/x/b/y/z/c", true },
	{ "a/**/b/**/c", "a/x/c", false },
	{ "a**b", "axxb", true },
	{ "a**b", "ax/xb", false },
	{ "a**/b", "ax/b", true },
	{ "a**/b", "ax/y/b", false },
	{ "**b", "x/b", false },
	{ "**b", "xb", true },
	{ "[a-c]x", "bx", true },
	{ "[a-c]x", "dx", false },
	{ "[!a-c]x", "dx", true },
	{ "[^a-c]x", "ax", false },
	{ "[!a]x", "/x", false },
	{ "[]a]", "]", true },
	{ "[a-]", "-", true },
	{ "[\\]]", "]", true },
	{ "[\xc3\xa4-\xc3\xbc]", "\xc3\xb6", true },
	{ "[ab", "[ab", true },
	{ "a[b/c]d", "a[b/c]d", true },
	{ "*.{md,txt}", "a.txt", true },
	{ "*.{md,txt}", "a.rst", false },
	{ "{a,b{c,d}}/x", "bd/x", true },
	{ "{a,b{c,d}}/x", "b/x", false },
	{ "{a,b{c,d}}/x", "a/x", true },
	{ "{,x}a", "a", true },
	{ "{,x}a", "xa", true },
	{ "{a}", "a", true },
	{ "{a,b", "{a,b", true },
	{ "{{a,b}", "{b", true },
	{ "{{a,b}", "b", false },
	{ "a}", "a}", true },
	{ "a,b", "a,b", true },
	{ "{a\\,b,c}", "a,b", true },
	{ "{**/,}x.c", "a/b/x.c", true },
	{ "{**/,}x.c", "x.c", true },
	{ "{src,test/**}/x", "test/x", true },
	{ "{src,test/**}/x", "test/y/z/x", true },
	{ "{src,test/**}/x", "src/y/x", false },
	{ "{a/**,b}", "a/b/c", true },
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "a\\", "a\\", true },
	{ "", "", true },
	{ "*", "", true },
	{ "*", "a", true },
	{ "a?", "a", false },
	{ "\xff*",
	  "\xff"
	  "a",
	  true },
	{ "\xff*",
	  "\xfe"
	  "a",
	  false },
};

START_TEST(glob_matches_as_documented)
{
	ck_assert_msg(glob_match(globs[_i].pattern, globs[_i].path) == globs[_i].match, "\"%s\" against \"%s\"",
		      globs[_i].pattern, globs[_i].path);
}
END_TEST

START_TEST(glob_of_a_long_pattern_is_matched_too)
{
	char pattern[4000], path[2000];

	for (int i = 0; i < 1000; i++)
		memcpy(pattern + 3 * i, "a?*", 4);
	memset(path, 'a', sizeof(path));
	path[1999] = '\0';
	ck_assert(!glob_match(pattern, path));
	strncat(pattern, "{x,}", 5);
	ck_assert(!glob_match(pattern, path));
	pattern[3 * 999] = '\0';
	ck_assert(glob_match(pattern, path));
}
END_TEST

START_TEST(glob_never_blows_up)
{
	char path[400], pattern[4 * 700 + 1];

	memset(path, 'a', sizeof(path));
	path[399] = '\0';
	ck_assert(!glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", path));
	ck_assert(!glob_match("{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}*b", path));
	ck_assert(!glob_match("**/**/**/**/**/**/**/**/b", "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/c"));
	for (int i = 0; i < 700; i++)
		memcpy(pattern + 4 * i, "{a,}", 5);
	ck_assert(!glob_match(pattern, path));
	memset(pattern, '{', 600);
	memset(pattern + 600, '}', 600);
	pattern[1200] = '\0';
	ck_assert(glob_match(pattern, ""));
	memset(pattern, '[', 2800);
	ck_assert(!glob_match(pattern, path));
}
END_TEST

START_TEST(glob_knows_where_to_look)
{
	ck_assert(glob_may_match_below("src/*.c", "src"));
	ck_assert(glob_may_match_below("src/*.c", ""));
	ck_assert(!glob_may_match_below("src/*.c", "doc"));
	ck_assert(!glob_may_match_below("src/*.c", "src/sub"));
	ck_assert(!glob_may_match_below("*.c", "src"));
	ck_assert(glob_may_match_below("**/*.c", "any/where"));
	ck_assert(glob_may_match_below("{src,lib}/**", "lib/deep/er"));
	ck_assert(!glob_may_match_below("src", "src"));
	ck_assert(glob_may_match_below("a/b/c", "a/b"));
	ck_assert(glob_is_pattern("a*") && glob_is_pattern("{a}") && glob_is_pattern("[a]") && glob_is_pattern("a\\b"));
	ck_assert(!glob_is_pattern("a/b.c,d"));
}
END_TEST

/* ---- duration ---- */

static const struct {
	const char *text;
	int64_t ms; /* -1: not a duration */
} durations[] = {
	{ "90", 90000 },
	{ "90s", 90000 },
	{ " 1h 30m ", 5400000 },
	{ "1 hour and 30 minutes", 5400000 },
	{ "3 mins 4 sec", 184000 },
	{ "2h20min", 8400000 },
	{ "2 hrs 20 min", 8400000 },
	{ "1 day, 2 hours", 93600000 },
	{ "6 mos 1 day", INT64_C(181) * 86400000 },
	{ "47 yrs 6 mos and 4d", INT64_C(47) * 31557600000 + INT64_C(184) * 86400000 },
	{ "3 weeks and 2 days", INT64_C(23) * 86400000 },
	{ "1.5 hours", 5400000 },
	{ "0", 0 },
	{ "0.25s", 250 },
	{ "250ms", 250 },
	{ "1500 milliseconds", 1500 },
	{ "1s 250ms", 1250 },
	{ "1m 5 msec", 60005 },
	{ "1.5ms", 1 },
	{ "2MS", 2 },
	{ "ms", -1 },
	{ "5 mss", -1 },
	{ "1 HOUR", 3600000 },
	{ "4 minutes 30", 270000 },
	{ "", -1 },
	{ "  ", -1 },
	{ "never", -1 },
	{ "-1", -1 },
	{ "1 30", -1 },
	{ "1 parsec", -1 },
	{ "h", -1 },
	{ "1h and", -1 },
	{ "1.h", -1 },
	{ "1h!", -1 },
	{ "101 years", -1 },
	{ "99 years 2 years", -1 },
	{ "99999999999999999999999", -1 },
};

START_TEST(duration_reads_what_people_write)
{
	int64_t ms = -1;
	bool ok = duration_parse(durations[_i].text, &ms);

	ck_assert_msg(ok == (durations[_i].ms >= 0), "\"%s\"", durations[_i].text);
	ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

START_TEST(duration_is_written_short)
{
	char b[32];

	ck_assert_str_eq(duration_format(350, b, sizeof(b)), "350ms");
	ck_assert_str_eq(duration_format(-5, b, sizeof(b)), "0ms");
	ck_assert_str_eq(duration_format(4250, b, sizeof(b)), "4.2s");
	ck_assert_str_eq(duration_format(59999, b, sizeof(b)), "59.9s");
	ck_assert_str_eq(duration_format(187000, b, sizeof(b)), "3m 07s");
	ck_assert_str_eq(duration_format(7500000, b, sizeof(b)), "2h 05m");
	ck_assert_str_eq(duration_format(INT64_C(276000000), b, sizeof(b)), "3d 4h");
	ck_assert_str_eq(duration_format(INT64_MAX, b, sizeof(b)), "106751991167d 7h");
}
END_TEST

/* ---- suggest ---- */

static const char *nearest(const char *wanted)
{
	static const char *const names[] = { "script",	     "stage", "stages", "before_script",
					     "after_script", "when",  "needs",	"variables" };
	struct suggest s;

	suggest_init(&s, wanted);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		suggest_offer(&s, names[i]);
	return s.best ? s.best : "-";
}

START_TEST(suggest_finds_the_nearest_name)
{
	ck_assert_str_eq(nearest("scirpt"), "script");
	ck_assert_str_eq(nearest("Script"), "script");
	ck_assert_str_eq(nearest("sripts"), "script");
	ck_assert_str_eq(nearest("stgaes"), "stages");
	ck_assert_str_eq(nearest("befor_script"), "before_script");
	ck_assert_str_eq(nearest("BEFORE_SCRIPT"), "before_script");
	ck_assert_str_eq(nearest("var"), "variables");
	ck_assert_str_eq(nearest("need"), "needs");
	ck_assert_str_eq(nearest("whn"), "when");
	ck_assert_str_eq(nearest("image"), "-");
	ck_assert_str_eq(nearest("xyz"), "-");
	ck_assert_str_eq(nearest(""), "-");
	ck_assert_str_eq(nearest("an extremely long name that nobody would ever give to any keyword of any language"), "-");
}
END_TEST

Suite *base_suite(void)
{
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");

	tcase_add_test(t, arena_gives_zeroed_aligned_memory_of_any_size);
	tcase_add_test(t, arena_reset_leaves_an_empty_arena);
	tcase_add_test(t, a_large_arena_keeps_every_piece);
#ifndef ARENA_MALLOC
	tcase_add_test(t, arena_fills_its_blocks);
#endif
	tcase_add_test(t, vec_grows_and_keeps_what_it_holds);
	tcase_add_test(t, vec_is_sorted);
	tcase_add_test(t, map_finds_each_of_many_keys);
	tcase_add_test(t, str_failure_sticks_and_limit_holds);
	tcase_add_test(t, str_is_passed_on_in_pieces);
	tcase_add_test(t, str_quotes_for_a_shell);
	tcase_add_test(t, utf8_refuses_what_is_not);
	tcase_add_test(t, utf8_decodes_and_measures);
	tcase_add_test(t, json_writes_commas_and_escapes);
	tcase_add_test(t, json_replaces_invalid_utf8_and_keeps_the_rest);
	tcase_add_test(t, json_escapes_each_byte_wherever_it_stands);
	tcase_add_test(t, json_pretty_indents_and_depth_is_bounded);
	tcase_add_loop_test(t, glob_matches_as_documented, 0, (int)(sizeof(globs) / sizeof(*globs)));
	tcase_add_test(t, glob_of_a_long_pattern_is_matched_too);
	tcase_add_test(t, glob_never_blows_up);
	tcase_add_test(t, glob_knows_where_to_look);
	tcase_add_loop_test(t, duration_reads_what_people_write, 0, (int)(sizeof(durations) / sizeof(*durations)));
	tcase_add_test(t, duration_is_written_short);
	tcase_add_test(t, suggest_finds_the_nearest_name);
	suite_add_tcase(s, t);
	return s;
}
