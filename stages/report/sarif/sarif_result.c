/* Results and notifications of SARIF, as far as they say for themselves. */
#include "stages/report/sarif/sarif.h"

#include <stdlib.h>
#include <string.h>

static int64_t index_of(const json_t *map, const char *key)
{
	const json_t *value = json_object_get(map, key);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value) : SARIF_NONE;
}

/* All of its suppressions are accepted, and there is one (3.27.23). */
static bool is_suppressed(const json_t *value)
{
	const json_t *list = json_object_get(value, "suppressions");
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count; i++) {
		const char *status = json_item_text(json_array_get(list, i), "status");

		if (*status && strcmp(status, "accepted") != 0)
			return false;
	}
	return count > 0;
}

bool sarif_is_no_finding(const json_t *value)
{
	const char *kind = json_item_text(value, "kind");

	return !strcmp(kind, "pass") || !strcmp(kind, "notApplicable") || !strcmp(kind, "informational") ||
	       !strcmp(json_item_text(value, "baselineState"), "absent");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `name=value`, sorted.  What has spaces in it is a remark ("requires login") and no fingerprint. */
static bool add_fingerprints(struct arena *a, const json_t *prints, struct str *out)
{
	json_t *map = (json_t *)(uintptr_t)prints;
	size_t count = json_object_size(map), n = 0;
	const char **names = ARENA_ARRAY(a, const char *, count + 1);

	if (!names)
		return false;
	for (void *i = json_object_iter(map); i; i = json_object_iter_next(map, i))
		names[n++] = json_object_iter_key(i);
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_item_text(map, names[i]);

		if (*text && !strchr(text, ' '))
			str_printf(out, "%s%s=%s", out->length ? " " : "", names[i], text);
	}
	return true;
}

static bool read_fingerprint(struct arena *a, const json_t *value, struct sarif_result *r)
{
	struct str out;
	bool ok;

	str_init(&out);
	ok = add_fingerprints(a, json_object_get(value, "fingerprints"), &out);
	if (ok && !out.length)
		ok = add_fingerprints(a, json_object_get(value, "partialFingerprints"), &out);
	r->f.fingerprint = ok && !out.failed ? arena_strndup(a, out.data, out.length) : NULL;
	str_clear(&out);
	return r->f.fingerprint != NULL;
}

static bool read_arguments(struct arena *a, const json_t *list, struct sarif_result *r)
{
	struct str out;

	if (!json_array_size(list))
		return true;
	str_init(&out);
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i)
			str_addc(&out, SARIF_SEPARATOR);
		str_adds(&out, json_item_string(json_array_get(list, i)));
	}
	r->arguments = out.failed ? NULL : arena_strndup(a, out.data, out.length);
	str_clear(&out);
	return r->arguments != NULL;
}

static bool read_message(struct arena *a, const json_t *message, struct sarif_result *r)
{
	const char *text = json_item_text(message, "text");

	if (!*text)
		text = json_item_text(message, "markdown");
	r->f.message = text;
	if (!*text && *json_item_text(message, "id"))
		r->message_id = json_item_text(message, "id");
	return read_arguments(a, json_object_get(message, "arguments"), r);
}

static void read_place(const json_t *location, const json_t *target, struct sarif_result *r)
{
	const json_t *physical = json_object_get(location, "physicalLocation");
	const json_t *artifact = json_object_get(physical, "artifactLocation"), *region = json_object_get(physical, "region");

	if (!artifact)
		artifact = target;
	r->artifact = index_of(artifact, "index");
	if (json_is_string(json_object_get(artifact, "uri"))) {
		r->uri = json_item_text(artifact, "uri");
		r->base = json_item_text(artifact, "uriBaseId");
	}
	r->f.line = json_item_number(region, "startLine");
	r->f.column = json_item_number(region, "startColumn");
	r->f.end_line = json_item_number(region, "endLine");
	if (r->f.end_line <= r->f.line)
		r->f.end_line = 0;
}

static void read_rule(const json_t *value, struct sarif_result *r)
{
	const json_t *rule = json_object_get(value, "rule");
	int64_t extension = index_of(json_object_get(rule, "toolComponent"), "index");

	r->f.rule = json_item_text(value, "ruleId");
	if (!*r->f.rule)
		r->f.rule = json_item_text(rule, "id");
	r->rule = index_of(value, "ruleIndex");
	if (r->rule == SARIF_NONE)
		r->rule = index_of(rule, "index");
	r->component = extension >= 0 && extension < UINT32_MAX ? (uint32_t)extension + 1 : 0;
}

bool sarif_read_result(struct arena *a, const json_t *value, struct sarif_result *r)
{
	const char *kind = json_item_text(value, "kind");

	*r = (struct sarif_result){ .kind = sarif_tags_kind(value) };
	r->f.suppressed = is_suppressed(value);
	r->level = sarif_level(json_item_text(value, "level"));
	/* Neither passed nor failed: somebody has to look (3.27.10: no level then). */
	if (r->level == SARIF_NONE && *kind && strcmp(kind, "fail") != 0)
		r->level = SEVERITY_INFO;
	r->score = sarif_score(value);
	read_rule(value, r);
	read_place(json_array_get(json_object_get(value, "locations"), 0), json_object_get(value, "analysisTarget"), r);
	return read_message(a, json_object_get(value, "message"), r) && read_fingerprint(a, value, r);
}

bool sarif_read_notification(struct arena *a, const json_t *value, struct sarif_result *r, bool *is_error)
{
	const char *level = json_item_text(value, "level");

	*r = (struct sarif_result){ .is_notification = true, .rule = SARIF_NONE, .kind = SARIF_NONE, .level = SEVERITY_HIGH };
	*is_error = !strcmp(level, "error") || (!*level && json_object_get(value, "exception"));
	r->f.rule = json_item_string(json_item_below(value, "descriptor", "id"));
	if (!*r->f.rule)
		r->f.rule = "notification";
	r->f.fingerprint = "";
	read_place(json_array_get(json_object_get(value, "locations"), 0), NULL, r);
	if (!read_message(a, json_object_get(value, "message"), r))
		return false;
	if (!*r->f.message)
		r->f.message = json_item_string(json_item_below(value, "exception", "message"));
	return true;
}
