/*
 * Trivy's JSON, schema version 2: vulnerabilities, failed checks of configuration, secrets and licences, per target.  Sorted members
 * (jq -S) put some lists before the name of their target: these findings wait for it (stages/report/held.h).
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/held.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_report.h"

#include <string.h>

enum {
	SCHEMA,
	NAME,
	TYPE,
	METADATA,
	RESULTS,
	RESULT,
	RESULT_END,
	TARGET,
	CLASS,
	RESULT_TYPE,
	VULNERABILITY,
	MISCONFIGURATION,
	SECRET,
	LICENSE,
	IGNORED,
	OLD,
	PATTERNS
};

static const struct json_pattern patterns[] = {
	[SCHEMA] = { "SchemaVersion", JSON_ITEM, false },
	[NAME] = { "ArtifactName", JSON_ITEM, false },
	[TYPE] = { "ArtifactType", JSON_ITEM, false },
	[METADATA] = { "Metadata", JSON_ITEM, false },
	[RESULTS] = { "Results", JSON_ENTER, false },
	[RESULT] = { "Results[]", JSON_ENTER, false },
	[RESULT_END] = { "Results[]", JSON_LEAVE, false },
	[TARGET] = { "Results[].Target", JSON_ITEM, false },
	[CLASS] = { "Results[].Class", JSON_ITEM, false },
	[RESULT_TYPE] = { "Results[].Type", JSON_ITEM, false },
	[VULNERABILITY] = { "Results[].Vulnerabilities[]", JSON_ITEM, false },
	[MISCONFIGURATION] = { "Results[].Misconfigurations[]", JSON_ITEM, false },
	[SECRET] = { "Results[].Secrets[]", JSON_ITEM, false },
	[LICENSE] = { "Results[].Licenses[]", JSON_ITEM, false },
	[IGNORED] = { "Results[].ExperimentalModifiedFindings[]", JSON_ITEM, false },
	[OLD] = { "[]", JSON_ENTER, false },
};

static const char *const keep[] = { "AVDID",
				    "CauseMetadata",
				    "EndLine",
				    "FilePath",
				    "Finding",
				    "FixedVersion",
				    "ID",
				    "ImageID",
				    "InstalledVersion",
				    "Link",
				    "Message",
				    "Name",
				    "PkgName",
				    "PkgPath",
				    "PrimaryURL",
				    "RepoDigests*",
				    "RepoTags*",
				    "RuleID",
				    "Severity",
				    "Size",
				    "StartLine",
				    "Status",
				    "Title",
				    "Type",
				    "VulnerabilityID",
				    NULL };

struct state {
	struct json_report report;
	struct arena texts; /* of the report's own */
	bool is_trivy;
	bool is_image;
	const char *name, *digest;
	uint64_t bytes;
	unsigned classes;
	/* of the result */
	struct held held;
	const char *target, *class, *type;
};

/* ---- findings ---- */

static bool is_os(const struct state *s)
{
	return s->class && !strcmp(s->class, "os-pkgs");
}

/* The target of an operating system's packages is named after the image and its tag: not to be taken for another place with the next
 * tag, they lie in "debian". */
static const char *place(const struct state *s)
{
	if (is_os(s))
		return s->type ? s->type : "os";
	return s->target ? s->target : "";
}

static int emit(void *payload, struct evidence_finding *f, pipe_error *err)
{
	struct state *s = payload;
	const char *path = *f->path ? f->path : place(s);

	f->path = evidence_path(&s->report.scratch, s->report.options->workspace, path);
	if (!f->path)
		return error_nomem(err);
	return sink_finding(s->report.sink, f, err);
}

static const char *first_of(const json_t *map, const char *key, const char *other)
{
	const char *text = json_item_text(map, key);

	return *text ? text : json_item_text(map, other);
}

static bool read_vulnerability(const json_t *v, struct evidence_finding *f)
{
	f->kind = FINDING_VULNERABILITY;
	f->rule = json_item_text(v, "VulnerabilityID");
	f->package = json_item_text(v, "PkgName");
	f->installed = json_item_text(v, "InstalledVersion");
	f->fixed = json_item_text(v, "FixedVersion");
	f->path = json_item_text(v, "PkgPath");
	f->message = first_of(v, "Title", "VulnerabilityID");
	f->url = json_item_text(v, "PrimaryURL");
	/* Its title changes with the database. */
	f->fingerprint = f->rule;
	return true;
}

static bool read_misconfiguration(const json_t *v, struct evidence_finding *f)
{
	const json_t *cause = json_object_get(v, "CauseMetadata");
	const char *status = json_item_text(v, "Status");

	f->kind = FINDING_MISCONFIGURATION;
	f->rule = first_of(v, "ID", "AVDID");
	f->message = first_of(v, "Message", "Title");
	f->url = json_item_text(v, "PrimaryURL");
	f->line = json_item_number(cause, "StartLine");
	f->end_line = json_item_number(cause, "EndLine");
	f->suppressed |= !strcmp(status, "EXCEPTION");
	return strcmp(status, "PASS") != 0;
}

static bool read_secret(const json_t *v, struct evidence_finding *f)
{
	f->kind = FINDING_SECRET;
	f->rule = json_item_text(v, "RuleID");
	f->message = first_of(v, "Title", "RuleID");
	f->line = json_item_number(v, "StartLine");
	f->end_line = json_item_number(v, "EndLine");
	return true;
}

static bool read_license(const json_t *v, struct evidence_finding *f)
{
	f->kind = FINDING_LICENSE;
	f->rule = json_item_text(v, "Name");
	f->message = f->rule;
	f->package = json_item_text(v, "PkgName");
	f->path = json_item_text(v, "FilePath");
	f->url = json_item_text(v, "Link");
	return true;
}

static bool (*const readers[])(const json_t *v, struct evidence_finding *f) = {
	[VULNERABILITY] = read_vulnerability,
	[MISCONFIGURATION] = read_misconfiguration,
	[SECRET] = read_secret,
	[LICENSE] = read_license,
};

/* What Trivy calls them among the findings that it was told to ignore. */
static const struct {
	const char *type;
	unsigned pattern;
} ignored[] = {
	{ "license", LICENSE },
	{ "misconfiguration", MISCONFIGURATION },
	{ "secret", SECRET },
	{ "vulnerability", VULNERABILITY },
};

static int on_finding(struct state *s, const struct json_item *item, pipe_error *err)
{
	struct evidence_finding f = { .tool = "trivy", .path = "", .fingerprint = "" };
	const json_t *value = item->value;
	unsigned pattern = item->pattern;

	if (!json_is_object(value))
		return json_item_error(item, err, "a finding is a map");
	if (pattern == IGNORED) {
		f.suppressed = true;
		for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
			if (!strcmp(ignored[i].type, json_item_text(value, "Type")))
				pattern = ignored[i].pattern;
		value = json_object_get(value, "Finding");
		if (pattern == IGNORED || !value)
			return PIPE_OK;
	}
	if (!readers[pattern](value, &f))
		return PIPE_OK;
	f.severity = json_item_severity(value, "Severity");
	if (f.end_line <= f.line)
		f.end_line = 0;
	return s->target && s->class && (s->type || !is_os(s)) ? emit(s, &f, err) : held_finding(&s->held, &f, err);
}

/* ---- results ---- */

static int on_result(struct state *s, const struct json_item *item, pipe_error *err)
{
	if (item->type != JSON_OBJECT)
		return json_item_error(item, err, "a result is a map");
	held_clear(&s->held);
	held_init(&s->held, &s->report.options->limits);
	s->target = s->class = s->type = NULL;
	return PIPE_OK;
}

/* Which of Trivy's scanners were at work can only be seen by what they left.  By default it looks for secrets where it looks for
 * packages. */
static const struct {
	const char *class;
	unsigned gives;
} classes[] = {
	{ "config", GIVES_MISCONFIGURATIONS },
	{ "custom", GIVES_MISCONFIGURATIONS },
	{ "lang-pkgs", GIVES_VULNERABILITIES | GIVES_SECRETS },
	{ "license", GIVES_LICENSES },
	{ "license-file", GIVES_LICENSES },
	{ "os-pkgs", GIVES_VULNERABILITIES | GIVES_SECRETS },
	{ "secret", GIVES_SECRETS },
};

static int on_result_end(struct state *s, const struct json_item *item, pipe_error *err)
{
	int rc = held_findings_release(&s->held, emit, s, err);

	(void)item;
	for (size_t i = 0; s->class && i < sizeof(classes) / sizeof(*classes); i++)
		if (!strcmp(classes[i].class, s->class))
			s->classes |= classes[i].gives;
	return rc;
}

static int on_result_text(struct state *s, const struct json_item *item, pipe_error *err)
{
	const char **to = item->pattern == TARGET ? &s->target : item->pattern == CLASS ? &s->class : &s->type;

	*to = json_item_string(item->value);
	return held_texts(&s->held, (const char **const[]){ to }, 1, err);
}

/* ---- the report ---- */

static int on_schema(struct state *s, const struct json_item *item, pipe_error *err)
{
	s->is_trivy = true;
	if (json_integer_value(item->value) == 2)
		return PIPE_OK;
	return json_item_error(item, err, "schema version %lld of Trivy's report cannot be read, only 2",
			       (long long)json_integer_value(item->value));
}

static int on_old(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)s;
	return json_item_error(item, err, "a list: the report of a Trivy before 0.20; one with \"SchemaVersion\": 2 can be read");
}

static int on_name(struct state *s, const struct json_item *item, pipe_error *err)
{
	s->name = arena_strdup(&s->texts, json_item_string(item->value));
	return s->name ? PIPE_OK : error_nomem(err);
}

static int on_type(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)err;
	s->is_image = !strcmp(json_item_string(item->value), "container_image");
	return PIPE_OK;
}

/* The digest is the manifest's where the image came from a registry, and otherwise the one by which the machine knows it.  Size is
 * that of the unpacked layers: Trivy does not say how much they take packed. */
static int on_metadata(struct state *s, const struct json_item *item, pipe_error *err)
{
	const json_t *size = json_object_get(item->value, "Size");
	const char *digest = json_item_string(json_array_get(json_object_get(item->value, "RepoDigests"), 0));
	const char *at = strchr(digest, '@');

	s->bytes = json_is_integer(size) && json_integer_value(size) > 0 ? (uint64_t)json_integer_value(size) : 0;
	s->digest = arena_strdup(&s->texts, at ? at + 1 : json_item_text(item->value, "ImageID"));
	return s->digest ? PIPE_OK : error_nomem(err);
}

static int on_nothing(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)s, (void)item, (void)err;
	return PIPE_OK;
}

static int (*const handlers[])(struct state *s, const struct json_item *item, pipe_error *err) = {
	[SCHEMA] = on_schema,
	[NAME] = on_name,
	[TYPE] = on_type,
	[METADATA] = on_metadata,
	[RESULTS] = on_nothing,
	[RESULT] = on_result,
	[RESULT_END] = on_result_end,
	[TARGET] = on_result_text,
	[CLASS] = on_result_text,
	[RESULT_TYPE] = on_result_text,
	[VULNERABILITY] = on_finding,
	[MISCONFIGURATION] = on_finding,
	[SECRET] = on_finding,
	[LICENSE] = on_finding,
	[IGNORED] = on_finding,
	[OLD] = on_old,
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
	return json_report_begin(state, &spec, options, sink, err);
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	struct evidence_image image = { .name = s->name, .digest = s->digest ? s->digest : "", .bytes = s->bytes };
	int rc = json_items_finish(&s->report.items, err);

	if (rc)
		return rc;
	if (!s->is_trivy)
		return error_set(err, PIPE_EPIPELINE, "no report of Trivy: it has no \"SchemaVersion\"");
	if (s->is_image && s->name && *s->name)
		rc = sink_image(s->report.sink, &image, err);
	if (!rc && s->classes)
		rc = sink_scope(s->report.sink, s->classes, err);
	return rc;
}

static void end(void *state)
{
	struct state *s = state;

	arena_clear(&s->texts);
	held_clear(&s->held);
	json_report_end(state);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	char first = json_head_first(head, length);

	if (first == '{' && json_head_has(head, length, "SchemaVersion") &&
	    (json_head_has(head, length, "ArtifactName") || json_head_has(head, length, "Results")))
		return 95;
	if (first == '[' && json_head_has(head, length, "Target") && json_head_has(head, length, "Vulnerabilities"))
		return 80;
	return first == '{' && json_path_has(path, "trivy") && json_path_has(path, ".json") ? 40 : 0;
}

const struct report_format report_trivy = {
	.name = "trivy",
	.help = "Trivy's JSON: vulnerabilities, misconfigurations, secrets, licences",
	.gives = GIVES_VULNERABILITIES | GIVES_MISCONFIGURATIONS | GIVES_SECRETS,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = json_report_feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
