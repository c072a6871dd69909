/*
 * pom.xml: the dependencies that are needed to compile and to run, with the versions that the file, its parents and their
 * dependencyManagement set.  Nothing is fetched: parents and modules are those of the tree, what dependencies need themselves is not
 * known, and what cannot be resolved is noted.
 */
#include "stages/scanner/package/pom.h"
#include "stages/scanner/package/formats.h"

#include <stdio.h>
#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "pom.xml");
}

struct managed {
	const char *version, *scope;
	bool optional;
};

static const char *name_of(struct reader *r, const struct pom *pom, const struct xml_element *e)
{
	const char *group = pom_resolve(r, pom, element_text(e, "groupId")),
		   *artifact = pom_resolve(r, pom, element_text(e, "artifactId"));

	return group && artifact ? arena_printf(r->arena, "%s:%s", group, artifact) : NULL;
}

/* Managed dependencies by their name; those of a bill of materials are not here. */
static int find_managed(struct reader *r, const struct pom *pom, struct map *out)
{
	for (uint32_t i = 0; i < pom->managed.elements.count; i++) {
		const struct xml_element *e = pom->managed.elements.items[i];
		const char *name = name_of(r, pom, e);
		struct managed *m = ARENA_NEW(r->arena, struct managed);

		if (!name || !m)
			return reader_nomem(r);
		if (!strcmp(element_text(e, "scope"), "import")) {
			if (!reader_note(r, "the versions of %.200s are not in this tree", name))
				return reader_nomem(r);
			continue;
		}
		m->version = pom_resolve(r, pom, element_text(e, "version"));
		m->scope = pom_resolve(r, pom, element_text(e, "scope"));
		m->optional = !strcmp(element_text(e, "optional"), "true");
		if (!m->version || !m->scope ||
		    (!map_get(out, name, strlen(name)) && !map_put(out, r->arena, name, strlen(name), m)))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

/* "[1.2]" is exactly that; other ranges are no version. */
static struct piece version_of(const char *text)
{
	struct piece s = piece_of(text);

	if (piece_starts(s, "[") && piece_ends(s, "]"))
		s = piece_strip(s, "[]");
	for (const char *c = ",()[]"; *c; c++)
		if (piece_find(s, *c) >= 0)
			s.length = 0;
	return s;
}

static int add_dependency(struct reader *r, const struct pom *pom, const struct map *managed, struct map *seen,
			  const struct xml_element *e, struct reader_ids *ids)
{
	const char *name = name_of(r, pom, e), *version = pom_resolve(r, pom, element_text(e, "version"));
	const char *scope = pom_resolve(r, pom, element_text(e, "scope"));
	const struct managed *m = name ? map_get(managed, name, strlen(name)) : NULL;
	bool optional = !strcmp(element_text(e, "optional"), "true") || (m && m->optional), is_new, own;
	struct scan_package *p;

	if (!name || !version || !scope)
		return reader_nomem(r);
	version = m && !*version ? m->version : version;
	scope = m && !*scope ? m->scope : scope;
	if (optional || (*scope && strcmp(scope, "compile") != 0 && strcmp(scope, "runtime") != 0))
		return PIPE_OK;
	if (*name == ':' || name[strlen(name) - 1] == ':' || map_get(seen, name, strlen(name)))
		return PIPE_OK;
	if (!version_of(version).length && !reader_note(r, "the version of %.200s cannot be resolved here", name))
		return reader_nomem(r);
	p = reader_add(r, piece_of(name), version_of(version), &is_new);
	if (!p)
		return r->err->code;
	if (!map_put(seen, r->arena, name, strlen(name), (void *)1) ||
	    !reader_id_push(r, ids, reader_id(r, piece_of(name), version_of(version))))
		return reader_nomem(r);
	own = e->parent && e->parent->parent == pom->root && !strcmp(pom->where, "pom.xml");
	if (is_new && own) {
		p->line_from = e->line;
		p->line_to = e->end;
	}
	return PIPE_OK;
}

/* The project itself is one of its packages. */
static int add_project(struct reader *r, const struct pom *pom)
{
	struct map managed = MAP_INIT, seen = MAP_INIT;
	struct reader_ids ids = { 0 };
	struct scan_package *p;
	const char *name = arena_printf(r->arena, "%s:%s", pom->group, pom->artifact);
	int rc = name ? find_managed(r, pom, &managed) : reader_nomem(r);

	for (uint32_t i = 0; !rc && i < pom->dependencies.elements.count; i++)
		rc = add_dependency(r, pom, &managed, &seen, pom->dependencies.elements.items[i], &ids);
	if (rc || pom->orphan || !*pom->group || !*pom->artifact)
		return rc;
	p = reader_add(r, piece_of(name), version_of(pom->version), NULL);
	if (!p)
		return r->err->code;
	return reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

/* Modules wait here; each is read once. */
struct modules {
	struct reader_ids where;
	struct map seen;
};

static int add_modules(struct reader *r, struct modules *m, const struct pom *pom)
{
	const struct xml_element *all = element_child(pom->root, "modules");

	for (const struct xml_element *e = element_child(all, "module"); e; e = element_again(e)) {
		const char *where, *path;
		size_t length;

		if (!pom_open(r, pom->where, e->text, &where, &length)) {
			if (!reader_note(r, "the module %.200s is not in this tree", e->text))
				return reader_nomem(r);
			continue;
		}
		path = reader_path(r, where);
		if (!path || !map_get(&m->seen, path, strlen(path))) {
			if (!path || !map_put(&m->seen, r->arena, path, strlen(path), (void *)1) ||
			    !reader_id_push(r, &m->where, where))
				return reader_nomem(r);
		}
		if (m->where.list.count > POM_MODULES)
			return reader_fail(r, e->line, "more than %d modules", POM_MODULES);
	}
	return PIPE_OK;
}

static int read_modules(struct reader *r, struct modules *m)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && i < m->where.list.count; i++) {
		struct pom module;
		const char *where = m->where.list.items[i], *bytes;
		size_t length;

		bytes = reader_beside(r, where, &length);
		rc = bytes ? pom_load(r, where, bytes, length, &module) : 0;
		if (rc == PIPE_EPIPELINE || rc == PIPE_ELIMIT) {
			rc = reader_note(r, "%.200s, line %u: %.200s", where, r->err->line, r->err->text) ? PIPE_OK
													  : reader_nomem(r);
			continue;
		}
		if (rc == 1) {
			rc = add_project(r, &module);
			if (!rc)
				rc = add_modules(r, m, &module);
		}
	}
	return rc;
}

/* A project that only tests a Maven plugin: src/it/NAME/pom.xml. */
static bool is_trial(const char *path)
{
	struct piece rest = piece_of(path), part[4] = { { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 } };
	bool more = true;

	while (more) {
		memmove(part, part + 1, 3 * sizeof(*part));
		rest = piece_cut(rest, "/", &part[3], &more);
	}
	return (piece_is(part[0], "src") || piece_is(part[0], "target")) && piece_is(part[1], "it");
}

static int read_pom(struct reader *r)
{
	struct modules modules = { 0 };
	struct pom pom;
	int rc = pom_load(r, "pom.xml", r->bytes, r->length, &pom);

	if (rc < 0)
		snprintf(r->err->file, sizeof(r->err->file), "%s", r->list->path);
	if (rc != 1)
		return rc;
	rc = add_project(r, &pom);
	if (!rc)
		rc = add_modules(r, &modules, &pom);
	if (!rc)
		rc = read_modules(r, &modules);
	for (uint32_t i = 0; i < r->list->packages.count; i++)
		r->list->packages.items[i].development = is_trial(r->list->path);
	return rc;
}

PACKAGE_PARSER(parse, read_pom)

const struct package_format package_format_pom = {
	.name = "pom",
	.type = "pom",
	.class = PACKAGE_LANGUAGE,
	.help = "Maven's pom.xml, with parents and modules that are in the tree",
	.wants = wants,
	.parse = parse,
};
