/*
 * Questions to the world that rules ask.  Many jobs share a rule, so an answer is kept by what was asked: the kind of question, what
 * is compared with, and the patterns after expansion, joined by NUL bytes.
 */
#include "base/glob.h"
#include "pipeline/plan/planner.h"

#include <string.h>

struct changed {
	path_list paths;
	bool known;
};

enum { ANSWER_NO = 1, ANSWER_YES = 2 };

static void key_add(struct str *key, const char *text)
{
	str_adds(key, text ? text : "");
	str_add(key, "", 1);
}

static bool recall(struct planner *m, const struct str *key, bool *answer)
{
	uintptr_t found = (uintptr_t)map_get(&m->answers, key->data, key->length);

	*answer = found == ANSWER_YES;
	return found != 0;
}

static void keep(struct planner *m, const struct str *key, void *value)
{
	char *copy = arena_strndup(&m->temp, key->data, key->length);

	if (!copy || key->failed || !map_put(&m->answers, &m->temp, copy, key->length, value))
		planner_nomem(m);
}

static void keep_answer(struct planner *m, const struct str *key, bool answer)
{
	keep(m, key, (void *)(uintptr_t)(answer ? ANSWER_YES : ANSWER_NO));
}

/* The patterns with their variables replaced, NULL-terminated, in scratch memory. */
static const char **expand_globs(struct planner *m, const text_list *globs, const struct scope *scope, struct str *key)
{
	const char **out = ARENA_ARRAY(&m->scratch, const char *, (size_t)globs->count + 1);

	if (!out) {
		planner_nomem(m);
		return NULL;
	}
	for (uint32_t i = 0; i < globs->count; i++) {
		out[i] = scope_expand(scope, globs->items[i], &m->scratch, NULL);
		if (!out[i])
			out[i] = "";
		key_add(key, out[i]);
	}
	return out;
}

static const char *expand(struct planner *m, const struct scope *scope, const char *text)
{
	const char *out = text ? scope_expand(scope, text, &m->scratch, NULL) : NULL;

	return text && !out ? "" : out;
}

static bool ask_exists(struct planner *m, const struct rule *rule, const char *project, const char *ref, const char *const *globs)
{
	const struct world *w = m->o->world;
	pipe_error err = { 0 };
	bool found = false;

	if (!w || !w->exists)
		return false;
	if (w->exists(w->context, project, ref, globs, rule->exists.count, &found, &err)) {
		diag_error(m->d, rule->at, "rules-exists", "what \"exists\" asks for cannot be looked up: %s", err.text);
		return false;
	}
	return found;
}

bool world_exists(struct planner *m, const struct rule *rule, const struct scope *scope)
{
	const char *project = expand(m, scope, rule->exists_project), *ref = expand(m, scope, rule->exists_ref);
	const char *const *globs;
	bool answer = false;
	struct str key;

	str_init(&key);
	key_add(&key, "exists");
	key_add(&key, project);
	key_add(&key, ref);
	globs = expand_globs(m, &rule->exists, scope, &key);
	if (globs && !recall(m, &key, &answer)) {
		answer = ask_exists(m, rule, project, ref, globs);
		keep_answer(m, &key, answer);
	}
	str_clear(&key);
	return answer;
}

/* The changed paths, asked for once for each thing to compare with. */
static const struct changed *changed_paths(struct planner *m, const char *compare_to, struct mark at)
{
	const struct world *w = m->o->world;
	struct changed *c;
	pipe_error err = { 0 };
	struct str key;

	str_init(&key);
	key_add(&key, "paths");
	key_add(&key, compare_to);
	c = map_get(&m->answers, key.data, key.length);
	if (!c) {
		c = ARENA_NEW(&m->temp, struct changed);
		if (!c)
			planner_nomem(m);
		else if (w && w->changes && w->changes(w->context, compare_to, &c->paths, &c->known, &m->temp, &err)) {
			diag_warning(m->d, at, "rules-changes", "what has changed cannot be found out: %s", err.text);
			diag_hint(m->d, "as it is, everything counts as changed");
			c->known = false;
		}
		if (c)
			keep(m, &key, c);
	}
	str_clear(&key);
	return c;
}

static bool any_matches(struct planner *m, const struct changed *c, const char *const *globs, struct mark at)
{
	for (; *globs; globs++) {
		m->globs += c->paths.count;
		if (m->globs > PLAN_GLOBS_MOST) {
			diag_error(m->d, at, "rules-changes", "there are too many patterns for so many changed files");
			return false;
		}
		for (uint32_t i = 0; i < c->paths.count; i++)
			if (glob_match(*globs, c->paths.items[i]))
				return true;
	}
	return false;
}

bool world_changes(struct planner *m, const text_list *list, const char *compare_to, struct mark at, const struct scope *scope)
{
	const struct changed *c;
	const char *const *globs;
	bool answer = true;
	struct str key;

	if (m->o->assume_changed)
		return true;
	compare_to = expand(m, scope, compare_to);
	c = changed_paths(m, compare_to, at);
	if (!c || !c->known)
		return true;
	str_init(&key);
	key_add(&key, "changes");
	key_add(&key, compare_to);
	globs = expand_globs(m, list, scope, &key);
	if (globs && !recall(m, &key, &answer)) {
		answer = any_matches(m, c, globs, at);
		keep_answer(m, &key, answer);
	}
	str_clear(&key);
	return answer;
}
