/*
 * uses: smoke - asks what was deployed or started whether it is there: over HTTP, TCP, gRPC's health service, or with a command.
 * Every check is a test in the evidence, with what was tried when it fails; its latencies are metrics.
 */
#include "stages/smoke/smoke.h"

#include "base/duration.h"
#include "base/error.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/parameter.h"
#include "stages/test/test.h"
#include "stages/types.h"

#include <string.h>

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)
#define DURATION (TAKES_DURATION | TAKES_EXPANDED)

static const struct keyword latency_fields[] = {
	FIELD("max", DURATION, "of the slowest request, at most", .example = "max: 500ms"),
	FIELD("p50", DURATION, "half of the requests, at most", .example = "p50: 20ms"),
	FIELD("p90", DURATION, "nine in ten, at most", .example = "p90: 50ms"),
	FIELD("p99", DURATION, "99 in a hundred, at most", .example = "p99: 250ms"),
	FIELD("requests", TAKES_INT, "how many requests are made, each of which must be answered as expected", .fallback = "20",
	      .least = 1, .most = SMOKE_REQUESTS_MAX),
	KEYWORD_END,
};

static const struct keyword check_fields[] = {
	FIELD("body", TAKES_TEXT, "with `http`: what is sent, as a form unless `send_headers` has a Content-Type",
	      .example = "body: '{\"name\": \"test\"}'"),
	FIELD("ca_file", TAKES_TEXT, "a file with the certificates that are trusted, and no others", .fallback = "the system's"),
	FIELD("command", TAKES_LIST, "a command that must succeed, run as it is", .items = TAKES_TEXT, .least = 1,
	      .example = "command: [build/app, --self-test]"),
	FIELD("contains", TAKES_TEXT, "the body or output holds this text, or matches this /regular expression/",
	      .example = "contains: '/version [0-9]+/'"),
	FIELD("exit_code", TAKES_INT, "of the command", .fallback = "0", .least = 0, .most = 255),
	FIELD("follow", TAKES_BOOL, "follow redirects, 10 at most", .fallback = "false"),
	FIELD("grpc", TAKES_TEXT, "a server whose health service must say SERVING: host:port, with TLS https://host:port",
	      .example = "grpc: 127.0.0.1:50051"),
	FIELD("headers", TAKES_NAMED, "what the answer's headers must hold, by their names: a text or a /regular expression/",
	      .items = TAKES_SCALAR, .example = "headers: {Content-Type: application/json}"),
	FIELD("http", TAKES_TEXT, "an address, http or https", .example = "http: http://127.0.0.1:8080/healthz"),
	FIELD("insecure", TAKES_BOOL, "do not check the certificate", .fallback = "false"),
	FIELD("json", TAKES_NAMED, "values in the body, by their JSONPath; without a value it must only be there",
	      .items = TAKES_SCALAR, .example = "json: {$.status: ok, \"$.nodes[0].name\": a}"),
	FIELD("latency", TAKES_MAP, "bounds of how long answers take", .fields = latency_fields,
	      .example = "latency: {requests: 100, p99: 50ms}"),
	FIELD("method", TAKES_TEXT, "with `http`: of the request", .fallback = "GET, or POST with a body"),
	FIELD("name", TAKES_TEXT, "what the check is called", .fallback = "its target"),
	FIELD("send_headers", TAKES_NAMED, "headers of the request, by their names", .items = TAKES_SCALAR,
	      .example = "send_headers: {Authorization: Bearer $TOKEN}"),
	FIELD("service", TAKES_TEXT, "with `grpc`: the service that is asked for", .fallback = "the server as a whole"),
	FIELD("status", TAKES_SCALAR, "what the status must be: 200, 2xx, 200-299, several with commas", .fallback = "2xx"),
	FIELD("tcp", TAKES_TEXT, "host:port that must take a connection", .example = "tcp: 127.0.0.1:5432"),
	FIELD("timeout", DURATION, "of one request, connection or command", .fallback = "5s"),
	FIELD("tls_days", TAKES_INT, "days that the certificate must still be valid", .least = 0, .most = 3650),
	KEYWORD_END,
};

static const struct keyword parameters[] = {
	FIELD("budget", DURATION, "how long one check may take with all its tries", .fallback = "1 minute"),
	FIELD("checks", TAKES_LIST | TAKES_MAP, "what is asked: an address with what its answer must be", .items = TAKES_MAP,
	      .fields = check_fields, .required = true, .least = 1,
	      .example = "checks:\n  - {http: \"http://127.0.0.1:8080/healthz\", json: {$.status: ok}}\n"
			 "  - {tcp: \"127.0.0.1:5432\"}"),
	FIELD("directory", TAKES_TEXT, "where services run, in the workspace", .fallback = "the workspace itself"),
	FIELD("interval", DURATION, "the pause before the second try; each further one is twice as long, up to 10 seconds",
	      .fallback = "250ms"),
	FIELD("retries", TAKES_INT, "tries after the first, as long as the budget lasts", .fallback = "10", .least = 0,
	      .most = 1000),
	FIELD("services", TAKES_LIST | TAKES_MAP, "processes that run while it is asked", .items = TAKES_MAP,
	      .fields = test_service_fields, .example = "services:\n  - {name: api, command: [build/api, --port, \"8080\"]}"),
	FIELD("wait_for", TAKES_LIST | TAKES_MAP, "what must answer before the first check", .items = TAKES_MAP,
	      .fields = test_wait_fields, .example = "wait_for: {tcp: \"127.0.0.1:8080\"}"),
	KEYWORD_END,
};

static int lint_check(void *payload, const struct node *map)
{
	if (map->kind == NODE_MAP)
		smoke_check_lint(map, payload);
	return PIPE_OK;
}

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	(void)at;
	test_services_check(with, d);
	if (with)
		probe_each(node_get(with, "checks"), lint_check, d);
}

/* ---- compile ---- */

struct compiling {
	struct stage_job *job;
	pipe_error *err;
};

static int add_check(void *payload, const struct node *map)
{
	const struct compiling *c = payload;

	return smoke_add_check(c->job, map, c->err);
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct compiling c = { job, err };
	const char *directory = "";
	uint32_t *first = ARENA_NEW(job->arena, uint32_t);
	int rc = first ? parameter_text(job, "directory", &directory, err) : error_nomem(err);

	if (rc == PIPE_OK)
		rc = test_services(job, directory, err);
	if (rc)
		return rc;
	*first = job->steps.count;
	job->own = first;
	rc = probe_each(parameter_node(job, "checks"), add_check, &c);
	if (rc == PIPE_OK && job->steps.count == *first)
		return parameter_wrong(job, parameter_node(job, "checks"), err, "there is no check");
	return rc;
}

/* ---- evaluate ---- */

/* A label's value as OpenMetrics writes it. */
static const char *escaped(struct stage_job *job, const char *text)
{
	size_t n = 0;
	char *out = arena_alloc(job->arena, strlen(text) * 2 + 1);

	for (; out && *text; text++) {
		if (*text == '"' || *text == '\\' || *text == '\n')
			out[n++] = '\\';
		out[n++] = *text == '\n' ? 'n' : *text;
	}
	return out;
}

static int keep_latency(struct stage_job *job, const struct probe *p, const struct probe_result *r, pipe_error *err)
{
	const struct {
		const char *quantile;
		double ms;
	} values[] = { { "0.5", r->p50_ms }, { "0.9", r->p90_ms }, { "0.99", r->p99_ms }, { "1", r->max_ms } };
	const char *name = escaped(job, p->name);
	int rc = name ? PIPE_OK : error_nomem(err);

	for (size_t i = 0; rc == PIPE_OK && i < sizeof(values) / sizeof(*values); i++) {
		struct evidence_metric m = {
			.name = "smoke_latency_milliseconds", .value = values[i].ms, .unit = "milliseconds", .help = ""
		};
		if (values[i].ms < 0)
			continue;
		m.labels = arena_printf(job->arena, "check=\"%s\",quantile=\"%s\"", name, values[i].quantile);
		rc = m.labels ? sink_metric(job->sink, &m, err) : error_nomem(err);
	}
	return rc;
}

/* What was tried, and what was answered last. */
static const char *details(struct stage_job *job, const struct step *s)
{
	const struct probe_result *r = &s->result;
	char time[32];

	return arena_printf(job->arena, "%s: %u %s in %s%s%s", s->title, r->tries, r->tries == 1 ? "try" : "tries",
			    duration_format(r->duration_ms, time, sizeof(time)), r->answer && *r->answer ? "\n\n" : "",
			    r->answer ? r->answer : "");
}

static int keep_check(struct stage_job *job, const struct step *s, pipe_error *err)
{
	struct evidence_test t = { .suite = "smoke",
				   .name = s->probe->name,
				   .file = "",
				   .status = TEST_PASSED,
				   .duration_us = s->duration_ms * 1000,
				   .message = s->reason ? s->reason : "",
				   .details = "" };
	int rc;

	if (s->state != STEP_DONE)
		t.status = TEST_SKIPPED;
	else if (s->end != STEP_OK && !(t.details = details(job, s)))
		return error_nomem(err);
	else if (s->end != STEP_OK)
		t.status = TEST_FAILED;
	rc = sink_test(job->sink, &t, err);
	return rc || s->state != STEP_DONE ? rc : keep_latency(job, s->probe, &s->result, err);
}

static int evaluate(struct stage_job *job, pipe_error *err)
{
	const uint32_t *first = job->own;
	const struct step *bad = NULL;
	unsigned failed = 0, all = 0;
	int rc = PIPE_OK;

	stage_judge_steps(job);
	for (uint32_t i = *first; rc == PIPE_OK && i < job->steps.count; i++) {
		const struct step *s = &job->steps.items[i];
		if (s->kind != STEP_PROBE)
			continue;
		all++;
		if (s->state == STEP_DONE && s->end != STEP_OK && !failed++)
			bad = s;
		rc = keep_check(job, s, err);
	}
	if (rc || job->verdict != VERDICT_PASS || !failed)
		return rc;
	job->verdict = VERDICT_FAIL;
	job->reason = arena_printf(job->arena, "%u of %u check%s failed: %s: %s", failed, all, all == 1 ? "" : "s",
				   bad->probe->name, bad->reason ? bad->reason : "no answer");
	return job->reason ? PIPE_OK : error_nomem(err);
}

const struct stage_type stage_smoke = {
	.uses = { .name = "smoke",
		  .help = "asks what was started or deployed whether it works: HTTP, TCP, gRPC health, a command",
		  .parameters = parameters,
		  .example = "smoke:\n"
			     "  stage: verify\n"
			     "  uses: smoke\n"
			     "  with:\n"
			     "    checks:\n"
			     "      - {http: \"https://shop.example.com/healthz\", json: {$.status: ok}}\n",
		  .since = "0.1",
		  .check = check },
	.compile = compile,
	.evaluate = evaluate,
};
