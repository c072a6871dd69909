/* compare: two runs side by side, and what exactly is new, fixed, slower or gone. */
#include "base/duration.h"
#include "cli/output/when.h"
#include "cli/sheet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const struct option compare_own[] = {
	{ "all", 0, OPTION_ON, FIELD(all), NULL, "name every change (default: the first 50 of each kind)", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const compare_tables[] = { compare_own, NULL };

enum { NAMED = 50, PLACE = 32 };

/* In the order in which they are shown. */
static const struct {
	enum pipe_change_kind kind;
	const char *key, *heading, *sgr;
} sections[PIPE_CHANGE_COUNT] = {
	{ PIPE_CHANGE_NEW_FAILURE, "new_failures", "new failures", SGR_RED },
	{ PIPE_CHANGE_FIXED, "fixed", "fixed tests", SGR_GREEN },
	{ PIPE_CHANGE_FLAKY, "flaky", "flaky now", SGR_YELLOW },
	{ PIPE_CHANGE_SKIPPED, "skipped", "skipped now", SGR_YELLOW },
	{ PIPE_CHANGE_SLOWER, "slower", "slower tests", SGR_YELLOW },
	{ PIPE_CHANGE_NEW_TEST, "new_tests", "new tests", NULL },
	{ PIPE_CHANGE_REMOVED_TEST, "removed_tests", "removed tests", NULL },
	{ PIPE_CHANGE_NEW_FINDING, "new_findings", "new findings", SGR_RED },
	{ PIPE_CHANGE_FIXED_FINDING, "fixed_findings", "fixed findings", SGR_GREEN },
	{ PIPE_CHANGE_COVERAGE, "coverage", "coverage by file", NULL },
};

/* Changes come mixed: what is shown of each kind is collected until all have come. */
struct view {
	struct sheet s;
	struct str parts[PIPE_CHANGE_COUNT];
	struct json jsons[PIPE_CHANGE_COUNT];
};

/* ---- text ---- */

static void slower_line(struct sheet *s, const pipe_change_record *c)
{
	char was[WHEN_SIZE], now[WHEN_SIZE];

	duration_format(c->before_us / 1000, was, sizeof(was));
	duration_format(c->test->duration_us / 1000, now, sizeof(now));
	str_printf(&s->out, "    %s %s %s\n", was, term_pick(&s->c->term, "→", "->"), now);
}

static void coverage_line(struct sheet *s, const pipe_change_record *c)
{
	const pipe_coverage_record *was = c->was, *now = c->now;
	char a[PERCENT_SIZE] = "-", b[PERCENT_SIZE] = "-";
	unsigned width = s->columns < 74 ? 30 : 40;

	if (was)
		sheet_percent(was->lines_hit, was->lines, a);
	if (now)
		sheet_percent(now->lines_hit, now->lines, b);
	str_adds(&s->out, "  ");
	sheet_path(s, now ? now->path : was ? was->path : "", width, true);
	str_printf(&s->out, "  %8s %s %-8s", a, term_pick(&s->c->term, "→", "->"), b);
	if (was && now && was->lines && now->lines)
		str_printf(&s->out, "  %+.1f", sheet_ratio(now->lines_hit, now->lines) - sheet_ratio(was->lines_hit, was->lines));
	else if (!was || !now)
		str_adds(&s->out, was ? "  gone" : "  new");
	str_addc(&s->out, '\n');
}

static void text_change(struct sheet *s, const pipe_change_record *c)
{
	if (c->finding) {
		sheet_finding(s, c->finding, PLACE);
		return;
	}
	if (!c->test) {
		coverage_line(s, c);
		return;
	}
	str_adds(&s->out, "  ");
	sheet_test(s, c->test);
	if (c->kind == PIPE_CHANGE_SLOWER)
		slower_line(s, c);
	else if (c->kind == PIPE_CHANGE_NEW_FAILURE || c->kind == PIPE_CHANGE_SKIPPED)
		sheet_lines(s, c->test->message, 4, 3);
}

static int on_text(void *payload, const pipe_change_record *c)
{
	struct view *v = payload;
	struct arena kept = v->s.c->arena;
	struct str page = v->s.out;

	/* onto the part instead of the page, and with an arena for this change alone */
	v->s.c->arena = (struct arena)ARENA_INIT;
	v->s.out = v->parts[c->kind];
	text_change(&v->s, c);
	v->parts[c->kind] = v->s.out;
	v->s.out = page;
	arena_clear(&v->s.c->arena);
	v->s.c->arena = kept;
	return v->parts[c->kind].failed;
}

static void missing(struct sheet *s, const char *what, int was, int now)
{
	if (!was || now)
		return;
	term_paint(&s->c->term, &s->out, SGR_RED, term_pick(&s->c->term, "✗", "x"));
	str_printf(&s->out, " the later run has no report of %s\n", what);
}

static void coverage_total(struct sheet *s, const pipe_comparison *r)
{
	char was[PERCENT_SIZE], now[PERCENT_SIZE];

	if (!r->was.lines || !r->now.lines || (r->was.lines == r->now.lines && r->was.lines_hit == r->now.lines_hit))
		return;
	str_printf(&s->out, "coverage %s %s %s, %+.1f\n", sheet_percent(r->was.lines_hit, r->was.lines, was),
		   term_pick(&s->c->term, "→", "->"), sheet_percent(r->now.lines_hit, r->now.lines, now),
		   sheet_ratio(r->now.lines_hit, r->now.lines) - sheet_ratio(r->was.lines_hit, r->was.lines));
}

/* Where the later run has no report at all, one line has said so: not every file and test is gone one by one. */
static bool is_said_already(const pipe_comparison *r, enum pipe_change_kind kind)
{
	return (kind == PIPE_CHANGE_COVERAGE && !r->now.has_coverage) || (kind == PIPE_CHANGE_REMOVED_TEST && !r->now.has_tests);
}

static void show_text(struct view *v, const pipe_comparison *r)
{
	struct sheet *s = &v->s;
	bool same = true;

	sheet_run(s, r->before, &r->was);
	sheet_run(s, r->after, &r->now);
	coverage_total(s, r);
	missing(s, "tests", r->was.has_tests, r->now.has_tests);
	missing(s, "coverage", r->was.has_coverage, r->now.has_coverage);
	missing(s, "findings", r->was.has_findings, r->now.has_findings);
	for (size_t i = 0; i < PIPE_CHANGE_COUNT; i++) {
		uint64_t all = r->changes[sections[i].kind];

		if (!all || is_said_already(r, sections[i].kind))
			continue;
		same = false;
		sheet_heading(s, sections[i].sgr, "%s (%" PRIu64 ")", sections[i].heading, all);
		str_add(&s->out, v->parts[sections[i].kind].data, v->parts[sections[i].kind].length);
		if (!s->c->set.all && all > NAMED)
			str_printf(&s->out, "  and %" PRIu64 " more: --all\n", all - NAMED);
	}
	if (same && !r->worse)
		str_adds(&s->out, "no test, finding or covered line differs\n");
}

/* ---- JSON ---- */

static void json_coverage(struct json *j, const pipe_change_record *c)
{
	const pipe_coverage_record *const sides[] = { c->was, c->now };
	static const char *const keys[] = { "before", "after" };

	jsonw_object(j);
	jsonw_kstring(j, "path", c->now ? c->now->path : c->was->path);
	for (int i = 0; i < 2; i++) {
		jsonw_key(j, keys[i]);
		if (sides[i])
			record_coverage(j, sides[i]);
		else
			jsonw_null(j);
	}
	jsonw_object_end(j);
}

static void json_slower(struct json *j, const pipe_change_record *c)
{
	jsonw_object(j);
	jsonw_kint(j, "before_us", c->before_us);
	jsonw_key(j, "test");
	record_test(j, c->test);
	jsonw_object_end(j);
}

static int on_json(void *payload, const pipe_change_record *c)
{
	struct view *v = payload;
	struct json *j = &v->jsons[c->kind];

	if (c->finding)
		record_finding(j, c->finding);
	else if (!c->test)
		json_coverage(j, c);
	else if (c->kind == PIPE_CHANGE_SLOWER)
		json_slower(j, c);
	else
		record_test(j, c->test);
	return v->parts[c->kind].failed;
}

static void json_side(struct json *j, const char *key, int64_t run, const pipe_evidence *e)
{
	jsonw_key(j, key);
	jsonw_object(j);
	jsonw_kint(j, "run", run);
	jsonw_key(j, "evidence");
	record_evidence(j, e);
	jsonw_object_end(j);
}

/* The parts are arrays that are complete; they are put into the document as they are. */
static void show_json(struct view *v, const pipe_comparison *r)
{
	struct str *out = &v->s.out;
	struct json *j = &v->s.json;

	jsonw_init(j, out, false);
	jsonw_object(j);
	json_side(j, "before", r->before, &r->was);
	json_side(j, "after", r->after, &r->now);
	jsonw_kbool(j, "worse", r->worse != 0);
	jsonw_key(j, "counts");
	jsonw_object(j);
	for (size_t i = 0; i < PIPE_CHANGE_COUNT; i++)
		jsonw_kint(j, sections[i].key, (int64_t)r->changes[sections[i].kind]);
	jsonw_object_end(j);
	for (size_t i = 0; i < PIPE_CHANGE_COUNT; i++) {
		struct str *part = &v->parts[sections[i].kind];

		jsonw_array_end(&v->jsons[sections[i].kind]);
		str_printf(out, ",\n\"%s\": ", sections[i].key);
		str_add(out, part->data, part->length);
		out_str(v->s.c->out, out);
	}
	str_adds(out, "}\n");
}

/* ---- both ---- */

static int run_compare(struct view *v, int64_t other, pipe_comparison *r)
{
	pipe_compare_options o = PIPE_COMPARE_OPTIONS_INIT;
	struct sheet *s = &v->s;
	bool json = is_json(s->c);

	o.limit = json || s->c->set.all ? 0 : NAMED;
	for (size_t i = 0; json && i < PIPE_CHANGE_COUNT; i++) {
		jsonw_init(&v->jsons[i], &v->parts[i], true);
		jsonw_array(&v->jsons[i]);
	}
	return pipe_history_compare(s->project, s->run, other, &o, json ? on_json : on_text, v, r, &s->err);
}

static int compare(struct cli *c)
{
	pipe_comparison r;
	struct view v;
	int64_t other;
	int status, rc;

	if (!run_number(c->set.arguments.items[1], &other))
		return usage_error(c, "a run is a number or \"last\", not \"%s\"", c->set.arguments.items[1]);
	status = sheet_open(&v.s, c);
	if (status)
		return status;
	for (size_t i = 0; i < PIPE_CHANGE_COUNT; i++)
		str_init(&v.parts[i]);
	rc = run_compare(&v, other, &r);
	for (size_t i = 0; !rc && i < PIPE_CHANGE_COUNT; i++)
		v.s.out.failed = v.s.out.failed || v.parts[i].failed;
	if (!rc)
		(is_json(c) ? show_json : show_text)(&v, &r);
	for (size_t i = 0; i < PIPE_CHANGE_COUNT; i++)
		str_clear(&v.parts[i]);
	status = sheet_close(&v.s, rc);
	return status || !r.worse ? status : EXIT_JOB_FAILED;
}

const struct command command_compare = {
	"compare",
	"RUN RUN",
	"compare two runs: what broke, what was fixed, what became slower",
	"The earlier run comes first. A test is slower when it takes at least twice as long and at least 100 ms longer. The exit status is 0 when the second run is the "
	"same or better, and 1 when it is worse: a new failure, a new finding, coverage of all lines lower by 0.1 per cent or more, or no "
	"more tests, coverage or findings of a kind where there were some.",
	"pipe compare 12 15\npipe compare 12 15 --format json\n",
	compare_tables,
	2,
	2,
	compare,
	false,
};
