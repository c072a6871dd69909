/* A check becomes a probe: what it asks, and what it expects of the answer. */
#include "base/error.h"
#include "stages/parameter.h"
#include "stages/smoke/smoke.h"

#include <string.h>

enum { TRY_MS = 5000, BUDGET_MS = 60000, PAUSE_MS = 250, PAUSE_MAX_MS = 10000, RETRIES = 10, REQUESTS = 20 };

const struct smoke_target smoke_targets[] = {
	{ "http", PROBE_HTTP }, { "tcp", PROBE_TCP }, { "grpc", PROBE_GRPC }, { "command", PROBE_COMMAND }, { NULL, PROBE_HTTP },
};

static const struct probe_check texts[] = {
	{ "contains", probe_pattern_check, false }, { "grpc", probe_grpc_check, false },
	{ "http", probe_url_check, false },	    { "json", probe_path_check, true },
	{ "method", probe_method_check, false },    { "status", probe_status_check, false },
	{ "tcp", probe_address_check, false },	    { NULL, NULL, false },
};

/* What has a meaning with some targets only.  Passed over in silence, it would be an expectation that always holds. */
static const struct {
	const char *name;
	unsigned kinds;
} meanings[] = {
	{ "body", 1 << PROBE_HTTP },
	{ "ca_file", 1 << PROBE_HTTP | 1 << PROBE_GRPC },
	{ "contains", 1 << PROBE_HTTP | 1 << PROBE_COMMAND },
	{ "exit_code", 1 << PROBE_COMMAND },
	{ "follow", 1 << PROBE_HTTP },
	{ "headers", 1 << PROBE_HTTP },
	{ "insecure", 1 << PROBE_HTTP | 1 << PROBE_GRPC },
	{ "json", 1 << PROBE_HTTP },
	{ "latency", 1 << PROBE_HTTP | 1 << PROBE_TCP | 1 << PROBE_GRPC },
	{ "method", 1 << PROBE_HTTP },
	{ "send_headers", 1 << PROBE_HTTP },
	{ "service", 1 << PROBE_GRPC },
	{ "status", 1 << PROBE_HTTP },
	{ "tls_days", 1 << PROBE_HTTP | 1 << PROBE_GRPC },
};

/* ---- lint ---- */

static void lint_meanings(const struct node *map, const struct smoke_target *target, struct diagnostics *d)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		const struct pair *p = parameter_written(map, meanings[i].name);
		if (p && !(meanings[i].kinds & 1u << target->kind))
			diag_error(d, p->key->at, "conflicting-keywords", "\"%s\" has no meaning with \"%s\"", meanings[i].name,
				   target->name);
	}
}

void smoke_check_lint(const struct node *map, struct diagnostics *d)
{
	const struct smoke_target *first = NULL;

	for (const struct smoke_target *t = smoke_targets; t->name; t++) {
		const struct pair *p = parameter_written(map, t->name);
		if (p && first) {
			diag_error(d, p->key->at, "conflicting-keywords", "\"%s\" and \"%s\" cannot stand in one check", t->name,
				   first->name);
			diag_hint(d, "make it two checks");
			return;
		}
		first = p ? t : first;
	}
	if (!first) {
		diag_error(d, map->at, "smoke-what", "the check does not say what it asks");
		diag_hint(d, "add \"http\", \"tcp\", \"grpc\" or \"command\"");
		return;
	}
	lint_meanings(map, first, d);
	probe_check_lint(map, texts, d);
}

/* ---- expectations ---- */

static struct expect *add_expect(struct stage_job *job, struct probe *p, enum expect_kind kind, const char *name,
				 const char *text)
{
	struct expect *e = vec_push(job->arena, &p->expects);

	if (e)
		*e = (struct expect){ .kind = kind, .name = name, .text = text };
	return e;
}

static int read_text(struct stage_job *job, const struct node *map, const char *parameter, const char **text, pipe_error *err)
{
	int rc = parameter_text_in(job, map, parameter, text, err);

	return rc || !*text ? rc : probe_check_text(job, map, parameter, *text, texts, err);
}

static int expect_text(struct stage_job *job, struct probe *p, const struct node *map, const char *parameter,
		       enum expect_kind kind, const char *fallback, pipe_error *err)
{
	const char *text = fallback;
	int rc = read_text(job, map, parameter, &text, err);

	if (rc || !text)
		return rc;
	return add_expect(job, p, kind, NULL, text) ? PIPE_OK : error_nomem(err);
}

static int expect_number(struct stage_job *job, struct probe *p, const struct node *map, const char *parameter,
			 enum expect_kind kind, int64_t fallback, pipe_error *err)
{
	int64_t number = fallback;
	struct expect *e;
	int rc = parameter_int_in(job, map, parameter, &number, err);

	if (rc || number < 0)
		return rc;
	e = add_expect(job, p, kind, NULL, NULL);
	if (!e)
		return error_nomem(err);
	e->number = (double)number;
	return PIPE_OK;
}

static int expect_headers(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	const struct node *values = node_get(map, "headers");

	for (uint32_t i = 0; values && values->kind == NODE_MAP && i < values->count; i++) {
		const struct node *key = values->pairs[i].key;
		const char *text = "";
		pipe_error why;
		int rc = parameter_text_in(job, values, key->text, &text, err);
		if (rc)
			return rc;
		if (!probe_pattern_check(text, &why))
			return parameter_wrong(job, values->pairs[i].value, err, "\"%.200s\" is no pattern: %s", text, why.text);
		if (!add_expect(job, p, EXPECT_HEADER, key->text, text))
			return error_nomem(err);
	}
	return PIPE_OK;
}

static int expect_json(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	const struct node *values = node_get(map, "json");

	for (uint32_t i = 0; values && values->kind == NODE_MAP && i < values->count; i++) {
		const struct node *key = values->pairs[i].key;
		const char *text = NULL;
		pipe_error why;
		int rc = parameter_text_in(job, values, key->text, &text, err);
		if (rc)
			return rc;
		if (!probe_path_check(key->text, &why))
			return parameter_wrong(job, key, err, "\"%.200s\" is no path: %s", key->text, why.text);
		if (!add_expect(job, p, EXPECT_JSON, key->text, text))
			return error_nomem(err);
	}
	return PIPE_OK;
}

static int read_latency(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	static const struct {
		const char *name;
		double percentile;
	} bounds[] = { { "p50", 50 }, { "p90", 90 }, { "p99", 99 }, { "max", 100 } };
	const struct node *latency = node_get(map, "latency");
	int64_t requests = REQUESTS, ms;
	int rc;

	if (!latency || latency->kind != NODE_MAP)
		return PIPE_OK;
	rc = parameter_int_in(job, latency, "requests", &requests, err);
	p->requests = (uint32_t)requests;
	for (size_t i = 0; rc == PIPE_OK && i < sizeof(bounds) / sizeof(*bounds); i++) {
		struct expect *e;
		ms = -1;
		rc = parameter_duration_in(job, latency, bounds[i].name, &ms, err);
		if (rc || ms < 0)
			continue;
		e = add_expect(job, p, EXPECT_LATENCY, NULL, NULL);
		if (!e)
			return error_nomem(err);
		e->number = (double)ms;
		e->percentile = bounds[i].percentile;
	}
	return rc;
}

/* ---- what is asked ---- */

static int read_headers(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	const struct node *values = node_get(map, "send_headers");
	const char **lines;

	if (!values || values->kind != NODE_MAP || !values->count)
		return PIPE_OK;
	lines = ARENA_ARRAY(job->arena, const char *, (size_t)values->count + 1);
	for (uint32_t i = 0; lines && i < values->count; i++) {
		const char *name = values->pairs[i].key->text, *text = "";
		int rc = parameter_text_in(job, values, name, &text, err);
		if (rc)
			return rc;
		if (!probe_method_check(name, NULL)) /* both are tokens */
			return parameter_wrong(job, values->pairs[i].key, err, "\"%.200s\" is no name of a header", name);
		if (strpbrk(text, "\r\n"))
			return parameter_wrong(job, values->pairs[i].value, err, "a header is one line");
		lines[i] = arena_printf(job->arena, "%s: %s", name, text);
		if (!lines[i])
			return error_nomem(err);
	}
	p->headers = lines;
	return lines ? PIPE_OK : error_nomem(err);
}

static int read_request(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	int rc = read_text(job, map, "method", &p->method, err);

	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "body", &p->body, err);
	if (rc == PIPE_OK)
		rc = parameter_bool_in(job, map, "follow", &p->follow, err);
	return rc ? rc : read_headers(job, p, map, err);
}

static int read_tls(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	int rc = parameter_text_in(job, map, "ca_file", &p->ca_file, err);

	if (rc == PIPE_OK)
		rc = parameter_bool_in(job, map, "insecure", &p->insecure, err);
	return rc ? rc : expect_number(job, p, map, "tls_days", EXPECT_TLS_DAYS, -1, err);
}

static int read_http(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	int rc = read_request(job, p, map, err);

	if (rc == PIPE_OK)
		rc = expect_text(job, p, map, "status", EXPECT_STATUS, "2xx", err);
	if (rc == PIPE_OK)
		rc = expect_headers(job, p, map, err);
	if (rc == PIPE_OK)
		rc = expect_text(job, p, map, "contains", EXPECT_BODY, NULL, err);
	if (rc == PIPE_OK)
		rc = expect_json(job, p, map, err);
	if (rc == PIPE_OK)
		rc = read_tls(job, p, map, err);
	return rc ? rc : read_latency(job, p, map, err);
}

static int read_tcp(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	return read_latency(job, p, map, err);
}

static int read_grpc(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	int rc;

	p->service = "";
	rc = parameter_text_in(job, map, "service", &p->service, err);
	if (rc == PIPE_OK)
		rc = add_expect(job, p, EXPECT_SERVING, NULL, NULL) ? PIPE_OK : error_nomem(err);
	if (rc == PIPE_OK)
		rc = read_tls(job, p, map, err);
	return rc ? rc : read_latency(job, p, map, err);
}

static int read_command(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	int rc = parameter_texts_in(job, map, "command", &p->argv, err);

	if (rc == PIPE_OK && (!p->argv || !p->argv[0] || !*p->argv[0]))
		return parameter_wrong(job, map, err, "the list of \"command\" does not begin with a command");
	if (rc == PIPE_OK)
		p->target = p->argv[0];
	if (rc == PIPE_OK)
		rc = expect_number(job, p, map, "exit_code", EXPECT_EXIT_CODE, 0, err);
	return rc ? rc : expect_text(job, p, map, "contains", EXPECT_OUTPUT, NULL, err);
}

static int (*const readers[PROBE_KIND_COUNT])(struct stage_job *, struct probe *, const struct node *, pipe_error *) = {
	[PROBE_HTTP] = read_http,
	[PROBE_TCP] = read_tcp,
	[PROBE_GRPC] = read_grpc,
	[PROBE_COMMAND] = read_command,
};

/* What all checks have: the settings of the stage, and how often. */
static int read_common(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	int64_t retries = RETRIES;
	int rc;

	*p = (struct probe){
		.timeout_ms = TRY_MS, .budget_ms = BUDGET_MS, .interval_ms = PAUSE_MS, .interval_max_ms = PAUSE_MAX_MS
	};
	rc = parameter_duration(job, "budget", &p->budget_ms, err);
	if (rc == PIPE_OK)
		rc = parameter_duration(job, "interval", &p->interval_ms, err);
	if (rc == PIPE_OK)
		rc = parameter_int(job, "retries", &retries, err);
	if (rc == PIPE_OK)
		rc = parameter_duration_in(job, map, "timeout", &p->timeout_ms, err);
	if (rc == PIPE_OK)
		rc = parameter_text_in(job, map, "name", &p->name, err);
	p->retries = (uint32_t)retries;
	if (p->interval_max_ms < p->interval_ms)
		p->interval_max_ms = p->interval_ms;
	return rc;
}

static int read_target(struct stage_job *job, struct probe *p, const struct node *map, pipe_error *err)
{
	for (const struct smoke_target *t = smoke_targets; t->name; t++) {
		int rc = PIPE_OK;
		if (!parameter_written(map, t->name))
			continue;
		p->kind = t->kind;
		if (p->kind != PROBE_COMMAND)
			rc = read_text(job, map, t->name, &p->target, err);
		return rc ? rc : readers[p->kind](job, p, map, err);
	}
	return parameter_wrong(job, map, err, "the check does not say what it asks");
}

/* ---- how it is shown ---- */

/* An address without "user:password@", which is nobody's to read. */
static const char *without_credentials(struct stage_job *job, const char *url)
{
	const char *host = strstr(url, "://"), *end, *at;

	if (!host)
		return url;
	host += 3;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	return at ? arena_printf(job->arena, "%.*s%s", (int)(host - url), url, at + 1) : url;
}

/* "POST https://host/path", "make check" */
static const char *target_words(struct stage_job *job, const struct probe *p)
{
	const char *method = p->method ? p->method : p->body ? "POST" : "GET", *url, *words = p->target;

	if (p->kind == PROBE_HTTP) {
		url = without_credentials(job, p->target);
		return url ? arena_printf(job->arena, "%s %s", method, url) : NULL;
	}
	for (size_t i = 1; p->kind == PROBE_COMMAND && words && p->argv[i]; i++)
		words = arena_printf(job->arena, "%s %s", words, p->argv[i]);
	return words;
}

int smoke_add_check(struct stage_job *job, const struct node *map, pipe_error *err)
{
	struct probe *p = ARENA_NEW(job->arena, struct probe);
	const char *words;
	struct step *step;
	int rc;

	if (!p)
		return error_nomem(err);
	rc = read_common(job, p, map, err);
	if (rc == PIPE_OK)
		rc = read_target(job, p, map, err);
	if (rc)
		return rc;
	words = target_words(job, p);
	step = words ? stage_step(job, STEP_PROBE) : NULL;
	if (!step)
		return error_nomem(err);
	step->title = arena_printf(job->arena, "check %s%s%s", p->name ? p->name : "", p->name ? ": " : "", words);
	if (!step->title)
		return error_nomem(err);
	if (!p->name)
		p->name = words;
	step->probe = p;
	step->may_fail = true; /* the other checks are still worth knowing */
	return PIPE_OK;
}
