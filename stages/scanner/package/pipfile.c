/* Pipfile.lock: the default packages; those of "develop" are for development. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "Pipfile.lock");
}

static int add_all(struct reader *r, const struct tree_value *packages, bool development)
{
	for (uint32_t i = 0; i < tree_members(packages); i++) {
		const struct tree_member *m = &packages->members[i];
		struct piece version = tree_piece(tree_get(&m->value, "version"));
		struct scan_package *p;
		bool is_new;

		while (piece_starts(version, "="))
			version = piece_skip(version, 1);
		p = reader_add(r, tree_key(m), version, &is_new);
		if (!p)
			return r->err->code;
		if (!is_new)
			continue;
		p->line_from = m->value.line;
		p->line_to = m->value.end;
		p->development = development;
	}
	return PIPE_OK;
}

static int read_lock(struct reader *r)
{
	struct tree_value root;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	if (!rc && root.kind != TREE_MAP)
		return reader_fail(r, root.line, "a Pipfile.lock is a map");
	if (!rc)
		rc = add_all(r, tree_get(&root, "default"), false);
	return rc ? rc : add_all(r, tree_get(&root, "develop"), true);
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_pipfile = {
	.name = "pipfile-lock",
	.type = "pipenv",
	.class = PACKAGE_LANGUAGE,
	.help = "Pipenv's Pipfile.lock",
	.wants = wants,
	.parse = parse,
};
