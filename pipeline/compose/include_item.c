/* What an item of `include` says (https://docs.gitlab.com/ci/yaml/#include): its kind, and the keys that may stand beside it. */
#include "pipeline/compose/include.h"

#include "base/suggest.h"
#include <string.h>

enum { FIELDS = 6 };

/* The kinds: the key that says it, and what else may stand there. */
static const struct form {
	const char *key;
	enum include_kind kind;
	const char *fields[FIELDS];
} forms[] = {
	{ "local", INCLUDE_LOCAL, { "rules", "inputs" } },
	{ "project", INCLUDE_PROJECT, { "file", "ref", "rules", "inputs" } },
	{ "remote", INCLUDE_REMOTE, { "integrity", "cache", "rules", "inputs" } },
	{ "template", INCLUDE_TEMPLATE, { "rules", "inputs" } },
	{ "component", INCLUDE_COMPONENT, { "rules", "inputs" } },
	{ "lua", INCLUDE_LOCAL, { "rules", "with" } },
};
enum { FORMS = sizeof(forms) / sizeof(*forms) };

static bool is_url(const char *text)
{
	return !strncmp(text, "https://", 8) || !strncmp(text, "http://", 7);
}

const char *include_expand(struct loading *l, const struct node *n, const struct scope *scope)
{
	const char *text;
	bool failed = false;

	if (n->kind != NODE_SCALAR || n->tag == TAG_REFERENCE || node_is_null(n)) {
		diag_error(l->d, n->at, "include-value", "text is wanted here, this is %s",
			   n->tag == TAG_REFERENCE ? "a !reference, which cannot be used in \"include\"" : node_describe(n));
		return NULL;
	}
	if (!memchr(n->text, '$', n->count))
		return n->text;
	text = scope_expand(scope, n->text, l->arena, &failed);
	if (!text || failed) {
		diag_error(l->d, n->at, "include-value", "this include is too long with its variables: \"%s\"", n->text);
		return NULL;
	}
	if (!*text) {
		diag_error(l->d, n->at, "include-value", "this include comes to nothing: the variables of \"%s\" are not set",
			   n->text);
		diag_hint(l->d, "only predefined and pipeline variables and the file's global ones are known here");
		return NULL;
	}
	return text;
}

/* GitLab takes paths from the root of the repository, as they are. */
bool include_leaves(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/'), p = p ? p + 1 : NULL) {
		size_t length = strcspn(p, "/");
		if ((length == 1 && p[0] == '.') || (length == 2 && p[0] == '.' && p[1] == '.'))
			return true;
	}
	return false;
}

static bool is_yaml(const char *path)
{
	size_t n = strlen(path);

	return (n > 4 && !strcasecmp(path + n - 4, ".yml")) || (n > 5 && !strcasecmp(path + n - 5, ".yaml"));
}

static bool is_lua(const char *path)
{
	return lua_code_is_path(path, strlen(path));
}

static void not_the_kind(struct loading *l, const struct node *n, const char *path, bool lua)
{
	diag_error(l->d, n->at, "include-path", "\"%s\" is not the name of a %s file", path, lua ? "Lua" : "YAML");
	if (lua)
		diag_hint(l->d, is_yaml(path) ? "a YAML file is \"local\"" : "the name has to end in .lua, without blanks");
	else
		diag_hint(l->d, is_lua(path) ? "a Lua file is included as \"lua\"" : "the name has to end in .yml or .yaml");
}

const char *include_path(struct loading *l, const struct node *n, const char *path, bool lua)
{
	if (lua)
		path += strncmp(path, "./", 2) ? 0 : 2;
	path += strspn(path, "/");
	if (include_leaves(path)) {
		diag_error(l->d, n->at, "include-path", "the path \"%s\" may have no \".\" or \"..\" in it", path);
		diag_hint(l->d, "write it from the root of the project");
		return NULL;
	}
	if (lua ? is_lua(path) : is_yaml(path))
		return path;
	not_the_kind(l, n, path, lua);
	return NULL;
}

static const struct form *form_of_key(const char *key)
{
	for (size_t i = 0; i < FORMS; i++)
		if (!strcmp(forms[i].key, key))
			return &forms[i];
	return NULL;
}

static void hint_form(struct loading *l, const struct node *map)
{
	struct suggest s;

	for (uint32_t i = 0; i < map->count; i++) {
		suggest_init(&s, map->pairs[i].key->text);
		for (size_t k = 0; k < FORMS; k++)
			suggest_offer(&s, forms[k].key);
		if (!s.best)
			continue;
		diag_hint(l->d, "did you mean \"%s\"?", s.best);
		return;
	}
	diag_hint(l->d, "one of local, remote, project, component, template or lua is needed");
}

/* The one key that says the kind. */
static const struct form *find_form(struct loading *l, const struct node *map)
{
	const struct form *found = NULL;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct node *key = map->pairs[i].key;
		const struct form *one = form_of_key(key->text);

		if (one && found) {
			diag_error(l->d, key->at, "include-kind", "\"%s\" and \"%s\" cannot stand in one include", found->key,
				   one->key);
			diag_hint(l->d, "make it two items of the list");
			return NULL;
		}
		found = one ? one : found;
	}
	if (found)
		return found;
	diag_error(l->d, map->at, "include-kind", "this include does not say what it includes");
	if (node_pair(map, "artifact"))
		diag_hint(l->d, "an artifact can only be included by \"trigger\"");
	else if (node_pair(map, "file"))
		diag_hint(l->d, "\"file\" needs a \"project\"; a file of this project is \"local\"");
	else
		hint_form(l, map);
	return NULL;
}

static bool check_fields(struct loading *l, const struct form *form, const struct node *map)
{
	bool good = true;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct node *key = map->pairs[i].key;
		struct suggest s;
		size_t k = 0;

		if (!strcmp(key->text, form->key))
			continue;
		suggest_init(&s, key->text);
		for (; k < FIELDS && form->fields[k] && strcmp(form->fields[k], key->text); k++)
			suggest_offer(&s, form->fields[k]);
		if (k < FIELDS && form->fields[k])
			continue;
		diag_error(l->d, key->at, "include-keyword", "\"%s\" means nothing beside \"%s\"", key->text, form->key);
		if (s.best)
			diag_hint(l->d, "did you mean \"%s\"?", s.best);
		good = false;
	}
	return good;
}

static bool parse_map(struct include_item *item, struct loading *l, const struct node *map, const struct scope *scope)
{
	const struct form *form = find_form(l, map);

	if (!form || !check_fields(l, form, map))
		return false;
	item->kind = form->kind;
	item->place = node_get(map, form->key);
	item->files = node_get(map, "file");
	item->ref = node_get(map, "ref");
	item->integrity = node_get(map, "integrity");
	item->rules = node_get(map, "rules");
	item->values = node_get(map, "inputs");
	item->lua = !strcmp(form->key, "lua");
	item->with = node_get(map, "with");
	if (item->values && node_is_null(item->values))
		item->values = NULL;
	if (item->values && item->values->kind != NODE_MAP) {
		diag_error(l->d, item->values->at, "include-value", "\"inputs\" is a map, not %s", node_describe(item->values));
		return false;
	}
	if (item->with && item->with->kind != NODE_MAP) {
		diag_error(l->d, item->with->at, "include-value", "\"with\" is a map, not %s", node_describe(item->with));
		return false;
	}
	if (item->kind == INCLUDE_PROJECT && !item->files) {
		diag_error(l->d, item->place->at, "include-kind", "\"project\" needs a \"file\"");
		return false;
	}
	item->location = include_expand(l, item->place, scope);
	return item->location != NULL;
}

bool include_item_parse(struct include_item *item, struct loading *l, const struct node *n, const struct scope *scope)
{
	memset(item, 0, sizeof(*item));
	item->at = n->at;
	if (n->kind == NODE_MAP)
		return parse_map(item, l, n, scope);
	item->place = n;
	item->location = include_expand(l, n, scope);
	if (!item->location)
		return false;
	item->kind = is_url(item->location) ? INCLUDE_REMOTE : INCLUDE_LOCAL;
	return true;
}
