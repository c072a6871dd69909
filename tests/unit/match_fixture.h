/* Advisories from a table, and packages to hold against them. */
#ifndef TEST_MATCH_FIXTURE_H
#define TEST_MATCH_FIXTURE_H

#include "stages/scanner/match/match.h"

#include <check.h>
#include <string.h>

struct known_row {
	const char *bucket, *package;
	struct advisory advisory;
};
struct detail_row {
	const char *id;
	struct advisory_details details;
};
/* Ends with a row without a bucket, without an id. */
struct table_source {
	const struct known_row *known;
	const struct detail_row *details;
	unsigned look_ups, asked; /* how often; for details */
	int fails;		  /* what look_up says instead; 0: it works */
};

static inline struct advisory whole(struct advisory a)
{
	const char **texts[] = { &a.id,	    &a.vendor_id, &a.fixed,	  &a.fixed_below, &a.affected_from,
				 &a.status, &a.source_id, &a.source_name, &a.source_url };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		*texts[i] = *texts[i] ? *texts[i] : "";
	if (!*a.fixed)
		a.fixed = a.fixed_below;
	return a;
}

static inline int table_look_up(void *payload, const struct ecosystem *e, const char *package, struct arena *a,
				int (*each)(void *context, const struct advisory *advisory), void *context, pipe_error *err)
{
	struct table_source *t = payload;

	(void)a, (void)err;
	t->look_ups++;
	if (t->fails)
		return t->fails;
	for (const struct known_row *r = t->known; r && r->bucket; r++)
		if (!strcmp(r->bucket, e->bucket) && !strcmp(r->package, package)) {
			struct advisory one = whole(r->advisory);
			int rc = each(context, &one);

			if (rc)
				return rc;
		}
	return PIPE_OK;
}

static inline int table_details(void *payload, const char *id, struct arena *a, struct advisory_details *out, pipe_error *err)
{
	struct table_source *t = payload;

	(void)a, (void)err;
	t->asked++;
	for (const struct detail_row *r = t->details; r && r->id; r++)
		if (!strcmp(r->id, id)) {
			const char **texts[] = { &out->title,	 &out->description, &out->cwes, &out->published,
						 &out->modified, &out->references,  &out->cvss, &out->aliases };

			*out = r->details;
			for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
				*texts[i] = *texts[i] ? *texts[i] : "";
			return PIPE_OK;
		}
	return PIPE_ENOTFOUND;
}

static inline bool table_covers(void *payload, const struct ecosystem *e)
{
	struct table_source *t = payload;

	for (const struct known_row *r = t->known; r && r->bucket; r++)
		if (!strcmp(r->bucket, e->bucket))
			return true;
	return false;
}

static inline struct advisory_source table_open(struct table_source *t)
{
	return (struct advisory_source){
		.name = "a table", .look_up = table_look_up, .details = table_details, .covers = table_covers, .payload = t
	};
}

/* A list of packages in the report's arena. */
static inline struct package_list *list_of(struct arena *a, const char *type, enum package_class class, const char *path)
{
	struct package_list *l = ARENA_NEW(a, struct package_list);

	l->type = type;
	l->class = class;
	l->path = path;
	return l;
}

static inline struct scan_package *add_package(struct arena *a, struct package_list *l, const char *name, const char *version)
{
	struct scan_package *p = vec_push(a, &l->packages);

	p->name = name;
	p->version = version;
	p->source_name = p->source_version = p->arch = p->licenses = p->purl = p->path = "";
	return p;
}

#endif
