/* packages.lock.json of NuGet: packages by target framework.  Projects of the solution are none. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	(void)installed;
	return path_is(path, "packages.lock.json");
}

static int add_package(struct reader *r, const struct tree_value *target, const struct tree_member *m)
{
	const struct tree_value *wanted = tree_get(&m->value, "dependencies");
	const char *type = tree_get_text(&m->value, "type");
	struct reader_ids ids = { 0 };
	struct scan_package *p;
	bool is_new;

	if (!strcmp(type, "Project"))
		return PIPE_OK;
	p = reader_add(r, tree_key(m), tree_piece(tree_get(&m->value, "resolved")), &is_new);
	if (!p)
		return r->err->code;
	if (is_new) {
		p->line_from = m->value.line;
		p->line_to = m->value.end;
		p->indirect = strcmp(type, "Direct") != 0;
	}
	for (const char *const *id = p->depends_on; id && *id; id++)
		if (!reader_id_push(r, &ids, *id))
			return reader_nomem(r);
	for (uint32_t i = 0; i < tree_members(wanted); i++) {
		const struct tree_member *to = &wanted->members[i];

		if (!reader_id_push(r, &ids,
				    reader_id(r, tree_key(to), tree_piece(tree_get(tree_get(target, to->key), "resolved")))))
			return reader_nomem(r);
	}
	return reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int read_lock(struct reader *r)
{
	struct tree_value root;
	const struct tree_value *targets;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	if (!rc && root.kind != TREE_MAP)
		return reader_fail(r, root.line, "a packages.lock.json is a map");
	targets = rc ? NULL : tree_get(&root, "dependencies");
	for (uint32_t t = 0; !rc && t < tree_members(targets); t++) {
		const struct tree_value *target = &targets->members[t].value;

		for (uint32_t i = 0; !rc && i < tree_members(target); i++)
			rc = add_package(r, target, &target->members[i]);
	}
	return rc;
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_nuget_lock = {
	.name = "nuget-lock",
	.type = "nuget",
	.class = PACKAGE_LANGUAGE,
	.help = "NuGet's packages.lock.json",
	.wants = wants,
	.parse = parse,
};
