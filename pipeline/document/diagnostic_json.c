/* Diagnostics for programs: a JSON document of our own and SARIF 2.1.0. */
#include "pipeline/document/diagnostic.h"

#include <string.h>

enum { CHAIN_MOST = 10 };

static const struct {
	const char *name, *level;
} severities[] = {
	[PIPE_ERROR] = { "error", "error" },
	[PIPE_WARNING] = { "warning", "warning" },
	[PIPE_NOTE] = { "note", "note" },
};

/* The i-th place that has to do with a diagnostic: its own, then who included its file. */
static bool related_at(const struct diagnostics *d, const struct diagnostic *one, uint32_t i, struct related *out)
{
	struct mark at = one->at;

	if (i < one->related.count) {
		*out = one->related.items[i];
		return true;
	}
	i -= one->related.count;
	if (i >= CHAIN_MOST)
		return false;
	do {
		struct mark by;

		if (at.source >= d->sources->list.count)
			return false;
		by = d->sources->list.items[at.source].included;
		if (!at.line || !by.line || by.source >= at.source)
			return false;
		at = by;
	} while (i--);
	*out = (struct related){ at, "included from here" };
	return true;
}

static void write_place(struct json *j, const struct diagnostics *d, struct mark at)
{
	jsonw_kstring(j, "file", sources_name(d->sources, at));
	jsonw_kint(j, "line", at.line);
	jsonw_kint(j, "column", at.column);
}

static void write_one(struct json *j, const struct diagnostics *d, const struct diagnostic *one)
{
	struct related related;

	jsonw_object(j);
	jsonw_kstring(j, "severity", severities[one->severity].name);
	jsonw_kstring(j, "code", one->code);
	write_place(j, d, one->at);
	jsonw_kint(j, "length", one->length ? one->length : 1);
	jsonw_kstring(j, "message", one->message);
	jsonw_kstring(j, "hint", one->hint);
	jsonw_key(j, "related");
	jsonw_array(j);
	for (uint32_t i = 0; related_at(d, one, i, &related); i++) {
		jsonw_object(j);
		write_place(j, d, related.at);
		jsonw_kstring(j, "message", related.text);
		jsonw_object_end(j);
	}
	jsonw_array_end(j);
	jsonw_object_end(j);
}

void diagnostics_json(const struct diagnostics *d, struct str *out)
{
	struct json j;

	jsonw_init(&j, out, true);
	jsonw_object(&j);
	jsonw_key(&j, "diagnostics");
	jsonw_array(&j);
	for (uint32_t i = 0; i < d->list.count; i++)
		write_one(&j, d, &d->list.items[i]);
	jsonw_array_end(&j);
	jsonw_kint(&j, "errors", d->errors);
	jsonw_kint(&j, "warnings", d->warnings);
	jsonw_object_end(&j);
	str_addc(out, '\n');
}

/* ---- SARIF ---- */

/* A file's name as a URI reference: a colon could be taken for a scheme, unless it is one. */
static void add_uri(struct json *j, const char *name)
{
	static const char plain[] = "-._~/@!$&'()*+,;=";
	static const char hex[] = "0123456789ABCDEF";
	bool is_uri = !strncmp(name, "http://", 7) || !strncmp(name, "https://", 8);
	struct str uri;

	str_init(&uri);
	for (const char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (letter || strchr(plain, c) || (is_uri && strchr(":?#%[]", c)))
			str_addc(&uri, *p);
		else
			str_add(&uri, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
	}
	j->out->failed |= uri.failed;
	jsonw_kstring(j, "uri", uri.data);
	str_clear(&uri);
}

static void write_location(struct json *j, const struct diagnostics *d, struct mark at, uint32_t length, const char *text)
{
	jsonw_object(j);
	jsonw_key(j, "physicalLocation");
	jsonw_object(j);
	jsonw_key(j, "artifactLocation");
	jsonw_object(j);
	add_uri(j, sources_name(d->sources, at));
	jsonw_object_end(j);
	jsonw_key(j, "region");
	jsonw_object(j);
	jsonw_kint(j, "startLine", at.line);
	if (at.column) {
		jsonw_kint(j, "startColumn", at.column);
		jsonw_kint(j, "endColumn", (int64_t)at.column + length);
	}
	jsonw_object_end(j);
	jsonw_object_end(j);
	if (text) {
		jsonw_key(j, "message");
		jsonw_object(j);
		jsonw_kstring(j, "text", text);
		jsonw_object_end(j);
	}
	jsonw_object_end(j);
}

/* The index of the first diagnostic with the same code: rules are listed in that order, each once. */
static uint32_t first_of_code(const struct diagnostics *d, uint32_t i)
{
	uint32_t first = 0;

	while (strcmp(d->list.items[first].code, d->list.items[i].code) != 0)
		first++;
	return first;
}

static void write_rules(struct json *j, const struct diagnostics *d)
{
	jsonw_key(j, "rules");
	jsonw_array(j);
	for (uint32_t i = 0; i < d->list.count; i++) {
		if (first_of_code(d, i) != i)
			continue;
		jsonw_object(j);
		jsonw_kstring(j, "id", d->list.items[i].code);
		jsonw_object_end(j);
	}
	jsonw_array_end(j);
}

static void write_message(struct json *j, const struct diagnostic *one)
{
	struct str text;

	str_init(&text);
	str_adds(&text, one->message);
	if (one->hint) {
		str_adds(&text, "\nhint: ");
		str_adds(&text, one->hint);
	}
	j->out->failed |= text.failed;
	jsonw_key(j, "message");
	jsonw_object(j);
	jsonw_kstring(j, "text", text.data);
	jsonw_object_end(j);
	str_clear(&text);
}

static void write_result(struct json *j, const struct diagnostics *d, const struct diagnostic *one)
{
	struct related related;

	jsonw_object(j);
	jsonw_kstring(j, "ruleId", one->code);
	jsonw_kstring(j, "level", severities[one->severity].level);
	write_message(j, one);
	jsonw_key(j, "locations");
	jsonw_array(j);
	if (one->at.line)
		write_location(j, d, one->at, one->length ? one->length : 1, NULL);
	jsonw_array_end(j);
	jsonw_key(j, "relatedLocations");
	jsonw_array(j);
	for (uint32_t i = 0; related_at(d, one, i, &related); i++)
		if (related.at.line)
			write_location(j, d, related.at, 1, related.text);
	jsonw_array_end(j);
	jsonw_object_end(j);
}

static void write_tool(struct json *j, const struct diagnostics *d)
{
	jsonw_key(j, "tool");
	jsonw_object(j);
	jsonw_key(j, "driver");
	jsonw_object(j);
	jsonw_kstring(j, "name", "pipe");
	jsonw_kstring(j, "version", PIPE_VERSION);
	write_rules(j, d);
	jsonw_object_end(j);
	jsonw_object_end(j);
}

void diagnostics_sarif(const struct diagnostics *d, struct str *out)
{
	struct json j;

	jsonw_init(&j, out, true);
	jsonw_object(&j);
	jsonw_kstring(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	jsonw_kstring(&j, "version", "2.1.0");
	jsonw_key(&j, "runs");
	jsonw_array(&j);
	jsonw_object(&j);
	write_tool(&j, d);
	jsonw_kstring(&j, "columnKind", "unicodeCodePoints");
	jsonw_key(&j, "results");
	jsonw_array(&j);
	for (uint32_t i = 0; i < d->list.count; i++)
		write_result(&j, d, &d->list.items[i]);
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	jsonw_array_end(&j);
	jsonw_object_end(&j);
	str_addc(out, '\n');
}
