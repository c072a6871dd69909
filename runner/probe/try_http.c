/* HTTP requests, and gRPC's health service over HTTP/2. */
#include "base/error.h"
#include "runner/probe/try.h"
#include "stages/probe_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool exchange_now(struct probing *p, const struct exchange_request *request, struct probe_try *out, pipe_error *err)
{
	pipe_error why;
	int rc;

	if (!p->exchange && exchange_create(&p->exchange, err))
		return false;
	memset(&why, 0, sizeof(why));
	rc = exchange_perform(p->exchange, request, &out->reply, &why);
	if (rc == PIPE_ENOMEM || rc == PIPE_EUNSUPPORTED) {
		if (err)
			*err = why;
		return false;
	}
	out->answered = rc == PIPE_OK;
	out->ms = out->reply.ms;
	if (rc)
		snprintf(out->reason, sizeof(out->reason), "%s", shown(p, why.text, strlen(why.text), sizeof(out->reason) - 1));
	return true;
}

/* Relative to the job's directory. */
static bool find_ca_file(struct probing *p, pipe_error *err)
{
	const char *path = p->probe->ca_file;

	if (path && !p->ca_file)
		p->ca_file = *path == '/' ? path : arena_printf(p->context->arena, "%s/%s", p->context->directory, path);
	return !path || p->ca_file || error_nomem(err) == PIPE_OK;
}

bool try_http(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err)
{
	const struct probe *probe = p->probe;
	struct exchange_request request = { .url = probe->target,
					    .method = probe->method,
					    .headers = probe->headers,
					    .body = probe->body,
					    .body_length = probe->body ? strlen(probe->body) : 0,
					    .insecure = probe->insecure,
					    .follow = probe->follow,
					    .timeout_ms = timeout_ms,
					    .max_bytes = PROBE_BODY_MAX,
					    .cancel = p->context->cancel };

	if (!probe_url_check(probe->target, NULL)) {
		error_set(err, PIPE_EPIPELINE, "\"%s\" is no http or https address", probe->target);
		return false;
	}
	if (!find_ca_file(p, err))
		return false;
	request.ca_file = p->ca_file;
	return exchange_now(p, &request, out, err);
}

/* ---- gRPC ---- */

enum { FRAME_HEAD = 5, SERVICE_MAX = 125, STATUS_DIGITS = 4 };

/* HealthCheckRequest {string service = 1} in a gRPC frame. */
static size_t health_request(const char *service, unsigned char *out)
{
	size_t n = strlen(service), length = n ? n + 2 : 0;

	memset(out, 0, FRAME_HEAD);
	out[4] = (unsigned char)length;
	if (n) {
		out[FRAME_HEAD] = 0x0a; /* field 1, length-delimited */
		out[FRAME_HEAD + 1] = (unsigned char)n;
		memcpy(out + FRAME_HEAD + 2, service, n);
	}
	return FRAME_HEAD + length;
}

/* HealthCheckResponse {ServingStatus status = 1}; 0, UNKNOWN, is not written.  -1: it is none. */
static int health_response(const struct str *body)
{
	const unsigned char *b = (const unsigned char *)body->data;

	if (body->length < FRAME_HEAD || b[0] || b[1] || b[2] || b[3] || (size_t)b[4] + FRAME_HEAD != body->length)
		return -1;
	if (!b[4])
		return 0;
	return b[4] == 2 && b[FRAME_HEAD] == 0x08 && b[FRAME_HEAD + 1] < 0x80 ? b[FRAME_HEAD + 1] : -1;
}

/* From the trailers, or from the headers where they are all that came.  Negative: there is none. */
static long grpc_status(const struct exchange_reply *reply)
{
	const char *value = NULL;
	size_t length = 0;

	if (!exchange_header(reply, "grpc-status", &value, &length) || !length || length > STATUS_DIGITS ||
	    strspn(value, "0123456789") != length)
		return -1;
	return strtol(value, NULL, 10);
}

static void say_grpc(struct probing *p, struct probe_try *out, long status)
{
	const char *text = NULL;
	size_t length = 0;

	exchange_header(&out->reply, "grpc-message", &text, &length);
	if (status < 0)
		snprintf(out->reason, sizeof(out->reason), "this is no gRPC server: HTTP status %ld without a grpc-status",
			 out->reply.status);
	else if (status == 12)
		snprintf(out->reason, sizeof(out->reason), "the server has no health service (gRPC status 12)");
	else if (status == 5)
		snprintf(out->reason, sizeof(out->reason), "the server knows no such service (gRPC status 5)");
	else
		snprintf(out->reason, sizeof(out->reason), "gRPC status %ld%s%s", status, length ? ": " : "",
			 length ? shown(p, text, length, PROBE_SHOWN) : "");
}

static bool find_grpc_url(struct probing *p, pipe_error *err)
{
	const char *target = p->probe->target;
	size_t length = strlen(target);

	if (p->url)
		return true;
	if (!probe_grpc_check(target, NULL)) {
		error_set(err, PIPE_EPIPELINE, "\"%s\" is no address of a gRPC server", target);
		return false;
	}
	if (target[length - 1] == '/')
		length--;
	p->url = arena_printf(p->context->arena, "%s%.*s/grpc.health.v1.Health/Check", strstr(target, "://") ? "" : "http://",
			      (int)length, target);
	return p->url || error_nomem(err) == PIPE_OK;
}

bool try_grpc(struct probing *p, int64_t timeout_ms, struct probe_try *out, pipe_error *err)
{
	static const char *const headers[] = { "content-type: application/grpc", "te: trailers", NULL };
	const char *service = p->probe->service ? p->probe->service : "";
	unsigned char body[FRAME_HEAD + 2 + SERVICE_MAX];
	struct exchange_request request = { .headers = headers,
					    .body = body,
					    .insecure = p->probe->insecure,
					    .http2 = true,
					    .timeout_ms = timeout_ms,
					    .max_bytes = PROBE_BODY_MAX,
					    .cancel = p->context->cancel };
	long status;

	if (strlen(service) > SERVICE_MAX) {
		error_set(err, PIPE_EPIPELINE, "the name of a gRPC service has %d bytes at most", SERVICE_MAX);
		return false;
	}
	if (!find_grpc_url(p, err) || !find_ca_file(p, err))
		return false;
	request.body_length = health_request(service, body);
	request.url = p->url;
	request.ca_file = p->ca_file;
	if (!exchange_now(p, &request, out, err))
		return false;
	if (!out->answered)
		return true;
	status = grpc_status(&out->reply);
	out->serving = status == 0 ? health_response(&out->reply.body) : -1;
	out->answered = status == 0;
	if (status)
		say_grpc(p, out, status);
	out->reply.status = status;
	return true;
}
