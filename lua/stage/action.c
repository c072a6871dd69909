/* Native actions that a stage type of a team's own names: their arguments, member by member, from one table. */
#include "base/error.h"
#include "lua/stage/inside.h"

#include <string.h>

enum argument_type { ARGUMENT_TEXT, ARGUMENT_BOOL, ARGUMENT_TEXTS, ARGUMENT_COUNT };

struct argument {
	const char *name;
	enum argument_type type;
	size_t offset;
	bool required;
};

#define SCAN(field) offsetof(struct action_scan, field)
static const struct argument scan_arguments[] = {
	{ "target", ARGUMENT_TEXT, SCAN(target), true },
	{ "type", ARGUMENT_TEXT, SCAN(type), false },
	{ "vulnerabilities", ARGUMENT_BOOL, SCAN(vulnerabilities), false },
	{ "secrets", ARGUMENT_BOOL, SCAN(secrets), false },
	{ "db", ARGUMENT_TEXT, SCAN(db), false },
	{ "ignore_files", ARGUMENT_TEXTS, SCAN(ignore_files), false },
	{ "vex_files", ARGUMENT_TEXTS, SCAN(vex_files), false },
	{ "skip", ARGUMENT_TEXTS, SCAN(skip), false },
	{ "ignore_unfixed", ARGUMENT_BOOL, SCAN(ignore_unfixed), false },
	{ "development", ARGUMENT_BOOL, SCAN(development), false },
	{ "platform", ARGUMENT_TEXT, SCAN(platform), false },
	{ "report", ARGUMENT_TEXT, SCAN(report), false },
	{ "sarif", ARGUMENT_TEXT, SCAN(sarif), false },
	{ "ca_file", ARGUMENT_TEXT, SCAN(registry.ca_file), false },
	{ "insecure", ARGUMENT_BOOL, SCAN(registry.insecure), false },
	{ "plain_http", ARGUMENT_BOOL, SCAN(registry.plain_http), false },
	{ NULL, ARGUMENT_TEXT, 0, false },
};

#define RETAIN(field) offsetof(struct action_retain, field)
static const struct argument retain_arguments[] = {
	{ "repository", ARGUMENT_TEXT, RETAIN(repository), true },
	{ "pattern", ARGUMENT_TEXT, RETAIN(pattern), false },
	{ "keep", ARGUMENT_COUNT, RETAIN(keep), true },
	{ "protect", ARGUMENT_TEXT, RETAIN(protect), false },
	{ "ca_file", ARGUMENT_TEXT, RETAIN(registry.ca_file), false },
	{ "insecure", ARGUMENT_BOOL, RETAIN(registry.insecure), false },
	{ "plain_http", ARGUMENT_BOOL, RETAIN(registry.plain_http), false },
	{ NULL, ARGUMENT_TEXT, 0, false },
};

#define RESOLVE(field) offsetof(struct action_resolve, field)
static const struct argument resolve_arguments[] = {
	{ "reference", ARGUMENT_TEXT, RESOLVE(reference), true },
	{ "ca_file", ARGUMENT_TEXT, RESOLVE(registry.ca_file), false },
	{ "insecure", ARGUMENT_BOOL, RESOLVE(registry.insecure), false },
	{ "plain_http", ARGUMENT_BOOL, RESOLVE(registry.plain_http), false },
	{ NULL, ARGUMENT_TEXT, 0, false },
};

#define UPLOAD(field) offsetof(struct action_upload, field)
static const struct argument upload_arguments[] = {
	{ "url", ARGUMENT_TEXT, UPLOAD(url), true },
	{ "method", ARGUMENT_TEXT, UPLOAD(method), false },
	{ "file", ARGUMENT_TEXT, UPLOAD(file), true },
	{ "content_type", ARGUMENT_TEXT, UPLOAD(content_type), false },
	{ "field", ARGUMENT_TEXT, UPLOAD(field), false },
	{ "user", ARGUMENT_TEXT, UPLOAD(user), false },
	{ "password", ARGUMENT_TEXT, UPLOAD(password), false },
	{ "token", ARGUMENT_TEXT, UPLOAD(token), false },
	{ "ca_file", ARGUMENT_TEXT, UPLOAD(ca_file), false },
	{ "insecure", ARGUMENT_BOOL, UPLOAD(insecure), false },
	{ NULL, ARGUMENT_TEXT, 0, false },
};

/* ---- what stands where nothing is said ---- */

/* A report of its own, which is read as evidence. */
static bool finish_scan(struct stage_job *job, void *arguments, struct reading_value *r)
{
	struct action_scan *scan = arguments;
	struct stage_report *report;

	if (scan->report)
		return true;
	scan->report = arena_printf(job->arena, "%s/scan-%u.json", job->scratch, job->steps.count);
	report = scan->report ? stage_report(job, report_format_named("trivy"), scan->report) : NULL;
	if (!report)
		return value_nomem(r);
	report->required = true;
	return true;
}

static bool finish_upload(struct stage_job *job, void *arguments, struct reading_value *r)
{
	struct action_upload *upload = arguments;

	(void)job;
	if (!upload->method)
		upload->method = "POST";
	if (strcmp(upload->method, "POST") != 0 && strcmp(upload->method, "PUT") != 0)
		return value_wrong(r, "an upload's method is \"POST\" or \"PUT\", not \"%.20s\"", upload->method);
	return true;
}

static const struct {
	const char *name;
	enum action_kind kind;
	size_t size;
	const struct argument *arguments;
	bool (*finish)(struct stage_job *job, void *arguments, struct reading_value *r);
} actions[] = {
	{ "resolve", ACTION_RESOLVE, sizeof(struct action_resolve), resolve_arguments, NULL },
	{ "retain", ACTION_RETAIN, sizeof(struct action_retain), retain_arguments, NULL },
	{ "scan", ACTION_SCAN, sizeof(struct action_scan), scan_arguments, finish_scan },
	{ "upload", ACTION_UPLOAD, sizeof(struct action_upload), upload_arguments, finish_upload },
};
static const char *const action_names[] = { "resolve", "retain", "scan", "upload", NULL };

/* ---- reading ---- */

static bool read_count(struct reading_value *r, const json_t *with, const char *what, const char *name, uint32_t *out)
{
	const json_t *value = json_object_get(with, name);

	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 1000000)
		return value_wrong(r, "%s.%s must be a whole number, 0 to 1000000", what, name);
	*out = (uint32_t)json_integer_value(value);
	return true;
}

static bool read_argument(struct reading_value *r, const struct argument *a, const json_t *with, const char *what,
			  void *arguments)
{
	void *field = (char *)arguments + a->offset;

	if (a->required && (!json_object_get(with, a->name) || json_is_null(json_object_get(with, a->name))))
		return value_wrong(r, "%s needs \"%s\"", what, a->name);
	switch (a->type) {
	case ARGUMENT_TEXT:
		return value_text(r, with, what, a->name, field);
	case ARGUMENT_BOOL:
		return value_bool(r, with, what, a->name, field);
	case ARGUMENT_TEXTS:
		return value_texts(r, with, what, a->name, field);
	case ARGUMENT_COUNT:
		return read_count(r, with, what, a->name, field);
	}
	return true;
}

static bool known_arguments(struct reading_value *r, const struct argument *arguments, const json_t *with, const char *what)
{
	const char *names[sizeof(scan_arguments) / sizeof(*scan_arguments)];
	size_t n = 0;

	for (; arguments[n].name; n++)
		names[n] = arguments[n].name;
	names[n] = NULL;
	return value_members(r, with, what, names);
}

struct stage_action *lua_stage_action(struct stage_job *job, const char *name, const json_t *with, const char *what,
				      struct reading_value *r)
{
	struct stage_action *action = ARENA_NEW(job->arena, struct stage_action);
	size_t kind = 0;
	void *arguments;

	while (kind < sizeof(actions) / sizeof(*actions) && strcmp(actions[kind].name, name) != 0)
		kind++;
	if (kind == sizeof(actions) / sizeof(*actions)) {
		value_wrong(r, "%s: there is no action \"%.60s\"%s (resolve, retain, scan, upload)", what, name,
			    value_nearest(r->arena, name, action_names));
		return NULL;
	}
	arguments = arena_alloc(job->arena, actions[kind].size);
	if (!action || !arguments) {
		value_nomem(r);
		return NULL;
	}
	if (actions[kind].kind == ACTION_SCAN)
		((struct action_scan *)arguments)->vulnerabilities = true;
	if (!known_arguments(r, actions[kind].arguments, with, what))
		return NULL;
	for (const struct argument *a = actions[kind].arguments; a->name; a++)
		if (!read_argument(r, a, with, what, arguments))
			return NULL;
	if (actions[kind].finish && !actions[kind].finish(job, arguments, r))
		return NULL;
	action->kind = actions[kind].kind;
	action->arguments = arguments;
	return action;
}
