/*
 * package-lock.json, of npm 5 and later: version 1 (a tree of dependencies), 2 and 3 (a map of folders).
 *
 * In version 2 and 3 a workspace stands under its own folder and is linked from node_modules; what lies below it is read as if it lay
 * below the link.  Links themselves and the project are no packages.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static const char modules[] = "node_modules";

/* A folder of the lock, as it is installed. */
struct folder {
	const char *path; /* "node_modules/a/node_modules/b" */
	const struct tree_value *value;
	uint32_t line;
};
struct folders {
	VEC(struct folder) list;
	struct map by_path; /* index + 1 */
	struct map links;   /* target folder: the path of its link */
	struct map direct;  /* paths of what the project and its workspaces ask for */
};

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "package-lock.json") && !path_within(path, modules);
}

static bool is_true(const struct tree_value *v, const char *key)
{
	return tree_true(tree_get(v, key));
}

/* ---- where things are ---- */

static int find_links(struct reader *r, const struct tree_value *packages, struct folders *f)
{
	for (uint32_t i = 0; i < tree_members(packages); i++) {
		const struct tree_member *m = &packages->members[i];
		const char *target = tree_get_text(&m->value, "resolved");

		if (!is_true(&m->value, "link"))
			continue;
		if (!*target && !reader_note(r, "line %u: the link \"%.200s\" leads nowhere", m->line, m->key))
			return reader_nomem(r);
		if (*target && !map_put(&f->links, r->arena, target, strlen(target), (void *)(uintptr_t)m->key))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

/* The path as if links were folders: the longest linked folder that it lies in is replaced. */
static const char *installed_path(struct reader *r, const struct folders *f, const struct tree_member *m)
{
	for (size_t n = m->length; n; n--) {
		const char *link = m->key[n] == '/' || !m->key[n] ? map_get(&f->links, m->key, n) : NULL;

		if (link)
			return arena_printf(r->arena, "%s%s", link, m->key + n);
	}
	return m->key;
}

static int add_folder(struct reader *r, struct folders *f, const struct tree_member *m)
{
	const char *path = installed_path(r, f, m);
	struct folder *one;

	if (!path)
		return reader_nomem(r);
	if (map_get(&f->by_path, path, strlen(path)))
		return PIPE_OK;
	one = vec_push(r->arena, &f->list);
	if (!one)
		return reader_nomem(r);
	*one = (struct folder){ path, &m->value, m->value.line };
	return map_put(&f->by_path, r->arena, path, strlen(path), (void *)(uintptr_t)f->list.count) ? PIPE_OK : reader_nomem(r);
}

static const struct folder *folder_at(const struct folders *f, const char *path, size_t length)
{
	uintptr_t at = (uintptr_t)map_get(&f->by_path, path, length);

	return at ? &f->list.items[at - 1] : NULL;
}

/* What stands in package.json counts as asked for. */
static int add_direct(struct reader *r, struct folders *f, const struct tree_value *packages)
{
	static const char *const kinds[] = { "dependencies", "optionalDependencies", "devDependencies", "peerDependencies" };
	const struct tree_value *root = tree_get(packages, "");

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		const struct tree_value *names = tree_get(root, kinds[k]);

		for (uint32_t i = 0; i < tree_members(names); i++) {
			const char *path = arena_printf(r->arena, "node_modules/%s", names->members[i].key);

			if (!path || !map_put(&f->direct, r->arena, path, strlen(path), (void *)1))
				return reader_nomem(r);
		}
	}
	/* Workspaces are asked for by being there. */
	for (uint32_t i = 0; i < tree_members(packages); i++) {
		const struct tree_member *m = &packages->members[i];

		if (tree_get(root, "workspaces") && is_true(&m->value, "link") &&
		    !map_put(&f->direct, r->arena, m->key, m->length, (void *)1))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

/* ---- packages ---- */

/* "node_modules/@a/b" is "@a/b", unless it says otherwise. */
static struct piece name_of(const struct folder *one)
{
	const char *said = tree_get_text(one->value, "name"), *p = one->path, *last = NULL;

	if (*said)
		return piece_of(said);
	for (; (p = strstr(p, modules)); p += strlen(modules))
		last = p;
	p = last ? last + strlen(modules) : one->path;
	return piece_of(p + (*p == '/'));
}

/* The nearest folder of that name: below the package's own, then below each one around it. */
static const struct folder *resolve(struct reader *r, const struct folders *f, const char *from, const struct tree_member *wanted)
{
	size_t length = strlen(from);
	char *path = arena_text(r->arena, length + sizeof(modules) + wanted->length + 2);

	if (!path)
		return NULL;
	for (;;) {
		size_t n = length;
		const struct folder *found;

		memcpy(path, from, n);
		if (n)
			path[n++] = '/';
		memcpy(path + n, modules, strlen(modules));
		n += strlen(modules);
		path[n++] = '/';
		memcpy(path + n, wanted->key, wanted->length);
		found = folder_at(f, path, n + wanted->length);
		if (found || !length)
			return found;
		/* Up to what is before the last "node_modules". */
		while (length &&
		       !(length >= strlen(modules) && !memcmp(from + length - strlen(modules), modules, strlen(modules))))
			length--;
		length = length > strlen(modules) ? length - strlen(modules) - 1 : 0;
	}
}

static int add_depends(struct reader *r, const struct folders *f, const struct folder *one, struct scan_package *p)
{
	static const char *const kinds[] = { "dependencies", "optionalDependencies", "peerDependencies" };
	struct reader_ids ids = { 0 };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		const struct tree_value *names = tree_get(one->value, kinds[k]);

		for (uint32_t i = 0; i < tree_members(names); i++) {
			const struct folder *to = resolve(r, f, one->path, &names->members[i]);

			if (to && !reader_id_push(
					  r, &ids,
					  reader_id(r, tree_key(&names->members[i]), tree_piece(tree_get(to->value, "version")))))
				return reader_nomem(r);
		}
	}
	return reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int add_package(struct reader *r, const struct folders *f, const struct folder *one)
{
	bool is_new, direct = map_get(&f->direct, one->path, strlen(one->path)) != NULL, development = is_true(one->value, "dev");
	struct scan_package *p = reader_add(r, name_of(one), tree_piece(tree_get(one->value, "version")), &is_new);

	if (!p)
		return r->err->code;
	if (!is_new) {
		p->development = p->development && development;
		p->indirect = p->indirect && !direct;
		return PIPE_OK;
	}
	p->line_from = one->line;
	p->line_to = one->value->end;
	p->development = development;
	p->indirect = !direct;
	p->licenses = tree_get_text(one->value, "license");
	return add_depends(r, f, one, p);
}

static int read_folders(struct reader *r, const struct tree_value *packages)
{
	struct folders f = { 0 };
	int rc = find_links(r, packages, &f);

	if (!rc)
		rc = add_direct(r, &f, packages);
	if (!rc && !map_reserve(&f.by_path, r->arena, tree_members(packages)))
		return reader_nomem(r);
	for (uint32_t i = 0; !rc && i < tree_members(packages); i++)
		if (!is_true(&packages->members[i].value, "link"))
			rc = add_folder(r, &f, &packages->members[i]);
	for (uint32_t i = 0; !rc && i < f.list.count; i++)
		if (!strncmp(f.list.items[i].path, modules, strlen(modules)))
			rc = add_package(r, &f, &f.list.items[i]);
	return rc;
}

/* ---- version 1 ---- */

/* The maps of dependencies around one, the innermost last. */
struct scope {
	const struct tree_value *levels[TREE_DEPTH + 1];
	uint32_t next[TREE_DEPTH + 1];
	unsigned depth;
};

static int add_requires(struct reader *r, const struct scope *s, const struct tree_value *one, struct scan_package *p)
{
	const struct tree_value *names = tree_get(one, "requires");
	struct reader_ids ids = { 0 };

	for (uint32_t i = 0; i < tree_members(names); i++) {
		const struct tree_member *m = &names->members[i];
		const struct tree_value *to = tree_getn(tree_get(one, "dependencies"), m->key, m->length);

		for (unsigned level = s->depth; !to && level-- > 0;)
			to = tree_getn(s->levels[level], m->key, m->length);
		if (to && !reader_id_push(r, &ids, reader_id(r, tree_key(m), tree_piece(tree_get(to, "version")))))
			return reader_nomem(r);
	}
	return reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int add_version1(struct reader *r, const struct scope *s, const struct tree_member *m)
{
	bool is_new, development = is_true(&m->value, "dev");
	struct scan_package *p = reader_add(r, tree_key(m), tree_piece(tree_get(&m->value, "version")), &is_new);

	if (!p)
		return r->err->code;
	if (!is_new) {
		p->development = p->development && development;
		return PIPE_OK;
	}
	p->line_from = m->value.line;
	p->line_to = m->value.end;
	p->development = development;
	return add_requires(r, s, &m->value, p);
}

static int read_version1(struct reader *r, const struct tree_value *dependencies)
{
	struct scope s = { .levels = { dependencies }, .depth = 1 };
	int rc = PIPE_OK;

	while (!rc && s.depth) {
		const struct tree_value *level = s.levels[s.depth - 1], *below;
		uint32_t i = s.next[s.depth - 1]++;

		if (i >= tree_members(level)) {
			s.depth--;
			continue;
		}
		rc = add_version1(r, &s, &level->members[i]);
		below = tree_get(&level->members[i].value, "dependencies");
		if (!rc && tree_members(below)) {
			s.levels[s.depth] = below;
			s.next[s.depth++] = 0;
		}
	}
	return rc;
}

static int read_lock(struct reader *r)
{
	struct tree_value root;
	const struct tree_value *packages, *dependencies;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	if (rc)
		return rc;
	packages = tree_get(&root, "packages");
	dependencies = tree_get(&root, "dependencies");
	if (root.kind != TREE_MAP || (packages && packages->kind != TREE_MAP) || (dependencies && dependencies->kind != TREE_MAP))
		return reader_fail(r, root.line, "a package-lock.json is a map with the maps \"packages\" or \"dependencies\"");
	if (!strcmp(tree_get_text(&root, "lockfileVersion"), "1") || !packages)
		return read_version1(r, dependencies);
	return read_folders(r, packages);
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_npm = {
	.name = "package-lock",
	.type = "npm",
	.class = PACKAGE_LANGUAGE,
	.help = "npm's package-lock.json, versions 1 to 3",
	.wants = wants,
	.parse = parse,
};
