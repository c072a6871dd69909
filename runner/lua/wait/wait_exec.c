/* pipe.exec, on the loop: a task of the executor, under the mark of the job or the run, so that nothing of it outlives them. */
#include "base/error.h"
#include "runner/lua/wait/drive_inside.h"

static void on_output(void *context, const char *bytes, size_t length)
{
	struct lua_drive *d = context;
	size_t most = d->wait->exec.max_bytes, room = most > d->output.length ? most - d->output.length : 0;

	str_add(&d->output, bytes, length < room ? length : room);
	d->answer.truncated |= length > room;
}

static void explain(const struct lua_drive *d, const struct task_result *result, pipe_error *err)
{
	const char *name = d->wait->exec.argv[0];

	if (result->end == TASK_SYSTEM)
		*err = result->error;
	else if (result->end == TASK_TIMED_OUT)
		error_set(err, PIPE_ELIMIT, "%.100s was ended: it took longer than %lld ms", name,
			  (long long)d->wait->timeout_ms);
	else if (result->end == TASK_CANCELLED)
		error_set(err, PIPE_EUSAGE, "%.100s was ended: cancelled", name);
	else if (d->output.failed)
		error_nomem(err);
}

static void on_end(void *context, const struct task_result *result)
{
	struct lua_drive *d = context;
	pipe_error err = { 0 };

	d->task = NULL;
	explain(d, result, &err);
	d->answer.body = d->output.data;
	d->answer.length = d->output.length;
	d->answer.exit_code = result->exit_code;
	if (err.code)
		drive_answer_error(d, err.code, &err);
	else
		drive_answer(d);
}

static int begin(struct lua_drive *d, const struct lua_wait *wait, pipe_error *err)
{
	int rc = lua_command_prepare(&d->command, wait, &d->o.place, d->o.place.mark, &d->arena, err);

	if (rc)
		return rc;
	str_reset(&d->output);
	d->spec = (struct task_spec){ .argv = wait->exec.argv,
				      .envp = d->command.envp,
				      .directory = d->command.directory,
				      .mark = d->o.place.mark,
				      .input = d->command.input >= 0 ? &d->command.input : NULL,
				      .timeout_ms = wait->timeout_ms,
				      .grace_ms = d->o.grace_ms,
				      .on_output = on_output,
				      .on_end = on_end,
				      .context = d };
	rc = d->o.executor->ops->start(d->o.executor, &d->spec, &d->task, err);
	lua_command_clear(&d->command);
	d->spec.input = NULL;
	return rc;
}

static void cancel(struct lua_drive *d, bool again)
{
	if (d->task)
		d->o.executor->ops->cancel(d->o.executor, d->task, again);
}

const struct drive_kind drive_exec = { begin, cancel };
