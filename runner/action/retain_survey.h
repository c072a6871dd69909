/*
 * What a repository holds, as far as it must be known before anything is removed from it: its tags, the manifests under them, what those
 * need, and when images were made.  Either it is known whole, or the survey fails.
 */
#ifndef RUNNER_ACTION_RETAIN_SURVEY_H
#define RUNNER_ACTION_RETAIN_SURVEY_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "runner/oci/manifest_view.h"

struct survey_manifest {
	const char *digest;
	struct manifest_view view;
	bool dated;
	int64_t created_ms;    /* of an index: of its newest part */
	const char *needed_by; /* a kept tag; NULL: none */
	/* what became of it */
	enum { MANIFEST_STAYS, MANIFEST_REMOVED, MANIFEST_REFUSED } fate;
	const char *why;
};

struct survey_tag {
	const char *name;
	struct survey_manifest *manifest; /* NULL: it went while we looked */
	const char *companion_of;	  /* digest that the name speaks of ("sha256-<hex>.sig": signatures and the like); NULL */
	bool eligible;			  /* it may be removed */
	bool kept;
};

struct survey {
	struct registry *registry;
	const char *repository;
	struct arena *arena;
	VEC(struct survey_tag) tags; /* as the registry lists them */
	struct map manifests;	     /* digest -> struct survey_manifest */
};

/* Lists the tags and gets their manifests. */
int survey_take(struct survey *s, pipe_error *err);
/* Finds out when it was made; dated stays false where it does not say. */
int survey_date(struct survey *s, struct survey_manifest *m, pipe_error *err);
/* Marks it, and what it needs, as needed by a tag that is kept. */
int survey_need(struct survey *s, struct survey_manifest *m, const char *tag, pipe_error *err);
/* NULL: nothing is known of it. */
struct survey_manifest *survey_find(const struct survey *s, const char *digest);

#endif
