/* A plan as a table and as JSON; a job's merged definition. */
#include "base/duration.h"
#include "base/json.h"
#include "base/suggest.h"
#include "pipeline/document/document.h"
#include "pipeline/view/graph.h"

#include <string.h>

enum { STAGE, JOB, WHEN, NEEDS, COLUMNS };
static const char *const titles[COLUMNS] = { "STAGE", "JOB", "WHEN", "NEEDS" };
static const unsigned widest[COLUMNS] = { 20, 120, 28, 40 }; /* a name is there to be copied */

enum { NEEDS_NAMED = 6 };

struct table {
	const struct plan *plan;
	const struct sources *sources;
	struct str *out;
	struct str cell; /* used for one cell after the other */
	unsigned width[COLUMNS];
	uint32_t first_stage; /* of those with selected jobs: nothing is waited for there */
	bool colour;
};

/* ---- cells ---- */

static void add_when(struct str *out, const struct plan_job *job)
{
	char buffer[32];

	str_adds(out, when_name(job->when));
	if (job->when == WHEN_DELAYED)
		str_printf(out, " %s", duration_format(job->start_in_ms, buffer, sizeof(buffer)));
	if (job->when == WHEN_MANUAL && job->played)
		str_adds(out, ", started");
	else if (job->when == WHEN_MANUAL && job->allow_failure.state != YES)
		str_adds(out, ", blocks");
	if (job->allow_failure.state == YES && job->when != WHEN_MANUAL && job->when != WHEN_NEVER)
		str_adds(out, ", may fail");
}

static void add_needs(struct str *out, const struct plan *plan, const struct plan_job *job, uint32_t first_stage)
{
	if (job->waits_for_stages) {
		str_adds(out, job->stage == first_stage ? "-" : "earlier stages");
		return;
	}
	if (!job->needs.count)
		str_adds(out, "none");
	for (uint32_t i = 0; i < job->needs.count && i < NEEDS_NAMED; i++) {
		if (i)
			str_adds(out, ", ");
		str_adds(out, plan->jobs.items[job->needs.items[i].job].name);
	}
	if (job->needs.count > NEEDS_NAMED)
		str_printf(out, " +%u", job->needs.count - NEEDS_NAMED);
}

static const char *cell(struct table *t, const struct plan_job *job, int column)
{
	switch (column) {
	case STAGE:
		return t->plan->pipeline->stages.items[job->stage].name;
	case JOB:
		return job->name;
	case WHEN:
		str_reset(&t->cell);
		add_when(&t->cell, job);
		return t->cell.data;
	default:
		str_reset(&t->cell);
		add_needs(&t->cell, t->plan, job, t->first_stage);
		return t->cell.data;
	}
}

static void measure(struct table *t)
{
	for (int c = 0; c < COLUMNS; c++)
		t->width[c] = (unsigned)strlen(titles[c]);
	for (uint32_t i = 0; i < t->plan->jobs.count; i++) {
		const struct plan_job *job = &t->plan->jobs.items[i];
		if (job->selected && job->stage < t->first_stage)
			t->first_stage = job->stage;
		for (int c = 0; c < COLUMNS; c++) {
			unsigned n = c < WHEN || job->selected ? terminal_width(cell(t, job, c)) : 0;
			if (n > t->width[c])
				t->width[c] = n < widest[c] ? n : widest[c];
		}
	}
}

/* ---- rows ---- */

static void add_reason(struct table *t, const struct decision *why)
{
	terminal_safe(t->out, why->reason ? why->reason : "");
	if (why->at.line) {
		terminal_style(t->out, t->colour, "2");
		str_adds(t->out, " (");
		terminal_safe(t->out, sources_name(t->sources, why->at));
		str_printf(t->out, ":%u)", why->at.line);
		terminal_style(t->out, t->colour, "0");
	}
	str_addc(t->out, '\n');
}

static void add_row(struct table *t, const struct plan_job *job, bool new_stage)
{
	static const char *const styles[COLUMNS] = { "1", "0", "36", "2" };

	for (int c = 0; c < COLUMNS; c++) {
		const char *text = c == STAGE && !new_stage ? "" : cell(t, job, c);
		const char *style = c == WHEN && job->when == WHEN_ON_SUCCESS ? "2" : styles[c];
		terminal_style(t->out, t->colour, style);
		terminal_cell(t->out, text, t->width[c], true);
		terminal_style(t->out, t->colour, "0");
		str_adds(t->out, "  ");
	}
	add_reason(t, &job->decision);
}

static uint32_t add_selected(struct table *t)
{
	const struct plan_job *last = NULL;
	uint32_t rows = 0;

	for (uint32_t i = 0; i < t->plan->jobs.count; i++) {
		const struct plan_job *job = &t->plan->jobs.items[i];
		if (!job->selected)
			continue;
		if (!rows++) {
			terminal_style(t->out, t->colour, "2");
			for (int c = 0; c < COLUMNS; c++) {
				terminal_cell(t->out, titles[c], t->width[c], true);
				str_adds(t->out, "  ");
			}
			str_adds(t->out, "WHY\n");
			terminal_style(t->out, t->colour, "0");
		}
		add_row(t, job, !last || last->stage != job->stage);
		str_pass(t->out);
		last = job;
	}
	return rows;
}

static void add_left_out(struct table *t, bool after)
{
	bool any = false;

	for (uint32_t i = 0; i < t->plan->jobs.count; i++) {
		const struct plan_job *job = &t->plan->jobs.items[i];
		if (job->selected)
			continue;
		if (!any) {
			terminal_style(t->out, t->colour, "2");
			str_adds(t->out, after ? "\nLEFT OUT\n" : "LEFT OUT\n");
			terminal_style(t->out, t->colour, "0");
		}
		any = true;
		terminal_cell(t->out, t->plan->pipeline->stages.items[job->stage].name, t->width[STAGE], true);
		str_adds(t->out, "  ");
		terminal_cell(t->out, job->name, t->width[JOB], true);
		str_adds(t->out, "  ");
		add_reason(t, &job->decision);
		str_pass(t->out);
	}
}

void plan_text(const struct plan *plan, const struct sources *s, bool colour, struct str *out)
{
	struct table t = { .plan = plan, .sources = s, .out = out, .colour = colour, .first_stage = UINT32_MAX };
	uint32_t rows;

	str_init(&t.cell);
	if (!plan->runs) {
		terminal_style(out, colour, "1");
		str_adds(out, "No pipeline: ");
		terminal_style(out, colour, "0");
		add_reason(&t, &plan->workflow);
		str_addc(out, '\n');
	} else if (*plan->name) {
		terminal_style(out, colour, "1");
		terminal_safe(out, plan->name);
		terminal_style(out, colour, "0");
		str_adds(out, "\n\n");
	}
	measure(&t);
	rows = add_selected(&t);
	add_left_out(&t, rows > 0);
	str_clear(&t.cell);
}

/* ---- JSON ---- */

/*
 * Jobs that stand together are much alike.  What the job before said in the same words is copied instead of being put together again:
 * a plan of many jobs is mostly made of it.
 */
struct repeated {
	struct str text; /* as it was written last; empty: nothing was */
	const struct plan_job *job;
	uint16_t source;
};

struct json_view {
	struct json j;
	const struct plan *plan;
	const struct sources *sources;
	struct repeated state, rule, defined;
};

/* Keeps what was written since the text had this length. */
static void keep(struct repeated *r, const struct str *out, size_t since)
{
	str_reset(&r->text);
	if (!out->failed && out->length >= since)
		str_add(&r->text, out->data + since, out->length - since);
	if (r->text.failed) /* it is put together again then */
		str_reset(&r->text);
}

static void json_place(struct json_view *v, struct repeated *r, const char *key, struct mark at)
{
	struct json *j = &v->j;
	size_t since = j->out->length;

	if (!at.line) {
		jsonw_knull(j, key);
		return;
	}
	if (r->text.length && r->source == at.source) {
		str_add(j->out, r->text.data, r->text.length);
		j->after_key = true; /* of "line" */
		jsonw_int(j, at.line);
		str_addc(j->out, '}');
		return;
	}
	jsonw_key(j, key);
	jsonw_object(j);
	jsonw_kstring(j, "file", sources_name(v->sources, at));
	jsonw_key(j, "line");
	keep(r, j->out, since);
	r->source = at.source;
	jsonw_int(j, at.line);
	jsonw_object_end(j);
}

static void json_names(struct json *j, const struct plan *plan, const struct plan_job *job)
{
	if (job->waits_for_stages) {
		jsonw_knull(j, "needs");
		return;
	}
	jsonw_key(j, "needs");
	jsonw_array(j);
	for (uint32_t i = 0; i < job->needs.count; i++)
		jsonw_string(j, plan->jobs.items[job->needs.items[i].job].name);
	jsonw_array_end(j);
}

static void json_exit_codes(struct json *j, const struct plan_job *job)
{
	if (!job->allow_failure.codes.list.count)
		return;
	jsonw_key(j, "allow_failure_exit_codes");
	jsonw_array(j);
	for (uint32_t i = 0; i < job->allow_failure.codes.list.count; i++)
		jsonw_int(j, job->allow_failure.codes.list.items[i]);
	jsonw_array_end(j);
}

static bool same_state(const struct plan_job *a, const struct plan_job *b)
{
	return a->stage == b->stage && a->when == b->when && a->included == b->included && a->selected == b->selected &&
	       a->allow_failure.state == b->allow_failure.state && !a->allow_failure.codes.list.count &&
	       !b->allow_failure.codes.list.count;
}

static void json_state(struct json_view *v, const struct plan_job *job)
{
	struct json *j = &v->j;
	size_t since = j->out->length;

	if (v->state.text.length && same_state(v->state.job, job)) {
		str_add(j->out, v->state.text.data, v->state.text.length);
		return;
	}
	jsonw_kstring(j, "stage", v->plan->pipeline->stages.items[job->stage].name);
	jsonw_kstring(j, "when", when_name(job->when));
	jsonw_kbool(j, "allow_failure", job->allow_failure.state == YES);
	json_exit_codes(j, job);
	jsonw_kbool(j, "included", job->included);
	jsonw_kbool(j, "selected", job->selected);
	keep(&v->state, j->out, since);
	v->state.job = job;
}

static void json_job(struct json_view *v, const struct plan_job *job)
{
	struct json *j = &v->j;

	jsonw_object(j);
	jsonw_kstring(j, "name", job->name);
	jsonw_kstring(j, "job", job->job->name);
	json_state(v, job);
	json_names(j, v->plan, job);
	jsonw_kstring(j, "reason", job->decision.reason);
	json_place(v, &v->rule, "rule", job->decision.at);
	json_place(v, &v->defined, "defined", job->job->at);
	if (job->job->settings->uses)
		jsonw_kstring(j, "uses", job->job->settings->uses->name);
	if (job->node_index) {
		jsonw_kint(j, "node_index", job->node_index);
		jsonw_kint(j, "node_total", job->node_total);
	}
	if (job->when == WHEN_DELAYED)
		jsonw_kint(j, "start_in_ms", job->start_in_ms);
	if (job->environment_name)
		jsonw_kstring(j, "environment", job->environment_name);
	if (job->resource_group)
		jsonw_kstring(j, "resource_group", job->resource_group);
	jsonw_object_end(j);
}

static void json_pipeline(struct json_view *v)
{
	const struct plan *plan = v->plan;
	struct json *j = &v->j;
	struct repeated once;

	str_init(&once.text);
	jsonw_key(j, "pipeline");
	jsonw_object(j);
	jsonw_kstring(j, "file", plan->pipeline->file);
	jsonw_kstring(j, "name", plan->name);
	jsonw_kbool(j, "runs", plan->runs);
	jsonw_kstring(j, "reason", plan->workflow.reason);
	json_place(v, &once, "rule", plan->workflow.at);
	jsonw_object_end(j);
	str_clear(&once.text);
	jsonw_key(j, "stages");
	jsonw_array(j);
	for (uint32_t i = 0; i < plan->pipeline->stages.count; i++)
		jsonw_string(j, plan->pipeline->stages.items[i].name);
	jsonw_array_end(j);
}

void plan_json(const struct plan *plan, const struct sources *s, struct str *out)
{
	struct json_view v = { .plan = plan, .sources = s };

	str_init(&v.state.text);
	str_init(&v.rule.text);
	str_init(&v.defined.text);
	jsonw_init(&v.j, out, true);
	v.j.pretty = 2; /* a line for each job */
	jsonw_object(&v.j);
	json_pipeline(&v);
	jsonw_key(&v.j, "jobs");
	jsonw_array(&v.j);
	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		json_job(&v, &plan->jobs.items[i]);
		str_pass(out);
	}
	jsonw_array_end(&v.j);
	jsonw_object_end(&v.j);
	str_addc(out, '\n');
	str_clear(&v.state.text);
	str_clear(&v.rule.text);
	str_clear(&v.defined.text);
}

/* ---- a job as it is after include, extends, default and references ---- */

/* "test 1/3" and "test: [a, b]" are instances of "test". */
static const struct job *find_job(const struct pipeline *p, const char *name)
{
	const struct job *job = pipeline_job(p, name);
	const char *end = strstr(name, ": [");

	if (!job && end)
		job = map_get(&p->job_by_name, name, (size_t)(end - name));
	end = strrchr(name, ' ');
	if (!job && end && end[1] && strspn(end + 1, "0123456789/") == strlen(end + 1))
		job = map_get(&p->job_by_name, name, (size_t)(end - name));
	return job;
}

bool pipeline_explain_job(const struct pipeline *p, const struct sources *s, const char *name, bool colour, struct str *out,
			  const char **nearest)
{
	const struct job *job = find_job(p, name);
	struct arena a = ARENA_INIT;
	struct suggest near;
	struct node *map, *key;

	*nearest = NULL;
	if (!job) {
		suggest_init(&near, name);
		for (uint32_t i = 0; i < p->jobs.count; i++)
			suggest_offer(&near, p->jobs.items[i].name);
		*nearest = near.best;
		return false;
	}
	terminal_style(out, colour, "2");
	str_adds(out, "# ");
	terminal_safe(out, job->name);
	str_printf(out, ", stage \"");
	terminal_safe(out, p->stages.items[job->stage].name);
	str_adds(out, "\", as it is after include, extends, default and references\n");
	terminal_style(out, colour, "0");
	map = node_map(&a, job->at, 1);
	key = node_scalar(&a, job->at, job->name, strlen(job->name));
	if (map && key && node_set(map, &a, key, job->node))
		node_write(map, s, out);
	else
		out->failed = true;
	arena_clear(&a);
	return true;
}
