/* The secret scanner: what is one, what is none, that it is never shown, and which files are worth a look. */
#include "stages/scanner/secret/secret.h"
#include "base/str.h"
#include "stages/scanner/secret/secret_rules.h"
#include "stages/scanner/secret/secret_value.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *secret_suite(void);

static struct secret_rules *rules;
static struct arena arena;
static struct str found;
static unsigned count;

static void setup(void)
{
	pipe_error err = { 0 };

	ck_assert_msg(secret_rules_create(&rules, &err) == PIPE_OK, "%s", err.text);
	str_init(&found);
	count = 0;
}

static void teardown(void)
{
	secret_rules_free(rules);
	arena_clear(&arena);
	str_clear(&found);
}

static int note(void *payload, const struct scan_finding *f)
{
	(void)payload;
	ck_assert_int_eq(f->kind, FINDING_SECRET);
	str_printf(&found, "%s %u-%u %s\n", f->id, f->line_from, f->line_to, f->match);
	count++;
	return PIPE_OK;
}

/* A copy of just these bytes: reading beyond them is seen. */
static const char *scan_bytes(const char *text, size_t length)
{
	char *copy = malloc(length + !length);
	pipe_error err = { 0 };

	memcpy(copy, text, length);
	str_reset(&found);
	count = 0;
	ck_assert_int_eq(secret_scan(rules, "app/config.py", copy, length, &arena, note, NULL, &err), PIPE_OK);
	free(copy);
	return found.data;
}

static const char *scan(const char *text)
{
	return scan_bytes(text, strlen(text));
}

static void ck_found(const char *text, const char *expected)
{
	const char *got = scan(text);

	ck_assert_msg(!strcmp(got, expected), "%s\n  gives    %s\n  expected %s", text, got, expected);
}

/* Tokens are put together here: no scanner shall stumble over this file. */
static const char *joined(const char *before, const char *prefix, const char *rest, const char *behind)
{
	return arena_printf(&arena, "%s%s%s%s", before, prefix, rest, behind);
}

#define MIXED36 "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ"
#define HEX32 "0a1b2c3d4e5f67890f1e2d3c4b5a6978"

START_TEST(each_well_known_shape_is_found_by_its_rule)
{
	static const struct {
		const char *id, *before, *prefix, *rest, *behind;
	} cases[] = {
		{ "aws-access-key-id", "key = \"", "AKIA", "IOSF7RNN4K2WQXYZ", "\"\n" },
		{ "aws-secret-access-key", "aws_secret_access_key = \"", "", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzzKq83lA0T", "\"\n" },
		{ "github-pat", "t=", "ghp_", MIXED36, "\n" },
		{ "github-oauth", "t=", "gho_", MIXED36, "\n" },
		{ "github-app-token", "t=", "ghs_", MIXED36, "\n" },
		{ "gitlab-pat", "t=", "glpat-", "aB3dE5gH7jK9mN1pQ3sT", "\n" },
		{ "slack-access-token", "t=", "xoxb-", "2094871122-3419987712-a8Bc7dEf5gHi", "\n" },
		{ "stripe-secret-token", "t=", "sk_live_", "4eC39HqLyjWDarjtT1zdp7dc", "\n" },
		{ "npm-access-token", "//r/:_authToken=", "npm_", MIXED36, "\n" },
		{ "sendgrid-api-token", "k: ", "SG.", "aB3dE5gH7jK9mN1pQ3sTuV.xY7zA9bC1dE3fG5hI7jK9lM1nO3pQ5rS7tU9vW1xY7z",
		  "\n" },
		{ "twilio-api-key", "k: ", "SK", HEX32, "\n" },
		{ "databricks-api-token", "k: ", "dapi", "0a1b2c3d4e5f67890f1e2d3c4b5a6978", "\n" },
		{ "jwt-token", "Bearer ", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
		  "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk", "\n" },
		{ "azure-storage-key", "DefaultEndpointsProtocol=https;", "AccountKey=",
		  "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaYWJjZGVmZ2hpamtsbW5vcA==", "\n" },
		{ "telegram-bot-token", "bot ", "123456789:AA", "HdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", "\n" },
		{ "openai-api-key", "k=", "sk-", "aB3dE5gH7jK9mN1pQ3sTT3BlbkFJuV5xY7zA9bC1dE3fG5hI", "\n" },
		{ "docker-hub-pat", "k=", "dckr_pat_", "aB3dE5gH7jK9mN1pQ3sTuV5xY7z", "\n" },
		{ "heroku-api-key", "heroku_key: '", "", "0a1b2c3d-4e5f-6789-0f1e-2d3c4b5a6978", "'\n" },
		{ "facebook-token", "FACEBOOK_SECRET = \"", "", HEX32, "\"\n" },
		{ "hashicorp-tf-api-token", "token = \"", "aB3dE5gH7jK9mN.atlasv1.",
		  "aB3dE5gH7jK9mN1pQ3sTuV5xY7zA9bC1dE3fG5hI7jK9lM1nO3pQ5rS7tU9vW1xY7z", "\"\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = joined(cases[i].before, cases[i].prefix, cases[i].rest, cases[i].behind);
		const char *got = scan(text);

		ck_assert_msg(!strncmp(got, cases[i].id, strlen(cases[i].id)), "%s: %s gives %s", cases[i].id, text, got);
		ck_assert_msg(!strstr(got, cases[i].rest), "%s is shown: %s", cases[i].id, got);
		ck_assert_uint_eq(count, 1);
		/* At the end of a file as well. */
		text = joined(cases[i].before, cases[i].prefix, cases[i].rest, *cases[i].behind == '\n' ? "" : cases[i].behind);
		ck_assert_msg(!strncmp(scan(text), cases[i].id, strlen(cases[i].id)), "%s", text);
	}
}
END_TEST

START_TEST(the_secret_itself_is_never_handed_out)
{
	const char *text = joined("a = 1\npassword_file: x\ntoken = \"", "ghp_", MIXED36, "\" # for CI\n");

	ck_found(text, "github-pat 3-3 token = \"****************************************\" # for CI\n");
}
END_TEST

START_TEST(two_on_one_line_hide_each_other)
{
	const char *one = joined("", "ghp_", MIXED36, " "), *both = joined(one, "gho_", MIXED36, "\n");

	ck_found(both, "github-oauth 1-1 **************************************** ****************************************\n"
		       "github-pat 1-1 **************************************** ****************************************\n");
}
END_TEST

START_TEST(a_private_key_is_one_from_its_first_line_to_its_last)
{
	const char *body = "MIIEpAIBAAKCAQEAtG8kYqv5cQ2n7xwzS0bD\nk3mV9pR4tU6yW8aB1cE3fG5hJ7kL9mN0qP2r\n";
	const char *text = arena_printf(&arena, "# key\n-----BEGIN RSA %s KEY-----\n%s-----END RSA %s KEY-----\n", "PRIVATE",
					body, "PRIVATE");

	ck_found(text, "private-key 3-4 ************************************\n");
	/* A public one is none, and neither is the beginning of one. */
	ck_found("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----\n", "");
	ck_found(arena_printf(&arena, "-----BEGIN %s KEY-----\n", "PRIVATE"), "");
}
END_TEST

START_TEST(long_lines_are_shown_around_the_secret_only)
{
	char filler[400];
	const char *text;

	memset(filler, '-', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	text = joined(filler, "ghp_", MIXED36, filler);
	ck_found(text,
		 "github-pat 1-1 ------------------------------****************************************--------------------\n");
}
END_TEST

START_TEST(examples_and_placeholders_are_no_secrets)
{
	ck_found(joined("aws_access_key_id = ", "AKIA", "IOSFODNN7EXAMPLE", "\n"), "");
	ck_found(joined("t=", "ghp_", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "\n"), "");
	ck_found("db = 'postgres://user:${PASSWORD}@db/x'\n", "");
	ck_found("db = 'postgres://user:changeme@db/x'\n", "");
	ck_found("password = \"your-password-here\"\n", "");
	ck_found("api_key = os.environ[\"API_KEY\"]\n", "");
	ck_found("see https://host:8080/a@b\n", "");
	/* Not by itself: a part of something longer. */
	ck_found(joined("x", "ghp_", MIXED36, "\n"), "");
	ck_found(joined("task", "SK", "zzzzzzzz", "\n"), "");
}
END_TEST

START_TEST(passwords_in_urls_and_in_assignments_are_guessed)
{
	ck_found("db = 'postgres://app:h4vEr1nG-q9@db.internal/app'\n",
		 "url-password 1-1 db = 'postgres://app:***********@db.internal/app'\n");
	ck_found("redis://:h4vEr1nG-q9@cache:6379\n", "url-password 1-1 redis://:***********@cache:6379\n");
	ck_found("client_secret: \"k8#Vq2!zR5tW9pLx4Nc7\"\n", "generic-secret 1-1 client_secret: \"********************\"\n");
	/* What a rule knows is not guessed again. */
	ck_found(joined("access_token = \"", "ghp_", MIXED36, "\"\n"),
		 "github-pat 1-1 access_token = \"****************************************\"\n");
}
END_TEST

START_TEST(lines_are_counted_from_one)
{
	const char *text = joined("\n\n\r\n", "ghp_", MIXED36, "\n");

	ck_found(text, "github-pat 4-4 ****************************************\n");
	text = joined(text, "gho_", MIXED36, "");
	ck_found(
		text,
		"github-oauth 5-5 ****************************************\ngithub-pat 4-4 ****************************************\n");
}
END_TEST

START_TEST(binary_files_have_none)
{
	const char *token = joined("", "ghp_", MIXED36, "\n");
	char bytes[100] = { 0 };

	memcpy(bytes + 8, token, strlen(token));
	ck_assert_str_eq(scan_bytes(bytes, sizeof(bytes)), "");
	ck_assert_str_eq(scan_bytes("", 0), "");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_replaced_in_what_is_shown)
{
	const char *text = joined("k\xff\x1b[31m ", "ghp_", MIXED36, "\n");

	ck_found(text, "github-pat 1-1 k\xef\xbf\xbd[31m ****************************************\n");
}
END_TEST

/* Time is not measured: what is not linear does not end here. */
START_TEST(hostile_files_take_linear_time)
{
	static const char *const pieces[] = {
		"ghp_",
		"eyJ",
		"-----BEGIN PRIVATE KEY-----",
		"password=",
		"aws_secret_key",
		"secret ",
		"://",
		":AA",
		"pypi-AgEIcHlwaS5vcmc",
		"facebook    ",
		"AccountKey=",
		"dockercfg: ",
		"SK0",
		"a://b:",
		"eyJeyJ.eyJ.",
	};
	enum { SIZE = 1 << 20 };
	char *bytes = malloc(SIZE);

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		size_t n = strlen(pieces[i]);

		for (size_t at = 0; at < SIZE; at++)
			bytes[at] = pieces[i][at % n];
		scan_bytes(bytes, SIZE);
	}
	memset(bytes, 'A', SIZE);
	memcpy(bytes, "-----BEGIN RSA PRIVATE KEY-----\n", 32);
	ck_assert_str_eq(scan_bytes(bytes, SIZE), "");
	free(bytes);
}
END_TEST

static int stop(void *payload, const struct scan_finding *f)
{
	(void)f;
	++*(int *)payload;
	return PIPE_EIO;
}

START_TEST(what_a_callback_says_ends_the_scan)
{
	pipe_error err = { 0 };
	const char *one = joined("", "ghp_", MIXED36, " "), *both = joined(one, "gho_", MIXED36, "\n");
	int calls = 0;

	ck_assert_int_eq(secret_scan(rules, "a", both, strlen(both), &arena, stop, &calls, &err), PIPE_EIO);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(paths_that_are_not_worth_a_look)
{
	static const char *const no[] = {
		".git/config",
		"a/node_modules/b.js",
		"go.sum",
		"web/yarn.lock",
		"logo.png",
		"src/test_a.py",
		"src/a_test.go",
		"docs/example.env",
		"README.md",
		"vendor/x/y.go",
		"a/vendor/b.c",
		"usr/share/x/y",
		"/usr/lib/x",
		"usr/local/go/src/a.go",
		"locale/locales/de.po",
		"x.dist-info/RECORD",
		"var/log/anaconda/x",
		"Testing/a.c",
	};
	static const char *const yes[] = { "src/main.c",      ".env", "config/secrets.yml", "usr/src/app/server.js", "latest.txt",
					   "attestation.json" };

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		ck_assert_msg(!secret_wants(no[i], 1000), "%s", no[i]);
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		ck_assert_msg(secret_wants(yes[i], 1000), "%s", yes[i]);
	ck_assert(!secret_wants("src/main.c", 9));
	ck_assert(!secret_wants("src/main.c", UINT64_MAX));
}
END_TEST

START_TEST(rules_are_whole)
{
	for (size_t i = 0; i < secret_rule_count; i++) {
		const struct secret_rule *r = &secret_rule_table[i];

		ck_assert(*r->id && *r->category && *r->title && *r->keywords && *r->pattern);
		ck_assert(r->severity > SEVERITY_INFO && r->severity < SEVERITY_COUNT);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(r->id, secret_rule_table[k].id);
	}
}
END_TEST

START_TEST(entropy_is_that_of_shannon)
{
	ck_assert_uint_eq(secret_entropy("", 0), 0);
	ck_assert_uint_eq(secret_entropy("aaaa", 4), 0);
	ck_assert_uint_eq(secret_entropy("abab", 4), 10);
	ck_assert_uint_eq(secret_entropy("abcdefgh", 8), 30);
}
END_TEST

Suite *secret_suite(void)
{
	Suite *s = suite_create("secret");
	TCase *c = tcase_create("secret");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, each_well_known_shape_is_found_by_its_rule);
	tcase_add_test(c, the_secret_itself_is_never_handed_out);
	tcase_add_test(c, two_on_one_line_hide_each_other);
	tcase_add_test(c, a_private_key_is_one_from_its_first_line_to_its_last);
	tcase_add_test(c, long_lines_are_shown_around_the_secret_only);
	tcase_add_test(c, examples_and_placeholders_are_no_secrets);
	tcase_add_test(c, passwords_in_urls_and_in_assignments_are_guessed);
	tcase_add_test(c, lines_are_counted_from_one);
	tcase_add_test(c, binary_files_have_none);
	tcase_add_test(c, bytes_that_are_no_text_are_replaced_in_what_is_shown);
	tcase_add_test(c, hostile_files_take_linear_time);
	tcase_add_test(c, what_a_callback_says_ends_the_scan);
	tcase_add_test(c, paths_that_are_not_worth_a_look);
	tcase_add_test(c, rules_are_whole);
	tcase_add_test(c, entropy_is_that_of_shannon);
	suite_add_tcase(s, c);
	return s;
}
