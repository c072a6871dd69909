#include "stages/findings.h"

#include "base/error.h"
#include "stages/parameter.h"

#include <string.h>

enum { SHOWN = 20 };

/* ---- parameters ---- */

const char *const findings_severities[] = { "none", "info", "low", "medium", "high", "critical", NULL };
const char *const findings_touched[] = { "files", "lines", NULL };

int findings_bound_read(struct stage_job *job, struct findings_bound *b, pipe_error *err)
{
	const char *bound = "high", *where = NULL;
	enum severity severity = SEVERITY_HIGH;
	int rc = parameter_text(job, "fail_on", &bound, err);

	b->job = job;
	if (rc == PIPE_OK)
		rc = parameter_text(job, "touched", &where, err);
	if (rc == PIPE_OK)
		rc = parameter_bool(job, "new", &b->filter.only_new, err);
	if (rc == PIPE_OK)
		rc = parameter_int(job, "max", &b->most, err);
	if (rc)
		return rc;
	b->judged = strcmp(bound, "none") != 0;
	if (b->judged && !severity_from(bound, &severity))
		return parameter_wrong(job, parameter_node(job, "fail_on"), err, "there is no severity \"%s\"", bound);
	b->filter.severity = (uint8_t)severity;
	b->filter.touched_files = where && !strcmp(where, "files");
	b->filter.touched_lines = where && !strcmp(where, "lines");
	return PIPE_OK;
}

/* ---- the verdict ---- */

/* "src/a.c:3: ", "package-lock.json: ", or nothing. */
static const char *place_words(struct stage_job *job, const struct evidence_finding *f)
{
	if (!*f->path)
		return "";
	return f->line ? arena_printf(job->arena, "%s:%u: ", f->path, f->line) : arena_printf(job->arena, "%s: ", f->path);
}

/* "lodash 4.17.4 (fixed in 4.17.12): ", or nothing. */
static const char *package_words(struct stage_job *job, const struct evidence_finding *f)
{
	if (!*f->package)
		return "";
	return arena_printf(job->arena, "%s %s (%s%s): ", f->package, f->installed, *f->fixed ? "fixed in " : "no fix yet",
			    f->fixed);
}

const char *finding_words(struct stage_job *job, const struct evidence_finding *f)
{
	const char *place = place_words(job, f), *package = package_words(job, f);

	if (!place || !package)
		return NULL;
	return arena_printf(job->arena, "%s%s: %s%s%s%s%s", place, severity_name((enum severity)f->severity), package, f->message,
			    *f->rule ? " [" : "", f->rule, *f->rule ? "]" : "");
}

static int show(void *payload, const struct evidence_finding *f)
{
	struct findings_bound *b = payload;
	const char *words = finding_words(b->job, f);

	if (words)
		stage_say(b->job, "%s", words);
	if (!b->first)
		b->first = words;
	return ++b->shown == SHOWN;
}

/* "3 new findings of severity high and above in files that this change touched: src/a.c:3: high: what [rule], ..." */
static const char *describe(struct stage_job *job, const struct findings_bound *b, uint64_t count)
{
	const struct finding_filter *f = &b->filter;
	const char *where = f->touched_lines   ? " on lines that this change touched"
			    : f->touched_files ? " in files that this change touched"
					       : "";
	const char *what = arena_printf(job->arena, "%llu %sfinding%s of severity %s%s%s", (unsigned long long)count,
					f->only_new ? "new " : "", count == 1 ? "" : "s",
					severity_name((enum severity)f->severity),
					f->severity < SEVERITY_CRITICAL ? " and above" : "", where);

	if (what && b->most)
		what = arena_printf(job->arena, "%s, and max is %lld", what, (long long)b->most);
	return what && b->first ? arena_printf(job->arena, "%s: %.*s%s", what, (int)strcspn(b->first, "\n"), b->first,
					       count > 1 ? ", ..." : "")
				: what;
}

/* Is there what the filter compares with?  Otherwise nothing can be judged, and the log says why. */
static int comparable(struct stage_job *job, const struct finding_filter *f, bool *yes, pipe_error *err)
{
	const char *why = NULL;
	uint64_t lines, hit;
	bool known = true;
	int rc = PIPE_OK;

	if (f->touched_files || f->touched_lines)
		rc = job->view->changed_coverage(job->view->payload, &lines, &hit, &known, &why, err);
	if (f->only_new && !job->view->baseline_run)
		stage_say(job, "what is new cannot be said: %s",
			  job->view->no_baseline ? job->view->no_baseline : "there is no earlier run to compare with");
	if (rc == PIPE_OK && !known)
		stage_say(job, "what this change touched cannot be said: %s", why ? why : "it is not known");
	*yes = known && !(f->only_new && !job->view->baseline_run);
	return rc;
}

int findings_judge(struct findings_bound *b, pipe_error *err)
{
	struct stage_job *job = b->job;
	uint64_t count = 0;
	bool can = false;
	int rc;

	if (!b->judged)
		return PIPE_OK;
	rc = comparable(job, &b->filter, &can, err);
	if (rc || !can)
		return rc;
	rc = job->view->findings(job->view->payload, SIDE_JOB, &b->filter, NULL, NULL, &count, err);
	if (rc || count <= (uint64_t)b->most)
		return rc;
	rc = job->view->findings(job->view->payload, SIDE_JOB, &b->filter, show, b, NULL, err);
	if (rc)
		return rc;
	if (count > b->shown)
		stage_say(job, "... and %llu more: pipe findings", (unsigned long long)(count - b->shown));
	job->verdict = VERDICT_FAIL;
	job->reason = describe(job, b, count);
	return job->reason ? PIPE_OK : error_nomem(err);
}
