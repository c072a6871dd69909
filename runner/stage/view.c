#include "runner/stage/view.h"

#include "runner/stage/changed.h"

static const struct changed_lines not_asked = { .why_unknown = "nobody has looked" };

static int ready(struct stage_view *v, pipe_error *err)
{
	int rc;

	if (v->ready)
		return PIPE_OK;
	v->source = (struct evidence_view_source){
		.run = v->run, .job = v->job, .base = v->base, .baseline = v->baseline, .changed = &v->changed
	};
	v->changed = not_asked;
	rc = desk_evidence(v->desk, true, &v->source.db, err);
	if (rc == PIPE_OK)
		rc = desk_store(v->desk, &v->source.store, err);
	if (rc)
		return rc;
	evidence_view_init(&v->real, &v->source);
	v->ready = true;
	return PIPE_OK;
}

/* The same, and it is known which lines the change touched. */
static int compared(struct stage_view *v, pipe_error *err)
{
	int rc = ready(v, err);

	if (rc || v->compared)
		return rc;
	stage_changed_lines(v->project_directory, v->baseline->commit, v->baseline->branch, v->arena, &v->changed);
	v->compared = true;
	return PIPE_OK;
}

static int totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	struct stage_view *v = payload;
	int rc = ready(v, err);

	return rc ? rc : v->real.totals(v->real.payload, side, out, err);
}

static int findings(void *payload, enum evidence_side side, const struct finding_filter *filter,
		    int (*each)(void *, const struct evidence_finding *), void *each_payload, uint64_t *count, pipe_error *err)
{
	struct stage_view *v = payload;
	int rc = filter && (filter->touched_files || filter->touched_lines) ? compared(v, err) : ready(v, err);

	return rc ? rc : v->real.findings(v->real.payload, side, filter, each, each_payload, count, err);
}

static int tests(void *payload, enum evidence_side side, const struct test_filter *filter,
		 int (*each)(void *, const struct evidence_test *), void *each_payload, uint64_t *count, pipe_error *err)
{
	struct stage_view *v = payload;
	int rc = ready(v, err);

	return rc ? rc : v->real.tests(v->real.payload, side, filter, each, each_payload, count, err);
}

static int changed_coverage(void *payload, uint64_t *lines, uint64_t *hit, bool *known, const char **why, pipe_error *err)
{
	struct stage_view *v = payload;
	int rc = compared(v, err);

	return rc ? rc : v->real.changed_coverage(v->real.payload, lines, hit, known, why, err);
}

static int metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err)
{
	struct stage_view *v = payload;
	int rc = ready(v, err);

	return rc ? rc : v->real.metric(v->real.payload, side, name, value, found, err);
}

static int image_bytes(void *payload, enum evidence_side side, uint64_t *bytes, bool *found, pipe_error *err)
{
	struct stage_view *v = payload;
	int rc = ready(v, err);

	return rc ? rc : v->real.image_bytes(v->real.payload, side, bytes, found, err);
}

static int duration_ms(void *payload, enum evidence_side side, int64_t *ms, bool *found, pipe_error *err)
{
	struct stage_view *v = payload;
	int rc = ready(v, err);

	return rc ? rc : v->real.duration_ms(v->real.payload, side, ms, found, err);
}

static int history(void *payload, int (*each)(void *, const struct test_history *), void *each_payload, pipe_error *err)
{
	struct stage_view *v = payload;
	int rc = ready(v, err);

	return rc ? rc : v->real.history(v->real.payload, each, each_payload, err);
}

void stage_view_init(struct stage_view *v)
{
	const struct evidence_baseline *b = v->baseline;

	v->view = (struct evidence_view){ .baseline_run = b->run,
					  .baseline_branch = b->run ? b->branch : "",
					  .no_baseline = b->run ? NULL : b->why,
					  .totals = totals,
					  .findings = findings,
					  .tests = tests,
					  .changed_coverage = changed_coverage,
					  .metric = metric,
					  .image_bytes = image_bytes,
					  .duration_ms = duration_ms,
					  .history = history,
					  .payload = v };
}
