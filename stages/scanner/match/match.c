/*
 * Packages held against advisories.  Linear in packages: what a source has on a package is looked up once and kept, in the order of ids;
 * what is known of the vulnerabilities, when all that were found are known.  What could not be compared is counted, and said at the end in a sentence of its own: a package
 * without findings has been compared, or there is a note.
 */
#include "stages/scanner/match/match.h"

#include "base/error.h"
#include "base/map.h"
#include "stages/scanner/match/match_rules.h"
#include "stages/scanner/match/match_tally.h"

#include <stdlib.h>
#include <string.h>

/* What there is on one package; sorted by id, then by source. */
struct known {
	struct known_advisory {
		const struct advisory *advisory;
		uint32_t source, order;
	} * items;
	uint32_t count, capacity;
};

/* By the names of packages: struct known. */
struct looked_up {
	const char *bucket;
	struct map packages;
};

struct matching {
	struct scan_report *report;
	struct arena *a, scratch; /* scratch: of one package */
	const struct match_options *options;
	struct tallies tallies;
	VEC(struct looked_up *) ecosystems;
	/* of the result */
	struct scan_result *result;
	struct ecosystem ecosystem;
	struct looked_up *looked_up;	   /* of the ecosystem */
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

/* Of most packages nothing is known, and that is also only asked once. */
static const struct known nothing;

static int look_up(struct matching *m, const char *name, const struct known **out, pipe_error *err)
{
	size_t length = strlen(name);
	struct known all = { 0 }, *known = NULL;
	int rc;

	*out = map_get(&m->looked_up->packages, name, length);
	if (*out)
		return PIPE_OK;
	rc = look_up_all(m, name, &all, err);
	if (rc)
		return rc;
	known = all.count ? ARENA_NEW(m->a, struct known) : NULL;
	if (known)
		*known = all;
	*out = known ? known : &nothing;
	name = arena_strndup(m->a, name, length);
	return (known || !all.count) && name && map_put(&m->looked_up->packages, m->a, name, length, (void *)(uintptr_t)*out)
		       ? PIPE_OK
		       : error_nomem(err);
}

/* What was looked up in the ecosystem of the result; NULL: no memory. */
static struct looked_up *looked_up_of(struct matching *m, const char *bucket)
{
	struct looked_up **slot, *new;

	for (uint32_t i = 0; i < m->ecosystems.count; i++)
		if (!strcmp(m->ecosystems.items[i]->bucket, bucket))
			return m->ecosystems.items[i];
	new = ARENA_NEW(m->a, struct looked_up);
	slot = new ? vec_push(m->a, &m->ecosystems) : NULL;
	if (!slot)
		return NULL;
	new->bucket = bucket;
	*slot = new;
	return new;
}

/* ---- one package ---- */

static int add_finding(struct matching *m, const struct scan_package *p, const struct advisory *a, const char *fixed,
		       pipe_error *err)
{
	struct scan_finding *f = vec_push(m->a, &m->result->findings);

	if (!f)
		return error_nomem(err);
	*f = (struct scan_finding){ .kind = FINDING_VULNERABILITY,
				    .id = a->id,
				    .package = p,
				    .fixed = fixed,
				    .advisory = a,
				    .path = "",
				    .category = "",
				    .match = "",
				    .suppressed_by = "",
				    .suppressed_status = "" };
	return PIPE_OK;
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

static int match_group(struct matching *m, const struct scan_package *p, const struct group *g, pipe_error *err)
{
	const struct advisory *chosen = NULL;
	const char *fixed = "";

	if (m->family && m->family->latest && !g->from->advisory->ranged) {
		chosen = latest(m, p, g);
		fixed = chosen ? match_fixed(m->family, chosen, m->a) : "";
	} else if (greatest(m, p, g, &chosen, &fixed)) {
		return error_nomem(err);
	}
	return chosen ? add_finding(m, p, chosen, fixed, err) : PIPE_OK;
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

		rc = match_group(m, p, &g, err);
	}
	return rc;
}

/* ---- one result ---- */

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
	m->looked_up = list->packages.count ? looked_up_of(m, m->ecosystem.bucket) : NULL;
	if (list->packages.count && !m->looked_up)
		return error_nomem(err);
	for (uint32_t i = 0; i < list->packages.count && !rc; i++) {
		if (match_cancelled(m->options, i))
			return error_set(err, PIPE_ELIMIT, "cancelled");
		arena_reset(&m->scratch);
		rc = match_package(m, &list->packages.items[i], err);
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
	if (!rc)
		rc = match_finish(report, before, options, err);
	arena_clear(&m.scratch);
	if (!rc && (!tallies_say(&m.tallies, report) || !warn_of_end(report)))
		rc = error_nomem(err);
	return rc;
}
