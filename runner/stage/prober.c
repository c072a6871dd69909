#include "runner/stage/prober.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MOST = 64 * 1024 };

enum request { REQUEST_NONE, REQUEST_MADE, REQUEST_RUNNING, REQUEST_ANSWERED };

struct prober {
	struct prober_options o;
	uv_async_t wake;
	uv_thread_t thread;
	atomic_bool cancel;
	struct arena arena; /* the thread's, until it has ended */
	struct probe_result result;
	pipe_error err;
	int rc;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t answered;
	struct str lines; /* to be said */
	bool over;	  /* probe_run has returned */
	enum request request;
	const char *const *argv; /* of the request */
	int64_t timeout_ms;
	struct str output; /* of the command; the loop's while it runs */
	struct task_result ended;
	struct task *task; /* the loop's */
	struct task_spec spec;
};

/* ---- on the probe's thread ---- */

static void say(void *payload, const char *line)
{
	struct prober *p = payload;

	pthread_mutex_lock(&p->lock);
	str_adds(&p->lines, line);
	str_addc(&p->lines, '\n');
	pthread_mutex_unlock(&p->lock);
	uv_async_send(&p->wake);
}

static bool hide(void *payload, const char *text, size_t length, struct str *out)
{
	const struct prober *p = payload;

	return mask_text(p->o.mask, text, length, out, NULL) == PIPE_OK;
}

static bool output(void *payload, const char *service, uint64_t *cursor, struct str *out)
{
	return service_output(((struct prober *)payload)->o.services, service, cursor, out);
}

static bool alive(void *payload, const char *service, const char **why)
{
	struct prober *p = payload;

	return service_alive(p->o.services, service, &p->arena, why);
}

static int describe_command(struct prober *p, struct probe_command *out, pipe_error *err)
{
	const struct task_result *r = &p->ended;

	*out = (struct probe_command){ .started = r->end != TASK_SYSTEM, .exit_code = r->exit_code };
	out->timed_out = r->end == TASK_TIMED_OUT || r->end == TASK_CANCELLED;
	if (out->timed_out || !out->started)
		out->exit_code = -1;
	if (r->end == TASK_SYSTEM)
		out->reason = arena_strdup(&p->arena, r->error.text);
	else if (r->end == TASK_TIMED_OUT)
		out->reason = "its time was over";
	else if (r->end == TASK_CANCELLED)
		out->reason = "cancelled";
	else if (r->end == TASK_SIGNALLED)
		out->reason = arena_printf(&p->arena, "it was killed by signal %d", r->exit_code - 128);
	out->output = arena_strndup(&p->arena, p->output.data, p->output.length);
	return out->output ? PIPE_OK : error_nomem(err);
}

static int command(void *payload, const char *const *argv, int64_t timeout_ms, struct probe_command *out, pipe_error *err)
{
	struct prober *p = payload;
	int rc;

	pthread_mutex_lock(&p->lock);
	p->argv = argv;
	p->timeout_ms = timeout_ms;
	p->request = REQUEST_MADE;
	uv_async_send(&p->wake);
	while (p->request != REQUEST_ANSWERED)
		pthread_cond_wait(&p->answered, &p->lock);
	p->request = REQUEST_NONE;
	rc = describe_command(p, out, err);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

static void run(void *argument)
{
	struct prober *p = argument;
	struct probe_context context = { .arena = &p->arena,
					 .cancel = &p->cancel,
					 .limit_ms = p->o.limit_ms,
					 .regex_steps = p->o.regex_steps,
					 .directory = p->o.command->directory,
					 .hide = hide,
					 .say = say,
					 .output = output,
					 .alive = alive,
					 .command = command,
					 .payload = p };

	p->rc = probe_run(p->o.probe, &context, &p->result, &p->err);
	pthread_mutex_lock(&p->lock);
	p->over = true;
	pthread_mutex_unlock(&p->lock);
	uv_async_send(&p->wake);
}

/* ---- on the loop's thread ---- */

static void answer(struct prober *p, const struct task_result *result)
{
	pthread_mutex_lock(&p->lock);
	p->ended = *result;
	p->request = REQUEST_ANSWERED;
	pthread_cond_signal(&p->answered);
	pthread_mutex_unlock(&p->lock);
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct prober *p = context;
	size_t room = p->output.length < OUTPUT_MOST ? OUTPUT_MOST - p->output.length : 0;

	str_add(&p->output, bytes, length < room ? length : room);
}

static void on_end(void *context, const struct task_result *result)
{
	struct prober *p = context;

	p->task = NULL;
	answer(p, result);
}

static void run_command(struct prober *p)
{
	struct task_result failed = { .end = TASK_CANCELLED, .exit_code = -1 };

	p->spec = *p->o.command;
	p->spec.argv = p->argv;
	p->spec.timeout_ms = p->timeout_ms;
	p->spec.on_output = on_output;
	p->spec.on_end = on_end;
	p->spec.context = p;
	str_reset(&p->output);
	if (!atomic_load(&p->cancel)) {
		if (p->o.executor->ops->start(p->o.executor, &p->spec, &p->task, &failed.error) == PIPE_OK)
			return;
		failed.end = TASK_SYSTEM;
	}
	answer(p, &failed);
}

static void on_closed(uv_handle_t *handle)
{
	struct prober *p = handle->data;
	struct stage_desk *desk = p->o.desk;

	free(p);
	desk->closed(desk->payload);
}

static void end(struct prober *p)
{
	uv_thread_join(&p->thread);
	p->o.done(p->o.payload, p->rc, &p->result, &p->err);
	arena_clear(&p->arena);
	str_clear(&p->lines);
	str_clear(&p->output);
	pthread_cond_destroy(&p->answered);
	pthread_mutex_destroy(&p->lock);
	uv_close((uv_handle_t *)&p->wake, on_closed);
}

static void on_wake(uv_async_t *wake)
{
	struct prober *p = wake->data;
	struct str lines;
	bool wants, over;

	str_init(&lines);
	pthread_mutex_lock(&p->lock);
	str_add(&lines, p->lines.data, p->lines.length);
	str_reset(&p->lines);
	wants = p->request == REQUEST_MADE;
	if (wants)
		p->request = REQUEST_RUNNING;
	over = p->over;
	pthread_mutex_unlock(&p->lock);
	if (lines.length)
		p->o.say(p->o.payload, lines.data, lines.length);
	str_clear(&lines);
	if (wants)
		run_command(p);
	if (over)
		end(p);
}

int prober_start(struct prober **out, const struct prober_options *options, pipe_error *err)
{
	struct prober *p = calloc(1, sizeof(*p));
	int rc;

	*out = NULL;
	if (!p)
		return error_nomem(err);
	p->o = *options;
	str_init(&p->lines);
	str_init(&p->output);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->answered, NULL);
	p->wake.data = p;
	rc = uv_async_init(options->desk->loop, &p->wake, on_wake);
	if (rc) {
		pthread_cond_destroy(&p->answered);
		pthread_mutex_destroy(&p->lock);
		free(p);
		return error_set(err, PIPE_EIO, "no probe can be made: %s", uv_strerror(rc));
	}
	options->desk->opened(options->desk->payload);
	rc = uv_thread_create(&p->thread, run, p);
	if (rc) {
		pthread_cond_destroy(&p->answered);
		pthread_mutex_destroy(&p->lock);
		uv_close((uv_handle_t *)&p->wake, on_closed);
		return error_set(err, PIPE_EIO, "no thread for a probe can be had: %s", uv_strerror(rc));
	}
	*out = p;
	return PIPE_OK;
}

void prober_cancel(struct prober *p, bool now)
{
	atomic_store(&p->cancel, true);
	if (p->task)
		p->o.executor->ops->cancel(p->o.executor, p->task, now);
}
