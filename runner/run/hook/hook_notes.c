/*
 * What scripts put beside what they do: metrics and findings, which become evidence of their job once its verdict is settled (before
 * that its reports begin the job's evidence anew); annotations, which are lines of its log and notes in the history; and what hooks of the run
 * say, which has no log and is kept as notes.
 */
#include "base/error.h"
#include "runner/run/hook/hooks_inside.h"

#include <string.h>

enum {
	NOTES_MOST = 100000,
	KEPT_MOST = 1000 /* notes of a run in the history */
};

static const char *keep(struct hook_notes *n, const char *text)
{
	return text && *text ? arena_strdup(&n->arena, text) : "";
}

/* Is there room for one more? */
static int count_one(struct hook_notes *n, pipe_error *err)
{
	if (n->refuse_evidence)
		return error_set(err, PIPE_EUSAGE, "metrics and findings are evidence of a job: a hook of the run has none");
	if (n->count == NOTES_MOST)
		return error_set(err, PIPE_ELIMIT, "the hooks of a job put no more than %d metrics and findings", NOTES_MOST);
	n->count++;
	return PIPE_OK;
}

static int put_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	struct hook_notes *n = payload;
	struct evidence_metric *copy;
	int rc = count_one(n, err);

	if (rc)
		return rc;
	copy = vec_push(&n->arena, &n->metrics);
	if (!copy)
		return error_nomem(err);
	*copy = (struct evidence_metric){ .name = keep(n, m->name),
					  .labels = keep(n, m->labels),
					  .value = m->value,
					  .unit = keep(n, m->unit),
					  .help = keep(n, m->help) };
	return copy->name && copy->labels && copy->unit && copy->help ? PIPE_OK : (n->metrics.count--, error_nomem(err));
}

static int put_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	struct hook_notes *n = payload;
	struct evidence_finding *copy;
	const char **texts[9];
	int rc = count_one(n, err);

	if (rc)
		return rc;
	copy = vec_push(&n->arena, &n->findings);
	if (!copy)
		return error_nomem(err);
	*copy = *f;
	texts[0] = &copy->tool, texts[1] = &copy->rule, texts[2] = &copy->path;
	texts[3] = &copy->message, texts[4] = &copy->fingerprint, texts[5] = &copy->package;
	texts[6] = &copy->installed, texts[7] = &copy->fixed, texts[8] = &copy->url;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!(*texts[i] = keep(n, *texts[i]))) {
			n->findings.count--;
			return error_nomem(err);
		}
	return PIPE_OK;
}

int hook_annotate(void *payload, const char *label, const char *text, const char *url, pipe_error *err)
{
	struct hook_notes *n = payload;
	struct hook_note *note = vec_push(&n->said_arena, &n->said);

	if (!note)
		return error_nomem(err);
	*note = (struct hook_note){ arena_strdup(&n->said_arena, label && *label ? label : "note"),
				    arena_strdup(&n->said_arena, text ? text : ""),
				    arena_strdup(&n->said_arena, url ? url : "") };
	return note->label && note->text && note->url ? PIPE_OK : (n->said.count--, error_nomem(err));
}

void hook_notes_init(struct hook_notes *n, bool of_job)
{
	n->refuse_evidence = !of_job;
	ledger_init(&n->ledger);
	n->sink = (struct evidence_sink){ .metric = put_metric, .finding = put_finding, .payload = n };
}

void hook_notes_clear(struct hook_notes *n)
{
	arena_clear(&n->said_arena);
	ledger_clear(&n->ledger);
	arena_clear(&n->arena);
}

/* Adds a text of a hook, without secrets. */
static const char *masked(struct pipe_run *s, struct arena *a, const char *text)
{
	struct str out;
	const char *copy = NULL;

	if (!text || mask_is_empty(s->mask))
		return text;
	str_init(&out);
	if (mask_text(s->mask, text, strlen(text), &out, NULL) == PIPE_OK && !out.failed)
		copy = arena_strndup(a, out.data, out.length);
	str_clear(&out);
	return copy;
}

void hook_keep(struct hook_caller *c, const char *kind, const char *label, const char *text, const char *url)
{
	struct pipe_run *s = c->p->session;
	struct arena a = ARENA_INIT;
	struct store_note note = { .job = c->x ? c->x->job->index : UINT32_MAX, .time_ms = session_now(s), .kind = kind };
	pipe_error err;

	if (s->history_failed || c->p->hooks->kept > KEPT_MOST)
		return;
	note.label = masked(s, &a, label);
	note.text = masked(s, &a, text);
	note.url = masked(s, &a, url);
	if (c->p->hooks->kept++ == KEPT_MOST)
		note = (struct store_note){
			UINT32_MAX, note.time_ms, "warning", hook_point_name(c->point), "hooks said more than is kept", NULL
		};
	if (store_note_add(s->store, c->p->number, &note, &err))
		session_fail_history(s, &err);
	arena_clear(&a);
}

static void show(struct hook_caller *c, const struct hook_note *note)
{
	struct str line;

	str_init(&line);
	str_printf(&line, "%s:%s%s%s%s\n", note->label, *note->text ? " " : "", note->text, *note->url ? " " : "", note->url);
	if (!line.failed)
		hook_show(c, line.data, line.length);
	str_clear(&line);
	hook_keep(c, "annotation", note->label, note->text, note->url);
}

void hook_notes_show(struct hook_caller *c)
{
	struct hook_notes *n = &c->notes;

	for (uint32_t i = 0; i < n->said.count; i++)
		show(c, &n->said.items[i]);
	n->said.count = 0;
	n->said.items = NULL;
	n->said.capacity = 0;
	arena_clear(&n->said_arena);
}

/* ---- evidence ---- */

static int write_all(struct hook_notes *n, pipe_error *err)
{
	const struct evidence_sink *to = &n->ledger.sink;
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < n->metrics.count; i++)
		rc = to->metric(to->payload, &n->metrics.items[i], err);
	for (uint32_t i = 0; rc == PIPE_OK && i < n->findings.count; i++)
		rc = to->finding(to->payload, &n->findings.items[i], err);
	if (rc == PIPE_OK)
		rc = ledger_commit(&n->ledger, err);
	else
		ledger_rollback(&n->ledger);
	return rc;
}

static void work(struct desk_work *w)
{
	struct hook_notes *n = (struct hook_notes *)((char *)w - offsetof(struct hook_notes, work));

	n->code = write_all(n, &n->error);
}

static void worked(struct desk_work *w)
{
	struct hook_notes *n = (struct hook_notes *)((char *)w - offsetof(struct hook_notes, work));
	struct active_job *x = n->x;

	n->written = n->code == PIPE_OK;
	if (n->code && x->outcome.status != PIPE_STATUS_FAILED)
		x->hooks->caller.failure = arena_printf(&x->arena, "what its hooks put cannot be kept: %s", n->error.text);
	else if (n->code)
		notify_warning(x->job->pipeline, x->job, "what its hooks put cannot be kept: %s", n->error.text);
	x->hooks->then(x);
}

bool hook_notes_write(struct hook_caller *c, void (*then)(struct active_job *x))
{
	struct hook_notes *n = &c->notes;
	struct active_job *x = c->x;
	struct job_run *j = x->job;

	/* Its reports, or its stage, have begun the evidence of this attempt; otherwise that of an earlier attempt goes. */
	n->ledger.round = x->stage ? 1 : 0;
	n->ledger.again = !x->stage && j->attempt > 1;
	if (n->written || (!n->count && !n->ledger.again) || c->p->session->failure)
		return false;
	x->hooks->then = then;
	n->x = x;
	n->ledger.desk = &c->p->session->desk;
	n->ledger.run = c->p->number;
	n->ledger.job = j->index;
	n->ledger.name = j->plan->name;
	n->ledger.base = j->plan->job->name;
	n->ledger.mask = c->p->session->mask;
	n->work = (struct desk_work){ .work = work, .then = worked };
	desk_queue(&c->p->session->desk, &n->work);
	return true;
}
