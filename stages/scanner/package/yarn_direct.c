/*
 * What a project with a yarn.lock asks for: its package.json and those of its workspaces.  What can be reached only from
 * devDependencies is for development; what cannot be reached at all counts as needed.
 */
#include "base/glob.h"
#include "stages/scanner/package/yarn.h"
#include "stages/scanner/version/version.h"

#include <string.h>

struct project {
	const char *name, *version;
	struct reader_ids depends;
};

struct manifests {
	VEC(struct project) projects;
	struct project *project; /* whose manifest is read */
	struct map names;	 /* of packages: index + 1 of their first in chain */
	uint32_t *next;		 /* the next package of that name, + 1 */
	struct reader_walk production, development;
};

/* `npm:name@range` is another package by this name, `npm:range` only a range. */
static struct piece range_of(struct piece said, struct piece *original)
{
	struct piece rest = piece_skip(said, 4);
	ptrdiff_t at;

	*original = (struct piece){ "", 0 };
	if (!piece_starts(said, "npm:"))
		return said;
	if (!rest.length || (*rest.text != '@' && !((*rest.text | 32) >= 'a' && (*rest.text | 32) <= 'z')))
		return rest;
	at = piece_find(piece_skip(rest, 1), '@');
	*original = at < 0 ? rest : (struct piece){ rest.text, (size_t)at + 1 };
	return at < 0 ? piece_skip(rest, rest.length) : piece_skip(rest, (size_t)at + 2);
}

/* The packages that a range of a package.json came to: by pattern and by version. */
static int find_asked(struct reader *r, struct yarn_lock *lock, struct manifests *m, const struct tree_member *asked,
		      struct reader_walk *w)
{
	struct piece said = tree_piece(&asked->value), original, range = range_of(said, &original);
	const char *pattern = reader_id(r, tree_key(asked), piece_starts(said, "npm:") ? piece_skip(said, 4) : said);
	const char *text = reader_text(r, range), *name = reader_text(r, original);
	const struct version_scheme *scheme = package_scheme("yarn");
	uintptr_t block, at = (uintptr_t)map_get(&m->names, asked->key, asked->length);

	if (!pattern || !text || !name)
		return reader_nomem(r);
	block = (uintptr_t)map_get(&lock->patterns, pattern, strlen(pattern));
	for (; at; at = m->next[at - 1]) {
		struct scan_package *p = &r->list->packages.items[at - 1];
		bool fits = (block && lock->blocks.items[block - 1].package == at) || !*text ||
			    (scheme && version_in(scheme, p->version, text) == RANGE_IN);

		if (!fits)
			continue;
		p->indirect = false;
		reader_walk_from(w, (uint32_t)at - 1);
		if (!reader_id_push(r, &m->project->depends, reader_id(r, tree_key(asked), piece_of(p->version))))
			return reader_nomem(r);
		if (*name)
			p->name = name;
	}
	return PIPE_OK;
}

static int find_all(struct reader *r, struct yarn_lock *lock, struct manifests *m, const struct tree_value *names,
		    struct reader_walk *w)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && i < tree_members(names); i++)
		rc = find_asked(r, lock, m, &names->members[i], w);
	return rc;
}

static int read_manifest(struct reader *r, struct yarn_lock *lock, struct manifests *m, const struct tree_value *manifest)
{
	int rc;

	m->project = vec_push(r->arena, &m->projects);
	if (!m->project)
		return reader_nomem(r);
	m->project->name = tree_get_text(manifest, "name");
	m->project->version = tree_get_text(manifest, "version");
	rc = find_all(r, lock, m, tree_get(manifest, "devDependencies"), &m->development);
	if (!rc)
		rc = find_all(r, lock, m, tree_get(manifest, "dependencies"), &m->production);
	if (!rc)
		rc = find_all(r, lock, m, tree_get(manifest, "optionalDependencies"), &m->production);
	return rc;
}

static bool begin(struct reader *r, struct manifests *m)
{
	uint32_t count = r->list->packages.count;

	m->next = ARENA_ARRAY(r->arena, uint32_t, (size_t)count + 1);
	if (!m->next || !reader_walk_begin(r, &m->production) || !reader_walk_begin(r, &m->development))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct scan_package *p = &r->list->packages.items[i];

		p->indirect = true;
		m->next[i] = (uint32_t)(uintptr_t)map_get(&m->names, p->name, strlen(p->name));
		if (!map_put(&m->names, r->arena, p->name, strlen(p->name), (void *)(uintptr_t)(i + 1)))
			return false;
	}
	return true;
}

static int read_workspace(struct reader *r, struct yarn_lock *lock, struct manifests *m, const char *folder)
{
	const char *path = arena_printf(r->arena, "%s/package.json", folder);
	struct tree_value manifest;
	int rc;

	if (!path)
		return reader_nomem(r);
	rc = reader_tree_beside(r, path, SYNTAX_JSON, &manifest);
	return rc <= 0 ? rc : read_manifest(r, lock, m, &manifest);
}

/* Those that berry's lock names, otherwise those that the project's package.json names without a pattern. */
static int read_workspaces(struct reader *r, struct yarn_lock *lock, struct manifests *m, const struct tree_value *root)
{
	const struct tree_value *named = tree_get(root, "workspaces");
	int rc = PIPE_OK;

	if (named && named->kind == TREE_MAP)
		named = tree_get(named, "packages");
	for (uint32_t i = 0; !rc && i < lock->workspaces.list.count; i++)
		if (strcmp(lock->workspaces.list.items[i], ".") != 0)
			rc = read_workspace(r, lock, m, lock->workspaces.list.items[i]);
	if (lock->workspaces.list.count)
		return rc;
	for (uint32_t i = 0; !rc && i < tree_items(named); i++) {
		const char *folder = tree_text(&named->items[i]);

		if (!glob_is_pattern(folder))
			rc = read_workspace(r, lock, m, folder);
		else if (!reader_note(
				 r,
				 "the workspaces \"%.200s\" were not looked for: what only they need to build counts as needed",
				 folder))
			rc = reader_nomem(r);
	}
	return rc;
}

/* The projects stand in the list too, as packages that nothing is known of. */
static int add_projects(struct reader *r, struct manifests *m)
{
	for (uint32_t i = 0; i < m->projects.count; i++) {
		struct project *one = &m->projects.items[i];
		struct scan_package *p;

		if (!*one->name || !*one->version)
			continue;
		p = reader_add(r, piece_of(one->name), piece_of(one->version), NULL);
		if (!p)
			return r->err->code;
		if (!reader_depends(r, &one->depends, &p->depends_on))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

int yarn_classify(struct reader *r, struct yarn_lock *lock)
{
	struct manifests m = { 0 };
	struct tree_value root;
	int rc = reader_tree_beside(r, "package.json", SYNTAX_JSON, &root);

	if (rc <= 0)
		return rc;
	if (!begin(r, &m))
		return reader_nomem(r);
	rc = read_manifest(r, lock, &m, &root);
	if (!rc)
		rc = read_workspaces(r, lock, &m, &root);
	if (rc)
		return rc;
	reader_walk_run(r, &m.production);
	reader_walk_run(r, &m.development);
	for (uint32_t i = 0; i < r->list->packages.count; i++)
		r->list->packages.items[i].development = m.development.reached[i] && !m.production.reached[i];
	return add_projects(r, &m);
}
