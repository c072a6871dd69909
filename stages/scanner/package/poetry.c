/*
 * poetry.lock.  A package whose category or groups say so is for development, and so is one that cannot be reached from the main
 * dependencies of the pyproject.toml beside it.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/python_name.h"
#include "stages/scanner/version/version.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "poetry.lock");
}

enum { VERSIONS = 100 }; /* of one name that are tried for one dependency; real locks have two or three */

/* Packages by normalised name: index + 1 of the first, chained. */
struct locked {
	struct map names;
	uint32_t *next;
};

static bool is_development(const struct tree_value *one)
{
	const struct tree_value *groups = tree_get(one, "groups");

	if (!strcmp(tree_get_text(one, "category"), "dev"))
		return true;
	for (uint32_t i = 0; i < tree_items(groups); i++)
		if (!strcmp(tree_text(&groups->items[i]), "main"))
			return false;
	return tree_items(groups) != 0;
}

static bool fits(const char *version, const char *range)
{
	const struct version_scheme *scheme = package_scheme("poetry");

	return !*range || !strcmp(range, "*") || (scheme && version_in(scheme, version, range) == RANGE_IN);
}

static const char *range_of(const struct tree_value *wanted)
{
	return wanted->kind == TREE_MAP ? tree_get_text(wanted, "version") : tree_text(wanted);
}

/* The first locked version that fits; the ranges for several platforms are tried one after the other. */
static int add_dependency(struct reader *r, const struct locked *l, const struct tree_member *m, struct reader_ids *ids)
{
	const struct tree_value *wanted = &m->value;
	uint32_t count = wanted->kind == TREE_LIST ? wanted->count : 1;
	const char *name = python_name(r, tree_key(m));

	if (!name)
		return reader_nomem(r);
	for (uint32_t i = 0; i < count; i++) {
		const char *range = range_of(wanted->kind == TREE_LIST ? &wanted->items[i] : wanted);
		uint32_t at = (uint32_t)(uintptr_t)map_get(&l->names, name, strlen(name));

		for (unsigned tried = 0; at && tried < VERSIONS; at = l->next[at - 1], tried++) {
			const struct scan_package *p = &r->list->packages.items[at - 1];

			if (!fits(p->version, range))
				continue;
			if (!reader_id_push(r, ids, reader_id(r, piece_of(p->name), piece_of(p->version))))
				return reader_nomem(r);
			break;
		}
	}
	return PIPE_OK;
}

static int add_packages(struct reader *r, const struct tree_value *all, struct locked *l)
{
	l->next = ARENA_ARRAY(r->arena, uint32_t, (size_t)tree_items(all) + 1);
	if (!l->next)
		return reader_nomem(r);
	for (uint32_t i = 0; i < tree_items(all); i++) {
		const struct tree_value *one = &all->items[i];
		struct piece name = tree_piece(tree_get(one, "name"));
		const char *key;
		struct scan_package *p;
		uint32_t at;
		bool is_new;

		if (!name.length)
			return reader_fail(r, one->line, "a package without a name");
		p = reader_add(r, name, tree_piece(tree_get(one, "version")), &is_new);
		if (!p)
			return r->err->code;
		if (!is_new) {
			p->development = p->development && is_development(one);
			continue;
		}
		p->development = is_development(one);
		key = python_name(r, name);
		at = (uint32_t)(p - r->list->packages.items);
		l->next[at] = key ? (uint32_t)(uintptr_t)map_get(&l->names, key, strlen(key)) : 0;
		if (!key || !map_put(&l->names, r->arena, key, strlen(key), (void *)(uintptr_t)(at + 1)))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

static int link_packages(struct reader *r, const struct tree_value *all, const struct locked *l)
{
	for (uint32_t i = 0; i < tree_items(all); i++) {
		const struct tree_value *one = &all->items[i], *wanted = tree_get(one, "dependencies");
		const char *id = reader_id(r, tree_piece(tree_get(one, "name")), tree_piece(tree_get(one, "version")));
		struct scan_package *p = id ? reader_find(r, id) : NULL;
		struct reader_ids ids = { 0 };
		int rc = PIPE_OK;

		if (!p)
			return reader_nomem(r);
		for (uint32_t k = 0; !rc && k < tree_members(wanted); k++)
			rc = add_dependency(r, l, &wanted->members[k], &ids);
		if (rc || (!p->depends_on && !reader_depends(r, &ids, &p->depends_on)))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

/* ---- pyproject.toml ---- */

static int walk_from(struct reader *r, const struct locked *l, struct reader_walk *w, struct piece name, bool walk)
{
	const char *key = python_name(r, name);

	if (!key)
		return reader_nomem(r);
	for (uint32_t at = (uint32_t)(uintptr_t)map_get(&l->names, key, strlen(key)); at; at = l->next[at - 1]) {
		r->list->packages.items[at - 1].indirect = false;
		if (walk)
			reader_walk_from(w, at - 1);
	}
	return PIPE_OK;
}

/* Names of a table (Poetry's own) or of a list of requirements (PEP 621). */
static int walk_names(struct reader *r, const struct locked *l, struct reader_walk *w, const struct tree_value *names, bool walk)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && i < tree_members(names); i++)
		rc = walk_from(r, l, w, tree_key(&names->members[i]), walk);
	for (uint32_t i = 0; !rc && i < tree_items(names); i++)
		rc = walk_from(r, l, w, python_requirement(tree_piece(&names->items[i])), walk);
	return rc;
}

static int classify(struct reader *r, const struct locked *l)
{
	struct tree_value project;
	const struct tree_value *poetry, *main_names, *groups;
	struct reader_walk w;
	int rc = reader_tree_beside(r, "pyproject.toml", SYNTAX_TOML, &project);

	if (rc <= 0)
		return rc;
	poetry = tree_get(tree_get(&project, "tool"), "poetry");
	main_names = tree_get(tree_get(&project, "project"), "dependencies");
	main_names = main_names ? main_names : tree_get(poetry, "dependencies");
	groups = tree_get(poetry, "group");
	if (!reader_walk_begin(r, &w))
		return reader_nomem(r);
	for (uint32_t i = 0; i < r->list->packages.count; i++)
		r->list->packages.items[i].indirect = true;
	rc = walk_names(r, l, &w, main_names, true);
	for (uint32_t i = 0; !rc && i < tree_members(groups); i++)
		rc = walk_names(r, l, &w, tree_get(&groups->members[i].value, "dependencies"), false);
	if (rc)
		return rc;
	reader_walk_run(r, &w);
	for (uint32_t i = 0; i < r->list->packages.count; i++)
		r->list->packages.items[i].development |= !w.reached[i];
	return PIPE_OK;
}

static int read_lock(struct reader *r)
{
	struct tree_value root;
	const struct tree_value *all;
	struct locked l = { 0 };
	int rc = reader_tree(r, SYNTAX_TOML, &root);

	if (rc)
		return rc;
	all = tree_get(&root, "package");
	if (all && all->kind != TREE_LIST)
		return reader_fail(r, all->line, "\"package\" is an array of tables: [[package]]");
	rc = add_packages(r, all, &l);
	if (!rc)
		rc = link_packages(r, all, &l);
	return rc ? rc : classify(r, &l);
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_poetry = {
	.name = "poetry-lock",
	.type = "poetry",
	.class = PACKAGE_LANGUAGE,
	.help = "Poetry's poetry.lock",
	.wants = wants,
	.parse = parse,
};
