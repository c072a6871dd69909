/*
 * SPDX 2.2 and 2.3 in JSON (ISO/IEC 5962): its packages, without those that the document describes: they are the product.  Which these
 * are stands in relationships behind the packages, so that all of them wait until the end (stages/report/held.h).  A document that
 * describes all of its packages has no such root.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/held.h"
#include "stages/report/json/json_item.h"
#include "stages/report/json/json_report.h"

#include <ctype.h>
#include <string.h>

/* GitHub wraps the document into {"sbom": ...}: the same paths again. */
enum { VERSION, PACKAGES, PACKAGE, DESCRIBES, RELATIONSHIP, PATHS, GRAPH = 2 * PATHS, PATTERNS };

static const struct json_pattern patterns[] = {
	[VERSION] = { "spdxVersion", JSON_ITEM, false },
	[PACKAGES] = { "packages", JSON_ENTER, false },
	[PACKAGE] = { "packages[]", JSON_ITEM, false },
	[DESCRIBES] = { "documentDescribes", JSON_ITEM, true },
	[RELATIONSHIP] = { "relationships[]", JSON_ITEM, false },
	[PATHS + VERSION] = { "sbom.spdxVersion", JSON_ITEM, false },
	[PATHS + PACKAGES] = { "sbom.packages", JSON_ENTER, false },
	[PATHS + PACKAGE] = { "sbom.packages[]", JSON_ITEM, false },
	[PATHS + DESCRIBES] = { "sbom.documentDescribes", JSON_ITEM, true },
	[PATHS + RELATIONSHIP] = { "sbom.relationships[]", JSON_ITEM, false },
	[GRAPH] = { "@graph", JSON_ENTER, false },
};

static const char *const keep[] = { "SPDXID",
				    "externalRefs",
				    "licenseConcluded",
				    "licenseDeclared",
				    "name",
				    "primaryPackagePurpose",
				    "referenceLocator",
				    "referenceType",
				    "relatedSpdxElement",
				    "relationshipType",
				    "spdxElementId",
				    "versionInfo",
				    NULL };

struct package {
	struct package *next;
	const char *id;
	struct evidence_component c;
};

struct state {
	struct json_report report;
	struct held held;
	struct package *first, **last;
	struct map roots;
	bool begun, is_spdx;
};

/* What says nothing. */
static const char *said(const char *text)
{
	return !strcmp(text, "NOASSERTION") || !strcmp(text, "NONE") ? "" : text;
}

static const char *purl(const json_t *refs)
{
	for (size_t i = 0; i < json_array_size(refs); i++) {
		const json_t *ref = json_array_get(refs, i);

		if (!strcmp(json_item_text(ref, "referenceType"), "purl"))
			return json_item_text(ref, "referenceLocator");
	}
	return "";
}

static int on_package(struct state *s, const struct json_item *item, pipe_error *err)
{
	const json_t *value = item->value;
	const char *license = said(json_item_text(value, "licenseConcluded"));
	char type[32] = "";
	struct package *p;
	void *new;
	int rc;

	if (!*json_item_text(value, "name"))
		return json_item_error(item, err, "a package without a name");
	rc = held_new(&s->held, &new, sizeof(*p), err);
	if (rc)
		return rc;
	p = new;
	snprintf(type, sizeof(type), "%s", json_item_text(value, "primaryPackagePurpose"));
	for (char *c = type; *c; c++)
		*c = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
	p->id = json_item_text(value, "SPDXID");
	p->c.name = json_item_text(value, "name");
	p->c.version = said(json_item_text(value, "versionInfo"));
	p->c.type = type;
	p->c.purl = purl(json_object_get(value, "externalRefs"));
	p->c.licenses = *license ? license : said(json_item_text(value, "licenseDeclared"));
	*s->last = p;
	s->last = &p->next;
	rc = held_texts(&s->held, (const char **const[]){ &p->c.version, &p->c.type, &p->c.licenses }, 3, err);
	rc = rc ? rc : held_own_text(&s->held, &p->id, err);
	rc = rc ? rc : held_own_text(&s->held, &p->c.name, err);
	return rc ? rc : held_own_text(&s->held, &p->c.purl, err);
}

static int add_root(struct state *s, const char *id, pipe_error *err)
{
	int rc = held_texts(&s->held, (const char **const[]){ &id }, 1, err);

	if (rc)
		return rc;
	return map_put(&s->roots, &s->held.arena, id, strlen(id), (void *)(uintptr_t)id) ? PIPE_OK : error_nomem(err);
}

static int on_describes(struct state *s, const struct json_item *item, pipe_error *err)
{
	int rc = PIPE_OK;

	for (size_t i = 0; !rc && i < json_array_size(item->value); i++)
		rc = add_root(s, json_item_string(json_array_get(item->value, i)), err);
	return rc;
}

static int on_relationship(struct state *s, const struct json_item *item, pipe_error *err)
{
	static const char document[] = "SPDXRef-DOCUMENT";
	const char *type = json_item_text(item->value, "relationshipType");
	const char *from = json_item_text(item->value, "spdxElementId"), *to = json_item_text(item->value, "relatedSpdxElement");

	if (!strcmp(type, "DESCRIBES") && !strcmp(from, document))
		return add_root(s, to, err);
	if (!strcmp(type, "DESCRIBED_BY") && !strcmp(to, document))
		return add_root(s, from, err);
	return PIPE_OK;
}

static int on_version(struct state *s, const struct json_item *item, pipe_error *err)
{
	const char *version = json_item_string(item->value);

	s->is_spdx = !strncmp(version, "SPDX-2.", 7);
	return s->is_spdx ? PIPE_OK : json_item_error(item, err, "\"%.20s\" cannot be read, only SPDX-2.2 and SPDX-2.3", version);
}

static int on_packages(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)s, (void)item, (void)err;
	return PIPE_OK;
}

static int on_graph(struct state *s, const struct json_item *item, pipe_error *err)
{
	(void)s;
	return json_item_error(item, err, "a graph, as of SPDX 3: only SPDX-2.2 and SPDX-2.3 can be read");
}

static int (*const handlers[])(struct state *s, const struct json_item *item, pipe_error *err) = {
	[VERSION] = on_version,	    [PACKAGES] = on_packages,	      [PACKAGE] = on_package,
	[DESCRIBES] = on_describes, [RELATIONSHIP] = on_relationship,
};

static int on_item(void *payload, const struct json_item *item, pipe_error *err)
{
	return item->pattern == GRAPH ? on_graph(payload, item, err) : handlers[item->pattern % PATHS](payload, item, err);
}

static const struct json_spec spec = { patterns, PATTERNS, keep, false, on_item };

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct state *s = state;

	held_init(&s->held, &options->limits);
	s->last = &s->first;
	return json_report_begin(&s->report, &spec, options, sink, err);
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	struct state *s = state;
	char first = json_head_first(bytes, length);

	if (!s->begun && first && first != '{' && first != '[')
		return error_set(err, PIPE_EPIPELINE,
				 "an SPDX document in another form than JSON (tags, RDF, YAML): have the tool write that");
	s->begun |= first != '\0';
	return json_report_feed(state, bytes, length, err);
}

static bool is_root(const struct state *s, const struct package *p)
{
	return map_get(&s->roots, p->id, strlen(p->id)) != NULL;
}

/* Is there a package beside those that the document describes? */
static bool has_root(const struct state *s)
{
	for (const struct package *p = s->first; p; p = p->next)
		if (!is_root(s, p))
			return true;
	return s->first && !s->first->next;
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	int rc = json_items_finish(&s->report.items, err);
	bool rooted = has_root(s);

	if (rc)
		return rc;
	if (!s->is_spdx)
		return error_set(err, PIPE_EPIPELINE, "no SPDX document: it has no \"spdxVersion\"");
	for (const struct package *p = s->first; p && !rc; p = p->next)
		if (!rooted || !is_root(s, p))
			rc = sink_component(s->report.sink, &p->c, err);
	return rc;
}

static void end(void *state)
{
	struct state *s = state;

	held_clear(&s->held);
	json_report_end(state);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	if (json_head_says(head, length, "SPDXVersion: SPDX-") || json_head_says(head, length, "http://spdx.org/rdf/terms#"))
		return 85;
	if (json_head_first(head, length) != '{')
		return 0;
	if (json_head_has(head, length, "spdxVersion") || json_head_has(head, length, "SPDXID") ||
	    json_head_says(head, length, "spdx.org/rdf/3"))
		return 90;
	return json_path_has(path, ".spdx.json") ? 70 : 0;
}

const struct report_format report_spdx = {
	.name = "spdx",
	.help = "SPDX 2.2 and 2.3 in JSON: packages",
	.gives = GIVES_COMPONENTS,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
