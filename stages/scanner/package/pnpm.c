/*
 * pnpm-lock.yaml, versions 5 to 9.  Up to 8 each package says whether it is for development only; from 9 on that is found by walking
 * from what the projects ask for.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"
#include "stages/scanner/version/version.h"

#include <stdlib.h>
#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "pnpm-lock.yaml") && !path_within(path, "node_modules");
}

/* "/@babel/core/7.0.0_x" (5), "/@babel/core@7.0.0(x)" (6), "@babel/core@7.0.0(x)" (9), with a registry before the first `/` below 9. */
static void split_key(struct piece key, unsigned long version, struct piece *name, struct piece *number)
{
	struct piece rest = key, part, scope = { key.text, 0 };

	if (version < 9)
		rest = piece_cut(rest, "/", &part, NULL);
	if (piece_starts(rest, "@")) {
		struct piece from = rest;

		rest = piece_cut(rest, "/", &scope, NULL);
		scope = (struct piece){ from.text, (size_t)(rest.text - from.text) };
	}
	rest = piece_cut(rest, version < 6 ? "/" : "@", &part, NULL);
	*name = (struct piece){ scope.length ? scope.text : part.text, scope.length + part.length };
	piece_cut(rest, version < 6 ? "_" : "(", number, NULL);
}

/* What lies in a folder or at an address has no version. */
static struct piece true_version(struct reader *r, struct piece version)
{
	const char *text = reader_text(r, version);
	const struct version_scheme *semver = version_scheme_named("semver");

	return text && semver && semver->valid(text) ? version : (struct piece){ "", 0 };
}

static int add_ids(struct reader *r, const struct tree_value *map, struct reader_ids *ids)
{
	for (uint32_t i = 0; i < tree_members(map); i++)
		if (!reader_id_push(r, ids, reader_id(r, tree_key(&map->members[i]), tree_piece(&map->members[i].value))))
			return reader_nomem(r);
	return PIPE_OK;
}

static int add_old(struct reader *r, const struct tree_value *root, const struct tree_member *m, unsigned long version)
{
	struct piece name = tree_piece(tree_get(&m->value, "name")), number = tree_piece(tree_get(&m->value, "version"));
	struct reader_ids ids = { 0 };
	struct scan_package *p;
	bool is_new;

	if (tree_true(tree_get(&m->value, "dev")))
		return PIPE_OK;
	if (!name.length) {
		split_key(tree_key(m), version, &name, &number);
		number = true_version(r, number);
	}
	p = reader_add(r, name, number, &is_new);
	if (!p)
		return r->err->code;
	if (!is_new)
		return PIPE_OK;
	p->indirect = !tree_getn(tree_get(root, "dependencies"), name.text, name.length);
	if (add_ids(r, tree_get(&m->value, "dependencies"), &ids) || !reader_depends(r, &ids, &p->depends_on))
		return reader_nomem(r);
	return PIPE_OK;
}

/* ---- version 9 ---- */

struct snapshots {
	const struct tree_value *root, *all, *packages;
	struct map needed, asked; /* "name@version" of what projects ask for: to run, at all */
	bool *production;	  /* by snapshot */
	uint32_t *queue;
	uint32_t count;
};

static struct piece without_peers(const char *version)
{
	struct piece s;

	piece_cut(piece_of(version), "(", &s, NULL);
	return s;
}

static int add_asked(struct reader *r, const struct tree_value *map, struct map *into)
{
	for (uint32_t i = 0; i < tree_members(map); i++) {
		const char *id = reader_id(r, tree_key(&map->members[i]),
					   without_peers(tree_get_text(&map->members[i].value, "version")));

		if (!id || !map_put(into, r->arena, id, strlen(id), (void *)1))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

static int find_asked(struct reader *r, struct snapshots *s)
{
	const struct tree_value *importers = tree_get(s->root, "importers");
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && i < tree_members(importers); i++) {
		const struct tree_value *one = &importers->members[i].value;

		rc = add_asked(r, tree_get(one, "dependencies"), &s->needed);
		if (!rc)
			rc = add_asked(r, tree_get(one, "dependencies"), &s->asked);
		if (!rc)
			rc = add_asked(r, tree_get(one, "devDependencies"), &s->asked);
	}
	return rc;
}

static void reach(struct snapshots *s, uint32_t index)
{
	if (s->production[index])
		return;
	s->production[index] = true;
	s->queue[s->count++] = index;
}

static int reach_below(struct reader *r, struct snapshots *s, const struct tree_value *names)
{
	for (uint32_t i = 0; i < tree_members(names); i++) {
		const struct tree_member *m = &names->members[i];
		const char *id = reader_id(r, tree_key(m), without_peers(tree_text(&m->value)));
		const char *full = reader_id(r, tree_key(m), tree_piece(&m->value));
		const struct tree_member *to;

		if (!id || !full)
			return reader_nomem(r);
		to = tree_get(s->packages, id) ? tree_find(s->all, full, strlen(full)) : NULL;
		if (to)
			reach(s, (uint32_t)(to - s->all->members));
	}
	return PIPE_OK;
}

static int reach_all(struct reader *r, struct snapshots *s)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; i < s->all->count; i++) {
		struct piece name, number;
		const char *id;

		split_key(tree_key(&s->all->members[i]), 9, &name, &number);
		id = reader_id(r, name, number);
		if (!id)
			return reader_nomem(r);
		if (map_get(&s->needed, id, strlen(id)))
			reach(s, i);
	}
	while (!rc && s->count) {
		const struct tree_value *one = &s->all->members[s->queue[--s->count]].value;

		rc = reach_below(r, s, tree_get(one, "dependencies"));
		if (!rc)
			rc = reach_below(r, s, tree_get(one, "optionalDependencies"));
	}
	return rc;
}

static int snapshot_depends(struct reader *r, const struct snapshots *s, const struct tree_value *names, struct reader_ids *ids)
{
	for (uint32_t i = 0; i < tree_members(names); i++) {
		const struct tree_member *m = &names->members[i];
		const char *id = reader_id(r, tree_key(m), without_peers(tree_text(&m->value)));

		if (!id)
			return reader_nomem(r);
		if (tree_get(s->packages, id) && !reader_id_push(r, ids, id))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

static int add_snapshot(struct reader *r, const struct snapshots *s, uint32_t index)
{
	const struct tree_member *m = &s->all->members[index];
	struct piece name, number, version;
	struct reader_ids ids = { 0 };
	struct scan_package *p;
	const char *id, *said;
	bool is_new;

	split_key(tree_key(m), 9, &name, &number);
	id = reader_id(r, name, number);
	if (!id)
		return reader_nomem(r);
	said = tree_get_text(tree_get(s->packages, id), "version");
	version = *said ? piece_of(said) : true_version(r, number);
	p = reader_add(r, name, version, &is_new);
	if (!p)
		return r->err->code;
	if (!is_new) {
		p->development = p->development && !s->production[index];
		return PIPE_OK;
	}
	p->development = !s->production[index];
	p->indirect = !map_get(&s->asked, id, strlen(id));
	if (snapshot_depends(r, s, tree_get(&m->value, "dependencies"), &ids) ||
	    snapshot_depends(r, s, tree_get(&m->value, "optionalDependencies"), &ids) || !reader_depends(r, &ids, &p->depends_on))
		return reader_nomem(r);
	return PIPE_OK;
}

static int read_snapshots(struct reader *r, const struct tree_value *root)
{
	struct snapshots s = { .root = root, .all = tree_get(root, "snapshots"), .packages = tree_get(root, "packages") };
	int rc;

	if (!tree_members(s.all))
		return PIPE_OK;
	s.production = ARENA_ARRAY(r->arena, bool, s.all->count);
	s.queue = ARENA_ARRAY(r->arena, uint32_t, s.all->count);
	if (!s.production || !s.queue)
		return reader_nomem(r);
	rc = find_asked(r, &s);
	if (!rc)
		rc = reach_all(r, &s);
	for (uint32_t i = 0; !rc && i < s.all->count; i++)
		rc = add_snapshot(r, &s, i);
	return rc;
}

static int read_lock(struct reader *r)
{
	struct tree_value root;
	const struct tree_value *packages;
	const char *text;
	char *end;
	unsigned long version;
	int rc = reader_tree(r, SYNTAX_YAML, &root);

	if (rc)
		return rc;
	text = tree_get_text(&root, "lockfileVersion");
	version = strtoul(text, &end, 10);
	if (end == text || (*end && *end != '.') || root.kind != TREE_MAP)
		return reader_fail(r, root.line, "a pnpm-lock.yaml says its lockfileVersion, a number: \"%.40s\" is none", text);
	if (version >= 9)
		return read_snapshots(r, &root);
	packages = tree_get(&root, "packages");
	for (uint32_t i = 0; !rc && i < tree_members(packages); i++)
		rc = add_old(r, &root, &packages->members[i], version);
	return rc;
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_pnpm = {
	.name = "pnpm-lock",
	.type = "pnpm",
	.class = PACKAGE_LANGUAGE,
	.help = "pnpm-lock.yaml, versions 5 to 9",
	.wants = wants,
	.parse = parse,
};
