/* What a scan's report looks like on its way out: Trivy's JSON, SARIF, a table; and that our own readers find the same findings in it. */
#include "match_fixture.h"

#include "base/utf8.h"
#include "stages/report/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

Suite *scan_report_suite(void);

static struct arena arena;
static struct scan_report report;
static struct scan_show show;
static struct str out;
static pipe_error err;

static const struct advisory_details details = {
	.title = "lodash: prototype pollution",
	.description = "Versions before 4.17.12 are \"vulnerable\" <b>\n\nto it.",
	.severity = SEVERITY_CRITICAL,
	.vendors = { { "nvd", SEVERITY_CRITICAL }, { "ghsa", SEVERITY_HIGH } },
	.vendor_count = 2,
	.cwes = "CWE-20, CWE-400",
	.published = "2019-07-26T00:15:00Z",
	.modified = "2021-03-16T13:57:00Z",
	.references = "https://a.example/1\nhttps://b.example/2",
	.cvss = "{\"nvd\": {\"V3Vector\": \"CVSS:3.1/AV:N\", \"V3Score\": 9.1, \"V2Score\": 0}, \"ghsa\": {\"V3Score\": 7.5}, \"bad\": 3}",
	.aliases = "",
};

static struct scan_finding *finding(struct scan_result *r, uint8_t kind, const char *id, uint8_t severity)
{
	struct scan_finding *f = vec_push(&arena, &r->findings);

	f->kind = kind;
	f->id = id;
	f->severity = severity;
	f->severity_source = f->title = f->description = f->url = f->fixed = f->status = f->vendor_id = "";
	f->path = f->category = f->match = f->suppressed_by = f->suppressed_status = "";
	return f;
}

static struct scan_result *result(const char *target, const char *class, const char *type)
{
	struct scan_result *r = vec_push(&arena, &report.results);

	r->target = target;
	r->class = class;
	r->type = type;
	return r;
}

static void add_os(void)
{
	struct package_list *l = list_of(&arena, "debian", PACKAGE_OS, "var/lib/dpkg/status");
	struct scan_package *p = add_package(&arena, l, "libidn2-0", "2.0.5-1");
	struct advisory *a = ARENA_NEW(&arena, struct advisory);
	struct scan_result *r = result("reg.example/team/app:1 (debian 10.1)", "os-pkgs", "debian");
	struct scan_finding *f = finding(r, FINDING_VULNERABILITY, "CVE-2019-18224", SEVERITY_CRITICAL);

	p->arch = "amd64";
	p->source_name = "libidn2";
	*a = whole((struct advisory){ .id = "CVE-2019-18224",
				      .source_id = "debian",
				      .source_name = "Debian Security Tracker",
				      .source_url = "https://tracker.example" });
	f->package = p;
	f->advisory = a;
	f->fixed = "2.0.5-1+deb10u1";
	f->status = "fixed";
	f->vendor_id = "DSA-4613-1";
	f->severity_source = "nvd";
	r->packages = l;
	f = finding(r, FINDING_VULNERABILITY, "CVE-0", SEVERITY_LOW);
	f->package = p;
	f->advisory = a;
	f->status = "affected";
	report.os = (struct scan_os){ "debian", "10.1", "Debian", true };
}

static void add_npm(void)
{
	struct package_list *l = list_of(&arena, "npm", PACKAGE_LANGUAGE, "web/package-lock.json");
	static const char *const needs[] = { "a@1.0.0", NULL };
	struct scan_package *p;
	struct advisory *a = ARENA_NEW(&arena, struct advisory);
	struct scan_result *r = result("web/package-lock.json", "lang-pkgs", "npm");
	struct scan_finding *f;

	add_package(&arena, l, "z", "1.0.0")->indirect = true;
	add_package(&arena, l, "a", "1.0.0");
	p = add_package(&arena, l, "lodash", "4.17.4");
	p->line_from = 6;
	p->line_to = 10;
	p->licenses = "MIT, ISC";
	p->depends_on = needs;
	*a = whole((struct advisory){ .id = "CVE-2019-10744",
				      .ranged = true,
				      .source_id = "ghsa",
				      .source_name = "GitHub Security Advisory Npm",
				      .source_url = "https://github.com/advisories" });
	f = finding(r, FINDING_VULNERABILITY, "CVE-2019-10744", SEVERITY_HIGH);
	f->package = p;
	f->advisory = a;
	f->details = &details;
	f->title = details.title;
	f->description = details.description;
	f->severity_source = "ghsa";
	f->fixed = "4.17.12";
	f->status = "fixed";
	f->url = "https://avd.aquasec.com/nvd/cve-2019-10744";
	f = finding(r, FINDING_VULNERABILITY, "CVE-2020-1", SEVERITY_MEDIUM);
	f->package = p;
	f->advisory = a;
	f->status = "affected";
	f->suppressed = "ignored by .trivyignore, line 3: not reachable";
	f->suppressed_by = "ignore";
	f->suppressed_status = "ignored";
	f->suppressed_source = ".trivyignore";
	f->suppressed_statement = "not reachable";
	r->packages = l;
}

static void add_secret(void)
{
	struct scan_finding *f = finding(result("conf/app key.env", "secret", ""), FINDING_SECRET, "github-pat",
					 SEVERITY_CRITICAL);

	f->title = "GitHub Personal Access Token";
	f->category = "GitHub";
	f->path = "conf/app key.env";
	f->match = "TOKEN=****************************************";
	f->line_from = f->line_to = 3;
}

static const char *const notes[] = { "12 packages of type conan cannot be compared: no advisories" };
static const char *const warnings[] = { "the advisories are 9 days old" };

static void setup(void)
{
	memset(&report, 0, sizeof(report));
	memset(&show, 0, sizeof(show));
	memset(&err, 0, sizeof(err));
	str_init(&out);
	report.arena = &arena;
	report.artifact = "reg.example/team/app:1";
	report.artifact_type = "container_image";
	report.created = "2026-06-15T10:00:00Z";
	report.image_id = "sha256:1111";
	report.digest = "sha256:2222";
	report.database = "Trivy's database of 2026-06-14, 123,456 advisories";
	report.files = 2;
	report.packages = 4;
	*(const char **)vec_push(&arena, &report.notes) = notes[0];
	*(const char **)vec_push(&arena, &report.warnings) = warnings[0];
	add_os();
	add_npm();
	add_secret();
}

static void teardown(void)
{
	str_clear(&out);
	arena_clear(&arena);
}

static const char *written(enum scan_report_format format)
{
	str_reset(&out);
	ck_assert_msg(scan_report_write(&report, format, &show, &out, &err) == PIPE_OK, "%s", err.text);
	ck_assert_uint_eq(utf8_valid(out.data, out.length), out.length);
	return out.data;
}

static json_t *parsed(enum scan_report_format format)
{
	json_error_t e;
	json_t *json = json_loads(written(format), JSON_REJECT_DUPLICATES, &e);

	ck_assert_msg(json != NULL, "%d: %s", e.line, e.text);
	return json;
}

/* The names of a map's members, in their order. */
static const char *keys(const json_t *map)
{
	char *text = arena_strdup(&arena, "");
	const char *key;
	json_t *value, *of = (json_t *)(uintptr_t)map;

	json_object_foreach(of, key, value) text = arena_printf(&arena, "%s%s%s", text, *text ? " " : "", key);
	return text;
}

/* ---- Trivy's JSON ---- */

START_TEST(json_has_trivys_members_in_trivys_order)
{
	json_t *root = parsed(SCAN_JSON), *results = json_object_get(root, "Results"), *npm = json_array_get(results, 1);
	json_t *v = json_array_get(json_object_get(npm, "Vulnerabilities"), 0);

	ck_assert_str_eq(keys(root), "SchemaVersion CreatedAt ArtifactName ArtifactType Metadata Results Pipe");
	ck_assert_str_eq(keys(json_object_get(root, "Metadata")), "OS ImageID");
	ck_assert_str_eq(keys(json_object_get(json_object_get(root, "Metadata"), "OS")), "Family Name EOSL");
	ck_assert_str_eq(keys(npm), "Target Class Type Packages Vulnerabilities ExperimentalModifiedFindings");
	ck_assert_str_eq(
		keys(v),
		"VulnerabilityID PkgID PkgName PkgIdentifier InstalledVersion FixedVersion Status SeveritySource PrimaryURL "
		"DataSource Title Description Severity CweIDs VendorSeverity CVSS References PublishedDate LastModifiedDate");
	ck_assert_str_eq(json_string_value(json_object_get(v, "PkgID")), "lodash@4.17.4");
	ck_assert_str_eq(json_string_value(json_object_get(v, "Description")), details.description);
	ck_assert_str_eq(json_string_value(json_object_get(v, "Severity")), "HIGH");
	json_decref(root);
}
END_TEST

static void ck_json(const json_t *map, const char *key, const char *expected)
{
	char *text = json_dumps(json_object_get(map, key), JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(json_says_what_is_known_of_a_vulnerability)
{
	json_t *root = parsed(SCAN_JSON), *results = json_object_get(root, "Results");
	json_t *os = json_array_get(results, 0), *npm = json_array_get(results, 1), *v;

	v = json_array_get(json_object_get(npm, "Vulnerabilities"), 0);
	ck_json(v, "VendorSeverity", "{\"ghsa\":3,\"nvd\":4}");
	ck_json(v, "CVSS", "{\"ghsa\":{\"V3Score\":7.5},\"nvd\":{\"V3Vector\":\"CVSS:3.1/AV:N\",\"V3Score\":9.1}}");
	ck_json(v, "CweIDs", "[\"CWE-20\",\"CWE-400\"]");
	ck_json(v, "References", "[\"https://a.example/1\",\"https://b.example/2\"]");
	ck_json(v, "DataSource",
		"{\"ID\":\"ghsa\",\"Name\":\"GitHub Security Advisory Npm\",\"URL\":\"https://github.com/advisories\"}");
	ck_json(v, "PkgIdentifier", "{\"PURL\":\"pkg:npm/lodash@4.17.4\"}");
	v = json_array_get(json_object_get(os, "Vulnerabilities"), 0);
	ck_json(v, "VendorIDs", "[\"DSA-4613-1\"]");
	ck_json(v, "FixedVersion", "\"2.0.5-1+deb10u1\"");
	ck_assert_ptr_null(json_object_get(json_array_get(json_object_get(os, "Vulnerabilities"), 1), "FixedVersion"));
	json_decref(root);
}
END_TEST

START_TEST(json_lists_packages_by_name)
{
	json_t *root = parsed(SCAN_JSON), *results = json_object_get(root, "Results");
	json_t *os = json_object_get(json_array_get(results, 0), "Packages"),
	       *npm = json_object_get(json_array_get(results, 1), "Packages");
	json_t *lodash = json_array_get(npm, 1);

	ck_json(json_array_get(npm, 0), "Name", "\"a\"");
	ck_json(lodash, "Licenses", "[\"MIT\",\"ISC\"]");
	ck_json(lodash, "DependsOn", "[\"a@1.0.0\"]");
	ck_json(lodash, "Locations", "[{\"StartLine\":6,\"EndLine\":10}]");
	ck_json(json_array_get(npm, 2), "Relationship", "\"indirect\"");
	ck_assert_str_eq(keys(json_array_get(os, 0)), "ID Name Identifier Version Release Arch SrcName SrcVersion SrcRelease");
	ck_json(json_array_get(os, 0), "Version", "\"2.0.5\"");
	ck_json(json_array_get(os, 0), "Release", "\"1\"");
	json_decref(root);
}
END_TEST

START_TEST(json_keeps_what_is_passed_over)
{
	json_t *root = parsed(SCAN_JSON), *npm = json_array_get(json_object_get(root, "Results"), 1);
	json_t *list = json_object_get(npm, "ExperimentalModifiedFindings"), *one = json_array_get(list, 0);

	ck_assert_uint_eq(json_array_size(list), 1);
	ck_assert_str_eq(keys(one), "Type Status Statement Source Finding");
	ck_json(one, "Type", "\"vulnerability\"");
	ck_json(one, "Status", "\"ignored\"");
	ck_json(one, "Statement", "\"not reachable\"");
	ck_json(one, "Source", "\".trivyignore\"");
	ck_json(json_object_get(one, "Finding"), "VulnerabilityID", "\"CVE-2020-1\"");
	ck_assert_uint_eq(json_array_size(json_object_get(npm, "Vulnerabilities")), 1);
	json_decref(root);
}
END_TEST

START_TEST(json_has_secrets_and_what_trivy_has_no_place_for)
{
	json_t *root = parsed(SCAN_JSON), *r = json_array_get(json_object_get(root, "Results"), 2),
	       *pipe = json_object_get(root, "Pipe");
	json_t *secret = json_array_get(json_object_get(r, "Secrets"), 0);

	ck_assert_str_eq(keys(r), "Target Class Secrets");
	ck_assert_str_eq(keys(secret), "RuleID Category Severity Title StartLine EndLine Code Match");
	ck_json(secret, "StartLine", "3");
	ck_assert_str_eq(keys(pipe), "Database Files Packages Digest Notes Warnings");
	ck_json(pipe, "Notes", "[\"12 packages of type conan cannot be compared: no advisories\"]");
	ck_json(pipe, "Warnings", "[\"the advisories are 9 days old\"]");
	json_decref(root);
}
END_TEST

START_TEST(only_what_is_asked_for_is_shown)
{
	json_t *root, *os;

	show.severities = 1u << SEVERITY_LOW | 1u << SEVERITY_CRITICAL;
	show.ignore_unfixed = true;
	root = parsed(SCAN_JSON);
	os = json_array_get(json_object_get(root, "Results"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(os, "Vulnerabilities")), 1);
	ck_assert_ptr_null(json_object_get(json_array_get(json_object_get(root, "Results"), 1), "Vulnerabilities"));
	ck_assert_ptr_nonnull(json_object_get(json_array_get(json_object_get(root, "Results"), 2), "Secrets"));
	json_decref(root);
}
END_TEST

START_TEST(cvss_that_is_broken_is_left_out)
{
	static struct advisory_details broken;
	json_t *root, *v;

	broken = details;
	broken.cvss = "{\"nvd\": ";
	report.results.items[1].findings.items[0].details = &broken;
	root = parsed(SCAN_JSON);
	v = json_array_get(json_object_get(json_array_get(json_object_get(root, "Results"), 1), "Vulnerabilities"), 0);
	ck_assert_ptr_null(json_object_get(v, "CVSS"));
	json_decref(root);
}
END_TEST

START_TEST(a_report_of_nothing_is_whole)
{
	json_t *root;

	memset(&report.results, 0, sizeof(report.results));
	memset(&report.os, 0, sizeof(report.os));
	result("empty/package-lock.json", "lang-pkgs", "npm");
	root = parsed(SCAN_JSON);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "Results")), 0);
	ck_assert(json_is_array(json_object_get(root, "Results")));
	json_decref(root);
	json_decref(parsed(SCAN_SARIF));
	ck_assert_ptr_nonnull(strstr(written(SCAN_TABLE), "nothing found"));
}
END_TEST

/* ---- read back ---- */

struct reading {
	const char *data;
	size_t length;
};

static int64_t read_some(void *payload, char *buffer, size_t size, pipe_error *e)
{
	struct reading *r = payload;
	size_t n = r->length < size ? r->length : size;

	(void)e;
	memcpy(buffer, r->data, n);
	r->data += n;
	r->length -= n;
	return (int64_t)n;
}

static char *seen;

static int on_finding(void *payload, const struct evidence_finding *f, pipe_error *e)
{
	(void)payload, (void)e;
	seen = arena_printf(&arena, "%s%s %s %s %s:%u %s %s %s%s\n", seen, finding_kind_name((enum finding_kind)f->kind), f->rule,
			    severity_name((enum severity)f->severity), f->path, f->line, f->package, f->installed, f->fixed,
			    f->suppressed ? " suppressed" : "");
	return PIPE_OK;
}

static int on_image(void *payload, const struct evidence_image *i, pipe_error *e)
{
	(void)payload, (void)e;
	seen = arena_printf(&arena, "%simage %s %s\n", seen, i->name, i->digest);
	return PIPE_OK;
}

static const char *read_back(enum scan_report_format format, const char *name)
{
	struct reading r;
	struct report_options options = { .workspace = "/w", .tool = "" };
	struct evidence_sink sink = { .finding = on_finding, .image = on_image };
	const struct report_format *used;

	written(format);
	r = (struct reading){ out.data, out.length };
	seen = arena_strdup(&arena, "");
	ck_assert_msg(report_read(NULL, "scan.json", read_some, &r, &options, &sink, &used, &err) == PIPE_OK, "%s", err.text);
	ck_assert_str_eq(used->name, name);
	return seen;
}

START_TEST(json_is_read_back)
{
	ck_assert_str_eq(read_back(SCAN_JSON, "trivy"),
			 "vulnerability CVE-2019-18224 critical debian:0 libidn2-0 2.0.5-1 2.0.5-1+deb10u1\n"
			 "vulnerability CVE-0 low debian:0 libidn2-0 2.0.5-1 \n"
			 "vulnerability CVE-2019-10744 high web/package-lock.json:0 lodash 4.17.4 4.17.12\n"
			 "vulnerability CVE-2020-1 medium web/package-lock.json:0 lodash 4.17.4  suppressed\n"
			 "secret github-pat critical conf/app key.env:3   \n"
			 "image reg.example/team/app:1 sha256:1111\n");
}
END_TEST

START_TEST(sarif_is_read_back)
{
	ck_assert_str_eq(read_back(SCAN_SARIF, "sarif"), "vulnerability CVE-2019-18224 critical team/app:1   \n"
							 "vulnerability CVE-0 low team/app:1   \n"
							 "vulnerability CVE-2019-10744 high web/package-lock.json:6   \n"
							 "vulnerability CVE-2020-1 medium web/package-lock.json:6    suppressed\n"
							 "secret github-pat critical conf/app key.env:3   \n");
}
END_TEST

/* ---- SARIF ---- */

START_TEST(sarif_has_rules_and_results)
{
	json_t *root = parsed(SCAN_SARIF), *run = json_array_get(json_object_get(root, "runs"), 0);
	json_t *driver = json_object_get(json_object_get(run, "tool"), "driver"), *rules = json_object_get(driver, "rules");
	json_t *results = json_object_get(run, "results"), *one = json_array_get(results, 2);

	ck_json(root, "version", "\"2.1.0\"");
	ck_assert_uint_eq(json_array_size(rules), 5);
	ck_assert_uint_eq(json_array_size(results), 5);
	for (size_t i = 0; i < 5; i++) {
		json_t *r = json_array_get(results, i),
		       *rule = json_array_get(rules, json_integer_value(json_object_get(r, "ruleIndex")));

		ck_assert(json_equal(json_object_get(r, "ruleId"), json_object_get(rule, "id")));
		/* Where one result says whether it is suppressed, all do. */
		ck_assert_uint_eq(json_array_size(json_object_get(r, "suppressions")), i == 3);
		ck_assert(json_is_array(json_object_get(r, "suppressions")));
	}
	ck_json(one, "level", "\"error\"");
	ck_json(json_array_get(rules, 2), "properties",
		"{\"precision\":\"very-high\",\"security-severity\":\"7.5\",\"tags\":[\"vulnerability\",\"security\",\"HIGH\"]}");
	ck_json(json_array_get(rules, 2), "name", "\"LanguageSpecificPackageVulnerability\"");
	ck_json(json_array_get(rules, 0), "name", "\"OsPackageVulnerability\"");
	ck_assert_ptr_nonnull(strstr(out.data, "\"uri\": \"conf/app%20key.env\""));
	ck_assert_ptr_nonnull(strstr(out.data, "the advisories are 9 days old"));
	json_decref(root);
}
END_TEST

START_TEST(one_vulnerability_in_two_places_is_one_rule)
{
	json_t *root, *run;

	add_npm();
	root = parsed(SCAN_SARIF);
	run = json_array_get(json_object_get(root, "runs"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules")), 5);
	ck_assert_uint_eq(json_array_size(json_object_get(run, "results")), 7);
	json_decref(root);
}
END_TEST

/* ---- the table ---- */

START_TEST(the_table_shows_all_at_a_glance)
{
	ck_assert_str_eq(written(SCAN_TABLE),
			 "reg.example/team/app:1 (debian 10.1)\n"
			 "====================================\n"
			 "  package    vulnerability   severity  installed  fixed in         status    title\n"
			 "  libidn2-0  CVE-2019-18224  CRITICAL  2.0.5-1    2.0.5-1+deb10u1\n"
			 "  libidn2-0  CVE-0           LOW       2.0.5-1                     affected\n"
			 "\n"
			 "web/package-lock.json (npm)\n"
			 "===========================\n"
			 "  package  vulnerability   severity  installed  fixed in  title\n"
			 "  lodash   CVE-2019-10744  HIGH      4.17.4     4.17.12   lodash: prototype pollution\n"
			 "\n"
			 "conf/app key.env (secret)\n"
			 "=========================\n"
			 "  line  rule        severity  category  match\n"
			 "  3     github-pat  CRITICAL  GitHub    TOKEN=****************************************\n"
			 "\n"
			 "  reg.example/team/app:1 (debian 10.1)  1 critical, 1 low in 1 package\n"
			 "  web/package-lock.json                 1 high; 1 passed over in 3 packages\n"
			 "  conf/app key.env                      1 critical\n"
			 "  Together: 2 critical, 1 high, 1 low; 1 passed over\n"
			 "Looked at 2 files and 4 packages of reg.example/team/app:1\n"
			 "Advisories: Trivy's database of 2026-06-14, 123,456 advisories\n"
			 "Note: 12 packages of type conan cannot be compared: no advisories\n"
			 "Warning: the advisories are 9 days old\n");
}
END_TEST

START_TEST(the_table_fits_its_width)
{
	const char *line;

	report.results.items[1].findings.items[0].title =
		"a title that is very long and that would not fit into any line of a terminal at all";
	report.results.items[1].findings.items[0].fixed = "1.2.3, 4.5.6, 7.8.9, 10.11.12, 13.14.15, 16.17.18, 19.20.21";
	for (show.columns = 80; show.columns < 160; show.columns += 7) {
		for (line = written(SCAN_TABLE); *line; line += strcspn(line, "\n") + 1) {
			size_t n = strcspn(line, "\n");

			if (!strncmp(line, "  ", 2) && strstr(line, "CVE-") == memmem(line, n, "CVE-", 4))
				ck_assert_msg(utf8_count(line, n) <= show.columns, "%u: %.*s", show.columns, (int)n, line);
		}
		ck_assert_ptr_nonnull(strstr(out.data, "\xe2\x80\xa6"));
	}
}
END_TEST

START_TEST(the_table_lists_what_is_passed_over_when_asked)
{
	show.suppressed = true;
	ck_assert_ptr_nonnull(strstr(written(SCAN_TABLE), "    ignored by .trivyignore, line 3: not reachable\n"));
}
END_TEST

START_TEST(hostile_texts_do_not_reach_the_terminal)
{
	report.results.items[1].findings.items[0].title = "\033[31mred\007 \xc2\x9b"
							  "2J\xff\r\nnext";
	show.columns = 120;
	written(SCAN_TABLE);
	ck_assert_ptr_null(strchr(out.data, '\033'));
	ck_assert_ptr_null(strchr(out.data, '\007'));
	ck_assert_ptr_null(strstr(out.data, "\xc2\x9b"));
	ck_assert_ptr_nonnull(strstr(out.data, "[31mred 2J?\n"));
	show.colour = true;
	ck_assert_ptr_nonnull(strstr(written(SCAN_TABLE), "\033[1;31mCRITICAL\033[0m"));
}
END_TEST

/* ---- streaming ---- */

struct counted {
	size_t bytes, most;
	int stop;
};

static int count_piece(void *payload, const char *text, size_t length)
{
	struct counted *c = payload;

	(void)text;
	c->bytes += length;
	c->most = length > c->most ? length : c->most;
	return c->stop;
}

START_TEST(large_reports_are_written_piece_by_piece)
{
	enum { MANY = 20000 };
	static const enum scan_report_format formats[] = { SCAN_JSON, SCAN_SARIF, SCAN_TABLE };
	struct scan_result *r = &report.results.items[1];

	for (int i = 0; i < MANY; i++) {
		struct scan_finding *f = finding(r, FINDING_VULNERABILITY, arena_printf(&arena, "CVE-%d", i), SEVERITY_LOW);

		f->package = r->findings.items[0].package;
		f->advisory = r->findings.items[0].advisory;
	}
	for (size_t i = 0; i < 3; i++) {
		struct counted c = { 0 };

		str_clear(&out);
		str_init(&out);
		out.write = count_piece;
		out.payload = &c;
		ck_assert_int_eq(scan_report_write(&report, formats[i], &show, &out, &err), PIPE_OK);
		ck_assert_uint_gt(c.bytes, MANY * 20);
		ck_assert_uint_lt(c.most, 256 * 1024);
		ck_assert_uint_lt(out.capacity, 256 * 1024);
		c.stop = 1;
		str_reset(&out);
		ck_assert_int_eq(scan_report_write(&report, formats[i], &show, &out, &err), PIPE_EIO);
	}
}
END_TEST

START_TEST(what_counts_is_within_the_bounds_and_not_suppressed)
{
	struct scan_finding *f = &report.results.items[1].findings.items[0], *no = &report.results.items[1].findings.items[1];

	ck_assert(scan_finding_counts(f, &show));
	ck_assert(!scan_finding_counts(no, &show));
	show.severities = 1u << SEVERITY_LOW;
	ck_assert(!scan_finding_counts(f, &show));
	show.severities = 1u << SEVERITY_HIGH;
	show.ignore_unfixed = true;
	ck_assert(scan_finding_counts(f, &show));
	f->fixed = "";
	ck_assert(!scan_finding_counts(f, &show));
}
END_TEST

Suite *scan_report_suite(void)
{
	Suite *s = suite_create("scan_report");
	TCase *c = tcase_create("scan_report");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, json_has_trivys_members_in_trivys_order);
	tcase_add_test(c, json_says_what_is_known_of_a_vulnerability);
	tcase_add_test(c, json_lists_packages_by_name);
	tcase_add_test(c, json_keeps_what_is_passed_over);
	tcase_add_test(c, json_has_secrets_and_what_trivy_has_no_place_for);
	tcase_add_test(c, only_what_is_asked_for_is_shown);
	tcase_add_test(c, cvss_that_is_broken_is_left_out);
	tcase_add_test(c, a_report_of_nothing_is_whole);
	tcase_add_test(c, json_is_read_back);
	tcase_add_test(c, sarif_has_rules_and_results);
	tcase_add_test(c, sarif_is_read_back);
	tcase_add_test(c, one_vulnerability_in_two_places_is_one_rule);
	tcase_add_test(c, the_table_shows_all_at_a_glance);
	tcase_add_test(c, the_table_fits_its_width);
	tcase_add_test(c, the_table_lists_what_is_passed_over_when_asked);
	tcase_add_test(c, hostile_texts_do_not_reach_the_terminal);
	tcase_add_test(c, large_reports_are_written_piece_by_piece);
	tcase_add_test(c, what_counts_is_within_the_bounds_and_not_suppressed);
	suite_add_tcase(s, c);
	return s;
}
