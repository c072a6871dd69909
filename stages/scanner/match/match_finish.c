/*
 * What was found, made whole: what the sources know of each vulnerability, asked in the order of ids, in which sources keep them; one
 * finding where a package has a vulnerability under several names; how grave it is; the order in which they are shown.
 */
#include "base/error.h"
#include "base/map.h"
#include "stages/scanner/match/match_rules.h"

#include <stdlib.h>
#include <string.h>

struct finishing {
	struct scan_report *report;
	struct arena *a, scratch; /* scratch: of one package */
	const struct match_options *options;
};

/* ---- what is known of the vulnerabilities ---- */

static int by_finding_id(const void *one, const void *two)
{
	return strcmp((*(struct scan_finding *const *)one)->id, (*(struct scan_finding *const *)two)->id);
}

/* *out NULL: nothing is known of it. */
static int find_details(struct finishing *m, const char *id, const struct advisory_details **out, pipe_error *err)
{
	struct advisory_details *new = ARENA_NEW(m->a, struct advisory_details);
	int rc = PIPE_ENOTFOUND;

	if (!new)
		return error_nomem(err);
	for (size_t i = 0; m->options->sources[i] && rc == PIPE_ENOTFOUND; i++)
		rc = m->options->sources[i]->details(m->options->sources[i]->payload, id, m->a, new, err);
	*out = rc ? NULL : new;
	return rc == PIPE_ENOTFOUND ? PIPE_OK : rc;
}

static int fill_in(struct finishing *m, struct scan_finding *const *findings, uint32_t count, pipe_error *err)
{
	for (uint32_t i = 0; i < count; i++) {
		int rc = PIPE_OK;

		if (match_cancelled(m->options, i))
			return error_set(err, PIPE_ELIMIT, "cancelled");
		if (i && !strcmp(findings[i - 1]->id, findings[i]->id))
			findings[i]->details = findings[i - 1]->details;
		else
			rc = find_details(m, findings[i]->id, &findings[i]->details, err);
		if (rc)
			return rc;
	}
	return PIPE_OK;
}

/* Of all findings of the results [from, ...): each id is asked for once, and one after the other as sources keep them. */
static int add_details(struct finishing *m, uint32_t from, pipe_error *err)
{
	struct scan_finding **findings;
	uint32_t count = 0, n = 0;
	int rc;

	for (uint32_t i = from; i < m->report->results.count; i++)
		count += m->report->results.items[i].findings.count;
	if (!count)
		return PIPE_OK;
	findings = calloc(count, sizeof(*findings));
	if (!findings)
		return error_nomem(err);
	for (uint32_t i = from; i < m->report->results.count; i++)
		for (uint32_t k = 0; k < m->report->results.items[i].findings.count; k++)
			findings[n++] = &m->report->results.items[i].findings.items[k];
	qsort(findings, count, sizeof(*findings), by_finding_id);
	rc = fill_in(m, findings, count, err);
	free(findings);
	return rc;
}

/* ---- what is left of them ---- */

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

static bool remember(struct finishing *m, struct map *seen, const char *id, const struct advisory_details *d)
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

/* What a package has under several names counts once; a package's findings stand together. */
static bool drop_aliases(struct finishing *m, struct scan_result *r)
{
	const struct scan_package *last = NULL;
	struct map seen = MAP_INIT;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < r->findings.count; i++) {
		const struct scan_finding *f = &r->findings.items[i];

		if (f->package != last) {
			arena_reset(&m->scratch);
			seen = (struct map)MAP_INIT;
			last = f->package;
		}
		if (is_known_as(&seen, f->id, f->details))
			continue;
		if (!remember(m, &seen, f->id, f->details))
			return false;
		r->findings.items[kept++] = *f;
	}
	r->findings.count = kept;
	return true;
}

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

static int finish_result(struct finishing *m, struct scan_result *r, pipe_error *err)
{
	bool os = r->packages->class == PACKAGE_OS;
	const struct match_family *family = os ? match_family_of(m->report->os.family) : NULL;

	if (!drop_aliases(m, r))
		return error_nomem(err);
	for (uint32_t i = 0; i < r->findings.count; i++)
		if (!match_judge(family, &r->findings.items[i], m->a))
			return error_nomem(err);
	vec_sort(&r->findings, by_package);
	drop_doubles(r);
	return PIPE_OK;
}

int match_finish(struct scan_report *report, uint32_t from, const struct match_options *options, pipe_error *err)
{
	struct finishing m = { .report = report, .a = report->arena, .options = options };
	int rc = add_details(&m, from, err);

	for (uint32_t i = from; i < report->results.count && !rc; i++)
		rc = finish_result(&m, &report->results.items[i], err);
	arena_clear(&m.scratch);
	return rc;
}
