/*
 * JSON reports: the walk over documents of any size, and what each format makes of reports that tools do not write every day.  What
 * they do write is in tests/reports/json/.
 */
#include "base/error.h"
#include "base/str.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_items.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *report_json_suite(void);

static pipe_error err;
static struct str seen;

static void setup(void)
{
	err = (pipe_error){ 0 };
	str_init(&seen);
}

static void teardown(void)
{
	str_clear(&seen);
}

/* ---- the walk ---- */

enum { NAME, ELEMENT, ENTERED, LEFT, WHOLE };

static const struct json_pattern patterns[] = {
	[NAME] = { "tool.name", JSON_ITEM, false },
	[ELEMENT] = { "runs[].results[]", JSON_ITEM, false },
	[ENTERED] = { "runs[].results", JSON_ENTER, false },
	[LEFT] = { "runs[]", JSON_LEAVE, false },
	[WHOLE] = { "extra", JSON_ITEM, true },
};
static const char *const keep[] = { "a", "inner", "all*", NULL };

static int note(void *payload, const struct json_item *item, pipe_error *e)
{
	static const char *const names[] = { "name", "element", "enter", "leave", "whole" };
	char *text = item->value ? json_dumps(item->value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	(void)payload;
	str_printf(&seen, "%s %u:%u %s\n", names[item->pattern], item->line, item->column, text ? text : "");
	if (text && !strcmp(text, "\"stop\"")) {
		free(text);
		return error_set(e, PIPE_EIO, "the callee has had enough");
	}
	free(text);
	return PIPE_OK;
}

static const struct report_limits usual = { .depth = 20, .text_bytes = 100, .item_bytes = 4096 };

static int walk_spec(const struct json_spec *spec, const struct report_limits *limits, const char *text, size_t length,
		     size_t piece)
{
	struct json_items it;
	int rc = json_items_init(&it, spec, limits, NULL, &err);

	for (size_t at = 0; !rc && at < length; at += piece) {
		size_t n = length - at < piece ? length - at : piece;
		/* A copy of just these bytes: reading beyond them is seen. */
		char *copy = malloc(n);

		memcpy(copy, text + at, n);
		rc = json_items_feed(&it, copy, n, &err);
		free(copy);
	}
	if (!rc)
		rc = json_items_finish(&it, &err);
	json_items_clear(&it);
	return rc;
}

static int walk(const char *text)
{
	static const struct json_spec spec = { patterns, 5, keep, false, note };
	struct str whole;
	int rc, again;

	str_reset(&seen);
	rc = walk_spec(&spec, &usual, text, strlen(text), strlen(text) + 1);
	str_init(&whole);
	str_adds(&whole, seen.data);
	str_reset(&seen);
	again = walk_spec(&spec, &usual, text, strlen(text), 1);
	ck_assert_int_eq(rc, again);
	ck_assert_str_eq(whole.data, seen.data);
	str_clear(&whole);
	return rc;
}

/* The text as the one element of an item. */
static int walk_value(const char *value)
{
	char text[4096];

	snprintf(text, sizeof(text), "{\"runs\":[{\"results\":[%s]}]}", value);
	return walk(text);
}

static void ck_value(const char *value, const char *expected)
{
	char line[4096];

	ck_assert_msg(walk_value(value) == PIPE_OK, "%s: %s", value, err.text);
	snprintf(line, sizeof(line), "enter 1:21 \nelement 1:22 %s\n", expected);
	ck_assert_msg(!strncmp(seen.data, line, strlen(line)), "%s: %s", value, seen.data);
}

static void ck_error(const char *text, enum pipe_code code, unsigned line, unsigned column, const char *words)
{
	ck_assert_int_eq(walk(text), code);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s: %s", text, err.text);
	ck_assert_msg(err.line == line && err.column == column, "%s: %u:%u %s", text, err.line, err.column, err.text);
}

START_TEST(what_stands_at_the_paths_is_handed_over)
{
	ck_assert_int_eq(
		walk("{\"runs\": [{\"results\": [{\"a\": 1}, \"x\"], \"results2\": [7]},\n {\"results\": []}, {}],\n"
		     " \"tool\": {\"version\": [1], \"name\": \"t\"}, \"extra\": {\"b\": {\"c\": 2}}, \"runs2\": [{\"results\": [1]}]}"),
		PIPE_OK);
	ck_assert_str_eq(seen.data, "enter 1:23 \nelement 1:24 {\"a\":1}\nelement 1:34 \"x\"\nleave 1:55 \n"
				    "enter 2:14 \nleave 2:16 \nleave 2:20 \n"
				    "name 3:35 \"t\"\nwhole 3:50 {\"b\":{\"c\":2}}\n");
}
END_TEST

START_TEST(only_what_is_read_is_kept_of_an_item)
{
	ck_value(
		"{\"a\": [{\"b\": 1, \"a\": 2}], \"skipped\": {\"a\": [\"x\\n\", 1e5, null]}, \"all\": {\"p\": {\"q\": true}}, \"inner\": 3}",
		"{\"a\":[{\"a\":2}],\"all\":{\"p\":{\"q\":true}},\"inner\":3}");
	ck_value("[1,[2,[]],{}]", "[1,[2,[]],{}]");
}
END_TEST

START_TEST(scalars_are_what_they_are)
{
	static const char *const same[] = { "true", "false", "null", "0",   "-0", "9223372036854775807", "-9223372036854775808",
					    "1.5",  "[]",    "{}",   "\"\"" };

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		ck_value(same[i], !strcmp(same[i], "-0") ? "0" : same[i]);
	ck_value("1E2", "100.0");
	ck_value("[1e-400]", "[0.0]");
	ck_value("[1e400,-1e400]", "[1.7976931348623157e308,-1.7976931348623157e308]");
	ck_value("[9223372036854775808]", "[9.2233720368547758e18]");
}
END_TEST

START_TEST(escapes_and_halves_of_pairs)
{
	ck_value("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20AC\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\xc3\xa4\xe2\x82\xac\"");
	ck_value("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
	ck_value("\"\\ud83dx\"", "\"\xef\xbf\xbdx\"");
	ck_value("\"\\ud83d\\n\"", "\"\xef\xbf\xbd\\n\"");
	ck_value("\"\\ud83d\\ud83d\\ude00\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\"");
	ck_value("\"\\ude00\\u0000\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	ck_value("\"\\ud83d\"", "\"\xef\xbf\xbd\"");
	/* Raw control characters but the line end are unambiguous. */
	ck_value("\"a\tb\x1b[0m\"", "\"a\\tb\\u001B[0m\"");
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
	char value[200], expected[200];

	memset(value, 'x', sizeof(value));
	value[0] = '"';
	memcpy(value + 96, "\xe2\x82\xac", 3); /* the 97 bytes that have room end within it */
	value[150] = '"';
	value[151] = '\0';
	snprintf(expected, sizeof(expected), "\"%.95s...\"", value + 1);
	ck_value(value, expected);
}
END_TEST

START_TEST(the_same_key_twice_must_say_the_same)
{
	ck_value("{\"a\":{\"a\":1},\"a\":{\"a\":1}}", "{\"a\":{\"a\":1}}");
	ck_value("{\"x\":1,\"x\":2}", "{}");
	ck_error("{\"runs\":[{\"results\":[{\"a\":1,\"a\":2}]}]}", PIPE_EPIPELINE, 1, 34, "twice");
	ck_error("{\"runs\":[{\"results\":[{\"a\":[1],\"a\":[2]}]}]}", PIPE_EPIPELINE, 1, 37, "twice");
	ck_error("{\"runs\":[{\"results\":[],\n\"results\":[1]}]}", PIPE_EPIPELINE, 2, 9, "\"results\" stands twice");
}
END_TEST

START_TEST(what_is_no_json_has_a_place)
{
	static const struct {
		const char *text, *words;
		unsigned line, column;
	} wrong[] = {
		{ "", "nothing in it", 1, 1 },
		{ " \n ", "nothing in it", 2, 2 },
		{ "{\"runs\": [}", "a value was expected", 1, 11 },
		{ "{\"runs\" []}", "\":\" was expected", 1, 9 },
		{ "{\"runs\": [],}", "a key in double quotes", 1, 13 },
		{ "{'runs': []}", "a key in double quotes", 1, 2 },
		{ "{\"x\": [1,]}", "a value was expected", 1, 10 },
		{ "{\"x\": [1 2]}", "\",\" or \"]\"", 1, 10 },
		{ "{\"x\": 1]", "\",\" or \"}\"", 1, 8 },
		{ "{\"x\": 01}", "\"01\" is no value", 1, 7 },
		{ "{\"x\":\n\t1.}", "\"1.\" is no value", 2, 2 },
		{ "{\"x\": +1}", "\"+1\" is no value", 1, 7 },
		{ "{\"x\": .5}", "\".5\" is no value", 1, 7 },
		{ "{\"x\": 1e}", "\"1e\" is no value", 1, 7 },
		{ "{\"x\": -}", "\"-\" is no value", 1, 7 },
		{ "{\"x\": NaN}", "\"NaN\" is no value", 1, 7 },
		{ "{\"x\": -Infinity}", "\"-Infinity\" is no value", 1, 7 },
		{ "{\"x\": True}", "\"True\" is no value", 1, 7 },
		{ "{\"x\": \"\\x41\"}", "behind \"\\\"", 1, 9 },
		{ "{\"x\": \"\\u12g4\"}", "four hexadecimal digits", 1, 12 },
		{ "{\"x\": \"a\nb\"}", "a line end stands in it", 1, 9 },
		{ "{\"\xc3\xa4\": \"\xe2\x82\xac\", x}", "a key in double quotes", 1, 12 },
		{ "{} {}", "more stands behind", 1, 4 },
		{ "{\"x\": \x01}", "the byte 0x01", 1, 7 },
		{ "{\"x\": [1, 2", "cut short", 1, 12 },
		{ "{\"x\": \"abc", "cut short", 1, 11 },
		{ "{\"x\": tru", "cut short", 1, 10 },
		{ "{", "cut short", 1, 2 },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ck_error(wrong[i].text, PIPE_EPIPELINE, wrong[i].line, wrong[i].column, wrong[i].words);
}
END_TEST

START_TEST(a_map_is_no_list)
{
	ck_error("[]", PIPE_EPIPELINE, 1, 1, "a map was expected here, and not a list");
	ck_error("null", PIPE_EPIPELINE, 1, 1, "a map was expected here, and not null");
	ck_error("{\"runs\": {}}", PIPE_EPIPELINE, 1, 10, "a list was expected here, and not a map");
	ck_error("{\"runs\": [{\"results\": \"none\"}]}", PIPE_EPIPELINE, 1, 23, "a list was expected here, and not a string");
	ck_error("{\"tool\": 3}", PIPE_EPIPELINE, 1, 10, "a map was expected here, and not a number");
	/* null is nothing. */
	ck_assert_int_eq(walk("{\"runs\": null, \"tool\": null}"), PIPE_OK);
}
END_TEST

START_TEST(everything_has_a_bound)
{
	char text[6000];
	size_t n;

	n = (size_t)snprintf(text, sizeof(text), "{\"x\":");
	memset(text + n, '[', 30);
	text[n + 30] = '\0';
	ck_error(text, PIPE_ELIMIT, 1, 25, "nested deeper than 20 levels");
	n = (size_t)snprintf(text, sizeof(text), "{\"x\":");
	memset(text + n, '1', 2000);
	text[n + 2000] = '\0';
	ck_assert_int_eq(walk(text), PIPE_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "digits"));
	/* An element of many small values takes more memory than its text. */
	n = (size_t)snprintf(text, sizeof(text), "{\"runs\":[{\"results\":[[");
	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[],");
	ck_assert_int_eq(walk(text), PIPE_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "one element of the report is too large: more than 4096 bytes"));
}
END_TEST

START_TEST(a_key_of_any_length_is_refused)
{
	static const struct json_spec spec = { patterns, 5, keep, false, note };
	static char text[70002];

	memset(text, 'k', sizeof(text));
	memcpy(text, "{\"", 2);
	ck_assert_int_eq(walk_spec(&spec, &usual, text, sizeof(text), 1000), PIPE_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "a key of more than"));
}
END_TEST

START_TEST(the_callee_can_end_it)
{
	ck_assert_int_eq(walk("{\"tool\": {\"name\": \"stop\"}, \"runs\": [{\"results\": [1]}]}"), PIPE_EIO);
	ck_assert_str_eq(err.text, "the callee has had enough");
	ck_assert_str_eq(seen.data, "name 1:19 \"stop\"\n");
}
END_TEST

START_TEST(several_documents)
{
	static const struct json_pattern root[] = { { "", JSON_ITEM, false }, { "[]", JSON_ITEM, false } };
	static const struct json_spec spec = { root, 2, NULL, true, note };
	static const char text[] = "{\"a\":1}\n\0{\"a\":2}\x1e{\"a\":3} [4,5]";

	ck_assert_int_eq(walk_spec(&spec, &usual, text, sizeof(text) - 1, 3), PIPE_OK);
	ck_assert_str_eq(seen.data, "name 1:1 {\"a\":1}\nname 2:2 {\"a\":2}\nname 2:10 {\"a\":3}\n"
				    "element 2:19 4\nelement 2:21 5\n");
	/* A scalar is neither. */
	ck_assert_int_eq(walk_spec(&spec, &usual, "7", 1, 1), PIPE_EPIPELINE);
}
END_TEST

START_TEST(every_prefix_is_cut_short)
{
	static const char text[] = "{\"runs\": [{\"results\": [{\"a\": \"\\ud83d\\ude00\", \"inner\": [1.5e3, true, null]}]}]}";
	static const struct json_spec spec = { patterns, 5, keep, false, note };

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		ck_assert_int_eq(walk_spec(&spec, &usual, text, n, 5), PIPE_EPIPELINE);
		ck_assert_uint_eq(err.line, 1);
		ck_assert_uint_eq(err.column, n + 1);
	}
	ck_assert_int_eq(walk_spec(&spec, &usual, text, sizeof(text) - 1, 5), PIPE_OK);
}
END_TEST

/* ---- reports ---- */

/* A report made of a beginning, a middle many times, and an end. */
struct made {
	const char *first, *middle, *last;
	uint64_t times, at; /* at: bytes of all that were read */
	bool numbered;	    /* each # of the middle is its number */
};

static size_t piece_of(const char *text, uint64_t from, char *buffer, size_t size)
{
	size_t n = strlen(text) - (size_t)from;

	n = n < size ? n : size;
	memcpy(buffer, text + from, n);
	return n;
}

/* Each run of # becomes the number, as many digits as there are #. */
static void put_numbers(char *text, uint64_t value)
{
	for (char *p = strchr(text, '#'); p; p = strchr(p, '#')) {
		size_t n = strspn(p, "#");
		uint64_t rest = value;

		while (n--) {
			p[n] = (char)('0' + rest % 10);
			rest /= 10;
		}
	}
}

static int64_t make(void *payload, char *buffer, size_t size, pipe_error *e)
{
	struct made *m = payload;
	uint64_t first = strlen(m->first), middle = strlen(m->middle), at = m->at, n;

	(void)e;
	if (at < first) {
		n = piece_of(m->first, at, buffer, size);
	} else if (at < first + middle * m->times) {
		char copy[4096];

		at -= first;
		ck_assert_uint_lt(middle, sizeof(copy));
		memcpy(copy, m->middle, middle + 1);
		if (m->numbered)
			put_numbers(copy, at / middle);
		n = piece_of(copy, at % middle, buffer, size);
	} else {
		n = piece_of(m->last, at - first - middle * m->times, buffer, size);
	}
	m->at += n;
	return (int64_t)n;
}

struct counted {
	uint64_t tests[TEST_STATUS_COUNT], findings[FINDING_KIND_COUNT], severities[SEVERITY_COUNT], components;
	unsigned scope;
	char message[256], path[256], tool[256];
	size_t longest;
};

static int count_test(void *payload, const struct evidence_test *t, pipe_error *e)
{
	struct counted *c = payload;

	(void)e;
	c->tests[t->status]++;
	snprintf(c->message, sizeof(c->message), "%s", t->message);
	return PIPE_OK;
}

static int count_finding(void *payload, const struct evidence_finding *f, pipe_error *e)
{
	struct counted *c = payload;

	(void)e;
	c->findings[f->kind]++;
	c->severities[f->severity]++;
	c->longest = strlen(f->message) > c->longest ? strlen(f->message) : c->longest;
	snprintf(c->message, sizeof(c->message), "%s", f->message);
	snprintf(c->path, sizeof(c->path), "%s", f->path);
	snprintf(c->tool, sizeof(c->tool), "%s", f->tool);
	return PIPE_OK;
}

static int count_component(void *payload, const struct evidence_component *component, pipe_error *e)
{
	struct counted *c = payload;

	(void)component, (void)e;
	c->components++;
	return PIPE_OK;
}

static int note_scope(void *payload, unsigned gives, pipe_error *e)
{
	struct counted *c = payload;

	(void)e;
	c->scope |= gives;
	return PIPE_OK;
}

static struct counted counted;

static int read_made(const char *format, struct made *m, const struct report_options *given)
{
	struct report_options options = given ? *given : (struct report_options){ .workspace = "/w", .tool = "" };
	struct evidence_sink sink = { .test = count_test,
				      .finding = count_finding,
				      .component = count_component,
				      .scope = note_scope,
				      .payload = &counted };

	counted = (struct counted){ 0 };
	err = (pipe_error){ 0 };
	m->at = 0;
	return report_read(report_format_named(format), "report.json", make, m, &options, &sink, NULL, &err);
}

static int read_text(const char *format, const char *text)
{
	struct made m = { .first = text, .middle = "", .last = "" };

	return read_made(format, &m, NULL);
}

#define ck_read(name, from) ck_assert_msg(read_text(name, from) == PIPE_OK, "%s", err.text)

START_TEST(a_text_of_forty_megabytes_is_cut)
{
	struct made m = {
		.first =
			"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"results\":[{\"message\":{\"text\":\"",
		.middle = "0123456789012345678901234567890123456789",
		.last = "\"}}]}]}",
		.times = 1 << 20
	};

	ck_assert_int_eq(read_made("sarif", &m, NULL), PIPE_OK);
	ck_assert_uint_eq(counted.findings[FINDING_ISSUE], 1);
	ck_assert_uint_eq(counted.longest, 65536);
}
END_TEST

START_TEST(results_wait_for_their_rules_within_a_bound)
{
	struct made m = {
		.first = "{\"version\":\"2.1.0\",\"runs\":[{\"results\":[{\"message\":{\"text\":\"first\"}}",
		.middle = ",{\"ruleId\":\"E\",\"message\":{\"text\":\"message #######\"}}",
		.last = "],\"tool\":{\"driver\":{\"name\":\"late\",\"rules\":[{\"id\":\"E\",\"defaultConfiguration\":{\"level\":\"error\"}}]}}}]}",
		.times = 1000,
		.numbered = true
	};
	struct report_options tight = { .workspace = "/w", .tool = "", .limits = { .item_bytes = 8192 } };

	ck_assert_int_eq(read_made("sarif", &m, NULL), PIPE_OK);
	ck_assert_uint_eq(counted.severities[SEVERITY_HIGH], 1000);
	ck_assert_str_eq(counted.tool, "late");
	ck_assert_str_eq(counted.message, "message 0000999");
	ck_assert_int_eq(read_made("sarif", &m, &tight), PIPE_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "have to wait"));
}
END_TEST

static const char based[] = ",{\"message\":{\"text\":\"m\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":"
			    "{\"uri\":\"a#######.c\",\"uriBaseId\":\"SRC\"}}}]}";

START_TEST(results_do_not_wait_for_ever_for_a_base)
{
	struct made m = {
		.first =
			"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"t\"}},\"results\":[{\"message\":{\"text\":\"x\"}}",
		.middle = based,
		.last = "]}]}",
		.times = 5000,
		.numbered = true
	};
	struct report_options tight = { .workspace = "/w", .tool = "", .limits = { .item_bytes = 8192 } };

	ck_assert_int_eq(read_made("sarif", &m, &tight), PIPE_OK);
	ck_assert_uint_eq(counted.findings[FINDING_ISSUE], 5001);
	/* Behind them, a base that changes nothing is fine; another one would have changed what was handed over. */
	m.last = "],\"originalUriBaseIds\":{\"SRC\":{\"uri\":\"file:///w/\"}}}]}";
	ck_assert_int_eq(read_made("sarif", &m, &tight), PIPE_OK);
	m.last = "],\"originalUriBaseIds\":{\"SRC\":{\"uri\":\"file:///w/sub/\"}}}]}";
	ck_assert_int_eq(read_made("sarif", &m, &tight), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(err.text, "originalUriBaseIds"));
	m.times = 10;
	ck_assert_int_eq(read_made("sarif", &m, &tight), PIPE_OK);
	ck_assert_str_eq(counted.path, "sub/a0000009.c");
}
END_TEST

START_TEST(a_report_says_what_it_is_evidence_of)
{
	static const struct {
		const char *format, *text;
		unsigned scope;
	} reports[] = {
		{ "sarif", "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"x\"}},\"results\":[]}]}",
		  GIVES_ISSUES },
		{ "sarif", "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"gitleaks\"}},\"results\":[]}]}",
		  GIVES_SECRETS },
		{ "sarif", "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"Grype\"}},\"results\":[]}]}",
		  GIVES_VULNERABILITIES },
		{ "gitlab-security", "{\"version\":\"15\",\"vulnerabilities\":[],\"scan\":{\"type\":\"sast\"}}", GIVES_ISSUES },
		{ "gitlab-security", "{\"version\":\"15\",\"vulnerabilities\":[],\"scan\":{\"type\":\"secret_detection\"}}",
		  GIVES_SECRETS },
		{ "gitlab-security", "{\"version\":\"15\",\"vulnerabilities\":[],\"scan\":{\"type\":\"container_scanning\"}}",
		  GIVES_VULNERABILITIES },
		{ "trivy", "{\"SchemaVersion\":2,\"Results\":[{\"Target\":\"Dockerfile\",\"Class\":\"config\"}]}",
		  GIVES_MISCONFIGURATIONS },
		{ "trivy", "{\"SchemaVersion\":2,\"Results\":[{\"Target\":\"x\",\"Class\":\"os-pkgs\"}]}",
		  GIVES_VULNERABILITIES | GIVES_SECRETS },
		{ "trivy", "{\"SchemaVersion\":2}", 0 },
		{ "cyclonedx", "{\"bomFormat\":\"CycloneDX\"}", 0 },
		{ "cyclonedx", "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[]}", GIVES_COMPONENTS | GIVES_VULNERABILITIES },
	};

	for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
		ck_read(reports[i].format, reports[i].text);
		ck_assert_msg(counted.scope == reports[i].scope, "%s: 0x%x", reports[i].text, counted.scope);
	}
}
END_TEST

START_TEST(the_user_knows_better_what_kind_it_is)
{
	struct made m = {
		.first =
			"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"own\"}},\"results\":[{\"message\":{\"text\":\"x\"}}]}]}",
		.middle = "",
		.last = ""
	};
	struct report_options options = { .workspace = "/w", .tool = "", .kind = FINDING_SECRET };

	ck_assert_int_eq(read_made("sarif", &m, &options), PIPE_OK);
	ck_assert_uint_eq(counted.findings[FINDING_SECRET], 1);
	ck_assert_uint_eq(counted.scope, GIVES_SECRETS);
}
END_TEST

START_TEST(a_document_of_another_format_is_refused)
{
	static const struct {
		const char *format, *text, *words;
	} wrong[] = {
		{ "sarif", "{}", "\"runs\"" },
		{ "sarif", "{\"runs\":null}", "\"runs\"" },
		{ "sarif", "{\"version\":\"2.0.0\",\"runs\":[]}", "SARIF 2.0.0" },
		{ "trivy", "{\"Results\":[]}", "SchemaVersion" },
		{ "trivy", "{\"SchemaVersion\":3}", "schema version 3" },
		{ "gitlab-security", "{\"version\":\"15\"}", "\"vulnerabilities\"" },
		{ "gitlab-security", "{\"vulnerabilities\":[],\"scan\":{\"type\":\"magic\"}}", "no type of scan" },
		{ "cyclonedx", "{\"components\":[]}", "bomFormat" },
		{ "cyclonedx", "{\"bomFormat\":\"Other\"}", "bomFormat" },
		{ "spdx", "{\"packages\":[]}", "spdxVersion" },
		{ "spdx", "{\"spdxVersion\":\"SPDX-3.0\"}", "SPDX-3.0" },
		{ "codequality", "[1]", "no code quality issue" },
		{ "codequality", "", "empty" },
		{ "gotest", "ok  \tp\t0.1s\n", "no event" },
		{ "gotest", "{\"x\":1}\n", "no event" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		int rc = read_text(wrong[i].format, wrong[i].text);

		ck_assert_msg(rc == PIPE_EPIPELINE || (!*wrong[i].text && rc), "%s: %d", wrong[i].text, rc);
		ck_assert_msg(!*wrong[i].text || strstr(err.text, wrong[i].words), "%s: %s", wrong[i].text, err.text);
	}
}
END_TEST

/* ---- go test ---- */

#define EVENT(action, more) "{\"Action\":\"" action "\",\"Package\":\"p\"" more "}\n"
#define TEST_EVENT(action, name, more) EVENT(action, ",\"Test\":\"" name "\"" more)

static void ck_tests(const char *text, unsigned failed, unsigned error, unsigned passed, unsigned skipped)
{
	ck_read("gotest", text);
	ck_assert_msg(counted.tests[TEST_FAILED] == failed && counted.tests[TEST_ERROR] == error &&
			      counted.tests[TEST_PASSED] == passed && counted.tests[TEST_SKIPPED] == skipped,
		      "%s%llu failed, %llu error, %llu passed, %llu skipped", text,
		      (unsigned long long)counted.tests[TEST_FAILED], (unsigned long long)counted.tests[TEST_ERROR],
		      (unsigned long long)counted.tests[TEST_PASSED], (unsigned long long)counted.tests[TEST_SKIPPED]);
}

START_TEST(the_verdict_on_a_package_rules)
{
	/* What has not ended. */
	ck_tests(EVENT("start", "") TEST_EVENT("run", "A", "") EVENT("pass", ""), 0, 0, 1, 0);
	ck_tests(EVENT("start", "") TEST_EVENT("run", "A", "") EVENT("fail", ""), 0, 1, 0, 0);
	ck_tests(EVENT("start", "") TEST_EVENT("run", "A", ""), 0, 1, 0, 0);
	ck_tests(EVENT("start", "") TEST_EVENT("run", "BenchmarkA", "") EVENT("fail", ""), 0, 1, 1, 0);
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("run", "A/b", "") TEST_EVENT("pass", "A", "") EVENT("fail", ""), 0, 1, 2,
		 0);
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("run", "A/b", "") TEST_EVENT("fail", "A", "") EVENT("fail", ""), 1, 1, 0,
		 0);
	/* Nothing ran, nothing is wrong. */
	ck_tests(EVENT("start", "") EVENT("skip", ""), 0, 0, 0, 0);
	/* The package failed, none of its tests did. */
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("pass", "A", "") EVENT("fail", ""), 0, 1, 1, 0);
	ck_assert_str_eq(counted.message, "the package failed, and none of its tests");
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("fail", "A", "") EVENT("fail", ""), 1, 0, 0, 0);
	ck_tests(EVENT("start", ""), 0, 1, 0, 0);
}
END_TEST

START_TEST(a_failure_that_was_only_printed)
{
	/* In the name of another test, that had passed. */
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("pass", "A", "") TEST_EVENT("run", "B", "") TEST_EVENT("fail", "A", "")
			 TEST_EVENT("pass", "B", "") EVENT("pass", ""),
		 0, 0, 2, 0);
	/* In its own name. */
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("fail", "A", "") TEST_EVENT("pass", "A", "") EVENT("pass", ""), 0, 0, 1,
		 0);
	/* A package that failed has no excuse. */
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("fail", "A", "") TEST_EVENT("pass", "A", "") EVENT("fail", ""), 1, 0, 0,
		 0);
	/* TestMain can pass over failures: they count. */
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("fail", "A", "") EVENT("pass", ""), 1, 0, 0, 0);
	/* Only ends, as gotestsum's timing events: nothing to doubt. */
	ck_tests(TEST_EVENT("pass", "A", "") TEST_EVENT("fail", "B", "") TEST_EVENT("skip", "C", ""), 1, 0, 1, 1);
	/* Text is no event, whatever it says. */
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("output", "A", ",\"Output\":\"{\\\"Action\\\":\\\"fail\\\"}\\n\"")
			 TEST_EVENT("pass", "A", "") EVENT("pass", ""),
		 0, 0, 1, 0);
}
END_TEST

START_TEST(a_test_that_runs_again_counts_again)
{
	ck_tests(TEST_EVENT("run", "A", "") TEST_EVENT("fail", "A", "") TEST_EVENT("run", "A", "") TEST_EVENT("pass", "A", "")
			 EVENT("fail", ""),
		 1, 0, 1, 0);
	/* The package as well, in one file. */
	ck_tests(EVENT("start", "") TEST_EVENT("run", "A", "") TEST_EVENT("fail", "A", "") EVENT("fail", "")
			 TEST_EVENT("run", "A", "") TEST_EVENT("pass", "A", "") EVENT("pass", ""),
		 1, 0, 1, 0);
	ck_tests(EVENT("start", "") TEST_EVENT("run", "A", "") TEST_EVENT("pass", "A", "") EVENT("pass", "") EVENT("start", "")
			 EVENT("fail", ""),
		 0, 1, 1, 0);
}
END_TEST

START_TEST(builds_fail_packages)
{
	static const char build[] =
		"{\"ImportPath\":\"p [p.test]\",\"Action\":\"build-output\",\"Output\":\"# p [p.test]\\n\"}\n"
		"{\"ImportPath\":\"p [p.test]\",\"Action\":\"build-output\",\"Output\":\"./a.go:1: broken\\n\"}\n"
		"{\"ImportPath\":\"p [p.test]\",\"Action\":\"build-fail\"}\n";
	char text[1024];

	ck_tests(build, 0, 1, 0, 0);
	ck_assert_str_eq(counted.message, "the build failed: ./a.go:1: broken");
	snprintf(text, sizeof(text), "%s%s", build, EVENT("start", "") EVENT("fail", ",\"FailedBuild\":\"p [p.test]\""));
	ck_tests(text, 0, 1, 0, 0);
	ck_assert_str_eq(counted.message, "the build failed: ./a.go:1: broken");
	/* As text, before and behind the event. */
	ck_tests("# p [p.test]\n./a.go:1: broken\nFAIL\tp [build failed]\n" EVENT("start", "") EVENT("fail", ""), 0, 1, 0, 0);
	ck_tests(EVENT("start", "") EVENT("fail", "") "FAIL\tp [build failed]\n", 0, 1, 0, 0);
	ck_tests(EVENT("pass", "") "FAIL\tq [setup failed]\n", 0, 1, 0, 0);
}
END_TEST

START_TEST(many_tests_one_after_the_other)
{
	struct made m = { .first = EVENT("start", ""),
			  .middle = TEST_EVENT("run", "A#######", "")
				  TEST_EVENT("output", "A#######", ",\"Output\":\"some words\\n\"")
					  TEST_EVENT("pass", "A#######", ",\"Elapsed\":0.01"),
			  .last = EVENT("pass", ""),
			  .times = 30000,
			  .numbered = true };

	ck_assert_int_eq(read_made("gotest", &m, NULL), PIPE_OK);
	ck_assert_uint_eq(counted.tests[TEST_PASSED], 30000);
	/* All of them under way at once. */
	m.middle = TEST_EVENT("run", "A#######", "");
	ck_assert_int_eq(read_made("gotest", &m, NULL), PIPE_OK);
	ck_assert_uint_eq(counted.tests[TEST_PASSED], 30000);
	/* All of them failed: they wait for their package, with little of what they printed. */
	m.middle = TEST_EVENT("run", "A#######", "") TEST_EVENT("output", "A#######", ",\"Output\":\"some words\\n\"")
		TEST_EVENT("fail", "A#######", "");
	m.last = EVENT("fail", "");
	ck_assert_int_eq(read_made("gotest", &m, NULL), PIPE_OK);
	ck_assert_uint_eq(counted.tests[TEST_FAILED], 30000);
	ck_assert_str_eq(counted.message, "some words");
}
END_TEST

START_TEST(an_event_is_not_cut)
{
	struct made m = { .first = EVENT("start", "") "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"",
			  .middle = "0123456789012345678901234567890123456789",
			  .last = "\"}\n" EVENT("pass", ""),
			  .times = 1000 };
	struct report_options tight = { .workspace = "/w", .tool = "", .limits = { .item_bytes = 8192 } };

	ck_assert_int_eq(read_made("gotest", &m, NULL), PIPE_OK);
	ck_assert_int_eq(read_made("gotest", &m, &tight), PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, 2);
	/* Text that is no event may be of any length. */
	m.first = EVENT("start", "");
	m.last = "\n" EVENT("pass", "");
	ck_assert_int_eq(read_made("gotest", &m, &tight), PIPE_OK);
}
END_TEST

/* ---- recognition ---- */

START_TEST(formats_are_known_by_their_beginning)
{
	static const struct {
		const char *head, *path, *format;
	} heads[] = {
		{ "{\"runs\":[{\"tool\":{", "x.json", "sarif" },
		{ "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\"", "x", "sarif" },
		{ "{\n \"ArtifactName\": \"x\", \"SchemaVersion\": 2", "x", "trivy" },
		{ "{\"Time\":\"x\",\"Action\":\"start\",\"Package\":\"p\"}\n", "x", "gotest" },
		{ "# p\nx.go:1: broken\n{\"Action\":\"fail\",\"Package\":\"p\"}", "x", "gotest" },
		{ "[]", "gl-code-quality-report.json", "codequality" },
		{ "[{\"check_name\":\"x\",\"location\":{}}]", "x", "codequality" },
		{ "{\"version\":\"15\",\"vulnerabilities\":[{\"identifiers\":[]", "x", "gitlab-security" },
		{ "{\"vulnerabilities\":[],\"version\":\"15\"}", "gl-sast-report.json", "gitlab-security" },
		{ "{\"bomFormat\" : \"CycloneDX\"", "x", "cyclonedx" },
		{ "{\"SPDXID\":\"SPDXRef-DOCUMENT\"", "x", "spdx" },
		{ "[]", "x.json", NULL },
		{ "{}", "x.json", NULL },
		{ "{\"text\":\"\\\"runs\\\": sarif\"}", "x.json", NULL },
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		const struct report_format *best = NULL;
		unsigned most = 0;

		for (size_t k = 0; report_formats[k]; k++) {
			unsigned sure = report_formats[k]->recognise(heads[i].head, strlen(heads[i].head), heads[i].path);

			if (sure > most) {
				most = sure;
				best = report_formats[k];
			}
		}
		ck_assert_msg(heads[i].format ? best && !strcmp(best->name, heads[i].format) : !best, "%s: %s", heads[i].head,
			      best ? best->name : "none");
	}
}
END_TEST

Suite *report_json_suite(void)
{
	const TTest *const walks[] = {
		what_stands_at_the_paths_is_handed_over,
		only_what_is_read_is_kept_of_an_item,
		scalars_are_what_they_are,
		escapes_and_halves_of_pairs,
		a_long_text_is_cut_between_characters,
		the_same_key_twice_must_say_the_same,
		what_is_no_json_has_a_place,
		a_map_is_no_list,
		everything_has_a_bound,
		a_key_of_any_length_is_refused,
		the_callee_can_end_it,
		several_documents,
		every_prefix_is_cut_short,
	};
	const TTest *const formats[] = {
		a_text_of_forty_megabytes_is_cut,	 results_wait_for_their_rules_within_a_bound,
		results_do_not_wait_for_ever_for_a_base, a_report_says_what_it_is_evidence_of,
		the_user_knows_better_what_kind_it_is,	 a_document_of_another_format_is_refused,
		the_verdict_on_a_package_rules,		 a_failure_that_was_only_printed,
		a_test_that_runs_again_counts_again,	 builds_fail_packages,
		many_tests_one_after_the_other,		 an_event_is_not_cut,
		formats_are_known_by_their_beginning,
	};
	Suite *suite = suite_create("report_json");
	TCase *walk_case = tcase_create("walk"), *format_case = tcase_create("formats");

	tcase_add_checked_fixture(walk_case, setup, teardown);
	for (size_t i = 0; i < sizeof(walks) / sizeof(*walks); i++)
		tcase_add_test(walk_case, walks[i]);
	suite_add_tcase(suite, walk_case);
	tcase_add_checked_fixture(format_case, setup, teardown);
	tcase_set_timeout(format_case, 60);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		tcase_add_test(format_case, formats[i]);
	suite_add_tcase(suite, format_case);
	return suite;
}
