/*
 * include:rules (https://docs.gitlab.com/ci/yaml/#includerules): if, exists, changes and when, and Lua.  The first rule all of whose parts
 * hold decides; where none does, the file is not included.
 */
#include "pipeline/compose/include.h"

#include "base/glob.h"
#include "pipeline/keyword/keyword.h"
#include "pipeline/rule/expression.h"
#include <string.h>

struct evaluation {
	struct loading *l;
	const struct include_origin *from;
	const struct scope *scope;
};

/* -1 wrong, 0 no, 1 yes: what each part of a rule says. */
typedef int part(struct evaluation *e, const struct node *value);

static int wrong(struct evaluation *e, const struct node *n, const char *what)
{
	diag_error(e->l->d, n->at, "include-rules", "%s is wanted here, this is %s", what, node_describe(n));
	return -1;
}

/* Texts with their variables replaced, ended by NULL. */
static const char **expand_list(struct evaluation *e, const struct node *list)
{
	const char **texts = ARENA_ARRAY(e->l->arena, const char *, (size_t)list->count + 1);

	if (!texts)
		e->l->d->nomem = true;
	for (uint32_t i = 0; texts && i < list->count; i++) {
		texts[i] = include_expand(e->l, list->items[i], e->scope);
		if (!texts[i])
			return NULL;
		texts[i] += strspn(texts[i], "/");
	}
	return texts;
}

static int rule_if(struct evaluation *e, const struct node *value)
{
	struct expression *condition;

	if (value->kind != NODE_SCALAR)
		return wrong(e, value, "a condition");
	condition = expression_parse(e->l->arena, value, e->l->d);
	if (!condition)
		return -1;
	return expression_true(condition, e->scope, e->l->arena, e->l->options->limits.regex_steps, e->l->d);
}

/* `paths` and what may stand beside it, or a list alone. */
static const struct node *paths_of(struct evaluation *e, const struct node *value)
{
	const struct node *paths = value->kind == NODE_MAP ? node_get(value, "paths") : value;

	if (paths && paths->kind == NODE_LIST)
		return paths;
	wrong(e, paths ? paths : value, "a list of paths");
	return NULL;
}

/* The value of a key that stands beside `paths`; *good is made false when it is wrong. */
static const char *beside_paths(struct evaluation *e, const struct node *value, const char *key, bool *good)
{
	const struct node *n = value->kind == NODE_MAP ? node_get(value, key) : NULL;
	const char *text = n ? include_expand(e->l, n, e->scope) : NULL;

	*good = *good && (!n || text);
	return text;
}

static int rule_exists(struct evaluation *e, const struct node *value)
{
	const struct world *w = e->l->options->world;
	const struct node *paths = paths_of(e, value);
	const char **globs = paths ? expand_list(e, paths) : NULL;
	pipe_error err = { .code = PIPE_OK };
	const char *project, *ref;
	bool found = false, good = globs != NULL;

	project = beside_paths(e, value, "project", &good);
	ref = beside_paths(e, value, "ref", &good);
	if (!good)
		return -1;
	if (!project && e->from) {
		project = e->from->project;
		ref = e->from->ref;
	}
	if (!w->exists(w->context, project, ref, globs, paths->count, &found, &err))
		return found;
	diag_error(e->l->d, value->at, "include-rules", "\"exists\" cannot be answered: %s", err.text);
	return -1;
}

static int rule_changes(struct evaluation *e, const struct node *value)
{
	const struct world *w = e->l->options->world;
	const struct node *paths = paths_of(e, value);
	const char **globs = paths ? expand_list(e, paths) : NULL;
	pipe_error err = { .code = PIPE_OK };
	bool known = false, good = globs != NULL;
	const char *compare_to = beside_paths(e, value, "compare_to", &good);
	path_list changed = { NULL, 0, 0 };

	if (!good)
		return -1;
	if (e->l->options->assume_changed)
		return 1;
	if (w->changes(w->context, compare_to, &changed, &known, e->l->arena, &err)) {
		diag_error(e->l->d, value->at, "include-rules", "\"changes\" cannot be answered: %s", err.text);
		return -1;
	}
	if (!known)
		return 1;
	for (uint32_t i = 0; i < changed.count; i++)
		for (const char **g = globs; *g; g++)
			if (glob_match(*g, changed.items[i]))
				return 1;
	return 0;
}

/* `when` is looked at once the other parts hold. */
static int rule_when(struct evaluation *e, const struct node *value)
{
	if (value->kind == NODE_SCALAR && (node_equals(value, "never") || node_equals(value, "always")))
		return 1;
	diag_error(e->l->d, value->at, "include-rules", "\"when\" of an include is \"always\" or \"never\"");
	return -1;
}

static int rule_lua(struct evaluation *e, const struct node *value)
{
	const struct world_lua *lua = e->l->options->world->lua;
	pipe_error err = { .code = PIPE_OK };
	struct lua_text code;
	bool holds = false;
	int rc;

	if (!lua || !keyword_check(keyword_by_path("include:rules:lua"), value, e->l->d, NULL) ||
	    !lua_code_read(&e->l->lua, value, LUA_CONDITION, &code))
		return -1;
	rc = lua->condition(lua->context, &code, e->scope, &holds, &err);
	if (!rc)
		return holds;
	if (rc == PIPE_ENOMEM)
		e->l->d->nomem = true;
	else
		lua_code_complain(e->l->d, &code, "lua-error", "the condition cannot be answered: ", &err);
	return -1;
}

static const struct {
	const char *name;
	part *holds;
} parts[] = {
	{ "when", rule_when }, { "if", rule_if }, { "exists", rule_exists }, { "changes", rule_changes }, { "lua", rule_lua },
};
enum { PARTS = sizeof(parts) / sizeof(*parts) };

static bool check_keys(struct evaluation *e, const struct node *rule)
{
	bool good = true;

	for (uint32_t i = 0; i < rule->count; i++) {
		const struct node *key = rule->pairs[i].key;
		size_t k = 0;

		while (k < PARTS && strcmp(parts[k].name, key->text))
			k++;
		if (k < PARTS)
			continue;
		diag_error(e->l->d, key->at, "include-rules", "\"%s\" means nothing in the rules of an include", key->text);
		diag_hint(e->l->d, "a rule has if, exists, changes, lua and when");
		good = false;
	}
	return good;
}

/* What is wrong whether or not the rule is reached. */
static bool check_rule(struct evaluation *e, const struct node *rule)
{
	const struct node *when, *condition;
	bool good;

	if (rule->kind != NODE_MAP)
		return wrong(e, rule, "a rule (a map)") > 0;
	good = check_keys(e, rule);
	when = node_get(rule, "when");
	condition = node_get(rule, "if");
	if (when && !node_is_null(when) && rule_when(e, when) < 0)
		good = false;
	if (condition && condition->kind == NODE_SCALAR && !node_is_null(condition) &&
	    !expression_parse(e->l->arena, condition, e->l->d))
		good = false;
	return good;
}

static int rule_holds(struct evaluation *e, const struct node *rule)
{
	for (size_t i = 0; i < PARTS; i++) {
		const struct node *value = node_get(rule, parts[i].name);
		int holds = value && !node_is_null(value) ? parts[i].holds(e, value) : 1;

		if (holds != 1)
			return holds;
	}
	return 1;
}

int include_rules(struct loading *l, const struct node *rules, const struct include_origin *from, const struct scope *scope)
{
	struct evaluation e = { .l = l, .from = from, .scope = scope };
	bool good = true;

	if (!rules || node_is_null(rules))
		return 1;
	if (rules->kind != NODE_LIST)
		return wrong(&e, rules, "a list of rules");
	for (uint32_t i = 0; i < rules->count; i++)
		good &= check_rule(&e, rules->items[i]);
	if (!good)
		return -1;
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct node *when;
		int holds = rule_holds(&e, rules->items[i]);

		if (holds < 0)
			return -1;
		if (!holds)
			continue;
		when = node_get(rules->items[i], "when");
		return !(when && !node_is_null(when) && node_equals(when, "never"));
	}
	return 0;
}
