/* The history as pipe.h shows it: the store's answers for a project.  Logs are in history_log.c, what died in recover.c. */
#include "base/error.h"
#include "runner/evidence/evidence.h"
#include "runner/files/archive.h"
#include "runner/history/lock.h"
#include "runner/history/project.h"
#include "runner/log/log_packer.h"
#include "runner/plan/replay.h"
#include "runner/store/store.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* ---- records ---- */

int pipe_history_runs(pipe_project *project, int64_t before, size_t limit, int (*each)(void *payload, const pipe_run_record *run),
		      void *payload, pipe_error *err)
{
	struct store *store;
	int rc = project_store(project, &store, err);

	return rc ? rc : store_runs(store, before, limit, each, payload, err);
}

int pipe_history_run(pipe_project *project, int64_t run, int (*each)(void *payload, const pipe_run_record *run), void *payload,
		     pipe_error *err)
{
	struct store *store;
	int rc = project_store(project, &store, err);

	return rc ? rc : store_run(store, run, each, payload, err);
}

int pipe_history_jobs(pipe_project *project, int64_t run, int (*each)(void *payload, const pipe_job_record *job), void *payload,
		      pipe_error *err)
{
	struct store *store;
	int rc = project_store(project, &store, err);

	return rc ? rc : store_jobs(store, run, each, payload, err);
}

int pipe_history_transitions(pipe_project *project, int64_t run, int (*each)(void *payload, const pipe_transition_record *t),
			     void *payload, pipe_error *err)
{
	struct store *store;
	int rc = project_store(project, &store, err);

	return rc ? rc : store_transitions(store, run, each, payload, err);
}

int pipe_history_artifacts(pipe_project *project, int64_t run, const char *job,
			   int (*each)(void *payload, const pipe_artifact_record *a), void *payload, pipe_error *err)
{
	struct store *store;
	int rc = project_store(project, &store, err);

	return rc ? rc : store_artifacts(store, run, job, each, payload, err);
}

int pipe_history_notes(pipe_project *project, int64_t run, int (*each)(void *payload, const pipe_note_record *note),
		       void *payload, pipe_error *err)
{
	struct store *store;
	int rc = project_store(project, &store, err);

	return rc ? rc : store_notes(store, run, each, payload, err);
}

static int write_text(pipe_project *project, int64_t run, const char *column, pipe_write_cb write, void *payload, pipe_error *err)
{
	struct store *store;
	char *text = NULL;
	int rc = project_store(project, &store, err);

	if (!rc)
		rc = store_run_text(store, run, column, &text, err);
	if (!rc && write(payload, text, strlen(text)))
		rc = error_set(err, PIPE_EIO, "the receiver of the text stopped");
	free(text);
	return rc;
}

int pipe_history_definition(pipe_project *project, int64_t run, pipe_write_cb write, void *payload, pipe_error *err)
{
	return write_text(project, run, "definition", write, payload, err);
}

int pipe_history_variables(pipe_project *project, int64_t run, pipe_write_cb write, void *payload, pipe_error *err)
{
	return write_text(project, run, "variables", write, payload, err);
}

static void tell_masked(void *payload, const char *option, const char *name)
{
	const pipe_project *project = payload;

	project_log(project, "%s \"%s\" held a secret and was not kept: give it again", option, name);
}

int pipe_history_plan_options(pipe_project *project, int64_t run, pipe_plan_options *out, pipe_error *err)
{
	struct store *store;
	char *json = NULL;
	int rc = project_store(project, &store, err);

	*out = (pipe_plan_options)PIPE_PLAN_OPTIONS_INIT;
	if (!rc)
		rc = store_run_text(store, run, "options", &json, err);
	if (!rc)
		rc = replay_options_read(json, &project->arena, out, tell_masked, project, err);
	free(json);
	return rc;
}

/* ---- artifacts ---- */

int pipe_artifact_extract(pipe_project *project, const char *archive, const char *directory, pipe_error *err)
{
	struct archive_stats stats;
	int rc;

	(void)project;
	rc = archive_extract(archive, directory, 0, &stats, err);
	return rc;
}

/* ---- the process that drives a run ---- */

int pipe_history_cancel(pipe_project *project, int64_t run, pipe_error *err)
{
	struct store *store;
	int rc = project_store(project, &store, err);

	if (!rc)
		rc = store_resolve_run(store, run, &run, err);
	return rc ? rc : run_control_send(project->state_directory, run, RUN_CONTROL_CANCEL, err);
}

/* ---- keeping house ---- */

int pipe_history_gc(pipe_project *project, const pipe_gc_options *opts, pipe_gc_result *result, pipe_error *err)
{
	static const pipe_gc_options defaults = PIPE_GC_OPTIONS_INIT;
	pipe_gc_result unseen = { 0 };
	struct store *store;
	int rc;

	opts = opts ? opts : &defaults;
	result = result ? result : &unseen;
	*result = (pipe_gc_result){ 0 };
	if (opts->version != PIPE_GC_OPTIONS_VERSION)
		return error_version(err, "pipe_gc_options", opts->version, PIPE_GC_OPTIONS_VERSION);
	rc = project_store(project, &store, err);
	if (rc == PIPE_ENOTFOUND) /* nothing to clean, but what may be left of a history that was removed */
		return opts->dry_run ? PIPE_OK : evidence_sweep(project->state_directory, NULL, err);
	if (rc || opts->dry_run)
		return rc ? rc : store_gc(store, opts, now_ms(), result, err);
	rc = store_open(&store, project->state_directory, STORE_WRITE, false, err);
	if (rc)
		return rc;
	rc = store_gc(store, opts, now_ms(), result, err);
	if (!rc)
		rc = evidence_sweep(project->state_directory, store, err);
	store_free(store);
	return rc ? rc : log_packer_finish(project->state_directory, err);
}
