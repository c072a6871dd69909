/* composer.lock, and vendor/composer/installed.json, which has the same packages as they are installed. */
#include "base/str.h"
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants_lock(const char *path, bool installed)
{
	return !installed && path_is(path, "composer.lock") && !path_within(path, "vendor");
}

static bool wants_installed(const char *path, bool installed)
{
	return installed && path_is(path, "installed.json") && path_ends(path, "composer/installed.json");
}

static const char *license_of(struct reader *r, const struct tree_value *license)
{
	struct str s;
	const char *text;

	if (!tree_items(license))
		return tree_text(license);
	str_init(&s);
	for (uint32_t i = 0; i < license->count; i++)
		str_printf(&s, "%s%s", i ? ", " : "", tree_text(&license->items[i]));
	text = s.failed ? NULL : arena_strdup(r->arena, s.data);
	str_clear(&s);
	return text;
}

static int add_package(struct reader *r, const struct tree_value *one, bool development)
{
	struct piece name = tree_piece(tree_get(one, "name"));
	struct scan_package *p;
	bool is_new;

	if (!name.length)
		return reader_fail(r, one->line, "a package without a name");
	p = reader_add(r, name, tree_piece(tree_get(one, "version")), &is_new);
	if (!p)
		return r->err->code;
	if (!is_new)
		return PIPE_OK;
	p->line_from = one->line;
	p->line_to = one->end;
	p->development = development;
	p->licenses = license_of(r, tree_get(one, "license"));
	return p->licenses ? PIPE_OK : reader_nomem(r);
}

/* What a package requires, but PHP and its extensions, by the versions that are locked. */
static int link_package(struct reader *r, const struct map *names, const struct tree_value *one)
{
	const struct tree_value *wanted = tree_get(one, "require");
	const char *id = reader_id(r, tree_piece(tree_get(one, "name")), tree_piece(tree_get(one, "version")));
	struct scan_package *p = id ? reader_find(r, id) : NULL;
	struct reader_ids ids = { 0 };

	if (!p)
		return reader_nomem(r);
	for (uint32_t i = 0; i < tree_members(wanted); i++) {
		const struct tree_member *m = &wanted->members[i];
		const struct tree_value *to = map_get(names, m->key, m->length);

		if (to && !reader_id_push(r, &ids, reader_id(r, tree_key(m), tree_piece(tree_get(to, "version")))))
			return reader_nomem(r);
	}
	return p->depends_on || reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int read_packages(struct reader *r, const struct tree_value *all, bool development)
{
	struct map names = MAP_INIT;
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && i < tree_items(all); i++) {
		struct piece name = tree_piece(tree_get(&all->items[i], "name"));

		rc = add_package(r, &all->items[i], development);
		if (!rc && !map_put(&names, r->arena, name.text, name.length, &all->items[i]))
			rc = reader_nomem(r);
	}
	for (uint32_t i = 0; !rc && i < tree_items(all); i++)
		rc = link_package(r, &names, &all->items[i]);
	return rc;
}

static int classify(struct reader *r)
{
	struct tree_value manifest;
	int rc = reader_tree_beside(r, "composer.json", SYNTAX_JSON, &manifest);

	if (rc <= 0)
		return rc;
	for (uint32_t i = 0; i < r->list->packages.count; i++) {
		struct scan_package *p = &r->list->packages.items[i];

		p->indirect = !tree_get(tree_get(&manifest, "require"), p->name);
	}
	return PIPE_OK;
}

static int read_lock(struct reader *r)
{
	struct tree_value root;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	if (!rc && root.kind != TREE_MAP)
		return reader_fail(r, root.line, "a composer.lock is a map");
	if (!rc)
		rc = read_packages(r, tree_get(&root, "packages"), false);
	if (!rc)
		rc = read_packages(r, tree_get(&root, "packages-dev"), true);
	return rc ? rc : classify(r);
}

/* Composer 1 wrote the list alone. */
static int read_installed(struct reader *r)
{
	struct tree_value root;
	int rc = reader_tree(r, SYNTAX_JSON, &root);

	return rc ? rc : read_packages(r, root.kind == TREE_LIST ? &root : tree_get(&root, "packages"), false);
}

PACKAGE_PARSER(parse_lock, read_lock)
PACKAGE_PARSER(parse_installed, read_installed)

const struct package_format package_format_composer = {
	.name = "composer-lock",
	.type = "composer",
	.class = PACKAGE_LANGUAGE,
	.help = "composer.lock",
	.wants = wants_lock,
	.parse = parse_lock,
};

const struct package_format package_format_composer_installed = {
	.name = "composer-installed",
	.type = "composer-vendor",
	.class = PACKAGE_LANGUAGE,
	.help = "Composer's installed.json in a vendor folder",
	.wants = wants_installed,
	.parse = parse_installed,
};
