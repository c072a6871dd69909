#include "stages/test/quarantine.h"

#include "base/error.h"
#include "pipeline/document/diagnostic.h"
#include "pipeline/document/document.h"
#include "pipeline/keyword/keyword_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_MAX = 2048 };

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const struct keyword entry_fields[] = {
	FIELD("reason", TAKES_TEXT, "why it is here", .required = true),
	FIELD("test", TAKES_TEXT, "a pattern on suite::name, or on the name", .required = true),
	FIELD("until", TAKES_TEXT, "the last day, YYYY-MM-DD", .required = true),
	KEYWORD_END,
};
static const struct keyword file_row = FIELD("quarantine", TAKES_LIST, "tests that are known to be unreliable",
					     .items = TAKES_MAP, .fields = entry_fields);

/* The first fault that was found, as the call's error. */
static int fault(const struct diagnostics *d, const char *path, pipe_error *err)
{
	const struct diagnostic *first = d->list.count ? &d->list.items[0] : NULL;
	int rc;

	if (d->nomem || !first)
		return error_nomem(err);
	rc = error_set(err, PIPE_EPIPELINE, "%s%s%s", first->message, first->hint ? "; " : "", first->hint ? first->hint : "");
	if (err) {
		snprintf(err->file, sizeof(err->file), "%s", path);
		err->line = first->at.line;
		err->column = first->at.column;
	}
	return rc;
}

/* The first moment after that day, in ms since 1970; -1: it is no day. */
static int64_t end_of_day(const char *text)
{
	static const char shape[] = "0000-00-00";
	struct tm tm = { 0 }, same;
	time_t begin;

	for (size_t i = 0; i < sizeof(shape); i++)
		if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return -1;
	tm.tm_year = atoi(text) - 1900;
	tm.tm_mon = atoi(text + 5) - 1;
	tm.tm_mday = atoi(text + 8);
	same = tm;
	begin = timegm(&same);
	/* 31 April has become another day. */
	if (same.tm_year != tm.tm_year || same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday)
		return -1;
	return ((int64_t)begin + 24 * 60 * 60) * 1000;
}

static int take_entry(struct stage_job *job, const struct node *map, struct quarantine *q, struct diagnostics *d, pipe_error *err)
{
	struct quarantine_entry *e = vec_push(job->arena, &q->entries);
	const struct node *until = node_get(map, "until");
	int64_t end = end_of_day(until->text);

	if (!e)
		return error_nomem(err);
	if (end < 0) {
		diag_error(d, until->at, "wrong-date", "\"%s\" is no day: write one as YYYY-MM-DD", until->text);
		return fault(d, q->path, err);
	}
	*e = (struct quarantine_entry){ .test = node_get(map, "test")->text,
					.reason = node_get(map, "reason")->text,
					.until = until->text,
					.expired = job->world->now_ms(job->world->payload) >= end };
	return PIPE_OK;
}

int quarantine_read(struct stage_job *job, const char *path, struct quarantine *out, pipe_error *err)
{
	struct sources *sources = ARENA_NEW(job->arena, struct sources);
	const char *text = job->world->read(job->world->payload, job->arena, path, err);
	struct diagnostics d;
	pipe_limits limits = { 0 };
	struct node *root = NULL;
	int rc = PIPE_OK;

	memset(out, 0, sizeof(*out));
	out->path = path;
	if (!text)
		return err && err->code ? (int)err->code : PIPE_EIO;
	if (!sources ||
	    sources_add(sources, job->arena, (struct source){ .name = path, .text = text, .length = strlen(text) }) < 0)
		return error_nomem(err);
	limits_default(&limits);
	diagnostics_init(&d, job->arena, sources);
	if (document_parse(&root, 1, job->arena, 0, &limits, &d) < 0 || d.errors)
		return fault(&d, path, err);
	if (node_is_null(root))
		return PIPE_OK; /* nobody is in it */
	if (!keyword_check(&file_row, root, &d, NULL) || d.errors)
		return fault(&d, path, err);
	for (uint32_t i = 0; rc == PIPE_OK && i < root->count; i++)
		rc = take_entry(job, root->items[i], out, &d, err);
	return rc;
}

/* `*` is any text, also across slashes, `?` any one character.  Goes back to the last star only: quadratic at worst. */
static bool fits(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool matches(const char *pattern, const struct evidence_test *test)
{
	char key[KEY_MAX];

	if (fits(pattern, test->name))
		return true;
	return snprintf(key, sizeof(key), "%s::%s", test->suite, test->name) < (int)sizeof(key) && fits(pattern, key);
}

bool quarantine_holds(struct quarantine *q, const struct evidence_test *test)
{
	bool holds = false;

	for (uint32_t i = 0; i < q->entries.count; i++)
		if (matches(q->entries.items[i].test, test)) {
			q->entries.items[i].matched++;
			holds |= !q->entries.items[i].expired;
		}
	return holds;
}

void quarantine_say(struct stage_job *job, const struct quarantine *q)
{
	for (uint32_t i = 0; i < q->entries.count; i++) {
		const struct quarantine_entry *e = &q->entries.items[i];
		if (e->expired)
			stage_say(job, "%s: the quarantine of \"%s\" ended on %s: it counts again (%s)", q->path, e->test,
				  e->until, e->reason);
		else if (!e->matched)
			stage_say(job, "%s: \"%s\" is the name of no test here", q->path, e->test);
	}
}
