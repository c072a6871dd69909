/*
 * GitLab's security reports (https://gitlab.com/gitlab-org/security-products/security-report-schemas): one shape for static and dynamic
 * analysis, packages, images and secrets.  Which of them it is stands in scan.type, and analysers write that behind the
 * vulnerabilities: these wait for it (stages/report/held.h).
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/held.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_report.h"

#include <string.h>

enum { VERSION, VULNERABILITIES, VULNERABILITY, SCAN_TYPE, SCAN_STATUS, SCAN_SCANNER, SCAN_MESSAGE, SCAN_END, PATTERNS };

static const struct json_pattern patterns[] = {
	[VERSION] = { "version", JSON_ITEM, false },
	[VULNERABILITIES] = { "vulnerabilities", JSON_ENTER, false },
	[VULNERABILITY] = { "vulnerabilities[]", JSON_ITEM, false },
	[SCAN_TYPE] = { "scan.type", JSON_ITEM, false },
	[SCAN_STATUS] = { "scan.status", JSON_ITEM, false },
	[SCAN_SCANNER] = { "scan.scanner", JSON_ITEM, false },
	[SCAN_MESSAGE] = { "scan.messages[]", JSON_ITEM, false },
	[SCAN_END] = { "scan", JSON_LEAVE, false },
};

static const char *const keep[] = {
	"algorithm", "category", "dependency", "description", "end_line",   "file",	"id",	      "identifiers",
	"items",     "level",	 "line",       "links",	      "location",   "message",	"name",	      "operating_system",
	"package",   "path",	 "scanner",    "severity",    "signatures", "solution", "start_line", "tracking",
	"type",	     "url",	 "value",      "version",     NULL
};

/* The kinds of scans: what their findings are. */
static const struct {
	const char *type;
	enum finding_kind kind;
} scans[] = {
	{ "api_fuzzing", FINDING_ISSUE },
	{ "cluster_image_scanning", FINDING_VULNERABILITY },
	{ "container_scanning", FINDING_VULNERABILITY },
	{ "coverage_fuzzing", FINDING_ISSUE },
	{ "dast", FINDING_ISSUE },
	{ "dependency_scanning", FINDING_VULNERABILITY },
	{ "sast", FINDING_ISSUE },
	{ "secret_detection", FINDING_SECRET },
};

struct state {
	struct json_report report;
	struct held held;
	const char *scanner; /* NULL: not known yet */
	enum finding_kind kind;
	bool scan_known, has_list, failed, said_why;
	unsigned scope;
};

static bool kind_of(const char *type, enum finding_kind *kind)
{
	for (size_t i = 0; i < sizeof(scans) / sizeof(*scans); i++)
		if (!strcmp(scans[i].type, type)) {
			*kind = scans[i].kind;
			return true;
		}
	return false;
}

static int emit(void *payload, struct evidence_finding *f, pipe_error *err)
{
	struct state *s = payload;

	if (f->kind == FINDING_KIND_COUNT)
		f->kind = (uint8_t)s->kind;
	if (!*f->tool)
		f->tool = s->scanner && *s->scanner ? s->scanner : s->report.options->tool;
	/* The words of an advisory change, its name does not. */
	if (f->kind == FINDING_VULNERABILITY)
		f->fingerprint = f->rule;
	s->scope |= (unsigned)GIVES_ISSUES << f->kind;
	return sink_finding(s->report.sink, f, err);
}

/* ---- a vulnerability ---- */

static const char *first_text(const json_t *map, const char *key, const char *other)
{
	const char *text = json_item_text(map, key);

	return *text ? text : other;
}

/* The identifier that is known everywhere, or the first one: the analyser's own. */
static const json_t *identifier(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(json_item_text(json_array_get(list, i), "type"), "cve"))
			return json_array_get(list, i);
	return json_array_get(list, 0);
}

/* "Upgrade x to version 1.2.3 or later": the version. */
static const char *fixed_version(struct arena *a, const char *solution)
{
	const char *p = strcasestr(solution, "upgrade");

	while (p && (p = strchr(p, ' '))) {
		size_t n;

		p += strspn(p, " v");
		n = strcspn(p, " ,;\n");
		if (*p >= '0' && *p <= '9') {
			n -= n > 1 && p[n - 1] == '.';
			return arena_strndup(a, p, n);
		}
	}
	return "";
}

/* The best signature that moves with the code; the analyser's own id often holds the line. */
static const char *signature(const json_t *value)
{
	const json_t *item = json_array_get(json_item_below(value, "tracking", "items"), 0);
	const json_t *list = json_object_get(item, "signatures");
	const char *best = "";

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *algorithm = json_item_text(json_array_get(list, i), "algorithm");

		if (strcmp(algorithm, "location") != 0)
			best = json_item_text(json_array_get(list, i), "value");
	}
	return best;
}

static void read_location(const json_t *location, struct evidence_finding *f)
{
	const json_t *dependency = json_object_get(location, "dependency");

	f->path = first_text(location, "file", first_text(location, "operating_system", json_item_text(location, "path")));
	f->line = json_item_number(location, "start_line");
	f->end_line = json_item_number(location, "end_line");
	if (f->end_line <= f->line)
		f->end_line = 0;
	f->package = json_item_text(json_object_get(dependency, "package"), "name");
	f->installed = json_item_text(dependency, "version");
}

static int on_vulnerability(struct state *s, const struct json_item *item, pipe_error *err)
{
	const json_t *value = item->value, *named = identifier(json_object_get(value, "identifiers"));
	const json_t *scanner = json_object_get(value, "scanner");
	struct evidence_finding f = { .kind = FINDING_KIND_COUNT };
	enum finding_kind kind;

	f.rule = first_text(named, "name", json_item_text(named, "value"));
	f.message = first_text(value, "name", first_text(value, "message", first_text(value, "description", f.rule)));
	if (!*f.message)
		return json_item_error(item, err, "a vulnerability without a name, a message, a description and identifiers");
	if (kind_of(json_item_text(value, "category"), &kind))
		f.kind = (uint8_t)kind;
	f.severity = json_item_severity(value, "severity");
	f.tool = first_text(scanner, "id", json_item_text(scanner, "name"));
	f.url = first_text(named, "url", json_item_text(json_array_get(json_object_get(value, "links"), 0), "url"));
	if (!strstr(f.url, "://"))
		f.url = "";
	f.fingerprint = signature(value);
	read_location(json_object_get(value, "location"), &f);
	f.path = evidence_path(&s->report.scratch, s->report.options->workspace, f.path);
	f.fixed = *f.package ? fixed_version(&s->report.scratch, json_item_text(value, "solution")) : "";
	if (!f.path || !f.fixed)
		return error_nomem(err);
	return s->scan_known || (f.kind != FINDING_KIND_COUNT && *f.tool) ? emit(s, &f, err) : held_finding(&s->held, &f, err);
}

/* ---- the scan ---- */

static int on_type(struct state *s, const struct json_item *item, pipe_error *err)
{
	const char *type = json_item_string(item->value);

	if (!kind_of(type, &s->kind))
		return json_item_error(item, err, "\"%.40s\" is no type of scan that is known", type);
	s->scope |= (unsigned)GIVES_ISSUES << s->kind;
	return PIPE_OK;
}

static int on_status(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)err;
	s->failed = !strcmp(json_item_string(item->value), "failure");
	return PIPE_OK;
}

static int on_scanner(struct state *s, const struct json_item *item, pipe_error *err)
{
	s->scanner = first_text(item->value, "id", json_item_text(item->value, "name"));
	return held_texts(&s->held, (const char **const[]){ &s->scanner }, 1, err);
}

/* What could not be scanned. */
static int report_failure(struct state *s, const char *message, pipe_error *err)
{
	struct evidence_finding f = { .kind = FINDING_ISSUE,
				      .severity = SEVERITY_HIGH,
				      .rule = "scan-failed",
				      .tool = "",
				      .path = "",
				      .message = message,
				      .fingerprint = "" };

	s->said_why = true;
	return s->scan_known ? emit(s, &f, err) : held_finding(&s->held, &f, err);
}

static int on_message(struct state *s, const struct json_item *item, pipe_error *err)
{
	const char *level = json_item_text(item->value, "level");

	if (strcmp(level, "fatal") != 0 && strcmp(level, "error") != 0)
		return PIPE_OK;
	return report_failure(s, json_item_text(item->value, "value"), err);
}

static int on_scan_end(struct state *s, const struct json_item *item, pipe_error *err)
{
	int rc;

	(void)item;
	s->scan_known = true;
	rc = held_findings_release(&s->held, emit, s, err);
	if (!rc && s->failed && !s->said_why)
		rc = report_failure(s, "the scan says that it failed", err);
	return rc;
}

static int on_list(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)err;
	s->has_list = item->type == JSON_ARRAY;
	return PIPE_OK;
}

static int on_version(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)s;
	return json_is_string(item->value) ? PIPE_OK : json_item_error(item, err, "the schema's version is a text");
}

static int (*const handlers[])(struct state *s, const struct json_item *item, pipe_error *err) = {
	[VERSION] = on_version,	   [VULNERABILITIES] = on_list, [VULNERABILITY] = on_vulnerability, [SCAN_TYPE] = on_type,
	[SCAN_STATUS] = on_status, [SCAN_SCANNER] = on_scanner, [SCAN_MESSAGE] = on_message,	    [SCAN_END] = on_scan_end,
};

static int on_item(void *payload, const struct json_item *item, pipe_error *err)
{
	struct state *s = payload;

	arena_clear(&s->report.scratch);
	return handlers[item->pattern](s, item, err);
}

static const struct json_spec spec = { patterns, PATTERNS, keep, false, on_item };

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct state *s = state;

	s->kind = options->kind;
	held_init(&s->held, &options->limits);
	return json_report_begin(&s->report, &spec, options, sink, err);
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	int rc = json_items_finish(&s->report.items, err);

	if (!rc && !s->has_list)
		rc = error_set(err, PIPE_EPIPELINE, "no security report: there is no list of \"vulnerabilities\"");
	if (!rc)
		rc = held_findings_release(&s->held, emit, s, err);
	if (!rc && s->scope)
		rc = sink_scope(s->report.sink, s->scope, err);
	return rc;
}

static void end(void *state)
{
	struct state *s = state;

	held_clear(&s->held);
	json_report_end(state);
}

static const char *const names[] = { "gl-sast", "gl-secret-detection", "gl-dependency-scanning", "gl-container-scanning",
				     "gl-dast", "gl-api-fuzzing" };

static unsigned recognise(const char *head, size_t length, const char *path)
{
	if (json_head_first(head, length) != '{' || json_head_has(head, length, "bomFormat"))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_path_has(path, names[i]))
			return 75;
	if (json_head_has(head, length, "vulnerabilities") && json_head_has(head, length, "version") &&
	    (json_head_has(head, length, "scan") || json_head_has(head, length, "identifiers")))
		return 80;
	return json_head_says(head, length, "security-report-schemas") ? 80 : 0;
}

const struct report_format report_gitlab_security = {
	.name = "gitlab-security",
	.help = "GitLab's security reports: sast, secret_detection, dependency_scanning, container_scanning, dast",
	.gives = GIVES_ISSUES,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = json_report_feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
