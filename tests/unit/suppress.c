/* Ignore files and VEX documents: what they pass over, what they do not, and what is said of entries that are of no use. */
#include "stages/scanner/suppress/suppress.h"
#include "match_fixture.h"
#include "stages/scanner/suppress/suppress_purl.h"

#include <stdio.h>
#include <stdlib.h>

Suite *suppress_suite(void);

/* 2026-06-15 */
#define NOW INT64_C(1781481600000)

static struct arena arena;
static struct scan_report report;
static struct suppressions *set;
static pipe_error err;

static struct scan_finding *add(struct scan_result *r, uint8_t kind, const char *id, const char *path, const char *name)
{
	struct scan_finding *f = vec_push(&arena, &r->findings);

	f->kind = kind;
	f->id = id;
	f->path = path;
	if (name) {
		struct package_list *l = list_of(&arena, r->type, PACKAGE_LANGUAGE, r->target);

		f->package = add_package(&arena, l, name, "4.17.20");
	}
	return f;
}

static void setup(void)
{
	struct scan_result *npm, *secrets;

	memset(&report, 0, sizeof(report));
	memset(&err, 0, sizeof(err));
	report.arena = &arena;
	report.artifact = "ghcr.io/org/app:1";
	set = suppressions_new(&arena);
	npm = vec_push(&arena, &report.results);
	npm->target = "web/package-lock.json";
	npm->class = "lang-pkgs";
	npm->type = "npm";
	add(npm, FINDING_VULNERABILITY, "CVE-1", "", "lodash");
	add(npm, FINDING_VULNERABILITY, "CVE-2", "", "lodash");
	add(npm, FINDING_VULNERABILITY, "CVE-1", "", "@angular/core");
	secrets = vec_push(&arena, &report.results);
	secrets->target = "deploy/key.pem";
	secrets->class = "secret";
	secrets->type = "";
	add(secrets, FINDING_SECRET, "private-key", "deploy/key.pem", NULL);
}

static void teardown(void)
{
	arena_clear(&arena);
}

/* A copy of just these bytes: reading beyond them is seen. */
static char *exactly(const char *text, size_t *length)
{
	char *copy;

	*length = strlen(text);
	copy = malloc(*length + !*length);
	memcpy(copy, text, *length);
	return copy;
}

static int ignore(const char *path, const char *text)
{
	size_t length;
	char *copy = exactly(text, &length);
	int rc = suppressions_read_ignore(set, path, copy, length, NOW, &err);

	free(copy);
	return rc;
}

static int vex(const char *text)
{
	size_t length;
	char *copy = exactly(text, &length);
	int rc = suppressions_read_vex(set, "vex.json", copy, length, &err);

	free(copy);
	return rc;
}

/* What is suppressed: the finding's number in each result, and why; then the warnings. */
static const char *applied(void)
{
	char *text = arena_strdup(&arena, "");

	ck_assert(suppressions_apply(set, &report));
	for (uint32_t i = 0; i < report.results.count; i++)
		for (uint32_t k = 0; k < report.results.items[i].findings.count; k++) {
			const struct scan_finding *f = &report.results.items[i].findings.items[k];

			if (f->suppressed)
				text = arena_printf(&arena, "%s%u.%u %s\n", text, i, k, f->suppressed);
		}
	for (uint32_t i = 0; i < report.warnings.count; i++)
		text = arena_printf(&arena, "%s! %s\n", text, report.warnings.items[i]);
	return text;
}

static void ck_ignored(const char *path, const char *text, const char *expected)
{
	setup();
	ck_assert_msg(ignore(path, text) == PIPE_OK, "%s", err.text);
	ck_assert_str_eq(applied(), expected);
}

static void ck_wrong(int rc, unsigned line, const char *words)
{
	ck_assert_int_eq(rc, PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, line);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert(*err.file);
}

/* ---- .trivyignore ---- */

START_TEST(plain_ids_are_of_whatever_they_name)
{
	ck_ignored(
		".trivyignore", "CVE-1\nprivate-key",
		"0.0 ignored by .trivyignore, line 1\n0.2 ignored by .trivyignore, line 1\n1.0 ignored by .trivyignore, line 2\n");
	ck_assert_str_eq(report.results.items[0].findings.items[0].suppressed_by, "ignore");
	ck_assert_str_eq(report.results.items[0].findings.items[0].suppressed_status, "ignored");
	ck_assert_str_eq(report.results.items[0].findings.items[0].suppressed_source, ".trivyignore");
}
END_TEST

START_TEST(comments_are_reasons)
{
	ck_ignored(".trivyignore", "# not reachable\n  CVE-2  \r\n\n# a remark\n\nCVE-1 # by the team\n",
		   "0.0 ignored by .trivyignore, line 6: by the team\n0.1 ignored by .trivyignore, line 2: not reachable\n"
		   "0.2 ignored by .trivyignore, line 6: by the team\n");
}
END_TEST

START_TEST(entries_expire)
{
	ck_ignored(".trivyignore", "CVE-2 exp:2026-06-14\nprivate-key exp:2026-12-31\n",
		   "1.0 ignored by .trivyignore, line 2, until 2026-12-31\n"
		   "! .trivyignore, line 1: CVE-2 has expired on 2026-06-14 and is no longer passed over\n");
	setup();
	ck_wrong(ignore(".trivyignore", "\nCVE-1 exp:2026-13-01\n"), 2, "is no day");
	setup();
	ck_wrong(ignore(".trivyignore", "CVE-1 exp:soon\n"), 1, "is no day");
	setup();
	ck_wrong(ignore(".trivyignore", "CVE-1 expires:2026-01-01\n"), 1, "exp:YYYY-MM-DD");
}
END_TEST

START_TEST(entries_that_are_of_no_use_are_warned_of)
{
	ck_ignored(".trivyignore", "CVE-9\nCVE-2\nCVE-2\n",
		   "0.1 ignored by .trivyignore, line 2\n! .trivyignore, line 1: CVE-9 matches nothing\n"
		   "! .trivyignore, line 3: CVE-2 stands there already\n");
}
END_TEST

START_TEST(warnings_are_bounded)
{
	char *text = arena_strdup(&arena, "");

	for (int i = 0; i < 60; i++)
		text = arena_printf(&arena, "%sCVE-X-%d\n", text, i);
	setup();
	ck_assert_int_eq(ignore(".trivyignore", text), PIPE_OK);
	applied();
	ck_assert_uint_eq(report.warnings.count, 51);
	ck_assert_str_eq(report.warnings.items[50], "10 more entries of ignore files have expired or match nothing");
}
END_TEST

START_TEST(empty_files_pass_over_nothing)
{
	ck_ignored(".trivyignore", "", "");
	ck_ignored(".trivyignore", "\xef\xbb\xbf# nothing\n", "");
	ck_ignored(".trivyignore.yaml", "", "");
	ck_ignored(".trivyignore",
		   "\xef\xbb\xbf"
		   "CVE-2\n",
		   "0.1 ignored by .trivyignore, line 1\n");
}
END_TEST

START_TEST(an_alias_counts_as_well)
{
	static const struct advisory_details details = { .aliases = "GHSA-1\nCVE-2" };

	report.results.items[0].findings.items[1].details = &details;
	ck_assert_int_eq(ignore(".trivyignore", "GHSA-1\n"), PIPE_OK);
	ck_assert_str_eq(applied(), "0.1 ignored by .trivyignore, line 1\n");
}
END_TEST

/* ---- .trivyignore.yaml ---- */

START_TEST(yaml_entries_are_of_their_kind_only)
{
	ck_ignored(
		".trivyignore.yaml", "vulnerabilities:\n  - id: CVE-2\n    statement: not reachable\nsecrets:\n  - id: CVE-1\n",
		"0.1 ignored by .trivyignore.yaml, line 2: not reachable\n! .trivyignore.yaml, line 5: CVE-1 matches nothing\n");
	ck_assert_str_eq(report.results.items[0].findings.items[1].suppressed_statement, "not reachable");
}
END_TEST

START_TEST(yaml_entries_are_narrowed_by_paths_and_packages)
{
	ck_ignored("i.yml", "vulnerabilities:\n- id: CVE-1\n  paths: ['api/**']\n- id: CVE-2\n  paths: ['web/*.json', x]\n",
		   "0.1 ignored by i.yml, line 4\n! i.yml, line 2: CVE-1 matches nothing\n");
	ck_ignored("i.yml", "vulnerabilities:\n- id: CVE-1\n  purls: ['pkg:npm/%40angular/core']\n",
		   "0.2 ignored by i.yml, line 2\n");
	ck_ignored("i.yml", "vulnerabilities:\n- id: CVE-1\n  purls: ['pkg:npm/lodash@4.17.20']\n",
		   "0.0 ignored by i.yml, line 2\n");
	ck_ignored("i.yml", "vulnerabilities:\n- id: CVE-1\n  purls: ['pkg:npm/lodash@4.17.21']\n",
		   "! i.yml, line 2: CVE-1 matches nothing\n");
	ck_ignored("i.yml", "secrets:\n- id: private-key\n  paths: ['deploy/*']\n", "1.0 ignored by i.yml, line 2\n");
}
END_TEST

START_TEST(yaml_entries_expire)
{
	ck_ignored("i.yml", "vulnerabilities:\n- id: CVE-2\n  expired_at: 2026-06-01\n",
		   "! i.yml, line 2: CVE-2 has expired on 2026-06-01 and is no longer passed over\n");
	ck_ignored("i.yml", "vulnerabilities:\n- id: CVE-2\n  expired_at: 2027-06-01T10:00:00Z\n",
		   "0.1 ignored by i.yml, line 2, until 2027-06-01T10:00:00Z\n");
}
END_TEST

START_TEST(yaml_that_is_wrong_is_an_error_with_its_place)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} cases[] = {
		{ "vulnerabilities:\n- id: CVE-1\n  path: [x]\n", 3, "did you mean \"paths\"?" },
		{ "vulnerabilites:\n- id: CVE-1\n", 1, "did you mean \"vulnerabilities\"?" },
		{ "vulnerabilities:\n- statement: x\n", 2, "without an \"id\"" },
		{ "vulnerabilities:\n- CVE-1\n", 2, "is a map" },
		{ "vulnerabilities: CVE-1\n", 1, "is a list" },
		{ "vulnerabilities:\n- id: CVE-1\n  purls:\n  - lodash\n", 4, "no package URL" },
		{ "vulnerabilities:\n- id: CVE-1\n  paths: x\n", 3, "is a list" },
		{ "vulnerabilities:\n- id: CVE-1\n  expired_at: soon\n", 3, "is a day" },
		{ "- CVE-1\n", 1, "is a map" },
		{ "a: [\n", 2, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		setup();
		ck_wrong(ignore(".trivyignore.yaml", cases[i].text), cases[i].line, cases[i].words);
	}
}
END_TEST

/* ---- OpenVEX ---- */

#define OPENVEX(statements)                                                                                                          \
	"{\"@context\": \"https://openvex.dev/ns/v0.2.0\", \"timestamp\": \"2026-01-01T00:00:00Z\",\n\"statements\": [\n" statements \
	"\n]}"

static void ck_vex(const char *text, const char *expected)
{
	ck_assert_msg(vex(text) == PIPE_OK, "%s: %s", text, err.text);
	ck_assert_str_eq(applied(), expected);
}

START_TEST(openvex_says_that_a_package_is_not_affected)
{
	ck_vex(OPENVEX("{\"vulnerability\": {\"name\": \"CVE-1\"}, \"products\": [{\"@id\": \"pkg:npm/lodash@4.17.20\"}],\n"
		       "\"status\": \"not_affected\", \"justification\": \"vulnerable_code_not_present\"}"),
	       "0.0 not affected by vex.json, line 3: vulnerable_code_not_present\n");
	ck_assert_str_eq(report.results.items[0].findings.items[0].suppressed_by, "vex");
	ck_assert_str_eq(report.results.items[0].findings.items[0].suppressed_status, "not_affected");
	ck_assert_str_eq(report.results.items[0].findings.items[0].suppressed_statement, "vulnerable_code_not_present");
}
END_TEST

START_TEST(openvex_statuses_other_than_that_leave_the_finding)
{
	ck_vex(OPENVEX("{\"vulnerability\": \"CVE-1\", \"products\": [\"pkg:npm/lodash\"], \"status\": \"affected\"},\n"
		       "{\"vulnerability\": \"CVE-2\", \"products\": [\"pkg:npm/lodash\"], \"status\": \"under_investigation\"}"),
	       "");
	setup();
	ck_vex(OPENVEX("{\"vulnerability\": \"CVE-2\", \"products\": [\"pkg:npm/lodash\"], \"status\": \"fixed\"}"),
	       "0.1 fixed by vex.json, line 3\n");
}
END_TEST

START_TEST(the_latest_statement_counts)
{
	ck_vex(OPENVEX("{\"vulnerability\": \"CVE-2\", \"timestamp\": \"2026-03-01T00:00:00Z\", \"products\": [\"pkg:npm/lodash\"], \"status\": "
		       "\"affected\"},\n{\"vulnerability\": \"CVE-2\", \"timestamp\": \"2026-02-01T00:00:00Z\", \"products\": "
		       "[\"pkg:npm/lodash\"], \"status\": \"not_affected\"}"),
	       "");
	setup();
	ck_vex(OPENVEX("{\"vulnerability\": \"CVE-2\", \"products\": [\"pkg:npm/lodash\"], \"status\": \"affected\"},\n"
		       "{\"vulnerability\": \"CVE-2\", \"products\": [\"pkg:npm/lodash\"], \"status\": \"not_affected\"}"),
	       "0.1 not affected by vex.json, line 4\n");
}
END_TEST

START_TEST(a_product_is_the_image_and_its_parts_are_packages)
{
	static const char *const tags[] = { "ghcr.io/org/app:1", NULL };
	static const char *const digests[] = { "ghcr.io/org/app@sha256:abc", NULL };

	report.repo_tags = tags;
	report.repo_digests = digests;
	ck_vex(OPENVEX("{\"vulnerability\": \"CVE-1\", \"status\": \"not_affected\", \"products\": [{\"@id\": "
		       "\"pkg:oci/app@sha256%3Aabc?repository_url=ghcr.io%2Forg%2Fapp\", \"subcomponents\": [{\"@id\": \"pkg:npm/lodash\"}]}]},\n"
		       "{\"vulnerability\": \"CVE-2\", \"status\": \"not_affected\", \"products\": [{\"@id\": \"ghcr.io/org/app:1\"}]}"),
	       "0.0 not affected by vex.json, line 3\n0.1 not affected by vex.json, line 4\n");
	setup();
	report.repo_digests = digests;
	ck_vex(OPENVEX("{\"vulnerability\": \"CVE-1\", \"status\": \"not_affected\", \"products\": [{\"@id\": \"pkg:oci/other\"}, {\"@id\": "
		       "\"pkg:npm/lodash\", \"subcomponents\": [{\"@id\": \"pkg:npm/deep\"}]}]}"),
	       "! vex.json, line 3: none of its 1 statements matches a finding (the first is on CVE-1)\n");
}
END_TEST

START_TEST(openvex_that_is_wrong_is_an_error_with_its_place)
{
	ck_wrong(vex(OPENVEX("{\"status\": \"fixed\"}")), 3, "\"name\"");
	setup();
	ck_wrong(vex(OPENVEX("{\"vulnerability\": \"CVE-1\", \"status\": \"fine\"}")), 3, "\"status\"");
	setup();
	ck_wrong(vex("{\"@context\": \"https://openvex.dev/ns\"}"), 1, "statements");
	setup();
	ck_wrong(vex("{\n}"), 1, "neither OpenVEX");
	setup();
	ck_assert_int_eq(vex("{"), PIPE_EPIPELINE);
	setup();
	ck_assert_int_eq(vex(""), PIPE_EPIPELINE);
}
END_TEST

/* ---- CycloneDX ---- */

START_TEST(cyclonedx_refers_to_packages_in_several_ways)
{
	ck_vex("{\"bomFormat\": \"CycloneDX\", \"components\": [{\"bom-ref\": \"c1\", \"purl\": \"pkg:npm/lodash@4.17.20\"}],\n"
	       "\"vulnerabilities\": [\n"
	       "{\"id\": \"CVE-1\", \"analysis\": {\"state\": \"not_affected\", \"justification\": \"code_not_reachable\"}, \"affects\": "
	       "[{\"ref\": \"c1\"}, {\"ref\": \"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2F%2540angular%2Fcore%404.17.20\"}]},\n"
	       "{\"id\": \"CVE-2\", \"analysis\": {\"state\": \"exploitable\"}, \"affects\": [{\"ref\": \"pkg:npm/lodash\"}]},\n"
	       "{\"id\": \"CVE-3\"}]}",
	       "0.0 not affected by vex.json, line 3: code_not_reachable\n0.2 not affected by vex.json, line 3: code_not_reachable\n");
	setup();
	ck_wrong(
		vex("{\"bomFormat\": \"CycloneDX\", \"vulnerabilities\": [{\"id\": \"CVE-1\",\n\"analysis\": {\"state\": \"x\"}}]}"),
		2, "state");
	setup();
	ck_wrong(vex("{\"bomFormat\": \"CycloneDX\"}"), 1, "vulnerabilities");
}
END_TEST

/* ---- CSAF ---- */

START_TEST(csaf_lists_products_by_their_ids)
{
	static const char *const digests[] = { "ghcr.io/org/app@sha256:abc", NULL };

	report.repo_digests = digests;
	ck_vex("{\"document\": {\"csaf_version\": \"2.0\"}, \"product_tree\": {\"branches\": [{\"branches\": [{\"product\": {\"product_id\": "
	       "\"P1\", \"product_identification_helper\": {\"purl\": \"pkg:npm/lodash@4.17.20\"}}}]}],\n"
	       "\"full_product_names\": [{\"product_id\": \"P2\", \"product_identification_helper\": {\"purl\": \"pkg:oci/app\"}}, "
	       "{\"product_id\": \"P4\", \"product_identification_helper\": {\"purl\": \"pkg:npm/%40angular/core\"}}],\n"
	       "\"relationships\": [{\"category\": \"default_component_of\", \"product_reference\": \"P4\", \"relates_to_product_reference\": "
	       "\"P2\", \"full_product_name\": {\"product_id\": \"P3\"}}]},\n"
	       "\"vulnerabilities\": [\n"
	       "{\"cve\": \"CVE-1\", \"product_status\": {\"known_not_affected\": [\"P1\", \"P3\", \"none\"]}, \"threats\": [{\"category\": "
	       "\"impact\", \"details\": \"not called\"}]},\n"
	       "{\"cve\": \"CVE-2\", \"product_status\": {\"known_affected\": [\"P1\"]}}]}",
	       "0.0 not affected by vex.json, line 5: not called\n0.2 not affected by vex.json, line 5: not called\n");
}
END_TEST

START_TEST(csaf_that_is_too_deep_is_an_error)
{
	char *text = arena_strdup(&arena, "{\"document\": {\"csaf_version\": \"2.0\"}, \"product_tree\": ");

	for (int i = 0; i < 70; i++)
		text = arena_printf(&arena, "%s{\"branches\": [", text);
	for (int i = 0; i < 70; i++)
		text = arena_printf(&arena, "%s]}", text);
	setup();
	ck_wrong(vex(arena_printf(&arena, "%s}", text)), 1, "nested");
}
END_TEST

/* ---- package URLs ---- */

START_TEST(package_urls_match_as_far_as_they_say_something)
{
	static const struct {
		const char *pattern, *package;
		bool match;
	} cases[] = {
		{ "pkg:npm/lodash", "pkg:npm/lodash@1", true },
		{ "pkg:npm/lodash@1", "pkg:npm/lodash@1", true },
		{ "pkg:npm/lodash@2", "pkg:npm/lodash@1", false },
		{ "pkg:npm/@angular/core", "pkg:npm/%40angular/core@1", true },
		{ "pkg:npm/core", "pkg:npm/%40angular/core@1", false },
		{ "pkg:pypi/Foo_Bar", "pkg:pypi/foo-bar@1", true },
		{ "pkg:npm/foo_bar", "pkg:npm/foo-bar@1", false },
		{ "PKG:NPM/Lodash", "pkg:npm/lodash@1", true },
		{ "pkg:deb/debian/bash?distro=debian-12", "pkg:deb/debian/bash@5?arch=amd64&distro=debian-12", true },
		{ "pkg:deb/debian/bash?distro=debian-11", "pkg:deb/debian/bash@5?arch=amd64&distro=debian-12", false },
		{ "pkg:deb/debian/bash?arch=amd64", "pkg:deb/debian/bash@5", false },
		{ "pkg:golang/a/b#sub", "pkg:golang/a/b@v1#sub", true },
		{ "pkg:golang/a/b#sub", "pkg:golang/a/b@v1", false },
		{ "pkg:deb/debian/libstdc%2B%2B@1%3A2", "pkg:deb/debian/libstdc%2b%2b@1%3a2", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct purl *pattern = purl_parse(&arena, cases[i].pattern), *package = purl_parse(&arena, cases[i].package);

		ck_assert_msg(pattern && package, "%s %s", cases[i].pattern, cases[i].package);
		ck_assert_msg(purl_matches(pattern, package) == cases[i].match, "%s %s", cases[i].pattern, cases[i].package);
	}
	ck_assert_ptr_null(purl_parse(&arena, "lodash"));
	ck_assert_ptr_null(purl_parse(&arena, "pkg:"));
	ck_assert_ptr_null(purl_parse(&arena, "pkg:npm"));
	ck_assert_ptr_null(purl_parse(&arena, "pkg:npm/"));
	ck_assert_ptr_null(purl_parse(&arena, "pkg:/x"));
}
END_TEST

Suite *suppress_suite(void)
{
	Suite *s = suite_create("suppress");
	TCase *plain = tcase_create("trivyignore"), *documents = tcase_create("vex");

	tcase_add_checked_fixture(plain, setup, teardown);
	tcase_add_test(plain, plain_ids_are_of_whatever_they_name);
	tcase_add_test(plain, comments_are_reasons);
	tcase_add_test(plain, entries_expire);
	tcase_add_test(plain, entries_that_are_of_no_use_are_warned_of);
	tcase_add_test(plain, warnings_are_bounded);
	tcase_add_test(plain, empty_files_pass_over_nothing);
	tcase_add_test(plain, an_alias_counts_as_well);
	tcase_add_test(plain, yaml_entries_are_of_their_kind_only);
	tcase_add_test(plain, yaml_entries_are_narrowed_by_paths_and_packages);
	tcase_add_test(plain, yaml_entries_expire);
	tcase_add_test(plain, yaml_that_is_wrong_is_an_error_with_its_place);
	suite_add_tcase(s, plain);
	tcase_add_checked_fixture(documents, setup, teardown);
	tcase_add_test(documents, openvex_says_that_a_package_is_not_affected);
	tcase_add_test(documents, openvex_statuses_other_than_that_leave_the_finding);
	tcase_add_test(documents, the_latest_statement_counts);
	tcase_add_test(documents, a_product_is_the_image_and_its_parts_are_packages);
	tcase_add_test(documents, openvex_that_is_wrong_is_an_error_with_its_place);
	tcase_add_test(documents, cyclonedx_refers_to_packages_in_several_ways);
	tcase_add_test(documents, csaf_lists_products_by_their_ids);
	tcase_add_test(documents, csaf_that_is_too_deep_is_an_error);
	tcase_add_test(documents, package_urls_match_as_far_as_they_say_something);
	suite_add_tcase(s, documents);
	return s;
}
