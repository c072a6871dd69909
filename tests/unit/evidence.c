/* stages/evidence: names, severities, totals, paths, fingerprints. */
#include "stages/evidence.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *evidence_suite(void);

START_TEST(names_are_those_of_the_maps)
{
	enum finding_kind k;
	enum severity v;

	ck_assert_str_eq(test_status_name(TEST_FAILED), "failed");
	ck_assert_str_eq(test_status_name(TEST_SKIPPED), "skipped");
	ck_assert_str_eq(test_status_name(TEST_STATUS_COUNT), "");
	for (unsigned i = 0; i < FINDING_KIND_COUNT; i++) {
		ck_assert(finding_kind_from(finding_kind_name((enum finding_kind)i), &k));
		ck_assert_uint_eq(k, i);
	}
	for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
		ck_assert(severity_from(severity_name((enum severity)i), &v));
		ck_assert_uint_eq(v, i);
	}
	ck_assert(!finding_kind_from("", &k));
	ck_assert(!finding_kind_from("Issue", &k));
	ck_assert_str_eq(finding_kind_name(FINDING_KIND_COUNT), "");
	ck_assert_str_eq(severity_name(SEVERITY_COUNT), "");
}
END_TEST

START_TEST(severities_of_tools_have_a_place)
{
	static const struct {
		const char *text;
		enum severity severity;
	} words[] = {
		{ "BLOCKER", SEVERITY_CRITICAL },
		{ "Critical", SEVERITY_CRITICAL },
		{ "major", SEVERITY_MEDIUM },
		{ "minor", SEVERITY_LOW },
		{ "ERROR", SEVERITY_HIGH },
		{ "Warning", SEVERITY_MEDIUM },
		{ "note", SEVERITY_INFO },
		{ "style", SEVERITY_LOW },
		{ "Negligible", SEVERITY_LOW },
		{ "moderate", SEVERITY_MEDIUM },
		{ "important", SEVERITY_HIGH },
		{ "UNKNOWN", SEVERITY_UNKNOWN },
		{ "fatal error", SEVERITY_CRITICAL },
		{ "information", SEVERITY_INFO },
	};
	enum severity v = SEVERITY_LOW;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		ck_assert_msg(severity_from(words[i].text, &v), "%s", words[i].text);
		ck_assert_msg(v == words[i].severity, "%s", words[i].text);
	}
	v = SEVERITY_HIGH;
	ck_assert(!severity_from("", &v) && !severity_from("dreadful", &v) && !severity_from("error ", &v));
	ck_assert_uint_eq(v, SEVERITY_HIGH);
}
END_TEST

START_TEST(totals_are_sums)
{
	struct evidence_totals t = { .quarantined = 3, .quarantined_failed = 2, .suppressed = 7 };

	ck_assert_uint_eq(evidence_tests(&t), 3);
	ck_assert_uint_eq(evidence_findings(&t), 0);
	for (unsigned i = 0; i < TEST_STATUS_COUNT; i++)
		t.tests[i] = i + 1;
	t.findings[FINDING_ISSUE][SEVERITY_UNKNOWN] = 1;
	t.findings[FINDING_LICENSE][SEVERITY_CRITICAL] = 5;
	ck_assert_uint_eq(evidence_tests(&t), 15 + 3);
	ck_assert_uint_eq(evidence_findings(&t), 6);
}
END_TEST

START_TEST(paths_are_those_of_the_workspace)
{
	static const struct {
		const char *workspace, *path, *is;
	} paths[] = {
		{ "/w", "src/a.c", "src/a.c" },
		{ "/w", "", "" },
		{ "/w", "./src//a.c", "src/a.c" },
		{ "/w", "src/./x/../a.c", "src/a.c" },
		{ "/w", "src/", "src" },
		{ "/w", "a/..", "" },
		{ "/w", ".", "" },
		{ "/w", "..", ".." },
		{ "/w", "../a.c", "../a.c" },
		{ "/w", "a/../../b.c", "../b.c" },
		{ "/w", "../../a/../b", "../../b" },
		{ "/w", "src/a..b/...", "src/a..b/..." },
		{ "/w", "/w/src/a.c", "src/a.c" },
		{ "/w/", "/w//src/a.c", "src/a.c" },
		{ "/w", "/w", "" },
		{ "/w", "/ws/a.c", "ws/a.c" },
		{ "/w", "/x/../w/a.c", "a.c" },
		{ "/w/x/..", "/w/a.c", "a.c" },
		{ "/w", "/w/../etc/passwd", "etc/passwd" },
		{ "/w", "/../../etc/passwd", "etc/passwd" },
		{ "/w", "//etc//passwd", "etc/passwd" },
		{ "/", "/etc/a", "etc/a" },
		{ NULL, "/etc/a", "etc/a" },
		{ "", "/etc/a", "etc/a" },
		{ "/w", "src\\deep\\a.c", "src/deep/a.c" },
		{ "/w", "C:\\src\\..\\a.c", "C:/a.c" },
		{ "/w", "file:///w/src/a.c", "src/a.c" },
		{ "/w", "FILE:///w/with%20space%2Fa.c", "with space/a.c" },
		{ "/w", "file://host/w/a.c", "a.c" },
		{ "/w", "file:/w/a.c", "a.c" },
		{ "/w", "file://", "" },
		{ "/w", "file:///w/%00%0a%zz%4", "%00%0a%zz%4" },
		{ "/w", "file:///w/a/%2e%2e/b.c", "b.c" },
		{ "/w", "with%20percent", "with%20percent" },
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct arena a = ARENA_INIT;
		const char *is = evidence_path(&a, paths[i].workspace, paths[i].path);

		ck_assert_ptr_nonnull(is);
		ck_assert_msg(!strcmp(is, paths[i].is), "%s: %s, not %s", paths[i].path, is, paths[i].is);
		arena_clear(&a);
	}
}
END_TEST

START_TEST(plain_paths_cost_nothing)
{
	struct arena a = ARENA_INIT;
	const char *path = "src/a.c";

	ck_assert_ptr_eq(evidence_path(&a, "/w", path), path);
	ck_assert_uint_eq(a.used, 0);
}
END_TEST

/* ---- fingerprints ---- */

static const struct evidence_finding base = { .tool = "cc",
					      .rule = "-Wx",
					      .path = "a.c",
					      .line = 3,
					      .column = 5,
					      .message = "size 12 of x1",
					      .fingerprint = "",
					      .package = "",
					      .installed = "",
					      .fixed = "",
					      .url = "" };

static bool same(const struct evidence_finding *f, uint32_t nth)
{
	unsigned char a[16], b[16];

	evidence_fingerprint(&base, 0, a);
	evidence_fingerprint(f, nth, b);
	return !memcmp(a, b, 16);
}

/* Histories hold them: what they are made of never changes.  FNV-1a of 128 bits over "cc\0-Wx\0a.c\0\0\0size 0 of x1\0". */
START_TEST(fingerprints_never_change)
{
	unsigned char out[16];
	char text[33];

	evidence_fingerprint(&base, 0, out);
	for (int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", out[i]);
	ck_assert_str_eq(text, "62abf3cb9cbb5576d5d83155fed2f4d8");
}
END_TEST

START_TEST(fingerprints_outlive_moves)
{
	struct evidence_finding f = base;

	f.line = 300;
	f.column = 1;
	f.end_line = 301;
	f.severity = SEVERITY_CRITICAL;
	f.url = "https://example.org";
	f.message = "size 4096 of x1";
	ck_assert(same(&f, 0));
	f.message = "size 0x7ffeab of x1";
	ck_assert(same(&f, 0));
}
END_TEST

START_TEST(fingerprints_tell_findings_apart)
{
	struct evidence_finding f = base;

	ck_assert(!same(&f, 1) && !same(&f, 2));
	f.message = "size 12 of x2";
	ck_assert(!same(&f, 0));
	f = base;
	f.rule = "-Wy";
	ck_assert(!same(&f, 0));
	f = base;
	f.path = "b.c";
	ck_assert(!same(&f, 0));
	f = base;
	f.tool = "gcc";
	ck_assert(!same(&f, 0));
	f = base;
	f.package = "zlib";
	ck_assert(!same(&f, 0));
	/* Where one text ends and the next begins is part of it. */
	f = base;
	f.tool = "cc-";
	f.rule = "Wx";
	ck_assert(!same(&f, 0));
}
END_TEST

START_TEST(a_tools_own_fingerprint_counts_instead_of_its_words)
{
	struct evidence_finding f = base, g = base;
	unsigned char a[16], b[16];

	f.fingerprint = g.fingerprint = "abc:1";
	g.message = "other words";
	evidence_fingerprint(&f, 0, a);
	evidence_fingerprint(&g, 0, b);
	ck_assert_mem_eq(a, b, 16);
	ck_assert(!same(&f, 0));
	g.fingerprint = "abc:2";
	evidence_fingerprint(&g, 0, b);
	ck_assert_mem_ne(a, b, 16);
	/* A fingerprint that reads like a message is not that message. */
	f.fingerprint = "size 0 of x1";
	ck_assert(!same(&f, 0));
}
END_TEST

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

START_TEST(many_fingerprints_differ)
{
	enum { COUNT = 20000 };
	static unsigned char seen[COUNT][16];
	struct evidence_finding f = base;
	char message[32];

	for (int i = 0; i < COUNT; i++) {
		snprintf(message, sizeof(message), "unused variable v%d", i);
		f.message = message;
		evidence_fingerprint(&f, 0, seen[i]);
	}
	qsort(seen, COUNT, 16, by_bytes);
	for (int i = 1; i < COUNT; i++)
		ck_assert_mem_ne(seen[i - 1], seen[i], 16);
}
END_TEST

Suite *evidence_suite(void)
{
	Suite *s = suite_create("evidence");
	TCase *t = tcase_create("evidence");

	tcase_add_test(t, names_are_those_of_the_maps);
	tcase_add_test(t, severities_of_tools_have_a_place);
	tcase_add_test(t, totals_are_sums);
	tcase_add_test(t, paths_are_those_of_the_workspace);
	tcase_add_test(t, plain_paths_cost_nothing);
	tcase_add_test(t, fingerprints_never_change);
	tcase_add_test(t, fingerprints_outlive_moves);
	tcase_add_test(t, fingerprints_tell_findings_apart);
	tcase_add_test(t, a_tools_own_fingerprint_counts_instead_of_its_words);
	tcase_add_test(t, many_fingerprints_differ);
	suite_add_tcase(s, t);
	return s;
}
