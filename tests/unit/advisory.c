/* Sources of advisories: bbolt files, Trivy's database, OSV records, and how ecosystems are called. */
#include "base/error.h"
#include "runner/scan/advisory/advisories.h"
#include "stages/scanner/advisory/bolt.h"
#include "stages/scanner/advisory/cvss.h"
#include "stages/scanner/advisory/ecosystem.h"
#include "stages/scanner/advisory/osv.h"
#include "stages/scanner/advisory/text.h"
#include "stages/scanner/package/package.h"
#include "tests/unit/bolt_fixture.h"
#include "tests/unit/scratch.h"
#include <sys/mman.h>

Suite *advisory_suite(void);

static pipe_error err;
static struct arena arena;
static struct scratch scratch;

static void set_up(void)
{
	memset(&err, 0, sizeof(err));
	arena = (struct arena)ARENA_INIT;
	scratch_make(&scratch);
}

static void tear_down(void)
{
	arena_clear(&arena);
	scratch_remove(&scratch);
}

/* ---- bbolt ---- */

enum { NAMES = 300 };
static char names[NAMES][16];
static unsigned name_count;

static void make_names(struct bolt_file *f, uint32_t page_size, unsigned fanout, unsigned count)
{
	static struct bolt_put puts[NAMES * 2];

	name_count = count;
	for (unsigned i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "name-%05u", i * 7);
		puts[2 * i] = (struct bolt_put){ { "flat", names[i], NULL }, names[i] + 5 };
		puts[2 * i + 1] = (struct bolt_put){ { "nested", names[i], "key", NULL }, names[i] };
	}
	bolt_make(f, puts, count * 2, page_size, fanout);
}

static bool text_is(struct bolt_text t, const char *expected)
{
	return t.length == strlen(expected) && !memcmp(t.bytes, expected, t.length);
}

static int find(const struct bolt *db, const char *bucket, const char *key, struct bolt_text *value)
{
	struct bolt_bucket root, b;
	int found;

	bolt_root(db, &root);
	found = bolt_find_bucket(&root, bucket, strlen(bucket), &b, &err);
	return found > 0 ? bolt_find_value(&b, key, strlen(key), value, &err) : found;
}

static int find_nested(const struct bolt *db, const char *name, struct bolt_text *value)
{
	struct bolt_bucket root, b, inner;
	int found;

	bolt_root(db, &root);
	found = bolt_find_bucket(&root, "nested", 6, &b, &err);
	if (found > 0)
		found = bolt_find_bucket(&b, name, strlen(name), &inner, &err);
	return found > 0 ? bolt_find_value(&inner, "key", 3, value, &err) : found;
}

START_TEST(bolt_finds_what_is_there_and_nothing_else)
{
	static const struct {
		uint32_t page_size;
		unsigned fanout;
	} shapes[] = { { 1024, 2 }, { 1024, 20 }, { 4096, 3 }, { 4096, 100 }, { 16384, 300 } };
	const unsigned i = (unsigned)_i;
	struct bolt_file f;
	struct bolt_text value;
	struct bolt db;

	make_names(&f, shapes[i].page_size, shapes[i].fanout, NAMES);
	ck_ok(bolt_open(&db, f.bytes, f.length, &arena, &err));
	ck_assert_uint_eq(db.page_size, shapes[i].page_size);
	for (unsigned k = 0; k < NAMES; k++) {
		char absent[sizeof(names[0]) + 2];

		ck_assert_int_eq(find(&db, "flat", names[k], &value), 1);
		ck_assert(text_is(value, names[k] + 5));
		ck_assert_int_eq(find_nested(&db, names[k], &value), 1);
		ck_assert(text_is(value, names[k]));
		snprintf(absent, sizeof(absent), "%.15s!", names[k]);
		ck_assert_int_eq(find(&db, "flat", absent, &value), 0);
		ck_assert_int_eq(find_nested(&db, absent, &value), 0);
	}
	ck_assert_int_eq(find(&db, "flat", "", &value), 0);
	ck_assert_int_eq(find(&db, "flat", "a", &value), 0);
	ck_assert_int_eq(find(&db, "flat", "zzz", &value), 0);
	ck_assert_int_eq(find(&db, "fla", "name-00000", &value), 0);
	ck_assert_int_eq(find(&db, "nested", names[0], &value), PIPE_EPIPELINE); /* a bucket, not a value */
	free(f.bytes);
}
END_TEST

struct seen {
	unsigned count, stop_after;
	char last[32];
};

static int see(void *payload, const struct bolt_entry *entry, pipe_error *e)
{
	struct seen *s = payload;

	(void)e;
	snprintf(s->last, sizeof(s->last), "%.*s", (int)entry->key.length, entry->key.bytes);
	return ++s->count == s->stop_after ? 7 : PIPE_OK;
}

START_TEST(bolt_walks_a_prefix_in_order)
{
	struct seen s = { 0, 0, "" };
	struct bolt_bucket root, flat;
	struct bolt_file f;
	struct bolt db;

	make_names(&f, 1024, 3, NAMES);
	ck_ok(bolt_open(&db, f.bytes, f.length, &arena, &err));
	bolt_root(&db, &root);
	ck_assert_int_eq(bolt_find_bucket(&root, "flat", 4, &flat, &err), 1);
	ck_ok(bolt_each(&flat, "", 0, see, &s, &err));
	ck_assert_uint_eq(s.count, NAMES);
	ck_assert_str_eq(s.last, names[NAMES - 1]);
	s = (struct seen){ 0, 0, "" };
	ck_ok(bolt_each(&flat, "name-001", 8, see, &s, &err)); /* 105, 112 ... 196 */
	ck_assert_uint_eq(s.count, 14);
	ck_assert_str_eq(s.last, "name-00196");
	s = (struct seen){ 0, 5, "" };
	ck_assert_int_eq(bolt_each(&flat, "name-", 5, see, &s, &err), 7);
	ck_assert_uint_eq(s.count, 5);
	s = (struct seen){ 0, 0, "" };
	ck_ok(bolt_each(&flat, "x", 1, see, &s, &err));
	ck_assert_uint_eq(s.count, 0);
	free(f.bytes);
}
END_TEST

START_TEST(bolt_reads_values_of_many_pages_and_empty_buckets)
{
	static char large[10000];
	struct bolt_put puts[] = { { { "b", "large", NULL }, large },
				   { { "b", "small", NULL }, "s" },
				   { { "b", "void", NULL }, "" } };
	struct bolt_file f, none;
	struct bolt_text value;
	struct seen s = { 0, 0, "" };
	struct bolt_bucket root;
	struct bolt db;

	memset(large, 'x', sizeof(large) - 1);
	bolt_make(&f, puts, 3, 4096, 100);
	ck_ok(bolt_open(&db, f.bytes, f.length, &arena, &err));
	ck_assert_uint_eq(bolt_touched(&db), 0);
	ck_assert_int_eq(find(&db, "b", "large", &value), 1);
	ck_assert_uint_gt(bolt_touched(&db), 0);
	ck_assert_uint_le(bolt_touched(&db), f.length + BOLT_WINDOW);
	ck_assert(text_is(value, large));
	bolt_forget(&db);
	ck_assert_uint_eq(bolt_touched(&db), 0);
	ck_assert_int_eq(find(&db, "b", "small", &value), 1);
	ck_assert_uint_gt(bolt_touched(&db), 0);
	ck_assert_int_eq(find(&db, "b", "void", &value), 1);
	ck_assert_uint_eq(value.length, 0);
	bolt_make(&none, NULL, 0, 4096, 10);
	ck_ok(bolt_open(&db, none.bytes, none.length, &arena, &err));
	bolt_root(&db, &root);
	ck_ok(bolt_each(&root, "", 0, see, &s, &err));
	ck_assert_uint_eq(s.count, 0);
	ck_assert_int_eq(find(&db, "b", "large", &value), 0);
	free(f.bytes);
	free(none.bytes);
}
END_TEST

/* Of the two first pages the one with the higher transaction counts; a commit that was cut off leaves the other. */
START_TEST(bolt_takes_the_newest_state_that_is_whole)
{
	struct bolt_put puts[] = { { { "b", "k", NULL }, "v" } };
	struct bolt_text value;
	struct bolt_file f;
	struct bolt db;
	uint8_t *newest, *older;

	bolt_make(&f, puts, 1, 4096, 10);
	older = f.bytes + 16;
	newest = f.bytes + 4096 + 16;
	bolt_number(older + 16, 2, 8); /* the root of the older one is no bucket */
	bolt_sign_meta(older);
	ck_ok(bolt_open(&db, f.bytes, f.length, &arena, &err));
	ck_assert_int_eq(find(&db, "b", "k", &value), 1);
	newest[20] ^= 1;
	ck_ok(bolt_open(&db, f.bytes, f.length, &arena, &err));
	ck_assert_int_eq(find(&db, "b", "k", &value), PIPE_EPIPELINE);
	newest[20] ^= 1;
	older[0] ^= 1; /* the first page is gone: the second is found all the same */
	ck_ok(bolt_open(&db, f.bytes, f.length, &arena, &err));
	ck_assert_int_eq(find(&db, "b", "k", &value), 1);
	newest[60] ^= 1;
	ck_assert_int_eq(bolt_open(&db, f.bytes, f.length, &arena, &err), PIPE_EPIPELINE);
	free(f.bytes);
}
END_TEST

START_TEST(bolt_refuses_a_file_that_is_cut_short)
{
	struct bolt_file f;
	struct bolt db;

	make_names(&f, 1024, 20, NAMES);
	for (size_t length = 0; length < f.length; length += length < 3000 ? 1 : 511) {
		uint8_t *copy = malloc(length + 1); /* so that the sanitizer sees what is read behind it */

		memcpy(copy, f.bytes, length);
		copy = realloc(copy, length ? length : 1);
		ck_assert_int_eq(bolt_open(&db, copy, length, &arena, &err), PIPE_EPIPELINE);
		ck_assert_str_ne(err.text, "");
		free(copy);
	}
	free(f.bytes);
}
END_TEST

/* Everything that can be looked up: 0 right, negative an error, 1 a wrong answer. */
static int look_at_all(const struct bolt *db)
{
	struct seen s = { 0, 0, "" };
	struct bolt_bucket root, flat;
	struct bolt_text value;
	int rc = 0;

	bolt_root(db, &root);
	for (unsigned k = 0; k < name_count && !rc; k += 3) {
		int found = find(db, "flat", names[k], &value);

		rc = found < 0 ? found : !found || !text_is(value, names[k] + 5);
		if (rc)
			break;
		found = find_nested(db, names[k], &value);
		rc = found < 0 ? found : !found || !text_is(value, names[k]);
	}
	if (!rc && bolt_find_bucket(&root, "flat", 4, &flat, &err) > 0) {
		rc = bolt_each(&flat, "", 0, see, &s, &err);
		rc = rc ? rc : s.count != name_count;
	}
	return rc;
}

/* Is the byte part of what a checksum or a rule guards: the head of a page, or its table of elements?  Only the lengths of the last
 * element have nothing behind them that they would have to fit. */
static bool is_structure(const struct bolt_file *f, size_t at)
{
	size_t id = 3, in, end, lengths;
	const uint8_t *page;

	if (at < 3 * (size_t)f->page_size)
		return true;
	for (;; id += 1 + (size_t)page[12]) { /* with the pages over which it goes on */
		page = f->bytes + id * f->page_size;
		if (at < (id + 1 + page[12]) * f->page_size)
			break;
	}
	in = at - id * f->page_size;
	end = 16 + 16 * (size_t)(page[10] | page[11] << 8);
	lengths = page[8] == 1 ? 4 : 8;
	return in < end && (in < end - 16 + lengths || (page[8] == 1 && in >= end - 8));
}

START_TEST(bolt_with_any_byte_changed_is_right_or_refused)
{
	static const uint8_t changes[] = { 0x01, 0x80, 0xff, 0x10 };
	unsigned refused = 0, wrong = 0;
	struct bolt_file f;

	make_names(&f, 1024, 7, 80);
	for (size_t at = 0; at < f.length; at++) {
		uint8_t before = f.bytes[at];
		bool structure = is_structure(&f, at);
		struct arena a = ARENA_INIT;
		struct bolt db;
		int rc;

		f.bytes[at] ^= changes[at % 4];
		rc = bolt_open(&db, f.bytes, f.length, &a, &err);
		if (!rc)
			rc = look_at_all(&db);
		f.bytes[at] = before;
		arena_clear(&a);
		ck_assert_msg(rc == 0 || rc == 1 || rc == PIPE_EPIPELINE, "byte %zu: %d", at, rc);
		ck_assert_msg(!structure || rc != 1, "byte %zu of page %zu (at %zu): a wrong answer", at, at / f.page_size,
			      at % f.page_size);
		refused += rc < 0;
		wrong += rc == 1;
	}
	ck_assert_uint_gt(refused, 1000);
	ck_assert_uint_gt(wrong, 100); /* letters of keys and values: the test does look */
	free(f.bytes);
}
END_TEST

START_TEST(bolt_does_not_go_round_in_circles)
{
	struct bolt_file f;
	struct bolt db;
	unsigned refused = 0;

	make_names(&f, 1024, 2, NAMES);
	/* each branch's first child in turn becomes the page itself, or the root */
	for (size_t id = 3; id < f.length / f.page_size; id++) {
		uint8_t *page = f.bytes + id * f.page_size;

		if (page[8] != 1)
			continue;
		for (unsigned k = 0; k < 2; k++) {
			uint8_t before[8];
			struct arena a = ARENA_INIT;

			memcpy(before, page + 24, 8);
			bolt_number(page + 24, k ? id : f.length / f.page_size - 1, 8);
			ck_ok(bolt_open(&db, f.bytes, f.length, &a, &err));
			refused += look_at_all(&db) == PIPE_EPIPELINE;
			memcpy(page + 24, before, 8);
			arena_clear(&a);
		}
	}
	ck_assert_uint_gt(refused, 50);
	free(f.bytes);
}
END_TEST

/* ---- Trivy's database ---- */

#define METADATA "{\"Version\":2,\"NextUpdate\":\"2099-01-01T00:00:00Z\",\"UpdatedAt\":\"2026-01-02T03:04:05.678901Z\"}"

static struct bolt_put trivy_puts[] = {
	{ { "data-source", "debian 12", NULL },
	  "{\"ID\":\"debian\",\"Name\":\"Debian Security Tracker\",\"URL\":\"https://d\"}" },
	{ { "data-source", "npm::GitHub", NULL },
	  "{\"ID\":\"ghsa\",\"Name\":\"GitHub Security Advisory npm\",\"URL\":\"https://g\"}" },
	{ { "debian 12", "openssl", "CVE-2024-1", NULL },
	  "{\"FixedVersion\":\"1.1.1-2\",\"VendorIDs\":[\"DSA-1-1\",\"DSA-2-1\"],\"Severity\":1.0}" },
	{ { "debian 12", "openssl", "CVE-2024-2", NULL }, "{\"Status\":7}" },
	{ { "npm::GitHub", "lodash", "CVE-2019-10744", NULL },
	  "{\"PatchedVersions\":[\"4.17.12\"],\"VulnerableVersions\":[\"< 4.17.12\"]}" },
	{ { "npm::GitHub", "lodash", "CVE-2020-8203", NULL }, "{\"VulnerableVersions\":[\">= 3.7.0, < 4.17.19\"]}" },
	{ { "npm::Node", "lodash", "CVE-2019-10744", NULL },
	  "{\"PatchedVersions\":[\"4.17.13\",\"4.17.13\",\"5.0.0\"],\"VulnerableVersions\":[\"< 4.17.13\"],\"UnaffectedVersions\":[\"1\"]}" },
	{ { "rocky 8", "bash", "CVE-3", NULL },
	  "{\"FixedVersion\":\"1\",\"Entries\":[{\"FixedVersion\":\"2\",\"Arches\":[\"x86_64\",\"aarch64\"]},{\"FixedVersion\":\"3\"}]}" },
	{ { "rocky 8", "old", "CVE-4", NULL }, "{\"FixedVersion\":\"7\"}" },
	{ { "alpine 3.18", "busybox", "CVE-5", NULL }, "{\"FixedVersion\":\"1.36-r1\",\"AffectedVersion\":\"1.30-r0\"}" },
	{ { "Red Hat", "curl", "RHSA-2024:1", NULL },
	  "{\"Entries\":[{\"FixedVersion\":\"0:7-1.el8\",\"Affected\":[4,5],\"Arches\":[\"x86_64\"],"
	  "\"Cves\":[{\"ID\":\"CVE-6\",\"Severity\":3},{\"ID\":\"CVE-7\"}]},"
	  "{\"FixedVersion\":\"0:9-1.el7\",\"Affected\":[9],\"Cves\":[{\"ID\":\"CVE-6\"}]}]}" },
	{ { "Red Hat", "curl", "CVE-8", NULL }, "{\"Entries\":[{\"Affected\":[5],\"Status\":5,\"Cves\":[{\"Severity\":1}]}]}" },
	{ { "Red Hat CPE", "repository", "rhel-8-for-x86_64-baseos-rpms", NULL }, "[1,5]" },
	{ { "vulnerability", "CVE-2024-1", NULL },
	  "{\"Title\":\"t\",\"Description\":\"d\",\"Severity\":\"HIGH\",\"VendorSeverity\":{\"nvd\":4,\"debian\":1},\"CweIDs\":[\"CWE-1\","
	  "\"CWE-2\"],\"References\":[\"https://a\",\"https://b\"],\"CVSS\":{\"nvd\":{\"V3Score\":7.5}},"
	  "\"PublishedDate\":\"2024-01-01T00:00:00Z\"}" },
	{ { "wolfi", "broken", "CVE-9", NULL }, "{\"FixedVersion\":" },
	{ { "empty::", "x", NULL }, "{}" },
};
enum { TRIVY_PUTS = sizeof(trivy_puts) / sizeof(*trivy_puts) };

static void write_database(const char *directory, struct bolt_put *puts, size_t count, const char *metadata)
{
	struct bolt_file f;
	char name[64];

	bolt_make(&f, puts, count, 4096, 5);
	snprintf(name, sizeof(name), "%s/trivy.db", directory);
	scratch_bytes(&scratch, name, f.bytes, f.length);
	free(f.bytes);
	if (!metadata)
		return;
	snprintf(name, sizeof(name), "%s/metadata.json", directory);
	scratch_file(&scratch, name, metadata);
}

/* Without the last two, which are broken on purpose. */
static void open_trivy(struct advisory_source *source)
{
	static struct bolt_put puts[TRIVY_PUTS];

	memcpy(puts, trivy_puts, sizeof(puts));
	write_database("trivy", puts, TRIVY_PUTS - 1, METADATA);
	ck_ok(trivy_db_open(source, scratch_path(&scratch, "trivy"), &err));
}

static struct str told;

static void tell_list(const char *name, const char *const *list)
{
	for (size_t i = 0; list && list[i]; i++)
		str_printf(&told, "%s%s", i ? "|" : name, list[i]);
}

static int tell(void *context, const struct advisory *a)
{
	(void)context;
	str_printf(&told, "%s", a->id);
	if (*a->vendor_id)
		str_printf(&told, " (%s)", a->vendor_id);
	if (*a->affected_from)
		str_printf(&told, " from %s", a->affected_from);
	if (*a->fixed_below)
		str_printf(&told, " below %s", a->fixed_below);
	if (strcmp(a->fixed, a->fixed_below))
		str_printf(&told, " fixed %s", a->fixed);
	tell_list(" in ", a->vulnerable);
	tell_list(" patched ", a->patched);
	tell_list(" unaffected ", a->unaffected);
	tell_list(" versions ", a->versions);
	tell_list(" on ", a->arches);
	if (*a->status)
		str_printf(&told, " %s", a->status);
	if (a->severity)
		str_printf(&told, " %s", severity_name(a->severity));
	ck_assert_int_eq(a->ranged, a->vulnerable || a->patched || a->versions);
	if (*a->source_id)
		str_printf(&told, " by %s", a->source_id);
	str_adds(&told, "\n");
	return PIPE_OK;
}

static int look_up(struct advisory_source *source, const char *bucket, const char *osv, const char *package)
{
	const struct ecosystem e = { bucket, osv, "" };

	str_reset(&told);
	return source->look_up(source->payload, &e, package, &arena, tell, NULL, &err);
}

START_TEST(trivy_says_what_a_package_has)
{
	static const struct {
		const char *bucket, *package, *expected;
	} cases[] = {
		{ "debian 12", "openssl",
		  "CVE-2024-1 (DSA-1-1, DSA-2-1) below 1.1.1-2 low by debian\nCVE-2024-2 end_of_life by debian\n" },
		{ "debian 12", "openss", "" },
		{ "debian 1", "openssl", "" },
		{ "debian 11", "openssl", "" },
		{ "", "openssl", "" },
		/* of two sources of an ecosystem the later one has the last word */
		{ "npm::", "lodash",
		  "CVE-2019-10744 fixed 4.17.13, 5.0.0 in < 4.17.13 patched 4.17.13|4.17.13|5.0.0 unaffected 1\n"
		  "CVE-2020-8203 in >= 3.7.0, < 4.17.19 by ghsa\n" },
		{ "pip::", "lodash", "" },
		/* an entry without architectures is for none */
		{ "rocky 8", "bash", "CVE-3 below 2 on x86_64|aarch64\n" },
		{ "rocky 8", "old", "CVE-4 below 7\n" },
		{ "alpine 3.18", "busybox", "CVE-5 from 1.30-r0 below 1.36-r1\n" },
		/* only what concerns the products of the release */
		{ "Red Hat 8", "curl",
		  "CVE-8 will_not_fix low\nCVE-6 (RHSA-2024:1) below 0:7-1.el8 on x86_64 high\nCVE-7 (RHSA-2024:1) below 0:7-1.el8 on x86_64\n" },
		{ "Red Hat 7", "curl", "" },
	};
	struct advisory_source source;

	open_trivy(&source);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_ok(look_up(&source, cases[i].bucket, "", cases[i].package));
		ck_assert_str_eq(told.data, cases[i].expected);
		ck_ok(look_up(&source, cases[i].bucket, "",
			      cases[i].package)); /* what was kept of the first time is right, too */
		ck_assert_str_eq(told.data, cases[i].expected);
	}
	ck_assert_int_eq(look_up(&source, "wolfi", "", "broken"), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(err.text, "CVE-9"));
	source.close(source.payload);
}
END_TEST

START_TEST(trivy_knows_what_it_covers_and_how_old_it_is)
{
	static const struct {
		const char *bucket;
		bool covered;
	} cases[] = { { "debian 12", true }, { "debian 11", false }, { "npm::", true },	  { "pip::", false },
		      { "Red Hat 8", true }, { "Red Hat 9", false }, { "rocky 8", true }, { "", false } };
	struct advisory_source source;

	open_trivy(&source);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(source.covers(source.payload, &(struct ecosystem){ cases[i].bucket, "", "" }) == cases[i].covered,
			      "%s", cases[i].bucket);
	ck_assert_int_eq(source.updated_ms, 1767323045678);
	ck_assert_str_eq(source.path, scratch_path(&scratch, "trivy"));
	source.close(source.payload);
}
END_TEST

START_TEST(trivy_details)
{
	struct advisory_source source;
	struct advisory_details d;

	open_trivy(&source);
	ck_ok(source.details(source.payload, "CVE-2024-1", &arena, &d, &err));
	ck_assert_str_eq(d.title, "t");
	ck_assert_str_eq(d.description, "d");
	ck_assert_uint_eq(d.severity, SEVERITY_HIGH);
	ck_assert_uint_eq(d.vendor_count, 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_eq(d.vendors[i].severity, strcmp(d.vendors[i].source, "nvd") ? SEVERITY_LOW : SEVERITY_CRITICAL);
	ck_assert_str_eq(d.cwes, "CWE-1, CWE-2");
	ck_assert_str_eq(d.references, "https://a\nhttps://b");
	ck_assert_str_eq(d.cvss, "{\"nvd\":{\"V3Score\":7.5}}");
	ck_assert_str_eq(d.published, "2024-01-01T00:00:00Z");
	ck_assert_str_eq(d.modified, "");
	ck_assert_int_eq(source.details(source.payload, "CVE-2024-9", &arena, &d, &err), PIPE_ENOTFOUND);
	source.close(source.payload);
}
END_TEST

/* The file alone, its directory, the directory above it, Trivy's own cache. */
START_TEST(trivy_is_found_where_it_lies)
{
	static const char *const paths[] = { "all/trivy/trivy.db", "all/trivy", "all", "cache" };
	struct bolt_put puts[] = { { { "debian 12", "p", "CVE-1", NULL }, "{}" } };
	struct advisory_source source;

	write_database("all/trivy", puts, 1, METADATA);
	write_database("cache/db", puts, 1, NULL);
	for (size_t i = 0; i < 4; i++) {
		ck_ok(trivy_db_open(&source, scratch_path(&scratch, paths[i]), &err));
		ck_assert_int_eq(source.updated_ms > 0, i < 3);
		source.close(source.payload);
	}
}
END_TEST

static void refused(const char *path, int code, const char *why, const char *way_out)
{
	struct advisory_source source;
	int rc;

	memset(&err, 0, sizeof(err));
	rc = trivy_db_open(&source, scratch_path(&scratch, path), &err);
	ck_assert_msg(rc == code, "%s: %d, not %d: %s", path, rc, code, err.text);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s: \"%s\" does not say \"%s\"", path, err.text, why);
	ck_assert_msg(strstr(err.text, way_out) != NULL, "%s: \"%s\" does not say \"%s\"", path, err.text, way_out);
}

START_TEST(trivy_refuses_what_is_no_database)
{
	static struct bolt_put none[] = { { { "data-source", "debian 12", NULL }, "{}" },
					  { { "vulnerability", "CVE-1", NULL }, "{\"Title\":\"t\"}" } };
	struct bolt_put one[] = { { { "debian 12", "p", "CVE-1", NULL }, "{}" } };

	refused("nowhere", PIPE_ENOTFOUND, "there is no database", "pipe advisories update");
	scratch_file(&scratch, "empty/trivy.db", "");
	refused("empty", PIPE_EPIPELINE, "empty file", "pipe advisories update");
	scratch_file(&scratch, "text/trivy.db",
		     "this is not a database, however long it may be: it only says so.............................");
	refused("text", PIPE_EPIPELINE, "not a bbolt database", "pipe advisories update");
	write_database("none", none, 2, METADATA);
	refused("none", PIPE_EPIPELINE, "not one advisory", "pipe advisories update");
	write_database("three", one, 1, "{\"Version\":3}");
	refused("three", PIPE_EPIPELINE, "schema version 3", "pipe advisories update");
	write_database("json", one, 1, "{\"Version\":");
	refused("json", PIPE_EPIPELINE, "not JSON", "pipe advisories update");
	write_database("short", one, 1, METADATA);
	ck_assert_int_eq(truncate(scratch_path(&scratch, "short/trivy.db"), 5000), 0);
	refused("short", PIPE_EPIPELINE, "cut short", "pipe advisories update");
	scratch_dir(&scratch, "void");
	refused("void", PIPE_ENOTFOUND, "there is no database", "pipe advisories update");
}
END_TEST

START_TEST(trivy_survives_what_happens_to_its_file)
{
	struct bolt_put puts[] = { { { "debian 12", "new", "CVE-1", NULL }, "{}" } };
	struct advisory_source source;

	open_trivy(&source);
	/* as an update does: the old one lives on */
	write_database("other", puts, 1, METADATA);
	ck_assert_int_eq(rename(scratch_path(&scratch, "other/trivy.db"), scratch_path(&scratch, "trivy/trivy.db")), 0);
	ck_ok(look_up(&source, "debian 12", "", "openssl"));
	ck_assert_uint_gt(told.length, 0);
	source.close(source.payload);
	/* as nobody should: said, and survived */
	ck_ok(trivy_db_open(&source, scratch_path(&scratch, "trivy"), &err));
	ck_assert_int_eq(truncate(scratch_path(&scratch, "trivy/trivy.db"), 100), 0);
	ck_assert_int_eq(look_up(&source, "debian 12", "", "new"), PIPE_EPIPELINE);
	ck_assert(!source.covers(source.payload, &(struct ecosystem){ "debian 12", "", "" }));
	source.close(source.payload);
}
END_TEST

/* ---- OSV ---- */

START_TEST(cvss_scores)
{
	static const struct {
		const char *vector;
		double score;
	} cases[] = {
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8 },
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10 },
		{ "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1 },
		{ "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H", 5.5 },
		{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:L", 3.7 },
		{ "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0 },
		{ "CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:C/C:H/I:N/A:N", 6 },
		{ "AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5 },
		{ "AV:L/AC:L/Au:N/C:N/I:N/A:P", 2.1 },
		{ "AV:N/AC:L/Au:N/C:C/I:C/A:C", 10 },
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P", 9.8 },
		{ "CVSS:3.1/AV:N/AC:L", -1 },
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", -1 },
		{ "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", -1 },
		{ "", -1 },
		{ "7.5", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(cvss_score(cases[i].vector) - cases[i].score < 0.001 &&
				      cases[i].score - cvss_score(cases[i].vector) < 0.001,
			      "%s: %f", cases[i].vector, cvss_score(cases[i].vector));
}
END_TEST

static void record(const char *name, const char *text)
{
	char path[200];

	snprintf(path, sizeof(path), "osv/%s.json", name);
	scratch_file(&scratch, path, text);
}

static int import(const char *from, struct osv_import *done)
{
	char database[512];

	snprintf(database, sizeof(database), "%s", scratch_path(&scratch, "data/osv.db"));
	return osv_db_import(database, scratch_path(&scratch, from), done, NULL, &err);
}

static void open_osv(struct advisory_source *source)
{
	ck_ok(osv_db_open(source, scratch_path(&scratch, "data/osv.db"), &err));
}

#define PACKAGE(ecosystem, name) "\"package\":{\"ecosystem\":\"" ecosystem "\",\"name\":\"" name "\"}"
#define EVENTS(type, events) "\"ranges\":[{\"type\":\"" type "\",\"events\":[" events "]}]"

/* One record with these events, as it comes back. */
START_TEST(osv_ranges)
{
	static const struct {
		const char *ecosystem, *affected, *expected;
	} cases[] = {
		{ "npm", EVENTS("SEMVER", "{\"introduced\":\"0\"},{\"fixed\":\"1.2.3\"}"), "X fixed 1.2.3 in <1.2.3 by osv\n" },
		{ "npm",
		  EVENTS("SEMVER",
			 "{\"introduced\":\"1.0.0\"},{\"fixed\":\"1.2.3\"},{\"introduced\":\"2.0.0\"},{\"last_affected\":\"2.5.0\"}"),
		  "X fixed 1.2.3 in >=1.0.0, <1.2.3|>=2.0.0, <=2.5.0 by osv\n" },
		/* written in any order */
		{ "npm",
		  EVENTS("SEMVER",
			 "{\"fixed\":\"1.10.0\"},{\"introduced\":\"2.0.0\"},{\"introduced\":\"1.9.0\"},{\"fixed\":\"2.0.1\"}"),
		  "X fixed 1.10.0, 2.0.1 in >=1.9.0, <1.10.0|>=2.0.0, <2.0.1 by osv\n" },
		{ "npm", EVENTS("SEMVER", "{\"introduced\":\"1.0.0\"}"), "X in >=1.0.0 by osv\n" },
		{ "npm", EVENTS("SEMVER", "{\"introduced\":\"0\"}"), "X in  by osv\n" },
		{ "npm", EVENTS("SEMVER", "{\"introduced\":\"0\"},{\"limit\":\"3.0.0\"}"), "X in <3.0.0 by osv\n" },
		{ "npm", EVENTS("SEMVER", "{\"introduced\":\"0\"},{\"limit\":\"*\"}"), "X in  by osv\n" },
		{ "npm", "\"versions\":[\"1.0.0\",\"1.0.1\"]", "X versions 1.0.0|1.0.1 by osv\n" },
		{ "npm", EVENTS("SEMVER", "{\"introduced\":\"0\"},{\"fixed\":\"1\"}") ",\"versions\":[\"2\"]",
		  "X fixed 1 in <1 versions 2 by osv\n" },
		{ "Debian:12", EVENTS("ECOSYSTEM", "{\"introduced\":\"0\"},{\"fixed\":\"1:2.3~rc1-1\"}"),
		  "X fixed 1:2.3~rc1-1 in <1:2.3~rc1-1 by osv\n" },
		/* commits and nothing at all are nothing to compare with */
		{ "npm", EVENTS("GIT", "{\"introduced\":\"0\"},{\"fixed\":\"0123456789\"}"), "" },
		{ "npm", "\"versions\":[]", "" },
		{ "npm", EVENTS("SEMVER", "{\"fixed\":\"1.0.0\"}"), "" },
	};
	char text[1000];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct osv_record r;
		bool is_record;

		snprintf(
			text, sizeof(text),
			"{\"id\":\"X\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"%s\",\"name\":\"p\"},%s}]}",
			cases[i].ecosystem, cases[i].affected);
		ck_ok(osv_record_read(text, strlen(text), &r, &is_record, &arena, &err));
		ck_assert(is_record);
		str_reset(&told);
		if (r.affected.count) {
			struct str body;

			str_init(&body);
			osv_affected_write(&r.affected.items[0], &body);
			ck_ok(osv_row_read(&(struct osv_row){ r.id, r.names, body.data, r.severity }, &arena, tell, NULL, &err));
			str_clear(&body);
		}
		ck_assert_str_eq(told.data, cases[i].expected);
		osv_record_clear(&r);
	}
}
END_TEST

START_TEST(osv_names_and_severities)
{
	static const struct {
		const char *more, *names;
		enum severity severity;
	} cases[] = {
		{ "\"aliases\":[]", "MAL-2\n", SEVERITY_UNKNOWN },
		{ "\"aliases\":[\"GHSA-x\",\"CVE-2024-2\",\"CVE-2024-1\"]", "CVE-2024-1\n", SEVERITY_UNKNOWN },
		{ "\"aliases\":[\"PYSEC-1\",\"GHSA-x\"]", "GHSA-x\n", SEVERITY_UNKNOWN },
		{ "\"aliases\":[\"A-1\"]", "A-1\n", SEVERITY_UNKNOWN },
		{ "\"upstream\":[\"CVE-2024-1\",\"USN-1\",\"CVE-2024-2\"]", "CVE-2024-1\nCVE-2024-2\n", SEVERITY_UNKNOWN },
		{ "\"aliases\":[\"CVE-2024-3\"],\"upstream\":[\"CVE-2024-1\"]", "CVE-2024-3\n", SEVERITY_UNKNOWN },
		{ "\"database_specific\":{\"severity\":\"MODERATE\"}", "MAL-2\n", SEVERITY_MEDIUM },
		{ "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}]", "MAL-2\n",
		  SEVERITY_CRITICAL },
		/* who wrote it has the word, then the newest vector that has a score */
		{ "\"database_specific\":{\"severity\":\"LOW\"},\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
		  "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}]",
		  "MAL-2\n", SEVERITY_LOW },
		{ "\"severity\":[{\"type\":\"CVSS_V2\",\"score\":\"AV:N/AC:L/Au:N/C:P/I:P/A:P\"},{\"type\":\"CVSS_V3\",\"score\":"
		  "\"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H\"}]",
		  "MAL-2\n", SEVERITY_MEDIUM },
		{ "\"severity\":[{\"type\":\"Ubuntu\",\"score\":\"negligible\"}]", "MAL-2\n", SEVERITY_LOW },
		{ "\"severity\":[{\"type\":\"CVSS_V4\",\"score\":\"CVSS:4.0/AV:N\"}]", "MAL-2\n", SEVERITY_UNKNOWN },
	};
	char text[1000];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct osv_record r;
		bool is_record;

		snprintf(text, sizeof(text), "{\"id\":\"MAL-2\",\"modified\":\"2024-01-01T00:00:00Z\",%s}", cases[i].more);
		ck_ok(osv_record_read(text, strlen(text), &r, &is_record, &arena, &err));
		ck_assert_str_eq(r.names, cases[i].names);
		ck_assert_msg(r.severity == cases[i].severity, "%s: %u", cases[i].more, r.severity);
		osv_record_clear(&r);
	}
}
END_TEST

START_TEST(osv_records_come_back)
{
	struct advisory_source source;
	struct advisory_details d;
	struct osv_import done;

	record("GHSA-1",
	       "{\"id\":\"GHSA-1\",\"modified\":\"2024-05-06T07:08:09Z\",\"published\":\"2024-01-01T00:00:00Z\",\"aliases\":[\"CVE-1\"],"
	       "\"summary\":\"s\",\"details\":\"d\",\"references\":[{\"type\":\"WEB\",\"url\":\"https://a\"}],"
	       "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}],"
	       "\"database_specific\":{\"severity\":\"HIGH\",\"cwe_ids\":[\"CWE-79\"]},"
	       "\"affected\":[{" PACKAGE("PyPI", "Zope.Interface__X") "," EVENTS("ECOSYSTEM", "{\"introduced\":\"0\"},{\"fixed\":\"2\"}") "},{" PACKAGE(
		       "Maven",
		       "org.A:b") "," EVENTS("ECOSYSTEM",
					     "{\"introduced\":\"1\"}") ",\"ecosystem_specific\":{\"severity\":\"low\"}}]}");
	record("sub/DSA-1",
	       "{\"id\":\"DSA-1\",\"modified\":\"2024-05-06T07:08:09Z\",\"upstream\":[\"CVE-2\",\"CVE-3\"],\"affected\":[{" PACKAGE(
		       "Debian:12", "curl") "," EVENTS("ECOSYSTEM", "{\"introduced\":\"0\"},{\"fixed\":\"7-1\"}") "}]}");
	record("GONE",
	       "{\"id\":\"GONE\",\"modified\":\"2024-05-06T07:08:09Z\",\"withdrawn\":\"2024-05-06T07:08:09Z\",\"affected\":[{" PACKAGE(
		       "npm", "x") ",\"versions\":[\"1\"]}]}");
	record("index", "[{\"id\":1}]");
	record("modules", "{\"modules\":[]}");
	scratch_file(&scratch, "osv/README.md", "no record");
	ck_ok(import("osv", &done));
	ck_assert_uint_eq(done.records, 3);
	ck_assert_uint_eq(done.withdrawn, 1);
	ck_assert_uint_eq(done.unusable, 2);
	open_osv(&source);
	ck_assert_uint_eq(source.advisories, 2);
	ck_assert_int_ge(source.updated_ms, 1714979289000);
	ck_ok(look_up(&source, "", "PyPI", "zope-interface-x"));
	ck_assert_str_eq(told.data, "CVE-1 (GHSA-1) fixed 2 in <2 high by ghsa\n");
	ck_ok(look_up(&source, "", "PyPI", "zope.interface_x"));
	ck_assert_uint_gt(told.length, 0);
	ck_ok(look_up(&source, "", "Maven", "org.a:b"));
	ck_assert_str_eq(told.data, "CVE-1 (GHSA-1) in >=1 low by ghsa\n");
	ck_ok(look_up(&source, "", "Debian:12", "curl"));
	ck_assert_str_eq(told.data, "CVE-2 (DSA-1) fixed 7-1 in <7-1 by osv\nCVE-3 (DSA-1) fixed 7-1 in <7-1 by osv\n");
	ck_ok(look_up(&source, "", "Debian:11", "curl"));
	ck_assert_str_eq(told.data, "");
	ck_ok(look_up(&source, "", "npm", "x"));
	ck_assert_str_eq(told.data, "");
	ck_assert(source.covers(source.payload, &(struct ecosystem){ "", "Debian:12", "" }));
	ck_assert(!source.covers(source.payload, &(struct ecosystem){ "", "npm", "" }));
	ck_assert(!source.covers(source.payload, &(struct ecosystem){ "", "", "" }));
	for (unsigned i = 0; i < 2; i++) { /* by either name */
		ck_ok(source.details(source.payload, i ? "CVE-1" : "GHSA-1", &arena, &d, &err));
		ck_assert_str_eq(d.title, "s");
		ck_assert_str_eq(d.cwes, "CWE-79");
		ck_assert_str_eq(d.references, "https://a");
		ck_assert_str_eq(d.aliases, "GHSA-1\nCVE-1\n");
		ck_assert_uint_eq(d.severity, SEVERITY_HIGH);
		ck_assert_ptr_nonnull(strstr(d.cvss, "\"V3Score\":9.8"));
	}
	ck_assert_int_eq(source.details(source.payload, "GONE", &arena, &d, &err), PIPE_ENOTFOUND);
	source.close(source.payload);
}
END_TEST

static void simple(const char *id, const char *more, const char *fixed)
{
	char text[600];

	snprintf(text, sizeof(text),
		 "{\"id\":\"%s\",\"modified\":\"2024-01-01T00:00:00Z\",%s\"affected\":[{" PACKAGE("npm",
												  "p") ",\"ranges\":[{\"type\":"
												       "\"SEMVER\",\"events\":[{"
												       "\"introduced\":\"0\"},{"
												       "\"fixed\":\"%s\"}]}]}]}",
		 id, more, fixed);
	record(id, text);
}

START_TEST(osv_import_replaces_and_removes)
{
	struct advisory_source source;
	struct osv_import done;

	simple("A", "", "1.0.0");
	simple("B", "", "2.0.0");
	ck_ok(import("osv", &done));
	simple("A", "", "1.0.1");
	simple("B", "\"withdrawn\":\"2024-01-01T00:00:00Z\",", "2.0.0");
	scratch_sh(&scratch, "python3 -m zipfile -c all.zip osv/");
	ck_ok(import("all.zip", &done));
	ck_assert_uint_eq(done.records, 2);
	ck_assert_uint_eq(done.withdrawn, 1);
	open_osv(&source);
	ck_ok(look_up(&source, "", "npm", "p"));
	ck_assert_str_eq(told.data, "A fixed 1.0.1 in <1.0.1 by osv\n");
	ck_assert_uint_eq(source.advisories, 1);
	source.close(source.payload);
}
END_TEST

START_TEST(osv_import_takes_all_or_nothing)
{
	static const struct {
		const char *text, *says;
	} broken[] = {
		{ "{\"id\":\"C\",\"modified\":", "not JSON" },
		{ "[1,2", "not JSON" },
		{ "{\"id\":\"C\",\"modified\":\"yesterday\"}", "yesterday" },
		{ "{\"id\":\"C\",\"modified\":\"2024-01-01T00:00:00Z\",\"affected\":{}}", "affected" },
		{ "{\"id\":7,\"modified\":\"2024-01-01T00:00:00Z\"}", "no `id`" },
		{ "", "not JSON" },
	};
	struct advisory_source source;
	struct osv_import done;

	simple("A", "", "1.0.0");
	ck_ok(import("osv", &done));
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		simple("A", "", "9.0.0");
		record("broken", broken[i].text);
		memset(&err, 0, sizeof(err));
		ck_assert_int_eq(import("osv", &done), PIPE_EPIPELINE);
		ck_assert_msg(strstr(err.text, broken[i].says) != NULL, "%s: %s", broken[i].text, err.text);
		ck_assert_msg(strstr(err.file, "broken.json") != NULL, "%s", err.file);
		scratch_sh(&scratch, "python3 -m zipfile -c all.zip osv/");
		ck_assert_int_eq(import("all.zip", &done), PIPE_EPIPELINE);
		ck_assert_msg(strstr(err.file, "broken.json") != NULL, "%s", err.file);
	}
	open_osv(&source);
	ck_ok(look_up(&source, "", "npm", "p"));
	ck_assert_str_eq(told.data, "A fixed 1.0.0 in <1.0.0 by osv\n");
	source.close(source.payload);
}
END_TEST

START_TEST(osv_refuses_what_is_not_there)
{
	struct advisory_source source;
	struct osv_import done;

	ck_assert_int_eq(osv_db_open(&source, scratch_path(&scratch, "data/osv.db"), &err), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "pipe advisories import"));
	ck_assert_int_eq(import("nowhere", &done), PIPE_ENOTFOUND);
	ck_assert(!scratch_has(&scratch, "data/osv.db"));
	scratch_dir(&scratch, "none");
	ck_assert_int_eq(import("none", &done), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(err.text, "no OSV record"));
	ck_assert_int_lt(osv_db_open(&source, scratch_path(&scratch, "data/osv.db"), &err), 0);
	scratch_file(&scratch, "text.zip", "not an archive");
	ck_assert_int_eq(import("text.zip", &done), PIPE_EPIPELINE);
	scratch_file(&scratch, "bad/osv.db",
		     "this is not SQLite, and it is long enough to be looked at as if it were: 0123456789 0123456789 0123");
	ck_assert_int_eq(osv_db_open(&source, scratch_path(&scratch, "bad/osv.db"), &err), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(err.text, "pipe advisories import"));
	ck_assert_ptr_null(strstr(err.text, "history"));
}
END_TEST

/* ---- ecosystems ---- */

START_TEST(ecosystems_by_distribution)
{
	static const struct {
		const char *family, *version, *bucket, *osv, *scheme;
	} cases[] = {
		{ "debian", "12.5", "debian 12", "Debian:12", "deb" },
		{ "debian", "", "", "", "" },
		{ "ubuntu", "22.04", "ubuntu 22.04", "Ubuntu:22.04:LTS", "deb" },
		{ "ubuntu", "23.10", "ubuntu 23.10", "Ubuntu:23.10", "deb" },
		{ "ubuntu", "18.04-ESM", "ubuntu 18.04-ESM", "Ubuntu:18.04:LTS", "deb" },
		{ "ubuntu", "22.04-ESM", "ubuntu 22.04", "Ubuntu:22.04:LTS", "deb" },
		{ "alpine", "3.18.4", "alpine 3.18", "Alpine:v3.18", "apk" },
		{ "alpine", "edge", "alpine edge", "Alpine:vedge", "apk" },
		{ "wolfi", "20230201", "wolfi", "Wolfi", "apk" },
		{ "redhat", "8.9", "Red Hat 8", "", "rpm" },
		{ "centos", "7.6.1810", "Red Hat 7", "", "rpm" },
		{ "rocky", "9.3", "rocky 9", "Rocky Linux:9", "rpm" },
		{ "alma", "8.5", "alma 8", "AlmaLinux:8", "rpm" },
		{ "oracle", "8.0", "Oracle Linux 8", "", "rpm" },
		{ "amazon", "2 (Karoo)", "amazon linux 2", "", "rpm" },
		{ "amazon", "2018.03", "amazon linux 1", "", "rpm" },
		{ "amazon", "2023.3.20240108", "amazon linux 2023", "", "rpm" },
		{ "azurelinux", "3.0.20240727", "Azure Linux 3.0", "Azure Linux:3", "rpm" },
		{ "cbl-mariner", "2.0.20221010", "CBL-Mariner 2.0", "", "rpm" },
		{ "photon", "4.0", "Photon OS 4.0", "Photon OS:4.0", "rpm" },
		{ "opensuse-leap", "15.5", "openSUSE Leap 15.5", "openSUSE:Leap 15.5", "rpm" },
		{ "opensuse-tumbleweed", "20240101", "openSUSE Tumbleweed", "openSUSE:Tumbleweed", "rpm" },
		{ "sles", "15.5", "SUSE Linux Enterprise 15.5", "", "rpm" },
		{ "plan9", "4", "", "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct scan_os os = { cases[i].family, cases[i].version, "", false };
		struct ecosystem e;

		ecosystem_of(cases[i].family, &os, &arena, &e);
		ck_assert_str_eq(e.bucket, cases[i].bucket);
		ck_assert_str_eq(e.osv, cases[i].osv);
		ck_assert_str_eq(e.scheme, cases[i].scheme);
	}
}
END_TEST

START_TEST(ecosystems_by_language)
{
	static const struct {
		const char *type, *bucket, *osv, *name, *wanted;
	} cases[] = {
		{ "npm", "npm::", "npm", "@Scope/Name_x", "@scope/name_x" },
		{ "yarn", "npm::", "npm", "lodash", "lodash" },
		{ "pip", "pip::", "PyPI", "Zope.Interface_X", "zope.interface-x" },
		{ "uv", "pip::", "PyPI", "a", "a" },
		{ "gomod", "go::", "Go", "github.com/BurntSushi/toml", "github.com/BurntSushi/toml" },
		{ "cargo", "cargo::", "crates.io", "Serde", "serde" },
		{ "pom", "maven::", "Maven", "Org:A", "org:a" },
		{ "nuget", "nuget::", "NuGet", "Newtonsoft.Json", "newtonsoft.json" },
		{ "swift", "swift::", "SwiftURL", "https://github.com/a/B.git", "github.com/a/B" },
		{ "cocoapods", "cocoapods::", "", "AFNetworking", "AFNetworking" },
		{ "debian", "debian 12", "Debian:12", "libX", "libX" },
		{ "conda-pkg", "", "", "a_B", "a_B" },
	};
	const struct scan_os os = { "", "", "", false }, debian = { "debian", "12", "", false };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ecosystem e;

		ecosystem_of(cases[i].type, strcmp(cases[i].type, "debian") ? &os : &debian, &arena, &e);
		ck_assert_str_eq(e.bucket, cases[i].bucket);
		ck_assert_str_eq(e.osv, cases[i].osv);
		ck_assert_str_eq(ecosystem_package(cases[i].type, cases[i].name, &arena), cases[i].wanted);
	}
	ck_assert_str_eq(ecosystem_type_of_osv("Maven:https://repo"), "gradle");
	ck_assert_str_eq(ecosystem_type_of_osv("Debian:12"), "");
	ck_assert_str_eq(ecosystem_osv_scheme("Debian:12"), "deb");
	ck_assert_str_eq(ecosystem_osv_scheme("Alpine:v3.18"), "apk");
	ck_assert_str_eq(ecosystem_osv_scheme(""), "");
}
END_TEST

START_TEST(the_directory_comes_from_the_environment)
{
	const char *all[] = { "HOME=/h", "PIPE_ADVISORIES=/p", "XDG_DATA_HOME=/x", NULL };
	const char *xdg[] = { "HOME=/h", "PIPE_ADVISORIES=", "XDG_DATA_HOME=/x", NULL };
	const char *home[] = { "HOMEPAGE=1", "HOME=/h", NULL };

	ck_assert_str_eq(advisories_directory(all, &arena, &err), "/p");
	ck_assert_str_eq(advisories_directory(xdg, &arena, &err), "/x/pipe/advisories");
	ck_assert_str_eq(advisories_directory(home, &arena, &err), "/h/.local/share/pipe/advisories");
	ck_assert_ptr_null(advisories_directory(NULL, &arena, &err));
	ck_assert_int_eq(err.code, PIPE_ENOTFOUND);
}
END_TEST

START_TEST(times)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = { { "1970-01-01T00:00:00Z", 0 },
		      { "2024-05-06T07:08:09.123456Z", 1714979289123 },
		      { "2024-05-06T09:08:09+02:00", 1714979289000 },
		      { "2024-05-06T07:08:09.5Z", 1714979289500 },
		      { "2024-05-06", -1 },
		      { "2024-05-06T07:08:09", -1 },
		      { "", -1 },
		      { "2024-05-06T07:08:09+2", -1 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t ms = -1;

		ck_assert_msg(advisory_time(cases[i].text, &ms) == (cases[i].ms >= 0), "%s", cases[i].text);
		if (cases[i].ms >= 0)
			ck_assert_int_eq(ms, cases[i].ms);
	}
}
END_TEST

Suite *advisory_suite(void)
{
	Suite *s = suite_create("advisory");
	TCase *tc = tcase_create("advisory");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, bolt_finds_what_is_there_and_nothing_else, 0, 5);
	tcase_add_test(tc, bolt_walks_a_prefix_in_order);
	tcase_add_test(tc, bolt_reads_values_of_many_pages_and_empty_buckets);
	tcase_add_test(tc, bolt_takes_the_newest_state_that_is_whole);
	tcase_add_test(tc, bolt_refuses_a_file_that_is_cut_short);
	tcase_add_test(tc, bolt_with_any_byte_changed_is_right_or_refused);
	tcase_add_test(tc, bolt_does_not_go_round_in_circles);
	tcase_add_test(tc, trivy_says_what_a_package_has);
	tcase_add_test(tc, trivy_knows_what_it_covers_and_how_old_it_is);
	tcase_add_test(tc, trivy_details);
	tcase_add_test(tc, trivy_is_found_where_it_lies);
	tcase_add_test(tc, trivy_refuses_what_is_no_database);
	tcase_add_test(tc, trivy_survives_what_happens_to_its_file);
	tcase_add_test(tc, cvss_scores);
	tcase_add_test(tc, osv_ranges);
	tcase_add_test(tc, osv_names_and_severities);
	tcase_add_test(tc, osv_records_come_back);
	tcase_add_test(tc, osv_import_replaces_and_removes);
	tcase_add_test(tc, osv_import_takes_all_or_nothing);
	tcase_add_test(tc, osv_refuses_what_is_not_there);
	tcase_add_test(tc, ecosystems_by_distribution);
	tcase_add_test(tc, ecosystems_by_language);
	tcase_add_test(tc, the_directory_comes_from_the_environment);
	tcase_add_test(tc, times);
	suite_add_tcase(s, tc);
	return s;
}
