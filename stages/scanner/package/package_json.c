/* package.json below node_modules: a package as it is installed. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return installed && path_is(path, "package.json");
}

/* An optional scope, then letters, digits, `-`, `.` and `_`. */
static bool is_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	if (*name == '@') {
		size_t n = strspn(name + 1, allowed);

		if (!n || name[n + 1] != '/')
			return false;
		name += n + 2;
	}
	return *name && !name[strspn(name, allowed)];
}

static const char *license_of(const struct tree_value *root)
{
	const struct tree_value *license = tree_get(root, "license");

	return license && license->kind == TREE_MAP ? tree_get_text(license, "type") : tree_text(license);
}

static int read_manifest(struct reader *r)
{
	struct tree_value root;
	struct scan_package *p;
	struct piece name, version;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	if (rc)
		return rc;
	name = tree_piece(tree_get(&root, "name"));
	version = tree_piece(tree_get(&root, "version"));
	if (!name.length || !version.length)
		return PIPE_OK;
	if (!is_name(name.text))
		return reader_fail(r, tree_get(&root, "name")->line, "\"%.200s\" cannot be the name of a package", name.text);
	p = reader_add(r, name, version, NULL);
	if (!p)
		return r->err->code;
	p->licenses = license_of(&root);
	p->path = r->list->path;
	return PIPE_OK;
}

PACKAGE_PARSER(parse, read_manifest)

const struct package_format package_format_package_json = {
	.name = "package-json",
	.type = "node-pkg",
	.class = PACKAGE_LANGUAGE,
	.help = "package.json of an installed Node.js package",
	.wants = wants,
	.parse = parse,
};
