/* pubspec.lock of Dart.  Packages for development stay: what they bring in cannot be told from the rest. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "pubspec.lock");
}

static int read_lock(struct reader *r)
{
	struct tree_value root;
	const struct tree_value *packages;
	int rc = reader_tree(r, SYNTAX_YAML, &root);

	packages = rc ? NULL : tree_get(&root, "packages");
	for (uint32_t i = 0; i < tree_members(packages); i++) {
		const struct tree_member *m = &packages->members[i];
		struct scan_package *p = reader_add(r, tree_key(m), tree_piece(tree_get(&m->value, "version")), NULL);

		if (!p)
			return r->err->code;
		p->indirect = !strcmp(tree_get_text(&m->value, "dependency"), "transitive");
	}
	return rc;
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_pub = {
	.name = "pubspec-lock",
	.type = "pub",
	.class = PACKAGE_LANGUAGE,
	.help = "pubspec.lock of Dart and Flutter",
	.wants = wants,
	.parse = parse,
};
