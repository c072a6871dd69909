/* Services that a test needs, as processes beside it, and what is waited for before it starts. */
#include "base/error.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/parameter.h"
#include "stages/probe_check.h"
#include "stages/test/test.h"

#include <string.h>

enum { WAIT_MS = 60000, TRY_MS = 5000, PAUSE_MS = 50, PAUSE_MAX_MS = 1000, TRIES = 100000, SERVICES_MOST = 100 };

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

const struct keyword test_service_fields[] = {
	FIELD("command", TAKES_TEXT | TAKES_LIST, "what starts it, in the foreground: a text for the job's shell, or a list",
	      .items = TAKES_TEXT, .shell = true, .required = true, .example = "command: [build/api, --port, \"8080\"]"),
	FIELD("directory", TAKES_TEXT, "where it runs, in the workspace", .fallback = "as of the tests"),
	FIELD("name", TAKES_TEXT, "what it is called in the log", .required = true),
	KEYWORD_END,
};

const struct keyword test_wait_fields[] = {
	FIELD("http", TAKES_TEXT, "an address that answers with a status below 400",
	      .example = "http: http://127.0.0.1:8080/healthz"),
	FIELD("log", TAKES_TEXT, "a text, or a regular expression between slashes, in a line of the service's output",
	      .example = "log: /listening on port [0-9]+/"),
	FIELD("service", TAKES_TEXT, "the service that is waited for: with `log`, whose output it is",
	      .fallback = "the first one"),
	FIELD("tcp", TAKES_TEXT, "host:port that takes a connection", .example = "tcp: 127.0.0.1:5432"),
	FIELD("timeout", TAKES_DURATION | TAKES_EXPANDED, "how long it may take", .fallback = "1 minute"),
	KEYWORD_END,
};

static const struct {
	const char *name;
	enum probe_kind kind;
} waits[] = { { "http", PROBE_HTTP }, { "tcp", PROBE_TCP }, { "log", PROBE_LOG } };
enum { WAITS = sizeof(waits) / sizeof(*waits) };

static const struct probe_check checks[] = {
	{ "http", probe_url_check, false },
	{ "log", probe_pattern_check, false },
	{ "tcp", probe_address_check, false },
	{ NULL, NULL, false },
};

/* ---- lint ---- */

struct lint {
	struct diagnostics *d;
	const struct node *names[SERVICES_MOST];
	uint32_t count, varying;
};

static const struct node *find_name(const struct lint *l, const char *name)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (!strcmp(l->names[i]->text, name))
			return l->names[i];
	return NULL;
}

static int lint_service(void *payload, const struct node *map)
{
	struct lint *l = payload;
	const struct node *name = map->kind == NODE_MAP ? node_get(map, "name") : NULL, *same;

	if (node_is_null(name) || name->kind != NODE_SCALAR || probe_text_varies(name->text)) {
		l->varying++;
		return PIPE_OK;
	}
	same = find_name(l, name->text);
	if (same) {
		diag_error(l->d, name->at, "service-twice", "two services are called \"%s\"", name->text);
		diag_related(l->d, same->at, "the other one is here");
	} else if (l->count == SERVICES_MOST) {
		diag_error(l->d, name->at, "wrong-count", "a job has %d services at most", SERVICES_MOST);
		return PIPE_ELIMIT;
	} else {
		l->names[l->count++] = name;
	}
	return PIPE_OK;
}

static void lint_wait_service(const struct lint *l, const struct node *map)
{
	const struct pair *service = parameter_written(map, "service"), *log = parameter_written(map, "log");
	const struct node *name = service && service->value->kind == NODE_SCALAR ? service->value : NULL;

	if (l->varying)
		return;
	if (name && !probe_text_varies(name->text) && !find_name(l, name->text)) {
		diag_error(l->d, name->at, "unknown-service", "there is no service \"%s\"", name->text);
		if (l->count)
			diag_hint(l->d, "the first one is \"%s\"", l->names[0]->text);
	} else if (log && !l->count) {
		diag_error(l->d, log->key->at, "unknown-service", "there is no service whose output could be waited for");
		diag_hint(l->d, "add it to \"services\", or wait with \"tcp\" or \"http\"");
	}
}

static int lint_wait(void *payload, const struct node *map)
{
	struct lint *l = payload;
	const struct pair *first = NULL;

	if (map->kind != NODE_MAP)
		return PIPE_OK;
	for (size_t i = 0; i < WAITS; i++) {
		const struct pair *p = parameter_written(map, waits[i].name);
		if (p && first) {
			diag_error(l->d, p->key->at, "conflicting-keywords",
				   "one thing is waited for at a time: \"%s\" or \"%s\"", first->key->text, p->key->text);
			diag_hint(l->d, "make it two items of a list");
		}
		first = first ? first : p;
	}
	if (!first) {
		diag_error(l->d, map->at, "wait-what", "it is not said what is waited for");
		diag_hint(l->d, "add \"tcp\", \"http\" or \"log\"");
	}
	probe_check_lint(map, checks, l->d);
	lint_wait_service(l, map);
	return PIPE_OK;
}

void test_services_check(const struct node *with, struct diagnostics *d)
{
	struct lint l = { .d = d };

	if (!with || probe_each(node_get(with, "services"), lint_service, &l) != PIPE_OK)
		return;
	probe_each(node_get(with, "wait_for"), lint_wait, &l);
}

/* ---- compile ---- */

struct compiling {
	struct stage_job *job;
	const char *directory;
	pipe_error *err;
};

/* The service of that name, or the first one (NULL); NULL: none.  *count: of all. */
static const struct step *find_service(const struct stage_job *job, const char *name, uint32_t *count)
{
	const struct step *found = NULL;

	*count = 0;
	for (uint32_t i = 0; i < job->steps.count; i++) {
		const struct step *s = &job->steps.items[i];
		if (s->kind != STEP_SERVICE)
			continue;
		++*count;
		if (!found && (!name || !strcmp(s->service, name)))
			found = s;
	}
	return found;
}

static int add_service(void *payload, const struct node *map)
{
	const struct compiling *c = payload;
	const char *name = NULL, *own = c->directory;
	struct step *step = NULL;
	uint32_t count;
	int rc = parameter_text_in(c->job, map, "name", &name, c->err);

	if (rc == PIPE_OK && (!name || !*name))
		return parameter_wrong(c->job, map, c->err, "the service has no name");
	if (rc == PIPE_OK && find_service(c->job, name, &count))
		return parameter_wrong(c->job, map, c->err, "two services are called \"%s\"", name);
	if (rc == PIPE_OK && count >= SERVICES_MOST)
		return parameter_wrong(c->job, map, c->err, "a job has %d services at most", SERVICES_MOST);
	if (rc == PIPE_OK)
		rc = parameter_text_in(c->job, map, "directory", &own, c->err);
	if (rc == PIPE_OK)
		rc = parameter_command(c->job, map, "command", &step, c->err);
	if (rc || !step)
		return rc;
	step->kind = STEP_SERVICE;
	step->service = name;
	step->directory = *own ? own : NULL;
	return PIPE_OK;
}

static int read_what(const struct compiling *c, struct probe *p, const struct node *map)
{
	for (size_t i = 0; i < WAITS; i++) {
		int rc;
		if (!parameter_written(map, waits[i].name))
			continue;
		if (p->target)
			return parameter_wrong(c->job, map, c->err, "one of \"tcp\", \"http\", \"log\" is waited for at a time");
		p->kind = waits[i].kind;
		rc = parameter_text_in(c->job, map, waits[i].name, &p->target, c->err);
		if (rc == PIPE_OK)
			rc = probe_check_text(c->job, map, waits[i].name, p->target, checks, c->err);
		if (rc)
			return rc;
	}
	if (p->target)
		return PIPE_OK;
	return parameter_wrong(c->job, map, c->err, "it is not said what is waited for: add \"tcp\", \"http\" or \"log\"");
}

/* Whose output it is, and whose end ends the wait. */
static int read_service(const struct compiling *c, struct probe *p, const struct node *map)
{
	const struct step *service;
	uint32_t count;
	int rc = parameter_text_in(c->job, map, "service", &p->service, c->err);

	if (rc)
		return rc;
	service = find_service(c->job, p->service, &count);
	if (service)
		p->service = service->service;
	else if (p->service)
		return parameter_wrong(c->job, map, c->err, "there is no service \"%s\"", p->service);
	else if (p->kind == PROBE_LOG)
		return parameter_wrong(c->job, map, c->err, "there is no service whose output could be waited for");
	return PIPE_OK;
}

static int expect_status(const struct compiling *c, struct probe *p)
{
	struct expect *e = p->kind == PROBE_HTTP ? vec_push(c->job->arena, &p->expects) : NULL;

	if (e)
		*e = (struct expect){ .kind = EXPECT_STATUS, .text = "200-399" };
	return e || p->kind != PROBE_HTTP ? PIPE_OK : error_nomem(c->err);
}

static int add_wait(void *payload, const struct node *map)
{
	const struct compiling *c = payload;
	struct probe *p = ARENA_NEW(c->job->arena, struct probe);
	struct step *step;
	int rc;

	if (!p)
		return error_nomem(c->err);
	*p = (struct probe){ .retries = TRIES,
			     .interval_ms = PAUSE_MS,
			     .interval_max_ms = PAUSE_MAX_MS,
			     .timeout_ms = TRY_MS,
			     .budget_ms = WAIT_MS };
	rc = read_what(c, p, map);
	if (rc == PIPE_OK)
		rc = read_service(c, p, map);
	if (rc == PIPE_OK)
		rc = parameter_duration_in(c->job, map, "timeout", &p->budget_ms, c->err);
	if (rc == PIPE_OK)
		rc = expect_status(c, p);
	if (rc)
		return rc;
	p->name = p->target;
	step = stage_step(c->job, STEP_PROBE);
	if (!step || !(step->title = arena_printf(c->job->arena, "wait for %s", p->target)))
		return error_nomem(c->err);
	step->probe = p;
	return PIPE_OK;
}

int test_services(struct stage_job *job, const char *directory, pipe_error *err)
{
	struct compiling c = { job, directory, err };
	int rc = probe_each(parameter_node(job, "services"), add_service, &c);

	return rc ? rc : probe_each(parameter_node(job, "wait_for"), add_wait, &c);
}
