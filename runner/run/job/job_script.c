/*
 * Scripts and environments.
 *
 * before_script and script are one shell: directories, exports and functions carry over.  The commands are joined by newlines under
 * `set -eo pipefail`, and `exit 0` at the end makes sure that a last list such as `false && true`, which errexit lets pass,
 * does not become the job's status.  https://docs.gitlab.com/ci/yaml/#script
 */
#include "runner/run/job/job_script.h"

#include "base/error.h"
#include "base/map.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ARGUMENT_MAX = 100 * 1024, /* Linux takes 128 KiB for one argument */
	RUNNERS = 12		   /* variables that the runner sets itself, at most */
};

struct shell {
	const char *name;
	const char *prologue, *epilogue;
};

static const struct shell shells[] = {
	{ "bash", "set -eo pipefail\n", "\nexit 0\n" },
	{ "sh", "set -e\n", "\nexit 0\n" },
};

static const struct shell *shell_named(const char *name)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (!strcmp(shells[i].name, name))
			return &shells[i];
	return NULL;
}

static bool on_path(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*path) {
		size_t n = strcspn(path, ":");
		if (n && snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, name) < (int)sizeof(file) && !access(file, X_OK))
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

/* The job's shell: what it says, or bash where there is one. */
static const struct shell *shell_of(const struct job *job)
{
	if (job->settings->shell)
		return job->settings->shell->argv.count == 1 ? shell_named(job->settings->shell->argv.items[0]) : NULL;
	return on_path("bash") ? &shells[0] : &shells[1];
}

bool job_shell_is(const struct job *job, const char *name)
{
	const struct shell *shell = shell_of(job);

	return shell && !strcmp(shell->name, name);
}

static void add_commands(struct str *s, const script *commands)
{
	for (uint32_t i = 0; i < commands->count; i++) {
		str_adds(s, commands->items[i].text);
		str_addc(s, '\n');
	}
}

/* Commands that leave nothing behind for those after them but files: in GitLab they run in a shell of their own. */
static void add_apart(struct str *s, const struct shell *shell, const script *commands)
{
	if (shell)
		str_adds(s, "(\n");
	add_commands(s, commands);
	if (shell)
		str_adds(s, ")\n");
}

static int write_file(const char *path, const struct str *text, pipe_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = PIPE_OK;
	size_t done = 0;

	if (fd < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot write the script to %s", path);
	while (done < text->length && rc == PIPE_OK) {
		ssize_t n = write(fd, text->data + done, text->length - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			rc = error_errno(err, PIPE_EIO, errno, "cannot write the script to %s", path);
	}
	if (close(fd) && rc == PIPE_OK)
		rc = error_errno(err, PIPE_EIO, errno, "cannot write the script to %s", path);
	return rc;
}

/* argv for a shell that takes `-c TEXT`, or for anything that takes a file. */
static int make_argv(const struct job_run *j, const struct shell *shell, const struct str *text, const char *suffix,
		     struct arena *a, struct job_script *out, pipe_error *err)
{
	const struct job *job = j->plan->job;
	uint32_t n = shell ? 1 : job->settings->shell->argv.count, i = 0;
	const char **argv = ARENA_ARRAY(a, const char *, n + 3);
	int rc;

	if (!argv)
		return error_nomem(err);
	if (shell)
		argv[i++] = shell->name;
	while (i < n) {
		argv[i] = job->settings->shell->argv.items[i];
		i++;
	}
	if (shell && text->length < ARGUMENT_MAX) {
		argv[i++] = "-c";
		argv[i] = arena_strndup(a, text->data, text->length);
		if (!argv[i])
			return error_nomem(err);
	} else {
		argv[i] = out->file = job_path(j, suffix, a);
		if (!out->file)
			return error_nomem(err);
		rc = write_file(out->file, text, err);
		if (rc)
			return rc;
	}
	out->argv = argv;
	return PIPE_OK;
}

int job_script_make(struct job_run *j, enum script_part part, struct arena *a, struct job_script *out, pipe_error *err)
{
	const char *suffix = part == PART_MAIN ? ".script" : ".after_script";
	const struct job *job = j->plan->job;
	const struct shell *shell = shell_of(job);
	struct str text;
	int rc;

	memset(out, 0, sizeof(*out));
	str_init(&text);
	if (shell)
		str_adds(&text, shell->prologue);
	if (part == PART_MAIN) {
		if (job->settings->pre_get_sources)
			add_apart(&text, shell, job->settings->pre_get_sources);
		add_commands(&text, &job->settings->before_script);
		add_commands(&text, &job->main);
	} else {
		add_commands(&text, &job->settings->after_script);
	}
	if (shell)
		str_adds(&text, shell->epilogue);
	rc = text.failed ? error_nomem(err) : make_argv(j, shell, &text, suffix, a, out, err);
	str_clear(&text);
	return rc;
}

int job_script_text(struct job_run *j, const char *commands, const char *suffix, struct arena *a, struct job_script *out,
		    pipe_error *err)
{
	const struct shell *shell = shell_of(j->plan->job);
	struct str text;
	int rc;

	memset(out, 0, sizeof(*out));
	str_init(&text);
	str_printf(&text, "%s%s\n%s", shell ? shell->prologue : "", commands, shell ? shell->epilogue : "");
	rc = text.failed ? error_nomem(err) : make_argv(j, shell, &text, suffix, a, out, err);
	str_clear(&text);
	return rc;
}

/* ---- variables ---- */

static bool take_dotenv(struct job_run *from, struct arena *a, struct variables *out)
{
	for (uint32_t i = 0; from->dotenv && i < from->dotenv->list.count; i++)
		if (!variables_set(out, a, from->dotenv->list.items[i]))
			return false;
	return true;
}

bool job_dotenv_inherit(struct job_run *j, struct arena *a, struct variables *out)
{
	struct pipeline_run *p = j->pipeline;

	if (!j->plan->artifacts_from_stages) {
		for (uint32_t i = 0; i < j->plan->artifacts_from.count; i++)
			if (!take_dotenv(&p->jobs[j->plan->artifacts_from.items[i]], a, out))
				return false;
		return true;
	}
	/* Jobs are ordered by stage. */
	for (uint32_t i = 0; p->has_dotenv && i < j->index && p->jobs[i].plan->stage < j->plan->stage; i++)
		if (!take_dotenv(&p->jobs[i], a, out))
			return false;
	return true;
}

/* The job's variables as the runner knows them: they win over all others. */
static bool runner_variables(const struct job_run *j, const char *workspace, struct arena *a, struct variables *out)
{
	const struct pipeline_run *p = j->pipeline;
	const char *run = arena_printf(a, "%lld", (long long)p->number);
	time_t started = (time_t)(j->started_ms / 1000);
	char time_text[40] = "";
	struct tm tm;

	if (gmtime_r(&started, &tm))
		strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	const struct variable all[] = {
		{ .name = "CI_JOB_ID", .value = arena_printf(a, "%lld%06u", (long long)p->number, j->index) },
		{ .name = "CI_JOB_STARTED_AT", .value = arena_strdup(a, time_text) },
		{ .name = "CI_PIPELINE_ID", .value = run },
		{ .name = "PIPE_PIPELINE_ID", .value = run },
		{ .name = "PIPE_RUN", .value = run },
		/* counts from 0 in each history */
		{ .name = "CI_PIPELINE_IID", .value = arena_printf(a, "%lld", (long long)p->number - 1) },
		{ .name = "CI_PROJECT_DIR", .value = workspace },
		{ .name = "PIPE_PROJECT_DIR", .value = workspace },
		{ .name = "PIPE_JOB", .value = j->plan->name },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct variable *v = vec_push(a, &out->list);
		if (!v || !all[i].value)
			return false;
		*v = all[i];
		v->raw = true;
	}
	return true;
}

bool job_scope(struct job_run *j, const char *workspace, struct arena *a, struct job_variables *v, struct scope *out)
{
	memset(v, 0, sizeof(*v));
	if (!job_dotenv_inherit(j, a, &v->dotenv) || !runner_variables(j, workspace, a, &v->runner) ||
	    !plan_job_scope(j->pipeline->plan->plan, j->plan, &v->dotenv, a, &v->own, out))
		return false;
	scope_push(out, &v->runner);
	return true;
}

struct environment_list {
	struct arena *a;
	const char **strings;
	uint32_t count, room;
	bool failed;
};

static void put(struct environment_list *e, const char *name, const char *value)
{
	size_t n = strlen(name), v = value ? strlen(value) : 0;
	char *text;

	if (!value || e->count == e->room || !(text = arena_text(e->a, n + v + 2))) {
		e->failed = true;
		return;
	}
	memcpy(text, name, n);
	text[n] = '=';
	memcpy(text + n + 1, value, v + 1);
	e->strings[e->count++] = text;
}

static int put_runner(struct environment_list *e, struct job_run *j, const char *workspace, const char *status, const char **mark)
{
	struct variables all = { 0 };

	*mark = arena_printf(e->a, "PIPE_TASK=%s/%u", j->pipeline->nonce, j->index);
	if (!*mark || e->count == e->room)
		return PIPE_ENOMEM;
	e->strings[e->count++] = *mark;

	if (!runner_variables(j, workspace, e->a, &all))
		return PIPE_ENOMEM;
	for (uint32_t i = 0; i < all.list.count; i++)
		put(e, all.list.items[i].name, all.list.items[i].value);
	put(e, "CI_JOB_STATUS", status);
	return PIPE_OK;
}

static bool is_runners(const char *name)
{
	static const char *const names[] = { "CI_JOB_ID",     "CI_JOB_STARTED_AT", "CI_PIPELINE_ID", "PIPE_PIPELINE_ID",
					     "PIPE_RUN",      "CI_PIPELINE_IID",   "CI_PROJECT_DIR", "PIPE_PROJECT_DIR",
					     "CI_JOB_STATUS", "PIPE_JOB",	   "PIPE_TASK" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Everything of a scope and, below it, of the host; what the runner sets itself is left out. */
static int put_all(struct environment_list *e, const struct variables *all, const struct variables *host, pipe_error *err)
{
	struct map taken = MAP_INIT;

	e->room = all->list.count + host->list.count + RUNNERS;
	e->strings = ARENA_ARRAY(e->a, const char *, e->room + 1);
	if (!e->strings)
		return error_nomem(err);
	for (uint32_t i = 0; i < all->list.count; i++) {
		const struct variable *v = &all->list.items[i];
		if (is_runners(v->name))
			continue;
		put(e, v->name, v->value);
		if (!map_put(&taken, e->a, v->name, strlen(v->name), (void *)(uintptr_t)v))
			return error_nomem(err);
	}
	for (uint32_t i = 0; i < host->list.count; i++) {
		const struct variable *v = &host->list.items[i];
		if (!is_runners(v->name) && !map_get(&taken, v->name, strlen(v->name)))
			put(e, v->name, v->value);
	}
	return e->failed ? error_nomem(err) : PIPE_OK;
}

/* ---- the part that simple jobs share ---- */

static bool is_constant(const struct variables *v)
{
	for (uint32_t i = 0; v && i < v->list.count; i++)
		if (!v->list.items[i].raw && strchr(v->list.items[i].value, '$'))
			return false;
	return true;
}

/* Has this job no variables but those of the pipeline, and its own predefined ones? */
static bool is_simple(const struct job_run *j)
{
	const struct job *job = j->plan->job;

	return !job->settings->variables.list.count && !job->settings->inherit_variables && !j->plan->matrix && !j->plan->rule &&
	       !j->pipeline->has_dotenv && !j->plan->environment_name;
}

/* Made once, when no variable of the pipeline depends on a job.  The host's variables that a job has of its own are left out. */
static void make_common(struct pipeline_run *p)
{
	const struct pipe_plan *plan = p->plan;
	const struct variables *const layers[] = { &plan->predefined, &plan->pipeline->variables, plan->plan->workflow_variables,
						   &plan->variables };
	struct environment_list e = { .a = &p->arena };
	struct variables all = { 0 }, host = { 0 };
	struct scope scope = { .unset = plan->options.unset };
	pipe_error ignored;

	p->common_tried = true;
	for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++) {
		if (!is_constant(layers[i]))
			return;
		scope_push(&scope, layers[i]);
	}
	for (uint32_t i = 0; i < p->session->host.list.count; i++) {
		const struct variable *v = &p->session->host.list.items[i];
		if (strncmp(v->name, "CI_", 3) && !variables_set(&host, &p->arena, *v))
			return;
	}
	if (plan->scoped.count || !scope_all(&scope, &p->arena, &all) || put_all(&e, &all, &host, &ignored))
		return;
	p->common = e.strings;
	p->common_count = e.count;
}

static int simple_environment(struct job_run *j, struct environment_list *e, pipe_error *err)
{
	struct pipeline_run *p = j->pipeline;
	struct variables own = { 0 };
	struct scope scope;

	if (!plan_job_scope(p->plan->plan, j->plan, NULL, e->a, &own, &scope))
		return error_nomem(err);
	e->room = p->common_count + own.list.count + RUNNERS;
	e->strings = ARENA_ARRAY(e->a, const char *, e->room + 1);
	if (!e->strings)
		return error_nomem(err);
	memcpy(e->strings, p->common, p->common_count * sizeof(*e->strings));
	e->count = p->common_count;
	for (uint32_t i = 0; i < own.list.count; i++)
		put(e, own.list.items[i].name,
		    own.list.items[i].raw ? own.list.items[i].value
					  : scope_expand(&scope, own.list.items[i].value, e->a, &e->failed));
	return PIPE_OK;
}

int job_environment_make(struct job_run *j, const char *workspace, const char *status, struct arena *a, const char *const **envp,
			 const char **mark, pipe_error *err)
{
	struct job_variables variables;
	struct variables all = { 0 };
	struct environment_list e = { .a = a };
	struct scope scope = { 0 };
	int rc;

	if (!j->pipeline->common_tried)
		make_common(j->pipeline);
	if (j->pipeline->common && is_simple(j))
		rc = simple_environment(j, &e, err);
	else if (!job_scope(j, workspace, a, &variables, &scope) || !scope_all(&scope, a, &all))
		rc = error_nomem(err);
	else
		rc = put_all(&e, &all, &j->pipeline->session->host, err);
	if (rc)
		return rc;
	if (put_runner(&e, j, workspace, status, mark) || e.failed)
		return error_nomem(err);
	*envp = e.strings;
	return PIPE_OK;
}

int run_environment_make(struct pipeline_run *p, const struct scope *scope, const char *suffix, struct arena *a,
			 const char *const **envp, const char **mark, pipe_error *err)
{
	const char *directory = p->session->project->directory;
	struct environment_list e = { .a = a };
	struct variables all = { 0 };
	int rc = scope_all(scope, a, &all) ? put_all(&e, &all, &p->session->host, err) : error_nomem(err);

	if (rc)
		return rc;
	*mark = arena_printf(a, "PIPE_TASK=%s/%s", p->nonce, suffix);
	if (!*mark || e.count == e.room)
		return error_nomem(err);
	e.strings[e.count++] = *mark;
	put(&e, "CI_PROJECT_DIR", directory);
	put(&e, "PIPE_PROJECT_DIR", directory);
	put(&e, "CI_PIPELINE_ID", arena_printf(a, "%lld", (long long)p->number));
	put(&e, "PIPE_RUN", arena_printf(a, "%lld", (long long)p->number));
	if (e.failed)
		return error_nomem(err);
	*envp = e.strings;
	return PIPE_OK;
}
