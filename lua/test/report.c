/* The three formats as a table of what each writes at the begin, for a test, for a file and at the end. */
#include "lua/test/report.h"

#include "base/duration.h"
#include "base/json.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct writer {
	void (*begin)(struct test_report *r);
	void (*one)(struct test_report *r, const struct lua_test_case *one);
	void (*file_end)(struct test_report *r, const char *name);
	void (*end)(struct test_report *r);
};

static bool is_red(const struct lua_test_case *one)
{
	return one->state == LUA_TEST_FAILED || one->state == LUA_TEST_BROKEN;
}

/* "group > group > name" */
static void add_name(struct str *out, const struct lua_test_case *one)
{
	for (const char *const *g = one->groups; g && *g; g++) {
		str_adds(out, *g);
		str_adds(out, " > ");
	}
	str_adds(out, one->name ? one->name : "(the file)");
}

/* Each line of a text behind a margin. */
static void add_lines(struct str *out, const char *margin, const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text)), *to = newline ? newline : end;

		str_adds(out, margin);
		str_add(out, text, (size_t)(to - text));
		str_addc(out, '\n');
		text = to + 1;
	}
}

/* ---- for people ---- */

enum paint { PLAIN, RED, GREEN, YELLOW, DIM };

static void paint(const struct test_report *r, struct str *out, enum paint as)
{
	static const char *const codes[] = { "0", "31", "32", "33", "2" };

	if (r->colour)
		str_printf(out, "\033[%sm", codes[as]);
}

static const struct {
	const char *mark;
	enum paint as;
} marks[] = { [LUA_TEST_PASSED] = { "✓", GREEN },
	      [LUA_TEST_FAILED] = { "✗", RED },
	      [LUA_TEST_PENDING] = { "-", YELLOW },
	      [LUA_TEST_BROKEN] = { "✗", RED } };

static void add_mark(const struct test_report *r, struct str *out, enum lua_test_state state)
{
	paint(r, out, marks[state].as);
	str_adds(out, marks[state].mark);
	paint(r, out, PLAIN);
	str_addc(out, ' ');
}

/* The line of the file, and what is on it underlined. */
static void add_source_line(const struct test_report *r, struct str *out, const struct lua_test_case *one)
{
	const char *text = one->text;
	size_t length = one->text_length;

	while (length && (*text == ' ' || *text == '\t')) {
		text++;
		length--;
	}
	while (length && strchr(" \t\r", text[length - 1]))
		length--;
	if (!length)
		return;
	str_printf(out, "        %.*s\n        ", (int)(length < 500 ? length : 500), text);
	paint(r, out, RED);
	for (size_t i = 0; i < length && i < 500; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80) /* one for each character */
			str_addc(out, '^');
	paint(r, out, PLAIN);
	str_addc(out, '\n');
}

static void add_details(const struct test_report *r, struct str *out, const struct lua_test_case *one)
{
	const size_t first = strcspn(one->message, "\n");

	str_adds(out, "    ");
	if (one->where)
		str_printf(out, "%s:%" PRIu32 ": ", one->where, one->where_line);
	str_add(out, one->message, first);
	str_addc(out, '\n');
	if (one->message[first])
		add_lines(out, "    ", one->message + first + 1, strlen(one->message + first + 1));
	add_source_line(r, out, one);
	paint(r, out, DIM);
	/* One level alone says nothing new. */
	if (one->traceback && strchr(one->traceback, '\n') != strrchr(one->traceback, '\n'))
		add_lines(out, "      ", one->traceback, strlen(one->traceback));
	if (one->said_length) {
		str_adds(out, "      it logged:\n");
		add_lines(out, "        ", one->said, one->said_length);
	}
	paint(r, out, PLAIN);
}

static void text_begin(struct test_report *r)
{
	(void)r;
}

static void text_one(struct test_report *r, const struct lua_test_case *one)
{
	char lasted[32];

	if (!is_red(one) && !r->verbose)
		return;
	str_adds(&r->file, "  ");
	add_mark(r, &r->file, one->state);
	add_name(&r->file, one);
	if (r->verbose && one->state != LUA_TEST_BROKEN) {
		paint(r, &r->file, DIM);
		str_printf(&r->file, " (%s)", duration_format(one->duration_us / 1000, lasted, sizeof(lasted)));
		paint(r, &r->file, PLAIN);
	}
	str_addc(&r->file, '\n');
	if (is_red(one))
		add_details(r, &r->file, one);
}

static void add_count(struct str *out, const char **separator, uint32_t count, const char *what)
{
	if (!count)
		return;
	str_printf(out, "%s%" PRIu32 " %s", *separator, count, what);
	*separator = ", ";
}

static void add_counts(struct str *out, const uint32_t *states)
{
	const char *separator = "";

	add_count(out, &separator, states[LUA_TEST_PASSED], "passed");
	add_count(out, &separator, states[LUA_TEST_FAILED], "failed");
	add_count(out, &separator, states[LUA_TEST_PENDING], "pending");
	add_count(out, &separator, states[LUA_TEST_BROKEN], "broken");
	if (!*separator)
		str_adds(out, "no tests");
}

static enum lua_test_state worst(const uint32_t *states)
{
	if (states[LUA_TEST_BROKEN] || states[LUA_TEST_FAILED])
		return LUA_TEST_FAILED;
	return states[LUA_TEST_PASSED] ? LUA_TEST_PASSED : LUA_TEST_PENDING;
}

static void text_file_end(struct test_report *r, const char *name)
{
	char lasted[32];

	add_mark(r, &r->out, worst(r->of_file));
	str_printf(&r->out, "%s: ", name);
	add_counts(&r->out, r->of_file);
	paint(r, &r->out, DIM);
	str_printf(&r->out, " (%s)", duration_format(r->file_us / 1000, lasted, sizeof(lasted)));
	paint(r, &r->out, PLAIN);
	str_addc(&r->out, '\n');
}

static void text_end(struct test_report *r)
{
	char lasted[32];

	paint(r, &r->out, marks[worst(r->states)].as);
	add_counts(&r->out, r->states);
	paint(r, &r->out, PLAIN);
	str_printf(&r->out, " in %" PRIu32 " file%s (%s)\n", r->files, r->files == 1 ? "" : "s",
		   duration_format(r->total_us / 1000, lasted, sizeof(lasted)));
}

/* ---- TAP ---- */

static void tap_begin(struct test_report *r)
{
	str_adds(&r->out, "TAP version 14\n");
}

/* A description cannot hold a newline, and neither a bare # nor a bare backslash. */
static void tap_description(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '#' || *text == '\\')
			str_addc(out, '\\');
		str_addc(out, (unsigned char)*text < ' ' ? ' ' : *text);
	}
}

/* A text of YAML, as a block that keeps its lines. */
static void tap_block(struct str *out, const char *key, const char *text, size_t length)
{
	str_printf(out, "  %s: |-\n", key);
	add_lines(out, "    ", text, length);
}

static void tap_one(struct test_report *r, const struct lua_test_case *one)
{
	struct str *out = &r->file;
	struct str name;

	str_init(&name);
	add_name(&name, one);
	str_printf(out, "%s %" PRIu32 " - ", is_red(one) ? "not ok" : "ok", ++r->number);
	tap_description(out, one->file);
	str_adds(out, ": ");
	tap_description(out, name.data);
	out->failed = out->failed || name.failed;
	str_clear(&name);
	str_adds(out, one->state == LUA_TEST_PENDING ? " # SKIP pending\n" : "\n");
	if (one->state == LUA_TEST_PENDING)
		return;
	str_printf(out, "  ---\n  duration_ms: %.3f\n", (double)one->duration_us / 1000);
	if (is_red(one)) {
		tap_block(out, "message", one->message, strlen(one->message));
		if (one->where) {
			str_adds(out, "  file: ");
			jsonw_quote(out, one->where, strlen(one->where));
			str_printf(out, "\n  line: %" PRIu32 "\n", one->where_line);
		}
		if (one->traceback)
			tap_block(out, "stack", one->traceback, strlen(one->traceback));
	}
	str_adds(out, "  ...\n");
}

static void tap_file_end(struct test_report *r, const char *name)
{
	(void)r;
	(void)name;
}

static void tap_end(struct test_report *r)
{
	str_printf(&r->out, "1..%" PRIu32 "\n", r->number);
}

/* ---- JUnit ---- */

static void xml(struct str *out, const char *text, size_t length)
{
	static const char *const names[] = {
		['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;", ['\n'] = "&#10;"
	};
	uint32_t code;

	while (length) {
		const size_t n = utf8_decode(text, length, &code);

		if (code < sizeof(names) / sizeof(*names) && names[code])
			str_adds(out, names[code]);
		else if (code == 0xfffd || code == 0xfffe || code == 0xffff || (code < ' ' && code != '\t'))
			str_adds(out, "\xef\xbf\xbd");
		else
			str_add(out, text, n);
		text += n;
		length -= n;
	}
}

static void attribute(struct str *out, const char *name, const char *text)
{
	str_printf(out, " %s=\"", name);
	xml(out, text, strlen(text));
	str_addc(out, '"');
}

static void junit_begin(struct test_report *r)
{
	str_adds(&r->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
}

static void junit_failure(struct str *out, const struct lua_test_case *one)
{
	char message[400];
	const char *element = one->state == LUA_TEST_BROKEN ? "error" : "failure";

	snprintf(message, sizeof(message), "%.*s", (int)strcspn(one->message, "\n"), one->message);
	str_printf(out, "      <%s", element);
	attribute(out, "message", message);
	str_addc(out, '>');
	if (one->where) {
		xml(out, one->where, strlen(one->where));
		str_printf(out, ":%" PRIu32 ": ", one->where_line);
	}
	xml(out, one->message, strlen(one->message));
	if (one->traceback) {
		str_addc(out, '\n');
		xml(out, one->traceback, strlen(one->traceback));
	}
	str_printf(out, "</%s>\n", element);
	if (!one->said_length)
		return;
	str_adds(out, "      <system-out>");
	xml(out, one->said, one->said_length);
	str_adds(out, "</system-out>\n");
}

static void junit_one(struct test_report *r, const struct lua_test_case *one)
{
	struct str *out = &r->file, group;

	str_init(&group);
	for (const char *const *g = one->groups; g && *g; g++) {
		str_adds(&group, g == one->groups ? "" : " > ");
		str_adds(&group, *g);
	}
	str_adds(out, "    <testcase");
	attribute(out, "classname", group.length ? group.data : one->file);
	attribute(out, "name", one->name ? one->name : one->file);
	attribute(out, "file", one->file);
	str_printf(out, " line=\"%" PRIu32 "\" time=\"%.6f\">\n", one->line ? one->line : one->where_line,
		   (double)one->duration_us / 1e6);
	out->failed = out->failed || group.failed;
	str_clear(&group);
	if (one->state == LUA_TEST_PENDING)
		str_adds(out, "      <skipped message=\"pending\"/>\n");
	else if (is_red(one))
		junit_failure(out, one);
	str_adds(out, "    </testcase>\n");
}

static void junit_file_end(struct test_report *r, const char *name)
{
	uint32_t tests = 0;

	for (int i = 0; i < LUA_TEST_STATES; i++)
		tests += r->of_file[i];
	str_adds(&r->out, "  <testsuite");
	attribute(&r->out, "name", name);
	str_printf(&r->out,
		   " tests=\"%" PRIu32 "\" failures=\"%" PRIu32 "\" errors=\"%" PRIu32 "\" skipped=\"%" PRIu32
		   "\" time=\"%.6f\">\n",
		   tests, r->of_file[LUA_TEST_FAILED], r->of_file[LUA_TEST_BROKEN], r->of_file[LUA_TEST_PENDING],
		   (double)r->file_us / 1e6);
}

static void junit_end(struct test_report *r)
{
	str_adds(&r->out, "</testsuites>\n");
}

/* ---- all of them ---- */

static const struct writer writers[] = {
	[PIPE_LUA_TEXT] = { text_begin, text_one, text_file_end, text_end },
	[PIPE_LUA_TAP] = { tap_begin, tap_one, tap_file_end, tap_end },
	[PIPE_LUA_JUNIT] = { junit_begin, junit_one, junit_file_end, junit_end },
};

void test_report_init(struct test_report *r, enum pipe_lua_format format, bool verbose, bool colour)
{
	*r = (struct test_report){ .format = format, .verbose = verbose, .colour = colour };
	str_init(&r->out);
	str_init(&r->file);
}

void test_report_clear(struct test_report *r)
{
	str_clear(&r->out);
	str_clear(&r->file);
}

void test_report_begin(struct test_report *r)
{
	writers[r->format].begin(r);
}

void test_report_case(struct test_report *r, const struct lua_test_case *one)
{
	r->of_file[one->state]++;
	r->states[one->state]++;
	r->file_us += one->duration_us;
	writers[r->format].one(r, one);
}

/* The file's own line, then what its tests had to say. */
void test_report_file_end(struct test_report *r, const char *name)
{
	r->files++;
	r->total_us += r->file_us;
	writers[r->format].file_end(r, name);
	str_add(&r->out, r->file.data, r->file.length);
	if (r->format == PIPE_LUA_JUNIT)
		str_adds(&r->out, "  </testsuite>\n");
	r->out.failed = r->out.failed || r->file.failed;
	str_reset(&r->file);
	memset(r->of_file, 0, sizeof(r->of_file));
	r->file_us = 0;
}

void test_report_end(struct test_report *r)
{
	writers[r->format].end(r);
}
