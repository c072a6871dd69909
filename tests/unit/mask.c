/* Masking: against a naive reference, in all cuts; the forms; what is held back. */
#include "runner/log/mask.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *mask_suite(void);

static struct mask *make(const char *const *secrets)
{
	pipe_error err = { 0 };
	struct mask *m;

	ck_assert_int_eq(mask_create(&m, &err), PIPE_OK);
	for (; *secrets; secrets++)
		ck_assert_int_eq(mask_add(m, *secrets, strlen(*secrets), &err), PIPE_OK);
	ck_assert_int_eq(mask_compile(m, &err), PIPE_OK);
	return m;
}

/* A text through a stream, cut every `piece` bytes (0: at places that change). */
static void through(const struct mask *m, const char *text, size_t length, size_t piece, struct str *out)
{
	struct mask_stream *s;
	unsigned state = 12345;
	const char *part;
	size_t n, cut;

	ck_assert_int_eq(mask_stream_create(&s, m, NULL), PIPE_OK);
	for (size_t at = 0; at < length; at += cut) {
		state = state * 1103515245 + 12345;
		cut = piece ? piece : 1 + (state >> 16) % 7;
		if (cut > length - at)
			cut = length - at;
		ck_assert_int_eq(mask_feed(s, text + at, cut, &part, &n, NULL), PIPE_OK);
		str_add(out, part, n);
	}
	ck_assert_int_eq(mask_flush(s, &part, &n, NULL), PIPE_OK);
	str_add(out, part, n);
	mask_stream_free(s);
}

static void expect(const struct mask *m, const char *text, const char *wanted)
{
	static const size_t pieces[] = { 0, 1, 2, 3, 5, 16, 1000000 };
	struct str out;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		str_init(&out);
		through(m, text, strlen(text), pieces[i], &out);
		ck_assert_str_eq(out.data, wanted);
		str_clear(&out);
	}
	str_init(&out);
	ck_assert_int_eq(mask_text(m, text, strlen(text), &out, NULL), PIPE_OK);
	ck_assert_str_eq(out.data, wanted);
	str_clear(&out);
}

START_TEST(a_secret_becomes_masked)
{
	static const char *const secrets[] = { "s3cr3t", NULL };
	struct mask *m = make(secrets);

	ck_assert(!mask_is_empty(m));
	expect(m, "the s3cr3t is out\n", "the [MASKED] is out\n");
	expect(m, "s3cr3t", "[MASKED]");
	expect(m, "s3cr3ts3cr3t s3cr3", "[MASKED][MASKED] s3cr3");
	expect(m, "s3cr3 t s3cs3cr3tr3t", "s3cr3 t s3c[MASKED]r3t");
	expect(m, "", "");
	mask_free(m);
}
END_TEST

START_TEST(overlapping_secrets_are_masked_entirely)
{
	static const char *const secrets[] = { "abcdef", "defghi", "bcde", "aaaa", NULL };
	struct mask *m = make(secrets);

	expect(m, "xabcdefghix", "x[MASKED]x");
	expect(m, "xabcdefx", "x[MASKED]x");
	expect(m, "xbcdefghix", "x[MASKED]x");
	expect(m, "xbcdex", "x[MASKED]x");
	expect(m, "aaaaaaaaaaaaab", "[MASKED]b");
	expect(m, "aaa aaaa aaaaa", "aaa [MASKED] [MASKED]");
	mask_free(m);
}
END_TEST

START_TEST(the_longest_counts)
{
	static const char *const secrets[] = { "pass", "password", "password-of-mine", NULL };
	struct mask *m = make(secrets);

	expect(m, "password-of-mine", "[MASKED]");
	expect(m, "password-of-min", "[MASKED]-of-min");
	expect(m, "passwor", "[MASKED]wor");
	expect(m, "pas", "pas");
	mask_free(m);
}
END_TEST

START_TEST(short_and_blank_secrets_are_refused)
{
	struct mask *m;
	pipe_error err;

	ck_assert_int_eq(mask_create(&m, NULL), PIPE_OK);
	ck_assert_int_eq(mask_add(m, "abc", 3, &err), PIPE_ELIMIT);
	ck_assert_int_eq(mask_add(m, "", 0, NULL), PIPE_ELIMIT);
	ck_assert_int_eq(mask_add(m, "        ", 8, NULL), PIPE_ELIMIT);
	ck_assert_int_eq(mask_add(m, "\n abc \n", 7, NULL), PIPE_ELIMIT);
	ck_assert_int_eq(mask_compile(m, NULL), PIPE_OK);
	ck_assert(mask_is_empty(m));
	expect(m, "abc stays", "abc stays");
	ck_assert_int_eq(mask_add(m, "\nabcd ", 6, NULL), PIPE_OK);
	ck_assert_int_eq(mask_compile(m, NULL), PIPE_OK);
	expect(m, "abc abcd", "abc [MASKED]");
	mask_free(m);
	ck_assert(mask_is_empty(NULL));
	mask_free(NULL);
	mask_stream_free(NULL);
}
END_TEST

START_TEST(without_secrets_everything_passes)
{
	struct str out;

	str_init(&out);
	through(NULL, "all of it", 9, 2, &out);
	ck_assert_str_eq(out.data, "all of it");
	str_clear(&out);
	ck_assert_int_eq(mask_text(NULL, "this", 4, &out, NULL), PIPE_OK);
	ck_assert_str_eq(out.data, "this");
	str_clear(&out);
}
END_TEST

/* ---- forms ---- */

START_TEST(encoded_forms)
{
	static const char *const secrets[] = { "p\"w/d+\xc3\xa4 <'$x'>?\\", NULL };
	static const char *const rows[] = {
		/* as python3 -c wrote them: json.dumps, quote, quote_plus, quote(safe=''), base64 at three alignments, shlex.quote; bash's %q */
		"p\\\"w/d+\xc3\xa4 <'$x'>?\\\\",
		"p\\\"w/d+\\u00e4 <'$x'>?\\\\",
		"p\\\"w\\/d+\xc3\xa4 <'$x'>?\\\\",
		"p\\\"w/d+\xc3\xa4 \\u003c'$x'\\u003e?\\\\",
		"p%22w/d%2B%C3%A4%20%3C%27%24x%27%3E%3F%5C",
		"p%22w%2Fd%2B%C3%A4+%3C%27%24x%27%3E%3F%5C",
		"p%22w%2Fd%2B%C3%A4%20%3C%27%24x%27%3E%3F%5C",
		"p%22w%2fd%2b%c3%a4%20%3c%27%24x%27%3e%3f%5c",
		"p%22w%2Fd%2B%C3%A4%20%3C'%24x'%3E%3F%5C",
		"cCJ3L2Qrw6QgPCckeCc+P1w=",
		"cCJ3L2Qrw6QgPCckeCc-P1w=",
		"p\"w/d+\xc3\xa4 <'\\''$x'\\''>?\\",
		"p\"w/d+\xc3\xa4 <'\"'\"'$x'\"'\"'>?\\",
		"p\\\"w/d+\xc3\xa4 <'\\$x'>?\\\\",
		"p\\\"w/d+\xc3\xa4\\ \\<\\'\\$x\\'\\>\\?\\\\",
	};
	struct mask *m = make(secrets);
	char text[256];

	expect(m, secrets[0], "[MASKED]");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "<%s>", rows[i]);
		expect(m, text, "<[MASKED]>");
	}
	mask_free(m);
}
END_TEST

static void encode(const char *bytes, size_t length, const char *alphabet, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i += 3) {
		uint32_t v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < length ? (unsigned char)bytes[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			out[n++] = i + k > length ? '=' : alphabet[(v >> (18 - 6 * k)) & 63];
	}
	out[n] = '\0';
}

/* Of a secret in the midst of others' bytes no more than the characters at its borders may be seen. */
START_TEST(base64_in_all_alignments)
{
	static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	static const char *const secrets[] = { "~~secret~~", "wxyz", NULL };
	struct mask *m = make(secrets);

	for (size_t s = 0; secrets[s]; s++) {
		for (size_t before = 0; before < 7; before++) {
			for (size_t behind = 0; behind < 7; behind++) {
				char plain[64], coded[128];
				struct str out;
				size_t visible;
				snprintf(plain, sizeof(plain), "%.*s%s%.*s", (int)before, "!!!!!!!", secrets[s], (int)behind,
					 "!!!!!!!");
				encode(plain, strlen(plain), before % 2 ? standard : url, coded);
				str_init(&out);
				through(m, coded, strlen(coded), 0, &out);
				ck_assert_ptr_nonnull(strstr(out.data, "[MASKED]"));
				visible = out.length - 8;
				/* Each border may leave one character that has bits of both. */
				ck_assert_uint_le(visible, strlen(coded) - (strlen(secrets[s]) * 8 - 10) / 6);
				str_clear(&out);
			}
		}
	}
	mask_free(m);
}
END_TEST

START_TEST(secrets_of_several_lines)
{
	static const char *const secrets[] = { "-----BEGIN KEY-----\nMIIabcdef\n  xyz12345\r\nQ=\n-----END KEY-----\n", NULL };
	struct mask *m = make(secrets);

	expect(m, "-----BEGIN KEY-----\nMIIabcdef\n  xyz12345\r\nQ=\n-----END KEY-----\n", "[MASKED]\n");
	expect(m, "> MIIabcdef\n> xyz12345\n> Q=\n", "> [MASKED]\n> [MASKED]\n> Q=\n");
	expect(m, "\"-----BEGIN KEY-----\\nMIIabcdef\\n  xyz12345\\r\\nQ=\\n-----END KEY-----\\n\"", "\"[MASKED]\\n\"");
	mask_free(m);
}
END_TEST

START_TEST(long_secrets_in_broken_base64)
{
	static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char secret[201], coded[512];
	const char *secrets[] = { secret, NULL };
	struct mask *m;

	for (size_t i = 0; i < 200; i++)
		secret[i] = (char)('!' + i * 7 % 90);
	secret[200] = '\0';
	m = make(secrets);
	encode(secret, 200, standard, coded);
	for (size_t width = 64; width <= 76; width += 12) {
		struct str text, out;
		str_init(&text);
		str_init(&out);
		for (size_t at = 0; at < strlen(coded); at += width)
			str_printf(&text, "%.*s\n", (int)width, coded + at);
		through(m, text.data, text.length, 0, &out);
		/* Not even the last line's end is left. */
		ck_assert_ptr_null(strpbrk(out.data, "abcdefghijklmnopqrstuvwxyzBCFGHIJLNOPQRTUVWXYZ0123456789+/"));
		str_clear(&text);
		str_clear(&out);
	}
	mask_free(m);
}
END_TEST

/* ---- what is held back ---- */

START_TEST(only_what_may_be_a_beginning_is_held_back)
{
	static const char *const secrets[] = { "secret-token-1", "zzzz-zzzz", NULL };
	static const struct {
		const char *text;
		size_t shown;
	} rows[] = {
		{ "a line\n", 7 },	{ "Password: ", 10 },	{ "is it sec", 6 },
		{ "secret-token-", 0 }, { "secret-tokem", 12 }, { "s", 0 },
		{ "zzzz-zzz", 0 },	{ "zzzzz", 1 },		{ "x secret-toke secret-tok", 14 },
	};
	struct mask *m = make(secrets);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mask_stream *s;
		const char *part;
		size_t n;
		ck_assert_int_eq(mask_stream_create(&s, m, NULL), PIPE_OK);
		ck_assert_int_eq(mask_feed(s, rows[i].text, strlen(rows[i].text), &part, &n, NULL), PIPE_OK);
		ck_assert_uint_eq(n, rows[i].shown);
		ck_assert_ptr_eq(part, rows[i].text); /* the input itself */
		ck_assert_int_eq(mask_flush(s, &part, &n, NULL), PIPE_OK);
		ck_assert_uint_eq(n, strlen(rows[i].text) - rows[i].shown);
		mask_stream_free(s);
	}
	mask_free(m);
}
END_TEST

START_TEST(a_stream_goes_on_after_a_flush)
{
	static const char *const secrets[] = { "secret", NULL };
	struct mask *m = make(secrets);
	struct mask_stream *s;
	const char *part;
	size_t n;

	ck_assert_int_eq(mask_stream_create(&s, m, NULL), PIPE_OK);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(mask_feed(s, "sec", 3, &part, &n, NULL), PIPE_OK);
		ck_assert_uint_eq(n, 0);
		ck_assert_int_eq(mask_feed(s, "ret!se", 6, &part, &n, NULL), PIPE_OK);
		ck_assert_uint_eq(n, 9);
		ck_assert_int_eq(memcmp(part, "[MASKED]!", 9), 0);
		ck_assert_int_eq(mask_flush(s, &part, &n, NULL), PIPE_OK);
		ck_assert_uint_eq(n, 2);
		ck_assert_int_eq(memcmp(part, "se", 2), 0);
		ck_assert_int_eq(mask_flush(s, &part, &n, NULL), PIPE_OK);
		ck_assert_uint_eq(n, 0);
	}
	mask_stream_free(s);
	mask_free(m);
}
END_TEST

/* ---- against the naive way ---- */

/* What mask.h promises, in the simplest words: all that any secret covers; each stretch of overlapping ones is one mark. */
static void naive(const char *const *secrets, const char *text, struct str *out)
{
	size_t length = strlen(text), end = 0;

	for (size_t at = 0; at <= length; at++) {
		size_t longest = 0;
		for (size_t i = 0; secrets[i]; i++)
			if (!strncmp(text + at, secrets[i], strlen(secrets[i])) && strlen(secrets[i]) > longest)
				longest = strlen(secrets[i]);
		if (longest) {
			if (at >= end)
				str_adds(out, "[MASKED]");
			if (at + longest > end)
				end = at + longest;
		}
		if (at >= end && at < length)
			str_addc(out, text[at]);
	}
}

/* Letters x y, so that secrets overlap in all ways and no derived form is a text of its own (base64 of these has others). */
START_TEST(as_the_naive_way_in_random_cuts)
{
	unsigned state = 4711 + (unsigned)_i;

#define RANDOM(n) ((state = state * 1103515245 + 12345) >> 16) % (n)
	for (int round = 0; round < 60; round++) {
		char store[6][24], text[1200];
		const char *secrets[7] = { NULL };
		size_t count = 1 + RANDOM(6), length = RANDOM(round % 3 ? 100 : 1200);
		struct str wanted;
		struct mask *m;
		for (size_t i = 0; i < count; i++) {
			size_t n = 4 + RANDOM(18);
			for (size_t k = 0; k < n; k++)
				store[i][k] = "xy"[RANDOM(2)];
			store[i][n] = '\0';
			secrets[i] = store[i];
		}
		for (size_t i = 0; i < length; i++)
			text[i] = round % 2 ? "xy"[RANDOM(2)] : "xy \n"[RANDOM(4)];
		text[length] = '\0';
		str_init(&wanted);
		naive(secrets, text, &wanted);
		m = make(secrets);
		expect(m, text, wanted.data);
		mask_free(m);
		str_clear(&wanted);
	}
}
END_TEST

/* A long text, so that the search in several places at once is at work, with one secret anywhere. */
START_TEST(one_secret_anywhere_in_much_text)
{
	static const char *const secrets[] = { "needle-in-a-haystack", "other-secret", "needle-in-a-haystack-of-hay", "abcd",
					       NULL };
	struct mask *m = make(secrets);
	enum { SIZE = 3000 };
	char text[SIZE + 1];

	for (size_t at = 0; at + 20 <= SIZE; at += 7) {
		struct str out;
		memset(text, '.', SIZE);
		text[SIZE] = '\0';
		memcpy(text + at, secrets[0], 20);
		str_init(&out);
		through(m, text, SIZE, at % 2 ? SIZE : 700, &out);
		ck_assert_uint_eq(out.length, SIZE - 12);
		ck_assert_int_eq(memcmp(out.data + at, "[MASKED]", 8), 0);
		ck_assert_ptr_null(strchr(out.data, '-'));
		str_clear(&out);
	}
	mask_free(m);
}
END_TEST

START_TEST(bytes_of_any_kind)
{
	static const char secret[] = "\0\xff\0\xfe binary";
	char text[100];
	pipe_error err;
	struct mask *m;
	struct str out;

	ck_assert_int_eq(mask_create(&m, &err), PIPE_OK);
	ck_assert_int_eq(mask_add(m, secret, sizeof(secret) - 1, &err), PIPE_OK);
	ck_assert_int_eq(mask_compile(m, &err), PIPE_OK);
	memset(text, 0, sizeof(text));
	memcpy(text + 50, secret, sizeof(secret) - 1);
	str_init(&out);
	through(m, text, sizeof(text), 0, &out);
	ck_assert_uint_eq(out.length, sizeof(text) - (sizeof(secret) - 1) + 8);
	ck_assert_int_eq(memcmp(out.data + 50, "[MASKED]", 8), 0);
	str_clear(&out);
	mask_free(m);
}
END_TEST

Suite *mask_suite(void)
{
	Suite *s = suite_create("mask");
	TCase *c = tcase_create("mask");

	tcase_add_test(c, a_secret_becomes_masked);
	tcase_add_test(c, overlapping_secrets_are_masked_entirely);
	tcase_add_test(c, the_longest_counts);
	tcase_add_test(c, short_and_blank_secrets_are_refused);
	tcase_add_test(c, without_secrets_everything_passes);
	tcase_add_test(c, encoded_forms);
	tcase_add_test(c, base64_in_all_alignments);
	tcase_add_test(c, secrets_of_several_lines);
	tcase_add_test(c, long_secrets_in_broken_base64);
	tcase_add_test(c, only_what_may_be_a_beginning_is_held_back);
	tcase_add_test(c, a_stream_goes_on_after_a_flush);
	tcase_add_loop_test(c, as_the_naive_way_in_random_cuts, 0, 8);
	tcase_add_test(c, one_secret_anywhere_in_much_text);
	tcase_add_test(c, bytes_of_any_kind);
	suite_add_tcase(s, c);
	return s;
}
