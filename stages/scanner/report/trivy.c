/*
 * Trivy's JSON, schema version 2: names and order of members as Trivy 0.67 has them.  Findings that are passed over stand in
 * ExperimentalModifiedFindings, always.  What Trivy has no place for (what was looked at, notes, warnings, the age of the advisories)
 * stands in a member "Pipe" of its own at the end:
 *
 *   "Pipe": {"Database": "...", "Files": 12, "Packages": 345, "Digest": "sha256:...", "Notes": ["..."], "Warnings": ["..."]}
 */
#include "stages/scanner/report/writing.h"

#include <stdlib.h>
#include <string.h>

struct trivy {
	struct writing *w;
	struct json j;
};

/* ---- small parts ---- */

static void text(struct trivy *t, const char *key, const char *value)
{
	if (value && *value)
		jsonw_kstring(&t->j, key, value);
}

static void texts(struct trivy *t, const char *key, const char *const *list)
{
	if (!list || !*list)
		return;
	jsonw_key(&t->j, key);
	jsonw_array(&t->j);
	for (; *list; list++)
		jsonw_string(&t->j, *list);
	jsonw_array_end(&t->j);
}

static void part(void *context, const char *p, size_t length)
{
	jsonw_stringn(context, p, length);
}

static void parts(struct trivy *t, const char *key, const char *list, char separator)
{
	if (!list || !*list)
		return;
	jsonw_key(&t->j, key);
	jsonw_array(&t->j);
	writing_parts(list, separator, part, &t->j);
	jsonw_array_end(&t->j);
}

static void flag(struct trivy *t, const char *key, bool value)
{
	if (value)
		jsonw_kbool(&t->j, key, true);
}

/* ---- packages ---- */

static bool is_rpm(const char *purl)
{
	return !strncmp(purl, "pkg:rpm/", 8);
}

static const char *after_epoch(const char *version)
{
	const char *colon = strchr(version, ':');

	return colon && strspn(version, "0123456789") == (size_t)(colon - version) ? colon + 1 : version;
}

static const char *joined(struct arena *a, const char *name, const char *version)
{
	size_t n = strlen(name), m = strlen(version);
	char *out = arena_text(a, n + m + 2);

	if (!out)
		return NULL;
	memcpy(out, name, n);
	out[n] = '@';
	memcpy(out + n + 1, version, m + 1);
	return out;
}

/* What others refer to a package by; requirements.txt's have no such name. */
static void id(struct trivy *t, const char *key, const struct scan_result *r, const struct scan_package *p, const char *purl)
{
	const char *name;

	if (!strcmp(r->type, "pip"))
		return;
	if (is_rpm(purl))
		name = arena_printf(&t->w->scratch, "%s@%s.%s", p->name, after_epoch(p->version), writing_text(p->arch));
	else
		name = joined(&t->w->scratch, p->name, p->version);
	if (!name)
		t->w->failed = true;
	text(t, key, name);
}

static void identifier(struct trivy *t, const char *key, const char *purl)
{
	if (!*purl)
		return;
	jsonw_key(&t->j, key);
	jsonw_object(&t->j);
	jsonw_kstring(&t->j, "PURL", purl);
	jsonw_object_end(&t->j);
}

/* Trivy takes versions of dpkg and rpm apart: epoch, version, release. */
static void version(struct trivy *t, const char *const keys[3], const char *whole, bool apart)
{
	const char *rest = apart ? after_epoch(whole) : whole;
	const char *dash = apart ? strrchr(rest, '-') : NULL;
	size_t length = dash ? (size_t)(dash - rest) : strlen(rest);

	if (length) {
		jsonw_key(&t->j, keys[0]);
		jsonw_stringn(&t->j, rest, length);
	}
	if (dash)
		text(t, keys[1], dash + 1);
	if (rest != whole && strtoul(whole, NULL, 10))
		jsonw_kint(&t->j, keys[2], (int64_t)strtoul(whole, NULL, 10));
}

static void source(struct trivy *t, const struct scan_package *p, bool apart)
{
	const char *name = *writing_text(p->source_name) ? p->source_name : p->name;
	const char *of = *writing_text(p->source_version) ? p->source_version : p->version;

	text(t, "SrcName", name);
	version(t, (const char *const[]){ "SrcVersion", "SrcRelease", "SrcEpoch" }, of, apart);
}

static void locations(struct trivy *t, const struct scan_package *p)
{
	if (!p->line_from)
		return;
	jsonw_key(&t->j, "Locations");
	jsonw_array(&t->j);
	jsonw_object(&t->j);
	jsonw_kint(&t->j, "StartLine", p->line_from);
	jsonw_kint(&t->j, "EndLine", p->line_to ? p->line_to : p->line_from);
	jsonw_object_end(&t->j);
	jsonw_array_end(&t->j);
}

static void package(struct trivy *t, const struct scan_result *r, const struct scan_package *p)
{
	const char *purl = writing_purl(t->w, r, p);
	bool os = r->packages->class == PACKAGE_OS;
	bool apart = is_rpm(purl) || !strncmp(purl, "pkg:deb/", 8);

	jsonw_object(&t->j);
	id(t, "ID", r, p, purl);
	jsonw_kstring(&t->j, "Name", p->name);
	identifier(t, "Identifier", purl);
	version(t, (const char *const[]){ "Version", "Release", "Epoch" }, p->version, apart);
	text(t, "Arch", p->arch);
	flag(t, "Dev", p->development);
	if (os)
		source(t, p, apart);
	parts(t, "Licenses", p->licenses, ',');
	flag(t, "Indirect", p->indirect);
	if (p->indirect)
		jsonw_kstring(&t->j, "Relationship", "indirect");
	texts(t, "DependsOn", p->depends_on);
	text(t, "FilePath", p->path);
	locations(t, p);
	jsonw_object_end(&t->j);
}

static int by_name(const void *one, const void *two)
{
	const struct scan_package *a = *(const struct scan_package *const *)one, *b = *(const struct scan_package *const *)two;
	int order = strcmp(a->name, b->name);

	if (!order)
		order = strcmp(a->version, b->version);
	return order ? order : strcmp(writing_text(a->path), writing_text(b->path));
}

static void packages(struct trivy *t, const struct scan_result *r)
{
	uint32_t count = r->packages ? r->packages->packages.count : 0;
	const struct scan_package **sorted;

	if (!count)
		return;
	sorted = calloc(count, sizeof(*sorted));
	if (!sorted) {
		t->w->failed = true;
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &r->packages->packages.items[i];
	vec_order(sorted, count, sizeof(*sorted), by_name);
	jsonw_key(&t->j, "Packages");
	jsonw_array(&t->j);
	for (uint32_t i = 0; i < count && !t->w->out->failed; i++) {
		arena_reset(&t->w->scratch);
		package(t, r, sorted[i]);
		str_pass(t->w->out);
	}
	jsonw_array_end(&t->j);
	free(sorted);
}

/* ---- vulnerabilities ---- */

static void data_source(struct trivy *t, const struct advisory *a)
{
	if (!a || !*writing_text(a->source_id))
		return;
	jsonw_key(&t->j, "DataSource");
	jsonw_object(&t->j);
	jsonw_kstring(&t->j, "ID", a->source_id);
	text(t, "Name", a->source_name);
	text(t, "URL", a->source_url);
	jsonw_object_end(&t->j);
}

struct vendor {
	const char *source;
	uint8_t severity;
};

static int by_source(const void *one, const void *two)
{
	return strcmp(((const struct vendor *)one)->source, ((const struct vendor *)two)->source);
}

/* Trivy counts without INFO. */
static int number(uint8_t severity)
{
	return severity > SEVERITY_INFO ? severity - SEVERITY_INFO : 0;
}

/* With the severity that the distribution gives the package itself. */
static void vendors(struct trivy *t, const struct scan_finding *f)
{
	enum { MOST = sizeof(f->details->vendors) / sizeof(*f->details->vendors) };
	struct vendor all[MOST + 1];
	size_t count = 0;
	bool own = *writing_text(f->severity_source);

	for (uint32_t i = 0; i < f->details->vendor_count && i < MOST; i++) {
		all[count].source = f->details->vendors[i].source;
		all[count].severity = f->details->vendors[i].severity;
		if (own && !strcmp(all[count].source, f->severity_source)) {
			all[count].severity = f->severity;
			own = false;
		}
		count++;
	}
	if (own)
		all[count++] = (struct vendor){ f->severity_source, f->severity };
	if (!count)
		return;
	qsort(all, count, sizeof(*all), by_source);
	jsonw_key(&t->j, "VendorSeverity");
	jsonw_object(&t->j);
	for (size_t i = 0; i < count; i++)
		jsonw_kint(&t->j, all[i].source, number(all[i].severity));
	jsonw_object_end(&t->j);
}

static void score(struct trivy *t, const json_t *one)
{
	static const char *const members[] = { "V2Vector", "V3Vector", "V40Vector", "V2Score", "V3Score", "V40Score" };

	jsonw_object(&t->j);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const json_t *value = json_object_get(one, members[i]);

		if (json_is_string(value)) {
			text(t, members[i], json_string_value(value));
		} else if (json_is_number(value) && json_number_value(value) > 0) {
			jsonw_key(&t->j, members[i]);
			jsonw_double(&t->j, json_number_value(value));
		}
	}
	jsonw_object_end(&t->j);
}

static int by_text(const void *one, const void *two)
{
	return strcmp(*(const char *const *)one, *(const char *const *)two);
}

static void cvss(struct trivy *t, const struct scan_finding *f)
{
	json_t *all = writing_cvss(f);
	size_t count = json_object_size(all), n = 0;
	const char **names = count ? ARENA_ARRAY(&t->w->scratch, const char *, count) : NULL;

	if (count && !names)
		t->w->failed = true;
	for (void *i = names ? json_object_iter(all) : NULL; i; i = json_object_iter_next(all, i))
		if (json_is_object(json_object_iter_value(i)))
			names[n++] = json_object_iter_key(i);
	if (n) {
		qsort(names, n, sizeof(*names), by_text);
		jsonw_key(&t->j, "CVSS");
		jsonw_object(&t->j);
		for (size_t i = 0; i < n; i++) {
			jsonw_key(&t->j, names[i]);
			score(t, json_object_get(all, names[i]));
		}
		jsonw_object_end(&t->j);
	}
	json_decref(all);
}

static void vulnerability(struct trivy *t, const struct scan_result *r, const struct scan_finding *f)
{
	const struct scan_package *p = f->package;
	const char *purl = p ? writing_purl(t->w, r, p) : "";

	jsonw_object(&t->j);
	jsonw_kstring(&t->j, "VulnerabilityID", f->id);
	parts(t, "VendorIDs", f->vendor_id, ',');
	if (p) {
		id(t, "PkgID", r, p, purl);
		jsonw_kstring(&t->j, "PkgName", p->name);
		text(t, "PkgPath", p->path);
		identifier(t, "PkgIdentifier", purl);
		text(t, "InstalledVersion", p->version);
	}
	text(t, "FixedVersion", f->fixed);
	text(t, "Status", f->status);
	text(t, "SeveritySource", f->severity_source);
	text(t, "PrimaryURL", f->url);
	data_source(t, f->advisory);
	text(t, "Title", f->title);
	text(t, "Description", f->description);
	jsonw_kstring(&t->j, "Severity", writing_severity(f->severity));
	if (f->details) {
		parts(t, "CweIDs", f->details->cwes, ',');
		vendors(t, f);
		cvss(t, f);
		parts(t, "References", f->details->references, '\n');
		text(t, "PublishedDate", f->details->published);
		text(t, "LastModifiedDate", f->details->modified);
	}
	jsonw_object_end(&t->j);
}

/* ---- secrets and configuration ---- */

static void code(struct trivy *t, const struct scan_finding *f)
{
	jsonw_key(&t->j, "Code");
	jsonw_object(&t->j);
	jsonw_key(&t->j, "Lines");
	jsonw_array(&t->j);
	jsonw_object(&t->j);
	jsonw_kint(&t->j, "Number", f->line_from);
	jsonw_kstring(&t->j, "Content", writing_text(f->match));
	jsonw_kbool(&t->j, "IsCause", true);
	jsonw_kstring(&t->j, "Annotation", "");
	jsonw_kbool(&t->j, "Truncated", false);
	jsonw_kstring(&t->j, "Highlighted", writing_text(f->match));
	jsonw_kbool(&t->j, "FirstCause", true);
	jsonw_kbool(&t->j, "LastCause", true);
	jsonw_object_end(&t->j);
	jsonw_array_end(&t->j);
	jsonw_object_end(&t->j);
}

static void secret(struct trivy *t, const struct scan_result *r, const struct scan_finding *f)
{
	(void)r;
	jsonw_object(&t->j);
	jsonw_kstring(&t->j, "RuleID", f->id);
	jsonw_kstring(&t->j, "Category", writing_text(f->category));
	jsonw_kstring(&t->j, "Severity", writing_severity(f->severity));
	jsonw_kstring(&t->j, "Title", writing_text(f->title));
	jsonw_kint(&t->j, "StartLine", f->line_from);
	jsonw_kint(&t->j, "EndLine", f->line_to ? f->line_to : f->line_from);
	code(t, f);
	jsonw_kstring(&t->j, "Match", writing_text(f->match));
	jsonw_object_end(&t->j);
}

static void misconfiguration(struct trivy *t, const struct scan_result *r, const struct scan_finding *f)
{
	jsonw_object(&t->j);
	text(t, "Type", r->type);
	jsonw_kstring(&t->j, "ID", f->id);
	text(t, "Title", f->title);
	text(t, "Description", f->description);
	jsonw_kstring(&t->j, "Severity", writing_severity(f->severity));
	text(t, "PrimaryURL", f->url);
	jsonw_kstring(&t->j, "Status", "FAIL");
	jsonw_key(&t->j, "CauseMetadata");
	jsonw_object(&t->j);
	if (f->line_from)
		jsonw_kint(&t->j, "StartLine", f->line_from);
	if (f->line_to)
		jsonw_kint(&t->j, "EndLine", f->line_to);
	jsonw_object_end(&t->j);
	jsonw_object_end(&t->j);
}

/* ---- findings ---- */

static const struct {
	uint8_t kind;
	const char *list, *type;
	void (*write)(struct trivy *t, const struct scan_result *r, const struct scan_finding *f);
} kinds[] = {
	{ FINDING_VULNERABILITY, "Vulnerabilities", "vulnerability", vulnerability },
	{ FINDING_MISCONFIGURATION, "Misconfigurations", "misconfiguration", misconfiguration },
	{ FINDING_SECRET, "Secrets", "secret", secret },
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static void findings_of(struct trivy *t, const struct scan_result *r, size_t kind)
{
	bool begun = false;

	for (uint32_t i = 0; i < r->findings.count && !t->w->out->failed; i++) {
		const struct scan_finding *f = &r->findings.items[i];

		if (f->kind != kinds[kind].kind || !scan_finding_counts(f, t->w->show))
			continue;
		if (!begun) {
			jsonw_key(&t->j, kinds[kind].list);
			jsonw_array(&t->j);
		}
		begun = true;
		arena_reset(&t->w->scratch);
		kinds[kind].write(t, r, f);
		str_pass(t->w->out);
	}
	if (begun)
		jsonw_array_end(&t->j);
}

static void modified(struct trivy *t, const struct scan_result *r, const struct scan_finding *f, size_t kind)
{
	const char *why = f->suppressed_statement ? f->suppressed_statement : f->suppressed;

	jsonw_object(&t->j);
	jsonw_kstring(&t->j, "Type", kinds[kind].type);
	jsonw_kstring(&t->j, "Status", *writing_text(f->suppressed_status) ? f->suppressed_status : "ignored");
	jsonw_kstring(&t->j, "Statement", why);
	jsonw_kstring(&t->j, "Source", writing_text(f->suppressed_source ? f->suppressed_source : f->suppressed_by));
	jsonw_key(&t->j, "Finding");
	arena_reset(&t->w->scratch);
	kinds[kind].write(t, r, f);
	jsonw_object_end(&t->j);
	str_pass(t->w->out);
}

static void suppressed(struct trivy *t, const struct scan_result *r)
{
	bool begun = false;

	for (uint32_t i = 0; i < r->findings.count && !t->w->out->failed; i++) {
		const struct scan_finding *f = &r->findings.items[i];
		size_t kind = 0;

		while (kind < KINDS && kinds[kind].kind != f->kind)
			kind++;
		if (kind == KINDS || !f->suppressed || !writing_shows(t->w, f))
			continue;
		if (!begun) {
			jsonw_key(&t->j, "ExperimentalModifiedFindings");
			jsonw_array(&t->j);
		}
		begun = true;
		modified(t, r, f, kind);
	}
	if (begun)
		jsonw_array_end(&t->j);
}

/* A file of a language without packages is no result of Trivy's. */
static bool is_nothing(const struct scan_result *r)
{
	return strcmp(r->class, "os-pkgs") && !r->findings.count && !(r->packages && r->packages->packages.count);
}

static void result(struct trivy *t, const struct scan_result *r)
{
	jsonw_object(&t->j);
	jsonw_kstring(&t->j, "Target", r->target);
	text(t, "Class", r->class);
	text(t, "Type", r->type);
	packages(t, r);
	for (size_t k = 0; k < KINDS; k++)
		findings_of(t, r, k);
	suppressed(t, r);
	jsonw_object_end(&t->j);
}

/* ---- the whole ---- */

static void os(struct trivy *t, const struct scan_os *o)
{
	if (!*writing_text(o->family))
		return;
	jsonw_key(&t->j, "OS");
	jsonw_object(&t->j);
	jsonw_kstring(&t->j, "Family", o->family);
	jsonw_kstring(&t->j, "Name", writing_text(o->version));
	flag(t, "EOSL", o->ended);
	jsonw_object_end(&t->j);
}

static void metadata(struct trivy *t)
{
	const struct scan_report *r = t->w->report;

	if (!*writing_text(r->os.family) && !*writing_text(r->image_id) && !r->diff_ids && !r->repo_tags && !r->repo_digests)
		return;
	jsonw_key(&t->j, "Metadata");
	jsonw_object(&t->j);
	os(t, &r->os);
	text(t, "ImageID", r->image_id);
	texts(t, "DiffIDs", r->diff_ids);
	texts(t, "RepoTags", r->repo_tags);
	texts(t, "RepoDigests", r->repo_digests);
	jsonw_object_end(&t->j);
}

static void sentences(struct trivy *t, const char *key, const char *const *list, uint32_t count)
{
	jsonw_key(&t->j, key);
	jsonw_array(&t->j);
	for (uint32_t i = 0; i < count; i++)
		jsonw_string(&t->j, list[i]);
	jsonw_array_end(&t->j);
}

static void own(struct trivy *t)
{
	const struct scan_report *r = t->w->report;

	jsonw_key(&t->j, "Pipe");
	jsonw_object(&t->j);
	jsonw_kstring(&t->j, "Database", writing_text(r->database));
	jsonw_kint(&t->j, "Files", (int64_t)r->files);
	jsonw_kint(&t->j, "Packages", (int64_t)r->packages);
	text(t, "Digest", r->digest);
	sentences(t, "Notes", r->notes.items, r->notes.count);
	sentences(t, "Warnings", r->warnings.items, r->warnings.count);
	jsonw_object_end(&t->j);
}

void writing_trivy(struct writing *w)
{
	struct trivy t = { .w = w };

	jsonw_init(&t.j, w->out, true);
	jsonw_object(&t.j);
	jsonw_kint(&t.j, "SchemaVersion", 2);
	text(&t, "CreatedAt", w->report->created);
	jsonw_kstring(&t.j, "ArtifactName", writing_text(w->report->artifact));
	text(&t, "ArtifactType", w->report->artifact_type);
	metadata(&t);
	jsonw_key(&t.j, "Results");
	jsonw_array(&t.j);
	for (uint32_t i = 0; i < w->report->results.count && !w->failed && !w->out->failed; i++)
		if (!is_nothing(&w->report->results.items[i]))
			result(&t, &w->report->results.items[i]);
	jsonw_array_end(&t.j);
	own(&t);
	jsonw_object_end(&t.j);
	str_addc(w->out, '\n');
	str_pass(w->out);
}
