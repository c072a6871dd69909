/* What a run is compared with: the last good one of its target branch. */
#include "base/error.h"
#include "runner/evidence/database.h"
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int evidence_baseline_find(struct store *s, const char *file, const char *branch, int64_t before, struct evidence_baseline *out,
			   pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, SQL_RUN_BASELINE, err);

	memset(out, 0, sizeof(*out));
	snprintf(out->branch, sizeof(out->branch), "%s", branch);
	if (rc)
		return rc;
	query_bind_text(&q, file);
	query_bind_text(&q, branch);
	query_bind_int(&q, before);
	rc = query_step(&q, err);
	if (rc == 1) {
		out->run = query_int(&q, 0);
		snprintf(out->commit, sizeof(out->commit), "%s", query_text(&q, 1));
		query_end(&q);
		return PIPE_OK;
	}
	if (*branch)
		snprintf(out->why, sizeof(out->why),
			 "no successful run of %.60s on the branch %.60s is in the history (one with uncommitted changes, or of "
			 "only some jobs, does not count)",
			 file, branch);
	else
		snprintf(out->why, sizeof(out->why), "no successful run of %.100s is in the history", file);
	return rc;
}

/* ---- of a run that is in the history ---- */

struct run_facts {
	int64_t number;
	char file[PATH_MAX], branch[256];
};

static int take_run(void *payload, const pipe_run_record *run)
{
	struct run_facts *f = payload;

	f->number = run->number;
	snprintf(f->file, sizeof(f->file), "%s", run->file);
	snprintf(f->branch, sizeof(f->branch), "%s", run->branch);
	return 0;
}

/* The target branch as the run's variables say it; without one, its own. */
static int target_branch(struct store *s, const struct run_facts *run, char branch[256], pipe_error *err)
{
	static const char *const names[] = { "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_DEFAULT_BRANCH" };
	const char *value = NULL;
	json_t *variables;
	char *text = NULL;
	int rc = store_run_text(s, run->number, "variables", &text, err);

	if (rc)
		return rc;
	variables = json_loads(text, 0, NULL);
	for (size_t i = 0; !(value && *value) && i < sizeof(names) / sizeof(*names); i++)
		value = json_string_value(json_object_get(variables, names[i]));
	snprintf(branch, 256, "%s", value && *value ? value : run->branch);
	json_decref(variables);
	free(text);
	return PIPE_OK;
}

int evidence_baseline_of(struct store *s, int64_t run, struct evidence_baseline *out, pipe_error *err)
{
	struct run_facts facts = { 0 };
	char branch[256];
	int rc = store_run(s, run, take_run, &facts, err);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = target_branch(s, &facts, branch, err);
	return rc ? rc : evidence_baseline_find(s, facts.file, branch, facts.number, out, err);
}
