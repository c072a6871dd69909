/*
 * Versions by every scheme: order, what is refused and why, ranges, texts made to take long.  With PIPE_SHARED_DATA in the environment
 * also each line "A <=> B" of versions/SCHEME.tsv in that folder.
 */
#include "stages/scanner/version/version.h"
#include "pipe.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *version_suite(void);

static const struct version_scheme *scheme_of(const char *name)
{
	const struct version_scheme *s = version_scheme_named(name);

	ck_assert_msg(s != NULL, "no scheme %s", name);
	return s;
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static void expect(const struct version_scheme *s, const char *a, const char *b, int order)
{
	ck_assert_msg(s->valid(a), "%s: \"%s\" %s", s->name, a, s->fault(a));
	ck_assert_msg(s->valid(b), "%s: \"%s\" %s", s->name, b, s->fault(b));
	ck_assert_msg(sign(s->compare(a, b)) == order, "%s: %s %s gives %d", s->name, a, b, sign(s->compare(a, b)));
	ck_assert_msg(sign(s->compare(b, a)) == -order, "%s: %s %s gives %d", s->name, b, a, sign(s->compare(b, a)));
}

/* ---- order ---- */

/* Ascending, with spaces between; `=` before one that equals the one before it. */
static const struct {
	const char *scheme, *versions;
} chains[] = {
	{ "apk", "0.1 0.9 1.1_alpha 1.1_alpha2 1.1_beta1 1.1_pre20191002222144 1.1_pre20210530193627 1.1_rc1 1.1 1.1-r1 1.1-r10 "
		 "1.1_cvs1 1.1_git2 1.1_p1 1.1_p2 1.1_p2-r1 1.1a 1.1b 1.1.00 1.1.0 1.1.0.1 1.1.01 1.1.02 1.1.1 1.2 1.10 2 10" },
	{ "bitnami", "1.2.3 1.2.3-0 1.2.3-1 1.2.3-2 1.2.3-10 1.2.4" },
	{ "deb", "1~~ 1~~a 1~ 1 =0:1 =1-0 1-0ubuntu1 1-1~bpo1 1-1 1-1+b1 1-1.1 1a 1+dfsg 1+dfsg-1 1.0 =1.00 1.0.1 1.9 1.10 "
		 "2 99999999999999999999 99999999999999999999a 1:0 =+1:0 1:0.1 2147483647:0" },
	{ "gem", "0.beta.1 0 =0.0 1.a 1.a.1 1.b 1.pre 1 =1.0.0 1.0.1.a 1.0.1-1 1.0.1 1.0.9 1.0.10 1.1 2.a10 2.b 2.0.0 "
		 "99999999999999999999999" },
	{ "generic",
	  "1-1 1-2 1-10 1-alpha =1.0alpha =v1-alpha+build 1-alpha.1 1-alpha.beta 1-beta 1-rc 1 =1.0.0 =1+build 1.0.1 1.9 "
	  "1.10 2 18446744073709551615" },
	{ "maven",
	  "1-alpha1 =1-a1 =1.a1 1-alpha2 1-beta 1-b2 1-milestone-1 =1-M1 1-rc =1-cr 1-rc-2 1-SNAPSHOT 1 =1.0 =1-ga =1.0.0.Final "
	  "=1.RELEASE =1-0.0 1-sp 1-abc 1-foo 1-jre =1.jre 1-1 1.0.1 1.1 1.9 1.10 2 123456789012345678901234567890" },
	{ "pep440",
	  "1.0.dev1 1.0a1.dev1 1.0a1 =1.0-ALPHA.1 1.0a2 1.0b1 1.0c1 =1.0rc1 =1.0.pre-1 =1.0_preview_1 1.0 =v1 =1.0.0 1.0+a.1 "
	  "1.0+b 1.0+1 1.0+1.a =1.0+1-A 1.0+10 1.0.post1.dev2 1.0.post1 =1.0-1 =1.0rev1 1.0.1 1.9 1.10 1!0.1 2!0" },
	{ "rpm",
	  "1~rc1-1 1~rc1-2 1 1-1 1-1.el8 1-1.el8_4 1-1.el8_10 1-1.el9 1^git1-1 1^git2-1 1a-1 =1.a-1 1.0-1 =1.00-1 =1..0-1 1.9-1 "
	  "1.10-1 1:0.1-1 =01:0.1-1 2:0-1 99999999999999999999:0-1" },
	{ "semver", "0.0.1 0.1.0 1.0.0-0 1.0.0-2 1.0.0-10 1.0.0-alpha =v1.0.0-alpha+x 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta "
		    "1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 =1.0.0+a 1.0.1 1.9.0 1.10.0 9007199254740991.0.0" },
};
enum { CHAINS = sizeof(chains) / sizeof(*chains), MOST = 64 };

START_TEST(chain)
{
	const struct version_scheme *s = scheme_of(chains[_i].scheme);
	char text[2048], *words[MOST], *rest = text;
	int rank[MOST], count = 0;

	snprintf(text, sizeof(text), "%s", chains[_i].versions);
	for (char *word; (word = strsep(&rest, " ")); count++) {
		bool equal = *word == '=';

		ck_assert_int_lt(count, MOST);
		words[count] = word + equal;
		rank[count] = count ? rank[count - 1] + !equal : 0;
	}
	ck_assert_int_gt(count, 4);
	for (int i = 0; i < count; i++)
		for (int k = 0; k < count; k++)
			expect(s, words[i], words[k], sign(rank[i] - rank[k]));
}
END_TEST

/* What the chains cannot say, for Maven's order is none over all texts, and some texts are odd. */
START_TEST(odd_pairs)
{
	static const struct {
		const char *scheme, *a, *b;
		int order;
	} pairs[] = {
		{ "apk", "23_foo", "4_beta", 1 },
		{ "apk", "1_foo", "1_foo", 0 },
		{ "apk", "1.0", "1.0bc", -1 },
		{ "deb", "1:2:3-1", "1:2-3", 1 },
		{ "deb", "1.0_1", "1.0", 1 },
		{ "gem", " 1.0 ", "1", 0 },
		{ "gem", "1.0.0.0.1", "1.0.0.0.a", 1 },
		{ "gem", "1.0.0.a.0.0", "1.a", 0 },
		{ "gem", "1.9.25-x86-mingw32", "1.9.25", -1 },
		{ "maven", "0", ".", 0 },
		{ "maven", "-alpha-1", "1-alpha-1", -1 },
		{ "maven", "1-0-alpha", "1-alpha", 1 },
		{ "maven", "1.0.0.X1", "1.0.0-X2", -1 },
		{ "maven", "1.0.0.RC1", "1.0.0-RC2", -1 },
		{ "maven", "1---", "1", 0 },
		{ "maven", "1.-.-.1", "1", 1 },
		{ "pep440", " 1.0\n", "1.0", 0 },
		{ "pep440", "1.0a-", "1.0a0", 0 },
		{ "pep440", "1.0a..post1", "1.0a0.post1", 0 },
		{ "rpm", "-:9-1", "2:2-1", -1 },
		{ "rpm", "1.0~", "1.0^", -1 },
		{ "rpm", "1^", "1.1", -1 },
		{ "semver", " 1.0.0 ", "1.0.0", 0 },
		{ "semver", "1.0.0--", "1.0.0-a", -1 },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		expect(scheme_of(pairs[i].scheme), pairs[i].a, pairs[i].b, pairs[i].order);
}
END_TEST

/* ---- what is no version ---- */

START_TEST(faults)
{
	static const struct {
		const char *scheme, *version, *why;
	} bad[] = {
		{ "apk", "", "empty" },
		{ "apk", "a1", "start with a digit" },
		{ "apk", "1..2", "dots" },
		{ "apk", "1.0-r", "revision" },
		{ "apk", "1.0-1", "revision" },
		{ "apk", "1.0 1", "dots" },
		{ "apk", "1.0_rc1x", "suffixes" },
		{ "apk", "1_foo!", "suffixes" },
		{ "bitnami", "1.2", "three numbers" },
		{ "deb", "", "empty" },
		{ "deb", ":1", "epoch" },
		{ "deb", "a:1", "epoch" },
		{ "deb", "-1:1", "negative epoch" },
		{ "deb", "2147483648:1", "too large" },
		{ "deb", "99999999999999999999999:1", "too large" },
		{ "deb", "1:", "digit" },
		{ "deb", "rc1", "digit" },
		{ "deb", "1.0-", "empty revision" },
		{ "deb", "1 0", "character" },
		{ "deb", "1\xc3\xa9", "character" },
		{ "deb", "1:1-2/", "revision" },
		{ "gem", "", "empty" },
		{ "gem", "a", "digit" },
		{ "gem", "1a", "first dot" },
		{ "gem", "1..2", "dots" },
		{ "gem", "1.2.", "dots" },
		{ "gem", "1-", "first -" },
		{ "generic", "", "empty" },
		{ "generic", "dev-master", "numbers" },
		{ "generic", "1.x", "numbers" },
		{ "generic", "1.2..3", "numbers" },
		{ "generic", "18446744073709551616", "too large" },
		{ "generic", "1-a..b", "pre-release" },
		{ "generic", "1+", "build" },
		{ "generic", "1 2", "behind its numbers" },
		{ "maven", "", "empty" },
		{ "maven", "1 2", "space" },
		{ "pep440", "", "empty" },
		{ "pep440", "french toast", "numbers" },
		{ "pep440", "!1", "epoch" },
		{ "pep440", "1.0-foo", "behind its numbers" },
		{ "pep440", "1.0+", "behind the +" },
		{ "pep440", "1.0+a..b", "behind the +" },
		{ "rpm", "", "empty" },
		{ "rpm", "1 2", "space" },
		{ "semver", "", "empty" },
		{ "semver", "1.2", "three numbers" },
		{ "semver", "1.2.3.4", "behind its numbers" },
		{ "semver", "01.2.3", "begins with 0" },
		{ "semver", "1.2.3-01", "begins with 0" },
		{ "semver", "1.2.3-", "pre-release" },
		{ "semver", "1.2.3-a..b", "pre-release" },
		{ "semver", "1.2.3+", "build" },
		{ "semver", "9007199254740992.0.0", "9007199254740991" },
		{ "semver", "vv1.2.3", "three numbers" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct version_scheme *s = scheme_of(bad[i].scheme);
		const char *fault = s->fault(bad[i].version);

		ck_assert_msg(fault && strstr(fault, bad[i].why), "%s \"%s\": %s", s->name, bad[i].version,
			      fault ? fault : "valid");
		ck_assert(!s->valid(bad[i].version));
	}
}
END_TEST

START_TEST(a_long_semver_is_refused)
{
	char text[300] = "1.2.3-";

	memset(text + 6, 'a', 250);
	ck_assert(scheme_of("semver")->valid(text));
	text[256] = 'a';
	ck_assert_str_eq(scheme_of("semver")->fault(text), "is longer than 256 characters");
}
END_TEST

/* ---- ranges ---- */

enum { IN = RANGE_IN, OUT = RANGE_OUT, UNKNOWN = RANGE_UNKNOWN };

struct in {
	const char *version, *range;
	int expected;
};

static void in_all(const char *scheme, const struct in *cases, size_t count)
{
	const struct version_scheme *s = scheme_of(scheme);

	for (size_t i = 0; i < count; i++) {
		int is = version_in(s, cases[i].version, cases[i].range);

		ck_assert_msg(is == cases[i].expected, "%s: %s in \"%s\" gives %d", scheme, cases[i].version, cases[i].range, is);
	}
}
#define IN_ALL(scheme, cases) in_all(scheme, cases, sizeof(cases) / sizeof(*(cases)))

START_TEST(ranges_of_npm)
{
	static const struct in cases[] = {
		{ "1.2.3", "<1.2.4", IN },
		{ "1.2.3", ">=1.2.3, <2", IN },
		{ "1.2.3", ">= 1.2.4 < 2.0.0", OUT },
		{ "2.0.0", "<1 || >=2.0.0", IN },
		{ "1.5.0", "<1||>=2.0.0", OUT },
		{ "1.2.3", "", IN },
		{ "1.2.3", "*", IN },
		{ "1.2.3", "=1.2.3", IN },
		{ "1.2.3", "v1.2.3+b", IN },
		{ "1.2.3", "==1.2.4", OUT },
		{ "2.0.1", "2.0.x", IN },
		{ "2.1.0", "2.0.x", OUT },
		{ "2.5.1", "2", IN },
		{ "2.5.1", "2.X.x", IN },
		{ "1.9.9", ">1.x", OUT },
		{ "2.0.0", ">1.x", IN },
		{ "1.9.9", "<=1", IN },
		{ "2.0.0-rc.1", "<2", OUT },
		{ "2.0.0-rc.1", "<2.0.0", IN },
		{ "1.45.1-lts.1", ">=1.4.4-lts.1, <2.0.0", IN },
		{ "2.0.0-rc.1", "2.x", IN },
		{ "1.2.3", "^1.2.0", IN },
		{ "2.0.0", "^1.2.0", OUT },
		{ "2.0.0-rc.1", "^1.2.0", IN },
		{ "0.2.9", "^0.2.3", IN },
		{ "0.3.0", "^0.2.3", OUT },
		{ "0.0.3", "^0.0.3", IN },
		{ "0.0.4", "^0.0.3", OUT },
		{ "0.0.9", "^0.0", IN },
		{ "0.1.0", "^0.0", OUT },
		{ "0.9.0", "^0", IN },
		{ "1.0.0", "^0", OUT },
		{ "9.0.0", "^*", IN },
		{ "1.2.9", "~1.2.3", IN },
		{ "1.3.0", "~1.2.3", OUT },
		{ "1.9.0", "~1", IN },
		{ "1.2.9", "~1.2", IN },
		{ "2.0.0", "~1", OUT },
		{ "1.2.3", "1.2.3 - 2.3.4", IN },
		{ "2.3.4", "1.2.3 - 2.3.4", IN },
		{ "2.3.9", "1.2 - 2.3", IN },
		{ "2.4.0", "1.2 - 2.3", OUT },
		{ "1.2.3", "1.2.3 - ", UNKNOWN },
		{ "1.2.3", "<2,", IN },
		{ "1.2.3", "1.x-alpha", OUT },
		{ "1.2.3", "!1.0.0", UNKNOWN },
		{ "1.2.3", "!=1.0.0", UNKNOWN },
		{ "1.2.3", "<2.0.0.1", UNKNOWN },
		{ "1.2.3", "~>1.2", UNKNOWN },
		{ "1.2.3", "<", UNKNOWN },
		{ "1.2.3", ",<2", UNKNOWN },
		{ "1.2.3", "<2 || foo", UNKNOWN },
		{ "1.2.3", "<1.2.3x", UNKNOWN },
		{ "1.2..4", "<1.0.0", UNKNOWN },
		{ "v1.2.3", "<2", UNKNOWN },
		{ "1.2", "<2", UNKNOWN },
		{ "1.2.3", "<99999999999999999999", UNKNOWN },
		{ "18446744073709551615.0.0", "^18446744073709551615", IN },
	};

	IN_ALL("semver", cases);
}
END_TEST

START_TEST(ranges_of_others)
{
	static const struct in generic[] = {
		{ "v1.2.3", "<1.2.4", IN },	 { "1.2", "=1.2.0", IN },
		{ "1.2.3", "!=1.2.3", OUT },	 { "1.2.9", "~>1.2.3", IN },
		{ "1.3.0", "~>1.2.3", OUT },	 { "1.9", "~>1.2", IN },
		{ "2.0", "~>1.2", OUT },	 { "1.2.9", "~1.2", IN },
		{ "1.3", "~1.2", OUT },		 { "1.3-alpha", "~1.2", IN },
		{ "1.9", "^1.2", IN },		 { "0.3", "^0.2", OUT },
		{ "0.0.5", "^0.0.5", IN },	 { "1.2.2-alpha", "<=1.2.2", IN },
		{ "1.2.3", "*", UNKNOWN },	 { "1.2.3", "", UNKNOWN },
		{ "1.2..4", "<1.0.0", UNKNOWN }, { "1.2.3", "<1.x", UNKNOWN },
		{ "4.5.6", "<2,>1||=>4", IN },	 { "2-beta", "~>1-alpha", OUT },
		{ "2-alpha.1", "~>1-beta", IN }, { "0.0.0-20200101", "<0.0.0-20210101", IN },
	};
	static const struct in gem[] = {
		{ "1.2.3", ">= 1.2.0", IN },
		{ "1.2.3.a", ">=1.2.3", OUT },
		{ "4.1a", "< 4.2b1", IN },
		{ "4.1.a", "< 4.2.b1", IN },
		{ "1.9.25-x86-mingw32", ">=1.9.24", IN },
		{ "1.8.6-java", "~> 1.5.5 || ~> 1.6.8 || >= 1.7.7", IN },
		{ "1.5.9", "~> 1.5.5", IN },
		{ "1.6", "~> 1.5.5", OUT },
		{ "1.6.a", "~> 1.5.5", OUT },
		{ "1.9", "~> 1.5", IN },
		{ "2.a", "~> 1.5", OUT },
		{ "2.9", "~> 2", IN },
		{ "3", "~> 2", OUT },
		{ "1.2.4", "!1.2.0", UNKNOWN },
		{ "1.2..4", ">=1.2.3", UNKNOWN },
		{ "1.2.4", "!= 1.2.4", OUT },
		{ "1.2.5", "~> 1.2.a", IN },
	};
	static const struct in maven[] = {
		{ "1.0.0", "<=1.0", IN },
		{ "1.2.3.final", "<1.2.3", OUT },
		{ "1.2.3-a1", "<1.2.3", IN },
		{ "1.2.3", "(,1.2.3]", IN },
		{ "1.2.4", "(,1.2.3]", OUT },
		{ "0", "(,1.2.3]", IN },
		{ "1.5", "[1,2)", IN },
		{ "2", "[1,2)", OUT },
		{ "1", "(1,2)", OUT },
		{ "1.2.3", "[1.2.3]", IN },
		{ "1.2", "[1.2.3]", OUT },
		{ "3", "[1,2), [3]", IN },
		{ "3", "[1,2)||[2.5,)", IN },
		{ "5", "[1,2) || =5", IN },
		{ "1.2.3", "1.2.3", IN },
		{ "1.2.3", "1.2.2", OUT },
		{ "1.2.3", "<1.2.3, >=1.0", OUT },
		{ "1.2.3", "[1,2", UNKNOWN },
		{ "1.2.3", "[]", UNKNOWN },
		{ "1.2.3", "[1,2,3]", UNKNOWN },
		{ "1.2.3", "<1\\.0", UNKNOWN },
		{ "1 2", "<3", UNKNOWN },
		{ "1", "( , 2 )", IN },
		{ "1", "", UNKNOWN },
	};
	static const struct in bitnami[] = {
		{ "1.2.3", "<1.2.3", OUT },	{ "1.2.3-1", ">=1.2.3", IN }, { "1.2.3", ">=1.2.3-1", OUT },
		{ "1.2.3-2", "<1.2.3-10", IN }, { "1.2.3-0", "<=1.2", IN },   { "1.2.3", "*", IN },
	};

	IN_ALL("generic", generic);
	IN_ALL("gem", gem);
	IN_ALL("maven", maven);
	IN_ALL("bitnami", bitnami);
}
END_TEST

START_TEST(ranges_of_python)
{
	static const struct in cases[] = {
		{ "1.0.0", "<=1.0", IN },
		{ "1.2.3a1", "<1.2.3", IN },
		{ "1.2.3a1", "<=1.2.2", OUT },
		{ "2.1.0.post1", "2.1.0.post1 || 2.0.0", IN },
		{ "1.0", "*", IN },
		{ "1.0.post1", ">1.0", OUT },
		{ "1.0.post2", ">1.0.post1", IN },
		{ "1.0+local", ">1.0", OUT },
		{ "1.1.post1", ">1.0", IN },
		{ "1.0+local", "==1.0", IN },
		{ "1.0+local", "==1.0+other", OUT },
		{ "1.0+local", "<=1.0", IN },
		{ "1.0+local", ">=1.0", IN },
		{ "1.2.9", "~=1.2.3", IN },
		{ "1.3", "~=1.2.3", OUT },
		{ "1.9", "~=1.2", IN },
		{ "2.0", "~=1.2", OUT },
		{ "1.4.9", "~=1.4.5a4", IN },
		{ "1.2.5", "==1.2.*", IN },
		{ "1.2a1", "==1.2.*", IN },
		{ "1", "==1.0.*", IN },
		{ "1.3", "==1.2.*", OUT },
		{ "1.3", "!=1.2.*", IN },
		{ "1.0a1.post1", "==1.0a1.*", IN },
		{ "1.0a2", "==1.0a1.*", OUT },
		{ "1!1.2", "==1.2.*", OUT },
		{ "1!1.2", "==1!1.2.*", IN },
		{ "1.2", "=1.2", IN },
		{ "1.2", "===1.2", IN },
		{ "1.2.0", "===1.2", OUT },
		{ "1.5", ">=1!0", OUT },
		{ "1.5", ">1.2,!=1.3 <2", IN },
		{ "1.2", ">1.2.*", UNKNOWN },
		{ "1.2", "~=1", UNKNOWN },
		{ "1.2", ">=1.0+local", UNKNOWN },
		{ "1.2", "!1.0.0", UNKNOWN },
		{ "1.2..4", "<1", UNKNOWN },
		{ "1.2", "", UNKNOWN },
	};

	IN_ALL("pep440", cases);
}
END_TEST

START_TEST(ranges_of_distributions)
{
	static const struct in deb[] = {
		{ "1:1.0~rc1-1", "<1:1.0-1", IN },
		{ "1.0-1", ">=1.0, <2", IN },
		{ "3", "=1 || =2", OUT },
		{ "3", "!= 3", OUT },
		{ "3", "*", IN },
		{ "3", "<rc1", UNKNOWN },
		{ "rc1", "<3", UNKNOWN },
		{ "3", "", UNKNOWN },
		{ "3", "> 2 <= 3", IN },
		{ "3", "4", OUT },
		{ "3", "< 4 = ", UNKNOWN },
	};
	static const struct in rpm[] = { { "1^git1-1", ">1-1", IN }, { "2:1-1", "<1:9-9", OUT } };
	static const struct in apk[] = { { "1.2.3_rc1-r0", "<1.2.3-r0", IN }, { "1.2.3", "<1.2.3", OUT } };

	IN_ALL("deb", deb);
	IN_ALL("rpm", rpm);
	IN_ALL("apk", apk);
}
END_TEST

/* ---- texts made to take long ---- */

enum { LONG = 100 * 1000 };

static char *repeated(const char *head, const char *piece, const char *tail)
{
	size_t h = strlen(head), n = strlen(piece), t = strlen(tail), at = h;
	char *text = malloc(h + LONG + t + 1);

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, h);
	for (; at + n <= h + LONG; at += n)
		memcpy(text + at, piece, n);
	memcpy(text + at, tail, t + 1);
	return text;
}

/* What takes a square of the length does not end before the test's time does. */
START_TEST(long_texts)
{
	static const char *const pieces[][3] = {
		{ "1", "0", "1" },	{ "1", ".0", "" },   { "1", ".0", ".1" },  { "1", ".0", ".a" }, { "1", "-0", "-x" },
		{ "1", "-", "1" },	{ "1", ".a", ".1" }, { "1", "a1", "" },	   { "1", "~", "" },	{ "1", "^1", "" },
		{ "1.0.0-", "1", "" },	{ "1", "-ga", "" },  { "1+", "a", "" },	   { "1", "_p1", "" },	{ "1.0.0-", "0.", "a" },
		{ "1", ".0-0", "-rc" }, { "1:", "1", "-1" }, { "1", ".00", ".1" },
	};
	const struct version_scheme *s = version_schemes[_i];

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		char *a = repeated(pieces[i][0], pieces[i][1], pieces[i][2]);
		char *b = repeated(pieces[i][0], pieces[i][1], pieces[i][2]);
		char *range = repeated("<1", ",<1", " || <1");
		char *wide = repeated("<", pieces[i][1], "");

		s->fault(a);
		ck_assert_int_eq(s->compare(a, b), 0);
		b[strlen(b) - 1] ^= 1;
		ck_assert_int_eq(sign(s->compare(a, b)), -sign(s->compare(b, a)));
		ck_assert_int_eq(version_in(s, a, range), RANGE_UNKNOWN);
		version_in(s, "1.0.0", range);
		version_in(s, "1.0.0", wide);
		free(a);
		free(b);
		free(range);
		free(wide);
	}
}
END_TEST

/* ---- the registry, and what pipe.h makes of it ---- */

START_TEST(registry)
{
	size_t count = 0;
	const char *help = NULL;

	for (; version_schemes[count]; count++) {
		const struct version_scheme *s = version_schemes[count];

		ck_assert(!count || strcmp(version_schemes[count - 1]->name, s->name) < 0);
		ck_assert_ptr_eq(version_scheme_named(s->name), s);
		ck_assert(*s->help && s->valid && s->fault && s->compare);
		ck_assert_str_eq(pipe_version_scheme(count, &help), s->name);
		ck_assert_str_eq(help, s->help);
	}
	ck_assert_ptr_null(pipe_version_scheme(count, &help));
	ck_assert_ptr_null(version_scheme_named("npm"));
}
END_TEST

START_TEST(comparing_for_people)
{
	pipe_error err = { 0 };
	int order = 7;

	ck_assert_int_eq(pipe_version_compare("deb", "1.0~rc1", "1.0", &order, &err), PIPE_OK);
	ck_assert_int_eq(order, -1);
	ck_assert_int_eq(pipe_version_compare("semver", "1.0.0", "1.0.0+b", &order, &err), PIPE_OK);
	ck_assert_int_eq(order, 0);
	ck_assert_int_eq(pipe_version_compare("rpm", "10-1", "9-1", &order, NULL), PIPE_OK);
	ck_assert_int_eq(order, 1);
	ck_assert_int_eq(pipe_version_compare("semver", "1.0.0", "1.0", &order, &err), PIPE_EUSAGE);
	ck_assert_str_eq(err.text,
			 "\"1.0\" is no version of the scheme semver: it is not three numbers with dots between them, as 1.2.3");
	ck_assert_int_eq(pipe_version_compare("semvar", "1", "2", &order, &err), PIPE_EUSAGE);
	ck_assert_str_eq(err.text, "there is no version scheme \"semvar\"; did you mean \"semver\"?");
	ck_assert_int_eq(pipe_version_compare("windows", "1", "2", &order, &err), PIPE_EUSAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "only apk, bitnami, deb"));
}
END_TEST

/* ---- the shared vectors ---- */

static int order_of(const char *sign_text)
{
	return *sign_text == '<' ? -1 : *sign_text == '>';
}

START_TEST(shared_vectors)
{
	const struct version_scheme *s = version_schemes[_i];
	const char *top = getenv("PIPE_SHARED_DATA");
	char path[4096], line[4096];
	FILE *file;

	if (!top)
		return;
	snprintf(path, sizeof(path), "%s/versions/%s.tsv", top, s->name);
	file = fopen(path, "r");
	if (!file) /* not every scheme has some */
		return;
	while (fgets(line, sizeof(line), file)) {
		char *rest = line, *a = strsep(&rest, "\t"), *o = strsep(&rest, "\t"), *b = strsep(&rest, "\t\n");

		ck_assert_msg(a && o && b, "%s: a line without three fields", path);
		expect(s, a, b, order_of(o));
	}
	fclose(file);
}
END_TEST

Suite *version_suite(void)
{
	Suite *s = suite_create("version");
	TCase *c = tcase_create("version"), *slow = tcase_create("long");
	int count = 0;

	while (version_schemes[count])
		count++;
	tcase_add_loop_test(c, chain, 0, CHAINS);
	tcase_add_test(c, odd_pairs);
	tcase_add_test(c, faults);
	tcase_add_test(c, a_long_semver_is_refused);
	tcase_add_test(c, ranges_of_npm);
	tcase_add_test(c, ranges_of_others);
	tcase_add_test(c, ranges_of_python);
	tcase_add_test(c, ranges_of_distributions);
	tcase_add_test(c, registry);
	tcase_add_test(c, comparing_for_people);
	tcase_add_loop_test(c, shared_vectors, 0, count);
	suite_add_tcase(s, c);
	tcase_set_timeout(slow, 30);
	tcase_add_loop_test(slow, long_texts, 0, count);
	suite_add_tcase(s, slow);
	return s;
}
