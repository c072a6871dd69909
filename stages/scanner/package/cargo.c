/*
 * Cargo.lock, with the Cargo.toml beside it: what cannot be reached from its dependencies is for development (or for building).
 *
 * A workspace member that a pattern names cannot be looked for; then every package of the lock without a source is taken for a member,
 * with all that it depends on.
 */
#include "base/glob.h"
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"
#include "stages/scanner/version/version.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	(void)installed;
	return path_is(path, "Cargo.lock");
}

struct cargo {
	const struct tree_value *all;
	struct map names;    /* of packages: the last one's table */
	struct map projects; /* ids of the project and its members */
	bool every_member;
	struct reader_walk walk;
	struct map first; /* by name: index + 1 of the first package of that name... */
	uint32_t *next;	  /* ...and of the next one */
};

static const char *own_id(struct reader *r, const struct tree_value *one)
{
	return reader_id(r, tree_piece(tree_get(one, "name")), tree_piece(tree_get(one, "version")));
}

/* "name", "name version" or "name version (source)". */
static int add_dependency(struct reader *r, const struct cargo *c, struct piece said, struct reader_ids *ids)
{
	struct piece name = piece_word(&said), version = piece_word(&said);
	const struct tree_value *to;

	if (!version.length) {
		to = map_get(&c->names, name.text, name.length);
		if (!to)
			return PIPE_OK;
		version = tree_piece(tree_get(to, "version"));
	}
	return reader_id_push(r, ids, reader_id(r, name, version)) ? PIPE_OK : reader_nomem(r);
}

static int add_package(struct reader *r, const struct cargo *c, const struct tree_value *one)
{
	const struct tree_value *wanted = tree_get(one, "dependencies");
	struct piece name = tree_piece(tree_get(one, "name"));
	struct reader_ids ids = { 0 };
	struct scan_package *p;
	bool is_new;
	int rc = PIPE_OK;

	if (!name.length)
		return reader_fail(r, one->line, "a package without a name");
	p = reader_add(r, name, tree_piece(tree_get(one, "version")), &is_new);
	if (!p)
		return r->err->code;
	if (!is_new)
		return PIPE_OK;
	p->line_from = one->line;
	p->line_to = one->end;
	for (uint32_t i = 0; !rc && i < tree_items(wanted); i++)
		rc = add_dependency(r, c, tree_piece(&wanted->items[i]), &ids);
	return rc || reader_depends(r, &ids, &p->depends_on) ? rc : reader_nomem(r);
}

/* ---- Cargo.toml ---- */

/* A requirement without an operator is a caret; 1.* is ~1. */
static bool fits(struct reader *r, const char *version, const char *range)
{
	const struct version_scheme *scheme = version_scheme_named("semver");
	bool plain = *range >= '0' && *range <= '9' && !strpbrk(range, ",<>=~^ "),
	     star = plain && piece_ends(piece_of(range), ".*");
	size_t length = strcspn(range, "*");
	const char *text = range;

	if (plain)
		text = arena_printf(r->arena, "%c%.*s", star ? '~' : '^', (int)(star ? length - 1 : length), range);
	return !*range || !strcmp(range, "*") || (scheme && text && version_in(scheme, version, text) == RANGE_IN);
}

/* name = "range" or name = { version = "range", package = "its name" }; a folder or repository may say no range. */
static void walk_dependency(struct reader *r, struct cargo *c, const struct tree_member *m)
{
	const struct tree_value *renamed = tree_get(&m->value, "package");
	const char *name = renamed ? tree_text(renamed) : m->key;
	const char *range = m->value.kind == TREE_MAP ? tree_get_text(&m->value, "version") : tree_text(&m->value);

	if (tree_true(tree_get(&m->value, "workspace")))
		return;
	for (uint32_t at = (uint32_t)(uintptr_t)map_get(&c->first, name, strlen(name)); at; at = c->next[at - 1]) {
		struct scan_package *p = &r->list->packages.items[at - 1];

		if (!fits(r, p->version, range))
			continue;
		p->indirect = false;
		reader_walk_from(&c->walk, at - 1);
		return;
	}
}

/* From the last to the first, so that a chain has the order of the file. */
static bool chain_names(struct reader *r, struct cargo *c)
{
	c->next = ARENA_ARRAY(r->arena, uint32_t, (size_t)r->list->packages.count + 1);
	if (!c->next)
		return false;
	for (uint32_t i = r->list->packages.count; i-- > 0;) {
		struct scan_package *p = &r->list->packages.items[i];

		p->indirect = true;
		c->next[i] = (uint32_t)(uintptr_t)map_get(&c->first, p->name, strlen(p->name));
		if (!map_put(&c->first, r->arena, p->name, strlen(p->name), (void *)(uintptr_t)(i + 1)))
			return false;
	}
	return true;
}

static void walk_table(struct reader *r, struct cargo *c, const struct tree_value *names)
{
	for (uint32_t i = 0; i < tree_members(names); i++)
		walk_dependency(r, c, &names->members[i]);
}

/* The tables of a manifest, and the project itself. */
static int walk_manifest(struct reader *r, struct cargo *c, const struct tree_value *manifest)
{
	const struct tree_value *targets = tree_get(manifest, "target"), *self = tree_get(manifest, "package");
	const char *id = own_id(r, self);

	walk_table(r, c, tree_get(manifest, "dependencies"));
	for (uint32_t i = 0; i < tree_members(targets); i++)
		walk_table(r, c, tree_get(&targets->members[i].value, "dependencies"));
	walk_table(r, c, tree_get(tree_get(manifest, "workspace"), "dependencies"));
	return id && map_put(&c->projects, r->arena, id, strlen(id), (void *)1) ? PIPE_OK : reader_nomem(r);
}

static int walk_members(struct reader *r, struct cargo *c, const struct tree_value *manifest)
{
	const struct tree_value *members = tree_get(tree_get(manifest, "workspace"), "members");
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc >= 0 && i < tree_items(members); i++) {
		const char *folder = tree_text(&members->items[i]);
		const char *path = arena_printf(r->arena, "%s/Cargo.toml", folder);
		struct tree_value member;

		if (!path)
			return reader_nomem(r);
		if (glob_is_pattern(folder)) {
			c->every_member = true;
			continue;
		}
		rc = reader_tree_beside(r, path, SYNTAX_TOML, &member);
		if (rc == 1)
			rc = walk_manifest(r, c, &member);
	}
	return rc < 0 ? rc : PIPE_OK;
}

/* Packages without a source are the project's own. */
static int take_members(struct reader *r, struct cargo *c)
{
	for (uint32_t i = 0; i < tree_items(c->all); i++) {
		const struct tree_value *one = &c->all->items[i];
		const char *id = own_id(r, one);
		const struct scan_package *p = id ? reader_find(r, id) : NULL;

		if (!p)
			return reader_nomem(r);
		if (!tree_get(one, "source"))
			reader_walk_from(&c->walk, (uint32_t)(p - r->list->packages.items));
	}
	if (!reader_note(r, "the members of the workspace are named by a pattern: what only development needs counts too"))
		return reader_nomem(r);
	return PIPE_OK;
}

static int classify(struct reader *r, struct cargo *c)
{
	struct tree_value manifest;
	int rc = reader_tree_beside(r, "Cargo.toml", SYNTAX_TOML, &manifest);

	if (rc <= 0)
		return rc;
	if (!reader_walk_begin(r, &c->walk) || !chain_names(r, c))
		return reader_nomem(r);
	rc = walk_manifest(r, c, &manifest);
	if (!rc)
		rc = walk_members(r, c, &manifest);
	if (!rc && c->every_member)
		rc = take_members(r, c);
	if (rc)
		return rc;
	reader_walk_run(r, &c->walk);
	for (uint32_t i = 0; i < r->list->packages.count; i++) {
		struct scan_package *p = &r->list->packages.items[i];
		const char *id = reader_id(r, piece_of(p->name), piece_of(p->version));
		bool project;

		if (!id)
			return reader_nomem(r);
		project = map_get(&c->projects, id, strlen(id)) != NULL;
		p->development = !c->walk.reached[i] && !project;
		p->indirect = p->indirect && !project;
	}
	return PIPE_OK;
}

static int read_lock(struct reader *r)
{
	struct cargo c = { 0 };
	struct tree_value root;
	int rc = reader_tree(r, SYNTAX_TOML, &root);

	if (rc)
		return rc;
	c.all = tree_get(&root, "package");
	if (c.all && c.all->kind != TREE_LIST)
		return reader_fail(r, c.all->line, "\"package\" is an array of tables: [[package]]");
	for (uint32_t i = 0; i < tree_items(c.all); i++) {
		struct piece name = tree_piece(tree_get(&c.all->items[i], "name"));

		if (!map_put(&c.names, r->arena, name.text, name.length, &c.all->items[i]))
			return reader_nomem(r);
	}
	for (uint32_t i = 0; !rc && i < tree_items(c.all); i++)
		rc = add_package(r, &c, &c.all->items[i]);
	return rc ? rc : classify(r, &c);
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_cargo = {
	.name = "cargo-lock",
	.type = "cargo",
	.class = PACKAGE_LANGUAGE,
	.help = "Cargo.lock, with the Cargo.toml beside it",
	.wants = wants,
	.parse = parse,
};
