/* Reading a record, and making rows of it. */
#include "stages/scanner/advisory/osv.h"

#include "base/error.h"
#include "base/json.h"
#include "stages/report/json/json_item.h"
#include "stages/scanner/advisory/cvss.h"
#include "stages/scanner/advisory/ecosystem.h"
#include "stages/scanner/advisory/text.h"
#include <string.h>

enum { ADVISORY_NAMES_MAX = 200 };

/* ---- what it is called ---- */

static int rank(const char *id)
{
	return !strncmp(id, "CVE-", 4) ? 0 : !strncmp(id, "GHSA-", 5) ? 1 : 2;
}

static bool comes_before(const char *a, const char *b)
{
	return rank(a) != rank(b) ? rank(a) < rank(b) : strcmp(a, b) < 0;
}

/* A name and a line end; what has a line end itself is none. */
static void add_name(struct str *out, const char *name)
{
	if (!*name || strchr(name, '\n'))
		return;
	str_adds(out, name);
	str_addc(out, '\n');
}

static void cves_of(const json_t *list, struct str *out)
{
	for (size_t i = 0; i < json_array_size(list) && i < ADVISORY_NAMES_MAX; i++) {
		const char *name = json_item_string(json_array_get(list, i));

		if (!rank(name))
			add_name(out, name);
	}
}

static const char *taken(struct str *s, struct arena *a)
{
	const char *text = s->failed ? NULL : arena_strndup(a, s->data, s->length);

	str_clear(s);
	return text;
}

static bool read_names(const json_t *map, struct osv_record *out, struct arena *a)
{
	const json_t *aliases = json_object_get(map, "aliases");
	const char *best = out->id;
	struct str names, all;

	str_init(&names);
	str_init(&all);
	add_name(&all, out->id);
	for (size_t i = 0; i < json_array_size(aliases) && i < ADVISORY_NAMES_MAX; i++) {
		const char *alias = json_item_string(json_array_get(aliases, i));

		add_name(&all, alias);
		if (*alias && !strchr(alias, '\n') && comes_before(alias, best))
			best = alias;
	}
	if (rank(best))
		cves_of(json_object_get(map, "upstream"), &names);
	if (!names.length)
		add_name(&names, best);
	out->aliases = taken(&all, a);
	out->names = taken(&names, a);
	return out->aliases && out->names;
}

/* ---- how severe ---- */

static uint8_t word_of(const json_t *map, const char *key)
{
	const char *word = json_item_text(map, key);
	enum severity severity = SEVERITY_UNKNOWN;

	/* "unimportant" and the like of Debian's urgencies are what severity_from does not know */
	return *word && severity_from(word, &severity) ? (uint8_t)severity : SEVERITY_UNKNOWN;
}

/* Whoever wrote the record first, then the newest vector that can be computed. */
static uint8_t severity_of(const json_t *map)
{
	const json_t *list = json_object_get(map, "severity");
	uint8_t said = word_of(json_object_get(map, "database_specific"), "severity"), best = SEVERITY_UNKNOWN;
	bool newest = false;

	if (!said)
		said = word_of(json_object_get(map, "ecosystem_specific"), "severity");
	for (size_t i = 0; !said && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *type = json_item_text(item, "type");
		bool vector = !strncmp(type, "CVSS_V", 6);
		double score = vector ? cvss_score(json_item_text(item, "score")) : -1;

		if (!vector && word_of(item, "score"))
			return word_of(item, "score");
		if (score >= 0 && !newest)
			best = severity_of_score(score);
		newest = newest || (score >= 0 && !strcmp(type, "CVSS_V3"));
	}
	return said ? said : best;
}

/* ---- what is affected ---- */

static bool read_affected(const json_t *map, struct osv_affected *out, struct arena *a)
{
	const json_t *ranges = json_object_get(map, "ranges"), *package = json_object_get(map, "package");
	const char *scheme;

	memset(out, 0, sizeof(*out));
	out->ecosystem = advisory_text(a, json_object_get(package, "ecosystem"));
	out->package = out->ecosystem ? ecosystem_osv_package(out->ecosystem, json_item_text(package, "name"), a) : NULL;
	if (out->package)
		out->package = arena_strdup(a, out->package);
	if (!out->package || !advisory_list(a, json_object_get(map, "versions"), &out->versions))
		return false;
	scheme = ecosystem_osv_scheme(out->ecosystem);
	for (size_t i = 0; i < json_array_size(ranges); i++) {
		const json_t *range = json_array_get(ranges, i);

		/* commits say nothing of versions */
		if (strcmp(json_item_text(range, "type"), "GIT") && !osv_range_read(range, scheme, out, a))
			return false;
	}
	out->severity = severity_of(map);
	return true;
}

static bool is_usable(const struct osv_affected *affected)
{
	return *affected->ecosystem && *affected->package && (affected->intervals.count || affected->versions);
}

static int read_all_affected(const json_t *map, struct osv_record *out, struct arena *a, pipe_error *err)
{
	const json_t *list = json_object_get(map, "affected");

	if (list && !json_is_null(list) && !json_is_array(list))
		return error_set(err, PIPE_EPIPELINE, "the record %.60s has an `affected` that is not a list", out->id);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct osv_affected one, *to;

		if (!read_affected(json_array_get(list, i), &one, a))
			return error_nomem(err);
		if (!is_usable(&one))
			continue;
		to = vec_push(a, &out->affected);
		if (!to)
			return error_nomem(err);
		*to = one;
	}
	return PIPE_OK;
}

/* ---- the record ---- */

static void write_texts(struct json *j, const char *key, const json_t *list, const char *inner)
{
	jsonw_key(j, key);
	jsonw_array(j);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		jsonw_string(j, json_item_string(inner ? json_object_get(item, inner) : item));
	}
	jsonw_array_end(j);
}

static void write_vectors(struct json *j, const json_t *list)
{
	jsonw_key(j, "cvss");
	jsonw_array(j);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strncmp(json_item_text(json_array_get(list, i), "type"), "CVSS_V", 6))
			jsonw_string(j, json_item_text(json_array_get(list, i), "score"));
	jsonw_array_end(j);
}

static void write_details(const json_t *map, struct str *out)
{
	struct json j;

	jsonw_init(&j, out, false);
	jsonw_object(&j);
	jsonw_kstring(&j, "title", json_item_text(map, "summary"));
	jsonw_kstring(&j, "description", json_item_text(map, "details"));
	jsonw_kstring(&j, "published", json_item_text(map, "published"));
	jsonw_kstring(&j, "modified", json_item_text(map, "modified"));
	write_texts(&j, "references", json_object_get(map, "references"), "url");
	write_texts(&j, "cwes", json_item_below(map, "database_specific", "cwe_ids"), NULL);
	write_vectors(&j, json_object_get(map, "severity"));
	jsonw_object_end(&j);
}

static int read_map(const json_t *map, struct osv_record *out, struct arena *a, pipe_error *err)
{
	int rc;

	out->id = advisory_text(a, json_object_get(map, "id"));
	out->modified = advisory_text(a, json_object_get(map, "modified"));
	if (!out->id || !out->modified)
		return error_nomem(err);
	if (!*out->id || strchr(out->id, '\n'))
		return error_set(err, PIPE_EPIPELINE, "a record has no `id`");
	if (*out->modified && !advisory_time(out->modified, &out->modified_ms))
		return error_set(err, PIPE_EPIPELINE, "the record %.60s has a `modified` that is no time of RFC 3339: \"%.40s\"",
				 out->id, out->modified);
	out->withdrawn = *json_item_text(map, "withdrawn") != '\0';
	out->severity = severity_of(map);
	if (!read_names(map, out, a))
		return error_nomem(err);
	rc = read_all_affected(map, out, a, err);
	if (!rc)
		write_details(map, &out->body);
	return rc || !out->body.failed ? rc : error_nomem(err);
}

int osv_record_read(const char *bytes, size_t length, struct osv_record *out, bool *is_record, struct arena *a, pipe_error *err)
{
	json_t *map = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	str_init(&out->body);
	*is_record = false;
	if (json_head_first(bytes, length) == '[') { /* an index, or another tool's list */
		map = json_loadb(bytes, length, 0, NULL);
		if (map) {
			json_decref(map);
			return PIPE_OK;
		}
	}
	rc = advisory_json(bytes, length, "the record", &map, err);
	if (rc)
		return rc;
	*is_record = json_object_get(map, "id") || json_object_get(map, "affected") || json_object_get(map, "schema_version");
	if (*is_record)
		rc = read_map(map, out, a, err);
	json_decref(map);
	return rc;
}

void osv_record_clear(struct osv_record *record)
{
	str_clear(&record->body);
}

/* ---- rows ---- */

/* {"r": [[introduced, below, last, fixed]...], "v": [version...], "s": severity} */
void osv_affected_write(const struct osv_affected *affected, struct str *out)
{
	struct json j;

	jsonw_init(&j, out, false);
	jsonw_object(&j);
	jsonw_key(&j, "r");
	jsonw_array(&j);
	for (uint32_t i = 0; i < affected->intervals.count; i++) {
		const struct osv_interval *v = &affected->intervals.items[i];

		jsonw_array(&j);
		jsonw_string(&j, v->introduced);
		jsonw_string(&j, v->below);
		jsonw_string(&j, v->last);
		jsonw_string(&j, v->fixed);
		jsonw_array_end(&j);
	}
	jsonw_array_end(&j);
	jsonw_key(&j, "v");
	jsonw_array(&j);
	for (size_t i = 0; affected->versions && affected->versions[i]; i++)
		jsonw_string(&j, affected->versions[i]);
	jsonw_array_end(&j);
	jsonw_kint(&j, "s", affected->severity);
	jsonw_object_end(&j);
}

static const struct publisher {
	const char *prefix, *id, *name, *url;
} publishers[] = {
	{ "GHSA-", "ghsa", "GitHub Security Advisories", "https://github.com/advisories/" },
	{ "GO-", "govulndb", "The Go Vulnerability Database", "https://pkg.go.dev/vuln/" },
	{ "PYSEC-", "osv", "Python Packaging Advisory Database", "https://osv.dev/vulnerability/" },
	{ "RUSTSEC-", "osv", "RustSec Advisory Database", "https://rustsec.org/advisories/" },
	{ "", "osv", "Open Source Vulnerabilities", "https://osv.dev/vulnerability/" },
};

static const struct publisher *publisher_of(const char *id)
{
	const struct publisher *p = publishers;

	while (strncmp(id, p->prefix, strlen(p->prefix)))
		p++;
	return p;
}

struct row {
	const struct osv_row *row;
	struct advisory base;
	struct arena *arena;
	int (*each)(void *context, const struct advisory *advisory);
	void *context;
	pipe_error *err;
};

/* As all advisories write ranges; "" : every version. */
static const char *range_of(struct arena *a, const char *introduced, const char *below, const char *last)
{
	const char *end = *below ? below : last, *sign = *below ? "<" : "<=";

	if (!*introduced)
		return *end ? arena_printf(a, "%s%s", sign, end) : "";
	return *end ? arena_printf(a, ">=%s, %s%s", introduced, sign, end) : arena_printf(a, ">=%s", introduced);
}

static bool read_ranges(struct row *r, const json_t *ranges)
{
	size_t count = json_array_size(ranges), mended = 0;
	const char **list = ARENA_ARRAY(r->arena, const char *, count + 1),
		   **fixed = ARENA_ARRAY(r->arena, const char *, count + 1);

	if (!list || !fixed)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(ranges, i);

		list[i] = range_of(r->arena, json_item_string(json_array_get(item, 0)), json_item_string(json_array_get(item, 1)),
				   json_item_string(json_array_get(item, 2)));
		fixed[mended] = advisory_text(r->arena, json_array_get(item, 3));
		if (!list[i] || !fixed[mended])
			return false;
		mended += *fixed[mended] != '\0';
	}
	fixed[mended] = NULL;
	r->base.vulnerable = count ? list : NULL;
	r->base.fixed = advisory_join(r->arena, fixed, ", ", true);
	return r->base.fixed != NULL;
}

static bool read_row(struct row *r, const json_t *map)
{
	double severity = json_number_value(json_object_get(map, "s"));

	r->base.severity = severity > 0 && severity < SEVERITY_COUNT ? (uint8_t)severity : r->row->severity;
	return read_ranges(r, json_object_get(map, "r")) && advisory_list(r->arena, json_object_get(map, "v"), &r->base.versions);
}

static int hand_out(struct row *r, const char *name)
{
	r->base.id = name;
	r->base.vendor_id = strcmp(name, r->row->id) ? r->row->id : "";
	return r->each(r->context, &r->base);
}

static int each_name(struct row *r)
{
	int rc = PIPE_OK;

	for (const char *at = r->row->names, *end; !rc && *at; at = end + (*end == '\n')) {
		const char *name;

		end = strchrnul(at, '\n');
		name = arena_strndup(r->arena, at, (size_t)(end - at));
		rc = name ? hand_out(r, name) : error_nomem(r->err);
	}
	return rc;
}

int osv_row_read(const struct osv_row *row, struct arena *a, int (*each)(void *context, const struct advisory *advisory),
		 void *context, pipe_error *err)
{
	const struct publisher *p = publisher_of(row->id);
	struct row r = { .row = row, .arena = a, .each = each, .context = context, .err = err };
	json_t *map;
	int rc = advisory_json(row->body, strlen(row->body), "the database of OSV records is damaged: a row", &map, err);

	if (rc)
		return rc;
	r.base = (struct advisory){ .ranged = true,
				    .fixed_below = "",
				    .affected_from = "",
				    .status = "",
				    .source_id = p->id,
				    .source_name = p->name,
				    .source_url = arena_printf(a, "%s%s", p->url, row->id) };
	rc = r.base.source_url && read_row(&r, map) ? each_name(&r) : error_nomem(err);
	json_decref(map);
	return rc;
}

/* ---- details ---- */

static const char *write_cvss(const json_t *vectors, const char *source, struct arena *a)
{
	unsigned seen = 0;
	struct json j;
	struct str s;

	if (!json_array_size(vectors))
		return "";
	str_init(&s);
	jsonw_init(&j, &s, false);
	jsonw_object(&j);
	jsonw_key(&j, source);
	jsonw_object(&j);
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		const char *vector = json_item_string(json_array_get(vectors, i));
		bool third = !strncmp(vector, "CVSS:3.", 7), fourth = !strncmp(vector, "CVSS:4", 6);
		unsigned kind = third ? 1 : fourth ? 2 : 4;
		double score = cvss_score(vector);

		if (seen & kind)
			continue;
		seen |= kind;
		jsonw_kstring(&j, third ? "V3Vector" : fourth ? "V40Vector" : "V2Vector", vector);
		if (score >= 0) {
			jsonw_key(&j, third ? "V3Score" : "V2Score");
			jsonw_double(&j, score);
		}
	}
	jsonw_object_end(&j);
	jsonw_object_end(&j);
	return taken(&s, a);
}

static const char *joined(const json_t *map, const char *key, const char *between, struct arena *a)
{
	const char *const *list;

	return advisory_list(a, json_object_get(map, key), &list) ? advisory_join(a, list, between, true) : NULL;
}

int osv_details_read(const char *id, const char *body, size_t length, const char *aliases, uint8_t severity, struct arena *a,
		     struct advisory_details *out, pipe_error *err)
{
	const struct publisher *p = publisher_of(id);
	json_t *map;
	bool whole;
	int rc = advisory_json(body, length, "the database of OSV records is damaged: a record", &map, err);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	out->title = advisory_text(a, json_object_get(map, "title"));
	out->description = advisory_text(a, json_object_get(map, "description"));
	out->published = advisory_text(a, json_object_get(map, "published"));
	out->modified = advisory_text(a, json_object_get(map, "modified"));
	out->references = joined(map, "references", "\n", a);
	out->cwes = joined(map, "cwes", ", ", a);
	out->cvss = write_cvss(json_object_get(map, "cvss"), p->id, a);
	out->aliases = arena_strdup(a, aliases);
	out->severity = severity;
	if (severity) {
		out->vendors[0].source = p->id;
		out->vendors[0].severity = severity;
		out->vendor_count = 1;
	}
	whole = out->title && out->description && out->published && out->modified && out->references && out->cwes && out->cvss &&
		out->aliases;
	json_decref(map);
	return whole ? PIPE_OK : error_nomem(err);
}
