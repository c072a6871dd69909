/*
 * Packages held against advisories.  Linear in packages: what a source has on a package is looked up once and kept, in the order of ids;
 * so is what is known of a vulnerability.  What could not be compared is counted, and said at the end in a sentence of its own: a package
 * without findings has been compared, or there is a note.
 */
#include "stages/scanner/match.h"

#include "base/error.h"
#include "base/map.h"
#include "stages/scanner/match_rules.h"
#include "stages/scanner/match_tally.h"

#include <stdlib.h>
#include <string.h>

enum { CANCEL_EVERY = 256 };

/* What there is on one package; sorted by id, then by source. */
struct known {
	struct known_advisory {
		const struct advisory *advisory;
		uint32_t source, order;
	} * items;
	uint32_t count, capacity;
};

struct matching {
	struct scan_report *report;
	struct arena *a, scratch; /* scratch: of one package */
	const struct match_options *options;
	struct map packages, details;
	struct tallies tallies;
	/* of the result */
	struct scan_result *result;
	struct ecosystem ecosystem;
	const struct match_family *family; /* NULL: a language */
	const struct version_scheme *scheme;
	struct tally *tally;
	const char *version; /* of the package, as advisories count it */
};

/* ---- what is known ---- */

struct gathering {
	struct matching *m;
	struct known *known;
	uint32_t source;
};

static int gather(void *context, const struct advisory *advisory)
{
	struct gathering *g = context;
	struct known_advisory *slot = vec_push(g->m->a, g->known);
	struct advisory *copy = slot ? ARENA_NEW(g->m->a, struct advisory) : NULL;

	if (!copy)
		return PIPE_ENOMEM;
	*copy = *advisory;
	slot->advisory = copy;
	slot->source = g->source;
	slot->order = g->known->count;
	return PIPE_OK;
}

static int by_id(const void *one, const void *two)
{
	const struct known_advisory *a = one, *b = two;
	int order = strcmp(a->advisory->id, b->advisory->id);

	if (!order)
		order = (a->source > b->source) - (a->source < b->source);
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int look_up_all(struct matching *m, const char *name, struct known *known, pipe_error *err)
{
	for (uint32_t i = 0; m->options->sources[i]; i++) {
		struct advisory_source *source = m->options->sources[i];
		struct gathering g = { m, known, i };
		int rc = source->look_up(source->payload, &m->ecosystem, name, m->a, gather, &g, err);

		if (rc)
			return rc == PIPE_ENOMEM ? error_nomem(err) : rc;
	}
	if (known->count > 1)
		qsort(known->items, known->count, sizeof(*known->items), by_id);
	return PIPE_OK;
}

static int look_up(struct matching *m, const char *name, const struct known **out, pipe_error *err)
{
	const char *key = arena_printf(&m->scratch, "%s\n%s", m->ecosystem.bucket, name);
	struct known *known;
	size_t length;
	int rc;

	if (!key)
		return error_nomem(err);
	length = strlen(key);
	*out = known = map_get(&m->packages, key, length);
	if (known)
		return PIPE_OK;
	known = ARENA_NEW(m->a, struct known);
	key = arena_strndup(m->a, key, length);
	if (!known || !key)
		return error_nomem(err);
	rc = look_up_all(m, name, known, err);
	if (rc)
		return rc;
	*out = known;
	return map_put(&m->packages, m->a, key, length, known) ? PIPE_OK : error_nomem(err);
}

/* Nothing is known of many ids, and that is also only asked once. */
static const struct advisory_details unknown_details;

static int find_details(struct matching *m, const char *id, const struct advisory_details **out, pipe_error *err)
{
	const struct advisory_details *found = map_get(&m->details, id, strlen(id));
	struct advisory_details *new;
	int rc = PIPE_ENOTFOUND;

	*out = found == &unknown_details ? NULL : found;
	if (found)
		return PIPE_OK;
	new = ARENA_NEW(m->a, struct advisory_details);
	if (!new)
		return error_nomem(err);
	for (size_t i = 0; m->options->sources[i] && rc == PIPE_ENOTFOUND; i++)
		rc = m->options->sources[i]->details(m->options->sources[i]->payload, id, m->a, new, err);
	if (rc && rc != PIPE_ENOTFOUND)
		return rc;
	*out = rc ? NULL : new;
	return map_put(&m->details, m->a, id, strlen(id), rc ? (void *)(uintptr_t)&unknown_details : new) ? PIPE_OK
													  : error_nomem(err);
}

/* ---- one package ---- */

/* Seen by their ids and by their aliases, as long as the package lasts. */
static bool is_known_as(const struct map *seen, const char *id, const struct advisory_details *d)
{
	if (map_get(seen, id, strlen(id)))
		return true;
	for (const char *alias = d ? d->aliases : ""; *alias;) {
		size_t n = strcspn(alias, "\n");

		if (n && map_get(seen, alias, n))
			return true;
		alias += n;
		alias += *alias == '\n';
	}
	return false;
}

static bool remember(struct matching *m, struct map *seen, const char *id, const struct advisory_details *d)
{
	if (!map_put(seen, &m->scratch, id, strlen(id), m))
		return false;
	for (const char *alias = d ? d->aliases : ""; *alias;) {
		size_t n = strcspn(alias, "\n");

		if (n && !map_put(seen, &m->scratch, alias, n, m))
			return false;
		alias += n;
		alias += *alias == '\n';
	}
	return true;
}

static int add_finding(struct matching *m, const struct scan_package *p, const struct advisory *a, const char *fixed,
		       struct map *seen, pipe_error *err)
{
	const struct advisory_details *details;
	struct scan_finding *f;
	int rc = find_details(m, a->id, &details, err);

	if (rc)
		return rc;
	if (is_known_as(seen, a->id, details))
		return PIPE_OK;
	f = remember(m, seen, a->id, details) ? vec_push(m->a, &m->result->findings) : NULL;
	if (!f)
		return error_nomem(err);
	*f = (struct scan_finding){ .kind = FINDING_VULNERABILITY,
				    .id = a->id,
				    .package = p,
				    .fixed = fixed,
				    .advisory = a,
				    .details = details,
				    .path = "",
				    .category = "",
				    .match = "",
				    .suppressed_by = "",
				    .suppressed_status = "" };
	return match_judge(m->family, f, m->a) ? PIPE_OK : error_nomem(err);
}

static enum version_range judge(const struct matching *m, const struct advisory *a)
{
	return m->family ? match_os(m->family, m->scheme, m->version, a) : match_ranges(m->scheme, m->version, a);
}

/* Of several advisories of one vulnerability (Red Hat: one an erratum) the highest version is the one that mends it. */
static bool is_later(const struct matching *m, const struct advisory *a, const struct advisory *than)
{
	if (!*a->fixed_below || !*than->fixed_below)
		return *a->fixed_below && !*than->fixed_below;
	return m->scheme->valid(a->fixed_below) && m->scheme->valid(than->fixed_below) &&
	       m->scheme->compare(a->fixed_below, than->fixed_below) > 0;
}

/* The advisories [from, to) on one vulnerability, those of the first source that has one. */
struct group {
	const struct known_advisory *from, *to;
};

static bool concerns(const struct matching *m, const struct scan_package *p, const struct advisory *a)
{
	return !m->family || match_os_concerns(m->family, p, a);
}

/* The one that mends it last, when the package is older than that; NULL: none. */
static const struct advisory *latest(struct matching *m, const struct scan_package *p, const struct group *g)
{
	const struct advisory *last = NULL;
	enum version_range in;

	for (const struct known_advisory *k = g->from; k < g->to; k++)
		if (concerns(m, p, k->advisory) && (!last || is_later(m, k->advisory, last)))
			last = k->advisory;
	in = last ? judge(m, last) : RANGE_OUT;
	if (in == RANGE_UNKNOWN)
		tally_advisory(m->tally, p, last);
	return in == RANGE_IN ? last : NULL;
}

/* Of all that the package is in, the one that names the greatest text as mended version, as Trivy does. */
static int greatest(struct matching *m, const struct scan_package *p, const struct group *g, const struct advisory **chosen,
		    const char **fixed)
{
	for (const struct known_advisory *k = g->from; k < g->to; k++) {
		enum version_range in = concerns(m, p, k->advisory) ? judge(m, k->advisory) : RANGE_OUT;
		const char *text;

		if (in == RANGE_UNKNOWN)
			tally_advisory(m->tally, p, k->advisory);
		if (in != RANGE_IN)
			continue;
		text = match_fixed(m->family, k->advisory, m->a);
		if (!text)
			return PIPE_ENOMEM;
		if (!*chosen || strcmp(*fixed, text) < 0) {
			*chosen = k->advisory;
			*fixed = text;
		}
	}
	return PIPE_OK;
}

static int match_group(struct matching *m, const struct scan_package *p, const struct group *g, struct map *seen, pipe_error *err)
{
	const struct advisory *chosen = NULL;
	const char *fixed = "";

	if (m->family && m->family->latest && !g->from->advisory->ranged) {
		chosen = latest(m, p, g);
		fixed = chosen ? match_fixed(m->family, chosen, m->a) : "";
	} else if (greatest(m, p, g, &chosen, &fixed)) {
		return error_nomem(err);
	}
	return chosen ? add_finding(m, p, chosen, fixed, seen, err) : PIPE_OK;
}

/* Where the group that begins at `from` ends, and in *next the first that is on another vulnerability. */
static struct group group_at(const struct known *known, uint32_t from, uint32_t *next)
{
	const struct known_advisory *first = known->items + from;
	struct group g = { first, first + 1 };
	uint32_t end = from + 1;

	while (end < known->count && !strcmp(known->items[end].advisory->id, first->advisory->id))
		if (known->items[end++].source == first->source)
			g.to = known->items + end;
	*next = end;
	return g;
}

static int match_package(struct matching *m, const struct scan_package *p, pipe_error *err)
{
	const struct known *known = NULL;
	struct map seen = MAP_INIT;
	enum match_skip skip = m->family ? match_skips(m->family, p) : MATCH_LOOKED_UP;
	const char *name = m->family ? match_os_name(m->family, p, &m->scratch)
				     : ecosystem_package(m->result->type, p->name, &m->scratch);
	int rc;

	m->version = m->family ? match_os_version(m->family, p) : p->version;
	if (skip == MATCH_MODULAR)
		tally_count(&m->tally->modular, p);
	if (skip != MATCH_LOOKED_UP)
		return PIPE_OK;
	rc = name ? look_up(m, name, &known, err) : error_nomem(err);
	if (rc || !known->count)
		return rc;
	if (!m->version || !m->scheme->valid(m->version)) {
		tally_count(&m->tally->versions, p);
		return PIPE_OK;
	}
	for (uint32_t i = 0, next; i < known->count && !rc; i = next) {
		struct group g = group_at(known, i, &next);

		rc = match_group(m, p, &g, &seen, err);
	}
	return rc;
}

/* ---- one result ---- */

/* By package, its version, severity (the gravest first), id, path. */
static int by_package(const void *one, const void *two)
{
	const struct scan_finding *a = one, *b = two;
	int order = strcmp(a->package->name, b->package->name);

	if (!order)
		order = strcmp(a->package->version, b->package->version);
	if (!order)
		order = (a->severity < b->severity) - (a->severity > b->severity);
	if (!order)
		order = strcmp(a->id, b->id);
	return order ? order : strcmp(a->package->path ? a->package->path : "", b->package->path ? b->package->path : "");
}

/* A package that is listed twice (of two architectures) has each vulnerability once. */
static void drop_doubles(struct scan_result *r)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < r->findings.count; i++) {
		const struct scan_finding *f = &r->findings.items[i], *last = kept ? &r->findings.items[kept - 1] : NULL;

		if (last && !by_package(last, f) && strcmp(last->fixed, f->fixed) >= 0)
			continue;
		if (last && !by_package(last, f))
			kept--;
		r->findings.items[kept++] = *f;
	}
	r->findings.count = kept;
}

static bool covered(const struct matching *m)
{
	for (size_t i = 0; m->options->sources[i]; i++)
		if (m->options->sources[i]->covers(m->options->sources[i]->payload, &m->ecosystem))
			return true;
	return false;
}

/* Why packages of this result cannot be compared at all; or NULL. */
static const char *prepare(struct matching *m)
{
	const struct package_list *list = m->result->packages;
	bool os = list->class == PACKAGE_OS;

	m->family = NULL;
	ecosystem_of(m->result->type, os ? &m->report->os : NULL, m->a, &m->ecosystem);
	if (os) {
		m->family = match_family_of(m->report->os.family);
		if (!m->report->os.family || !*m->report->os.family)
			return "it is not known which distribution they belong to";
		if (!m->family || m->family->no_data)
			return "nobody publishes advisories of that distribution that could be read";
	}
	m->scheme = m->ecosystem.scheme ? version_scheme_named(m->ecosystem.scheme) : NULL;
	if (!m->scheme)
		m->scheme = package_scheme(m->result->type);
	if (!m->ecosystem.bucket || !*m->ecosystem.bucket)
		return "there are no advisories of such packages";
	if (!m->scheme)
		return "how their versions are ordered is not known";
	return covered(m) ? NULL : "the advisories at hand hold nothing on such packages";
}

static int match_result(struct matching *m, struct scan_result *result, pipe_error *err)
{
	const struct package_list *list = result->packages;
	const char *why;
	int rc = PIPE_OK;

	m->result = result;
	m->tally = tally_of(&m->tallies, m->a, *result->type ? result->type : "unknown");
	if (!m->tally)
		return error_nomem(err);
	why = list->packages.count ? prepare(m) : NULL;
	if (why) {
		m->tally->incomparable += list->packages.count;
		m->tally->why = why;
		return PIPE_OK;
	}
	for (uint32_t i = 0; i < list->packages.count && !rc; i++) {
		if (i % CANCEL_EVERY == 0 && m->options->cancel && atomic_load_explicit(m->options->cancel, memory_order_relaxed))
			return error_set(err, PIPE_ELIMIT, "cancelled");
		arena_clear(&m->scratch);
		rc = match_package(m, &list->packages.items[i], err);
	}
	if (!rc && result->findings.count > 1) {
		qsort(result->findings.items, result->findings.count, sizeof(*result->findings.items), by_package);
		drop_doubles(result);
	}
	return rc;
}

/* A distribution that nobody mends any more has no new advisories either. */
static bool warn_of_end(struct scan_report *report)
{
	const char **slot, *text;

	if (!report->os.ended)
		return true;
	text = arena_printf(report->arena, "the support of %s %s has ended: what was found since then is in no advisory",
			    report->os.family, report->os.version ? report->os.version : "");
	slot = text ? vec_push(report->arena, &report->warnings) : NULL;
	if (slot)
		*slot = text;
	return slot != NULL;
}

int scan_match(struct scan_report *report, const struct package_list *const *lists, size_t count,
	       const struct match_options *options, pipe_error *err)
{
	struct matching m = { .report = report, .a = report->arena, .options = options };
	uint32_t before = report->results.count;
	int rc = match_targets(report, lists, count, options, &m.tallies, err);

	for (uint32_t i = before; i < report->results.count && !rc; i++)
		rc = match_result(&m, &report->results.items[i], err);
	arena_clear(&m.scratch);
	if (!rc && (!tallies_say(&m.tallies, report) || !warn_of_end(report)))
		rc = error_nomem(err);
	return rc;
}
