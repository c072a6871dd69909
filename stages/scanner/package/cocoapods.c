/* Podfile.lock: a list of pods, "name (version)", each with the list of what it needs. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "Podfile.lock");
}

static bool split(struct piece pod, struct piece *name, struct piece *version)
{
	bool cut;

	*version = piece_strip(piece_trim(piece_cut(pod, " (", name, &cut)), "()");
	return cut;
}

static int add_pod(struct reader *r, struct map *names, struct piece pod)
{
	struct piece name, version;
	struct scan_package *p;

	if (!split(pod, &name, &version))
		return PIPE_OK;
	p = reader_add(r, name, version, NULL);
	if (!p)
		return r->err->code;
	if (!map_put(names, r->arena, p->name, name.length, (void *)reader_id(r, name, version)))
		return reader_nomem(r);
	return PIPE_OK;
}

static int link_pod(struct reader *r, const struct map *names, const struct tree_member *pod)
{
	struct piece name, version;
	struct reader_ids ids = { 0 };
	struct scan_package *p;
	const char *id;

	if (!split(tree_key(pod), &name, &version))
		return PIPE_OK;
	id = reader_id(r, name, version);
	p = id ? reader_find(r, id) : NULL;
	for (uint32_t i = 0; p && i < tree_items(&pod->value); i++) {
		struct piece rest = tree_piece(&pod->value.items[i]), wanted = piece_word(&rest);
		const char *to = map_get(names, wanted.text, wanted.length);

		if (to && !reader_id_push(r, &ids, to))
			return reader_nomem(r);
	}
	return p && reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int read_lock(struct reader *r)
{
	struct map names = MAP_INIT;
	struct tree_value root;
	const struct tree_value *pods;
	int rc = reader_tree(r, SYNTAX_YAML, &root);

	pods = rc ? NULL : tree_get(&root, "PODS");
	for (uint32_t i = 0; !rc && i < tree_items(pods); i++) {
		const struct tree_value *one = &pods->items[i];

		if (one->kind == TREE_TEXT)
			rc = add_pod(r, &names, tree_piece(one));
		for (uint32_t k = 0; !rc && k < tree_members(one); k++)
			rc = add_pod(r, &names, tree_key(&one->members[k]));
	}
	for (uint32_t i = 0; !rc && i < tree_items(pods); i++)
		for (uint32_t k = 0; !rc && k < tree_members(&pods->items[i]); k++)
			rc = link_pod(r, &names, &pods->items[i].members[k]);
	return rc;
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_cocoapods = {
	.name = "podfile-lock",
	.type = "cocoapods",
	.class = PACKAGE_LANGUAGE,
	.help = "CocoaPods' Podfile.lock",
	.wants = wants,
	.parse = parse,
};
