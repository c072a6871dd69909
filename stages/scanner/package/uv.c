/*
 * uv.lock: what cannot be reached from the project by `dependencies` and `optional-dependencies` is for development.  The project
 * itself is one of the packages.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "uv.lock");
}

struct uv_lock {
	const struct tree_value *all;
	struct map names; /* index + 1 in all; of a name that stands twice the last one */
	bool *needed;	  /* by index in all */
	uint32_t *queue, count;
	struct map asked; /* names that the project asks for */
};

static bool is_root(const struct tree_value *one)
{
	const struct tree_value *source = tree_get(one, "source");

	return !strcmp(tree_get_text(source, "editable"), ".") || !strcmp(tree_get_text(source, "virtual"), ".");
}

static const struct tree_value *named(const struct uv_lock *u, const char *name, uint32_t *index)
{
	uintptr_t at = (uintptr_t)map_get(&u->names, name, strlen(name));

	*index = (uint32_t)at - 1;
	return at ? &u->all->items[at - 1] : NULL;
}

static void reach(struct uv_lock *u, uint32_t index)
{
	if (u->needed[index])
		return;
	u->needed[index] = true;
	u->queue[u->count++] = index;
}

static void reach_list(struct uv_lock *u, const struct tree_value *list)
{
	uint32_t index;

	for (uint32_t i = 0; i < tree_items(list); i++)
		if (named(u, tree_get_text(&list->items[i], "name"), &index))
			reach(u, index);
}

static void reach_all(struct uv_lock *u)
{
	while (u->count) {
		const struct tree_value *one = &u->all->items[u->queue[--u->count]];
		const struct tree_value *optional = tree_get(one, "optional-dependencies");

		reach_list(u, tree_get(one, "dependencies"));
		for (uint32_t i = 0; i < tree_members(optional); i++)
			reach_list(u, &optional->members[i].value);
	}
}

/* The lists of names that a package has: dependencies, and groups of them. */
static int each_list(struct reader *r, struct uv_lock *u, const struct tree_value *one,
		     int (*each)(struct reader *r, struct uv_lock *u, const struct tree_value *list, void *context),
		     void *context)
{
	static const char *const groups[] = { "optional-dependencies", "dev-dependencies" };
	int rc = each(r, u, tree_get(one, "dependencies"), context);

	for (size_t g = 0; g < sizeof(groups) / sizeof(*groups); g++) {
		const struct tree_value *lists = tree_get(one, groups[g]);

		for (uint32_t i = 0; !rc && i < tree_members(lists); i++)
			rc = each(r, u, &lists->members[i].value, context);
	}
	return rc;
}

static int add_asked(struct reader *r, struct uv_lock *u, const struct tree_value *list, void *context)
{
	(void)context;
	for (uint32_t i = 0; i < tree_items(list); i++) {
		struct piece name = tree_piece(tree_get(&list->items[i], "name"));

		if (!map_put(&u->asked, r->arena, name.text, name.length, (void *)1))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

static int add_ids(struct reader *r, struct uv_lock *u, const struct tree_value *list, void *context)
{
	for (uint32_t i = 0; i < tree_items(list); i++) {
		uint32_t index;
		const char *name = tree_get_text(&list->items[i], "name");
		const struct tree_value *to = named(u, name, &index);

		if (to && !reader_id_push(r, context, reader_id(r, piece_of(name), tree_piece(tree_get(to, "version")))))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

static int add_package(struct reader *r, struct uv_lock *u, uint32_t index)
{
	const struct tree_value *one = &u->all->items[index];
	struct piece name = tree_piece(tree_get(one, "name"));
	struct reader_ids ids = { 0 };
	struct scan_package *p;
	uint32_t chosen;
	bool is_new;
	int rc;

	if (!name.length)
		return reader_fail(r, one->line, "a package without a name");
	p = reader_add(r, name, tree_piece(tree_get(one, "version")), &is_new);
	if (!p)
		return r->err->code;
	if (!is_new)
		return PIPE_OK;
	named(u, name.text, &chosen);
	p->development = !u->needed[chosen];
	p->indirect = !is_root(one) && !map_get(&u->asked, name.text, name.length);
	rc = each_list(r, u, one, add_ids, &ids);
	return rc || reader_depends(r, &ids, &p->depends_on) ? rc : reader_nomem(r);
}

static int find_root(struct reader *r, struct uv_lock *u)
{
	uint32_t roots = 0;
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && i < u->all->count; i++) {
		if (!is_root(&u->all->items[i]))
			continue;
		roots++;
		reach(u, i);
		rc = each_list(r, u, &u->all->items[i], add_asked, NULL);
	}
	if (!rc && !roots) {
		memset(u->needed, 1, u->all->count * sizeof(*u->needed));
		if (!reader_note(r, "the lock does not say which package is the project: what only development needs counts too"))
			rc = reader_nomem(r);
	}
	return rc;
}

static int read_lock(struct reader *r)
{
	struct uv_lock u = { 0 };
	struct tree_value root;
	int rc = reader_tree(r, SYNTAX_TOML, &root);

	if (rc)
		return rc;
	u.all = tree_get(&root, "package");
	if (u.all && u.all->kind != TREE_LIST)
		return reader_fail(r, u.all->line, "\"package\" is an array of tables: [[package]]");
	if (!tree_items(u.all))
		return PIPE_OK;
	u.needed = ARENA_ARRAY(r->arena, bool, u.all->count);
	u.queue = ARENA_ARRAY(r->arena, uint32_t, u.all->count);
	if (!u.needed || !u.queue)
		return reader_nomem(r);
	for (uint32_t i = 0; i < u.all->count; i++) {
		struct piece name = tree_piece(tree_get(&u.all->items[i], "name"));

		if (!map_put(&u.names, r->arena, name.text, name.length, (void *)(uintptr_t)(i + 1)))
			return reader_nomem(r);
	}
	rc = find_root(r, &u);
	reach_all(&u);
	for (uint32_t i = 0; !rc && i < u.all->count; i++)
		rc = add_package(r, &u, i);
	return rc;
}

PACKAGE_PARSER(parse, read_lock)

const struct package_format package_format_uv = {
	.name = "uv-lock",
	.type = "uv",
	.class = PACKAGE_LANGUAGE,
	.help = "uv's uv.lock",
	.wants = wants,
	.parse = parse,
};
