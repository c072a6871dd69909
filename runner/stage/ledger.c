#include "runner/stage/ledger.h"

#include "base/error.h"

#include <string.h>

/* ---- secrets ---- */

/* The text with its secrets taken out, until the next item.  NULL: no memory. */
static const char *clean(struct ledger *l, const char *text)
{
	if (!text || !*text)
		return text ? text : "";
	str_reset(&l->text);
	if (mask_text(l->mask, text, strlen(text), &l->text, NULL) || l->text.failed)
		return NULL;
	return strcmp(l->text.data, text) != 0 ? arena_strndup(&l->arena, l->text.data, l->text.length) : text;
}

/* Cleans the texts that the pointers lead to, in place. */
static int clean_all(struct ledger *l, const char **const *texts, size_t count, pipe_error *err)
{
	if (!l->mask || mask_is_empty(l->mask))
		return PIPE_OK;
	arena_clear(&l->arena);
	for (size_t i = 0; i < count; i++)
		if (!(*texts[i] = clean(l, *texts[i])))
			return error_nomem(err);
	return PIPE_OK;
}

#define CLEAN(l, err, ...)                                                                                                       \
	clean_all((l), (const char **const[]){ __VA_ARGS__ },                                                                    \
		  sizeof((const char **const[]){ __VA_ARGS__ }) / sizeof(const char **), (err))

/* ---- the transaction ---- */

static int begin(struct ledger *l, pipe_error *err)
{
	int rc;

	if (l->open)
		return PIPE_OK;
	rc = desk_evidence(l->desk, true, &l->db, err);
	if (rc == PIPE_OK)
		rc = evidence_begin(l->db, l->run, l->job, l->name, l->base, l->round, err);
	l->open = rc == PIPE_OK;
	return rc;
}

int ledger_report_begin(struct ledger *l, const char *path, pipe_error *err)
{
	const char *shown = path;
	int rc = CLEAN(l, err, &shown);

	if (rc == PIPE_OK)
		rc = begin(l, err);
	return rc ? rc : evidence_report_begin(l->db, shown, err);
}

int ledger_report_end(struct ledger *l, const struct report_format *format, const pipe_error *why, pipe_error *err)
{
	pipe_error shown;
	const char *text;
	int rc;

	if (!why)
		return evidence_report_end(l->db, format, NULL, err);
	shown = *why;
	text = why->text;
	rc = CLEAN(l, err, &text);
	if (rc)
		return rc;
	error_set(&shown, why->code, "%s", text);
	shown.line = why->line;
	shown.column = why->column;
	memcpy(shown.file, why->file, sizeof(shown.file));
	return evidence_report_end(l->db, format, &shown, err);
}

int ledger_condition(struct ledger *l, const struct stage_condition *c, pipe_error *err)
{
	struct stage_condition shown = *c;
	int rc = CLEAN(l, err, &shown.subject, &shown.value, &shown.bound, &shown.verdict, &shown.detail);

	if (rc == PIPE_OK)
		rc = begin(l, err);
	return rc ? rc : evidence_condition(l->db, &shown, err);
}

/* Takes away what an earlier attempt said; when there is no evidence at all, nothing is made. */
static int forget_earlier(struct ledger *l, pipe_error *err)
{
	int rc = desk_evidence(l->desk, false, &l->db, err);

	return rc || !l->db ? rc : begin(l, err);
}

int ledger_commit(struct ledger *l, pipe_error *err)
{
	int rc = PIPE_OK;

	if (!l->open && l->again && !l->round)
		rc = forget_earlier(l, err);
	l->again = false;
	if (rc || !l->open)
		return rc;
	rc = evidence_commit(l->db, &l->totals, err);
	if (rc) {
		ledger_rollback(l);
		return rc;
	}
	l->open = false;
	l->round++;
	return PIPE_OK;
}

void ledger_rollback(struct ledger *l)
{
	if (l->open)
		evidence_rollback(l->db);
	l->open = false;
}

/* ---- the sink ---- */

static int rebased(struct ledger *l, const char **path, pipe_error *err)
{
	*path = rebase_path(&l->rebase, *path);
	return *path ? PIPE_OK : error_nomem(err);
}

static const struct evidence_sink *below(const struct ledger *l)
{
	return evidence_sink(l->db);
}

static int take_test(void *payload, const struct evidence_test *t, pipe_error *err)
{
	struct ledger *l = payload;
	struct evidence_test shown = *t;
	int rc;

	if (l->marks && l->marks->type->mark)
		l->marks->type->mark(l->marks, &shown);
	rc = rebased(l, &shown.file, err);
	if (rc == PIPE_OK)
		rc = CLEAN(l, err, &shown.suite, &shown.name, &shown.file, &shown.message, &shown.details);
	if (rc == PIPE_OK)
		rc = begin(l, err);
	return rc ? rc : below(l)->test(below(l)->payload, &shown, err);
}

/* The lines of a source file come one after the other: its path is cleaned once. */
static int clean_path(struct ledger *l, const char **path, pipe_error *err)
{
	const char *shown = *path;
	int rc;

	if (!l->mask || mask_is_empty(l->mask))
		return PIPE_OK;
	if (strcmp(l->path.data, *path) != 0) {
		rc = CLEAN(l, err, &shown);
		if (rc)
			return rc;
		str_reset(&l->path);
		str_reset(&l->shown_path);
		str_adds(&l->path, *path);
		str_adds(&l->shown_path, shown);
		if (l->path.failed || l->shown_path.failed)
			return error_nomem(err);
	}
	*path = l->shown_path.data;
	return PIPE_OK;
}

static int take_line(void *payload, const struct evidence_line *line, pipe_error *err)
{
	struct ledger *l = payload;
	struct evidence_line shown = *line;
	int rc = rebased(l, &shown.path, err);

	if (rc == PIPE_OK)
		rc = clean_path(l, &shown.path, err);
	if (rc == PIPE_OK)
		rc = begin(l, err);
	return rc ? rc : below(l)->line(below(l)->payload, &shown, err);
}

static int take_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	struct ledger *l = payload;
	struct evidence_finding shown = *f;
	int rc = rebased(l, &shown.path, err);

	if (rc == PIPE_OK)
		rc = CLEAN(l, err, &shown.tool, &shown.rule, &shown.path, &shown.message, &shown.fingerprint, &shown.package,
			   &shown.installed, &shown.fixed, &shown.url);
	if (rc == PIPE_OK)
		rc = begin(l, err);
	return rc ? rc : below(l)->finding(below(l)->payload, &shown, err);
}

static int take_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	struct ledger *l = payload;
	struct evidence_metric shown = *m;
	int rc = CLEAN(l, err, &shown.name, &shown.labels, &shown.unit, &shown.help);

	if (rc == PIPE_OK)
		rc = begin(l, err);
	return rc ? rc : below(l)->metric(below(l)->payload, &shown, err);
}

static int take_component(void *payload, const struct evidence_component *c, pipe_error *err)
{
	struct ledger *l = payload;
	struct evidence_component shown = *c;
	int rc = CLEAN(l, err, &shown.name, &shown.version, &shown.type, &shown.purl, &shown.licenses);

	if (rc == PIPE_OK)
		rc = begin(l, err);
	return rc ? rc : below(l)->component(below(l)->payload, &shown, err);
}

static int take_image(void *payload, const struct evidence_image *i, pipe_error *err)
{
	struct ledger *l = payload;
	struct evidence_image shown = *i;
	int rc = CLEAN(l, err, &shown.name, &shown.digest);

	if (rc == PIPE_OK)
		rc = begin(l, err);
	return rc ? rc : below(l)->image(below(l)->payload, &shown, err);
}

static int take_scope(void *payload, unsigned gives, pipe_error *err)
{
	struct ledger *l = payload;
	int rc = begin(l, err);

	return rc || !below(l)->scope ? rc : below(l)->scope(below(l)->payload, gives, err);
}

void ledger_init(struct ledger *l)
{
	str_init(&l->text);
	str_init(&l->path);
	str_init(&l->shown_path);
	l->sink = (struct evidence_sink){ .test = take_test,
					  .line = take_line,
					  .finding = take_finding,
					  .metric = take_metric,
					  .component = take_component,
					  .image = take_image,
					  .scope = take_scope,
					  .payload = l };
}

void ledger_clear(struct ledger *l)
{
	str_clear(&l->text);
	str_clear(&l->path);
	str_clear(&l->shown_path);
	arena_clear(&l->arena);
	rebase_clear(&l->rebase);
}
