/* Probes without HTTP: a connection, a line in a service's output, a command. */
#include "base/duration.h"
#include "base/error.h"
#include "runner/net/resolve.h"
#include "runner/probe/try.h"
#include "stages/probe_text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 50 };

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* ---- TCP ---- */

/* A connection to a free port of this machine may be one to itself: the kernel chose that very port for our side. */
static bool is_own_echo(int fd)
{
	struct sockaddr_storage ours = { 0 }, theirs = { 0 };
	socklen_t n = sizeof(ours), m = sizeof(theirs);

	return !getsockname(fd, (struct sockaddr *)&ours, &n) && !getpeername(fd, (struct sockaddr *)&theirs, &m) && n == m &&
	       !memcmp(&ours, &theirs, n);
}

/* 0: connected; otherwise an errno value. */
static int connect_one(const struct addrinfo *a, double end, const atomic_bool *cancel)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol), error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen))
		error = errno;
	while (error == EINPROGRESS || error == EINTR) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		double left = end - now_ms();
		if (left <= 0 || (cancel && atomic_load(cancel)))
			error = ETIMEDOUT;
		else if (poll(&p, 1, left < LOOK_MS ? (int)left + 1 : LOOK_MS) > 0 &&
			 getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
			error = errno;
	}
	if (!error && is_own_echo(fd))
		error = ECONNREFUSED;
	close(fd);
	return error;
}

/* One address after the other; one that does not answer leaves time for those behind it. */
static int connect_any(const struct addrinfo *list, double end, const atomic_bool *cancel)
{
	int error = EHOSTUNREACH, left = 0;

	for (const struct addrinfo *a = list; a; a = a->ai_next)
		left++;
	for (const struct addrinfo *a = list; a && error; a = a->ai_next) {
		double now = now_ms();
		error = connect_one(a, now + (end - now) / left--, cancel);
	}
	return error;
}

bool try_tcp(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err)
{
	double start = now_ms(), end = start + (double)timeout_ms;
	const char *target = p->probe->target, *host, *port, *name;
	struct addrinfo *list;
	pipe_error why;
	size_t length;
	int error;

	if (!probe_address_split(target, &host, &length, &port)) {
		error_set(err, PIPE_EPIPELINE, "\"%s\" is no host:port", target);
		return false;
	}
	host = arena_strndup(&p->scratch, host, length);
	name = shown(p, target, strlen(target), PROBE_SHOWN);
	if (!host || resolve(host, port, timeout_ms, p->context->cancel, &list, &why) == PIPE_ENOMEM) {
		error_nomem(err);
		return false;
	}
	if (!list) {
		snprintf(out->reason, sizeof(out->reason), "no connection to %s: %s", name,
			 shown(p, why.text, strlen(why.text), PROBE_SHOWN));
		return true;
	}
	error = connect_any(list, end, p->context->cancel);
	freeaddrinfo(list);
	out->ms = now_ms() - start;
	out->answered = !error;
	if (error)
		snprintf(out->reason, sizeof(out->reason), "no connection to %s: %s", name, strerror(error));
	return true;
}

/* ---- a line of a log ---- */

/* The first line that holds it. */
static bool find_line(struct probing *p, const struct str *text, struct probe_try *out, pipe_error *err)
{
	const char *line = text->data, *end = text->data + text->length;

	while (line < end && !out->answered) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t whole = (size_t)((newline ? newline : end) - line), length = whole;
		if (length && line[length - 1] == '\r')
			length--;
		if (!expect_contains(p->probe->target, line, length, p->context->regex_steps, &out->answered, err))
			return false;
		if (out->answered)
			out->text = shown(p, line, length, PROBE_ANSWER_MAX);
		line += whole + (newline != NULL);
	}
	return true;
}

static bool look_at_log(struct probing *p, struct probe_try *out, pipe_error *err)
{
	const struct probe_context *c = p->context;
	struct str text;
	bool ok;

	if (!p->probe->service || !c->output) {
		error_set(err, PIPE_EPIPELINE, "it is not said whose output is waited for");
		return false;
	}
	str_init(&text);
	ok = c->output(c->payload, p->probe->service, &p->cursor, &text);
	if (!ok)
		error_set(err, PIPE_EPIPELINE, "there is no service \"%s\" whose output could be looked at", p->probe->service);
	else if (text.failed)
		ok = error_nomem(err) == PIPE_OK;
	else
		ok = find_line(p, &text, out, err);
	str_clear(&text);
	return ok;
}

bool try_log(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err)
{
	const struct probe_context *c = p->context;
	const char *why = NULL;

	(void)timeout_ms;
	/* Asked first: what has ended before has said all that it had to say. */
	p->service_ended = p->probe->service && c->alive && !c->alive(c->payload, p->probe->service, &why);
	if (!look_at_log(p, out, err))
		return false;
	if (out->answered)
		return true;
	if (p->service_ended)
		snprintf(out->reason, sizeof(out->reason), "%s", why ? why : "the service has ended");
	else
		snprintf(out->reason, sizeof(out->reason), "the output of \"%s\" has no line with %s yet", p->probe->service,
			 shown(p, p->probe->target, strlen(p->probe->target), PROBE_SHOWN));
	return true;
}

/* ---- a command ---- */

bool try_command(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err)
{
	struct probe_command command = { .exit_code = -1, .output = "" };
	double start = now_ms();
	const char *name;
	char time[32];

	if (!p->context->command) {
		error_set(err, PIPE_EUNSUPPORTED, "commands cannot be run here");
		return false;
	}
	if (p->context->command(p->context->payload, p->probe->argv, timeout_ms, &command, err))
		return false;
	out->ms = now_ms() - start;
	out->exit_code = command.exit_code;
	out->text = command.output ? command.output : "";
	out->answered = command.started && !command.timed_out;
	name = shown(p, p->probe->argv[0], strlen(p->probe->argv[0]), PROBE_SHOWN);
	if (!command.started)
		snprintf(out->reason, sizeof(out->reason), "%s could not be started: %s", name,
			 command.reason ? shown(p, command.reason, strlen(command.reason), PROBE_SHOWN) : "unknown");
	else if (command.timed_out)
		snprintf(out->reason, sizeof(out->reason), "%s took longer than %s", name,
			 duration_format(timeout_ms, time, sizeof(time)));
	return true;
}
