/* show: one run of the history. */
#include "base/duration.h"
#include "cli/cli.h"
#include "cli/output/table.h"
#include "cli/output/text.h"
#include "cli/output/when.h"
#include "cli/record.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const struct option show_own[] = {
	{ "definition", 0, OPTION_ON, FIELD(definition), NULL, "what was run: the pipeline as it was expanded then (YAML)",
	  NULL },
	{ "variables", 0, OPTION_ON, FIELD(variables_view), NULL, "its variables, without secrets (JSON)", NULL },
	{ "events", 0, OPTION_ON, FIELD(events), NULL, "every change of a job's state", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const show_tables[] = { show_own, NULL };

/* Everything that the callbacks of one `show` need. */
struct page {
	struct cli *c;
	struct str out;
	struct json json;
	char *stage; /* of the job before */
	unsigned name_width;
	int64_t now, run;
	const char **names; /* of jobs, by index */
	size_t names_count;
	bool has_evidence, has_notes;
};

/* ---- JSON ---- */

static int json_run(void *payload, const pipe_run_record *run)
{
	struct page *p = payload;

	p->run = run->number;
	jsonw_key(&p->json, "run");
	record_run(&p->json, run);
	return 0;
}

static int json_job(void *payload, const pipe_job_record *job)
{
	record_job(&((struct page *)payload)->json, job);
	return 0;
}

static int json_transition(void *payload, const pipe_transition_record *t)
{
	record_transition(&((struct page *)payload)->json, t);
	return 0;
}

static int json_artifact(void *payload, const pipe_artifact_record *a)
{
	record_artifact(&((struct page *)payload)->json, a);
	return 0;
}

static int json_evidence(void *payload, uint32_t index, const char *job, const pipe_evidence *e)
{
	struct json *j = &((struct page *)payload)->json;

	jsonw_object(j);
	jsonw_kint(j, "index", index);
	jsonw_kstring(j, "job", job);
	jsonw_key(j, "evidence");
	record_evidence(j, e);
	jsonw_object_end(j);
	return 0;
}

static int json_condition(void *payload, const pipe_condition_record *c)
{
	record_condition(&((struct page *)payload)->json, c);
	return 0;
}

static int json_note(void *payload, const pipe_note_record *n)
{
	record_note(&((struct page *)payload)->json, n);
	return 0;
}

static int json_report(void *payload, const pipe_report_record *r)
{
	record_report(&((struct page *)payload)->json, r);
	return 0;
}

/* What reports said, and what a gate made of it. */
static int show_json_evidence(struct page *p, pipe_project *project, pipe_error *err)
{
	struct json *j = &p->json;
	int rc;

	jsonw_key(j, "evidence");
	jsonw_array(j);
	rc = pipe_history_evidence_jobs(project, p->run, json_evidence, p, err);
	jsonw_array_end(j);
	jsonw_key(j, "conditions");
	jsonw_array(j);
	if (!rc)
		rc = pipe_history_conditions(project, p->run, NULL, json_condition, p, err);
	jsonw_array_end(j);
	jsonw_key(j, "reports");
	jsonw_array(j);
	if (!rc)
		rc = pipe_history_reports(project, p->run, NULL, json_report, p, err);
	jsonw_array_end(j);
	return rc;
}

static int show_json(struct page *p, pipe_project *project, int64_t run, pipe_error *err)
{
	struct json *j = &p->json;
	int rc;

	jsonw_init(j, &p->out, true);
	jsonw_object(j);
	rc = pipe_history_run(project, run, json_run, p, err);
	jsonw_key(j, "jobs");
	jsonw_array(j);
	if (!rc)
		rc = pipe_history_jobs(project, p->run, json_job, p, err);
	jsonw_array_end(j);
	jsonw_key(j, "transitions");
	jsonw_array(j);
	if (!rc)
		rc = pipe_history_transitions(project, p->run, json_transition, p, err);
	jsonw_array_end(j);
	jsonw_key(j, "artifacts");
	jsonw_array(j);
	if (!rc)
		rc = pipe_history_artifacts(project, p->run, NULL, json_artifact, p, err);
	jsonw_array_end(j);
	jsonw_key(j, "notes");
	jsonw_array(j);
	if (!rc)
		rc = pipe_history_notes(project, p->run, json_note, p, err);
	jsonw_array_end(j);
	if (!rc)
		rc = show_json_evidence(p, project, err);
	jsonw_object_end(j);
	str_addc(&p->out, '\n');
	return rc;
}

/* ---- text ---- */

static void clean(struct page *p, const char *text)
{
	text_clean(&p->out, text, strlen(text), term_text_flags(&p->c->term));
}

static void fact(struct page *p, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	term_on(&p->c->term, &p->out, SGR_DIM);
	str_printf(&p->out, "  %-9s ", label);
	term_off(&p->c->term, &p->out, SGR_DIM);
	clean(p, text);
	str_addc(&p->out, '\n');
}

static void commit_fact(struct page *p, const pipe_run_record *run)
{
	const char *text;

	if (!run->commit_sha || !*run->commit_sha)
		return;
	text = arena_printf(&p->c->arena, "%.12s %s%s%s", run->commit_sha, run->branch, run->dirty ? " with changes" : "",
			    run->title && *run->title ? ":" : "");
	text = text ? arena_printf(&p->c->arena, "%s %s", text, run->title ? run->title : "") : NULL;
	fact(p, "commit", text);
}

static int text_run(void *payload, const pipe_run_record *run)
{
	struct page *p = payload;
	const struct term *t = &p->c->term;
	const char *sgr = term_status_sgr(run->status);
	char buffer[WHEN_SIZE], ago[WHEN_SIZE];

	p->run = run->number;
	term_symbol(t, &p->out, run->status);
	str_printf(&p->out, " run %" PRId64 " ", run->number);
	term_paint(t, &p->out, sgr, pipe_status_name(run->status));
	if (run->finished_ms)
		str_printf(&p->out, " after %s", duration_format(run->finished_ms - run->started_ms, buffer, sizeof(buffer)));
	else if (run->status == PIPE_STATUS_RUNNING)
		str_printf(&p->out, " for %s", when_elapsed(p->now - run->started_ms, buffer));
	str_addc(&p->out, '\n');
	fact(p, "started",
	     arena_printf(&p->c->arena, "%s (%s)", when_full(run->started_ms, buffer),
			  when_relative(run->started_ms, p->now, ago)));
	fact(p, "file", run->file);
	fact(p, "name", run->name);
	fact(p, "source", run->source);
	commit_fact(p, run);
	if (run->parent)
		fact(p, "parent", arena_printf(&p->c->arena, "run %" PRId64, run->parent));
	return 0;
}

static void job_stage(struct page *p, const char *stage)
{
	if (p->stage && !strcmp(p->stage, stage))
		return;
	p->stage = arena_strdup(&p->c->arena, stage);
	str_addc(&p->out, '\n');
	term_on(&p->c->term, &p->out, SGR_BOLD);
	clean(p, stage);
	term_off(&p->c->term, &p->out, SGR_BOLD);
	str_addc(&p->out, '\n');
}

static void job_name(struct page *p, const char *name)
{
	struct str s;

	str_init(&s);
	text_clean(&s, name, strlen(name), term_text_flags(&p->c->term));
	if (text_width(s.data, s.length) > p->name_width)
		str_add(&p->out, s.data, s.length);
	else
		text_fit(&p->out, s.data, p->name_width, "", 1);
	str_clear(&s);
}

/* Of what was cancelled the reason is often that it was cancelled. */
static bool says_more(const char *reason, enum pipe_status status)
{
	return reason && *reason && strcmp(reason, pipe_status_name(status)) != 0;
}

static const char *job_time(const struct page *p, const pipe_job_record *job, char buffer[WHEN_SIZE])
{
	if (!job->started_ms)
		return "";
	if (job->finished_ms)
		return duration_format(job->finished_ms - job->started_ms, buffer, WHEN_SIZE);
	return job->status == PIPE_STATUS_RUNNING ? when_elapsed(p->now - job->started_ms, buffer) : "";
}

static int text_job(void *payload, const pipe_job_record *job)
{
	struct page *p = payload;
	const struct term *t = &p->c->term;
	const char *sgr = term_status_sgr(job->status);
	char buffer[WHEN_SIZE];

	job_stage(p, job->stage);
	str_adds(&p->out, "  ");
	term_symbol(t, &p->out, job->status);
	str_addc(&p->out, ' ');
	job_name(p, job->name);
	str_printf(&p->out, " %9s  ", job_time(p, job, buffer));
	term_paint(t, &p->out, sgr, pipe_status_name(job->status));
	if (says_more(job->reason, job->status)) {
		str_adds(&p->out, ": ");
		clean(p, job->reason);
	}
	if (job->attempts > 1)
		str_printf(&p->out, ", %" PRIu32 " attempts", job->attempts);
	if (job->coverage >= 0)
		str_printf(&p->out, ", coverage %.1f%%", job->coverage);
	str_addc(&p->out, '\n');
	return 0;
}

/* Looks at the jobs before they are written: how wide their names are, and what they are called. */
static int measure_job(void *payload, const pipe_job_record *job)
{
	struct page *p = payload;
	unsigned width = text_width(job->name, strlen(job->name));

	if (width > p->name_width && width <= 40)
		p->name_width = width;
	if (job->index >= p->names_count && job->index < 10000000) {
		size_t grown = (size_t)job->index * 2 + 64;
		const char **names = ARENA_ARRAY(&p->c->arena, const char *, grown);

		if (!names)
			return 1;
		if (p->names_count)
			memcpy(names, p->names, p->names_count * sizeof(*names));
		p->names = names;
		p->names_count = grown;
	}
	if (job->index < p->names_count)
		p->names[job->index] = arena_strdup(&p->c->arena, job->name);
	return 0;
}

static int text_transition(void *payload, const pipe_transition_record *t)
{
	struct page *p = payload;
	const char *name = t->job_index < p->names_count ? p->names[t->job_index] : NULL;
	char buffer[WHEN_SIZE];

	term_on(&p->c->term, &p->out, SGR_DIM);
	str_printf(&p->out, "[%s.%03d]", when_clock(t->time_ms, buffer), (int)(t->time_ms % 1000));
	term_off(&p->c->term, &p->out, SGR_DIM);
	str_addc(&p->out, ' ');
	term_symbol(&p->c->term, &p->out, t->status);
	str_addc(&p->out, ' ');
	clean(p, name ? name : "?");
	str_printf(&p->out, ": %s", pipe_status_name(t->status));
	if (t->attempt > 1)
		str_printf(&p->out, ", attempt %" PRIu32, t->attempt);
	if (says_more(t->reason, t->status)) {
		str_adds(&p->out, ": ");
		clean(p, t->reason);
	}
	str_addc(&p->out, '\n');
	return 0;
}

/* ---- evidence ---- */

static void heading(struct page *p, const char *text)
{
	str_addc(&p->out, '\n');
	term_paint(&p->c->term, &p->out, SGR_BOLD, text);
	str_addc(&p->out, '\n');
}

static int add_clean(void *payload, const char *text, size_t length)
{
	struct page *p = payload;

	text_clean(&p->out, text, length, term_text_flags(&p->c->term));
	return 0;
}

static int text_evidence(void *payload, uint32_t index, const char *job, const pipe_evidence *e)
{
	struct page *p = payload;

	(void)index;
	if (!p->has_evidence)
		heading(p, "evidence");
	p->has_evidence = true;
	str_adds(&p->out, "  ");
	job_name(p, job);
	str_adds(&p->out, "  ");
	pipe_evidence_text(e, add_clean, p);
	str_addc(&p->out, '\n');
	return 0;
}

static int text_report(void *payload, const pipe_report_record *r)
{
	struct page *p = payload;

	if (!*r->error)
		return 0;
	str_adds(&p->out, "  ");
	term_symbol(&p->c->term, &p->out, PIPE_STATUS_FAILED);
	str_addc(&p->out, ' ');
	clean(p, r->path);
	if (r->line)
		str_printf(&p->out, ":%" PRIu32 ":%" PRIu32, r->line, r->column);
	str_adds(&p->out, ": ");
	clean(p, r->error);
	str_addc(&p->out, '\n');
	return 0;
}

/* What hooks put beside a job, and what those of the run said. */
static int text_note(void *payload, const pipe_note_record *n)
{
	struct page *p = payload;
	bool is_annotation = !strcmp(n->kind, "annotation");

	if (!p->has_notes)
		heading(p, "notes");
	p->has_notes = true;
	str_adds(&p->out, "  ");
	if (!strcmp(n->kind, "warning")) {
		term_symbol(&p->c->term, &p->out, PIPE_STATUS_WARNING);
		str_addc(&p->out, ' ');
	}
	if (n->job) {
		job_name(p, n->job);
		str_adds(&p->out, "  ");
	}
	if (is_annotation)
		clean(p, n->label);
	if (*n->text) {
		str_adds(&p->out, is_annotation ? ": " : "");
		clean(p, n->text);
	}
	if (*n->url) {
		str_adds(&p->out, *n->text ? " " : ": ");
		clean(p, n->url);
	}
	str_addc(&p->out, '\n');
	return 0;
}

static int text_condition(void *payload, const pipe_condition_record *c)
{
	static const struct {
		const char *verdict;
		enum pipe_status status;
	} symbols[] = {
		{ "pass", PIPE_STATUS_SUCCESS },	  { "warn", PIPE_STATUS_WARNING },
		{ "no data: warn", PIPE_STATUS_WARNING }, { "no baseline: warn", PIPE_STATUS_WARNING },
		{ "no data: ok", PIPE_STATUS_SKIPPED },	  { "no baseline", PIPE_STATUS_SKIPPED },
	};
	struct table *t = payload;
	struct table_row *row = table_add(t);

	if (!row)
		return 1;
	row->status = PIPE_STATUS_FAILED;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		if (!strcmp(symbols[i].verdict, c->verdict))
			row->status = symbols[i].status;
	row->cell[0] = table_text(t, c->subject);
	row->cell[1] = table_text(t, c->value);
	row->cell[2] = table_text(t, c->bound);
	row->cell[3] = table_text(t, c->verdict);
	row->cell[4] = table_text(t, c->detail);
	return 0;
}

static int show_text_evidence(struct page *p, pipe_project *project, pipe_error *err)
{
	static const char *const head[] = { "CONDITION", "VALUE", "BOUND", "VERDICT", "" };
	struct table t;
	int rc = pipe_history_evidence_jobs(project, p->run, text_evidence, p, err);

	if (!rc)
		rc = pipe_history_reports(project, p->run, NULL, text_report, p, err);
	table_init(&t, &p->c->term, &p->c->arena, head, sizeof(head) / sizeof(*head));
	t.symbols = t.unfold = true;
	if (!rc)
		rc = pipe_history_conditions(project, p->run, NULL, text_condition, &t, err);
	if (rc || !t.rows.count)
		return rc;
	str_addc(&p->out, '\n');
	table_write(&t, &p->out);
	p->out.failed = p->out.failed || t.failed;
	return PIPE_OK;
}

static int show_text(struct page *p, pipe_project *project, int64_t run, pipe_error *err)
{
	int rc = pipe_history_run(project, run, text_run, p, err);

	if (!rc)
		rc = pipe_history_jobs(project, p->run, measure_job, p, err);
	if (!rc)
		rc = pipe_history_jobs(project, p->run, text_job, p, err);
	if (!rc)
		rc = show_text_evidence(p, project, err);
	if (!rc)
		rc = pipe_history_notes(project, p->run, text_note, p, err);
	if (rc || !p->c->set.events)
		return rc;
	str_addc(&p->out, '\n');
	return pipe_history_transitions(project, p->run, text_transition, p, err);
}

static int show(struct cli *c)
{
	struct page p = { .c = c, .now = now_ms() };
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int64_t run = 0;
	int status, rc;

	if (c->set.arguments.count && !run_number(c->set.arguments.items[0], &run))
		return usage_error(c, "a run is a number or \"last\", not \"%s\"", c->set.arguments.items[0]);
	status = open_history(c, &project);
	if (status)
		return status;
	str_init(&p.out);
	if (c->set.definition)
		rc = pipe_history_definition(project, run, out_receive, c->out, &err);
	else if (c->set.variables_view)
		rc = pipe_history_variables(project, run, out_receive, c->out, &err);
	else
		rc = (is_json(c) ? show_json : show_text)(&p, project, run, &err);
	if (rc && !c->out->error)
		status = say_error(c, &err);
	else
		out_str(c->out, &p.out);
	str_clear(&p.out);
	pipe_project_free(project);
	return status;
}

const struct command command_show = {
	"show",
	"[RUN]",
	"show a run: its jobs, how each ended, and why",
	"Without RUN, or with \"last\", the last run is meant.",
	"pipe show\npipe show 12 --events\npipe show 12 --definition >as-run.yml\n",
	show_tables,
	0,
	1,
	show,
	false,
};
