/* conan.lock: of version 1 a graph of nodes, of version 2 a list; references are `name/version@user/channel#revision`. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "conan.lock");
}

static bool split(struct piece reference, struct piece *name, struct piece *version)
{
	struct piece more;
	bool cut, again;

	piece_cut(reference, "@", &reference, NULL);
	piece_cut(reference, "#", &reference, NULL);
	*version = piece_cut(reference, "/", name, &cut);
	piece_cut(*version, "/", &more, &again);
	return cut && !again;
}

static int add(struct reader *r, const struct tree_value *at, const char *reference, struct scan_package **out)
{
	struct piece name, version;
	bool is_new;

	*out = NULL;
	if (!split(piece_of(reference), &name, &version))
		return reader_note(r, "line %u: \"%.200s\" is no name/version", at->line, reference) ? PIPE_OK : reader_nomem(r);
	*out = reader_add(r, name, version, &is_new);
	if (!*out)
		return r->err->code;
	if (is_new) {
		(*out)->line_from = at->line;
		(*out)->line_to = at->end;
	}
	return PIPE_OK;
}

static const char *node_id(struct reader *r, const struct tree_value *node)
{
	struct piece name, version;

	return split(tree_piece(tree_get(node, "ref")), &name, &version) ? reader_id(r, name, version) : NULL;
}

static int add_node(struct reader *r, const struct tree_value *nodes, const struct map *asked, const struct tree_member *m)
{
	const struct tree_value *wanted = tree_get(&m->value, "requires");
	struct reader_ids ids = { 0 };
	struct scan_package *p;
	int rc;

	if (!*tree_get_text(&m->value, "ref"))
		return PIPE_OK;
	rc = add(r, &m->value, tree_get_text(&m->value, "ref"), &p);
	if (!p)
		return rc;
	p->indirect = !map_get(asked, m->key, m->length);
	for (uint32_t i = 0; i < tree_items(wanted); i++) {
		const struct tree_value *to = tree_get(nodes, tree_text(&wanted->items[i]));
		const char *id = to ? node_id(r, to) : NULL;

		if (id && !reader_id_push(r, &ids, id))
			return reader_nomem(r);
	}
	return reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int read_lock(struct reader *r)
{
	struct tree_value root;
	const struct tree_value *nodes, *list, *wanted;
	struct map asked = MAP_INIT;
	struct scan_package *p;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	if (rc)
		return rc;
	nodes = tree_get(tree_get(&root, "graph_lock"), "nodes");
	list = nodes ? NULL : tree_get(&root, "requires");
	wanted = tree_get(tree_get(nodes, "0"), "requires");
	for (uint32_t i = 0; i < tree_items(wanted); i++) {
		struct piece node = tree_piece(&wanted->items[i]);

		if (!map_put(&asked, r->arena, node.text, node.length, (void *)1))
			return reader_nomem(r);
	}
	for (uint32_t i = 0; !rc && i < tree_members(nodes); i++)
		rc = add_node(r, nodes, &asked, &nodes->members[i]);
	for (uint32_t i = 0; !rc && i < tree_items(list); i++)
		rc = add(r, &list->items[i], tree_text(&list->items[i]), &p);
	return rc;
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_conan = {
	.name = "conan-lock",
	.type = "conan",
	.class = PACKAGE_LANGUAGE,
	.help = "conan.lock, versions 1 and 2",
	.wants = wants,
	.parse = parse,
};
