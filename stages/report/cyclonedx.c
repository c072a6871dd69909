/*
 * CycloneDX in JSON (ECMA-424): the components of a product, and the vulnerabilities that are known of them.  The product itself and
 * the tools that made the document stand in `metadata`, and are not among its components.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_report.h"

#include <string.h>

enum { FORMAT, TOOLS, COMPONENTS, COMPONENT, VULNERABILITIES, VULNERABILITY, PATTERNS };

static const struct json_pattern patterns[] = {
	[FORMAT] = { "bomFormat", JSON_ITEM, false },
	[TOOLS] = { "metadata.tools", JSON_ITEM, false },
	[COMPONENTS] = { "components", JSON_ENTER, false },
	[COMPONENT] = { "components[]", JSON_ITEM, false },
	[VULNERABILITIES] = { "vulnerabilities", JSON_ENTER, false },
	[VULNERABILITY] = { "vulnerabilities[]", JSON_ITEM, false },
};

static const char *const keep[] = { "advisories", "affects", "analysis", "bom-ref",  "components", "description", "detail",
				    "expression", "group",   "id",	 "license",  "licenses",   "name",	  "purl",
				    "ratings",	  "ref",     "score",	 "severity", "source",	   "state",	  "status",
				    "type",	  "url",     "version",	 "versions", NULL };

/* A component that a vulnerability may refer to. */
struct known {
	const char *name, *version;
};

struct state {
	struct json_report report;
	struct arena refs; /* of known and tool; beyond a bound no more are added, and a reference speaks for itself */
	struct map known;
	const char *tool;
	bool begun, is_cyclonedx, has_vulnerabilities;
};

/* ---- components ---- */

/* Some of the licences of a component, as one expression.  False: no memory. */
static bool licenses(const json_t *list, struct str *out)
{
	size_t count = json_array_size(list);

	str_reset(out);
	for (size_t i = 0; i < count; i++) {
		const json_t *choice = json_array_get(list, i), *license = json_object_get(choice, "license");
		const char *text = json_item_text(choice, "expression");
		bool compound = count > 1 && strchr(text, ' ');

		text = *text ? text : json_item_text(license, "id");
		text = *text ? text : json_item_text(license, "name");
		if (!*text)
			continue;
		str_printf(out, "%s%s%s%s", out->length ? " AND " : "", compound ? "(" : "", text, compound ? ")" : "");
	}
	return !out->failed;
}

static const char *full_name(struct arena *a, const json_t *component)
{
	const char *group = json_item_text(component, "group"), *name = json_item_text(component, "name");

	return *group ? arena_printf(a, "%s/%s", group, name) : name;
}

static bool remember(struct state *s, const json_t *component, const char *name)
{
	const char *ref = json_item_text(component, "bom-ref");
	struct known *k;

	if (!*ref || s->refs.used / 4 > s->report.options->limits.item_bytes)
		return true;
	k = ARENA_NEW(&s->refs, struct known);
	ref = arena_strdup(&s->refs, ref);
	if (!k || !ref)
		return false;
	k->name = arena_strdup(&s->refs, name);
	k->version = arena_strdup(&s->refs, json_item_text(component, "version"));
	return k->name && k->version && map_put(&s->known, &s->refs, ref, strlen(ref), k);
}

static int add_component(struct state *s, const json_t *component, struct str *text, pipe_error *err)
{
	struct evidence_component c = { .name = full_name(&s->report.scratch, component) };

	if (!c.name || !licenses(json_object_get(component, "licenses"), text) || !remember(s, component, c.name))
		return error_nomem(err);
	c.version = json_item_text(component, "version");
	c.type = json_item_text(component, "type");
	c.purl = json_item_text(component, "purl");
	c.licenses = text->data;
	return sink_component(s->report.sink, &c, err);
}

/* A component and those within it; the parser bounds how deep they nest. */
static int add_components(struct state *s, const json_t *component, struct str *text, pipe_error *err)
{
	const json_t *inner = json_object_get(component, "components");
	int rc = add_component(s, component, text, err);

	for (size_t i = 0; !rc && i < json_array_size(inner); i++)
		rc = add_components(s, json_array_get(inner, i), text, err);
	return rc;
}

static int on_component(struct state *s, const struct json_item *item, pipe_error *err)
{
	struct str text;
	int rc;

	if (!*json_item_text(item->value, "name"))
		return json_item_error(item, err, "a component without a name");
	str_init(&text);
	rc = add_components(s, item->value, &text, err);
	str_clear(&text);
	return rc;
}

/* ---- vulnerabilities ---- */

/* "pkg:npm/%40scope/name@1.2?x=y#z" (package-url): its name with its namespace, and its version. */
static bool purl_parts(struct arena *a, const char *ref, struct known *k)
{
	const char *slash, *at;
	size_t n;

	if (strncmp(ref, "pkg:", 4) != 0 || !(slash = strchr(ref, '/')))
		return false;
	n = strcspn(slash + 1, "?#");
	at = memrchr(slash + 1, '@', n);
	k->name = arena_strndup(a, slash + 1, at ? (size_t)(at - slash - 1) : n);
	k->version = at ? arena_strndup(a, at + 1, n - (size_t)(at - slash)) : "";
	return true;
}

static struct known find_known(struct state *s, const char *ref)
{
	const struct known *known = map_get(&s->known, ref, strlen(ref));
	struct known k = { ref, "" };

	if (known)
		return *known;
	/* urn:cdx:SERIAL/VERSION#REF: an element of another document. */
	if (!strncmp(ref, "urn:cdx:", 8) && strchr(ref, '#'))
		k.name = ref = strchr(ref, '#') + 1;
	purl_parts(&s->report.scratch, ref, &k);
	return k;
}

/* The worst that any source says. */
static uint8_t worst(const json_t *ratings)
{
	uint8_t severity = SEVERITY_UNKNOWN;

	for (size_t i = 0; i < json_array_size(ratings); i++) {
		const json_t *rating = json_array_get(ratings, i);
		double score = json_item_real(rating, "score", 0);
		uint8_t one = json_item_severity(rating, "severity");

		if (one == SEVERITY_UNKNOWN && score > 0)
			one = severity_of_score(score);
		severity = one > severity ? one : severity;
	}
	return severity;
}

static const char *const not_affected[] = { "false_positive", "not_affected", "resolved", "resolved_with_pedigree" };

static bool is_dismissed(const json_t *value)
{
	const char *state = json_item_string(json_item_below(value, "analysis", "state"));

	for (size_t i = 0; i < sizeof(not_affected) / sizeof(*not_affected); i++)
		if (!strcmp(not_affected[i], state))
			return true;
	return false;
}

/* The version that is said not to be affected, where one is. */
static const char *unaffected(const json_t *affected)
{
	const json_t *versions = json_object_get(affected, "versions");

	for (size_t i = 0; i < json_array_size(versions); i++)
		if (!strcmp(json_item_text(json_array_get(versions, i), "status"), "unaffected"))
			return json_item_text(json_array_get(versions, i), "version");
	return "";
}

static const char *first_text(const json_t *map, const char *key, const char *other)
{
	const char *text = json_item_text(map, key);

	return *text ? text : other;
}

static int on_vulnerability(struct state *s, const struct json_item *item, pipe_error *err)
{
	const json_t *value = item->value, *affects = json_object_get(value, "affects");
	struct evidence_finding f = { .kind = FINDING_VULNERABILITY, .path = "" };
	size_t count = json_array_size(affects);
	int rc = PIPE_OK;

	f.rule = json_item_text(value, "id");
	if (!*f.rule)
		return json_item_error(item, err, "a vulnerability without an \"id\"");
	f.tool = s->tool ? s->tool : s->report.options->tool;
	f.severity = worst(json_object_get(value, "ratings"));
	f.suppressed = is_dismissed(value);
	f.message = first_text(value, "description", first_text(value, "detail", f.rule));
	f.url = first_text(json_array_get(json_object_get(value, "advisories"), 0), "url",
			   json_item_text(json_object_get(value, "source"), "url"));
	f.fingerprint = f.rule;
	for (size_t i = 0; !rc && (i < count || !i); i++) {
		const json_t *affected = json_array_get(affects, i);
		struct known k = find_known(s, json_item_text(affected, "ref"));

		if (!k.name || !k.version)
			return error_nomem(err);
		f.package = k.name;
		f.installed = k.version;
		f.fixed = unaffected(affected);
		rc = sink_finding(s->report.sink, &f, err);
	}
	return rc;
}

/* ---- the document ---- */

/* A list of tools, or, from 1.5 on, a map with their components and services. */
static int on_tools(struct state *s, const struct json_item *item, pipe_error *err)
{
	const json_t *list = json_is_array(item->value) ? item->value : json_object_get(item->value, "components");
	const char *name = json_item_text(json_array_get(list, 0), "name");

	s->tool = *name ? arena_strdup(&s->refs, name) : NULL;
	return *name && !s->tool ? error_nomem(err) : PIPE_OK;
}

static int on_format(struct state *s, const struct json_item *item, pipe_error *err)
{
	s->is_cyclonedx = !strcmp(json_item_string(item->value), "CycloneDX");
	return s->is_cyclonedx ? PIPE_OK : json_item_error(item, err, "\"bomFormat\" is not \"CycloneDX\"");
}

static int on_list(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)err;
	s->has_vulnerabilities |= item->pattern == VULNERABILITIES && item->type == JSON_ARRAY;
	return PIPE_OK;
}

static int (*const handlers[])(struct state *s, const struct json_item *item, pipe_error *err) = {
	[FORMAT] = on_format,	    [TOOLS] = on_tools,		 [COMPONENTS] = on_list,
	[COMPONENT] = on_component, [VULNERABILITIES] = on_list, [VULNERABILITY] = on_vulnerability,
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

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	struct state *s = state;

	if (!s->begun && json_head_first(bytes, length) == '<')
		return error_set(err, PIPE_EPIPELINE, "CycloneDX in XML, and only JSON can be read: have the tool write that");
	s->begun |= json_head_first(bytes, length) != '\0';
	return json_report_feed(state, bytes, length, err);
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	int rc = json_items_finish(&s->report.items, err);

	if (rc)
		return rc;
	if (!s->is_cyclonedx)
		return error_set(err, PIPE_EPIPELINE, "no CycloneDX document: it has no \"bomFormat\"");
	return s->has_vulnerabilities ? sink_scope(s->report.sink, GIVES_COMPONENTS | GIVES_VULNERABILITIES, err) : PIPE_OK;
}

static void end(void *state)
{
	struct state *s = state;

	arena_clear(&s->refs);
	json_report_end(state);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	if (json_head_first(head, length) == '<')
		return json_head_says(head, length, "cyclonedx.org/schema/bom") ? 90 : 0;
	if (json_head_first(head, length) != '{')
		return 0;
	if (json_head_has(head, length, "bomFormat") || json_head_says(head, length, "cyclonedx.org/schema/bom"))
		return 95;
	/* Sorted members: its name comes behind the components. */
	if (json_head_has(head, length, "bom-ref"))
		return 85;
	return json_path_has(path, ".cdx.json") || json_path_has(path, "bom.json") ? 60 : 0;
}

const struct report_format report_cyclonedx = {
	.name = "cyclonedx",
	.help = "CycloneDX in JSON: components, and vulnerabilities where there are",
	.gives = GIVES_COMPONENTS,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
