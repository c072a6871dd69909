/*
 * What a pom.xml says, together with its parents: https://maven.apache.org/pom.html#inheritance.  Properties may name one another; how
 * often they are followed is bounded.
 */
#include "base/str.h"
#include "stages/scanner/package/pom.h"

#include <string.h>

enum { EXPANSIONS = 200, RESOLVED_MOST = 4096 };

/* ---- properties ---- */

static void expand(const struct pom *pom, struct piece text, struct str *out, unsigned *left, unsigned depth)
{
	while (text.length) {
		struct piece plain, name;
		bool open, close;
		const char *value;

		text = piece_cut(text, "${", &plain, &open);
		str_add(out, plain.text, plain.length);
		if (!open)
			return;
		text = piece_cut(text, "}", &name, &close);
		value = close ? map_get(&pom->properties, name.text, name.length) : NULL;
		if (value && *left && depth) {
			--*left;
			expand(pom, piece_of(value), out, left, depth - 1);
		}
	}
}

const char *pom_resolve(struct reader *r, const struct pom *pom, const char *text)
{
	unsigned left = EXPANSIONS;
	struct str out;
	const char *resolved;

	if (!strstr(text, "${"))
		return text;
	str_init_limit(&out, RESOLVED_MOST);
	expand(pom, piece_of(text), &out, &left, POM_PARENTS);
	resolved = out.failed ? "" : reader_text(r, piece_trim(piece_of(out.data)));
	str_clear(&out);
	return resolved;
}

static bool put(struct reader *r, struct pom *pom, const char *name, const char *value)
{
	return map_put(&pom->properties, r->arena, name, strlen(name), (void *)value);
}

static bool put_properties(struct reader *r, struct pom *pom, const struct xml_element *root)
{
	const struct xml_element *all = element_child(root, "properties");

	for (const struct xml_element *e = all ? all->first : NULL; e; e = e->next)
		if (!put(r, pom, e->name, e->text))
			return false;
	return true;
}

/* ${project.version} and, as it was once written, ${version}. */
static bool put_project(struct reader *r, struct pom *pom)
{
	const struct xml_element *parent = element_child(pom->root, "parent");

	return put(r, pom, "project.groupId", pom->group) && put(r, pom, "project.artifactId", pom->artifact) &&
	       put(r, pom, "project.version", pom->version) && put(r, pom, "groupId", pom->group) &&
	       put(r, pom, "artifactId", pom->artifact) && put(r, pom, "version", pom->version) &&
	       (!parent || (put(r, pom, "project.parent.version", element_text(parent, "version")) &&
			    put(r, pom, "project.parent.groupId", element_text(parent, "groupId")) &&
			    put(r, pom, "parent.version", element_text(parent, "version"))));
}

/* ---- files ---- */

const char *pom_open(struct reader *r, const char *from, const char *relative, const char **where, size_t *length)
{
	const char *slash = strrchr(from, '/'), *bytes = NULL;

	*where = slash ? arena_printf(r->arena, "%.*s/%s", (int)(slash - from), from, relative) : relative;
	if (*where && path_ends(*where, ".xml"))
		bytes = reader_beside(r, *where, length);
	if (!bytes && *where) {
		*where = arena_printf(r->arena, "%s/pom.xml", *where);
		bytes = *where ? reader_beside(r, *where, length) : NULL;
	}
	return bytes;
}

/* The file itself, without its parents; 0: it holds something else. */
static int read_file(struct reader *r, const char *where, const char *bytes, size_t length, struct pom *out)
{
	struct tree_source source = { where, bytes, length };
	struct xml_element *root;
	int rc;

	*out = (struct pom){ .where = where };
	rc = tree_xml(&root, &source, r->arena, r->err);
	if (rc)
		return rc;
	out->root = root;
	out->group = element_text(root, "groupId");
	out->artifact = element_text(root, "artifactId");
	out->version = element_text(root, "version");
	return !strcmp(root->name, "project");
}

/* The parent's file: 1 it is there and is the one that is meant, 0 it is not. */
static int open_parent(struct reader *r, const struct pom *pom, const struct xml_element *parent, struct pom *out)
{
	const char *said = element_text(parent, "relativePath"), *paths[] = { *said ? said : "../pom.xml", "../pom.xml" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const char *where, *bytes;
		size_t length;
		int rc;

		bytes = pom_open(r, pom->where, paths[i], &where, &length);
		rc = bytes ? read_file(r, where, bytes, length, out) : 0;
		if (rc == PIPE_ENOMEM)
			return rc;
		if (rc < 0)
			*r->err = (pipe_error){ 0 };
		if (rc == 1 && !strcmp(out->artifact, element_text(parent, "artifactId")))
			return 1;
	}
	if (!reader_note(r, "the parent %.100s:%.100s:%.60s is not in this tree: versions that it sets are not known",
			 element_text(parent, "groupId"), element_text(parent, "artifactId"), element_text(parent, "version")))
		return reader_nomem(r);
	return 0;
}

/* ---- inheritance ---- */

static bool add_list(struct reader *r, const struct xml_element *parent, struct map *seen, struct pom_list *list)
{
	const struct xml_element *all = element_child(parent, "dependencies"), **slot;

	for (const struct xml_element *e = element_child(all, "dependency"); e; e = element_again(e)) {
		const char *key = arena_printf(r->arena, "%s:%s", element_text(e, "groupId"), element_text(e, "artifactId"));

		if (!key)
			return false;
		if (map_get(seen, key, strlen(key)))
			continue;
		slot = vec_push(r->arena, &list->elements);
		if (!slot || !map_put(seen, r->arena, key, strlen(key), (void *)1))
			return false;
		*slot = e;
	}
	return true;
}

/* From the file itself up to its last parent: the nearer one's word counts. */
static bool inherit(struct reader *r, struct pom *chain, unsigned count)
{
	struct map dependencies = MAP_INIT, managed = MAP_INIT;
	struct pom *own = &chain[0];

	for (unsigned i = count; i-- > 0;) {
		struct pom *pom = &chain[i];
		const struct xml_element *parent = element_child(pom->root, "parent");
		const char *group = i + 1 < count ? chain[i + 1].group : element_text(parent, "groupId");
		const char *version = i + 1 < count ? chain[i + 1].version : element_text(parent, "version");

		own->orphan |= i + 1 == count && !*pom->group;
		pom->group = *pom->group ? pom->group : group;
		pom->version = *pom->version ? pom->version : version;
		if (!put_properties(r, own, pom->root))
			return false;
	}
	for (unsigned i = 0; i < count; i++)
		if (!add_list(r, chain[i].root, &dependencies, &own->dependencies) ||
		    !add_list(r, element_child(chain[i].root, "dependencyManagement"), &managed, &own->managed))
			return false;
	return put_project(r, own);
}

int pom_load(struct reader *r, const char *where, const char *bytes, size_t length, struct pom *out)
{
	struct pom chain[POM_PARENTS];
	const struct xml_element *parent;
	unsigned count = 1;
	int rc = read_file(r, where, bytes, length, &chain[0]);

	if (rc != 1)
		return rc;
	while (count < POM_PARENTS && (parent = element_child(chain[count - 1].root, "parent"))) {
		rc = open_parent(r, &chain[count - 1], parent, &chain[count]);
		if (rc < 0)
			return rc;
		if (!rc)
			break;
		count++;
	}
	if (!inherit(r, chain, count))
		return reader_nomem(r);
	*out = chain[0];
	out->group = pom_resolve(r, out, out->group);
	out->artifact = pom_resolve(r, out, out->artifact);
	out->version = pom_resolve(r, out, out->version);
	return out->group && out->artifact && out->version && put_project(r, out) ? 1 : reader_nomem(r);
}
