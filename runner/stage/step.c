/* How a step is done: a process in front, a service behind, a probe on its thread. */
#include "base/error.h"
#include "runner/files/beneath.h"
#include "runner/stage/handover.h"
#include "runner/stage/running.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TITLE_LINES = 20,
	WAITING_MOST = 64 * 1024, /* of services' lines, while somebody else's line has no end */
	PAUSE_LAG_MS = 100,
	NOT_FOUND = 127 /* what a shell makes of a command that is not there */
};

/* ---- the log ---- */

void step_say(struct stage_run *r, const char *text)
{
	r->host.output(r->host.payload, text, strlen(text));
	r->host.output(r->host.payload, "\n", 1);
}

void step_show_waiting(struct stage_run *r)
{
	if (!r->waiting.length)
		return;
	r->host.lines(r->host.payload, r->waiting.data, r->waiting.length);
	str_reset(&r->waiting);
}

void step_service_lines(void *payload, const char *text, size_t length)
{
	struct stage_run *r = payload;

	str_add(&r->waiting, text, length);
	if (r->waiting.length > WAITING_MOST && !r->host.at_line_start(r->host.payload))
		r->host.lines(r->host.payload, "\n", 1);
	if (r->host.at_line_start(r->host.payload))
		step_show_waiting(r);
}

/* ---- titles ---- */

/* As one would type it. */
static void add_lines(struct str *out, const char *text)
{
	unsigned lines = 0;

	while (*text && lines++ < TITLE_LINES) {
		size_t n = strcspn(text, "\n");
		if (n)
			str_printf(out, "%s$ %.*s", out->length ? "\n" : "", (int)n, text);
		text += n + (text[n] == '\n');
	}
	if (*text)
		str_adds(out, "\n$ ...");
}

static void add_title(struct str *out, const struct step *s)
{
	if (s->title) {
		str_printf(out, "$ %s", s->title);
	} else if (s->kind == STEP_PROBE) {
		str_printf(out, "$ probe %s", s->probe->name ? s->probe->name : s->probe->target ? s->probe->target : "");
	} else if (s->argv) {
		str_addc(out, '$');
		for (size_t i = 0; s->argv[i]; i++) {
			str_addc(out, ' ');
			str_shell_word(out, s->argv[i]);
		}
	} else {
		add_lines(out, s->script ? s->script : "");
	}
	if (s->kind == STEP_SERVICE && !s->title)
		str_adds(out, " &");
}

static void show_title(struct stage_run *r, const struct step *s)
{
	struct str title;

	if (s->quiet)
		return;
	str_init(&title);
	add_title(&title, s);
	if (!title.failed && title.length)
		step_say(r, title.data);
	str_clear(&title);
	r->host.flush(r->host.payload);
}

/* ---- what a process gets ---- */

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return !strncmp(a, b, n) && b[n] == '=';
}

/* The job's environment with some variables in their place. */
static const char *const *overlay(struct stage_run *r, const char *const *over, const char *mark)
{
	const char *const *base = r->host.envp;
	size_t count = 0, more = 1, used = 0;
	const char **out;

	while (base[count])
		count++;
	while (over && over[more - 1])
		more++;
	out = ARENA_ARRAY(&r->arena, const char *, count + more + 2);
	for (size_t i = 0; out && i < count; i++) {
		bool replaced = mark && same_name(mark, base[i]);
		for (size_t k = 0; over && over[k] && !replaced; k++)
			replaced = same_name(over[k], base[i]);
		if (!replaced)
			out[used++] = base[i];
	}
	for (size_t k = 0; out && over && over[k]; k++)
		out[used++] = over[k];
	if (out && mark)
		out[used] = mark;
	return out;
}

static const char *directory_of(struct stage_run *r, const struct step *s, pipe_error *err)
{
	const char *inside;
	bool nomem = false;

	if (!s->directory || !*s->directory)
		return r->host.workspace;
	inside = path_clean(s->directory, &r->arena, &nomem);
	if (!inside && !nomem)
		error_set(err, PIPE_EPIPELINE, "the directory \"%s\" leads out of the workspace", s->directory);
	else if (!inside || !(inside = arena_printf(&r->arena, "%s/%s", r->host.workspace, inside)))
		error_nomem(err);
	return inside;
}

/* Milliseconds that are left of the job's time; 0: it has no bound.  Never 0 for one that is over. */
static int64_t left(const struct stage_run *r)
{
	int64_t ms = r->deadline ? r->deadline - run_clock() : 0;

	return r->deadline && ms < 1 ? 1 : ms;
}

static int64_t shorter(int64_t a, int64_t b)
{
	return !a ? b : !b || a < b ? a : b;
}

/* own: the step's mark; NULL: the job's. */
static int describe(struct stage_run *r, const struct step *s, const char *suffix, const char *own, const char **file,
		    pipe_error *err)
{
	const char *script = s->script ? s->script : "";
	const char *directory = directory_of(r, s, err);
	const char *const *envp = s->env || own ? overlay(r, s->env, own) : r->host.envp;

	*file = NULL;
	if (!directory)
		return err->code;
	if (!envp)
		return error_nomem(err);
	r->spec = (struct task_spec){ .argv = s->argv,
				      .envp = envp,
				      .directory = directory,
				      .mark = own ? own : r->host.mark,
				      .grace_ms = r->host.grace_ms };
	if (s->argv)
		return PIPE_OK;
	if (s == &r->before && r->handover && !(script = handover_text(&r->arena, script, r->handover)))
		return error_nomem(err);
	return r->host.shell(r->host.payload, script, directory, suffix, &r->arena, &r->spec.argv, &r->spec.envp, file, err);
}

/* ---- how it ends ---- */

static void end_badly(struct stage_run *r, struct step *s, int rc, const pipe_error *err)
{
	s->end = rc == PIPE_ENOTFOUND || rc == PIPE_EPIPELINE ? STEP_FAILED : STEP_SYSTEM;
	s->exit_code = rc == PIPE_ENOTFOUND ? NOT_FOUND : -1;
	s->reason = arena_strdup(&r->arena, err->text);
	step_say(r, err->text);
}

static void remove_script(struct stage_run *r)
{
	if (r->script_file)
		unlink(r->script_file);
	r->script_file = NULL;
}

/* As a shell would: whoever reads the log sees why it stops. */
static void say_killed(struct stage_run *r, struct step *s)
{
	int number = s->exit_code - 128;
	char text[128];

	snprintf(text, sizeof(text), "%s (signal %d)", strsignal(number), number);
	r->host.flush(r->host.payload);
	step_say(r, text);
	s->reason = arena_printf(&r->arena, "killed by signal %d (%s)", number, strsignal(number));
}

static void on_end(void *context, const struct task_result *result)
{
	static const enum step_end ends[] = { [TASK_EXITED] = STEP_OK,
					      [TASK_SIGNALLED] = STEP_FAILED,
					      [TASK_TIMED_OUT] = STEP_TIMED_OUT,
					      [TASK_CANCELLED] = STEP_CANCELLED,
					      [TASK_SYSTEM] = STEP_SYSTEM };
	struct stage_run *r = context;
	struct step *s = run_step(r, r->current);
	char text[128];

	r->task = NULL;
	remove_script(r);
	s->end = ends[result->end];
	s->exit_code = result->exit_code;
	if (s->end == STEP_OK && s->exit_code)
		s->end = STEP_FAILED;
	if (result->end == TASK_SIGNALLED)
		say_killed(r, s);
	if (result->end == TASK_SYSTEM)
		s->reason = arena_strdup(&r->arena, result->error.text);
	if (s->end == STEP_TIMED_OUT && r->deadline && run_clock() >= r->deadline)
		r->timed_out = true;
	else if (s->end == STEP_TIMED_OUT)
		s->reason = arena_printf(&r->arena, "it took longer than %lld s", (long long)(s->timeout_ms / 1000));
	if (result->stragglers) {
		snprintf(text, sizeof(text), "%u process%s left behind by a command %s ended", result->stragglers,
			 result->stragglers == 1 ? "" : "es", result->stragglers == 1 ? "was" : "were");
		r->host.warn(r->host.payload, text);
	}
	run_step_ended(r);
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct stage_run *r = context;

	r->host.output(r->host.payload, bytes, length);
	if (r->waiting.length && r->host.at_line_start(r->host.payload))
		step_show_waiting(r);
}

/* ---- processes ---- */

static bool begin_process(struct stage_run *r, struct step *s)
{
	pipe_error err;
	int rc = describe(r, s, ".script", NULL, &r->script_file, &err);

	if (rc == PIPE_OK) {
		r->spec.timeout_ms = shorter(s->timeout_ms, left(r));
		r->spec.on_output = on_output;
		r->spec.on_end = on_end;
		r->spec.context = r;
		rc = r->host.executor->ops->start(r->host.executor, &r->spec, &r->task, &err);
	}
	if (rc == PIPE_OK)
		return true;
	remove_script(r);
	end_badly(r, s, rc, &err);
	return false;
}

/* A service has a mark of its own: what a step in front leaves behind is ended with the step, and a service is not. */
static bool begin_service(struct stage_run *r, struct step *s)
{
	const char *mark = arena_printf(&r->arena, "%s.%u", r->host.mark, r->current + 1), *file = NULL, **kept;
	char suffix[32];
	pipe_error err;
	int rc;

	snprintf(suffix, sizeof(suffix), ".%u.script", r->current + 1);
	rc = mark ? describe(r, s, suffix, mark, &file, &err) : error_nomem(&err);
	if (file && (kept = vec_push(&r->arena, &r->service_files)))
		*kept = file;
	if (rc == PIPE_OK)
		rc = service_start(&r->services, s->service ? s->service : "service", &r->spec, &err);
	if (rc)
		end_badly(r, s, rc, &err);
	return false;
}

/* ---- probes ---- */

static void on_probe_lines(void *payload, const char *lines, size_t length)
{
	struct stage_run *r = payload;

	r->host.output(r->host.payload, lines, length);
}

static const char *keep(struct stage_run *r, const char *text)
{
	return text ? arena_strdup(&r->arena, text) : NULL;
}

/* Was it ended by our bound, rather than by its own tries or budget?  It ends before a pause that would lead beyond; pauses double, so
 * that none is longer than all that was before it. */
static bool ran_out(const struct stage_run *r, const struct step *s, const struct probe_result *result)
{
	const struct probe *p = s->probe;
	int64_t reached = result->duration_ms * 2 + p->interval_ms + PAUSE_LAG_MS;

	return r->probe_limit && reached >= r->probe_limit && result->tries <= p->retries &&
	       (!p->budget_ms || p->budget_ms > r->probe_limit);
}

static void on_probe_done(void *payload, int rc, const struct probe_result *result, const pipe_error *err)
{
	struct stage_run *r = payload;
	struct step *s = run_step(r, r->current);

	r->prober = NULL;
	s->result = *result;
	s->result.reason = keep(r, result->reason);
	s->result.answer = keep(r, result->answer ? result->answer : "");
	s->exit_code = -1;
	if (rc) {
		s->end = rc == PIPE_EPIPELINE ? STEP_FAILED : STEP_SYSTEM;
		s->reason = keep(r, err->text);
	} else if (result->ok) {
		s->end = STEP_OK;
		s->exit_code = 0;
	} else if (r->service_failure) {
		s->end = STEP_FAILED;
		s->reason = r->service_failure;
	} else if (r->cancelled && !s->always) {
		s->end = STEP_CANCELLED;
	} else if (ran_out(r, s, result)) {
		s->end = STEP_TIMED_OUT;
		r->timed_out |= r->job_bound;
	} else {
		s->end = STEP_FAILED;
		s->reason = s->result.reason;
	}
	if (s->end != STEP_OK && s->reason)
		step_say(r, s->reason);
	run_step_ended(r);
}

static bool begin_probe(struct stage_run *r, struct step *s)
{
	int64_t of_job = left(r), limit = shorter(s->timeout_ms, of_job);
	struct prober_options o = { .probe = s->probe,
				    .desk = r->host.desk,
				    .services = &r->services,
				    .executor = r->host.executor,
				    .command = &r->spec,
				    .mask = r->host.mask,
				    .limit_ms = limit,
				    .regex_steps = r->host.regex_steps,
				    .say = on_probe_lines,
				    .done = on_probe_done,
				    .payload = r };
	const char *file;
	pipe_error err;
	struct step plain = *s;
	int rc;

	r->probe_limit = limit;
	r->job_bound = limit && limit == of_job;
	r->service_failure = services_failure(&r->services, true, s->probe->service, &r->arena);
	if (r->service_failure) {
		s->end = STEP_FAILED;
		s->exit_code = -1;
		s->reason = r->service_failure;
		step_say(r, s->reason);
		return false;
	}
	plain.argv = s->probe->argv ? s->probe->argv : (const char *const[]){ "", NULL };
	rc = describe(r, &plain, "", NULL, &file, &err);
	if (rc == PIPE_OK)
		rc = prober_start(&r->prober, &o, &err);
	if (rc)
		end_badly(r, s, rc, &err);
	return rc == PIPE_OK;
}

/* ---- actions ---- */

static void on_action_done(void *payload, const struct actor_result *result)
{
	struct stage_run *r = payload;
	struct step *s = run_step(r, r->current);

	r->actor = NULL;
	s->answer = keep(r, result->answer);
	s->exit_code = -1;
	if (result->code == PIPE_OK) {
		s->end = STEP_OK;
		s->exit_code = 0;
	} else if (result->timed_out) {
		s->end = STEP_TIMED_OUT;
		r->timed_out |= r->deadline && run_clock() >= r->deadline;
	} else if (r->cancelled && !s->always) {
		s->end = STEP_CANCELLED;
	} else {
		s->end = STEP_FAILED;
		s->reason = keep(r, result->err->text);
		step_say(r, result->err->text);
	}
	run_step_ended(r);
}

/* The baseline is looked for when the first script may ask for it. */
static const struct action_scripts *scripts_for(struct stage_run *r, const struct stage_action *action)
{
	if (action->kind != ACTION_LUA || !r->host.scripts)
		return NULL;
	r->scripts = *r->host.scripts;
	r->scripts.baseline = r->host.baseline(r->host.payload);
	return &r->scripts;
}

static bool begin_action(struct stage_run *r, struct step *s)
{
	struct actor_options o = { .action = s->action,
				   .desk = r->host.desk,
				   .limit_ms = shorter(s->timeout_ms, left(r)),
				   .say = on_probe_lines,
				   .done = on_action_done,
				   .payload = r,
				   .context = { .workspace = r->host.workspace,
						.scratch = r->job.scratch,
						.state_directory = r->host.desk->state_directory,
						.project_directory = r->host.project_directory,
						.envp = s->env ? overlay(r, s->env, NULL) : r->host.envp,
						.run = r->host.run,
						.job = r->host.job,
						.name = r->host.name,
						.scripts = scripts_for(r, s->action) } };
	pipe_error err;
	int rc = o.context.envp ? run_make_scratch(r, &err) : error_nomem(&err);

	s->answer = "";
	if (rc == PIPE_OK)
		rc = actor_start(&r->actor, &o, &err);
	if (rc)
		end_badly(r, s, rc, &err);
	return rc == PIPE_OK;
}

/* ---- the way in and out ---- */

bool step_begin(struct stage_run *r)
{
	static bool (*const begin[])(struct stage_run * r, struct step * s) = { [STEP_COMMAND] = begin_process,
										[STEP_SCRIPT] = begin_process,
										[STEP_SERVICE] = begin_service,
										[STEP_PROBE] = begin_probe,
										[STEP_ACTION] = begin_action };
	struct step *s = run_step(r, r->current);

	s->end = STEP_OK;
	s->exit_code = 0;
	s->reason = NULL;
	s->state = STEP_DONE;
	show_title(r, s);
	s->log_from = r->host.line_count(r->host.payload) + 1;
	r->step_started = run_clock();
	return begin[s->kind](r, s);
}

void step_cancel(struct stage_run *r, bool now)
{
	if (r->task)
		r->host.executor->ops->cancel(r->host.executor, r->task, now);
	if (r->prober)
		prober_cancel(r->prober, now);
	if (r->actor)
		actor_cancel(r->actor);
}
