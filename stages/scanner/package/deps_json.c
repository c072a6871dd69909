/* *.deps.json of a .NET program: its libraries, but those that bring nothing to run. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>
#include <strings.h>

static bool wants(const char *path, bool installed)
{
	(void)installed;
	return path_ends(path, ".deps.json");
}

/* Unknown ones count. */
static bool is_run(const struct tree_value *target, const struct tree_member *m)
{
	const struct tree_value *library = tree_getn(target, m->key, m->length);

	return !library || tree_get(library, "runtime") || tree_get(library, "runtimeTargets") || tree_get(library, "native");
}

static int add_library(struct reader *r, const struct tree_value *target, const struct tree_member *m)
{
	struct piece name, version, more;
	struct scan_package *p;
	bool cut, again, is_new;

	if (strcasecmp(tree_get_text(&m->value, "type"), "package") != 0 || !is_run(target, m))
		return PIPE_OK;
	version = piece_cut(tree_key(m), "/", &name, &cut);
	piece_cut(version, "/", &more, &again);
	if (!cut || again)
		return reader_note(r, "line %u: \"%.200s\" is no name/version", m->line, m->key) ? PIPE_OK : reader_nomem(r);
	p = reader_add(r, name, version, &is_new);
	if (!p)
		return r->err->code;
	p->line_from = m->value.line;
	p->line_to = m->value.end;
	return PIPE_OK;
}

static int read_libraries(struct reader *r)
{
	struct tree_value root;
	const struct tree_value *libraries, *target;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	if (rc)
		return rc;
	libraries = tree_get(&root, "libraries");
	target = tree_get(tree_get(&root, "targets"), tree_get_text(tree_get(&root, "runtimeTarget"), "name"));
	for (uint32_t i = 0; !rc && i < tree_members(libraries); i++)
		rc = add_library(r, target, &libraries->members[i]);
	return rc;
}

PACKAGE_PARSER(parse, read_libraries)

const struct package_format package_format_deps_json = {
	.name = "deps-json",
	.type = "dotnet-core",
	.class = PACKAGE_LANGUAGE,
	.help = "*.deps.json of a .NET program",
	.wants = wants,
	.parse = parse,
};
