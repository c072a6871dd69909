/*
 * Decisions applied to a report.  Entries are found by the ids of a finding (its own and its aliases), so the work is linear in findings.
 * What an ignore file says counts at once; of a VEX document's statements on one package the last one counts.
 */
#include "stages/scanner/suppress/suppress_entry.h"

#include "base/error.h"
#include "base/glob.h"
#include "stages/scanner/advisory/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WARNINGS_MOST = 50 };

/* ---- the set ---- */

struct suppressions *suppressions_new(struct arena *a)
{
	struct suppressions *s = ARENA_NEW(a, struct suppressions);

	if (s)
		s->a = a;
	return s;
}

struct suppress_file *suppress_file_new(struct suppressions *s, const char *path, bool vex)
{
	struct suppress_file *file = ARENA_NEW(s->a, struct suppress_file);
	struct suppress_file **slot = file ? vec_push(s->a, &s->files) : NULL;

	if (!slot)
		return NULL;
	file->path = arena_strdup(s->a, path);
	file->vex = vex;
	*slot = file;
	return file->path ? file : NULL;
}

bool suppress_also(struct suppressions *s, struct suppress_entry *entry, const char *id)
{
	struct suppress_chain *chain = map_get(&s->by_id, id, strlen(id));
	struct suppress_link *link = ARENA_NEW(s->a, struct suppress_link);

	if (!link)
		return false;
	if (!chain) {
		const char *key = arena_strdup(s->a, id);

		chain = key ? ARENA_NEW(s->a, struct suppress_chain) : NULL;
		if (!chain || !map_put(&s->by_id, s->a, key, strlen(key), chain))
			return false;
		chain->last = &chain->first;
	}
	link->entry = entry;
	*chain->last = link;
	chain->last = &link->next;
	return true;
}

struct suppress_entry *suppress_entry_new(struct suppressions *s, struct suppress_file *file, const char *id, uint32_t line)
{
	struct suppress_entry *e = ARENA_NEW(s->a, struct suppress_entry);
	struct suppress_entry **slot = e ? vec_push(s->a, &s->entries) : NULL;

	if (!slot)
		return NULL;
	*slot = e;
	e->file = file;
	e->line = line;
	e->number = s->entries.count;
	e->id = arena_strdup(s->a, id);
	e->kinds = ~0u;
	e->until = e->comment = e->reason = "";
	e->status = "ignored";
	file->entries++;
	return e->id && suppress_also(s, e, id) ? e : NULL;
}

struct suppress_product *suppress_product_new(struct suppressions *s, struct suppress_entry *entry, const char *text)
{
	struct suppress_product *p = vec_push(s->a, &entry->products);

	if (!p)
		return NULL;
	p->text = arena_strdup(s->a, text);
	p->purl = p->text ? purl_parse(s->a, p->text) : NULL;
	return p->text ? p : NULL;
}

bool suppress_part(struct suppressions *s, struct suppress_product *product, const char *text)
{
	struct purl *purl = purl_parse(s->a, text);
	struct purl **slot = purl ? vec_push(s->a, &product->parts) : NULL;

	product->in_parts = true;
	if (slot)
		*slot = purl;
	return slot || !purl;
}

bool suppress_time(const char *text, int64_t *ms)
{
	char whole[32];

	if (strlen(text) != 10)
		return advisory_time(text, ms);
	snprintf(whole, sizeof(whole), "%sT00:00:00Z", text);
	return advisory_time(whole, ms);
}

int suppress_fail(const struct suppress_file *file, uint32_t line, pipe_error *err, const char *format, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	error_set(err, PIPE_EPIPELINE, "%s", text);
	if (err) {
		snprintf(err->file, sizeof(err->file), "%s", file->path);
		err->line = line;
		err->column = 0;
	}
	return PIPE_EPIPELINE;
}

/* ---- what an entry means ---- */

struct applying {
	struct suppressions *s;
	struct scan_report *report;
	const struct scan_result *result;
	const struct scan_finding *finding;
	const struct purl *purl;  /* of its package; NULL */
	VEC(struct purl *) roots; /* of the target itself */
};

static bool path_matches(const struct suppress_entry *e, const char *path)
{
	for (uint32_t i = 0; path && *path && i < e->paths.count; i++)
		if (glob_match(e->paths.items[i], path))
			return true;
	return false;
}

static bool is_ignored(const struct applying *a, const struct suppress_entry *e)
{
	const struct scan_finding *f = a->finding;

	if (e->paths.count && !path_matches(e, a->result->target) && !path_matches(e, f->path) &&
	    !(f->package && path_matches(e, f->package->path)))
		return false;
	for (uint32_t i = 0; a->purl && i < e->purls.count; i++)
		if (purl_matches(e->purls.items[i], a->purl))
			return true;
	return !a->purl || !e->purls.count;
}

static bool is_target(const struct applying *a, const struct suppress_product *p)
{
	const struct scan_report *r = a->report;

	for (uint32_t i = 0; p->purl && i < a->roots.count; i++)
		if (purl_matches(p->purl, a->roots.items[i]))
			return true;
	if (p->purl)
		return false;
	for (size_t i = 0; r->repo_tags && r->repo_tags[i]; i++)
		if (!strcmp(p->text, r->repo_tags[i]))
			return true;
	for (size_t i = 0; r->repo_digests && r->repo_digests[i]; i++)
		if (!strcmp(p->text, r->repo_digests[i]))
			return true;
	return r->artifact && !strcmp(p->text, r->artifact);
}

static bool is_meant(const struct applying *a, const struct suppress_product *p)
{
	if (p->purl && a->purl && !p->in_parts && purl_matches(p->purl, a->purl))
		return true;
	if (!is_target(a, p))
		return false;
	for (uint32_t i = 0; a->purl && i < p->parts.count; i++)
		if (purl_matches(p->parts.items[i], a->purl))
			return true;
	return !p->in_parts;
}

static bool applies(const struct applying *a, const struct suppress_entry *e)
{
	if (!(e->kinds & 1u << a->finding->kind))
		return false;
	if (!e->file->vex)
		return is_ignored(a, e);
	for (uint32_t i = 0; i < e->products.count; i++)
		if (is_meant(a, &e->products.items[i]))
			return true;
	return false;
}

/* ---- one finding ---- */

struct choice {
	struct suppress_entry *entry; /* that suppresses it; NULL: none */
	struct suppress_entry *last;  /* the last statement of the document under way */
};

static bool says_no(const struct suppress_entry *e)
{
	return e && (!strcmp(e->status, "not_affected") || !strcmp(e->status, "fixed"));
}

static void consider(const struct applying *a, const char *id, size_t length, struct choice *c)
{
	const struct suppress_chain *chain = map_get(&a->s->by_id, id, length);

	for (struct suppress_link *l = chain ? chain->first : NULL; l; l = l->next) {
		struct suppress_entry *e = l->entry;

		if (e->expired || !applies(a, e))
			continue;
		e->file->matched += !e->used;
		e->used = true;
		if (!e->file->vex) {
			if (!c->entry || c->entry->file->vex)
				c->entry = e;
			continue;
		}
		if (!c->last || c->last->file != e->file) {
			if (!c->entry && says_no(c->last))
				c->entry = c->last;
			c->last = e;
		} else if (e->at > c->last->at || (e->at == c->last->at && e->number > c->last->number)) {
			c->last = e;
		}
	}
}

static const char *sentence(const struct applying *a, const struct suppress_entry *e)
{
	const char *why = e->file->vex ? e->reason : e->comment;
	const char *what = !e->file->vex ? "ignored" : !strcmp(e->status, "fixed") ? "fixed" : "not affected";

	return arena_printf(a->s->a, "%s by %s, line %" PRIu32 "%s%s%s%s", what, e->file->path, e->line,
			    *e->until ? ", until " : "", e->until, *why ? ": " : "", why);
}

static bool mark(const struct applying *a, struct scan_finding *f, const struct suppress_entry *e)
{
	f->suppressed = sentence(a, e);
	f->suppressed_by = e->file->vex ? "vex" : "ignore";
	f->suppressed_status = e->status;
	f->suppressed_source = e->file->path;
	f->suppressed_statement = e->file->vex ? e->reason : e->says ? e->comment : "";
	return f->suppressed != NULL;
}

static bool has_entries(const struct applying *a)
{
	const struct scan_finding *f = a->finding;
	const char *alias = f->details && f->details->aliases ? f->details->aliases : "";

	if (map_get(&a->s->by_id, f->id, strlen(f->id)))
		return true;
	while (*alias) {
		size_t n = strcspn(alias, "\n");

		if (n && map_get(&a->s->by_id, alias, n))
			return true;
		alias += n;
		alias += *alias == '\n';
	}
	return false;
}

static bool apply_to(struct applying *a, struct scan_finding *f)
{
	const char *alias = f->details && f->details->aliases ? f->details->aliases : "";
	struct choice c = { 0 };

	a->finding = f;
	a->purl = NULL;
	if (!has_entries(a))
		return true;
	if (f->package) {
		bool os = a->result->packages && a->result->packages->class == PACKAGE_OS;
		const char *purl = f->package->purl && *f->package->purl
					   ? f->package->purl
					   : package_purl(a->s->a, a->result->type, os ? &a->report->os : NULL, f->package);

		a->purl = purl ? purl_parse(a->s->a, purl) : NULL;
	}
	consider(a, f->id, strlen(f->id), &c);
	while (*alias) {
		size_t n = strcspn(alias, "\n");

		if (n && (strlen(f->id) != n || memcmp(f->id, alias, n) != 0))
			consider(a, alias, n, &c);
		alias += n;
		alias += *alias == '\n';
	}
	if (!c.entry && says_no(c.last))
		c.entry = c.last;
	return !c.entry || f->suppressed || mark(a, f, c.entry);
}

/* ---- the target ---- */

/* registry/a/name:tag, registry/a/name@digest -> pkg:oci/name@digest?repository_url=registry/a/name */
static bool add_root(struct applying *a, const char *reference)
{
	const char *slash = strrchr(reference, '/');
	const char *name = slash ? slash + 1 : reference;
	size_t length = strcspn(name, ":@");
	const char *digest = strchr(name, '@');
	struct purl *p = ARENA_NEW(a->s->a, struct purl);
	struct purl **slot = p ? vec_push(a->s->a, &a->roots) : NULL;

	if (!slot)
		return false;
	*slot = p;
	p->type = "oci";
	p->subpath = "";
	p->path = arena_strndup(a->s->a, name, length);
	p->version = digest ? digest + 1 : "";
	p->qualifiers[0].key = "repository_url";
	p->qualifiers[0].value = arena_strndup(a->s->a, reference, (size_t)(name - reference) + length);
	p->count = 1;
	return p->path && p->qualifiers[0].value;
}

static bool find_roots(struct applying *a)
{
	const char *const *lists[] = { a->report->repo_digests, a->report->repo_tags };

	for (size_t i = 0; i < 2; i++)
		for (const char *const *one = lists[i]; one && *one; one++)
			if (!add_root(a, *one))
				return false;
	return true;
}

/* ---- warnings ---- */

static bool warn(struct scan_report *r, const char *text)
{
	const char **slot = text ? vec_push(r->arena, &r->warnings) : NULL;

	if (slot)
		*slot = text;
	return slot != NULL;
}

/* NULL: nothing has to be said of it. */
static bool warn_entry(struct scan_report *r, const struct suppress_entry *e)
{
	if (e->expired)
		return warn(r, arena_printf(r->arena, "%s, line %" PRIu32 ": %s has expired on %s and is no longer passed over",
					    e->file->path, e->line, e->id, e->until));
	if (e->twice)
		return warn(r, arena_printf(r->arena, "%s, line %" PRIu32 ": %s stands there already", e->file->path, e->line,
					    e->id));
	return warn(r, arena_printf(r->arena, "%s, line %" PRIu32 ": %s matches nothing", e->file->path, e->line, e->id));
}

/* A VEX document speaks of many things that are not there: one sentence a file, and only where none of it matches. */
static bool warn_file(struct scan_report *r, const struct suppress_file *f)
{
	if (!f->vex || f->matched)
		return true;
	if (!f->entries)
		return warn(r, arena_printf(r->arena, "%s says nothing about any vulnerability", f->path));
	return warn(r, arena_printf(r->arena,
				    "%s, line %" PRIu32 ": none of its %" PRIu32
				    " statements matches a finding (the first is on %s)",
				    f->path, f->unmatched->line, f->entries, f->unmatched->id));
}

static bool warn_all(struct suppressions *s, struct scan_report *r)
{
	uint32_t said = 0, left = 0;
	bool ok = true;

	for (uint32_t i = 0; i < s->entries.count && ok; i++) {
		struct suppress_entry *e = s->entries.items[i];

		if (!e->file->unmatched && !e->used)
			e->file->unmatched = e;
		if (e->file->vex || (e->used && !e->twice))
			continue;
		if (said++ < WARNINGS_MOST)
			ok = warn_entry(r, e);
		else
			left++;
	}
	if (ok && left)
		ok = warn(r,
			  arena_printf(r->arena, "%" PRIu32 " more entries of ignore files have expired or match nothing", left));
	for (uint32_t i = 0; i < s->files.count && ok; i++)
		ok = warn_file(r, s->files.items[i]);
	return ok;
}

bool suppressions_apply(struct suppressions *s, struct scan_report *report)
{
	struct applying a = { .s = s, .report = report };

	if (!find_roots(&a))
		return false;
	for (uint32_t i = 0; i < report->results.count; i++) {
		struct scan_result *r = &report->results.items[i];

		a.result = r;
		for (uint32_t k = 0; k < r->findings.count; k++)
			if (!apply_to(&a, &r->findings.items[k]))
				return false;
	}
	return warn_all(s, report);
}
