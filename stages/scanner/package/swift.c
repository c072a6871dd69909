/* Package.resolved of Swift: pins, by version or by branch. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "Package.resolved");
}

static int add_pin(struct reader *r, const struct tree_value *pin, bool first)
{
	const struct tree_value *state = tree_get(pin, "state");
	struct piece name = tree_piece(tree_get(pin, first ? "repositoryURL" : "location")),
		     version = tree_piece(tree_get(state, "version"));
	struct scan_package *p;

	if (piece_starts(name, "https://"))
		name = piece_skip(name, 8);
	if (piece_ends(name, ".git"))
		name.length -= 4;
	if (!version.length)
		version = tree_piece(tree_get(state, "branch"));
	if (!version.length)
		return reader_note(r, "line %u: a pin without a version", pin->line) ? PIPE_OK : reader_nomem(r);
	p = reader_add(r, name, version, NULL);
	if (!p)
		return r->err->code;
	p->line_from = pin->line;
	p->line_to = pin->end;
	return PIPE_OK;
}

static int read_pins(struct reader *r)
{
	struct tree_value root;
	const struct tree_value *pins;
	bool first;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	if (rc)
		return rc;
	first = !strcmp(tree_get_text(&root, "version"), "1");
	pins = tree_get(first ? tree_get(&root, "object") : &root, "pins");
	for (uint32_t i = 0; !rc && i < tree_items(pins); i++)
		rc = add_pin(r, &pins->items[i], first);
	return rc;
}

PACKAGE_PARSER(parse, read_pins)

const struct package_format package_format_swift = {
	.name = "swift-resolved",
	.type = "swift",
	.class = PACKAGE_LANGUAGE,
	.help = "Package.resolved of Swift",
	.wants = wants,
	.parse = parse,
};
