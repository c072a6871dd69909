/*
 * Removing old tags.  Registries delete manifests, and all tags of one go with it; so that a manifest goes only when no tag that is kept
 * has it or needs it.  Invariant: nothing is removed before all is known.
 */
#include "base/error.h"
#include "base/glob.h"
#include "base/str.h"
#include "runner/action/registry.h"
#include "runner/action/retain_survey.h"

#include <stdlib.h>
#include <string.h>

struct retain {
	const struct action_retain *a;
	struct action_context *context;
	struct survey survey;
	struct survey_tag **old; /* eligible ones of known age, newest first; the first `keep` stay */
	uint32_t old_count, removed, refused;
	pipe_error first; /* why the first that could not be removed was not */
	struct str answer;
};

static void say(struct retain *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct retain *r, const char *format, ...)
{
	struct str line;
	va_list ap;

	str_init(&line);
	va_start(ap, format);
	str_vprintf(&line, format, ap);
	va_end(ap);
	if (!line.failed)
		r->context->say(r->context->payload, line.data);
	str_clear(&line);
}

/* ---- which ---- */

static bool is_eligible(const struct retain *r, const struct survey_tag *t)
{
	const struct action_retain *a = r->a;

	return t->manifest && (!a->protect || strcmp(t->name, a->protect) != 0) &&
	       (!a->pattern || glob_match(a->pattern, t->name));
}

/* Newest first; what was made at the same moment by its name, numbers as numbers. */
static int compare(const void *x, const void *y)
{
	const struct survey_tag *a = *(struct survey_tag *const *)x, *b = *(struct survey_tag *const *)y;

	if (a->manifest->created_ms != b->manifest->created_ms)
		return a->manifest->created_ms > b->manifest->created_ms ? -1 : 1;
	return strverscmp(b->name, a->name);
}

/* The protected one counts, too, where it is of the kind that is counted. */
static bool is_counted(const struct retain *r, const struct survey_tag *t)
{
	return t->manifest && !t->companion_of && (!r->a->pattern || glob_match(r->a->pattern, t->name));
}

static int put_in_order(struct retain *r, pipe_error *err)
{
	struct survey *s = &r->survey;

	r->old = ARENA_ARRAY(r->context->arena, struct survey_tag *, (size_t)s->tags.count + 1);
	if (!r->old)
		return error_nomem(err);
	for (uint32_t i = 0; i < s->tags.count; i++) {
		struct survey_tag *t = &s->tags.items[i];
		int rc;
		t->eligible = is_eligible(r, t);
		t->kept = !t->eligible;
		if (!is_counted(r, t))
			continue;
		rc = survey_date(s, t->manifest, err);
		if (rc)
			return rc;
		if (t->manifest->dated) {
			r->old[r->old_count++] = t;
		} else if (t->eligible) {
			t->kept = true;
			say(r, "%s: stays, since it does not say when it was made", t->name);
		}
	}
	qsort(r->old, r->old_count, sizeof(struct survey_tag *), compare);
	for (uint32_t i = 0; i < r->old_count && i < r->a->keep; i++)
		r->old[i]->kept = true;
	return PIPE_OK;
}

static int mark_needed(struct retain *r, bool companions, pipe_error *err)
{
	struct survey *s = &r->survey;
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < s->tags.count; i++) {
		const struct survey_tag *t = &s->tags.items[i];
		if (t->kept && t->manifest && (t->companion_of != NULL) == companions)
			rc = survey_need(s, t->manifest, t->name, err);
	}
	return rc;
}

/* A signature goes with what it is of, and only then. */
static void choose_companions(struct retain *r)
{
	struct survey *s = &r->survey;

	for (uint32_t i = 0; i < s->tags.count; i++) {
		struct survey_tag *t = &s->tags.items[i];
		const struct survey_manifest *of = t->companion_of ? survey_find(s, t->companion_of) : NULL;
		if (t->companion_of && (!of || of->needed_by))
			t->kept = true;
	}
}

static int choose(struct retain *r, pipe_error *err)
{
	int rc = put_in_order(r, err);

	if (rc == PIPE_OK)
		rc = mark_needed(r, false, err);
	if (rc == PIPE_OK)
		choose_companions(r);
	return rc ? rc : mark_needed(r, true, err);
}

/* ---- removing ---- */

static void remove_manifest(struct retain *r, struct survey_manifest *m)
{
	pipe_error why = { 0 };
	int rc;

	if (r->first.code == PIPE_EUNSUPPORTED) { /* it will not allow the next one either */
		m->fate = MANIFEST_REFUSED;
		return;
	}
	rc = registry_delete_manifest(r->survey.registry, r->survey.repository, m->digest, &why);
	if (rc == PIPE_OK || rc == PIPE_ENOTFOUND) {
		m->fate = MANIFEST_REMOVED;
		return;
	}
	m->fate = MANIFEST_REFUSED;
	if (!r->first.code)
		r->first = why;
	m->why = arena_strdup(r->context->arena, why.text);
}

static void remove_tag(struct retain *r, const struct survey_tag *t)
{
	struct survey_manifest *m = t->manifest;
	const struct survey_manifest *of = t->companion_of ? survey_find(&r->survey, t->companion_of) : NULL;

	if (m->needed_by) {
		say(r, "%s: stays, since \"%s\" needs %.19s", t->name, m->needed_by, m->digest);
		return;
	}
	if (of && of->fate == MANIFEST_REFUSED)
		return; /* what it is of is still there */
	if (m->fate == MANIFEST_STAYS)
		remove_manifest(r, m);
	if (m->fate == MANIFEST_REMOVED) {
		say(r, "%s: removed (%.19s)", t->name, m->digest);
		str_printf(&r->answer, "%s\n", t->name);
		r->removed++;
	} else {
		say(r, "%s: could not be removed%s%s", t->name, m->why ? ": " : "", m->why ? m->why : "");
		r->refused++;
	}
}

/* The oldest first, signatures last: a run that is cut short leaves the newer ones, and none of them without its signature. */
static int remove_all(struct retain *r, pipe_error *err)
{
	struct survey *s = &r->survey;
	const atomic_bool *cancel = r->context->cancel;

	for (uint32_t i = r->old_count; i-- && !(cancel && atomic_load(cancel));)
		if (!r->old[i]->kept)
			remove_tag(r, r->old[i]);
	for (uint32_t i = 0; i < s->tags.count && !(cancel && atomic_load(cancel)); i++)
		if (s->tags.items[i].companion_of && !s->tags.items[i].kept && s->tags.items[i].manifest)
			remove_tag(r, &s->tags.items[i]);
	say(r, "%s: %u of %u tags removed%s", r->a->repository, r->removed, s->tags.count,
	    r->refused ? ", others could not be" : "");
	r->context->answer = arena_strdup(r->context->arena, r->answer.data);
	if (r->answer.failed || !r->context->answer)
		return error_nomem(err);
	if (cancel && atomic_load(cancel))
		return error_set(err, PIPE_ENETWORK, "%s: cancelled after %u tags were removed", r->a->repository, r->removed);
	if (!r->refused)
		return PIPE_OK;
	return error_set(err, r->first.code, "%u old tags of %s could not be removed: %s", r->refused, r->a->repository,
			 r->first.text);
}

static int read_repository(const struct action_retain *a, struct arena *arena, struct oci_reference *out, pipe_error *err)
{
	int rc = oci_reference_parse(a->repository, arena, out, err);

	if (rc == PIPE_OK && (!out->implied_latest || *out->digest))
		rc = error_set(err, PIPE_EUSAGE,
			       "\"%.120s\" has a tag or a digest: tags are removed from a repository as a whole", a->repository);
	return rc;
}

int action_retain(const void *arguments, struct action_context *context, pipe_error *err)
{
	const struct action_retain *a = arguments;
	struct retain r = { .a = a, .context = context, .survey = { .arena = context->arena } };
	struct oci_reference reference;
	int rc = read_repository(a, context->arena, &reference, err);

	str_init(&r.answer);
	if (rc == PIPE_OK)
		rc = action_registry_open(&r.survey.registry, &reference, &a->registry, context, err);
	r.survey.repository = reference.repository;
	if (rc == PIPE_OK)
		rc = survey_take(&r.survey, err);
	if (rc == PIPE_OK)
		rc = choose(&r, err);
	if (rc == PIPE_OK)
		rc = remove_all(&r, err);
	registry_close(r.survey.registry);
	str_clear(&r.answer);
	return rc;
}
