/* tests: what the tests of a run said. */
#include "cli/output/when.h"
#include "cli/sheet.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const struct option tests_own[] = {
	{ "failed", 0, OPTION_ON, FIELD(failed), NULL, "only those that failed, with all that is known of them", NULL },
	{ "all", 0, OPTION_ON, FIELD(all), NULL, "every test", NULL },
	{ "job", 'j', OPTION_TEXT, FIELD(job), "JOB", "only those of this job", NULL },
	{ "limit", 'n', OPTION_NUMBER, FIELD(limit), "N", "at most N slowest ones (default: 5; 0: none)", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const tests_tables[] = { tests_own, NULL };

enum { MESSAGE_LINES = 6, DETAIL_LINES = 200, SLOWEST = 5 };

/* ---- text ---- */

static void place_line(struct sheet *s, const pipe_test_record *t)
{
	if (!*t->file)
		return;
	term_on(&s->c->term, &s->out, SGR_DIM);
	str_adds(&s->out, "    ");
	sheet_path(s, t->file, s->columns > 24 ? s->columns - 14 : 10, false);
	if (t->line)
		str_printf(&s->out, ":%" PRIu32, t->line);
	term_off(&s->c->term, &s->out, SGR_DIM);
	str_addc(&s->out, '\n');
}

/* Rows under a heading, which is written with the first of them. */
struct section {
	struct sheet *s;
	const char *heading, *sgr;
	void (*row)(struct sheet *s, const pipe_test_record *t);
	bool begun;
};

static void failed_row(struct sheet *s, const pipe_test_record *t)
{
	const char *text = *t->message ? t->message : t->details;

	sheet_test(s, t);
	place_line(s, t);
	sheet_lines(s, text, 4, MESSAGE_LINES);
	if (s->c->set.failed && text != t->details)
		sheet_lines(s, t->details, 6, DETAIL_LINES);
}

static void flaky_row(struct sheet *s, const pipe_test_record *t)
{
	sheet_test(s, t);
	if (t->failures)
		str_printf(&s->out, "    passed after %" PRIu32 " failed %s\n", t->failures, t->failures == 1 ? "try" : "tries");
	sheet_lines(s, t->message, 4, 2);
}

static int on_row(void *payload, const pipe_test_record *t)
{
	struct section *x = payload;

	if (!x->begun)
		sheet_heading(x->s, x->sgr, "%s", x->heading);
	x->begun = true;
	x->row(x->s, t);
	return sheet_pass(x->s);
}

static int section(struct sheet *s, struct section x, const pipe_test_options *o)
{
	x.s = s;
	return pipe_history_tests(s->project, s->run, o, on_row, &x, &s->err);
}

static int show_failed(struct sheet *s, const pipe_evidence *e, pipe_test_options o)
{
	static const struct section failed = { NULL, "failed", SGR_RED, failed_row, false };
	static const struct section apart = { NULL, "failed in quarantine (they do not count)", SGR_YELLOW, failed_row, false };
	int rc = PIPE_OK;

	o.status = "failed";
	o.quarantined = -1;
	if (e->failed + e->errors)
		rc = section(s, failed, &o);
	o.quarantined = 1;
	return rc || !e->quarantined ? rc : section(s, apart, &o);
}

struct unreliable {
	struct sheet *s;
	bool begun;
};

static int unreliable_row(void *payload, const pipe_unreliable_record *t)
{
	struct unreliable *u = payload;
	const pipe_test_record shown = {
		.job = t->job, .suite = t->suite, .name = t->name, .file = t->file, .status = "flaky", .duration_us = -1
	};

	if (!u->begun)
		sheet_heading(u->s, SGR_YELLOW, "unreliable over the last runs of this branch");
	u->begun = true;
	sheet_test(u->s, &shown);
	str_printf(&u->s->out, "    failed in %" PRIu32 " of %" PRIu32 " runs (%.0f %%)\n", t->failures, t->runs,
		   100.0 * t->failures / t->runs);
	return sheet_pass(u->s);
}

static int show_unreliable(struct sheet *s)
{
	struct unreliable u = { .s = s };

	return pipe_history_unreliable(s->project, s->run, s->c->set.job, unreliable_row, &u, &s->err);
}

static int show_text(struct sheet *s, const pipe_evidence *e)
{
	static const struct section flaky = { NULL, "flaky", SGR_YELLOW, flaky_row, false };
	static const struct section slow = { NULL, "slowest", NULL, sheet_test, false };
	static const struct section every = { NULL, "all", NULL, sheet_test, false };
	pipe_test_options o = PIPE_TEST_OPTIONS_INIT;
	int rc;

	o.job = s->c->set.job;
	rc = show_failed(s, e, o);
	if (rc || s->c->set.failed)
		return rc;
	o.status = "flaky";
	if (e->flaky)
		rc = section(s, flaky, &o);
	o.status = NULL;
	if (!rc)
		rc = show_unreliable(s);
	if (rc || s->c->set.all)
		return rc ? rc : section(s, every, &o);
	o.slowest = 1;
	o.limit = s->c->set.limit == UINT64_MAX ? SLOWEST : s->c->set.limit;
	return !o.limit || e->tests_ms <= 0 ? PIPE_OK : section(s, slow, &o);
}

/* ---- JSON ---- */

static int json_row(void *payload, const pipe_test_record *t)
{
	struct sheet *s = payload;

	record_test(&s->json, t);
	return sheet_pass(s);
}

static int json_unreliable(void *payload, const pipe_unreliable_record *t)
{
	struct sheet *s = payload;

	record_unreliable(&s->json, t);
	return sheet_pass(s);
}

static int show_json(struct sheet *s, const pipe_evidence *e)
{
	pipe_test_options o = PIPE_TEST_OPTIONS_INIT;
	int rc;

	o.job = s->c->set.job;
	o.status = s->c->set.failed ? "failed" : NULL;
	jsonw_init(&s->json, &s->out, true);
	jsonw_object(&s->json);
	jsonw_kint(&s->json, "run", s->run);
	jsonw_key(&s->json, "evidence");
	record_evidence(&s->json, e);
	jsonw_key(&s->json, "tests");
	jsonw_array(&s->json);
	rc = pipe_history_tests(s->project, s->run, &o, json_row, s, &s->err);
	jsonw_array_end(&s->json);
	jsonw_key(&s->json, "unreliable");
	jsonw_array(&s->json);
	if (!rc)
		rc = pipe_history_unreliable(s->project, s->run, s->c->set.job, json_unreliable, s, &s->err);
	jsonw_array_end(&s->json);
	jsonw_object_end(&s->json);
	str_addc(&s->out, '\n');
	return rc;
}

static int tests(struct cli *c)
{
	pipe_evidence e;
	struct sheet s;
	int status = sheet_open(&s, c), rc;

	if (status)
		return status;
	rc = pipe_history_evidence(s.project, s.run, c->set.job, &e, &s.err);
	if (rc)
		return sheet_close(&s, rc);
	if (is_json(c))
		return sheet_close(&s, show_json(&s, &e));
	sheet_run(&s, s.run, &e);
	rc = sheet_broken(&s, c->set.job);
	if (!rc && !e.has_tests)
		str_adds(&s.out, "no report of tests was read\n");
	return sheet_close(&s, rc ? rc : show_text(&s, &e));
}

const struct command command_tests = {
	"tests",
	"[RUN]",
	"show the tests of a run: what failed and why, what is flaky, what is slow",
	"Without RUN, or with \"last\", the last run is meant. Tests come from the reports of typed stages and of artifacts:reports.",
	"pipe tests\npipe tests 12 --failed\npipe tests --all --job unit\npipe tests --format json\n",
	tests_tables,
	0,
	1,
	tests,
	false,
};
