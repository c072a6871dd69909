/*
 * Variables that are used where only variables of the pipeline can be meant (not in scripts, which may use any variable of their
 * shell), and that nothing defines: not the file, not GitLab, not whoever starts the run.  What one job defines counts for all, and a
 * job that reports dotenv variables may define anything for texts that are not rules.  Each name is reported once.
 */
#include "base/suggest.h"
#include "base/utf8.h"
#include "pipeline/keyword/uses.h"
#include "pipeline/lint/lint.h"

#include <string.h>

enum { UNDEFINED_MOST = 50, SUGGEST_MOST_NAMES = 2000, WITH_DEPTH = 12 };

struct use {
	const char *name;
	struct mark at;
	const struct job *job; /* that uses it first; NULL: the workflow */
	bool rule;
};

struct survey {
	const struct scope *known;
	struct diagnostics *d;
	const struct job *job;	/* being looked at */
	struct map used;	/* names looked at -> struct use */
	VEC(struct use *) uses; /* of those that may be undefined, in order */
	struct map defined;
	VEC(const char *) names; /* of those, for "did you mean" */
	bool dotenv;
};

static bool is_name_start(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static size_t name_length(const char *text)
{
	size_t n = 0;

	if (!is_name_start(*text))
		return 0;
	while (is_name_start(text[n]) || (text[n] >= '0' && text[n] <= '9'))
		n++;
	return n;
}

/* Variables that GitLab, its runners or the machine bring. */
static bool is_foreign(const char *name, size_t length)
{
	static const char *const prefixes[] = { "CI_", "GITLAB_", "PIPE_", "RUNNER_", "FF_", "KUBE", "DOCKER_" };
	static const char *const whole[] = { "CI",	   "HOME",	     "PATH", "PWD",	 "USER",    "SHELL",
					     "TMPDIR",	   "TEMP",	     "LANG", "HOSTNAME", "LOGNAME", "CHAT_CHANNEL",
					     "CHAT_INPUT", "TRIGGER_PAYLOAD" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (length >= strlen(prefixes[i]) && !memcmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (length == strlen(whole[i]) && !memcmp(name, whole[i], length))
			return true;
	return false;
}

/* ---- uses ---- */

static void use_name(struct survey *s, const char *name, size_t length, struct mark at, bool rule)
{
	struct use *use = map_get(&s->used, name, length);
	struct use **slot;

	if (use) {
		use->rule |= rule;
		return;
	}
	use = ARENA_NEW(s->d->arena, struct use);
	if (!use || !map_put(&s->used, s->d->arena, name, length, use)) {
		s->d->nomem = true;
		return;
	}
	if (is_foreign(name, length) || (s->known && scope_find(s->known, name, length)))
		return;
	*use = (struct use){ arena_strndup(s->d->arena, name, length), at, s->job, rule };
	slot = use->name ? vec_push(s->d->arena, &s->uses) : NULL;
	if (slot)
		*slot = use;
	else
		s->d->nomem = true;
}

static void use_text(struct survey *s, const char *text, struct mark at)
{
	while (text && (text = strchr(text, '$')) != NULL) {
		size_t brace = text[1] == '{';
		size_t length = name_length(text + 1 + brace);

		if (length && (!brace || text[2 + length] == '}'))
			use_name(s, text + 1 + brace, length, at, false);
		text += 1 + brace + length + (text[1] == '$'); /* `$$` is a plain `$` */
	}
}

/* In an expression only `$NAME` outside of "texts" and /patterns/ is a variable. */
static void use_expression(struct survey *s, const char *text, struct mark at)
{
	while (text && *text) {
		if (*text == '"' || *text == '\'' || *text == '/') {
			const char *end = text + 1;
			while (*end && *end != *text)
				end += *text == '/' && *end == '\\' && end[1] ? 2 : 1;
			text = *end ? end + 1 : end;
		} else if (*text == '$') {
			size_t length = name_length(text + 1);
			if (length)
				use_name(s, text + 1, length, at, true);
			text += 1 + length;
		} else {
			text++;
		}
	}
}

static void use_list(struct survey *s, const text_list *list, struct mark at)
{
	for (uint32_t i = 0; i < list->count; i++)
		use_text(s, list->items[i], at);
}

static void use_rules(struct survey *s, const struct rules *rules)
{
	for (uint32_t i = 0; rules && i < rules->list.count; i++)
		use_expression(s, rules->list.items[i].condition, rules->list.items[i].condition_at);
}

static void use_with(struct survey *s, const struct keyword *rows, const struct node *map, unsigned depth);

/* A parameter's value, but for texts that a shell gets: it has variables of its own.  row NULL: no table says what it is. */
static void use_parameter(struct survey *s, const struct keyword *row, const struct node *n, unsigned depth)
{
	bool list = n->kind == NODE_LIST;

	if (!depth || (row && row->shape & TAKES_SCRIPT))
		return;
	if (n->kind == NODE_SCALAR && !(row && row->shell))
		use_text(s, n->text, n->at);
	else if (n->kind == NODE_MAP && !(row && row->shape & TAKES_NAMED))
		use_with(s, row ? row->fields : NULL, n, depth - 1);
	else if (n->kind != NODE_SCALAR)
		for (uint32_t i = 0; i < n->count; i++) {
			const struct node *below = list ? n->items[i] : n->pairs[i].value;
			/* The list of a command goes to no shell. */
			use_parameter(s, list && below->kind == NODE_SCALAR ? NULL : row, below, depth - 1);
		}
}

static void use_with(struct survey *s, const struct keyword *rows, const struct node *map, unsigned depth)
{
	for (uint32_t i = 0; i < map->count; i++) {
		const struct pair *p = &map->pairs[i];
		use_parameter(s, keyword_find(rows, IN_NESTED, p->key->text, p->key->count), p->value, depth);
	}
}

static void use_job(struct survey *s, const struct job *job)
{
	s->job = job;
	use_rules(s, job->rules);
	if (job->settings->uses && job->settings->uses->with)
		use_with(s, job->settings->uses->type->parameters, job->settings->uses->with, WITH_DEPTH);
	if (job->settings->image)
		use_text(s, job->settings->image->name, job->settings->image->at);
	for (uint32_t i = 0; job->settings->services && i < job->settings->services->list.count; i++)
		use_text(s, job->settings->services->list.items[i].image.name, job->settings->services->list.items[i].image.at);
	if (job->settings->artifacts) {
		use_text(s, job->settings->artifacts->name, job->settings->artifacts->at);
		use_list(s, &job->settings->artifacts->paths, job->settings->artifacts->at);
		use_list(s, &job->settings->artifacts->exclude, job->settings->artifacts->at);
	}
	for (uint32_t i = 0; i < job->settings->caches.count; i++) {
		const struct cache *c = &job->settings->caches.items[i];
		use_text(s, c->key, c->at);
		use_list(s, &c->paths, c->at);
	}
	if (job->settings->environment)
		use_text(s, job->settings->environment->name, job->settings->environment->at);
}

/* ---- definitions ---- */

static void define(struct survey *s, const char *name)
{
	const char **slot;

	if (map_get(&s->defined, name, strlen(name)))
		return;
	slot = map_put(&s->defined, s->d->arena, name, strlen(name), s) ? vec_push(s->d->arena, &s->names) : NULL;
	if (slot)
		*slot = name;
	else
		s->d->nomem = true;
}

static void define_all(struct survey *s, const struct variables *v)
{
	for (uint32_t i = 0; i < v->list.count; i++)
		define(s, v->list.items[i].name);
}

static void define_rules(struct survey *s, const struct rules *rules)
{
	for (uint32_t i = 0; rules && i < rules->list.count; i++)
		define_all(s, &rules->list.items[i].variables);
}

static void define_job(struct survey *s, const struct job *job)
{
	define_all(s, &job->settings->variables);
	define_rules(s, job->rules);
	for (uint32_t i = 0; job->settings->matrix && i < job->settings->matrix->rows.count; i++)
		for (uint32_t k = 0; k < job->settings->matrix->rows.items[i].axes.count; k++)
			define(s, job->settings->matrix->rows.items[i].axes.items[k].name);
	for (uint32_t i = 0; job->settings->artifacts && i < job->settings->artifacts->reports.count; i++)
		s->dotenv |= !strcmp(job->settings->artifacts->reports.items[i].kind, "dotenv");
}

/* The scalar below n that uses a variable; NULL: none. */
static const struct node *find_use(const struct node *n, const char *name, unsigned depth)
{
	const struct node *found = NULL;
	const char *at;

	if (n && n->kind == NODE_SCALAR) {
		for (at = strchr(n->text, '$'); at && !found; at = strchr(at + 1, '$'))
			if (!strncmp(at + 1 + (at[1] == '{'), name, strlen(name)))
				found = n;
		return found;
	}
	for (uint32_t i = 0; n && depth && i < n->count && !found; i++)
		found = find_use(n->kind == NODE_MAP ? n->pairs[i].value : n->items[i], name, depth - 1);
	return found;
}

/* The place of the text itself; a model's list of texts has one place for all of them. */
static struct mark place_of(const struct use *use)
{
	static const char *const keys[] = { "image", "services", "artifacts", "cache", "environment" };
	enum { DEPTH = 8 };

	for (size_t i = 0; !use->rule && i < sizeof(keys) / sizeof(*keys); i++) {
		const struct node *n = find_use(node_get(use->job->node, keys[i]), use->name, DEPTH);
		if (n)
			return n->at;
	}
	return use->at;
}

/* May the character belong to a variable's name? */
static bool is_name(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The same place, moved on to the `$` where the text is in one line. */
static struct mark dollar_of(const struct diagnostics *d, struct mark at, const char *name)
{
	size_t length, n = strlen(name), i = 0;
	const char *line = d->sources ? sources_line(d->sources, at, &length) : NULL;
	uint32_t code;

	for (unsigned column = 1; line && i + n < length; column++) {
		size_t from = i + 1 + (line[i + 1] == '{');
		if (column >= at.column && line[i] == '$' && from + n <= length && !memcmp(line + from, name, n) &&
		    !is_name(line[from + n])) {
			at.column = column < UINT16_MAX ? (uint16_t)column : UINT16_MAX;
			break;
		}
		i += utf8_decode(line + i, length - i, &code);
	}
	return at;
}

static void report(struct survey *s, const struct use *use)
{
	struct suggest near;
	struct mark at = dollar_of(s->d, place_of(use), use->name);

	diag_warning(s->d, at, "undefined-variable", "nothing defines the variable \"%s\"", use->name);
	suggest_init(&near, use->name);
	for (uint32_t i = 0; s->names.count < SUGGEST_MOST_NAMES && i < s->names.count; i++)
		suggest_offer(&near, s->names.items[i]);
	if (near.best)
		diag_hint(s->d, "did you mean \"%s\"?", near.best);
	else
		diag_hint(s->d, "define it under \"variables\", or give it when the run is started");
}

void lint_variables(const struct pipeline *p, const struct scope *known, struct diagnostics *d)
{
	struct survey s;
	unsigned reported = 0;

	memset(&s, 0, sizeof(s));
	s.known = known;
	s.d = d;
	use_rules(&s, p->workflow.rules);
	for (uint32_t i = 0; i < p->jobs.count; i++)
		use_job(&s, &p->jobs.items[i]);
	if (!s.uses.count)
		return;
	define_all(&s, &p->variables);
	define_rules(&s, p->workflow.rules);
	for (uint32_t i = 0; i < p->jobs.count; i++)
		define_job(&s, &p->jobs.items[i]);
	for (uint32_t i = 0; i < s.uses.count && reported < UNDEFINED_MOST; i++) {
		const struct use *use = s.uses.items[i];
		if (map_get(&s.defined, use->name, strlen(use->name)) || (s.dotenv && !use->rule))
			continue;
		report(&s, use);
		reported++;
	}
}
