/* Packages held against advisories: which are found, how they are judged, and what is said of those that cannot be compared. */
#include "match_fixture.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

Suite *match_suite(void);

static struct scan_report report;
static struct arena arena;
static struct table_source table;
static struct advisory_source source;
static struct match_options options;
static struct advisory_source *const sources[] = { &source, NULL };
static const struct package_list *lists[8];
static size_t count;

static void setup(void)
{
	memset(&report, 0, sizeof(report));
	memset(&table, 0, sizeof(table));
	report.arena = &arena;
	report.artifact = "image.tar";
	source = table_open(&table);
	options = (struct match_options){ .sources = sources };
	count = 0;
}

static void teardown(void)
{
	arena_clear(&arena);
}

static struct package_list *list(const char *type, const char *path)
{
	struct package_list *l = list_of(&arena, type, PACKAGE_LANGUAGE, path);

	lists[count++] = l;
	return l;
}

static struct package_list *os_list(const char *family, const char *version)
{
	struct package_list *l = list_of(&arena, family, PACKAGE_OS, "var/lib/dpkg/status");

	report.os = (struct scan_os){ family, version, family, false };
	lists[count++] = l;
	return l;
}

/* Matches, and says what was found: "ID package version fixed SEVERITY source status" a line. */
static const char *matched(void)
{
	pipe_error err = { 0 };
	char *text = arena_strdup(&arena, "");
	int rc = scan_match(&report, lists, count, &options, &err);

	ck_assert_msg(rc == PIPE_OK, "%s", err.text);
	for (uint32_t i = 0; i < report.results.count; i++)
		for (uint32_t k = 0; k < report.results.items[i].findings.count; k++) {
			const struct scan_finding *f = &report.results.items[i].findings.items[k];

			ck_assert_int_eq(f->kind, FINDING_VULNERABILITY);
			text = arena_printf(&arena, "%s%s %s %s [%s] %s %s %s\n", text, f->id, f->package->name,
					    f->package->version, f->fixed, severity_name((enum severity)f->severity),
					    f->severity_source, f->status);
		}
	return text;
}

static const char *notes(void)
{
	char *text = arena_strdup(&arena, "");

	for (uint32_t i = 0; i < report.notes.count; i++)
		text = arena_printf(&arena, "%s%s\n", text, report.notes.items[i]);
	return text;
}

static const char *const *texts(const char *one, const char *two)
{
	const char **l = ARENA_ARRAY(&arena, const char *, 3);

	l[0] = one;
	l[1] = two;
	return l;
}

/* ---- distributions ---- */

static const struct known_row debian[] = {
	{ "debian 12", "openssl", { .id = "CVE-1", .fixed_below = "3.0.11-1" } },
	{ "debian 12", "openssl", { .id = "CVE-2", .severity = SEVERITY_LOW } },
	{ "debian 12", "openssl", { .id = "CVE-3", .fixed_below = "1:0-1", .severity = SEVERITY_HIGH } },
	{ "debian 12", "bash", { .id = "CVE-4", .status = "will_not_fix", .source_id = "debian" } },
	{ "debian 12", "bash", { .id = "TEMP-1", .fixed_below = "5.2-1", .affected_from = "5.1-1" } },
	{ 0 },
};

START_TEST(debian_is_compared_by_source_package_and_its_version)
{
	struct package_list *l = os_list("debian", "12.5");
	struct scan_package *p = add_package(&arena, l, "libssl3", "3.0.9-1+b1");

	p->source_name = "openssl";
	p->source_version = "3.0.9-1";
	table.known = debian;
	ck_assert_str_eq(matched(), "CVE-3 libssl3 3.0.9-1+b1 [1:0-1] high debian fixed\n"
				    "CVE-2 libssl3 3.0.9-1+b1 [] low debian affected\n"
				    "CVE-1 libssl3 3.0.9-1+b1 [3.0.11-1] unknown  fixed\n");
	ck_assert_str_eq(report.results.items[0].target, "image.tar (debian 12.5)");
	ck_assert_str_eq(report.results.items[0].class, "os-pkgs");
	ck_assert_str_eq(report.results.items[0].type, "debian");
}
END_TEST

START_TEST(what_is_mended_is_no_finding)
{
	struct package_list *l = os_list("debian", "12");

	add_package(&arena, l, "openssl", "2:3.0.11-1");
	add_package(&arena, l, "bash", "5.2-1");
	table.known = debian;
	/* Unmended ones stay, with what the source says of them. */
	ck_assert_str_eq(matched(),
			 "CVE-4 bash 5.2-1 [] unknown  will_not_fix\nCVE-2 openssl 2:3.0.11-1 [] low debian affected\n");
}
END_TEST

START_TEST(a_version_before_the_first_that_has_it_is_no_finding)
{
	struct package_list *l = os_list("debian", "12");

	add_package(&arena, l, "bash", "5.0-4");
	table.known = debian;
	ck_assert_str_eq(matched(), "CVE-4 bash 5.0-4 [] unknown  will_not_fix\n");
}
END_TEST

START_TEST(several_files_of_one_distribution_are_one_result)
{
	struct package_list *one = os_list("debian", "12"), *two = os_list("debian", "12");

	two->path = "var/lib/dpkg/status.d/bash";
	add_package(&arena, one, "openssl", "3.0.9-1");
	add_package(&arena, two, "bash", "5.1-2");
	table.known = debian;
	ck_assert_str_eq(matched(), "CVE-4 bash 5.1-2 [] unknown  will_not_fix\n"
				    "TEMP-1 bash 5.1-2 [5.2-1] unknown  fixed\n"
				    "CVE-3 openssl 3.0.9-1 [1:0-1] high debian fixed\n"
				    "CVE-2 openssl 3.0.9-1 [] low debian affected\n"
				    "CVE-1 openssl 3.0.9-1 [3.0.11-1] unknown  fixed\n");
	ck_assert_uint_eq(report.results.count, 1);
	ck_assert_uint_eq(report.results.items[0].packages->packages.count, 2);
}
END_TEST

static const char *const x86[] = { "x86_64", NULL };
static const struct known_row rpm[] = {
	{ "alma 8", "openssl", { .id = "CVE-1", .fixed_below = "0:1.1.1k-6.el8" } },
	{ "alma 8", "openssl", { .id = "CVE-2" } },
	{ "alma 8", "nodejs:12::npm", { .id = "CVE-3", .fixed_below = "1:6.14.11-1" } },
	{ "rocky 8", "openssl", { .id = "CVE-1", .fixed_below = "1.1.1k-6.el8", .arches = x86 } },
	{ "Oracle Linux 8", "gnutls", { .id = "CVE-1", .fixed_below = "10:3.6.16-4.el8_fips" } },
	{ "Oracle Linux 8", "gnutls", { .id = "CVE-2", .fixed_below = "3.6.16-4.el8" } },
	{ 0 },
};

START_TEST(rpm_is_compared_by_binary_package)
{
	struct package_list *l = os_list("alma", "8.5");
	struct scan_package *p = add_package(&arena, l, "openssl", "1:1.1.1k-4.el8");

	/* An epoch beats everything, and one of 0 is not shown. */
	add_package(&arena, l, "openssl", "1.1.1k-4.el8")->arch = "x86_64";
	p->source_name = "elsewhere";
	add_package(&arena, l, "gpg-pubkey", "1-1");
	table.known = rpm;
	ck_assert_str_eq(matched(), "CVE-1 openssl 1.1.1k-4.el8 [1.1.1k-6.el8] unknown  fixed\n");
	ck_assert_str_eq(notes(), "");
}
END_TEST

START_TEST(packages_of_module_streams_are_not_called_clean)
{
	struct package_list *l = os_list("alma", "8.5");

	add_package(&arena, l, "npm", "1:6.14.10-1.module_el8.3.0")->modular = true;
	add_package(&arena, l, "nodejs", "1:10.1.0-1.module_el8.3.0");
	add_package(&arena, l, "npm", "1:6.14.9-1.module_el8.3.0")->module = "nodejs:12:8030020201124152102:229f0a1c";
	table.known = rpm;
	ck_assert_str_eq(matched(), "CVE-3 npm 1:6.14.9-1.module_el8.3.0 [1:6.14.11-1] unknown  fixed\n");
	ck_assert_str_eq(notes(), "2 packages of type alma cannot be compared: of module streams (npm...)\n");
}
END_TEST

START_TEST(an_architecture_that_is_not_named_is_not_meant)
{
	struct package_list *l = os_list("rocky", "8.5");

	add_package(&arena, l, "openssl", "1.1.1k-4.el8")->arch = "aarch64";
	add_package(&arena, l, "openssl", "1.1.1k-5.el8")->arch = "x86_64";
	table.known = rpm;
	ck_assert_str_eq(matched(), "CVE-1 openssl 1.1.1k-5.el8 [1.1.1k-6.el8] unknown  fixed\n");
}
END_TEST

START_TEST(builds_of_another_flavour_are_not_compared)
{
	struct package_list *l = os_list("oracle", "8.5");

	add_package(&arena, l, "gnutls", "3.6.15-1.el8");
	table.known = rpm;
	ck_assert_str_eq(matched(), "CVE-2 gnutls 3.6.15-1.el8 [3.6.16-4.el8] unknown  fixed\n");
}
END_TEST

/* Which bucket is Red Hat's is the ecosystem's business. */
START_TEST(of_several_errata_the_highest_version_counts)
{
	struct package_list *l = os_list("redhat", "8.5");
	struct ecosystem e;
	struct known_row rows[5] = { 0 };

	ecosystem_of("redhat", &report.os, &arena, &e);
	for (int i = 0; i < 4; i++) {
		rows[i].bucket = e.bucket;
		rows[i].package = "openssl";
	}
	rows[0].advisory = (struct advisory){
		.id = "CVE-1", .fixed_below = "0:1.1.1k-5", .vendor_id = "RHSA-1", .severity = SEVERITY_LOW
	};
	rows[1].advisory = (struct advisory){
		.id = "CVE-1", .fixed_below = "0:1.1.1k-12", .vendor_id = "RHSA-2", .severity = SEVERITY_HIGH
	};
	rows[2].advisory = (struct advisory){ .id = "CVE-1", .status = "fix_deferred" };
	rows[3].advisory = (struct advisory){ .id = "CVE-2", .status = "will_not_fix", .severity = SEVERITY_MEDIUM };
	add_package(&arena, l, "openssl", "1.1.1k-6");
	table.known = rows;
	ck_assert_str_eq(matched(), "CVE-1 openssl 1.1.1k-6 [1.1.1k-12] high redhat fixed\n"
				    "CVE-2 openssl 1.1.1k-6 [] medium redhat will_not_fix\n");
	ck_assert_str_eq(report.results.items[0].findings.items[0].vendor_id, "RHSA-2");
}
END_TEST

static const struct known_row alpine[] = {
	{ "alpine 3.18", "openssl", { .id = "CVE-1", .fixed_below = "3.1.4-r1" } },
	{ "alpine 3.18", "openssl", { .id = "CVE-2", .fixed_below = "0" } },
	{ "alpine 3.18", "openssl", { .id = "CVE-3", .fixed_below = "!!" } },
	{ 0 },
};

START_TEST(alpine_and_versions_that_nobody_understands)
{
	struct package_list *l = os_list("alpine", "3.18.4");

	add_package(&arena, l, "libssl3", "3.1.4-r0")->source_name = "openssl";
	add_package(&arena, l, "libcrypto3", "what?")->source_name = "openssl";
	add_package(&arena, l, "musl", "what?");
	table.known = alpine;
	ck_assert_str_eq(matched(), "CVE-1 libssl3 3.1.4-r0 [3.1.4-r1] unknown  fixed\n");
	ck_assert_str_eq(notes(),
			 "1 package of type alpine that there are advisories of cannot be compared: the version is not "
			 "understood (\"what?\" of libcrypto3)\n"
			 "1 time a package of type alpine cannot be held against an advisory: its versions are not understood "
			 "(CVE-3 of libssl3)\n");
}
END_TEST

START_TEST(a_distribution_without_advisories_is_not_called_clean)
{
	struct package_list *l = os_list("debian", "99");

	add_package(&arena, l, "bash", "1");
	add_package(&arena, l, "dash", "1");
	table.known = debian;
	ck_assert_str_eq(matched(), "");
	ck_assert_str_eq(notes(),
			 "2 packages of type debian cannot be compared: the advisories at hand hold nothing on such packages\n");
	ck_assert_uint_eq(report.results.count, 1);
}
END_TEST

START_TEST(the_end_of_a_distributions_support_is_warned_of)
{
	add_package(&arena, os_list("debian", "12"), "bash", "5.2-1");
	report.os.ended = true;
	table.known = debian;
	matched();
	ck_assert_uint_eq(report.warnings.count, 1);
	ck_assert_str_eq(report.warnings.items[0],
			 "the support of debian 12 has ended: what was found since then is in no advisory");
}
END_TEST

START_TEST(an_unknown_distribution_is_not_called_clean)
{
	struct package_list *l = os_list("", "");

	l->type = "dpkg";
	add_package(&arena, l, "bash", "1");
	ck_assert_str_eq(matched(), "");
	ck_assert_ptr_nonnull(strstr(notes(), "1 package of type dpkg cannot be compared: it is not known which distribution"));
}
END_TEST

/* ---- languages ---- */

static void ck_language(const char *type, const char *bucket, const char *name, const char *version, struct advisory a,
			const char *expected)
{
	struct known_row rows[2] = { { bucket, name, a } };
	const char *got;

	setup();
	add_package(&arena, list(type, "lock"), name, version);
	table.known = rows;
	rows[0].advisory.ranged = true;
	got = matched();
	ck_assert_msg(!strcmp(got, expected), "%s %s: \"%s\", not \"%s\"", name, version, got, expected);
}

START_TEST(ranges_of_vulnerable_patched_and_unaffected_versions)
{
	struct advisory ranges = { .id = "CVE-1", .vulnerable = texts(">=1.0.0, <1.2.3", ">=2.0.0, <2.1.0") };

	ck_language("npm", "npm::", "a", "1.2.2", ranges, "CVE-1 a 1.2.2 [1.2.3, 2.1.0] unknown  fixed\n");
	ck_language("npm", "npm::", "a", "1.2.3", ranges, "");
	ck_language("npm", "npm::", "a", "2.0.5", ranges, "CVE-1 a 2.0.5 [1.2.3, 2.1.0] unknown  fixed\n");
	ck_language("npm", "npm::", "a", "0.9.9", ranges, "");
	ranges.patched = texts("1.2.2", NULL);
	ck_language("npm", "npm::", "a", "1.2.2", ranges, "");
	ck_language("npm", "npm::", "a", "1.2.1", ranges, "CVE-1 a 1.2.1 [1.2.2] unknown  fixed\n");
	/* Only mended versions are known: all others have it. */
	ranges.vulnerable = NULL;
	ranges.patched = texts(">=3.0.0", NULL);
	ranges.unaffected = texts("<1.0.0", NULL);
	ck_language("npm", "npm::", "a", "2.0.0", ranges, "CVE-1 a 2.0.0 [>=3.0.0] unknown  fixed\n");
	ck_language("npm", "npm::", "a", "3.0.0", ranges, "");
	ck_language("npm", "npm::", "a", "0.5.0", ranges, "");
	/* Nothing is known: nobody has it; an empty range: all have it. */
	ranges = (struct advisory){ .id = "CVE-1" };
	ck_language("npm", "npm::", "a", "2.0.0", ranges, "");
	ranges.vulnerable = texts("", NULL);
	ck_language("npm", "npm::", "a", "2.0.0", ranges, "CVE-1 a 2.0.0 [] unknown  affected\n");
	/* No mended version. */
	ranges.vulnerable = texts("<=9.0.0", NULL);
	ck_language("npm", "npm::", "a", "2.0.0", ranges, "CVE-1 a 2.0.0 [] unknown  affected\n");
}
END_TEST

START_TEST(exact_versions_stand_beside_ranges)
{
	struct advisory a = { .id = "CVE-1", .versions = texts("1.0", "1.5.0") };

	ck_language("pip", "pip::", "a", "1.5", a, "CVE-1 a 1.5 [] unknown  affected\n");
	ck_language("pip", "pip::", "a", "1.6", a, "");
	a.vulnerable = texts(">=1.6", NULL);
	ck_language("pip", "pip::", "a", "1.6", a, "CVE-1 a 1.6 [] unknown  affected\n");
	ck_language("pip", "pip::", "a", "1.0", a, "CVE-1 a 1.0 [] unknown  affected\n");
}
END_TEST

START_TEST(names_are_looked_up_as_the_ecosystem_spells_them)
{
	struct known_row rows[] = {
		{ "pip::", "foo-bar", { .id = "CVE-1", .ranged = true, .vulnerable = texts("<2", NULL) } },
		{ "go::", "github.com/A/b", { .id = "CVE-2", .ranged = true, .vulnerable = texts("<2.0.0", NULL) } },
		{ 0 },
	};

	add_package(&arena, list("poetry", "poetry.lock"), "Foo_Bar", "1.0");
	add_package(&arena, list("gomod", "go.mod"), "github.com/A/b", "v1.0.0");
	add_package(&arena, list("gomod", "x/go.mod"), "github.com/a/b", "v1.0.0");
	table.known = rows;
	ck_assert_str_eq(matched(), "CVE-2 github.com/A/b v1.0.0 [2.0.0] unknown  fixed\nCVE-1 Foo_Bar 1.0 [2] unknown  fixed\n");
}
END_TEST

START_TEST(a_type_without_advisories_is_a_note_and_not_clean)
{
	add_package(&arena, list("conan", "a/conan.lock"), "zlib", "1.2.11");
	add_package(&arena, list("julia", "b/Manifest.toml"), "Foo", "1.0.0");
	ck_assert_str_eq(matched(), "");
	ck_assert_str_eq(notes(),
			 "1 package of type conan cannot be compared: the advisories at hand hold nothing on such packages\n"
			 "1 package of type julia cannot be compared: there are no advisories of such packages\n");
}
END_TEST

START_TEST(what_is_only_needed_for_development_is_left_out_unless_asked_for)
{
	struct known_row rows[] = { { "npm::", "a", { .id = "CVE-1", .ranged = true, .vulnerable = texts("<2.0.0", NULL) } },
				    { 0 } };
	struct package_list *l = list("npm", "package-lock.json");

	add_package(&arena, l, "a", "1.0.0")->development = true;
	add_package(&arena, l, "b", "1.0.0");
	table.known = rows;
	ck_assert_str_eq(matched(), "");
	ck_assert_str_eq(notes(), "1 package of type npm left out: only needed for development\n");
	ck_assert_uint_eq(report.results.items[0].packages->packages.count, 1);
	memset(&report.results, 0, sizeof(report.results));
	options.development = true;
	ck_assert_str_eq(matched(), "CVE-1 a 1.0.0 [2.0.0] unknown  fixed\n");
}
END_TEST

/* ---- several words on one vulnerability ---- */

START_TEST(one_vulnerability_from_several_advisories_is_one_finding)
{
	struct known_row rows[] = {
		{ "npm::", "a", { .id = "CVE-1", .ranged = true, .vulnerable = texts("<2.0.0", NULL) } },
		{ "npm::", "a", { .id = "CVE-1", .ranged = true, .vulnerable = texts("<3.0.0", NULL) } },
		{ "npm::", "a", { .id = "GHSA-1", .ranged = true, .vulnerable = texts("<3.0.0", NULL) } },
		{ "npm::", "a", { .id = "GHSA-2", .ranged = true, .vulnerable = texts("<3.0.0", NULL) } },
		{ 0 },
	};
	struct detail_row details[] = { { "GHSA-1", { .aliases = "X-1\nCVE-1" } }, { 0 } };

	add_package(&arena, list("npm", "package-lock.json"), "a", "1.0.0");
	table.known = rows;
	table.details = details;
	ck_assert_str_eq(matched(), "CVE-1 a 1.0.0 [3.0.0] unknown  fixed\nGHSA-2 a 1.0.0 [3.0.0] unknown  fixed\n");
}
END_TEST

START_TEST(the_first_source_has_the_first_word)
{
	struct known_row one[] = { { "npm::", "a", { .id = "CVE-1", .ranged = true, .vulnerable = texts("<1.0.0", NULL) } },
				   { "npm::", "a", { .id = "CVE-2", .ranged = true, .vulnerable = texts("<2.0.0", NULL) } },
				   { 0 } };
	struct known_row two[] = { { "npm::", "a", { .id = "CVE-1", .ranged = true, .vulnerable = texts("<9.0.0", NULL) } },
				   { "npm::", "a", { .id = "CVE-2", .ranged = true, .vulnerable = texts("<9.0.0", NULL) } },
				   { "npm::", "a", { .id = "CVE-3", .ranged = true, .vulnerable = texts("<9.0.0", NULL) } },
				   { 0 } };
	struct table_source other = { .known = two };
	struct advisory_source second = table_open(&other);
	struct advisory_source *const both[] = { &source, &second, NULL };

	add_package(&arena, list("npm", "package-lock.json"), "a", "1.5.0");
	table.known = one;
	options.sources = both;
	ck_assert_str_eq(matched(), "CVE-2 a 1.5.0 [2.0.0] unknown  fixed\nCVE-3 a 1.5.0 [9.0.0] unknown  fixed\n");
}
END_TEST

START_TEST(severity_is_the_vendors_first)
{
	static const struct detail_row details[] = {
		{ "CVE-1",
		  { .severity = SEVERITY_CRITICAL,
		    .vendors = { { "nvd", SEVERITY_HIGH }, { "ghsa", SEVERITY_LOW } },
		    .vendor_count = 2,
		    .title = "one" } },
		{ "CVE-2",
		  { .severity = SEVERITY_CRITICAL,
		    .vendors = { { "nvd", SEVERITY_HIGH }, { "redhat", SEVERITY_LOW } },
		    .vendor_count = 2 } },
		{ "CVE-3", { .severity = SEVERITY_CRITICAL, .vendors = { { "redhat", SEVERITY_LOW } }, .vendor_count = 1 } },
		{ "GHSA-4",
		  { .severity = SEVERITY_CRITICAL,
		    .vendors = { { "ghsa", SEVERITY_MEDIUM }, { "nvd", SEVERITY_LOW } },
		    .vendor_count = 2 } },
		{ 0 },
	};
	struct known_row rows[6] = { 0 };
	static const char *const ids[] = { "CVE-1", "CVE-2", "CVE-3", "GHSA-4", "CVE-5" };

	for (int i = 0; i < 5; i++)
		rows[i] = (struct known_row){ "npm::",
					      "a",
					      { .id = ids[i],
						.ranged = true,
						.vulnerable = texts("<2.0.0", NULL),
						.source_id = i == 3 ? "osv" : "ghsa",
						.severity = i == 4 ? SEVERITY_MEDIUM : SEVERITY_UNKNOWN } };
	add_package(&arena, list("npm", "package-lock.json"), "a", "1.0.0");
	table.known = rows;
	table.details = details;
	ck_assert_str_eq(matched(), "CVE-3 a 1.0.0 [2.0.0] critical  fixed\n"
				    "CVE-2 a 1.0.0 [2.0.0] high nvd fixed\n"
				    "CVE-5 a 1.0.0 [2.0.0] medium ghsa fixed\n"
				    "GHSA-4 a 1.0.0 [2.0.0] medium ghsa fixed\n"
				    "CVE-1 a 1.0.0 [2.0.0] low ghsa fixed\n");
	ck_assert_str_eq(report.results.items[0].findings.items[4].title, "one");
}
END_TEST

START_TEST(links_are_those_of_trivy)
{
	static const struct {
		const char *id, *source, *references, *url;
	} cases[] = {
		{ "CVE-2020-1", "debian", "", "https://avd.aquasec.com/nvd/cve-2020-1" },
		{ "GHSA-aB", "ghsa", "", "https://github.com/advisories/GHSA-aB" },
		{ "RUSTSEC-1", "osv", "", "https://osv.dev/vulnerability/RUSTSEC-1" },
		{ "TEMP-1", "debian", "", "https://security-tracker.debian.org/tracker/TEMP-1" },
		{ "DLA-1", "debian", "https://x.y\nhttps://www.debian.org/lts/1\n", "https://www.debian.org/lts/1" },
		{ "OTHER-1", "ghsa", "https://x.y", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct known_row rows[] = { { "npm::",
					      "a",
					      { .id = cases[i].id,
						.ranged = true,
						.vulnerable = texts("<2.0.0", NULL),
						.source_id = cases[i].source } },
					    { 0 } };
		struct detail_row details[] = { { cases[i].id, { .references = cases[i].references } }, { 0 } };

		setup();
		add_package(&arena, list("npm", "package-lock.json"), "a", "1.0.0");
		table.known = rows;
		table.details = details;
		matched();
		ck_assert_str_eq(report.results.items[0].findings.items[0].url, cases[i].url);
	}
}
END_TEST

/* ---- results ---- */

START_TEST(results_stand_in_trivys_order_and_empty_ones_stay)
{
	struct package_list *zoo = list("npm", "z/package-lock.json"), *gem;

	list("npm", "a/package-lock.json");
	gem = list("gemspec", "usr/lib/a.gemspec");
	add_package(&arena, list("gemspec", "usr/lib/b.gemspec"), "b", "1.0");
	add_package(&arena, gem, "a", "1.0");
	add_package(&arena, zoo, "a", "1.0.0");
	add_package(&arena, os_list("debian", "12"), "bash", "1");
	lists[count++] = list_of(&arena, NULL, PACKAGE_LANGUAGE, "go.sum");
	table.known = debian;
	matched();
	ck_assert_uint_eq(report.results.count, 4);
	ck_assert_str_eq(report.results.items[0].target, "image.tar (debian 12)");
	ck_assert_str_eq(report.results.items[1].target, "Ruby");
	ck_assert_uint_eq(report.results.items[1].packages->packages.count, 2);
	ck_assert_str_eq(report.results.items[1].packages->packages.items[0].path, "usr/lib/a.gemspec");
	ck_assert_str_eq(report.results.items[2].target, "a/package-lock.json");
	ck_assert_str_eq(report.results.items[3].target, "z/package-lock.json");
	ck_assert_str_eq(report.results.items[3].class, "lang-pkgs");
}
END_TEST

START_TEST(the_same_is_looked_up_once)
{
	struct known_row rows[] = { { "npm::", "a", { .id = "CVE-1", .ranged = true, .vulnerable = texts("<2.0.0", NULL) } },
				    { 0 } };

	for (int i = 0; i < 5; i++) {
		struct package_list *l = list(i % 2 ? "npm" : "yarn", arena_printf(&arena, "%d/lock", i));

		add_package(&arena, l, "a", "1.0.0");
		add_package(&arena, l, "b", "1.0.0");
	}
	table.known = rows;
	matched();
	ck_assert_uint_eq(table.look_ups, 2);
	ck_assert_uint_eq(table.asked, 1);
}
END_TEST

START_TEST(two_architectures_of_one_package_are_one_finding)
{
	struct package_list *l = os_list("debian", "12");

	add_package(&arena, l, "bash", "5.1-2")->arch = "amd64";
	add_package(&arena, l, "bash", "5.1-2")->arch = "i386";
	table.known = debian;
	ck_assert_str_eq(matched(), "CVE-4 bash 5.1-2 [] unknown  will_not_fix\nTEMP-1 bash 5.1-2 [5.2-1] unknown  fixed\n");
}
END_TEST

START_TEST(a_source_that_fails_ends_the_match)
{
	pipe_error err = { 0 };

	add_package(&arena, os_list("debian", "12"), "bash", "5.1-2");
	table.known = debian;
	table.fails = PIPE_EPIPELINE;
	ck_assert_int_eq(scan_match(&report, lists, count, &options, &err), PIPE_EPIPELINE);
}
END_TEST

START_TEST(a_cancelled_match_ends)
{
	pipe_error err = { 0 };
	atomic_bool cancel = true;

	add_package(&arena, os_list("debian", "12"), "bash", "5.1-2");
	table.known = debian;
	options.cancel = &cancel;
	ck_assert_int_lt(scan_match(&report, lists, count, &options, &err), 0);
	ck_assert_str_eq(err.text, "cancelled");
}
END_TEST

/* Time is not measured: what is not linear does not end here. */
START_TEST(many_packages_take_linear_time)
{
	enum { MANY = 300000 };
	struct known_row rows[] = { { "npm::", "p7", { .id = "CVE-1", .ranged = true, .vulnerable = texts("<2.0.0", NULL) } },
				    { 0 } };
	struct package_list *l = list("npm", "package-lock.json");

	for (int i = 0; i < MANY; i++)
		add_package(&arena, l, arena_printf(&arena, "p%d", i), "1.0.0");
	table.known = rows;
	ck_assert_str_eq(matched(), "CVE-1 p7 1.0.0 [2.0.0] unknown  fixed\n");
	ck_assert_uint_eq(table.look_ups, MANY);
}
END_TEST

Suite *match_suite(void)
{
	Suite *s = suite_create("match");
	TCase *os = tcase_create("distributions"), *languages = tcase_create("languages"), *results = tcase_create("results");

	tcase_add_checked_fixture(os, setup, teardown);
	tcase_add_test(os, debian_is_compared_by_source_package_and_its_version);
	tcase_add_test(os, what_is_mended_is_no_finding);
	tcase_add_test(os, a_version_before_the_first_that_has_it_is_no_finding);
	tcase_add_test(os, several_files_of_one_distribution_are_one_result);
	tcase_add_test(os, rpm_is_compared_by_binary_package);
	tcase_add_test(os, packages_of_module_streams_are_not_called_clean);
	tcase_add_test(os, an_architecture_that_is_not_named_is_not_meant);
	tcase_add_test(os, builds_of_another_flavour_are_not_compared);
	tcase_add_test(os, of_several_errata_the_highest_version_counts);
	tcase_add_test(os, alpine_and_versions_that_nobody_understands);
	tcase_add_test(os, a_distribution_without_advisories_is_not_called_clean);
	tcase_add_test(os, the_end_of_a_distributions_support_is_warned_of);
	tcase_add_test(os, an_unknown_distribution_is_not_called_clean);
	suite_add_tcase(s, os);
	tcase_add_checked_fixture(languages, setup, teardown);
	tcase_add_test(languages, ranges_of_vulnerable_patched_and_unaffected_versions);
	tcase_add_test(languages, exact_versions_stand_beside_ranges);
	tcase_add_test(languages, names_are_looked_up_as_the_ecosystem_spells_them);
	tcase_add_test(languages, a_type_without_advisories_is_a_note_and_not_clean);
	tcase_add_test(languages, what_is_only_needed_for_development_is_left_out_unless_asked_for);
	suite_add_tcase(s, languages);
	tcase_add_checked_fixture(results, setup, teardown);
	tcase_set_timeout(results, 60);
	tcase_add_test(results, one_vulnerability_from_several_advisories_is_one_finding);
	tcase_add_test(results, the_first_source_has_the_first_word);
	tcase_add_test(results, severity_is_the_vendors_first);
	tcase_add_test(results, links_are_those_of_trivy);
	tcase_add_test(results, results_stand_in_trivys_order_and_empty_ones_stay);
	tcase_add_test(results, the_same_is_looked_up_once);
	tcase_add_test(results, two_architectures_of_one_package_are_one_finding);
	tcase_add_test(results, a_source_that_fails_ends_the_match);
	tcase_add_test(results, a_cancelled_match_ends);
	tcase_add_test(results, many_packages_take_linear_time);
	suite_add_tcase(s, results);
	return s;
}
