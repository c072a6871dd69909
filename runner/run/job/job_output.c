/*
 * What a job writes: secrets are taken out of it, then it is in the log, then the subscriber gets it, by whole lines.
 */
#include "base/error.h"
#include "runner/run/active_job.h"

#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20 };

int job_output_open(struct active_job *x, pipe_error *err)
{
	int rc;

	if (x->log)
		return PIPE_OK;
	rc = log_writer_create(&x->log, x->files.base, x->job->attempt > 1, err);
	return rc ? rc : mask_stream_create(&x->mask, x->job->pipeline->session->mask, err);
}

static void show(struct active_job *x, const char *text, size_t length)
{
	notify_output(x->job, text, length);
}

/* Hands on whole lines; keeps what has no end yet. */
static void split_lines(struct active_job *x, const char *text, size_t length)
{
	const char *last = memrchr(text, '\n', length);
	size_t whole = last ? (size_t)(last - text) + 1 : 0;

	if (whole && x->partial.length) {
		size_t first = (size_t)((const char *)memchr(text, '\n', length) - text) + 1;
		str_add(&x->partial, text, first);
		show(x, x->partial.data, x->partial.length);
		str_reset(&x->partial);
		text += first;
		length -= first;
		whole -= first;
	}
	if (whole)
		show(x, text, whole);
	str_add(&x->partial, text + whole, length - whole);
	if (x->partial.length >= LINE_MAX_BYTES || x->partial.failed) {
		show(x, x->partial.data, x->partial.length);
		str_reset(&x->partial);
	}
}

void job_output_say(struct active_job *x, const char *text, size_t length)
{
	struct pipe_run *s = x->job->pipeline->session;
	pipe_error err;

	if (!length)
		return;
	x->open_line = text[length - 1] != '\n';
	if (!s->failure && log_write(x->log, session_now(s), text, length, &err))
		session_fail(s, &err);
	if (s->options.on_event)
		split_lines(x, text, length);
}

void job_output_take(void *context, const char *bytes, size_t length)
{
	struct active_job *x = context;
	pipe_error err;

	if (mask_feed(x->mask, bytes, length, &bytes, &length, &err)) {
		session_fail(x->job->pipeline->session, &err); /* rather no output than a secret in it */
		return;
	}
	job_output_say(x, bytes, length);
}

static void flush(struct active_job *x)
{
	const char *rest;
	size_t length;
	pipe_error err;

	if (x->mask && mask_flush(x->mask, &rest, &length, &err) == PIPE_OK)
		job_output_say(x, rest, length);
}

void job_output_end_line(struct active_job *x)
{
	flush(x);
	if (x->open_line)
		job_output_say(x, "\n", 1);
}

void job_output_end(struct active_job *x)
{
	flush(x);
	if (x->partial.length)
		show(x, x->partial.data, x->partial.length);
	str_reset(&x->partial);
}
