/*
 * Child pipelines: a trigger job reads its pipeline file, which then runs beside the parent on the same places.  Without a strategy
 * the job has succeeded as soon as the child exists; with `strategy: depend` it ends as the child ends.
 * https://docs.gitlab.com/ci/pipelines/downstream_pipelines/
 */
#include "base/error.h"
#include "runner/files/archive.h"
#include "runner/files/beneath.h"
#include "runner/files/workspace.h"
#include "runner/run/hook/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHILD_DEPTH = 2, CHILD_BYTES = 16 << 20 };

/* No way out of the directory, whatever the path says and whatever links there are. */
static int read_beneath(const char *directory, const char *path, struct arena *a, const char **text, pipe_error *err)
{
	int root, fd, rc = root_open(directory, &root, err);
	size_t length;

	if (rc)
		return rc;
	while (*path == '/')
		path++;
	fd = beneath_open(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	rc = fd < 0 ? error_errno(err, PIPE_ENOTFOUND, errno, "cannot read %s", path)
		    : fd_read_all(fd, path, CHILD_BYTES, a, text, &length, err);
	if (rc == PIPE_OK && strlen(*text) != length)
		rc = error_set(err, PIPE_EPIPELINE, "%s has a NUL byte", path);
	if (fd >= 0)
		close(fd);
	close(root);
	return rc;
}

static struct job_run *job_named(struct pipeline_run *p, const char *name)
{
	const struct plan_job *j = plan_job_named(p->plan->plan, name, strlen(name));

	return j ? &p->jobs[j->index] : NULL;
}

/* A file out of the artifacts of a job that has run: unpacked into a directory of its own and read there. */
static int read_artifact(struct job_run *trigger, const struct trigger_file *file, const char *path, struct arena *a,
			 const char **text, pipe_error *err)
{
	struct job_run *from = job_named(trigger->pipeline, file->job);
	const char *directory = job_path(trigger, ".child", a), *archive;
	int rc;

	if (!from || !from->has_archive)
		return error_set(err, PIPE_ENOTFOUND, "the job \"%s\" left no artifacts to take \"%s\" from", file->job, path);
	archive = job_path(from, ".tar.zst", a);
	if (!archive || !directory)
		return error_nomem(err);
	if (mkdir(directory, 0777) && errno != EEXIST)
		return error_errno(err, PIPE_EIO, errno, "cannot make %s", directory);
	rc = archive_extract(archive, directory, 0, &(struct archive_stats){ 0 }, err);
	if (rc == PIPE_OK)
		rc = read_beneath(directory, path, a, text, err);
	if (rc == PIPE_ENOTFOUND)
		error_set(err, rc, "the artifacts of \"%s\" do not hold \"%s\"", file->job, path);
	workspace_remove(directory, &(pipe_error){ 0 });
	return rc;
}

/* An artifact as an item of `include`: a local file that only this child's reader knows. */
static struct node *artifact_item(struct job_run *j, const struct trigger_file *file, const struct scope *scope, struct arena *a,
				  child_files *files, pipe_error *err)
{
	struct child_file *f = vec_push(a, files);
	struct node *item = node_map(a, file->at, 2), *key = node_scalar(a, file->at, "local", 5), *value;

	if (!f || !item || !key || !(f->location = arena_printf(a, "trigger-include-%u.yml", files->count)) ||
	    !(f->name = scope_expand(scope, file->path, a, NULL))) {
		error_nomem(err);
		return NULL;
	}
	if (read_artifact(j, file, f->name, a, &f->text, err))
		return NULL;
	value = node_scalar(a, file->at, f->location, strlen(f->location));
	if (value && node_set(item, a, key, value) && file->inputs) {
		key = node_scalar(a, file->at, "inputs", 6);
		value = key && node_set(item, a, key, file->inputs) ? value : NULL;
	}
	if (!value)
		error_nomem(err);
	return value ? item : NULL;
}

/* Several files, or one that is not in the project: a file that includes them. */
static int including(struct job_run *j, const struct scope *scope, struct arena *a, struct child_source *child,
		     child_files *files, pipe_error *err)
{
	const struct trigger *t = j->plan->job->settings->trigger;
	struct node *list = node_list(a, t->at, t->files.count), *map = node_map(a, t->at, 1);
	struct node *key = node_scalar(a, t->at, "include", 7);
	struct str out;

	if (!list || !map || !key || !node_set(map, a, key, list))
		return error_nomem(err);
	for (uint32_t i = 0; i < t->files.count; i++) {
		const struct trigger_file *file = &t->files.items[i];
		list->items[i] = file->kind == TRIGGER_ARTIFACT ? artifact_item(j, file, scope, a, files, err) : file->include;
		if (!list->items[i])
			return err->code;
	}
	str_init(&out);
	node_write(map, NULL, &out);
	child->text = out.failed ? NULL : arena_strndup(a, out.data, out.length);
	child->file = "trigger:include";
	child->files = files;
	str_clear(&out);
	return child->text ? PIPE_OK : error_nomem(err);
}

/*
 * What goes down: the parent's variables, global and of workflow:rules, and the job's (forward:yaml_variables); the pipeline's
 * (forward:pipeline_variables).
 */
static bool forward(struct job_run *j, const struct scope *scope, struct arena *a, struct variables *out)
{
	const struct pipe_plan *plan = j->pipeline->plan;
	const struct trigger *t = j->plan->job->settings->trigger;
	const struct variables *const layers[] = { t->forward_yaml ? &plan->pipeline->variables : NULL,
						   t->forward_yaml ? plan->plan->workflow_variables : NULL,
						   t->forward_yaml ? &j->plan->job->settings->variables : NULL,
						   t->forward_yaml ? j->plan->matrix : NULL,
						   t->forward_yaml ? j->plan->rule : NULL,
						   t->forward_pipeline ? &plan->variables : NULL };

	for (size_t l = 0; l < sizeof(layers) / sizeof(*layers); l++)
		for (uint32_t i = 0; layers[l] && i < layers[l]->list.count; i++) {
			struct variable v = layers[l]->list.items[i];
			bool failed = false;
			if (!scope_find(scope, v.name, strlen(v.name)))
				continue; /* inherit:variables keeps it from the job */
			if (!v.raw)
				v.value = scope_expand(scope, v.value, a, &failed);
			v.raw = true;
			if (failed || !v.value || !variables_set(out, a, v))
				return false;
		}
	return true;
}

static int load_child(struct job_run *j, struct arena *a, struct pipe_plan **out, pipe_error *err)
{
	const struct trigger *t = j->plan->job->settings->trigger;
	const struct trigger_file *first = &t->files.items[0];
	struct variables down = { 0 };
	child_files files = { 0 };
	struct job_variables variables;
	struct child_source child = { .parent = j->pipeline->plan, .variables = &down, .inputs = t->inputs };
	struct scope scope = { 0 };
	int rc = PIPE_OK;

	if (!job_scope(j, j->pipeline->session->project->directory, a, &variables, &scope) || !forward(j, &scope, a, &down))
		return error_nomem(err);
	child.file = scope_expand(&scope, first->path ? first->path : "", a, NULL);
	if (!child.file)
		return error_nomem(err);
	if (t->files.count == 1 && first->kind == TRIGGER_LOCAL) {
		while (*child.file == '/')
			child.file++;
		child.inputs = first->inputs ? first->inputs : t->inputs;
	} else if (t->files.count == 1 && first->kind == TRIGGER_ARTIFACT) {
		child.inputs = first->inputs ? first->inputs : t->inputs;
		rc = read_artifact(j, first, child.file, a, &child.text, err);
	} else {
		rc = including(j, &scope, a, &child, &files, err);
	}
	return rc ? rc : planning_child(out, &child, err);
}

static void tell_end(struct job_run *j, enum pipe_status status, const char *reason, const char *failure,
		     const struct log_writer *log)
{
	j->finished_ms = session_now(j->pipeline->session);
	resource_release(j);
	if (status == PIPE_STATUS_FAILED && j->plan->allow_failure.state == YES)
		status = PIPE_STATUS_WARNING;
	pipeline_run_ended(j, status, reason, failure, -1, log);
}

/* The job's hooks have had their say. */
static void end_after_hooks(struct active_job *x)
{
	struct pipe_run *s = x->job->pipeline->session;
	struct outcome *o = &x->outcome;

	job_judge_hooks(x, o);
	job_stage_tell(x);
	tell_end(x->job, o->status, o->reason[0] ? o->reason : NULL, o->failure, x->log);
	job_run_detach(x);
	session_schedule(s);
}

static void end_trigger(struct job_run *j, enum pipe_status status, const char *reason, const char *failure)
{
	struct active_job *x = j->active;

	if (!x) {
		tell_end(j, status, reason, failure, NULL);
		return;
	}
	x->outcome = (struct outcome){ .status = status, .failure = failure };
	snprintf(x->outcome.reason, sizeof(x->outcome.reason), "%s", reason ? reason : "");
	if (!hooks_after_job(x, end_after_hooks))
		end_after_hooks(x);
}

/* Why the child could not be made, as the job's reason. */
static void fail_trigger(struct job_run *j, const pipe_error *err)
{
	char reason[1024];

	if (err->line)
		snprintf(reason, sizeof(reason), "the child pipeline cannot be made: %s:%u:%u: %s", err->file, err->line,
			 err->column, err->text);
	else
		snprintf(reason, sizeof(reason), "the child pipeline cannot be made: %s", err->text);
	end_trigger(j, PIPE_STATUS_FAILED, reason, "downstream_pipeline_creation_failed");
}

static void make_child(struct job_run *j)
{
	const struct trigger *t = j->plan->job->settings->trigger;
	struct pipe_run *s = j->pipeline->session;
	struct pipeline_run *child;
	struct pipe_plan *plan = NULL;
	struct arena scratch = ARENA_INIT;
	char reason[64];
	pipe_error err;
	int rc;

	if (!t->files.count)
		rc = error_set(&err, PIPE_EUSAGE, "it starts a pipeline of the project \"%s\", which only a GitLab server can",
			       t->project ? t->project : "");
	else if (j->pipeline->plan->depth >= CHILD_DEPTH)
		rc = error_set(&err, PIPE_ELIMIT, "a child pipeline may have children, but no grandchildren of its own");
	else
		rc = load_child(j, &scratch, &plan, &err);
	arena_clear(&scratch);
	if (rc == PIPE_OK && !plan->plan->runs) {
		notify_warning(j->pipeline, j, "the child pipeline has no jobs: %s", plan->plan->workflow.reason);
		pipe_plan_free(plan);
		end_trigger(j, PIPE_STATUS_SUCCESS, NULL, NULL);
		return;
	}
	if (rc == PIPE_OK)
		rc = pipeline_run_create(&child, s, plan, plan, j, &err);
	if (rc) {
		pipe_plan_free(plan);
		fail_trigger(j, &err);
		return;
	}
	hooks_before_run(child);
	if (!t->depend && !t->mirror) {
		snprintf(reason, sizeof(reason), "it started its child pipeline, run %lld", (long long)child->number);
		end_trigger(j, PIPE_STATUS_SUCCESS, reason, NULL);
	}
}

/* The job's hooks have let it begin; or not. */
static void start_after_hooks(struct active_job *x)
{
	struct job_run *j = x->job;
	struct pipe_run *s = j->pipeline->session;

	if (x->cancelled)
		end_trigger(j, PIPE_STATUS_CANCELLED, "the run was cancelled", NULL);
	else if (hooks_refusal(x))
		end_trigger(j, PIPE_STATUS_FAILED, hooks_refusal(x), "script_failure");
	else
		make_child(j);
	session_schedule(s);
}

void child_start(struct job_run *j)
{
	struct active_job *x = NULL;

	j->attempt++;
	j->status = PIPE_STATUS_RUNNING;
	j->started_ms = session_now(j->pipeline->session);
	notify_job(j, PIPE_EVENT_JOB_STARTED, NULL, NULL, -1, NULL);
	if (hooks_concern(j) && !(x = job_run_attach(j)))
		end_trigger(j, PIPE_STATUS_FAILED, "out of memory", "runner_system_failure");
	else if (!x || !hooks_before_job(x, start_after_hooks))
		make_child(j);
}

void child_ended(struct pipeline_run *child)
{
	struct job_run *j = child->trigger;
	char reason[128];

	if (j->status != PIPE_STATUS_RUNNING)
		return;
	snprintf(reason, sizeof(reason), "its child pipeline (run %lld) %s", (long long)child->number,
		 child->status == PIPE_STATUS_CANCELLED ? "was cancelled"
		 : child->status == PIPE_STATUS_SUCCESS ? "succeeded"
							: "failed");
	if (child->status == PIPE_STATUS_SUCCESS)
		end_trigger(j, PIPE_STATUS_SUCCESS, reason, NULL);
	else if (child->status == PIPE_STATUS_CANCELLED)
		end_trigger(j, PIPE_STATUS_CANCELLED, reason, NULL);
	else
		end_trigger(j, PIPE_STATUS_FAILED, reason, "downstream_bridge_failed");
}
